//! Where the live side of one organization is found.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::catalogue::{Catalogue, Field, Form, Operation, Override, PathForm, SCIM_BASE, org_role_entry};
use crate::desired::{Backend, Limits, Located, Mixpanel, Scim};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::model::OrgRole;
use crate::source::Span;
use crate::spec::{self, MixpanelBackend, OrgRoleText, OrgRoleTexts, Text, Unverified};

/// The most reads or writes at once: more would only be refused by the service.
const MOST_AT_ONCE: u64 = 64;

/// Puts the backend together; `None` when a part of it could not be read.
pub(super) fn compile(backend: &spec::Backend<'_>, findings: &mut Findings) -> Option<Backend> {
    let located = |text: &Text<'_>| Located { value: text.text.clone().into_owned(), place: text.span };
    match backend {
        spec::Backend::Local(local) => {
            Some(Backend::Local { state: located(local.state.as_ref()?), seed: local.seed.as_ref().map(located) })
        }
        spec::Backend::Mixpanel(mixpanel) => Some(Backend::Mixpanel(Mixpanel {
            place: mixpanel.span,
            region: mixpanel.region.as_ref()?.value,
            base_url: mixpanel.base_url.as_ref().map(|address| address.0.trim_end_matches('/').to_owned()),
            catalogue: catalogue(mixpanel, findings),
            limits: limits(mixpanel, findings),
            scim: mixpanel.scim.as_ref().and_then(|written| scim(written, findings)),
        })),
    }
}

fn catalogue(mixpanel: &MixpanelBackend, findings: &mut Findings) -> Catalogue {
    let unverified = unverified(mixpanel, findings);
    let mut overrides = BTreeMap::new();
    for (operation, form) in mixpanel.catalogue.iter().flat_map(|map| &map.entries) {
        let Some(form) = form else { continue };
        let other = Override {
            path: form.path.as_ref().map(|path| path.0.clone()),
            body: form.body.as_ref().map(|body| body.0.clone()),
        };
        let (operation, place) = (operation.value, operation.span);
        if let Some(finding) = unfit(operation, &other, place) {
            findings.push(finding);
        }
        overrides.insert(operation, other);
    }
    Catalogue::new(unverified, overrides).with_org_roles(org_roles(mixpanel, findings))
}

/// The operations that the configuration vouches for.
fn unverified(mixpanel: &MixpanelBackend, findings: &mut Findings) -> BTreeSet<Operation> {
    let mut places: BTreeMap<Operation, Span> = BTreeMap::new();
    for word in mixpanel.unverified.iter().flat_map(|words| &words.0) {
        let (named, what): (Vec<Operation>, _) = match word.value {
            Unverified::All => (Operation::every().collect(), "`all` is listed beside what it stands for".to_owned()),
            Unverified::One(operation) => (vec![operation], format!("`{}` is listed twice", operation.entry().name)),
        };
        if let Some(first) = named.iter().filter_map(|operation| places.get(operation)).min() {
            findings.push(twice(word.span, *first, what));
        }
        for operation in named {
            places.entry(operation).or_insert(word.span);
        }
    }
    places.into_keys().collect()
}

/// The texts of org roles that the configuration gives. Two roles with one text could not be told apart.
fn org_roles(mixpanel: &MixpanelBackend, findings: &mut Findings) -> BTreeMap<OrgRole, String> {
    let Some(written) = &mixpanel.org_roles else { return BTreeMap::new() };
    let OrgRoleTexts { owner, admin, billing_admin, member, span } = written;
    let written: Vec<(OrgRole, &Option<OrgRoleText>)> =
        OrgRole::ALL.into_iter().zip([owner, admin, billing_admin, member]).collect();
    let mut places: BTreeMap<&str, (&OrgRole, Span)> = BTreeMap::new();
    for (role, text) in &written {
        let known = org_role_entry(role).map_or("", |entry| entry.text);
        let (text, place) = text.as_ref().map_or((known, *span), |text| (text.0.value.as_str(), text.0.span));
        match places.get(text) {
            Some((other, first)) => {
                // What the catalogue says stands for the key, before every text that is written under it.
                let (place, first) = (place.max(*first), place.min(*first));
                findings.push(twice(place, first, format!("`{text}` would stand for both `{other}` and `{role}`")));
            }
            None => drop(places.insert(text, (role, place))),
        }
    }
    written.into_iter().filter_map(|(role, text)| Some((role, text.as_ref()?.0.value.clone()))).collect()
}

fn twice(place: Span, first: Span, message: String) -> Diagnostic {
    Diagnostic::at(Code::BackendTwice, place, message, "said again here").also(first, "first said here")
}

/// What keeps another form of a request from doing what the operation is for.
fn unfit(operation: Operation, other: &Override, place: Span) -> Option<Diagnostic> {
    let entry = operation.entry();
    if entry.body().is_none() && other.body.is_some() {
        let message = format!("the request of `{}` has no body", entry.name);
        return Some(Diagnostic::at(Code::BadRequestForm, place, message, "has a body").help("leave out `body`"));
    }
    // Each credential goes to its own addresses and nowhere else.
    let leaves = |path: &&PathForm| path.to_string().starts_with(SCIM_BASE) != operation.is_scim();
    if let Some(path) = other.path.as_ref().filter(leaves) {
        let (message, help) = if operation.is_scim() {
            (format!("`{}` would send the SCIM token to `{path}`", entry.name), "begins with")
        } else {
            (format!("`{}` would send the service account to `{path}`", entry.name), "does not begin with")
        };
        let finding = Diagnostic::at(Code::BadRequestForm, place, message, "the wrong credential");
        return Some(finding.help(format!("the path of this request {help} `{SCIM_BASE}`")));
    }
    if let Some(taken) = other.path.as_ref().and_then(|path| destructive(operation, path)) {
        let message = format!(
            "`{}` would be sent to `{}`, where `{taken}` goes",
            entry.name,
            other.path.as_ref().map_or_else(String::new, PathForm::to_string)
        );
        let help = format!(
            "what is sent there does more than this change says; its usual path is `{}`, and a path that is its own may be \
             written here",
            entry.path()
        );
        return Some(Diagnostic::at(Code::BadRequestForm, place, message, "would do something else").help(help));
    }
    let mut fields = other.path.as_ref().map_or_else(|| entry.path().fields(), PathForm::fields);
    let known = entry.body();
    fields.extend(other.body.as_ref().or(known.as_ref()).map_or_else(Vec::new, Form::fields));
    if let Some(one_of) = entry.names.iter().find(|one_of| !one_of.iter().any(|field| fields.contains(field))) {
        let places: Vec<String> = one_of.iter().map(|field| format!("`{{{}}}`", field.as_str())).collect();
        let message = format!("`{}` would not say {}", entry.name, places.join(" or "));
        let help = format!("its usual form is {} {}{}", entry.method.as_str(), entry.path(), body_text(known));
        return Some(Diagnostic::at(Code::BadRequestForm, place, message, "leaves something out").help(help));
    }
    let stranger = fields.iter().find(|field| **field != Field::Org && !operation.fields().contains(field))?;
    let message = format!("`{}` has no value for `{{{}}}`", entry.name, stranger.as_str());
    Some(Diagnostic::at(Code::BadRequestForm, place, message, "cannot be filled"))
}

/// What else goes to `path`: the name of another operation that takes something away, sends mail or sets an org role, or
/// that of a request of the service that no change ever needs.
fn destructive(operation: Operation, path: &PathForm) -> Option<&'static str> {
    if path.is_written_as(&operation.entry().path()) {
        return None;
    }
    let mut others = Operation::every().filter(|other| other.does_more() && *other != operation);
    let other = others.find(|other| path.is_same(&other.entry().path())).map(|other| other.entry().name);
    other.or_else(|| operation.dangerous_name(path))
}

fn body_text(body: Option<Form>) -> String {
    body.map_or(String::new(), |body| format!(" with {body}"))
}

/// Where SCIM is used; `None` when that could not be read.
fn scim(written: &spec::Scim, findings: &mut Findings) -> Option<Scim> {
    let list = written.claimed_domains.as_ref()?;
    let mut places: BTreeMap<&str, Span> = BTreeMap::new();
    for domain in &list.items {
        match places.entry(&domain.text) {
            Entry::Vacant(place) => drop(place.insert(domain.span)),
            Entry::Occupied(first) => {
                let message = format!("the domain `{}` is named twice", domain.text);
                let finding = Diagnostic::at(Code::ScimDomains, domain.span, message, "named again here");
                findings.push(finding.also(*first.get(), "first named here"));
            }
        }
    }
    if list.empty {
        let message = "SCIM is configured, and no domain is claimed";
        let finding = Diagnostic::at(Code::ScimDomains, written.span, message, "for nobody");
        findings.push(finding.help("name the domains that the organization has claimed, or leave out `scim`"));
    }
    Some(Scim { claimed_domains: places.into_keys().map(str::to_owned).collect() })
}

fn limits(mixpanel: &MixpanelBackend, findings: &mut Findings) -> Limits {
    let mut limits = Limits::default();
    let Some(written) = &mixpanel.limits else { return limits };
    let mut number = |count: &Option<spec::Count>, what: &str, most: u64| {
        let number = count.as_ref()?.0;
        if (1..=most).contains(&number.value) {
            return Some(number.value);
        }
        let message = format!("`{what}` is a number from 1 to {most}");
        findings.push(Diagnostic::at(Code::BadNumber, number.span, message, "out of range"));
        None
    };
    let count = |number: u64| usize::try_from(number).unwrap_or(1);
    limits.reads = number(&written.reads, "reads", MOST_AT_ONCE).map_or(limits.reads, count);
    limits.writes = number(&written.writes, "writes", MOST_AT_ONCE).map_or(limits.writes, count);
    let per_hour = number(&written.invitations_per_hour, "invitations_per_hour", 1_000_000);
    limits.invitations_per_hour = per_hour.map_or(limits.invitations_per_hour, count);
    limits.requests_per_minute = number(&written.requests_per_minute, "requests_per_minute", 1_000_000);
    limits
}
