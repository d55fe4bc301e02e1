//! By which facts somebody has access agrees with the definition, whatever is asked for.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::access::Via;
use accessctl::desired::{Desired, InForce};
use accessctl::grounds::{Access, GroundKind, Mark, Scope, Side, Sides};
use accessctl::model::{Email, OrgRole, Project, ProjectId, State, Status, Team, User};
use accessctl::target::target;
use proptest::prelude::*;

use crate::naive::{self, Source};
use crate::world::{AS_OF, World, world};

/// What `desired` declares, as a state; where it says nothing of users, they are those of `live` and whoever is named.
fn declared(desired: &Desired, live: &State) -> State {
    let mut state = State::empty(live.organization.clone());
    let in_force = InForce::new(desired, AS_OF);
    let stranger = User { role: OrgRole::Member, status: Status::Active, last_active: None };
    match &desired.users {
        Some(users) => {
            for (email, user) in users.iter().filter(|(email, _)| in_force.user(email).is_none()) {
                state.users.insert(email.clone(), User { role: user.role.value.clone(), ..stranger.clone() });
            }
        }
        None => {
            let members = desired.teams.values().flat_map(|team| team.members.iter().flatten()).map(|(email, _)| email);
            let holders = desired.grants.keys().map(|(email, _)| email);
            state.users = members.chain(holders).map(|email| (email.clone(), stranger.clone())).collect();
            state.users.extend(live.users.clone());
            state.users.retain(|email, _| in_force.user(email).is_none());
        }
    }
    for id in desired.projects.keys().chain(live.projects.keys()) {
        let everyone = desired.projects.get(id).and_then(|found| found.everyone.as_ref());
        let everyone = everyone.map(|fact| fact.value.clone());
        state.projects.insert(*id, Project { name: String::new(), everyone, roles: BTreeSet::new() });
    }
    for (name, team) in &desired.teams {
        // What the team does not state is as it is.
        let mut names = std::iter::once(name).chain(team.previously.keys());
        let found = names.find_map(|name| live.teams.get(name)).cloned().unwrap_or_default();
        let members = team.members.as_ref().map(|members| {
            let held = members.iter().filter(|(email, fact)| in_force.fact_of(email, fact).is_none());
            held.map(|(email, _)| email.clone()).collect()
        });
        let mut members: BTreeSet<Email> = members.unwrap_or(found.members);
        members.retain(|email| state.users.contains_key(email));
        let roles = team.roles.as_ref().map(|roles| {
            roles
                .iter()
                .filter(|(_, fact)| in_force.fact(fact).is_none())
                .map(|(id, fact)| (*id, fact.value.clone()))
                .collect()
        });
        state.teams.insert(name.clone(), Team { members, roles: roles.unwrap_or(found.roles) });
    }
    state.grants = desired
        .grants
        .iter()
        .filter(|((email, _), fact)| in_force.fact_of(email, fact).is_none())
        .map(|(key, fact)| (key.clone(), fact.value.clone()))
        .collect();
    state
}

type All = BTreeMap<(Email, ProjectId), BTreeSet<Source>>;

/// Everything that `side` says, one user at a time.
fn told(side: &Side<'_>) -> All {
    let mut all = All::new();
    for user in side.users() {
        assert!(side.person(user).is_some());
        let rows = side.access(user);
        assert!(rows.is_sorted_by_key(|row| (row.project, row.source.via)));
        for row in &rows {
            let is_new = all.entry((user.clone(), row.project)).or_default().insert(naive::source(&row.source));
            assert!(is_new, "{row:?} is told twice");
        }
    }
    all
}

fn kinds(row: &Access<'_>) -> Vec<GroundKind> {
    row.grounds().map(|ground| ground.kind).collect()
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn grounds_are_told_of_exactly_the_access_that_there_is(world in world()) {
        let World { live, desired } = &world;
        let naive_live = naive::access(live);
        let naive_desired = naive::access(&declared(desired, live));
        let scopes = live.users.keys().map(Some).chain([None]);
        let projects = || live.projects.keys().copied().map(Some).chain([None]);
        for (user, project) in scopes.flat_map(|user| projects().map(move |project| (user, project))) {
            let scope = Scope { user, project };
            let narrowed = |all: &All| -> All {
                let fits = |email: &Email, id: ProjectId| user.is_none_or(|user| user == email) && project.is_none_or(|only| only == id);
                all.iter().filter(|((email, id), _)| fits(email, *id)).map(|(key, row)| (key.clone(), row.clone())).collect()
            };
            prop_assert_eq!(told(&Side::live(live, scope)), narrowed(&naive_live));
            prop_assert_eq!(told(&Side::desired(desired, Some(live), AS_OF, scope)), narrowed(&naive_desired));
        }
    }

    #[test]
    fn every_access_names_the_facts_that_it_rests_on(world in world()) {
        let World { live, desired } = &world;
        let side = Side::desired(desired, Some(live), AS_OF, Scope::default());
        for user in side.users() {
            let entry = desired.users.as_ref().and_then(|users| users.get(user)).map(|_| GroundKind::User);
            for row in side.access(user) {
                let own = match row.source.via {
                    Via::OrgRole => vec![],
                    Via::Team(team) => {
                        let team = &desired.teams[team];
                        let member = team.members.as_ref().map(|_| GroundKind::Member);
                        member.into_iter().chain(team.roles.as_ref().map(|_| GroundKind::TeamRole)).collect()
                    }
                    Via::Grant => vec![GroundKind::Grant],
                    Via::Everyone => vec![GroundKind::Everyone],
                };
                prop_assert_eq!(kinds(&row), own.into_iter().chain(entry).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn marks_tell_what_only_one_side_has(world in world()) {
        let World { live, desired } = &world;
        let Ok((target, _)) = target(desired, live, AS_OF) else { return Ok(()) };
        let sides = Sides::new(desired, Some(live), Some(&target.state), AS_OF, Scope::default());
        let wanted = naive::access(&declared(desired, live));
        let (found, after) = (naive::access(live), naive::access(&target.state));
        let has = |all: &All, key: &(Email, ProjectId), source: &Source| all.get(key).is_some_and(|row| row.contains(source));
        let mut rows = 0;
        for user in sides.users() {
            for row in sides.access(user) {
                rows += 1;
                let (desired, live) = (row.desired.map(|access| access.source), row.live.map(|access| access.source));
                let key = (user.clone(), row.shown().unwrap().project);
                for (source, all) in [(desired, &wanted), (live, &found)] {
                    if let Some(source) = source {
                        prop_assert!(has(all, &key, &naive::source(&source)));
                    }
                }
                let mark = match (desired, live) {
                    (Some(wanted), Some(found)) if wanted == found => Mark::Same,
                    (Some(_), Some(_)) => Mark::OtherRole,
                    (Some(_), None) => Mark::DesiredOnly,
                    (None, Some(found)) if has(&after, &key, &naive::source(&found)) => Mark::Kept,
                    (None, _) => Mark::LiveOnly,
                };
                prop_assert_eq!(row.mark, mark);
            }
        }
        let without_role = |all: &All| -> BTreeSet<_> {
            all.iter().flat_map(|(key, row)| row.iter().map(move |(via, team, _)| (key.clone(), *via, team.clone()))).collect()
        };
        prop_assert_eq!(rows, without_role(&wanted).union(&without_role(&found)).count());
    }
}
