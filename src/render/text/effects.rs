//! Which of the shown changes alter somebody's access.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::AccessChange;
use crate::change::Change;
use crate::model::{Email, ProjectId, Team, TeamName};
use crate::plan::{ChangeId, Plan, PlannedChange};

/// Finds the changes among those asked about that alter somebody's access, in one pass over the access changes.
///
/// A change of a grant counts when its user's access to its project changes, one of a membership when the access to
/// any project of the team does, and so on: a question about places, so that two changes that cancel each other out
/// are both found to be without effect.
#[derive(Debug, Default)]
pub(crate) struct Effects<'a> {
    grants: BTreeMap<(&'a Email, ProjectId), Vec<ChangeId>>,
    users: BTreeMap<&'a Email, Vec<(ChangeId, Option<&'a Team>)>>,
    teams: BTreeMap<ProjectId, Vec<(ChangeId, LiveAndTarget<'a>)>>,
    everyone: BTreeMap<ProjectId, Vec<ChangeId>>,
    effective: BTreeSet<ChangeId>,
}

/// A team as it is and as it will be.
type LiveAndTarget<'a> = [Option<&'a Team>; 2];

impl<'a> Effects<'a> {
    /// Asks about `changes` of `plan`.
    pub(crate) fn of(plan: &'a Plan, changes: impl IntoIterator<Item = &'a PlannedChange>) -> Self {
        let mut effects = Self::default();
        for planned in changes {
            effects.ask(plan, planned);
        }
        effects
    }

    fn ask(&mut self, plan: &'a Plan, planned: &'a PlannedChange) {
        let id = planned.id;
        match &planned.change {
            Change::SetGrant { user, project, .. } | Change::RemoveGrant { user, project, .. } => {
                self.grants.entry((user, *project)).or_default().push(id);
            }
            Change::AddTeamMember { team, user } => {
                self.users.entry(user).or_default().push((id, plan.target.teams.get(team)));
            }
            Change::RemoveTeamMember { team, user } => {
                self.users.entry(user).or_default().push((id, live_team(plan, team)));
            }
            Change::SetOrgRole { user, .. } | Change::RemoveUser { user } => {
                self.users.entry(user).or_default().push((id, None));
            }
            Change::SetTeamRole { team, project, .. } | Change::RemoveTeamRole { team, project, .. } => {
                let teams = (id, [live_team(plan, team), plan.target.teams.get(team)]);
                self.teams.entry(*project).or_default().push(teams);
            }
            Change::DeleteTeam { team } => {
                let live = live_team(plan, team);
                for project in live.into_iter().flat_map(|live| live.roles.keys()) {
                    self.teams.entry(*project).or_default().push((id, [live, None]));
                }
            }
            Change::SetEveryone { project, .. } | Change::RemoveEveryone { project, .. } => {
                self.everyone.entry(*project).or_default().push(id);
            }
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::InviteUser { .. }
            | Change::CancelInvite { .. } => {}
        }
    }

    /// Takes note of one access change.
    pub(crate) fn note(&mut self, access: &AccessChange) {
        if let Some(changes) = self.grants.get(&(&access.user, access.project)) {
            self.effective.extend(changes);
        }
        for (id, team) in self.users.get(&access.user).into_iter().flatten() {
            if team.is_none_or(|team| team.roles.contains_key(&access.project)) {
                self.effective.insert(*id);
            }
        }
        if let Some(open) = self.teams.get_mut(&access.project) {
            // A change that was found is not asked about again: there may be thousands for each of a million rows.
            open.retain(|(id, teams)| {
                let is_found = teams.iter().flatten().any(|team| team.members.contains(&access.user));
                if is_found {
                    self.effective.insert(*id);
                }
                !is_found
            });
        }
        if let Some(changes) = self.everyone.get(&access.project) {
            self.effective.extend(changes);
        }
    }

    /// The changes that have an effect.
    pub(crate) fn found(self) -> BTreeSet<ChangeId> {
        self.effective
    }
}

/// The team that is called `name` after the plan's renames, as it is on the live side.
pub(crate) fn live_team<'a>(plan: &'a Plan, name: &TeamName) -> Option<&'a Team> {
    let before = plan.team_renames.iter().find(|(_, to)| *to == name).map_or(name, |(from, _)| from);
    plan.live.teams.get(before)
}
