//! The local backend: one organization in one SQLite file.
//!
//! It is the default for trying out, the reference meaning of every change, and the strict fake of the tests. A change
//! that was acknowledged survives `kill -9` and a power cut: the file is in WAL mode with full synchronization, and one
//! change is one transaction. Whoever plans holds a [`LocalReader`], which never writes: while there is no store, it
//! reads the seed that the store will be made from.

mod batch;
mod edit;
mod store;
mod tables;

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use self::batch::Batch;
pub use self::store::Store;
use super::{BackendError, LiveReader, LiveWriter, Snapshot, snapshot};
use crate::change::Change;
use crate::draft;
use crate::model::Interner;

/// Reads a local store, or the seed of one that does not exist yet. Creates and alters nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalReader {
    /// Where the store is.
    pub state: PathBuf,
    /// The snapshot that the store is made from.
    pub seed: Option<PathBuf>,
}

impl LiveReader for LocalReader {
    fn name(&self) -> &'static str {
        "local"
    }

    fn fetch(&self, now: Timestamp, names: &mut Interner) -> Result<Snapshot, BackendError> {
        if exists(&self.state)? {
            Store::open_read_only(&self.state)?.fetch(now, names)
        } else {
            load_seed(&self.state, self.seed.as_deref(), now, names)
        }
    }
}

/// Changes a local store. Holds its lock: there is at most one writer of a store at a time.
#[derive(Debug)]
pub struct LocalWriter {
    store: Store,
    /// Unlocked by the system when it is dropped, also when the process is killed.
    _lock: File,
}

impl LocalWriter {
    /// Opens the store at `state` for changes, and makes it from `seed` where it does not exist.
    ///
    /// # Errors
    /// [`BackendError::Busy`] while another writer has the store; else whatever cannot be read or made.
    pub fn open(state: &Path, seed: Option<&Path>, now: Timestamp) -> Result<Self, BackendError> {
        // The path is looked at before anything is made beside it: a folder or a missing seed leaves no trace.
        let seed_snapshot =
            if exists(state)? { None } else { Some(load_seed(state, seed, now, &mut Interner::default())?) };
        let lock = lock(state)?;
        let store = match seed_snapshot {
            // Another writer may have made the store since.
            Some(snapshot) if !exists(state)? => Store::build(state, &snapshot)?,
            Some(_) | None => Store::open(state)?,
        };
        Ok(Self { store, _lock: lock })
    }

    /// The store, to read it and to do several edits at once.
    pub fn store(&mut self) -> &mut Store {
        &mut self.store
    }
}

impl LiveWriter for LocalWriter {
    fn perform(&mut self, change: &Change, now: Timestamp) -> Result<(), BackendError> {
        self.store.perform(change, now)
    }
}

/// Whether there is something at `path`; an error if there is something that cannot be a store.
fn exists(path: &Path) -> Result<bool, BackendError> {
    let failed = |source: io::Error| BackendError::Failed {
        doing: format!("cannot read local store `{}`", path.display()),
        source: source.into(),
    };
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(true),
        Ok(_) => Err(failed(io::Error::other("it is not a file"))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

fn load_seed(
    state: &Path,
    seed: Option<&Path>,
    now: Timestamp,
    names: &mut Interner,
) -> Result<Snapshot, BackendError> {
    let Some(seed) = seed else {
        return Err(BackendError::Failed {
            doing: format!("cannot read local store `{}`", state.display()),
            source: "it does not exist, and no `seed` says what to make it from".into(),
        });
    };
    let mut snapshot = snapshot::load(seed, now, names)?;
    let unread = &mut snapshot.state.unread;
    if unread.hides_access() || !unread.people.is_empty() {
        return Err(BackendError::Unsound {
            what: format!("seed `{}`", seed.display()),
            problem: "it says under `unread` that teams, grants or people were not read, and a store knows everything \
                      that it holds; read it with an account that sees them, or take `unread` out of it if the store \
                      shall begin without them"
                .to_owned(),
        });
    }
    // In a store that begins now nobody is invited who is not among its users, and everybody gets an id.
    unread.invitations = false;
    unread.ids.clear();
    // What a seed says is so now, whenever it was written.
    Ok(Snapshot { taken_at: now, acting: None, applied: None, ..snapshot })
}

/// Locks the store at `state` by a file beside it, which stays: removing it would let two writers lock two files.
fn lock(state: &Path) -> Result<File, BackendError> {
    let path = beside(state, ".lock");
    let failed = |source: io::Error| BackendError::Failed {
        doing: format!("cannot lock local store with `{}`", path.display()),
        source: source.into(),
    };
    std::fs::create_dir_all(draft::folder_of(state)).map_err(failed)?;
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(BackendError::Busy(format!("local store `{}`", state.display()))),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The path of a file that belongs to the store at `path` and has `suffix` after its name.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
