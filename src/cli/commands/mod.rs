//! The commands, one file for each that does more than print a document.

mod apply;
mod doctor;
mod documents;
mod plan;
mod serve;
mod snapshot;
mod validate;

use super::ExitStatus;
use super::args::Command;
use super::context::Context;
use super::error::Failure;

/// Runs one command.
pub(crate) fn run(context: &mut Context<'_>, command: Command) -> Result<ExitStatus, Failure> {
    match command {
        Command::Validate(arguments) => validate::run(context, &arguments),
        Command::Plan(arguments) => plan::run(context, &arguments),
        Command::Apply(arguments) => apply::run(context, &arguments),
        Command::Snapshot(arguments) => snapshot::run(context, &arguments),
        Command::Doctor(arguments) => doctor::run(context, &arguments),
        Command::Serve(arguments) => serve::run(context, &arguments),
        Command::Schema(arguments) => documents::schema(context, &arguments),
        Command::Completions(arguments) => documents::completions(context, &arguments),
        Command::Man(arguments) => documents::man(context, &arguments),
    }
}
