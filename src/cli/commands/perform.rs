//! Performs an approved plan under the lock of its organization, and writes down what is done.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::time::Duration;

use jiff::Timestamp;

use crate::apply::{Event, Mail, Numbers, Outcome, Past, Report, apply};
use crate::backend::mixpanel::Pause;
use crate::backend::{Snapshot, snapshot};
use crate::change::{Change, ChangeKind};
use crate::cli::ExitStatus;
use crate::cli::args;
use crate::cli::context::{Context, sleep};
use crate::cli::error::{CommandError, Failure, Kind};
use crate::cli::journal::{Begin, Held, Keeping, Occasion, Turn};
use crate::cli::live::{Live, Opened, fetch, fetch_again};
use crate::cli::screen::Screen;
use crate::diff::diff;
use crate::fingerprint::fingerprint;
use crate::guard::ApprovedPlan;
use crate::journal::{End, History, Journal, JournalError, Recorder, SettledChange, Step};
use crate::model::{Email, Interner, State};
use crate::plan::Plan;
use crate::render::report::{self, Ending};
use crate::render::summary;
use crate::render::text::count;
use crate::source::Sources;
use crate::stop::Stop;

use super::telling::Telling;

/// How often somebody who waits sees how long it still takes.
const GLANCE: Duration = Duration::from_secs(1);

/// How plans are performed: the same for all organizations of a run.
pub(crate) struct Performing<'a> {
    pub(crate) keeping: &'a Keeping,
    pub(crate) occasion: &'a Occasion,
    pub(crate) arguments: &'a args::Recording,
    pub(crate) sources: &'a Sources,
}

impl Performing<'_> {
    fn turn(&self) -> Turn<'_> {
        Turn {
            patience: self.arguments.lock_timeout.map_or(Duration::ZERO, |patience| patience.0),
            take_over: self.arguments.take_over.as_deref(),
        }
    }

    /// Performs `approved` and tells what became of it.
    pub(crate) fn perform(
        &self,
        context: &mut Context<'_>,
        approved: &ApprovedPlan,
        live: &Live<'_>,
        beside: Vec<(Change, Outcome)>,
    ) -> Result<ExitStatus, Failure> {
        let plan = approved.plan();
        // From here on Ctrl-C lets what is under way come to its end.
        context.surroundings.stop.heed();
        let begin = self.keeping.begin(context, plan, live, self.occasion, &self.turn())?;
        let Begin { mut journal, history, mut locks } = begin;
        let mut end = End::default();
        let ended =
            self.perform_under_lock(context, (approved, beside), live, (&mut journal, &history, &mut locks), &mut end);
        let status = match &ended {
            Ok(status) => *status,
            Err(Failure::Told(status)) => *status,
            Err(Failure::Closed) => ExitStatus::Failure,
            Err(Failure::Error(error)) => {
                end.refused = Some(error.error.to_string());
                error.kind.status()
            }
        };
        (end.at, end.status) = ((context.surroundings.clock)(), status.code());
        match journal.end(end) {
            Ok(()) => ended,
            Err(problem) => {
                let told = unwritten(problem, "its end is not written down").tell(&mut context.stderr())?;
                ended.map(|status| status.max(told))
            }
        }
    }

    fn perform_under_lock(
        &self,
        context: &mut Context<'_>,
        (approved, beside): (&ApprovedPlan, Vec<(Change, Outcome)>),
        live: &Live<'_>,
        (journal, history, locks): (&mut Journal, &History, &mut Held),
        end: &mut End,
    ) -> Result<ExitStatus, Failure> {
        let plan = approved.plan();
        let options = context.options();
        // Whoever came between the plan and this moment has changed what was agreed to.
        let mut names = Interner::default();
        let Opened { mut writer, state: before, lacks_people } = live.open(context, &mut names)?;
        let invited = settle_earlier(context, history, &before, journal)?;
        if fingerprint(&before) != fingerprint(&plan.live) {
            return Err(CommandError::new(Kind::Refused, "the live side changed after the plan was made")
                .hint("nothing was applied; run `accessctl apply` again to see the plan for it as it is now")
                .into());
        }
        let past = Past { mails: history.mails.clone(), invited, lacks_people };
        let (clock, stop, screen) = (context.surroundings.clock, context.surroundings.stop, context.screen);
        let mut recorder = Recorder::new(journal, plan, self.sources, clock);
        // Where this cannot be written the first intent cannot either, and says so.
        let _ = recorder.record_beside(&beside);
        let mut report = {
            let (quiet, pause) = (context.global.quiet, context.surroundings.pause);
            let mut out = context.stderr();
            let mut telling = Telling::new(plan, options, &mut out, screen, quiet);
            apply(approved, &mut *writer, &past, clock, &mut |event| {
                // What has not begun when the stop is asked for never does, and no intent of it is written down.
                if stop.is_asked() && matches!(event, Event::Started(_)) {
                    return ControlFlow::Break(());
                }
                let goes_on = recorder.record(&event);
                telling.tell(&event);
                if let Event::Waiting { until, last, changes, live: again } = event {
                    if !self.arguments.wait || recorder.wait(until).is_break() {
                        return ControlFlow::Break(());
                    }
                    let why = telling.tell_waiting(changes, (until, last), clock());
                    // Somebody who has to go at once does not wait for the mails of others.
                    locks.release();
                    if !wait_until(until, &why, screen, (clock, pause, stop)) || recorder.resume().is_break() {
                        return ControlFlow::Break(());
                    }
                    if let Err(error) = self.keeping.resume(locks, clock()) {
                        telling.tell_left(error);
                        return ControlFlow::Break(());
                    }
                    // An hour is long: somebody else may have done what waits, or something that it does not fit.
                    match live.look(clock(), &mut names) {
                        Ok(state) => *again = Some(state),
                        Err(error) => {
                            telling.tell_unread(CommandError::from(error));
                            return ControlFlow::Break(());
                        }
                    }
                }
                goes_on
            })
        };
        report.beside = beside;
        let recorded = recorder.finish();
        drop(writer);
        context.now = clock();
        let read_again = if stop.is_asked() {
            Err(CommandError::stopped(stop.cause()))
        } else {
            fetch_again(context, live, &mut names)
        };
        let (run, stopped_by) = (journal.run().to_owned(), stop.is_asked().then(|| stop.cause()));
        if let Ok(Snapshot { state, .. }) = &read_again {
            settle_own(&mut report, plan, state, context.now, journal);
        }
        leave_steps(&report, plan, context.now, journal);
        end.numbers = numbers(&report);
        let stopped = match recorded {
            Ok(()) => ExitStatus::Done,
            Err(problem) => unwritten(problem, "nothing more was sent").tell(&mut context.stderr())?,
        };
        let after = match read_again {
            Ok(snapshot) => snapshot,
            Err(error) => {
                let ending = Ending { report: &report, left: None, run: Some(&run), stopped_by };
                tell_end(context, plan, &ending)?;
                if stopped_by.is_some() {
                    return Ok(stopped.max(ExitStatus::Incomplete));
                }
                let (done, all) = (report.numbers().applied, plan.changes.len());
                let doing = format!(
                    "organization `{}`: {done} of {all} changes were applied, and the live side cannot be read again",
                    plan.org
                );
                return Ok(error.while_doing(doing).tell(&mut context.stderr())?.max(stopped));
            }
        };
        let renames = plan.team_renames.iter().filter(|(from, _)| after.state.teams.contains_key(*from));
        let renames = renames.map(|(from, to)| (from.clone(), to.clone())).collect();
        let left = diff(&after.state, &plan.target, &renames);
        end.left = Some(left.len());
        tell_end(context, plan, &Ending { report: &report, left: Some(&left), run: Some(&run), stopped_by })?;
        let is_done = report.is_complete() && left.is_empty();
        if is_done {
            self.keep(context, live, &after);
        }
        Ok(if is_done { stopped } else { stopped.max(ExitStatus::Incomplete) })
    }

    /// Writes down and tells what became of a saved plan of which nothing is left to do for the organization of `plan`.
    pub(crate) fn conclude(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        live: &Live<'_>,
        beside: Vec<(Change, Outcome)>,
    ) -> Result<ExitStatus, Failure> {
        let Begin { mut journal, history, locks: _locks } =
            self.keeping.begin(context, plan, live, self.occasion, &self.turn())?;
        if !history.unsettled.is_empty() {
            let settled = fetch(context, live, &mut Interner::default())
                .and_then(|read| settle_earlier(context, &history, &read.state, &mut journal));
            if let Err(error) = settled {
                let (at, status) = ((context.surroundings.clock)(), error.kind.status().code());
                let refused = Some(error.error.to_string());
                journal
                    .end(End { at, status, refused, ..End::default() })
                    .map_err(|problem| unwritten(problem, "its end is not written down"))?;
                return Err(error.into());
            }
        }
        let report = Report { outcomes: Vec::new(), next_steps: Vec::new(), beside, is_broken_off: false };
        let status = if report.is_complete() { ExitStatus::Done } else { ExitStatus::Incomplete };
        self.write_beside(context, plan, &mut journal, &report, End { status: status.code(), ..End::default() })?;
        let run = journal.run().to_owned();
        tell_end(context, plan, &Ending { report: &report, left: Some(&[]), run: Some(&run), stopped_by: None })?;
        Ok(status)
    }

    /// Writes down that a saved plan was refused as a whole, for the organization of `plan`. Nothing is done, so nobody is
    /// held up where that cannot be written.
    pub(crate) fn refuse(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        live: &Live<'_>,
        beside: Vec<(Change, Outcome)>,
        because: &str,
    ) {
        let begun = self.keeping.begin(context, plan, live, self.occasion, &self.turn());
        let written = begun.and_then(|Begin { mut journal, locks: _locks, .. }| {
            let report = Report { outcomes: Vec::new(), next_steps: Vec::new(), beside, is_broken_off: false };
            let (status, refused) = (ExitStatus::Refused.code(), Some(because.to_owned()));
            self.write_beside(context, plan, &mut journal, &report, End { status, refused, ..End::default() })
        });
        if let Err(error) = written {
            context.warn(&[format!("it is not written down that the saved plan was refused: {}", error.error)]);
        }
    }

    fn write_beside(
        &self,
        context: &Context<'_>,
        plan: &Plan,
        journal: &mut Journal,
        report: &Report,
        end: End,
    ) -> Result<(), CommandError> {
        let clock = context.surroundings.clock;
        let mut recorder = Recorder::new(journal, plan, self.sources, clock);
        let _ = recorder.record_beside(&report.beside);
        let unwritten = |problem| unwritten(problem, "its end is not written down");
        recorder.finish().map_err(unwritten)?;
        journal.end(End { at: clock(), numbers: numbers(report), ..end }).map_err(unwritten)
    }

    /// Finds out what became of changes of earlier runs, where there is nothing else to do for their organization.
    pub(crate) fn settle(&self, context: &mut Context<'_>, plan: &Plan, live: &Live<'_>) -> Result<(), Failure> {
        let history = self.keeping.look(context, plan, live)?;
        if history.unsettled.is_empty() {
            return Ok(());
        }
        let Begin { mut journal, history, locks: _locks } =
            match self.keeping.begin(context, plan, live, self.occasion, &self.turn()) {
                Ok(begin) => begin,
                // There is nothing to do, so whoever has the lock may find it out, or the next run.
                Err(error) => {
                    context.warn(&[format!(
                        "what became of some changes of earlier runs is not found out now: {}",
                        error.error
                    )]);
                    return Ok(());
                }
            };
        let mut names = Interner::default();
        let settled = fetch(context, live, &mut names)
            .and_then(|read| settle_earlier(context, &history, &read.state, &mut journal));
        let at = (context.surroundings.clock)();
        let status = settled.as_ref().map_or_else(|error| error.kind.status(), |_| ExitStatus::Done);
        journal
            .end(End { at, status: status.code(), ..End::default() })
            .map_err(|problem| unwritten(problem, "its end is not written down"))?;
        settled?;
        Ok(())
    }

    /// Keeps the live side as this run leaves it, so that a later one can tell what was changed by others.
    fn keep(&self, context: &mut Context<'_>, live: &Live<'_>, after: &Snapshot) {
        let path = self.keeping.applied(after.state.organization.id, live);
        match snapshot::save(&path, after) {
            Ok(()) => make_private(&path),
            Err(error) => {
                let cause = std::error::Error::source(&error).map_or(String::new(), |cause| format!(": {cause}"));
                context.warn(&[format!("{error}{cause}")]);
            }
        }
    }
}

#[cfg(unix)]
fn make_private(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    // The folder keeps strangers out in any case.
    let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o600));
}

#[cfg(not(unix))]
fn make_private(_: &std::path::Path) {}

/// Tells what became of a plan, before anything of the next one is told.
fn tell_end(context: &mut Context<'_>, plan: &Plan, ending: &Ending<'_>) -> Result<(), Failure> {
    let options = context.options();
    report::write_summary(&mut context.stdout(), plan, ending, options)?;
    context.summarize(|| summary::of_apply(plan, ending))?;
    context.surroundings.stdout.flush()?;
    Ok(())
}

/// Waits for the moment when the next mails may be sent; whether it has come. Where somebody looks on, they see how long
/// it still takes.
fn wait_until(
    until: Timestamp,
    why: &str,
    screen: &Screen<'_>,
    (clock, pause, stop): (&dyn Fn() -> Timestamp, Pause<'_>, &Stop),
) -> bool {
    let whole = Duration::try_from(until.duration_since(clock())).unwrap_or_default();
    let mut waited = Duration::ZERO;
    // The clock may be put forward or back meanwhile.
    while waited < whole && clock() < until {
        let mut wait = whole - waited;
        if screen.is_live() {
            screen.wait(why, until);
            wait = wait.min(GLANCE);
        }
        if !matches!(sleep(pause, stop, wait), Ok(true)) {
            return false;
        }
        waited += wait;
    }
    screen.resume(waited);
    true
}

/// Finds out by `before`, the live side as it is now, what became of changes of earlier runs, and says so. Returns to
/// whom no mail is sent by request, because one was or may have been.
fn settle_earlier(
    context: &mut Context<'_>,
    history: &History,
    before: &State,
    journal: &mut Journal,
) -> Result<BTreeMap<Email, Mail>, CommandError> {
    let mut invited = history.invited.clone();
    let mut by_run: BTreeMap<&str, Vec<SettledChange>> = BTreeMap::new();
    let mut told = Vec::new();
    for unsettled in &history.unsettled {
        let change = unsettled.record.change();
        let user = change.as_ref().and_then(|change| change.user());
        let is_invitation = change.as_ref().is_some_and(|change| change.kind() == ChangeKind::InviteUser);
        let whose = user.filter(|_| is_invitation).map(|user| {
            format!("run {} may have invited {user}: it did not learn what became of the request", unsettled.run)
        });
        match change.as_ref().and_then(|change| before.shows(change)) {
            Some(done) => {
                by_run.entry(&unsettled.run).or_default().push(SettledChange { id: unsettled.record.id.clone(), done });
                told.extend(whose.map(|whose| match done {
                    true => format!("{whose}. The live side shows the invitation; nobody is invited again"),
                    false if user.is_some_and(|user| invited.contains_key(user)) => {
                        format!("{whose}. The live side shows no invitation, which is no proof: it is not sent again")
                    }
                    false => format!("{whose}. The live side shows no invitation, so it may be sent now"),
                }));
            }
            None => {
                if let (Some(user), Some(whose)) = (user, whose) {
                    invited.insert(user.clone(), Mail { run: unsettled.run.clone(), at: unsettled.at });
                    told.push(format!(
                        "{whose}. Invitations cannot be read, so it is not sent again: look in the organization's \
                         settings and invite them by hand if they are not there"
                    ));
                }
            }
        }
    }
    let number: usize = by_run.values().map(Vec::len).sum();
    for (run, changes) in by_run {
        journal.settle(context.now, run, changes).map_err(|problem| unwritten(problem, "nothing was applied"))?;
    }
    if number > 0 {
        let changes = count(number, "change");
        context.tell(&format!("{changes} of earlier runs with an unknown outcome: read what became of them"));
    }
    context.warn(&told);
    Ok(invited)
}

/// Finds out what became of the changes of this run of which there was no clear answer.
fn settle_own(report: &mut Report, plan: &Plan, after: &State, now: Timestamp, journal: &mut Journal) {
    let settled = report.settle(plan, after);
    if !settled.is_empty() {
        let changes = settled.into_iter().map(|(id, done)| SettledChange { id: id.to_string(), done }).collect();
        let run = journal.run().to_owned();
        // Where it cannot be written the next run finds it out once more.
        let _ = journal.settle(now, &run, changes);
    }
}

/// Writes down what people have to do, so that `log` can tell all of it.
fn leave_steps(report: &Report, plan: &Plan, now: Timestamp, journal: &mut Journal) {
    let (about, steps) = report::steps(plan, report);
    if !steps.is_empty() {
        let steps = steps.into_iter().map(|(id, text)| Step { id: id.to_string(), text }).collect();
        // Where it cannot be written the last line cannot either, and says so.
        let _ = journal.leave(now, about, steps);
    }
}

fn numbers(report: &Report) -> BTreeMap<String, usize> {
    let numbers = report.numbers();
    let Numbers { applied, already, failed, unknown, manual, deferred, held, skipped, not_tried, unmet, stale } =
        numbers;
    let named = [
        ("applied", applied),
        ("already", already),
        ("failed", failed),
        ("unknown", unknown),
        ("manual", manual),
        ("deferred", deferred),
        ("held", held),
        ("skipped", skipped),
        ("not_tried", not_tried),
        ("unmet", unmet),
        ("stale", stale),
    ];
    named.into_iter().filter(|(_, number)| *number > 0).map(|(name, number)| (name.to_owned(), number)).collect()
}

fn unwritten(problem: JournalError, what: &str) -> CommandError {
    CommandError { kind: Kind::Failure, error: anyhow::Error::new(problem), hints: Vec::new() }
        .hint(format!("{what}; make room or correct the rights, then run `accessctl apply` again"))
}
