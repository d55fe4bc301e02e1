//! Writes the journal of one run.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::record::{
    Begun, End, Ended, EndedChange, Intent, Line, Record, Resumes, Settled, SettledChange, Step, Steps, Waits,
};
use crate::visible::write_json;

/// What keeps a journal from being written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {doing} the journal `{path}`")]
pub struct JournalError {
    doing: &'static str,
    path: String,
    source: io::Error,
}

/// The journal of one run, open for writing.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    run: String,
    requests: u32,
    /// How much of the file is whole lines.
    length: u64,
    /// Whether something was written that may not be on disk yet.
    is_ahead: bool,
}

/// Runs that this process has begun: two may begin in the same moment.
static RUNS: AtomicU32 = AtomicU32::new(0);

/// The name of a run that `pid` begins on `host` at the moment `now`: short, and another one for every run.
pub fn run_name(now: Timestamp, host: Option<&str>, pid: u32, org_id: u64, address: &str) -> String {
    let (nanos, number) = (now.as_nanosecond(), RUNS.fetch_add(1, Ordering::Relaxed));
    let text = format!("{nanos}\n{}\n{pid}\n{number}\n{org_id}\n{address}", host.unwrap_or(""));
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

impl Journal {
    /// Makes the file of a run in `folder`, which is made where it does not exist, and writes the first line. When this
    /// returns, file and line survive a power cut.
    ///
    /// # Errors
    /// When folder or file cannot be made or written.
    pub fn create(folder: &Path, begun: Begun) -> Result<Self, JournalError> {
        make_folder(folder).map_err(|source| failed("make the folder of", folder, source))?;
        let run = begun.run.clone();
        let path = folder.join(file_name(&begun));
        let file = new_file(&path).map_err(|source| failed("make", &path, source))?;
        let mut journal = Self { file, path, run, requests: 0, length: 0, is_ahead: false };
        journal.write(&Line::Run(Box::new(begun)))?;
        journal.sync()?;
        sync_folder(folder).map_err(|source| failed("make", &journal.path, source))?;
        Ok(journal)
    }

    /// The name of the run.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// Writes what a request is to change; returns its number. When this returns the line survives a power cut.
    ///
    /// # Errors
    /// When it cannot be written: the request must not be sent then.
    pub fn intend(&mut self, at: Timestamp, changes: Vec<Record>) -> Result<u32, JournalError> {
        let request = self.requests + 1;
        self.write(&Line::Intent(Intent { at, request, changes }))?;
        self.sync()?;
        self.requests = request;
        Ok(request)
    }

    /// Writes what became of the changes of a request, or of changes for which none was sent. A killed process does not
    /// lose the line; a power cut may, until the next intent or [`sync`](Self::sync): what became of the changes is then
    /// unknown and is found out by the next run.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn conclude(
        &mut self,
        at: Timestamp,
        request: Option<u32>,
        changes: Vec<EndedChange>,
    ) -> Result<(), JournalError> {
        self.write(&Line::Outcome(Ended { at, request, changes }))
    }

    /// Writes what the live side says of changes of `run`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn settle(&mut self, at: Timestamp, run: &str, changes: Vec<SettledChange>) -> Result<(), JournalError> {
        self.write(&Line::Settled(Settled { at, run: run.to_owned(), changes }))
    }

    /// Writes that the run waits. When this returns the line survives a power cut.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn wait(&mut self, at: Timestamp, until: Timestamp) -> Result<(), JournalError> {
        self.write(&Line::Waits(Waits { at, until }))?;
        self.sync()
    }

    /// Writes that the run goes on after it has waited. When this returns the line survives a power cut.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn resume(&mut self, at: Timestamp) -> Result<(), JournalError> {
        self.write(&Line::Resumes(Resumes { at }))?;
        self.sync()
    }

    /// Writes what the run leaves to people; `about` says what it is and where.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn leave(&mut self, at: Timestamp, about: String, steps: Vec<Step>) -> Result<(), JournalError> {
        self.write(&Line::Steps(Steps { at, about, steps }))
    }

    /// Writes the last line. When this returns the whole file survives a power cut.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(&mut self, end: End) -> Result<(), JournalError> {
        self.write(&Line::End(end))?;
        self.sync()
    }

    /// Makes everything that was written survive a power cut.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&mut self) -> Result<(), JournalError> {
        if self.is_ahead {
            self.file.sync_data().map_err(|source| failed("write", &self.path, source))?;
            self.is_ahead = false;
        }
        Ok(())
    }

    fn write(&mut self, line: &Line) -> Result<(), JournalError> {
        let mut bytes = Vec::new();
        // Memory can always be written to.
        let _ = write_json(&mut bytes, line);
        bytes.push(b'\n');
        if let Err(source) = self.file.write_all(&bytes) {
            // A part of a line must not run into the next one.
            let _ = self.file.set_len(self.length);
            return Err(failed("write", &self.path, source));
        }
        self.length += bytes.len() as u64;
        self.is_ahead = true;
        Ok(())
    }
}

fn failed(doing: &'static str, path: &Path, source: io::Error) -> JournalError {
    JournalError { doing, path: path.display().to_string(), source }
}

/// The name of the file of a run: in a list of names the runs stand in the order of their beginnings.
fn file_name(begun: &Begun) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let key: String = begun.org.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    let moment = begun.started_at.strftime("%Y%m%dT%H%M%S%.3fZ");
    format!("{moment}-{key}-{}-{}.jsonl", begun.org_id, begun.run)
}

/// The id of the organization in the name of a file, where the name is one that this program gives.
pub(super) fn org_id_of(name: &str) -> Option<u64> {
    name.strip_suffix(".jsonl")?.rsplit('-').nth(1)?.parse().ok()
}

/// Makes a folder that only its owner may enter, where there is none.
pub(super) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    let is_new = !folder.is_dir();
    builder.create(folder)?;
    if is_new && let Some(parent) = folder.parent() {
        // That it lasts is what is wanted; what is in it was made durable in any case.
        let _ = sync_folder(parent);
    }
    Ok(())
}

/// Makes a file that only its owner may read; one that is there already is an error.
fn new_file(path: &Path) -> io::Result<File> {
    private(OpenOptions::new().append(true).create_new(true)).open(path)
}

/// The options with the rights of a file that only its owner may read.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Makes names that were added to a folder survive a power cut.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Only Unix lets a folder be opened like a file; elsewhere the file system orders names itself.
    if cfg!(unix) { fs::File::open(folder)?.sync_all() } else { Ok(()) }
}
