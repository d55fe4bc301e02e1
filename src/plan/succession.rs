//! What people with other addresses had by the earlier ones, and do not have by the new ones.

use std::collections::BTreeMap;

use super::{Plan, PlannedChange};
use crate::access::{AccessChange, AccessIndex, AccessSource, Lost, UserAccess};
use crate::change::Change;
use crate::model::{Email, OrgRole, ProjectId, State};

/// People of whom an earlier address is on the live side of a plan.
#[derive(Debug)]
pub(crate) struct Succession<'a> {
    plan: &'a Plan,
    /// Where the plan leads them.
    target: &'a State,
    /// These addresses by the one that counts as the same person.
    olds: BTreeMap<&'a Email, Vec<&'a Email>>,
    /// What the earlier addresses have before, and the others afterwards; `None` where there are none.
    access: Option<(AccessIndex<'a>, AccessIndex<'a>)>,
}

/// What somebody has by an earlier address and does not get by the new one.
#[derive(Debug, Default)]
pub(crate) struct Forgone<'a> {
    /// The role of owner or admin of the organization and the lower one that there is instead.
    pub(crate) org_role: Option<(&'a OrgRole, &'a OrgRole)>,
    /// What is less on projects, by project.
    pub(crate) lost: Vec<Lost<'a>>,
}

impl Forgone<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.org_role.is_none() && self.lost.is_empty()
    }
}

impl<'a> Succession<'a> {
    pub(crate) fn of(plan: &'a Plan) -> Self {
        // Of what is told besides a proposal only that is lost which is lost without it, too.
        let target = plan.proposal.as_ref().map_or(&plan.target, |proposal| &proposal.plan.live);
        let mut olds: BTreeMap<&Email, Vec<&Email>> = BTreeMap::new();
        let counts = |old: &&Email| plan.live.users.contains_key(*old) && !plan.superseded.contains(*old);
        for old in plan.earlier_addresses.keys().filter(counts) {
            let person = plan.person(old);
            if person != old {
                olds.entry(person).or_default().push(old);
            }
        }
        let access = (!olds.is_empty()).then(|| {
            let before = AccessIndex::new(&plan.live, olds.values().flatten().copied());
            (before, AccessIndex::new(target, olds.keys().copied()))
        });
        Self { plan, target, olds, access }
    }

    /// The earlier addresses of `user` that are on the live side.
    pub(crate) fn olds(&self, user: &Email) -> &[&'a Email] {
        self.olds.get(user).map_or(&[], Vec::as_slice)
    }

    /// What the earlier address `old` has on `project`.
    pub(crate) fn had(&self, old: &Email, project: ProjectId) -> impl Iterator<Item = AccessSource<'a>> + use<'a> {
        let sources = self.access.as_ref().map(|(before, _)| before.sources(old, project));
        sources.into_iter().flatten()
    }

    /// What the person had of what `row` is about by all of their addresses.
    pub(crate) fn before<'r>(&self, row: AccessChange<'r>) -> Vec<AccessSource<'r>>
    where
        'a: 'r,
    {
        let olds = self.olds(row.user).iter().flat_map(|old| self.had(old, row.project));
        row.before.iter().copied().chain(olds).collect()
    }

    /// Whether an earlier address of `user` has `role` in the organization, or more.
    pub(crate) fn had_role(&self, user: &Email, role: &OrgRole) -> bool {
        let mut had = self.olds(user).iter().filter_map(|old| self.plan.live.users.get(*old));
        had.any(|had| had.role == *role || had.role.is_above(role))
    }

    /// What people have by the earlier addresses that make way for new ones by `change`, and do not get by these; of
    /// each address of which that is anything.
    pub(crate) fn forgone_by<'s>(&'s self, change: &'s Change) -> impl Iterator<Item = Forgone<'a>> {
        let is_replaced = |old: &Email| self.plan.replaced_users.contains_key(old);
        let olds: Vec<&'s Email> = match change {
            // An earlier account that goes at once is told where it goes.
            Change::InviteUser { user, .. } => {
                self.olds(user).iter().copied().filter(|old| !is_replaced(old)).collect()
            }
            Change::RemoveUser { user } | Change::CancelInvite { user } if is_replaced(user) => vec![user],
            Change::RemoveUser { .. }
            | Change::CancelInvite { .. }
            | Change::SetOrgRole { .. }
            | Change::CreateTeam { .. }
            | Change::RenameTeam { .. }
            | Change::DeleteTeam { .. }
            | Change::AddTeamMember { .. }
            | Change::RemoveTeamMember { .. }
            | Change::SetTeamRole { .. }
            | Change::RemoveTeamRole { .. }
            | Change::SetGrant { .. }
            | Change::RemoveGrant { .. }
            | Change::SetEveryone { .. }
            | Change::RemoveEveryone { .. } => Vec::new(),
        };
        let is_same = |old: &&Email| self.plan.person(old) != *old;
        olds.into_iter().filter(is_same).map(|old| self.forgone(old)).filter(|forgone| !forgone.is_empty())
    }

    /// What the person of the earlier address `old` has by it, and does not get by the new one.
    pub(crate) fn forgone(&self, old: &Email) -> Forgone<'a> {
        let Some((before, after)) = &self.access else { return Forgone::default() };
        let (ranks, person) = (&self.plan.ranks, self.plan.person(old));
        let Some(is) = self.target.users.get(person).map(|found| &found.role) else { return Forgone::default() };
        let was = self.plan.live.users.get(old).map(|found| &found.role);
        let fallen = was.filter(|was| was.is_above(is) && was.on_every_project().is_some());
        let org_role = fallen.map(|was| (was, is));
        let (mut had, mut has) = (Vec::new(), Vec::new());
        before.collect(old, |_| true, &mut had);
        after.collect(person, |_| true, &mut has);
        let lost = had.chunk_by(|(one, _), (other, _)| one == other).filter_map(|sources| {
            let (project, _) = sources.first()?;
            let after = has.iter().filter(|(id, _)| id == project).map(|(_, source)| *source);
            Lost::between(ranks, *project, sources.iter().map(|(_, source)| *source).collect(), after.collect())
        });
        Forgone { org_role, lost: lost.collect() }
    }
}

/// What people have less by new addresses, taken into what changes of their access.
#[derive(Debug)]
pub(crate) struct Succeeding<'a> {
    plan: &'a Plan,
    target: &'a State,
    /// By the new address.
    lost: BTreeMap<&'a Email, Vec<Lost<'a>>>,
}

impl<'a> Succeeding<'a> {
    /// That of people who are invited with new addresses by `changes`. An earlier account that goes is told by itself.
    pub(crate) fn of(plan: &'a Plan, changes: impl Iterator<Item = &'a PlannedChange>) -> Self {
        let earlier = Succession::of(plan);
        let mut lost: BTreeMap<&Email, Vec<Lost<'_>>> = BTreeMap::new();
        for planned in changes {
            if let Change::InviteUser { user, .. } = &planned.change {
                for forgone in earlier.forgone_by(&planned.change) {
                    lost.entry(user).or_default().extend(forgone.lost);
                }
            }
        }
        lost.retain(|_, lost| !lost.is_empty());
        Self { plan, target: earlier.target, lost }
    }

    /// What changes of `access`, one person's, with what that person loses.
    pub(crate) fn told(&mut self, access: UserAccess<'a>) -> UserAccess<'a> {
        match self.lost.remove(access.user) {
            Some(lost) => UserAccess::losing(Some(&access), access.user, access.pending, &self.plan.ranks, &lost),
            None => access,
        }
    }

    /// The same for all of `access`, which is by user.
    pub(crate) fn all(
        mut self,
        mut access: impl Iterator<Item = UserAccess<'a>>,
    ) -> impl Iterator<Item = UserAccess<'a>> {
        std::iter::from_fn(move || match access.next() {
            Some(access) => Some(self.told(access)),
            None => self.untold(),
        })
    }

    /// What the next of those lose of whom nothing was told.
    pub(crate) fn untold(&mut self) -> Option<UserAccess<'a>> {
        let (user, lost) = self.lost.pop_first()?;
        let pending = self.target.users.get(user).is_some_and(|found| found.status.is_invited());
        Some(UserAccess::losing(None, user, pending, &self.plan.ranks, &lost))
    }
}
