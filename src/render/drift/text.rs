//! What somebody changed by hand, as text: what is so now, what was agreed to and where, since when, who could have done
//! it, and what to do.

use std::io::{self, Write};

use anstyle::Style;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Report;
use super::overdue::{how_much, write_overdue};
use super::rewriting::write_rewriting;
use super::words::{
    acceptance, agreed, comes_with, could_have, escalation, is, moment, risen, subject, subject_of, was, written,
};
use crate::drift::{Became, Difference, Drift, Standing};
use crate::plan::Origin;
use crate::render::text::changes::{org_role, place};
use crate::render::text::line::{ALARM, CHANGED, DIM, Fill, Line, PLAIN, REMOVED, TITLE, write_paragraph};
use crate::render::text::{Ending, count, list_of, write_ending};
use crate::render::{Options, visible, visible_name, visible_within_width};
use crate::source::Sources;

/// Differences of a section that are shown with everything that is known of them.
const DETAILED: usize = 10;
/// Entries of a list that are shown before the rest is counted.
const SHOWN: usize = 10;
/// What would hide fewer than this is not folded.
const WORTH_HIDING: usize = 2;
/// For how many days an acceptance is suggested.
const SUGGESTED_DAYS: i64 = 14;
/// Where the words about a difference begin.
const LABELS: usize = 18;

/// Writes what `report` holds.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_text(out: &mut dyn Write, report: Report<'_>, options: Options) -> io::Result<()> {
    let Report { now, drifts, unchecked, sources, rewriting: _ } = report;
    let (quiet, telling): (Vec<&Drift>, Vec<&Drift>) = drifts.iter().partition(|drift| is_quiet(drift));
    let mut is_first = true;
    for drift in &telling {
        if !is_first {
            writeln!(out)?;
        }
        is_first = false;
        write_drift(out, drift, now, sources, options)?;
    }
    let has_others = !quiet.is_empty() || !unchecked.is_empty();
    if !is_first && has_others {
        writeln!(out)?;
    }
    write_quiet(out, &quiet, options)?;
    for org in unchecked {
        let pieces = [(TITLE, &*visible_name(org)), (PLAIN, ": not looked at, see the errors")];
        write_paragraph(out, 0, options.width, &pieces)?;
    }
    write_rewriting(out, report, options)?;
    let endings: Vec<Ending<'_>> = drifts
        .iter()
        .map(|drift| Ending { org: &drift.plan.org, as_of: drift.plan.as_of, expiring: &drift.expiring })
        .collect();
    write_ending(out, &endings, sources, options)
}

/// Whether there is nothing to say of an organization but that it is as agreed.
fn is_quiet(drift: &Drift) -> bool {
    drift.differences.is_empty() && drift.overdue.is_empty() && drift.gone.is_empty() && drift.stale.is_empty()
}

/// In-sync organizations that are still named one by one.
const QUIET_LINES: usize = 3;

fn write_quiet(out: &mut dyn Write, drifts: &[&Drift], options: Options) -> io::Result<()> {
    if drifts.len() > QUIET_LINES && !options.verbose {
        let names: Vec<_> = drifts.iter().take(QUIET_LINES).map(|drift| visible_name(&drift.plan.org)).collect();
        let text = format!(": as agreed: {}", list_of(&names, drifts.len()));
        return write_paragraph(
            out,
            0,
            options.width,
            &[(TITLE, &count(drifts.len(), "organization")), (PLAIN, &text)],
        );
    }
    for drift in drifts {
        let state = &drift.plan.live;
        let (users, teams) = (count(state.users.len(), "user"), count(state.teams.len(), "team"));
        let grants = count(state.grants.len(), "grant");
        let part = if state.unread.is_empty() { "" } else { " as far as it was read" };
        let text = format!(": as agreed{part} ({users}, {teams}, {grants}){}", waiting(drift));
        write_paragraph(out, 0, options.width, &[(TITLE, &visible_name(&drift.plan.org)), (PLAIN, &text)])?;
    }
    Ok(())
}

/// What waits for the next apply, after a semicolon; nothing where nothing does.
fn waiting(drift: &Drift) -> String {
    match drift.count_of(Origin::Pending) {
        0 => String::new(),
        1 => "; the next apply has 1 change not applied yet".to_owned(),
        number => format!("; the next apply has {number} changes not applied yet"),
    }
}

fn write_drift(
    out: &mut dyn Write,
    drift: &Drift,
    now: Timestamp,
    sources: &Sources,
    options: Options,
) -> io::Result<()> {
    write_header(out, drift, options)?;
    for standing in Standing::ALL {
        let found: Vec<&Difference> = drift.unaccepted().filter(|found| found.standing == standing).collect();
        if found.is_empty() {
            continue;
        }
        let (style, title, about) = match standing {
            Standing::New => (ALARM, "NEW", since(drift, &found)),
            Standing::Still => (CHANGED, "STILL", "told before, and nothing was done about it".to_owned()),
            Standing::Found => (ALARM, "CHANGED BY HAND", "the live side is not as agreed".to_owned()),
        };
        write_heading(out, style, title, &format!("{}: {about}", count(found.len(), "difference")), options)?;
        let all = options.verbose || found.len() < DETAILED + WORTH_HIDING;
        let shown = if all { found.len() } else { DETAILED };
        let mut above = String::new();
        for one in &found[..shown] {
            let could_have = could_have(&drift.plan, one);
            let words = if could_have == above { "as above" } else { &could_have };
            write_difference(out, drift, one, (now, words), sources, options)?;
            above = could_have;
        }
        if shown < found.len() {
            writeln!(out, "    {DIM}… and {}; -v shows all{DIM:#}", count(found.len() - shown, "more difference"))?;
        }
    }
    write_overdue(out, drift, sources, options)?;
    write_gone(out, drift, options)?;
    write_accepted(out, drift, sources, options)?;
    write_stale(out, drift, options)?;
    write_advice(out, drift, options)
}

/// Since when what was `found` is new.
fn since(drift: &Drift, found: &[&Difference]) -> String {
    let were_accepted = found.iter().filter(|one| one.was_accepted).count();
    match drift.last_run.flatten() {
        Some(last) if were_accepted == found.len() => {
            format!("accepted at the last run, {}, and not any more", moment(last))
        }
        Some(last) if were_accepted > 0 => format!("not there or accepted at the last run, {}", moment(last)),
        Some(last) => format!("not there at the last run, {}", moment(last)),
        None => "this is the first run that is remembered".to_owned(),
    }
}

fn write_header(out: &mut dyn Write, drift: &Drift, options: Options) -> io::Result<()> {
    let plan = &drift.plan;
    let mut fill = Fill::new(Line::default(), 2, options.width);
    fill.words(TITLE, &visible_name(&plan.org));
    let name = plan.live.organization.name.as_str();
    if !name.is_empty() && name != plan.org.as_str() {
        fill.words(PLAIN, &format!(" ({})", visible_name(name)));
    }
    let numbers = drift.numbers();
    let text = match (numbers.unaccepted, how_much(drift)) {
        (0, None) => ": as agreed".to_owned(),
        (0, Some(overdue)) => format!(": {overdue}"),
        (number, overdue) => {
            let overdue = overdue.map_or(String::new(), |overdue| format!("; {overdue}"));
            format!(": {} from what was agreed{overdue}", count(number, "difference"))
        }
    };
    fill.words(PLAIN, &text);
    if numbers.new > 0 && numbers.new < numbers.unaccepted {
        fill.words(PLAIN, &format!(", {} of them new", numbers.new));
    }
    if numbers.accepted > 0 {
        fill.words(PLAIN, &format!("; {} accepted", numbers.accepted));
    }
    if let Some(risen) = risen(drift) {
        fill.words(PLAIN, "; ");
        fill.words(ALARM, &format!("{risen} (!)"));
    }
    for line in fill.finish() {
        line.write(out)?;
    }
    Ok(())
}

/// Writes the heading of a section.
pub(super) fn write_heading(
    out: &mut dyn Write,
    style: Style,
    title: &str,
    about: &str,
    options: Options,
) -> io::Result<()> {
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &[(style, title), (PLAIN, "  "), (PLAIN, about)])
}

fn write_difference(
    out: &mut dyn Write,
    drift: &Drift,
    found: &Difference,
    (now, could_have): (Timestamp, &str),
    sources: &Sources,
    options: Options,
) -> io::Result<()> {
    let plan = &drift.plan;
    let mut first = Line::indented(2);
    let (mark, style) = match (&found.raised, found.observed.is_missing()) {
        (Some(_), _) => ("!", ALARM),
        (None, false) => ("+", CHANGED),
        (None, true) => ("-", REMOVED),
    };
    first.push(style, mark).push(PLAIN, " ");
    let mut fill = Fill::new(first, 6, options.width);
    fill.words(TITLE, &subject(found));
    fill.words(PLAIN, " ");
    fill.words(style, &is(plan, found));
    if let Some(raised) = &found.raised {
        fill.piece(ALARM, &format!("ESCALATION: {}", escalation(plan, raised)));
    }
    for line in fill.finish() {
        line.write(out)?;
    }
    if let Some(planned) = found.change(plan) {
        write_detail(out, "agreed", &agreed(planned), &written(planned, sources), options)?;
    }
    let with = comes_with(plan, found);
    if !with.is_empty() {
        write_detail(out, "missing too", &with, &[], options)?;
    }
    if let Some(seen) = seen(found, now) {
        write_detail(out, "first seen", &seen, &[], options)?;
    }
    write_detail(out, "could have", could_have, &[], options)
}

/// Since when it is so, where there is a memory.
fn seen(found: &Difference, now: Timestamp) -> Option<String> {
    let accepted = if found.was_accepted { "; accepted until now" } else { "" };
    let absent = found.absent_at.map_or(String::new(), |at| format!("; not there {}", moment(at)));
    let absent = format!("{absent}{accepted}");
    match found.standing {
        Standing::Found => None,
        Standing::New if found.first_seen == now => Some(format!("now{absent}")),
        Standing::New | Standing::Still => Some(format!("{}{absent}", moment(found.first_seen))),
    }
}

pub(super) fn write_detail(
    out: &mut dyn Write,
    label: &str,
    text: &str,
    more: &[String],
    options: Options,
) -> io::Result<()> {
    let mut first = Line::indented(6);
    first.push(DIM, label).pad_to(LABELS);
    let mut fill = Fill::new(first, LABELS, options.width);
    fill.words(PLAIN, text);
    for piece in more {
        let room = if options.verbose { usize::MAX } else { fill.line_room().max(20) };
        fill.piece(DIM, &visible_within_width(piece, room));
    }
    for line in fill.finish() {
        line.write(out)?;
    }
    Ok(())
}

/// How many of `all` entries are shown, and a line that counts the rest.
pub(super) fn folded(all: usize, noun: &str, options: Options) -> (usize, Option<String>) {
    if options.verbose || all < SHOWN + WORTH_HIDING {
        return (all, None);
    }
    (SHOWN, Some(format!("    {DIM}… and {}; -v shows all{DIM:#}", count(all - SHOWN, noun))))
}

fn write_gone(out: &mut dyn Write, drift: &Drift, options: Options) -> io::Result<()> {
    if drift.gone.is_empty() {
        return Ok(());
    }
    let about = format!("{} of the last run", count(drift.gone.len(), "difference"));
    write_heading(out, DIM, "GONE", &about, options)?;
    let (shown, rest) = folded(drift.gone.len(), "more difference", options);
    for gone in &drift.gone[..shown] {
        let observed = &gone.seen.observed;
        let now = match gone.became {
            Became::Agreed => "agreed to now",
            Became::Changed => "changed since",
            Became::Pending => "still so, and taken back by the next apply: the configuration was edited",
        };
        let text = format!("{} {}: {now}", subject_of(observed), was(&drift.plan, observed));
        write_paragraph(out, 4, options.width, &[(PLAIN, &text)])?;
    }
    rest.map_or(Ok(()), |rest| writeln!(out, "{rest}"))
}

fn write_accepted(out: &mut dyn Write, drift: &Drift, sources: &Sources, options: Options) -> io::Result<()> {
    let accepted: Vec<_> =
        drift.differences.iter().filter_map(|found| Some((found, found.accepted.as_ref()?))).collect();
    if accepted.is_empty() {
        return Ok(());
    }
    let about = format!("{}: known, and not complained of", count(accepted.len(), "difference"));
    write_heading(out, DIM, "ACCEPTED", &about, options)?;
    let (shown, rest) = folded(accepted.len(), "more difference", options);
    for (found, acceptance) in &accepted[..shown] {
        let mut fill = Fill::new(Line::indented(4), 6, options.width);
        fill.words(PLAIN, &format!("{} {}", subject(found), is(&drift.plan, found)));
        fill.piece(CHANGED, &format!("until {}", acceptance.until));
        let ticket = acceptance.ticket.as_deref().map_or(String::new(), |ticket| format!("{}, ", visible_name(ticket)));
        let reason = format!("{ticket}\"{}\"", visible(&acceptance.reason).replace('"', "\\\""));
        let room = if options.verbose { usize::MAX } else { fill.line_room().max(20) };
        fill.piece(DIM, &visible_within_width(&reason, room));
        fill.piece(DIM, &place(sources, acceptance.place));
        for line in fill.finish() {
            line.write(out)?;
        }
    }
    rest.map_or(Ok(()), |rest| writeln!(out, "{rest}"))
}

fn write_stale(out: &mut dyn Write, drift: &Drift, options: Options) -> io::Result<()> {
    if drift.stale.is_empty() {
        return Ok(());
    }
    let days = usize::try_from(drift.stale_days).unwrap_or(usize::MAX);
    let about = format!("{} not accepted for {} or longer", count(drift.stale.len(), "invitation"), count(days, "day"));
    write_heading(out, CHANGED, "WAITING", &about, options)?;
    let (shown, rest) = folded(drift.stale.len(), "more invitation", options);
    for one in &drift.stale[..shown] {
        let role = drift.plan.live.users.get(&one.user).map_or(String::new(), |user| org_role(&user.role).into_owned());
        let days = count(usize::try_from(one.days).unwrap_or(0), "day");
        let text = format!("{}, {role}, invited {} ago", visible(&one.user), days);
        write_paragraph(out, 4, options.width, &[(PLAIN, &text)])?;
    }
    rest.map_or(Ok(()), |rest| writeln!(out, "{rest}"))
}

/// What to do about it.
fn write_advice(out: &mut dyn Write, drift: &Drift, options: Options) -> io::Result<()> {
    if drift.unaccepted().next().is_none() {
        let waiting = waiting(drift);
        let text = waiting.trim_start_matches("; ");
        return if text.is_empty() { Ok(()) } else { write_heading(out, DIM, "Not applied yet", text, options) };
    }
    writeln!(out)?;
    let revert = "take it back with `accessctl apply`, write it into the YAML (`--write PATH`), or accept it for a while under `org`:";
    write_paragraph(out, 2, options.width, &[(TITLE, "What to do"), (PLAIN, "  "), (PLAIN, revert)])?;
    let suggested = drift.plan.as_of.checked_add(SignedDuration::from_hours(24 * SUGGESTED_DAYS));
    let until = suggested.unwrap_or(drift.plan.as_of).to_zoned(TimeZone::UTC).date().to_string();
    if let Some(entry) = drift.unaccepted().find_map(|found| acceptance(&drift.plan, found, &until)) {
        write_paragraph(out, 6, usize::MAX, &[(PLAIN, "accept:")])?;
        write_paragraph(out, 8, usize::MAX, &[(PLAIN, &entry)])?;
    }
    if drift.plan.backend == "mixpanel" {
        let text = "who did it: owners and admins can look into the audit log in the organization's settings";
        write_paragraph(out, 4, options.width, &[(DIM, text)])?;
    }
    if !drift.knows_applied {
        let text = "no record of the last apply is at hand: what was merged and not applied yet counts, too";
        write_paragraph(out, 4, options.width, &[(DIM, text)])?;
    }
    let waiting = waiting(drift);
    if !waiting.is_empty() {
        write_paragraph(out, 4, options.width, &[(DIM, waiting.trim_start_matches("; "))])?;
    }
    Ok(())
}
