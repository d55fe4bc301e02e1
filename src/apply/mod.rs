//! Performs an approved plan, change by change.
//!
//! A change that fails does not stop those that do not depend on it, unless what made it fail is true of every request,
//! such as a credential that has expired. Nothing is printed and no clock is read here: whoever calls watches the [`Event`]s and lends the clock.

mod invitations;

use std::error::Error;

use jiff::Timestamp;

use crate::backend::{BackendError, LiveWriter, Step};
use crate::change::Change;
use crate::guard::ApprovedPlan;
use crate::plan::{Batch, ChangeId, Channel, PlannedChange};

use invitations::Mails;

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
    /// The live side showed it as done before the run.
    AlreadySo,
    /// The backend refused it or could not be reached; the cause and its causes.
    Failed(Vec<String>),
    /// A guard holds it.
    Held,
    /// It waits for a person: no request for it is known surely enough to be sent.
    Manual,
    /// It was not tried, because its mail domain has had all the invitation mails that it may have in an hour.
    Deferred {
        /// When the next mail may be sent.
        until: Timestamp,
    },
    /// It was not tried, because a change that it depends on was not performed.
    Skipped {
        /// The change that failed, is held, was deferred or waits for a person.
        because: ChangeId,
    },
    /// It was not tried, because what made another change fail is true of every request.
    NotTried,
    /// It stands in a saved plan, and needs a change that does not.
    Unmet {
        /// The change that was not agreed to.
        needs: Change,
    },
    /// It stands in a saved plan, and does not follow any more.
    Stale {
        /// What is so instead, in words.
        now: String,
    },
}

impl Outcome {
    /// Whether the live side has what the change makes.
    pub fn has_result(&self) -> bool {
        matches!(self, Self::Applied | Self::AlreadySo)
    }

    /// The change for whose sake it was skipped.
    pub fn because(&self) -> Option<ChangeId> {
        match self {
            Self::Skipped { because } => Some(*because),
            Self::Applied
            | Self::AlreadySo
            | Self::Failed(_)
            | Self::Held
            | Self::Manual
            | Self::Deferred { .. }
            | Self::NotTried
            | Self::Unmet { .. }
            | Self::Stale { .. } => None,
        }
    }
}

/// What became of a plan: one outcome for each change, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a failed change is known only here"]
pub struct Report {
    /// The outcomes in the order of the plan.
    pub outcomes: Vec<(ChangeId, Outcome)>,
    /// What to do about the failures, each said once.
    pub next_steps: Vec<String>,
    /// What became of those changes of a saved plan that did not have to be made, or could not be.
    pub beside: Vec<(Change, Outcome)>,
}

/// The numbers of a [`Report`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "one for each variant of `Outcome`")]
pub struct Numbers {
    pub applied: usize,
    pub already_so: usize,
    pub failed: usize,
    pub manual: usize,
    pub deferred: usize,
    pub held: usize,
    pub skipped: usize,
    pub not_tried: usize,
    pub unmet: usize,
    pub stale: usize,
}

impl Report {
    /// How many changes came to which end.
    pub fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::default();
        for outcome in self.every() {
            match outcome {
                Outcome::Applied => numbers.applied += 1,
                Outcome::AlreadySo => numbers.already_so += 1,
                Outcome::Failed(_) => numbers.failed += 1,
                Outcome::Manual => numbers.manual += 1,
                Outcome::Deferred { .. } => numbers.deferred += 1,
                Outcome::Held => numbers.held += 1,
                Outcome::Skipped { .. } => numbers.skipped += 1,
                Outcome::NotTried => numbers.not_tried += 1,
                Outcome::Unmet { .. } => numbers.unmet += 1,
                Outcome::Stale { .. } => numbers.stale += 1,
            }
        }
        numbers
    }

    /// Whether every change has its result.
    pub fn is_complete(&self) -> bool {
        self.every().all(Outcome::has_result)
    }

    fn every(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().map(|(_, outcome)| outcome).chain(self.beside.iter().map(|(_, outcome)| outcome))
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
    let mut mails = plan.requests.invitations_per_hour().map(|most| Mails::new(most, &plan.live, clock()));
    let mut run = Run { watch, outcomes: vec![None; plan.changes.len()], next_steps: Vec::new(), is_over: false };
    for planned in plan.held() {
        run.end(planned, Outcome::Held);
    }
    for planned in plan.to_do().filter(|planned| planned.channel == Channel::Manual) {
        run.end(planned, Outcome::Manual);
    }
    for wave in plan.waves() {
        let mut batches: Vec<Batch<'_>> = Vec::with_capacity(wave.len());
        for batch in wave {
            let tried: Batch<'_> =
                batch.into_iter().filter(|planned| run.is_next(planned, &mut mails, clock)).collect();
            if !tried.is_empty() {
                batches.push(tried);
            }
        }
        let changes: Vec<(Channel, Vec<&Change>)> = batches
            .iter()
            .map(|batch| {
                let channel = batch.first().map_or(Channel::Api, |planned| planned.channel);
                (channel, batch.iter().map(|planned| &planned.change).collect())
            })
            .collect();
        writer.perform_all(&changes, clock, &mut |step| match step {
            Step::Begun(place) => batches[place].iter().for_each(|planned| (run.watch)(Event::Started(planned))),
            Step::Ended(place, Ok(results)) => {
                for (planned, result) in batches[place].iter().zip(results) {
                    let outcome = result.map_or_else(|error| run.failed(&error), |()| Outcome::Applied);
                    run.end(planned, outcome);
                }
            }
            Step::Ended(place, Err(error)) => {
                let failed = run.failed(&error);
                batches[place].iter().for_each(|planned| run.end(planned, failed.clone()));
            }
            Step::NotTried(place) => batches[place].iter().for_each(|planned| run.end(planned, Outcome::NotTried)),
        });
    }
    let unknown = || Outcome::Failed(vec!["the backend did not say what became of it".to_owned()]);
    let outcomes = plan.changes.iter().zip(run.outcomes);
    let outcomes = outcomes.map(|(planned, outcome)| (planned.id, outcome.unwrap_or_else(unknown))).collect();
    Report { outcomes, next_steps: run.next_steps, beside: Vec::new() }
}

/// What has become of the changes so far.
struct Run<'w> {
    watch: &'w mut dyn FnMut(Event<'_>),
    /// By place in the plan.
    outcomes: Vec<Option<Outcome>>,
    next_steps: Vec<String>,
    /// Whether what made a change fail is true of every request.
    is_over: bool,
}

impl Run<'_> {
    fn end(&mut self, planned: &PlannedChange, outcome: Outcome) {
        (self.watch)(Event::Ended(planned, &outcome));
        if let Some(place) = self.outcomes.get_mut((planned.id.0 as usize).wrapping_sub(1)) {
            *place = Some(outcome);
        }
    }

    /// What `error` makes of a change; what to do about it is kept for the end.
    fn failed(&mut self, error: &BackendError) -> Outcome {
        self.is_over |= error.is_about_everything();
        for step in error.next_steps() {
            if !self.next_steps.contains(&step) {
                self.next_steps.push(step);
            }
        }
        Outcome::Failed(causes(error))
    }

    /// Whether `planned` is tried now; if not, that is its end.
    fn is_next(&mut self, planned: &PlannedChange, mails: &mut Option<Mails>, clock: &dyn Fn() -> Timestamp) -> bool {
        if let Some(because) = self.stopped_by(planned) {
            self.end(planned, Outcome::Skipped { because });
            return false;
        }
        if self.is_over {
            self.end(planned, Outcome::NotTried);
            return false;
        }
        if let (true, Some(mails), Some(user)) = (planned.sends_mail(), mails, planned.change.user())
            && let Err(until) = mails.admit(user, clock())
        {
            self.end(planned, Outcome::Deferred { until });
            return false;
        }
        true
    }

    /// The change that keeps `planned` from being performed: the first cause, however long the chain.
    fn stopped_by(&self, planned: &PlannedChange) -> Option<ChangeId> {
        planned.depends_on.iter().find_map(|needed| {
            match self.outcomes.get((needed.0 as usize).wrapping_sub(1))?.as_ref()? {
                // Nothing is tried any more after one that was not.
                Outcome::Applied | Outcome::AlreadySo | Outcome::NotTried => None,
                Outcome::Failed(_)
                | Outcome::Held
                | Outcome::Manual
                | Outcome::Deferred { .. }
                | Outcome::Unmet { .. }
                | Outcome::Stale { .. } => Some(*needed),
                Outcome::Skipped { because } => Some(*because),
            }
        })
    }
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
