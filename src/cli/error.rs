//! What goes wrong in a command, as it is told: one place decides heading, hints and exit status.

use std::io::{self, Write};

use annotate_snippets::renderer::{DEFAULT_ERROR_STYLE as ERROR, DEFAULT_HELP_STYLE as HINT};

use super::ExitStatus;
use crate::backend::BackendError;
use crate::backend::mixpanel::CredentialsProblem;
use crate::diagnostic::Diagnostic;
use crate::render::visible;

/// Why a command ends before its work is done.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Whoever read the output went away; there is nobody to tell.
    Closed,
    /// It was told already; only the exit status remains.
    Told(ExitStatus),
    /// It is still to be told.
    Error(CommandError),
}

/// An error with what to do about it.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) kind: Kind,
    /// The message and, as its sources, its causes.
    pub(crate) error: anyhow::Error,
    pub(crate) hints: Vec<String>,
}

/// Why one organization of a run cannot be looked at, while the others are.
pub(crate) enum OrgProblem {
    /// The configuration is at fault.
    Findings(Vec<Diagnostic>),
    /// Something else is.
    Error(CommandError),
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command was used wrongly, or the configuration does not allow it.
    Usage,
    /// Something outside went wrong.
    Failure,
    /// What was planned is not what would be done.
    Refused,
    /// Somebody wanted it to stop.
    Stopped,
}

impl Kind {
    pub(crate) fn status(self) -> ExitStatus {
        match self {
            Self::Usage => ExitStatus::Invalid,
            Self::Failure => ExitStatus::Failure,
            Self::Refused => ExitStatus::Refused,
            Self::Stopped => ExitStatus::Incomplete,
        }
    }
}

impl CommandError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, error: anyhow::Error::msg(message.into()), hints: Vec::new() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    /// A stop was asked for before anything was changed, by `cause`.
    pub(crate) fn stopped(cause: &str) -> Self {
        Self::new(Kind::Stopped, format!("stopped by {cause}"))
            .hint("nothing was applied; run the same command again to go on")
    }

    #[must_use]
    pub(crate) fn hint(mut self, text: impl Into<String>) -> Self {
        self.hints.push(text.into());
        self
    }

    /// Says what was being done when this error came up.
    #[must_use]
    pub(crate) fn while_doing(mut self, doing: impl Into<String>) -> Self {
        self.error = self.error.context(doing.into());
        self
    }

    /// The error with its causes, on one line.
    pub(crate) fn chain(&self) -> String {
        self.error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
    }

    /// Writes the error, its causes and its hints, and returns the exit status.
    pub(crate) fn tell(&self, out: &mut dyn Write) -> io::Result<ExitStatus> {
        writeln!(out, "{ERROR}error{ERROR:#}: {}", visible(&self.error.to_string()))?;
        for cause in self.error.chain().skip(1) {
            writeln!(out, "  caused by: {}", visible(&cause.to_string()))?;
        }
        for hint in &self.hints {
            writeln!(out, "  {HINT}hint{HINT:#}: {}", visible(hint))?;
        }
        Ok(self.kind.status())
    }
}

impl OrgProblem {
    /// Adds findings to those of the run, which are told together; writes an error to `out` at once, with what it keeps
    /// from being done. Returns the exit status.
    pub(crate) fn tell(
        self,
        kept_from: impl Into<String>,
        findings: &mut Vec<Diagnostic>,
        out: &mut dyn Write,
    ) -> io::Result<ExitStatus> {
        match self {
            Self::Findings(mut found) => {
                findings.append(&mut found);
                Ok(ExitStatus::Invalid)
            }
            Self::Error(error) => error.while_doing(kept_from).tell(out),
        }
    }
}

impl<E: Into<CommandError>> From<E> for OrgProblem {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        Self::Error(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        let error = anyhow::Error::new(error).context("cannot write the output");
        Self::Error(CommandError { kind: Kind::Failure, error, hints: Vec::new() })
    }
}

impl From<BackendError> for CommandError {
    fn from(error: BackendError) -> Self {
        if error.is_stop() {
            // A backend waits for the stop and does not know who asked for it.
            return Self::stopped("Ctrl-C or another signal");
        }
        let hints = error.next_steps();
        Self { kind: Kind::Failure, error: anyhow::Error::new(error), hints }
    }
}

impl From<CredentialsProblem> for CommandError {
    fn from(problem: CredentialsProblem) -> Self {
        let without = "to plan without a credential, use a saved live side: `accessctl plan --live FILE`";
        let hints = vec![problem.next_step(), without.to_owned()];
        Self { kind: Kind::Usage, error: anyhow::Error::new(problem), hints }
    }
}

impl From<BackendError> for Failure {
    fn from(error: BackendError) -> Self {
        Self::Error(error.into())
    }
}
