//! Days and moments as people write them, and when a day begins and ends in a time zone.
//!
//! Zones come from the database inside the program and never from the machine, so that the same text means the same
//! moments everywhere.

use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};

/// A day (`2026-12-31`) or a moment (`2026-12-31T18:00:00Z`, RFC 3339), as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A whole day, in some time zone.
    Day(Date),
    /// One moment.
    Instant(Timestamp),
}

impl Moment {
    /// Reads exactly the two forms, and only what exists; the date library knows more.
    pub fn parse(text: &str) -> Option<Self> {
        let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        if shape == "0000-00-00" {
            return text.parse().ok().map(Self::Day);
        }
        let (time, offset) = shape.split_at_checked("0000-00-00T00:00:00".len())?;
        let fraction = offset.strip_prefix('.').map(|rest| rest.trim_start_matches('0'));
        let zone = match fraction {
            Some(zone) if zone.len() + 1 == offset.len() => return None,
            Some(zone) => zone,
            None => offset,
        };
        // The date library takes offsets of more than a day; RFC 3339 and every clock do not.
        if zone != "Z"
            && !text.get(text.len() - "00:00".len()..).is_some_and(|offset| ("00:00".."24:00").contains(&offset))
        {
            return None;
        }
        let is_time = time == "0000-00-00T00:00:00" && (zone == "Z" || ["+00:00", "-00:00"].contains(&zone));
        if is_time { text.parse().ok().map(Self::Instant) } else { None }
    }

    /// The first moment of it in `zone`.
    pub fn start(self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Day(day) => start_of(day, zone),
            Self::Instant(instant) => instant,
        }
    }

    /// The first moment after it in `zone`: a day counts whole, a moment not at all.
    pub fn end(self, zone: &TimeZone) -> Timestamp {
        match self {
            Self::Day(day) => end_of(day, zone),
            Self::Instant(instant) => instant,
        }
    }

    /// The day, if it is one.
    pub fn day(self) -> Option<Date> {
        match self {
            Self::Day(day) => Some(day),
            Self::Instant(_) => None,
        }
    }
}

/// The time zone with the IANA name `name`.
pub fn zone(name: &str) -> Option<TimeZone> {
    // The library has a zone for "not known", which no place is in.
    TimeZoneDatabase::bundled().get(name).ok().filter(|zone| !zone.is_unknown())
}

/// The names of all time zones.
pub(crate) fn zone_names() -> Vec<String> {
    TimeZoneDatabase::bundled().available().map(|name| name.as_str().to_owned()).collect()
}

/// The first moment at which clocks in `zone` show `day`, or a later one where they pass it over.
///
/// Mostly midnight. Where clocks are put forward at midnight the day begins at one; in Samoa 2011-12-30 never was.
fn start_of(day: Date, zone: &TimeZone) -> Timestamp {
    midnight(day, zone).map_or_else(|| limit(day), |midnight| midnight.first)
}

/// The moment after the last one at which clocks in `zone` show `day`, or an earlier one where they pass it over.
fn end_of(day: Date, zone: &TimeZone) -> Timestamp {
    let midnight = day.tomorrow().ok().and_then(|tomorrow| midnight(tomorrow, zone));
    midnight.map_or_else(|| limit(day), |midnight| midnight.last)
}

/// Between which moments the calendar turns to a day: where clocks are put back over midnight it does so twice.
struct Midnight {
    first: Timestamp,
    last: Timestamp,
}

/// When `day` begins; `None` where that is beyond what can be counted.
fn midnight(day: Date, zone: &TimeZone) -> Option<Midnight> {
    let clock = day.to_datetime(Time::midnight());
    let once = |moment| Midnight { first: moment, last: moment };
    match zone.to_ambiguous_timestamp(clock).offset() {
        AmbiguousOffset::Unambiguous { offset } => Some(once(offset.to_timestamp(clock).ok()?)),
        AmbiguousOffset::Gap { before, after: _ } => {
            // As if clocks had not been changed yet: they were, within this moment or shortly before it.
            let passed = before.to_timestamp(clock).ok()?;
            let next = passed.checked_add(SignedDuration::from_nanos(1)).ok()?;
            let changed = zone.preceding(next).next().map_or(passed, |change| change.timestamp());
            Some(once(changed))
        }
        AmbiguousOffset::Fold { before, after } => {
            let first = before.to_timestamp(clock).ok()?;
            let again = after.to_timestamp(clock).ok()?;
            let shortly_before = again.checked_sub(SignedDuration::from_nanos(1)).ok()?;
            let is_yesterday_again = zone.to_datetime(shortly_before).date() < day;
            Some(Midnight { first, last: if is_yesterday_again { again } else { first } })
        }
    }
}

/// What stands for a moment that cannot be counted.
fn limit(day: Date) -> Timestamp {
    if day.year() > 0 { Timestamp::MAX } else { Timestamp::MIN }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_or_moments_that_exist() {
        for good in [
            "2026-12-31",
            "2028-02-29",
            "2026-12-31T18:00:00Z",
            "2026-12-31T18:00:00.25+01:00",
            "2026-12-31T18:00:00-23:59",
        ] {
            assert!(Moment::parse(good).is_some(), "{good}");
        }
        for bad in [
            "2026-02-29",
            "2026-13-01",
            "31.12.2026",
            "2026-12-31 18:00:00Z",
            "2026-12-31T18:00:00",
            "tomorrow",
            "2026-12-31T25:00:00Z",
            "2026-12-31T18:00:00+24:00",
            "2026-12-31T18:00:00-25:59",
            "2026-12-31T18:00:00+23:60",
            "20261231",
            "2026-12-31T18:00:00.Z",
            "",
        ] {
            assert!(Moment::parse(bad).is_none(), "{bad}");
        }
    }

    /// Checks when `day` begins and ends in the zone called `name`.
    #[track_caller]
    fn check(name: &str, day: &str, start: &str, end: &str) {
        let zone = zone(name).unwrap();
        let moment = Moment::parse(day).unwrap();
        assert_eq!(moment.start(&zone).to_string(), start, "{day} begins in {name}");
        assert_eq!(moment.end(&zone).to_string(), end, "{day} ends in {name}");
    }

    #[test]
    fn a_day_is_what_the_calendar_of_the_zone_says() {
        check("UTC", "2026-12-31", "2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z");
        check("Europe/Berlin", "2026-12-31", "2026-12-30T23:00:00Z", "2026-12-31T23:00:00Z");
        check("Pacific/Kiritimati", "2026-12-31", "2026-12-30T10:00:00Z", "2026-12-31T10:00:00Z");
        check("Pacific/Honolulu", "2026-12-31", "2026-12-31T10:00:00Z", "2027-01-01T10:00:00Z");
        check("Europe/Berlin", "2028-02-29", "2028-02-28T23:00:00Z", "2028-02-29T23:00:00Z");
        // The nights of clock changes: 23 and 25 hours.
        check("Europe/Berlin", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z");
        check("Europe/Berlin", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
        // Clocks went from 00:00 to 01:00, and from 00:00 back to 23:00.
        check("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z");
        check("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z");
        // From 01:00 back to 00:00: the second hour after midnight is the new day as well.
        check("America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z");
        check("America/Havana", "2026-10-31", "2026-10-31T04:00:00Z", "2026-11-01T04:00:00Z");
        // From 00:01 back to 23:01: the day before comes again.
        check("America/St_Johns", "2010-11-06", "2010-11-06T02:30:00Z", "2010-11-07T03:30:00Z");
        check("America/St_Johns", "2010-11-07", "2010-11-07T02:30:00Z", "2010-11-08T03:30:00Z");
        // From 23:30 to 00:30, over midnight.
        check("America/Toronto", "1919-03-31", "1919-03-31T04:30:00Z", "1919-04-01T04:00:00Z");
        // A day that never was.
        check("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z");
        check("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z", "2011-12-30T10:00:00Z");
        check("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z", "2011-12-31T10:00:00Z");
    }

    #[test]
    fn the_ends_of_the_calendar_are_moments_too() {
        for name in ["UTC", "Pacific/Kiritimati", "Pacific/Honolulu"] {
            let zone = zone(name).unwrap();
            for day in ["9999-12-30", "9999-12-31"] {
                let moment = Moment::parse(day).unwrap();
                assert!(moment.start(&zone) <= moment.end(&zone), "{day} in {name}");
            }
            assert_eq!(Moment::parse("9999-12-31").unwrap().end(&zone), Timestamp::MAX);
            let first = Moment::parse("0000-01-01").unwrap();
            assert!(first.start(&zone) < first.end(&zone), "{name}");
        }
    }

    #[test]
    fn zones_are_those_of_the_program() {
        assert_eq!(zone("europe/berlin").unwrap().iana_name(), Some("Europe/Berlin"));
        for name in ["Europe/Berlln", "", "Etc/Unknown", "local", "CET-1CEST", "/etc/localtime"] {
            assert!(zone(name).is_none(), "{name}");
        }
        assert!(zone_names().iter().any(|name| name == "Pacific/Apia"));
    }
}
