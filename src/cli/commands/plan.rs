//! `accessctl plan`: what apply would do, and nothing done.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::base::Base;
use crate::cli::configuration::{Configuration, configuration};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure, Kind};
use crate::cli::findings::{annotate_guards, annotate_unplanned, definitions, with_annotations, write_told};
use crate::cli::links::links;
use crate::cli::live::is_stdout;
use crate::cli::planned::{AllPlanned, Asked, plan_all};
use crate::cli::summary::with_summary;
use crate::cli::{memory, metrics};
use crate::desired::Unmanaged;
use crate::diagnostic;
use crate::draft;
use crate::model::OrgKey;
use crate::plan::{Meta, Plan};
use crate::render;
use crate::render::json::{Head, Layout};
use crate::render::links::Links;
use crate::render::{Setting, WithoutPlan, diff, html, json, markdown, summary, text};
use crate::source::{Sources, Span};

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Plan) -> Result<ExitStatus, Failure> {
    with_annotations(context, arguments.annotating, "plan", |context| {
        with_summary(context, arguments.summary.file.as_deref(), "plan", |context| plan(context, arguments))
    })
}

fn plan(context: &mut Context<'_>, arguments: &args::Plan) -> Result<ExitStatus, Failure> {
    let format = context.format("plan", &[&FORMATS[..], &[Format::Sarif]].concat())?;
    if format == Format::Sarif {
        context.findings = Some(Vec::new());
    }
    let out = arguments.out.as_deref();
    let meta = check(&arguments.meta, out, format)?;
    let links = links(&arguments.linking, format, &arguments.paths.paths)?;
    if let Some(path) = &arguments.metrics.file {
        memory::check(path, "--metrics")?;
    }
    let (metrics, summary) = (arguments.metrics.file.as_deref(), arguments.summary.file.as_deref());
    memory::check_apart(&[("--out", out), ("--metrics", metrics), ("--summary", summary)])?;
    let mut configuration = configuration(context, &arguments.paths.paths, format)?;
    let base = match &arguments.base {
        None => None,
        Some(name) => {
            let (paths, journal) = (&arguments.paths.paths, arguments.journal.as_deref());
            Some(Base::read(context, name, paths, journal, &mut configuration.names)?)
        }
    };
    let asked = Asked {
        live: &arguments.live,
        earlier: &arguments.earlier.earlier,
        ahead: Some(arguments.ahead),
        base: base.as_ref(),
        undo: None,
    };
    let defined = definitions(&configuration.organizations);
    let all = plan_all(context, &mut configuration, asked)?;
    let exit_code = arguments.exit_code;
    let shown = Shown { format, out, metrics, meta: &meta, links: &links, definitions: &defined, exit_code };
    let status = show(context, configuration, all, shown);
    std::mem::forget(base);
    status
}

/// The forms in which a plan can be shown.
pub(super) const FORMATS: [Format; 5] = [Format::Text, Format::Json, Format::Markdown, Format::Html, Format::Diff];

/// What the page of a job says of an organization that the base defines and the configuration does not.
const NOT_MANAGED: &str = "not managed any more: nothing of it is planned, applied or watched for drift";

/// How a plan is shown and saved.
pub(super) struct Shown<'a> {
    pub(super) format: Format,
    /// The file to save it in.
    pub(super) out: Option<&'a Path>,
    /// The file for numbers of it.
    pub(super) metrics: Option<&'a Path>,
    pub(super) meta: &'a Meta,
    pub(super) links: &'a Links,
    /// Where each organization is defined, for findings.
    pub(super) definitions: &'a BTreeMap<String, Span>,
    /// Whether the exit status tells of differences.
    pub(super) exit_code: bool,
}

/// What the arguments say about a plan, before anything is asked of a service.
pub(super) fn check(meta: &[(String, String)], out: Option<&Path>, format: Format) -> Result<Meta, CommandError> {
    let entries = Meta::new(meta.iter().cloned())
        .map_err(|problem| CommandError::usage(format!("`--meta` cannot be used: {problem}")))?;
    if !meta.is_empty() && out.is_none() && format != Format::Json {
        return Err(CommandError::usage("`--meta` is for the plan as JSON, and none is written")
            .hint("save it with `--out FILE`, or print it with `--format json`"));
    }
    out.map_or(Ok(()), check_out).map(|()| entries)
}

/// Saves plans where that is asked for, and shows them.
pub(super) fn show(
    context: &mut Context<'_>,
    configuration: Configuration,
    all: AllPlanned<'_>,
    shown: Shown<'_>,
) -> Result<ExitStatus, Failure> {
    let AllPlanned { plans, lives, unplanned, unmanaged, status } = all;
    let Shown { format, out, metrics, meta, links, definitions, exit_code } = shown;
    for (plan, live) in plans.iter().zip(&lives) {
        if let Some(problem) = live.as_ref().and_then(|live| live.lacks(plan)) {
            let text = format!("{problem}; `apply` needs it for this plan: {}", problem.next_step());
            context.warn(&[text]);
        }
    }
    let told = context.pseudonyms.map(|pseudonyms| Told {
        sources: pseudonyms.sources(&configuration.sources),
        unplanned: unplanned.iter().map(|org| pseudonyms.org(org)).collect(),
        unmanaged: unmanaged.iter().map(|one| pseudonyms.unmanaged(one)).collect(),
        meta: pseudonyms.meta(meta),
    });
    // From here on nothing has anybody's address that is not to be told.
    let plans: Vec<Plan> = match context.pseudonyms {
        Some(pseudonyms) => plans.into_iter().map(|plan| pseudonyms.plan(plan)).collect(),
        None => plans,
    };
    let (sources, unplanned, unmanaged, meta) = match &told {
        Some(Told { sources, unplanned, unmanaged, meta }) => (sources, unplanned, unmanaged, meta),
        None => (&configuration.sources, &unplanned, &unmanaged, meta),
    };
    let others = WithoutPlan { unplanned, unmanaged };
    for plan in &plans {
        context.summarize(|| summary::of_plan(plan, sources))?;
    }
    for plan in &plans {
        annotate_guards(context, plan, sources);
    }
    for org in unplanned {
        annotate_unplanned(context, org);
        context.summarize(|| Ok(summary::of_problem(org.as_str(), "not planned, see the log")))?;
    }
    for Unmanaged { key, .. } in unmanaged {
        context.summarize(|| Ok(summary::of_problem(key.as_str(), NOT_MANAGED)))?;
    }
    let (now, as_of, options) = (context.now, context.as_of_all(&plans), context.options());
    let head = Head { created_at: now, as_of, meta };
    let write = |out: &mut dyn Write, layout| json::write_plans(out, &plans, others, sources, head, layout);
    let at = context.global.at.map(|at| at.to_string());
    if let Some(path) = out {
        // Whoever reads the output may go away before its end; the file is there then.
        draft::replace(path, |out| write(out, Layout::Lines)).map_err(|error| not_saved(path, error))?;
    }
    if let Some(path) = metrics {
        metrics::save(path, |out| render::metrics::write_plans(out, now, &plans, unplanned))?;
    }
    match format {
        Format::Text => {
            context.write_moment()?;
            let mut out = context.stdout();
            text::write_plans(&mut out, &plans, others, sources, options)?;
        }
        Format::Json => {
            write(context.surroundings.stdout, Layout::Line)?;
        }
        Format::Sarif => {
            let mut found = context.findings.take().unwrap_or_default();
            diagnostic::sort(&mut found);
            write_told(context, format, &found, &configuration.sources, definitions)?;
        }
        Format::Markdown => {
            let content = json::content(&plans, others, sources, head)?;
            let setting = Setting { content: &content, as_of: at.as_deref(), links };
            markdown::write_plans(context.surroundings.stdout, &plans, others, sources, setting)?;
        }
        Format::Html => {
            let content = json::content(&plans, others, sources, head)?;
            let setting = Setting { content: &content, as_of: at.as_deref(), links };
            html::write_plans(context.surroundings.stdout, &plans, others, sources, setting)?;
        }
        // The formats were checked above: the others are not among those of this command.
        Format::Diff | Format::Csv | Format::CodeQuality | Format::Junit => {
            diff::write_plans(context.surroundings.stdout, &plans)?;
        }
    }
    let status = plans.iter().map(|plan| status_of(plan, exit_code)).fold(status, Ord::max);
    // The process is about to end, and the system takes memory back far quicker than a million names one by one.
    std::mem::forget((plans, configuration, told));
    Ok(status)
}

/// What is told beside plans that name nobody.
struct Told {
    sources: Sources,
    unplanned: Vec<OrgKey>,
    unmanaged: Vec<Unmanaged>,
    meta: Meta,
}

/// Refuses what cannot become a file, before anything is asked of a service.
fn check_out(path: &Path) -> Result<(), CommandError> {
    if is_stdout(path) {
        return Err(CommandError::usage("`--out -` is no file, and standard output has the plan already")
            .hint("to print it as JSON, use `--format json`"));
    }
    let folder = draft::folder_of(path);
    if path.is_dir() {
        return Err(CommandError::usage(format!("`--out {}` is a folder; name a file", path.display())));
    }
    if !fs::metadata(folder).is_ok_and(|found| found.is_dir()) {
        return Err(CommandError::usage(format!("there is no folder `{}` to save the plan in", folder.display())));
    }
    Ok(())
}

fn not_saved(path: &Path, error: io::Error) -> CommandError {
    let error = anyhow::Error::new(error).context(format!("cannot save the plan to `{}`", path.display()));
    CommandError { kind: Kind::Failure, error, hints: Vec::new() }
}

fn status_of(plan: &Plan, exit_code: bool) -> ExitStatus {
    if plan.is_refused() {
        ExitStatus::Refused
    } else if exit_code && !plan.changes.is_empty() {
        ExitStatus::Differences
    } else {
        ExitStatus::Done
    }
}
