//! The live side: the same questions, put to [`AccessIndex`].

use std::collections::BTreeSet;

use super::{Access, Membership, Person, Scope, Standing};
use crate::access::AccessIndex;
use crate::model::{Email, ProjectId, State};

/// What a state gives.
#[derive(Debug)]
pub(super) struct Living<'a> {
    state: &'a State,
    index: AccessIndex<'a>,
    project: Option<ProjectId>,
    /// The only user who is asked about, where there is one.
    user: Option<&'a Email>,
    is_narrow: bool,
}

impl<'a> Living<'a> {
    pub(super) fn new(state: &'a State, scope: Scope<'_>) -> Self {
        let user = scope.user.and_then(|user| state.users.get_key_value(user)).map(|(user, _)| user);
        let index = match scope.user {
            Some(_) => AccessIndex::new(state, user),
            None => AccessIndex::new(state, state.users.keys()),
        };
        Self { state, index, project: scope.project, user, is_narrow: scope.user.is_some() }
    }

    pub(super) fn users(&self) -> BTreeSet<&'a Email> {
        if self.is_narrow { self.user.into_iter().collect() } else { self.state.users.keys().collect() }
    }

    pub(super) fn person(&self, user: &Email) -> Option<Person<'a>> {
        let found = self.state.users.get(user)?;
        Some(Person {
            role: Some(&found.role),
            name: None,
            entry: None,
            standing: Standing::NotManaged,
            lapse: None,
            status: Some(found.status),
            last_active: found.last_active,
        })
    }

    pub(super) fn memberships(&self, user: &Email) -> Vec<Membership<'a>> {
        let has_role = |roles: &std::collections::BTreeMap<ProjectId, _>| {
            self.project.is_none_or(|project| roles.contains_key(&project))
        };
        let teams = self.state.teams.iter();
        let teams = teams.filter(|(_, team)| team.members.contains(user) && has_role(&team.roles));
        teams.map(|(team, _)| Membership { team, ground: None }).collect()
    }

    pub(super) fn collect(&self, user: &Email, found: &mut Vec<Access<'a>>) {
        let mut sources = Vec::new();
        self.index.collect(user, |id| self.project.is_none_or(|only| only == id), &mut sources);
        let bare = |(project, source)| Access { project, source, grounds: [None; 3], lapse: None };
        found.extend(sources.into_iter().map(bare));
    }
}
