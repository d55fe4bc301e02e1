//! What became of a saved plan until now, as text: above the plan that is left of it.

use std::io::{self, Write};

use super::report::{sentence, write_changes};
use super::text::count;
use super::text::line::{PLAIN, TITLE, write_paragraph};
use super::{Options, visible, visible_name};
use crate::change::Change;
use crate::plan::Plan;
use crate::saved::{Comparison, SavedPlan, Stale};

/// How many changes a list shows, unless all are asked for.
const SHOWN: usize = 20;

/// Writes which plan it is, and what is said about it.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_origin(out: &mut dyn Write, path: &str, saved: &SavedPlan, options: Options) -> io::Result<()> {
    let made = saved.created_at.strftime("%Y-%m-%d %H:%M UTC");
    let mut text = format!(" {} of {made}", visible(path));
    for (key, value) in saved.meta.entries() {
        text.push_str(&format!(", {key} {}", visible_name(value)));
    }
    write_paragraph(out, 0, options.width, &[(TITLE, "Saved plan"), (PLAIN, &text)])
}

/// Writes what is not left of a saved plan, and what is new. Of a plan that is as it was there is nothing to say.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_comparison(out: &mut dyn Write, compared: &Comparison, options: Options) -> io::Result<()> {
    let Comparison { plan, already_so, unmet, stale, refused, others } = compared;
    let left = plan.changes.len();
    let saved = left + already_so.len() + unmet.len() + stale.len() + refused.len();
    if left == saved && others.is_empty() && left > 0 {
        return Ok(());
    }
    let text = match (saved, left) {
        (0, _) => ": the saved plan has no change".to_owned(),
        (_, 0) => format!(": nothing is left of the {} of the saved plan", count(saved, "change")),
        (_, _) => format!(": {left} of the {} of the saved plan left to do", count(saved, "change")),
    };
    write_paragraph(out, 0, options.width, &[(TITLE, &visible_name(&plan.org)), (PLAIN, &text)])?;
    let rows = already_so.iter().map(|change| (change, String::new()));
    write_list(out, plan, "Already so", rows, options)?;
    let rows = unmet.iter().map(|unmet| (&unmet.change, format!("needs: {}", sentence(plan, &unmet.needs))));
    write_list(out, plan, "Not done  what they need is not in the saved plan", rows, options)?;
    let rows = stale.iter().map(|Stale { change, now }| (change, visible(now).into_owned()));
    write_list(out, plan, "Not done  they do not follow any more", rows, options)?;
    let rows = refused.iter().map(|planned| (&planned.change, String::new()));
    write_list(out, plan, "Not done  they were refused when the plan was saved", rows, options)?;
    let rows = others.iter().map(|planned| (&planned.change, String::new()));
    write_list(out, plan, "Not done  they are not in the saved plan", rows, options)
}

/// Writes what does not follow any more, and what is so instead.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_stale(out: &mut dyn Write, compared: &Comparison, options: Options) -> io::Result<()> {
    let Comparison { plan, stale, .. } = compared;
    let rows = stale.iter().map(|Stale { change, now }| (change, visible(now).into_owned()));
    write_list(out, plan, &format!("Does not follow any more  {}", visible_name(&plan.org)), rows, options)
}

fn write_list<'a>(
    out: &mut dyn Write,
    plan: &Plan,
    title: &str,
    rows: impl ExactSizeIterator<Item = (&'a Change, String)>,
    options: Options,
) -> io::Result<()> {
    let number = rows.len();
    if number == 0 {
        return Ok(());
    }
    let (title, note) = title.split_once("  ").unwrap_or((title, ""));
    let note = if note.is_empty() { String::new() } else { format!("  {note}") };
    write_paragraph(out, 2, options.width, &[(TITLE, title), (PLAIN, &format!(" ({number})")), (PLAIN, &note)])?;
    let with_why = |(change, why): (&'a Change, String)| {
        let text = sentence(plan, change);
        (change, if why.is_empty() { text } else { format!("{text}: {why}") })
    };
    write_changes(out, 4, rows.map(with_why).collect::<Vec<_>>().into_iter(), SHOWN, "-v shows all", options)
}
