//! From nodes of YAML to the types of the language, with every complaint on the way.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::near;
use crate::source::Span;
use crate::yaml::{NodeId, Tree, View};

/// How many nodes the aliases of one file may stand for in all.
pub(crate) const ALIAS_LIMIT: u32 = 1_000_000;

/// A type that can be read from a node. `None` means that the reason has been reported.
pub(crate) trait Decode<'a>: Sized {
    /// What is expected, for messages: `a list`.
    const EXPECTED: &'static str;
    /// How an empty value is written, where there is one.
    const EMPTY: Option<&'static str> = None;

    /// Reads the node.
    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self>;
}

/// A value to decode.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At {
    /// The value.
    pub(crate) node: NodeId,
    /// The key that it belongs to; list entries have none.
    pub(crate) key: Option<Span>,
}

/// A scalar with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar<'a> {
    /// The text.
    pub(crate) text: Cow<'a, str>,
    /// Where it stands.
    pub(crate) span: Span,
    /// Whether it is written without quotes.
    pub(crate) plain: bool,
}

impl Scalar<'_> {
    fn is_null(&self) -> bool {
        self.plain && matches!(&*self.text, "" | "~" | "null" | "Null" | "NULL")
    }
}

/// A node after aliases are followed and nulls refused.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    /// Text.
    Scalar(Scalar<'a>),
    /// A list.
    List(NodeId),
    /// A mapping.
    Mapping(NodeId),
}

impl Value<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Scalar(_) => "text",
            Self::List(_) => "a list",
            Self::Mapping(_) => "a mapping",
        }
    }
}

/// Reads the nodes of one file and collects what is wrong.
#[derive(Debug)]
pub(crate) struct Decoder<'a, 't> {
    tree: &'t Tree<'a>,
    budget: u32,
    /// What is wrong.
    pub(crate) diagnostics: Findings,
}

impl<'a, 't> Decoder<'a, 't> {
    /// A decoder for the nodes of `tree`, which goes on with `diagnostics`.
    pub(crate) fn new(tree: &'t Tree<'a>, diagnostics: Findings) -> Self {
        Self { tree, budget: ALIAS_LIMIT, diagnostics }
    }

    /// The tree that is read.
    pub(crate) fn tree(&self) -> &'t Tree<'a> {
        self.tree
    }

    /// Reports at `span`.
    pub(crate) fn report(
        &mut self,
        code: Code,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> &mut Diagnostic {
        self.diagnostics.push(Diagnostic::at(code, span, message, label))
    }

    /// What stands at `at`, for a `T`; a missing value is reported.
    pub(crate) fn value<T: Decode<'a>>(&mut self, at: At) -> Option<Value<'a>> {
        let value = self.look(at.node)?;
        if let Value::Scalar(scalar) = &value
            && scalar.is_null()
        {
            self.no_value(at, scalar, T::EXPECTED, T::EMPTY);
            return None;
        }
        Some(value)
    }

    /// The scalar at `at`, for a `T`; another shape is reported.
    pub(crate) fn scalar<T: Decode<'a>>(&mut self, at: At) -> Option<Scalar<'a>> {
        match self.value::<T>(at)? {
            Value::Scalar(scalar) => Some(scalar),
            other @ (Value::List(_) | Value::Mapping(_)) => self.wrong_shape::<T, _>(at, &other),
        }
    }

    /// The mapping at `at`, for a `T`; another shape is reported.
    pub(crate) fn mapping<T: Decode<'a>>(&mut self, at: At) -> Option<NodeId> {
        match self.value::<T>(at)? {
            Value::Mapping(node) => Some(node),
            other @ (Value::List(_) | Value::Scalar(_)) => self.wrong_shape::<T, _>(at, &other),
        }
    }

    /// Reports that `found` is not what a `T` is read from.
    pub(crate) fn wrong_shape<T: Decode<'a>, R>(&mut self, at: At, found: &Value<'a>) -> Option<R> {
        let (span, found) = (self.mark(at), found.kind());
        let message = match at.key {
            Some(key) => format!("`{}` is {found}, not {}", self.text(key), T::EXPECTED),
            None => format!("this is {found}, not {}", T::EXPECTED),
        };
        self.report(Code::WrongShape, span, message, format!("expected {}", T::EXPECTED));
        None
    }

    /// The place to mark for `at`: the value, or its key where nothing is written.
    pub(crate) fn mark(&self, at: At) -> Span {
        let mark = self.tree.mark(at.node);
        if mark.start == mark.end { at.key.unwrap_or(mark) } else { mark }
    }

    /// The text of the file at `span`, without quotes.
    pub(crate) fn text(&self, span: Span) -> &'a str {
        self.tree.text_of(span).trim_matches(['"', '\''])
    }

    /// Hands each key of a mapping with its value to `visit`; keys that are no text or come again are reported.
    pub(crate) fn for_each_entry(
        &mut self,
        mapping: NodeId,
        mut visit: impl FnMut(Scalar<'a>, NodeId, &mut Self) -> ControlFlow<()>,
    ) {
        let mut seen = Seen::new(self.tree.entries(mapping));
        let mut children = self.tree.children(mapping);
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            if self.diagnostics.is_over() {
                return;
            }
            let Some(key) = self.key(key) else { continue };
            if let Some(first) = seen.insert(&key) {
                let message = format!("the key `{}` is written twice", key.text);
                self.diagnostics.push(
                    Diagnostic::at(Code::DuplicateKey, key.span, message, "again here")
                        .also(first, "first written here")
                        .help("keep one of them: YAML readers differ in which of two they take"),
                );
                continue;
            }
            if visit(key, value, self).is_break() {
                return;
            }
        }
    }

    /// The key `text` of a mapping with its value, without complaints about anything else.
    pub(crate) fn find(&self, mapping: NodeId, text: &str) -> Option<(Span, NodeId)> {
        let mut children = self.tree.children(mapping);
        while let (Some(key), Some(value)) = (children.next(), children.next()) {
            if let View::Scalar(found, _) = self.tree.view(key)
                && found.as_str() == text
            {
                return Some((self.tree.span(key), value));
            }
        }
        None
    }

    /// Follows aliases, within the budget of the file.
    pub(crate) fn look(&mut self, node: NodeId) -> Option<Value<'a>> {
        let mut target = node;
        loop {
            match self.tree.view(target) {
                View::Scalar(text, plain) => {
                    let text = text.into_cow();
                    return Some(Value::Scalar(Scalar { text, span: self.tree.span(target), plain }));
                }
                View::Sequence => return Some(Value::List(target)),
                View::Mapping => return Some(Value::Mapping(target)),
                View::Broken => return None,
                View::Alias(meant) => {
                    self.charge(node, meant)?;
                    target = meant;
                }
            }
        }
    }

    /// Reports a key that the record called `title` with these `fields` does not have. Returns the field that was
    /// probably meant, so that it need not be reported as missing.
    pub(crate) fn unknown_key(
        &mut self,
        key: &Scalar<'a>,
        title: &str,
        fields: &'static [&'static str],
    ) -> Option<&'static str> {
        let name = &*key.text;
        if looks_secret(name) {
            let message = format!("`{name}` looks like a secret, and secrets do not belong in the configuration");
            self.report(Code::Secret, key.span, message, "remove this, and replace the secret if it was real")
                .helps
                .push(
                    "credentials come from the environment: `ACCESSCTL_<KEY>_SERVICE_ACCOUNT` and \
                     `ACCESSCTL_<KEY>_SECRET`, where KEY is the organization's key in capitals"
                        .into(),
                );
            return None;
        }
        let near = near::nearest(name, fields.iter().copied());
        let home = super::homes().find(|(_, fields)| fields.contains(&name)).map(|(title, _)| title);
        let message = format!("{title} has no key `{name}`");
        let diagnostic = self.report(Code::UnknownKey, key.span, message, "not known here");
        match (near, home) {
            (Some(near), _) => diagnostic.helps.push(format!("did you mean `{near}`?")),
            (None, Some(home)) => diagnostic.helps.push(format!("`{name}` is a key of {home}")),
            (None, None) => {
                let names: Vec<_> = fields.iter().map(|field| format!("`{field}`")).collect();
                diagnostic.helps.push(format!("known keys are {}", names.join(", ")));
            }
        }
        near.and_then(|near| fields.iter().copied().find(|field| *field == near))
    }

    /// Reports that the record called `title` at `at` lacks `field`.
    pub(crate) fn missing_key(&mut self, at: At, title: &str, field: &str) {
        let span = at.key.unwrap_or_else(|| self.tree.mark(at.node));
        let message = format!("{title} needs `{field}`");
        self.report(Code::MissingKey, span, message, format!("no `{field}` here"));
    }

    fn no_value(&mut self, at: At, scalar: &Scalar<'a>, expected: &str, empty: Option<&str>) {
        let span = match at.key {
            Some(key) if scalar.text.is_empty() => key,
            Some(_) | None => scalar.span,
        };
        let message = match at.key {
            Some(key) => format!("`{}` has no value", self.text(key)),
            None => "a list entry has no value".to_owned(),
        };
        let help = match (empty, at.key) {
            (Some(empty), _) => format!("write `{empty}` for none, or remove the key"),
            (None, Some(_)) => "write the value, or remove the key".to_owned(),
            (None, None) => "write the value, or remove the entry".to_owned(),
        };
        self.report(Code::NoValue, span, message, format!("expected {expected}")).helps.push(help);
    }

    fn key(&mut self, node: NodeId) -> Option<Scalar<'a>> {
        let span = self.tree.mark(node);
        match self.look(node)? {
            Value::Scalar(scalar) if scalar.is_null() => {
                let message = "a key is empty".to_owned();
                self.report(Code::BadKey, span, message, "expected text")
                    .helps
                    .push("write the key; a text that reads as nothing, such as `null`, needs quotes".into());
                None
            }
            Value::Scalar(scalar) if scalar.plain && scalar.text == "<<" => {
                self.report(Code::MergeKey, span, "YAML merge keys have no meaning here", "not allowed")
                    .helps
                    .push("write the keys out, so that a reviewer sees them where they count".into());
                None
            }
            Value::Scalar(scalar) => Some(scalar),
            other @ (Value::List(_) | Value::Mapping(_)) => {
                let message = format!("a key is {}, not text", other.kind());
                self.report(Code::BadKey, span, message, "expected text");
                None
            }
        }
    }

    fn charge(&mut self, alias: NodeId, meant: NodeId) -> Option<()> {
        // Texts count by length as well: each reader of an alias may need its own copy.
        let bytes = {
            let span = self.tree.span(meant);
            (span.end - span.start) / 64
        };
        let cost = self.tree.size(meant).saturating_add(bytes);
        match self.budget.checked_sub(cost) {
            Some(rest) => self.budget = rest,
            None if self.budget == 0 => return None,
            None => {
                self.budget = 0;
                let message = format!("the aliases of this file stand for more than {ALIAS_LIMIT} values");
                let span = self.tree.span(alias);
                self.report(Code::AliasBudget, span, message, "too many from here on")
                    .helps
                    .push("write the values out".into());
                return None;
            }
        }
        Some(())
    }
}

/// The keys of a mapping so far.
enum Seen<'a> {
    Few(Vec<(Cow<'a, str>, Span)>),
    #[expect(clippy::disallowed_types, reason = "looked up by text only, never iterated")]
    Many(std::collections::HashMap<Cow<'a, str>, Span, foldhash::fast::RandomState>),
}

impl<'a> Seen<'a> {
    fn new(count: usize) -> Self {
        if count <= 12 {
            return Self::Few(Vec::with_capacity(count));
        }
        let hasher = foldhash::fast::RandomState::default();
        #[expect(clippy::disallowed_types, reason = "looked up by text only, never iterated")]
        Self::Many(std::collections::HashMap::with_capacity_and_hasher(count, hasher))
    }

    /// Remembers the key, or returns where it stood before.
    fn insert(&mut self, key: &Scalar<'a>) -> Option<Span> {
        match self {
            Self::Few(keys) => {
                if let Some((_, first)) = keys.iter().find(|(known, _)| *known == key.text) {
                    return Some(*first);
                }
                keys.push((key.text.clone(), key.span));
                None
            }
            Self::Many(keys) => match keys.entry(key.text.clone()) {
                std::collections::hash_map::Entry::Occupied(entry) => Some(*entry.get()),
                std::collections::hash_map::Entry::Vacant(entry) => {
                    entry.insert(key.span);
                    None
                }
            },
        }
    }
}

fn looks_secret(key: &str) -> bool {
    let key: String = key.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    ["secret", "password", "passwd", "token", "apikey", "serviceaccount", "privatekey", "credential"]
        .iter()
        .any(|word| key.contains(word))
}
