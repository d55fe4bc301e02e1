//! Generated organizations: a live side, and a configuration that wants something else of it.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use accessctl::desired::{
    Bound, Desired, DesiredProject, DesiredTeam, DesiredUser, Fact, Glob, Guards, Ignore, Manage, ManageMode, Most,
    Note, Window,
};
use accessctl::model::{
    BuiltInRole, Email, OrgId, OrgKey, OrgRole, Organization, Project, ProjectId, ProjectKey, ProjectRole, RoleName,
    State, Status, Team, TeamName, User,
};
use accessctl::source::{FileId, Span};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

/// The moment of every generated plan.
pub(crate) const AS_OF: Timestamp = Timestamp::constant(1_790_000_000, 0);

pub(crate) const USERS: usize = 6;
pub(crate) const PROJECTS: usize = 4;
const TEAMS: usize = 4;

/// A configuration and the live side that it meets.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) live: State,
    pub(crate) desired: Desired,
}

pub(crate) fn world() -> impl Strategy<Value = World> {
    (state(), state(), wishes()).prop_map(|(live, wish, wishes)| World { desired: desired(&live, wish, wishes), live })
}

pub(crate) fn user(number: usize) -> Email {
    Email::new(&format!("u{number}@acme.test")).unwrap()
}

pub(crate) fn project(number: usize) -> ProjectId {
    ProjectId::new(number as u64 + 1).unwrap()
}

fn team(number: usize) -> TeamName {
    TeamName::new(&format!("Team {number}")).unwrap()
}

fn steward() -> RoleName {
    RoleName::new("Steward").unwrap()
}

/// A role by number; the custom one only where the project defines it.
fn role(number: usize, projects: &BTreeMap<ProjectId, Project>, on: ProjectId) -> ProjectRole {
    match BuiltInRole::ALL.get(number) {
        Some(role) => (*role).into(),
        None if projects.get(&on).is_some_and(|found| found.roles.contains(&steward())) => {
            ProjectRole::Custom(steward())
        }
        None => BuiltInRole::Analyst.into(),
    }
}

fn modes() -> impl Strategy<Value = ManageMode> {
    prop_oneof![4 => Just(ManageMode::Full), 2 => Just(ManageMode::Listed), 1 => Just(ManageMode::None)]
}

/// A closed state with at least one active owner, with the same projects and custom roles each time.
pub(crate) fn state() -> impl Strategy<Value = State> {
    let users = btree_map(0..USERS, (0..9usize, prop::bool::weighted(0.3)), 1..=USERS);
    let everyone = vec(prop::option::weighted(0.3, 0..5usize), PROJECTS);
    let teams = btree_map(0..TEAMS, (btree_set(0..USERS, 0..4), btree_map(0..PROJECTS, 0..5usize, 0..3)), 0..=TEAMS);
    let grants = btree_map((0..USERS, 0..PROJECTS), 0..5usize, 0..5);
    (users, everyone, teams, grants).prop_map(|(users, everyone, teams, grants)| {
        let mut state = State::empty(Organization { id: OrgId::new(77).unwrap(), name: "Acme".to_owned() });
        for number in 0..PROJECTS {
            let roles = if number % 2 == 0 { BTreeSet::from([steward()]) } else { BTreeSet::new() };
            state.projects.insert(project(number), Project { name: format!("P{number}"), everyone: None, roles });
        }
        for (number, wanted) in everyone.into_iter().enumerate() {
            let found = wanted.map(|wanted| role(wanted, &state.projects, project(number)));
            state.projects.get_mut(&project(number)).unwrap().everyone = found;
        }
        for (number, (org_role, invited)) in users {
            let status = if invited { Status::Invited { at: Some(AS_OF) } } else { Status::Active };
            // One in nine has a role that is not known.
            let known = OrgRole::ALL.get(org_role / 2).cloned();
            let role = known.unwrap_or_else(|| OrgRole::read("Boss").unwrap());
            state.users.insert(user(number), User { role, status, last_active: None });
        }
        if state.active_owners().next().is_none() {
            let owner = state.users.values_mut().next().unwrap();
            *owner = User { role: OrgRole::Owner, status: Status::Active, last_active: None };
        }
        for (number, (members, roles)) in teams {
            let members = members.into_iter().map(user).filter(|email| state.users.contains_key(email)).collect();
            let roles = roles
                .into_iter()
                .map(|(on, wanted)| (project(on), role(wanted, &state.projects, project(on))))
                .collect();
            state.teams.insert(team(number), Team { members, roles });
        }
        for ((holder, on), wanted) in grants {
            if state.users.contains_key(&user(holder)) {
                state.grants.insert((user(holder), project(on)), role(wanted, &state.projects, project(on)));
            }
        }
        assert_eq!(state.problems(), Vec::<String>::new());
        state
    })
}

#[derive(Debug, Clone)]
struct Wishes {
    manage: Manage,
    users_section: bool,
    declared_projects: Vec<bool>,
    ignored_users: BTreeSet<usize>,
    ignored_teams: BTreeSet<usize>,
    ignored_projects: BTreeSet<usize>,
    states_members: Vec<bool>,
    states_roles: Vec<bool>,
    /// For some users, the number of the declared one who they are now: several may be the same.
    users_before: BTreeMap<usize, usize>,
    /// For some declared teams, the number of the live one that they were before.
    teams_before: BTreeMap<usize, usize>,
    steward_is_like: Option<usize>,
    /// For each fact in turn, when it begins and when it ends, in hours from the moment of the plan.
    windows: Vec<Hours>,
    blocked: BTreeSet<usize>,
}

/// When something begins and when it ends, in hours from the moment of the plan.
type Hours = (Option<i64>, Option<i64>);

/// Mostly open at both ends; never one that ends before it begins.
fn hours() -> impl Strategy<Value = Hours> {
    let end = || prop_oneof![5 => Just(None), 1 => (-1..=1_i64).prop_map(Some)];
    (end(), end()).prop_map(|(from, until)| match (from, until) {
        (Some(from), Some(until)) if until <= from => (Some(from), None),
        other => other,
    })
}

fn wishes() -> impl Strategy<Value = Wishes> {
    let members = prop::bool::weighted(0.8);
    let manage = (modes(), modes(), modes(), modes(), any::<bool>(), members).prop_map(
        |(users, teams, grants, everyone, all, team_members)| {
            let projects = if all { ManageMode::Full } else { ManageMode::Listed };
            Manage { users, teams, team_members, grants, everyone, projects }
        },
    );
    let ignored = (btree_set(0..USERS, 0..2), btree_set(0..TEAMS, 0..2), btree_set(0..PROJECTS, 0..2));
    let mostly = |count| vec(prop::bool::weighted(0.8), count);
    let before = (btree_map(0..USERS, 0..USERS, 0..3), btree_map(0..TEAMS, 0..TEAMS, 0..3));
    let like = prop::option::of(0..4usize);
    let time = (vec(hours(), 30), prop_oneof![3 => Just(BTreeSet::new()), 1 => btree_set(0..USERS, 1..3)]);
    let like = (like, time);
    (manage, prop::bool::weighted(0.85), ignored, (mostly(PROJECTS), mostly(TEAMS), mostly(TEAMS)), before, like)
        .prop_map(
            |(
                manage,
                users_section,
                ignored,
                stated,
                (users_before, teams_before),
                (steward_is_like, (windows, blocked)),
            )| Wishes {
                windows,
                blocked: blocked.difference(&ignored.0).copied().collect(),
                manage: Manage { users: if users_section { manage.users } else { ManageMode::None }, ..manage },
                users_section,
                ignored_users: ignored.0,
                ignored_teams: ignored.1,
                ignored_projects: ignored.2,
                declared_projects: stated.0,
                states_members: stated.1,
                states_roles: stated.2,
                users_before,
                teams_before,
                steward_is_like,
            },
        )
}

/// A place that is different for each number.
fn place(number: usize) -> Span {
    Span { file: FileId(0), start: number as u32, end: number as u32 + 1 }
}

fn fact<T>(value: T) -> Fact<T> {
    Fact { value, place: place(0), note: None }
}

/// Facts with the windows of a wish, each with the next one.
struct Dated<'a> {
    windows: &'a [Hours],
    next: Cell<usize>,
}

impl Dated<'_> {
    fn fact<T>(&self, value: T) -> Fact<T> {
        let number = self.next.replace(self.next.get() + 1);
        let (from, until) = self.windows[number % self.windows.len()];
        let bound = |hours: i64, place| Bound { at: AS_OF + SignedDuration::from_hours(hours), day: None, place };
        // The places tell which end of which fact it is.
        let window = Window {
            from: from.map(|hours| bound(hours, place(1_000 + 2 * number))),
            until: until.map(|hours| bound(hours, place(1_001 + 2 * number))),
        };
        let note = (window != Window::default()).then(|| Arc::new(Note { window, ..Note::default() }));
        Fact { value, place: place(0), note }
    }
}

/// A configuration that wants `wish`, as far as the rules of the language allow: nothing is both declared and ignored,
/// whoever is named is declared (or live, where users are not looked after), old names are not declared.
fn desired(live: &State, mut wish: State, wishes: Wishes) -> Desired {
    for number in &wishes.ignored_users {
        wish.users.remove(&user(*number));
    }
    for number in &wishes.ignored_teams {
        wish.teams.remove(&team(*number));
    }
    let invites = wishes.users_section && wishes.manage.users != ManageMode::None;
    let known = |email: &Email| wish.users.contains_key(email) && (invites || live.users.contains_key(email));
    let like = wishes.steward_is_like.and_then(|number| BuiltInRole::ALL.get(number)).copied();
    let ignored_projects: BTreeSet<ProjectId> = wishes.ignored_projects.iter().map(|number| project(*number)).collect();
    let projects: BTreeMap<ProjectId, DesiredProject> = wish
        .projects
        .iter()
        .zip(&wishes.declared_projects)
        .filter(|((id, _), declared)| **declared && !ignored_projects.contains(*id))
        .map(|((id, found), _)| {
            let declared = DesiredProject {
                key: ProjectKey::new(&format!("p{id}")).unwrap(),
                place: place(id.get() as usize),
                name: None,
                environment: None,
                everyone: found.everyone.clone().map(fact),
                roles: found.roles.iter().map(|name| (name.clone(), fact(like))).collect(),
            };
            (*id, declared)
        })
        .collect();
    let previous_users = |number: &Email| -> BTreeMap<Email, Span> {
        let own = |now: &usize| user(*now) == *number;
        let olds = wishes.users_before.iter().filter(|(_, now)| own(now)).map(|(old, _)| user(*old));
        olds.filter(|old| !wish.users.contains_key(old)).map(|old| (old, place(9))).collect()
    };
    let dated = Dated { windows: &wishes.windows, next: Cell::new(0) };
    let users: BTreeMap<Email, DesiredUser> = wish
        .users
        .iter()
        .map(|(email, found)| {
            let previously = previous_users(email);
            // Nobody can wish for a role that is not known.
            let role = Some(found.role.clone()).filter(OrgRole::is_known).unwrap_or(OrgRole::Member);
            (email.clone(), DesiredUser { role: dated.fact(role), name: None, previously })
        })
        .collect();
    let mut claimed = BTreeSet::new();
    let teams: BTreeMap<TeamName, DesiredTeam> = wish
        .teams
        .iter()
        .map(|(name, found)| {
            let number = (0..TEAMS).find(|number| team(*number) == *name).unwrap();
            let members: BTreeMap<_, _> = found
                .members
                .iter()
                .filter(|email| known(email))
                .map(|email| (email.clone(), dated.fact(())))
                .collect();
            let roles: BTreeMap<_, _> = found
                .roles
                .iter()
                .filter(|(on, _)| projects.contains_key(on))
                .map(|(on, role)| (*on, dated.fact(role.clone())))
                .collect();
            let before = wishes.teams_before.get(&number).map(|old| team(*old));
            let before = before.filter(|old| !wish.teams.contains_key(old) && claimed.insert(old.clone()));
            let declared = DesiredTeam {
                key: name.to_string(),
                place: place(number),
                scim_managed: !wishes.states_members[number] && number % 2 == 0,
                members: (wishes.states_members[number] && wishes.manage.team_members).then_some(members),
                roles: wishes.states_roles[number].then_some(roles),
                previously: before.into_iter().map(|old| (old, place(9))).collect(),
            };
            (name.clone(), declared)
        })
        .collect();
    let grants = wish
        .grants
        .iter()
        .filter(|((email, on), _)| known(email) && projects.contains_key(on))
        .map(|(key, role)| (key.clone(), dated.fact(role.clone())))
        .collect();
    // Nobody is both blocked and ignored, under any of their addresses.
    let is_ignored = |email: &Email| wishes.ignored_users.iter().any(|number| user(*number) == *email);
    let blocked = wishes.blocked.iter().map(|number| user(*number)).filter(|email| {
        let mut people = users.iter().filter(|(new, found)| *new == email || found.previously.contains_key(email));
        !people.any(|(new, found)| is_ignored(new) || found.previously.keys().any(is_ignored))
    });
    let blocked =
        blocked.enumerate().map(|(number, email)| (email, Fact { place: place(500 + number), ..fact(()) })).collect();
    let globs = |names: Vec<String>| names.iter().map(|name| (Glob::new(name), place(0))).collect();
    Desired {
        key: OrgKey::new("acme").unwrap(),
        id: live.organization.id,
        name: None,
        place: place(0),
        domains: None,
        backend: None,
        timezone: TimeZone::UTC,
        blocked,
        manage: wishes.manage,
        // What guards do has laws of its own.
        guards: Guards { max_removals: Most::Percent(100), max_invites: usize::MAX, ..Guards::default() },
        policy: Vec::new(),
        accept: Vec::new(),
        lint_off: BTreeSet::new(),
        project_groups: BTreeMap::new(),
        ignore: Ignore {
            users: globs(wishes.ignored_users.iter().map(|number| format!("U{number}@*")).collect()),
            teams: globs(wishes.ignored_teams.iter().map(|number| team(*number).to_string()).collect()),
            projects: globs(ignored_projects.iter().map(ToString::to_string).collect()),
        },
        projects,
        users: wishes.users_section.then_some(users),
        teams,
        grants,
    }
}
