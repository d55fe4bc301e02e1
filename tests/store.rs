//! The local store as a file: it keeps what it was given, and damage is an error that says what is wrong.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use std::fs;
use std::path::Path;

use accessctl::backend::local::{LocalReader, LocalWriter, Store};
use accessctl::backend::snapshot;
use accessctl::backend::{BackendError, LiveWriter, Snapshot};
use accessctl::change::Change;
use accessctl::model::{Email, Interner, OrgRole, TeamName};
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
use support::files::{Folder, NOW, SEED, fetch, read, words, write};

/// Edits a store as a person with a database shell does: foreign keys are off there.
fn edit_by_hand(path: &Path, statement: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection.execute_batch(statement).unwrap();
}

#[test]
fn reading_a_store_that_does_not_exist_reads_the_seed_and_makes_nothing() {
    let folder = Folder::new();
    let live = fetch(&folder.reader()).unwrap();
    assert_eq!(live.state, read(SEED).unwrap().state);
    assert_eq!(live.taken_at, NOW);
    assert_eq!(folder.names(), ["seed.json"]);
    let told = words(fetch(&LocalReader { seed: None, ..folder.reader() }));
    assert!(told.contains("store.db`: it does not exist, and no `seed` says what to make it from"), "{told}");
    let told = words(LocalWriter::open(&folder.path("deep/store.db"), None, NOW));
    assert!(told.contains("no `seed`"), "{told}");
    assert_eq!(folder.names(), ["seed.json"]);
}

#[test]
fn a_store_is_not_made_from_a_part() {
    let folder = Folder::new();
    let seed = fs::read_to_string(folder.path("seed.json")).unwrap();
    let partly = |unread: &str| {
        let whole = seed.strip_suffix("\n}\n").unwrap();
        fs::write(folder.path("seed.json"), format!("{whole},\n  \"unread\": {unread}\n}}\n")).unwrap();
    };
    partly(r#"{"people":["di@acme.com"]}"#);
    for told in [words(fetch(&folder.reader())), words(folder.writer())] {
        assert!(told.contains("seed.json` is not a complete organization: it says under `unread`"), "{told}");
    }
    assert_eq!(folder.names(), ["seed.json"]);
    // Where only pending invitations were not read, nobody is invited in the store: it knows all that it holds.
    partly(r#"{"invitations":true}"#);
    let before = fetch(&folder.reader()).unwrap().state;
    drop(folder.writer().unwrap());
    assert_eq!(fetch(&folder.reader()).unwrap().state, before);
    assert!(before.unread.is_empty());
}

#[test]
fn a_store_keeps_org_roles_that_are_not_known() {
    let folder = Folder::new();
    let seed = fs::read_to_string(folder.path("seed.json")).unwrap().replace("\"billing_admin\"", "\"Boss\"");
    fs::write(folder.path("seed.json"), seed).unwrap();
    let before = fetch(&folder.reader()).unwrap().state;
    let mut writer = folder.writer().unwrap();
    assert_eq!(fetch(&folder.reader()).unwrap().state, before);
    let (user, role) = before.users.iter().find(|(_, user)| !user.role.is_known()).unwrap();
    let change = Change::SetOrgRole { user: user.clone(), from: role.role.clone(), to: OrgRole::Member };
    writer.perform(&change, NOW).unwrap();
    assert_eq!(fetch(&folder.reader()).unwrap().state.users[user].role, OrgRole::Member);
}

#[test]
fn the_first_writer_makes_the_store_from_the_seed() {
    let folder = Folder::new();
    let state = folder.path("made/here/store.db");
    let mut writer = LocalWriter::open(&state, Some(&folder.path("seed.json")), NOW).unwrap();
    writer.perform(&Change::CreateTeam { team: TeamName::new("Ops").unwrap() }, NOW).unwrap();
    drop(writer);
    // From now on the seed does not matter.
    fs::remove_file(folder.path("seed.json")).unwrap();
    let reader = LocalReader { state: state.clone(), seed: Some(folder.path("seed.json")) };
    let live = fetch(&reader).unwrap();
    let mut expected = read(SEED).unwrap().state;
    expected.perform(&Change::CreateTeam { team: TeamName::new("Ops").unwrap() }, NOW).unwrap();
    assert_eq!(live.state, expected);
    assert_eq!(live.team_ids[&TeamName::new("Analysts").unwrap()], 5);
    assert!(live.team_ids[&TeamName::new("Ops").unwrap()] > 5);
    assert_eq!(live.taken_at, NOW);
    drop(LocalWriter::open(&state, None, NOW).unwrap());
}

#[test]
fn reading_does_not_alter_the_file() {
    let folder = Folder::new();
    drop(folder.writer().unwrap());
    let before = fs::read(folder.path("store.db")).unwrap();
    fetch(&folder.reader()).unwrap();
    assert_eq!(fs::read(folder.path("store.db")).unwrap(), before);
}

#[test]
fn one_writer_at_a_time_and_readers_beside_it() {
    let folder = Folder::new();
    let mut first = folder.writer().unwrap();
    let error = folder.writer().unwrap_err();
    assert!(matches!(error, BackendError::Busy(_)), "{error:?}");
    assert!(error.to_string().contains("store.db` is in use by another `accessctl apply`"), "{error}");
    first.perform(&Change::CreateTeam { team: TeamName::new("Ops").unwrap() }, NOW).unwrap();
    assert!(fetch(&folder.reader()).unwrap().state.teams.contains_key("Ops"));
    drop(first);
    folder.writer().unwrap();
}

#[test]
fn a_store_is_never_replaced() {
    let folder = Folder::new();
    let path = folder.path("store.db");
    Store::create(&path, &read(SEED).unwrap()).unwrap();
    let before = fs::read(&path).unwrap();
    let told = words(Store::create(&path, &read(SEED).unwrap()));
    assert!(told.contains("cannot make local store"), "{told}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn the_log_of_a_removed_store_does_not_enter_a_new_one() {
    let folder = Folder::new();
    let mut writer = folder.writer().unwrap();
    writer.perform(&Change::CreateTeam { team: TeamName::new("Gone").unwrap() }, NOW).unwrap();
    // The files as a killed writer leaves them, and a draft of one killed earlier; then only the store is removed.
    let log = fs::read(folder.path("store.db-wal")).unwrap();
    assert!(!log.is_empty());
    drop(writer);
    fs::remove_file(folder.path("store.db")).unwrap();
    fs::write(folder.path("store.db-wal"), log).unwrap();
    fs::write(folder.path("store.db.new"), "half a draft").unwrap();
    drop(folder.writer().unwrap());
    assert_eq!(fetch(&folder.reader()).unwrap().state, read(SEED).unwrap().state);
    assert!(!folder.path("store.db.new").exists());
}

#[test]
fn files_that_are_no_store_are_refused_and_left_alone() {
    let folder = Folder::new();
    let path = folder.path("store.db");
    let noise: Vec<u8> = (0..9000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (content, expected) in [
        (Vec::new(), "it is a database of something else"),
        (SEED.as_bytes().to_vec(), "file is not a database"),
        (noise, "file is not a database"),
    ] {
        fs::write(&path, &content).unwrap();
        for told in [words(fetch(&folder.reader())), words(folder.writer())] {
            assert!(told.contains("cannot open local store `") && told.contains(expected), "{told}");
        }
        assert_eq!(fs::read(&path).unwrap(), content);
    }
    fs::remove_file(&path).unwrap();
    rusqlite::Connection::open(&path).unwrap().execute_batch("CREATE TABLE x (y)").unwrap();
    let told = words(fetch(&folder.reader()));
    assert!(told.contains("it is a database of something else"), "{told}");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    for told in [words(fetch(&folder.reader())), words(folder.writer())] {
        assert!(told.contains("it is not a file"), "{told}");
    }
}

#[test]
fn a_store_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    drop(folder.writer().unwrap());
    edit_by_hand(&folder.path("store.db"), "PRAGMA user_version = 2");
    let told = words(fetch(&folder.reader()));
    assert!(told.contains("it has version 2 and this accessctl knows version 1"), "{told}");
}

#[test]
fn a_damaged_store_is_an_error_wherever_the_damage_is() {
    let folder = Folder::new();
    drop(folder.writer().unwrap());
    let path = folder.path("store.db");
    let whole = fs::read(&path).unwrap();
    let sound = fetch(&folder.reader()).unwrap();
    for pages in 1..whole.len() / 4096 {
        fs::write(&path, &whole[..pages * 4096]).unwrap();
        // A page less is noticed, whichever it is.
        let told = words(fetch(&folder.reader()));
        assert!(told.contains("local store `"), "{told}");
    }
    for at in (0..whole.len()).step_by(512) {
        let mut damaged = whole.clone();
        damaged[at..at + 512].fill(0xa5);
        fs::write(&path, &damaged).unwrap();
        // Damage in unused space or in an index that is not read is not noticed; it never changes what is read.
        match fetch(&folder.reader()) {
            Ok(live) => assert_eq!(live, sound, "damage at {at}"),
            Err(error) => assert!(words::<()>(Err(error)).contains("local store `")),
        }
    }
}

#[test]
fn edits_by_hand_show() {
    let folder = Folder::new();
    drop(folder.writer().unwrap());
    let path = folder.path("store.db");
    edit_by_hand(
        &path,
        "UPDATE grants SET role = 'admin' WHERE user = (SELECT id FROM users WHERE email = 'bo@acme.com');
         INSERT INTO users (email, role, status) VALUES ('eve@acme.com', 'admin', 'active');
         DELETE FROM users WHERE email = 'cy@agency.com';
         UPDATE teams SET name = 'People' WHERE name = 'Empty';",
    );
    let mut expected = read(SEED).unwrap().state;
    let (bo, cy) = (Email::new("bo@acme.com").unwrap(), Email::new("cy@agency.com").unwrap());
    let project = *expected.projects.keys().nth(1).unwrap();
    let admin = accessctl::model::BuiltInRole::Admin.into();
    expected
        .perform(
            &Change::SetGrant {
                user: bo.clone(),
                project,
                from: expected.grants.get(&(bo, project)).cloned(),
                to: admin,
            },
            NOW,
        )
        .unwrap();
    expected.perform(&Change::CancelInvite { user: cy }, NOW).unwrap();
    let active =
        accessctl::model::User { role: OrgRole::Admin, status: accessctl::model::Status::Active, last_active: None };
    expected.users.insert(Email::new("eve@acme.com").unwrap(), active);
    let rename = Change::RenameTeam { from: TeamName::new("Empty").unwrap(), to: TeamName::new("People").unwrap() };
    expected.perform(&rename, NOW).unwrap();
    assert_eq!(fetch(&folder.reader()).unwrap().state, expected);
}

#[test]
fn careless_edits_by_hand_are_told() {
    let cases = [
        ("INSERT INTO team_members VALUES (5, 99)", "a member of team number 5 is user number 99, who is not there"),
        ("INSERT INTO team_members VALUES (4, 1)", "team number 4 has members or roles and is not there"),
        ("INSERT INTO team_roles VALUES (99, 11, 'admin')", "team number 99 has members or roles and is not there"),
        ("INSERT INTO grants VALUES (99, 11, 'admin')", "a grant on project 11 is of user number 99, who is not there"),
        ("INSERT INTO grants VALUES (1, 33, 'admin')", "the grant of `ana@acme.com` is on project 33"),
        (
            "UPDATE grants SET role = 'viewer'",
            "the grant of `bo@acme.com` has the role `viewer`, which project 22 does not",
        ),
        ("UPDATE users SET email = 'bo@nowhere' WHERE id = 2", "user `bo@nowhere`: the part after the `@`"),
        ("UPDATE users SET last_active = 'now' WHERE id = 2", "user `bo@acme.com` has the time `now`"),
        ("DELETE FROM organization", "it does not say which organization it is"),
        ("DELETE FROM projects WHERE id = 11", "team number 5 is on project 11, which the organization does not have"),
    ];
    for (statement, expected) in cases {
        let folder = Folder::new();
        drop(folder.writer().unwrap());
        edit_by_hand(&folder.path("store.db"), statement);
        let told = words(fetch(&folder.reader()));
        assert!(told.contains("store.db` is not a complete organization: ") && told.contains(expected), "{told}");
    }
    let folder = Folder::new();
    drop(folder.writer().unwrap());
    let connection = rusqlite::Connection::open(folder.path("store.db")).unwrap();
    for refused in [
        "UPDATE users SET role = ' '",
        "UPDATE users SET email = 'Bo@acme.com' WHERE id = 2",
        "UPDATE users SET email = 'bo@acme.com'",
        "INSERT INTO teams (name) VALUES (' ')",
        "INSERT INTO organization VALUES (2, 8, 'Other')",
        "INSERT INTO projects VALUES ('web', 'Web', NULL)",
    ] {
        assert!(connection.execute_batch(refused).is_err(), "{refused}");
    }
}

/// The code blocks of a document that are in `language`.
fn blocks(document: &str, language: &str) -> Vec<String> {
    let fence = format!("```{language}\n");
    document.split(&fence).skip(1).map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_documents_are_true() {
    let snapshots = include_str!("../docs/snapshot.md");
    let [json] = &blocks(snapshots, "json")[..] else { panic!("one example") };
    assert_eq!(write(&read(json).unwrap()), *json);
    let [yaml] = &blocks(snapshots, "yaml")[..] else { panic!("one example") };
    snapshot::read_yaml(yaml.as_bytes(), "the example", NOW, &mut Interner::default()).unwrap();

    let folder = Folder::new();
    let path = folder.path("store.db");
    let mut store = Store::create(&path, &read(json).unwrap()).unwrap();
    let statements = blocks(include_str!("../docs/local-store.md"), "sql");
    assert_eq!(statements.len(), 3);
    for statement in statements {
        let before = store.fetch(NOW, &mut Interner::default()).unwrap();
        edit_by_hand(&path, &statement);
        assert_ne!(store.fetch(NOW, &mut Interner::default()).unwrap(), before, "{statement}");
    }
    let live = store.fetch(NOW, &mut Interner::default()).unwrap().state;
    let members: Vec<&str> = live.teams["Analysts"].members.iter().map(Email::as_str).collect();
    assert_eq!(members, ["ana@acme.com", "cy@agency.com", "eve@other.org"]);
    assert!(live.grants.is_empty() && !live.users.contains_key("bo@acme.com"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_state_survives_both_forms(state in support::state()) {
        let snapshot = Snapshot { taken_at: NOW, state, team_ids: Default::default(), acting: None, applied: None };
        let text = write(&snapshot);
        prop_assert_eq!(&read(&text).unwrap(), &snapshot);
        // JSON is YAML.
        let yaml = snapshot::read_yaml(text.as_bytes(), "the text", NOW, &mut Interner::default()).unwrap();
        prop_assert_eq!(&yaml, &snapshot);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut store = Store::create(&path, &snapshot).unwrap();
        let live = store.fetch(NOW, &mut Interner::default()).unwrap();
        prop_assert_eq!(&live.state, &snapshot.state);
        prop_assert_eq!(live.team_ids.len(), snapshot.state.teams.len());
        let copy = folder.path().join("copy.db");
        let copied = Store::create(&copy, &live).unwrap().fetch(NOW, &mut Interner::default()).unwrap();
        prop_assert_eq!(copied, live);
    }
}
