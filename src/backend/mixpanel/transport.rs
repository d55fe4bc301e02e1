//! Sends requests of the catalogue, one organization's with one pace.
//!
//! Requests are repeated only where that is safe, never faster than the service wants, and never at another address
//! than the one they are for: a redirect is an error. Any number of them may be under way; `limits` bounds how many
//! really are.

use std::cell::{Cell, OnceCell, RefCell};
use std::error::Error;
use std::io;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, LOCATION, RETRY_AFTER};
use reqwest::{Client, Response, Url};
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;

use super::answer::{self, Accepted};
use super::more::mark_of_more;
use super::pacing::{Company, Pace, Stopped, Time};
use super::problem::{Cause, Circumstances, Problem, next_steps};
use super::{Credentials, ScimToken, Settings};
use crate::catalogue::{Answer, Field, Fields, Method, Operation, Region};
use crate::progress::{Progress, Why};
use crate::stop::Stop;

/// How often a request is sent at most.
const MOST_TRIES: u32 = 5;
/// How long a request may take with all its tries.
const LONGEST: Duration = Duration::from_secs(300);
/// How long a connection may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long one try may take: known clients see requests cut after about 120 seconds (dossier 4.4).
const ANSWERING: Duration = Duration::from_secs(130);
/// How many answers are parsed at once: more would only be more in memory.
pub(super) const PARSED: usize = 2;
/// The largest answer, after decompression. A million rows of users need less than twice as much.
const LARGEST_ANSWER: u64 = 64 << 20;
/// The length of an answer for which memory is taken before it is there.
const BELIEVED_LENGTH: u64 = 1 << 20;
/// How much of a failure's body is read.
const LARGEST_FAILURE: u64 = 64 << 10;

/// The way to one organization on the service.
#[derive(Debug)]
pub struct Transport<'a> {
    settings: Settings,
    credentials: Credentials,
    scim_token: Option<ScimToken>,
    pace: Pace<'a>,
    reads: Semaphore,
    writes: Semaphore,
    /// Made when it is first needed: reading the certificates of the system takes longer than most commands.
    runtime: OnceCell<Runtime>,
    client: OnceCell<Client>,
    /// How many requests were made, however often each was sent.
    made: Cell<usize>,
    /// Whether anything has ever answered.
    has_answered: Cell<bool>,
    known: RefCell<Known>,
}

/// What is known of the account, for the next steps of later problems.
#[derive(Debug, Default)]
struct Known {
    role: Option<String>,
    regions: Vec<Region>,
}

/// One request, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    operation: Operation,
    address: String,
    /// The path with its query.
    path: String,
    body: Option<Vec<u8>>,
    items: usize,
    /// What the items are called, for answers that tell of each of them.
    names: Vec<String>,
}

impl Call {
    /// What it asks for.
    pub fn operation(&self) -> Operation {
        self.operation
    }
}

/// An answer with a 2xx status, whole and not yet judged.
#[derive(Debug)]
pub(super) struct Answered {
    code: u16,
    pub(super) body: Vec<u8>,
    /// How often the request was sent.
    tries: u32,
}

/// A try that failed.
struct Failed {
    cause: Cause,
    /// How long the service wants to be left alone.
    asked: Option<Duration>,
}

impl From<Cause> for Failed {
    fn from(cause: Cause) -> Self {
        Self { cause, asked: None }
    }
}

impl<'a> Transport<'a> {
    /// Prepares the way; nothing is sent. `seed` decides the jitter of retries.
    pub fn new(settings: Settings, credentials: Credentials, time: Time<'a>, seed: u64) -> Self {
        Self {
            pace: Pace::new(time, settings.requests_per_minute, seed),
            reads: Semaphore::new(settings.reads.clamp(1, Semaphore::MAX_PERMITS)),
            writes: Semaphore::new(settings.writes.clamp(1, Semaphore::MAX_PERMITS)),
            runtime: OnceCell::new(),
            client: OnceCell::new(),
            made: Cell::new(0),
            has_answered: Cell::new(false),
            known: RefCell::default(),
            settings,
            credentials,
            scim_token: None,
        }
    }

    /// The same with a token for SCIM.
    #[must_use]
    pub fn with_scim_token(self, scim_token: Option<ScimToken>) -> Self {
        Self { scim_token, ..self }
    }

    /// The same, where `stop` ends all waiting and `progress` is told of it.
    #[must_use]
    pub fn in_company(mut self, stop: &'a Stop, progress: &'a dyn Progress) -> Self {
        self.pace.company = Company { stop, progress };
        self
    }

    /// Who may end waiting and is told of it.
    pub(super) fn company(&self) -> Company<'a> {
        self.pace.company
    }

    /// The token of SCIM, where there is one.
    pub fn scim_token(&self) -> Option<&ScimToken> {
        self.scim_token.as_ref()
    }

    /// `text` without what is secret: an answer may repeat what was sent.
    fn without_secrets(&self, text: &str) -> String {
        let starred = self.credentials.starred(text);
        match &self.scim_token {
            Some(ScimToken { token, .. }) => token.starred(&starred),
            None => starred,
        }
    }

    /// How the service is reached.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How many requests were made so far. One that was sent again counts once.
    pub fn requests_made(&self) -> usize {
        self.made.get()
    }

    /// The service account that requests are made with.
    pub fn service_account(&self) -> &str {
        &self.credentials.service_account
    }

    /// Runs `work` to its end on this thread.
    ///
    /// # Errors
    /// When the system does not let requests be made at all.
    pub fn block_on<F: Future>(&self, work: F) -> io::Result<F::Output> {
        if self.runtime.get().is_none() {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(PARSED).build()?;
            let _ = self.runtime.set(runtime);
        }
        match self.runtime.get() {
            Some(runtime) => Ok(runtime.block_on(work)),
            None => Err(io::Error::other("there is no runtime for requests")),
        }
    }

    /// Writes the request of an operation for `items`, of which reads have none or one. The id of the organization is
    /// added. `region` is that of the project in the path.
    ///
    /// # Errors
    /// When a value that the form needs is missing.
    pub fn call(&self, operation: Operation, items: &[Fields], region: Option<Region>) -> Result<Call, Box<Problem>> {
        let organization = self.settings.organization.get();
        let with_org = |item: &Fields| item.clone().with(Field::Org, organization);
        let mut filled: Vec<Fields> = items.iter().map(with_org).collect();
        if filled.is_empty() {
            filled.push(with_org(&Fields::default()));
        }
        let catalogue = &self.settings.catalogue;
        let form = catalogue.path(operation);
        let path = filled.first().and_then(|item| form.fill(item));
        let body = match catalogue.body(operation) {
            None => Some(None),
            Some(form) => form.fill(&filled.iter().collect::<Vec<_>>()).map(|body| Some(body.to_string().into_bytes())),
        };
        let (Some(path), Some(body)) = (path, body) else {
            return Err(self.problem(operation, &form.to_string(), 0, Cause::Form));
        };
        let address = self.settings.address(operation.entry().host, region).to_owned();
        let names = match operation.entry().answer {
            Answer::Each(_) => items.iter().map(|item| item.name().unwrap_or_default().to_owned()).collect(),
            Answer::Results | Answer::Flag(_) | Answer::Page | Answer::Resource | Answer::Done => Vec::new(),
        };
        Ok(Call { operation, address, path, body, items: items.len(), names })
    }

    /// Sends a request, again where that is safe, until its answer is a success or it is clear that it will not be.
    ///
    /// # Errors
    /// Everything but a success as the catalogue's entry describes it.
    pub async fn send(&self, call: &Call) -> Result<Accepted, Box<Problem>> {
        let answered = self.ask(call).await?;
        self.accept(call, &answered)
    }

    /// Judges an answer.
    ///
    /// # Errors
    /// Everything but a success as the catalogue's entry describes it.
    pub(super) fn accept(&self, call: &Call, answered: &Answered) -> Result<Accepted, Box<Problem>> {
        let Answered { code, body, tries } = answered;
        let judge = |body: &[u8]| {
            let accepted = answer::accept(*code, body, call.operation.entry().answer, call.items)?;
            answer::in_order(accepted, &call.names)
        };
        judge(body).map_err(|cause| {
            // What is told of a bad answer comes from one without secrets: whoever shortens one first may cut a secret
            // in two.
            let twice = || Cause::Unconfirmed("it says a thing twice, and not the same".to_owned());
            let is_bare = matches!(cause, Cause::Page { .. } | Cause::CutOff { .. } | Cause::Paged);
            let told = judge(&self.without_secrets_in(body)).err();
            let cause = told.unwrap_or_else(|| if is_bare { cause } else { twice() });
            self.problem(call.operation, &call.path, *tries, cause)
        })
    }

    /// Sends a request, again where that is safe, until its answer has a 2xx status or it is clear that none will. Then
    /// another may be sent in its place, while this answer is yet to be read.
    ///
    /// # Errors
    /// Everything but such an answer.
    pub(super) async fn ask(&self, call: &Call) -> Result<Answered, Box<Problem>> {
        let entry = call.operation.entry();
        let slots = if entry.is_read() { &self.reads } else { &self.writes };
        self.made.set(self.made.get() + 1);
        let mut started = None;
        let mut tries = 0;
        let mut may_be_done = false;
        let mut last = None;
        loop {
            let slot = slots.acquire().await;
            if let Err(Stopped) = self.pace.admit().await {
                return Err(self.ended(call, tries, last.unwrap_or(Cause::Stopped), may_be_done));
            }
            let started = *started.get_or_insert_with(|| self.pace.now());
            tries += 1;
            let failed = match self.send_once(call).await {
                Ok((code, body)) => return Ok(Answered { code, body, tries }),
                Err(failed) => failed,
            };
            drop(slot);
            let code = if let Cause::Status { code, .. } = failed.cause { Some(code) } else { None };
            let is_limit = code == Some(429);
            let wait = failed.asked.unwrap_or_else(|| self.pace.back_off(tries));
            if let Some(code) = code.filter(|_| is_limit || failed.asked.is_some()) {
                self.pace.close_for(wait, code);
            }
            let spent = Duration::try_from(self.pace.now().duration_since(started)).unwrap_or_default();
            let is_over = tries >= MOST_TRIES || spent + wait > LONGEST;
            if is_over || !entry.repeatable || !self.is_passing(&failed.cause, tries) {
                return Err(self.ended(call, tries, failed.cause, may_be_done));
            }
            may_be_done |= !failed.cause.is_surely_undone(call.operation);
            if !is_limit
                && failed.asked.is_none()
                && let Err(Stopped) = self.pace.pause(Why::Again, wait).await
            {
                return Err(self.ended(call, tries, failed.cause, may_be_done));
            }
            last = Some(failed.cause);
        }
    }

    /// The problem with a request that is given up after so many `tries`, one of which may have been done.
    fn ended(&self, call: &Call, tries: u32, cause: Cause, may_be_done: bool) -> Box<Problem> {
        let mut problem = self.problem(call.operation, &call.path, tries, cause);
        if may_be_done {
            problem.doubt();
        }
        problem
    }

    /// Sends a request once; the status and the body of its answer.
    async fn send_once(&self, call: &Call) -> Result<(u16, Vec<u8>), Failed> {
        let client = self.client()?;
        let url = format!("{}{}", call.address, call.path);
        let request = match call.operation.entry().method {
            Method::Get => client.get(url),
            Method::Post => client.post(url),
            Method::Patch => client.patch(url),
            Method::Delete => client.delete(url),
        };
        let (mut request, content_type) = if call.operation.is_scim() {
            let Some(ScimToken { token, .. }) = &self.scim_token else { return Err(Cause::NoScimToken.into()) };
            let request = request.bearer_auth(token.expose()).header(ACCEPT, "application/scim+json, application/json");
            (request, "application/scim+json")
        } else {
            let Credentials { service_account, secret, .. } = &self.credentials;
            let request = request.basic_auth(service_account, Some(secret.expose()));
            (request.header(ACCEPT, "application/json"), "application/json")
        };
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, content_type).body(body.clone());
        }
        let response = request.send().await.map_err(|error| cause(error, &call.address))?;
        self.has_answered.set(true);
        let status = response.status();
        let code = status.as_u16();
        if status.is_redirection() {
            return Err(Cause::Redirect { code, to: self.pointed_to(&response) }.into());
        }
        if !status.is_success() {
            let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
            let may_ask = code == 429 || code == 503;
            let retry_after = header(RETRY_AFTER).filter(|_| may_ask);
            let asked = retry_after.and_then(|text| self.pace.asked(text, header(DATE)));
            // The status decides; a body that cannot be read tells nothing more.
            let (body, _) = read(response, LARGEST_FAILURE).await.unwrap_or_default();
            let said = self.without_secrets(&answer::said(&self.without_secrets_in(&body)));
            return Err(Failed { cause: Cause::Status { code, said }, asked });
        }
        if let Some(mark) = mark_of_more(status, response.headers(), call.operation.entry().answer) {
            let problem = format!("{mark} says that it is a part of something longer");
            return Err(Cause::Unconfirmed(problem).into());
        }
        let (body, is_whole) = read(response, LARGEST_ANSWER).await.map_err(|error| cause(error, &call.address))?;
        if !is_whole {
            return Err(Cause::TooLarge { most: LARGEST_ANSWER }.into());
        }
        Ok((code, body))
    }

    /// A body without what is secret. Of JSON the texts are looked through as they are read, so that no way to write
    /// them hides anything.
    fn without_secrets_in(&self, body: &[u8]) -> Vec<u8> {
        match serde_json::from_slice(body) {
            Ok(value) => answer::with_texts(value, &|text| self.without_secrets(&text)).to_string().into_bytes(),
            Err(_) => self.without_secrets(&String::from_utf8_lossy(body)).into_bytes(),
        }
    }

    /// The client, made when it is first needed.
    fn client(&self) -> Result<&Client, Cause> {
        if self.client.get().is_none() {
            // Another organization of the run may have installed it before.
            let _ = rustls::crypto::ring::default_provider().install_default();
            let is_loopback = self.settings.is_loopback();
            let mut builder = Client::builder()
                .user_agent(concat!("accessctl/", env!("CARGO_PKG_VERSION")))
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .referer(false)
                .https_only(!is_loopback)
                .connect_timeout(CONNECTING)
                .timeout(ANSWERING)
                .pool_max_idle_per_host(self.settings.reads.max(self.settings.writes));
            if is_loopback {
                // A proxy would see the credential of a request that never should leave the machine.
                builder = builder.no_proxy();
                // It is plain http, so the certificates of the system, which take long to read, are of no use.
                builder = builder.tls_certs_only(std::iter::empty());
            }
            let client = builder.build().map_err(|error| Cause::Setup(innermost(&error)))?;
            let _ = self.client.set(client);
        }
        self.client.get().ok_or_else(|| Cause::Setup("there is no client".to_owned()))
    }

    /// Where a redirect points, without what may be secret in it.
    fn pointed_to(&self, response: &Response) -> String {
        let Some(location) = response.headers().get(LOCATION) else { return "nowhere".to_owned() };
        let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
        let shown = match response.url().join(&location) {
            Ok(mut url) => {
                url.set_query(None);
                url.set_fragment(None);
                let _ = url.set_username("");
                let _ = url.set_password(None);
                String::from(Url::as_str(&url))
            }
            Err(_) => location,
        };
        answer::shortened(&self.without_secrets(&shown))
    }

    /// Remembers what the account may do and where its projects are, for the next steps of later problems.
    pub(super) fn remember(&self, role: Option<String>, regions: Vec<Region>) {
        *self.known.borrow_mut() = Known { role, regions };
    }

    /// A problem with a request and what to do about it.
    pub(super) fn problem(&self, operation: Operation, path: &str, tries: u32, cause: Cause) -> Box<Problem> {
        let known = self.known.borrow();
        let around = Circumstances {
            variables: &self.credentials.variables,
            scim_variable: self.scim_token.as_ref().map(|token| token.variable.as_str()),
            region: self.settings.region,
            base_url: self.settings.base_url.as_deref(),
            role: known.role.as_deref(),
            manages: known
                .role
                .as_deref()
                .and_then(|role| self.settings.catalogue.org_role(role))
                .is_some_and(|role| role.manages()),
            regions: &known.regions,
            is_overridden: self.settings.catalogue.is_overridden(operation),
        };
        let next_steps = next_steps(operation, &cause, &around);
        let path = path.split('?').next().unwrap_or(path).to_owned();
        Box::new(Problem { operation, path, tries, others: 0, cause, is_doubtful: false, next_steps })
    }

    /// A problem with a request that was answered.
    pub(super) fn problem_of(&self, call: &Call, cause: Cause) -> Box<Problem> {
        self.problem(call.operation, &call.path, 1, cause)
    }

    /// A problem with what an answer holds.
    pub(super) fn shape_problem(&self, call: &Call, place: String, problem: String) -> Box<Problem> {
        let problem = answer::shortened(&self.without_secrets(&problem));
        let place = self.without_secrets(&place);
        self.problem_of(call, Cause::Shape { place, problem })
    }

    /// Whether the same request may succeed later.
    ///
    /// Where nothing has ever answered, nobody listens or the name is wrong: a person waits for that to be said, so there
    /// is one more try. A bare 500 is rather a wrong region or a wrong type (dossier 4.4): one more try.
    fn is_passing(&self, cause: &Cause, tries: u32) -> bool {
        match cause {
            Cause::Status { code: 429 | 502..=504, .. }
            | Cause::Unreachable { is_refused: false, .. }
            | Cause::TimedOut
            | Cause::Lost(_) => true,
            Cause::Host { .. } | Cause::Unreachable { is_refused: true, .. } => self.has_answered.get() || tries == 1,
            Cause::Status { code: 500, .. } => tries == 1,
            Cause::Status { .. }
            | Cause::Form
            | Cause::NoScimToken
            | Cause::Setup(_)
            | Cause::Tls { .. }
            | Cause::Redirect { .. }
            | Cause::Page { .. }
            | Cause::NotJson { .. }
            | Cause::CutOff { .. }
            | Cause::Refused { .. }
            | Cause::Unconfirmed(_)
            | Cause::Shape { .. }
            | Cause::Stranger { .. }
            | Cause::Paged
            | Cause::TooLarge { .. }
            | Cause::Stopped => false,
        }
    }
}

/// Reads a body up to `most` bytes after decompression, and whether that was all of it.
async fn read(mut response: Response, most: u64) -> Result<(Vec<u8>, bool), reqwest::Error> {
    if response.content_length().is_some_and(|length| length > most) {
        return Ok((Vec::new(), false));
    }
    // What the answer says of its own length spares moving it while it grows, and is not believed further than that.
    let told = response.content_length().unwrap_or(0).min(BELIEVED_LENGTH);
    let mut body = Vec::with_capacity(usize::try_from(told).unwrap_or(0));
    while let Some(chunk) = response.chunk().await? {
        let room = usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        if chunk.len() > room {
            return Ok((body, false));
        }
    }
    Ok((body, true))
}

/// Why a request got no whole answer.
fn cause(error: reqwest::Error, address: &str) -> Cause {
    let error = error.without_url();
    let (address, why) = (address.to_owned(), innermost(&error));
    if error.is_connect() {
        return if causes(&error).any(is_tls) {
            Cause::Tls { address, why }
        } else if causes(&error).any(|cause| cause.to_string() == "dns error") {
            Cause::Host { address, why }
        } else {
            let is_refused = causes(&error).any(is_refusal);
            Cause::Unreachable { address, why, is_refused }
        };
    }
    if error.is_timeout() {
        Cause::TimedOut
    } else if error.is_builder() {
        Cause::Setup(why)
    } else {
        Cause::Lost(why)
    }
}

/// An error and what caused it, from the outside in.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    answer::shortened(&causes(error).last().map(ToString::to_string).unwrap_or_default())
}

/// Whether a cause is that nobody listens.
fn is_refusal(cause: &(dyn Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// Whether a cause is about TLS. An error of input and output hides the error that it was made from, which may be
/// another one of its kind.
fn is_tls(cause: &(dyn Error + 'static)) -> bool {
    let hidden = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    cause.is::<rustls::Error>() || hidden.is_some_and(|hidden| is_tls(hidden))
}
