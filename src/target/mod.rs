//! What should be after the run: declared where the configuration declares, live where it is silent.
//!
//! Every rule about what is not ours stands here (sections managed as `listed` or not at all, `manage.ignore`, projects
//! that are not declared, teams that state only a part, renames), so that the diff needs no exception. What is left
//! alone is listed in [`Target::kept`]. What is declared and not in force at the moment is listed all the same: it goes
//! wherever its section is managed. Blocked people go whatever is managed.

mod check;
mod kept;
mod teams;
mod users;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::desired::{Desired, InForce, LapseWhy, ManageMode};
use crate::diagnostic::Diagnostic;
use crate::join::join;
use crate::lookup::{Lookup, NameTable};
use crate::model::{Email, Project, ProjectId, ProjectRole, State, TeamName};

pub use kept::{Kept, KeptWhat, KeptWhy, Section};
pub(crate) use teams::earlier_names;

/// What should be after the run, and what of the live side is left alone for which reason.
#[derive(Debug, Clone)]
pub struct Target {
    /// The moment for which it was worked out.
    pub as_of: Timestamp,
    /// What should be.
    pub state: State,
    /// Teams that change their name: old name to new name.
    pub team_renames: BTreeMap<TeamName, TeamName>,
    /// Teams of an identity provider that have not got their declared name yet: live name to declared name.
    pub awaited_teams: BTreeMap<TeamName, TeamName>,
    /// Old accounts of renamed users that are removed: old address to new address.
    pub replaced_users: BTreeMap<Email, Email>,
    /// What is left alone, sorted.
    pub kept: Vec<Kept>,
    /// Roles of teams, by their name after the run, that are declared otherwise and must stay as they are: people are in
    /// the team who were not read, and would have more or less.
    pub withheld: BTreeSet<(TeamName, ProjectId)>,
}

impl Target {
    /// The name that a team has on the live side.
    pub fn live_name<'a>(&'a self, team: &'a TeamName) -> &'a TeamName {
        self.team_renames.iter().find(|(_, new)| *new == team).map_or(team, |(old, _)| old)
    }

    /// The address that somebody has after the run.
    pub fn person<'a>(&'a self, user: &'a Email) -> &'a Email {
        self.replaced_users.get(user).unwrap_or(user)
    }
}

/// Works out what should be after a run at the moment `as_of`, with warnings.
///
/// # Errors
/// Findings of the family `E07`: the configuration names what the live side does not have.
pub fn target(desired: &Desired, live: &State, as_of: Timestamp) -> Result<(Target, Vec<Diagnostic>), Vec<Diagnostic>> {
    let foreign_projects = foreign_projects(desired, live);
    let staying = ignored_users(desired, live);
    let in_force = InForce::new(desired, as_of);
    let (kept, withheld) = (Vec::new(), BTreeSet::new());
    let mut building = Building { desired, live, as_of, in_force, foreign_projects, kept, staying, withheld };

    let mut replaced_users = BTreeMap::new();
    let users = building.users(&mut replaced_users);
    let (teams, team_renames, awaited_teams) = building.teams();
    let grants = building.grants();
    let projects = building.projects();
    let (organization, mut unread) = (live.organization.clone(), live.unread.clone());
    for (old, new) in &team_renames {
        unread.rename_team(old, new);
    }
    let mut state = State { organization, projects, users, teams, grants, unread };

    let findings = check::against_live(desired, &building.in_force, live, &state);
    if crate::diagnostic::has_errors(&findings) {
        return Err(findings);
    }
    leave_out_gone_users(live, &mut state);
    let Building { mut kept, withheld, .. } = building;
    kept.retain_mut(|kept| really_kept(kept, &state));
    kept.sort();
    Ok((Target { as_of, state, team_renames, awaited_teams, replaced_users, kept, withheld }, findings))
}

/// Takes users who go out of what is left alone, since their memberships and grants go with them, and people who were
/// not read out of everything: nothing is done about somebody of whom it is not known whether they are invited.
fn leave_out_gone_users(live: &State, state: &mut State) {
    let mut gone: NameTable<'_, ()> = NameTable::default();
    for (user, before, after) in join(live.users.iter(), state.users.iter()) {
        if before.is_some() && after.is_none() {
            gone.insert_new(user, || ());
        }
    }
    for person in &live.unread.people {
        gone.insert_new(person, || ());
    }
    if gone.is_empty() {
        return;
    }
    let mut members = Vec::new();
    for (name, team) in &state.teams {
        members.extend(team.members.iter().filter(|user| gone.get_mut(*user).is_some()).map(|user| (name, user)));
    }
    let members: Vec<(TeamName, Email)> =
        members.into_iter().map(|(name, user)| (name.clone(), user.clone())).collect();
    state.grants.retain(|(user, _), _| gone.get(user).is_none());
    for (name, user) in members {
        if let Some(team) = state.teams.get_mut(&name) {
            team.members.remove(&user);
        }
    }
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
        KeptWhat::Section(Section::Users, count) => {
            *count = state.users.len();
            *count > 0
        }
        KeptWhat::Section(Section::Teams | Section::Everyone, _)
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

/// The live users whom a pattern of `manage.ignore` covers, with the pattern.
fn ignored_users(desired: &Desired, live: &State) -> Lookup<Email, KeptWhy> {
    if desired.ignore.users.is_empty() {
        return Lookup::default();
    }
    let why = |user: &Email| desired.ignore.user(user).map(|glob| KeptWhy::Ignored(glob.to_string()));
    live.users.keys().filter_map(|user| Some((user.clone(), why(user)?))).collect()
}

struct Building<'a> {
    desired: &'a Desired,
    live: &'a State,
    as_of: Timestamp,
    in_force: InForce<'a>,
    foreign_projects: BTreeMap<ProjectId, KeptWhy>,
    kept: Vec<Kept>,
    /// Live users of whom everything stays, and why: ignored ones, and old accounts of renamed people.
    staying: Lookup<Email, KeptWhy>,
    /// See [`Target::withheld`].
    withheld: BTreeSet<(TeamName, ProjectId)>,
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
        if self.staying.is_empty() { None } else { self.staying.get(user).cloned() }
    }

    /// Whether `user` is blocked, and so goes whatever is managed.
    fn is_blocked(&self, user: &Email) -> bool {
        self.in_force.user(user).is_some_and(|lapse| lapse.why == LapseWhy::Blocked)
    }

    fn grants(&mut self) -> BTreeMap<(Email, ProjectId), ProjectRole> {
        let (desired, live) = (self.desired, self.live);
        if desired.manage.grants == ManageMode::None {
            self.keep_section(Section::Grants, live.grants.len());
            return live.grants.clone();
        }
        let in_force = desired.grants.iter().filter(|((user, _), role)| self.in_force.fact_of(user, role).is_none());
        let mut grants: BTreeMap<_, _> = in_force.map(|(key, role)| (key.clone(), role.value.clone())).collect();
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

    fn projects(&mut self) -> BTreeMap<ProjectId, Project> {
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
