//! Running programs and finding out what they cost.
//!
//! What a program costs is asked by a process of its own, made from this very program: the system reports the largest
//! memory of all children that a process ever had, and counts a child's memory from that of the process that starts it.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::baseline::Reader;
use crate::usage::{Cost, Summary, Whose, measure};
use crate::{baseline, fetch, phases};

/// What this program does when it has started itself.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Task {
    /// Runs a program and writes what it cost.
    Measure { program: OsString, arguments: Vec<OsString> },
    /// Parses all files below a path.
    Parse { reader: Reader, path: PathBuf },
    /// Fetches the first requests of a record again.
    Fetch { address: String, record: PathBuf, number: usize, name: String, secret: String },
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
            Self::Measure { program, arguments } => {
                serde_json::to_writer(&mut out, &run_once(&program, &arguments)?)?;
                writeln!(out)?;
            }
            Self::Parse { reader, path } => writeln!(out, "{}", baseline::parse(reader, &path)?)?,
            Self::Fetch { address, record, number, name, secret } => {
                writeln!(out, "{}", fetch::fetch(&address, &record, number, &name, &secret)?)?;
            }
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

/// A program to run.
#[derive(Debug)]
pub(crate) struct Work {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(&'static str, String)>,
}

impl Work {
    /// Running `program` with `arguments`.
    pub(crate) fn new(program: &str, arguments: &[&OsStr]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { program: program.into(), arguments, environment: Vec::new() }
    }

    /// The same with these variables in its environment.
    pub(crate) fn with(self, environment: Vec<(&'static str, String)>) -> Self {
        Self { environment, ..self }
    }

    /// This very program, with a task of its own.
    ///
    /// # Errors
    /// When it cannot be found.
    pub(crate) fn own(task: &[&OsStr]) -> Result<Self> {
        let arguments = [MARK.as_ref()].into_iter().chain(task.iter().copied());
        let arguments = arguments.map(OsStr::to_owned).collect();
        Ok(Self { program: std::env::current_exe()?.into_os_string(), arguments, environment: Vec::new() })
    }

    /// Merely parsing everything below `path`.
    ///
    /// # Errors
    /// When this program cannot be found.
    pub(crate) fn parsing(reader: Reader, path: &Path) -> Result<Self> {
        let reader = reader.to_possible_value().context("a reader has a name")?;
        Self::own(&["parse".as_ref(), reader.get_name().as_ref(), path.as_os_str()])
    }
}

/// What each of `works` costs over `runs` runs.
///
/// The works take turns, so that a machine that is busy for a while slows all of them and not one.
///
/// # Errors
/// When a run fails.
pub(crate) fn costs(runs: usize, works: &[Work]) -> Result<Vec<Summary>> {
    let mut by_work: Vec<Vec<Cost>> = vec![Vec::with_capacity(runs); works.len()];
    for _ in 0..runs {
        for (costs, work) in by_work.iter_mut().zip(works) {
            let mut command = myself()?;
            command.arg("measure").arg("--").arg(&work.program).args(&work.arguments);
            command.envs(work.environment.iter().map(|(name, value)| (name, value)));
            costs.push(serde_json::from_slice(&output(command)?)?);
        }
    }
    Ok(by_work.iter().map(|costs| Summary::of(costs)).collect())
}

/// What each step of a plan against each of `lives` costs, over `runs` processes each, which take turns.
///
/// # Errors
/// When a run fails.
pub(crate) fn costs_of_phases(runs: usize, folder: &Path, lives: &[PathBuf]) -> Result<Vec<Vec<Summary>>> {
    let mut by_live = vec![vec![Vec::with_capacity(runs); phases::PHASES.len()]; lives.len()];
    for _ in 0..runs {
        for (by_phase, live) in by_live.iter_mut().zip(lives) {
            let mut command = myself()?;
            command.arg("phases").arg(folder).arg(live);
            let costs: Vec<Cost> = serde_json::from_slice(&output(command)?)?;
            ensure!(costs.len() == by_phase.len(), "a run told of {} steps", costs.len());
            for (phase, cost) in by_phase.iter_mut().zip(costs) {
                phase.push(cost);
            }
        }
    }
    Ok(by_live.iter().map(|by_phase| by_phase.iter().map(|costs| Summary::of(costs)).collect()).collect())
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
