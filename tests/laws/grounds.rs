//! By which facts somebody has access agrees with the definition, whatever is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use accessctl::access::Via;
use accessctl::desired::{Desired, DesiredProject, DesiredUser, Fact, InForce, ManageMode, Note};
use accessctl::grounds::{
    Access, GroundKind, Mark, Scope, Side, Sides, Standing, View, Way, ways_to_get, ways_to_lose,
};
use accessctl::model::{
    BuiltInRole, Email, OrgRole, Project, ProjectId, ProjectKey, State, Status, Team, TeamName, User,
};
use accessctl::source::{FileId, Span};
use accessctl::target::target;
use jiff::SignedDuration;
use proptest::prelude::*;

use crate::naive::{self, Source};
use crate::time::out;
use crate::world::{AS_OF, World, world};

/// Live teams that get another name: the new one is not taken, and the team is ours.
fn renamed(desired: &Desired, live: &State) -> BTreeMap<TeamName, TeamName> {
    let unborn = desired.teams.iter().filter(|(new, _)| !live.teams.contains_key(*new));
    let names = unborn.flat_map(|(new, team)| team.previously.keys().map(move |old| (old.clone(), new.clone())));
    names.filter(|(old, _)| live.teams.contains_key(old) && desired.ignore.team(old).is_none()).collect()
}

/// `all`, with teams called as the configuration calls them.
fn as_declared(all: All, renamed: &BTreeMap<TeamName, TeamName>) -> All {
    let of = |(via, team, role): Source| (via, team.map(|team| renamed.get(&team).cloned().unwrap_or(team)), role);
    all.into_iter().map(|(key, row)| (key, row.into_iter().map(of).collect())).collect()
}

/// What `desired` declares, as a state; where it says nothing of users, they are those of `live` and whoever is named.
fn declared(desired: &Desired, live: &State) -> State {
    let renamed = renamed(desired, live);
    let mut state = State::empty(live.organization.clone());
    let in_force = InForce::new(desired, AS_OF);
    let stranger = User { role: OrgRole::Member, status: Status::Active, last_active: None };
    match &desired.users {
        Some(users) => {
            for (email, user) in users.iter().filter(|(email, _)| in_force.user(email).is_none()) {
                state.users.insert(email.clone(), User { role: user.role.value.clone(), ..stranger.clone() });
            }
        }
        None => {
            let members = desired.teams.values().flat_map(|team| team.members.iter().flatten()).map(|(email, _)| email);
            let holders = desired.grants.keys().map(|(email, _)| email);
            state.users = members.chain(holders).map(|email| (email.clone(), stranger.clone())).collect();
            state.users.extend(live.users.clone());
            state.users.retain(|email, _| in_force.user(email).is_none());
        }
    }
    for id in desired.projects.keys().chain(live.projects.keys()) {
        let everyone = desired.projects.get(id).and_then(|found| found.everyone.as_ref());
        let everyone = everyone.map(|fact| fact.value.clone());
        state.projects.insert(*id, Project { name: String::new(), everyone, roles: BTreeSet::new() });
    }
    for (name, team) in &desired.teams {
        // What the team does not state is as it is.
        let live_name = renamed.iter().find(|(_, new)| *new == name).map_or(name, |(old, _)| old);
        let found = live.teams.get(live_name).cloned().unwrap_or_default();
        let members = team.members.as_ref().map(|members| {
            let held = members.iter().filter(|(email, fact)| in_force.fact_of(email, fact).is_none());
            held.map(|(email, _)| email.clone()).collect()
        });
        let mut members: BTreeSet<Email> = members.unwrap_or(found.members);
        members.retain(|email| state.users.contains_key(email));
        let roles = team.roles.as_ref().map(|roles| {
            roles
                .iter()
                .filter(|(_, fact)| in_force.fact(fact).is_none())
                .map(|(id, fact)| (*id, fact.value.clone()))
                .collect()
        });
        state.teams.insert(name.clone(), Team { members, roles: roles.unwrap_or(found.roles) });
    }
    state.grants = desired
        .grants
        .iter()
        .filter(|((email, _), fact)| in_force.fact_of(email, fact).is_none())
        .map(|(key, fact)| (key.clone(), fact.value.clone()))
        .collect();
    state
}

type All = BTreeMap<(Email, ProjectId), BTreeSet<Source>>;

/// Everything that `side` says, one user at a time.
fn told(side: &Side<'_>) -> All {
    let mut all = All::new();
    for user in side.users() {
        assert!(side.person(user).is_some());
        let rows = side.access(user);
        assert!(rows.is_sorted_by_key(|row| (row.project, row.source.via)));
        for row in &rows {
            let is_new = all.entry((user.clone(), row.project)).or_default().insert(naive::source(&row.source));
            assert!(is_new, "{row:?} is told twice");
        }
    }
    all
}

fn kinds(row: &Access<'_>) -> Vec<GroundKind> {
    row.grounds().map(|ground| ground.kind).collect()
}

/// Whether the time of a fact is over or has not come; nothing where it holds.
fn time(note: Option<&Note>) -> Option<Mark> {
    let window = note?.window;
    let over = window.until.filter(|until| until.at <= AS_OF).map(|_| Mark::Over);
    over.or(window.from.filter(|from| AS_OF < from.at).map(|_| Mark::NotYet))
}

/// Why the person with the address `user`, whom nobody blocks, has nothing.
fn time_of(desired: &Desired, user: &Email) -> Mark {
    let mut people = desired.users.iter().flatten();
    let (_, person) = people.find(|(email, found)| *email == user || found.previously.contains_key(user)).unwrap();
    time(person.role.note.as_deref()).unwrap()
}

type Lapsed = BTreeMap<((Email, ProjectId), &'static str, Option<TeamName>), Mark>;

/// The memberships with a role, and the grants, of which a fact does not hold.
fn lapsed_sources(desired: &Desired) -> Lapsed {
    let mut lapsed = Lapsed::new();
    for (name, team) in &desired.teams {
        for (email, member) in team.members.iter().flatten() {
            for (id, role) in team.roles.iter().flatten() {
                if let Some(mark) = time(member.note.as_deref()).or(time(role.note.as_deref())) {
                    lapsed.insert(((email.clone(), *id), "team", Some(name.clone())), mark);
                }
            }
        }
        // Where the team does not state its members, its roles end all the same.
        for (id, role) in team.roles.iter().flatten().filter(|_| team.members.is_none()) {
            if let Some(mark) = time(role.note.as_deref()) {
                for email in (0..crate::world::USERS).map(crate::world::user) {
                    lapsed.insert(((email, *id), "team", Some(name.clone())), mark);
                }
            }
        }
        for (email, member) in team.members.iter().flatten().filter(|_| team.roles.is_none()) {
            if let Some(mark) = time(member.note.as_deref()) {
                for id in (0..crate::world::PROJECTS).map(crate::world::project) {
                    lapsed.insert(((email.clone(), id), "team", Some(name.clone())), mark);
                }
            }
        }
    }
    for (key, role) in &desired.grants {
        lapsed.extend(time(role.note.as_deref()).map(|mark| ((key.clone(), "grant", None), mark)));
    }
    lapsed
}

fn plain<T>(value: T) -> Fact<T> {
    Fact { value, place: Span { file: FileId(0), start: 0, end: 1 }, note: None }
}

/// Does what `way` says about `user` and `project`.
fn follow(way: &Way<'_>, user: &Email, project: ProjectId, World { desired, live }: &mut World) {
    let renamed = renamed(desired, live);
    match way {
        Way::LowerOrgRole { .. } => match desired.users.as_mut().and_then(|users| users.get_mut(user)) {
            Some(declared) => declared.role.value = OrgRole::Member,
            None => live.users.get_mut(user).unwrap().role = OrgRole::Member,
        },
        Way::LeaveTeam { team, .. } => {
            assert!(desired.teams.get_mut(*team).unwrap().members.as_mut().unwrap().remove(user).is_some());
        }
        Way::RemoveGrant { .. } => assert!(desired.grants.remove(&(user.clone(), project)).is_some()),
        Way::LowerEveryone { .. } => desired.projects.get_mut(&project).unwrap().everyone = None,
        Way::OnlyLive { is_kept: false, .. } => {}
        Way::OnlyLive { via: Via::OrgRole, .. } => live.users.get_mut(user).unwrap().role = OrgRole::Member,
        Way::OnlyLive { via: Via::Team(team), .. } => {
            let live_name = renamed.iter().find(|(_, new)| new == team).map_or(*team, |(old, _)| old);
            assert!(live.teams.get_mut(live_name).unwrap().members.remove(user));
        }
        Way::OnlyLive { via: Via::Grant, .. } => assert!(live.grants.remove(&(user.clone(), project)).is_some()),
        Way::OnlyLive { via: Via::Everyone, .. } => live.projects.get_mut(&project).unwrap().everyone = None,
        Way::DeclareUser => {
            let declared = DesiredUser { role: plain(OrgRole::Member), name: None, previously: BTreeMap::new() };
            assert!(desired.users.as_mut().unwrap().insert(user.clone(), declared).is_none());
        }
        Way::Renew { place, also, .. } => {
            renew(desired, *place);
            also.iter().for_each(|(_, place)| renew(desired, *place));
        }
        Way::JoinTeam { team, .. } => {
            let members = desired.teams.get_mut(*team).unwrap().members.as_mut().unwrap();
            assert!(members.insert(user.clone(), plain(())).is_none());
        }
        Way::GetGrant { is_declared } => {
            assert_eq!(*is_declared, desired.projects.contains_key(&project));
            desired.projects.entry(project).or_insert_with(|| DesiredProject {
                key: ProjectKey::new("new").unwrap(),
                place: plain(()).place,
                name: None,
                environment: None,
                everyone: None,
                roles: BTreeMap::new(),
            });
            let granted = desired.grants.insert((user.clone(), project), plain(BuiltInRole::Analyst.into()));
            assert!(granted.is_none(), "nobody can write a fact twice");
        }
    }
}

/// Takes away the end, the beginning or the block that is written at `place`.
fn renew(desired: &mut Desired, place: Span) {
    let open = |note: &mut Option<Arc<Note>>| {
        let Some(note) = note.as_mut().map(Arc::make_mut) else { return };
        note.window.from = note.window.from.filter(|bound| bound.place != place);
        note.window.until = note.window.until.filter(|bound| bound.place != place);
    };
    desired.blocked.retain(|_, fact| fact.place != place);
    desired.users.iter_mut().flatten().for_each(|(_, user)| open(&mut user.role.note));
    desired.grants.values_mut().for_each(|fact| open(&mut fact.note));
    for team in desired.teams.values_mut() {
        team.members.iter_mut().flatten().for_each(|(_, fact)| open(&mut fact.note));
        team.roles.iter_mut().flatten().for_each(|(_, fact)| open(&mut fact.note));
    }
}

/// Whether nothing can be declared of the project.
fn is_ignored(World { desired, live }: &World, project: ProjectId) -> bool {
    let key = desired.projects.get(&project).map_or("", |found| &found.key);
    let name = live.projects.get(&project).map_or("", |found| &found.name);
    desired.ignore.project(&[key, &project.to_string(), name]).is_some()
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn grounds_are_told_of_exactly_the_access_that_there_is(world in world()) {
        let World { live, desired } = &world;
        let naive_live = naive::access(live);
        let naive_desired = naive::access(&declared(desired, live));
        let scopes = live.users.keys().map(Some).chain([None]);
        let projects = || live.projects.keys().copied().map(Some).chain([None]);
        for (user, project) in scopes.flat_map(|user| projects().map(move |project| (user, project))) {
            let scope = Scope { user, project };
            let narrowed = |all: &All| -> All {
                let fits = |email: &Email, id: ProjectId| user.is_none_or(|user| user == email) && project.is_none_or(|only| only == id);
                all.iter().filter(|((email, id), _)| fits(email, *id)).map(|(key, row)| (key.clone(), row.clone())).collect()
            };
            prop_assert_eq!(told(&Side::live(live, scope)), narrowed(&naive_live));
            prop_assert_eq!(told(&Side::desired(desired, Some(live), AS_OF, scope)), narrowed(&naive_desired));
        }
    }

    #[test]
    fn every_access_names_the_facts_that_it_rests_on(world in world()) {
        let World { live, desired } = &world;
        let side = Side::desired(desired, Some(live), AS_OF, Scope::default());
        for user in side.users() {
            let entry = desired.users.as_ref().and_then(|users| users.get(user)).map(|_| GroundKind::User);
            for row in side.access(user) {
                let own = match row.source.via {
                    Via::OrgRole => vec![],
                    Via::Team(team) => {
                        let team = &desired.teams[team];
                        let member = team.members.as_ref().map(|_| GroundKind::Member);
                        member.into_iter().chain(team.roles.as_ref().map(|_| GroundKind::TeamRole)).collect()
                    }
                    Via::Grant => vec![GroundKind::Grant],
                    Via::Everyone => vec![GroundKind::Everyone],
                };
                prop_assert_eq!(kinds(&row), own.into_iter().chain(entry).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    fn marks_tell_what_only_one_side_has(world in world()) {
        let World { live, desired } = &world;
        let Ok((target, _)) = target(desired, live, AS_OF) else { return Ok(()) };
        let sides = Sides::new(desired, Some(live), Some(&target.state), AS_OF, Scope::default());
        let mut wanted = naive::access(&declared(desired, live));
        let renamed = renamed(desired, live);
        let (found, after) = (as_declared(naive::access(live), &renamed), as_declared(naive::access(&target.state), &renamed));
        let out = out(desired);
        let lapsed = lapsed_sources(desired);
        let has = |all: &All, key: &(Email, ProjectId), source: &Source| all.get(key).is_some_and(|row| row.contains(source));
        // What both sides only give together is desired: the live role of a team that somebody joins.
        let gives = |all: &All, key: &(Email, ProjectId), via: &str, team: &Option<TeamName>| {
            all.get(key).is_some_and(|row| row.iter().any(|other| (other.0, &other.1) == (via, team)))
        };
        for (key, row) in &after {
            for source in row {
                if !gives(&wanted, key, source.0, &source.1) && !has(&found, key, source) {
                    wanted.entry(key.clone()).or_default().insert(source.clone());
                }
            }
        }
        let mut rows = 0;
        for user in sides.users() {
            for row in sides.access(user) {
                rows += 1;
                let (desired, live) = (row.desired.map(|access| access.source), row.live.map(|access| access.source));
                let key = (user.clone(), row.shown().unwrap().project);
                for (source, all) in [(desired, &wanted), (live, &found)] {
                    if let Some(source) = source {
                        prop_assert!(has(all, &key, &naive::source(&source)));
                    }
                }
                let mark = match (desired, live) {
                    (Some(wanted), Some(found)) if wanted == found => Mark::Same,
                    (Some(_), Some(_)) => Mark::OtherRole,
                    (Some(_), None) => Mark::DesiredOnly,
                    (None, Some(found)) if has(&after, &key, &naive::source(&found)) => Mark::Kept,
                    (None, Some(found)) => {
                        let of_person = out.get(user).map(|blocked| if *blocked { Mark::Blocked } else { time_of(&world.desired, user) });
                        let (via, team, _) = naive::source(&found);
                        let is_declared = world.desired.users.as_ref().is_none_or(|users| users.contains_key(user));
                        let own = || lapsed.get(&(key.clone(), via, team)).copied().filter(|_| is_declared);
                        of_person.or_else(own).unwrap_or(Mark::LiveOnly)
                    }
                    (None, None) => unreachable!(),
                };
                prop_assert_eq!(row.mark, mark);
                prop_assert!(row.lapse.is_some() || !matches!(mark, Mark::Blocked | Mark::Over | Mark::NotYet));
                prop_assert!(row.lapsed.is_none_or(|access| access.lapse.is_some()));
            }
        }
        let without_role = |all: &All| -> BTreeSet<_> {
            all.iter().flat_map(|(key, row)| row.iter().map(move |(via, team, _)| (key.clone(), *via, team.clone()))).collect()
        };
        prop_assert_eq!(rows, without_role(&wanted).union(&without_role(&found)).count());
    }

    #[test]
    fn who_does_all_that_takes_access_away_takes_it_away_for_good(world in world()) {
        let World { live, desired } = &world;
        let Ok((reached, _)) = target(desired, live, AS_OF) else { return Ok(()) };
        let view = View { desired, live: Some(live), target: Some(&reached.state), as_of: AS_OF, taken_at: None };
        let users = view.sides(Scope::default()).users();
        for (user, project) in users.into_iter().flat_map(|user| view.projects().into_iter().map(move |project| (user, project))) {
            let sides = view.sides(Scope { user: Some(user), project: Some(project) });
            let losses = ways_to_lose(view, user, &sides.access(user), &sides.desired.lapsed(user));
            let mut edited = world.clone();
            losses.iter().for_each(|loss| follow(&loss.way, user, project, &mut edited));
            let Ok((applied, _)) = target(&edited.desired, &edited.live, AS_OF) else { continue };
            let has = naive::access(&applied.state).remove(&(user.clone(), project));
            prop_assert_eq!(has, None, "{} still has access to {}: {:?}", user, project, losses);
            // And by no line that says so does it come back.
            for hours in [1, 2, 1_000] {
                let moment = AS_OF + SignedDuration::from_hours(hours);
                let scope = Scope { user: Some(user), project: Some(project) };
                let later = Side::desired(&edited.desired, Some(&applied.state), moment, scope).access(user);
                prop_assert!(later.is_empty(), "{} has access to {} {} h later: {:?}, {:?}", user, project, hours, later, losses);
            }
        }
    }

    #[test]
    fn any_way_to_get_access_gives_it(world in world()) {
        let World { live, desired } = &world;
        let Ok((reached, _)) = target(desired, live, AS_OF) else { return Ok(()) };
        let view = View { desired, live: Some(live), target: Some(&reached.state), as_of: AS_OF, taken_at: None };
        let mut users = view.sides(Scope::default()).users();
        users.extend(desired.blocked.keys());
        for (user, project) in users.into_iter().flat_map(|user| view.projects().into_iter().map(move |project| (user, project))) {
            let scope = Scope { user: Some(user), project: Some(project) };
            let sides = view.sides(scope);
            let person = sides.person(user).unwrap();
            if !sides.access(user).is_empty() || matches!(person.standing, Standing::Renamed { .. }) || desired.ignore.user(user).is_some() {
                continue;
            }
            let ways = ways_to_get(view, user, project, &person, &sides.desired.lapsed(user));
            let (first, others): (Vec<_>, Vec<_>) = ways.iter().partition(|way| way.is_first());
            let can_come = desired.manage.users != ManageMode::None || live.users.contains_key(user);
            let has_grants = desired.manage.grants != ManageMode::None && !is_ignored(&world, project);
            prop_assert!(!ways.is_empty() || !has_grants || !can_come);
            if ways.is_empty() {
                continue;
            }
            let choices = if others.is_empty() { vec![None] } else { others.into_iter().map(Some).collect() };
            for choice in choices {
                let mut edited = world.clone();
                first.iter().copied().chain(choice).for_each(|way| follow(way, user, project, &mut edited));
                let side = Side::desired(&edited.desired, Some(live), AS_OF, scope);
                prop_assert!(!side.access(user).is_empty(), "{} has no access to {}: {:?}, {:?}", user, project, first, choice);
                // And whoever applies that gives it on the live side.
                let Ok((applied, _)) = target(&edited.desired, live, AS_OF) else { continue };
                let applied = as_declared(naive::access(&applied.state), &renamed(&edited.desired, live));
                let has = applied.contains_key(&(user.clone(), project));
                prop_assert!(has, "{} gets no access to {} by {:?}, {:?}", user, project, first, choice);
            }
        }
    }
}
