//! The file of `--metrics`.

use std::io::{self, Write};
use std::path::Path;

use super::error::{CommandError, Kind};
use crate::draft;

/// Replaces the file at `path` by what `write` writes, whole or not at all.
pub(crate) fn save(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), CommandError> {
    draft::replace(path, write).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot write the metrics `{}`", path.display()));
        CommandError { kind: Kind::Failure, error, hints: Vec::new() }
    })
}
