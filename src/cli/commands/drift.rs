//! `accessctl drift`: what somebody changed by hand. It holds a reader and nothing that writes.

use crate::cli::ExitStatus;
use crate::cli::args::{self, Ahead, Format};
use crate::cli::configuration::{Configuration, configuration};
use crate::cli::context::Context;
use crate::cli::error::{Failure, OrgProblem};
use crate::cli::journal::Keeping;
use crate::cli::live::{Purpose, saved};
use crate::cli::planned::{Read, read};
use crate::cli::rewriting::{places as places_of, save};
use crate::cli::{memory, metrics, notify};
use crate::diagnostic::{self, Diagnostic};
use crate::drift::{Drift, Memory};
use crate::model::OrgKey;
use crate::planning;
use crate::render::drift::{Report, json, junit, text};
use crate::rewrite::rewrite;

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Drift) -> Result<ExitStatus, Failure> {
    let format = context.format("drift", &[Format::Text, Format::Json, Format::Junit])?;
    if let Some(path) = &arguments.metrics.file {
        memory::check(path, "--metrics")?;
    }
    let (state, metrics) = (arguments.state.as_deref(), arguments.metrics.file.as_deref());
    memory::check_apart(&[("--state", state), ("--metrics", metrics)])?;
    arguments.notify_command.as_deref().map_or(Ok(()), notify::check)?;
    let state = state.map(memory::find);
    let memory = state.as_deref().map(memory::load).transpose()?;
    let mut configuration = configuration(context, &arguments.paths.paths, format)?;
    let places = arguments.write.as_deref();
    let places = places.map(|path| places_of(path, &arguments.paths.paths, &configuration)).transpose()?;
    let looked = look(context, &mut configuration, arguments, memory.as_ref())?;
    let Looked { drifts, unchecked, mut status } = looked;
    let rewriting = places.map(|places| {
        let rewriting = rewrite(&configuration.sources, &drifts, &places, &mut configuration.names);
        save(context, &rewriting, &configuration.sources).map(|()| rewriting)
    });
    let (rewriting, unsaved) = match rewriting {
        Some(Ok(rewriting)) => (Some(rewriting), None),
        Some(Err(error)) => (None, Some(error)),
        None => (None, None),
    };
    let report = Report {
        now: context.now,
        drifts: &drifts,
        unchecked: &unchecked,
        sources: &configuration.sources,
        rewriting: rewriting.as_ref(),
    };
    let has_news = drifts.iter().any(|drift| drift.has_news) || !unchecked.is_empty();
    let has_written = rewriting.as_ref().is_some_and(|rewriting| !rewriting.texts.is_empty());
    if has_news || has_written || !arguments.quiet_if_clean {
        show(context, report, format)?;
    }
    if let Some(path) = &arguments.metrics.file {
        let now = context.now;
        metrics::save(path, |out| crate::render::metrics::write_drifts(out, now, &drifts, &unchecked))?;
    }
    if let Some(command) = arguments.notify_command.as_deref().filter(|_| has_news) {
        let mut document = Vec::new();
        json::write_document(&mut document, report)?;
        notify::notify(context, command, &document).map_err(|error| match &arguments.state {
            Some(_) => error.hint("the state was not saved, so that the next run tells the same again"),
            None => error,
        })?;
    }
    if let Some(path) = &state {
        let found = drifts.iter().map(|drift| (drift.plan.live.organization.id, drift.remember(context.now)));
        memory::save(context, path, found)?;
    }
    if let Some(error) = unsaved {
        status = status.max(error.tell(&mut context.stderr())?);
    }
    if drifts.iter().any(Drift::is_complained_of) {
        status = status.max(ExitStatus::Differences);
    }
    Ok(status)
}

/// What was found, and what could not be looked at.
struct Looked {
    drifts: Vec<Drift>,
    /// Why has been told.
    unchecked: Vec<OrgKey>,
    status: ExitStatus,
}

/// Looks at every organization: one that cannot be read does not keep the others from it.
fn look(
    context: &mut Context<'_>,
    configuration: &mut Configuration,
    arguments: &args::Drift,
    memory: Option<&Memory>,
) -> Result<Looked, Failure> {
    let mut saved = saved(context, configuration, Purpose::Live, &arguments.live, &|_| false)?;
    // Without a home folder there is no journal to look into.
    let keeping = Keeping::find(context, arguments.journal.as_deref()).ok();
    let ahead = Ahead { expiring_within: arguments.expiring_within };
    let mut looked = Looked { drifts: Vec::new(), unchecked: Vec::new(), status: ExitStatus::Done };
    let mut findings: Vec<Diagnostic> = Vec::new();
    for desired in std::mem::take(&mut configuration.organizations) {
        let as_of = context.as_of(&desired);
        let read = read(context, configuration, &desired, saved.as_mut());
        let planned = read.and_then(|mut read| {
            let applied = read.last_applied(context, keeping.as_ref(), &mut configuration.names);
            let Read { snapshot, backend, .. } = read;
            planning::drift(&desired, snapshot.state, backend, as_of, applied.as_ref())
                .map(|planned| (planned, applied.is_some()))
                .map_err(OrgProblem::Findings)
        });
        match planned {
            Ok((mut planned, knows_applied)) => {
                let (mut drift, mut remarks) = Drift::new(&desired, planned.plan, knows_applied, context.now);
                drift.note_expiring(ahead.expiring(&desired, as_of));
                if let Some(memory) = memory {
                    drift.recall(memory.orgs.get(&drift.plan.live.organization.id));
                }
                findings.append(&mut planned.warnings);
                findings.append(&mut remarks);
                looked.drifts.push(drift);
            }
            Err(problem) => {
                let kept_from = format!("organization `{}` cannot be looked at", desired.key);
                let status = problem.tell(kept_from, &mut findings, &mut context.stderr())?;
                looked.status = looked.status.max(status);
                looked.unchecked.push(desired.key);
            }
        }
    }
    diagnostic::sort(&mut findings);
    context.show_findings(&findings, &configuration.sources)?;
    Ok(looked)
}

fn show(context: &mut Context<'_>, report: Report<'_>, format: Format) -> Result<(), Failure> {
    let options = context.options();
    match format {
        Format::Json => json::write_document(context.surroundings.stdout, report)?,
        Format::Junit => junit::write_junit(context.surroundings.stdout, report)?,
        // The formats were checked above: the others are not among those of this command.
        Format::Text
        | Format::Diff
        | Format::Csv
        | Format::Markdown
        | Format::Html
        | Format::Sarif
        | Format::CodeQuality => {
            context.write_moment()?;
            text::write_text(&mut context.stdout(), report, options)?;
        }
    }
    context.surroundings.stdout.flush()?;
    Ok(())
}
