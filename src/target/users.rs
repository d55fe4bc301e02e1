//! Which users should be: declared ones, those who stay whatever is said, and old accounts of renamed people.

use std::collections::BTreeMap;

use super::teams::{declared_as, earlier_names};
use super::{Building, KeptWhat, KeptWhy, Section};
use crate::desired::ManageMode;
use crate::join::join;
use crate::model::{Email, ProjectId, State, Status, Team, TeamName, User};

impl Building<'_> {
    pub(super) fn users(&mut self, replaced_users: &mut BTreeMap<Email, Email>) -> BTreeMap<Email, User> {
        let (live, mode) = (self.live, self.desired.manage.users);
        let Some(declared) = self.desired.users.as_ref().filter(|_| mode != ManageMode::None) else {
            self.keep_section(Section::Users, live.users.len());
            let mut users = live.users.clone();
            users.retain(|user, _| !self.is_blocked(user));
            return users;
        };
        let teams = teams_of(live, declared.values().flat_map(|user| user.previously.keys()));
        let earlier_names = earlier_names(self.desired, live);
        let renamed = declared.iter().filter(|(_, user)| !user.previously.is_empty());
        for (new, user) in renamed.filter(|(new, _)| self.in_force.user(new).is_none()) {
            let joined = live.users.get(new).is_some_and(|found| !found.status.is_invited());
            for old in user.previously.keys() {
                let Some(found) = live.users.get(old) else { continue };
                if self.staying.contains_key(old) {
                    continue;
                }
                // An old account goes only when nobody loses anything by it: the person has joined with the new address,
                // or had not joined with the old one, and nothing that is not ours hangs on the old one alone.
                let is_safe = joined || (found.status.is_invited() && !live.unread.people.contains(new));
                if !is_safe {
                    self.staying.insert(old.clone(), KeptWhy::AwaitsRename(new.clone()));
                } else if self.holds_foreign_access(old, new, teams.get(old).into_iter().flatten(), &earlier_names) {
                    self.staying.insert(old.clone(), KeptWhy::AwaitsMove(new.clone()));
                } else {
                    replaced_users.insert(old.clone(), new.clone());
                }
            }
        }
        let mut users = Vec::with_capacity(declared.len());
        for (email, wanted, found) in join(declared.iter(), live.users.iter()) {
            // Of whoever has nothing at the moment, the accounts under earlier addresses go too.
            let lapsed = self.in_force.user(email).is_some();
            let user = match (wanted, found) {
                (Some(_), _) if lapsed => continue,
                (Some(wanted), Some(found)) => User { role: wanted.role.value.clone(), ..found.clone() },
                // They may be invited already, or have joined: they are not invited again.
                (Some(_), None) if live.unread.people.contains(email) => continue,
                (Some(wanted), None) => {
                    let status = Status::Invited { at: Some(self.as_of) };
                    User { role: wanted.role.value.clone(), status, last_active: None }
                }
                (None, Some(found)) => {
                    let why = match self.user_stays(email) {
                        Some(why) => why,
                        None if lapsed => continue,
                        None if replaced_users.contains_key(email) || mode == ManageMode::Full => continue,
                        None => KeptWhy::NotListed(Section::Users),
                    };
                    self.keep(why, KeptWhat::User(email.clone()));
                    found.clone()
                }
                (None, None) => continue,
            };
            users.push((email.clone(), user));
        }
        users.into_iter().collect()
    }

    /// Whether `old`, who is in `teams`, has a membership or grant that the configuration does not manage and `new` does
    /// not have.
    fn holds_foreign_access<'t>(
        &self,
        old: &Email,
        new: &Email,
        mut teams: impl Iterator<Item = &'t &'t TeamName>,
        earlier_names: &BTreeMap<TeamName, TeamName>,
    ) -> bool {
        let (desired, live) = (self.desired, self.live);
        // What was not read is not managed, and may hold anything.
        if live.unread.hides_access() {
            return true;
        }
        let foreign_team = |name: &TeamName, team: &Team| {
            !team.members.contains(new)
                && match (desired.manage.teams, declared_as(desired, earlier_names, name)) {
                    (ManageMode::None, _) => true,
                    (ManageMode::Full | ManageMode::Listed, Some(declared)) => declared.members.is_none(),
                    (ManageMode::Listed, None) => true,
                    (ManageMode::Full, None) => {
                        !desired.manage.team_members
                            || desired.ignore.team(name).is_some()
                            || team.roles.keys().any(|project| self.foreign_projects.contains_key(project))
                    }
                }
        };
        let foreign_grant = |project: ProjectId| {
            let key = (new.clone(), project);
            let has = live.grants.contains_key(&key);
            let given = desired.grants.get(&key).map_or(has, |fact| self.in_force.fact(fact).is_none());
            match desired.manage.grants {
                ManageMode::Full => self.foreign_projects.contains_key(&project) && !given,
                ManageMode::Listed => !given,
                ManageMode::None => !has,
            }
        };
        teams.any(|name| live.teams.get(*name).is_some_and(|team| foreign_team(name, team)))
            || live.grants_of(old).any(|(project, _)| foreign_grant(project))
    }
}

/// The teams of `users` in `live`. A move to another domain renames everybody, so each team is walked through once.
fn teams_of<'a>(live: &'a State, users: impl Iterator<Item = &'a Email>) -> BTreeMap<&'a Email, Vec<&'a TeamName>> {
    let mut teams: BTreeMap<&Email, Vec<&TeamName>> = users.map(|user| (user, Vec::new())).collect();
    if !teams.is_empty() {
        for (name, team) in &live.teams {
            for member in &team.members {
                if let Some(names) = teams.get_mut(member) {
                    names.push(name);
                }
            }
        }
    }
    teams
}
