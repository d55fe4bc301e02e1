//! Effective access by the definition, slowly: for every user and project, look at every source.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::access::{AccessSource, Effect, Rank, Ranks, Via};
use accessctl::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, State, TeamName};

/// What gives access (`org_role`, `team`, `grant` or `everyone`), the team where a team does, and the role.
pub(crate) type Source = (&'static str, Option<TeamName>, ProjectRole);

/// As one of the program's own sources says it.
pub(crate) fn source(source: &AccessSource<'_>) -> Source {
    let team = if let Via::Team(team) = source.via { Some(team.clone()) } else { None };
    (source.via.as_str(), team, source.role.clone())
}

/// Every source of every user's access to every project; pairs without access are absent.
pub(crate) fn access(state: &State) -> BTreeMap<(Email, ProjectId), BTreeSet<Source>> {
    let mut access: BTreeMap<(Email, ProjectId), BTreeSet<Source>> = BTreeMap::new();
    for (email, user) in &state.users {
        for (id, project) in &state.projects {
            let mut give = |via: &'static str, team: Option<&TeamName>, role: ProjectRole| {
                access.entry((email.clone(), *id)).or_default().insert((via, team.cloned(), role));
            };
            match user.role {
                OrgRole::Owner => give("org_role", None, BuiltInRole::Owner.into()),
                OrgRole::Admin => give("org_role", None, BuiltInRole::Admin.into()),
                OrgRole::BillingAdmin | OrgRole::Member | OrgRole::Other(_) => {}
            }
            for (name, team) in &state.teams {
                for (on, role) in &team.roles {
                    if on == id && team.members.contains(email) {
                        give("team", Some(name), role.clone());
                    }
                }
            }
            for ((holder, on), role) in &state.grants {
                if holder == email && on == id {
                    give("grant", None, role.clone());
                }
            }
            if let Some(role) = &project.everyone {
                give("everyone", None, role.clone());
            }
        }
    }
    access
}

/// What somebody with these roles can do, as a set: every built-in role at or below a held one, every custom role that
/// is held or ranked below a held one, and all custom roles for who manages the project.
pub(crate) fn powers(
    roles: &BTreeSet<ProjectRole>,
    project: ProjectId,
    ranks: &Ranks,
    customs: &BTreeSet<ProjectRole>,
) -> BTreeSet<ProjectRole> {
    powers_by(roles, project, ranks, customs, [|rank| rank.now; 2])
}

/// What a role is worth.
type Worth = fn(Rank) -> Option<BuiltInRole>;

/// The same, the roles being worth the first, and what can be done with them the second.
fn powers_by(
    roles: &BTreeSet<ProjectRole>,
    project: ProjectId,
    ranks: &Ranks,
    customs: &BTreeSet<ProjectRole>,
    [own, asked]: [Worth; 2],
) -> BTreeSet<ProjectRole> {
    let level_by = |role: &ProjectRole, worth: Worth| match role {
        ProjectRole::BuiltIn(role) => Some(*role as usize),
        ProjectRole::Custom(name) => worth(*ranks.get(&project)?.get(name)?).map(|role| role as usize),
    };
    let mut all: BTreeSet<ProjectRole> = BuiltInRole::ALL.into_iter().map(ProjectRole::from).collect();
    all.extend(customs.iter().cloned());
    let manages = |role: &ProjectRole| *role == BuiltInRole::Owner.into() || *role == BuiltInRole::Admin.into();
    all.into_iter()
        .filter(|power| {
            roles.iter().any(|held| match (level_by(held, own), level_by(power, asked)) {
                _ if held == power => true,
                (Some(held), Some(power)) => held > power,
                (Some(_), None) => manages(held),
                (None, _) => false,
            })
        })
        .collect()
}

/// Every real change of access from `live` to `target`.
pub(crate) fn effects(live: &State, target: &State, ranks: &Ranks) -> BTreeMap<(Email, ProjectId), Effect> {
    let (before, after) = (access(live), access(target));
    let roles = |side: &BTreeMap<_, BTreeSet<Source>>, key: &(Email, ProjectId)| -> BTreeSet<ProjectRole> {
        side.get(key).into_iter().flatten().map(|(_, _, role)| role.clone()).collect()
    };
    let mut effects = BTreeMap::new();
    for key in before.keys().chain(after.keys()) {
        let (was, is) = (roles(&before, key), roles(&after, key));
        // What comes is worth what it is now, what goes what it was before, and what stays the least of both.
        let comes = new_by(&was, &is, key.1, ranks, [|rank| rank.before, |rank| rank.now]);
        let goes = new_by(&is, &was, key.1, ranks, [|rank| rank.kept, |rank| rank.before]);
        let effect = if was.is_empty() {
            Effect::Gain
        } else if is.is_empty() {
            Effect::Lose
        } else if !comes.is_empty() {
            Effect::Raise
        } else if !goes.is_empty() {
            Effect::Lower
        } else {
            continue;
        };
        effects.insert(key.clone(), effect);
    }
    effects
}

/// The roles that somebody with `before` has newly with `after`: nothing before does what they do.
pub(crate) fn new_roles(
    before: &BTreeSet<ProjectRole>,
    after: &BTreeSet<ProjectRole>,
    project: ProjectId,
    ranks: &Ranks,
) -> BTreeSet<ProjectRole> {
    new_by(before, after, project, ranks, [|rank| rank.now; 2])
}

fn new_by(
    before: &BTreeSet<ProjectRole>,
    after: &BTreeSet<ProjectRole>,
    project: ProjectId,
    ranks: &Ranks,
    worth: [Worth; 2],
) -> BTreeSet<ProjectRole> {
    let customs = before.iter().chain(after).filter(|role| matches!(role, ProjectRole::Custom(_))).cloned().collect();
    let could = powers_by(before, project, ranks, &customs, worth);
    after.iter().filter(|role| !could.contains(role)).cloned().collect()
}

/// Whether somebody with `roles` can do what somebody with `role` can.
pub(crate) fn includes(roles: &BTreeSet<ProjectRole>, role: &ProjectRole, project: ProjectId, ranks: &Ranks) -> bool {
    new_roles(roles, &BTreeSet::from([role.clone()]), project, ranks).is_empty()
}
