//! Rules for the access that may be declared, every name of them resolved.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Bound, Glob};
use crate::diagnostic::Severity;
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole, TeamName};
use crate::source::Span;

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Its name.
    pub name: String,
    /// Where it is written.
    pub place: Span,
    /// How grave a violation is.
    pub severity: Severity,
    /// What it is about.
    pub when: When,
    /// What it asks for.
    pub effects: Effects,
    /// Dated exceptions.
    pub exceptions: Vec<Exception>,
}

/// What a rule is about: everything that is said must fit, and what is `None` always does.
#[derive(Debug, Clone, Default)]
pub struct When {
    /// Whose access.
    pub users: Option<People>,
    /// By which teams.
    pub teams: Option<BTreeSet<TeamName>>,
    /// On which projects: those that fit the names and the environment.
    pub projects: Option<BTreeSet<ProjectId>>,
    /// The environments among these projects that the rule calls by their names.
    pub environments: BTreeSet<String>,
    /// The weakest role.
    pub role_at_least: Option<BuiltInRole>,
    /// The roles.
    pub roles: Option<BTreeSet<ProjectRole>>,
    /// Where the access comes from.
    pub via: Sources,
}

/// People by what they are or how they are called; one of these is enough.
#[derive(Debug, Clone, Default)]
pub struct People {
    /// Those outside the organization's domains.
    pub external: bool,
    /// Those within them.
    pub internal: bool,
    /// These.
    pub emails: BTreeSet<Email>,
    /// Those whose addresses one of these covers.
    pub patterns: Vec<Glob>,
}

impl People {
    /// Whether `user`, who is `external` or not if that can be said, is among them.
    pub fn hold(&self, user: &Email, external: Option<bool>) -> bool {
        (self.external && external == Some(true))
            || (self.internal && external == Some(false))
            || self.emails.contains(user)
            || self.patterns.iter().any(|pattern| pattern.covers(user))
    }
}

/// Sources of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the vocabulary")]
pub struct Sources {
    pub org_role: bool,
    pub team: bool,
    pub grant: bool,
    pub everyone: bool,
}

impl Sources {
    /// None of them.
    pub const NONE: Self = Self { org_role: false, team: false, grant: false, everyone: false };
}

impl Default for Sources {
    /// What a rule looks at that does not say it: org roles are looked at only where that is said.
    fn default() -> Self {
        Self { org_role: false, team: true, grant: true, everyone: true }
    }
}

/// What a rule asks for.
#[derive(Debug, Clone, Default)]
pub struct Effects {
    /// Nobody may have it.
    pub deny: bool,
    /// What must be written about it.
    pub require: BTreeSet<Requirement>,
    /// For how many days at most.
    pub max_days: Option<u32>,
    /// The strongest role.
    pub max_role: Option<BuiltInRole>,
    /// By how many people it must be approved.
    pub min_approvers: Option<usize>,
}

/// What can be written about access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the words of the language")]
pub enum Requirement {
    Until,
    Reason,
    Ticket,
    ApprovedBy,
    Sponsor,
}

impl Requirement {
    /// The key of the language.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Until => "until",
            Self::Reason => "reason",
            Self::Ticket => "ticket",
            Self::ApprovedBy => "approved_by",
            Self::Sponsor => "sponsor",
        }
    }
}

/// A dated exception from a rule.
#[derive(Debug, Clone)]
pub struct Exception {
    /// Where it is written.
    pub place: Span,
    /// Whose access; everybody's where it is `None`.
    pub users: Option<People>,
    /// On which projects; on all where it is `None`.
    pub projects: Option<BTreeSet<ProjectId>>,
    /// When it does not count any more.
    pub until: Bound,
    /// Why there is one, with the ticket that asked for it.
    pub reason: String,
}

impl Exception {
    /// Whether it counts at `moment`.
    pub fn holds(&self, moment: Timestamp) -> bool {
        moment < self.until.at
    }

    /// Whether `user` is among the people whom it excepts.
    pub fn is_about(&self, user: &Email, external: Option<bool>) -> bool {
        self.users.as_ref().is_none_or(|people| people.hold(user, external))
    }

    /// Whether it excepts the access of `user` on `project`.
    pub fn covers(&self, user: &Email, external: Option<bool>, project: ProjectId) -> bool {
        self.is_about(user, external) && self.projects.as_ref().is_none_or(|projects| projects.contains(&project))
    }
}
