//! What two forms of the configuration of one organization say of the same thing, which may have another name in one of them.

use std::collections::BTreeMap;

use super::entry::Declared;
use super::{Desired, DesiredTeam};
use crate::model::{Email, TeamName};

/// Two forms of the configuration of one organization, side by side.
pub(super) struct Counterparts<'a> {
    pub(super) base: &'a Desired,
    pub(super) head: &'a Desired,
    /// What people and teams are called in `base`, by what they are called in `head`.
    before: Called<'a>,
    /// The other way round.
    now: Called<'a>,
}

/// What people and teams are called elsewhere; those alone that are called otherwise.
#[derive(Default)]
struct Called<'a> {
    users: BTreeMap<&'a Email, &'a Email>,
    teams: BTreeMap<&'a TeamName, &'a TeamName>,
}

impl<'a> Counterparts<'a> {
    pub(super) fn new(base: &'a Desired, head: &'a Desired) -> Self {
        let (mut before, mut now) = (Called::default(), Called::default());
        let is_user = |user: &Email| base.users.as_ref().is_some_and(|users| users.contains_key(user));
        for (new, user) in head.users.iter().flatten().filter(|(new, _)| !is_user(new)) {
            if let Some(old) = user.previously.keys().find(|old| is_user(old)) {
                before.users.insert(new, old);
                now.users.insert(old, new);
            }
        }
        for (new, team) in head.teams.iter().filter(|(new, _)| !base.teams.contains_key(*new)) {
            if let Some(old) = team.previously.keys().find(|old| base.teams.contains_key(*old)) {
                before.teams.insert(new, old);
                now.teams.insert(old, new);
            }
        }
        Self { base, head, before, now }
    }

    /// What `base` declares of the same thing as `fact`, which `head` declares.
    pub(super) fn before(&self, fact: Declared<'_>) -> Option<Declared<'a>> {
        find(self.base, fact, &self.before)
    }

    /// What `head` declares of the same thing as `fact`, which `base` declares.
    pub(super) fn now(&self, fact: Declared<'_>) -> Option<Declared<'a>> {
        find(self.head, fact, &self.now)
    }

    /// Whether both declare the user whom one of them calls `user`.
    pub(super) fn has_user(&self, user: &Email) -> bool {
        let is_in = |side: &Desired, user: &Email| side.users.as_ref().is_some_and(|users| users.contains_key(user));
        is_in(self.base, self.user_before(user)) && is_in(self.head, self.user_now(user))
    }

    /// What `head` calls the user whom `base` calls `user`.
    pub(super) fn user_now<'u>(&self, user: &'u Email) -> &'u Email
    where
        'a: 'u,
    {
        self.now.users.get(user).copied().unwrap_or(user)
    }

    /// What `base` calls the user whom `head` calls `user`.
    pub(super) fn user_before<'u>(&self, user: &'u Email) -> &'u Email
    where
        'a: 'u,
    {
        self.before.users.get(user).copied().unwrap_or(user)
    }

    /// The team of `head` that `base` calls `team`.
    pub(super) fn team_now(&self, team: &TeamName) -> Option<&'a DesiredTeam> {
        self.head.teams.get(self.now.teams.get(team).copied().unwrap_or(team))
    }
}

/// What `desired`, where names are other ones as `called` says, declares of the same thing as `fact`.
fn find<'d>(desired: &'d Desired, fact: Declared<'_>, called: &Called<'_>) -> Option<Declared<'d>> {
    let user = |user| called.users.get(user).copied().unwrap_or(user);
    let team = |team| called.teams.get(team).copied().unwrap_or(team);
    match fact {
        Declared::User(email, _) => {
            let (email, found) = desired.users.as_ref()?.get_key_value(user(email))?;
            Some(Declared::User(email, found))
        }
        Declared::Member(name, email, _) => {
            let (name, found) = desired.teams.get_key_value(team(name))?;
            let (email, fact) = found.members.as_ref()?.get_key_value(user(email))?;
            Some(Declared::Member(name, email, fact))
        }
        Declared::TeamRole(name, project, _) => {
            let (name, found) = desired.teams.get_key_value(team(name))?;
            Some(Declared::TeamRole(name, project, found.roles.as_ref()?.get(&project)?))
        }
        Declared::Grant(email, project, _) => {
            let ((email, project), fact) = desired.grants.get_key_value(&(user(email).clone(), project))?;
            Some(Declared::Grant(email, *project, fact))
        }
    }
}
