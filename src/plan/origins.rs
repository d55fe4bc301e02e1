//! Why changes are in a plan: what is proposed, told from what was agreed to before.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{Origin, Plan, Why};
use crate::change::{Change, LiveSide, Shown};
use crate::model::{ProjectId, State, TeamName};

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
        let is_result = state.shows(change)?;
        let is_start = match change {
            // Whoever has accepted an invitation since is there as before.
            Change::RemoveUser { user } | Change::CancelInvite { user } => {
                let role = |state: &State| state.users.get(user).map(|found| found.role.clone());
                role(state) == role(live)
            }
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::InviteUser { .. }
            | Change::SetOrgRole { .. }
            | Change::SetEveryone { .. }
            | Change::SetTeamRole { .. }
            | Change::AddTeamMember { .. }
            | Change::SetGrant { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveEveryone { .. }
            | Change::DeleteTeam { .. } => {
                let label = |project: ProjectId| Cow::Owned(project.to_string());
                LiveSide::new(state, &label, std::iter::empty()).shows(change) == Shown::Start
                    || needs_what_is_missing(change, state, live)
            }
        };
        Some(is_result || !is_start)
    }
}

/// Whether `change` gives something to a user or a team that is on neither side yet, so that there was nothing to move.
fn needs_what_is_missing(change: &Change, before: &State, live: &State) -> bool {
    let gives = match change {
        Change::AddTeamMember { .. } => true,
        Change::SetGrant { from, .. } | Change::SetTeamRole { from, .. } => from.is_none(),
        Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::InviteUser { .. }
        | Change::SetOrgRole { .. }
        | Change::SetEveryone { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. }
        | Change::CancelInvite { .. }
        | Change::RemoveUser { .. } => false,
    };
    let lacks = |state: &State| {
        change.user().is_some_and(|user| !state.users.contains_key(user))
            || change.team().is_some_and(|team| !state.teams.contains_key(team))
    };
    gives && lacks(before) && lacks(live)
}

impl Plan {
    /// Tells what this plan proposes from what was agreed to before: `agreed` are the changes that an earlier form of the
    /// configuration, the base, leads to on the same live side at the same moment.
    ///
    /// What both want is not live: either it was never applied, or somebody changed the live side since. `applied`, the
    /// live side as the last apply left it, tells which. Without it what nobody declares counts as drift and everything
    /// else as pending.
    pub fn tell_origins(&mut self, agreed: &[Change], applied: Option<&State>) {
        self.knows_base = true;
        let agreed: BTreeSet<&Change> = agreed.iter().collect();
        let before = applied.map(|applied| Before::new(applied, &self.team_renames));
        for planned in &mut self.changes {
            let moved = || before.as_ref().and_then(|before| before.has_moved(&planned.change, &self.live));
            // Whoever writes an end that is over proposes a removal, so time alone counts only where the base says it too.
            planned.origin = match (agreed.contains(&planned.change), planned.why) {
                (false, _) => Origin::Proposed,
                (true, why) => match (moved(), why) {
                    (Some(true), _) | (None, Why::Unlisted) => Origin::Drift,
                    (Some(false) | None, Why::Expired) => Origin::Expiry,
                    (Some(false) | None, _) => Origin::Pending,
                },
            };
        }
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
