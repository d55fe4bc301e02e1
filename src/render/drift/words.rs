//! A difference in plain words. Every name is made visible here.

use jiff::Timestamp;

use crate::change::Change;
use crate::desired::Observed;
use crate::drift::{Authority, Difference, Drift, Raised};
use crate::export::scalar;
use crate::model::{OrgRole, ProjectId, ProjectRole, TeamName};
use crate::plan::{Plan, PlannedChange, Why};
use crate::render::text::changes::{org_role, place, project_name, reason, team_name};
use crate::render::text::{count, list, list_of, thousands};
use crate::render::{visible, visible_name};
use crate::source::Sources;

/// Who or what a difference is about.
pub(super) fn subject(found: &Difference) -> String {
    let external = if found.external { " (external)" } else { "" };
    format!("{}{external}", subject_of(&found.observed))
}

/// Who or what is observed.
pub(super) fn subject_of(observed: &Observed) -> String {
    match observed {
        Observed::User(user, _) | Observed::Member(_, user, _) | Observed::Grant(user, ..) => {
            visible(user).into_owned()
        }
        Observed::Team(team, _) | Observed::TeamRole(team, ..) => team_name("team", team),
        Observed::Everyone(..) => "everyone".to_owned(),
    }
}

/// How the live side has it: what follows the subject in a sentence.
pub(super) fn is(plan: &Plan, found: &Difference) -> String {
    let mut words = is_observed(plan, &found.observed);
    if let Some(environment) = &found.environment {
        words.push_str(&format!(" ({})", visible_name(environment)));
    }
    let live = &plan.live;
    match found.change(plan).map(|planned| &planned.change) {
        Some(Change::CancelInvite { .. }) => words = words.replacen("is ", "is invited as ", 1),
        Some(Change::DeleteTeam { team }) => {
            let (members, roles) = live.teams.get(team).map_or((0, 0), |team| (team.members.len(), team.roles.len()));
            words.push_str(&format!(", with {} and {}", count(members, "member"), count(roles, "project role")));
        }
        Some(Change::RemoveUser { user }) => {
            let teams = live.teams.values().filter(|team| team.members.contains(user)).count();
            words.push_str(&with(teams, live.grants_of(user).count()));
        }
        Some(Change::SetTeamRole { team, .. } | Change::RemoveTeamRole { team, .. }) => {
            words.push_str(&members(plan, team));
        }
        Some(
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::InviteUser { .. }
            | Change::SetOrgRole { .. }
            | Change::SetEveryone { .. }
            | Change::AddTeamMember { .. }
            | Change::SetGrant { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveEveryone { .. },
        )
        | None => {}
    }
    words
}

/// How the live side had it.
pub(super) fn was(plan: &Plan, observed: &Observed) -> String {
    let is = is_observed(plan, observed);
    match is.split_once(' ') {
        Some(("is", rest)) => format!("was {rest}"),
        Some(("has", rest)) => format!("had {rest}"),
        Some(_) | None => is,
    }
}

/// How the live side has it, as far as the observation alone tells.
pub(super) fn is_observed(plan: &Plan, observed: &Observed) -> String {
    match observed {
        Observed::User(_, None) => "is not in the organization".to_owned(),
        Observed::User(_, Some(role)) => format!("is {} of the organization", org_role(role)),
        Observed::Team(_, true) => "is there".to_owned(),
        Observed::Team(_, false) => "is not there".to_owned(),
        Observed::Member(team, _, true) => format!("is in {}", team_name("team", team)),
        Observed::Member(team, _, false) => format!("is not in {}", team_name("team", team)),
        Observed::TeamRole(_, project, Some(role))
        | Observed::Grant(_, project, Some(role))
        | Observed::Everyone(project, Some(role)) => format!("is {}", on(plan, role, *project)),
        Observed::TeamRole(_, project, None) | Observed::Everyone(project, None) => {
            format!("has no role on {}", project_name(plan, *project))
        }
        Observed::Grant(_, project, None) => format!("has no grant on {}", project_name(plan, *project)),
    }
}

fn on(plan: &Plan, role: &ProjectRole, project: ProjectId) -> String {
    format!("{} on {}", visible_name(role.as_str()), project_name(plan, project))
}

fn with(teams: usize, grants: usize) -> String {
    let parts = [(teams, "team membership"), (grants, "grant")];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(number, noun));
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { String::new() } else { format!(", with {}", list(&parts)) }
}

fn members(plan: &Plan, team: &TeamName) -> String {
    let old = plan.team_renames.iter().find(|(_, new)| *new == team).map_or(team, |(old, _)| old);
    plan.live.teams.get(old).map_or(String::new(), |found| format!(", {}", count(found.members.len(), "member")))
}

/// What was agreed to instead.
pub(super) fn agreed(planned: &PlannedChange) -> String {
    let PlannedChange { change, why, note, .. } = planned;
    let window = note.as_deref().map(|note| note.window).unwrap_or_default();
    let because = match why {
        Why::Declared | Why::Undone => None,
        Why::Unlisted => Some("not listed".to_owned()),
        Why::Renamed => Some("renamed".to_owned()),
        Why::Expired => Some(window.until.map_or("ended".to_owned(), |until| format!("ended {until}"))),
        Why::NotYet => Some(window.from.map_or("not yet".to_owned(), |from| format!("not before {from}"))),
        Why::Blocked => Some("BLOCKED".to_owned()),
    };
    let what = match change {
        Change::RenameTeam { to, .. } => format!("called {}", visible_name(to)),
        Change::CreateTeam { .. } => "declared".to_owned(),
        Change::InviteUser { role, .. } | Change::SetOrgRole { to: role, .. } => role_words(role),
        Change::SetEveryone { to, .. } | Change::SetTeamRole { to, .. } | Change::SetGrant { to, .. } => {
            visible_name(to.as_str()).into_owned()
        }
        Change::AddTeamMember { .. } => "a member".to_owned(),
        Change::RemoveTeamMember { .. } => "not a member".to_owned(),
        Change::RemoveGrant { .. } => "no grant".to_owned(),
        Change::RemoveTeamRole { .. } | Change::RemoveEveryone { .. } => "no role".to_owned(),
        Change::DeleteTeam { .. } => "no such team".to_owned(),
        Change::CancelInvite { .. } | Change::RemoveUser { .. } => "not in the organization".to_owned(),
    };
    match because {
        Some(because) => format!("{what} ({because})"),
        None => what,
    }
}

fn role_words(role: &OrgRole) -> String {
    format!("{} of the organization", org_role(role))
}

/// Where that is written and what people wrote about it.
pub(super) fn written(planned: &PlannedChange, sources: &Sources) -> Vec<String> {
    let place = planned.source.map(|span| place(sources, span));
    let reason = planned.note.as_deref().map(reason).filter(|reason| !reason.is_empty());
    place.into_iter().chain(reason).collect()
}

/// What is missing beside what a difference is about.
pub(super) fn comes_with(plan: &Plan, found: &Difference) -> String {
    let of = |kind: fn(&Change) -> bool| {
        let rest = found.changes.iter().skip(1).filter_map(|place| plan.changes.get(*place));
        rest.filter(|planned| kind(&planned.change)).count()
    };
    let memberships = of(|change| matches!(change, Change::AddTeamMember { .. }));
    let grants = of(|change| matches!(change, Change::SetGrant { .. }));
    let roles = of(|change| matches!(change, Change::SetTeamRole { .. }));
    let parts = [(memberships, "team membership"), (grants, "grant"), (roles, "project role")];
    let parts = parts.into_iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(number, noun));
    list(&parts.collect::<Vec<_>>())
}

/// Who becomes admin or owner of what.
pub(super) fn escalation(plan: &Plan, raised: &Raised) -> String {
    who_is(plan, raised, "become")
}

/// Who is still admin or owner of what.
pub(super) fn still(plan: &Plan, raised: &Raised) -> String {
    let is = who_is(plan, raised, "are still");
    if raised.people.len() == 1 { format!("still {is}") } else { is }
}

fn who_is(plan: &Plan, raised: &Raised, verb: &str) -> String {
    let what = what_of(plan, raised);
    let names: Vec<_> = raised.first().map(|user| visible(user)).collect();
    match raised.people.len() {
        1 => what,
        people => format!("{} {verb} {what}", list_of(&names, people)),
    }
}

/// The strongest rank, and of what.
fn what_of(plan: &Plan, raised: &Raised) -> String {
    let Raised { rank, of_organization, people: _, projects, first_projects } = raised;
    if *of_organization {
        return format!("{rank} of the organization");
    }
    let names: Vec<String> = first_projects.iter().map(|id| project_name(plan, *id)).collect();
    format!("{rank} of {}", list_of(&names, *projects))
}

/// Who is admin or owner by what nobody has accepted: somebody by name, or how many; nothing where nobody is.
pub(super) fn risen(drift: &Drift) -> Option<String> {
    let raised: Vec<&Raised> = drift.unaccepted().filter_map(|found| found.raised.as_ref()).collect();
    let first = raised.first().and_then(|raised| raised.people.first())?;
    let by = match (raised.len(), drift.unaccepted().count()) {
        (_, 1) => "it",
        (1, _) => "one of them",
        _ => "them",
    };
    Some(match (drift.raised().len(), raised.as_slice()) {
        (1, [only]) => format!("{} is {} by {by}", visible(first), what_of(&drift.plan, only)),
        (1, _) => format!("{} is admin or owner by {by}", visible(first)),
        (people, _) => format!("{} people are admin or owner by {by}", thousands(people)),
    })
}

/// Who could have done it.
pub(super) fn could_have(plan: &Plan, found: &Difference) -> String {
    let Authority { owners, admins, of_project, examples } = &found.could_have;
    let of_organization = [(*owners, "owner"), (*admins, "admin")];
    let of_organization = of_organization.into_iter().filter(|(number, _)| *number > 0);
    let parts: Vec<String> = of_organization.map(|(number, noun)| count(number, noun)).collect();
    let mut words = Vec::new();
    if !parts.is_empty() {
        words.push(format!("{} of the organization", list(&parts)));
    }
    if let Some(project) = found.observed.project().filter(|_| *of_project > 0) {
        let more = if words.is_empty() { "" } else { " more" };
        words.push(format!("{of_project}{more} who can manage {}", project_name(plan, project)));
    }
    let names: Vec<_> = examples.iter().map(|user| visible(user)).collect();
    let people = match words.is_empty() {
        true => "nobody who is known".to_owned(),
        false => format!("{}: {}", words.join(", "), list_of(&names, found.could_have.people())),
    };
    // A store on a disk has none.
    let others = if plan.backend == "mixpanel" { "; or a service account" } else { "" };
    format!("{people}{others}")
}

/// The entry of `accept` that would accept a difference until `until`.
pub(super) fn acceptance(plan: &Plan, found: &Difference, until: &str) -> Option<String> {
    let observed = &found.observed;
    // A project without a key cannot be named there.
    let key = match observed.project() {
        Some(id) => Some(plan.project_keys.get(&id)?),
        None => None,
    };
    let mut parts = Vec::new();
    if let Some(user) = observed.user() {
        parts.push(format!("user: {}", scalar(user)));
    }
    if let Some(team) = observed.team() {
        parts.push(format!("team: {}", scalar(team)));
    }
    if let Some(key) = key {
        parts.push(format!("project: {}", scalar(key)));
    }
    let role = match observed {
        Observed::User(..) => "org_role",
        Observed::Everyone(..) => "everyone",
        Observed::Team(..) | Observed::Member(..) | Observed::TeamRole(..) | Observed::Grant(..) => "role",
    };
    if observed.is_missing() {
        parts.push("missing: true".to_owned());
    } else if let Some(name) = observed.role() {
        parts.push(format!("{role}: {}", scalar(name)));
    }
    Some(format!("- {{ {}, until: {until}, reason: … }}", parts.join(", ")))
}

/// A moment as it is shown.
pub(super) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// All of a difference in one sentence, for lists and for programs that show a line of text.
pub(super) fn sentence(drift: &Drift, found: &Difference) -> String {
    let plan = &drift.plan;
    let mut words = format!("{} {}", subject(found), is(plan, found));
    let with = comes_with(plan, found);
    if !with.is_empty() {
        words.push_str(&format!(", nor {with}"));
    }
    if let Some(planned) = found.change(plan) {
        words.push_str(&format!("; agreed: {}", agreed(planned)));
    }
    words
}
