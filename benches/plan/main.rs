//! Benchmarks of a whole offline plan, and of what it is made of.
//!
//! `cargo bench --bench plan -- --help` says what can be asked. Started without `--bench`, as by `cargo test --benches`,
//! it only checks on a small organization that everything works. `docs/performance.md` keeps the figures.

mod arguments;
mod baseline;
mod fetch;
mod generate;
mod octodns;
mod phases;
mod process;
mod report;
mod scene;
mod service;
mod usage;

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use arguments::{Arguments, Own, Part};
use baseline::Reader;
use clap::Parser;
use generate::Shape;
use process::Work;
use report::{Limit, Row, mebibytes, ratio, thousands};
use scene::{PROGRAM, Scene};

/// Rows that limits speak of.
const YAML: &str = "`serde_yaml` (serde-saphyr) into types";
const UNCHANGED: &str = "plan, no difference";
const EMPTY: &str = "plan, everything new";

/// The allocator of the program, so that steps and parsing are measured as they are in it.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let result = if given.first().is_some_and(|first| first == process::MARK) {
        Own::parse_from(given).task.run().map(|()| true)
    } else if given.iter().any(|argument| argument == "--bench") {
        measure(&Arguments::parse())
    } else {
        try_out().map(|()| true)
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody is left to tell when this cannot be written.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// A folder of its own below `target/`, removed when it is dropped.
fn temporary_folder() -> Result<tempfile::TempDir> {
    let below = Path::new(env!("CARGO_TARGET_TMPDIR"));
    tempfile::Builder::new().prefix("bench-").tempdir_in(below).context("cannot make a folder for generated files")
}

/// Checks that everything here works, in a second or two.
fn try_out() -> Result<()> {
    let folder = temporary_folder()?;
    let shape = Shape { users: 300, projects: None, memberships: 5, seed: 7 };
    let scene = Scene::build(folder.path().join("small"), shape, 5.0)?;
    let configuration = scene.configuration();
    for (live, expected) in
        [(scene.unchanged(), &Default::default()), (scene.changed(), &scene.changed), (scene.empty(), &scene.empty)]
    {
        let (_, differences) = phases::plan(&configuration, &live)?;
        ensure!(differences == *expected, "{}: {differences:?}, expected {expected:?}", live.display());
    }
    let yaml = baseline::parse(Reader::Yaml, &configuration)?;
    let json = baseline::parse(Reader::Json, &scene.document())?;
    ensure!(yaml == json, "{yaml} things in YAML, {json} in JSON");
    ensure!(baseline::parse(Reader::Events, &configuration)? > yaml, "too few events");
    let works = [Work::parsing(Reader::Yaml, &configuration)?, scene.plan(&scene.changed())];
    process::costs(1, &works)?;
    process::costs_of_phases(1, &configuration, &[scene.changed()])?;
    service::try_out(&folder.path().join("service"))
}

/// Measures what is asked for and prints it; whether every limit is kept.
fn measure(arguments: &Arguments) -> Result<bool> {
    let folder = temporary_folder()?;
    let mut bench = Bench { arguments, folder: folder.path().to_owned(), limits: Vec::new(), out: io::stdout().lock() };
    bench.run()?;
    let is_kept = bench.limits.iter().all(Limit::is_kept);
    if arguments.keep {
        let kept = folder.keep();
        writeln!(io::stderr(), "the generated files are in {}", kept.display())?;
    }
    Ok(is_kept || !arguments.check)
}

struct Bench<'a, W: Write> {
    arguments: &'a Arguments,
    folder: PathBuf,
    limits: Vec<Limit>,
    out: W,
}

impl<W: Write> Bench<'_, W> {
    fn run(&mut self) -> Result<()> {
        let Arguments { users, memberships, seed, runs, .. } = *self.arguments;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (version, system) = (env!("CARGO_PKG_VERSION"), std::env::consts::OS);
        let scene = self.scene(users)?;
        writeln!(
            self.out,
            "accessctl {version} on {system} with {cores} cores. {} users with {memberships} memberships each (seed \
             {seed}): {} facts in {} files, {} MiB. CPU is user and system time of all threads; the least and the median \
             of {runs} runs.",
            thousands(users),
            thousands(scene.facts),
            scene.written.files,
            mebibytes(scene.written.bytes),
        )?;
        if self.arguments.wants(Part::Plan) {
            self.measure_plan(&scene)?;
        }
        if self.arguments.wants(Part::Steps) {
            self.measure_steps(&scene)?;
        }
        if self.arguments.wants(Part::Scaling) {
            self.measure_scaling(&scene)?;
        }
        if self.arguments.wants(Part::Small) {
            self.measure_small()?;
        }
        if self.arguments.wants(Part::Service) {
            self.measure_service()?;
        }
        if self.arguments.wants(Part::Octodns) && self.arguments.octodns_share > 0.0 {
            self.measure_octodns(&scene)?;
        }
        if !self.limits.is_empty() {
            writeln!(self.out, "\n## Limits\n")?;
            report::write_limits(&mut self.out, &self.limits)?;
        }
        Ok(())
    }

    fn runs(&self) -> usize {
        usize::from(self.arguments.runs)
    }

    fn scene(&self, users: usize) -> Result<Scene> {
        self.say(&format!("generating {} users", thousands(users)))?;
        let Arguments { memberships, seed, share, .. } = *self.arguments;
        Scene::build(self.folder.join(users.to_string()), Shape { users, projects: None, memberships, seed }, share)
    }

    /// Tells the person who waits what is going on.
    fn say(&self, what: &str) -> Result<()> {
        Ok(writeln!(io::stderr(), "{what} …")?)
    }

    fn limit(&mut self, what: impl Into<String>, measured: f64, most: f64, unit: &'static str) {
        self.limits.push(Limit { what: what.into(), measured, most, unit });
    }

    fn measure_plan(&mut self, scene: &Scene) -> Result<()> {
        self.say("whole runs")?;
        scene.fill_store()?;
        let (configuration, changed) = (scene.configuration(), scene.changed());
        let folder = configuration.as_os_str();
        let json =
            ["plan".as_ref(), "--format".as_ref(), "json".as_ref(), "--live".as_ref(), changed.as_os_str(), folder];
        let works = [
            ("events of `granit-parser`".to_owned(), Work::parsing(Reader::Events, &configuration)?),
            (YAML.to_owned(), Work::parsing(Reader::Yaml, &configuration)?),
            ("`serde_json` into types, one equal document".to_owned(), Work::parsing(Reader::Json, &scene.document())?),
            ("validate".to_owned(), Work::new(PROGRAM, &["validate".as_ref(), folder])),
            (UNCHANGED.to_owned(), scene.plan(&scene.unchanged())),
            ("plan, local store, no difference".to_owned(), Work::new(PROGRAM, &["plan".as_ref(), folder])),
            (scene.changed_title(), scene.plan(&changed)),
            (format!("{}, as JSON", scene.changed_title()), Work::new(PROGRAM, &json)),
            (EMPTY.to_owned(), scene.plan(&scene.empty())),
        ];
        let rows = self.rows(works)?;
        let cost = |title: &str| {
            let row = rows.iter().find(|row| row.what == title);
            row.map(|row| row.cost).with_context(|| format!("nothing measured is called {title}"))
        };
        let (typed, unchanged, empty) = (cost(YAML)?, cost(UNCHANGED)?, cost(EMPTY)?);
        let changed = cost(&scene.changed_title())?;
        writeln!(self.out, "\n## Whole runs\n")?;
        report::write_costs(&mut self.out, &rows, &typed, "typed YAML")?;
        self.limit("CPU of a plan, no difference, to that of typed YAML", ratio(&unchanged, &typed), 2.0, " ×");
        self.limit("peak memory of that plan", unchanged.peak as f64 / f64::from(1 << 20), 300.0, " MiB");
        self.limit(
            format!("CPU of a {} to no difference", scene.changed_title()),
            ratio(&changed, &unchanged),
            1.3,
            " ×",
        );
        self.limit("CPU of a plan, everything new, to no difference", ratio(&empty, &unchanged), 2.0, " ×");
        Ok(())
    }

    /// Measures works that have names.
    fn rows(&self, works: impl IntoIterator<Item = (String, Work)>) -> Result<Vec<Row>> {
        let (names, works): (Vec<String>, Vec<Work>) = works.into_iter().unzip();
        let costs = process::costs(self.runs(), &works)?;
        Ok(names.into_iter().zip(costs).map(|(what, cost)| Row { what, cost }).collect())
    }

    fn measure_steps(&mut self, scene: &Scene) -> Result<()> {
        self.say("step by step")?;
        let lives = [scene.unchanged(), scene.changed(), scene.empty()];
        let costs = process::costs_of_phases(self.runs(), &scene.configuration(), &lives)?;
        let columns: Vec<_> = ["no difference", "changed", "everything new"].into_iter().zip(costs).collect();
        writeln!(self.out, "\n## Steps of a plan (median)\n")?;
        Ok(report::write_shares(&mut self.out, &phases::PHASES, &columns)?)
    }

    fn measure_scaling(&mut self, scene: &Scene) -> Result<()> {
        let users = self.arguments.users;
        let small = self.scene(users / 10)?;
        let large = if self.arguments.large { Some(self.scene(users * 10)?) } else { None };
        let mut scenes = vec![(users / 10, &small), (users, scene)];
        scenes.extend(large.iter().map(|large| (users * 10, large)));
        self.say("planning at several sizes")?;
        let mut works = Vec::new();
        for (users, scene) in &scenes {
            let titles = [
                "no difference".to_owned(),
                format!("{} % changed", self.arguments.share),
                "everything new".to_owned(),
            ];
            for (title, live) in titles.into_iter().zip([scene.unchanged(), scene.changed(), scene.empty()]) {
                works.push((format!("{} users, {title}", thousands(*users)), scene.plan(&live)));
            }
        }
        let kinds = works.len() / scenes.len();
        let rows = self.rows(works)?;
        writeln!(self.out, "\n## Sizes\n")?;
        report::write_costs(&mut self.out, &rows, &rows[0].cost, "the first")?;
        for (index, pair) in scenes.windows(2).enumerate() {
            let what = format!("CPU at {} users to that at {}", thousands(pair[1].0), thousands(pair[0].0));
            self.limit(what, ratio(&rows[(index + 1) * kinds].cost, &rows[index * kinds].cost), 15.0, " ×");
        }
        Ok(())
    }

    fn measure_small(&mut self) -> Result<()> {
        self.say("starting")?;
        // A run is over in milliseconds.
        let runs = self.runs() * 10;
        let quickstart = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/quickstart");
        let works = [
            Work::new(PROGRAM, &["--version".as_ref()]),
            Work::new(PROGRAM, &["plan".as_ref(), quickstart.as_os_str()]),
        ];
        let costs = process::costs(runs, &works)?;
        let names = ["--version", "plan of examples/quickstart"];
        let rows: Vec<Row> =
            names.iter().zip(&costs).map(|(what, cost)| Row { what: (*what).to_owned(), cost: *cost }).collect();
        for (row, most) in rows.iter().zip([10.0, 30.0]) {
            let milliseconds = row.cost.median.wall.as_secs_f64() * 1000.0;
            self.limit(format!("{}, median time on the clock", row.what), milliseconds, most, " ms");
        }
        writeln!(self.out, "\n## Small runs\n")?;
        Ok(report::write_costs(&mut self.out, &rows, &rows[0].cost, "--version")?)
    }

    fn measure_service(&mut self) -> Result<()> {
        let Arguments { users, memberships, seed, .. } = *self.arguments;
        let folder = self.folder.join("service");
        let largest = Shape { users, projects: None, memberships, seed };
        let mut say = |what: &str| Ok(writeln!(io::stderr(), "over HTTP: {what} …")?);
        let plans = service::measure_plans(&folder, largest, self.runs().min(3), &mut say)?;
        writeln!(self.out, "\n## Plans over HTTP\n")?;
        service::write_plans(&mut self.out, &plans)?;
        let applies = service::measure_applies(&folder, largest, &mut say)?;
        writeln!(self.out, "\n## Applies over HTTP\n")?;
        service::write_applies(&mut self.out, &applies)?;
        self.limits.extend(service::limits(&plans, &applies));
        Ok(())
    }

    fn measure_octodns(&mut self, scene: &Scene) -> Result<()> {
        writeln!(self.out, "\n## octoDNS\n")?;
        let python = &self.arguments.python;
        let Some(version) = octodns::version(python) else {
            writeln!(
                self.out,
                "NOT MEASURED: octoDNS is not installed for `{python}`. Install it (`python3 -m venv octo && octo/bin/pip \
                 install octodns`) and run again with `--python octo/bin/python`."
            )?;
            return Ok(());
        };
        let records = (scene.facts as f64 * self.arguments.octodns_share) as usize;
        self.say(&format!("planning {} records with octoDNS {version}", thousands(records)))?;
        let works = [scene.plan(&scene.unchanged()), octodns::plan(python, &self.folder.join("octodns"), records)?];
        // Minutes against seconds: one run tells enough.
        let costs = process::costs(1, &works)?;
        let names = [
            format!("plan, {} facts, no difference", thousands(scene.facts)),
            format!("octoDNS {version}, {} records, no difference", thousands(records)),
        ];
        let rows: Vec<Row> = names.into_iter().zip(costs).map(|(what, cost)| Row { what, cost }).collect();
        Ok(report::write_costs(&mut self.out, &rows, &rows[0].cost, "plan")?)
    }
}
