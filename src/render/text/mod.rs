//! A plan as text: what a reviewer reads before access changes.
//!
//! For each organization one line of totals, the changes by what they are about, what really changes for people, what
//! is kept, what the guards say and what it costs. Nothing is said by color alone, every name is made visible, and long
//! lists are folded so that what takes access away or raises somebody to admin or owner is seen first.

pub(crate) mod access;
pub(crate) mod alike;
pub(crate) mod changes;
pub(crate) mod effects;
mod expiring;
pub(crate) mod fold;
pub(crate) mod held;
pub(crate) mod kept;
pub(crate) mod line;
pub(crate) mod manual;
mod origins;
pub(crate) mod overrides;
pub(crate) mod raise;
mod renamed;
pub(crate) mod rows;
pub(crate) mod undo;
mod unmanaged;
pub(crate) mod unread;
mod words;

use std::io::{self, Write};
use std::time::Duration;

use self::alike::{Folded, Heads};
use self::changes::{Group, Reading, sign};
use self::effects::Effects;
pub(crate) use self::expiring::entry_text;
pub use self::expiring::{Ending, write_ending};
use self::fold::Shown;
use self::line::{ALARM, Fill, Line, PLAIN, TITLE, write_paragraph};
use self::rows::Sign;
pub(crate) use self::unmanaged::unmanaged_text;
pub(crate) use self::words::{capitalized, count, list, list_of, thousands, with_article};
use super::outline::{Share, common_problem, problem_text};
use super::{Options, WithoutPlan, visible, visible_name};
use crate::apply::relies_on;
use crate::change::ChangeKind;
use crate::plan::{ChangeId, Channel, GuardEffect, Origin, Plan, PlannedChange, Succeeding};
use crate::source::Sources;

/// Plans with more changes than this are folded.
const FOLD_ABOVE: usize = 60;
/// In-sync organizations that are still named one by one.
const IN_SYNC_LINES: usize = 3;

/// Writes `plans` for people, and of `others` that they have none.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_plans(
    out: &mut dyn Write,
    plans: &[Plan],
    others: WithoutPlan<'_>,
    sources: &Sources,
    options: Options,
) -> io::Result<()> {
    let WithoutPlan { unplanned, unmanaged } = others;
    unmanaged::write_unmanaged(out, unmanaged, options)?;
    if !unmanaged.is_empty() && plans.len() + unplanned.len() > 0 {
        writeln!(out)?;
    }
    let problem = common_problem(plans);
    if let Some(problem) = problem {
        write_paragraph(out, 0, options.width, &[(ALARM, &problem_text(problem))])?;
        writeln!(out)?;
    }
    let (in_sync, changing): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(|plan| is_quiet(plan, problem));
    let mut shares = Vec::new();
    let mut is_first = true;
    for plan in &changing {
        if !is_first {
            writeln!(out)?;
        }
        is_first = false;
        shares.extend(write_plan(out, plan, problem, sources, options)?);
    }
    let has_others = plans.len() + unplanned.len() > changing.len();
    if !is_first && has_others {
        writeln!(out)?;
    }
    if !in_sync.is_empty() {
        write_in_sync(out, &in_sync, sources, options)?;
    }
    for org in unplanned {
        let pieces = [(TITLE, &*visible_name(org)), (PLAIN, ": not planned, see the errors")];
        write_paragraph(out, 0, options.width, &pieces)?;
    }
    if plans.len() + unplanned.len() > 1 {
        write_grand_total(out, &changing, in_sync.len(), unplanned.len(), options)?;
        origins::write_overall(out, &shares, others, options)?;
    }
    let endings: Vec<Ending<'_>> =
        plans.iter().map(|plan| Ending { org: &plan.org, as_of: plan.as_of, expiring: &plan.expiring }).collect();
    write_ending(out, &endings, sources, options)
}

/// Whether there is nothing to say of a plan but that it is in sync. That there is no base because of `problem` is told of
/// all plans together.
pub(crate) fn is_quiet(plan: &Plan, problem: Option<&str>) -> bool {
    let proposes = plan.proposal.as_ref().is_some_and(|proposal| {
        proposal.says_something() || (proposal.no_base.is_some() && proposal.no_base.as_deref() != problem)
    });
    plan.changes.is_empty() && !plan.is_blocked() && plan.undoing.is_none() && !proposes
}

/// What is known of a live side that is in sync, in numbers.
pub(crate) fn extent_text(plan: &Plan) -> String {
    let state = &plan.live;
    let (users, teams) = (count(state.users.len(), "user"), count(state.teams.len(), "team"));
    format!("{} ({users}, {teams}, {})", unread::as_far(plan), count(state.grants.len(), "grant"))
}

fn write_in_sync(out: &mut dyn Write, plans: &[&Plan], sources: &Sources, options: Options) -> io::Result<()> {
    if plans.len() > IN_SYNC_LINES && !options.verbose {
        let names: Vec<_> = plans.iter().take(IN_SYNC_LINES).map(|plan| visible_name(&plan.org)).collect();
        let mut fill = Fill::new(Line::default(), 2, options.width);
        fill.words(TITLE, &count(plans.len(), "organization"));
        fill.words(PLAIN, &format!(" in sync: {}", list_of(&names, plans.len())));
        let warned = plans.iter().filter(|plan| !plan.guards.is_empty()).count();
        if warned > 0 {
            fill.words(PLAIN, &format!("; {} with warnings of guards, -v shows them", thousands(warned)));
        }
        let in_part = plans.iter().filter(|plan| !plan.live.unread.is_empty()).count();
        if in_part > 0 {
            fill.words(PLAIN, &format!("; {} read in part, -v shows what is missing", thousands(in_part)));
        }
        for line in fill.finish() {
            line.write(out)?;
        }
        return Ok(());
    }
    for plan in plans {
        let shows_kept = options.verbose || kept::someone_waits(plan);
        let kept = match plan.kept.len() {
            0 => String::new(),
            _ if shows_kept => String::new(),
            number => format!("; {} kept, -v shows why", count(number, "thing")),
        };
        let text = format!(": in sync{}{kept}", extent_text(plan));
        write_paragraph(out, 0, options.width, &[(TITLE, &visible_name(&plan.org)), (PLAIN, &text)])?;
        if shows_kept {
            kept::write_kept(out, plan, options)?;
        }
        overrides::write_overrides(out, plan, sources, options)?;
        unread::write_unread(out, plan, options)?;
        write_guards(out, plan, options)?;
    }
    Ok(())
}

/// Writes a plan; what it has to say beside others, where a base tells what is proposed. Of `problem` is told already.
fn write_plan<'p>(
    out: &mut dyn Write,
    plan: &'p Plan,
    problem: Option<&str>,
    sources: &Sources,
    options: Options,
) -> io::Result<Option<Share<'p>>> {
    let mut found = Effects::of(plan);
    // One pass over what may be a million rows answers both what the changes do and what people gain or lose.
    let mut folded = Folded::new(plan);
    let (mut users, mut rows) = (Heads::new(plan), 0);
    let mut succeeding = Succeeding::of(plan, plan.to_do());
    let mut all = plan.access_changes();
    loop {
        let access = all.next();
        let rise = access.as_ref().and_then(|access| found.note(access));
        let told = access.map(|access| succeeding.told(access)).or_else(|| succeeding.untold());
        let Some(access) = told else { break };
        if options.verbose || plan.knows_base() {
            users.count(access.user);
            rows += access.rows().len();
        } else {
            folded.note(access, rise);
        }
    }
    write_header(out, plan, &found, options)?;
    undo::write_run(out, plan, options)?;
    let is_folded = plan.changes.len() > FOLD_ABOVE && !options.verbose;
    if is_folded {
        write_summary(out, &changes::group(plan.to_do()), &found, options)?;
    }
    let mut share = None;
    if let Some(proposal) = &plan.proposal {
        share = Some(origins::write_parts(out, plan, proposal, problem, sources, options)?);
    } else {
        let reading = Reading::new(plan, sources, &found, options.verbose);
        let groups = changes::group(plan.to_do());
        Shown::choose(&groups, plan, &found, is_folded).write(out, &reading, options)?;
        if !plan.changes.is_empty() {
            if options.verbose {
                let all = Succeeding::of(plan, plan.to_do()).all(plan.access_changes());
                access::write_all(out, plan, access::EFFECTIVE, (users.number, rows), all, options)?;
            } else {
                folded.write(out, options)?;
            }
        }
    }
    write_besides(out, plan, sources, options)?;
    write_cost(out, plan, options)?;
    Ok(share)
}

/// Writes what there is to be said besides the changes and what they do: sections, each with a heading.
///
/// # Errors
/// Whatever the writer returns.
pub(crate) fn write_besides(out: &mut dyn Write, plan: &Plan, sources: &Sources, options: Options) -> io::Result<()> {
    kept::write_kept(out, plan, options)?;
    overrides::write_overrides(out, plan, sources, options)?;
    unread::write_unread(out, plan, options)?;
    held::write_held(out, plan, options)?;
    write_guards(out, plan, options)?;
    manual::write_steps(out, plan, None, options)?;
    undo::write_rest(out, plan, options)
}

fn write_header(out: &mut dyn Write, plan: &Plan, found: &Effects<'_>, options: Options) -> io::Result<()> {
    let mut fill = Fill::new(Line::default(), 2, options.width);
    fill.words(TITLE, &visible_name(&plan.org));
    let name = plan.live.organization.name.as_str();
    if !name.is_empty() && name != plan.org.as_str() {
        fill.words(PLAIN, &format!(" ({})", visible_name(name)));
    }
    fill.words(PLAIN, ": ");
    let end = if found.risen > 0 { ";" } else { "" };
    if plan.changes.is_empty() && plan.undoing.is_some() {
        fill.words(PLAIN, "nothing to undo");
    } else if plan.changes.is_empty() {
        fill.words(PLAIN, &format!("in sync{}", unread::as_far(plan)));
    } else {
        fill.words(PLAIN, &format!("{}{end}", totals_text(&[plan])));
    }
    if found.risen > 0 {
        fill.words(PLAIN, " ");
        let people = match found.risen {
            1 => "1 person becomes".to_owned(),
            number => format!("{} people become", thousands(number)),
        };
        fill.words(ALARM, &format!("{people} admin or owner (!)"));
    }
    for line in fill.finish() {
        line.write(out)?;
    }
    if plan.is_blocked() {
        let text = "BLOCKED: nothing of this plan can be applied, see Guards below";
        write_paragraph(out, 0, options.width, &[(ALARM, text)])?;
    }
    Ok(())
}

/// What it means that a change of `plan` has this origin.
pub(crate) fn origin_meaning(plan: &Plan, origin: Origin) -> &'static str {
    let knows_applied = plan.proposal.as_ref().is_none_or(|proposal| proposal.knows_applied);
    match (origin, knows_applied) {
        (Origin::Proposed, _) => "the configuration differs from the base",
        (Origin::Pending, true) => "agreed to before and not applied yet",
        (Origin::Pending, false) => "agreed to before, and not applied yet or taken back by hand",
        (Origin::Drift, true) => "changed on the live side, not by the configuration",
        (Origin::Drift, false) => "not declared before either: made by hand, or not taken away yet",
        (Origin::Expiry, _) => "what is declared is over",
        (Origin::Undo, _) => "a run is taken back",
    }
}

/// How many changes there are, of which kind, and how many are held.
pub(crate) fn totals_text(plans: &[&Plan]) -> String {
    let mut by_sign = [0usize; 3];
    for planned in plans.iter().flat_map(|plan| plan.to_do()) {
        by_sign[sign(&planned.change) as usize] += 1;
    }
    let total: usize = by_sign.iter().sum();
    let words = ["to add", "to change", "to remove"];
    let parts: Vec<String> = by_sign
        .iter()
        .zip(words)
        .filter(|(number, _)| **number > 0)
        .map(|(number, word)| format!("{} {word}", thousands(*number)))
        .collect();
    let held: usize = plans.iter().map(|plan| plan.held().count()).sum();
    let held = if held == 0 { String::new() } else { format!("; {} held, see Guards", thousands(held)) };
    let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    format!("{}{parts}{held}", count(total, "change"))
}

/// The numbers of each group, before the folded lists.
fn write_summary(out: &mut dyn Write, groups: &[Group<'_>], found: &Effects<'_>, options: Options) -> io::Result<()> {
    let mut lines: Vec<(String, [usize; 4])> = Vec::new();
    let (mut teams, mut team_numbers) = (0, [0; 4]);
    for group in groups {
        let numbers = numbers(found, group.changes.iter().copied());
        if let changes::Topic::Team(_) = group.topic {
            teams += 1;
            for (sum, number) in team_numbers.iter_mut().zip(numbers) {
                *sum += number;
            }
        } else {
            lines.push((group.title(), numbers));
        }
    }
    if teams > 0 {
        let at = usize::from(lines.first().is_some_and(|(title, _)| title == "Users"));
        lines.insert(at, (count(teams, "team"), team_numbers));
    }
    writeln!(out, "\n  {TITLE}Summary{TITLE:#}")?;
    let widest = lines.iter().map(|(title, _)| title.len()).max().unwrap_or(0);
    for (title, numbers) in lines {
        let text = format!("{title:widest$}  {}", numbers_text(numbers));
        write_paragraph(out, 6, options.width, &[(PLAIN, &text)])?;
    }
    Ok(())
}

/// Additions, changes, removals and escalations.
pub(crate) fn numbers<'a>(found: &Effects<'_>, changes: impl Iterator<Item = &'a PlannedChange>) -> [usize; 4] {
    let mut numbers = [0; 4];
    for planned in changes {
        numbers[sign(&planned.change) as usize] += 1;
        numbers[3] += usize::from(found.raise(planned.id).is_some());
    }
    numbers
}

/// As words.
pub(crate) fn numbers_text([added, changed, removed, escalations]: [usize; 4]) -> String {
    let mut parts = Vec::new();
    for (number, word) in [(added, "to add"), (changed, "to change"), (removed, "to remove")] {
        if number > 0 {
            parts.push(format!("{} {word}", thousands(number)));
        }
    }
    if escalations > 0 {
        parts.push(count(escalations, "escalation"));
    }
    parts.join(", ")
}

/// Writes what the guards found.
///
/// # Errors
/// Whatever the writer returns.
pub(crate) fn write_guards(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    if plan.guards.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  {TITLE}Guards{TITLE:#}")?;
    for finding in &plan.guards {
        let (word, style) = match finding.effect {
            GuardEffect::Block => ("BLOCKED by", ALARM),
            GuardEffect::Hold => ("HELD by", ALARM),
            GuardEffect::Warn => ("warning from", Sign::Change.style()),
        };
        let mut fill = Fill::new(Line::indented(4), 6, options.width);
        fill.words(style, &format!("{word} {}:", finding.code.as_str()));
        fill.words(PLAIN, " ");
        fill.words(PLAIN, &visible(&finding.message));
        for line in fill.finish() {
            line.write(out)?;
        }
    }
    Ok(())
}

fn write_cost(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    if plan.changes.is_empty() {
        return Ok(());
    }
    let text = format!("{}; {}", totals_text(&[plan]), cost_text(&[plan]));
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &[(TITLE, "Total"), (PLAIN, "  "), (PLAIN, &text)])
}

/// What performing `plans` takes.
pub(crate) fn cost_text(plans: &[&Plan]) -> String {
    let requests_number: usize = plans.iter().map(|plan| plan.cost.requests).sum();
    let invitations: usize = plans.iter().map(|plan| plan.cost.invitations).sum();
    let mails = if invitations == 0 { "no invitation mail".to_owned() } else { count(invitations, "invitation mail") };
    let about = if plans.iter().any(|plan| reads_between(plan)) { "about " } else { "" };
    let requests = format!("{about}{}", count(requests_number, "request"));
    let reads: usize = plans.iter().filter_map(|plan| plan.cost.reads).sum();
    let mails = match reads {
        0 => mails,
        _ => format!("{mails}; an apply reads with some {} more", thousands(reads)),
    };
    // Organizations are applied one after the other, and their limits are their own.
    let time: Duration = plans.iter().map(|plan| plan.cost.time).sum();
    let mails = if time.is_zero() { mails } else { format!("{mails}; under the limits at least {}", duration(time)) };
    // A saved live side does not tell with how many requests it was read.
    let of_saved = plans.iter().filter(|plan| plan.cost.reads.is_none() && plan.to_do().next().is_some());
    let mails = match of_saved.filter_map(|plan| plan.requests.requests_per_minute()).min() {
        Some(most) => format!("{mails}; the reads of an apply count as well under the limit of {most} a minute"),
        None => mails,
    };
    let manual: usize = plans.iter().map(|plan| plan.totals().manual).sum();
    let mails = if manual == 0 { mails } else { format!("{mails}; {} to make by hand", count(manual, "change")) };
    if plans.iter().any(|plan| plan.is_blocked()) {
        format!("would take {requests} and send {mails}")
    } else {
        format!("takes {requests} and sends {mails}")
    }
}

/// Whether there are reads between the writes, whose number depends on what they find: SCIM looks for people and groups,
/// the ids of teams that are made are read afterwards, and so is what a later change relies on.
fn reads_between(plan: &Plan) -> bool {
    let reads = |planned: &PlannedChange| match planned.channel {
        Channel::Scim => true,
        Channel::Api => {
            let is_made_or_deleted = matches!(planned.change.kind(), ChangeKind::CreateTeam | ChangeKind::DeleteTeam);
            is_made_or_deleted && plan.requests.invitations_per_hour().is_some()
        }
        Channel::Manual => false,
    };
    let relies = |planned: &PlannedChange| {
        let is_needed = |id: &ChangeId| {
            let needed = plan.changes.get((id.0 as usize).wrapping_sub(1));
            needed.is_some_and(|needed| needed.channel != Channel::Manual && relies_on(&planned.change, &needed.change))
        };
        plan.requests.invitations_per_hour().is_some()
            && planned.channel != Channel::Manual
            && planned.depends_on.iter().any(is_needed)
    };
    plan.to_do().any(|planned| reads(planned) || relies(planned))
}

/// Hours and minutes, as people say them.
fn duration(time: Duration) -> String {
    let minutes = time.as_secs().div_ceil(60);
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{} h", thousands(usize::try_from(hours).unwrap_or(usize::MAX))),
        (hours, minutes) => format!("{} h {minutes} min", thousands(usize::try_from(hours).unwrap_or(usize::MAX))),
    }
}

/// Writes the numbers of all organizations of a run: those of which there is something to say, how many besides are in sync
/// and how many not planned.
///
/// # Errors
/// Whatever the writer returns.
pub(crate) fn write_grand_total(
    out: &mut dyn Write,
    telling: &[&Plan],
    quiet: usize,
    unplanned: usize,
    options: Options,
) -> io::Result<()> {
    let blocked: Vec<_> = telling.iter().filter(|plan| plan.is_blocked()).map(|plan| visible_name(&plan.org)).collect();
    // What is in sync may have something to say: rules and times that are proposed.
    let (changing, others): (Vec<&Plan>, Vec<&Plan>) =
        telling.iter().partition(|plan| !plan.changes.is_empty() || plan.is_blocked() || plan.undoing.is_some());
    let changing = changing.as_slice();
    let in_sync = quiet + others.len();
    let mut states = Vec::new();
    if !changing.is_empty() {
        states.push(format!("{} with changes", thousands(changing.len())));
    }
    states.push(format!("{} in sync", thousands(in_sync)));
    if unplanned > 0 {
        states.push(format!("{} not planned, see the errors", thousands(unplanned)));
    }
    let mut text = match (changing.is_empty(), unplanned) {
        (true, 0) => ": in sync".to_owned(),
        (true | false, _) => format!(": {}", states.join(", ")),
    };
    if !changing.is_empty() {
        text.push_str(&format!("; {}; {}", totals_text(changing), cost_text(changing)));
    }
    let alarm = if blocked.is_empty() {
        String::new()
    } else {
        text.push_str("; ");
        format!("BLOCKED: {}", list(&blocked))
    };
    writeln!(out)?;
    write_paragraph(out, 0, options.width, &[(TITLE, "All organizations"), (PLAIN, &text), (ALARM, &alarm)])
}
