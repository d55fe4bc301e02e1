//! `accessctl snapshot`: the live side, saved.

use crate::backend::{Snapshot, snapshot};
use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::configuration::configuration;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure, OrgProblem};
use crate::cli::journal::Keeping;
use crate::cli::live::{fetch, is_stdout, live};
use crate::render::text::count;
use crate::render::visible;

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Snapshot) -> Result<ExitStatus, Failure> {
    context.format("snapshot", &[Format::Text, Format::Json])?;
    let mut configuration = configuration(context, &arguments.paths.paths, Format::Text)?;
    let desired = match std::mem::take(&mut configuration.organizations).as_slice() {
        [only] => only.clone(),
        several => {
            let keys: Vec<&str> = several.iter().map(|desired| desired.key.as_str()).collect();
            return Err(CommandError::usage(format!(
                "a snapshot is of one organization, and the configuration has {}",
                count(several.len(), "organization")
            ))
            .hint(format!("choose one with `--org`: {}", keys.join(", ")))
            .into());
        }
    };
    let live = match live(context, &configuration, &desired) {
        Ok(live) => live,
        Err(OrgProblem::Findings(findings)) => {
            context.show_findings(&findings, &configuration.sources)?;
            return Ok(ExitStatus::Invalid);
        }
        Err(OrgProblem::Error(error)) => return Err(error.into()),
    };
    let mut snapshot = fetch(context, &live, &mut configuration.names)?;
    // Without a home folder there is no journal to look into.
    if let Ok(keeping) = Keeping::find(context, arguments.journal.as_deref()) {
        let id = snapshot.state.organization.id;
        snapshot.applied = keeping.last_applied(context, id, &live, &mut configuration.names).map(Box::new);
    }
    if is_stdout(&arguments.out) {
        snapshot::write(&snapshot, context.surroundings.stdout)?;
        return Ok(ExitStatus::Done);
    }
    snapshot::save(&arguments.out, &snapshot)?;
    let Snapshot { state, applied, .. } = &snapshot;
    let (users, teams) = (count(state.users.len(), "user"), count(state.teams.len(), "team"));
    let (grants, path) = (count(state.grants.len(), "grant"), arguments.out.display().to_string());
    let in_part = if state.unread.is_empty() { "" } else { "; read in part, see `unread` in it" };
    let saved = format!("saved {} to {}", visible(&desired.key), visible(&path));
    let beside = match applied {
        Some(applied) => {
            format!("; beside it, what the apply of {} left", applied.taken_at.strftime("%Y-%m-%d %H:%M UTC"))
        }
        None if arguments.journal.is_some() => "; no record of an apply is in that journal".to_owned(),
        None => String::new(),
    };
    context.tell(&format!("{saved}: {users}, {teams}, {grants}{in_part}{beside}"));
    Ok(ExitStatus::Done)
}
