//! Rails: what a plan must never do, judged on its target and on every state on the way there.
//!
//! A guard blocks the whole plan, holds some of its changes so that the rest goes on, or warns. [`approve`] is the only
//! maker of an [`ApprovedPlan`], and nothing else can be applied.

mod authority;
mod holding;
mod live;
mod owners;
mod people;
mod policy;

use crate::plan::{ChangeStatus, GuardFinding, Plan};

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
pub fn judge(plan: &mut Plan) {
    let was_held = plan.changes.iter().any(|planned| planned.status == ChangeStatus::Held);
    for planned in &mut plan.changes {
        planned.status = ChangeStatus::Planned;
    }
    let mut findings: Vec<GuardFinding> = Vec::new();
    findings.extend(authority::leave_to_people(plan));
    findings.extend(holding::hold(plan));
    let is_held = plan.changes.iter().any(|planned| planned.status == ChangeStatus::Held);
    if was_held || is_held {
        plan.aim();
    }
    plan.weigh();
    findings.extend(policy::broken(plan));
    findings.extend(live::shrank(plan));
    findings.extend(live::empties(plan));
    findings.extend(owners::min_owners(plan));
    findings.extend(people::protected(plan));
    findings.extend(people::own_account(plan));
    findings.sort_by_key(|finding| finding.effect);
    plan.guards = findings;
    if plan.is_blocked() {
        for planned in &mut plan.changes {
            planned.status = ChangeStatus::Blocked;
        }
    }
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
