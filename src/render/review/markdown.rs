//! A review as Markdown, in which no text of strangers can mention, link, break the table or open HTML.

use std::borrow::Cow;
use std::io::{self, Write};

use super::cells::Cells;
use super::{days, filter_words, not_known, totals_words, via_name};
use crate::render::access::organization_title;
use crate::review::{Review, Totals};
use crate::source::Sources;
use crate::visible::markdown;

/// Writes a heading, a table and the totals for each organization.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_markdown(out: &mut dyn Write, reviews: &[Review<'_>], sources: &Sources) -> io::Result<()> {
    for (index, review) in reviews.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_review(out, review, sources)?;
    }
    Ok(())
}

fn write_review(out: &mut dyn Write, review: &Review<'_>, sources: &Sources) -> io::Result<()> {
    let (key, name) = organization_title(review.view);
    let name = name.map_or(String::new(), |name| format!(" ({})", markdown(name)));
    writeln!(out, "## Access review of {}{name}\n", markdown(key))?;
    let side = if review.view.live.is_some() { "The live side" } else { "As declared" };
    let asked: Vec<_> = filter_words(review.filter).iter().map(|words| markdown(words).into_owned()).collect();
    let asked = if asked.is_empty() { String::new() } else { format!("; only {}", asked.join(", ")) };
    writeln!(out, "{side} {}{asked}.\n", days(review.view))?;
    let has_live = review.view.live.is_some();
    write!(
        out,
        "| user | status | org role | project | role | by | since | until | reason | ticket | approved by | sponsor |"
    )?;
    write!(out, " last active | written at |")?;
    writeln!(out, "{}", if has_live { " difference |" } else { "" })?;
    writeln!(out, "|{}", "---|".repeat(if has_live { 15 } else { 14 }))?;
    let mut totals = Totals::default();
    for reviewed in review.people() {
        totals.add(&reviewed);
        for row in &reviewed.rows {
            let Some(cells) = Cells::new(review.view, &reviewed, row, sources) else { continue };
            write_row(out, &cells, has_live)?;
        }
    }
    writeln!(out)?;
    let mut words = totals_words(&totals, review.filter.is_open());
    words.extend(not_known(review.view));
    words.iter().try_for_each(|words| writeln!(out, "- {}", markdown(words)))
}

fn write_row(out: &mut dyn Write, cells: &Cells<'_>, has_live: bool) -> io::Result<()> {
    let with = |first: &str, second: &str| match (first, second) {
        (first, "") => markdown(first).into_owned(),
        ("", second) => markdown(second).into_owned(),
        (first, second) => format!("{}, {}", markdown(first), markdown(second)),
    };
    let by = match cells.via {
        "team" => format!("team {}", markdown(&cells.team)),
        other => via_name(other).to_owned(),
    };
    let columns = [
        with(&cells.user, &cells.name),
        with(cells.belonging, cells.status),
        markdown(&cells.org_role.replace('_', " ")).into_owned(),
        with(&cells.project, &cells.environment),
        markdown(&cells.role).into_owned(),
        by,
        date(&cells.since).into_owned(),
        date(&cells.until).into_owned(),
        markdown(&cells.reason).into_owned(),
        markdown(&cells.ticket).into_owned(),
        markdown(&cells.approved_by).into_owned(),
        markdown(&cells.sponsor).into_owned(),
        date(&cells.last_active).into_owned(),
        markdown(&cells.places).into_owned(),
    ];
    write!(out, "| {} |", columns.join(" | "))?;
    writeln!(out, "{}", if has_live { format!(" {} |", markdown(&cells.difference)) } else { String::new() })
}

/// A day or a moment, which is ours and can be nothing else.
fn date(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}
