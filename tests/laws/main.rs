//! The laws: what must hold for every configuration and every live side.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking; one arm is meant for all others"
)]

mod drift;
mod forms;
mod grounds;
mod guards;
mod middle;
mod naive;
mod origins;
mod policy;
mod redaction;
mod rewriting;
mod saved;
mod time;
mod undo;
mod unread;
#[path = "../support/middle.rs"]
mod walk;
mod world;

use std::collections::{BTreeMap, BTreeSet};

use accessctl::access::{AccessChange, AccessSource, Effect, UserAccess, Via, covers};
use accessctl::catalogue::{Catalogue, Field, Operation, Region, Standing};
use accessctl::change::Change;
use accessctl::desired::{Backend, Desired, Limits, ManageMode, Mixpanel, Most, Scim, compile};
use accessctl::model::{
    BuiltInRole, Email, Interner, OrgKey, OrgRole, ProjectId, ProjectRole, State, Status, TeamName,
};
use accessctl::plan::{Batch, ChangeId, Channel, KeptWhat, KeptWhy, Plan, PlannedChange, Section};
use accessctl::source::{SourceFile, Sources};
use accessctl::{export, guard, planning};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use world::{AS_OF, World, world};

fn plan(desired: &Desired, live: &State) -> Plan {
    planning::plan(desired, live.clone(), "local", AS_OF).expect("a generated configuration fits its live side").plan
}

fn performed<'a>(live: &State, changes: impl IntoIterator<Item = &'a Change>) -> State {
    let mut state = live.clone();
    for change in changes {
        state.perform(change, AS_OF).unwrap_or_else(|misfit| panic!("{change:?} does not fit: {misfit}"));
    }
    state
}

/// The plan, when the guards let it pass: what they stop is judged elsewhere.
fn approved(world: &World) -> Option<Plan> {
    let plan = plan(&world.desired, &world.live);
    guard::approve(plan.clone()).ok().map(|_| plan).filter(is_whole)
}

fn edits(plan: &Plan) -> impl Iterator<Item = &Change> {
    plan.changes.iter().map(|planned| &planned.change)
}

/// Whether the target is what the configuration says: nothing is held. What is held has laws of its own.
fn is_whole(plan: &Plan) -> bool {
    plan.held().next().is_none()
}

/// Users and projects with some access, by definition.
fn pairs(state: &State) -> BTreeSet<(Email, ProjectId)> {
    naive::access(state).into_keys().collect()
}

/// Asserts that `state`, on the way from live to target, has an owner and takes no access that stays.
fn never_worse(plan: &Plan, state: &State) {
    assert!(state.active_owners().next().is_some(), "no owner in the middle of {:#?}", plan.changes);
    let staying: BTreeSet<_> = pairs(&plan.live).intersection(&pairs(&plan.target)).cloned().collect();
    let missing: Vec<_> = staying.difference(&pairs(state)).cloned().collect();
    assert_eq!(missing, Vec::new(), "lost in the middle of {:#?}", plan.changes);
}

/// How many organizations each law is tried on: `LAW_CASES`, for a long night, or enough for every day.
#[expect(clippy::disallowed_methods, reason = "a knob of the test")]
fn cases() -> u32 {
    std::env::var("LAW_CASES").map_or(1500, |count| count.parse().unwrap())
}

/// How a law is tried on so many organizations. They are the same every day, so that what fails for one fails for all and
/// is found again; whoever asks for a number of their own gets others each time.
fn of_cases(cases: u32) -> ProptestConfig {
    let config = ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases) };
    let rng_seed = match (config.rng_seed, std::env::var_os("LAW_CASES")) {
        (RngSeed::Random, None) => RngSeed::Fixed(1_790_000_000),
        (seed, _) => seed,
    };
    ProptestConfig { rng_seed, ..config }
}

fn config() -> ProptestConfig {
    of_cases(cases())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn performing_the_plan_gives_the_target_and_planning_again_gives_nothing(world in world()) {
        let Some(plan) = approved(&world) else { return Ok(()) };
        let after = performed(&world.live, edits(&plan));
        prop_assert_eq!(&after, &plan.target);
        prop_assert_eq!(after.problems(), Vec::<String>::new());
        let again = self::plan(&world.desired, &after);
        prop_assert_eq!(edits(&again).collect::<Vec<_>>(), Vec::<&Change>::new());
    }

    #[test]
    fn every_prefix_has_an_owner_and_takes_nothing_that_stays(world in world()) {
        let Some(plan) = approved(&world) else { return Ok(()) };
        let mut state = world.live.clone();
        for change in edits(&plan) {
            state.perform(change, AS_OF).unwrap();
            never_worse(&plan, &state);
        }
    }

    #[test]
    fn stopping_anywhere_and_planning_again_reaches_the_target(world in world(), stop in any::<prop::sample::Index>()) {
        let Some(plan) = approved(&world) else { return Ok(()) };
        let done = stop.index(plan.changes.len() + 1);
        let middle = performed(&world.live, edits(&plan).take(done));
        let rest = self::plan(&world.desired, &middle);
        prop_assert_eq!(performed(&middle, edits(&rest)), plan.target);
    }

    #[test]
    fn what_does_not_depend_on_a_failed_change_can_still_be_done(world in world(), fails in any::<prop::sample::Index>()) {
        let Some(plan) = approved(&world) else { return Ok(()) };
        if plan.changes.is_empty() {
            return Ok(());
        }
        let failed = plan.changes[fails.index(plan.changes.len())].id;
        let mut undone = BTreeSet::from([failed]);
        let mut state = world.live.clone();
        for planned in &plan.changes {
            prop_assert!(planned.depends_on.iter().all(|id| *id < planned.id), "{} waits for a later change", planned.id);
            if planned.id == failed || planned.depends_on.iter().any(|id| undone.contains(id)) {
                undone.insert(planned.id);
                continue;
            }
            state.perform(&planned.change, AS_OF).unwrap_or_else(|misfit| panic!("{} does not fit: {misfit} in {plan:#?}", planned.id));
            never_worse(&plan, &state);
        }
        let rest = self::plan(&world.desired, &state);
        prop_assert_eq!(performed(&state, edits(&rest)), plan.target);
    }

    #[test]
    fn requests_hold_every_change_once_and_are_never_worse_in_the_middle(
        world in world(),
        allowed in any::<[bool; 4]>(),
        is_claimed in any::<bool>(),
    ) {
        let sent = |operation: &Operation| allowed[*operation as usize % allowed.len()];
        let unverified: BTreeSet<Operation> = Operation::every().filter(sent).collect();
        let desired = Desired {
            backend: Some(Backend::Mixpanel(Mixpanel {
                place: world.desired.place,
                region: Region::Eu,
                base_url: None,
                catalogue: Catalogue::new(unverified.clone(), BTreeMap::new()),
                limits: Limits::default(),
                scim: is_claimed.then(|| Scim { claimed_domains: ["acme.test".to_owned()].into() }),
            })),
            ..world.desired.clone()
        };
        let plan = plan(&desired, &world.live);
        if guard::approve(plan.clone()).is_err() || !is_whole(&plan) {
            return Ok(());
        }
        // Some are left to people all the same: those that need the id of somebody who has not joined.
        let all = allowed.iter().all(|is_sent| *is_sent)
            && plan.to_do().all(|planned| planned.channel != Channel::Manual);
        let waves = plan.waves();
        let batches: Vec<Batch<'_>> = waves.iter().flatten().cloned().collect();
        prop_assert_eq!(plan.cost.requests, batches.len());
        let mut sent: BTreeSet<ChangeId> = BTreeSet::new();
        let mut state = world.live.clone();
        for batch in &batches {
            let kind = batch[0].change.kind();
            prop_assert!(batch.iter().all(|planned| planned.change.kind() == kind), "{batch:?}");
            let channel = batch[0].channel;
            prop_assert!(batch.iter().all(|planned| planned.channel == channel), "{batch:?}");
            let over_scim = Operation::of_scim(kind).filter(|_| channel == Channel::Scim);
            prop_assert!(is_claimed || over_scim.is_none(), "{batch:?}");
            let operation = over_scim.unwrap_or(Operation::of(kind));
            prop_assert!(batch.len() <= operation.entry().batch, "{batch:?}");
            prop_assert!(operation.entry().standing < Standing::Proposed || unverified.contains(&operation));
            for planned in batch.iter().filter(|_| over_scim.is_some()) {
                // SCIM sees whoever has joined, and makes members and nothing more.
                let user = planned.change.user().unwrap();
                let has_joined = world.live.users.get(user).is_some_and(|found| !found.status.is_invited());
                let is_made = plan.target.users.get(user).is_some_and(|made| made.role == OrgRole::Member);
                prop_assert!(has_joined || (is_made && !world.live.users.contains_key(user)), "{planned:?}");
            }
            let needs_id = over_scim.is_none() && operation.entry().body().is_some_and(|body| body.fields().contains(&Field::UserId));
            for planned in batch.iter().filter(|_| needs_id) {
                let found = planned.change.user().and_then(|user| world.live.users.get(user));
                prop_assert!(found.is_some_and(|found| !found.status.is_invited()), "{planned:?}");
            }
            for planned in batch {
                if all {
                    prop_assert!(planned.depends_on.iter().all(|needed| sent.contains(needed)), "{planned:?} in {batches:?}");
                    state.perform(&planned.change, AS_OF).unwrap_or_else(|misfit| panic!("{planned:?}: {misfit}"));
                }
            }
            sent.extend(batch.iter().map(|planned| planned.id));
            if all {
                never_worse(&plan, &state);
            }
        }
        // The requests of a wave may be sent in any order.
        let mut state = world.live.clone();
        for batch in waves.iter().flat_map(|wave| wave.iter().rev()).filter(|_| all) {
            for planned in batch.iter().rev() {
                state.perform(&planned.change, AS_OF).unwrap_or_else(|misfit| panic!("{planned:?}: {misfit}"));
            }
            never_worse(&plan, &state);
        }
        for (user, after) in &mut state.users {
            // Whom SCIM makes a member is not invited.
            let target = plan.target.users.get(user).filter(|target| target.role == OrgRole::Member && is_claimed);
            if !world.live.users.contains_key(user) && target.is_some() {
                after.status = Status::Active;
            }
        }
        if all {
            prop_assert_eq!(&state, &plan.target);
        }
        // Sharing a request never brings what takes before what gives.
        let order: Vec<&PlannedChange> = batches.iter().flatten().copied().collect();
        let takes = |change: &Change| match change {
            Change::SetOrgRole { from, to, .. } => !to.is_above(from),
            Change::SetTeamRole { project, from: Some(from), to, .. }
            | Change::SetGrant { project, from: Some(from), to, .. }
            | Change::SetEveryone { project, from: Some(from), to } => covers(&plan.ranks, *project, from, to),
            other => other.kind().is_removal(),
        };
        for (place, taking) in order.iter().enumerate().filter(|(_, planned)| takes(&planned.change)) {
            let passed_over = order[place..].iter().any(|later| later.id < taking.id && !takes(&later.change));
            prop_assert!(!passed_over, "{taking:?} in {batches:#?}");
        }
        let by_hand = plan.changes.iter().filter(|planned| planned.channel == Channel::Manual).count();
        prop_assert_eq!(sent.len() + by_hand, plan.changes.len());
        prop_assert_eq!(plan.totals().manual, by_hand);
        if all {
            prop_assert_eq!(state, plan.target);
        }
    }

    #[test]
    fn taking_never_waits_for_an_invitation(world in world()) {
        let plan = plan(&world.desired, &world.live);
        if !is_whole(&plan) {
            return Ok(());
        }
        let invites: BTreeSet<ChangeId> = plan.changes.iter()
            .filter(|planned| matches!(planned.change, Change::InviteUser { .. })).map(|planned| planned.id).collect();
        let depends_on: BTreeMap<ChangeId, &[ChangeId]> =
            plan.changes.iter().map(|planned| (planned.id, planned.depends_on.as_slice())).collect();
        let renames_somebody = world.desired.users.iter().flatten().any(|(_, user)| !user.previously.is_empty());
        for planned in plan.changes.iter().filter(|planned| planned.change.kind().is_removal() && !renames_somebody) {
            let mut waits_for = planned.depends_on.to_vec();
            while let Some(id) = waits_for.pop() {
                prop_assert!(!invites.contains(&id), "{:?} waits for the invitation {id}", planned.change);
                waits_for.extend(depends_on[&id]);
            }
        }
    }

    #[test]
    fn a_state_written_as_configuration_plans_nothing(world in world()) {
        let org = OrgKey::new("acme").unwrap();
        // The language has no word for an org role that is not known.
        let mut live = world.live.clone();
        for user in live.users.values_mut().filter(|user| !user.role.is_known()) {
            user.role = OrgRole::Member;
        }
        let labels = export::Labels { org: &org, projects: &BTreeMap::new() };
        let mut text = Vec::new();
        export::write(&live, labels, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let sources = Sources::new(vec![SourceFile::new("export.yaml", text.clone())]);
        let compiled = compile(&sources, &mut Interner::default());
        prop_assert_eq!(&compiled.diagnostics, &vec![], "{}", text);
        let plan = plan(&compiled.organizations[0], &live);
        prop_assert_eq!(edits(&plan).collect::<Vec<_>>(), Vec::<&Change>::new(), "{}", text);
    }

    #[test]
    fn the_same_input_gives_the_same_plan(world in world()) {
        prop_assert_eq!(format!("{:?}", plan(&world.desired, &world.live)), format!("{:?}", plan(&world.desired, &world.live)));
    }

    #[test]
    fn effective_access_is_the_difference_of_two_computations(world in world()) {
        let plan = plan(&world.desired, &world.live);
        if !is_whole(&plan) {
            return Ok(());
        }
        let people: Vec<_> = plan.access_changes().collect();
        prop_assert!(people.iter().all(|access| access.rows().len() > 0));
        let rows: Vec<_> = people.iter().flat_map(UserAccess::rows).collect();
        let told: BTreeMap<(Email, ProjectId), Effect> =
            rows.iter().map(|row| ((row.user.clone(), row.project), row.effect)).collect();
        prop_assert_eq!(told.len(), rows.len());
        prop_assert_eq!(&told, &naive::effects(&plan.live, &plan.target, &plan.ranks));
        let (before, after) = (naive::access(&plan.live), naive::access(&plan.target));
        for row in &rows {
            let key = (row.user.clone(), row.project);
            let sources = |side: &BTreeMap<_, BTreeSet<_>>| side.get(&key).cloned().unwrap_or_default();
            let told = |row: &[AccessSource<'_>]| row.iter().map(naive::source).collect::<BTreeSet<_>>();
            prop_assert_eq!(told(row.before), sources(&before));
            prop_assert_eq!(told(row.after), sources(&after));
            prop_assert!(row.before.is_sorted() && row.after.is_sorted());
        }
        prop_assert!(rows.is_sorted_by_key(|row| (row.user.clone(), row.project)));
    }

    #[test]
    fn whoever_becomes_admin_or_owner_of_a_project_is_marked_and_nobody_else(
        mut world in world(),
        most in prop::option::of(0..3usize),
    ) {
        // Whoever stays because a removal is held may rise by what is done.
        if let Some(most) = most {
            world.desired.guards.max_removals = Most::Number(most);
        }
        let plan = plan(&world.desired, &world.live);
        if plan.is_blocked() {
            return Ok(());
        }
        let level = |project: ProjectId, role: &ProjectRole| match role {
            ProjectRole::BuiltIn(role) => Some(*role),
            ProjectRole::Custom(name) => plan.ranks.get(&project)?.get(name)?.now,
        };
        let manages = |project: ProjectId, sources: &[AccessSource<'_>]| {
            sources.iter().filter_map(|source| level(project, source.role)).filter(|role| *role >= BuiltInRole::Admin).max()
        };
        let rises = |row: &AccessChange<'_>| manages(row.project, row.after) > manages(row.project, row.before);
        let people: Vec<_> = plan.access_changes().collect();
        let risen: Vec<AccessChange<'_>> = people.iter().flat_map(UserAccess::rows).filter(rises).collect();
        let is_by = |planned: &PlannedChange, row: &AccessChange<'_>| match &planned.change {
            Change::AddTeamMember { team, .. } | Change::SetTeamRole { team, .. } => {
                row.after.iter().any(|source| source.via == Via::Team(team))
            }
            Change::SetEveryone { project, .. } => *project == row.project,
            _ => planned.change.user() == Some(row.user),
        };
        for row in &risen {
            let marked = plan.to_do().any(|planned| planned.escalation && is_by(planned, row));
            prop_assert!(marked, "{row:?} in {plan:#?}");
        }
        let meanwhile = plan.circles.iter().flat_map(|circle| &circle.meanwhile);
        let meanwhile = meanwhile.filter(|held| level(held.project, &held.role) >= Some(BuiltInRole::Admin));
        let meanwhile: BTreeSet<ChangeId> = meanwhile.map(|held| held.from).collect();
        for planned in plan.to_do() {
            prop_assert!(planned.escalation || !meanwhile.contains(&planned.id), "{planned:?} in {plan:#?}");
        }
        for planned in plan.to_do().filter(|planned| planned.escalation) {
            let by_org_role = matches!(planned.change, Change::SetOrgRole { .. } | Change::InviteUser { .. });
            let meanwhile = meanwhile.contains(&planned.id);
            prop_assert!(by_org_role || meanwhile || risen.iter().any(|row| is_by(planned, row)), "{planned:?} in {plan:#?}");
        }
    }

    #[test]
    fn a_renamed_user_loses_nothing_before_the_new_account_has_it(world in world()) {
        let World { live, desired } = &world;
        let plan = plan(desired, live);
        if !is_whole(&plan) {
            return Ok(());
        }
        let target = &plan.target;
        // Whoever has nothing at the moment loses it under every address.
        let out = time::out(desired);
        for (new, wanted) in desired.users.iter().flatten().filter(|(new, _)| !out.contains_key(*new)) {
            let gone = |old: &&Email| live.users.contains_key(*old) && !target.users.contains_key(*old);
            for old in wanted.previously.keys().filter(gone) {
                let joined = |email: &Email| live.users.get(email).is_some_and(|user| !user.status.is_invited());
                prop_assert!(joined(new) || !joined(old), "{old} goes before {new} has joined");
                for (team, _) in live.teams.iter().filter(|(_, found)| found.members.contains(old)) {
                    let team = plan.team_renames.get(team).unwrap_or(team);
                    let taken = Change::RemoveTeamMember { team: team.clone(), user: old.clone() };
                    let has = target.teams.get(team).is_some_and(|team| team.members.contains(new));
                    prop_assert!(is_managed(desired, live, &taken) || has, "{taken:?}");
                }
                for (project, role) in live.grants_of(old) {
                    let taken = Change::RemoveGrant { user: old.clone(), project, from: role.clone() };
                    prop_assert!(is_managed(desired, live, &taken) || target.grants.contains_key(&(new.clone(), project)), "{taken:?}");
                }
            }
        }
    }

    #[test]
    fn what_is_said_to_be_kept_is_kept(world in world()) {
        let plan = plan(&world.desired, &world.live);
        if !is_whole(&plan) {
            return Ok(());
        }
        let (live, target, out) = (&plan.live, &plan.target, time::out(&world.desired));
        let was_called = |name: &TeamName| {
            plan.team_renames.iter().find(|(_, new)| *new == name).map_or(name, |(old, _)| old).clone()
        };
        let team = |state: &'_ State, name: &TeamName| state.teams.get(name).cloned().unwrap_or_default();
        for kept in &plan.kept {
            let stays = match &kept.what {
                KeptWhat::User(user) => live.users.contains_key(user) && live.users.get(user) == target.users.get(user),
                // Only its name is: the roles of the configuration are given to it.
                KeptWhat::Team(name) if matches!(kept.why, KeptWhy::AwaitsProvider(_)) => {
                    live.teams.contains_key(name) && target.teams.contains_key(name)
                }
                KeptWhat::Team(name) => live.teams.contains_key(name) && team(live, name).roles == team(target, name).roles,
                KeptWhat::Member(name, user) => {
                    team(live, &was_called(name)).members.contains(user) && team(target, name).members.contains(user)
                }
                KeptWhat::Members(name, count) => {
                    let found = team(target, name).members;
                    found.len() == *count && found.is_subset(&team(live, &was_called(name)).members)
                }
                KeptWhat::TeamRole(name, project, role) => {
                    team(live, &was_called(name)).roles.get(project) == Some(role)
                        && team(target, name).roles.get(project) == Some(role)
                }
                KeptWhat::TeamRoles(name, count) => {
                    let found = team(target, name).roles;
                    found.len() == *count && found == team(live, &was_called(name)).roles
                }
                KeptWhat::Grant(user, project, role) => [live, target].iter()
                    .all(|state| state.grants.get(&(user.clone(), *project)) == Some(role)),
                KeptWhat::Everyone(project, role) => [live, target].iter()
                    .all(|state| state.projects[project].everyone.as_ref() == Some(role)),
                KeptWhat::Section(Section::Users, count) => {
                    let stays = |user: &Email| out.get(user) != Some(&true);
                    let staying: BTreeMap<_, _> = live.users.iter().filter(|(user, _)| stays(user)).collect();
                    staying == target.users.iter().collect() && target.users.len() == *count
                }
                KeptWhat::Section(Section::Teams, count) => target.teams.len() == *count && live.teams.len() == *count,
                KeptWhat::Section(Section::Grants, count) => target.grants.len() == *count,
                KeptWhat::Section(Section::Everyone, count) => {
                    target.projects.values().filter(|project| project.everyone.is_some()).count() == *count
                }
            };
            prop_assert!(stays, "{kept:?}");
        }
        prop_assert!(plan.kept.is_sorted());
    }

    #[test]
    fn what_is_kept_is_said_to_be_kept(world in world()) {
        let World { live, desired } = &world;
        let plan = plan(desired, live);
        if !is_whole(&plan) {
            return Ok(());
        }
        let target = &plan.target;
        let said = |whats: &[&dyn Fn(&KeptWhat) -> bool]| {
            plan.kept.iter().any(|kept| whats.iter().any(|covers| covers(&kept.what)))
        };
        let section = |section| move |what: &KeptWhat| matches!(what, KeptWhat::Section(found, _) if *found == section);
        for user in live.users.keys().filter(|user| target.users.contains_key(*user)) {
            let declared = desired.users.as_ref().is_some_and(|users| users.contains_key(user));
            prop_assert!(declared || said(&[&section(Section::Users), &|what| *what == KeptWhat::User(user.clone())]), "{user}");
        }
        for (key, role) in live.grants.iter().filter(|(key, _)| target.grants.contains_key(*key)) {
            let kept = KeptWhat::Grant(key.0.clone(), key.1, role.clone());
            let declared = desired.grants.contains_key(key);
            prop_assert!(declared || said(&[&section(Section::Grants), &|what| *what == kept]), "{key:?}");
        }
        for (project, found) in &live.projects {
            let Some(role) = found.everyone.clone().filter(|_| target.projects[project].everyone.is_some()) else { continue };
            let declared = desired.projects.get(project).is_some_and(|found| found.everyone.is_some());
            let kept = KeptWhat::Everyone(*project, role);
            prop_assert!(declared || said(&[&section(Section::Everyone), &|what| *what == kept]), "{project}");
        }
        for (old, found) in &live.teams {
            let name = plan.team_renames.get(old).unwrap_or(old);
            let (Some(after), declared) = (target.teams.get(name), desired.teams.get(name)) else { continue };
            let whole = |what: &KeptWhat| section(Section::Teams)(what) || *what == KeptWhat::Team(name.clone());
            for user in found.members.intersection(&after.members) {
                let declared = declared.and_then(|team| team.members.as_ref()).is_some_and(|members| members.contains_key(user));
                let all = |what: &KeptWhat| matches!(what, KeptWhat::Members(team, _) if team == name);
                let kept = KeptWhat::Member(name.clone(), user.clone());
                prop_assert!(declared || said(&[&whole, &all, &|what| *what == kept]), "{user} in {name}");
            }
            for (project, role) in found.roles.iter().filter(|(project, _)| after.roles.contains_key(*project)) {
                let declared = declared.and_then(|team| team.roles.as_ref()).is_some_and(|roles| roles.contains_key(project));
                let all = |what: &KeptWhat| matches!(what, KeptWhat::TeamRoles(team, _) if team == name);
                let kept = KeptWhat::TeamRole(name.clone(), *project, role.clone());
                prop_assert!(declared || said(&[&whole, &all, &|what| *what == kept]), "{name} on {project}");
            }
        }
    }

    #[test]
    fn what_is_not_managed_is_not_named_and_stays(world in world()) {
        let World { live, desired } = &world;
        let plan = plan(desired, live);
        if !is_whole(&plan) {
            return Ok(());
        }
        for change in edits(&plan) {
            prop_assert!(is_managed(desired, live, change), "{change:?}");
        }
        let target = &plan.target;
        let stays = |user: &&Email| target.users.contains_key(*user);
        let now_called = |team: &TeamName| plan.team_renames.get(team).unwrap_or(team).clone();
        for (email, user) in live.users.iter().filter(|(email, _)| desired.ignore.user(email).is_some()) {
            prop_assert_eq!(target.users.get(email), Some(user));
            let teams = |state: &State| -> BTreeSet<_> {
                state.teams.iter().filter(|(_, team)| team.members.contains(email)).map(|(name, _)| name.clone()).collect()
            };
            let were = teams(live);
            let before: BTreeSet<_> = were.iter().map(now_called).collect();
            prop_assert_eq!(before, teams(target));
            prop_assert_eq!(live.grants_of(email).collect::<Vec<_>>(), target.grants_of(email).collect::<Vec<_>>());
        }
        for (name, team) in live.teams.iter().filter(|(name, _)| desired.ignore.team(name).is_some()) {
            let found = &target.teams[name];
            prop_assert_eq!(&team.roles, &found.roles);
            prop_assert_eq!(team.members.iter().filter(stays).collect::<Vec<_>>(), found.members.iter().collect::<Vec<_>>());
        }
        for (id, project) in live.projects.iter().filter(|(id, _)| !project_is_managed(desired, **id)) {
            prop_assert_eq!(Some(&project.everyone), target.projects.get(id).map(|found| &found.everyone));
            for (name, team) in &live.teams {
                if let Some(role) = team.roles.get(id) {
                    prop_assert_eq!(target.teams.get(&now_called(name)).and_then(|team| team.roles.get(id)), Some(role));
                }
            }
            let on_it = |state: &State| -> Vec<_> {
                state.grants.iter().filter(|((user, on), _)| on == id && stays(&user)).map(|(key, role)| (key.clone(), role.clone())).collect()
            };
            prop_assert_eq!(on_it(live), on_it(target));
        }
    }
}

fn project_is_managed(desired: &Desired, id: ProjectId) -> bool {
    desired.ignore.project(&[&id.to_string()]).is_none()
        && (desired.projects.contains_key(&id) || desired.manage.projects == ManageMode::Full)
}

/// Whether the configuration looks after what `change` names, by the rules of `manage`.
fn is_managed(desired: &Desired, live: &State, change: &Change) -> bool {
    let section = |mode: ManageMode, listed: bool| match mode {
        ManageMode::Full => true,
        ManageMode::Listed => listed,
        ManageMode::None => false,
    };
    let manage = desired.manage;
    if change.user().is_some_and(|user| desired.ignore.user(user).is_some())
        || change.team().is_some_and(|team| desired.ignore.team(team).is_some())
        || change.project().is_some_and(|project| !project_is_managed(desired, project))
    {
        return false;
    }
    let declared_user = |email: &Email| {
        let users = desired.users.as_ref();
        users.is_some_and(|users| {
            users.contains_key(email) || users.values().any(|user| user.previously.contains_key(email))
        })
    };
    let awaits_its_name = |team: &TeamName| {
        desired.teams.values().any(|declared| declared.scim_managed && declared.previously.contains_key(team))
    };
    // A live team may have both its declared name and an earlier one of another.
    let belongs_elsewhere = |team: &TeamName| desired.teams.get(team).is_some_and(|declared| declared.scim_managed);
    let declared_team = |team: &TeamName| desired.teams.contains_key(team) || awaits_its_name(team);
    let team_ok = change.team().is_none_or(|team| section(manage.teams, declared_team(team)));
    match change {
        Change::InviteUser { user, .. } => section(manage.users, declared_user(user)) && !live.users.contains_key(user),
        Change::SetOrgRole { user, .. } => section(manage.users, declared_user(user)),
        Change::CancelInvite { user } | Change::RemoveUser { user } => {
            // A block is a wish about the person, whoever looks after the others.
            time::out(desired).get(user) == Some(&true) || section(manage.users, declared_user(user))
        }
        Change::RenameTeam { from, to } => team_ok && desired.ignore.team(from).is_none() && !belongs_elsewhere(to),
        Change::CreateTeam { team } => team_ok && !belongs_elsewhere(team),
        Change::DeleteTeam { team } => team_ok && manage.team_members && !belongs_elsewhere(team),
        Change::AddTeamMember { team, .. } | Change::RemoveTeamMember { team, .. } => {
            team_ok
                && manage.team_members
                && !belongs_elsewhere(team)
                && desired.teams.get(team).is_none_or(|team| team.members.is_some())
        }
        Change::SetTeamRole { team, .. } | Change::RemoveTeamRole { team, .. } => {
            team_ok && desired.teams.get(team).is_none_or(|team| team.roles.is_some())
        }
        Change::SetGrant { user, project, .. } | Change::RemoveGrant { user, project, .. } => {
            section(manage.grants, desired.grants.contains_key(&(user.clone(), *project)))
        }
        Change::SetEveryone { project, .. } | Change::RemoveEveryone { project, .. } => {
            let declared = desired.projects.get(project).is_some_and(|found| found.everyone.is_some());
            section(manage.everyone, declared)
        }
    }
}
