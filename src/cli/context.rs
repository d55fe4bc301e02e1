//! What every command needs: its options, where output goes, and how it looks.

use std::io::{self, Write};
use std::time::Duration;

use annotate_snippets::renderer::DEFAULT_WARNING_STYLE as WARNING;
use anstream::adapter::StripBytes;
use jiff::Timestamp;

use super::Surroundings;
use super::args::{Color, Format, Global};
use super::error::{CommandError, Failure, Kind};
use super::moment::At;
use super::screen::Screen;
use crate::backend::mixpanel::Pause;
use crate::desired::Desired;
use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::redaction::Pseudonyms;
use crate::render::annotations::Annotations;
use crate::render::{Options, diagnostics, visible};
use crate::source::Sources;
use crate::stop::Stop;

/// Columns where there is no terminal to ask.
const PIPED_WIDTH: usize = 100;
/// Fewer columns than this are taken for this many: nothing could be laid out.
const LEAST_WIDTH: usize = 40;
/// More are taken for this many: `COLUMNS` may hold any number.
const MOST_WIDTH: usize = 10_000;

/// A run of one command.
pub(crate) struct Context<'a> {
    pub(crate) global: Global,
    pub(crate) surroundings: Surroundings<'a>,
    /// The moment of the run: one for everything in it.
    pub(crate) now: Timestamp,
    /// What goes on, as whoever waits sees it.
    pub(crate) screen: &'a Screen<'a>,
    /// What is said of each organization in a summary, where one is wanted.
    pub(crate) sections: Option<Vec<String>>,
    /// What is told at its lines by whoever runs the job, where that is wanted.
    pub(crate) annotations: Option<Annotations>,
    /// All findings that were shown, where they are the result.
    pub(crate) findings: Option<Vec<Diagnostic>>,
    /// What stands for people, where nobody is to be named.
    pub(crate) pseudonyms: Option<&'a Pseudonyms>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        global: Global,
        surroundings: Surroundings<'a>,
        screen: &'a Screen<'a>,
        pseudonyms: Option<&'a Pseudonyms>,
    ) -> Self {
        let now = (surroundings.clock)();
        Self { global, surroundings, now, screen, sections: None, annotations: None, findings: None, pseudonyms }
    }

    /// Says something of an organization in the summary, where one is wanted.
    pub(crate) fn summarize(&mut self, section: impl FnOnce() -> io::Result<String>) -> io::Result<()> {
        if let Some(sections) = &mut self.sections {
            sections.push(section()?);
        }
        Ok(())
    }

    /// The moment for which the configuration of `desired` is read.
    pub(crate) fn as_of(&self, desired: &Desired) -> Timestamp {
        self.global.at.map_or(self.now, |at| at.of(desired))
    }

    /// The moment for which the configuration is read where there are only `plans` to ask: the earliest of theirs.
    pub(crate) fn as_of_all(&self, plans: &[Plan]) -> Timestamp {
        let asked = self.global.at.map_or(self.now, At::anywhere);
        plans.iter().map(|plan| plan.as_of).min().unwrap_or(asked)
    }

    /// Says above the result that another moment than now was asked for.
    pub(crate) fn write_moment(&mut self) -> io::Result<()> {
        match self.global.at {
            Some(at) => writeln!(self.surroundings.stdout, "As of {at}:\n"),
            None => Ok(()),
        }
    }

    /// How text is laid out.
    pub(crate) fn options(&self) -> Options {
        Options {
            width: self.surroundings.width.unwrap_or(PIPED_WIDTH).clamp(LEAST_WIDTH, MOST_WIDTH),
            verbose: self.global.verbose,
        }
    }

    /// Standard output for styled text.
    pub(crate) fn stdout(&mut self) -> Box<dyn Write + '_> {
        styled(self.surroundings.stdout, self.surroundings.stdout_styles, self.global.color)
    }

    /// Standard error for styled text.
    pub(crate) fn stderr(&mut self) -> Box<dyn Write + '_> {
        styled(self.surroundings.stderr, self.surroundings.stderr_styles, self.global.color)
    }

    /// The format asked for, if `command` has it.
    pub(crate) fn format(&self, command: &str, has: &[Format]) -> Result<Format, CommandError> {
        let format = self.global.format.unwrap_or(Format::Text);
        if has.contains(&format) {
            return Ok(format);
        }
        let names: Vec<_> = has.iter().map(|format| format.as_str()).collect();
        Err(CommandError::usage(format!("`{command}` has no format `{}`", format.as_str()))
            .hint(format!("its formats are: {}", names.join(", "))))
    }

    /// Takes findings for whatever tells them beside the log.
    pub(crate) fn note_findings(&mut self, findings: &[Diagnostic], sources: &Sources) {
        match (&mut self.annotations, self.pseudonyms) {
            (None, _) => {}
            (Some(annotations), None) => annotations.add_findings(findings, sources),
            (Some(annotations), Some(pseudonyms)) => {
                let findings: Vec<Diagnostic> = findings.iter().map(|finding| pseudonyms.finding(finding)).collect();
                annotations.add_findings(&findings, &pseudonyms.sources(sources));
            }
        }
        if let Some(noted) = &mut self.findings {
            noted.extend_from_slice(findings);
        }
    }

    /// Shows findings on standard error; with `--quiet` only errors.
    pub(crate) fn show_findings(&mut self, findings: &[Diagnostic], sources: &Sources) -> Result<(), Failure> {
        self.note_findings(findings, sources);
        if self.global.quiet && !crate::diagnostic::has_errors(findings) {
            return Ok(());
        }
        let options = self.options();
        // What is said there comes after what the result has said so far.
        self.surroundings.stdout.flush()?;
        match self.pseudonyms {
            None => diagnostics::write_findings(&mut self.stderr(), findings, sources, options)?,
            Some(pseudonyms) => {
                let findings: Vec<Diagnostic> = findings.iter().map(|finding| pseudonyms.finding(finding)).collect();
                let sources = pseudonyms.sources(sources);
                diagnostics::write_findings(&mut self.stderr(), &findings, &sources, options)?;
            }
        }
        Ok(())
    }

    /// Warns of something on standard error, unless it is to be quiet. A reader who went away does not stop the work.
    pub(crate) fn warn(&mut self, warnings: &[String]) {
        if self.global.quiet {
            return;
        }
        let mut out = self.stderr();
        for warning in warnings {
            let _ = writeln!(out, "{WARNING}warning{WARNING:#}: {}", visible(warning));
        }
    }

    /// Waits, unless a stop is asked for.
    pub(crate) fn sleep(&self, wait: Duration) -> Result<(), CommandError> {
        match sleep(self.surroundings.pause, self.surroundings.stop, wait) {
            Ok(true) => Ok(()),
            Ok(false) => Err(CommandError::stopped(self.surroundings.stop.cause())),
            Err(error) => {
                let error = anyhow::Error::new(error).context("cannot wait");
                Err(CommandError { kind: Kind::Failure, error, hints: Vec::new() })
            }
        }
    }

    /// Says something on standard error, unless it is to be quiet. A reader who went away does not stop the work.
    pub(crate) fn tell(&mut self, text: &str) {
        if !self.global.quiet {
            let _ = writeln!(self.surroundings.stderr, "{text}");
        }
    }
}

/// Waits; whether no stop was asked for.
pub(crate) fn sleep(pause: Pause<'_>, stop: &Stop, wait: Duration) -> io::Result<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    Ok(runtime.block_on(async { stop.unless(pause(wait)).await }).is_some())
}

/// `out` for styled text, with the styles as far as `color` and what `out` takes allow.
pub(super) fn styled<'o>(out: &'o mut dyn Write, takes_styles: bool, color: Color) -> Box<dyn Write + 'o> {
    let keep = match color {
        Color::Auto => takes_styles,
        Color::Always => true,
        Color::Never => false,
    };
    if keep { Box::new(out) } else { Box::new(Plain { out, state: StripBytes::new() }) }
}

/// A writer that leaves styles out.
struct Plain<'o> {
    out: &'o mut dyn Write,
    /// A sequence may come in several pieces.
    state: StripBytes,
}

impl Write for Plain<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for printable in self.state.strip_next(bytes) {
            self.out.write_all(printable)?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
