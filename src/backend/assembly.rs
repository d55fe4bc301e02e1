//! Assembles what a backend has read into a [`State`], and refuses whatever is not whole.
//!
//! Every backend reads rows in its own form; what makes them an organization is checked here, once. Order matters:
//! projects and users come first, so that each later row is checked against them where it is added. All problems of a
//! read are collected, so that a damaged file is repaired in one round.

use std::collections::{BTreeMap, BTreeSet};

use super::BackendError;
use crate::model::{
    BuiltInRole, Email, Interner, OrgId, OrgRole, Organization, Project, ProjectId, ProjectRole, RoleName, State, Team,
    TeamName, Unread, User,
};

/// How many problems a message names. A file that is wrong throughout would otherwise fill the screen.
const NAMED_PROBLEMS: usize = 20;

/// Users by their address.
#[expect(clippy::disallowed_types, reason = "looked up by text only, never iterated")]
type KnownUsers = std::collections::HashSet<Email, foldhash::fast::RandomState>;

/// The parts of one organization, as far as they have been read.
#[derive(Debug)]
pub(super) struct Assembly<'n> {
    names: &'n mut Interner,
    organization: Option<Organization>,
    projects: BTreeMap<ProjectId, Project>,
    users: Vec<(Email, User)>,
    known: KnownUsers,
    teams: BTreeMap<TeamName, Team>,
    team_ids: BTreeMap<TeamName, u64>,
    used_team_ids: BTreeSet<u64>,
    grants: Vec<((Email, ProjectId), ProjectRole)>,
    /// One allocation for each role name: many grants have the same custom role.
    roles: BTreeMap<Box<str>, ProjectRole>,
    /// The same for org roles that are not known.
    org_roles: BTreeMap<Box<str>, OrgRole>,
    unread: Unread,
    problems: Vec<String>,
    unnamed_problems: usize,
}

impl<'n> Assembly<'n> {
    /// Starts with nothing; names are shared through `names`.
    pub(super) fn new(names: &'n mut Interner) -> Self {
        Self {
            names,
            organization: None,
            projects: BTreeMap::new(),
            users: Vec::new(),
            known: KnownUsers::default(),
            teams: BTreeMap::new(),
            team_ids: BTreeMap::new(),
            used_team_ids: BTreeSet::new(),
            grants: Vec::new(),
            roles: BTreeMap::new(),
            org_roles: BTreeMap::new(),
            unread: Unread::default(),
            problems: Vec::new(),
            unnamed_problems: 0,
        }
    }

    /// Notes something that keeps the whole from being an organization.
    pub(super) fn problem(&mut self, problem: String) {
        if self.problems.len() < NAMED_PROBLEMS {
            self.problems.push(problem);
        } else {
            self.unnamed_problems += 1;
        }
    }

    /// Says which organization this is.
    pub(super) fn organization(&mut self, id: u64, name: String) {
        match OrgId::new(id) {
            Ok(id) => self.organization = Some(Organization { id, name }),
            Err(problem) => self.problem(format!("organization {id}: {problem}")),
        }
    }

    /// Adds a project with its custom roles.
    pub(super) fn project<'r>(
        &mut self,
        id: u64,
        name: String,
        everyone: Option<&str>,
        roles: impl Iterator<Item = &'r str>,
    ) {
        let project = match ProjectId::new(id) {
            Ok(project) => project,
            Err(problem) => return self.problem(format!("project {id}: {problem}")),
        };
        let mut custom = BTreeSet::new();
        for text in roles {
            match RoleName::new(text) {
                None => self.problem(format!("project {id} has a custom role without a name")),
                Some(role) if BuiltInRole::from_name(&role).is_some() => {
                    self.problem(format!("project {id} has a custom role called `{role}`, which every project has"));
                }
                Some(role) => {
                    let shown = role.clone();
                    if !custom.insert(role) {
                        self.problem(format!("project {id} has the role `{shown}` twice"));
                    }
                }
            }
        }
        if self.projects.insert(project, Project { name, everyone: None, roles: custom }).is_some() {
            return self.problem(format!("project {id} is listed twice"));
        }
        if let Some(everyone) = everyone {
            let role = self.role(|| "everyone".to_owned(), id, everyone);
            if let Some(found) = self.projects.get_mut(&project) {
                found.everyone = role.map(|(_, role)| role);
            }
        }
    }

    /// Says what was not read.
    pub(super) fn unread(&mut self, unread: Unread) {
        self.unread = unread;
    }

    /// The org role that `text` names, or notes that the user `email` has none.
    pub(super) fn org_role(&mut self, email: &str, text: &str) -> Option<OrgRole> {
        if let Some(known) = OrgRole::from_name(text) {
            return Some(known);
        }
        if let Some(known) = self.org_roles.get(text) {
            return Some(known.clone());
        }
        let read = OrgRole::read(text);
        match &read {
            Some(role) => drop(self.org_roles.insert(text.into(), role.clone())),
            None => self.problem(format!("user `{email}` has an org role without a name")),
        }
        read
    }

    /// Adds a user, and returns the canonical address unless it is none.
    pub(super) fn user(&mut self, email: &str, user: User) -> Option<Email> {
        match Email::interned(email, self.names) {
            Err(problem) => {
                self.problem(format!("user `{email}`: {problem}"));
                None
            }
            Ok(canonical) => {
                if self.known.insert(canonical.clone()) {
                    self.users.push((canonical.clone(), user));
                } else {
                    self.problem(format!("user `{canonical}` is listed twice"));
                }
                Some(canonical)
            }
        }
    }

    /// Finds the user that `email` names.
    pub(super) fn find_user(&self, email: &str) -> Option<Email> {
        if let Some(known) = self.known.get(email) {
            return Some(known.clone());
        }
        self.known.get(&*Email::canonical(email).ok()?).cloned()
    }

    /// Finds the user that `email` names, or notes that `what` names nobody.
    pub(super) fn known_user(&mut self, what: impl Fn() -> String, email: &str) -> Option<Email> {
        if let Some(known) = self.known.get(email) {
            return Some(known.clone());
        }
        match Email::interned(email, self.names) {
            Err(problem) => {
                self.problem(format!("{} names `{email}`: {problem}", what()));
                None
            }
            Ok(canonical) if self.known.contains(&canonical) => Some(canonical),
            Ok(canonical) => {
                self.problem(format!("{} names `{canonical}`, who is no user of the organization", what()));
                None
            }
        }
    }

    /// Finds the role that `text` names on a project, or notes that `what` names none.
    pub(super) fn role(
        &mut self,
        what: impl Fn() -> String,
        project: u64,
        text: &str,
    ) -> Option<(ProjectId, ProjectRole)> {
        let role = match self.roles.get(text) {
            Some(role) => role.clone(),
            None => {
                let Some(role) = ProjectRole::from_name(text) else {
                    self.problem(format!("{} on project {project} has a role without a name", what()));
                    return None;
                };
                self.roles.insert(text.into(), role.clone());
                role
            }
        };
        let found = ProjectId::new(project).ok().and_then(|id| Some((id, self.projects.get(&id)?)));
        let problem = match (found, &role) {
            (None, _) => format!("{} is on project {project}, which the organization does not have", what()),
            (Some((_, found)), ProjectRole::Custom(name)) if !found.roles.contains(name) => {
                format!("{} has the role `{name}`, which project {project} does not define", what())
            }
            (Some((id, _)), ProjectRole::Custom(_) | ProjectRole::BuiltIn(_)) => return Some((id, role)),
        };
        self.problem(problem);
        None
    }

    /// Adds a team.
    pub(super) fn team(
        &mut self,
        id: Option<u64>,
        name: &str,
        members: Vec<Email>,
        roles: Vec<(ProjectId, ProjectRole)>,
    ) {
        let Some(team) = TeamName::new(name) else {
            return self.problem("a team has no name".to_owned());
        };
        for twice in twice(&members) {
            self.problem(format!("`{twice}` is in team `{team}` twice"));
        }
        for twice in twice(&roles.iter().map(|(project, _)| *project).collect::<Vec<_>>()) {
            self.problem(format!("team `{team}` has two roles on project {twice}"));
        }
        if let Some(id) = id {
            // The ids of teams keep the rule of all ids of the service.
            if let Err(problem) = OrgId::new(id) {
                self.problem(format!("team `{team}`: {problem}"));
            } else if !self.used_team_ids.insert(id) {
                self.problem(format!("team `{team}` has the id {id}, which another team has too"));
            }
            self.team_ids.insert(team.clone(), id);
        }
        let parts = Team { members: members.into_iter().collect(), roles: roles.into_iter().collect() };
        let shown = team.clone();
        if self.teams.insert(team, parts).is_some() {
            self.problem(format!("team `{shown}` is listed twice"));
        }
    }

    /// Adds an individual grant.
    pub(super) fn grant(&mut self, user: Email, project: u64, role: &str) {
        if let Some((project, role)) = self.role(|| format!("the grant of `{user}`"), project, role) {
            self.grants.push(((user, project), role));
        }
    }

    /// Returns the whole with the ids of its teams, or everything that is wrong with `what`.
    pub(super) fn finish(mut self, what: &str) -> Result<(State, BTreeMap<TeamName, u64>), BackendError> {
        let keys: Vec<&(Email, ProjectId)> = self.grants.iter().map(|(key, _)| key).collect();
        let repeated: Vec<_> = twice(&keys).into_iter().cloned().collect();
        for (user, project) in repeated {
            self.problem(format!("`{user}` has two grants on project {project}"));
        }
        if self.organization.is_none() && self.problems.is_empty() {
            self.problem("it does not say which organization it is".to_owned());
        }
        match self.organization {
            Some(organization) if self.problems.is_empty() => {
                // The maps are built from whole vectors: rows mostly come in order, and that is several times faster.
                let users = self.users.into_iter().collect();
                let grants = self.grants.into_iter().collect();
                let (projects, teams, unread) = (self.projects, self.teams, self.unread);
                let state = State { organization, projects, users, teams, grants, unread };
                // Every row was checked when it was added; what was left out was not.
                let problems = state.unread.problems(&state);
                if !problems.is_empty() {
                    return Err(BackendError::Unsound { what: what.to_owned(), problem: problems.join("; ") });
                }
                debug_assert_eq!(state.problems(), Vec::<String>::new());
                Ok((state, self.team_ids))
            }
            _ => {
                let mut problem = self.problems.join("; ");
                if self.unnamed_problems > 0 {
                    problem.push_str(&format!("; and {} more", self.unnamed_problems));
                }
                Err(BackendError::Unsound { what: what.to_owned(), problem })
            }
        }
    }
}

/// The items that occur more than once, each once, in order.
fn twice<T: Ord + Clone>(items: &[T]) -> Vec<T> {
    if items.windows(2).all(|pair| pair.first() < pair.last()) {
        return Vec::new();
    }
    let mut seen = BTreeSet::new();
    let repeated: BTreeSet<&T> = items.iter().filter(|item| !seen.insert(*item)).collect();
    repeated.into_iter().cloned().collect()
}
