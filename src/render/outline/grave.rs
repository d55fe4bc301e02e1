//! What a reviewer must not miss among the changes of a plan.

use std::collections::BTreeSet;

use super::{Outline, Part};
use crate::access::{rank, rank_before};
use crate::change::Change;
use crate::model::{BuiltInRole, OrgRole};
use crate::plan::{Meanwhile, Origin, PlannedChange};
use crate::render::text::changes::{sign, weight};
use crate::render::text::rows::Sign;
use crate::render::text::{count, thousands};

impl<'a> Outline<'a> {
    /// The changes of `part` that a reviewer must not miss, the gravest first, and how many are of each kind: by which somebody
    /// becomes admin or owner, which give that to whoever comes later, by which somebody stops being that of the
    /// organization, which take something away, by which somebody has less with a new address, and which are about something
    /// that is live otherwise than the base has it.
    pub(crate) fn grave<'p>(&self, part: &'p Part<'a>) -> (Vec<&'a PlannedChange>, [usize; 6]) {
        let effects = self.effects_of(part);
        let (mut numbers, mut grave) = ([0; 6], Vec::new());
        for planned in &part.changes {
            let kinds = [
                effects.raise(planned.id).is_some(),
                self.is_awaiting(part, planned),
                lowers_org_role(&planned.change).is_some(),
                sign(&planned.change) == Sign::Remove,
                part.people.have_less(&planned.change),
                self.is_overtaken(part, planned),
            ];
            for (number, is_so) in numbers.iter_mut().zip(kinds) {
                *number += usize::from(is_so);
            }
            if kinds.contains(&true) {
                grave.push(*planned);
            }
        }
        grave.sort_by_cached_key(|planned| (self.weight(part, planned), planned.id));
        (grave, numbers)
    }

    /// What the changes of `part` do with roles of admins and owners besides giving them to people for good.
    pub(super) fn fleeting(&self, part: &Part<'_>) -> Fleeting {
        let plan = part.plan;
        let is_strong = |held: &&Meanwhile| rank(&plan.ranks, held.project, &held.role) >= Some(BuiltInRole::Admin);
        let meanwhile = plan.circles.iter().flat_map(|circle| &circle.meanwhile).filter(is_strong);
        Fleeting {
            awaiting: part.changes.iter().filter(|planned| self.is_awaiting(part, planned)).count(),
            meanwhile: meanwhile.map(|held| &held.user).collect::<BTreeSet<_>>().len(),
        }
    }

    /// Whether a change of `part` makes admins or owners of whoever comes later, and of nobody now.
    fn is_awaiting(&self, part: &Part<'_>, planned: &PlannedChange) -> bool {
        let (Change::SetTeamRole { project, from, to, .. } | Change::SetEveryone { project, from, to }) =
            &planned.change
        else {
            return false;
        };
        let ranks = &part.plan.ranks;
        let was = from.as_ref().and_then(|from| rank_before(ranks, *project, from));
        let is_strong = rank(ranks, *project, to).is_some_and(|is| is >= BuiltInRole::Admin && Some(is) > was);
        is_strong && self.effects_of(part).raise(planned.id).is_none()
    }

    /// Whether the live side has what a change of `part` is about otherwise than the base.
    fn is_overtaken(&self, part: &Part<'_>, planned: &PlannedChange) -> bool {
        let proposal = self.plan.proposal.as_ref().filter(|_| part.origin == Some(Origin::Proposed));
        proposal.is_some_and(|proposal| {
            proposal.overtaken.contains(&planned.id) || proposal.earlier_lacks.contains_key(&planned.id)
        })
    }

    /// How grave a change of `part` is: the least comes first.
    pub(crate) fn weight(&self, part: &Part<'_>, planned: &PlannedChange) -> (u8, std::cmp::Reverse<usize>) {
        weight(part.plan, self.effects_of(part), planned)
    }
}

/// Roles of admins and owners that nobody has before and after.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Fleeting {
    /// How many are for whoever comes later.
    awaiting: usize,
    /// How many people have one until another change of the run.
    meanwhile: usize,
}

impl Fleeting {
    pub(super) fn any(self) -> bool {
        self.awaiting > 0 || self.meanwhile > 0
    }

    /// The same of two plans.
    pub(super) fn and(self, other: Self) -> Self {
        Self { awaiting: self.awaiting + other.awaiting, meanwhile: self.meanwhile + other.meanwhile }
    }

    /// What is said of it, in phrases, each with whether it is alarming.
    pub(super) fn phrases(self) -> impl Iterator<Item = (bool, String)> {
        let awaiting = (self.awaiting > 0).then(|| awaiting_text(self.awaiting));
        let who = match self.meanwhile {
            1 => "1 person is".to_owned(),
            number => format!("{} people are", thousands(number)),
        };
        let meanwhile = (self.meanwhile > 0).then(|| format!("{who} admin or owner while it is applied"));
        awaiting.into_iter().chain(meanwhile).map(|text| (true, text))
    }
}

/// The numbers of what a reviewer must not miss; nothing of what there is none of.
pub(crate) fn grave_text([escalations, awaiting, lowered, removals, less, overtaken]: [usize; 6]) -> String {
    let awaiting = (awaiting > 0).then(|| awaiting_text(awaiting));
    let numbers = [(escalations, "escalation"), (lowered, "lowered org role"), (removals, "removal")];
    let numbers = numbers.into_iter().filter(|(number, _)| *number > 0).map(|(number, noun)| count(number, noun));
    let less = (less > 0).then(|| match less {
        1 => "1 new address with less than before".to_owned(),
        number => format!("{} new addresses with less than before", thousands(number)),
    });
    let overtaken = (overtaken > 0).then(|| match overtaken {
        1 => "1 that is live otherwise".to_owned(),
        number => format!("{} that are live otherwise", thousands(number)),
    });
    numbers.chain(less).chain(awaiting).chain(overtaken).collect::<Vec<_>>().join(", ")
}

/// How many roles of admins or owners are for whoever comes later.
fn awaiting_text(number: usize) -> String {
    format!("{} of admin or owner for whoever comes later", count(number, "role"))
}

/// The role that somebody loses in the organization with the access that it gives, staying a user.
pub(super) fn lowers_org_role(change: &Change) -> Option<&OrgRole> {
    let Change::SetOrgRole { from, to, .. } = change else { return None };
    (from.is_above(to) && from.on_every_project().is_some()).then_some(from)
}
