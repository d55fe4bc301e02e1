//! Lets a comment fit where it goes: lists are cut, by rank, and say in exact numbers what they leave out.

use std::collections::BTreeSet;

/// Numbers of four kinds, added up over what is left out.
pub(super) type Numbers = [usize; 4];

/// A part of the comment.
pub(super) enum Part {
    /// Text that is always there.
    Whole(String),
    /// A list that may be cut.
    List(List),
}

/// Entries between two texts.
pub(super) struct List {
    pub(super) before: String,
    /// In the order in which they are shown.
    pub(super) items: Vec<Item>,
    /// What is left out in any case.
    pub(super) beyond: Numbers,
    pub(super) after: String,
    /// What is said of what is left out, in words.
    pub(super) more: fn(Numbers) -> String,
}

/// An entry of a list.
pub(super) struct Item {
    /// The less, the later it is cut.
    pub(super) rank: usize,
    /// What stands above the first entry that is shown of those with the same, which stand together; may be empty.
    pub(super) heading: String,
    pub(super) text: String,
    /// What it counts for when it is left out.
    pub(super) numbers: Numbers,
}

fn add(sum: &mut Numbers, numbers: Numbers) {
    for (sum, number) in sum.iter_mut().zip(numbers) {
        *sum += number;
    }
}

impl List {
    /// Whether there is nothing to be listed.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.beyond == Numbers::default()
    }

    /// What is left out where `is_shown` tells what is shown.
    fn hidden(&self, is_shown: &[bool]) -> Numbers {
        let mut sum = self.beyond;
        for (item, _) in self.items.iter().zip(is_shown).filter(|(_, is_shown)| !**is_shown) {
            add(&mut sum, item.numbers);
        }
        sum
    }

    /// What is said of what is left out.
    fn tail(&self, hidden: Numbers) -> String {
        if hidden == Numbers::default() { String::new() } else { format!("\n… and {}\n", (self.more)(hidden)) }
    }

    /// Bytes without any entry; what is said of less is no longer.
    pub(super) fn least(&self) -> usize {
        let tail = self.tail(self.hidden(&vec![false; self.items.len()]));
        self.before.len() + tail.len() + self.after.len()
    }

    /// Bytes with every entry.
    fn whole(&self) -> usize {
        let shown = vec![true; self.items.len()];
        self.text(&shown).len()
    }

    fn text(&self, is_shown: &[bool]) -> String {
        let mut text = self.before.clone();
        let mut heading = "";
        for (item, _) in self.items.iter().zip(is_shown).filter(|(_, is_shown)| **is_shown) {
            if item.heading != heading {
                text.push_str(&item.heading);
                heading = &item.heading;
            }
            text.push_str(&item.text);
        }
        text.push_str(&self.tail(self.hidden(is_shown)));
        text.push_str(&self.after);
        text
    }

    /// The list with so many entries as fit into `room` bytes, but for what there is without any.
    fn fitted(&self, room: usize) -> String {
        if self.whole() <= room {
            return self.text(&vec![true; self.items.len()]);
        }
        let mut order: Vec<usize> = (0..self.items.len()).collect();
        order.sort_by_key(|place| self.items[*place].rank);
        let mut is_shown = vec![false; self.items.len()];
        let mut left = room.saturating_sub(self.least());
        let mut headings: BTreeSet<&str> = BTreeSet::new();
        for place in order {
            let Item { heading, text, .. } = &self.items[place];
            let takes = text.len() + if headings.contains(heading.as_str()) { 0 } else { heading.len() };
            if takes > left {
                break;
            }
            headings.insert(heading);
            left -= takes;
            is_shown[place] = true;
        }
        self.text(&is_shown)
    }
}

/// Joins `parts` in their order, cut to `room` bytes as far as lists can be cut.
pub(super) fn fit(parts: &[Part], room: usize) -> String {
    let mut left = room;
    let mut lists: Vec<(usize, usize)> = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        match part {
            Part::Whole(text) => left = left.saturating_sub(text.len()),
            Part::List(list) => {
                left = left.saturating_sub(list.least());
                lists.push((list.whole().saturating_sub(list.least()), place));
            }
        }
    }
    // Short lists leave their room to long ones.
    lists.sort_unstable();
    let mut rooms = vec![0; parts.len()];
    let number = lists.len();
    for (index, (wanted, place)) in lists.into_iter().enumerate() {
        let given = wanted.min(left / (number - index));
        rooms[place] = given;
        left -= given;
    }
    let mut text = String::new();
    for (part, room) in parts.iter().zip(rooms) {
        match part {
            Part::Whole(whole) => text.push_str(whole),
            Part::List(list) => text.push_str(&list.fitted(list.least() + room)),
        }
    }
    text
}

/// The least that `parts` can be cut to, in bytes.
pub(super) fn least(parts: &[Part]) -> usize {
    parts
        .iter()
        .map(|part| match part {
            Part::Whole(text) => text.len(),
            Part::List(list) => list.least(),
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: usize, long: usize, headings: usize) -> List {
        let item = |place: usize| Item {
            // The last is the most important.
            rank: items - place,
            heading: if headings == 0 { String::new() } else { format!("\n**{}**\n\n", place * headings / items) },
            text: format!("- {place} {}\n", "x".repeat(long)),
            numbers: [1, 0, 0, place % 2],
        };
        List {
            before: "list\n\n".to_owned(),
            items: (0..items).map(item).collect(),
            beyond: [0; 4],
            after: "\n".to_owned(),
            more: |[all, _, _, odd]| format!("{all} more, {odd} of them odd; see the full plan"),
        }
    }

    /// How many entries a text shows, and how many it says that it leaves out.
    fn numbers(text: &str) -> (usize, usize) {
        let shown = text.lines().filter(|line| line.contains('x')).count();
        let more = text.lines().find_map(|line| line.strip_prefix("… and "));
        (shown, more.map_or(0, |more| more.split(' ').next().unwrap().parse().unwrap()))
    }

    #[test]
    fn whatever_the_numbers_it_fits_and_counts_are_exact() {
        for (first, second, long, headings) in
            [(3, 4, 10, 0), (1_000, 3, 10, 0), (1_000, 1_000, 90, 7), (2_000, 1, 3, 2_000), (1, 1, 3_000, 0)]
        {
            let lists = [list(first, long, headings), list(second, long, 0)];
            let expected: Vec<usize> = lists.iter().map(|list| list.items.len()).collect();
            let parts: Vec<Part> = lists.into_iter().map(Part::List).collect();
            let room = 4_000;
            let text = fit(&parts, room);
            assert!(text.len() <= room, "{} bytes", text.len());
            let halves: Vec<&str> = text.split("list\n\n").skip(1).collect();
            for (half, expected) in halves.iter().zip(expected) {
                let (shown, more) = numbers(half);
                assert_eq!(shown + more, expected, "{half}");
            }
            let is_used = text.len() > room / 2 || long > room / 2 || !text.contains("more");
            assert!(is_used, "room is used: {}", text.len());
        }
    }

    #[test]
    fn what_ranks_first_is_cut_last() {
        let text = fit(&[Part::List(list(100, 10, 0))], 500);
        assert!(text.contains("- 99 ") && !text.contains("- 0 "), "{text}");
        assert!(text.find("- 98 ").unwrap() < text.find("- 99 ").unwrap(), "the order stays");
    }

    #[test]
    fn the_least_is_what_is_left_without_room() {
        let parts = [Part::Whole("whole\n".to_owned()), Part::List(list(50, 10, 3))];
        assert_eq!(fit(&parts, 0).len(), least(&parts));
    }
}
