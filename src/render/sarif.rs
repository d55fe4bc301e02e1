//! Findings as SARIF 2.1.0, which code scanning and editors show at their lines.
//!
//! The document is of one tool and one run. Columns count UTF-16 code units, as most readers of such documents do, and it
//! says so. Every text of strangers is visible, and no part of it can become a link: in SARIF a message may hold links.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use serde::Serialize;

use super::checkout::{self, Checkout, PLAIN_IN_A_URI, percent_encoded};
use super::identity::{Identity, identities};
use super::text::thousands;
use super::visible;
use crate::diagnostic::{Code, Diagnostic, Explanation, Label, Place, Severity};
use crate::source::{Sources, Span};
use crate::visible::write_json;

/// The schema that the document keeps to.
const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// The name of what the paths of a checkout are relative to.
const ROOT: &str = "%SRCROOT%";
/// The most findings of one document: GitHub refuses one with more.
const MOST: usize = 25_000;

/// What is to be known about findings beside themselves.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The texts that they are in.
    pub sources: &'a Sources,
    /// Where the files are.
    pub checkout: &'a Checkout,
    /// Where each organization is defined, by its key: what is found about one as a whole is told there.
    pub definitions: &'a BTreeMap<String, Span>,
}

impl About<'_> {
    /// Where something found about an organization as a whole is told.
    pub(in crate::render) fn definition(&self, org: &str) -> Option<Span> {
        self.definitions.get(org).copied()
    }
}

/// Writes `findings`, which must be sorted, as one document. Where not all have room, errors come first.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_findings(out: &mut dyn Write, findings: &[Diagnostic], about: About<'_>) -> io::Result<()> {
    let mut named: Vec<(&Diagnostic, Identity)> =
        findings.iter().zip(identities(findings, about.sources, about.checkout)).collect();
    if named.len() > MOST {
        named.sort_by_key(|(finding, _)| finding.severity());
        named.truncate(MOST);
    }
    let left_out = findings.len() - named.len();
    let codes: BTreeSet<Code> = named.iter().map(|(finding, _)| finding.code).collect();
    let codes: Vec<Code> = codes.into_iter().collect();
    let results = named.into_iter().map(|(finding, name)| {
        let rule_index = codes.partition_point(|code| *code < finding.code);
        result(finding, rule_index, &name.text(), about)
    });
    let document = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "accessctl",
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: codes.iter().map(|code| rule(*code)).collect(),
                },
            },
            invocations: [Invocation {
                execution_successful: true,
                tool_execution_notifications: notifications(left_out),
            }],
            column_kind: "utf16CodeUnits",
            original_uri_base_ids: BTreeMap::from([(ROOT, Base { description: text("the root of the checkout") })]),
            results: results.collect(),
        }],
    };
    write_json(out, &document)?;
    writeln!(out)
}

fn notifications(left_out: usize) -> Vec<Notification> {
    if left_out == 0 {
        return Vec::new();
    }
    let more = if left_out == 1 {
        "is 1 more finding".to_owned()
    } else {
        format!("are {} more findings", thousands(left_out))
    };
    let told = format!("there {more}: a document has {} at most; `accessctl validate -v` tells all", thousands(MOST));
    vec![Notification { level: "warning", message: text(&told) }]
}

fn rule(code: Code) -> Rule {
    let Explanation { prose, whole } = code.explanation();
    let family = match (code.severity(), &code.as_str()[1..3]) {
        (_, "09") => "policy",
        (_, "07" | "08") => "live-side",
        (Severity::Warning, "10") => "lint",
        (Severity::Error | Severity::Warning, _) => "configuration",
    };
    Rule {
        id: code.as_str(),
        name: format!("{code:?}"),
        short_description: text(code.title()),
        full_description: text(prose),
        help: Help { text: whole, markdown: whole },
        default_configuration: Configuration { level: level(code.severity()) },
        properties: Properties { tags: ["access", family], severity: level(code.severity()) },
    }
}

fn result(finding: &Diagnostic, rule_index: usize, name: &str, about: About<'_>) -> Found {
    let Diagnostic { code, message, place, notes, helps, cut_at: _ } = finding;
    let mut said = inert(message);
    let further = notes.iter().map(|note| ("note", note)).chain(helps.iter().map(|help| ("help", help)));
    for (what, more) in further {
        said.push_str(&format!("\n{what}: {}", inert(more)));
    }
    let (location, related) = match place {
        Place::Text { main, others } => {
            let others = others.iter().zip(1..).map(|(label, id)| related(label, id, about));
            (at(main.span, about), others.collect())
        }
        Place::Path(path) => (Location::of(physical(path, Region::FIRST_LINE, about)), Vec::new()),
        Place::Organization(org) => {
            let place = about.definition(org).map(|span| physical_at(span, about));
            let logical = Logical { name: inert(org), kind: "namespace" };
            (
                Location { physical_location: place, logical_locations: vec![logical], id: None, message: None },
                Vec::new(),
            )
        }
    };
    Found {
        rule_id: code.as_str(),
        rule_index,
        level: level(code.severity()),
        message: Text { text: said },
        locations: [location],
        related_locations: related,
        // The one name is what GitHub looks at, the other one says whose it is.
        partial_fingerprints: BTreeMap::from([
            ("primaryLocationLineHash", name.to_owned()),
            ("accessctl/1", name.to_owned()),
        ]),
    }
}

fn related(label: &Label, id: usize, about: About<'_>) -> Location {
    let message = if label.text.is_empty() { "see also".to_owned() } else { inert(&label.text) };
    Location { id: Some(id), message: Some(Text { text: message }), ..at(label.span, about) }
}

fn at(span: Span, about: About<'_>) -> Location {
    Location::of(physical_at(span, about))
}

fn physical_at(span: Span, about: About<'_>) -> Physical {
    let file = about.sources.file(span.file);
    let (start_line, start_column) = point(span, span.start, about.sources);
    let (end_line, end_column) = point(span, span.end, about.sources);
    let region =
        Region { start_line, start_column: Some(start_column), end_line: Some(end_line), end_column: Some(end_column) };
    physical(&file.path, region, about)
}

/// The line, from 1, and the column in UTF-16 code units, from 1, of a byte in the file of `span`.
fn point(span: Span, offset: u32, sources: &Sources) -> (usize, usize) {
    let file = sources.file(span.file);
    let index = file.line_index(offset);
    let line_start = file.line_starts()[index] as usize;
    let before = file.text.get(line_start..offset as usize).unwrap_or("");
    (index + 1, before.encode_utf16().count() + 1)
}

fn physical(path: &str, region: Region, about: About<'_>) -> Physical {
    let artifact_location = match about.checkout.place(path) {
        checkout::Place::Inside(path) => {
            Artifact { uri: percent_encoded(&path, PLAIN_IN_A_URI), uri_base_id: Some(ROOT) }
        }
        checkout::Place::Outside(path) => {
            Artifact { uri: format!("file://{}", percent_encoded(&path, PLAIN_IN_A_URI)), uri_base_id: None }
        }
    };
    Physical { artifact_location, region }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// Text in which nothing acts: visible, and without what would make a link of a message.
fn inert(text: &str) -> String {
    visible(text).replace("](", "]\\u{28}")
}

fn text(text: &str) -> Text {
    Text { text: text.to_owned() }
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    column_kind: &'a str,
    original_uri_base_ids: BTreeMap<&'a str, Base>,
    results: Vec<Found>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    name: String,
    short_description: Text,
    full_description: Text,
    help: Help,
    default_configuration: Configuration,
    properties: Properties,
}

#[derive(Serialize)]
struct Help {
    text: &'static str,
    markdown: &'static str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct Properties {
    tags: [&'static str; 2],
    /// What GitHub shows a finding as.
    #[serde(rename = "problem.severity")]
    severity: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
}

#[derive(Serialize)]
struct Base {
    description: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location>,
    partial_fingerprints: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    physical_location: Option<Physical>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
}

impl Location {
    fn of(place: Physical) -> Self {
        Self { id: None, physical_location: Some(place), logical_locations: Vec::new(), message: None }
    }
}

#[derive(Serialize)]
struct Logical {
    name: String,
    kind: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
}

impl Region {
    /// What is found about a file as a whole is told at its beginning: a finding without a line is not shown.
    const FIRST_LINE: Self = Self { start_line: 1, start_column: None, end_line: None, end_column: None };
}

#[derive(Serialize)]
struct Text {
    text: String,
}
