//! Addresses of the service at which a request would do what no change ever says.

use super::form::PathForm;
use super::table::Operation;

/// Names of requests of the service that take away, move or send mail (dossier rows 5 to 8, 13, 20, 23 and 25, the names
/// below 3.2, and those of 3.3, 3.4 and 3.6). Those of the table stand here too: their address may be written otherwise.
const DANGEROUS: [&str; 23] = [
    "delete-projects",
    "create-project",
    "create-projects",
    "undelete-projects",
    "transfer-project",
    "delete-users",
    "delete-teams",
    "delete-invites",
    "delete-users-from-projects",
    "delete-default-access-from-projects",
    "add-users",
    "resend-invites",
    "regenerate-invite-url",
    "cancel_project_member_invite",
    "accept-invite",
    "approve-access-request",
    "delete-project-access-requests",
    "delete-service-accounts",
    "remove-from-project",
    "remove-from-team",
    "service-accounts",
    "twofactor",
    "org-request-access-settings",
];

/// The same for words that mean it only where they stand below the id of an organization or a project.
const DANGEROUS_BELOW: [(&str, &str); 4] =
    [("organizations", "leave"), ("projects", "delete"), ("projects", "reset"), ("projects", "undelete")];

impl Operation {
    /// The name in `path` of a request of the service that takes away, moves or sends mail, and that is not this one's.
    pub fn dangerous_name(self, path: &PathForm) -> Option<&'static str> {
        let own = self.entry().path().segments();
        let written = path.segments();
        let has = |segments: &[String], name: &str| segments.iter().any(|segment| segment == name);
        let named = DANGEROUS.into_iter().find(|name| has(&written, name) && !has(&own, name));
        named.or_else(|| {
            let of = |id: usize| id.checked_sub(1).and_then(|place| written.get(place)).map(String::as_str);
            DANGEROUS_BELOW.into_iter().find_map(|(below, name)| {
                let is_there = (1..written.len()).any(|id| of(id) == Some(below) && of(id + 2) == Some(name));
                is_there.then_some(name)
            })
        })
    }
}
