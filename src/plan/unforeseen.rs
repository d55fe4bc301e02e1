//! What a run does to people, told together: by what is proposed, by everything else, and by both where neither shows it.
//!
//! What is proposed is the difference of two targets, whatever is live and whatever guards hold. So what the run really
//! does may be more: somebody has by hand what the proposal takes, or a guard keeps somebody whom the rest raises.

use std::iter::Peekable;

use super::{Origin, Plan, PlannedChange};
use crate::access::{AccessChange, Choice, Ranks, UserAccess, access_changes, covers};
use crate::model::{Email, ProjectId, ProjectRole};

/// The access changes between two states, which come by user, looked up by user in the same order.
struct ByUser<'a, I: Iterator<Item = UserAccess<'a>>>(Peekable<I>);

impl<'a, I: Iterator<Item = UserAccess<'a>>> ByUser<'a, I> {
    fn new(all: I) -> Self {
        Self(all.peekable())
    }

    /// How the access of `user` changes; only of users behind those who were looked up before.
    fn of(&mut self, user: &Email) -> Option<UserAccess<'a>> {
        while self.0.next_if(|access| access.user < user).is_some() {}
        self.0.next_if(|access| access.user == user)
    }
}

impl Plan {
    /// The real changes of people's access by everything that is not proposed, as far as the run with what is proposed
    /// brings them about; all of them where no base tells.
    pub fn other_access_changes(&self) -> impl Iterator<Item = UserAccess<'_>> {
        let target = self.proposal.as_ref().map_or(&self.target, |proposal| &proposal.rest);
        let is_other = |planned: &&PlannedChange| self.proposal.is_none() || planned.origin != Origin::Proposed;
        let changes = self.to_do().filter(is_other).map(|planned| &planned.change);
        let others = access_changes(&self.live, target, changes, &self.ranks);
        let is_alone = self.to_do().all(|planned| is_other(&planned));
        let mut done = (!is_alone).then(|| ByUser::new(self.access_changes()));
        others.filter_map(move |access| match &mut done {
            None => Some(access),
            Some(done) => {
                let done = done.of(access.user);
                // Who is removed loses everything by that.
                if access.stays && done.as_ref().is_some_and(|done| !done.stays) {
                    return None;
                }
                access.merged(done.as_ref(), |row, done| choose(&self.ranks, row, done))
            }
        })
    }

    /// The real changes of people's access by the run that neither what is proposed nor everything else tells.
    pub fn unforeseen_access_changes(&self) -> impl Iterator<Item = UserAccess<'_>> {
        let proposal = self.proposal.as_deref().filter(|proposal| {
            !proposal.plan.changes.is_empty() && (self.live != proposal.plan.live || self.held().next().is_some())
        });
        proposal.into_iter().flat_map(move |proposal| {
            let mut proposed = ByUser::new(proposal.access_changes());
            let mut others = ByUser::new(self.other_access_changes());
            self.access_changes().filter_map(move |access| {
                let told = [proposed.of(access.user), others.of(access.user)];
                let told = |project: ProjectId| told.iter().flatten().filter_map(move |access| access.on(project));
                let is_untold: Vec<bool> = access
                    .rows()
                    .map(|row| {
                        let told: Vec<AccessChange<'_>> = told(row.project).collect();
                        !is_told(&self.ranks, row, &told)
                    })
                    .collect();
                access.only(|place| is_untold[place])
            })
        })
    }
}

/// What is told of `row`, by which people would have something after a part of the run, where the run does `done`: nothing
/// that the rest of it prevents.
fn choose(ranks: &Ranks, row: AccessChange<'_>, done: Option<AccessChange<'_>>) -> Choice {
    // Where the run really changes nothing, everybody has afterwards what they had before.
    let after = done.map_or(row.before, |done| done.after);
    let has = |role: &ProjectRole| after.iter().any(|held| covers(ranks, row.project, held.role, role));
    let (mut comes, mut stays_away) = (false, false);
    for gained in row.gained(ranks) {
        if has(gained.role) {
            comes = true;
        } else {
            stays_away = true;
        }
    }
    let goes = row.lost(ranks).any(|lost| !has(lost.role));
    match (comes || goes, stays_away) {
        (true, false) => Choice::Own,
        (true, true) => Choice::Others,
        (false, _) => Choice::Neither,
    }
}

/// Whether rows about the same person and project tell everything that `row` gives and takes.
fn is_told(ranks: &Ranks, row: AccessChange<'_>, told: &[AccessChange<'_>]) -> bool {
    let covered = |by: &ProjectRole, role: &ProjectRole| covers(ranks, row.project, by, role);
    let is_gain_told =
        |role: &ProjectRole| told.iter().any(|told| told.gained(ranks).any(|source| covered(source.role, role)));
    let is_loss_told =
        |role: &ProjectRole| told.iter().any(|told| told.lost(ranks).any(|source| covered(source.role, role)));
    row.gained(ranks).all(|source| is_gain_told(source.role)) && row.lost(ranks).all(|source| is_loss_told(source.role))
}
