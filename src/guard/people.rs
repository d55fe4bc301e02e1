//! People from whom nothing is taken: those whom the configuration protects, and the account that acts.

use std::collections::BTreeSet;

use super::{NAMED, some_of};
use crate::access::{AccessIndex, covers};
use crate::change::Change;
use crate::model::{Email, OrgRole};
use crate::plan::{GuardCode, GuardEffect, GuardFinding, Plan, Why};
use crate::source::Span;

/// A person whom the configuration protects.
struct Protected<'p> {
    /// The declared address.
    name: &'p Email,
    /// Every address.
    addresses: Vec<&'p Email>,
    written: Span,
}

impl Protected<'_> {
    fn is_blocked(&self, plan: &Plan) -> bool {
        self.addresses.iter().any(|address| plan.blocked.contains(*address))
    }
}

/// The protected people with an account.
fn people(plan: &Plan) -> Vec<Protected<'_>> {
    let mut people: Vec<Protected<'_>> = Vec::new();
    for (user, written) in &plan.rails.protected {
        let name = plan.person(user);
        if people.iter().any(|known| known.name == name) {
            continue;
        }
        let olds = plan.earlier_addresses.iter().filter(|(_, new)| *new == name).map(|(old, _)| old);
        let addresses: Vec<&Email> = std::iter::once(name).chain(olds).collect();
        if addresses.iter().any(|address| plan.live.users.contains_key(*address)) {
            people.push(Protected { name, addresses, written: *written });
        }
    }
    people
}

/// Whose removal a guard stops, by every address: protected people who are not blocked, and the account that acts.
pub(super) fn untouchable(plan: &Plan) -> BTreeSet<&Email> {
    let protected = people(plan).into_iter().filter(|person| !person.is_blocked(plan));
    let mut all: BTreeSet<&Email> = protected.flat_map(|person| person.addresses).collect();
    let acting = plan.acting.as_ref().and_then(|acting| acting.user());
    all.extend(acting.and_then(|user| plan.live.users.get_key_value(&user)).map(|(user, _)| user));
    all
}

/// Blocks a plan by which a protected person has less than before, under all of their addresses together. A block wins
/// over the protection, as it does over everything.
pub(super) fn protected(plan: &Plan) -> Vec<GuardFinding> {
    let (blocked, people): (Vec<_>, Vec<_>) = people(plan).into_iter().partition(|person| person.is_blocked(plan));
    let all = || people.iter().flat_map(|person| person.addresses.iter().copied());
    let before = AccessIndex::new(&plan.live, all());
    let after = AccessIndex::new(&plan.target, all());
    let (mut losses, mut place, mut ends, mut examples) = (Vec::new(), None, false, Vec::new());
    for Protected { name, addresses, written } in &people {
        let lost = lost(plan, addresses, &before, &after);
        if lost.is_empty() {
            continue;
        }
        place.get_or_insert(*written);
        losses.push(format!("`{name}` {}", some_of(&lost)));
        examples.push(name.to_string());
        let of_them = |user: &Email| addresses.contains(&user);
        ends |= plan.to_do().any(|planned| planned.why == Why::Expired && planned.change.user().is_some_and(of_them));
    }
    let mut findings: Vec<GuardFinding> = Vec::new();
    if !losses.is_empty() {
        let these = if losses.len() == 1 { "this user" } else { "these users" };
        let way = if ends { "Write a later `until`" } else { "Declare what is to stay" };
        let message = format!(
            "{}; the configuration protects {these}. {way}, or take the protection away in a change of its own",
            some_of(&losses),
        );
        examples.truncate(NAMED);
        let finding = GuardFinding::new(GuardCode::Protected, GuardEffect::Block, message);
        findings.push(GuardFinding { place, examples, ..finding });
    }
    if let Some(first) = blocked.first() {
        let names: Vec<String> = blocked.iter().map(|person| format!("`{}`", person.name)).collect();
        let are = if names.len() == 1 { "is" } else { "are" };
        let message = format!("{} {are} both protected and blocked, and the block counts", some_of(&names));
        let examples = blocked.iter().take(NAMED).map(|person| person.name.to_string()).collect();
        let finding = GuardFinding::new(GuardCode::Protected, GuardEffect::Warn, message);
        findings.push(GuardFinding { place: Some(first.written), examples, ..finding });
    }
    findings
}

/// Blocks a plan that takes something from the account that would perform it.
pub(super) fn own_account(plan: &Plan) -> Option<GuardFinding> {
    let user = &plan.acting.as_ref()?.user()?;
    if !plan.live.users.contains_key(user) {
        return None;
    }
    let index = |state| AccessIndex::new(state, [user]);
    let mut lost = lost(plan, &[user], &index(&plan.live), &index(&plan.target));
    for planned in plan.to_do().filter(|planned| planned.change.user() == Some(user)) {
        if let Change::RemoveTeamMember { team, .. } = &planned.change {
            lost.push(format!("would leave the team `{team}`"));
        } else if let Change::RemoveGrant { project, .. } = &planned.change {
            lost.push(format!("would lose the grant on {}", plan.project_label(*project)));
        }
    }
    (!lost.is_empty()).then(|| {
        let is_blocked = if plan.blocked.contains(user) { ", is blocked and" } else { "," };
        let message = format!(
            "`{user}`, the account that would perform this plan{is_blocked} {}; let another account do this",
            some_of(&lost)
        );
        let examples = vec![user.to_string()];
        GuardFinding { examples, ..GuardFinding::new(GuardCode::OwnAccount, GuardEffect::Block, message) }
    })
}

/// What the person with these `addresses`, one of them an account now, has less of afterwards. Who had joined is not
/// given anything by an invitation yet.
fn lost(plan: &Plan, addresses: &[&Email], before: &AccessIndex<'_>, after: &AccessIndex<'_>) -> Vec<String> {
    let had: Vec<_> = addresses.iter().filter_map(|user| Some((*user, plan.live.users.get(*user)?))).collect();
    let had_joined = had.iter().any(|(_, found)| !found.status.is_invited());
    let has = addresses.iter().filter_map(|user| Some((*user, plan.target.users.get(*user)?)));
    let has: Vec<_> = has.filter(|(_, found)| !had_joined || !found.status.is_invited()).collect();
    if has.is_empty() {
        return vec!["would be removed".to_owned()];
    }
    let mut lost = Vec::new();
    let strongest =
        |roles: &mut dyn Iterator<Item = &OrgRole>| roles.max_by_key(|role| role.on_every_project()).cloned();
    let now = strongest(&mut had.iter().map(|(_, found)| &found.role));
    let then = strongest(&mut has.iter().map(|(_, found)| &found.role));
    if let (Some(now), Some(then)) = (now, then)
        && now.on_every_project() > then.on_every_project()
    {
        lost.push(format!("would be {then} instead of {now}"));
    }
    for project in plan.live.projects.keys() {
        let had: Vec<_> = had.iter().flat_map(|(user, _)| before.sources(user, *project)).collect();
        let has: Vec<_> = has.iter().flat_map(|(user, _)| after.sources(user, *project)).collect();
        let kept = |role| has.iter().any(|source| covers(&plan.ranks, *project, source.role, role));
        if let Some(source) = had.iter().find(|source| !kept(source.role)) {
            lost.push(format!("would no longer have {} on {}", source.role, plan.project_label(*project)));
        }
    }
    lost
}
