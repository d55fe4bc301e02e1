//! Files that are replaced whole or not at all.
//!
//! Whoever reads one sees what was there before or everything that is there now, whatever happens in between: a full
//! disk, a killed process, a power cut.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// How the names of drafts begin. Nothing that begins with a full stop is read as configuration.
const PREFIX: &str = ".accessctl-";

/// Writes the file `path` with what `write` writes, replacing what is there. What is no ordinary file, such as a device
/// or a pipe, is written to and stays.
///
/// # Errors
/// When it cannot be written, or `write` fails; what was there is there still.
pub(crate) fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()) {
        let mut out = buffered(OpenOptions::new().write(true).open(path)?);
        return write(&mut out).and_then(|()| out.flush());
    }
    Draft::new(path, write)?.finish()
}

/// What a file is going to hold, beside it on disk: several can be made before the first of them takes its place.
#[derive(Debug)]
pub(crate) struct Draft {
    file: tempfile::NamedTempFile,
    path: PathBuf,
}

impl Draft {
    /// Makes one for `path` with what `write` writes.
    ///
    /// # Errors
    /// When it cannot be written, or `write` fails; nothing of it is left then.
    pub(crate) fn new(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<Self> {
        Self::named(PREFIX, path, write)
    }

    /// The same with a name of its own, which begins with `prefix`: whoever knows that nobody else makes such drafts in the
    /// folder can take away those that a killed process left.
    pub(crate) fn named(
        prefix: &str,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<Self> {
        let mut out = buffered(create(prefix, folder_of(path))?);
        write(&mut out)?;
        let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Gives it the rights of the file that it is going to replace, and its owner as far as that is allowed.
    ///
    /// # Errors
    /// When the rights cannot be set.
    pub(crate) fn take_after(&self, found: &fs::Metadata) -> io::Result<()> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            // Only root may give files away; anybody else is the owner of what she writes.
            let _ = std::os::unix::fs::chown(self.file.path(), Some(found.uid()), Some(found.gid()));
        }
        fs::set_permissions(self.file.path(), found.permissions())
    }

    /// Lets it take the place of the file.
    ///
    /// # Errors
    /// When that is not possible; what was there is there still.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.file.persist(&self.path).map_err(|error| error.error)?;
        sync_folder(folder_of(&self.path))
    }
}

fn buffered<W: Write>(out: W) -> BufWriter<W> {
    BufWriter::with_capacity(1 << 16, out)
}

/// Makes a file under a name of its own, with the rights that the user gives to new files.
fn create(prefix: &str, folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.prefix(prefix).tempfile_in(folder)
}

/// The folder that a file is in; the working directory for a bare name.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    }
}

/// Makes names that were added to or removed from a folder survive a power cut.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Only Unix lets a folder be opened like a file; elsewhere the file system orders renames itself.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_there_stays_when_writing_fails_in_the_middle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        replace(&path, |out| out.write_all(b"old")).unwrap();
        let failed = replace(&path, |out| {
            out.write_all(&[b'x'; 1 << 17])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        replace(&path, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }
}
