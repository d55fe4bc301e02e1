//! What arrives, in the server's own types.
//!
//! They are written from the dossier (sections 3 and 3.10) and shared with nobody: were the client's reading of a form
//! wrong, its requests would not be understood here. Every key is required unless the dossier calls it optional, and no
//! other key is taken.

use std::fmt;

use serde::de::{DeserializeOwned, Deserializer, Visitor};
use serde::{Deserialize, de};

use super::answer::Refusal;
use crate::model::Email;

/// Reads a body.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Malformed(format!("malformed body: {error}")))
}

/// Reads an address.
pub(super) fn email(text: &str) -> Result<Email, Refusal> {
    Email::new(text).map_err(|problem| Refusal::Malformed(format!("{text:?} is no e-mail address: {problem}")))
}

/// An id in a body: a number, or a text that the service stumbles over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Id(Option<u64>);

impl Id {
    /// The number.
    pub(super) fn number(self) -> Result<u64, Refusal> {
        self.0.ok_or(Refusal::TextId)
    }
}

/// The numbers of several ids.
pub(super) fn numbers(ids: &[Id]) -> Result<Vec<u64>, Refusal> {
    ids.iter().map(|id| id.number()).collect()
}

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;
        impl Visitor<'_> for IdVisitor {
            type Value = Id;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id: a whole number")
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(Some(number)))
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Id, E> {
                Ok(Id(None))
            }
        }
        deserializer.deserialize_any(IdVisitor)
    }
}

/// Row 14: grants of users on projects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddUsersToProjects {
    pub(super) projects: Vec<ProjectUsers<UserRole>>,
}

/// P8: grants to withdraw.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteUsersFromProjects {
    pub(super) projects: Vec<ProjectUsers<UserEmail>>,
}

/// A project and users of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectUsers<U> {
    pub(super) id: Id,
    pub(super) users: Vec<U>,
}

/// A user and a role.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserRole {
    pub(super) email: String,
    pub(super) role: String,
}

/// A user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserEmail {
    pub(super) email: String,
}

/// Row 17: roles of teams on projects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddProjectsToTeams {
    pub(super) teams: Vec<TeamProjects>,
    #[serde(default)]
    pub(super) add_default_projects: bool,
}

/// A team and its roles.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamProjects {
    pub(super) id: Id,
    pub(super) projects: Vec<ProjectRoleOf>,
}

/// A project and a role on it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectRoleOf {
    pub(super) id: Id,
    pub(super) role: String,
}

/// Row 18: teams to make.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddTeams {
    #[serde(rename = "teamNames")]
    pub(super) names: Vec<String>,
}

/// Row 19: the new name of a team.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateTeam {
    pub(super) name: String,
}

/// Row 20: teams to delete.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeleteTeams {
    #[serde(rename = "teamIds")]
    pub(super) ids: Vec<Id>,
}

/// Rows 21 and P10: projects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProjectIds {
    #[serde(rename = "projectIds")]
    pub(super) ids: Vec<Id>,
}

/// P1: people to invite.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddUsers {
    pub(super) users: Vec<Invitee>,
}

/// A person to invite, with what they get.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Invitee {
    pub(super) email: String,
    pub(super) role: String,
    #[serde(default)]
    pub(super) projects: Vec<ProjectRoleOf>,
    #[serde(default)]
    pub(super) teams: Vec<TeamOf>,
}

/// A team.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamOf {
    pub(super) id: Id,
}

/// P3 and P5: addresses.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Emails {
    pub(super) emails: Vec<String>,
}

/// P6: the new org role of a user.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateUser {
    pub(super) role: String,
}

/// P7 and P12: users.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UserIds {
    #[serde(rename = "userIds")]
    pub(super) ids: Vec<Id>,
}

/// P9: default roles of projects.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddDefaultAccess {
    pub(super) projects: Vec<ProjectRoleOf>,
}

/// P11: members of teams.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddUsersToTeams {
    pub(super) teams: Vec<TeamUsers>,
}

/// A team and users of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamUsers {
    pub(super) id: Id,
    pub(super) users: Vec<UserEmail>,
}
