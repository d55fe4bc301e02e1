//! Which changes of a plan are shown: all, or those that a reviewer must not miss.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::io::{self, Write};

use super::changes::{Group, Reading, Topic, weight};
use super::effects::Effects;
use super::line::{DIM, Fill, Line, TITLE, write_paragraph};
use super::words::{count, thousands};
use super::{numbers, numbers_text, rows};
use crate::change::Change;
use crate::plan::{ChangeId, Plan, PlannedChange};
use crate::render::Options;

/// Rows of a group that are shown of a folded plan.
const ROWS: usize = 10;
/// Teams that are shown of a folded plan.
const TEAMS: usize = 5;
/// Roles of teams and of everybody that raise people and are shown wherever they stand.
const RAISING_ROLES: usize = 20;
/// What would hide fewer than this is not folded: the line that says so takes room as well.
pub(crate) const WORTH_HIDING: usize = 5;

/// The part of a plan's changes that is shown.
pub(crate) struct Shown<'a> {
    groups: Vec<(&'a Group<'a>, Vec<&'a PlannedChange>)>,
    /// The teams that are not shown at all, and their numbers.
    hidden_teams: (usize, [usize; 4]),
}

impl<'a> Shown<'a> {
    pub(crate) fn choose(groups: &'a [Group<'a>], plan: &Plan, found: &Effects<'_>, is_folded: bool) -> Self {
        if !is_folded {
            let groups = groups.iter().map(|group| (group, group.changes.clone())).collect();
            return Self { groups, hidden_teams: (0, [0; 4]) };
        }
        let prominent = raising_roles(plan, found);
        let must_show = |planned: &PlannedChange| prominent.contains(&planned.id);
        let mut teams: Vec<_> = groups
            .iter()
            .enumerate()
            .filter(|(_, group)| matches!(group.topic, Topic::Team(_)))
            .map(|(index, group)| (team_weight(plan, found, group), index))
            .collect();
        teams.sort_unstable();
        let teams: Vec<usize> = teams.into_iter().map(|(_, index)| index).collect();
        let mut hidden: BTreeSet<usize> = teams.iter().copied().skip(TEAMS).collect();
        let only_prominent: BTreeSet<usize> =
            hidden.extract_if(.., |index| groups[*index].changes.iter().any(|planned| must_show(planned))).collect();
        if hidden.iter().map(|index| groups[*index].changes.len()).sum::<usize>() < WORTH_HIDING {
            hidden.clear();
        }
        let mut shown = Vec::new();
        let mut hidden_numbers = [0; 4];
        // Teams stand together; the heaviest comes first.
        let mut heaviest_first = teams.into_iter();
        for (place, group) in groups.iter().enumerate() {
            let (index, group) = match group.topic {
                Topic::Team(_) => heaviest_first.next().map_or((place, group), |index| (index, &groups[index])),
                Topic::Users | Topic::Grants | Topic::Everyone => (place, group),
            };
            if hidden.contains(&index) {
                let numbers = numbers(found, group.changes.iter().copied());
                for (sum, number) in hidden_numbers.iter_mut().zip(numbers) {
                    *sum += number;
                }
                continue;
            }
            let mut changes = group.changes.clone();
            let prominent = changes.iter().filter(|planned| must_show(planned)).count();
            // A team that is shown only for the sake of these roles does not show the rest.
            let rows = if only_prominent.contains(&index) { prominent } else { ROWS.max(prominent) };
            if changes.len() >= rows + WORTH_HIDING {
                changes.sort_by_key(|planned| (!must_show(planned), weight(plan, found, planned)));
                changes.truncate(rows);
                changes.sort_by_key(|planned| weight(plan, found, planned));
            }
            shown.push((group, changes));
        }
        Self { groups: shown, hidden_teams: (hidden.len(), hidden_numbers) }
    }

    pub(crate) fn write(&self, out: &mut dyn Write, reading: &Reading<'a>, options: Options) -> io::Result<()> {
        let last_team = self.groups.iter().rposition(|(group, _)| matches!(group.topic, Topic::Team(_)));
        for (index, (group, changes)) in self.groups.iter().enumerate() {
            let mut title = Fill::new(Line::indented(2), 4, options.width);
            title.words(TITLE, &group.title());
            writeln!(out)?;
            for line in title.finish() {
                line.write(out)?;
            }
            let rows: Vec<_> = changes.iter().map(|planned| reading.row(planned)).collect();
            rows::write_rows(out, &rows, options.width, !options.verbose)?;
            if group.changes.len() > changes.len() {
                let all = numbers(reading.found, group.changes.iter().copied());
                let shown = numbers(reading.found, changes.iter().copied());
                let hidden: [usize; 4] = std::array::from_fn(|index| all[index] - shown[index]);
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

/// The first of the roles that many people get at once and that raise somebody.
fn raising_roles(plan: &Plan, found: &Effects<'_>) -> BTreeSet<ChangeId> {
    let mut raising: Vec<_> = plan
        .changes
        .iter()
        .filter(|planned| matches!(planned.change, Change::SetTeamRole { .. } | Change::SetEveryone { .. }))
        .filter(|planned| found.raise(planned.id).is_some())
        .map(|planned| (weight(plan, found, planned), planned.id))
        .collect();
    raising.sort_unstable();
    raising.into_iter().take(RAISING_ROLES).map(|(_, id)| id).collect()
}

/// The weight of a team is that of its heaviest change, with everybody whom its changes of that kind raise.
fn team_weight(plan: &Plan, found: &Effects<'_>, group: &Group<'_>) -> (u8, Reverse<usize>) {
    let (mut kind, mut people, mut alike) = (u8::MAX, Reverse(0), 0);
    for planned in &group.changes {
        let (of_change, concerned) = weight(plan, found, planned);
        if of_change < kind {
            (kind, people, alike) = (of_change, concerned, 0);
        }
        if of_change == kind {
            people = people.min(concerned);
            alike += 1;
        }
    }
    (kind, Reverse(people.0.max(alike)))
}
