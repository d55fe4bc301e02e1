//! The file of `--state`, which several runs may share, and other files beside it.

use std::cell::RefCell;
use std::fs::{self, File};
use std::process::Command;
use std::time::Duration;

use accessctl::cli::ExitStatus;
use serde_json::Value;

use crate::runs::{Around, run_on};
use crate::{World, night};

/// The organizations of which `state` remembers something.
fn remembered(world: &World, state: &str) -> Vec<u64> {
    let document: Value = serde_json::from_str(&fs::read_to_string(world.path(state)).unwrap()).unwrap();
    document["orgs"].as_array().unwrap().iter().map(|org| org["id"].as_u64().unwrap()).collect()
}

#[test]
fn what_another_run_saved_meanwhile_stays() {
    let world = World::new();
    world.promote();
    let other = "version: 1\norg: { key: other, id: 78 }\nusers: { ana@acme.com: owner }\n";
    fs::write(world.path("config/other.yaml"), other).unwrap();
    let of_other = r#"{"format":"accessctl.snapshot/1","organization":{"id":78,"name":"Other"},"projects":[],"teams":[],"grants":[],
        "users":[{"email":"ana@acme.com","role":"owner","status":"active"}]}"#;
    fs::write(world.path("other.json"), of_other).unwrap();
    // While the one run tells what it found, the other begins and ends.
    let program = env!("CARGO_BIN_EXE_accessctl");
    let second = format!("{program} drift --org other --live other.json --state state.json --quiet-if-clean config");
    let first = Command::new(program)
        .args(["drift", "--org", "acme", "--live", "live.json", "--state", "state.json", "--notify-command", &second])
        .arg("config")
        .current_dir(world.path(""))
        .env("ACCESSCTL_JOURNAL", world.path("journal"))
        .output()
        .unwrap();
    assert_eq!(first.status.code(), Some(3), "{}", String::from_utf8_lossy(&first.stderr));
    assert_eq!(remembered(&world, "state.json"), [77, 78]);
}

/// Somebody who has the lock, and lets go of it when somebody waits.
struct Holding(RefCell<Option<File>>);

impl Around for Holding {
    const CAN_ASK: bool = false;

    fn waited(&self, _: Duration) {
        self.0.borrow_mut().take();
    }
}

#[test]
fn whoever_saves_waits_for_whoever_does() {
    let world = World::new();
    let lock = File::create(world.path("state.json.lock")).unwrap();
    lock.try_lock().unwrap();
    let holding = Holding(RefCell::new(Some(lock)));
    let [live, state] = ["live.json", "state.json"].map(|name| world.path(name).to_str().unwrap().to_owned());
    let arguments = ["drift", "--live", &live, "--state", &state];
    let ended = run_on(&arguments, &world.path("config"), night(0), &|_| None, &holding);
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
    assert_eq!(ended.waits.len(), 1);
    assert_eq!(remembered(&world, "state.json"), [77]);
}

#[cfg(unix)]
#[test]
fn a_link_goes_on_leading_to_the_state() {
    let world = World::new();
    fs::create_dir(world.path("volume")).unwrap();
    std::os::unix::fs::symlink("volume/real.json", world.path("state.json")).unwrap();
    // Before and after the file is there.
    for number in 0..2 {
        let ended = world.remembering(night(number), &[]);
        assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
        assert!(fs::symlink_metadata(world.path("state.json")).unwrap().is_symlink());
        assert_eq!(remembered(&world, "volume/real.json"), [77]);
    }
}

#[test]
fn two_results_never_go_into_one_file() {
    let world = World::new();
    let live = world.path("live.json");
    let live = live.to_str().unwrap();
    let file = world.path("both");
    let again = world.path("config/../both");
    let [file, again] = [&file, &again].map(|path| path.to_str().unwrap());
    for arguments in [
        &["drift", "--state", file, "--metrics", again][..],
        &["plan", "--out", file, "--metrics", again],
        &["plan", "--out", file, "--summary", again],
    ] {
        let ended = world.run(night(0), &[arguments, &["--live", live]].concat());
        assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Invalid, ""), "{}", ended.said());
        let (one, other) = (arguments[1], arguments[3]);
        let said = format!("error: `{one}` and `{other}` name the same file, ");
        assert!(ended.stderr.starts_with(&said), "{}", ended.stderr);
        assert!(fs::read_to_string(file).is_ok_and(|text| !text.contains("format")) || !world.path("both").exists());
        let _ = fs::remove_file(file);
    }
    // What keeps nothing may get everything.
    if cfg!(unix) {
        let ended = world.run(night(0), &["plan", "--out", "/dev/null", "--metrics", "/dev/null", "--live", live]);
        assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
    }
}
