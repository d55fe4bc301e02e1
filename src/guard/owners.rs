//! Enough active owners at every moment: a lost last owner can be restored only by the service's support.

use std::collections::BTreeSet;

use super::count;
use crate::change::Change;
use crate::model::OrgRole;
use crate::plan::{GuardCode, GuardEffect, GuardFinding, Plan};

/// Active owners below which a plan warns: the service's own advice.
const ADVISED_OWNERS: usize = 2;

/// Counts the active owners at every prefix of the plan. Invited owners do not count: they cannot act yet.
pub(super) fn min_owners(plan: &Plan) -> Option<GuardFinding> {
    let wanted = plan.rails.min_owners;
    let mut owners: BTreeSet<_> = plan.live.active_owners().collect();
    let mut most = owners.len();
    // The fewest that there are after somebody has gone who had to stay, and who that is.
    let mut least: Option<(usize, _)> = None;
    for planned in plan.to_do() {
        let joined = |user| plan.live.users.get(user).is_some_and(|found| !found.status.is_invited());
        if let Change::SetOrgRole { user, to: OrgRole::Owner, .. } = &planned.change {
            if joined(user) {
                owners.insert(user);
            }
        } else if let Change::SetOrgRole { user, .. } | Change::RemoveUser { user } = &planned.change {
            owners.remove(user);
        }
        most = most.max(owners.len());
        // What is too little already is not the plan's doing. It must not take any, though, not even one that it has
        // made itself: a run that ends between the two could not be finished by the next.
        if owners.len() < most.min(wanted) && least.is_none_or(|(least, _)| owners.len() < least) {
            least = Some((owners.len(), planned.change.user()));
        }
    }
    let finding = |effect, message| GuardFinding::new(GuardCode::MinOwners, effect, message);
    if let Some((least, last_to_go)) = least {
        let who = last_to_go.map_or(String::new(), |user| format!(" when `{user}` goes"));
        let only =
            if least == 0 { "no active owner".to_owned() } else { format!("only {}", count(least, "active owner")) };
        return Some(finding(
            GuardEffect::Block,
            format!(
                "the organization would have {only}{who}, and {wanted} must remain; invited owners do not count. Keep \
                 the role `owner` for at least {} joined",
                if wanted == 1 { "one user who has".to_owned() } else { format!("{wanted} users who have") },
            ),
        ));
    }
    let advised = ADVISED_OWNERS.max(wanted);
    (owners.len() < advised).then(|| {
        finding(
            GuardEffect::Warn,
            format!(
                "the organization has {} after this plan; {advised} are advised, since a lost last owner can only be \
                 restored by the service's support",
                count(owners.len(), "active owner"),
            ),
        )
    })
}
