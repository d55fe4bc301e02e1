//! How far the configuration looks after the live side.

use super::Glob;
use crate::source::Span;
use crate::spec::ManageMode;

/// How far each section is managed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manage {
    /// Users and their org roles.
    pub users: ManageMode,
    /// Teams, their members and their roles.
    pub teams: ManageMode,
    /// Whether the members of teams are managed with them.
    pub team_members: bool,
    /// Individual grants.
    pub grants: ManageMode,
    /// Default roles of projects.
    pub everyone: ManageMode,
    /// Roles on projects that the configuration does not declare: kept unless this is `full`.
    pub projects: ManageMode,
}

/// What is kept whatever the sections say: everything that a pattern covers.
#[derive(Debug, Clone, Default)]
pub struct Ignore {
    /// Users by e-mail.
    pub users: Vec<(Glob, Span)>,
    /// Teams by name.
    pub teams: Vec<(Glob, Span)>,
    /// Projects by key, id or name.
    pub projects: Vec<(Glob, Span)>,
}

impl Ignore {
    /// The pattern that covers the user, if one does.
    pub fn user(&self, email: &str) -> Option<&Glob> {
        first(&self.users, |glob| glob.covers(email))
    }

    /// The pattern that covers the team, if one does.
    pub fn team(&self, name: &str) -> Option<&Glob> {
        first(&self.teams, |glob| glob.covers(name))
    }

    /// The pattern that covers a project called by any of `names`: its key, its id as text, its name.
    pub fn project(&self, names: &[&str]) -> Option<&Glob> {
        first(&self.projects, |glob| names.iter().any(|name| glob.covers(name)))
    }
}

fn first(patterns: &[(Glob, Span)], covers: impl Fn(&Glob) -> bool) -> Option<&Glob> {
    patterns.iter().map(|(glob, _)| glob).find(|glob| covers(glob))
}
