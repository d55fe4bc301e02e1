//! Whom a difference makes admin or owner, who were not to be.

use std::collections::BTreeSet;

use crate::access::{AccessIndex, rank};
use crate::change::Change;
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole, TeamName};
use crate::plan::Plan;

/// How many people and projects are named.
const NAMED: usize = 3;

/// Who is admin or owner by a difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raised {
    /// The strongest rank.
    pub rank: BuiltInRole,
    /// Whether it is the role in the organization, which reaches every project.
    pub of_organization: bool,
    /// The people.
    pub people: BTreeSet<Email>,
    /// On how many projects, where it is not the role in the organization.
    pub projects: usize,
    /// The first of them.
    pub first_projects: Vec<ProjectId>,
}

impl Raised {
    /// The first of the people, who are named.
    pub fn first(&self) -> impl Iterator<Item = &Email> {
        self.people.iter().take(NAMED)
    }
}

/// Somebody with a role by a difference.
struct Held<'p> {
    user: &'p Email,
    project: ProjectId,
    rank: BuiltInRole,
}

/// What one difference gives.
enum Gives<'p> {
    /// The role of owner or admin in the organization.
    OfOrganization(&'p Email, BuiltInRole),
    /// Roles on projects; only those of admins and owners.
    OnProjects(Vec<Held<'p>>),
}

/// Whom each of `groups`, which are places of changes in `plan`, raises: who has more now than agreed.
pub(super) fn raised(plan: &Plan, groups: &[Vec<usize>]) -> Vec<Option<Raised>> {
    let gives: Vec<Gives<'_>> = groups
        .iter()
        .map(|group| {
            let change = group.first().and_then(|first| plan.changes.get(*first)).map(|planned| &planned.change);
            change.map_or(Gives::OnProjects(Vec::new()), |change| gives(plan, change))
        })
        .collect();
    let people = gives.iter().flat_map(|gives| match gives {
        Gives::OfOrganization(..) => &[][..],
        Gives::OnProjects(held) => held,
    });
    let agreed = AccessIndex::new(&plan.target, people.map(|held| held.user).collect::<BTreeSet<_>>());
    let was_to_have = |held: &Held<'_>| {
        let sources = agreed.sources(held.user, held.project);
        sources.filter_map(|source| rank(&plan.ranks, held.project, source.role)).max()
    };
    gives
        .into_iter()
        .map(|gives| match gives {
            Gives::OfOrganization(user, rank) => Some(Raised {
                rank,
                of_organization: true,
                people: BTreeSet::from([user.clone()]),
                projects: 0,
                first_projects: Vec::new(),
            }),
            Gives::OnProjects(mut held) => {
                held.retain(|held| Some(held.rank) > was_to_have(held));
                let rank = held.iter().map(|held| held.rank).max()?;
                let projects: BTreeSet<ProjectId> = held.iter().map(|held| held.project).collect();
                let people: BTreeSet<Email> = held.iter().map(|held| held.user.clone()).collect();
                // Whoever is about to be renamed may be one of them by two addresses.
                let is_another = |user: &&Email| {
                    let person = plan.person(user);
                    person == *user || !people.contains(person)
                };
                Some(Raised {
                    rank,
                    of_organization: false,
                    people: people.iter().filter(is_another).cloned().collect(),
                    projects: projects.len(),
                    first_projects: projects.into_iter().take(NAMED).collect(),
                })
            }
        })
        .collect()
}

/// What is there and `change` takes away.
fn gives<'p>(plan: &'p Plan, change: &'p Change) -> Gives<'p> {
    let live = &plan.live;
    let manages = |project: ProjectId, role: &ProjectRole| {
        rank(&plan.ranks, project, role).filter(|rank| *rank >= BuiltInRole::Admin)
    };
    let one = |user: &'p Email, project: ProjectId, role: &ProjectRole| {
        let rank = manages(project, role);
        rank.into_iter().map(|rank| Held { user, project, rank }).collect::<Vec<_>>()
    };
    let team = |name: &TeamName| {
        let old = plan.team_renames.iter().find(|(_, new)| *new == name).map_or(name, |(old, _)| old);
        live.teams.get(old)
    };
    let held = match change {
        Change::SetOrgRole { user, from, to } => match from.on_every_project() {
            Some(rank) if from.is_above(to) => return Gives::OfOrganization(user, rank),
            Some(_) | None => Vec::new(),
        },
        Change::RemoveUser { user } | Change::CancelInvite { user } => {
            let role = live.users.get(user).map(|found| &found.role);
            if let Some(rank) = role.and_then(|role| role.on_every_project()) {
                return Gives::OfOrganization(user, rank);
            }
            let by_team = live.teams.values().filter(|team| team.members.contains(user)).flat_map(|team| &team.roles);
            let by_team = by_team.flat_map(|(project, role)| one(user, *project, role));
            by_team.chain(live.grants_of(user).flat_map(|(project, role)| one(user, project, role))).collect()
        }
        Change::SetGrant { user, project, from: Some(role), .. }
        | Change::RemoveGrant { user, project, from: role } => one(user, *project, role),
        Change::RemoveTeamMember { team: name, user } => {
            let roles = team(name).into_iter().flat_map(|team| &team.roles);
            roles.flat_map(|(project, role)| one(user, *project, role)).collect()
        }
        Change::SetTeamRole { team: name, project, from: Some(role), .. }
        | Change::RemoveTeamRole { team: name, project, from: role } => {
            let members = team(name).into_iter().flat_map(|team| &team.members);
            members.flat_map(|user| one(user, *project, role)).collect()
        }
        Change::DeleteTeam { team: name } => {
            let team = team(name).into_iter();
            let roles = team.flat_map(|team| team.roles.iter().map(move |role| (team, role)));
            roles
                .flat_map(|(team, (project, role))| team.members.iter().flat_map(|user| one(user, *project, role)))
                .collect()
        }
        Change::SetEveryone { project, from: Some(role), .. } | Change::RemoveEveryone { project, from: role } => {
            match manages(*project, role) {
                Some(rank) => live.users.keys().map(|user| Held { user, project: *project, rank }).collect(),
                None => Vec::new(),
            }
        }
        Change::SetGrant { from: None, .. }
        | Change::SetTeamRole { from: None, .. }
        | Change::SetEveryone { from: None, .. }
        | Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::InviteUser { .. }
        | Change::AddTeamMember { .. } => Vec::new(),
    };
    Gives::OnProjects(held)
}
