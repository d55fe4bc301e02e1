//! The place of each change, where some have to wait for others that come later by their stage.

use super::ChangeId;

/// Where the changes stand, and what each depends on under its new name.
pub(super) struct Arrangement {
    /// The old places in the new order.
    pub(super) order: Vec<usize>,
    /// By new place, sorted.
    pub(super) depends_on: Vec<Vec<ChangeId>>,
}

fn place(id: &ChangeId) -> usize {
    (id.0 as usize).wrapping_sub(1)
}

/// Puts changes behind everything that they need. Stages keep their order as far as that allows: what has to wait for a
/// later stage comes in a second pass over all stages, and so on.
///
/// `needs` has no circles. Where `waits` makes one, a change does not wait: what somebody keeps is worth more than what
/// somebody else gets too early.
pub(super) fn arrange(mut needs: Vec<Vec<ChangeId>>, mut waits: Vec<Vec<ChangeId>>) -> Arrangement {
    break_circles(&needs, &mut waits);
    for (needs, waits) in needs.iter_mut().zip(waits) {
        needs.extend(waits);
        needs.sort_unstable();
        needs.dedup();
    }
    let in_place = needs.iter().enumerate().all(|(index, needs)| needs.iter().all(|id| place(id) < index));
    if in_place {
        return Arrangement { order: (0..needs.len()).collect(), depends_on: needs };
    }
    let passes = passes(&needs);
    let mut order: Vec<usize> = (0..needs.len()).collect();
    order.sort_by_key(|index| (passes[*index], *index));
    let mut names = vec![ChangeId(0); order.len()];
    for (id, index) in (1..).map(ChangeId).zip(&order) {
        names[*index] = id;
    }
    let depends_on = order.iter().map(|index| {
        let mut ids: Vec<ChangeId> = needs[*index].iter().map(|id| names[place(id)]).collect();
        ids.sort_unstable();
        ids
    });
    Arrangement { depends_on: depends_on.collect(), order }
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

/// Takes from `waits` what would close a circle.
fn break_circles(needs: &[Vec<ChangeId>], waits: &mut [Vec<ChangeId>]) {
    if waits.iter().all(Vec::is_empty) {
        return;
    }
    #[derive(Clone, Copy, PartialEq, Eq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let mut seen = vec![Seen::Not; needs.len()];
    for start in 0..needs.len() {
        // Each with the number of its edges that were followed.
        let mut open: Vec<(usize, usize)> = Vec::new();
        if seen[start] == Seen::Not {
            seen[start] = Seen::Open;
            open.push((start, 0));
        }
        while let Some((index, followed)) = open.last().copied() {
            let edge = needs[index].get(followed).or_else(|| waits[index].get(followed - needs[index].len()));
            let Some(needed) = edge.map(place) else {
                seen[index] = Seen::Done;
                open.pop();
                continue;
            };
            match seen[needed] {
                Seen::Done => {}
                Seen::Not => {
                    seen[needed] = Seen::Open;
                    open.push((needed, 0));
                    // The edge is passed over when the search comes back.
                    let at = open.len() - 2;
                    open[at].1 += 1;
                    continue;
                }
                Seen::Open => {
                    // A circle: its last edge that may go goes, and the search goes on from there.
                    let begins = open.iter().position(|(known, _)| *known == needed).unwrap_or(0);
                    let last = open.len() - 1;
                    let breakable = (begins..open.len()).rev().find(|at| {
                        let (index, followed) = open[*at];
                        // Of all but the last the edge that was followed is passed over already.
                        let edge = if *at == last { followed } else { followed - 1 };
                        edge >= needs[index].len()
                    });
                    if let Some(at) = breakable {
                        let (index, followed) = open[at];
                        let edge = if at == last { followed } else { followed - 1 };
                        waits[index].remove(edge - needs[index].len());
                        for (closed, _) in open.drain(at + 1..) {
                            seen[closed] = Seen::Not;
                        }
                        open[at].1 = edge;
                        continue;
                    }
                }
            }
            if let Some(last) = open.last_mut() {
                last.1 += 1;
            }
        }
    }
}
