//! `accessctl validate`: the configuration without a backend. Its findings are its result.

use std::io::Write;

use crate::cli::ExitStatus;
use crate::cli::args::{Format, Paths};
use crate::cli::configuration::{hint_at_narrowing, read, select, summary};
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::desired::Compiled;
use crate::diagnostic::has_errors;
use crate::model::Interner;
use crate::render::{diagnostics, findings};

pub(crate) fn run(context: &mut Context<'_>, arguments: &Paths) -> Result<ExitStatus, Failure> {
    let format = context.format("validate", &[Format::Text, Format::Json])?;
    let (sources, Compiled { organizations, diagnostics }) = read(&arguments.paths, &mut Interner::default());
    let is_valid = !has_errors(&diagnostics);
    let status = if is_valid { ExitStatus::Done } else { ExitStatus::Invalid };
    // What is invalid is said whole: a name that `--org` asks for may be what could not be read.
    let organizations = if is_valid { select(organizations, &context.global.orgs)? } else { organizations };
    let options = context.options();
    if format == Format::Json {
        findings::write_findings(context.surroundings.stdout, &diagnostics, &sources)?;
        return Ok(status);
    }
    let mut out = context.stdout();
    diagnostics::write_findings(&mut out, &diagnostics, &sources, options)?;
    if is_valid {
        writeln!(out, "{}", summary(&organizations, &diagnostics, &sources))?;
    }
    drop(out);
    if !is_valid {
        hint_at_narrowing(context)?;
    }
    Ok(status)
}
