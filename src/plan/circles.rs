//! Changes that wait for each other in a circle.
//!
//! Two teams that change their people and their roles at once leave no order in which nobody has more than before or
//! after. One of the changes then goes first: the one by which the least is given away. The plan says who has what
//! meanwhile, what takes it back comes directly behind, and the circle is performed as a whole or not at all.

use std::collections::{BTreeMap, BTreeSet};

use super::ChangeId;
use super::arrangement::{Reasons, place};
use super::exposure::Wait;
use crate::access::{Ranks, rank};
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole};

/// Changes that wait for each other, and what is so while they are under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circle {
    /// The changes, in order.
    pub changes: Vec<ChangeId>,
    /// Who has more than before and after, sorted.
    pub meanwhile: Vec<Meanwhile>,
    /// Who has less than before and after, sorted.
    pub lapses: Vec<Lapse>,
}

/// Somebody has a role from one change until another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Meanwhile {
    /// The change that gives it.
    pub from: ChangeId,
    /// The change that takes it.
    pub until: ChangeId,
    /// Who.
    pub user: Email,
    /// On which project.
    pub project: ProjectId,
    /// Which role.
    pub role: ProjectRole,
}

/// A change takes something from somebody that is given only later, by another change of the circle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lapse {
    /// The change that takes it.
    pub from: ChangeId,
    /// From whom.
    pub user: Email,
    /// On which project.
    pub project: ProjectId,
}

/// A circle that was broken.
#[derive(Debug)]
pub(super) struct Broken<'a> {
    /// The changes of the circle.
    pub(super) changes: Vec<ChangeId>,
    /// Which change does not wait for what.
    pub(super) exposed: Vec<(ChangeId, Wait<'a>)>,
    /// Which change takes something that is not given again by then.
    pub(super) lapsed: Vec<ChangeId>,
}

impl Broken<'_> {
    /// Gives the changes their new names, by old place.
    pub(super) fn rename(&mut self, names: &[ChangeId]) {
        let Self { changes, exposed, lapsed } = self;
        let waits = exposed.iter_mut().flat_map(|(id, wait)| [id, &mut wait.needed]);
        waits.chain(changes.iter_mut()).chain(lapsed).for_each(|id| *id = names[place(id)]);
        changes.sort_unstable();
    }

    /// Lets a change wait all the same for what has come before it in the end.
    pub(super) fn wait_where_possible(&mut self, depends_on: &mut [Vec<ChangeId>]) {
        self.exposed.retain(|(id, wait)| {
            let is_early = wait.needed < *id;
            if is_early {
                depends_on[place(id)].push(wait.needed);
            }
            !is_early
        });
    }
}

/// Takes from `reasons` what closes circles, of that which is no need.
pub(super) fn break_circles<'a>(reasons: &mut Reasons<'a>, ranks: &Ranks) -> Vec<Broken<'a>> {
    let is_in_place = |index: usize| reasons.all(index).all(|id| place(&id) < index);
    if (0..reasons.needs.len()).all(is_in_place) {
        return Vec::new();
    }
    let all: Vec<usize> = (0..reasons.needs.len()).collect();
    let mut circles = Vec::new();
    for circle in components(reasons, &all) {
        let changes = circle.iter().map(|index| id_of(*index)).collect();
        let mut broken = Broken { changes, exposed: Vec::new(), lapsed: Vec::new() };
        let mut left = vec![circle];
        while let Some(part) = left.pop() {
            if break_one(reasons, &part, ranks, &mut broken) {
                left.extend(components(reasons, &part));
            }
        }
        circles.push(broken);
    }
    circles
}

fn id_of(index: usize) -> ChangeId {
    ChangeId(u32::try_from(index + 1).unwrap_or(u32::MAX))
}

impl<'a> Reasons<'a> {
    /// Everything that the change at `index` waits for.
    fn all(&self, index: usize) -> impl Iterator<Item = ChangeId> {
        let waits = self.waits[index].iter().map(|wait| wait.needed);
        self.needs[index].iter().chain(&self.keeps[index]).copied().chain(waits)
    }
}

/// Lets one change of a circle go before the others; `false` where nothing but needs makes the circle.
fn break_one<'a>(reasons: &mut Reasons<'a>, part: &[usize], ranks: &Ranks, broken: &mut Broken<'a>) -> bool {
    let inside: BTreeSet<usize> = part.iter().copied().collect();
    let is_inside = |id: &ChangeId| inside.contains(&place(id));
    // What cannot go first for another reason is no help. A role of which it is not known what it can do is worth as much
    // as any.
    let weight = |index: usize| {
        let waits: Vec<&Wait<'_>> = reasons.waits[index].iter().filter(|wait| is_inside(&wait.needed)).collect();
        let most = waits.iter().map(|wait| rank(ranks, wait.project, wait.role).unwrap_or(BuiltInRole::Owner)).max();
        let is_stuck = reasons.needs[index].iter().chain(&reasons.keeps[index]).any(is_inside);
        (!waits.is_empty()).then_some((is_stuck, most, waits.len(), index))
    };
    if let Some((.., first)) = part.iter().filter_map(|index| weight(*index)).min() {
        let (exposed, waits) = reasons.waits[first].drain(..).partition(|wait| is_inside(&wait.needed));
        reasons.waits[first] = waits;
        let exposed: Vec<Wait<'_>> = exposed;
        broken.exposed.extend(exposed.into_iter().map(|wait| (id_of(first), wait)));
        return true;
    }
    let weight = |index: usize| {
        let keeps = reasons.keeps[index].iter().filter(|id| is_inside(id)).count();
        let is_stuck = reasons.needs[index].iter().any(is_inside);
        (keeps > 0).then_some((is_stuck, keeps, index))
    };
    let Some((.., first)) = part.iter().filter_map(|index| weight(*index)).min() else { return false };
    reasons.keeps[first].retain(|id| !is_inside(id));
    broken.lapsed.push(id_of(first));
    true
}

/// The circles among the changes at `indices`: sets of changes of which each waits for each, over others of the set.
///
/// Tarjan's algorithm, without recursion: there may be a million changes in a row.
fn components(reasons: &Reasons<'_>, indices: &[usize]) -> Vec<Vec<usize>> {
    let local: BTreeMap<usize, usize> = indices.iter().enumerate().map(|(at, index)| (*index, at)).collect();
    let edges: Vec<Vec<usize>> = indices
        .iter()
        .map(|index| reasons.all(*index).filter_map(|id| local.get(&place(&id)).copied()).collect())
        .collect();
    let mut number = vec![usize::MAX; indices.len()];
    let mut low = vec![0; indices.len()];
    let mut is_open = vec![false; indices.len()];
    let (mut next, mut open, mut found) = (0, Vec::new(), Vec::new());
    for start in 0..indices.len() {
        if number[start] != usize::MAX {
            continue;
        }
        // Each with the number of its edges that were followed.
        let mut path = vec![(start, 0)];
        while let Some((at, followed)) = path.last_mut() {
            let at = *at;
            if *followed == 0 {
                (number[at], low[at]) = (next, next);
                next += 1;
                is_open[at] = true;
                open.push(at);
            }
            let edge = edges[at].get(*followed).copied();
            *followed += 1;
            match edge {
                Some(needed) if number[needed] == usize::MAX => path.push((needed, 0)),
                Some(needed) => {
                    if is_open[needed] {
                        low[at] = low[at].min(number[needed]);
                    }
                }
                None => {
                    path.pop();
                    if let Some((above, _)) = path.last() {
                        low[*above] = low[*above].min(low[at]);
                    }
                    if low[at] == number[at] {
                        let first = open.iter().rposition(|known| *known == at).unwrap_or(0);
                        let part: Vec<usize> = open.drain(first..).collect();
                        part.iter().for_each(|known| is_open[*known] = false);
                        if part.len() > 1 {
                            let mut part: Vec<usize> = part.into_iter().map(|known| indices[known]).collect();
                            part.sort_unstable();
                            found.push(part);
                        }
                    }
                }
            }
        }
    }
    found.sort_unstable();
    found
}

/// The order in which what a change should have waited for follows it at once, with what that needs itself.
pub(super) fn directly_behind(order: &[usize], needs: &[Vec<ChangeId>], circles: &[Broken<'_>]) -> Vec<usize> {
    enum Step {
        /// Puts a change down behind what it needs.
        Reach(usize),
        /// Puts it down.
        Place(usize),
    }
    let mut behind: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (first, wait) in circles.iter().flat_map(|circle| &circle.exposed) {
        behind.entry(place(first)).or_default().push(place(&wait.needed));
    }
    let mut placed = vec![false; order.len()];
    let mut result = Vec::with_capacity(order.len());
    for start in order {
        let mut steps = vec![Step::Reach(*start)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Reach(index) if !placed[index] => {
                    steps.push(Step::Place(index));
                    steps.extend(needs[index].iter().rev().map(|id| Step::Reach(place(id))));
                }
                Step::Place(index) if !placed[index] => {
                    placed[index] = true;
                    result.push(index);
                    steps.extend(behind.get(&index).into_iter().flatten().rev().map(|later| Step::Reach(*later)));
                }
                Step::Reach(_) | Step::Place(_) => {}
            }
        }
    }
    result
}
