//! What in the configuration is useless or unwise, though nothing forbids it?
//!
//! Remarks are warnings, told by `validate` only, so that plans stay short. Each has a code of its own that the
//! organization can switch off. Like rules they are judged on the configuration alone; what is over does not count, and
//! what has not begun does. Pure: no input, output or clock.

mod approvers;
mod environments;
mod grants;
mod people;
mod teams;

use jiff::Timestamp;

use crate::access::Ranks;
use crate::desired::{Desired, Fact, InForce, Lapse, LapseWhy};
use crate::diagnostic::{Code, Diagnostic, Findings, sort};
use crate::model::{Email, ProjectId};

/// How many remarks of one kind are told.
const LIMIT: usize = 1_000;
/// How many names or places one remark tells.
const NAMED: usize = 10;

/// The remarks about `desired` as of the moment `as_of`, sorted.
pub fn remarks(desired: &Desired, as_of: Timestamp) -> Vec<Diagnostic> {
    let lint = Lint { desired, as_of, in_force: InForce::new(desired, as_of), ranks: desired.ranks() };
    let mut found = Vec::new();
    type Rule = fn(&Lint<'_>, &mut Found);
    let rules: [(&[Code], Rule); 11] = [
        (&[Code::UserWithoutAccess, Code::GrantOfTeam, Code::RoleOfEveryone], people::access),
        (&[Code::EmptyTeam], teams::empty),
        (&[Code::GrantOfAllMembers], grants::of_all_members),
        (&[Code::RoleOfEveryone], teams::roles_of_everyone),
        (&[Code::FewOwners, Code::ExternalWithoutEnd], people::owners_and_externals),
        (&[Code::OwnerByTeam], teams::owners),
        (&[Code::UnusedProjectGroup], teams::unused_groups),
        (&[Code::ApprovesOwnAccess], approvers::approvers),
        (&[Code::AdminGrantWithoutEnd], grants::admins),
        (&[Code::ProtectedUserEnds], people::protected),
        (&[Code::EnvironmentsAlike], environments::alike),
    ];
    for (codes, rule) in rules {
        if codes.iter().all(|code| desired.lint_off.contains(code)) {
            continue;
        }
        let mut remarks = Found { findings: Findings::new(LIMIT), off: &desired.lint_off };
        rule(&lint, &mut remarks);
        found.append(&mut remarks.findings.into_vec());
    }
    sort(&mut found);
    found
}

/// What every remark is made from.
struct Lint<'a> {
    desired: &'a Desired,
    as_of: Timestamp,
    in_force: InForce<'a>,
    ranks: Ranks,
}

impl Lint<'_> {
    /// Whether a fact about `user` holds or is going to.
    fn counts<T>(&self, user: &Email, fact: &Fact<T>) -> bool {
        let comes = |lapse: Option<Lapse<'_>>| lapse.is_none_or(|lapse| lapse.why == LapseWhy::NotYet);
        comes(self.in_force.user(user)) && !fact.window().is_some_and(|window| window.is_over(self.as_of))
    }

    /// Whether a fact about nobody in particular holds or is going to.
    fn counts_at_all<T>(&self, fact: &Fact<T>) -> bool {
        !fact.window().is_some_and(|window| window.is_over(self.as_of))
    }

    /// How the project is called.
    fn key(&self, project: ProjectId) -> String {
        match self.desired.projects.get(&project) {
            Some(found) => format!("`{}`", found.key),
            None => format!("`{project}`"),
        }
    }
}

/// Remarks of one kind, or of some.
struct Found<'o> {
    findings: Findings,
    off: &'o std::collections::BTreeSet<Code>,
}

impl Found<'_> {
    /// Takes a remark, unless it is switched off.
    fn push(&mut self, remark: Diagnostic) {
        if !self.off.contains(&remark.code) {
            self.findings.push(remark);
        }
    }
}

/// Names as people say them, the first of them.
fn some_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] if names.len() <= NAMED => format!("{} and {last}", first.join(", ")),
        names => format!("{} and {} more", names[..NAMED].join(", "), names.len() - NAMED),
    }
}
