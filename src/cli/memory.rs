//! The file of `drift --state`: what was told, for the next run.

use std::fs;
use std::io;
use std::path::Path;

use super::error::{CommandError, Kind};
use super::live::is_stdout;
use crate::draft;
use crate::drift::Memory;

/// Reads the memory at `path`; one that is not there is that of a first run.
///
/// # Errors
/// When it cannot be read, is something else, or could not be written to later. It is never taken for an empty one: what
/// was told long ago would be told as new.
pub(crate) fn load(path: &Path) -> Result<Memory, CommandError> {
    check(path, "--state")?;
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Memory::default()),
        Err(error) => {
            let error = anyhow::Error::new(error).context(format!("cannot read the state `{}`", path.display()));
            return Err(CommandError { kind: Kind::Failure, error, hints: Vec::new() });
        }
    };
    Memory::read(&text).map_err(|problem| {
        let error = anyhow::Error::new(problem).context(format!("`{}` is no state of drift", path.display()));
        CommandError { kind: Kind::Failure, error, hints: Vec::new() }
            .hint("name another file, or restore it; if you move it away, everything is told as new once")
    })
}

/// Replaces the memory at `path`.
pub(crate) fn save(path: &Path, memory: &Memory) -> Result<(), CommandError> {
    draft::replace(path, |out| memory.write(out)).map_err(|error| {
        let error = anyhow::Error::new(error).context(format!("cannot save the state to `{}`", path.display()));
        CommandError { kind: Kind::Failure, error, hints: Vec::new() }.hint("the next run tells the same again")
    })
}

/// Refuses what cannot become a file, before anything is asked of a service.
pub(crate) fn check(path: &Path, option: &str) -> Result<(), CommandError> {
    if is_stdout(path) {
        return Err(CommandError::usage(format!(
            "`{option} -` is no file, and standard output has the result already"
        )));
    }
    if path.is_dir() {
        return Err(CommandError::usage(format!("`{option} {}` is a folder; name a file", path.display())));
    }
    let folder = draft::folder_of(path);
    if !fs::metadata(folder).is_ok_and(|found| found.is_dir()) {
        return Err(CommandError::usage(format!("there is no folder `{}` for `{option}`", folder.display())));
    }
    Ok(())
}
