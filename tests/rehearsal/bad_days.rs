//! Faults, and people who change things meanwhile: what is said, and that the next run converges. `tests/sweep` lets
//! everything happen at every request.

use std::cell::Cell;
use std::time::Duration;

use accessctl::change::Change;
use accessctl::cli::ExitStatus;
use accessctl::model::{Email, OrgRole, TeamName};
use accessctl::serve::{Fault, Occurrence, RetryAfter, Script};

use crate::runs::{Around, Ended};
use crate::stage::{Stage, configuration};

pub(crate) fn at_write(number: u64, fault: Fault) -> Script {
    Script { method: Some("POST".to_owned()), path: "/organizations/".to_owned(), when: Occurrence::Nth(number), fault }
}

/// How many writes the configuration takes when nothing goes wrong.
fn writes() -> u64 {
    let stage = Stage::of_all_kinds();
    stage.run(&["apply", "--yes"], &configuration(&stage));
    stage.writes().len() as u64
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
fn a_write_waits_as_long_as_the_service_asks() {
    let stage = Stage::of_all_kinds().with_fault(at_write(1, Fault::TooMany(RetryAfter::Seconds(7))));
    let apply = stage.run(&["apply", "--yes"], &configuration(&stage));
    assert_eq!((apply.status, apply.waits), (ExitStatus::Done, vec![Duration::from_secs(7)]));
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

/// Somebody who changes the organization by hand while the program runs.
pub(crate) struct Hand<'s, F> {
    stage: &'s Stage,
    /// After so many writes; while the program asks where it is `None`.
    after: Option<usize>,
    edit: F,
    is_done: Cell<bool>,
}

impl<'s, F: Fn(&Stage)> Hand<'s, F> {
    pub(crate) fn new(stage: &'s Stage, after: Option<usize>, edit: F) -> Self {
        Self { stage, after, edit, is_done: Cell::new(false) }
    }

    fn act(&self) {
        if !self.is_done.replace(true) {
            (self.edit)(self.stage);
        }
    }
}

impl<F: Fn(&Stage)> Around for Hand<'_, F> {
    const CAN_ASK: bool = true;

    fn asked(&self) {
        if self.after.is_none() {
            self.act();
        }
    }

    fn clock_read(&self) {
        if self.after.is_some_and(|after| self.stage.writes().len() >= after) {
            self.act();
        }
    }
}

fn team(name: &str) -> TeamName {
    TeamName::new(name).unwrap()
}

#[test]
fn a_hand_between_plan_and_apply_makes_it_refuse() {
    let flo = Email::new("flo@acme.com").unwrap();
    let rename = |stage: &Stage| {
        stage.server.perform(&Change::RenameTeam { from: team("Leftovers"), to: team("Keepers") }).unwrap();
    };
    let join = |stage: &Stage| stage.server.join_user(&flo).unwrap();
    let edits: [&dyn Fn(&Stage); 2] = [&rename, &join];
    for edit in edits {
        let stage = Stage::of_all_kinds();
        let hand = Hand::new(&stage, None, edit);
        let apply = stage.run_amid(&["apply"], &configuration(&stage), &hand);
        assert_eq!(apply.status, ExitStatus::Refused, "{}", apply.said());
        assert!(apply.stderr.contains("the live side changed after the plan was made"), "{}", apply.stderr);
        assert_eq!(stage.writes(), []);
    }
}

/// Edits by hand after each write in turn; what the first run says, and that the next one converges.
fn after_every_write(edit: impl Fn(&Stage), check: impl Fn(&Ended)) {
    for after in 1..writes() {
        let stage = Stage::of_all_kinds();
        let text = configuration(&stage);
        let hand = Hand::new(&stage, Some(usize::try_from(after).unwrap()), &edit);
        let apply = stage.run_amid(&["apply", "--yes"], &text, &hand);
        assert!(hand.is_done.get());
        check(&apply);
        let again = stage.run(&["apply", "--yes"], &text);
        assert_eq!(again.status, ExitStatus::Done, "after {after}: {}", again.said());
        assert_eq!(stage.run(&["plan", "--exit-code"], &text).status, ExitStatus::Done);
    }
}

#[test]
fn a_team_that_goes_between_two_writes_fails_what_it_touches() {
    let delete = |stage: &Stage| stage.server.perform(&Change::DeleteTeam { team: team("Analysts") }).unwrap();
    after_every_write(delete, |apply| assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said()));
}

#[test]
fn a_team_that_somebody_makes_meanwhile_is_the_one_that_was_planned() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage);
    let create = |stage: &Stage| stage.server.perform(&Change::CreateTeam { team: team("Designers") }).unwrap();
    let hand = Hand::new(&stage, Some(1), &create);
    let apply = stage.run_amid(&["apply", "--yes"], &text, &hand);
    assert!(apply.stderr.contains("create team Designers: it was so already"), "{}", apply.said());
    assert_eq!(apply.status, ExitStatus::Done, "{}", apply.said());
}

#[test]
fn a_team_that_gets_another_name_is_not_deleted_by_its_id() {
    let (is_renamed, times) = (Cell::new(false), Cell::new(0));
    let rename = |stage: &Stage| {
        // Nothing is to be renamed once it is deleted.
        let renamed = stage.server.perform(&Change::RenameTeam { from: team("Leftovers"), to: team("Keepers") });
        is_renamed.set(renamed.is_ok());
    };
    after_every_write(rename, |apply| {
        if is_renamed.get() {
            times.set(times.get() + 1);
            assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
            assert!(apply.stderr.contains("FAILED: team `Leftovers` does not exist"), "{}", apply.stderr);
        }
    });
    assert!(times.get() > 5);
}
