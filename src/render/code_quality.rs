//! Findings as a report of GitLab's Code Quality, which merge requests show at their lines.
//!
//! The form is the one that GitLab documents for reports of other tools: a list of entries with a description, the name
//! of the check, a fingerprint, a severity, a path and a line.

use std::io::{self, Write};

use serde::Serialize;

use super::identity::identities;
use super::sarif::About;
use super::visible;
use crate::diagnostic::{Code, Diagnostic, Place, Severity};
use crate::source::{Sources, Span};
use crate::visible::write_json;

/// Writes `findings` as one document.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_findings(out: &mut dyn Write, findings: &[Diagnostic], about: About<'_>) -> io::Result<()> {
    let names = identities(findings, about.sources, about.checkout);
    let entries: Vec<Entry> =
        findings.iter().zip(names).map(|(finding, name)| entry(finding, name.text(), about)).collect();
    write_json(out, &entries)?;
    writeln!(out)
}

fn entry(finding: &Diagnostic, fingerprint: String, about: About<'_>) -> Entry {
    let Diagnostic { code, message, place, notes: _, helps, cut_at: _ } = finding;
    let helps: String = helps.iter().map(|help| format!("; {help}")).collect();
    let (path, begin) = match place {
        Place::Text { main, others: _ } => (path_of(main.span, about), line(main.span, about.sources)),
        Place::Path(path) => (path.clone(), 1),
        Place::Organization(org) => match about.definition(org) {
            Some(span) => (path_of(span, about), line(span, about.sources)),
            None => (".".to_owned(), 1),
        },
    };
    Entry {
        description: visible(&format!("{message}{helps}")).into_owned(),
        check_name: code.as_str(),
        fingerprint,
        severity: severity(*code),
        location: Location { path: about.checkout.place(&path).path().to_owned(), lines: Lines { begin } },
    }
}

fn path_of(span: Span, about: About<'_>) -> String {
    about.sources.file(span.file).path.clone()
}

fn line(span: Span, sources: &Sources) -> usize {
    sources.position(span).line
}

/// How grave GitLab says that it is.
fn severity(code: Code) -> &'static str {
    let is_policy = &code.as_str()[1..3] == "09";
    match code.severity() {
        Severity::Error if is_policy => "critical",
        Severity::Error => "blocker",
        Severity::Warning if is_policy => "major",
        Severity::Warning if code.is_lint() => "info",
        Severity::Warning => "minor",
    }
}

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}
