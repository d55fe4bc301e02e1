//! Why changes are in a plan: what is proposed, told from what was agreed to before.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::explanation::Grounds;
use super::{ChangeId, Origin, Plan, PlannedChange, Proposal, Why};
use crate::change::Change;
use crate::desired::{Desired, InForce};
use crate::model::{Email, ProjectId, ProjectRole, State, TeamName};
use crate::target::Target;

/// The live side as the last apply left it.
struct Before<'a> {
    applied: &'a State,
    /// The same with the names that teams are going to have: changes speak of teams by these.
    renamed: Cow<'a, State>,
}

impl<'a> Before<'a> {
    fn new(applied: &'a State, renames: &BTreeMap<TeamName, TeamName>) -> Self {
        let mut renamed = Cow::Borrowed(applied);
        for (from, to) in renames {
            if !renamed.teams.contains_key(to) && renamed.teams.contains_key(from) {
                let teams = &mut renamed.to_mut().teams;
                if let Some(team) = teams.remove(from) {
                    teams.insert(to.clone(), team);
                }
            }
        }
        Self { applied, renamed }
    }

    /// Whether what `change` is about has another value on `live`, to which it belongs, than the last apply left; `None`
    /// where that was not read.
    fn has_moved(&self, change: &Change, live: &State) -> Option<bool> {
        let state = if change.team_rename().is_some() { self.applied } else { &self.renamed };
        // What was not read tells nothing.
        state.shows(change)?;
        let team = |name: &TeamName| state.teams.get(name);
        let is_member = |name: &TeamName, user: &Email| team(name).is_some_and(|found| found.members.contains(user));
        // A change presupposes what the live side has.
        let is_as_before = match change {
            Change::RenameTeam { from, to } => team(from).is_some() && team(to).is_none(),
            Change::CreateTeam { team: name } => team(name).is_none(),
            Change::DeleteTeam { team: name } => team(name).is_some(),
            Change::AddTeamMember { team: name, user } => !is_member(name, user),
            Change::RemoveTeamMember { team: name, user } => is_member(name, user),
            Change::SetTeamRole { team: name, project, from, .. } => {
                team(name).and_then(|found| found.roles.get(project)) == from.as_ref()
            }
            Change::RemoveTeamRole { team: name, project, from } => {
                team(name).and_then(|found| found.roles.get(project)) == Some(from)
            }
            Change::SetGrant { user, project, from, .. } => {
                state.grants.get(&(user.clone(), *project)) == from.as_ref()
            }
            Change::RemoveGrant { user, project, from } => state.grants.get(&(user.clone(), *project)) == Some(from),
            Change::SetEveryone { project, from, .. } => everyone(state, *project) == from.as_ref(),
            Change::RemoveEveryone { project, from } => everyone(state, *project) == Some(from),
            // Whoever has accepted an invitation since is there as before.
            Change::InviteUser { user, .. }
            | Change::SetOrgRole { user, .. }
            | Change::RemoveUser { user }
            | Change::CancelInvite { user } => {
                state.users.get(user).map(|found| &found.role) == live.users.get(user).map(|found| &found.role)
            }
        };
        Some(!is_as_before)
    }
}

/// The default role of everybody on a project.
fn everyone(state: &State, project: ProjectId) -> Option<&ProjectRole> {
    state.projects.get(&project).and_then(|found| found.everyone.as_ref())
}

impl Plan {
    /// Tells what this plan proposes from what was agreed to before: `proposal` is the difference between the two, on the
    /// same live side at the same moment. A change is proposed where it is about something that the base leads elsewhere.
    ///
    /// What both want is not live: either it was never applied, or somebody changed the live side since. `applied`, the
    /// live side as the last apply left it, tells which. Without it what nobody declares counts as drift and everything
    /// else as pending. `reasons` are those of the base, where it has others.
    pub fn tell_origins(&mut self, mut proposal: Proposal, applied: Option<&State>, reasons: &BTreeMap<ChangeId, Why>) {
        let is_proposed = self.compared(&mut proposal);
        proposal.knows_applied = applied.is_some();
        let before = applied.map(|applied| Before::new(applied, &self.team_renames));
        for (planned, is_proposed) in self.changes.iter_mut().zip(is_proposed) {
            let moved = || before.as_ref().and_then(|before| before.has_moved(&planned.change, &self.live));
            let why = reasons.get(&planned.id).copied().unwrap_or(planned.why);
            // Whoever writes an end that is over proposes a removal, so time alone counts only where the base says it too.
            planned.origin = match (is_proposed, why) {
                (true, _) => Origin::Proposed,
                (false, why) => match (moved(), why) {
                    (Some(true), _) | (None, Why::Unlisted) => Origin::Drift,
                    (Some(false) | None, Why::Expired) => Origin::Expiry,
                    (Some(false) | None, _) => Origin::Pending,
                },
            };
        }
        self.note_proposal(proposal);
    }

    /// Why `base`, which leads to `agreed` on the same live side, wants what this configuration wants for another reason: a
    /// line that is over may be deleted, and what was made by hand be blocked as well, or be claimed as an earlier address.
    pub fn reasons_of(&self, base: &Desired, agreed: &Target) -> BTreeMap<ChangeId, Why> {
        let in_force = InForce::new(base, agreed.as_of);
        let mut grounds = Grounds::new(base, &in_force, agreed);
        let may_have_others =
            |planned: &&PlannedChange| matches!(planned.why, Why::Unlisted | Why::Blocked | Why::Renamed);
        let changes = self.changes.iter().filter(may_have_others);
        let reasons = changes.map(|planned| (planned, grounds.of(&planned.change).0));
        let others = reasons.filter(|(planned, why)| *why != planned.why);
        others.map(|(planned, why)| (planned.id, why)).collect()
    }

    /// Tells what somebody changed on the live side from what is yet to be applied, where all of the configuration is
    /// agreed to; `applied` is the live side as the last apply left it.
    ///
    /// Without it nobody can tell, and everything counts as drift but what time alone brings about: a difference that is
    /// looked at in vain is better than one that nobody looks at.
    pub fn tell_drift(&mut self, applied: Option<&State>) {
        let before = applied.map(|applied| Before::new(applied, &self.team_renames));
        for planned in &mut self.changes {
            let moved = before.as_ref().and_then(|before| before.has_moved(&planned.change, &self.live));
            planned.origin = match (moved, planned.why) {
                (Some(true), _) => Origin::Drift,
                (Some(false) | None, Why::Expired) => Origin::Expiry,
                (Some(false), _) => Origin::Pending,
                (None, _) => Origin::Drift,
            };
        }
    }

    /// How many of the changes that are to be done have this origin.
    pub fn count_of(&self, origin: Origin) -> usize {
        self.to_do().filter(|planned| planned.origin == origin).count()
    }
}
