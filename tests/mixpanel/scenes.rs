//! Plays the scenes of `tests/serve/scenes` against the client: it must send exactly what is written there, and understand the
//! answers as it is written there. The server's side is played in `tests/serve/scenes.rs`; nothing of the server is used here.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use accessctl::backend::mixpanel::{
    Credentials, MixpanelReader, MixpanelWriter, Needs, Problem, Reading, ScimToken, Settings, Time, Transport,
};
use accessctl::backend::{BackendError, LiveWriter, Step};
use accessctl::catalogue::{Catalogue, Channel, Field, Fields, Operation, PathForm, Region};
use accessctl::change::{Change, ChangeKind};
use accessctl::model::{Email, Interner, OrgId, OrgRole, ProjectId, ProjectRole, Status, TeamName};
use jiff::Timestamp;
use serde_json::Value;

use crate::server::{Seen, Server, answer_with};
use crate::table::{Act, Pair, Players, SCENES, Scene};

#[test]
fn answers() {
    play("answers");
}

#[test]
fn identity() {
    play("identity");
}

#[test]
fn roles() {
    play("roles");
}

#[test]
fn users() {
    play("users");
}

#[test]
fn invitations() {
    play("invitations");
}

#[test]
fn grants() {
    play("grants");
}

#[test]
fn teams() {
    play("teams");
}

#[test]
fn provisioning() {
    play("provisioning");
}

#[test]
fn every_operation_is_played_against_both_sides() {
    let mut played = BTreeSet::new();
    for name in SCENES {
        for act in Scene::read(name).acts.iter().filter(|act| act.players == Players::Both) {
            let asked = asked_operation(act);
            for pair in &act.pairs {
                let operations = operations_at(pair);
                let operation = match (asked.filter(|asked| operations.contains(asked)), operations.as_slice()) {
                    (Some(asked), _) => asked,
                    (None, [only]) if only.entry().is_read() => *only,
                    (None, others) => panic!("{}: this is {others:?}, and {asked:?} is asked for", pair.at),
                };
                played.insert(operation);
            }
        }
    }
    let missing: Vec<&str> =
        Operation::every().filter(|one| !played.contains(one)).map(|one| one.entry().name).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn requests_that_are_not_in_the_scene_and_those_that_are_not_sent_are_told() {
    let scene = Scene::read("users");
    let act = scene.acts.iter().find(|act| act.players == Players::Both && !act.pairs.is_empty()).unwrap();
    let (pair, headers) = (&act.pairs[0], |pair: &Pair| {
        let headers = pair.headers().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        headers.chain([("host".to_owned(), "here".to_owned())]).collect::<BTreeMap<_, _>>()
    });
    let seen = Seen { line: line_of(pair), headers: headers(pair), body: pair.body.clone() };
    let script = || Script { left: act.pairs.clone(), base: "here".to_owned(), ..Script::default() };
    let played = |seen: &[&Seen]| {
        let mut script = script();
        seen.iter().for_each(|seen| drop(script.answer(seen)));
        script.end()
    };
    assert_eq!(played(&[&seen]).len() + 1, act.pairs.len(), "{:?}", played(&[&seen]));
    assert_eq!(played(&[]).len(), act.pairs.len());
    assert_eq!(played(&[&seen, &seen]).len(), act.pairs.len());
    let without = Seen { headers: BTreeMap::new(), ..seen.clone() };
    let other = Seen { body: seen.body.replace("admin", "owner"), ..seen.clone() };
    let more = Seen { line: format!("{}?x=1", seen.line), ..seen.clone() };
    for wrong in [without, other, more] {
        assert!(played(&[&wrong]).len() >= act.pairs.len(), "{wrong:?}");
    }
}

/// What the service answers in one act, each request once.
#[derive(Default)]
struct Script {
    left: Vec<Pair>,
    base: String,
    /// What was sent otherwise than it is written.
    wrong: Vec<String>,
}

impl Script {
    /// The answer to a request. Reads come in any order; a write comes where it stands, after the reads before it.
    fn answer(&mut self, seen: &Seen) -> Vec<u8> {
        let is_read = |pair: &Pair| pair.method == "GET";
        let until = self.left.iter().position(|pair| !is_read(pair)).unwrap_or(self.left.len());
        let place = match self.left[..until].iter().position(|pair| line_of(pair) == seen.line) {
            None if until == 0 && self.left.first().is_some_and(|pair| line_of(pair) == seen.line) => Some(0),
            place => place,
        };
        let Some(place) = place else {
            let next: Vec<String> = self.left[..self.left.len().min(until + 1)].iter().map(line_of).collect();
            self.wrong.push(format!("`{} {}` was sent, where the scene has {next:?}", seen.line, seen.body));
            return answer_with("400 Bad Request", "", r#"{"status":"error","error":"this is not in the scene"}"#);
        };
        let pair = self.left.remove(place);
        let at = format!("{}: {}", pair.at, seen.line);
        let with_base = |text: &str| text.replace("{base}", &self.base);
        for (name, value) in pair.headers().into_iter().chain([("host", "{base}")]) {
            let sent = seen.headers.get(name);
            if sent != Some(&with_base(value)) {
                self.wrong.push(format!("{at}: `{name}` should be {value:?}, and is {sent:?}"));
            }
        }
        let json = |text: &str| serde_json::from_str::<Value>(text).map_err(|_| text.to_owned());
        if json(&pair.body) != json(&seen.body) {
            self.wrong.push(format!("{at}: the body should be {}, and is {}", pair.body, seen.body));
        }
        let mut headers: String =
            pair.answer_headers.iter().map(|(name, value)| format!("{name}: {}\r\n", with_base(value))).collect();
        let body =
            if pair.is_page { "<!DOCTYPE html><title>Page</title>".to_owned() } else { with_base(&pair.expected) };
        if !body.is_empty() && !headers.contains("content-type") {
            headers.push_str(match (pair.is_page, pair.is_scim()) {
                (true, _) => "content-type: text/html\r\n",
                (false, true) => "content-type: application/scim+json\r\n",
                (false, false) => "content-type: application/json\r\n",
            });
        }
        answer_with(&format!("{} As Written", pair.status), &headers, body)
    }

    /// What was not as it is written, and what was not sent at all.
    fn end(&mut self) -> Vec<String> {
        let unsent = self.left.drain(..).map(|pair| format!("{}: {} was not sent", pair.at, line_of(&pair)));
        let unsent: Vec<String> = unsent.collect();
        self.wrong.drain(..).chain(unsent).collect()
    }
}

fn line_of(pair: &Pair) -> String {
    format!("{} {}", pair.method, pair.path)
}

/// The operations whose requests look like this one.
fn operations_at(pair: &Pair) -> Vec<Operation> {
    let path = PathForm::parse(pair.path.split('?').next().unwrap()).unwrap();
    let is_same = |operation: &Operation| {
        let entry = operation.entry();
        entry.method.as_str() == pair.method && entry.path().is_same(&path)
    };
    Operation::every().filter(is_same).collect()
}

/// The write that an act asks for.
fn asked_operation(act: &Act) -> Option<Operation> {
    let words = Words::of(act.asked.first()?);
    match (words.word, kind_of(words.word)) {
        (_, Some(kind)) if words.is_over_scim() => Operation::of_scim(kind),
        (_, Some(kind)) => Some(Operation::of(kind)),
        (name, None) => Operation::from_name(name),
    }
}

fn play(name: &str) {
    let scene = Scene::read(name);
    let script = Arc::<Mutex<Script>>::default();
    let server = {
        let script = Arc::clone(&script);
        Server::start(move |seen, _| script.lock().unwrap().answer(seen))
    };
    script.lock().unwrap().base = server.address.to_string();
    let now = Rc::new(Cell::new("2026-11-21T09:00:00Z".parse::<Timestamp>().unwrap()));
    let clock = || now.get();
    let pause = |wait: Duration| -> Pin<Box<dyn Future<Output = ()>>> {
        let now = Rc::clone(&now);
        Box::pin(async move { now.set(now.get() + wait) })
    };
    let has_token = scene.acts.iter().flat_map(|act| &act.wishes).any(|wish| wish == "scim token");
    let transport = |secret: &str| {
        let environment = |name: &str| match name {
            "MIXPANEL_SERVICE_ACCOUNT" => Some("rehearsal.local".to_owned()),
            "MIXPANEL_SERVICE_ACCOUNT_SECRET" => Some(secret.to_owned()),
            "MIXPANEL_SCIM_TOKEN" => Some("rehearsal-scim-token".to_owned()),
            _ => None,
        };
        let settings = Settings {
            organization: OrgId::new(77).unwrap(),
            region: Region::Us,
            base_url: Some(format!("http://{}", server.address)),
            catalogue: Catalogue::new(Operation::every().collect(), BTreeMap::new()),
            reads: 8,
            writes: 1,
            requests_per_minute: None,
        };
        let credentials = Credentials::from_environment("acme", &environment).unwrap();
        let token = has_token.then(|| ScimToken::from_environment("acme", &environment).unwrap());
        Transport::new(settings, credentials, Time { clock: &clock, pause: &pause }, 7).with_scim_token(token)
    };
    let (right, wrong) = (transport("rehearsal-secret"), transport("wrong"));
    let client = Client { transport: &right, script: &script, clock: &clock };
    let stranger = Client { transport: &wrong, ..client };
    let mut writer = None;
    for act in &scene.acts {
        let mut client = &client;
        for wish in &act.wishes {
            match wish.split_once(' ').unwrap() {
                ("as", other) => {
                    let other = Scene::read(other.strip_prefix("in ").unwrap());
                    let first = other.acts.iter().find(|act| act.asked == ["read"]).unwrap();
                    writer = client.reads(first).ok().map(|reading| MixpanelWriter::new(&right, &reading));
                }
                ("secret", "wrong") => client = &stranger,
                // What is so on the server shows in its answers.
                ("role" | "known" | "claim" | "hour" | "scim", _) => {}
                other => panic!("{}: {other:?}", act.at),
            }
        }
        if act.players == Players::ServerOnly {
            continue;
        }
        let found = match act.asked.as_slice() {
            [one] if one == "read" => match client.reads(act) {
                Ok(reading) => {
                    writer = Some(MixpanelWriter::new(&right, &reading));
                    lines_of(&reading)
                }
                Err(error) => vec![unread(&error)],
            },
            [one] if one == "examine" => client.examines(act),
            asked => {
                let writer = writer.as_mut().unwrap_or_else(|| panic!("{}: nothing was read", act.at));
                let found = client.performs(act, writer);
                // One line stands for all.
                if act.understood.len() == 1 && asked.len() > 1 && found.iter().all(|one| *one == found[0]) {
                    found[..1].to_vec()
                } else {
                    found
                }
            }
        };
        let placed = |line: String| line.replace(&server.address.to_string(), "{base}");
        let found: Vec<String> = found.into_iter().map(placed).collect();
        assert_eq!(script.lock().unwrap().end(), [""; 0], "{}: {found:#?}", act.at);
        assert_eq!(found, act.understood, "{}\nfound {found:#?}", act.at);
    }
}

/// The client, as the program uses it.
#[derive(Clone, Copy)]
struct Client<'c, 'a> {
    transport: &'c Transport<'a>,
    script: &'c Mutex<Script>,
    clock: &'c dyn Fn() -> Timestamp,
}

impl Client<'_, '_> {
    fn begin(&self, act: &Act) {
        self.script.lock().unwrap().left.clone_from(&act.pairs);
    }

    /// Reads the whole organization.
    fn reads(&self, act: &Act) -> Result<Reading, BackendError> {
        self.begin(act);
        let reader = MixpanelReader { transport: self.transport, needs: Needs::default() };
        reader.read((self.clock)(), &mut Interner::default())
    }

    /// Tries every read, as `doctor` does.
    fn examines(&self, act: &Act) -> Vec<String> {
        self.begin(act);
        let reader = MixpanelReader { transport: self.transport, needs: Needs::default() };
        let tried = |(operation, read): (Operation, Result<(), Box<Problem>>)| {
            let found = read.map_or_else(|problem| innermost(&*problem), |()| "well".to_owned());
            format!("{} {found}", operation.entry().name)
        };
        reader.examine().unwrap().reads.into_iter().map(tried).collect()
    }

    /// Performs changes, or looks whether the live side shows them.
    fn performs(&self, act: &Act, writer: &mut MixpanelWriter<'_, '_>) -> Vec<String> {
        self.begin(act);
        let words: Vec<Words<'_>> = act.asked.iter().map(|line| Words::of(line)).collect();
        let shown: Vec<Words<'_>> =
            act.asked.iter().filter_map(|line| line.strip_prefix("shown ")).map(Words::of).collect();
        if !shown.is_empty() {
            assert_eq!(shown.len(), words.len(), "{}", act.at);
            let changes: Vec<Change> = shown.iter().map(Words::change).collect();
            return match writer.confirm(&changes.iter().collect::<Vec<_>>()) {
                Ok(shown) => shown.into_iter().map(|is_shown| if is_shown { "yes" } else { "no" }.to_owned()).collect(),
                Err(error) => vec![unread(&error)],
            };
        }
        if kind_of(words[0].word).is_none() {
            return vec![self.sends(&words)];
        }
        let changes: Vec<Change> = words.iter().map(Words::change).collect();
        let channel = if words[0].is_over_scim() { Channel::Scim } else { Channel::Api };
        let mut found = Vec::new();
        writer.perform_all(&[(channel, changes.iter().collect())], self.clock, &mut |step| {
            match step {
                Step::Begun(_) => {}
                Step::Ended(_, Ok(results)) => {
                    let outcome = |result: Result<(), BackendError>| match result {
                        Ok(()) => "done".to_owned(),
                        Err(error) => failed(&error),
                    };
                    found.extend(results.into_iter().map(outcome));
                }
                Step::Ended(_, Err(error)) => found.extend(changes.iter().map(|_| failed(&error))),
                Step::NotTried(_) => found.push("not tried".to_owned()),
            }
            ControlFlow::Continue(())
        });
        found
    }

    /// Sends the request of an operation that no change is performed by.
    fn sends(&self, words: &[Words<'_>]) -> String {
        let operation = Operation::from_name(words[0].word).unwrap_or_else(|| panic!("{}?", words[0].word));
        let item = |words: &Words<'_>| Fields::default().with(Field::User, words.get("user"));
        let items: Vec<Fields> = words.iter().map(item).collect();
        let sent = self.transport.call(operation, &items, None);
        let sent = sent.and_then(|call| self.transport.block_on(self.transport.send(&call)).unwrap());
        sent.map_or_else(|problem| failed(&problem.into()), |_| "done".to_owned())
    }
}

/// Why something could not be read.
fn unread(error: &BackendError) -> String {
    format!("failed: {}", innermost(error))
}

/// What became of something that was not done.
fn failed(error: &BackendError) -> String {
    let became = if error.is_surely_undone() {
        "not done"
    } else if error.may_have_happened() {
        "unknown"
    } else {
        "failed"
    };
    format!("{became}: {}", innermost(error))
}

fn innermost(error: &dyn Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// What was read, a line for each thing, in the order of the model.
fn lines_of(reading: &Reading) -> Vec<String> {
    let Reading { snapshot, ids, org_roles: _, regions, lacks_people, warnings } = reading;
    let state = &snapshot.state;
    let mut lines = vec![format!("organization {} {}", state.organization.id, state.organization.name)];
    if let Some(acting) = &snapshot.acting {
        let role = acting.role.as_ref().map_or("without a role", OrgRole::as_str);
        lines.push(format!("account {} {role}", acting.account.as_deref().unwrap_or("without a name")));
    }
    for (id, project) in &state.projects {
        let everyone = project.everyone.iter().map(|role| format!(", everyone {role}"));
        let roles = project.roles.iter().map(|role| format!(", role {}", &**role));
        lines.push(format!("project {id} {}{}", project.name, everyone.chain(roles).collect::<String>()));
    }
    for (email, user) in &state.users {
        let id =
            |ids: &BTreeMap<Email, u64>| ids.get(email).map_or("without an id".to_owned(), |id| format!("id {id}"));
        lines.push(match user.status {
            Status::Active => format!("user {email} {}, {}", user.role, id(&ids.users)),
            Status::Invited { at } => {
                let at = at.map_or("some day".to_owned(), |at| at.to_string());
                format!("invited {email} {} on {at}, {}", user.role, id(&ids.invitations))
            }
        });
    }
    for (name, team) in &state.teams {
        let members: Vec<&str> = team.members.iter().map(Email::as_str).collect();
        let roles: Vec<String> = team.roles.iter().map(|(project, role)| format!("{role} on {project}")).collect();
        let id = ids.teams.get(name).copied().unwrap_or_default();
        lines.push(format!("team {}, id {id}: {}; {}", &**name, members.join(", "), roles.join(", ")));
    }
    for ((user, project), role) in &state.grants {
        lines.push(format!("grant {user} {role} on {project}"));
    }
    for ((project, role), written) in &ids.custom_roles {
        lines.push(format!("role {} of {project} is written {written}", &**role));
    }
    lines.extend(ids.spellings.iter().map(|(user, written)| format!("{user} is written {written}")));
    lines.extend(regions.iter().map(|(project, region)| format!("project {project} is in {}", region.as_str())));
    lines.extend(warnings.iter().chain(lacks_people).map(|warning| format!("warning {warning}")));
    if !state.unread.is_empty() {
        lines.push(format!("unread {:?}", state.unread));
    }
    lines
}

/// `WORD name: value, name: value`
struct Words<'l> {
    word: &'l str,
    named: BTreeMap<&'l str, &'l str>,
}

impl<'l> Words<'l> {
    fn of(line: &'l str) -> Self {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let named = rest.split(", ").filter_map(|pair| pair.split_once(": "));
        Self { word, named: named.collect() }
    }

    fn get(&self, name: &str) -> &'l str {
        self.named.get(name).unwrap_or_else(|| panic!("`{}` has no `{name}`", self.word))
    }

    fn is_over_scim(&self) -> bool {
        self.named.get("over") == Some(&"scim")
    }

    fn change(&self) -> Change {
        let kind = kind_of(self.word).unwrap_or_else(|| panic!("`{}` is no kind of change", self.word));
        let user = || Email::new(self.get("user")).unwrap();
        let team = || TeamName::new(self.get("team")).unwrap();
        let project = || ProjectId::new(self.get("project").parse().unwrap()).unwrap();
        let role = |name: &str| ProjectRole::from_name(self.get(name)).unwrap();
        let before = || self.named.get("from").map(|role| ProjectRole::from_name(role).unwrap());
        let org_role = |name: &str| OrgRole::read(self.get(name)).unwrap();
        match kind {
            ChangeKind::RenameTeam => Change::RenameTeam {
                from: TeamName::new(self.get("from")).unwrap(),
                to: TeamName::new(self.get("to")).unwrap(),
            },
            ChangeKind::CreateTeam => Change::CreateTeam { team: team() },
            ChangeKind::InviteUser => Change::InviteUser { user: user(), role: org_role("role") },
            ChangeKind::SetOrgRole => Change::SetOrgRole { user: user(), from: org_role("from"), to: org_role("to") },
            ChangeKind::SetEveryone => Change::SetEveryone { project: project(), from: before(), to: role("to") },
            ChangeKind::SetTeamRole => {
                Change::SetTeamRole { team: team(), project: project(), from: before(), to: role("to") }
            }
            ChangeKind::AddTeamMember => Change::AddTeamMember { team: team(), user: user() },
            ChangeKind::SetGrant => {
                Change::SetGrant { user: user(), project: project(), from: before(), to: role("to") }
            }
            ChangeKind::RemoveGrant => Change::RemoveGrant { user: user(), project: project(), from: role("from") },
            ChangeKind::RemoveTeamMember => Change::RemoveTeamMember { team: team(), user: user() },
            ChangeKind::RemoveTeamRole => {
                Change::RemoveTeamRole { team: team(), project: project(), from: role("from") }
            }
            ChangeKind::RemoveEveryone => Change::RemoveEveryone { project: project(), from: role("from") },
            ChangeKind::DeleteTeam => Change::DeleteTeam { team: team() },
            ChangeKind::CancelInvite => Change::CancelInvite { user: user() },
            ChangeKind::RemoveUser => Change::RemoveUser { user: user() },
        }
    }
}

fn kind_of(word: &str) -> Option<ChangeKind> {
    ChangeKind::ALL.into_iter().find(|kind| kind.as_str() == word)
}
