//! Removals that do not count as too many: what was agreed to one by one, and accounts whose people keep all they have.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{AccessIndex, covers};
use crate::model::{Email, State};
use crate::plan::{ChangeId, ChangeStatus, Plan, PlannedChange, Why};

/// What of a plan is not counted.
///
/// One line of the configuration must not stand for many people, so of each person one account is exempt at most: an
/// address under `previously` is not a second person who may be taken away. Whom a `blocked` entry names is always.
#[derive(Debug, Default)]
pub(super) struct Exempt {
    /// Accounts that go because their person has all of it under another address.
    moved: BTreeSet<Email>,
    /// Removals because of `blocked`, or of what was declared until a day that has come.
    due: BTreeSet<ChangeId>,
}

impl Exempt {
    /// What of `plan` is not counted, when every change of it is performed.
    pub(super) fn of(plan: &Plan) -> Self {
        Self { moved: moved(plan), due: due(plan) }
    }

    /// Whether the account goes because its person has another one with all that it had.
    pub(super) fn is_moved(&self, user: &Email) -> bool {
        self.moved.contains(user)
    }

    /// Whether the change takes away what is blocked, or over.
    pub(super) fn is_due(&self, change: ChangeId) -> bool {
        self.due.contains(&change)
    }

    /// How many changes are due.
    pub(super) fn due(&self) -> usize {
        self.due.len()
    }

    /// Counts accounts again whose people do not have all of it after what of `plan` is not held. Returns whether there
    /// are any.
    pub(super) fn correct(&mut self, plan: &Plan) -> bool {
        if self.moved.is_empty() || plan.held().next().is_none() {
            return false;
        }
        let after = after(plan, plan.to_do());
        let held: BTreeSet<&Email> = goings(plan)
            .filter(|planned| planned.status == ChangeStatus::Held)
            .filter_map(|planned| planned.change.user())
            .collect();
        let before = self.moved.len();
        let covered = covered(plan, self.moved.iter(), &after);
        let kept: BTreeSet<Email> =
            self.moved.iter().filter(|old| held.contains(old) || covered.contains(old)).cloned().collect();
        self.moved = kept;
        self.moved.len() < before
    }
}

/// The changes by which accounts go.
fn goings(plan: &Plan) -> impl Iterator<Item = &PlannedChange> {
    plan.changes.iter().filter(|planned| planned.change.removed_user().is_some())
}

/// The live side after `changes`.
pub(super) fn after<'p>(plan: &Plan, changes: impl Iterator<Item = &'p PlannedChange>) -> State {
    let mut state = plan.live.clone();
    for planned in changes {
        // Only the last owner cannot be taken away, and a plan that does is blocked.
        let _ = state.perform(&planned.change, plan.as_of);
    }
    state
}

fn moved(plan: &Plan) -> BTreeSet<Email> {
    let replaced =
        |planned: &&PlannedChange| planned.change.user().is_some_and(|user| plan.replaced_users.contains_key(user));
    if !goings(plan).any(|planned| replaced(&planned)) {
        return BTreeSet::new();
    }
    let going: BTreeSet<&Email> = goings(plan).filter(replaced).filter_map(|planned| planned.change.user()).collect();
    let after = after(plan, plan.changes.iter());
    let mut people: BTreeSet<&Email> = BTreeSet::new();
    let covered = covered(plan, going.iter().copied(), &after);
    let first = |old: &&&Email| plan.replaced_users.get(**old).is_some_and(|new| people.insert(new));
    going.iter().filter(|old| covered.contains(**old)).filter(first).map(|old| (*old).clone()).collect()
}

/// Those of the `olds` whose org role and access the new address has in `after`.
fn covered<'o>(plan: &Plan, olds: impl Iterator<Item = &'o Email> + Clone, after: &State) -> BTreeSet<&'o Email> {
    let pairs = || olds.clone().filter_map(|old| Some((old, plan.replaced_users.get(old)?)));
    let news: BTreeSet<&Email> = pairs().map(|(_, new)| new).collect();
    let was = AccessIndex::new(
        &plan.live,
        olds.clone().filter_map(|old| plan.live.users.get_key_value(old)).map(|(old, _)| old),
    );
    let is = AccessIndex::new(after, news.iter().filter_map(|new| after.users.get_key_value(*new)).map(|(new, _)| new));
    let (mut had, mut has) = (Vec::new(), Vec::new());
    let mut is_covered = |old: &Email, new: &Email| {
        let (Some(before), Some(now)) = (was.collect(old, |_| true, &mut had), is.collect(new, |_| true, &mut has))
        else {
            return false;
        };
        // Of a role that is not known nobody can say that another one is as much.
        let keeps_role = now.role == before.role || now.role.is_above(&before.role);
        let keeps = |(project, source): &(_, crate::access::AccessSource<'_>)| {
            has.iter().any(|(on, other)| on == project && covers(&plan.ranks, *project, other.role, source.role))
        };
        keeps_role && had.iter().all(keeps)
    };
    pairs().filter(|(old, new)| is_covered(old, new)).map(|(old, _)| old).collect()
}

fn due(plan: &Plan) -> BTreeSet<ChangeId> {
    let is_due = |planned: &&PlannedChange| matches!(planned.why, Why::Blocked | Why::Expired);
    let mut due: BTreeSet<ChangeId> = plan.changes.iter().filter(is_due).map(|planned| planned.id).collect();
    if due.is_empty() || plan.earlier_addresses.is_empty() {
        return due;
    }
    let mut accounts: BTreeMap<&Email, Vec<(bool, &Email, ChangeId)>> = BTreeMap::new();
    for planned in goings(plan).filter(is_due) {
        if let Some(user) = planned.change.user().filter(|user| !plan.blocked.contains(*user)) {
            let person = plan.person(user);
            accounts.entry(person).or_default().push((user != person, user, planned.id));
        }
    }
    for mut accounts in accounts.into_values() {
        accounts.sort();
        for (_, _, further) in accounts.into_iter().skip(1) {
            due.remove(&further);
        }
    }
    due
}
