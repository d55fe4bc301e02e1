//! What two forms of the configuration of one organization say differently of the rules that it sets itself: its guards,
//! its policy, and whatever else in its definition decides about access and is none.

mod approvals;
mod awaited;
mod backend;
mod guards;
mod manage;
mod policy;
mod projects;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::counterpart::Counterparts;
use super::{Desired, Entry};
use crate::model::{Email, ProjectKey, TeamName};
use crate::source::Span;

/// How a difference bears on what the configuration lets through. The order is that of gravity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bearing {
    /// More is let through, for longer, or seen by fewer.
    Loosens,
    /// It depends.
    Alters,
    /// Less is let through.
    Tightens,
}

impl Bearing {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loosens => "loosens",
            Self::Alters => "alters",
            Self::Tightens => "tightens",
        }
    }

    /// The bearing of something that has grown, stayed or become less, where more of it lets more through.
    pub(super) fn of_growth(growth: Ordering) -> Self {
        match growth {
            Ordering::Greater => Self::Loosens,
            Ordering::Equal => Self::Alters,
            Ordering::Less => Self::Tightens,
        }
    }

    /// The other way round.
    fn opposite(self) -> Self {
        match self {
            Self::Loosens => Self::Tightens,
            Self::Alters => Self::Alters,
            Self::Tightens => Self::Loosens,
        }
    }
}

/// A rule that the organization sets itself and that is another one now: of its guards, its policy, and whatever else in
/// its definition is not access itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// What that does to what is let through.
    pub bearing: Bearing,
    /// The key of the language, with names in it where there are several, such as `guards.max_removals` and
    /// `policy."no admins".max_days`: in double quotes unless a name has nothing but letters, digits, `-` and `_`.
    pub key: String,
    /// What was said before, where there was something and it can be said in a line.
    pub before: Option<String>,
    /// What is said now.
    pub after: Option<String>,
    /// What sort of thing it is.
    pub about: About,
    /// Where it is said now, else where the organization is defined.
    pub place: Span,
}

/// What an [`Amendment`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// A rule.
    Rule,
    /// Something that stops being managed: nothing changes on the live side, and nothing looks after it any more.
    Left,
    /// Who approved access or answers for it.
    Approval,
    /// A role of a team that an identity provider is yet to make.
    Awaited,
    /// An account of somebody else that is taken for an earlier address.
    Apart,
}

/// The rules of the organization that are others in `head` than in `base`, what the teams of `awaited` are to give, which an
/// identity provider is yet to make, what of it stops being managed, and which accounts are taken for another person's, as
/// [`apart`](super::apart) says; the gravest first. What holds is asked for the moment `as_of`.
pub fn amendments(
    base: &Desired,
    head: &Desired,
    as_of: Timestamp,
    awaited: &BTreeSet<&TeamName>,
    apart: &BTreeMap<Email, Email>,
) -> Vec<Amendment> {
    let both = Counterparts::new(base, head);
    let text = |key: &str| Some(key.to_owned());
    let mut found = Amendments { place: head.place, amendments: Vec::new() };
    found.guards(base, head);
    found.policy(base, head);
    found.accepted(&base.accept, &head.accept);
    found.manage(base, head);
    found.left(&both, as_of);
    found.awaited(&both, awaited, as_of);
    for (old, new) in apart {
        let place = head.users.as_ref().and_then(|users| users.get(new)?.previously.get(old)).copied();
        let key = format!("users.{}.previously", named(new.as_str()));
        found.add_about(About::Apart, Bearing::Loosens, key, [None, Some(old.to_string())], place);
    }
    let blocked = |desired: &Desired| -> BTreeMap<String, Span> {
        desired.blocked.iter().map(|(user, fact)| (user.to_string(), fact.place)).collect()
    };
    found.lists("blocked", blocked(base), blocked(head), Bearing::Tightens);
    match (&base.domains, &head.domains) {
        (Some(before), Some(after)) => {
            // Whoever is in one of these is no stranger.
            let texts =
                |domains: &BTreeSet<String>| domains.iter().map(|domain| (domain.clone(), head.place)).collect();
            found.lists("domains", texts(before), texts(after), Bearing::Loosens);
        }
        (None, None) => {}
        (before, after) => {
            let text = |domains: &Option<BTreeSet<String>>| {
                domains.as_ref().map(|domains| domains.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
            };
            let bearing = if after.is_some() { Bearing::Tightens } else { Bearing::Loosens };
            found.add(bearing, "domains", text(before), text(after), None);
        }
    }
    let off = |desired: &Desired| -> BTreeMap<String, Span> {
        desired.lint_off.iter().map(|code| (code.as_str().to_owned(), head.place)).collect()
    };
    found.lists("lint.off", off(base), off(head), Bearing::Loosens);
    found.projects(base, head);
    found.approvals(&both);
    found.texts("key", text(&base.key), text(&head.key));
    let zone = |desired: &Desired| desired.timezone.iana_name().map(str::to_owned);
    found.texts("timezone", zone(base), zone(head));
    found.backend(base.backend.as_ref(), head.backend.as_ref());
    let mut amendments = found.amendments;
    // What is told of one key stays together and in its order.
    amendments.sort_by_key(|one| one.bearing);
    amendments
}

/// Amendments while they are found.
struct Amendments {
    /// Where the organization is defined.
    place: Span,
    amendments: Vec<Amendment>,
}

impl Amendments {
    fn add(
        &mut self,
        bearing: Bearing,
        key: impl Into<String>,
        before: Option<String>,
        after: Option<String>,
        place: Option<Span>,
    ) {
        self.add_about(About::Rule, bearing, key.into(), [before, after], place);
    }

    fn add_about(
        &mut self,
        about: About,
        bearing: Bearing,
        key: String,
        [before, after]: [Option<String>; 2],
        place: Option<Span>,
    ) {
        let place = place.unwrap_or(self.place);
        self.amendments.push(Amendment { bearing, key, before, after, about, place });
    }

    /// Something that was managed, as `what` says, and is not any more.
    fn leave(&mut self, key: impl Into<String>, what: String, place: Option<Span>) {
        self.add_about(About::Left, Bearing::Loosens, key.into(), [Some(what), None], place);
    }

    /// Two texts, of which it cannot be said what they let through.
    fn texts(&mut self, key: impl Into<String>, before: Option<String>, after: Option<String>) {
        if before != after {
            self.add(Bearing::Alters, key, before, after, None);
        }
    }

    /// Two numbers, of which the greater one bears as `more` says.
    fn number<T: Ord + ToString>(&mut self, key: impl Into<String>, before: T, after: T, more: Bearing) {
        if before != after {
            let bearing = if after > before { more } else { more.opposite() };
            self.add(bearing, key, Some(before.to_string()), Some(after.to_string()), None);
        }
    }

    /// The most or the least of something, where it is said; saying one bears as `limit` says, and so does a greater one
    /// if `is_least`.
    fn limit<T: Ord + Copy + ToString>(
        &mut self,
        key: impl Into<String>,
        before: Option<T>,
        after: Option<T>,
        is_least: bool,
        place: Span,
    ) {
        let bearing = match (before, after) {
            (before, after) if before == after => return,
            (Some(before), Some(after)) if (after > before) == is_least => Bearing::Tightens,
            (Some(_), Some(_)) | (Some(_), None) => Bearing::Loosens,
            (None, _) => Bearing::Tightens,
        };
        let text = |value: Option<T>| value.map(|value| value.to_string());
        self.add(bearing, key, text(before), text(after), Some(place));
    }

    /// Two lists, each entry with its place; one more bears as `more` says.
    fn lists(&mut self, key: &str, before: BTreeMap<String, Span>, after: BTreeMap<String, Span>, more: Bearing) {
        for (text, place) in &after {
            if !before.contains_key(text) {
                self.add(more, key, None, Some(text.clone()), Some(*place));
            }
        }
        for text in before.into_keys().filter(|text| !after.contains_key(text)) {
            self.add(more.opposite(), key, Some(text), None, None);
        }
    }
}

/// A name as a part of a key: in double quotes where it could be taken for more parts, or for words behind the key.
fn named(name: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
    if !name.is_empty() && name.chars().all(is_plain) {
        return Cow::Borrowed(name);
    }
    Cow::Owned(format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\"")))
}

/// An entry in a line, as the configuration calls things.
fn entry_text(entry: &Entry) -> String {
    let on = |keys: &[ProjectKey]| keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(", ");
    match entry {
        Entry::User(user, role) => format!("{user}, {}", role.as_str()),
        Entry::Member(team, user) => format!("{user} in team {team}"),
        Entry::TeamRole(team, projects, role) => format!("team {team}, {role} on {}", on(projects)),
        Entry::Grant(user, projects, role) => format!("{user}, {role} on {}", on(projects)),
        Entry::Exception(rule) => format!("exception of {rule}"),
        Entry::Waiver(removals, invites) => format!("{removals} removals and {invites} invitations"),
        Entry::Acceptance(observed, projects) => {
            let who = [observed.user().map(ToString::to_string), observed.team().map(|team| format!("team {team}"))];
            let who: Vec<String> = who.into_iter().flatten().collect();
            let who = if who.is_empty() { "everyone".to_owned() } else { who.join(" in ") };
            let what = match observed.role() {
                _ if observed.is_missing() => ", missing".to_owned(),
                Some(role) => format!(", {role}"),
                None => String::new(),
            };
            let on = if projects.is_empty() { String::new() } else { format!(" on {}", on(projects)) };
            format!("{who}{what}{on}")
        }
    }
}
