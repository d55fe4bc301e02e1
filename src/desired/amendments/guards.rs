//! Guards that are others, and differences that are accepted.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::{Amendments, Bearing, entry_text};
use crate::desired::{Acceptance, Desired, Entry, Most, Waiver};
use crate::source::Span;

impl Amendments {
    pub(super) fn guards(&mut self, base: &Desired, head: &Desired) {
        let (before, after) = (&base.guards, &head.guards);
        self.number("guards.min_owners", before.min_owners, after.min_owners, Bearing::Tightens);
        let protected = |desired: &Desired| -> BTreeMap<String, Span> {
            desired.guards.protected.iter().map(|(user, place)| (user.to_string(), *place)).collect()
        };
        self.lists("guards.protected", protected(base), protected(head), Bearing::Tightens);
        if before.max_removals != after.max_removals {
            let growth = match (before.max_removals, after.max_removals) {
                (Most::Number(before), Most::Number(after)) => after.cmp(&before),
                (Most::Percent(before), Most::Percent(after)) => after.cmp(&before),
                (Most::Number(before), Most::Percent(after)) => share_against(after, before),
                (Most::Percent(before), Most::Number(after)) => share_against(before, after).reverse(),
            };
            let text = |most| match most {
                Most::Number(number) => number.to_string(),
                Most::Percent(share) => format!("{share}%"),
            };
            let (from, to) = (text(before.max_removals), text(after.max_removals));
            self.add(Bearing::of_growth(growth), "guards.max_removals", Some(from), Some(to), None);
        }
        self.number("guards.max_invites", before.max_invites, after.max_invites, Bearing::Loosens);
        let (from, to) = (before.invite_stale_days, after.invite_stale_days);
        self.number("guards.invite_stale_days", from, to, Bearing::Loosens);
        let waivers = |waivers: &[Waiver]| -> BTreeMap<String, Span> {
            waivers.iter().map(|waiver| (waiver_text(waiver), waiver.place)).collect()
        };
        self.lists("guards.waivers", waivers(&before.waivers), waivers(&after.waivers), Bearing::Loosens);
    }

    pub(super) fn accepted(&mut self, before: &[Acceptance], after: &[Acceptance]) {
        let texts = |all: &[Acceptance]| -> BTreeMap<String, Span> {
            all.iter().filter_map(|one| Some((acceptance_text(one)?, one.place))).collect()
        };
        self.lists("accept", texts(before), texts(after), Bearing::Loosens);
    }
}

/// Whether a share lets more removals through than a number does, of however many; equal where that depends on them.
fn share_against(share: u8, number: usize) -> Ordering {
    match (share, number) {
        // Everything is more than any number. One removal never exceeds a share, even of an owner or admin.
        (100.., _) | (_, 0 | 1) => Ordering::Greater,
        // Nothing but the few that never exceed a share.
        (0, 5..) => Ordering::Less,
        (_, _) => Ordering::Equal,
    }
}

fn waiver_text(waiver: &Waiver) -> String {
    let Waiver { place: _, removals, invites, until, reason } = waiver;
    let numbers = [(*removals, "removal"), (*invites, "invitation")];
    let numbers = numbers.into_iter().filter(|(number, _)| *number > 0);
    let numbers = numbers.map(|(number, noun)| format!("{number} {noun}{}", if number == 1 { "" } else { "s" }));
    format!("{} until {until}: {reason}", numbers.collect::<Vec<_>>().join(" and "))
}

fn acceptance_text(acceptance: &Acceptance) -> Option<String> {
    let Acceptance { place: _, observed, projects, until, reason, ticket: _ } = acceptance;
    // All that one entry accepts is the same on several projects.
    let entry = Entry::Acceptance(observed.first()?.clone(), projects.clone());
    Some(format!("{} until {until}: {reason}", entry_text(&entry)))
}
