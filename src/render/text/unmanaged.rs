//! Organizations that stop being managed: no plan tells of them.

use std::io::{self, Write};

use super::line::{ALARM, write_paragraph};
use super::words::{count, list_of};
use crate::desired::Unmanaged;
use crate::render::{Options, visible_name};

/// Organizations that are named before the rest is counted.
const NAMED: usize = 10;

/// That `all` stop being managed, as a sentence without its period, of which `verbose` names all; `None` where there are
/// none.
pub(crate) fn unmanaged_text(all: &[Unmanaged], verbose: bool) -> Option<String> {
    let most = if verbose { all.len() } else { NAMED };
    let names = all.iter().take(most).map(|Unmanaged { key, id }| format!("{} (id {id})", visible_name(key)));
    let names = list_of(&names.collect::<Vec<_>>(), all.len());
    let (who, them) = match all.len() {
        0 => return None,
        1 => (format!("The organization {names} is not managed any more"), "it"),
        number => (format!("{} are not managed any more, {names}", count(number, "organization")), "them"),
    };
    let why = format!("the base defines {them} and the configuration does not");
    Some(format!(
        "{who}: {why}; nothing of {them} is planned, applied or watched for drift, and what is live there stays"
    ))
}

/// Writes that `all` stop being managed.
pub(super) fn write_unmanaged(out: &mut dyn Write, all: &[Unmanaged], options: Options) -> io::Result<()> {
    match unmanaged_text(all, options.verbose) {
        None => Ok(()),
        Some(text) => write_paragraph(out, 0, options.width, &[(ALARM, &text)]),
    }
}
