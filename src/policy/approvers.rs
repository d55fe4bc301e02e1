//! Whose word counts: an approver or sponsor is a declared person in force, whatever address names them.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::{Desired, InForce, LapseWhy};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Email;
use crate::source::Span;

/// Tells whose word counts.
#[derive(Debug)]
pub(super) struct Approvers<'a> {
    desired: &'a Desired,
    in_force: &'a InForce<'a>,
    /// Earlier addresses with the declared ones.
    now: BTreeMap<&'a Email, &'a Email>,
    /// Who was named where a rule asks for somebody, and does not count.
    without: BTreeSet<(Span, &'a Email, Without)>,
}

/// Why somebody's word does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Without {
    Undeclared,
    Blocked,
    NotInForce,
}

impl<'a> Approvers<'a> {
    /// Those of `desired`, of which `in_force` holds.
    pub(super) fn new(desired: &'a Desired, in_force: &'a InForce<'a>) -> Self {
        let people = desired.users.iter().flatten();
        let now = people.flat_map(|(new, user)| user.previously.keys().map(move |old| (old, new))).collect();
        Self { desired, in_force, now, without: BTreeSet::new() }
    }

    /// The declared address of whoever has this one.
    pub(super) fn person(&self, address: &'a Email) -> &'a Email {
        self.now.get(address).copied().unwrap_or(address)
    }

    /// The people among `named`, who are named at `place`, whose word on what `user` has counts. Nobody approves their own access, or
    /// answers for themselves.
    pub(super) fn counted(
        &mut self,
        named: &'a [Email],
        place: Option<Span>,
        user: Option<&'a Email>,
    ) -> BTreeSet<&'a Email> {
        let user = user.map(|user| self.person(user));
        let mut counted = BTreeSet::new();
        for address in named {
            match (self.without(address), place) {
                (None, _) => {
                    counted.insert(self.person(address));
                }
                (Some(why), Some(place)) => {
                    self.without.insert((place, address, why));
                }
                (Some(_), None) => {}
            }
        }
        counted.retain(|person| Some(*person) != user);
        counted
    }

    fn without(&self, address: &'a Email) -> Option<Without> {
        match self.in_force.user(address).map(|lapse| lapse.why) {
            Some(LapseWhy::Blocked) => return Some(Without::Blocked),
            Some(LapseWhy::Over | LapseWhy::NotYet) => return Some(Without::NotInForce),
            None => {}
        }
        // Where no section says who is a user, nobody can be said to be none.
        let users = self.desired.users.as_ref()?;
        (!users.contains_key(self.person(address))).then_some(Without::Undeclared)
    }

    /// Those whose word was looked for and does not count, each at its line.
    pub(super) fn remarks(&self) -> impl Iterator<Item = Diagnostic> {
        self.without.iter().map(|(place, address, why)| {
            let (is, label) = match why {
                Without::Undeclared => ("is not declared under `users`", "not declared"),
                Without::Blocked => ("is blocked", "blocked"),
                Without::NotInForce => ("is no user at the moment", "not in force"),
            };
            let message = format!("`{address}` is named here as approver or sponsor and {is}, so that does not count");
            Diagnostic::at(Code::UncountedApprover, *place, message, label).help("name a user of the organization")
        })
    }
}
