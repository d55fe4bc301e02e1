//! `schema`, `completions` and `man`: documents made from the program itself.

use crate::backend::snapshot;
use crate::cli::ExitStatus;
use crate::cli::args::{self, Format, SchemaOf};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure};
use crate::journal;
use crate::near::did_you_mean;
use crate::render::{access, doctor, drift, findings, json, log, orgs};
use crate::spec;

pub(crate) fn schema(context: &mut Context<'_>, arguments: &args::Schema) -> Result<ExitStatus, Failure> {
    context.format("schema", &[Format::Text, Format::Json])?;
    let schema = match arguments.what {
        SchemaOf::Config => spec::schema(),
        SchemaOf::Plan => json::schema(),
        SchemaOf::Drift => drift::json::schema(),
        SchemaOf::Snapshot => snapshot::schema(),
        SchemaOf::Findings => findings::schema(),
        SchemaOf::Doctor => doctor::schema(),
        SchemaOf::Orgs => orgs::schema(),
        SchemaOf::Explain => access::explain::schema(),
        SchemaOf::Journal => journal::schema(),
        SchemaOf::Log => log::schema(),
        SchemaOf::WhoCan => access::who_can::schema(),
    };
    writeln!(context.surroundings.stdout, "{schema:#}")?;
    Ok(ExitStatus::Done)
}

pub(crate) fn completions(context: &mut Context<'_>, arguments: &args::Completions) -> Result<ExitStatus, Failure> {
    context.format("completions", &[Format::Text])?;
    // The generator panics where it cannot write; memory can always be written to.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut args::command(), "accessctl", &mut script);
    context.surroundings.stdout.write_all(&script)?;
    Ok(ExitStatus::Done)
}

pub(crate) fn man(context: &mut Context<'_>, arguments: &args::Man) -> Result<ExitStatus, Failure> {
    context.format("man", &[Format::Text])?;
    let mut whole = args::command();
    whole.build();
    let page = match &arguments.command {
        None => whole,
        Some(name) => {
            let Some(found) = whole.find_subcommand(name) else {
                let mut error = CommandError::usage(format!("there is no command `{name}`"));
                if let Some(near) = did_you_mean(name, whole.get_subcommands().map(clap::Command::get_name)) {
                    error = error.hint(near);
                }
                return Err(error.into());
            };
            found.clone()
        }
    };
    clap_mangen::Man::new(page).render(context.surroundings.stdout)?;
    Ok(ExitStatus::Done)
}
