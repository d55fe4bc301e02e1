//! Plans as a comment under a pull request: what a reviewer needs first, and all of it in the room that there is.
//!
//! The order is that of reading: one sentence of what becomes of people, what makes somebody admin or owner and what
//! takes something away, what changes for each person, and then everything else, folded. A comment has so much room, so
//! lists are cut by rank (see `fit.rs`) and say in exact numbers what they leave out. Names are code, where nothing
//! acts (see [`markdown_sentence`]).

mod fit;
mod items;
mod marker;

use std::io::{self, Write};

use self::fit::{Part, fit, least};
use self::items::Items;
use self::marker::marker;
use super::links::Links;
use super::outline::{Outline, captured};
use super::text::{count, extent_text, is_quiet, list_of, thousands, unmanaged_text, write_grand_total};
use super::{Setting, WithoutPlan, visible_name};
use crate::desired::ExpiringState;
use crate::model::OrgKey;
use crate::plan::Plan;
use crate::source::Sources;
use crate::visible::markdown_sentence;

/// The most that a comment may have on GitHub, in characters; bytes are counted here, of which there are no fewer.
pub const MOST: usize = 65_536;
/// More organizations with changes than these are told in a sentence and one list each.
const IN_FULL: usize = 4;
/// The most that organizations take without their lists. Beyond it only the gravest are told.
const MOST_HEADS: usize = 40 << 10;
/// Organizations that are named where there is nothing to say of them.
const NAMED: usize = 10;

/// Writes `plans` as one comment, and of `others` that they have none.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_plans(
    out: &mut dyn Write,
    plans: &[Plan],
    others: WithoutPlan<'_>,
    sources: &Sources,
    setting: Setting<'_>,
) -> io::Result<()> {
    let Setting { content, as_of, links } = setting;
    let WithoutPlan { unplanned, unmanaged } = others;
    // Whoever deletes an organization in a second commit has the comment about it already.
    let left = unmanaged.iter().map(|one| &one.key);
    let mut keys: Vec<&OrgKey> = plans.iter().map(|plan| &plan.org).chain(unplanned).chain(left).collect();
    keys.sort();
    keys.dedup();
    let mut parts = vec![Part::Whole(marker(keys.into_iter(), content))];
    if let Some(moment) = as_of {
        parts.push(Part::Whole(format!("As of {}:\n\n", markdown_sentence(moment))));
    }
    if let Some(text) = unmanaged_text(unmanaged, false) {
        parts.push(Part::Whole(format!("🔺 **{}.**\n\n", markdown_sentence(&text))));
    }
    let (quiet, changing): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(|plan| is_quiet(plan));
    if plans.len() + unplanned.len() > 1 && !changing.is_empty() {
        let all =
            captured(false, |out, options| write_grand_total(out, &changing, quiet.len(), unplanned.len(), options))?;
        parts.push(Part::Whole(format!("**All organizations**{}\n\n", sentence(&all, "All organizations"))));
    }
    let rest = rest(&quiet, unplanned);
    let (mut of_orgs, hidden) = of_organizations(&changing, sources, links)?;
    parts.append(&mut of_orgs);
    if !hidden.is_empty() {
        let changes = hidden.iter().map(|plan| plan.to_do().count()).sum();
        let (orgs, changes) = (count(hidden.len(), "more organization"), count(changes, "change"));
        parts.push(Part::Whole(format!("\n… and {orgs} with {changes}; see the full plan\n")));
    }
    parts.push(Part::Whole(if changing.is_empty() { rest } else { format!("\n{rest}") }));
    // Parts bring their own blank lines along, and no text of strangers has any.
    out.write_all(fit(&parts, MOST).replace("\n\n\n", "\n\n").trim_end().as_bytes())?;
    writeln!(out)
}

/// What follows `title` in a captured line, as Markdown.
fn sentence(captured: &str, title: &str) -> String {
    let line = captured.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    markdown_sentence(&items::cut(line.trim().strip_prefix(title).unwrap_or(line)))
}

/// The organizations with changes, and those for which there is no room.
fn of_organizations<'p>(
    plans: &[&'p Plan],
    sources: &Sources,
    links: &Links,
) -> io::Result<(Vec<Part>, Vec<&'p Plan>)> {
    let in_full = plans.len() <= IN_FULL;
    let mut all: Vec<(usize, Vec<Part>)> = Vec::with_capacity(plans.len());
    let mut order: Vec<([bool; 5], usize)> = Vec::with_capacity(plans.len());
    for (place, plan) in plans.iter().enumerate() {
        let outline = Outline::of(plan);
        let rises = outline.raises();
        // What the author answers for comes before what others did.
        let [is_grave, says_something] = of_proposal(plan);
        let rank = [!is_grave, !plan.is_blocked(), !says_something, !rises, plan.totals().removals == 0];
        order.push((rank, place));
        all.push((place, Items::new(&outline, sources, links).parts(in_full)?));
    }
    // Where not all can be told, the gravest are.
    order.sort_unstable();
    let (mut taken, mut hidden) = (0, Vec::new());
    let mut is_told = vec![false; plans.len()];
    for (_, place) in order {
        let heads = least(&all[place].1);
        if taken > 0 && taken + heads > MOST_HEADS {
            hidden.push(plans[place]);
        } else {
            taken += heads;
            is_told[place] = true;
        }
    }
    let mut parts = Vec::new();
    // Those of which nothing is proposed stand below the others.
    let (proposing, others): (Vec<_>, Vec<_>) =
        all.into_iter().filter(|(place, _)| is_told[*place]).partition(|(place, _)| of_proposal(plans[*place])[1]);
    for (_, mut of_org) in proposing.into_iter().chain(others) {
        if !parts.is_empty() {
            parts.push(Part::Whole("\n".to_owned()));
        }
        parts.append(&mut of_org);
    }
    Ok((parts, hidden))
}

/// Whether something grave is proposed, and whether anything is; nothing where no base tells.
fn of_proposal(plan: &Plan) -> [bool; 2] {
    let proposal = plan.proposal.as_ref();
    [proposal.is_some_and(|found| found.is_grave()), proposal.is_some_and(|found| found.says_something())]
}

/// The organizations of which there is nothing to say, each kind on one line.
fn rest(quiet: &[&Plan], unplanned: &[OrgKey]) -> String {
    let mut lines = String::new();
    match quiet {
        [] => {}
        [only] => {
            let org = visible_name(&only.org);
            let kept = match only.kept.len() {
                0 => String::new(),
                number => format!("; {} kept", count(number, "thing")),
            };
            let text = format!("Nothing to do: {org} is in sync{}{kept}{}", extent_text(only), remarks(quiet));
            lines.push_str(&format!("{}.\n", markdown_sentence(&items::cut(&text))));
        }
        several => {
            let names: Vec<_> = several.iter().take(NAMED).map(|plan| visible_name(&plan.org)).collect();
            let names = list_of(&names, several.len());
            let number = count(several.len(), "organization");
            let text = format!("Nothing to do: {number} are in sync, {names}{}", remarks(quiet));
            lines.push_str(&format!("{}.\n", markdown_sentence(&items::cut(&text))));
        }
    }
    if !unplanned.is_empty() {
        let names: Vec<_> = unplanned.iter().take(NAMED).map(|org| visible_name(org)).collect();
        let text = format!("not planned, see the errors: {}", list_of(&names, unplanned.len()));
        let gap = if lines.is_empty() { "" } else { "\n" };
        let number = count(unplanned.len(), "organization");
        lines.push_str(&format!("{gap}**{number} {}**\n", markdown_sentence(&items::cut(&text))));
    }
    lines
}

/// What to look at where there is nothing to do.
fn remarks(quiet: &[&Plan]) -> String {
    let soon = |plan: &&Plan| plan.expiring.iter().filter(|one| one.state == ExpiringState::EndsSoon).count();
    let numbers = [
        (quiet.iter().filter(|plan| !plan.live.unread.is_empty()).count(), " read in part"),
        (quiet.iter().filter(|plan| !plan.guards.is_empty()).count(), " with warnings of guards"),
        (quiet.iter().map(soon).sum(), " ending soon"),
    ];
    let nouns = ["organization", "organization", "entry"];
    let told = numbers.iter().zip(nouns).filter(|((number, _), _)| *number > 0);
    let told: Vec<String> = told
        .map(|((number, what), noun)| match (quiet.len(), noun) {
            (1, "organization") => what.trim_start().to_owned(),
            (_, noun) => format!("{}{what}", count(*number, noun)),
        })
        .collect();
    if told.is_empty() { String::new() } else { format!("; {}", told.join(", ")) }
}

/// How many more changes there are.
fn more_changes([added, changed, removed, escalations]: fit::Numbers) -> String {
    let all = thousands(added + changed + removed);
    format!("{all} more ({}), see the full plan", super::text::numbers_text([added, changed, removed, escalations]))
}
