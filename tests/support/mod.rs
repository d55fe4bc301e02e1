//! Generated organizations and changes for property tests.
//!
//! All names come from small pools, so that changes meet what a state has, and failing cases shrink to a few of them.

#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "the names are constants")]

pub(crate) mod files;

use std::collections::BTreeSet;

use accessctl::change::Change;
use accessctl::model::{
    BuiltInRole, Email, OrgId, OrgRole, Organization, Project, ProjectId, ProjectRole, RoleName, State, Status, Team,
    TeamName, User,
};
use jiff::Timestamp;
use proptest::collection::{btree_map, btree_set};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{option, sample};

const EMAILS: [&str; 7] = [
    "ana@acme.com",
    "bo@acme.com",
    "cy@agency.com",
    "di@acme.com",
    "eve@other.org",
    "flo@acme.com",
    "li.wei+x@acme.com",
];
const TEAMS: [&str; 4] = ["Analysts", "Growth", "Ops & \"Data\"", "Überblick"];
const CUSTOM_ROLES: [&str; 2] = ["Data Steward", "Viewer"];
const PROJECTS: [u64; 4] = [11, 22, 33, 9_007_199_254_740_991];

/// A closed state: at least one active owner, users active and invited, projects with custom roles and default roles,
/// teams and grants.
pub(crate) fn state() -> impl Strategy<Value = State> {
    let projects =
        btree_map(sample::select(&PROJECTS[..]), (btree_set(custom_role(), 0..=2), option::of(role())), 1..=4);
    let users = btree_map(email(), user(), 0..=EMAILS.len());
    let teams = btree_map(
        team_name(),
        (btree_set(email(), 0..=5), btree_map(sample::select(&PROJECTS[..]), role(), 0..=4)),
        0..=TEAMS.len(),
    );
    let grants = btree_map((email(), sample::select(&PROJECTS[..])), role(), 0..=10);
    (email(), projects, users, teams, grants).prop_map(|(owner, projects, mut users, teams, grants)| {
        users.insert(owner, User { role: OrgRole::Owner, status: Status::Active, last_active: None });
        let organization = Organization { id: OrgId::new(7).unwrap(), name: "Acme".to_owned() };
        let mut state = State { users, ..State::empty(organization) };
        for (id, (roles, everyone)) in projects {
            let everyone = everyone.filter(|role| is_defined(role, &roles));
            state.projects.insert(project_id(id), Project { name: format!("Project {id}"), everyone, roles });
        }
        // What names something that is not there is left out; what is left is closed.
        let fits = |state: &State, id: u64, role: &ProjectRole| {
            state.projects.get(&project_id(id)).is_some_and(|found| is_defined(role, &found.roles))
        };
        for (name, (members, roles)) in teams {
            let members = members.into_iter().filter(|member| state.users.contains_key(member)).collect();
            let roles = roles.into_iter().filter(|(id, role)| fits(&state, *id, role));
            let roles = roles.map(|(id, role)| (project_id(id), role)).collect();
            state.teams.insert(name, Team { members, roles });
        }
        for ((user, id), role) in grants {
            if state.users.contains_key(&user) && fits(&state, id, &role) {
                state.grants.insert((user, project_id(id)), role);
            }
        }
        state
    })
}

/// A change of any kind. About every other one fits `state`, so that both what is done and what is refused is met.
pub(crate) fn change(state: &State) -> impl Strategy<Value = Change> + use<> {
    let state = state.clone();
    let names = (email(), team_name(), team_name(), sample::select(&PROJECTS[..]).prop_map(project_id));
    let aim = prop_oneof![4 => any::<sample::Index>().prop_map(Some), 1 => Just(None)];
    (0..15_usize, names, role(), org_role(), option::of(role()), aim).prop_map(
        move |(kind, (user, team, name, project), to, org_role, presupposed, aim)| {
            // An aimed change is about something that is there and presupposes what is so; any other takes its chances.
            let user = aimed(aim, state.users.keys()).cloned().unwrap_or(user);
            let team = aimed(aim, state.teams.keys()).cloned().unwrap_or(team);
            let project = aimed(aim, state.projects.keys()).copied().unwrap_or(project);
            let from = |live: Option<&ProjectRole>| if aim.is_some() { live.cloned() } else { presupposed.clone() };
            let analyst = || BuiltInRole::Analyst.into();
            match kind {
                0 => Change::RenameTeam { from: team, to: name },
                1 => Change::CreateTeam { team: name },
                2 => {
                    let strangers = EMAILS.into_iter().filter(|text| !state.users.contains_key(*text));
                    let user = aimed(aim, strangers).map_or(user, |text| Email::new(text).unwrap());
                    Change::InviteUser { user, role: org_role }
                }
                3 => {
                    let live = state.users.get(&user).filter(|_| aim.is_some());
                    Change::SetOrgRole {
                        from: live.map_or(OrgRole::Member, |found| found.role.clone()),
                        user,
                        to: org_role,
                    }
                }
                4 => {
                    let live = state.projects.get(&project).and_then(|found| found.everyone.as_ref());
                    Change::SetEveryone { project, from: from(live), to }
                }
                5 => {
                    let live = state.teams.get(&team).and_then(|found| found.roles.get(&project));
                    Change::SetTeamRole { from: from(live), team, project, to }
                }
                6 => Change::AddTeamMember { team, user },
                7 => Change::SetGrant { from: from(state.grants.get(&(user.clone(), project))), user, project, to },
                8 => match aimed(aim, &state.grants) {
                    Some(((user, project), role)) => {
                        Change::RemoveGrant { user: user.clone(), project: *project, from: role.clone() }
                    }
                    None => Change::RemoveGrant { user, project, from: presupposed.unwrap_or_else(analyst) },
                },
                9 => {
                    let members =
                        state.teams.iter().flat_map(|(team, found)| found.members.iter().map(move |user| (team, user)));
                    let (team, user) =
                        aimed(aim, members).map_or((team, user), |(team, user)| (team.clone(), user.clone()));
                    Change::RemoveTeamMember { team, user }
                }
                10 => {
                    let roles =
                        state.teams.iter().flat_map(|(team, found)| found.roles.iter().map(move |role| (team, role)));
                    match aimed(aim, roles) {
                        Some((team, (project, role))) => {
                            Change::RemoveTeamRole { team: team.clone(), project: *project, from: role.clone() }
                        }
                        None => Change::RemoveTeamRole { team, project, from: presupposed.unwrap_or_else(analyst) },
                    }
                }
                11 => {
                    let roles = state.projects.iter().filter_map(|(id, found)| Some((id, found.everyone.as_ref()?)));
                    match aimed(aim, roles) {
                        Some((project, role)) => Change::RemoveEveryone { project: *project, from: role.clone() },
                        None => Change::RemoveEveryone { project, from: presupposed.unwrap_or_else(analyst) },
                    }
                }
                12 => Change::DeleteTeam { team },
                13 => {
                    let invited = state.users.iter().filter(|(_, found)| found.status.is_invited());
                    Change::CancelInvite { user: aimed(aim, invited).map_or(user, |(email, _)| email.clone()) }
                }
                _ => {
                    let active = state.users.iter().filter(|(_, found)| !found.status.is_invited());
                    Change::RemoveUser { user: aimed(aim, active).map_or(user, |(email, _)| email.clone()) }
                }
            }
        },
    )
}

/// One of `items`, where the change is aimed and there are any.
fn aimed<T>(aim: Option<sample::Index>, items: impl IntoIterator<Item = T>) -> Option<T> {
    let mut items: Vec<T> = items.into_iter().collect();
    match aim {
        Some(index) if !items.is_empty() => Some(items.swap_remove(index.index(items.len()))),
        Some(_) | None => None,
    }
}

fn user() -> impl Strategy<Value = User> {
    let status = prop_oneof![
        3 => Just(Status::Active),
        2 => option::of(moment()).prop_map(|at| Status::Invited { at }),
    ];
    (org_role(), status, option::of(moment())).prop_map(|(role, status, last_active)| User {
        role,
        status,
        last_active,
    })
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (0..2_000_000_000_i64, any::<bool>())
        .prop_map(|(second, is_odd)| Timestamp::new(second, if is_odd { 123_456_789 } else { 0 }).unwrap())
}

fn email() -> impl Strategy<Value = Email> {
    sample::select(&EMAILS[..]).prop_map(|text| Email::new(text).unwrap())
}

fn team_name() -> impl Strategy<Value = TeamName> {
    sample::select(&TEAMS[..]).prop_map(|text| TeamName::new(text).unwrap())
}

fn custom_role() -> impl Strategy<Value = RoleName> {
    sample::select(&CUSTOM_ROLES[..]).prop_map(|text| RoleName::new(text).unwrap())
}

fn org_role() -> impl Strategy<Value = OrgRole> {
    // From the weakest: failing cases shrink to it.
    sample::select(OrgRole::ALL.into_iter().rev().collect::<Vec<_>>())
}

fn role() -> impl Strategy<Value = ProjectRole> {
    let built_in = sample::select(BuiltInRole::ALL.into_iter().rev().collect::<Vec<_>>());
    prop_oneof![3 => built_in.prop_map(ProjectRole::BuiltIn), 1 => custom_role().prop_map(ProjectRole::Custom)]
}

fn project_id(number: u64) -> ProjectId {
    ProjectId::new(number).unwrap()
}

fn is_defined(role: &ProjectRole, defined: &BTreeSet<RoleName>) -> bool {
    match role {
        ProjectRole::BuiltIn(_) => true,
        ProjectRole::Custom(name) => defined.contains(name),
    }
}
