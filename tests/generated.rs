//! The organizations of the benchmark: the same for the same seed, in the form that the program writes, and with exactly
//! the differences that the benchmark believes in.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../benches/plan/generate/mod.rs"]
mod generate;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use accessctl::backend::snapshot;
use accessctl::model::Interner;
use accessctl::{desired, load, planning};
use generate::live::{Differences, Live};
use generate::{Organization, Shape, configuration, live};
use jiff::Timestamp;

const SHAPE: Shape = Shape { users: 1200, projects: None, memberships: 4, seed: 11 };

/// Writes everything that belongs to an organization and returns its files by path.
fn write_all(shape: Shape, folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let organization = Organization::new(shape);
    let written = configuration::write_yaml(&organization, &configuration::local_backend(), folder).unwrap();
    let yaml = read_all(folder);
    assert_eq!(written.files, yaml.len());
    assert_eq!(written.bytes, yaml.values().map(|bytes| bytes.len() as u64).sum::<u64>());
    configuration::write_json(&organization, &folder.join("document.json")).unwrap();
    for (name, live) in [("same", Live::Unchanged), ("other", Live::Changed(3.0)), ("empty", Live::Empty)] {
        live::write(&organization, live, &folder.join(name).with_extension("json")).unwrap();
    }
    read_all(folder)
}

fn read_all(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut folders, mut files) = (vec![folder.to_owned()], BTreeMap::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap());
            }
        }
    }
    files
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let [first, second, third] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let files = write_all(SHAPE, first.path());
    assert!(files == write_all(SHAPE, second.path()), "two runs with one seed differ");
    let other = write_all(Shape { seed: 12, ..SHAPE }, third.path());
    assert_eq!(files.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    assert!(files != other, "two seeds give the same organization");
}

#[test]
fn facts_are_users_memberships_roles_and_grants() {
    let organization = Organization::new(SHAPE);
    let memberships: usize = organization.teams.iter().map(|team| team.members.len()).sum();
    assert_eq!(memberships, SHAPE.users * SHAPE.memberships);
    let least = SHAPE.users + memberships + organization.teams.len() + organization.grants.len();
    assert!(organization.facts() > least, "{} facts", organization.facts());
}

#[test]
fn live_states_are_as_the_program_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let organization = Organization::new(SHAPE);
    for live in [Live::Unchanged, Live::Changed(3.0), Live::Empty] {
        let path = folder.path().join("live.json");
        live::write(&organization, live, &path).unwrap();
        let loaded = snapshot::load(&path, Timestamp::UNIX_EPOCH, &mut Interner::default()).unwrap();
        let mut written = Vec::new();
        snapshot::write(&loaded, &mut written).unwrap();
        assert!(fs::read(&path).unwrap() == written, "{live:?} is written in another form");
    }
}

/// The changes by kind of the plan over the generated organization.
fn planned(folder: &Path, live: &Path) -> Differences {
    let mut names = Interner::default();
    let sources = load::load(&[folder.to_owned()]).sources;
    let compiled = desired::compile(&sources, &mut names);
    assert!(compiled.diagnostics.is_empty(), "{:?}", compiled.diagnostics.first());
    let live = snapshot::load(live, Timestamp::UNIX_EPOCH, &mut names).unwrap();
    let planned = planning::plan(&compiled.organizations[0], live.state, "snapshot", Timestamp::UNIX_EPOCH).unwrap();
    assert!(planned.warnings.is_empty(), "{:?}", planned.warnings.first());
    assert!(!planned.plan.is_blocked(), "{:?}", planned.plan.guards);
    let mut kinds = Differences::new();
    for planned in &planned.plan.changes {
        *kinds.entry(planned.change.kind().as_str()).or_default() += 1;
    }
    kinds
}

#[test]
fn plans_have_exactly_the_generated_differences() {
    let usual = [Live::Unchanged, Live::Changed(1.0), Live::Changed(20.0), Live::Empty];
    let counted = [Live::Edited(10), Live::Edited(600), Live::WithoutGrants];
    for (lives, everybody_has_a_grant) in [(&usual[..], false), (&counted, true)] {
        have_exactly_the_generated_differences(lives, everybody_has_a_grant);
    }
}

fn have_exactly_the_generated_differences(lives: &[Live], everybody_has_a_grant: bool) {
    let folder = tempfile::tempdir().unwrap();
    let mut organization = Organization::new(SHAPE);
    let mut backend = configuration::local_backend();
    if everybody_has_a_grant {
        organization.grant_to_everybody();
        backend = configuration::service_backend("http://127.0.0.1:8473");
    }
    let configuration = folder.path().join("configuration");
    configuration::write_yaml(&organization, &backend, &configuration).unwrap();
    for live in lives.iter().copied() {
        let path = folder.path().join("live.json");
        let differences = live::write(&organization, live, &path).unwrap();
        assert_eq!(planned(&configuration, &path), differences, "{live:?}");
        assert_eq!(live == Live::Unchanged, differences.is_empty(), "{live:?}");
        if let Live::Edited(number) = live {
            assert_eq!(differences.values().sum::<usize>(), number);
        }
    }
}
