//! What went wrong with one request, and what whoever reads it can do.

use std::fmt;

use crate::catalogue::{Effect, Field, Needs, Operation, Region, Standing};

use super::credentials::Variables;

/// One request that did not succeed. Its source is the [`Cause`].
#[derive(Debug, Clone)]
pub struct Problem {
    /// What was asked for.
    pub operation: Operation,
    /// The path, without its query.
    pub path: String,
    /// How often it was tried.
    pub tries: u32,
    /// How many other changes were in the same request.
    pub others: usize,
    /// Why it failed.
    pub cause: Cause,
    /// Whether an earlier try may have done what was asked for: a refusal after it, such as that somebody to be removed
    /// does not exist, says nothing then.
    pub is_doubtful: bool,
    /// What to do about it.
    pub next_steps: Vec<String>,
}

/// The step where something may have been done although there was no answer that says so.
const MAY_BE_DONE: &str = "it may have been done all the same: the live side tells, which is read again at the end; run again for what is \
     still missing then";

/// The same where a mail may have been sent.
const MAY_BE_SENT: &str = "the mail may have been sent all the same: the live side tells, which is read again at the end; while it does not \
     show the invitation, nobody is invited again by request for 7 days";

fn may_be_done(operation: Operation) -> &'static str {
    if sends_mail(operation) { MAY_BE_SENT } else { MAY_BE_DONE }
}

/// Why a request failed. Texts of the service are shortened and hold no secret; whoever shows them makes them inert.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// A value that the form of the request needs is not known.
    #[error("a value that the request needs is not known")]
    Form,
    /// SCIM is asked without its token.
    #[error("there is no SCIM token")]
    NoScimToken,
    /// HTTP cannot be used at all.
    #[error("requests cannot be made: {0}")]
    Setup(String),
    /// The name of the host is not known.
    #[error("the host of {address} is not found: {why}")]
    Host {
        /// The address.
        address: String,
        /// The system's words.
        why: String,
    },
    /// There is no connection.
    #[error("{address} cannot be reached: {why}")]
    Unreachable {
        /// The address.
        address: String,
        /// The system's words.
        why: String,
        /// Whether the machine answered that nobody listens there.
        is_refused: bool,
    },
    /// The other side cannot prove who it is.
    #[error("no secure connection to {address}: {why}")]
    Tls {
        /// The address.
        address: String,
        /// What is wrong.
        why: String,
    },
    /// No whole answer came in time.
    #[error("there was no whole answer in time")]
    TimedOut,
    /// The connection ended before the answer did.
    #[error("the connection broke before the answer was whole: {0}")]
    Lost(String),
    /// The status says that it failed.
    #[error("the service answered {code}{}", says(said))]
    Status {
        /// The status.
        code: u16,
        /// What the answer says.
        said: String,
    },
    /// The service points elsewhere; nothing was sent there.
    #[error("the service answered {code} and points to {to}; redirects are not followed")]
    Redirect {
        /// The status.
        code: u16,
        /// Where it points.
        to: String,
    },
    /// A page for people.
    #[error("the service answered {code} with a web page instead of data")]
    Page {
        /// The status.
        code: u16,
    },
    /// A successful answer that is no JSON.
    #[error("the answer is not JSON ({problem}), but {found}")]
    NotJson {
        /// What the parser says.
        problem: String,
        /// What it is instead. It may hold secrets of projects (dossier row 4), so nothing of it is repeated.
        found: String,
    },
    /// JSON that ends in the middle.
    #[error("the answer ends in the middle, after {bytes} bytes")]
    CutOff {
        /// The bytes that came.
        bytes: usize,
    },
    /// A successful status with a mark of an error.
    #[error("the service answered {code}, but the answer is an error{}", says(said))]
    Refused {
        /// The status.
        code: u16,
        /// What the answer says.
        said: String,
    },
    /// A successful answer that does not say what was asked for, or does not confirm what was done.
    #[error("the answer is not what it should be: {0}")]
    Unconfirmed(String),
    /// A field of the answer is missing or of another kind.
    #[error("{place}: {problem}")]
    Shape {
        /// Which part of the answer.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The account is not in the organization.
    #[error("the service account is not in organization {organization}; it is in: {sees}")]
    Stranger {
        /// The organization asked for.
        organization: u64,
        /// Those that it is in.
        sees: String,
    },
    /// The answer says that there is more.
    #[error("the answer is one page of several, and how to ask for the next is not known")]
    Paged,
    /// The answer is larger than anything expected.
    #[error("the answer is larger than {most} bytes")]
    TooLarge {
        /// The most that is read.
        most: u64,
    },
    /// It was not sent, because a stop was asked for while it had to wait.
    #[error("it was not sent: the run was stopped")]
    Stopped,
}

fn says(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

impl Cause {
    /// Whether the service surely did nothing about `operation`.
    pub fn is_surely_undone(&self, operation: Operation) -> bool {
        match self {
            Self::Form
            | Self::NoScimToken
            | Self::Setup(_)
            | Self::Host { .. }
            | Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::Stopped => true,
            // Web applications are used to point elsewhere after something was done.
            Self::Redirect { .. } => operation.entry().repeatable,
            Self::Status { code, .. } => (400..500).contains(code) && *code != 408,
            Self::TimedOut
            | Self::Lost(_)
            | Self::Page { .. }
            | Self::NotJson { .. }
            | Self::CutOff { .. }
            | Self::Refused { .. }
            | Self::Unconfirmed(_)
            | Self::Shape { .. }
            | Self::Stranger { .. }
            | Self::Paged
            | Self::TooLarge { .. } => false,
        }
    }

    /// Whether it is a refusal that may be about one of several things that were asked for.
    pub(super) fn may_be_about_one(&self) -> bool {
        matches!(self, Self::Status { code: 400 | 403 | 404 | 409 | 413 | 422, .. })
    }

    /// Whether what was asked for is out of this account's reach: forbidden, absent, or not visible.
    pub fn is_out_of_reach(&self) -> bool {
        matches!(self, Self::Status { code: 403 | 404, .. })
    }
}

impl Problem {
    /// Whether the service surely did nothing.
    pub fn is_surely_undone(&self) -> bool {
        self.cause.is_surely_undone(self.operation) && !self.is_doubtful
    }

    /// Whether the outcome is unknown: the service may have done what was asked for.
    pub fn may_have_happened(&self) -> bool {
        !self.operation.entry().is_read() && !self.is_surely_undone()
    }

    /// Takes note that an earlier try may have done it.
    pub(super) fn doubt(&mut self) {
        self.is_doubtful = true;
        let step = may_be_done(self.operation);
        let is_told = self.next_steps.iter().any(|told| told == step);
        if self.may_have_happened() && !is_told {
            self.next_steps.push(step.to_owned());
        }
    }

    /// Whether other requests would fail in the same way: the credential is refused, the service is not there, or it
    /// wants no request at all. A 429 to what sends mail is about mails (dossier 1.6).
    pub fn is_about_everything(&self) -> bool {
        match self.cause {
            Cause::Setup(_) | Cause::Host { .. } | Cause::Unreachable { .. } | Cause::Tls { .. } | Cause::Stopped => {
                true
            }
            // SCIM has a token and limits of its own.
            Cause::Status { code: 401, .. } => !self.operation.is_scim(),
            Cause::Status { code: 429, .. } => self.operation.entry().repeatable && !self.operation.is_scim(),
            Cause::Status { .. }
            | Cause::Form
            | Cause::NoScimToken
            | Cause::TimedOut
            | Cause::Lost(_)
            | Cause::Redirect { .. }
            | Cause::Page { .. }
            | Cause::NotJson { .. }
            | Cause::CutOff { .. }
            | Cause::Refused { .. }
            | Cause::Unconfirmed(_)
            | Cause::Shape { .. }
            | Cause::Stranger { .. }
            | Cause::Paged
            | Cause::TooLarge { .. } => false,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let entry = self.operation.entry();
        let became = if self.may_have_happened() { "has an unknown outcome" } else { "failed" };
        write!(f, "`{}` {became}: {} {}", entry.name, entry.method.as_str(), self.path)?;
        let tries = (self.tries > 1).then(|| format!("{} tries", self.tries));
        let others = match self.others {
            0 => None,
            1 => Some("in one request with 1 other".to_owned()),
            number => Some(format!("in one request with {number} others")),
        };
        let notes: Vec<String> = tries.into_iter().chain(others).collect();
        if notes.is_empty() { Ok(()) } else { write!(f, " ({})", notes.join(", ")) }
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

/// What is known around a request, for the next step.
#[derive(Debug)]
pub(super) struct Circumstances<'c> {
    pub(super) variables: &'c Variables,
    /// Where the token of SCIM came from.
    pub(super) scim_variable: Option<&'c str>,
    pub(super) region: Region,
    pub(super) base_url: Option<&'c str>,
    /// The org role of the account, once it is known.
    pub(super) role: Option<&'c str>,
    /// Whether this role manages the organization.
    pub(super) manages: bool,
    /// The regions of the projects that the account sees, once they are known.
    pub(super) regions: &'c [Region],
    pub(super) is_overridden: bool,
}

/// What to do about `cause`.
pub(super) fn next_steps(operation: Operation, cause: &Cause, around: &Circumstances<'_>) -> Vec<String> {
    let is_read = operation.entry().is_read();
    let mut steps = match cause {
        Cause::NoScimToken => vec!["set the SCIM token, or take `backend.scim` away".to_owned()],
        Cause::Status { code: 401, .. } => vec![credential(operation, around)],
        Cause::Status { code: 403, .. } => forbidden(operation, around),
        Cause::Status { code: 404, .. } => not_found(operation),
        Cause::Status { code: 429, .. } if sends_mail(operation) => vec![
            "the service sends no more invitation mails for now: run again later, and lower \
             `backend.limits.invitations_per_hour` if this comes again"
                .to_owned(),
        ],
        Cause::Status { code: 429, .. } => vec![
            "the service asks for fewer requests: run again later, and lower `backend.limits.reads` or set \
             `backend.limits.requests_per_minute` if this comes again"
                .to_owned(),
        ],
        Cause::Status { code: 500..=599, .. } if is_read && operation.is_scim() => {
            vec!["run again, and look at what the service says".to_owned()]
        }
        Cause::Status { code: 500..=599, .. } if is_read => vec![region(around)],
        Cause::Status { code: 500..=599, .. } => Vec::new(),
        Cause::Status { .. } | Cause::Refused { .. } => {
            vec!["the service does not take this request; what it says above is all that is known".to_owned()]
        }
        Cause::Host { .. } | Cause::Unreachable { .. } => match around.base_url {
            Some(_) => vec!["check `backend.base_url`, and that a server is running there".to_owned()],
            None => vec!["check the network, and the proxy if there has to be one".to_owned()],
        },
        Cause::Tls { .. } => vec![
            "do not go on over this network unless you know why: something answers in the service's place, or the \
             certificates or the clock of this machine are out of date"
                .to_owned(),
        ],
        Cause::TimedOut | Cause::Lost(_) | Cause::CutOff { .. } if is_read => {
            vec!["run again; if this comes again, lower `backend.limits.reads`".to_owned()]
        }
        Cause::TimedOut | Cause::Lost(_) | Cause::CutOff { .. } => Vec::new(),
        Cause::Page { .. } => {
            let mut steps = vec![credential(operation, around)];
            steps.push("a page also comes for an address that the service does not know".to_owned());
            steps
        }
        Cause::Redirect { .. } => vec![match around.base_url {
            Some(_) => "check `backend.base_url`: name the address where the service really is".to_owned(),
            None => "the service has moved this request".to_owned(),
        }],
        Cause::NotJson { .. } | Cause::TooLarge { .. } => match around.base_url {
            Some(_) => vec!["check that `backend.base_url` names the service and nothing else".to_owned()],
            None => vec!["what answered is not the service as it is known; check the network".to_owned()],
        },
        Cause::Unconfirmed(_) | Cause::Shape { .. } | Cause::Paged if is_read => vec![
            "the service answers in another form than is known, and what is not understood is never acted on"
                .to_owned(),
        ],
        Cause::Unconfirmed(_) | Cause::Shape { .. } | Cause::Paged => {
            vec!["the service answers in another form than is known, so what it did is not believed".to_owned()]
        }
        Cause::Stranger { .. } => {
            vec!["check `org.id`, and in which organization the service account was made".to_owned()]
        }
        Cause::Form | Cause::Setup(_) | Cause::Stopped => Vec::new(),
    };
    if !is_read && !cause.is_surely_undone(operation) {
        steps.push(may_be_done(operation).to_owned());
    }
    if around.is_overridden && !matches!(cause, Cause::Host { .. } | Cause::Unreachable { .. } | Cause::Tls { .. }) {
        let name = operation.entry().name;
        steps.push(format!("`backend.catalogue.{name}` gives this request another form; check that as well"));
    }
    steps
}

fn sends_mail(operation: Operation) -> bool {
    operation.entry().effect == Effect::Mails
}

fn credential(operation: Operation, around: &Circumstances<'_>) -> String {
    if operation.is_scim() {
        let variable = around.scim_variable.unwrap_or("MIXPANEL_SCIM_TOKEN");
        return format!("the SCIM token comes from `{variable}`: check it; making a new one has ended the old one");
    }
    let Variables { service_account, secret } = around.variables;
    format!(
        "the credential comes from `{service_account}` and `{secret}`: check both, and that the service account still \
         exists and has not expired"
    )
}

fn forbidden(operation: Operation, around: &Circumstances<'_>) -> Vec<String> {
    let needs = |what: &str| match around.role {
        None => format!("the service account needs {what}"),
        Some(role) if around.manages => format!(
            "the service account had the org role `{role}` when this run began, which should do: perhaps it was taken \
             since, or the plan of the service does not include this"
        ),
        Some(role) => format!("the service account needs {what}, and has the org role `{role}`"),
    };
    let entry = operation.entry();
    let needs = match (entry.needs, entry.is_read()) {
        (Needs::Account, _) => "the service account has no access to the service's own description of it".to_owned(),
        (Needs::Project, _) => needs("the role `admin` on this project, or the org role `admin`"),
        (Needs::Organization, true) => needs("the org role `admin` or `owner`"),
        (Needs::Organization, false) => format!(
            "{}; nobody can give or take a role above their own, or remove somebody who is not below them",
            needs("the org role `admin` or `owner`")
        ),
        (Needs::Scim, _) => {
            "SCIM needs the Enterprise plan and a verified claimed domain, and touches nobody else".to_owned()
        }
    };
    let without = (!entry.without.is_empty()).then(|| entry.without.to_owned());
    std::iter::once(needs).chain(without).collect()
}

fn not_found(operation: Operation) -> Vec<String> {
    let entry = operation.entry();
    let names_a_resource =
        || operation.fields().iter().any(|field| matches!(field, Field::ScimUser | Field::ScimGroup));
    let absent = match (entry.needs, entry.is_read()) {
        (Needs::Scim, _) if names_a_resource() => {
            "what the request names does not exist, or SCIM does not see it: it sees people of claimed domains who have \
             joined"
        }
        (Needs::Scim, _) => {
            "the service does not know SCIM at this address: check `backend.base_url`, and that the plan includes SCIM"
        }
        (Needs::Account, _) => "check `backend.base_url` and `backend.region`",
        (Needs::Project, _) => "the project does not exist, or the service account may not see it",
        (Needs::Organization, true) => {
            "the organization does not exist, or the service account may not see it; check `org.id`"
        }
        (Needs::Organization, false) => "what the request names does not exist, or the service account may not see it",
    };
    let mut steps = vec![absent.to_owned()];
    if entry.standing == Standing::Proposed {
        steps.push(format!(
            "`{}` is a guess that nobody has confirmed: the service may not know it at all; take it out of \
             `backend.unverified`, or correct its path under `backend.catalogue`",
            entry.name
        ));
    }
    steps
}

fn region(around: &Circumstances<'_>) -> String {
    let said = around.region.as_str();
    let Some(base_url) = around.base_url else {
        let others: Vec<&str> = around.regions.iter().map(|region| region.as_str()).collect();
        let seen = if others.is_empty() {
            String::new()
        } else {
            format!("; the projects of the account are in: {}", others.join(", "))
        };
        return format!(
            "a right credential on a wrong region is answered like this too: the configuration says `region: {said}` \
             ({}){seen}",
            around.region.address()
        );
    };
    format!("the server at {base_url} failed; run again, and look at what it says")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(operation: Operation, code: u16, role: Option<&str>, regions: &[Region]) -> String {
        let variables =
            Variables { service_account: "MIXPANEL_SERVICE_ACCOUNT".to_owned(), secret: "THE_SECRET".to_owned() };
        let around = Circumstances {
            variables: &variables,
            scim_variable: Some("THE_TOKEN"),
            region: Region::Us,
            base_url: None,
            role,
            manages: role == Some("boss"),
            regions,
            is_overridden: false,
        };
        next_steps(operation, &Cause::Status { code, said: String::new() }, &around).join("; ")
    }

    #[test]
    fn the_next_step_names_what_can_be_done() {
        let of_401 = steps(Operation::Me, 401, None, &[]);
        assert!(of_401.contains("MIXPANEL_SERVICE_ACCOUNT") && of_401.contains("THE_SECRET"), "{of_401}");
        let of_scim = steps(Operation::ScimListUsers, 401, None, &[]);
        assert!(of_scim.contains("THE_TOKEN") && !of_scim.contains("THE_SECRET"), "{of_scim}");
        let of_403 = steps(Operation::ListGrants, 403, Some("member"), &[]);
        assert!(
            of_403.contains("has the org role `member`") && of_403.contains("grants: none, everyone: none"),
            "{of_403}"
        );
        let of_403 = steps(Operation::ListTeams, 403, Some("boss"), &[]);
        assert!(of_403.contains("had the org role `boss` when this run began"), "{of_403}");
        let of_429 = steps(Operation::InviteUser, 429, None, &[]);
        assert!(of_429.contains("`backend.limits.invitations_per_hour`"), "{of_429}");
        let of_500 = steps(Operation::ListUsers, 500, None, &[Region::Eu]);
        assert!(of_500.contains("`region: us`") && of_500.contains("in: eu"), "{of_500}");
        let of_404 = steps(Operation::ListInvitations, 404, None, &[]);
        assert!(of_404.contains("unverified"), "{of_404}");
    }

    #[test]
    fn only_writes_have_unknown_outcomes() {
        let problem = |operation, cause| Problem {
            operation,
            path: "/x/".to_owned(),
            tries: 1,
            others: 0,
            cause,
            is_doubtful: false,
            next_steps: Vec::new(),
        };
        let lost = || Cause::Lost("reset".to_owned());
        assert_eq!(problem(Operation::SetGrant, lost()).to_string(), "`set_grant` has an unknown outcome: POST /x/");
        assert_eq!(problem(Operation::ListUsers, lost()).to_string(), "`list_users` failed: GET /x/");
        let shared = Problem { tries: 2, others: 9, ..problem(Operation::InviteUser, lost()) };
        assert!(shared.to_string().ends_with("POST /x/ (2 tries, in one request with 9 others)"), "{shared}");
        let refused = Cause::Status { code: 403, said: String::new() };
        let mut refused = problem(Operation::SetGrant, refused);
        assert!(!refused.may_have_happened());
        // Unless an earlier try may have done it; then that is told, once.
        refused.doubt();
        refused.doubt();
        assert!(refused.may_have_happened());
        assert_eq!(refused.next_steps, [MAY_BE_DONE]);
    }
}
