//! Individual grants.

use std::collections::BTreeMap;

use super::facts::{Scope, Written};
use super::projects::Projects;
use super::teams::check_ignored;
use crate::desired::{Fact, Ignore};
use crate::diagnostic::Code;
use crate::model::{Email, ProjectId, ProjectRole};
use crate::spec::Grant;

/// Puts the grants together.
pub(super) fn compile(
    scope: &mut Scope<'_, '_, '_>,
    projects: &mut Projects,
    ignore: &Ignore,
) -> BTreeMap<(Email, ProjectId), Fact<ProjectRole>> {
    let documents = scope.documents;
    let mut facts = Vec::new();
    for grant in documents.iter().filter_map(|document| document.grants.as_ref()).flat_map(|list| &list.items) {
        let Grant { user, project, role, from, until, reason, ticket, approved_by, sponsor, span } = grant;
        // Each of the three is looked at even where another is wrong, so that all is said in one run.
        let email = user.as_ref().and_then(|email| {
            let user = scope.user(email)?;
            check_ignored(scope, ignore, &user, email);
            Some(user)
        });
        let ids = project.as_ref().map_or_else(Vec::new, |project| projects.find(scope, project));
        let value = role.as_ref().and_then(|role| projects.role(scope, role, &ids));
        let (Some(email), Some(value)) = (email, value) else { continue };
        let written = Written {
            reason: reason.as_ref(),
            ticket: ticket.as_ref(),
            approved_by: approved_by.as_ref(),
            sponsor: sponsor.as_ref(),
            from: from.as_ref(),
            until: until.as_ref(),
        };
        let note = scope.note(written);
        facts.extend(
            ids.into_iter()
                .map(|id| ((email.clone(), id), Fact { value: value.clone(), place: *span, note: note.clone() })),
        );
    }
    scope.once(facts, Code::GrantTwice, |(user, id)| {
        let project = projects.desired.get(id).map_or("", |project| project.key.as_str());
        format!("the grant of `{user}` on the project `{project}` is said twice")
    })
}
