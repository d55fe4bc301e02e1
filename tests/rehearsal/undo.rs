//! Undo against the service: what a run did is taken back over its interface, also where a part of it fails.

use std::collections::BTreeSet;
use std::fs;

use accessctl::cli::ExitStatus;
use accessctl::serve::Fault;
use jiff::SignedDuration;
use serde_json::Value;

use crate::bad_days::at_write;
use crate::stage::{Stage, configuration};

/// What is on the live side, one by one; whether people have joined is not among it.
fn facts(stage: &Stage, text: &str) -> BTreeSet<String> {
    let path = stage.path("facts.json");
    let saved = stage.run(&["snapshot", "--out", path.to_str().unwrap()], text);
    assert_eq!(saved.status, ExitStatus::Done, "{}", saved.said());
    let state: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let list = |what: &str| state[what].as_array().unwrap().clone();
    let users = list("users").into_iter().map(|user| format!("{} is {}", user["email"], user["role"]));
    let teams = list("teams");
    let members = teams.iter().map(|team| format!("{} has {}", team["name"], team["members"]));
    let roles = teams.iter().map(|team| format!("{} gives {}", team["name"], team["projects"]));
    let grants = list("grants").into_iter().map(|grant| grant.to_string());
    let everyone = list("projects").into_iter().map(|project| format!("{} {}", project["id"], project["everyone"]));
    users.chain(members.chain(roles).collect::<Vec<_>>()).chain(grants).chain(everyone).collect()
}

/// The name of the last run.
fn last_run(stage: &Stage) -> String {
    let (_, text) = stage.journals().pop().unwrap();
    let line: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    line["run"].as_str().unwrap().to_owned()
}

#[test]
fn a_run_of_all_kinds_is_taken_back_over_the_service() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage);
    let before = facts(&stage, &text);
    let done = stage.run(&["apply", "--yes"], &text);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    let (run, plan) = (last_run(&stage), stage.path("undo.json"));
    let plan = plan.to_str().unwrap();
    stage.pass(SignedDuration::from_mins(5));
    let undo = stage.run(&["undo", &run, "--out", plan], &text);
    assert_eq!(undo.status, ExitStatus::Done, "{}", undo.said());
    // A request is refused, and the answer to another is lost: what is left is done by applying the same plan again.
    for fault in [Fault::Status { status: 400, done: false }, Fault::Lost] {
        stage.server.clear_faults();
        stage.server.add_fault(at_write(2, fault.clone()));
        let broken = stage.run(&["apply", "--plan", plan], &text);
        assert!(broken.status == ExitStatus::Incomplete || matches!(fault, Fault::Lost), "{}", broken.said());
        stage.pass(SignedDuration::from_mins(1));
    }
    stage.server.clear_faults();
    let rest = stage.run(&["apply", "--plan", plan], &text);
    assert_eq!(rest.status, ExitStatus::Done, "{}", rest.said());
    assert_eq!(facts(&stage, &text), before);
    for email in ["eve@acme.com", "flo@acme.com"] {
        assert_eq!(stage.invitations_of(email), 1, "{email}");
    }
    let again = stage.run(&["undo", &run, "--exit-code"], &text);
    assert_eq!(again.status, ExitStatus::Done, "{}", again.said());
}
