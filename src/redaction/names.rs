//! People's names in texts: where all words of a name stand in a row.

use std::collections::BTreeMap;
use std::ops::Range;

use super::scan::after_style;

/// The names of people by their first word, in lower case.
#[derive(Default)]
pub(super) struct Names(BTreeMap<String, Vec<Name>>);

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
            let of_word = self.0.entry(first.to_lowercase()).or_default();
            if of_word.iter().all(|known| known.words != words) {
                of_word.push(Name { words, pseudonym: pseudonym.to_owned() });
                // The longest that fits is meant.
                of_word.sort_by_key(|name| std::cmp::Reverse(name.words.len()));
            }
        }
    }

    /// The text with pseudonyms instead of names; `None` where there are none in it.
    pub(super) fn replaced(&self, text: &str) -> Option<String> {
        if self.0.is_empty() {
            return None;
        }
        let words: Vec<Range<usize>> = words(text).collect();
        let (mut replaced, mut at, mut place) = (String::new(), 0, 0);
        while let Some(word) = words.get(place) {
            let of_word = self.0.get(&text[word.clone()].to_lowercase()).into_iter().flatten();
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
        let is_in_style =
            || text[..start].trim_end_matches(|c: char| c.is_ascii_digit() || c == ';').ends_with("\u{1b}[");
        match part.bytes().all(|byte| byte.is_ascii_digit()) && is_in_style() {
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
}
