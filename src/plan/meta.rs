//! What whoever makes a plan says about it: a pull request, a commit, an author.

use std::collections::BTreeMap;

use crate::visible::is_unsafe;

/// Texts by key, for reports and records. They never cause a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meta(BTreeMap<String, String>);

/// The most entries.
const MOST_ENTRIES: usize = 32;
/// The longest key, in bytes.
const LONGEST_KEY: usize = 64;
/// The longest text, in bytes.
const LONGEST_TEXT: usize = 1024;

/// Why a text cannot be said about a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetaProblem {
    /// A key has other characters than it may, or too many.
    #[error("`{0}` is no key: write up to 64 of a-z, A-Z, 0-9, `_`, `-` and `.`, and begin with a letter or digit")]
    Key(String),
    /// The text is too long.
    #[error("the text of `{0}` is longer than 1024 bytes")]
    Long(String),
    /// The text acts on a terminal, or has what cannot be seen.
    #[error("the text of `{0}` has control characters or others that cannot be seen")]
    Unseen(String),
    /// The key is given twice.
    #[error("`{0}` is given twice")]
    Twice(String),
    /// There are too many.
    #[error("there are more than 32 entries")]
    Many,
}

impl Meta {
    /// Makes it from pairs of key and text, in any order.
    ///
    /// # Errors
    /// The first pair that cannot be taken.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Result<Self, MetaProblem> {
        let mut entries = BTreeMap::new();
        for (key, text) in pairs {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
            let begins_well = key.starts_with(|c: char| c.is_ascii_alphanumeric());
            if !begins_well || key.len() > LONGEST_KEY || !key.chars().all(is_plain) {
                return Err(MetaProblem::Key(key));
            }
            if text.len() > LONGEST_TEXT {
                return Err(MetaProblem::Long(key));
            }
            if text.contains(is_unsafe) {
                return Err(MetaProblem::Unseen(key));
            }
            if entries.contains_key(&key) {
                return Err(MetaProblem::Twice(key));
            }
            entries.insert(key, text);
            if entries.len() > MOST_ENTRIES {
                return Err(MetaProblem::Many);
            }
        }
        Ok(Self(entries))
    }

    /// The same keys with other texts, which are no longer than what people read.
    pub(crate) fn with(&self, text: impl Fn(&str) -> String) -> Self {
        Self(self.0.iter().map(|(key, value)| (key.clone(), text(value))).collect())
    }

    /// The texts by key.
    pub fn entries(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_plain_and_texts_can_be_seen() {
        let new = |pairs: &[(&str, &str)]| Meta::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        let meta = new(&[("pr", "12"), ("author", "Ána <ana@acme.com>"), ("empty", "")]).unwrap();
        assert_eq!(meta.entries().keys().collect::<Vec<_>>(), ["author", "empty", "pr"]);
        for key in ["", "-x", "a b", "ü", "a=", &"k".repeat(65)] {
            assert_eq!(new(&[(key, "x")]), Err(MetaProblem::Key(key.to_owned())));
        }
        for text in ["\u{1b}[2J", "a\nb", "\u{202e}"] {
            assert_eq!(new(&[("k", text)]), Err(MetaProblem::Unseen("k".to_owned())));
        }
        assert_eq!(new(&[("k", &"x".repeat(1025))]), Err(MetaProblem::Long("k".to_owned())));
        assert_eq!(new(&[("k", "1"), ("k", "1")]), Err(MetaProblem::Twice("k".to_owned())));
        let many: Vec<String> = (0..33).map(|number| format!("k{number}")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|key| (key.as_str(), "")).collect();
        assert_eq!((new(&many[..32]).is_ok(), new(&many)), (true, Err(MetaProblem::Many)));
    }
}
