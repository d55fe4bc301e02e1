//! What was done, for people.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{UNSEEN, outcome, sentence};
use crate::journal::{Begun, End, Record, Steps, Told, ToldChange};
use crate::render::report::moment;
use crate::render::text::line::{ADDED, ALARM, DIM, PLAIN, REMOVED, TITLE, write_paragraph};
use crate::render::text::manual::write_step;
use crate::render::text::{count, list};
use crate::render::{Options, visible, visible_name};

/// The columns of the widest word for how a change ended.
const WIDE: usize = 17;

/// Writes one paragraph for each run, with a line for each change.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_text(out: &mut dyn Write, runs: &[Told<'_>], options: Options) -> io::Result<()> {
    for (index, told) in runs.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_run(out, told, options)?;
    }
    Ok(())
}

fn write_run(out: &mut dyn Write, told: &Told<'_>, options: Options) -> io::Result<()> {
    let Told { file, begun, changes } = told;
    let started = begun.started_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    let by = begun.user.as_ref().map_or(String::new(), |user| format!(" by {}", visible_name(user)));
    let on = begun.host.as_ref().map_or(String::new(), |host| format!(" on {}", visible_name(host)));
    let rest = format!(" of {} ({}), {started}{by}{on}", visible_name(&begun.org), begun.org_id);
    write_paragraph(out, 0, options.width, &[(TITLE, &format!("run {}", visible(&begun.run))), (PLAIN, &rest)])?;
    if let Some(origin) = origin(begun) {
        write_paragraph(out, 2, options.width, &[(DIM, &origin)])?;
    }
    let records = file.changes();
    let records: BTreeMap<&str, &Record> =
        records.iter().map(|logged| (logged.record.id.as_str(), logged.record)).collect();
    for change in changes {
        write_change(out, change, &records, options)?;
    }
    write_steps(out, told, options)?;
    let (style, words) = match file.end() {
        Some(end) => (PLAIN, ended(end)),
        None => (ALARM, "it did not come to its end, or it is still going on".to_owned()),
    };
    write_paragraph(out, 2, options.width, &[(style, &words)])
}

/// Which plan was applied, and what it brought along.
fn origin(begun: &Begun) -> Option<String> {
    let plan = begun.plan.as_ref().map(|digest| format!("plan {}", visible(digest)));
    let meta = begun.meta.iter().map(|(key, value)| format!("{} {}", visible(key), visible_name(value)));
    let undoes = begun.undoes.as_ref().map(|run| format!("undoes run {}", visible(run)));
    let parts: Vec<String> = undoes.into_iter().chain(plan).chain(meta).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Writes what the run left to people, as far as it is about the changes that are told.
fn write_steps(out: &mut dyn Write, told: &Told<'_>, options: Options) -> io::Result<()> {
    let Some(Steps { about, steps, .. }) = told.file.steps() else { return Ok(()) };
    let asked: BTreeSet<&str> = told.changes.iter().map(|change| change.logged.record.id.as_str()).collect();
    // Steps name each other by their numbers, so they keep them.
    let mut steps = (1..).zip(steps).filter(|(_, step)| asked.contains(step.id.as_str())).peekable();
    if steps.peek().is_none() {
        return Ok(());
    }
    write_paragraph(out, 2, options.width, &[(TITLE, "By hand"), (PLAIN, "  "), (DIM, &visible(about))])?;
    steps.try_for_each(|(number, step)| write_step(out, number, (&visible(&step.text), None), options))
}

fn write_change(
    out: &mut dyn Write,
    change: &ToldChange<'_>,
    records: &BTreeMap<&str, &Record>,
    options: Options,
) -> io::Result<()> {
    let record = change.logged.record;
    let word = outcome(change);
    let style = match word {
        "applied" | "already" | "settled: done" => ADDED,
        "failed" | "settled: not done" | "no effect" | "skipped" | "not_tried" => REMOVED,
        _ => ALARM,
    };
    let shown = format!("{:WIDE$}", word.replace('_', " "));
    let mut text = format!(" {}", sentence(record));
    if let Some((_, ended)) = change.logged.ended {
        for cause in &ended.causes {
            text.push_str(&format!(": {}", visible(cause)));
        }
        text.extend(ended.because.as_ref().map(|because| match records.get(because.as_str()) {
            Some(record) => format!(", because this was not done: {}", sentence(record)),
            None => format!(" because of {}", visible(because)),
        }));
        text.extend(ended.until.map(|until| format!(" until {}", moment(until))));
    }
    if word == UNSEEN {
        text.push_str(": the live side does not show it, and a mail may have been sent");
    }
    text.extend(change.settled.as_ref().map(|settled| format!(", as run {} read", visible(&settled.run))));
    write_paragraph(out, 2, options.width, &[(style, &shown), (PLAIN, &text)])?;
    match note(record) {
        Some(note) => write_paragraph(out, 3 + WIDE, options.width, &[(DIM, &note)]),
        None => Ok(()),
    }
}

/// Why, as people wrote it, and where.
fn note(record: &Record) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    parts.extend(record.reason.as_ref().map(|reason| visible(reason).into_owned()));
    parts.extend(record.ticket.as_ref().map(|ticket| visible(ticket).into_owned()));
    if !record.approved_by.is_empty() {
        let approvers: Vec<_> = record.approved_by.iter().map(|email| visible(email)).collect();
        parts.push(format!("approved by {}", approvers.join(" and ")));
    }
    parts.extend(record.until.as_ref().map(|until| format!("until {}", visible(until))));
    if !["", "declared", "undone"].contains(&record.why.as_str()) {
        parts.push(visible(&record.why).replace('_', " "));
    }
    parts.extend(record.source.as_ref().map(|source| visible(source).into_owned()));
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn ended(end: &End) -> String {
    if let Some(refused) = &end.refused {
        return format!("ended with status {}: {}", end.status, visible(refused));
    }
    let mut parts: Vec<String> =
        end.numbers.iter().map(|(name, number)| format!("{number} {}", visible(name).replace('_', " "))).collect();
    parts.extend(end.left.filter(|left| *left > 0).map(|left| format!("{} still to be made", count(left, "change"))));
    match parts.is_empty() {
        true => format!("ended with status {}", end.status),
        false => format!("ended with status {}: {}", end.status, list(&parts)),
    }
}
