//! What can be asked of the benchmark.

use clap::builder::RangedU64ValueParser;

use crate::process::Task;

/// Measures `accessctl plan` over generated organizations and prints tables for docs/performance.md.
#[derive(Debug, clap::Parser)]
#[command(name = "cargo bench --bench plan --", version)]
pub(crate) struct Arguments {
    /// Users of the organization, 100 at least.
    #[arg(long, default_value_t = 100_000, value_parser = RangedU64ValueParser::<usize>::new().range(100..))]
    pub(crate) users: usize,
    /// Memberships of each user.
    #[arg(long, default_value_t = 5, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    pub(crate) memberships: usize,
    /// What the organization follows from: the same seed, the same bytes.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Percent of users, memberships and roles that differ in the changed live state.
    #[arg(long, default_value_t = 1.0, value_parser = percent)]
    pub(crate) share: f64,
    /// Runs of each measurement.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) runs: u16,
    /// Scale up to ten times the users as well.
    #[arg(long)]
    pub(crate) large: bool,
    /// Measure only these parts.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Part>,
    /// The Python in which octoDNS is looked for.
    #[arg(long, default_value = "python3")]
    pub(crate) python: String,
    /// Records of the plan by octoDNS as a share of the organization's facts; 0 leaves it out.
    #[arg(long, default_value_t = 1.0, value_parser = share)]
    pub(crate) octodns_share: f64,
    /// Leave the generated files in place and say where they are.
    #[arg(long)]
    pub(crate) keep: bool,
    /// End with status 1 when a limit is missed.
    #[arg(long)]
    pub(crate) check: bool,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    pub(crate) bench: bool,
}

/// A part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Part {
    /// Whole runs of the program, beside merely parsing the same files.
    Plan,
    /// Shares of the steps of a plan.
    Steps,
    /// A tenth of the users and, with `--large`, ten times as many.
    Scaling,
    /// Starting the program and planning the quickstart.
    Small,
    /// Plans and applies over HTTP, against a server on this machine.
    Service,
    /// The same number of entries with octoDNS.
    Octodns,
}

impl Arguments {
    /// Whether `part` is asked for.
    pub(crate) fn wants(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

/// What this program was started for by itself.
#[derive(Debug, clap::Parser)]
pub(crate) struct Own {
    #[command(subcommand)]
    pub(crate) task: Task,
}

fn percent(text: &str) -> Result<f64, String> {
    within(text, 100.0)
}

fn share(text: &str) -> Result<f64, String> {
    within(text, 1.0)
}

fn within(text: &str, most: f64) -> Result<f64, String> {
    match text.parse() {
        Ok(number) if (0.0..=most).contains(&number) => Ok(number),
        Ok(_) | Err(_) => Err(format!("expected a number from 0 to {most}")),
    }
}
