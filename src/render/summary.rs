//! What a run did as Markdown, for the page that a CI system shows of a job.
//!
//! Every text of strangers stands in code, where nothing acts (see [`markdown`]), and the whole is bounded: such pages
//! take only so much, and everything stands in the job's log as well.

use std::io;

use anstream::adapter::strip_str;

use super::report::{self, ByHand, Ending};
use super::text::{self, count};
use super::{Options, WithoutPlan};
use crate::plan::Plan;
use crate::source::Sources;
use crate::visible::{markdown, markdown_block};

/// The most that one run writes: GitHub takes 1 MiB for a step, and other steps write too.
pub const MOST: usize = 250 << 10;
/// The most for one organization, in characters, without what people have to do.
const MOST_OF_ONE: usize = 12 << 10;
/// The most steps by hand for one organization.
const STEPS: usize = 200;
/// Columns of what is shown as a block.
const WIDTH: usize = 100;

/// What a plan would do.
///
/// # Errors
/// None that memory does not have.
pub fn of_plan(plan: &Plan, sources: &Sources) -> io::Result<String> {
    let mut shown = Vec::new();
    let options = Options { width: WIDTH, verbose: false };
    text::write_plans(&mut shown, std::slice::from_ref(plan), WithoutPlan::default(), sources, options)?;
    Ok(section(&plan.org, &shown))
}

/// What became of a plan.
///
/// # Errors
/// None that memory does not have.
pub fn of_apply(plan: &Plan, ending: &Ending<'_>) -> io::Result<String> {
    let mut shown = Vec::new();
    report::write_end(&mut shown, plan, ending, ByHand::Elsewhere, Options { width: WIDTH, verbose: false })?;
    let mut section = section(&plan.org, &shown);
    section.push_str(&by_hand(plan, ending)?);
    Ok(section)
}

/// What people have to do, whole: whoever reads the page has nothing else to go by.
fn by_hand(plan: &Plan, ending: &Ending<'_>) -> io::Result<String> {
    let (about, steps) = report::steps(plan, ending.report);
    if steps.is_empty() {
        return Ok(String::new());
    }
    let mut shown = Vec::new();
    for (number, (_, text)) in (1..).zip(steps.iter().take(STEPS)) {
        text::manual::write_step(&mut shown, number, (text, None), Options { width: WIDTH, verbose: true })?;
    }
    if let Some(rest) = steps.len().checked_sub(STEPS).filter(|rest| *rest > 0) {
        shown.extend(format!("    … and {rest} more; {}\n", report::whole_story(ending.run)).into_bytes());
    }
    let shown = strip_str(&String::from_utf8_lossy(&shown)).to_string();
    Ok(format!("\nBy hand: {}\n\n{}", markdown(&about), markdown_block(&shown)))
}

/// What kept an organization from being planned or applied.
pub fn of_problem(org: &str, problem: &str) -> String {
    section(org, problem.as_bytes())
}

/// A heading, and what is shown as a block.
fn section(org: &str, shown: &[u8]) -> String {
    let shown = strip_str(&String::from_utf8_lossy(shown)).to_string();
    format!("### {}\n\n{}", markdown(org), markdown_block(&cut(shown.trim_matches('\n'))))
}

/// So many of the lines as fit.
fn cut(lines: &str) -> String {
    let mut kept = String::new();
    for (index, line) in lines.lines().enumerate() {
        if kept.len() + line.len() >= MOST_OF_ONE {
            let rest = lines.lines().count() - index;
            kept.push_str(&format!("… and {} more, in the log of the job\n", count(rest, "line")));
            break;
        }
        kept.push_str(line);
        kept.push('\n');
    }
    kept
}

/// The page: a title, what it ended with, which is Markdown already, and the sections as far as there is room.
pub fn page(title: &str, end: &str, sections: &[String]) -> String {
    let mut page = format!("## {}\n\n{end}\n", markdown(title));
    for (index, section) in sections.iter().enumerate() {
        if page.len() + section.len() > MOST {
            let rest = count(sections.len() - index, "organization");
            page.push_str(&format!("\nThere is no room here for {rest} more: the log of the job has them.\n"));
            break;
        }
        page.push('\n');
        page.push_str(section);
    }
    page.push('\n');
    page
}
