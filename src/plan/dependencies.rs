//! What must have taken effect before a change: so that what does not depend on a failed change still runs.
//!
//! A change waits only for what it needs. Taking something away waits for giving only where the same person keeps
//! access by it, or where the organization would have no owner: never for an invitation.

use std::collections::BTreeSet;

use super::ChangeId;
use crate::access::{AccessIndex, Via};
use crate::change::Change;
use crate::lookup::{Lookup, NameTable};
use crate::model::{Email, OrgRole, ProjectId, State, TeamName};
use crate::target::Target;

/// For each change, in order, the changes that it depends on, sorted; `takes` are what they [`takes`], and `before` knows
/// what the users in it have on the live side.
pub(super) fn dependencies(
    live: &State,
    target: &Target,
    changes: &[Change],
    takes: &[Takes<'_>],
    before: &AccessIndex<'_>,
) -> Vec<Vec<ChangeId>> {
    let made = Made::of(changes);
    let mut found: Vec<Vec<ChangeId>> = numbered(changes).map(|(id, change)| made.needs(id, change)).collect();
    retain_access(target, changes, takes, before, &mut found);
    retain_an_owner(live, &target.state, changes, &mut found);
    replaced_users_go_last(target, changes, &mut found);
    for ids in &mut found {
        ids.sort_unstable();
        ids.dedup();
    }
    found
}

fn numbered(changes: &[Change]) -> impl Iterator<Item = (ChangeId, &Change)> {
    (1..).map(ChangeId).zip(changes)
}

/// Teams and users that come into being under the name that others use.
#[derive(Default)]
struct Made<'a> {
    teams: NameTable<'a, ChangeId>,
    users: NameTable<'a, ChangeId>,
}

impl<'a> Made<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut made = Self::default();
        for (id, change) in numbered(changes) {
            match change {
                Change::RenameTeam { to: team, .. } | Change::CreateTeam { team } => {
                    made.teams.or_insert_with(team, || id);
                }
                Change::InviteUser { user, .. } => {
                    made.users.or_insert_with(user, || id);
                }
                Change::SetOrgRole { .. }
                | Change::SetEveryone { .. }
                | Change::SetTeamRole { .. }
                | Change::AddTeamMember { .. }
                | Change::SetGrant { .. }
                | Change::RemoveGrant { .. }
                | Change::RemoveTeamMember { .. }
                | Change::RemoveTeamRole { .. }
                | Change::RemoveEveryone { .. }
                | Change::DeleteTeam { .. }
                | Change::CancelInvite { .. }
                | Change::RemoveUser { .. } => {}
            }
        }
        made
    }

    fn needs(&self, id: ChangeId, change: &Change) -> Vec<ChangeId> {
        let team = change.team().and_then(|team| self.teams.get(team));
        let user = change.user().and_then(|user| self.users.get(user));
        // What makes a name does not wait for itself.
        team.into_iter().chain(user).copied().filter(|made| *made != id).collect()
    }
}

/// What one change takes: its place among the changes, and the users, among those who stay, and projects.
pub(super) type Takes<'a> = (usize, Vec<(&'a Email, ProjectId)>);

/// From whom the changes take a source of access to what.
pub(super) fn takes<'a>(live: &'a State, target: &'a Target, changes: &'a [Change]) -> Vec<Takes<'a>> {
    let all = changes.iter().enumerate().map(|(index, change)| (index, taken(change, live, target)));
    all.filter(|(_, pairs)| !pairs.is_empty()).collect()
}

/// What somebody keeps only by a new source is taken from them only when that source is there.
fn retain_access(
    target: &Target,
    changes: &[Change],
    takes: &[Takes<'_>],
    before: &AccessIndex<'_>,
    found: &mut [Vec<ChangeId>],
) {
    if takes.is_empty() {
        return;
    }
    let after = AccessIndex::new(&target.state, takes.iter().flat_map(|(_, pairs)| pairs).map(|(user, _)| *user));
    let gives = Gives::of(changes);
    for (index, pairs) in takes {
        for (user, project) in pairs {
            let had: Vec<_> = before.sources(user, *project).map(|source| current_name(source.via, target)).collect();
            let has: Vec<_> = after.sources(user, *project).map(|source| source.via).collect();
            if !had.is_empty() && !has.iter().any(|via| had.contains(via)) {
                found[*index].extend(has.iter().flat_map(|via| gives.of_source(user, *project, *via)));
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

/// The users, among those who stay, and projects from which `change` takes a source of access.
fn taken<'a>(change: &'a Change, live: &'a State, target: &'a Target) -> Vec<(&'a Email, ProjectId)> {
    let live_team = |name: &TeamName| {
        let old = target.team_renames.iter().find(|(_, new)| *new == name).map_or(name, |(old, _)| old);
        live.teams.get(old)
    };
    let mut pairs: Vec<(&Email, ProjectId)> = match change {
        Change::RemoveGrant { user, project, .. } => vec![(user, *project)],
        Change::RemoveTeamMember { team, user } => {
            live_team(team).into_iter().flat_map(|team| team.roles.keys()).map(|project| (user, *project)).collect()
        }
        Change::RemoveTeamRole { team, project, .. } => {
            live_team(team).into_iter().flat_map(|team| &team.members).map(|user| (user, *project)).collect()
        }
        Change::DeleteTeam { team } => live_team(team)
            .into_iter()
            .flat_map(|team| {
                team.members.iter().flat_map(|user| team.roles.keys().map(move |project| (user, *project)))
            })
            .collect(),
        Change::RemoveEveryone { project, .. } => live.users.keys().map(|user| (user, *project)).collect(),
        Change::SetOrgRole { user, from, to }
            if from.on_every_project().is_some() && to.on_every_project().is_none() =>
        {
            live.projects.keys().map(|project| (user, *project)).collect()
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
    pairs.retain(|(user, _)| target.state.users.contains_key(*user));
    pairs
}

/// The changes that bring sources of access into being.
#[derive(Default)]
struct Gives<'a> {
    org_roles: Lookup<&'a Email, ChangeId>,
    members: Lookup<(&'a TeamName, &'a Email), ChangeId>,
    team_roles: Lookup<(&'a TeamName, ProjectId), ChangeId>,
    grants: Lookup<(&'a Email, ProjectId), ChangeId>,
    everyone: Lookup<ProjectId, ChangeId>,
}

impl<'a> Gives<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut gives = Self::default();
        for (id, change) in numbered(changes) {
            match change {
                Change::SetOrgRole { user, .. } => drop(gives.org_roles.insert(user, id)),
                Change::AddTeamMember { team, user } => drop(gives.members.insert((team, user), id)),
                Change::SetTeamRole { team, project, from: None, .. } => {
                    gives.team_roles.insert((team, *project), id);
                }
                Change::SetGrant { user, project, from: None, .. } => drop(gives.grants.insert((user, *project), id)),
                Change::SetEveryone { project, from: None, .. } => drop(gives.everyone.insert(*project, id)),
                // A role that is changed in place was a source before.
                Change::SetTeamRole { from: Some(_), .. }
                | Change::SetGrant { from: Some(_), .. }
                | Change::SetEveryone { from: Some(_), .. }
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

/// Where no owner stays an owner throughout, the old ones go after the new ones have come.
fn retain_an_owner(live: &State, target: &State, changes: &[Change], found: &mut [Vec<ChangeId>]) {
    let after: BTreeSet<&Email> = target.active_owners().collect();
    if live.active_owners().any(|owner| after.contains(owner)) {
        return;
    }
    let owners: BTreeSet<&Email> = live.active_owners().collect();
    let promotions: Vec<ChangeId> = numbered(changes)
        .filter(
            |(_, change)| matches!(change, Change::SetOrgRole { user, to: OrgRole::Owner, .. } if after.contains(user)),
        )
        .map(|(id, _)| id)
        .collect();
    for (change, needs) in changes.iter().zip(found) {
        let ends_an_owner = matches!(change,
            Change::RemoveUser { user } | Change::SetOrgRole { user, from: OrgRole::Owner, .. } if owners.contains(user));
        if ends_an_owner {
            needs.extend(&promotions);
        }
    }
}

/// The old account of a renamed user goes when the new one has everything.
fn replaced_users_go_last(target: &Target, changes: &[Change], found: &mut [Vec<ChangeId>]) {
    if target.replaced_users.is_empty() {
        return;
    }
    // A move to another domain renames everybody: each change is looked at once.
    let mut given: Lookup<&Email, Vec<ChangeId>> = Lookup::default();
    for ((id, change), needs) in numbered(changes).zip(found) {
        if let Change::RemoveUser { user } | Change::CancelInvite { user } = change {
            let new = target.replaced_users.get(user);
            needs.extend(new.and_then(|new| given.get(new)).into_iter().flatten());
        } else if let Some(user) = change.user().filter(|_| !change.kind().is_removal()) {
            given.entry(user).or_default().push(id);
        }
    }
}
