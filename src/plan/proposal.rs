//! What an edit of the configuration does, whatever else is going on: the difference between where its earlier form leads
//! and where it leads itself, on the same live side.

use std::collections::{BTreeMap, BTreeSet};

use super::{ChangeId, Origin, Plan, PlannedChange, members_at_once};
use crate::access::{AccessIndex, Ranks, UserAccess, covers, rank};
use crate::change::{Change, ChangeKind};
use crate::desired::{Amendment, Bearing, Desired, MovedEnd};
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, State, Status, TeamName};
use crate::target::{Kept, KeptWhat, KeptWhy, Target};

/// What an edit of the configuration proposes, as compared with the base: an earlier form, which was agreed to.
///
/// What is pending, what somebody did by hand and what is over is no part of it: the base leads there, too. What somebody
/// did by hand and the edit agrees to is.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The way from where the base leads, which is its `live`, to where the configuration leads, whatever guards hold. It
    /// is never performed, and no guard has judged it.
    pub plan: Plan,
    /// The changes of [`plan`](Self::plan) for which nothing is to be done: the live side is so already.
    pub already: BTreeSet<ChangeId>,
    /// For all others the changes of the plan of the configuration that are about the same.
    pub counterparts: BTreeMap<ChangeId, ChangeId>,
    /// The changes of [`plan`](Self::plan) about something that the live side has otherwise than the base: what is to be done
    /// leads there from something else.
    pub overtaken: BTreeSet<ChangeId>,
    /// The changes of [`plan`](Self::plan) by which a new address gets what the base gives an earlier one, and which that one
    /// lacks on the live side; with that earlier address.
    pub earlier_lacks: BTreeMap<ChangeId, Email>,
    /// The live side after everything of the plan that is to be done and not proposed.
    pub rest: State,
    /// The live side after the changes of one of the other origins alone, where there are several.
    pub alone: Vec<(Origin, State)>,
    /// Earlier addresses that count as people of their own: before the edit they are somebody else's.
    pub apart: BTreeSet<Email>,
    /// Accounts that are kept until their people have joined with another address, and have more after the plan of the
    /// configuration than after [`plan`](Self::plan), with that: the base leads there by now, and it is not taken away before.
    pub waiting: BTreeMap<Email, Excess>,
    /// What is declared for another time than before, the gravest first.
    pub ends: Vec<MovedEnd>,
    /// The rules of the organization that are others than before, the gravest first.
    pub amendments: Vec<Amendment>,
    /// Whether the live side as the last apply left it is known. Without it nobody can tell surely what was made by hand
    /// from what is yet to be applied.
    pub knows_applied: bool,
    /// Why there is no base, so that everything counts as proposed; a sentence.
    pub no_base: Option<String>,
}

/// What an account has more than where the base leads.
#[derive(Debug, Clone)]
pub struct Excess {
    /// The role in the organization, where that is a higher one.
    pub org_role: Option<OrgRole>,
    /// The strongest role on each project, by project, where it is more.
    pub roles: Vec<(ProjectId, ProjectRole)>,
}

impl Proposal {
    /// What leads from where the base leads to where the configuration of `head` leads, both worked out for the live side
    /// of `plan`, the plan of the configuration; custom roles rank as `ranks` says.
    pub fn new(head: &Desired, ranks: Ranks, plan: &Plan, agreed: Target, mut proposed: Target) -> Self {
        // Whom SCIM makes a member need not accept anything.
        for (user, found) in &mut proposed.state.users {
            if let Some(planned) = plan.target.users.get(user) {
                found.status = planned.status;
            }
        }
        let mut agreed_state = agreed.state;
        for (user, found) in &mut agreed_state.users {
            if let Some(planned) = proposed.state.users.get(user) {
                found.status = planned.status;
            } else if !plan.live.users.contains_key(user) {
                // Whether somebody who is gone had joined is not known, and `remove` is true either way.
                found.status = Status::Active;
            }
        }
        let given_up = give_up_renames(&mut agreed_state, &agreed.team_renames, &proposed);
        let agreed_renames = agreed.team_renames.into_iter().filter(|(old, _)| !given_up.contains(old)).collect();
        proposed.team_renames = renames(head, &plan.live, (&agreed_state, &agreed_renames), &proposed);
        let waiting = leave_as_agreed(head, &agreed_state, &mut proposed);
        let waiting = with_excess(waiting, &plan.target, &proposed.state, &ranks);
        let superseded = waiting_accounts(&agreed.kept).into_iter().cloned().collect();
        Self {
            plan: Plan { superseded, ..Plan::ranked(head, ranks, agreed_state, proposed, plan.backend) },
            already: BTreeSet::new(),
            counterparts: BTreeMap::new(),
            overtaken: BTreeSet::new(),
            earlier_lacks: BTreeMap::new(),
            rest: plan.live.clone(),
            alone: Vec::new(),
            apart: BTreeSet::new(),
            waiting,
            ends: Vec::new(),
            amendments: Vec::new(),
            knows_applied: false,
            no_base: None,
        }
    }

    /// Takes note of earlier addresses that are people of their own.
    pub(crate) fn tell_apart(&mut self, apart: BTreeSet<Email>) {
        self.plan.earlier_addresses.retain(|old, _| !apart.contains(old));
        self.apart = apart;
    }

    /// Whether nothing is proposed, and the base says so.
    pub fn is_empty(&self) -> bool {
        !self.says_something() && self.no_base.is_none()
    }

    /// Whether anything is proposed.
    pub fn says_something(&self) -> bool {
        !self.plan.changes.is_empty() || !self.ends.is_empty() || !self.amendments.is_empty()
    }

    /// Whether somebody becomes admin or owner by it, or is that for longer, or a rule is loosened.
    pub fn is_grave(&self) -> bool {
        self.plan.changes.iter().any(|planned| planned.escalation)
            || self.ends.iter().any(MovedEnd::is_grave)
            || self.amendments.iter().any(|one| one.bearing == Bearing::Loosens)
    }

    /// The real changes of people's access by what is proposed.
    pub fn access_changes(&self) -> impl Iterator<Item = UserAccess<'_>> {
        self.plan.access_changes()
    }
}

/// Makes accounts that are kept until their people have joined with another address what they are where the base leads: what
/// is kept of them on the live side is nobody's proposal. Returns them.
fn leave_as_agreed(head: &Desired, agreed: &State, proposed: &mut Target) -> BTreeSet<Email> {
    let waiting: BTreeSet<Email> = waiting_accounts(&proposed.kept).into_iter().cloned().collect();
    if waiting.is_empty() {
        return waiting;
    }
    let earlier: BTreeMap<&TeamName, &TeamName> = proposed.team_renames.iter().map(|(from, to)| (to, from)).collect();
    let state = &mut proposed.state;
    for name in kept_for_waiting(head, &proposed.kept) {
        if !agreed.teams.contains_key(name) {
            state.teams.remove(name);
        }
    }
    for (name, team) in &mut state.teams {
        let Some(was) = agreed.teams.get(earlier.get(name).copied().unwrap_or(name)) else {
            team.members.retain(|member| !waiting.contains(member) || agreed.users.contains_key(member));
            continue;
        };
        team.members.retain(|member| !waiting.contains(member));
        team.members.extend(waiting.intersection(&was.members).cloned());
    }
    state.grants.retain(|(user, _), _| !waiting.contains(user));
    for old in &waiting {
        state.grants.extend(agreed.grants_of(old).map(|(project, role)| ((old.clone(), project), role.clone())));
        match agreed.users.get(old) {
            Some(was) => state.users.insert(old.clone(), was.clone()),
            // The base takes it away by now.
            None => state.users.remove(old),
        };
    }
    waiting
}

/// The accounts among what is `kept` that wait until their people have joined with another address.
fn waiting_accounts(kept: &[Kept]) -> BTreeSet<&Email> {
    let waiting = kept.iter().filter_map(|Kept { why, what }| match (why, what) {
        (KeptWhy::AwaitsRename(_) | KeptWhy::AwaitsMove(_), KeptWhat::User(old)) => Some(old),
        _ => None,
    });
    waiting.collect()
}

/// Takes back in `agreed` those of its `renames` of teams for which `proposed` has other teams with the new names, and
/// returns them: it deletes the team that was to be renamed, and makes another one.
fn give_up_renames(
    agreed: &mut State,
    renames: &BTreeMap<TeamName, TeamName>,
    proposed: &Target,
) -> BTreeSet<TeamName> {
    let mut given_up = BTreeSet::new();
    for (old, new) in renames {
        let is_other = !proposed.team_renames.contains_key(old) && proposed.state.teams.contains_key(new);
        if is_other
            && !proposed.state.teams.contains_key(old)
            && let Some(team) = agreed.teams.remove(new)
        {
            agreed.teams.insert(old.clone(), team);
            given_up.insert(old.clone());
        }
    }
    given_up
}

/// Teams that `head` does not declare and that are there for the sake of accounts alone that wait.
fn kept_for_waiting<'k>(head: &Desired, kept: &'k [Kept]) -> BTreeSet<&'k TeamName> {
    let (mut waiting, mut others) = (BTreeSet::new(), BTreeSet::new());
    for Kept { why, what } in kept {
        let (KeptWhat::Team(team)
        | KeptWhat::Member(team, _)
        | KeptWhat::Members(team, _)
        | KeptWhat::TeamRole(team, ..)
        | KeptWhat::TeamRoles(team, _)) = what
        else {
            continue;
        };
        let teams =
            if matches!(why, KeptWhy::AwaitsRename(_) | KeptWhy::AwaitsMove(_)) { &mut waiting } else { &mut others };
        teams.insert(team);
    }
    waiting.retain(|team| !others.contains(team) && !head.teams.contains_key(*team));
    waiting
}

/// Those of `waiting` who are left with more by `left` than they have by `told`, with that.
fn with_excess(waiting: BTreeSet<Email>, left: &State, told: &State, ranks: &Ranks) -> BTreeMap<Email, Excess> {
    let (has, had) = (AccessIndex::new(left, &waiting), AccessIndex::new(told, &waiting));
    let role = |state: &State, user: &Email| state.users.get(user).map(|found| found.role.clone());
    let excess = |user: &Email| {
        let org_role = role(left, user).filter(|is| match role(told, user) {
            Some(was) => is.is_above(&was),
            None => is.on_every_project().is_some(),
        });
        let more = |project: &ProjectId| {
            let is_covered = |role| had.sources(user, *project).any(|held| covers(ranks, *project, held.role, role));
            let more = has.sources(user, *project).filter(|source| !is_covered(source.role));
            let strongest = more.max_by_key(|source| rank(ranks, *project, source.role))?;
            Some((*project, strongest.role.clone()))
        };
        let roles: Vec<(ProjectId, ProjectRole)> = left.projects.keys().filter_map(more).collect();
        (org_role.is_some() || !roles.is_empty()).then_some(Excess { org_role, roles })
    };
    waiting.iter().filter_map(|user| Some((user.clone(), excess(user)?))).collect()
}

/// What teams are called where the configuration leads, by what they are called where the base leads; those alone that
/// are called otherwise.
fn renames(
    head: &Desired,
    live: &State,
    (agreed, agreed_names): (&State, &BTreeMap<TeamName, TeamName>),
    proposed: &Target,
) -> BTreeMap<TeamName, TeamName> {
    let mut renames: BTreeMap<TeamName, TeamName> = BTreeMap::new();
    let mut taken: BTreeSet<TeamName> = BTreeSet::new();
    let mut rename = |old: &TeamName, new: &TeamName| {
        let moves = agreed.teams.contains_key(old) && !proposed.state.teams.contains_key(old);
        let is_free = proposed.state.teams.contains_key(new) && !agreed.teams.contains_key(new);
        if moves && is_free && !renames.contains_key(old) && taken.insert(new.clone()) {
            renames.insert(old.clone(), new.clone());
        }
    };
    for name in live.teams.keys() {
        let (before, now) = (agreed_names.get(name), proposed.team_renames.get(name));
        if before != now {
            rename(before.unwrap_or(name), now.unwrap_or(name));
        }
    }
    for (new, team) in &head.teams {
        // A team of that name that somebody made by hand is there in its stead: the run renames none into it.
        let is_apart = |old: &TeamName| live.teams.contains_key(old) && live.teams.contains_key(new);
        team.previously.keys().filter(|old| !is_apart(old)).for_each(|old| rename(old, new));
    }
    renames
}

/// What a change is about: two changes of one thing lead it to different values.
type Subject<'a> = (u8, Option<&'a Email>, Option<&'a TeamName>, Option<ProjectId>);

/// What `change` is about, by the names that things have after it.
fn subject(change: &Change) -> Subject<'_> {
    let kind = match change.kind() {
        ChangeKind::InviteUser | ChangeKind::SetOrgRole | ChangeKind::RemoveUser | ChangeKind::CancelInvite => 0,
        ChangeKind::CreateTeam | ChangeKind::RenameTeam | ChangeKind::DeleteTeam => 1,
        ChangeKind::AddTeamMember | ChangeKind::RemoveTeamMember => 2,
        ChangeKind::SetTeamRole | ChangeKind::RemoveTeamRole => 3,
        ChangeKind::SetGrant | ChangeKind::RemoveGrant => 4,
        ChangeKind::SetEveryone | ChangeKind::RemoveEveryone => 5,
    };
    (kind, change.user(), change.team(), change.project())
}

impl Plan {
    /// The change of this plan that is about the same as `theirs`, one of what is proposed; none where the live side is so
    /// already.
    pub fn counterpart(&self, theirs: ChangeId) -> Option<&PlannedChange> {
        let ours = self.proposal.as_ref()?.counterparts.get(&theirs)?;
        self.changes.get((ours.0 as usize).wrapping_sub(1))
    }

    /// Which of the changes of this plan are about something that `proposal` leads elsewhere than the base does. Takes into
    /// `proposal` which of its own changes are about nothing that this plan changes, and which lead there from something
    /// else than what is live.
    pub(super) fn compared(&self, proposal: &mut Proposal) -> Vec<bool> {
        let theirs: BTreeSet<Subject<'_>> = proposal.plan.changes.iter().map(of).collect();
        let is_proposed = self.changes.iter().map(|planned| theirs.contains(&of(planned))).collect();
        let ours: BTreeMap<Subject<'_>, &PlannedChange> =
            self.changes.iter().map(|planned| (of(planned), planned)).collect();
        let is_otherwise = |theirs: &PlannedChange, ours: &PlannedChange| {
            self.before(&ours.change) != proposal.plan.before(&theirs.change)
                || self.has_other_team(&proposal.plan, &theirs.change)
        };
        let (mut already, mut overtaken, mut counterparts) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        for planned in &proposal.plan.changes {
            let Some(ours) = ours.get(&of(planned)) else {
                already.insert(planned.id);
                continue;
            };
            counterparts.insert(planned.id, ours.id);
            if is_otherwise(planned, ours) {
                overtaken.insert(planned.id);
            }
        }
        (proposal.already, proposal.counterparts, proposal.overtaken) = (already, counterparts, overtaken);
        proposal.earlier_lacks = self.earlier_lacks(proposal);
        is_proposed
    }

    /// What its live side has of what `change`, one of its changes, is about: a role or a name.
    pub fn before<'p>(&'p self, change: &'p Change) -> Option<&'p str> {
        if let Change::RemoveUser { user } | Change::CancelInvite { user } = change {
            return self.live.users.get(user).map(|found| found.role.as_str());
        }
        change.from_text()
    }

    /// Which changes of `proposal` give a new address what an earlier one has by the base and lacks on the live side, with that
    /// earlier address.
    fn earlier_lacks(&self, proposal: &Proposal) -> BTreeMap<ChangeId, Email> {
        let mut olds: BTreeMap<&Email, Vec<&Email>> = BTreeMap::new();
        for (old, new) in &proposal.plan.earlier_addresses {
            if proposal.plan.live.users.contains_key(old) {
                olds.entry(new).or_default().push(old);
            }
        }
        let lacks = |planned: &PlannedChange, old: &Email| {
            let (is, was) = (self.live.users.get(old), proposal.plan.live.users.get(old));
            let change = &planned.change;
            match change {
                Change::InviteUser { .. } | Change::SetOrgRole { .. } => {
                    was.is_some_and(|was| is.is_none_or(|is| was.role.is_above(&is.role)))
                }
                Change::SetGrant { project, .. } => {
                    let role = |plan: &Plan| plan.live.grants.get(&(old.clone(), *project)).cloned();
                    let covers = |was| role(self).is_some_and(|is| covers(&self.ranks, *project, &is, &was));
                    role(&proposal.plan).is_some_and(|was| !covers(was))
                }
                Change::AddTeamMember { .. }
                | Change::CancelInvite { .. }
                | Change::RemoveUser { .. }
                | Change::CreateTeam { .. }
                | Change::RenameTeam { .. }
                | Change::DeleteTeam { .. }
                | Change::RemoveTeamMember { .. }
                | Change::SetTeamRole { .. }
                | Change::RemoveTeamRole { .. }
                | Change::RemoveGrant { .. }
                | Change::SetEveryone { .. }
                | Change::RemoveEveryone { .. } => {
                    proposal.plan.earlier_has(change, old).is_some() && self.earlier_has(change, old).is_none()
                }
            }
        };
        let gives = proposal.plan.changes.iter().filter_map(|planned| {
            let olds = planned.change.user().and_then(|user| olds.get(user))?;
            let old = olds.iter().find(|old| proposal.counterparts.contains_key(&planned.id) && lacks(planned, old))?;
            Some((planned.id, (*old).clone()))
        });
        gives.collect()
    }

    /// What the earlier address `old` has on the live side of what `change` gives to the new one: a role, or its team;
    /// nothing, too, where `change` gives nothing.
    pub(crate) fn earlier_has<'p>(&'p self, change: &'p Change, old: &Email) -> Option<&'p str> {
        match change {
            Change::InviteUser { .. } | Change::SetOrgRole { .. } => {
                self.live.users.get(old).map(|found| found.role.as_str())
            }
            Change::AddTeamMember { team, .. } => {
                let before = self.team_renames.iter().find(|(_, new)| *new == team).map_or(team, |(before, _)| before);
                self.live.teams.get(before).filter(|found| found.members.contains(old)).map(|_| team.as_str())
            }
            Change::SetGrant { project, .. } => {
                self.live.grants.get(&(old.clone(), *project)).map(|role| role.as_str())
            }
            Change::CancelInvite { .. }
            | Change::RemoveUser { .. }
            | Change::CreateTeam { .. }
            | Change::RenameTeam { .. }
            | Change::DeleteTeam { .. }
            | Change::RemoveTeamMember { .. }
            | Change::SetTeamRole { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveGrant { .. }
            | Change::SetEveryone { .. }
            | Change::RemoveEveryone { .. } => None,
        }
    }

    /// Whether `change`, which is proposed by `proposed`, deletes a team that has others, or gives other roles, on the live side.
    fn has_other_team(&self, proposed: &Plan, change: &Change) -> bool {
        let Change::DeleteTeam { team } = change else { return false };
        self.live.teams.get(team) != proposed.live.teams.get(team)
    }

    /// The live side after those of the changes to be done that are `wanted`.
    fn after(&self, wanted: impl Fn(&PlannedChange) -> bool) -> State {
        let mut state = self.live.clone();
        // What depends on another one that is not wanted is not wanted, or about something that both lead to.
        let wanted = self.to_do().filter(|planned| wanted(planned)).map(|planned| &planned.change);
        state.imagine_all(wanted, self.as_of);
        members_at_once(&self.changes, &mut state);
        state
    }

    /// Takes `proposal` into the plan, of whose changes the origins are told already.
    pub(super) fn note_proposal(&mut self, mut proposal: Proposal) {
        // Names are those after renames.
        let is_rename = |planned: &PlannedChange| planned.change.team_rename().is_some();
        proposal.rest = self.after(|planned| planned.origin != Origin::Proposed || is_rename(planned));
        let others = Origin::ALL.into_iter().filter(|origin| *origin != Origin::Proposed && self.count_of(*origin) > 0);
        let others: Vec<Origin> = others.collect();
        if others.len() > 1 {
            let alone = |origin| (origin, self.after(|planned| planned.origin == origin || is_rename(planned)));
            proposal.alone = others.into_iter().map(alone).collect();
        }
        self.proposal = Some(Box::new(proposal));
    }

    /// Whether the origins tell what is proposed from what was agreed to before.
    pub fn knows_base(&self) -> bool {
        self.proposal.is_some()
    }
}

fn of(planned: &PlannedChange) -> Subject<'_> {
    subject(&planned.change)
}
