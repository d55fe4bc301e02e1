//! Writes down what is seen of an apply.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::Timestamp;

use super::file::{Journal, JournalError};
use super::record::{EndedChange, Record, Word};
use crate::apply::{Event, Outcome};
use crate::change::Change;
use crate::plan::{ChangeId, Plan, PlannedChange};
use crate::source::Sources;

/// Writes the events of one apply into a journal, and breaks the apply off where that cannot be done.
pub struct Recorder<'a> {
    journal: &'a mut Journal,
    plan: &'a Plan,
    sources: &'a Sources,
    clock: &'a dyn Fn() -> Timestamp,
    /// The requests of the changes that are under way.
    requests: BTreeMap<ChangeId, u32>,
    problem: Option<JournalError>,
}

impl<'a> Recorder<'a> {
    /// A recorder of the apply of `plan`.
    pub fn new(
        journal: &'a mut Journal,
        plan: &'a Plan,
        sources: &'a Sources,
        clock: &'a dyn Fn() -> Timestamp,
    ) -> Self {
        Self { journal, plan, sources, clock, requests: BTreeMap::new(), problem: None }
    }

    /// Writes an event down; breaks off where the journal cannot be written.
    pub fn record(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        match self.write(event) {
            Ok(()) => ControlFlow::Continue(()),
            Err(problem) => {
                self.problem.get_or_insert(problem);
                ControlFlow::Break(())
            }
        }
    }

    /// Makes what was written survive a power cut, and tells what kept anything from being written.
    ///
    /// # Errors
    /// The first thing that went wrong.
    pub fn finish(self) -> Result<(), JournalError> {
        let synced = self.journal.sync();
        self.problem.map_or(synced, Err)
    }

    /// Writes down what became of changes of a saved plan that are not in the plan: nothing is sent for them.
    pub fn record_beside(&mut self, beside: &[(Change, Outcome)]) -> ControlFlow<()> {
        if beside.is_empty() {
            return ControlFlow::Continue(());
        }
        let ended = (1..).zip(beside).map(|(place, (change, outcome))| {
            let id = format!("s{place}");
            let record = Record::of_edit(self.plan, id.clone(), change);
            let Told { outcome, causes, because, until } = told(outcome);
            EndedChange { id, outcome, causes, because, until, change: Some(Box::new(record)) }
        });
        match self.journal.conclude((self.clock)(), None, ended.collect()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(problem) => {
                self.problem.get_or_insert(problem);
                ControlFlow::Break(())
            }
        }
    }

    fn write(&mut self, event: &Event<'_>) -> Result<(), JournalError> {
        let now = (self.clock)();
        match event {
            Event::Started(changes) => {
                let records = changes.iter().map(|planned| Record::of(self.plan, self.sources, planned)).collect();
                let request = self.journal.intend(now, records)?;
                self.requests.extend(changes.iter().map(|planned| (planned.id, request)));
                Ok(())
            }
            Event::Ended(changes) => {
                let mut by_request: BTreeMap<Option<u32>, Vec<EndedChange>> = BTreeMap::new();
                for (planned, outcome) in *changes {
                    let request = self.requests.remove(&planned.id);
                    let ended = self.ended(planned, outcome, request.is_some());
                    by_request.entry(request).or_default().push(ended);
                }
                for (request, changes) in by_request {
                    self.journal.conclude(now, request, changes)?;
                }
                Ok(())
            }
            Event::Waiting { .. } => self.journal.sync(),
        }
    }

    /// Writes down that the run goes on.
    pub fn resume(&mut self) -> ControlFlow<()> {
        match self.journal.resume((self.clock)()) {
            Ok(()) => ControlFlow::Continue(()),
            Err(problem) => {
                self.problem.get_or_insert(problem);
                ControlFlow::Break(())
            }
        }
    }

    /// Writes down that the run waits.
    pub fn wait(&mut self, until: Timestamp) -> ControlFlow<()> {
        match self.journal.wait((self.clock)(), until) {
            Ok(()) => ControlFlow::Continue(()),
            Err(problem) => {
                self.problem.get_or_insert(problem);
                ControlFlow::Break(())
            }
        }
    }

    fn ended(&self, planned: &PlannedChange, outcome: &Outcome, was_sent: bool) -> EndedChange {
        let Told { outcome, causes, because, until } = told(outcome);
        let change = (!was_sent).then(|| Box::new(Record::of(self.plan, self.sources, planned)));
        EndedChange { id: planned.id.to_string(), outcome, causes, because, until, change }
    }
}

/// How a change ended, as it is written down.
struct Told {
    outcome: Word,
    causes: Vec<String>,
    because: Option<String>,
    until: Option<Timestamp>,
}

fn told(outcome: &Outcome) -> Told {
    let mut why = Vec::new();
    let (word, causes, because, until) = match outcome {
        Outcome::Applied | Outcome::Settled { is_done: true, .. } => (Word::Applied, &[][..], None, None),
        Outcome::Already => (Word::Already, &[][..], None, None),
        Outcome::Failed(causes) | Outcome::Settled { is_done: false, causes } => {
            (Word::Failed, &causes[..], None, None)
        }
        Outcome::Unknown(causes) => (Word::Unknown, &causes[..], None, None),
        Outcome::Held => (Word::Held, &[][..], None, None),
        Outcome::Manual => (Word::Manual, &[][..], None, None),
        Outcome::Unseen(causes) => (Word::Manual, &causes[..], None, None),
        Outcome::Deferred { until } => (Word::Deferred, &[][..], None, Some(*until)),
        Outcome::Skipped { because } => (Word::Skipped, &[][..], Some(because.to_string()), None),
        Outcome::NotTried => (Word::NotTried, &[][..], None, None),
        Outcome::Unmet { needs } => {
            let needed = [needs.user().map(|user| user.as_str()), needs.team().map(|team| team.as_str())];
            let needed: Vec<&str> = needed.into_iter().flatten().collect();
            why.push(format!("the saved plan does not have {} of {}", needs.kind().as_str(), needed.join(" and ")));
            (Word::Unmet, &why[..], None, None)
        }
        Outcome::Stale { now } => {
            why.push(now.clone());
            (Word::Stale, &why[..], None, None)
        }
    };
    Told { outcome: word, causes: causes.to_vec(), because, until }
}
