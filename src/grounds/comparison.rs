//! Desired and live laid side by side.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Access, Person, Scope, Side};
use crate::access::Via;
use crate::desired::Desired;
use crate::model::{Email, ProjectId, State};

/// How the two sides differ in one source of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// They do not, or only one side was asked for.
    Same,
    /// Only the configuration gives it: it is not applied yet.
    DesiredOnly,
    /// Only the live side gives it.
    LiveOnly,
    /// Only the live side gives it, and it stays: the configuration does not look after it.
    Kept,
    /// Both give it, with different roles.
    OtherRole,
}

impl Mark {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::DesiredOnly => "desired_only",
            Self::LiveOnly => "live_only",
            Self::Kept => "kept",
            Self::OtherRole => "other_role",
        }
    }
}

/// One source of one user's access to one project, on both sides.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// On the desired side.
    pub desired: Option<Access<'a>>,
    /// On the live side.
    pub live: Option<Access<'a>>,
    /// How they differ.
    pub mark: Mark,
}

impl<'a> Compared<'a> {
    /// The one that is shown: the desired one where there is one, since it says where it is written.
    pub fn shown(&self) -> Option<Access<'a>> {
        self.desired.or(self.live)
    }
}

/// Both sides of one organization, as far as they are at hand.
#[derive(Debug)]
pub struct Sides<'a> {
    /// What is declared.
    pub desired: Side<'a>,
    /// What the live side gives, where it is at hand.
    pub live: Option<Side<'a>>,
    /// What the live side gives after a run: tells what is kept of what only the live side gives.
    target: Option<Side<'a>>,
}

impl<'a> Sides<'a> {
    /// The sides of the organization that `desired` describes at the moment `as_of`. With `target`, the state that a run leads to, what is only
    /// on the live side and stays is told apart.
    pub fn new(
        desired: &'a Desired,
        live: Option<&'a State>,
        target: Option<&'a State>,
        as_of: Timestamp,
        scope: Scope<'_>,
    ) -> Self {
        Self {
            desired: Side::desired(desired, live, as_of, scope),
            live: live.map(|state| Side::live(state, scope)),
            target: target.map(|state| Side::live(state, scope)),
        }
    }

    /// The users of either side, in order.
    pub fn users(&self) -> BTreeSet<&'a Email> {
        let mut users = self.desired.users();
        users.extend(self.live.iter().flat_map(Side::users));
        users
    }

    /// What both sides know of `user`; `None` for somebody who is a user on neither.
    pub fn person(&self, user: &Email) -> Option<Person<'a>> {
        let live = self.live.as_ref().and_then(|side| side.person(user));
        match (self.desired.person(user), live) {
            (Some(desired), Some(live)) => Some(Person {
                status: live.status.or(desired.status),
                last_active: live.last_active.or(desired.last_active),
                ..desired
            }),
            (desired, live) => desired.or(live),
        }
    }

    /// The sources of `user`'s access on either side, by project, then in the order of sources.
    pub fn access(&self, user: &Email) -> Vec<Compared<'a>> {
        let desired = self.desired.access(user);
        let Some(live) = &self.live else {
            let alone = |access| Compared { desired: Some(access), live: None, mark: Mark::Same };
            return desired.into_iter().map(alone).collect();
        };
        let live = live.access(user);
        let target = self.target.as_ref().map(|side| side.access(user)).unwrap_or_default();
        let is_kept = |access: &Access<'a>| {
            target.iter().any(|other| (other.project, other.source) == (access.project, access.source))
        };
        let (mut desired, mut live) = (desired.into_iter().peekable(), live.into_iter().peekable());
        let mut rows = Vec::with_capacity(desired.len().max(live.len()));
        loop {
            let order = match (desired.peek(), live.peek()) {
                (None, None) => return rows,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(wanted), Some(found)) => key(wanted).cmp(&key(found)),
            };
            let wanted = if order == Ordering::Greater { None } else { desired.next() };
            let found = if order == Ordering::Less { None } else { live.next() };
            let mark = match (&wanted, &found) {
                (Some(wanted), Some(found)) if wanted.source.role == found.source.role => Mark::Same,
                (Some(_), Some(_)) => Mark::OtherRole,
                (None, Some(found)) if is_kept(found) => Mark::Kept,
                (None, _) => Mark::LiveOnly,
                (Some(_), None) => Mark::DesiredOnly,
            };
            rows.push(Compared { desired: wanted, live: found, mark });
        }
    }
}

/// What is the same on both sides.
fn key<'a>(access: &Access<'a>) -> (ProjectId, Via<'a>) {
    (access.project, access.source.via)
}
