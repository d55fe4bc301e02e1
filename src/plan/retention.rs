//! What somebody keeps only by a new source, or by a role that is raised, is taken from them only when that is there.
//!
//! What somebody keeps is each role that something covers before the plan and something covers after it, and access as
//! such. Roles of which none covers the other are compared one by one: having another one is not having this one.

use super::ChangeId;
use crate::access::{AccessIndex, AccessSource, Ranks, Via, by_org_role, covers};
use crate::change::Change;
use crate::lookup::Lookup;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, State, TeamName};
use crate::target::Target;

/// What one change takes: its place among the changes, and what of people who stay, if under another address.
pub(super) type Takes<'a> = (usize, Vec<Taken<'a>>);

/// What a change takes from one person on one project.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken<'a> {
    pub(super) user: &'a Email,
    pub(super) project: ProjectId,
    /// The role that its source gives before, and the one that is left of it; `None` for roles of several sources.
    roles: Option<(&'a ProjectRole, Option<&'a ProjectRole>)>,
}

/// Roles that are there on every project, the strongest first.
const BUILT_IN: [ProjectRole; 4] = [
    ProjectRole::BuiltIn(BuiltInRole::Owner),
    ProjectRole::BuiltIn(BuiltInRole::Admin),
    ProjectRole::BuiltIn(BuiltInRole::Analyst),
    ProjectRole::BuiltIn(BuiltInRole::Consumer),
];

/// From whom the changes take a source of access to what, or a part of its role.
pub(super) fn takes<'a>(live: &'a State, target: &'a Target, changes: &'a [Change], ranks: &Ranks) -> Vec<Takes<'a>> {
    let replaced = AccessIndex::new(live, target.replaced_users.keys());
    let taking = Taking { live, target, ranks, replaced };
    let all = changes.iter().enumerate().map(|(index, change)| (index, taking.taken(change)));
    all.filter(|(_, taken)| !taken.is_empty()).collect()
}

/// The users of whom [`retain_access`] asks what they have, with the addresses that replace theirs.
pub(super) fn losers<'a>(takes: &[Takes<'a>], target: &'a Target) -> Vec<&'a Email> {
    let users = takes.iter().flat_map(|(_, taken)| taken).map(|taken| taken.user);
    users.flat_map(|user| [user, target.person(user)]).collect()
}

/// For each change that takes, what gives people as much as they have before and after.
pub(super) fn retain_access(
    target: &Target,
    changes: &[Change],
    takes: &[Takes<'_>],
    (before, after): (&AccessIndex<'_>, &AccessIndex<'_>),
    ranks: &Ranks,
    found: &mut [Vec<ChangeId>],
) {
    if takes.is_empty() {
        return;
    }
    let gives = Gives::of(changes, ranks);
    for (index, all) in takes {
        let own_id = ChangeId(u32::try_from(index + 1).unwrap_or(u32::MAX));
        for Taken { user, project, roles } in all {
            let new = target.person(user);
            // Access as such is kept too: `None` is what every role covers.
            let covered = |role: &ProjectRole, kept: Option<&ProjectRole>| {
                kept.is_none_or(|kept| covers(ranks, *project, role, kept))
            };
            let by = |sources: &[AccessSource<'_>], kept| sources.iter().any(|source| covered(source.role, kept));
            let had: Vec<_> = before.sources(user, *project).collect();
            let own = if new == *user { had.clone() } else { before.sources(new, *project).collect() };
            let has: Vec<_> = after.sources(new, *project).collect();
            if has.is_empty() {
                continue;
            }
            let is_throughout = |kept: Option<&ProjectRole>| {
                own.iter().any(|source| {
                    let via = current_name(source.via, target);
                    let later = has.iter().find(|later| later.via == via);
                    covered(source.role, kept) && later.is_some_and(|later| covered(later.role, kept))
                })
            };
            let customs = target.state.projects.get(project).into_iter().flat_map(|found| &found.roles);
            let customs: Vec<ProjectRole> = customs.cloned().map(ProjectRole::Custom).collect();
            for kept in BUILT_IN.iter().chain(&customs).map(Some).chain([None]) {
                let is_taken =
                    roles.is_none_or(|(from, to)| covered(from, kept) && to.is_none_or(|to| !covered(to, kept)));
                if !is_taken || !(by(&had, kept) || by(&own, kept)) || !by(&has, kept) || is_throughout(kept) {
                    continue;
                }
                // One of them is enough, and the one that needs the least may come about soonest.
                let ways = has.iter().filter(|source| covered(source.role, kept));
                let ways = ways.map(|source| gives.of_source(new, *project, source.via));
                // What gives in place of what it takes needs nobody.
                found[*index].extend(ways.min_by_key(Vec::len).into_iter().flatten().filter(|id| *id != own_id));
            }
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
    /// What `change` takes from whom: a source of access, or a part of its role.
    fn taken(&self, change: &'a Change) -> Vec<Taken<'a>> {
        let Self { live, target, .. } = self;
        let live_team = |name: &TeamName| live.teams.get(target.live_name(name));
        let one = |user: &'a Email, project: ProjectId, from: &'a ProjectRole, to: Option<&'a ProjectRole>| Taken {
            user,
            project,
            roles: Some((from, to)),
        };
        let mut taken: Vec<Taken<'_>> = match change {
            Change::RemoveGrant { user, project, from } => vec![one(user, *project, from, None)],
            Change::SetGrant { user, project, from: Some(from), to } if self.lowers(*project, from, to) => {
                vec![one(user, *project, from, Some(to))]
            }
            Change::RemoveTeamMember { team, user } => {
                let roles = live_team(team).into_iter().flat_map(|team| &team.roles);
                roles.map(|(project, role)| one(user, *project, role, None)).collect()
            }
            Change::RemoveTeamRole { team, project, from } => {
                let members = live_team(team).into_iter().flat_map(|team| &team.members);
                members.map(|user| one(user, *project, from, None)).collect()
            }
            Change::SetTeamRole { team, project, from: Some(from), to } if self.lowers(*project, from, to) => {
                let members = live_team(team).into_iter().flat_map(|team| &team.members);
                members.map(|user| one(user, *project, from, Some(to))).collect()
            }
            Change::DeleteTeam { team } => live_team(team)
                .into_iter()
                .flat_map(|team| {
                    let roles = |user| team.roles.iter().map(move |(project, role)| one(user, *project, role, None));
                    team.members.iter().flat_map(roles)
                })
                .collect(),
            Change::RemoveEveryone { project, from } => {
                live.users.keys().map(|user| one(user, *project, from, None)).collect()
            }
            Change::SetEveryone { project, from: Some(from), to } if self.lowers(*project, from, to) => {
                live.users.keys().map(|user| one(user, *project, from, Some(to))).collect()
            }
            Change::SetOrgRole { user, from, to } if from.on_every_project() > to.on_every_project() => {
                let Some(role) = by_org_role(from) else { return Vec::new() };
                live.projects.keys().map(|project| one(user, *project, role, by_org_role(to))).collect()
            }
            Change::RemoveUser { user } | Change::CancelInvite { user } if target.replaced_users.contains_key(user) => {
                let mut found = Vec::new();
                self.replaced.collect(user, |_| true, &mut found);
                // What everybody has, the new account has as soon as it is there.
                found.retain(|(_, source)| source.via != Via::Everyone);
                found.dedup_by_key(|(project, _)| *project);
                found.into_iter().map(|(project, _)| Taken { user, project, roles: None }).collect()
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
        taken.retain(|taken| target.state.users.contains_key(target.person(taken.user)));
        taken
    }

    fn lowers(&self, project: ProjectId, from: &ProjectRole, to: &ProjectRole) -> bool {
        !covers(self.ranks, project, to, from)
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
        let raises = |project: &ProjectId, from: &Option<ProjectRole>, to: &ProjectRole| {
            from.as_ref().is_none_or(|from| !covers(ranks, *project, from, to))
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
