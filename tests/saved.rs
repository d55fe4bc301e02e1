//! Saved plans from the command line: what is written, what is refused and why, what is done after the world moved.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/runs.rs"]
#[expect(dead_code, reason = "nothing here waits")]
mod runs;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use accessctl::cli::ExitStatus;
use accessctl::desired::compile;
use accessctl::model::Interner;
use accessctl::planning;
use accessctl::saved::{compare, read};
use accessctl::source::{SourceFile, Sources};
use jiff::{SignedDuration, Timestamp};
use runs::{Around, Ended, Nobody, run_on};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// 2026-11-21T09:00:00Z
const NOW: Timestamp = Timestamp::constant(1_795_251_600, 0);

/// What is on the live side at first.
const LIVE: &str = r#"{"format":"accessctl.snapshot/1","organization":{"id":77,"name":"Acme"},
  "projects":[{"id":1,"name":"Web","roles":[]},{"id":2,"name":"iOS","roles":[]}],
  "users":[{"email":"ana@acme.com","role":"owner","status":"active"},{"email":"dee@acme.com","role":"owner","status":"active"},
    {"email":"bo@acme.com","role":"member","status":"active"},{"email":"eve@acme.com","role":"member","status":"active"}],
  "teams":[{"name":"Analysts","members":["ana@acme.com"],"projects":[{"id":1,"role":"analyst"}]}],
  "grants":[{"user":"bo@acme.com","project":1,"role":"analyst"}]}"#;

/// The live side as configuration.
const BEFORE: &str = "\
version: 1
org: { key: acme, id: 77, backend: { type: local, state: acme.db, seed: live.json } }
users: { ana@acme.com: owner, dee@acme.com: owner, bo@acme.com: member, eve@acme.com: member }
projects: { web: 1, ios: 2 }
teams: { analysts: { name: Analysts, members: [ana@acme.com], projects: { web: analyst } } }
grants: [{ user: bo@acme.com, project: web, role: analyst }]
";

/// What is reviewed: eve goes, cy comes, bo moves from a grant to the team, and gets a role on iOS.
const AFTER: &str = "\
version: 1
org: { key: acme, id: 77, backend: { type: local, state: acme.db, seed: live.json } }
users: { ana@acme.com: owner, dee@acme.com: owner, bo@acme.com: member, cy@acme.com: member }
projects: { web: 1, ios: 2 }
teams: { analysts: { name: Analysts, members: [ana@acme.com, bo@acme.com], projects: { web: analyst } } }
grants: [{ user: bo@acme.com, project: ios, role: consumer }]
";

/// A folder with a configuration, a store and what was reviewed.
struct World(TempDir);

/// Somebody who sits at a terminal and says yes.
struct Somebody;

impl Around for Somebody {
    const CAN_ASK: bool = true;
}

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        fs::create_dir(world.path("config")).unwrap();
        world.write("config/live.json", LIVE);
        world.configure(AFTER);
        world
    }

    /// The world with a saved plan for `AFTER` in `plan.json`.
    fn reviewed() -> Self {
        let world = Self::new();
        let made = world.run(&["plan", "--out", "{}/plan.json", "--meta", "pr=12", "--meta", "author=Ana Ruiz"]);
        assert_eq!(made.status, ExitStatus::Done, "{}", made.said());
        assert!(made.stdout.starts_with("acme (Acme): 5 changes"), "{}", made.stdout);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.path(path), text).unwrap();
    }

    fn saved(&self) -> String {
        fs::read_to_string(self.path("plan.json")).unwrap()
    }

    fn configure(&self, text: &str) {
        self.write("config/access.yaml", text);
    }

    /// Somebody makes the live side what `text` says, by hand.
    fn by_hand(&self, text: &str) {
        self.configure(text);
        let done = self.run(&["apply", "--yes"]);
        assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
        self.configure(AFTER);
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_at(NOW, arguments, &Nobody)
    }

    fn run_at<A: Around>(&self, now: Timestamp, arguments: &[&str], around: &A) -> Ended {
        let folder = self.0.path().to_str().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("{}", folder)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run_on(&arguments, &self.path("config"), now, &|_| None, around)
    }

    fn apply(&self, arguments: &[&str]) -> Ended {
        self.run(&[&["apply", "--plan", "{}/plan.json"], arguments].concat())
    }

    /// Asserts that the saved plan is refused for a reason, and nothing is done.
    fn refuses(&self, arguments: &[&str], reason: &str) {
        let before = self.run(&["plan"]).stdout;
        let refused = self.apply(arguments);
        assert_eq!(refused.status, ExitStatus::Refused, "{}", refused.said());
        let path = self.path("plan.json");
        let reason = reason.replace("FILE", &format!("`{}`", path.display()));
        assert!(refused.stderr.contains(&reason), "no {reason:?} in {}", refused.stderr);
        assert_eq!(self.run(&["plan"]).stdout, before);
    }
}

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
fn what_was_reviewed_is_done_without_a_terminal() {
    let world = World::reviewed();
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    let said = &done.stdout;
    assert!(said.contains("of 2026-11-21 09:00 UTC, author Ana Ruiz, pr 12\n"), "{said}");
    assert!(said.contains("acme: 5 changes applied\n"), "{said}");
    assert_eq!(world.run(&["plan", "--exit-code"]).status, ExitStatus::Done);
    let again = world.apply(&[]);
    assert_eq!(again.status, ExitStatus::Done, "{}", again.said());
    assert!(again.stdout.contains("acme: nothing is left of the 5 changes of the saved plan"), "{}", again.stdout);
    assert!(again.stdout.contains("Already so (5)"), "{}", again.stdout);
}

#[test]
fn whoever_sits_at_a_terminal_is_asked() {
    let world = World::reviewed();
    let asked = world.run_at(NOW, &["apply", "--plan", "{}/plan.json"], &Somebody);
    assert_eq!(asked.status, ExitStatus::Done, "{}", asked.said());
    assert!(asked.stderr.contains("Apply these 5 changes to acme? Type yes to go on: "), "{}", asked.stderr);
    assert!(asked.stderr.contains("Saved plan"), "what is agreed to is shown where it is asked: {}", asked.stderr);
    let other = World::reviewed();
    let not_asked = other.run_at(NOW, &["apply", "--yes", "--plan", "{}/plan.json"], &Somebody);
    assert_eq!(not_asked.status, ExitStatus::Done, "{}", not_asked.said());
    assert!(!not_asked.stderr.contains("Type yes"), "{}", not_asked.stderr);
}

#[test]
fn a_file_of_the_plan_is_what_json_prints() {
    let world = World::reviewed();
    let printed = world.run(&["plan", "--format", "json", "--meta", "pr=12", "--meta", "author=Ana Ruiz"]);
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(value(&world.saved()), value(&printed.stdout));
    assert_eq!(value(&world.saved())["meta"]["author"], "Ana Ruiz");
    world.write("plan.json", &printed.stdout);
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
}

#[test]
fn changes_that_have_nothing_to_do_with_it_do_not_make_it_stale() {
    let world = World::reviewed();
    // Somebody else comes, and a grant that the configuration does not want.
    world.by_hand(&BEFORE.replace("eve@acme.com: member }", "eve@acme.com: member, flo@acme.com: member }"));
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert!(done.stdout.contains("Not done (1)  they are not in the saved plan\n"), "{}", done.stdout);
    assert!(done.stdout.contains("cancel the invitation of flo@acme.com"), "{}", done.stdout);
    assert!(done.stdout.contains("acme: 5 changes applied\n"), "{}", done.stdout);
    let left = world.run(&["plan"]);
    assert!(left.stdout.starts_with("acme (Acme): 1 change (1 to remove)"), "{}", left.stdout);
}

#[test]
fn what_somebody_did_already_is_passed_over() {
    let world = World::reviewed();
    world.by_hand(
        &BEFORE
            .replace(", eve@acme.com: member", "")
            .replace("members: [ana@acme.com]", "members: [ana@acme.com, bo@acme.com]"),
    );
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert!(done.stdout.contains("acme: 3 of the 5 changes of the saved plan left to do"), "{}", done.stdout);
    assert!(done.stdout.contains("acme: 3 changes applied and 2 already so"), "{}", done.stdout);
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
fn what_needs_a_change_that_nobody_reviewed_is_left_out() {
    let world = World::reviewed();
    // The team does not give the role any more, so that bo would have nothing between the grant and the team.
    world.by_hand(&BEFORE.replace("projects: { web: analyst }", "projects: {}"));
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Incomplete, "{}", done.said());
    assert!(done.stdout.contains("needs: team Analysts gets analyst on web"), "{}", done.stdout);
    assert!(done.stdout.contains("acme: 4 changes applied and 1 left out"), "{}", done.stdout);
    let left = world.run(&["plan"]);
    assert!(left.stdout.starts_with("acme (Acme): 2 changes (1 to add, 1 to remove)"), "{}", left.stdout);
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
fn what_was_held_is_held_until_it_is_accepted() {
    let world = World::new();
    let limit =
        |text: &str, most: usize| text.replace("backend:", &format!("guards: {{ max_removals: {most} }}, backend:"));
    world.configure(&limit(AFTER, 0));
    world.run(&["plan", "--out", "{}/plan.json"]);
    assert!(world.saved().contains("\"held\""));
    // The limit is lifted without a new review: whoever agreed saw that nothing would be removed.
    world.configure(&limit(AFTER, 50));
    let held = world.apply(&[]);
    assert_eq!(held.status, ExitStatus::Incomplete, "{}", held.said());
    assert!(held.stdout.contains("2 removals were held when the plan was saved"), "{}", held.stdout);
    assert!(held.stdout.contains("acme: 3 changes applied and 2 held"), "{}", held.stdout);
    world.refuses(&["--accept-removals", "1"], "`--accept-removals 1` is not what the plan needs: 2 removals are held");
    let done = world.apply(&["--accept-removals", "2"]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert!(done.stdout.contains("acme: 2 changes applied and 3 already so"), "{}", done.stdout);
}

/// Another organization beside the first one.
fn second(world: &World) {
    world.write("config/beta.json", &LIVE.replace("\"id\":77", "\"id\":88").replace("Acme", "Beta"));
    let text =
        AFTER.replace("acme, id: 77", "beta, id: 88").replace("acme.db", "beta.db").replace("live.json", "beta.json");
    world.write("config/beta.yaml", &text);
}

#[test]
fn one_file_holds_several_organizations() {
    let world = World::reviewed();
    second(&world);
    let one = world.apply(&[]);
    assert_eq!(one.status, ExitStatus::Done, "{}", one.said());
    assert!(one.stderr.contains("organization `beta` is not in the saved plan and is not applied"), "{}", one.stderr);
    assert!(world.run(&["plan", "--org", "beta"]).stdout.starts_with("beta (Beta): 5 changes"));
    let asked = world.apply(&["--org", "beta"]);
    assert_eq!(asked.status, ExitStatus::Invalid, "{}", asked.said());
    assert!(asked.stderr.contains("has no plan for organization `beta`"), "{}", asked.stderr);
    let world = World::new();
    second(&world);
    world.run(&["plan", "--out", "{}/plan.json"]);
    let beta = world.apply(&["--org", "beta"]);
    assert_eq!(beta.status, ExitStatus::Done, "{}", beta.said());
    assert!(beta.stdout.contains("beta: 5 changes applied") && !beta.stdout.contains("acme: "), "{}", beta.stdout);
    let rest = world.apply(&[]);
    assert_eq!(rest.status, ExitStatus::Done, "{}", rest.said());
    assert!(
        rest.stdout.contains("beta: nothing is left") && rest.stdout.contains("acme: 5 changes applied"),
        "{}",
        rest.stdout
    );
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

/// Runs the program itself, in the folder of the configuration.
fn process(world: &World, script: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_accessctl");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).current_dir(world.path("config")).env("A", program);
    // No test writes into a real home.
    shell.env("ACCESSCTL_JOURNAL", world.path("journal")).env("XDG_STATE_HOME", world.path("state"));
    shell.output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_the_old_file_whole() {
    let world = World::reviewed();
    let before = world.saved();
    // A file may have 512 bytes, and more is an error instead of a signal.
    let full =
        process(&world, "trap '' XFSZ; ulimit -f 1; exec \"$A\" plan --live live.json --out ../plan.json >/dev/null");
    let said = String::from_utf8(full.stderr).unwrap();
    assert_eq!(full.status.code(), Some(1), "{said}");
    assert!(said.contains("error: cannot save the plan to `../plan.json`"), "{said}");
    assert_eq!(world.saved(), before);
    let names: Vec<_> = fs::read_dir(world.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn the_program_itself_applies_and_refuses() {
    let world = World::new();
    let made = process(
        &world,
        "\"$A\" plan --out ../plan.json | head -n 0; \"$A\" apply --plan ../plan.json --max-age 1h </dev/null",
    );
    let said = String::from_utf8(made.stdout).unwrap();
    assert_eq!(made.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&made.stderr));
    assert!(said.contains("acme: 5 changes applied"), "{said}");
    world.write("plan.json", &world.saved().replace("bo@acme.com", "ab@acme.com"));
    let refused = process(&world, "exec \"$A\" apply --plan ../plan.json");
    assert_eq!(refused.status.code(), Some(4), "{}", String::from_utf8_lossy(&refused.stderr));
}

/// What a change waits for is worked out for what is left: by the plan of now, bo is going to have nothing on the
/// project and may lose the grant at any time; by what was reviewed, bo keeps access by the team.
#[test]
fn what_is_left_waits_for_what_it_needs_by_itself() {
    let desired = |text: &str| {
        let text = text.replace(", backend: { type: local, state: acme.db, seed: live.json }", "");
        let sources = Sources::new(vec![SourceFile::new("access.yaml", text)]);
        let compiled = compile(&sources, &mut Interner::default());
        assert!(!accessctl::diagnostic::has_errors(&compiled.diagnostics), "{:?}", compiled.diagnostics);
        compiled.organizations.into_iter().next().unwrap()
    };
    let world = World::reviewed();
    let saved = read(world.saved().as_bytes(), "p", &mut Interner::default()).unwrap();
    let live =
        accessctl::backend::snapshot::read(LIVE.as_bytes(), "live", NOW, &mut Interner::default()).unwrap().state;
    let other = desired(&AFTER.replace("projects: { web: analyst }", "projects: {}"));
    let fresh = planning::plan(&other, live, "local", NOW).unwrap().plan;
    let grant = |plan: &accessctl::plan::Plan| {
        plan.changes.iter().find(|planned| planned.change.kind().as_str() == "remove_grant").unwrap().depends_on.len()
    };
    assert_eq!(grant(&fresh), 0);
    let compared = compare(saved.orgs.values().next().unwrap(), fresh);
    assert_eq!(grant(&compared.plan), 1, "{:#?}", compared.plan.changes);
}
