//! A unified diff of the live side and the target, both as configuration.

use std::io::{self, Write};
use std::ops::Range;

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices, group_diff_ops};

use crate::export::{Labels, Section, write_section};
use crate::plan::Plan;
use crate::render::visible;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// Writes what `plans` change as a unified diff. Nothing is written for an organization that is in sync.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_plans(out: &mut dyn Write, plans: &[Plan]) -> io::Result<()> {
    plans.iter().try_for_each(|plan| write_plan(out, plan))
}

fn write_plan(out: &mut dyn Write, plan: &Plan) -> io::Result<()> {
    let labels = Labels { org: &plan.org, projects: &plan.project_keys };
    let (mut live, mut target) = (Vec::new(), Vec::new());
    let mut bounds = Vec::new();
    for section in Section::ALL {
        write_section(&plan.live, labels, section, &mut live)?;
        write_section(&plan.target, labels, section, &mut target)?;
        bounds.push((live.len(), target.len()));
    }
    if live == target {
        return Ok(());
    }
    let org = visible(&plan.org);
    writeln!(out, "--- live/{org}.yaml\n+++ target/{org}.yaml")?;
    let (live, target) = (Lines::of(&live), Lines::of(&target));
    // Both sides are sorted in the same way, so that sections can be compared one at a time, and what two sections of
    // different kinds have in common never hides a change.
    let mut ops = Vec::new();
    let (mut live_from, mut target_from) = (0, 0);
    for (live_end, target_end) in bounds {
        let (live_to, target_to) = (live.index(live_end), target.index(target_end));
        compare(&live.lines, live_from..live_to, &target.lines, target_from..target_to, &mut ops);
        (live_from, target_from) = (live_to, target_to);
    }
    for hunk in group_diff_ops(ops, CONTEXT) {
        write_hunk(out, &hunk, &live, &target)?;
    }
    Ok(())
}

/// A text with its lines; each keeps its line break.
struct Lines<'a> {
    lines: Vec<&'a [u8]>,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a [u8]) -> Self {
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let mut at = 0;
        let mut starts = Vec::with_capacity(lines.len());
        for line in &lines {
            starts.push(at);
            at += line.len();
        }
        Self { lines, starts }
    }

    /// The line that starts at the byte `offset`.
    fn index(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start < offset)
    }
}

/// Lines between two places that are taken for the same on both sides, at least.
const STRETCH: usize = 1_000;

/// Compares two ranges of lines, in stretches: comparing lines costs their number times the number of differences, and
/// an organization has hundreds of thousands of them.
fn compare(
    live: &[&[u8]],
    live_range: Range<usize>,
    target: &[&[u8]],
    target_range: Range<usize>,
    ops: &mut Vec<DiffOp>,
) {
    let (mut live_from, mut target_from) = (live_range.start, target_range.start);
    for (live_at, target_at) in anchors(live, live_range.clone(), target, target_range.clone()) {
        compare_stretch(live, live_from..live_at, target, target_from..target_at, ops);
        (live_from, target_from) = (live_at, target_at);
    }
    compare_stretch(live, live_from..live_range.end, target, target_from..target_range.end, ops);
}

/// Places that are the same on both sides: a line that the target has once, with equal neighbours, so that a member
/// who moved to another team is not taken for one.
#[expect(clippy::disallowed_types, reason = "looked up by line only, never iterated")]
fn anchors(
    live: &[&[u8]],
    live_range: Range<usize>,
    target: &[&[u8]],
    target_range: Range<usize>,
) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    if live_range.len() < 2 * STRETCH {
        return found;
    }
    let mut places: std::collections::HashMap<&[u8], Option<usize>, foldhash::fast::FixedState> =
        std::collections::HashMap::with_capacity_and_hasher(target_range.len(), foldhash::fast::FixedState::default());
    for index in target_range.clone() {
        places.entry(target[index]).and_modify(|place| *place = None).or_insert(Some(index));
    }
    let (mut live_next, mut target_next) = (live_range.start + STRETCH, target_range.start + 1);
    while live_next + 1 < live_range.end {
        match places.get(live[live_next]) {
            Some(Some(place))
                if *place >= target_next
                    && *place + 1 < target_range.end
                    && live[live_next - 1] == target[*place - 1]
                    && live[live_next + 1] == target[*place + 1] =>
            {
                found.push((live_next, *place));
                live_next += STRETCH;
                target_next = *place + 1;
            }
            Some(_) | None => live_next += 1,
        }
    }
    found
}

fn compare_stretch(
    live: &[&[u8]],
    live_range: Range<usize>,
    target: &[&[u8]],
    target_range: Range<usize>,
    ops: &mut Vec<DiffOp>,
) {
    let (live_from, target_from) = (live_range.start, target_range.start);
    for op in capture_diff_slices(Algorithm::Myers, &live[live_range], &target[target_range]) {
        let (tag, old, new) = op.as_tag_tuple();
        let (old_index, new_index) = (old.start + live_from, new.start + target_from);
        let (old_len, new_len) = (old.len(), new.len());
        if let (DiffTag::Equal, Some(DiffOp::Equal { len, .. })) = (tag, ops.last_mut()) {
            // Equal lines on both sides of a border between stretches belong together.
            *len += old_len;
            continue;
        }
        ops.push(match tag {
            DiffTag::Equal => DiffOp::Equal { old_index, new_index, len: old_len },
            DiffTag::Delete => DiffOp::Delete { old_index, old_len, new_index },
            DiffTag::Insert => DiffOp::Insert { old_index, new_index, new_len },
            DiffTag::Replace => DiffOp::Replace { old_index, old_len, new_index, new_len },
        });
    }
}

fn write_hunk(out: &mut dyn Write, hunk: &[DiffOp], live: &Lines<'_>, target: &Lines<'_>) -> io::Result<()> {
    writeln!(out, "{}", similar::udiff::UnifiedHunkHeader::new(hunk))?;
    for op in hunk {
        let (tag, old, new) = op.as_tag_tuple();
        if tag == DiffTag::Equal {
            write_lines(out, b" ", &live.lines[old])?;
            continue;
        }
        write_lines(out, b"-", &live.lines[old])?;
        write_lines(out, b"+", &target.lines[new])?;
    }
    Ok(())
}

fn write_lines(out: &mut dyn Write, sign: &[u8], lines: &[&[u8]]) -> io::Result<()> {
    for line in lines {
        out.write_all(sign)?;
        out.write_all(line)?;
    }
    Ok(())
}
