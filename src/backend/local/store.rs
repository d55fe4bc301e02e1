//! The file of a local store: making it, opening it, and what may go wrong with it.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use tempfile::TempPath;

use super::batch::Batch;
use super::{beside, lock, tables};
use crate::backend::{BackendError, Snapshot};
use crate::change::Change;
use crate::draft::{folder_of, sync_folder};
use crate::model::Interner;

/// Marks the file as ours: "actl" in ASCII, where SQLite has a place for it.
const APPLICATION_ID: i64 = 0x6163_746c;

/// The version of the tables.
const VERSION: i64 = 1;

/// How long another program may hold the file, such as somebody's database shell, before that is an error.
const PATIENCE: Duration = Duration::from_secs(5);

/// How much memory making a store may use, in negative KiB as SQLite has it: a draft's pages are written once each then.
const DRAFT_CACHE: i64 = -(64 << 10);

/// How many compiled statements are kept: all that changes need.
const STATEMENTS: usize = 64;

/// An open local store.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// Makes the store at `path` with what `snapshot` has. The file appears whole or not at all.
    ///
    /// # Errors
    /// When there is something at `path` already, or the store cannot be written.
    pub fn create(path: &Path, snapshot: &Snapshot) -> Result<Self, BackendError> {
        let _lock = lock(path)?;
        Self::build(path, snapshot)
    }

    /// Makes the store; the caller has locked it.
    pub(super) fn build(path: &Path, snapshot: &Snapshot) -> Result<Self, BackendError> {
        let problems = snapshot.state.problems();
        if !problems.is_empty() {
            let what = format!("what local store `{}` is to be made from", path.display());
            return Err(BackendError::Unsound { what, problem: problems.join("; ") });
        }
        build_file(path, snapshot).map_err(|source| failed("make", path, source))?;
        Self::open(path)
    }

    /// Opens the store at `path` to read and change it. It does not take the lock that
    /// [`LocalWriter`](super::LocalWriter) holds.
    ///
    /// # Errors
    /// When it cannot be opened, is no store, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, BackendError> {
        Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_WRITE, false)
    }

    /// Opens the store at `path` to read it only. The file is not altered.
    ///
    /// # Errors
    /// When it cannot be opened, is no store, or was written by a newer version.
    pub fn open_read_only(path: &Path) -> Result<Self, BackendError> {
        let refused = match Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY, false) {
            Ok(store) => return Ok(store),
            Err(error) => error,
        };
        // A reader keeps a small index beside the store, which a folder without write right does not take. A store
        // without a log is complete in its one file, and nobody without that right can start a log meanwhile.
        let log_is_empty = std::fs::metadata(beside(path, "-wal")).map_or(true, |log| log.len() == 0);
        if log_is_empty && lacks_write_right(&refused) {
            Self::open_with(path, OpenFlags::SQLITE_OPEN_READ_ONLY, true).map_err(|_| refused)
        } else {
            Err(refused)
        }
    }

    fn open_with(path: &Path, flags: OpenFlags, immutable: bool) -> Result<Self, BackendError> {
        let failed = |source| failed("open", path, source);
        // The system says why a file cannot be opened; SQLite only says that it cannot.
        File::open(path).map_err(|error| failed(error.into()))?;
        let connect = || -> rusqlite::Result<(Connection, i64, i64)> {
            let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let connection = if immutable {
                Connection::open_with_flags(file_uri(path), flags | OpenFlags::SQLITE_OPEN_URI)?
            } else {
                Connection::open_with_flags(plain(path), flags)?
            };
            configure(&connection)?;
            let application = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
            let version = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            Ok((connection, application, version))
        };
        let (connection, application, version) = connect().map_err(|error| failed(explained(error)))?;
        if application != APPLICATION_ID {
            return Err(failed("it is a database of something else, not a local store".into()));
        }
        if version != VERSION {
            return Err(failed(
                format!(
                    "it has version {version} and this accessctl knows version {VERSION}; \
                     use the accessctl that wrote it, or a newer one"
                )
                .into(),
            ));
        }
        Ok(Self { connection, path: path.to_owned() })
    }

    /// Reads everything at one moment, sharing names with `names`.
    ///
    /// # Errors
    /// When the file cannot be read, or an edit by hand has left it incomplete.
    pub fn fetch(&mut self, now: Timestamp, names: &mut Interner) -> Result<Snapshot, BackendError> {
        let what = format!("local store `{}`", self.path.display());
        let failed = |error: rusqlite::Error| failed("read", &self.path, explained(error));
        // One transaction sees one moment, whoever writes meanwhile.
        let transaction = self.connection.transaction().map_err(failed)?;
        let assembly = tables::read(&transaction, names).map_err(failed)?;
        drop(transaction);
        let (state, team_ids) = assembly.finish(&what)?;
        Ok(Snapshot { taken_at: now, state, team_ids, acting: None, applied: None })
    }

    /// Performs one change in one durable transaction, exactly as [`crate::model::State::perform`] does.
    ///
    /// # Errors
    /// [`BackendError::Misfit`] when the change does not fit; else when the file cannot be written. Nothing was altered
    /// then.
    pub fn perform(&mut self, change: &Change, now: Timestamp) -> Result<(), BackendError> {
        self.batch(now, |batch| batch.perform(change))
    }

    /// Does all of `edits` in one durable transaction, or nothing of it when it returns an error.
    ///
    /// # Errors
    /// Whatever `edits` returns; else when the file cannot be written.
    pub fn batch<T>(
        &mut self,
        now: Timestamp,
        edits: impl FnOnce(&Batch<'_>) -> Result<T, BackendError>,
    ) -> Result<T, BackendError> {
        let failed = |error: rusqlite::Error| failed("change", &self.path, explained(error));
        // Taking the write lock at once: what an edit was checked against stays true until it is committed.
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
        // Dropping the transaction rolls it back.
        let result = edits(&Batch { sql: &transaction, path: &self.path, now })?;
        transaction.commit().map_err(failed)?;
        Ok(result)
    }

    /// The number of each user's row, by address. A number is never given twice and stays with the row.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn user_numbers(&self) -> Result<Vec<(String, u64)>, BackendError> {
        let read = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self.connection.prepare_cached("SELECT email, id FROM users ORDER BY email")?;
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
            rows.map(|row| row.map(|(email, id)| (email, u64::try_from(id).unwrap_or_default()))).collect()
        };
        read().map_err(|error| failed("read", &self.path, explained(error)))
    }

    /// A number that differs from what it was when somebody else has changed the file in between.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn version(&self) -> Result<i64, BackendError> {
        let read = || self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0));
        read().map_err(|error| failed("read", &self.path, explained(error)))
    }
}

/// Builds the file under another name and gives it its name when it is complete and on disk.
fn build_file(path: &Path, snapshot: &Snapshot) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let folder = folder_of(path);
    let draft = beside(path, ".new");
    // The store is locked and does not exist, so these are left over: a draft of a killed run, or the log of a store
    // that somebody removed. SQLite would play that log into the new file.
    let mut leftovers = vec![draft.clone()];
    for name in ["-wal", "-shm", "-journal"] {
        leftovers.push(beside(&draft, name));
        leftovers.push(beside(path, name));
    }
    if path.symlink_metadata().is_ok() {
        return Err(io::Error::from(io::ErrorKind::AlreadyExists).into());
    }
    for leftover in leftovers {
        match std::fs::remove_file(leftover) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    sync_folder(folder)?;

    File::create_new(&draft)?;
    // From here on an error removes the draft.
    let draft = TempPath::try_from_path(draft)?;
    let mut connection = Connection::open_with_flags(
        plain(&draft),
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    // The draft is nobody's state yet, so it needs no journal; it is synchronized once, below. The state was found
    // closed, so looking every row's references up again would only take time.
    connection.pragma_update(None, "journal_mode", "OFF")?;
    connection.pragma_update(None, "synchronous", "OFF")?;
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "cache_size", DRAFT_CACHE)?;
    let transaction = connection.transaction()?;
    tables::write(&transaction, snapshot)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    transaction.commit()?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.close().map_err(|(_, error)| error)?;
    File::open(&draft)?.sync_all()?;
    draft.persist_noclobber(path).map_err(|error| error.error)?;
    sync_folder(folder)?;
    Ok(())
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "foreign_keys", true)?;
    // A change is acknowledged when its log record is on disk, not when it is on its way there.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // A damaged file must be an error and not a strange answer.
    connection.pragma_update(None, "cell_size_check", true)
}

pub(super) fn failed(doing: &str, path: &Path, source: Box<dyn std::error::Error + Send + Sync>) -> BackendError {
    BackendError::Failed { doing: format!("cannot {doing} local store `{}`", path.display()), source }
}

/// Says what to do where the words of SQLite do not.
pub(super) fn explained(error: rusqlite::Error) -> Box<dyn std::error::Error + Send + Sync> {
    let advice = if is(&error, ErrorCode::NotADatabase) {
        "it is no local store, or damaged"
    } else if is(&error, ErrorCode::DatabaseCorrupt) {
        "it is damaged; put a copy in its place, or remove it to start again from the seed"
    } else if is(&error, ErrorCode::DatabaseBusy) {
        "another program is writing to it; end that and run again"
    } else {
        return error.into();
    };
    format!("{advice} ({error})").into()
}

fn is(error: &rusqlite::Error, code: ErrorCode) -> bool {
    error.sqlite_error_code() == Some(code)
}

fn lacks_write_right(error: &BackendError) -> bool {
    let BackendError::Failed { source, .. } = error else { return false };
    source
        .downcast_ref::<rusqlite::Error>()
        .is_some_and(|error| is(error, ErrorCode::CannotOpen) || is(error, ErrorCode::ReadOnly))
}

/// A path that SQLite takes for a path, even if it starts with `file:`.
fn plain(path: &Path) -> PathBuf {
    // Joining to an absolute path leaves it as it is.
    Path::new(".").join(path)
}

/// The address of an unchanging file, with what has a meaning in addresses escaped.
fn file_uri(path: &Path) -> String {
    let mut uri = String::from("file:");
    for char in path.to_string_lossy().chars() {
        match char {
            '?' | '#' | '%' => uri.push_str(&format!("%{:02x}", u32::from(char))),
            _ => uri.push(char),
        }
    }
    uri.push_str("?immutable=1");
    uri
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OrgId, Organization, State, TeamName};

    #[test]
    fn another_program_that_writes_is_named_as_the_cause() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let state = State::empty(Organization { id: OrgId::new(7).unwrap(), name: "Acme".to_owned() });
        let snapshot = Snapshot {
            taken_at: Timestamp::UNIX_EPOCH,
            state,
            team_ids: Default::default(),
            acting: None,
            applied: None,
        };
        let mut store = Store::create(&path, &snapshot).unwrap();
        store.connection.busy_timeout(Duration::ZERO).unwrap();
        let other = Connection::open(&path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let change = Change::CreateTeam { team: TeamName::new("Ops").unwrap() };
        let error = store.perform(&change, Timestamp::UNIX_EPOCH).unwrap_err();
        let BackendError::Failed { source, .. } = error else { panic!("{error:?}") };
        assert_eq!(source.to_string(), "another program is writing to it; end that and run again (database is locked)");
        // Reading goes on meanwhile.
        assert_eq!(store.fetch(Timestamp::UNIX_EPOCH, &mut Interner::default()).unwrap(), snapshot);
        other.execute_batch("COMMIT").unwrap();
        store.perform(&change, Timestamp::UNIX_EPOCH).unwrap();
    }

    #[test]
    fn a_full_disk_is_an_error_and_alters_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = State::empty(Organization { id: OrgId::new(7).unwrap(), name: "Acme".to_owned() });
        let snapshot = Snapshot {
            taken_at: Timestamp::UNIX_EPOCH,
            state: state.clone(),
            team_ids: Default::default(),
            acting: None,
            applied: None,
        };
        let mut store = Store::create(&folder.path().join("store.db"), &snapshot).unwrap();
        // A limit on the size of the file is to SQLite what the end of the disk is.
        let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        store.connection.pragma_update(None, "max_page_count", pages + 1).unwrap();
        let error = loop {
            let team = TeamName::new(&format!("{:0900}", state.teams.len())).unwrap();
            let change = Change::CreateTeam { team };
            match store.perform(&change, Timestamp::UNIX_EPOCH) {
                Ok(()) => state.perform(&change, Timestamp::UNIX_EPOCH).unwrap(),
                Err(error) => break error,
            }
        };
        let BackendError::Failed { doing, source } = error else { panic!("{error:?}") };
        assert!(doing.starts_with("cannot change local store `"), "{doing}");
        assert_eq!(source.to_string(), "database or disk is full");
        assert!(!state.teams.is_empty());
        let live = store.fetch(Timestamp::UNIX_EPOCH, &mut Interner::default()).unwrap();
        assert_eq!(live.state, state);
    }

    #[test]
    fn an_unchanging_store_is_read_under_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("50%25 of #1? é.db");
        let state = State::empty(Organization { id: OrgId::new(7).unwrap(), name: "Acme".to_owned() });
        let snapshot = Snapshot {
            taken_at: Timestamp::UNIX_EPOCH,
            state,
            team_ids: Default::default(),
            acting: None,
            applied: None,
        };
        drop(Store::create(&path, &snapshot).unwrap());
        let mut store = Store::open_with(&path, OpenFlags::SQLITE_OPEN_READ_ONLY, true).unwrap();
        assert_eq!(store.fetch(Timestamp::UNIX_EPOCH, &mut Interner::default()).unwrap(), snapshot);
        // Reading so leaves nothing beside the store but the lock of its making.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    }
}
