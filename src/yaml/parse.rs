//! From parser events to a [`Tree`]. The only place that knows the parser.
#![expect(clippy::wildcard_enum_match_arm, reason = "the lists of events and errors are the parser's, and open")]

use std::borrow::Cow;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StrInput, Tag};

use super::{FINDINGS_LIMIT, Kind, NESTING_LIMIT, Node, NodeId, Tree, offset};
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::source::{FileId, Span};

/// What the YAML of a file holds.
#[derive(Debug)]
pub(crate) struct Parsed<'a> {
    /// The nodes.
    pub(crate) tree: Tree<'a>,
    /// The documents that could be read.
    pub(crate) documents: Vec<NodeId>,
    /// What is wrong.
    pub(crate) diagnostics: Findings,
    /// Whether every document could be read.
    pub(crate) whole: bool,
}

/// Parses `text`, the whole of `file`. After a syntax error it goes on with the next document.
pub(crate) fn parse(file: FileId, text: &str) -> Parsed<'_> {
    let options = granit_parser::options! {
        disallow_directives: true,
        emit_unresolved_aliases: true,
        emit_comments: false,
        flow_nesting_limit: NESTING_LIMIT,
        block_nesting_limit: NESTING_LIMIT,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let tree = Tree { file, text, nodes: Vec::with_capacity(text.len() / 16), owned: Vec::new() };
    let mut builder = Builder {
        parsed: Parsed { tree, documents: Vec::new(), diagnostics: Findings::new(FINDINGS_LIMIT), whole: true },
        open: Vec::new(),
        anchors: Vec::new(),
    };
    builder.read(&mut parser);
    builder.parsed
}

struct Builder<'a> {
    parsed: Parsed<'a>,
    /// The collections that the next node is in, each with the number of its children so far.
    open: Vec<(NodeId, u32)>,
    /// The anchors of the document with their nodes; the parser numbers them upwards.
    anchors: Vec<(usize, NodeId)>,
}

impl<'a> Builder<'a> {
    fn read(&mut self, parser: &mut Parser<'a, StrInput<'a>>) {
        let mut document = NodeId(0);
        while let Some(next) = parser.next_event() {
            match next {
                Ok((Event::DocumentStart(..), _)) => {
                    document = self.next_id();
                    self.anchors.clear();
                }
                Ok((Event::DocumentEnd, _)) => {
                    self.parsed.documents.push(document);
                    // An error before the next document must not take this one away.
                    document = self.next_id();
                }
                Ok((event, span)) => self.event(event, &span),
                Err(error) => {
                    self.parsed.whole = false;
                    self.open.clear();
                    let diagnostic = self.syntax_error(&error);
                    self.parsed.diagnostics.push(diagnostic);
                    self.parsed.tree.nodes.truncate(document.0 as usize);
                    // An error here means that the rest cannot be read either.
                    if !parser.proceed_next_document().unwrap_or(false) {
                        break;
                    }
                }
            }
        }
    }

    fn event(&mut self, event: Event<'a>, span: &granit_parser::Span) {
        let range = span.byte_range().unwrap_or(0..0);
        let (start, end) = (offset(range.start), offset(range.end));
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                let is_text = self.check_tag(tag.as_deref(), span);
                let plain = style == ScalarStyle::Plain && !is_text;
                let node = self.scalar(value, plain, start, end);
                self.push(node, anchor);
            }
            Event::SequenceStart(_, anchor, tag) => self.open(Kind::Sequence, anchor, tag.as_deref(), span, start),
            Event::MappingStart(_, anchor, tag) => self.open(Kind::Mapping, anchor, tag.as_deref(), span, start),
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some((id, children)) = self.open.pop() {
                    let after = offset(self.parsed.tree.nodes.len());
                    let node = &mut self.parsed.tree.nodes[id.0 as usize];
                    node.end = end.max(node.start);
                    node.first = after;
                    node.second = children;
                }
            }
            Event::Alias(anchor) => self.alias(anchor, start, end),
            Event::UnresolvedAlias(name) => {
                let message = format!("no anchor `&{name}` stands before this in the document");
                let help = "define the anchor earlier in the same document, or quote the text";
                self.report(Code::UnknownAnchor, (start, end), message, "refers to nothing", help);
                self.push(Node { start, end, first: 0, second: 0, kind: Kind::Broken }, 0);
            }
            // Documents are handled by the caller; comments and anchor events are switched off.
            _ => {}
        }
    }

    fn scalar(&mut self, value: Cow<'a, str>, plain: bool, start: u32, end: u32) -> Node {
        let text = self.parsed.tree.text;
        // The parser lends a part of the text wherever it can; where that part is follows from its address.
        let place = match &value {
            Cow::Borrowed(_) if start == end && plain => Some(start as usize),
            Cow::Borrowed(part) => (part.as_ptr() as usize)
                .checked_sub(text.as_ptr() as usize)
                .filter(|first| first + part.len() <= text.len()),
            Cow::Owned(_) => None,
        };
        // Nothing written stands for null: the parser calls it `~`, the tree keeps that it is empty.
        let length = if start == end && plain { 0 } else { value.len() };
        match place {
            Some(first) => {
                let kind = if plain { Kind::Plain } else { Kind::Quoted };
                Node { start, end, first: offset(first), second: offset(length), kind }
            }
            None => {
                let first = offset(self.parsed.tree.owned.len());
                self.parsed.tree.owned.push(value.into_owned());
                let kind = if plain { Kind::PlainOwned } else { Kind::QuotedOwned };
                Node { start, end, first, second: 0, kind }
            }
        }
    }

    fn open(&mut self, kind: Kind, anchor: usize, tag: Option<&Tag>, span: &granit_parser::Span, start: u32) {
        self.check_tag(tag, span);
        let id = self.next_id();
        self.push(Node { start, end: start, first: id.0 + 1, second: 0, kind }, anchor);
        self.open.push((id, 0));
    }

    fn alias(&mut self, anchor: usize, start: u32, end: u32) {
        let found = self.anchors.binary_search_by_key(&anchor, |(known, _)| *known);
        let target = found.ok().map(|index| self.anchors[index].1);
        let node = match target {
            Some(target) if self.open.iter().any(|(id, _)| *id == target) => {
                let message = "an alias refers to the value that it is part of";
                self.report(Code::AliasCycle, (start, end), message, "would never end", "write the value out");
                Node { start, end, first: 0, second: 0, kind: Kind::Broken }
            }
            Some(target) => Node { start, end, first: target.0, second: 0, kind: Kind::Alias },
            None => Node { start, end, first: 0, second: 0, kind: Kind::Broken },
        };
        self.push(node, 0);
    }

    fn push(&mut self, node: Node, anchor: usize) {
        if anchor > 0 {
            let id = self.next_id();
            self.anchors.push((anchor, id));
        }
        if let Some((_, children)) = self.open.last_mut() {
            *children += 1;
        }
        self.parsed.tree.nodes.push(node);
    }

    fn next_id(&self) -> NodeId {
        NodeId(offset(self.parsed.tree.nodes.len()))
    }

    /// Reports a tag that the language does not know; whether the tag says that the value is text.
    fn check_tag(&mut self, tag: Option<&Tag>, span: &granit_parser::Span) -> bool {
        let Some(tag) = tag else { return false };
        let core = tag.core_suffix();
        if core == Some("str") {
            return true;
        }
        let range = span.tag_span().and_then(|tag| tag.byte_range()).or_else(|| span.byte_range()).unwrap_or(0..0);
        let message = format!("the tag `{}` has no meaning here", tag.original());
        let help = "remove the tag; text that looks like something else is text where text is meant";
        self.report(Code::Tag, (offset(range.start), offset(range.end)), message, "not allowed", help);
        false
    }

    fn report(&mut self, code: Code, (start, end): (u32, u32), message: impl Into<String>, label: &str, help: &str) {
        let span = Span { file: self.parsed.tree.file, start, end };
        self.parsed.diagnostics.push(Diagnostic::at(code, span, message, label).help(help));
    }

    fn syntax_error(&self, error: &ScanError) -> Diagnostic {
        let text = self.parsed.tree.text;
        let mut start = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let width = text[start..].chars().next().filter(|first| *first != '\n').map_or(0, char::len_utf8);
        let span = Span { file: self.parsed.tree.file, start: offset(start), end: offset(start + width) };
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line = text[line_start..].lines().next().unwrap_or("");
        let indent = line.len() - line.trim_start().len();
        match error.kind() {
            ErrorKind::RecursionLimitExceeded => {
                let message = format!("lists and mappings are nested more than {NESTING_LIMIT} levels deep");
                Diagnostic::at(Code::TooDeep, span, message, "too deep").help("no part of the language needs so many")
            }
            ErrorKind::DirectiveDisallowed => {
                Diagnostic::at(Code::Directive, span, "YAML directives have no meaning here", "a directive")
                    .help("remove the line that starts with `%`")
            }
            kind => {
                // The parser often notices a tab only behind it.
                let is_tab = [ErrorKind::TabNotAllowed, ErrorKind::TabInBlockIndentation, ErrorKind::TabInIndentation]
                    .contains(kind);
                let indent_tab = line[..indent].find('\t').map(|column| line_start + column);
                // In front of what looks like more of a text, it is noticed at the start of that text.
                let indent_tab = match kind {
                    ErrorKind::TabInPlainScalar => indent_tab.or_else(|| tab_in_indent(text, start)),
                    _ => indent_tab,
                };
                if let Some(first) = indent_tab {
                    return tab(Span { start: offset(first), end: offset(first + 1), ..span });
                }
                if is_tab {
                    return tab(span);
                }
                Diagnostic::at(Code::Syntax, span, format!("this is not valid YAML: {}", words(kind)), "here")
            }
        }
    }
}

/// The first tab in front of a line after the one with the byte `from`.
fn tab_in_indent(text: &str, from: usize) -> Option<usize> {
    let mut start = from + text[from..].find('\n')? + 1;
    for line in text[start..].split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
        if let Some(column) = line[..indent].find('\t') {
            return Some(start + column);
        }
        start += line.len();
    }
    None
}

fn tab(span: Span) -> Diagnostic {
    Diagnostic::at(Code::Tab, span, "a tab is used where YAML wants spaces", "a tab").help("indent with spaces")
}

/// What the parser says, in words that do not need the YAML specification where that matters most.
fn words(kind: &ErrorKind) -> Cow<'static, str> {
    let plain = match kind {
        ErrorKind::UnexpectedEofFlowSequence | ErrorKind::UnclosedFlowCollection { open: '[' } => {
            "a list that starts with `[` has no `]`"
        }
        ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::UnexpectedEofImplicitFlowMapping
        | ErrorKind::UnclosedFlowCollection { open: '{' } => "a mapping that starts with `{` has no `}`",
        ErrorKind::ExpectedFlowMappingSeparator => {
            "a `,` or the closing `}` is missing before this, or a text with `: ` in it needs quotes"
        }
        ErrorKind::ExpectedFlowSequenceSeparator => "a `,` or the closing `]` is missing before this",
        ErrorKind::InvalidQuotedScalarIndent | ErrorKind::DocumentIndicatorInQuotedScalar => {
            "a quoted text goes on where it should have ended; is its closing quote missing?"
        }
        ErrorKind::UnclosedQuotedScalar => "a text that starts with a quote has no closing quote",
        ErrorKind::MappingValueNotAllowed | ErrorKind::InvalidColonPlacement => {
            "a `:` is not expected here; is the line above complete, or does a text with `: ` in it need quotes?"
        }
        ErrorKind::SimpleKeyExpected | ErrorKind::InvalidSimpleKey => "a key is not followed by `:` on its line",
        ErrorKind::ExpectedBlockMappingKey => "the indentation fits no key above",
        ErrorKind::InvalidIndentation => "the indentation fits nothing above",
        ErrorKind::UnexpectedCharacter { character: '@' } => "a text that starts with `@` needs quotes",
        ErrorKind::UnexpectedCharacter { character: '`' } => "a text that starts with a backtick needs quotes",
        ErrorKind::UnexpectedCharacter { character: '%' } => "a text that starts with `%` needs quotes",
        kind => {
            let said = kind.to_string();
            let said = said.trim_end_matches('.').replace("EOF", "end of file");
            let mut chars = said.chars();
            let first = chars.next().map(|first| first.to_ascii_lowercase());
            return first.into_iter().chain(chars).collect::<String>().into();
        }
    };
    plain.into()
}
