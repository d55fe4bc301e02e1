//! What the transport does with requests that change something.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use accessctl::backend::mixpanel::{
    Accepted, Cause, Credentials, MixpanelReader, MixpanelWriter, Needs, Pause, Problem, Settings, Time, Transport,
};
use accessctl::backend::{LiveWriter, Step};
use accessctl::catalogue::{Catalogue, Channel, Field, Fields, Form, Operation, Override, Region};
use accessctl::change::Change;
use accessctl::model::{BuiltInRole, Email, Interner, OrgId, OrgRole, ProjectId, ProjectRole, TeamName};
use jiff::Timestamp;

use crate::server::{Server, answer_with, error, ok};
use crate::world::healthy;

/// How the server at `address` is reached, in a time in which waiting takes none.
fn settings(address: SocketAddr, catalogue: Catalogue, writes: usize) -> Settings {
    Settings {
        organization: OrgId::new(77).unwrap(),
        region: Region::Eu,
        base_url: Some(format!("http://{address}")),
        catalogue,
        reads: 2,
        writes,
        requests_per_minute: None,
    }
}

fn credentials() -> Credentials {
    let environment = |name: &str| Some(format!("value-of-{name}")).filter(|_| !name.ends_with("_FILE"));
    Credentials::from_environment("acme", &environment).unwrap()
}

/// Sends one request with a clock in which waiting takes no time.
fn send(server: &Server, operation: Operation, items: &[Fields]) -> Result<Accepted, Box<Problem>> {
    send_with(server, Catalogue::default(), operation, items)
}

fn send_with(
    server: &Server,
    catalogue: Catalogue,
    operation: Operation,
    items: &[Fields],
) -> Result<Accepted, Box<Problem>> {
    with_transport(server.address, catalogue, |transport| {
        let call = transport.call(operation, items, None)?;
        transport.block_on(transport.send(&call)).unwrap()
    })
}

fn with_transport<T>(address: SocketAddr, catalogue: Catalogue, work: impl FnOnce(&Transport<'_>) -> T) -> T {
    let now = Rc::new(Cell::new(Timestamp::UNIX_EPOCH));
    let waits = RefCell::new(0);
    let clock = || now.get();
    let pause = |wait: Duration| -> Pin<Box<dyn Future<Output = ()>>> {
        *waits.borrow_mut() += 1;
        now.set(now.get() + wait);
        Box::pin(std::future::ready(()))
    };
    let time = Time { clock: &clock, pause: &pause };
    work(&Transport::new(settings(address, catalogue, 1), credentials(), time, 7))
}

fn grant(project: u64, user: &str) -> Fields {
    Fields::default().with(Field::Project, project).with(Field::User, user).with(Field::Role, "analyst")
}

fn team(name: &str) -> Fields {
    Fields::default().with(Field::Team, name)
}

#[test]
fn a_server_that_has_answered_is_waited_for() {
    let server = Server::start(|_, _| ok("[]"));
    with_transport(server.address, Catalogue::default(), |transport| {
        let call = transport.call(Operation::ListUsers, &[], None).unwrap();
        let send = || transport.block_on(transport.send(&call)).unwrap();
        send().unwrap();
        drop(server);
        let problem = send().unwrap_err();
        let is_refused = matches!(problem.cause, Cause::Unreachable { is_refused: true, .. });
        assert!(is_refused && problem.tries == 5, "{problem:?}");
    });
}

#[test]
fn many_items_go_in_one_request() {
    let server = Server::start(|_, _| ok("{}"));
    send(&server, Operation::SetGrant, &[grant(901, "a@acme.test"), grant(902, "a@acme.test")]).unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].line, "POST /organizations/77/add-users-to-projects/");
    assert_eq!(seen[0].headers["content-type"], "application/json");
    let expected = serde_json::json!({"projects":[
        {"id":901,"users":[{"email":"a@acme.test","role":"analyst"}]},
        {"id":902,"users":[{"email":"a@acme.test","role":"analyst"}]}]});
    assert_eq!(serde_json::from_str::<serde_json::Value>(&seen[0].body).unwrap(), expected);
}

#[test]
fn each_item_has_its_own_flag() {
    let server = Server::start(|_, _| ok(r#"[{"name":"A","created":true},{"name":"B","created":false}]"#));
    let accepted = send(&server, Operation::CreateTeam, &[team("A"), team("B")]).unwrap();
    assert_eq!(accepted.each, [true, false]);
    // The order of the answer is its own, and an entry about something else makes none of them believed.
    let server = Server::start(|_, _| ok(r#"[{"name":"B","created":false},{"name":"A","created":true}]"#));
    assert_eq!(send(&server, Operation::CreateTeam, &[team("A"), team("B")]).unwrap().each, [true, false]);
    let server = Server::start(|_, _| ok(r#"[{"created":false},{"created":true}]"#));
    assert_eq!(send(&server, Operation::CreateTeam, &[team("A"), team("B")]).unwrap().each, [false, true]);
    for strange in [
        r#"[{"name":"A","created":true},{"name":"C","created":true}]"#,
        r#"[{"name":"A","created":true},{"name":"A","created":true}]"#,
        r#"[{"name":"A","created":true},{"created":true}]"#,
    ] {
        let server = Server::start(move |_, _| ok(strange));
        let problem = send(&server, Operation::CreateTeam, &[team("A"), team("B")]).unwrap_err();
        assert!(matches!(problem.cause, Cause::Unconfirmed(_)) && problem.may_have_happened(), "{strange}");
    }
    let server = Server::start(|_, _| {
        ok(r#"[{"email":"B@x.io","name":"a","created":false},{"email":"a@x.io","created":true}]"#)
    });
    let invited = |user: &str| Fields::default().with(Field::User, user).with(Field::Role, "member");
    let accepted = send(&server, Operation::InviteUser, &[invited("a@x.io"), invited("b@x.io")]).unwrap();
    assert_eq!(accepted.each, [true, false]);
    let server = Server::start(|_, _| ok(r#"[{"name":"A","created":true}]"#));
    let problem = send(&server, Operation::CreateTeam, &[team("A"), team("B")]).unwrap_err();
    assert!(matches!(problem.cause, Cause::Unconfirmed(_)) && problem.may_have_happened());
}

#[test]
fn only_what_is_safe_is_sent_again() {
    // How often each operation is sent, by what answers it.
    let sent = |operation, items: &[Fields], answer: fn() -> Vec<u8>| {
        let server = Server::start(move |_, _| answer());
        let problem = send(&server, operation, items).unwrap_err();
        assert!(problem.tries as usize == server.seen().len());
        (problem.tries, problem.may_have_happened())
    };
    let (grants, teams) = ([grant(901, "a@acme.test")], [team("A")]);
    for (answer, repeated, may_have_happened) in [
        ((|| error("503 Service Unavailable", "")) as fn() -> Vec<u8>, 5, true),
        (Vec::new, 5, true),
        (|| answer_with("429 Too Many Requests", "Retry-After: 1\r\n", ""), 5, false),
        (|| error("500 Internal Server Error", "done or not"), 2, true),
        (|| error("403 Forbidden", ""), 1, false),
        (|| error("404 Not Found", ""), 1, false),
        (|| answer_with("200 OK", "", "<html>"), 1, true),
    ] {
        assert_eq!(sent(Operation::SetGrant, &grants, answer), (repeated, may_have_happened));
        assert_eq!(sent(Operation::CreateTeam, &teams, answer), (1, may_have_happened));
    }
    // What makes something may have made it before it points elsewhere.
    let redirected = || answer_with("302 Found", "Location: /x\r\n", "");
    assert_eq!(sent(Operation::SetGrant, &grants, redirected), (1, false));
    assert_eq!(sent(Operation::CreateTeam, &teams, redirected), (1, true));
}

#[test]
fn an_operation_can_have_another_form() {
    let form = Override { path: None, body: Some(Form::parse(r#"{"names":["{team}"]}"#).unwrap()) };
    let catalogue = Catalogue::new([].into(), BTreeMap::from([(Operation::CreateTeam, form)]));
    let server = Server::start(|_, _| error("400 Bad Request", "what is this?"));
    let problem = send_with(&server, catalogue, Operation::CreateTeam, &[team("A")]).unwrap_err();
    assert_eq!(server.seen()[0].body, r#"{"names":["A"]}"#);
    assert!(problem.next_steps.iter().any(|step| step.contains("`backend.catalogue.create_team`")), "{problem:?}");
}

#[test]
fn a_value_that_is_not_known_is_never_left_out() {
    let server = Server::start(|_, _| ok("{}"));
    let problem = send(&server, Operation::DeleteTeam, &[team("A")]).unwrap_err();
    assert_eq!((problem.cause, problem.tries), (Cause::Form, 0));
    assert!(server.seen().is_empty());
}

/// A grant on each of so many projects.
fn grants_on(projects: usize) -> Vec<Change> {
    let grant = |id: usize| Change::SetGrant {
        user: Email::new("bo@acme.com").unwrap(),
        project: ProjectId::new(id as u64).unwrap(),
        from: None,
        to: ProjectRole::BuiltIn(BuiltInRole::Analyst),
    };
    (1..=projects).map(grant).collect()
}

/// Reads the organization of `server` and performs `changes` in batches of `size`.
fn perform(server: &Server, at_once: usize, changes: &[Change], size: usize, watch: &mut dyn FnMut(Step)) {
    let watch: &mut dyn FnMut(Step) -> ControlFlow<()> = &mut |step| {
        watch(step);
        ControlFlow::Continue(())
    };
    let (clock, pause): (_, Pause<'_>) = (|| Timestamp::UNIX_EPOCH, &|_| Box::pin(std::future::ready(())));
    let unverified = BTreeSet::from([Operation::ListInvitations, Operation::InviteUser]);
    let catalogue = Catalogue::new(unverified, BTreeMap::new());
    let time = Time { clock: &clock, pause };
    let transport = Transport::new(settings(server.address, catalogue, at_once), credentials(), time, 7);
    let reader = MixpanelReader { transport: &transport, needs: Needs::default() };
    let reading = reader.read(clock(), &mut Interner::default()).unwrap();
    let batches: Vec<(Channel, Vec<&Change>)> =
        changes.chunks(size).map(|batch| (Channel::Api, batch.iter().collect())).collect();
    MixpanelWriter::new(&transport, &reading).perform_all(&batches, &clock, watch);
}

/// The same, where `answer` answers writes by their bodies: which changes failed and which were not tried, by number
/// from 1 on, and how many writes were sent.
fn performed(
    changes: &[Change],
    size: usize,
    answer: impl Fn(&str, usize) -> Vec<u8> + Send + Sync + 'static,
) -> (Vec<usize>, Vec<usize>, usize) {
    let answers = healthy();
    let server = Server::start(move |seen, before| match answers.get(seen.path()) {
        Some(answer) => answer.clone(),
        None => answer(&seen.body, before),
    });
    let (mut failed, mut not_tried) = (Vec::new(), Vec::new());
    perform(&server, 1, changes, size, &mut |step| match step {
        Step::Begun(_) => {}
        Step::NotTried(place) => not_tried.push(place),
        Step::Ended(place, Ok(results)) => {
            let numbered = results.iter().enumerate();
            failed.extend(numbered.filter(|(_, result)| result.is_err()).map(|(index, _)| place * size + index + 1));
        }
        Step::Ended(place, Err(_)) => failed.extend((place * size + 1)..=changes.len().min((place + 1) * size)),
    });
    let writes = server.seen().into_iter().filter(|seen| seen.line.starts_with("POST")).count();
    (failed, not_tried, writes)
}

#[test]
fn one_item_that_is_refused_does_not_hold_up_the_others() {
    // One project of fifty; then two; the others are done.
    for (status, refused, most) in [("403 Forbidden", vec![23], 13), ("404 Not Found", vec![1, 50], 25)] {
        let needles: Vec<String> = refused.iter().map(|id| format!(r#"{{"id":{id},"#)).collect();
        let (failed, not_tried, writes) = performed(&grants_on(50), 50, move |body, _| {
            if needles.iter().any(|needle| body.contains(needle)) { error(status, "no") } else { ok("{}") }
        });
        assert_eq!((failed, not_tried.len()), (refused, 0));
        assert!(writes <= most, "{writes}");
    }
}

#[test]
fn what_is_refused_altogether_is_hardly_taken_apart_again() {
    let (failed, not_tried, writes) = performed(&grants_on(500), 100, |_, _| error("403 Forbidden", "no"));
    assert_eq!((failed.len(), not_tried.len()), (500, 0));
    assert_eq!(writes, 5 + 32 + 4 + 4 + 2 + 2);
    // Two that are refused together say little of others.
    let (failed, _, writes) = performed(&grants_on(100), 25, |body, _| {
        let is_refused = (1..=25).chain([40]).any(|id| body.contains(&format!(r#"{{"id":{id},"#)));
        if is_refused { error("403 Forbidden", "no") } else { ok("{}") }
    });
    assert_eq!(failed, (1..=25).chain([40]).collect::<Vec<_>>());
    assert!(writes < 4 + 32 + 12, "{writes}");
    // What is not known to be undone is sent once more, whole.
    let (failed, _, writes) = performed(&grants_on(50), 50, |_, _| error("500 Internal Server Error", "no"));
    assert_eq!((failed.len(), writes), (50, 2));
}

fn invitations(users: &[&str]) -> Vec<Change> {
    let invite = |user: &&str| Change::InviteUser { user: Email::new(user).unwrap(), role: OrgRole::Admin };
    users.iter().map(invite).collect()
}

#[test]
fn one_bad_address_does_not_hold_up_the_others() {
    let four = invitations(&["a@acme.com", "bad@acme.com", "c@agency.com", "d@acme.com"]);
    let created = |body: &str| {
        let number = body.matches("email").count();
        ok(&format!("[{}]", vec![r#"{"created":true}"#; number].join(",")))
    };
    let (failed, _, writes) =
        performed(
            &four,
            4,
            move |body, _| {
                if body.contains("bad@") { error("400 Bad Request", "no") } else { created(body) }
            },
        );
    assert_eq!((failed, writes), (vec![2], 5));
    // Nothing is sent again where the refusal is about all of them, or what became of them is not known.
    for (status, expected) in
        [("429 Too Many Requests", 1), ("401 Unauthorized", 1), ("500 Internal Server Error", 1), ("403 Forbidden", 5)]
    {
        let (failed, _, writes) = performed(&four, 4, move |_, _| error(status, "no"));
        assert_eq!((failed, writes), (vec![1, 2, 3, 4], expected), "{status}");
    }
    // The third time is the second single one: what came back then may be a mail.
    let (failed, _, writes) = performed(&four, 4, |_, before| match before {
        0 => error("400 Bad Request", "no"),
        1 => ok(r#"[{"created":true}]"#),
        _ => error("503 Service Unavailable", ""),
    });
    assert_eq!((failed, writes), (vec![2, 3, 4], 3));
}

#[test]
fn a_refused_batch_of_mails_of_which_a_part_was_done_is_not_sent_again() {
    // Cy is in the list of invitations after the refusal, so the others may be on their way there.
    let four = invitations(&["a@acme.com", "b@acme.com", "cy@agency.com", "d@acme.com"]);
    let answers = healthy();
    let server = Server::start(move |seen, _| match answers.get(seen.path()) {
        Some(answer) => answer.clone(),
        None => error("400 Bad Request", "no"),
    });
    let mut outcomes = Vec::new();
    perform(&server, 1, &four, 4, &mut |step| {
        if let Step::Ended(_, results) = step {
            outcomes.extend(results.unwrap().into_iter().map(|result| match result {
                Ok(()) => "done",
                Err(error) if error.may_have_happened() => "not known",
                Err(_) => "undone",
            }));
        }
    });
    assert_eq!(outcomes, ["not known", "not known", "done", "not known"]);
    let writes = server.seen().into_iter().filter(|seen| seen.line.starts_with("POST")).count();
    assert_eq!(writes, 1);
    // Teams cost nobody a mail, so those that are missing are asked for again.
    let teams: Vec<Change> =
        ["A", "Analysts", "D"].map(|team| Change::CreateTeam { team: TeamName::new(team).unwrap() }).into();
    let (failed, _, writes) =
        performed(
            &teams,
            3,
            |_, before| {
                if before == 0 { error("400 Bad Request", "no") } else { ok(r#"[{"created":true}]"#) }
            },
        );
    assert_eq!((failed, writes), (vec![2], 3));
}

#[test]
fn one_bad_name_does_not_hold_up_the_others() {
    let teams: Vec<Change> =
        ["A", "Bad", "Analysts", "D"].map(|team| Change::CreateTeam { team: TeamName::new(team).unwrap() }).into();
    let (failed, _, writes) = performed(&teams, 4, |body, _| {
        if body.contains("Bad") { error("400 Bad Request", "no") } else { ok(r#"[{"created":true}]"#) }
    });
    // The team that was there already is somebody's.
    assert_eq!((failed, writes), (vec![2, 3], 4));
}

#[test]
fn what_is_true_of_every_request_ends_them() {
    // The credential expires at the second write, which is a part of the first batch.
    let (failed, not_tried, writes) = performed(&grants_on(30), 10, |_, before| match before {
        0 => error("403 Forbidden", "no"),
        1 => ok("{}"),
        _ => error("401 Unauthorized", "expired"),
    });
    assert_eq!((failed, not_tried, writes), ((6..=10).collect(), vec![1, 2], 3));
}

#[test]
fn as_many_writes_as_allowed_are_under_way() {
    const AT_ONCE: usize = 3;
    const BATCHES: usize = 9;
    // Answers wait until as many requests are there as may be; more never are.
    let gate = Arc::new((Mutex::new((0_usize, 0_usize, 0_usize)), Condvar::new()));
    let inside = Arc::clone(&gate);
    let answers = healthy();
    let server = Server::start(move |seen, _| {
        if let Some(answer) = answers.get(seen.path()) {
            return answer.clone();
        }
        let (counts, changed) = &*inside;
        let mut counts = counts.lock().unwrap();
        counts.0 += 1;
        counts.1 = counts.1.max(counts.0);
        counts.2 += 1;
        let round = counts.2.div_ceil(AT_ONCE) * AT_ONCE;
        changed.notify_all();
        let waiting = changed.wait_timeout_while(counts, Duration::from_secs(20), |counts| counts.2 < round);
        waiting.unwrap().0.0 -= 1;
        ok("{}")
    });
    let (mut under_way, mut most, mut ended) = (0, 0, BTreeSet::new());
    perform(&server, AT_ONCE, &grants_on(BATCHES), 1, &mut |step| match step {
        Step::Begun(_) => {
            under_way += 1;
            most = most.max(under_way);
        }
        Step::NotTried(place) => panic!("{place} was not tried"),
        Step::Ended(place, results) => {
            under_way -= 1;
            assert!(results.unwrap().iter().all(Result::is_ok));
            assert!(ended.insert(place));
        }
    });
    assert_eq!((most, ended.len()), (AT_ONCE, BATCHES));
    assert_eq!(gate.0.lock().unwrap().1, AT_ONCE);
}
