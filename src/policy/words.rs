//! Violations in words, at their lines.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::{End, Length, Violation};
use super::{Excepted, NAMED, Part};
use crate::access::Via;
use crate::desired::{Desired, Exception, Requirement, Rule};
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
    let everybody = format!("everybody is `{}` on {}", role.as_str(), key(desired, project));
    let names: Vec<String> = first.iter().map(|user| format!("`{user}`")).collect();
    if names.is_empty() {
        return format!("{everybody}, whoever that is,");
    }
    format!("{everybody}, among them {}", some_of(&names, count))
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

/// A violation in words: what is there, what the rule says to it, and what to do.
struct Words {
    /// The code of an error, and of a warning.
    codes: [Code; 2],
    /// Follows the subject.
    state: String,
    /// Follows that in the finding, which names the rule.
    demand: String,
    /// Follows the state where the rule is named already.
    limit: String,
    help: &'static str,
}

fn words(rule: &Rule, violation: &Violation, via: Via<'_>) -> Words {
    let name = &rule.name;
    let too_long = |state: String, help| {
        let days = match rule.effects.max_days {
            Some(1) => "1 day".to_owned(),
            most => format!("{} days", most.unwrap_or_default()),
        };
        Words {
            codes: [Code::PolicyTooLong, Code::PolicyTooLongWarning],
            state,
            demand: format!(", and the rule `{name}` allows {days}"),
            limit: format!(" ({days} at most)"),
            help,
        }
    };
    match violation {
        Violation::Denied => Words {
            codes: [Code::PolicyDenied, Code::PolicyDeniedWarning],
            state: String::new(),
            demand: format!(", which the rule `{name}` does not allow"),
            limit: String::new(),
            help: "remove it",
        },
        Violation::Lacks(missing) => {
            let help = match (missing.contains(&Requirement::ApprovedBy), missing.len()) {
                // The line of an org role is the user's entry.
                (_, _) if via == Via::OrgRole => "write it there",
                (false, _) => "write it there or at the user's entry",
                (true, 1) => "write it there: an approval at the user's entry is one of the org role only",
                (true, _) => "write it there; at the user's entry all but `approved_by` counts as well",
            };
            let missing: Vec<String> = missing.iter().map(|one| format!("`{}`", one.as_str())).collect();
            Words {
                codes: [Code::PolicyRequires, Code::PolicyRequiresWarning],
                state: format!(" without {}", list(&missing)),
                demand: format!(", which the rule `{name}` requires"),
                limit: String::new(),
                help,
            }
        }
        Violation::TooLong(Length::Endless) => {
            too_long(" without an end".to_owned(), "write an `until` there or at the user's entry")
        }
        Violation::TooLong(Length::Until(End(until))) => {
            too_long(format!(" until {until}"), "write an earlier `until`")
        }
        Violation::TooLong(Length::Various) => {
            too_long(" for too long".to_owned(), "write an earlier `until` at their entries")
        }
        Violation::TooStrong(most) => Words {
            codes: [Code::PolicyTooStrong, Code::PolicyTooStrongWarning],
            state: String::new(),
            demand: format!(", and the rule `{name}` allows `{most}` at most"),
            limit: format!(" (`{most}` at most)"),
            help: "give a weaker role",
        },
        Violation::Approvers(number) => Words {
            codes: [Code::PolicyApprovers, Code::PolicyApproversWarning],
            state: match number {
                0 => " with no approver besides the user".to_owned(),
                1 => " with 1 approver besides the user".to_owned(),
                number => format!(" with {number} approvers besides the user"),
            },
            demand: format!(", and the rule `{name}` wants {}", rule.effects.min_approvers.unwrap_or_default()),
            limit: format!(" ({} wanted)", rule.effects.min_approvers.unwrap_or_default()),
            help: "write there who approved it, under `approved_by`",
        },
    }
}

/// That `subject`, who has something by `via`, breaks `rule`: in short, and as a finding at the lines of `grounds`.
pub(super) fn finding(
    desired: &Desired,
    rule: &Rule,
    violation: &Violation,
    (subject, via): (&str, Via<'_>),
    grounds: &[(Span, &'static str)],
) -> (String, Diagnostic) {
    let Words { codes: [error, warning], state, demand, limit, help } = words(rule, violation, via);
    let code = if rule.severity == Severity::Error { error } else { warning };
    let short = format!("{subject}{state}{limit}");
    let message = format!("{subject}{state}{demand}");
    let diagnostic = match grounds.split_first() {
        Some(((place, label), others)) => {
            let main = Diagnostic::at(code, *place, message, *label);
            others.iter().fold(main, |finding, (place, label)| finding.also(*place, *label))
        }
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
    let help = format!("{help}, or add a dated exception to the rule");
    (short, diagnostic.also(rule.place, "the rule").help(help))
}

/// A role that `rule` compares, and cannot; in words and as a finding.
pub(super) fn unranked(desired: &Desired, rule: &Rule, project: ProjectId, role: &RoleName) -> (String, Diagnostic) {
    let subject = format!("the custom role `{role}` of {} has no rank", key(desired, project));
    let message = format!("{subject}, and the rule `{}` compares roles", rule.name);
    let code = if rule.severity == Severity::Error { Code::PolicyUnranked } else { Code::PolicyUnrankedWarning };
    let place = desired.projects.get(&project).and_then(|found| Some(found.roles.get(role)?.place));
    let diagnostic = match place {
        Some(place) => Diagnostic::at(code, place, message, "no rank is said").also(rule.place, "the rule"),
        None => Diagnostic::at(code, rule.place, message, "the rule"),
    };
    let help = format!("say which built-in role it is like: `roles: {{ {role}: {{ like: analyst }} }}`");
    (subject, diagnostic.help(help))
}

/// An exception with who needs it.
pub(super) fn excepted(
    desired: &Desired,
    rule: &Rule,
    exception: &Exception,
    people: &BTreeMap<String, BTreeSet<ProjectId>>,
) -> Excepted {
    let of = |(who, on): (&String, &BTreeSet<ProjectId>)| {
        let keys: Vec<String> = on.iter().map(|project| key(desired, *project)).collect();
        if keys.is_empty() { who.clone() } else { format!("{who} on {}", some_of(&keys, keys.len())) }
    };
    Excepted {
        rule: rule.name.clone(),
        place: exception.place,
        reason: exception.reason.clone(),
        until: exception.until.to_string(),
        count: people.len(),
        examples: people.iter().take(NAMED).map(of).collect(),
    }
}

/// An exception that does not count any more.
pub(super) fn over(rule: &Rule, exception: &Exception) -> Diagnostic {
    let message =
        format!("this exception of the rule `{}` is over ({}) and does not count", rule.name, exception.until);
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
