//! What people read when a request goes wrong, what is not tried any more, and that the next run puts it right.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use accessctl::cli::ExitStatus;
use accessctl::model::{Email, OrgRole};
use accessctl::serve::{Fault, Occurrence, RetryAfter, Script};
use jiff::SignedDuration;

use crate::bad_days::{Hand, at_write};
use crate::runs::{Ended, Nobody};
use crate::stage::{Stage, configuration};

const APPLY: &[&str] = &["apply", "--yes"];

/// Everything that was said, as one line without wraps.
fn words(ended: &Ended) -> String {
    ended.said().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(ended: &Ended, texts: &[&str]) {
    let words = words(ended);
    for text in texts {
        assert!(words.contains(text), "{text:?} is not said: {}", ended.said());
    }
    assert!(!words.contains("rehearsal-secret") && !words.contains('\u{1b}'), "{words}");
}

/// Nothing goes wrong any more: one run makes everything right.
#[track_caller]
fn recovers(stage: &Stage) {
    stage.server.clear_faults();
    let again = stage.run(APPLY, &configuration(stage));
    assert_eq!(again.status, ExitStatus::Done, "{}", again.said());
    assert_eq!(stage.run(&["plan", "--exit-code"], &configuration(stage)).status, ExitStatus::Done);
}

/// Runs with a fault at some writes, and then without.
fn with_fault(script: Script, check: impl FnOnce(&Stage, &Ended)) {
    let stage = Stage::of_all_kinds().with_fault(script);
    let ended = stage.run(APPLY, &configuration(&stage));
    check(&stage, &ended);
    recovers(&stage);
}

fn from_write(number: u64, fault: Fault) -> Script {
    Script { when: Occurrence::From(number), ..at_write(number, fault) }
}

fn answer(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Raw { status, headers, body: body.to_vec() }
}

const EXPIRED: Fault = Fault::Status { status: 401, done: false };

#[test]
fn a_credential_that_expires_between_two_writes_ends_the_run() {
    with_fault(from_write(4, EXPIRED), |stage, apply| {
        assert_eq!(apply.status, ExitStatus::Incomplete);
        says(
            apply,
            &[
                "org role of cy@acme.com member -> admin: FAILED: `set_org_role` failed: POST \
                 /organizations/77/users/2000003/update/: the service answered 401",
                "since every other request would fail in the same way",
                "hint: the credential comes from `MIXPANEL_SERVICE_ACCOUNT` and `MIXPANEL_SERVICE_ACCOUNT_SECRET`: check \
                 both, and that the service account still exists and has not expired",
                "run `accessctl plan` to see what is left",
            ],
        );
        assert_eq!(stage.writes().len(), 4, "what cannot succeed is not tried");
        assert_eq!(words(apply).matches("hint: the credential").count(), 1);
    });
}

#[test]
fn a_credential_that_expires_for_reading_too_says_what_was_done() {
    // The plan is made of nine requests, and so is the reading before the first write.
    for first in [3, 12, 25] {
        let expired = Script { method: None, path: "/".to_owned(), when: Occurrence::From(first), fault: EXPIRED };
        let stage = Stage::of_all_kinds().with_fault(expired);
        let apply = stage.run(APPLY, &configuration(&stage));
        assert_eq!(apply.status, ExitStatus::Failure, "{}", apply.said());
        says(&apply, &["the service answered 401", "check both, and that the service account still exists"]);
        if first == 25 {
            says(
                &apply,
                &[
                    "not tried, since every other request would fail in the same way",
                    "the live side could not be read again: what it is now is not known",
                    "of 24 changes were applied, and the live side cannot be read again",
                ],
            );
        } else {
            assert_eq!(stage.writes(), []);
        }
        recovers(&stage);
    }
}

#[test]
fn an_answer_that_confirms_nothing_is_not_believed() {
    let bomb = gzip_bomb();
    let json = [("content-type", "application/json")];
    let half = br#"{"status":"ok","results":{"succ"#;
    // The fifth write adds people to teams, and promises `success`.
    for (fault, said) in [
        (answer(200, &json, br#"{"status":"ok"}"#), "`status` is `ok`, and there are no `results`"),
        (answer(200, &json, br#"{"status":"ok","results":{}}"#), "`success` should be true, and is missing"),
        (answer(200, &json, br#"{"status":"ok","results":{"success":"true"}}"#), "`success` should be true, and is"),
        (answer(200, &json, br#"{"error":"no"}"#), "the service answered 200, but the answer is an error: no"),
        (answer(200, &json, half), "the answer ends in the middle, after 31 bytes"),
        (answer(200, &[], &[0x1b; 10 << 20]), "the answer is not JSON"),
        (answer(200, &[("content-encoding", "gzip")], &bomb), "the answer is larger than 67108864 bytes"),
        (answer(204, &[], b""), "the answer is not JSON (EOF while parsing a value), but nothing"),
        (Fault::Html, "the service answered 200 with a web page instead of data"),
    ] {
        with_fault(at_write(5, fault), |stage, apply| {
            assert_eq!(apply.status, ExitStatus::Incomplete);
            let unknown = "`add_team_member` has an unknown outcome: POST /organizations/77/add-users-to-teams/";
            says(apply, &[unknown, said, "hint: it may have been done all the same: the live side tells"]);
            assert!(apply.waits.is_empty(), "{:?}", apply.waits);
            assert!(words(apply).len() < 20_000, "{}", apply.said());
            // Once here, and not again before the live side was read.
            let sent = stage.writes().iter().filter(|(path, _)| path.ends_with("/add-users-to-teams/")).count();
            assert_eq!(sent, 1);
        });
    }
}

#[test]
fn a_failure_of_the_service_is_tried_once_more() {
    let healthy = Stage::of_all_kinds();
    healthy.run(&["apply", "--yes"], &configuration(&healthy));
    for done in [false, true] {
        with_fault(at_write(5, Fault::Status { status: 500, done }), |stage, apply| {
            assert_eq!(apply.status, ExitStatus::Done, "{}", apply.said());
            assert_eq!(apply.waits.len(), 1);
            assert_eq!(stage.writes().len(), healthy.writes().len() + 1);
        });
    }
}

/// 80 MB of zeros in a gzip stream: stored blocks would be no bomb, so runs of 258 bytes, each in 13 bits.
fn gzip_bomb() -> Vec<u8> {
    let mut stream = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let runs = std::iter::repeat_n("1100010100000", (80 << 20) / 258);
    let bits: String = ["110", "00110000"].into_iter().chain(runs).chain(["0000000", "0000000"]).collect();
    let byte = |bits: &[u8]| bits.iter().enumerate().fold(0, |byte, (place, bit)| byte | (bit - b'0') << place);
    stream.extend(bits.as_bytes().chunks(8).map(byte));
    stream
}

#[test]
fn a_write_is_never_sent_where_a_redirect_points() {
    let elsewhere = Stage::of_all_kinds();
    let elsewhere_url = elsewhere.base_url();
    for (status, to) in [
        (301, "https://evil.invalid/organizations/77/"),
        (302, "http://user:hidden@evil.invalid/?token=hidden"),
        (307, "[ELSEWHERE]/organizations/77/add-users-to-teams/"),
        (308, "[OWN]/organizations/77/add-users-to-teams"),
        (308, "/organizations/77/add-users-to-teams"),
    ] {
        let stage = Stage::of_all_kinds();
        let to = to.replace("[ELSEWHERE]", &elsewhere_url).replace("[OWN]", &stage.base_url());
        stage.server.add_fault(at_write(5, Fault::Redirect { status, to }));
        let apply = stage.run(APPLY, &configuration(&stage));
        assert_eq!(apply.status, ExitStatus::Incomplete);
        let said = format!("the service answered {status} and points to ");
        says(&apply, &["`add_team_member` failed: POST", &said, "redirects are not followed", "hint: check"]);
        assert!(!words(&apply).contains("hidden"), "{}", apply.said());
        let sent = stage.writes().into_iter().filter(|(path, _)| path.contains("add-users-to-teams")).count();
        assert_eq!(sent, 1);
        recovers(&stage);
    }
    assert_eq!(elsewhere.server.requests(), 0);
}

#[test]
fn a_limit_without_end_ends_the_run_in_minutes() {
    for after in [RetryAfter::None, RetryAfter::Seconds(86_400), RetryAfter::Date(86_400), RetryAfter::Seconds(0)] {
        with_fault(from_write(4, Fault::TooMany(after)), |stage, apply| {
            assert_eq!(apply.status, ExitStatus::Incomplete);
            says(
                apply,
                &[
                    "`set_org_role` failed: POST /organizations/77/users/2000003/update/ (5 tries): the service answered \
                     429",
                    "since every other request would fail in the same way",
                    "hint: the service asks for fewer requests: run again later",
                ],
            );
            assert_eq!(stage.writes().len(), 3 + 5, "{after:?}");
            let waited: Duration = apply.waits.iter().sum();
            assert!((Duration::from_secs(5)..=Duration::from_secs(301)).contains(&waited), "{:?}", apply.waits);
        });
    }
}

#[test]
fn a_limit_of_mails_holds_up_nothing_else() {
    with_fault(at_write(3, Fault::TooMany(RetryAfter::None)), |stage, apply| {
        assert_eq!(apply.status, ExitStatus::Incomplete);
        says(apply, &["invite new@acme.com as member: FAILED: `invite_user` failed", "the service answered 429"]);
        assert!(!words(apply).contains("not tried"), "{}", apply.said());
        assert!(stage.writes().iter().any(|(path, _)| path.ends_with("/delete-users/")), "revocations go on");
    });
}

#[test]
fn clocks_that_differ_by_hours_change_nothing() {
    for skew in [SignedDuration::from_hours(-7), SignedDuration::from_hours(7)] {
        let stage = Stage::of_all_kinds().with_fault(at_write(1, Fault::TooMany(RetryAfter::Date(30))));
        let apply = stage.run_skewed(skew, APPLY, &configuration(&stage), &Nobody);
        assert_eq!(apply.status, ExitStatus::Done, "{}", apply.said());
        // As long as the service meant by its own clock.
        assert_eq!(apply.waits, [Duration::from_secs(30)]);
        // The invitations just made lie in the future of a clock that is slow.
        let plan = stage.run_skewed(skew, &["plan", "--exit-code"], &configuration(&stage), &Nobody);
        assert_eq!((plan.status, plan.stderr.as_str()), (ExitStatus::Done, ""), "{}", plan.said());
        assert_eq!(stage.invitations_of("new@acme.com"), 1);
    }
}

#[test]
fn an_account_that_is_demoted_between_two_writes_is_told_so() {
    let stage = Stage::of_all_kinds();
    let hand = Hand::new(&stage, Some(5), |stage: &Stage| stage.server.set_role(OrgRole::Member));
    let apply = stage.run_amid(APPLY, &configuration(&stage), &hand);
    assert_eq!(apply.status, ExitStatus::Failure, "{}", apply.said());
    says(
        &apply,
        &[
            "the service answered 403: your organization role must be admin or owner",
            "hint: the service account had the org role `owner` when this run began, which should do: perhaps it was \
             taken since",
            "the live side cannot be read again",
            "hint: the service account needs the org role `admin` or `owner`, and has the org role `member`",
        ],
    );
    stage.server.set_role(OrgRole::Owner);
    recovers(&stage);
}

#[test]
fn an_account_that_is_demoted_while_the_plan_is_read_changes_nothing() {
    let stage = Stage::of_all_kinds();
    let hand = Hand::new(&stage, None, |stage: &Stage| stage.server.set_role(OrgRole::Member));
    let apply = stage.run_amid(&["apply"], &configuration(&stage), &hand);
    assert_eq!(apply.status, ExitStatus::Failure, "{}", apply.said());
    says(&apply, &["organization `acme` was not applied", "answered 403", "and has the org role `member`"]);
    assert_eq!(stage.writes(), []);
}

#[test]
fn somebody_who_joins_before_the_invitation_is_cancelled_is_removed_by_the_next_run() {
    let stage = Stage::of_all_kinds();
    let flo = Email::new("flo@acme.com").unwrap();
    let hand = Hand::new(&stage, Some(2), |stage: &Stage| stage.server.join_user(&flo).unwrap());
    let apply = stage.run_amid(APPLY, &configuration(&stage), &hand);
    assert_eq!(apply.status, ExitStatus::Incomplete);
    says(
        &apply,
        &[
            "cancel the invitation of flo@acme.com: FAILED: `cancel_invite` failed: POST \
             /organizations/77/delete-invites/: the service answered 404: there is no invitation of flo@acme.com",
            "hint: what the request names does not exist, or the service account may not see it",
            "- remove flo@acme.com",
        ],
    );
    recovers(&stage);
}

/// An organization of fifty projects, and a configuration that gives `bo@acme.com` a role on each.
fn fifty_projects() -> (Stage, String) {
    let mut live = "format: accessctl.snapshot/1\norganization: { id: 77, name: Acme }\nprojects:\n".to_owned();
    let (mut projects, mut grants) = (String::new(), String::new());
    for id in 901..=950 {
        writeln!(live, "  - {{ id: {id}, name: P{id} }}").unwrap();
        writeln!(projects, "  p{id}: {id}").unwrap();
        writeln!(grants, "  - {{ user: bo@acme.com, project: p{id}, role: analyst }}").unwrap();
    }
    live.push_str("users:\n  - { email: ana@acme.com, role: owner, status: active }\n");
    live.push_str("  - { email: bo@acme.com, role: member, status: active }\nteams: []\ngrants: []\n");
    let folder = tempfile::tempdir().unwrap();
    let seed = folder.path().join("live.yaml");
    fs::write(&seed, live).unwrap();
    let stage = Stage::start(&seed, OrgRole::Admin);
    let text = format!(
        "version: 1\norg:\n  key: acme\n  id: 77\n  backend: {{ type: mixpanel, region: us, base_url: \"{}\", \
         unverified: all }}\nusers: {{ ana@acme.com: owner, bo@acme.com: member }}\nprojects:\n{projects}grants:\n{grants}",
        stage.base_url()
    );
    (stage, text)
}

#[test]
fn one_project_of_fifty_that_may_not_be_read_is_named() {
    let (stage, text) = fifty_projects();
    let fault = Fault::Status { status: 403, done: false };
    let path = "/api/app/projects/923/".to_owned();
    stage.server.add_fault(Script { method: None, path, when: Occurrence::From(1), fault });
    let plan = stage.run(&["plan"], &text);
    assert_eq!(plan.status, ExitStatus::Failure);
    says(&plan, &["`list_grants` failed: GET /api/app/projects/923/granted-users", "the service answered 403"]);
    says(&plan, &["hint: `manage: { grants: none, everyone: none }` does without this"]);
    assert!(!plan.stdout.contains("changes ("), "{}", plan.stdout);
}

#[test]
fn what_has_ended_is_not_brought_back_by_another_moment() {
    let stage = Stage::of_all_kinds();
    let refused = stage.run(&["apply", "--yes", "--at", "2026-11-20T09:00:00Z"], &configuration(&stage));
    assert_eq!(refused.status, ExitStatus::Invalid, "{}", refused.said());
    says(&refused, &["`apply` cannot go back to `--at 2026-11-20T09:00:00Z`", "use `accessctl plan --at`"]);
    assert_eq!(stage.writes(), []);
    // The moment of a job that began a little ago, and one that is to come, are fine.
    let now = stage.run(&["apply", "--yes", "--at", "2026-11-21T08:57:00Z"], &configuration(&stage));
    assert_eq!(now.status, ExitStatus::Done, "{}", now.said());
}
