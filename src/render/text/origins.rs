//! The changes of a plan that was compared with a base, by what brought them about.

use std::io::{self, Write};

use super::FOLD_ABOVE;
use super::access::{EFFECTIVE, Heading, write_all};
use super::changes::group;
use super::fold::Shown;
use super::line::{ALARM, CHANGED, DIM, Fill, Line, PLAIN, PROPOSED, TITLE, write_paragraph};
use super::words::count;
use crate::plan::{Origin, Plan, Proposal};
use crate::render::outline::{
    Also, Outline, Overall, Part, Share, Unforeseen, also, lacks_base, overall, problem_text,
};
use crate::render::{Options, WithoutPlan, visible_within_width};
use crate::source::Sources;

/// Things that are also said and shown before the rest is counted.
const ALSO: usize = 20;

/// Writes what is proposed in a sentence, and then the changes of each origin with what they do to people. Of `problem`,
/// for which there is no base, is told already.
pub(super) fn write_parts<'p>(
    out: &mut dyn Write,
    plan: &'p Plan,
    proposal: &'p Proposal,
    problem: Option<&str>,
    sources: &Sources,
    options: Options,
) -> io::Result<Share<'p>> {
    let outline = Outline::of(plan);
    let told = outline.sentence();
    // That a guard refuses it stands in the header and below Guards; that nothing is to be done stands in the header.
    if outline.first().is_some() || !plan.changes.is_empty() || !lacks_base(plan) {
        let mut fill = Fill::new(Line::default(), 2, options.width);
        fill.words(PROPOSED, "Proposed:");
        match outline.first() {
            None => fill.words(PLAIN, " nothing"),
            Some(_) => fill_phrases(&mut fill, &told.phrases),
        }
        for line in fill.finish() {
            line.write(out)?;
        }
    }
    if let Some(why) = proposal.no_base.as_deref().filter(|why| Some(*why) != problem) {
        write_paragraph(out, 0, options.width, &[(ALARM, &problem_text(why))])?;
    }
    told.notes.iter().try_for_each(|note| write_note(out, note, options))?;
    for part in &outline.parts {
        write_part(out, &outline, part, sources, options)?;
        if part.origin == Some(Origin::Proposed) {
            outline.unforeseen.iter().try_for_each(|found| write_unforeseen(out, plan, found, options))?;
            write_also(out, &also(proposal, sources), options)?;
        }
    }
    Ok(Share::from(outline))
}

fn write_note(out: &mut dyn Write, (is_alarm, note): &(bool, String), options: Options) -> io::Result<()> {
    write_paragraph(out, 0, options.width, &[(if *is_alarm { ALARM } else { PLAIN }, note)])
}

fn fill_phrases(fill: &mut Fill, phrases: &[(bool, String)]) {
    for (place, (is_alarm, phrase)) in phrases.iter().enumerate() {
        fill.words(PLAIN, if place == 0 { " " } else { ", " });
        fill.words(if *is_alarm { ALARM } else { PLAIN }, phrase);
    }
}

/// Writes what is proposed in all organizations together; of `others` there is no plan.
pub(super) fn write_overall(
    out: &mut dyn Write,
    shares: &[Share<'_>],
    others: WithoutPlan<'_>,
    options: Options,
) -> io::Result<()> {
    let shares: Vec<&Share<'_>> = shares.iter().collect();
    let Some(Overall { refusals, lead, phrases, note }) = overall(&shares, others) else { return Ok(()) };
    for refusal in refusals {
        write_paragraph(out, 0, options.width, &[(ALARM, &refusal)])?;
    }
    let mut fill = Fill::new(Line::default(), 2, options.width);
    fill.words(PROPOSED, &format!("{lead}:"));
    fill_phrases(&mut fill, &phrases);
    fill.finish().iter().try_for_each(|line| line.write(out))?;
    note.iter().try_for_each(|note| write_note(out, note, options))
}

fn write_part<'a>(
    out: &mut dyn Write,
    outline: &Outline<'a>,
    part: &Part<'a>,
    sources: &Sources,
    options: Options,
) -> io::Result<()> {
    if let Some(origin) = part.origin {
        let style = match origin {
            Origin::Proposed => PROPOSED,
            Origin::Pending => CHANGED,
            Origin::Drift => ALARM,
            Origin::Expiry | Origin::Undo => DIM,
        };
        let (number, meaning) = outline.number_of(part);
        writeln!(out)?;
        let pieces = [(style, &*origin.as_str().to_uppercase()), (PLAIN, &format!("  {number}: {meaning}"))];
        write_paragraph(out, 0, options.width, &pieces)?;
    }
    if part.changes.is_empty() {
        return Ok(());
    }
    let reading = outline.reading(part, sources, options.verbose);
    let groups = group(part.changes.iter().copied());
    let is_folded = part.changes.len() > FOLD_ABOVE && !options.verbose;
    Shown::choose(&groups, part.plan, reading.found, is_folded).write(out, &reading, options)?;
    match options.verbose {
        true => write_all(out, part.plan, EFFECTIVE, part.numbers, outline.access_of(part), options),
        false => part.access.write(out, part.plan, EFFECTIVE, part.numbers, options),
    }
}

/// What a run does to people that no section tells.
const BESIDES: Heading = ["As things are live", "what changes for people besides"];

/// Writes what no section tells; nothing where nobody's access is concerned.
fn write_unforeseen(out: &mut dyn Write, plan: &Plan, found: &Unforeseen<'_>, options: Options) -> io::Result<()> {
    match (found.numbers, options.verbose) {
        ((0, _), _) => Ok(()),
        (numbers, true) => write_all(out, plan, BESIDES, numbers, found.all(), options),
        (numbers, false) => found.access.write(out, plan, BESIDES, numbers, options),
    }
}

/// Writes what the proposal also says; nothing where that is nothing.
fn write_also(out: &mut dyn Write, all: &[Also], options: Options) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &[(TITLE, "Also said by it")])?;
    let shown = if options.verbose || all.len() <= ALSO + 1 { all.len() } else { ALSO };
    for one in &all[..shown] {
        let Also { is_alarm, reason, place: (place, _), .. } = one;
        let mut first = Line::default();
        first.push(PLAIN, "  ").push(ALARM, if *is_alarm { "!" } else { " " }).push(PLAIN, " ");
        first.push(CHANGED, "~").push(PLAIN, " ");
        let mut fill = Fill::new(first, 8, options.width);
        fill.words(if *is_alarm { ALARM } else { PLAIN }, &one.text());
        if !reason.is_empty() {
            let room = if options.verbose { usize::MAX } else { fill.line_room() };
            fill.piece(DIM, &visible_within_width(reason, room));
        }
        fill.piece(DIM, place);
        for line in fill.finish() {
            line.write(out)?;
        }
    }
    if shown < all.len() {
        let text = format!("… and {}; -v shows all", count(all.len() - shown, "more thing"));
        write_paragraph(out, 4, options.width, &[(DIM, &text)])?;
    }
    Ok(())
}
