//! In the middle of a plan: whatever fails, nobody has less than before and after, and nobody has more.

use proptest::prelude::*;

use crate::walk::walk;
use crate::world::{AS_OF, World, world};
use crate::{cases, plan};

proptest! {
    #![proptest_config(crate::of_cases(cases()))]

    #[test]
    fn nobody_has_less_or_more_whatever_fails(
        world in world(),
        fails in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
        min_owners in 1_usize..4,
    ) {
        let World { mut desired, live } = world;
        desired.guards.min_owners = min_owners;
        let plan = plan(&desired, &live);
        if plan.changes.is_empty() || plan.is_blocked() {
            return Ok(());
        }
        let none_fails = fails.is_empty();
        let fails = fails.iter().map(|place| plan.changes[place.index(plan.changes.len())].id).collect();
        let state = walk(&plan, &fails, AS_OF);
        if none_fails {
            prop_assert_eq!(state, plan.target);
        }
    }
}
