//! The files that may be written, and where in them something new belongs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Places;
use crate::model::Email;
use crate::source::{FileId, Sources, Span};
use crate::yaml::{self, Addition, Edit, NodeId, Parsed, Unfit, Value, View};

/// The trees of the files that may be written.
pub(super) struct Trees<'a>(Vec<(FileId, &'a str, Parsed<'a>)>);

impl<'a> Trees<'a> {
    /// Reads the files of `sources` that may be written.
    pub(super) fn new(sources: &'a Sources, places: &Places) -> Self {
        let writable = sources.iter().filter(|(_, file)| places.files.contains(&file.path));
        Self(writable.map(|(id, file)| (id, file.text.as_str(), yaml::parse(id, &file.text))).collect())
    }
}

/// The files that may be written, and what is to be done with them for one organization.
pub(super) struct Files<'a, 't> {
    edits: BTreeMap<FileId, Edit<'a, 't>>,
    /// The documents of the organization, each with its sections.
    documents: Vec<Document>,
    /// What is added to sections that are not there yet: by file and document; a document that is not there is `None`.
    new: BTreeMap<Option<(FileId, NodeId)>, NewSections>,
}

/// What is added to sections that are not there yet, by their names.
type NewSections = BTreeMap<&'static str, Vec<Addition>>;

/// A document of the organization.
struct Document {
    file: FileId,
    root: NodeId,
    sections: BTreeMap<&'static str, Section>,
}

/// A section of a document.
struct Section {
    node: NodeId,
    entries: usize,
    /// How many entries are about people of a mail domain.
    domains: BTreeMap<String, usize>,
    /// Whom it is about.
    people: BTreeSet<String>,
}

/// A document that is begun for an organization: its sections with what is in them.
pub(super) type Begun = Vec<(String, Value)>;

impl<'a, 't> Files<'a, 't> {
    /// The documents of the organization `org` in `trees`.
    pub(super) fn new(org: &str, trees: &'t Trees<'a>) -> Self {
        let mut files = Self { edits: BTreeMap::new(), documents: Vec::new(), new: BTreeMap::new() };
        for (id, text, parsed) in &trees.0 {
            let edit = Edit::new(&parsed.tree, text);
            let roots = parsed.documents.iter().filter(|root| is_of(&edit, **root, org));
            files.documents.extend(roots.map(|root| Document::new(&edit, *id, *root)));
            files.edits.insert(*id, edit);
        }
        files
    }

    /// The edits of the file that `place` is in; `None` where that may not be written.
    pub(super) fn at(&mut self, place: Span) -> Option<&mut Edit<'a, 't>> {
        self.edits.get_mut(&place.file)
    }

    /// The definition of the organization, where that may be written.
    pub(super) fn definition(&mut self) -> Option<(&mut Edit<'a, 't>, NodeId)> {
        let found = self.documents.iter().find_map(|document| {
            let edit = self.edits.get(&document.file)?;
            let node = edit.value_of(document.root, "org")?;
            matches!(edit.tree().view(node), View::Mapping).then_some((document.file, node))
        });
        let (file, node) = found?;
        Some((self.edits.get_mut(&file)?, node))
    }

    /// Adds an entry to a section: where most is written about `people`, or else about others of their domain. `false` where
    /// there is no file for it.
    pub(super) fn add(&mut self, section: &'static str, people: &[&str], addition: Addition, may_begin: bool) -> bool {
        let domain = people.first().and_then(|user| user.rsplit_once('@')).map_or("", |(_, domain)| domain);
        let named = |section: &Section| people.iter().filter(|user| section.people.contains(**user)).count();
        let rank = |document: &&Document| {
            let of_file = self.documents.iter().filter(|other| other.file == document.file);
            let in_file: usize = of_file.flat_map(|other| other.sections.values()).map(named).sum();
            let found = document.sections.get(section);
            let of_domain = found.and_then(|found| found.domains.get(domain)).copied().unwrap_or(0);
            (found.map_or(0, named), in_file, found.is_some(), of_domain, found.map_or(0, |found| found.entries))
        };
        // Of those that are equal the first.
        let Some(best) = self.documents.iter().rev().max_by_key(rank) else {
            if may_begin {
                self.new.entry(None).or_default().entry(section).or_default().push(addition);
            }
            return may_begin;
        };
        match best.sections.get(section) {
            Some(found) => {
                let node = found.node;
                self.edits.get_mut(&best.file).map(|edit| edit.add(node, addition)).is_some()
            }
            None => {
                let place = Some((best.file, best.root));
                self.new.entry(place).or_default().entry(section).or_default().push(addition);
                true
            }
        }
    }

    /// The new texts of the files that change, and the document that is to be added to the configuration.
    pub(super) fn finish(mut self) -> Result<(BTreeMap<FileId, String>, Option<Begun>), Unfit> {
        let mut begun = None;
        for (place, sections) in std::mem::take(&mut self.new) {
            let sections = sections.into_iter().map(|(name, additions)| (name, section_of(additions)));
            match place {
                None => {
                    begun = Some(sections.map(|(name, value)| (name.to_owned(), value)).collect());
                }
                Some((file, root)) => {
                    let Some(edit) = self.edits.get_mut(&file) else { continue };
                    sections.for_each(|(name, value)| edit.add(root, Addition::section(name, value)));
                }
            }
        }
        let changed = self.edits.iter().filter(|(_, edit)| !edit.is_empty());
        let texts: Result<BTreeMap<FileId, String>, Unfit> =
            changed.map(|(file, edit)| Ok((*file, edit.finish()?))).collect();
        Ok((texts?, begun))
    }
}

/// A list or a mapping, whichever the additions are for.
fn section_of(additions: Vec<Addition>) -> Value {
    let is_list = additions.iter().all(|one| one.key.is_none());
    if is_list {
        return Value::List(additions.into_iter().map(|one| one.value).collect());
    }
    Value::Map(additions.into_iter().filter_map(|one| Some((one.key?, one.value))).collect())
}

/// Whether a document is about the organization.
fn is_of(edit: &Edit<'_, '_>, root: NodeId, org: &str) -> bool {
    let named = edit.value_of(root, "org");
    let key = named.and_then(|named| edit.value_of(named, "key"));
    [named, key].into_iter().flatten().any(|node| text_of(edit, node).is_some_and(|text| text.trim() == org))
}

fn text_of<'a>(edit: &Edit<'a, '_>, node: NodeId) -> Option<Cow<'a, str>> {
    match edit.tree().view(node) {
        View::Scalar(text, _) => Some(text.into_cow()),
        View::Sequence | View::Mapping | View::Alias(_) | View::Broken => None,
    }
}

impl Document {
    fn new(edit: &Edit<'_, '_>, file: FileId, root: NodeId) -> Self {
        let found = ["users", "projects", "teams", "grants"].into_iter();
        let sections = found.filter_map(|name| Some((name, Section::new(edit, edit.value_of(root, name)?)?))).collect();
        Self { file, root, sections }
    }
}

impl Section {
    fn new(edit: &Edit<'_, '_>, node: NodeId) -> Option<Self> {
        let tree = edit.tree();
        let mut section = Self { node, entries: 0, domains: BTreeMap::new(), people: BTreeSet::new() };
        let of_item = |item: NodeId| edit.value_of(item, "user").unwrap_or(item);
        match tree.view(node) {
            View::Mapping => {
                let children: Vec<NodeId> = tree.children(node).collect();
                for entry in children.chunks_exact(2) {
                    section.entries += 1;
                    section.note(edit, entry[0]);
                    let members = edit.value_of(entry[1], "members");
                    let members = members.filter(|list| matches!(tree.view(*list), View::Sequence));
                    members.into_iter().flat_map(|list| tree.children(list)).for_each(|item| {
                        section.note(edit, of_item(item));
                    });
                }
            }
            View::Sequence => tree.children(node).for_each(|item| {
                section.entries += 1;
                section.note(edit, of_item(item));
            }),
            View::Scalar(..) | View::Alias(_) | View::Broken => return None,
        }
        Some(section)
    }

    /// Notes who is called so, if somebody is.
    fn note(&mut self, edit: &Edit<'_, '_>, node: NodeId) {
        let written = text_of(edit, node);
        if let Some(email) = written.as_deref().and_then(|text| Email::canonical(text).ok()) {
            let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain).to_owned();
            *self.domains.entry(domain).or_default() += 1;
            self.people.insert(email.into_owned());
        }
    }
}
