//! The command line: arguments, the way through a command, messages and exit status.
//!
//! Everything outside comes in through [`Surroundings`], so that a whole run can be tested in one process. The result
//! of a command goes to standard output and nothing else does.

mod args;
mod base;
mod commands;
mod configuration;
mod context;
mod error;
mod findings;
mod journal;
mod links;
mod live;
mod memory;
mod metrics;
mod moment;
mod notify;
mod planned;
mod redacting;
mod rewriting;
mod screen;
mod shard;
mod sides;
mod status;
mod summary;

use std::ffi::OsString;
use std::io::{BufRead, Write};

use clap::Parser;
use jiff::Timestamp;

use self::args::Arguments;
pub use self::args::command;
use self::context::{Context, styled};
use self::error::Failure;
use self::screen::{Above, Beside, Place, Screen};
pub use self::status::ExitStatus;
use crate::backend::mixpanel::Pause;
use crate::redaction::{Hides, Veil};
use crate::stop::Stop;
use crate::visible::visible;

/// What a run has around it.
pub struct Surroundings<'a> {
    /// Where answers come from.
    pub stdin: &'a mut dyn BufRead,
    /// Where the result goes.
    pub stdout: &'a mut dyn Write,
    /// Where everything else goes.
    pub stderr: &'a mut dyn Write,
    /// Whether somebody can be asked: standard input and standard error are terminals.
    pub can_ask: bool,
    /// Whether whoever is asked sees what goes to standard output: it is a terminal.
    pub stdout_is_terminal: bool,
    /// Columns of the terminal, where there is one.
    pub width: Option<usize>,
    /// Columns of the terminal that standard error is, at this moment; none where it is none.
    pub stderr_columns: &'a dyn Fn() -> Option<usize>,
    /// Whether standard output takes styles, as far as the surroundings say.
    pub stdout_styles: bool,
    /// Whether standard error takes styles, as far as the surroundings say.
    pub stderr_styles: bool,
    /// Tells the time.
    pub clock: &'a dyn Fn() -> Timestamp,
    /// Waits, while requests that are under way go on.
    pub pause: Pause<'a>,
    /// Whether somebody wants the run to stop.
    pub stop: &'a Stop,
    /// Reads a variable of the environment.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
}

/// Runs the program with `arguments`, the name of the program first.
pub fn run(arguments: impl IntoIterator<Item = OsString>, surroundings: Surroundings<'_>) -> ExitStatus {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let parsed = match Arguments::try_parse_from(&arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            // The message repeats arguments, and those may be names that strangers gave to files.
            let inert = arguments.iter().map(|argument| visible(&argument.to_string_lossy()).into_owned());
            let error = Arguments::try_parse_from(inert).err().unwrap_or(error);
            return show_usage(&error, surroundings);
        }
    };
    let Arguments { global, command } = parsed;
    let pseudonyms = match redacting::pseudonyms(&command, surroundings.environment) {
        Ok(pseudonyms) => pseudonyms,
        Err(error) => {
            let mut stderr = styled(surroundings.stderr, surroundings.stderr_styles, global.color);
            return error.tell(&mut stderr).unwrap_or(ExitStatus::Failure);
        }
    };
    let Surroundings { stdout, stderr, clock, environment, stderr_columns, .. } = surroundings;
    // Whatever is written, by whomever: no address passes. The result is made without names, and everything else is not.
    let (mut veiled_stdout, mut veiled_stderr);
    let (stdout, stderr): (&mut dyn Write, &mut dyn Write) = match &pseudonyms {
        None => (stdout, stderr),
        Some(pseudonyms) => {
            veiled_stdout = Veil::new(stdout, pseudonyms, Hides::Addresses);
            veiled_stderr = Veil::new(stderr, pseudonyms, Hides::NamesToo);
            (&mut veiled_stdout, &mut veiled_stderr)
        }
    };
    let place = if global.quiet {
        Place::Nowhere
    } else if stderr_columns().is_some() && can_be_redrawn(environment) {
        Place::Terminal(stderr_columns)
    } else {
        Place::Log
    };
    let screen = Screen::new(stderr, place, clock);
    let surroundings = Surroundings {
        stdin: surroundings.stdin,
        stdout: &mut Above { screen: &screen, out: stdout },
        stderr: &mut Beside(&screen),
        can_ask: surroundings.can_ask,
        stdout_is_terminal: surroundings.stdout_is_terminal,
        width: surroundings.width,
        stderr_columns,
        stdout_styles: surroundings.stdout_styles,
        stderr_styles: surroundings.stderr_styles,
        clock,
        pause: surroundings.pause,
        stop: surroundings.stop,
        environment,
    };
    let mut context = Context::new(global, surroundings, &screen, pseudonyms.as_ref());
    let ended = commands::run(&mut context, command).and_then(|status| {
        context.surroundings.stdout.flush()?;
        Ok(status)
    });
    let status = match ended {
        Ok(status) => status,
        Err(Failure::Closed) => ExitStatus::Failure,
        Err(Failure::Told(status)) => status,
        // Where even the error cannot be written, the status still tells.
        Err(Failure::Error(error)) => error.tell(&mut context.stderr()).unwrap_or(ExitStatus::Failure),
    };
    screen.end();
    status
}

/// Whether a line of the terminal can be drawn again: not where it is a log that looks like one.
fn can_be_redrawn(environment: &dyn Fn(&str) -> Option<String>) -> bool {
    let is_set = |name| environment(name).is_some_and(|value| !value.is_empty() && value != "false" && value != "0");
    environment("TERM").as_deref() != Some("dumb") && !is_set("CI")
}

/// Shows help, the version, or what is wrong with the arguments.
fn show_usage(error: &clap::Error, surroundings: Surroundings<'_>) -> ExitStatus {
    let text = error.render();
    let (out, styles) = if error.use_stderr() {
        (surroundings.stderr, surroundings.stderr_styles)
    } else {
        (surroundings.stdout, surroundings.stdout_styles)
    };
    let written = if styles { write!(out, "{}", text.ansi()) } else { write!(out, "{text}") };
    match (written.and_then(|()| out.flush()), error.use_stderr()) {
        (Ok(()), false) => ExitStatus::Done,
        (_, true) => ExitStatus::Invalid,
        (Err(_), false) => ExitStatus::Failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The status of a run and what it says on standard error.
    fn run_with(arguments: &[&str], width: usize, styles: bool) -> (ExitStatus, String) {
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let surroundings = Surroundings {
            stdin: &mut std::io::empty(),
            stdout: &mut stdout,
            stderr: &mut stderr,
            can_ask: false,
            stdout_is_terminal: false,
            width: Some(width),
            stderr_columns: &|| None,
            stdout_styles: styles,
            stderr_styles: styles,
            clock: &|| Timestamp::UNIX_EPOCH,
            pause: &|_| Box::pin(std::future::ready(())),
            stop: &Stop::new(),
            environment: &|_| None,
        };
        let status = run(arguments.iter().map(OsString::from), surroundings);
        (status, String::from_utf8(stderr).unwrap())
    }

    #[test]
    fn arguments_are_repeated_without_acting() {
        for arguments in
            [&["accessctl", "pl\u{1b}[2Jan\u{202e}\n"][..], &["accessctl", "plan", "--format", "\u{1b}[2J"]]
        {
            for styles in [false, true] {
                let (status, said) = run_with(arguments, 80, styles);
                assert_eq!(status, ExitStatus::Invalid);
                assert!(said.contains("\\u{1b}[2J"), "{said}");
                assert!(!said.contains("\u{1b}[2J") && !said.contains('\u{202e}'), "{said}");
            }
        }
    }

    #[test]
    fn any_number_of_columns_will_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("access.yaml");
        std::fs::write(&path, "version: 1\norg: { key: acme, id: 7 }\nusers: { ana@acme.com: bos }\n").unwrap();
        for width in [0, usize::MAX] {
            let (status, said) = run_with(&["accessctl", "plan", path.to_str().unwrap()], width, false);
            assert_eq!(status, ExitStatus::Invalid);
            assert!(said.contains("E0303"), "{said}");
        }
    }
}
