//! A live side that cannot be right, and a plan that would leave nothing of it.

use super::subject::{subject, weight};
use super::{NAMED, count, some_of};
use crate::change::Change;
use crate::model::State;
use crate::plan::{Extent, GuardCode, GuardEffect, GuardFinding, Plan};

/// Blocks a plan that removes everybody whom the organization has.
pub(super) fn empties(plan: &Plan) -> Option<GuardFinding> {
    let all = plan.to_do().map(|planned| &planned.change);
    let mut gone: Vec<&Change> = all.filter(|change| change.removed_user().is_some()).collect();
    if gone.is_empty() || gone.len() != plan.live.users.len() {
        return None;
    }
    gone.sort_by_key(|change| (weight(plan, change), change.user()));
    let names: Vec<String> = gone.iter().map(|change| subject(plan, change)).collect();
    let message = format!(
        "all {} whom the organization has would go: {}; the configuration is probably not for this organization, or part \
         of it is missing",
        count(gone.len(), "user"),
        some_of(&names),
    );
    let examples = names.into_iter().take(NAMED).collect();
    Some(GuardFinding { examples, ..GuardFinding::new(GuardCode::EmptiesOrganization, GuardEffect::Block, message) })
}

/// Blocks a plan for a live side that has less than half of what it had: it was probably read in part.
pub(super) fn shrank(plan: &Plan) -> Option<GuardFinding> {
    let Extent { users, memberships, grants } = plan.earlier?;
    let now = Extent::of(&plan.live);
    // What is said to be unread is missing for a known reason, and nothing is done about it.
    let unread = &plan.live.unread;
    let memberships = if unread.teams { 0 } else { memberships };
    let grants = if unread.projects.is_empty() { grants } else { 0 };
    let kinds =
        [(users, now.users, "users"), (memberships, now.memberships, "memberships"), (grants, now.grants, "grants")];
    let shrunk: Vec<String> = kinds
        .into_iter()
        .filter(|(then, now, _)| now.saturating_mul(2) < *then)
        .map(|(then, now, noun)| format!("{now} of {then} {noun}"))
        .collect();
    (!shrunk.is_empty()).then(|| {
        let message = format!(
            "of what the earlier snapshot has, the live side has only {}; it may have been read in part, or somebody \
             removed much by hand. Look at the service; if this is right, save a new snapshot",
            shrunk.join(", ")
        );
        GuardFinding::new(GuardCode::LiveShrank, GuardEffect::Block, message)
    })
}

impl Extent {
    /// How much there is in `state`.
    pub fn of(state: &State) -> Self {
        Self {
            users: state.users.len(),
            memberships: state.teams.values().map(|team| team.members.len()).sum(),
            grants: state.grants.len(),
        }
    }
}
