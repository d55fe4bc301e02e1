//! Snapshots and the local store as files: what is written is read again, and damage is an error that says what is wrong.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use accessctl::backend::local::{LocalReader, LocalWriter, Store};
use accessctl::backend::snapshot::{self, SnapshotFile};
use accessctl::backend::{BackendError, LiveReader, LiveWriter, Snapshot};
use accessctl::change::Change;
use accessctl::model::{Email, Interner, OrgRole, TeamName};
use jiff::Timestamp;
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
use tempfile::TempDir;

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

const SEED: &str = r#"{
  "format": "accessctl.snapshot/1",
  "taken_at": "2026-11-21T09:00:00Z",
  "organization": {"id":7654321,"name":"Acme"},
  "projects": [
    {"id":11,"name":"Web","everyone":"consumer","roles":["Data Steward"]},
    {"id":22,"name":"iOS","roles":[]}
  ],
  "users": [
    {"email":"ana@acme.com","role":"owner","status":"active","last_active":"2026-11-20T08:30:00.25Z"},
    {"email":"bo@acme.com","role":"member","status":"active"},
    {"email":"cy@agency.com","role":"billing_admin","status":"invited","invited_at":"2026-11-01T00:00:00Z"}
  ],
  "teams": [
    {"id":5,"name":"Analysts","members":[
      "ana@acme.com",
      "cy@agency.com"
    ],"projects":[
      {"id":11,"role":"Data Steward"}
    ]},
    {"name":"Empty","members":[],"projects":[]}
  ],
  "grants": [
    {"user":"bo@acme.com","project":22,"role":"analyst"}
  ]
}
"#;

const YAML_SEED: &str = "
format: accessctl.snapshot/1
taken_at: 2026-11-21T09:00:00Z
organization: { id: 7654321, name: Acme }
projects:
  - { id: 11, name: Web, everyone: consumer, roles: [Data Steward] }
  - { id: 22, name: iOS }
users:
  - { email: Ana@acme.com, role: owner, status: active, last_active: 2026-11-20T08:30:00.25Z }
  - { email: bo@acme.com, role: member, status: active }
  - { email: cy@agency.com, role: billing_admin, status: invited, invited_at: 2026-11-01T00:00:00Z }
teams:
  - { id: 5, name: Analysts, members: [ana@acme.com, cy@agency.com], projects: [{ id: 11, role: Data Steward }] }
  - { name: Empty, members: [], projects: [] }
grants:
  - { user: bo@acme.com, project: 22, role: analyst }
";

fn read(text: &str) -> Result<Snapshot, BackendError> {
    snapshot::read(text.as_bytes(), "the text", NOW, &mut Interner::default())
}

fn write(snapshot: &Snapshot) -> String {
    let mut bytes = Vec::new();
    snapshot::write(snapshot, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn fetch(reader: &dyn LiveReader) -> Result<Snapshot, BackendError> {
    reader.fetch(NOW, &mut Interner::default())
}

/// A message with its causes, as the command line shows it.
fn words<T>(result: Result<T, BackendError>) -> String {
    let error = result.err().expect("an error");
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}

/// A folder with a seed in it and a store yet to be made.
struct Folder {
    folder: TempDir,
}

impl Folder {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("seed.json"), SEED).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn reader(&self) -> LocalReader {
        LocalReader { state: self.path("store.db"), seed: Some(self.path("seed.json")) }
    }

    fn writer(&self) -> Result<LocalWriter, BackendError> {
        LocalWriter::open(&self.path("store.db"), Some(&self.path("seed.json")), NOW)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

/// Edits a store as a person with a database shell does: foreign keys are off there.
fn edit_by_hand(path: &Path, statement: &str) {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    connection.execute_batch(statement).unwrap();
}

#[test]
fn a_snapshot_is_written_as_it_was_read() {
    assert_eq!(write(&read(SEED).unwrap()), SEED);
}

#[test]
fn a_seed_may_be_yaml() {
    let yaml = snapshot::read_yaml(YAML_SEED.as_bytes(), "the text", NOW, &mut Interner::default()).unwrap();
    assert_eq!(write(&yaml), SEED);
}

#[test]
fn a_seed_without_a_time_is_of_now() {
    let text = SEED.replace("  \"taken_at\": \"2026-11-21T09:00:00Z\",\n", "");
    assert_eq!(read(&text).unwrap().taken_at, NOW);
}

#[test]
fn names_of_strangers_cannot_act_on_a_terminal() {
    let text = SEED.replace("\"Acme\"", r#""A\u001b[2J\u009b\u202e\ud83d\ude00\udb40\udc41é""#);
    let snapshot = read(&text).unwrap();
    assert_eq!(snapshot.state.organization.name, "A\u{1b}[2J\u{9b}\u{202e}😀\u{e0041}é");
    let written = write(&snapshot);
    assert!(written.contains(r#""A\u001b[2J\u009b\u202e😀\udb40\udc41é""#), "{written}");
    assert_eq!(read(&written).unwrap(), snapshot);
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let bo = "{\"email\":\"bo@acme.com\",\"role\":\"member\",\"status\":\"active\"}";
    let cases = [
        (String::new(), "it is empty"),
        (" \n ".to_owned(), "it is empty"),
        ("<!doctype html><title>Log in</title>".to_owned(), "it is HTML or XML"),
        (SEED[..SEED.len() / 2].to_owned(), "it is cut off"),
        (format!("{SEED}{{}}"), "trailing characters at line 27 column 1"),
        ("[]".to_owned(), "line 1 column"),
        (SEED.replace("snapshot/1", "snapshot/2"), "it has the form `accessctl.snapshot/2`"),
        (r#"{"format":"accessctl.plan/1","changes":[]}"#.to_owned(), "it has the form `accessctl.plan/1`"),
        (r#"{"changes":[]}"#.to_owned(), "unknown field `changes`"),
        (SEED.replace("\"status\":\"active\"}", "\"status\":\"active\",\"nick\":1}"), "unknown field `nick`"),
        (SEED.replace("  \"grants\": [\n", "  \"grants\": [], \"grants\": [\n"), "duplicate field `grants` at line 23"),
        (SEED.replace("\"members\":[],", ""), "missing field `members` at line 21"),
        (SEED.replace("\"members\":[],", "\"members\":null,"), "invalid type: null, expected a sequence at line 21"),
        (SEED.replace("\"billing_admin\"", "\"Owner\""), "unknown variant `Owner`, expected one of `owner`"),
        (SEED.replace("\"invited\"", "\"pending\""), "unknown variant `pending`"),
        (SEED.replace("\"id\":11,\"name\"", "\"id\":-11,\"name\""), "invalid value: integer `-11`"),
        (SEED.replace("7654321", "76543210987654321098"), "line 4 column"),
        (SEED.replace("7654321", "0"), "organization 0: an id is a whole number"),
        (SEED.replace("\"id\":22,", "\"id\":11,"), "project 11 is listed twice"),
        (
            SEED.replace("\"Data Steward\"]", "\"Data Steward\",\" Data Steward\"]"),
            "project 11 has the role `Data Steward` twice",
        ),
        (SEED.replace("\"Data Steward\"]", "\"Data Steward\",\"admin\"]"), "custom role called `admin`"),
        (
            SEED.replace("\"everyone\":\"consumer\"", "\"everyone\":\"viewer\""),
            "everyone has the role `viewer`, which project 11 does not define",
        ),
        (SEED.replace(bo, &format!("{bo},{}", bo.replace("bo@", "BO@"))), "user `bo@acme.com` is listed twice"),
        (
            SEED.replace("\"email\":\"bo@acme.com\"", "\"email\":\"bo\""),
            "user `bo`: an e-mail address has exactly one `@`",
        ),
        (SEED.replace("2026-11-20T08:30:00.25Z", "yesterday"), "`last_active` of user `ana@acme.com` is `yesterday`"),
        (SEED.replace("\"invited\"", "\"active\""), "user `cy@agency.com` is active and has an `invited_at`"),
        (SEED.replace("\"Empty\"", "\" Analysts \""), "team `Analysts` is listed twice"),
        (SEED.replace("\"Empty\"", "\" \""), "a team has no name"),
        (
            SEED.replace("{\"name\":\"Empty\"", "{\"id\":5,\"name\":\"Empty\""),
            "team `Empty` has the id 5, which another team has too",
        ),
        (
            SEED.replace("      \"cy@agency.com\"", "      \"ANA@acme.com\""),
            "`ana@acme.com` is in team `Analysts` twice",
        ),
        (
            SEED.replace("      \"cy@agency.com\"", "      \"di@acme.com\""),
            "team `Analysts` names `di@acme.com`, who is no user",
        ),
        (
            SEED.replace("{\"id\":11,\"role\"", "{\"id\":33,\"role\""),
            "team `Analysts` is on project 33, which the organization does not have",
        ),
        (SEED.replace("\"project\":22", "\"project\":33"), "the grant of `bo@acme.com` is on project 33"),
        (SEED.replace("{\"user\":\"bo@acme.com\"", "{\"user\":\"bb@acme.com\""), "names `bb@acme.com`, who is no user"),
        (
            SEED.replace(
                "\"role\":\"analyst\"}",
                "\"role\":\"analyst\"},{\"user\":\"bo@acme.com\",\"project\":22,\"role\":\"admin\"}",
            ),
            "`bo@acme.com` has two grants on project 22",
        ),
    ];
    for (text, expected) in cases {
        assert_ne!(text, SEED, "the case for {expected} changes nothing");
        let words = words(read(&text));
        assert!(words.starts_with("the text is not a complete organization: "), "{words}");
        assert!(words.contains(expected), "expected {expected}, got {words}");
    }
}

#[test]
fn all_that_is_wrong_is_told_at_once_up_to_a_limit() {
    let text = SEED.replace("\"email\":\"bo@acme.com\"", "\"email\":\"bo\"").replace("\" \"", "\"\"");
    let told = words(read(&text));
    assert!(told.contains("user `bo`") && told.contains("names `bo@acme.com`, who is no user"), "{told}");
    let many: Vec<_> =
        (0..100).map(|at| format!("{{\"user\":\"u{at}@acme.com\",\"project\":22,\"role\":\"admin\"}},")).collect();
    let told = words(read(&SEED.replace("\"grants\": [\n", &format!("\"grants\": [{}\n", many.concat()))));
    assert!(
        told.contains("u19@acme.com") && !told.contains("u20@acme.com") && told.ends_with("; and 80 more"),
        "{told}"
    );
}

#[test]
fn a_yaml_seed_is_as_strict() {
    let read = |text: &str| words(snapshot::read_yaml(text.as_bytes(), "the text", NOW, &mut Interner::default()));
    let cases = [
        (YAML_SEED.replace("grants:\n", "users: []\ngrants:\n"), "duplicate"),
        (YAML_SEED.replace("members: []", "members:"), "line 14"),
        (YAML_SEED.replace("members: []", "member: []"), "member"),
        (YAML_SEED.replace("snapshot/1", "snapshot/9"), "it has the form `accessctl.snapshot/9`"),
        (YAML_SEED.replace("role: analyst", "role: viewer"), "the grant of `bo@acme.com` has the role `viewer`"),
        (format!("{YAML_SEED}---\n{YAML_SEED}"), "document"),
        (
            format!(
                "a: &a [x]\nb: &b [{0}]\nc: &c [{1}]\nd: [{2}]\n",
                "*a,".repeat(999),
                "*b,".repeat(999),
                "*c,".repeat(999)
            ),
            "a",
        ),
        ("[".repeat(100_000), "recursion limit exceeded at line 1"),
    ];
    for (text, expected) in cases {
        let words = read(&text);
        assert!(words.contains(expected), "expected {expected}, got {words}");
        assert!(!words.contains('\n'), "one line, as it may be shown in a sentence: {words}");
    }
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = Folder::new();
    let load = |path: PathBuf| words(fetch(&SnapshotFile { path }));
    let missing = load(folder.path("none.json"));
    assert!(missing.starts_with("cannot read snapshot `") && missing.contains("none.json`: No such file"), "{missing}");
    let directory = load(folder.folder.path().to_owned());
    assert!(directory.contains("directory"), "{directory}");
    fs::write(folder.path("latin.json"), b"{\"format\": \"\xe9\"}").unwrap();
    let latin = load(folder.path("latin.json"));
    assert!(
        latin.contains("latin.json` is not a complete organization: it is not UTF-8 text (byte 12 is not)"),
        "{latin}"
    );
    // A file with a hole has the size without taking the space.
    fs::File::create(folder.path("huge.json")).unwrap().set_len((1 << 30) + 1).unwrap();
    let huge = load(folder.path("huge.json"));
    assert!(huge.contains("it has more than 1073741824 bytes"), "{huge}");
    let mut with_bom = b"\xef\xbb\xbf".to_vec();
    with_bom.extend(SEED.as_bytes());
    fs::write(folder.path("bom.json"), with_bom).unwrap();
    assert_eq!(fetch(&SnapshotFile { path: folder.path("bom.json") }).unwrap(), read(SEED).unwrap());
    fs::write(folder.path("seed.yml"), YAML_SEED).unwrap();
    assert_eq!(fetch(&SnapshotFile { path: folder.path("seed.yml") }).unwrap(), read(SEED).unwrap());
}

#[test]
fn saving_replaces_a_file_whole_or_not_at_all() {
    let folder = Folder::new();
    let snapshot = read(SEED).unwrap();
    fs::write(folder.path("live.json"), "old").unwrap();
    snapshot::save(&folder.path("live.json"), &snapshot).unwrap();
    assert_eq!(fs::read_to_string(folder.path("live.json")).unwrap(), SEED);
    fs::create_dir(folder.path("folder")).unwrap();
    let told = words(snapshot::save(&folder.path("folder"), &snapshot));
    assert!(told.starts_with("cannot write snapshot `"), "{told}");
    let told = words(snapshot::save(&folder.path("nowhere/live.json"), &snapshot));
    assert!(told.contains("No such file"), "{told}");
    assert_eq!(folder.names(), ["folder", "live.json", "seed.json"]);
}

#[test]
fn the_schema_is_committed_and_tells_right_from_wrong() {
    let schema = snapshot::schema();
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    snapbox::assert_data_eq!(text, snapbox::file!["../schema/snapshot.schema.json"].raw());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let is_valid = |text: &str| validator.is_valid(&serde_json::from_str(text).unwrap());
    assert!(is_valid(SEED));
    let wrong = [
        SEED.replace("snapshot/1", "snapshot/2"),
        SEED.replace("\"billing_admin\"", "\"Owner\""),
        SEED.replace("\"members\":[],", ""),
        SEED.replace("\"members\":[],", "\"members\":null,"),
        SEED.replace("7654321", "0"),
        SEED.replace("\"Empty\"", "\"\""),
        SEED.replace("\"status\":\"active\"}", "\"status\":\"active\",\"nick\":1}"),
    ];
    for text in wrong {
        assert!(!is_valid(&text), "{text}");
        assert!(read(&text).is_err(), "{text}");
    }
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
    assert!(error.to_string().contains("store.db` is in use by another apply"), "{error}");
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
        "UPDATE users SET role = 'boss'",
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
        let snapshot = Snapshot { taken_at: NOW, state, team_ids: Default::default() };
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
