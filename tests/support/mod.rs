//! Generated organizations and changes for property tests.
//!
//! All names come from small pools, so that changes meet what a state has, and failing cases shrink to a few of them.

#![allow(dead_code, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, reason = "the names are constants")]

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

/// A change that mostly, but not always, fits `state`.
pub(crate) fn change(state: &State) -> impl Strategy<Value = Change> + use<> {
    let state = state.clone();
    (email(), team_name(), team_name(), sample::select(&PROJECTS[..]), role(), org_role(), presupposed(), 0..15_usize)
        .prop_map(move |(user, team, other, project, to, org_role, presupposed, kind)| {
            let project = project_id(project);
            let from = |live: Option<&ProjectRole>| match &presupposed {
                Presupposed::Live => live.cloned(),
                Presupposed::Other(role) => role.clone(),
            };
            let certain = |live: Option<&ProjectRole>| from(live).unwrap_or(BuiltInRole::Analyst.into());
            let everyone = state.projects.get(&project).and_then(|found| found.everyone.as_ref());
            let team_role = state.teams.get(&team).and_then(|found| found.roles.get(&project));
            let grant = state.grants.get(&(user.clone(), project));
            match kind {
                0 => Change::RenameTeam { from: team, to: other },
                1 => Change::CreateTeam { team },
                2 => Change::InviteUser { user, role: org_role },
                3 => {
                    let live = state.users.get(&user).map(|found| found.role);
                    let from = match presupposed {
                        Presupposed::Live => live.unwrap_or(OrgRole::Member),
                        Presupposed::Other(_) => OrgRole::Member,
                    };
                    Change::SetOrgRole { user, from, to: org_role }
                }
                4 => Change::SetEveryone { project, from: from(everyone), to },
                5 => Change::SetTeamRole { from: from(team_role), team, project, to },
                6 => Change::AddTeamMember { team, user },
                7 => Change::SetGrant { from: from(grant), user, project, to },
                8 => Change::RemoveGrant { from: certain(grant), user, project },
                9 => Change::RemoveTeamMember { team, user },
                10 => Change::RemoveTeamRole { from: certain(team_role), team, project },
                11 => Change::RemoveEveryone { project, from: certain(everyone) },
                12 => Change::DeleteTeam { team },
                13 => Change::CancelInvite { user },
                _ => Change::RemoveUser { user },
            }
        })
}

/// What a change presupposes.
#[derive(Debug, Clone)]
enum Presupposed {
    /// What the state has.
    Live,
    /// Something that the state may not have.
    Other(Option<ProjectRole>),
}

fn presupposed() -> impl Strategy<Value = Presupposed> {
    prop_oneof![4 => Just(Presupposed::Live), 1 => option::of(role()).prop_map(Presupposed::Other)]
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
