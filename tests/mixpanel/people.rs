//! Who is who: the ids, the marks and the spellings by which the service names people, and whom nobody has read.

use accessctl::cli::ExitStatus;

use crate::bad_days::USERS;
use crate::runs::Ended;
use crate::server::{answer_with, error, ok};
use crate::world::{Answers, World, healthy};

const INVITES: &str = "/organizations/77/invites/";
const WEB: &str = "/api/app/projects/901/granted-users";
const TEAMS: &str = "/organizations/77/teams/";

/// A configuration of the whole organization with these words for the backend.
fn configured(world: &World, backend: &str, rest: &str) -> String {
    format!(
        "version: 1\norg:\n  key: acme\n  id: 77\n  backend: {{ type: mixpanel, region: eu, base_url: '{}'{backend} }}\n\
         projects: {{ web: {{ id: 901, roles: [Data Steward] }}, ios: {{ id: 902, everyone: consumer }} }}\n{rest}",
        world.base_url()
    )
}

/// A service that gives these answers to reads, and says that writes are done.
fn willing(answers: Answers) -> World {
    World::scripted(move |seen, _| match answers.get(seen.path()) {
        Some(answer) if seen.line.starts_with("GET") => answer.clone(),
        _ if seen.line.starts_with("POST") => ok(r#"{"success":true}"#),
        _ => error("404 Not Found", "no such path"),
    })
}

/// Checks that a saved live side leads to the plan that the live side itself leads to. It only does not tell with how many
/// requests it was read.
fn assert_same_plan(of_saved: &Ended, of_live: &Ended) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let told = words(&of_live.stdout);
    let (before, reads) = told.split_once("; an apply reads with some ").unwrap();
    let (_, after) = reads.split_once(" more").unwrap();
    assert_eq!(words(&of_saved.stdout), format!("{before}{after}"));
}

/// The bodies of the writes.
fn written(world: &World) -> Vec<String> {
    world.server.seen().into_iter().filter(|seen| seen.line.starts_with("POST")).map(|seen| seen.body).collect()
}

#[test]
fn the_id_of_an_invitation_never_stands_for_a_user() {
    let vouched = ", unverified: [list_invitations, remove_team_member, set_org_role, cancel_invite]";
    let rest = "users: { ana@acme.com: owner, bo@acme.com: member, cy@agency.com: admin }\n\
                teams: { Analysts: { members: [ana@acme.com], projects: { web: Data Steward } } }\n";
    let world = willing(healthy());
    let text = configured(&world, vouched, rest);
    let plan = world.run_on_text(&["plan"], &text);
    let words = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("takes 0 requests") && words.contains("2 changes to make by hand"), "{}", plan.said());
    let apply = world.run_on_text(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert_eq!(written(&world), Vec::<String>::new());
    // A saved live side has no ids, and the plan is the same.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.json");
    let saved = world.run_on_text(&["snapshot", "--out", file.to_str().unwrap()], &text);
    assert_eq!(saved.status, ExitStatus::Done, "{}", saved.said());
    let again = world.run_on_text(&["plan", "--live", file.to_str().unwrap()], &text);
    assert_same_plan(&again, &plan);
    // Whoever has joined is named by the id, and whoever has not where the e-mail will do.
    let by_email = format!(
        "{vouched}, catalogue: {{ remove_team_member: {{ body: '{{\"emails\":[\"{{user}}\"]}}', \
         path: '/organizations/{{org}}/teams/{{team_id}}/leave/' }} }}"
    );
    let rest = rest.replace("cy@agency.com: admin", "cy@agency.com: member").replace("[ana@acme.com]", "[]");
    let world = willing(healthy());
    world.run_on_text(&["apply", "--yes"], &configured(&world, vouched, &rest));
    assert_eq!(written(&world), [r#"{"userIds":[11]}"#]);
    let world = willing(healthy());
    world.run_on_text(&["apply", "--yes"], &configured(&world, &by_email, &rest));
    assert_eq!(written(&world), [r#"{"emails":["Ana@acme.com","cy@agency.com"]}"#]);
}

#[test]
fn an_invitation_with_the_id_of_somebody_else_is_not_understood() {
    let invites = String::from_utf8(healthy()[INVITES].clone()).unwrap();
    let ended = World::with(INVITES, invites.replace("\"id\":21", "\"id\":12").into_bytes()).snapshot();
    assert_eq!(ended.status, ExitStatus::Failure);
    let problem = "the id 12 is that of `bo@acme.com` in `list_users`, and of `cy@agency.com` in `list_invitations`; without \
                   `list_invitations` in `backend.unverified` invitations are not read";
    assert!(ended.stderr.contains(problem), "{}", ended.stderr);
}

#[test]
fn lists_that_disagree_about_ids_are_acted_on_by_nobody() {
    let swapped = |path: &str, from: &str, to: &str| {
        let mut answers = healthy();
        let text = String::from_utf8(answers[path].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        // The length is as it was, so the header stands.
        answers.insert(path.to_owned(), text.replace(from, to).into_bytes());
        willing(answers)
    };
    let swaps = [
        (
            USERS,
            r#""id":12,"email":"bo@acme.com""#,
            r#""id":11,"email":"bo@acme.com""#,
            "the id 11 is that of `ana@acme.com` in `list_users`, and of `bo@acme.com` in `list_users`",
        ),
        (
            TEAMS,
            r#"{"id":11,"email":"ana@acme.com"}"#,
            r#"{"id":12,"email":"ana@acme.com"}"#,
            "the id 12 is that of `bo@acme.com` in `list_users`, and of `ana@acme.com` in `list_teams`, team `Analysts`",
        ),
        (
            WEB,
            r#"{"id":12,"email":"bo@acme.com""#,
            r#"{"id":15,"email":"bo@acme.com""#,
            "`bo@acme.com` has the id 12 in `list_users`, and 15 in `list_grants` of project 901",
        ),
        // A row that says nothing else is looked at as well.
        (
            WEB,
            r#"{"id":11,"email":"ana@acme.com","role":"5e0f-11""#,
            r#"{"id":12,"email":"ana@acme.com","role":"5e0f-11""#,
            "the id 12 is that of `bo@acme.com` in `list_users`, and of `ana@acme.com` in `list_grants` of project 901",
        ),
    ];
    let rest = "users: { ana@acme.com: owner, cy@agency.com: member }\n";
    for (path, from, to, problem) in swaps {
        let world = swapped(path, from, to);
        let text = configured(&world, ", unverified: all", rest);
        let ended = world.run_on_text(&["apply", "--yes"], &text);
        assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.said());
        assert!(ended.stderr.contains(problem), "{}", ended.stderr);
        assert_eq!(written(&world), Vec::<String>::new());
        // Lists about something else matter as soon as a request is written by an id.
        let careful = configured(&world, ", unverified: [list_invitations]", rest);
        let ended = world.run_on_text(&["plan"], &careful);
        let status = if path == USERS { ExitStatus::Failure } else { ExitStatus::Done };
        assert_eq!(ended.status, status, "{}", ended.said());
        assert!(ended.stderr.contains(problem), "{}", ended.stderr);
    }
}

#[test]
fn lists_that_disagree_about_teams_are_told() {
    let warned = |path: &str, from: &str, to: &str| {
        let mut answers = healthy();
        let text = String::from_utf8(answers[path].clone()).unwrap();
        assert!(text.contains(from), "{text}");
        let body = text.replace(from, to);
        let results = body.split_once("\"results\":").unwrap().1.strip_suffix('}').unwrap();
        answers.insert(path.to_owned(), ok(results));
        let ended = World::new(answers).snapshot();
        assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
        ended.stderr
    };
    let row = r#""role":"5e0f-11","target_type":"team","team":{"id":5,"name":"Analysts"}"#;
    assert!(!warned(WEB, row, row).contains("disagree"));
    // A custom role by its name is the same role.
    let named = row.replace("5e0f-11", "Data Steward");
    assert!(!warned(WEB, row, &named).contains("disagree"));
    let about =
        "the lists disagree about teams, which are taken as `list_teams` has them: `list_grants` of project 901";
    let other = warned(WEB, row, &row.replace("5e0f-11", "admin"));
    let says = "shows the role `admin` by team `Analysts`, and `list_teams` gives it `Data Steward` there";
    assert!(other.contains(&format!("{about} {says}")), "{other}");
    let other = warned(WEB, row, &row.replace("Analysts", "Ops"));
    assert!(other.contains(&format!("{about} calls the team `Ops` that is `list_teams`, team `Analysts`")), "{other}");
    let other = warned(TEAMS, r#"{"id":901,"role":"5e0f-11"}"#, "");
    assert!(other.contains("by team `Analysts`, and `list_teams` gives it none there"), "{other}");
    let all = String::from_utf8(healthy()[WEB].clone()).unwrap();
    let all = all.split_once("\"results\":").unwrap().1.strip_suffix('}').unwrap().to_owned();
    let other = warned(WEB, &all, "[]");
    assert!(
        other.contains(&format!(
            "{about} is empty, and `list_teams` has people who have a role there by team `Analysts`"
        )),
        "{other}"
    );
}

#[test]
fn an_organization_that_has_another_id_within_is_not_understood() {
    let me = r#"{"organizations":{"77":{"id":78,"name":"Acme","role":"admin"}},"projects":{}}"#;
    let ended = World::with("/api/app/me", ok(me)).snapshot();
    assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.said());
    assert!(ended.stderr.contains("organization `77`: its `id` is 78"), "{}", ended.stderr);
}

#[test]
fn answers_that_say_that_there_is_more_are_no_whole_lists() {
    let body = r#"{"status":"ok","results":[]}"#;
    for (status, header, says) in [
        ("206 Partial Content", "", "206 Partial Content"),
        ("200 OK", "Content-Range: items 0-1/9\r\n", "the header `Content-Range`"),
        ("200 OK", "Link: <https://mixpanel.com/?page=2>; rel=\"next\"\r\n", "the header `Link` with `rel=\"next\"`"),
    ] {
        for path in [USERS, TEAMS, INVITES, WEB] {
            let ended = World::with(path, answer_with(status, header, body)).snapshot();
            assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.said());
            assert!(ended.stderr.contains(&format!("{says} says that it is a part")), "{path}: {}", ended.stderr);
        }
    }
}

#[test]
fn whoever_is_invited_and_listed_without_a_mark_has_not_joined() {
    let listed = |mark: &str| {
        let row = format!(r#"{{"id":21,"email":"Cy@agency.com","role":"owner"{mark}}}"#);
        let users = format!(
            r#"[{{"id":11,"email":"ana@acme.com","role":"owner"}},{{"id":12,"email":"bo@acme.com","role":"member"}},{row}]"#
        );
        World::with(USERS, ok(&users)).snapshot().stdout
    };
    for mark in ["", r#","invited":true"#, r#","invited":null"#] {
        let pending =
            r#"{"email":"cy@agency.com","role":"owner","status":"invited","invited_at":"2026-10-30T10:00:00Z"}"#;
        assert!(listed(mark).contains(pending), "{mark}: {}", listed(mark));
    }
    let joined = r#"{"email":"cy@agency.com","role":"owner","status":"active"}"#;
    assert!(listed(r#","invited":false"#).contains(joined));
}

#[test]
fn people_are_named_as_the_service_writes_them() {
    let world = willing(healthy());
    let rest = "users: { ana@acme.com: owner, bo@acme.com: member, cy@agency.com: member }\n\
                grants: [{ user: ana@acme.com, project: ios, role: analyst }]\n";
    let text = configured(&world, ", unverified: [list_invitations]", rest)
        .replace("  id: 77\n", "  id: 77\n  manage: { grants: listed }\n");
    world.run_on_text(&["apply", "--yes"], &text);
    assert_eq!(written(&world), [r#"{"projects":[{"id":902,"users":[{"email":"Ana@acme.com","role":"analyst"}]}]}"#]);
}

#[test]
fn a_custom_role_that_is_called_like_a_built_in_one() {
    let roles = |name: &str, mark: &str| {
        let list = format!(r#"[{{"role_id":"5e0f-11","name":"{name}"{mark}}}]"#);
        World::with("/api/app/projects/901/custom-roles", ok(&list)).snapshot()
    };
    let ended = roles("admin", "");
    assert_eq!(ended.status, ExitStatus::Failure);
    let problem = "project 901 has a custom role called `admin` like the built-in one, and somebody has it";
    assert!(ended.stderr.contains(problem), "{}", ended.stderr);
    assert_eq!(roles("Stewards", "").status, ExitStatus::Done);
    assert_eq!(roles("admin", r#","is_default":true"#).status, ExitStatus::Done);
}

#[test]
fn an_invitation_that_does_not_say_when_it_was_sent() {
    let invites = r#"[{"id":21,"email":"cy@agency.com","role":"member","created":1793354400},
        {"id":22,"email":"di@agency.com","role":"member"},
        {"id":23,"email":"ed@agency.com","role":"member","created":"2026-10-30T10:00:00Z"}]"#;
    let ended = World::with(INVITES, ok(invites)).snapshot();
    let warning = "2 pending invitations do not say when the mail was sent: each counts as sent now under \
                   `backend.limits.invitations_per_hour`";
    assert!(ended.stderr.contains(warning), "{}", ended.stderr);
}

/// Teams whose members are in no list that was read, unless invitations are.
fn with_unread_members() -> Answers {
    let mut answers = healthy();
    let teams = r#"[{"id":5,"name":"Old","projects":[{"id":901,"role":"analyst"}],"users":[{"email":"bo@acme.com"}]},
        {"id":6,"name":"Keep","projects":[{"id":901,"role":"admin"},{"id":902,"role":"consumer"}],
          "users":[{"email":"inv@acme.com"}]},
        {"id":7,"name":"Gone","projects":[],"users":[{"email":"bo@acme.com"}]}]"#;
    answers.insert(TEAMS.to_owned(), ok(teams));
    // That somebody is in a team may stand with the access alone.
    let granted =
        r#"[{"id":31,"email":"inv@acme.com","role":"analyst","target_type":"team","team":{"id":5,"name":"Old"}}]"#;
    answers.insert("/api/app/projects/901/granted-users".to_owned(), ok(granted));
    answers.insert("/api/app/projects/902/granted-users".to_owned(), ok("[]"));
    answers
}

#[test]
fn whoever_was_not_read_keeps_what_a_team_gives_and_gets_no_more() {
    let world = willing(with_unread_members());
    let rest = "users: { ana@acme.com: owner, bo@acme.com: member }\n\
                teams: { Keep: { members: [], projects: { web: consumer, ios: admin } } }\n";
    let text = configured(&world, ", unverified: [remove_team_member]", rest).replace(", everyone: consumer", "");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.json");
    let saved = world.run_on_text(&["snapshot", "--out", file.to_str().unwrap()], &text);
    assert_eq!(saved.status, ExitStatus::Done, "{}", saved.said());
    let told = std::fs::read_to_string(&file).unwrap();
    let members = r#""members":[{"team":"Keep","people":["inv@acme.com"]},{"team":"Old","people":["inv@acme.com"]}]"#;
    assert!(told.contains(members), "{told}");
    let plan = world.run_on_text(&["plan"], &text);
    let words = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        "bo@acme.com leaves",
        "1 team (has people who were not read): Old",
        "2 roles of teams are held as they are, since people are in these teams who were not read and would have more or \
         less: the role of the team `Keep` on `ios`, the role of the team `Keep` on `web`. Let pending invitations be read \
         (`list_invitations` under `backend.unverified`) and plan again, or do it by hand once it is clear who they are",
        "Keep and Old have such people as members: they are not deleted, none of their roles is taken or lowered, and none \
         is given or raised unless the configuration declares all of these people as members",
    ] {
        assert!(words.contains(said), "{said}: {}", plan.said());
    }
    assert_same_plan(&world.run_on_text(&["plan", "--live", file.to_str().unwrap()], &text), &plan);
    let apply = world.run_on_text(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    let mut sent: Vec<String> =
        world.server.seen().into_iter().filter(|seen| seen.line.starts_with("POST")).map(|seen| seen.line).collect();
    sent.sort();
    assert_eq!(sent, ["POST /organizations/77/delete-teams/", "POST /organizations/77/teams/5/delete-users/"]);
    assert!(written(&world).contains(&r#"{"teamIds":[7]}"#.to_owned()), "{:?}", written(&world));
}

/// One team with a role on web, and these members.
fn one_team(members: &str) -> World {
    let mut answers = healthy();
    let team = format!(r#"[{{"id":5,"name":"Devs","projects":[{{"id":901,"role":"consumer"}}],"users":[{members}]}}]"#);
    answers.insert(TEAMS.to_owned(), ok(&team));
    for project in ["901", "902"] {
        answers.insert(format!("/api/app/projects/{project}/granted-users"), ok("[]"));
    }
    willing(answers)
}

const BO: &str = r#"{"email":"bo@acme.com"}"#;
const BO_AND_MAL: &str = r#"{"email":"bo@acme.com"},{"email":"mal@evil.test"}"#;

#[test]
fn a_team_with_people_who_were_not_read_gets_no_role_that_is_not_declared_for_them() {
    let devs = |members: &str| {
        format!(
            "users: {{ ana@acme.com: owner, bo@acme.com: member, mal@evil.test: member }}\n\
             teams: {{ Devs: {{ members: [{members}], projects: {{ web: admin, ios: analyst }} }} }}\n"
        )
    };
    for members in ["bo@acme.com", ""] {
        let world = one_team(BO_AND_MAL);
        let text = configured(&world, "", &devs(members)).replace(", everyone: consumer", "");
        // What is declared and not done is never called in sync, however often it is planned.
        let plan = world.run_on_text(&["plan", "--exit-code"], &text);
        assert_eq!(plan.status, ExitStatus::Differences, "{}", plan.said());
        assert!(!plan.said().contains("in sync"), "{}", plan.said());
        assert!(plan.stdout.contains("HELD by unread_members"), "{}", plan.said());
        let apply = world.run_on_text(&["apply", "--yes"], &text);
        assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
        assert_eq!(written(&world), Vec::<String>::new());
    }
    // Blocked people are no members, whatever is declared.
    let world = one_team(BO_AND_MAL);
    let text = configured(&world, "", &devs("bo@acme.com, mal@evil.test")).replace(", everyone: consumer", "");
    world.run_on_text(&["apply", "--yes"], &text.replace("  id: 77\n", "  id: 77\n  blocked: [mal@evil.test]\n"));
    assert_eq!(written(&world), Vec::<String>::new());
    // Where each of them is declared, the role is theirs, and that is said by name.
    let world = one_team(BO_AND_MAL);
    let text = configured(&world, "", &devs("bo@acme.com, mal@evil.test")).replace(", everyone: consumer", "");
    let plan = world.run_on_text(&["plan"], &text);
    let words = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("mal@evil.test and bo@acme.com become admin of web"), "{}", plan.said());
    world.run_on_text(&["apply", "--yes"], &text);
    let role = |project: &str, role: &str| format!(r#"{{"id":{project},"role":"{role}"}}"#);
    let sent = [role("901", "admin"), role("902", "analyst")];
    assert!(sent.iter().all(|role| written(&world).concat().contains(role)), "{:?}", written(&world));
}

#[test]
fn whoever_joins_a_team_unread_after_the_review_stops_its_roles() {
    for members in ["bo@acme.com", "bo@acme.com, mal@evil.test"] {
        let rest = format!(
            "users: {{ ana@acme.com: owner, bo@acme.com: member, mal@evil.test: member }}\n\
             teams: {{ Devs: {{ members: [{members}], projects: {{ web: admin }} }} }}\n"
        );
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("plan.json");
        let world = one_team(BO);
        let text = configured(&world, "", &rest).replace(", everyone: consumer", "");
        let saved = world.run_on_text(&["plan", "--out", file.to_str().unwrap()], &text);
        assert_eq!(saved.status, ExitStatus::Done, "{}", saved.said());
        let world = one_team(BO_AND_MAL);
        let text = configured(&world, "", &rest).replace(", everyone: consumer", "");
        let apply = world.run_on_text(&["apply", "--yes", "--plan", file.to_str().unwrap()], &text);
        assert_eq!(apply.status, ExitStatus::Refused, "{}", apply.said());
        let words = apply.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("`mal@evil.test` is in team `Devs` now, and not among the users"), "{}", apply.said());
        assert_eq!(written(&world), Vec::<String>::new());
        // Nor is it made where the rest is asked for.
        world.run_on_text(&["apply", "--yes", "--still-valid", "--plan", file.to_str().unwrap()], &text);
        assert_eq!(written(&world), Vec::<String>::new());
    }
}

#[test]
fn a_role_is_not_taken_back_from_people_who_were_not_read() {
    let rest = "users: { ana@acme.com: owner, bo@acme.com: member }\nteams: { Devs: { projects: { web: admin } } }\n";
    // The service gives the role, and somebody joins meanwhile who is in no list that is read.
    let answers = |role: &str, members: &str| {
        let mut answers = healthy();
        let team =
            format!(r#"[{{"id":5,"name":"Devs","projects":[{{"id":901,"role":"{role}"}}],"users":[{members}]}}]"#);
        answers.insert(TEAMS.to_owned(), ok(&team));
        for project in ["901", "902"] {
            answers.insert(format!("/api/app/projects/{project}/granted-users"), ok("[]"));
        }
        answers
    };
    let (before, after) = (answers("consumer", BO), answers("admin", BO_AND_MAL));
    let is_given = std::sync::atomic::AtomicBool::new(false);
    let world = World::scripted(move |seen, _| {
        if seen.line.starts_with("POST") {
            is_given.store(true, std::sync::atomic::Ordering::SeqCst);
            return ok("{}");
        }
        let shown = if is_given.load(std::sync::atomic::Ordering::SeqCst) { &after } else { &before };
        shown.get(seen.path()).cloned().unwrap_or_else(|| error("404 Not Found", "no such path"))
    });
    let text = configured(&world, "", rest).replace(", everyone: consumer", "");
    let apply = world.run_on_text(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Done, "{}", apply.said());
    let first: serde_json::Value = serde_json::from_str(world.journal().lines().next().unwrap()).unwrap();
    let undo = world.run_on_text(&["undo", first["run"].as_str().unwrap()], &text);
    assert!(undo.stdout.contains("HELD by unread_members"), "{}", undo.said());
    assert!(in_a_line(&undo.stdout).contains("~ team Devs admin -> consumer on web"), "{}", undo.said());
}

#[test]
fn a_team_of_service_accounts_is_not_deleted() {
    let mut answers = healthy();
    let teams = r#"[{"id":5,"name":"Exports","projects":[{"id":901,"role":"admin"}],"users":[],
        "service_accounts":[{"id":31,"username":"etl"}]},{"id":6,"name":"Gone","projects":[],"users":[],"service_accounts":[]}]"#;
    answers.insert(TEAMS.to_owned(), ok(teams));
    for project in ["901", "902"] {
        answers.insert(format!("/api/app/projects/{project}/granted-users"), ok("[]"));
    }
    let world = willing(answers);
    let rest = "users: { ana@acme.com: owner, bo@acme.com: member, cy@agency.com: member }\nteams: {}\n";
    let text = configured(&world, ", unverified: [list_invitations]", rest).replace(", everyone: consumer", "");
    let text = text.replace("  id: 77\n", "  id: 77\n  manage: { users: listed }\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.json");
    let saved = world.run_on_text(&["snapshot", "--out", file.to_str().unwrap()], &text);
    assert_eq!(saved.status, ExitStatus::Done, "{}", saved.said());
    let plan = world.run_on_text(&["plan", "-v"], &text);
    assert!(plan.stdout.contains("1 team (service accounts are in it): Exports"), "{}", plan.said());
    assert_same_plan(&world.run_on_text(&["plan", "-v", "--live", file.to_str().unwrap()], &text), &plan);
    world.run_on_text(&["apply", "--yes"], &text);
    assert_eq!(written(&world), [r#"{"teamIds":[6]}"#]);
}

#[test]
fn addresses_that_are_refused_take_no_mails_from_others() {
    let answers = healthy();
    let world = World::scripted(move |seen, _| match answers.get(seen.path()) {
        Some(answer) => answer.clone(),
        None if seen.body.contains("bad") => error("400 Bad Request", "no such address"),
        None => ok(&format!("[{}]", vec![r#"{"created":true}"#; seen.body.matches("email").count()].join(","))),
    });
    let users = ["bad1", "bad2", "c", "d", "e"].map(|name| format!("{name}@x.io: admin")).join(", ");
    let rest = format!("users: {{ ana@acme.com: owner, bo@acme.com: member, cy@agency.com: member, {users} }}\n");
    let backend = ", unverified: [list_invitations, invite_user], limits: { invitations_per_hour: 2 }";
    let apply = world.run_on_text(&["apply", "--yes"], &configured(&world, backend, &rest));
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    // Both are named, two others are invited in the same run, and the last one has to wait.
    let asked = |name: &str| written(&world).iter().filter(|body| body.contains(&format!("\"{name}@x.io\""))).count();
    assert_eq!(["bad1", "bad2", "c", "d", "e"].map(asked), [2, 2, 1, 1, 0], "{}", apply.said());
    // The service does not show those who were invited.
    assert!(apply.stdout.contains("2 failed, 1 deferred and 2 by hand"), "{}", apply.said());
}

/// What is said, as one line without wraps.
fn in_a_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn whoever_has_no_id_is_left_to_people() {
    let with_people = |users: &str, invitations: &str| {
        let mut answers = healthy();
        answers.insert(USERS.to_owned(), ok(users));
        answers.insert(INVITES.to_owned(), ok(invitations));
        let team = r#"[{"id":5,"name":"Analysts","projects":[],"users":[{"email":"dee@acme.com"}]}]"#;
        answers.insert(TEAMS.to_owned(), ok(team));
        for project in ["901", "902"] {
            answers.insert(format!("/api/app/projects/{project}/granted-users"), ok("[]"));
        }
        willing(answers)
    };
    let with_users = |users: &str| with_people(users, "[]");
    let users = r#"[{"email":"ana@acme.com","role":"owner"},{"email":"bo@acme.com","role":"member"},
        {"email":"dee@acme.com","role":"member"}]"#;
    let rest = "users: { ana@acme.com: owner, dee@acme.com: admin }\nteams: { Analysts: { members: [] } }\n";
    let text = |world: &World, backend: &str| configured(world, backend, rest).replace(", everyone: consumer", "");
    let world = with_users(users);
    let plan = world.run_on_text(&["plan"], &text(&world, ", unverified: all"));
    let words = in_a_line(&plan.stdout);
    assert!(words.contains("takes 0 requests") && words.contains("3 changes to make by hand"), "{}", plan.said());
    let told =
        "`list_users` does not tell the `id` of ana@acme.com, bo@acme.com, dee@acme.com, by which requests name them";
    assert!(in_a_line(&plan.stderr).contains(told), "{}", plan.said());
    // Each list answers for those whom it names.
    let inviting = with_people(users, r#"[{"email":"zoe@new.test","role":"member"}]"#);
    let by_id = r#", unverified: all, catalogue: { cancel_invite: { body: '{"ids":["{user_id}"]}' } }"#;
    let plan_too = inviting.run_on_text(&["plan"], &text(&inviting, by_id));
    let told =
        "dee@acme.com, and `list_invitations` does not tell the `id` of zoe@new.test, by which requests name them";
    assert!(in_a_line(&plan_too.stderr).contains(told), "{}", plan_too.said());
    // A saved live side knows it too.
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.json");
    let saved = world.run_on_text(&["snapshot", "--out", file.to_str().unwrap()], &text(&world, ", unverified: all"));
    assert_eq!(saved.status, ExitStatus::Done, "{}", saved.said());
    let live = ["plan", "--live", file.to_str().unwrap()];
    assert_same_plan(&world.run_on_text(&live, &text(&world, ", unverified: all")), &plan);
    let apply = world.run_on_text(&["apply", "--yes"], &text(&world, ", unverified: all"));
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert!(!apply.said().contains("FAILED"), "{}", apply.said());
    assert_eq!(written(&world), Vec::<String>::new());
    // Whoever has one is named by it, and whoever has none by a form that wants none.
    let world = with_users(&users.replace(r#"{"email":"dee"#, r#"{"id":14,"email":"dee"#));
    let by_email = r#", unverified: all, catalogue: { remove_user: { body: '{"emails":["{user}"]}' } }"#;
    world.run_on_text(&["apply", "--yes"], &text(&world, by_email));
    let mut sent = written(&world);
    sent.sort();
    assert_eq!(sent, [r#"{"emails":["bo@acme.com"]}"#, r#"{"role":"admin"}"#, r#"{"userIds":[14]}"#]);
    // Where no request is sent that names anybody by an id, nothing is said of it.
    let world = with_users(users);
    let plan = world.run_on_text(&["plan"], &text(&world, ""));
    assert!(!plan.stderr.contains("does not tell the `id`"), "{}", plan.said());
}

#[test]
fn a_custom_role_that_nobody_has_is_not_written() {
    let mut answers = healthy();
    let roles = r#"[{"role_id":"5e0f-11","name":"Data Steward"},{"role_id":"77aa-02","name":"Auditor"}]"#;
    answers.insert("/api/app/projects/901/custom-roles".to_owned(), ok(roles));
    let rest = "users: { ana@acme.com: owner, bo@acme.com: member, cy@agency.com: member }\n\
                teams: { Analysts: { projects: { web: Auditor } } }\n";
    let text = |world: &World| {
        configured(world, ", unverified: [list_invitations]", rest)
            .replace("roles: [Data Steward]", "roles: [Data Steward, Auditor]")
    };
    let world = willing(answers.clone());
    let plan = world.run_on_text(&["plan"], &text(&world));
    let told = "nobody was read to have the role Auditor of Web (901), so how the service writes that is not known: once a \
                step has given it to somebody, the next run gives it to the others by request";
    assert!(in_a_line(&plan.stdout).contains(told), "{}", plan.said());
    let apply = world.run_on_text(&["apply", "--yes"], &text(&world));
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert!(
        apply.stdout.contains("open the team Analysts and set its role on Web (901) to Auditor"),
        "{}",
        apply.said()
    );
    assert_eq!(written(&world), Vec::<String>::new());
    // As soon as somebody has it, it is written as it was read.
    let granted = r#"[{"id":12,"email":"bo@acme.com","role":"77aa-02","target_type":"individual"}]"#;
    answers.insert("/api/app/projects/901/granted-users".to_owned(), ok(granted));
    let world = willing(answers);
    world.run_on_text(&["apply", "--yes"], &text(&world));
    let [sent]: [String; 1] = written(&world).try_into().unwrap();
    assert!(sent.contains(r#"{"id":901,"role":"77aa-02"}"#), "{sent}");
}
