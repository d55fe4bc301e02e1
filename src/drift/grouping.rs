//! Which changes of a plan take back one thing that somebody did.

use std::collections::BTreeMap;

use crate::change::Subject;
use crate::plan::{Origin, Plan};

/// The changes of `plan` that take differences back, those together that come from one thing that somebody did: whoever is
/// missing is missing in teams too.
pub(super) fn group(plan: &Plan) -> Vec<Vec<usize>> {
    let drift = || plan.changes.iter().enumerate().filter(|(_, planned)| planned.origin == Origin::Drift);
    let mut missing: BTreeMap<Subject<'_>, usize> = BTreeMap::new();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (place, planned) in drift() {
        if let Some(subject) = planned.change.makes() {
            missing.insert(subject, groups.len());
            groups.push(vec![place]);
        }
    }
    for (place, planned) in drift().filter(|(_, planned)| planned.change.makes().is_none()) {
        let given = Some(&planned.change).filter(|change| !change.kind().is_removal());
        let with = given.and_then(|change| change.subjects().find_map(|subject| missing.get(&subject)));
        match with.and_then(|at| groups.get_mut(*at)) {
            Some(group) => group.push(place),
            None => groups.push(vec![place]),
        }
    }
    groups.sort();
    groups
}
