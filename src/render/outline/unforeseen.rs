//! What a run does to people that the sections of its origins do not tell, as things are live.

use std::collections::BTreeMap;

use super::People;
use super::grave::lowers_org_role;
use super::people::Kind;
use crate::access::UserAccess;
use crate::change::Change;
use crate::plan::{ChangeId, Plan, PlannedChange, Proposal, Succession};
use crate::render::text::alike::{Folded, Ranked};
use crate::render::text::effects::Effects;

/// What becomes of people that no section tells.
pub(crate) struct Unforeseen<'a> {
    plan: &'a Plan,
    pub(super) people: People<'a>,
    /// What changes for people, those who are alike together.
    pub(crate) access: Ranked<'a>,
    /// How many people that is, and how many changes of their access to a project.
    pub(crate) numbers: (usize, usize),
}

impl<'a> Unforeseen<'a> {
    /// Works it out for `plan`; `None` where the sections tell everything. Whom it raises is said of the change of what is
    /// `proposed` that is about the same, where nobody else is raised by that.
    pub(super) fn of(plan: &'a Plan, proposal: &Proposal, proposed: &mut Effects<'a>) -> Option<Self> {
        let mut all = plan.unforeseen_access_changes().peekable();
        let changes = of_organization(plan, proposal);
        if changes.is_empty() && all.peek().is_none() {
            return None;
        }
        let (mut effects, mut access) = (Effects::of(plan), Folded::new(plan));
        let mut people = People::of(plan, &changes, |_| false);
        // That somebody has another address is proposed.
        people.crowds.remove(&Kind::Moves);
        people.note_invited(plan);
        for one in all {
            let rise = effects.note(&one);
            people.note_beyond(plan, &one);
            access.note(one, rise);
        }
        people.finish_beyond(plan);
        for (theirs, ours) in &proposal.counterparts {
            proposed.adopt(*theirs, &mut effects, *ours);
        }
        let numbers = access.numbers();
        Some(Self { plan, people, access: access.ranked(), numbers })
    }

    /// Whether somebody becomes admin or owner, or stops being that, or leaves with more than the base knows of.
    pub(crate) fn is_grave(&self) -> bool {
        self.people.phrases(&self.plan.live).iter().any(|(is_alarm, _)| *is_alarm)
    }

    /// How the access of each person changes.
    pub(crate) fn all(&self) -> impl Iterator<Item = UserAccess<'a>> {
        self.plan.unforeseen_access_changes()
    }

    /// What becomes of people, as a sentence without its period, and whether it is alarming.
    pub(super) fn note(&self) -> (bool, String) {
        unforeseen_text("", &self.people.phrases(&self.plan.live))
    }
}

/// What becomes of people at `place`, which no section tells, as a sentence without its period; whether it is alarming.
pub(super) fn unforeseen_text(place: &str, phrases: &[(bool, String)]) -> (bool, String) {
    let told: Vec<&str> = phrases.iter().map(|(_, phrase)| phrase.as_str()).collect();
    let is_alarm = phrases.iter().any(|(is_alarm, _)| *is_alarm);
    (is_alarm, format!("As things are live{place}, applying it does more than this: {}", told.join(", ")))
}

/// The heading of what changes for people that no section tells.
pub(crate) const UNFORESEEN: &str = "By person, besides, as things are live";

/// The changes to be done by which somebody rises or falls in the organization, otherwise than by what is proposed about
/// the same person as compared with the base.
fn of_organization<'a>(plan: &'a Plan, proposal: &Proposal) -> Vec<&'a PlannedChange> {
    let theirs: BTreeMap<ChangeId, ChangeId> =
        proposal.counterparts.iter().map(|(theirs, ours)| (*ours, *theirs)).collect();
    let (earlier, agreed) = (Succession::of(plan), Succession::of(&proposal.plan));
    let is_untold = |planned: &&PlannedChange| {
        let theirs = theirs.get(&planned.id);
        if theirs.is_some_and(|id| proposal.earlier_lacks.contains_key(id)) {
            // Who is told to take a role along does not have it.
            let (Change::InviteUser { user, role } | Change::SetOrgRole { user, to: role, .. }) = &planned.change
            else {
                return false;
            };
            return rises(&planned.change) && agreed.had_role(user, role) && !earlier.had_role(user, role);
        }
        let theirs = theirs.filter(|id| proposal.overtaken.contains(id));
        let theirs = theirs.and_then(|id| proposal.plan.changes.get((id.0 as usize).wrapping_sub(1)));
        theirs.is_some_and(|theirs| {
            let (fallen, told) = (lowers_org_role(&planned.change), lowers_org_role(&theirs.change));
            let falls = fallen.is_some_and(|from| told.is_none_or(|told| from.is_above(told)));
            falls || rises(&planned.change) && !rises(&theirs.change)
        })
    };
    plan.to_do().filter(is_untold).collect()
}

/// Whether somebody becomes admin or owner of the organization by `change`.
fn rises(change: &Change) -> bool {
    match change {
        Change::InviteUser { role, .. } => role.on_every_project().is_some(),
        Change::SetOrgRole { from, to, .. } => to.is_above(from) && to.on_every_project().is_some(),
        Change::CancelInvite { .. }
        | Change::RemoveUser { .. }
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
        | Change::RemoveEveryone { .. } => false,
    }
}
