//! The command of `--notify-command`: it gets a document on its standard input and tells whomever it likes.

use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};

use super::context::Context;
use super::error::{CommandError, Kind};

/// How long the command may take: it holds up a scheduled job.
const LIMIT: Duration = Duration::from_secs(60);

/// How the command ended.
enum Ended {
    With(ExitStatus),
    TookTooLong,
    /// Somebody wants the run to end.
    Stopped,
}

/// Refuses a command that there is none of, before anything is asked of a service: a shell would do nothing with success.
pub(crate) fn check(command: &str) -> Result<(), CommandError> {
    if command.trim().is_empty() {
        return Err(CommandError::usage("the command of `--notify-command` is empty, and nobody would be told")
            .hint("where the command comes from a variable, see whether it is set"));
    }
    Ok(())
}

/// Runs `command` in a shell with `document` on its standard input. What it writes goes to standard error: standard output
/// has the result. It need not read all of the document, or any.
///
/// # Errors
/// When it cannot be started, ends with another status than 0, takes too long, or somebody stops the run: whatever the
/// command has started ends then, too. The command itself is not repeated in the
/// message: it may hold the address of a webhook.
pub(crate) fn notify(context: &mut Context<'_>, command: &str, document: &[u8]) -> Result<(), CommandError> {
    // The command is in a group of its own, which Ctrl-C does not reach: it is to end before this process does.
    context.surroundings.stop.heed();
    // What was said so far stands before what the command says.
    let _ = context.surroundings.stderr.flush();
    let ended = run(context, command, document).map_err(|error| {
        let error = anyhow::Error::new(error).context("the command of `--notify-command` cannot be run");
        CommandError { kind: Kind::Failure, error, hints: Vec::new() }
    })?;
    let message = match ended {
        Ended::With(status) if status.success() => return Ok(()),
        Ended::With(status) => format!("the command of `--notify-command` failed: {status}"),
        Ended::Stopped => {
            let cause = context.surroundings.stop.cause();
            format!("the command of `--notify-command` was stopped by {cause}")
        }
        Ended::TookTooLong => {
            format!("the command of `--notify-command` took longer than {} s and was stopped", LIMIT.as_secs())
        }
    };
    Err(CommandError::new(Kind::Failure, message))
}

fn run(context: &Context<'_>, command: &str, document: &[u8]) -> io::Result<Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut child = shell(command).spawn()?;
        let mut stopped = pin!(context.surroundings.stop.asked());
        let mut limit = (context.surroundings.pause)(LIMIT);
        let mut fed = pin!(feed(child.stdin.take(), document));
        let mut is_fed = false;
        loop {
            tokio::select! {
                biased;
                status = child.wait() => return Ok(Ended::With(status?)),
                () = &mut fed, if !is_fed => is_fed = true,
                () = &mut stopped => {
                    stop(&mut child).await?;
                    return Ok(Ended::Stopped);
                }
                () = &mut limit => {
                    stop(&mut child).await?;
                    return Ok(Ended::TookTooLong);
                }
            }
        }
    })
}

/// The shell that runs `command`, in a group of processes of its own, so that all of it can be stopped.
fn shell(command: &str) -> Command {
    let (program, option) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
    let mut shell = Command::new(program);
    shell.arg(option).arg(command).stdin(Stdio::piped()).stdout(io::stderr()).kill_on_drop(true);
    #[cfg(unix)]
    shell.process_group(0);
    shell
}

/// Writes `document` to the command. One that does not read it says by its status whether that is a failure.
async fn feed(stdin: Option<ChildStdin>, document: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(document).await;
        let _ = stdin.shutdown().await;
    }
}

/// Stops the command and what it has started.
async fn stop(child: &mut Child) -> io::Result<()> {
    if let (true, Some(group)) = (cfg!(unix), child.id()) {
        // Where there is no such program the shell alone is stopped.
        let kill = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).stderr(Stdio::null()).status();
        let _ = kill.await;
    }
    child.kill().await
}
