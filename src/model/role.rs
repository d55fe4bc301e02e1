//! Roles of the organization and of a project.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{ProjectId, RoleName};

/// The role of a user in the organization; exactly one for each user, strongest first.
///
/// The names are those of the configuration; how the service writes them stands in the catalogue. The service may have
/// others: they are kept as they were read and never made up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrgRole {
    /// Does everything, on every project too.
    Owner,
    /// Manages users and teams; admin of every project.
    Admin,
    /// Looks after billing; no access to projects by itself.
    BillingAdmin,
    /// No rights by itself.
    Member,
    /// One of the service of which nothing is known but its name: not what it can do, nor where it ranks.
    Other(OtherOrgRole),
}

/// The name of an org role that is not known, as it was read.
///
/// Behind one thin pointer: a large organization has a million users, and hardly one of them has such a role.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OtherOrgRole(Arc<String>);

impl fmt::Debug for OtherOrgRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl OrgRole {
    /// All org roles that are known, strongest first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::BillingAdmin, Self::Member];

    /// The names of [`OrgRole::ALL`] in configuration, plans and snapshots.
    pub const NAMES: [&'static str; 4] = ["owner", "admin", "billing_admin", "member"];

    /// The name in configuration, plans and snapshots.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Owner => Self::NAMES[0],
            Self::Admin => Self::NAMES[1],
            Self::BillingAdmin => Self::NAMES[2],
            Self::Member => Self::NAMES[3],
            Self::Other(name) => &name.0,
        }
    }

    /// The known role called exactly `text`.
    pub fn from_name(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    /// The role that the live side calls `text`: a known one where the name is known. `None` for an empty name.
    pub fn read(text: &str) -> Option<Self> {
        if text.trim().is_empty() {
            return None;
        }
        Some(Self::from_name(text).unwrap_or_else(|| Self::Other(OtherOrgRole(Arc::new(text.to_owned())))))
    }

    /// Whether it is known what the role can do.
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// Whether it manages the organization: owners and admins do.
    pub fn manages(&self) -> bool {
        matches!(self, Self::Owner | Self::Admin)
    }

    /// Whether it stands above `other`. A role that is not known stands above none and below none but those that stand
    /// above a member.
    pub fn is_above(&self, other: &Self) -> bool {
        let level = |role: &Self| match role {
            Self::Owner => 3,
            Self::Admin => 2,
            Self::BillingAdmin => 1,
            Self::Member | Self::Other(_) => 0,
        };
        level(self) > level(other)
    }

    /// The project role that this org role implies on every project, as far as it is known.
    pub fn on_every_project(&self) -> Option<BuiltInRole> {
        match self {
            Self::Owner => Some(BuiltInRole::Owner),
            Self::Admin => Some(BuiltInRole::Admin),
            Self::BillingAdmin | Self::Member | Self::Other(_) => None,
        }
    }
}

impl fmt::Display for OrgRole {
    /// Writes the name as it is. Output for people goes through `render::visible` instead.
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

/// The ranks of custom roles that say which built-in role they are like.
pub type Ranks = BTreeMap<ProjectId, BTreeMap<RoleName, Rank>>;

/// The built-in role that a custom role is like: of whoever gets it, had it, or keeps it. They differ where an edit of the
/// configuration ranks a role otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rank {
    /// Of whoever gets the role.
    pub now: Option<BuiltInRole>,
    /// Of whoever had it before.
    pub before: Option<BuiltInRole>,
    /// Of whoever keeps it while something else is taken from them.
    pub kept: Option<BuiltInRole>,
}

impl From<BuiltInRole> for Rank {
    fn from(like: BuiltInRole) -> Self {
        Self { now: Some(like), before: Some(like), kept: Some(like) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_is_not_known_is_kept_and_gives_nothing() {
        let odd = OrgRole::read(" Boss ").unwrap();
        assert_eq!(odd.as_str(), " Boss ");
        assert_eq!((odd.is_known(), odd.manages(), odd.on_every_project()), (false, false, None));
        assert!(OrgRole::ALL.iter().all(|known| !odd.is_above(known)));
        assert!(OrgRole::Admin.is_above(&odd) && !OrgRole::Member.is_above(&odd));
        assert_eq!(OrgRole::read("member"), Some(OrgRole::Member));
        assert_eq!(OrgRole::read(" "), None);
        assert!(size_of::<OrgRole>() <= 16);
    }
}
