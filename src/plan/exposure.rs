//! Nobody has more in the middle of a plan than before it or after it: who comes into a team waits until its roles are
//! lowered, and a team's role is raised when those have left who are not to have it.
//!
//! More is whatever no role covers that somebody has before or after: what a custom role without a rank can do is not
//! known, so it is more than another role and less at once. What everybody in the organization has is meant for everybody
//! who is in it, so nothing waits for that.

use std::collections::BTreeMap;

use super::ChangeId;
use crate::access::{AccessIndex, Ranks, covers};
use crate::change::Change;
use crate::model::{Email, ProjectId, ProjectRole, State, TeamName};
use crate::target::Target;

/// What a change should wait for, and who would have which role meanwhile if it did not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wait<'a> {
    pub(super) needed: ChangeId,
    pub(super) user: &'a Email,
    pub(super) project: ProjectId,
    pub(super) role: &'a ProjectRole,
}

/// Who could have more for a while, since they come into a team whose roles are lowered or leave one whose roles are raised.
pub(super) struct Exposure<'a> {
    teams: Teams<'a>,
    /// Who comes, with the place of the change.
    joins: Vec<(&'a TeamName, &'a Email, usize)>,
    /// Who leaves, with the change.
    leaves: Vec<(&'a TeamName, &'a Email, ChangeId)>,
}

impl<'a> Exposure<'a> {
    /// Finds them among `changes`, which lead from `live` to `target`.
    pub(super) fn of(live: &'a State, target: &Target, changes: &'a [Change], ranks: &Ranks) -> Self {
        let teams = Teams::of(live, target, changes, ranks);
        let joins = changes.iter().enumerate().filter_map(|(index, change)| {
            let Change::AddTeamMember { team, user } = change else { return None };
            teams.lowered.contains_key(team).then_some((team, user, index))
        });
        let joins = joins.collect();
        let leaves = teams.leaves(live, target, changes);
        Self { teams, joins, leaves }
    }

    /// They, as the live side knows them.
    pub(super) fn people(&self) -> impl Iterator<Item = &'a Email> {
        self.joins.iter().map(|(_, user, _)| *user).chain(self.leaves.iter().map(|(_, user, _)| *user))
    }

    /// For each of the `changes`, as many as there are, what it should wait for so that it gives nobody more than is planned;
    /// `before` and `after` know what these people have.
    pub(super) fn waits(
        &self,
        target: &'a Target,
        (before, after): (&AccessIndex<'_>, &AccessIndex<'_>),
        ranks: &Ranks,
        changes: usize,
    ) -> Vec<Vec<Wait<'a>>> {
        let mut waits = vec![Vec::new(); changes];
        let is_theirs = |user: &Email, project: ProjectId, role: &ProjectRole| {
            let mut all = before.sources(user, project).chain(after.sources(target.person(user), project));
            all.any(|source| covers(ranks, project, source.role, role))
        };
        for (team, user, index) in &self.joins {
            let lowered = self.teams.lowered.get(team).into_iter().flatten();
            let above = lowered.filter(|(project, from, _)| !is_theirs(user, *project, from));
            waits[*index].extend(above.map(|(project, role, needed)| Wait {
                needed: *needed,
                user,
                project: *project,
                role,
            }));
        }
        for (team, user, needed) in &self.leaves {
            for (index, project, role) in self.teams.raised.get(team).into_iter().flatten() {
                if !is_theirs(user, *project, role) {
                    waits[*index].push(Wait { needed: *needed, user, project: *project, role });
                }
            }
        }
        waits
    }
}

/// The teams whose roles change, by the name that they have after the plan. A role that takes the place of one of which
/// it is not known which of them is more is among both.
#[derive(Default)]
struct Teams<'a> {
    /// The project, the role before, and the change that lowers or removes it.
    lowered: BTreeMap<&'a TeamName, Vec<(ProjectId, &'a ProjectRole, ChangeId)>>,
    /// The place of the change, the project, and the role afterwards.
    raised: BTreeMap<&'a TeamName, Vec<(usize, ProjectId, &'a ProjectRole)>>,
}

impl<'a> Teams<'a> {
    fn of(live: &State, target: &Target, changes: &'a [Change], ranks: &Ranks) -> Self {
        let mut teams = Self::default();
        for (index, (id, change)) in (1..).map(ChangeId).zip(changes).enumerate() {
            if let Change::SetTeamRole { team, project, from, to } = change {
                let from = from.as_ref();
                if let Some(from) = from.filter(|from| !covers(ranks, *project, to, from)) {
                    teams.lowered.entry(team).or_default().push((*project, from, id));
                }
                let is_raised = from.is_none_or(|from| !covers(ranks, *project, from, to));
                if is_raised && live.teams.contains_key(target.live_name(team)) {
                    teams.raised.entry(team).or_default().push((index, *project, to));
                }
            } else if let Change::RemoveTeamRole { team, project, from } = change {
                teams.lowered.entry(team).or_default().push((*project, from, id));
            }
        }
        teams
    }

    /// Who leaves a team of which a role is raised, and by which change.
    fn leaves(
        &self,
        live: &'a State,
        target: &Target,
        changes: &'a [Change],
    ) -> Vec<(&'a TeamName, &'a Email, ChangeId)> {
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
            } else if let Some(user) = change.removed_user() {
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
