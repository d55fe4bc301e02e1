//! Ctrl-C at any moment: nothing more is begun, what is under way is written down, and the next run goes on.

use std::cell::Cell;
use std::fs;
use std::time::Duration;

use accessctl::cli::ExitStatus;
use accessctl::serve::{Fault, Occurrence, RetryAfter, Script};
use accessctl::stop::Stop;

use crate::runs::{Around, Ended};
use crate::stage::{Stage, configuration};

/// Somebody who looks on, and wants it to stop at the so many-th look at the clock or during the so many-th wait.
struct Impatient<'a> {
    stop: Stop,
    stage: &'a Stage,
    looks: Cell<usize>,
    waits: Cell<usize>,
    /// Requests that wrote when the stop was asked for.
    written: Cell<Option<usize>>,
    columns: Option<usize>,
}

impl<'a> Impatient<'a> {
    fn new(stage: &'a Stage, looks: usize, waits: usize) -> Self {
        let (looks, waits) = (Cell::new(looks), Cell::new(waits));
        Self { stop: Stop::new(), stage, looks, waits, written: Cell::new(None), columns: None }
    }

    fn count(&self, left: &Cell<usize>) {
        left.set(left.get().saturating_sub(1));
        if left.get() == 0 && !self.stop.is_asked() {
            self.written.set(Some(self.stage.writes().len()));
            self.stop.ask();
        }
    }
}

impl Around for Impatient<'_> {
    const CAN_ASK: bool = false;

    fn clock_read(&self) {
        self.count(&self.looks);
    }

    fn waited(&self, _: Duration) {
        self.count(&self.waits);
    }

    fn stop(&self) -> &Stop {
        &self.stop
    }

    fn columns(&self) -> Option<usize> {
        self.columns
    }
}

/// Each intent of the last run has its outcome, and the run its end.
fn is_written_down(stage: &Stage) {
    let journals = stage.journals();
    let Some((path, text)) = journals.last() else { return };
    let number = |what: &str| text.matches(what).count();
    assert_eq!(number("\"line\":\"intent\""), stage.writes().len(), "{}", path.display());
    assert!(number("\"line\":\"outcome\"") >= number("\"line\":\"intent\""), "{text}");
    assert_eq!(number("\"line\":\"end\""), 1, "{text}");
}

fn goes_on(stage: &Stage, text: &str, point: usize) {
    let again = stage.run(&["apply", "--yes"], text);
    assert_eq!(again.status, ExitStatus::Done, "stopped at {point}: {}", again.said());
    for email in ["new@acme.com", "other@acme.com"] {
        assert_eq!(stage.invitations_of(email), 1, "{email}, stopped at {point}");
    }
    assert_eq!(stage.run(&["plan", "--exit-code"], text).status, ExitStatus::Done, "stopped at {point}");
}

#[test]
fn stopped_anywhere_it_ends_in_order_and_the_next_run_goes_on() {
    let whole = Stage::of_all_kinds();
    let calm = Impatient::new(&whole, usize::MAX, usize::MAX);
    assert_eq!(whole.run_amid(&["apply", "--yes"], &configuration(&whole), &calm).status, ExitStatus::Done);
    let looks = usize::MAX - calm.looks.get();
    let mut partly = 0;
    for point in (1..=looks).step_by((looks / 30).max(1)) {
        let stage = Stage::of_all_kinds();
        let text = configuration(&stage);
        let impatient = Impatient::new(&stage, point, usize::MAX);
        let ended = stage.run_amid(&["apply", "--yes"], &text, &impatient);
        let said = ended.said();
        let (before, after) = (impatient.written.get().unwrap(), stage.writes().len());
        // One is announced, and may have been on its way.
        assert!(after <= before + 1, "{point} of {looks}: {before} and then {after}: {said}");
        is_written_down(&stage);
        if after < whole.writes().len() {
            assert_eq!(ended.status, ExitStatus::Incomplete, "{point} of {looks}: {said}");
            assert!(said.contains("stopped by Ctrl-C"), "{point} of {looks}: {said}");
        }
        if (1..whole.writes().len()).contains(&after) {
            partly += 1;
            assert!(said.contains("not tried, since the run was stopped"), "{said}");
            assert!(said.contains("run the same command again to go on"), "{said}");
        }
        goes_on(&stage, &text, point);
    }
    assert!(partly > 5, "only {partly} stops came between requests");
}

#[test]
fn no_waiting_goes_on_after_a_stop() {
    // A limit while it reads, while it writes, and a request that failed and would be sent again.
    let limit = Fault::TooMany(RetryAfter::Seconds(50));
    let unwell = Fault::Status { status: 503, done: false };
    for (method, fault) in [("GET", limit.clone()), ("POST", limit), ("POST", unwell)] {
        let script = Script {
            method: Some(method.to_owned()),
            path: "/organizations/77/add-users-to-projects/".to_owned(),
            when: Occurrence::From(1),
            fault,
        };
        let script = if method == "GET" { Script { path: "/".to_owned(), ..script } } else { script };
        let stage = Stage::of_all_kinds().with_fault(script);
        let text = configuration(&stage);
        let impatient = Impatient::new(&stage, usize::MAX, 1);
        let ended = stage.run_amid(&["apply", "--yes"], &text, &impatient);
        assert!(impatient.stop.is_asked(), "{}", ended.said());
        assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
        assert_eq!(ended.waits, [] as [Duration; 0]);
        is_written_down(&stage);
        stage.server.clear_faults();
        goes_on(&stage, &text, 0);
    }
}

#[test]
fn waiting_for_mails_ends_at_once() {
    let stage = Stage::of_all_kinds();
    let mut text = configuration(&stage);
    for number in 1..=12 {
        text = text.replacen("projects:\n", &format!("  p{number:02}@guests.test: member\nprojects:\n"), 1);
    }
    let impatient = Impatient::new(&stage, usize::MAX, 1);
    let ended = stage.run_amid(&["apply", "--yes", "--wait"], &text, &impatient);
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    assert!(ended.stdout.contains("2 deferred") && ended.stdout.contains("stopped by Ctrl-C"), "{}", ended.stdout);
    assert_eq!(ended.waits, [] as [Duration; 0]);
    is_written_down(&stage);
}

#[test]
fn a_stop_reaches_the_summary() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage);
    let page = stage.path("summary.md");
    fs::write(&page, "what another step wrote\n").unwrap();
    let impatient = Impatient::new(&stage, 40, usize::MAX);
    let name = page.to_str().unwrap();
    let ended = stage.run_amid(&["apply", "--yes", "--summary", name], &text, &impatient);
    assert_eq!(ended.status, ExitStatus::Incomplete, "{}", ended.said());
    let written = fs::read_to_string(&page).unwrap();
    assert!(written.starts_with("what another step wrote\n\n## accessctl apply\n\nIncomplete"), "{written}");
    assert!(written.contains("### acme\n") && written.contains("topped by Ctrl-C"), "{written}");
    let plan = stage.run(&["plan", "--format", "json", "--summary", name], &text);
    serde_json::from_str::<serde_json::Value>(&plan.stdout).unwrap();
    let both = fs::read_to_string(&page).unwrap();
    assert!(both.starts_with(&written) && both.contains("## accessctl plan"), "{both}");
    let nowhere = stage.path("no/such/folder/summary.md");
    let refused = stage.run(&["apply", "--yes", "--summary", nowhere.to_str().unwrap()], &text);
    assert_eq!(refused.status, ExitStatus::Failure, "{}", refused.said());
    assert!(refused.stdout.is_empty(), "{}", refused.stdout);
}

/// What a terminal shows: what stands before a carriage return is written over.
fn on_a_terminal(ended: &Ended) -> Vec<String> {
    let mut shown = Vec::new();
    for line in ended.stderr.split('\n') {
        let mut cells: Vec<char> = Vec::new();
        for part in line.split('\r') {
            let part: Vec<char> = part.chars().collect();
            assert!(part.len() < 80, "{part:?}");
            cells.resize(cells.len().max(part.len()), ' ');
            cells[..part.len()].copy_from_slice(&part);
        }
        shown.push(cells.into_iter().collect::<String>().trim_end().to_owned());
    }
    shown
}

#[test]
fn a_terminal_has_one_line_of_progress_that_leaves_nothing_behind() {
    let stage = Stage::of_all_kinds();
    let text = configuration(&stage);
    let onlooker = Impatient { columns: Some(80), ..Impatient::new(&stage, usize::MAX, usize::MAX) };
    let ended = stage.run_amid(&["apply", "--yes"], &text, &onlooker);
    assert_eq!(ended.status, ExitStatus::Done, "{}", ended.said());
    for drawn in ["\racme: reading the live side", "\racme: 1 of ", "\racme: checking what came of it"] {
        assert!(ended.stderr.contains(drawn), "{drawn}: {:?}", ended.stderr);
    }
    assert!(!ended.stdout.contains('\r') && !ended.stderr.contains('\u{1b}'));
    // Above it stands what a log has, and nothing else.
    let plain = Stage::of_all_kinds();
    let log = plain.run(&["apply", "--yes"], &configuration(&plain));
    assert_eq!(on_a_terminal(&ended).join("\n"), log.stderr);
    let quiet = stage.run_amid(&["plan", "--quiet"], &text, &onlooker);
    assert_eq!(quiet.stderr, "");
}

#[cfg(unix)]
mod processes {
    use std::io::{BufRead, BufReader, Read};
    use std::net::TcpListener;
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Child, Command, Stdio};

    use super::{Duration, Fault, Occurrence, Script, Stage, configuration, is_written_down};

    fn slow(method: &str, millis: u64) -> Script {
        Script {
            method: Some(method.to_owned()),
            path: "/".to_owned(),
            when: Occurrence::From(1),
            fault: Fault::Slow(Duration::from_millis(millis)),
        }
    }

    fn interrupt(child: &Child, signal: &str) {
        assert!(Command::new("kill").arg(signal).arg(child.id().to_string()).status().unwrap().success());
    }

    /// What ends a command that does not look after signals itself: Ctrl-C, unless whoever started the tests ignores it (as a
    /// shell does for a job in the background) and so lets every program below ignore it.
    fn ending() -> (&'static str, i32) {
        let ignored = std::fs::read_to_string("/proc/self/status").ok().and_then(|status| {
            let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
            u64::from_str_radix(mask.trim(), 16).ok()
        });
        if ignored.unwrap_or(0) & 0b10 == 0 { ("-INT", 2) } else { ("-TERM", 15) }
    }

    /// Starts an apply, and reads what it says until `seen` is satisfied.
    fn start(stage: &Stage, text: &str, seen: impl Fn(&str) -> bool) -> (Child, BufReader<std::process::ChildStderr>) {
        let mut command = stage.process(&["apply", "--yes"], text);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        read_until(&mut stderr, seen);
        (child, stderr)
    }

    fn read_until(stderr: &mut impl BufRead, seen: impl Fn(&str) -> bool) {
        let mut said = String::new();
        while !seen(&said) {
            assert_ne!(stderr.read_line(&mut said).unwrap(), 0, "it ended by itself: {said}");
        }
    }

    fn converges(stage: &Stage, text: &str) {
        stage.server.clear_faults();
        let again = crate::kills::apply(stage, text);
        assert_eq!(again.status.code(), Some(0), "{}", String::from_utf8_lossy(&again.stderr));
        for email in ["new@acme.com", "other@acme.com"] {
            assert_eq!(stage.invitations_of(email), 1, "{email}");
        }
        let plan = stage.process(&["plan", "--exit-code"], text).output().unwrap();
        assert_eq!(plan.status.code(), Some(0), "{}", String::from_utf8_lossy(&plan.stdout));
    }

    #[test]
    fn ctrl_c_once_lets_what_is_under_way_come_to_its_end() {
        for (signal, cause) in [("-INT", "Ctrl-C"), ("-TERM", "a signal from outside")] {
            let stage = Stage::of_all_kinds().with_fault(slow("POST", 300));
            let text = configuration(&stage);
            let (mut child, mut stderr) = start(&stage, &text, |said| said.contains("[3/"));
            interrupt(&child, signal);
            let (mut stdout, mut rest) = (String::new(), String::new());
            stderr.read_to_string(&mut rest).unwrap();
            child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
            assert_eq!(child.wait().unwrap().code(), Some(5), "{stdout}{rest}");
            assert!(stdout.contains("not tried, since the run was stopped"), "{stdout}{rest}");
            assert!(stdout.contains(&format!("stopped by {cause}, and not read again")), "{stdout}");
            assert!(rest.contains("stopping: what is under way ends first"), "{rest}");
            is_written_down(&stage);
            converges(&stage, &text);
        }
    }

    #[test]
    fn ctrl_c_twice_ends_it_at_once() {
        let stage = Stage::of_all_kinds().with_fault(slow("POST", 1500));
        let text = configuration(&stage);
        let (mut child, mut stderr) = start(&stage, &text, |said| said.contains("[1/"));
        interrupt(&child, "-INT");
        read_until(&mut stderr, |said| said.contains("Ctrl-C again ends at once"));
        interrupt(&child, "-INT");
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let (_, journal) = stage.journals().remove(0);
        assert!(!journal.contains("\"line\":\"end\""), "{journal}");
        converges(&stage, &text);
    }

    #[test]
    fn ctrl_c_ends_a_plan_at_once() {
        // A service that takes the request and never answers.
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let stage = Stage::of_all_kinds();
        let address = format!("http://{}", silent.local_addr().unwrap());
        let text = configuration(&stage).replace(&stage.base_url(), &address);
        let (signal, number) = ending();
        for command in [&["plan"][..], &["apply", "--yes"]] {
            let mut child = stage.process(command, &text).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            let connection = silent.accept().unwrap();
            interrupt(&child, signal);
            assert_eq!(child.wait().unwrap().signal(), Some(number));
            drop(connection);
        }
        assert_eq!(stage.journals(), []);
    }
}
