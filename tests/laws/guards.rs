//! Laws of guards: what is held leaves a plan that is as sound as any other, and nothing passes that is too much.

use std::collections::BTreeSet;

use accessctl::access::covers;
use accessctl::change::Change;
use accessctl::desired::{Guards, Most};
use accessctl::guard;
use accessctl::model::{Acting, BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, State, TeamName};
use accessctl::plan::{Accepted, Channel, GuardCode, GuardEffect, Plan, PlannedChange, Why};
use proptest::prelude::*;

use crate::world::{AS_OF, World, world};
use crate::{cases, naive, never_worse, plan};

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

/// Whether what somebody has by the address `old`, which goes, is theirs by the declared one too when all is done.
fn has_all_of(plan: &Plan, old: &Email) -> bool {
    let Some(new) = plan.replaced_users.get(old) else { return false };
    let Some(after) = plan.target.users.get(new) else { return false };
    let had = &plan.live.users[old].role;
    let roles = |state: &State, user: &Email, on: ProjectId| -> Vec<ProjectRole> {
        let access = crate::naive::access(state);
        access.get(&(user.clone(), on)).into_iter().flatten().map(|(_, _, role)| role.clone()).collect()
    };
    let on = |on: ProjectId| {
        let has = roles(&plan.target, new, on);
        roles(&plan.live, old, on).iter().all(|had| has.iter().any(|has| covers(&plan.ranks, on, has, had)))
    };
    (after.role == *had || after.role.is_above(had)) && plan.live.projects.keys().all(|id| on(*id))
}

/// Asserts that an approved plan keeps within its rails.
pub(crate) fn keeps_within_its_rails(plan: &Plan) {
    let Guards { max_removals, max_invites, min_owners, protected, .. } = &plan.rails;
    let count = |what: &dyn Fn(&Change) -> bool| plan.to_do().filter(|planned| what(&planned.change)).count();
    let goes = |change: &Change| matches!(change, Change::RemoveUser { .. } | Change::CancelInvite { .. });
    let is_due = |planned: &PlannedChange| matches!(planned.why, Why::Blocked | Why::Expired);
    // Of each person one account may go without being counted: by a block or because its time is over, or because the
    // person has all of it under another address.
    let mut spared: BTreeSet<&Email> = BTreeSet::new();
    let mut people: BTreeSet<&Email> = BTreeSet::new();
    let mut going: Vec<&PlannedChange> = plan.to_do().filter(|planned| goes(&planned.change)).collect();
    going.sort_by_key(|planned| planned.change.user().map(|user| (plan.person(user) != user, user)));
    for planned in going {
        let user = planned.change.user().unwrap();
        let may = is_due(planned) || has_all_of(plan, user);
        if plan.blocked.contains(user) || (may && people.insert(plan.person(user))) {
            spared.insert(user);
        }
    }
    let counts = |user: &Email| !spared.contains(user);
    let within = |number: usize, of: usize, fine: usize| match max_removals {
        Most::Number(most) => number <= *most,
        Most::Percent(percent) => number <= fine || number * 100 <= of * usize::from(*percent),
    };
    let fits = |number: usize, of: usize| within(number, of, 5);
    let live = &plan.live;
    let gone = live.users.keys().filter(|user| !plan.target.users.contains_key(*user) && counts(user)).count();
    assert!(fits(gone, live.users.len()), "{gone} users");
    let strong = |state: &State, user: &Email| match state.users.get(user).map(|found| found.role.clone()) {
        Some(OrgRole::Owner) => 2,
        Some(OrgRole::Admin) => 1,
        _ => 0,
    };
    let weaker = |user: &&Email| counts(user) && strong(&plan.target, user) < strong(live, user);
    let weaker = live.users.keys().filter(weaker).count();
    let managing = live.users.keys().filter(|user| strong(live, user) > 0).count();
    let unseated = |user: &&Email| counts(user) && strong(live, user) > 0 && strong(&plan.target, user) == 0;
    let fine = if live.users.keys().filter(unseated).count() > 1 { 1 } else { 5 };
    assert!(within(weaker, managing, fine), "{weaker} of {managing}");
    let due: Vec<&Change> = plan.to_do().filter(|planned| is_due(planned)).map(|planned| &planned.change).collect();
    let is_due = |wanted: &dyn Fn(&Change) -> bool| due.iter().any(|change| wanted(change));
    let now = |team: &TeamName| plan.team_renames.get(team).unwrap_or(team).clone();
    let (mut memberships, mut left, mut grants, mut lost) = (0, 0, live.grants.len(), 0);
    for (name, team) in &live.teams {
        let (name, after) = (now(name), plan.target.teams.get(&now(name)));
        for user in &team.members {
            let leaves = |change: &Change| matches!(change, Change::RemoveTeamMember { team, user: of } if *team == name && of == user);
            let stays = after.is_some_and(|after| after.members.contains(user));
            memberships += 1;
            left += usize::from(!stays && counts(user) && !is_due(&leaves));
        }
        for project in team.roles.keys() {
            let ends = |change: &Change| matches!(change, Change::RemoveTeamRole { team, project: on, .. } if *team == name && on == project);
            grants += 1;
            let stays = after.is_some_and(|after| after.roles.contains_key(project));
            lost += usize::from(!stays && !is_due(&ends));
        }
    }
    assert!(fits(left, memberships), "{left} of {memberships} memberships");
    for key in live.grants.keys().filter(|key| !plan.target.grants.contains_key(*key)) {
        let ends = |change: &Change| matches!(change, Change::RemoveGrant { user, project, .. } if *user == key.0 && *project == key.1);
        lost += usize::from(counts(&key.0) && !is_due(&ends));
    }
    for (id, _) in live.projects.iter().filter(|(_, project)| project.everyone.is_some()) {
        grants += 1;
        let goes = plan.target.projects[id].everyone.is_none();
        lost += usize::from(goes);
    }
    assert!(fits(lost, grants), "{lost} of {grants} grants");
    // One role that a team or everybody has no longer may be that of a whole company.
    if due.is_empty() {
        let (had, has) = (naive::access(live), naive::access(&plan.target));
        let is_gone = |source: &naive::Source, on: &ProjectId| match (source.0, &source.1) {
            ("team", Some(team)) => !plan.target.teams.get(&now(team)).is_some_and(|team| team.roles.contains_key(on)),
            ("everyone", _) => plan.target.projects[on].everyone.is_none(),
            _ => false,
        };
        let lost = had.iter().filter(|(key, sources)| {
            let stays = plan.target.users.contains_key(&key.0) && !has.contains_key(*key);
            stays && sources.iter().any(|source| is_gone(source, &key.1))
        });
        let lost = lost.count();
        assert!(fits(lost, had.len()), "{lost} of {} accesses", had.len());
    }
    let invites = |change: &Change| matches!(change, Change::InviteUser { .. });
    assert!(count(&invites) <= *max_invites);
    assert!(count(&goes) == 0 || count(&goes) < plan.live.users.len());
    let before = plan.live.active_owners().count();
    assert!(plan.target.active_owners().count() >= before.min(*min_owners));
    for user in protected.keys() {
        let person = plan.person(user);
        let mut addresses: Vec<&Email> =
            plan.earlier_addresses.keys().filter(|old| plan.person(old) == person).collect();
        addresses.push(person);
        // A block wins.
        if addresses.iter().any(|address| plan.blocked.contains(*address)) {
            continue;
        }
        let joined =
            |state: &State, user: &Email| state.users.get(user).is_some_and(|found| !found.status.is_invited());
        let had_joined = addresses.iter().any(|user| joined(&plan.live, user));
        addresses.retain(|user| !had_joined || joined(&plan.target, user) || joined(&plan.live, user));
        let roles = |state: &State| -> BTreeSet<(ProjectId, ProjectRole)> {
            let access = crate::naive::access(state);
            let counts = |user: &Email| addresses.contains(&user) && (!had_joined || joined(state, user));
            let of_them = access.into_iter().filter(|((user, _), _)| counts(user));
            of_them.flat_map(|((_, on), sources)| sources.into_iter().map(move |(_, _, role)| (on, role))).collect()
        };
        let (had, has) = (roles(&plan.live), roles(&plan.target));
        for (on, role) in had {
            let kept = has.iter().any(|(other, has)| *other == on && covers(&plan.ranks, on, has, &role));
            assert!(kept, "{user} has no {role} on {on} any more");
        }
    }
}

proptest! {
    #![proptest_config(crate::of_cases(cases()))]

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
        if whole.is_refused() {
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
        if plan.is_refused() {
            return Ok(());
        }
        let (removals, invites) = (plan.held_by(GuardCode::MaxRemovals), plan.held_by(GuardCode::MaxInvites));
        let judged = |accepted: Accepted| {
            let mut plan = Plan { accepted, ..plan.clone() };
            guard::judge(&mut plan);
            plan
        };
        let all = judged(Accepted { removals: Some(removals), invites: Some(invites) });
        prop_assert!(all.held().next().is_none() || all.is_refused());
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
    fn letting_invitations_through_lets_no_removals_through(world in world(), rails in rails()) {
        let mut plan = planned(&world, &rails);
        let invites = plan.held_by(GuardCode::MaxInvites);
        plan.accepted = Accepted { removals: None, invites: Some(invites) };
        let Ok(approved) = guard::approve(plan) else { return Ok(()) };
        let mut plan = approved.plan().clone();
        plan.rails.max_invites = usize::MAX;
        keeps_within_its_rails(&plan);
    }

    #[test]
    fn a_plan_that_stops_anywhere_is_not_blocked_for_want_of_owners(world in world(), rails in rails()) {
        let Ok(approved) = guard::approve(planned(&world, &rails)) else { return Ok(()) };
        // What is blocked or over goes on where all others are stopped, and these are stopped again.
        if approved.plan().is_refused() {
            return Ok(());
        }
        // Where only a limit kept too many owners from going, the lack shows when the limit lets them go.
        let open = Guards { max_removals: Most::Percent(100), max_invites: usize::MAX, ..rails.0.clone() };
        if planned(&world, &(open, rails.1.clone())).is_refused() {
            return Ok(());
        }
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
    fn the_acting_account_has_all_it_has_on_every_prefix(world in world(), who in any::<prop::sample::Index>()) {
        let mut plan = plan(&world.desired, &world.live);
        let account = plan.live.users.keys().nth(who.index(plan.live.users.len())).unwrap().clone();
        plan.acting = Some(Acting { role: Some(OrgRole::Owner), account: Some(account.to_string()) });
        let Ok(approved) = guard::approve(plan) else { return Ok(()) };
        let plan = approved.plan();
        let had: Vec<_> = crate::naive::access(&plan.live).into_iter().filter(|((user, _), _)| *user == account).collect();
        let role = &plan.live.users[&account].role;
        let teams = |state: &State| -> BTreeSet<TeamName> {
            let now = |name: &TeamName| plan.team_renames.get(name).unwrap_or(name).clone();
            state.teams.iter().filter(|(_, team)| team.members.contains(&account)).map(|(name, _)| now(name)).collect()
        };
        let deleted = |name: &TeamName| !plan.target.teams.contains_key(name);
        let were = teams(&plan.live);
        let mut state = plan.live.clone();
        for planned in plan.to_do() {
            perform(&mut state, std::iter::once(&planned.change));
            let now = state.users.get(&account).map(|found| &found.role);
            prop_assert!(now.is_some_and(|now| now.on_every_project() >= role.on_every_project()), "{planned:?}");
            let has = crate::naive::access(&state);
            for ((_, on), sources) in &had {
                let found = has.get(&(account.clone(), *on)).into_iter().flatten();
                let roles: Vec<&ProjectRole> = found.map(|(_, _, role)| role).collect();
                for (_, _, role) in sources {
                    let kept = roles.iter().any(|held| covers(&plan.ranks, *on, held, role));
                    prop_assert!(kept, "{account} has no {role} on {on} after {planned:?}");
                }
            }
            prop_assert!(were.iter().all(|team| deleted(team) || teams(&state).contains(team)), "{planned:?}");
        }
    }

    #[test]
    fn who_acts_is_told_where_it_is_not_known_what_they_may_do(world in world()) {
        let mut plan = plan(&world.desired, &world.live);
        let is_told = |plan: &Plan| plan.guards.iter().any(|finding| finding.code == GuardCode::Authority);
        for role in [None, Some(OrgRole::Member), OrgRole::read("Boss")] {
            plan.acting = Some(Acting { role: role.clone(), account: None });
            guard::judge(&mut plan);
            prop_assert_eq!(is_told(&plan), !plan.changes.is_empty(), "{:?}", role);
            if role.is_none() {
                let manages = |role: &ProjectRole| *role == BuiltInRole::Owner.into() || *role == BuiltInRole::Admin.into();
                for planned in plan.changes.iter().filter(|planned| planned.channel != Channel::Manual) {
                    let gives = match &planned.change {
                        Change::InviteUser { role, .. } | Change::SetOrgRole { to: role, .. } => role.manages(),
                        Change::SetEveryone { to, .. } | Change::SetTeamRole { to, .. } | Change::SetGrant { to, .. } => manages(to),
                        _ => false,
                    };
                    prop_assert!(!gives, "{planned:?}");
                }
            }
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
