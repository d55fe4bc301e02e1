//! The local store means the same by every change as `State::perform`: a table of cases, and generated ones.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

mod support;

use std::path::Path;

use accessctl::backend::local::{LocalReader, LocalWriter, Store};
use accessctl::backend::{BackendError, LiveReader, LiveWriter, Snapshot};
use accessctl::change::{Change, Misfit};
use accessctl::model::{Email, Interner, OrgRole, ProjectId, ProjectRole, State, Status, TeamName};
use jiff::Timestamp;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, proptest};

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 5_000);

const ACME: &str = r#"{"format":"accessctl.snapshot/1",
  "organization":{"id":7,"name":"Acme"},
  "projects":[{"id":1,"name":"Web","everyone":"consumer","roles":["Data Steward"]},{"id":2,"name":"iOS"}],
  "users":[{"email":"ana@acme.com","role":"owner","status":"active"},
    {"email":"bo@acme.com","role":"member","status":"active"},
    {"email":"io@acme.com","role":"owner","status":"invited","invited_at":"2026-11-01T00:00:00Z"}],
  "teams":[{"id":5,"name":"Analysts","members":["ana@acme.com","io@acme.com"],"projects":[{"id":1,"role":"Data Steward"}]},
    {"name":"Growth","members":[],"projects":[]}],
  "grants":[{"user":"bo@acme.com","project":1,"role":"analyst"},{"user":"io@acme.com","project":2,"role":"admin"}]}"#;

fn email(text: &str) -> Email {
    Email::new(&format!("{text}@acme.com")).unwrap()
}

fn team(text: &str) -> TeamName {
    TeamName::new(text).unwrap()
}

fn project(id: u64) -> ProjectId {
    ProjectId::new(id).unwrap()
}

fn role(text: &str) -> ProjectRole {
    ProjectRole::from_name(text).unwrap()
}

fn acme() -> Snapshot {
    accessctl::backend::snapshot::read(ACME.as_bytes(), "acme", NOW, &mut Interner::default()).unwrap()
}

fn read(path: &Path) -> State {
    let reader = LocalReader { state: path.to_owned(), seed: None };
    reader.fetch(NOW, &mut Interner::default()).unwrap().state
}

fn misfit(result: Result<(), BackendError>) -> Result<(), Misfit> {
    match result {
        Ok(()) => Ok(()),
        Err(BackendError::Misfit(misfit)) => Err(misfit),
        Err(
            error @ (BackendError::Failed { .. }
            | BackendError::Unsound { .. }
            | BackendError::Request(_)
            | BackendError::Busy(_)
            | BackendError::NotTried
            | BackendError::Stopped),
        ) => {
            panic!("the store failed: {error:?}")
        }
    }
}

/// Performs one change on the example organization, on both sides, and returns what came out.
fn check(change: Change) -> Result<(), Misfit> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("acme.db");
    Store::create(&path, &acme()).unwrap();
    let mut reference = acme().state;
    let before = reference.clone();
    let expected = reference.perform(&change, NOW);
    let mut writer = LocalWriter::open(&path, None, NOW).unwrap();
    assert_eq!(misfit(writer.perform(&change, NOW)), expected, "{change:?}");
    assert_eq!(read(&path), reference, "{change:?}");
    match &expected {
        Ok(()) => assert_ne!(reference, before, "{change:?} alters something"),
        Err(_) => assert_eq!(reference, before, "{change:?} alters nothing"),
    }
    expected
}

#[test]
fn changes_that_fit_are_performed() {
    let fitting = [
        Change::RenameTeam { from: team("Analysts"), to: team("Product Analysts") },
        Change::CreateTeam { team: team("Ops") },
        Change::InviteUser { user: email("cy"), role: OrgRole::Admin },
        Change::SetOrgRole { user: email("bo"), from: OrgRole::Member, to: OrgRole::BillingAdmin },
        // An invited owner is not one of those that must remain.
        Change::SetOrgRole { user: email("io"), from: OrgRole::Owner, to: OrgRole::Member },
        Change::SetEveryone { project: project(1), from: Some(role("consumer")), to: role("Data Steward") },
        Change::SetEveryone { project: project(2), from: None, to: role("consumer") },
        Change::SetTeamRole { team: team("Growth"), project: project(2), from: None, to: role("admin") },
        Change::SetTeamRole {
            team: team("Analysts"),
            project: project(1),
            from: Some(role("Data Steward")),
            to: role("owner"),
        },
        Change::AddTeamMember { team: team("Growth"), user: email("io") },
        Change::SetGrant { user: email("bo"), project: project(2), from: None, to: role("consumer") },
        Change::SetGrant {
            user: email("bo"),
            project: project(1),
            from: Some(role("analyst")),
            to: role("Data Steward"),
        },
        Change::RemoveGrant { user: email("bo"), project: project(1), from: role("analyst") },
        Change::RemoveTeamMember { team: team("Analysts"), user: email("ana") },
        Change::RemoveTeamRole { team: team("Analysts"), project: project(1), from: role("Data Steward") },
        Change::RemoveEveryone { project: project(1), from: role("consumer") },
        Change::DeleteTeam { team: team("Analysts") },
        Change::CancelInvite { user: email("io") },
        Change::RemoveUser { user: email("bo") },
    ];
    for change in fitting {
        assert_eq!(check(change), Ok(()));
    }
}

#[test]
fn changes_that_do_not_fit_are_refused_with_the_same_words() {
    let refused = [
        (Change::RenameTeam { from: team("Analysts"), to: team("Growth") }, "team `Growth` exists already"),
        (Change::RenameTeam { from: team("Ops"), to: team("Dev") }, "team `Ops` does not exist"),
        (Change::CreateTeam { team: team("Growth") }, "team `Growth` exists already"),
        (Change::InviteUser { user: email("io"), role: OrgRole::Member }, "user `io@acme.com` exists already"),
        (
            Change::SetOrgRole { user: email("cy"), from: OrgRole::Member, to: OrgRole::Admin },
            "user `cy@acme.com` does not exist",
        ),
        (
            Change::SetOrgRole { user: email("bo"), from: OrgRole::Admin, to: OrgRole::Owner },
            "the org role of `bo@acme.com` is member, not admin",
        ),
        (
            Change::SetOrgRole { user: email("bo"), from: OrgRole::Member, to: OrgRole::Member },
            "setting the org role of `bo@acme.com` to member alters nothing",
        ),
        (
            Change::SetOrgRole { user: email("ana"), from: OrgRole::Owner, to: OrgRole::Admin },
            "`ana@acme.com` is the last active owner",
        ),
        (Change::SetEveryone { project: project(9), from: None, to: role("admin") }, "project 9 does not exist"),
        (
            Change::SetEveryone { project: project(2), from: None, to: role("Data Steward") },
            "project 2 has no role `Data Steward`",
        ),
        (
            Change::SetEveryone { project: project(1), from: None, to: role("admin") },
            "the default role of project 1 is consumer, not none",
        ),
        (
            Change::SetTeamRole { team: team("Ops"), project: project(1), from: None, to: role("admin") },
            "team `Ops` does not exist",
        ),
        (
            Change::SetTeamRole {
                team: team("Analysts"),
                project: project(1),
                from: Some(role("Data Steward")),
                to: role("Data Steward"),
            },
            "setting the role of team `Analysts` on project 1 to Data Steward alters nothing",
        ),
        (Change::AddTeamMember { team: team("Growth"), user: email("cy") }, "user `cy@acme.com` does not exist"),
        (Change::AddTeamMember { team: team("Ops"), user: email("bo") }, "team `Ops` does not exist"),
        (
            Change::AddTeamMember { team: team("Analysts"), user: email("ana") },
            "`ana@acme.com` in team `Analysts` exists already",
        ),
        (
            Change::SetGrant { user: email("cy"), project: project(1), from: None, to: role("admin") },
            "user `cy@acme.com` does not exist",
        ),
        (
            Change::SetGrant { user: email("bo"), project: project(1), from: Some(role("admin")), to: role("owner") },
            "the grant of `bo@acme.com` on project 1 is analyst, not admin",
        ),
        (
            Change::RemoveGrant { user: email("cy"), project: project(1), from: role("admin") },
            "the grant of `cy@acme.com` on project 1 does not exist",
        ),
        (
            Change::RemoveGrant { user: email("bo"), project: project(1), from: role("admin") },
            "the grant of `bo@acme.com` on project 1 is analyst, not admin",
        ),
        (
            Change::RemoveTeamMember { team: team("Growth"), user: email("bo") },
            "`bo@acme.com` in team `Growth` does not exist",
        ),
        (
            Change::RemoveTeamRole { team: team("Growth"), project: project(1), from: role("admin") },
            "the role of team `Growth` on project 1 does not exist",
        ),
        (
            Change::RemoveEveryone { project: project(2), from: role("admin") },
            "the default role of project 2 does not exist",
        ),
        (Change::DeleteTeam { team: team("Ops") }, "team `Ops` does not exist"),
        (Change::CancelInvite { user: email("bo") }, "`bo@acme.com` is active, not invited"),
        (Change::RemoveUser { user: email("io") }, "`io@acme.com` is invited, not active"),
        (Change::RemoveUser { user: email("ana") }, "`ana@acme.com` is the last active owner"),
    ];
    for (change, words) in refused {
        assert_eq!(check(change).unwrap_err().to_string(), words);
    }
}

/// A state and changes to perform one after the other.
fn history() -> impl Strategy<Value = (State, Vec<Change>)> {
    support::state().prop_flat_map(|state| {
        let changes = proptest::collection::vec(support::change(&state), 1..12);
        (proptest::prelude::Just(state), changes)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_states_are_closed(state in support::state()) {
        prop_assert_eq!(state.problems(), Vec::<String>::new());
        prop_assert_eq!(state.active_owners().next().is_some(), true);
    }

    #[test]
    fn generated_changes_mean_the_same((state, changes) in history()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let snapshot = Snapshot { taken_at: NOW, state: state.clone(), team_ids: Default::default(), acting: None, applied: None };
        Store::create(&path, &snapshot).unwrap();
        let mut writer = LocalWriter::open(&path, None, NOW).unwrap();
        let mut reference = state;
        prop_assert_eq!(&read(&path), &reference);
        for change in &changes {
            let expected = reference.perform(change, NOW);
            prop_assert_eq!(misfit(writer.perform(change, NOW)), expected, "{:?}", change);
            prop_assert_eq!(&read(&path), &reference, "{:?}", change);
        }
    }
}

#[test]
fn a_batch_is_done_whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut store = Store::create(&path, &acme()).unwrap();
    let create = Change::CreateTeam { team: team("Ops") };
    let (io, ana) = (email("io"), email("ana"));
    // The second edit does not fit, so the first is gone with it.
    let refused = store.batch(NOW, |batch| {
        batch.perform(&create)?;
        batch.join(&ana)
    });
    assert_eq!(misfit(refused), Err(Misfit::Missing("an invitation of `ana@acme.com`".to_owned())));
    assert_eq!(read(&path), acme().state);

    let numbers = store.batch(NOW, |batch| {
        batch.perform(&create)?;
        batch.resend(&io)?;
        Ok((batch.team_number(&team("Ops"))?, batch.team_number(&team("None"))?, batch.user_number(&io)?))
    });
    assert_eq!(numbers.unwrap(), (Some(7), None, Some(3)));
    let mut expected = acme().state;
    expected.perform(&create, NOW).unwrap();
    expected.users.get_mut(&io).unwrap().status = Status::Invited { at: Some(NOW) };
    assert_eq!(read(&path), expected);

    store.batch(NOW, |batch| batch.join(&io)).unwrap();
    expected.users.get_mut(&io).unwrap().status = Status::Active;
    assert_eq!(read(&path), expected);
    assert!(store.batch(NOW, |batch| batch.resend(&io)).is_err());
    let numbers = [("ana@acme.com", 1), ("bo@acme.com", 2), ("io@acme.com", 3)];
    assert_eq!(store.user_numbers().unwrap(), numbers.map(|(email, number)| (email.to_owned(), number)));
}

#[test]
fn a_store_tells_when_somebody_else_has_changed_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let mut store = Store::create(&path, &acme()).unwrap();
    let version = store.version().unwrap();
    store.perform(&Change::CreateTeam { team: team("Own") }, NOW).unwrap();
    assert_eq!(store.version().unwrap(), version);
    Store::open(&path).unwrap().perform(&Change::CreateTeam { team: team("Other") }, NOW).unwrap();
    assert_ne!(store.version().unwrap(), version);
}
