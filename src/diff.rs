//! The changes that turn one state into another.
//!
//! Set arithmetic over two complete states: it never fails, asks nobody and knows no exception.

use std::collections::BTreeMap;

use crate::change::Change;
use crate::join::join;
use crate::model::{ProjectRole, State, Team, TeamName};

/// Returns the changes from `live` to `target`, in no particular order; `team_renames` maps old to new names.
///
/// What another change implies is left out: the parts of a deleted team, the memberships and grants of a removed user.
pub fn diff(live: &State, target: &State, team_renames: &BTreeMap<TeamName, TeamName>) -> Vec<Change> {
    // What is more on one side takes at least as many changes: half a million where everything is new.
    let least = facts(target).saturating_sub(facts(live));
    // A little more than that, for one change too many moves all of them to a place of twice the size.
    let mut changes = Vec::with_capacity(least + least / 16);
    users(live, target, &mut changes);
    teams(live, target, team_renames, &mut changes);
    for (key, from, to) in join(live.grants.iter(), target.grants.iter()) {
        if from == to {
            continue;
        }
        let (user, project) = (key.0.clone(), key.1);
        match (from.cloned(), to.cloned()) {
            (from, Some(to)) => changes.push(Change::SetGrant { user, project, from, to }),
            (Some(from), None) if target.users.contains_key(&user) => {
                changes.push(Change::RemoveGrant { user, project, from });
            }
            (_, None) => {}
        }
    }
    for (project, from, to) in join(live.projects.iter(), target.projects.iter()) {
        let everyone = |side: Option<&crate::model::Project>| side.and_then(|found| found.everyone.clone());
        changes.extend(role_change(
            everyone(from),
            everyone(to),
            |from, to| Change::SetEveryone { project: *project, from, to },
            |from| Change::RemoveEveryone { project: *project, from },
        ));
    }
    changes
}

/// How much a state says.
fn facts(state: &State) -> usize {
    let of_team = |team: &Team| 1 + team.members.len() + team.roles.len();
    state.users.len() + state.teams.values().map(of_team).sum::<usize>() + state.grants.len()
}

fn users(live: &State, target: &State, changes: &mut Vec<Change>) {
    for (email, from, to) in join(live.users.iter(), target.users.iter()) {
        let user = email.clone();
        match (from, to) {
            (Some(from), Some(to)) if from.role != to.role => {
                changes.push(Change::SetOrgRole { user, from: from.role.clone(), to: to.role.clone() });
            }
            (Some(from), None) if from.status.is_invited() => changes.push(Change::CancelInvite { user }),
            (Some(_), None) => changes.push(Change::RemoveUser { user }),
            (None, Some(to)) => changes.push(Change::InviteUser { user, role: to.role.clone() }),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
}

fn teams(live: &State, target: &State, renames: &BTreeMap<TeamName, TeamName>, changes: &mut Vec<Change>) {
    if renames.is_empty() {
        for (name, from, to) in join(live.teams.iter(), target.teams.iter()) {
            team(name, from, to, target, changes);
        }
        return;
    }
    let renamed: BTreeMap<&TeamName, &Team> =
        live.teams.iter().map(|(name, found)| (renames.get(name).unwrap_or(name), found)).collect();
    for (old, new) in renames {
        changes.push(Change::RenameTeam { from: old.clone(), to: new.clone() });
    }
    for (name, from, to) in join(renamed.iter().map(|(name, found)| (*name, *found)), target.teams.iter()) {
        team(name, from, to, target, changes);
    }
}

fn team(name: &TeamName, from: Option<&Team>, to: Option<&Team>, target: &State, changes: &mut Vec<Change>) {
    let Some(to) = to else {
        changes.push(Change::DeleteTeam { team: name.clone() });
        return;
    };
    let empty = Team::default();
    let from = from.unwrap_or_else(|| {
        changes.push(Change::CreateTeam { team: name.clone() });
        &empty
    });
    // Most teams of most runs are as they should be.
    if from == to {
        return;
    }
    let (before, after) = (from.members.iter().map(|user| (user, ())), to.members.iter().map(|user| (user, ())));
    for (user, was, is) in join(before, after) {
        let (team, user) = (name.clone(), user.clone());
        match (was, is) {
            (None, Some(())) => changes.push(Change::AddTeamMember { team, user }),
            (Some(()), None) if target.users.contains_key(&user) => {
                changes.push(Change::RemoveTeamMember { team, user });
            }
            (Some(()), _) | (None, None) => {}
        }
    }
    for (project, from, to) in join(from.roles.iter(), to.roles.iter()) {
        changes.extend(role_change(
            from.cloned(),
            to.cloned(),
            |from, to| Change::SetTeamRole { team: name.clone(), project: *project, from, to },
            |from| Change::RemoveTeamRole { team: name.clone(), project: *project, from },
        ));
    }
}

fn role_change(
    from: Option<ProjectRole>,
    to: Option<ProjectRole>,
    set: impl FnOnce(Option<ProjectRole>, ProjectRole) -> Change,
    remove: impl FnOnce(ProjectRole) -> Change,
) -> Option<Change> {
    if from == to {
        return None;
    }
    match (from, to) {
        (from, Some(to)) => Some(set(from, to)),
        (Some(from), None) => Some(remove(from)),
        (None, None) => None,
    }
}
