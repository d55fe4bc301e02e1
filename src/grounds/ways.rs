//! What would have to change for somebody to lose access, or to get it.

use super::{Access, Compared, Ground, GroundKind, Mark, View};
use crate::access::{Ranks, Via, rank};
use crate::desired::{DesiredTeam, Lapse, LapseWhy};
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, TeamName};
use crate::source::Span;

/// Teams that are proposed to somebody who has no access.
const TEAMS_PROPOSED: usize = 3;

/// One edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way<'a> {
    /// Lower the org role, which reaches every project.
    LowerOrgRole {
        /// The org role.
        role: Option<&'a OrgRole>,
        /// The user's entry, where there is one.
        place: Option<Span>,
    },
    /// Remove a line of a team's members.
    LeaveTeam {
        /// The team.
        team: &'a TeamName,
        /// The member's line.
        place: Span,
        /// The line of the team's role, which takes it from all members.
        role_place: Option<Span>,
        /// How many members the team has.
        members: usize,
    },
    /// Remove a grant.
    RemoveGrant {
        /// Its line.
        place: Span,
        /// How many other projects the same line gives.
        others: usize,
    },
    /// Take the default role from everybody, or the user out of the organization.
    LowerEveryone {
        /// The default role's line.
        place: Span,
        /// The user's entry, where there is one.
        entry: Option<Span>,
    },
    /// Only the live side gives it, by this source.
    OnlyLive {
        /// The source.
        via: Via<'a>,
        /// Whether it stays: `apply` does not touch it.
        is_kept: bool,
    },
    /// Declare the user first.
    DeclareUser,
    /// Let what is declared be given: lift the block, or write another time. Of the user's own entry, first of all.
    Renew {
        /// Why it is not given.
        why: LapseWhy,
        /// The line that says so.
        place: Span,
        /// Whether it is the user who has nothing at all.
        is_user: bool,
    },
    /// Become a member of a team.
    JoinTeam {
        /// The team.
        team: &'a TeamName,
        /// The role that it gives.
        role: &'a ProjectRole,
        /// Where the team is declared.
        place: Span,
        /// How many other projects the team reaches.
        others: usize,
    },
    /// Get an individual grant.
    GetGrant,
}

impl Way<'_> {
    /// The stable name.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::LowerOrgRole { .. } => "lower_org_role",
            Self::LeaveTeam { .. } => "leave_team",
            Self::RemoveGrant { .. } => "remove_grant",
            Self::LowerEveryone { .. } => "lower_everyone",
            Self::OnlyLive { is_kept: true, .. } => "change_live_side",
            Self::OnlyLive { is_kept: false, .. } => "apply",
            Self::DeclareUser => "declare_user",
            Self::Renew { .. } => "renew",
            Self::JoinTeam { .. } => "join_team",
            Self::GetGrant => "get_grant",
        }
    }

    /// Where the configuration is edited.
    pub fn place(&self) -> Option<Span> {
        match self {
            Self::LowerOrgRole { place, .. } => *place,
            Self::LeaveTeam { place, .. }
            | Self::RemoveGrant { place, .. }
            | Self::LowerEveryone { place, .. }
            | Self::JoinTeam { place, .. }
            | Self::Renew { place, .. } => Some(*place),
            Self::OnlyLive { .. } | Self::DeclareUser | Self::GetGrant => None,
        }
    }
}

/// What has to be done, all of it, for `user` to lose the access of `rows`, which are of one project.
pub fn ways_to_lose<'a>(view: View<'a>, user: &Email, rows: &[Compared<'a>]) -> Vec<Way<'a>> {
    let person = view.desired.users.as_ref().and_then(|users| users.get(user));
    let of = |row: &Compared<'a>| match (row.mark, row.desired, row.live) {
        (_, Some(access), _) => way_to_lose(view, user, person.map(|person| &person.role.value), &access)
            .or(Some(Way::OnlyLive { via: access.source.via, is_kept: true })),
        (mark, None, Some(access)) => Some(Way::OnlyLive { via: access.source.via, is_kept: mark == Mark::Kept }),
        (_, None, None) => None,
    };
    rows.iter().filter_map(of).collect()
}

fn way_to_lose<'a>(view: View<'a>, user: &Email, role: Option<&'a OrgRole>, access: &Access<'a>) -> Option<Way<'a>> {
    let place = |kind| access.grounds().find(|ground: &Ground<'_>| ground.kind == kind).map(|ground| ground.place);
    let entry = place(GroundKind::User);
    Some(match access.source.via {
        Via::OrgRole => Way::LowerOrgRole { role, place: entry },
        Via::Team(team) => Way::LeaveTeam {
            team,
            place: place(GroundKind::Member)?,
            role_place: place(GroundKind::TeamRole),
            members: view.desired.teams.get(team)?.members.as_ref().map_or(0, |members| members.len()),
        },
        Via::Grant => {
            let place = place(GroundKind::Grant)?;
            let (first, last) = ProjectId::RANGE;
            let all = view.desired.grants.range((user.clone(), first)..=(user.clone(), last));
            let others = all.filter(|((_, id), fact)| *id != access.project && fact.place == place).count();
            Way::RemoveGrant { place, others }
        }
        Via::Everyone => Way::LowerEveryone { place: place(GroundKind::Everyone)?, entry },
    })
}

/// The shortest ways for `user`, who has no access to `project`, to get some: any one of them, what gives least first.
/// `lapsed` is what is declared of it and not given at the moment.
pub fn ways_to_get<'a>(
    view: View<'a>,
    user: &Email,
    project: ProjectId,
    user_lapse: Option<Lapse<'a>>,
    lapsed: &[Access<'a>],
) -> Vec<Way<'a>> {
    let ranks: &Ranks = &view.desired.ranks();
    let is_declared = view.desired.users.as_ref().is_none_or(|users| users.contains_key(user));
    let mut ways = Vec::new();
    if !is_declared {
        ways.push(Way::DeclareUser);
    }
    if let Some(Lapse { why, place, note: _ }) = user_lapse {
        ways.push(Way::Renew { why, place, is_user: true });
        // What is declared of them is theirs again then.
        if !lapsed.is_empty() {
            return ways;
        }
    }
    let renew = |lapse: Lapse<'a>| Way::Renew { why: lapse.why, place: lapse.place, is_user: false };
    ways.extend(lapsed.iter().filter(|_| user_lapse.is_none()).filter_map(|access| access.lapse.map(renew)));
    let gives = |(team, declared): (&'a TeamName, &'a DesiredTeam)| {
        let roles = declared.roles.as_ref()?;
        let role = &roles.get(&project)?.value;
        declared.members.as_ref()?;
        // Whoever is in it already gains nothing by joining.
        let is_member = declared.members.as_ref().is_some_and(|members| members.contains_key(user));
        (!is_member).then_some((rank(ranks, project, role), roles.len(), team, role, declared.place))
    };
    let mut teams: Vec<_> = view.desired.teams.iter().filter_map(gives).collect();
    // Roles without a rank come last: nobody knows how much they give.
    teams.sort_by_key(|(rank, reach, team, ..)| (rank.is_none(), *rank, *reach, *team));
    let join =
        |(_, reach, team, role, place): (_, usize, _, _, _)| Way::JoinTeam { team, role, place, others: reach - 1 };
    ways.extend(teams.into_iter().take(TEAMS_PROPOSED).map(join));
    ways.push(Way::GetGrant);
    ways
}
