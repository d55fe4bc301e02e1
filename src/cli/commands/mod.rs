//! The commands, one file for each that does more than print a document.

mod apply;
mod doctor;
mod documents;
mod drift;
mod explain;
mod log;
mod orgs;
mod perform;
mod plan;
mod review;
mod serve;
mod snapshot;
mod telling;
mod undo;
mod validate;
mod who_can;

use super::ExitStatus;
use super::args::Command;
use super::context::Context;
use super::error::{CommandError, Failure};

/// Runs one command.
pub(crate) fn run(context: &mut Context<'_>, command: Command) -> Result<ExitStatus, Failure> {
    let knows_moments = matches!(
        command,
        Command::Validate(_)
            | Command::Plan(_)
            | Command::Apply(_)
            | Command::Drift(_)
            | Command::Explain(_)
            | Command::WhoCan(_)
            | Command::Review(_)
    );
    if context.global.at.is_some() && !knows_moments {
        let error = CommandError::usage(
            "`--at` is for `validate`, `plan`, `apply`, `drift`, `explain`, `who-can` and `review`: other commands do not ask \
             for a moment",
        );
        return Err(error.hint("leave it out").into());
    }
    let reads_no_configuration =
        matches!(command, Command::Serve(_) | Command::Schema(_) | Command::Completions(_) | Command::Man(_));
    if !context.global.orgs.is_empty() && reads_no_configuration {
        let error = CommandError::usage("`--org` picks organizations of a configuration, and this command reads none");
        return Err(error.hint("leave it out").into());
    }
    let is_one_question = matches!(
        command,
        Command::Snapshot(_)
            | Command::Undo(_)
            | Command::Explain(_)
            | Command::WhoCan(_)
            | Command::Review(_)
            | Command::Log(_)
    );
    if context.global.shard.is_some() && (is_one_question || reads_no_configuration) {
        let error = CommandError::usage("`--shard` shares work that is done for all organizations, and this is none");
        return Err(error.hint("leave it out").into());
    }
    match command {
        Command::Validate(arguments) => validate::run(context, &arguments),
        Command::Plan(arguments) => plan::run(context, &arguments),
        Command::Apply(arguments) => apply::run(context, &arguments),
        Command::Drift(arguments) => drift::run(context, &arguments),
        Command::Snapshot(arguments) => snapshot::run(context, &arguments),
        Command::Doctor(arguments) => doctor::run(context, &arguments),
        Command::Orgs(arguments) => orgs::run(context, &arguments),
        Command::Explain(arguments) => explain::run(context, &arguments),
        Command::WhoCan(arguments) => who_can::run(context, &arguments),
        Command::Review(arguments) => review::run(context, &arguments),
        Command::Undo(arguments) => undo::run(context, &arguments),
        Command::Log(arguments) => log::run(context, &arguments),
        Command::Serve(arguments) => serve::run(context, &arguments),
        Command::Schema(arguments) => documents::schema(context, &arguments),
        Command::Completions(arguments) => documents::completions(context, &arguments),
        Command::Man(arguments) => documents::man(context, &arguments),
    }
}
