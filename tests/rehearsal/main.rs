//! Both sides of the service's interfaces against each other: the program's own requests, the local server's answers.
//!
//! Neither side shares code with the other that could hide a misreading; each is held to the dossier by tests of its
//! own.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bad_days;
mod journal;
#[cfg(unix)]
mod kills;
mod messages;
#[path = "../support/runs.rs"]
mod runs;
mod scim;
mod stage;
mod stops;
mod told;
mod undo;

use std::fs;
use std::path::Path;
use std::pin::Pin;

use accessctl::backend::mixpanel::{Accepted, Cause, Credentials, Problem, Settings, Time, Transport};
use accessctl::catalogue::{Catalogue, Field, Fields, Operation, Region};
use accessctl::change::ChangeKind;
use accessctl::cli::ExitStatus;
use accessctl::model::{OrgId, OrgRole};
use jiff::SignedDuration;
use runs::{Nobody, run_on};
use stage::{NOW, Stage, configuration};

#[test]
fn the_rehearsal_of_the_readme_works() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let stage = Stage::start(&example.join("quickstart/live.json"), OrgRole::Admin);
    let text = fs::read_to_string(example.join("rehearsal/access.yaml")).unwrap();
    let text = text.replace("http://127.0.0.1:8473", &stage.base_url());
    let plan = stage.run(&["plan", "--exit-code"], &text);
    assert_eq!(plan.status, ExitStatus::Differences, "{}", plan.said());
    assert!(plan.stdout.contains("7 changes (4 to add, 1 to change, 2 to remove)"), "{}", plan.stdout);
    let apply = stage.run(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Done, "{}", apply.said());
    assert!(apply.stdout.ends_with("7 changes applied\n  read again: the live side is as it should be\n"));
    assert_eq!(stage.run(&["plan", "--exit-code"], &text).status, ExitStatus::Done);
}

#[test]
fn invitations_beyond_the_limit_are_left_to_the_next_run() {
    let stage = Stage::of_all_kinds();
    let mut text = configuration(&stage);
    let more = |users: &str, grants: &str, text: &str| {
        text.replacen("projects:\n", &format!("{users}projects:\n"), 1) + grants
    };
    for number in 1..=11 {
        let user = format!("more{number}@acme.com");
        let grant = format!("  - {{ user: {user}, project: ios, role: analyst }}\n");
        text = more(&format!("  {user}: member\n"), &grant, &text);
    }
    text = more("  somebody@agency.test: member\n", "", &text);
    // Thirteen at acme.com: ten now, the others an hour later.
    let plan = stage.run(&["plan"], &text);
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words(&plan.stdout).contains("14 invitation mails; an apply reads with some "), "{}", plan.stdout);
    assert!(words(&plan.stdout).contains(" more; under the limits at least 1 h"), "{}", plan.stdout);
    let first = stage.run(&["apply", "--yes"], &text);
    assert_eq!(first.status, ExitStatus::Incomplete, "{}", first.said());
    assert!(first.stdout.contains("3 deferred"), "{}", first.stdout);
    let deferred = "deferred until 2026-11-21 10:00 UTC: 10 invitation mails an hour to acme.com";
    assert!(words(&first.stdout).contains(&format!("3 changes {deferred}")), "{}", first.stdout);
    assert!(words(&first.stdout).contains("skipped because of"), "{}", first.stdout);
    assert!(words(&first.stdout).ends_with("then `accessctl apply` again after 2026-11-21 10:00 UTC"));
    // Too early: nothing is sent.
    stage.pass(SignedDuration::from_mins(59));
    let early = stage.run(&["apply", "--yes"], &text);
    assert_eq!(early.status, ExitStatus::Incomplete, "{}", early.said());
    assert!(early.stdout.contains("3 deferred"), "{}", early.stdout);
    stage.pass(SignedDuration::from_mins(1));
    let last = stage.run(&["apply", "--yes"], &text);
    assert_eq!(last.status, ExitStatus::Done, "{}", last.said());
    assert_eq!(stage.run(&["plan", "--exit-code"], &text).status, ExitStatus::Done);
    for number in 1..=11 {
        assert_eq!(stage.invitations_of(&format!("more{number}@acme.com")), 1);
    }
}

#[test]
fn every_kind_of_change_is_made_over_http() {
    let stage = Stage::of_all_kinds();
    let apply = stage.run(&["apply", "--yes"], &configuration(&stage));
    assert_eq!(apply.status, ExitStatus::Done, "{}", apply.said());
    let mut paths: Vec<String> = stage.writes().into_iter().map(|(path, _)| path).collect();
    paths.sort();
    paths.dedup();
    let expected = [
        "/organizations/77/add-default-access-to-projects/",
        "/organizations/77/add-projects-to-teams/",
        "/organizations/77/add-teams/",
        "/organizations/77/add-users-to-projects/",
        "/organizations/77/add-users-to-teams/",
        "/organizations/77/add-users/",
        "/organizations/77/delete-default-access-from-projects/",
        "/organizations/77/delete-invites/",
        "/organizations/77/delete-teams/",
        "/organizations/77/delete-users-from-projects/",
        "/organizations/77/delete-users/",
        "/organizations/77/teams/5/delete-projects/",
        "/organizations/77/teams/5/delete-users/",
        "/organizations/77/teams/5/update/",
        "/organizations/77/users/2000003/update/",
    ];
    assert_eq!(paths, expected);
    assert_eq!(paths.len(), ChangeKind::ALL.len(), "a kind of change is not rehearsed");
    // Nobody is thrown out of the organization to lose a role.
    let removed: Vec<_> = stage.writes().into_iter().filter(|(path, _)| path.ends_with("/delete-users/")).collect();
    assert_eq!(removed.iter().filter(|(path, _)| path == "/organizations/77/delete-users/").count(), 1);
    // A custom role goes by its id.
    let given = stage.writes().into_iter().find(|(path, _)| path.ends_with("/add-projects-to-teams/")).unwrap();
    assert!(!given.1.to_string().contains("Data Steward"), "{}", given.1);
    assert_eq!(stage.run(&["plan", "--exit-code"], &configuration(&stage)).status, ExitStatus::Done);
}

#[test]
fn what_is_not_vouched_for_is_left_to_people() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage).replace("unverified: all", "unverified: [list_invitations]");
    let apply = stage.run(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert!(apply.stdout.contains("By hand"), "{}", apply.stdout);
    assert!(apply.stdout.contains("Organization settings, Users: invite new@acme.com"), "{}", apply.stdout);
    for (path, _) in stage.writes() {
        let known = [
            "add-teams",
            "add-users-to-projects",
            "add-projects-to-teams",
            "update",
            "delete-projects",
            "delete-teams",
        ];
        assert!(known.iter().any(|known| path.ends_with(&format!("/{known}/"))), "{path} is proposed");
        assert!(!path.contains("/users/"), "{path} is proposed");
    }
}

#[test]
fn pending_people_who_cannot_be_read_are_left_alone() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage)
        .replace(", unverified: all", "")
        .replace("users:\n", "users:\n  flo@acme.com: member\n")
        .replace("members: [bo@acme.com,", "members: [flo@acme.com, bo@acme.com,");
    let apply = stage.run(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert!(
        apply.stdout.contains("flo@acme.com is named by a team or project and is not among the users"),
        "{}",
        apply.stdout
    );
    assert!(!apply.stdout.contains("invite flo@acme.com"), "{}", apply.stdout);
    assert!(apply.stdout.contains("invite new@acme.com with the organization role member, unless"), "{}", apply.stdout);
    let writes = stage.writes();
    assert!(!writes.is_empty() && writes.iter().all(|(_, body)| !body.to_string().contains("flo@")), "{writes:?}");
}

#[test]
fn org_roles_are_written_as_the_service_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("live.yaml");
    std::fs::write(&seed, SEED_OF_ROLES).unwrap();
    let stage = Stage::start(&seed, OrgRole::Owner);
    let text = format!(
        "version: 1\norg:\n  key: acme\n  id: 77\n  backend:\n    {{ type: mixpanel, region: us, base_url: '{}', \
         unverified: all, org_roles: {{ member: regular_user }} }}\nusers: {{ ana@acme.com: owner, bo@acme.com: member, \
         cy@acme.com: member, di@acme.com: billing_admin }}\n",
        stage.base_url()
    );
    let apply = stage.run(&["apply", "--yes"], &text);
    // Nobody was read to be a billing admin, so how the service writes that is not known.
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert!(!apply.said().contains("FAILED"), "{}", apply.said());
    let words = apply.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("nobody was read to have the organization role billing admin"), "{}", apply.said());
    let roles: Vec<_> = stage.writes().into_iter().map(|(_, body)| body["role"].clone()).collect();
    assert_eq!(roles, ["regular_user"]);
}

const SEED_OF_ROLES: &str = "format: accessctl.snapshot/1
organization: { id: 77, name: Acme }
projects: [{ id: 901, name: Web }]
users:
  - { email: ana@acme.com, role: owner, status: active }
  - { email: bo@acme.com, role: Boss, status: active }
  - { email: cy@acme.com, role: regular_user, status: active }
  - { email: di@acme.com, role: admin, status: active }
teams: []
grants: []
";

#[test]
fn many_changes_share_a_request() {
    let stage = Stage::of_all_kinds();
    let plan = stage.run(&["plan"], &configuration(&stage));
    stage.run(&["apply", "--yes"], &configuration(&stage));
    // How many reads there are in between is not known before.
    let said = format!("takes about {} requests and", stage.writes().len());
    assert!(plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains(&said), "{said}: {}", plan.stdout);
}

#[test]
fn the_doctor_tells_what_the_account_can_do() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage).replace("unverified: all", "unverified: [list_invitations]");
    let healthy = stage.run(&["doctor"], &text);
    assert_eq!(healthy.status, ExitStatus::Done, "{}", healthy.said());
    let row = |name: &str| healthy.stdout.lines().find(|line| line.trim_start().starts_with(name)).unwrap().to_owned();
    assert!(row("answer").contains("its org role is `owner`"), "{}", healthy.stdout);
    assert!(row("list_grants").contains("yes: it was tried on project 901 and answers"), "{}", healthy.stdout);
    assert!(row("remove_grant").contains("off: a guess"), "{}", healthy.stdout);
    assert!(row("reinvite_user").contains("off: no plan asks for it yet"), "{}", healthy.stdout);
    let by_hand = |said: &str| {
        let (_, rest) = said.split_once("By hand").unwrap();
        rest.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert!(by_hand(&healthy.stdout).starts_with("invite_user, set_org_role, "), "{}", healthy.stdout);
    let peers = "the removal of owners, since nobody removes somebody who is not below them";
    assert!(by_hand(&healthy.stdout).contains(peers), "{}", healthy.stdout);
    assert!(!by_hand(&healthy.stdout).contains("what owners are"), "{}", healthy.stdout);
    assert!(stage.writes().is_empty());

    stage.server.set_role(OrgRole::Admin);
    let admin = stage.run(&["doctor"], &configuration(&stage));
    let owners = "what gives or takes what owners are, since the account is an admin";
    assert_eq!(by_hand(&admin.stdout), owners, "{}", admin.stdout);

    stage.server.set_role(OrgRole::Member);
    let weak = stage.run(&["doctor", "--format", "json"], &text);
    assert_eq!(weak.status, ExitStatus::Failure);
    let document: serde_json::Value = serde_json::from_str(&weak.stdout).unwrap();
    jsonschema::validate(&accessctl::render::doctor::schema(), &document).unwrap();
    let account = &document["orgs"][0]["account"];
    assert_eq!((account["role"].as_str(), account["regions"].as_array().unwrap().len()), (Some("member"), 0));
    // The role is too low for everything.
    assert_eq!(document["orgs"][0]["manual"].as_array().unwrap().len(), ChangeKind::ALL.len());
    let requests = document["orgs"][0]["requests"].as_array().unwrap();
    let of = |name: &str| requests.iter().find(|request| request["name"] == name).unwrap();
    assert_eq!((of("list_users")["usable"].as_str(), of("set_grant")["usable"].as_str()), (Some("no"), Some("no")));
    assert!(of("list_users")["why"].as_str().unwrap().contains("403"), "{document}");

    let wrong = stage.run(&["doctor"], &text.replace("id: 77", "id: 78"));
    assert_eq!(wrong.status, ExitStatus::Failure);
    assert!(wrong.stdout.contains("answer NOT WELL"), "{}", wrong.stdout);
    assert!(wrong.stdout.contains("list_users           official client     unknown"), "{}", wrong.stdout);

    // Without a credential, too, it is told how surely each request is known and what is left to people.
    let lost = run_on(&["doctor"], &stage.configuration_path(), NOW, &|_| None, &Nobody);
    assert_eq!(lost.status, ExitStatus::Failure);
    assert!(lost.stdout.contains("credential NOT WELL"), "{}", lost.stdout);
    assert!(lost.stdout.contains("remove_grant         proposed            off"), "{}", lost.stdout);
    assert!(lost.stdout.contains("By hand  invite_user"), "{}", lost.stdout);
}

#[test]
fn a_snapshot_knows_the_account_that_took_it() {
    let stage = Stage::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rehearsal/live.yaml"), OrgRole::Admin);
    let text = configuration(&stage);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.json");
    let file = file.to_str().unwrap();
    let taken = stage.run(&["snapshot", "--out", file], &text);
    assert_eq!(taken.status, ExitStatus::Done, "{}", taken.said());
    let saved = fs::read_to_string(file).unwrap();
    let account = &stage.server.account().name;
    assert!(saved.contains(&format!(r#""acting": {{"account":"{account}","role":"admin"}}"#)), "{saved}");
    // The plan is the one that the account itself would make.
    let guards = |plan: &str| {
        let (_, guards) = plan.split_once("Guards").unwrap();
        // With how many requests it was read a saved live side does not tell.
        guards.split_once("\n  Total").unwrap().0.to_owned()
    };
    let offline = stage.run(&["plan", "--live", file], &text);
    assert!(offline.stdout.contains("warning from authority"), "{}", offline.stdout);
    assert_eq!(guards(&offline.stdout), guards(&stage.run(&["plan"], &text).stdout));
    // Nothing is said where it is not known.
    let acting = saved.lines().find(|line| line.contains("\"acting\"")).unwrap();
    fs::write(file, saved.replace(&format!("{acting}\n"), "")).unwrap();
    let silent = stage.run(&["plan", "--live", file], &text);
    assert!(!silent.stdout.contains("warning from authority"), "{}", silent.stdout);
}

#[test]
fn an_admin_leaves_to_owners_what_is_theirs() {
    let stage = Stage::start(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rehearsal/live.yaml"), OrgRole::Admin);
    let text = configuration(&stage);
    let plan = stage.run(&["plan"], &text);
    assert!(plan.stdout.contains("warning from authority"), "{}", plan.stdout);
    let apply = stage.run(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert!(!apply.said().contains("FAILED"), "{}", apply.said());
    assert!(apply.stdout.contains("remove eve@acme.com from the organization"), "{}", apply.stdout);
    assert!(stage.writes().iter().all(|(path, _)| !path.ends_with("/delete-users/") || path.contains("/teams/")));
}

#[test]
fn an_owner_does_not_remove_an_owner() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage)
        .replace("  id: 77\n", "  id: 77\n  guards: { max_removals: 100% }\n")
        .replace("  dee@acme.com: owner\n", "")
        .replace("  - { user: dee@acme.com, project: web, role: consumer }\n", "");
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let plan = stage.run(&["plan"], &text);
    let told = "1 change of this plan can only be made in two steps, a lower role and then the removal. Do it by hand \
                (`dee@acme.com` (owner)), or declare a lower role by a plan before";
    assert!(words(&plan.stdout).contains(told), "{}", plan.said());
    let apply = stage.run(&["apply", "--yes"], &text);
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert!(!apply.said().contains("FAILED"), "{}", apply.said());
    let step =
        "change the Organization Role of dee@acme.com from owner to member, then remove them from the organization";
    assert!(words(&apply.stdout).contains(step), "{}", apply.stdout);
    // What is sent all the same is refused.
    let fields = Fields::default().with(Field::UserId, 2_000_004);
    let refused = send(&stage, Operation::RemoveUser, fields).unwrap_err();
    assert!(matches!(refused.cause, Cause::Status { code: 403, .. }), "{}", refused.cause);
    // With a lower role before, both are done by request.
    let lower = text.replace("users:\n", "users:\n  dee@acme.com: member\n");
    assert_eq!(stage.run(&["apply", "--yes"], &lower).status, ExitStatus::Done);
    let gone = stage.run(&["apply", "--yes"], &text);
    assert_eq!(gone.status, ExitStatus::Done, "{}", gone.said());
    assert_eq!(stage.run(&["plan", "--exit-code"], &text).status, ExitStatus::Done);
}

/// Sends one request of the service, whatever a plan would say of it.
fn send(stage: &Stage, operation: Operation, fields: Fields) -> Result<Accepted, Box<Problem>> {
    let settings = Settings {
        organization: OrgId::new(77).unwrap(),
        region: Region::Us,
        base_url: Some(stage.base_url()),
        catalogue: Catalogue::default(),
        reads: 1,
        writes: 1,
        requests_per_minute: None,
    };
    let account = stage.server.account();
    let environment = |name: &str| match name {
        "MIXPANEL_SERVICE_ACCOUNT" => Some(account.name.clone()),
        "MIXPANEL_SERVICE_ACCOUNT_SECRET" => Some(account.secret.clone()),
        _ => None,
    };
    let credentials = Credentials::from_environment("acme", &environment).unwrap();
    let pause = |_| -> Pin<Box<dyn Future<Output = ()>>> { Box::pin(std::future::ready(())) };
    let transport = Transport::new(settings, credentials, Time { clock: &|| NOW, pause: &pause }, 7);
    let call = transport.call(operation, &[fields], None)?;
    transport.block_on(transport.send(&call)).unwrap()
}
