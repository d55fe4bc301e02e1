//! The moment for which a run reads the configuration, and how far ahead it looks.

use std::str::FromStr;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::args::Ahead;
use crate::calendar::Moment;
use crate::desired::{Desired, Expiring, expiring};

/// Days more than these are taken for a slip.
const MOST_DAYS: i64 = 36_500;

/// `--at`: a moment, or the start of a day in each organization's time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At(Moment);

impl At {
    /// The moment that it is for `desired`.
    pub(crate) fn of(self, desired: &Desired) -> Timestamp {
        self.0.start(&desired.timezone)
    }

    /// The moment that it is where no organization says in which time zone.
    pub(crate) fn anywhere(self) -> Timestamp {
        self.0.start(&jiff::tz::TimeZone::UTC)
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Moment::Day(day) => write!(f, "{day}"),
            Moment::Instant(instant) => write!(f, "{instant}"),
        }
    }
}

impl FromStr for At {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let help = "write a day as 2026-12-31, or a moment as 2026-12-31T18:00:00+01:00";
        Moment::parse(text).map(Self).ok_or_else(|| help.to_owned())
    }
}

/// A number of days, hours or weeks, such as `14d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) SignedDuration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("write a number of days as 14d, of hours as 36h or of weeks as 4w, at most {MOST_DAYS}d");
        let unit = text.chars().next_back().ok_or_else(wrong)?;
        let hours = match unit {
            'h' => 1,
            'd' => 24,
            'w' => 7 * 24,
            _ => return Err(wrong()),
        };
        let digits = &text[..text.len() - unit.len_utf8()];
        let number: i64 = if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
            .ok_or_else(wrong)?;
        let hours = number.checked_mul(hours).filter(|hours| *hours <= MOST_DAYS * 24).ok_or_else(wrong)?;
        Ok(Self(SignedDuration::from_hours(hours)))
    }
}

/// How long somebody waits: a number of seconds, minutes or hours, such as `10m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Patience(pub(crate) Duration);

impl FromStr for Patience {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write a number of seconds as 90s, of minutes as 10m or of hours as 2h, at most 24h".to_owned();
        let unit = text.chars().next_back().ok_or_else(wrong)?;
        let seconds = match unit {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            _ => return Err(wrong()),
        };
        let digits = &text[..text.len() - unit.len_utf8()];
        let number: u64 = if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
            .ok_or_else(wrong)?;
        let seconds = number.checked_mul(seconds).filter(|seconds| *seconds <= 24 * 3600).ok_or_else(wrong)?;
        Ok(Self(Duration::from_secs(seconds)))
    }
}

impl Ahead {
    /// What is told of `desired` at the moment `as_of`.
    pub(crate) fn expiring(self, desired: &Desired, as_of: Timestamp) -> Vec<Expiring> {
        let within = self.expiring_within.0;
        if within.is_zero() { Vec::new() } else { expiring(desired, as_of, within) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patience_is_a_number_of_seconds_minutes_or_hours() {
        for (text, seconds) in [("0s", 0), ("90s", 90), ("10m", 600), ("24h", 86_400)] {
            assert_eq!(text.parse(), Ok(Patience(Duration::from_secs(seconds))), "{text}");
        }
        for text in ["", "m", "10", "-1m", "+1m", "1.5h", "10 m", "1d", "25h", "99999999999999999999s", "1ä"] {
            assert!(text.parse::<Patience>().is_err(), "{text}");
        }
    }

    #[test]
    fn spans_are_numbers_of_hours_days_or_weeks() {
        for (text, hours) in [("0d", 0), ("14d", 336), ("36h", 36), ("4w", 672), ("36500d", 876_000)] {
            assert_eq!(text.parse(), Ok(Span(SignedDuration::from_hours(hours))), "{text}");
        }
        for text in ["", "d", "14", "-1d", "+1d", "1.5d", "14 d", "14m", "36501d", "99999999999999999999d", "1ä", "ä"]
        {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
