//! The snapshot form: what is written is read again, and what is no whole organization is refused with a reason.

mod support;

use std::fs;
use std::path::PathBuf;

use accessctl::backend::snapshot::{self, SnapshotFile};
use accessctl::fingerprint::fingerprint;
use accessctl::model::{Acting, Interner, OrgRole};
use support::files::{Folder, NOW, SEED, fetch, read, words, write};

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
        (SEED.replace("\"billing_admin\"", "\" \""), "user `cy@agency.com` has an org role without a name"),
        (partly(r#"{"teams":true}"#), "teams were not read, and there are some"),
        (partly(r#"{"projects":[33]}"#), "project 33 was not read and is not there"),
        (partly(r#"{"projects":[11]}"#), "the default role of project 11 was not read, and it has one"),
        (partly(r#"{"projects":[22,22]}"#), "project 22 is twice among the unread"),
        (partly(r#"{"projects":[0]}"#), "project 0 among the unread: an id is"),
        (partly(r#"{"people":["Bo@acme.com"]}"#), "`bo@acme.com` is in no list that was read, and is a user"),
        (partly(r#"{"people":["di@acme.com","di@acme.com"]}"#), "`di@acme.com` is twice among the unread"),
        (partly(r#"{"people":["di"]}"#), "`di` among the unread: an e-mail address"),
        (partly(r#"{"users":true}"#), "unknown field `users`"),
        (read_by(r#"{"account":" "}"#), "the acting account has an empty name"),
        (read_by(r#"{"role":""}"#), "the acting account has an org role without a name"),
        (read_by(r#"{"role":"admin","secret":"x"}"#), "unknown field `secret`"),
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

/// The seed with a word about what was not read.
fn partly(unread: &str) -> String {
    let whole = SEED.strip_suffix("\n}\n").expect("the seed ends so");
    format!("{whole},\n  \"unread\": {unread}\n}}\n")
}

#[test]
fn what_was_not_read_is_written_and_read() {
    let written = r#"{"invitations":true,"teams":false,"projects":[],"people":["di@acme.com"]}"#;
    let text = partly(written);
    let snapshot = read(&text).unwrap();
    assert!(snapshot.state.unread.invitations && snapshot.state.unread.people.len() == 1);
    assert_eq!(write(&snapshot), text);
    assert_ne!(fingerprint(&snapshot.state), fingerprint(&read(SEED).unwrap().state));
}

/// The seed with what the last apply left: bo had no grant yet.
fn applied(taken_at: &str, role: &str) -> String {
    let whole = SEED.strip_suffix("\n}\n").expect("the seed ends so");
    format!(
        "{whole},\n  \"applied\": {{\n    \"taken_at\": \"{taken_at}\",\n    \"projects\": [\n      \
         {{\"id\":22,\"name\":\"iOS\",\"roles\":[]}}\n    ],\n    \"users\": [\n      \
         {{\"email\":\"bo@acme.com\",\"role\":\"{role}\",\"status\":\"active\"}}\n    ],\n    \"teams\": [\n      \
         {{\"name\":\"Old\",\"members\":[\n        \"bo@acme.com\"\n      ],\"projects\":[]}}\n    ],\n    \
         \"grants\": [],\n    \"unread\": {{\"invitations\":true,\"teams\":false,\"projects\":[],\"people\":[]}}\n  \
         }}\n}}\n"
    )
}

#[test]
fn what_the_last_apply_left_is_written_and_read() {
    let text = applied("2026-11-20T21:00:00Z", "member");
    let snapshot = read(&text).unwrap();
    assert_eq!(write(&snapshot), text);
    let left = snapshot.applied.as_ref().unwrap();
    assert_eq!(left.taken_at, "2026-11-20T21:00:00Z".parse().unwrap());
    assert_eq!(left.state.organization, snapshot.state.organization);
    assert_eq!((left.state.users.len(), left.state.teams.len(), left.state.grants.len()), (1, 1, 0));
    assert!(left.state.unread.invitations && !snapshot.state.unread.invitations);
    // The live side is the same with or without it.
    assert_eq!(snapshot.state, read(SEED).unwrap().state);
    for (text, expected) in [
        (applied("yesterday", "member"), "`taken_at` is `yesterday`; expected a time"),
        (applied("2026-11-20T21:00:00Z", ""), "user `bo@acme.com` has an org role without a name"),
        (text.replace("\"Old\"", "\"Old\",\"old\":1"), "unknown field `old`"),
        (text.replace("    \"grants\": [],\n", ""), "missing field `grants`"),
    ] {
        let told = words(read(&text));
        assert!(told.contains(expected), "{told}");
    }
    let told = words(read(&applied("yesterday", "member")));
    assert!(told.starts_with("what the last apply left, in the text, is not a complete organization: "), "{told}");
}

/// The seed with the account that read it.
fn read_by(acting: &str) -> String {
    SEED.replace("  \"projects\": [\n    {", &format!("  \"acting\": {acting},\n  \"projects\": [\n    {{"))
}

#[test]
fn the_acting_account_is_written_and_read() {
    let by = |account: Option<&str>, role| Some(Acting { account: account.map(str::to_owned), role });
    for (written, expected) in [
        (
            r#"{"account":"ci.x1y2.mp-service-account","role":"admin"}"#,
            by(Some("ci.x1y2.mp-service-account"), Some(OrgRole::Admin)),
        ),
        (r#"{"account":"ana@acme.com"}"#, by(Some("ana@acme.com"), None)),
        (r#"{"role":"Boss"}"#, by(None, OrgRole::read("Boss"))),
    ] {
        let text = read_by(written);
        let snapshot = read(&text).unwrap();
        assert_eq!(snapshot.acting, expected);
        assert_eq!(write(&snapshot), text);
    }
    assert_eq!(read(SEED).unwrap().acting, None);
    assert_eq!(write(&read(&read_by("{}")).unwrap()), SEED);
    let user = |account: &str| by(Some(account), None).unwrap().user();
    assert_eq!(user("Ana@acme.com").as_deref(), Some("ana@acme.com"));
    assert_eq!(user("ci.x1y2.mp-service-account"), None);
}

#[test]
fn a_store_made_from_a_snapshot_knows_no_acting_account() {
    let folder = Folder::new();
    std::fs::write(folder.path("seed.json"), read_by(r#"{"account":"ana@acme.com","role":"admin"}"#)).unwrap();
    assert_eq!(fetch(&folder.reader()).unwrap().acting, None);
}

#[test]
fn an_org_role_that_is_not_known_is_kept() {
    let text = SEED.replace("\"billing_admin\"", "\" Boss \"");
    let snapshot = read(&text).unwrap();
    assert_eq!(write(&snapshot), text);
    let roles: Vec<_> =
        snapshot.state.unknown_org_roles().into_iter().map(|(role, users)| (role.as_str(), users.len())).collect();
    assert_eq!(roles, [(" Boss ", 1)]);
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

#[cfg(unix)]
#[test]
fn saving_to_a_device_leaves_the_device() {
    let folder = Folder::new();
    let (snapshot, link) = (read(SEED).unwrap(), folder.path("nothing.json"));
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    snapshot::save(&link, &snapshot).unwrap();
    assert_eq!(fs::read_link(&link).unwrap(), PathBuf::from("/dev/null"));
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
        SEED.replace("\"billing_admin\"", "\"\""),
        partly(r#"{"projects":[0]}"#),
        partly(r#"{"grants":true}"#),
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
