//! Configuration on disk: finding the files, reading them whole, and keeping within the loaded folders.
//!
//! The only part of the language with input; everything after it works on [`Sources`].

mod revision;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use rayon::iter::{IntoParallelIterator, ParallelIterator};

pub use self::revision::{RevisionError, load_revision};
use crate::desired::Located;
use crate::diagnostic::{self, Code, Diagnostic};
use crate::source::{SourceFile, Sources};

/// The largest file that is read, in bytes.
pub const FILE_LIMIT: u64 = 64 << 20;

/// The most that is read in one run, in bytes.
pub const RUN_LIMIT: u64 = 512 << 20;

/// What was found on disk.
#[derive(Debug)]
pub struct Loaded {
    /// The files that could be read; they know whether others could not.
    pub sources: Sources,
    /// Everything that is missing, cannot be read, is too large, is not UTF-8, or lies behind a link that leaves its
    /// folder. All of it is errors, sorted by place.
    pub findings: Vec<Diagnostic>,
}

/// Reads the configuration at `paths`: files, and all `*.yaml` and `*.yml` below folders.
///
/// Entries of folders whose names start with `.` are passed over. A file that is reached twice is read once. A file
/// that cannot be read does not keep the others from being checked.
pub fn load(paths: &[PathBuf]) -> Loaded {
    let mut found = Found::default();
    for path in paths {
        found.add(path);
    }
    let mut problems = found.problems;
    let total: u64 = found.files.values().map(|file| file.size).sum();
    if total > RUN_LIMIT {
        let message = format!("the configuration is {total} bytes, more than the {RUN_LIMIT} that one run reads");
        let place = paths.first().map(|path| shown(path)).unwrap_or_default();
        problems.push(at(Code::TooLarge, place, message).help("load a part of it at a time"));
        diagnostic::sort(&mut problems);
        return Loaded { sources: Sources::part(Vec::new()), findings: problems };
    }
    let read: Vec<Result<SourceFile, Box<Diagnostic>>> = found
        .files
        .into_iter()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|(path, file)| read(&path, file.shown))
        .collect();
    let mut files = Vec::with_capacity(read.len());
    for file in read {
        match file {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(*problem),
        }
    }
    diagnostic::sort(&mut problems);
    let sources = if problems.is_empty() { Sources::new(files) } else { Sources::part(files) };
    Loaded { sources, findings: problems }
}

/// The folders that a run may read and write in: those it was started with.
#[derive(Debug, Clone)]
pub struct Roots {
    /// Each as shown, with its real path.
    folders: Vec<(PathBuf, PathBuf)>,
}

impl Roots {
    /// The roots of a run over `paths`; the root of a file is its folder.
    ///
    /// # Errors
    /// When a path cannot be found.
    pub fn new(paths: &[PathBuf]) -> io::Result<Self> {
        let mut folders = Vec::new();
        for path in paths {
            let folder = if path.is_dir() { path.as_path() } else { parent(path) };
            folders.push((normal(folder).unwrap_or_default(), fs::canonicalize(folder)?));
        }
        Ok(Self { folders })
    }

    /// Where `path`, which a document names relative to its own file, is found from the working directory.
    ///
    /// # Errors
    /// A [`Diagnostic`] when the path is absolute, or leads out of the loaded folder by `..` or through a link:
    /// whoever may edit the configuration must not be able to make the program read or write elsewhere. Also when it
    /// leads to a folder.
    pub fn resolve(&self, sources: &Sources, path: &Located<String>) -> Result<PathBuf, Box<Diagnostic>> {
        let refuse = |why: &str| {
            let message = format!("the path `{}` {why}", path.value);
            Box::new(
                Diagnostic::at(Code::PathLeaves, path.place, message, "leads out of the loaded folder")
                    .help("name a place below the folder that is loaded, relative to this file"),
            )
        };
        let relative = Path::new(&path.value);
        if relative.is_absolute() || relative.has_root() {
            return Err(refuse("is absolute"));
        }
        let document = Path::new(&sources.file(path.place.file).path);
        let Some(joined) = normal(&parent(document).join(relative)) else {
            return Err(refuse("leads out of the loaded folder"));
        };
        let folder = || {
            let message = format!("the path `{}` leads to a folder", path.value);
            Box::new(
                Diagnostic::at(Code::NoFile, path.place, message, "a file is needed here")
                    .help("name a file below the folder that is loaded, relative to this file"),
            )
        };
        if self.folders.iter().any(|(shown, _)| joined == *shown) {
            return Err(folder());
        }
        let inside = self.folders.iter().filter(|(shown, _)| joined.starts_with(shown));
        let mut reason = "leads out of the loaded folder";
        for (_, real_root) in inside {
            match real_parent(&joined) {
                Some(real) if real.starts_with(real_root) => {
                    return if joined.is_dir() { Err(folder()) } else { Ok(joined) };
                }
                Some(_) | None => reason = "goes through a link that leads out of the loaded folder",
            }
        }
        Err(refuse(reason))
    }
}

/// The real path of the longest part of `path` that exists; `None` when a link on the way leads nowhere.
fn real_parent(path: &Path) -> Option<PathBuf> {
    let mut part = path;
    loop {
        let part_or_here = if part.as_os_str().is_empty() { Path::new(".") } else { part };
        match fs::canonicalize(part_or_here) {
            Ok(real) => return Some(real),
            // A link that is there but leads nowhere could come to lead anywhere.
            Err(_) if fs::symlink_metadata(part_or_here).is_ok() => return None,
            Err(_) => part = part.parent()?,
        }
    }
}

/// `path` without `.` and `..`; `None` when it goes above its start.
fn normal(path: &Path) -> Option<PathBuf> {
    let mut parts = PathBuf::new();
    let mut depth = 0_usize;
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => {
                parts.pop();
                depth -= 1;
            }
            // A path that the user gave may start above the working directory.
            Component::ParentDir if parts.components().all(|part| part == Component::ParentDir) => parts.push(".."),
            Component::ParentDir => return None,
            Component::Normal(name) => {
                parts.push(name);
                depth += 1;
            }
            Component::Prefix(_) | Component::RootDir => parts.push(component),
        }
    }
    Some(parts)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A file to read.
#[derive(Debug)]
struct Candidate {
    shown: String,
    size: u64,
    by_link: bool,
}

/// What the paths of a run lead to.
#[derive(Debug, Default)]
struct Found {
    /// Files by real path.
    files: BTreeMap<PathBuf, Candidate>,
    problems: Vec<Diagnostic>,
}

/// A folder to look into.
struct Folder {
    path: PathBuf,
    shown: String,
    by_link: bool,
}

impl Found {
    fn add(&mut self, path: &Path) {
        let place = shown(path);
        match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let message = format!("there is no file or folder `{}`", path.display());
                self.problems.push(at(Code::PathMissing, place, message).help("check the path"));
            }
            Err(error) => self.unreadable(place, &error),
            Ok(metadata) if metadata.is_dir() => self.add_root(path, place),
            Ok(metadata) => match fs::canonicalize(path) {
                Ok(real) => self.add_file(real, place, &metadata, false),
                Err(error) => self.unreadable(place, &error),
            },
        }
    }

    fn add_root(&mut self, path: &Path, place: String) {
        let root = match fs::canonicalize(path) {
            Ok(root) => root,
            Err(error) => return self.unreadable(place, &error),
        };
        let (files, problems) = (self.files.len(), self.problems.len());
        let mut yaml = false;
        let mut visited = BTreeSet::new();
        let mut folders = vec![Folder { path: path.to_owned(), shown: place.clone(), by_link: false }];
        // Links are followed after everything else, so that a file is shown under its own path where it has one here.
        let mut links: Vec<Folder> = Vec::new();
        while let Some(folder) = folders.pop().or_else(|| links.pop()) {
            match fs::canonicalize(&folder.path) {
                Ok(real) => {
                    if !visited.insert(real) {
                        continue;
                    }
                }
                Err(error) => {
                    self.unreadable(folder.shown, &error);
                    continue;
                }
            }
            match self.list(&folder, &root, &mut yaml) {
                Ok((inner, linked)) => {
                    folders.extend(inner);
                    links.extend(linked);
                }
                Err(error) => self.unreadable(folder.shown, &error),
            }
            links.sort_by(|a, b| b.shown.cmp(&a.shown));
        }
        if !yaml && self.files.len() == files && self.problems.len() == problems {
            let message = format!("the folder `{}` holds no `*.yaml` or `*.yml` file", path.display());
            let help = "check the path; nothing declared is never read as \"nobody\"";
            self.problems.push(at(Code::NoYaml, place, message).help(help));
        }
    }

    /// Takes the files of a folder and returns the folders in it, and those that links lead to.
    fn list(&mut self, folder: &Folder, root: &Path, yaml: &mut bool) -> io::Result<(Vec<Folder>, Vec<Folder>)> {
        let (mut folders, mut links) = (Vec::new(), Vec::new());
        let mut entries: Vec<_> = fs::read_dir(&folder.path)?.collect::<io::Result<_>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                if is_yaml(&name.to_string_lossy()) {
                    let message = "the name of a file is not UTF-8";
                    let place = join(&folder.shown, &name.to_string_lossy());
                    self.problems.push(at(Code::Unreadable, place, message).help("rename the file"));
                }
                continue;
            };
            if name.starts_with('.') {
                continue;
            }
            let path = entry.path();
            let place = join(&folder.shown, name);
            let is_link = entry.file_type()?.is_symlink();
            let metadata = match fs::metadata(&path) {
                Ok(metadata) => metadata,
                Err(error) => {
                    if is_yaml(name) {
                        *yaml = true;
                        self.unreadable(place, &error);
                    }
                    continue;
                }
            };
            if !metadata.is_dir() && !is_yaml(name) {
                continue;
            }
            let by_link = folder.by_link || is_link;
            let real = match fs::canonicalize(&path) {
                Ok(real) => real,
                Err(error) => {
                    self.unreadable(place, &error);
                    continue;
                }
            };
            if is_link && !real.starts_with(root) {
                let message = format!("the link `{place}` leads out of the loaded folder");
                let help = "put the file itself there, or load the other folder as well";
                self.problems.push(at(Code::LinkLeaves, place, message).help(help));
            } else if metadata.is_dir() {
                let inner = Folder { path, shown: place, by_link };
                if is_link { links.push(inner) } else { folders.push(inner) }
            } else {
                *yaml = true;
                self.add_file(real, place, &metadata, by_link);
            }
        }
        Ok((folders, links))
    }

    fn add_file(&mut self, real: PathBuf, shown: String, metadata: &fs::Metadata, by_link: bool) {
        if !metadata.is_file() {
            let message = format!("`{shown}` is no ordinary file");
            self.problems.push(at(Code::NotAFile, shown, message).help("only ordinary files are read"));
            return;
        }
        let size = metadata.len();
        let candidate = Candidate { shown, size, by_link };
        match self.files.entry(real) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(candidate);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let known = entry.get_mut();
                if (candidate.by_link, &candidate.shown) < (known.by_link, &known.shown) {
                    *known = candidate;
                }
            }
        }
    }

    fn unreadable(&mut self, place: String, error: &io::Error) {
        self.problems.push(unreadable(place, error));
    }
}

fn unreadable(place: String, error: &io::Error) -> Diagnostic {
    let message = format!("`{place}` cannot be read: {}", reason(error));
    at(Code::Unreadable, place, message).help("what cannot be read is never taken as empty; make it readable")
}

/// What the operating system says, without its number.
fn reason(error: &io::Error) -> String {
    let said = error.to_string();
    let said = said.split(" (os error").next().unwrap_or_default().to_owned();
    let mut chars = said.chars();
    chars.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(chars).collect()
}

fn read(path: &Path, place: String) -> Result<SourceFile, Box<Diagnostic>> {
    let too_large = |place: String| {
        let message = format!("`{place}` is larger than {FILE_LIMIT} bytes");
        Box::new(at(Code::TooLarge, place, message).help("split the file"))
    };
    let mut bytes = Vec::new();
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) => return Err(Box::new(unreadable(place, &error))),
    };
    let size = file.metadata().map_or(0, |metadata| metadata.len());
    if size > FILE_LIMIT {
        return Err(too_large(place));
    }
    bytes.reserve_exact(usize::try_from(size).unwrap_or(0) + 1);
    // One byte more than allowed tells whether the file has grown in the meantime.
    if let Err(error) = file.take(FILE_LIMIT + 1).read_to_end(&mut bytes) {
        return Err(Box::new(unreadable(place, &error)));
    }
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(too_large(place));
    }
    decode(bytes, place)
}

fn decode(bytes: Vec<u8>, place: String) -> Result<SourceFile, Box<Diagnostic>> {
    let position = |bytes: &[u8], offset: usize| {
        let before = &bytes[..offset];
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = offset - before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1) + 1;
        format!("line {line}, byte {column}")
    };
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        let message = format!("`{place}` is UTF-16, not UTF-8");
        return Err(Box::new(at(Code::NotUtf8, place, message).help("save the file as UTF-8")));
    }
    if let Some(offset) = bytes.iter().position(|byte| *byte == 0) {
        let message = format!("`{place}` holds a NUL byte at {}", position(&bytes, offset));
        return Err(Box::new(at(Code::NulByte, place, message).help("restore the file: text has no NUL bytes")));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        let message = format!("`{place}` is not UTF-8: see {}", position(error.as_bytes(), offset));
        Box::new(at(Code::NotUtf8, place.clone(), message).help("save the file as UTF-8"))
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(SourceFile::new(place, text))
}

/// Whether a file of this name in a loaded folder is read.
pub(crate) fn is_loaded(name: &str) -> bool {
    is_yaml(name) && !name.starts_with('.')
}

fn is_yaml(name: &str) -> bool {
    name.ends_with(".yaml") || name.ends_with(".yml")
}

fn at(code: Code, place: String, message: impl Into<String>) -> Diagnostic {
    let place = if place.is_empty() { ".".to_owned() } else { place };
    Diagnostic::of_path(code, place, message)
}

/// The path as it is shown: `/` between parts, nothing for the working directory itself.
pub(crate) fn shown(path: &Path) -> String {
    let mut text = String::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::RootDir => text.push('/'),
            Component::Prefix(_) | Component::ParentDir | Component::Normal(_) => {
                text = join(&text, &component.as_os_str().to_string_lossy());
            }
        }
    }
    text
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() || folder.ends_with('/') { format!("{folder}{name}") } else { format!("{folder}/{name}") }
}
