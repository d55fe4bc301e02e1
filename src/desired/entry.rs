//! Declared facts as people speak of them, all kinds alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Bound, Desired, DesiredUser, Fact, InForce, Manage, ManageMode, Note, Observed};
use crate::model::{Email, OrgRole, ProjectId, ProjectKey, ProjectRole, TeamName};
use crate::source::Span;

/// What one entry of the configuration declares; a group of projects is spelled out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// A user with the org role.
    User(Email, OrgRole),
    /// A membership.
    Member(TeamName, Email),
    /// The role of a team on projects.
    TeamRole(TeamName, Vec<ProjectKey>, ProjectRole),
    /// The role of a user on projects.
    Grant(Email, Vec<ProjectKey>, ProjectRole),
    /// An exception of the policy rule with this name.
    Exception(String),
    /// A waiver of so many removals and invitations.
    Waiver(usize, usize),
    /// An acceptance of a difference: how the live side may have something, and on which projects, where it is about some:
    /// what is observed is the first of them.
    Acceptance(Observed, Vec<ProjectKey>),
}

impl Entry {
    /// Whose access it is; that of a team is nobody's in particular.
    pub fn user(&self) -> Option<&Email> {
        match self {
            Self::User(user, _) | Self::Member(_, user) | Self::Grant(user, _, _) => Some(user),
            Self::TeamRole(..) | Self::Exception(_) | Self::Waiver(..) | Self::Acceptance(..) => None,
        }
    }
}

/// A declared fact, lent by a [`Desired`].
#[derive(Debug, Clone, Copy)]
pub(super) enum Declared<'a> {
    User(&'a Email, &'a DesiredUser),
    Member(&'a TeamName, &'a Email, &'a Fact<()>),
    TeamRole(&'a TeamName, ProjectId, &'a Fact<ProjectRole>),
    Grant(&'a Email, ProjectId, &'a Fact<ProjectRole>),
}

impl<'a> Declared<'a> {
    /// Every fact of `desired`.
    pub(super) fn all(desired: &'a Desired) -> impl Iterator<Item = Self> {
        let users = desired.users.iter().flatten().map(|(email, user)| Self::User(email, user));
        let members = desired.teams.iter().flat_map(|(name, team)| {
            team.members.iter().flatten().map(move |(user, fact)| Self::Member(name, user, fact))
        });
        let roles = desired.teams.iter().flat_map(|(name, team)| {
            team.roles.iter().flatten().map(move |(project, fact)| Self::TeamRole(name, *project, fact))
        });
        let grants = desired.grants.iter().map(|((user, project), fact)| Self::Grant(user, *project, fact));
        users.chain(members).chain(roles).chain(grants)
    }

    /// Whether its end has an effect; that of a user has one on memberships and grants, whoever looks after users.
    pub(super) fn is_managed(self, manage: Manage) -> bool {
        match self {
            Self::User(..) => true,
            Self::Member(..) | Self::TeamRole(..) => manage.teams != ManageMode::None,
            Self::Grant(..) => manage.grants != ManageMode::None,
        }
    }

    /// Whose it is.
    pub(super) fn user(self) -> Option<&'a Email> {
        match self {
            Self::User(user, _) | Self::Member(_, user, _) | Self::Grant(user, _, _) => Some(user),
            Self::TeamRole(..) => None,
        }
    }

    /// Where it is declared.
    pub(super) fn place(self) -> Span {
        match self {
            Self::User(_, user) => user.role.place,
            Self::Member(_, _, fact) => fact.place,
            Self::TeamRole(_, _, fact) | Self::Grant(_, _, fact) => fact.place,
        }
    }

    /// What is written about it besides.
    pub(super) fn note(self) -> Option<&'a Arc<Note>> {
        match self {
            Self::User(_, user) => user.role.note.as_ref(),
            Self::Member(_, _, fact) => fact.note.as_ref(),
            Self::TeamRole(_, _, fact) | Self::Grant(_, _, fact) => fact.note.as_ref(),
        }
    }

    /// The role that it gives; a membership gives none of its own.
    pub(super) fn role(self) -> Option<&'a str> {
        match self {
            Self::User(_, user) => Some(user.role.value.as_str()),
            Self::Member(..) => None,
            Self::TeamRole(_, _, role) | Self::Grant(_, _, role) => Some(role.value.as_str()),
        }
    }

    /// When it ends.
    pub(super) fn until(self) -> Option<Bound> {
        self.note()?.window.until
    }

    fn entry(self, desired: &Desired) -> Entry {
        let key = |project| key(desired, project).into_iter().collect();
        match self {
            Self::User(user, found) => Entry::User(user.clone(), found.role.value.clone()),
            Self::Member(team, user, _) => Entry::Member(team.clone(), user.clone()),
            Self::TeamRole(team, project, fact) => Entry::TeamRole(team.clone(), key(project), fact.value.clone()),
            Self::Grant(user, project, fact) => Entry::Grant(user.clone(), key(project), fact.value.clone()),
        }
    }
}

/// The entries that make `declared`, with one of their facts each: those on a group of projects are one entry.
pub(super) fn entries<'a>(
    desired: &Desired,
    declared: impl Iterator<Item = Declared<'a>>,
) -> Vec<(Entry, Declared<'a>)> {
    let mut entries: Vec<(Entry, Declared<'a>)> = Vec::new();
    let mut written: BTreeMap<(Span, Option<&Email>), usize> = BTreeMap::new();
    for fact in declared {
        let name = (fact.place(), fact.user());
        let known = written.get(&name).and_then(|index| entries.get_mut(*index));
        match (known.map(|(entry, _)| entry), fact) {
            (Some(Entry::TeamRole(known, projects, _)), Declared::TeamRole(team, project, _)) if known == team => {
                projects.extend(key(desired, project));
            }
            (Some(Entry::Grant(_, projects, _)), Declared::Grant(_, project, _)) => {
                projects.extend(key(desired, project));
            }
            (Some(_) | None, _) => {
                written.insert(name, entries.len());
                entries.push((fact.entry(desired), fact));
            }
        }
    }
    entries
}

/// How a project is called; facts are on declared projects only.
fn key(desired: &Desired, project: ProjectId) -> Option<ProjectKey> {
    desired.projects.get(&project).map(|found| found.key.clone())
}

/// What is declared of a blocked user all the same, and has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// The address that the `blocked` entry names, or another one of the same person.
    pub user: Email,
    /// Where the person is blocked.
    pub blocked: Span,
    /// What is overridden.
    pub entry: Entry,
    /// Where that is declared.
    pub place: Span,
}

/// What the `blocked` entries of `desired` override, by user and place.
pub fn overrides(desired: &Desired, in_force: &InForce<'_>) -> Vec<Override> {
    if desired.blocked.is_empty() {
        return Vec::new();
    }
    let blocked = |fact: &Declared<'_>| fact.user().and_then(|user| in_force.blocked(user));
    let mut found: Vec<Override> = entries(desired, Declared::all(desired).filter(|fact| blocked(fact).is_some()))
        .into_iter()
        .filter_map(|(entry, fact)| {
            Some(Override { user: fact.user()?.clone(), blocked: blocked(&fact)?, entry, place: fact.place() })
        })
        .collect();
    found.sort_by(|a, b| (&a.user, a.place, &a.entry).cmp(&(&b.user, b.place, &b.entry)));
    found
}
