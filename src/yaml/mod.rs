//! YAML text as a tree that keeps the place of every key and value.
//!
//! A [`Tree`] is a flat list of small nodes that borrow from the text of their file. Aliases stay references, so that a
//! short text can never become a large tree. What is wrong with the YAML itself is found here, all of it in one run;
//! what the documents mean is for `spec`.

mod edit;
mod parse;
mod write;

use crate::source::{FileId, Span};

pub(crate) use edit::{Edit, Unfit, append_document};
pub(crate) use parse::{Parsed, parse};
pub(crate) use write::{Addition, Value};

/// How deeply lists and mappings may be nested; the language itself needs six levels.
pub(crate) const NESTING_LIMIT: usize = 64;

/// How many problems of one file are told.
pub(crate) const FINDINGS_LIMIT: usize = 1_000;

/// The index of a node in its [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodeId(u32);

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Text without quotes, part of the file.
    Plain,
    /// Text without quotes that differs from what the file holds: it went over several lines.
    PlainOwned,
    /// Quoted or block text, part of the file.
    Quoted,
    /// Quoted or block text that differs from what the file holds, such as by escapes.
    QuotedOwned,
    Sequence,
    Mapping,
    /// A reference to an earlier node.
    Alias,
    /// Something that was reported already and has no value.
    Broken,
}

/// A node. Children follow their parent; a scalar is one node.
#[derive(Debug, Clone, Copy)]
struct Node {
    start: u32,
    end: u32,
    /// Scalars in the file: where the text starts; owned scalars: which one; collections: the node after the last
    /// child; aliases: the node meant.
    first: u32,
    /// Scalars in the file: the length of the text; collections: the number of children.
    second: u32,
    kind: Kind,
}

/// The nodes of all documents of one file.
#[derive(Debug)]
pub(crate) struct Tree<'a> {
    file: FileId,
    text: &'a str,
    nodes: Vec<Node>,
    owned: Vec<String>,
}

/// A node as its reader sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum View<'a, 't> {
    /// Text with whether it was written without quotes.
    Scalar(ScalarText<'a, 't>, bool),
    /// A list.
    Sequence,
    /// A mapping.
    Mapping,
    /// Stands for another node.
    Alias(NodeId),
    /// Reported already.
    Broken,
}

/// The text of a scalar.
#[derive(Debug, Clone, Copy)]
pub(crate) enum ScalarText<'a, 't> {
    /// As the file holds it.
    Borrowed(&'a str),
    /// Made from what the file holds.
    Owned(&'t str),
}

impl<'a> ScalarText<'a, '_> {
    /// The text.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }

    /// The text, free of the tree.
    pub(crate) fn into_cow(self) -> std::borrow::Cow<'a, str> {
        match self {
            Self::Borrowed(text) => text.into(),
            Self::Owned(text) => text.to_owned().into(),
        }
    }
}

impl<'a> Tree<'a> {
    /// The node as its reader sees it.
    pub(crate) fn view(&self, id: NodeId) -> View<'a, '_> {
        let node = self.node(id);
        match node.kind {
            Kind::Plain => View::Scalar(self.borrowed(node), true),
            Kind::Quoted => View::Scalar(self.borrowed(node), false),
            Kind::PlainOwned => View::Scalar(ScalarText::Owned(&self.owned[node.first as usize]), true),
            Kind::QuotedOwned => View::Scalar(ScalarText::Owned(&self.owned[node.first as usize]), false),
            Kind::Sequence => View::Sequence,
            Kind::Mapping => View::Mapping,
            Kind::Alias => View::Alias(NodeId(node.first)),
            Kind::Broken => View::Broken,
        }
    }

    /// Whether a part stands for another, so that what is written in one place also counts elsewhere.
    pub(crate) fn has_aliases(&self) -> bool {
        self.nodes.iter().any(|node| node.kind == Kind::Alias)
    }

    /// The text that the node covers.
    pub(crate) fn span(&self, id: NodeId) -> Span {
        let node = self.node(id);
        Span { file: self.file, start: node.start, end: node.end }
    }

    /// The part of the node that is marked in a message: its first line.
    pub(crate) fn mark(&self, id: NodeId) -> Span {
        let span = self.span(id);
        let line = self.text_of(span).lines().next().unwrap_or("").trim_end();
        Span { end: span.start + offset(line.len()), ..span }
    }

    /// The text of the file at `span`.
    pub(crate) fn text_of(&self, span: Span) -> &'a str {
        self.text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    /// How many keys a mapping has, or half as many values as a list.
    pub(crate) fn entries(&self, id: NodeId) -> usize {
        self.node(id).second as usize / 2
    }

    /// How many nodes the node and everything in it are.
    pub(crate) fn size(&self, id: NodeId) -> u32 {
        self.after(id).0 - id.0
    }

    /// The values of a list, or the keys and values of a mapping in turn.
    pub(crate) fn children(&self, id: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let end = self.after(id);
        let mut next = NodeId(id.0 + 1);
        std::iter::from_fn(move || {
            let child = next;
            (child < end).then(|| {
                next = self.after(child);
                child
            })
        })
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    fn borrowed(&self, node: &Node) -> ScalarText<'a, '_> {
        let start = node.first as usize;
        ScalarText::Borrowed(self.text.get(start..start + node.second as usize).unwrap_or(""))
    }

    fn after(&self, id: NodeId) -> NodeId {
        let node = self.node(id);
        match node.kind {
            Kind::Sequence | Kind::Mapping => NodeId(node.first),
            Kind::Plain | Kind::PlainOwned | Kind::Quoted | Kind::QuotedOwned | Kind::Alias | Kind::Broken => {
                NodeId(id.0 + 1)
            }
        }
    }
}

/// An offset or count within one file, which is never larger than `load::FILE_LIMIT`.
fn offset(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
