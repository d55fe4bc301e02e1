//! Which changes raise somebody to admin or owner.

use crate::access::{AccessIndex, Ranks, rank, rank_before};
use crate::change::Change;
use crate::lookup::NameTable;
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole, State};

/// Judges changes by what people have on the live side, from all sources together: whoever can do as much already is
/// not raised, and neither is anybody by a role that nobody gets.
pub(super) struct Escalations<'a> {
    before: &'a AccessIndex<'a>,
    given: &'a Given<'a>,
}

/// Roles with the rank of admin or owner that the target gives: few, even where changes are many.
pub(super) struct Given<'a> {
    target: &'a State,
    ranks: &'a Ranks,
    everyone: Vec<(ProjectId, BuiltInRole)>,
    teams: NameTable<'a, Vec<(ProjectId, BuiltInRole)>>,
}

impl<'a> Escalations<'a> {
    /// A judge of changes that give `given`; `before` knows what those have who get it ([`Given::receivers`]).
    pub(super) fn new(before: &'a AccessIndex<'a>, given: &'a Given<'a>) -> Self {
        Self { before, given }
    }

    /// Whether `change` raises somebody to admin or owner, of the organization or of a project.
    pub(super) fn raises(&self, change: &Change) -> bool {
        let by_org_role = if let Change::SetOrgRole { from, to, .. } = change {
            to.manages() && to.is_above(from)
        } else {
            matches!(change, Change::InviteUser { role, .. } if role.manages())
        };
        by_org_role
            || self.given.by(change, &mut |user, project, role| {
                let sources = self.before.sources(user, project);
                sources.filter_map(|source| rank_before(self.given.ranks, project, source.role)).max() < Some(role)
            })
    }
}

impl<'a> Given<'a> {
    /// What `target` gives.
    pub(super) fn new(target: &'a State, ranks: &'a Ranks) -> Self {
        let given = Self { target, ranks, everyone: Vec::new(), teams: NameTable::default() };
        let defaults = target.projects.iter().filter_map(|(id, project)| Some((*id, project.everyone.as_ref()?)));
        let everyone = defaults.filter_map(|(id, role)| Some((id, given.managing(id, role)?))).collect();
        let mut teams: NameTable<'_, Vec<_>> = NameTable::default();
        for (name, team) in &target.teams {
            for (id, role) in &team.roles {
                if let Some(rank) = given.managing(*id, role) {
                    teams.or_insert_with(name, Vec::new).push((*id, rank));
                }
            }
        }
        Self { everyone, teams, ..given }
    }

    /// The users who get to manage something by `changes`, other than by an org role.
    pub(super) fn receivers(&self, changes: impl IntoIterator<Item = &'a Change>) -> Vec<&'a Email> {
        let (mut users, mut known) = (Vec::new(), NameTable::default());
        for change in changes {
            self.by(change, &mut |user, _, _| {
                if known.insert_new(user, || ()) {
                    users.push(user);
                }
                false
            });
        }
        users
    }

    /// The rank of `role`, if it is that of an admin or owner.
    fn managing(&self, project: ProjectId, role: &ProjectRole) -> Option<BuiltInRole> {
        rank(self.ranks, project, role).filter(|rank| *rank >= BuiltInRole::Admin)
    }

    /// Hands to `found` who gets to manage which project by `change`, other than by an org role, until it says that this
    /// is enough; whether it said so.
    fn by<'c>(&self, change: &'c Change, found: &mut dyn FnMut(&'a Email, ProjectId, BuiltInRole) -> bool) -> bool
    where
        'c: 'a,
    {
        match change {
            // Whoever comes gets what everybody has.
            Change::InviteUser { user, .. } => self.everyone.iter().any(|(id, role)| found(user, *id, *role)),
            Change::SetEveryone { project, to, .. } => self
                .managing(*project, to)
                .is_some_and(|role| self.target.users.keys().any(|user| found(user, *project, role))),
            Change::SetTeamRole { team, project, to, .. } => self.managing(*project, to).is_some_and(|role| {
                let members = self.target.teams.get(team).into_iter().flat_map(|team| &team.members);
                let unread = self.target.unread.members.get(team).into_iter().flatten();
                members.chain(unread).any(|user| found(user, *project, role))
            }),
            Change::AddTeamMember { team, user } => {
                self.teams.get(team).into_iter().flatten().any(|(id, role)| found(user, *id, *role))
            }
            Change::SetGrant { user, project, to, .. } => {
                self.managing(*project, to).is_some_and(|role| found(user, *project, role))
            }
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::SetOrgRole { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveEveryone { .. }
            | Change::DeleteTeam { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => false,
        }
    }
}
