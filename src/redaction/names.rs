//! People's names in texts: where all words of a name stand in a row.
//!
//! Scripts without capital letters, such as those of China, Japan and Korea, write words in one go, or have what other
//! languages say with small words at the end of a name. A name in one of them is found inside of words.

use std::collections::BTreeMap;
use std::ops::Range;

use super::scan::{after_style, is_in_style};

/// The names of people.
#[derive(Default)]
pub(super) struct Names {
    /// By their first word, in lower case.
    worded: BTreeMap<String, Vec<Name>>,
    /// Those that are found inside of words, by their first two characters; with and without what parts their words.
    inside: BTreeMap<(char, char), Vec<(String, String)>>,
}

struct Name {
    /// As it is written, word by word.
    words: Vec<String>,
    /// What stands for the person.
    pseudonym: String,
}

impl Names {
    /// Takes note that somebody is called `name`. Of several people of one name the first is meant.
    pub(super) fn insert(&mut self, name: &str, pseudonym: &str) {
        let words: Vec<String> = words(name).map(|range| name[range].to_owned()).collect();
        if let Some(first) = words.first() {
            let of_word = self.worded.entry(first.to_lowercase()).or_default();
            if of_word.iter().all(|known| known.words != words) {
                of_word.push(Name { words, pseudonym: pseudonym.to_owned() });
                // The longest that fits is meant.
                of_word.sort_by_key(|name| std::cmp::Reverse(name.words.len()));
            }
        }
        let letters: String = name.chars().filter(|c| c.is_alphanumeric()).collect();
        if !letters.chars().all(|c| c.is_alphabetic() && !c.is_lowercase() && !c.is_uppercase()) {
            return;
        }
        for written in [name.trim(), &letters] {
            let mut first = written.chars();
            // A single character is a word of the language more often than a name.
            let (Some(one), Some(two)) = (first.next(), first.next()) else { continue };
            let alike = self.inside.entry((one, two)).or_default();
            if alike.iter().all(|(known, _)| known != written) {
                alike.push((written.to_owned(), pseudonym.to_owned()));
                alike.sort_by_key(|(known, _)| std::cmp::Reverse(known.len()));
            }
        }
    }

    /// The text with pseudonyms instead of names; `None` where there are none in it.
    pub(super) fn replaced(&self, text: &str) -> Option<String> {
        if self.worded.is_empty() {
            return None;
        }
        let inside = self.replaced_inside(text);
        self.replaced_words(inside.as_deref().unwrap_or(text)).or(inside)
    }

    /// The text with pseudonyms instead of names that are found inside of words.
    fn replaced_inside(&self, text: &str) -> Option<String> {
        if self.inside.is_empty() || text.is_ascii() {
            return None;
        }
        let (mut replaced, mut at) = (String::new(), 0);
        let pairs = text.char_indices().zip(text.chars().skip(1));
        for ((place, one), two) in pairs {
            let mut alike = self.inside.get(&(one, two)).into_iter().flatten();
            if place >= at
                && let Some((name, pseudonym)) = alike.find(|(name, _)| text[place..].starts_with(name))
            {
                replaced.push_str(&text[at..place]);
                replaced.push_str(pseudonym);
                at = place + name.len();
            }
        }
        (at > 0).then(|| replaced + &text[at..])
    }

    /// The text with pseudonyms instead of names that are words of their own.
    fn replaced_words(&self, text: &str) -> Option<String> {
        let words: Vec<Range<usize>> = words(text).collect();
        let (mut replaced, mut at, mut place) = (String::new(), 0, 0);
        while let Some(word) = words.get(place) {
            let of_word = self.worded.get(&text[word.clone()].to_lowercase()).into_iter().flatten();
            let mut of_word = of_word.filter(|name| {
                let there = words[place..].iter().take(name.words.len()).map(|range| &text[range.clone()]);
                match name.words.as_slice() {
                    // One word may be a word of the language: it is a name only where it is written like one.
                    [only] => text[word.clone()] == *only,
                    all => {
                        there.len() == all.len() && there.zip(all).all(|(a, b)| a.to_lowercase() == b.to_lowercase())
                    }
                }
            });
            let found = of_word.next();
            let Some(name) = found else {
                place += 1;
                continue;
            };
            let last = &words[place + name.words.len() - 1];
            replaced.push_str(&text[at..word.start]);
            replaced.push_str(&name.pseudonym);
            (at, place) = (last.end, place + name.words.len());
        }
        (at > 0).then(|| replaced + &text[at..])
    }
}

/// Where the words of a text are: letters and digits in a row, without what ends a style before them.
fn words(text: &str) -> impl Iterator<Item = Range<usize>> {
    let parts = text.split(|c: char| !c.is_alphanumeric()).filter(|part| !part.is_empty());
    let words = parts.map(move |part| {
        let start = part.as_ptr().addr() - text.as_ptr().addr();
        let end = start + part.len();
        match part.bytes().all(|byte| byte.is_ascii_digit()) && is_in_style(text, start) {
            true => end..end,
            false => after_style(text, start, end)..end,
        }
    });
    words.filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_names_are_found_in_any_case_and_single_words_as_they_are_written() {
        let mut names = Names::default();
        for (name, pseudonym) in
            [("Ana Ruiz", "user-1"), ("Ana", "user-2"), ("Zoë O'Hara", "user-3"), ("Ana Ruiz", "user-4")]
        {
            names.insert(name, pseudonym);
        }
        for (text, expected) in [
            ("for Ana Ruiz, and ANA  RUIZ", Some("for user-1, and user-1")),
            ("Ana's team, not ana or Anna", Some("user-2's team, not ana or Anna")),
            ("(Zoë O'Hara)", Some("(user-3)")),
            ("Ana Ru", Some("user-2 Ru")),
            ("\u{1b}[1;35mAna \u{1b}[1;35mRuiz", Some("\u{1b}[1;35muser-1")),
            ("nobody", None),
            ("", None),
        ] {
            assert_eq!(names.replaced(text).as_deref(), expected, "{text}");
        }
        assert_eq!(Names::default().replaced("Ana"), None);
    }

    #[test]
    fn names_in_scripts_without_capitals_are_found_inside_of_words() {
        let mut names = Names::default();
        for (name, pseudonym) in [
            ("田中太郎", "user-1"),
            ("佐藤 花子", "user-2"),
            ("김철수", "user-3"),
            ("林", "user-4"),
            ("田中", "user-5"),
            ("Åsa", "user-6"),
            ("दीपक", "user-7"),
        ] {
            names.insert(name, pseudonym);
        }
        for (text, expected) in [
            ("田中太郎のため", Some("user-1のため")),
            ("担当田中太郎、佐藤花子と佐藤 花子さん", Some("担当user-1、user-2とuser-2さん")),
            ("田中さん", Some("user-5さん")),
            ("김철수의 팀", Some("user-3의 팀")),
            // One character is a name only where it stands alone.
            ("林 and 森林", Some("user-4 and 森林")),
            ("Åsa, not Åsane", Some("user-6, not Åsane")),
            ("दीपकको", Some("user-7को")),
            ("田", None),
            ("中田", None),
        ] {
            assert_eq!(names.replaced(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn long_rows_of_numbers_are_gone_through_once() {
        let mut names = Names::default();
        names.insert("Ana Ruiz", "user-1");
        // If each number looked back to the first one, this would take minutes.
        let text = "1;".repeat(200_000);
        assert_eq!(names.replaced(&text), None);
        assert_eq!(names.replaced(&format!("{text}Ana Ruiz")), Some(format!("{text}user-1")));
    }
}
