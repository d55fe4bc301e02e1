//! The documents of configuration as they are written.
//!
//! The types say what may be written where; `read` fills them from YAML and says everything that does not fit.
//! Values have their form checked here and nothing more: whether names exist is for `desired`. Everything borrows from
//! the text of its file and keeps its place.

mod backend;
mod collection;
mod date;
mod decode;
mod document;
mod manage_mode;
mod organization;
mod policy;
mod record;
mod schema;
mod value;

use crate::diagnostic::{Code, Diagnostic};
use crate::source::{FileId, Span};
use crate::yaml;

use decode::{At, Decode, Decoder, Value};

pub(crate) use backend::{Backend, MixpanelBackend, OrgRoleText, OrgRoleTexts, Scim, Unverified};
pub(crate) use collection::{Intact, List, Map, OneOrMany};
pub(crate) use date::Moment;
pub(crate) use document::{CustomRoles, Document, Grant, Member, Organization, Project, Team, TeamRole, User};
pub use manage_mode::ManageMode;
pub use organization::Most;
pub(crate) use organization::{Accepted, Blocked, Definition, Guards, ManageTeams};
pub(crate) use policy::{Condition, Exception, Requirement, Rule, SeverityWord, ViaWord, Who, is_pattern};
pub use schema::schema;
pub(crate) use value::{Count, EmailText, NameText, RoleText, Text, viewer_hint};

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
    /// What was read without passing anything over.
    pub(crate) whole: Whole,
}

/// What was read without passing anything over, so that a name of the kind that is not found is really not declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whole {
    /// Every document, and which organization it is about.
    pub(crate) documents: bool,
    /// The documents and their `users`.
    pub(crate) users: bool,
    /// The documents, their `projects` and `project_groups`.
    pub(crate) projects: bool,
    /// The documents and their `teams`.
    pub(crate) teams: bool,
}

impl Whole {
    /// Everything was read.
    pub(crate) const ALL: Self = Self { documents: true, users: true, projects: true, teams: true };
    /// Anything may have been passed over.
    pub(crate) const NOTHING: Self = Self { documents: false, users: false, projects: false, teams: false };

    /// What is whole in both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            documents: self.documents && other.documents,
            users: self.users && other.users,
            projects: self.projects && other.projects,
            teams: self.teams && other.teams,
        }
    }

    /// What is still whole when something in the section `key` was passed over.
    fn without(self, key: &str) -> Self {
        match key {
            "users" => Self { users: false, ..self },
            "projects" | "project_groups" => Self { projects: false, ..self },
            "teams" => Self { teams: false, ..self },
            // Nothing refers to a grant.
            "grants" => self,
            _ => Self::NOTHING,
        }
    }
}

/// Reads the documents of the file with this `text`.
pub(crate) fn read(file: FileId, text: &str) -> FileContents<'_> {
    let parsed = yaml::parse(file, text);
    let mut decoder = Decoder::new(&parsed.tree, parsed.diagnostics);
    let mut contents =
        FileContents { documents: Vec::new(), saved_states: Vec::new(), diagnostics: Vec::new(), whole: Whole::ALL };
    if !parsed.whole {
        contents.whole = Whole::NOTHING;
    }
    let mut sections = Vec::new();
    if parsed.documents.is_empty() && parsed.whole {
        let span = Span { file, start: 0, end: 0 };
        empty_document(&mut decoder, span, "the file holds no document");
    }
    for node in parsed.documents {
        read_document(&mut decoder, node, &mut contents, &mut sections);
    }
    // Problems that leave out entries whose names may be used elsewhere.
    let lossy = [Code::DuplicateKey, Code::BadKey, Code::MergeKey, Code::AliasBudget, Code::BadName];
    let lost: Vec<Span> = decoder.diagnostics.places(&lossy).collect();
    sections.sort_by_key(|(_, span)| *span);
    // What is lost in a part that stands for another as well is lost there too.
    let has_aliases = !lost.is_empty() && decoder.tree().has_aliases();
    for place in lost {
        // Sections do not overlap: the last one that starts before the place is the only one that can hold it.
        let before = sections.partition_point(|(_, span)| span.start <= place.start);
        let section = before.checked_sub(1).and_then(|last| sections.get(last));
        contents.whole = match section.filter(|(_, span)| place.start < span.end) {
            Some((key, _)) if !has_aliases => contents.whole.without(key),
            Some(_) | None => Whole::NOTHING,
        };
    }
    if decoder.diagnostics.is_over() {
        contents.whole = Whole::NOTHING;
    }
    contents.diagnostics = decoder.diagnostics.into_vec();
    contents
}

/// Reads one document; `sections` takes the places of its sections.
fn read_document<'a>(
    decoder: &mut Decoder<'a, '_>,
    node: yaml::NodeId,
    contents: &mut FileContents<'a>,
    sections: &mut Vec<(&'static str, Span)>,
) {
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
                contents.whole = Whole::NOTHING;
                return;
            }
            match Document::decode(at, decoder) {
                Some(document) => {
                    let read = [
                        ("org", document.org.is_some()),
                        ("users", document.users.is_some()),
                        ("projects", document.projects.is_some()),
                        ("project_groups", document.project_groups.is_some()),
                        ("teams", document.teams.is_some()),
                        ("grants", document.grants.is_some()),
                    ];
                    for (key, is_read) in read {
                        let Some((_, value)) = decoder.find(mapping, key) else { continue };
                        if !is_read {
                            contents.whole = contents.whole.without(key);
                        }
                        if key != "org" {
                            sections.push((key, decoder.tree().span(value)));
                        }
                    }
                    let nameless = match &document.org {
                        Some(Organization::Definition(definition)) => definition.key.is_none(),
                        Some(Organization::Key(_)) | None => false,
                    };
                    if nameless {
                        contents.whole = Whole::NOTHING;
                    }
                    contents.documents.push(document);
                }
                None => contents.whole = Whole::NOTHING,
            }
        }
        Some(Value::Scalar(_) | Value::List(_)) => {
            contents.whole = Whole::NOTHING;
            decoder
                .report(Code::WrongShape, mark, "a document is a mapping", "expected `version:` and `org:`")
                .helps
                .push("start with `version: 1` and `org:`".into());
        }
        None => contents.whole = Whole::NOTHING,
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
        (backend::LocalBackend::TITLE, backend::LocalBackend::FIELDS),
        (MixpanelBackend::TITLE, MixpanelBackend::FIELDS),
        (backend::Limits::TITLE, backend::Limits::FIELDS),
        (organization::Manage::TITLE, organization::Manage::FIELDS),
        (organization::Guards::TITLE, organization::Guards::FIELDS),
        (policy::Rule::TITLE, policy::Rule::FIELDS),
        (policy::Condition::TITLE, policy::Condition::FIELDS),
        (document::ProjectDetails::TITLE, document::ProjectDetails::FIELDS),
        (Team::TITLE, Team::FIELDS),
    ]
    .into_iter()
}
