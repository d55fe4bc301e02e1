//! Rules of the policy that are others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Amendments, Bearing, named};
use crate::desired::{Desired, Effects, Exception, People, Requirement, Rule, Sources, When};
use crate::diagnostic::Severity;
use crate::model::{BuiltInRole, ProjectId};
use crate::source::Span;

impl Amendments {
    pub(super) fn policy(&mut self, base: &Desired, head: &Desired) {
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
        let key = |part: &str| format!("policy.{}.{part}", named(&after.name));
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
        let required = |all: &BTreeSet<Requirement>| -> BTreeMap<String, Span> {
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
                let bearing = scope_bearing(&before.when, &after.when, is_same);
                self.add(bearing, key("when"), None, None, Some(after.place));
            }
        }
        let exceptions = |rule: &Rule, desired: &Desired| -> BTreeMap<String, Span> {
            rule.exceptions.iter().map(|one| (exception_text(one, desired), one.place)).collect()
        };
        self.lists(&key("exceptions"), exceptions(before, base), exceptions(after, head), Bearing::Loosens);
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

/// How it bears on what is let through that a rule is about something else: a rule about less looks at less.
fn scope_bearing(before: &When, after: &When, is_same: &dyn Fn(&ProjectId) -> bool) -> Bearing {
    let of = |when: &When| {
        let When { users, teams, projects, environments: _, role_at_least: _, roles, via } = when;
        let Sources { org_role, team, grant, everyone } = *via;
        let words = [(org_role, "org_role"), (team, "team"), (grant, "grant"), (everyone, "everyone")];
        let via = words.into_iter().filter(|(is_meant, _)| *is_meant).map(|(_, word)| word.to_owned());
        [
            users.as_ref().map(|users| people(users).collect()),
            teams.as_ref().map(texts),
            projects
                .as_ref()
                .map(|projects| projects.iter().filter(|id| is_same(id)).map(ToString::to_string).collect()),
            roles.as_ref().map(texts),
            Some(via.collect()),
        ]
    };
    let (mut less, mut more) = (false, false);
    let mut note = |is_less: bool, is_more: bool| {
        less |= is_less;
        more |= is_more;
    };
    for (before, after) in of(before).into_iter().zip(of(after)) {
        match (before, after) {
            // What is not said is about everything.
            (None, None) => {}
            (None, Some(_)) => note(true, false),
            (Some(_), None) => note(false, true),
            (Some(before), Some(after)) => note(!before.is_subset(&after), !after.is_subset(&before)),
        }
    }
    note(after.role_at_least > before.role_at_least, after.role_at_least < before.role_at_least);
    match (less, more) {
        (true, false) => Bearing::Loosens,
        (false, true) => Bearing::Tightens,
        (true, true) | (false, false) => Bearing::Alters,
    }
}

fn texts<T: ToString>(all: &BTreeSet<T>) -> BTreeSet<String> {
    all.iter().map(ToString::to_string).collect()
}

/// The people of a rule as they are written, each by itself.
fn people(people: &People) -> impl Iterator<Item = String> {
    let People { external, internal, emails, patterns } = people;
    let kinds = [(*external, "external"), (*internal, "internal")];
    let kinds = kinds.into_iter().filter(|(is_meant, _)| *is_meant).map(|(_, word)| word.to_owned());
    kinds.chain(emails.iter().map(ToString::to_string)).chain(patterns.iter().map(ToString::to_string))
}

fn people_text(all: &People) -> String {
    people(all).collect::<Vec<_>>().join(", ")
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
