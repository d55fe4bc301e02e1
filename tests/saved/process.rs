//! Saved plans by the program itself.

use std::fs;
use std::process::{Command, Output};

use crate::World;

/// Runs the program itself, in the folder of the configuration.
fn process(world: &World, script: &str) -> Output {
    let program = env!("CARGO_BIN_EXE_accessctl");
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).current_dir(world.path("config")).env("A", program);
    // No test writes into a real home.
    shell.env("ACCESSCTL_JOURNAL", world.path("journal")).env("XDG_STATE_HOME", world.path("state"));
    shell.output().unwrap()
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_leaves_the_old_file_whole() {
    let world = World::reviewed();
    let before = world.saved();
    // A file may have 512 bytes, and more is an error instead of a signal.
    let full =
        process(&world, "trap '' XFSZ; ulimit -f 1; exec \"$A\" plan --live live.json --out ../plan.json >/dev/null");
    let said = String::from_utf8(full.stderr).unwrap();
    assert_eq!(full.status.code(), Some(1), "{said}");
    assert!(said.contains("error: cannot save the plan to `../plan.json`"), "{said}");
    assert_eq!(world.saved(), before);
    let names: Vec<_> = fs::read_dir(world.0.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names.len(), 2, "{names:?}");
}

#[test]
fn the_program_itself_applies_and_refuses() {
    let world = World::new();
    let made = process(
        &world,
        "\"$A\" plan --out ../plan.json | head -n 0; \"$A\" apply --plan ../plan.json --max-age 1h </dev/null",
    );
    let said = String::from_utf8(made.stdout).unwrap();
    assert_eq!(made.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&made.stderr));
    assert!(said.contains("acme: 5 changes applied"), "{said}");
    world.write("plan.json", &world.saved().replace("bo@acme.com", "ab@acme.com"));
    let refused = process(&world, "exec \"$A\" apply --plan ../plan.json");
    assert_eq!(refused.status.code(), Some(4), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn a_run_that_has_made_its_store_is_taken_back() {
    let world = World::new();
    world.configure(&crate::AFTER.replace("acme.db", "new/acme.db"));
    // The folder of the store is made by the first apply, and paths are relative to where it runs.
    let script = "set -e; \"$A\" apply --yes; cd ..; run=$(\"$A\" log --format csv | sed -n 's/^[^,]*,acme,77,\\([0-9a-f]*\\),.*/\\1/p' | head -n 1)
        \"$A\" undo \"$run\" --out undo.json ./config/../config; \"$A\" apply --plan undo.json config";
    let done = process(&world, script);
    let said = String::from_utf8(done.stdout).unwrap();
    assert_eq!(done.status.code(), Some(0), "{said}{}", String::from_utf8_lossy(&done.stderr));
    assert!(said.contains("acme: 5 changes applied"), "{said}");
}
