//! A review for spreadsheets, as RFC 4180 has it, in which no cell can be a formula.

use std::io::{self, Write};

use super::cells::Cells;
use crate::review::Review;
use crate::source::Sources;

const HEADER: [&str; 22] = [
    "org",
    "user",
    "name",
    "status",
    "belonging",
    "org_role",
    "project",
    "project_id",
    "project_name",
    "environment",
    "role",
    "via",
    "team",
    "since",
    "until",
    "reason",
    "ticket",
    "approved_by",
    "sponsor",
    "last_active",
    "source",
    "difference",
];

/// Writes one line for each user, project and source.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_csv(out: &mut dyn Write, reviews: &[Review<'_>], sources: &Sources) -> io::Result<()> {
    write_line(out, &HEADER)?;
    for review in reviews {
        let org = crate::render::visible(&review.view.desired.key).into_owned();
        for reviewed in review.people() {
            for row in &reviewed.rows {
                let Some(cells) = Cells::new(review.view, &reviewed, row, sources) else { continue };
                write_cells(out, &org, &cells)?;
            }
        }
    }
    Ok(())
}

fn write_cells(out: &mut dyn Write, org: &str, cells: &Cells<'_>) -> io::Result<()> {
    let Cells {
        user,
        name,
        status,
        belonging,
        org_role,
        project,
        project_id,
        project_name,
        environment,
        role,
        via,
        team,
        since,
        until,
        reason,
        ticket,
        approved_by,
        sponsor,
        last_active,
        places,
        difference,
    } = cells;
    write_line(
        out,
        &[
            org,
            user,
            name,
            status,
            belonging,
            org_role,
            project,
            project_id,
            project_name,
            environment,
            role,
            via,
            team,
            since,
            until,
            reason,
            ticket,
            approved_by,
            sponsor,
            last_active,
            places,
            difference,
        ],
    )
}

fn write_line(out: &mut dyn Write, cells: &[&str]) -> io::Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            out.write_all(b",")?;
        }
        out.write_all(inert(cell).as_bytes())?;
    }
    out.write_all(b"\r\n")
}

/// The cell, quoted where it must be, with an apostrophe before whatever a spreadsheet would run.
///
/// A spreadsheet of a country that writes decimal commas splits at semicolons, also within quotes that do not start its
/// cell: what follows one is treated as a start as well.
fn inert(cell: &str) -> String {
    let mut text = String::with_capacity(cell.len() + 2);
    let mut is_start = true;
    for character in cell.chars() {
        // Those of full width are taken for the others by some programs. Control characters were made visible before.
        if is_start && ['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'].contains(&character) {
            text.push('\'');
        }
        is_start = character == ';' || (is_start && [' ', '"', '\''].contains(&character));
        text.push(character);
    }
    if text.contains([',', ';', '"', '\n', '\r', '\t']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_starts_as_a_formula() {
        for (cell, written) in [
            ("plain text", "plain text"),
            ("=1+1", "'=1+1"),
            ("+x@acme.com", "'+x@acme.com"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            (" =1", "\" '=1\""),
            ("\"=1", "\"\"\"'=1\""),
            ("a;=1", "\"a;'=1\""),
            ("a; \"=1", "\"a; \"\"'=1\""),
            ("＝1", "'＝1"),
            ("say \"hi\", twice", "\"say \"\"hi\"\", twice\""),
            ("a-b", "a-b"),
            ("", ""),
        ] {
            assert_eq!(inert(cell), written, "{cell}");
        }
    }
}
