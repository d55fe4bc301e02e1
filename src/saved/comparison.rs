//! What is left of a saved plan: compared change for change with the plan of now.

use std::collections::{BTreeMap, BTreeSet};

use super::{SavedChange, SavedOrg};
use crate::change::{Change, LiveSide, Shown};
use crate::guard;
use crate::model::{Email, TeamName};
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
    /// What was refused when the plan was saved, in order. It is not done: nobody agreed to it.
    pub refused: Vec<PlannedChange>,
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
    let joined: BTreeMap<&Change, String> =
        saved.changes.iter().filter_map(|one| Some((&one.change, joined(saved, &fresh, &one.change)?))).collect();
    let agreed: BTreeMap<&Change, bool> = saved
        .changes
        .iter()
        .filter(|saved| !joined.contains_key(&saved.change))
        .map(|saved| (&saved.change, held(saved)))
        .collect();
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
            Shown::Start | Shown::Other(_) if joined.contains_key(change) => joined[change].clone(),
            Shown::Start if fresh.undoing.is_some() => "it is no longer needed to undo the run".to_owned(),
            Shown::Start => "the configuration does not ask for it now".to_owned(),
            Shown::Other(now) => now,
        };
        stale.push(Stale { change: change.clone(), now });
    }
    let Restricted { mut plan, unmet, mut others } = fresh.restrict(|change| match agreed.get(change) {
        None => Agreed::No,
        Some(true) if saved.is_refused => Agreed::No,
        Some(true) => Agreed::Held,
        Some(false) => Agreed::Yes,
    });
    others.retain(|planned| !joined.contains_key(&planned.change));
    let (refused, others) = others.into_iter().partition(|planned| agreed.contains_key(&planned.change));
    guard::judge(&mut plan);
    Comparison { plan, already_so, unmet, stale, refused, others }
}

/// Who has joined a team since the plan was saved, of people who are in no list that was read: a role of the team is
/// theirs too, and nobody has agreed to that. `None` for what is about no role of a team.
fn joined(saved: &SavedOrg, fresh: &Plan, change: &Change) -> Option<String> {
    let (Change::SetTeamRole { team, .. } | Change::RemoveTeamRole { team, .. }) = change else { return None };
    let renames = saved.changes.iter().filter_map(|saved| saved.change.team_rename());
    let old = renames.filter(|(_, new)| *new == team).map(|(old, _)| old);
    let names: Vec<&TeamName> = old.chain([team]).collect();
    let known: BTreeSet<&Email> = names.iter().filter_map(|name| saved.unread_members.get(*name)).flatten().collect();
    let now = names.iter().filter_map(|name| fresh.live.unread.members.get(*name)).flatten();
    let new: Vec<String> = now.filter(|user| !known.contains(user)).map(|user| format!("`{user}`")).collect();
    let is_among = if new.len() == 1 { "is in team" } else { "are in team" };
    (!new.is_empty()).then(|| format!("{} {is_among} `{team}` now, and not among the users", new.join(" and ")))
}
