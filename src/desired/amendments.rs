//! What two forms of the configuration of one organization say differently of the rules that it sets itself: its guards,
//! its policy, and whatever else in its definition decides about access and is none.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::{Acceptance, Backend, Desired, Effects, Exception, ManageMode, Most, Observed, People, Rule, Waiver, When};
use crate::diagnostic::Severity;
use crate::model::{BuiltInRole, ProjectId};
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
    /// The key of the language, with names in it where there are several, such as `guards.max_removals`.
    pub key: String,
    /// What was said before, where there was something and it can be said in a line.
    pub before: Option<String>,
    /// What is said now.
    pub after: Option<String>,
    /// Where it is said now, else where the organization is defined.
    pub place: Span,
}

/// The rules of the organization that are others in `head` than in `base`, the gravest first.
pub fn amendments(base: &Desired, head: &Desired) -> Vec<Amendment> {
    let mut found = Amendments { place: head.place, amendments: Vec::new() };
    found.guards(base, head);
    found.policy(base, head);
    found.accepted(&base.accept, &head.accept);
    found.manage(base, head);
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
        let (key, place) = (key.into(), place.unwrap_or(self.place));
        self.amendments.push(Amendment { bearing, key, before, after, place });
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

    fn guards(&mut self, base: &Desired, head: &Desired) {
        let (before, after) = (&base.guards, &head.guards);
        self.number("guards.min_owners", before.min_owners, after.min_owners, Bearing::Tightens);
        let protected = |desired: &Desired| -> BTreeMap<String, Span> {
            desired.guards.protected.iter().map(|(user, place)| (user.to_string(), *place)).collect()
        };
        self.lists("guards.protected", protected(base), protected(head), Bearing::Tightens);
        if before.max_removals != after.max_removals {
            let growth = match (before.max_removals, after.max_removals) {
                (Most::Number(before), Most::Number(after)) => after.cmp(&before),
                (Most::Percent(before), Most::Percent(after)) => after.cmp(&before),
                // Everything is more than any number.
                (Most::Number(_), Most::Percent(100..)) => Ordering::Greater,
                (Most::Percent(100..), Most::Number(_)) => Ordering::Less,
                (Most::Number(_), Most::Percent(_)) | (Most::Percent(_), Most::Number(_)) => Ordering::Equal,
            };
            let text = |most| match most {
                Most::Number(number) => number.to_string(),
                Most::Percent(share) => format!("{share}%"),
            };
            let (from, to) = (text(before.max_removals), text(after.max_removals));
            self.add(Bearing::of_growth(growth), "guards.max_removals", Some(from), Some(to), None);
        }
        self.number("guards.max_invites", before.max_invites, after.max_invites, Bearing::Loosens);
        let (from, to) = (before.invite_stale_days, after.invite_stale_days);
        self.number("guards.invite_stale_days", from, to, Bearing::Loosens);
        let waivers = |waivers: &[Waiver]| -> BTreeMap<String, Span> {
            waivers.iter().map(|waiver| (waiver_text(waiver), waiver.place)).collect()
        };
        self.lists("guards.waivers", waivers(&before.waivers), waivers(&after.waivers), Bearing::Loosens);
    }

    fn policy(&mut self, base: &Desired, head: &Desired) {
        let rules = |desired: &'_ Desired| -> BTreeMap<String, Span> {
            desired.policy.iter().map(|rule| (rule.name.clone(), rule.place)).collect()
        };
        self.lists("policy", rules(base), rules(head), Bearing::Tightens);
        // A project that is new, or of another environment now, makes no other rule.
        let is_same = |project: &ProjectId| match (base.projects.get(project), head.projects.get(project)) {
            (Some(before), Some(after)) => before.environment() == after.environment(),
            (Some(_) | None, _) => false,
        };
        for after in &head.policy {
            if let Some(before) = base.policy.iter().find(|rule| rule.name == after.name) {
                self.rule(before, after, &is_same, (base, head));
            }
        }
    }

    fn rule(
        &mut self,
        before: &Rule,
        after: &Rule,
        is_same: &dyn Fn(&ProjectId) -> bool,
        (base, head): (&Desired, &Desired),
    ) {
        let key = |part: &str| format!("policy.{}.{part}", after.name);
        if before.severity != after.severity {
            let text = |severity| match severity {
                Severity::Error => Some("error".to_owned()),
                Severity::Warning => Some("warning".to_owned()),
            };
            let bearing = if after.severity == Severity::Error { Bearing::Tightens } else { Bearing::Loosens };
            let (from, to) = (text(before.severity), text(after.severity));
            self.add(bearing, key("severity"), from, to, Some(after.place));
        }
        let Effects { deny, require, max_days, max_role, min_approvers } = &before.effects;
        let now = &after.effects;
        if *deny != now.deny {
            let bearing = if now.deny { Bearing::Tightens } else { Bearing::Loosens };
            self.add(bearing, key("deny"), Some(deny.to_string()), Some(now.deny.to_string()), Some(after.place));
        }
        let required = |all: &BTreeSet<super::Requirement>| -> BTreeMap<String, Span> {
            all.iter().map(|one| (one.as_str().to_owned(), after.place)).collect()
        };
        self.lists(&key("require"), required(require), required(&now.require), Bearing::Tightens);
        self.limit(key("max_days"), *max_days, now.max_days, false, after.place);
        self.limit(key("max_role"), *max_role, now.max_role, false, after.place);
        self.limit(key("min_approvers"), *min_approvers, now.min_approvers, true, after.place);
        let (was, is) = (about(&before.when, is_same), about(&after.when, is_same));
        if was != is {
            let (least, now) = (before.when.role_at_least, after.when.role_at_least);
            if least != now && about_any_role(&before.when, is_same) == about_any_role(&after.when, is_same) {
                // A rule about stronger roles alone is about less.
                let bearing = if now > least { Bearing::Loosens } else { Bearing::Tightens };
                let text = |role: Option<BuiltInRole>| role.map(|role| role.to_string());
                self.add(bearing, key("when.role_at_least"), text(least), text(now), Some(after.place));
            } else {
                self.add(Bearing::Alters, key("when"), None, None, Some(after.place));
            }
        }
        let exceptions = |rule: &Rule, desired: &Desired| -> BTreeMap<String, Span> {
            rule.exceptions.iter().map(|one| (exception_text(one, desired), one.place)).collect()
        };
        self.lists(&key("exceptions"), exceptions(before, base), exceptions(after, head), Bearing::Loosens);
    }

    fn accepted(&mut self, before: &[Acceptance], after: &[Acceptance]) {
        let texts = |all: &[Acceptance]| -> BTreeMap<String, Span> {
            all.iter().map(|one| (acceptance_text(one), one.place)).collect()
        };
        self.lists("accept", texts(before), texts(after), Bearing::Loosens);
    }

    fn manage(&mut self, base: &Desired, head: &Desired) {
        let (before, after) = (&base.manage, &head.manage);
        for (key, from, to) in [
            ("manage.users", before.users, after.users),
            ("manage.teams", before.teams, after.teams),
            ("manage.grants", before.grants, after.grants),
            ("manage.everyone", before.everyone, after.everyone),
            ("manage.projects", before.projects, after.projects),
        ] {
            if from != to {
                let bearing = Bearing::of_growth(laxity(to).cmp(&laxity(from)));
                self.add(bearing, key, Some(from.as_str().to_owned()), Some(to.as_str().to_owned()), None);
            }
        }
        if before.team_members != after.team_members {
            let text = |managed| Some(if managed { "full" } else { "none" }.to_owned());
            let bearing = if after.team_members { Bearing::Tightens } else { Bearing::Loosens };
            let (from, to) = (text(before.team_members), text(after.team_members));
            self.add(bearing, "manage.teams.members", from, to, None);
        }
        for (key, from, to) in [
            ("manage.ignore.users", &base.ignore.users, &head.ignore.users),
            ("manage.ignore.teams", &base.ignore.teams, &head.ignore.teams),
            ("manage.ignore.projects", &base.ignore.projects, &head.ignore.projects),
        ] {
            let texts = |patterns: &[(super::Glob, Span)]| -> BTreeMap<String, Span> {
                patterns.iter().map(|(glob, place)| (glob.to_string(), *place)).collect()
            };
            self.lists(key, texts(from), texts(to), Bearing::Loosens);
        }
    }

    /// What is said of projects that rules and escalations go by.
    fn projects(&mut self, base: &Desired, head: &Desired) {
        for (id, after) in &head.projects {
            let Some(before) = base.projects.get(id) else { continue };
            let key = |part: &str| format!("projects.{}.{part}", after.key);
            let (from, to) = (before.environment(), after.environment());
            if from != to {
                let place = after.environment.as_ref().map_or(after.place, |environment| environment.place);
                let text = |name: Option<&str>| name.map(str::to_owned);
                self.add(Bearing::Alters, key("environment"), text(from), text(to), Some(place));
            }
            for (role, like) in &after.roles {
                let Some(was) = before.roles.get(role).filter(|was| was.value != like.value) else { continue };
                // What is like a weaker role is looked at less.
                let bearing = Bearing::of_growth(was.value.cmp(&like.value));
                let text = |role: Option<BuiltInRole>| role.map(|role| role.to_string());
                let key = key(&format!("roles.{role}"));
                self.add(bearing, key, text(was.value), text(like.value), Some(like.place));
            }
        }
    }

    fn backend(&mut self, before: Option<&Backend>, after: Option<&Backend>) {
        let text = |backend: Option<&Backend>| {
            backend.map(|backend| match backend {
                Backend::Local { .. } => "local".to_owned(),
                Backend::Mixpanel(mixpanel) => mixpanel.address().to_owned(),
            })
        };
        let place = match after {
            Some(Backend::Mixpanel(mixpanel)) => Some(mixpanel.place),
            Some(Backend::Local { state, .. }) => Some(state.place),
            None => None,
        };
        let (from, to) = (text(before), text(after));
        if from != to {
            self.add(Bearing::Alters, "backend", from, to, place);
            return;
        }
        match (before, after) {
            (Some(Backend::Mixpanel(before)), Some(Backend::Mixpanel(after))) => {
                for (key, is_same) in [
                    ("backend.region", before.region == after.region),
                    // Which requests are sent, and in which form.
                    ("backend.unverified or backend.catalogue", before.catalogue == after.catalogue),
                    ("backend.limits", before.limits == after.limits),
                    ("backend.scim", before.scim == after.scim),
                ] {
                    if !is_same {
                        self.add(Bearing::Alters, key, None, None, place);
                    }
                }
            }
            (Some(Backend::Local { state: before, .. }), Some(Backend::Local { state: after, .. })) => {
                if before.value != after.value {
                    let (from, to) = (Some(before.value.clone()), Some(after.value.clone()));
                    self.add(Bearing::Alters, "backend.state", from, to, place);
                }
            }
            (Some(_) | None, _) => {}
        }
    }
}

/// How much a way of managing leaves as it is.
fn laxity(mode: ManageMode) -> u8 {
    match mode {
        ManageMode::Full => 0,
        ManageMode::Listed => 1,
        ManageMode::None => 2,
    }
}

/// What a rule is about, but for the weakest role; of projects only those that `is_same` takes.
fn about_any_role(when: &When, is_same: &dyn Fn(&ProjectId) -> bool) -> String {
    about(&When { role_at_least: None, ..when.clone() }, is_same)
}

/// What a rule is about, to be compared.
fn about(when: &When, is_same: &dyn Fn(&ProjectId) -> bool) -> String {
    let When { users, teams, projects, environments, role_at_least, roles, via } = when;
    let users = users.as_ref().map(people_text);
    let projects: Option<Vec<&ProjectId>> =
        projects.as_ref().map(|projects| projects.iter().filter(|project| is_same(project)).collect());
    format!("{users:?} {teams:?} {projects:?} {environments:?} {role_at_least:?} {roles:?} {via:?}")
}

fn people_text(people: &People) -> String {
    let People { external, internal, emails, patterns } = people;
    let kinds = [(*external, "external"), (*internal, "internal")];
    let kinds = kinds.into_iter().filter(|(is_meant, _)| *is_meant).map(|(_, word)| word.to_owned());
    let names = emails.iter().map(ToString::to_string).chain(patterns.iter().map(ToString::to_string));
    kinds.chain(names).collect::<Vec<_>>().join(", ")
}

fn waiver_text(waiver: &Waiver) -> String {
    let Waiver { place: _, removals, invites, until, reason } = waiver;
    format!("{removals} removals and {invites} invitations until {until}: {reason}")
}

fn exception_text(exception: &Exception, desired: &Desired) -> String {
    let Exception { place: _, users, projects, until, reason } = exception;
    let who = users.as_ref().map_or_else(|| "everybody".to_owned(), people_text);
    let on = projects.as_ref().map_or_else(String::new, |projects| {
        let keys = projects.iter().map(|id| match desired.projects.get(id) {
            Some(project) => project.key.to_string(),
            None => id.to_string(),
        });
        format!(" on {}", keys.collect::<Vec<_>>().join(", "))
    });
    format!("{who}{on} until {until}: {reason}")
}

fn acceptance_text(acceptance: &Acceptance) -> String {
    let Acceptance { place: _, observed, projects, until, reason, ticket: _ } = acceptance;
    let first = observed.first();
    let who = [
        first.and_then(Observed::user).map(ToString::to_string),
        first.and_then(Observed::team).map(|team| format!("team {team}")),
    ];
    let who: Vec<String> = who.into_iter().flatten().collect();
    let who = if who.is_empty() { "everyone".to_owned() } else { who.join(" in ") };
    let what = match first {
        Some(first) if first.is_missing() => ", missing".to_owned(),
        Some(first) => first.role().map_or_else(String::new, |role| format!(", {role}")),
        None => String::new(),
    };
    let keys: Vec<&str> = projects.iter().map(|key| key.as_str()).collect();
    let on = if keys.is_empty() { String::new() } else { format!(" on {}", keys.join(", ")) };
    format!("{who}{what}{on} until {until}: {reason}")
}
