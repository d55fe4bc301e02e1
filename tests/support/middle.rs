//! A plan of which some changes fail: what does not depend on them is performed, and every step is looked at.

use std::collections::{BTreeMap, BTreeSet};

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

/// Performs what does not depend on `fails`: nobody has less than before and after in the middle, nobody more, and there
/// are owners enough.
pub(crate) fn walk(plan: &Plan, fails: &BTreeSet<ChangeId>, now: Timestamp) -> State {
    let (before, after) = (most(plan, &plan.live), most(plan, &plan.target));
    let owners = plan.live.active_owners().count().min(plan.rails.min_owners.max(1));
    let mut undone: BTreeSet<ChangeId> = fails.clone();
    let mut state = plan.live.clone();
    for planned in plan.to_do() {
        if undone.contains(&planned.id) || planned.depends_on.iter().any(|needed| undone.contains(needed)) {
            undone.insert(planned.id);
            continue;
        }
        state.perform(&planned.change, now).unwrap_or_else(|misfit| panic!("{planned:?}: {misfit}"));
        assert!(state.active_owners().count() >= owners, "too few owners after {planned:?} in {:#?}", plan.changes);
        let reached = most(plan, &state);
        let of = |side: &BTreeMap<(Email, ProjectId), Most>, key| side.get(key).copied().unwrap_or_default();
        for key in before.keys().chain(reached.keys()) {
            let ((_, had), (_, has), (own, all)) = (of(&before, key), of(&after, key), of(&reached, key));
            assert!(all >= had.min(has), "{key:?} has less after {planned:?} in {:#?}", plan.changes);
            assert!(own <= had.max(has), "{key:?} has more after {planned:?} in {:#?}", plan.changes);
        }
    }
    state
}
