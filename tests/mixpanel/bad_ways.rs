//! Days on which the way to the service is bad: answers that break, never end or never come, limits, redirects.

use std::net::TcpListener;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use accessctl::cli::ExitStatus;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use snapbox::{assert_data_eq, str};

use crate::bad_days::{ME, USERS, asked, failed};
use crate::server::{Server, answer_with, error, gzip_bomb, ok};
use crate::world::{World, healthy};

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
}

#[test]
fn a_gzip_bomb() {
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

fn redirected(location: &str) -> World {
    World::with(USERS, answer_with("301 Moved Permanently", &format!("Location: {location}\r\n"), ""))
}

/// The run where the list of users points to `location`, which is not asked, and what is said.
fn not_followed(location: &str) -> String {
    let world = redirected(location);
    let ended = world.snapshot();
    assert_eq!(ended.status, ExitStatus::Failure);
    assert!(ended.stderr.contains("redirects are not followed"), "{}", ended.stderr);
    assert_eq!(asked(&world, USERS), 1);
    ended.stderr
}

#[test]
fn a_redirect_to_another_host() {
    let elsewhere = Server::start(|_, _| ok("[]"));
    let said = not_followed(&format!("http://user:pass@{}/x?secret=1#y", elsewhere.address));
    assert!(!said.contains("pass") && !said.contains("secret=1"), "{said}");
    not_followed("https://evil.test/organizations/77/users/");
    assert_eq!(elsewhere.paths(), Vec::<String>::new());
}

#[test]
fn a_redirect_to_http() {
    let said = not_followed("http://mixpanel.com/organizations/77/users/");
    assert!(said.contains("points to http://mixpanel.com/organizations/77/users/"), "{said}");
}

#[test]
fn a_redirect_without_a_slash() {
    let world = redirected("/organizations/77/users");
    world.snapshot();
    assert_eq!(asked(&world, "/organizations/77/users"), 0);
    failed(
        &redirected("/organizations/77/users").snapshot(),
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
    // A log says of the long one only.
    let told = "acme: reading, waiting 13 s as the service asks (429)\n";
    assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, told));
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
acme: reading, waiting 30 s as the service asks (429)
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
fn nobody_listens() {
    let world = World::new(healthy());
    // A port that no test is ever given, and that only the administrator could open.
    let free = "127.0.0.1:1";
    let ended = world.run(&["snapshot", "--out", "-"], &format!("base_url: 'http://{free}'"));
    assert_eq!(ended.status, ExitStatus::Failure);
    assert_data_eq!(
        ended.stderr.replace(free, "[FREE]"),
        str![[r#"
error: `me` failed: GET /api/app/me (2 tries)
  caused by: http://[FREE] cannot be reached: Connection refused (os error 111)
  hint: check `backend.base_url`, and that a server is running there

"#]]
    );
    assert!(ended.waits.len() == 1 && ended.waits[0] <= Duration::from_secs(1), "{:?}", ended.waits);
}

#[test]
fn a_host_that_does_not_exist() {
    let mut world = World::new(healthy());
    world.environment.insert("ACCESSCTL_ALLOW_HOST".to_owned(), "nowhere.invalid".to_owned());
    let ended = world.run(&["snapshot", "--out", "-"], "base_url: 'https://nowhere.invalid'");
    assert_eq!(ended.status, ExitStatus::Failure);
    assert_data_eq!(
        ended.stderr,
        str![[r#"
error: `me` failed: GET /api/app/me (2 tries)
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
