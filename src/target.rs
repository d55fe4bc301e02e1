//! What should be after the run: declared where the configuration declares, live where it is silent.
//!
//! Every rule about what is not ours stands here (sections managed as `listed` or not at all, `manage.ignore`, projects
//! that are not declared, teams that state only a part, renames), so that the diff needs no exception. What is left
//! alone is listed in [`Target::kept`].

mod check;
mod kept;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::desired::{Desired, DesiredTeam, ManageMode};
use crate::diagnostic::Diagnostic;
use crate::model::{Email, ProjectId, State, Status, Team, TeamName, User};

pub use kept::{Kept, KeptWhat, KeptWhy, Section};

/// What should be after the run, and what of the live side is left alone for which reason.
#[derive(Debug, Clone)]
pub struct Target {
    /// What should be.
    pub state: State,
    /// Teams that change their name: old name to new name.
    pub team_renames: BTreeMap<TeamName, TeamName>,
    /// Old accounts of renamed users that are removed: old address to new address.
    pub replaced_users: BTreeMap<Email, Email>,
    /// What is left alone, sorted.
    pub kept: Vec<Kept>,
}

/// Works out what should be after a run at the moment `as_of`, with warnings.
///
/// # Errors
/// Findings of the family `E07`: the configuration names what the live side does not have.
pub fn target(desired: &Desired, live: &State, as_of: Timestamp) -> Result<(Target, Vec<Diagnostic>), Vec<Diagnostic>> {
    let foreign_projects = foreign_projects(desired, live);
    let mut building = Building { desired, live, as_of, foreign_projects, kept: Vec::new(), awaiting: BTreeMap::new() };

    let mut replaced_users = BTreeMap::new();
    let users = building.users(&mut replaced_users);
    let (teams, team_renames) = building.teams();
    let grants = building.grants();
    let projects = building.projects();
    let mut state = State { organization: live.organization.clone(), projects, users, teams, grants };

    let findings = check::against_live(desired, live, &state);
    if crate::diagnostic::has_errors(&findings) {
        return Err(findings);
    }
    if live.users.keys().any(|user| !state.users.contains_key(user)) {
        let State { users, teams, grants, .. } = &mut state;
        for team in teams.values_mut() {
            team.members.retain(|member| users.contains_key(member));
        }
        grants.retain(|(user, _), _| users.contains_key(user));
    }
    let mut kept = building.kept;
    kept.retain_mut(|kept| really_kept(kept, &state));
    kept.sort();
    Ok((Target { state, team_renames, replaced_users, kept }, findings))
}

/// Corrects what is said to be kept by what went with removed users; `false` where nothing of it is left.
fn really_kept(kept: &mut Kept, state: &State) -> bool {
    match &mut kept.what {
        KeptWhat::Member(_, user) | KeptWhat::Grant(user, _, _) => state.users.contains_key(user),
        KeptWhat::Members(team, count) => {
            *count = state.teams.get(team).map_or(0, |team| team.members.len());
            *count > 0
        }
        KeptWhat::Section(Section::Grants, count) => {
            *count = state.grants.len();
            *count > 0
        }
        KeptWhat::Section(Section::Users | Section::Teams | Section::Everyone, _)
        | KeptWhat::User(_)
        | KeptWhat::Team(_)
        | KeptWhat::TeamRole(..)
        | KeptWhat::TeamRoles(..)
        | KeptWhat::Everyone(..) => true,
    }
}

/// The projects on which roles are not ours, with the reason: ignored ones, and those that are not declared unless
/// `manage.projects` is `full`.
fn foreign_projects(desired: &Desired, live: &State) -> BTreeMap<ProjectId, KeptWhy> {
    let mut foreign = BTreeMap::new();
    for (id, project) in &live.projects {
        let declared = desired.projects.get(id);
        let key = declared.map_or("", |declared| &declared.key);
        let ignored = desired.ignore.project(&[key, &id.to_string(), &project.name]);
        if let Some(glob) = ignored {
            foreign.insert(*id, KeptWhy::Ignored(glob.to_string()));
        } else if declared.is_none() && desired.manage.projects != ManageMode::Full {
            foreign.insert(*id, KeptWhy::UndeclaredProject);
        }
    }
    foreign
}

struct Building<'a> {
    desired: &'a Desired,
    live: &'a State,
    as_of: Timestamp,
    foreign_projects: BTreeMap<ProjectId, KeptWhy>,
    kept: Vec<Kept>,
    /// Old accounts of renamed users that stay for now, with the new address.
    awaiting: BTreeMap<Email, Email>,
}

impl Building<'_> {
    fn keep(&mut self, why: KeptWhy, what: KeptWhat) {
        self.kept.push(Kept { why, what });
    }

    fn keep_section(&mut self, section: Section, count: usize) {
        if count > 0 {
            self.keep(KeptWhy::NotManaged(section), KeptWhat::Section(section, count));
        }
    }

    /// Why whatever the live side says of `user` stays, if it does.
    fn user_stays(&self, user: &Email) -> Option<KeptWhy> {
        if let Some(glob) = self.desired.ignore.user(user) {
            return Some(KeptWhy::Ignored(glob.to_string()));
        }
        self.awaiting.get(user).map(|new| KeptWhy::AwaitsRename(new.clone()))
    }

    fn users(&mut self, replaced_users: &mut BTreeMap<Email, Email>) -> BTreeMap<Email, User> {
        let (Some(declared), live) = (&self.desired.users, self.live) else {
            self.keep_section(Section::Users, self.live.users.len());
            return self.live.users.clone();
        };
        let mode = self.desired.manage.users;
        if mode == ManageMode::None {
            self.keep_section(Section::Users, live.users.len());
            return live.users.clone();
        }
        for (new, user) in declared {
            let joined = live.users.get(new).is_some_and(|found| !found.status.is_invited());
            for old in user.previously.keys() {
                let Some(found) = live.users.get(old) else { continue };
                if self.desired.ignore.user(old).is_some() {
                    continue;
                }
                // An old account goes only when nobody loses anything by it: the person has joined with the new address,
                // or had not joined with the old one, and nothing that is not ours hangs on the old one alone.
                if (joined || found.status.is_invited()) && !self.holds_foreign_access(old, new) {
                    replaced_users.insert(old.clone(), new.clone());
                } else {
                    self.awaiting.insert(old.clone(), new.clone());
                }
            }
        }
        let mut users: BTreeMap<Email, User> = declared
            .iter()
            .map(|(email, wanted)| {
                let user = match live.users.get(email) {
                    Some(found) => User { role: wanted.role.value, ..found.clone() },
                    None => User {
                        role: wanted.role.value,
                        status: Status::Invited { at: Some(self.as_of) },
                        last_active: None,
                    },
                };
                (email.clone(), user)
            })
            .collect();
        for (email, user) in live.users.iter().filter(|(email, _)| !declared.contains_key(*email)) {
            let why = match self.user_stays(email) {
                Some(why) => why,
                None if replaced_users.contains_key(email) || mode == ManageMode::Full => continue,
                None => KeptWhy::NotListed(Section::Users),
            };
            self.keep(why, KeptWhat::User(email.clone()));
            users.insert(email.clone(), user.clone());
        }
        users
    }

    /// Whether `old` has a membership or grant that the configuration does not manage and `new` does not have.
    fn holds_foreign_access(&self, old: &Email, new: &Email) -> bool {
        let (desired, live) = (self.desired, self.live);
        let foreign_team = |name: &TeamName, team: &Team| {
            team.members.contains(old)
                && !team.members.contains(new)
                && match (desired.manage.teams, declared_as(desired, live, name)) {
                    (ManageMode::None, _) => true,
                    (ManageMode::Full | ManageMode::Listed, Some(declared)) => declared.members.is_none(),
                    (ManageMode::Listed, None) => true,
                    (ManageMode::Full, None) => {
                        desired.ignore.team(name).is_some()
                            || team.roles.keys().any(|project| self.foreign_projects.contains_key(project))
                    }
                }
        };
        let foreign_grant = |project: ProjectId| {
            let key = (new.clone(), project);
            let given = live.grants.contains_key(&key) || desired.grants.contains_key(&key);
            match desired.manage.grants {
                ManageMode::Full => self.foreign_projects.contains_key(&project) && !given,
                ManageMode::Listed => !given,
                ManageMode::None => !live.grants.contains_key(&key),
            }
        };
        live.teams.iter().any(|(name, team)| foreign_team(name, team))
            || live.grants_of(old).any(|(project, _)| foreign_grant(project))
    }

    fn teams(&mut self) -> (BTreeMap<TeamName, Team>, BTreeMap<TeamName, TeamName>) {
        let (desired, live) = (self.desired, self.live);
        if desired.manage.teams == ManageMode::None {
            self.keep_section(Section::Teams, live.teams.len());
            return (live.teams.clone(), BTreeMap::new());
        }
        let renames = team_renames(desired, live);
        let mut teams = BTreeMap::new();
        for (name, declared) in &desired.teams {
            let old = renames.iter().find(|(_, new)| *new == name).map_or(name, |(old, _)| old);
            let found = live.teams.get(old);
            teams.insert(name.clone(), self.declared_team(name, declared, found));
        }
        for (name, team) in &live.teams {
            if desired.teams.contains_key(name) || renames.contains_key(name) {
                continue;
            }
            if let Some(team) = self.unlisted_team(name, team) {
                teams.insert(name.clone(), team);
            }
        }
        (teams, renames)
    }

    fn declared_team(&mut self, name: &TeamName, declared: &DesiredTeam, live: Option<&Team>) -> Team {
        let mut team = Team::default();
        match &declared.members {
            Some(members) => {
                team.members = members.keys().cloned().collect();
                for member in live.iter().flat_map(|found| &found.members) {
                    if let Some(why) = self.user_stays(member)
                        && team.members.insert(member.clone())
                    {
                        self.keep(why, KeptWhat::Member(name.clone(), member.clone()));
                    }
                }
            }
            None => {
                if let Some(found) = live {
                    team.members = found.members.clone();
                    if !team.members.is_empty() {
                        self.keep(KeptWhy::NotStated, KeptWhat::Members(name.clone(), team.members.len()));
                    }
                }
            }
        }
        match &declared.roles {
            Some(roles) => {
                team.roles = roles.iter().map(|(project, role)| (*project, role.value.clone())).collect();
                for (project, role) in live.iter().flat_map(|found| &found.roles) {
                    if let Some(why) = self.foreign_projects.get(project) {
                        let what = KeptWhat::TeamRole(name.clone(), *project, role.clone());
                        self.kept.push(Kept { why: why.clone(), what });
                        team.roles.insert(*project, role.clone());
                    }
                }
            }
            None => {
                if let Some(found) = live {
                    team.roles = found.roles.clone();
                    if !team.roles.is_empty() {
                        self.keep(KeptWhy::NotStated, KeptWhat::TeamRoles(name.clone(), team.roles.len()));
                    }
                }
            }
        }
        team
    }

    /// What remains of a live team that is not listed; `None` when it is to be deleted.
    ///
    /// A team goes unless that would touch what is not ours: its roles on projects that are not managed stay, and with
    /// them the memberships that make them real; memberships of users who stay whatever is said stay, and with them
    /// the roles.
    fn unlisted_team(&mut self, name: &TeamName, live: &Team) -> Option<Team> {
        if let Some(glob) = self.desired.ignore.team(name) {
            self.keep(KeptWhy::Ignored(glob.to_string()), KeptWhat::Team(name.clone()));
            return Some(live.clone());
        }
        if self.desired.manage.teams == ManageMode::Listed {
            self.keep(KeptWhy::NotListed(Section::Teams), KeptWhat::Team(name.clone()));
            return Some(live.clone());
        }
        let staying: BTreeMap<Email, KeptWhy> =
            live.members.iter().filter_map(|member| Some((member.clone(), self.user_stays(member)?))).collect();
        let foreign: BTreeMap<ProjectId, KeptWhy> = live
            .roles
            .keys()
            .filter_map(|project| Some((*project, self.foreign_projects.get(project)?.clone())))
            .collect();
        if staying.is_empty() && foreign.is_empty() {
            return None;
        }
        let mut team = live.clone();
        if foreign.is_empty() {
            team.members = staying.keys().cloned().collect();
        }
        if staying.is_empty() {
            team.roles.retain(|project, _| foreign.contains_key(project));
        }
        for (member, why) in staying {
            self.keep(why, KeptWhat::Member(name.clone(), member));
        }
        for (project, why) in foreign {
            let role = live.roles[&project].clone();
            self.keep(why, KeptWhat::TeamRole(name.clone(), project, role));
        }
        Some(team)
    }

    fn grants(&mut self) -> BTreeMap<(Email, ProjectId), crate::model::ProjectRole> {
        let (desired, live) = (self.desired, self.live);
        if desired.manage.grants == ManageMode::None {
            self.keep_section(Section::Grants, live.grants.len());
            return live.grants.clone();
        }
        let mut grants: BTreeMap<_, _> =
            desired.grants.iter().map(|(key, role)| (key.clone(), role.value.clone())).collect();
        for (key, role) in live.grants.iter().filter(|(key, _)| !desired.grants.contains_key(*key)) {
            let (user, project) = key;
            let why = match (self.foreign_projects.get(project), self.user_stays(user)) {
                (Some(why), _) => why.clone(),
                (None, Some(why)) => why,
                (None, None) if desired.manage.grants == ManageMode::Full => continue,
                (None, None) => KeptWhy::NotListed(Section::Grants),
            };
            self.keep(why, KeptWhat::Grant(user.clone(), *project, role.clone()));
            grants.insert(key.clone(), role.clone());
        }
        grants
    }

    fn projects(&mut self) -> BTreeMap<ProjectId, crate::model::Project> {
        let mode = self.desired.manage.everyone;
        let mut projects = self.live.projects.clone();
        if mode == ManageMode::None {
            let with_default = projects.values().filter(|project| project.everyone.is_some()).count();
            self.keep_section(Section::Everyone, with_default);
            return projects;
        }
        for (id, project) in &mut projects {
            let declared = self.desired.projects.get(id).and_then(|declared| declared.everyone.as_ref());
            if let Some(wanted) = declared {
                project.everyone = Some(wanted.value.clone());
                continue;
            }
            let Some(role) = &project.everyone else { continue };
            let why = match self.foreign_projects.get(id) {
                Some(why) => why.clone(),
                None if mode == ManageMode::Full => {
                    project.everyone = None;
                    continue;
                }
                None => KeptWhy::NotListed(Section::Everyone),
            };
            self.kept.push(Kept { why, what: KeptWhat::Everyone(*id, role.clone()) });
        }
        projects
    }
}

/// The declared team that the live team `name` is, by its name or by an earlier one.
fn declared_as<'a>(desired: &'a Desired, live: &State, name: &TeamName) -> Option<&'a DesiredTeam> {
    let renamed = || team_renames(desired, live).get(name).and_then(|new| desired.teams.get(new));
    desired.teams.get(name).or_else(renamed)
}

/// Live teams that a declared team was called before: the declared name is not taken yet and the team is ours.
fn team_renames(desired: &Desired, live: &State) -> BTreeMap<TeamName, TeamName> {
    let mut renames = BTreeMap::new();
    let mut named = BTreeSet::new();
    for (new, team) in desired.teams.iter().filter(|(new, _)| !live.teams.contains_key(*new)) {
        for old in team.previously.keys() {
            if live.teams.contains_key(old) && desired.ignore.team(old).is_none() && named.insert(new.clone()) {
                renames.insert(old.clone(), new.clone());
            }
        }
    }
    renames
}
