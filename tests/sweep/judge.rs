//! What must hold after everything has been done, whatever happened on the way.

use std::collections::BTreeMap;
use std::fs::File;

use accessctl::change::ChangeKind;
use accessctl::journal::{RunFile, Word, read_folder, settled_by};
use accessctl::model::{State, Status};
use accessctl::serve::Fault;

use crate::fate;
use crate::ground::{Ground, NOW};
use crate::middle::Middle;

/// The state without the moments of invitations.
fn timeless(state: &State) -> State {
    let mut state = state.clone();
    for user in state.users.values_mut() {
        if let Status::Invited { at } = &mut user.status {
            *at = None;
        }
    }
    state
}

/// Checks everything after runs of which some met `fault`.
#[track_caller]
pub(crate) fn judge(ground: &Ground<'_>, fault: Option<&Fault>) {
    let (plan, states) = (&ground.story.plan, ground.states());
    let middle = Middle::of(plan);
    for (number, state) in (1..).zip(&states) {
        middle.check(state, &format_args!("edit {number}"));
    }
    let reached = states.last().unwrap_or(&plan.live);
    assert_eq!(timeless(reached), timeless(&plan.target), "not the target");
    check_mails(ground, fault);
    check_journal(ground);
    for (path, _) in ground.locks() {
        File::open(&path).unwrap().try_lock().unwrap_or_else(|error| panic!("{} is held: {error}", path.display()));
    }
}

/// Nobody is asked to be invited who is already.
#[track_caller]
fn check_mails(ground: &Ground<'_>, fault: Option<&Fault>) {
    let mut sent: BTreeMap<String, usize> = BTreeMap::new();
    for line in ground.record().iter().filter(|line| line["path"].as_str().unwrap().ends_with("/add-users/")) {
        let is_refused = line["status"].as_u64().is_some_and(|status| status >= 400);
        let done = match (line.get("fault"), fault) {
            (Some(_), Some(fault)) => fate::done(fault),
            (Some(_), None) => panic!("a fault that nobody asked for: {line}"),
            (None, _) => is_refused.then_some(0),
        };
        let users = line["body"]["users"].as_array().unwrap();
        for user in users.iter().take(done.unwrap_or(users.len())) {
            *sent.entry(user["email"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    let twice: Vec<_> = sent.iter().filter(|(_, times)| **times > 1).collect();
    assert!(twice.is_empty(), "invited again: {twice:?}");
}

/// The journals tell of every change that was made, once, and of nothing else.
#[track_caller]
fn check_journal(ground: &Ground<'_>) {
    let runs: Vec<RunFile> = read_folder(&ground.journal(), |_| true).unwrap();
    let settled = settled_by(&runs);
    let mut state = ground.story.plan.live.clone();
    let mut early = Vec::new();
    for run in &runs {
        assert_eq!(run.broken, [], "{}", run.path.display());
        let name = run.begun.as_ref().map_or("", |begun| begun.run.as_str());
        for logged in run.changes().iter().filter(|logged| logged.intended.is_some()) {
            let word = logged.ended.map_or(Word::Unknown, |(_, ended)| ended.outcome);
            let is_done = match (word, settled.get(&(name, logged.record.id.as_str()))) {
                (Word::Applied, None) => true,
                // The service said that it was done, and it was not.
                (Word::Applied, Some(found)) => found.done,
                (Word::Unknown, Some(found)) => found.done,
                (Word::Unknown, None) => panic!("nobody knows what became of {:?}", logged.record),
                (other, Some(_)) => panic!("{other:?} needs no settling: {:?}", logged.record),
                (_, None) => false,
            };
            let change = logged.record.change().unwrap();
            // A team goes by its new name from the moment on at which the service says that it has it.
            let is_early = !is_done && word == Word::Applied && change.kind() == ChangeKind::RenameTeam;
            let is_told = early.contains(&change);
            if is_early || (is_done && !is_told) {
                state.perform(&change, NOW).unwrap_or_else(|misfit| panic!("told wrongly: {change:?}: {misfit}"));
            }
            if is_early {
                early.push(change);
            }
        }
    }
    assert_eq!(timeless(&state), timeless(&ground.story.plan.target), "the journal tells another story");
}
