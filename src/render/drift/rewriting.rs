//! What was written into the configuration, and what was not.

use std::io::{self, Write};

use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::Report;
use super::text::{folded, write_heading};
use super::words::{is, subject};
use crate::render::text::count;
use crate::render::text::line::{ALARM, CHANGED, DIM, Fill, Line, PLAIN, write_paragraph};
use crate::render::{Options, visible, visible_within_width};
use crate::rewrite::{Refusal, Rewriting};
use crate::source::Sources;

/// A file that was edited.
pub(super) struct Edited<'a> {
    /// Its path.
    pub(super) path: &'a str,
    /// How many lines are new.
    pub(super) added: usize,
    /// How many lines are gone.
    pub(super) removed: usize,
}

/// The files that were edited.
pub(super) fn edited<'a>(rewriting: &'a Rewriting, sources: &Sources) -> Vec<Edited<'a>> {
    let before = |path: &str| {
        let found = sources.files().iter().find(|file| file.path == path);
        found.map_or("", |file| file.text.as_str())
    };
    let numbers = |(path, text): (&'a String, &String)| {
        let (old, new): (Vec<&str>, Vec<&str>) = (before(path).lines().collect(), text.lines().collect());
        let mut edited = Edited { path, added: 0, removed: 0 };
        for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
            if op.tag() != DiffTag::Equal {
                edited.removed += op.old_range().len();
                edited.added += op.new_range().len();
            }
        }
        edited
    };
    rewriting.texts.iter().map(numbers).collect()
}

/// Why something was not written, as what follows it after a colon.
pub(super) fn because(refusal: &Refusal) -> String {
    match refusal {
        Refusal::Blocked(place) => format!("blocked at {place}"),
        Refusal::NotItsTime(place) => format!("declared at {place} for another time: say there when it is to end"),
        Refusal::Renamed => {
            "the configuration knows it by an earlier name (`previously`): say there what it is called now".to_owned()
        }
        Refusal::UnknownRole(role) => format!("the configuration has no word for the org role `{role}`"),
        Refusal::Elsewhere(place) => format!("declared at {place}, which was not to be written"),
        Refusal::NeedsElsewhere(place) => format!("needs a change at {place}, too, which was not to be written"),
        Refusal::NoPlace => "no file that was to be written is about the organization; name a file".to_owned(),
        Refusal::Unfit(place) => format!("{place} is written in a form that is not edited"),
        Refusal::Contradiction(error) => format!("it would be an error: {error}"),
        Refusal::SomethingElse => "it would change something else besides".to_owned(),
        Refusal::NotTried => "not tried, after so many that could not be written".to_owned(),
    }
}

/// Writes which files were edited, and what was left to people.
pub(super) fn write_rewriting(out: &mut dyn Write, report: Report<'_>, options: Options) -> io::Result<()> {
    let Some(rewriting) = report.rewriting else { return Ok(()) };
    let written: usize = rewriting.rewritten.iter().map(|one| one.written.len()).sum();
    let refused: usize = rewriting.rewritten.iter().map(|one| one.refused.len()).sum();
    if written == 0 && refused == 0 {
        return Ok(());
    }
    let several = report.drifts.len() > 1;
    let files = edited(rewriting, report.sources);
    if written > 0 {
        let about = format!("{} in {}", count(written, "difference"), count(files.len(), "file"));
        write_heading(out, CHANGED, "WRITTEN", &about, options)?;
        let (shown, rest) = folded(files.len(), "more file", options);
        for file in &files[..shown] {
            let text = format!("+{} -{}", file.added, file.removed);
            let pieces = [(PLAIN, &*visible(file.path)), (DIM, "  "), (DIM, &text)];
            write_paragraph(out, 4, options.width, &pieces)?;
        }
        rest.map_or(Ok(()), |rest| writeln!(out, "{rest}"))?;
        let text = "look at it with `git diff`, say why and who approved it, and propose it: it is reviewed like everything else";
        write_paragraph(out, 4, options.width, &[(DIM, text)])?;
    }
    if refused > 0 {
        write_heading(out, ALARM, "NOT WRITTEN", &count(refused, "difference"), options)?;
        let all = report.drifts.iter().zip(&rewriting.rewritten);
        let all = all.flat_map(|(drift, one)| one.refused.iter().map(move |refused| (drift, refused)));
        let untried = all.clone().filter(|(_, (_, refusal))| *refusal == Refusal::NotTried).count();
        let all = all.filter(|(_, (_, refusal))| *refusal != Refusal::NotTried);
        let (shown, rest) = folded(refused - untried, "more difference", options);
        for (drift, (number, refusal)) in all.take(shown) {
            let Some(found) = drift.differences.get(*number) else { continue };
            let mut fill = Fill::new(Line::indented(4), 6, options.width);
            if several {
                fill.words(DIM, &format!("{}: ", visible(&drift.plan.org)));
            }
            fill.words(PLAIN, &format!("{} {}", subject(found), is(&drift.plan, found)));
            let room = if options.verbose { usize::MAX } else { 200 };
            fill.piece(DIM, &visible_within_width(&because(refusal), room));
            for line in fill.finish() {
                line.write(out)?;
            }
        }
        rest.map_or(Ok(()), |rest| writeln!(out, "{rest}"))?;
        if untried > 0 {
            let text = format!("{}: {}", count(untried, "more difference"), because(&Refusal::NotTried));
            write_paragraph(out, 4, options.width, &[(DIM, &text)])?;
        }
    }
    Ok(())
}
