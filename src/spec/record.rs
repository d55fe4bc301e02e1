//! One declaration for each mapping of the language: type, reader and schema follow from it.

/// Declares a mapping with fixed keys.
///
/// `required` and `optional` say whether a key may be missing; every field is an `Option`, and `None` in a required one
/// means that its problem has been reported. A mapping that holds no text of the source has no lifetime. The
/// documentation becomes descriptions of the schema, so it is written for people who edit configuration.
/// `"key" = name` gives a key that is no name in Rust.
macro_rules! record {
    (
        $(#[doc = $doc:literal])*
        pub(crate) struct $name:ident $(<$life:lifetime>)? is $title:literal {
            $($(#[doc = $field_doc:literal])* $need:ident $($key:literal =)? $field:ident: $type:ty,)*
        }
    ) => {
        $(#[doc = $doc])*
        #[derive(Debug)]
        pub(crate) struct $name $(<$life>)? {
            $($(#[doc = $field_doc])* pub(crate) $field: Option<$type>,)*
            /// The key that it stands under, or its first line.
            #[allow(dead_code, reason = "not every record is pointed at")]
            pub(crate) span: $crate::source::Span,
        }

        impl $(<$life>)? $name $(<$life>)? {
            /// What it is called in messages.
            pub(crate) const TITLE: &'static str = $title;
            /// Its keys.
            pub(crate) const FIELDS: &'static [&'static str] = &[$(record!(@key $($key)? $field)),*];
        }

        impl<'source> $crate::spec::decode::Decode<'source> for record!(@of 'source $name $($life)?) {
            const EXPECTED: &'static str = "a mapping";
            const EMPTY: Option<&'static str> = None;

            fn decode(
                at: $crate::spec::decode::At,
                decoder: &mut $crate::spec::decode::Decoder<'source, '_>,
            ) -> Option<Self> {
                let mapping = decoder.mapping::<Self>(at)?;
                let span = at.key.unwrap_or_else(|| decoder.tree().mark(at.node));
                let mut record = Self { $($field: None,)* span };
                let mut present: u32 = 0;
                decoder.for_each_entry(mapping, |key, node, decoder| {
                    let at = $crate::spec::decode::At { node, key: Some(key.span) };
                    let mut bit: u32 = 1;
                    $(
                        if key.text == record!(@key $($key)? $field) {
                            record.$field = $crate::spec::decode::Decode::decode(at, decoder);
                            present |= bit;
                            return ::std::ops::ControlFlow::Continue(());
                        }
                        bit <<= 1;
                    )*
                    let _ = bit;
                    if let Some(meant) = decoder.unknown_key(&key, Self::TITLE, Self::FIELDS)
                        && let Some(index) = Self::FIELDS.iter().position(|field| *field == meant)
                    {
                        present |= 1 << index;
                    }
                    ::std::ops::ControlFlow::Continue(())
                });
                let mut bit: u32 = 1;
                $(
                    if record!(@required $need) && present & bit == 0 {
                        decoder.missing_key(at, Self::TITLE, record!(@key $($key)? $field));
                    }
                    bit <<= 1;
                )*
                let _ = bit;
                Some(record)
            }
        }

        impl $(<$life>)? ::schemars::JsonSchema for $name $(<$life>)? {
            fn schema_name() -> ::std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut ::schemars::SchemaGenerator) -> ::schemars::Schema {
                let mut properties = ::serde_json::Map::new();
                let mut required: Vec<&str> = Vec::new();
                $(
                    let mut field = generator.subschema_for::<$type>();
                    $crate::spec::schema::describe(&mut field, &[$($field_doc),*]);
                    properties.insert(record!(@key $($key)? $field).to_owned(), field.into());
                    if record!(@required $need) {
                        required.push(record!(@key $($key)? $field));
                    }
                )*
                let mut schema = ::schemars::json_schema!({
                    "type": "object",
                    "additionalProperties": false,
                    "properties": properties,
                });
                if !required.is_empty() {
                    schema.insert("required".to_owned(), required.into());
                }
                $crate::spec::schema::describe(&mut schema, &[$($doc),*]);
                schema
            }
        }
    };
    (@key $key:literal $field:ident) => { $key };
    (@key $field:ident) => { stringify!($field) };
    (@of $source:lifetime $name:ident $life:lifetime) => { $name<$source> };
    (@of $source:lifetime $name:ident) => { $name };
    (@required required) => { true };
    (@required optional) => { false };
}
pub(crate) use record;
