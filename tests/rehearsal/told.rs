//! What `log`, the report and the page of a CI job tell of what was not done, and until when it waits.

use std::fs;

use accessctl::cli::ExitStatus;
use accessctl::serve::{Fault, Occurrence, Script};
use jiff::SignedDuration;

use crate::bad_days::at_write;
use crate::journal::{invitations, lines, words};
use crate::stage::{Stage, configuration};

#[test]
fn each_deferred_mail_has_its_own_moment() {
    let stage = Stage::of_all_kinds();
    let text = invitations(&stage, 25);
    let first = stage.run(&["apply", "--yes"], &text);
    let said = words(&first.stdout);
    let both = "15 changes deferred, 10 until 2026-11-21 10:00 UTC and 5 more until 2026-11-21 11:00 UTC: 10 invitation \
                mails an hour to guests.test";
    assert!(said.contains(both), "{}", first.stdout);
    let next = "again after 2026-11-21 10:00 UTC, until nothing is left: the last is due at 2026-11-21 11:00 UTC";
    assert!(said.contains(next), "{}", first.stdout);
    // What was told comes true.
    stage.pass(SignedDuration::from_mins(60));
    let second = stage.run(&["apply", "--yes"], &text);
    assert!(words(&second.stdout).contains("5 changes deferred until 2026-11-21 11:00 UTC"), "{}", second.stdout);
    stage.pass(SignedDuration::from_mins(60));
    assert_eq!(stage.run(&["apply", "--yes"], &text).status, ExitStatus::Done);
    // A moment within a minute is told as its end, by both.
    let stage = Stage::of_all_kinds();
    stage.pass(SignedDuration::from_secs(30));
    let first = stage.run(&["apply", "--yes"], &text.replace(&base_of(&text), &stage.base_url()));
    assert!(words(&first.stdout).contains("10 until 2026-11-21 10:01 UTC"), "{}", first.stdout);
    let log = words(&stage.run_at(&["log", "--journal"], &stage.path(".journal")).stdout);
    assert_eq!(log.matches("until 2026-11-21 10:01 UTC").count(), 10, "{log}");
    assert_eq!(log.matches("until 2026-11-21 11:01 UTC").count(), 5, "{log}");
}

/// The address that a configuration names.
fn base_of(text: &str) -> String {
    let start = text.find("http://").unwrap();
    text[start..].chars().take_while(|c| !c.is_whitespace() && !"\"',}".contains(*c)).collect()
}

#[test]
fn what_was_skipped_is_told_with_the_change_that_was_not_done() {
    let stage = Stage::of_all_kinds().with_fault(at_write(1, Fault::Status { status: 403, done: false }));
    stage.run(&["apply", "--yes"], &configuration(&stage));
    let journal = stage.path(".journal");
    let told = |format: &str| stage.run_at(&["log", "--format", format, "--journal"], &journal).stdout;
    let text = words(&told("text"));
    assert!(text.contains("because this was not done: rename team"), "{text}");
    assert!(!text.contains("because of c"), "{text}");
    let csv = told("csv");
    assert!(csv.lines().next().unwrap().ends_with(",status,deferred_until,because,because_of"), "{csv}");
    assert!(csv.lines().any(|row| row.contains(",skipped,") && row.contains(",c1,rename team")), "{csv}");
}

#[test]
fn every_step_that_a_person_has_to_do_can_be_read() {
    // The invitations are answered with nothing that says what became of them.
    let unclear = Script {
        method: Some("POST".to_owned()),
        path: "/organizations/77/add-users/".to_owned(),
        when: Occurrence::From(1),
        fault: Fault::Html,
    };
    let stage = Stage::of_all_kinds().with_fault(unclear);
    let text = invitations(&stage, 10);
    let summary = stage.path("summary.md");
    let ended = stage.run(&["apply", "--yes", "--summary", summary.to_str().unwrap()], &text);
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    let said = words(&ended.stdout);
    assert!(said.contains("invitations of which a mail may have been sent; sign in at"), "{}", ended.stdout);
    assert!(!said.contains("that no known request makes"), "{}", ended.stdout);
    let run = lines(&stage.journals()[0].1)[0]["run"].as_str().unwrap().to_owned();
    assert!(said.contains(&format!("more; `accessctl log --run {run}` shows all")), "{}", ended.stdout);
    let summary = words(&fs::read_to_string(summary).unwrap());
    let log = stage.run_at(&["log", "--run", &run, "--journal"], &stage.path(".journal")).stdout;
    let log = words(&log);
    for number in 1..=10 {
        let step = format!(
            "Organization settings, Users: look for p{number:02}@guests.test among the Users and the Invited Users"
        );
        assert_eq!((log.matches(&step).count(), summary.matches(&step).count()), (1, 1), "{step}: {log}\n{summary}");
        assert!(log.contains(&format!("not seen invite p{number:02}@guests.test as member")), "{log}");
    }
    assert!(log.contains("the live side does not show it, and a mail may have been sent"), "{log}");
    let schema = accessctl::journal::schema();
    assert!(lines(&stage.journals()[0].1).iter().all(|line| jsonschema::validate(&schema, line).is_ok()));
}
