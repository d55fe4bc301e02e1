//! Laws of guards: what is held leaves a plan that is as sound as any other, and nothing passes that is too much.

use std::collections::BTreeSet;

use accessctl::change::Change;
use accessctl::desired::{Guards, Most};
use accessctl::guard;
use accessctl::model::{Acting, BuiltInRole, Email, OrgRole, ProjectRole, State};
use accessctl::plan::{Accepted, Channel, GuardCode, GuardEffect, Plan};
use proptest::prelude::*;

use crate::world::{AS_OF, World, world};
use crate::{cases, never_worse, plan};

/// Rails that trip often in small organizations; the users that they protect stand for places among the live ones.
pub(crate) fn rails() -> impl Strategy<Value = (Guards, Vec<prop::sample::Index>)> {
    let most = prop_oneof![(0_usize..5).prop_map(Most::Number), (0_u8..=100).prop_map(Most::Percent)];
    let protected = prop::collection::vec(any::<prop::sample::Index>(), 0..3);
    (most, 0_usize..3, 1_usize..3, protected).prop_map(|(max_removals, max_invites, min_owners, protected)| {
        (Guards { max_removals, max_invites, min_owners, ..Guards::default() }, protected)
    })
}

pub(crate) fn planned(world: &World, rails: &(Guards, Vec<prop::sample::Index>)) -> Plan {
    let mut desired = world.desired.clone();
    let users: Vec<&Email> = world.live.users.keys().collect();
    let protected = rails.1.iter().filter(|_| !users.is_empty()).map(|place| users[place.index(users.len())].clone());
    desired.guards = Guards { protected: protected.map(|user| (user, desired.place)).collect(), ..rails.0.clone() };
    plan(&desired, &world.live)
}

fn perform<'a>(state: &mut State, changes: impl Iterator<Item = &'a Change>) {
    for change in changes {
        state.perform(change, AS_OF).unwrap_or_else(|misfit| panic!("{change:?} does not fit: {misfit}"));
    }
}

/// Asserts that an approved plan keeps within its rails.
pub(crate) fn keeps_within_its_rails(plan: &Plan) {
    let Guards { max_removals, max_invites, min_owners, protected, .. } = &plan.rails;
    let count = |what: &dyn Fn(&Change) -> bool| plan.to_do().filter(|planned| what(&planned.change)).count();
    let goes = |change: &Change| matches!(change, Change::RemoveUser { .. } | Change::CancelInvite { .. });
    let gone: BTreeSet<&Email> = plan
        .live
        .users
        .keys()
        .filter(|user| !plan.target.users.contains_key(*user) && !plan.replaced_users.contains_key(*user))
        .collect();
    let fits = |number: usize, of: usize| match max_removals {
        Most::Number(most) => number <= *most,
        Most::Percent(percent) => number <= 5 || number * 100 <= of * usize::from(*percent),
    };
    assert!(fits(gone.len(), plan.live.users.len()));
    let strong = |state: &State, user: &Email| match state.users.get(user).map(|found| found.role.clone()) {
        Some(OrgRole::Owner) => 2,
        Some(OrgRole::Admin) => 1,
        _ => 0,
    };
    let weaker = plan
        .live
        .users
        .keys()
        .filter(|user| !plan.replaced_users.contains_key(*user))
        .filter(|user| strong(&plan.target, user) < strong(&plan.live, user))
        .count();
    let managing = plan.live.users.keys().filter(|user| strong(&plan.live, user) > 0).count();
    assert!(fits(weaker, managing), "{weaker} of {managing}");
    let lost = plan
        .live
        .grants
        .keys()
        .filter(|(user, _)| !plan.replaced_users.contains_key(user))
        .filter(|key| !plan.target.grants.contains_key(*key))
        .count();
    let roles: usize = plan.live.teams.values().map(|team| team.roles.len()).sum();
    let everyone = plan.live.projects.values().filter(|project| project.everyone.is_some()).count();
    assert!(fits(lost, plan.live.grants.len() + roles + everyone));
    let invites = |change: &Change| matches!(change, Change::InviteUser { .. });
    assert!(count(&invites) <= *max_invites);
    assert!(count(&goes) == 0 || count(&goes) < plan.live.users.len());
    let before = plan.live.active_owners().count();
    assert!(plan.target.active_owners().count() >= before.min(*min_owners));
    let effects = crate::naive::effects(&plan.live, &plan.target, &plan.ranks);
    for ((user, project), effect) in effects {
        let takes = !matches!(effect, accessctl::access::Effect::Gain | accessctl::access::Effect::Raise);
        assert!(!takes || !protected.contains_key(&user), "{user} on {project}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn a_held_plan_gives_the_target_without_what_is_held(world in world(), rails in rails()) {
        let plan = planned(&world, &rails);
        let Ok(approved) = guard::approve(plan.clone()) else { return Ok(()) };
        let plan = approved.plan();
        let mut state = plan.live.clone();
        for planned in plan.to_do() {
            perform(&mut state, std::iter::once(&planned.change));
            never_worse(plan, &state);
        }
        prop_assert_eq!(&state, &plan.target);
        let whole = self::plan(&world.desired, &world.live);
        if whole.is_blocked() {
            return Ok(());
        }
        // What was held still leads to what the configuration says.
        perform(&mut state, plan.held().map(|planned| &planned.change));
        prop_assert_eq!(&state, &whole.target);
    }

    #[test]
    fn what_is_held_is_told_and_can_be_let_through_by_its_number_only(world in world(), rails in rails()) {
        let plan = planned(&world, &rails);
        let told: usize = plan.guards.iter().map(|finding| finding.held).sum();
        prop_assert_eq!(told > 0 || plan.is_blocked(), plan.held().next().is_some() || plan.is_blocked());
        if plan.is_blocked() {
            return Ok(());
        }
        let (removals, invites) = (plan.held_by(GuardCode::MaxRemovals), plan.held_by(GuardCode::MaxInvites));
        let judged = |accepted: Accepted| {
            let mut plan = Plan { accepted, ..plan.clone() };
            guard::judge(&mut plan);
            plan
        };
        let all = judged(Accepted { removals: Some(removals), invites: Some(invites) });
        prop_assert_eq!(all.held().count(), 0);
        let others = judged(Accepted { removals: Some(removals + 1), invites: Some(invites + 1) });
        prop_assert_eq!(others.held().count(), plan.held().count());
        prop_assert_eq!(others.target, plan.target);
    }

    #[test]
    fn no_approved_plan_takes_too_much(world in world(), rails in rails()) {
        let Ok(approved) = guard::approve(planned(&world, &rails)) else { return Ok(()) };
        keeps_within_its_rails(approved.plan());
    }

    #[test]
    fn a_plan_that_stops_anywhere_is_not_blocked_for_want_of_owners(world in world(), rails in rails()) {
        let Ok(approved) = guard::approve(planned(&world, &rails)) else { return Ok(()) };
        let mut live = world.live.clone();
        for done in approved.plan().to_do() {
            perform(&mut live, std::iter::once(&done.change));
            let again = planned(&World { live: live.clone(), ..world.clone() }, &rails);
            let is_blocking = |code: GuardCode, effect| code == GuardCode::MinOwners && effect == GuardEffect::Block;
            let blocking = again.guards.iter().find(|finding| is_blocking(finding.code, finding.effect));
            prop_assert!(blocking.is_none(), "after {:?}: {:?}", done, blocking);
        }
    }

    #[test]
    fn an_admin_leaves_to_owners_what_is_theirs(world in world()) {
        let mut plan = plan(&world.desired, &world.live);
        plan.acting = Some(Acting { role: Some(OrgRole::Admin), account: None });
        guard::judge(&mut plan);
        let owner = |role: &ProjectRole| *role == ProjectRole::BuiltIn(BuiltInRole::Owner);
        for planned in plan.to_do().filter(|planned| planned.channel == Channel::Api) {
            let mut after = plan.live.clone();
            // By itself, as far as it can be done by itself.
            if after.perform(&planned.change, AS_OF).is_err() {
                continue;
            }
            let role = |state: &State, user: &Email| state.users.get(user).map(|found| found.role.clone());
            for user in plan.live.users.keys().chain(after.users.keys()) {
                let (had, has) = (role(&plan.live, user), role(&after, user));
                let is = |side: &Option<OrgRole>, role: &OrgRole| side.as_ref() == Some(role);
                let touches = |role| had != has && (is(&had, &role) || is(&has, &role));
                prop_assert!(!touches(OrgRole::Owner), "{planned:?}");
                let is_pending = plan.live.users.get(user).is_some_and(|found| found.status.is_invited());
                prop_assert!(had != Some(OrgRole::Admin) || has.is_some() || is_pending, "{planned:?}");
            }
            if planned.change.user().is_none_or(|user| after.users.contains_key(user)) {
                let owned = |state: &State| state.grants.iter().filter(|(_, role)| owner(role)).count();
                prop_assert_eq!(owned(&plan.live), owned(&after), "{:?}", planned);
            }
        }
    }
}
