//! What ends soon, and what is over and still written down.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::entry::{Declared, entries};
use super::{Bound, Desired, Entry, InForce, LapseWhy, Note};
use crate::source::Span;

/// What is over for longer than this can be deleted: until then its line explains why somebody lost access.
const DELETABLE_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

/// An entry that ends soon or is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expiring {
    /// How far it is.
    pub state: ExpiringState,
    /// What ends.
    pub entry: Entry,
    /// When.
    pub until: Bound,
    /// Where the entry is declared.
    pub place: Span,
    /// What people wrote about it.
    pub note: Option<Arc<Note>>,
}

/// How far something is that ends. The order is the order of urgency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExpiringState {
    /// It ends soon.
    EndsSoon,
    /// It is over: not desired any more, and still written down.
    Over,
    /// It is over for so long that it can be deleted.
    Deletable,
}

impl ExpiringState {
    /// How far what ends at `until` is at `moment`.
    fn of(until: Bound, moment: Timestamp) -> Self {
        if moment < until.at {
            Self::EndsSoon
        } else if moment.duration_since(until.at) <= DELETABLE_AFTER {
            Self::Over
        } else {
            Self::Deletable
        }
    }

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EndsSoon => "ends_soon",
            Self::Over => "over",
            Self::Deletable => "deletable",
        }
    }
}

/// What ends at most `within` after `moment`, and what is over then: by state and end. Facts of blocked users are not
/// among it, nor those of a user who ends with them or before them. Waivers of guards, acceptances and exceptions of rules are.
pub fn expiring(desired: &Desired, moment: Timestamp, within: SignedDuration) -> Vec<Expiring> {
    let in_force = InForce::new(desired, moment);
    let horizon = moment.checked_add(within).unwrap_or(Timestamp::MAX);
    let user_ends = |fact: &Declared<'_>| match fact {
        Declared::Member(_, user, _) | Declared::Grant(user, _, _) => {
            let user = desired.users.as_ref().and_then(|users| users.get(*user));
            user.and_then(|user| Some(user.role.window()?.until?.at))
        }
        Declared::User(..) | Declared::TeamRole(..) => None,
    };
    let ends = |fact: &Declared<'_>| {
        fact.until().is_some_and(|until| {
            until.at <= horizon
                && fact.is_managed(desired.manage)
                && user_ends(fact).is_none_or(|user| until.at < user)
                && fact.user().and_then(|user| in_force.user(user)).is_none_or(|lapse| lapse.why != LapseWhy::Blocked)
        })
    };
    let mut found: Vec<Expiring> = entries(desired, Declared::all(desired).filter(ends))
        .into_iter()
        .filter_map(|(entry, fact)| {
            let until = fact.until()?;
            let state = ExpiringState::of(until, moment);
            Some(Expiring { state, entry, until, place: fact.place(), note: fact.note().cloned() })
        })
        .collect();
    let reason = |reason: &String| Some(Arc::new(Note { reason: Some(reason.clone()), ..Note::default() }));
    for waiver in desired.guards.waivers.iter().filter(|waiver| waiver.until.at <= horizon) {
        found.push(Expiring {
            state: ExpiringState::of(waiver.until, moment),
            entry: Entry::Waiver(waiver.removals, waiver.invites),
            until: waiver.until,
            place: waiver.place,
            note: reason(&waiver.reason),
        });
    }
    // Acceptances that are over are warned about by `drift`.
    for one in desired.accept.iter().filter(|one| moment < one.until.at && one.until.at <= horizon) {
        let Some(first) = one.observed.first() else { continue };
        let note = Note { reason: Some(one.reason.clone()), ticket: one.ticket.clone(), ..Note::default() };
        found.push(Expiring {
            state: ExpiringState::EndsSoon,
            entry: Entry::Acceptance(first.clone(), one.projects.clone()),
            until: one.until,
            place: one.place,
            note: Some(Arc::new(note)),
        });
    }
    // Exceptions that are over are warned about, with their rule.
    for rule in &desired.policy {
        for one in rule.exceptions.iter().filter(|one| one.holds(moment) && one.until.at <= horizon) {
            found.push(Expiring {
                state: ExpiringState::EndsSoon,
                entry: Entry::Exception(rule.name.clone()),
                until: one.until,
                place: one.place,
                note: reason(&one.reason),
            });
        }
    }
    found.sort_by(|a, b| (a.state, a.until.at, a.place, &a.entry).cmp(&(b.state, b.until.at, b.place, &b.entry)));
    found
}
