//! Restarts, hand edits, and the real command.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

use accessctl::backend::LiveReader;
use accessctl::backend::local::{LocalReader, LocalWriter, Store};
use accessctl::change::Change;
use accessctl::model::{Email, Interner, TeamName};
use accessctl::serve::Server;
use jiff::Timestamp;

use crate::client::send;
use crate::{Stage, seed};

fn get(server: SocketAddr, path: &str) -> String {
    let answer = send(server, "GET", path, "").unwrap();
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text().replace(&server.to_string(), "HOST")
}

/// Everything that can be read.
fn everything(server: SocketAddr) -> Vec<String> {
    let paths = [
        "/api/app/me",
        "/organizations/77/projects/",
        "/organizations/77/users/",
        "/organizations/77/invites/",
        "/organizations/77/teams/",
        "/api/app/projects/901/granted-users?include_invited_users=true",
        "/api/app/projects/901/custom-roles",
        "/api/app/scim/v2/Users",
        "/api/app/scim/v2/Groups",
    ];
    paths.iter().map(|path| get(server, path)).collect()
}

#[test]
fn a_restart_changes_nothing() {
    let stage = Stage::new();
    let server = stage.start();
    let to = server.address();
    for (path, body) in [
        ("/organizations/77/add-teams/", r#"{"teamNames":["Growth"]}"#),
        ("/organizations/77/add-users/", r#"{"users":[{"email":"n@acme.test","role":"member"}]}"#),
        ("/api/app/scim/v2/Users", r#"{"userName":"p@acme.test","displayName":"Pia","active":false}"#),
    ] {
        assert!(send(to, "POST", path, body).unwrap().status < 300);
    }
    let before = everything(to);
    assert!(before[7].contains(r#""displayName":"Pia""#) && before[7].contains(r#""active":false"#), "{}", before[7]);
    server.stop();
    let server = stage.start();
    assert_eq!(everything(server.address()), before);
    // Nine mails of the hour are left for the domain: the invitation before the restart counts.
    let invite = |count: usize| {
        let users: Vec<_> = (0..count).map(|n| format!(r#"{{"email":"m{n}@acme.test","role":"member"}}"#)).collect();
        let body = format!(r#"{{"users":[{}]}}"#, users.join(","));
        send(server.address(), "POST", "/organizations/77/add-users/", &body).unwrap().status
    };
    assert_eq!(invite(10), 429);
    assert_eq!(invite(9), 200);
}

#[test]
fn what_others_do_to_the_store_is_served() {
    let stage = Stage::new();
    let server = stage.start();
    let to = server.address();
    let path = stage.folder.path().join("store.db");
    assert_eq!(get(to, "/organizations/77/invites/").matches("\"email\"").count(), 1);
    // In another connection, as somebody's database tool.
    let change = Change::CreateTeam { team: TeamName::new("By hand").unwrap() };
    Store::open(&path)
        .unwrap()
        .batch(Timestamp::UNIX_EPOCH, |batch| {
            batch.perform(&change)?;
            batch.join(&Email::new("c@agency.test").unwrap())
        })
        .unwrap();
    assert!(get(to, "/organizations/77/teams/").contains("By hand"));
    assert_eq!(get(to, "/organizations/77/invites/"), r#"{"status":"ok","results":[]}"#);
    // And as a test does it.
    server.perform(&Change::DeleteTeam { team: TeamName::new("By hand").unwrap() }).unwrap();
    assert!(!get(to, "/organizations/77/teams/").contains("By hand"));
    assert!(server.join_user(&Email::new("c@agency.test").unwrap()).is_err());
    // The server is the one writer.
    let busy = LocalWriter::open(&path, None, Timestamp::UNIX_EPOCH).unwrap_err().to_string();
    assert!(busy.contains("is in use by another `accessctl apply` or `accessctl serve`"), "{busy}");
}

/// A running `accessctl serve`; killed when a test fails.
struct Running {
    child: Child,
    out: BufReader<ChildStdout>,
    address: SocketAddr,
    said: String,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_accessctl"));
    command.arg("serve").args(arguments).current_dir(folder).env_clear();
    command
}

fn run(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, stderr } = command(folder, arguments).output().unwrap();
    assert_eq!(String::from_utf8(stdout).unwrap(), "");
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn start(folder: &Path, arguments: &[&str]) -> Running {
    let mut child = command(folder, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    // The announcement ends with how to stop.
    while !said.contains("Ctrl-C") {
        assert_ne!(out.read_line(&mut said).unwrap(), 0, "it ended: {said}");
    }
    let at = said.lines().next().unwrap().rsplit("http://").next().unwrap();
    Running { address: at.parse().unwrap(), child, out, said }
}

#[cfg(unix)]
fn signal(running: &Running, signal: &str) {
    let status = Command::new("kill").args([signal, &running.child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

#[cfg(unix)]
#[test]
fn the_command_says_how_to_use_it_and_stops_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let seed = seed();
    let seed = ["--state", "store.db", "--seed", seed.to_str().unwrap(), "--port", "0"];
    for by in ["-INT", "-TERM"] {
        let mut running = start(folder.path(), &seed);
        let expected = "Acme from store.db is at http://HOST\n\
            \n\
            export MIXPANEL_SERVICE_ACCOUNT=rehearsal.local\n\
            export MIXPANEL_SERVICE_ACCOUNT_SECRET=rehearsal-secret\n\
            export MIXPANEL_SCIM_TOKEN=rehearsal-scim-token\n\
            export ACCESSCTL_JOURNAL=FOLDER/store.db.journal\n\
            \n\
            backend: { type: mixpanel, region: us, base_url: \"http://HOST\", unverified: all }\n\
            \n\
            SCIM sees the domains acme.test: `scim: { claimed_domains: [acme.test] }` in the backend uses it.\n\
            Ctrl-C stops it; the store keeps everything.\n";
        let said = running.said.replace(&running.address.to_string(), "HOST");
        let beside = std::path::absolute(folder.path()).unwrap();
        assert_eq!(said.replace(beside.to_str().unwrap(), "FOLDER"), expected);
        assert!(running.address.ip().is_loopback());
        get(running.address, "/organizations/77/users/");
        signal(&running, by);
        assert_eq!(running.child.wait().unwrap().code(), Some(0), "{by}");
        let mut rest = String::new();
        running.out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let seed = seed();
    let arguments = ["--state", "store.db", "--seed", seed.to_str().unwrap(), "--port", "0"];
    let mut answered = Vec::new();
    for round in 0..3 {
        let mut running = start(folder.path(), &arguments);
        let to = running.address;
        let before = get(to, "/organizations/77/teams/");
        for name in &answered {
            assert!(before.contains(&format!("\"{name}\"")), "{name} is lost: {before}");
        }
        for number in 0..5 {
            let name = format!("Team {round} {number}");
            let body = format!(r#"{{"teamNames":["{name}"]}}"#);
            assert_eq!(send(to, "POST", "/organizations/77/add-teams/", &body).unwrap().status, 200);
            answered.push(name);
        }
        running.child.kill().unwrap();
        running.child.wait().unwrap();
    }
    let reader = LocalReader { state: folder.path().join("store.db"), seed: None };
    let live = reader.fetch(Timestamp::UNIX_EPOCH, &mut Interner::default()).unwrap();
    assert_eq!(live.state.teams.len(), 2 + answered.len());
}

#[test]
fn what_cannot_be_served_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let seed = seed();
    let seed = seed.to_str().unwrap();
    let (status, said) = run(folder, &["--state", "store.db"]);
    assert_eq!(status, Some(1));
    assert_eq!(
        said,
        "error: cannot read local store `store.db`\n  \
         caused by: it does not exist, and no `seed` says what to make it from\n"
    );
    fs::write(folder.join("bad.json"), "{}").unwrap();
    let (status, said) = run(folder, &["--state", "store.db", "--seed", "bad.json"]);
    assert_eq!(status, Some(1));
    assert!(said.starts_with("error: snapshot `bad.json`"), "{said}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let (status, said) = run(folder, &["--state", "store.db", "--seed", seed, "--port", &port]);
    assert_eq!(status, Some(1));
    assert!(said.starts_with(&format!("error: cannot listen on 127.0.0.1:{port}\n  caused by: ")), "{said}");
    assert!(
        said.ends_with("  hint: another server has it; choose one with `--port`, or any free one with `--port 0`\n")
    );
    let (status, said) = run(folder, &["--state", "store.db", "--seed", seed, "--port", "0", "--record", "no/folder"]);
    assert_eq!(status, Some(1));
    assert!(said.starts_with("error: cannot open the record `no/folder`\n"), "{said}");
    // Neither made a store.
    assert!(!folder.join("store.db").exists());
    // A record for which there is no store is not left behind, and one that was there stays.
    for (known, left) in [(None, None), (Some("a line\n"), Some("a line\n"))] {
        let record = folder.join("record.jsonl");
        known.map_or(Ok(()), |text| fs::write(&record, text)).unwrap();
        let arguments = ["--state", "store.db", "--seed", "bad.json", "--port", "0", "--record", "record.jsonl"];
        let (status, said) = run(folder, &arguments);
        assert_eq!(status, Some(1), "{said}");
        assert_eq!(fs::read_to_string(&record).ok().as_deref(), left);
    }
    fs::copy(seed, folder.join("seed.json")).unwrap();
    for record in ["seed.json", "./store.db", "store.db.people"] {
        let (status, said) =
            run(folder, &["--state", "store.db", "--seed", "seed.json", "--port", "0", "--record", record]);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains("caused by: it is "), "{said}");
        assert_eq!(fs::read(folder.join("seed.json")).unwrap(), fs::read(seed).unwrap());
        assert!(!folder.join("store.db").exists());
    }
    for (wrong, says) in [
        (vec!["--host", "0.0.0.0"], "unexpected argument '--host'"),
        (vec!["--port", "70000"], "70000 is not in 0..=65535"),
        (vec!["--faults", "429=2"], "`429=2`: expected a share from 0 to 1, such as 0.05"),
        (vec!["--has-account", "nobody"], "an e-mail address has exactly one `@`"),
        (vec!["--claim", "@acme.com"], "an e-mail address has exactly one `@`"),
        (vec!["--role", "boss"], "invalid value 'boss'"),
    ] {
        let (status, said) = run(folder, &[&["--state", "store.db"][..], &wrong].concat());
        assert_eq!(status, Some(2), "{said}");
        assert!(said.contains(says), "{said}");
    }
    // One server for one store.
    let stage = Stage::new();
    let _server = stage.start();
    let refused = Server::start(stage.options()).unwrap_err().to_string();
    assert!(refused.contains("is in use by another `accessctl apply` or `accessctl serve`"), "{refused}");
}
