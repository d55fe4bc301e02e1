//! What is written down of a saved plan: also what of it was not done.

use std::fs;

use accessctl::cli::ExitStatus;
use serde_json::Value;

use crate::{AFTER, BEFORE, World};

impl World {
    /// The runs so far as `log --format json` tells them.
    pub(crate) fn runs(&self) -> Vec<Value> {
        let told = self.log(&["--format", "json"]);
        let document: Value = serde_json::from_str(&told).unwrap();
        jsonschema::validate(&accessctl::render::log::schema(), &document).unwrap();
        document["runs"].as_array().unwrap().clone()
    }

    /// What `log` prints.
    pub(crate) fn log(&self, arguments: &[&str]) -> String {
        let journal = self.journal();
        let ended = self.run_alone(&[&["log", "--journal", &journal][..], arguments].concat());
        assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
        ended.stdout
    }

    /// The folder of the journal.
    pub(crate) fn journal(&self) -> String {
        self.path("config/.journal").to_str().unwrap().to_owned()
    }

    /// The name of the last run.
    pub(crate) fn last_run(&self) -> String {
        self.runs().last().unwrap()["run"]["run"].as_str().unwrap().to_owned()
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The outcomes of the last run: its changes by kind.
fn outcomes(run: &Value) -> Vec<(&str, &str)> {
    let changes = run["changes"].as_array().unwrap().iter();
    changes.map(|told| (told["change"]["kind"].as_str().unwrap(), told["ended"]["outcome"].as_str().unwrap())).collect()
}

#[test]
fn what_was_left_out_is_told_with_the_reason() {
    let world = World::reviewed();
    // The team does not give the role any more, so that bo would have nothing between the grant and the team; and
    // somebody else has removed eve, and invited cy as an admin.
    let by_hand = BEFORE
        .replace("projects: { web: analyst }", "projects: {}")
        .replace("eve@acme.com: member", "cy@acme.com: admin");
    world.by_hand(&by_hand);
    let done = world.apply(&["--still-valid"]);
    assert_eq!(done.status, ExitStatus::Incomplete, "{}", done.said());
    let runs = world.runs();
    let told = outcomes(runs.last().unwrap());
    for expected in
        [("remove_user", "already"), ("remove_grant", "unmet"), ("invite_user", "stale"), ("set_grant", "applied")]
    {
        assert!(told.contains(&expected), "no {expected:?} in {told:?}");
    }
    let said = words(&world.log(&[]));
    let stale = "stale invite cy@acme.com as member: `cy@acme.com` is a user already, as admin";
    let unmet = "unmet bo@acme.com no longer analyst on web: the saved plan does not have set_team_role of Analysts";
    assert!(said.contains(stale) && said.contains(unmet), "{said}");
    assert!(said.contains("ended with status 5: 1 already, 2 applied, 1 stale and 1 unmet"), "{said}");
}

#[test]
fn a_run_that_finds_nothing_left_is_told() {
    let world = World::reviewed();
    assert_eq!(world.apply(&[]).status, ExitStatus::Done);
    let again = world.apply(&[]);
    assert_eq!(again.status, ExitStatus::Done, "{}", again.said());
    assert!(again.stdout.contains("acme: nothing is left of the 5 changes of the saved plan"), "{}", again.stdout);
    assert!(again.stdout.contains("acme: 0 changes applied and 5 already so"), "{}", again.stdout);
    let runs = world.runs();
    let last = runs.last().unwrap();
    assert_eq!((runs.len(), outcomes(last).len()), (2, 5));
    assert_eq!((&last["end"]["status"], &last["end"]["numbers"]["already"]), (&0.into(), &5.into()));
    assert_eq!((&last["run"]["meta"]["pr"], &last["run"]["plan"]), (&"12".into(), &runs[0]["run"]["plan"]));
    assert!(world.log(&["--user", "eve@acme.com"]).contains("already           remove eve@acme.com"));
}

#[test]
fn a_refusal_is_told() {
    let world = World::reviewed();
    world.by_hand(&BEFORE.replace("project: web, role: analyst }]", "project: web, role: admin }]"));
    assert_eq!(world.apply(&[]).status, ExitStatus::Refused);
    let runs = world.runs();
    let last = runs.last().unwrap();
    assert_eq!(outcomes(last), [("remove_grant", "stale")]);
    assert_eq!(last["end"]["status"], 4);
    assert!(last["end"]["refused"].as_str().unwrap().contains("of which 1 no longer follows"), "{last}");
}

#[test]
fn a_run_that_is_not_there_is_an_error() {
    let world = World::reviewed();
    let journal = world.journal();
    let log = |run: &str| world.run_alone(&["log", "--journal", &journal, "--run", run]);
    let none = log("3f9a1c2e");
    assert_eq!(none.status, ExitStatus::Invalid, "{}", none.said());
    assert!(none.stderr.contains("no run is called `3f9a1c2e`") && none.stderr.contains("there is no journal in"));
    world.apply(&[]);
    let run = world.last_run();
    let near = format!("{}x", &run[..7]);
    let wrong = log(&near);
    assert_eq!(wrong.status, ExitStatus::Invalid, "{}", wrong.said());
    assert!(wrong.stderr.contains(&format!("did you mean `{run}`?")), "{}", wrong.stderr);
    // The beginning of a name will do, as long as it is that of one run.
    assert_eq!(log(&run[..6]).stdout, log(&run).stdout);
    assert!(log(&run).stdout.starts_with(&format!("run {run} of acme (77)")));
    for entry in fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.extension().is_some_and(|end| end == "jsonl") {
            let twin = format!("{}zz", &run[..6]);
            let text = fs::read_to_string(&entry).unwrap().replace(&run, &twin);
            fs::write(entry.with_file_name(format!("20261121T090001.000Z-acme-77-{twin}.jsonl")), text).unwrap();
        }
    }
    let several = log(&run[..6]);
    assert_eq!(several.status, ExitStatus::Invalid, "{}", several.said());
    assert!(several.stderr.contains(&format!("2 runs begin with `{}`", &run[..6])), "{}", several.stderr);
    world.configure(AFTER);
}

#[test]
fn what_the_plan_carries_and_what_the_run_is_given_are_both_kept() {
    let world = World::reviewed();
    let twice = world.apply(&["--meta", "pr=13"]);
    assert_eq!(twice.status, ExitStatus::Invalid, "{}", twice.said());
    assert!(twice.stderr.contains("`pr` is given twice"), "{}", twice.stderr);
    assert_eq!(world.apply(&["--meta", "commit=0a1b2c3"]).status, ExitStatus::Done);
    let meta = world.runs().last().unwrap()["run"]["meta"].clone();
    assert_eq!(meta, serde_json::json!({ "author": "Ana Ruiz", "commit": "0a1b2c3", "pr": "12" }));
}

#[cfg(unix)]
#[test]
fn a_pipe_with_the_name_of_a_journal_holds_nobody_up() {
    let world = World::reviewed();
    let pipe = world.path("config/.journal/20261121T080000.000Z-acme-77-deadbeef.jsonl");
    fs::create_dir_all(pipe.parent().unwrap()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Whoever opens the pipe gets something that is no journal, instead of waiting for ever.
    std::thread::spawn(move || fs::write(pipe, "no journal\n"));
    let told = world.run_alone(&["log", "--journal", &world.journal()]);
    assert_eq!(told.status, ExitStatus::Done, "{}", told.said());
    assert!(told.stderr.contains("77-deadbeef.jsonl` is no file, so it is no journal"), "{}", told.stderr);
}

#[test]
fn a_folder_with_the_name_of_a_journal_is_passed_over() {
    let world = World::reviewed();
    fs::create_dir_all(world.path("config/.journal/20261121T080000.000Z-acme-77-deadbeef.jsonl")).unwrap();
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    let passed = "77-deadbeef.jsonl` is no file, so it is no journal: it is passed over";
    assert!(done.stderr.contains(passed), "{}", done.stderr);
    let told = world.run_alone(&["log", "--journal", &world.journal()]);
    assert_eq!(told.status, ExitStatus::Done, "{}", told.said());
    assert!(told.stdout.contains("ended with status 0: 5 applied") && told.stderr.contains(passed), "{}", told.said());
    let undo = world.run(&["undo", &world.last_run()]);
    assert_eq!(undo.status, ExitStatus::Done, "{}", undo.said());
}
