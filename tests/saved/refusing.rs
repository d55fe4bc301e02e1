//! Saved plans that are refused, and why.

use std::fs;

use accessctl::cli::ExitStatus;
use accessctl::model::Interner;
use accessctl::saved::read;
use jiff::SignedDuration;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::runs::Nobody;
use crate::{AFTER, BEFORE, LIVE, NOW, World, second};

/// The file after `edit`, with a digest that fits it.
fn sealed(text: &str, edit: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(text).unwrap();
    edit(&mut value);
    value.as_object_mut().unwrap().remove("digest");
    let hash = Sha256::digest(value.to_string().as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    value["digest"] = format!("sha256:{hash}").into();
    value.to_string()
}

#[test]
fn what_does_not_follow_any_more_refuses_the_run() {
    let world = World::reviewed();
    world.by_hand(&BEFORE.replace("project: web, role: analyst }]", "project: web, role: admin }]"));
    world.refuses(&[], "error: FILE has 5 changes, of which 1 no longer follows");
    let refused = world.apply(&[]);
    assert!(refused.stderr.contains("`bo@acme.com` has admin on web"), "{}", refused.stderr);
    assert!(refused.stderr.contains("give `--still-valid`"), "{}", refused.stderr);
    let rest = world.apply(&["--still-valid"]);
    assert_eq!(rest.status, ExitStatus::Incomplete, "{}", rest.said());
    assert!(rest.stdout.contains("acme: 4 changes applied and 1 left out"), "{}", rest.stdout);
    let wrapped = "left out, because it does not follow any more:";
    assert!(rest.stdout.contains(wrapped), "{}", rest.stdout);
    // The live side has what was not agreed to, and is as the rest of the plan makes it.
    assert!(rest.stdout.contains("read again: the rest is as it should be"), "{}", rest.stdout);
    assert!(world.run(&["plan"]).stdout.starts_with("acme (Acme): 1 change (1 to remove)"));
}

#[test]
fn what_the_configuration_does_not_ask_for_any_more_refuses_the_run() {
    let world = World::reviewed();
    world.configure(&AFTER.replace("cy@acme.com: member", "di@acme.com: member"));
    world.refuses(&[], "invite cy@acme.com as member: the configuration does not ask for it now");
    let rest = world.apply(&["--still-valid"]);
    assert_eq!(rest.status, ExitStatus::Incomplete, "{}", rest.said());
    assert!(rest.stdout.contains("+ invite di@acme.com as member"), "{}", rest.stdout);
    assert!(world.run(&["plan"]).stdout.starts_with("acme (Acme): 1 change (1 to add)"));
}

#[test]
fn plans_that_are_too_old_or_of_the_future_are_refused() {
    let world = World::reviewed();
    let at = |hours, arguments: &[&str]| {
        let arguments = [&["apply", "--plan", "{}/plan.json", "--org", "acme"], arguments].concat();
        world.run_at(NOW + SignedDuration::from_hours(hours), &arguments, &Nobody)
    };
    let old = at(25, &[]);
    assert_eq!(old.status, ExitStatus::Refused, "{}", old.said());
    assert!(old.stderr.contains("is of 2026-11-21 09:00 UTC, and a saved plan may be 24 hours old"), "{}", old.stderr);
    assert_eq!(at(2, &["--max-age", "1h"]).status, ExitStatus::Refused);
    let early = at(-1, &[]);
    assert_eq!(early.status, ExitStatus::Refused, "{}", early.said());
    assert!(early.stderr.contains("which has not come yet"), "{}", early.stderr);
    assert_eq!(at(47, &["--max-age", "2d"]).status, ExitStatus::Done);
}

#[test]
fn plans_of_something_else_are_refused() {
    let world = World::reviewed();
    let saved = world.saved();
    world.configure(&AFTER.replace("id: 77", "id: 78"));
    let other = world.apply(&[]);
    assert_eq!(other.status, ExitStatus::Refused, "{}", other.said());
    assert!(other.stderr.contains("is a plan for organization 77, and `acme` is 78"), "{}", other.stderr);
    world.configure(&AFTER.replace("key: acme", "key: acme2"));
    let other = world.apply(&[]);
    assert_eq!(other.status, ExitStatus::Refused, "{}", other.said());
    assert!(other.stderr.contains("is a plan for organization `acme`, which the configuration"), "{}", other.stderr);
    world.configure(AFTER);
    for (text, reason) in [
        (saved.replace("plan/1", "plan/2"), "FILE has the form `accessctl.plan/2`; this accessctl reads"),
        (saved.replace("bo@acme.com", "ab@acme.com"), "FILE was changed after it was saved"),
        (saved.replace("2026-11-21T09", "2026-11-21T08"), "FILE was changed after it was saved"),
        (saved.replace("Ana Ruiz", "Ana  Ruiz"), "FILE was changed after it was saved"),
        (saved[..saved.len() / 2].to_owned(), "FILE is not a saved plan: it is cut off"),
        (String::new(), "FILE is not a saved plan: it is empty"),
        ("{}".to_owned(), "FILE is not a saved plan: it has no `format`"),
        (LIVE.to_owned(), "FILE has the form `accessctl.snapshot/1`"),
        ("[1]".to_owned(), "FILE is not a saved plan"),
    ] {
        world.write("plan.json", &text);
        world.refuses(&[], reason);
    }
    world.write("plan.json", &saved.replace('\n', "\r\n"));
    let laid_out_anew = world.apply(&[]);
    assert_eq!(laid_out_anew.status, ExitStatus::Done, "{}", laid_out_anew.said());
    fs::remove_file(world.path("plan.json")).unwrap();
    let missing = world.apply(&[]);
    assert_eq!(missing.status, ExitStatus::Failure, "{}", missing.said());
    assert!(missing.stderr.contains("error: cannot read the saved plan"), "{}", missing.stderr);
}

/// Somebody who makes digests can make files, but none that means something else than it says.
#[test]
fn a_digest_that_fits_does_not_make_a_document_sound() {
    let world = World::reviewed();
    let saved = world.saved();
    assert!(read(sealed(&saved, |_| {}).as_bytes(), "p", &mut Interner::default()).is_ok());
    type Edit = fn(&mut Value);
    let edits: [(Edit, &str); 12] = [
        (|saved| saved["orgs"][0]["changes"][0]["kind"] = "grant".into(), "c1: there is no kind of change `grant`"),
        (|saved| saved["orgs"][0]["changes"][0]["id"] = "c2".into(), "change 1 is called `c2`"),
        (|saved| saved["orgs"][0]["changes"][0]["user"] = Value::Null, "c1: it has no `user`"),
        (|saved| saved["orgs"][0]["changes"][0]["user"] = "CY@acme.com".into(), "`user` is `CY@acme.com`, not"),
        (|saved| saved["orgs"][0]["changes"][0]["user"] = "cy".into(), "c1: `user`: an e-mail address has"),
        (|saved| saved["orgs"][0]["changes"][0]["team"] = "X".into(), "`invite_user` does not have such a `team`"),
        (|saved| saved["orgs"][0]["changes"][0]["project_id"] = 7.into(), "does not have such a `project_id`"),
        (|saved| saved["orgs"][0]["changes"][0]["status"] = "done".into(), "c1: there is no status `done`"),
        (|saved| saved["orgs"][0]["as_of"] = "now".into(), "organization `acme`: `as_of` is `now`"),
        (|saved| saved["orgs"][0]["id"] = 0.into(), "organization `acme`: an id is a whole number"),
        (|saved| saved["meta"]["x\u{1b}"] = "".into(), "`meta`: `x\u{1b}` is no key"),
        (
            |saved| {
                let again = saved["orgs"][0].clone();
                saved["orgs"].as_array_mut().unwrap().push(again);
            },
            "organization `acme`: it is there twice",
        ),
    ];
    for (edit, problem) in edits {
        let error = read(sealed(&saved, edit).as_bytes(), "p", &mut Interner::default()).unwrap_err().to_string();
        assert!(error.contains(problem), "no {problem:?} in {error}");
    }
    world.write("plan.json", &sealed(&saved, |saved| saved["meta"]["x\u{1b}[2J"] = "".into()));
    let refused = world.apply(&[]);
    assert!(!refused.said().contains('\u{1b}') && refused.status == ExitStatus::Refused, "{}", refused.said());
}

#[test]
fn a_plan_as_of_another_moment_is_for_that_moment() {
    let world = World::new();
    let made = world.run(&["plan", "--at", "2027-01-01", "--out", "{}/plan.json"]);
    assert_eq!(made.status, ExitStatus::Done, "{}", made.said());
    world.refuses(&[], "FILE was made as of another moment, 2027-01-01T00:00:00Z");
    world.refuses(&["--at", "2027-01-02"], "FILE was made as of 2027-01-01T00:00:00Z, and `--at` asks for 2027-01-02");
    let done = world.apply(&["--at", "2027-01-01"]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    let world = World::reviewed();
    world.refuses(&["--at", "2027-01-01"], "FILE was made as of 2026-11-21T09:00:00Z, and `--at` asks for");
}

#[test]
fn what_ends_after_the_review_is_not_given() {
    let world = World::new();
    let ends = "role: consumer, until: 2026-11-21T12:00:00Z }";
    world.configure(&AFTER.replace("role: consumer }", ends));
    world.run(&["plan", "--out", "{}/plan.json"]);
    let late = world.run_at(NOW + SignedDuration::from_hours(4), &["apply", "--plan", "{}/plan.json"], &Nobody);
    assert_eq!(late.status, ExitStatus::Refused, "{}", late.said());
    assert!(
        late.stderr.contains("bo@acme.com gets consumer on ios: the configuration does not ask"),
        "{}",
        late.stderr
    );
}

#[test]
fn blocked_plans_are_not_applied() {
    let world = World::new();
    let lowered = AFTER.replace("dee@acme.com: owner", "dee@acme.com: member");
    let protected = lowered.replace("backend:", "guards: { protected: [dee@acme.com] }, backend:");
    world.configure(&protected);
    let made = world.run(&["plan", "--out", "{}/plan.json"]);
    assert_eq!(made.status, ExitStatus::Refused, "{}", made.said());
    // Somebody takes the protection away without a new review.
    world.configure(&lowered);
    world.refuses(&[], "error: organization `acme`: a guard blocked the saved plan");
    // A guard that came after the review blocks what is left.
    world.run(&["plan", "--out", "{}/plan.json"]);
    world.configure(&protected);
    world.refuses(&[], "error: organization `acme`: a guard blocks the plan");
}

#[test]
fn wrong_usage_is_told_before_anything_is_read() {
    let world = World::new();
    for (arguments, reason) in [
        (&["plan", "--out", "{}/nowhere/plan.json"][..], "there is no folder"),
        (&["plan", "--out", "{}/config"], "is a folder; name a file"),
        (&["plan", "--out", "-"], "standard output has the plan already"),
        (&["plan", "--meta", "pr=12"], "none is written"),
        (&["plan", "--out", "{}/p.json", "--meta", "pr"], "write it as KEY=TEXT"),
        (&["plan", "--out", "{}/p.json", "--meta", "a b=1"], "`a b` is no key"),
        (&["plan", "--out", "{}/p.json", "--meta", "pr=1", "--meta", "pr=2"], "`pr` is given twice"),
        (&["apply", "--yes", "--still-valid"], "--plan"),
        (&["apply", "--yes", "--max-age", "2d"], "--plan"),
        (&["apply"], "there is no terminal to ask on"),
    ] {
        let wrong = world.run(arguments);
        assert_eq!(wrong.status, ExitStatus::Invalid, "{arguments:?}: {}", wrong.said());
        assert!(wrong.stderr.contains(reason), "{arguments:?}: {}", wrong.stderr);
        assert!(!world.path("p.json").exists(), "{arguments:?}");
    }
}

#[test]
fn one_organization_that_moved_keeps_the_run_from_all() {
    let world = World::new();
    second(&world);
    world.run(&["plan", "--out", "{}/plan.json"]);
    world.by_hand(&BEFORE.replace("project: web, role: analyst }]", "project: web, role: admin }]"));
    let refused = world.apply(&[]);
    assert_eq!(refused.status, ExitStatus::Refused, "{}", refused.said());
    assert!(refused.stderr.contains("has 10 changes, of which 1 no longer follows"), "{}", refused.stderr);
    assert!(world.run(&["plan", "--org", "beta"]).stdout.contains("in sync"), "made what it should be by hand");
}

#[test]
fn what_could_not_be_planned_is_named_and_not_told_as_done() {
    let world = World::new();
    second(&world);
    fs::write(world.path("config/beta.json"), "{").unwrap();
    let saved = world.run(&["plan", "--out", "{}/plan.json"]);
    assert_eq!(saved.status, ExitStatus::Failure, "{}", saved.said());
    let done = world.run(&["apply", "--plan", "{}/plan.json", "--org", "acme"]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    // Somebody has made it right since: nobody has reviewed that plan.
    second(&world);
    let rest = world.apply(&["--summary", world.path("summary.md").to_str().unwrap()]);
    assert_eq!(rest.status, ExitStatus::Incomplete, "{}", rest.said());
    assert!(
        rest.stderr.contains("has no plan for `beta`, which could not be planned when it was made"),
        "{}",
        rest.said()
    );
    let summary = fs::read_to_string(world.path("summary.md")).unwrap();
    assert!(summary.contains("### beta") && summary.contains("not planned when the plan was saved"), "{summary}");
    // Nothing at all was planned.
    let world = World::new();
    world.write("config/live.json", "{");
    let saved = world.run(&["plan", "--out", "{}/plan.json"]);
    assert_eq!(saved.status, ExitStatus::Failure, "{}", saved.said());
    world.write("config/live.json", crate::LIVE);
    world.refuses(&[], "FILE holds no plan: `acme` could not be planned when it was made");
}

#[test]
fn a_byte_order_mark_says_nothing() {
    let world = World::reviewed();
    world.write("plan.json", &format!("\u{feff}{}", world.saved()));
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
}

#[test]
fn parts_of_a_saved_plan_answer_for_their_own_organizations_only() {
    let world = World::new();
    second(&world);
    // The store of the second one is none, so that only the first one is planned.
    let (acme, beta, neither) = ("1/4", "2/4", "3/4");
    world.write("config/beta.db", "no store");
    let planned = world.run(&["plan", "--out", "{}/plan.json"]);
    assert_ne!(planned.status, ExitStatus::Done, "{}", planned.said());
    // One part has what could not be planned, the others have nothing to do with it.
    for part in [acme, neither] {
        let mine = world.apply(&["--shard", part]);
        assert_eq!(mine.status, ExitStatus::Done, "{}", mine.said());
        assert!(!mine.said().contains("beta"), "{}", mine.said());
    }
    let other = world.apply(&["--shard", beta]);
    assert_eq!(other.status, ExitStatus::Incomplete, "{}", other.said());
    assert!(other.stderr.contains("has no plan for `beta`"), "{}", other.stderr);
}

#[test]
fn the_plan_of_a_part_that_has_nothing_is_applied_without_doing_anything() {
    let world = World::new();
    let empty = "2/4";
    let planned = world.run(&["plan", "--shard", empty, "--out", "{}/plan.json"]);
    assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
    for arguments in [&["--shard", empty][..], &[]] {
        let applied = world.apply(arguments);
        assert_eq!(applied.status, ExitStatus::Done, "{}", applied.said());
        assert!(!applied.said().contains("error"), "{}", applied.said());
    }
    let unchanged = world.run(&["plan"]);
    assert!(unchanged.stdout.starts_with("acme (Acme): 5 changes"), "{}", unchanged.said());
}
