//! In the middle of a plan: whatever fails, nobody has less than before and after, and nobody has more.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::model::{BuiltInRole, Email, ProjectId, ProjectRole, State};
use accessctl::plan::{ChangeId, Plan};
use proptest::prelude::*;

use crate::world::{AS_OF, World, world};
use crate::{cases, naive, plan};

/// What somebody can do on a project at most, by sources other than what everybody has, and by all.
type Most = (Option<Option<BuiltInRole>>, Option<Option<BuiltInRole>>);

/// For everybody, whatever address they have, and each project.
fn most(plan: &Plan, state: &State) -> BTreeMap<(Email, ProjectId), Most> {
    let level = |project: ProjectId, role: &ProjectRole| match role {
        ProjectRole::BuiltIn(role) => Some(*role),
        ProjectRole::Custom(name) => plan.ranks.get(&project).and_then(|ranks| ranks.get(name)).copied(),
    };
    let mut found: BTreeMap<(Email, ProjectId), Most> = BTreeMap::new();
    for ((user, project), sources) in naive::access(state) {
        let person = plan.replaced_users.get(&user).unwrap_or(&user);
        let (own, all) = found.entry((person.clone(), project)).or_default();
        for (via, _, role) in sources {
            *all = (*all).max(Some(level(project, &role)));
            if via != "everyone" {
                *own = (*own).max(Some(level(project, &role)));
            }
        }
    }
    found
}

/// Performs what does not depend on `fails`, and looks at every step.
fn walk(plan: &Plan, fails: &BTreeSet<ChangeId>) -> State {
    let (before, after) = (most(plan, &plan.live), most(plan, &plan.target));
    let owners = plan.live.active_owners().count().min(plan.rails.min_owners.max(1));
    let mut undone: BTreeSet<ChangeId> = fails.clone();
    let mut state = plan.live.clone();
    for planned in plan.to_do() {
        if undone.contains(&planned.id) || planned.depends_on.iter().any(|needed| undone.contains(needed)) {
            undone.insert(planned.id);
            continue;
        }
        state.perform(&planned.change, AS_OF).unwrap_or_else(|misfit| panic!("{planned:?}: {misfit}"));
        assert!(state.active_owners().count() >= owners, "too few owners after {planned:?} in {plan:#?}");
        let now = most(plan, &state);
        let of = |side: &BTreeMap<(Email, ProjectId), Most>, key| side.get(key).copied().unwrap_or_default();
        for key in before.keys().chain(now.keys()) {
            let ((_, had), (_, has), (own, all)) = (of(&before, key), of(&after, key), of(&now, key));
            assert!(all >= had.min(has), "{key:?} has less after {planned:?} in {plan:#?}");
            assert!(own <= had.max(has), "{key:?} has more after {planned:?} in {plan:#?}");
        }
    }
    state
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

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
        let fails = fails.iter().map(|place| plan.changes[place.index(plan.changes.len())].id).collect();
        let state = walk(&plan, &fails);
        if fails.is_empty() {
            prop_assert_eq!(state, plan.target);
        }
    }
}
