//! Rails: what a plan must never do, judged on its target and on every state on the way there.
//!
//! [`approve`] is the only maker of an [`ApprovedPlan`], and nothing else can be applied.

use std::collections::BTreeSet;

use crate::change::Change;
use crate::model::OrgRole;
use crate::plan::{ChangeStatus, GuardCode, GuardEffect, GuardFinding, Plan};

/// Active owners without whom nothing is applied.
const MIN_OWNERS: usize = 1;
/// Active owners below which a plan warns: the service's own advice, since only its support can restore a lost last
/// owner.
const ADVISED_OWNERS: usize = 2;

/// A plan that every guard let pass.
#[derive(Debug)]
pub struct ApprovedPlan(Plan);

impl ApprovedPlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.0
    }
}

/// Judges a plan: notes the findings in it and marks its changes when it is blocked.
pub fn judge(plan: &mut Plan) {
    plan.guards = min_owners(plan).into_iter().collect();
    let status = if plan.is_blocked() { ChangeStatus::Blocked } else { ChangeStatus::Planned };
    for planned in &mut plan.changes {
        planned.status = status;
    }
}

/// Judges `plan` again and lets it pass, or gives it back with the findings.
///
/// # Errors
/// The plan itself, blocked.
pub fn approve(mut plan: Plan) -> Result<ApprovedPlan, Box<Plan>> {
    judge(&mut plan);
    if plan.is_blocked() { Err(Box::new(plan)) } else { Ok(ApprovedPlan(plan)) }
}

/// Counts the active owners at every prefix of the plan. Invited owners do not count: they cannot act yet.
fn min_owners(plan: &Plan) -> Option<GuardFinding> {
    let mut owners: BTreeSet<_> = plan.live.active_owners().collect();
    let before = owners.len();
    let mut least = before;
    let mut last_to_go = None;
    for planned in &plan.changes {
        let joined = |user| plan.live.users.get(user).is_some_and(|found| !found.status.is_invited());
        if let Change::SetOrgRole { user, to: OrgRole::Owner, .. } = &planned.change {
            if joined(user) {
                owners.insert(user);
            }
        } else if let Change::SetOrgRole { user, .. } | Change::RemoveUser { user } = &planned.change {
            owners.remove(user);
        }
        if owners.len() < least {
            least = owners.len();
            last_to_go = planned.change.user();
        }
    }
    if least < MIN_OWNERS && before >= MIN_OWNERS {
        let who = last_to_go.map_or(String::new(), |user| format!(" when `{user}` goes"));
        return Some(GuardFinding {
            code: GuardCode::MinOwners,
            effect: GuardEffect::Block,
            message: format!(
                "the organization would have no active owner{who}; invited owners do not count. Keep the role `owner` \
                 for at least one user who has joined"
            ),
        });
    }
    (owners.len() < ADVISED_OWNERS).then(|| GuardFinding {
        code: GuardCode::MinOwners,
        effect: GuardEffect::Warn,
        message: format!(
            "the organization has {} active owner{} after this plan; {ADVISED_OWNERS} are advised, since a lost last \
             owner can only be restored by the service's support",
            owners.len(),
            if owners.len() == 1 { "" } else { "s" }
        ),
    })
}
