//! Effective access: what a user may really do on a project, and from where.
//!
//! Sources are additive and none subtracts (the service's role model): org role, team, grant, everyone.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Change;
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole, RoleName, State, Team, TeamName};

/// One source of access with the role that it gives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessSource {
    /// What gives it.
    pub via: Via,
    /// The role that it gives.
    pub role: ProjectRole,
}

/// What gives access. The order is the order in which sources are shown.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// The org role: owners and admins reach every project.
    OrgRole,
    /// Membership of a team.
    Team(TeamName),
    /// An individual grant.
    Grant,
    /// The project's default role for everybody.
    Everyone,
}

impl Via {
    /// The name in plans: `org_role`, `team`, `grant` or `everyone`.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::OrgRole => "org_role",
            Self::Team(_) => "team",
            Self::Grant => "grant",
            Self::Everyone => "everyone",
        }
    }
}

/// How somebody's access to a project changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// None before, some after.
    Gain,
    /// Some before, none after.
    Lose,
    /// Something that was not covered before; also where roles without a common rank replace each other.
    Raise,
    /// Less than before and nothing new.
    Lower,
}

impl Effect {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::Lose => "lose",
            Self::Raise => "raise",
            Self::Lower => "lower",
        }
    }
}

/// A real change of one user's access to one project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessChange {
    /// Whose.
    pub user: Email,
    /// On which project.
    pub project: ProjectId,
    /// How.
    pub effect: Effect,
    /// The sources before, in order.
    pub before: Vec<AccessSource>,
    /// The sources after, in order.
    pub after: Vec<AccessSource>,
    /// Whether the user is invited and has not joined: the access takes effect then.
    pub pending: bool,
}

/// The ranks of custom roles that say which built-in role they are like.
pub type Ranks = BTreeMap<(ProjectId, RoleName), BuiltInRole>;

/// The rank of `role` on `project`: that of a built-in role, or of the one that a custom role is like.
pub fn rank(ranks: &Ranks, project: ProjectId, role: &ProjectRole) -> Option<BuiltInRole> {
    match role {
        ProjectRole::BuiltIn(role) => Some(*role),
        ProjectRole::Custom(name) => ranks.get(&(project, name.clone())).copied(),
    }
}

/// Whether whoever has `held` on `project` can do all that `wanted` would let them do, as far as ranks tell.
///
/// A role covers itself and every role of a lower rank. Custom roles without a rank are covered by the roles that
/// manage the project (owner, admin) and cover nothing else.
pub fn covers(ranks: &Ranks, project: ProjectId, held: &ProjectRole, wanted: &ProjectRole) -> bool {
    if held == wanted {
        return true;
    }
    match (rank(ranks, project, held), rank(ranks, project, wanted)) {
        (Some(held), Some(wanted)) => held > wanted,
        (Some(_), None) => matches!(held, ProjectRole::BuiltIn(BuiltInRole::Owner | BuiltInRole::Admin)),
        (None, _) => false,
    }
}

/// How access changes from `before` to `after` on `project`; `None` when nothing really changes.
pub fn effect(ranks: &Ranks, project: ProjectId, before: &[AccessSource], after: &[AccessSource]) -> Option<Effect> {
    let adds = |from: &[AccessSource], to: &[AccessSource]| {
        to.iter().any(|wanted| !from.iter().any(|held| covers(ranks, project, &held.role, &wanted.role)))
    };
    match (before.is_empty(), after.is_empty()) {
        (true, true) => None,
        (true, false) => Some(Effect::Gain),
        (false, true) => Some(Effect::Lose),
        (false, false) if adds(before, after) => Some(Effect::Raise),
        (false, false) => adds(after, before).then_some(Effect::Lower),
    }
}

/// The teams of some users in one state, ready for many questions about these users.
#[derive(Debug)]
pub struct AccessIndex<'a> {
    state: &'a State,
    teams: BTreeMap<&'a Email, Vec<(&'a TeamName, &'a Team)>>,
    /// Projects with a default role for everybody.
    everyone: Vec<ProjectId>,
}

impl<'a> AccessIndex<'a> {
    /// Indexes `state` for the `users`.
    #[expect(clippy::disallowed_types, reason = "looked up by name only, never iterated")]
    pub fn new<'u>(state: &'a State, users: impl IntoIterator<Item = &'u Email>) -> Self {
        // Half a million memberships are looked up for a change of a few: hashing keeps that cheap.
        let wanted: std::collections::HashSet<&str, foldhash::fast::RandomState> =
            users.into_iter().map(|user| &**user).collect();
        let mut teams: BTreeMap<&Email, Vec<(&TeamName, &Team)>> = BTreeMap::new();
        if !wanted.is_empty() {
            for (name, team) in &state.teams {
                for member in team.members.iter().filter(|member| wanted.contains(&***member)) {
                    teams.entry(member).or_default().push((name, team));
                }
            }
        }
        let everyone =
            state.projects.iter().filter(|(_, project)| project.everyone.is_some()).map(|(id, _)| *id).collect();
        Self { state, teams, everyone }
    }

    /// The sources of `user`'s access to `project`, in order; none for somebody who is no user.
    pub fn sources(&self, user: &Email, project: ProjectId) -> Vec<AccessSource> {
        let (Some(found), Some(place)) = (self.state.users.get(user), self.state.projects.get(&project)) else {
            return Vec::new();
        };
        let by_org_role = found.role.on_every_project().map(|role| (Via::OrgRole, role.into()));
        let by_team = self
            .teams_of(user)
            .iter()
            .filter_map(|(name, team)| team.roles.get(&project).map(|role| (Via::Team((*name).clone()), role.clone())));
        let by_grant = self.state.grants.get(&(user.clone(), project)).map(|role| (Via::Grant, role.clone()));
        let by_everyone = place.everyone.as_ref().map(|role| (Via::Everyone, role.clone()));
        by_org_role
            .into_iter()
            .chain(by_team)
            .chain(by_grant)
            .chain(by_everyone)
            .map(|(via, role)| AccessSource { via, role })
            .collect()
    }

    /// The projects to which `user` has some access.
    pub fn projects(&self, user: &Email) -> BTreeSet<ProjectId> {
        let Some(found) = self.state.users.get(user) else {
            return BTreeSet::new();
        };
        if found.role.on_every_project().is_some() {
            return self.state.projects.keys().copied().collect();
        }
        let by_team = self.teams_of(user).iter().flat_map(|(_, team)| team.roles.keys().copied());
        let by_grant = self.state.grants_of(user).map(|(project, _)| project);
        by_team.chain(by_grant).chain(self.everyone.iter().copied()).collect()
    }

    /// The teams of `user`, among the users that were indexed.
    pub fn teams_of(&self, user: &Email) -> &[(&'a TeamName, &'a Team)] {
        self.teams.get(user).map_or(&[], Vec::as_slice)
    }
}

/// The real changes of access from `live` to `target`, by user and project.
///
/// `changes` are the changes between the two: users whom none of them touches keep the access that they have. The rows
/// are made as they are asked for, since a default role for everybody changes the access of everybody.
pub fn access_changes<'a, C: Iterator<Item = &'a Change>>(
    live: &'a State,
    target: &'a State,
    changes: C,
    ranks: &'a Ranks,
) -> impl Iterator<Item = AccessChange> + use<'a, C> {
    let touched = Touched::new(live, target, changes);
    let before = AccessIndex::new(live, touched.users.iter().copied());
    let after = AccessIndex::new(target, touched.users.iter().copied());
    let Touched { users, everyone, wholly } = touched;
    users.into_iter().flat_map(move |user| {
        let projects: Vec<ProjectId> = if wholly.contains(user) {
            before.projects(user).union(&after.projects(user)).copied().collect()
        } else {
            everyone.iter().copied().collect()
        };
        let row = |project| {
            let (before, after) = (before.sources(user, project), after.sources(user, project));
            let effect = effect(ranks, project, &before, &after)?;
            let pending =
                target.users.get(user).or(live.users.get(user)).is_some_and(|found| found.status.is_invited());
            Some(AccessChange { user: user.clone(), project, effect, before, after, pending })
        };
        projects.into_iter().filter_map(row).collect::<Vec<_>>()
    })
}

/// Whose access some changes may touch.
struct Touched<'a> {
    /// All of them, in order.
    users: BTreeSet<&'a Email>,
    /// Those whose access may change on any project; the others' only on the projects of `everyone`.
    wholly: BTreeSet<&'a Email>,
    /// Projects whose default role changes.
    everyone: BTreeSet<ProjectId>,
}

impl<'a> Touched<'a> {
    fn new(live: &'a State, target: &'a State, changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut wholly = BTreeSet::new();
        let mut everyone = BTreeSet::new();
        for change in changes {
            match change {
                Change::InviteUser { user, .. }
                | Change::SetOrgRole { user, .. }
                | Change::AddTeamMember { user, .. }
                | Change::SetGrant { user, .. }
                | Change::RemoveGrant { user, .. }
                | Change::RemoveTeamMember { user, .. }
                | Change::CancelInvite { user }
                | Change::RemoveUser { user } => {
                    wholly.insert(user);
                }
                Change::SetTeamRole { team, .. }
                | Change::RemoveTeamRole { team, .. }
                | Change::DeleteTeam { team }
                | Change::CreateTeam { team } => {
                    // Whoever is a member on one side only is touched by a change of membership.
                    let members = |state: &'a State| state.teams.get(team).map(|team| &team.members);
                    wholly.extend([members(live), members(target)].into_iter().flatten().flatten());
                }
                Change::SetEveryone { project, .. } | Change::RemoveEveryone { project, .. } => {
                    everyone.insert(*project);
                }
                Change::RenameTeam { .. } => {}
            }
        }
        let mut users = wholly.clone();
        if !everyone.is_empty() {
            // Whoever is on the live side only is removed, and so touched wholly.
            users.extend(target.users.keys());
        }
        Self { users, wholly, everyone }
    }
}
