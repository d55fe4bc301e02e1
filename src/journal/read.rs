//! Reads journals back.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::record::{Begun, End, EndedChange, Line, Record, Steps};

/// The largest file that is read: a run of a million changes needs about half of it.
const LARGEST: u64 = 1 << 30;

/// The journal of one run as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFile {
    /// The file.
    pub path: PathBuf,
    /// When the file was last written to, where the system says.
    pub modified: Option<Timestamp>,
    /// What is run; none where not even the first line is there.
    pub begun: Option<Begun>,
    /// The lines after the first.
    pub lines: Vec<Line>,
    /// Whether the last line ends in the middle, as a killed process leaves it.
    pub is_cut: bool,
    /// Lines before the last that cannot be read.
    pub broken: Vec<BrokenLine>,
    /// Whether it is no file at all, but something else with such a name: nothing is read then.
    pub is_no_file: bool,
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenLine {
    /// Its number, from 1.
    pub number: usize,
    /// What is wrong with it.
    pub problem: String,
}

/// One change of a run with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Logged<'a> {
    /// The change.
    pub record: &'a Record,
    /// When its request was about to be sent; none where none was.
    pub intended: Option<Timestamp>,
    /// What became of it, as its run knew; none where the run ended before.
    pub ended: Option<(Timestamp, &'a EndedChange)>,
}

/// Who found out about a change of which the outcome was not known, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledBy {
    /// The run that read the live side.
    pub run: String,
    /// When.
    pub at: Timestamp,
    /// Whether the live side was as the change leaves it.
    pub done: bool,
}

/// Reads every journal in `folder` that `wanted` takes by the name of its file, in the order of the names. A folder that
/// does not exist has none.
///
/// # Errors
/// When the folder or a file cannot be read; the path of it.
pub fn read_folder(folder: &Path, wanted: impl Fn(&str) -> bool) -> Result<Vec<RunFile>, (PathBuf, io::Error)> {
    let in_folder = |error| (folder.to_owned(), error);
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(in_folder(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(in_folder)?.file_name();
        let is_wanted = name.to_str().is_some_and(|name| name.ends_with(".jsonl") && wanted(name));
        if is_wanted {
            names.push(name);
        }
    }
    names.sort_unstable();
    names.into_iter().map(|name| read_file(&folder.join(name))).collect()
}

fn read_file(path: &Path) -> Result<RunFile, (PathBuf, io::Error)> {
    let failed = |error| (path.to_owned(), error);
    // Looked at before it is opened: whoever opens a pipe waits for somebody who writes to it.
    let found = std::fs::metadata(path).map_err(failed)?;
    if !found.is_file() {
        return Ok(RunFile { is_no_file: true, ..read_text(path, &[]) });
    }
    let file = File::open(path).map_err(failed)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(failed(io::Error::other(format!("it has more than {LARGEST} bytes"))));
    }
    let modified = found.modified().ok().and_then(|at| Timestamp::try_from(at).ok());
    Ok(RunFile { modified, ..read_text(path, &bytes) })
}

/// Reads the journal in `bytes`, which are the content of the file `path`.
pub fn read_text(path: &Path, bytes: &[u8]) -> RunFile {
    let mut run = RunFile {
        path: path.to_owned(),
        modified: None,
        begun: None,
        lines: Vec::new(),
        is_cut: false,
        broken: Vec::new(),
        is_no_file: false,
    };
    let pieces = bytes.split_inclusive(|byte| *byte == b'\n');
    for (number, piece) in (1..).zip(pieces) {
        let is_whole = piece.ends_with(b"\n");
        match serde_json::from_slice::<Line>(piece) {
            Ok(Line::Run(begun)) if number == 1 && begun.format == super::FORMAT => run.begun = Some(*begun),
            Ok(Line::Run(begun)) => {
                let problem = if number == 1 {
                    format!("its format is `{}` and not `{}`", begun.format, super::FORMAT)
                } else {
                    "a second run begins in the same file".to_owned()
                };
                run.broken.push(BrokenLine { number, problem });
            }
            Ok(_) if number == 1 => {
                run.broken.push(BrokenLine { number, problem: "it does not say what is run".to_owned() });
            }
            Ok(line) => run.lines.push(line),
            // A process was killed while it wrote the line, or the power was cut before it was whole on disk.
            Err(_) if !is_whole => run.is_cut = true,
            Err(error) => run.broken.push(BrokenLine { number, problem: error.to_string() }),
        }
    }
    run
}

impl RunFile {
    /// The changes of the run, each once, in the order in which they were taken up.
    pub fn changes(&self) -> Vec<Logged<'_>> {
        let mut changes: Vec<Logged<'_>> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        for line in &self.lines {
            match line {
                Line::Intent(intent) => {
                    for record in &intent.changes {
                        places.insert(&record.id, changes.len());
                        changes.push(Logged { record, intended: Some(intent.at), ended: None });
                    }
                }
                Line::Outcome(ended) => {
                    for change in &ended.changes {
                        if let Some(found) = places.get(change.id.as_str()).and_then(|place| changes.get_mut(*place)) {
                            found.ended = Some((ended.at, change));
                        } else if let Some(record) = change.change.as_deref() {
                            places.insert(&change.id, changes.len());
                            changes.push(Logged { record, intended: None, ended: Some((ended.at, change)) });
                        }
                    }
                }
                Line::Run(_)
                | Line::Settled(_)
                | Line::Waits(_)
                | Line::Resumes(_)
                | Line::Steps(_)
                | Line::End(_)
                | Line::Later => {}
            }
        }
        changes
    }

    /// How the run ended; none where it did not.
    pub fn end(&self) -> Option<&End> {
        self.lines.iter().find_map(|line| if let Line::End(end) = line { Some(end) } else { None })
    }

    /// What the run left to people; none where there was nothing, or where it did not come to that.
    pub fn steps(&self) -> Option<&Steps> {
        self.lines.iter().find_map(|line| if let Line::Steps(steps) = line { Some(steps) } else { None })
    }

    /// The last moment of which the run is known to have been alive, or to have meant to be.
    pub fn last_seen(&self) -> Option<Timestamp> {
        let moments = self.lines.iter().filter_map(|line| match line {
            Line::Run(begun) => Some(begun.started_at),
            Line::Intent(intent) => Some(intent.at),
            Line::Outcome(ended) => Some(ended.at),
            Line::Settled(settled) => Some(settled.at),
            Line::Waits(waits) => Some(waits.at.max(waits.until)),
            Line::Resumes(resumes) => Some(resumes.at),
            Line::Steps(steps) => Some(steps.at),
            Line::End(end) => Some(end.at),
            Line::Later => None,
        });
        moments.chain(self.begun.as_ref().map(|begun| begun.started_at)).max()
    }
}

/// What is passed over among `runs`, in words.
pub fn passed_over(runs: &[RunFile]) -> Vec<String> {
    let others = runs.iter().filter(|run| run.is_no_file);
    others.map(|run| format!("`{}` is no file, so it is no journal: it is passed over", run.path.display())).collect()
}

/// What the runs found out about changes of which the outcome was not known, by run and change.
pub fn settled_by(runs: &[RunFile]) -> BTreeMap<(&str, &str), SettledBy> {
    let mut found = BTreeMap::new();
    for run in runs {
        let Some(begun) = &run.begun else { continue };
        for line in &run.lines {
            let Line::Settled(settled) = line else { continue };
            for change in &settled.changes {
                let by = SettledBy { run: begun.run.clone(), at: settled.at, done: change.done };
                found.entry((settled.run.as_str(), change.id.as_str())).or_insert(by);
            }
        }
    }
    found
}
