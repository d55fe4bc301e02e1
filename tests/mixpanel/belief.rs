//! What is believed of answers that say that something was done, or that a list is whole.

use std::sync::{Arc, Mutex};

use accessctl::cli::ExitStatus;
use accessctl::journal::REMEMBERED;
use serde_json::{Value, json};

use crate::bad_days::{ME, USERS};
use crate::server::{Seen, answer_with, error, ok};
use crate::world::{SECRET, World};

const INVITES: &str = "/organizations/77/invites/";
const TEAMS: &str = "/organizations/77/teams/";
const ADD_USERS: &str = "/organizations/77/add-users/";
const ADD_TEAMS: &str = "/organizations/77/add-teams/";
const WEB: &str = "/api/app/projects/901/granted-users";

/// What the service shows.
struct Shown {
    invitations: Value,
    teams: Value,
    web: Value,
}

/// Answers writes, and may change what is shown.
type Writes = dyn Fn(&Seen, &mut Shown) -> Vec<u8> + Send + Sync;

/// An organization of Ana, who owns it, Bo, Cy and Dee.
fn organization(writes: Box<Writes>) -> (World, Arc<Mutex<Shown>>) {
    let shown = Arc::new(Mutex::new(Shown { invitations: json!([]), teams: json!([]), web: json!([]) }));
    let kept = Arc::clone(&shown);
    let world = World::scripted(move |seen, _| {
        let mut shown = kept.lock().unwrap();
        if !seen.line.starts_with("GET") {
            return writes(seen, &mut shown);
        }
        match seen.path() {
            ME => ok(&json!({
                "user_email": "sa.x1y2.mp-service-account",
                "organizations": { "77": { "id": 77, "name": "Acme", "role": "admin" } },
                "projects": { "901": { "name": "Web", "organization_id": 77 } },
            })
            .to_string()),
            "/organizations/77/projects/" => ok(r#"[{"id":901,"name":"Web"}]"#),
            USERS => {
                ok(r#"[{"id":11,"email":"ana@acme.com","role":"owner"},{"id":12,"email":"bo@acme.com","role":"member"},
                {"id":13,"email":"cy@acme.com","role":"member"},{"id":14,"email":"dee@acme.com","role":"member"}]"#)
            }
            INVITES => ok(&shown.invitations.to_string()),
            TEAMS => ok(&shown.teams.to_string()),
            WEB => ok(&shown.web.to_string()),
            "/api/app/projects/901/custom-roles" => ok(r#"[{"role_id":"uuid-pii","name":"PII Reader"}]"#),
            _ => error("404 Not Found", "no such path"),
        }
    });
    (world, shown)
}

/// A configuration of it, with more users and more parts.
fn text(world: &World, users: &str, parts: &str) -> String {
    format!(
        "version: 1\norg:\n  key: acme\n  id: 77\n  backend: {{ type: mixpanel, region: eu, base_url: '{}', unverified: all }}\n\
         users: {{ ana@acme.com: owner, bo@acme.com: member, cy@acme.com: member, dee@acme.com: member{users} }}\n\
         projects: {{ web: {{ id: 901, roles: [PII Reader] }} }}\n{parts}",
        world.base_url()
    )
}

fn writes(world: &World) -> Vec<(String, Value)> {
    let seen = world.server.seen();
    let writes = seen.iter().filter(|seen| !seen.line.starts_with("GET"));
    writes.map(|seen| (seen.path().to_owned(), serde_json::from_str(&seen.body).unwrap())).collect()
}

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

const DONE: &str = r#"{"success":true,"updated":true}"#;

#[test]
fn nobody_gets_a_second_mail_whom_the_service_does_not_show() {
    type Answer = fn() -> Vec<u8>;
    let answers: [(&str, Answer); 4] = [
        ("says that it was sent", || ok(r#"[{"email":"zoe@new.test","created":true,"invited":true}]"#)),
        ("fails", || error("500 Internal Server Error", "oops")),
        ("points elsewhere", || answer_with("302 Found", "Location: /organizations/77/users/\r\n", "")),
        ("breaks off", Vec::new),
    ];
    for (what, answer) in answers {
        let (world, _) = organization(Box::new(move |_, _| answer()));
        let text = text(&world, ", zoe@new.test: member", "");
        for run in 1..=3 {
            let ended = world.run_on_text(&["apply", "--yes"], &text);
            assert_eq!(ended.status, ExitStatus::Incomplete, "{what}, run {run}: {}", ended.said());
            let said = words(&ended.stdout);
            assert!(!said.contains("FAILED") && said.contains("1 by hand"), "{what}, run {run}: {}", ended.said());
            assert!(said.contains("look for zoe@new.test among the Users and the Invited Users"), "{said}");
            if run > 1 {
                assert!(words(&ended.stderr).contains("asked for a mail at 2026-11-02"), "{}", ended.said());
            }
            assert_eq!(writes(&world).len(), 1, "{what}, run {run}");
            world.later.set(world.later.get() + REMEMBERED / 4);
        }
        world.later.set(REMEMBERED * 2);
        world.run_on_text(&["apply", "--yes"], &text);
        assert_eq!(writes(&world).len(), 2, "{what}: after some days it may be sent again");
    }
}

#[test]
fn whoever_was_taken_out_again_is_invited_again() {
    let (world, shown) = organization(Box::new(|seen, shown| {
        if seen.path() == ADD_USERS {
            shown.invitations = json!([{ "id": 31, "email": "zoe@new.test", "role": "member" }]);
            return ok(r#"[{"email":"zoe@new.test","created":true,"invited":true}]"#);
        }
        shown.invitations = json!([]);
        ok(DONE)
    }));
    let with = text(&world, ", zoe@new.test: member", "");
    let without = text(&world, "", "");
    for text in [&with, &without, &with] {
        world.later.set(world.later.get() + jiff::SignedDuration::from_hours(2));
        let ended = world.run_on_text(&["apply", "--yes"], text);
        assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
    }
    assert_eq!(shown.lock().unwrap().invitations.as_array().unwrap().len(), 1);
}

#[test]
fn a_part_of_a_list_is_no_list() {
    let rows = r#"[{"id":11,"email":"ana@acme.com","role":"owner"},{"id":12,"email":"bo@acme.com","role":"member"}]"#;
    let read = |more: &str| {
        let body = format!(r#"{{"status":"ok",{more}"results":{rows}}}"#);
        World::with(USERS, answer_with("200 OK", "", body)).snapshot()
    };
    for more in [
        r#""has_more":true"#,
        r#""hasMore":true"#,
        r#""next":"/x?page=2""#,
        r#""next_page":2"#,
        r#""next_cursor":"x""#,
        r#""cursor":"abc""#,
        r#""total":500"#,
        r#""count":"900""#,
        r#""total_pages":4"#,
        r#""pagination":{"has_next":true}"#,
        r#""pagination":{"total_pages":4,"page":1}"#,
        r#""meta":{"pagination":{"total":3}}"#,
        r#""links":{"next":"x"}"#,
        r#""_links":{"next":{"href":"x"}}"#,
    ] {
        let ended = read(&format!("{more},"));
        assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Failure, ""), "{more}");
    }
    for more in [
        r#""has_more":false,"#,
        r#""next":null,"#,
        r#""next_page":"","#,
        r#""total":2,"count":2,"#,
        r#""pagination":{"total_pages":1,"page":1,"next_cursor":null},"#,
        r#""links":{"next":null,"self":"x"},"#,
        r#""region":"eu","#,
    ] {
        let ended = read(more);
        assert_eq!(ended.status, ExitStatus::Done, "{more}: {}", ended.said());
    }
}

#[test]
fn nobody_is_invited_who_may_be_on_another_page() {
    let (world, shown) = organization(Box::new(|_, _| ok(r#"[{"email":"zoe@new.test","created":true}]"#)));
    let invited = (0..100).map(|number| {
        json!({ "id": 1000 + number, "email": format!("p{number}@new.test"), "role": "member", "created": "2026-10-30T10:00:00Z" })
    });
    shown.lock().unwrap().invitations = invited.collect();
    let all: String = (0..100).map(|number| format!(", p{number}@new.test: member")).collect();
    let ended = world.run_on_text(&["apply", "--yes"], &text(&world, &format!("{all}, zoe@new.test: member"), ""));
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    assert_eq!(writes(&world), []);
    let said = words(&ended.said());
    assert!(said.contains("`list_invitations` has exactly 100 rows, and may be the first page"), "{said}");
    assert!(said.contains("look for zoe@new.test among the Users"), "{said}");
}

#[test]
fn nothing_is_taken_for_what_is_only_said_to_be_given() {
    let taking = "/organizations/77/teams/5/delete-users/";
    for (given, unread) in [(false, false), (true, true), (true, false)] {
        let (world, shown) = organization(Box::new(move |seen, shown| {
            if seen.path() == taking {
                shown.teams[0]["users"] = json!([{ "email": "cy@acme.com" }]);
            } else if given {
                shown.web = json!([{ "email": "bo@acme.com", "role": "analyst", "target_type": "individual" }]);
                if unread {
                    shown.web[0]["role"] = json!(7);
                }
            }
            ok(if seen.path() == taking { DONE } else { "{}" })
        }));
        shown.lock().unwrap().teams = json!([{ "id": 5, "name": "T", "projects": [{ "id": 901, "role": "analyst" }],
            "users": [{ "email": "bo@acme.com" }, { "email": "cy@acme.com" }] }]);
        let parts = "teams: { t: { name: T, members: [cy@acme.com], projects: { web: analyst } } }\n\
                     grants: [{ user: bo@acme.com, project: web, role: analyst }]\n";
        let text = text(&world, "", parts);
        let planned = world.run_on_text(&["plan"], &text);
        assert!(words(&planned.stdout).contains("takes about 2 requests"), "{}", planned.stdout);
        let ended = world.run_on_text(&["apply", "--yes"], &text);
        let paths: Vec<String> = writes(&world).into_iter().map(|(path, _)| path).collect();
        let is_taken = paths.iter().any(|path| path == taking);
        assert_eq!(is_taken, given && !unread, "{given} {unread}: {}", ended.said());
        assert_eq!(ended.status == ExitStatus::Done, is_taken, "{}", ended.said());
        if !given {
            let said = words(&ended.stdout);
            assert!(said.contains("the live side shows that it was not done") && said.contains("1 skipped"), "{said}");
        }
    }
}

#[test]
fn a_team_of_somebody_else_gets_nothing() {
    let parts = "teams: { s: { name: Secrets, members: [bo@acme.com], projects: { web: admin } } }\n";
    for (team, is_used) in [
        (json!({ "id": 9, "name": "Secrets", "projects": [], "users": [] }), false),
        (json!({ "id": 9, "name": "Secrets", "projects": [], "users": [], "service_accounts": [] }), false),
        (json!({ "id": 9, "name": "Secrets", "projects": [], "users": [{ "email": "dee@acme.com" }] }), true),
        (json!({ "id": 9, "name": "Secrets", "projects": [{ "id": 901, "role": "owner" }], "users": [] }), true),
        (json!({ "id": 9, "name": "Secrets", "projects": [], "users": [], "service_accounts": [{ "id": 31 }] }), true),
    ] {
        let (world, _) = organization(Box::new(move |seen, shown| {
            if seen.path() == ADD_TEAMS {
                shown.teams = json!([team]);
                return ok(r#"[{"name":"Secrets","created":false}]"#);
            }
            ok(DONE)
        }));
        let ended = world.run_on_text(&["apply", "--yes"], &text(&world, "", parts));
        let others = writes(&world).iter().filter(|(path, _)| path != ADD_TEAMS).count();
        assert_eq!(others, if is_used { 0 } else { 2 }, "{}", ended.said());
        let said = words(&ended.stdout);
        assert_eq!(said.contains("team `Secrets` was made by somebody else meanwhile"), is_used, "{said}");
    }
}

#[test]
fn a_team_that_the_list_does_not_show_yet_is_not_made_again() {
    let (world, shown) = organization(Box::new(|seen, _| match seen.path() {
        ADD_TEAMS => ok(r#"[{"name":"New","created":true}]"#),
        _ => ok(DONE),
    }));
    let parts = "teams: { n: { name: New, members: [bo@acme.com], projects: { web: admin } } }\n";
    let ended = world.run_on_text(&["apply", "--yes"], &text(&world, "", parts));
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    let paths: Vec<String> = writes(&world).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, [ADD_TEAMS], "{}", ended.said());
    // The list has caught up, and the rest is done.
    shown.lock().unwrap().teams = json!([{ "id": 9, "name": "New", "projects": [], "users": [] }]);
    world.run_on_text(&["apply", "--yes"], &text(&world, "", parts));
    let sent = writes(&world);
    assert_eq!(sent.iter().filter(|(path, _)| path == ADD_TEAMS).count(), 1, "{sent:?}");
    assert_eq!(sent[1..].iter().filter(|(_, body)| body["teams"][0]["id"] == 9).count(), 2, "{sent:?}");
}

#[test]
fn a_team_that_the_list_shows_by_its_old_name_is_no_other() {
    let team = |id: u64, name: &str| json!({ "id": id, "name": name, "projects": [], "users": [] });
    let (world, shown) = organization(Box::new(|seen, _| match seen.path() {
        ADD_TEAMS => ok(r#"[{"name":"New","created":true}]"#),
        _ => ok(DONE),
    }));
    shown.lock().unwrap().teams = json!([team(5, "Old"), team(6, "Other")]);
    // After a team is made all teams are read again, and the list is behind.
    let parts = "teams:\n  r: { name: Renamed, previously: [Old], members: [bo@acme.com], projects: { web: admin } }\n  \
                 n: { name: New, members: [cy@acme.com] }\n  o: { name: Other }\n";
    let ended = world.run_on_text(&["apply", "--yes"], &text(&world, "", parts));
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    let renames = |sent: &[(String, Value)]| sent.iter().filter(|(path, _)| path.ends_with("/5/update/")).count();
    let sent = writes(&world);
    assert_eq!(renames(&sent), 1, "{sent:?}");
    assert!(sent.iter().all(|(path, body)| !path.contains("/teams/6/") && body["teams"][0]["id"] != 6), "{sent:?}");
    shown.lock().unwrap().teams = json!([team(5, "Renamed"), team(6, "Other"), team(9, "New")]);
    world.run_on_text(&["apply", "--yes"], &text(&world, "", parts));
    let sent = writes(&world);
    assert_eq!(renames(&sent), 1, "{sent:?}");
    let members =
        json!([{ "id": 9, "users": [{ "email": "cy@acme.com" }] }, { "id": 5, "users": [{ "email": "bo@acme.com" }] }]);
    let roles = json!([{ "id": 5, "projects": [{ "id": 901, "role": "admin" }] }]);
    assert_eq!(sent[2..].iter().map(|(_, body)| &body["teams"]).collect::<Vec<_>>(), [&members, &roles]);
}

#[test]
fn a_list_of_users_by_their_old_names_is_not_planned_for() {
    // Bo is called Robert by now, and only the project says so.
    let (world, shown) = organization(Box::new(|_, _| ok(DONE)));
    let robert =
        json!([{ "email": "robert@acme.com", "role": "analyst", "target_type": "individual", "invited": false }]);
    shown.lock().unwrap().web = robert;
    let ended = world.run_on_text(&["apply", "--yes"], &text(&world, "", ""));
    assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.said());
    let said = "the access on project 901 names `robert@acme.com`, who is neither a user nor invited";
    assert!(words(&ended.stderr).contains(said), "{}", ended.said());
    assert_eq!(writes(&world), []);
}

#[test]
fn a_custom_role_is_written_as_it_stands_in_the_rows() {
    for written in ["PII Reader", "uuid-pii"] {
        let (world, shown) = organization(Box::new(|_, _| ok("{}")));
        shown.lock().unwrap().web = json!([{ "email": "bo@acme.com", "role": written, "target_type": "individual" }]);
        let parts = "grants:\n- { user: bo@acme.com, project: web, role: PII Reader }\n\
                     - { user: cy@acme.com, project: web, role: PII Reader }\n";
        world.run_on_text(&["apply", "--yes"], &text(&world, "", parts));
        assert_eq!(writes(&world)[0].1["projects"][0]["users"], json!([{ "email": "cy@acme.com", "role": written }]));
    }
}

#[test]
fn no_way_to_write_a_secret_hides_it() {
    let basic = "c2EueDF5MjpzM2NyZXQtb2YtdGhlLWFjY291bnQ=";
    let escaped = |text: &str| text.chars().map(|c| format!("\\u{:04x}", u32::from(c))).collect::<String>();
    for shown in [escaped(SECRET), escaped(basic), basic.to_owned(), basic.trim_end_matches('=').to_owned()] {
        for status in ["400 Bad Request", "200 OK"] {
            let body = format!(r#"{{"status":"error","error":"you sent {shown} here"}}"#);
            let world = World::with(ME, answer_with(status, "", body));
            let ended = world.snapshot();
            assert!(ended.stderr.contains("you sent *** here"), "{shown}: {}", ended.stderr);
            let (world, _) = organization({
                let body = format!(r#"{{"status":"error","error":["you sent {shown} here"]}}"#);
                Box::new(move |_, _| answer_with(status, "", &body))
            });
            let parts = "grants: [{ user: bo@acme.com, project: web, role: admin }]\n";
            let ended = world.run_on_text(&["apply", "--yes"], &text(&world, "", parts));
            let journal = world.journal();
            for told in [ended.said(), journal] {
                assert!(told.contains("you sent *** here"), "{told}");
                assert!(!told.contains(SECRET) && !told.contains(basic.trim_end_matches('=')), "{told}");
            }
        }
    }
}

#[test]
fn nothing_of_an_answer_is_repeated_that_may_hold_secrets_of_projects() {
    for (status, body) in [
        ("200 OK", r#"{"token":"TOK-1","status":"ok",results:"#),
        ("200 OK", r#"{"status":"weird-TOK-1-and-more-of-it","results":[]}"#),
        ("200 OK", r#"{"status":{"token":"TOK-1"},"results":[]}"#),
        ("200 OK", r#"{"status":"ok","status":"TOK-1","results":[]}"#),
        ("200 OK", r#""TOK-1""#),
        ("200 OK", "token TOK-1"),
        ("500 Internal Server Error", r#"{"projects":[{"id":901,"token":"TOK-1"}]}"#),
        ("500 Internal Server Error", r#"{"error":{"project":{"api_secret":"TOK-1"}}}"#),
        ("500 Internal Server Error", "token=TOK-1"),
        ("403 Forbidden", r#"["TOK-1"]"#),
    ] {
        let ended = World::with("/organizations/77/projects/", answer_with(status, "", body)).snapshot();
        assert_eq!(ended.status, ExitStatus::Failure, "{body}");
        assert!(!ended.said().contains("TOK"), "{body}: {}", ended.stderr);
    }
}

#[test]
fn doctor_understands_what_it_reads() {
    let users = r#"[{"id":11,"email":"ana@acme.com"},{"id":12,"email":"bo@acme.com"}]"#;
    let world = World::with(USERS, ok(users));
    let backend = format!("base_url: '{}', unverified: all", world.base_url());
    let ended = world.run(&["doctor"], &backend);
    assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.said());
    assert!(words(&ended.stdout).contains("row 1 of `results`: missing field `role`"), "{}", ended.stdout);
}

#[test]
fn the_credential_goes_to_no_stranger() {
    let mut world = World::new(crate::world::healthy());
    let backend = "base_url: 'https://nowhere.invalid/x'";
    let ended = world.run(&["plan"], backend);
    assert_eq!(ended.status, ExitStatus::Invalid);
    assert!(ended.stderr.contains("would send the credential to `nowhere.invalid`"), "{}", ended.stderr);
    assert!(ended.stderr.contains("ACCESSCTL_ALLOW_HOST=nowhere.invalid"), "{}", ended.stderr);
    world.environment.insert("ACCESSCTL_ALLOW_HOST".to_owned(), "other.test, Nowhere.invalid".to_owned());
    let ended = world.run(&["plan"], backend);
    assert!(ended.stderr.contains("the host of https://nowhere.invalid/x is not found"), "{}", ended.stderr);
}

#[test]
fn a_path_is_what_it_seems_to_be() {
    let world = World::new(crate::world::healthy());
    let form = |operation: &str, path: &str| {
        let backend = format!("unverified: all, catalogue: {{ {operation}: {{ path: '{path}' }} }}");
        world.run(&["validate"], &backend)
    };
    for (operation, path) in [
        ("set_grant", "/organizations/{org}%2fdelete-users/"),
        ("set_grant", "/organizations/{org}/x%5C..%5Cdelete-users/"),
        ("set_grant", "/organizations/{org}/add;x/delete-users"),
        ("set_grant", "/organizations/{org}/x%252fy/"),
        ("set_grant", "/organizations/{org}/resend-invites/"),
        ("list_users", "/organizations/{org}/delete-projects/"),
        ("rename_team", "/organizations/{org}/Transfer-Project/"),
        ("add_team_member", "/organizations/{org}/delete%2Dprojects/"),
        ("create_team", "/organizations/{org}/add-users/"),
        ("remove_team_member", "/organizations/{org}/users/{user_id}/update/"),
        ("remove_grant", "/projects/{project}/reset/"),
    ] {
        let ended = form(operation, path);
        assert_eq!(ended.status, ExitStatus::Invalid, "{operation} {path}: {}", ended.said());
    }
    for (operation, path) in [
        ("set_grant", "/api/app/organizations/{org}/add-users-to-projects"),
        ("remove_user", "/api/app/organizations/{org}/delete-users"),
        ("reinvite_user", "/api/app/organizations/{org}/resend-invites"),
    ] {
        let ended = form(operation, path);
        assert_eq!(ended.status, ExitStatus::Done, "{operation} {path}: {}", ended.said());
    }
}

#[test]
fn a_path_has_no_name_of_what_no_change_needs() {
    let world = World::new(crate::world::healthy());
    let form = |operation: &str, path: &str| {
        let backend = format!("unverified: all, catalogue: {{ {operation}: {{ path: '{path}' }} }}");
        world.run(&["validate"], &backend)
    };
    for (operation, path, name) in [
        ("set_grant", "/projects/delete/{project}/", "delete"),
        ("set_grant", "/projects/{project}/delete", "delete"),
        ("set_everyone", "/api/app/projects/reset/{project}/", "reset"),
        ("remove_grant", "/Projects//Undelete/{project}/", "undelete"),
        ("list_users", "/projects/delete/5/?o={org}", "delete"),
        ("list_teams", "/organizations/leave/{org}/", "leave"),
        ("list_teams", "/organizations/{org}/delete/", "delete"),
        ("list_users", "/organizations/delete-projects/{org}/", "delete-projects"),
        ("list_users", "/organizations/{org}/delete_projects/", "delete-projects"),
        ("list_users", "/organizations/{org}/Transfer%5FProject/", "transfer-project"),
        ("set_grant", "/organizations/{org}/delete_users/", "remove_user"),
        ("list_users", "/organizations/delete-users/{org}/", "delete-users"),
        ("remove_team_role", "/organizations/{org}/teams/{team_id}/{team}/", "remove_team_member"),
        ("set_grant", "/organizations/{org}/cancel-project-member-invite/", "cancel_project_member_invite"),
        ("set_grant", "/organizations/{org}/cancel_project_member_invite/", "cancel_project_member_invite"),
    ] {
        let ended = form(operation, path);
        assert_eq!(ended.status, ExitStatus::Invalid, "{operation} {path}: {}", ended.said());
        assert!(words(&ended.said()).contains(&format!("where `{name}` goes")), "{path}: {}", ended.said());
    }
    for (operation, path) in [
        ("remove_user", "/organizations/{org}/delete_users/"),
        ("remove_user", "/organizations/delete-users/{org}/"),
        ("remove_team_member", "/organizations/{org}/teams/{team_id}/users/delete/"),
        ("list_projects", "/organizations/{org}/projects/"),
        ("list_users", "/api/app/organizations/users/{org}/"),
    ] {
        let ended = form(operation, path);
        assert_eq!(ended.status, ExitStatus::Done, "{operation} {path}: {}", ended.said());
    }
}
