//! From a request to its answer: faults, credentials, rights, the operation, the record.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::account::Account;
use super::answer::{Answer, Refusal, Style};
use super::faults::{Fault, Faults, RetryAfter};
use super::organization::{Organization, identity};
use super::record::Record;
use super::request::{Call, Request, parse_query};
use super::routes::{Found, Needs, Route, find, style};
use crate::model::OrgRole;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What answers requests.
pub(super) struct Service {
    pub(super) organization: Mutex<Organization>,
    pub(super) faults: Faults,
    pub(super) record: Option<Mutex<Record>>,
    pub(super) account: Account,
    pub(super) role: Mutex<OrgRole>,
    /// The server's own host and port.
    pub(super) address: String,
    pub(super) clock: Clock,
    /// How many requests there have been.
    pub(super) requests: AtomicU64,
}

/// How a request ends.
#[derive(Debug)]
pub(super) enum Ending {
    /// With an answer.
    Whole(Answer),
    /// With the first half of an answer.
    Half(Answer),
    /// With the connection closed.
    Closed,
    /// With the connection reset.
    Reset,
}

/// Locks; what a thread that panicked has left is whole, since every edit of it is.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Service {
    /// The number of the next request, from 1 on.
    pub(super) fn next_number(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Answers a request that meets `fault`.
    pub(super) fn answer(&self, request: &Request, fault: Option<&Fault>) -> Ending {
        let mut ending = self.ending(request, fault);
        if let Ending::Whole(answer) | Ending::Half(answer) = &mut ending
            && let Some(date) = http_date((self.clock)())
        {
            // Else the date of the machine would be told, which is not that of the server's clock.
            answer.headers.push(("date", date));
        }
        let Some(record) = &self.record else { return ending };
        let status = match &ending {
            Ending::Whole(answer) | Ending::Half(answer) => Some(answer.status),
            Ending::Closed | Ending::Reset => None,
        };
        match lock(record).write(request, status, fault, (self.clock)()) {
            Ok(()) => ending,
            // A record with holes would mislead whoever reads it.
            Err(error) => {
                let refusal = Refusal::Broken(format!("the request could not be recorded: {error}"));
                Ending::Whole(refusal.answer(style(&request.path)))
            }
        }
    }

    fn ending(&self, request: &Request, fault: Option<&Fault>) -> Ending {
        let Some(fault) = fault else { return Ending::Whole(self.done(request)) };
        match fault {
            Fault::Slow(_) => Ending::Whole(self.done(request)),
            Fault::Partly { first, says_ok } => {
                let answer = self.done_partly(request, Some(*first));
                Ending::Whole(if *says_ok { answer } else { status_answer(request, 500) })
            }
            Fault::TooMany(after) => Ending::Whole(self.too_many(request, *after)),
            Fault::Status { status, done } => {
                if *done {
                    self.done(request);
                }
                Ending::Whole(status_answer(request, *status))
            }
            Fault::Lost => {
                self.done(request);
                Ending::Closed
            }
            Fault::Reset { done } => {
                if *done {
                    self.done(request);
                }
                Ending::Reset
            }
            Fault::HalfRead => Ending::Half(self.done(request)),
            Fault::Html => Ending::Whole(Answer::login_page()),
            Fault::Redirect { status, to } => Ending::Whole(Answer::redirect(*status, to.clone())),
            // The headers of a raw answer are added where it is sent.
            Fault::Raw { status, body, .. } => {
                Ending::Whole(Answer { status: *status, content_type: "", headers: Vec::new(), body: body.clone() })
            }
        }
    }

    /// The answer of a request that meets no fault, and what it does.
    fn done(&self, request: &Request) -> Answer {
        self.done_partly(request, None)
    }

    /// The same, with no more than the first `most` edits done.
    fn done_partly(&self, request: &Request, most: Option<usize>) -> Answer {
        let own = |host: &str| {
            let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
            matches!(name, "127.0.0.1" | "localhost")
        };
        // A page in somebody's browser must not get here under a name of its own.
        if !request.host.as_deref().is_some_and(own) {
            return Answer::html(421, "Misdirected request", "<p>This server is 127.0.0.1 and nothing else.</p>");
        }
        match find(&request.method, &request.path) {
            Found::Route(route, parameters) => {
                let call = |organization: &mut Organization, role, body: &[u8]| {
                    let call = Call {
                        parameters,
                        query: parse_query(&request.query),
                        body,
                        role,
                        account: &self.account.name,
                        address: &self.address,
                        now: (self.clock)(),
                    };
                    self.allow(route, organization, &call)?;
                    organization.refresh(call.now)?;
                    organization.limit_edits(most);
                    let answer = (route.operation)(organization, &call);
                    organization.limit_edits(None);
                    answer
                };
                let answer = self.authenticate(route, request).and_then(|()| {
                    let body = request.body.as_deref().ok_or(Refusal::Large)?;
                    let role = lock(&self.role).clone();
                    call(&mut lock(&self.organization), role, body)
                });
                answer.unwrap_or_else(|refusal| refusal.answer(style(&request.path)))
            }
            Found::LacksSlash => {
                let query = if request.query.is_empty() { String::new() } else { format!("?{}", request.query) };
                Answer::redirect(301, format!("{}/{query}", request.path))
            }
            Found::OtherMethod => Answer::html(405, "Method not allowed", ""),
            Found::Nothing if style(&request.path) == Style::Scim => {
                Refusal::Missing("there is nothing at this address".to_owned()).answer(Style::Scim)
            }
            Found::Nothing => Answer::no_such_page(),
        }
    }

    /// Checks the credential.
    fn authenticate(&self, route: &Route, request: &Request) -> Result<(), Refusal> {
        let authorization = request.authorization.as_deref();
        let is_known = match route.needs {
            Needs::Account | Needs::Admin | Needs::Project => self.account.accepts(authorization),
            Needs::Scim => self.account.accepts_scim(authorization),
            Needs::Nothing => true,
        };
        if is_known { Ok(()) } else { Err(Refusal::Unauthorized) }
    }

    /// Checks what the account may do and sees.
    fn allow(&self, route: &Route, organization: &Organization, call: &Call<'_>) -> Result<(), Refusal> {
        if route.path.contains("{org}") && call.number("org")? != organization.id().get() {
            return Err(Refusal::Missing(format!("organization {} does not exist", call.text("org"))));
        }
        let is_admin = matches!(call.role, OrgRole::Owner | OrgRole::Admin);
        match route.needs {
            Needs::Account | Needs::Nothing => Ok(()),
            Needs::Admin if is_admin => Ok(()),
            Needs::Admin => Err(Refusal::Forbidden("your organization role must be admin or owner".to_owned())),
            Needs::Project if identity::sees_projects(&call.role) => Ok(()),
            Needs::Project => Err(Refusal::Missing(format!("project {} does not exist", call.text("pid")))),
            Needs::Scim if !organization.claimed().is_empty() => Ok(()),
            Needs::Scim => Err(Refusal::Forbidden("SCIM needs a claimed domain".to_owned())),
        }
    }

    fn too_many(&self, request: &Request, after: RetryAfter) -> Answer {
        let refusal = Refusal::Mails("too many requests".to_owned());
        let mut answer = refusal.answer(style(&request.path));
        let value = match after {
            RetryAfter::None => return answer,
            RetryAfter::Seconds(seconds) => seconds.to_string(),
            RetryAfter::Date(seconds) => {
                let then = (self.clock)().saturating_add(SignedDuration::from_secs(seconds.into()));
                match then.ok().and_then(http_date) {
                    Some(date) => date,
                    None => return answer,
                }
            }
        };
        answer.headers.push(("retry-after", value));
        answer
    }
}

/// An error of a status.
fn status_answer(request: &Request, status: u16) -> Answer {
    Refusal::Fault(status, format!("the server was told to answer {status}")).answer(style(&request.path))
}

/// A moment as HTTP writes it.
fn http_date(moment: Timestamp) -> Option<String> {
    jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()
}
