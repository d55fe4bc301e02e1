//! Plays the scenes against the server: `scenes/README.md` has their form, and `tests/mixpanel/scenes.rs` plays them against
//! the client.

use std::sync::atomic::Ordering;

use accessctl::model::{Email, OrgRole};
use accessctl::serve::Server;
use serde_json::Value;

use crate::Stage;
use crate::client::send_with;
use crate::table::{Pair, Players, SCENES, Scene};

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

#[test]
fn provisioning() {
    play("provisioning");
}

#[test]
fn every_file_is_a_scene() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/scenes");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".txt").map(str::to_owned))
        .collect();
    files.sort();
    assert_eq!(files, SCENES);
    // What no server of ours answers is for the client alone.
    assert!(Scene::read("answers").acts.iter().all(|act| act.players == Players::ClientOnly));
}

fn play(name: &str) {
    let scene = Scene::read(name);
    let stage = Stage::new();
    let mut options = stage.options();
    for wish in scene.acts.iter().flat_map(|act| &act.wishes) {
        match wish.split_once(' ').unwrap() {
            ("known", email) => drop(options.known.insert(Email::new(email).unwrap())),
            ("claim", domain) => options.claimed.push(domain.to_owned()),
            _ => {}
        }
    }
    let server = Server::start(options).unwrap();
    let mut played = 0;
    for act in scene.acts.iter().filter(|act| act.players != Players::ClientOnly) {
        for wish in &act.wishes {
            match wish.split_once(' ').unwrap() {
                ("role", role) => server.set_role(OrgRole::from_name(role).unwrap()),
                ("hour", "later") => drop(stage.clock.fetch_add(3600, Ordering::Relaxed)),
                ("known" | "claim" | "as" | "secret" | "scim", _) => {}
                other => panic!("{}: {other:?}", act.at),
            }
        }
        for pair in &act.pairs {
            check(pair, &server);
            played += 1;
        }
    }
    assert!(played > 5, "{name} has {played} pairs");
    server.stop();
}

fn check(pair: &Pair, server: &Server) {
    let (address, at) = (server.address(), format!("{}: {} {}", pair.at, pair.method, pair.path));
    let mut headers: Vec<_> = pair.headers().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    if headers.iter().all(|(name, _)| *name != "host") {
        headers.push(("host", address.to_string()));
    }
    let answer = send_with(address, &pair.method, &pair.path, &headers, pair.body.as_bytes()).unwrap();
    let text = answer.text();
    assert_eq!(answer.status.to_string(), pair.status, "{at}: {text}");
    let with_base = |text: &str| text.replace("{base}", &address.to_string());
    for (name, value) in &pair.answer_headers {
        assert_eq!(answer.header(name), Some(&*with_base(value)), "{at}: {name}");
    }
    if pair.is_page {
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{at}");
        assert!(text.starts_with("<!DOCTYPE html>"), "{at}: {text}");
    } else if pair.expected.is_empty() {
        assert_eq!(text, "", "{at}");
        assert_eq!(answer.header("content-type"), None, "{at}");
    } else {
        let kind = if pair.is_scim() { "application/scim+json" } else { "application/json" };
        assert_eq!(answer.header("content-type"), Some(kind), "{at}");
        let expected: Value = serde_json::from_str(&with_base(&pair.expected)).expect(&at);
        let found: Value = serde_json::from_str(&text).expect(&at);
        assert_eq!(found, expected, "{at}\nfound    {found}\nexpected {expected}");
    }
}
