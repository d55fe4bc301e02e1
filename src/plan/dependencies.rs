//! What must have taken effect before a change: so that what does not depend on a failed change still runs.
//!
//! A change waits only for what it needs. Taking something away waits for giving only where the same person keeps
//! access by it, or where the organization would have too few owners: never for an invitation.

use std::collections::BTreeSet;

use super::ChangeId;
use super::retention::{Takes, retain_access};
use crate::access::{AccessIndex, Ranks};
use crate::change::{Change, Subject};
use crate::lookup::{Lookup, NameTable};
use crate::model::{Email, OrgRole, State};
use crate::target::Target;

/// For each change, in order, the changes that it cannot be done without, and those that give what people keep of what it
/// takes; `takes` are what they take, and `sides` know what the users in it have before and after. No fewer than
/// `min_owners` active owners may remain at any moment.
pub(super) fn dependencies(
    live: &State,
    target: &Target,
    changes: &[Change],
    takes: &[Takes<'_>],
    sides: (&AccessIndex<'_>, &AccessIndex<'_>),
    (ranks, min_owners): (&Ranks, usize),
) -> [Vec<Vec<ChangeId>>; 2] {
    let made = Made::of(changes);
    let mut found: Vec<Vec<ChangeId>> = numbered(changes).map(|(id, change)| made.needs(id, change)).collect();
    let mut keeps = vec![Vec::new(); changes.len()];
    retain_access(target, changes, takes, sides, ranks, &mut keeps);
    retain_owners(live, &target.state, changes, min_owners, &mut found);
    replaced_users_go_last(target, changes, &mut found);
    [found, keeps]
}

fn numbered(changes: &[Change]) -> impl Iterator<Item = (ChangeId, &Change)> {
    (1..).map(ChangeId).zip(changes)
}

/// Teams and users that come into being under the name that others use.
#[derive(Default)]
struct Made<'a> {
    teams: NameTable<'a, ChangeId>,
    users: NameTable<'a, ChangeId>,
}

impl<'a> Made<'a> {
    fn of(changes: &'a [Change]) -> Self {
        let mut made = Self::default();
        for (id, change) in numbered(changes) {
            let renamed = change.team_rename().map(|(_, new)| Subject::Team(new));
            match change.makes().or(renamed) {
                Some(Subject::Team(team)) => {
                    made.teams.or_insert_with(team, || id);
                }
                Some(Subject::User(user)) => {
                    made.users.or_insert_with(user, || id);
                }
                None => {}
            }
        }
        made
    }

    fn needs(&self, id: ChangeId, change: &Change) -> Vec<ChangeId> {
        let team = change.team().and_then(|team| self.teams.get(team));
        let user = change.user().and_then(|user| self.users.get(user));
        // What makes a name does not wait for itself.
        team.into_iter().chain(user).copied().filter(|made| *made != id).collect()
    }
}

/// Where fewer owners than must remain stay owners throughout, the old ones go after the new ones have come.
fn retain_owners(live: &State, target: &State, changes: &[Change], min_owners: usize, found: &mut [Vec<ChangeId>]) {
    let after: BTreeSet<&Email> = target.active_owners().collect();
    if live.active_owners().filter(|owner| after.contains(owner)).count() >= min_owners.max(1) {
        return;
    }
    let owners: BTreeSet<&Email> = live.active_owners().collect();
    let promotions: Vec<ChangeId> = numbered(changes)
        .filter(
            |(_, change)| matches!(change, Change::SetOrgRole { user, to: OrgRole::Owner, .. } if after.contains(user)),
        )
        .map(|(id, _)| id)
        .collect();
    for (change, needs) in changes.iter().zip(found) {
        let ends_an_owner = matches!(change,
            Change::RemoveUser { user } | Change::SetOrgRole { user, from: OrgRole::Owner, .. } if owners.contains(user));
        if ends_an_owner {
            needs.extend(&promotions);
        }
    }
}

/// The old account of a renamed user goes when the new one has everything.
fn replaced_users_go_last(target: &Target, changes: &[Change], found: &mut [Vec<ChangeId>]) {
    if target.replaced_users.is_empty() {
        return;
    }
    // A move to another domain renames everybody: each change is looked at once.
    let mut given: Lookup<&Email, Vec<ChangeId>> = Lookup::default();
    for ((id, change), needs) in numbered(changes).zip(found) {
        if let Some(user) = change.removed_user() {
            let new = target.replaced_users.get(user);
            needs.extend(new.and_then(|new| given.get(new)).into_iter().flatten());
        } else if let Some(user) = change.user().filter(|_| !change.kind().is_removal()) {
            given.entry(user).or_default().push(id);
        }
    }
}
