//! What becomes of a plan when the backend fails on the way.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use accessctl::apply::{Event, Outcome, Past, Report, apply};
use accessctl::backend::{BackendError, LiveWriter};
use accessctl::change::Change;
use accessctl::guard::approve;
use accessctl::model::State;
use accessctl::plan::ChangeId;
use accessctl::render::report::Ending;
use accessctl::render::{Options, report};

use crate::world;

/// A state that fails at some of the calls, counted from 1.
struct Failing {
    state: State,
    calls: usize,
    at: BTreeSet<usize>,
}

impl LiveWriter for Failing {
    fn perform(&mut self, change: &Change, now: jiff::Timestamp) -> Result<(), BackendError> {
        self.calls += 1;
        if self.at.contains(&self.calls) {
            return Err(BackendError::Failed {
                doing: "cannot write the store".to_owned(),
                source: "the disk is full\u{1b}[31m".into(),
            });
        }
        Ok(self.state.perform(change, now)?)
    }
}

/// The end of a run that read everything again.
fn ending<'e>(report: &'e Report, left: &'e [Change]) -> Ending<'e> {
    Ending { report, left: Some(left), run: None, stopped_by: None }
}

/// The week's plan, where each change of an invited person needs the invitation, applied by a writer that fails at
/// `at`: the outcomes, what was seen, and the state at the end.
fn applied(at: &[usize]) -> (accessctl::apply::Report, String, State) {
    let mut plan = world::week().plan;
    let invitation = |user: &str| {
        let invites =
            |change: &Change| matches!(change, Change::InviteUser { user: found, .. } if found.as_str() == user);
        plan.changes.iter().find(|planned| invites(&planned.change)).map(|planned| planned.id)
    };
    let needs: Vec<Vec<ChangeId>> = plan
        .changes
        .iter()
        .map(|planned| {
            let needed = planned.change.user().and_then(|user| invitation(user));
            needed.filter(|needed| *needed != planned.id).into_iter().collect()
        })
        .collect();
    for (planned, needs) in plan.changes.iter_mut().zip(needs) {
        planned.depends_on = needs;
    }
    let mut writer = Failing { state: plan.live.clone(), calls: 0, at: at.iter().copied().collect() };
    let approved = approve(plan).unwrap();
    let mut seen = Vec::new();
    let report = apply(&approved, &mut writer, &Past::default(), &world::moment, &mut |event| {
        if let Event::Ended(changes) = event {
            for (planned, outcome) in changes {
                report::write_outcome(&mut seen, approved.plan(), planned, outcome, Options::default()).unwrap();
            }
        }
        ControlFlow::Continue(())
    });
    let mut seen_again = Vec::new();
    let left = accessctl::diff::diff(&writer.state, &approved.plan().target, &Default::default());
    report::write_summary(&mut seen_again, approved.plan(), &ending(&report, &left), Options::default()).unwrap();
    seen.extend(b"---\n");
    seen.extend(seen_again);
    let shown = anstream::adapter::strip_str(&String::from_utf8(seen).unwrap()).to_string();
    (report, shown, writer.state)
}

#[test]
fn who_may_have_been_invited_is_left_to_people() {
    let approved = approve(world::week().plan).unwrap();
    let plan = approved.plan();
    let invitation = plan.changes.iter().find(|planned| planned.sends_mail()).unwrap();
    let mail = accessctl::apply::Mail { run: "0badcafe".to_owned(), at: world::moment() };
    let past = Past {
        invited: invitation.change.user().cloned().map(|user| (user, mail.clone())).into_iter().collect(),
        ..Past::default()
    };
    let mut writer = Failing { state: plan.live.clone(), calls: 0, at: BTreeSet::new() };
    let report = apply(&approved, &mut writer, &past, &world::moment, &mut |_| ControlFlow::Continue(()));
    let outcome = |id: ChangeId| &report.outcomes.iter().find(|(found, _)| *found == id).unwrap().1;
    let Outcome::Unseen(known) = outcome(invitation.id) else { panic!("{:?}", outcome(invitation.id)) };
    assert!(known[0].contains("0badcafe"), "{known:?}");
    assert_eq!(report.numbers().manual, 1, "{:?}", report.outcomes);
    assert!(!writer.state.users.contains_key(invitation.change.user().unwrap()));
}

#[test]
fn whoever_watches_can_break_off_before_any_request() {
    let approved = approve(world::week().plan).unwrap();
    for stop in 1..=3 {
        let mut writer = Failing { state: approved.plan().live.clone(), calls: 0, at: BTreeSet::new() };
        let mut begun = 0;
        let report = apply(&approved, &mut writer, &Past::default(), &world::moment, &mut |event| {
            begun += usize::from(matches!(event, Event::Started(_)));
            if begun == stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert_eq!((writer.calls, begun, report.is_broken_off), (stop - 1, stop, true));
        assert_eq!(report.numbers().applied, stop - 1);
        assert!(report.numbers().not_tried > 0);
    }
}

#[test]
fn without_failures_the_target_is_reached() {
    let (report, _, state) = applied(&[]);
    assert!(report.is_complete());
    assert_eq!(state, world::week().plan.target);
}

#[test]
fn a_failure_stops_only_what_depends_on_it() {
    let (report, shown, state) = applied(&[2]);
    let numbers = report.numbers();
    assert_eq!((numbers.applied, numbers.failed, numbers.skipped), (13, 1, 1));
    assert_eq!(report.outcomes[9], (ChangeId(10), Outcome::Skipped { because: ChangeId(2) }));
    assert!(!state.users.contains_key("eve@acme.com"), "revocations are not held up by an invitation");
    snapbox::assert_data_eq!(shown, snapbox::file!["apply-failed.txt"].raw());
}

#[test]
fn every_failure_leaves_the_rest_done() {
    let total = world::week().plan.changes.len();
    for at in 1..=total {
        let (report, _, _) = applied(&[at]);
        let numbers = report.numbers();
        assert_eq!(numbers.applied + numbers.failed + numbers.skipped, total);
        assert!(numbers.failed >= 1 && !report.is_complete());
    }
}

#[test]
fn what_met_the_same_is_told_once() {
    let week = world::week().plan;
    let outcomes = week.changes.iter().map(|planned| {
        let outcome = match planned.id.0 {
            // The backend says of one that it is done, and it is not.
            1 => Outcome::Applied,
            2..=12 => Outcome::Failed(vec!["the service answered 500".to_owned()]),
            _ => Outcome::Skipped { because: ChangeId(2) },
        };
        (planned.id, outcome)
    });
    let report = accessctl::apply::Report {
        outcomes: outcomes.collect(),
        next_steps: Vec::new(),
        beside: Vec::new(),
        is_broken_off: false,
    };
    let mut left: Vec<Change> = week.changes.iter().map(|planned| planned.change.clone()).collect();
    left.push(Change::DeleteTeam { team: accessctl::model::TeamName::new("Somebody's new one").unwrap() });
    let mut shown = Vec::new();
    report::write_summary(&mut shown, &week, &ending(&report, &left), Options::default()).unwrap();
    let shown = anstream::adapter::strip_str(&String::from_utf8(shown).unwrap()).to_string();
    snapbox::assert_data_eq!(shown, snapbox::file!["apply-many.txt"].raw());
}

#[test]
fn target_and_live_side_stand_side_by_side() {
    let week = world::week().plan;
    let raise = week.changes.iter().find(|planned| matches!(planned.change, Change::SetGrant { .. })).unwrap();
    let Change::SetGrant { user, project, to, .. } = &raise.change else { panic!() };
    let outcome = |planned: &accessctl::plan::PlannedChange| match planned.id == raise.id {
        true => Outcome::Settled { is_done: false, causes: vec!["the service answered that it was".to_owned()] },
        false => Outcome::Applied,
    };
    let report = accessctl::apply::Report {
        outcomes: week.changes.iter().map(|planned| (planned.id, outcome(planned))).collect(),
        next_steps: Vec::new(),
        beside: Vec::new(),
        is_broken_off: false,
    };
    let from = Some(world::role("consumer"));
    let left = [
        Change::SetGrant { user: user.clone(), project: *project, from, to: to.clone() },
        Change::RemoveEveryone { project: *project, from: world::role("analyst") },
    ];
    let mut shown = Vec::new();
    let options = Options { width: 400, verbose: true };
    report::write_summary(&mut shown, &week, &ending(&report, &left), options).unwrap();
    let shown = anstream::adapter::strip_str(&String::from_utf8(shown).unwrap()).to_string();
    let told = format!("the service answered that it was; should be {}, is consumer", to.as_str());
    assert!(shown.contains(&told), "{shown}");
    assert!(shown.contains(": should be no role, is analyst"), "{shown}");
}
