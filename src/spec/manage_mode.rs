//! The words that say how far a section is managed.

/// How far one section is managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ManageMode {
    /// What is not listed is removed.
    Full,
    /// Only listed things are kept in line; the rest is kept and reported.
    Listed,
    /// Nothing is touched.
    None,
}

impl ManageMode {
    /// The name in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Listed => "listed",
            Self::None => "none",
        }
    }
}
