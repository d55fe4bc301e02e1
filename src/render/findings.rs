//! Findings as JSON, version 1.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::diagnostic::{Diagnostic, Label, Place, Severity};
use crate::render::diagnostics::files;
use crate::render::json::{expiring_of, wire};
use crate::render::text::Ending;
use crate::source::{Sources, Span};
use crate::visible::write_json;

/// The value of `format`.
pub const FORMAT: &str = "accessctl.findings/1";

/// Writes `findings` as one document.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_findings(out: &mut dyn Write, findings: &[Diagnostic], sources: &Sources) -> io::Result<()> {
    write_validation(out, findings, &[], sources)
}

/// Writes `findings` and what ends as one document.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_validation(
    out: &mut dyn Write,
    findings: &[Diagnostic],
    endings: &[Ending<'_>],
    sources: &Sources,
) -> io::Result<()> {
    let count = |severity| findings.iter().filter(|finding| finding.severity() == severity).count();
    let document = Document {
        format: FORMAT,
        findings: findings.iter().map(|finding| Lazy { finding, sources }).collect(),
        expiring: endings
            .iter()
            .flat_map(|ending| ending.expiring.iter().map(move |one| (ending, one)))
            .map(|(ending, one)| ExpiringOf { org: ending.org.as_str(), one: expiring_of(sources, one) })
            .collect(),
        summary: Summary {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            files: files(findings, sources).len(),
        },
    };
    write_json(out, &document)?;
    writeln!(out)
}

/// Returns the JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<'static, Finding<'static>>).to_value()
}

/// Worked out while it is written: there can be a hundred thousand.
struct Lazy<'a> {
    finding: &'a Diagnostic,
    sources: &'a Sources,
}

impl Serialize for Lazy<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        finding(self.finding, self.sources).serialize(serializer)
    }
}

pub(in crate::render) fn finding<'a>(finding: &'a Diagnostic, sources: &'a Sources) -> Finding<'a> {
    let Diagnostic { code, message, place, notes, helps, cut_at: _ } = finding;
    let (range, labels, path, org) = match place {
        Place::Text { main, others } => {
            let labels = std::iter::once(main).chain(others).map(|one| label(one, sources)).collect();
            let range = range(main.span, sources);
            (Some(range), labels, Some(sources.position(main.span).path), None)
        }
        Place::Path(path) => (None, Vec::new(), Some(path.as_str()), None),
        Place::Organization(org) => (None, Vec::new(), None, Some(org.as_str())),
    };
    Finding {
        code: code.as_str(),
        severity: match finding.severity() {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        message,
        path,
        org,
        line: range.as_ref().map(|range| range.line),
        column: range.as_ref().map(|range| range.column),
        end_line: range.as_ref().map(|range| range.end_line),
        end_column: range.as_ref().map(|range| range.end_column),
        labels,
        notes,
        helps,
    }
}

fn label<'a>(label: &'a Label, sources: &'a Sources) -> LabelOf<'a> {
    let Range { line, column, end_line, end_column } = range(label.span, sources);
    LabelOf { path: sources.position(label.span).path, line, column, end_line, end_column, text: &label.text }
}

struct Range {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

fn range(span: Span, sources: &Sources) -> Range {
    let start = sources.position(span);
    let end = sources.position(Span { start: span.end, ..span });
    Range { line: start.line, column: start.column, end_line: end.line, end_column: end.column }
}

/// What `accessctl validate --format json` found.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "accessctl findings, version 1")]
struct Document<'a, F> {
    /// Name and version of this format.
    #[schemars(extend("const" = FORMAT))]
    format: &'a str,
    /// The findings, by place.
    findings: Vec<F>,
    /// What ends soon, and what is over and still declared; nothing where the configuration is refused.
    expiring: Vec<ExpiringOf<'a>>,
    /// Their numbers.
    summary: Summary,
}

/// One finding.
#[derive(Serialize, JsonSchema)]
pub(in crate::render) struct Finding<'a> {
    /// Its stable code.
    #[schemars(regex(pattern = r"^[EW][0-9]{4}$"))]
    code: &'a str,
    /// How grave it is.
    #[schemars(extend("enum" = ["error", "warning"]))]
    severity: &'a str,
    /// What was found.
    message: &'a str,
    /// The file or folder.
    path: Option<&'a str>,
    /// The organization, for a finding about one as a whole.
    org: Option<&'a str>,
    /// Line of the first character, from 1.
    line: Option<usize>,
    /// Column of the first character, from 1.
    column: Option<usize>,
    /// Line of the end.
    end_line: Option<usize>,
    /// Column after the last character.
    end_column: Option<usize>,
    /// The places that matter, the main one first.
    labels: Vec<LabelOf<'a>>,
    /// Further facts.
    notes: &'a [String],
    /// What to do.
    helps: &'a [String],
}

/// A place with what is to be said of it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Label")]
struct LabelOf<'a> {
    /// The file.
    path: &'a str,
    /// Line of the first character, from 1.
    line: usize,
    /// Column of the first character, from 1.
    column: usize,
    /// Line of the end.
    end_line: usize,
    /// Column after the last character.
    end_column: usize,
    /// What is said of it; may be empty.
    text: &'a str,
}

/// What ends in an organization.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Expiring")]
struct ExpiringOf<'a> {
    /// The organization.
    org: &'a str,
    #[serde(flatten)]
    one: wire::Expiring<'a>,
}

/// The numbers of the findings.
#[derive(Serialize, JsonSchema)]
struct Summary {
    /// Findings that refuse the configuration.
    errors: usize,
    /// Findings that somebody should look at.
    warnings: usize,
    /// Files and folders that they are in.
    files: usize,
}
