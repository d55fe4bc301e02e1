//! The language: what is refused, where, and with which words; and that order does not matter.

mod language_support;

use language_support::{brief, check, check_org, compile_text, essence, found};
use proptest::prelude::{Just, Strategy, any, proptest};
use proptest::test_runner::Config;

const ACME: &str = r#"version: 1
org:
  key: acme
  id: 7654321
  name: Acme
  timezone: Europe/Berlin
  domains: [acme.com]
  backend: { type: mixpanel, region: eu, base_url: "http://127.0.0.1:8080", unverified: all }
  manage: { users: full, teams: full, ignore: { users: ["*@mixpanel.com"] } }
  blocked: [eve@acme.com, { user: Li.Wei@acme.com, reason: left, ticket: HR-1, approved_by: ana@acme.com }]
---
version: 1
org: acme
users:
  ana@acme.com: { role: owner, name: Ana Ruiz }
  bo@acme.com: member
  li@acme.com: { role: member, previously: [li.wei@acme.com] }
  cy@agency.com: { role: member, until: 2027-01-31, reason: dashboard rebuild, ticket: IT-881, sponsor: ana@acme.com }
projects:
  web: { id: 1234567, name: Web, environment: production, roles: { Data Steward: { like: analyst } } }
  ios: { id: 1234568, everyone: consumer }
  android: 1234569
project_groups:
  mobile: [ios, android]
teams:
  analysts:
    name: Product Analysts
    members: [ana@acme.com, { user: bo@acme.com, from: 2026-10-01, until: 2026-12-31, reason: Q4 cover }]
    projects: { web: Data Steward, "@mobile": { role: analyst, until: 2026-12-31T18:00:00+01:00, ticket: IT-1 } }
  empty: { members: [] }
grants:
  - { user: bo@acme.com, project: ios, role: admin, ticket: OPS-12, approved_by: [ana@acme.com] }
  - { user: cy@agency.com, project: "@mobile", role: consumer, from: 2026-03-29T02:30:00Z }
"#;

#[test]
fn a_whole_organization_is_understood() {
    let (_, compiled) = compile_text(ACME);
    assert_eq!(compiled.diagnostics, []);
    let cy = "Some(\"dashboard rebuild\") Some(\"IT-881\") [] Some(\"ana@acme.com\")";
    let left = "Some(\"left\") Some(\"HR-1\") [\"ana@acme.com\"] None";
    let text = essence(&compiled.organizations[0]).replace('\\', "");
    for part in [
        "(\"bo@acme.com\", \"() Some(\"Q4 cover\") None [] None from 2026-09-30T22:00:00Z Some(2026-10-01) until 2026-12-31T23:00:00Z Some(2026-12-31)\")",
        "(1234569, \"BuiltIn(Analyst) None Some(\"IT-1\") [] None until 2026-12-31T17:00:00Z None\")",
    ] {
        assert!(text.contains(part), "{part}\nis not in\n{text}");
    }
    for line in [
        "acme 7654321 Some(\"Acme\") Some({\"acme.com\"}) Manage { users: Full, teams: Full, team_members: true, grants: Full, everyone: Full, projects: Listed }",
        "[\"*@mixpanel.com\"] [] []",
        &format!("Some(\"Europe/Berlin\") [(\"eve@acme.com\", \"()\"), (\"li.wei@acme.com\", \"() {left}\")]"),
        &format!("cy@agency.com \"Member {cy} until 2027-01-31T23:00:00Z Some(2027-01-31)\" None []"),
        "li@acme.com \"Member\" None [\"li.wei@acme.com\"]",
        "1234568 ios None None Some(\"BuiltIn(Consumer)\") []",
        "empty empty Some([]) None []",
        "cy@agency.com 1234568 \"BuiltIn(Consumer) None None [] None from 2026-03-29T02:30:00Z None\"",
        "cy@agency.com 1234569 \"BuiltIn(Consumer) None None [] None from 2026-03-29T02:30:00Z None\"",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nis not in\n{text}");
    }
}

#[test]
fn keys_in_any_order_mean_the_same() {
    let reversed = r#"grants:
  - { from: 2026-03-29T02:30:00Z, role: consumer, project: "@mobile", user: cy@agency.com }
  - { approved_by: ana@acme.com, ticket: OPS-12, role: admin, project: ios, user: bo@acme.com }
teams:
  empty: { members: [] }
  analysts:
    projects: { "@mobile": { ticket: IT-1, until: 2026-12-31T18:00:00+01:00, role: analyst }, web: Data Steward }
    members: [{ reason: Q4 cover, until: 2026-12-31, from: 2026-10-01, user: bo@acme.com }, ana@acme.com]
    name: Product Analysts
project_groups: { mobile: [android, ios] }
projects:
  android: 1234569
  ios: { everyone: consumer, id: 1234568 }
  web: { roles: { Data Steward: { like: analyst } }, environment: production, name: Web, id: 1234567 }
users:
  cy@agency.com: { sponsor: ana@acme.com, ticket: IT-881, reason: dashboard rebuild, role: member, until: 2027-01-31 }
  li@acme.com: { previously: [li.wei@acme.com], role: member }
  bo@acme.com: member
  ana@acme.com: { name: Ana Ruiz, role: owner }
org:
  domains: [acme.com]
  blocked: [{ approved_by: [ana@acme.com], ticket: HR-1, reason: left, user: li.wei@acme.com }, eve@acme.com]
  timezone: Europe/Berlin
  manage: { ignore: { users: ["*@mixpanel.com"] }, teams: full, users: full }
  backend: { region: eu, type: mixpanel }
  name: Acme
  id: 7654321
  key: acme
version: 1
"#;
    let (_, reversed) = compile_text(reversed);
    assert_eq!(reversed.diagnostics, []);
    assert_eq!(essence(&reversed.organizations[0]), essence(&compile_text(ACME).1.organizations[0]));
}

#[test]
fn sections_that_nobody_writes_are_not_managed() {
    let (_, compiled) = compile_text("version: 1\norg: { key: acme, id: 1 }\n");
    assert_eq!(compiled.diagnostics, []);
    let modes = compiled.organizations[0].manage;
    assert_eq!(
        format!("{modes:?}"),
        "Manage { users: None, teams: None, team_members: true, grants: None, everyone: None, projects: Listed }"
    );
    assert!(compiled.organizations[0].users.is_none());
}

#[test]
fn what_is_empty_is_never_nobody() {
    check("", &["E0201 1:1 "]);
    check("# only a comment\n", &["E0201 1:1 "]);
    check("---\n---\n", &["E0201 1:4 ", "E0201 2:4 "]);
    check_org("users:\n", &["E0202 3:1 users"], "write `{}` for none");
    check_org("users: ~\n", &["E0202 3:8 ~"], "`users` has no value");
    check_org("teams: { a: { members: } }\n", &["E0202 3:15 members"], "write `[]` for none");
    check_org("teams: { a: { members: null } }\n", &["E0202 3:24 null"], "write `[]` for none");
    check_org("teams: { a: { members: [~] } }\n", &["E0202 3:25 ~"], "a list entry has no value");
    check_org("users: {}\n", &["E0512 3:1 users"], "everybody would be removed");
    check("version: 1\norg: { key: a, id: 1, manage: { users: full } }\n", &["E0512 2:40 full"]);
    check("version: 1\norg: { key: a, id: 1, manage: { users: listed } }\n", &["E0512 2:40 listed"]);
    check("[]\n", &["E0203 1:1 []"]);
    check("~\n", &["E0203 1:1 ~"]);
}

#[test]
fn line_ends_and_marks_do_not_matter() {
    check(&ACME.replace('\n', "\r\n"), &[]);
    check_org("users:\r\n  no: member\r\n", &["E0301 4:3 no"], "`no` is no e-mail address");
}

#[test]
fn comments_and_marks_make_no_documents() {
    check(&format!("# a comment\n---\n{}...\n# the end\n", ACME), &[]);
    check("version: 1\norg: { key: acme, id: 1 }\n---\n# nothing\n", &["E0201 3:4 "]);
    check("---\n# nothing\n---\nversion: 1\norg: { key: acme, id: 1 }\n", &["E0201 1:4 "]);
    check("version: 1\norg: { key: acme, id: 1 }\n... x\n", &["E0101 3:5 x"]);
    check_org("teams: { \"über\": { names: x } }\n", &["E0204 3:20 names"], "did you mean `name`?");
}

#[test]
fn yaml_that_is_wrong_is_reported_with_all_the_rest() {
    check_org("users:\n\tana@acme.com: owner\n", &["E0110 4:1 \\t"], "indent with spaces");
    check_org("users:\n  ana@acme.com: owner\n\n\tbo@acme.com: owner\n", &["E0110 6:1 \\t"], "indent with spaces");
    check_org("users:\n  ana@acme.com: owner\n  \tbo@acme.com: owner\n", &["E0110 5:3 \\t"], "indent with spaces");
    check_org(
        "users: { a@b.io: [1 }\n---\nversion: 1\norg: acme\nteam: {}\n---\n'x\n",
        &["E0101 3:18 [", "E0204 7:1 team", "E0101 9:1 \\'"],
        "not valid YAML",
    );
    check_org("users: { a@b.io: !!int 1 }\n", &["E0105 3:18 !!int", "E0303 3:24 1"], "");
}

#[test]
fn keys_are_known_and_written_once() {
    check_org(
        "users:\n  a@b.io: { role: owner, name: A, name: B }\n",
        &["E0103 4:35 name <- 4:26"],
        "the key `name` is written twice",
    );
    check_org("users: { a@b.io: owner }\nusers: { c@d.io: owner }\n", &["E0103 4:1 users <- 3:1"], "`users`");
    check_org("user: {}\n", &["E0204 3:1 user"], "did you mean `users`?");
    check_org("guards: {}\n", &["E0204 3:1 guards"], "`guards` is a key of the definition of an organization");
    check_org("users: { a@b.io: { rol: owner } }\n", &["E0204 3:20 rol"], "did you mean `role`?");
    check_org("users: { a@b.io: { name: A } }\n", &["E0205 3:10 a@b.io"], "a user needs `role`");
    check_org("users: { [a]: owner }\n", &["E0104 3:10 [a]"], "a key is a list, not text");
    check_org("users: { ~: owner }\n", &["E0104 3:10 ~"], "a key is empty");
    check_org("users: { a@b.io: [owner] }\n", &["E0203 3:18 [owner]"], "not an org role or a mapping");
    check_org("api_secret: x\n", &["E0602 3:1 api_secret"], "ACCESSCTL_<KEY>_SECRET");
    check("version: 2\norg: acme\nnonsense: 1\n", &["E0206 1:10 2"]);
    check("version: \"1\"\norg: acme\n", &["E0206 1:10 \\\"1\\\""]);
    check("org: { key: a, id: 1 }\n", &["E0205 1:1 org: { key: a, id: 1 }"]);
    check("version:\norg: { key: a, id: 1 }\n", &["E0202 1:1 version"]);
}

#[test]
fn aliases_are_followed_and_bounded() {
    check_org("users: { a@b.io: owner }\nteams: { a: { members: &m [a@b.io] }, b: { members: *m } }\n", &[], "");
    check_org("teams: { a: { members: *m } }\n", &["E0107 3:24 *m"], "no anchor");
    check_org("teams: { a: { members: &m [*m] } }\n", &["E0108 3:28 *m"], "part of");
    check_org("users: { <<: { a@b.io: owner } }\n", &["E0106 3:10 <<"], "merge keys");
    check_org("users: { a@b.io: !!str owner }\n", &[], "");
    check_org("users: { a@b.io: !role owner }\n", &["E0105 3:18 !role"], "`!role`");
    check("%YAML 1.2\n---\nversion: 1\n", &["E0111 1:1 %"]);
}

#[test]
fn people_are_written_once_and_by_address() {
    check_org("users:\n  no: member\n", &["E0301 4:3 no"], "exactly one `@`");
    check_org(
        "users:\n  ana@acme.com: owner\n  \" ANA@Acme.com \": member\n",
        &["E0502 5:3 \\\" ANA@Acme.com \\\" <- 4:3"],
        "`ana@acme.com` is declared twice",
    );
    check(
        "# file: a.yaml\nversion: 1\norg: { key: acme, id: 1 }\nusers: { a@b.io: owner }\n# file: b.yaml\nversion: 1\norg: acme\nusers: { a@b.io: owner }\n",
        &["E0502 b.yaml:3:10 a@b.io <- a.yaml:3:10"],
    );
    check_org(
        "users: { ana@acme.com: owner }\nteams: { a: { members: [anna@acme.com] } }\n",
        &["E0402 4:25 anna@acme.com"],
        "did you mean `ana@acme.com`?",
    );
    check_org(
        "users: { ana@acme.com: owner }\nprojects: { web: 5 }\ngrants: [{ user: bob@acme.com, project: web, role: admin }]\n",
        &["E0402 5:18 bob@acme.com"],
        "add the person under `users` first",
    );
    check_org("teams: { a: { members: [ana@acme.com] } }\n", &[], "");
    check_org(
        "teams: { a: { members: [a@b.io, { user: A@b.io }] } }\n",
        &["E0506 3:41 A@b.io <- 3:25"],
        "`a@b.io` is a member of `a` twice",
    );
    check_org("users: { a@b.io: Owner }\n", &["E0303 3:18 Owner"], "did you mean `owner`?");
    check_org("users: { a@b.io: analyst }\n", &["E0303 3:18 analyst"], "in the organization such a user is a `member`");
}

#[test]
fn roles_exist_on_their_project() {
    let role = |role: &str| format!("projects: {{ web: 5 }}\nteams: {{ a: {{ projects: {{ web: {role} }} }} }}\n");
    check_org(&role("Analyst"), &["E0405 4:32 Analyst"], "did you mean `analyst`?");
    check_org(&role("viewer"), &["E0405 4:32 viewer"], "the service calls this role `consumer`");
    check_org(&role("steward"), &["E0405 4:32 steward"], "name a custom role under `roles`");
    check_org(&role("[admin]"), &["E0203 4:32 [admin]"], "not a role or a mapping");
    check_org(
        "projects: { web: { id: 5, roles: [Steward], everyone: Stewart } }\n",
        &["E0405 3:55 Stewart"],
        "Steward",
    );
    check_org("projects: { web: { id: 5, roles: [admin] } }\n", &["E0311 3:35 admin"], "built-in");
    check_org("projects: { web: { id: 5, roles: [a, a] } }\n", &["E0509 3:38 a <- 3:35"], "named twice");
    check_org(
        "projects: { web: { id: 5, roles: { S: { like: viewer } } } }\n",
        &["E0405 3:47 viewer"],
        "the service calls this role `consumer`",
    );
}

#[test]
fn ids_are_plain_numbers() {
    for (id, word) in [
        ("\"1234567\"", "remove the quotes"),
        ("web", "`web` is no id"),
        ("-5", "`-5` is no id"),
        ("0", "`0` is no id"),
        ("12345678901234567890", "9007199254740991"),
        ("9007199254740992", "9007199254740991"),
        ("0x1F", "decimal"),
        ("1_000", "decimal"),
        ("1.0", "decimal"),
        ("007", "decimal"),
    ] {
        let marked = format!("E0302 3:18 {}", id.escape_debug());
        check_org(&format!("projects: {{ web: {id} }}\n"), &[&marked], word);
    }
}

#[test]
fn text_stays_text() {
    let (_, compiled) = compile_text(
        "version: 1\norg: { key: acme, id: 1 }\nusers: { a@b.io: { role: owner, name: no } }\nteams:\n  123: {}\n  on: { name: 1.0 }\n  x: { name: 0123, previously: [null_, yes, 5] }\n",
    );
    assert_eq!(compiled.diagnostics, []);
    let teams: Vec<_> = compiled.organizations[0].teams.keys().map(ToString::to_string).collect();
    assert_eq!(teams, ["0123", "1.0", "123"]);
    let text = essence(&compiled.organizations[0]);
    assert!(text.contains("[\"5\", \"null_\", \"yes\"]") && text.contains("Some(\"no\")"), "{text}");
}

#[test]
fn names_of_strangers_are_kept_as_they_are() {
    let (_, compiled) =
        compile_text("version: 1\norg: { key: acme, id: 1 }\nteams:\n  \"\\e[31mred\\u202e\\u0007\": {}\n");
    assert_eq!(compiled.diagnostics, []);
    assert_eq!(compiled.organizations[0].teams.keys().next().unwrap().as_str(), "\u{1b}[31mred\u{202e}\u{7}");
}

#[test]
fn projects_and_groups_are_declared_once() {
    check_org("projects: { web: 5, app: 5 }\n", &["E0503 3:26 5 <- 3:13"], "have the same id");
    check_org("projects: { \"@web\": 5 }\n", &["E0305 3:13 \\\"@web\\\""], "cannot be");
    check_org("projects: { 3: 2 }\n", &["E0305 3:13 3"], "would read as one");
    check_org("projects: { web: 2, \"04\": 2 }\n", &["E0305 3:21 \\\"04\\\""], "such as `p04`");
    check_org("projects: { project-3: 2 }\n", &["E0305 3:13 project-3"], "the project with the id 3");
    check_org("projects: { project-3: 3, project-x: 4, project-05: 5, 6a: 6 }\n", &[], "");
    check_org("projects: { web: 5 }\nproject_groups: { all: [wbe] }\n", &["E0403 4:25 wbe"], "did you mean `web`?");
    check_org(
        "projects: { web: 5 }\nproject_groups: { all: [web, web] }\n",
        &["E0504 4:30 web <- 4:25"],
        "in the group `all` twice",
    );
    let both = "projects: { web: 5 }\nproject_groups: { all: [web] }\n";
    check_org(
        &format!("{both}teams: {{ a: {{ projects: {{ web: admin, \"@all\": admin }} }} }}\n"),
        &["E0507 5:39 \\\"@all\\\" <- 5:27"],
        "the role of the team `a` on the project `web` is said twice",
    );
    check_org(
        &format!("{both}teams: {{ a: {{ projects: {{ \"@al\": admin, all: admin }} }} }}\n"),
        &["E0404 5:27 \\\"@al\\\"", "E0403 5:41 all"],
        "did you mean `@all`?",
    );
    check_org(
        &format!(
            "{both}grants:\n- {{ user: a@b.io, project: web, role: admin }}\n- {{ user: a@b.io, project: \"@all\", role: owner }}\n"
        ),
        &["E0508 7:3 { user: a@b.io, project: \\\"@all\\\", role: owner } <- 6:3"],
        "the grant of `a@b.io` on the project `web` is said twice",
    );
}

#[test]
fn teams_are_declared_once() {
    check_org("teams: { a: { name: X }, b: { name: X } }\n", &["E0505 3:37 X <- 3:21"], "two teams are called `X`");
    check_org("teams: { a: {} }\n---\nversion: 1\norg: acme\nteams: { a: {} }\n", &["E0505 7:10 a <- 3:10"], "`a`");
}

#[test]
fn organizations_are_defined_once() {
    check_org("---\nversion: 1\norg: { key: acme, id: 2 }\n", &["E0501 5:13 acme <- 2:13"], "defined twice");
    check_org("---\nversion: 1\norg: { key: other, id: 1 }\n", &["E0501 5:24 1 <- 2:23"], "the same id");
    check_org("---\nversion: 1\norg: acne\n", &["E0401 5:6 acne"], "did you mean `acme`?");
    check("version: 1\norg: acme\n", &["E0401 2:6 acme"]);
    check("version: 1\norg: { key: Acme, id: 1 }\n", &["E0305 2:13 Acme"]);
    check("version: 1\norg: { key: acme }\n", &["E0205 2:1 org"]);
    // One mistake, one finding.
    let users = "users: { a@b.io: owner }\n---\nversion: 1\norg: acme\nteams: { a: { members: [a@b.io] } }\n";
    check(&format!("version: 1\norg: {{ id: 1 }}\n{users}"), &["E0205 2:1 org"]);
    check_org(&format!("---\nversion: 1\norg: {{ key: acme, id: 1 }}\n{users}"), &["E0501 5:13 acme <- 2:13"], "");
}

#[test]
fn definitions_have_their_forms() {
    let define = |key: &str| format!("version: 1\norg:\n  key: acme\n  id: 1\n  {key}\n");
    for (key, expected) in [
        ("timezone: Europe/Berlln", "E0306 5:13 Europe/Berlln"),
        ("domains: [acme]", "E0307 5:13 acme"),
        ("backend: { state: x }", "E0205 5:3 backend"),
        ("backend: { type: postgres }", "E0304 5:20 postgres"),
        ("backend: { type: local }", "E0205 5:3 backend"),
        ("backend: { type: local, state: x, region: eu }", "E0204 5:37 region"),
        ("backend: { type: mixpanel, region: de }", "E0304 5:38 de"),
        (
            "backend: { type: mixpanel, region: eu, base_url: \"http://example.com\" }",
            "E0310 5:52 \\\"http://example.com\\\"",
        ),
        ("backend: { type: mixpanel, region: eu, unverified: [invite_usr] }", "E0304 5:55 invite_usr"),
        ("backend: { type: mixpanel, region: eu, unverified: [me, list_teams, me] }", "E0520 5:71 me <- 5:55"),
        ("backend: { type: mixpanel, region: eu, unverified: [all, invite_user] }", "E0520 5:60 invite_user <- 5:55"),
        ("backend: { type: mixpanel, region: eu, unverified: [invite_user, all] }", "E0520 5:68 all <- 5:55"),
        ("backend: { type: mixpanel, region: eu, org_roles: { member: x, billing_admin: x } }", "E0520 5:81 x <- 5:63"),
        ("backend: { type: mixpanel, region: eu, org_roles: { member: admin } }", "E0520 5:63 admin <- 5:42"),
        ("backend: { type: mixpanel, region: eu, org_roles: { admin: member } }", "E0520 5:62 member <- 5:42"),
        ("backend: { type: mixpanel, region: eu, org_roles: { analyst: x } }", "E0204 5:55 analyst"),
        ("backend: { type: mixpanel, region: eu, org_roles: { member: \" \" } }", "E0207 5:63 \\\" \\\""),
        ("backend: { type: mixpanel, region: eu, limits: { reads: 65 } }", "E0309 5:59 65"),
        ("backend: { type: mixpanel, region: eu, limits: { invitations_per_hour: 0 } }", "E0309 5:74 0"),
        ("backend: { type: mixpanel, region: eu, limits: { writes: 0 } }", "E0309 5:60 0"),
        ("backend: { type: mixpanel, region: eu, catalogue: { invite: {} } }", "E0304 5:55 invite"),
        (
            "backend: { type: mixpanel, region: eu, catalogue: { list_users: { path: \"https://evil.test/\" } } }",
            "E0312 5:75 \\\"https://evil.test/\\\"",
        ),
        (
            "backend: { type: mixpanel, region: eu, catalogue: { list_users: { body: \"{}\" } } }",
            "E0312 5:55 list_users",
        ),
        (
            "backend: { type: mixpanel, region: eu, catalogue: { remove_grant: { body: '{\"ids\":[\"{project}\"]}' } } }",
            "E0312 5:55 remove_grant",
        ),
        (
            "backend: { type: mixpanel, region: eu, catalogue: { delete_team: { path: \"/o/{org}/{role}/\" } } }",
            "E0312 5:55 delete_team",
        ),
        (
            "backend: { type: mixpanel, region: eu, catalogue: { scim_create_user: { path: \"/u/{user}\" } } }",
            "E0312 5:55 scim_create_user",
        ),
        (
            "backend: { type: mixpanel, region: eu, catalogue: { delete_team: { path: \"/api/app/scim/v2/{team_id}\" } } }",
            "E0312 5:55 delete_team",
        ),
        // What a request is for is not left to a path of another one that takes more away.
        (
            "backend: { type: mixpanel, region: eu, catalogue: { remove_grant: { path: \"/organizations/{org}/delete-users\" } } }",
            "E0312 5:55 remove_grant",
        ),
        (
            "backend: { type: mixpanel, region: eu, catalogue: { rename_team: { path: \"//organizations/1/Delete%2DTeams/\" } } }",
            "E0312 5:76 \\\"//organizations/1/Delete%2DTeams/\\\"",
        ),
        (
            "backend: { type: mixpanel, region: eu, catalogue: { set_team_role: { path: \"/organizations/{org}/teams/{team}/delete-users/\" } } }",
            "E0312 5:55 set_team_role",
        ),
        ("backend: { type: mixpanel, region: eu, scim: { claimed_domains: [acme] } }", "E0307 5:68 acme"),
        ("backend: { type: mixpanel, region: eu, scim: { claimed_domains: [] } }", "E0519 5:42 scim"),
        ("backend: { type: mixpanel, region: eu, scim: { claimed_domains: [a.de, A.DE] } }", "E0519 5:74 A.DE <- 5:68"),
        ("backend: { type: local, state: x, scim: { claimed_domains: [a.de] } }", "E0204 5:37 scim"),
        ("manage: { teams: { mode: full, members: some } }", "E0304 5:43 some"),
        ("backend: { type: mixpanel, region: eu, secret: x }", "E0602 5:42 secret"),
        ("manage: { users: all }", "E0304 5:20 all"),
        ("guards: { max_removals: 101% }", "E0309 5:27 101%"),
        ("guards: { min_owners: none }", "E0309 5:25 none"),
        ("guards: { min_owners: 0 }", "E0309 5:25 0"),
        ("guards: { max_reinvites: 3 }", "E0601 5:13 max_reinvites"),
        ("guards: { invite_stale_days: 0 }", "E0309 5:32 0"),
        (
            "accept: [{ user: eve@other.org, org_role: member, reason: x }]",
            "E0205 5:12 { user: eve@other.org, org_role: member, reason: x }",
        ),
        (
            "accept: [{ user: eve@other.org, org_role: member, until: 2027-01-31 }]",
            "E0205 5:12 { user: eve@other.org, org_role: member, until: 2027-01-31 }",
        ),
        ("accept: [{ usr: eve@other.org, org_role: member, until: 2027-01-31, reason: x }]", "E0204 5:14 usr"),
        ("guards: { waivers: [{ removals: 40, reason: x }] }", "E0205 5:23 { removals: 40, reason: x }"),
        ("guards: { waivers: [{ until: 2026-12-01, reason: x }] }", "E0205 5:23 { until: 2026-12-01, reason: x }"),
        ("policy: [{ name: x, deny: maybe }]", "E0304 5:29 maybe"),
        ("policy: [{ name: x, when: { envronment: x } }]", "E0204 5:31 envronment"),
        ("blocked: [eve]", "E0301 5:13 eve"),
    ] {
        check(&define(key), &[expected]);
    }
}

#[test]
fn a_pattern_is_no_address_wherever_one_is_meant() {
    let define = |key: &str| format!("version: 1\norg:\n  key: acme\n  id: 1\n  {key}\n");
    for pattern in ["*@b.io", "a?@b.io"] {
        for (body, line) in [
            ("blocked: [\"{}\"]", 5),
            ("blocked: [{ user: \"{}\" }]", 5),
            ("guards: { protected: [\"{}\"] }", 5),
            ("name: x\nusers: { \"{}\": member }", 6),
            ("name: x\nusers: { a@b.io: { role: owner, previously: [\"{}\"] } }", 6),
            ("name: x\nusers: { a@b.io: { role: owner, sponsor: \"{}\" } }", 6),
            ("name: x\nusers: { a@b.io: { role: owner, approved_by: [\"{}\"] } }", 6),
            ("name: x\nteams: { t: { members: [\"{}\"] } }", 6),
            ("name: x\nteams: { t: { members: [{ user: \"{}\" }] } }", 6),
            ("name: x\nprojects: { web: 5 }\ngrants: [{ user: \"{}\", project: web, role: admin }]", 7),
        ] {
            let text = define(&body.replace("{}", pattern));
            let (sources, compiled) = compile_text(&text);
            let found: Vec<_> = compiled.diagnostics.iter().filter(|one| one.code.as_str() == "E0301").collect();
            let [one] = found.as_slice() else { panic!("{text}{:?}", compiled.diagnostics) };
            assert!(brief(&sources, one).starts_with(&format!("E0301 {line}:")), "{text}{one:?}");
            assert_eq!(one.message, format!("`{pattern}` is a pattern, and the address of one person is meant here"));
            assert!(one.helps[0].contains("list each address"), "{one:?}");
        }
    }
    check(&define("manage: { ignore: { users: [\"*@b.io\"] } }"), &[]);
}

#[test]
fn what_has_no_meaning_yet_is_refused() {
    check("version: 1\norg:\n  key: acme\n  id: 1\n  guards: { max_reinvites: 3 }\n", &["E0601 5:13 max_reinvites"]);
}

#[test]
fn nothing_is_both_declared_and_ignored() {
    let ignoring = |what: &str, body: &str| {
        format!("version: 1\norg: {{ key: acme, id: 1, manage: {{ ignore: {{ {what} }} }} }}\n{body}")
    };
    check(&ignoring("users: [\"*@b.io\"]", "users: { a@b.io: owner }\n"), &["E0510 3:10 a@b.io <- 2:54"]);
    check(&ignoring("users: [\"*@B.io\"]", "teams: { a: { members: [a@b.io] } }\n"), &["E0510 3:25 a@b.io <- 2:54"]);
    check(&ignoring("teams: [Ops*]", "teams: { a: { name: ops 1 } }\n"), &["E0510 3:21 ops 1 <- 2:54"]);
    check(&ignoring("projects: [\"12\"]", "projects: { web: 12 }\n"), &["E0510 3:13 web <- 2:57"]);
}

#[test]
fn previous_names_are_free() {
    check_org(
        "users: { a@b.io: { role: owner, previously: [c@b.io] }, c@b.io: member }\n",
        &["E0511 3:46 c@b.io <- 3:57"],
        "declared itself",
    );
    check_org(
        "users: { a@b.io: { role: owner, previously: [c@b.io] }, d@b.io: { role: member, previously: [c@b.io] } }\n",
        &["E0511 3:94 c@b.io <- 3:46"],
        "both",
    );
    check_org("teams: { a: { name: X, previously: [X] } }\n", &["E0511 3:37 X"], "its own previous name");
    check_org("teams: { a: { previously: [b] }, b: {} }\n", &["E0511 3:28 b <- 3:34"], "a team itself");
}

#[test]
fn two_organizations_have_two_stores() {
    let text = |first: &str, second: &str| {
        let org = |key: &str, id: u64, state: &str| {
            format!(
                "# file: {key}/org.yaml\nversion: 1\norg: {{ key: {key}, id: {id}, backend: {{ type: local, state: {state} }} }}\n"
            )
        };
        format!("{}{}", org("b", 1, first), org("a", 2, second))
    };
    check(&text("x.db", "x.db"), &[]);
    check(&text("../x.db", "../a/./../x.db"), &["E0513 b/org.yaml:2:54 ../x.db <- a/org.yaml:2:54"]);
}

#[test]
fn saved_states_are_passed_over_where_they_are_a_seed() {
    let text = |seed: &str| {
        format!(
            "# file: live/seed.yaml\nformat: accessctl.snapshot/1\nusers:\n# file: org/a.yaml\nversion: 1\norg: {{ key: acme, id: 1, backend: {{ type: local, state: acme.db, seed: {seed} }} }}\n"
        )
    };
    check(&text("../live/./seed.yaml"), &[]);
    check(&text("seed.yaml"), &["E0208 live/seed.yaml:1:1 format: accessctl.snapshot/1"]);
}

#[test]
fn what_could_not_be_read_is_not_called_undeclared() {
    check_org(
        "teams: { a: { members: [a@b.io], projects: { web: admin } } }\n---\nversion: 1\norg: acme\nusers: { a@b.io: owner\n---\nversion: 1\norg: acme\nusers: { c@d.io: owner }\n",
        &["E0101 7:8 {"],
        "",
    );
}

#[test]
fn problems_of_one_section_do_not_hide_names_that_others_lack() {
    let unknown = "teams: { a: { members: [x@y.io], projects: { wbe: admin } }, a: {} }\n";
    let (user, project, twice) = ("E0402 3:25 x@y.io", "E0403 3:46 wbe", "E0103 3:62 a <- 3:10");
    // Nothing refers to a team.
    let whole = "users: { a@b.io: owner }\nprojects: { web: 1 }\n";
    check_org(&format!("{unknown}{whole}"), &[user, project, twice], "");
    // What is passed over may declare the name.
    let users = "users: { a@b.io: owner, ~: owner }\nprojects: { web: 1 }\n";
    check_org(&format!("{unknown}{users}"), &[project, twice, "E0104 4:25 ~"], "");
    let projects = "users: { a@b.io: owner }\nprojects: { web: 1, 3: 3 }\n";
    check_org(&format!("{unknown}{projects}"), &[user, twice, "E0305 5:21 3"], "");
    let lost = "users: [a@b.io]\nprojects: { web: 1 }\n";
    check_org(&format!("{unknown}{lost}"), &[project, twice, "E0203 4:8 [a@b.io]"], "");
    let section = format!("{unknown}{whole}users: {{}}\n");
    check_org(&section, &[twice, "E0103 6:1 users <- 4:1"], "");
    // A section that stands for a part of another loses what that part loses.
    let anchored = "teams: &same { a@b.io: {}, a@b.io: {} }\nusers: { a@b.io: owner }\ngrants: [{ user: x@y.io, project: web, role: admin }]\nprojects: *same\n";
    let (_, compiled) = compile_text(&format!("version: 1\norg: {{ key: acme, id: 1 }}\n{anchored}"));
    assert!(compiled.diagnostics.iter().all(|found| !found.code.as_str().starts_with("E04")), "{compiled:?}");
}

/// The parts of an organization as documents of their own, one entry each.
fn pieces() -> Vec<String> {
    let mut pieces = vec!["org: { key: acme, id: 1, manage: { ignore: { users: [x*, y*] } } }".to_owned()];
    let mut piece = |section: &str, entry: &str| pieces.push(format!("org: acme\n{section}:\n  {entry}"));
    for user in 0..6 {
        piece("users", &format!("u{user}@acme.com: {{ name: U{user}, role: member }}"));
        piece("grants", &format!("- {{ user: u{user}@acme.com, project: p{}, role: admin }}", user % 3));
    }
    for project in 0..3 {
        piece("projects", &format!("p{project}: {{ id: {}, everyone: consumer, roles: [R, S] }}", project + 10));
    }
    piece("project_groups", "most: [p1, p0]");
    piece("teams", "b: { projects: { \"@most\": R, p2: S }, members: [u3@acme.com, u1@acme.com], previously: [z, y] }");
    piece("teams", "a: { name: T, members: [] }");
    pieces
}

proptest! {
    #![proptest_config(Config { cases: 64, failure_persistence: None, ..Config::default() })]

    /// Documents in any order, in any files, mean the same.
    #[test]
    fn order_does_not_matter(
        order in Just(pieces()).prop_shuffle(),
        breaks in proptest::collection::vec(any::<bool>(), 32),
    ) {
        let mut text = String::new();
        for (index, (piece, new_file)) in order.iter().zip(breaks).enumerate() {
            if new_file || index == 0 {
                text.push_str(&format!("# file: {index}.yaml\n"));
            }
            text.push_str(&format!("---\nversion: 1\n{piece}\n"));
        }
        let (_, compiled) = compile_text(&text);
        assert_eq!(compiled.diagnostics, [], "{text}");
        let straight: String = pieces().iter().map(|piece| format!("---\nversion: 1\n{piece}\n")).collect();
        let (_, expected) = compile_text(&straight);
        assert_eq!(essence(&compiled.organizations[0]), essence(&expected.organizations[0]));
    }

    /// Whatever is written, there is an answer, and every place in it is a place of the text.
    #[test]
    fn any_text_has_an_answer(text in "\\PC{0,200}") {
        found(&text);
    }

    /// As above, near valid configuration: parts cut out, doubled and replaced.
    #[test]
    fn any_change_has_an_answer(
        cuts in proptest::collection::vec((0..ACME.len(), 0..40_usize, "[\\[\\]{}:,&*!|>%@#\"' \\n\\t~a-]{0,4}"), 1..4),
    ) {
        let mut bytes = ACME.as_bytes().to_vec();
        for (start, length, replacement) in cuts {
            let start = start.min(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, replacement.bytes());
        }
        let text = String::from_utf8_lossy(&bytes);
        found(&text);
    }
}
