//! Remarks about individual grants.

use std::collections::BTreeMap;

use super::{Found, Lint, NAMED};
use crate::access::{covers, rank};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole, TeamName};
use crate::source::Span;

/// Grants that every member of one team has: the team could have the role.
pub(super) fn of_all_members(lint: &Lint<'_>, found: &mut Found<'_>) {
    let desired = lint.desired;
    let mut teams_of: BTreeMap<&Email, Vec<&TeamName>> = BTreeMap::new();
    let mut sizes: BTreeMap<&TeamName, usize> = BTreeMap::new();
    for (name, team) in &desired.teams {
        for (email, fact) in team.members.iter().flatten().filter(|(email, fact)| lint.counts(email, fact)) {
            // A membership that ends does not stand for a grant that does not.
            *sizes.entry(name).or_default() += 1;
            if fact.window().is_none_or(|window| window.until.is_none()) {
                teams_of.entry(email).or_default().push(name);
            }
        }
    }
    let mut same: BTreeMap<(&TeamName, ProjectId, &ProjectRole), Vec<Span>> = BTreeMap::new();
    for ((email, project), fact) in &desired.grants {
        let ends = fact.window().is_some_and(|window| window.until.is_some() || window.from.is_some());
        if ends || !lint.counts(email, fact) {
            continue;
        }
        for team in teams_of.get(email).into_iter().flatten() {
            same.entry((*team, *project, &fact.value)).or_default().push(fact.place);
        }
    }
    for ((name, project, role), places) in same {
        let Some(team) = desired.teams.get(name) else { continue };
        let has_it = team.roles.as_ref().and_then(|roles| roles.get(&project));
        let has_it = has_it.is_some_and(|fact| covers(&lint.ranks, project, &fact.value, role));
        if places.len() < 2 || sizes.get(name) != Some(&places.len()) || has_it {
            continue;
        }
        let key = lint.key(project);
        let message =
            format!("all {} members of the team `{name}` are `{}` on {key} by grants", places.len(), role.as_str());
        let remark = Diagnostic::at(Code::GrantOfAllMembers, team.place, message, "this team");
        let remark = places.iter().take(NAMED).fold(remark, |remark, place| remark.also(*place, "the same grant"));
        found.push(remark.help("give the team the role, and remove the grants"));
    }
}

/// Grants that make somebody admin or owner of a project for ever.
pub(super) fn admins(lint: &Lint<'_>, found: &mut Found<'_>) {
    let mut before: Option<(&Email, Span)> = None;
    for ((email, project), fact) in &lint.desired.grants {
        let user = lint.desired.users.as_ref().and_then(|users| users.get(email)).map(|user| &user.role);
        let user_ends = user.and_then(|fact| fact.window()).is_some_and(|window| window.until.is_some());
        let ends = user_ends || fact.window().is_some_and(|window| window.until.is_some());
        let is_strong = rank(&lint.ranks, *project, &fact.value) >= Some(BuiltInRole::Admin);
        // A grant on a group of projects is one line.
        if ends || !is_strong || before == Some((email, fact.place)) || !lint.counts(email, fact) {
            continue;
        }
        before = Some((email, fact.place));
        let message = format!("the grant that makes `{email}` `{}` has no end", fact.value.as_str());
        let remark = Diagnostic::at(Code::AdminGrantWithoutEnd, fact.place, message, "no `until`");
        found.push(remark.help("write `until`, or give the role by a team"));
    }
}
