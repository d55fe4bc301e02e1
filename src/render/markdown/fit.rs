//! Lets a comment fit where it goes: lists are cut, by rank, and say in exact numbers what they leave out.

use std::collections::BTreeSet;

/// Of the room that is left a class has this part, in the numbers of a fraction, even where others want more.
const SHARE: (usize, usize) = (3, 5);

/// Numbers of four kinds, added up over what is left out.
pub(super) type Numbers = [usize; 4];

/// A part of the comment.
pub(super) enum Part {
    /// Text that is always there.
    Whole(String),
    /// A list that may be cut.
    List(List),
}

/// How much a list matters where not everything fits: what comes first is cut last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Class {
    /// What guards say.
    Guards,
    /// What is grave and proposed, or grave where that is not told apart.
    Grave,
    /// The rest of what is proposed.
    Proposed,
    /// What is grave and others did.
    GraveOfOthers,
    /// What becomes of people by what others did, and what is held.
    OfOthers,
    /// What is said above already, with places, and what stays.
    Details,
}

impl Class {
    const ALL: [Self; 6] =
        [Self::Guards, Self::Grave, Self::Proposed, Self::GraveOfOthers, Self::OfOthers, Self::Details];
}

/// Entries between two texts.
pub(super) struct List {
    pub(super) class: Class,
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

    /// Bytes of all entries, without headings.
    fn entries(&self) -> usize {
        self.items.iter().map(|item| item.text.len()).sum()
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
}

/// A list while entries are chosen.
struct Choice<'l> {
    list: &'l List,
    is_shown: Vec<bool>,
    headings: BTreeSet<&'l str>,
    /// Whether an entry did not fit: those behind it are not shown either.
    is_full: bool,
}

impl<'l> Choice<'l> {
    fn new(list: &'l List) -> Self {
        Self { list, is_shown: vec![false; list.items.len()], headings: BTreeSet::new(), is_full: false }
    }

    /// Shows the entry at `place` if it fits into `room`, of which it takes its part.
    fn show(&mut self, place: usize, room: &mut usize) {
        if self.is_shown[place] {
            return;
        }
        let Item { heading, text, .. } = &self.list.items[place];
        let takes = text.len() + if self.headings.contains(heading.as_str()) { 0 } else { heading.len() };
        self.is_full |= takes > *room;
        if !self.is_full {
            *room -= takes;
            self.headings.insert(heading);
            self.is_shown[place] = true;
            if self.is_shown.iter().all(|is_shown| *is_shown) && self.list.beyond == Numbers::default() {
                // Nothing is said of what is left out.
                *room += self.list.tail(self.list.hidden(&vec![false; self.is_shown.len()])).len();
            }
        }
    }
}

/// The entries of the lists of `class`: the turn in which each is shown, the list and its place there.
fn in_turns(choices: &[Choice<'_>], class: Class) -> Vec<(usize, usize, usize)> {
    let mut turns: Vec<(usize, usize, usize)> = Vec::new();
    for (number, choice) in choices.iter().enumerate().filter(|(_, choice)| choice.list.class == class) {
        let mut places: Vec<usize> = (0..choice.list.items.len()).collect();
        places.sort_by_key(|place| choice.list.items[*place].rank);
        turns.extend(places.into_iter().enumerate().map(|(turn, place)| (turn, number, place)));
    }
    turns.sort_unstable();
    turns
}

/// Joins `parts` in their order, cut to `room` bytes as far as lists can be cut. What matters most has most of the room that
/// others want as well; of the same class each list shows its first entry before any of them shows its second.
pub(super) fn fit(parts: &[Part], room: usize) -> String {
    let mut choices: Vec<Choice<'_>> = Vec::new();
    for part in parts {
        if let Part::List(list) = part {
            choices.push(Choice::new(list));
        }
    }
    let mut left = room.saturating_sub(least(parts));
    // What no class has taken goes to the first that wants it.
    for (numerator, denominator) in [SHARE, (1, 1)] {
        for class in Class::ALL {
            let below = choices.iter().filter(|choice| choice.list.class > class);
            let wanted_below: usize = below.map(|choice| choice.list.entries()).sum();
            let mut own = left.saturating_sub(wanted_below).max(left / denominator * numerator);
            left -= own;
            for (_, number, place) in in_turns(&choices, class) {
                choices[number].show(place, &mut own);
            }
            left += own;
        }
        choices.iter_mut().for_each(|choice| choice.is_full = false);
    }
    let mut choices = choices.into_iter();
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Whole(whole) => text.push_str(whole),
            Part::List(list) => {
                let is_shown = choices.next().map(|choice| choice.is_shown).unwrap_or_default();
                text.push_str(&list.text(&is_shown));
            }
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
            class: Class::Grave,
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
    fn what_matters_most_has_most_of_the_room_and_every_list_of_it_its_first_entries() {
        let of = |class, items| List { class, ..list(items, 20, 0) };
        let parts = [of(Class::Details, 100), of(Class::Grave, 100), of(Class::Grave, 2), of(Class::Guards, 1)];
        let text = fit(&parts.map(Part::List), 1_500);
        let shown: Vec<usize> = text.split("list\n\n").skip(1).map(|half| numbers(half).0).collect();
        assert_eq!(shown[2..], [2, 1], "{text}");
        assert!(shown[1] > shown[0] && shown[0] > 0, "{shown:?} in {text}");
        // What is kept for others and too little for them goes back.
        let parts = [of(Class::Grave, 100), List { class: Class::Details, ..list(5, 3_000, 0) }].map(Part::List);
        let text = fit(&parts, 1_500);
        assert!((1_450..=1_500).contains(&text.len()), "{} bytes", text.len());
        // Many lists with little room: their first entries are shown as far as there is any.
        let many: Vec<Part> = (0..20).map(|_| Part::List(of(Class::Grave, 3))).collect();
        let text = fit(&many, least(&many) + 300);
        let shown: Vec<usize> = text.split("list\n\n").skip(1).map(|half| numbers(half).0).collect();
        assert_eq!(shown.iter().sum::<usize>(), 300 / "- 2 xxxxxxxxxxxxxxxxxxxx\n".len(), "{shown:?}");
        assert!(shown.iter().all(|number| *number <= 1), "{shown:?}");
    }

    #[test]
    fn the_least_is_what_is_left_without_room() {
        let parts = [Part::Whole("whole\n".to_owned()), Part::List(list(50, 10, 3))];
        assert_eq!(fit(&parts, 0).len(), least(&parts));
    }
}
