//! A review for spreadsheets.

use std::io::{self, Write};

use super::cells::Cells;
use crate::render::csv::write_line;
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
