//! `accessctl undo`: what a run did is taken back, by a plan like any other.

use std::fs;

use accessctl::cli::ExitStatus;
use serde_json::{Value, json};

use crate::runs::Ended;
use crate::{AFTER, BEFORE, World, second};

/// The commit of the configuration that was applied.
const COMMIT: &str = "0a1b2c3d4e5f";

impl World {
    /// The world after `AFTER` was applied, and the name of the run.
    fn applied() -> (Self, String) {
        let world = Self::new();
        let meta = format!("commit={COMMIT}");
        assert_eq!(world.run(&["plan", "--out", "{}/plan.json", "--meta", &meta]).status, ExitStatus::Done);
        let done = world.apply(&[]);
        assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
        let run = world.last_run();
        (world, run)
    }

    fn undo(&self, run: &str, arguments: &[&str]) -> Ended {
        self.run(&[&["undo", run], arguments].concat())
    }

    /// The plan of organization 77 as JSON.
    fn undo_json(&self, run: &str) -> Value {
        let ended = self.undo(run, &["--format", "json"]);
        let document: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{}", ended.said()));
        jsonschema::validate(&accessctl::render::json::schema(), &document).unwrap();
        document["orgs"][0].clone()
    }

    /// Saves the plan to undo `run`, and applies it.
    fn take_back(&self, run: &str, arguments: &[&str]) -> Ended {
        let saved = self.undo(run, &["--out", "{}/undo.json"]);
        assert_eq!(saved.status, ExitStatus::Done, "{}", saved.said());
        self.run(&[&["apply", "--plan", "{}/undo.json"], arguments].concat())
    }

    /// What `plan` says of `text`.
    fn compared_with(&self, text: &str) -> String {
        self.configure(text);
        let said = self.run(&["plan"]).stdout;
        self.configure(AFTER);
        said
    }
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Kinds and users or teams of some changes.
fn told(changes: &Value) -> Vec<String> {
    let name = |change: &Value| {
        let parts = ["kind", "user", "team", "from", "to"].into_iter().filter_map(|key| change[key].as_str());
        parts.collect::<Vec<_>>().join(" ")
    };
    changes.as_array().unwrap().iter().map(name).collect()
}

#[test]
fn a_run_is_taken_back_by_a_plan_like_any_other() {
    let (world, run) = World::applied();
    let undo = world.undo(&run[..7], &["--exit-code"]);
    assert_eq!(undo.status, ExitStatus::Differences, "{}", undo.said());
    let said = words(&undo.stdout);
    for expected in [
        "acme (Acme): 5 changes (2 to add, 3 to remove)",
        &format!("undoes run {run} of 2026-11-21 09:00:00 UTC"),
        "eve@acme.com is invited again, and has no access before accepting",
        "cy@acme.com has had the mail of the invitation, which no longer leads in",
        &format!("the next apply would make 5 changes. Take the configuration back first: `git revert {COMMIT}`"),
    ] {
        assert!(said.contains(expected), "no {expected:?} in {said}");
    }
    assert!(undo.stderr.contains(&format!("`accessctl undo {run} --out FILE`")), "{}", undo.stderr);
    let plan = world.undo_json(&run);
    let kinds: Vec<&str> = plan["changes"].as_array().unwrap().iter().map(|c| c["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["invite_user", "set_grant", "remove_team_member", "remove_grant", "cancel_invite"]);
    assert!(
        plan["changes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|change| change["origin"] == "undo" && change["source"].is_null())
    );
    assert_eq!((&plan["undo"]["run"], &plan["undo"]["still_asked_for"]), (&json!(run), &json!(5)));
    assert_eq!(plan["undo"]["lasting"][0], json!({ "what": "must_accept", "user": "eve@acme.com", "team": null }));
    let diff = world.undo(&run, &["--format", "diff"]).stdout;
    assert!(diff.contains("-  cy@acme.com") || diff.contains("- cy@acme.com"), "{diff}");
    // Nothing was done by looking.
    assert!(world.run(&["plan"]).stdout.contains("in sync"));

    let done = world.take_back(&run, &[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert!(done.stdout.contains("acme: 5 changes applied"), "{}", done.stdout);
    assert!(world.compared_with(BEFORE).contains("acme: in sync (4 users"), "{}", world.compared_with(BEFORE));
    // The record says what it was.
    let runs = world.runs();
    assert_eq!(runs.last().unwrap()["run"]["undoes"], json!(run));
    assert!(world.log(&[]).contains(&format!("undoes run {run}, plan sha256:")), "{}", world.log(&[]));
    // Once is enough.
    let again = world.undo(&run, &["--exit-code"]);
    assert_eq!(again.status, ExitStatus::Done, "{}", again.said());
    assert!(again.stdout.contains("acme (Acme): nothing to undo"), "{}", again.stdout);
    assert!(words(&again.stdout).contains("5 changes of it are as before already"), "{}", again.stdout);
    // And an undo is a run that can be undone.
    let back = world.take_back(&world.last_run(), &[]);
    assert_eq!(back.status, ExitStatus::Done, "{}", back.said());
    assert!(world.compared_with(AFTER).contains("in sync"));
}

#[test]
fn what_somebody_changed_since_is_left_and_told() {
    let (world, run) = World::applied();
    // bo has become admin where the run made them consumer, and cy, whom the run invited, has got a grant.
    let moved = AFTER.replace(
        "grants: [{ user: bo@acme.com, project: ios, role: consumer }]",
        "grants: [{ user: bo@acme.com, project: ios, role: admin }, { user: cy@acme.com, project: ios, role: analyst }]",
    );
    world.by_hand(&moved);
    let plan = world.undo_json(&run);
    let expected =
        ["invite_user eve@acme.com member", "set_grant bo@acme.com analyst", "remove_team_member bo@acme.com Analysts"];
    assert_eq!(told(&plan["changes"]), expected);
    let left: Vec<_> =
        plan["undo"]["left"].as_array().unwrap().iter().map(|left| left["left_because"].as_str().unwrap()).collect();
    assert_eq!(
        left,
        ["`bo@acme.com` has admin on ios", "`cy@acme.com` has analyst on ios, which the run did not give"]
    );
    let said = words(&world.undo(&run, &[]).stdout);
    assert!(said.contains("Left as it is 2 changes of the run, not undone"), "{said}");
    assert!(said.contains("invite cy@acme.com as member: `cy@acme.com` has analyst on ios"), "{said}");
}

#[test]
fn an_undo_that_was_reviewed_meets_a_live_side_that_moved() {
    let (world, run) = World::applied();
    assert_eq!(world.undo(&run, &["--out", "{}/undo.json"]).status, ExitStatus::Done);
    world.by_hand(&AFTER.replace("role: consumer }", "role: admin }"));
    let apply = |arguments: &[&str]| world.run(&[&["apply", "--plan", "{}/undo.json"], arguments].concat());
    let refused = apply(&[]);
    assert_eq!(refused.status, ExitStatus::Refused, "{}", refused.said());
    assert!(words(&refused.stderr).contains("bo@acme.com no longer consumer on ios: `bo@acme.com` has admin on ios"));
    let rest = apply(&["--still-valid"]);
    assert_eq!(rest.status, ExitStatus::Incomplete, "{}", rest.said());
    assert!(rest.stdout.contains("acme: 4 changes applied and 1 left out"), "{}", rest.stdout);
    // The configuration never comes into it: nothing of `AFTER` is made again.
    assert!(
        world
            .compared_with(&BEFORE.replace("grants: [", "grants: [{ user: bo@acme.com, project: ios, role: admin }, "))
            .contains("in sync")
    );
}

#[test]
fn guards_judge_an_undo_as_they_judge_every_plan() {
    let (world, run) = World::applied();
    let limit = AFTER.replace("backend:", "guards: { max_removals: 0 }, backend:");
    world.configure(&limit);
    assert_eq!(world.undo(&run, &["--out", "{}/undo.json"]).status, ExitStatus::Done);
    let held = world.run(&["apply", "--plan", "{}/undo.json"]);
    assert_eq!(held.status, ExitStatus::Incomplete, "{}", held.said());
    assert!(held.stdout.contains("acme: 2 changes applied and 3 held"), "{}", held.stdout);
    let rest = world.run(&["apply", "--plan", "{}/undo.json", "--accept-removals", "3"]);
    assert_eq!(rest.status, ExitStatus::Done, "{}", rest.said());
    assert!(world.compared_with(BEFORE).contains("in sync"));
    // What protects somebody blocks it as a whole.
    let protected = AFTER.replace("backend:", "guards: { protected: [bo@acme.com] }, backend:");
    let (world, run) = World::applied();
    world.configure(&protected);
    let blocked = world.undo(&run, &[]);
    assert_eq!(blocked.status, ExitStatus::Refused, "{}", blocked.said());
}

#[test]
fn whoever_is_blocked_or_out_of_reach_gets_nothing_back() {
    let (world, run) = World::applied();
    world.configure(&AFTER.replace("backend:", "blocked: [eve@acme.com], manage: { ignore: { teams: [Analysts] } }, backend:").replace(
        "teams: { analysts: { name: Analysts, members: [ana@acme.com, bo@acme.com], projects: { web: analyst } } }\n",
        "",
    ));
    let left = world.undo_json(&run)["undo"]["left"].clone();
    let why: Vec<&str> = left.as_array().unwrap().iter().map(|left| left["left_because"].as_str().unwrap()).collect();
    assert_eq!(why, ["`eve@acme.com` is blocked", "`manage.ignore` keeps team `Analysts` by the pattern `Analysts`"]);
}

#[test]
fn teams_and_people_come_back_with_what_they_had() {
    let world = World::new();
    let full = BEFORE
        .replace("members: [ana@acme.com]", "members: [ana@acme.com, eve@acme.com]")
        .replace("role: analyst }]", "role: analyst }, { user: eve@acme.com, project: ios, role: admin }]")
        .replace(
            "teams: {",
            "teams: { ops: { name: Ops, members: [eve@acme.com, dee@acme.com], projects: { ios: consumer } },",
        );
    world.by_hand(&full);
    // The team gets another name, eve and a team go.
    world.by_hand(&AFTER.replace("{ name: Analysts,", "{ name: Research, previously: [Analysts],"));
    let run = world.last_run();
    let plan = world.undo_json(&run);
    assert!(
        told(&plan["changes"]).contains(&"rename_team Analysts Research Analysts".to_owned()),
        "{:?}",
        told(&plan["changes"])
    );
    let said = words(&world.undo(&run, &[]).stdout);
    assert!(said.contains("Ops is made again as a team with a new id"), "{said}");
    let done = world.take_back(&run, &[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert!(world.compared_with(&full).contains("in sync"), "{}", world.compared_with(&full));
    assert!(world.undo_json(&run)["changes"].as_array().unwrap().is_empty());
}

#[test]
fn a_journal_that_does_not_say_what_they_had_is_no_way_back() {
    let (world, run) = World::applied();
    for path in fs::read_dir(world.journal()).unwrap().map(|entry| entry.unwrap().path()) {
        if path.extension().is_some_and(|end| end == "jsonl") {
            let lines = fs::read_to_string(&path).unwrap();
            let lines = lines.lines().map(|line| {
                let mut line: Value = serde_json::from_str(line).unwrap();
                for change in line["changes"].as_array_mut().into_iter().flatten() {
                    change.as_object_mut().unwrap().remove("lost");
                }
                format!("{line}\n")
            });
            fs::write(&path, lines.collect::<String>()).unwrap();
        }
    }
    let plan = world.undo_json(&run);
    assert!(!told(&plan["changes"]).iter().any(|change| change.starts_with("invite_user")), "{plan}");
    assert_eq!(plan["undo"]["left"][0]["left_because"], "the journal does not say what they had");
}

#[test]
fn what_is_meant_must_be_clear_and_at_hand() {
    let (world, run) = World::applied();
    let wrong = |arguments: &[&str], reason: &str| {
        let ended = world.run(arguments);
        assert_eq!(ended.status, ExitStatus::Invalid, "{arguments:?}: {}", ended.said());
        assert!(ended.stderr.contains(reason), "no {reason:?} in {}", ended.stderr);
    };
    wrong(&["undo", &format!("{}x", &run[..7])], &format!("did you mean `{run}`?"));
    wrong(&["undo", &run, "--at", "2027-01-01"], "`--at` is for");
    wrong(&["undo", &run, "--org", "beta"], "no run is called");
    wrong(&["undo", &run, "--journal", "{}/nowhere"], "there is no journal in");
    // A saved plan needs the journal that it comes from.
    assert_eq!(world.undo(&run, &["--out", "{}/undo.json"]).status, ExitStatus::Done);
    wrong(&["apply", "--plan", "{}/undo.json", "--journal", "{}/nowhere"], "no run is called");
    // Another store, or no such organization.
    world.configure(&AFTER.replace("acme.db", "other.db"));
    wrong(&["undo", &run], "was made on");
    world.configure(&AFTER.replace("id: 77", "id: 78"));
    wrong(&["undo", &run], "which the configuration does not have");
    // Other organizations of the configuration do not come into it.
    world.configure(AFTER);
    second(&world);
    let both = world.undo(&run, &[]);
    assert!(both.status == ExitStatus::Done && !both.said().contains("beta"), "{}", both.said());
}
