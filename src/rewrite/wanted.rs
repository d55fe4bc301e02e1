//! What a configuration has to say so that something is as the live side has it.

use std::collections::{BTreeMap, BTreeSet};

use crate::desired::{Desired, ManageMode, Observed};
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, RoleName, State, TeamName};
use crate::plan::Plan;

/// What is to be said: a value, or that there is none. Whatever is not named stays as it is.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) users: BTreeMap<Email, Option<OrgRole>>,
    pub(super) teams: BTreeMap<TeamName, bool>,
    pub(super) members: BTreeMap<TeamName, BTreeMap<Email, bool>>,
    pub(super) team_roles: BTreeMap<TeamName, BTreeMap<ProjectId, Option<ProjectRole>>>,
    pub(super) grants: BTreeMap<(Email, ProjectId), Option<ProjectRole>>,
    pub(super) everyone: BTreeMap<ProjectId, Option<ProjectRole>>,
    /// Custom roles that no declared project names so far.
    pub(super) custom_roles: BTreeMap<ProjectId, BTreeSet<RoleName>>,
    /// Projects that are to be declared.
    pub(super) projects: BTreeSet<ProjectId>,
}

/// Works [`Wanted`] out: whatever is said entails more, as whoever is a member has to be a user.
pub(super) struct Wishes<'a> {
    desired: &'a Desired,
    plan: &'a Plan,
    wanted: Wanted,
}

impl<'a> Wishes<'a> {
    /// Nothing is wanted of `desired`, which `plan` was made from once.
    pub(super) fn new(desired: &'a Desired, plan: &'a Plan) -> Self {
        Self { desired, plan, wanted: Wanted::default() }
    }

    /// What is wanted.
    pub(super) fn finish(self) -> Wanted {
        self.wanted
    }

    fn live(&self) -> &'a State {
        &self.plan.live
    }

    /// Wants it said as it is `observed`.
    pub(super) fn want(&mut self, observed: Observed) {
        match observed {
            Observed::User(user, None) => self.without_user(user),
            Observed::User(user, Some(role)) => self.with_user(user, role),
            Observed::Team(team, false) => {
                self.wanted.teams.insert(team, false);
            }
            Observed::Team(team, true) => self.with_team(team),
            // Such a team stays for what is ignored or not declared, and loses the rest: all of it comes with the team.
            Observed::Member(team, _, true) | Observed::TeamRole(team, _, Some(_)) if self.is_unknown(&team) => {
                self.with_team(team);
            }
            Observed::Member(team, user, is_in) => {
                if is_in {
                    self.known(&user);
                }
                self.wanted.members.entry(team).or_default().insert(user, is_in);
            }
            Observed::TeamRole(team, project, role) => {
                self.role(project, role.as_ref());
                self.wanted.team_roles.entry(team).or_default().insert(project, role);
            }
            Observed::Grant(user, project, role) => {
                if role.is_some() {
                    self.known(&user);
                }
                self.grant(user, project, role);
            }
            Observed::Everyone(project, role) => {
                self.role(project, role.as_ref());
                self.wanted.everyone.insert(project, role);
            }
        }
    }

    /// Whether a team is not declared.
    fn is_unknown(&self, team: &TeamName) -> bool {
        !self.desired.teams.contains_key(team)
    }

    /// Whether the configuration accepts something for a while, so that nobody agrees to it for ever.
    fn is_accepted(&self, observed: &Observed) -> bool {
        is_accepted(self.desired, self.plan, observed)
    }

    fn grant(&mut self, user: Email, project: ProjectId, role: Option<ProjectRole>) {
        self.role(project, role.as_ref());
        self.wanted.grants.insert((user, project), role);
    }

    /// Sees to it that a role on a project can be written down.
    fn role(&mut self, project: ProjectId, role: Option<&ProjectRole>) {
        let Some(role) = role else { return };
        let declared = self.desired.projects.get(&project);
        if declared.is_none() {
            self.wanted.projects.insert(project);
        }
        if let ProjectRole::Custom(name) = role
            && declared.is_none_or(|found| !found.roles.contains_key(name))
        {
            self.wanted.custom_roles.entry(project).or_default().insert(name.clone());
        }
    }

    /// A person who is not there has nothing, whatever is declared, and whenever it holds.
    fn without_user(&mut self, user: Email) {
        for (team, found) in &self.desired.teams {
            if found.members.as_ref().is_some_and(|members| members.contains_key(&user)) {
                self.wanted.members.entry(team.clone()).or_default().insert(user.clone(), false);
            }
        }
        for ((holder, project), _) in self.desired.grants.iter().filter(|((holder, _), _)| *holder == user) {
            self.wanted.grants.insert((holder.clone(), *project), None);
        }
        self.wanted.users.insert(user, None);
    }

    /// Whoever comes to be declared has what the live side gives, or it would be taken away.
    fn with_user(&mut self, user: Email, role: OrgRole) {
        let is_declared = self.desired.users.as_ref().is_some_and(|users| users.contains_key(&user));
        let is_new = self.wanted.users.insert(user.clone(), Some(role)).is_none();
        if is_declared || !is_new {
            return;
        }
        let live = self.live();
        for (name, _) in live.teams.iter().filter(|(_, team)| team.members.contains(&user)) {
            let name = self.plan.team_renames.get(name).unwrap_or(name);
            let declared = self.desired.teams.get(name).and_then(|declared| declared.members.as_ref());
            let observed = Observed::Member(name.clone(), user.clone(), true);
            let is_managed = self.desired.manage.teams != ManageMode::None && !self.is_accepted(&observed);
            if is_managed && declared.is_some_and(|members| !members.contains_key(&user)) {
                self.wanted.members.entry(name.clone()).or_default().insert(user.clone(), true);
            }
        }
        if self.desired.manage.grants == ManageMode::Full {
            for ((_, project), role) in live.grants.iter().filter(|((holder, _), _)| *holder == user) {
                let is_declared = self.desired.grants.contains_key(&(user.clone(), *project));
                let observed = Observed::Grant(user.clone(), *project, Some(role.clone()));
                if self.looks_after(*project) && !is_declared && !self.is_accepted(&observed) {
                    self.grant(user.clone(), *project, Some(role.clone()));
                }
            }
        }
    }

    /// Whether roles on the project are managed at all.
    fn looks_after(&self, project: ProjectId) -> bool {
        if self.desired.projects.contains_key(&project) {
            return true;
        }
        let (id, found) = (project.to_string(), self.live().projects.get(&project));
        let name = found.map_or("", |found| found.name.as_str());
        self.desired.manage.projects == ManageMode::Full && self.desired.ignore.project(&[&id, name]).is_none()
    }

    /// Declares somebody who has to be declared to be named.
    fn known(&mut self, user: &Email) {
        let is_missing = self.desired.users.as_ref().is_some_and(|users| !users.contains_key(user));
        if is_missing && let Some(found) = self.live().users.get(user) {
            self.with_user(user.clone(), found.role.clone());
        }
    }

    fn with_team(&mut self, name: TeamName) {
        let Some(team) = self.live().teams.get(&name) else { return };
        if self.wanted.teams.insert(name.clone(), true).is_some() {
            return;
        }
        for user in members_to_write(self.desired, self.plan, &name) {
            self.known(user);
        }
        for (project, role) in &team.roles {
            let observed = Observed::TeamRole(name.clone(), *project, Some(role.clone()));
            if !self.looks_after(*project) || self.is_accepted(&observed) {
                continue;
            }
            self.role(*project, Some(role));
            self.wanted.team_roles.entry(name.clone()).or_default().insert(*project, Some(role.clone()));
        }
    }
}

/// The members of a live team that is to be declared.
pub(super) fn members_to_write<'p>(desired: &Desired, plan: &'p Plan, name: &TeamName) -> Vec<&'p Email> {
    let team = plan.live.teams.get(name).filter(|_| desired.manage.team_members);
    let members = team.into_iter().flat_map(|team| &team.members);
    let is_written = |user: &&Email| {
        let observed = Observed::Member(name.clone(), (*user).clone(), true);
        // Who is blocked is to have nothing, and is not declared by the way.
        let is_blocked = desired.blocked.contains_key(*user);
        !is_blocked && desired.ignore.user(user).is_none() && !is_accepted(desired, plan, &observed)
    };
    members.filter(is_written).collect()
}

/// Whether the configuration accepts something at the moment of the plan.
pub(super) fn is_accepted(desired: &Desired, plan: &Plan, observed: &Observed) -> bool {
    desired.accept.iter().any(|one| plan.as_of < one.until.at && one.covers(observed))
}
