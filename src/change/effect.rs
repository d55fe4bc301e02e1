//! Whether a state has what a change makes: how a change whose answer was lost is found out about.

use super::Change;
use crate::model::{Email, ProjectId, State};

impl State {
    /// Whether this state, read after `change` was asked for, is as the change leaves it; `None` where the part that
    /// would tell was not read.
    pub fn shows(&self, change: &Change) -> Option<bool> {
        let unread = &self.unread;
        let of_team = |found: bool| (!unread.teams).then_some(found);
        let of_project = |project: &ProjectId, found: bool| (!unread.projects.contains(project)).then_some(found);
        let people_are_known = |user: &Email| !unread.invitations && !unread.people.contains(user);
        match change {
            Change::RenameTeam { from, to } => of_team(self.teams.contains_key(to) && !self.teams.contains_key(from)),
            Change::CreateTeam { team } => of_team(self.teams.contains_key(team)),
            Change::DeleteTeam { team } => of_team(!self.teams.contains_key(team)),
            Change::AddTeamMember { team, user } => {
                of_team(self.teams.get(team).is_some_and(|found| found.members.contains(user)))
            }
            Change::RemoveTeamMember { team, user } => {
                of_team(self.teams.get(team).is_none_or(|found| !found.members.contains(user)))
            }
            Change::SetTeamRole { team, project, to, .. } => {
                of_team(self.teams.get(team).is_some_and(|found| found.roles.get(project) == Some(to)))
            }
            Change::RemoveTeamRole { team, project, .. } => {
                of_team(self.teams.get(team).is_none_or(|found| !found.roles.contains_key(project)))
            }
            Change::InviteUser { user, .. } => match self.users.contains_key(user) {
                true => Some(true),
                false => people_are_known(user).then_some(false),
            },
            Change::RemoveUser { user } | Change::CancelInvite { user } => match self.users.contains_key(user) {
                true => Some(false),
                false => people_are_known(user).then_some(true),
            },
            Change::SetOrgRole { user, to, .. } => match self.users.get(user) {
                Some(found) => Some(found.role == *to),
                None => people_are_known(user).then_some(false),
            },
            Change::SetEveryone { project, to, .. } => {
                let found = self.projects.get(project).and_then(|found| found.everyone.as_ref());
                of_project(project, found == Some(to))
            }
            Change::RemoveEveryone { project, .. } => {
                of_project(project, self.projects.get(project).is_none_or(|found| found.everyone.is_none()))
            }
            Change::SetGrant { user, project, to, .. } => match self.grants.get(&(user.clone(), *project)) {
                Some(found) => Some(found == to),
                None => of_project(project, false),
            },
            Change::RemoveGrant { user, project, .. } => match self.grants.contains_key(&(user.clone(), *project)) {
                true => Some(false),
                false => of_project(project, true),
            },
        }
    }
}
