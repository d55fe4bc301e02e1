//! Ends that move, and what is to begin: what two forms of the configuration of one organization declare for another time,
//! and what only one of them declares and does not hold yet.

use std::cmp::{Ordering, Reverse};
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::amendments::Bearing;
use super::counterpart::Counterparts;
use super::entry::{Declared, entries};
use super::later::later;
use super::strong::{Gained, StrongRole, strong_roles, strongest};
use super::{Bound, Desired, Entry, InForce, Note, Window};
use crate::model::BuiltInRole;
use crate::source::Span;

/// Something that both forms declare, and not for the same time; or that only one does, and that has not begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedEnd {
    /// Whether more is let through: a stronger role, or the role for longer.
    pub bearing: Bearing,
    /// How its end moves, where it does: loosening is later, or none any more.
    pub end: Option<Bearing>,
    /// How its beginning moves, where it does: loosening is earlier, or at once.
    pub beginning: Option<Bearing>,
    /// What it is, as it is declared now; of what is withdrawn, as it was.
    pub entry: Entry,
    /// The strongest role that begins and ends with it; of what is gained by it, that of the time that is gained.
    pub strongest: Option<BuiltInRole>,
    /// The roles of admin or owner that are meant by that and that `entry` does not say, strongest first.
    pub strong: Vec<StrongRole>,
    /// What became of it.
    pub fate: Fate,
    /// The role that it had before, where it is another one now.
    pub role_before: Option<String>,
    /// When it held before.
    pub before: Time,
    /// When it holds now.
    pub after: Time,
    /// Where the time is declared now, else the entry; for what is withdrawn, where the organization is defined.
    pub place: Span,
    /// What people wrote about it.
    pub note: Option<Arc<Note>>,
}

/// What became of something that is declared for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// Both forms declare it.
    Moved,
    /// It is going to begin, and the base says nothing of it.
    New,
    /// It is going to begin, and the base declares it with another role.
    OtherRole,
    /// It was going to begin, and nothing is said of it any more, or that another role holds already.
    Withdrawn,
}

impl Fate {
    /// Whether it is going to begin, and was not agreed to.
    pub fn is_new(self) -> bool {
        match self {
            Self::New | Self::OtherRole => true,
            Self::Moved | Self::Withdrawn => false,
        }
    }
}

impl MovedEnd {
    /// Whether somebody is admin or owner at a time at which nobody agreed to it.
    pub fn is_grave(&self) -> bool {
        // A stronger role that holds already is told as a change.
        let is_stronger = self.fate.is_new() && self.bearing == Bearing::Loosens;
        (is_stronger || self.ends_later() || self.begins_earlier()) && self.strongest >= Some(BuiltInRole::Admin)
    }

    /// Whether its end is put off.
    pub fn ends_later(&self) -> bool {
        self.end == Some(Bearing::Loosens)
    }

    /// Whether it ends earlier than before, or where it had no end.
    pub fn ends_earlier(&self) -> bool {
        self.end == Some(Bearing::Tightens)
    }

    /// Whether it begins earlier.
    pub fn begins_earlier(&self) -> bool {
        self.beginning == Some(Bearing::Loosens)
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

/// What is declared in `base` and in `head` for another time, and what only one of them declares, or otherwise, and has not
/// begun at the moment `as_of`; besides, who is admin or owner by several lines together at a later time that `base` does not
/// give them. The gravest first.
///
/// What only one of them declares and holds is access that comes or goes, and told as that.
pub fn moved_ends<'a>(base: &'a Desired, head: &'a Desired, as_of: Timestamp) -> Vec<MovedEnd> {
    let both = Counterparts::new(base, head);
    let (agreed, proposed) = ((base, InForce::new(base, as_of)), (head, InForce::new(head, as_of)));
    // What comes with somebody whom only one form has is told with them.
    let begins_with_user = |(side, in_force): &(&Desired, InForce<'_>), fact: Declared<'_>| {
        time_of(side, fact, as_of).is_before(as_of)
            && fact.is_managed(side.manage)
            && fact.user().is_some_and(|user| both.has_user(user) && in_force.blocked(user).is_none())
    };
    let is_to_begin = |side: &(&Desired, InForce<'_>), fact: Declared<'_>| {
        window(fact).is_before(as_of) || begins_with_user(side, fact)
    };
    let is_withdrawn = |before: Declared<'_>| {
        let is_agreed = is_to_begin(&agreed, before)
            && before.is_managed(base.manage)
            && before.user().is_none_or(|user| agreed.1.blocked(user).is_none());
        let takes_its_place = |now: Declared<'_>| is_to_begin(&proposed, now) || now.role() == before.role();
        is_agreed && !both.now(before).is_some_and(takes_its_place)
    };
    // Where its end moves, what is said of that alone is compared.
    let time = |fate: Fate, side: &Desired, fact: Declared<'_>| match fate {
        Fate::Moved => window(fact),
        Fate::New | Fate::OtherRole | Fate::Withdrawn => time_of(side, fact, as_of),
    };
    // By what was said before, so that what one entry says of several projects is told once.
    let mut found: BTreeMap<(Fate, Option<&str>, Time, Bearing), Vec<Declared<'a>>> = BTreeMap::new();
    let mut note = |fate: Fate, before: Option<Declared<'a>>, bearing: Bearing, now: Declared<'a>| {
        let role_before = before.filter(|before| before.role() != now.role()).and_then(Declared::role);
        let then = before.map(|before| time(fate, base, before).into()).unwrap_or_default();
        found.entry((fate, role_before, then, bearing)).or_default().push(now);
    };
    let bearing =
        |before, now| bearing_of(growth_of_role((base, before), (head, now), as_of), bearings_of(before, now));
    let is_moved = |before, now| bearings_of(before, now) != [None; 2] && !is_withdrawn(before);
    for now in Declared::all(head).filter(|now| is_bounded(*now) || begins_with_user(&proposed, *now)) {
        match both.before(now) {
            None if is_to_begin(&proposed, now) => note(Fate::New, None, Bearing::Loosens, now),
            None => {}
            Some(before) if is_to_begin(&proposed, now) && before.role() != now.role() => {
                note(Fate::OtherRole, Some(before), bearing(before, now), now);
            }
            Some(before) if is_moved(before, now) => note(Fate::Moved, Some(before), bearing(before, now), now),
            Some(_) => {}
        }
    }
    let mut withdrawn = Vec::new();
    for before in Declared::all(base).filter(|before| is_bounded(*before) || begins_with_user(&agreed, *before)) {
        if is_withdrawn(before) {
            withdrawn.push(before);
        }
        // Those that have an end in both forms were seen above.
        if let Some(now) = both.now(before).filter(|now| !is_bounded(*now))
            && is_moved(before, now)
        {
            note(Fate::Moved, Some(before), bearing(before, now), now);
        }
    }
    let mut ends = Vec::new();
    for ((fate, role_before, before, bearing), facts) in found {
        for (entry, fact) in entries(head, facts.into_iter()) {
            let (own, after) = (window(fact), time(fate, head, fact));
            let place = own.until.or(own.from).map_or(fact.place(), |bound| bound.place);
            let time_before = both.before(fact).map(window).unwrap_or_default();
            let [end, beginning] = both.before(fact).map_or([None; 2], |before| bearings_of(before, fact));
            // What has begun begins no earlier.
            let has_begun = time_before.from.is_some() && !time_before.is_before(as_of);
            let beginning = beginning.filter(|to| *to != Bearing::Loosens || !has_begun);
            let gained = Gained::of(fate, [end, beginning], time_before, after, as_of);
            ends.push(MovedEnd {
                bearing,
                end,
                beginning,
                entry,
                strongest: strongest(head, fact, &gained),
                strong: strong_roles(head, fact, &gained),
                fate,
                role_before: role_before.map(str::to_owned),
                before: before.clone(),
                after: after.into(),
                place,
                note: fact.note().cloned(),
            });
        }
    }
    let all = Gained::everything(as_of);
    for (entry, fact) in entries(base, withdrawn.into_iter()) {
        ends.push(MovedEnd {
            bearing: Bearing::Tightens,
            end: None,
            beginning: None,
            strongest: strongest(base, fact, &all),
            strong: strong_roles(base, fact, &all),
            entry,
            fate: Fate::Withdrawn,
            role_before: None,
            before: time_of(base, fact, as_of).into(),
            after: Time::default(),
            // It is written in files that nobody reads here.
            place: head.place,
            note: fact.note().cloned(),
        });
    }
    ends.extend(later(&both, as_of, &ends));
    ends.sort_by(|a, b| {
        let weight = |one: &MovedEnd| (one.bearing, Reverse(one.strongest), one.place);
        weight(a).cmp(&weight(b)).then_with(|| a.entry.cmp(&b.entry))
    });
    ends
}

/// The time in which a fact holds.
pub(super) fn window(fact: Declared<'_>) -> Window {
    fact.note().map(|note| note.window).unwrap_or_default()
}

/// The same; of the grants and memberships of a user who is yet to begin not before them.
fn time_of(side: &Desired, fact: Declared<'_>, as_of: Timestamp) -> Window {
    let own = window(fact);
    let users = side.users.as_ref();
    let of_user = match fact {
        Declared::Member(_, user, _) | Declared::Grant(user, _, _) => {
            users.and_then(|users| users.get_key_value(user)).map(|(user, found)| window(Declared::User(user, found)))
        }
        Declared::User(..) | Declared::TeamRole(..) => None,
    };
    let is_later = |of_user: &Window| of_user.is_before(as_of) && own.start() < of_user.start();
    match of_user.filter(is_later) {
        Some(Window { from, until }) => Window { from, until: own.until.or(until) },
        None => own,
    }
}

/// Whether it says a time of its own.
pub(super) fn is_bounded(fact: Declared<'_>) -> bool {
    let Window { from, until } = window(fact);
    from.is_some() || until.is_some()
}

/// How another role and other times bear together on what is let through.
fn bearing_of(role: Option<Ordering>, times: [Option<Bearing>; 2]) -> Bearing {
    let [is_more, is_less] = [Bearing::Loosens, Bearing::Tightens].map(|one| times.contains(&Some(one)));
    match role {
        Some(Ordering::Greater) => Bearing::Loosens,
        Some(Ordering::Less) if is_more => Bearing::Alters,
        Some(Ordering::Less) => Bearing::Tightens,
        Some(Ordering::Equal) if is_less && !is_more => Bearing::Tightens,
        Some(Ordering::Equal) | None if is_more && !is_less => Bearing::Loosens,
        Some(Ordering::Equal) | None => Bearing::Alters,
    }
}

/// Whether the role of what `head` declares is stronger or weaker than that in `base`, where that is known. Nobody knows
/// that a custom role without a rank lets somebody manage a project: to be admin or owner is more.
fn growth_of_role(
    (base, before): (&Desired, Declared<'_>),
    (head, now): (&Desired, Declared<'_>),
    as_of: Timestamp,
) -> Option<Ordering> {
    if before.role() == now.role() {
        return Some(Ordering::Equal);
    }
    if window(now).is_over(as_of) {
        return Some(Ordering::Less);
    }
    if let (Declared::User(_, before), Declared::User(_, now)) = (before, now) {
        let (before, now) = (&before.role.value, &now.role.value);
        return match (now.is_above(before), before.is_above(now) && now.is_known()) {
            (true, _) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        };
    }
    let always = Gained::everything(as_of);
    match (strongest(base, before, &always), strongest(head, now, &always)) {
        (Some(before), Some(now)) => Some(now.cmp(&before)),
        (None, Some(BuiltInRole::Admin | BuiltInRole::Owner)) => Some(Ordering::Greater),
        (None, _) | (_, None) => None,
    }
}

/// How the end and the beginning of a time move, each where it does. What is written in the same way is the same: where the
/// time zone is another one, that is told of itself.
fn bearings_of(before: Declared<'_>, now: Declared<'_>) -> [Option<Bearing>; 2] {
    let (before, after) = (window(before), window(now));
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
    [until, from]
}
