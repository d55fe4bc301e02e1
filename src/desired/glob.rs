//! Patterns of `manage.ignore`.

use std::fmt;

/// A pattern in which `*` stands for any text and `?` for any one character. Compared without regard to case.
#[derive(Debug, Clone)]
pub struct Glob {
    pattern: wildmatch::WildMatch,
    text: String,
}

impl Glob {
    /// The pattern written `text`.
    pub fn new(text: &str) -> Self {
        let text = text.trim();
        Self { pattern: wildmatch::WildMatch::new_case_insensitive(text), text: text.to_owned() }
    }

    /// Whether the pattern covers the whole of `name`.
    pub fn covers(&self, name: &str) -> bool {
        self.pattern.matches(name)
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
