//! Nobody has more in the middle of a plan than before it or after it: who comes into a team waits until its roles are
//! lowered, and a team's role is raised when those have left who are not to have it.
//!
//! What everybody in the organization has is meant for everybody who is in it, so nothing waits for that.

use std::collections::{BTreeMap, BTreeSet};

use super::ChangeId;
use super::retention::most;
use crate::access::{AccessIndex, Level, Ranks, level};
use crate::change::Change;
use crate::model::{Email, ProjectId, State, TeamName};
use crate::target::Target;

/// For each change, in order, the changes that it should wait for so that it gives nobody more than is planned.
pub(super) fn waits(live: &State, target: &Target, changes: &[Change], ranks: &Ranks) -> Vec<Vec<ChangeId>> {
    let mut waits = vec![Vec::new(); changes.len()];
    let teams = Teams::of(live, target, changes, ranks);
    if teams.lowered.is_empty() && teams.raised.is_empty() {
        return waits;
    }
    let joins = || {
        changes.iter().enumerate().filter_map(|(index, change)| {
            let Change::AddTeamMember { team, user } = change else { return None };
            Some((index, teams.lowered.get(team)?, user))
        })
    };
    let leaves = teams.leaves(live, target, changes);
    let involved: BTreeSet<&Email> =
        joins().map(|(_, _, user)| user).chain(leaves.iter().map(|(_, user, _)| *user)).collect();
    if involved.is_empty() {
        return waits;
    }
    let before = AccessIndex::new(live, involved.iter().copied());
    let after = AccessIndex::new(&target.state, involved.iter().map(|user| target.person(user)));
    let allowed = |user: &Email, project: ProjectId| -> Option<Level> {
        let (before, after) = (before.sources(user, project), after.sources(target.person(user), project));
        most(before, project, ranks).max(most(after, project, ranks))
    };
    for (index, lowered, user) in joins() {
        let above = lowered.iter().filter(|(project, from, _)| Some(*from) > allowed(user, *project));
        waits[index].extend(above.map(|(_, _, id)| *id));
    }
    for (team, user, id) in &leaves {
        for (index, project, to) in teams.raised.get(team).into_iter().flatten() {
            if Some(*to) > allowed(user, *project) {
                waits[*index].push(*id);
            }
        }
    }
    waits
}

/// The teams whose roles change, by the name that they have after the plan.
#[derive(Default)]
struct Teams<'a> {
    /// The project, what the role lets do before, and the change that lowers or removes it.
    lowered: BTreeMap<&'a TeamName, Vec<(ProjectId, Level, ChangeId)>>,
    /// The place of the change, the project, and what the role lets do afterwards.
    raised: BTreeMap<&'a TeamName, Vec<(usize, ProjectId, Level)>>,
}

impl<'a> Teams<'a> {
    fn of(live: &State, target: &Target, changes: &'a [Change], ranks: &Ranks) -> Self {
        let mut teams = Self::default();
        for (index, (id, change)) in (1..).map(ChangeId).zip(changes).enumerate() {
            if let Change::SetTeamRole { team, project, from, to } = change {
                let (from, to) = (from.as_ref().map(|from| level(ranks, *project, from)), level(ranks, *project, to));
                if from > Some(to) {
                    teams.lowered.entry(team).or_default().extend(from.map(|from| (*project, from, id)));
                } else if from < Some(to) && live.teams.contains_key(target.live_name(team)) {
                    teams.raised.entry(team).or_default().push((index, *project, to));
                }
            } else if let Change::RemoveTeamRole { team, project, from } = change {
                teams.lowered.entry(team).or_default().push((*project, level(ranks, *project, from), id));
            }
        }
        teams
    }

    /// Who leaves a team of which a role is raised, and by which change.
    fn leaves<'b>(
        &self,
        live: &'b State,
        target: &Target,
        changes: &'b [Change],
    ) -> Vec<(&'b TeamName, &'b Email, ChangeId)>
    where
        'a: 'b,
    {
        if self.raised.is_empty() {
            return Vec::new();
        }
        let mut removed: BTreeMap<&Email, ChangeId> = BTreeMap::new();
        let mut leaves = Vec::new();
        for (id, change) in (1..).map(ChangeId).zip(changes) {
            if let Change::RemoveTeamMember { team, user } = change {
                if self.raised.contains_key(team) {
                    leaves.push((team, user, id));
                }
            } else if let Change::RemoveUser { user } | Change::CancelInvite { user } = change {
                removed.insert(user, id);
            }
        }
        if !removed.is_empty() {
            for team in self.raised.keys() {
                let members = live.teams.get(target.live_name(team)).into_iter().flat_map(|team| &team.members);
                leaves.extend(members.filter_map(|user| Some((*team, user, *removed.get(user)?))));
            }
        }
        leaves
    }
}
