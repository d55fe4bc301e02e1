//! What is told of changes while they are performed: the line of progress, and a line for each change that is worth one.

use std::io::Write;

use crate::apply::{Event, Outcome};
use crate::cli::error::CommandError;
use crate::cli::screen::Screen;
use crate::plan::{ChangeStatus, Channel, Plan, PlannedChange};
use crate::render::progress::Work;
use crate::render::report::{self, sentence};
use crate::render::text::{changes, thousands};
use crate::render::{Options, visible};

/// Lines for changes in one run, unless all are asked for. A plan with no more changes has a line for each.
const LINES: usize = 50;

/// Tells of the changes of one plan.
pub(super) struct Telling<'t, 's> {
    plan: &'t Plan,
    options: Options,
    out: &'t mut dyn Write,
    screen: &'t Screen<'s>,
    is_quiet: bool,
    /// Whether each change has a line, and not only those that were not done.
    is_each_told: bool,
    left: usize,
}

impl<'t, 's> Telling<'t, 's> {
    pub(super) fn new(
        plan: &'t Plan,
        options: Options,
        out: &'t mut dyn Write,
        screen: &'t Screen<'s>,
        is_quiet: bool,
    ) -> Self {
        let is_each_told = options.verbose || plan.changes.len() <= LINES;
        let left = if options.verbose { usize::MAX } else { LINES };
        let all = plan.to_do().filter(|planned| planned.channel != Channel::Manual).count();
        let work = Work::Applying { done: 0, all, failed: 0, current: None, left: None };
        screen.begin(plan.org.as_str(), work);
        Self { plan, options, out, screen, is_quiet, is_each_told, left }
    }

    /// Tells of an event.
    pub(super) fn tell(&mut self, event: &Event<'_>) {
        match event {
            Event::Started(changes) => {
                if let Some(first) = changes.first() {
                    self.screen.begin_changes(self.under_way(first, changes.len()));
                }
            }
            Event::Ended(changes) => self.tell_end(changes),
            Event::Waiting { .. } => {}
        }
    }

    /// A change that is under way, with how many others of the same request.
    fn under_way(&self, first: &PlannedChange, number: usize) -> String {
        let sign = changes::sign(&first.change).as_str();
        let others = if number > 1 { format!(", and {} more", thousands(number - 1)) } else { String::new() };
        format!("{sign} {}{others}", sentence(self.plan, &first.change))
    }

    fn tell_end(&mut self, ended: &[(&PlannedChange, &Outcome)]) {
        let mut was_told = false;
        for (planned, outcome) in ended {
            if self.is_quiet || !(self.is_each_told || is_bad(outcome)) {
                continue;
            }
            // Whoever reads it may go away; the work goes on.
            if let Some(left) = self.left.checked_sub(1) {
                self.left = left;
                let _ = report::write_outcome(self.out, self.plan, planned, outcome, self.options);
                if left == 0 && !self.is_each_told {
                    let _ = writeln!(self.out, "… and so on; all are told at the end");
                }
                was_told = true;
            }
        }
        if was_told {
            let _ = self.out.flush();
        }
        let performed =
            |planned: &&PlannedChange| planned.status != ChangeStatus::Held && planned.channel != Channel::Manual;
        let done = ended.iter().filter(|(planned, _)| performed(planned)).count();
        let failed = ended.iter().filter(|(planned, outcome)| performed(planned) && is_failure(outcome)).count();
        self.screen.end_changes(done, failed);
    }

    /// Tells that what waited is left to the next run, because the live side cannot be read again.
    pub(super) fn tell_unread(&mut self, error: CommandError) {
        self.tell_left(error.while_doing("the live side cannot be read again"));
    }

    /// Tells why what waited is not done by this run.
    pub(super) fn tell_left(&mut self, error: CommandError) {
        let _ = error.hint("what waited is left to the next run").tell(self.out);
    }

    /// Tells that mails have to wait: for whom, and until when the first and the last.
    pub(super) fn tell_waiting(
        &mut self,
        waiting: &[&PlannedChange],
        due: (jiff::Timestamp, jiff::Timestamp),
        now: jiff::Timestamp,
    ) -> String {
        if !self.is_quiet {
            let _ = report::write_waiting(self.out, self.plan, waiting, due, now, self.options);
            let _ = self.out.flush();
        }
        let first = waiting.iter().find(|planned| planned.sends_mail());
        let domain = first.and_then(|planned| planned.change.user()).map(|user| visible(user.domain()).into_owned());
        format!("for the invitation limit of {}", domain.as_deref().unwrap_or("a domain"))
    }
}

impl Drop for Telling<'_, '_> {
    fn drop(&mut self) {
        self.screen.end();
    }
}

/// Whether something is told of a change although there are many.
fn is_bad(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Failed(_) | Outcome::Unknown(_) | Outcome::Skipped { .. } => true,
        Outcome::Applied
        | Outcome::Already
        | Outcome::Settled { .. }
        | Outcome::Held
        | Outcome::Manual
        | Outcome::Unseen(_)
        | Outcome::Deferred { .. }
        | Outcome::NotTried
        | Outcome::Unmet { .. }
        | Outcome::Stale { .. } => false,
    }
}

fn is_failure(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed(_) | Outcome::Unknown(_))
}
