//! Which changes raise somebody to admin or owner.

use std::collections::BTreeSet;

use crate::access::{AccessIndex, Ranks, rank};
use crate::change::Change;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, State};

/// Judges changes by what people have on the live side, from all sources together: whoever can do as much already is
/// not raised, and neither is anybody by a role that nobody gets.
pub(super) struct Escalations<'a> {
    before: AccessIndex<'a>,
    target: &'a State,
    ranks: &'a Ranks,
}

impl<'a> Escalations<'a> {
    /// A judge of `changes`, which lead from `live` to `target`.
    pub(super) fn new(live: &'a State, target: &'a State, ranks: &'a Ranks, changes: &'a [Change]) -> Self {
        let gifts = changes.iter().flat_map(|change| gifts(target, change));
        let users: BTreeSet<&Email> =
            gifts.filter(|(_, project, role)| manages(ranks, *project, role)).map(|(user, _, _)| user).collect();
        Self { before: AccessIndex::new(live, users), target, ranks }
    }

    /// Whether `change` raises somebody to admin or owner, of the organization or of a project.
    pub(super) fn raises(&self, change: &Change) -> bool {
        let by_org_role = if let Change::SetOrgRole { from, to, .. } = change {
            *to <= OrgRole::Admin && to < from
        } else {
            matches!(change, Change::InviteUser { role, .. } if *role <= OrgRole::Admin)
        };
        by_org_role
            || gifts(self.target, change).any(|(user, project, role)| {
                let sources = || self.before.sources(user, project);
                let held = || sources().iter().filter_map(|source| rank(self.ranks, project, &source.role)).max();
                manages(self.ranks, project, role) && held() < rank(self.ranks, project, role)
            })
    }
}

fn manages(ranks: &Ranks, project: ProjectId, role: &ProjectRole) -> bool {
    rank(ranks, project, role).is_some_and(|rank| rank >= BuiltInRole::Admin)
}

/// Who gets which role on which project by `change`, other than by an org role.
fn gifts<'a>(
    target: &'a State,
    change: &'a Change,
) -> Box<dyn Iterator<Item = (&'a Email, ProjectId, &'a ProjectRole)> + 'a> {
    match change {
        // Whoever comes gets what everybody has.
        Change::InviteUser { user, .. } => Box::new(
            target.projects.iter().filter_map(move |(id, project)| Some((user, *id, project.everyone.as_ref()?))),
        ),
        Change::SetEveryone { project, to, .. } => Box::new(target.users.keys().map(move |user| (user, *project, to))),
        Change::SetTeamRole { team, project, to, .. } => Box::new(
            target.teams.get(team).into_iter().flat_map(|team| &team.members).map(move |user| (user, *project, to)),
        ),
        Change::AddTeamMember { team, user } => Box::new(
            target.teams.get(team).into_iter().flat_map(|team| &team.roles).map(move |(id, role)| (user, *id, role)),
        ),
        Change::SetGrant { user, project, to, .. } => Box::new(std::iter::once((user, *project, to))),
        Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::SetOrgRole { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. }
        | Change::CancelInvite { .. }
        | Change::RemoveUser { .. } => Box::new(std::iter::empty()),
    }
}
