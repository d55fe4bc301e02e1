//! What a run does to people, told together: by what is proposed, by everything else, and by both where neither shows it.
//!
//! What is proposed is the difference of two targets, whatever is live and whatever guards hold. So what the run really
//! does may be more: somebody has by hand what the proposal takes, or a guard keeps somebody whom the rest raises.

use std::collections::BTreeMap;
use std::iter::Peekable;

use super::{Origin, Plan, PlannedChange, Succession};
use crate::access::{AccessChange, AccessSource, Choice, Ranks, UserAccess, access_changes, covers};
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole};

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
            Some(done) => self.as_done(&access, done.of(access.user).as_ref()),
        })
    }

    /// Of each person's access what changes by everything that is not proposed, with what changes of it by the changes of
    /// one origin alone, where they have several.
    pub(crate) fn other_access_changes_by_origin(&self) -> impl Iterator<Item = (UserAccess<'_>, Vec<Share<'_>>)> {
        let alone = self.proposal.iter().flat_map(|proposal| &proposal.alone);
        let mut alone: Vec<_> = alone
            .map(|(origin, state)| {
                let changes = self.to_do().filter(|planned| planned.origin == *origin).map(|planned| &planned.change);
                (*origin, ByUser::new(access_changes(&self.live, state, changes, &self.ranks)))
            })
            .collect();
        let mut done = (!alone.is_empty()).then(|| ByUser::new(self.access_changes()));
        self.other_access_changes().map(move |access| {
            let done = done.as_mut().and_then(|done| done.of(access.user));
            let shares = alone
                .iter_mut()
                .map(|(origin, all)| {
                    (*origin, all.of(access.user).and_then(|alone| self.as_done(&alone, done.as_ref())))
                })
                .collect();
            (access, shares)
        })
    }

    /// Of `access`, which a part of the run would bring about, what the whole of it does, which is `done`.
    fn as_done<'a>(&'a self, access: &UserAccess<'a>, done: Option<&UserAccess<'a>>) -> Option<UserAccess<'a>> {
        // Who is removed loses everything by that.
        if access.stays && done.is_some_and(|done| !done.stays) {
            return None;
        }
        access.merged(done, |row, done| choose(&self.ranks, row, done))
    }

    /// The real changes of people's access by the run that neither what is proposed nor everything else tells.
    pub fn unforeseen_access_changes(&self) -> impl Iterator<Item = UserAccess<'_>> {
        let proposal = self.proposal.as_deref().filter(|proposal| {
            !proposal.plan.changes.is_empty() && (self.live != proposal.plan.live || self.held().next().is_some())
        });
        proposal.into_iter().flat_map(move |proposal| {
            let mut proposed = ByUser::new(proposal.access_changes());
            let mut others = ByUser::new(self.other_access_changes());
            let (earlier, agreed) = (Succession::of(self), Succession::of(&proposal.plan));
            self.access_changes().filter_map(move |access| {
                // Whoever is kept by a guard does not lose what they would by leaving.
                let proposed = proposed.of(access.user).filter(|proposed| proposed.stays || !access.stays);
                let told = [proposed, others.of(access.user)];
                let is_untold = |row: AccessChange<'_>| {
                    let [by_proposal, by_others] = told.each_ref().map(|told| told.as_ref()?.on(row.project));
                    let told = [by_proposal, by_others].into_iter().flatten();
                    !is_told(&self.ranks, row, told.clone())
                        || !is_rest_told(&self.ranks, row, told)
                        || !is_told_of_person(
                            &self.ranks,
                            row,
                            [(by_proposal, &agreed), (by_others, &earlier)],
                            &earlier,
                        )
                };
                let is_untold: Vec<bool> = access.rows().map(is_untold).collect();
                access.only(|place| is_untold[place])
            })
        })
    }
}

/// What changes of one person's access by the changes of an origin alone.
pub(crate) type Share<'a> = (Origin, Option<UserAccess<'a>>);

/// Of `access`, one person's, what is by changes of `origin`. A row that the origins explain each by itself is told so,
/// `shares` being what they do alone; any other one is told of all that have to do with it, as `concerned` says by its place.
pub(crate) fn share_of<'a>(
    ranks: &Ranks,
    access: &UserAccess<'a>,
    shares: &[Share<'a>],
    origin: Origin,
    concerned: &[bool],
) -> Option<UserAccess<'a>> {
    let own = shares.iter().find(|(of, _)| *of == origin).and_then(|(_, own)| own.as_ref());
    let places: BTreeMap<ProjectId, usize> = access.rows().map(|row| row.project).zip(0..).collect();
    access.merged(own, |row, own| {
        let alone = shares.iter().filter_map(|(_, alone)| alone.as_ref()?.on(row.project));
        let is_concerned = || places.get(&row.project).is_some_and(|place| concerned[*place]);
        match is_told(ranks, row, alone) {
            true if own.is_some() => Choice::Others,
            false if is_concerned() => Choice::Own,
            true | false => Choice::Neither,
        }
    })
}

/// What is told of `row`, by which people would have something after a part of the run, where the run does `done`: nothing
/// that the rest of it prevents.
fn choose(ranks: &Ranks, row: AccessChange<'_>, done: Option<AccessChange<'_>>) -> Choice {
    // Where the run really changes nothing, everybody has afterwards what they had before.
    let after = done.map_or(row.before, |done| done.after);
    let has = |role: &ProjectRole| after.iter().any(|held| covers(ranks, row.project, held.role, role));
    let comes = row.gained(ranks).any(|gained| has(gained.role));
    let goes = row.lost(ranks).any(|lost| !has(lost.role));
    let is_said = |role: &ProjectRole| row.after.iter().any(|held| covers(ranks, row.project, held.role, role));
    let says_too_much = row.after.iter().any(|said| !has(said.role));
    // What comes besides is told where it comes from.
    let says_too_little = !comes && after.iter().any(|held| !is_said(held.role));
    match (comes || goes, says_too_much || says_too_little) {
        (true, false) => Choice::Own,
        (true, true) => Choice::Others,
        (false, _) => Choice::Neither,
    }
}

/// Whether rows about the same person and project tell everything that `row` gives and takes.
fn is_told<'r>(ranks: &Ranks, row: AccessChange<'_>, told: impl Iterator<Item = AccessChange<'r>> + Clone) -> bool {
    let covered = |by: &AccessSource<'_>, source: &AccessSource<'_>| covers(ranks, row.project, by.role, source.role);
    // Who gets another role for one is not said to gain anything.
    let is_exchange = row.is_exchange(ranks);
    let gives = told.clone().filter(|told| is_exchange || !told.is_exchange(ranks));
    let is_gain_told =
        |source: &AccessSource<'_>| gives.clone().any(|told| told.gained(ranks).any(|by| covered(by, source)));
    let is_loss_told =
        |source: &AccessSource<'_>| told.clone().any(|told| told.lost(ranks).any(|by| covered(by, source)));
    let is_rise_told =
        |risen: BuiltInRole| told.clone().any(|told| told.risen(ranks).is_some_and(|told| told >= risen));
    row.gained(ranks).all(is_gain_told)
        && row.lost(ranks).all(is_loss_told)
        && row.risen(ranks).is_none_or(is_rise_told)
}

/// Whether `told`, each with what the earlier addresses of its person had where it begins, tell what `row` gives the person
/// beyond what the earlier addresses have: what is new to the address need not be so to the person.
fn is_told_of_person(
    ranks: &Ranks,
    row: AccessChange<'_>,
    told: [(Option<AccessChange<'_>>, &Succession<'_>); 2],
    earlier: &Succession<'_>,
) -> bool {
    if told.iter().all(|(_, earlier)| earlier.olds(row.user).is_empty()) {
        return true;
    }
    let before = earlier.before(row);
    let Some(own) = row.since(ranks, &before) else { return true };
    let told = told.map(|(row, earlier)| row.map(|row| (row, earlier.before(row))));
    let told = told.iter().flatten().filter_map(|(row, before)| row.since(ranks, before));
    let is_gain_told = |source: &AccessSource<'_>| {
        let mut gained = told.clone().flat_map(|told| told.gained(ranks));
        gained.any(|by| covers(ranks, row.project, by.role, source.role))
    };
    let is_rise_told =
        |risen: BuiltInRole| told.clone().any(|told| told.risen(ranks).is_some_and(|told| told >= risen));
    own.gained(ranks).all(is_gain_told) && own.risen(ranks).is_none_or(is_rise_told)
}

/// Whether rows about the same person and project tell what `row`, by which somebody loses something, leaves: one of them
/// leaves nothing that goes, and together they leave everything that stays.
fn is_rest_told<'r>(
    ranks: &Ranks,
    row: AccessChange<'_>,
    told: impl Iterator<Item = AccessChange<'r>> + Clone,
) -> bool {
    let covered = |by: &AccessSource<'_>, source: &AccessSource<'_>| covers(ranks, row.project, by.role, source.role);
    let is_within =
        |told: AccessChange<'r>| told.after.iter().all(|said| row.after.iter().any(|held| covered(held, said)));
    let is_said = |held: &AccessSource<'_>| told.clone().any(|told| told.after.iter().any(|said| covered(said, held)));
    row.lost(ranks).next().is_none() || (told.clone().any(is_within) && row.after.iter().all(is_said))
}
