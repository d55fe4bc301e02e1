//! Days on which everything is as it should be.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use accessctl::cli::ExitStatus;
use snapbox::{assert_data_eq, str};

use crate::server::{error, ok};
use crate::world::{World, healthy};

#[test]
fn a_whole_organization_is_read() {
    let world = World::new(healthy());
    let ended = world.snapshot();
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.status, ExitStatus::Done);
    assert_data_eq!(
        ended.stdout,
        str![[r#"
{
  "format": "accessctl.snapshot/1",
  "taken_at": "2026-11-02T08:00:00Z",
  "organization": {"id":77,"name":"Acme"},
  "acting": {"account":"sa.x1y2.mp-service-account","role":"admin"},
  "projects": [
    {"id":901,"name":"Web","roles":["Data Steward"]},
    {"id":902,"name":"iOS","everyone":"consumer","roles":["Odd Role"]}
  ],
  "users": [
    {"email":"ana@acme.com","role":"owner","status":"active"},
    {"email":"bo@acme.com","role":"member","status":"active"},
    {"email":"cy@agency.com","role":"member","status":"invited","invited_at":"2026-10-30T10:00:00Z"}
  ],
  "teams": [
    {"id":5,"name":"Analysts","members":[
      "ana@acme.com",
      "cy@agency.com"
    ],"projects":[
      {"id":901,"role":"Data Steward"}
    ]}
  ],
  "grants": [
    {"user":"bo@acme.com","project":901,"role":"analyst"},
    {"user":"bo@acme.com","project":902,"role":"Odd Role"},
    {"user":"cy@agency.com","project":902,"role":"consumer"}
  ],
  "unread": {"invitations":false,"teams":false,"projects":[],"people":[],"service_accounts":[{"team":"Analysts","count":1}]}
}

"#]]
    );
    assert_data_eq!(
        world.server.paths().join("\n"),
        str![[r#"
/api/app/me
/api/app/projects/901/custom-roles
/api/app/projects/901/granted-users
/api/app/projects/902/custom-roles
/api/app/projects/902/granted-users
/organizations/77/invites/
/organizations/77/projects/
/organizations/77/teams/
/organizations/77/users/
"#]]
    );
}

#[test]
fn a_plan_is_made_with_it() {
    let world = World::new(healthy()).managing("users: full, grants: none, teams: none");
    let backend = format!("base_url: '{}', unverified: [list_invitations]", world.base_url());
    let ended = world.run(&["plan"], &backend);
    assert_eq!(ended.stderr, "");
    assert_eq!(ended.status, ExitStatus::Done);
    assert_data_eq!(
        ended.stdout,
        str![[r#"
acme (Acme): 1 change (1 to remove)

  Users
    - cy@agency.com  cancel the invitation, with 1 team membership and 1 grant
                     (by hand; not listed)

  Effective access  what really changes for people: 2 changes for 1 user
    cy@agency.com  (was invited)
      - loses all access: Data Steward on project 901 (Web); consumer on project 902 (iOS)

  Kept  live things that the configuration does not manage
    1 team (`teams` is not managed)
    2 grants (`grants` is not managed)
    1 default role (`everyone` is not managed)

  Guards
    warning from min_owners: the organization has 1 active owner after this plan; 2 are advised,
      since a lost last owner can only be restored by the service's support

  By hand  1 change that no known request makes; sign in at [SERVICE], organization
    Acme (77)
    1. Organization settings, Users, Invited Users: delete the invitation of cy@agency.com

  Total  1 change (1 to remove); takes 0 requests and sends no invitation mail; an apply reads with
    some 27 more; 1 change to make by hand

"#]]
    );
    let ended = world.run(&["plan", "--format", "json"], &backend);
    assert!(ended.stdout.contains(r#""backend":"mixpanel""#), "{}", ended.stdout);
}

#[test]
fn the_doctor_tells_who_the_account_is_and_what_it_tried() {
    let world = World::new(healthy());
    let backend = format!("base_url: '{}', unverified: [list_invitations]", world.base_url());
    let ended = world.run(&["doctor", "--format", "json"], &backend);
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
    let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let own = &document["orgs"][0];
    let account = serde_json::json!({"name": "sa.x1y2.mp-service-account", "role": "admin", "regions": ["us", "eu"]});
    assert_eq!(own["account"], account);
    let why = |name: &str| {
        let requests = own["requests"].as_array().unwrap();
        requests.iter().find(|request| request["name"] == name).unwrap()["why"].as_str().unwrap().to_owned()
    };
    assert_eq!(why("list_grants"), "it was tried on project 901 and answers");
    assert_eq!(why("list_custom_roles"), "it was tried on project 901 and answers");
    assert_eq!(why("list_teams"), "it was tried and answers");
    // Who the account is nobody knows where it is refused.
    let refused = World::with("/api/app/me", error("401 Unauthorized", "who?"));
    let backend = format!("base_url: '{}'", refused.base_url());
    let ended = refused.run(&["doctor", "--format", "json"], &backend);
    assert!(ended.stdout.contains(r#""account":null"#), "{}", ended.stdout);
}

#[test]
fn the_doctor_tells_what_it_tried_and_failed_at() {
    let doctor = |path: &str, answer| {
        let world = World::with(path, answer);
        let backend = format!("base_url: '{}'", world.base_url());
        let ended = world.run(&["doctor", "--format", "json"], &backend);
        assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.said());
        serde_json::from_str::<serde_json::Value>(&ended.stdout).unwrap()["orgs"][0].take()
    };
    let of = |own: &serde_json::Value, name: &str| {
        own["requests"].as_array().unwrap().iter().find(|request| request["name"] == name).unwrap().clone()
    };
    for status in ["401 Unauthorized", "503 Service Unavailable"] {
        let own = doctor("/api/app/me", error(status, "no"));
        assert_eq!(own["checks"][1]["ok"], false, "{own}");
        let me = of(&own, "me");
        assert_eq!(
            (me["usable"].as_str(), me["why"].as_str()),
            (Some("no"), Some("it was tried and failed, see above"))
        );
        assert_eq!(of(&own, "list_users")["why"], "it was not tried");
    }
    // What the plan says of an admin who may not see something.
    let teams = of(&doctor("/organizations/77/teams/", error("403 Forbidden", "plan too low")), "list_teams");
    assert_eq!(teams["usable"], "no");
    let step = "the service account had the org role `admin` when this run began, which should do: perhaps it was taken since, \
                or the plan of the service does not include this";
    assert_eq!(teams["next_steps"][0], step, "{teams}");
}

#[test]
fn requests_carry_the_credential_and_nothing_else() {
    let world = World::new(healthy());
    world.snapshot();
    for seen in world.server.seen() {
        // base64 of `sa.x1y2:s3cret-of-the-account`
        assert_eq!(seen.headers["authorization"], "Basic c2EueDF5MjpzM2NyZXQtb2YtdGhlLWFjY291bnQ=");
        assert_eq!(seen.headers["accept"], "application/json");
        assert!(seen.line.starts_with("GET "), "{}", seen.line);
        assert!(!seen.headers.contains_key("cookie") && !seen.headers.contains_key("referer"));
    }
    let lines: Vec<_> = world.server.seen().into_iter().map(|seen| seen.line).collect();
    assert_eq!(lines[0], "GET /api/app/me?include_workspace_users=false");
    let grants = "GET /api/app/projects/901/granted-users?include_invited_users=true&include_access_requests=false";
    assert!(lines.iter().any(|line| line == grants), "{lines:?}");
}

#[test]
fn invitations_are_asked_for_only_when_the_configuration_vouches_for_them() {
    let world = World::new(healthy());
    let ended = world.run(&["snapshot", "--out", "-"], &format!("base_url: '{}'", world.base_url()));
    assert_eq!(ended.status, ExitStatus::Done);
    assert!(!world.server.paths().iter().any(|path| path.contains("invites")));
    let unread = r#"{"invitations":true,"teams":false,"projects":[],"people":["cy@agency.com"],"service_accounts":[{"team":"Analysts","count":1}]}"#;
    assert!(ended.stdout.contains(&format!("\"unread\": {unread}\n")), "{}", ended.stdout);
    assert_eq!(ended.stdout.matches("cy@agency.com").count(), 1);
    assert_data_eq!(
        ended.stderr,
        str![[r#"
warning: cy@agency.com: named by teams or projects, and no users as far as was read; pending invitations are not read unless `backend.unverified` lists `list_invitations`, so they are neither invited nor added nor taken out, and teams that have them are not deleted and keep their roles

"#]]
    );
}

#[test]
fn somebody_who_joined_while_the_lists_were_read_is_there_once() {
    let mut answers = healthy();
    let users = r#"[{"id":11,"email":"ana@acme.com","role":"owner"},{"id":12,"email":"bo@acme.com","role":"member"},
        {"id":21,"email":"cy@agency.com","role":"member","invited":false}]"#;
    answers.insert("/organizations/77/users/".to_owned(), ok(users));
    let ended = World::new(answers).snapshot();
    assert_eq!(ended.stderr, "");
    let found: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    let cy = found["users"].as_array().unwrap().iter().find(|user| user["email"] == "cy@agency.com").unwrap();
    assert_eq!(cy["status"], "active");
}

#[test]
fn round_numbers_are_suspicious() {
    for number in [100, 500, 1000] {
        let users: Vec<String> = (0..number)
            .map(|index| format!(r#"{{"id":{},"email":"u{index}@acme.com","role":"owner"}}"#, index + 1))
            .collect();
        let mut answers = healthy();
        answers.insert("/organizations/77/users/".to_owned(), ok(&format!("[{}]", users.join(","))));
        for path in ["/organizations/77/teams/", "/organizations/77/invites/"] {
            answers.insert(path.to_owned(), ok("[]"));
        }
        for project in [901, 902] {
            answers.insert(format!("/api/app/projects/{project}/granted-users"), ok("[]"));
        }
        let ended = World::new(answers).snapshot();
        assert_eq!(ended.status, ExitStatus::Done, "{}", ended.stderr);
        assert_eq!(
            ended.stderr,
            format!(
                "warning: `list_users` has exactly {number} rows: it may be the first page of a longer list; compare \
                 the number with what the service shows; nobody is invited by request meanwhile\n"
            )
        );
    }
}

#[test]
fn as_many_reads_as_allowed_are_under_way() {
    const AT_ONCE: usize = 3;
    const PROJECTS: usize = 12;
    // Answers wait until as many requests are there as may be; more never are.
    let gate = Arc::new((Mutex::new((0_usize, 0_usize, 0_usize)), Condvar::new()));
    let inside = Arc::clone(&gate);
    let mut answers = healthy();
    let projects: Vec<String> = (1..=PROJECTS).map(|id| format!(r#"{{"id":{id},"name":"P"}}"#)).collect();
    answers.insert("/organizations/77/projects/".to_owned(), ok(&format!("[{}]", projects.join(","))));
    let me = r#"{"organizations":{"77":{"id":77,"name":"Acme","role":"admin"}}}"#;
    answers.insert("/api/app/me".to_owned(), ok(me));
    for path in ["/organizations/77/teams/", "/organizations/77/invites/"] {
        answers.insert(path.to_owned(), ok("[]"));
    }
    let world = World::scripted(move |seen, _| {
        if !seen.path().contains("granted-users") {
            return answers.get(seen.path()).cloned().unwrap_or_default();
        }
        let (counts, changed) = &*inside;
        let mut counts = counts.lock().unwrap();
        counts.0 += 1;
        counts.1 = counts.1.max(counts.0);
        counts.2 += 1;
        let round = counts.2.div_ceil(AT_ONCE) * AT_ONCE;
        changed.notify_all();
        let waiting = changed.wait_timeout_while(counts, Duration::from_secs(20), |counts| counts.2 < round);
        waiting.unwrap().0.0 -= 1;
        ok("[]")
    });
    let backend = format!("base_url: '{}', limits: {{ reads: {AT_ONCE} }}", world.base_url());
    let ended = world.run(&["snapshot", "--out", "-"], &backend);
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.stderr);
    assert_eq!(gate.0.lock().unwrap().1, AT_ONCE);
}

#[test]
fn a_budget_of_requests_is_kept() {
    let world = World::new(healthy());
    let backend = format!("base_url: '{}', limits: {{ requests_per_minute: 4 }}", world.base_url());
    let ended = world.run(&["snapshot", "--out", "-"], &backend);
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.stderr);
    assert_eq!(world.server.seen().len(), 8);
    assert_eq!(ended.waits.iter().sum::<Duration>(), Duration::from_secs(60));
}
