//! Whom or what a change is about, in a few words.

use crate::change::Change;
use crate::model::{Email, OrgRole, State};
use crate::plan::Plan;

/// The user, team or role that `change` is about.
pub(super) fn subject(plan: &Plan, change: &Change) -> String {
    let person = |user: &Email, state: &State| match state.users.get(user).map(|found| &found.role) {
        Some(role) if role.manages() => format!("`{user}` ({role})"),
        Some(_) | None => format!("`{user}`"),
    };
    let on = |project| format!("`{}`", plan.project_label(project));
    match change {
        Change::InviteUser { user, role, .. } if role.manages() => format!("`{user}` ({role})"),
        Change::InviteUser { user, .. } | Change::RemoveUser { user } | Change::CancelInvite { user } => {
            person(user, &plan.live)
        }
        Change::SetOrgRole { user, from, to, .. } => format!("`{user}` ({from}, then {to})"),
        Change::AddTeamMember { team, user } | Change::RemoveTeamMember { team, user } => {
            format!("`{user}` in the team `{team}`")
        }
        Change::CreateTeam { team } | Change::DeleteTeam { team } | Change::RenameTeam { to: team, .. } => {
            format!("the team `{team}`")
        }
        Change::SetTeamRole { team, project, .. } | Change::RemoveTeamRole { team, project, .. } => {
            format!("the role of the team `{team}` on {}", on(*project))
        }
        Change::SetGrant { user, project, .. } | Change::RemoveGrant { user, project, .. } => {
            format!("the grant of `{user}` on {}", on(*project))
        }
        Change::SetEveryone { project, .. } | Change::RemoveEveryone { project, .. } => {
            format!("the role of everybody on {}", on(*project))
        }
    }
}

/// The less, the earlier a change is named: what makes or unmakes owners, then admins, then everything else.
pub(super) fn weight(plan: &Plan, change: &Change) -> u8 {
    let of = |role: &OrgRole| match role {
        OrgRole::Owner => 0,
        OrgRole::Admin => 1,
        OrgRole::BillingAdmin | OrgRole::Member | OrgRole::Other(_) => 2,
    };
    let live = change.user().and_then(|user| plan.live.users.get(user)).map_or(2, |found| of(&found.role));
    match change {
        Change::InviteUser { role, .. } => of(role),
        Change::SetOrgRole { from, to, .. } => of(from).min(of(to)),
        Change::RemoveUser { .. } | Change::CancelInvite { .. } => live,
        // Who stays an owner is not named for a grant.
        Change::AddTeamMember { .. }
        | Change::RemoveTeamMember { .. }
        | Change::CreateTeam { .. }
        | Change::DeleteTeam { .. }
        | Change::RenameTeam { .. }
        | Change::SetTeamRole { .. }
        | Change::RemoveTeamRole { .. }
        | Change::SetGrant { .. }
        | Change::RemoveGrant { .. }
        | Change::SetEveryone { .. }
        | Change::RemoveEveryone { .. } => 2,
    }
}
