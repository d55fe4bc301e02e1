//! A change with what a reviewer asks about it: what brought it about, why, written where, carried out how.

use std::sync::Arc;

use crate::catalogue::Channel;
use crate::change::{Change, ChangeKind};
use crate::desired::Note;
use crate::source::Span;

/// The place of a change in its plan, from 1; shown as `c1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(pub u32);

impl std::fmt::Display for ChangeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// A change with what a reviewer asks about it.
#[derive(Debug, Clone)]
pub struct PlannedChange {
    /// Its place in the plan.
    pub id: ChangeId,
    /// The edit.
    pub change: Change,
    /// What brought it about.
    pub origin: Origin,
    /// Why it is needed.
    pub why: Why,
    /// Where the configuration says so; `None` where it says nothing.
    pub source: Option<Span>,
    /// What people wrote there.
    pub note: Option<Arc<Note>>,
    /// How it is carried out.
    pub channel: Channel,
    /// Changes that must have taken effect before.
    pub depends_on: Vec<ChangeId>,
    /// Whether it raises somebody to admin or owner.
    pub escalation: bool,
    /// Whether a guard lets it through.
    pub status: ChangeStatus,
}

impl PlannedChange {
    /// Whether the backend sends a mail for it.
    pub fn sends_mail(&self) -> bool {
        self.channel == Channel::Api && self.change.kind() == ChangeKind::InviteUser
    }
}

/// Why a change is in the plan at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The configuration asks for it, and did not before as far as its earlier form is known.
    Proposed,
    /// The configuration asked for it before, and it was not applied yet.
    Pending,
    /// Somebody changed the live side: the configuration asked for something else before and still does.
    Drift,
    /// Time passed: what the configuration declares is over, and was so before it was edited.
    Expiry,
    /// Somebody takes a run back.
    Undo,
}

impl Origin {
    /// Every origin, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Proposed, Self::Pending, Self::Drift, Self::Expiry, Self::Undo];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Pending => "pending",
            Self::Drift => "drift",
            Self::Expiry => "expiry",
            Self::Undo => "undo",
        }
    }
}

/// Why a change is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The configuration declares it.
    Declared,
    /// The configuration does not list it and manages its section in full.
    Unlisted,
    /// A declared user or team had another name.
    Renamed,
    /// It is declared, and its `until` has passed.
    Expired,
    /// It is declared, and its `from` has not come.
    NotYet,
    /// The user is blocked, whatever else is declared.
    Blocked,
    /// A run that is taken back changed it.
    Undone,
}

impl Why {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Unlisted => "unlisted",
            Self::Renamed => "renamed",
            Self::Expired => "expired",
            Self::NotYet => "not_yet",
            Self::Blocked => "blocked",
            Self::Undone => "undone",
        }
    }
}

/// Whether a guard lets a change through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeStatus {
    /// It is going to be done.
    Planned,
    /// It is not done in this run.
    Held,
    /// Nothing of this plan is done.
    Blocked,
}
