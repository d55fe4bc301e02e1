//! Names that users and teams had before: each belongs to one of them, and to nobody who is declared.

use std::collections::BTreeMap;
use std::fmt::Display;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

/// The names that were claimed so far, with who claims them and where.
pub(super) struct Previous<K> {
    claimed: BTreeMap<K, (K, Span)>,
    /// What such a name is called.
    noun: &'static str,
    /// What stands before the name of whoever claims it.
    of: &'static str,
    /// What whoever has the name now is.
    itself: &'static str,
}

impl<K: Ord + Clone + Display> Previous<K> {
    /// No names yet; the words are for messages.
    pub(super) fn new(noun: &'static str, of: &'static str, itself: &'static str) -> Self {
        Self { claimed: BTreeMap::new(), noun, of, itself }
    }

    /// Claims `old`, written at `place`, for `new`; `declared` is where somebody with that name is declared. Returns what
    /// contradicts it.
    pub(super) fn claim(&mut self, old: &K, place: Span, new: &K, declared: Option<Span>) -> Option<Diagnostic> {
        let Self { noun, of, itself, .. } = self;
        let finding = |message| Diagnostic::at(Code::PreviousName, place, message, "the previous name");
        if old == new {
            return Some(finding(format!("`{new}` is its own previous {noun}")).help("remove it"));
        }
        if let Some(declared) = declared {
            let message = format!("`{old}` is a previous {noun} of {of}`{new}` and {itself}");
            return Some(finding(message).also(declared, "declared here"));
        }
        if let Some((other, first)) = self.claimed.get(old) {
            let message = format!("`{old}` is a previous {noun} of both `{other}` and `{new}`");
            return Some(finding(message).also(*first, "also said here"));
        }
        self.claimed.insert(old.clone(), (new.clone(), place));
        None
    }
}
