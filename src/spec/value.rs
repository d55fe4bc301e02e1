//! Single values: texts, words, ids, numbers, dates.

use std::borrow::Cow;

use schemars::json_schema;

use super::decode::{At, Decode, Decoder, Scalar};
use super::policy::is_pattern;
use super::schema::{any_of, inline_schema, text, words};
use crate::diagnostic::Code;
use crate::model::{BuiltInRole, Email, OrgRole};
use crate::near;
use crate::source::Span;

/// Text that is not empty, without the white space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text<'a> {
    /// The text.
    pub(crate) text: Cow<'a, str>,
    /// Where it stands.
    pub(crate) span: Span,
}

/// The canonical form of an e-mail address of one person: no pattern, though `*` and `?` may stand in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EmailText<'a> {
    /// The address.
    pub(crate) text: Cow<'a, str>,
    /// Where it stands.
    pub(crate) span: Span,
}

/// A value with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spanned<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it stands.
    pub(crate) span: Span,
}

/// The name of a role on a project; which custom roles there are depends on the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoleText<'a>(pub(crate) Text<'a>);

/// A number of the service, still unchecked against other ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Id(pub(crate) Spanned<u64>);

/// A whole number of at least one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count(pub(crate) Spanned<u64>);

/// A whole number, which may be none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number(pub(crate) u64);

/// The key of an organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeyText<'a>(pub(crate) Text<'a>);

/// The key of a project or a project group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameText<'a>(pub(crate) Text<'a>);

/// The key of a project where it is declared: no number, which would read as the id of another project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProjectName<'a>(pub(crate) Text<'a>);

/// `true` or `false`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

/// A word out of a fixed list.
pub(crate) trait Word: Clone + 'static {
    /// What it is, for messages: `an org role`.
    const WHAT: &'static str;
    /// The code for anything else.
    const CODE: Code = Code::UnknownWord;

    /// Every word with its meaning.
    fn all() -> Vec<(&'static str, Self)>;

    /// A further hint for a word that is not on the list.
    fn hint(_text: &str) -> Option<&'static str> {
        None
    }
}

impl<'a> Text<'a> {
    pub(crate) fn from_scalar(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let text = match scalar.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
            Cow::Owned(text) if text.trim().len() == text.len() => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
        };
        if text.is_empty() {
            decoder.report(Code::EmptyText, scalar.span, "a text is empty", "expected a text");
            return None;
        }
        Some(Self { text, span: scalar.span })
    }
}

impl<'a> EmailText<'a> {
    /// The pattern in the schema.
    pub(crate) const PATTERN: &'static str = "^[^*?]*@[^*?]*$";

    pub(crate) fn from_scalar(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        // Taken as an address it would be about nobody, and whoever wrote it would think that it is about many.
        if is_pattern(&scalar.text) {
            let message = format!("`{}` is a pattern, and the address of one person is meant here", scalar.text);
            let finding = decoder.report(Code::BadEmail, scalar.span, message, "expected an e-mail address");
            finding.helps.push("list each address; only `manage.ignore` and rules of `policy` take patterns".into());
            return None;
        }
        let canonical = match &scalar.text {
            Cow::Borrowed(text) => Email::canonical(text),
            Cow::Owned(text) => Email::canonical(text).map(|canonical| Cow::Owned(canonical.into_owned())),
        };
        match canonical {
            Ok(text) => Some(Self { text, span: scalar.span }),
            Err(problem) => {
                let message = format!("`{}` is no e-mail address: {problem}", scalar.text);
                decoder.report(Code::BadEmail, scalar.span, message, "expected an e-mail address");
                None
            }
        }
    }
}

impl<'a> Decode<'a> for Text<'a> {
    const EXPECTED: &'static str = "text";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        Self::from_scalar(scalar, decoder)
    }
}

impl<'a> Decode<'a> for EmailText<'a> {
    const EXPECTED: &'static str = "an e-mail address";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        Self::from_scalar(scalar, decoder)
    }
}

impl<'a> Decode<'a> for RoleText<'a> {
    const EXPECTED: &'static str = "a role";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        Text::from_scalar(scalar, decoder).map(Self)
    }
}

/// Declares a text with a pattern.
macro_rules! patterned {
    ($name:ident, $what:literal, $pattern:literal, $fits:expr, $help:literal) => {
        impl<'a> $name<'a> {
            /// The pattern in the schema.
            pub(crate) const PATTERN: &'static str = $pattern;

            pub(crate) fn from_scalar(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
                let fits: fn(u8) -> bool = $fits;
                let text = scalar.text.as_bytes();
                let starts = text.first().is_some_and(|first| fits(*first) && first.is_ascii_alphanumeric());
                if starts && text.iter().copied().all(fits) {
                    return Some(Self(Text { text: scalar.text, span: scalar.span }));
                }
                let message = format!("`{}` cannot be {}", scalar.text, $what);
                decoder.report(Code::BadName, scalar.span, message, "not allowed").helps.push($help.into());
                None
            }
        }

        impl<'a> Decode<'a> for $name<'a> {
            const EXPECTED: &'static str = $what;

            fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
                let scalar = decoder.scalar::<Self>(at)?;
                Self::from_scalar(scalar, decoder)
            }
        }

        inline_schema!(['a] $name<'a>, |_generator| json_schema!({
            "type": ["string", "integer"],
            "pattern": Self::PATTERN,
        }));
    };
}
patterned!(
    KeyText,
    "the key of an organization",
    "^[a-z0-9][a-z0-9_-]*$",
    |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte),
    "it has lower-case letters, digits, `-` and `_`, and starts with a letter or a digit"
);
patterned!(
    NameText,
    "the key of a project or a group",
    "^[A-Za-z0-9][A-Za-z0-9._-]*$",
    |byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte),
    "it has letters, digits, `-`, `_` and `.`, and starts with a letter or a digit"
);

impl<'a> ProjectName<'a> {
    /// The pattern in the schema.
    pub(crate) const PATTERN: &'static str = "^([A-Za-z]|[0-9]+[A-Za-z._-])[A-Za-z0-9._-]*$";

    pub(crate) fn from_scalar(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let NameText(name) = NameText::from_scalar(scalar, decoder)?;
        if !name.text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self(name));
        }
        let message = format!("the number `{}` cannot be the key of a project", name.text);
        let diagnostic = decoder.report(Code::BadName, name.span, message, "not allowed");
        diagnostic.notes.push("projects without a key are shown by their id, and this would read as one".into());
        diagnostic.helps.push(format!("put a letter in it, such as `p{}`", name.text));
        None
    }
}

impl<'a, T: Word> Decode<'a> for Spanned<T> {
    const EXPECTED: &'static str = T::WHAT;

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        Self::from_scalar(&scalar, decoder)
    }
}

impl<T: Word> Spanned<T> {
    pub(crate) fn from_scalar(scalar: &Scalar<'_>, decoder: &mut Decoder<'_, '_>) -> Option<Self> {
        let all = T::all();
        if let Some((_, value)) = all.iter().find(|(name, _)| *name == scalar.text) {
            return Some(Self { value: value.clone(), span: scalar.span });
        }
        let message = format!("`{}` is not {}", scalar.text, T::WHAT);
        let names: Vec<_> = all.iter().map(|(name, _)| format!("`{name}`")).collect();
        let label = format!("expected {}", names.join(", "));
        let diagnostic = decoder.report(T::CODE, scalar.span, message, label);
        if let Some(hint) = T::hint(&scalar.text) {
            diagnostic.helps.push(hint.to_owned());
        } else {
            diagnostic.helps.extend(near::did_you_mean(&scalar.text, all.iter().map(|(name, _)| *name)));
        }
        None
    }
}

impl Word for OrgRole {
    const WHAT: &'static str = "an org role";
    const CODE: Code = Code::UnknownOrgRole;

    fn all() -> Vec<(&'static str, Self)> {
        Self::NAMES.into_iter().zip(Self::ALL).collect()
    }

    fn hint(text: &str) -> Option<&'static str> {
        match text {
            "analyst" | "consumer" => {
                Some("this is a role on a project; in the organization such a user is a `member`")
            }
            "user" | "viewer" => Some("did you mean `member`?"),
            _ => None,
        }
    }
}

impl Word for BuiltInRole {
    const WHAT: &'static str = "a built-in role";
    const CODE: Code = Code::UnknownRole;

    fn all() -> Vec<(&'static str, Self)> {
        Self::ALL.into_iter().map(|role| (role.as_str(), role)).collect()
    }

    fn hint(text: &str) -> Option<&'static str> {
        viewer_hint(text)
    }
}

/// What to say to people who know the service's guides.
pub(crate) fn viewer_hint(role: &str) -> Option<&'static str> {
    role.eq_ignore_ascii_case("viewer").then_some("the service calls this role `consumer`")
}

/// Declares the words that a value may be.
macro_rules! words_of {
    ($(#[doc = $doc:literal])* $name:ident is $what:literal { $($(#[doc = $word_doc:literal])* $variant:ident = $word:literal,)* }) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[doc = $word_doc])* $variant,)* }

        impl $crate::spec::value::Word for $name {
            const WHAT: &'static str = $what;

            fn all() -> Vec<(&'static str, Self)> {
                vec![$(($word, Self::$variant)),*]
            }
        }
    };
}
pub(crate) use words_of;

impl<'a> Decode<'a> for Flag {
    const EXPECTED: &'static str = "`true` or `false`";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        match (&*scalar.text, scalar.plain) {
            ("true", true) => Some(Self(true)),
            ("false", true) => Some(Self(false)),
            _ => {
                let message = format!("`{}` is neither `true` nor `false`", scalar.text);
                decoder.report(Code::UnknownWord, scalar.span, message, "expected `true` or `false`");
                None
            }
        }
    }
}

impl<'a> Decode<'a> for Id {
    const EXPECTED: &'static str = "an id, a whole number";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        Self::from_scalar(&scalar, decoder)
    }
}

impl Id {
    pub(crate) fn from_scalar(scalar: &Scalar<'_>, decoder: &mut Decoder<'_, '_>) -> Option<Self> {
        // The same range for both kinds of id.
        let fits = |number: &u64| (1..1 << 53).contains(number);
        match decimal(&scalar.text).filter(fits) {
            Some(value) if scalar.plain => Some(Self(Spanned { value, span: scalar.span })),
            Some(_) => {
                let message = format!("the id {} is written as text", scalar.text);
                decoder
                    .report(Code::BadId, scalar.span, message, "text, not a number")
                    .helps
                    .push("remove the quotes".into());
                None
            }
            None => {
                let message = format!("`{}` is no id", scalar.text);
                decoder
                    .report(Code::BadId, scalar.span, message, "expected a whole number from 1 to 9007199254740991")
                    .notes
                    .push("an id is written in decimal digits only".into());
                None
            }
        }
    }
}

impl<'a> Decode<'a> for Count {
    const EXPECTED: &'static str = "a whole number";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        match decimal(&scalar.text).filter(|number| (1..=1_000_000_000).contains(number)) {
            Some(value) if scalar.plain => Some(Self(Spanned { value, span: scalar.span })),
            Some(_) | None => {
                let message = format!("`{}` is no whole number from 1 to 1000000000", scalar.text);
                decoder.report(Code::BadNumber, scalar.span, message, "expected a whole number from 1 to 1000000000");
                None
            }
        }
    }
}

impl<'a> Decode<'a> for Number {
    const EXPECTED: &'static str = "a whole number";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        let number = decimal(&scalar.text).filter(|number| scalar.plain && *number <= 1_000_000_000);
        if number.is_none() {
            let message = format!("`{}` is no whole number from 0 to 1000000000", scalar.text);
            decoder.report(Code::BadNumber, scalar.span, message, "expected a whole number from 0 to 1000000000");
        }
        number.map(Self)
    }
}

/// A number in decimal digits, without sign, leading zeros or separators.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits && (text == "0" || !text.starts_with('0')) { text.parse().ok() } else { None }
}

inline_schema!(['a] Text<'a>, |_generator| text());
inline_schema!(['a] EmailText<'a>, |_generator| json_schema!({ "type": "string", "pattern": Self::PATTERN }));
inline_schema!([T: Word] Spanned<T>, |_generator| words(T::all().into_iter().map(|(name, _)| name)));
inline_schema!([] Flag, |_generator| json_schema!({ "type": "boolean" }));
inline_schema!([] Id, |_generator| json_schema!({ "type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991_u64 }));
inline_schema!([] Number, |_generator| json_schema!({ "type": "integer", "minimum": 0, "maximum": 1_000_000_000 }));
inline_schema!([] Count, |_generator| json_schema!({ "type": "integer", "minimum": 1, "maximum": 1_000_000_000 }));

impl schemars::JsonSchema for RoleText<'_> {
    fn schema_name() -> Cow<'static, str> {
        "ProjectRole".into()
    }

    fn json_schema(_generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let built_in = words(BuiltInRole::ALL.into_iter().map(BuiltInRole::as_str));
        let mut custom = text();
        // Editors mark what the reader refuses: the names that people bring from elsewhere.
        custom
            .insert("not".to_owned(), serde_json::json!({ "pattern": "^(?:[Vv]iewer|Owner|Admin|Analyst|Consumer)$" }));
        any_of(vec![(built_in, "A built-in role."), (custom, "A custom role that the project names under `roles`.")])
    }
}
