//! Differences of the live side that somebody has accepted for a while.

use super::Bound;
use crate::model::{Email, OrgRole, ProjectId, ProjectKey, ProjectRole, TeamName};
use crate::source::Span;

/// One thing as the live side has it, or that it does not have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observed {
    /// A user with the org role, or somebody who is no user.
    User(Email, Option<OrgRole>),
    /// Whether a team is there.
    Team(TeamName, bool),
    /// Whether somebody is in a team.
    Member(TeamName, Email, bool),
    /// The role of a team on a project.
    TeamRole(TeamName, ProjectId, Option<ProjectRole>),
    /// The individual grant of a user on a project.
    Grant(Email, ProjectId, Option<ProjectRole>),
    /// The default role of everybody on a project.
    Everyone(ProjectId, Option<ProjectRole>),
}

impl Observed {
    /// What it is about, whatever the live side has of it.
    pub fn subject(&self) -> Self {
        match self {
            Self::User(user, _) => Self::User(user.clone(), None),
            Self::Team(team, _) => Self::Team(team.clone(), false),
            Self::Member(team, user, _) => Self::Member(team.clone(), user.clone(), false),
            Self::TeamRole(team, project, _) => Self::TeamRole(team.clone(), *project, None),
            Self::Grant(user, project, _) => Self::Grant(user.clone(), *project, None),
            Self::Everyone(project, _) => Self::Everyone(*project, None),
        }
    }

    /// Whether it is that something is not there.
    pub fn is_missing(&self) -> bool {
        *self == self.subject()
    }

    /// What kind of thing it is: its stable name in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User(..) => "user",
            Self::Team(..) => "team",
            Self::Member(..) => "team_member",
            Self::TeamRole(..) => "team_role",
            Self::Grant(..) => "grant",
            Self::Everyone(..) => "everyone",
        }
    }

    /// The user that it names.
    pub fn user(&self) -> Option<&Email> {
        match self {
            Self::User(user, _) | Self::Member(_, user, _) | Self::Grant(user, ..) => Some(user),
            Self::Team(..) | Self::TeamRole(..) | Self::Everyone(..) => None,
        }
    }

    /// The team that it names.
    pub fn team(&self) -> Option<&TeamName> {
        match self {
            Self::Team(team, _) | Self::Member(team, ..) | Self::TeamRole(team, ..) => Some(team),
            Self::User(..) | Self::Grant(..) | Self::Everyone(..) => None,
        }
    }

    /// The project that it names.
    pub fn project(&self) -> Option<ProjectId> {
        match self {
            Self::TeamRole(_, project, _) | Self::Grant(_, project, _) | Self::Everyone(project, _) => Some(*project),
            Self::User(..) | Self::Team(..) | Self::Member(..) => None,
        }
    }

    /// The role that there is, in the organization or on the project.
    pub fn role(&self) -> Option<&str> {
        match self {
            Self::User(_, role) => role.as_ref().map(OrgRole::as_str),
            Self::TeamRole(_, _, role) | Self::Grant(_, _, role) | Self::Everyone(_, role) => {
                role.as_ref().map(ProjectRole::as_str)
            }
            Self::Team(..) | Self::Member(..) => None,
        }
    }
}

/// An entry of `accept`: differences that are known and may stay until a day.
///
/// It changes nothing but what `drift` says: plans go on taking the difference back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Where it is written.
    pub place: Span,
    /// What may be so; several where it names a group of projects.
    pub observed: Vec<Observed>,
    /// How the projects that it names are called.
    pub projects: Vec<ProjectKey>,
    /// When it does not count any more.
    pub until: Bound,
    /// Why.
    pub reason: String,
    /// The ticket that asked for it.
    pub ticket: Option<String>,
}

impl Acceptance {
    /// Whether it accepts `observed`.
    pub fn covers(&self, observed: &Observed) -> bool {
        self.observed.contains(observed)
    }
}
