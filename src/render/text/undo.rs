//! What a plan that takes a run back says of the run, and of what it does not take back.

use std::io::{self, Write};

use super::line::{ALARM, DIM, PLAIN, TITLE, write_paragraph};
use super::words::{count, list_of, thousands};
use crate::plan::{Lasting, Plan, Undoing};
use crate::render::report::{sentence, write_changes};
use crate::render::{Options, visible, visible_name};

/// Changes that are shown unless all are asked for.
const SHOWN: usize = 20;
/// Names that are told unless all are asked for.
const NAMED: usize = 5;

/// Writes which run is taken back; nothing for other plans.
pub(crate) fn write_run(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    let Some(Undoing { run, began, by, commit, as_before, .. }) = &plan.undoing else { return Ok(()) };
    let by = by.as_ref().map_or(String::new(), |by| format!(" by {}", visible_name(by)));
    let of = commit.as_ref().map_or(String::new(), |commit| format!(", commit {}", visible_name(commit)));
    let began = began.strftime("%Y-%m-%d %H:%M:%S UTC");
    let mut text = format!("undoes run {} of {began}{by}{of}", visible(run));
    if *as_before > 0 {
        let are = if *as_before == 1 { "is" } else { "are" };
        text.push_str(&format!("; {} of it {are} as before already", count(*as_before, "change")));
    }
    write_paragraph(out, 2, options.width, &[(DIM, &text)])
}

/// Writes what is not taken back, what cannot be as it was, and what the configuration says; nothing for other plans.
pub(crate) fn write_rest(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    let Some(undoing) = &plan.undoing else { return Ok(()) };
    if !undoing.left.is_empty() {
        writeln!(out)?;
        let heading = format!("{} of the run, not undone", count(undoing.left.len(), "change"));
        write_paragraph(out, 2, options.width, &[(TITLE, "Left as it is"), (PLAIN, "  "), (DIM, &heading)])?;
        let told = undoing
            .left
            .iter()
            .map(|left| (&left.change, format!("{}: {}", sentence(plan, &left.change), visible(&left.why))));
        write_changes(out, 4, told.collect::<Vec<_>>().into_iter(), SHOWN, "-v shows all", options)?;
    }
    write_lasting(out, plan, options)?;
    write_configuration(out, undoing, options)
}

fn write_lasting(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    let (mut accept, mut teams, mut mails) = (Vec::new(), Vec::new(), Vec::new());
    for lasting in plan.lasting() {
        match lasting {
            Lasting::Accepts(user) => accept.push(visible(user)),
            Lasting::NewTeam(team) => teams.push(visible_name(team)),
            Lasting::Mail(user) => mails.push(visible(user)),
        }
    }
    if accept.is_empty() && teams.is_empty() && mails.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &[(TITLE, "Cannot be undone")])?;
    let named = |names: &[std::borrow::Cow<'_, str>]| {
        let first = if options.verbose { names.len() } else { NAMED };
        list_of(&names.iter().take(first).collect::<Vec<_>>(), names.len())
    };
    let of = |names: &[std::borrow::Cow<'_, str>], one: &str, several: &str| {
        format!("{} {}", named(names), if names.len() == 1 { one } else { several })
    };
    let told = [
        (
            &accept,
            "is invited again, and has no access before accepting",
            "are invited again, and have no access before accepting",
        ),
        (&teams, "is made again as a team with a new id", "are made again as teams with new ids"),
        (
            &mails,
            "has had the mail of the invitation, which no longer leads in",
            "have had the mails of their invitations, which no longer lead in",
        ),
    ];
    for (names, one, several) in told.into_iter().filter(|(names, ..)| !names.is_empty()) {
        write_paragraph(out, 4, options.width, &[(PLAIN, &of(names, one, several))])?;
    }
    Ok(())
}

fn write_configuration(out: &mut dyn Write, undoing: &Undoing, options: Options) -> io::Result<()> {
    let number = match undoing.still_asked_for {
        Some(0) => return Ok(()),
        Some(number) => number,
        None => {
            writeln!(out)?;
            let text = "the live side cannot follow it then; `accessctl plan` says why";
            return write_paragraph(out, 2, options.width, &[(TITLE, "Configuration"), (PLAIN, "  "), (PLAIN, text)]);
        }
    };
    writeln!(out)?;
    let changes = format!("{} change{}", thousands(number), if number == 1 { "" } else { "s" });
    let text = format!("still asks for what this undoes: the next apply would make {changes}. {}", way(undoing));
    write_paragraph(out, 2, options.width, &[(TITLE, "Configuration"), (PLAIN, "  "), (ALARM, &text)])
}

/// How to take the configuration back too.
fn way(undoing: &Undoing) -> String {
    let is_hash = |text: &&String| text.len() >= 7 && text.len() <= 64 && text.chars().all(|c| c.is_ascii_hexdigit());
    match undoing.commit.as_ref().filter(is_hash) {
        Some(commit) => format!("Take the configuration back first: `git revert {commit}`"),
        None => "Take its last change back in the repository first".to_owned(),
    }
}
