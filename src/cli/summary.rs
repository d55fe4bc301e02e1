//! The file of `--summary`: what a run did, for the page that a CI system shows of a job.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::ExitStatus;
use super::context::Context;
use super::error::{CommandError, Failure, Kind};
use super::live::is_stdout;
use crate::redaction::Pseudonyms;
use crate::render::summary::page;
use crate::visible::markdown;

/// A file to which a summary is added.
pub(crate) struct SummaryFile {
    path: PathBuf,
    file: File,
}

impl SummaryFile {
    /// Opens the file at `path`, or makes it. What is in it stays: the steps of a job share one.
    pub(crate) fn open(path: &Path) -> Result<Self, CommandError> {
        if is_stdout(path) {
            return Err(CommandError::usage("`--summary -` is no file, and standard output has the result already"));
        }
        let file = OpenOptions::new().append(true).create(true).open(path);
        Ok(Self { path: path.to_owned(), file: file.map_err(|error| unwritten(path, error))? })
    }

    /// Adds what the run did, whatever became of it.
    fn add(
        &mut self,
        command: &str,
        ended: &Result<ExitStatus, Failure>,
        sections: &[String],
        pseudonyms: Option<&Pseudonyms>,
    ) -> io::Result<()> {
        let end = match ended {
            Ok(status) | Err(Failure::Told(status)) => format!("{}.", words(*status)),
            Err(Failure::Closed) => "Failed: nobody read the output.".to_owned(),
            Err(Failure::Error(error)) => {
                // Before it is escaped: a name that is written otherwise is not known.
                let told = error.error.to_string();
                let told = pseudonyms.map_or(told.as_str().into(), |pseudonyms| pseudonyms.text(&told));
                format!("{}: {}", words(error.kind.status()), markdown(&told))
            }
        };
        // What another step wrote may lack the end of its line. One call, so that nothing comes in between.
        let text = format!("\n{}", page(&format!("accessctl {command}"), &end, sections));
        let text = pseudonyms.map_or(text.as_str().into(), |pseudonyms| pseudonyms.text(&text));
        self.file.write_all(text.as_bytes())
    }
}

/// Runs `work` and adds what it did to the file at `path`, where one is named.
pub(crate) fn with_summary<'a>(
    context: &mut Context<'a>,
    path: Option<&Path>,
    command: &str,
    work: impl FnOnce(&mut Context<'a>) -> Result<ExitStatus, Failure>,
) -> Result<ExitStatus, Failure> {
    let Some(path) = path else { return work(context) };
    // Whoever cannot have it learns that before anything is done.
    let mut file = SummaryFile::open(path)?;
    context.sections = Some(Vec::new());
    let ended = work(context);
    let sections = context.sections.take().unwrap_or_default();
    match file.add(command, &ended, &sections, context.pseudonyms) {
        Ok(()) => ended,
        Err(error) => {
            let told = unwritten(&file.path, error).tell(&mut context.stderr())?;
            ended.map(|status| status.max(told))
        }
    }
}

/// What a status means for whoever looks at a job.
fn words(status: ExitStatus) -> &'static str {
    match status {
        ExitStatus::Done => "Done, or in sync",
        ExitStatus::Differences => "Differences found",
        ExitStatus::Incomplete => "Incomplete",
        ExitStatus::Refused => "Refused",
        ExitStatus::Invalid => "Invalid configuration or usage, see the log",
        ExitStatus::Failure => "Failed, see the log",
    }
}

fn unwritten(path: &Path, error: io::Error) -> CommandError {
    let error = anyhow::Error::new(error).context(format!("cannot write the summary `{}`", path.display()));
    CommandError { kind: Kind::Failure, error, hints: Vec::new() }
}
