//! Whom and what a change is about.

use super::Change;
use crate::model::{Email, ProjectId, TeamName};

/// A user or a team as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject<'a> {
    /// A user.
    User(&'a Email),
    /// A team.
    Team(&'a TeamName),
}

impl Change {
    /// The user that the change names, if it names one.
    pub fn user(&self) -> Option<&Email> {
        match self {
            Self::InviteUser { user, .. }
            | Self::SetOrgRole { user, .. }
            | Self::AddTeamMember { user, .. }
            | Self::SetGrant { user, .. }
            | Self::RemoveGrant { user, .. }
            | Self::RemoveTeamMember { user, .. }
            | Self::CancelInvite { user }
            | Self::RemoveUser { user } => Some(user),
            Self::RenameTeam { .. }
            | Self::CreateTeam { .. }
            | Self::SetEveryone { .. }
            | Self::SetTeamRole { .. }
            | Self::RemoveTeamRole { .. }
            | Self::RemoveEveryone { .. }
            | Self::DeleteTeam { .. } => None,
        }
    }

    /// The team that the change names, if it names one; after a rename, the new name.
    pub fn team(&self) -> Option<&TeamName> {
        match self {
            Self::RenameTeam { to: team, .. }
            | Self::CreateTeam { team }
            | Self::SetTeamRole { team, .. }
            | Self::AddTeamMember { team, .. }
            | Self::RemoveTeamMember { team, .. }
            | Self::RemoveTeamRole { team, .. }
            | Self::DeleteTeam { team } => Some(team),
            Self::InviteUser { .. }
            | Self::SetOrgRole { .. }
            | Self::SetEveryone { .. }
            | Self::SetGrant { .. }
            | Self::RemoveGrant { .. }
            | Self::RemoveEveryone { .. }
            | Self::CancelInvite { .. }
            | Self::RemoveUser { .. } => None,
        }
    }

    /// The project that the change names, if it names one.
    pub fn project(&self) -> Option<ProjectId> {
        match self {
            Self::SetEveryone { project, .. }
            | Self::SetTeamRole { project, .. }
            | Self::SetGrant { project, .. }
            | Self::RemoveGrant { project, .. }
            | Self::RemoveTeamRole { project, .. }
            | Self::RemoveEveryone { project, .. } => Some(*project),
            Self::RenameTeam { .. }
            | Self::CreateTeam { .. }
            | Self::InviteUser { .. }
            | Self::SetOrgRole { .. }
            | Self::AddTeamMember { .. }
            | Self::RemoveTeamMember { .. }
            | Self::DeleteTeam { .. }
            | Self::CancelInvite { .. }
            | Self::RemoveUser { .. } => None,
        }
    }

    /// The old and the new name, if it renames a team.
    pub fn team_rename(&self) -> Option<(&TeamName, &TeamName)> {
        if let Self::RenameTeam { from, to } = self { Some((from, to)) } else { None }
    }

    /// The user and the team that the change names.
    pub(crate) fn subjects(&self) -> impl Iterator<Item = Subject<'_>> {
        self.user().map(Subject::User).into_iter().chain(self.team().map(Subject::Team))
    }

    /// Whom or what the change makes. A team that is renamed was there before.
    pub fn makes(&self) -> Option<Subject<'_>> {
        match self {
            Self::InviteUser { user, .. } => Some(Subject::User(user)),
            Self::CreateTeam { team } => Some(Subject::Team(team)),
            Self::RenameTeam { .. }
            | Self::SetOrgRole { .. }
            | Self::SetEveryone { .. }
            | Self::SetTeamRole { .. }
            | Self::AddTeamMember { .. }
            | Self::SetGrant { .. }
            | Self::RemoveGrant { .. }
            | Self::RemoveTeamMember { .. }
            | Self::RemoveTeamRole { .. }
            | Self::RemoveEveryone { .. }
            | Self::DeleteTeam { .. }
            | Self::CancelInvite { .. }
            | Self::RemoveUser { .. } => None,
        }
    }

    /// Whom or what the change removes, with all memberships, roles and grants.
    pub fn removes(&self) -> Option<Subject<'_>> {
        match self {
            Self::CancelInvite { user } | Self::RemoveUser { user } => Some(Subject::User(user)),
            Self::DeleteTeam { team } => Some(Subject::Team(team)),
            Self::RenameTeam { .. }
            | Self::CreateTeam { .. }
            | Self::InviteUser { .. }
            | Self::SetOrgRole { .. }
            | Self::SetEveryone { .. }
            | Self::SetTeamRole { .. }
            | Self::AddTeamMember { .. }
            | Self::SetGrant { .. }
            | Self::RemoveGrant { .. }
            | Self::RemoveTeamMember { .. }
            | Self::RemoveTeamRole { .. }
            | Self::RemoveEveryone { .. } => None,
        }
    }

    /// The user whom the change removes, whether they had joined or were only invited.
    pub fn removed_user(&self) -> Option<&Email> {
        if let Some(Subject::User(user)) = self.removes() { Some(user) } else { None }
    }
}
