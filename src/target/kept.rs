//! What of the live side is left alone, and why.

use crate::model::{Email, ProjectId, ProjectRole, TeamName};

/// A live thing that is left alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    /// Why.
    pub why: KeptWhy,
    /// What.
    pub what: KeptWhat,
}

/// What is left alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeptWhat {
    /// A user with the org role.
    User(Email),
    /// A team with its members and roles.
    Team(TeamName),
    /// A membership of a managed team.
    Member(TeamName, Email),
    /// All members of a team, this many: as when the team does not state its members.
    Members(TeamName, usize),
    /// A role of a managed team.
    TeamRole(TeamName, ProjectId, ProjectRole),
    /// All roles of a team, this many: as when the team does not state its projects.
    TeamRoles(TeamName, usize),
    /// An individual grant.
    Grant(Email, ProjectId, ProjectRole),
    /// A project's default role for everybody.
    Everyone(ProjectId, ProjectRole),
    /// A whole section of this many things.
    Section(Section, usize),
}

/// A section of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are the keys of the configuration")]
pub enum Section {
    Users,
    Teams,
    Grants,
    Everyone,
}

impl Section {
    /// The key in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Users => "users",
            Self::Teams => "teams",
            Self::Grants => "grants",
            Self::Everyone => "everyone",
        }
    }
}

/// Why something is left alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeptWhy {
    /// Its section is managed as `listed`, and it is not listed.
    NotListed(Section),
    /// Its section is not managed.
    NotManaged(Section),
    /// A pattern of `manage.ignore` covers it.
    Ignored(String),
    /// It is on a project that the configuration does not declare.
    UndeclaredProject,
    /// The team does not state this part.
    NotStated,
    /// The members of teams are not managed.
    MembersNotManaged,
    /// An identity provider looks after the members of the team.
    ScimManaged,
    /// The team of an identity provider that is declared with this name, and has not got it yet.
    AwaitsProvider(TeamName),
    /// The team is not listed, and has members who are in no list that was read.
    UnreadMembers,
    /// Service accounts are in the team, and would lose what it gives.
    ServiceAccounts,
    /// The old account of a renamed user, kept until the person has joined with this address.
    AwaitsRename(Email),
    /// The old account of a renamed user who has joined with this address, kept because it holds something that is not
    /// managed and that the new one lacks.
    AwaitsMove(Email),
}
