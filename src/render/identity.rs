//! What a finding is told again by: a name that stays the same while lines above it come and go.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use super::checkout::Checkout;
use crate::diagnostic::{Diagnostic, Place};
use crate::lookup::Lookup;
use crate::source::Sources;

/// Bytes of the hash that are kept: enough that no two findings of a configuration meet.
const KEPT: usize = 16;

/// A name for each of `findings`, in their order; no two have the same.
///
/// It is made from the code, the file, the text that is marked and the names in the message, never from a line or from
/// a number in the message. Findings that have all of this in common are told apart by their order.
pub(in crate::render) fn identities(findings: &[Diagnostic], sources: &Sources, checkout: &Checkout) -> Vec<Identity> {
    let mut met: Lookup<[u8; KEPT], u32> = Lookup::default();
    findings
        .iter()
        .map(|finding| {
            let hash = hash(finding, sources, checkout);
            let number = met.entry(hash).or_insert(0);
            *number += 1;
            Identity { hash, number: *number }
        })
        .collect()
}

/// The name of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::render) struct Identity {
    hash: [u8; KEPT],
    /// Which of those with the same hash it is, from 1.
    number: u32,
}

impl Identity {
    /// The name as text, such as `9f2c…:1`.
    pub(in crate::render) fn text(self) -> String {
        let mut text = String::with_capacity(2 * KEPT + 2);
        for byte in self.hash {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "{byte:02x}");
        }
        let _ = write!(text, ":{}", self.number);
        text
    }
}

fn hash(finding: &Diagnostic, sources: &Sources, checkout: &Checkout) -> [u8; KEPT] {
    let mut hash = Sha256::new();
    let mut field = |text: &str| {
        // Each field carries its length, so that no two lists of fields have the same bytes.
        hash.update(u64::try_from(text.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(text);
    };
    field("accessctl.finding/1");
    field(finding.code.as_str());
    match &finding.place {
        Place::Text { main, others: _ } => {
            field("text");
            field(checkout.place(&sources.file(main.span.file).path).path());
            field(sources.text(main.span));
        }
        Place::Path(path) => {
            field("path");
            field(checkout.place(path).path());
        }
        Place::Organization(org) => {
            field("organization");
            field(org);
        }
    }
    for name in names(&finding.message) {
        field(name);
    }
    let mut kept = [0; KEPT];
    for (byte, hashed) in kept.iter_mut().zip(hash.finalize()) {
        *byte = hashed;
    }
    kept
}

/// The names in a message: what stands in backticks.
fn names(message: &str) -> impl Iterator<Item = &str> {
    message.split('`').skip(1).step_by(2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Code;
    use crate::source::{FileId, SourceFile, Span};

    #[test]
    fn a_name_stays_while_lines_and_numbers_change() {
        let checkout = Checkout { root: "/r".into(), working: "/r".into() };
        let named = |text: &str, message: &str| {
            let sources = Sources::new(vec![SourceFile::new("a.yaml", text)]);
            let finding = |(start, marked): (usize, &str)| {
                let span = Span { file: FileId(0), start: start as u32, end: (start + marked.len()) as u32 };
                Diagnostic::at(Code::UnknownUser, span, message, "")
            };
            let findings: Vec<_> = text.match_indices("bo@b.io").map(finding).collect();
            identities(&findings, &sources, &checkout).into_iter().map(Identity::text).collect::<Vec<_>>()
        };
        let first = named("x: bo@b.io", "`bo@b.io` is none of 3");
        assert_eq!(first, named("# moved\n\nx:    bo@b.io", "`bo@b.io` is none of 4"));
        assert_ne!(first, named("x: bo@b.io", "`b@b.io` is none of 3"));
        let twice = named("x: bo@b.io\ny: bo@b.io", "`bo@b.io` is none of 3");
        assert_eq!(twice[0], first[0]);
        assert!(twice[0].ends_with(":1") && twice[1].ends_with(":2") && twice[0][..32] == twice[1][..32], "{twice:?}");
    }
}
