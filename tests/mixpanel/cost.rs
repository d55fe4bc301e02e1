//! What a plan says beforehand of the requests, the mails and the time of an apply.

use std::time::Duration;

use accessctl::cli::ExitStatus;
use serde_json::Value;

use crate::runs::Ended;
use crate::server::{error, ok};
use crate::world::{World, healthy};

/// A service that shows the same before and after every write.
fn world() -> World {
    let answers = healthy();
    World::scripted(move |seen, _| match answers.get(seen.path()) {
        Some(answer) => answer.clone(),
        None if seen.path().ends_with("/add-users/") => {
            let body: Value = serde_json::from_str(&seen.body).unwrap();
            let row = |user: &Value| format!(r#"{{"email":{},"created":true,"invited":true}}"#, user["email"]);
            let rows: Vec<String> = body["users"].as_array().unwrap().iter().map(row).collect();
            ok(&format!("[{}]", rows.join(",")))
        }
        None if seen.line.starts_with("POST") => ok(r#"{"success":true}"#),
        None => error("404 Not Found", "no such path"),
    })
}

/// One grant, and these users besides.
fn configuration(world: &World, limits: &str, users: &str) -> String {
    format!(
        "version: 1\norg:\n  key: acme\n  id: 77\n  manage: {{ users: listed, teams: none, grants: listed, everyone: none }}\n  \
         guards: {{ max_invites: 100 }}\n  \
         backend: {{ type: mixpanel, region: eu, base_url: '{}', unverified: [list_invitations, invite_user], limits: {{ {limits} }} }}\n\
         projects: {{ web: {{ id: 901 }}, ios: {{ id: 902 }} }}\nusers: {{ ana@acme.com: owner, bo@acme.com: member{users} }}\n\
         grants: [{{ user: bo@acme.com, project: ios, role: analyst }}]\n",
        world.base_url()
    )
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What the plan of the only organization costs.
fn cost(ended: &Ended) -> Value {
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    document["orgs"][0]["cost"].clone()
}

#[test]
fn the_time_of_an_apply_has_its_reads() {
    let world = world();
    let text = configuration(&world, "requests_per_minute: 4", "");
    let plan = world.run_on_text(&["plan"], &text);
    // The organization is read with nine requests, three times; 27 and one more take six minutes after the first.
    assert_eq!(world.server.seen().len(), 9);
    let told = "takes 1 request and sends no invitation mail; an apply reads with some 27 more; under the limits at least 6 min";
    assert!(words(&plan.stdout).contains(told), "{}", plan.said());
    let page = world.run_on_text(&["plan", "--format", "markdown"], &text);
    assert!(words(&page.stdout).contains(told), "{}", page.said());
    let json = cost(&world.run_on_text(&["plan", "--format", "json"], &text));
    assert_eq!(json, serde_json::json!({"requests": 1, "invitations": 0, "seconds": 360, "reads": 27}));
    // That is what it takes.
    let before = world.server.seen().len();
    let apply = world.run_on_text(&["apply", "--yes"], &text);
    assert!(words(&apply.stdout).contains(told), "{}", apply.said());
    assert_eq!(world.server.seen().len() - before, 28, "{}", apply.said());
    assert_eq!(apply.waits.iter().sum::<Duration>(), Duration::from_secs(360));
}

#[test]
fn without_a_limit_only_the_number_of_reads_is_told() {
    let world = world();
    let plan = world.run_on_text(&["plan"], &configuration(&world, "reads: 2", ""));
    let told = words(&plan.stdout);
    assert!(told.ends_with("takes 1 request and sends no invitation mail; an apply reads with some 27 more"), "{told}");
    // Where nothing is left to do, an apply reads for its plan alone.
    let same = configuration(&world, "requests_per_minute: 4", "").replace("role: analyst", "role: Odd Role");
    let same = same.replace("ios: { id: 902 }", "ios: { id: 902, roles: [Odd Role] }");
    let json = world.run_on_text(&["plan", "--format", "json"], &same);
    assert_eq!(json.status, ExitStatus::Done, "{}", json.said());
    assert_eq!(cost(&json), serde_json::json!({"requests": 0, "invitations": 0, "seconds": 0, "reads": 9}));
}

#[test]
fn mails_wait_between_the_reads() {
    let world = world();
    let users: String = (0..21).map(|number| format!(", n{number}@new.com: member")).collect();
    let text = configuration(&world, "requests_per_minute: 4", &users);
    let plan = world.run_on_text(&["plan"], &text);
    // 18 reads before the first mail take four minutes, two hours lie between mails, and nine reads after the last one take
    // two minutes more.
    let told = words(&plan.stdout);
    assert!(told.contains("takes 4 requests and sends 21 invitation mails"), "{told}");
    assert!(told.contains("; an apply reads with some 27 more; under the limits at least 2 h 6 min"), "{told}");
    let unlimited = configuration(&world, "invitations_per_hour: 5", &users);
    let told = words(&world.run_on_text(&["plan"], &unlimited).stdout);
    assert!(told.contains("some 27 more; under the limits at least 4 h"), "{told}");
}

#[test]
fn a_saved_live_side_does_not_tell_how_it_is_read() {
    let world = world();
    let text = configuration(&world, "requests_per_minute: 4", "");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.json");
    let file = file.to_str().unwrap();
    world.run_on_text(&["snapshot", "--out", file], &text);
    let plan = world.run_on_text(&["plan", "--live", file], &text);
    let told = "takes 1 request and sends no invitation mail; the reads of an apply count as well under the limit of 4 a minute";
    assert!(words(&plan.stdout).contains(told), "{}", plan.said());
    let json = cost(&world.run_on_text(&["plan", "--live", file, "--format", "json"], &text));
    assert_eq!(json, serde_json::json!({"requests": 1, "invitations": 0, "seconds": 0}));
    let unlimited = world.run_on_text(&["plan", "--live", file], &configuration(&world, "reads: 2", ""));
    assert!(words(&unlimited.stdout).ends_with("takes 1 request and sends no invitation mail"), "{}", unlimited.said());
}
