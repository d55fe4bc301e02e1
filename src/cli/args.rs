//! The arguments as typed. The doc comments are the help that users read.

mod planning;

use std::path::PathBuf;

use clap::{ArgAction, Args, CommandFactory, Parser, Subcommand, ValueEnum};

pub(crate) use self::planning::{Apply, Drift, Linking, Plan, Recording, Undo};
use super::moment::{At, Span};
use super::shard::Shard;
use super::status;
use crate::model::{Email, EmailProblem};
use crate::serve::FaultSpec;

/// Access-as-code: who may do what in an organization, written in YAML, planned, reviewed and applied
#[derive(Debug, Parser)]
#[command(name = "accessctl", version, after_help = status::HELP, max_term_width = 100)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Only this organization, by its key; may be repeated
    #[arg(long = "org", value_name = "KEY", global = true, action = ArgAction::Append)]
    pub(crate) orgs: Vec<String>,
    /// Only a part of the organizations, such as 2/8 for the second of eight jobs; which part one is in never changes
    #[arg(long, value_name = "K/N", global = true)]
    pub(crate) shard: Option<Shard>,
    /// For validate, plan, apply, drift, explain, who-can and review: as of another moment than now, such as
    /// 2027-01-31T18:00:00Z; a day, such as 2027-01-31, is its start in each organization's time zone
    #[arg(long, value_name = "TIME", global = true)]
    pub(crate) at: Option<At>,
    /// The form of the result: text; json for plan, undo, drift, validate, orgs, doctor, explain, who-can and log; diff for
    /// plan and undo; sarif for validate and plan; code-quality for validate; junit for drift; csv for review and log; markdown
    /// and html for plan, undo and review
    #[arg(long, value_name = "FORMAT", global = true)]
    pub(crate) format: Option<Format>,
    /// When to use color
    #[arg(long, value_name = "WHEN", global = true, default_value = "auto")]
    pub(crate) color: Color,
    /// Show long lists whole
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
    /// Say nothing on standard error but errors
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// The form of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs: one JSON document
    Json,
    /// A unified diff of live and target, both as configuration
    Diff,
    /// A table for spreadsheets
    Csv,
    /// For comments, issues and wikis
    Markdown,
    /// A page for browsers and paper, complete in one file
    Html,
    /// Findings for code scanning and editors: SARIF 2.1.0
    Sarif,
    /// Findings for merge requests on GitLab
    CodeQuality,
    /// A report of tests for CI systems, as JUnit XML
    Junit,
}

impl Format {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Diff => "diff",
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Sarif => "sarif",
            Self::CodeQuality => "code-quality",
            Self::Junit => "junit",
        }
    }
}

/// When to use color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Check the configuration, without a backend
    Validate(Validate),
    /// Show what apply would do
    Plan(Plan),
    /// Make the live side what the configuration says
    ///
    /// Shows the plan, asks on the terminal, and performs what was agreed to. The plan goes to standard output, and to
    /// the terminal as well where standard output is redirected.
    ///
    /// With --plan, it plans again and does what both plans have. What the live side shows as done is passed over; what
    /// does not follow any more makes it refuse; what only the plan of now has is told and never done.
    Apply(Apply),
    /// Tell what somebody changed by hand, and what ends soon; for a scheduled job
    ///
    /// Compares the live side with the configuration and changes nothing. Exits with 3 when something is not as agreed and
    /// not accepted, or has been over for more than a day and is still there. With --state it remembers what it told, and says what is new, what is still so and what is gone.
    Drift(Drift),
    /// Save the live side to a file, to plan without access to it
    Snapshot(Snapshot),
    /// Tell which access a user has, by which facts, and where these are written
    ///
    /// With a project: also what would have to change for the user to lose the access, or to get it. With the live side,
    /// whatever the two sides do not agree on is marked.
    Explain(Explain),
    /// Tell who has access to a project, by which facts, and where these are written
    WhoCan(WhoCan),
    /// List all access for a review: every user, project and source, with reason, ticket, approver and place
    ///
    /// Shows what the configuration declares or, with --live or --from-backend, what the live side gives. Rows that only
    /// one of the two has are marked.
    Review(Review),
    /// Show what would restore the access from before a run
    ///
    /// Reads from the journal what the run did, and plans the way back from the live side of now. What somebody changed
    /// since is left as it is and told, and so is what cannot be undone. Nothing is done: save the plan with --out and
    /// apply it with `accessctl apply --plan FILE`.
    Undo(Undo),
    /// Tell what was done, by whom, when, from which plan and why
    ///
    /// Reads what apply has written down; neither the configuration nor the service is needed. Times are in UTC.
    Log(Log),
    /// Rehearse: a local server that speaks the service's API over a local store
    ///
    /// Serves one organization on 127.0.0.1 until it is interrupted, and prints what to set and to write to use it. It
    /// imitates what is known of the service, and its rules; see docs/serve.md.
    Serve(Serve),
    /// Check the way to each organization: credential, answers, and what the account can do
    Doctor(Paths),
    /// List the organizations of the configuration, such as for a matrix of jobs
    ///
    /// Needs neither a credential nor the service.
    Orgs(Orgs),
    /// Print the JSON Schema of the configuration, or of an output
    Schema(Schema),
    /// Print completions for a shell
    Completions(Completions),
    /// Print the manual page
    Man(Man),
}

/// Where the configuration is.
#[derive(Debug, Args)]
pub(crate) struct Paths {
    /// Files and folders of the configuration
    #[arg(value_name = "PATH", default_value = ".")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Validate {
    #[command(flatten)]
    pub(crate) paths: Paths,
    #[command(flatten)]
    pub(crate) ahead: Ahead,
    #[command(flatten)]
    pub(crate) annotating: Annotating,
}

/// Where findings are told beside the log.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Annotating {
    /// Tell findings on standard error too, in the form that this system shows at their lines in a pull request
    #[arg(long = "annotations", value_name = "SYSTEM")]
    pub(crate) system: Option<System>,
}

/// A system that reads annotations in the log of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum System {
    /// Workflow commands of GitHub
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct Orgs {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// The same as --format json
    #[arg(long)]
    pub(crate) json: bool,
}

/// How far ahead a command looks.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Ahead {
    /// Tell what ends within this time, such as 14d, 36h or 4w, and what is over; 0d tells neither
    #[arg(long, value_name = "TIME", default_value = "14d")]
    pub(crate) expiring_within: Span,
}

#[derive(Debug, Args)]
pub(crate) struct Snapshot {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Where to save it; - for standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// The folder of the journal: what the last apply left is saved beside the live side, so that whoever plans against the
    /// file tells what was changed by hand from what was never applied [default: as for apply]
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
}

/// Where the configuration is, for commands that are asked about something else.
#[derive(Debug, Args)]
pub(crate) struct ConfigPaths {
    /// A file or folder of the configuration; may be repeated
    #[arg(long = "config", value_name = "PATH", default_value = ".", action = ArgAction::Append)]
    pub(crate) paths: Vec<PathBuf>,
}

/// Which live side is looked at, if any.
#[derive(Debug, Args)]
pub(crate) struct LiveSide {
    /// Look at the live side in a saved snapshot too; may be repeated, one for each organization
    #[arg(long, value_name = "FILE", action = ArgAction::Append, conflicts_with = "from_backend")]
    pub(crate) live: Vec<PathBuf>,
    /// Read the live side too
    #[arg(long)]
    pub(crate) from_backend: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The e-mail address of the user
    #[arg(value_name = "USER")]
    pub(crate) user: String,
    /// Only this project: its key, id or name
    #[arg(value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigPaths,
    #[command(flatten)]
    pub(crate) live: LiveSide,
}

#[derive(Debug, Args)]
pub(crate) struct WhoCan {
    /// The project: its key, id or name
    #[arg(value_name = "PROJECT")]
    pub(crate) project: String,
    /// At least this role: owner, admin, analyst, consumer or a custom role of the project
    #[arg(value_name = "ROLE")]
    pub(crate) role: Option<String>,
    #[command(flatten)]
    pub(crate) config: ConfigPaths,
    #[command(flatten)]
    pub(crate) live: LiveSide,
}

#[derive(Debug, Args)]
pub(crate) struct Review {
    #[command(flatten)]
    pub(crate) paths: Paths,
    /// Only users outside the organization's domains
    #[arg(long)]
    pub(crate) external: bool,
    /// Only access that lets a user do at least what this role does
    #[arg(long, value_name = "ROLE")]
    pub(crate) role_at_least: Option<String>,
    /// Only projects of this environment
    #[arg(long, value_name = "NAME")]
    pub(crate) environment: Option<String>,
    /// Only access through this team: its name, or its key in the configuration
    #[arg(long, value_name = "TEAM")]
    pub(crate) team: Option<String>,
    /// Only access that ends within this time, such as 14d, 36h or 4w
    #[arg(long, value_name = "TIME")]
    pub(crate) expiring_within: Option<Span>,
    #[command(flatten)]
    pub(crate) live: LiveSide,
}

#[derive(Debug, Args)]
pub(crate) struct Log {
    /// Only this run, by its name or the beginning of it
    #[arg(long, value_name = "RUN")]
    pub(crate) run: Option<String>,
    /// Only what was done to this user, by e-mail address
    #[arg(long, value_name = "USER")]
    pub(crate) user: Option<String>,
    /// Only what was done on this project: its key or id
    #[arg(long, value_name = "PROJECT")]
    pub(crate) project: Option<String>,
    /// Nothing before this day or moment
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<At>,
    /// Nothing from this day or moment on
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<At>,
    /// The folder of the journal [default: ACCESSCTL_JOURNAL, else accessctl/journal in the user's state folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) journal: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The local store that holds the organization
    #[arg(long, value_name = "FILE")]
    pub(crate) state: PathBuf,
    /// The snapshot to make the store from where it does not exist
    #[arg(long, value_name = "FILE")]
    pub(crate) seed: Option<PathBuf>,
    /// The port; 0 for any that is free
    #[arg(long, value_name = "N", default_value_t = 8473)]
    pub(crate) port: u16,
    /// Let requests fail: by chance, such as 429=0.05,lost=0.02,slow=200ms,seed=7, or in places, such as 401@write3+
    #[arg(long, value_name = "SPEC", default_value = "", hide_default_value = true)]
    pub(crate) faults: FaultSpec,
    /// Add a line of JSON for each request to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
    /// The organization role of the service account
    #[arg(long, value_name = "ROLE", default_value = "admin")]
    pub(crate) role: AccountRole,
    /// An e-mail domain that SCIM sees; may be repeated [default: those of the owners]
    #[arg(long, value_name = "DOMAIN", action = ArgAction::Append, value_parser = domain)]
    pub(crate) claim: Vec<String>,
    /// Somebody who has an account on the service, and so joins at once when invited; may be repeated
    #[arg(long, value_name = "EMAIL", action = ArgAction::Append, value_parser = Email::new)]
    pub(crate) has_account: Vec<Email>,
}

/// A domain that an e-mail address can have.
fn domain(text: &str) -> Result<String, EmailProblem> {
    Email::new(&format!("someone@{text}")).map(|email| email.domain().to_owned())
}

/// The organization role of the service account of a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AccountRole {
    /// May do everything
    Owner,
    /// May do what is not above admin
    Admin,
    /// May do nothing
    Member,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// Which schema
    #[arg(value_name = "WHAT", default_value = "config")]
    pub(crate) what: SchemaOf,
}

/// What a schema describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// The configuration
    Config,
    /// The output of plan --format json
    Plan,
    /// The output of drift --format json
    Drift,
    /// The files that snapshot saves
    Snapshot,
    /// The output of validate --format json
    Findings,
    /// The output of doctor --format json
    Doctor,
    /// The output of orgs --json
    Orgs,
    /// The output of explain --format json
    Explain,
    /// The output of who-can --format json
    WhoCan,
    /// One line of the files that apply keeps of what it does
    Journal,
    /// The output of log --format json
    Log,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, Args)]
pub(crate) struct Man {
    /// The page of one command
    #[arg(value_name = "COMMAND")]
    pub(crate) command: Option<String>,
}

/// The definition of the command line, for documents made from it.
pub fn command() -> clap::Command {
    Arguments::command()
}
