//! `accessctl orgs`: the organizations of the configuration, without a backend.

use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::configuration::configuration;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure};
use crate::desired::{Backend, Desired};
use crate::render::orgs::{Org, write_json_document, write_text};

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Orgs) -> Result<ExitStatus, Failure> {
    let asked = context.format("orgs", &[Format::Text, Format::Json])?;
    if arguments.json && context.global.format == Some(Format::Text) {
        return Err(CommandError::usage("`--json` and `--format text` contradict each other").into());
    }
    let format = if arguments.json { Format::Json } else { asked };
    let configuration = configuration(context, &arguments.paths.paths, format)?;
    let orgs: Vec<Org> = configuration.organizations.iter().map(org).collect();
    if format == Format::Json {
        write_json_document(context.surroundings.stdout, &orgs)?;
    } else {
        write_text(&mut context.stdout(), &orgs)?;
    }
    Ok(ExitStatus::Done)
}

fn org(desired: &Desired) -> Org {
    let (backend, region) = match &desired.backend {
        Some(Backend::Local { .. }) => (Some("local"), None),
        Some(Backend::Mixpanel(written)) => (Some("mixpanel"), Some(written.region.as_str())),
        None => (None, None),
    };
    Org {
        key: desired.key.to_string(),
        id: desired.id.get(),
        name: desired.name.clone(),
        backend: backend.map(str::to_owned),
        region: region.map(str::to_owned),
    }
}
