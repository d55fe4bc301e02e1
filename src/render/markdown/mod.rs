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
use super::outline::{Outline, Overall, Share, captured, common_problem, overall};
use super::text::{count, extent_text, is_quiet, list_of, thousands, unmanaged_text, write_grand_total};
use super::{Setting, WithoutPlan, visible_name};
use crate::desired::ExpiringState;
use crate::model::OrgKey;
use crate::plan::{ChangeStatus, Plan};
use crate::source::Sources;
use crate::visible::markdown_sentence;

/// The most that a comment may have on GitHub, in characters; bytes are counted here, of which there are no fewer.
pub const MOST: usize = 65_536;
/// The most that organizations take without the entries of their lists. Beyond it only the gravest are told in full, and
/// beyond that only the gravest are told.
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
    let is_of_none = keys.is_empty();
    let mut parts = vec![Part::Whole(marker(keys.into_iter(), content))];
    if let Some(moment) = as_of {
        parts.push(Part::Whole(format!("As of {}:\n\n", markdown_sentence(moment))));
    }
    if let Some(text) = unmanaged_text(unmanaged, false) {
        parts.push(Part::Whole(format!("🔺 **{}.**\n\n", markdown_sentence(&text))));
    }
    let problem = common_problem(plans);
    parts.extend(problem.map(|problem| Part::Whole(items::problem_line(problem))));
    let (quiet, telling): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(|plan| is_quiet(plan, problem));
    let organizations = of_organizations(&telling, problem, sources, links)?;
    if plans.len() + unplanned.len() > 1 && !telling.is_empty() {
        parts.extend(proposed(organizations.iter(), others).map(|text| Part::Whole(format!("{text}\n\n"))));
        let all =
            captured(false, |out, options| write_grand_total(out, &telling, quiet.len(), unplanned.len(), options))?;
        parts.push(Part::Whole(format!("**All organizations**{}\n\n", sentence(&all, "All organizations"))));
    }
    let rest = rest(&quiet, unplanned);
    let (told, hidden) = chosen(organizations);
    for (place, organization) in told.into_iter().enumerate() {
        if place > 0 {
            parts.push(Part::Whole("\n".to_owned()));
        }
        parts.extend(organization.parts);
    }
    if !hidden.is_empty() {
        let all = hidden.iter().flat_map(|one| &one.share.plan.changes);
        let (held, changes): (Vec<_>, Vec<_>) = all.partition(|planned| planned.status == ChangeStatus::Held);
        let held = if held.is_empty() { String::new() } else { format!(" and {} held", thousands(held.len())) };
        let (orgs, changes) = (count(hidden.len(), "more organization"), count(changes.len(), "change") + &held);
        let proposed = proposed(hidden.iter(), WithoutPlan::default()).map_or(String::new(), |text| format!(" {text}"));
        parts.push(Part::Whole(format!("\n… and {orgs} with {changes}; see the full plan.{proposed}\n")));
    }
    parts.push(Part::Whole(if telling.is_empty() { rest } else { format!("\n{rest}") }));
    if is_of_none {
        parts.push(Part::Whole("There is no organization in this plan.\n".to_owned()));
    }
    // Parts bring their own blank lines along, and no text of strangers has any.
    out.write_all(fit(&parts, MOST).replace("\n\n\n", "\n\n").trim_end().as_bytes())?;
    writeln!(out)
}

/// What follows `title` in a captured line, as Markdown.
fn sentence(captured: &str, title: &str) -> String {
    let line = captured.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    markdown_sentence(&items::cut(line.trim().strip_prefix(title).unwrap_or(line)))
}

/// What is said of one organization.
struct Organization<'p> {
    share: Share<'p>,
    parts: Vec<Part>,
    /// What is told where there is room for it.
    is_essential: Vec<bool>,
}

impl Organization<'_> {
    /// Bytes without the entries of lists, of what is told in any case and of all.
    fn heads(&self) -> [usize; 2] {
        let of = |part: &Part| least(std::slice::from_ref(part));
        let essential = self.parts.iter().zip(&self.is_essential).filter(|(_, is_essential)| **is_essential);
        [essential.map(|(part, _)| of(part)).sum::<usize>() + SHORTENED.len(), self.parts.iter().map(of).sum()]
    }

    /// Leaves out what is told only where there is room, and says so.
    fn shorten(&mut self) {
        let mut is_essential = self.is_essential.iter();
        let before = self.parts.len();
        self.parts.retain(|_| is_essential.next().is_some_and(|is_essential| *is_essential));
        if self.parts.len() < before {
            self.parts.push(Part::Whole(SHORTENED.to_owned()));
        }
    }
}

/// What is said of an organization for whose details there is no room.
const SHORTENED: &str = "\n… what becomes of each person and the rest of it: see the full plan\n";

/// The organizations of which there is something to say, in the order of their keys. Of `problem` is told already.
fn of_organizations<'p>(
    plans: &[&'p Plan],
    problem: Option<&str>,
    sources: &Sources,
    links: &Links,
) -> io::Result<Vec<Organization<'p>>> {
    let of_plan = |plan: &&'p Plan| {
        let outline = Outline::of(plan);
        let (is_essential, parts) = Items::new(&outline, problem, sources, links).parts()?.into_iter().unzip();
        Ok(Organization { share: Share::from(outline), parts, is_essential })
    };
    plans.iter().map(of_plan).collect()
}

/// What is proposed in `organizations` together, in sentences; of `others` there is no plan.
fn proposed<'o, 'p: 'o>(
    organizations: impl Iterator<Item = &'o Organization<'p>>,
    others: WithoutPlan<'_>,
) -> Option<String> {
    let shares: Vec<&Share<'_>> = organizations.map(|one| &one.share).collect();
    let Overall { refusals, lead, phrases, note } = overall(&shares, others)?;
    let mut text: String = refusals.iter().map(|refusal| format!("**{}** ", items::bold_words(refusal))).collect();
    text.push_str(&items::phrases(&format!("**{}**: ", items::bold_words(&lead)), &phrases));
    if let Some(note) = note {
        text.push_str(&format!("\n\n{}", items::note(&note)));
    }
    Some(text)
}

/// The organizations to be told, those of which something grave is proposed first and those of which nothing is last; and
/// those for which there is no room: where not all can be told, the gravest are.
fn chosen(mut organizations: Vec<Organization<'_>>) -> (Vec<Organization<'_>>, Vec<Organization<'_>>) {
    let heads: Vec<[usize; 2]> = organizations.iter().map(Organization::heads).collect();
    let mut order: Vec<usize> = (0..organizations.len()).collect();
    order.sort_by_key(|place| organizations[*place].share.rank);
    let (mut taken, mut is_told) = (0, vec![false; organizations.len()]);
    for place in &order {
        let [short, _] = heads[*place];
        // What is less grave does not take the room that something graver was too long for.
        if taken > 0 && taken + short > MOST_HEADS {
            break;
        }
        taken += short;
        is_told[*place] = true;
    }
    for place in order.into_iter().filter(|place| is_told[*place]) {
        let [short, full] = heads[place];
        if taken == short || taken + full <= MOST_HEADS + short {
            taken = taken + full - short;
        } else {
            organizations[place].shorten();
        }
    }
    let mut is_told = is_told.into_iter();
    let (mut told, hidden): (Vec<_>, Vec<_>) =
        organizations.into_iter().partition(|_| is_told.next().is_some_and(|is_told| is_told));
    told.sort_by_key(|one| one.share.urgency());
    (told, hidden)
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
