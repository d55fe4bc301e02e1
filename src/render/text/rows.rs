//! Rows of a plan, aligned and wrapped for the width of the terminal.

use std::io::{self, Write};

use anstyle::Style;

use super::line::{ADDED, ALARM, CHANGED, DIM, Fill, Line, PLAIN, REMOVED};
use crate::render::{visible_within_width, width};

/// What a row does, as the sign before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Sign {
    Add,
    Change,
    Remove,
}

impl Sign {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Change => "~",
            Self::Remove => "-",
        }
    }

    pub(crate) fn style(self) -> Style {
        match self {
            Self::Add => ADDED,
            Self::Change => CHANGED,
            Self::Remove => REMOVED,
        }
    }
}

/// One entry of a list, before it is laid out. All texts are visible ones.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) sign: Sign,
    /// Who or what the row is about; the first column.
    pub(crate) subject: String,
    /// What happens.
    pub(crate) action: String,
    /// Who becomes admin or owner by it, if anybody does.
    pub(crate) alarm: Option<String>,
    /// What the reviewer must know of it besides.
    pub(crate) facts: String,
    /// What people wrote about it; cut where it is too long.
    pub(crate) reason: String,
    /// Where it is written.
    pub(crate) place: String,
}

/// Indentation, the escalation mark and the sign come before the subject.
const PREFIX: usize = 6;
const GAP: usize = 2;
/// A subject wider than this, or than a third of the line, does not push the other rows to the right.
const WIDE_SUBJECT: usize = 40;
/// Places stand below each other up to this column.
const PLACES: usize = 110;

/// Writes `rows` as a table that stays within `columns` wherever names allow it.
pub(crate) fn write_rows(out: &mut dyn Write, rows: &[Row], columns: usize, cut_reasons: bool) -> io::Result<()> {
    let most = WIDE_SUBJECT.min(columns / 3);
    let widest = rows.iter().map(|row| width(&row.subject)).filter(|wide| *wide <= most).max().unwrap_or(0);
    let mut laid_out: Vec<(Vec<Line>, &str)> =
        rows.iter().map(|row| (lay_out(row, widest, columns, cut_reasons), row.place.as_str())).collect();
    let place_column = laid_out
        .iter()
        .filter_map(|(lines, place)| match lines.as_slice() {
            [only] if only.width() + GAP <= PLACES && only.width() + GAP + width(place) <= columns => {
                Some(only.width() + GAP)
            }
            _ => None,
        })
        .max()
        .unwrap_or(0);
    for (lines, place) in &mut laid_out {
        add_place(lines, place, place_column, hang(widest, columns), columns);
        for line in lines.iter() {
            line.write(out)?;
        }
    }
    Ok(())
}

/// Where lines after the first start: below the second column, unless that leaves too little room.
fn hang(widest: usize, columns: usize) -> usize {
    (PREFIX + widest + GAP).min(columns / 3)
}

fn lay_out(row: &Row, widest: usize, columns: usize, cut_reasons: bool) -> Vec<Line> {
    let mut first = Line::default();
    let mark = if row.alarm.is_some() { "!" } else { " " };
    first.push(PLAIN, "  ").push(ALARM, mark).push(PLAIN, " ");
    first.push(row.sign.style(), row.sign.as_str()).push(PLAIN, " ");
    if !row.subject.is_empty() {
        first.push(row.sign.style(), &row.subject);
    }
    first.pad_to(PREFIX + widest);
    if widest > 0 || !row.subject.is_empty() {
        first.push(PLAIN, "  ");
    }
    let mut fill = Fill::new(first, hang(widest, columns), columns);
    fill.piece(PLAIN, &row.action);
    if let Some(alarm) = &row.alarm {
        fill.piece(ALARM, alarm);
    }
    if !row.facts.is_empty() {
        fill.piece(PLAIN, &row.facts);
    }
    if !row.reason.is_empty() {
        if cut_reasons {
            let room = fill.line_room().max(20);
            fill.piece(DIM, &visible_within_width(&row.reason, room));
        } else {
            fill.piece(DIM, &row.reason);
        }
    }
    fill.finish()
}

fn add_place(lines: &mut Vec<Line>, place: &str, place_column: usize, hang: usize, columns: usize) {
    if place.is_empty() {
        return;
    }
    let is_one_line = lines.len() == 1;
    if let Some(last) = lines.last_mut()
        && last.width() + GAP + width(place) <= columns
    {
        // A line may be longer than those for which the column was chosen.
        if is_one_line && last.width() + GAP <= place_column && place_column + width(place) <= columns {
            last.pad_to(place_column);
        } else {
            last.push(PLAIN, "  ");
        }
        last.push(DIM, place);
        return;
    }
    let mut own = Line::indented(hang.min(columns.saturating_sub(width(place))).max(PREFIX));
    own.push(DIM, place);
    lines.push(own);
}
