//! The arguments of the commands that make a plan of their own: plan, apply, undo and drift.

use std::path::PathBuf;

use clap::{ArgAction, Args, ValueEnum};

use super::{Ahead, Annotating, Paths};
use crate::cli::moment::{Patience, Span};

#[derive(Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub(crate) paths: Paths,
    #[command(flatten)]
    pub(crate) ahead: Ahead,
    /// Exit with 3 when there is anything to do
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Plan against a saved snapshot instead of the live side; may be repeated, one for each organization
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(crate) live: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) earlier: Earlier,
    /// Tell what is proposed from what was agreed to before: in this folder, or else in this git revision
    #[arg(long, value_name = "DIR|GIT-REF")]
    pub(crate) base: Option<String>,
    /// With --base: the folder of the journal, which tells what was changed by others from what was never applied; a
    /// snapshot says it itself [default: as for apply]
    #[arg(long, value_name = "DIR", requires = "base")]
    pub(crate) journal: Option<PathBuf>,
    /// Save the plan as well, to review it and to apply exactly this: `accessctl apply --plan FILE`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Show pseudonyms instead of people, such as in the log of a public repository; the key of the pseudonyms stands in
    /// ACCESSCTL_REDACT_KEY
    #[arg(long, value_name = "WHAT")]
    pub(crate) redact: Option<Redact>,
    #[command(flatten)]
    pub(crate) linking: Linking,
    #[command(flatten)]
    pub(crate) annotating: Annotating,
    #[command(flatten)]
    pub(crate) summary: Summary,
    #[command(flatten)]
    pub(crate) metrics: Metrics,
    /// Say something about the plan in its JSON, such as pr=12, commit=1a2b3c or author=ana; may be repeated
    #[arg(long, value_name = "KEY=TEXT", action = ArgAction::Append, value_parser = meta)]
    pub(crate) meta: Vec<(String, String)>,
}

/// What output does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Redact {
    /// E-mail addresses and names of people
    People,
}

/// Where places lead to.
#[derive(Debug, Args)]
pub(crate) struct Linking {
    /// With --format markdown or html: link places to URL/path#L12, the path being that in the repository
    #[arg(long, value_name = "URL")]
    pub(crate) link_base: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Drift {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Tell what ends within this time, such as 14d, 36h or 4w; 0d tells nothing of it
    #[arg(long, value_name = "TIME", default_value = "14d")]
    pub(crate) expiring_within: Span,
    /// Look at a saved snapshot instead of the live side; may be repeated, one for each organization
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(crate) live: Vec<PathBuf>,
    /// Remember in this file what was told and since when it is so; it is made where it does not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Edit the YAML at PATH, a folder or file of the configuration, so that it says what the live side has, for a pull
    /// request; a file that is not there is made for what is new
    #[arg(long, value_name = "PATH")]
    pub(crate) write: Option<PathBuf>,
    /// Write nothing to standard output unless there is news: something that the last run did not tell; without --state,
    /// anything to tell
    #[arg(long)]
    pub(crate) quiet_if_clean: bool,
    /// Where there is news, run this with `sh -c` and give it the result as JSON on its standard input; it has 60 seconds
    #[arg(long, value_name = "CMD")]
    pub(crate) notify_command: Option<String>,
    #[command(flatten)]
    pub(crate) metrics: Metrics,
    /// The folder of the journal, which tells what was changed by hand from what was never applied [default: as for apply]
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
}

/// Where numbers for monitoring go.
#[derive(Debug, Args)]
pub(crate) struct Metrics {
    /// Write numbers for monitoring to this file, as OpenMetrics text
    #[arg(id = "metrics", long = "metrics", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// Where it is told to the page of a job.
#[derive(Debug, Args)]
pub(crate) struct Summary {
    /// Add what the run did to this file as Markdown, such as "$GITHUB_STEP_SUMMARY"
    #[arg(long = "summary", value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

/// A pair of `--meta`.
fn meta(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=').ok_or("write it as KEY=TEXT")?;
    Ok((pair.0.to_owned(), pair.1.to_owned()))
}

/// What the live side is compared with.
#[derive(Debug, Args)]
pub(crate) struct Earlier {
    /// A snapshot of an earlier time: a live side that has less than half of it blocks the plan; may be repeated
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(crate) earlier: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    /// The name of the run, as `accessctl log` tells it, or its beginning
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Exit with 3 when there is anything to do
    #[arg(long)]
    pub(crate) exit_code: bool,
    /// Plan against a saved snapshot instead of the live side
    #[arg(long, value_name = "FILE", action = ArgAction::Append)]
    pub(crate) live: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) earlier: Earlier,
    /// Save the plan, to review it and to apply exactly this: `accessctl apply --plan FILE`
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) linking: Linking,
    /// Say something about the plan in its JSON, such as ticket=OPS-12; may be repeated
    #[arg(long, value_name = "KEY=TEXT", action = ArgAction::Append, value_parser = meta)]
    pub(crate) meta: Vec<(String, String)>,
    /// The folder of the journal [default: ACCESSCTL_JOURNAL, else accessctl/journal in the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) paths: Paths,
    #[command(flatten)]
    pub(crate) ahead: Ahead,
    #[command(flatten)]
    pub(crate) earlier: Earlier,
    /// Let through exactly so many removals that are held
    #[arg(long, value_name = "N")]
    pub(crate) accept_removals: Option<usize>,
    /// Let through exactly so many invitations that are held
    #[arg(long, value_name = "N")]
    pub(crate) accept_invites: Option<usize>,
    /// Do only what this saved plan has and what still follows; with it, nothing is asked where there is no terminal
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// Leave out what of the saved plan does not follow any more, instead of refusing all of it
    #[arg(long, requires = "plan")]
    pub(crate) still_valid: bool,
    /// Refuse a saved plan that is older than this, such as 36h or 7d [default: 24h]
    #[arg(long, value_name = "TIME", requires = "plan")]
    pub(crate) max_age: Option<Span>,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) summary: Summary,
    #[command(flatten)]
    pub(crate) recording: Recording,
    /// Not for apply: a snapshot cannot be changed
    #[arg(long, value_name = "FILE", hide = true)]
    pub(crate) live: Option<PathBuf>,
}

/// How what is done is written down, and how a run gets its turn.
#[derive(Debug, Args)]
pub(crate) struct Recording {
    /// The folder for the journal [default: ACCESSCTL_JOURNAL, else accessctl/journal in the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
    /// Write something about the run into the journal, such as commit=1a2b3c, beside what a saved plan carries; may be
    /// repeated
    #[arg(long, value_name = "KEY=TEXT", action = ArgAction::Append, value_parser = meta)]
    pub(crate) meta: Vec<(String, String)>,
    /// Wait until all invitation mails may be sent, instead of leaving those over the limit to the next run
    #[arg(long)]
    pub(crate) wait: bool,
    /// Wait this long, such as 90s, 10m or 2h, where another apply of the same organization is under way
    #[arg(long, value_name = "TIME")]
    pub(crate) lock_timeout: Option<Patience>,
    /// Go on although this run of another machine has not ended: it is known to be dead
    #[arg(long, value_name = "RUN")]
    pub(crate) take_over: Option<String>,
}
