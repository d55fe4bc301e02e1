//! Effective access: what a user may really do on a project, and from where.
//!
//! Sources are additive and none subtracts (the service's role model): org role, team, grant, everyone.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::Change;
use crate::lookup::{Lookup, LookupSet};
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
fn effect(ranks: &Ranks, project: ProjectId, before: &[Held<'_>], after: &[Held<'_>]) -> Option<Effect> {
    let adds = |from: &[Held<'_>], to: &[Held<'_>]| {
        to.iter().any(|wanted| !from.iter().any(|held| covers(ranks, project, held.role, wanted.role)))
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
    teams: Lookup<&'a str, Vec<(&'a TeamName, &'a Team)>>,
    /// Projects with a default role for everybody.
    everyone: Vec<(ProjectId, &'a ProjectRole)>,
}

/// One source of access, lent by a state.
#[derive(Debug, Clone, Copy)]
struct Held<'a> {
    project: ProjectId,
    via: HeldVia<'a>,
    role: &'a ProjectRole,
}

/// As [`Via`], lent.
#[derive(Debug, Clone, Copy)]
enum HeldVia<'a> {
    OrgRole,
    Team(&'a TeamName),
    Grant,
    Everyone,
}

static OWNER: ProjectRole = ProjectRole::BuiltIn(BuiltInRole::Owner);
static ADMIN: ProjectRole = ProjectRole::BuiltIn(BuiltInRole::Admin);

impl<'a> AccessIndex<'a> {
    /// Indexes `state` for the `users`.
    pub fn new<'u>(state: &'a State, users: impl IntoIterator<Item = &'u Email>) -> Self {
        // Half a million memberships are looked up for a change of a few: hashing keeps that cheap.
        let wanted: LookupSet<&str> = users.into_iter().map(|user| &**user).collect();
        let mut teams: Lookup<&str, Vec<(&TeamName, &Team)>> = Lookup::default();
        if !wanted.is_empty() {
            for (name, team) in &state.teams {
                for member in team.members.iter().filter(|member| wanted.contains(&***member)) {
                    teams.entry(member).or_default().push((name, team));
                }
            }
        }
        let everyone =
            state.projects.iter().filter_map(|(id, project)| Some((*id, project.everyone.as_ref()?))).collect();
        Self { state, teams, everyone }
    }

    /// The sources of `user`'s access to `project`, in order; none for somebody who is no user.
    pub fn sources(&self, user: &Email, project: ProjectId) -> Vec<AccessSource> {
        let mut held = Vec::new();
        self.collect(user, |id| id == project, &mut held);
        lent(&held)
    }

    /// Adds the sources of `user`'s access to the projects that `wanted` takes, by project and in order.
    fn collect(&self, user: &Email, wanted: impl Fn(ProjectId) -> bool, held: &mut Vec<Held<'a>>) {
        let Some(found) = self.state.users.get(user) else { return };
        if let Some(role) = found.role.on_every_project() {
            let role = if role == BuiltInRole::Owner { &OWNER } else { &ADMIN };
            let projects = self.state.projects.keys().filter(|id| wanted(**id));
            held.extend(projects.map(|id| Held { project: *id, via: HeldVia::OrgRole, role }));
        }
        for (name, team) in self.teams.get(&**user).map_or(&[][..], Vec::as_slice) {
            let roles = team.roles.iter().filter(|(id, _)| wanted(**id));
            held.extend(roles.map(|(id, role)| Held { project: *id, via: HeldVia::Team(name), role }));
        }
        let grants = self.state.grants_of(user).filter(|(id, _)| wanted(*id));
        held.extend(grants.map(|(project, role)| Held { project, via: HeldVia::Grant, role }));
        let everyone = self.everyone.iter().filter(|(id, _)| wanted(*id));
        held.extend(everyone.map(|(id, role)| Held { project: *id, via: HeldVia::Everyone, role }));
        // A stable sort: within a project the sources stay in their order.
        held.sort_by_key(|source| source.project);
    }
}

/// The sources as values of their own.
fn lent(held: &[Held<'_>]) -> Vec<AccessSource> {
    let via = |via| match via {
        HeldVia::OrgRole => Via::OrgRole,
        HeldVia::Team(name) => Via::Team(TeamName::clone(name)),
        HeldVia::Grant => Via::Grant,
        HeldVia::Everyone => Via::Everyone,
    };
    held.iter().map(|source| AccessSource { via: via(source.via), role: source.role.clone() }).collect()
}

/// Takes the sources of `project` from the front of `held`, which is sorted by project.
fn take<'h, 'a>(held: &mut &'h [Held<'a>], project: ProjectId) -> &'h [Held<'a>] {
    let count = held.iter().take_while(|source| source.project == project).count();
    let (taken, rest) = held.split_at(count);
    *held = rest;
    taken
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
    let Touched { users, wholly, everyone } = Touched::new(live, target, changes);
    let before = AccessIndex::new(live, users.iter().copied());
    let after = AccessIndex::new(target, users.iter().copied());
    users.into_iter().flat_map(move |user| {
        let is_wholly = wholly.contains(&**user);
        let wanted = |project| is_wholly || everyone.contains(&project);
        let (mut had, mut has) = (Vec::new(), Vec::new());
        before.collect(user, wanted, &mut had);
        after.collect(user, wanted, &mut has);
        let (mut had, mut has) = (had.as_slice(), has.as_slice());
        let mut rows = Vec::new();
        while let Some(project) = had.first().into_iter().chain(has.first()).map(|source| source.project).min() {
            let (before, after) = (take(&mut had, project), take(&mut has, project));
            if let Some(effect) = effect(ranks, project, before, after) {
                let status = target.users.get(user).or(live.users.get(user)).map(|found| found.status);
                let pending = status.is_some_and(crate::model::Status::is_invited);
                let (before, after) = (lent(before), lent(after));
                rows.push(AccessChange { user: user.clone(), project, effect, before, after, pending });
            }
        }
        rows
    })
}

/// Whose access some changes may touch.
struct Touched<'a> {
    /// All of them, in order.
    users: Vec<&'a Email>,
    /// Those whose access may change on any project; the others' only on the projects of `everyone`.
    wholly: LookupSet<&'a str>,
    /// Projects whose default role changes.
    everyone: BTreeSet<ProjectId>,
}

impl<'a> Touched<'a> {
    fn new(live: &'a State, target: &'a State, changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut touched = Self { users: Vec::new(), wholly: LookupSet::default(), everyone: BTreeSet::new() };
        for change in changes {
            match change {
                Change::InviteUser { user, .. }
                | Change::SetOrgRole { user, .. }
                | Change::AddTeamMember { user, .. }
                | Change::SetGrant { user, .. }
                | Change::RemoveGrant { user, .. }
                | Change::RemoveTeamMember { user, .. }
                | Change::CancelInvite { user }
                | Change::RemoveUser { user } => touched.wholly(user),
                Change::SetTeamRole { team, .. }
                | Change::RemoveTeamRole { team, .. }
                | Change::DeleteTeam { team }
                | Change::CreateTeam { team } => {
                    // Whoever is a member on one side only is touched by a change of membership.
                    for found in [live.teams.get(team), target.teams.get(team)].into_iter().flatten() {
                        found.members.iter().for_each(|member| touched.wholly(member));
                    }
                }
                Change::SetEveryone { project, .. } | Change::RemoveEveryone { project, .. } => {
                    touched.everyone.insert(*project);
                }
                Change::RenameTeam { .. } => {}
            }
        }
        if !touched.everyone.is_empty() {
            // Whoever is on the live side only is removed, and so touched wholly.
            let others = target.users.keys().filter(|user| !touched.wholly.contains(&***user));
            touched.users.extend(others);
        }
        touched.users.sort_unstable();
        touched
    }

    fn wholly(&mut self, user: &'a Email) {
        if self.wholly.insert(user) {
            self.users.push(user);
        }
    }
}
