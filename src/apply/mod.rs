//! Performs an approved plan, change by change.
//!
//! A change that fails does not stop those that do not depend on it, unless what made it fail is true of every request,
//! such as a credential that has expired. Nothing is printed or written down and no clock is read here: whoever calls
//! watches the [`Event`]s, may break off at each of them, and lends the clock.

mod invitations;
mod outcome;
mod reliance;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::backend::{BackendError, LiveWriter, Step};
use crate::change::{Change, LiveSide, Misfit, Shown};
use crate::guard::ApprovedPlan;
use crate::model::{Email, ProjectId, State};
use crate::plan::{Batch, ChangeId, Channel, PlannedChange};

use invitations::Mails;

pub use outcome::{Numbers, Outcome, Report};
pub use reliance::relies_on;

/// What is seen while a plan is performed. Whoever watches may break off: nothing more is begun then, and what is under
/// way comes to its end.
#[derive(Debug)]
pub enum Event<'a> {
    /// The changes of one request are about to be performed. Where the watch breaks off here they are not.
    Started(&'a [&'a PlannedChange]),
    /// Changes have come to their end: those of a request together.
    Ended(&'a [(&'a PlannedChange, &'a Outcome)]),
    /// Everything else is done, and these changes may be performed at a later moment. A watch that goes on has waited
    /// for it; one that breaks off leaves them deferred.
    Waiting {
        /// When the first of the mails may be sent.
        until: Timestamp,
        /// When the last of them may, if each is sent as soon as it may be.
        last: Timestamp,
        /// The invitations, and what depends on them.
        changes: &'a [&'a PlannedChange],
        /// Where a watch that has waited puts the live side as it has read it again: what somebody else did meanwhile
        /// is not done once more.
        live: &'a mut Option<State>,
    },
}

/// What earlier runs did that this one has to know of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    /// When invitation mails were sent or may have been sent, and to whom where that is known.
    pub mails: Vec<(Option<Email>, Timestamp)>,
    /// To whom an invitation mail was or may have been sent: nobody of them is sent another one by request while the live
    /// side does not show them.
    pub invited: BTreeMap<Email, Mail>,
    /// Why somebody may be a user or invited whom the live side does not show, where that is so: nobody is invited by
    /// request then.
    pub lacks_people: Option<String>,
}

/// An invitation mail that a run asked for. Whether it was sent may not be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The run.
    pub run: String,
    /// When.
    pub at: Timestamp,
}

/// Performs `approved` on `writer`, in order, and tells `watch` of each step.
pub fn apply(
    approved: &ApprovedPlan,
    writer: &mut dyn LiveWriter,
    past: &Past,
    clock: &dyn Fn() -> Timestamp,
    watch: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Report {
    let plan = approved.plan();
    let per_hour = plan.requests.invitations_per_hour();
    let mut run = Run {
        watch,
        clock,
        mails: per_hour.map(|most| Mails::new(most, &plan.live, &past.mails, clock())),
        past,
        by_hand: plan.to_do().filter(|planned| planned.channel == Channel::Manual).map(|planned| planned.id).collect(),
        changes: &plan.changes,
        confirmed: BTreeSet::new(),
        outcomes: vec![None; plan.changes.len()],
        next_steps: Vec::new(),
        is_over: false,
        is_broken_off: false,
        due: None,
        is_room_left: false,
    };
    run.end_all(plan.held(), &Outcome::Held);
    let waves = plan.waves();
    // What waits for mails is put aside until everything else is done: nothing else waits for it.
    loop {
        for wave in &waves {
            run.perform(wave, writer);
        }
        let Some(until) = run.due.take() else { break };
        // A mail that was surely not sent leaves room for another.
        if std::mem::take(&mut run.is_room_left) && !run.is_over {
            continue;
        }
        let waiting: Vec<&PlannedChange> = plan.to_do().filter(|planned| run.outcome(planned.id).is_none()).collect();
        let mut live = None;
        let last = run.expected(&waiting).into_values().max().map_or(until, |last| last.max(until));
        let event = Event::Waiting { until, last, changes: &waiting, live: &mut live };
        let has_waited = (run.watch)(event).is_continue();
        if run.is_over || !has_waited || clock() < until {
            run.defer(&waiting);
            break;
        }
        if let Some(live) = &live {
            run.look_again(&waiting, live, &|project| plan.project_label(project));
        }
    }
    // Nobody is asked to take what should be replaced by what was not done.
    for planned in plan.to_do().filter(|planned| planned.channel == Channel::Manual) {
        let outcome = run.missed(planned).map_or(Outcome::Manual, |because| Outcome::Skipped { because });
        run.end(&[(planned, outcome)]);
    }
    let unknown = || Outcome::Unknown(vec!["the backend did not say what became of it".to_owned()]);
    let outcomes = plan.changes.iter().zip(run.outcomes);
    let outcomes = outcomes.map(|(planned, outcome)| (planned.id, outcome.unwrap_or_else(unknown))).collect();
    Report { outcomes, next_steps: run.next_steps, beside: Vec::new(), is_broken_off: run.is_broken_off }
}

/// What has become of the changes so far.
struct Run<'w> {
    watch: &'w mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    clock: &'w dyn Fn() -> Timestamp,
    mails: Option<Mails>,
    past: &'w Past,
    /// The changes that people make.
    by_hand: BTreeSet<ChangeId>,
    changes: &'w [PlannedChange],
    /// The changes that were read again, so that others may rely on them.
    confirmed: BTreeSet<ChangeId>,
    /// By place in the plan; none for a change that is put aside as long as mails have to wait.
    outcomes: Vec<Option<Outcome>>,
    next_steps: Vec<String>,
    /// Whether what made a change fail is true of every request, or the watch broke off.
    is_over: bool,
    is_broken_off: bool,
    /// When the first of the changes that were put aside may be performed.
    due: Option<Timestamp>,
    /// Whether a mail that had been admitted was surely not sent.
    is_room_left: bool,
}

/// What is done about a change now.
enum Turn {
    Now,
    Never(Outcome),
    /// A mail has to wait until this moment.
    At(Timestamp),
    /// What it depends on was put aside.
    Later,
}

impl Run<'_> {
    /// Performs what of a wave is not at its end.
    fn perform(&mut self, wave: &[Batch<'_>], writer: &mut dyn LiveWriter) {
        self.confirm(wave, writer);
        let mut batches: Vec<Batch<'_>> = Vec::with_capacity(wave.len());
        for batch in wave {
            let tried: Batch<'_> = batch.iter().copied().filter(|planned| self.is_next(planned)).collect();
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
        let clock = self.clock;
        writer.perform_all(&changes, clock, &mut |step| {
            match step {
                Step::Begun(place) => self.tell(Event::Started(&batches[place])),
                Step::Ended(place, Ok(results)) => {
                    let outcomes = batches[place].iter().copied().zip(results).map(|(planned, result)| match result {
                        Ok(()) => (planned, Outcome::Applied),
                        Err(error) => {
                            self.give_back(planned, &error);
                            (planned, self.outcome_of(&error))
                        }
                    });
                    let ended: Vec<(&PlannedChange, Outcome)> = outcomes.collect();
                    self.end(&ended);
                }
                Step::Ended(place, Err(error)) => {
                    batches[place].iter().for_each(|planned| self.give_back(planned, &error));
                    let outcome = self.outcome_of(&error);
                    self.end_all(batches[place].iter().copied(), &outcome);
                }
                Step::NotTried(place) => self.end_all(batches[place].iter().copied(), &Outcome::NotTried),
            }
            if self.is_over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
    }

    /// Reads again what changes of `wave` rely on: an answer that says so is no proof that something was done.
    fn confirm(&mut self, wave: &[Batch<'_>], writer: &mut dyn LiveWriter) {
        if self.is_over {
            return;
        }
        let mut needed: Vec<&PlannedChange> = Vec::new();
        for planned in wave.iter().flatten() {
            if self.outcome(planned.id).is_some() {
                continue;
            }
            for id in &planned.depends_on {
                let found = self.changes.get((id.0 as usize).wrapping_sub(1));
                let Some(other) = found.filter(|other| relies_on(&planned.change, &other.change)) else { continue };
                if self.outcome(*id) == Some(&Outcome::Applied) && self.confirmed.insert(*id) {
                    needed.push(other);
                }
            }
        }
        if needed.is_empty() {
            return;
        }
        needed.sort_unstable_by_key(|planned| planned.id);
        let changes: Vec<&Change> = needed.iter().map(|planned| &planned.change).collect();
        let outcomes: Vec<(&PlannedChange, Outcome)> = match writer.confirm(&changes) {
            Ok(shown) => needed.into_iter().zip(shown).filter(|(_, is_shown)| !is_shown).map(unconfirmed).collect(),
            Err(error) => {
                self.outcome_of(&error);
                let doubt = "the service answered that it was done, and it cannot be read again".to_owned();
                let causes: Vec<String> = std::iter::once(doubt).chain(causes(&error)).collect();
                needed.into_iter().map(|planned| (planned, Outcome::Unknown(causes.clone()))).collect()
            }
        };
        self.end(&outcomes);
    }

    /// Takes back the mail of an invitation that was surely not sent.
    fn give_back(&mut self, planned: &PlannedChange, error: &BackendError) {
        if let (true, Some(mails), Some(user)) = (planned.sends_mail(), &mut self.mails, planned.change.user())
            && error.is_surely_undone()
        {
            mails.give_back(user);
            self.is_room_left = true;
        }
    }

    fn tell(&mut self, event: Event<'_>) {
        if (self.watch)(event).is_break() {
            (self.is_over, self.is_broken_off) = (true, true);
        }
    }

    fn outcome(&self, id: ChangeId) -> Option<&Outcome> {
        self.outcomes.get((id.0 as usize).wrapping_sub(1))?.as_ref()
    }

    fn end(&mut self, ended: &[(&PlannedChange, Outcome)]) {
        if ended.is_empty() {
            return;
        }
        for (planned, outcome) in ended {
            if let Some(place) = self.outcomes.get_mut((planned.id.0 as usize).wrapping_sub(1)) {
                *place = Some(outcome.clone());
            }
        }
        let told: Vec<(&PlannedChange, &Outcome)> =
            ended.iter().map(|(planned, outcome)| (*planned, outcome)).collect();
        self.tell(Event::Ended(&told));
    }

    fn end_all<'p>(&mut self, changes: impl Iterator<Item = &'p PlannedChange>, outcome: &Outcome) {
        let ended: Vec<(&PlannedChange, Outcome)> = changes.map(|planned| (planned, outcome.clone())).collect();
        self.end(&ended);
    }

    /// What `error` makes of a change; what to do about it is kept for the end.
    fn outcome_of(&mut self, error: &BackendError) -> Outcome {
        if let BackendError::Misfit(Misfit::Exists(_)) = error {
            return Outcome::Already;
        }
        self.is_over |= error.is_about_everything();
        if matches!(error, BackendError::NotTried) {
            return Outcome::NotTried;
        }
        if error.is_stop() {
            self.is_broken_off = true;
            return Outcome::NotTried;
        }
        for step in error.next_steps() {
            if !self.next_steps.contains(&step) {
                self.next_steps.push(step);
            }
        }
        if error.may_have_happened() { Outcome::Unknown(causes(error)) } else { Outcome::Failed(causes(error)) }
    }

    /// Whether `planned` is tried now; if it never is, that is its end.
    fn is_next(&mut self, planned: &PlannedChange) -> bool {
        if self.outcome(planned.id).is_some() {
            return false;
        }
        match self.turn(planned) {
            Turn::Now => true,
            Turn::Later => false,
            Turn::At(until) => {
                self.due = Some(self.due.map_or(until, |due| due.min(until)));
                false
            }
            Turn::Never(outcome) => {
                self.end(&[(planned, outcome)]);
                false
            }
        }
    }

    fn turn(&mut self, planned: &PlannedChange) -> Turn {
        let mut waits = false;
        for needed in &planned.depends_on {
            match self.outcome(*needed) {
                Some(Outcome::Applied | Outcome::Already | Outcome::Settled { is_done: true, .. }) => {}
                // Mostly nothing is tried any more after one that was not; else a whole channel has failed.
                Some(Outcome::NotTried) if self.is_over => {}
                Some(
                    Outcome::Failed(_)
                    | Outcome::Unknown(_)
                    | Outcome::Settled { is_done: false, .. }
                    | Outcome::Held
                    | Outcome::Manual
                    | Outcome::Unseen(_)
                    | Outcome::Deferred { .. }
                    | Outcome::NotTried
                    | Outcome::Unmet { .. }
                    | Outcome::Stale { .. },
                ) => return Turn::Never(Outcome::Skipped { because: *needed }),
                // The first cause, however long the chain.
                Some(Outcome::Skipped { because }) => return Turn::Never(Outcome::Skipped { because: *because }),
                None if self.by_hand.contains(needed) => {
                    return Turn::Never(Outcome::Skipped { because: *needed });
                }
                None => waits = true,
            }
        }
        if self.is_over {
            return Turn::Never(Outcome::NotTried);
        }
        if waits {
            return Turn::Later;
        }
        if let (true, Some(user)) = (planned.sends_mail(), planned.change.user()) {
            if let Some(why) = &self.past.lacks_people {
                return Turn::Never(Outcome::Unseen(vec![why.clone()]));
            }
            if let Some(Mail { run, at }) = self.past.invited.get(user) {
                let at = at.strftime("%Y-%m-%d %H:%M UTC");
                let known = format!("run {run} asked for a mail at {at}");
                return Turn::Never(Outcome::Unseen(vec![known]));
            }
            if let Some(Err(until)) = self.mails.as_mut().map(|mails| mails.admit(user, (self.clock)())) {
                return Turn::At(until);
            }
        }
        Turn::Now
    }

    /// Ends those of the changes that waited which `live`, the live side after it, shows as done or does not let follow
    /// any more. Whatever needs another one that is still to be done may not fit yet.
    fn look_again<'l>(
        &mut self,
        waiting: &[&PlannedChange],
        live: &'l State,
        label: &'l dyn Fn(ProjectId) -> Cow<'l, str>,
    ) {
        let side = LiveSide::new(live, label, std::iter::empty());
        for planned in waiting {
            let is_next = planned.depends_on.iter().all(|needed| self.outcome(*needed).is_some_and(Outcome::is_done));
            match side.shows(&planned.change) {
                Shown::Result => self.end(&[(planned, Outcome::Already)]),
                Shown::Other(now) if is_next => self.end(&[(planned, Outcome::Stale { now })]),
                Shown::Start | Shown::Other(_) => {}
            }
        }
    }

    /// The first of the changes that a step by hand needs and that was neither done nor is such a step.
    fn missed(&self, planned: &PlannedChange) -> Option<ChangeId> {
        planned.depends_on.iter().find_map(|needed| {
            let outcome = self.outcome(*needed)?;
            let is_missed = !outcome.is_done() && !outcome.is_by_hand();
            is_missed.then(|| outcome.because().unwrap_or(*needed))
        })
    }

    /// When each of the mails that wait may be sent, if those before it are sent as soon as they may be.
    fn expected(&self, waiting: &[&PlannedChange]) -> BTreeMap<ChangeId, Timestamp> {
        let (Some(mut mails), now) = (self.mails.clone(), (self.clock)()) else { return BTreeMap::new() };
        let invited = waiting.iter().filter(|planned| planned.sends_mail());
        let invited = invited.filter_map(|planned| Some((planned.id, planned.change.user()?)));
        invited.map(|(id, user)| (id, mails.expect(user, now))).collect()
    }

    /// Ends what was put aside, in the order of the plan.
    fn defer(&mut self, waiting: &[&PlannedChange]) {
        let expected = self.expected(waiting);
        for planned in waiting {
            let outcome = match self.turn(planned) {
                Turn::Never(outcome) => outcome,
                Turn::At(until) => Outcome::Deferred { until: expected.get(&planned.id).copied().unwrap_or(until) },
                // A mail that could be sent by now: the next run sends it.
                Turn::Now | Turn::Later => Outcome::Deferred { until: (self.clock)() },
            };
            self.end(&[(planned, outcome)]);
        }
    }
}

/// What is made of a change that is said to be done and that the live side does not show.
fn unconfirmed((planned, _): (&PlannedChange, bool)) -> (&PlannedChange, Outcome) {
    let said = |what: &str| vec![format!("the service answered that it was {what}")];
    if planned.sends_mail() {
        return (planned, Outcome::Unseen(said("sent")));
    }
    // What the live side shows at the end of the run settles it.
    (planned, Outcome::Unknown(said("done, and does not show it")))
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
