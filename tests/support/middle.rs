//! A plan of which some changes fail: what does not depend on them is performed, and every step is looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use accessctl::model::{Email, ProjectId, ProjectRole, State};
use accessctl::plan::{ChangeId, Plan};
use jiff::Timestamp;

use crate::naive;

type Roles = BTreeSet<ProjectRole>;

/// What somebody has on a project, by sources other than what everybody has, and by all.
type Has = (Roles, Roles);

/// For everybody, whatever address they have, and each project.
fn roles(plan: &Plan, state: &State) -> BTreeMap<(Email, ProjectId), Has> {
    let mut found: BTreeMap<(Email, ProjectId), Has> = BTreeMap::new();
    for ((user, project), sources) in naive::access(state) {
        let person = plan.replaced_users.get(&user).unwrap_or(&user);
        let (own, all) = found.entry((person.clone(), project)).or_default();
        for (via, _, role) in sources {
            if via != "everyone" {
                own.insert(role.clone());
            }
            all.insert(role);
        }
    }
    found
}

/// What holds in every state on the way of a plan.
#[derive(Debug)]
pub(crate) struct Middle<'p> {
    plan: &'p Plan,
    before: BTreeMap<(Email, ProjectId), Has>,
    after: BTreeMap<(Email, ProjectId), Has>,
    /// The fewest owners.
    owners: usize,
}

impl<'p> Middle<'p> {
    pub(crate) fn of(plan: &'p Plan) -> Self {
        let owners = plan.live.active_owners().count().min(plan.rails.min_owners.max(1));
        Self { plan, before: roles(plan, &plan.live), after: roles(plan, &plan.target), owners }
    }

    /// Nobody can do less in `state` than before and after, nobody more, and there are owners enough. Where changes wait for
    /// each other in a circle, what the plan says of it may be so.
    #[track_caller]
    pub(crate) fn check(&self, state: &State, what: &dyn Debug) {
        let Self { plan, before, after, owners } = self;
        assert!(state.active_owners().count() >= *owners, "too few owners after {what:?} in {:#?}", plan.changes);
        let reached = roles(plan, state);
        let of = |side: &BTreeMap<(Email, ProjectId), Has>, key| side.get(key).cloned().unwrap_or_default();
        let is_done = |id: ChangeId| {
            plan.changes.iter().any(|planned| planned.id == id && state.shows(&planned.change) == Some(true))
        };
        for key in before.keys().chain(reached.keys()) {
            let ((_, had), (_, has), (own, all)) = (of(before, key), of(after, key), of(&reached, key));
            let customs = plan.live.projects[&key.1].roles.iter().cloned().map(ProjectRole::Custom).collect();
            let powers = |roles: &Roles| naive::powers(roles, key.1, &plan.ranks, &customs);
            let (could, will, can) = (powers(&had), powers(&has), powers(&all));
            let is_key =
                |user: &Email, project| key.1 == project && *plan.replaced_users.get(user).unwrap_or(user) == key.0;
            let mut lapses = plan.circles.iter().flat_map(|circle| &circle.lapses);
            let lapses = lapses.any(|lapse| is_key(&lapse.user, lapse.project) && is_done(lapse.from));
            let meanwhile = plan.circles.iter().flat_map(|circle| &circle.meanwhile);
            let meanwhile = meanwhile.filter(|held| is_key(&held.user, held.project) && is_done(held.from));
            let meanwhile = powers(&meanwhile.map(|held| held.role.clone()).collect());
            let keeps = could.intersection(&will).all(|power| can.contains(power));
            let is_never_without = had.is_empty() || has.is_empty() || !all.is_empty();
            assert!(lapses || (keeps && is_never_without), "{key:?} has less after {what:?} in {:#?}", plan.changes);
            let gets =
                powers(&own).iter().all(|power| [&could, &will, &meanwhile].iter().any(|all| all.contains(power)));
            assert!(gets, "{key:?} has more after {what:?} in {:#?}", plan.changes);
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
