//! What a reviewer asks about each change: why, and where it is written.

use std::sync::Arc;

use super::{ChangeId, ChangeStatus, Channel, Origin, PlannedChange, Why};
use crate::change::Change;
use crate::desired::{Desired, Fact, Note};
use crate::model::{Email, TeamName};
use crate::source::Span;
use crate::target::Target;

/// What the configuration says about a change.
type Written = Option<(Span, Option<Arc<Note>>)>;

/// The planned form of `change`, which stands at `id`, depends on `depends_on` and is an escalation or not.
pub(super) fn explain(
    desired: &Desired,
    target: &Target,
    (id, change, depends_on, escalation): (ChangeId, Change, Vec<ChangeId>, bool),
) -> PlannedChange {
    let (why, written) = why(desired, target, &change);
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
