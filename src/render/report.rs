//! What applying a plan did, as text.

mod fit;
mod unfinished;

use std::collections::BTreeSet;
use std::io::{self, Write};

use annotate_snippets::renderer::DEFAULT_HELP_STYLE as HINT;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use self::fit::{Item, List, Part};
pub(crate) use self::unfinished::write_changes;
use super::text::line::{ADDED, ALARM, DIM, Fill, Line, PLAIN, REMOVED, TITLE, write_paragraph};
use super::text::{changes, count, held, list, manual, with_article};
use super::{Options, visible, visible_name};
use crate::apply::{Numbers, Outcome, Report};
use crate::change::Change;
use crate::model::Email;
use crate::plan::{ChangeId, Plan, PlannedChange};

/// Held changes that are shown unless all are asked for.
const HELD: usize = 10;

/// Writes what became of one change: a line of its own, as it happens.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_outcome(
    out: &mut dyn Write,
    plan: &Plan,
    planned: &PlannedChange,
    outcome: &Outcome,
    options: Options,
) -> io::Result<()> {
    let (number, total) = (planned.id.0, plan.changes.len());
    let sign = changes::sign(&planned.change);
    let mut fill = Fill::new(Line::indented(0), 4, options.width);
    fill.words(DIM, &format!("[{number}/{total}]"));
    fill.words(PLAIN, " ");
    fill.words(sign.style(), sign.as_str());
    fill.words(PLAIN, &format!(" {}: ", sentence(plan, &planned.change)));
    match outcome {
        Outcome::Applied => fill.words(ADDED, "done"),
        Outcome::Already => fill.words(ADDED, "it was so already"),
        Outcome::Failed(causes) => {
            fill.words(REMOVED, "FAILED");
            for cause in causes {
                fill.words(PLAIN, &format!(": {}", visible(cause)));
            }
        }
        Outcome::Unknown(causes) => {
            fill.words(ALARM, "UNKNOWN");
            for cause in causes {
                fill.words(PLAIN, &format!(": {}", visible(cause)));
            }
        }
        Outcome::Settled { is_done: true, causes } => {
            fill.words(ADDED, "done");
            fill.words(PLAIN, ", as the live side shows");
            for cause in causes {
                fill.words(PLAIN, &format!(": {}", visible(cause)));
            }
        }
        Outcome::Settled { is_done: false, causes } => {
            fill.words(REMOVED, "FAILED");
            fill.words(PLAIN, ": the live side shows that it was not done");
            for cause in causes {
                fill.words(PLAIN, &format!(": {}", visible(cause)));
            }
        }
        Outcome::Held => fill.words(ALARM, "held"),
        Outcome::Manual => fill.words(ALARM, "by hand"),
        Outcome::Unseen(known) => {
            fill.words(ALARM, "by hand");
            fill.words(PLAIN, &unseen_text(known));
        }
        Outcome::Deferred { until } => {
            fill.words(ALARM, "deferred");
            fill.words(PLAIN, &format!(" until {}: {}", moment(*until), mails(plan, &planned.change)));
        }
        Outcome::Skipped { because } => {
            fill.words(REMOVED, "skipped");
            fill.words(PLAIN, &format!(" because of {}", cause(plan, *because)));
        }
        Outcome::NotTried => fill.words(REMOVED, "not tried"),
        Outcome::Unmet { needs } => {
            fill.words(ALARM, "left out");
            fill.words(PLAIN, &unmet_text(plan, needs));
        }
        Outcome::Stale { now } => {
            fill.words(ALARM, "left out");
            fill.words(PLAIN, &stale_text(now));
        }
    }
    for line in fill.finish() {
        line.write(out)?;
    }
    Ok(())
}

/// Writes which invitations wait, and until when: the first and the last of them.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_waiting(
    out: &mut dyn Write,
    plan: &Plan,
    changes: &[&PlannedChange],
    (until, last): (Timestamp, Timestamp),
    now: Timestamp,
    options: Options,
) -> io::Result<()> {
    let invitations = changes.iter().filter(|planned| planned.sends_mail());
    let minutes = (until.duration_since(now).as_secs().max(0) + 59) / 60;
    let mails =
        invitations.clone().next().map_or(String::new(), |planned| format!(": {}", mails(plan, &planned.change)));
    let by =
        if moment(last) == moment(until) { String::new() } else { format!(", the last of them by {}", moment(last)) };
    let text = format!(
        "waiting until {}, {} from now, with {} and {} in all{by}{mails}",
        moment(until),
        count(usize::try_from(minutes).unwrap_or(usize::MAX), "minute"),
        count(invitations.count(), "invitation"),
        count(changes.len(), "change"),
    );
    write_paragraph(out, 0, options.width, &[(ALARM, &text)])
}

/// The end of an apply.
#[derive(Debug, Clone, Copy)]
pub struct Ending<'e> {
    /// What became of each change.
    pub report: &'e Report,
    /// The changes that the live side would still need, read again after the apply; `None` where it was not read.
    pub left: Option<&'e [Change]>,
    /// The name of the run, where it is written down.
    pub run: Option<&'e str>,
    /// By what the run was stopped, where it was: `Ctrl-C`.
    pub stopped_by: Option<&'static str>,
}

/// Where the steps stand that people have to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByHand {
    /// With everything else, as far as there is room.
    Here,
    /// Somewhere else.
    Elsewhere,
}

/// Writes the end of an apply: the numbers, what failed and what is still not as it should be.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_summary(out: &mut dyn Write, plan: &Plan, ending: &Ending<'_>, options: Options) -> io::Result<()> {
    write_end(out, plan, ending, ByHand::Here, options)
}

/// What a run leaves to people: what the steps are, and each with its change, in the words of the report.
pub(crate) fn steps(plan: &Plan, report: &Report) -> (String, Vec<(ChangeId, String)>) {
    let manual::Steps { heading, steps, note } = manual::steps(plan, Some(report));
    let about = note.into_iter().fold(heading, |about, note| format!("{about}; {note}"));
    (about, steps.into_iter().map(|step| (step.planned.id, step.words())).collect())
}

/// Where all of a run stands.
pub(super) fn whole_story(run: Option<&str>) -> String {
    match run {
        Some(run) => format!("`accessctl log --run {}` shows all", visible(run)),
        None => "-v shows all".to_owned(),
    }
}

/// Writes the end of an apply, with the steps by hand or without them.
pub(super) fn write_end(
    out: &mut dyn Write,
    plan: &Plan,
    ending: &Ending<'_>,
    by_hand: ByHand,
    options: Options,
) -> io::Result<()> {
    let Ending { report, run, stopped_by, left: _ } = *ending;
    let numbers = report.numbers();
    let Numbers { applied, already, failed, unknown, manual, deferred, held, skipped, not_tried, unmet, stale } =
        numbers;
    let mut parts = vec![format!("{} applied", count(applied, "change"))];
    if already > 0 {
        parts.push(format!("{already} already so"));
    }
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if unknown > 0 {
        parts.push(format!("{unknown} with an unknown outcome"));
    }
    if deferred > 0 {
        parts.push(format!("{deferred} deferred"));
    }
    if held > 0 {
        parts.push(format!("{held} held"));
    }
    if skipped > 0 {
        parts.push(format!("{skipped} skipped"));
    }
    if not_tried > 0 {
        parts.push(format!("{not_tried} not tried"));
    }
    if manual > 0 {
        parts.push(format!("{manual} by hand"));
    }
    if unmet + stale > 0 {
        parts.push(format!("{} left out", unmet + stale));
    }
    let all = whole_story(run);
    let (name, numbers) = (visible_name(&plan.org), format!(": {}", list(&parts)));
    let title = whole(|out| write_paragraph(out, 0, options.width, &[(TITLE, &name), (PLAIN, &numbers)]))?;
    let mut parts =
        vec![title, Part::List(unfinished::unfinished(plan, report, ending.left.unwrap_or_default(), &all, options)?)];
    if not_tried > 0 {
        let why = match (stopped_by.is_some(), report.is_broken_off) {
            (true, _) => "the run was stopped",
            (false, true) => "the run was broken off",
            (false, false) => "every other request would fail in the same way",
        };
        let others = format!("{not_tried} not tried, since {why}");
        parts.push(whole(|out| write_paragraph(out, 2, options.width, &[(REMOVED, &others)]))?);
    }
    let mut hints = List { indent: 2, all: all.clone(), ..List::default() };
    for step in &report.next_steps {
        let mut text = Vec::new();
        write_paragraph(&mut text, 2, options.width, &[(HINT, "hint"), (PLAIN, &format!(": {}", visible(step)))])?;
        hints.items.push(Item { weight: 1, text });
    }
    parts.push(Part::List(hints));
    if by_hand == ByHand::Here {
        let mut steps = Vec::new();
        manual::write_steps(&mut steps, plan, Some(report), options)?;
        parts.push(Part::List(List::of_text(&steps, 4, &all)));
    }
    // What is held stands in the plan, with everything that belongs to it.
    let in_plan = "`accessctl plan -v` shows all";
    let mut held = Vec::new();
    held::write_held(&mut held, plan, Options { verbose: true, ..options })?;
    parts.push(Part::List(List { most: Some(HELD), ..List::of_text(&held, 4, in_plan) }));
    parts.extend(last_part(plan, ending, options)?);
    fit::write_parts(out, &parts, options)
}

/// What the live side is like now, and what to do next.
fn last_part(plan: &Plan, ending: &Ending<'_>, options: Options) -> io::Result<Vec<Part>> {
    let Ending { report, left, run: _, stopped_by } = *ending;
    let Some(left) = left else {
        return Ok(vec![whole(|out| {
            if let Some(cause) = stopped_by {
                writeln!(out, "  {ALARM}stopped by {cause}, and not read again{ALARM:#}")?;
                return writeln!(out, "  run the same command again to go on: it begins with what is there by then");
            }
            writeln!(out, "  {ALARM}the live side could not be read again: what it is now is not known{ALARM:#}")?;
            writeln!(out, "  run `accessctl plan` when it answers again, then `accessctl apply`")
        })?]);
    };
    if left.is_empty() {
        let Numbers { unmet, stale, .. } = report.numbers();
        let what = if unmet + stale > 0 { "the rest" } else { "the live side" };
        return Ok(vec![whole(|out| writeln!(out, "  read again: {what} is as it should be"))?]);
    }
    let mut parts = unfinished::left(plan, report, left, options)?;
    let due = report.outcomes.iter().filter_map(|(_, outcome)| match outcome {
        Outcome::Deferred { until } => Some(*until),
        Outcome::Applied
        | Outcome::Already
        | Outcome::Failed(_)
        | Outcome::Unknown(_)
        | Outcome::Settled { .. }
        | Outcome::Held
        | Outcome::Manual
        | Outcome::Unseen(_)
        | Outcome::Skipped { .. }
        | Outcome::NotTried
        | Outcome::Unmet { .. }
        | Outcome::Stale { .. } => None,
    });
    let due: BTreeSet<Timestamp> = due.collect();
    let after = match (due.first(), due.last()) {
        (Some(first), Some(last)) if moment(*first) == moment(*last) => format!(" after {}", moment(*first)),
        (Some(first), Some(last)) => {
            format!(" after {}, until nothing is left: the last is due at {}", moment(*first), moment(*last))
        }
        (None, _) | (_, None) => String::new(),
    };
    let next = format!("run `accessctl plan` to see what is left, then `accessctl apply` again{after}");
    parts.push(whole(|out| write_paragraph(out, 2, options.width, &[(PLAIN, &next)]))?);
    Ok(parts)
}

fn whole(write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<Part> {
    let mut text = Vec::new();
    write(&mut text)?;
    Ok(Part::Whole(text))
}

/// Minutes are enough for somebody who waits; nothing is due before the moment that is shown.
pub(crate) fn moment(at: Timestamp) -> String {
    let minute = at.round(TimestampRound::new().smallest(Unit::Minute).mode(RoundMode::Ceil)).unwrap_or(at);
    minute.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Why a change of a saved plan is left out that needs `needs`.
fn unmet_text(plan: &Plan, needs: &Change) -> String {
    format!(", because the saved plan does not have: {}", sentence(plan, needs))
}

/// Why a change of a saved plan is left out, where `now` is so instead.
fn stale_text(now: &str) -> String {
    format!(", because it does not follow any more: {}", visible(now))
}

/// Why an invitation is left to people of which this is `known`.
fn unseen_text(known: &[String]) -> String {
    let known: String = known.iter().map(|text| format!(": {}", visible(text))).collect();
    format!("{known}; the service shows no invitation, and there may be one: it is not sent by request")
}

/// Why an invitation is deferred.
fn mails(plan: &Plan, change: &Change) -> String {
    let domain = change.user().map_or("its domain", Email::domain);
    let most = plan.requests.invitations_per_hour().unwrap_or_default();
    format!("{} an hour to {}", count(most, "invitation mail"), visible(domain))
}

fn cause(plan: &Plan, id: ChangeId) -> String {
    match plan.changes.get((id.0 as usize).wrapping_sub(1)).filter(|planned| planned.id == id) {
        Some(planned) => format!("{id} ({})", sentence(plan, &planned.change)),
        None => id.to_string(),
    }
}

/// One change as a sentence of its own.
pub(crate) fn sentence(plan: &Plan, change: &Change) -> String {
    let project = |id| changes::project_name(plan, id);
    let team = |name| changes::team_name("team", name);
    let role = |role: &crate::model::ProjectRole| visible_name(role.as_str()).into_owned();
    let set = |from: &Option<crate::model::ProjectRole>, to| match from {
        None => format!("gets {}", role(to)),
        Some(from) => format!("{} -> {}", role(from), role(to)),
    };
    match change {
        Change::InviteUser { user, role } if changes::joins_at_once(plan, user) => {
            format!("make {} {}", visible(user), with_article(&changes::org_role(role)))
        }
        Change::InviteUser { user, role } => format!("invite {} as {}", visible(user), changes::org_role(role)),
        Change::SetOrgRole { user, from, to } => {
            format!("org role of {} {} -> {}", visible(user), changes::org_role(from), changes::org_role(to))
        }
        Change::CancelInvite { user } => {
            let role = changes::strong_role(plan, user).map_or(String::new(), |role| format!(" as {role}"));
            format!("cancel the invitation of {}{role}", visible(user))
        }
        Change::RemoveUser { user } => {
            let role = changes::strong_role(plan, user).map_or(String::new(), |role| format!("the {role} "));
            format!("remove {role}{}", visible(user))
        }
        Change::CreateTeam { team: name } => format!("create {}", team(name)),
        Change::RenameTeam { from, to } => format!("rename {} to {}", team(from), visible_name(to)),
        Change::DeleteTeam { team: name } => format!("delete {}", team(name)),
        Change::AddTeamMember { team: name, user } => format!("{} joins {}", visible(user), team(name)),
        Change::RemoveTeamMember { team: name, user } => format!("{} leaves {}", visible(user), team(name)),
        Change::SetTeamRole { team: name, project: id, from, to } => {
            format!("{} {} on {}", team(name), set(from, to), project(*id))
        }
        Change::RemoveTeamRole { team: name, project: id, from } => {
            format!("{} no longer {} on {}", team(name), role(from), project(*id))
        }
        Change::SetGrant { user, project: id, from, to } => {
            format!("{} {} on {}", visible(user), set(from, to), project(*id))
        }
        Change::RemoveGrant { user, project: id, from } => {
            format!("{} no longer {} on {}", visible(user), role(from), project(*id))
        }
        Change::SetEveryone { project: id, from, to } => format!("everyone {} on {}", set(from, to), project(*id)),
        Change::RemoveEveryone { project: id, from } => {
            format!("everyone no longer {} on {}", role(from), project(*id))
        }
    }
}
