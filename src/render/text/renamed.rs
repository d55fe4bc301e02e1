//! People with other addresses: what their rows say of the earlier ones.

use std::collections::BTreeMap;

use super::changes::{org_role, project_name};
use super::raise::ranked;
use super::words::{list, list_of};
use crate::access::{AccessIndex, AccessSource, Lost, covered_before, rank, rank_before};
use crate::change::Change;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, State};
use crate::plan::{KeptWhat, KeptWhy, Plan, Succession};
use crate::render::visible;

/// The addresses that people had before.
#[derive(Debug)]
pub(super) struct Renamed<'a> {
    plan: &'a Plan,
    /// By the new one.
    olds: BTreeMap<&'a Email, Vec<&'a Email>>,
    /// What is known of those of them who count as the same person.
    earlier: Succession<'a>,
    /// The live side, where the plan is a proposal, with what they have there.
    now: Option<(&'a State, AccessIndex<'a>)>,
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
        Self { plan, olds, earlier: Succession::of(plan), now: None }
    }

    /// The same for what is proposed where `live` is the live side.
    pub(super) fn of_proposal(self, live: &'a State) -> Self {
        let olds = self.olds.keys().flat_map(|new| self.earlier.olds(new)).copied();
        Self { now: Some((live, AccessIndex::new(live, olds))), ..self }
    }

    /// What is said of `change`, by which an account comes or goes since its person has another address.
    pub(super) fn text(&self, change: &Change) -> Option<String> {
        match change {
            // The row says it already.
            Change::RenameTeam { .. } => None,
            Change::InviteUser { user, role } => {
                let olds = self.olds.get(user).map_or(&[][..], Vec::as_slice);
                let text =
                    if olds.is_empty() { "renamed".to_owned() } else { renamed_from(olds) + self.who_has(user, role) };
                Some(text + &self.less(change))
            }
            Change::CancelInvite { user } | Change::RemoveUser { user } => {
                let new = self.plan.replaced_users.get(user);
                let text = new.map_or("renamed".to_owned(), |new| format!("renamed to {}", visible(new)));
                Some(text + &self.less(change))
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

    /// What is said of `change`, by which an account goes that somebody with another address had, and that is not on the live
    /// side any more.
    pub(super) fn gone(&self, change: &Change) -> Option<String> {
        let person = self.plan.person(change.removed_user()?);
        (Some(person) != change.removed_user()).then(|| format!("renamed to {}", visible(person)))
    }

    /// What is said of `change`, by which a new address gets a role of admin or owner: whose it is, and whether the earlier
    /// address has it, too.
    pub(super) fn takes_along(&self, change: &Change) -> Option<String> {
        let (user, ranks) = (change.user()?, &self.plan.ranks);
        let olds = self.earlier.olds(user);
        if olds.is_empty() {
            return None;
        }
        if let Change::SetOrgRole { to, .. } = change {
            return to.manages().then(|| renamed_from(olds) + self.who_has(user, to));
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
        if strong.is_empty() {
            return None;
        }
        let is_covered = |(project, role): &(ProjectId, &ProjectRole), source: &AccessSource<'_>| {
            covered_before(ranks, *project, source.role, role)
        };
        let is_known = |one: &(ProjectId, &ProjectRole)| {
            olds.iter().flat_map(|old| self.earlier.had(old, one.0)).any(|source| is_covered(one, &source))
        };
        let is_live = |one: &(ProjectId, &ProjectRole)| {
            let Some((_, now)) = &self.now else { return true };
            olds.iter().flat_map(|old| now.sources(old, one.0)).any(|source| is_covered(one, &source))
        };
        let who = strong.iter().all(is_known).then(|| who_has_it(strong.iter().all(is_live)));
        Some(renamed_from(olds) + who.unwrap_or_default())
    }

    /// That `user` has `role` in the organization by an earlier address, where that is one of admin or owner.
    fn who_has(&self, user: &Email, role: &OrgRole) -> &'static str {
        if !role.manages() || !self.earlier.had_role(user, role) {
            return "";
        }
        let has = |live: &State, old: &Email| {
            live.users.get(old).is_some_and(|found| found.role == *role || found.role.is_above(role))
        };
        who_has_it(self.now.as_ref().is_none_or(|(live, _)| self.earlier.olds(user).iter().any(|old| has(live, old))))
    }

    /// What the persons have less by their new addresses, by `change`.
    fn less(&self, change: &Change) -> String {
        let plan = self.plan;
        let mut texts = Vec::new();
        for forgone in self.earlier.forgone_by(change) {
            // What a role in the organization gives goes with it.
            if let Some((from, to)) = forgone.org_role {
                texts.push(format!("org role {} -> {}", org_role(from), org_role(to)));
                continue;
            }
            let of = |Lost { project, before, after }: &Lost<'_>| {
                let from = before.iter().max_by_key(|source| rank_before(&plan.ranks, *project, source.role));
                let to = after.iter().max_by_key(|source| rank(&plan.ranks, *project, source.role));
                let [from, to] = [from, to]
                    .map(|source| source.map_or("nothing".to_owned(), |source| ranked(plan, *project, source.role)));
                format!("{} {from} -> {to}", project_name(plan, *project))
            };
            let first: Vec<String> = forgone.lost.iter().take(NAMED).map(of).collect();
            texts.push(list_of(&first, forgone.lost.len()));
        }
        if texts.is_empty() { String::new() } else { format!("; less than before: {}", texts.join(", ")) }
    }
}

/// Said of an earlier address that has the same role, on the live side or only by the base.
fn who_has_it(is_live: bool) -> &'static str {
    if is_live { ", who has it" } else { ", who has it by the base" }
}

/// Projects of one person that are named.
const NAMED: usize = 3;

fn renamed_from(olds: &[&Email]) -> String {
    let names: Vec<_> = olds.iter().map(|old| visible(old)).collect();
    format!("renamed from {}", list(&names))
}
