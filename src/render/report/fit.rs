//! Lets the end of a report fit on a screen: what is long is cut, and says how much is left out and where it stands.

use std::io::{self, Write};

use crate::render::Options;
use crate::render::text::fold::WORTH_HIDING;
use crate::render::text::line::{DIM, write_paragraph};
use crate::render::text::thousands;

/// Rows of a terminal that nobody has made larger, without the one on which the prompt stands.
pub(super) const ROWS: usize = 23;
/// Rows that a part has at least, so that it says anything at all.
const LEAST: usize = 3;

/// A part of the report.
pub(super) enum Part {
    /// Lines that are always there.
    Whole(Vec<u8>),
    /// A list that may be cut.
    List(List),
}

/// A list with a heading.
#[derive(Default)]
pub(super) struct List {
    pub(super) heading: Vec<u8>,
    pub(super) items: Vec<Item>,
    /// How many are shown where there is room for all.
    pub(super) most: Option<usize>,
    /// Columns before what says how many are left out.
    pub(super) indent: usize,
    /// Where all of them stand.
    pub(super) all: String,
}

/// An entry of a list.
pub(super) struct Item {
    /// How many changes it stands for.
    pub(super) weight: usize,
    pub(super) text: Vec<u8>,
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

fn height(text: &[u8]) -> usize {
    lines(text).count()
}

impl List {
    /// A list from its text: a line with exactly `indent` blanks before it begins an item, what is before the first one
    /// is the heading.
    pub(super) fn of_text(text: &[u8], indent: usize, all: &str) -> Self {
        let mut list = Self { indent, all: all.to_owned(), ..Self::default() };
        for line in lines(text) {
            let blanks = line.iter().take_while(|byte| **byte == b' ').count();
            match list.items.last_mut() {
                _ if blanks == indent => list.items.push(Item { weight: 1, text: line.to_vec() }),
                Some(item) => item.text.extend(line),
                None => list.heading.extend(line),
            }
        }
        list
    }

    /// How many items are shown where there is room.
    fn wanted(&self) -> usize {
        match self.most {
            Some(most) if self.items.len() >= most + WORTH_HIDING => most,
            Some(_) | None => self.items.len(),
        }
    }

    fn height(&self) -> usize {
        let wanted = self.wanted();
        let shown: usize = self.items.iter().take(wanted).map(|item| height(&item.text)).sum();
        height(&self.heading) + shown + usize::from(wanted < self.items.len())
    }

    /// Writes as much as fits into `rows`.
    fn write(&self, out: &mut dyn Write, rows: usize, width: usize) -> io::Result<()> {
        out.write_all(&self.heading)?;
        let is_whole = self.height() <= rows;
        // The last row says what is left out.
        let mut room = rows.saturating_sub(height(&self.heading) + 1);
        let mut shown = 0;
        for item in self.items.iter().take(self.wanted()) {
            let tall = height(&item.text);
            if !is_whole && tall > room {
                // One that is too long by itself is better than none.
                if shown == 0 {
                    lines(&item.text).take(room).try_for_each(|line| out.write_all(line))?;
                    shown = 1;
                }
                break;
            }
            out.write_all(&item.text)?;
            (room, shown) = (room.saturating_sub(tall), shown + 1);
        }
        let rest: usize = self.items.iter().skip(shown).map(|item| item.weight).sum();
        if rest == 0 {
            return Ok(());
        }
        let text = format!("… and {} more; {}", thousands(rest), self.all);
        write_paragraph(out, self.indent, width, &[(DIM, &text)])
    }
}

/// Writes `parts` in their order, cut where they do not fit into the rows of a screen, unless all is asked for.
pub(super) fn write_parts(out: &mut dyn Write, parts: &[Part], options: Options) -> io::Result<()> {
    let mut room = ROWS;
    let mut tall: Vec<(usize, usize)> = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        match part {
            Part::Whole(text) => room = room.saturating_sub(height(text)),
            Part::List(list) if !list.items.is_empty() => tall.push((list.height(), place)),
            Part::List(_) => {}
        }
    }
    // Short lists leave their room to long ones.
    tall.sort_unstable();
    let mut rows = vec![usize::MAX; parts.len()];
    for (index, (height, place)) in tall.iter().enumerate() {
        let share = room / (tall.len() - index);
        let given = (*height).min(share.max(LEAST));
        rows[*place] = given;
        room = room.saturating_sub(given);
    }
    for (part, rows) in parts.iter().zip(rows) {
        match part {
            Part::Whole(text) => out.write_all(text)?,
            Part::List(list) if options.verbose => {
                out.write_all(&list.heading)?;
                list.items.iter().try_for_each(|item| out.write_all(&item.text))?;
            }
            Part::List(list) if list.items.is_empty() => {}
            Part::List(list) => list.write(out, rows, options.width)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: usize, each: usize) -> Part {
        let items = (0..items).map(|number| Item { weight: 2, text: format!("{number}\n").repeat(each).into_bytes() });
        Part::List(List {
            heading: b"list\n".to_vec(),
            items: items.collect(),
            indent: 2,
            all: "look".to_owned(),
            most: None,
        })
    }

    fn shown(parts: &[Part]) -> Vec<String> {
        let mut out = Vec::new();
        write_parts(&mut out, parts, Options::default()).unwrap();
        let text = String::from_utf8(out).unwrap();
        anstream::adapter::strip_str(&text).to_string().lines().map(str::to_owned).collect()
    }

    #[test]
    fn whatever_the_numbers_it_fits() {
        for (first, second, each) in [(3, 3, 1), (200, 3, 1), (200, 200, 1), (5, 90, 3), (1, 1, 60)] {
            let parts =
                [Part::Whole(b"top\n".to_vec()), list(first, each), list(second, 1), Part::Whole(b"end\n".to_vec())];
            let lines = shown(&parts);
            assert!(lines.len() <= ROWS, "{lines:#?}");
            assert_eq!((lines[0].as_str(), lines[lines.len() - 1].as_str()), ("top", "end"));
            if first > 100 {
                let items = lines.iter().skip(2).position(|line| line.contains("more")).unwrap();
                assert_eq!(lines[2 + items], format!("  … and {} more; look", 2 * (first - items)));
            }
        }
    }

    #[test]
    fn a_text_is_taken_apart_by_its_indent() {
        let list = List::of_text(b"\n  By hand\n    1. one\n       more\n    2. two\n", 4, "look");
        assert_eq!(list.heading, b"\n  By hand\n");
        assert_eq!(list.items.len(), 2);
        assert_eq!(list.items[0].text, b"    1. one\n       more\n");
    }
}
