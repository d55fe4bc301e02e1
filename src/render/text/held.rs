//! What guards hold back: not done in this run.

use std::io::{self, Write};

use super::changes;
use super::fold::WORTH_HIDING;
use super::line::{DIM, PLAIN, TITLE, write_paragraph};
use super::words::{count, thousands};
use crate::plan::{Plan, PlannedChange};
use crate::render::Options;
use crate::render::report::sentence;

/// Changes that are shown unless all are asked for.
const SHOWN: usize = 10;

/// Writes what is held, what is about owners and admins first; nothing where nothing is.
pub(crate) fn write_held(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    let mut held: Vec<&PlannedChange> = plan.held().collect();
    if held.is_empty() {
        return Ok(());
    }
    let is_strong =
        |planned: &PlannedChange| planned.change.user().is_some_and(|user| changes::strong_role(plan, user).is_some());
    held.sort_by_key(|planned| (!is_strong(planned), planned.id));
    writeln!(out)?;
    let heading = format!("{} not done in this run, see Guards", count(held.len(), "change"));
    write_paragraph(out, 2, options.width, &[(TITLE, "Held"), (PLAIN, "  "), (DIM, &heading)])?;
    let shown = if options.verbose || held.len() < SHOWN + WORTH_HIDING { held.len() } else { SHOWN };
    for planned in held.iter().take(shown) {
        let sign = changes::sign(&planned.change);
        let text = sentence(plan, &planned.change);
        write_paragraph(out, 4, options.width, &[(sign.style(), sign.as_str()), (PLAIN, " "), (PLAIN, &text)])?;
    }
    if held.len() > shown {
        let text = format!("… and {} more; -v shows all", thousands(held.len() - shown));
        write_paragraph(out, 4, options.width, &[(DIM, &text)])?;
    }
    Ok(())
}
