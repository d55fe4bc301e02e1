//! A complete, normalized picture of one organization's access.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Email, OrgId, OrgRole, ProjectId, ProjectRole, RoleName, TeamName, Unread};

/// Everything that decides who has which access in one organization.
///
/// Keys are what the service treats as identity, values what one request can change in place: two roles of one user
/// on one project by grant cannot be written down. A state is *closed*: members and holders of grants are users of
/// it, projects and custom roles that are named exist ([`State::problems`] lists what is not).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Which organization this is.
    pub organization: Organization,
    /// Projects, complete: access by org role reaches every one of them.
    pub projects: BTreeMap<ProjectId, Project>,
    /// Users, active and invited.
    pub users: BTreeMap<Email, User>,
    /// Teams.
    pub teams: BTreeMap<TeamName, Team>,
    /// Individual grants.
    pub grants: BTreeMap<(Email, ProjectId), ProjectRole>,
    /// What was not read of all this.
    pub unread: Unread,
}

/// The identity of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// Its id on the service.
    pub id: OrgId,
    /// Its name, for people.
    pub name: String,
}

/// A project as far as access is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its name, for people; two projects may have the same.
    pub name: String,
    /// The default role of all present and future users of the organization.
    pub everyone: Option<ProjectRole>,
    /// The custom roles that the project defines.
    pub roles: BTreeSet<RoleName>,
}

/// A user of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The org role.
    pub role: OrgRole,
    /// Whether the person has joined.
    pub status: Status,
    /// When the person was last seen, where the backend knows. Never causes a change.
    pub last_active: Option<Timestamp>,
}

/// Whether a user has joined the organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Joined.
    Active,
    /// Invited and not yet joined. Roles, teams and grants are managed all the same and take effect when they join.
    Invited {
        /// When the latest invitation was sent, where the backend knows.
        at: Option<Timestamp>,
    },
}

impl Status {
    /// Whether the user is invited and has not joined.
    pub fn is_invited(self) -> bool {
        matches!(self, Self::Invited { .. })
    }
}

/// A team.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Team {
    /// Its members.
    pub members: BTreeSet<Email>,
    /// The role that membership gives on each project.
    pub roles: BTreeMap<ProjectId, ProjectRole>,
}

impl State {
    /// A state of `organization` with nothing in it.
    pub fn empty(organization: Organization) -> Self {
        Self {
            organization,
            projects: BTreeMap::new(),
            users: BTreeMap::new(),
            teams: BTreeMap::new(),
            grants: BTreeMap::new(),
            unread: Unread::default(),
        }
    }

    /// The owners who have joined: an invited owner cannot act for the organization yet.
    pub fn active_owners(&self) -> impl Iterator<Item = &Email> {
        self.users
            .iter()
            .filter(|(_, user)| user.role == OrgRole::Owner && !user.status.is_invited())
            .map(|(email, _)| email)
    }

    /// What makes this state not closed, in words: names that are used and not defined, and parts that are there and were
    /// not read.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut role_problem = |what: &dyn Fn() -> String, project: ProjectId, role: &ProjectRole| match self
            .projects
            .get(&project)
        {
            None => problems.push(format!("{} is on project {project}, which the organization does not have", what())),
            Some(found) => {
                if let ProjectRole::Custom(name) = role
                    && !found.roles.contains(name)
                {
                    problems.push(format!("{} has the role `{name}`, which project {project} does not define", what()));
                }
            }
        };
        for (id, project) in &self.projects {
            if let Some(role) = &project.everyone {
                role_problem(&|| format!("everyone of project {id}"), *id, role);
            }
        }
        for (name, team) in &self.teams {
            for (project, role) in &team.roles {
                role_problem(&|| format!("a role of team `{name}`"), *project, role);
            }
        }
        for ((user, project), role) in &self.grants {
            role_problem(&|| format!("a grant of `{user}`"), *project, role);
        }
        for (name, team) in &self.teams {
            for member in team.members.iter().filter(|member| !self.users.contains_key(*member)) {
                problems.push(format!("`{member}` is in team `{name}` and is no user of the organization"));
            }
        }
        for (user, project) in self.grants.keys().filter(|(user, _)| !self.users.contains_key(user)) {
            problems.push(format!("`{user}` has a grant on project {project} and is no user of the organization"));
        }
        problems.extend(self.unread.problems(self));
        problems
    }

    /// The org roles that users have and that are not known, each with those who have it.
    pub fn unknown_org_roles(&self) -> BTreeMap<&OrgRole, Vec<&Email>> {
        let mut found: BTreeMap<&OrgRole, Vec<&Email>> = BTreeMap::new();
        for (email, user) in self.users.iter().filter(|(_, user)| !user.role.is_known()) {
            found.entry(&user.role).or_default().push(email);
        }
        found
    }
}
