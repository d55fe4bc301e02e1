//! Violations in words, at their lines.

use std::collections::BTreeMap;

use super::rule::{End, Length, Violation};
use super::{NAMED, Part};
use crate::access::Via;
use crate::desired::{Desired, Exception, Rule};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::grounds::{Access, Ground, GroundKind};
use crate::model::{Email, ProjectId, ProjectRole, RoleName};
use crate::source::Span;

/// Who has what by what: "`cy@agency.com` is `admin` on `web` by a grant".
pub(super) fn subject(desired: &Desired, user: &Email, part: &Part<'_, '_>) -> String {
    let mut by_role: BTreeMap<&ProjectRole, Vec<String>> = BTreeMap::new();
    for access in &part.rows {
        by_role.entry(access.source.role).or_default().push(key(desired, access.project));
    }
    let roles = by_role.into_iter().map(|(role, mut keys)| {
        keys.sort();
        format!("`{}` on {}", role.as_str(), some_of(&keys, keys.len()))
    });
    let roles: Vec<String> = roles.collect();
    let by = match part.via {
        Via::OrgRole => "by the org role".to_owned(),
        Via::Team(team) => format!("by the team `{team}`"),
        Via::Grant => "by a grant".to_owned(),
        Via::Everyone => "like everybody".to_owned(),
    };
    format!("`{user}` is {} {by}", roles.join(" and "))
}

/// What everybody has, and whom of them a rule is about.
pub(super) fn crowd(
    desired: &Desired,
    project: ProjectId,
    role: &ProjectRole,
    first: &[&Email],
    count: usize,
) -> String {
    let names: Vec<String> = first.iter().map(|user| format!("`{user}`")).collect();
    let people = some_of(&names, count);
    format!("everybody is `{}` on {}, among them {people}", role.as_str(), key(desired, project))
}

/// The lines that give the access, what is nearest to the person first.
pub(super) fn grounds(rows: &[&Access<'_>]) -> Vec<(Span, &'static str)> {
    let mut places: Vec<(Span, &'static str)> = Vec::new();
    for ground in rows.iter().flat_map(|access| access.own_grounds()) {
        if places.len() <= NAMED && !places.iter().any(|(place, _)| *place == ground.place) {
            places.push(labelled(ground));
        }
    }
    places
}

/// The line of a fact with what it is.
pub(super) fn labelled(ground: Ground<'_>) -> (Span, &'static str) {
    let text = match ground.kind {
        GroundKind::Member => "by this membership",
        GroundKind::TeamRole => "by this role of the team",
        GroundKind::Grant => "by this grant",
        GroundKind::Everyone => "by this role of everybody",
        GroundKind::User => "by this org role",
    };
    (ground.place, text)
}

/// The finding that `subject` breaks `rule`.
pub(super) fn finding(
    desired: &Desired,
    rule: &Rule,
    violation: &Violation,
    subject: &str,
    grounds: &[(Span, &'static str)],
) -> Diagnostic {
    let name = &rule.name;
    let is_error = rule.severity == Severity::Error;
    let code = |error, warning| if is_error { error } else { warning };
    let days = |most: Option<u32>| match most {
        Some(1) => "1 day".to_owned(),
        most => format!("{} days", most.unwrap_or_default()),
    };
    let (code, problem, help) = match violation {
        Violation::Denied => (
            code(Code::PolicyDenied, Code::PolicyDeniedWarning),
            format!(", which the rule `{name}` does not allow"),
            "remove it",
        ),
        Violation::Lacks(missing) => {
            let missing: Vec<String> = missing.iter().map(|one| format!("`{}`", one.as_str())).collect();
            (
                code(Code::PolicyRequires, Code::PolicyRequiresWarning),
                format!(" without {}, which the rule `{name}` requires", list(&missing)),
                "write it there or at the user's entry",
            )
        }
        Violation::TooLong(Length::Endless) => (
            code(Code::PolicyTooLong, Code::PolicyTooLongWarning),
            format!(" without an end, and the rule `{name}` allows {}", days(rule.effects.max_days)),
            "write an `until` there or at the user's entry",
        ),
        Violation::TooLong(Length::Until(End(until))) => (
            code(Code::PolicyTooLong, Code::PolicyTooLongWarning),
            format!(" until {until}, and the rule `{name}` allows {}", days(rule.effects.max_days)),
            "write an earlier `until`",
        ),
        Violation::TooLong(Length::Various) => (
            code(Code::PolicyTooLong, Code::PolicyTooLongWarning),
            format!(" for longer than the {} that the rule `{name}` allows", days(rule.effects.max_days)),
            "write an earlier `until` at their entries",
        ),
        Violation::TooStrong(most) => (
            code(Code::PolicyTooStrong, Code::PolicyTooStrongWarning),
            format!(", and the rule `{name}` allows `{most}` at most"),
            "give a weaker role",
        ),
        Violation::Approvers(number) => {
            let wanted = rule.effects.min_approvers.unwrap_or_default();
            let number = match number {
                0 => "no approver".to_owned(),
                1 => "1 approver".to_owned(),
                number => format!("{number} approvers"),
            };
            (
                code(Code::PolicyApprovers, Code::PolicyApproversWarning),
                format!(" with {number} besides the user, and the rule `{name}` wants {wanted}"),
                "write who approved it under `approved_by`",
            )
        }
    };
    let message = format!("{subject}{problem}");
    let diagnostic = match grounds.split_first() {
        Some(((place, label), others)) => others
            .iter()
            .fold(Diagnostic::at(code, *place, message, *label), |finding, (place, label)| finding.also(*place, *label)),
        None => Diagnostic::of_organization(code, desired.key.as_str(), message),
    };
    let diagnostic = match violation {
        Violation::TooLong(Length::Until(End(until))) => diagnostic.also(until.place, "ends here"),
        Violation::Denied
        | Violation::Lacks(_)
        | Violation::TooLong(Length::Endless | Length::Various)
        | Violation::TooStrong(_)
        | Violation::Approvers(_) => diagnostic,
    };
    diagnostic.also(rule.place, "the rule").help(format!("{help}, or add a dated exception to the rule"))
}

/// A role that `rule` compares, and cannot; in words and as a finding.
pub(super) fn unranked(desired: &Desired, rule: &Rule, project: ProjectId, role: &RoleName) -> (String, Diagnostic) {
    let subject = format!("the custom role `{role}` of {} has no rank", key(desired, project));
    let message = format!("{subject}, and the rule `{}` compares roles", rule.name);
    let code =
        if rule.severity == Severity::Error { Code::PolicyUnranked } else { Code::PolicyUnrankedWarning };
    let place = desired.projects.get(&project).and_then(|found| Some(found.roles.get(role)?.place));
    let diagnostic = match place {
        Some(place) => Diagnostic::at(code, place, message, "no rank is said").also(rule.place, "the rule"),
        None => Diagnostic::at(code, rule.place, message, "the rule"),
    };
    let help = format!("say which built-in role it is like: `roles: {{ {role}: {{ like: analyst }} }}`");
    (subject, diagnostic.help(help))
}

/// An exception that does not count any more.
pub(super) fn over(rule: &Rule, exception: &Exception) -> Diagnostic {
    let message = format!("this exception of the rule `{}` is over ({}) and does not count", rule.name, exception.until);
    Diagnostic::at(Code::ExceptionOver, exception.place, message, "over").help("remove it, or agree on a new end")
}

fn key(desired: &Desired, project: ProjectId) -> String {
    desired.projects.get(&project).map_or_else(|| format!("`{project}`"), |found| format!("`{}`", found.key))
}

/// The first of `names`, which are `all` in number, as people say them.
fn some_of(names: &[String], all: usize) -> String {
    let shown = names.len().min(NAMED);
    match all - shown {
        0 => list(&names[..shown]),
        more => format!("{} and {more} more", names[..shown].join(", ")),
    }
}

/// Names as people say them.
fn list(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
