//! What is accepted of the live side for a while: one difference for each entry, named without a doubt.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use super::facts::{Scope, unknown};
use super::projects::Projects;
use crate::desired::{Acceptance, Bound, DesiredTeam, Observed};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{ProjectId, ProjectRole, TeamName};
use crate::source::Span;
use crate::spec::{Accepted, Definition, Intact, Text};

/// The acceptances of the organization.
pub(super) fn compile(
    scope: &mut Scope<'_, '_, '_>,
    definition: &Definition<'_>,
    projects: &mut Projects,
    teams: &BTreeMap<TeamName, DesiredTeam>,
) -> Vec<Acceptance> {
    let zone = scope.timezone.clone().unwrap_or(TimeZone::UTC);
    let mut known: BTreeMap<Observed, Span> = BTreeMap::new();
    let mut acceptances = Vec::new();
    for Intact { value: written, is_intact } in definition.accept.iter().flat_map(|list| &list.items) {
        // What is wrong with the form was reported, and an entry of which a part is lacking would mean something else.
        if !is_intact {
            continue;
        }
        let Some((observed, ids)) = observed(scope, written, projects, teams) else { continue };
        let (Some(until), Some(reason)) = (&written.until, &written.reason) else { continue };
        for one in &observed {
            if let Some(first) = known.get(&one.subject()) {
                let message = "the same difference is accepted twice".to_owned();
                scope.twice(Code::AcceptanceTwice, written.span, *first, message);
            } else {
                known.insert(one.subject(), written.span);
            }
        }
        let keys = ids.iter().filter_map(|id| projects.desired.get(id)).map(|project| project.key.clone());
        acceptances.push(Acceptance {
            place: written.span,
            projects: keys.collect(),
            observed,
            until: Bound { at: until.value.end(&zone), day: until.value.day(), place: until.span },
            reason: reason.text.clone().into_owned(),
            ticket: written.ticket.as_ref().map(|ticket| ticket.text.clone().into_owned()),
        });
    }
    acceptances
}

/// What an entry names, with the projects in it; `None` where that is reported.
fn observed(
    scope: &mut Scope<'_, '_, '_>,
    written: &Accepted<'_>,
    projects: &mut Projects,
    teams: &BTreeMap<TeamName, DesiredTeam>,
) -> Option<(Vec<Observed>, Vec<ProjectId>)> {
    let Accepted { user, team, project, role, everyone, org_role, missing, .. } = written;
    let missing = missing.is_some_and(|missing| missing.0);
    // The one key that says what there is, where there is not nothing.
    let value = match (user, team, project) {
        (Some(_), None, Some(_)) | (None, Some(_), Some(_)) => Some("role"),
        (None, None, Some(_)) => Some("everyone"),
        (Some(_), None, None) => Some("org_role"),
        (Some(_), Some(_), None) | (None, Some(_), None) => None,
        (Some(_), Some(_), Some(_)) => {
            unclear(scope, written.span, "an acceptance of a user, a team and a project at once", EITHER);
            return None;
        }
        (None, None, None) => {
            unclear(scope, written.span, "this acceptance names neither a user nor a team nor a project", EITHER);
            return None;
        }
    };
    let present = [("role", role.is_some()), ("everyone", everyone.is_some()), ("org_role", org_role.is_some())];
    if let Some((key, _)) = present.into_iter().find(|(key, is_present)| *is_present && Some(*key) != value) {
        let message = format!("`{key}` does not go with what this acceptance names");
        unclear(scope, written.span, &message, EITHER);
        return None;
    }
    let has_value = present.into_iter().any(|(_, is_present)| is_present);
    match value {
        Some(key) if has_value && missing => {
            let message = format!("this acceptance says both `{key}` and `missing`");
            unclear(scope, written.span, &message, "say what there is, or that nothing is there");
            return None;
        }
        Some(key) if !has_value && !missing => {
            let message = format!("this acceptance says neither `{key}` nor `missing`");
            let help = format!("write `{key}` with what the live side has, or `missing: true` where it has nothing");
            unclear(scope, written.span, &message, &help);
            return None;
        }
        Some(_) | None => {}
    }
    // Each name is looked at even where another is wrong, so that all is said in one run.
    let user = user.as_ref().map(|email| if missing { scope.user(email) } else { scope.intern(email) });
    let named = if user.is_some() || project.is_some() { Named::Whose } else { Named::Team };
    let team = team.as_ref().map(|text| team_called(scope, text, teams, (named, missing)));
    let ids = project.as_ref().map(|text| projects.find(scope, text));
    let project_role = match role.as_ref().or(everyone.as_ref()) {
        None => None,
        Some(role) => Some(projects.role(scope, role, ids.as_deref().unwrap_or(&[]))?),
    };
    let on = |make: &dyn Fn(ProjectId, Option<ProjectRole>) -> Observed| -> Vec<Observed> {
        ids.iter().flatten().map(|id| make(*id, project_role.clone())).collect()
    };
    let observed = match (user, team, &ids) {
        (Some(user), None, Some(_)) => {
            let user = user?;
            on(&|id, role| Observed::Grant(user.clone(), id, role))
        }
        (None, Some(team), Some(_)) => {
            let team = team?;
            on(&|id, role| Observed::TeamRole(team.clone(), id, role))
        }
        (None, None, Some(_)) => on(&Observed::Everyone),
        (Some(user), Some(team), None) => vec![Observed::Member(team?, user?, !missing)],
        (Some(user), None, None) => vec![Observed::User(user?, org_role.as_ref().map(|role| role.value.clone()))],
        (None, Some(team), None) => vec![Observed::Team(team?, !missing)],
        (Some(_), Some(_), Some(_)) | (None, None, None) => return None,
    };
    Some((observed, ids.unwrap_or_default()))
}

/// What an acceptance may name.
const EITHER: &str = "name a user and a project with `role`, a user and a team, a user with `org_role`, a team and a \
                      project with `role`, a team, or a project with `everyone`";

fn unclear(scope: &mut Scope<'_, '_, '_>, place: Span, message: &str, help: &str) {
    scope.findings.push(Diagnostic::at(Code::AcceptanceUnclear, place, message, "accepts nothing").help(help));
}

/// What a team is named for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    /// That it is there, or is not.
    Team,
    /// Its members and roles. A plan speaks of those by the name that the team is going to have, and whoever looks at the
    /// live side sees the one that it has.
    Whose,
}

/// The team called `text`, by its key or name, or by an earlier name where it is named for what it has. Only one that is
/// missing has to be declared: whatever else somebody made by hand is not.
fn team_called(
    scope: &mut Scope<'_, '_, '_>,
    text: &Text<'_>,
    teams: &BTreeMap<TeamName, DesiredTeam>,
    (named, missing): (Named, bool),
) -> Option<TeamName> {
    let is_it = |name: &TeamName, team: &DesiredTeam| name.as_str() == text.text || team.key == text.text;
    let was_it = |team: &DesiredTeam| named == Named::Whose && team.previously.contains_key(&*text.text);
    let now = || teams.iter().find(|(name, team)| is_it(name, team));
    if let Some((name, _)) = now().or_else(|| teams.iter().find(|(_, team)| was_it(team))) {
        return Some(name.clone());
    }
    if !missing || !scope.whole.teams {
        return TeamName::new(&text.text);
    }
    let message = format!("the team `{}` is not declared", text.text);
    let diagnostic = Diagnostic::at(Code::UnknownTeam, text.span, message, "not declared");
    let known = teams.iter().flat_map(|(name, team)| [name.as_str(), team.key.as_str()]);
    let help = || "what is not declared is not missing: remove the entry".to_owned();
    scope.findings.push(unknown(diagnostic, &text.text, known, help));
    None
}
