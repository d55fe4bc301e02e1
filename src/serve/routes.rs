//! Which operations there are: a table of methods and paths, as the dossier writes them.

use super::answer::{Answer, Refusal, Style};
use super::organization::{Organization, grants, identity, invitations, teams, users};
use super::request::Call;
use super::scim;

/// What an operation does.
pub(super) type Operation = fn(&mut Organization, &Call<'_>) -> Result<Answer, Refusal>;

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Any service account.
    Account,
    /// A service account whose org role is admin or owner (dossier 1.4, 2.2).
    Admin,
    /// As `Admin`; to anybody else the project is not there (dossier 4.1).
    Project,
    /// The SCIM token.
    Scim,
    /// Nothing: pages of the rehearsal that people open.
    Nothing,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Route {
    pub(super) method: &'static str,
    /// `{org}`, `{pid}`, `{tid}` and `{uid}` are whole numbers, `{id}` is a text.
    pub(super) path: &'static str,
    pub(super) needs: Needs,
    pub(super) operation: Operation,
}

const fn get(path: &'static str, needs: Needs, operation: Operation) -> Route {
    Route { method: "GET", path, needs, operation }
}

const fn post(path: &'static str, needs: Needs, operation: Operation) -> Route {
    Route { method: "POST", path, needs, operation }
}

const fn scim(method: &'static str, path: &'static str, operation: Operation) -> Route {
    Route { method, path, needs: Needs::Scim, operation }
}

use Needs::{Account, Admin, Nothing, Project};

/// Every operation; the comment of each is its row in the dossier.
#[rustfmt::skip]
pub(super) const ROUTES: &[Route] = &[
    get("/api/app/me", Account, identity::me),                                                       // 1
    get("/api/app/me/", Account, identity::me),                                                      // 1
    get("/organizations/{org}/projects/", Admin, identity::projects),                                // 4
    get("/organizations/{org}/users/", Admin, users::list),                                          // 12
    post("/organizations/{org}/users/{uid}/update/", Admin, users::set_role),                        // P6
    post("/organizations/{org}/delete-users/", Admin, users::remove),                                // 13, P7
    post("/organizations/{org}/add-users/", Admin, invitations::invite),                             // P1
    get("/organizations/{org}/invites/", Admin, invitations::list),                                  // P2
    post("/organizations/{org}/resend-invites/", Admin, invitations::resend),                        // P3
    post("/organizations/{org}/regenerate-invite-url/", Admin, invitations::link),                   // P4
    post("/organizations/{org}/delete-invites/", Admin, invitations::cancel),                        // P5
    get("/rehearsal/invitations/{id}", Nothing, invitations::page),                                  // the link of P4
    post("/rehearsal/invitations/{id}", Nothing, invitations::accept),                               // the link of P4
    post("/organizations/{org}/add-users-to-projects/", Admin, grants::add),                         // 14
    get("/api/app/projects/{pid}/granted-users", Project, grants::list),                             // 15
    post("/organizations/{org}/delete-users-from-projects/", Admin, grants::remove),                 // P8
    post("/organizations/{org}/add-default-access-to-projects/", Admin, grants::set_everyone),       // P9
    post("/organizations/{org}/delete-default-access-from-projects/", Admin, grants::remove_everyone), // P10
    get("/api/app/projects/{pid}/custom-roles", Project, identity::custom_roles),                    // 28
    get("/organizations/{org}/teams/", Admin, teams::list),                                          // 16
    post("/organizations/{org}/add-projects-to-teams/", Admin, teams::set_roles),                    // 17
    post("/organizations/{org}/add-teams/", Admin, teams::create),                                   // 18
    post("/organizations/{org}/teams/{tid}/update/", Admin, teams::rename),                          // 19
    post("/organizations/{org}/delete-teams/", Admin, teams::delete),                                // 20
    post("/organizations/{org}/teams/{tid}/delete-projects/", Admin, teams::remove_roles),           // 21
    post("/organizations/{org}/add-users-to-teams/", Admin, teams::add_members),                     // P11
    post("/organizations/{org}/teams/{tid}/delete-users/", Admin, teams::remove_members),            // P12
    // SCIM, dossier section 5; the first five are of RFC 7644 only
    scim("GET", "/api/app/scim/v2/ServiceProviderConfig", scim::discovery::config),
    scim("GET", "/api/app/scim/v2/ResourceTypes", scim::discovery::resource_types),
    scim("GET", "/api/app/scim/v2/ResourceTypes/{id}", scim::discovery::resource_type),
    scim("GET", "/api/app/scim/v2/Schemas", scim::discovery::schemas),
    scim("GET", "/api/app/scim/v2/Schemas/{id}", scim::discovery::schema),
    scim("GET", "/api/app/scim/v2/Users", scim::users::list),
    scim("POST", "/api/app/scim/v2/Users", scim::users::create),
    scim("GET", "/api/app/scim/v2/Users/{id}", scim::users::get),
    scim("PUT", "/api/app/scim/v2/Users/{id}", scim::users::replace),
    scim("PATCH", "/api/app/scim/v2/Users/{id}", scim::users::patch),
    scim("DELETE", "/api/app/scim/v2/Users/{id}", scim::users::delete),
    scim("GET", "/api/app/scim/v2/Groups", scim::groups::list),
    scim("POST", "/api/app/scim/v2/Groups", scim::groups::create),
    scim("GET", "/api/app/scim/v2/Groups/{id}", scim::groups::get),
    scim("PUT", "/api/app/scim/v2/Groups/{id}", scim::groups::replace),
    scim("PATCH", "/api/app/scim/v2/Groups/{id}", scim::groups::patch),
    scim("DELETE", "/api/app/scim/v2/Groups/{id}", scim::groups::delete),
];

/// Where a request goes.
#[derive(Debug)]
pub(super) enum Found<'p> {
    /// To this operation, with what its path says.
    Route(&'static Route, Parameters<'p>),
    /// The path lacks its final slash (dossier 4.2).
    LacksSlash,
    /// There is such a path, for other methods.
    OtherMethod,
    /// There is no such path.
    Nothing,
}

/// What stands in a path where the table has `{…}`.
pub(super) type Parameters<'p> = Vec<(&'static str, &'p str)>;

/// Finds the operation for a method and path.
pub(super) fn find<'p>(method: &str, path: &'p str) -> Found<'p> {
    let mut other_method = false;
    for route in ROUTES {
        if let Some(parameters) = parameters(route.path, path) {
            if route.method == method {
                return Found::Route(route, parameters);
            }
            other_method = true;
        }
    }
    if other_method {
        return Found::OtherMethod;
    }
    let lacks_slash = |route: &Route| {
        let shorter = route.path.strip_suffix('/').filter(|_| !route.path.starts_with("/api/"));
        shorter.is_some_and(|shorter| parameters(shorter, path).is_some())
    };
    if ROUTES.iter().any(lacks_slash) { Found::LacksSlash } else { Found::Nothing }
}

/// The form in which refusals of this path are told.
pub(super) fn style(path: &str) -> Style {
    if path.starts_with("/api/app/scim/") { Style::Scim } else { Style::Envelope }
}

/// What `path` has where `pattern` has `{…}`, if it fits.
fn parameters<'p>(pattern: &'static str, path: &'p str) -> Option<Parameters<'p>> {
    let mut found = Vec::new();
    let (mut wanted, mut parts) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), parts.next()) {
            (None, None) => return Some(found),
            (Some(want), Some(part)) => match want.strip_prefix('{').and_then(|want| want.strip_suffix('}')) {
                None if want == part => {}
                Some("id") if !part.is_empty() => found.push(("id", part)),
                Some(name) if name != "id" && !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) => {
                    found.push((name, part));
                }
                None | Some(_) => return None,
            },
            (Some(_), None) | (None, Some(_)) => return None,
        }
    }
}
