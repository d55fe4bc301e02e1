//! Access that is over and was never taken away: nobody changed it, and it is not as agreed all the same.

use std::fs;

use accessctl::cli::ExitStatus;
use serde_json::Value;

use crate::runs::Ended;
use crate::{World, configuration, night, told};

/// The contractor is admin of production until the evening before the first night, and goes on being it.
fn world(more: &str) -> World {
    let world = World::new();
    end(&world, more, "2026-11-20");
    world.promote();
    world
}

/// Agrees on the day at whose end the grant is over.
fn end(world: &World, more: &str, until: &str) {
    let text = configuration(more);
    let ends = text.replace("role: analyst, reason", &format!("role: admin, until: {until}, reason"));
    assert_ne!(text, ends);
    fs::write(world.path("config/access.yaml"), ends).unwrap();
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn document(ended: &Ended) -> Value {
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let schema: Value = serde_json::from_str(include_str!("../../schema/drift.schema.json")).unwrap();
    let schema = jsonschema::draft202012::new(&schema).unwrap();
    let problems: Vec<String> = schema.iter_errors(&document).map(|problem| problem.to_string()).collect();
    assert_eq!(problems, [""; 0], "{document}");
    document
}

#[test]
fn access_that_outlives_its_end_is_told_once_and_fails_after_a_day() {
    let world = world("");
    // It has not ended: all is as agreed.
    let before = world.remembering(night(-1), &["--expiring-within", "0d", "--quiet-if-clean"]);
    assert_eq!((before.status, before.said().as_str()), (ExitStatus::Done, ""));
    // It has, and the next apply is to take it away: told, and no failure.
    let first = world.remembering(night(0), &["--quiet-if-clean"]);
    assert_eq!(first.status, ExitStatus::Done, "{}", first.said());
    let expected = "acme (Acme): 1 access is over and still there \
         OVERDUE 1 access is over and still there \
         ! cy@agency.com (external) is admin on web (production) still admin of web \
         ended 2026-11-20 (within the last day) /config/access.yaml:19 \"dashboards\" \
         What to do take it away with `accessctl apply`, or agree on a new end in the YAML";
    assert_eq!(words(&told(&world, &first)), expected);
    // Nobody took it away: it was told before, and it is a failure now.
    let second = world.remembering(night(1), &["--quiet-if-clean"]);
    assert_eq!((second.status, second.said().as_str()), (ExitStatus::Differences, ""));
    let late = world.remembering(night(30), &[]);
    assert_eq!(late.status, ExitStatus::Differences);
    assert!(late.stdout.contains("ended       2026-11-20 (30 days ago)"), "{}", late.stdout);
    // Without a memory it is told every time.
    for _ in 0..2 {
        let found = world.drift(night(1), &["--quiet-if-clean"]);
        assert_eq!(found.status, ExitStatus::Differences);
        assert!(found.stdout.contains("OVERDUE  1 access is over and still there"), "{}", found.stdout);
    }
    // A later end makes it what is agreed to.
    end(&world, "", "2027-06-30");
    let gone = world.remembering(night(31), &["--quiet-if-clean"]);
    assert_eq!(gone.status, ExitStatus::Done);
    let said = "acme (Acme): as agreed\n\n  GONE  1 difference of the last run\n    cy@agency.com was admin on web: agreed to now\n";
    assert_eq!(gone.stdout, said);
    assert_eq!(world.remembering(night(32), &["--quiet-if-clean"]).said(), "");
}

#[test]
fn everything_that_has_an_end_can_outlive_it() {
    let world = World::new();
    let text = configuration("")
        .replace("bo@acme.com: member", "bo@acme.com: { role: member, until: 2026-11-01 }")
        .replace("[ana@acme.com, bo@acme.com]", "[{ user: ana@acme.com, until: 2026-11-02 }, bo@acme.com]")
        .replace("{ web: analyst }", "{ web: { role: analyst, until: 2026-11-03 } }");
    fs::write(world.path("config/access.yaml"), text).unwrap();
    let ended = world.drift(night(0), &["--format", "json"]);
    assert_eq!(ended.status, ExitStatus::Differences, "{}", ended.said());
    let document = document(&ended);
    let org = &document["orgs"][0];
    let texts: Vec<&str> = org["overdue"].as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap()).collect();
    let expected = [
        "bo@acme.com is member of the organization, with 1 team membership and 1 grant; agreed: not in the \
         organization (ended 2026-11-01)",
        "ana@acme.com is in team Analysts; agreed: not a member (ended 2026-11-02)",
        "team Analysts is analyst on web (production), 2 members; agreed: no role (ended 2026-11-03)",
    ];
    assert_eq!(texts, expected);
    assert_eq!((&org["summary"]["overdue"], &org["summary"]["drift"]), (&Value::from(3), &Value::from(0)));
    assert_eq!(org["expiry"], 3);
}

#[test]
fn machines_are_told_too() {
    let world = world("");
    let first = document(&world.remembering(night(0), &["--format", "json"]));
    let one = &first["orgs"][0]["overdue"][0];
    assert_eq!((&one["standing"], &one["late"]), (&Value::from("new"), &Value::from(false)));
    assert_eq!((&one["until"], &one["ended_at"]), (&Value::from("2026-11-20"), &Value::from("2026-11-21T00:00:00Z")));
    assert_eq!((&one["source"]["line"], &one["reason"]), (&Value::from(19), &Value::from("dashboards")));
    assert_eq!((&one["escalation"]["role"], &one["external"]), (&Value::from("admin"), &Value::from(true)));
    assert_eq!((&first["summary"]["overdue"], &first["summary"]["news"]), (&Value::from(1), &Value::from(true)));
    let second = document(&world.remembering(night(1), &["--format", "json"]));
    let again = &second["orgs"][0]["overdue"][0];
    assert_eq!((&again["standing"], &again["late"]), (&Value::from("still"), &Value::from(true)));
    assert_eq!(again["fingerprint"], one["fingerprint"]);
    assert_eq!(second["summary"]["news"], false);
    for (number, failures, tag) in [(0, "0", "skipped"), (1, "1", "failure")] {
        let junit = world.drift(night(number), &["--format", "junit"]).stdout;
        let document = roxmltree::Document::parse(&junit).unwrap();
        let root = document.root_element();
        assert_eq!((root.attribute("tests"), root.attribute("failures")), (Some("1"), Some(failures)), "{junit}");
        let found = document.descendants().find(|node| node.has_tag_name(tag)).unwrap();
        assert!(found.attribute("message").unwrap().contains("2026-11-20"), "{junit}");
    }
    let file = world.path("drift.prom");
    world.drift(night(0), &["--metrics", file.to_str().unwrap()]);
    let metrics = fs::read_to_string(file).unwrap();
    assert!(metrics.contains("\naccessctl_overdue{command=\"drift\",org=\"acme\"} 1\n"), "{metrics}");
}

#[test]
fn what_outlives_its_end_can_be_accepted_until_a_day() {
    let accept =
        "  accept: [{ user: cy@agency.com, project: web, role: admin, until: 2026-11-30, reason: release week }]";
    let world = world(accept);
    let accepted = world.remembering(night(3), &[]);
    assert_eq!((accepted.status, accepted.stderr.as_str()), (ExitStatus::Done, ""));
    assert!(accepted.stdout.starts_with("acme (Acme): as agreed\n\n  OVERDUE  1 accepted\n"), "{}", accepted.stdout);
    assert!(accepted.stdout.contains("accepted    until 2026-11-30  \"release week\""), "{}", accepted.stdout);
    assert_eq!(world.remembering(night(4), &["--quiet-if-clean"]).said(), "");
    let junit = world.drift(night(4), &["--format", "junit"]).stdout;
    assert!(junit.contains("<skipped message=\"accepted until 2026-11-30: release week\"/>"), "{junit}");
    // When that is over, it is news again.
    let over = world.remembering(night(10), &["--quiet-if-clean"]);
    assert_eq!(over.status, ExitStatus::Differences);
    assert!(over.stdout.contains("OVERDUE  1 access is over and still there"), "{}", over.stdout);
}

#[test]
fn somebody_who_changed_something_is_told_apart_from_time() {
    let world = world("");
    let live = fs::read_to_string(world.path("live.json")).unwrap();
    world.live(&live.replace(crate::AGREED[1], "\"members\":[\"ana@acme.com\"]"));
    let ended = world.drift(night(0), &[]);
    assert_eq!(ended.status, ExitStatus::Differences);
    let first = "acme (Acme): 1 difference from what was agreed; 1 access is over and still there\n";
    assert!(ended.stdout.starts_with(first), "{}", ended.stdout);
    let places = ["CHANGED BY HAND  1 difference", "OVERDUE  1 access"].map(|title| ended.stdout.find(title).unwrap());
    assert!(places.is_sorted(), "{}", ended.stdout);
}
