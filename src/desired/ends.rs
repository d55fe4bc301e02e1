//! Ends that move, and what is to begin: what two forms of the configuration of one organization declare for another time,
//! and what only the later one declares and does not hold yet.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::amendments::Bearing;
use super::entry::{Declared, entries};
use super::{Bound, Desired, Entry, Note, Window};
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole, TeamName};
use crate::source::Span;

/// Something that both forms declare, and not for the same time; or that only the later one does, and that has not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedEnd {
    /// Whether it holds for longer.
    pub bearing: Bearing,
    /// What it is, as it is declared now.
    pub entry: Entry,
    /// The strongest role that ends with it.
    pub strongest: Option<BuiltInRole>,
    /// Whether the base says nothing of it, or another role: it is going to begin, and was not agreed to.
    pub is_new: bool,
    /// When it held before.
    pub before: Time,
    /// When it holds now.
    pub after: Time,
    /// Where the time is declared now, else the entry.
    pub place: Span,
    /// What people wrote about it.
    pub note: Option<Arc<Note>>,
}

impl MovedEnd {
    /// Whether somebody is admin or owner for longer.
    pub fn is_grave(&self) -> bool {
        self.bearing == Bearing::Loosens && self.strongest >= Some(BuiltInRole::Admin)
    }
}

/// The ends of a [`Window`], as they are written.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time {
    /// From when, where that is said.
    pub from: Option<String>,
    /// Until when, where that is said.
    pub until: Option<String>,
}

impl From<Window> for Time {
    fn from(window: Window) -> Self {
        let text = |bound: Option<Bound>| bound.map(|bound| bound.to_string());
        Self { from: text(window.from), until: text(window.until) }
    }
}

/// What is declared in `base` and in `head` for another time, and what only `head` declares, or otherwise, and has not begun
/// at the moment `as_of`; the gravest first.
///
/// What only one of them declares and holds is access that comes or goes, and told as that.
pub fn moved_ends(base: &Desired, head: &Desired, as_of: Timestamp) -> Vec<MovedEnd> {
    let names = Names::new(base, head);
    let is_to_begin = |now: Declared<'_>| window(now).from.is_some_and(|from| as_of < from.at);
    let is_new = |now: Declared<'_>| {
        let before = find(base, now, &names.before);
        is_to_begin(now) && before.is_none_or(|before| role(before) != role(now))
    };
    // By what was said before, so that what one entry says of several projects is told once.
    let mut moved: BTreeMap<(Time, Bearing), Vec<Declared<'_>>> = BTreeMap::new();
    let mut note = |before: Declared<'_>, now| {
        let (before, after) = (window(before), window(now));
        if let Some(bearing) = bearing_of(before, after) {
            moved.entry((before.into(), bearing)).or_default().push(now);
        }
    };
    for now in Declared::all(head).filter(|now| is_bounded(*now) && !is_new(*now)) {
        if let Some(before) = find(base, now, &names.before) {
            note(before, now);
        }
    }
    for before in Declared::all(base).filter(|before| is_bounded(*before)) {
        // Those that have an end in both forms were seen above.
        if let Some(now) = find(head, before, &names.now).filter(|now| !is_bounded(*now)) {
            note(before, now);
        }
    }
    let new: Vec<Declared<'_>> = Declared::all(head).filter(|now| is_new(*now)).collect();
    let moved = moved.into_iter().map(|((before, bearing), facts)| (false, before, bearing, facts));
    let new = std::iter::once((true, Time::default(), Bearing::Loosens, new));
    let mut found = Vec::new();
    for (is_new, before, bearing, facts) in moved.chain(new) {
        for (entry, fact) in entries(head, facts.into_iter()) {
            let after = window(fact);
            let place = after.until.or(after.from).map_or(fact.place(), |bound| bound.place);
            found.push(MovedEnd {
                bearing,
                strongest: strongest(head, fact),
                entry,
                is_new,
                before: before.clone(),
                after: after.into(),
                place,
                note: fact.note().cloned(),
            });
        }
    }
    found.sort_by(|a, b| {
        let weight = |one: &MovedEnd| (one.bearing, Reverse(one.strongest), one.place);
        weight(a).cmp(&weight(b)).then_with(|| a.entry.cmp(&b.entry))
    });
    found
}

/// What people and teams were called before, by what they are called now, and the other way round; those alone that are
/// called otherwise.
struct Names<'a> {
    before: Called<'a>,
    now: Called<'a>,
}

#[derive(Default)]
struct Called<'a> {
    users: BTreeMap<&'a Email, &'a Email>,
    teams: BTreeMap<&'a TeamName, &'a TeamName>,
}

impl<'a> Names<'a> {
    fn new(base: &'a Desired, head: &'a Desired) -> Self {
        let (mut before, mut now) = (Called::default(), Called::default());
        let is_user = |user: &Email| base.users.as_ref().is_some_and(|users| users.contains_key(user));
        for (new, user) in head.users.iter().flatten().filter(|(new, _)| !is_user(new)) {
            if let Some(old) = user.previously.keys().find(|old| is_user(old)) {
                before.users.insert(new, old);
                now.users.insert(old, new);
            }
        }
        for (new, team) in head.teams.iter().filter(|(new, _)| !base.teams.contains_key(*new)) {
            if let Some(old) = team.previously.keys().find(|old| base.teams.contains_key(*old)) {
                before.teams.insert(new, old);
                now.teams.insert(old, new);
            }
        }
        Self { before, now }
    }
}

/// What `desired`, where names are other ones as `called` says, declares of the same thing as `fact`.
fn find<'d>(desired: &'d Desired, fact: Declared<'_>, called: &Called<'_>) -> Option<Declared<'d>> {
    let user = |user| called.users.get(user).copied().unwrap_or(user);
    let team = |team| called.teams.get(team).copied().unwrap_or(team);
    match fact {
        Declared::User(email, _) => {
            let (email, found) = desired.users.as_ref()?.get_key_value(user(email))?;
            Some(Declared::User(email, found))
        }
        Declared::Member(name, email, _) => {
            let (name, found) = desired.teams.get_key_value(team(name))?;
            let (email, fact) = found.members.as_ref()?.get_key_value(user(email))?;
            Some(Declared::Member(name, email, fact))
        }
        Declared::TeamRole(name, project, _) => {
            let (name, found) = desired.teams.get_key_value(team(name))?;
            Some(Declared::TeamRole(name, project, found.roles.as_ref()?.get(&project)?))
        }
        Declared::Grant(email, project, _) => {
            let ((email, project), fact) = desired.grants.get_key_value(&(user(email).clone(), project))?;
            Some(Declared::Grant(email, *project, fact))
        }
    }
}

/// The time in which a fact holds.
fn window(fact: Declared<'_>) -> Window {
    fact.note().map(|note| note.window).unwrap_or_default()
}

/// The role that a fact gives; a membership gives none of its own.
fn role<'d>(fact: Declared<'d>) -> Option<&'d str> {
    match fact {
        Declared::User(_, user) => Some(user.role.value.as_str()),
        Declared::Member(..) => None,
        Declared::TeamRole(_, _, role) | Declared::Grant(_, _, role) => Some(role.value.as_str()),
    }
}

fn is_bounded(fact: Declared<'_>) -> bool {
    let Window { from, until } = window(fact);
    from.is_some() || until.is_some()
}

/// How the difference between two times bears on what is let through; `None` where they are the same. What is written in
/// the same way is the same: where the time zone is another one, that is told of itself.
fn bearing_of(before: Window, after: Window) -> Option<Bearing> {
    let is_other = |a: Option<Bound>, b: Option<Bound>| {
        a.map(|bound| bound.at) != b.map(|bound| bound.at)
            && a.map(|bound| bound.to_string()) != b.map(|bound| bound.to_string())
    };
    let growth = |from: Option<Bound>, to: Option<Bound>| match (from, to) {
        (Some(from), Some(to)) => to.at.cmp(&from.at),
        (from, to) => from.is_some().cmp(&to.is_some()),
    };
    // An end that is not written is later than any, and a beginning that is not written is earlier.
    let until = is_other(before.until, after.until).then(|| Bearing::of_growth(growth(before.until, after.until)));
    let from = is_other(before.from, after.from).then(|| match (before.from, after.from) {
        (Some(before), Some(after)) => Bearing::of_growth(before.at.cmp(&after.at)),
        (before, after) => Bearing::of_growth(before.is_some().cmp(&after.is_some())),
    });
    match (until, from) {
        (None, None) => None,
        (Some(one), None) | (None, Some(one)) => Some(one),
        (Some(until), Some(from)) => Some(if until == from { until } else { Bearing::Alters }),
    }
}

/// The strongest role that ends with a fact: with a user all that the user has ends.
fn strongest(desired: &Desired, fact: Declared<'_>) -> Option<BuiltInRole> {
    let rank = |project: ProjectId, role: &ProjectRole| match role {
        ProjectRole::BuiltIn(role) => Some(*role),
        ProjectRole::Custom(name) => desired.projects.get(&project)?.roles.get(name)?.value,
    };
    let of_team = |team: &TeamName| {
        let roles = desired.teams.get(team).and_then(|team| team.roles.as_ref());
        roles.into_iter().flatten().filter_map(|(project, role)| rank(*project, &role.value)).max()
    };
    match fact {
        Declared::User(user, found) => {
            let is_in = |team: &TeamName| {
                let members = desired.teams.get(team).and_then(|team| team.members.as_ref());
                members.is_some_and(|members| members.contains_key(user))
            };
            let grants = desired.grants.iter().filter(|((holder, _), _)| holder == user);
            let by_grant = grants.filter_map(|((_, project), role)| rank(*project, &role.value)).max();
            let by_team = desired.teams.keys().filter(|team| is_in(team)).filter_map(of_team).max();
            found.role.value.on_every_project().max(by_grant).max(by_team)
        }
        Declared::Member(team, ..) => of_team(team),
        Declared::TeamRole(_, project, role) | Declared::Grant(_, project, role) => rank(project, &role.value),
    }
}
