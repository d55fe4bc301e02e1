//! One rule and one source of access.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::access::{Ranks, Via, rank};
use crate::desired::{Bound, Desired, Effects, Requirement, When};
use crate::grounds::Access;
use crate::model::{BuiltInRole, Email, ProjectRole, RoleName};

/// Whether a rule is about an access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fit<'a> {
    Yes,
    No,
    /// It may be, but nobody said how strong the role is.
    Unranked(&'a RoleName),
}

/// How an access breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Violation {
    /// It is not allowed.
    Denied,
    /// This is not written about it.
    Lacks(BTreeSet<Requirement>),
    /// It ends too late, or never.
    TooLong(Length),
    /// The role is stronger than the most that is allowed.
    TooStrong(BuiltInRole),
    /// Only so many people other than the user approved it.
    Approvers(usize),
}

impl Violation {
    /// The same of many people, whose ends differ.
    pub(super) fn of_many(self) -> Self {
        match self {
            Self::TooLong(Length::Until(_)) => Self::TooLong(Length::Various),
            other @ (Self::Denied | Self::Lacks(_) | Self::TooLong(_) | Self::TooStrong(_) | Self::Approvers(_)) => {
                other
            }
        }
    }
}

/// How long an access lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Length {
    /// It never ends.
    Endless,
    /// It ends then.
    Until(End),
    /// It ends, for different people at different times.
    Various,
}

/// When an access ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End(pub(super) Bound);

impl PartialOrd for End {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for End {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.0.at, self.0.day, self.0.place).cmp(&(other.0.at, other.0.day, other.0.place))
    }
}

/// Whether a rule with this condition is about `access`, whose user fits.
pub(super) fn fits<'a>(when: &When, access: &Access<'a>, ranks: &Ranks) -> Fit<'a> {
    let role = access.source.role;
    let by = match access.source.via {
        Via::OrgRole => when.via.org_role,
        Via::Team(team) => when.via.team && when.teams.as_ref().is_none_or(|teams| teams.contains(team)),
        Via::Grant => when.via.grant,
        Via::Everyone => when.via.everyone,
    };
    let is_there = || when.projects.as_ref().is_none_or(|projects| projects.contains(&access.project));
    if !by || !is_there() || !when.roles.as_ref().is_none_or(|roles| roles.contains(role)) {
        return Fit::No;
    }
    let Some(least) = when.role_at_least else { return Fit::Yes };
    match (rank(ranks, access.project, role), role) {
        (Some(rank), _) if rank >= least => Fit::Yes,
        (None, ProjectRole::Custom(name)) => Fit::Unranked(name),
        (Some(_) | None, _) => Fit::No,
    }
}

/// How `access` of `user` breaks these effects, and its role where that cannot be compared.
pub(super) fn violations<'a>(
    effects: &Effects,
    user: &Email,
    access: &Access<'a>,
    ranks: &Ranks,
    desired: &Desired,
    as_of: Timestamp,
) -> (Vec<Violation>, Option<&'a RoleName>) {
    let (mut found, mut unranked) = (Vec::new(), None);
    if effects.deny {
        found.push(Violation::Denied);
    }
    // Nobody approves their own access, or answers for themselves.
    let approvers = || access.approved_by().iter().filter(|approver| *approver != user).collect::<BTreeSet<_>>().len();
    let is_missing = |requirement: &Requirement| match requirement {
        Requirement::Until => access.until().is_none(),
        Requirement::Reason => access.reason().is_none(),
        Requirement::Ticket => access.ticket().is_none(),
        Requirement::ApprovedBy => approvers() == 0,
        Requirement::Sponsor => access.sponsor().is_none_or(|sponsor| sponsor == user),
    };
    let missing: BTreeSet<Requirement> = effects.require.iter().copied().filter(is_missing).collect();
    if !missing.is_empty() {
        found.push(Violation::Lacks(missing));
    }
    if let Some(most) = effects.max_days {
        let until = access.until();
        if until.is_none_or(|until| is_too_long(desired, access.since(), until, most, as_of)) {
            found.push(Violation::TooLong(until.map_or(Length::Endless, |until| Length::Until(End(until)))));
        }
    }
    if let Some(most) = effects.max_role {
        match (rank(ranks, access.project, access.source.role), access.source.role) {
            (Some(rank), _) if rank > most => found.push(Violation::TooStrong(most)),
            (None, ProjectRole::Custom(name)) => unranked = Some(name),
            (Some(_) | None, _) => {}
        }
    }
    if let Some(least) = effects.min_approvers {
        let number = approvers();
        if number < least {
            found.push(Violation::Approvers(number));
        }
    }
    (found, unranked)
}

/// Whether something lasts for more than `most` days of the organization's calendar. Without a beginning it is counted
/// from the end of the day on which it is judged: whoever writes "90 days from today" means that day.
fn is_too_long(desired: &Desired, since: Option<Bound>, until: Bound, most: u32, as_of: Timestamp) -> bool {
    let zone = &desired.timezone;
    let start = match since {
        Some(since) => Ok(since.at.to_zoned(zone.clone())),
        None => as_of.to_zoned(zone.clone()).tomorrow().and_then(|day| day.start_of_day()),
    };
    let days = jiff::Span::new().try_days(i64::from(most));
    let last = start.and_then(|start| start.checked_add(days?));
    // What lies beyond all calendars is not too late.
    last.is_ok_and(|last| last.timestamp() < until.at)
}
