//! What guards hold back: not done in this run.

use std::io::{self, Write};

use super::changes;
use super::line::{DIM, PLAIN, TITLE, write_paragraph};
use super::words::count;
use crate::plan::{Plan, PlannedChange};
use crate::render::Options;
use crate::render::report::{sentence, write_changes};

/// Changes that are shown unless all are asked for.
const SHOWN: usize = 10;

/// Writes what is held, what is about owners and admins first, with its origin where these are told apart; nothing where
/// nothing is.
pub(crate) fn write_held(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    let mut held: Vec<&PlannedChange> = plan.held().collect();
    if held.is_empty() {
        return Ok(());
    }
    let is_strong =
        |planned: &PlannedChange| planned.change.user().is_some_and(|user| changes::strong_role(plan, user).is_some());
    held.sort_by_cached_key(|planned| (!is_strong(planned), planned.id));
    writeln!(out)?;
    let heading = format!("{} not done in this run, see Guards", count(held.len(), "change"));
    write_paragraph(out, 2, options.width, &[(TITLE, "Held"), (PLAIN, "  "), (DIM, &heading)])?;
    let text = |planned: &PlannedChange| match plan.knows_base() {
        true => format!("{} ({})", sentence(plan, &planned.change), planned.origin.as_str()),
        false => sentence(plan, &planned.change),
    };
    let list = held.iter().map(|planned| (&planned.change, text(planned)));
    write_changes(out, 4, list, SHOWN, "-v shows all", options)
}
