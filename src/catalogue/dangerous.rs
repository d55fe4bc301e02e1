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

/// The same for words that mean it only where they stand directly below what they are about, or below its id: `delete`,
/// `reset` and `undelete` of projects, `leave` of organizations (dossier 3.2). Which of both comes first is not known, but
/// their sibling `update` has the id after it (row 8). None of them is any better for the other.
const DANGEROUS_BELOW: [&str; 4] = ["delete", "reset", "undelete", "leave"];
const OWNERS: [&str; 2] = ["organizations", "projects"];

impl Operation {
    /// The name in `path` of a request of the service that takes away, moves or sends mail, and that is not this one's.
    pub fn dangerous_name(self, path: &PathForm) -> Option<&'static str> {
        let own = self.entry().path().segments();
        let written = path.segments();
        let has = |segments: &[String], name: &str| {
            let name = PathForm::plain(name);
            segments.contains(&name)
        };
        let named = DANGEROUS.into_iter().find(|name| has(&written, name) && !has(&own, name));
        named.or_else(|| {
            let owners = written.iter().enumerate().filter(|(_, segment)| OWNERS.contains(&segment.as_str()));
            let below: Vec<&String> = owners.flat_map(|(place, _)| written.iter().skip(place + 1).take(2)).collect();
            DANGEROUS_BELOW.into_iter().find(|name| below.iter().any(|segment| *segment == name))
        })
    }
}
