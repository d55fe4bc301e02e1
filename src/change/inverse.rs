//! What takes a change back.

use super::Change;
use crate::model::{OrgRole, TeamName};

impl Change {
    /// The change that takes this one back, where the change itself says all that it takes. What goes along with a user
    /// or a team that is removed is not said by the change, and the role of a user is not either: who comes again comes
    /// as `role`, and where that is not known there is no way back.
    pub fn inverse(&self, role: Option<OrgRole>) -> Option<Self> {
        Some(match self.clone() {
            Self::RenameTeam { from, to } => Self::RenameTeam { from: to, to: from },
            Self::CreateTeam { team } => Self::DeleteTeam { team },
            Self::DeleteTeam { team } => Self::CreateTeam { team },
            // Whoever has joined since is removed; whoever knows the live side knows that.
            Self::InviteUser { user, .. } => Self::CancelInvite { user },
            Self::CancelInvite { user } | Self::RemoveUser { user } => Self::InviteUser { user, role: role? },
            Self::SetOrgRole { user, from, to } => Self::SetOrgRole { user, from: to, to: from },
            Self::AddTeamMember { team, user } => Self::RemoveTeamMember { team, user },
            Self::RemoveTeamMember { team, user } => Self::AddTeamMember { team, user },
            Self::SetEveryone { project, from: Some(from), to } => {
                Self::SetEveryone { project, from: Some(to), to: from }
            }
            Self::SetEveryone { project, from: None, to } => Self::RemoveEveryone { project, from: to },
            Self::RemoveEveryone { project, from } => Self::SetEveryone { project, from: None, to: from },
            Self::SetTeamRole { team, project, from: Some(from), to } => {
                Self::SetTeamRole { team, project, from: Some(to), to: from }
            }
            Self::SetTeamRole { team, project, from: None, to } => Self::RemoveTeamRole { team, project, from: to },
            Self::RemoveTeamRole { team, project, from } => Self::SetTeamRole { team, project, from: None, to: from },
            Self::SetGrant { user, project, from: Some(from), to } => {
                Self::SetGrant { user, project, from: Some(to), to: from }
            }
            Self::SetGrant { user, project, from: None, to } => Self::RemoveGrant { user, project, from: to },
            Self::RemoveGrant { user, project, from } => Self::SetGrant { user, project, from: None, to: from },
        })
    }

    /// The same change of a team that is now called what `called` makes of its name.
    pub(crate) fn with_team(&self, called: impl Fn(&TeamName) -> TeamName) -> Self {
        let mut change = self.clone();
        match &mut change {
            Self::CreateTeam { team }
            | Self::DeleteTeam { team }
            | Self::AddTeamMember { team, .. }
            | Self::RemoveTeamMember { team, .. }
            | Self::SetTeamRole { team, .. }
            | Self::RemoveTeamRole { team, .. } => *team = called(team),
            Self::RenameTeam { .. }
            | Self::InviteUser { .. }
            | Self::SetOrgRole { .. }
            | Self::SetEveryone { .. }
            | Self::SetGrant { .. }
            | Self::RemoveGrant { .. }
            | Self::RemoveEveryone { .. }
            | Self::CancelInvite { .. }
            | Self::RemoveUser { .. } => {}
        }
        change
    }
}
