//! Days on which the service answers what it should not: what people read, how the run ends, and what was not asked for.

use accessctl::cli::ExitStatus;
use snapbox::{IntoData, assert_data_eq, str};

use crate::runs::Ended;
use crate::server::{answer_with, error, ok};
use crate::world::{SECRET, World, healthy};

pub(crate) const ME: &str = "/api/app/me";
pub(crate) const USERS: &str = "/organizations/77/users/";
const PROJECTS: &str = "/organizations/77/projects/";
const GRANTS: &str = "/api/app/projects/902/granted-users";

/// The run failed, saying this, and gave no result.
#[track_caller]
pub(crate) fn failed(ended: &Ended, stderr: impl IntoData) {
    assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert_data_eq!(ended.stderr.as_str(), stderr);
}

/// How often a path was asked for.
pub(crate) fn asked(world: &World, path: &str) -> usize {
    world.server.paths().iter().filter(|other| *other == path).count()
}

#[test]
fn no_credential() {
    let mut world = World::new(healthy());
    world.environment.clear();
    let ended = world.snapshot();
    assert_eq!(ended.status, ExitStatus::Invalid);
    assert_data_eq!(
        ended.stderr,
        str![[r#"
error: there is no credential for organization `acme`: neither `ACCESSCTL_ACME_SERVICE_ACCOUNT` (or `ACCESSCTL_ACME_SERVICE_ACCOUNT_FILE`) nor `MIXPANEL_SERVICE_ACCOUNT` (or `MIXPANEL_SERVICE_ACCOUNT_FILE`) is set
  hint: make a service account in the organization's settings, and put its name into `ACCESSCTL_ACME_SERVICE_ACCOUNT` and its secret into `ACCESSCTL_ACME_SECRET`, or the paths of files that hold them into `ACCESSCTL_ACME_SERVICE_ACCOUNT_FILE` and `ACCESSCTL_ACME_SECRET_FILE`
  hint: to plan without a credential, use a saved live side: `accessctl plan --live FILE`

"#]]
    );
    assert_eq!(world.server.paths(), Vec::<String>::new());
}

#[test]
fn half_a_credential() {
    let mut world = World::new(healthy());
    world.environment.insert("ACCESSCTL_ACME_SERVICE_ACCOUNT".to_owned(), "sa.other".to_owned());
    let ended = world.snapshot();
    assert_eq!(ended.status, ExitStatus::Invalid);
    assert_data_eq!(
        ended.stderr,
        str![[r#"
error: `ACCESSCTL_ACME_SERVICE_ACCOUNT` is set, and `ACCESSCTL_ACME_SECRET` (or `ACCESSCTL_ACME_SECRET_FILE`) is not
  hint: set `ACCESSCTL_ACME_SECRET` too, or take `ACCESSCTL_ACME_SERVICE_ACCOUNT` away: a service account is never used with the secret of another
  hint: to plan without a credential, use a saved live side: `accessctl plan --live FILE`

"#]]
    );
    assert_eq!(world.server.paths(), Vec::<String>::new());
}

#[test]
fn a_wrong_credential() {
    // What the service says may repeat what was sent.
    let said = format!("bad secret {SECRET}");
    let world = World::with(ME, error("401 Unauthorized", &said));
    failed(
        &world.snapshot(),
        str![[r#"
error: `me` failed: GET /api/app/me
  caused by: the service answered 401: bad secret ***
  hint: the credential comes from `MIXPANEL_SERVICE_ACCOUNT` and `MIXPANEL_SERVICE_ACCOUNT_SECRET`: check both, and that the service account still exists and has not expired

"#]],
    );
    assert_eq!(world.server.paths(), [ME]);
}

#[test]
fn what_was_sent_is_not_shown_wherever_an_answer_repeats_it() {
    // The text is cut where the secret stands, which must not leave a part of it.
    // base64 of `sa.x1y2:s3cret-of-the-account`
    let sent = "c2EueDF5MjpzM2NyZXQtb2YtdGhlLWFjY291bnQ=";
    let filled = |length: usize| [SECRET, sent].map(|secret| format!("{}{secret}", "x".repeat(length)));
    for said in [0, 120, 150, 160, 170, 180, 190].into_iter().flat_map(filled) {
        let errors = [
            error("403 Forbidden", &said),
            answer_with("500 Internal Server Error", "", &said),
            answer_with("200 OK", "", &said),
            answer_with("200 OK", "", format!(r#"{{"status":"ok","error":"{said}"}}"#)),
            answer_with("200 OK", "", format!(r#"{{"status":"{said}","results":[]}}"#)),
            ok(&format!(r#"[{{"id":"{said}"}}]"#)),
            answer_with("302 Found", &format!("Location: /{said}\r\n"), ""),
        ];
        for answer in errors {
            let ended = World::with(USERS, answer).snapshot();
            assert_eq!(ended.status, ExitStatus::Failure);
            let shown = ended.stderr;
            assert!(!shown.contains(&SECRET[..4]) && !shown.contains(&sent[..6]), "{shown}");
        }
    }
}

#[test]
fn a_wrong_region() {
    let world = World::with(ME, error("500 Internal Server Error", "oops"));
    let ended = world.snapshot();
    failed(
        &ended,
        str![[r#"
error: `me` failed: GET /api/app/me (2 tries)
  caused by: the service answered 500: oops
  hint: the server at [SERVICE] failed; run again, and look at what it says

"#]],
    );
    // A bare 500 is tried once more.
    assert_eq!(world.server.paths(), [ME, ME]);
}

#[test]
fn an_account_of_another_organization() {
    let world = World::with(ME, ok(r#"{"organizations":{"78":{"id":78,"name":"Beta"}},"projects":{}}"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: `me` failed: GET /api/app/me
  caused by: the service account is not in organization 77; it is in: 78 (Beta)
  hint: check `org.id`, and in which organization the service account was made

"#]],
    );
    assert_eq!(world.server.paths(), [ME]);
}

#[test]
fn a_project_that_may_not_be_seen() {
    let world = World::with(GRANTS, error("403 Forbidden", "no"));
    let (world, ended) = world.snapshot_managing_everything();
    failed(
        &ended,
        str![[r#"
error: `list_grants` failed: GET /api/app/projects/902/granted-users
  caused by: the service answered 403: no
  hint: the service account had the org role `admin` when this run began, which should do: perhaps it was taken since, or the plan of the service does not include this
  hint: `manage: { grants: none, everyone: none }` does without this: access is then shown as far as it is known

"#]],
    );
    assert_eq!(asked(&world, GRANTS), 1);
}

#[test]
fn a_project_that_may_not_be_seen_and_is_not_managed() {
    let world = World::with(GRANTS, error("403 Forbidden", "no")).managing("grants: none, teams: full");
    let ended = world.snapshot();
    assert_eq!(ended.status, ExitStatus::Done);
    assert_data_eq!(
        ended.stderr,
        str![[r#"
warning: the grants on project 902 cannot be read: access is at least what is shown

"#]]
    );
}

#[test]
fn teams_that_may_not_be_seen() {
    let forbidden = || error("403 Forbidden", "no");
    let world = World::with("/organizations/77/teams/", forbidden()).managing("teams: full, grants: full");
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_teams` failed: GET /organizations/77/teams/
  caused by: the service answered 403: no
  hint: the service account had the org role `admin` when this run began, which should do: perhaps it was taken since, or the plan of the service does not include this
  hint: `manage: { teams: none }` does without this: access is then shown as far as it is known

"#]],
    );
    let world = World::with("/organizations/77/teams/", forbidden()).managing("teams: none, grants: full");
    let ended = world.snapshot();
    assert_eq!(ended.status, ExitStatus::Done);
    assert_data_eq!(
        ended.stderr,
        str![[r#"
warning: teams cannot be read (the service answered 403: no): access is at least what is shown

"#]]
    );
}

#[test]
fn users_that_may_not_be_seen() {
    let world = World::with(USERS, error("403 Forbidden", "no"));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/
  caused by: the service answered 403: no
  hint: the service account had the org role `admin` when this run began, which should do: perhaps it was taken since, or the plan of the service does not include this
  hint: no `manage` setting does without this: everything else is about these users and projects

"#]],
    );
}

#[test]
fn an_organization_that_is_not_visible() {
    let world = World::with(PROJECTS, error("404 Not Found", "not found"));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_projects` failed: GET /organizations/77/projects/
  caused by: the service answered 404: not found
  hint: the organization does not exist, or the service account may not see it; check `org.id`

"#]],
    );
    assert_eq!(asked(&world, PROJECTS), 1);
}

#[test]
fn a_guess_that_the_service_does_not_know() {
    let page = answer_with("404 Not Found", "Content-Type: text/html\r\n", "<!DOCTYPE html><title>404</title>");
    let world = World::with("/organizations/77/invites/", page);
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_invitations` failed: GET /organizations/77/invites/
  caused by: the service answered 404: a web page
  hint: the organization does not exist, or the service account may not see it; check `org.id`
  hint: `list_invitations` is a guess that nobody has confirmed: the service may not know it at all; take it out of `backend.unverified`, or correct its path under `backend.catalogue`

"#]],
    );
}

#[test]
fn a_login_page_with_200() {
    let page = answer_with("200 OK", "Content-Type: text/html\r\n", "\n<!doctype html><title>Sign in</title>");
    let world = World::with(ME, page);
    failed(
        &world.snapshot(),
        str![[r#"
error: `me` failed: GET /api/app/me
  caused by: the service answered 200 with a web page instead of data
  hint: the credential comes from `MIXPANEL_SERVICE_ACCOUNT` and `MIXPANEL_SERVICE_ACCOUNT_SECRET`: check both, and that the service account still exists and has not expired
  hint: a page also comes for an address that the service does not know

"#]],
    );
    assert_eq!(world.server.paths(), [ME]);
}

#[test]
fn an_error_with_200() {
    let body = r#"{"error":"\u001b[2Jbroken"}"#;
    let world = World::with(USERS, answer_with("200 OK", "", body));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/
  caused by: the service answered 200, but the answer is an error: /u{1b}[2Jbroken
  hint: the service does not take this request; what it says above is all that is known

"#]],
    );
}

#[test]
fn ok_without_results() {
    let world = World::with(USERS, answer_with("200 OK", "", r#"{"status":"ok"}"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/
  caused by: the answer is not what it should be: `status` is `ok`, and there are no `results`
  hint: the service answers in another form than is known, and what is not understood is never acted on

"#]],
    );
    assert_eq!(asked(&world, USERS), 1);
}

#[test]
fn a_missing_field() {
    let world = World::with(USERS, ok(r#"[{"id":11,"email":"ana@acme.com","role":"owner"},{"id":12,"role":"x"}]"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/
  caused by: row 2 of `results`: missing field `email`
  hint: the service answers in another form than is known, and what is not understood is never acted on

"#]],
    );
}

#[test]
fn members_that_are_not_told() {
    let world = World::with("/organizations/77/teams/", ok(r#"[{"id":5,"name":"Analysts","projects":[]}]"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_teams` failed: GET /organizations/77/teams/
  caused by: row 1 of `results`: missing field `users`
  hint: the service answers in another form than is known, and what is not understood is never acted on

"#]],
    );
}

#[test]
fn access_that_does_not_say_where_it_comes_from() {
    let world = World::with(GRANTS, ok(r#"[{"email":"bo@acme.com","role":"admin"}]"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_grants` failed: GET /api/app/projects/902/granted-users
  caused by: row 1 of `results`: missing field `target_type`
  hint: the service answers in another form than is known, and what is not understood is never acted on

"#]],
    );
}

#[test]
fn an_id_as_a_text() {
    let world = World::with(PROJECTS, ok(r#"[{"id":"901","name":"Web"}]"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_projects` failed: GET /organizations/77/projects/
  caused by: `id` of row 1 of `results`: invalid type: string "901", expected an id, which is a whole number from 1 to 9007199254740991
  hint: the service answers in another form than is known, and what is not understood is never acted on

"#]],
    );
}

#[test]
fn an_id_beyond_what_json_keeps() {
    let world = World::with(PROJECTS, ok(r#"[{"id":9007199254740993,"name":"Web"}]"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_projects` failed: GET /organizations/77/projects/
  caused by: `id` of row 1 of `results`: invalid value: integer `9007199254740993`, expected an id, which is a whole number from 1 to 9007199254740991
  hint: the service answers in another form than is known, and what is not understood is never acted on

"#]],
    );
}

#[test]
fn a_field_of_another_kind_is_named() {
    let good = r#"{"id":11,"email":"ana@acme.com","role":"owner"}"#;
    let user = |row: &str| format!("[{good},\n {row}]");
    let teams = "/organizations/77/teams/";
    let team = |more: &str| format!(r#"[{{"id":5,"name":"Analysts",{more}}}]"#);
    let of = |path: &str, rows: &str, cause: &str| {
        let ended = World::with(path, ok(rows)).snapshot();
        assert_eq!(ended.status, ExitStatus::Failure, "{rows}");
        let told = ended.stderr.lines().nth(1).unwrap().trim();
        assert_eq!(told, format!("caused by: {cause}"), "{rows}");
    };
    let second = "row 2 of `results`";
    of(
        USERS,
        &user("{\n\"id\":12,\n\"email\":\"é@acme.com\", \"role\": null}"),
        &format!("`role` of {second}: invalid type: null, expected a string"),
    );
    of(
        USERS,
        &user(r#"{"email":["bo@acme.com"],"role":"member"}"#),
        &format!("`email` of {second}: invalid type: sequence, expected a string"),
    );
    of(
        USERS,
        &user(r#"{"email":"bo@acme.com","role":{"name":"member"}}"#),
        &format!("`role` of {second}: invalid type: map, expected a string"),
    );
    of(PROJECTS, r#"[{"name":null,"id":901}]"#, "`name` of row 1 of `results`: invalid type: null, expected a string");
    of(
        teams,
        &team(r#""projects":null,"users":[]"#),
        "`projects` of row 1 of `results`: invalid type: null, expected a sequence",
    );
    of(
        teams,
        &team(r#""projects":[],"users":[{"email":"ana@acme.com"},"bo@acme.com"]"#),
        "row 2 of `users` of row 1 of `results`: invalid type: string \"bo@acme.com\", expected an object",
    );
    of(
        teams,
        &team(r#""projects":[],"users":[{"email":"ana@acme.com"},{"id":12,"name":"Bo"}]"#),
        "row 2 of `users` of row 1 of `results`: missing field `email`",
    );
    of(
        GRANTS,
        r#"[{"email":"bo@acme.com","role":"admin","target_type":"team","team":5}]"#,
        "`team` of row 1 of `results`: invalid type: integer `5`, expected an object",
    );
    of(
        ME,
        r#"{"organizations":{"77":{"id":77,"role":7}}}"#,
        "`role` of `77` of `organizations` of `results`: invalid type: integer `7`, expected a string",
    );
}

#[test]
fn a_page_of_a_longer_list() {
    let body = r#"{"status":"ok","results":[],"pagination":{"next_cursor":"abc"}}"#;
    let world = World::with(USERS, answer_with("200 OK", "", body));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/
  caused by: the answer is one page of several, and how to ask for the next is not known
  hint: the service answers in another form than is known, and what is not understood is never acted on

"#]],
    );
}

#[test]
fn half_a_list() {
    let world = World::with(USERS, ok(r#"[{"id":11,"email":"ana@acme.com","role":"owner"}]"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: organization 77 is not a complete organization: the access on project 901 names `bo@acme.com`, who is neither a user nor invited; the access on project 902 names `bo@acme.com`, who is neither a user nor invited
  hint: a live side that cannot be trusted in full is never acted on

"#]],
    );
}

#[test]
fn access_by_what_is_in_no_list() {
    let granted = r#"[{"id":11,"email":"ana@acme.com","role":"owner","target_type":"organization"},
        {"id":14,"email":"di@acme.com","role":"admin","target_type":"organization"},
        {"id":12,"email":"bo@acme.com","role":"analyst","target_type":"team","team":{"id":5,"name":"Analysts"}},
        {"id":12,"email":"bo@acme.com","role":"analyst","target_type":"team","team":{"id":6,"name":"Others"}},
        {"id":15,"email":"eve@acme.com","role":"analyst","target_type":"team","team":{"id":5,"name":"Analysts"}}]"#;
    let world = World::with("/api/app/projects/901/granted-users", ok(granted));
    failed(
        &world.snapshot(),
        str![[r#"
error: organization 77 is not a complete organization: the access on project 901 names `di@acme.com`, who is neither a user nor invited; the access on project 901 names team 6, which is not in the list of teams; the access on project 901 names `eve@acme.com`, who is neither a user nor invited
  hint: a live side that cannot be trusted in full is never acted on

"#]],
    );
}

#[test]
fn half_a_list_of_projects() {
    let world = World::with(PROJECTS, ok(r#"[{"id":901,"name":"Web"}]"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: organization 77 is not a complete organization: project 902 is visible to the account and missing in the list of projects; the grant of `cy@agency.com` is on project 902, which the organization does not have
  hint: a live side that cannot be trusted in full is never acted on

"#]],
    );
}

#[test]
fn two_projects_with_one_name() {
    let world = World::with(PROJECTS, ok(r#"[{"id":901,"name":"Web"},{"id":902,"name":"Web"}]"#));
    let ended = world.snapshot();
    assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, ""));
    assert_eq!(ended.stdout.matches(r#""name":"Web""#).count(), 2);
}

#[test]
fn an_address_of_its_own_is_for_every_project() {
    let me = r#"{"organizations":{"77":{"id":77,"name":"Acme"}},
        "projects":{"901":{"organization_id":77,"domain":"evil.test"}}}"#;
    assert_eq!(World::with(ME, ok(me)).snapshot().status, ExitStatus::Done);
}
