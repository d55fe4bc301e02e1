//! Faults: by chance and by script, and what they leave done.

use std::fs;
use std::io::ErrorKind;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use accessctl::serve::{Fault, FaultSpec, Occurrence, Options, RetryAfter, Script, Server};
use serde_json::{Value, json};

use crate::Stage;
use crate::client::{read, send, send_with};

fn script(path: &str, when: Occurrence, fault: Fault) -> Script {
    Script { method: None, path: path.to_owned(), when, fault }
}

const ADD: &str = "/organizations/77/add-teams/";

fn teams(server: &Server) -> Vec<String> {
    let answer = send(server.address(), "GET", "/organizations/77/teams/", "").unwrap();
    let answer: Value = serde_json::from_slice(&answer.body).unwrap();
    answer["results"].as_array().unwrap().iter().map(|team| team["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_seed_says_which_requests_fail() {
    let spec = |text: &str| text.parse::<FaultSpec>().unwrap();
    let draws = |text: &str| (1..=10_000).map(|number| spec(text).draw(number)).collect::<Vec<_>>();
    let all = "429=0.05,500=0.01,lost=0.02,slow=200ms,half-read=0.01,html=0.01,seed=7";
    assert_eq!(draws(all), draws(all));
    assert_ne!(draws(all), draws("429=0.05,500=0.01,lost=0.02,half-read=0.01,html=0.01,seed=8"));
    assert_eq!(spec(all).slow(), Duration::from_millis(200));
    let drawn = draws(all);
    for (name, share) in [("429", 500), ("status", 100), ("lost", 200), ("half-read", 100), ("html", 100)] {
        let met = drawn.iter().flatten().filter(|fault| fault.to_string() == name).count();
        assert!((share * 7 / 10..share * 13 / 10).contains(&met), "{name}: {met} of 10,000");
    }
    let refusals: Vec<_> = drawn.iter().flatten().filter(|fault| fault.to_string() == "429").collect();
    assert!(refusals.contains(&&Fault::TooMany(RetryAfter::None)));
    assert!(refusals.contains(&&Fault::TooMany(RetryAfter::Seconds(1))));
    assert!(draws("").iter().all(Option::is_none));
    assert!(draws("html=1").iter().all(Option::is_some));
}

#[test]
fn what_is_no_fault_is_refused() {
    let problem = |text: &str| text.parse::<FaultSpec>().unwrap_err().to_string();
    assert_eq!(problem("429"), "`429` is neither of the form NAME=SHARE nor of the form NAME@PLACE");
    let names = "there is no fault `428`; there are 429, 500, lost, half-read, html, 401, 403, 404, 502, 503, 504, \
                 reset, bare, garbage, redirect, partly, slow and seed";
    assert_eq!(problem("428=0.1"), names);
    assert_eq!(problem("428@1"), names);
    for place in ["", "0", "+", "x", "3-", "+3", "read", "write0", "reads2", "organizations/"] {
        let text = format!("lost@{place}");
        assert!(problem(&text).starts_with(&format!("`{text}`: expected which request meets it")), "{text}");
    }
    assert!(problem("slow@2").starts_with("there is no fault `slow`"));
    assert_eq!(problem("429=0.1,429=0.2"), "`429` is said twice");
    for value in ["1.1", "-0.1", "NaN", "inf", "", "5%"] {
        let text = format!("lost={value}");
        assert_eq!(problem(&text), format!("`{text}`: expected a share from 0 to 1, such as 0.05"));
    }
    assert_eq!(problem("429=0.6,500=0.6"), "the shares of all faults together are more than 1");
    for value in ["200", "-1s", "1h", "601s", "NaNs", "1e300s"] {
        let text = format!("slow={value}");
        assert_eq!(problem(&text), format!("`{text}`: expected a time up to ten minutes, such as 200ms or 1.5s"));
    }
    assert_eq!(problem("seed=x"), "`seed=x`: expected a whole number");
}

#[test]
fn scripted_faults_do_and_answer_what_they_say() {
    let stage = Stage::new();
    let server = stage.start();
    let to = server.address();
    let add = |name: &str| send(to, "POST", ADD, &json!({ "teamNames": [name] }).to_string());
    let next = |fault: Fault| {
        server.clear_faults();
        server.add_fault(script(ADD, Occurrence::Nth(1), fault));
    };

    next(Fault::TooMany(RetryAfter::None));
    let answer = add("A").unwrap();
    assert_eq!((answer.status, answer.header("retry-after")), (429, None));
    assert_eq!(answer.text(), r#"{"error":"too many requests","status":"error"}"#);
    next(Fault::TooMany(RetryAfter::Seconds(3)));
    assert_eq!(add("A").unwrap().header("retry-after"), Some("3"));
    next(Fault::TooMany(RetryAfter::Date(90)));
    assert_eq!(add("A").unwrap().header("retry-after"), Some("Sat, 21 Nov 2026 09:01:30 GMT"));
    next(Fault::Status { status: 503, done: false });
    assert_eq!(add("A").unwrap().status, 503);
    next(Fault::Html);
    let answer = add("A").unwrap();
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/html; charset=utf-8")));
    next(Fault::Redirect { status: 302, to: "https://evil.test/".to_owned() });
    let answer = add("A").unwrap();
    assert_eq!((answer.status, answer.header("location")), (302, Some("https://evil.test/")));
    next(Fault::Raw {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: br#"{"status":"ok"}"#.to_vec(),
    });
    let answer = add("A").unwrap();
    assert_eq!(
        (answer.text().as_str(), answer.header("content-type")),
        (r#"{"status":"ok"}"#, Some("application/json"))
    );
    next(Fault::Reset { done: false });
    assert_eq!(add("A").unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(teams(&server), ["Analysts", "Ops"], "nothing of that was done");

    next(Fault::Lost);
    let error = add("B").unwrap_err();
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::UnexpectedEof, "no answer"));
    next(Fault::Reset { done: true });
    assert_eq!(add("C").unwrap_err().kind(), ErrorKind::ConnectionReset);
    next(Fault::Status { status: 500, done: true });
    assert_eq!(add("D").unwrap().status, 500);
    next(Fault::HalfRead);
    // {"status":"ok","results":[{"created":true,"name":"E"}]}
    assert_eq!(add("E").unwrap_err().to_string(), "27 of 55 bytes");
    next(Fault::Slow(Duration::from_millis(60)));
    let began = Instant::now();
    assert_eq!(add("F").unwrap().status, 200);
    assert!(began.elapsed() >= Duration::from_millis(60));
    assert_eq!(teams(&server), ["Analysts", "B", "C", "D", "E", "F", "Ops"], "all of that was done");
}

#[test]
fn scripts_count_the_requests_that_they_are_about() {
    let stage = Stage::new();
    let expired = script("/organizations/", Occurrence::From(3), Fault::Status { status: 401, done: false });
    let second = Script {
        method: Some("GET".to_owned()),
        ..script("/organizations/77/teams/", Occurrence::Nth(2), Fault::Html)
    };
    let server = Server::start(Options { scripts: vec![second, expired], ..stage.options() }).unwrap();
    let get = |path: &str| {
        let answer = send(server.address(), "GET", path, "").unwrap();
        (answer.status, answer.header("content-type").unwrap().starts_with("text/html"))
    };
    assert_eq!(get("/organizations/77/teams/"), (200, false));
    assert_eq!(get("/api/app/me"), (200, false));
    assert_eq!(get("/organizations/77/teams/"), (200, true));
    assert_eq!(get("/organizations/77/teams/"), (401, false));
    assert_eq!(get("/organizations/77/users/"), (401, false));
    assert_eq!(get("/api/app/me"), (200, false));
    assert_eq!(server.requests(), 6);
}

#[test]
fn faults_stand_in_places() {
    let stage = Stage::new();
    let faults = "503@2,401@write2+,html@read3,404@/organizations/77/users/,lost@write1";
    let server = Server::start(Options { faults: faults.parse().unwrap(), ..stage.options() }).unwrap();
    let ask = |method: &str, path: &str| match send(server.address(), method, path, r#"{"teamNames":["A"]}"#) {
        Ok(answer) => answer.status.to_string() + answer.header("content-type").unwrap().get(..5).unwrap(),
        Err(error) => error.to_string(),
    };
    let me = "/api/app/me";
    let asked = [("GET", me), ("GET", me), ("GET", me), ("POST", ADD), ("POST", ADD), ("GET", me), ("POST", ADD)];
    let met = asked.map(|(method, path)| ask(method, path));
    assert_eq!(met, ["200appli", "503appli", "200text/", "no answer", "401appli", "200appli", "401appli"]);
    for _ in 0..2 {
        assert_eq!(ask("GET", "/organizations/77/users/"), "404appli");
    }
    // What is wrong is wrong in the form of the interface.
    let faults = "403@1".parse().unwrap();
    let stage = Stage::new();
    let server = Server::start(Options { faults, ..stage.options() }).unwrap();
    let answer = send(server.address(), "GET", "/api/app/scim/v2/Users", "").unwrap();
    let expected = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "403",
        "detail": "the server was told to answer 403" });
    assert_eq!(serde_json::from_slice::<Value>(&answer.body).unwrap(), expected);
    assert_eq!(answer.header("date"), Some("Sat, 21 Nov 2026 09:00:00 GMT"));
}

#[test]
fn a_batch_is_done_in_part() {
    let stage = Stage::new();
    let server = stage.start();
    let add = |first: usize, says_ok: bool, names: &[&str]| {
        server.clear_faults();
        server.add_fault(script(ADD, Occurrence::Nth(1), Fault::Partly { first, says_ok }));
        let answer = send(server.address(), "POST", ADD, &json!({ "teamNames": names }).to_string()).unwrap();
        (answer.status, answer.text().matches(r#""created":true"#).count())
    };
    assert_eq!(add(1, false, &["A", "B", "C"]), (500, 0));
    assert_eq!(add(2, true, &["D", "E", "F"]), (200, 3));
    assert_eq!(add(0, true, &["G"]), (200, 1));
    assert_eq!(add(9, true, &["H"]), (200, 1));
    assert_eq!(teams(&server), ["A", "Analysts", "D", "E", "H", "Ops"]);
    // What comes after is done whole again.
    send(server.address(), "POST", ADD, &json!({ "teamNames": ["I", "J"] }).to_string()).unwrap();
    assert_eq!(teams(&server).len(), 8);
    // Mails that were not sent are not counted.
    server.clear_faults();
    server.add_fault(script("/", Occurrence::Nth(1), Fault::Partly { first: 1, says_ok: false }));
    let invite = |range: std::ops::Range<usize>| {
        let users: Vec<_> = range.map(|n| json!({ "email": format!("m{n}@acme.test"), "role": "member" })).collect();
        send(server.address(), "POST", "/organizations/77/add-users/", &json!({ "users": users }).to_string())
    };
    assert_eq!(invite(0..5).unwrap().status, 500);
    assert_eq!(invite(5..14).unwrap().status, 200);
    assert_eq!(invite(14..15).unwrap().status, 429);
}

#[test]
fn the_same_seed_meets_the_same_requests_over_http() {
    let met = || {
        let stage = Stage::new();
        let faults = "429=0.2,500=0.2,lost=0.2,half-read=0.2,seed=3".parse().unwrap();
        let server = Server::start(Options { faults, ..stage.options() }).unwrap();
        let get = |_| match send(server.address(), "GET", "/api/app/projects/902/custom-roles", "") {
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.to_string(),
        };
        (0..40).map(get).collect::<Vec<_>>()
    };
    let first = met();
    assert_eq!(first, met());
    for what in ["200", "429", "500", "no answer", "14 of 28 bytes"] {
        assert!(first.iter().any(|found| found == what), "{what} is not among {first:?}");
    }
}

#[test]
fn a_record_has_every_request_and_no_credential() {
    let stage = Stage::new();
    let path = stage.folder.path().join("record.jsonl");
    let scripts = vec![script(ADD, Occurrence::Nth(2), Fault::Lost)];
    let options = Options { record: Some(path.clone()), scripts, ..stage.options() };
    let server = Server::start(options.clone()).unwrap();
    let to = server.address();
    send(to, "GET", "/organizations/77/teams/?page=1", "").unwrap();
    send(to, "POST", ADD, r#"{"teamNames":["A"]}"#).unwrap();
    send(to, "POST", ADD, r#"{"teamNames":["B"]}"#).unwrap_err();
    send(to, "POST", ADD, "no JSON").unwrap();
    send(to, "POST", "/api/app/scim/v2/Users", r#"{"userName":"n@acme.test","password":"hunter2"}"#).unwrap();
    server.stop();
    let lines = fs::read_to_string(&path).unwrap();
    assert!(!lines.contains("rehearsal-s") && !lines.contains("cmVo") && !lines.contains("hunter2"), "{lines}");
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let line = |method: &str, path: &str, query: &str, body: Value, status: Value| {
        json!({ "time": "2026-11-21T09:00:00Z", "method": method, "path": path, "query": query, "body": body,
            "status": status })
    };
    let mut lost = line("POST", ADD, "", json!({ "teamNames": ["B"] }), Value::Null);
    lost["fault"] = json!("lost");
    let user = json!({ "userName": "n@acme.test", "password": "[redacted]" });
    assert_eq!(
        lines,
        [
            line("GET", "/organizations/77/teams/", "page=1", Value::Null, json!(200)),
            line("POST", ADD, "", json!({ "teamNames": ["A"] }), json!(200)),
            lost,
            line("POST", ADD, "", json!("no JSON"), json!(400)),
            line("POST", "/api/app/scim/v2/Users", "", user, json!(201)),
        ]
    );
    // A second run adds to it.
    let server = Server::start(options).unwrap();
    send(server.address(), "GET", "/api/app/me", "").unwrap();
    server.stop();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 6);
}

#[test]
fn what_is_too_large_is_refused() {
    let stage = Stage::new();
    let server = stage.start();
    let to = server.address();
    let large = format!(r#"{{"teamNames":["{}"]}}"#, "x".repeat(8 << 20));
    let answer = send(to, "POST", ADD, &large).unwrap();
    assert_eq!(
        (answer.status, answer.text().as_str()),
        (413, r#"{"error":"the body is larger than 1 MiB","status":"error"}"#)
    );
    let headers = [("host", to.to_string()), ("x-long", "x".repeat(1_000_000))];
    let answer = send_with(to, "GET", "/api/app/me", &headers, b"");
    assert!(answer.as_ref().is_ok_and(|answer| answer.status == 431) || answer.is_err(), "{answer:?}");
    // Without a credential nothing of the body matters.
    let answer = send_with(to, "POST", ADD, &[("host", to.to_string())], large.as_bytes()).unwrap();
    assert_eq!(answer.status, 401);
    assert_eq!(teams(&server), ["Analysts", "Ops"]);
}

#[test]
fn connections_are_kept_and_ended_when_the_server_stops() {
    let stage = Stage::new();
    let server = stage.start();
    let mut stream = TcpStream::connect(server.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = format!(
        "GET /api/app/projects/902/custom-roles HTTP/1.1\r\nhost: {}\r\nauthorization: {}\r\n\r\n",
        server.address(),
        crate::client::BASIC
    );
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        assert_eq!(read(&mut stream).unwrap().status, 200);
    }
    let address = server.address();
    server.stop();
    assert_eq!(stream.read(&mut [0; 1]).unwrap(), 0, "an idle connection is closed");
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
}
