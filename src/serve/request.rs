//! A request, and what an operation is called with.

use jiff::Timestamp;

use super::answer::Refusal;
use super::routes::Parameters;
use crate::model::{OrgRole, ProjectId};

/// A request as it arrived.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    /// What stands after the `?`, as it came.
    pub(super) query: String,
    pub(super) authorization: Option<String>,
    pub(super) host: Option<String>,
    /// `None` when it is larger than the server takes.
    pub(super) body: Option<Vec<u8>>,
}

/// What an operation is called with.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) parameters: Parameters<'a>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: &'a [u8],
    /// The org role of the acting account.
    pub(super) role: OrgRole,
    /// The name of the acting account.
    pub(super) account: &'a str,
    /// The server's own host and port.
    pub(super) address: &'a str,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    /// A number in the path; what is too large for an id is nobody's.
    pub(super) fn number(&self, name: &str) -> Result<u64, Refusal> {
        self.text(name).parse().map_err(|_| Refusal::Missing(format!("no such id: {}", self.text(name))))
    }

    /// A text in the path.
    pub(super) fn text(&self, name: &str) -> &str {
        self.parameters.iter().find(|(known, _)| *known == name).map_or("", |(_, text)| text)
    }

    /// The project in the path.
    pub(super) fn project(&self) -> Result<ProjectId, Refusal> {
        project_id(self.number("pid")?)
    }

    /// A parameter of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A project's id from a number.
pub(super) fn project_id(number: u64) -> Result<ProjectId, Refusal> {
    ProjectId::new(number).map_err(|_| Refusal::Missing(format!("project {number} does not exist")))
}

/// The parameters of a query, decoded.
pub(super) fn parse_query(query: &str) -> Vec<(String, String)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        })
        .collect()
}

/// Undoes the escapes of a query. What is no escape stays as it is.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => match after {
                [high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                    bytes.push(digit(*high) << 4 | digit(*low));
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(hex: u8) -> u8 {
    match hex {
        b'0'..=b'9' => hex - b'0',
        b'a'..=b'f' => hex - b'a' + 10,
        _ => hex.wrapping_sub(b'A').wrapping_add(10),
    }
}
