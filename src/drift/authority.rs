//! Who could have made a change, by what people may do on the live side now.
//!
//! The service has an audit log that people can look into, and no way to read it that can be relied on (dossier 3.9). So who
//! did it is not known here; who may do such a thing is (dossier 1.4).

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{AccessIndex, rank};
use crate::change::Change;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole};
use crate::plan::Plan;

/// How many people are named.
const NAMED: usize = 3;

/// Who could have made a change. Service accounts with such roles could have, too; nothing is known of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Authority {
    /// Owners of the organization.
    pub owners: usize,
    /// Admins of the organization.
    pub admins: usize,
    /// Others who manage the project that the change is about.
    pub of_project: usize,
    /// The first of all these, strongest first.
    pub examples: Vec<Email>,
}

impl Authority {
    /// How many people that are.
    pub fn people(&self) -> usize {
        self.owners + self.admins + self.of_project
    }
}

/// Who may do what in one organization.
pub(super) struct Authorities<'p> {
    plan: &'p Plan,
    owners: Vec<&'p Email>,
    admins: Vec<&'p Email>,
    /// Who manages which project by a team, a grant or like everybody, with the rank.
    managers: BTreeMap<ProjectId, BTreeMap<&'p Email, BuiltInRole>>,
    /// What those whom a difference names are to have.
    agreed: AccessIndex<'p>,
}

impl<'p> Authorities<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let live = &plan.live;
        let active = || live.users.iter().filter(|(_, user)| !user.status.is_invited());
        let of = |role: OrgRole| active().filter(move |(_, user)| user.role == role).map(|(email, _)| email).collect();
        let mut managers: BTreeMap<ProjectId, BTreeMap<&Email, BuiltInRole>> = BTreeMap::new();
        let mut manages = |project: ProjectId, role: &ProjectRole, people: &mut dyn Iterator<Item = &'p Email>| {
            let Some(rank) = rank(&plan.ranks, project, role).filter(|rank| *rank >= BuiltInRole::Admin) else {
                return;
            };
            let known = managers.entry(project).or_default();
            for user in people {
                let strongest = known.entry(user).or_insert(rank);
                *strongest = rank.max(*strongest);
            }
        };
        for team in live.teams.values() {
            for (project, role) in &team.roles {
                manages(*project, role, &mut team.members.iter());
            }
        }
        for ((user, project), role) in &live.grants {
            manages(*project, role, &mut std::iter::once(user));
        }
        for (project, found) in &live.projects {
            if let Some(role) = &found.everyone {
                manages(*project, role, &mut live.users.keys());
            }
        }
        for known in managers.values_mut() {
            known.retain(|user, _| live.users.get(*user).is_some_and(|found| !found.status.is_invited()));
        }
        let named: BTreeSet<&Email> = plan.changes.iter().filter_map(|planned| planned.change.user()).collect();
        let agreed = AccessIndex::new(&plan.target, named);
        Self { plan, owners: of(OrgRole::Owner), admins: of(OrgRole::Admin), managers, agreed }
    }

    /// Who could have brought about what `change` takes back.
    pub(super) fn of(&self, change: &Change) -> Authority {
        let plan = self.plan;
        let role_of = |user: &Email| plan.live.users.get(user).map(|found| &found.role);
        // What is above an admin only an owner gives or takes: nobody assigns more than they have.
        let needs_owner = match change {
            Change::SetOrgRole { from, to, .. } => *from == OrgRole::Owner || *to == OrgRole::Owner,
            Change::InviteUser { role, .. } => role.manages(),
            Change::RemoveUser { user } | Change::CancelInvite { user } => role_of(user) == Some(&OrgRole::Owner),
            Change::SetEveryone { from, to, .. }
            | Change::SetTeamRole { from, to, .. }
            | Change::SetGrant { from, to, .. } => is_owner(to) || from.as_ref().is_some_and(is_owner),
            Change::RemoveGrant { from, .. }
            | Change::RemoveTeamRole { from, .. }
            | Change::RemoveEveryone { from, .. } => is_owner(from),
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::AddTeamMember { .. }
            | Change::RemoveTeamMember { .. }
            | Change::DeleteTeam { .. } => false,
        };
        let least = if needs_owner { BuiltInRole::Owner } else { BuiltInRole::Admin };
        // Whoever has a role only by this very change could not have used it to make the change.
        let subject = change.user();
        let had = |user: &Email, role: OrgRole| {
            subject != Some(user) || plan.target.users.get(user).is_some_and(|found| found.role == role)
        };
        let owners: Vec<&Email> = self.owners.iter().copied().filter(|user| had(user, OrgRole::Owner)).collect();
        let admins: Vec<&Email> = match needs_owner {
            true => Vec::new(),
            false => self.admins.iter().copied().filter(|user| had(user, OrgRole::Admin)).collect(),
        };
        let mut of_project: Vec<(BuiltInRole, &Email)> = Vec::new();
        if let Some(project) = change.project() {
            for (user, strongest) in self.managers.get(&project).into_iter().flatten() {
                let is_counted = role_of(user).is_some_and(OrgRole::manages);
                let was_to_manage = || {
                    let sources = self.agreed.sources(user, project);
                    sources.filter_map(|source| rank(&plan.ranks, project, source.role)).max() >= Some(least)
                };
                if *strongest >= least && !is_counted && (subject != Some(*user) || was_to_manage()) {
                    of_project.push((*strongest, user));
                }
            }
            of_project.sort_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
        }
        let all = owners.iter().chain(&admins).copied().chain(of_project.iter().map(|(_, user)| *user));
        Authority {
            examples: all.take(NAMED).cloned().collect(),
            owners: owners.len(),
            admins: admins.len(),
            of_project: of_project.len(),
        }
    }
}

fn is_owner(role: &ProjectRole) -> bool {
    *role == ProjectRole::BuiltIn(BuiltInRole::Owner)
}
