//! `accessctl validate`: the configuration without a backend. Its findings are its result.

use std::io::Write;

use crate::cli::ExitStatus;
use crate::cli::args::{Format, Validate};
use crate::cli::configuration::{hint_at_narrowing, narrow, read, summary};
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::findings::{definitions, with_annotations, write_document};
use crate::desired::Compiled;
use crate::diagnostic::{self, has_errors};
use crate::drift;
use crate::lint;
use crate::model::Interner;
use crate::policy;
use crate::render::text::{Ending, write_ending};
use crate::render::{diagnostics, findings};

pub(crate) fn run(context: &mut Context<'_>, arguments: &Validate) -> Result<ExitStatus, Failure> {
    with_annotations(context, arguments.annotating, "validate", |context| validate(context, arguments))
}

fn validate(context: &mut Context<'_>, arguments: &Validate) -> Result<ExitStatus, Failure> {
    let format = context.format("validate", &[Format::Text, Format::Json, Format::Sarif, Format::CodeQuality])?;
    let (sources, Compiled { organizations, mut diagnostics }) = read(&arguments.paths.paths, &mut Interner::default());
    let is_valid = !has_errors(&diagnostics);
    // What is invalid is said whole: a name that `--org` asks for may be what could not be read.
    let organizations = if is_valid { narrow(context, organizations)? } else { organizations };
    let mut is_refused = false;
    for desired in organizations.iter().filter(|_| is_valid) {
        let as_of = context.as_of(desired);
        let verdict = policy::judge(desired, as_of);
        is_refused |= verdict.refuses();
        diagnostics.extend(verdict.findings);
        diagnostics.append(&mut lint::remarks(desired, as_of));
        diagnostics.append(&mut drift::ended_acceptances(desired, as_of));
    }
    diagnostic::sort(&mut diagnostics);
    context.note_findings(&diagnostics, &sources);
    let status = match (is_valid, is_refused) {
        (false, _) => ExitStatus::Invalid,
        (true, true) => ExitStatus::Refused,
        (true, false) => ExitStatus::Done,
    };
    let judged = organizations.iter().filter(|_| is_valid).map(|desired| (desired, context.as_of(desired)));
    let judged: Vec<_> = judged.map(|(desired, at)| (desired, at, arguments.ahead.expiring(desired, at))).collect();
    let endings: Vec<Ending<'_>> =
        judged.iter().map(|(desired, as_of, expiring)| Ending { org: &desired.key, as_of: *as_of, expiring }).collect();
    let options = context.options();
    if format == Format::Json {
        findings::write_validation(context.surroundings.stdout, &diagnostics, &endings, &sources)?;
        return Ok(status);
    }
    if format != Format::Text {
        write_document(context, format, &diagnostics, &sources, &definitions(&organizations))?;
        return Ok(status);
    }
    context.write_moment()?;
    let mut out = context.stdout();
    diagnostics::write_findings(&mut out, &diagnostics, &sources, options)?;
    if is_valid {
        writeln!(out, "{}", summary(&organizations, &diagnostics, &sources))?;
        write_ending(&mut out, &endings, &sources, options)?;
    }
    drop(out);
    if !is_valid {
        hint_at_narrowing(context)?;
    }
    Ok(status)
}
