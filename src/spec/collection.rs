//! Lists and mappings with free keys.

use std::ops::ControlFlow;

use schemars::{JsonSchema, json_schema};

use super::decode::{At, Decode, Decoder, Scalar, Value};
use super::schema::{inline_schema, of};
use super::value::{EmailText, NameText, ProjectName, Text};
use crate::diagnostic::Code;
use crate::source::Span;

/// A mapping with keys of the user's choice, in the order in which it is written.
#[derive(Debug)]
pub(crate) struct Map<K, V> {
    /// The key that it stands under.
    pub(crate) span: Span,
    /// The entries; a value that could not be read is `None`.
    pub(crate) entries: Vec<(K, Option<V>)>,
    /// Whether nothing at all is written.
    pub(crate) empty: bool,
}

/// A list, in the order in which it is written. What could not be read is left out.
#[derive(Debug)]
pub(crate) struct List<V> {
    /// The values.
    pub(crate) items: Vec<V>,
    /// Whether nothing at all is written.
    pub(crate) empty: bool,
}

/// One value, or a list of them.
#[derive(Debug)]
pub(crate) struct OneOrMany<V>(pub(crate) Vec<V>);

/// A value that knows whether anything is wrong with it.
#[derive(Debug)]
pub(crate) struct Intact<T> {
    /// The value.
    pub(crate) value: T,
    /// Whether nothing is.
    pub(crate) is_intact: bool,
}

/// A value that is checked and has no meaning yet: whoever writes it is told so.
#[derive(Debug)]
pub(crate) struct Later<T>(std::marker::PhantomData<T>);

/// What the schema says of a key.
pub(crate) trait KeyPattern {
    /// The pattern, where there is one.
    const PATTERN: Option<&'static str>;
}

impl KeyPattern for EmailText<'_> {
    const PATTERN: Option<&'static str> = Some(EmailText::PATTERN);
}

impl KeyPattern for Text<'_> {
    const PATTERN: Option<&'static str> = None;
}

impl KeyPattern for NameText<'_> {
    const PATTERN: Option<&'static str> = Some(NameText::PATTERN);
}

impl KeyPattern for ProjectName<'_> {
    const PATTERN: Option<&'static str> = Some(ProjectName::PATTERN);
}

/// A key of a [`Map`].
pub(crate) trait MapKey<'a>: Sized {
    /// Reads the key.
    fn from_key(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self>;
}

impl<'a> MapKey<'a> for EmailText<'a> {
    fn from_key(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        Self::from_scalar(scalar, decoder)
    }
}

impl<'a> MapKey<'a> for Text<'a> {
    fn from_key(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        Self::from_scalar(scalar, decoder)
    }
}

impl<'a> MapKey<'a> for NameText<'a> {
    fn from_key(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        Self::from_scalar(scalar, decoder)
    }
}

impl<'a> MapKey<'a> for ProjectName<'a> {
    fn from_key(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        Self::from_scalar(scalar, decoder)
    }
}

impl<'a, K: MapKey<'a>, V: Decode<'a>> Decode<'a> for Map<K, V> {
    const EXPECTED: &'static str = "a mapping";
    const EMPTY: Option<&'static str> = Some("{}");

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let mapping = decoder.mapping::<Self>(at)?;
        let span = at.key.unwrap_or_else(|| decoder.tree().mark(at.node));
        let count = decoder.tree().entries(mapping);
        let mut entries = Vec::with_capacity(count);
        decoder.for_each_entry(mapping, |key, node, decoder| {
            let at = At { node, key: Some(key.span) };
            let key = K::from_key(key, decoder);
            let value = V::decode(at, decoder);
            entries.extend(key.map(|key| (key, value)));
            ControlFlow::Continue(())
        });
        Some(Self { span, entries, empty: count == 0 })
    }
}

impl<'a, V: Decode<'a>> Decode<'a> for List<V> {
    const EXPECTED: &'static str = "a list";
    const EMPTY: Option<&'static str> = Some("[]");

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        match decoder.value::<Self>(at)? {
            Value::List(list) => {
                let (mut items, mut empty) = (Vec::new(), true);
                for node in decoder.tree().children(list) {
                    empty = false;
                    if decoder.diagnostics.is_over() {
                        break;
                    }
                    items.extend(V::decode(At { node, key: None }, decoder));
                }
                Some(Self { items, empty })
            }
            other @ (Value::Scalar(_) | Value::Mapping(_)) => decoder.wrong_shape::<Self, _>(at, &other),
        }
    }
}

impl<'a, V: Decode<'a>> Decode<'a> for OneOrMany<V> {
    const EXPECTED: &'static str = V::EXPECTED;

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        match decoder.value::<Self>(at)? {
            Value::List(_) => {
                let list: List<V> = List::decode(at, decoder)?;
                // A list of which nothing could be read is not an empty one.
                (list.empty || !list.items.is_empty()).then_some(Self(list.items))
            }
            Value::Scalar(_) | Value::Mapping(_) => V::decode(at, decoder).map(|value| Self(vec![value])),
        }
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Later<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const EMPTY: Option<&'static str> = T::EMPTY;

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let before = decoder.diagnostics.count();
        T::decode(at, decoder)?;
        if decoder.diagnostics.count() == before {
            let span = decoder.mark(At { node: at.node, key: None });
            let span = at.key.unwrap_or(span);
            let message = format!("`{}` is not in force yet: this version would not act on it", decoder.text(span));
            decoder
                .report(Code::NotInForce, span, message, "without effect")
                .helps
                .push("remove it until a version that acts on it is in use".into());
        }
        Some(Self(std::marker::PhantomData))
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Intact<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const EMPTY: Option<&'static str> = T::EMPTY;

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let before = decoder.diagnostics.count();
        let value = T::decode(at, decoder)?;
        Some(Self { value, is_intact: decoder.diagnostics.count() == before })
    }
}

impl<'a, T: Decode<'a>> Decode<'a> for Box<T> {
    const EXPECTED: &'static str = T::EXPECTED;
    const EMPTY: Option<&'static str> = T::EMPTY;

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        T::decode(at, decoder).map(Self::new)
    }
}

inline_schema!([K: KeyPattern, V: JsonSchema] Map<K, V>, |generator| {
    let mut schema = json_schema!({ "type": "object", "additionalProperties": of::<V>(generator) });
    if let Some(pattern) = K::PATTERN {
        schema.insert("propertyNames".to_owned(), serde_json::json!({ "pattern": pattern }));
    }
    schema
});
inline_schema!([V: JsonSchema] List<V>, |generator| json_schema!({ "type": "array", "items": of::<V>(generator) }));
inline_schema!([V: JsonSchema] OneOrMany<V>, |generator| json_schema!({
    "anyOf": [of::<V>(generator), { "type": "array", "items": of::<V>(generator) }],
}));
inline_schema!([T: JsonSchema] Intact<T>, |generator| of::<T>(generator));
inline_schema!([T: JsonSchema] Later<T>, |generator| of::<T>(generator));
