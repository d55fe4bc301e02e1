//! A plan as text: what a reviewer reads before access changes.
//!
//! For each organization one line of totals, the changes by what they are about, what really changes for people, what
//! is kept, what the guards say and what it costs. Nothing is said by color alone, every name is made visible, and long
//! lists are folded so that what takes access away or raises somebody to admin or owner is seen first.

mod access;
pub(crate) mod changes;
mod effects;
mod kept;
pub(crate) mod line;
mod rows;
mod words;

use std::collections::BTreeSet;
use std::io::{self, Write};

use self::access::Folded;
use self::changes::{Group, sign, urgency};
use self::effects::Effects;
use self::line::{ALARM, DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use self::rows::Sign;
pub(crate) use self::words::{count, list, list_of, thousands};
use super::{Options, visible, visible_name};
use crate::model::Email;
use crate::plan::{ChangeId, GuardEffect, Plan, PlannedChange};
use crate::source::Sources;

/// Plans with more changes than this are folded.
const FOLD_ABOVE: usize = 60;
/// Rows of a group that are shown of a folded plan.
const ROWS: usize = 10;
/// Teams that are shown of a folded plan.
const TEAMS: usize = 5;
/// In-sync organizations that are still named one by one.
const IN_SYNC_LINES: usize = 3;

/// Writes `plans` for people.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_plans(out: &mut dyn Write, plans: &[Plan], sources: &Sources, options: Options) -> io::Result<()> {
    let (in_sync, changing): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(|plan| is_quiet(plan));
    let mut is_first = true;
    for plan in &changing {
        if !is_first {
            writeln!(out)?;
        }
        is_first = false;
        write_plan(out, plan, sources, options)?;
    }
    if !in_sync.is_empty() {
        if !is_first {
            writeln!(out)?;
        }
        write_in_sync(out, &in_sync, options)?;
    }
    if plans.len() > 1 {
        write_grand_total(out, &changing, in_sync.len(), options)?;
    }
    Ok(())
}

/// Whether there is nothing to say of a plan but that it is in sync.
fn is_quiet(plan: &Plan) -> bool {
    plan.changes.is_empty() && !plan.is_blocked()
}

fn write_in_sync(out: &mut dyn Write, plans: &[&Plan], options: Options) -> io::Result<()> {
    if plans.len() > IN_SYNC_LINES && !options.verbose {
        let names: Vec<_> = plans.iter().take(IN_SYNC_LINES).map(|plan| visible_name(&plan.org)).collect();
        let mut fill = Fill::new(Line::default(), 2, options.width);
        fill.words(TITLE, &count(plans.len(), "organization"));
        fill.words(PLAIN, &format!(" in sync: {}", list_of(&names, plans.len())));
        let warned = plans.iter().filter(|plan| !plan.guards.is_empty()).count();
        if warned > 0 {
            fill.words(PLAIN, &format!("; {} with warnings of guards, -v shows them", thousands(warned)));
        }
        for line in fill.finish() {
            line.write(out)?;
        }
        return Ok(());
    }
    for plan in plans {
        let state = &plan.live;
        let (users, teams) = (count(state.users.len(), "user"), count(state.teams.len(), "team"));
        let grants = count(state.grants.len(), "grant");
        let shows_kept = options.verbose || kept::someone_waits(plan);
        let kept = match plan.kept.len() {
            0 => String::new(),
            _ if shows_kept => String::new(),
            number => format!("; {} kept, -v shows why", count(number, "thing")),
        };
        let text = format!(": in sync ({users}, {teams}, {grants}){kept}");
        write_paragraph(out, 0, options.width, &[(TITLE, &visible_name(&plan.org)), (PLAIN, &text)])?;
        if shows_kept {
            kept::write_kept(out, plan, options)?;
        }
        write_guards(out, plan, options)?;
    }
    Ok(())
}

fn write_plan(out: &mut dyn Write, plan: &Plan, sources: &Sources, options: Options) -> io::Result<()> {
    write_header(out, plan, options)?;
    let groups = changes::group(plan);
    let is_folded = plan.changes.len() > FOLD_ABOVE && !options.verbose;
    if is_folded {
        write_summary(out, &groups)?;
    }
    let shown = Shown::choose(&groups, is_folded);
    let mut effects = Effects::of(plan, shown.groups.iter().flat_map(|(_, changes)| changes.iter().copied()));
    // One pass over what may be a million rows answers both what the shown changes alter and what people gain or lose.
    let mut folded = Folded::new(plan);
    let (mut users, mut rows, mut last) = (0, 0, None::<Email>);
    for access in plan.access_changes() {
        effects.note(&access);
        if options.verbose {
            rows += 1;
            if last.as_ref() != Some(&access.user) {
                users += 1;
                last = Some(access.user);
            }
        } else {
            folded.note(access);
        }
    }
    let effective = effects.found();
    shown.write(out, plan, sources, &effective, options)?;
    if !plan.changes.is_empty() {
        if options.verbose {
            access::write_all(out, plan, users, rows, options)?;
        } else {
            folded.write(out, options)?;
        }
    }
    kept::write_kept(out, plan, options)?;
    write_guards(out, plan, options)?;
    write_cost(out, plan, options)
}

fn write_header(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    let mut fill = Fill::new(Line::default(), 2, options.width);
    fill.words(TITLE, &visible_name(&plan.org));
    let name = plan.live.organization.name.as_str();
    if !name.is_empty() && name != plan.org.as_str() {
        fill.words(PLAIN, &format!(" ({})", visible_name(name)));
    }
    fill.words(PLAIN, ": ");
    let escalations = plan.totals().escalations;
    let end = if escalations > 0 { ";" } else { "" };
    if plan.changes.is_empty() {
        fill.words(PLAIN, "in sync");
    } else {
        fill.words(PLAIN, &format!("{}{end}", totals_text(&[plan])));
    }
    if escalations > 0 {
        fill.words(PLAIN, " ");
        fill.words(ALARM, &format!("{} (!)", count(escalations, "escalation")));
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

fn totals_text(plans: &[&Plan]) -> String {
    let mut by_sign = [0usize; 3];
    for planned in plans.iter().flat_map(|plan| &plan.changes) {
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
    format!("{} ({})", count(total, "change"), parts.join(", "))
}

/// The numbers of each group, before the folded lists.
fn write_summary(out: &mut dyn Write, groups: &[Group<'_>]) -> io::Result<()> {
    let mut lines: Vec<(String, [usize; 4])> = Vec::new();
    let (mut teams, mut team_numbers) = (0, [0; 4]);
    for group in groups {
        let numbers = numbers(group.changes.iter().copied());
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
        writeln!(out, "      {title:widest$}  {}", numbers_text(numbers))?;
    }
    Ok(())
}

/// Additions, changes, removals and escalations.
fn numbers<'a>(changes: impl Iterator<Item = &'a PlannedChange>) -> [usize; 4] {
    let mut numbers = [0; 4];
    for planned in changes {
        numbers[sign(&planned.change) as usize] += 1;
        numbers[3] += usize::from(planned.escalation);
    }
    numbers
}

fn numbers_text([added, changed, removed, escalations]: [usize; 4]) -> String {
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

/// The part of a plan's changes that is shown.
struct Shown<'a> {
    groups: Vec<(&'a Group<'a>, Vec<&'a PlannedChange>)>,
    /// The teams that are not shown at all, and their numbers.
    hidden_teams: (usize, [usize; 4]),
}

impl<'a> Shown<'a> {
    fn choose(groups: &'a [Group<'a>], is_folded: bool) -> Self {
        if !is_folded {
            let groups = groups.iter().map(|group| (group, group.changes.clone())).collect();
            return Self { groups, hidden_teams: (0, [0; 4]) };
        }
        let mut teams: Vec<usize> =
            (0..groups.len()).filter(|index| matches!(groups[*index].topic, changes::Topic::Team(_))).collect();
        teams.sort_by_key(|index| groups[*index].changes.iter().map(|planned| urgency(planned)).min());
        let hidden: BTreeSet<usize> = teams.into_iter().skip(TEAMS).collect();
        let mut shown = Vec::new();
        let mut hidden_numbers = [0; 4];
        for (index, group) in groups.iter().enumerate() {
            if hidden.contains(&index) {
                for (sum, number) in hidden_numbers.iter_mut().zip(numbers(group.changes.iter().copied())) {
                    *sum += number;
                }
                continue;
            }
            let mut changes = group.changes.clone();
            // One row more costs no more room than the line that would say that it is hidden.
            if changes.len() > ROWS + 1 {
                changes.sort_by_key(|planned| urgency(planned));
                changes.truncate(ROWS);
            }
            shown.push((group, changes));
        }
        Self { groups: shown, hidden_teams: (hidden.len(), hidden_numbers) }
    }

    fn write(
        &self,
        out: &mut dyn Write,
        plan: &Plan,
        sources: &Sources,
        effective: &BTreeSet<ChangeId>,
        options: Options,
    ) -> io::Result<()> {
        let last_team = self.groups.iter().rposition(|(group, _)| matches!(group.topic, changes::Topic::Team(_)));
        for (index, (group, changes)) in self.groups.iter().enumerate() {
            let mut title = Fill::new(Line::indented(2), 4, options.width);
            title.words(TITLE, &group.title());
            writeln!(out)?;
            for line in title.finish() {
                line.write(out)?;
            }
            let rows: Vec<_> = changes
                .iter()
                .map(|planned| changes::row(plan, sources, planned, effective, options.verbose))
                .collect();
            rows::write_rows(out, &rows, options.width, !options.verbose)?;
            let all = numbers(group.changes.iter().copied());
            let shown = numbers(changes.iter().copied());
            let hidden: [usize; 4] = std::array::from_fn(|index| all[index] - shown[index]);
            if group.changes.len() > changes.len() {
                let more = thousands(group.changes.len() - changes.len());
                let text = format!("… and {more} more ({}); -v shows all", numbers_text(hidden));
                write_paragraph(out, 6, options.width, &[(DIM, &text)])?;
            }
            let (teams, numbers) = self.hidden_teams;
            if Some(index) == last_team && teams > 0 {
                let teams = count(teams, "more team");
                let text = format!("… and {teams} ({}); -v shows all", numbers_text(numbers));
                writeln!(out)?;
                write_paragraph(out, 2, options.width, &[(DIM, &text)])?;
            }
        }
        Ok(())
    }
}

fn write_guards(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    if plan.guards.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n  {TITLE}Guards{TITLE:#}")?;
    for finding in &plan.guards {
        let (word, style) = match finding.effect {
            GuardEffect::Block => ("BLOCKED by", ALARM),
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

fn cost_text(plans: &[&Plan]) -> String {
    let requests: usize = plans.iter().map(|plan| plan.cost.requests).sum();
    let invitations: usize = plans.iter().map(|plan| plan.cost.invitations).sum();
    let mails = if invitations == 0 { "no invitation mail".to_owned() } else { count(invitations, "invitation mail") };
    format!("takes {} and sends {mails}", count(requests, "request"))
}

fn write_grand_total(out: &mut dyn Write, changing: &[&Plan], in_sync: usize, options: Options) -> io::Result<()> {
    let blocked: Vec<_> =
        changing.iter().filter(|plan| plan.is_blocked()).map(|plan| visible_name(&plan.org)).collect();
    let (text, alarm) = if changing.is_empty() {
        (": in sync".to_owned(), String::new())
    } else {
        let (changes, in_sync) = (thousands(changing.len()), thousands(in_sync));
        let (totals, cost) = (totals_text(changing), cost_text(changing));
        let end = if blocked.is_empty() { "" } else { "; " };
        let alarm = if blocked.is_empty() { String::new() } else { format!("BLOCKED: {}", list(&blocked)) };
        (format!(": {changes} with changes, {in_sync} in sync; {totals}; {cost}{end}"), alarm)
    };
    writeln!(out)?;
    write_paragraph(out, 0, options.width, &[(TITLE, "All organizations"), (PLAIN, &text), (ALARM, &alarm)])
}
