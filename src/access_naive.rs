//! Access changes by the definition.

use crate::access::{AccessChange, AccessSource, Effect, Via};
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole, State};
use crate::plan::Plan;

impl Plan {
    /// The real changes of access, by user, then project.
    pub fn access_changes(&self) -> impl Iterator<Item = AccessChange> + '_ {
        let users: std::collections::BTreeSet<_> = self.live.users.keys().chain(self.target.users.keys()).collect();
        users.into_iter().flat_map(move |user| {
            let projects: std::collections::BTreeSet<_> =
                self.live.projects.keys().chain(self.target.projects.keys()).collect();
            projects.into_iter().filter_map(move |project| self.access_change(user, *project))
        })
    }

    fn access_change(&self, user: &Email, project: ProjectId) -> Option<AccessChange> {
        let before = sources(&self.live, user, project);
        let after = sources(&self.target, user, project);
        let rank = |role: &ProjectRole| match role {
            ProjectRole::BuiltIn(role) => Some(*role),
            ProjectRole::Custom(name) => self.ranks.get(&(project, name.clone())).copied(),
        };
        let covers = |having: &[AccessSource], wanted: &ProjectRole| {
            having.iter().any(|source| {
                source.role == *wanted
                    || rank(&source.role).is_some_and(|has: BuiltInRole| rank(wanted).is_some_and(|want| has >= want))
            })
        };
        let gains = after.iter().any(|source| !covers(&before, &source.role));
        let loses = before.iter().any(|source| !covers(&after, &source.role));
        let effect = match (before.is_empty(), after.is_empty(), gains, loses) {
            (true, true, ..) | (false, false, false, false) => return None,
            (true, false, ..) => Effect::Gain,
            (false, true, ..) => Effect::Lose,
            (false, false, true, _) => Effect::Raise,
            (false, false, false, true) => Effect::Lower,
        };
        let pending = self.target.users.get(user).is_some_and(|user| user.status.is_invited());
        Some(AccessChange { user: user.clone(), project, effect, before, after, pending })
    }
}

fn sources(state: &State, email: &Email, project: ProjectId) -> Vec<AccessSource> {
    let Some(user) = state.users.get(email) else {
        return Vec::new();
    };
    let mut sources = Vec::new();
    if let Some(role) = user.role.on_every_project() {
        sources.push(AccessSource { via: Via::OrgRole, role: role.into() });
    }
    for (name, team) in state.teams.iter().filter(|(_, team)| team.members.contains(email)) {
        if let Some(role) = team.roles.get(&project) {
            sources.push(AccessSource { via: Via::Team(name.clone()), role: role.clone() });
        }
    }
    if let Some(role) = state.grants.get(&(email.clone(), project)) {
        sources.push(AccessSource { via: Via::Grant, role: role.clone() });
    }
    if let Some(role) = state.projects.get(&project).and_then(|project| project.everyone.clone()) {
        sources.push(AccessSource { via: Via::Everyone, role });
    }
    sources
}
