//! What the service knows of people beside their access: names that came by SCIM, and who is suspended. The local store
//! has no place for these, so they are kept in a small database beside it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use crate::backend::BackendError;
use crate::model::Email;

/// What is known of one person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(in crate::serve) struct Person {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) display_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) given_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) family_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) external_id: Option<String>,
    /// Suspended by SCIM (`active: false`).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::serve) suspended: bool,
}

/// Everybody of whom something is known.
#[derive(Debug)]
pub(super) struct People {
    path: PathBuf,
    /// Made when there is something to keep.
    file: Option<Connection>,
    known: BTreeMap<Email, Person>,
}

impl People {
    /// Reads what is kept beside the store at `state`.
    pub(super) fn open(state: &Path) -> Result<Self, BackendError> {
        let mut name = state.as_os_str().to_owned();
        name.push(".people");
        let mut people = Self { path: PathBuf::from(name), file: None, known: BTreeMap::new() };
        if people.path.exists() {
            people.read().map_err(|source| people.failed("read", source))?;
        }
        Ok(people)
    }

    pub(super) fn get(&self, user: &Email) -> Person {
        self.known.get(user).cloned().unwrap_or_default()
    }

    /// Keeps what is known of a person, on disk when this returns.
    pub(super) fn set(&mut self, user: &Email, person: Person) -> Result<(), BackendError> {
        if person == Person::default() {
            return self.forget(user);
        }
        let write = |people: &mut Self| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            let text = serde_json::to_string(&person)?;
            let statement = "INSERT INTO people (email, person) VALUES (?1, ?2)
                ON CONFLICT DO UPDATE SET person = excluded.person";
            people.connection()?.execute(statement, params![user.as_str(), text])?;
            Ok(())
        };
        write(self).map_err(|source| self.failed("write", source))?;
        self.known.insert(user.clone(), person);
        Ok(())
    }

    /// Forgets a person.
    pub(super) fn forget(&mut self, user: &Email) -> Result<(), BackendError> {
        if self.known.remove(user).is_none() {
            return Ok(());
        }
        let delete =
            |people: &mut Self| people.connection()?.execute("DELETE FROM people WHERE email = ?1", [user.as_str()]);
        delete(self).map_err(|source| self.failed("write", source.into()))?;
        Ok(())
    }

    fn read(&mut self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let mut known = BTreeMap::new();
        {
            let mut statement = self.connection()?.prepare("SELECT email, person FROM people")?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let (email, person): (String, String) = (row.get(0)?, row.get(1)?);
                known.insert(Email::new(&email)?, serde_json::from_str(&person)?);
            }
        }
        self.known = known;
        Ok(())
    }

    fn connection(&mut self) -> rusqlite::Result<&Connection> {
        let connection = match self.file.take() {
            Some(connection) => connection,
            None => {
                // Joined to an absolute path, a name that starts with `file:` is not taken for an address.
                let connection = Connection::open(Path::new(".").join(&self.path))?;
                connection.pragma_update(None, "journal_mode", "WAL")?;
                connection.pragma_update(None, "synchronous", "FULL")?;
                connection.execute_batch(
                    "CREATE TABLE IF NOT EXISTS people (email TEXT PRIMARY KEY, person TEXT NOT NULL) STRICT",
                )?;
                connection
            }
        };
        Ok(self.file.insert(connection))
    }

    fn failed(&self, doing: &str, source: Box<dyn std::error::Error + Send + Sync>) -> BackendError {
        BackendError::Failed { doing: format!("cannot {doing} `{}`", self.path.display()), source }
    }
}
