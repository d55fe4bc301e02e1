//! Days on which a part of the organization cannot be read, or is called by names that are not known.

use accessctl::cli::ExitStatus;
use snapbox::{assert_data_eq, str};

use crate::bad_days::{USERS, failed};
use crate::server::{error, ok};
use crate::world::World;

const TEAMS: &str = "/organizations/77/teams/";
const GRANTS: &str = "/api/app/projects/902/granted-users";

/// Plans with pending invitations vouched for, and with more words for the backend.
fn plan(world: &World, more: &str) -> crate::runs::Ended {
    world.run(&["plan"], &format!("base_url: '{}', unverified: [list_invitations]{more}", world.base_url()))
}

#[test]
fn what_may_not_be_seen_is_told_with_the_plan() {
    let world = World::with(TEAMS, error("403 Forbidden", "no")).managing("users: full, teams: none");
    let ended = plan(&world, "");
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.stderr);
    assert_data_eq!(
        ended.stdout,
        str![[r#"
acme (Acme): 1 change (1 to remove)

  Users
    - cy@agency.com  cancel the invitation, with 1 grant  (by hand; not listed)

  Effective access  what really changes for people: 1 change for 1 user
    cy@agency.com  (was invited)
      - loses all access: consumer on project 902 (iOS); may have had more by teams, which were not
          read

  Kept  live things that the configuration does not manage
    2 grants (`grants` is not managed)
    1 default role (`everyone` is not managed)

  Not known  people may have more access than is shown
    teams were not read, with their members and roles

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
    let snapshot = world.snapshot();
    let unread = r#"{"invitations":false,"teams":true,"projects":[],"people":[]}"#;
    assert!(snapshot.stdout.contains(unread), "{}", snapshot.stdout);
}

#[test]
fn what_may_not_be_seen_is_never_in_sync_without_a_word() {
    let world = World::with(GRANTS, error("403 Forbidden", "no")).managing("users: listed, grants: none");
    let ended = plan(&world, "");
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.stderr);
    assert!(ended.stdout.starts_with("acme: in sync as far as was read"), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("grants and the default role were not read on project 902 (iOS)"),
        "{}",
        ended.stdout
    );
}

#[test]
fn people_in_no_list_may_be_invited_unless_the_service_denies_it() {
    let teams = |marker: &str| {
        ok(&format!(
            r#"[{{"id":5,"name":"Analysts","projects":[],"users":[{{"id":99,"email":"zoe@acme.com"{marker}}}]}}]"#
        ))
    };
    for marker in ["", r#","invited":true"#] {
        let world = World::with(TEAMS, teams(marker));
        let ended = world.run(&["snapshot", "--out", "-"], &format!("base_url: '{}'", world.base_url()));
        assert_eq!(ended.status, ExitStatus::Done, "{}", ended.stderr);
        assert!(ended.stdout.contains(r#""people":["cy@agency.com","zoe@acme.com"]"#), "{}", ended.stdout);
        assert!(ended.stderr.starts_with("warning: cy@agency.com, zoe@acme.com: named by"), "{}", ended.stderr);
        // Where the invitations are read, the lists contradict each other.
        assert_eq!(world.snapshot().status, ExitStatus::Failure);
    }
    let world = World::with(TEAMS, teams(r#","invited":false"#));
    failed(
        &world.run(&["snapshot", "--out", "-"], &format!("base_url: '{}'", world.base_url())),
        str![[r#"
error: organization 77 is not a complete organization: team `Analysts` names `zoe@acme.com`, who is no user of the organization and is not invited
  hint: a live side that cannot be trusted in full is never acted on

"#]],
    );
}

const ROLES: &str = r#"[{"id":11,"email":"ana@acme.com","role":"owner"},{"id":12,"email":"bo@acme.com","role":"Boss"},
    {"id":14,"email":"di@acme.com","role":"Boss"}]"#;

#[test]
fn an_org_role_that_is_not_known() {
    let world = World::with(USERS, ok(ROLES)).managing("users: listed");
    let ended = plan(&world, "");
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.stderr);
    assert_data_eq!(
        ended.stderr,
        str![[r#"
warning: bo@acme.com, di@acme.com have the org role `Boss`: what it can do is not known

"#]]
    );
    assert_data_eq!(
        ended.stdout,
        str![[r#"
acme (Acme): 1 change (1 to change)

  Users
    ~ bo@acme.com  org role Boss -> member  (by hand; no change on projects as far as is known)
                   [..]/access.yaml:7

  Effective access  nobody's access to a project changes as far as is known

  Kept  live things that the configuration does not manage
    2 users (not listed; `users` is managed as `listed`): cy@agency.com and di@acme.com
    1 team (`teams` is not managed)
    3 grants (`grants` is not managed)
    1 default role (`everyone` is not managed)

  Not known  people may have more access than is shown
    bo@acme.com and di@acme.com have the org role Boss: what it can do is not known

  Guards
    warning from min_owners: the organization has 1 active owner after this plan; 2 are advised,
      since a lost last owner can only be restored by the service's support

  By hand  1 change that no known request makes; sign in at [SERVICE], organization
    Acme (77)
    1. Organization settings, Users: open bo@acme.com and change the Organization Role from Boss to
       member

  Total  1 change (1 to change); takes 0 requests and sends no invitation mail; an apply reads with
    some 27 more; 1 change to make by hand

"#]]
    );
    assert!(world.snapshot().stdout.contains(r#"{"email":"bo@acme.com","role":"Boss","status":"active"}"#));
}

#[test]
fn an_org_role_that_the_service_writes_otherwise() {
    let world = World::with(USERS, ok(ROLES)).managing("users: listed");
    let ended = plan(&world, ", org_roles: { member: Boss, billing_admin: member }");
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.stderr);
    assert_eq!(ended.stderr, "");
    assert!(ended.stdout.starts_with("acme: in sync (4 users"), "{}", ended.stdout);
    // Two words for one role are a mistake of somebody.
    let both = ROLES.replace(r#""di@acme.com","role":"Boss""#, r#""di@acme.com","role":"member""#);
    let ended = plan(&World::with(USERS, ok(&both)).managing("users: listed"), ", org_roles: { member: Boss }");
    assert_eq!(ended.status, ExitStatus::Failure);
    assert!(
        ended.stderr.contains("`di@acme.com` has the org role `member`, which the service writes otherwise"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_snapshot_keeps_what_was_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("live.json");
    let file = file.to_str().unwrap();
    let world = World::with(TEAMS, error("403 Forbidden", "no")).managing("users: full, teams: none");
    let backend = format!("base_url: '{}', unverified: [list_invitations]", world.base_url());
    let saved = world.run(&["snapshot", "--out", file], &backend);
    assert!(saved.stderr.contains("; read in part, see `unread` in it"), "{}", saved.stderr);
    let planned = world.run(&["plan", "--live", file], &backend);
    assert!(planned.stdout.contains("teams were not read"), "{}", planned.stdout);
    let refused = world.managing("users: full, teams: listed").run(&["plan", "--live", file], &backend);
    assert_eq!(refused.status, ExitStatus::Invalid);
    assert!(refused.stderr.contains("error[E0706]: the teams of the organization were not read"), "{}", refused.stderr);
}
