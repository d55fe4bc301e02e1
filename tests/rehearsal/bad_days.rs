//! Faults at every write: the next run converges, and nobody gets a second invitation.

use accessctl::change::Change;
use accessctl::cli::ExitStatus;
use accessctl::model::{OrgRole, TeamName};
use accessctl::serve::{Fault, Occurrence, RetryAfter, Script};

use crate::stage::{Stage, configuration};

fn at_write(number: u64, fault: Fault) -> Script {
    Script { method: Some("POST".to_owned()), path: "/organizations/".to_owned(), when: Occurrence::Nth(number), fault }
}

/// How many writes the configuration takes when nothing goes wrong.
fn writes() -> u64 {
    let stage = Stage::of_all_kinds();
    stage.run(&["apply", "--yes"], &configuration(&stage));
    stage.writes().len() as u64
}

/// Lets one fault happen at every write in turn, runs until the live side is right, and gives each stage.
fn at_every_write(fault: &Fault, check: impl Fn(u64, &Stage)) {
    for number in 1..=writes() {
        let stage = Stage::of_all_kinds().with_fault(at_write(number, fault.clone()));
        let text = configuration(&stage);
        let (mut statuses, mut said) = (Vec::new(), String::new());
        while statuses.len() < 4 && statuses.last() != Some(&ExitStatus::Done) {
            let ended = stage.run(&["apply", "--yes"], &text);
            assert!(
                [ExitStatus::Done, ExitStatus::Incomplete].contains(&ended.status),
                "{fault:?} at {number}: {}",
                ended.said()
            );
            statuses.push(ended.status);
            said = ended.said();
        }
        assert_eq!(statuses.last(), Some(&ExitStatus::Done), "{fault:?} at write {number}: {statuses:?}: {said}");
        let plan = stage.run(&["plan", "--exit-code"], &text);
        assert_eq!(plan.status, ExitStatus::Done, "{fault:?} at write {number}: {}", plan.stdout);
        check(number, &stage);
    }
}

fn nobody_is_invited_twice(number: u64, stage: &Stage) {
    for email in ["new@acme.com", "other@acme.com"] {
        assert_eq!(stage.invitations_of(email), 1, "{email}, fault at write {number}");
    }
}

#[test]
fn answers_that_are_lost_after_the_change() {
    for fault in [Fault::Lost, Fault::Reset { done: true }, Fault::HalfRead, Fault::Status { status: 500, done: true }]
    {
        at_every_write(&fault, nobody_is_invited_twice);
    }
}

#[test]
fn requests_that_are_not_done() {
    let redirect = Fault::Redirect { status: 302, to: "http://127.0.0.1:1/elsewhere/".to_owned() };
    for fault in [
        Fault::Reset { done: false },
        Fault::Status { status: 500, done: false },
        Fault::Status { status: 503, done: false },
        Fault::Status { status: 403, done: false },
        Fault::TooMany(RetryAfter::None),
        Fault::TooMany(RetryAfter::Seconds(7)),
        Fault::TooMany(RetryAfter::Date(30)),
        Fault::Html,
        redirect,
    ] {
        at_every_write(&fault, |_, _| {});
    }
}

#[test]
fn a_refused_write_names_the_request_and_what_to_do() {
    let fault = at_write(1, Fault::Status { status: 403, done: false });
    let stage = Stage::of_all_kinds().with_fault(fault);
    let apply = stage.run(&["apply", "--yes"], &configuration(&stage));
    assert_eq!(apply.status, ExitStatus::Incomplete);
    let said = apply.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("FAILED: `rename_team` failed: POST /organizations/77/teams/5/update/"), "{said}");
    assert!(said.contains("the service answered 403") && said.contains("skipped because of c1"), "{said}");
}

#[test]
fn an_account_that_is_demoted_in_between_changes_nothing() {
    let stage = Stage::of_all_kinds();
    stage.server.set_role(OrgRole::Member);
    let apply = stage.run(&["apply", "--yes"], &configuration(&stage));
    assert_eq!(apply.status, ExitStatus::Failure, "{}", apply.said());
    assert!(apply.stderr.contains("403") && apply.stderr.contains("org role"), "{}", apply.stderr);
    assert_eq!(stage.writes(), []);
}

#[test]
fn a_hand_that_comes_between_plan_and_write_is_noticed() {
    let stage = Stage::of_all_kinds();
    let team = |name: &str| TeamName::new(name).unwrap();
    // The team is renamed by hand while its deletion is asked for.
    let fault = at_write(1, Fault::Slow(std::time::Duration::ZERO));
    stage.server.add_fault(fault);
    stage.server.perform(&Change::RenameTeam { from: team("Leftovers"), to: team("Keepers") }).unwrap();
    let apply = stage.run(&["apply", "--yes"], &configuration(&stage));
    assert_eq!(apply.status, ExitStatus::Done, "{}", apply.said());
    assert!(apply.stderr.contains("delete team Keepers: done"), "{}", apply.stderr);
}
