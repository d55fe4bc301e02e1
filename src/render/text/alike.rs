//! Users whose access changes in the same way, told together.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hash, Hasher};
use std::io::{self, Write};

use super::access::{EFFECTIVE, Heading, Told, write_heading, write_nobody};
use super::fold::WORTH_HIDING;
use super::line::{DIM, write_paragraph};
use super::words::{count, list, list_of, thousands};
use crate::access::{AccessChange, Effect, UserAccess, Via};
use crate::model::{BuiltInRole, Email};
use crate::plan::Plan;
use crate::render::{Options, visible};

/// Users in one block who are named before the rest is counted, where more are shown at request.
const NAMED: usize = 3;
/// The most of whom all are named where nothing can be asked for, as long as the names take no more than [`ROOM`].
const NAMED_AT_MOST: usize = 20;
/// The most bytes of names beyond the first [`NAMED`].
const ROOM: usize = 600;
/// Blocks shown before the rest is counted.
const BLOCKS: usize = 20;
/// Distinct blocks remembered of each urgency; later ones are only counted.
const REMEMBERED: usize = 1_000;

/// Kinds of blocks: somebody becomes owner, becomes admin, loses, or gains something less.
pub(crate) const URGENCIES: usize = 4;

/// Collects access changes and folds users whose access changes in the same way.
#[derive(Debug)]
pub(crate) struct Folded<'a> {
    plan: &'a Plan,
    /// For each urgency the blocks, found by the hash of what changes.
    blocks: [BTreeMap<u64, Vec<Block<'a>>>; URGENCIES],
    remembered: [usize; URGENCIES],
    /// Users who are not in any block, by urgency.
    beyond: [usize; URGENCIES],
    hasher: foldhash::fast::FixedState,
    users: Heads<'a>,
    rows: usize,
}

/// Counts people, each of them once, however many addresses somebody has.
#[derive(Debug)]
pub(crate) struct Heads<'a> {
    plan: &'a Plan,
    /// Those who have several addresses, by the declared one, and whether they were counted.
    several: BTreeMap<&'a Email, bool>,
    /// How many people there are.
    pub(crate) number: usize,
}

impl<'a> Heads<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        let several = plan.earlier_addresses.values().map(|person| (person, false)).collect();
        Self { plan, several, number: 0 }
    }

    /// Counts whoever has the address `user`; who that is, where that person has several addresses.
    pub(crate) fn count(&mut self, user: &'a Email) -> Option<&'a Email> {
        let person = self.plan.person(user);
        let was_counted = self.several.get_mut(person).map(|is_counted| std::mem::replace(is_counted, true));
        self.number += usize::from(was_counted != Some(true));
        was_counted.map(|_| person)
    }
}

/// Users whose access changes in the same way.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    first: UserAccess<'a>,
    /// The first of them by name.
    users: Vec<&'a Email>,
    /// Those of them who have several addresses, by the declared one.
    several: Vec<&'a Email>,
    /// How many there are.
    pub(crate) total: usize,
}

impl<'a> Block<'a> {
    /// Adds `user`, who is `several` where that person has several addresses.
    fn add(&mut self, user: &'a Email, several: Option<&'a Email>) {
        if let Some(person) = several {
            if self.several.contains(&person) {
                return;
            }
            self.several.push(person);
        }
        self.total += 1;
        if self.users.len() < NAMED_AT_MOST {
            self.users.push(user);
        }
    }

    /// What is to be said of them, with the first of their names.
    pub(crate) fn told(&self, plan: &Plan, verbose: bool) -> Told {
        self.told_of(plan, NAMED, verbose)
    }

    /// The same with all of their names, unless they are many, or as many as there is room for.
    pub(crate) fn told_by_name(&self, plan: &Plan) -> Told {
        if self.total > NAMED_AT_MOST {
            return self.told(plan, false);
        }
        let mut room = ROOM;
        let fits = |name: &&&Email| {
            let left = room.checked_sub(name.as_str().len());
            room = left.unwrap_or_default();
            left.is_some()
        };
        let named = self.users.iter().take_while(fits).count();
        self.told_of(plan, named.max(NAMED), false)
    }

    fn told_of(&self, plan: &Plan, named: usize, verbose: bool) -> Told {
        let names: Vec<_> = self.users.iter().take(named).map(|user| visible(user)).collect();
        Told::new(plan, list_of(&names, self.total), &self.first, verbose)
    }
}

/// Whose access changes, in the order in which they are shown.
#[derive(Debug)]
pub(crate) struct Ranked<'a> {
    /// Those who are alike, with their urgency.
    pub(crate) blocks: Vec<(usize, Block<'a>)>,
    /// How many users are in none of them, by urgency.
    pub(crate) beyond: [usize; URGENCIES],
}

impl<'a> Folded<'a> {
    pub(crate) fn new(plan: &'a Plan) -> Self {
        Self {
            plan,
            blocks: [const { BTreeMap::new() }; URGENCIES],
            remembered: [0; URGENCIES],
            beyond: [0; URGENCIES],
            hasher: foldhash::fast::FixedState::default(),
            users: Heads::new(plan),
            rows: 0,
        }
    }

    /// Takes in how one user's access changes, and the rank to which it raises the user.
    pub(crate) fn note(&mut self, access: UserAccess<'a>, rise: Option<BuiltInRole>) {
        let several = self.users.count(access.user);
        self.rows += access.rows().len();
        let urgency = urgency(&access, rise);
        let found = self.blocks[urgency].entry(self.hash(&access)).or_default();
        // Equal hashes are not trusted: what a reviewer reads is compared in full.
        if let Some(block) = found.iter_mut().find(|block| alike(&block.first, &access)) {
            block.add(access.user, several);
        } else if self.remembered[urgency] < REMEMBERED {
            self.remembered[urgency] += 1;
            let mut block = Block { users: Vec::new(), several: Vec::new(), total: 0, first: access };
            block.add(block.first.user, several);
            found.push(block);
        } else {
            self.beyond[urgency] += 1;
        }
    }

    fn hash(&self, access: &UserAccess<'_>) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        (access.stays, access.pending).hash(&mut hasher);
        for row in access.rows() {
            (row.project, row.effect, row.before.len(), row.unread).hash(&mut hasher);
            for source in row.before.iter().chain(row.after) {
                // The sources of one side name a team by one reference.
                let team = if let Via::Team(team) = source.via { std::ptr::from_ref(team).addr() } else { 0 };
                (std::mem::discriminant(&source.via), team, source.role).hash(&mut hasher);
            }
        }
        hasher.finish()
    }

    /// The users whose access changes and the changes that are really so.
    pub(crate) fn numbers(&self) -> (usize, usize) {
        (self.users.number, self.rows)
    }

    /// Those whose access changes, the most urgent first, and of them those who are most.
    pub(crate) fn ranked(self) -> Ranked<'a> {
        let mut blocks: Vec<(usize, Block<'a>)> = Vec::new();
        for (urgency, by_hash) in self.blocks.into_iter().enumerate() {
            let mut of_urgency: Vec<Block<'_>> = by_hash.into_values().flatten().collect();
            of_urgency.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.users.cmp(&b.users)));
            blocks.extend(of_urgency.into_iter().map(|block| (urgency, block)));
        }
        Ranked { blocks, beyond: self.beyond }
    }

    /// Writes the section.
    pub(crate) fn write(self, out: &mut dyn Write, options: Options) -> io::Result<()> {
        let (plan, numbers) = (self.plan, self.numbers());
        self.ranked().write(out, plan, EFFECTIVE, numbers, options)
    }
}

impl Ranked<'_> {
    /// Writes the section of `plan` below `heading`, about so many users and changes.
    pub(crate) fn write(
        &self,
        out: &mut dyn Write,
        plan: &Plan,
        heading: Heading,
        (users, rows): (usize, usize),
        options: Options,
    ) -> io::Result<()> {
        if users == 0 {
            return write_nobody(out, plan, options);
        }
        write_heading(out, heading, users, rows, options)?;
        let mut blocks: Vec<&(usize, Block<'_>)> = self.blocks.iter().collect();
        let mut hidden = self.beyond;
        let beyond: usize = hidden.iter().sum();
        let is_folded = blocks.len() >= BLOCKS + WORTH_HIDING || beyond > 0;
        if !is_folded {
            blocks.sort_by(|(_, a), (_, b)| a.users.cmp(&b.users));
        }
        let shown = if is_folded { BLOCKS } else { blocks.len() };
        for (urgency, block) in blocks.iter().skip(shown) {
            hidden[*urgency] += block.total;
        }
        for (_, block) in blocks.iter().take(shown) {
            block.told(plan, options.verbose).write(out, options)?;
        }
        let more: usize = hidden.iter().sum();
        if is_folded && more > 0 {
            let text = format!("… and {}; -v shows all", more_users(hidden));
            write_paragraph(out, 4, options.width, &[(DIM, &text)])?;
        }
        Ok(())
    }
}

/// How many users are not shown, `hidden` by urgency.
pub(crate) fn more_users(hidden: [usize; URGENCIES]) -> String {
    let [owners, admins, losing, _] = hidden;
    let escalated = owners + admins;
    let mut of_them = Vec::new();
    if escalated > 0 {
        of_them.push(format!("{} to admin or owner", thousands(escalated)));
    }
    if losing > 0 {
        of_them.push(format!("{} losing access", thousands(losing)));
    }
    let of_them = if of_them.is_empty() { String::new() } else { format!(", {}", list(&of_them)) };
    format!("{}{of_them}", count(hidden.iter().sum(), "more user"))
}

/// Whether the same is to be said of both users.
fn alike(a: &UserAccess<'_>, b: &UserAccess<'_>) -> bool {
    let told = |row: AccessChange<'_>| {
        let AccessChange { user: _, project, effect, before, after, pending, unread } = row;
        (project, effect, before.len(), after.len(), pending, unread)
    };
    let is_alike =
        |(a, b): (AccessChange<'_>, AccessChange<'_>)| told(a) == told(b) && a.before == b.before && a.after == b.after;
    a.rows().len() == b.rows().len() && a.rows().zip(b.rows()).all(is_alike) && a.stays == b.stays
}

/// 0 where somebody becomes owner, 1 where admin, 2 where access is lost or lowered, 3 else.
fn urgency(access: &UserAccess<'_>, rise: Option<BuiltInRole>) -> usize {
    match rise {
        Some(rank) => usize::from(rank < BuiltInRole::Owner),
        None if access.rows().any(|row| matches!(row.effect, Effect::Lose | Effect::Lower)) => 2,
        None => 3,
    }
}
