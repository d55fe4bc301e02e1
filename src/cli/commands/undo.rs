//! `accessctl undo`: what would restore the access from before a run, and nothing done.

use std::collections::BTreeMap;
use std::path::Path;

use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::configuration::{Configuration, configuration};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure};
use crate::cli::journal::{Keeping, no_run, unreadable};
use crate::cli::links::links;
use crate::cli::planned::{Asked, plan_all};
use crate::journal::{Deeds, find_run, passed_over, read_folder};
use crate::model::OrgKey;
use crate::render::visible;

use super::plan::{self, Shown};

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Undo) -> Result<ExitStatus, Failure> {
    let format = context.format("undo", &plan::FORMATS)?;
    let out = arguments.out.as_deref();
    let meta = plan::check(&arguments.meta, out, format)?;
    let links = links(&arguments.linking, format, &arguments.paths.paths)?;
    let folder = Keeping::find(context, arguments.journal.as_deref())?.folder;
    let deeds = read(context, &folder, &arguments.run)?;
    let mut configuration = configuration(context, &arguments.paths.paths, format)?;
    narrow(&mut configuration, &deeds)?;
    let asked = Asked {
        live: &arguments.live,
        earlier: &arguments.earlier.earlier,
        ahead: None,
        base: None,
        undo: Some(&deeds),
    };
    let all = plan_all(context, &mut configuration, asked)?;
    let has_changes = all.plans.iter().any(|plan| !plan.changes.is_empty());
    let way = match out {
        Some(path) => format!("to apply it: `accessctl apply --plan {}`", visible(&path.display().to_string())),
        None => {
            format!("to apply it: `accessctl undo {} --out FILE`, then `accessctl apply --plan FILE`", deeds.begun.run)
        }
    };
    let (definitions, exit_code) = (BTreeMap::new(), arguments.exit_code);
    let shown = Shown { format, out, metrics: None, meta: &meta, links: &links, definitions: &definitions, exit_code };
    let status = plan::show(context, configuration, all, shown)?;
    if has_changes && format == Format::Text {
        context.surroundings.stdout.flush()?;
        context.tell(&way);
    }
    Ok(status)
}

/// Reads what the run called `name` did, from the journals in `folder`.
pub(super) fn read(context: &mut Context<'_>, folder: &Path, name: &str) -> Result<Deeds, CommandError> {
    let runs = read_folder(folder, |_| true).map_err(|(path, error)| unreadable(&path, error))?;
    context.warn(&passed_over(&runs));
    let orgs = &context.global.orgs;
    let asked =
        runs.iter().filter(|run| run.begun.as_ref().is_some_and(|begun| orgs.is_empty() || orgs.contains(&begun.org)));
    let (file, begun) = find_run(asked, name).map_err(|problem| no_run(problem, folder, runs.is_empty()))?;
    let deeds = Deeds::of(file, begun, &runs);
    if deeds.unreadable > 0 {
        let path = file.path.display();
        context.warn(&[format!(
            "a part of `{path}` cannot be read ({} lines or changes): what stood there is not undone",
            deeds.unreadable
        )]);
    }
    Ok(deeds)
}

/// Leaves the organization of the run in `configuration`.
pub(super) fn narrow(configuration: &mut Configuration, deeds: &Deeds) -> Result<(), CommandError> {
    let begun = &deeds.begun;
    let number = configuration.organizations.len();
    let mut found: Vec<_> = std::mem::take(&mut configuration.organizations)
        .into_iter()
        .filter(|desired| desired.id.get() == begun.org_id)
        .collect();
    // One id may be used in two places, as on the service and in a rehearsal.
    if found.len() > 1 {
        found.retain(|desired| OrgKey::new(&begun.org).is_some_and(|key| key == desired.key));
    }
    if found.is_empty() {
        let message = format!(
            "run {} is of organization `{}` ({}), which the configuration does not have",
            begun.run, begun.org, begun.org_id
        );
        return Err(CommandError::usage(message)
            .hint("name the files of its configuration: they say where the organization is, and what guards it"));
    }
    configuration.is_narrowed |= found.len() < number;
    configuration.organizations = found;
    Ok(())
}
