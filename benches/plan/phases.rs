//! What each step of a plan costs, taken through the library one step after the other.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use accessctl::backend::snapshot::SnapshotFile;
use accessctl::backend::{LiveReader, Snapshot};
use accessctl::diagnostic::Diagnostic;
use accessctl::model::Interner;
use accessctl::{desired, load, planning, render};
use anyhow::{Context, Result, anyhow, ensure};
use jiff::Timestamp;

use crate::generate::live::Differences;
use crate::usage::{Cost, Whose, measure};

/// The steps in their order, as they are called in the report.
pub(crate) const PHASES: [&str; 8] = [
    "reading files",
    "parsing",
    "checking",
    "live state",
    "target and diff",
    "effective access",
    "output",
    "letting go",
];

/// Plans the organization in `folder` against the snapshot `live`: what each of the [`PHASES`] cost, and the plan's
/// changes by kind.
///
/// # Errors
/// When there is anything wrong with the configuration or the snapshot.
pub(crate) fn plan(folder: &Path, live: &Path) -> Result<(Vec<Cost>, Differences)> {
    let now: Timestamp = "2026-11-21T10:00:00Z".parse()?;
    let mut names = Interner::default();
    let (sources, reading) = measure(Whose::Own, || load::load(&[folder.to_owned()]))?;
    ensure!(sources.findings.is_empty(), told(&sources.findings));
    let sources = sources.sources;
    let (documents, parsing) = measure(Whose::Own, || desired::read(&sources))?;
    let (compiled, checking) = measure(Whose::Own, || documents.compile(&mut names))?;
    ensure!(compiled.diagnostics.is_empty(), told(&compiled.diagnostics));
    let desired = compiled.organizations.first().context("the configuration has no organization")?;
    let reader = SnapshotFile { path: live.to_owned() };
    let (snapshot, fetching) = measure(Whose::Own, || reader.fetch(now, &mut names))?;
    let Snapshot { state, .. } = snapshot?;
    let (planned, planning) = measure(Whose::Own, || planning::plan(desired, state, reader.name(), now))?;
    let planned = planned.map_err(|problems| told(&problems))?;
    ensure!(planned.warnings.is_empty(), told(&planned.warnings));
    let plans = [planned.plan];
    let (_, access) =
        measure(Whose::Own, || plans[0].access_changes().map(|access| access.rows().len()).sum::<usize>())?;
    let options = render::Options::default();
    let (written, text) = measure(Whose::Own, || {
        render::text::write_plans(&mut io::sink(), &plans, render::WithoutPlan::default(), &sources, options)
    })?;
    written?;
    // The text works out the effective access as it goes.
    let output = Cost { cpu: text.cpu.saturating_sub(access.cpu), wall: text.wall.saturating_sub(access.wall), ..text };
    let mut differences = BTreeMap::new();
    for planned in &plans[0].changes {
        *differences.entry(planned.change.kind().as_str()).or_default() += 1;
    }
    let (_, ending) = measure(Whose::Own, || drop((plans, compiled, sources, names)))?;
    Ok((vec![reading, parsing, checking, fetching, planning, access, output, ending], differences))
}

fn told(problems: &[Diagnostic]) -> anyhow::Error {
    let first = problems.first().map(|problem| problem.message.clone()).unwrap_or_default();
    anyhow!("{} findings, the first: {first}", problems.len())
}

/// Writes `costs` for the process that asked for them.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write(costs: &[Cost], out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, costs)?;
    writeln!(out)
}
