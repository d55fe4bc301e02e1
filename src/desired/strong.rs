//! The roles that begin and end with something declared: with a user all grants and memberships, with a membership the roles
//! of the team.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::amendments::Bearing;
use super::entry::Declared;
use super::{Desired, DesiredTeam, Fact, Fate, Window};
use crate::model::{BuiltInRole, ProjectId, ProjectKey, ProjectRole};

/// A role of the rank of admin or owner that begins and ends with something declared that does not say it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrongRole {
    /// The built-in role that it is, or ranks like.
    pub rank: BuiltInRole,
    /// The role.
    pub role: ProjectRole,
    /// On which projects.
    pub projects: Vec<ProjectKey>,
}

/// The time that something declared gains.
pub(super) struct Gained {
    /// From this moment on.
    as_of: Timestamp,
    /// `None` where nothing is gained, and all that goes with it is meant.
    windows: Option<Vec<Window>>,
}

impl Gained {
    /// Everything that goes with something, at whatever time.
    pub(super) fn everything(as_of: Timestamp) -> Self {
        Self { as_of, windows: None }
    }

    /// What is gained by what holds in `after` and held in `before`, whose end and beginning move as `moves` says.
    pub(super) fn of(
        fate: Fate,
        [end, beginning]: [Option<Bearing>; 2],
        before: Window,
        after: Window,
        as_of: Timestamp,
    ) -> Self {
        let mut windows = Vec::new();
        if fate.is_new() {
            windows.push(after);
        }
        if end == Some(Bearing::Loosens) {
            windows.push(Window { from: before.until, until: None }.intersection(after));
        }
        if beginning == Some(Bearing::Loosens) {
            windows.push(Window { from: None, until: before.from }.intersection(after));
        }
        Self { as_of, windows: Some(windows).filter(|windows| !windows.is_empty()) }
    }

    /// Whether any moment of `window` is in it.
    fn meets(&self, window: Window) -> bool {
        self.windows.as_ref().is_none_or(|windows| {
            let common = windows.iter().map(|gained| gained.intersection(window));
            common.into_iter().any(|common| common.start().max(self.as_of) < common.end())
        })
    }
}

/// The strongest role that begins and ends with `fact`, in the time that is `gained` by it.
pub(super) fn strongest(desired: &Desired, fact: Declared<'_>, gained: &Gained) -> Option<BuiltInRole> {
    let own = match fact {
        Declared::User(_, user) => user.role.value.on_every_project(),
        Declared::Member(..) => None,
        Declared::TeamRole(_, project, role) | Declared::Grant(_, project, role) => rank(desired, project, &role.value),
    };
    let others = others(desired, fact).into_iter().filter(|(_, _, window)| gained.meets(*window));
    own.max(others.filter_map(|(project, role, _)| rank(desired, project, role)).max())
}

/// The roles of admin and owner that begin and end with `fact` and that it does not say itself, in the time that is `gained`
/// by it: on each project the strongest, where the user has none as strong on every one. Strongest first.
pub(super) fn strong_roles(desired: &Desired, fact: Declared<'_>, gained: &Gained) -> Vec<StrongRole> {
    let own = match fact {
        Declared::User(_, user) => user.role.value.on_every_project(),
        Declared::Member(..) | Declared::TeamRole(..) | Declared::Grant(..) => None,
    };
    // A built-in role says its rank itself, so it comes before a custom one that ranks like it.
    let mut of_projects: BTreeMap<ProjectId, (Reverse<BuiltInRole>, &ProjectRole)> = BTreeMap::new();
    for (project, role, window) in others(desired, fact) {
        let rank = rank(desired, project, role).filter(|rank| *rank >= BuiltInRole::Admin && Some(*rank) > own);
        if let Some(rank) = rank.filter(|_| gained.meets(window)) {
            let found = (Reverse(rank), role);
            of_projects.entry(project).and_modify(|known| *known = found.min(*known)).or_insert(found);
        }
    }
    let mut roles: BTreeMap<(Reverse<BuiltInRole>, &ProjectRole), Vec<ProjectKey>> = BTreeMap::new();
    for (project, found) in of_projects {
        roles.entry(found).or_default().extend(desired.projects.get(&project).map(|project| project.key.clone()));
    }
    let strong =
        |((Reverse(rank), role), projects): (_, _)| StrongRole { rank, role: ProjectRole::clone(role), projects };
    roles.into_iter().map(strong).collect()
}

/// The roles on projects that begin and end with `fact` and that it does not say itself, each with its own time.
fn others<'a>(desired: &'a Desired, fact: Declared<'_>) -> Vec<(ProjectId, &'a ProjectRole, Window)> {
    let of_team = |team: &'a DesiredTeam, time: Window| {
        let roles = team.roles.iter().flatten();
        roles.map(move |(project, role)| (*project, &role.value, time_of(role).intersection(time)))
    };
    match fact {
        Declared::User(user, _) => {
            let (first, last) = ProjectId::RANGE;
            let grants = desired.grants.range((user.clone(), first)..=(user.clone(), last));
            let grants = grants.map(|((_, project), role)| (*project, &role.value, time_of(role)));
            let member = |team: &'a DesiredTeam| Some((team, team.members.as_ref()?.get(user)?));
            let teams = desired.teams.values().filter_map(member);
            grants.chain(teams.flat_map(|(team, member)| of_team(team, time_of(member)))).collect()
        }
        Declared::Member(team, ..) => {
            desired.teams.get(team).into_iter().flat_map(|team| of_team(team, Window::default())).collect()
        }
        Declared::TeamRole(..) | Declared::Grant(..) => Vec::new(),
    }
}

fn time_of<T>(fact: &Fact<T>) -> Window {
    fact.window().copied().unwrap_or_default()
}

/// The built-in role that a role on `project` ranks like; `None` where nobody says so.
pub(super) fn rank(desired: &Desired, project: ProjectId, role: &ProjectRole) -> Option<BuiltInRole> {
    match role {
        ProjectRole::BuiltIn(role) => Some(*role),
        ProjectRole::Custom(name) => desired.projects.get(&project)?.roles.get(name)?.value,
    }
}
