//! `drift` from the command line: what somebody changed by hand, and since when.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test fails by panicking; one arm is meant for all others"
)]

mod forms;
mod notify;
mod overdue;
mod proposing;
#[path = "../support/runs.rs"]
mod runs;
mod state;
mod writing;

use std::fs;
use std::path::PathBuf;

use accessctl::cli::ExitStatus;
use jiff::{SignedDuration, Timestamp};
use runs::{Ended, Nobody, run_on};
use serde_json::Value;
use tempfile::TempDir;

/// 2026-11-21T02:00:00Z
const NIGHT: Timestamp = Timestamp::constant(1_795_226_400, 0);

/// The night after the first one.
fn night(number: i64) -> Timestamp {
    NIGHT + SignedDuration::from_hours(24 * number)
}

/// What was agreed to and is live; `hand` is what somebody made of it.
const AGREED: [&str; 2] = [
    r#""grants":[{"user":"cy@agency.com","project":1,"role":"analyst"}"#,
    r#""members":["ana@acme.com","bo@acme.com"]"#,
];

/// The contractor is admin of production.
const ADMIN: &str = r#""grants":[{"user":"cy@agency.com","project":1,"role":"admin"}"#;

const LIVE: &str = r#"{"format":"accessctl.snapshot/1","organization":{"id":77,"name":"Acme"},
  "projects":[{"id":1,"name":"Web","roles":[]},{"id":2,"name":"iOS","roles":[]}],
  "users":[{"email":"ana@acme.com","role":"owner","status":"active"},{"email":"dee@acme.com","role":"owner","status":"active"},
    {"email":"flo@acme.com","role":"admin","status":"active"},{"email":"bo@acme.com","role":"member","status":"active"},
    {"email":"cy@agency.com","role":"member","status":"active"}],
  "teams":[{"name":"Analysts","members":["ana@acme.com","bo@acme.com"],"projects":[{"id":1,"role":"analyst"}]}],
  "grants":[{"user":"cy@agency.com","project":1,"role":"analyst"},{"user":"bo@acme.com","project":1,"role":"admin"}]}"#;

/// The configuration; `more` are further lines of the definition, as the backend is.
fn configuration(more: &str) -> String {
    format!(
        "version: 1
org:
  key: acme
  id: 77
  domains: [acme.com]
{more}
users:
  ana@acme.com: owner
  dee@acme.com: owner
  flo@acme.com: admin
  bo@acme.com: member
  cy@agency.com: {{ role: member, until: 2027-06-30, reason: dashboard rebuild, ticket: IT-881 }}
projects:
  web: {{ id: 1, name: Web, environment: production }}
  ios: 2
teams:
  analysts: {{ name: Analysts, members: [ana@acme.com, bo@acme.com], projects: {{ web: analyst }} }}
grants:
  - {{ user: cy@agency.com, project: web, role: analyst, reason: dashboards }}
  - {{ user: bo@acme.com, project: web, role: admin }}
"
    )
}

/// A folder with a configuration, and a live side in a file.
struct World(TempDir);

impl World {
    fn new() -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        fs::create_dir(world.path("config")).unwrap();
        world.configure("");
        world.live(LIVE);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn configure(&self, more: &str) {
        fs::write(self.path("config/access.yaml"), configuration(more)).unwrap();
    }

    fn live(&self, text: &str) {
        fs::write(self.path("live.json"), text).unwrap();
    }

    /// Somebody makes the contractor an admin.
    fn promote(&self) {
        assert!(LIVE.contains(AGREED[0]));
        self.live(&LIVE.replace(AGREED[0], ADMIN));
    }

    /// Looks at the saved live side.
    fn drift(&self, now: Timestamp, more: &[&str]) -> Ended {
        let live = self.path("live.json");
        let mut arguments = vec!["drift", "--live", live.to_str().unwrap()];
        arguments.extend(more);
        self.run(now, &arguments)
    }

    /// The same with a state.
    fn remembering(&self, now: Timestamp, more: &[&str]) -> Ended {
        let state = self.path("state.json");
        let mut arguments = vec!["--state", state.to_str().unwrap()];
        arguments.extend(more);
        self.drift(now, &arguments)
    }

    fn run(&self, now: Timestamp, arguments: &[&str]) -> Ended {
        run_on(arguments, &self.path("config"), now, &|_| None, &Nobody)
    }
}

/// The output without the folder that it was made in.
fn told(world: &World, ended: &Ended) -> String {
    ended.stdout.replace(world.0.path().to_str().unwrap(), "")
}

#[test]
fn somebody_who_is_admin_by_several_differences_counts_once() {
    let grant = |user: &str, project: u8| format!(r#",{{"user":"{user}","project":{project},"role":"admin"}}"#);
    let world = World::new();
    for (more, said, risen) in [
        (String::new(), "; cy@agency.com is admin of web by it (!)", 1),
        (grant("cy@agency.com", 2), "; cy@agency.com is admin or owner by them (!)", 1),
        (grant("cy@agency.com", 2) + &grant("bo@acme.com", 2), "; 2 people are admin or owner by them (!)", 2),
    ] {
        world.live(&LIVE.replace(AGREED[0], &(ADMIN.to_owned() + &more)));
        let told = world.drift(NIGHT, &[]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(told.contains(said), "{told}");
        let document: Value = serde_json::from_str(&world.drift(NIGHT, &["--format", "json"]).stdout).unwrap();
        assert_eq!(document["summary"]["risen"], risen, "{document:#}");
        assert_eq!(document["orgs"][0]["summary"]["risen"], risen);
    }
}

#[test]
fn somebody_who_is_about_to_be_renamed_is_one_person_in_the_line_and_above_it() {
    let world = World::new();
    let renamed = configuration("")
        .replace("bo@acme.com: member", "bo@acme.com: { role: member, previously: [bob@acme.com] }")
        .replace("web: { id: 1,", "web: { id: 1, everyone: analyst,");
    fs::write(world.path("config/access.yaml"), renamed).unwrap();
    // Somebody lets everybody manage iOS, bo among them by both addresses.
    let bob = r#"{"email":"bob@acme.com","role":"member","status":"active"},"#;
    let live = LIVE.replace(r#""users":["#, &format!(r#""users":[{bob}"#));
    world.live(&live.replace(r#""name":"iOS","#, r#""name":"iOS","everyone":"admin","#));
    let told = world.drift(NIGHT, &[]).stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("; 2 people are admin or owner by one of them (!)"), "{told}");
    assert!(told.contains("ESCALATION: bo@acme.com and cy@agency.com become admin of ios"), "{told}");
    let document: Value = serde_json::from_str(&world.drift(NIGHT, &["--format", "json"]).stdout).unwrap();
    let people: Vec<&Value> = document["orgs"][0]["drift"].as_array().unwrap().iter().collect();
    assert!(people.iter().any(|found| found["escalation"]["people"] == 2), "{document:#}");
}

#[test]
fn a_contractor_who_was_made_admin_by_hand_is_told_at_a_glance() {
    let world = World::new();
    let clean = world.remembering(night(0), &[]);
    assert_eq!(
        (clean.status, clean.stdout.as_str()),
        (ExitStatus::Done, "acme: as agreed (5 users, 1 team, 2 grants)\n")
    );
    world.promote();
    let ended = world.remembering(night(1), &[]);
    assert_eq!(ended.status, ExitStatus::Differences, "{}", ended.said());
    snapbox::assert_data_eq!(told(&world, &ended), snapbox::file!["night.txt"].raw());
    // The next night it is an old story.
    let ended = world.remembering(night(2), &[]);
    assert_eq!(ended.status, ExitStatus::Differences);
    snapbox::assert_data_eq!(told(&world, &ended), snapbox::file!["next-night.txt"].raw());
    // Somebody takes it back.
    world.live(LIVE);
    let ended = world.remembering(night(3), &["--quiet-if-clean"]);
    assert_eq!(ended.status, ExitStatus::Done);
    let gone = "acme (Acme): as agreed\n\n  GONE  1 difference of the last run\n    cy@agency.com was admin on web: changed since\n";
    assert_eq!(ended.stdout, gone);
    assert_eq!(world.remembering(night(4), &["--quiet-if-clean"]).said(), "");
}

#[test]
fn nothing_is_said_of_what_was_told_before() {
    let world = World::new();
    for number in 0..3 {
        assert_eq!(world.remembering(night(number), &["--quiet-if-clean"]).said(), "", "{number}");
    }
    world.promote();
    let first = world.remembering(night(3), &["--quiet-if-clean"]);
    assert!(first.stdout.contains("NEW  1 difference"), "{}", first.said());
    let again = world.remembering(night(4), &["--quiet-if-clean"]);
    // Whoever waits for the status still hears of it.
    assert_eq!((again.status, again.said().as_str()), (ExitStatus::Differences, ""));
    // Without a memory everything is found, each time.
    for _ in 0..2 {
        let found = world.drift(night(5), &["--quiet-if-clean"]);
        assert_eq!(found.status, ExitStatus::Differences);
        assert!(found.stdout.contains("CHANGED BY HAND  1 difference"), "{}", found.said());
    }
    world.live(LIVE);
    assert_eq!(world.drift(night(6), &["--quiet-if-clean"]).said(), "");
}

#[test]
fn what_the_configuration_says_now_is_gone_too() {
    let world = World::new();
    world.promote();
    world.remembering(night(0), &[]);
    let path = world.path("config/access.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("role: analyst, reason", "role: admin, reason")).unwrap();
    let ended = world.remembering(night(1), &[]);
    assert_eq!(ended.status, ExitStatus::Done);
    assert!(ended.stdout.contains("cy@agency.com was admin on web: agreed to now"), "{}", ended.stdout);
}

#[test]
fn a_state_that_cannot_be_read_is_an_error_and_stays() {
    let world = World::new();
    world.promote();
    let state = world.path("state.json");
    let whole = {
        world.remembering(night(0), &[]);
        fs::read_to_string(&state).unwrap()
    };
    let half = &whole[..whole.len() / 2];
    let other = whole.replace("drift-state/1", "drift-state/2");
    let odd = whole.replace("\"accepted\"", "\"acepted\"");
    for (text, said) in [
        ("", "is no state of drift"),
        (half, "is no state of drift"),
        (LIVE, "its format is `accessctl.snapshot/1`"),
        (&other, "its format is `accessctl.drift-state/2`"),
        (&odd, "unknown field `acepted`"),
        (&whole.replace("cy@agency.com", "cy"), "an entry of the kind `grant` has no fitting user"),
        (&whole.replace("\"role\":\"admin\",", ""), "an entry of the kind `grant` has no fitting role"),
    ] {
        fs::write(&state, text).unwrap();
        let ended = world.remembering(night(1), &[]);
        assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Failure, ""), "{said}");
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
        assert_eq!(fs::read_to_string(&state).unwrap(), text, "the state was replaced");
    }
    for (path, said) in [("-", "is no file"), ("config", "is a folder"), ("no/state.json", "there is no folder")] {
        let path = if path == "-" { PathBuf::from("-") } else { world.path(path) };
        for option in ["--state", "--metrics"] {
            let ended = world.drift(night(1), &[option, path.to_str().unwrap()]);
            assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Invalid, ""));
            assert!(ended.stderr.contains(said), "{}", ended.stderr);
        }
    }
}

#[test]
fn what_is_accepted_is_not_complained_of_until_its_day() {
    let world = World::new();
    world.promote();
    let accept =
        |entry: &str| format!("  accept: [{{ {entry}, until: 2026-11-30, reason: release week, ticket: IT-912 }}]");
    world.configure(&accept("user: cy@agency.com, project: web, role: admin"));
    let ended = world.remembering(night(0), &[]);
    assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, ""));
    snapbox::assert_data_eq!(told(&world, &ended), snapbox::file!["accepted.txt"].raw());
    // The plan goes on taking it back.
    let live = world.path("live.json");
    let planned = world.run(night(0), &["plan", "--exit-code", "--live", live.to_str().unwrap()]);
    assert_eq!(planned.status, ExitStatus::Differences);
    // When it is over, it is news again, though not newly seen.
    let ended = world.remembering(night(10), &["--quiet-if-clean"]);
    assert_eq!(ended.status, ExitStatus::Differences);
    assert!(ended.stderr.contains("warning[W0805]: this acceptance ended (2026-11-30)"), "{}", ended.stderr);
    let heading = "NEW  1 difference: accepted at the last run, 2026-11-21 02:00 UTC, and not any more\n";
    assert!(ended.stdout.contains(heading), "{}", ended.stdout);
    assert!(ended.stdout.contains("first seen  2026-11-21 02:00 UTC; accepted until now\n"), "{}", ended.stdout);
    let checked = world.run(night(10), &["validate"]);
    assert_eq!(checked.status, ExitStatus::Done);
    assert!(checked.said().contains("warning[W0805]"), "{}", checked.said());
    // Another role is another thing.
    world.configure(&accept("user: cy@agency.com, project: web, role: owner"));
    let ended = world.drift(night(0), &[]);
    assert_eq!(ended.status, ExitStatus::Differences);
    assert!(ended.stderr.contains("warning[W0806]: this acceptance fits no difference"), "{}", ended.stderr);
    // A slip of the fingers is asked about.
    world.configure(&accept("user: cyy@agency.com, project: web, role: admin"));
    let ended = world.drift(night(0), &[]);
    assert!(ended.stderr.contains("did you mean `cy@agency.com`?"), "{}", ended.stderr);
    // Nobody accepts somebody who is blocked.
    world.configure(&format!("  blocked: [cy@agency.com]\n{}", accept("user: cy@agency.com, org_role: member")));
    let ended = world.drift(night(0), &[]);
    assert_eq!(ended.status, ExitStatus::Differences);
    assert!(ended.stdout.contains("not in the organization (BLOCKED)"), "{}", ended.stdout);
}

#[test]
fn everything_that_can_differ_can_be_accepted() {
    let world = World::new();
    let live = LIVE
        .replace(AGREED[0], r#""grants":[{"user":"flo@acme.com","project":1,"role":"owner"}"#)
        .replace(AGREED[1], r#""members":["ana@acme.com","flo@acme.com"]"#)
        .replace(
            r#""projects":[{"id":1,"role":"analyst"}]}]"#,
            r#""projects":[{"id":1,"role":"admin"},{"id":2,"role":"consumer"}]},
            {"name":"Hackathon","members":[],"projects":[]}]"#,
        )
        .replace(r#""email":"dee@acme.com","role":"owner""#, r#""email":"dee@acme.com","role":"admin""#)
        .replace(r#""name":"iOS","roles":[]"#, r#""name":"iOS","everyone":"consumer","roles":[]"#)
        .replace(
            r#"{"email":"cy@agency.com","role":"member","status":"active"}"#,
            r#"{"email":"eve@other.org","role":"member","status":"active"}"#,
        );
    world.live(&live);
    let ended = world.drift(night(0), &["--format", "json"]);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let drift = document["orgs"][0]["drift"].as_array().unwrap();
    let mut entries = String::from("  manage: { everyone: full }\n  accept:\n");
    for found in drift {
        let mut parts: Vec<String> = ["user", "team", "project"]
            .iter()
            .filter_map(|key| Some(format!("{key}: {}", found[key].as_str()?)))
            .collect();
        parts.extend(match (found["missing"].as_bool().unwrap(), found["kind"].as_str().unwrap()) {
            (true, _) => Some("missing: true".to_owned()),
            (false, "user") => Some(format!("org_role: {}", found["role"].as_str().unwrap())),
            (false, "everyone") => Some(format!("everyone: {}", found["role"].as_str().unwrap())),
            (false, _) => found["role"].as_str().map(|role| format!("role: {role}")),
        });
        entries.push_str(&format!("    - {{ {}, until: 2027-01-31, reason: known }}\n", parts.join(", ")));
    }
    entries.push_str("    - { project: ios, everyone: consumer, until: 2027-01-31, reason: known }\n");
    world.configure(&entries);
    let accepted = world.drift(night(0), &["--format", "json"]);
    assert_eq!((accepted.status, accepted.stderr.as_str()), (ExitStatus::Done, ""), "{entries}");
    let document: Value = serde_json::from_str(&accepted.stdout).unwrap();
    let kinds: std::collections::BTreeSet<&str> =
        document["orgs"][0]["accepted"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["everyone", "grant", "team", "team_member", "team_role", "user"].into());
}

#[test]
fn what_waits_for_the_next_apply_is_told_from_drift_by_the_journal() {
    let world = World::new();
    let folder = world.path("config");
    fs::write(folder.join("seed.json"), LIVE.replace(r#",{"user":"bo@acme.com","project":1,"role":"admin"}"#, ""))
        .unwrap();
    let backend = "  backend: { type: local, state: acme.db, seed: seed.json }";
    world.configure(backend);
    let live = |more: &[&str]| {
        let state = world.path("state.json");
        let mut arguments = vec!["drift", "--state", state.to_str().unwrap()];
        arguments.extend(more);
        world.run(night(1), &arguments)
    };
    // Before anything was applied nobody knows.
    let ended = live(&[]);
    assert_eq!(ended.status, ExitStatus::Differences);
    assert!(ended.stdout.contains("no record of the last apply is at hand"), "{}", ended.stdout);
    assert_eq!(world.run(night(1), &["apply", "--yes"]).status, ExitStatus::Done);
    assert_eq!(live(&[]).status, ExitStatus::Done);
    // Something is merged and waits.
    let path = folder.join("access.yaml");
    let text = fs::read_to_string(&path).unwrap();
    let merged = format!("{text}  - {{ user: flo@acme.com, project: ios, role: analyst }}\n");
    fs::write(&path, &merged).unwrap();
    let ended = live(&[]);
    assert_eq!(ended.status, ExitStatus::Done);
    assert!(ended.stdout.contains("the next apply has 1 change not applied yet"), "{}", ended.stdout);
    // Somebody changes something by hand meanwhile: another program, so the journal is not told.
    let hand = world.path("hand");
    fs::create_dir(&hand).unwrap();
    fs::write(hand.join("access.yaml"), text.replace("role: analyst, reason", "role: owner, reason")).unwrap();
    for file in ["acme.db", "seed.json"] {
        fs::copy(folder.join(file), hand.join(file)).unwrap();
    }
    let elsewhere = run_on(&["apply", "--yes"], &hand, night(1), &|_| None, &Nobody);
    assert_eq!(elsewhere.status, ExitStatus::Done, "{}", elsewhere.said());
    fs::copy(hand.join("acme.db"), folder.join("acme.db")).unwrap();
    // What is merged besides about the same grant does not hide it.
    fs::write(&path, merged.replace("role: analyst, reason", "role: consumer, reason")).unwrap();
    let before = fs::read(folder.join("acme.db")).unwrap();
    let ended = live(&["--format", "json"]);
    assert_eq!(ended.status, ExitStatus::Differences);
    assert_eq!(fs::read(folder.join("acme.db")).unwrap(), before, "drift wrote to the live side");
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let org = &document["orgs"][0];
    assert_eq!((&org["pending"], &org["knows_last_apply"]), (&Value::from(1), &Value::from(true)));
    let texts: Vec<&str> = org["drift"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    assert_eq!(texts, ["cy@agency.com (external) is owner on web (production); agreed: consumer"]);
}

#[test]
fn an_organization_that_cannot_be_read_keeps_what_is_remembered_of_it() {
    let world = World::new();
    world.promote();
    let other = "version: 1\norg: { key: other, id: 78 }\nusers: { ana@acme.com: owner }\n";
    fs::write(world.path("config/other.yaml"), other).unwrap();
    let second = world.path("other.json");
    let of_other = r#"{"format":"accessctl.snapshot/1","organization":{"id":78,"name":"Other"},"projects":[],"teams":[],"grants":[],
        "users":[{"email":"ana@acme.com","role":"owner","status":"active"},{"email":"eve@other.org","role":"owner","status":"active"}]}"#;
    fs::write(&second, of_other).unwrap();
    let both = world.remembering(night(0), &["--live", second.to_str().unwrap()]);
    assert!(both.stdout.contains("eve@other.org is owner of the organization"), "{}", both.said());
    let one = world.remembering(night(1), &["--quiet-if-clean"]);
    assert_eq!(one.status, ExitStatus::Invalid, "{}", one.said());
    assert!(one.stdout.contains("other: not looked at, see the errors"), "{}", one.stdout);
    let both = world.remembering(night(2), &["--live", second.to_str().unwrap(), "--format", "json"]);
    let document: Value = serde_json::from_str(&both.stdout).unwrap();
    assert_eq!(document["summary"]["still"], 2, "{document}");
    assert_eq!(document["summary"]["news"], false, "{document}");
    assert_eq!(document["orgs"][1]["drift"][0]["first_seen"], "2026-11-21T02:00:00Z");
}

#[test]
fn what_ends_soon_and_whoever_never_joined_is_told_once() {
    let world = World::new();
    let invited = r#"{"email":"bo@acme.com","role":"member","status":"invited","invited_at":"2026-11-07T02:00:00Z"}"#;
    world.live(&LIVE.replace(r#"{"email":"bo@acme.com","role":"member","status":"active"}"#, invited));
    assert_eq!(world.remembering(night(-1), &["--quiet-if-clean"]).said(), "");
    let ended = world.remembering(night(0), &["--quiet-if-clean"]);
    assert_eq!(ended.status, ExitStatus::Done);
    assert!(ended.stdout.contains("bo@acme.com, member, invited 14 days ago"), "{}", ended.stdout);
    assert_eq!(world.remembering(night(1), &["--quiet-if-clean"]).said(), "");
    world.configure("  guards: { invite_stale_days: 30 }");
    assert_eq!(world.drift(night(1), &["--quiet-if-clean"]).said(), "");
    let ended = world.drift(night(1), &["--quiet-if-clean", "--expiring-within", "52w"]);
    assert_eq!(ended.status, ExitStatus::Done);
    assert!(ended.stdout.contains("2027-06-30 (in 220 days)  cy@agency.com, member"), "{}", ended.stdout);
}
