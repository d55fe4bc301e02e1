//! The files of `drift --write`: which may be written, and writing them.

use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::configuration::Configuration;
use super::context::Context;
use super::error::{CommandError, Kind};
use crate::draft::{self, Draft};
use crate::load;
use crate::rewrite::{Places, Rewriting};
use crate::source::Sources;

/// How the names of drafts begin: no other command makes any with it.
const PREFIX: &str = ".accessctl-edit-";
/// How often a folder that another run has locked is tried again, and how many times: it is held while files are written.
const RETRY: Duration = Duration::from_millis(100);
const TRIES: u32 = 600;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The files at `path` that may be written: those of the loaded configuration at or below it, or one that it leads to and
/// that is not there yet.
///
/// # Errors
/// When that is none that the configuration has, or a next run would not load it.
pub(crate) fn places(path: &Path, loaded: &[PathBuf], configuration: &Configuration) -> Result<Places, CommandError> {
    let refuse = |why: &str| {
        CommandError::usage(format!("`--write {}` {why}", path.display()))
            .hint("name the folder of the configuration that may be edited, or a file in it")
    };
    if super::live::is_stdout(path) {
        return Err(refuse("is no file; `git diff` shows what was edited"));
    }
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return new_file(path, loaded, refuse),
        Err(error) => return Err(refuse(&format!("cannot be used: {error}"))),
    };
    let files = configuration.sources.files().iter().map(|file| file.path.clone());
    let is_below = |shown: &String| fs::canonicalize(shown).is_ok_and(|file| file.starts_with(&real));
    let files: BTreeSet<String> = files.filter(is_below).collect();
    if files.is_empty() {
        return Err(refuse("is not part of the configuration that was loaded"));
    }
    let new = files.first().filter(|_| real.is_file()).cloned();
    Ok(Places { files, new })
}

/// A file that is not there yet, in a folder that was loaded.
fn new_file(path: &Path, loaded: &[PathBuf], refuse: impl Fn(&str) -> CommandError) -> Result<Places, CommandError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !load::is_loaded(&name) {
        return Err(refuse("is not there, and is no name of a file of configuration (`NAME.yaml`)"));
    }
    let folder = draft::folder_of(path);
    let Ok(folder) = fs::canonicalize(folder) else { return Err(refuse("is in a folder that is not there")) };
    let holds = |root: &PathBuf| {
        let inside = fs::canonicalize(root).ok().filter(|_| root.is_dir());
        let inside = inside.and_then(|root| folder.strip_prefix(root).ok().map(Path::to_path_buf));
        inside.is_some_and(|inside| !inside.iter().any(|part| part.to_string_lossy().starts_with('.')))
    };
    if !loaded.iter().any(holds) {
        return Err(refuse("is not in a folder that was loaded"));
    }
    Ok(Places { new: Some(load::shown(path)), ..Places::default() })
}

/// Writes the new texts: all of them, or none. Nothing is written where one of the files is not any more what was read; of
/// several runs at once the first one wins, and for the others it is so. A run that is killed leaves each file whole.
///
/// # Errors
/// When a file cannot be read or written, or was changed meanwhile.
pub(crate) fn save(context: &Context<'_>, rewriting: &Rewriting, sources: &Sources) -> Result<(), CommandError> {
    let _locks = lock_folders(context, rewriting.texts.keys())?;
    let mut drafts = Vec::with_capacity(rewriting.texts.len());
    for (path, text) in &rewriting.texts {
        let before = sources.files().iter().find(|file| file.path == *path).map(|file| file.text.as_str());
        drafts.push(draft(path, before, text)?);
    }
    finish(drafts)
}

/// Locks the folders of the files at `paths`, so that no other run edits what is compared here, and takes away what a run
/// that was killed has left there.
fn lock_folders<'p>(context: &Context<'_>, paths: impl Iterator<Item = &'p String>) -> Result<Vec<File>, CommandError> {
    let real = |path: &String| match fs::canonicalize(path) {
        Ok(file) => Some(draft::folder_of(&file).to_owned()),
        Err(_) => fs::canonicalize(draft::folder_of(Path::new(path))).ok(),
    };
    // Every run locks them in the same order, so no two wait for each other.
    let folders: BTreeSet<PathBuf> = paths.filter_map(real).collect();
    let mut locks = Vec::with_capacity(folders.len());
    for folder in folders {
        // Where folders cannot be locked, what is in the files is compared all the same.
        let Ok(file) = File::open(&folder) else { continue };
        let mut tries = 0..TRIES;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    remove_leftovers(&folder);
                    locks.push(file);
                }
                Err(TryLockError::WouldBlock) if tries.next().is_some() => {
                    context.sleep(RETRY)?;
                    continue;
                }
                Err(TryLockError::WouldBlock) => {
                    return Err(cannot(&folder, io::Error::other("another run has locked it for a minute")));
                }
                Err(TryLockError::Error(_)) => {}
            }
            break;
        }
    }
    Ok(locks)
}

/// Takes away the drafts in a folder that is locked: nobody is going to finish them.
fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let drafts = entries.flatten().filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX));
    drafts.for_each(|entry| drop(fs::remove_file(entry.path())));
}

/// A draft, the file whose place it takes, and what that holds, if it is there.
type Drafted = (Draft, PathBuf, Option<String>);

/// Lets all of `drafts` take their places, or none.
fn finish(drafts: Vec<Drafted>) -> Result<(), CommandError> {
    let mut done: Vec<(PathBuf, Option<String>)> = Vec::new();
    for (draft, real, before) in drafts {
        if let Err(error) = draft.finish() {
            let error = cannot(&real, error);
            return Err(match put_back(&done) {
                Ok(()) => error.hint("nothing was edited"),
                Err(path) => {
                    error.hint(format!("`{}` and others were edited before; `git diff` shows them", path.display()))
                }
            });
        }
        done.push((real, before));
    }
    Ok(())
}

/// What the file at `path` is going to hold, where it really is, and what it holds now.
fn draft(path: &str, before: Option<&str>, text: &str) -> Result<Drafted, CommandError> {
    let Some(before) = before else {
        if fs::symlink_metadata(path).is_ok() {
            return Err(meanwhile(path));
        }
        let draft = Draft::named(PREFIX, Path::new(path), |out| out.write_all(text.as_bytes()));
        return Ok((draft.map_err(|error| cannot(Path::new(path), error))?, PathBuf::from(path), None));
    };
    let cannot = |error| cannot(Path::new(path), error);
    // Through a link, so that the link stays.
    let real = fs::canonicalize(path).map_err(cannot)?;
    let found = fs::read_to_string(&real).map_err(cannot)?;
    let mark = if found.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK } else { "" };
    if &found[mark.len()..] != before {
        return Err(meanwhile(path));
    }
    let draft = Draft::named(PREFIX, &real, |out| write!(out, "{mark}{text}")).map_err(cannot)?;
    fs::metadata(&real).and_then(|known| draft.take_after(&known)).map_err(cannot)?;
    Ok((draft, real, Some(found)))
}

/// Takes back what was written: the first file for which that is not possible is the error.
fn put_back(done: &[(PathBuf, Option<String>)]) -> Result<(), &Path> {
    for (path, before) in done {
        let put_back = match before {
            Some(text) => Draft::named(PREFIX, path, |out| out.write_all(text.as_bytes())).and_then(|draft| {
                draft.take_after(&fs::metadata(path)?)?;
                draft.finish()
            }),
            None => fs::remove_file(path),
        };
        put_back.map_err(|_| path.as_path())?;
    }
    Ok(())
}

fn cannot(path: &Path, error: io::Error) -> CommandError {
    let error = anyhow::Error::new(error).context(format!("cannot edit `{}`", path.display()));
    CommandError { kind: Kind::Failure, error, hints: Vec::new() }
}

fn meanwhile(path: &str) -> CommandError {
    CommandError::new(Kind::Failure, format!("`{path}` was changed while the live side was looked at"))
        .hint("nothing was edited; run the same command again")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_one_file_cannot_be_written_the_others_are_as_before() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let written = |name: &str| fs::read_to_string(path(name));
        fs::write(path("a.yaml"), "\u{feff}a: 1\r\n").unwrap();
        fs::write(path("c.yaml"), "c: 1\n").unwrap();
        let drafted =
            |name: &str, before: Option<&str>| draft(path(name).to_str().unwrap(), before, "new: 1\n").unwrap();
        let all =
            |before| vec![drafted("a.yaml", Some(before)), drafted("b.yaml", None), drafted("c.yaml", Some("c: 1\n"))];
        let drafts = all("a: 1\r\n");
        // Nothing takes the place of a folder.
        fs::remove_file(path("c.yaml")).unwrap();
        fs::create_dir(path("c.yaml")).unwrap();
        let error = finish(drafts).unwrap_err();
        assert!(error.error.to_string().contains("c.yaml"), "{:?}", error.error);
        assert_eq!(error.hints, ["nothing was edited"]);
        assert_eq!(written("a.yaml").unwrap(), "\u{feff}a: 1\r\n");
        assert!(written("b.yaml").is_err());
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 2, "a draft was left");
        fs::remove_dir(path("c.yaml")).unwrap();
        fs::write(path("c.yaml"), "c: 1\n").unwrap();
        finish(all("a: 1\r\n")).unwrap();
        assert_eq!(
            ["a.yaml", "b.yaml", "c.yaml"].map(|name| written(name).unwrap()),
            ["\u{feff}new: 1\n", "new: 1\n", "new: 1\n"]
        );
    }
}
