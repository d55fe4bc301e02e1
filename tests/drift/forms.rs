//! The other forms: JSON, JUnit and metrics. Names of strangers do nothing in any of them.

use std::fs;

use accessctl::cli::ExitStatus;
use serde_json::Value;

use crate::{LIVE, World, night};

/// A name that wants to act wherever it is shown.
const HOSTILE: &str = "</testcase>\" & '|<img src=x onerror=alert(1)> @org/everyone `x` \u{1b}[2J \u{202e}\u{ffff}]]>";

/// A live side with a team of that name.
fn hostile() -> String {
    let name = serde_json::to_string(HOSTILE).unwrap();
    let team =
        format!(r#""teams":[{{"name":{name},"members":["cy@agency.com"],"projects":[{{"id":1,"role":"admin"}}]}},"#);
    LIVE.replace("\"teams\":[", &team)
}

#[test]
fn the_document_is_what_its_schema_says() {
    let world = World::new();
    let schema: Value = serde_json::from_str(include_str!("../../schema/drift.schema.json")).unwrap();
    let valid = |text: &str| {
        let document: Value = serde_json::from_str(text).unwrap();
        let problems: Vec<String> = jsonschema::draft202012::new(&schema)
            .unwrap()
            .iter_errors(&document)
            .map(|problem| problem.to_string())
            .collect();
        assert_eq!(problems, [""; 0], "{text}");
        document
    };
    let clean = valid(&world.drift(night(0), &["--format", "json", "--expiring-within", "52w"]).stdout);
    assert_eq!(clean["orgs"][0]["expiring"].as_array().unwrap().len(), 1);
    assert_eq!(clean["orgs"][0]["last_run"], Value::Null);
    world.live(&hostile());
    world.configure("  accept: [{ team: Analysts, missing: true, until: 2026-12-31, reason: x }]");
    let first = valid(&world.remembering(night(0), &["--format", "json"]).stdout);
    let found = &first["orgs"][0]["drift"][0];
    assert_eq!((&found["team"], &found["standing"]), (&Value::from(HOSTILE), &Value::from("new")));
    assert_eq!(found["escalation"]["users"], serde_json::json!(["cy@agency.com"]));
    assert_eq!(first["summary"]["news"], true);
    world.live(&LIVE.replace("\"members\":[\"ana@acme.com\",\"bo@acme.com\"]", "\"members\":[\"ana@acme.com\"]"));
    let second = valid(&world.remembering(night(1), &["--format", "json"]).stdout);
    assert_eq!(second["orgs"][0]["gone"][0]["because"], "changed");
    assert_eq!(second["orgs"][0]["gone"][0]["fingerprint"], found["fingerprint"]);
    assert_eq!(second["orgs"][0]["drift"][0]["text"], "bo@acme.com is not in team Analysts; agreed: a member");
}

#[test]
fn an_acceptance_that_ends_soon_is_told_as_what_it_accepts() {
    let world = World::new();
    let entries = [
        ("team: Hackathon", "acceptance of team Hackathon", false),
        ("user: flo@acme.com, team: Analysts", "acceptance of flo@acme.com in team Analysts", false),
        (
            "user: bo@acme.com, team: Analysts, missing: true",
            "acceptance of bo@acme.com in team Analysts, missing",
            true,
        ),
        ("user: dee@acme.com, org_role: admin", "acceptance of dee@acme.com, admin", false),
        ("project: ios, everyone: analyst", "acceptance of everyone, analyst on ios", false),
        ("user: cy@agency.com, project: web, missing: true", "acceptance of cy@agency.com, missing on web", true),
    ];
    let accept = entries.map(|(entry, ..)| format!("{{ {entry}, until: 2026-11-30, reason: known }}")).join(", ");
    world.configure(&format!("  accept: [{accept}]"));
    let text = world.drift(night(0), &[]).stdout;
    let document: Value = serde_json::from_str(&world.drift(night(0), &["--format", "json"]).stdout).unwrap();
    let expiring = document["orgs"][0]["expiring"].as_array().unwrap();
    assert_eq!(expiring.len(), entries.len());
    for ((_, told, missing), one) in entries.into_iter().zip(expiring) {
        assert!(text.contains(&format!("  {told}  \"known\"")), "no {told:?} in {text}");
        assert_eq!((&one["kind"], &one["missing"]), (&Value::from("acceptance"), &Value::from(missing)), "{one}");
    }
}

#[test]
fn names_do_nothing_in_text() {
    let world = World::new();
    world.live(&hostile());
    for _ in 0..2 {
        let ended = world.remembering(night(0), &[]);
        assert!(ended.stdout.contains("\\u{1b}[2J") && ended.stdout.contains("\\u{202e}\\u{ffff}"), "{}", ended.stdout);
        assert!(!ended.said().contains(['\u{1b}', '\u{202e}', '\u{ffff}']), "{}", ended.said());
    }
    // The entry that would accept it is one that can be taken over as it is.
    let told = world.drift(night(0), &[]).stdout;
    let entry = told.lines().find_map(|line| line.trim().strip_prefix("- { team: ")).unwrap();
    assert!(entry.contains("\\u001b[2J \\u202e\\uffff"), "{entry}");
    world.configure(&format!("  accept:\n    - {{ team: {entry}"));
    let accepted = world.drift(night(0), &[]);
    assert_eq!(accepted.status, ExitStatus::Done, "{}", accepted.said());
    world.configure("");
    world.live(LIVE);
    let gone = world.remembering(night(1), &[]);
    assert!(gone.stdout.contains("\\u{1b}[2J") && !gone.stdout.contains('\u{1b}'), "{}", gone.stdout);
}

#[test]
fn junit_has_a_test_for_each_difference() {
    let world = World::new();
    let clean = world.drift(night(0), &["--format", "junit"]);
    assert_eq!(clean.status, ExitStatus::Done);
    let document = roxmltree::Document::parse(&clean.stdout).unwrap();
    let cases = |document: &roxmltree::Document<'_>| {
        document.descendants().filter(|node| node.has_tag_name("testcase")).count()
    };
    assert_eq!((cases(&document), document.root_element().attribute("failures")), (1, Some("0")));
    world.live(&hostile());
    let text = "version: 1\norg: { key: other, id: 78 }\nusers: { ana@acme.com: owner }\n";
    fs::write(world.path("config/other.yaml"), text).unwrap();
    let reason = "<!-- \\\"x\\\" & -->";
    let members = "{ team: Analysts, project: web, missing: true, until: 2026-12-31, reason: \"REASON\" }";
    world.configure(&format!("  accept: [{}]", members.replace("REASON", reason)));
    world.live(&hostile().replace(r#""projects":[{"id":1,"role":"analyst"}]"#, r#""projects":[]"#));
    let ended = world.drift(night(0), &["--format", "junit"]);
    assert_eq!(ended.status, ExitStatus::Invalid, "one organization could not be looked at");
    let document =
        roxmltree::Document::parse(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {}", ended.stdout));
    let root = document.root_element();
    let number = |name: &str| root.attribute(name).unwrap().parse::<usize>().unwrap();
    assert_eq!((number("tests"), number("failures"), number("errors")), (3, 1, 1), "{}", ended.stdout);
    assert_eq!(cases(&document), 3);
    let of = |tag: &'static str| document.descendants().find(move |node| node.has_tag_name(tag)).unwrap();
    let failure = of("failure");
    assert_eq!(failure.attribute("type"), Some("escalation"));
    assert!(failure.attribute("message").unwrap().contains("</testcase>"), "{}", ended.stdout);
    assert!(failure.text().unwrap().contains("ESCALATION: admin of web"), "{}", ended.stdout);
    assert_eq!(failure.parent().unwrap().attribute("name"), failure.attribute("message"));
    assert_eq!(of("skipped").attribute("message"), Some("accepted until 2026-12-31: <!-- \"x\" & -->"));
    assert!(of("error").attribute("message").is_some());
    let tags: std::collections::BTreeSet<&str> =
        document.descendants().filter(|node| node.is_element()).map(|node| node.tag_name().name()).collect();
    assert_eq!(tags, ["error", "failure", "skipped", "testcase", "testsuite", "testsuites"].into());
}

/// The samples of a file of metrics: name and labels, and the value.
fn samples(text: &str) -> Vec<(&str, i64)> {
    let mut lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.pop(), Some("# EOF"), "{text}");
    assert!(text.ends_with('\n'));
    let mut families: Vec<&str> = Vec::new();
    let mut samples = Vec::new();
    for line in lines {
        if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').unwrap();
            assert!(!families.contains(&name) && kind == "gauge", "{text}");
            families.push(name);
        } else if let Some(rest) = line.strip_prefix("# UNIT ") {
            let (name, unit) = rest.split_once(' ').unwrap();
            assert!(name.ends_with(&format!("_{unit}")), "{text}");
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert_eq!(families.last(), name.split('{').next().as_ref(), "{text}");
            samples.push((name, value.parse().unwrap()));
        }
    }
    samples
}

#[test]
fn metrics_tell_how_old_the_oldest_difference_is() {
    let world = World::new();
    world.promote();
    let file = world.path("drift.prom");
    let metrics = ["--metrics", file.to_str().unwrap()];
    world.remembering(night(0), &[]);
    let ended = world.remembering(night(2), &metrics);
    assert_eq!(ended.status, ExitStatus::Differences);
    let text = fs::read_to_string(&file).unwrap();
    let samples = samples(&text);
    let of = |name: &str| samples.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let own = "command=\"drift\",org=\"acme\"";
    for (name, value) in [
        (format!("accessctl_changes{{{own},kind=\"set_grant\",origin=\"drift\"}}"), 1),
        (format!("accessctl_drift{{{own},standing=\"new\"}}"), 0),
        (format!("accessctl_drift{{{own},standing=\"still\"}}"), 1),
        (format!("accessctl_drift_escalations{{{own}}}"), 1),
        (format!("accessctl_drift_oldest_age_seconds{{{own}}}"), 2 * 24 * 3600),
        (format!("accessctl_checked{{{own}}}"), 1),
        (format!("accessctl_last_success_timestamp_seconds{{{own}}}"), night(2).as_second()),
    ] {
        assert_eq!(of(&name), Some(value), "{name} in {text}");
    }
    // Nothing of people stands there.
    assert!(!text.contains("agency") && !text.contains("web"), "{text}");
}

#[test]
fn plans_have_metrics_too() {
    let world = World::new();
    world.promote();
    let (file, live) = (world.path("plan.prom"), world.path("live.json"));
    let arguments = ["plan", "--live", live.to_str().unwrap(), "--metrics", file.to_str().unwrap()];
    let planned = world.run(night(0), &arguments);
    assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
    let text = fs::read_to_string(&file).unwrap();
    let samples = samples(&text);
    let own = "command=\"plan\",org=\"acme\"";
    for (name, value) in [
        (format!("accessctl_changes{{{own},kind=\"set_grant\",origin=\"proposed\"}}"), 1),
        (format!("accessctl_blocked{{{own}}}"), 0),
        (format!("accessctl_expiring{{{own},state=\"ends_soon\"}}"), 0),
        (format!("accessctl_invitations_pending{{{own}}}"), 0),
    ] {
        assert!(samples.contains(&(name.as_str(), value)), "{name} in {text}");
    }
}

/// What a collector that reads several files refuses is one metric with two texts of help, two types or two units.
#[test]
fn a_metric_says_the_same_of_itself_whichever_command_wrote_it() {
    let world = World::new();
    world.promote();
    let (live, file) = (world.path("live.json"), world.path("some.prom"));
    let of = |command: &str| {
        world.run(night(0), &[command, "--live", live.to_str().unwrap(), "--metrics", file.to_str().unwrap()]);
        fs::read_to_string(&file).unwrap()
    };
    let (plan, drift) = (of("plan"), of("drift"));
    let about = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.starts_with("# ") && *line != "# EOF").map(str::to_owned).collect()
    };
    let in_both: Vec<String> = about(&plan)
        .into_iter()
        .filter(|line| {
            let name = line.split(' ').nth(2).unwrap();
            let same: Vec<String> =
                about(&drift).into_iter().filter(|other| other.split(' ').nth(2) == Some(name)).collect();
            assert!(same.is_empty() || same.contains(line), "{line}\n{same:#?}");
            !same.is_empty()
        })
        .collect();
    assert!(in_both.iter().any(|line| line.starts_with("# HELP accessctl_expiring ")), "{in_both:#?}");
}
