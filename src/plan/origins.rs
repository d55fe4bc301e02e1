//! Why changes are in a plan: what is proposed, told from what was agreed to before.

use super::{Origin, Plan, Why};
use crate::change::Change;
use crate::model::State;

impl Plan {
    /// Tells what this plan proposes from what `base` wanted already, the plan of an earlier configuration for the same
    /// live side; without one everything is proposed.
    ///
    /// What both want was changed on the live side, or was never applied; `applied`, the live side as it was after the
    /// last apply, tells which. Where that is not known it is called drift.
    pub fn tell_origins(&mut self, base: Option<&Plan>, applied: Option<&State>) {
        self.knows_base = true;
        let mut agreed: Vec<&Change> =
            base.iter().flat_map(|base| &base.changes).map(|planned| &planned.change).collect();
        agreed.sort_unstable();
        for planned in &mut self.changes {
            planned.origin = if planned.why == Why::Expired {
                Origin::Expiry
            } else if agreed.binary_search(&&planned.change).is_err() {
                Origin::Proposed
            } else if applied.is_some_and(|applied| !holds(applied, &planned.change)) {
                Origin::Pending
            } else {
                Origin::Drift
            };
        }
    }
}

/// Whether `state` is as it is after `change`.
fn holds(state: &State, change: &Change) -> bool {
    let team = |name| state.teams.get(name);
    let role = |user| state.users.get(user).map(|user| &user.role);
    match change {
        Change::InviteUser { user, .. } => state.users.contains_key(user),
        Change::CancelInvite { user } | Change::RemoveUser { user } => !state.users.contains_key(user),
        Change::SetOrgRole { user, to, .. } => role(user) == Some(to),
        Change::CreateTeam { team: name } => team(name).is_some(),
        Change::DeleteTeam { team: name } => team(name).is_none(),
        Change::RenameTeam { from, to } => team(from).is_none() && team(to).is_some(),
        Change::AddTeamMember { team: name, user } => team(name).is_some_and(|team| team.members.contains(user)),
        Change::RemoveTeamMember { team: name, user } => !team(name).is_some_and(|team| team.members.contains(user)),
        Change::SetTeamRole { team: name, project, to, .. } => {
            team(name).and_then(|team| team.roles.get(project)) == Some(to)
        }
        Change::RemoveTeamRole { team: name, project, .. } => {
            team(name).and_then(|team| team.roles.get(project)).is_none()
        }
        Change::SetGrant { user, project, to, .. } => state.grants.get(&(user.clone(), *project)) == Some(to),
        Change::RemoveGrant { user, project, .. } => !state.grants.contains_key(&(user.clone(), *project)),
        Change::SetEveryone { project, to, .. } => {
            state.projects.get(project).and_then(|project| project.everyone.as_ref()) == Some(to)
        }
        Change::RemoveEveryone { project, .. } => {
            state.projects.get(project).and_then(|project| project.everyone.as_ref()).is_none()
        }
    }
}
