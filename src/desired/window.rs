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

    /// The first moment of it.
    pub(super) fn start(&self) -> Timestamp {
        self.from.map_or(Timestamp::MIN, |from| from.at)
    }

    /// The first moment after it.
    pub(super) fn end(&self) -> Timestamp {
        self.until.map_or(Timestamp::MAX, |until| until.at)
    }

    /// Whether all of it is in `other`.
    pub(super) fn is_within(&self, other: &Self) -> bool {
        other.start() <= self.start() && self.end() <= other.end()
    }

    /// Whether all of it is in one of `others`.
    pub(super) fn is_within_any(&self, others: &[Self]) -> bool {
        others.iter().any(|other| self.is_within(other))
    }

    /// The time that is in both. It may be empty: end before it starts.
    pub(super) fn intersection(self, other: Self) -> Self {
        let from = if self.start() < other.start() { other.from } else { self.from };
        let until = if other.end() < self.end() { other.until } else { self.until };
        Self { from, until }
    }

    /// The times that are in any of `windows`, none of which is empty: apart from each other, in their order.
    pub(super) fn union(windows: impl Iterator<Item = Self>) -> Vec<Self> {
        let mut windows: Vec<Self> = windows.collect();
        windows.sort_by_key(Self::start);
        let mut union: Vec<Self> = Vec::new();
        for window in windows {
            match union.last_mut() {
                Some(last) if window.start() <= last.end() => {
                    if last.end() < window.end() {
                        last.until = window.until;
                    }
                }
                Some(_) | None => union.push(window),
            }
        }
        union
    }

    /// What is in `windows` and in none of `others`, where both are unions.
    pub(super) fn minus(windows: &[Self], others: &[Self]) -> Vec<Self> {
        let mut rest = Vec::new();
        for window in windows {
            let mut left = Some(*window);
            for other in others.iter().filter(|other| window.start() < other.end() && other.start() < window.end()) {
                let before = left.filter(|left| left.start() < other.start());
                rest.extend(before.map(|before| Self { until: other.from, ..before }));
                let resumes = other.until.filter(|until| until.at < window.end());
                left = resumes.map(|from| Self { from: Some(from), ..*window });
            }
            rest.extend(left);
        }
        rest
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
