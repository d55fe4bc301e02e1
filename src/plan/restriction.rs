//! The part of a plan that somebody agreed to, as a plan of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::arrangement::Arrangement;
use super::{ChangeId, Plan, PlannedChange, members_at_once, relate};
use crate::change::Change;
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
        let mut kept: Vec<PlannedChange> = Vec::new();
        // Where the changes that are left stand now.
        let mut places: BTreeMap<ChangeId, ChangeId> = BTreeMap::new();
        let mut was_held = BTreeSet::new();
        // Changes stand after those that they depend on.
        for (planned, agreed) in changes.iter().map(|planned| (planned, agreed(&planned.change))) {
            if agreed == Agreed::No {
                causes.insert(planned.id, &planned.change);
                others.push(planned.clone());
            } else if let Some(cause) = planned.depends_on.iter().find_map(|needed| causes.get(needed)).copied() {
                causes.insert(planned.id, cause);
                unmet.push(Unmet { change: planned.change.clone(), needs: cause.clone() });
            } else {
                let id = ChangeId(u32::try_from(kept.len()).unwrap_or(u32::MAX).saturating_add(1));
                places.insert(planned.id, id);
                if agreed == Agreed::Held {
                    was_held.insert(id);
                }
                let depends_on = planned.depends_on.iter().filter_map(|needed| places.get(needed).copied()).collect();
                kept.push(PlannedChange { id, depends_on, ..planned.clone() });
            }
        }
        let mut state = live.clone();
        for planned in &kept {
            // What is left fits, as it does when a change fails. Only the last owner cannot be taken away, and a plan
            // that does is blocked.
            let _ = state.perform(&planned.change, self.as_of);
        }
        let changes: Vec<Change> = kept.iter().map(|planned| planned.change.clone()).collect();
        let team_renames = changes.iter().filter_map(|change| match change {
            Change::RenameTeam { from, to } => Some((from.clone(), to.clone())),
            Change::CreateTeam { .. }
            | Change::InviteUser { .. }
            | Change::SetOrgRole { .. }
            | Change::SetEveryone { .. }
            | Change::SetTeamRole { .. }
            | Change::AddTeamMember { .. }
            | Change::SetGrant { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveEveryone { .. }
            | Change::DeleteTeam { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => None,
        });
        let mut target = Target {
            as_of: self.as_of,
            state,
            team_renames: team_renames.collect(),
            awaited_teams: BTreeMap::new(),
            replaced_users: self.replaced_users.clone(),
            kept: Vec::new(),
        };
        // What stays by this target may not have stayed by the one of the whole, and the other way round.
        let known = kept.iter_mut().map(|planned| std::mem::take(&mut planned.depends_on)).collect();
        let with = (&self.ranks, self.rails.min_owners);
        let (Arrangement { order, depends_on }, raises) = relate(live, &target, &changes, with, known);
        let mut left: Vec<Option<PlannedChange>> = kept.into_iter().map(Some).collect();
        let arranged = order.iter().filter_map(|place| left[*place].take());
        let mut kept: Vec<PlannedChange> = Vec::with_capacity(order.len());
        let mut held_when_saved = BTreeSet::new();
        for ((id, planned), (depends_on, escalation)) in
            (1..).map(ChangeId).zip(arranged).zip(depends_on.into_iter().zip(raises))
        {
            if was_held.contains(&planned.id) {
                held_when_saved.insert(id);
            }
            let channel = self.requests.channel(&planned.change, live, &target.state);
            kept.push(PlannedChange { id, depends_on, escalation, channel, ..planned });
        }
        members_at_once(&kept, &mut target.state);
        let Target { state, team_renames, .. } = target;
        let plan = Self { changes: kept, target: state, team_renames, held_when_saved, guards: Vec::new(), ..self };
        Restricted { plan, unmet, others }
    }
}
