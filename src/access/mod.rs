//! Effective access: what a user may really do on a project, and from where.
//!
//! Sources are additive and none subtracts (the service's role model): org role, team, grant, everyone.

mod changes;

use crate::join::Cursor;
use crate::lookup::NameTable;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, State, Team, TeamName, User};

pub use crate::model::{Rank, Ranks};
pub use changes::{AccessChange, Effect, UnreadSources, UserAccess, access_changes};
pub(crate) use changes::{Choice, Lost};

/// One source of access with the role that it gives, lent by a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccessSource<'a> {
    /// What gives it.
    pub via: Via<'a>,
    /// The role that it gives.
    pub role: &'a ProjectRole,
}

/// What gives access. The order is the order in which sources are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via<'a> {
    /// The org role: owners and admins reach every project.
    OrgRole,
    /// Membership of a team.
    Team(&'a TeamName),
    /// An individual grant.
    Grant,
    /// The project's default role for everybody.
    Everyone,
}

impl Via<'_> {
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

/// The rank of `role` on `project`: that of a built-in role, or of the one that a custom role is like.
pub fn rank(ranks: &Ranks, project: ProjectId, role: &ProjectRole) -> Option<BuiltInRole> {
    by(ranks, project, role, |rank| rank.now)
}

/// The same of a role that somebody had before.
pub fn rank_before(ranks: &Ranks, project: ProjectId, role: &ProjectRole) -> Option<BuiltInRole> {
    by(ranks, project, role, |rank| rank.before)
}

fn by(
    ranks: &Ranks,
    project: ProjectId,
    role: &ProjectRole,
    of: fn(&Rank) -> Option<BuiltInRole>,
) -> Option<BuiltInRole> {
    match role {
        ProjectRole::BuiltIn(role) => Some(*role),
        ProjectRole::Custom(name) => of(ranks.get(&project)?.get(name)?),
    }
}

/// Whether whoever has `held` on `project` can do all that `wanted` would let them do, as far as ranks tell.
///
/// A role covers itself and every role of a lower rank. Custom roles without a rank are covered by the roles that
/// manage the project (owner, admin) and cover nothing else.
pub fn covers(ranks: &Ranks, project: ProjectId, held: &ProjectRole, wanted: &ProjectRole) -> bool {
    let of = |role| rank(ranks, project, role);
    is_as_much((held, of(held)), (wanted, of(wanted)))
}

/// Whether whoever had `had` on `project` could do all that `gets` lets them do.
pub(crate) fn covered_before(ranks: &Ranks, project: ProjectId, had: &ProjectRole, gets: &ProjectRole) -> bool {
    is_as_much((had, rank_before(ranks, project, had)), (gets, rank(ranks, project, gets)))
}

/// Whether whoever has `has` on `project` can do all that `had` let them do before.
pub(crate) fn covered_after(ranks: &Ranks, project: ProjectId, has: &ProjectRole, had: &ProjectRole) -> bool {
    let kept = by(ranks, project, has, |rank| rank.kept);
    is_as_much((has, kept), (had, rank_before(ranks, project, had)))
}

/// Whether a role is as much as another one, each with its rank.
fn is_as_much(
    (held, rank): (&ProjectRole, Option<BuiltInRole>),
    (wanted, least): (&ProjectRole, Option<BuiltInRole>),
) -> bool {
    held == wanted
        || match (rank, least) {
            (Some(rank), Some(least)) => rank > least,
            (Some(_), None) => matches!(held, ProjectRole::BuiltIn(BuiltInRole::Owner | BuiltInRole::Admin)),
            (None, _) => false,
        }
}

/// Whether `held` is at least `wanted` on `project`: for a built-in role by rank, for a custom role as [`covers`] has it.
///
/// A custom role without a rank is at least itself and nothing else.
pub fn is_at_least(ranks: &Ranks, project: ProjectId, held: &ProjectRole, wanted: &ProjectRole) -> bool {
    match wanted {
        ProjectRole::BuiltIn(wanted) => rank(ranks, project, held) >= Some(*wanted),
        ProjectRole::Custom(_) => covers(ranks, project, held, wanted),
    }
}

/// The project role that the org role gives on every project, if it gives one.
pub(crate) fn by_org_role(role: &OrgRole) -> Option<&'static ProjectRole> {
    role.on_every_project().map(|role| if role == BuiltInRole::Owner { &OWNER } else { &ADMIN })
}

/// What some users of one state have, ready for many questions about these users.
#[derive(Debug)]
pub struct AccessIndex<'a> {
    state: &'a State,
    users: NameTable<'a, Holder<'a>>,
    /// Projects with a default role for everybody.
    everyone: Vec<(ProjectId, &'a ProjectRole)>,
}

/// What one user has.
#[derive(Debug)]
struct Holder<'a> {
    user: &'a User,
    teams: Vec<(&'a TeamName, &'a Team)>,
    grants: Vec<(ProjectId, &'a ProjectRole)>,
}

static OWNER: ProjectRole = ProjectRole::BuiltIn(BuiltInRole::Owner);
static ADMIN: ProjectRole = ProjectRole::BuiltIn(BuiltInRole::Admin);

impl<'a> AccessIndex<'a> {
    /// Indexes `state` for the `users`.
    pub fn new(state: &'a State, users: impl IntoIterator<Item = &'a Email>) -> Self {
        let mut holders: NameTable<'_, Holder<'_>> = NameTable::default();
        let mut known = Cursor::new(&state.users);
        for name in users {
            if let Some(user) = known.get(name) {
                holders.insert_new(name, || Holder { user, teams: Vec::new(), grants: Vec::new() });
            }
        }
        if !holders.is_empty() {
            for (name, team) in &state.teams {
                for member in &team.members {
                    if let Some(holder) = holders.get_mut(member) {
                        holder.teams.push((name, team));
                    }
                }
            }
            for ((user, project), role) in &state.grants {
                if let Some(holder) = holders.get_mut(user) {
                    holder.grants.push((*project, role));
                }
            }
        }
        let everyone =
            state.projects.iter().filter_map(|(id, project)| Some((*id, project.everyone.as_ref()?))).collect();
        Self { state, users: holders, everyone }
    }

    /// The sources of `user`'s access to `project`, in order; none for somebody who is no user.
    pub fn sources(&self, user: &Email, project: ProjectId) -> impl Iterator<Item = AccessSource<'a>> + use<'a> {
        let mut found = Vec::new();
        self.collect(user, |id| id == project, &mut found);
        found.into_iter().map(|(_, source)| source)
    }

    /// Fills `found` with the sources of `user`'s access to the projects that `wanted` takes, by project and in order;
    /// what the state says of the user itself.
    pub(crate) fn collect(
        &self,
        user: &Email,
        wanted: impl Fn(ProjectId) -> bool,
        found: &mut Vec<(ProjectId, AccessSource<'a>)>,
    ) -> Option<&'a User> {
        found.clear();
        let holder = self.users.get(user)?;
        let by =
            |via: Via<'a>| move |(project, role): (ProjectId, &'a ProjectRole)| (project, AccessSource { via, role });
        if let Some(role) = by_org_role(&holder.user.role) {
            let projects = self.state.projects.keys().copied().filter(|id| wanted(*id));
            found.extend(projects.map(|id| (id, role)).map(by(Via::OrgRole)));
        }
        for (name, team) in &holder.teams {
            let roles = team.roles.iter().map(|(id, role)| (*id, role)).filter(|(id, _)| wanted(*id));
            found.extend(roles.map(by(Via::Team(name))));
        }
        found.extend(holder.grants.iter().copied().filter(|(id, _)| wanted(*id)).map(by(Via::Grant)));
        found.extend(self.everyone.iter().copied().filter(|(id, _)| wanted(*id)).map(by(Via::Everyone)));
        // A stable sort: within a project the sources stay in their order.
        found.sort_by_key(|(project, _)| *project);
        Some(holder.user)
    }
}
