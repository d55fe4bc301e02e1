//! What a reviewer asks about each change: why, and where it is written.

use std::sync::Arc;

use super::requests::Sides;
use super::{ChangeId, ChangeStatus, Origin, PlannedChange, Requests, Why};
use crate::change::Change;
use crate::desired::{Desired, DesiredTeam, DesiredUser, Fact, InForce, Lapse, LapseWhy, Note};
use crate::join::Cursor;
use crate::model::{Email, ProjectId, ProjectRole, State, TeamName};
use crate::source::Span;
use crate::target::Target;

/// What the configuration says about a change.
pub(super) type Written = Option<(Span, Option<Arc<Note>>)>;

/// Explains changes one after another.
pub(super) struct Explaining<'a> {
    grounds: Grounds<'a>,
    requests: &'a Requests,
    sides: Sides<'a>,
}

/// Finds what a configuration says about changes: half a million of them, which come nearly in its order.
pub(super) struct Grounds<'a> {
    desired: &'a Desired,
    in_force: &'a InForce<'a>,
    target: &'a Target,
    users: Option<Cursor<'a, Email, DesiredUser>>,
    teams: Cursor<'a, TeamName, DesiredTeam>,
    grants: Cursor<'a, (Email, ProjectId), Fact<ProjectRole>>,
    /// The members of the team that was asked for last.
    members: Option<(&'a DesiredTeam, Cursor<'a, Email, Fact<()>>)>,
}

impl<'a> Explaining<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        in_force: &'a InForce<'a>,
        live: &'a State,
        target: &'a Target,
        requests: &'a Requests,
    ) -> Self {
        Self { grounds: Grounds::new(desired, in_force, target), requests, sides: Sides::new(live, &target.state) }
    }

    /// The planned form of `change`, which stands at `id`, depends on `depends_on` and is an escalation or not.
    pub(super) fn explain(
        &mut self,
        id: ChangeId,
        change: Change,
        depends_on: Vec<ChangeId>,
        escalation: bool,
    ) -> PlannedChange {
        let (why, written) = self.grounds.of(&change);
        let (source, note) = written.map_or((None, None), |(place, note)| (Some(place), note));
        PlannedChange {
            id,
            channel: self.requests.channel(&change, &self.sides),
            change,
            origin: if why == Why::Expired { Origin::Expiry } else { Origin::Proposed },
            why,
            source,
            note,
            depends_on,
            escalation,
            status: ChangeStatus::Planned,
        }
    }
}

impl<'a> Grounds<'a> {
    /// Of `desired`, which leads to `target`.
    pub(super) fn new(desired: &'a Desired, in_force: &'a InForce<'a>, target: &'a Target) -> Self {
        Self {
            desired,
            in_force,
            target,
            users: desired.users.as_ref().map(Cursor::new),
            teams: Cursor::new(&desired.teams),
            grants: Cursor::new(&desired.grants),
            members: None,
        }
    }

    fn user(&mut self, user: &Email) -> Option<&'a DesiredUser> {
        self.users.as_mut()?.get(user)
    }

    /// What is declared of a team, which may await its declared name.
    fn team(&mut self, name: &TeamName) -> Option<&'a DesiredTeam> {
        let target = self.target;
        self.teams.get(target.awaited_teams.get(name).unwrap_or(name))
    }

    /// What is declared of the membership.
    fn member(&mut self, team: &TeamName, user: &Email) -> Option<&'a Fact<()>> {
        let team = self.team(team)?;
        let members = match &mut self.members {
            Some((known, members)) if std::ptr::eq(*known, team) => members,
            other => &mut other.insert((team, Cursor::new(team.members.as_ref()?))).1,
        };
        members.get(user)
    }

    /// Why `change` is needed, and where that is written.
    pub(super) fn of(&mut self, change: &Change) -> (Why, Written) {
        let (desired, in_force, target) = (self.desired, self.in_force, self.target);
        let place = |team: &'a DesiredTeam| (team.place, None);
        match change {
            Change::RenameTeam { from, to } => {
                let old = self.team(to).and_then(|team| team.previously.get(from));
                (Why::Renamed, old.map(|place| (*place, None)))
            }
            Change::CreateTeam { team } => (Why::Declared, self.team(team).map(place)),
            Change::InviteUser { user, .. } => {
                let found = self.user(user);
                let renamed = found
                    .into_iter()
                    .flat_map(|found| found.previously.keys())
                    .any(|old| target.state.users.contains_key(old) || target.replaced_users.contains_key(old));
                let why = if renamed { Why::Renamed } else { Why::Declared };
                (why, of_fact(found.map(|found| &found.role)))
            }
            Change::SetOrgRole { user, .. } => (Why::Declared, of_fact(self.user(user).map(|found| &found.role))),
            Change::SetEveryone { project, .. } => {
                let everyone = desired.projects.get(project).and_then(|found| found.everyone.as_ref());
                (Why::Declared, of_fact(everyone))
            }
            Change::SetTeamRole { team, project, .. } => {
                let role = self.team(team).and_then(|team| team.roles.as_ref()?.get(project));
                (Why::Declared, of_fact(role))
            }
            Change::AddTeamMember { team, user } => (Why::Declared, of_fact(self.member(team, user))),
            Change::SetGrant { user, project, .. } => {
                (Why::Declared, of_fact(self.grants.get(&(user.clone(), *project))))
            }
            // A list that does not name something is where a reviewer looks for it.
            Change::RemoveTeamMember { team, user } => {
                let lapse = self.member(team, user).and_then(|fact| in_force.fact_of(user, fact));
                lapse.map_or_else(|| (Why::Unlisted, self.team(team).map(place)), of_lapse)
            }
            Change::RemoveTeamRole { team, project, .. } => {
                let found = self.team(team);
                let lapse = found.and_then(|team| in_force.fact(team.roles.as_ref()?.get(project)?));
                lapse.map_or_else(|| (Why::Unlisted, found.map(place)), of_lapse)
            }
            Change::RemoveEveryone { project, .. } => {
                (Why::Unlisted, desired.projects.get(project).map(|found| (found.place, None)))
            }
            Change::RemoveGrant { user, project, .. } => {
                let fact = self.grants.get(&(user.clone(), *project));
                fact.and_then(|fact| in_force.fact_of(user, fact)).map_or((Why::Unlisted, None), of_lapse)
            }
            Change::DeleteTeam { .. } => (Why::Unlisted, None),
            Change::CancelInvite { user } | Change::RemoveUser { user } => match target.replaced_users.get(user) {
                Some(new) => {
                    let old = self.user(new).and_then(|found| found.previously.get(user));
                    (Why::Renamed, old.map(|place| (*place, None)))
                }
                None => in_force.user(user).map_or((Why::Unlisted, None), of_lapse),
            },
        }
    }
}

fn of_lapse(lapse: Lapse<'_>) -> (Why, Written) {
    let why = match lapse.why {
        LapseWhy::Blocked => Why::Blocked,
        LapseWhy::Over => Why::Expired,
        LapseWhy::NotYet => Why::NotYet,
    };
    (why, Some((lapse.place, lapse.note.cloned())))
}

fn of_fact<T>(fact: Option<&Fact<T>>) -> Written {
    fact.map(|fact| (fact.place, fact.note.clone()))
}
