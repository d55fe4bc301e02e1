//! Days and moments, with their places.

use jiff::tz::Offset;
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
    /// The offset from UTC with which a moment is written; `None` for days and where it is `Z`.
    offset: Option<Offset>,
}

impl Moment {
    /// What is written.
    pub(crate) fn as_written(&self) -> String {
        match (self.value, self.offset) {
            (calendar::Moment::Day(day), _) => day.to_string(),
            (calendar::Moment::Instant(instant), None) => instant.to_string(),
            (calendar::Moment::Instant(instant), Some(offset)) => instant.display_with_offset(offset).to_string(),
        }
    }
}

/// The offset at the end of a moment; `None` where it is `Z`.
fn offset(text: &str) -> Option<Offset> {
    let text = text.get(text.len().checked_sub("+00:00".len())?..)?;
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let seconds = 60 * (60 * hours.parse::<i32>().ok()? + minutes.parse::<i32>().ok()?);
    match text.get(..1)? {
        "+" => Offset::from_seconds(seconds).ok(),
        "-" => Offset::from_seconds(-seconds).ok(),
        _ => None,
    }
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
        Some(Self { value: value?, span: scalar.span, offset: offset(&scalar.text) })
    }
}

inline_schema!([] Moment, |_generator| json_schema!({
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d))?$",
}));
