//! Effective access: what a user may really do on a project, and from where.
//!
//! Sources are additive and none subtracts (the service's role model): org role, team, grant, everyone.

use crate::model::{Email, ProjectId, ProjectRole, TeamName};

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
