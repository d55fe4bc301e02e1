//! Roles of the organization and of a project.

use std::fmt;

use super::RoleName;

/// The role of a user in the organization; exactly one for each user, strongest first.
///
/// The strings are those of the service as far as they are known (see the dossier's role table); `billing_admin` and
/// `member` are the names of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgRole {
    /// Does everything, on every project too.
    Owner,
    /// Manages users and teams; admin of every project.
    Admin,
    /// Looks after billing; no access to projects by itself.
    BillingAdmin,
    /// No rights by itself.
    Member,
}

impl OrgRole {
    /// All org roles, strongest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::BillingAdmin, Self::Member];

    /// The name in configuration, plans and snapshots.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::BillingAdmin => "billing_admin",
            Self::Member => "member",
        }
    }

    /// The role called exactly `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// The project role that this org role implies on every project.
    pub fn on_every_project(self) -> Option<BuiltInRole> {
        match self {
            Self::Owner => Some(BuiltInRole::Owner),
            Self::Admin => Some(BuiltInRole::Admin),
            Self::BillingAdmin | Self::Member => None,
        }
    }
}

impl fmt::Display for OrgRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A project role that every project has. The order is the order of strength: `Consumer < Owner`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BuiltInRole {
    /// Sees reports; some guides and screens call it viewer.
    Consumer,
    /// Makes reports.
    Analyst,
    /// Manages the project.
    Admin,
    /// Manages the project and its admins.
    Owner,
}

impl BuiltInRole {
    /// All built-in project roles, strongest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Analyst, Self::Consumer];

    /// The name in configuration, plans, snapshots and on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Analyst => "analyst",
            Self::Consumer => "consumer",
        }
    }

    /// The role called exactly `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

impl fmt::Display for BuiltInRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What somebody may do on a project: a built-in role, or a custom role of that project, which has no rank of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProjectRole {
    /// One of the four roles of every project.
    BuiltIn(BuiltInRole),
    /// A role that the project defines.
    Custom(RoleName),
}

impl ProjectRole {
    /// The role called `text`: built in when the name is, else custom. `None` for an empty name.
    pub fn from_name(text: &str) -> Option<Self> {
        match BuiltInRole::from_name(text.trim()) {
            Some(role) => Some(Self::BuiltIn(role)),
            None => RoleName::new(text).map(Self::Custom),
        }
    }

    /// The name in configuration, plans and snapshots.
    pub fn as_str(&self) -> &str {
        match self {
            Self::BuiltIn(role) => role.as_str(),
            Self::Custom(name) => name,
        }
    }
}

impl From<BuiltInRole> for ProjectRole {
    fn from(role: BuiltInRole) -> Self {
        Self::BuiltIn(role)
    }
}

impl fmt::Display for ProjectRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
