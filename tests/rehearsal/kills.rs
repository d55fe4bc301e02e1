//! Real processes: two at once, and one whose disk is full. `tests/sweep` kills one at every write.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use accessctl::serve::{Fault, Occurrence, Script};

use crate::stage::{Stage, configuration};

/// Every write takes so long that a kill comes in the middle.
fn slow() -> Script {
    Script {
        method: Some("POST".to_owned()),
        path: "/organizations/".to_owned(),
        when: Occurrence::From(1),
        fault: Fault::Slow(Duration::from_millis(150)),
    }
}

/// Starts an apply and waits until it has told so many outcomes.
fn start(mut command: Command, outcomes: usize) -> (Child, String) {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    while said.lines().filter(|line| line.starts_with('[')).count() < outcomes {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "it ended by itself: {said}");
    }
    child.stderr = Some(stderr.into_inner());
    (child, said)
}

/// Runs an apply. A request of a process that was killed may be done by the service between plan and apply, and then
/// another one is needed.
pub(crate) fn apply(stage: &Stage, configuration: &str) -> Output {
    let mut said = String::new();
    for _ in 0..5 {
        let output = stage.process(&["apply", "--yes"], configuration).output().unwrap();
        said.push_str(&text(&output));
        if output.status.code() != Some(4) {
            return Output { stderr: said.into_bytes(), ..output };
        }
    }
    panic!("{said}");
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn of_two_applies_one_is_refused_and_told_of_the_other() {
    let stage = Stage::of_all_kinds().with_fault(slow());
    let text_of = configuration(&stage);
    let (mut first, _) = start(stage.process(&["apply", "--yes"], &text_of), 1);
    let second = stage.process(&["apply", "--yes"], &text_of).output().unwrap();
    assert_eq!(second.status.code(), Some(1), "{}", text(&second));
    let (_, journal) = stage.journals().remove(0);
    let begun: serde_json::Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let holder = format!("another apply is under way: run {} of robot", begun["run"].as_str().unwrap());
    assert!(text(&second).contains(&holder), "{holder}: {}", text(&second));
    assert!(text(&second).contains(&format!("process {}", first.id())), "{}", text(&second));
    assert_eq!(stage.journals().len(), 1);
    // What a dead process leaves behind holds nobody up.
    first.kill().unwrap();
    first.wait().unwrap();
    stage.server.clear_faults();
    let third = apply(&stage, &text_of);
    // It may have died while an invitation was under way, of which nobody knows now whether it was sent.
    assert!(matches!(third.status.code(), Some(0 | 5)), "{}", text(&third));
    assert!(!text(&third).contains("another apply"), "{}", text(&third));
}

#[test]
fn who_has_patience_waits_for_the_lock() {
    let stage = Stage::of_all_kinds().with_fault(slow());
    let text_of = configuration(&stage);
    let (mut first, _) = start(stage.process(&["apply", "--yes"], &text_of), 1);
    let mut second = stage.process(&["apply", "--yes", "--lock-timeout", "2m"], &text_of);
    let mut second = second.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = String::new();
    let mut stderr = BufReader::new(second.stderr.take().unwrap());
    while !said.contains("waiting for run") {
        assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "{said}");
    }
    let mut rest = String::new();
    first.stderr.take().unwrap().read_to_string(&mut rest).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(0), "{rest}");
    stderr.read_to_string(&mut said).unwrap();
    // The plan that it had shown is done by then.
    assert_eq!(second.wait().unwrap().code(), Some(4), "{said}");
    assert!(said.contains("the live side changed after the plan was made"), "{said}");
}

#[test]
fn a_full_disk_stops_the_run_after_the_request_under_way() {
    let stage = Stage::of_all_kinds();
    let text_of = configuration(&stage);
    let command = stage.process(&["apply", "--yes"], &text_of);
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_str().unwrap().to_owned()).collect();
    // No file may grow beyond four kilobytes: the first request has room, the last has not.
    let script = "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\"";
    let mut limited = Command::new("/bin/sh");
    limited.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_accessctl")).args(arguments).env_clear();
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ended = limited.output().unwrap();
    assert_eq!(ended.status.code(), Some(1), "{}", text(&ended));
    let said = text(&ended).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("cannot write the journal") && said.contains("nothing more was sent"), "{said}");
    assert!(said.contains("not tried, since the run was broken off"), "{said}");
    let (_, journal) = stage.journals().remove(0);
    let intents = journal.lines().filter(|line| line.contains("\"line\":\"intent\"")).count();
    assert!(intents > 0 && intents == stage.writes().len(), "{intents} of {} were announced", stage.writes().len());
    let again = apply(&stage, &text_of);
    assert_eq!(again.status.code(), Some(0), "{}", text(&again));
    assert_eq!(stage.invitations_of("new@acme.com"), 1);
}
