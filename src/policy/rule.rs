//! One rule and one source of access.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::approvers::Approvers;
use crate::access::{Ranks, Via, rank};
use crate::desired::{Bound, Desired, Effects, Requirement, Rule, When};
use crate::grounds::{Access, Ground};
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, RoleName};
use crate::source::Span;

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

/// What is written about something that somebody has.
#[derive(Debug, Clone, Copy)]
pub(super) struct About<'a> {
    /// Whose it is; `None` for whoever there may be.
    user: Option<&'a Email>,
    until: Option<Bound>,
    since: Option<Bound>,
    has_reason: bool,
    has_ticket: bool,
    approved: (&'a [Email], Option<Span>),
    sponsor: (Option<&'a Email>, Option<Span>),
    /// The rank of the role; of an org role that which it has on every project.
    rank: Option<BuiltInRole>,
    /// The role where it has no rank, since nobody said so.
    unranked: Option<&'a RoleName>,
}

impl<'a> About<'a> {
    /// What is written about `access` of `user`.
    pub(super) fn access(user: Option<&'a Email>, access: &Access<'a>, ranks: &Ranks) -> Self {
        let rank = rank(ranks, access.project, access.source.role);
        let unranked = match access.source.role {
            ProjectRole::Custom(name) if rank.is_none() => Some(name),
            ProjectRole::Custom(_) | ProjectRole::BuiltIn(_) => None,
        };
        Self {
            user,
            until: access.until(),
            since: access.since(),
            has_reason: access.reason().is_some(),
            has_ticket: access.ticket().is_some(),
            approved: (access.approved_by(), access.approved_at()),
            sponsor: (access.sponsor(), access.sponsored_at()),
            rank,
            unranked,
        }
    }

    /// What is written about the org role of `user`, whose entry is `entry`.
    pub(super) fn org_role(user: &'a Email, role: &OrgRole, entry: Ground<'a>) -> Self {
        let note = entry.note;
        let place = Some(entry.place);
        Self {
            user: Some(user),
            until: note.and_then(|note| note.window.until),
            since: note.and_then(|note| note.window.from),
            has_reason: note.is_some_and(|note| note.reason.is_some()),
            has_ticket: note.is_some_and(|note| note.ticket.is_some()),
            approved: (note.map(|note| note.approved_by.as_slice()).unwrap_or_default(), place),
            sponsor: (note.and_then(|note| note.sponsor.as_ref()), place),
            rank: role.on_every_project(),
            unranked: None,
        }
    }
}

/// Whether a rule with this condition is about the org role of somebody who fits. The role of a mere member gives nothing,
/// so no rule is about it. Owners and admins reach every project with the same role there; `billing_admin` reaches none.
pub(super) fn fits_org_role(when: &When, role: &OrgRole) -> bool {
    let reach = role.on_every_project();
    let asks_of_projects = when.projects.is_some() || when.roles.is_some() || when.role_at_least.is_some();
    role.is_above(&OrgRole::Member)
        && when.via.org_role
        && (reach.is_some() || !asks_of_projects)
        && when.roles.as_ref().is_none_or(|roles| reach.is_some_and(|reach| roles.contains(&reach.into())))
        && when.role_at_least.is_none_or(|least| reach >= Some(least))
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

/// How what is written breaks these effects, and the role where it cannot be compared.
pub(super) fn violations<'a>(
    effects: &Effects,
    about: &About<'a>,
    approvers: &mut Approvers<'a>,
    desired: &Desired,
    as_of: Timestamp,
) -> (Vec<Violation>, Option<&'a RoleName>) {
    let (mut found, mut unranked) = (Vec::new(), None);
    if effects.deny {
        found.push(Violation::Denied);
    }
    let (named, place) = about.approved;
    let wants = |requirement| effects.require.contains(&requirement);
    let approved = if wants(Requirement::ApprovedBy) || effects.min_approvers.is_some() {
        approvers.counted(named, place, about.user).len()
    } else {
        0
    };
    let (sponsor, place) = about.sponsor;
    let has_sponsor = wants(Requirement::Sponsor)
        && sponsor.is_some_and(|one| !approvers.counted(std::slice::from_ref(one), place, about.user).is_empty());
    let is_missing = |requirement: &Requirement| match requirement {
        Requirement::Until => about.until.is_none(),
        Requirement::Reason => !about.has_reason,
        Requirement::Ticket => !about.has_ticket,
        Requirement::ApprovedBy => approved == 0,
        Requirement::Sponsor => !has_sponsor,
    };
    let missing: BTreeSet<Requirement> = effects.require.iter().copied().filter(is_missing).collect();
    if !missing.is_empty() {
        found.push(Violation::Lacks(missing));
    }
    if let Some(most) = effects.max_days
        && about.until.is_none_or(|until| is_too_long(desired, about.since, until, most, as_of))
    {
        found.push(Violation::TooLong(about.until.map_or(Length::Endless, |until| Length::Until(End(until)))));
    }
    if let Some(most) = effects.max_role {
        match about.rank {
            Some(rank) if rank > most => found.push(Violation::TooStrong(most)),
            Some(_) => {}
            None => unranked = about.unranked,
        }
    }
    if let Some(least) = effects.min_approvers
        && approved < least
    {
        found.push(Violation::Approvers(approved));
    }
    (found, unranked)
}

/// Whether somebody who has this role on the project by a team could break `rule`.
pub(super) fn could_break(rule: &Rule, project: ProjectId, role: &ProjectRole, ranks: &Ranks) -> bool {
    let When { projects, roles, role_at_least, environments: _, users: _, teams: _, via: _ } = &rule.when;
    let Effects { deny, require, max_days, max_role, min_approvers } = &rule.effects;
    let rank = rank(ranks, project, role);
    projects.as_ref().is_none_or(|projects| projects.contains(&project))
        && roles.as_ref().is_none_or(|roles| roles.contains(role))
        && role_at_least.is_none_or(|least| rank.is_none_or(|rank| rank >= least))
        && (*deny
            || !require.is_empty()
            || max_days.is_some()
            || min_approvers.is_some()
            || max_role.is_some_and(|most| rank.is_none_or(|rank| rank > most)))
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
