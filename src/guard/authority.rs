//! Nobody gives or takes more than they have: what the acting account may not do is left to somebody who may.

use std::collections::{BTreeMap, BTreeSet};

use super::subject::{subject, weight};
use super::{NAMED, some_of};
use crate::change::Change;
use crate::model::{BuiltInRole, OrgRole, ProjectRole, State, TeamName};
use crate::plan::{ChangeId, Channel, GuardCode, GuardEffect, GuardFinding, Plan};

/// Gives changes above the acting account's level to people, where the account is an admin: what owners are, only owners
/// give and take, and nobody removes somebody who is not below them (dossier 1.4). An account of another role may have
/// been given more on single projects, so the service decides.
pub(super) fn leave_to_people(plan: &mut Plan) -> Option<GuardFinding> {
    if plan.acting.as_ref()?.role.as_ref()? != &OrgRole::Admin {
        return None;
    }
    let Plan { changes, live, target, team_renames, .. } = plan;
    let old_names: BTreeMap<&TeamName, &TeamName> = team_renames.iter().map(|(old, new)| (new, old)).collect();
    let mut above = Vec::new();
    for planned in changes.iter_mut().filter(|planned| needs_an_owner(&planned.change, live, target, &old_names)) {
        // Nothing is known of what the token of SCIM may do, so the rule is kept for it too.
        if planned.channel != Channel::Manual {
            planned.channel = Channel::Manual;
            above.push(planned.id);
        }
    }
    let above: BTreeSet<ChangeId> = above.into_iter().collect();
    let mut named: Vec<&Change> =
        plan.changes.iter().filter(|planned| above.contains(&planned.id)).map(|planned| &planned.change).collect();
    named.sort_by_key(|change| weight(plan, change));
    let names: Vec<String> = named.into_iter().map(|change| subject(plan, change)).collect();
    let (these, them) = match names.len() {
        0 => return None,
        1 => ("1 change".to_owned(), "it"),
        number => (format!("{number} changes"), "them"),
    };
    let message = format!(
        "the acting account is an admin of the organization, and {these} of this plan must be made by an owner: do {them} \
         by hand ({})",
        some_of(&names),
    );
    let examples = names.into_iter().take(NAMED).collect();
    Some(GuardFinding { examples, ..GuardFinding::new(GuardCode::Authority, GuardEffect::Warn, message) })
}

fn needs_an_owner(change: &Change, live: &State, target: &State, old_names: &BTreeMap<&TeamName, &TeamName>) -> bool {
    const OWNER: ProjectRole = ProjectRole::BuiltIn(BuiltInRole::Owner);
    let is_owner = |role: &ProjectRole| *role == OWNER;
    let owns =
        |state: &State, team: &TeamName| state.teams.get(team).is_some_and(|team| team.roles.values().any(is_owner));
    match change {
        Change::InviteUser { role, .. } => *role == OrgRole::Owner,
        Change::SetOrgRole { from, to, .. } => *from == OrgRole::Owner || *to == OrgRole::Owner,
        Change::RemoveUser { user } => live.users.get(user).is_some_and(|found| found.role.manages()),
        Change::CancelInvite { user } => live.users.get(user).is_some_and(|found| found.role == OrgRole::Owner),
        Change::SetEveryone { from, to, .. }
        | Change::SetTeamRole { from, to, .. }
        | Change::SetGrant { from, to, .. } => is_owner(to) || from.as_ref().is_some_and(is_owner),
        Change::RemoveGrant { from, .. }
        | Change::RemoveTeamRole { from, .. }
        | Change::RemoveEveryone { from, .. } => is_owner(from),
        Change::AddTeamMember { team, .. } | Change::RemoveTeamMember { team, .. } | Change::DeleteTeam { team } => {
            owns(live, old_names.get(team).copied().unwrap_or(team)) || owns(target, team)
        }
        Change::RenameTeam { .. } | Change::CreateTeam { .. } => false,
    }
}
