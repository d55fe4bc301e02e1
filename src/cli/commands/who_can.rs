//! `accessctl who-can`: who has access to a project, and why.

use std::collections::BTreeSet;

use super::explain::projects_called;
use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::configuration::configuration;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure};
use crate::cli::sides::{Read, read_sides};
use crate::grounds::{Scope, View};
use crate::model::{ProjectId, ProjectRole};
use crate::near::did_you_mean;
use crate::render::access::who_can::{Asked, write_json_document, write_text};
use crate::render::text::list_of;

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::WhoCan) -> Result<ExitStatus, Failure> {
    let format = context.format("who-can", &[Format::Text, Format::Json])?;
    let mut configuration = configuration(context, &arguments.config.paths, format)?;
    let (organizations, status) = read_sides(context, &mut configuration, &arguments.live)?;
    let views: Vec<View<'_>> = organizations.iter().map(Read::view).collect();
    let mut found = projects_called(&views, &arguments.project)?;
    let role = match &arguments.role {
        None => None,
        Some(text) => Some(role_called(&mut found, text)?),
    };
    if let Some(role) = &role {
        warn_of_unranked(context, found.iter().map(|(view, project)| (*view, Some(*project))), role);
    }
    let (options, sources) = (context.options(), &configuration.sources);
    let asked: Vec<Asked<'_>> = found
        .iter()
        .map(|(view, project)| Asked {
            view: *view,
            sides: view.sides(Scope { user: None, project: Some(*project) }),
            project: *project,
            role: role.as_ref(),
        })
        .collect();
    if format == Format::Json {
        write_json_document(context.surroundings.stdout, &asked, &arguments.project, sources)?;
    } else {
        write_text(&mut context.stdout(), &asked, sources, options)?;
    }
    Ok(status)
}

/// The role called `text`; organizations whose project does not have it are left out.
fn role_called(found: &mut Vec<(View<'_>, ProjectId)>, text: &str) -> Result<ProjectRole, CommandError> {
    let mut known = BTreeSet::new();
    let mut role = None;
    found.retain(|(view, project)| match view.role_called(text, Some(*project)) {
        Ok(called) => {
            role = Some(called);
            true
        }
        Err(others) => {
            known.extend(others);
            false
        }
    });
    role.ok_or_else(|| unknown_role(text, &known))
}

/// Says that no role is called `text`, and which are.
pub(super) fn unknown_role(text: &str, known: &BTreeSet<&str>) -> CommandError {
    let error = CommandError::usage(format!("there is no role `{text}`"));
    match did_you_mean(text, known.iter().copied()) {
        Some(near) => error.hint(near),
        None => error.hint(format!("the roles are: {}", known.iter().copied().collect::<Vec<_>>().join(", "))),
    }
}

/// Unranked roles that are named before the rest is counted.
const UNRANKED_SHOWN: usize = 3;

/// Says which custom roles cannot be compared with `role`, so that whoever has them is left out.
pub(super) fn warn_of_unranked<'a>(
    context: &mut Context<'_>,
    views: impl Iterator<Item = (View<'a>, Option<ProjectId>)>,
    role: &ProjectRole,
) {
    if matches!(role, ProjectRole::Custom(_)) {
        return;
    }
    let unranked = views.flat_map(|(view, project)| {
        let of = move |(id, role): (ProjectId, _)| format!("`{role}` of project `{}`", view.project_label(id));
        view.unranked_roles(project).into_iter().map(of)
    });
    let unranked: Vec<String> = unranked.collect();
    if unranked.is_empty() {
        return;
    }
    let shown = unranked.len().min(UNRANKED_SHOWN);
    let names = list_of(&unranked[..shown], unranked.len());
    let words = format!("custom roles without a rank are left out: {names}; say with `like` what they are");
    context.warn(&[words]);
}
