//! Who has no access, whatever the rest says.

use std::collections::BTreeMap;

use super::facts::{Scope, Written};
use super::users::pattern_place;
use crate::desired::{DesiredUser, Fact, Ignore};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::Email;
use crate::spec::{Blocked, Definition};

/// The blocked users by address.
pub(super) fn compile(
    scope: &mut Scope<'_, '_, '_>,
    definition: &Definition<'_>,
    users: Option<&BTreeMap<Email, DesiredUser>>,
    ignore: &Ignore,
) -> BTreeMap<Email, Fact<()>> {
    let mut blocked: BTreeMap<Email, Fact<()>> = BTreeMap::new();
    let renamed =
        users.into_iter().flatten().flat_map(|(new, found)| found.previously.keys().map(move |old| (old, new)));
    let renamed: BTreeMap<&Email, &Email> = renamed.collect();
    for entry in definition.blocked.iter().flat_map(|list| &list.items) {
        let (written, note) = match entry {
            Blocked::Email(email) => (email, None),
            Blocked::Details(details) => {
                let Some(email) = &details.user else { continue };
                let note = scope.note(Written {
                    reason: details.reason.as_ref(),
                    ticket: details.ticket.as_ref(),
                    approved_by: details.approved_by.as_ref(),
                    ..Written::default()
                });
                (email, note)
            }
        };
        let Some(user) = scope.intern(written) else { continue };
        if let Some(first) = blocked.get(&user) {
            let message = format!("the user `{user}` is blocked twice");
            scope.twice(Code::BlockedTwice, written.span, first.place, message);
            continue;
        }
        // Of a person whom a rename names, every address is blocked.
        let now = renamed.get(&user).copied().unwrap_or(&user);
        let before = users.and_then(|users| users.get(now)).into_iter().flat_map(|found| found.previously.keys());
        let addresses = std::iter::once(&user).chain([now]).chain(before);
        let ignored = addresses.into_iter().find_map(|email| Some((email, ignore.user(email)?)));
        if let Some((email, glob)) = ignored {
            let mut finding = Diagnostic::at(
                Code::DeclaredAndIgnored,
                written.span,
                format!("the user `{email}` is blocked and ignored"),
                "blocked here",
            )
            .help("write a narrower pattern: what is ignored is never changed");
            if let Some(pattern) = pattern_place(ignore, glob.as_str()) {
                finding = finding.also(pattern, "this pattern covers it");
            }
            scope.findings.push(finding);
        }
        blocked.insert(user, Fact { value: (), place: written.span, note });
    }
    blocked
}
