//! Saved plans and undo from the command line, in a world that moves between review and apply.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod following;
mod process;
mod records;
mod refusing;
#[path = "../support/runs.rs"]
#[expect(dead_code, reason = "nothing here waits")]
mod runs;
mod undo;

use std::cell::Cell;
use std::fs;
use std::path::PathBuf;

use accessctl::cli::ExitStatus;
use jiff::{SignedDuration, Timestamp};
use runs::{Around, Ended, Nobody, run_on};
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

/// A folder with a configuration, a store and what was reviewed, and how many runs of `apply` there have been: each
/// begins a second after the last.
struct World(TempDir, Cell<i64>);

/// Somebody who sits at a terminal and says yes.
struct Somebody;

impl Around for Somebody {
    const CAN_ASK: bool = true;
}

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap(), Cell::new(0));
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
        let number = self.1.replace(self.1.get() + i64::from(arguments.first() == Some(&"apply")));
        self.run_at(NOW + SignedDuration::from_secs(number), arguments, &Nobody)
    }

    fn run_at<A: Around>(&self, now: Timestamp, arguments: &[&str], around: &A) -> Ended {
        let folder = self.0.path().to_str().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("{}", folder)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run_on(&arguments, &self.path("config"), now, &|_| None, around)
    }

    /// Runs a command that takes no path of a configuration.
    fn run_alone(&self, arguments: &[&str]) -> Ended {
        let (last, arguments) = arguments.split_last().unwrap();
        run_on(arguments, std::path::Path::new(last), NOW, &|_| None, &Nobody)
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

/// Another organization beside the first one.
fn second(world: &World) {
    world.write("config/beta.json", &LIVE.replace("\"id\":77", "\"id\":88").replace("Acme", "Beta"));
    let text =
        AFTER.replace("acme, id: 77", "beta, id: 88").replace("acme.db", "beta.db").replace("live.json", "beta.json");
    world.write("config/beta.yaml", &text);
}
