//! What is over and still there, as text and as JUnit XML.

use std::io::{self, Write};

use jiff::Timestamp;

use super::Report;
use super::text::{folded, write_detail, write_heading};
use super::words::{is, moment, sentence, still, subject, written};
use crate::drift::{Drift, Overdue, Standing};
use crate::render::page::escape as xml;
use crate::render::text::changes::place;
use crate::render::text::count;
use crate::render::text::line::{ALARM, CHANGED, DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use crate::render::{Options, visible, visible_name};
use crate::source::Sources;

/// What to do about it.
const ADVICE: &str = "take it away with `accessctl apply`, or agree on a new end in the YAML";

/// How much is over and still there, in words; nothing where nothing is.
pub(super) fn how_much(drift: &Drift) -> Option<String> {
    match drift.unaccepted_overdue().count() {
        0 => None,
        1 => Some("1 access is over and still there".to_owned()),
        number => Some(format!("{number} accesses are over and still there")),
    }
}

/// Writes the section of what is over and still there, what somebody accepted of it last; nothing where nothing is.
pub(super) fn write_overdue(out: &mut dyn Write, drift: &Drift, sources: &Sources, options: Options) -> io::Result<()> {
    if drift.overdue.is_empty() {
        return Ok(());
    }
    let (accepted, others): (Vec<&Overdue>, Vec<&Overdue>) =
        drift.overdue.iter().partition(|one| one.found.accepted.is_some());
    let parts = [how_much(drift), (!accepted.is_empty()).then(|| format!("{} accepted", accepted.len()))];
    let mut about = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    let new = others.iter().filter(|one| one.found.standing == Standing::New).count();
    if new > 0 && new < others.len() {
        about.push_str(&format!("; {new} of them new"));
    }
    let style = if others.is_empty() { DIM } else { ALARM };
    write_heading(out, style, "OVERDUE", &about, options)?;
    let all: Vec<&Overdue> = others.iter().chain(&accepted).copied().collect();
    let (shown, rest) = folded(all.len(), "more entry", options);
    for one in &all[..shown] {
        write_one(out, drift, one, sources, options)?;
    }
    if let Some(rest) = rest {
        writeln!(out, "{rest}")?;
    }
    if others.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &[(TITLE, "What to do"), (PLAIN, "  "), (PLAIN, ADVICE)])
}

fn write_one(out: &mut dyn Write, drift: &Drift, one: &Overdue, sources: &Sources, options: Options) -> io::Result<()> {
    let (plan, found) = (&drift.plan, &one.found);
    let (mark, style) = if found.raised.is_some() { ("!", ALARM) } else { ("+", CHANGED) };
    let mut first = Line::indented(2);
    first.push(style, mark).push(PLAIN, " ");
    let mut fill = Fill::new(first, 6, options.width);
    fill.words(TITLE, &subject(found));
    fill.words(PLAIN, " ");
    fill.words(style, &is(plan, found));
    if let Some(raised) = &found.raised {
        fill.piece(ALARM, &still(plan, raised));
    }
    for line in fill.finish() {
        line.write(out)?;
    }
    let more = found.change(plan).map(|planned| written(planned, sources)).unwrap_or_default();
    write_detail(out, "ended", &format!("{} ({})", one.until, ago(one, plan.as_of)), &more, options)?;
    let Some(acceptance) = &found.accepted else { return Ok(()) };
    let ticket = acceptance.ticket.as_deref().map_or(String::new(), |ticket| format!("{}, ", visible_name(ticket)));
    let reason = format!("{ticket}\"{}\"", visible(&acceptance.reason).replace('"', "\\\""));
    let more = [reason, place(sources, acceptance.place)];
    write_detail(out, "accepted", &format!("until {}", acceptance.until), &more, options)
}

/// How long ago it ended.
fn ago(one: &Overdue, as_of: Timestamp) -> String {
    if !one.is_late {
        return "within the last day".to_owned();
    }
    let days = as_of.duration_since(one.until.at).as_hours() / 24;
    format!("{} ago", count(usize::try_from(days).unwrap_or(0), "day"))
}

/// Writes a test for something that is over: it fails as a run does, and is skipped until then or where it is accepted.
pub(super) fn write_case(out: &mut dyn Write, report: Report<'_>, drift: &Drift, one: &Overdue) -> io::Result<()> {
    let (plan, found) = (&drift.plan, &one.found);
    let (class, text) = (xml(plan.org.as_str()), sentence(drift, found));
    writeln!(out, "    <testcase classname=\"{class}\" name=\"{}\">", xml(&text))?;
    let skipped = match &found.accepted {
        Some(acceptance) => Some(format!("accepted until {}: {}", acceptance.until, acceptance.reason)),
        None if one.is_late => None,
        None => Some(format!("ended {} and still there: the next apply takes it away", one.until)),
    };
    if let Some(message) = skipped {
        writeln!(out, "      <skipped message=\"{}\"/>", xml(&message))?;
        return writeln!(out, "    </testcase>");
    }
    write!(out, "      <failure message=\"{}\" type=\"overdue\">", xml(&text))?;
    if let Some(raised) = &found.raised {
        writeln!(out, "{}", xml(&still(plan, raised)))?;
    }
    let written = found.change(plan).map(|planned| written(planned, report.sources)).unwrap_or_default();
    writeln!(out, "ended: {} {}", one.until, xml(&written.join(" ")))?;
    if drift.last_run.is_some() {
        writeln!(out, "first seen: {}", moment(found.first_seen))?;
    }
    writeln!(out, "what to do: {}", xml(ADVICE))?;
    writeln!(out, "fingerprint: {}</failure>", found.fingerprint)?;
    writeln!(out, "    </testcase>")
}
