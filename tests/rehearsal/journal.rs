//! What is written down, and what the next run makes of it.

use std::cell::Cell;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use accessctl::change::Change;
use accessctl::cli::ExitStatus;
use accessctl::journal::{Line, Word, read_text};
use accessctl::model::{Email, OrgRole};
use accessctl::serve::{Fault, Script};
use jiff::SignedDuration;
use serde_json::Value;

use crate::bad_days::at_write;
use crate::runs::{Around, Ended};
use crate::stage::{NOW, Stage, configuration};

pub(crate) fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(crate) fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An organization that has nothing to do but to invite so many people of one domain.
pub(crate) fn invitations(stage: &Stage, number: usize) -> String {
    let mut text = configuration(stage);
    for number in 1..=number {
        text = text.replacen("projects:\n", &format!("  p{number:02}@guests.test: member\nprojects:\n"), 1);
    }
    text
}

#[test]
fn every_request_stands_between_its_intent_and_its_outcome() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage).replace(
        "  new@acme.com: member\n",
        "  new@acme.com: { role: member, reason: \"hired\\u001b[2J\", ticket: OPS-7, approved_by: ana@acme.com }\n",
    );
    let ended = stage.run(&["apply", "--yes"], &text);
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
    let journals = stage.journals();
    let [(path, text)] = journals.as_slice() else { panic!("{journals:?}") };
    let schema = accessctl::journal::schema();
    let lines = lines(text);
    for line in &lines {
        jsonschema::validate(&schema, line).unwrap();
    }
    let kinds: Vec<&str> = lines.iter().map(|line| line["line"].as_str().unwrap()).collect();
    assert_eq!((kinds.first(), kinds.last()), (Some(&"run"), Some(&"end")));
    assert_eq!(kinds.iter().filter(|kind| **kind == "intent").count(), stage.writes().len());
    let name = path.file_name().unwrap().to_str().unwrap();
    let run = lines[0]["run"].as_str().unwrap();
    assert_eq!(name, format!("20261121T090000.000Z-acme-77-{run}.jsonl"));
    assert_eq!((&lines[0]["address"], &lines[0]["pid"]), (&stage.base_url().into(), &std::process::id().into()));
    // What would be needed to take it back.
    let change = |kind: &str| {
        let all = lines.iter().flat_map(|line| line["changes"].as_array().into_iter().flatten());
        all.clone().find(|change| change["kind"] == kind).unwrap_or_else(|| panic!("no {kind}")).clone()
    };
    assert_eq!(change("delete_team")["lost"]["members"], serde_json::json!(["flo@acme.com"]));
    assert_eq!(change("delete_team")["lost"]["roles"], serde_json::json!({ "902": "consumer" }));
    assert_eq!(change("remove_user")["lost"], serde_json::json!({ "role": "admin", "joined": true }));
    assert_eq!(change("invite_user")["approved_by"], serde_json::json!(["ana@acme.com"]));
    // Nothing secret, and nothing that acts on a terminal.
    assert!(!text.contains(&stage.server.account().secret) && !text.contains('\u{1b}'));
    assert!(text.contains("hired\\u001b[2J"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(path), mode(path.parent().unwrap())), (0o600, 0o700));
    }
    // The live side as the run leaves it.
    let kept = fs::read_dir(path.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = kept.filter(|path| path.to_str().unwrap().ends_with(".applied.json")).collect();
    let saved = stage.run(&["plan", "--exit-code", "--live", kept[0].to_str().unwrap()], &configuration(&stage));
    assert_eq!((kept.len(), saved.status), (1, ExitStatus::Done), "{}", saved.said());
}

#[test]
fn mails_of_earlier_runs_count_although_nobody_is_invited_any_more() {
    let stage = Stage::of_all_kinds();
    let text = invitations(&stage, 12);
    let first = stage.run(&["apply", "--yes"], &text);
    assert_eq!(first.status, ExitStatus::Incomplete, "{}", first.said());
    assert!(first.stdout.contains("2 deferred"), "{}", first.stdout);
    // All ten accept: no invitation is pending that could be counted.
    for number in 1..=10 {
        stage.server.join_user(&Email::new(&format!("p{number:02}@guests.test")).unwrap()).unwrap();
    }
    stage.pass(SignedDuration::from_mins(10));
    let second = stage.run(&["apply", "--yes"], &text);
    assert_eq!(second.status, ExitStatus::Incomplete, "{}", second.said());
    assert!(words(&second.stdout).contains("deferred until 2026-11-21 10:00 UTC"), "{}", second.stdout);
    assert_eq!(stage.invitations_of("p11@guests.test"), 0);
    stage.pass(SignedDuration::from_mins(50));
    let last = stage.run(&["apply", "--yes"], &text);
    assert_eq!(last.status, ExitStatus::Done, "{}", last.said());
    for number in 1..=12 {
        assert_eq!(stage.invitations_of(&format!("p{number:02}@guests.test")), 1, "{number}");
    }
}

/// Time passes for the service while the program waits.
struct Together<'a>(&'a Stage);

impl Around for Together<'_> {
    const CAN_ASK: bool = false;

    fn waited(&self, wait: Duration) {
        self.0.pass(SignedDuration::try_from(wait).unwrap());
    }
}

#[test]
fn who_waits_gets_all_invitations_sent_by_one_run() {
    let stage = Stage::of_all_kinds();
    let text = invitations(&stage, 22) + "  - { user: p22@guests.test, project: ios, role: analyst }\n";
    let ended = stage.run_amid(&["apply", "--yes", "--wait"], &text, &Together(&stage));
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
    let said = words(&ended.stderr);
    let first = "waiting until 2026-11-21 10:00 UTC, 60 minutes from now, with 12 invitations and 13 changes in all, the last \
                 of them by 2026-11-21 11:00 UTC";
    assert!(said.contains(first), "{said}");
    assert!(said.contains("waiting until 2026-11-21 11:00 UTC, 60 minutes from now, with 2 invitations"), "{said}");
    // Nothing else has waited for the mails.
    let place = |text: &str| said.find(text).unwrap_or_else(|| panic!("{text}: {said}"));
    assert!(place("remove the admin eve@acme.com: done") < place("waiting until"));
    for number in 1..=22 {
        assert_eq!(stage.invitations_of(&format!("p{number:02}@guests.test")), 1, "{number}");
    }
}

/// Somebody invites people by hand while the program waits.
struct Meddling<'a>(&'a Stage);

impl Around for Meddling<'_> {
    const CAN_ASK: bool = false;

    fn waited(&self, wait: Duration) {
        self.0.pass(SignedDuration::try_from(wait).unwrap());
        for (user, role) in [("p11@guests.test", OrgRole::Member), ("p12@guests.test", OrgRole::Admin)] {
            self.0.server.perform(&Change::InviteUser { user: Email::new(user).unwrap(), role }).unwrap();
        }
    }
}

#[test]
fn who_waits_looks_again_before_anything_is_sent() {
    let stage = Stage::of_all_kinds();
    let grants =
        ["p11", "p12"].map(|name| format!("  - {{ user: {name}@guests.test, project: ios, role: analyst }}\n"));
    let text = invitations(&stage, 13) + &grants.concat();
    let ended = stage.run_amid(&["apply", "--yes", "--wait"], &text, &Meddling(&stage));
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    let said = words(&ended.said());
    for expected in [
        "invite p11@guests.test as member: it was so already",
        "p11@guests.test gets analyst on ios: done",
        "invite p12@guests.test as member: left out, because it does not follow any more: `p12@guests.test` is a user already, as admin",
        "invite p13@guests.test as member: done",
    ] {
        assert!(said.contains(expected), "no {expected:?} in {said}");
    }
    assert_eq!(["p11", "p12", "p13"].map(|name| stage.invitations_of(&format!("{name}@guests.test"))), [0, 0, 1]);
    let told = stage.journals().pop().unwrap().1;
    assert!(told.contains("\"outcome\":\"stale\"") && told.contains("\"stale\":1"), "{told}");
}

/// Somebody else applies another configuration while the program waits.
struct Urgent<'a> {
    stage: &'a Stage,
    text: &'a str,
    ended: Cell<Option<ExitStatus>>,
}

impl Around for Urgent<'_> {
    const CAN_ASK: bool = false;

    fn waited(&self, wait: Duration) {
        if self.ended.get().is_none() {
            self.stage.pass(SignedDuration::from_mins(1));
            // The program that waits has this thread.
            let (stage, text) = (self.stage, self.text);
            let other = std::thread::scope(|scope| scope.spawn(|| stage.run(&["apply", "--yes"], text).status).join());
            self.ended.set(Some(other.unwrap()));
            self.stage.pass(SignedDuration::from_mins(-1));
        }
        self.stage.pass(SignedDuration::try_from(wait).unwrap());
    }
}

#[test]
fn who_waits_for_mails_holds_nobody_up() {
    let stage = Stage::of_all_kinds();
    let text = invitations(&stage, 12);
    let offboarding = text.replace("  p12@guests.test: member\n", "");
    let urgent = Urgent { stage: &stage, text: &offboarding, ended: Cell::new(None) };
    let ended = stage.run_amid(&["apply", "--yes", "--wait"], &text, &urgent);
    assert_eq!(urgent.ended.get(), Some(ExitStatus::Incomplete), "the other run had its turn");
    // What the other one may not want any more is left to the next run.
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    let said = words(&ended.stderr);
    assert!(said.contains("has applied to the same organization meanwhile"), "{said}");
    assert!(said.contains("what waited is left to the next run"), "{said}");
    assert_eq!(["p11@guests.test", "p12@guests.test"].map(|email| stage.invitations_of(email)), [0, 0]);
    let last = stage.run(&["apply", "--yes"], &offboarding);
    assert_eq!(last.status, ExitStatus::Done, "{}", last.said());
    assert_eq!(["p11@guests.test", "p12@guests.test"].map(|email| stage.invitations_of(email)), [1, 0]);
}

/// A run of another machine, without its end.
fn elsewhere(stage: &Stage) -> (PathBuf, String) {
    let folder = stage.path(".journal");
    fs::create_dir_all(&folder).unwrap();
    let begun = format!(
        r#"{{"line":"run","format":"accessctl.journal/1","run":"0badcafe","tool":"0.1.0","org":"acme","org_id":77,"backend":"mixpanel","address":"{}","started_at":"2026-11-21T08:50:00Z","as_of":"2026-11-21T08:50:00Z","user":"ci","host":"elsewhere","pid":7,"live":"sha256:0"}}"#,
        stage.base_url()
    );
    (folder.join("20261121T085000Z-acme-77-0badcafe.jsonl"), begun + "\n")
}

/// Time passes while the program waits, and before it does something happens once.
struct Once<'a, F: Fn()> {
    stage: &'a Stage,
    happens: F,
    has_happened: Cell<bool>,
}

impl<F: Fn()> Around for Once<'_, F> {
    const CAN_ASK: bool = false;

    fn waited(&self, wait: Duration) {
        if !self.has_happened.replace(true) {
            (self.happens)();
        }
        self.stage.pass(SignedDuration::try_from(wait).unwrap());
    }
}

#[test]
fn a_run_that_is_taken_over_stays_so_for_whoever_waits() {
    let stage = Stage::of_all_kinds();
    let (path, begun) = elsewhere(&stage);
    fs::write(&path, &begun).unwrap();
    // It waits for hours: nothing but its last words tells when it counts as dead.
    let alive = r#"{"line":"intent","at":"2026-11-21T10:20:00Z","request":1,"changes":[]}"#;
    let speaks = || fs::write(&path, format!("{begun}{alive}\n")).unwrap();
    let around = Once { stage: &stage, happens: speaks, has_happened: Cell::default() };
    let arguments = ["apply", "--yes", "--wait", "--take-over", "0badcafe"];
    let ended = stage.run_amid(&arguments, &invitations(&stage, 12), &around);
    assert!(around.has_happened.get());
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
}

#[test]
fn whoever_came_meanwhile_is_noticed_whatever_the_clocks_say() {
    // The clock of the other machine is wrong.
    for minutes in [-30, 30] {
        let stage = Stage::of_all_kinds();
        let comes = || {
            let (path, begun) = elsewhere(&stage);
            let at = (NOW + SignedDuration::from_mins(minutes)).to_string();
            let change = r#"{"id":"c1","kind":"remove_user","user":"zed@acme.com","origin":"drift","why":"unlisted","channel":"api"}"#;
            let lines = [
                begun.replace("2026-11-21T08:50:00Z", &at),
                format!("{{\"line\":\"intent\",\"at\":\"{at}\",\"request\":1,\"changes\":[{change}]}}\n"),
                format!("{{\"line\":\"end\",\"at\":\"{at}\",\"status\":0}}\n"),
            ];
            fs::write(path, lines.concat()).unwrap();
        };
        let around = Once { stage: &stage, happens: comes, has_happened: Cell::default() };
        let ended = stage.run_amid(&["apply", "--yes", "--wait"], &invitations(&stage, 12), &around);
        assert_eq!(ended.status, ExitStatus::Incomplete, "{minutes}: {}", ended.said());
        let said = words(&ended.stderr);
        assert!(said.contains("run 0badcafe has applied to the same organization meanwhile"), "{minutes}: {said}");
    }
}

#[test]
fn whoever_was_refused_meanwhile_has_applied_nothing() {
    let stage = Stage::of_all_kinds();
    let comes = || {
        let (path, begun) = elsewhere(&stage);
        let begun = begun.replace("2026-11-21T08:50:00Z", "2026-11-21T09:10:00Z");
        let end = r#"{"line":"end","at":"2026-11-21T09:10:01Z","status":4,"refused":"another apply has begun"}"#;
        fs::write(path, format!("{begun}{end}\n")).unwrap();
    };
    let around = Once { stage: &stage, happens: comes, has_happened: Cell::default() };
    let ended = stage.run_amid(&["apply", "--yes", "--wait"], &invitations(&stage, 12), &around);
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
}

#[test]
fn a_journal_that_ends_anywhere_is_read_to_its_last_whole_line() {
    let stage = Stage::of_all_kinds();
    assert_eq!(stage.run(&["apply", "--yes"], &configuration(&stage)).status, ExitStatus::Done);
    let (path, text) = stage.journals().remove(0);
    let whole = read_text(&path, text.as_bytes());
    for end in 0..=text.len() {
        let cut = read_text(&path, &text.as_bytes()[..end]);
        assert_eq!(cut.broken, [], "{end}");
        let lines = text.as_bytes()[..end].iter().filter(|byte| **byte == b'\n').count();
        let read = cut.lines.len() + usize::from(cut.begun.is_some());
        // A line that lacks nothing but its end is whole.
        assert!(read == lines || (read == lines + 1 && text.as_bytes()[end] == b'\n'), "{end}: {read} of {lines}");
        assert!(whole.lines.starts_with(&cut.lines), "{end}");
    }
}

/// The process dies when it looks at the clock for the so many-th time.
struct Death {
    left: Cell<usize>,
}

impl Around for Death {
    const CAN_ASK: bool = false;

    fn clock_read(&self) {
        match self.left.get().checked_sub(1) {
            Some(left) => self.left.set(left),
            None => panic!("killed"),
        }
    }
}

/// Runs until the clock is looked at so many times; whether the run came to its end, and how often it looked.
fn killed_after(looks: usize, stage: &Stage, text: &str) -> (bool, usize) {
    let death = Death { left: Cell::new(looks) };
    let ended = catch_unwind(AssertUnwindSafe(|| stage.run_amid(&["apply", "--yes"], text, &death)));
    (ended.is_ok(), looks - death.left.get())
}

#[test]
fn after_a_run_that_was_killed_the_log_tells_what_the_next_one_found_out() {
    let whole = Stage::of_all_kinds();
    let (is_whole, looks) = killed_after(usize::MAX, &whole, &configuration(&whole));
    assert!(is_whole);
    // The clock is looked at before each line of the journal and around each request. Reading and planning come first.
    // Here are some of these moments; `tests/sweep` tries all of them.
    let mut unknown = 0;
    let points = (0..looks).step_by((looks / 10).max(1));
    for point in points {
        let stage = Stage::of_all_kinds();
        let text = configuration(&stage);
        assert!(!killed_after(point, &stage, &text).0, "{point} of {looks}");
        let left = stage.journals();
        let again = stage.run(&["apply", "--yes"], &text);
        assert_eq!(again.status, ExitStatus::Done, "killed at {point} of {looks}: {}", again.said());
        for email in ["new@acme.com", "other@acme.com"] {
            assert_eq!(stage.invitations_of(email), 1, "{email}, killed at {point}");
        }
        assert_eq!(stage.run(&["plan", "--exit-code"], &text).status, ExitStatus::Done, "killed at {point}");
        // Every request was announced, and of each is known what became of it.
        let journals = stage.journals();
        let intents: usize = journals.iter().map(|(_, text)| text.matches("\"line\":\"intent\"").count()).sum();
        assert!(intents >= stage.writes().len(), "killed at {point}");
        let told = log(&stage, &["--format", "csv"]);
        assert_eq!(told.status, ExitStatus::Done, "{}", told.said());
        assert!(!told.stdout.contains(",unknown,"), "killed at {point}: {}", told.stdout);
        unknown += usize::from(told.stdout.contains(",settled: "));
        // What stood in the file is there still, and once is enough.
        assert!(left.iter().all(|(path, text)| fs::read_to_string(path).unwrap() == *text));
        stage.run(&["apply", "--yes"], &text);
        assert_eq!(stage.journals().len(), journals.len(), "killed at {point}");
    }
    assert!(unknown > 1, "only {unknown} of the kills came while requests were under way");
}

#[test]
fn an_answer_that_is_lost_is_settled_by_the_same_run() {
    let lost = Script { path: "/organizations/77/add-users/".to_owned(), ..at_write(1, Fault::Lost) };
    let stage = Stage::of_all_kinds().with_fault(lost);
    let text = configuration(&stage);
    let ended = stage.run(&["apply", "--yes"], &text);
    assert!(ended.stderr.contains("UNKNOWN"), "{}", ended.stderr);
    assert!(words(&ended.stdout).contains("done, as the live side shows"), "{}", ended.stdout);
    let (path, text) = stage.journals().remove(0);
    let run = read_text(&path, text.as_bytes());
    let changes = run.changes();
    let unknown =
        changes.iter().find(|change| change.ended.is_some_and(|(_, end)| end.outcome == Word::Unknown)).unwrap();
    let settled =
        run.lines.iter().find_map(|line| if let Line::Settled(settled) = line { Some(settled) } else { None });
    let settled = settled.unwrap();
    assert_eq!((&settled.run, settled.changes[0].done), (&run.begun.as_ref().unwrap().run, true));
    assert_eq!(settled.changes[0].id, unknown.record.id);
}

fn log(stage: &Stage, arguments: &[&str]) -> Ended {
    // The log takes no configuration.
    let folder = stage.path(".journal");
    let mut typed = vec!["log"];
    typed.extend(arguments);
    typed.push("--journal");
    stage.run_at(&typed, &folder)
}

#[test]
fn the_log_tells_who_did_what_and_why() {
    let stage = Stage::of_all_kinds();
    let note = "{ role: member, reason: '=cmd()', ticket: OPS-7, approved_by: ana@acme.com }";
    let text = configuration(&stage).replace("  new@acme.com: member\n", &format!("  new@acme.com: {note}\n"));
    stage.run(&["apply", "--yes"], &text);
    stage.pass(SignedDuration::from_hours(24));
    stage.run(&["apply", "--yes"], &text.replace("  bo@acme.com: member\n", "  bo@acme.com: admin\n"));
    let all = log(&stage, &[]);
    assert_eq!((all.status, all.stdout.matches("run ").count() >= 2), (ExitStatus::Done, true), "{}", all.said());
    let user = log(&stage, &["--user", " New@acme.com"]);
    assert!(
        words(&user.stdout).contains("applied invite new@acme.com as member =cmd(), OPS-7, approved by ana@acme.com")
    );
    assert!(!user.stdout.contains("eve@acme.com"), "{}", user.stdout);
    let late = log(&stage, &["--since", "2026-11-22", "--until", "2026-11-23"]);
    assert!(late.stdout.contains("org role of bo@acme.com member -> admin"), "{}", late.stdout);
    assert!(!late.stdout.contains("new@acme.com"), "{}", late.stdout);
    assert_eq!(log(&stage, &["--until", "2026-11-21"]).stdout, "");
    let other = log(&stage, &["--org", "other"]);
    assert_eq!((other.status, other.stdout.as_str()), (ExitStatus::Done, ""));
    let project = log(&stage, &["--project", "901", "--format", "json"]);
    let document: Value = serde_json::from_str(&project.stdout).unwrap();
    jsonschema::validate(&accessctl::render::log::schema(), &document).unwrap();
    let changes = document["runs"][0]["changes"].as_array().unwrap();
    assert!(!changes.is_empty() && changes.iter().all(|change| change["change"]["project"] == "web"), "{document}");
    let csv = log(&stage, &["--format", "csv", "--user", "new@acme.com"]).stdout;
    assert!(csv.contains(",'=cmd(),OPS-7,ana@acme.com,"), "{csv}");
    assert!(csv.lines().all(|line| line.matches(',').count() == 32), "{csv}");
    let run = document["runs"][0]["run"]["run"].as_str().unwrap();
    assert!(
        log(&stage, &["--run", run]).stdout.starts_with(&format!("run {run} of acme (77), 2026-11-21 09:00:00 UTC"))
    );
}

#[test]
fn a_line_that_cannot_be_read_is_named_and_counts_as_a_mail() {
    let stage = Stage::of_all_kinds();
    stage.run(&["apply", "--yes"], &configuration(&stage));
    let (path, text) = stage.journals().remove(0);
    fs::write(&path, text.replacen("\"line\":\"intent\"", "\"line\":7", 1)).unwrap();
    let place = format!("{}:", path.display());
    let told = log(&stage, &[]);
    assert_eq!(told.status, ExitStatus::Failure, "{}", told.said());
    assert!(told.stderr.contains(&place), "{}", told.stderr);
    let text = invitations(&stage, 10);
    let ended = stage.run(&["apply", "--yes"], &text);
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    assert!(ended.stderr.contains(&place) && ended.stdout.contains("1 deferred"), "{}", ended.said());
}

#[test]
fn without_a_journal_nothing_is_done() {
    let stage = Stage::of_all_kinds();
    fs::write(stage.path(".journal"), "in the way").unwrap();
    let ended = stage.run(&["apply", "--yes"], &configuration(&stage));
    assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.said());
    assert!(ended.stderr.contains("nothing was applied"), "{}", ended.stderr);
    assert_eq!(stage.writes(), []);
}

#[test]
fn a_run_of_another_machine_that_has_not_ended_is_waited_for() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage);
    let (path, begun) = elsewhere(&stage);
    fs::write(&path, &begun).unwrap();
    let refused = stage.run(&["apply", "--yes"], &text);
    assert_eq!(refused.status, ExitStatus::Refused, "{}", refused.said());
    assert!(refused.stderr.contains("run 0badcafe of ci on elsewhere (process 7, since 2026-11-21 08:50:00 UTC)"));
    assert!(words(&refused.stderr).contains("counts as dead from 2026-11-21 09:20:00 UTC on"), "{}", refused.stderr);
    assert_eq!(stage.writes(), []);
    // Of another organization, or at another address: not of interest.
    fs::write(&path, begun.replace("127.0.0.1", "127.0.0.2")).unwrap();
    let other = text.replace("  bo@acme.com: member\n", "  bo@acme.com: admin\n");
    assert_ne!(stage.run(&["apply", "--yes"], &other).status, ExitStatus::Refused);
    fs::write(&path, &begun).unwrap();
    assert_eq!(stage.run(&["apply", "--yes"], &text).status, ExitStatus::Refused);
    let taken = stage.run(&["apply", "--yes", "--take-over", "0badcafe"], &text);
    assert_eq!(taken.status, ExitStatus::Done, "{}", taken.said());
    stage.pass(SignedDuration::from_mins(20));
    assert_eq!(stage.run(&["apply", "--yes"], &other).status, ExitStatus::Done);
}

#[test]
fn what_is_said_of_a_saved_plan_is_written_down_with_what_is_done() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage);
    let file = stage.path("plan.json");
    let file = file.to_str().unwrap();
    let planned = stage.run(&["plan", "--out", file, "--meta", "pr=7", "--meta", "commit=1a2b3c"], &text);
    assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
    let saved: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let ended = stage.run(&["apply", "--plan", file], &text);
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
    let (_, journal) = stage.journals().remove(0);
    let begun = lines(&journal).remove(0);
    assert_eq!(begun["meta"], serde_json::json!({ "pr": "7", "commit": "1a2b3c" }));
    assert_eq!((begun["plan"].is_string(), &begun["plan"]), (true, &saved["digest"]));
    assert!(log(&stage, &[]).stdout.contains("commit 1a2b3c, pr 7"));
}
