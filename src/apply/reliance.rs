//! Which changes must not rely on the mere word of the service that another one was done.

use crate::change::{Change, ChangeKind};

/// Whether a change that depends on `needed` would do harm if that had no effect although it is said to: somebody would
/// have less than before and after, or more.
pub fn relies_on(change: &Change, needed: &Change) -> bool {
    match needed.kind() {
        // Without the team or the new name there is nothing that the other change could be made to.
        ChangeKind::CreateTeam | ChangeKind::RenameTeam => false,
        ChangeKind::InviteUser
        | ChangeKind::SetOrgRole
        | ChangeKind::SetEveryone
        | ChangeKind::SetTeamRole
        | ChangeKind::AddTeamMember
        | ChangeKind::SetGrant
        | ChangeKind::RemoveGrant
        | ChangeKind::RemoveTeamMember
        | ChangeKind::RemoveTeamRole
        | ChangeKind::RemoveEveryone
        | ChangeKind::DeleteTeam
        | ChangeKind::CancelInvite
        | ChangeKind::RemoveUser => may_take(change) || may_take(needed),
    }
}

/// Whether a change may leave somebody with less.
fn may_take(change: &Change) -> bool {
    match change {
        Change::SetEveryone { from, .. } | Change::SetTeamRole { from, .. } | Change::SetGrant { from, .. } => {
            from.is_some()
        }
        Change::SetOrgRole { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. }
        | Change::CancelInvite { .. }
        | Change::RemoveUser { .. } => true,
        Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::InviteUser { .. }
        | Change::AddTeamMember { .. } => false,
    }
}
