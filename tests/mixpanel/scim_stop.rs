//! What is not asked any more once SCIM refuses every request, and what goes on without it.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use accessctl::backend::mixpanel::{
    Credentials, MixpanelReader, MixpanelWriter, Needs, ScimToken, Settings, Time, Transport,
};
use accessctl::backend::{BackendError, LiveWriter, Step};
use accessctl::catalogue::{Catalogue, Channel, Operation, Region};
use accessctl::change::Change;
use accessctl::model::{BuiltInRole, Email, Interner, OrgId, OrgRole, ProjectId, TeamName};
use jiff::Timestamp;

use crate::server::{Seen, Server, answer_with, ok};
use crate::world::healthy;

const USERS: &str = "GET /api/app/scim/v2/Users?startIndex=1&count=100";
const GROUPS: &str = "GET /api/app/scim/v2/Groups?startIndex=1&count=100";
const GROUP: &str = "GET /api/app/scim/v2/Groups/5";
const PATCH: &str = "PATCH /api/app/scim/v2/Groups/5";
const CREATE: &str = "POST /api/app/scim/v2/Users";

/// The statuses that are true of every request, with how often a read is tried.
const REFUSED: [(&str, usize); 2] = [("401 Unauthorized", 1), ("429 Too Many Requests", 5)];

fn scim(body: &str) -> Vec<u8> {
    answer_with("200 OK", "Content-Type: application/scim+json\r\n", body)
}

/// What SCIM answers where all is well; the group follows what is added to it.
fn well(seen: &Seen, before: usize) -> Vec<u8> {
    match seen.line.as_str() {
        USERS => scim(
            r#"{"totalResults":3,"Resources":[{"id":"11","userName":"ana@acme.com"},{"id":"12","userName":"bo@acme.com"},
               {"id":"13","userName":"cy@agency.com"}]}"#,
        ),
        GROUPS => scim(r#"{"totalResults":1,"Resources":[{"id":"5","displayName":"Analysts"}]}"#),
        GROUP if before == 0 => scim(r#"{"id":"5","members":[]}"#),
        GROUP => scim(r#"{"id":"5","members":[{"value":"12"}]}"#),
        PATCH => answer_with("204 No Content", "", ""),
        _ => ok(r#"{"success":true}"#),
    }
}

/// Performs `batches` where SCIM answers by `script`, else as where all is well: what became of them, and what was asked
/// over SCIM.
fn perform(
    batches: &[(Channel, Vec<Change>)],
    script: impl Fn(&Seen, usize) -> Option<Vec<u8>> + Send + Sync + 'static,
) -> (Vec<String>, Vec<String>) {
    let answers = healthy();
    let server = Server::start(move |seen, before| match answers.get(seen.path()) {
        Some(answer) => answer.clone(),
        None => script(seen, before).unwrap_or_else(|| well(seen, before)),
    });
    let settings = Settings {
        organization: OrgId::new(77).unwrap(),
        region: Region::Eu,
        base_url: Some(format!("http://{}", server.address)),
        catalogue: Catalogue::new(Operation::every().collect(), Default::default()),
        reads: 2,
        writes: 1,
        requests_per_minute: None,
    };
    let environment = |name: &str| Some("x-y-z".to_owned()).filter(|_| !name.ends_with("_FILE"));
    let credentials = Credentials::from_environment("acme", &environment).unwrap();
    let token = ScimToken::from_environment("acme", &environment).unwrap();
    let now = Rc::new(Cell::new(Timestamp::UNIX_EPOCH));
    let clock = || now.get();
    let pause = |wait: Duration| -> Pin<Box<dyn Future<Output = ()>>> {
        now.set(now.get() + wait);
        Box::pin(std::future::ready(()))
    };
    let time = Time { clock: &clock, pause: &pause };
    let transport = Transport::new(settings, credentials, time, 7).with_scim_token(Some(token));
    let reader = MixpanelReader { transport: &transport, needs: Needs::default() };
    let reading = reader.read(now.get(), &mut Interner::default()).unwrap();
    let mut writer = MixpanelWriter::new(&transport, &reading);
    let lent: Vec<(Channel, Vec<&Change>)> =
        batches.iter().map(|(channel, batch)| (*channel, batch.iter().collect())).collect();
    let mut steps = Vec::new();
    writer.perform_all(&lent, &clock, &mut |step| {
        let told = |result: &Result<(), BackendError>| match result {
            Ok(()) => "done",
            Err(BackendError::NotTried) => "not tried",
            Err(_) => "failed",
        };
        steps.push(match step {
            Step::Begun(place) => format!("{place} begun"),
            Step::NotTried(place) => format!("{place} not tried"),
            Step::Ended(place, Ok(results)) => {
                format!("{place} {}", results.iter().map(told).collect::<Vec<_>>().join(", "))
            }
            Step::Ended(place, Err(error)) => format!("{place} all {}", told(&Err(error))),
        });
        ControlFlow::Continue(())
    });
    let asked = server.seen().into_iter().filter(|seen| seen.path().starts_with("/api/app/scim/"));
    (steps, asked.map(|seen| seen.line).collect())
}

fn email(text: &str) -> Email {
    Email::new(text).unwrap()
}

fn made(user: &str) -> Change {
    Change::InviteUser { user: email(user), role: OrgRole::Member }
}

fn joins(user: &str) -> Change {
    Change::AddTeamMember { team: TeamName::new("Analysts").unwrap(), user: email(user) }
}

fn refusing(line: &'static str, status: &'static str) -> impl Fn(&Seen, usize) -> Option<Vec<u8>> {
    move |seen, _| (seen.line == line).then(|| answer_with(status, "", ""))
}

#[test]
fn of_several_changes_together_only_the_first_is_asked_for() {
    for (status, tries) in REFUSED {
        let creations = [(Channel::Scim, ["n1@acme.com", "n2@acme.com", "n3@acme.com"].map(made).to_vec())];
        let (steps, asked) = perform(&creations, refusing(CREATE, status));
        assert_eq!(steps, ["0 begun", "0 failed, not tried, not tried"], "{status}");
        assert_eq!(asked, [CREATE], "{status}");
        // Who people are is asked once, and so is what the group is.
        let members = [(Channel::Scim, ["ana@acme.com", "bo@acme.com"].map(joins).to_vec())];
        for (line, before) in [(USERS, &[][..]), (GROUPS, &[USERS][..]), (GROUP, &[USERS, GROUPS][..])] {
            let (steps, asked) = perform(&members, refusing(line, status));
            assert_eq!(steps, ["0 begun", "0 failed, not tried"], "{status} {line}");
            let expected: Vec<&str> = before.iter().copied().chain(std::iter::repeat_n(line, tries)).collect();
            assert_eq!(asked, expected, "{status}");
        }
    }
}

#[test]
fn a_batch_that_comes_later_is_not_even_begun() {
    for (status, _) in REFUSED {
        let batches = [(Channel::Scim, vec![made("n1@acme.com")]), (Channel::Scim, vec![made("n2@acme.com")])];
        let (steps, asked) = perform(&batches, refusing(CREATE, status));
        // Nobody writes down the intent of what is never asked for.
        assert_eq!(steps, ["0 begun", "0 failed", "1 not tried"], "{status}");
        assert_eq!(asked, [CREATE], "{status}");
    }
}

#[test]
fn a_refusal_of_the_look_afterwards_counts_too() {
    for (status, tries) in REFUSED {
        let batches = [(Channel::Scim, vec![joins("bo@acme.com")]), (Channel::Scim, vec![joins("ana@acme.com")])];
        let (steps, asked) = perform(&batches, move |seen, before| {
            (seen.line == GROUP && before > 0 && !seen.line.starts_with("PATCH")).then(|| answer_with(status, "", ""))
        });
        assert_eq!(steps, ["0 begun", "0 failed", "1 not tried"], "{status}: {asked:?}");
        let expected = [USERS, GROUPS, GROUP, PATCH].into_iter().chain(std::iter::repeat_n(GROUP, tries));
        assert_eq!(asked, expected.collect::<Vec<_>>(), "{status}");
    }
}

#[test]
fn what_goes_another_way_goes_on() {
    for (status, tries) in REFUSED {
        let grant = Change::SetGrant {
            user: email("bo@acme.com"),
            project: ProjectId::new(902).unwrap(),
            from: None,
            to: BuiltInRole::Analyst.into(),
        };
        let batches = [(Channel::Scim, vec![joins("bo@acme.com")]), (Channel::Api, vec![grant])];
        // A read may be repeated, and so what a 429 to it says would be true of everything else.
        let (steps, asked) = perform(&batches, refusing(USERS, status));
        assert_eq!(steps, ["0 begun", "0 failed", "1 begun", "1 done"], "{status}");
        assert_eq!(asked.len(), tries, "{status}");
    }
}
