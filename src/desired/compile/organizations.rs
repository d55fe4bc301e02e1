//! Which documents make which organization.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use super::facts::{Scope, unknown};
use super::{acceptances, backend, blocked, grants, guards, manage, policy, projects, teams, users};
use crate::desired::Desired;
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::model::{Interner, OrgId, OrgKey};
use crate::source::Span;
use crate::spec::{Definition, Document, FileContents, Organization, Text, Whole};

/// The documents of one organization.
pub(super) struct Gathered<'d, 'a> {
    pub(super) key: &'d Text<'a>,
    pub(super) definition: &'d Definition<'a>,
    documents: Vec<&'d Document<'a>>,
}

/// Groups the documents by organization; what is defined twice or never is reported.
pub(super) fn gather<'d, 'a>(
    contents: &'d [FileContents<'a>],
    whole: Whole,
    findings: &mut Findings,
) -> Vec<Gathered<'d, 'a>> {
    let mut gathered: BTreeMap<&str, Gathered<'d, 'a>> = BTreeMap::new();
    let mut ids: BTreeMap<u64, (&Text<'a>, Span)> = BTreeMap::new();
    let documents = || contents.iter().flat_map(|file| &file.documents);
    for document in documents() {
        let Some(Organization::Definition(definition)) = &document.org else { continue };
        let Some(key) = definition.key.as_ref().map(|key| &key.0) else { continue };
        if let Some(first) = gathered.get_mut(&*key.text) {
            // What it declares is declared all the same: nothing else should be called unknown for it.
            first.documents.push(document);
            let message = format!("the organization `{}` is defined twice", key.text);
            findings.push(
                Diagnostic::at(Code::OrganizationTwice, key.span, message, "defined again here")
                    .also(first.key.span, "first defined here")
                    .help(format!("write `org: {}` in documents that only add to it", key.text)),
            );
            continue;
        }
        if let Some(id) = &definition.id {
            if let Some((other, first)) = ids.get(&id.0.value) {
                let message = format!("the organizations `{}` and `{}` have the same id", other.text, key.text);
                findings.push(
                    Diagnostic::at(Code::OrganizationTwice, id.0.span, message, "the same id")
                        .also(*first, "first used here"),
                );
            } else {
                ids.insert(id.0.value, (key, id.0.span));
            }
        }
        gathered.insert(&key.text, Gathered { key, definition: definition.as_ref(), documents: vec![document] });
    }
    for document in documents() {
        let Some(Organization::Key(key)) = &document.org else { continue };
        let key = &key.0;
        if let Some(found) = gathered.get_mut(&*key.text) {
            found.documents.push(document);
        } else if whole.documents {
            let message = format!("the organization `{}` is not defined", key.text);
            let diagnostic = Diagnostic::at(Code::UnknownOrganization, key.span, message, "defined in no document");
            findings.push(unknown(diagnostic, &key.text, gathered.keys().copied(), || {
                "define it in one document: `org:` with `key`, `id` and a `backend`; is its file among those loaded?"
                    .to_owned()
            }));
        }
    }
    gathered.into_values().collect()
}

impl Gathered<'_, '_> {
    /// Puts the organization together; `None` when its key or id is not known.
    pub(super) fn compile(&self, whole: Whole, names: &mut Interner, findings: &mut Findings) -> Option<Desired> {
        let written = self.definition.timezone.as_ref();
        let timezone = written.map_or(Some(TimeZone::UTC), |written| written.0.clone());
        let mut scope = Scope::new(&self.documents, timezone.clone(), whole, names, findings);
        let (manage, ignore) = manage::compile(&mut scope, self.definition, self.key.span);
        let users = users::compile(&mut scope, &ignore);
        let blocked = blocked::compile(&mut scope, self.definition, users.as_ref(), &ignore);
        let mut projects = projects::compile(&mut scope, &ignore);
        let teams = teams::compile(&mut scope, &mut projects, &ignore, manage);
        let grants = grants::compile(&mut scope, &mut projects, &ignore);
        let domains: Option<BTreeSet<String>> =
            self.definition.domains.as_ref().map(|list| list.items.iter().map(|domain| domain.text.clone()).collect());
        let about = policy::About { users: users.as_ref(), teams: &teams, has_domains: domains.is_some() };
        let accept = acceptances::compile(&mut scope, self.definition, &mut projects, &teams);
        let policy = policy::compile(&mut scope, self.definition, &mut projects, about);
        Some(Desired {
            key: OrgKey::new(&self.key.text)?,
            id: OrgId::new(self.definition.id.as_ref()?.0.value).ok()?,
            name: self.definition.name.as_ref().map(|name| name.text.clone().into_owned()),
            place: self.key.span,
            timezone: timezone.unwrap_or(TimeZone::UTC),
            domains,
            backend: self.definition.backend.as_ref().and_then(|written| backend::compile(written, scope.findings)),
            manage,
            ignore,
            blocked,
            guards: guards::compile(&mut scope, self.definition.guards.as_ref()),
            accept,
            policy,
            lint_off: policy::lint_off(self.definition),
            projects: projects.desired,
            project_groups: projects.groups,
            users,
            teams,
            grants,
        })
    }
}
