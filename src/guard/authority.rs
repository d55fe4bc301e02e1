//! Nobody gives or takes more than they have: what the acting account may not do is left to somebody who may.

use std::collections::{BTreeMap, BTreeSet};

use super::subject::{subject, weight};
use super::{NAMED, some_of};
use crate::change::Change;
use crate::model::{BuiltInRole, OrgRole, ProjectRole, State, TeamName};
use crate::plan::{ChangeId, Channel, GuardCode, GuardEffect, GuardFinding, Plan};

/// What the acting account is, as far as it matters for what it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Owner,
    Admin,
    /// The service does not say: it may be an admin or less.
    Unknown,
}

impl Level {
    /// Whether the account neither gives nor takes `role`.
    fn is_below(self, role: BuiltInRole) -> bool {
        match self {
            Self::Owner => false,
            Self::Admin => role == BuiltInRole::Owner,
            Self::Unknown => role >= BuiltInRole::Admin,
        }
    }

    /// Whether the account does not remove somebody of this org role, who is not below it.
    fn cannot_remove(self, role: &OrgRole) -> bool {
        match self {
            Self::Owner => *role == OrgRole::Owner,
            Self::Admin | Self::Unknown => role.manages(),
        }
    }
}

/// Gives changes above the acting account's level to people: nobody removes somebody who is not below them, so not even an
/// owner removes an owner, and what owners are, an admin neither gives nor takes (dossier 1.4). Where the service does not
/// say what the account is, what owners and admins are is left to people. An account of another role may have been given
/// more on single projects, so the service decides, and the plan says that it will probably refuse.
///
/// An owner could lower another one first and remove a member then. That is left to whoever declares it: a plan that does
/// both would lower people of whom nobody has said that they should be anything less, and a run that ends in between would
/// leave them so.
pub(super) fn leave_to_people(plan: &mut Plan) -> Option<GuardFinding> {
    let (level, account) = match &plan.acting.as_ref()?.role {
        Some(OrgRole::Owner) => (Level::Owner, "the acting account is an owner of the organization"),
        Some(OrgRole::Admin) => (Level::Admin, "the acting account is an admin of the organization"),
        None => (Level::Unknown, "the org role of the acting account is not known"),
        Some(role @ (OrgRole::BillingAdmin | OrgRole::Member | OrgRole::Other(_))) => {
            let message = format!(
                "the acting account is `{}` in the organization, and only owners and admins manage people, teams and \
                 roles: the service will probably refuse this plan. Give the account the org role `admin`",
                role.as_str()
            );
            return (!plan.changes.is_empty()).then(|| warning(message));
        }
    };
    let Plan { changes, live, target, team_renames, .. } = plan;
    let old_names: BTreeMap<&TeamName, &TeamName> = team_renames.iter().map(|(old, new)| (new, old)).collect();
    let mut above = Vec::new();
    for planned in changes.iter_mut().filter(|planned| is_for_others(&planned.change, live, target, &old_names, level))
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
        0 if level == Level::Unknown && !plan.changes.is_empty() => {
            return Some(warning(format!("{account}: the service may refuse a part of this plan")));
        }
        0 => return None,
        1 => ("1 change".to_owned(), "it"),
        number => (format!("{number} changes"), "them"),
    };
    let who = some_of(&names);
    let message = match (level, names.len()) {
        (Level::Owner, _) => format!(
            "{account}, and nobody removes somebody who is not below them: {these} of this plan can only be made in two \
             steps, a lower role and then the removal. Do {them} by hand ({who}), or declare a lower role by a plan before"
        ),
        (Level::Admin, _) => {
            format!("{account}, and {these} of this plan must be made by an owner: do {them} by hand ({who})")
        }
        (Level::Unknown, 1) => {
            format!("{account}, and {these} of this plan concerns owners and admins: do {them} by hand ({who})")
        }
        (Level::Unknown, _) => {
            format!("{account}, and {these} of this plan concern owners and admins: do {them} by hand ({who})")
        }
    };
    Some(GuardFinding { examples: names.into_iter().take(NAMED).collect(), ..warning(message) })
}

fn warning(message: String) -> GuardFinding {
    GuardFinding::new(GuardCode::Authority, GuardEffect::Warn, message)
}

/// Whether a change gives or takes a role above `level`, or removes somebody who is not below it.
fn is_for_others(
    change: &Change,
    live: &State,
    target: &State,
    old_names: &BTreeMap<&TeamName, &TeamName>,
    level: Level,
) -> bool {
    let is_strong = |role: &ProjectRole| matches!(role, ProjectRole::BuiltIn(role) if level.is_below(*role));
    let of_organization = |role: &OrgRole| role.on_every_project().is_some_and(|role| level.is_below(role));
    let owns =
        |state: &State, team: &TeamName| state.teams.get(team).is_some_and(|team| team.roles.values().any(is_strong));
    match change {
        Change::InviteUser { role, .. } => of_organization(role),
        Change::SetOrgRole { from, to, .. } => of_organization(from) || of_organization(to),
        Change::RemoveUser { user } => live.users.get(user).is_some_and(|found| level.cannot_remove(&found.role)),
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
