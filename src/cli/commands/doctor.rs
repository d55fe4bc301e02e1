//! `accessctl doctor`: whether the way to each organization is well, and what the account can do there.

use std::error::Error;

use crate::backend::mixpanel::{Examination, Identity, Problem};
use crate::backend::{BackendError, LiveReader};
use crate::catalogue::{Catalogue, Channel, Field, Operation, Standing};
use crate::change::ChangeKind;
use crate::cli::ExitStatus;
use crate::cli::args::{Format, Paths};
use crate::cli::configuration::configuration;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure, OrgProblem};
use crate::cli::live::{Live, Service, live};
use crate::desired::{Backend, Desired, Mixpanel, Scim};
use crate::model::{OrgRole, ProjectId};
use crate::render::doctor::{self, Account, Check, Checkup, KindChannel, Request};

pub(crate) fn run(context: &mut Context<'_>, arguments: &Paths) -> Result<ExitStatus, Failure> {
    let format = context.format("doctor", &[Format::Text, Format::Json])?;
    let mut configuration = configuration(context, &arguments.paths, format)?;
    let mut checkups = Vec::new();
    for desired in std::mem::take(&mut configuration.organizations) {
        let mut checkup = started(&desired);
        match live(context, &configuration, &desired) {
            Ok(Live::Store(store)) => {
                let found = store.reader().fetch(context.now, &mut configuration.names);
                checkup.checks.push(match found.map_err(CommandError::from) {
                    Ok(_) => well("backend", format!("the store `{}` can be read", store.state.display())),
                    Err(error) => not_well("backend", error.chain(), error.hints),
                });
            }
            Ok(Live::Service(service)) => examine(&mut checkup, &desired, &service),
            Err(OrgProblem::Findings(findings)) => {
                context.show_findings(&findings, &configuration.sources)?;
                checkup.checks.push(not_well(
                    "backend",
                    "the configuration is at fault, see the error".to_owned(),
                    Vec::new(),
                ));
            }
            Err(OrgProblem::Error(error)) => {
                let what = if matches!(desired.backend, Some(Backend::Mixpanel(_))) { "credential" } else { "backend" };
                checkup.checks.push(not_well(what, error.chain(), error.hints));
                if let Some(Backend::Mixpanel(written)) = &desired.backend {
                    tell_requests(&mut checkup, written, &Tried::default());
                }
            }
        }
        checkups.push(checkup);
    }
    if format == Format::Json {
        doctor::write_json_document(context.surroundings.stdout, &checkups)?;
    } else {
        let options = context.options();
        doctor::write_text(&mut context.stdout(), &checkups, options)?;
    }
    Ok(if checkups.iter().all(Checkup::is_well) { ExitStatus::Done } else { ExitStatus::Failure })
}

fn started(desired: &Desired) -> Checkup {
    let backend = desired.backend.as_ref();
    Checkup {
        org: desired.key.to_string(),
        backend: backend.map(|backend| {
            let name = match backend {
                Backend::Local { .. } => "local",
                Backend::Mixpanel(_) => "mixpanel",
            };
            name.to_owned()
        }),
        address: backend.and_then(Backend::address),
        account: None,
        checks: Vec::new(),
        requests: Vec::new(),
        channels: Vec::new(),
        manual: Vec::new(),
        owners_by_hand: false,
        peers_by_hand: false,
        unsent: false,
    }
}

fn well(what: &str, found: String) -> Check {
    Check { what: what.to_owned(), ok: true, found, next_steps: Vec::new() }
}

fn not_well(what: &str, found: String, next_steps: Vec<String>) -> Check {
    Check { what: what.to_owned(), ok: false, found, next_steps }
}

/// A problem with its causes, on one line.
fn words(problem: &Problem) -> String {
    let mut text = problem.to_string();
    let mut source = problem.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

fn examine(checkup: &mut Checkup, desired: &Desired, service: &Service<'_>) {
    let Some(Backend::Mixpanel(written)) = &desired.backend else { return };
    let account = service.reader().transport.service_account().to_owned();
    checkup.checks.push(well("credential", format!("the service account `{account}`")));
    let examined: Result<Examination, BackendError> = service.reader().examine();
    let mut tried = Tried { lacks_scim_token: service.lacks_scim().is_some(), ..Tried::default() };
    match examined {
        Ok(Examination { identity, reads, project, scim }) => {
            match identity {
                Ok(identity) => {
                    checkup.checks.push(well("answer", found(&identity)));
                    checkup.account = Some(Account {
                        name: identity.acting.email.clone(),
                        role: identity.acting.role.clone(),
                        regions: identity.regions.iter().map(|region| region.as_str()).collect(),
                    });
                    tried.role = identity.acting.role;
                }
                Err(problem) => {
                    tried.is_refused = true;
                    checkup.checks.push(not_well("answer", words(&problem), problem.next_steps));
                }
            }
            // Dossier 1.5: what the plans of the service have.
            checkup.checks.push(well(
                "service plan",
                "not told by the service; org roles beside owner and billing admin need Growth or Enterprise, custom roles \
                 and SCIM need Enterprise: what the plan does not have is refused"
                    .to_owned(),
            ));
            if let Some(configured) = &written.scim {
                check_scim(checkup, configured, service, scim.as_ref());
            }
            (tried.reads, tried.project) = (reads, project);
            tried.reads.extend(scim.map(|result| (Operation::ScimListUsers, result)));
        }
        Err(error) => {
            let error = CommandError::from(error);
            checkup.checks.push(not_well("answer", error.chain(), error.hints));
        }
    }
    tell_requests(checkup, written, &tried);
}

/// What was found out by trying.
#[derive(Default)]
struct Tried {
    reads: Vec<(Operation, Result<(), Box<Problem>>)>,
    /// The project that those about one project were tried on.
    project: Option<ProjectId>,
    /// The account's org role, as the service writes it.
    role: Option<String>,
    lacks_scim_token: bool,
    /// Whether the first request failed, after which no other is tried.
    is_refused: bool,
}

impl Tried {
    fn read(&self, operation: Operation) -> Option<&Result<(), Box<Problem>>> {
        self.reads.iter().find(|(known, _)| *known == operation).map(|(_, result)| result)
    }
}

/// Tells of every request whether it can be used, and what is left to people.
fn tell_requests(checkup: &mut Checkup, written: &Mixpanel, tried: &Tried) {
    checkup.requests = Operation::every()
        .map(|operation| match operation.is_scim() {
            true => scim_request(written, operation, tried),
            false => request(&written.catalogue, operation, tried),
        })
        .collect();
    checkup.channels = ChangeKind::ALL.into_iter().map(|kind| channel(written, kind)).collect();
    let role = tried.role.as_deref().and_then(|role| written.catalogue.org_role(role));
    let is_too_low = role.as_ref().is_some_and(|role| !role.manages());
    let by_hand = ChangeKind::ALL.into_iter().filter(|kind| is_too_low || !written.catalogue.can_request(*kind));
    checkup.manual = by_hand.map(|kind| kind.as_str().to_owned()).collect();
    checkup.unsent = ChangeKind::ALL.into_iter().any(|kind| !written.catalogue.can_request(kind));
    checkup.owners_by_hand = role == Some(OrgRole::Admin);
    checkup.peers_by_hand = role == Some(OrgRole::Owner);
}

/// Whether SCIM can be used.
fn check_scim(
    checkup: &mut Checkup,
    configured: &Scim,
    service: &Service<'_>,
    answered: Option<&Result<(), Box<Problem>>>,
) {
    let domains: Vec<&str> = configured.claimed_domains.iter().map(String::as_str).collect();
    let token = service.reader().transport.scim_token();
    checkup.checks.push(match (answered, service.lacks_scim()) {
        (_, Some(problem)) => not_well("scim", problem.to_string(), vec![problem.next_step()]),
        (Some(Err(problem)), None) => not_well("scim", words(problem), problem.next_steps.clone()),
        (Some(Ok(())) | None, None) => {
            let variable = token.map_or("nowhere", |token| token.variable.as_str());
            well("scim", format!("it answers to the token of `{variable}`; claimed: {}", domains.join(", ")))
        }
    });
}

/// Whether a request of SCIM can be used: one read was tried, and the token is good for all of them.
fn scim_request(written: &Mixpanel, operation: Operation, tried: &Tried) -> Request {
    let entry = operation.entry();
    let form =
        if written.catalogue.is_overridden(operation) { "; its form comes from `backend.catalogue`" } else { "" };
    let (usable, why) = match (tried.read(operation), tried.read(Operation::ScimListUsers)) {
        _ if written.scim.is_none() => ("off", "`backend.scim` does not say that SCIM is used"),
        (Some(Ok(())), _) => ("yes", "it was tried and answers"),
        (_, Some(Err(_))) => ("no", "SCIM does not answer, see above"),
        _ if tried.lacks_scim_token => ("no", "there is no SCIM token, see above"),
        (_, None) => ("unknown", "it was not tried"),
        _ if entry.is_read() => ("unknown", "SCIM answers; this was not tried"),
        _ if entry.is_proved => ("yes", "SCIM answers; the first one of a run is checked by reading"),
        _ => ("yes", "SCIM answers"),
    };
    Request {
        name: entry.name.to_owned(),
        standing: entry.standing.as_str().to_owned(),
        usable,
        why: format!("{why}{form}"),
        next_steps: Vec::new(),
    }
}

/// How changes of a kind are carried out.
fn channel(written: &Mixpanel, kind: ChangeKind) -> KindChannel {
    let domains = written.scim.iter().flat_map(|scim| &scim.claimed_domains).cloned().collect::<Vec<_>>();
    let may_ask = written.catalogue.can_request(kind);
    let is_known = may_ask && Operation::of(kind).entry().standing < Standing::Inferred;
    let takes = !is_known && Operation::of_scim(kind).is_some();
    KindChannel {
        kind: kind.as_str().to_owned(),
        channel: if may_ask { Channel::Api } else { Channel::Manual }.as_str(),
        scim_domains: if takes { domains } else { Vec::new() },
    }
}

fn found(identity: &Identity) -> String {
    let Identity { acting, organization, regions } = identity;
    let organization = organization.as_deref().unwrap_or("the organization");
    let role =
        acting.role.as_deref().map_or("its role is not told".to_owned(), |role| format!("its org role is `{role}`"));
    let regions: Vec<&str> = regions.iter().map(|region| region.as_str()).collect();
    let regions =
        if regions.is_empty() { String::new() } else { format!("; its projects are in: {}", regions.join(", ")) };
    format!("the service knows the account in {organization}; {role}{regions}")
}

/// Whether a request can be used: reads were tried, of writes only the role is known.
fn request(catalogue: &Catalogue, operation: Operation, tried: &Tried) -> Request {
    let entry = operation.entry();
    let form = if catalogue.is_overridden(operation) { "; its form comes from `backend.catalogue`" } else { "" };
    let role = tried.role.as_deref().and_then(|role| catalogue.org_role(role));
    let lacks = catalogue
        .lacks_before(operation)
        .map(|read| format!("it is not sent where `{}` is not, which has to be read before", read.entry().name));
    let (usable, why, next_steps) = match (tried.read(operation), role.map(|role| role.manages())) {
        (Some(Ok(())), _) => {
            let of_project = tried.project.filter(|_| operation.fields().contains(&Field::Project));
            let on = of_project.map_or(String::new(), |project| format!(" on project {project}"));
            ("yes", format!("it was tried{on} and answers"), Vec::new())
        }
        (Some(Err(problem)), _) => ("no", words(problem), problem.next_steps.clone()),
        (None, _) if operation == Operation::Me && tried.is_refused => {
            ("no", "it was tried and failed, see above".to_owned(), Vec::new())
        }
        (None, _) if !entry.is_read() && entry.performs.is_none() => {
            ("off", "no plan asks for it yet".to_owned(), Vec::new())
        }
        (None, _) if !catalogue.may_send(operation) => ("off", "a guess, so it is not sent".to_owned(), Vec::new()),
        (None, _) if lacks.is_some() => ("off", lacks.unwrap_or_default(), Vec::new()),
        (None, _) if entry.is_read() => ("unknown", "it was not tried".to_owned(), Vec::new()),
        (None, Some(true)) => ("yes", "the org role allows it".to_owned(), Vec::new()),
        (None, Some(false)) => {
            let step = "give the service account the org role `admin`".to_owned();
            ("no", "the org role is too low".to_owned(), vec![step])
        }
        (None, None) => ("unknown", "the org role of the account is not known".to_owned(), Vec::new()),
    };
    let standing: Standing = entry.standing;
    Request {
        name: entry.name.to_owned(),
        standing: standing.as_str().to_owned(),
        usable,
        why: format!("{why}{form}"),
        next_steps,
    }
}
