//! From when until when something declared holds.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use crate::source::Span;

/// The time in which a fact holds. An end that is not written is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// It does not hold before this.
    pub from: Option<Bound>,
    /// It does not hold any more from this on.
    pub until: Option<Bound>,
}

/// One end of a [`Window`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// The first moment at which it holds, or at which it does not any more.
    pub at: Timestamp,
    /// The day that is written; `None` where a moment is. The day itself counts, in the organization's time zone.
    pub day: Option<Date>,
    /// Where it is written.
    pub place: Span,
}

impl Window {
    /// Whether `moment` is in it.
    pub fn holds(&self, moment: Timestamp) -> bool {
        !self.is_before(moment) && !self.is_over(moment)
    }

    /// Whether it begins after `moment`.
    pub fn is_before(&self, moment: Timestamp) -> bool {
        self.from.is_some_and(|from| moment < from.at)
    }

    /// Whether it ended at or before `moment`.
    pub fn is_over(&self, moment: Timestamp) -> bool {
        self.until.is_some_and(|until| until.at <= moment)
    }
}

/// As it is written: the day, or the moment in UTC.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            Some(day) => write!(f, "{day}"),
            None => write!(f, "{}", self.at),
        }
    }
}
