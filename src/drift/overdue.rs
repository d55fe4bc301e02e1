//! Access whose agreed time is over and that is still there: nobody changed it, and nobody took it away.

use jiff::{SignedDuration, Timestamp};

use super::Difference;
use crate::desired::Bound;
use crate::plan::{Origin, Plan, PlannedChange, Why};

/// How long access may be over before a run fails for it: an `apply` that runs every day takes it away until then.
pub const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// Access that is over and still there.
#[derive(Debug, Clone)]
pub struct Overdue {
    /// What is there. Time made a difference of it, so nobody *could have* made it; `first_seen` is when it was told first.
    pub found: Difference,
    /// Its agreed end.
    pub until: Bound,
    /// Whether it has been over for longer than [`GRACE`].
    pub is_late: bool,
}

impl Overdue {
    /// What of `plan` was `found` as something that is over.
    pub(super) fn of(found: Difference, plan: &Plan) -> Option<Self> {
        let until = end_of(found.change(plan)?)?;
        let is_late = plan.as_of.duration_since(until.at) > GRACE;
        Some(Self { found, until, is_late })
    }

    /// Whether a run is to fail for it: it is late, and nobody accepted that.
    pub fn is_complained_of(&self) -> bool {
        self.is_late && self.found.accepted.is_none()
    }
}

/// The places of the changes of `plan` that take away what is over, the earliest end first.
pub(super) fn ended(plan: &Plan) -> Vec<usize> {
    let ends = plan.changes.iter().enumerate().filter_map(|(place, planned)| Some((end_of(planned)?.at, place)));
    let mut ends: Vec<(Timestamp, usize)> = ends.collect();
    ends.sort_unstable();
    ends.into_iter().map(|(_, place)| place).collect()
}

/// The end for which `planned` takes something away, where that is why.
fn end_of(planned: &PlannedChange) -> Option<Bound> {
    let is_over = planned.origin == Origin::Expiry && planned.why == Why::Expired;
    planned.note.as_deref().filter(|_| is_over)?.window.until
}
