//! A writer that is killed at any moment loses nothing that it acknowledged and never leaves an unreadable store.
//!
//! The test runs this very program again as the writer: it makes the store from the seed, performs a list of changes and
//! writes a line for each when it is acknowledged. The parent gives leave for each change, so that the writer cannot run
//! away while the parent sleeps; it kills the writer, reads the store and compares.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use accessctl::backend::local::{LocalReader, LocalWriter};
use accessctl::backend::{LiveReader, LiveWriter, Snapshot, snapshot};
use accessctl::change::Change;
use accessctl::model::{
    BuiltInRole, Email, Interner, OrgId, OrgRole, Organization, Project, ProjectId, State, Status, Team, TeamName, User,
};
use jiff::Timestamp;

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

/// In the environment of the writer: the folder of its store.
const FOLDER: &str = "ACCESSCTL_CRASH_FOLDER";

/// How often a writer is killed.
const KILLS: usize = 42;

/// How many changes there are; a writer is killed long before the end of them.
const CHANGES: usize = 200;

/// Repeatable numbers that look random (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end as u64).unwrap()
    }
}

fn email(number: usize) -> Email {
    Email::new(&format!("user-{number:05}@acme.com")).unwrap()
}

fn team(number: usize) -> TeamName {
    TeamName::new(&format!("Team {number}")).unwrap()
}

fn project(number: usize) -> ProjectId {
    ProjectId::new(number as u64 + 1).unwrap()
}

/// An organization large enough for making its store to take a while.
fn seed() -> State {
    let mut state = State::empty(Organization { id: OrgId::new(7).unwrap(), name: "Acme".to_owned() });
    for number in 0..4 {
        let parts = Project { name: format!("Project {number}"), everyone: None, roles: Default::default() };
        state.projects.insert(project(number), parts);
    }
    for number in 0..1500 {
        let role = if number == 0 { OrgRole::Owner } else { OrgRole::Member };
        state.users.insert(email(number), User { role, status: Status::Active, last_active: None });
        state.grants.insert((email(number), project(number % 4)), BuiltInRole::Analyst.into());
    }
    for number in 0..8 {
        let members = (number..1500).step_by(8).map(email).collect();
        state.teams.insert(team(number), Team { members, roles: Default::default() });
    }
    state
}

/// The changes that a writer performs: each fits the state that the ones before it lead to.
fn changes() -> Vec<Change> {
    let mut dice = Dice(2);
    let mut state = seed();
    let mut changes = Vec::new();
    while changes.len() < CHANGES {
        let (user, team, other, project) =
            (email(dice.below(1700)), team(dice.below(12)), team(dice.below(12)), project(dice.below(4)));
        let grant = state.grants.get(&(user.clone(), project)).cloned();
        let change = match (dice.below(8), grant) {
            (0, _) => Change::InviteUser { user, role: OrgRole::Member },
            (1, _) => Change::AddTeamMember { team, user },
            (2, _) => Change::RemoveTeamMember { team, user },
            (3, _) => Change::RenameTeam { from: team, to: other },
            // The changes of many rows: a crash must not part them.
            (4, _) => Change::RemoveUser { user },
            (5, _) if dice.below(4) == 0 => Change::DeleteTeam { team },
            (5 | 6, Some(from)) => Change::RemoveGrant { user, project, from },
            (_, from) => Change::SetGrant { user, project, from, to: BuiltInRole::Admin.into() },
        };
        if state.perform(&change, NOW).is_ok() {
            changes.push(change);
        }
    }
    changes
}

/// What the other program does.
fn write_until_killed(folder: &Path) {
    let mut acknowledge = std::io::stdout();
    acknowledge.write_all(b"\nstarted\n").unwrap();
    let mut writer = LocalWriter::open(&folder.join("store.db"), Some(&folder.join("seed.json")), NOW).unwrap();
    let mut leave = std::io::stdin().lock();
    for change in changes() {
        leave.read_exact(&mut [0]).unwrap();
        writer.perform(&change, NOW).unwrap();
        acknowledge.write_all(b"done\n").unwrap();
    }
}

/// When a writer is killed.
#[derive(Debug)]
enum Moment {
    /// So long after it started: mostly while it makes the store.
    Early(Duration),
    /// So long after it acknowledged so many changes, while it performs the next.
    Late(usize, Duration),
}

/// Starts a writer on `folder`, kills it, and returns how many changes it acknowledged.
fn run_and_kill(folder: &Path, moment: &Moment) -> usize {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_writer_loses_nothing", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut leave = writer.stdin.take().unwrap();
    let mut lines = BufReader::new(writer.stdout.take().unwrap());
    let mut line = String::new();
    while line != "started\n" {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the writer did not start");
    }
    let mut acknowledged = 0;
    let delay = match moment {
        Moment::Early(delay) => delay,
        Moment::Late(changes, delay) => {
            leave.write_all(&vec![b'.'; changes + 1]).unwrap();
            while acknowledged < *changes {
                line.clear();
                assert_ne!(lines.read_line(&mut line).unwrap(), 0, "the writer ended by itself");
                acknowledged += usize::from(line == "done\n");
            }
            delay
        }
    };
    std::thread::sleep(*delay);
    writer.kill().unwrap();
    writer.wait().unwrap();
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    acknowledged + rest.lines().filter(|line| *line == "done").count()
}

fn fetch(folder: &Path) -> State {
    let reader = LocalReader { state: folder.join("store.db"), seed: Some(folder.join("seed.json")) };
    reader.fetch(NOW, &mut Interner::default()).unwrap().state
}

/// What the database says of its own files.
fn assert_sound(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("store.db")).unwrap();
    let told: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(told, "ok");
    assert!(!connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap());
}

#[test]
fn a_killed_writer_loses_nothing() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return write_until_killed(Path::new(&folder));
    }
    let changes = changes();
    let mut states = vec![seed()];
    for change in &changes {
        let mut next = states.last().unwrap().clone();
        next.perform(change, NOW).unwrap();
        states.push(next);
    }
    let mut dice = Dice(1);
    let (mut without_store, mut in_the_middle) = (0, 0);
    for kill in 0..KILLS {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let snapshot =
            Snapshot { taken_at: NOW, state: seed(), team_ids: Default::default(), acting: None, applied: None };
        snapshot::save(&folder.join("seed.json"), &snapshot).unwrap();
        let moment = match kill % 3 {
            // Short delays are the more frequent: a store is made quickly on a fast disk.
            0 => Moment::Early(Duration::from_micros(dice.below(250).pow(2) as u64)),
            _ => Moment::Late(dice.below(30), Duration::from_micros(dice.below(8_000) as u64)),
        };
        let acknowledged = run_and_kill(folder, &moment);
        assert!(acknowledged < CHANGES, "{moment:?}: the writer was not killed in the middle");

        // Read as a plan does, before anything else touches the files.
        let live = fetch(folder);
        let performed = (acknowledged..=acknowledged + 1).find(|performed| states.get(*performed) == Some(&live));
        let performed = performed.unwrap_or_else(|| panic!("{moment:?}: {acknowledged} were acknowledged and lost"));
        if folder.join("store.db").exists() {
            assert_sound(folder);
            in_the_middle += usize::from(acknowledged > 0);
        } else {
            assert_eq!(performed, 0, "{moment:?}");
            without_store += 1;
        }

        // The lock is gone with its holder, and the next writer goes on.
        let mut writer = LocalWriter::open(&folder.join("store.db"), Some(&folder.join("seed.json")), NOW).unwrap();
        for change in changes.iter().skip(performed).take(3) {
            writer.perform(change, NOW).unwrap();
        }
        drop(writer);
        assert_eq!(Some(&fetch(folder)), states.get(performed + 3), "{moment:?}");
        assert_sound(folder);
        let mut names: Vec<_> =
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.starts_with("store.db"));
        assert_eq!(names, ["seed.json"]);
        assert!(!folder.join("store.db.new").exists(), "{moment:?}: a draft was left");
    }
    // The kills have met what they were meant to meet.
    assert!(without_store > 0 && in_the_middle > KILLS / 2, "{without_store} early, {in_the_middle} late");
}
