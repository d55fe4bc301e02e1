//! Several edits in one durable transaction, and those that are no [`Change`]: what happens to a store because somebody
//! outside does something, such as a person who accepts an invitation.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::edit::{self, Refusal};
use super::store::{explained, failed};
use crate::backend::BackendError;
use crate::change::{Change, Misfit};
use crate::model::{Email, TeamName};

/// An open transaction on a store. What is done to it is kept when the whole batch succeeds, and is gone otherwise.
#[derive(Debug)]
pub struct Batch<'s> {
    pub(super) sql: &'s Connection,
    pub(super) path: &'s Path,
    pub(super) now: Timestamp,
}

impl Batch<'_> {
    /// Performs one change, exactly as [`crate::model::State::perform`] does.
    ///
    /// # Errors
    /// [`BackendError::Misfit`] when the change does not fit; else when the file cannot be written.
    pub fn perform(&self, change: &Change) -> Result<(), BackendError> {
        edit::perform(self.sql, change, self.now).map_err(|refusal| match refusal {
            Refusal::Misfit(misfit) => misfit.into(),
            Refusal::Sql(error) => self.failed(error),
        })
    }

    /// Makes an invited user one who has joined; the role, memberships and grants stay.
    ///
    /// # Errors
    /// [`BackendError::Misfit`] when nobody with this address is invited; else when the file cannot be written.
    pub fn join(&self, user: &Email) -> Result<(), BackendError> {
        self.update_invitation(
            user,
            "UPDATE users SET status = 'active', invited_at = ?2 WHERE email = ?1 AND status = 'invited'",
            None,
        )
    }

    /// Notes that the invitation of a user was sent again at the moment of the batch.
    ///
    /// # Errors
    /// As [`Batch::join`].
    pub fn resend(&self, user: &Email) -> Result<(), BackendError> {
        self.update_invitation(
            user,
            "UPDATE users SET invited_at = ?2 WHERE email = ?1 AND status = 'invited'",
            Some(self.now.to_string()),
        )
    }

    /// The number of a user's row; none is ever given twice.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn user_number(&self, user: &Email) -> Result<Option<u64>, BackendError> {
        self.number("SELECT id FROM users WHERE email = ?1", user)
    }

    /// The id of a team.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn team_number(&self, team: &TeamName) -> Result<Option<u64>, BackendError> {
        self.number("SELECT id FROM teams WHERE name = ?1", team)
    }

    fn update_invitation(&self, user: &Email, statement: &str, at: Option<String>) -> Result<(), BackendError> {
        let update = || self.sql.prepare_cached(statement)?.execute(params![user.as_str(), at]);
        match update().map_err(|error| self.failed(error))? {
            0 => Err(Misfit::Missing(format!("an invitation of `{user}`")).into()),
            _ => Ok(()),
        }
    }

    fn number(&self, query: &str, name: &str) -> Result<Option<u64>, BackendError> {
        let find = || self.sql.prepare_cached(query)?.query_row([name], |row| row.get::<_, i64>(0)).optional();
        let found = find().map_err(|error| self.failed(error))?;
        Ok(found.and_then(|number| u64::try_from(number).ok()))
    }

    fn failed(&self, error: rusqlite::Error) -> BackendError {
        failed("change", self.path, explained(error))
    }
}
