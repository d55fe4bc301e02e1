//! What is proposed, in the document of a plan.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::{Sequence, access_row, entry_of, place, wire};
use crate::access::UserAccess;
use crate::desired::{About, Amendment, Fate, MovedEnd, StrongRole, Time};
use crate::model::ProjectId;
use crate::plan::{Plan, PlannedChange, Proposal};
use crate::render::text::effects::Effects;
use crate::source::Sources;

/// Written field by field in the order of [`wire::Proposal`], which the schema is made from.
pub(super) struct Proposed<'a> {
    /// The plan that carries out what is proposed.
    pub(super) plan: &'a Plan,
    pub(super) proposal: &'a Proposal,
    pub(super) sources: &'a Sources,
}

impl Serialize for Proposed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { plan: whole, proposal, sources } = self;
        let Proposal { plan, already, ends, amendments, knows_applied, no_base, .. } = proposal;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("no_base", no_base)?;
        map.serialize_entry("knows_last_apply", knows_applied)?;
        let changes = || plan.changes.iter().map(|planned| change(proposal, sources, planned));
        map.serialize_entry("changes", &Sequence(changes))?;
        map.serialize_entry("access", &Access { plan, all: || plan.access_changes() })?;
        map.serialize_entry("unforeseen", &Access { plan: whole, all: || whole.unforeseen_access_changes() })?;
        map.serialize_entry("ends", &Sequence(|| ends.iter().map(|one| end(sources, one))))?;
        map.serialize_entry("amendments", &Sequence(|| amendments.iter().map(|one| amendment(sources, one))))?;
        let mut effects = Effects::of(plan);
        proposal.access_changes().for_each(|access| {
            effects.note(&access);
        });
        let totals = plan.totals();
        let summary = wire::ProposalSummary {
            changes: totals.changes,
            removals: totals.removals,
            escalations: totals.escalations,
            already: already.len(),
            risen: effects.risen,
        };
        map.serialize_entry("summary", &summary)?;
        map.end()
    }
}

/// What really changes for people.
struct Access<'a, A> {
    plan: &'a Plan,
    all: A,
}

impl<'a, A: Fn() -> I, I: Iterator<Item = UserAccess<'a>>> Serialize for Access<'a, A> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(None)?;
        for access in (self.all)() {
            for row in access.rows() {
                sequence.serialize_element(&access_row(self.plan, row, None))?;
            }
        }
        sequence.end()
    }
}

fn change<'a>(proposal: &'a Proposal, sources: &'a Sources, planned: &'a PlannedChange) -> wire::ProposedChange<'a> {
    let PlannedChange { id, change, source, escalation, .. } = planned;
    wire::ProposedChange {
        kind: change.kind().as_str(),
        user: change.user().map(|user| user.as_str()),
        project: change.project().map(|project| proposal.plan.project_label(project)),
        project_id: change.project().map(ProjectId::get),
        team: change.team().map(|team| team.as_str()),
        from: change.from_text(),
        to: change.to_text(),
        already: proposal.already.contains(id),
        overtakes: proposal.counterparts.get(id).filter(|_| proposal.overtaken.contains(id)).map(ToString::to_string),
        escalation: *escalation,
        source: source.map(|span| place(sources, span)),
    }
}

fn end<'a>(sources: &'a Sources, one: &'a MovedEnd) -> wire::MovedEnd<'a> {
    let MovedEnd { bearing, entry, strongest, strong, fate, role_before, before, after, place: written, .. } = one;
    let (Time { from: from_before, until: until_before }, Time { from, until }) = (before, after);
    wire::MovedEnd {
        entry: entry_of(entry),
        bearing: bearing.as_str(),
        new: fate.is_new(),
        withdrawn: *fate == Fate::Withdrawn,
        role_before: role_before.as_deref(),
        from_before: from_before.as_deref(),
        from: from.as_deref(),
        until_before: until_before.as_deref(),
        until: until.as_deref(),
        strongest: strongest.map(|role| role.as_str()),
        strong: strong.iter().map(strong_role).collect(),
        source: place(sources, *written),
    }
}

fn strong_role(one: &StrongRole) -> wire::StrongRole<'_> {
    let StrongRole { rank, role, projects } = one;
    wire::StrongRole {
        role: role.as_str(),
        rank: rank.as_str(),
        projects: projects.iter().map(|key| key.as_str()).collect(),
    }
}

fn amendment<'a>(sources: &'a Sources, one: &'a Amendment) -> wire::Amendment<'a> {
    let Amendment { bearing, key, before, after, about, place: written } = one;
    wire::Amendment {
        key,
        bearing: bearing.as_str(),
        before: before.as_deref(),
        after: after.as_deref(),
        unmanaged: *about == About::Left,
        source: place(sources, *written),
    }
}
