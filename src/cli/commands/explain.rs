//! `accessctl explain`: which access a user has, and why.

use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::configuration::configuration;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure};
use crate::cli::sides::{Read, read_sides};
use crate::grounds::{Scope, View};
use crate::model::{Email, ProjectId};
use crate::render::access::explain::{Explained, write_json_document, write_text};

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Explain) -> Result<ExitStatus, Failure> {
    let format = context.format("explain", &[Format::Text, Format::Json])?;
    let mut configuration = configuration(context, &arguments.config.paths, format)?;
    let (organizations, status) = read_sides(context, &mut configuration, &arguments.live)?;
    let views: Vec<View<'_>> = organizations.iter().map(Read::view).collect();
    let user = Email::new(&arguments.user).ok();
    let knowing: Vec<View<'_>> =
        views.iter().copied().filter(|view| user.as_ref().is_some_and(|user| view.knows(user))).collect();
    let Some(user) = user.filter(|_| !knowing.is_empty()) else {
        return Err(unknown_user(&views, &arguments.user, is_live_read(&views)).into());
    };
    let asked: Vec<(View<'_>, Option<ProjectId>)> = match &arguments.project {
        None => knowing.into_iter().map(|view| (view, None)).collect(),
        Some(text) => {
            let found = projects_called(&knowing, text)?;
            found.into_iter().map(|(view, project)| (view, Some(project))).collect()
        }
    };
    let sides: Vec<_> =
        asked.iter().map(|(view, project)| view.sides(Scope { user: Some(&user), project: *project })).collect();
    let explained: Vec<Explained<'_>> = asked
        .iter()
        .zip(&sides)
        .filter_map(|((view, project), sides)| Explained::new(*view, sides, &user, *project))
        .collect();
    let (options, sources) = (context.options(), &configuration.sources);
    if format == Format::Json {
        write_json_document(context.surroundings.stdout, &explained, &user, sources)?;
    } else {
        write_text(&mut context.stdout(), &explained, sources, options)?;
    }
    Ok(status)
}

fn is_live_read(views: &[View<'_>]) -> bool {
    views.iter().any(|view| view.live.is_some())
}

fn unknown_user(views: &[View<'_>], text: &str, is_live_read: bool) -> CommandError {
    let error = CommandError::usage(format!("nobody is a user with the address `{text}`"));
    let near = views.iter().find_map(|view| view.user_near(&text.trim().to_lowercase()));
    let canonical = Email::new(text).ok();
    let is_unread = |view: &View<'_>| {
        let people = view.live.map(|live| &live.unread.people);
        canonical.as_ref().is_some_and(|user| people.is_some_and(|people| people.contains(user)))
    };
    if views.iter().any(is_unread) {
        return error.hint(
            "teams or projects name the address, and it is in no list that was read: whether the person is invited or \
             has joined is not known",
        );
    }
    match near {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if is_live_read => error.hint("neither the configuration nor the live side has such a user"),
        None => error.hint("the live side may know the person: add `--from-backend`, or `--live FILE`"),
    }
}

/// The project that `text` means, in each of the organizations that have it.
pub(super) fn projects_called<'a>(views: &[View<'a>], text: &str) -> Result<Vec<(View<'a>, ProjectId)>, CommandError> {
    let mut found = Vec::new();
    for view in views {
        match view.projects_called(text).as_slice() {
            [] => {}
            [only] => found.push((*view, *only)),
            several => {
                let ids: Vec<String> = several.iter().map(|id| view.project_label(*id).into_owned()).collect();
                let org = &view.desired.key;
                let message = format!("{} projects of organization `{org}` are called `{text}`", several.len());
                return Err(CommandError::usage(message).hint(format!("use the key or id: {}", ids.join(", "))));
            }
        }
    }
    if found.is_empty() {
        let error = CommandError::usage(format!("there is no project `{text}`"));
        return Err(match views.iter().find_map(|view| view.project_near(text)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None => error.hint("name it by its key, its id or its name"),
        });
    }
    Ok(found)
}
