//! The users of an organization, from all its documents.

use std::collections::BTreeMap;

use super::facts::{DeclaredUsers, Scope, Written};
use super::previous::Previous;
use crate::desired::{DesiredUser, Fact, Ignore};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Email;
use crate::source::Span;
use crate::spec::{EmailText, List, User};

/// The declared users; afterwards the scope knows them by address.
pub(super) fn compile(scope: &mut Scope<'_, '_, '_>, ignore: &Ignore) -> Option<BTreeMap<Email, DesiredUser>> {
    let documents = scope.documents;
    let sections: Vec<_> = documents.iter().filter_map(|document| document.users.as_ref()).collect();
    if sections.is_empty() {
        return None;
    }
    let count = sections.iter().map(|section| section.entries.len()).sum();
    let mut declared = DeclaredUsers::with_capacity_and_hasher(count, foldhash::fast::RandomState::default());
    let mut users: Vec<(Email, DesiredUser)> = Vec::with_capacity(count);
    let mut renamed: Vec<(Email, &List<EmailText<'_>>)> = Vec::new();
    for (key, user) in sections.into_iter().flat_map(|section| &section.entries) {
        let Some(email) = scope.intern(key) else { continue };
        if let Some(first) = declared.get(&email) {
            scope.twice(Code::UserTwice, key.span, *first, format!("the user `{email}` is declared twice"));
            continue;
        }
        declared.insert(email.clone(), key.span);
        if let Some(glob) = ignore.user(&email) {
            let message = format!("the user `{email}` is declared and ignored");
            let pattern = pattern_place(ignore, glob.as_str());
            scope.findings.push(both(message, key.span, pattern));
        }
        let (role, name, written, previously) = match user {
            None => continue,
            Some(User::Role(role)) => (role, None, Written::default(), None),
            Some(User::Details(details)) => {
                let Some(role) = &details.role else { continue };
                let written = Written {
                    reason: details.reason.as_ref(),
                    ticket: details.ticket.as_ref(),
                    approved_by: details.approved_by.as_ref(),
                    sponsor: details.sponsor.as_ref(),
                    from: details.from.as_ref(),
                    until: details.until.as_ref(),
                };
                let name = details.name.as_ref().map(|name| name.text.clone().into_owned());
                (role, name, written, details.previously.as_ref())
            }
        };
        if let Some(previously) = previously {
            renamed.push((email.clone(), previously));
        }
        let role = Fact { value: role.value.clone(), place: key.span, note: scope.note(written) };
        users.push((email, DesiredUser { role, name, previously: BTreeMap::new() }));
    }
    let mut users: BTreeMap<Email, DesiredUser> = users.into_iter().collect();
    let mut previous = Previous::new("address", "", "declared itself");
    for (email, previously) in renamed {
        for old in &previously.items {
            let Some(old_email) = scope.intern(old) else { continue };
            match previous.claim(&old_email, old.span, &email, declared.get(&old_email).copied()) {
                Some(contradiction) => {
                    scope.findings.push(contradiction);
                }
                None => {
                    if let Some(user) = users.get_mut(&email) {
                        user.previously.insert(old_email, old.span);
                    }
                }
            }
        }
    }
    scope.users = Some(declared);
    Some(users)
}

/// Where the pattern for users is written.
pub(super) fn pattern_place(ignore: &Ignore, pattern: &str) -> Option<Span> {
    ignore.users.iter().find(|(glob, _)| glob.as_str() == pattern).map(|(_, place)| *place)
}

/// Something is declared at `place`, and a pattern says to ignore it.
pub(super) fn both(message: String, place: Span, pattern: Option<Span>) -> Diagnostic {
    let diagnostic = Diagnostic::at(Code::DeclaredAndIgnored, place, message, "declared here")
        .help("remove one of the two: what is ignored is never changed");
    match pattern {
        Some(pattern) => diagnostic.also(pattern, "this pattern covers it"),
        None => diagnostic,
    }
}
