//! Enough active owners at every moment: a lost last owner can be restored only by the service's support.

use std::collections::BTreeSet;

use super::{NAMED, count, some_of};
use crate::change::Change;
use crate::model::{Email, OrgRole};
use crate::plan::{GuardCode, GuardEffect, GuardFinding, Plan};

/// Active owners below which a plan warns: the service's own advice.
const ADVISED_OWNERS: usize = 2;

/// Counts the active owners at every prefix of the plan. Invited owners do not count: they cannot act yet.
pub(super) fn min_owners(plan: &Plan) -> Option<GuardFinding> {
    let wanted = plan.rails.min_owners;
    let mut owners: BTreeSet<_> = plan.live.active_owners().collect();
    let mut most = owners.len();
    // Who goes, in the order of the plan, and the fewest that there are after somebody has gone who had to stay.
    let mut gone: Vec<&Email> = Vec::new();
    let mut least: Option<usize> = None;
    for planned in plan.to_do() {
        let joined = |user| plan.live.users.get(user).is_some_and(|found| !found.status.is_invited());
        if let Change::SetOrgRole { user, to: OrgRole::Owner, .. } = &planned.change {
            if joined(user) {
                owners.insert(user);
            }
        } else if let Change::SetOrgRole { user, .. } | Change::RemoveUser { user } = &planned.change
            && owners.remove(user)
            && !gone.contains(&user)
        {
            gone.push(user);
        }
        most = most.max(owners.len());
        // What is too little already is not the plan's doing. It must not take any, though, not even one that it has
        // made itself: a run that ends between the two could not be finished by the next.
        if owners.len() < most.min(wanted) && least.is_none_or(|least| owners.len() < least) {
            least = Some(owners.len());
        }
    }
    let finding = |effect, message| GuardFinding::new(GuardCode::MinOwners, effect, message);
    if let Some(least) = least {
        let names: Vec<String> = gone.iter().map(|user| format!("`{user}`")).collect();
        let who = format!(" when {} {}", some_of(&names), if names.len() == 1 { "goes" } else { "go" });
        let only =
            if least == 0 { "no active owner".to_owned() } else { format!("only {}", count(least, "active owner")) };
        let examples = gone.iter().take(NAMED).map(|user| user.to_string()).collect();
        let found = finding(
            GuardEffect::Block,
            format!(
                "the organization would have {only}{who}, and {wanted} must remain; invited owners do not count. Keep \
                 the role `owner` for at least {} joined",
                if wanted == 1 { "one user who has".to_owned() } else { format!("{wanted} users who have") },
            ),
        );
        return Some(GuardFinding { examples, ..found });
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
