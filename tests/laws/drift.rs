//! Laws of drift: what is told is exactly what the plan would take back and nobody is yet to apply, and what was told is
//! remembered.

use std::collections::BTreeSet;

use accessctl::desired::{Acceptance, Bound, Desired, Observed};
use accessctl::diagnostic::Code;
use accessctl::diff::diff;
use accessctl::drift::{Became, Drift, Memory, Standing, observe};
use accessctl::model::State;
use accessctl::plan::{Origin, Plan, Why};
use accessctl::planning;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::world::{AS_OF, World, state, world};
use crate::{cases, edits, plan};

/// A day after the first look.
fn tomorrow() -> Timestamp {
    AS_OF + SignedDuration::from_hours(24)
}

fn drift(desired: &Desired, live: &State, applied: Option<&State>, now: Timestamp) -> Drift {
    let planned = planning::drift(desired, live.clone(), "local", AS_OF, applied).unwrap();
    Drift::new(desired, planned.plan, applied.is_some(), now).0
}

/// `live` after the changes of `plan`.
fn after(live: &State, plan: &Plan) -> State {
    let mut after = live.clone();
    for change in edits(plan) {
        let _ = after.perform(change, AS_OF);
    }
    after
}

/// The places of the changes that the differences are made of.
fn told(drift: &Drift) -> Vec<usize> {
    let mut places: Vec<usize> = drift.differences.iter().flat_map(|found| &found.changes).copied().collect();
    places.sort();
    places
}

fn places(plan: &Plan, origins: &[Origin]) -> Vec<usize> {
    let all = plan.changes.iter().enumerate();
    all.filter(|(_, planned)| origins.contains(&planned.origin)).map(|(place, _)| place).collect()
}

proptest! {
    #![proptest_config(crate::of_cases(cases()))]

    #[test]
    fn differences_and_what_waits_are_the_plan(world in world(), applied in prop::option::of(state())) {
        let found = drift(&world.desired, &world.live, applied.as_ref(), AS_OF);
        let without = plan(&world.desired, &world.live);
        prop_assert_eq!(edits(&found.plan).collect::<Vec<_>>(), edits(&without).collect::<Vec<_>>());
        // Every change is told in exactly one place.
        prop_assert_eq!(told(&found), places(&found.plan, &[Origin::Drift]));
        let overdue: BTreeSet<usize> = found.overdue.iter().flat_map(|one| &one.found.changes).copied().collect();
        prop_assert_eq!(overdue.into_iter().collect::<Vec<_>>(), places(&found.plan, &[Origin::Expiry]));
        let all = [Origin::Drift, Origin::Pending, Origin::Expiry];
        prop_assert_eq!(places(&found.plan, &all).len(), found.plan.changes.len());
        let fingerprints: BTreeSet<&String> = found.differences.iter().map(|found| &found.fingerprint).collect();
        prop_assert_eq!(fingerprints.len(), found.differences.len(), "two differences have one name");
        if applied.is_none() {
            let over = found.plan.changes.iter().filter(|planned| planned.why == Why::Expired).count();
            prop_assert_eq!(places(&found.plan, &[Origin::Expiry]).len(), over);
            prop_assert_eq!(places(&found.plan, &[Origin::Pending]).len(), 0);
        }
    }

    #[test]
    fn what_is_still_so_and_nobody_agrees_to_is_never_told_as_agreed(world in world()) {
        let first = drift(&world.desired, &world.live, None, AS_OF);
        // It turns out to be what the last apply left, so it waits for the next one.
        let mut second = drift(&world.desired, &world.live, Some(&world.live), tomorrow());
        second.recall(Some(&first.remember(AS_OF)));
        for gone in &second.gone {
            prop_assert_eq!(gone.became, Became::Pending, "{:?}", gone);
        }
        prop_assert_eq!(second.gone.len() + second.overdue.len(), first.differences.len() + first.overdue.len());
    }

    #[test]
    fn nothing_is_drift_where_nobody_touched_the_live_side(World { live, desired } in world(), before in world()) {
        // The last apply was of another configuration, where that fits.
        let Ok(planned) = planning::plan(&before.desired, live.clone(), "local", AS_OF) else { return Ok(()) };
        let applied = after(&live, &planned.plan);
        if planning::plan(&desired, applied.clone(), "local", AS_OF).is_err() {
            return Ok(());
        }
        prop_assert_eq!(drift(&desired, &applied, Some(&applied), AS_OF).differences.len(), 0);
    }

    #[test]
    fn whatever_has_another_value_than_the_last_apply_left_is_drift(
        World { live, desired } in world(),
        before in state(),
        wish in state(),
    ) {
        // The last apply was of another configuration; somebody has changed the live side since, perhaps to what nobody
        // ever wanted.
        let mut drifted = before.clone();
        for change in &diff(&before, &wish, &Default::default()) {
            let _ = drifted.perform(change, AS_OF);
        }
        drop(live);
        if planning::plan(&desired, drifted.clone(), "local", AS_OF).is_err() {
            return Ok(());
        }
        let found = drift(&desired, &drifted, Some(&before), AS_OF);
        for planned in found.plan.changes.iter().filter(|_| found.plan.team_renames.is_empty()) {
            let observed = observe(&found.plan, &planned.change);
            let is_as_before = has(&before, &observed);
            prop_assert_eq!(planned.origin == Origin::Drift, !is_as_before, "{:?}", planned);
        }
    }

    #[test]
    fn what_was_told_is_still_so_and_nothing_is_new(world in world()) {
        let mut first = drift(&world.desired, &world.live, None, AS_OF);
        first.recall(None);
        prop_assert!(first.differences.iter().all(|found| found.standing == Standing::New));
        let mut memory = Memory::default();
        memory.orgs.insert(world.desired.id, first.remember(AS_OF));
        let mut written = Vec::new();
        memory.write(&mut written).unwrap();
        let read = Memory::read(std::str::from_utf8(&written).unwrap()).unwrap();
        prop_assert_eq!(&read, &memory);
        let mut second = drift(&world.desired, &world.live, None, tomorrow());
        second.recall(read.orgs.get(&world.desired.id));
        prop_assert!(second.differences.iter().all(|found| found.standing == Standing::Still));
        prop_assert!(second.differences.iter().all(|found| found.first_seen == AS_OF));
        prop_assert!(second.gone.is_empty() && !second.has_news);
        let names = |drift: &Drift| drift.differences.iter().map(|found| found.fingerprint.clone()).collect::<Vec<_>>();
        prop_assert_eq!(names(&first), names(&second));
    }

    #[test]
    fn what_is_taken_back_is_gone(world in world()) {
        let mut first = drift(&world.desired, &world.live, None, AS_OF);
        first.recall(None);
        let memory = first.remember(AS_OF);
        let taken_back = after(&world.live, &first.plan);
        let Ok(planned) = planning::drift(&world.desired, taken_back, "local", AS_OF, None) else { return Ok(()) };
        let mut second = Drift::new(&world.desired, planned.plan, false, tomorrow()).0;
        second.recall(Some(&memory));
        let [now, before] = [&second, &first].map(|drift| {
            let overdue = drift.overdue.iter().map(|one| &one.found);
            drift.differences.iter().chain(overdue).map(|found| &found.observed).collect::<BTreeSet<&Observed>>()
        });
        let gone: BTreeSet<&Observed> = second.gone.iter().map(|gone| &gone.seen.observed).collect();
        prop_assert_eq!(gone, before.difference(&now).copied().collect::<BTreeSet<_>>());
        prop_assert_eq!(second.has_news, !second.gone.is_empty() || !now.is_subset(&before));
    }

    #[test]
    fn what_is_accepted_is_told_apart_until_its_day(World { live, mut desired } in world(), is_over in any::<bool>()) {
        let found = drift(&desired, &live, None, AS_OF);
        let at = if is_over { AS_OF } else { tomorrow() };
        let place = desired.place;
        desired.accept = found.differences.iter().map(|found| Acceptance {
            place,
            observed: vec![found.observed.clone()],
            projects: Vec::new(),
            until: Bound { at, day: None, place },
            reason: "known".to_owned(),
            ticket: None,
        }).collect();
        let planned = planning::drift(&desired, live.clone(), "local", AS_OF, None).unwrap();
        let (accepting, findings) = Drift::new(&desired, planned.plan, false, AS_OF);
        prop_assert_eq!(told(&accepting), told(&found));
        let is_blocked = |place: &usize| accepting.plan.changes[*place].why == Why::Blocked;
        for found in &accepting.differences {
            prop_assert_eq!(found.accepted.is_some(), !is_over && !is_blocked(&found.changes[0]), "{:?}", found);
        }
        let expected = if is_over { Code::AcceptanceOver } else { Code::AcceptanceUnused };
        let number = if is_over { desired.accept.len() } else { 0 };
        prop_assert_eq!(findings.iter().filter(|finding| finding.code == expected).count(), number);
        prop_assert_eq!(findings.len(), number);
        // The plan does not care.
        prop_assert_eq!(edits(&plan(&desired, &live)).count(), accepting.plan.changes.len());
    }
}

/// Whether `state` has what is observed, by definition.
fn has(state: &State, observed: &Observed) -> bool {
    match observed {
        Observed::User(user, role) => state.users.get(user).map(|found| &found.role) == role.as_ref(),
        Observed::Team(team, is_there) => state.teams.contains_key(team) == *is_there,
        Observed::Member(team, user, is_in) => {
            state.teams.get(team).is_some_and(|found| found.members.contains(user)) == *is_in
        }
        Observed::TeamRole(team, project, role) => {
            state.teams.get(team).and_then(|found| found.roles.get(project)) == role.as_ref()
        }
        Observed::Grant(user, project, role) => state.grants.get(&(user.clone(), *project)) == role.as_ref(),
        Observed::Everyone(project, role) => {
            state.projects.get(project).and_then(|found| found.everyone.as_ref()) == role.as_ref()
        }
    }
}
