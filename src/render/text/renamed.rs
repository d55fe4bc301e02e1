//! People with other addresses: what their rows say of the earlier ones.

use std::collections::BTreeMap;

use super::words::list;
use crate::access::{AccessIndex, covered_before, rank};
use crate::change::Change;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole};
use crate::plan::{KeptWhat, KeptWhy, Plan};
use crate::render::visible;

/// The addresses that people had before.
#[derive(Debug)]
pub(super) struct Renamed<'a> {
    plan: &'a Plan,
    /// By the new one.
    olds: BTreeMap<&'a Email, Vec<&'a Email>>,
    /// What those of them have who count as the same person; `None` where there are none.
    had: Option<AccessIndex<'a>>,
}

impl<'a> Renamed<'a> {
    pub(super) fn new(plan: &'a Plan) -> Self {
        let mut olds: BTreeMap<&Email, Vec<&Email>> = BTreeMap::new();
        for (old, new) in &plan.replaced_users {
            olds.entry(new).or_default().push(old);
        }
        for kept in &plan.kept {
            if let (KeptWhy::AwaitsRename(new) | KeptWhy::AwaitsMove(new), KeptWhat::User(old)) =
                (&kept.why, &kept.what)
            {
                olds.entry(new).or_default().push(old);
            }
        }
        let same: Vec<&Email> = olds.values().flatten().filter(|old| plan.person(old) != **old).copied().collect();
        let had = (!same.is_empty()).then(|| AccessIndex::new(&plan.live, same));
        Self { plan, olds, had }
    }

    /// What is said of `change`, by which an account comes or goes since its person has another address.
    pub(super) fn text(&self, change: &Change) -> Option<String> {
        match change {
            // The row says it already.
            Change::RenameTeam { .. } => None,
            Change::InviteUser { user, role } => {
                let olds = self.olds.get(user).map_or(&[][..], Vec::as_slice);
                let who = self.who_has(&self.same(user), role);
                Some(if olds.is_empty() { "renamed".to_owned() } else { renamed_from(olds) + who })
            }
            Change::CancelInvite { user } | Change::RemoveUser { user } => {
                let new = self.plan.replaced_users.get(user);
                Some(new.map_or("renamed".to_owned(), |new| format!("renamed to {}", visible(new))))
            }
            Change::CreateTeam { .. }
            | Change::SetOrgRole { .. }
            | Change::SetEveryone { .. }
            | Change::SetTeamRole { .. }
            | Change::AddTeamMember { .. }
            | Change::SetGrant { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveEveryone { .. }
            | Change::DeleteTeam { .. } => Some("renamed".to_owned()),
        }
    }

    /// What is said of `change`, by which a new address gets a role of admin or owner: whose it is, and whether the earlier
    /// address has it, too.
    pub(super) fn takes_along(&self, change: &Change) -> Option<String> {
        let (had, ranks) = (self.had.as_ref()?, &self.plan.ranks);
        let olds = self.same(change.user()?);
        if let Change::SetOrgRole { to, .. } = change {
            return (to.manages() && !olds.is_empty()).then(|| renamed_from(&olds) + self.who_has(&olds, to));
        }
        let roles: Vec<(ProjectId, &ProjectRole)> = match change {
            Change::SetGrant { project, to, .. } => vec![(*project, to)],
            Change::AddTeamMember { team, .. } => {
                self.plan.target.teams.get(team)?.roles.iter().map(|(project, role)| (*project, role)).collect()
            }
            Change::InviteUser { .. }
            | Change::SetOrgRole { .. }
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
            | Change::RemoveEveryone { .. } => return None,
        };
        let is_strong =
            |(project, role): &(ProjectId, &ProjectRole)| rank(ranks, *project, role) >= Some(BuiltInRole::Admin);
        let strong: Vec<_> = roles.into_iter().filter(is_strong).collect();
        if strong.is_empty() || olds.is_empty() {
            return None;
        }
        let is_known = |(project, role): &(ProjectId, &ProjectRole)| {
            let mut sources = olds.iter().flat_map(|old| had.sources(old, *project));
            sources.any(|source| covered_before(ranks, *project, source.role, role))
        };
        let who = if strong.iter().all(is_known) { WHO_HAS_IT } else { "" };
        Some(renamed_from(&olds) + who)
    }

    /// The earlier addresses of `user` that count as the same person.
    fn same(&self, user: &Email) -> Vec<&'a Email> {
        let olds = self.olds.get(user).into_iter().flatten().copied();
        olds.filter(|old| self.plan.person(old) != *old).collect()
    }

    /// That one of `olds` has `role` in the organization, where that is one of admin or owner.
    fn who_has(&self, olds: &[&Email], role: &OrgRole) -> &'static str {
        let mut had = olds.iter().filter_map(|old| self.plan.live.users.get(*old)).map(|found| &found.role);
        if role.manages() && had.any(|had| had == role || had.is_above(role)) { WHO_HAS_IT } else { "" }
    }
}

/// Said of an earlier address that has the same role.
const WHO_HAS_IT: &str = ", who has it";

fn renamed_from(olds: &[&Email]) -> String {
    let names: Vec<_> = olds.iter().map(|old| visible(old)).collect();
    format!("renamed from {}", list(&names))
}
