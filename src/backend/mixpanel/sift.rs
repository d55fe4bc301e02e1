//! Which rows about the access on a project say something new.
//!
//! Most of that access comes by team or org role and follows from what was read before. Of millions of rows some thousands
//! are kept: those that say something else than the other lists among them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::merge::Source;
use super::read::Part;
use super::wire;
use crate::lookup::Lookup;

/// Who and which teams were read before the access on projects.
pub(super) struct Seen {
    /// Addresses as they were written, with the id that was told.
    people: Lookup<Box<str>, Option<wire::Id>>,
    /// The ids that rows tell of people of whom no list told one, with the lowest project among those that told it.
    /// Projects are read at the same time: whichever answers first, the row of the lowest one is kept.
    told: Mutex<Lookup<Box<str>, (wire::Id, wire::Id)>>,
    /// `None` where teams were not read.
    teams: Option<BTreeMap<wire::Id, Listed>>,
}

/// A team as the list of teams has it.
struct Listed {
    name: Box<str>,
    /// What it gives, as it was written.
    roles: BTreeMap<wire::Id, Box<str>>,
}

impl Listed {
    fn new(team: &wire::Team) -> Self {
        let roles = team.projects.iter().map(|on| (on.id, on.role.as_str().into()));
        Self { name: team.name.as_str().into(), roles: roles.collect() }
    }

    /// Whether a row about the access on `project` says nothing else of the team.
    fn is_as(&self, project: wire::Id, team: &wire::NamedTeam<'_>, role: Option<&str>) -> bool {
        let is_called_so = team.name.as_deref().is_none_or(|name| *name == *self.name);
        is_called_so && self.roles.get(&project).map(|role| &**role) == role
    }
}

impl Seen {
    pub(super) fn new(users: &[wire::User], invitations: &Part<wire::Invitation>, teams: &Part<wire::Team>) -> Self {
        // What the list of users tells of somebody stands, so it comes last.
        let invited = invitations.rows().iter().map(|row| (row.email.as_str(), row.id));
        let named = invited.chain(users.iter().map(|row| (row.email.as_str(), row.id)));
        let people = named.map(|(email, id)| (email.into(), id)).collect();
        let read = matches!(teams, Part::Read(_));
        let teams = read.then(|| teams.rows().iter().map(|team| (team.id, Listed::new(team))).collect());
        Self { people, told: Mutex::default(), teams }
    }

    /// Where nothing was read before.
    pub(super) fn nobody() -> Self {
        Self::new(&[], &Part::NotAsked, &Part::NotAsked)
    }

    /// Whether a row about `project` follows from what was read.
    fn implies(&self, project: wire::Id, row: &wire::Granted<'_>) -> bool {
        let is_of_known_team = match (row.source(), &row.team, &self.teams) {
            (Source::Team, Some(team), Some(teams)) => {
                teams.get(&team.id).is_some_and(|listed| listed.is_as(project, team, row.role.as_deref()))
            }
            (Source::Team, None, _) | (Source::Team, _, None) | (Source::Organization, _, _) => true,
            (Source::Individual | Source::Everyone | Source::Request | Source::Unknown, _, _) => false,
        };
        is_of_known_team && row.email.as_deref().is_some_and(|email| self.knows(project, email, row.id))
    }

    /// Whether the person is known, by this id if the row about `project` tells one.
    fn knows(&self, project: wire::Id, email: &str, wire::ToldId(told): wire::ToldId) -> bool {
        match (self.people.get(email), told) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(Some(known)), Some(told)) => *known == told,
            (Some(None), Some(id)) => {
                let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
                match told.get_mut(email) {
                    Some((known, _)) if *known != id => false,
                    Some((_, lowest)) => {
                        let is_lower = project < *lowest;
                        *lowest = project.min(*lowest);
                        !is_lower
                    }
                    None => {
                        told.insert(email.into(), (id, project));
                        false
                    }
                }
            }
        }
    }

    /// How many rows about `project` there are, and those that say something new; else what is wrong with which row.
    pub(super) fn sift<'b>(
        &self,
        project: wire::Id,
        rows: impl ExactSizeIterator<Item = wire::Granted<'b>>,
    ) -> Result<(usize, Vec<wire::Granted<'static>>), (String, String)> {
        let (listed, mut new) = (rows.len(), Vec::new());
        for (index, row) in rows.enumerate() {
            if let Some(problem) = row.problem() {
                return Err((format!("row {} of `results`", index + 1), problem));
            }
            if !self.implies(project, &row) {
                new.push(row.into_owned());
            }
        }
        Ok((listed, new))
    }
}
