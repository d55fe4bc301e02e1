//! Days and moments, with their places.

use schemars::json_schema;

use super::decode::{At, Decode, Decoder};
use super::schema::inline_schema;
use crate::calendar;
use crate::diagnostic::Code;
use crate::source::Span;

/// A day (`2026-12-31`) or a moment (`2026-12-31T18:00:00Z`, RFC 3339).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    /// The day or moment.
    pub(crate) value: calendar::Moment,
    /// Where it stands.
    pub(crate) span: Span,
}

impl<'a> Decode<'a> for Moment {
    const EXPECTED: &'static str = "a date";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        let value = calendar::Moment::parse(&scalar.text);
        if value.is_none() {
            let message = format!("`{}` is no date", scalar.text);
            decoder
                .report(Code::BadDate, scalar.span, message, "expected a date")
                .helps
                .push("write a day as `2026-12-31`, or a moment as `2026-12-31T18:00:00+01:00`".into());
        }
        Some(Self { value: value?, span: scalar.span })
    }
}

inline_schema!([] Moment, |_generator| json_schema!({
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$",
}));
