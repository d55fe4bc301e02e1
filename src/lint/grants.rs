//! Remarks about individual grants.

use std::collections::BTreeMap;

use super::{Found, Lint, NAMED};
use crate::access::{covers, rank};
use crate::desired::DesiredTeam;
use crate::diagnostic::{Code, Diagnostic};
use crate::lookup::NameTable;
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole};
use crate::source::Span;

/// What somebody has by grants without a beginning or an end, with the line of each.
type Lasting<'a> = BTreeMap<(ProjectId, &'a ProjectRole), Span>;

/// Grants that every member of one team has: the team could have the role.
pub(super) fn of_all_members(lint: &Lint<'_>, found: &mut Found<'_>) {
    let desired = lint.desired;
    let mut granted: NameTable<'_, Lasting<'_>> = NameTable::default();
    for ((email, project), fact) in &desired.grants {
        let ends = fact.window().is_some_and(|window| window.until.is_some() || window.from.is_some());
        if !ends && lint.counts(email, fact) {
            granted.or_insert_with(email, Lasting::new).insert((*project, &fact.value), fact.place);
        }
    }
    for (name, team) in &desired.teams {
        for ((project, role), places) in common(lint, team, &granted) {
            let has_it = team.roles.as_ref().and_then(|roles| roles.get(&project));
            let has_it = has_it.is_some_and(|fact| covers(&lint.ranks, project, &fact.value, role));
            if places.len() < 2 || has_it {
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
}

/// What every member of `team` is granted, with the lines of their grants. Most teams have a member without any grant,
/// and are done with the first of them.
fn common<'a>(
    lint: &Lint<'_>,
    team: &DesiredTeam,
    granted: &NameTable<'_, Lasting<'a>>,
) -> BTreeMap<(ProjectId, &'a ProjectRole), Vec<Span>> {
    let mut same: Option<BTreeMap<_, Vec<Span>>> = None;
    for (email, fact) in team.members.iter().flatten().filter(|(email, fact)| lint.counts(email, fact)) {
        // A membership that ends does not stand for a grant that does not.
        let ends = fact.window().is_some_and(|window| window.until.is_some());
        let Some(grants) = granted.get(email).filter(|_| !ends) else { return BTreeMap::new() };
        match &mut same {
            None => same = Some(grants.iter().map(|(what, place)| (*what, vec![*place])).collect()),
            Some(same) => same.retain(|what, places| {
                grants.get(what).is_some_and(|place| {
                    places.push(*place);
                    true
                })
            }),
        }
    }
    same.unwrap_or_default()
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
