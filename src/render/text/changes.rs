//! The changes of a plan, grouped by what they are about and put into plain words.

use std::collections::{BTreeMap, BTreeSet};

use super::effects::live_team;
use super::rows::{Row, Sign};
use super::words::{count, list, list_of};
use crate::access::rank;
use crate::change::Change;
use crate::desired::Note;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, TeamName};
use crate::plan::{ChangeId, KeptWhat, KeptWhy, Plan, PlannedChange, Why};
use crate::render::{visible, visible_name};
use crate::source::Sources;

/// What a group of changes is about, in the order in which groups are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic {
    Users,
    Team(TeamName),
    Grants,
    Everyone,
}

/// The changes about one thing, in the order of the plan; grants in the order of users.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) topic: Topic,
    pub(crate) changes: Vec<&'a PlannedChange>,
}

impl Group<'_> {
    /// The heading.
    pub(crate) fn title(&self) -> String {
        match &self.topic {
            Topic::Users => "Users".to_owned(),
            Topic::Team(team) => team_name("Team", team),
            Topic::Grants => "Individual grants".to_owned(),
            Topic::Everyone => "Everyone in the organization".to_owned(),
        }
    }
}

/// Sorts the changes of `plan` into groups.
pub(crate) fn group(plan: &Plan) -> Vec<Group<'_>> {
    let mut groups: BTreeMap<Topic, Vec<&PlannedChange>> = BTreeMap::new();
    for planned in &plan.changes {
        groups.entry(topic(&planned.change)).or_default().push(planned);
    }
    if let Some(grants) = groups.get_mut(&Topic::Grants) {
        grants.sort_by_key(|planned| (planned.change.user(), planned.change.project(), planned.id));
    }
    groups.into_iter().map(|(topic, changes)| Group { topic, changes }).collect()
}

fn topic(change: &Change) -> Topic {
    match change {
        Change::InviteUser { .. }
        | Change::SetOrgRole { .. }
        | Change::CancelInvite { .. }
        | Change::RemoveUser { .. } => Topic::Users,
        Change::CreateTeam { team }
        | Change::RenameTeam { to: team, .. }
        | Change::DeleteTeam { team }
        | Change::AddTeamMember { team, .. }
        | Change::RemoveTeamMember { team, .. }
        | Change::SetTeamRole { team, .. }
        | Change::RemoveTeamRole { team, .. } => Topic::Team(team.clone()),
        Change::SetGrant { .. } | Change::RemoveGrant { .. } => Topic::Grants,
        Change::SetEveryone { .. } | Change::RemoveEveryone { .. } => Topic::Everyone,
    }
}

/// Whether a change adds, alters or takes.
pub(crate) fn sign(change: &Change) -> Sign {
    match change {
        Change::InviteUser { .. }
        | Change::CreateTeam { .. }
        | Change::AddTeamMember { .. }
        | Change::SetTeamRole { from: None, .. }
        | Change::SetGrant { from: None, .. }
        | Change::SetEveryone { from: None, .. } => Sign::Add,
        Change::SetOrgRole { .. }
        | Change::RenameTeam { .. }
        | Change::SetTeamRole { from: Some(_), .. }
        | Change::SetGrant { from: Some(_), .. }
        | Change::SetEveryone { from: Some(_), .. } => Sign::Change,
        Change::CancelInvite { .. }
        | Change::RemoveUser { .. }
        | Change::DeleteTeam { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveEveryone { .. } => Sign::Remove,
    }
}

/// The order in which changes are kept when a list is folded: those that a reviewer must not miss come first.
pub(crate) fn urgency(planned: &PlannedChange) -> u8 {
    if planned.escalation {
        0
    } else if planned.change.kind().is_removal() {
        1
    } else {
        2
    }
}

/// The row of one change. `effective` holds the changes that alter somebody's access.
pub(crate) fn row(
    plan: &Plan,
    sources: &Sources,
    planned: &PlannedChange,
    effective: &BTreeSet<ChangeId>,
    verbose: bool,
) -> Row {
    let change = &planned.change;
    let mut facts = Vec::new();
    if verbose {
        facts.push(planned.id.to_string());
    }
    match planned.why {
        Why::Declared => {}
        Why::Unlisted => facts.push("not listed".to_owned()),
        Why::Renamed => facts.extend(renamed(plan, change)),
    }
    if let Some(fact) = without_effect(change)
        && !effective.contains(&planned.id)
    {
        facts.push(fact.to_owned());
    }
    if verbose && !planned.depends_on.is_empty() {
        let ids: Vec<String> = planned.depends_on.iter().map(ToString::to_string).collect();
        facts.push(format!("after {}", list(&ids)));
    }
    Row {
        sign: sign(change),
        subject: subject(plan, change),
        action: action(plan, change),
        alarm: planned.escalation.then(|| format!("ESCALATION: {}", alarm(plan, change))),
        facts: if facts.is_empty() { String::new() } else { format!("({})", facts.join("; ")) },
        reason: planned.note.as_deref().map(reason).unwrap_or_default(),
        place: planned.source.map(|span| place(sources, span)).unwrap_or_default(),
    }
}

/// `path:line` of a place.
pub(crate) fn place(sources: &Sources, span: crate::source::Span) -> String {
    let position = sources.position(span);
    format!("{}:{}", visible(position.path), position.line)
}

fn subject(plan: &Plan, change: &Change) -> String {
    match change {
        Change::InviteUser { user, .. }
        | Change::SetOrgRole { user, .. }
        | Change::CancelInvite { user }
        | Change::RemoveUser { user }
        | Change::AddTeamMember { user, .. }
        | Change::RemoveTeamMember { user, .. }
        | Change::SetGrant { user, .. }
        | Change::RemoveGrant { user, .. } => visible(user).into_owned(),
        Change::CreateTeam { .. } | Change::RenameTeam { .. } | Change::DeleteTeam { .. } => "the team".to_owned(),
        Change::SetTeamRole { team, .. } => members(plan.target.teams.get(team).map_or(0, |team| team.members.len())),
        Change::RemoveTeamRole { team, .. } => members(live_team(plan, team).map_or(0, |team| team.members.len())),
        Change::SetEveryone { .. } | Change::RemoveEveryone { .. } => "everyone".to_owned(),
    }
}

fn members(number: usize) -> String {
    match number {
        0 => "all members (none yet)".to_owned(),
        1 => "its 1 member".to_owned(),
        number => format!("all {}", count(number, "member")),
    }
}

fn action(plan: &Plan, change: &Change) -> String {
    match change {
        Change::InviteUser { role, .. } => format!("invite as {}", org_role(*role)),
        Change::SetOrgRole { from, to, .. } => format!("org role {} -> {}", org_role(*from), org_role(*to)),
        Change::CancelInvite { user } => format!("cancel the invitation{}", implied(plan, user)),
        Change::RemoveUser { user } => format!("remove{}", implied(plan, user)),
        Change::CreateTeam { .. } => "is created".to_owned(),
        Change::RenameTeam { from, .. } => format!("is renamed, was {}", visible_name(from)),
        Change::DeleteTeam { team } => {
            let live = live_team(plan, team);
            let members = count(live.map_or(0, |team| team.members.len()), "member");
            let roles = count(live.map_or(0, |team| team.roles.len()), "project role");
            format!("is deleted, with {members} and {roles}")
        }
        Change::AddTeamMember { .. } => "joins".to_owned(),
        Change::RemoveTeamMember { .. } => "leaves".to_owned(),
        Change::SetTeamRole { project, from, to, .. }
        | Change::SetGrant { project, from, to, .. }
        | Change::SetEveryone { project, from, to } => set_role(plan, *project, from.as_ref(), to),
        Change::RemoveTeamRole { project, from, .. }
        | Change::RemoveGrant { project, from, .. }
        | Change::RemoveEveryone { project, from } => {
            format!("no longer {} on {}", visible_name(from.as_str()), project_name(plan, *project))
        }
    }
}

fn set_role(plan: &Plan, project: ProjectId, from: Option<&ProjectRole>, to: &ProjectRole) -> String {
    let (to, project) = (visible_name(to.as_str()), project_name(plan, project));
    match from {
        None => format!("{to} on {project}"),
        Some(from) => format!("{} -> {to} on {project}", visible_name(from.as_str())),
    }
}

pub(crate) fn org_role(role: OrgRole) -> &'static str {
    match role {
        OrgRole::BillingAdmin => "billing admin",
        OrgRole::Owner | OrgRole::Admin | OrgRole::Member => role.as_str(),
    }
}

/// What goes with a user: memberships and grants are not changes of their own.
fn implied(plan: &Plan, user: &Email) -> String {
    let teams = plan.live.teams.values().filter(|team| team.members.contains(user)).count();
    let grants = plan.live.grants_of(user).count();
    let mut with = Vec::new();
    if teams > 0 {
        with.push(count(teams, "team membership"));
    }
    if grants > 0 {
        with.push(count(grants, "grant"));
    }
    if with.is_empty() { String::new() } else { format!(", with {}", list(&with)) }
}

/// A team in a sentence or a heading: its name after `word`, unless the name begins with that word itself.
pub(crate) fn team_name(word: &str, team: &TeamName) -> String {
    let shown = visible_name(team);
    match shown.get(..5) {
        Some(start) if start.eq_ignore_ascii_case("team ") => shown.into_owned(),
        Some(_) | None => format!("{word} {shown}"),
    }
}

/// How a project is called: its key, else its id and its name on the live side.
pub(crate) fn project_name(plan: &Plan, project: ProjectId) -> String {
    if let Some(key) = plan.project_keys.get(&project) {
        return visible_name(key).into_owned();
    }
    match plan.live.projects.get(&project) {
        Some(live) if !live.name.is_empty() => format!("project {project} ({})", visible_name(&live.name)),
        Some(_) | None => format!("project {project}"),
    }
}

fn renamed(plan: &Plan, change: &Change) -> Option<String> {
    match change {
        // The row says it already.
        Change::RenameTeam { .. } => None,
        Change::InviteUser { user, .. } => {
            let before = plan.kept.iter().find_map(|kept| match (&kept.why, &kept.what) {
                (KeptWhy::AwaitsRename(new) | KeptWhy::AwaitsMove(new), KeptWhat::User(old)) if new == user => {
                    Some(old)
                }
                _ => None,
            });
            Some(before.map_or("renamed".to_owned(), |old| format!("renamed from {}", visible(old))))
        }
        Change::CreateTeam { .. }
        | Change::SetOrgRole { .. }
        | Change::SetEveryone { .. }
        | Change::SetTeamRole { .. }
        | Change::AddTeamMember { .. }
        | Change::SetGrant { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. }
        | Change::CancelInvite { .. }
        | Change::RemoveUser { .. } => Some("renamed".to_owned()),
    }
}

/// What is said of a change of this kind when nobody's access changes by it; `None` where that says nothing.
fn without_effect(change: &Change) -> Option<&'static str> {
    match change {
        Change::SetGrant { .. }
        | Change::RemoveGrant { .. }
        | Change::AddTeamMember { .. }
        | Change::RemoveTeamMember { .. }
        | Change::SetTeamRole { .. }
        | Change::RemoveTeamRole { .. }
        | Change::SetEveryone { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. } => Some("no effective change"),
        Change::SetOrgRole { .. } => Some("no change on projects"),
        Change::RemoveUser { .. } => Some("had no project access"),
        Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::InviteUser { .. }
        | Change::CancelInvite { .. } => None,
    }
}

/// What people wrote about a fact, on one line. The free text comes last, since it is what is cut when room is short,
/// and in quotes, so that it cannot pass for words of the plan.
fn reason(note: &Note) -> String {
    let Note { reason, ticket, approved_by, sponsor } = note;
    let mut parts = Vec::new();
    if let Some(ticket) = ticket {
        parts.push(visible_name(ticket).into_owned());
    }
    if !approved_by.is_empty() {
        let names: Vec<_> = approved_by.iter().map(|email| visible(email)).collect();
        parts.push(format!("approved by {}", list(&names)));
    }
    if let Some(sponsor) = sponsor {
        parts.push(format!("sponsor {}", visible(sponsor)));
    }
    if let Some(reason) = reason {
        parts.push(format!("\"{}\"", visible(reason).replace('"', "\\\"")));
    }
    parts.join(", ")
}

/// Who becomes what.
fn alarm(plan: &Plan, change: &Change) -> String {
    match change {
        // Whoever comes without a strong role of the organization gets one that everybody has.
        Change::InviteUser { role: OrgRole::BillingAdmin | OrgRole::Member, .. } => {
            let everyone = plan.target.projects.iter().filter_map(|(id, found)| Some((*id, found.everyone.as_ref()?)));
            format!("{} like everyone", becomes(plan, everyone))
        }
        Change::InviteUser { role, .. } | Change::SetOrgRole { to: role, .. } => {
            format!("becomes {} of the organization and of every project", org_role(*role))
        }
        Change::SetGrant { project, to, .. } => {
            format!("becomes {} of {}", ranked(plan, *project, to), project_name(plan, *project))
        }
        Change::SetTeamRole { team, project, to, .. } => {
            let number = plan.target.teams.get(team).map_or(0, |team| team.members.len());
            let verb = if number == 1 { "becomes" } else { "become" };
            let role = ranked(plan, *project, to);
            format!("{} {verb} {role} of {}", count(number, "member"), project_name(plan, *project))
        }
        Change::SetEveryone { project, to, .. } => {
            format!("everyone becomes {} of {}", ranked(plan, *project, to), project_name(plan, *project))
        }
        Change::AddTeamMember { team, .. } => {
            let team = plan.target.teams.get(team);
            becomes(plan, team.into_iter().flat_map(|team| &team.roles).map(|(project, role)| (*project, role)))
        }
        Change::CreateTeam { .. }
        | Change::RenameTeam { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. }
        | Change::CancelInvite { .. }
        | Change::RemoveUser { .. } => "gains more than before".to_owned(),
    }
}

/// The strong ones of some roles, by role.
fn becomes<'a>(plan: &Plan, roles: impl Iterator<Item = (ProjectId, &'a ProjectRole)>) -> String {
    let mut by_role: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (project, role) in roles {
        if rank(&plan.ranks, project, role).is_some_and(|rank| rank >= BuiltInRole::Admin) {
            by_role.entry(ranked(plan, project, role)).or_default().push(project_name(plan, project));
        }
    }
    let parts: Vec<String> = by_role
        .iter()
        .map(|(role, projects)| {
            let shown = if projects.len() > 4 { &projects[..3] } else { projects };
            format!("{role} of {}", list_of(shown, projects.len()))
        })
        .collect();
    if parts.is_empty() { "gains more than before".to_owned() } else { format!("becomes {}", list(&parts)) }
}

fn ranked(plan: &Plan, project: ProjectId, role: &ProjectRole) -> String {
    match (role, rank(&plan.ranks, project, role)) {
        (ProjectRole::Custom(name), Some(like)) => format!("{} (like {like})", visible_name(name)),
        (ProjectRole::Custom(_) | ProjectRole::BuiltIn(_), _) => visible_name(role.as_str()).into_owned(),
    }
}
