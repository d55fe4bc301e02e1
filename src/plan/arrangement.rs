//! The place of each change, where some have to wait for others that come later by their stage.

use super::ChangeId;
use super::circles::{self, Broken};
use super::exposure::Wait;
use crate::access::Ranks;

/// Where the changes stand, and what each depends on under its new name.
pub(super) struct Arrangement<'a> {
    /// The old places in the new order.
    pub(super) order: Vec<usize>,
    /// By new place, sorted.
    pub(super) depends_on: Vec<Vec<ChangeId>>,
    /// The circles that were broken, under the new names.
    pub(super) circles: Vec<Broken<'a>>,
}

/// What each change has to wait for, in the order of the changes.
pub(super) struct Reasons<'a> {
    /// What it cannot be done without. There are no circles of these.
    pub(super) needs: Vec<Vec<ChangeId>>,
    /// What gives people that which they keep of what it takes.
    pub(super) keeps: Vec<Vec<ChangeId>>,
    /// What takes from people that which it would give them.
    pub(super) waits: Vec<Vec<Wait<'a>>>,
}

pub(super) fn place(id: &ChangeId) -> usize {
    (id.0 as usize).wrapping_sub(1)
}

/// Puts changes behind everything that they need. Stages keep their order as far as that allows: what has to wait for a
/// later stage comes in a second pass over all stages, and so on. Where changes wait for each other in a circle, one of them
/// goes first, and what it should have waited for comes directly behind it.
pub(super) fn arrange<'a>(mut reasons: Reasons<'a>, ranks: &Ranks) -> Arrangement<'a> {
    let mut circles = circles::break_circles(&mut reasons, ranks);
    let Reasons { mut needs, keeps, waits } = reasons;
    for (needs, (keeps, waits)) in needs.iter_mut().zip(keeps.into_iter().zip(waits)) {
        needs.extend(keeps.into_iter().chain(waits.into_iter().map(|wait| wait.needed)));
        needs.sort_unstable();
        needs.dedup();
    }
    let in_place = needs.iter().enumerate().all(|(index, needs)| needs.iter().all(|id| place(id) < index));
    if in_place && circles.is_empty() {
        return Arrangement { order: (0..needs.len()).collect(), depends_on: needs, circles };
    }
    let passes = passes(&needs);
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|index| (passes[*index], *index));
    if !circles.is_empty() {
        order = circles::directly_behind(&order, &needs, &circles);
    }
    let mut names = vec![ChangeId(0); order.len()];
    for (id, index) in (1..).map(ChangeId).zip(&order) {
        names[*index] = id;
    }
    let depends_on = order.iter().map(|index| needs[*index].iter().map(|id| names[place(id)]).collect());
    let mut depends_on: Vec<Vec<ChangeId>> = depends_on.collect();
    for broken in &mut circles {
        broken.rename(&names);
        broken.wait_where_possible(&mut depends_on);
    }
    for needs in &mut depends_on {
        needs.sort_unstable();
        needs.dedup();
    }
    Arrangement { depends_on, order, circles }
}

/// In which pass over the stages each change comes; `needs` has no circles.
fn passes(needs: &[Vec<ChangeId>]) -> Vec<usize> {
    let mut waiting: Vec<usize> = needs.iter().map(Vec::len).collect();
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); needs.len()];
    for (index, needs) in needs.iter().enumerate() {
        for needed in needs.iter().map(place) {
            needed_by[needed].push(index);
        }
    }
    let mut passes = vec![0; needs.len()];
    let mut ready: Vec<usize> = (0..needs.len()).filter(|index| waiting[*index] == 0).collect();
    while let Some(done) = ready.pop() {
        for index in &needed_by[done] {
            passes[*index] = passes[*index].max(passes[done] + usize::from(done > *index));
            waiting[*index] -= 1;
            if waiting[*index] == 0 {
                ready.push(*index);
            }
        }
    }
    passes
}
