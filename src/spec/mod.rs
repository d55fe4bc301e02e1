//! The documents of configuration as they are written.
//!
//! The types say what may be written where; `read` fills them from YAML and says everything that does not fit.
//! Values have their form checked here and nothing more: whether names exist is for `desired`. Everything borrows from
//! the text of its file and keeps its place.

mod collection;
mod date;
mod decode;
mod document;
mod manage_mode;
mod organization;
mod record;
mod schema;
mod value;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use crate::yaml;

use decode::{At, Decode, Decoder, Value};

pub(crate) use collection::{List, Map, OneOrMany};
pub(crate) use document::{CustomRoles, Document, Grant, Member, Organization, Project, Team, TeamRole, User};
pub use manage_mode::ManageMode;
pub(crate) use organization::{Backend, Definition};
pub use schema::schema;
pub(crate) use value::{EmailText, NameText, RoleText, Text, viewer_hint};

/// The mark of a saved live state.
const SAVED_STATE: &str = "accessctl.snapshot/";

/// What one file says.
#[derive(Debug)]
pub(crate) struct FileContents<'a> {
    /// The documents that could be read.
    pub(crate) documents: Vec<Document<'a>>,
    /// Documents that are saved live states.
    pub(crate) saved_states: Vec<Span>,
    /// What is wrong.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Whether nothing was passed over, so that a name that is not found is really not declared.
    pub(crate) whole: bool,
}

/// Reads the documents of the file with this `text`.
pub(crate) fn read(file: FileId, text: &str) -> FileContents<'_> {
    let parsed = yaml::parse(file, text);
    let mut decoder = Decoder::new(&parsed.tree, parsed.diagnostics);
    let mut contents =
        FileContents { documents: Vec::new(), saved_states: Vec::new(), diagnostics: Vec::new(), whole: parsed.whole };
    if parsed.documents.is_empty() && parsed.whole {
        let span = Span { file, start: 0, end: 0 };
        empty_document(&mut decoder, span, "the file holds no document");
    }
    for node in parsed.documents {
        read_document(&mut decoder, node, &mut contents);
    }
    // Problems that leave out entries whose names may be used elsewhere.
    let lossy = [Code::DuplicateKey, Code::BadKey, Code::MergeKey, Code::AliasBudget, Code::BadName];
    contents.whole &= !decoder.diagnostics.any(&lossy) && !decoder.diagnostics.is_over();
    contents.diagnostics = decoder.diagnostics.into_vec();
    contents
}

fn read_document<'a>(decoder: &mut Decoder<'a, '_>, node: yaml::NodeId, contents: &mut FileContents<'a>) {
    let at = At { node, key: None };
    let mark = decoder.tree().mark(node);
    match decoder.look(node) {
        Some(Value::Scalar(scalar)) if scalar.plain && scalar.text.is_empty() => {
            empty_document(decoder, mark, "the document is empty");
        }
        Some(Value::Mapping(mapping)) => {
            if let Some((_, format)) = decoder.find(mapping, "format")
                && let Some(Value::Scalar(scalar)) = decoder.look(format)
                && scalar.text.starts_with(SAVED_STATE)
            {
                contents.saved_states.push(mark);
                return;
            }
            if let Some((key, version)) = decoder.find(mapping, "version")
                && let Some(Value::Scalar(scalar)) = decoder.look(version)
                && !(scalar.plain && matches!(&*scalar.text, "1" | "" | "~" | "null" | "Null" | "NULL"))
            {
                let span = if scalar.span.start == scalar.span.end { key } else { scalar.span };
                let message = format!("version `{}` of the language is not supported", scalar.text);
                decoder
                    .report(Code::WrongVersion, span, message, "expected the number 1")
                    .helps
                    .push("write `version: 1`, or use the version of the program that this was written for".into());
                contents.whole = false;
                return;
            }
            match Document::decode(at, decoder) {
                Some(document) => {
                    let sections = [
                        ("org", document.org.is_some()),
                        ("users", document.users.is_some()),
                        ("projects", document.projects.is_some()),
                        ("project_groups", document.project_groups.is_some()),
                    ];
                    let lost = sections.iter().any(|(key, read)| !read && decoder.find(mapping, key).is_some());
                    let nameless = match &document.org {
                        Some(Organization::Definition(definition)) => definition.key.is_none(),
                        Some(Organization::Key(_)) | None => false,
                    };
                    contents.whole &= !lost && !nameless;
                    contents.documents.push(document);
                }
                None => contents.whole = false,
            }
        }
        Some(Value::Scalar(_) | Value::List(_)) => {
            contents.whole = false;
            decoder
                .report(Code::WrongShape, mark, "a document is a mapping", "expected `version:` and `org:`")
                .helps
                .push("start with `version: 1` and `org:`".into());
        }
        None => contents.whole = false,
    }
}

fn empty_document(decoder: &mut Decoder<'_, '_>, span: Span, message: &str) {
    decoder
        .report(Code::EmptyDocument, span, message, "nothing but white space and comments")
        .helps
        .push("remove it, or restore what it held: an empty document is never read as \"nobody\"".into());
}

/// Where keys belong: the names of records with their keys, for keys that are written in the wrong place.
fn homes() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    [
        (Document::TITLE, Document::FIELDS),
        (Definition::TITLE, Definition::FIELDS),
        (organization::LocalBackend::TITLE, organization::LocalBackend::FIELDS),
        (organization::MixpanelBackend::TITLE, organization::MixpanelBackend::FIELDS),
        (organization::Manage::TITLE, organization::Manage::FIELDS),
        (organization::Guards::TITLE, organization::Guards::FIELDS),
        (organization::Rule::TITLE, organization::Rule::FIELDS),
        (document::ProjectDetails::TITLE, document::ProjectDetails::FIELDS),
        (Team::TITLE, Team::FIELDS),
    ]
    .into_iter()
}
