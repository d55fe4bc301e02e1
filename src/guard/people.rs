//! People from whom nothing is taken: those whom the configuration protects, and the account that acts.

use super::some_of;
use crate::access::{AccessIndex, covers};
use crate::change::Change;
use crate::model::Email;
use crate::plan::{GuardCode, GuardEffect, GuardFinding, Plan};

/// Blocks a plan by which a protected user has less than before.
pub(super) fn protected(plan: &Plan) -> Option<GuardFinding> {
    let mut losses: Vec<String> = Vec::new();
    let mut place = None;
    let known = plan.rails.protected.iter().filter(|(user, _)| plan.live.users.contains_key(*user));
    let known: Vec<_> = known.collect();
    let before = AccessIndex::new(&plan.live, known.iter().map(|(user, _)| *user));
    let after = AccessIndex::new(&plan.target, known.iter().map(|(user, _)| *user));
    for (user, written) in known {
        let lost = lost(plan, user, &before, &after);
        if !lost.is_empty() {
            place.get_or_insert(*written);
            losses.push(format!("`{user}` {}", some_of(&lost)));
        }
    }
    (!losses.is_empty()).then(|| GuardFinding {
        code: GuardCode::Protected,
        effect: GuardEffect::Block,
        message: format!(
            "{}; the configuration protects {}. Declare what is to stay, or take the protection away in a change of its \
             own",
            some_of(&losses),
            if losses.len() == 1 { "this user" } else { "these users" }
        ),
        place,
        held: 0,
    })
}

/// Blocks a plan that takes something from the account that would perform it.
pub(super) fn own_account(plan: &Plan) -> Option<GuardFinding> {
    let user = &plan.acting.as_ref()?.user()?;
    if !plan.live.users.contains_key(user) {
        return None;
    }
    let index = |state| AccessIndex::new(state, [user]);
    let mut lost = lost(plan, user, &index(&plan.live), &index(&plan.target));
    for planned in plan.to_do().filter(|planned| planned.change.user() == Some(user)) {
        if let Change::RemoveTeamMember { team, .. } = &planned.change {
            lost.push(format!("would leave team `{team}`"));
        } else if let Change::RemoveGrant { project, .. } = &planned.change {
            lost.push(format!("would lose the grant on {}", plan.project_label(*project)));
        }
    }
    (!lost.is_empty()).then(|| GuardFinding {
        code: GuardCode::OwnAccount,
        effect: GuardEffect::Block,
        message: format!(
            "`{user}`, the account that would perform this plan, {}; let another account do this",
            some_of(&lost)
        ),
        place: None,
        held: 0,
    })
}

/// What `user`, who is one now, has less of afterwards.
fn lost(plan: &Plan, user: &Email, before: &AccessIndex<'_>, after: &AccessIndex<'_>) -> Vec<String> {
    let Some(now) = plan.live.users.get(user) else { return Vec::new() };
    let Some(then) = plan.target.users.get(user) else { return vec!["would be removed".to_owned()] };
    let mut lost = Vec::new();
    if now.role.on_every_project() > then.role.on_every_project() {
        lost.push(format!("would be {} instead of {}", then.role, now.role));
    }
    for project in plan.live.projects.keys() {
        let (had, has): (Vec<_>, Vec<_>) =
            (before.sources(user, *project).collect(), after.sources(user, *project).collect());
        let kept = |role| has.iter().any(|source| covers(&plan.ranks, *project, source.role, role));
        if let Some(source) = had.iter().find(|source| !kept(source.role)) {
            lost.push(format!("would no longer have {} on {}", source.role, plan.project_label(*project)));
        }
    }
    lost
}
