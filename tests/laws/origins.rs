//! Laws of origins: what is proposed is told from what was agreed to before, and nothing else changes.

use accessctl::change::Change;
use accessctl::desired::Desired;
use accessctl::diff::diff;
use accessctl::model::State;
use accessctl::plan::{Origin, Plan, Why};
use accessctl::planning;
use proptest::prelude::*;

use crate::world::{AS_OF, World, state, world};
use crate::{cases, edits, plan};

/// The plan of `desired` with its origins, where `base` was agreed to.
fn told(desired: &Desired, base: &Desired, live: &State, applied: Option<&State>) -> Option<Plan> {
    let agreed = planning::agreed(base, live, AS_OF).ok()?;
    let mut plan = plan(desired, live);
    plan.tell_origins(&agreed, applied);
    Some(plan)
}

fn of(plan: &Plan, origin: Origin) -> Vec<&Change> {
    plan.changes.iter().filter(|planned| planned.origin == origin).map(|planned| &planned.change).collect()
}

/// `state` after those of `changes` that can be done there.
fn after<'a>(state: &State, changes: impl IntoIterator<Item = &'a Change>) -> State {
    let mut after = state.clone();
    for change in changes {
        let _ = after.perform(change, AS_OF);
    }
    after
}

proptest! {
    #![proptest_config(crate::of_cases(cases()))]

    #[test]
    fn a_base_changes_nothing_but_the_origins(head in world(), base in world(), applied in prop::option::of(state())) {
        let Some(found) = told(&head.desired, &base.desired, &head.live, applied.as_ref()) else { return Ok(()) };
        let without = plan(&head.desired, &head.live);
        let mut stripped = found.clone();
        stripped.knows_base = false;
        for (planned, plain) in stripped.changes.iter_mut().zip(&without.changes) {
            planned.origin = plain.origin;
        }
        prop_assert_eq!(format!("{stripped:?}"), format!("{without:?}"));
        let counted: usize = Origin::ALL.into_iter().map(|origin| of(&found, origin).len()).sum();
        prop_assert_eq!(counted, without.changes.len());
    }

    #[test]
    fn what_is_proposed_is_exactly_what_the_base_does_not_lead_to(head in world(), base in world()) {
        let Some(found) = told(&head.desired, &base.desired, &head.live, None) else { return Ok(()) };
        let agreed = plan(&base.desired, &head.live);
        for planned in &found.changes {
            let is_agreed = edits(&agreed).any(|change| *change == planned.change);
            prop_assert_eq!(planned.origin == Origin::Proposed, !is_agreed, "{:?}", planned);
            prop_assert!(planned.origin != Origin::Expiry || planned.why == Why::Expired);
        }
    }

    #[test]
    fn nothing_is_proposed_where_nothing_was_edited(world in world()) {
        let found = told(&world.desired, &world.desired, &world.live, None).unwrap();
        prop_assert_eq!(of(&found, Origin::Proposed), Vec::<&Change>::new());
    }

    #[test]
    fn everything_is_proposed_where_the_base_is_what_is_live(world in world()) {
        let mut found = plan(&world.desired, &world.live);
        found.tell_origins(&[], None);
        prop_assert_eq!(of(&found, Origin::Proposed).len(), found.changes.len());
    }

    #[test]
    fn what_others_did_since_the_last_apply_is_drift_and_nothing_is_pending(
        World { live, desired } in world(),
        wish in state(),
    ) {
        let applied = after(&live, edits(&plan(&desired, &live)));
        let drifted = after(&applied, &diff(&applied, &wish, &Default::default()));
        if planning::agreed(&desired, &drifted, AS_OF).is_err() {
            return Ok(());
        }
        let found = told(&desired, &desired, &drifted, Some(&applied)).unwrap();
        prop_assert_eq!(of(&found, Origin::Proposed), Vec::<&Change>::new());
        // What the last apply left undone, such as an account that waits for its successor to join, is told as such.
        for planned in found.changes.iter().filter(|_| found.team_renames.is_empty()) {
            let was_live = applied.shows(&planned.change);
            prop_assert!(was_live != Some(true) || planned.origin == Origin::Drift, "{:?}", planned);
            let is_left = planned.origin == Origin::Pending || planned.origin == Origin::Expiry;
            prop_assert!(!is_left || was_live == Some(false), "{:?}", planned);
        }
    }

    #[test]
    fn what_was_merged_and_never_applied_is_pending(World { live, desired } in world(), before in world()) {
        // The last apply was of another configuration; nobody touched the live side since.
        let Ok(planned) = planning::plan(&before.desired, live.clone(), "local", AS_OF) else { return Ok(()) };
        let applied = after(&live, edits(&planned.plan));
        if planning::plan(&desired, applied.clone(), "local", AS_OF).is_err() {
            return Ok(());
        }
        let found = told(&desired, &desired, &applied, Some(&applied)).unwrap();
        prop_assert_eq!(of(&found, Origin::Drift), Vec::<&Change>::new());
        prop_assert_eq!(of(&found, Origin::Proposed), Vec::<&Change>::new());
    }
}
