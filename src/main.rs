//! The command line program: arguments, clock and streams for the library's [`accessctl::cli`].

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use accessctl::cli::{Surroundings, run};
use accessctl::stop::{Stop, listen};
use anstream::{AutoStream, ColorChoice};

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whether somebody wants the run to stop; a run that changes something heeds it.
static STOP: Stop = Stop::by(heed_signals);

fn heed_signals() {
    listen(&STOP);
}

fn main() -> ExitCode {
    let (stdout, stderr) = (io::stdout(), io::stderr());
    let stdout_styles = AutoStream::choice(&stdout) != ColorChoice::Never;
    let stderr_styles = AutoStream::choice(&stderr) != ColorChoice::Never;
    let is_terminal = stdout.is_terminal();
    let can_ask = io::stdin().is_terminal() && stderr.is_terminal();
    let mut stdout = BufWriter::with_capacity(1 << 16, stdout.lock());
    let mut stderr = BufWriter::new(stderr.lock());
    let surroundings = Surroundings {
        stdin: &mut io::stdin().lock(),
        stdout: &mut stdout,
        stderr: &mut stderr,
        can_ask,
        stdout_is_terminal: is_terminal,
        width: width(is_terminal),
        stderr_columns: &stderr_columns,
        stdout_styles,
        stderr_styles,
        clock: &now,
        pause: &|wait| Box::pin(tokio::time::sleep(wait)),
        stop: &STOP,
        environment: &variable,
    };
    let status = run(std::env::args_os(), surroundings);
    let _ = stderr.flush();
    ExitCode::from(status.code())
}

/// The width that the user asks for, else that of the terminal.
fn width(is_terminal: bool) -> Option<usize> {
    let asked = std::env::var_os("COLUMNS").and_then(|columns| columns.to_str()?.parse().ok()).filter(|wide| *wide > 0);
    asked.or_else(|| {
        let (terminal_size::Width(wide), _) = terminal_size::terminal_size().filter(|_| is_terminal)?;
        Some(usize::from(wide))
    })
}

/// The columns of the terminal that standard error is; it may be made wider or narrower at any moment.
fn stderr_columns() -> Option<usize> {
    let (terminal_size::Width(wide), _) = terminal_size::terminal_size_of(io::stderr())?;
    Some(usize::from(wide)).filter(|wide| *wide > 0)
}

#[expect(clippy::disallowed_methods, reason = "the one place where the clock comes in")]
fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

#[expect(clippy::disallowed_methods, reason = "the one place where the environment comes in")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}
