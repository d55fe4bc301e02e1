//! Teams with their members and roles.

use std::collections::BTreeMap;

use super::facts::{Scope, Written};
use super::previous::Previous;
use super::projects::Projects;
use super::users::{both, pattern_place};
use crate::desired::{DesiredTeam, Fact, Ignore, Manage};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Email, ProjectId, ProjectRole, TeamName};
use crate::source::Span;
use crate::spec::{EmailText, List, Map, Member, Team, TeamRole, Text};

/// Puts the teams together.
pub(super) fn compile(
    scope: &mut Scope<'_, '_, '_>,
    projects: &mut Projects,
    ignore: &Ignore,
    manage: Manage,
) -> BTreeMap<TeamName, DesiredTeam> {
    let documents = scope.documents;
    let entries = || documents.iter().filter_map(|document| document.teams.as_ref()).flat_map(|map| &map.entries);
    let mut keys: BTreeMap<&str, Span> = BTreeMap::new();
    let mut names: BTreeMap<TeamName, Span> = BTreeMap::new();
    let mut teams = BTreeMap::new();
    let mut renamed: Vec<(TeamName, &List<Text<'_>>)> = Vec::new();
    for (key, team) in entries() {
        if let Some(first) = keys.get(&*key.text) {
            let message = format!("the team `{}` is declared twice", key.text);
            scope.twice(Code::TeamTwice, key.span, *first, message);
            continue;
        }
        keys.insert(&key.text, key.span);
        let Some(team) = team else { continue };
        let written = team.name.as_ref().unwrap_or(key);
        let Some(name) = TeamName::new(&written.text) else { continue };
        if let Some(first) = names.get(&name) {
            let message = format!("two teams are called `{name}`");
            scope.twice(Code::TeamTwice, written.span, *first, message);
            continue;
        }
        names.insert(name.clone(), written.span);
        if let Some(glob) = ignore.team(&name) {
            let place = ignore.teams.iter().find(|(known, _)| known.as_str() == glob.as_str());
            let message = format!("the team `{name}` is declared and ignored");
            scope.findings.push(both(message, written.span, place.map(|(_, place)| *place)));
        }
        if let Some(previously) = &team.previously {
            renamed.push((name.clone(), previously));
        }
        let mut desired = compile_team(scope, projects, ignore, key, &name, team);
        if !manage.team_members {
            desired.members = None;
        }
        teams.insert(name, desired);
    }
    let mut previous = Previous::new("name", "the team ", "a team itself");
    for (name, previously) in renamed {
        for old in &previously.items {
            let Some(old_name) = TeamName::new(&old.text) else { continue };
            match previous.claim(&old_name, old.span, &name, names.get(&old_name).copied()) {
                Some(contradiction) => {
                    scope.findings.push(contradiction);
                }
                None => {
                    if let Some(team) = teams.get_mut(&name) {
                        team.previously.insert(old_name, old.span);
                    }
                }
            }
        }
    }
    teams
}

fn compile_team(
    scope: &mut Scope<'_, '_, '_>,
    projects: &mut Projects,
    ignore: &Ignore,
    key: &Text<'_>,
    name: &TeamName,
    team: &Team<'_>,
) -> DesiredTeam {
    let scim_managed = team.scim_managed.is_some_and(|flag| flag.0);
    if scim_managed && team.members.is_some() {
        let message = format!("the identity provider looks after the members of `{name}`, and `members` states them");
        scope.findings.push(
            Diagnostic::at(Code::ScimManagedTeam, key.span, message, "states its members")
                .help("leave out `members`, or take `scim_managed` away if the members are to be managed here"),
        );
    }
    DesiredTeam {
        scim_managed,
        key: key.text.clone().into_owned(),
        place: key.span,
        members: team.members.as_ref().map(|list| members(scope, ignore, name, list)),
        roles: team.projects.as_ref().map(|map| roles(scope, projects, name, map)),
        previously: BTreeMap::new(),
    }
}

fn members(
    scope: &mut Scope<'_, '_, '_>,
    ignore: &Ignore,
    team: &TeamName,
    list: &List<Member<'_>>,
) -> BTreeMap<Email, Fact<()>> {
    let mut facts = Vec::with_capacity(list.items.len());
    for member in &list.items {
        let (email, written) = match member {
            Member::Email(email) => (email, Written::default()),
            Member::Details(details) => {
                let Some(email) = &details.user else { continue };
                let written = Written {
                    reason: details.reason.as_ref(),
                    ticket: details.ticket.as_ref(),
                    approved_by: details.approved_by.as_ref(),
                    sponsor: details.sponsor.as_ref(),
                    from: details.from.as_ref(),
                    until: details.until.as_ref(),
                };
                (email, written)
            }
        };
        if let Some(user) = scope.user(email) {
            check_ignored(scope, ignore, &user, email);
            let note = scope.note(written);
            facts.push((user, Fact { value: (), place: email.span, note }));
        }
    }
    scope.once(facts, Code::MemberTwice, |user| format!("`{user}` is a member of `{team}` twice"))
}

/// Reports a user that a pattern covers, where no `users` section has reported it.
pub(super) fn check_ignored(scope: &mut Scope<'_, '_, '_>, ignore: &Ignore, user: &Email, email: &EmailText<'_>) {
    if scope.users.is_none()
        && let Some(glob) = ignore.user(user)
    {
        let message = format!("the user `{user}` is given access and ignored");
        let pattern = pattern_place(ignore, glob.as_str());
        scope.findings.push(both(message, email.span, pattern));
    }
}

fn roles(
    scope: &mut Scope<'_, '_, '_>,
    projects: &mut Projects,
    team: &TeamName,
    map: &Map<Text<'_>, TeamRole<'_>>,
) -> BTreeMap<ProjectId, Fact<ProjectRole>> {
    let mut facts = Vec::new();
    for (key, role) in &map.entries {
        let ids = projects.find(scope, key);
        let (role, written) = match role {
            None => continue,
            Some(TeamRole::Role(role)) => (role, Written::default()),
            Some(TeamRole::Details(details)) => {
                let Some(role) = &details.role else { continue };
                let written = Written {
                    reason: details.reason.as_ref(),
                    ticket: details.ticket.as_ref(),
                    approved_by: details.approved_by.as_ref(),
                    sponsor: None,
                    from: details.from.as_ref(),
                    until: details.until.as_ref(),
                };
                (role, written)
            }
        };
        let Some(value) = projects.role(scope, role, &ids) else { continue };
        let note = scope.note(written);
        facts
            .extend(ids.into_iter().map(|id| (id, Fact { value: value.clone(), place: key.span, note: note.clone() })));
    }
    scope.once(facts, Code::TeamRoleTwice, |id| {
        let project = projects.desired.get(id).map_or("", |project| project.key.as_str());
        format!("the role of the team `{team}` on the project `{project}` is said twice")
    })
}
