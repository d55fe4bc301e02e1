//! What goes back: answers in the service's envelope, in the form of SCIM, and as HTML.

use serde::Serialize;
use serde_json::json;

/// An answer as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// Empty where there is no body.
    pub(super) content_type: &'static str,
    /// Further headers.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

/// The content type of everything in the envelope.
pub(super) const JSON: &str = "application/json";
/// The content type of SCIM (RFC 7644, section 8.1).
pub(super) const SCIM: &str = "application/scim+json";
/// The content type of pages.
pub(super) const HTML: &str = "text/html; charset=utf-8";

/// The schema of a SCIM error (RFC 7644, section 3.12).
const SCIM_ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// Success, as dossier 2.3 has it.
#[derive(Serialize)]
struct Envelope<'a, T: ?Sized> {
    status: &'static str,
    results: &'a T,
}

impl Answer {
    /// `results` in the envelope of success.
    pub(super) fn ok<T: Serialize + ?Sized>(results: &T) -> Result<Self, Refusal> {
        Self::new(200, JSON, &Envelope { status: "ok", results })
    }

    /// `{"success":true}` in the envelope: the answer of most changes.
    pub(super) fn success() -> Result<Self, Refusal> {
        Self::ok(&json!({ "success": true }))
    }

    /// `{"updated":true}` in the envelope.
    pub(super) fn updated() -> Result<Self, Refusal> {
        Self::ok(&json!({ "updated": true }))
    }

    /// A resource of SCIM, without the envelope.
    pub(super) fn scim<T: Serialize>(status: u16, resource: &T) -> Result<Self, Refusal> {
        Self::new(status, SCIM, resource)
    }

    /// Success without a body.
    pub(super) fn nothing() -> Self {
        Self { status: 204, content_type: "", headers: Vec::new(), body: Vec::new() }
    }

    /// A page for people.
    pub(super) fn html(status: u16, title: &str, content: &str) -> Self {
        let body = format!(
            "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1>{content}</body></html>\n"
        );
        Self { status, content_type: HTML, headers: Vec::new(), body: body.into_bytes() }
    }

    /// The page of a path that is not there (dossier 4.1).
    pub(super) fn no_such_page() -> Self {
        Self::html(404, "Page not found", "<p>There is nothing at this address.</p>")
    }

    /// The page to which somebody without a session is sent (dossier 4.1).
    pub(super) fn login_page() -> Self {
        Self::html(200, "Log in", "<form><input name=\"email\"><input type=\"password\"></form>")
    }

    /// A redirection.
    pub(super) fn redirect(status: u16, to: String) -> Self {
        Self { headers: vec![("location", to)], ..Self::html(status, "Moved", "") }
    }

    fn new<T: Serialize>(status: u16, content_type: &'static str, body: &T) -> Result<Self, Refusal> {
        let body = serde_json::to_vec(body).map_err(|error| Refusal::Broken(error.to_string()))?;
        Ok(Self { status, content_type, headers: Vec::new(), body })
    }
}

/// In which form a refusal is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `{"status":"error","error":…}`
    Envelope,
    /// RFC 7644, section 3.12.
    Scim,
}

/// Why a request is not done. Nothing was changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The body, the query or a value in them is not what the operation takes.
    Malformed(String),
    /// SCIM only: as `Malformed`, with the `scimType` of RFC 7644.
    ScimMalformed(&'static str, String),
    /// The credential is missing or wrong.
    Unauthorized,
    /// The role of the account is too low, or the plan does not have it.
    Forbidden(String),
    /// There is no such thing, or the account does not see it.
    Missing(String),
    /// SCIM only: it is there already.
    Exists(String),
    /// More mails than the limit allows (dossier 1.6).
    Mails(String),
    /// An id came as a text: the service answers 500 without an explanation (row 14).
    TextId,
    /// The server itself failed.
    Broken(String),
    /// The body is larger than the server takes.
    Large,
    /// A fault that was asked for, with its status.
    Fault(u16, String),
}

impl Refusal {
    /// The status and the text.
    fn parts(&self) -> (u16, &str) {
        match self {
            Self::Malformed(text) | Self::ScimMalformed(_, text) => (400, text),
            Self::Unauthorized => (401, "authentication failed"),
            Self::Forbidden(text) => (403, text),
            Self::Missing(text) => (404, text),
            Self::Exists(text) => (409, text),
            Self::Large => (413, "the body is larger than 1 MiB"),
            Self::Mails(text) => (429, text),
            Self::TextId => (500, "Internal server error"),
            Self::Broken(text) => (500, text),
            Self::Fault(status, text) => (*status, text),
        }
    }

    /// The refusal as an answer.
    pub(super) fn answer(&self, style: Style) -> Answer {
        let (status, text) = self.parts();
        let (content_type, body) = match style {
            Style::Envelope => (JSON, json!({ "status": "error", "error": text })),
            Style::Scim => {
                let mut body = json!({ "schemas": [SCIM_ERROR], "status": status.to_string(), "detail": text });
                if let Self::ScimMalformed(kind, _) = self {
                    body["scimType"] = json!(kind);
                } else if let Self::Exists(_) = self {
                    body["scimType"] = json!("uniqueness");
                }
                (SCIM, body)
            }
        };
        let headers = match (self, style) {
            (Self::Unauthorized, Style::Envelope) => vec![("www-authenticate", "Basic realm=\"rehearsal\"".to_owned())],
            (Self::Unauthorized, Style::Scim) => vec![("www-authenticate", "Bearer realm=\"rehearsal\"".to_owned())],
            _ => Vec::new(),
        };
        Answer { status, content_type, headers, body: body.to_string().into_bytes() }
    }
}
