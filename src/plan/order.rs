//! The order of changes: never worse in the middle.
//!
//! Create, then give, then change, then take: an owner is promoted before another goes, and what is held up by nothing
//! comes early. This is the order from which [`arrange`](super::arrangement::arrange) begins; what must wait for a later
//! stage is put behind it there. Blocked people go before everything else: nobody waits for them, and what is given to
//! teams and to everybody is not theirs.

use std::cmp::Reverse;

use crate::access::{Ranks, covers};
use crate::change::Change;
use crate::model::{Email, ProjectId, ProjectRole, State};

/// The stages of a plan, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    Rename,
    Create,
    Invite,
    Give,
    Change,
    Lower,
    Take,
    Delete,
}

/// Puts changes in order; within a stage the order in which they came stays, but for removed users: owners of `live` come
/// before admins, and these before all others, as a reviewer must see them first. A removed user whom `goes_first`
/// takes goes first of all, which must be no active owner: another may have to be promoted before.
pub(super) fn sort(changes: &mut [Change], ranks: &Ranks, live: &State, goes_first: impl Fn(&Email) -> bool) {
    changes.sort_by_cached_key(|change| {
        let removed = change.removed_user();
        let first = removed.is_some_and(&goes_first);
        let strength = removed.and_then(|user| live.users.get(user)?.role.on_every_project());
        (!first, stage(change, ranks), Reverse(strength))
    });
}

/// The stage to which a change belongs.
pub(super) fn stage(change: &Change, ranks: &Ranks) -> Stage {
    match change {
        Change::RenameTeam { .. } => Stage::Rename,
        Change::CreateTeam { .. } => Stage::Create,
        Change::InviteUser { .. } => Stage::Invite,
        Change::SetOrgRole { from, to, .. } if to.is_above(from) => Stage::Give,
        Change::SetOrgRole { .. } => Stage::Lower,
        Change::AddTeamMember { .. } => Stage::Give,
        Change::SetEveryone { project, from, to }
        | Change::SetTeamRole { project, from, to, .. }
        | Change::SetGrant { project, from, to, .. } => role_stage(ranks, *project, from.as_ref(), to),
        Change::RemoveGrant { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveEveryone { .. } => Stage::Take,
        Change::DeleteTeam { .. } | Change::CancelInvite { .. } | Change::RemoveUser { .. } => Stage::Delete,
    }
}

fn role_stage(ranks: &Ranks, project: ProjectId, from: Option<&ProjectRole>, to: &ProjectRole) -> Stage {
    match from {
        None => Stage::Give,
        Some(from) if covers(ranks, project, from, to) => Stage::Lower,
        Some(_) => Stage::Change,
    }
}
