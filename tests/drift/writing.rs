//! `drift --write`: what was made by hand, written into the YAML.

use std::fs;
use std::process::{Command, Stdio};

use accessctl::cli::ExitStatus;
use serde_json::Value;

use super::runs::Ended;
use super::{ADMIN, AGREED, LIVE, World, configuration, night};

/// As people write: comments, an order of their own, lists in both forms, quotes.
const WRITTEN: &str = r#"# Who may do what. Ask the platform team.
version: 1
org:
  key: acme
  id: 77
  domains: [acme.com]

users:
  ana@acme.com: owner       # founder
  dee@acme.com: owner
  # the platform team
  flo@acme.com: admin
  bo@acme.com: member
  cy@agency.com: { role: member, until: 2027-06-30, reason: dashboard rebuild, ticket: IT-881 }

projects:
  web: { id: 1, name: Web, environment: production }
  ios: 2

teams:
  analysts:
    name: "Analysts"
    members:
      # by seniority
      - ana@acme.com
      - bo@acme.com # until the reorganization
    projects: { web: analyst }

grants:
  - { user: cy@agency.com, project: web, role: analyst, reason: dashboards }
  - user: bo@acme.com
    project: web
    role: admin
"#;

/// A world in which `text` is the configuration.
fn written(text: &str) -> World {
    let world = World::new();
    fs::write(world.path("config/access.yaml"), text).unwrap();
    world
}

fn write(world: &World, at: &str, more: &[&str]) -> Ended {
    let at = world.path(at);
    let mut arguments = vec!["--write", at.to_str().unwrap()];
    arguments.extend(more);
    world.drift(night(0), &arguments)
}

fn read(world: &World, name: &str) -> String {
    fs::read_to_string(world.path(name)).unwrap()
}

/// The lines that are gone, and those that are new.
fn lines(before: &str, after: &str) -> Vec<String> {
    let lacks = |text: &str, line: &str| !text.lines().any(|other| other == line);
    let gone = before.lines().filter(|line| lacks(after, line)).map(|line| format!("-{line}"));
    let new = after.lines().filter(|line| lacks(before, line)).map(|line| format!("+{line}"));
    gone.chain(new).collect()
}

fn is_agreed(world: &World) {
    let again = world.drift(night(0), &[]);
    assert_eq!(again.status, ExitStatus::Done, "{}", again.said());
    assert!(again.stdout.contains("as agreed"), "{}", again.said());
}

#[test]
fn what_was_made_by_hand_is_written_where_it_belongs() {
    let world = written(WRITTEN);
    world.live(&LIVE.replace(AGREED[0], ADMIN).replace(AGREED[1], r#""members":["ana@acme.com","cy@agency.com"]"#));
    let ended = write(&world, "config", &[]);
    assert_eq!(ended.status, ExitStatus::Differences, "{}", ended.said());
    assert!(ended.stdout.contains("WRITTEN  3 differences in 1 file"), "{}", ended.stdout);
    assert!(ended.stdout.contains("config/access.yaml  +2 -2"), "{}", ended.stdout);
    assert_eq!(
        lines(WRITTEN, &read(&world, "config/access.yaml")),
        [
            "-      - bo@acme.com # until the reorganization",
            "-  - { user: cy@agency.com, project: web, role: analyst, reason: dashboards }",
            "+      - cy@agency.com",
            "+  - { user: cy@agency.com, project: web, role: admin }",
        ]
    );
    // The configuration says it now.
    is_agreed(&world);
    // Nothing is left to write, and nothing is said of it.
    let before = read(&world, "config/access.yaml");
    assert!(!write(&world, "config", &[]).stdout.contains("WRITTEN"));
    assert_eq!(read(&world, "config/access.yaml"), before);
}

#[test]
fn people_teams_and_roles_come_and_go() {
    let text = WRITTEN.replace("  domains:", "  manage: { everyone: full }\n  domains:");
    let world = written(&text);
    let live = LIVE
        // Somebody removed bo, who was in a team and had a grant; zed came, with a custom role, and a team.
        .replace(
            r#"{"email":"bo@acme.com","role":"member","status":"active"},"#,
            r#"{"email":"zed@agency.com","role":"admin","status":"active"},"#,
        )
        .replace(r#","bo@acme.com"]"#, "]")
        .replace(
            r#",{"user":"bo@acme.com","project":1,"role":"admin"}"#,
            r#",{"user":"zed@agency.com","project":2,"role":"Data Steward"}"#,
        )
        .replace(r#""name":"iOS","roles":[]"#, r#""name":"iOS","roles":["Data Steward"],"everyone":"consumer""#)
        .replace(
            r#""teams":["#,
            r#""teams":[{"name":"on: call","members":["zed@agency.com"],"projects":[{"id":2,"role":"analyst"}]},"#,
        )
        .replace(r#"{"email":"flo@acme.com","role":"admin""#, r#"{"email":"flo@acme.com","role":"member""#);
    world.live(&live);
    let ended = write(&world, "config", &[]);
    assert!(!ended.stdout.contains("NOT WRITTEN"), "{}", ended.said());
    assert_eq!(
        lines(&text, &read(&world, "config/access.yaml")),
        [
            "-  flo@acme.com: admin",
            "-  bo@acme.com: member",
            "-  ios: 2",
            "-      - bo@acme.com # until the reorganization",
            "-  - user: bo@acme.com",
            "-    project: web",
            "-    role: admin",
            "+  flo@acme.com: member",
            "+  zed@agency.com: admin",
            "+  ios: { id: 2, roles: [Data Steward], everyone: consumer }",
            "+  \"on: call\": { members: [zed@agency.com], projects: { ios: analyst } }",
            "+  - { user: zed@agency.com, project: ios, role: Data Steward }",
        ]
    );
    is_agreed(&world);
}

#[test]
fn a_group_of_projects_is_spelled_out_where_only_one_of_them_changed() {
    let text = WRITTEN
        .replace(
            "projects: { web: analyst }",
            "projects:\n      \"@all\": { role: analyst, reason: everything }  # both",
        )
        .replace("teams:", "project_groups: { all: [web, ios] }\n\nteams:")
        .replace("cy@agency.com, project: web,", "cy@agency.com, project: \"@all\",");
    let world = written(&text);
    world.live(
        &LIVE
            .replace(
                r#""projects":[{"id":1,"role":"analyst"}]"#,
                r#""projects":[{"id":1,"role":"admin"},{"id":2,"role":"analyst"}]"#,
            )
            .replace(
                r#"{"user":"bo@acme.com","project":1"#,
                r#"{"user":"cy@agency.com","project":2,"role":"consumer"},{"user":"bo@acme.com","project":1"#,
            ),
    );
    let ended = write(&world, "config", &[]);
    assert!(ended.stdout.contains("WRITTEN  2 differences"), "{}", ended.said());
    assert_eq!(
        lines(&text, &read(&world, "config/access.yaml")),
        [
            "-      \"@all\": { role: analyst, reason: everything }  # both",
            "-  - { user: cy@agency.com, project: \"@all\", role: analyst, reason: dashboards }",
            "+      web: admin",
            "+      ios: { role: analyst, reason: everything }  # both",
            "+  - { user: cy@agency.com, project: web, role: analyst, reason: dashboards }",
            "+  - { user: cy@agency.com, project: ios, role: consumer }",
        ]
    );
    is_agreed(&world);
}

#[test]
fn lists_between_brackets_windows_line_ends_and_marks_stay_as_they_are() {
    let text = format!("\u{feff}{}", configuration("").replace('\n', "\r\n"));
    let world = written(&text);
    world.live(&LIVE.replace(AGREED[1], r#""members":["ana@acme.com","cy@agency.com","dee@acme.com"]"#));
    write(&world, "config/access.yaml", &[]);
    let after = read(&world, "config/access.yaml");
    assert_eq!(after, text.replace("[ana@acme.com, bo@acme.com]", "[ana@acme.com, cy@agency.com, dee@acme.com]"));
    is_agreed(&world);
}

#[test]
fn nobody_has_approved_another_role_than_the_one_that_was_written() {
    let approved =
        "ticket: OPS-1\n    approved_by: [ana@acme.com]\n    until: 2027-03-31\n    reason: |\n      cover\n";
    let text = WRITTEN.replace(
        "    project: web\n    role: admin\n",
        &format!("    role: consumer # for now\n    project: web\n    {approved}"),
    );
    let text = text.replace("flo@acme.com: admin", "flo@acme.com: { approved_by: dee@acme.com, role: admin }");
    let world = written(&text);
    world.live(&LIVE.replace(r#""flo@acme.com","role":"admin""#, r#""flo@acme.com","role":"owner""#));
    write(&world, "config", &[]);
    assert_eq!(
        lines(&text, &read(&world, "config/access.yaml")),
        [
            "-  flo@acme.com: { approved_by: dee@acme.com, role: admin }",
            "-    role: consumer # for now",
            "-    ticket: OPS-1",
            "-    approved_by: [ana@acme.com]",
            "-    reason: |",
            "-      cover",
            "+  flo@acme.com: { role: owner }",
            "+    role: admin # for now",
        ]
    );
    is_agreed(&world);
}

#[test]
fn what_is_accepted_for_a_while_is_not_agreed_to_for_ever() {
    let accept = "domains: [acme.com]\n  accept:\n    - { user: eve@acme.com, project: web, role: admin, until: 2027-01-31, reason: a week }";
    let accept = format!("{accept}\n    - {{ user: eve@acme.com, team: Analysts, until: 2027-01-31, reason: a week }}");
    let text = WRITTEN.replace("domains: [acme.com]", &accept);
    let world = written(&text);
    let eve = r#""users":[{"email":"eve@acme.com","role":"member","status":"active"},"#;
    let grants = r#""grants":[{"user":"eve@acme.com","project":1,"role":"admin"},{"user":"eve@acme.com","project":2,"role":"consumer"},"#;
    let live = LIVE.replace(r#""users":["#, eve).replace(r#""grants":["#, grants);
    world.live(&live.replace(AGREED[1], r#""members":["ana@acme.com","bo@acme.com","eve@acme.com"]"#));
    write(&world, "config", &[]);
    assert_eq!(
        lines(&text, &read(&world, "config/access.yaml")),
        ["+  eve@acme.com: member", "+  - { user: eve@acme.com, project: ios, role: consumer }"]
    );
    let again = world.drift(night(0), &[]);
    assert!(again.stdout.contains("ACCEPTED  2 differences"), "{}", again.said());
}

#[test]
fn a_team_that_also_has_what_is_ignored_is_written_without_that() {
    let manage = "manage: { teams: full, ignore: { users: [\"*@mixpanel.com\"] } }\n  domains: [acme.com]";
    let world = written(&WRITTEN.replace("domains: [acme.com]", manage));
    let help = r#""users":[{"email":"help@mixpanel.com","role":"member","status":"active"},"#;
    let team = r#""teams":[{"name":"byhand","members":["bo@acme.com","help@mixpanel.com"],"projects":[{"id":1,"role":"admin"}]},"#;
    world.live(&LIVE.replace(r#""users":["#, help).replace(r#""teams":["#, team));
    let ended = write(&world, "config", &[]);
    assert!(!ended.stdout.contains("NOT WRITTEN"), "{}", ended.said());
    let after = read(&world, "config/access.yaml");
    assert!(after.contains("\n  byhand: { members: [bo@acme.com], projects: { web: admin } }\n"), "{after}");
    is_agreed(&world);
}

#[test]
fn what_lies_elsewhere_keeps_nothing_else_from_being_written() {
    let world = written(WRITTEN);
    let teams: String = (0..400).map(|number| format!("  t{number}: {{ members: [ana@acme.com] }}\n")).collect();
    fs::write(world.path("config/teams.yaml"), format!("version: 1\norg: acme\nteams:\n{teams}")).unwrap();
    let live: String =
        (0..400).map(|number| format!(r#"{{"name":"t{number}","members":[],"projects":[]}},"#)).collect();
    world.live(&LIVE.replace(AGREED[0], ADMIN).replace(r#""teams":["#, &format!(r#""teams":[{live}"#)));
    let ended = write(&world, "config/access.yaml", &[]);
    assert!(ended.stdout.contains("WRITTEN  1 difference in 1 file"), "{}", ended.said());
    assert!(ended.stdout.contains("NOT WRITTEN  400 differences"), "{}", ended.said());
}

#[test]
fn what_cannot_be_written_is_said_with_the_reason_and_the_rest_is_written() {
    let over =
        WRITTEN.replace("role: analyst, reason: dashboards", "role: admin, until: 2026-01-31, reason: dashboards");
    let text = over.replace("domains: [acme.com]", "domains: [acme.com]\n  blocked: [flo@acme.com]");
    let text = text
        .replace("members:\n", "members: &who\n")
        .replace("\ngrants:", "  copy: { members: *who, projects: {} }\n\ngrants:");
    let world = written(&text);
    let live = LIVE.replace(AGREED[1], r#""members":["ana@acme.com"]"#);
    let copy = r#""teams":[{"name":"copy","members":["ana@acme.com","bo@acme.com"],"projects":[]},"#;
    let grants = r#""role":"analyst"},{"user":"ana@acme.com","project":2,"role":"admin"}]}"#;
    world.live(&live.replace(r#""teams":["#, copy).replace(r#""role":"admin"}]}"#, grants));
    let ended = write(&world, "config", &["--format", "json"]);
    let document: Value = serde_json::from_str(&ended.stdout).unwrap();
    let refused = document["write"]["refused"].as_array().unwrap();
    let codes: Vec<&str> = refused.iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["blocked", "something_else"], "{}", ended.stdout);
    let written = document["write"]["written"].as_array().unwrap().len();
    assert_eq!(written, 2, "{}", ended.stdout);
    assert_eq!(
        lines(&text, &read(&world, "config/access.yaml")),
        ["-    role: admin", "+    role: analyst", "+  - { user: ana@acme.com, project: ios, role: admin }"]
    );
    let said = write(&world, "config", &[]).stdout;
    assert!(said.contains("NOT WRITTEN  2 differences"), "{said}");
    assert!(said.contains("flo@acme.com is admin of the organization"), "{said}");
}

#[test]
fn only_what_lies_at_the_path_is_written() {
    let world = written(WRITTEN);
    fs::create_dir(world.path("config/people")).unwrap();
    fs::write(world.path("config/people/agency.yaml"), "version: 1\norg: acme\ngrants: []\n").unwrap();
    let zed = r#""users":[{"email":"zed@agency.com","role":"member","status":"active"},"#;
    world.live(&LIVE.replace(AGREED[0], ADMIN).replace(r#""users":["#, zed));
    let ended = write(&world, "config/people", &[]);
    assert!(ended.stdout.contains("NOT WRITTEN  1 difference"), "{}", ended.stdout);
    assert!(ended.stdout.contains("declared at "), "{}", ended.stdout);
    assert_eq!(read(&world, "config/access.yaml"), WRITTEN);
    let agency = "version: 1\norg: acme\ngrants: []\n\nusers:\n  zed@agency.com: member\n";
    assert_eq!(read(&world, "config/people/agency.yaml"), agency);
    // A grant could be written there, and the custom role that it gives has to be declared elsewhere.
    let grant = r#""grants":[{"user":"ana@acme.com","project":2,"role":"Legal Team"},"#;
    let legal = LIVE.replace(r#""name":"iOS","roles":[]"#, r#""name":"iOS","roles":["Legal Team"]"#);
    fs::write(world.path("config/people/agency.yaml"), "version: 1\norg: acme\ngrants: []\n").unwrap();
    world.live(&legal.replace(r#""grants":["#, grant));
    let ended = write(&world, "config/people", &["-v"]);
    let line = WRITTEN.lines().position(|line| line == "  ios: 2").unwrap() + 1;
    let why = format!("access.yaml:{line}, too, which was not to be written\n");
    assert!(ended.stdout.contains("  needs a change at ") && ended.stdout.contains(&why), "{}", ended.stdout);
    world.live(&LIVE.replace(AGREED[0], ADMIN).replace(r#""users":["#, zed));
    // A file that is not there is made for what is new.
    fs::remove_file(world.path("config/people/agency.yaml")).unwrap();
    write(&world, "config/people/new.yaml", &[]);
    assert_eq!(read(&world, "config/people/new.yaml"), "version: 1\norg: acme\n\nusers:\n  zed@agency.com: member\n");
    // And what is not part of the configuration is refused before anything is looked at.
    for (path, why) in [
        ("live.json", "is not part of the configuration that was loaded"),
        ("config/people/.new.yaml", "is no name of a file of configuration"),
        ("config/people/new.txt", "is no name of a file of configuration"),
        ("elsewhere.yaml", "is not in a folder that was loaded"),
        ("config/nowhere/new.yaml", "is in a folder that is not there"),
    ] {
        let ended = write(&world, path, &[]);
        assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Invalid, ""), "{path}");
        assert!(ended.stderr.contains(why), "{path}: {}", ended.stderr);
    }
}

#[cfg(unix)]
#[test]
fn links_and_rights_of_files_stay() {
    use std::os::unix::fs::PermissionsExt;
    let world = written(WRITTEN);
    fs::rename(world.path("config/access.yaml"), world.path("config/real.txt")).unwrap();
    fs::set_permissions(world.path("config/real.txt"), PermissionsExt::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.txt", world.path("config/access.yaml")).unwrap();
    world.promote();
    let ended = write(&world, "config", &[]);
    assert!(ended.stdout.contains("WRITTEN"), "{}", ended.said());
    assert!(world.path("config/access.yaml").is_symlink());
    assert!(read(&world, "config/real.txt").contains("project: web, role: admin }"));
    assert_eq!(fs::metadata(world.path("config/real.txt")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn nobody_who_is_blocked_is_declared_with_a_team() {
    let text = WRITTEN.replace("domains: [acme.com]", "domains: [acme.com]\n  blocked: [zoe@evil.io]");
    let world = written(&text);
    let live =
        LIVE.replace(r#""users":["#, r#""users":[{"email":"zoe@evil.io","role":"owner","status":"active"},"#).replace(
            r#""teams":["#,
            r#""teams":[{"name":"Launch","members":["ana@acme.com","zoe@evil.io"],"projects":[]},"#,
        );
    world.live(&live);
    let ended = write(&world, "config", &[]);
    assert!(ended.stdout.contains("WRITTEN  "), "{}", ended.stdout);
    let edited = read(&world, "config/access.yaml");
    assert_eq!(edited.matches("zoe@evil.io").count(), 1, "{edited}");
    assert!(edited.contains("Launch"), "{edited}");
    // The block goes on taking her out.
    let planned =
        world.run(night(0), &["plan", "--format", "diff", "--live", world.path("live.json").to_str().unwrap()]);
    assert!(planned.stdout.contains("zoe@evil.io"), "{}", planned.stdout);
}

#[test]
fn of_two_runs_at_once_neither_loses_what_the_other_wrote() {
    let mine = LIVE.replace(AGREED[1], r#""members":["ana@acme.com","bo@acme.com","dee@acme.com"]"#);
    let yours = LIVE.replace(AGREED[1], r#""members":["ana@acme.com","bo@acme.com","flo@acme.com"]"#);
    for round in 0..20 {
        let world = written(WRITTEN);
        fs::write(world.path("mine.json"), &mine).unwrap();
        fs::write(world.path("yours.json"), &yours).unwrap();
        // Real processes: one waits for the other.
        let run = |live: &str| {
            Command::new(env!("CARGO_BIN_EXE_accessctl"))
                .args(["--at", "2026-11-21", "drift", "--live", world.path(live).to_str().unwrap()])
                .args(["--write", "config", "config"])
                .current_dir(world.path("."))
                .env("ACCESSCTL_JOURNAL", world.path("journal"))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        let (mine, yours) = (run("mine.json"), run("yours.json"));
        let ended = [mine, yours].map(|run| {
            let output = run.wait_with_output().unwrap();
            (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
        });
        let edited = read(&world, "config/access.yaml");
        let mut first = Vec::new();
        for ((status, stdout, stderr), user) in ended.iter().zip(["- dee@acme.com", "- flo@acme.com"]) {
            match status {
                Some(1) => assert!(stderr.contains("was changed while the live side was looked at"), "{stderr}"),
                Some(3) if stdout.contains("WRITTEN  1 difference in") => first.push(user),
                // It began later: it saw what the other had written, and that its own live side has nobody of that.
                Some(3) => {
                    assert!(stdout.contains("WRITTEN  2 differences in") && edited.contains(user), "{stdout}");
                }
                _ => panic!("{status:?}: {stderr}"),
            }
        }
        assert_eq!(first.len(), 1, "round {round}: both say that they wrote, and one wrote over it: {edited}");
    }
}

#[test]
fn what_a_killed_run_left_goes_with_the_next_one() {
    let world = written(WRITTEN);
    world.live(&LIVE.replace(AGREED[0], ADMIN));
    fs::write(world.path("config/.accessctl-edit-Ab12"), "half").unwrap();
    fs::write(world.path("config/.accessctl-Cd34"), "of another command").unwrap();
    write(&world, "config", &[]);
    assert!(!world.path("config/.accessctl-edit-Ab12").exists());
    assert!(world.path("config/.accessctl-Cd34").exists());
}
