//! What the live side shows of a change: its result, what it presupposes, or something else.

use std::borrow::Cow;

use super::Change;
use crate::model::{Email, ProjectId, ProjectRole, State, Status, Team, TeamName};

/// What the live side shows of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    /// What it would make.
    Result,
    /// What it presupposes.
    Start,
    /// Something else, in words.
    Other(String),
}

/// A live side that is asked about changes. Teams may be asked for by the names that renames give them.
pub(crate) struct LiveSide<'a> {
    live: &'a State,
    /// How a project is called.
    label: &'a dyn Fn(ProjectId) -> Cow<'a, str>,
    /// New name to old name of the teams that are renamed.
    renames: Vec<(&'a TeamName, &'a TeamName)>,
}

impl<'a> LiveSide<'a> {
    /// The live side `live`, asked about `changes`.
    pub(crate) fn new(
        live: &'a State,
        label: &'a dyn Fn(ProjectId) -> Cow<'a, str>,
        changes: impl Iterator<Item = &'a Change>,
    ) -> Self {
        let renames = changes.filter_map(|change| change.team_rename()).map(|(old, new)| (new, old));
        Self { live, label, renames: renames.collect() }
    }

    /// The team, which may still have the name from before.
    fn team(&self, name: &TeamName) -> Option<&'a Team> {
        let before =
            || self.renames.iter().find(|(new, _)| *new == name).and_then(|(_, old)| self.live.teams.get(*old));
        self.live.teams.get(name).or_else(before)
    }

    /// What the live side shows of `change`.
    pub(crate) fn shows(&self, change: &Change) -> Shown {
        let live = self.live;
        match change {
            Change::RenameTeam { from, to } => match (live.teams.contains_key(from), live.teams.contains_key(to)) {
                (false, true) => Shown::Result,
                (true, false) => Shown::Start,
                (true, true) => Shown::Other(format!("there are both a team `{from}` and a team `{to}`")),
                (false, false) => self.no_team(from),
            },
            Change::CreateTeam { team } if live.teams.contains_key(team) => Shown::Result,
            Change::CreateTeam { .. } => self.teams_known(Shown::Start),
            Change::DeleteTeam { team } if live.teams.contains_key(team) => Shown::Start,
            Change::DeleteTeam { .. } => self.teams_known(Shown::Result),
            Change::InviteUser { user, role } => match live.users.get(user) {
                Some(found) if found.role == *role => Shown::Result,
                Some(found) => Shown::Other(format!("`{user}` is a user already, as {}", found.role)),
                None => self.user_known(user, Shown::Start),
            },
            Change::SetOrgRole { user, from, to } => match live.users.get(user) {
                Some(found) if found.role == *to => Shown::Result,
                Some(found) if found.role == *from => Shown::Start,
                Some(found) => Shown::Other(format!("`{user}` is {}", found.role)),
                None => self.no_user(user),
            },
            Change::RemoveUser { user } => match live.users.get(user).map(|found| &found.status) {
                Some(Status::Active) => Shown::Start,
                Some(Status::Invited { .. }) => Shown::Other(format!("`{user}` is invited and has not joined")),
                None => self.user_known(user, Shown::Result),
            },
            Change::CancelInvite { user } => match live.users.get(user).map(|found| &found.status) {
                Some(Status::Invited { .. }) => Shown::Start,
                Some(Status::Active) => Shown::Other(format!("`{user}` has joined")),
                None => self.user_known(user, Shown::Result),
            },
            Change::AddTeamMember { team, user } => match self.team(team) {
                Some(found) if found.members.contains(user) => Shown::Result,
                Some(_) if live.users.contains_key(user) => Shown::Start,
                Some(_) => self.no_user(user),
                None => self.no_team(team),
            },
            Change::RemoveTeamMember { team, user } => match self.team(team) {
                Some(found) if found.members.contains(user) => Shown::Start,
                Some(_) | None => self.teams_known(self.user_known(user, Shown::Result)),
            },
            Change::SetTeamRole { team, project, from, to } => match self.team(team) {
                Some(found) => {
                    self.role(found.roles.get(project), from.as_ref(), Some(to), *project, || format!("team `{team}`"))
                }
                None => self.no_team(team),
            },
            Change::RemoveTeamRole { team, project, from } => {
                let live = self.team(team).and_then(|found| found.roles.get(project));
                let shown = self.role(live, Some(from), None, *project, || format!("team `{team}`"));
                if live.is_none() { self.teams_known(shown) } else { shown }
            }
            Change::SetGrant { user, .. } if !live.users.contains_key(user) => self.no_user(user),
            Change::SetGrant { user, project, from, to } => {
                let found = live.grants.get(&(user.clone(), *project));
                self.role(found, from.as_ref(), Some(to), *project, || format!("`{user}`"))
            }
            Change::RemoveGrant { user, project, from } => {
                let found = live.grants.get(&(user.clone(), *project));
                let shown = self.role(found, Some(from), None, *project, || format!("`{user}`"));
                if live.users.contains_key(user) { shown } else { self.user_known(user, shown) }
            }
            Change::SetEveryone { project, from, to } => {
                let found = live.projects.get(project).and_then(|found| found.everyone.as_ref());
                self.role(found, from.as_ref(), Some(to), *project, || "everyone".to_owned())
            }
            Change::RemoveEveryone { project, from } => {
                let found = live.projects.get(project).and_then(|found| found.everyone.as_ref());
                self.role(found, Some(from), None, *project, || "everyone".to_owned())
            }
        }
    }

    /// What a role shows of a change that leads from `from` to `to`.
    fn role(
        &self,
        found: Option<&ProjectRole>,
        from: Option<&ProjectRole>,
        to: Option<&ProjectRole>,
        project: ProjectId,
        who: impl Fn() -> String,
    ) -> Shown {
        let on = (self.label)(project);
        if !self.live.projects.contains_key(&project) && to.is_some() {
            return Shown::Other(format!("there is no project {on}"));
        }
        if found.is_none() && self.live.unread.projects.contains(&project) {
            return Shown::Other(format!("the roles on {on} were not read"));
        }
        match found {
            found if found == to => Shown::Result,
            found if found == from => Shown::Start,
            Some(role) => Shown::Other(format!("{} has {role} on {on}", who())),
            None => Shown::Other(format!("{} has no role of its own on {on}", who())),
        }
    }

    fn no_team(&self, name: &TeamName) -> Shown {
        self.teams_known(Shown::Other(format!("there is no team `{name}`")))
    }

    fn no_user(&self, user: &Email) -> Shown {
        self.user_known(user, Shown::Other(format!("`{user}` is not a user of the organization")))
    }

    /// `shown`, unless it is concluded from a team that is missing only because teams were not read.
    fn teams_known(&self, shown: Shown) -> Shown {
        if self.live.unread.teams { Shown::Other("teams were not read".to_owned()) } else { shown }
    }

    /// `shown`, unless it is concluded from a user who is missing only because not everybody was read.
    fn user_known(&self, user: &Email, shown: Shown) -> Shown {
        let live = self.live;
        if live.users.contains_key(user) {
            shown
        } else if live.unread.people.contains(user) {
            Shown::Other(format!("whether `{user}` is invited or has joined was not read"))
        } else if live.unread.invitations {
            Shown::Other(format!("`{user}` has not joined, and pending invitations were not read"))
        } else {
            shown
        }
    }
}
