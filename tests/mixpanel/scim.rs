//! Requests and answers of SCIM, written out by hand from the dossier (section 5) and RFC 7644.

use accessctl::cli::ExitStatus;
use serde_json::{Value, json};

use crate::runs::Ended;
use crate::server::{Seen, answer_with, ok};
use crate::world::{World, healthy};

const TOKEN: &str = "t0ken-of-scim";
const PREFIX: &str = "/api/app/scim/v2/";

fn scim(status: &str, body: &str) -> Vec<u8> {
    answer_with(status, "Content-Type: application/scim+json\r\n", body)
}

fn scim_error(status: &str, detail: &str, kind: &str) -> Vec<u8> {
    let code = status.split(' ').next().unwrap();
    let body = format!(
        r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"{code}","scimType":"{kind}","detail":"{detail}"}}"#
    );
    scim(status, &body)
}

fn group(members: &[&str]) -> Vec<u8> {
    let members: Vec<Value> = members.iter().map(|id| json!({"value": id, "type": "User"})).collect();
    let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": "g-5",
        "displayName": "Analysts", "members": members});
    scim("200 OK", &group.to_string())
}

/// What SCIM answers where all is well: two pages of users, one of groups, and a group that follows its changes.
fn well(seen: &Seen, before: usize) -> Vec<u8> {
    let page = |body: &str| scim("200 OK", body);
    match seen.line.as_str() {
        "GET /api/app/scim/v2/Users?startIndex=1&count=100" => page(
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":3,"startIndex":1,
               "itemsPerPage":2,"Resources":[{"id":"u-11","userName":"Ana@Acme.com","active":true},
               {"id":"u-99","userName":"zoe@acme.com","active":true}]}"#,
        ),
        "GET /api/app/scim/v2/Users?startIndex=3&count=100" => page(
            r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":3,"startIndex":3,
               "itemsPerPage":1,"Resources":[{"id":"u-12","userName":"bo@acme.com","active":true}]}"#,
        ),
        "GET /api/app/scim/v2/Groups?startIndex=1&count=100" => page(
            r#"{"totalResults":1,"startIndex":1,"itemsPerPage":1,"Resources":[{"id":"g-5","displayName":"analysts"}]}"#,
        ),
        "POST /api/app/scim/v2/Users" => scim(
            "201 Created",
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"u-13","userName":"new@acme.com"}"#,
        ),
        "DELETE /api/app/scim/v2/Users/u%2D12" | "DELETE /api/app/scim/v2/Users/u-12" => {
            answer_with("204 No Content", "", "")
        }
        line if line.starts_with("GET /api/app/scim/v2/Groups/") => {
            if before == 0 {
                group(&["u-11"])
            } else {
                group(&["u-11", "u-12"])
            }
        }
        line if line.starts_with("PATCH /api/app/scim/v2/Groups/") => answer_with("204 No Content", "", ""),
        line => panic!("nobody asks for {line}"),
    }
}

/// A service where SCIM answers by `script`, else as where all is well.
fn world(script: impl Fn(&Seen, usize) -> Option<Vec<u8>> + Send + Sync + 'static) -> World {
    let answers = healthy();
    let mut world = World::scripted(move |seen, before| match answers.get(seen.path()) {
        Some(answer) => answer.clone(),
        None => script(seen, before).unwrap_or_else(|| well(seen, before)),
    });
    world.environment.insert("ACCESSCTL_ACME_SCIM_TOKEN".to_owned(), TOKEN.to_owned());
    world
}

/// Two people join `Analysts`, one of whom is new.
const JOINING: &str = "users: { ana@acme.com: owner, bo@acme.com: member, cy@agency.com: member, new@acme.com: member }\n\
    teams: { Analysts: { members: [ana@acme.com, bo@acme.com, cy@agency.com, new@acme.com] } }\n";
/// Somebody leaves the organization.
const LEAVING: &str = "users: { ana@acme.com: owner, cy@agency.com: member }\n";

fn run(world: &World, arguments: &[&str], body: &str) -> Ended {
    let text = format!(
        "version: 1\norg:\n  key: acme\n  id: 77\n  backend:\n    {{ type: mixpanel, region: eu, base_url: '{}', \
         unverified: [list_invitations], scim: {{ claimed_domains: [ACME.com] }} }}\n{body}",
        world.base_url()
    );
    let ended = world.run_on_text(arguments, &text);
    assert!(!ended.said().contains(TOKEN), "{}", ended.said());
    ended
}

fn apply(world: &World, body: &str) -> Ended {
    run(world, &["apply", "--yes"], body)
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The requests of SCIM, in order.
fn asked(world: &World) -> Vec<Seen> {
    world.server.seen().into_iter().filter(|seen| seen.path().starts_with(PREFIX)).collect()
}

#[test]
fn requests_are_those_of_the_standard() {
    let world = world(|_, _| None);
    apply(&world, JOINING);
    let asked = asked(&world);
    let lines: Vec<&str> = asked.iter().map(|seen| seen.line.as_str()).collect();
    let expected = [
        "POST /api/app/scim/v2/Users",
        "GET /api/app/scim/v2/Users?startIndex=1&count=100",
        "GET /api/app/scim/v2/Users?startIndex=3&count=100",
        "GET /api/app/scim/v2/Groups?startIndex=1&count=100",
        // The first membership is looked at before and after.
        "GET /api/app/scim/v2/Groups/g-5",
        "PATCH /api/app/scim/v2/Groups/g-5",
        "GET /api/app/scim/v2/Groups/g-5",
        "PATCH /api/app/scim/v2/Groups/g-5",
    ];
    let mut sorted = lines.clone();
    sorted.sort_unstable();
    let mut expected_sorted = expected;
    expected_sorted.sort_unstable();
    assert_eq!(sorted, expected_sorted, "{lines:?}");
    let bodies: Vec<(String, Value)> = asked
        .iter()
        .filter(|seen| !seen.body.is_empty())
        .map(|seen| (seen.line.split(' ').next().unwrap().to_owned(), serde_json::from_str(&seen.body).unwrap()))
        .collect();
    let made = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": "new@acme.com", "displayName": "new@acme.com"});
    assert!(bodies.contains(&("POST".to_owned(), made)), "{bodies:?}");
    for id in ["u-12", "u-13"] {
        let added = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "add", "path": "members", "value": [{"value": id}]}]});
        assert!(bodies.contains(&("PATCH".to_owned(), added)), "{id}: {bodies:?}");
    }
}

#[test]
fn the_token_goes_to_scim_and_the_service_account_elsewhere() {
    let world = world(|_, _| None);
    apply(&world, JOINING);
    for seen in world.server.seen() {
        let authorization = &seen.headers["authorization"];
        if seen.path().starts_with(PREFIX) {
            assert_eq!(authorization, &format!("Bearer {TOKEN}"), "{}", seen.line);
            assert!(seen.headers["accept"].starts_with("application/scim+json"), "{}", seen.line);
        } else {
            assert!(authorization.starts_with("Basic "), "{}", seen.line);
        }
        if !seen.body.is_empty() && seen.path().starts_with(PREFIX) {
            assert_eq!(seen.headers["content-type"], "application/scim+json");
        }
    }
}

#[test]
fn people_are_removed_by_their_id_in_scim() {
    let world = world(|_, _| None);
    apply(&world, LEAVING);
    let asked = asked(&world);
    assert_eq!(asked.last().unwrap().line, "DELETE /api/app/scim/v2/Users/u-12");
    assert_eq!(asked.last().unwrap().body, "");
    // The invited person of another domain stays where SCIM has nothing to say.
    assert_eq!(asked.len(), 3, "{asked:?}");
}

#[test]
fn members_are_taken_out_one_by_one() {
    let world = world(|seen, before| {
        (seen.line == "GET /api/app/scim/v2/Groups/g-5")
            .then(|| if before == 0 { group(&["u-11", "u-12"]) } else { group(&["u-12"]) })
    });
    let body = "users: { ana@acme.com: owner, bo@acme.com: member, cy@agency.com: member }\n\
        teams: { Analysts: { members: [cy@agency.com] } }\n";
    apply(&world, body);
    let patched = asked(&world).into_iter().find(|seen| seen.line.starts_with("PATCH")).unwrap();
    let expected = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "remove", "path": r#"members[value eq "u-11"]"#}]});
    assert_eq!(serde_json::from_str::<Value>(&patched.body).unwrap(), expected);
}

#[test]
fn a_request_that_does_something_else_is_not_sent_again() {
    // It was answered as done, and the group lost everybody else.
    let world =
        world(|seen, before| (seen.line == "GET /api/app/scim/v2/Groups/g-5" && before > 0).then(|| group(&["u-12"])));
    let ended = apply(&world, JOINING);
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    let said = words(&ended.said());
    assert!(said.contains("`scim_add_members` did something else than it was asked for"), "{said}");
    assert!(said.contains("1 are missing, and 0 others are there"), "{said}");
    assert!(said.contains("`scim_add_members` is not sent: the first one of this run did something else"), "{said}");
    assert_eq!(asked(&world).iter().filter(|seen| seen.line.starts_with("PATCH")).count(), 1);
}

#[test]
fn answers_that_are_no_answers_are_refused() {
    let list = "GET /api/app/scim/v2/Users?startIndex=1&count=100";
    let create = "POST /api/app/scim/v2/Users";
    let lists = |rest: &str| scim("200 OK", &format!(r#"{{"totalResults":3,{rest}}}"#));
    let redirect = answer_with("302 Found", "Location: https://evil.test/x?token=1\r\n", "");
    for (line, answer, said) in [
        (list, answer_with("200 OK", "", "<!DOCTYPE html>"), "the service answered 200 with a web page"),
        (list, scim("200 OK", r#"{"totalResults":3,"Reso"#), "the answer ends in the middle"),
        (list, scim("200 OK", "{}"), "`totalResults` is missing"),
        (list, lists(r#""Resources":[]"#), "0 were listed of 3"),
        (list, lists(r#""startIndex":7,"Resources":[]"#), "the page should begin with 1"),
        (list, lists(r#""Resources":[{"id":"x"}]"#), "row 1 of `Resources`: `userName` should be a text"),
        (list, lists(r#""Resources":[{"id":7,"userName":"a"}]"#), "row 1 of `Resources`: `id` should be a text"),
        (list, scim_error("401 Unauthorized", "who?", ""), "the service answered 401: who?"),
        (create, scim_error("409 Conflict", "taken", "uniqueness"), "an ordinary invitation"),
        (create, scim_error("409 Conflict", "taken", "uniqueness"), "answered 409: taken (uniqueness)"),
        (create, scim_error("200 OK", "taken", "uniqueness"), "the answer is an error: taken (uniqueness)"),
        (create, answer_with("204 No Content", "", ""), "the answer is not JSON"),
        (create, scim("201 Created", r#"{"id":"u-13","userName":"ana@acme.com"}"#), "another user was made"),
        (create, redirect, "points to https://evil.test/x; redirects are not followed"),
        (create, scim_error("500 Oops", TOKEN, ""), "the service answered 500: ***"),
    ] {
        let world = world(move |seen, _| (seen.line == line).then(|| answer.clone()));
        let ended = apply(&world, JOINING);
        assert_eq!(ended.status, ExitStatus::Incomplete, "{said}: {}", ended.said());
        assert!(words(&ended.said()).contains(said), "{said}: {}", ended.said());
        let made = asked(&world).iter().filter(|seen| seen.line == create).count();
        assert_eq!(made, 1, "{said}");
        // Whoever was not made is put into no team.
        let patched = asked(&world).iter().filter(|seen| seen.line.starts_with("PATCH")).count();
        assert!(patched <= 1, "{said}");
    }
}

#[test]
fn nothing_more_is_asked_of_scim_once_it_refuses_everything() {
    let many = JOINING
        .replace("new@acme.com: member", "new@acme.com: member, ed@acme.com: member, fay@acme.com: member")
        .replace("new@acme.com] }", "new@acme.com, ed@acme.com, fay@acme.com] }, Ops: {}");
    for (status, tries) in [("401 Unauthorized", 1), ("429 Too Many Requests", 5)] {
        // From the first request on, and from the first list on.
        for (from, before) in [("POST", 0), ("GET", 3)] {
            let world = world(move |seen, _| {
                if seen.path() == "/organizations/77/add-teams/" {
                    return Some(ok(r#"[{"name":"Ops","created":true}]"#));
                }
                let made = |body: &str| {
                    let body: Value = serde_json::from_str(body).unwrap();
                    scim("201 Created", &json!({"id": body["userName"], "userName": body["userName"]}).to_string())
                };
                match seen.path().starts_with(PREFIX) {
                    true if from == "GET" && seen.line.starts_with("POST") => Some(made(&seen.body)),
                    true => Some(answer_with(status, "", "")),
                    false => None,
                }
            });
            let ended = apply(&world, &many);
            assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
            // A creation is not repeated after a 429: it is a request that may not be repeated.
            let tries = if from == "POST" { 1 } else { tries };
            assert_eq!(asked(&world).len(), before + tries, "{status} {from}: {:?}", asked(&world));
            assert!(words(&ended.said()).contains("not tried"), "{}", ended.said());
            assert!(world.server.paths().contains(&"/organizations/77/add-teams/".to_owned()), "{}", ended.said());
        }
    }
}

#[test]
fn without_a_token_a_plan_warns_and_an_apply_refuses() {
    let mut world = world(|_, _| None);
    world.environment.remove("ACCESSCTL_ACME_SCIM_TOKEN");
    let plan = run(&world, &["plan"], JOINING);
    assert_eq!(plan.status, ExitStatus::Done, "{}", plan.said());
    let warning = words(&plan.stderr);
    assert!(warning.contains("warning: there is no SCIM token for organization `acme`"), "{warning}");
    assert!(warning.contains("`ACCESSCTL_ACME_SCIM_TOKEN` (or `ACCESSCTL_ACME_SCIM_TOKEN_FILE`)"), "{warning}");
    let refused = apply(&world, JOINING);
    assert_eq!(refused.status, ExitStatus::Invalid, "{}", refused.said());
    assert!(words(&refused.stderr).contains("error: organization `acme` was not applied"), "{}", refused.stderr);
    assert!(words(&refused.stderr).contains("hint: put the SCIM token"), "{}", refused.stderr);
    assert!(world.server.seen().iter().all(|seen| seen.line.starts_with("GET")));
    assert!(asked(&world).is_empty());
    // What needs no SCIM needs no token.
    let other = "users: { ana@acme.com: owner, bo@acme.com: member, cy@agency.com: member }\n";
    let plan = run(&world, &["plan"], other);
    assert_eq!((plan.status, plan.stderr.as_str()), (ExitStatus::Done, ""), "{}", plan.said());
    let doctor = run(&world, &["doctor"], JOINING);
    assert_eq!(doctor.status, ExitStatus::Failure);
    assert!(words(&doctor.stdout).contains("scim NOT WELL: there is no SCIM token"), "{}", doctor.stdout);
}

#[test]
fn a_plan_for_a_snapshot_has_the_same_channels_without_a_token() {
    let mut world = world(|_, _| None);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.json");
    let file = file.to_str().unwrap();
    run(&world, &["snapshot", "--out", file], JOINING);
    let with = run(&world, &["plan", "--live", file, "--format", "json"], JOINING);
    world.environment.clear();
    let without = run(&world, &["plan", "--live", file, "--format", "json"], JOINING);
    assert_eq!(with.status, ExitStatus::Done, "{}", with.said());
    assert_eq!(with.stdout, without.stdout);
    assert_eq!(with.stdout.matches(r#""channel":"scim""#).count(), 3, "{}", with.stdout);
    assert!(with.stdout.contains(r#""cost":{"requests":3,"invitations":0"#), "{}", with.stdout);
}
