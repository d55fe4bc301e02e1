//! Performs an approved plan, change by change.
//!
//! A change that fails does not stop those that do not depend on it. Nothing is printed and no clock is read here:
//! whoever calls watches the [`Event`]s and lends the clock.

use std::collections::BTreeMap;
use std::error::Error;

use jiff::Timestamp;

use crate::backend::{BackendError, LiveWriter};
use crate::guard::ApprovedPlan;
use crate::plan::{ChangeId, PlannedChange};

/// What is seen while a plan is performed.
#[derive(Debug)]
pub enum Event<'a> {
    /// A change is about to be performed.
    Started(&'a PlannedChange),
    /// A change has come to its end.
    Ended(&'a PlannedChange, &'a Outcome),
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The backend has performed it durably.
    Applied,
    /// The backend refused it or could not be reached; the cause and its causes.
    Failed(Vec<String>),
    /// It was not tried, because a change that it depends on was not performed.
    Skipped {
        /// The change that failed.
        because: ChangeId,
    },
}

/// What became of a plan: one outcome for each change, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a failed change is known only here"]
pub struct Report {
    /// The outcomes in the order of the plan.
    pub outcomes: Vec<(ChangeId, Outcome)>,
}

/// The numbers of a [`Report`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "one for each variant of `Outcome`")]
pub struct Numbers {
    pub applied: usize,
    pub failed: usize,
    pub skipped: usize,
}

impl Report {
    /// How many changes came to which end.
    pub fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::default();
        for (_, outcome) in &self.outcomes {
            match outcome {
                Outcome::Applied => numbers.applied += 1,
                Outcome::Failed(_) => numbers.failed += 1,
                Outcome::Skipped { .. } => numbers.skipped += 1,
            }
        }
        numbers
    }

    /// Whether every change was performed.
    pub fn is_complete(&self) -> bool {
        self.outcomes.iter().all(|(_, outcome)| *outcome == Outcome::Applied)
    }
}

/// Performs `approved` on `writer`, in order, and tells `watch` of each step.
pub fn apply(
    approved: &ApprovedPlan,
    writer: &mut dyn LiveWriter,
    clock: &dyn Fn() -> Timestamp,
    watch: &mut dyn FnMut(Event<'_>),
) -> Report {
    let plan = approved.plan();
    // The change whose failure keeps another from being performed, by the change that is kept.
    let mut stopped: BTreeMap<ChangeId, ChangeId> = BTreeMap::new();
    let mut outcomes = Vec::with_capacity(plan.changes.len());
    for planned in &plan.changes {
        let because = planned.depends_on.iter().find_map(|needed| stopped.get(needed)).copied();
        let outcome = match because {
            Some(because) => Outcome::Skipped { because },
            None => {
                watch(Event::Started(planned));
                match writer.perform(&planned.change, clock()) {
                    Ok(()) => Outcome::Applied,
                    Err(error) => Outcome::Failed(causes(&error)),
                }
            }
        };
        match &outcome {
            Outcome::Applied => {}
            Outcome::Failed(_) => {
                stopped.insert(planned.id, planned.id);
            }
            Outcome::Skipped { because } => {
                stopped.insert(planned.id, *because);
            }
        }
        watch(Event::Ended(planned, &outcome));
        outcomes.push((planned.id, outcome));
    }
    Report { outcomes }
}

/// An error and its causes as texts.
fn causes(error: &BackendError) -> Vec<String> {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    texts
}
