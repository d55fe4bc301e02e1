//! What a piece of work costs: processor time, time on the clock, memory.

use std::io;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What some work cost.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Cost {
    /// Processor time of all threads, user and system.
    pub(crate) cpu: Duration,
    /// Time on the clock.
    pub(crate) wall: Duration,
    /// The most memory that was resident, in bytes.
    pub(crate) peak: u64,
}

/// Whose cost is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Whose {
    /// This process.
    Own,
    /// The processes that this one has started and waited for.
    Children,
}

/// Does `work` and returns its result with what it cost `whose`.
///
/// # Errors
/// Where the system does not tell.
pub(crate) fn measure<T>(whose: Whose, work: impl FnOnce() -> T) -> io::Result<(T, Cost)> {
    let before = so_far(whose)?;
    let start = Instant::now();
    let result = work();
    let wall = start.elapsed();
    let after = so_far(whose)?;
    Ok((result, Cost { cpu: after.cpu.saturating_sub(before.cpu), wall, peak: after.peak }))
}

#[cfg(unix)]
fn so_far(whose: Whose) -> io::Result<Cost> {
    use nix::sys::resource::{UsageWho, getrusage};
    use nix::sys::time::TimeValLike;

    let usage = getrusage(match whose {
        Whose::Own => UsageWho::RUSAGE_SELF,
        Whose::Children => UsageWho::RUSAGE_CHILDREN,
    })?;
    let microseconds = (usage.user_time() + usage.system_time()).num_microseconds();
    // Linux counts kibibytes, macOS bytes.
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Ok(Cost {
        cpu: Duration::from_micros(u64::try_from(microseconds).unwrap_or(0)),
        wall: Duration::ZERO,
        peak: u64::try_from(usage.max_rss()).unwrap_or(0) * unit,
    })
}

#[cfg(not(unix))]
fn so_far(_: Whose) -> io::Result<Cost> {
    Err(io::Error::new(io::ErrorKind::Unsupported, "only Unix tells what a process cost"))
}

/// What several runs of the same work cost.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Summary {
    pub(crate) least: Cost,
    pub(crate) median: Cost,
    /// The most memory of any run.
    pub(crate) peak: u64,
}

impl Summary {
    /// Sums up `runs`, each measure for itself.
    pub(crate) fn of(runs: &[Cost]) -> Self {
        let sorted = |part: fn(&Cost) -> Duration| {
            let mut times: Vec<Duration> = runs.iter().map(part).collect();
            times.sort_unstable();
            let at = |index: usize| times.get(index).copied().unwrap_or_default();
            (at(0), at(times.len() / 2))
        };
        let (cpu, wall) = (sorted(|cost| cost.cpu), sorted(|cost| cost.wall));
        let peak = runs.iter().map(|cost| cost.peak).max().unwrap_or(0);
        Self { least: Cost { cpu: cpu.0, wall: wall.0, peak }, median: Cost { cpu: cpu.1, wall: wall.1, peak }, peak }
    }
}
