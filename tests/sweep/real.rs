//! Real processes, killed while a request is under way.

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
        .stdout(Stdio::null())
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
    let mut child = apply(&ground).spawn().unwrap();
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

#[test]
fn a_process_that_is_killed_at_any_write_is_followed_by_one_that_finishes_its_work() {
    let story = Story::of_all_kinds();
    let mut edit = 1;
    while killed_at(&story, edit) {
        edit += 1;
    }
    assert!(edit > 15, "{edit}");
}
