//! What would have to change for somebody to lose access, or to get it.

use jiff::Timestamp;

use super::{Access, Compared, Ground, GroundKind, Mark, Person, Standing, View};
use crate::access::{Ranks, Via, rank};
use crate::desired::{Bound, DesiredTeam, LapseWhy, Manage, ManageMode, Note, Window};
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
        /// Why the configuration does not give it, where it says so.
        why: Option<LapseWhy>,
    },
    /// Declare the user first.
    DeclareUser,
    /// Let what is declared be given: lift the block, or write another time. Of the user's own entry, first of all.
    Renew {
        /// Why it is not given.
        why: LapseWhy,
        /// The line that says so.
        place: Span,
        /// What stands in the way besides: a membership and the team's role may both not hold.
        also: Option<(LapseWhy, Span)>,
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
    GetGrant {
        /// Whether the project is declared, as it must be for that.
        is_declared: bool,
    },
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
            Self::GetGrant { .. } => "get_grant",
        }
    }

    /// Whether it comes before others and is not enough alone, unless nothing else is needed.
    pub fn is_first(&self) -> bool {
        match self {
            Self::DeclareUser | Self::Renew { is_user: true, .. } => true,
            Self::LowerOrgRole { .. }
            | Self::LeaveTeam { .. }
            | Self::RemoveGrant { .. }
            | Self::LowerEveryone { .. }
            | Self::OnlyLive { .. }
            | Self::Renew { is_user: false, .. }
            | Self::JoinTeam { .. }
            | Self::GetGrant { .. } => false,
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
            Self::OnlyLive { .. } | Self::DeclareUser | Self::GetGrant { .. } => None,
        }
    }
}

/// One of the edits by which somebody loses access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loss<'a> {
    /// What to do.
    pub way: Way<'a>,
    /// When the access begins that it takes away, where that is still to come.
    pub begins: Option<Bound>,
}

/// What has to be done, all of it, for `user` to lose the access of `rows`, which are of one project, and to get none of what
/// has not begun. `lapsed` is what is declared of the project and not given at the moment.
pub fn ways_to_lose<'a>(view: View<'a>, user: &Email, rows: &[Compared<'a>], lapsed: &[Access<'a>]) -> Vec<Loss<'a>> {
    let person = view.desired.users.as_ref().and_then(|users| users.get(user));
    let role = person.map(|person| &person.role.value);
    let mut losses = Vec::new();
    for row in rows {
        let (mut edit, mut on_live) = (None, None);
        match (row.desired, row.live) {
            (Some(access), live) => {
                let via = access.source.via;
                edit = way_to_lose(view, user, role, &access);
                let is_live = live.is_some() || (via == Via::Everyone && has_default(view, access.project));
                let stays = edit.is_none() || (is_live && stays_when_not_declared(view, via));
                on_live = stays.then_some(Way::OnlyLive { via, is_kept: true, why: None });
            }
            (None, Some(access)) => {
                let via = access.source.via;
                // Without the line that says when it begins, it is not looked after any more.
                let loses_line = row.lapsed.is_some_and(|lapsed| lapsed.will_begin());
                let is_kept = row.mark == Mark::Kept || (loses_line && stays_when_not_declared(view, via));
                // What is kept may rest on lines all the same: a membership of a team whose live role stays, a default for all.
                let told = row.lapsed.filter(|_| is_kept && !loses_line).unwrap_or(access);
                edit = told.grounds().next().and_then(|_| way_to_lose(view, user, role, &told));
                let why = row.lapse.map(|lapse| lapse.why);
                let is_left = edit.is_none() || stays_when_not_declared(view, via);
                on_live = is_left.then_some(Way::OnlyLive { via, is_kept, why });
            }
            (None, None) => {}
        }
        losses.extend(edit.into_iter().chain(on_live).map(|way| Loss { way, begins: None }));
    }
    for access in lapsed.iter().filter(|access| access.will_begin()) {
        let on_live = Way::OnlyLive { via: access.source.via, is_kept: true, why: None };
        let way = way_to_lose(view, user, role, access).unwrap_or(on_live);
        // What the live side gives already, and keeps, is told: it is taken away there once.
        let told = |loss: &Loss<'_>| match (&loss.way, &way) {
            (Way::OnlyLive { via: first, is_kept: true, .. }, Way::OnlyLive { via: second, .. }) => first == second,
            (_, _) => false,
        };
        if !losses.iter().any(told) {
            losses.push(Loss { way, begins: access.since() });
        }
    }
    losses
}

/// Whether the project has a default role on the live side.
fn has_default(view: View<'_>, project: ProjectId) -> bool {
    view.live.and_then(|state| state.projects.get(&project)).is_some_and(|project| project.everyone.is_some())
}

/// Whether the live side keeps what `via` gives when the configuration does not say it any more.
fn stays_when_not_declared(view: View<'_>, via: Via<'_>) -> bool {
    let manage = &view.desired.manage;
    match via {
        Via::OrgRole => manage.users == ManageMode::None,
        Via::Team(_) => manage.teams == ManageMode::None,
        Via::Grant => manage.grants != ManageMode::Full,
        Via::Everyone => manage.everyone != ManageMode::Full,
    }
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

/// The shortest ways for `user`, of whom `person` is known and who has no access to `project`, to get some: all that come
/// first (see [`Way::is_first`]), then any one of the others, what gives least first. `lapsed` is what is declared of it
/// and not given at the moment. There are none where nothing that the configuration manages could give it.
pub fn ways_to_get<'a>(
    view: View<'a>,
    user: &Email,
    project: ProjectId,
    person: &Person<'a>,
    lapsed: &[Access<'a>],
) -> Vec<Way<'a>> {
    let mut ways = ways_to_have_anything(view, user, person);
    let of_project = view.desired.projects.get(&project);
    let manage = view.desired.manage;
    // Nobody comes into an organization whose users are not managed.
    let is_out = view.live.is_some_and(|live| !live.users.contains_key(user));
    if manage.users == ManageMode::None && is_out {
        return Vec::new();
    }
    match person.standing {
        // Whatever they have, they have under the address that they have now.
        Standing::Renamed { .. } => return ways,
        // Who is ignored cannot be declared.
        Standing::NotDeclared if view.desired.ignore.user(user).is_some() => return Vec::new(),
        Standing::NotDeclared => {
            ways.push(Way::DeclareUser);
            let has_default = of_project.is_some_and(|found| found.everyone.is_some());
            if has_default && manage.everyone != ManageMode::None {
                return ways;
            }
        }
        Standing::Declared | Standing::NotManaged => {}
    }
    let mut others = Vec::new();
    for access in lapsed.iter().filter(|access| is_managed(manage, access.source.via)) {
        let own = access.grounds().filter(|ground| ground.kind != GroundKind::User);
        let lapses: Vec<_> = own.filter_map(|ground| not_now(ground.note?, view.as_of)).collect();
        match lapses.as_slice() {
            // It is theirs again as soon as they may have anything.
            [] => return ways,
            [(why, place), rest @ ..] => {
                others.push(Way::Renew { why: *why, place: *place, also: rest.first().copied(), is_user: false });
            }
        }
    }
    others.extend(ways_to_join(view, user, project));
    let can_be_granted = manage.grants != ManageMode::None && !is_ignored(view, project);
    if can_be_granted && !view.desired.grants.contains_key(&(user.clone(), project)) {
        others.push(Way::GetGrant { is_declared: of_project.is_some() });
    }
    // What comes first is not enough alone.
    if others.is_empty() {
        return Vec::new();
    }
    ways.extend(others);
    ways
}

/// Whether what the configuration gives by `via` is given on the live side too.
fn is_managed(manage: Manage, via: Via<'_>) -> bool {
    let mode = match via {
        Via::OrgRole => manage.users,
        Via::Team(_) => manage.teams,
        Via::Grant => manage.grants,
        Via::Everyone => manage.everyone,
    };
    mode != ManageMode::None
}

/// Whether the configuration ignores the project, so that nothing can be declared of it.
fn is_ignored(view: View<'_>, project: ProjectId) -> bool {
    let key = view.desired.projects.get(&project).map_or("", |found| &found.key);
    let name = view.live.and_then(|state| state.projects.get(&project)).map_or("", |found| &found.name);
    view.desired.ignore.project(&[key, &project.to_string(), name]).is_some()
}

/// What must be so before `user` can have anything: nobody blocks them under any address, and it is their time.
fn ways_to_have_anything<'a>(view: View<'a>, user: &Email, person: &Person<'a>) -> Vec<Way<'a>> {
    let now = match person.standing {
        Standing::Renamed { now, .. } => now,
        Standing::Declared | Standing::NotDeclared | Standing::NotManaged => user,
    };
    let declared = view.desired.users.as_ref().and_then(|users| users.get(now));
    let earlier = declared.into_iter().flat_map(|user| user.previously.keys());
    let blocks = std::iter::once(now).chain(earlier).filter_map(|address| view.desired.blocked.get(address));
    let blocks = blocks.map(|fact| (LapseWhy::Blocked, fact.place));
    let own = declared.and_then(|user| not_now(user.role.note.as_deref()?, view.as_of));
    blocks.chain(own).map(|(why, place)| Way::Renew { why, place, also: None, is_user: true }).collect()
}

/// Why what has this note does not hold at `moment`, if it does not, and the place that says so.
fn not_now(note: &Note, moment: Timestamp) -> Option<(LapseWhy, Span)> {
    let Window { from, until } = note.window;
    let over = until.filter(|_| note.window.is_over(moment)).map(|until| (LapseWhy::Over, until.place));
    over.or_else(|| from.filter(|_| note.window.is_before(moment)).map(|from| (LapseWhy::NotYet, from.place)))
}

/// The teams that give a role on the project at the moment and that the user is not in, what gives least first.
fn ways_to_join<'a>(view: View<'a>, user: &Email, project: ProjectId) -> impl Iterator<Item = Way<'a>> {
    let ranks: &Ranks = &view.desired.ranks();
    let gives = |(team, declared): (&'a TeamName, &'a DesiredTeam)| {
        let roles = declared.roles.as_ref()?;
        let fact = roles.get(&project).filter(|fact| fact.window().is_none_or(|window| window.holds(view.as_of)))?;
        let role = &fact.value;
        // Whoever is in it already gains nothing by joining.
        let is_member = declared.members.as_ref()?.contains_key(user);
        (!is_member).then_some((rank(ranks, project, role), roles.len(), team, role, declared.place))
    };
    let managed = view.desired.manage.teams != ManageMode::None;
    let mut teams: Vec<_> = view.desired.teams.iter().filter(|_| managed).filter_map(gives).collect();
    // Roles without a rank come last: nobody knows how much they give.
    teams.sort_by_key(|(rank, reach, team, ..)| (rank.is_none(), *rank, *reach, *team));
    let join =
        |(_, reach, team, role, place): (_, usize, _, _, _)| Way::JoinTeam { team, role, place, others: reach - 1 };
    teams.into_iter().take(TEAMS_PROPOSED).map(join)
}
