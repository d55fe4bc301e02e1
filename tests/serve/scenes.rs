//! Runs the scenes: `scenes/README.md` has their form.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use accessctl::model::{Email, OrgRole};
use accessctl::serve::Server;
use serde_json::Value;

use crate::Stage;
use crate::client::{BASIC, BEARER, send_with};

#[test]
fn identity() {
    play("identity");
}

#[test]
fn roles() {
    play("roles");
}

#[test]
fn users() {
    play("users");
}

#[test]
fn invitations() {
    play("invitations");
}

#[test]
fn grants() {
    play("grants");
}

#[test]
fn teams() {
    play("teams");
}

#[test]
fn scim() {
    play("scim");
}

/// A request and its answer, as written.
#[derive(Default)]
struct Pair {
    line: usize,
    request: Vec<String>,
    body: String,
    answer: Vec<String>,
    expected: String,
}

fn play(name: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/serve/scenes/{name}.txt"));
    let text = fs::read_to_string(&path).unwrap();
    let stage = Stage::new();
    let mut options = stage.options();
    for line in text.lines() {
        if let Some(email) = line.strip_prefix("! known ") {
            options.known.insert(Email::new(email).unwrap());
        } else if let Some(domain) = line.strip_prefix("! claim ") {
            options.claimed.push(domain.to_owned());
        }
    }
    let server = Server::start(options).unwrap();
    let (mut pair, mut played) = (Pair::default(), 0);
    let mut finish = |pair: &mut Pair| {
        let pair = std::mem::take(pair);
        if !pair.request.is_empty() {
            check(name, &pair, &server);
            played += 1;
        }
    };
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('#') || line.is_empty() {
            continue;
        }
        if let Some(wish) = line.strip_prefix("! ") {
            finish(&mut pair);
            match wish.split_once(' ').unwrap() {
                ("role", role) => server.set_role(OrgRole::from_name(role).unwrap()),
                ("hour", "later") => drop(stage.clock.fetch_add(3600, Ordering::Relaxed)),
                ("known" | "claim", _) => {}
                other => panic!("{name}: {other:?}"),
            }
        } else if let Some(request) = line.strip_prefix("> ") {
            if !pair.answer.is_empty() {
                finish(&mut pair);
            }
            if pair.request.is_empty() {
                pair.line = number + 1;
            }
            pair.request.push(request.to_owned());
        } else if let Some(answer) = line.strip_prefix("< ") {
            pair.answer.push(answer.to_owned());
        } else if pair.answer.is_empty() {
            pair.body.push_str(line);
        } else {
            pair.expected.push_str(line);
        }
    }
    finish(&mut pair);
    assert!(played > 5, "{name} has {played} pairs");
    server.stop();
}

fn check(name: &str, pair: &Pair, server: &Server) {
    let (address, at) = (server.address(), format!("{name}.txt:{}: {}", pair.line, pair.request[0]));
    let (method, path) = pair.request[0].split_once(' ').unwrap();
    let is_scim = path.starts_with("/api/app/scim/");
    let (mut authorization, mut host) = (if is_scim { BEARER } else { BASIC }.to_owned(), address.to_string());
    let mut headers = Vec::new();
    for header in &pair.request[1..] {
        match header.split_once(": ").unwrap() {
            ("authorization", value) => authorization = value.to_owned(),
            ("host", value) => host = value.to_owned(),
            (name, value) => headers.push((name, value.to_owned())),
        }
    }
    headers.push(("host", host));
    if authorization != "none" {
        headers.push(("authorization", authorization));
    }
    let answer = send_with(address, method, path, &headers, pair.body.as_bytes()).unwrap();
    let text = answer.text();
    assert_eq!(answer.status.to_string(), pair.answer[0], "{at}: {text}");
    let with_base = |text: &str| text.replace("{base}", &address.to_string());
    let mut is_page = false;
    for line in &pair.answer[1..] {
        match line.split_once(": ") {
            Some((name, value)) => assert_eq!(answer.header(name), Some(&*with_base(value)), "{at}: {name}"),
            None => is_page = line == "html",
        }
    }
    if is_page {
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{at}");
        assert!(text.starts_with("<!DOCTYPE html>"), "{at}: {text}");
    } else if pair.expected.is_empty() {
        assert_eq!(text, "", "{at}");
        assert_eq!(answer.header("content-type"), None, "{at}");
    } else {
        let kind = if is_scim { "application/scim+json" } else { "application/json" };
        assert_eq!(answer.header("content-type"), Some(kind), "{at}");
        let expected: Value = serde_json::from_str(&with_base(&pair.expected)).expect(&at);
        let found: Value = serde_json::from_str(&text).expect(&at);
        assert_eq!(found, expected, "{at}\nfound    {found}\nexpected {expected}");
    }
}
