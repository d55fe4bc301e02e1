//! What of the declared facts is desired at one moment: the only place that decides so.
//!
//! A fact is desired within its window, as long as its user is: a person who is blocked, or whose own window does not
//! hold, has nothing, under no address.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Desired, Fact, Note};
use crate::lookup::NameTable;
use crate::model::Email;
use crate::source::Span;

/// What is desired at one moment.
#[derive(Debug)]
pub struct InForce<'a> {
    moment: Timestamp,
    /// Every address of the people who have nothing at the moment.
    out: NameTable<'a, Lapse<'a>>,
}

/// Why something declared is not desired, written where.
#[derive(Debug, Clone, Copy)]
pub struct Lapse<'a> {
    /// Why.
    pub why: LapseWhy,
    /// The `blocked` entry, the `until` or the `from`.
    pub place: Span,
    /// What people wrote there.
    pub note: Option<&'a Arc<Note>>,
}

/// Why something declared is not desired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LapseWhy {
    /// The user is blocked.
    Blocked,
    /// Its time is over.
    Over,
    /// Its time has not come.
    NotYet,
}

impl<'a> InForce<'a> {
    /// What of `desired` is desired at `moment`.
    pub fn new(desired: &'a Desired, moment: Timestamp) -> Self {
        let mut out = NameTable::default();
        // Whoever is blocked is blocked first: it wins over everything.
        for (user, fact) in &desired.blocked {
            let lapse = Lapse { why: LapseWhy::Blocked, place: fact.place, note: fact.note.as_ref() };
            out.insert_new(user, || lapse);
        }
        for (email, user) in desired.users.iter().flatten() {
            let blocked = || std::iter::once(email).chain(user.previously.keys()).find_map(|address| out.get(address));
            let lapse = if desired.blocked.is_empty() { None } else { blocked().copied() };
            let Some(lapse) = lapse.or_else(|| lapse_of(&user.role, moment)) else { continue };
            for address in std::iter::once(email).chain(user.previously.keys()) {
                out.insert_new(address, || lapse);
            }
        }
        Self { moment, out }
    }

    /// Why the person with the address `user` has nothing; `None` for everybody else, declared or not.
    pub fn user(&self, user: &Email) -> Option<Lapse<'a>> {
        if self.out.is_empty() { None } else { self.out.get(user).copied() }
    }

    /// Where the person with the address `user` is blocked, if they are.
    pub fn blocked(&self, user: &Email) -> Option<Span> {
        self.user(user).filter(|lapse| lapse.why == LapseWhy::Blocked).map(|lapse| lapse.place)
    }

    /// Why a fact about nobody in particular is not desired.
    pub fn fact<T>(&self, fact: &'a Fact<T>) -> Option<Lapse<'a>> {
        lapse_of(fact, self.moment)
    }

    /// Why a fact about `user` is not desired.
    pub fn fact_of<T>(&self, user: &Email, fact: &'a Fact<T>) -> Option<Lapse<'a>> {
        self.user(user).or_else(|| self.fact(fact))
    }
}

fn lapse_of<T>(fact: &Fact<T>, moment: Timestamp) -> Option<Lapse<'_>> {
    let note = fact.note.as_ref();
    let window = note?.window;
    let (why, bound) = match (window.until, window.from) {
        (Some(until), _) if window.is_over(moment) => (LapseWhy::Over, until),
        (_, Some(from)) if window.is_before(moment) => (LapseWhy::NotYet, from),
        (_, _) => return None,
    };
    Some(Lapse { why, place: bound.place, note })
}
