//! Lists that disagree about people and teams: what is told, how often, and what is looked at at all.

use accessctl::cli::ExitStatus;
use snapbox::str;

use crate::bad_days::{USERS, failed};
use crate::runs::Ended;
use crate::server::ok;
use crate::world::{Answers, World, healthy};

const INVITES: &str = "/organizations/77/invites/";
const TEAMS: &str = "/organizations/77/teams/";
const WEB: &str = "/api/app/projects/901/granted-users";
const IOS: &str = "/api/app/projects/902/granted-users";

/// Nobody but an owner, a member and one team, every address written as it is told everywhere.
fn plain() -> Answers {
    let mut answers = healthy();
    let lists = [
        (USERS, r#"[{"id":11,"email":"ana@acme.com","role":"owner"},{"id":12,"email":"bo@acme.com","role":"member"}]"#),
        (INVITES, "[]"),
        (
            TEAMS,
            r#"[{"id":5,"name":"Ops","projects":[{"id":901,"role":"analyst"}],"users":[{"email":"bo@acme.com"}]}]"#,
        ),
        (WEB, r#"[{"email":"bo@acme.com","role":"analyst","target_type":"team","team":{"id":5,"name":"Ops"}}]"#),
        (IOS, "[]"),
    ];
    answers.extend(lists.map(|(path, rows)| (path.to_owned(), ok(rows))));
    answers
}

fn snapshot(lists: &[(&str, &str)]) -> Ended {
    let mut answers = plain();
    answers.extend(lists.iter().map(|(path, rows)| ((*path).to_owned(), ok(rows))));
    World::new(answers).snapshot()
}

#[test]
fn lists_that_agree_are_told_nothing_of() {
    let ended = snapshot(&[]);
    assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, ""), "{}", ended.said());
}

#[test]
fn a_row_about_a_known_person_is_looked_at_for_what_it_says_of_the_team() {
    let row = |name: &str, role: &str, team: u64| {
        let team = format!(r#"{{"id":{team},"name":"{name}"}}"#);
        format!(r#"[{{"email":"bo@acme.com","role":"{role}","target_type":"team","team":{team}}}]"#)
    };
    let told = |rows: &str| {
        let ended = snapshot(&[(WEB, rows)]);
        assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
        ended.stderr
    };
    let name = told(&row("Operations", "analyst", 5));
    assert!(name.contains("calls the team `Operations` that is `list_teams`, team `Ops`"), "{name}");
    let role = told(&row("Ops", "admin", 5));
    assert!(role.contains("shows the role `admin` by team `Ops`, and `list_teams` gives it `analyst` there"), "{role}");
    let unknown = snapshot(&[(WEB, &row("Ops", "analyst", 6))]);
    assert_eq!(unknown.status, ExitStatus::Failure, "{}", unknown.said());
    assert!(unknown.stderr.contains("names team 6, which is not in the list of teams"), "{}", unknown.stderr);
}

#[test]
fn an_empty_project_is_told_only_where_people_should_be_there() {
    let ended = snapshot(&[(WEB, "[]")]);
    let told = "`list_grants` of project 901 is empty, and `list_teams` has people who have a role there by team `Ops`";
    assert!(ended.stderr.contains(told), "{}", ended.said());
    // Service accounts of a team need not be in the list of people.
    let accounts = r#"[{"id":5,"name":"Ops","projects":[{"id":901,"role":"analyst"}],
        "users":[{"email":"sa.x1y2.mp-service-account"}]}]"#;
    let ended = snapshot(&[(WEB, "[]"), (TEAMS, accounts)]);
    assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, ""), "{}", ended.said());
}

#[test]
fn two_invitations_of_one_person_with_two_ids_are_not_understood() {
    let rows =
        r#"[{"id":21,"email":"cy@agency.com","role":"member"},{"id":22,"email":"CY@agency.com","role":"member"}]"#;
    let ended = snapshot(&[(INVITES, rows)]);
    assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.said());
    let told = "`cy@agency.com` has the id 21 in `list_invitations`, and 22 in `list_invitations`";
    assert!(ended.stderr.contains(told), "{}", ended.stderr);
}

#[test]
fn ids_that_projects_alone_tell_are_compared_with_each_other() {
    // Nothing else tells the id of `ana`, and her org role says all else of these rows.
    let users = r#"[{"email":"ana@acme.com","role":"owner"},{"id":12,"email":"bo@acme.com","role":"member"}]"#;
    let row = |id: u64| {
        let row = format!(r#"{{"id":{id},"email":"ana@acme.com","role":"owner","target_type":"organization"}}"#);
        format!(
            r#"[{row},{{"email":"bo@acme.com","role":"analyst","target_type":"team","team":{{"id":5,"name":"Ops"}}}}]"#
        )
    };
    let on_ios =
        |id: u64| format!(r#"[{{"id":{id},"email":"ana@acme.com","role":"owner","target_type":"organization"}}]"#);
    let same = snapshot(&[(USERS, users), (WEB, &row(11)), (IOS, &on_ios(11))]);
    assert_eq!((same.status, same.stderr.as_str()), (ExitStatus::Done, ""), "{}", same.said());
    let other = snapshot(&[(USERS, users), (WEB, &row(11)), (IOS, &on_ios(19))]);
    let told = "`ana@acme.com` has the id 11 in `list_grants` of project 901, and 19 in `list_grants` of project 902";
    assert_eq!(other.status, ExitStatus::Done, "{}", other.said());
    assert!(other.stderr.contains(told), "{}", other.stderr);
}

#[test]
fn a_person_is_told_of_once_however_many_lists_disagree() {
    let row = r#"[{"id":15,"email":"bo@acme.com","role":"analyst","target_type":"individual"}]"#;
    let teams = r#"[{"id":5,"name":"Ops","projects":[],"users":[{"id":16,"email":"bo@acme.com"}]}]"#;
    let ended = snapshot(&[(TEAMS, teams), (WEB, row), (IOS, row)]);
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
    assert_eq!(ended.stderr.matches("`bo@acme.com` has the id 12").count(), 1, "{}", ended.stderr);
}

#[test]
fn access_by_a_team_that_is_not_told_is_not_understood() {
    for team in ["", r#","team":null"#] {
        let known = r#"{"email":"bo@acme.com","role":"analyst","target_type":"team","team":{"id":5,"name":"Ops"}}"#;
        let rows = format!(r#"[{known},{{"email":"bo@acme.com","role":"admin","target_type":"team"{team}}}]"#);
        failed(
            &snapshot(&[(WEB, &rows)]),
            str![[r#"
error: `list_grants` failed: GET /api/app/projects/901/granted-users
  caused by: row 2 of `results`: missing field `team`
  hint: the service answers in another form than is known, and what is not understood is never acted on

"#]],
        );
    }
}
