//! A review for a terminal, user by user.

use std::io::{self, Write};

use super::cells::Cells;
use super::{days, filter_words, totals_words, via_name};
use crate::grounds::{Mark, Standing};
use crate::render::access::explain::write_pieces;
use crate::render::access::{
    live_team_words, mark_style, mark_words, organization_name, places, unknown_words, whole_note,
};
use crate::render::text::line::{DIM, Line, PLAIN, TITLE, write_paragraph};
use crate::render::unread::write_section;
use crate::render::{Options, visible, visible_name, width};
use crate::review::{Review, Totals};
use crate::source::Sources;

/// Columns for the longest name of a project; longer ones push their line further in.
const PROJECT_COLUMNS: usize = 24;

/// Writes every user with their access, and the totals, for each organization.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_text(out: &mut dyn Write, reviews: &[Review<'_>], sources: &Sources, options: Options) -> io::Result<()> {
    for (index, review) in reviews.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_review(out, review, sources, options.width)?;
    }
    Ok(())
}

fn write_review(out: &mut dyn Write, review: &Review<'_>, sources: &Sources, columns: usize) -> io::Result<()> {
    let view = review.view;
    let side = if view.live.is_some() { "the live side" } else { "as declared" };
    let asked = filter_words(review.filter);
    let asked = if asked.is_empty() { String::new() } else { format!("; only {}", asked.join(", ")) };
    let head = format!(": access review, {side} {}{asked}", days(view));
    write_paragraph(out, 0, columns, &[(TITLE, &organization_name(view)), (PLAIN, &head)])?;
    let labels = view.projects().into_iter().map(|id| width(&visible_name(&view.project_label(id))));
    let project_columns = labels.max().unwrap_or(0).min(PROJECT_COLUMNS);
    let mut totals = Totals::default();
    for reviewed in review.people() {
        totals.add(&reviewed);
        let mut is_first = true;
        for row in &reviewed.rows {
            let (Some(cells), Some(access)) = (Cells::new(view, &reviewed, row, sources), row.found()) else {
                continue;
            };
            if std::mem::take(&mut is_first) {
                let name = (!cells.name.is_empty()).then(|| visible_name(&cells.name).into_owned());
                let role = format!("org role {}", cells.org_role);
                let role = if cells.org_role.is_empty() { None } else { Some(role) };
                let external = (cells.belonging == "external").then(|| "external".to_owned());
                let declared = match reviewed.person.standing {
                    Standing::Declared | Standing::NotManaged => None,
                    Standing::Renamed { now, .. } => Some(format!("an earlier address of {}", visible(now))),
                    Standing::NotDeclared => Some("not declared".to_owned()),
                };
                let status = (!cells.status.is_empty()).then(|| cells.status.to_owned());
                let seen = (!cells.last_active.is_empty()).then(|| format!("last active {}", cells.last_active));
                let words: Vec<_> = [name, role, external, declared, status, seen].into_iter().flatten().collect();
                let words = format!("  {}", words.join(", "));
                writeln!(out)?;
                write_paragraph(out, 2, columns, &[(TITLE, &cells.user), (DIM, &words)])?;
            }
            let (sign, words) = mark_words(row, sources);
            let style = mark_style(row.mark);
            let words = if row.mark == Mark::OtherRole { Some(cells.difference.clone()) } else { words };
            let label = visible_name(&cells.project);
            let gap = " ".repeat(project_columns.saturating_sub(width(&label)) + 2);
            let by = match cells.via {
                "team" => format!("through team {}", visible_name(&cells.team)),
                other => via_name(other).to_owned(),
            };
            let mut start = Line::indented(2);
            start.push(style, &format!("{sign} {label}{gap}"));
            let what = format!("{} {by}{}", visible_name(&cells.role), live_team_words(row));
            let at = places(row.lines(), sources);
            let pieces = [(PLAIN, what), (DIM, at), (style, words.unwrap_or_default())];
            write_pieces(out, start, 8 + project_columns, columns, pieces)?;
            let note = whole_note(row, &access);
            if !note.is_empty() {
                write_paragraph(out, 8 + project_columns, columns, &[(PLAIN, &note)])?;
            }
        }
    }
    writeln!(out)?;
    let words = totals_words(&totals, review.filter.is_open()).join("; ");
    write_paragraph(out, 2, columns, &[(TITLE, "Total"), (PLAIN, "  "), (PLAIN, &words)])?;
    write_section(out, &unknown_words(view), columns)
}
