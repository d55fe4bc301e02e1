//! What is declared of blocked people all the same.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::changes::place;
use super::expiring::entry_text;
use super::line::{DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use super::words::count;
use crate::desired::Override;
use crate::model::Email;
use crate::plan::{ChangeStatus, Plan};
use crate::render::{Options, visible};
use crate::source::Sources;

/// Entries shown of one person before the rest is counted.
const ENTRIES: usize = 10;
/// People shown before the rest is counted.
const PEOPLE: usize = 10;

/// Writes what the `blocked` entries override, by person.
pub(crate) fn write_overrides(out: &mut dyn Write, plan: &Plan, sources: &Sources, options: Options) -> io::Result<()> {
    if plan.overrides.is_empty() {
        return Ok(());
    }
    // Who is blocked and still has an account afterwards is said to.
    let stays: BTreeMap<&Email, &str> = plan
        .changes
        .iter()
        .filter_map(|planned| {
            let user = planned.change.removed_user()?;
            let why = match planned.status {
                ChangeStatus::Planned => return None,
                ChangeStatus::Held => "the removal is held",
                ChangeStatus::Blocked => "nothing of this plan is applied",
            };
            Some((user, why))
        })
        .collect();
    let still = |user: &Email| {
        let person = plan.person(user);
        let mut accounts = stays.iter().filter(|(account, _)| plan.person(account) == person);
        accounts.next().map_or(String::new(), |(_, why)| format!("; still has access: {why}"))
    };
    let about = if stays.is_empty() {
        "no access, although this is declared"
    } else {
        "to have no access, although this is declared"
    };
    let heading = [(TITLE, "Blocked"), (PLAIN, "  "), (DIM, about)];
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &heading)?;
    let people: Vec<&[Override]> = plan.overrides.chunk_by(|a, b| a.user == b.user).collect();
    let shown = |all: usize, some: usize| if options.verbose || all <= some + 1 { all } else { some };
    let number = shown(people.len(), PEOPLE);
    for entries in &people[..number] {
        let Some(first) = entries.first() else { continue };
        let mut fill = Fill::new(Line::indented(4), 6, options.width);
        fill.piece(PLAIN, &visible(&first.user));
        fill.piece(DIM, &format!("blocked at {}{}", place(sources, first.blocked), still(&first.user)));
        for line in fill.finish() {
            line.write(out)?;
        }
        let some = shown(entries.len(), ENTRIES);
        for one in &entries[..some] {
            let mut fill = Fill::new(Line::indented(6), 8, options.width);
            fill.piece(PLAIN, &entry_text(&one.entry));
            fill.piece(DIM, &place(sources, one.place));
            for line in fill.finish() {
                line.write(out)?;
            }
        }
        if some < entries.len() {
            writeln!(out, "      {DIM}… and {}; -v shows all{DIM:#}", count(entries.len() - some, "more entry"))?;
        }
    }
    if number < people.len() {
        let more = if people.len() - number == 1 { "person" } else { "people" };
        writeln!(out, "    {DIM}… and {} more {more}; -v shows all{DIM:#}", people.len() - number)?;
    }
    Ok(())
}
