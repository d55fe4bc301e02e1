//! Running programs and finding out what they cost.
//!
//! What a program costs is asked by a process of its own, made from this very program: the system reports the largest
//! memory of all children that a process ever had, and counts a child's memory from that of the process that starts it.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::baseline::Reader;
use crate::usage::{Cost, Summary, Whose, measure};
use crate::{baseline, phases};

/// What this program does when it has started itself.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Runs a program several times and writes what each run cost.
    Measure { runs: usize, program: OsString, arguments: Vec<OsString> },
    /// Parses all files below a path.
    Parse { reader: Reader, path: PathBuf },
    /// Plans step by step and writes what each step cost.
    Phases { folder: PathBuf, live: PathBuf },
}

/// The first argument that tells a task from what a person typed.
pub(crate) const MARK: &str = "task";

impl Task {
    /// Does the task.
    ///
    /// # Errors
    /// Whatever goes wrong.
    pub(crate) fn run(self) -> Result<()> {
        let mut out = io::stdout().lock();
        match self {
            Self::Measure { runs, program, arguments } => {
                let mut costs = Vec::with_capacity(runs);
                for _ in 0..runs {
                    costs.push(run_once(&program, &arguments)?);
                }
                serde_json::to_writer(&mut out, &costs)?;
                writeln!(out)?;
            }
            Self::Parse { reader, path } => writeln!(out, "{}", baseline::parse(reader, &path)?)?,
            Self::Phases { folder, live } => phases::write(&phases::plan(&folder, &live)?.0, &mut out)?,
        }
        Ok(())
    }
}

fn run_once(program: &OsStr, arguments: &[OsString]) -> Result<Cost> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let (output, cost) = measure(Whose::Children, || command.output())?;
    let output = output.with_context(|| format!("cannot start {}", program.display()))?;
    if !output.status.success() {
        bail!("{command:?} ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(cost)
}

/// What `runs` runs of `program` cost.
///
/// # Errors
/// When a run fails.
pub(crate) fn cost<A: AsRef<OsStr>>(runs: usize, program: &OsStr, arguments: &[A]) -> Result<Summary> {
    let mut command = myself()?;
    command.arg("measure").arg(runs.to_string()).arg("--").arg(program).args(arguments);
    let costs: Vec<Cost> = serde_json::from_slice(&output(command)?)?;
    Ok(Summary::of(&costs))
}

/// What `runs` runs of parsing everything below `path` cost, each in a process of its own.
///
/// # Errors
/// When a run fails.
pub(crate) fn cost_of_parsing(runs: usize, reader: Reader, path: &Path) -> Result<Summary> {
    let program = std::env::current_exe()?;
    let reader = match reader {
        Reader::Events => "events",
        Reader::Yaml => "yaml",
        Reader::Json => "json",
    };
    cost(runs, program.as_os_str(), &[MARK.as_ref(), "parse".as_ref(), reader.as_ref(), path.as_os_str()])
}

/// What each step of a plan costs, over `runs` processes.
///
/// # Errors
/// When a run fails.
pub(crate) fn cost_of_phases(runs: usize, folder: &Path, live: &Path) -> Result<Vec<Summary>> {
    let mut by_phase: Vec<Vec<Cost>> = vec![Vec::new(); phases::PHASES.len()];
    for _ in 0..runs {
        let mut command = myself()?;
        command.arg("phases").arg(folder).arg(live);
        let costs: Vec<Cost> = serde_json::from_slice(&output(command)?)?;
        ensure!(costs.len() == by_phase.len(), "a run told of {} steps", costs.len());
        for (phase, cost) in by_phase.iter_mut().zip(costs) {
            phase.push(cost);
        }
    }
    Ok(by_phase.iter().map(|costs| Summary::of(costs)).collect())
}

fn myself() -> Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(MARK);
    Ok(command)
}

fn output(mut command: Command) -> Result<Vec<u8>> {
    let output = command.stderr(Stdio::piped()).output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim_end());
    Ok(output.stdout)
}
