//! Rails: what a plan must never do, judged on its target and on every state on the way there.
//!
//! A guard blocks the whole plan, holds some of its changes so that the rest goes on, or warns. [`approve`] is the only
//! maker of an [`ApprovedPlan`], and nothing else can be applied.

mod authority;
mod circles;
mod exempt;
mod holding;
mod live;
mod loss;
mod owners;
mod people;
mod policy;
mod subject;

use std::collections::BTreeSet;

use crate::model::Email;
use crate::plan::{ChangeId, ChangeStatus, GuardCode, GuardEffect, GuardFinding, Plan, PlannedChange};

use self::exempt::Exempt;

/// A plan that every guard let pass.
#[derive(Debug)]
pub struct ApprovedPlan(Plan);

impl ApprovedPlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.0
    }
}

/// Judges a plan: notes the findings in it, leaves to people what the acting account may not do, and marks its changes
/// as held or blocked. The target and the cost are then those of what is left.
///
/// What blocks a plan does not stop what has nothing to do with it: removals because of `blocked`, and of what is over, go
/// on, unless they are themselves what a guard stops or the live side cannot be trusted. All others are held then.
pub fn judge(plan: &mut Plan) {
    let was_held = plan.changes.iter().any(|planned| planned.status == ChangeStatus::Held);
    for planned in &mut plan.changes {
        planned.status = ChangeStatus::Planned;
    }
    let mut findings: Vec<GuardFinding> = Vec::new();
    findings.extend(authority::leave_to_people(plan));
    let (held, exempt) = holding::hold(plan);
    findings.extend(held);
    findings.extend(circles::leave_together(plan));
    let is_held = plan.changes.iter().any(|planned| planned.status == ChangeStatus::Held);
    if was_held || is_held {
        plan.aim();
    }
    findings.extend(policy::broken(plan));
    findings.extend(judged(plan));
    if findings.iter().any(is_block)
        && let Some(number) = let_due_through(plan, &exempt, &findings)
    {
        for finding in findings.iter_mut().filter(|finding| is_block(finding)) {
            finding.effect = GuardEffect::Hold;
            finding.held = number;
            finding.message.push_str(". Meanwhile only what is blocked or over is taken away");
        }
    }
    plan.weigh();
    findings.sort_by_key(|finding| finding.effect);
    plan.guards = findings;
    if plan.is_blocked() {
        for planned in &mut plan.changes {
            planned.status = ChangeStatus::Blocked;
        }
    }
}

fn is_block(finding: &GuardFinding) -> bool {
    finding.effect == GuardEffect::Block
}

/// What guards say of the live side, the target and the states on the way.
fn judged(plan: &Plan) -> Vec<GuardFinding> {
    let mut findings = Vec::new();
    findings.extend(live::shrank(plan));
    findings.extend(live::empties(plan));
    findings.extend(owners::min_owners(plan));
    findings.extend(people::protected(plan));
    findings.extend(people::own_account(plan));
    findings
}

/// Holds everything but what is due, where that can be done by itself. Returns how many changes are held so.
fn let_due_through(plan: &mut Plan, exempt: &Exempt, findings: &[GuardFinding]) -> Option<usize> {
    // Where it is not even sure that the configuration and the live side belong together, nothing is taken away.
    let is_strange = |code| matches!(code, GuardCode::LiveShrank | GuardCode::EmptiesOrganization);
    if exempt.due() == 0 || findings.iter().any(|finding| is_block(finding) && is_strange(finding.code)) {
        return None;
    }
    let before: Vec<ChangeStatus> = plan.changes.iter().map(|planned| planned.status).collect();
    let untouchable = people::untouchable(plan);
    let owners: BTreeSet<&Email> = plan.live.active_owners().collect();
    let is_of = |planned: &PlannedChange, people: &BTreeSet<&Email>| {
        planned.change.user().is_some_and(|user| people.contains(user))
    };
    let mut goes: BTreeSet<ChangeId> = BTreeSet::new();
    let mut of_owners: BTreeSet<ChangeId> = BTreeSet::new();
    for planned in plan.changes.iter().filter(|planned| planned.status == ChangeStatus::Planned) {
        let can = planned.depends_on.iter().all(|needed| goes.contains(needed));
        if can && exempt.is_due(planned.id) && !is_of(planned, &untouchable) {
            goes.insert(planned.id);
            if is_of(planned, &owners) || planned.depends_on.iter().any(|needed| of_owners.contains(needed)) {
                of_owners.insert(planned.id);
            }
        }
    }
    // Owners are left out where too few would stay.
    let without_owners = goes.difference(&of_owners).copied().collect();
    for goes in [goes, without_owners] {
        if goes.is_empty() {
            continue;
        }
        let mut held = 0;
        for (planned, before) in plan.changes.iter_mut().zip(&before) {
            planned.status = if goes.contains(&planned.id) { ChangeStatus::Planned } else { ChangeStatus::Held };
            held += usize::from(planned.status == ChangeStatus::Held && *before != ChangeStatus::Held);
        }
        plan.aim();
        if !judged(plan).iter().any(is_block) {
            return Some(held);
        }
    }
    for (planned, before) in plan.changes.iter_mut().zip(before) {
        planned.status = before;
    }
    plan.aim();
    None
}

/// Judges `plan` again and lets it pass, or gives it back with the findings.
///
/// # Errors
/// The plan itself, blocked.
pub fn approve(mut plan: Plan) -> Result<ApprovedPlan, Box<Plan>> {
    judge(&mut plan);
    if plan.is_blocked() { Err(Box::new(plan)) } else { Ok(ApprovedPlan(plan)) }
}

/// How many names a message tells.
const NAMED: usize = 10;

/// The first of some names, and how many more there are.
fn some_of(names: &[String]) -> String {
    let first = names.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// A number with its noun.
fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A share in percent, rounded down.
fn percentage(number: usize, of: usize) -> usize {
    (number * 100) / of.max(1)
}
