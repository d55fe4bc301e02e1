//! `explain`, `who-can` and `review`: what people and programs read.
//!
//! A case is a folder with a configuration, often a live side, and `session.txt`: commands after `$ `, each followed by
//! what it prints on both streams and, unless it is 0, its status. `CASE` stands for the folder.
//! `SNAPSHOTS=overwrite cargo test --test why` writes the sessions anew.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod page;

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use accessctl::cli::{ExitStatus, Surroundings, run};
use snapbox::{Data, assert_data_eq};

/// What a run did.
#[derive(Debug)]
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

fn accessctl(arguments: &[String]) -> Ended {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let typed = std::iter::once("accessctl").chain(arguments.iter().map(String::as_str)).map(OsString::from);
    let surroundings = Surroundings {
        stdin: &mut std::io::empty(),
        stdout: &mut stdout,
        stderr: &mut stderr,
        can_ask: false,
        stdout_is_terminal: false,
        width: None,
        stderr_columns: &|| None,
        stdout_styles: false,
        stderr_styles: false,
        clock: &|| "2026-11-02T08:00:00Z".parse().unwrap(),
        pause: &|_| Box::pin(std::future::ready(())),
        stop: &accessctl::stop::Stop::new(),
        environment: &|_| None,
    };
    let status = run(typed, surroundings);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { status, stdout: text(stdout), stderr: text(stderr) }
}

/// Relative: tests run in the folder of the package, and how lines are broken must not depend on where that is.
fn cases() -> PathBuf {
    PathBuf::from("tests/why/cases")
}

/// The words of a command; what stands in single quotes is one.
fn words(command: &str, case: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for character in command.chars() {
        match character {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            other => words.last_mut().unwrap().push(other),
        }
    }
    words.iter().map(|word| word.replace("CASE", case)).collect()
}

#[test]
fn every_session_says_what_stands_beside_it() {
    let mut folders: Vec<_> = fs::read_dir(cases()).unwrap().map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    assert!(folders.len() >= 12);
    for folder in folders {
        let case = folder.to_str().unwrap();
        let path = folder.join("session.txt");
        let written = fs::read_to_string(&path).unwrap();
        let mut real = String::new();
        for command in written.lines().filter_map(|line| line.strip_prefix("$ accessctl ")) {
            let ended = accessctl(&words(command, case));
            let gap = if real.is_empty() { "" } else { "\n" };
            let status = match ended.status.code() {
                0 => String::new(),
                code => format!("status {code}\n"),
            };
            let said = format!("{}{}{status}", ended.stdout, ended.stderr).replace(case, "CASE").replace('\r', "");
            real.push_str(&format!("{gap}$ accessctl {command}\n{said}"));
        }
        assert_data_eq!(real, Data::read_from(&path, None).raw());
    }
}

#[test]
fn answers_for_programs_fit_their_schemas() {
    let case = cases().join("live").to_str().unwrap().to_owned();
    let commands = [
        "explain bo@acme.com --config CASE/access.yaml",
        "explain bo@acme.com web --config CASE/access.yaml --live CASE/live.yaml",
        "explain dee@acme.com ios --config CASE/access.yaml --live CASE/live.yaml",
        "explain cy@agency.com web --config CASE/access.yaml --live CASE/live.yaml",
        "who-can web --config CASE/access.yaml",
        "who-can ios analyst --config CASE/access.yaml --live CASE/live.yaml",
    ];
    for command in commands {
        let mut arguments = words(command, &case);
        arguments.extend(["--format".to_owned(), "json".to_owned()]);
        let ended = accessctl(&arguments);
        assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, ""), "{command}");
        let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let schema = accessctl(&["schema".to_owned(), arguments[0].clone()]).stdout;
        jsonschema::validate(&serde_json::from_str(&schema).unwrap(), &document).unwrap();
        assert!(ended.stdout.ends_with("}\n") && ended.stdout.lines().count() == 1);
    }
}

#[test]
fn the_live_side_is_read_from_the_backend_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["access.yaml", "live.yaml"] {
        fs::copy(cases().join("live").join(file), folder.path().join(file)).unwrap();
    }
    let config = folder.path().to_str().unwrap();
    let with = |live: &[&str]| {
        let arguments = ["explain", "bo@acme.com", "--config", config].into_iter().chain(live.iter().copied());
        accessctl(&arguments.map(str::to_owned).collect::<Vec<_>>())
    };
    let file = folder.path().join("live.yaml");
    let snapshot = with(&["--live", file.to_str().unwrap()]);
    assert_eq!(with(&["--from-backend"]).stdout, snapshot.stdout);
    assert_ne!(with(&[]).stdout, snapshot.stdout);
    let both = with(&["--from-backend", "--live", file.to_str().unwrap()]);
    assert_eq!(both.status, ExitStatus::Invalid);
    assert!(!folder.path().join(".accessctl").exists(), "a question leaves no trace");
}

#[test]
fn a_live_side_that_cannot_be_read_leaves_what_is_declared_and_is_no_success() {
    let folder = tempfile::tempdir().unwrap();
    fs::copy(cases().join("live/access.yaml"), folder.path().join("access.yaml")).unwrap();
    let config = folder.path().to_str().unwrap();
    let typed = ["explain", "bo@acme.com", "--from-backend", "--config", config];
    let ended = accessctl(&typed.map(str::to_owned));
    assert!(ended.stdout.contains("admin by individual grant"), "{}", ended.stdout);
    assert!(ended.stderr.contains("there is no file"), "{}", ended.stderr);
    assert_eq!(ended.status, ExitStatus::Invalid);
}
