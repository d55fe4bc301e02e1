//! Remarks about teams and groups of projects.

use std::collections::BTreeMap;

use super::{Found, Lint, some_of};
use crate::access::{covers, rank};
use crate::desired::Fact;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{BuiltInRole, ProjectId, ProjectRole, TeamName};
use crate::source::Span;

/// Teams that say they have no members, or no roles.
pub(super) fn empty(lint: &Lint<'_>, found: &mut Found<'_>) {
    for (name, team) in &lint.desired.teams {
        let no_members = team.members.as_ref().is_some_and(BTreeMap::is_empty);
        let no_roles = team.roles.as_ref().is_some_and(BTreeMap::is_empty);
        let what = match (no_members, no_roles) {
            (true, true) => "no members and no roles",
            (true, false) => "no members",
            (false, true) => "no roles",
            (false, false) => continue,
        };
        let message = format!("the team `{name}` has {what}");
        let remark = Diagnostic::at(Code::EmptyTeam, team.place, message, "gives nobody anything");
        found.push(remark.help("give it what it lacks, or remove it"));
    }
}

/// The projects of one line, each with the role there.
type Roles<'a> = Vec<(ProjectId, &'a Fact<ProjectRole>)>;

/// The roles of teams by the line that gives them.
fn lines<'a>(lint: &Lint<'a>) -> BTreeMap<(&'a TeamName, Span), Roles<'a>> {
    let mut lines: BTreeMap<(&TeamName, Span), Roles<'_>> = BTreeMap::new();
    for (name, team) in &lint.desired.teams {
        for (project, fact) in team.roles.iter().flatten().filter(|(_, fact)| lint.counts_at_all(fact)) {
            lines.entry((name, fact.place)).or_default().push((*project, fact));
        }
    }
    lines
}

fn keys(lint: &Lint<'_>, roles: &[(ProjectId, &Fact<ProjectRole>)]) -> String {
    let mut keys: Vec<String> = roles.iter().map(|(project, _)| lint.key(*project)).collect();
    keys.sort();
    some_of(&keys)
}

/// Roles of teams that everybody has anyway.
pub(super) fn roles_of_everyone(lint: &Lint<'_>, found: &mut Found<'_>) {
    let everyone = |project: &ProjectId| lint.desired.projects.get(project)?.everyone.as_ref();
    for ((name, place), roles) in lines(lint) {
        let all: Option<Vec<&Fact<ProjectRole>>> = roles
            .iter()
            .map(|(project, fact)| {
                everyone(project).filter(|all| covers(&lint.ranks, *project, &all.value, &fact.value))
            })
            .collect();
        let (Some(all), Some((_, fact))) = (all, roles.first()) else { continue };
        let message = format!(
            "the team `{name}` is `{}` on {}, and everybody has that anyway",
            fact.value.as_str(),
            keys(lint, &roles)
        );
        let remark = Diagnostic::at(Code::RoleOfEveryone, place, message, "needless");
        let remark = all.iter().take(1).fold(remark, |remark, all| remark.also(all.place, "gives as much"));
        found.push(remark.help("remove the role from the team"));
    }
}

/// Teams that make their members owners of a project.
pub(super) fn owners(lint: &Lint<'_>, found: &mut Found<'_>) {
    for ((name, place), mut roles) in lines(lint) {
        roles.retain(|(project, fact)| rank(&lint.ranks, *project, &fact.value) == Some(BuiltInRole::Owner));
        if roles.is_empty() {
            continue;
        }
        let message = format!("every member of the team `{name}` is an owner of {}", keys(lint, &roles));
        let remark = Diagnostic::at(Code::OwnerByTeam, place, message, "whoever joins the team owns the project");
        found.push(remark.help("give the team `admin`, and name owners one by one"));
    }
}

/// Groups of projects that nothing refers to.
pub(super) fn unused_groups(lint: &Lint<'_>, found: &mut Found<'_>) {
    for (name, group) in lint.desired.project_groups.iter().filter(|(_, group)| !group.is_used) {
        let message = format!("nothing refers to the project group `{name}`");
        let remark = Diagnostic::at(Code::UnusedProjectGroup, group.place, message, "not used");
        found.push(remark.help(format!("use it as `\"@{name}\"`, or remove it")));
    }
}
