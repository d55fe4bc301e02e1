//! Access that people lose who stay, because a team or everybody has a role no longer: one change of a plan may be that
//! of a whole company.

use std::collections::{BTreeMap, BTreeSet};

use super::exempt::{Exempt, after};
use super::holding::{ALWAYS_FINE, exceeds, is_removal, take_along};
use super::subject::subject;
use super::{percentage, some_of};
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

/// What people lose by those of the changes that take roles from teams and from everybody, when all of the plan but what
/// is `held` is performed; none where there are no such changes.
pub(super) fn by_shared_roles(plan: &Plan, counted: &[&PlannedChange], held: &BTreeSet<ChangeId>) -> Option<Loss> {
    let taken = taken(plan, counted);
    if taken.is_empty() {
        return None;
    }
    let to_do = || plan.changes.iter().filter(|planned| !held.contains(&planned.id));
    let after = after(plan, to_do());
    let (mut accesses, mut changes) = (0, BTreeSet::new());
    let edits = to_do().map(|planned| &planned.change);
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

/// Roles of teams and of everybody that stay while something else is held.
#[derive(Debug)]
pub(super) struct Kept {
    /// The removals of these roles.
    pub(super) changes: BTreeSet<ChangeId>,
    /// How often somebody would have nothing left on a project, and how often somebody has anything before.
    lost: (usize, usize),
}

impl Kept {
    /// Why these roles stay, after the sentence that says what else is held.
    pub(super) fn message(&self, plan: &Plan) -> String {
        let kept = plan.changes.iter().filter(|planned| self.changes.contains(&planned.id));
        let names: Vec<String> = kept.map(|planned| subject(plan, &planned.change)).collect();
        let (number, of) = self.lost;
        format!(
            ". Meanwhile {} {} too, or people who stay would lose {number} of {of} accesses to projects ({} %)",
            some_of(&names),
            if names.len() == 1 { "stays" } else { "stay" },
            percentage(number, of)
        )
    }
}

/// Finds the roles of teams and of everybody that have to stay because of what is `held`: it keeps people who would have
/// gone, or from people what they would have had instead, and without these roles more of them than the limit allows would
/// have nothing left on a project. What was let through is not judged again. `held` takes along what is found.
pub(super) fn keep_meanwhile(
    plan: &Plan,
    exempt: &Exempt,
    let_through: &BTreeSet<ChangeId>,
    held: &mut BTreeSet<ChangeId>,
) -> Option<Kept> {
    let mut kept = Kept { changes: BTreeSet::new(), lost: (0, 0) };
    // Without anything held it is what was counted in the first place.
    while !held.is_empty() {
        let is_open = |id: &ChangeId| !held.contains(id) && !let_through.contains(id);
        let counted: Vec<&PlannedChange> =
            plan.changes.iter().filter(|planned| is_open(&planned.id) && is_removal(exempt, planned)).collect();
        let loss = by_shared_roles(plan, &counted, held);
        let Some(loss) = loss.filter(|loss| exceeds(plan.rails.max_removals, loss.accesses, loss.of, ALWAYS_FINE))
        else {
            break;
        };
        kept.lost = kept.lost.max((loss.accesses, loss.of));
        held.extend(&loss.changes);
        kept.changes.extend(loss.changes);
        take_along(plan, held);
    }
    (!kept.changes.is_empty()).then_some(kept)
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
