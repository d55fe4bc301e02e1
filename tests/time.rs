//! Time on the command line: the same bytes on every machine, `--at`, and what ends soon.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use accessctl::render::{findings, json};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Two organizations whose days begin a whole day apart.
const WORLD: &str = r#"version: 1
org: { key: east, id: 1, name: East, timezone: Pacific/Kiritimati, backend: { type: local, state: east.db, seed: live/east.json } }
users:
  ana@acme.com: owner
  dee@acme.com: owner
  cy@agency.com: { role: member, until: 2026-12-31, reason: dashboards, ticket: IT-1, sponsor: ana@acme.com }
projects: { web: 11, ios: 22 }
project_groups: { all: [web, ios] }
grants:
  - { user: dee@acme.com, project: "@all", role: admin, until: 2026-12-31T12:00:00+02:00 }
---
version: 1
org: { key: west, id: 2, name: West, timezone: Pacific/Honolulu, backend: { type: local, state: west.db, seed: live/west.json } }
users:
  ana@acme.com: owner
  dee@acme.com: owner
  cy@agency.com: { role: member, until: 2026-12-31 }
"#;

fn world() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("access.yaml"), WORLD).unwrap();
    fs::create_dir(folder.path().join("live")).unwrap();
    for (key, id) in [("east", 1), ("west", 2)] {
        let user = |email: &str, role: &str| json!({ "email": email, "role": role, "status": "active" });
        let grant = |project: u64| json!({ "user": "dee@acme.com", "project": project, "role": "admin" });
        let live = json!({
            "format": "accessctl.snapshot/1",
            "organization": { "id": id, "name": key },
            "projects": [{ "id": 11, "name": "Web" }, { "id": 22, "name": "iOS" }],
            "users": [user("ana@acme.com", "owner"), user("cy@agency.com", "member"), user("dee@acme.com", "owner")],
            "teams": [],
            "grants": if id == 1 { vec![grant(11), grant(22)] } else { Vec::new() },
        });
        fs::write(folder.path().join(format!("live/{key}.json")), live.to_string()).unwrap();
    }
    folder
}

fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_accessctl"))
        .args(arguments)
        .arg("access.yaml")
        .current_dir(folder)
        .env_clear()
        .env("ACCESSCTL_JOURNAL", folder.join(".journal"))
        .env("XDG_STATE_HOME", folder.join(".state"))
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

/// What `arguments` print, which must succeed.
fn shown(folder: &Path, arguments: &[&str]) -> String {
    let output = run(folder, arguments, &[]);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn document(folder: &Path, arguments: &[&str], schema: &Value) -> Value {
    let document: Value = serde_json::from_str(&shown(folder, arguments)).unwrap();
    let problems: Vec<_> =
        jsonschema::validator_for(schema).unwrap().iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{problems:?}");
    document
}

#[test]
fn the_zone_and_the_zones_of_the_machine_do_not_matter() {
    let folder = world();
    for (command, format) in
        [("plan", "text"), ("plan", "json"), ("plan", "diff"), ("validate", "text"), ("validate", "json")]
    {
        let arguments = [command, "--format", format, "--at", "2027-01-01"];
        let texts: Vec<String> = [
            &[][..],
            &[("TZ", "Pacific/Apia")],
            &[("TZ", "America/St_Johns"), ("TZDIR", "/nowhere")],
            &[("TZ", ":/etc/localtime"), ("LANG", "de_DE.UTF-8")],
            &[("TZ", "nonsense")],
        ]
        .into_iter()
        .map(|environment| {
            let output = run(folder.path(), &arguments, environment);
            assert!(output.status.success(), "{output:?}");
            let text = String::from_utf8(output.stdout).unwrap();
            // The moment of the run, and the digest, which is of that too.
            let without = |text: String, member: &str| {
                let found = text.split_once(&format!("\"{member}\":\""));
                match found.and_then(|(head, rest)| Some((head, rest.split_once('"')?.1))) {
                    Some((head, tail)) if format == "json" => format!("{head}{tail}"),
                    Some(_) | None => text,
                }
            };
            without(without(text, "created_at"), "digest")
        })
        .collect();
        assert!(texts.iter().all(|text| *text == texts[0]), "{arguments:?}: {texts:#?}");
    }
}

#[test]
fn a_day_begins_in_each_organizations_own_zone() {
    let folder = world();
    let plan = |at: &str| document(folder.path(), &["plan", "--format", "json", "--at", at], &json::schema());
    let day = plan("2027-01-01");
    assert_eq!(day["as_of"], "2026-12-31T10:00:00Z");
    assert_eq!(day["orgs"][0]["as_of"], "2026-12-31T10:00:00Z");
    assert_eq!(day["orgs"][1]["as_of"], "2027-01-01T10:00:00Z");
    // In both the last day is over. The grant that has a moment for its end was over at noon.
    let kinds = |plan: &Value, org: usize| -> Vec<String> {
        let changes = plan["orgs"][org]["changes"].as_array().unwrap();
        changes.iter().map(|change| change["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(kinds(&day, 0), ["remove_grant", "remove_grant", "remove_user"]);
    assert_eq!(kinds(&day, 1), ["remove_user"]);
    // At one moment it is over in one of them only.
    let moment = plan("2027-01-01T00:00:00+14:00");
    assert_eq!(moment["orgs"][1]["as_of"], "2026-12-31T10:00:00Z");
    assert_eq!(kinds(&moment, 0).len(), 3);
    assert_eq!(kinds(&moment, 1), [""; 0]);
    let removal = &day["orgs"][0]["changes"][2];
    assert_eq!(removal["origin"], "expiry");
    assert_eq!(removal["why"], "expired");
    assert_eq!(removal["source"], json!({ "path": "access.yaml", "line": 6, "column": 41 }));
    assert_eq!((&removal["until"], &removal["ends_at"]), (&json!("2026-12-31"), &json!("2026-12-31T10:00:00Z")));
    assert_eq!(removal["ticket"], "IT-1");
}

#[test]
fn what_ends_soon_is_listed_until_the_plan_takes_it() {
    let folder = world();
    let expiring = |arguments: &[&str]| {
        let plan = document(folder.path(), &[&["plan", "--format", "json"], arguments].concat(), &json::schema());
        plan["orgs"][0]["expiring"].clone()
    };
    let soon = expiring(&["--at", "2026-12-20"]);
    assert_eq!(
        soon[1],
        json!({
            "state": "ends_soon", "kind": "grant", "user": "dee@acme.com", "team": null, "projects": ["web", "ios"],
            "role": "admin", "until": "2026-12-31T10:00:00Z", "ends_at": "2026-12-31T10:00:00Z",
            "source": { "path": "access.yaml", "line": 10, "column": 64 },
            "reason": null, "ticket": null, "approved_by": [], "sponsor": null,
        })
    );
    assert_eq!((&soon[0]["kind"], &soon[0]["until"]), (&json!("user"), &json!("2026-12-31")));
    assert_eq!(expiring(&["--at", "2026-12-01"]), json!([]));
    assert_eq!(expiring(&["--at", "2026-12-01", "--expiring-within", "5w"]).as_array().unwrap().len(), 2);
    assert_eq!(expiring(&["--at", "2026-12-20", "--expiring-within", "0d"]), json!([]));
    assert_eq!(expiring(&["--at", "2027-01-01"]), json!([]));
    let applied = run(folder.path(), &["apply", "--yes", "--at", "2027-01-01"], &[]);
    assert!(applied.status.success(), "{applied:?}");
    let warned = String::from_utf8(applied.stderr).unwrap();
    assert!(warned.contains("as it should be at another moment: 2027-01-01"), "{warned}");
    let states = |found: &Value| -> Vec<String> {
        found.as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(states(&expiring(&["--at", "2027-01-01"])), ["over"; 2]);
    assert_eq!(states(&expiring(&["--at", "2027-01-30T10:00:00Z"])), ["over"; 2]);
    assert_eq!(states(&expiring(&["--at", "2027-01-30T10:00:01Z"])), ["deletable"; 2]);
    let valid = document(folder.path(), &["validate", "--format", "json", "--at", "2027-01-01"], &findings::schema());
    assert_eq!(valid["expiring"].as_array().unwrap().len(), 3);
    assert_eq!((&valid["expiring"][2]["org"], &valid["expiring"][2]["state"]), (&json!("west"), &json!("over")));
    let text = shown(folder.path(), &["validate", "--at", "2026-12-31"]);
    assert!(text.contains("\nEnds soon"), "{text}");
    assert!(text.contains("east: cy@agency.com, member") && text.contains("west: cy@agency.com, member"), "{text}");
}

#[test]
fn moments_and_spans_that_cannot_be_read_are_refused() {
    let folder = world();
    for (arguments, says) in [
        (&["plan", "--at", "tomorrow"][..], "write a day as 2026-12-31"),
        (&["plan", "--at", "2026-02-29"], "write a day as 2026-12-31"),
        (&["plan", "--at", "2026-12-31T10:00:00"], "2026-12-31T18:00:00+01:00"),
        (&["validate", "--expiring-within", "two weeks"], "as 14d"),
        (&["doctor", "--at", "2026-12-31"], "`--at` is for `validate`, `plan`, `apply`"),
        (&["snapshot", "--out", "-", "--at", "2026-12-31"], "`--at` is for"),
    ] {
        let output = run(folder.path(), arguments, &[]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
        assert!(said.contains(says), "{said}");
    }
}
