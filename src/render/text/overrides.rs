//! What is declared of blocked people all the same.

use std::io::{self, Write};

use super::changes::place;
use super::expiring::entry_text;
use super::line::{DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use super::words::count;
use crate::desired::Override;
use crate::plan::Plan;
use crate::render::{Options, visible};
use crate::source::Sources;

/// Entries shown of one person before the rest is counted.
const ENTRIES: usize = 10;
/// People shown before the rest is counted.
const PEOPLE: usize = 10;

/// Writes what the `blocked` entries override, by person.
pub(super) fn write_overrides(out: &mut dyn Write, plan: &Plan, sources: &Sources, options: Options) -> io::Result<()> {
    if plan.overrides.is_empty() {
        return Ok(());
    }
    let heading = [(TITLE, "Blocked"), (PLAIN, "  "), (DIM, "no access, although this is declared")];
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &heading)?;
    let people: Vec<&[Override]> = plan.overrides.chunk_by(|a, b| a.user == b.user).collect();
    let shown = |all: usize, some: usize| if options.verbose || all <= some + 1 { all } else { some };
    let number = shown(people.len(), PEOPLE);
    for entries in &people[..number] {
        let Some(first) = entries.first() else { continue };
        let mut fill = Fill::new(Line::indented(4), 6, options.width);
        fill.piece(PLAIN, &visible(&first.user));
        fill.piece(DIM, &format!("blocked at {}", place(sources, first.blocked)));
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
