//! The files of `drift --write`: which may be written, and writing them.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::configuration::Configuration;
use super::error::{CommandError, Kind};
use crate::draft;
use crate::load;
use crate::rewrite::{Places, Rewriting};
use crate::source::Sources;

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

/// Writes the new texts. Nothing is written where one of the files is not any more what was read.
///
/// # Errors
/// When a file cannot be read or written, or was changed meanwhile.
pub(crate) fn save(rewriting: &Rewriting, sources: &Sources) -> Result<(), CommandError> {
    let failure = |error: anyhow::Error| CommandError { kind: Kind::Failure, error, hints: Vec::new() };
    let mut files = Vec::with_capacity(rewriting.texts.len());
    for (path, text) in &rewriting.texts {
        let before = sources.files().iter().find(|file| file.path == *path).map(|file| file.text.as_str());
        let cannot = |error: io::Error| failure(anyhow::Error::new(error).context(format!("cannot edit `{path}`")));
        let file = match before {
            None if fs::symlink_metadata(path).is_ok() => Err(meanwhile(path)),
            None => Ok((PathBuf::from(path), text.clone(), None)),
            Some(before) => {
                // Through a link, so that the link stays.
                let real = fs::canonicalize(path).map_err(cannot)?;
                let found = fs::read_to_string(&real).map_err(cannot)?;
                let rights = fs::metadata(&real).map_err(cannot)?.permissions();
                match found.strip_prefix(BYTE_ORDER_MARK) {
                    Some(found) if found == before => Ok((real, format!("{BYTE_ORDER_MARK}{text}"), Some(rights))),
                    None if found == before => Ok((real, text.clone(), Some(rights))),
                    Some(_) | None => Err(meanwhile(path)),
                }
            }
        };
        files.push(file?);
    }
    for (number, (path, text, rights)) in files.iter().enumerate() {
        let written = draft::replace(path, |out| out.write_all(text.as_bytes()));
        let written = written.and_then(|()| rights.clone().map_or(Ok(()), |rights| fs::set_permissions(path, rights)));
        written.map_err(|error| {
            let error = failure(anyhow::Error::new(error).context(format!("cannot edit `{}`", path.display())));
            let done = crate::render::text::count(number, "file");
            error.hint(format!("{done} of {} had been edited; `git diff` shows them", files.len()))
        })?;
    }
    Ok(())
}

fn meanwhile(path: &str) -> CommandError {
    CommandError::new(Kind::Failure, format!("`{path}` was changed while the live side was looked at"))
        .hint("nothing was edited; run the same command again")
}
