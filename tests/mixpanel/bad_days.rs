//! Days on which something is wrong: what people read, how the run ends, and what was not asked for.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use accessctl::cli::ExitStatus;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use snapbox::{IntoData, assert_data_eq, str};

use crate::server::{Server, answer_with, error, gzip_bomb, ok};
use crate::world::{Ended, SECRET, World, healthy};

const ME: &str = "/api/app/me";
const USERS: &str = "/organizations/77/users/";
const PROJECTS: &str = "/organizations/77/projects/";
const GRANTS: &str = "/api/app/projects/902/granted-users";

/// The run failed, saying this, and gave no result.
#[track_caller]
fn failed(ended: &Ended, stderr: impl IntoData) {
    assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert_data_eq!(ended.stderr.as_str(), stderr);
}

/// How often a path was asked for.
fn asked(world: &World, path: &str) -> usize {
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
  hint: the service account needs the role `admin` on this project, or the org role `admin`, and has `admin`: perhaps the plan of the service does not include this
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
  hint: the service account needs the org role `admin` or `owner`, and has `admin`: perhaps the plan of the service does not include this
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
  hint: the service account needs the org role `admin` or `owner`, and has `admin`: perhaps the plan of the service does not include this
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
  caused by: row 1 of `results`: invalid type: string "901", expected an id, which is a whole number from 1 to 9007199254740991
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
  caused by: row 1 of `results`: invalid value: integer `9007199254740993`, expected an id, which is a whole number from 1 to 9007199254740991
  hint: the service answers in another form than is known, and what is not understood is never acted on

"#]],
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
fn an_org_role_that_is_not_known() {
    let users = r#"[{"id":11,"email":"ana@acme.com","role":"owner"},{"id":12,"email":"bo@acme.com","role":"Boss"},
        {"id":13,"email":"di@acme.com","role":"Boss"}]"#;
    failed(
        &World::with(USERS, ok(users)).snapshot(),
        str![[r#"
error: organization 77 is not a complete organization: `bo@acme.com` and 1 more have the org role `Boss`, which is not known
  hint: a live side that cannot be trusted in full is never acted on

"#]],
    );
}

#[test]
fn a_body_cut_off() {
    // Fewer bytes than announced: the connection broke, and the same may work later.
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"status\":\"ok\",\"results\":[".to_vec();
    let world = World::with(USERS, announced);
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/ (5 tries)
  caused by: the connection broke before the answer was whole: end of file before message length reached
  hint: run again; if this comes again, lower `backend.limits.reads`

"#]],
    );
    assert_eq!(asked(&world, USERS), 5);
    // All bytes that were announced, and JSON that ends in the middle.
    let world = World::with(USERS, answer_with("200 OK", "", r#"{"status":"ok","results":[{"id":1"#));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/
  caused by: the answer ends in the middle, after 33 bytes
  hint: run again; if this comes again, lower `backend.limits.reads`

"#]],
    );
    assert_eq!(asked(&world, USERS), 1);
}

#[test]
fn no_answer_at_all() {
    let world = World::with(USERS, Vec::new());
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/ (5 tries)
  caused by: the connection broke before the answer was whole: connection closed before message completed
  hint: run again; if this comes again, lower `backend.limits.reads`

"#]],
    );
}

#[test]
fn ten_megabytes_of_garbage() {
    let world = World::with(USERS, answer_with("200 OK", "", vec![b'\x1b'; 10 << 20]));
    let ended = world.snapshot();
    assert_eq!(ended.status, ExitStatus::Failure);
    assert!(ended.stderr.contains("not JSON") && ended.stderr.len() < 1000, "{}", ended.stderr);
    assert!(!ended.stderr.contains('\u{1b}'));
}

#[test]
fn more_bytes_than_anything_has() {
    let announced = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n{".to_vec();
    failed(
        &World::with(USERS, announced).snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/
  caused by: the answer is larger than 67108864 bytes
  hint: check that `backend.base_url` names the service and nothing else

"#]],
    );
    let bomb = gzip_bomb(80 << 20);
    assert!(bomb.len() < 1 << 20);
    let world = World::with(USERS, answer_with("200 OK", "Content-Encoding: gzip\r\n", bomb));
    failed(
        &world.snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/
  caused by: the answer is larger than 67108864 bytes
  hint: check that `backend.base_url` names the service and nothing else

"#]],
    );
    assert_eq!(asked(&world, USERS), 1);
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Server::start(|_, _| ok("[]"));
    let redirected = |location: &str| answer_with("301 Moved Permanently", &format!("Location: {location}\r\n"), "");
    let stranger = format!("http://user:pass@{}/x?secret=1#y", elsewhere.address);
    for location in [stranger.as_str(), "http://evil.test/", "/organizations/77/users"] {
        let world = World::with(USERS, redirected(location));
        let ended = world.snapshot();
        assert_eq!(ended.status, ExitStatus::Failure);
        assert!(ended.stderr.contains("redirects are not followed"), "{}", ended.stderr);
        assert!(!ended.stderr.contains("pass") && !ended.stderr.contains("secret=1"), "{}", ended.stderr);
        assert_eq!(asked(&world, USERS), 1);
        assert_eq!(asked(&world, "/organizations/77/users"), 0);
    }
    assert_eq!(elsewhere.paths(), Vec::<String>::new());
    failed(
        &World::with(USERS, redirected("/organizations/77/users")).snapshot(),
        str![[r#"
error: `list_users` failed: GET /organizations/77/users/
  caused by: the service answered 301 and points to [SERVICE]/organizations/77/users; redirects are not followed
  hint: check `backend.base_url`: name the address where the service really is

"#]],
    );
}

/// Answers `first` to the first requests for the users, and then as ever.
fn soon_well(first: &'static [&'static str]) -> World {
    let answers = healthy();
    World::scripted(move |seen, before| match first.get(before) {
        Some(headers) if seen.path() == USERS => answer_with("429 Too Many Requests", headers, ""),
        Some(_) | None => answers[seen.path()].clone(),
    })
}

#[test]
fn a_limit_is_waited_for() {
    let world = soon_well(&["Retry-After: 7\r\n", "Retry-After: Mon, 02 Nov 2026 08:00:20 GMT\r\n", ""]);
    let ended = world.snapshot();
    assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, ""));
    assert_eq!(asked(&world, USERS), 4);
    assert_eq!(ended.waits[..2], [Duration::from_secs(7), Duration::from_secs(13)]);
    // Without a word from the service: up to four seconds after the third try, and at least half of that.
    let unasked: Duration = ended.waits[2..].iter().sum();
    assert!(unasked >= Duration::from_secs(2) && unasked <= Duration::from_secs(4), "{:?}", ended.waits);
}

#[test]
fn a_long_wait_has_a_ceiling() {
    let world = soon_well(&["Retry-After: 86400\r\n"]);
    let ended = world.snapshot();
    assert_eq!(ended.status, ExitStatus::Done);
    assert_eq!(ended.waits, [Duration::from_secs(60)]);
}

#[test]
fn a_limit_without_end() {
    let world = World::with(ME, answer_with("429 Too Many Requests", "Retry-After: 30\r\n", ""));
    let ended = world.snapshot();
    failed(
        &ended,
        str![[r#"
error: `me` failed: GET /api/app/me (5 tries)
  caused by: the service answered 429
  hint: the service asks for fewer requests: run again later, and lower `backend.limits.reads` or set `backend.limits.requests_per_minute` if this comes again

"#]],
    );
    assert_eq!(world.server.paths(), [ME; 5]);
    assert_eq!(ended.waits, [Duration::from_secs(30); 4]);
}

#[test]
fn a_passing_failure_is_tried_again() {
    for status in ["502 Bad Gateway", "503 Service Unavailable", "504 Gateway Timeout", "500 Internal Server Error"] {
        let answers = healthy();
        let world = World::scripted(move |seen, before| {
            if seen.path() == USERS && before == 0 { error(status, "") } else { answers[seen.path()].clone() }
        });
        assert_eq!(world.snapshot().status, ExitStatus::Done, "{status}");
        assert_eq!(asked(&world, USERS), 2);
    }
    let answers = healthy();
    let world =
        World::scripted(
            move |seen, before| {
                if seen.path() == USERS && before < 4 { Vec::new() } else { answers[seen.path()].clone() }
            },
        );
    assert_eq!(world.snapshot().status, ExitStatus::Done);
    assert_eq!(asked(&world, USERS), 5);
}

#[test]
fn two_projects_with_one_name() {
    let world = World::with(PROJECTS, ok(r#"[{"id":901,"name":"Web"},{"id":902,"name":"Web"}]"#));
    let ended = world.snapshot();
    assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, ""));
    assert_eq!(ended.stdout.matches(r#""name":"Web""#).count(), 2);
}

#[test]
fn nobody_listens() {
    let world = World::new(healthy());
    // A port that was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let ended = world.run(&["snapshot", "--out", "-"], &format!("base_url: 'http://{free}'"));
    assert_eq!(ended.status, ExitStatus::Failure);
    assert_data_eq!(
        ended.stderr.replace(&free.to_string(), "[FREE]"),
        str![[r#"
error: `me` failed: GET /api/app/me (5 tries)
  caused by: http://[FREE] cannot be reached: Connection refused (os error 111)
  hint: check `backend.base_url`, and that a server is running there

"#]]
    );
    assert_eq!(ended.waits.len(), 4);
}

#[test]
fn a_host_that_does_not_exist() {
    let world = World::new(healthy());
    let ended = world.run(&["snapshot", "--out", "-"], "base_url: 'https://nowhere.invalid'");
    assert_eq!(ended.status, ExitStatus::Failure);
    assert_data_eq!(
        ended.stderr,
        str![[r#"
error: `me` failed: GET /api/app/me (5 tries)
  caused by: the host of https://nowhere.invalid is not found: failed to lookup address information: Name or service not known
  hint: check `backend.base_url`, and that a server is running there

"#]]
    );
}

#[test]
fn a_certificate_of_nobody() {
    let (port, thread) = answer_over_tls();
    let world = World::new(healthy());
    let ended = world.run(&["snapshot", "--out", "-"], &format!("base_url: 'https://127.0.0.1:{port}'"));
    thread.join().unwrap();
    assert_eq!(ended.status, ExitStatus::Failure);
    assert_data_eq!(
        ended.stderr.replace(&port.to_string(), "[PORT]"),
        str![[r#"
error: `me` failed: GET /api/app/me
  caused by: no secure connection to https://127.0.0.1:[PORT]: invalid peer certificate: UnknownIssuer
  hint: do not go on over this network unless you know why: something answers in the service's place, or the certificates or the clock of this machine are out of date

"#]]
    );
    assert!(ended.waits.is_empty());
}

/// Takes one connection with a certificate that nobody vouches for, and returns its port.
fn answer_over_tls() -> (u16, JoinHandle<()>) {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("tls/certificate.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("tls/key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = versions.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut connection = rustls::ServerConnection::new(Arc::new(config)).unwrap();
        // The client ends the handshake; what matters is what it then says.
        while connection.is_handshaking() && connection.complete_io(&mut stream).is_ok() {}
    });
    (port, thread)
}

#[test]
fn a_domain_that_is_not_the_service() {
    let me = r#"{"organizations":{"77":{"id":77,"name":"Acme"}},
        "projects":{"901":{"organization_id":77,"domain":"evil.test"}}}"#;
    // With an address of its own the domains of projects do not matter.
    assert_eq!(World::with(ME, ok(me)).snapshot().status, ExitStatus::Done);
}
