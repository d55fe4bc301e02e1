//! What a reading left out.

use std::collections::{BTreeMap, BTreeSet};

use super::{Email, ProjectId, State, TeamName};

/// The parts of the live side that were not read, so that access is at least what a state says.
///
/// What stands here is not managed by the configuration, or the reading would have failed, and it is never changed. Only
/// [`Unread::ids`] are of people who may be managed like all others: by hand, where requests would name them by the id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unread {
    /// Whether pending invitations were not read: who is only invited is missing among the users.
    pub invitations: bool,
    /// Whether teams were not read, with their members and roles.
    pub teams: bool,
    /// The projects whose grants and default role for everybody were not read. A grant may be known all the same: an
    /// invitation tells its own.
    pub projects: BTreeSet<ProjectId>,
    /// People whom a team or a project names and who are in no list that was read. Whether they are invited or have
    /// joined is not known; they are no users of the state, and what they have is left out.
    pub people: BTreeSet<Email>,
    /// Which of them are in which team. Whoever is in one would lose what is taken from it.
    pub members: BTreeMap<TeamName, BTreeSet<Email>>,
    /// How many service accounts are in which team, where there are any. No more is known of them, and what people have is
    /// known all the same. They would lose what is taken from their team, so it is not deleted.
    pub service_accounts: BTreeMap<TeamName, usize>,
    /// Users whose id was not told. All that they have is known; only what names them by the id cannot be requested.
    pub ids: BTreeSet<Email>,
}

impl Unread {
    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        // Service accounts are no people, and an id is no access: nobody has more for them.
        let Self { invitations, teams, projects, people, members, service_accounts: _, ids: _ } = self;
        !invitations && !teams && projects.is_empty() && people.is_empty() && members.is_empty()
    }

    /// Whether users may have access that the state does not know of.
    pub fn hides_access(&self) -> bool {
        self.teams || !self.projects.is_empty()
    }

    /// How many members of a team are in no list that was read.
    pub fn members_of(&self, team: &TeamName) -> usize {
        self.members.get(team).map_or(0, BTreeSet::len)
    }

    /// Gives a team another name.
    pub(crate) fn rename_team(&mut self, from: &TeamName, to: &TeamName) {
        if let Some(members) = self.members.remove(from) {
            self.members.insert(to.clone(), members);
        }
        if let Some(number) = self.service_accounts.remove(from) {
            self.service_accounts.insert(to.clone(), number);
        }
    }

    /// What contradicts `state`, in words: parts that were not read and are there.
    pub(crate) fn problems(&self, state: &State) -> Vec<String> {
        let mut problems = Vec::new();
        if self.teams && !state.teams.is_empty() {
            problems.push("teams were not read, and there are some".to_owned());
        }
        for project in &self.projects {
            match state.projects.get(project) {
                None => problems.push(format!("project {project} was not read and is not there")),
                Some(found) if found.everyone.is_some() => {
                    problems.push(format!("the default role of project {project} was not read, and it has one"));
                }
                Some(_) => {}
            }
        }
        for user in self.people.iter().filter(|user| state.users.contains_key(*user)) {
            problems.push(format!("`{user}` is in no list that was read, and is a user"));
        }
        for user in self.ids.iter().filter(|user| !state.users.contains_key(*user)) {
            problems.push(format!("the id of `{user}` was not told, and there is no such user"));
        }
        for team in self.service_accounts.keys().filter(|team| !state.teams.contains_key(*team)) {
            problems.push(format!("team `{team}` has service accounts and is not there"));
        }
        for (team, members) in &self.members {
            if !state.teams.contains_key(team) {
                problems.push(format!("team `{team}` has members who were not read and is not there"));
            }
            for member in members.iter().filter(|member| !self.people.contains(*member)) {
                problems.push(format!(
                    "`{member}` is an unread member of team `{team}` and is not among the unread people"
                ));
            }
        }
        problems
    }
}
