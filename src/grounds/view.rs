//! One organization as it can be seen: what is declared and, where it was read, the live side.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Scope, Sides, Standing};
use crate::desired::Desired;
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole, RoleName, State};
use crate::near::nearest;

/// One organization: its configuration and, where it is at hand, its live side.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    /// What is declared.
    pub desired: &'a Desired,
    /// The live side, where it was read.
    pub live: Option<&'a State>,
    /// What a run leads to, where that could be worked out.
    pub target: Option<&'a State>,
    /// The moment for which the configuration is read.
    pub as_of: Timestamp,
    /// When the live side was read, where it was.
    pub taken_at: Option<Timestamp>,
}

impl<'a> View<'a> {
    /// The day for which the configuration is read, in the organization's time zone.
    pub fn day(&self) -> Date {
        self.desired.timezone.to_datetime(self.as_of).date()
    }

    /// The day on which the live side was read, in the organization's time zone; `None` where it was not.
    pub fn live_day(&self) -> Option<Date> {
        self.live?;
        self.taken_at.map(|taken| self.desired.timezone.to_datetime(taken).date())
    }

    /// Both sides, ready for questions about the scope.
    pub fn sides(&self, scope: Scope<'_>) -> Sides<'a> {
        Sides::new(self.desired, self.live, self.target, self.as_of, scope)
    }

    /// Whether anything is known of `user`: they are a user on either side, are blocked, or were declared under this address
    /// and have nothing at the moment.
    pub fn knows(&self, user: &Email) -> bool {
        let live = self.live.is_some_and(|state| state.users.contains_key(user));
        let person = || {
            let scope = Scope { user: Some(user), project: None };
            super::Side::desired(self.desired, None, self.as_of, scope).person(user)
        };
        // Without a block, who asks by an earlier address means the one that the person has now.
        live || person()
            .is_some_and(|found| found.lapse.is_some() || !matches!(found.standing, Standing::Renamed { .. }))
    }

    /// Every project of either side, by id.
    pub fn projects(&self) -> BTreeSet<ProjectId> {
        let live = self.live.into_iter().flat_map(|state| state.projects.keys());
        self.desired.projects.keys().chain(live).copied().collect()
    }

    /// How the project is called in the configuration, else its id.
    pub fn project_label(&self, id: ProjectId) -> Cow<'a, str> {
        match self.desired.projects.get(&id) {
            Some(project) => Cow::Borrowed(project.key.as_str()),
            None => Cow::Owned(id.to_string()),
        }
    }

    /// The project's name, for people.
    pub fn project_name(&self, id: ProjectId) -> Option<&'a str> {
        let declared = self.desired.projects.get(&id).and_then(|project| project.name.as_ref());
        let live = || self.live.and_then(|state| Some(state.projects.get(&id)?.name.as_str()));
        declared.map(|name| name.value.as_str()).or_else(live)
    }

    /// What the project is used for, such as `production`.
    pub fn environment(&self, id: ProjectId) -> Option<&'a str> {
        self.desired.projects.get(&id)?.environment()
    }

    /// The projects that `text` may mean: the one with this key, else the one with this id, else all with this name.
    pub fn projects_called(&self, text: &str) -> Vec<ProjectId> {
        let by_key = self.desired.projects.iter().find(|(_, project)| project.key.as_str() == text);
        if let Some((id, _)) = by_key {
            return vec![*id];
        }
        let projects = self.projects();
        let by_id = text.parse().ok().and_then(|number| ProjectId::new(number).ok());
        if let Some(id) = by_id.filter(|id| projects.contains(id)) {
            return vec![id];
        }
        projects.into_iter().filter(|id| self.project_name(*id) == Some(text)).collect()
    }

    /// The key or name of a project that is nearest to `text`.
    pub fn project_near(&self, text: &str) -> Option<&'a str> {
        let keys = self.desired.projects.values().map(|project| project.key.as_str());
        let names = self.projects().into_iter().filter_map(|id| self.project_name(id));
        nearest(text, keys).or_else(|| nearest(text, names))
    }

    /// The address of a user that is nearest to `text`; for an earlier address of somebody, the one that they have now.
    pub fn user_near(&self, text: &str) -> Option<&'a str> {
        let renamed = self.desired.users.iter().flatten().find(|(_, user)| user.previously.contains_key(text));
        if let Some((now, _)) = renamed {
            return Some(now.as_str());
        }
        let users = self.sides(Scope::default()).users();
        nearest(text, users.into_iter().map(Email::as_str))
    }

    /// The custom roles, on `project` or on any project, of which nobody said which built-in role they are like.
    pub fn unranked_roles(&self, project: Option<ProjectId>) -> BTreeSet<(ProjectId, &'a RoleName)> {
        let ranks = self.desired.ranks();
        let declared = self.desired.projects.iter().map(|(id, found)| (*id, found.roles.keys().collect::<Vec<_>>()));
        let live = self.live.into_iter().flat_map(|state| &state.projects);
        let live = live.map(|(id, found)| (*id, found.roles.iter().collect::<Vec<_>>()));
        let all = declared.chain(live).filter(|(id, _)| project.is_none_or(|only| only == *id));
        let has_rank = |id: ProjectId, role: &RoleName| ranks.get(&id).is_some_and(|ranks| ranks.contains_key(role));
        all.flat_map(|(id, roles)| roles.into_iter().map(move |role| (id, role)))
            .filter(|(id, role)| !has_rank(*id, role))
            .collect()
    }

    /// The role called `text`, if it can be had on `project` or, without one, on any project.
    ///
    /// # Errors
    /// The names of all roles that can be had there.
    pub fn role_called(&self, text: &str, project: Option<ProjectId>) -> Result<ProjectRole, BTreeSet<&'a str>> {
        let fits = |id: &ProjectId| project.is_none_or(|only| only == *id);
        let declared =
            self.desired.projects.iter().filter(|(id, _)| fits(id)).flat_map(|(_, found)| found.roles.keys());
        let live = self.live.into_iter().flat_map(|state| &state.projects);
        let live = live.filter(|(id, _)| fits(id)).flat_map(|(_, found)| &found.roles);
        let mut known: BTreeSet<&str> = BuiltInRole::ALL.into_iter().map(BuiltInRole::as_str).collect();
        known.extend(declared.chain(live).map(RoleName::as_str));
        match ProjectRole::from_name(text) {
            Some(role) if known.contains(role.as_str()) => Ok(role),
            Some(_) | None => Err(known),
        }
    }
}
