//! Access that people lose who stay, because a team or everybody has a role no longer: one change of a plan may be that
//! of a whole company.

use std::collections::{BTreeMap, BTreeSet};

use super::exempt::after;
use crate::access::{AccessIndex, Effect, Via, access_changes};
use crate::change::Change;
use crate::model::{Email, ProjectId, TeamName};
use crate::plan::{ChangeId, Plan, PlannedChange};

/// What people lose.
#[derive(Debug)]
pub(super) struct Loss {
    /// How often somebody who stays has nothing left on a project.
    pub(super) accesses: usize,
    /// How often somebody has anything on a project before.
    pub(super) of: usize,
    /// The changes that take it.
    pub(super) changes: BTreeSet<ChangeId>,
}

/// What people lose by those of the changes that take roles from teams and from everybody, when the whole plan is
/// performed; none where there are no such changes.
pub(super) fn by_shared_roles(plan: &Plan, counted: &[&PlannedChange]) -> Option<Loss> {
    let taken = taken(plan, counted);
    if taken.is_empty() {
        return None;
    }
    let after = after(plan, plan.changes.iter());
    let (mut accesses, mut changes) = (0, BTreeSet::new());
    let edits = plan.changes.iter().map(|planned| &planned.change);
    for person in access_changes(&plan.live, &after, edits, &plan.ranks).filter(|person| person.stays) {
        for row in person.rows().filter(|row| row.effect == Effect::Lose) {
            let by: Vec<ChangeId> = row
                .before
                .iter()
                .filter_map(|source| match source.via {
                    Via::Team(team) => taken.get(&(Some(team), row.project)),
                    Via::Everyone => taken.get(&(None, row.project)),
                    Via::OrgRole | Via::Grant => None,
                })
                .copied()
                .collect();
            accesses += usize::from(!by.is_empty());
            changes.extend(by);
        }
    }
    (accesses > 0).then(|| Loss { accesses, of: had(plan), changes })
}

/// The roles that are taken from teams, by the name on the live side, and from everybody, with the changes that do.
fn taken<'p>(plan: &'p Plan, counted: &[&'p PlannedChange]) -> BTreeMap<(Option<&'p TeamName>, ProjectId), ChangeId> {
    let old_names: BTreeMap<&TeamName, &TeamName> = plan.team_renames.iter().map(|(old, new)| (new, old)).collect();
    let mut taken = BTreeMap::new();
    for planned in counted {
        match &planned.change {
            Change::RemoveTeamRole { team, project, .. } => {
                taken.insert((Some(old_names.get(team).copied().unwrap_or(team)), *project), planned.id);
            }
            Change::RemoveEveryone { project, .. } => {
                taken.insert((None, *project), planned.id);
            }
            Change::DeleteTeam { team } => {
                let roles = plan.live.teams.get(team).into_iter().flat_map(|team| team.roles.keys());
                taken.extend(roles.map(|project| ((Some(team), *project), planned.id)));
            }
            Change::InviteUser { .. }
            | Change::SetOrgRole { .. }
            | Change::SetEveryone { .. }
            | Change::SetTeamRole { .. }
            | Change::AddTeamMember { .. }
            | Change::SetGrant { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::CreateTeam { .. }
            | Change::RenameTeam { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => {}
        }
    }
    taken
}

/// How often somebody has anything on a project.
fn had(plan: &Plan) -> usize {
    let people: Vec<&Email> = plan.live.users.keys().collect();
    let index = AccessIndex::new(&plan.live, people.iter().copied());
    let mut found = Vec::new();
    let of = |user: &&Email| {
        index.collect(user, |_| true, &mut found);
        found.dedup_by_key(|(project, _)| *project);
        found.len()
    };
    people.iter().map(of).sum()
}
