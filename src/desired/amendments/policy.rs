//! Rules of the policy that are others.

use std::collections::{BTreeMap, BTreeSet};

use super::{Amendments, Bearing};
use crate::desired::{Desired, Effects, Exception, People, Requirement, Rule, When};
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
                self.add(Bearing::Alters, key("when"), None, None, Some(after.place));
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

fn people_text(people: &People) -> String {
    let People { external, internal, emails, patterns } = people;
    let kinds = [(*external, "external"), (*internal, "internal")];
    let kinds = kinds.into_iter().filter(|(is_meant, _)| *is_meant).map(|(_, word)| word.to_owned());
    let names = emails.iter().map(ToString::to_string).chain(patterns.iter().map(ToString::to_string));
    kinds.chain(names).collect::<Vec<_>>().join(", ")
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
