//! What a reviewer asks about each change: why, where it is written, whether it raises somebody.

use std::sync::Arc;

use super::{ChangeId, ChangeStatus, Channel, Origin, PlannedChange, Why};
use crate::access::{Ranks, covers};
use crate::change::Change;
use crate::desired::{Desired, Fact, Note};
use crate::model::{BuiltInRole, Email, OrgRole, Project, ProjectId, ProjectRole, State, TeamName};
use crate::source::Span;
use crate::target::Target;

/// What the configuration says about a change.
type Written = Option<(Span, Option<Arc<Note>>)>;

/// The planned form of `change`, which stands at `id` and depends on `depends_on`.
pub(super) fn explain(
    desired: &Desired,
    live: &State,
    target: &Target,
    ranks: &Ranks,
    (id, change, depends_on): (ChangeId, Change, Vec<ChangeId>),
) -> PlannedChange {
    let (why, written) = why(desired, target, &change);
    let escalation = escalates(live, &target.state, ranks, &change);
    let (source, note) = written.map_or((None, None), |(place, note)| (Some(place), note));
    PlannedChange {
        id,
        change,
        origin: Origin::Proposed,
        why,
        source,
        note,
        channel: Channel::Api,
        depends_on,
        escalation,
        status: ChangeStatus::Planned,
    }
}

fn of_fact<T>(fact: Option<&Fact<T>>) -> Written {
    fact.map(|fact| (fact.place, fact.note.clone()))
}

fn why(desired: &Desired, target: &Target, change: &Change) -> (Why, Written) {
    let team_place = |name: &TeamName| desired.teams.get(name).map(|team| (team.place, None));
    let user = |email: &Email| desired.users.as_ref().and_then(|users| users.get(email));
    match change {
        Change::RenameTeam { from, to } => {
            let old = desired.teams.get(to).and_then(|team| team.previously.get(from));
            (Why::Renamed, old.map(|place| (*place, None)))
        }
        Change::CreateTeam { team } => (Why::Declared, team_place(team)),
        Change::InviteUser { user: email, .. } => {
            let renamed = user(email).is_some_and(|found| {
                found
                    .previously
                    .keys()
                    .any(|old| target.state.users.contains_key(old) || target.replaced_users.contains_key(old))
            });
            let why = if renamed { Why::Renamed } else { Why::Declared };
            (why, of_fact(user(email).map(|found| &found.role)))
        }
        Change::SetOrgRole { user: email, .. } => (Why::Declared, of_fact(user(email).map(|found| &found.role))),
        Change::SetEveryone { project, .. } => {
            let everyone = desired.projects.get(project).and_then(|found| found.everyone.as_ref());
            (Why::Declared, of_fact(everyone))
        }
        Change::SetTeamRole { team, project, .. } => {
            let role = desired.teams.get(team).and_then(|team| team.roles.as_ref()?.get(project));
            (Why::Declared, of_fact(role))
        }
        Change::AddTeamMember { team, user } => {
            let member = desired.teams.get(team).and_then(|team| team.members.as_ref()?.get(user));
            (Why::Declared, of_fact(member))
        }
        Change::SetGrant { user, project, .. } => {
            (Why::Declared, of_fact(desired.grants.get(&(user.clone(), *project))))
        }
        // A list that does not name something is where a reviewer looks for it.
        Change::RemoveTeamMember { team, .. } | Change::RemoveTeamRole { team, .. } => {
            (Why::Unlisted, team_place(team))
        }
        Change::RemoveEveryone { project, .. } => {
            (Why::Unlisted, desired.projects.get(project).map(|found| (found.place, None)))
        }
        Change::RemoveGrant { .. } | Change::DeleteTeam { .. } => (Why::Unlisted, None),
        Change::CancelInvite { user: email } | Change::RemoveUser { user: email } => {
            match target.replaced_users.get(email) {
                Some(new) => {
                    let old = user(new).and_then(|found| found.previously.get(email));
                    (Why::Renamed, old.map(|place| (*place, None)))
                }
                None => (Why::Unlisted, None),
            }
        }
    }
}

/// Whether `change` raises somebody to admin or owner, of the organization or of a project.
///
/// Whoever has as much by the org role already is not raised; other sources are not looked at, so that taking one of
/// two away never hides that the other was given.
fn escalates(live: &State, target: &State, ranks: &Ranks, change: &Change) -> bool {
    let manages = |project: ProjectId, role: &ProjectRole| {
        crate::access::rank(ranks, project, role).is_some_and(|rank| rank >= BuiltInRole::Admin)
    };
    let raises = |project: ProjectId, from: Option<&ProjectRole>, to: &ProjectRole| {
        manages(project, to) && !from.is_some_and(|from| covers(ranks, project, from, to))
    };
    let has_by_org_role = |user: &Email, project: ProjectId, role: &ProjectRole| {
        let by_org_role = live.users.get(user).and_then(|found| found.role.on_every_project());
        by_org_role.is_some_and(|held| covers(ranks, project, &held.into(), role))
    };
    match change {
        // Whoever comes gets what everybody has.
        Change::InviteUser { role, .. } => {
            let everyone =
                |(id, found): (&ProjectId, &Project)| found.everyone.as_ref().is_some_and(|role| manages(*id, role));
            *role <= OrgRole::Admin || target.projects.iter().any(everyone)
        }
        Change::SetOrgRole { from, to, .. } => *to <= OrgRole::Admin && to < from,
        Change::SetEveryone { project, from, to } | Change::SetTeamRole { project, from, to, .. } => {
            raises(*project, from.as_ref(), to)
        }
        Change::SetGrant { user, project, from, to } => {
            raises(*project, from.as_ref(), to) && !has_by_org_role(user, *project, to)
        }
        Change::AddTeamMember { team, user } => target.teams.get(team).is_some_and(|team| {
            team.roles.iter().any(|(project, role)| manages(*project, role) && !has_by_org_role(user, *project, role))
        }),
        Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. }
        | Change::CancelInvite { .. }
        | Change::RemoveUser { .. } => false,
    }
}
