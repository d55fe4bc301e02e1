//! The files that may be written, and where in them something new belongs.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::Places;
use crate::model::Email;
use crate::source::{FileId, Sources, Span};
use crate::yaml::{self, Addition, Edit, NodeId, Parsed, Unfit, Value, View, document};

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
    org: &'t str,
    edits: BTreeMap<FileId, Edit<'a, 't>>,
    /// The documents of the organization.
    documents: Vec<(FileId, NodeId)>,
    sections: BTreeMap<&'static str, Vec<Section>>,
    /// What is added to sections that are not there yet: by file and document; a document that is not there is `None`.
    new: BTreeMap<Option<(FileId, NodeId)>, NewSections>,
}

/// What is added to sections that are not there yet, by their names.
type NewSections = BTreeMap<&'static str, Vec<Addition>>;

/// A section of a document.
struct Section {
    file: FileId,
    node: NodeId,
    entries: usize,
    /// How many entries are about people of a mail domain.
    domains: BTreeMap<String, usize>,
    /// Whom it is about.
    people: BTreeSet<String>,
}

impl<'a, 't> Files<'a, 't> {
    /// The documents of the organization `org` in `trees`.
    pub(super) fn new(org: &'t str, trees: &'t Trees<'a>) -> Self {
        let mut files = Self {
            org,
            edits: BTreeMap::new(),
            documents: Vec::new(),
            sections: BTreeMap::new(),
            new: BTreeMap::new(),
        };
        for (id, text, parsed) in &trees.0 {
            let edit = Edit::new(&parsed.tree, text);
            let roots = parsed.documents.iter().filter(|root| is_of(&edit, **root, org));
            files.documents.extend(roots.map(|root| (*id, *root)));
            files.edits.insert(*id, edit);
        }
        for section in ["users", "projects", "teams", "grants"] {
            let found = files.documents.iter().filter_map(|(file, root)| {
                let edit = files.edits.get(file)?;
                Section::new(edit, *file, edit.value_of(*root, section)?)
            });
            let found = found.collect();
            files.sections.insert(section, found);
        }
        files
    }

    /// The edits of the file that `place` is in; `None` where that may not be written.
    pub(super) fn at(&mut self, place: Span) -> Option<&mut Edit<'a, 't>> {
        self.edits.get_mut(&place.file)
    }

    /// The definition of the organization, where that may be written.
    pub(super) fn definition(&mut self) -> Option<(&mut Edit<'a, 't>, NodeId)> {
        let found = self.documents.iter().find_map(|(file, root)| {
            let edit = self.edits.get(file)?;
            let node = edit.value_of(*root, "org")?;
            matches!(edit.tree().view(node), View::Mapping).then_some((*file, node))
        });
        let (file, node) = found?;
        Some((self.edits.get_mut(&file)?, node))
    }

    /// Adds an entry to a section: where most is written about `user`, or people of the same domain. `false` where there is
    /// no file for it.
    pub(super) fn add(
        &mut self,
        section: &'static str,
        user: Option<&str>,
        addition: Addition,
        may_begin: bool,
    ) -> bool {
        let domain = user.and_then(|user| user.rsplit_once('@')).map_or("", |(_, domain)| domain);
        let rank = |section: &&Section| {
            let is_about = user.is_some_and(|user| section.people.contains(user));
            (is_about, section.domains.get(domain).copied().unwrap_or(0), section.entries)
        };
        let sections = self.sections.get(section).map_or(&[][..], Vec::as_slice);
        // Of sections that are equal the first.
        let best = sections.iter().rev().max_by_key(rank).map(|section| (section.file, section.node));
        if let Some((file, node)) = best {
            return self.edits.get_mut(&file).map(|edit| edit.add(node, addition)).is_some();
        }
        let document = self.documents.first().copied();
        if document.is_none() && !may_begin {
            return false;
        }
        self.new.entry(document).or_default().entry(section).or_default().push(addition);
        true
    }

    /// The new texts of the files that change, and the document that is to be added to the configuration.
    pub(super) fn finish(mut self) -> Result<(BTreeMap<FileId, String>, Option<String>), Unfit> {
        let mut begun = None;
        for (place, sections) in std::mem::take(&mut self.new) {
            let sections = sections.into_iter().map(|(name, additions)| (name, section_of(additions)));
            match place {
                None => {
                    let sections = sections.map(|(name, value)| (name.to_owned(), value)).collect();
                    begun = Some(document(&crate::export::scalar(self.org), sections));
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

impl Section {
    fn new(edit: &Edit<'_, '_>, file: FileId, node: NodeId) -> Option<Self> {
        let tree = edit.tree();
        let mut section = Self { file, node, entries: 0, domains: BTreeMap::new(), people: BTreeSet::new() };
        let whose: Vec<NodeId> = match tree.view(node) {
            View::Mapping => tree.children(node).step_by(2).collect(),
            View::Sequence => tree.children(node).map(|item| edit.value_of(item, "user").unwrap_or(item)).collect(),
            View::Scalar(..) | View::Alias(_) | View::Broken => return None,
        };
        for node in whose {
            section.entries += 1;
            let written = text_of(edit, node);
            if let Some(email) = written.as_deref().and_then(|text| Email::canonical(text).ok()) {
                let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain).to_owned();
                *section.domains.entry(domain).or_default() += 1;
                section.people.insert(email.into_owned());
            }
        }
        Some(section)
    }
}
