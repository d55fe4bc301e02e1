//! Time and blocks: what is desired at a moment is what a reader of the dates would say.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::calendar::{Moment, zone};
use accessctl::change::Change;
use accessctl::desired::{Desired, Fact, ManageMode};
use accessctl::model::{Email, State, TeamName};
use accessctl::plan::{Origin, Why};
use accessctl::planning;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use crate::world::{AS_OF, World, world};
use crate::{approved, cases, edits, naive, plan};

fn holds<T>(fact: &Fact<T>) -> bool {
    let Some(note) = &fact.note else { return true };
    note.window.from.is_none_or(|from| from.at <= AS_OF) && note.window.until.is_none_or(|until| AS_OF < until.at)
}

/// Every address of everybody who has nothing at the moment; true for those who are blocked.
pub(crate) fn out(desired: &Desired) -> BTreeMap<Email, bool> {
    let mut out: BTreeMap<Email, bool> = desired.blocked.keys().map(|user| (user.clone(), true)).collect();
    for (email, user) in desired.users.iter().flatten() {
        let addresses: Vec<&Email> = std::iter::once(email).chain(user.previously.keys()).collect();
        let blocked = addresses.iter().any(|address| desired.blocked.contains_key(*address));
        if blocked || !holds(&user.role) {
            out.extend(addresses.into_iter().map(|address| (address.clone(), blocked)));
        }
    }
    out
}

/// The configuration with everything struck out that does not hold at the moment, and the live side without what
/// somebody who reads the dates would take away by hand.
fn by_hand(World { desired, live }: &World) -> World {
    let out = out(desired);
    let of_user = |user: &Email, holds: bool| holds && !out.contains_key(user);
    let (mut clean, mut left) = (desired.clone(), live.clone());
    clean.blocked.clear();
    for users in clean.users.iter_mut() {
        users.retain(|email, _| !out.contains_key(email));
    }
    clean.grants.retain(|(user, _), fact| of_user(user, holds(fact)));
    for team in clean.teams.values_mut() {
        team.members.iter_mut().for_each(|members| members.retain(|user, fact| of_user(user, holds(fact))));
        team.roles.iter_mut().for_each(|roles| roles.retain(|_, fact| holds(fact)));
    }
    let goes = |user: &Email| {
        let managed = desired.users.is_some() && desired.manage.users != ManageMode::None;
        out.get(user).is_some_and(|blocked| *blocked || (managed && desired.ignore.user(user).is_none()))
    };
    left.users.retain(|user, _| !goes(user));
    if desired.manage.grants != ManageMode::None {
        left.grants.retain(|key, _| desired.grants.get(key).is_none_or(|fact| of_user(&key.0, holds(fact))));
    }
    left.grants.retain(|(user, _), _| !goes(user));
    // A team is renamed only where its new name is not taken.
    let unborn = || desired.teams.iter().filter(|(new, _)| !live.teams.contains_key(*new));
    let before = |old: &TeamName| unborn().map(|(_, team)| team).find(|team| team.previously.contains_key(old));
    for (name, team) in &mut left.teams {
        team.members.retain(|user| !goes(user));
        let renamed = || before(name).filter(|_| desired.ignore.team(name).is_none());
        let declared = desired.teams.get(name).or_else(renamed);
        let Some(declared) = declared.filter(|_| desired.manage.teams != ManageMode::None) else { continue };
        for (user, fact) in declared.members.iter().flatten() {
            if !of_user(user, holds(fact)) {
                team.members.remove(user);
            }
        }
        for (project, fact) in declared.roles.iter().flatten() {
            if !holds(fact) {
                team.roles.remove(project);
            }
        }
    }
    World { desired: clean, live: left }
}

proptest! {
    #![proptest_config(crate::of_cases(cases()))]

    #[test]
    fn what_is_desired_is_what_a_reader_of_the_dates_would_say(world in world()) {
        let plan = plan(&world.desired, &world.live);
        if !crate::is_whole(&plan) {
            return Ok(());
        }
        let World { desired, live } = by_hand(&world);
        let by_hand = planning::plan(&desired, live, "local", AS_OF).expect("what is struck out leaves the rest valid").plan;
        prop_assert_eq!(plan.target, by_hand.target);
        prop_assert_eq!(plan.kept, by_hand.kept);
    }

    #[test]
    fn blocked_people_have_nothing_and_get_nothing_on_the_way(world in world()) {
        let plan = plan(&world.desired, &world.live);
        if !crate::is_whole(&plan) {
            return Ok(());
        }
        let blocked: BTreeSet<Email> = out(&world.desired).into_iter().filter(|(_, blocked)| *blocked).map(|(user, _)| user).collect();
        let target = &plan.target;
        let named = target.users.keys().chain(target.teams.values().flat_map(|team| &team.members)).chain(target.grants.keys().map(|(user, _)| user));
        prop_assert_eq!(named.filter(|user| blocked.contains(*user)).collect::<Vec<_>>(), Vec::<&Email>::new());
        let owners: BTreeSet<&Email> = world.live.active_owners().collect();
        let of_blocked = |state: &State| -> BTreeSet<_> {
            let of = |user: &Email| blocked.contains(user) && !owners.contains(user);
            naive::access(state).into_iter().filter(|((user, _), _)| of(user)).flat_map(|(key, sources)| sources.into_iter().map(move |source| (key.clone(), source))).collect()
        };
        if approved(&world).is_none() {
            return Ok(());
        }
        let (mut state, mut had) = (world.live.clone(), of_blocked(&world.live));
        for change in edits(&plan) {
            let gives = change.user().is_some_and(|user| blocked.contains(user)) && !change.kind().is_removal();
            prop_assert!(!gives, "{change:?}");
            state.perform(change, AS_OF).unwrap();
            let has = of_blocked(&state);
            prop_assert!(has.is_subset(&had), "{change:?} in {plan:#?}");
            had = has;
        }
    }

    #[test]
    fn whatever_time_takes_is_told_with_the_end_that_took_it(world in world()) {
        let World { desired, live } = &world;
        let plan = plan(desired, live);
        let out = out(desired);
        let role = |user: &Email| desired.users.as_ref().and_then(|users| {
            users.get(user).or_else(|| users.values().find(|found| found.previously.contains_key(user))).map(|found| &found.role)
        });
        // A team that waits for its provider to rename it still has its old name.
        let unborn = desired.teams.iter().filter(|(new, _)| !live.teams.contains_key(*new)).map(|(_, team)| team);
        let team_of = |name: &TeamName| desired.teams.get(name).or_else(|| unborn.clone().find(|team| team.previously.contains_key(name)));
        for planned in &plan.changes {
            prop_assert_eq!(planned.origin == Origin::Expiry, planned.why == Why::Expired);
            let windows = |user: Option<&Email>, fact: Option<accessctl::desired::Window>| {
                [user.and_then(role).and_then(|fact| fact.window().copied()), fact]
            };
            let window = |fact: Option<&Fact<()>>| fact.and_then(|fact| fact.window().copied());
            let (user, of_fact) = match &planned.change {
                Change::RemoveGrant { user, project, .. } => {
                    let fact = desired.grants.get(&(user.clone(), *project));
                    (fact.map(|_| user), fact.and_then(|fact| fact.window().copied()))
                }
                Change::RemoveTeamMember { team, user } => {
                    let fact = team_of(team).and_then(|team| team.members.as_ref()?.get(user));
                    (fact.map(|_| user), window(fact))
                }
                Change::RemoveTeamRole { team, project, .. } => {
                    let fact = team_of(team).and_then(|team| team.roles.as_ref()?.get(project));
                    (None, fact.and_then(|fact| fact.window().copied()))
                }
                Change::RemoveUser { user } | Change::CancelInvite { user } => (Some(user), None),
                _ => {
                    prop_assert!(matches!(planned.why, Why::Declared | Why::Unlisted | Why::Renamed), "{planned:?}");
                    continue;
                }
            };
            let over = windows(user, of_fact).into_iter().flatten().filter_map(|window| window.until).filter(|until| until.at <= AS_OF);
            let early = windows(user, of_fact).into_iter().flatten().filter_map(|window| window.from).filter(|from| AS_OF < from.at);
            let is_blocked = user.is_some_and(|user| out.get(user) == Some(&true));
            let (over, early): (Vec<_>, Vec<_>) = (over.map(|bound| bound.place).collect(), early.map(|bound| bound.place).collect());
            let place = planned.source;
            match planned.why {
                Why::Blocked => prop_assert!(is_blocked && desired.blocked.values().any(|fact| Some(fact.place) == place)),
                Why::Expired => prop_assert!(over.iter().any(|end| Some(*end) == place) && !is_blocked, "{planned:?}"),
                Why::NotYet => prop_assert!(early.iter().any(|end| Some(*end) == place) && !is_blocked, "{planned:?}"),
                Why::Unlisted | Why::Renamed => {
                    prop_assert!(over.is_empty() && early.is_empty() && !is_blocked, "{planned:?} {over:?} {early:?}");
                }
                Why::Declared | Why::Undone => prop_assert!(false, "{planned:?}"),
            }
        }
    }
}

/// Zones with unusual midnights, and the usual ones.
const ZONES: [&str; 18] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "America/Scoresbysund",
    "Atlantic/Azores",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Gaza",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Apia",
    "Pacific/Kwajalein",
    "Pacific/Kiritimati",
];

proptest! {
    #![proptest_config(crate::of_cases(cases() / 10))]

    #[test]
    fn a_day_lasts_from_the_first_minute_that_shows_it_to_the_last(name in prop::sample::select(&ZONES[..]), days in 0..29_000_i64, near in any::<bool>()) {
        let zone = zone(name).unwrap();
        let mut day: Date = "1975-01-01".parse::<Date>().unwrap() + jiff::SignedDuration::from_hours(24 * days);
        // Days on which nothing happens are many: half of the time one near the next change of clocks.
        let noon = day.at(12, 0, 0, 0).to_zoned(zone.clone()).unwrap().timestamp();
        if near && let Some(change) = zone.following(noon).next() {
            day = zone.to_datetime(change.timestamp()).date();
        }
        let midnight: Timestamp = day.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        let minutes = (-3 * 24 * 60..5 * 24 * 60).map(|minute| midnight + SignedDuration::from_mins(minute));
        let dates: Vec<(Timestamp, Date)> = minutes.map(|moment| (moment, zone.to_datetime(moment).date())).collect();
        let first = dates.iter().find(|(_, date)| *date >= day).unwrap().0;
        let last = dates.iter().rfind(|(_, date)| *date <= day).unwrap().0;
        prop_assert_eq!(Moment::Day(day).start(&zone), first, "{} begins in {}", day, name);
        prop_assert_eq!(Moment::Day(day).end(&zone), last + SignedDuration::from_mins(1), "{} ends in {}", day, name);
    }
}
