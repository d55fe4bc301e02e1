//! Laws of origins: what is proposed is told from what was agreed to before, and nothing else changes.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::access::{AccessChange, AccessSource, Effect, Rank, Ranks, UserAccess};
use accessctl::change::{Change, ChangeKind};
use accessctl::desired::{Desired, Most};
use accessctl::diff::diff;
use accessctl::model::{BuiltInRole, Email, ProjectId, ProjectRole, RoleName, State};
use accessctl::plan::{KeptWhat, KeptWhy, Origin, Plan, Why};
use accessctl::planning::{self, Base};
use accessctl::target::target;
use proptest::prelude::*;

use crate::world::{AS_OF, World, state, world};
use crate::{cases, edits, naive, performed, plan};

/// The plan of `desired` with its origins, where `base` was agreed to.
fn told(desired: &Desired, base: &Desired, live: &State, applied: Option<&State>) -> Option<Plan> {
    let mut plan = plan(desired, live);
    planning::compare(&mut plan, desired, Base::Was(base), applied).ok()?;
    Some(plan)
}

/// Where a configuration leads without any guard.
fn end(desired: &Desired, live: &State) -> State {
    target(desired, live, AS_OF).unwrap().0.state
}

/// What the state has of what `change` is about.
fn value(state: &State, change: &Change) -> Option<String> {
    let user = || state.users.get(change.user()?);
    let team = || state.teams.get(change.team()?);
    let project = || state.projects.get(&change.project()?);
    match change.kind() {
        ChangeKind::InviteUser | ChangeKind::SetOrgRole | ChangeKind::CancelInvite | ChangeKind::RemoveUser => {
            user().map(|found| found.role.to_string())
        }
        ChangeKind::CreateTeam | ChangeKind::RenameTeam | ChangeKind::DeleteTeam => team().map(|_| String::new()),
        ChangeKind::AddTeamMember | ChangeKind::RemoveTeamMember => {
            team().filter(|found| found.members.contains(change.user().unwrap())).map(|_| String::new())
        }
        ChangeKind::SetTeamRole | ChangeKind::RemoveTeamRole => {
            team()?.roles.get(&change.project()?).map(ToString::to_string)
        }
        ChangeKind::SetGrant | ChangeKind::RemoveGrant => {
            state.grants.get(&(change.user()?.clone(), change.project()?)).map(ToString::to_string)
        }
        ChangeKind::SetEveryone | ChangeKind::RemoveEveryone => project()?.everyone.as_ref().map(ToString::to_string),
    }
}

/// What `change` is about.
fn subject(change: &Change) -> (ChangeKind, Option<&Email>, Option<&str>, Option<ProjectId>) {
    (change.kind(), change.user(), change.team().map(|team| team.as_str()), change.project())
}

/// Rows of access, whatever lends them.
fn rows<'a>(all: impl Iterator<Item = UserAccess<'a>>) -> BTreeMap<(Email, ProjectId), Effect> {
    let all: Vec<UserAccess<'a>> = all.collect();
    all.iter().flat_map(|one| one.rows().map(|row| ((one.user.clone(), row.project), row.effect))).collect()
}

/// What somebody gains, what they lose, and what they have afterwards somewhere; what they rise to, and whether they get
/// another role that is no more than one that they had.
type Move = ((Email, ProjectId), [BTreeSet<ProjectRole>; 3], (Option<BuiltInRole>, bool));

fn moved(of: (Email, ProjectId), [was, is]: [BTreeSet<ProjectRole>; 2], ranks: &Ranks) -> Move {
    let gained = naive::new_roles(&was, &is, of.1, ranks);
    let lost = naive::new_roles(&is, &was, of.1, ranks);
    let rise = rise(&was, &is, of.1, ranks);
    let is_exchange = rise.is_none() && [&was, &is, &gained, &lost].iter().all(|roles| !roles.is_empty());
    (of, [gained, lost, is], (rise, is_exchange))
}

/// The rows of access as what is gained and lost by them.
fn moves<'a>(all: impl Iterator<Item = UserAccess<'a>>, ranks: &Ranks) -> Vec<Move> {
    let of_row = |row: AccessChange<'_>| {
        let roles = |sources: &[AccessSource<'_>]| sources.iter().map(|source| source.role.clone()).collect();
        moved((row.user.clone(), row.project), [roles(row.before), roles(row.after)], ranks)
    };
    let all: Vec<UserAccess<'a>> = all.collect();
    all.iter().flat_map(|access| access.rows().map(of_row)).collect()
}

fn of(plan: &Plan, origin: Origin) -> Vec<&Change> {
    plan.changes.iter().filter(|planned| planned.origin == origin).map(|planned| &planned.change).collect()
}

/// The ranks of roles: of those that `head` names as high as in either configuration, and before as `base` says.
fn either(head: &Desired, base: &Desired) -> Ranks {
    let (was, is) = (base.ranks(), head.ranks());
    let of = |ranks: &Ranks, id: &ProjectId, role: &RoleName| ranks.get(id)?.get(role)?.now;
    let mut ranks = Ranks::new();
    for (id, roles) in was.iter().chain(&is) {
        for role in roles.keys() {
            let is_named = head.projects.get(id).is_some_and(|project| project.roles.contains_key(role));
            let before = of(&was, id, role);
            let now = if is_named { before.max(of(&is, id, role)) } else { None };
            ranks
                .entry(*id)
                .or_default()
                .insert(role.clone(), Rank { now, before, kept: before.min(of(&is, id, role)) });
        }
    }
    ranks
}

/// What somebody rises to: admin or owner, where nothing before is as much.
fn rise(was: &BTreeSet<ProjectRole>, is: &BTreeSet<ProjectRole>, on: ProjectId, ranks: &Ranks) -> Option<BuiltInRole> {
    let level = |role: &ProjectRole| match role {
        ProjectRole::BuiltIn(role) => Some(*role),
        ProjectRole::Custom(name) => ranks.get(&on)?.get(name)?.now,
    };
    let most = |roles: &BTreeSet<ProjectRole>| roles.iter().filter_map(level).max();
    most(is).filter(|most_now| *most_now >= BuiltInRole::Admin && Some(*most_now) > most(was))
}

/// `state` after those of `changes` that can be done there.
fn after<'a>(state: &State, changes: impl IntoIterator<Item = &'a Change>) -> State {
    let mut after = state.clone();
    for change in changes {
        let _ = after.perform(change, AS_OF);
    }
    after
}

proptest! {
    #![proptest_config(crate::of_cases(cases()))]

    #[test]
    fn a_base_changes_nothing_but_the_origins(head in world(), base in world(), applied in prop::option::of(state())) {
        let Some(found) = told(&head.desired, &base.desired, &head.live, applied.as_ref()) else { return Ok(()) };
        let without = plan(&head.desired, &head.live);
        let mut stripped = found.clone();
        stripped.proposal = None;
        for (planned, plain) in stripped.changes.iter_mut().zip(&without.changes) {
            planned.origin = plain.origin;
        }
        prop_assert_eq!(format!("{stripped:?}"), format!("{without:?}"));
        let counted: usize = Origin::ALL.into_iter().map(|origin| of(&found, origin).len()).sum();
        prop_assert_eq!(counted, without.changes.len());
    }

    #[test]
    fn what_is_proposed_is_exactly_what_the_base_leads_elsewhere(head in world(), base in world()) {
        let Some(found) = told(&head.desired, &base.desired, &head.live, None) else { return Ok(()) };
        let theirs = plan(&base.desired, &head.live);
        // A line that is over may be deleted before that has been applied, and so may that of somebody with all they had.
        let was_over = |change: &Change| {
            let mut over = theirs.changes.iter().filter(|one| one.why == Why::Expired).map(|one| &one.change);
            let removes = [ChangeKind::RemoveUser, ChangeKind::CancelInvite];
            let takes_all = |one: &Change| removes.contains(&one.kind()) && one.user() == change.user();
            over.any(|one| subject(one) == subject(change) || takes_all(one))
        };
        for planned in found.changes.iter().filter(|one| one.origin == Origin::Expiry) {
            let is_over = match planned.why {
                Why::Expired => true,
                Why::Unlisted | Why::Blocked => was_over(&planned.change),
                _ => false,
            };
            prop_assert!(is_over, "{:?}", planned);
        }
        // Of teams that change their names it is said elsewhere, by hand.
        let proposal = found.proposal.as_ref().unwrap();
        let renames = [&theirs.team_renames, &found.team_renames, &proposal.plan.team_renames];
        if renames.iter().any(|renames| !renames.is_empty()) {
            return Ok(());
        }
        let (agreed, target) = (end(&base.desired, &head.live), end(&head.desired, &head.live));
        for planned in &found.changes {
            let differs = value(&agreed, &planned.change) != value(&target, &planned.change);
            prop_assert_eq!(planned.origin == Origin::Proposed, differs, "{:?}", planned);
        }
        // What is proposed about something that is live as the base says leads from there, and nothing else does.
        let of_teams = [ChangeKind::CreateTeam, ChangeKind::DeleteTeam];
        for planned in proposal.plan.changes.iter().filter(|one| !proposal.already.contains(&one.id)) {
            let is_as_said = value(&head.live, &planned.change) == value(&agreed, &planned.change);
            let is_told = proposal.overtaken.contains(&planned.id);
            prop_assert!(is_as_said != is_told || of_teams.contains(&planned.change.kind()), "{:?}", planned);
        }
        // What is proposed and already so is so on the live side, and nowhere else.
        for planned in &proposal.plan.changes {
            let is_so = value(&head.live, &planned.change) == value(&target, &planned.change);
            prop_assert_eq!(proposal.already.contains(&planned.id), is_so, "{:?}", planned);
        }
    }

    #[test]
    fn what_is_proposed_for_people_is_the_difference_of_two_targets(head in world(), base in world()) {
        let Some(found) = told(&head.desired, &base.desired, &head.live, None) else { return Ok(()) };
        let (agreed, mut target) = (end(&base.desired, &head.live), end(&head.desired, &head.live));
        let proposal = found.proposal.as_ref().unwrap();
        // What is kept of an account until its person has joined with another address is nobody's proposal.
        let kept = found.kept.iter().filter(|kept| matches!(kept.why, KeptWhy::AwaitsRename(_) | KeptWhy::AwaitsMove(_)));
        let waiting: BTreeSet<&Email> = kept
            .filter_map(|kept| if let KeptWhat::User(old) = &kept.what { Some(old) } else { None })
            .collect();
        for old in &waiting {
            match agreed.users.get(*old) {
                Some(was) => target.users.insert((*old).clone(), was.clone()),
                None => target.users.remove(*old),
            };
            target.grants.retain(|(user, _), _| user != *old);
            target.grants.extend(agreed.grants.iter().filter(|((user, _), _)| user == *old).map(|(key, role)| (key.clone(), role.clone())));
            for (name, team) in &mut target.teams {
                match agreed.teams.get(name).map(|team| team.members.contains(*old)) {
                    Some(true) => { team.members.insert((*old).clone()); }
                    Some(false) => { team.members.remove(*old); }
                    None if !agreed.users.contains_key(*old) => { team.members.remove(*old); }
                    None => {}
                }
            }
        }
        let mut expected = naive::effects(&agreed, &target, &either(&head.desired, &base.desired));
        let mut told = rows(proposal.access_changes());
        // Teams that change their names are found by either.
        if !found.team_renames.is_empty() || !proposal.plan.team_renames.is_empty() {
            expected.retain(|(user, _), _| !waiting.contains(user));
            told.retain(|(user, _), _| !waiting.contains(user));
        }
        prop_assert_eq!(told, expected);
        // Whatever else goes on is told of itself, as far as what is proposed does not prevent it.
        let expected = naive::effects(&head.live, &proposal.rest, &head.desired.ranks());
        let done = rows(found.access_changes());
        for (of, _) in rows(found.other_access_changes()) {
            prop_assert!(expected.contains_key(&of) && done.contains_key(&of), "{of:?}");
        }
    }

    #[test]
    fn the_sections_together_tell_everything_that_a_run_gives_and_takes(
        mut head in world(),
        mut base in world(),
        most in 0..3usize,
    ) {
        head.desired.guards.max_removals = Most::Number(most);
        base.desired.guards.max_removals = Most::Number(most);
        let found = told(&head.desired, &base.desired, &head.live, None).filter(|found| !found.is_blocked());
        let Some(found) = found else { return Ok(()) };
        let proposal = found.proposal.as_ref().unwrap();
        let ranks = head.desired.ranks();
        // Whoever is kept by a guard does not lose what they would by leaving.
        let stays = |user: &Email| found.target.users.contains_key(user);
        let by_proposal = moves(proposal.access_changes().filter(|one| one.stays || !stays(one.user)), &ranks);
        let by_others = moves(found.other_access_changes(), &ranks);
        let told: Vec<Move> = by_proposal.iter().chain(&by_others).cloned().collect();
        let beyond = moves(found.unforeseen_access_changes(), &ranks);
        // What the run does, by definition.
        let after = performed(&head.live, found.to_do().map(|planned| &planned.change));
        let (before, after) = (naive::access(&head.live), naive::access(&after));
        let roles = |side: &BTreeMap<_, BTreeSet<naive::Source>>, key: &(Email, ProjectId)| {
            side.get(key).into_iter().flatten().map(|(_, _, role)| role.clone()).collect::<BTreeSet<_>>()
        };
        // People have what their earlier addresses have: on the live side, and where the base leads.
        let agreed = naive::access(&proposal.plan.live);
        let of_person = |side: &BTreeMap<_, BTreeSet<naive::Source>>, plan: &Plan, key: &(Email, ProjectId)| {
            let olds = found.earlier_addresses.iter().filter(|(old, new)| {
                let is_apart = proposal.apart.contains(*old) || plan.superseded.contains(*old);
                *new == &key.0 && !is_apart && plan.live.users.contains_key(*old)
            });
            let mut all = roles(side, key);
            olds.for_each(|(old, _)| all.extend(roles(side, &(old.clone(), key.1))));
            all
        };
        let pairs: BTreeSet<&(Email, ProjectId)> = before.keys().chain(after.keys()).collect();
        for key in pairs {
            let (was, is) = (roles(&before, key), roles(&after, key));
            let had = of_person(&before, &found, key);
            let is_person_told = had == was && of_person(&agreed, &proposal.plan, key) == roles(&agreed, key) || {
                let since = |all: &[Move], had: &BTreeSet<ProjectRole>| -> Vec<Move> {
                    let rows = all.iter().filter(|(of, ..)| of == key);
                    rows.map(|(_, [.., is], _)| moved(key.clone(), [had.clone(), is.clone()], &ranks)).collect()
                };
                let mut told = since(&by_proposal, &of_person(&agreed, &proposal.plan, key));
                told.extend(since(&by_others, &had));
                let (_, [gained, ..], (rise, _)) = moved(key.clone(), [had.clone(), is.clone()], &ranks);
                let is_in = |role: &ProjectRole| {
                    told.iter().any(|(_, [gained, ..], _)| naive::includes(gained, role, key.1, &ranks))
                };
                gained.iter().all(is_in) && (rise.is_none() || told.iter().any(|(.., (told, _))| *told >= rise))
            };
            let (_, run, (rise, is_exchange)) = moved(key.clone(), [was, is.clone()], &ranks);
            let told: Vec<&Move> = told.iter().filter(|(of, ..)| of == key).collect();
            // What is left of what somebody loses is told by one section or by several, and by one not more than that.
            let all = |roles: &BTreeSet<ProjectRole>, by: &BTreeSet<ProjectRole>| {
                roles.iter().all(|role| naive::includes(by, role, key.1, &ranks))
            };
            let is_rest_told = run[1].is_empty()
                || told.iter().any(|(_, [.., after], _)| all(after, &is))
                    && is.iter().all(|role| told.iter().any(|(_, [.., after], _)| all(&BTreeSet::from([role.clone()]), after)));
            // Who gets another role is not said to gain it.
            let is_change_told = (0..2).all(|way| {
                let is_meant = |one: &&&Move| way == 1 || is_exchange || !one.2.1;
                let is_in = |role: &ProjectRole| {
                    told.iter().filter(is_meant).any(|(_, told, _)| naive::includes(&told[way], role, key.1, &ranks))
                };
                run[way].iter().all(is_in)
            });
            let is_rise_told = rise.is_none() || told.iter().any(|(.., (told, _))| *told >= rise);
            let is_told = is_rest_told && is_change_told && is_rise_told && is_person_told;
            let besides: Vec<&Move> = beyond.iter().filter(|(of, ..)| of == key).collect();
            match (is_told, besides.as_slice()) {
                (true, []) => {}
                (false, [(_, besides, _)]) => prop_assert_eq!(besides, &run, "{:?}", key),
                _ => prop_assert!(false, "{key:?}: {run:?}, told: {told:?}, besides: {besides:?}"),
            }
        }
    }

    #[test]
    fn what_is_proposed_does_not_hang_on_what_others_did(
        head in world(),
        base in world(),
        holder in 0..crate::world::USERS,
        on in 0..crate::world::PROJECTS,
        role in prop::sample::select(BuiltInRole::ALL.to_vec()),
    ) {
        let (mut touched, user) = (head.live.clone(), crate::world::user(holder));
        if !touched.users.contains_key(&user) {
            return Ok(());
        }
        touched.grants.insert((user, crate::world::project(on)), role.into());
        let told = |live: &State| told(&head.desired, &base.desired, live, None);
        let (Some(found), Some(other)) = (told(&head.live), told(&touched)) else { return Ok(()) };
        let ends = |live: &State| (end(&base.desired, live), end(&head.desired, live));
        if ends(&head.live) == ends(&touched) {
            let proposed = |plan: &Plan| {
                let proposal = plan.proposal.clone().unwrap();
                let changes: Vec<Change> = edits(&proposal.plan).cloned().collect();
                (changes, rows(proposal.access_changes()))
            };
            prop_assert_eq!(proposed(&found), proposed(&other));
        }
    }

    #[test]
    fn nothing_is_proposed_where_nothing_was_edited(world in world()) {
        let found = told(&world.desired, &world.desired, &world.live, None).unwrap();
        prop_assert_eq!(of(&found, Origin::Proposed), Vec::<&Change>::new());
        let proposal = found.proposal.as_ref().unwrap();
        prop_assert!(proposal.is_empty(), "{:?}", proposal);
        prop_assert_eq!(rows(proposal.access_changes()), BTreeMap::new());
    }

    #[test]
    fn everything_is_proposed_where_the_base_is_what_is_live(world in world()) {
        let mut found = plan(&world.desired, &world.live);
        planning::compare(&mut found, &world.desired, Base::None("none".to_owned()), None).unwrap();
        prop_assert_eq!(of(&found, Origin::Proposed).len(), found.changes.len());
    }

    #[test]
    fn what_others_did_since_the_last_apply_is_drift_and_nothing_is_pending(
        World { live, desired } in world(),
        wish in state(),
    ) {
        let applied = after(&live, edits(&plan(&desired, &live)));
        let drifted = after(&applied, &diff(&applied, &wish, &Default::default()));
        if planning::plan(&desired, drifted.clone(), "local", AS_OF).is_err() {
            return Ok(());
        }
        let found = told(&desired, &desired, &drifted, Some(&applied)).unwrap();
        prop_assert_eq!(of(&found, Origin::Proposed), Vec::<&Change>::new());
        // What the last apply left undone, such as an account that waits for its successor to join, is told as such.
        for planned in found.changes.iter().filter(|_| found.team_renames.is_empty()) {
            let was_live = applied.shows(&planned.change);
            prop_assert!(was_live != Some(true) || planned.origin == Origin::Drift, "{:?}", planned);
            let is_left = planned.origin == Origin::Pending || planned.origin == Origin::Expiry;
            prop_assert!(!is_left || was_live == Some(false), "{:?}", planned);
        }
    }

    #[test]
    fn what_was_merged_and_never_applied_is_pending(World { live, desired } in world(), before in world()) {
        // The last apply was of another configuration; nobody touched the live side since.
        let Ok(planned) = planning::plan(&before.desired, live.clone(), "local", AS_OF) else { return Ok(()) };
        let applied = after(&live, edits(&planned.plan));
        if planning::plan(&desired, applied.clone(), "local", AS_OF).is_err() {
            return Ok(());
        }
        let found = told(&desired, &desired, &applied, Some(&applied)).unwrap();
        prop_assert_eq!(of(&found, Origin::Drift), Vec::<&Change>::new());
        prop_assert_eq!(of(&found, Origin::Proposed), Vec::<&Change>::new());
    }
}
