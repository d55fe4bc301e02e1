//! `accessctl serve`: a rehearsal of the service.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use jiff::SignedDuration;

use crate::cli::ExitStatus;
use crate::cli::args::{self, AccountRole, Format};
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure, Kind};
use crate::model::OrgRole;
use crate::render::visible;
use crate::serve::{Options, ServeError, Server};

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Serve) -> Result<ExitStatus, Failure> {
    context.format("serve", &[Format::Text])?;
    // The server outlives the clock that is lent to a command, so it goes on from the moment of the run.
    let (began, since) = (context.now, Instant::now());
    let clock = move || {
        let passed = SignedDuration::try_from(since.elapsed()).unwrap_or(SignedDuration::MAX);
        began.saturating_add(passed).unwrap_or(began)
    };
    let options = Options {
        seed: arguments.seed.clone(),
        port: arguments.port,
        faults: arguments.faults.clone(),
        record: arguments.record.clone(),
        role: match arguments.role {
            AccountRole::Owner => OrgRole::Owner,
            AccountRole::Admin => OrgRole::Admin,
            AccountRole::Member => OrgRole::Member,
        },
        claimed: arguments.claim.clone(),
        known: arguments.has_account.iter().cloned().collect(),
        ..Options::new(&arguments.state, Arc::new(clock))
    };
    Server::run(options, |server| announce(context, server, &arguments.state)).map_err(failure)?;
    context.tell("stopped");
    Ok(ExitStatus::Done)
}

/// Says where the server is and how to use it.
fn announce(context: &mut Context<'_>, server: &Server, state: &Path) -> io::Result<()> {
    let (organization, account, url) = (server.organization_name(), server.account(), server.base_url());
    let out = &mut *context.surroundings.stdout;
    writeln!(out, "{} from {} is at {url}", visible(&organization), visible(&state.display().to_string()))?;
    writeln!(out)?;
    writeln!(out, "export MIXPANEL_SERVICE_ACCOUNT={}", account.name)?;
    writeln!(out, "export MIXPANEL_SERVICE_ACCOUNT_SECRET={}", account.secret)?;
    writeln!(out, "export MIXPANEL_SCIM_TOKEN={}", account.scim_token)?;
    writeln!(out, "export ACCESSCTL_JOURNAL={}", quoted(&visible(&journal(state)?.display().to_string())))?;
    writeln!(out)?;
    writeln!(out, "backend: {{ type: mixpanel, region: us, base_url: \"{url}\", unverified: all }}")?;
    writeln!(out)?;
    let claimed = server.claimed();
    if claimed.is_empty() {
        writeln!(out, "SCIM answers nothing: no domain is claimed (`--claim DOMAIN`).")?;
    } else {
        let domains = claimed.join(", ");
        let domains = visible(&domains);
        writeln!(
            out,
            "SCIM sees the domains {domains}: `scim: {{ claimed_domains: [{domains}] }}` in the backend uses it."
        )?;
    }
    writeln!(out, "Ctrl-C stops it; the store keeps everything.")?;
    out.flush()
}

/// The folder for the journal of what is applied to a store. It is the store's own: what was sent to another one, which
/// may have been at the same address, says nothing about this one.
fn journal(state: &Path) -> io::Result<PathBuf> {
    // The client may be run in another folder.
    let mut path = std::path::absolute(state)?.into_os_string();
    path.push(".journal");
    Ok(PathBuf::from(path))
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%".contains(c);
    if text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

fn failure(error: ServeError) -> Failure {
    let error = match error {
        ServeError::Announce(error) => return error.into(),
        ServeError::Store(error) => CommandError::from(error),
        error @ (ServeError::Listen { .. } | ServeError::Record { .. } | ServeError::Start(_)) => {
            let taken = error.source().and_then(|source| source.downcast_ref::<io::Error>());
            let is_taken = taken.is_some_and(|source| source.kind() == io::ErrorKind::AddrInUse);
            let error = CommandError { kind: Kind::Failure, error: anyhow::Error::new(error), hints: Vec::new() };
            if is_taken {
                error.hint("another server has it; choose one with `--port`, or any free one with `--port 0`")
            } else {
                error
            }
        }
    };
    error.into()
}
