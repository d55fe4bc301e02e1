//! Nobody gives or takes more than they have: what the acting account may not do is left to somebody who may.

use std::collections::{BTreeMap, BTreeSet};

use super::subject::{subject, weight};
use super::{NAMED, some_of};
use crate::change::Change;
use crate::model::{BuiltInRole, OrgRole, ProjectRole, State, TeamName};
use crate::plan::{ChangeId, Channel, GuardCode, GuardEffect, GuardFinding, Plan};

/// Gives changes above the acting account's level to people, where the account is an admin: what owners are, only owners
/// give and take, and nobody removes somebody who is not below them (dossier 1.4). Where the service does not say what the
/// account is, what owners and admins are is left to people. An account of another role may have been given more on single
/// projects, so the service decides, and the plan says that it will probably refuse.
pub(super) fn leave_to_people(plan: &mut Plan) -> Option<GuardFinding> {
    let (is_above, account): (fn(BuiltInRole) -> bool, _) = match &plan.acting.as_ref()?.role {
        Some(OrgRole::Owner) => return None,
        Some(OrgRole::Admin) => {
            (|role| role == BuiltInRole::Owner, "the acting account is an admin of the organization")
        }
        None => (|role| role >= BuiltInRole::Admin, "the org role of the acting account is not known"),
        Some(role @ (OrgRole::BillingAdmin | OrgRole::Member | OrgRole::Other(_))) => {
            let message = format!(
                "the acting account is `{}` in the organization, and only owners and admins manage people, teams and \
                 roles: the service will probably refuse this plan. Give the account the org role `admin`",
                role.as_str()
            );
            return (!plan.changes.is_empty()).then(|| warning(message));
        }
    };
    let is_unknown = is_above(BuiltInRole::Admin);
    let Plan { changes, live, target, team_renames, .. } = plan;
    let old_names: BTreeMap<&TeamName, &TeamName> = team_renames.iter().map(|(old, new)| (new, old)).collect();
    let mut above = Vec::new();
    for planned in
        changes.iter_mut().filter(|planned| is_for_others(&planned.change, live, target, &old_names, is_above))
    {
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
        0 if is_unknown && !plan.changes.is_empty() => {
            return Some(warning(format!("{account}: the service may refuse a part of this plan")));
        }
        0 => return None,
        1 => ("1 change".to_owned(), "it"),
        number => (format!("{number} changes"), "them"),
    };
    let whose = match (is_unknown, names.len()) {
        (false, _) => "must be made by an owner",
        (true, 1) => "concerns owners and admins",
        (true, _) => "concern owners and admins",
    };
    let message = format!("{account}, and {these} of this plan {whose}: do {them} by hand ({})", some_of(&names));
    Some(GuardFinding { examples: names.into_iter().take(NAMED).collect(), ..warning(message) })
}

fn warning(message: String) -> GuardFinding {
    GuardFinding::new(GuardCode::Authority, GuardEffect::Warn, message)
}

/// Whether a change gives or takes a role that `is_above`, or removes somebody who is not below who acts.
fn is_for_others(
    change: &Change,
    live: &State,
    target: &State,
    old_names: &BTreeMap<&TeamName, &TeamName>,
    is_above: fn(BuiltInRole) -> bool,
) -> bool {
    let is_strong = |role: &ProjectRole| matches!(role, ProjectRole::BuiltIn(role) if is_above(*role));
    let of_organization = |role: &OrgRole| role.on_every_project().is_some_and(is_above);
    let owns =
        |state: &State, team: &TeamName| state.teams.get(team).is_some_and(|team| team.roles.values().any(is_strong));
    match change {
        Change::InviteUser { role, .. } => of_organization(role),
        Change::SetOrgRole { from, to, .. } => of_organization(from) || of_organization(to),
        Change::RemoveUser { user } => live.users.get(user).is_some_and(|found| found.role.manages()),
        Change::CancelInvite { user } => live.users.get(user).is_some_and(|found| of_organization(&found.role)),
        Change::SetEveryone { from, to, .. }
        | Change::SetTeamRole { from, to, .. }
        | Change::SetGrant { from, to, .. } => is_strong(to) || from.as_ref().is_some_and(is_strong),
        Change::RemoveGrant { from, .. }
        | Change::RemoveTeamRole { from, .. }
        | Change::RemoveEveryone { from, .. } => is_strong(from),
        Change::AddTeamMember { team, .. } | Change::RemoveTeamMember { team, .. } | Change::DeleteTeam { team } => {
            owns(live, old_names.get(team).copied().unwrap_or(team)) || owns(target, team)
        }
        Change::RenameTeam { .. } | Change::CreateTeam { .. } => false,
    }
}
