//! What is left of a saved plan: compared change for change with the plan of now.

use std::collections::{BTreeMap, BTreeSet};

use super::{SavedChange, SavedOrg};
use crate::change::{Change, LiveSide, Shown};
use crate::guard;
use crate::plan::{Agreed, ChangeStatus, Plan, PlannedChange, Restricted, Unmet};

/// What became of a saved plan until now.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What is still to be done of it: the changes that both plans have, as a plan that the guards have judged.
    pub plan: Plan,
    /// What the live side shows as done already.
    pub already_so: Vec<Change>,
    /// What needs a change that only the plan of now has.
    pub unmet: Vec<Unmet>,
    /// What does not follow any more.
    pub stale: Vec<Stale>,
    /// What only the plan of now has, in order. It is not done.
    pub others: Vec<PlannedChange>,
}

/// A saved change that does not follow any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stale {
    /// The change.
    pub change: Change,
    /// What is so instead, in words.
    pub now: String,
}

/// Compares what was saved of one organization with `fresh`, the plan for it as it is now.
pub fn compare(saved: &SavedOrg, fresh: Plan) -> Comparison {
    let held = |saved: &SavedChange| saved.status == ChangeStatus::Held;
    let agreed: BTreeMap<&Change, bool> = saved.changes.iter().map(|saved| (&saved.change, held(saved))).collect();
    let follows: BTreeSet<&Change> =
        fresh.changes.iter().map(|planned| &planned.change).filter(|change| agreed.contains_key(change)).collect();
    let (mut already_so, mut stale) = (Vec::new(), Vec::new());
    let label = |project| fresh.project_label(project);
    let live = LiveSide::new(&fresh.live, &label, saved.changes.iter().map(|saved| &saved.change));
    for SavedChange { change, .. } in saved.changes.iter().filter(|saved| !follows.contains(&saved.change)) {
        let now = match live.shows(change) {
            Shown::Result => {
                already_so.push(change.clone());
                continue;
            }
            Shown::Start if fresh.undoing.is_some() => "it is no longer needed to undo the run".to_owned(),
            Shown::Start => "the configuration does not ask for it now".to_owned(),
            Shown::Other(now) => now,
        };
        stale.push(Stale { change: change.clone(), now });
    }
    let Restricted { mut plan, unmet, others } = fresh.restrict(|change| match agreed.get(change) {
        None => Agreed::No,
        Some(true) => Agreed::Held,
        Some(false) => Agreed::Yes,
    });
    guard::judge(&mut plan);
    Comparison { plan, already_so, unmet, stale, others }
}
