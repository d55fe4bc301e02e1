//! The snapshot: one organization's access in one self-describing document, `accessctl.snapshot/1`.
//!
//! `accessctl snapshot` writes it, `--live` and the local store's `seed` read it. It is JSON; a seed may be the same
//! document as YAML. The types of the document live here and nowhere else, so that the form promised to users and the
//! types of the program can change apart. Reading is strict and whole: a document with anything unexpected is an
//! error, never a smaller organization.

mod wire;

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use self::wire::{schema, write};
use super::{BackendError, LiveReader, Snapshot};
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
    if std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let mut out = BufWriter::with_capacity(1 << 16, OpenOptions::new().write(true).open(path).map_err(failed)?);
        return write(snapshot, &mut out).and_then(|()| out.flush()).map_err(failed);
    }
    let folder = folder_of(path);
    let file = create_draft(folder).map_err(failed)?;
    let mut buffer = BufWriter::with_capacity(1 << 16, file);
    write(snapshot, &mut buffer).map_err(failed)?;
    let file = buffer.into_inner().map_err(|error| failed(error.into_error()))?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    sync_folder(folder).map_err(failed)
}

/// Makes a file under a name of its own, with the rights that the user gives to new files.
fn create_draft(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(".snapshot-").tempfile_in(folder)
}

/// The folder that a file is in; the working directory for a bare name.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// Makes names that were added to or removed from a folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Only Unix lets a folder be opened like a file; elsewhere the file system orders renames itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}
