//! The organization's rules: what the configuration declares against them is not applied.

use crate::diagnostic::Severity;
use crate::plan::{GuardCode, GuardEffect, GuardFinding, Plan};

/// One finding for each broken rule, and for each exception that keeps one from being broken.
pub(super) fn broken(plan: &Plan) -> impl Iterator<Item = GuardFinding> {
    let excepted = plan.policy.excepted.iter().map(|one| {
        let first = one.examples.join("; ");
        let more = match one.count - one.examples.len().min(one.count) {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let message = format!(
            "{first}{more} would break the rule `{}`; let through by an exception until {}: {}",
            one.rule, one.until, one.reason
        );
        let examples = one.examples.clone();
        let finding = GuardFinding::new(GuardCode::Policy, GuardEffect::Warn, message);
        GuardFinding { place: Some(one.place), examples, ..finding }
    });
    let broken = plan.policy.broken.iter().map(|broken| {
        let first = broken.examples.join("; ");
        let more = match (broken.unnamed, broken.count - broken.examples.len().min(broken.count)) {
            (0, 0) => String::new(),
            (0, more) => format!("; and {more} more"),
            (1, _) => "; and 1 more person".to_owned(),
            (people, _) => format!("; and {people} more people"),
        };
        let of_people = match (broken.people, broken.judged) {
            (0, _) => String::new(),
            (people, 1) => format!(" ({people} of 1 person)"),
            (people, judged) => format!(" ({people} of {judged} people)"),
        };
        let (effect, verb) = match broken.severity {
            Severity::Error => (GuardEffect::Block, "is broken"),
            Severity::Warning => (GuardEffect::Warn, "is not followed"),
        };
        let message = format!(
            "the rule `{}` {verb}{of_people}: {first}{more}. `accessctl validate` shows the lines; correct them, or add a dated \
             exception to the rule",
            broken.rule
        );
        let examples = broken.examples.clone();
        GuardFinding { place: Some(broken.place), examples, ..GuardFinding::new(GuardCode::Policy, effect, message) }
    });
    broken.chain(excepted)
}
