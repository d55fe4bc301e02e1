//! `--notify-command`: whom it tells, when, and what its failure means; and the commands among the examples.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use accessctl::cli::ExitStatus;
use serde_json::Value;

use crate::{LIVE, World, night};

/// Runs the real program on the saved live side, with a state and `command`.
fn notified(world: &World, command: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_accessctl"))
        .args(["drift", "--live", "live.json", "--state", "state.json", "--notify-command", command, "config"])
        .args(more)
        .current_dir(world.path(""))
        .env("ACCESSCTL_JOURNAL", world.path("journal"))
        .env("COLUMNS", "100")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_command_gets_the_document_and_only_where_there_is_news() {
    let world = World::new();
    let command = "cat >> got.json; echo told";
    assert_eq!(notified(&world, command, &[]).status.code(), Some(0));
    assert!(!world.path("got.json").exists(), "told of nothing");
    world.promote();
    let first = notified(&world, command, &["--format", "json"]);
    assert_eq!(first.status.code(), Some(3), "{}", said(&first));
    // It is the document of the result, and what the command writes is no part of that.
    let got = fs::read_to_string(world.path("got.json")).unwrap();
    assert_eq!(String::from_utf8(first.stdout).unwrap(), got);
    assert_eq!(String::from_utf8_lossy(&first.stderr), "told\n");
    let document: Value = serde_json::from_str(&got).unwrap();
    assert_eq!(document["summary"]["new"], 1);
    let again = notified(&world, command, &[]);
    assert_eq!((again.status.code(), said(&again).as_str()), (Some(3), ""));
    world.live(LIVE);
    assert_eq!(said(&notified(&world, command, &[])), "told\n", "what is gone is news");
}

#[test]
fn a_command_that_fails_is_told_and_nothing_is_remembered() {
    let world = World::new();
    world.promote();
    let failed = notified(&world, "exit 7", &["--quiet-if-clean"]);
    assert_eq!(failed.status.code(), Some(1));
    let message = "error: the command of `--notify-command` failed: exit status: 7\n";
    assert!(said(&failed).starts_with(message), "{}", said(&failed));
    assert!(!world.path("state.json").exists());
    assert!(String::from_utf8_lossy(&failed.stdout).contains("cy@agency.com"), "the result is there all the same");
    // What the command is stays untold: it may hold an address that is a secret.
    let failed = notified(&world, "no-such-program https://hooks.example/secret 2>/dev/null", &[]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(!said(&failed).contains("hooks.example"), "{}", said(&failed));
    // One that does not read what it gets is fine.
    assert_eq!(notified(&world, "exec 0<&-; true", &[]).status.code(), Some(3));
    assert!(world.path("state.json").exists());
}

#[test]
fn a_large_document_is_no_trouble_for_a_command_that_does_not_read_it() {
    let world = World::new();
    let users: Vec<String> = (0..3000)
        .map(|number| format!(r#"{{"email":"u{number}@other.org","role":"member","status":"active"}},"#))
        .collect();
    world.live(&LIVE.replace(r#""users":["#, &format!(r#""users":[{}"#, users.concat())));
    for (command, status) in [("true", 3), ("head -c 10 >/dev/null", 3), ("exit 1", 1)] {
        let ended = notified(&world, command, &[]);
        assert_eq!(ended.status.code(), Some(status), "{command}: {}", said(&ended));
        let _ = fs::remove_file(world.path("state.json"));
    }
}

#[test]
fn a_command_that_hangs_is_stopped() {
    let world = World::new();
    world.promote();
    // Waiting takes no time in this process, so the limit comes at once.
    let pid = world.path("pid");
    let command = format!("echo $$ > {}; sleep 600; true", pid.display());
    let ended = world.remembering(night(0), &["--notify-command", &command]);
    assert_eq!(ended.status, ExitStatus::Failure, "{}", ended.said());
    assert!(ended.stderr.contains("took longer than 60 s and was stopped"), "{}", ended.stderr);
    assert_eq!(ended.waits.len(), 1);
    assert!(!world.path("state.json").exists());
}

#[test]
fn no_command_is_wrong_usage() {
    let world = World::new();
    world.promote();
    for nothing in ["", " \n"] {
        let ended = world.remembering(night(0), &["--notify-command", nothing]);
        assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Invalid, ""));
        assert!(ended.stderr.contains("the command of `--notify-command` is empty"), "{}", ended.stderr);
        assert!(!world.path("state.json").exists());
    }
}

#[cfg(unix)]
#[test]
fn whoever_stops_the_run_stops_the_command_with_all_that_it_started() {
    let world = World::new();
    world.promote();
    for signal in ["-TERM", "-INT"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_accessctl"))
            .args(["drift", "--live", "live.json", "--state", "state.json", "--quiet-if-clean"])
            .args(["--notify-command", "echo begun >&2; sleep 120; true", "config"])
            .current_dir(world.path(""))
            .env("ACCESSCTL_JOURNAL", world.path("journal"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while line != "begun\n" {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "the command did not begin");
        }
        let asked = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        assert!(asked.success());
        assert_eq!(child.wait().unwrap().code(), Some(1), "{signal}");
        // Nobody has the stream any more once everything has ended.
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("error: the command of `--notify-command` was stopped by "), "{rest}");
        assert!(!world.path("state.json").exists());
    }
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci/notify").join(name)
}

/// Whether the examples can be tried here: they need Python, and the program does not.
fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    found.is_ok_and(|status| status.success())
}

/// A name of a team that wants to mention, link and format.
const HOSTILE: &str = "<!channel> <@U1> & *x* _y_ `z` @org/all ```";

fn hostile() -> String {
    let team = format!(r#""teams":[{{"name":{},"members":[],"projects":[]}},"#, Value::from(HOSTILE));
    LIVE.replace("\"teams\":[", &team)
}

/// Takes one request and answers it with `status`; what its body was.
fn catch(listener: &TcpListener, status: &str) -> String {
    let (stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    write!(reader.get_mut(), "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    String::from_utf8(body).unwrap()
}

#[test]
fn a_webhook_gets_a_message_in_which_names_do_nothing() {
    if !has_python() {
        return;
    }
    let world = World::new();
    world.live(&hostile());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let command = format!(
        "SLACK_WEBHOOK_URL=http://{} python3 {}",
        listener.local_addr().unwrap(),
        example("slack.py").display()
    );
    let body = std::thread::scope(|scope| {
        let caught = scope.spawn(|| catch(&listener, "200 OK"));
        let ended = notified(&world, &command, &[]);
        assert_eq!(ended.status.code(), Some(3), "{}", said(&ended));
        caught.join().unwrap()
    });
    let message: Value = serde_json::from_str(&body).unwrap();
    let text = message["text"].as_str().unwrap();
    assert!(text.starts_with("*acme*: 1 not as agreed\n"), "{text}");
    // What strangers chose stands in code, without anything that ends it or means something in it.
    assert!(!text.contains(['<', '>']), "{text}");
    let name = text.lines().nth(1).unwrap();
    assert!(name.contains("&lt;!channel&gt; &lt;@U1&gt; &amp; *x* _y_ 'z' @org/all '''"), "{text}");
    assert_eq!(name.matches('`').count() % 2, 0, "{text}");
    // A webhook that refuses is a failure, and its address is not told.
    world.live(LIVE);
    let failed = std::thread::scope(|scope| {
        let caught = scope.spawn(|| catch(&listener, "403 Forbidden"));
        let ended = notified(&world, &command, &[]);
        caught.join().unwrap();
        ended
    });
    assert_eq!(failed.status.code(), Some(1));
    assert!(said(&failed).contains("the webhook did not take the message: 403"), "{}", said(&failed));
    assert!(!said(&failed).contains("127.0.0.1"), "{}", said(&failed));
}

/// A `gh` that knows one issue and writes down how it was called.
const GH: &str = r#"#!/bin/sh
echo "$*" >> calls
case "$1 $2" in
  "issue list") cat issues 2>/dev/null || echo "[]" ;;
  "issue create") cat > body; echo '[{"number":12,"body":"<!-- accessctl:drift all -->"}]' > issues ;;
  "issue edit"|"issue comment") cat > "body-$2" ;;
  "issue close") echo "[]" > issues ;;
esac
"#;

#[test]
fn one_issue_is_opened_kept_and_closed() {
    if !has_python() {
        return;
    }
    let world = World::new();
    let folder = world.path("bin");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("gh"), GH).unwrap();
    let command =
        format!("chmod +x bin/gh; PATH={}:$PATH python3 {}", folder.display(), example("github_issue.py").display());
    let tell = |live: &str, status: i32| {
        world.live(live);
        let _ = fs::remove_file(world.path("calls"));
        let ended = notified(&world, &command, &[]);
        assert_eq!(ended.status.code(), Some(status), "{}", said(&ended));
        fs::read_to_string(world.path("calls")).unwrap_or_default()
    };
    assert_eq!(tell(LIVE, 0), "");
    let opened = tell(&hostile(), 3);
    assert!(
        opened.contains("issue create --title Access is not as agreed --label access-drift --body-file -"),
        "{opened}"
    );
    let body = fs::read_to_string(world.path("body")).unwrap();
    // As its readers see it: all that strangers chose is in one block of code.
    let events: Vec<pulldown_cmark::Event<'_>> = pulldown_cmark::Parser::new(&body).collect();
    let mut is_code = false;
    for event in &events {
        match event {
            pulldown_cmark::Event::Start(pulldown_cmark::Tag::CodeBlock(_)) => is_code = true,
            pulldown_cmark::Event::End(pulldown_cmark::TagEnd::CodeBlock) => is_code = false,
            pulldown_cmark::Event::Text(text) => {
                assert_eq!(
                    is_code,
                    !text.starts_with("Take it back") && !text.starts_with(", ") && text.as_ref() != ".",
                    "{text}"
                );
                assert!(is_code || !text.contains('@'), "{text}");
            }
            pulldown_cmark::Event::Html(html) | pulldown_cmark::Event::InlineHtml(html) => {
                assert_eq!(html.trim(), "<!-- accessctl:drift all -->", "only the line that the issue is found by");
            }
            _ => {}
        }
    }
    assert!(body.contains(HOSTILE.split(" `z`").next().unwrap()), "{body}");
    let admin = hostile().replace(r#""project":1,"role":"analyst""#, r#""project":1,"role":"admin""#);
    let edited = tell(&admin, 3);
    let title = "Access is not as agreed: 1 person is admin or owner by that";
    let asked = format!("issue edit 12 --title {title} --body-file -\nissue comment 12 --body-file -\n");
    assert!(edited.contains(&asked), "{edited}");
    assert!(fs::read_to_string(world.path("body-edit")).unwrap().contains("acme: 2 not as agreed"));
    let comment = fs::read_to_string(world.path("body-comment")).unwrap();
    assert!(comment.contains("cy@agency.com (external) is admin on web") && !comment.contains("channel"), "{comment}");
    assert_eq!(tell(&admin, 3), "", "there is no news");
    let closed = tell(LIVE, 0);
    assert!(closed.contains("issue close 12 --comment Everything is as agreed again."), "{closed}");
}
