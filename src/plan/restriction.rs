//! The part of a plan that somebody agreed to, as a plan of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::requests::Sides;
use super::{Arranged, ChangeId, Plan, PlannedChange, Why, arranged, members_at_once};
use crate::change::{Change, Misfit};
use crate::model::Email;
use crate::target::Target;

/// Whether a change of a plan was agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreed {
    /// It was.
    Yes,
    /// It was seen as one that a guard holds.
    Held,
    /// Nobody has seen it.
    No,
}

/// A plan, split by what was agreed to.
#[derive(Debug, Clone)]
pub struct Restricted {
    /// What was agreed to and can be done by itself. No guard has judged it.
    pub plan: Plan,
    /// What was agreed to and needs what was not.
    pub unmet: Vec<Unmet>,
    /// What was not agreed to, in order.
    pub others: Vec<PlannedChange>,
}

/// A change that needs another, which is not going to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The change.
    pub change: Change,
    /// The first cause, however long the chain.
    pub needs: Change,
}

impl Plan {
    /// Takes out of the plan what was not agreed to, and what depends on that. What is left leads to a target of its
    /// own, so everything that was worked out for the whole is worked out for it anew.
    pub fn restrict(self, agreed: impl Fn(&Change) -> Agreed) -> Restricted {
        let Self { changes, live, .. } = &self;
        let (mut unmet, mut others) = (Vec::new(), Vec::new());
        let mut causes: BTreeMap<ChangeId, &Change> = BTreeMap::new();
        let mut kept: Vec<&PlannedChange> = Vec::new();
        let mut held: BTreeSet<&Change> = BTreeSet::new();
        let answers: Vec<Agreed> = changes.iter().map(|planned| agreed(&planned.change)).collect();
        for (planned, _) in changes.iter().zip(&answers).filter(|(_, agreed)| **agreed == Agreed::No) {
            causes.insert(planned.id, &planned.change);
        }
        // Changes stand after those that they depend on, but in a circle each needs all others.
        loop {
            let known = causes.len();
            for planned in changes {
                if let Some(cause) = planned.depends_on.iter().find_map(|needed| causes.get(needed)).copied() {
                    causes.entry(planned.id).or_insert(cause);
                }
            }
            for circle in &self.circles {
                if let Some(cause) = circle.changes.iter().find_map(|id| causes.get(id)).copied() {
                    for id in &circle.changes {
                        causes.entry(*id).or_insert(cause);
                    }
                }
            }
            if self.circles.is_empty() || causes.len() == known {
                break;
            }
        }
        for (planned, agreed) in changes.iter().zip(answers) {
            if agreed == Agreed::No {
                others.push(planned.clone());
            } else if let Some(cause) = causes.get(&planned.id).copied() {
                unmet.push(Unmet { change: planned.change.clone(), needs: cause.clone() });
            } else {
                if agreed == Agreed::Held {
                    held.insert(&planned.change);
                }
                kept.push(planned);
            }
        }
        let mut state = live.clone();
        for planned in &kept {
            // What is left fits, as it does when a change fails: but for the last owner, whom no state lets go. What the
            // plan is about is the target all the same; a guard blocks it.
            if let Err(Misfit::LastOwner(owner)) = state.perform(&planned.change, self.as_of) {
                if let (Change::SetOrgRole { to, .. }, Some(user)) = (&planned.change, state.users.get_mut(&owner)) {
                    user.role = to.clone();
                } else {
                    state.forget(&owner);
                }
            }
        }
        let renames = kept.iter().filter_map(|planned| planned.change.team_rename());
        let team_renames = renames.map(|(from, to)| (from.clone(), to.clone()));
        let mut target = Target {
            as_of: self.as_of,
            state,
            team_renames: team_renames.collect(),
            awaited_teams: BTreeMap::new(),
            replaced_users: self.replaced_users.clone(),
            kept: Vec::new(),
            withheld: BTreeSet::new(),
        };
        let blocked: BTreeSet<&Email> = kept
            .iter()
            .filter(|planned| planned.why == Why::Blocked)
            .filter_map(|planned| planned.change.user())
            .filter(|user| !live.active_owners().any(|owner| owner == *user))
            .collect();
        let explained: BTreeMap<&Change, &PlannedChange> =
            kept.iter().map(|planned| (&planned.change, *planned)).collect();
        let edits: Vec<Change> = kept.iter().map(|planned| planned.change.clone()).collect();
        let goes_first = |user: &Email| blocked.contains(user);
        let Arranged { changes: arranged, circles } =
            arranged(live, &target, edits, &self.ranks, self.rails.min_owners, goes_first);
        let mut held_when_saved = BTreeSet::new();
        let sides = Sides::new(live, &target.state);
        let mut changes = Vec::with_capacity(arranged.len());
        for (id, (change, depends_on, escalation)) in (1..).map(ChangeId).zip(arranged) {
            if held.contains(&change) {
                held_when_saved.insert(id);
            }
            let Some(explained) = explained.get(&change).copied() else { continue };
            let channel = self.requests.channel(&change, &sides);
            changes.push(PlannedChange { id, depends_on, escalation, channel, ..explained.clone() });
        }
        members_at_once(&changes, &mut target.state);
        let Target { state, team_renames, .. } = target;
        let plan = Self { changes, circles, target: state, team_renames, held_when_saved, guards: Vec::new(), ..self };
        Restricted { plan, unmet, others }
    }
}
