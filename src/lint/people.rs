//! Remarks about people and what they have.

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, Lint, some_of};
use crate::access::{Via, covers};
use crate::desired::{DesiredUser, Fact, LapseWhy, ManageMode};
use crate::diagnostic::{Code, Diagnostic};
use crate::grounds::{Access, Scope, Side};
use crate::model::{Email, OrgRole};
use crate::source::Span;

/// Owners that the service advises to have.
const ADVISED_OWNERS: usize = 2;

/// Users who have nothing, and grants that give nothing: one walk over the access of everybody tells both.
pub(super) fn access(lint: &Lint<'_>, found: &mut Found<'_>) {
    let desired = lint.desired;
    // Who is in a team that does not say so, or what such a team can do, is not known here.
    let is_whole = desired.manage.teams != ManageMode::None
        && desired.teams.values().all(|team| team.members.is_some() && team.roles.is_some());
    let side = Side::desired(desired, None, lint.as_of, Scope::default());
    let everybody_has_some =
        desired.projects.values().filter_map(|project| project.everyone.as_ref()).any(|fact| fact.window().is_none());
    let granted: BTreeSet<&Email> = desired.grants.keys().map(|(email, _)| email).collect();
    let mut rows = Vec::new();
    for email in side.users() {
        let Some(person) = side.person(email) else { continue };
        if person.lapse.is_some_and(|lapse| lapse.why != LapseWhy::NotYet) {
            continue;
        }
        // Most people have no grant that could be needless, and what everybody has.
        if everybody_has_some && !granted.contains(email) {
            continue;
        }
        side.collect_all(email, &mut rows);
        rows.retain(|access| access.lapse.is_none_or(|lapse| lapse.why == LapseWhy::NotYet));
        rows.retain(|access| access.until().is_none_or(|until| lint.as_of < until.at));
        if let (Some(entry), Some(OrgRole::Member), true, true) = (person.entry, person.role, is_whole, rows.is_empty())
        {
            let message = format!("`{email}` has no access to any project");
            let remark = Diagnostic::at(Code::UserWithoutAccess, entry.place, message, "no team, no grant");
            let unmanaged = desired.manage.grants == ManageMode::None;
            let remark = if unmanaged { remark.note("grants are not managed here, and may give some") } else { remark };
            found.push(remark.help("put the person into a team, or remove the entry"));
        }
        needless_grants(lint, email, &rows, found);
    }
}

/// Grants of `user` that give nothing which a team or everybody's role does not give for as long.
fn needless_grants(lint: &Lint<'_>, user: &Email, rows: &[Access<'_>], found: &mut Found<'_>) {
    let mut by_line: BTreeMap<Span, Vec<&Access<'_>>> = BTreeMap::new();
    for access in rows.iter().filter(|access| access.source.via == Via::Grant) {
        if let Some(ground) = access.own_grounds().next() {
            by_line.entry(ground.place).or_default().push(access);
        }
    }
    for (place, grants) in by_line {
        // A line can go when each of its projects is given otherwise.
        let others: Option<Vec<&Access<'_>>> = grants
            .iter()
            .map(|grant| on_project(rows, grant).iter().find(|other| gives_as_much(lint, grant, other)))
            .collect();
        let (Some(others), Some(first)) = (others, grants.first()) else { continue };
        let by_team = others.iter().find_map(|other| match other.source.via {
            Via::Team(team) => Some((team, *other)),
            Via::OrgRole | Via::Grant | Via::Everyone => None,
        });
        let mut keys: Vec<String> = grants.iter().map(|grant| lint.key(grant.project)).collect();
        keys.sort();
        let what = format!("this grant of `{user}`, `{}` on {}", first.source.role.as_str(), some_of(&keys));
        let help = "remove the grant";
        let remark = match by_team {
            Some((team, other)) => {
                let message = format!("{what}, gives nothing that the team `{team}` does not give");
                let remark = Diagnostic::at(Code::GrantOfTeam, place, message, "needless");
                other.own_grounds().fold(remark, |remark, ground| remark.also(ground.place, "gives as much"))
            }
            None => {
                let message = format!("{what}, gives nothing that everybody does not have");
                let remark = Diagnostic::at(Code::RoleOfEveryone, place, message, "needless");
                let grounds = others.iter().take(1).flat_map(|other| other.own_grounds());
                grounds.fold(remark, |remark, ground| remark.also(ground.place, "gives as much"))
            }
        };
        found.push(remark.help(help));
    }
}

/// Those of `rows`, which are in the order of projects, on the project of `access`.
fn on_project<'r, 'a>(rows: &'r [Access<'a>], access: &Access<'a>) -> &'r [Access<'a>] {
    let start = rows.partition_point(|row| row.project < access.project);
    let end = rows.partition_point(|row| row.project <= access.project);
    &rows[start..end]
}

/// Whether `other`, by a team or like everybody, gives what `grant` does for as long.
fn gives_as_much(lint: &Lint<'_>, grant: &Access<'_>, other: &Access<'_>) -> bool {
    let is_other = match other.source.via {
        Via::Team(_) | Via::Everyone => true,
        Via::OrgRole | Via::Grant => false,
    };
    let ends_before = match (other.until(), grant.until()) {
        (None, _) => false,
        (Some(_), None) => true,
        (Some(other), Some(grant)) => other.at < grant.at,
    };
    let begins_after = match (other.since(), grant.since()) {
        (None, _) => false,
        (Some(since), None) => lint.as_of < since.at,
        (Some(other), Some(grant)) => other.at > grant.at.max(lint.as_of),
    };
    is_other
        && covers(&lint.ranks, grant.project, other.source.role, grant.source.role)
        && !ends_before
        && !begins_after
}

/// An organization with hardly an owner, and externals without an end.
pub(super) fn owners_and_externals(lint: &Lint<'_>, found: &mut Found<'_>) {
    let desired = lint.desired;
    let Some(users) = &desired.users else { return };
    let holds = |email: &Email, fact: &Fact<OrgRole>| lint.in_force.fact_of(email, fact).is_none();
    let owners = users.iter().filter(|(email, user)| user.role.value == OrgRole::Owner && holds(email, &user.role));
    let number = owners.count();
    if number < ADVISED_OWNERS {
        let has = match number {
            0 => "no owner".to_owned(),
            _ => "only one owner".to_owned(),
        };
        let message = format!("the organization `{}` has {has}", desired.key);
        found.push(
            Diagnostic::at(Code::FewOwners, desired.place, message, "two are advised")
                .help("make another user `owner`: a lost last owner can only be restored by the service's support"),
        );
    }
    for (email, user) in users {
        let ends = user.role.window().is_some_and(|window| window.until.is_some());
        if desired.is_external(email) == Some(true) && !ends && lint.counts(email, &user.role) {
            let message = format!("`{email}` is external, and nothing says when their access ends");
            let remark = Diagnostic::at(Code::ExternalWithoutEnd, user.role.place, message, "no `until`");
            found.push(remark.help("write `until` at the user's entry: everything that they have ends with it"));
        }
    }
}

/// Protected people whose access ends: from then on the protection stops every plan.
pub(super) fn protected(lint: &Lint<'_>, found: &mut Found<'_>) {
    let desired = lint.desired;
    let people = desired.users.iter().flatten();
    for (user, place) in &desired.guards.protected {
        let is_it =
            |(email, declared): &(&Email, &DesiredUser)| *email == user || declared.previously.contains_key(user);
        let Some((email, declared)) = people.clone().find(is_it) else { continue };
        let Some(until) = declared.role.window().and_then(|window| window.until) else { continue };
        // A block wins over the protection.
        if lint.in_force.blocked(email).is_some() {
            continue;
        }
        let message = format!("`{email}` is protected, and their access ends ({until}): no plan takes it away then");
        let remark = Diagnostic::at(Code::ProtectedUserEnds, until.place, message, "the end");
        found.push(remark.also(*place, "protected here").help("remove the `until`, or the protection"));
    }
}
