//! The file of `drift --state`: what was told, for the next run.
//!
//! Several runs may share one, each with other organizations: each replaces what it looked at, under a lock.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::context::Context;
use super::error::{CommandError, Kind};
use super::live::is_stdout;
use crate::draft;
use crate::drift::{Memory, Remembered};
use crate::model::OrgId;

/// How often a lock that another process has is tried again, and how many times: it is held while a file is written.
const RETRY: Duration = Duration::from_millis(100);
const TRIES: u32 = 600;
/// More links than this lead in a circle.
const MOST_LINKS: usize = 40;

/// Where the memory at `path` lies: a link is not replaced, but what it leads to.
pub(crate) fn find(path: &Path) -> PathBuf {
    let mut found = path.to_owned();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&found) {
            Ok(target) => found = draft::folder_of(&found).join(target),
            Err(_) => return found,
        }
    }
    path.to_owned()
}

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

/// Replaces in the memory at `path` what there is of these organizations. What other runs have saved meanwhile stays.
///
/// # Errors
/// When it cannot be locked, read again, or replaced.
pub(crate) fn save(
    context: &Context<'_>,
    path: &Path,
    found: impl IntoIterator<Item = (OrgId, Remembered)>,
) -> Result<(), CommandError> {
    let _lock = lock(context, path)?;
    let mut memory = load(path)?;
    memory.orgs.extend(found);
    draft::replace(path, |out| memory.write(out)).map_err(|error| unsaved(path, error))
}

/// Locks the memory at `path` by a file beside it, which stays: removing it would let two runs lock two files.
fn lock(context: &Context<'_>, path: &Path) -> Result<File, CommandError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(PathBuf::from(name));
    let file = file.map_err(|error| unsaved(path, error))?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => context.sleep(RETRY)?,
            Err(TryLockError::Error(error)) => return Err(unsaved(path, error)),
        }
    }
    Err(unsaved(path, io::Error::other("another run has locked it for a minute")))
}

fn unsaved(path: &Path, error: io::Error) -> CommandError {
    let error = anyhow::Error::new(error).context(format!("cannot save the state to `{}`", path.display()));
    CommandError { kind: Kind::Failure, error, hints: Vec::new() }.hint("the next run tells the same again")
}

/// Refuses files of which the one would replace the other. What is no ordinary file, such as a device, may be two at once.
///
/// # Errors
/// Which options name the same file.
pub(crate) fn check_apart(files: &[(&str, Option<&Path>)]) -> Result<(), CommandError> {
    let mut known: Vec<(&str, PathBuf)> = Vec::new();
    for (option, path) in files.iter().filter_map(|(option, path)| Some((*option, (*path)?))) {
        let found = find(path);
        if fs::metadata(&found).is_ok_and(|found| !found.is_file()) {
            continue;
        }
        let folder = fs::canonicalize(draft::folder_of(&found));
        let place = folder.ok().zip(found.file_name()).map_or(found.clone(), |(folder, name)| folder.join(name));
        if let Some((other, _)) = known.iter().find(|(_, known)| *known == place) {
            let file = path.display();
            let message = format!("`{other}` and `{option}` name the same file, `{file}`: one would replace the other");
            return Err(CommandError::usage(message));
        }
        known.push((option, place));
    }
    Ok(())
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
