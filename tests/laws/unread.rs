//! What must hold where the live side was read in part.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::access::{AccessSource, Effect, UserAccess, access_changes};
use accessctl::change::Change;
use accessctl::desired::ManageMode;
use accessctl::guard;
use accessctl::model::{Email, ProjectId, ProjectRole, State};
use accessctl::plan::{GuardCode, GuardEffect, GuardFinding, Plan};
use proptest::collection::btree_set;
use proptest::prelude::*;

use crate::naive::{self, Source};
use crate::world::{PROJECTS, USERS, World, project, user, world};
use crate::{approved, cases, edits, performed, plan};

/// The world with teams, or the access on some projects, not managed; and its live side without these.
fn hidden(mut world: World, teams: bool, projects: &BTreeSet<ProjectId>) -> (World, State) {
    let mut part = world.live.clone();
    if teams {
        world.desired.manage.teams = ManageMode::None;
        part.teams.clear();
        part.unread.teams = true;
    }
    if !projects.is_empty() {
        world.desired.manage.grants = ManageMode::None;
        world.desired.manage.everyone = ManageMode::None;
        part.grants.retain(|(_, project), _| !projects.contains(project));
        for (_, found) in part.projects.iter_mut().filter(|(id, _)| projects.contains(*id)) {
            found.everyone = None;
        }
        part.unread.projects = projects.clone();
    }
    assert_eq!(part.problems(), Vec::<String>::new());
    (world, part)
}

/// The live side where these people are in no list that was read.
fn without(live: &State, people: BTreeSet<Email>) -> State {
    let mut part = live.clone();
    part.users.retain(|user, _| !people.contains(user));
    part.grants.retain(|(user, _), _| !people.contains(user));
    for (name, team) in &mut part.teams {
        let unread: BTreeSet<Email> = team.members.intersection(&people).cloned().collect();
        if !unread.is_empty() {
            team.members.retain(|user| !people.contains(user));
            part.unread.members.insert(name.clone(), unread);
        }
    }
    part.unread.invitations = true;
    part.unread.people = people;
    assert_eq!(part.problems(), Vec::<String>::new());
    part
}

type Told = (Effect, BTreeSet<Source>, BTreeSet<Source>, bool);

/// What is told of everybody's access, and whether it is said to be more.
fn told<'a>(people: impl Iterator<Item = UserAccess<'a>>) -> BTreeMap<(Email, ProjectId), Told> {
    let people: Vec<UserAccess<'_>> = people.collect();
    let rows = people.iter().flat_map(UserAccess::rows).map(|row| {
        let sources = |of: &[AccessSource<'_>]| of.iter().map(naive::source).collect();
        ((row.user.clone(), row.project), (row.effect, sources(row.before), sources(row.after), row.unread.any()))
    });
    rows.collect()
}

proptest! {
    #![proptest_config(crate::of_cases(cases()))]

    #[test]
    fn what_was_not_read_is_not_changed_and_never_told_as_certain(
        world in world(), teams in any::<bool>(), numbers in btree_set(0..PROJECTS, 0..3),
    ) {
        let projects: BTreeSet<ProjectId> = numbers.into_iter().map(project).collect();
        let (world, part) = hidden(world, teams, &projects);
        let Some(seen) = approved(&World { live: part, ..world.clone() }) else { return Ok(()) };
        for change in edits(&seen) {
            prop_assert!(!(teams && change.team().is_some()), "{change:?}");
            // Roles of teams are read with the teams.
            let is_hidden = change.team().is_none() && change.project().is_some_and(|id| projects.contains(&id));
            prop_assert!(!is_hidden, "{change:?}");
        }
        // What the same changes do to everything that is really there.
        let after = performed(&world.live, edits(&seen));
        let really = told(access_changes(&world.live, &after, edits(&seen), &seen.ranks));
        let told = told(seen.access_changes());
        for (key, row) in &told {
            let (effect, before, after, at_least) = row;
            let same = really.get(key).is_some_and(|(e, b, a, _)| (e, b, a) == (effect, before, after));
            prop_assert!(*at_least || same, "{key:?} is told as {row:?}, and is {:?}", really.get(key));
        }
        for key in really.keys().filter(|key| !told.contains_key(*key)) {
            // Only of somebody who comes or goes there may be nothing to tell at all.
            let stays = [&world.live, &after].iter().all(|state| state.users.contains_key(&key.0));
            prop_assert!(!stays, "{key:?} is not told: {:?}", really[key]);
        }
    }

    #[test]
    fn whoever_is_in_no_list_that_was_read_is_left_alone(world in world(), numbers in btree_set(0..USERS, 1..3)) {
        let people: BTreeSet<Email> = numbers.into_iter().map(user).collect();
        let whole = world.live.clone();
        let world = World { live: without(&world.live, people.clone()), ..world };
        let plan = plan(&world.desired, &world.live);
        // What else is held has laws of its own.
        let is_other = |finding: &GuardFinding| finding.effect == GuardEffect::Hold && finding.code != GuardCode::UnreadMembers;
        if plan.guards.iter().any(is_other) {
            return Ok(());
        }
        for change in edits(&plan) {
            prop_assert!(change.user().is_none_or(|user| !people.contains(user)), "{change:?}");
        }
        prop_assert!(people.iter().all(|user| !plan.target.users.contains_key(user)));
        let Ok(approved) = guard::approve(plan) else { return Ok(()) };
        let plan = approved.plan();
        let done = |plan: &Plan| plan.to_do().map(|planned| planned.change.clone()).collect::<Vec<_>>();
        let held = |plan: &Plan| plan.held().map(|planned| planned.change.clone()).collect::<BTreeSet<_>>();
        // Nobody of them loses anything that a team gives.
        let really = performed(&whole, &done(plan));
        for (name, team) in whole.teams.iter().filter(|(_, team)| !team.members.is_disjoint(&people)) {
            let now = really.teams.get(plan.team_renames.get(name).unwrap_or(name));
            prop_assert!(now.is_some_and(|now| team.members.intersection(&people).all(|user| now.members.contains(user))));
            // Nothing is given to them that is not declared for each of them.
            let new_name = plan.team_renames.get(name).unwrap_or(name);
            let declared = world.desired.teams.get(new_name).and_then(|team| team.members.as_ref());
            let are_declared = team.members.intersection(&people).all(|user| declared.is_some_and(|members| members.contains_key(user)));
            for project in team.roles.keys().chain(now.into_iter().flat_map(|now| now.roles.keys())) {
                let (role, kept) = (team.roles.get(project), now.and_then(|now| now.roles.get(project)));
                let is_raised = match (role, kept) {
                    (None, Some(_)) => true,
                    (Some(ProjectRole::BuiltIn(was)), Some(ProjectRole::BuiltIn(now))) => now > was,
                    _ => false,
                };
                prop_assert!((is_raised && are_declared) || kept == role, "{name} had {role:?} on {project}, and has {kept:?}");
                let is_of_it = |change: &Change| match change {
                    Change::SetTeamRole { team, project: on, .. } => team == new_name && on == project,
                    _ => false,
                };
                let wanted = world.desired.teams.get(new_name).and_then(|team| team.roles.as_ref()).and_then(|roles| roles.get(project));
                let is_other = wanted.is_some_and(|wanted| wanted.note.is_none() && Some(&wanted.value) != kept);
                let is_managed = world.desired.manage.teams != ManageMode::None && world.desired.ignore.team(name).is_none();
                prop_assert!(!is_other || !is_managed || held(plan).iter().any(is_of_it), "{name} on {project}: {:#?}", plan.guards);
            }
        }
        let after = performed(&world.live, &done(plan));
        prop_assert_eq!(&after, &plan.target);
        // What is held is never called in sync.
        let again = crate::plan(&world.desired, &after);
        prop_assert_eq!(done(&again), Vec::<Change>::new());
        prop_assert_eq!(held(&again), held(plan));
    }
}
