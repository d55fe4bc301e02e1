//! What stops a plan, or a part of it, as written.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Bound;
use crate::model::Email;
use crate::source::Span;
use crate::spec::Most;

/// The rails of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guards {
    /// Active owners without whom nothing is applied.
    pub min_owners: usize,
    /// Users from whom nothing is taken, with their places.
    pub protected: BTreeMap<Email, Span>,
    /// How much may be removed at once.
    pub max_removals: Most,
    /// How many users may be invited in one run.
    pub max_invites: usize,
    /// After how many days an invitation that nobody has accepted is told.
    pub invite_stale_days: u64,
    /// Dated exceptions.
    pub waivers: Vec<Waiver>,
}

impl Guards {
    /// The rails with the waivers that count at `moment`.
    pub fn as_of(&self, moment: Timestamp) -> Self {
        let waivers = self.waivers.iter().filter(|waiver| moment < waiver.until.at).cloned().collect();
        Self { waivers, ..self.clone() }
    }
}

impl Default for Guards {
    fn default() -> Self {
        Self {
            min_owners: 1,
            protected: BTreeMap::new(),
            max_removals: Most::Percent(25),
            max_invites: 50,
            invite_stale_days: 14,
            waivers: Vec::new(),
        }
    }
}

/// A dated exception from a guard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiver {
    /// Where it is written.
    pub place: Span,
    /// How many removals it lets through.
    pub removals: usize,
    /// How many invitations it lets through.
    pub invites: usize,
    /// When it does not count any more.
    pub until: Bound,
    /// Why, with the ticket that asked for it.
    pub reason: String,
}
