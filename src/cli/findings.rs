//! How the findings of a run are told where machines show them: as annotations in a log, as documents.

use std::collections::BTreeMap;
use std::io;

use super::ExitStatus;
use super::args::{Annotating, Format, System};
use super::context::Context;
use super::error::{CommandError, Failure, Kind};
use crate::desired::Desired;
use crate::diagnostic::{Diagnostic, Severity};
use crate::model::OrgKey;
use crate::plan::{GuardCode, GuardEffect, Plan};
use crate::render::annotations::Annotations;
use crate::render::checkout::Checkout;
use crate::render::sarif::About;
use crate::render::{code_quality, findings, sarif};
use crate::source::{Sources, Span};

/// Runs `work` and tells what it found as annotations, where that is asked for. They go to standard error, which the
/// runner of the job reads as well, so that standard output stays the result.
pub(crate) fn with_annotations<'a>(
    context: &mut Context<'a>,
    asked: Annotating,
    command: &str,
    work: impl FnOnce(&mut Context<'a>) -> Result<ExitStatus, Failure>,
) -> Result<ExitStatus, Failure> {
    let Some(System::Github) = asked.system else { return work(context) };
    context.annotations = Some(Annotations::new(checkout()?));
    let ended = work(context);
    let Some(mut annotations) = context.annotations.take() else { return ended };
    if let Err(Failure::Error(error)) = &ended {
        // Before it is escaped: a name that is written otherwise is not known.
        let told = error.chain();
        let told = context.pseudonyms.map_or(told.as_str().into(), |pseudonyms| pseudonyms.text(&told));
        annotations.add_problem(&format!("accessctl {command}"), &told);
    }
    // What the result has said so far comes before it in the log.
    let written = context.surroundings.stdout.flush().and_then(|()| annotations.write(context.surroundings.stderr));
    match written {
        Ok(()) => ended,
        Err(error) => ended.and_then(|_| Err(error.into())),
    }
}

/// Annotates what the guards say of a plan. What they say of the policy is told at the lines that break it.
pub(crate) fn annotate_guards(context: &mut Context<'_>, plan: &Plan, sources: &Sources) {
    let Some(annotations) = &mut context.annotations else { return };
    for found in plan.guards.iter().filter(|found| found.code != GuardCode::Policy) {
        let severity = match found.effect {
            GuardEffect::Block => Severity::Error,
            GuardEffect::Hold | GuardEffect::Warn => Severity::Warning,
        };
        let title = format!("{}: {}", plan.org, found.code.as_str());
        annotations.add_remark(severity, &title, &found.message, found.place, sources);
    }
}

/// Annotates that an organization has no plan.
pub(crate) fn annotate_unplanned(context: &mut Context<'_>, org: &OrgKey) {
    if let Some(annotations) = &mut context.annotations {
        annotations.add_problem(org.as_str(), "not planned, see the log");
    }
}

/// Where each organization is defined.
pub(crate) fn definitions(organizations: &[Desired]) -> BTreeMap<String, Span> {
    organizations.iter().map(|desired| (desired.key.to_string(), desired.place)).collect()
}

/// Writes findings as [`write_document`] does, without people where they are not to be told of.
pub(crate) fn write_told(
    context: &mut Context<'_>,
    format: Format,
    diagnostics: &[Diagnostic],
    sources: &Sources,
    definitions: &BTreeMap<String, Span>,
) -> Result<(), Failure> {
    let Some(pseudonyms) = context.pseudonyms else {
        return write_document(context, format, diagnostics, sources, definitions);
    };
    let told: Vec<Diagnostic> = diagnostics.iter().map(|one| pseudonyms.finding(one)).collect();
    let definitions = definitions.iter().map(|(org, place)| (pseudonyms.thing(org), *place)).collect();
    write_document(context, format, &told, &pseudonyms.sources(sources), &definitions)
}

/// Writes findings as the document that `format` names; nothing where it names none of findings.
pub(crate) fn write_document(
    context: &mut Context<'_>,
    format: Format,
    diagnostics: &[Diagnostic],
    sources: &Sources,
    definitions: &BTreeMap<String, Span>,
) -> Result<(), Failure> {
    let out = &mut *context.surroundings.stdout;
    match format {
        Format::Json => findings::write_findings(out, diagnostics, sources)?,
        Format::Sarif => {
            let checkout = checkout()?;
            sarif::write_findings(out, diagnostics, About { sources, checkout: &checkout, definitions })?;
        }
        Format::CodeQuality => {
            let checkout = checkout()?;
            code_quality::write_findings(out, diagnostics, About { sources, checkout: &checkout, definitions })?;
        }
        Format::Text | Format::Diff | Format::Csv | Format::Markdown | Format::Html | Format::Junit => {}
    }
    out.flush()?;
    Ok(())
}

/// The checkout that the run was started in: the nearest folder with a repository, or the working directory.
fn checkout() -> Result<Checkout, CommandError> {
    let working = std::env::current_dir().map_err(unknown_folder)?;
    let root = working.ancestors().find(|folder| folder.join(".git").exists()).unwrap_or(&working).to_owned();
    Ok(Checkout { root, working })
}

fn unknown_folder(error: io::Error) -> CommandError {
    let error = anyhow::Error::new(error).context("cannot find the working directory");
    CommandError { kind: Kind::Failure, error, hints: Vec::new() }
}
