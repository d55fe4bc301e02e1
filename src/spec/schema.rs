//! The JSON Schema of one document, made from the types that read it.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, json_schema};

use super::document::Document;

/// The JSON Schema (draft 2020-12) of one document of configuration.
pub fn schema() -> serde_json::Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Document<'_>>();
    schema.insert("title".to_owned(), "accessctl configuration".into());
    schema.into()
}

/// Gives `schema` the words of a documentation comment.
pub(crate) fn describe(schema: &mut Schema, lines: &[&str]) {
    let text = lines.iter().map(|line| line.trim()).collect::<Vec<_>>().join("\n");
    if !text.is_empty() {
        schema.insert("description".to_owned(), text.into());
    }
}

/// Text where text is meant: what YAML reads as a number or as yes and no stays text.
pub(crate) fn text() -> Schema {
    json_schema!({ "type": ["string", "number", "boolean"] })
}

/// One of `words`.
pub(crate) fn words(words: impl IntoIterator<Item = &'static str>) -> Schema {
    let words: Vec<_> = words.into_iter().collect();
    json_schema!({ "type": "string", "enum": words })
}

/// One of several forms, each with a description.
pub(crate) fn any_of(forms: Vec<(Schema, &'static str)>) -> Schema {
    let forms: Vec<serde_json::Value> = forms
        .into_iter()
        .map(|(mut form, description)| {
            describe(&mut form, &[description]);
            form.into()
        })
        .collect();
    json_schema!({ "anyOf": forms })
}

/// Implements [`JsonSchema`] in place, without a definition of its own.
macro_rules! inline_schema {
    ([$($generics:tt)*] $type:ty, |$generator:ident| $schema:expr) => {
        impl<$($generics)*> ::schemars::JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema($generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                $schema
            }
        }
    };
}
pub(crate) use inline_schema;

/// A boxed value has the schema of the value.
pub(crate) fn of<T: JsonSchema>(generator: &mut schemars::SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}
