//! A review as Markdown, in which no text of strangers can mention, link, break the table or open HTML.

use std::borrow::Cow;
use std::io::{self, Write};

use super::cells::Cells;
use super::{filter_words, not_known, totals_words, via_name};
use crate::render::access::organization_title;
use crate::render::visible;
use crate::review::{Review, Totals};
use crate::source::Sources;

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
    let name = name.map_or(String::new(), |name| format!(" ({})", cell(name)));
    writeln!(out, "## Access review of {}{name}\n", cell(key))?;
    let side = if review.view.live.is_some() { "The live side" } else { "As declared" };
    let asked: Vec<_> = filter_words(review.filter).iter().map(|words| cell(words).into_owned()).collect();
    let asked = if asked.is_empty() { String::new() } else { format!("; only {}", asked.join(", ")) };
    writeln!(out, "{side} on {}{asked}.\n", review.view.day())?;
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
    words.iter().try_for_each(|words| writeln!(out, "- {}", cell(words)))
}

fn write_row(out: &mut dyn Write, cells: &Cells<'_>, has_live: bool) -> io::Result<()> {
    let with = |first: &str, second: &str| match (first, second) {
        (first, "") => cell(first).into_owned(),
        ("", second) => cell(second).into_owned(),
        (first, second) => format!("{}, {}", cell(first), cell(second)),
    };
    let by = match cells.via {
        "team" => format!("team {}", cell(&cells.team)),
        other => via_name(other).to_owned(),
    };
    let columns = [
        with(&cells.user, &cells.name),
        with(cells.belonging, cells.status),
        cell(&cells.org_role.replace('_', " ")).into_owned(),
        with(&cells.project, &cells.environment),
        cell(&cells.role).into_owned(),
        by,
        date(&cells.since).into_owned(),
        date(&cells.until).into_owned(),
        cell(&cells.reason).into_owned(),
        cell(&cells.ticket).into_owned(),
        cell(&cells.approved_by).into_owned(),
        cell(&cells.sponsor).into_owned(),
        date(&cells.last_active).into_owned(),
        cell(&cells.places).into_owned(),
    ];
    write!(out, "| {} |", columns.join(" | "))?;
    writeln!(out, "{}", if has_live { format!(" {} |", cell(&cells.difference)) } else { String::new() })
}

/// A day or a moment, which is ours and can be nothing else.
fn date(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

/// Text that is nothing but text: words as they are, anything else as code, in which nothing acts.
fn cell(text: &str) -> Cow<'_, str> {
    // A word of hexadecimal digits can be taken for a commit.
    let is_commit = |word: &str| word.len() >= 7 && word.chars().all(|c| c.is_ascii_hexdigit());
    let is_word = |word: &str| {
        let is_number = word.chars().all(|c| c.is_ascii_digit());
        (is_number || word.chars().all(char::is_alphabetic)) && !is_commit(word)
    };
    let is_tight = text.trim() == text && !text.contains("  ");
    if is_tight && text.split([' ', ',', '(', ')']).all(is_word) {
        return Cow::Borrowed(text);
    }
    // In a table a bar ends the cell, even in code, and an escaped one can be made a bare one by what stands before it.
    let text = visible(text).replace('|', "\\u{7c}");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let gap = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    Cow::Owned(format!("{fence}{gap}{text}{gap}{fence}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_act_is_code() {
        for (text, written) in [
            ("Ana Ruiz", "Ana Ruiz"),
            ("1,234 users (2 external)", "1,234 users (2 external)"),
            ("GH12", "`GH12`"),
            ("1234567", "`1234567`"),
            ("", ""),
            ("@everyone", "`@everyone`"),
            ("ana@acme.com", "`ana@acme.com`"),
            ("a|b", "`a\\u{7c}b`"),
            ("a\\|b", "`a\\\\u{7c}b`"),
            ("<script>", "`<script>`"),
            ("[x](http://evil.test)", "`[x](http://evil.test)`"),
            ("#12", "`#12`"),
            ("OPS-12", "`OPS-12`"),
            ("deadbeef", "`deadbeef`"),
            ("`a``b", "``` `a``b ```"),
            ("a\nb", "`a\\u{a}b`"),
        ] {
            assert_eq!(cell(text), written, "{text}");
        }
    }
}
