//! `accessctl review`: all access, for people who answer for it.

use std::collections::BTreeSet;

use super::who_can::{unknown_role, warn_of_unranked};
use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::configuration::configuration;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure};
use crate::cli::sides::{Read, read_sides};
use crate::grounds::View;
use crate::model::ProjectRole;
use crate::near::did_you_mean;
use crate::render::access::unknown_words;
use crate::render::review::{write_csv, write_html, write_markdown, write_text};
use crate::review::{Filter, Review, team_called};

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Review) -> Result<ExitStatus, Failure> {
    let format = context.format("review", &[Format::Text, Format::Csv, Format::Markdown, Format::Html])?;
    let mut configuration = configuration(context, &arguments.paths.paths, format)?;
    let (organizations, status) = read_sides(context, &mut configuration, &arguments.live)?;
    let views: Vec<View<'_>> = organizations.iter().map(Read::view).collect();
    let filter = filter(&views, arguments)?;
    if filter.external {
        let without = views.iter().filter(|view| view.desired.domains.is_none());
        let words = |view: &View<'_>| {
            format!("organization `{}` declares no `domains`, so nobody there is external", view.desired.key)
        };
        context.warn(&without.map(words).collect::<Vec<_>>());
    }
    if let Some(role) = &filter.role_at_least {
        warn_of_unranked(context, views.iter().map(|view| (*view, None)), role);
    }
    let reviews: Vec<Review<'_>> = views.iter().map(|view| Review::new(*view, &filter)).collect();
    let (sources, options) = (&configuration.sources, context.options());
    match format {
        Format::Csv => {
            // The table has no place for it.
            let unknown: Vec<String> = views.iter().flat_map(|view| unknown_words(*view)).collect();
            context.warn(&unknown);
            write_csv(context.surroundings.stdout, &reviews, sources)?;
        }
        Format::Markdown => write_markdown(context.surroundings.stdout, &reviews, sources)?,
        Format::Html => write_html(context.surroundings.stdout, &reviews, sources)?,
        // The formats were checked above: the others are not among those of this command.
        Format::Text | Format::Json | Format::Diff | Format::Sarif | Format::CodeQuality | Format::Junit => {
            write_text(&mut context.stdout(), &reviews, sources, options)?;
        }
    }
    Ok(status)
}

/// What is asked for; what no organization has is a slip, and would make an empty review that looks clean.
fn filter(views: &[View<'_>], arguments: &args::Review) -> Result<Filter, CommandError> {
    if let Some(wanted) = &arguments.environment {
        let known: BTreeSet<&str> = views
            .iter()
            .flat_map(|view| view.desired.projects.values())
            .filter_map(|project| project.environment())
            .collect();
        if !known.contains(wanted.as_str()) {
            let error = CommandError::usage(format!("no project has the environment `{wanted}`"));
            return Err(or_known(error, "environments", wanted, &known));
        }
    }
    if let Some(wanted) = &arguments.team
        && !views.iter().any(|view| team_called(*view, wanted).is_some())
    {
        let declared = views.iter().flat_map(|view| &view.desired.teams);
        let live = views.iter().filter_map(|view| view.live).flat_map(|state| state.teams.keys());
        let names = declared.flat_map(|(name, team)| [name.as_str(), team.key.as_str()]);
        let known: BTreeSet<&str> = names.chain(live.map(|name| name.as_str())).collect();
        let error = CommandError::usage(format!("there is no team `{wanted}`"));
        return Err(or_known(error, "teams", wanted, &known));
    }
    Ok(Filter {
        external: arguments.external,
        role_at_least: arguments.role_at_least.as_deref().map(|text| role_called(views, text)).transpose()?,
        environment: arguments.environment.clone(),
        team: arguments.team.clone(),
        expiring_within: arguments.expiring_within.map(|span| span.0),
    })
}

fn role_called(views: &[View<'_>], text: &str) -> Result<ProjectRole, CommandError> {
    let mut known = BTreeSet::new();
    for view in views {
        match view.role_called(text, None) {
            Ok(role) => return Ok(role),
            Err(others) => known.extend(others),
        }
    }
    Err(unknown_role(text, &known))
}

/// Known names that are listed where none is near.
const KNOWN_SHOWN: usize = 10;

fn or_known(error: CommandError, what: &str, text: &str, known: &BTreeSet<&str>) -> CommandError {
    if let Some(near) = did_you_mean(text, known.iter().copied()) {
        return error.hint(near);
    }
    let names: Vec<String> = known.iter().take(KNOWN_SHOWN).map(|name| format!("`{name}`")).collect();
    if names.is_empty() { error } else { error.hint(format!("the {what} are: {}", names.join(", "))) }
}
