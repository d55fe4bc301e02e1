//! The snapshot: one organization's access in one self-describing document, `accessctl.snapshot/1`.
//!
//! `accessctl snapshot` writes it, `--live` and the local store's `seed` read it. It is JSON; a seed may be the same
//! document as YAML. The types of the document live here and nowhere else, so that the form promised to users and the
//! types of the program can change apart. Reading is strict and whole: a document with anything unexpected is an
//! error, never a smaller organization.

mod document;
mod wire;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use self::document::schema;
pub use self::wire::write;
use super::{BackendError, LiveReader, Snapshot};
use crate::draft;
use crate::model::Interner;

/// The name and version of the form.
pub const FORMAT: &str = "accessctl.snapshot/1";

/// The largest file that is read. An organization of a million users needs about a quarter of it.
const LARGEST: u64 = 1 << 30;

/// A snapshot in a file, as a backend that can only be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotFile {
    /// Where the file is.
    pub path: PathBuf,
}

impl LiveReader for SnapshotFile {
    fn name(&self) -> &'static str {
        "snapshot"
    }

    fn fetch(&self, now: Timestamp, names: &mut Interner) -> Result<Snapshot, BackendError> {
        load(&self.path, now, names)
    }
}

/// Reads the snapshot in the file `path`: YAML where the name ends in `.yaml` or `.yml`, else JSON.
///
/// `now` is when it counts as taken if it does not say.
///
/// # Errors
/// When the file cannot be read, is larger than a gibibyte, or is not one whole organization.
pub fn load(path: &Path, now: Timestamp, names: &mut Interner) -> Result<Snapshot, BackendError> {
    let what = format!("snapshot `{}`", path.display());
    let failed =
        |source: io::Error| BackendError::Failed { doing: format!("cannot read {what}"), source: source.into() };
    let file = File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::with_capacity(usize::try_from(size.min(LARGEST)).unwrap_or(0));
    // The size is only what the file system says; a pipe says nothing and a file may grow.
    if size <= LARGEST {
        file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if size.max(bytes.len() as u64) > LARGEST {
        return Err(BackendError::Unsound { what, problem: format!("it has more than {LARGEST} bytes") });
    }
    let is_yaml =
        path.extension().is_some_and(|end| end.eq_ignore_ascii_case("yaml") || end.eq_ignore_ascii_case("yml"));
    if is_yaml { read_yaml(&bytes, &what, now, names) } else { read(&bytes, &what, now, names) }
}

/// Reads the snapshot in `bytes`, which are JSON. `what` names them in messages.
///
/// # Errors
/// When they are not one whole organization.
pub fn read(bytes: &[u8], what: &str, now: Timestamp, names: &mut Interner) -> Result<Snapshot, BackendError> {
    wire::read(bytes, wire::Syntax::Json, what, now, names)
}

/// Reads the snapshot in `bytes`, which are YAML. `what` names them in messages.
///
/// # Errors
/// When they are not one whole organization.
pub fn read_yaml(bytes: &[u8], what: &str, now: Timestamp, names: &mut Interner) -> Result<Snapshot, BackendError> {
    wire::read(bytes, wire::Syntax::Yaml, what, now, names)
}

/// Writes `snapshot` to the file `path`, whole or not at all, replacing what is there. What is no ordinary file, such as
/// a device or a pipe, is written to and stays.
///
/// # Errors
/// When the file cannot be written; what was there is there still.
pub fn save(path: &Path, snapshot: &Snapshot) -> Result<(), BackendError> {
    let failed = |source: io::Error| BackendError::Failed {
        doing: format!("cannot write snapshot `{}`", path.display()),
        source: source.into(),
    };
    draft::replace(path, |out| write(snapshot, out)).map_err(failed)
}
