//! Days and moments.

use schemars::json_schema;

use super::decode::{At, Decode, Decoder};
use super::schema::inline_schema;
use crate::diagnostic::Code;

/// A day (`2026-12-31`) or a moment (`2026-12-31T18:00:00Z`, RFC 3339).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The whole day, in the organization's time zone.
    Day(jiff::civil::Date),
    /// The moment.
    Instant(jiff::Timestamp),
}

impl<'a> Decode<'a> for Moment {
    const EXPECTED: &'static str = "a date";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        let moment = parse(&scalar.text);
        if moment.is_none() {
            let message = format!("`{}` is no date", scalar.text);
            decoder
                .report(Code::BadDate, scalar.span, message, "expected a date")
                .helps
                .push("write a day as `2026-12-31`, or a moment as `2026-12-31T18:00:00+01:00`".into());
        }
        moment
    }
}

/// Reads exactly the two forms; the date library knows more.
fn parse(text: &str) -> Option<Moment> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape == "0000-00-00" {
        return text.parse().ok().map(Moment::Day);
    }
    let (time, offset) = shape.split_at_checked("0000-00-00T00:00:00".len())?;
    let fraction = offset.strip_prefix('.').map(|rest| rest.trim_start_matches('0'));
    let zone = match fraction {
        Some(zone) if zone.len() + 1 == offset.len() => return None,
        Some(zone) => zone,
        None => offset,
    };
    let is_time = time == "0000-00-00T00:00:00" && (zone == "Z" || ["+00:00", "-00:00"].contains(&zone));
    if is_time { text.parse().ok().map(Moment::Instant) } else { None }
}

inline_schema!([] Moment, |_generator| json_schema!({
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2}))?$",
}));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_or_moments_that_exist() {
        for good in ["2026-12-31", "2028-02-29", "2026-12-31T18:00:00Z", "2026-12-31T18:00:00.25+01:00"] {
            assert!(parse(good).is_some(), "{good}");
        }
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "31.12.2026",
            "2026-12-31 18:00:00Z",
            "2026-12-31T18:00:00",
            "tomorrow",
            "2026-12-31T25:00:00Z",
            "20261231",
            "2026-12-31T18:00:00.Z",
            "",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
    }
}
