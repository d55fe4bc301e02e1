//! What one organization's access should be, as its documents say it.
//!
//! A [`Desired`] is complete in itself: every name is resolved, every e-mail canonical, every fact said once, groups of
//! projects expanded. It keeps the place of each fact, and facts whose time is over or has not come: [`InForce`] tells
//! which are desired at a moment. It knows nothing of the live side.

mod acceptance;
mod amendments;
mod apart;
mod compile;
mod counterpart;
mod ends;
mod entry;
mod expiring;
mod force;
mod glob;
mod guards;
mod later;
mod manage;
mod policy;
mod strong;
mod unmanaged;
mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::catalogue::{Catalogue, Region};
use crate::diagnostic::Code;
use crate::model::{
    BuiltInRole, Email, OrgId, OrgKey, OrgRole, ProjectId, ProjectKey, ProjectRole, Rank, Ranks, RoleName, TeamName,
};
use crate::source::Span;

pub use crate::spec::{ManageMode, Most};
pub use acceptance::{Acceptance, Observed};
pub use amendments::{About, Amendment, Bearing, amendments};
pub use apart::apart;
pub use compile::{Compiled, Documents, compile, read};
pub use ends::{Fate, MovedEnd, Time, moved_ends};
pub use entry::{Entry, Override, overrides};
pub use expiring::{Expiring, ExpiringState, expiring};
pub use force::{InForce, Lapse, LapseWhy};
pub use glob::Glob;
pub use guards::{Guards, Waiver};
pub use manage::{Ignore, Manage};
pub use policy::{Effects, Exception, People, Requirement, Rule, Sources, When};
pub use strong::StrongRole;
pub use unmanaged::{Unmanaged, unmanaged};
pub use window::{Bound, Window};

/// The desired access of one organization.
#[derive(Debug, Clone)]
pub struct Desired {
    /// Its key in the configuration.
    pub key: OrgKey,
    /// Its id on the service.
    pub id: OrgId,
    /// Its name, for people.
    pub name: Option<String>,
    /// Where it is defined.
    pub place: Span,
    /// The time zone of its dates.
    pub timezone: TimeZone,
    /// Its mail domains, in lower case; `None` where none are declared, so that nobody can be called external.
    pub domains: Option<BTreeSet<String>>,
    /// Where its live side is found; absent when plans are made with a snapshot only.
    pub backend: Option<Backend>,
    /// How far each section is managed.
    pub manage: Manage,
    /// What is kept whatever the sections say.
    pub ignore: Ignore,
    /// Who has no access at all, whatever the rest says; in no address that the same person has or had.
    pub blocked: BTreeMap<Email, Fact<()>>,
    /// What stops a plan, or a part of it.
    pub guards: Guards,
    /// Differences of the live side that are accepted for a while, in the order in which they are written.
    pub accept: Vec<Acceptance>,
    /// Rules for the access that may be declared, in the order in which they are written.
    pub policy: Vec<Rule>,
    /// The remarks about the configuration that are not wanted.
    pub lint_off: BTreeSet<Code>,
    /// The declared projects.
    pub projects: BTreeMap<ProjectId, DesiredProject>,
    /// The groups of projects by name; the facts that they stand for are spelled out.
    pub project_groups: BTreeMap<String, ProjectGroup>,
    /// The declared users; `None` when no document has a `users` section, so that e-mails are checked against the live
    /// side.
    pub users: Option<BTreeMap<Email, DesiredUser>>,
    /// The declared teams.
    pub teams: BTreeMap<TeamName, DesiredTeam>,
    /// The declared grants.
    pub grants: BTreeMap<(Email, ProjectId), Fact<ProjectRole>>,
}

impl Desired {
    /// Whether `user` is external: has an address outside the organization's domains. A domain is meant exactly, without
    /// those below it. `None` where no domains are declared.
    pub fn is_external(&self, user: &Email) -> Option<bool> {
        self.domains.as_ref().map(|domains| !domains.contains(user.domain()))
    }

    /// Whether some rule is about the environment called so, by its name.
    pub fn is_environment_of_rule(&self, name: &str) -> bool {
        self.policy.iter().any(|rule| rule.when.environments.contains(name))
    }

    /// The ranks of the custom roles that say which built-in role they are like, by project.
    pub fn ranks(&self) -> Ranks {
        let ranked = self.projects.iter().map(|(project, found)| {
            let roles = found.roles.iter().filter_map(|(role, like)| Some((role.clone(), Rank::from(like.value?))));
            (*project, roles.collect::<BTreeMap<_, _>>())
        });
        ranked.filter(|(_, roles)| !roles.is_empty()).collect()
    }
}

/// One declared value with its place and what people wrote about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Where it is declared.
    pub place: Span,
    /// What is written about it besides, if anything. Shared by all facts that one entry states.
    pub note: Option<Arc<Note>>,
}

impl<T> Fact<T> {
    /// The time in which it holds; `None` where nothing is said of it, so that it always does.
    pub fn window(&self) -> Option<&Window> {
        self.note.as_deref().map(|note| &note.window)
    }
}

/// What is written about a fact: when it holds, and for reviewers and auditors what never causes a change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Note {
    /// Why.
    pub reason: Option<String>,
    /// The ticket that asked for it.
    pub ticket: Option<String>,
    /// Who approved it.
    pub approved_by: Vec<Email>,
    /// Who answers for the person.
    pub sponsor: Option<Email>,
    /// From when until when it holds.
    pub window: Window,
}

/// A declared user.
#[derive(Debug, Clone)]
pub struct DesiredUser {
    /// The org role, with the place of the user's entry.
    pub role: Fact<OrgRole>,
    /// The person's name.
    pub name: Option<String>,
    /// Addresses that the person had before, with their places.
    pub previously: BTreeMap<Email, Span>,
}

/// A declared project.
#[derive(Debug, Clone)]
pub struct DesiredProject {
    /// Its key in the configuration.
    pub key: ProjectKey,
    /// Where it is declared.
    pub place: Span,
    /// Its name, for people.
    pub name: Option<Fact<String>>,
    /// What it is used for, such as `production`.
    pub environment: Option<Located<String>>,
    /// The default role of everybody.
    pub everyone: Option<Fact<ProjectRole>>,
    /// The custom roles that it names, each with the built-in role that it ranks like, if one is said.
    pub roles: BTreeMap<RoleName, Fact<Option<BuiltInRole>>>,
}

impl DesiredProject {
    /// The name of its environment.
    pub fn environment(&self) -> Option<&str> {
        self.environment.as_ref().map(|environment| environment.value.as_str())
    }
}

/// A declared team.
#[derive(Debug, Clone)]
pub struct DesiredTeam {
    /// Its key in the configuration.
    pub key: String,
    /// Where it is declared.
    pub place: Span,
    /// Whether an identity provider makes the team, names it and looks after its members.
    pub scim_managed: bool,
    /// The members; `None` leaves them alone, as where they are not managed at all.
    pub members: Option<BTreeMap<Email, Fact<()>>>,
    /// The roles on projects; `None` leaves them alone.
    pub roles: Option<BTreeMap<ProjectId, Fact<ProjectRole>>>,
    /// Names that the team had before, with their places.
    pub previously: BTreeMap<TeamName, Span>,
}

/// A declared group of projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectGroup {
    /// Where it is declared.
    pub place: Span,
    /// Its projects.
    pub projects: BTreeSet<ProjectId>,
    /// Whether anything refers to it.
    pub is_used: bool,
}

/// Where the live side of an organization is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// An embedded store in a file.
    Local {
        /// The store, relative to the document that defines the organization, inside the loaded folder.
        state: Located<String>,
        /// A snapshot that the store is made from when it does not exist.
        seed: Option<Located<String>>,
    },
    /// The service.
    Mixpanel(Mixpanel),
}

impl Backend {
    /// Where requests go and people find the organization; a store has no address.
    pub fn address(&self) -> Option<String> {
        match self {
            Self::Local { .. } => None,
            Self::Mixpanel(mixpanel) => Some(mixpanel.address().to_owned()),
        }
    }
}

impl Mixpanel {
    /// Where requests go that are not about one project.
    pub fn address(&self) -> &str {
        self.base_url.as_deref().unwrap_or_else(|| self.region.address())
    }
}

/// How the service is reached for one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mixpanel {
    /// Where the backend is declared.
    pub place: Span,
    /// Where the organization's data lives.
    pub region: Region,
    /// Another address for every request.
    pub base_url: Option<String>,
    /// The requests and which of them may be sent.
    pub catalogue: Catalogue,
    /// How many requests there may be.
    pub limits: Limits,
    /// Whether SCIM is used, and for whom.
    pub scim: Option<Scim>,
}

/// Whom SCIM is used for (dossier section 5): the people of these domains are seen by it, nobody else is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scim {
    /// The domains that the organization has claimed, in lower case.
    pub claimed_domains: BTreeSet<String>,
}

impl Scim {
    /// Whether `user` has an address of a claimed domain.
    pub fn covers(&self, user: &Email) -> bool {
        self.claimed_domains.contains(user.domain())
    }
}

/// How many requests there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Reads under way at once.
    pub reads: usize,
    /// Writes under way at once.
    pub writes: usize,
    /// The most requests in a minute.
    pub requests_per_minute: Option<u64>,
    /// The most invitation mails in an hour to one mail domain.
    pub invitations_per_hour: usize,
}

impl Default for Limits {
    /// The service documents a limit of about ten invitation mails (dossier 1.6), and nothing else.
    fn default() -> Self {
        Self { reads: 8, writes: 1, requests_per_minute: None, invitations_per_hour: 10 }
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Span,
}
