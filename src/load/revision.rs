//! Configuration as it is in a revision of a git repository, read through the `git` program without touching the work
//! tree.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::{FILE_LIMIT, Loaded, RUN_LIMIT, at, decode, is_yaml, join, parent, shown};
use crate::diagnostic::{self, Code};
use crate::source::Sources;

/// Why a revision could not be read at all.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// The `git` program cannot be run.
    #[error("cannot run `git`")]
    NoGit(#[source] io::Error),
    /// The folder of the configuration is not in a repository.
    #[error("`{folder}` is not in a git repository")]
    NoRepository {
        /// The folder.
        folder: String,
    },
    /// There is no such revision.
    #[error("the repository of `{folder}` has no commit `{revision}`")]
    NoRevision {
        /// A folder in the repository.
        folder: String,
        /// What was asked for.
        revision: String,
    },
    /// The program said something that was not expected.
    #[error("`git {command}` failed in `{folder}`: {said}")]
    Failed {
        /// What it was asked to do.
        command: &'static str,
        /// Where.
        folder: String,
        /// The first line of what it said.
        said: String,
    },
}

/// Reads the configuration that [`load`](super::load) would read at `paths`, as it was in `revision`.
///
/// A path that the revision does not have is passed over: what is new has no earlier form. A link is not followed; a
/// link to a file that is read anyway is passed over, any other is an error among the findings.
///
/// # Errors
/// When `git` cannot be run, a path is in no repository, or `revision` is not a commit of it.
pub fn load_revision(paths: &[PathBuf], revision: &str) -> Result<Loaded, RevisionError> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    let mut total = 0;
    let mut seen: BTreeMap<(PathBuf, String), ()> = BTreeMap::new();
    for path in paths {
        let folder = if path.is_dir() { path.as_path() } else { parent(path) };
        let only = if path.is_dir() { None } else { path.file_name().and_then(|name| name.to_str()) };
        let repository = Repository { folder };
        let commit = repository.commit(revision)?;
        let real = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let entries = repository.entries(&commit)?;
        let mut wanted = Vec::new();
        for entry in &entries {
            let place = join(&shown(folder), &entry.name);
            let is_asked = match only {
                Some(only) => entry.name == only,
                None => is_yaml(&entry.name) && !entry.name.split('/').any(|part| part.starts_with('.')),
            };
            if !is_asked || seen.insert((real.clone(), entry.name.clone()), ()).is_some() {
                continue;
            }
            match entry.kind {
                Kind::File => {
                    total += entry.size;
                    if entry.size > FILE_LIMIT || total > RUN_LIMIT {
                        let message = format!("`{place}` of `{revision}` is larger than what one run reads");
                        problems.push(at(Code::TooLarge, place, message).help("split the file"));
                    } else {
                        wanted.push((entry, place));
                    }
                }
                Kind::Link => {
                    let message = format!("`{place}` of `{revision}` is a link");
                    let help = "links of another revision are not followed; give a folder with its files instead";
                    problems.push(at(Code::LinkLeaves, place, message).help(help));
                }
                Kind::Other => {}
            }
        }
        repository.read(&wanted, |place, bytes| match decode(bytes, place) {
            Ok(file) => files.push(file),
            Err(problem) => problems.push(*problem),
        })?;
    }
    diagnostic::sort(&mut problems);
    let sources = if problems.is_empty() { Sources::new(files) } else { Sources::part(files) };
    Ok(Loaded { sources, findings: problems })
}

/// The repository that a folder is in.
struct Repository<'p> {
    folder: &'p Path,
}

/// A file of a revision, by its path below the folder.
struct Entry {
    name: String,
    object: String,
    size: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Link,
    /// Another repository inside this one.
    Other,
}

impl Repository<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.arg("--no-pager").arg("-C").arg(self.folder).args(arguments);
        command.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<Output, RevisionError> {
        self.command(arguments).output().map_err(RevisionError::NoGit)
    }

    fn shown(&self) -> String {
        let shown = shown(self.folder);
        if shown.is_empty() { ".".to_owned() } else { shown }
    }

    fn failed(&self, command: &'static str, said: &[u8]) -> RevisionError {
        let said = String::from_utf8_lossy(said);
        let said = said.lines().next().unwrap_or("it said nothing").to_owned();
        RevisionError::Failed { command, folder: self.shown(), said }
    }

    /// The id of the commit that `revision` names.
    fn commit(&self, revision: &str) -> Result<String, RevisionError> {
        let place = self.run(&["rev-parse", "--git-dir"])?;
        if !place.status.success() {
            let is_outside = String::from_utf8_lossy(&place.stderr).contains("not a git repository");
            return Err(match is_outside {
                true => RevisionError::NoRepository { folder: self.shown() },
                // Such as a repository of another user, which the program does not trust.
                false => self.failed("rev-parse", &place.stderr),
            });
        }
        let commit = format!("{revision}^{{commit}}");
        let found = self.run(&["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])?;
        let id = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        if !found.status.success() || id.is_empty() {
            return Err(RevisionError::NoRevision { folder: self.shown(), revision: revision.to_owned() });
        }
        Ok(id)
    }

    /// The files below the folder in `commit`.
    fn entries(&self, commit: &str) -> Result<Vec<Entry>, RevisionError> {
        let listed = self.run(&["ls-tree", "-r", "-z", "--long", commit])?;
        if !listed.status.success() {
            return Err(self.failed("ls-tree", &listed.stderr));
        }
        let text = String::from_utf8_lossy(&listed.stdout);
        let entry = |line: &str| {
            let (about, name) = line.split_once('\t')?;
            let mut about = about.split_ascii_whitespace();
            let (mode, _, object, size) = (about.next()?, about.next()?, about.next()?, about.next()?);
            let kind = match mode {
                "100644" | "100755" | "100664" => Kind::File,
                "120000" => Kind::Link,
                _ => Kind::Other,
            };
            Some(Entry { name: name.to_owned(), object: object.to_owned(), size: size.parse().unwrap_or(0), kind })
        };
        let lines = text.split('\0').filter(|line| !line.is_empty());
        lines.map(|line| entry(line).ok_or_else(|| self.failed("ls-tree", line.as_bytes()))).collect()
    }

    /// The content of `wanted`, one after the other.
    fn read(&self, wanted: &[(&Entry, String)], mut take: impl FnMut(String, Vec<u8>)) -> Result<(), RevisionError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let mut command = self.command(&["cat-file", "--batch"]);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(RevisionError::NoGit)?;
        let (Some(mut ask), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.failed("cat-file", b"it cannot be asked"));
        };
        let mut answers = BufReader::new(answers);
        let mut next = |entry: &Entry| -> io::Result<Option<Vec<u8>>> {
            // One at a time: neither side waits for the other with a full pipe.
            writeln!(ask, "{}", entry.object)?;
            ask.flush()?;
            let mut head = String::new();
            answers.read_line(&mut head)?;
            let size = head.trim_end().rsplit_once(' ').and_then(|(_, size)| size.parse().ok());
            let Some(size) = size.filter(|size: &usize| *size as u64 == entry.size) else { return Ok(None) };
            let mut content = vec![0; size + 1];
            answers.read_exact(&mut content)?;
            content.truncate(size);
            Ok(Some(content))
        };
        let mut result = Ok(());
        for (entry, place) in wanted {
            match next(entry) {
                Ok(Some(content)) => take(place.clone(), content),
                Ok(None) => result = Err(self.failed("cat-file", b"it does not have what it has listed")),
                Err(error) => result = Err(self.failed("cat-file", error.to_string().as_bytes())),
            }
            if result.is_err() {
                break;
            }
        }
        drop(ask);
        let _ = child.wait();
        result
    }
}
