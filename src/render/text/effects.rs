//! What the changes of a plan really do: whose access each of them alters, and whom it raises to admin or owner.

use std::collections::BTreeMap;

use super::raise::{Raise, risen, strongest};
use crate::access::{AccessChange, Via, rank};
use crate::change::Change;
use crate::lookup::Lookup;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, TeamName};
use crate::plan::{ChangeId, Plan, PlannedChange};

/// Finds what the changes of a plan do, in one pass over the access changes.
///
/// A change of a grant counts when its user's access to its project changes, one of a membership when the access to
/// any project of the team does, and so on: a question about places, so that two changes that cancel each other out
/// are both found to be without effect. Each source of a row leads to its changes, so a row costs what its own sources
/// cost, however many changes there are.
#[derive(Debug)]
pub(crate) struct Effects<'a> {
    plan: &'a Plan,
    /// The place of each user's changes in `of_users`.
    users: Lookup<&'a Email, usize>,
    of_users: Vec<OfUser<'a>>,
    teams: Lookup<&'a TeamName, OfTeam>,
    everyone: BTreeMap<ProjectId, ChangeId>,
    /// The user of the row before, and where that user's changes are.
    current: Option<(Email, Option<usize>)>,
    last_risen: Option<Email>,
    /// Emptied for each row, so that a row costs no allocation.
    effective: Vec<ChangeId>,
    found: Found,
}

/// What the changes of a plan do.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// For each change, in order, how often it alters the access of somebody to a project.
    rows: Vec<usize>,
    raises: BTreeMap<ChangeId, Raise>,
    /// How many people become admin or owner of the organization or of a project.
    pub(crate) risen: usize,
}

/// The changes that name a user.
#[derive(Debug, Default)]
struct OfUser<'a> {
    removed: Option<ChangeId>,
    org_role: Option<ChangeId>,
    invited: Option<ChangeId>,
    // A person is in a few teams: looking through them is quicker than any table.
    joins: Vec<(&'a TeamName, ChangeId)>,
    leaves: Vec<(&'a TeamName, ChangeId)>,
    sets: BTreeMap<ProjectId, ChangeId>,
    removes: BTreeMap<ProjectId, ChangeId>,
    becomes_strong: bool,
}

/// The changes of what a team gives; whether it is more than before.
#[derive(Debug, Default)]
struct OfTeam {
    deleted: Option<ChangeId>,
    sets: BTreeMap<ProjectId, ChangeId>,
    removes: BTreeMap<ProjectId, ChangeId>,
}

impl<'a> Effects<'a> {
    /// Asks about the changes of `plan`.
    pub(crate) fn of(plan: &'a Plan) -> Self {
        let rows = vec![0; plan.changes.len()];
        let mut effects = Self {
            plan,
            users: Lookup::default(),
            of_users: Vec::new(),
            teams: Lookup::default(),
            everyone: BTreeMap::new(),
            current: None,
            last_risen: None,
            effective: Vec::new(),
            found: Found { rows, ..Found::default() },
        };
        for planned in &plan.changes {
            effects.ask(planned);
        }
        effects
    }

    fn of_user(&mut self, user: &'a Email) -> &mut OfUser<'a> {
        let place = *self.users.entry(user).or_insert(self.of_users.len());
        if place == self.of_users.len() {
            self.of_users.push(OfUser::default());
        }
        &mut self.of_users[place]
    }

    fn becomes_strong(&mut self, id: ChangeId, user: &'a Email, role: OrgRole) {
        if let Some(rank) = role.on_every_project() {
            self.found.raises.insert(id, Raise::of_organization(user, rank));
            self.found.risen += 1;
            self.of_user(user).becomes_strong = true;
        }
    }

    fn ask(&mut self, planned: &'a PlannedChange) {
        let id = planned.id;
        match &planned.change {
            Change::SetGrant { user, project, .. } => {
                self.of_user(user).sets.insert(*project, id);
            }
            Change::RemoveGrant { user, project, .. } => {
                self.of_user(user).removes.insert(*project, id);
            }
            Change::AddTeamMember { team, user } => {
                self.of_user(user).joins.push((team, id));
            }
            Change::RemoveTeamMember { team, user } => {
                self.of_user(user).leaves.push((team, id));
            }
            Change::SetOrgRole { user, from, to } => {
                self.of_user(user).org_role = Some(id);
                if to < from {
                    self.becomes_strong(id, user, *to);
                }
            }
            Change::InviteUser { user, role } => {
                self.of_user(user).invited = Some(id);
                self.becomes_strong(id, user, *role);
            }
            Change::RemoveUser { user } | Change::CancelInvite { user } => self.of_user(user).removed = Some(id),
            Change::SetTeamRole { team, project, .. } => {
                self.teams.entry(team).or_default().sets.insert(*project, id);
            }
            Change::RemoveTeamRole { team, project, .. } => {
                self.teams.entry(team).or_default().removes.insert(*project, id);
            }
            Change::DeleteTeam { team } => self.teams.entry(team).or_default().deleted = Some(id),
            Change::SetEveryone { project, .. } | Change::RemoveEveryone { project, .. } => {
                self.everyone.insert(*project, id);
            }
            Change::RenameTeam { .. } | Change::CreateTeam { .. } => {}
        }
    }

    /// Takes note of one access change; they come user by user.
    pub(crate) fn note(&mut self, row: &AccessChange) {
        if self.current.as_ref().is_none_or(|(user, _)| *user != row.user) {
            self.current = Some((row.user.clone(), self.users.get(&row.user).copied()));
        }
        let of_user = self.current.as_ref().and_then(|(_, place)| self.of_users.get((*place)?));
        let mut effective = std::mem::take(&mut self.effective);
        effective.clear();
        if let Some(of_user) = of_user {
            effective.extend(of_user.removed);
            let by_org_role = row.before.iter().chain(&row.after).any(|source| source.via == Via::OrgRole);
            effective.extend(of_user.org_role.filter(|_| by_org_role));
        }
        effective.extend(self.everyone.get(&row.project));
        for source in &row.before {
            match &source.via {
                Via::Team(old) => {
                    let team = self.plan.team_renames.get(old).unwrap_or(old);
                    effective.extend(of_user.and_then(|found| of_team(&found.leaves, team)));
                    if let Some(of_team) = self.teams.get(team) {
                        effective.extend(of_team.deleted);
                        effective.extend(of_team.removes.get(&row.project));
                    }
                }
                Via::Grant => effective.extend(of_user.and_then(|found| found.removes.get(&row.project))),
                Via::OrgRole | Via::Everyone => {}
            }
        }
        for source in &row.after {
            match &source.via {
                Via::Team(team) => {
                    effective.extend(of_user.and_then(|found| of_team(&found.joins, team)));
                    effective.extend(self.teams.get(team).and_then(|found| found.sets.get(&row.project)));
                }
                Via::Grant => effective.extend(of_user.and_then(|found| found.sets.get(&row.project))),
                Via::OrgRole | Via::Everyone => {}
            }
        }
        for id in &effective {
            if let Some(rows) = self.found.rows.get_mut(place(*id)) {
                *rows += 1;
            }
        }
        self.effective = effective;
        if risen(self.plan, row).is_some() {
            self.note_risen(row);
        }
    }

    fn note_risen(&mut self, row: &AccessChange) {
        let plan = self.plan;
        let of_user = self.current.as_ref().and_then(|(_, place)| self.of_users.get((*place)?));
        if self.last_risen.as_ref() != Some(&row.user) {
            self.last_risen = Some(row.user.clone());
            self.found.risen += usize::from(!of_user.is_some_and(|found| found.becomes_strong));
        }
        let before = strongest(plan, row.project, &row.before);
        for source in &row.after {
            let Some(given) = rank(&plan.ranks, row.project, &source.role) else { continue };
            if given < BuiltInRole::Admin || Some(given) <= before {
                continue;
            }
            // Several changes together may give what a source gives: a member joins while the team's role rises.
            let by_name: [Option<ChangeId>; 2] = match &source.via {
                Via::OrgRole => [of_user.and_then(|found| found.org_role), of_user.and_then(|found| found.invited)],
                Via::Team(team) => [of_user.and_then(|found| of_team(&found.joins, team)), None],
                Via::Grant => [of_user.and_then(|found| found.sets.get(&row.project).copied()), None],
                Via::Everyone => [of_user.and_then(|found| found.invited.filter(|_| !found.becomes_strong)), None],
            };
            let by_role = match &source.via {
                Via::Team(team) => self.teams.get(team).and_then(|found| found.sets.get(&row.project)).copied(),
                Via::Everyone => self.everyone.get(&row.project).copied(),
                Via::OrgRole | Via::Grant => None,
            };
            let by_role = by_role.filter(|id| rises(plan, *id, row.project, given));
            for (id, is_by_name) in
                by_name.into_iter().flatten().map(|id| (id, true)).chain(by_role.map(|id| (id, false)))
            {
                let raise = self.found.raises.entry(id).or_insert_with(|| Raise::of_nobody(given));
                raise.add(row, &source.role, given, is_by_name);
            }
        }
    }

    /// What was found.
    pub(crate) fn found(self) -> Found {
        self.found
    }
}

impl Found {
    /// How often the change alters the access of somebody to a project.
    pub(crate) fn rows(&self, id: ChangeId) -> usize {
        self.rows.get(place(id)).copied().unwrap_or(0)
    }

    /// Whom the change raises, if it raises anybody.
    pub(crate) fn raise(&self, id: ChangeId) -> Option<&Raise> {
        self.raises.get(&id)
    }
}

/// Whether the change gives `given` where it gave less before.
fn rises(plan: &Plan, id: ChangeId, project: ProjectId, given: BuiltInRole) -> bool {
    let from: Option<&ProjectRole> = match plan.changes.get(place(id)).map(|planned| &planned.change) {
        Some(Change::SetTeamRole { from, .. } | Change::SetEveryone { from, .. }) => from.as_ref(),
        Some(_) | None => None,
    };
    from.and_then(|from| rank(&plan.ranks, project, from)) < Some(given)
}

/// The change of the team `name` among those of one person.
fn of_team(changes: &[(&TeamName, ChangeId)], name: &TeamName) -> Option<ChangeId> {
    changes.iter().find(|(team, _)| *team == name).map(|(_, id)| *id)
}

fn place(id: ChangeId) -> usize {
    (id.0 as usize).wrapping_sub(1)
}
