//! `accessctl log`: what was done, by whom, when and why.

use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure, Kind};
use crate::cli::journal::{Keeping, no_run, unreadable};
use crate::journal::{Question, RunFile, find_run, passed_over, read_folder};
use crate::model::Email;
use crate::render::{log, visible};

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Log) -> Result<ExitStatus, Failure> {
    let format = context.format("log", &[Format::Text, Format::Json, Format::Csv])?;
    let folder = Keeping::find(context, arguments.journal.as_deref())?.folder;
    let user = match &arguments.user {
        None => None,
        Some(text) => match Email::canonical(text) {
            Ok(email) => Some(email.into_owned()),
            Err(problem) => return Err(CommandError::usage(format!("`{text}` is no e-mail address: {problem}")).into()),
        },
    };
    let runs = read_folder(&folder, |_| true).map_err(|(path, error)| unreadable(&path, error))?;
    context.warn(&passed_over(&runs));
    let orgs = &context.global.orgs;
    let run = match &arguments.run {
        None => None,
        Some(name) => {
            let of_org =
                |run: &&RunFile| run.begun.as_ref().is_some_and(|begun| orgs.is_empty() || orgs.contains(&begun.org));
            match find_run(runs.iter().filter(of_org), name) {
                Ok((_, begun)) => Some(begun.run.clone()),
                Err(problem) => return Err(no_run(problem, &folder, runs.is_empty()).into()),
            }
        }
    };
    let question = Question {
        orgs: orgs.clone(),
        run,
        user,
        project: arguments.project.clone(),
        since: arguments.since.map(|at| at.anywhere()),
        until: arguments.until.map(|at| at.anywhere()),
    };
    let answer = question.answer(&runs);
    let options = context.options();
    match format {
        Format::Json => log::write_json(context.surroundings.stdout, &answer)?,
        Format::Csv => log::write_csv(context.surroundings.stdout, &answer)?,
        Format::Text
        | Format::Diff
        | Format::Markdown
        | Format::Html
        | Format::Sarif
        | Format::CodeQuality
        | Format::Junit => {
            log::write_text(&mut context.stdout(), &answer, options)?;
        }
    }
    context.surroundings.stdout.flush()?;
    if answer.is_empty() {
        let path = folder.display().to_string();
        context.tell(&match runs.is_empty() {
            true => format!("there is no journal in `{}`", visible(&path)),
            false => format!("nothing of it in the {} journals in `{}`", runs.len(), visible(&path)),
        });
    }
    match problems(&runs) {
        Some(error) => Ok(error.tell(&mut context.stderr())?),
        None => Ok(ExitStatus::Done),
    }
}

/// What could not be read, with file and line.
fn problems(runs: &[RunFile]) -> Option<CommandError> {
    let mut broken = runs.iter().flat_map(|run| {
        let path = run.path.display();
        run.broken.iter().map(move |line| format!("`{path}:{}` cannot be read: {}", line.number, line.problem))
    });
    let error = CommandError::new(Kind::Failure, broken.next()?);
    let error = broken.fold(error, |error, more| error.hint(format!("also {more}")));
    Some(error.hint("the rest is told; what stood there is not known, and the next apply counts it as a mail"))
}
