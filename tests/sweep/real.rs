//! Real processes, killed while a request is under way.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};

use jiff::SignedDuration;

use crate::ground::Ground;
use crate::judge::judge;
use crate::story::Story;

/// The real program on the configuration of a ground.
fn apply(ground: &Ground<'_>) -> Command {
    let account = ground.server.account();
    let mut command = Command::new(env!("CARGO_BIN_EXE_accessctl"));
    command
        .args(["apply", "--yes"])
        .arg(ground.configure())
        .env_clear()
        .env("MIXPANEL_SERVICE_ACCOUNT", &account.name)
        .env("MIXPANEL_SERVICE_ACCOUNT_SECRET", &account.secret)
        .env("ACCESSCTL_JOURNAL", ground.journal())
        .stderr(Stdio::piped());
    command
}

/// A process that is killed from elsewhere once it is there.
#[derive(Default)]
struct Victim {
    child: Mutex<Option<Child>>,
    is_there: Condvar,
}

impl Victim {
    fn put(&self, child: Child) {
        *self.child.lock().unwrap() = Some(child);
        self.is_there.notify_all();
    }

    /// Kills it, and waits until it is dead.
    fn kill(&self) {
        let mut child = self.is_there.wait_while(self.child.lock().unwrap(), |child| child.is_none()).unwrap();
        let child = child.as_mut().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

/// Kills a process when the service has done its edit of this number and has not answered; whether it came to that.
fn killed_at(story: &Story, edit: usize) -> bool {
    let victim = Arc::new(Victim::default());
    let hand = Arc::clone(&victim);
    let ground = Ground::watched(story, move |number| {
        if number == edit {
            hand.kill();
        }
    });
    let mut child = apply(&ground).stdout(Stdio::null()).spawn().unwrap();
    let stderr = child.stderr.take().unwrap();
    victim.put(child);
    // What it says comes to an end when it has.
    std::io::read_to_string(stderr).unwrap();
    let first = victim.child.lock().unwrap().as_mut().unwrap().wait().unwrap();
    if first.success() {
        assert_eq!(ground.states().len(), edit - 1, "it was not killed");
        return false;
    }
    ground.pass(SignedDuration::from_mins(5));
    let again = apply(&ground).output().unwrap();
    let said = String::from_utf8_lossy(&again.stderr);
    assert_eq!(again.status.code(), Some(0), "killed at edit {edit}: {said}");
    assert!(said.contains("with an unknown outcome: read what became of them"), "killed at edit {edit}: {said}");
    judge(&ground, None);
    true
}

/// Kills a process when it has told so many changes, each of which the service has answered: before the next request, or
/// while it is on its way; whether it came to that.
fn killed_after(story: &Story, told: usize) -> bool {
    let ground = Ground::new(story);
    let mut child = apply(&ground).stdout(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let seen = lines.by_ref().map(Result::unwrap).filter(|line| line.starts_with('[')).take(told).count();
    child.kill().unwrap();
    child.wait().unwrap();
    if seen < told {
        return false;
    }
    ground.pass(SignedDuration::from_mins(5));
    // A request that was on its way may come to its end while the next run reads: that one says so, and does nothing.
    let mut again = apply(&ground).output().unwrap();
    for _ in 0..3 {
        if again.status.code() != Some(4) {
            break;
        }
        again = apply(&ground).output().unwrap();
    }
    // An invitation that was about to be sent, and never was, is left to people: the time of the process does not pass.
    if again.status.code() == Some(5) && String::from_utf8_lossy(&again.stdout).contains("look for") {
        return true;
    }
    assert_eq!(again.status.code(), Some(0), "after {told}: {}", String::from_utf8_lossy(&again.stderr));
    judge(&ground, None);
    true
}

#[test]
fn a_process_that_is_killed_after_any_answer_is_followed_by_one_that_finishes_its_work() {
    let story = Story::of_all_kinds();
    let mut told = 0;
    while killed_after(&story, told) {
        told += 1;
    }
    assert!(told > 15, "{told}");
}

#[test]
fn a_process_that_is_killed_at_any_write_is_followed_by_one_that_finishes_its_work() {
    let story = Story::of_all_kinds();
    let mut edit = 1;
    while killed_at(&story, edit) {
        edit += 1;
    }
    assert!(edit > 15, "{edit}");
}
