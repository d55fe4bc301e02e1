//! What somebody keeps only by a new source, or by a role that is raised, is taken from them only when that is there.

use super::ChangeId;
use crate::access::{AccessIndex, AccessSource, Level, Ranks, Via, level};
use crate::change::Change;
use crate::lookup::Lookup;
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, State, TeamName};
use crate::target::Target;

/// What one change takes: its place among the changes, and the users and projects from which it takes, of people who
/// stay, if under another address.
pub(super) type Takes<'a> = (usize, Vec<(&'a Email, ProjectId)>);

/// From whom the changes take a source of access to what, or a part of its role.
pub(super) fn takes<'a>(live: &'a State, target: &'a Target, changes: &'a [Change], ranks: &Ranks) -> Vec<Takes<'a>> {
    let replaced = AccessIndex::new(live, target.replaced_users.keys());
    let taking = Taking { live, target, ranks, replaced };
    let all = changes.iter().enumerate().map(|(index, change)| (index, taking.pairs(change)));
    all.filter(|(_, pairs)| !pairs.is_empty()).collect()
}

/// The users of whom [`retain_access`] asks what they have, with the addresses that replace theirs.
pub(super) fn losers<'a>(takes: &[Takes<'a>], target: &'a Target) -> Vec<&'a Email> {
    let users = takes.iter().flat_map(|(_, pairs)| pairs).map(|(user, _)| *user);
    users.flat_map(|user| [user, target.person(user)]).collect()
}

/// Lets every change that takes wait for what gives people as much as they have before and after.
pub(super) fn retain_access(
    target: &Target,
    changes: &[Change],
    (takes, before): (&[Takes<'_>], &AccessIndex<'_>),
    ranks: &Ranks,
    found: &mut [Vec<ChangeId>],
) {
    if takes.is_empty() {
        return;
    }
    let after = AccessIndex::new(&target.state, losers(takes, target));
    let gives = Gives::of(changes, ranks);
    for (index, pairs) in takes {
        for (user, project) in pairs {
            let new = target.person(user);
            let by = |source: AccessSource<'_>| level(ranks, *project, source.role);
            let had: Vec<_> = before.sources(user, *project).collect();
            let own = if new == *user { had.clone() } else { before.sources(new, *project).collect() };
            let has: Vec<_> = after.sources(new, *project).collect();
            let most = |sources: &[AccessSource<'_>]| sources.iter().copied().map(by).max();
            let Some(need) = most(&had).max(most(&own)).min(most(&has)) else { continue };
            let throughout = own.iter().filter_map(|source| {
                let via = current_name(source.via, target);
                has.iter().find(|kept| kept.via == via).map(|kept| by(*kept).min(by(*source)))
            });
            if throughout.max() >= Some(need) {
                continue;
            }
            // One of them is enough, and the one that needs the least may come about soonest.
            let ways = has.iter().filter(|source| by(**source) >= need);
            let ways = ways.map(|source| gives.of_source(new, *project, source.via));
            found[*index].extend(ways.min_by_key(Vec::len).into_iter().flatten());
        }
    }
}

fn current_name<'a>(via: Via<'a>, target: &'a Target) -> Via<'a> {
    match via {
        Via::Team(name) => Via::Team(target.team_renames.get(name).unwrap_or(name)),
        Via::OrgRole | Via::Grant | Via::Everyone => via,
    }
}

struct Taking<'a, 'r> {
    live: &'a State,
    target: &'a Target,
    ranks: &'r Ranks,
    /// What those have who go because their person has another account.
    replaced: AccessIndex<'a>,
}

impl<'a> Taking<'a, '_> {
    /// The users and projects from which `change` takes a source of access, or a part of its role.
    fn pairs(&self, change: &'a Change) -> Vec<(&'a Email, ProjectId)> {
        let Self { live, target, .. } = self;
        let live_team = |name: &TeamName| live.teams.get(target.live_name(name));
        let mut pairs: Vec<(&Email, ProjectId)> = match change {
            Change::RemoveGrant { user, project, .. } => vec![(user, *project)],
            Change::SetGrant { user, project, from, to } if self.lowers(*project, from, to) => vec![(user, *project)],
            Change::RemoveTeamMember { team, user } => {
                live_team(team).into_iter().flat_map(|team| team.roles.keys()).map(|project| (user, *project)).collect()
            }
            Change::RemoveTeamRole { team, project, .. } => {
                live_team(team).into_iter().flat_map(|team| &team.members).map(|user| (user, *project)).collect()
            }
            Change::SetTeamRole { team, project, from, to } if self.lowers(*project, from, to) => {
                live_team(team).into_iter().flat_map(|team| &team.members).map(|user| (user, *project)).collect()
            }
            Change::DeleteTeam { team } => live_team(team)
                .into_iter()
                .flat_map(|team| {
                    team.members.iter().flat_map(|user| team.roles.keys().map(move |project| (user, *project)))
                })
                .collect(),
            Change::RemoveEveryone { project, .. } => live.users.keys().map(|user| (user, *project)).collect(),
            Change::SetEveryone { project, from, to } if self.lowers(*project, from, to) => {
                live.users.keys().map(|user| (user, *project)).collect()
            }
            Change::SetOrgRole { user, from, to } if from.on_every_project() > to.on_every_project() => {
                live.projects.keys().map(|project| (user, *project)).collect()
            }
            Change::RemoveUser { user } | Change::CancelInvite { user } if target.replaced_users.contains_key(user) => {
                let mut found = Vec::new();
                self.replaced.collect(user, |_| true, &mut found);
                // What everybody has, the new account has as soon as it is there.
                found.retain(|(_, source)| source.via != Via::Everyone);
                found.dedup_by_key(|(project, _)| *project);
                found.into_iter().map(|(project, _)| (user, project)).collect()
            }
            Change::SetOrgRole { .. }
            | Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::InviteUser { .. }
            | Change::SetEveryone { .. }
            | Change::SetTeamRole { .. }
            | Change::AddTeamMember { .. }
            | Change::SetGrant { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => Vec::new(),
        };
        pairs.retain(|(user, _)| target.state.users.contains_key(target.person(user)));
        pairs
    }

    fn lowers(&self, project: ProjectId, from: &Option<ProjectRole>, to: &ProjectRole) -> bool {
        from.as_ref().is_some_and(|from| level(self.ranks, project, from) > level(self.ranks, project, to))
    }
}

/// The changes that bring sources of access into being, or raise them.
#[derive(Default)]
struct Gives<'a> {
    org_roles: Lookup<&'a Email, ChangeId>,
    members: Lookup<(&'a TeamName, &'a Email), ChangeId>,
    team_roles: Lookup<(&'a TeamName, ProjectId), ChangeId>,
    grants: Lookup<(&'a Email, ProjectId), ChangeId>,
    everyone: Lookup<ProjectId, ChangeId>,
}

impl<'a> Gives<'a> {
    fn of(changes: &'a [Change], ranks: &Ranks) -> Self {
        let mut gives = Self::default();
        let of = |project: ProjectId, role: &ProjectRole| level(ranks, project, role);
        let raises = |project: &ProjectId, from: &Option<ProjectRole>, to: &ProjectRole| {
            from.as_ref().map(|from| of(*project, from)) < Some(of(*project, to))
        };
        for (id, change) in (1..).map(ChangeId).zip(changes) {
            match change {
                Change::SetOrgRole { user, from, to } if from.on_every_project() < to.on_every_project() => {
                    gives.org_roles.insert(user, id);
                }
                Change::InviteUser { user, role } if OrgRole::on_every_project(role).is_some() => {
                    gives.org_roles.insert(user, id);
                }
                Change::AddTeamMember { team, user } => drop(gives.members.insert((team, user), id)),
                Change::SetTeamRole { team, project, from, to } if raises(project, from, to) => {
                    gives.team_roles.insert((team, *project), id);
                }
                Change::SetGrant { user, project, from, to } if raises(project, from, to) => {
                    gives.grants.insert((user, *project), id);
                }
                Change::SetEveryone { project, from, to } if raises(project, from, to) => {
                    gives.everyone.insert(*project, id);
                }
                Change::SetOrgRole { .. }
                | Change::SetTeamRole { .. }
                | Change::SetGrant { .. }
                | Change::SetEveryone { .. }
                | Change::RenameTeam { .. }
                | Change::CreateTeam { .. }
                | Change::InviteUser { .. }
                | Change::RemoveGrant { .. }
                | Change::RemoveTeamMember { .. }
                | Change::RemoveTeamRole { .. }
                | Change::RemoveEveryone { .. }
                | Change::DeleteTeam { .. }
                | Change::CancelInvite { .. }
                | Change::RemoveUser { .. } => {}
            }
        }
        gives
    }

    fn of_source(&self, user: &Email, project: ProjectId, via: Via<'_>) -> Vec<ChangeId> {
        match via {
            Via::OrgRole => self.org_roles.get(user).copied().into_iter().collect(),
            Via::Team(team) => {
                let (member, role) = (self.members.get(&(team, user)), self.team_roles.get(&(team, project)));
                member.into_iter().chain(role).copied().collect()
            }
            Via::Grant => self.grants.get(&(user, project)).copied().into_iter().collect(),
            Via::Everyone => self.everyone.get(&project).copied().into_iter().collect(),
        }
    }
}

/// What somebody can do on a project at most, by `sources`.
pub(super) fn most<'a>(
    sources: impl Iterator<Item = AccessSource<'a>>,
    project: ProjectId,
    ranks: &Ranks,
) -> Option<Level> {
    sources.map(|source| level(ranks, project, source.role)).max()
}
