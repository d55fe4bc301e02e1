//! A plan of which some changes fail: what does not depend on them is performed, and every step is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use accessctl::model::{BuiltInRole, Email, ProjectId, ProjectRole, State};
use accessctl::plan::{ChangeId, Plan};
use jiff::Timestamp;

use crate::naive;

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

/// What holds in every state on the way of a plan.
#[derive(Debug)]
pub(crate) struct Middle<'p> {
    plan: &'p Plan,
    before: BTreeMap<(Email, ProjectId), Most>,
    after: BTreeMap<(Email, ProjectId), Most>,
    /// The fewest owners.
    owners: usize,
}

impl<'p> Middle<'p> {
    pub(crate) fn of(plan: &'p Plan) -> Self {
        let owners = plan.live.active_owners().count().min(plan.rails.min_owners.max(1));
        Self { plan, before: most(plan, &plan.live), after: most(plan, &plan.target), owners }
    }

    /// Nobody has less in `state` than before and after, nobody more, and there are owners enough.
    #[track_caller]
    pub(crate) fn check(&self, state: &State, what: &dyn Debug) {
        let Self { plan, before, after, owners } = self;
        assert!(state.active_owners().count() >= *owners, "too few owners after {what:?} in {:#?}", plan.changes);
        let reached = most(plan, state);
        let of = |side: &BTreeMap<(Email, ProjectId), Most>, key| side.get(key).copied().unwrap_or_default();
        for key in before.keys().chain(reached.keys()) {
            let ((_, had), (_, has), (own, all)) = (of(before, key), of(after, key), of(&reached, key));
            assert!(all >= had.min(has), "{key:?} has less after {what:?} in {:#?}", plan.changes);
            assert!(own <= had.max(has), "{key:?} has more after {what:?} in {:#?}", plan.changes);
        }
    }
}

/// Performs what does not depend on `fails`, and checks every step.
pub(crate) fn walk(plan: &Plan, fails: &BTreeSet<ChangeId>, now: Timestamp) -> State {
    let middle = Middle::of(plan);
    let mut undone: BTreeSet<ChangeId> = fails.clone();
    let mut state = plan.live.clone();
    for planned in plan.to_do() {
        if undone.contains(&planned.id) || planned.depends_on.iter().any(|needed| undone.contains(needed)) {
            undone.insert(planned.id);
            continue;
        }
        state.perform(&planned.change, now).unwrap_or_else(|misfit| panic!("{planned:?}: {misfit}"));
        middle.check(&state, planned);
    }
    state
}
