//! What plans and applies over HTTP cost their client: requests, time and memory.
//!
//! The server is the one of `accessctl serve`, on a thread of this process; the client is the program itself, measured
//! by a process of its own, so that nothing of what the server does is counted.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use accessctl::journal::{Journal, Line};
use accessctl::serve::{Options, Server};
use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;

use crate::fetch;
use crate::generate::configuration::{service_backend, write_yaml};
use crate::generate::live::{self, Live};
use crate::generate::{Organization, Shape};
use crate::process::{self, Work};
use crate::report::{self, Limit, mebibytes, seconds, thousands};
use crate::scene::PROGRAM;
use crate::usage::Summary;

/// Users and projects of the organizations that are planned.
const SIZES: [(usize, usize); 3] = [(1_000, 50), (10_000, 200), (100_000, 2_000)];
/// How much later the server answers than it could, in milliseconds.
const LATENCIES: [u64; 2] = [0, 50];
/// Users and projects of the organization that is applied.
const APPLIED: (usize, usize) = (10_000, 100);
/// How many changes are applied.
const CHANGES: [usize; 3] = [10, 1_000, 10_000];

/// What goes wrong on a bad day.
const BAD_DAY: &str = "429=0.05,500=0.01,seed=7,";

/// Requests that a server took.
#[derive(Debug, Clone, Copy, Default)]
struct Requests {
    reads: usize,
    writes: usize,
    /// Those of them that were answered with 429 or 500, and so came again.
    refused: usize,
    /// Those of the writes that had mails sent, and were not refused.
    mails: usize,
}

/// What the journal of a run costs, when it is written once more by itself.
#[derive(Debug, Clone, Copy, Default)]
struct JournalCost {
    /// Requests in it.
    requests: usize,
    bytes: u64,
    time: Duration,
}

/// A plan without differences, beside merely fetching the same answers and merely checking the configuration.
#[derive(Debug)]
pub(crate) struct PlanRow {
    users: usize,
    projects: usize,
    latency: u64,
    requests: Requests,
    cost: Summary,
    fetching: Summary,
    checking: Summary,
}

/// An apply.
#[derive(Debug)]
pub(crate) struct ApplyRow {
    what: &'static str,
    changes: usize,
    latency: u64,
    requests: Requests,
    cost: Summary,
    journal: JournalCost,
}

/// Tells the person who waits what is going on.
type Say<'a> = &'a mut dyn FnMut(&str) -> Result<()>;

/// A server over a store of its own, and the configuration of its client.
struct Stage {
    server: Server,
    configuration: PathBuf,
    journal: PathBuf,
    record: PathBuf,
    /// How much of the record was read.
    read: usize,
}

impl Stage {
    /// Starts a server for `organization` as `live` has it, below `folder`.
    fn new(organization: &Organization, live: Live, faults: &str, folder: &Path) -> Result<(Self, usize)> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder)?;
        let (seed, record) = (folder.join("seed.json"), folder.join("record.jsonl"));
        let differences = live::write(organization, live, &seed)?;
        let server = Server::start(Options {
            seed: Some(seed),
            record: Some(record.clone()),
            faults: faults.parse()?,
            ..Options::new(folder.join("store.db"), Arc::new(|| Timestamp::UNIX_EPOCH))
        })?;
        let configuration = folder.join("configuration");
        write_yaml(organization, &service_backend(&server.base_url()), &configuration)?;
        let journal = folder.join("journal");
        Ok((Self { server, configuration, journal, record, read: 0 }, differences.values().sum()))
    }

    /// The program with these arguments and the configuration.
    fn work(&self, arguments: &[&str]) -> Work {
        let account = self.server.account();
        let environment = vec![
            ("MIXPANEL_SERVICE_ACCOUNT", account.name.clone()),
            ("MIXPANEL_SERVICE_ACCOUNT_SECRET", account.secret.clone()),
            ("ACCESSCTL_JOURNAL", self.journal.display().to_string()),
        ];
        let mut arguments: Vec<&OsStr> = arguments.iter().map(AsRef::as_ref).collect();
        arguments.push(self.configuration.as_os_str());
        Work::new(PROGRAM, &arguments).with(environment)
    }

    /// Merely fetching what the first `number` requests of the record ask for.
    fn fetching(&self, number: usize) -> Result<Work> {
        let (account, address, number) = (self.server.account(), self.server.base_url(), number.to_string());
        let arguments = ["fetch".as_ref(), address.as_ref(), self.record.as_os_str(), number.as_ref()];
        Work::own(&[&arguments[..], &[account.name.as_ref(), account.secret.as_ref()]].concat())
    }

    /// Runs the program once; what it cost, and its requests.
    fn run(&mut self, arguments: &[&str]) -> Result<(Summary, Requests)> {
        let costs = process::costs(1, &[self.work(arguments)])?;
        let [cost] = costs.try_into().ok().context("one work has one cost")?;
        Ok((cost, self.requests()?))
    }

    /// The requests since the last time.
    fn requests(&mut self) -> Result<Requests> {
        let record = fs::read_to_string(&self.record)?;
        let mut requests = Requests::default();
        for request in fetch::requests(record.get(self.read..).context("the record got shorter")?)? {
            match &*request.method {
                "GET" => requests.reads += 1,
                _ => requests.writes += 1,
            }
            requests.refused += usize::from(matches!(request.status, Some(429 | 500)));
            requests.mails += usize::from(request.sent_mail());
        }
        self.read = record.len();
        Ok(requests)
    }

    /// Writes the journal of the one run once more, line by line and as durably, and tells what that costs.
    fn journal_cost(&self) -> Result<JournalCost> {
        let mut files = fs::read_dir(&self.journal)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
        let [file] = files.as_slice() else { bail!("{} journals", files.len()) };
        let text = fs::read_to_string(file)?;
        let lines = text.lines().map(serde_json::from_str).collect::<Result<Vec<Line>, _>>()?;
        let again = self.journal.join("again");
        let mut lines = lines.into_iter();
        let Some(Line::Run(begun)) = lines.next() else { bail!("the journal does not begin") };
        let mut journal = Journal::create(&again, *begun)?;
        let (mut requests, start) = (0, Instant::now());
        for line in lines {
            match line {
                Line::Intent(intent) => {
                    requests += 1;
                    journal.intend(intent.at, intent.changes)?;
                }
                Line::Outcome(ended) => journal.conclude(ended.at, ended.request, ended.changes)?,
                Line::Steps(left) => journal.leave(left.at, left.about, left.steps)?,
                Line::End(end) => journal.end(end)?,
                Line::Run(_) | Line::Settled(_) | Line::Waits(_) | Line::Resumes(_) | Line::Later => {}
            }
        }
        Ok(JournalCost { requests, bytes: text.len() as u64, time: start.elapsed() })
    }

    /// Makes sure that nothing is left to do.
    fn check(&mut self) -> Result<()> {
        self.run(&["plan", "--exit-code"]).context("not everything was applied").map(drop)
    }
}

/// Plans organizations without differences, up to the size of the `largest`.
///
/// # Errors
/// When a server cannot be started, or a run fails.
pub(crate) fn measure_plans(folder: &Path, largest: Shape, runs: usize, say: Say<'_>) -> Result<Vec<PlanRow>> {
    let sizes: Vec<_> = SIZES.into_iter().filter(|(users, _)| *users <= largest.users).collect();
    let mut rows = Vec::new();
    for (users, projects) in if sizes.is_empty() { vec![(largest.users, 8)] } else { sizes } {
        let organization = Organization::new(Shape { users, projects: Some(projects), ..largest });
        for latency in LATENCIES {
            say(&format!("plan of {} users after {latency} ms", thousands(users)))?;
            let (mut stage, _) = Stage::new(&organization, Live::Unchanged, &slow(latency), folder)?;
            let plan = ["plan", "--exit-code"];
            let (_, requests) = stage.run(&plan)?;
            ensure!(requests.writes == 0, "a plan made {} writes", requests.writes);
            let works = [stage.work(&plan), stage.fetching(requests.reads)?, stage.work(&["validate"])];
            let costs = process::costs(runs, &works)?;
            let [cost, fetching, checking] = costs.try_into().ok().context("three works have three costs")?;
            rows.push(PlanRow { users, projects, latency, requests, cost, fetching, checking });
        }
    }
    Ok(rows)
}

/// Applies changes of mixed kinds, and grants alone, once each.
///
/// # Errors
/// When a server cannot be started, a run fails, or not everything was applied.
pub(crate) fn measure_applies(folder: &Path, largest: Shape, say: Say<'_>) -> Result<Vec<ApplyRow>> {
    let (users, projects) = APPLIED;
    let users = users.min(largest.users);
    let mut organization = Organization::new(Shape { users, projects: Some(projects), ..largest });
    organization.grant_to_everybody();
    let mut rows = Vec::new();
    let mixed = CHANGES.into_iter().filter(|changes| *changes <= users).map(|changes| ("mixed", Live::Edited(changes)));
    let most = CHANGES.into_iter().filter(|changes| *changes <= users).max().unwrap_or(users);
    let good = mixed.chain([("grants", Live::WithoutGrants)]).map(|(what, live)| (what, live, ""));
    for (what, live, faults) in good.chain([("mixed, bad day", Live::Edited(most), BAD_DAY)]) {
        for latency in LATENCIES {
            let faults = format!("{faults}{}", slow(latency));
            let (mut stage, changes) = Stage::new(&organization, live, &faults, folder)?;
            say(&format!("apply of {} changes after {latency} ms, {what}", thousands(changes)))?;
            let (cost, requests) = stage.run(&["apply", "--yes"])?;
            let journal = stage.journal_cost()?;
            stage.check()?;
            rows.push(ApplyRow { what, changes, latency, requests, cost, journal });
        }
    }
    Ok(rows)
}

/// The fault that lets every answer come so many milliseconds later.
fn slow(latency: u64) -> String {
    format!("slow={latency}ms")
}

/// Checks that all this works, on a small organization.
///
/// # Errors
/// When it does not.
pub(crate) fn try_out(folder: &Path) -> Result<()> {
    let shape = Shape { users: 100, projects: None, memberships: 2, seed: 7 };
    let quiet = &mut |_: &str| Ok(());
    let plans = measure_plans(folder, shape, 1, quiet)?;
    let applies = measure_applies(folder, shape, quiet)?;
    let mut out = Vec::new();
    write_plans(&mut out, &plans)?;
    write_applies(&mut out, &applies)?;
    let [mixed, .., grants, _, _] = applies.as_slice() else { bail!("{} applies", applies.len()) };
    ensure!((mixed.changes, grants.changes) == (10, 100), "{} and {} changes", mixed.changes, grants.changes);
    ensure!(grants.requests.writes == 1, "{} writes for 100 grants", grants.requests.writes);
    let missed = limits(&plans, &applies).into_iter().find(|limit| limit.unit.is_empty() && !limit.is_kept());
    missed.map_or(Ok(()), |limit| bail!("{limit:?}"))
}

/// Writes what plans cost.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_plans(out: &mut impl Write, rows: &[PlanRow]) -> io::Result<()> {
    let header = [
        "",
        "projects",
        "latency ms",
        "requests",
        "wall s",
        "fetching s",
        "own work",
        "of it configuration",
        "CPU s",
        "CPU of wall",
        "peak MiB",
    ];
    let lines = rows.iter().map(|row @ PlanRow { users, projects, latency, requests, cost, fetching, checking: _ }| {
        vec![
            format!("{} users", thousands(*users)),
            thousands(*projects),
            latency.to_string(),
            thousands(requests.reads),
            seconds(cost.least.wall),
            seconds(fetching.least.wall),
            format!("{:.0} %", row.own_work()),
            format!("{:.0} %", row.configuration()),
            seconds(cost.least.cpu),
            format!("{:.0} %", share(cost)),
            mebibytes(cost.peak),
        ]
    });
    report::write_table(out, &header.map(str::to_owned), lines)
}

impl PlanRow {
    /// How much of the time on the clock the program adds to that of merely fetching, in percent.
    fn own_work(&self) -> f64 {
        let (wall, fetching) = (self.cost.least.wall.as_secs_f64(), self.fetching.least.wall.as_secs_f64());
        100.0 * (wall - fetching) / wall.max(f64::MIN_POSITIVE)
    }

    /// How much of the time on the clock the largest phase of that takes, in percent: reading and checking the
    /// configuration, which is over before the first request.
    fn configuration(&self) -> f64 {
        let (wall, checking) = (self.cost.least.wall.as_secs_f64(), self.checking.least.wall.as_secs_f64());
        100.0 * checking / wall.max(f64::MIN_POSITIVE)
    }
}

/// Writes what applies cost.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_applies(out: &mut impl Write, rows: &[ApplyRow]) -> io::Result<()> {
    let header = [
        "",
        "latency ms",
        "writes",
        "a change",
        "reads",
        "came again",
        "mail requests",
        "wall s",
        "CPU s",
        "CPU of wall",
        "peak MiB",
        "journal KiB",
        "journal ms a request",
    ];
    let lines = rows.iter().map(|ApplyRow { what, changes, latency, requests, cost, journal }| {
        vec![
            format!("{} changes, {what}", thousands(*changes)),
            latency.to_string(),
            thousands(requests.writes),
            format!("{:.3}", requests.writes as f64 / *changes as f64),
            thousands(requests.reads),
            thousands(requests.refused),
            requests.mails.to_string(),
            seconds(cost.least.wall),
            seconds(cost.least.cpu),
            format!("{:.0} %", share(cost)),
            mebibytes(cost.peak),
            format!("{:.0}", journal.bytes as f64 / 1024.0),
            format!("{:.2}", journal.time.as_secs_f64() * 1000.0 / journal.requests.max(1) as f64),
        ]
    });
    report::write_table(out, &header.map(str::to_owned), lines)
}

/// The promises about requests and about the client's own work.
pub(crate) fn limits(plans: &[PlanRow], applies: &[ApplyRow]) -> Vec<Limit> {
    let mut limits = Vec::new();
    for row in plans.iter().filter(|row| row.latency > 0) {
        let (users, projects) = (thousands(row.users), thousands(row.projects));
        limits.push(Limit {
            what: format!("requests of a plan of {users} users on {projects} projects"),
            measured: row.requests.reads as f64,
            // Grants and, where there are any, custom roles of each project; five lists of the organization.
            most: 2.0 * row.projects as f64 + 5.0,
            unit: "",
        });
        limits.push(Limit {
            what: format!("own work in the time of that plan, at {} ms", row.latency),
            measured: row.own_work(),
            most: 10.0,
            unit: " %",
        });
    }
    for row in applies.iter().filter(|row| row.what == "grants" && row.latency > 0) {
        limits.push(Limit {
            what: format!("writes for {} grants on {} projects", thousands(row.changes), APPLIED.1),
            measured: row.requests.writes as f64,
            most: 150.0,
            unit: "",
        });
    }
    limits
}

/// The processor time of the client to the time on the clock, in percent. Both cores at work are 200 %.
fn share(cost: &Summary) -> f64 {
    100.0 * cost.least.cpu.as_secs_f64() / cost.least.wall.max(Duration::from_nanos(1)).as_secs_f64()
}
