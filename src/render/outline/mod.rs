//! What a plan says to people, worked out once, for outputs that lay it out in their own ways.
//!
//! The words are those of the text: every sentence here is made where the text has it from, and names in it are visible
//! already.

mod people;
mod sections;

pub(crate) use self::people::People;
pub(crate) use self::sections::{Section, besides, captured, ending};
use super::report::sentence;
use super::text::alike::{Folded, Ranked};
use super::text::changes::{Reading, place, sign, weight};
use super::text::effects::{Effects, Origins};
use super::text::raise::risen;
use super::text::rows::Sign;
use crate::access::UserAccess;
use crate::plan::{GuardEffect, Origin, Plan, PlannedChange};
use crate::source::Span;

/// A plan in parts.
pub(crate) struct Outline<'a> {
    pub(crate) plan: &'a Plan,
    /// What the changes do.
    pub(crate) effects: Effects<'a>,
    /// The changes to be done by origin, where these are told apart, and else in one part; none where there are no changes.
    pub(crate) parts: Vec<Part<'a>>,
}

/// Changes that are told together.
pub(crate) struct Part<'a> {
    /// Their origin, where origins are told apart.
    pub(crate) origin: Option<Origin>,
    /// The changes, in the order of the plan.
    pub(crate) changes: Vec<&'a PlannedChange>,
    /// What they do to people, in numbers.
    pub(crate) people: People<'a>,
    /// What they do to people, those who are alike together.
    pub(crate) access: Ranked<'a>,
    /// How many people that is, and how many changes of their access to a project.
    pub(crate) numbers: (usize, usize),
}

/// A part while it is worked out.
struct Draft<'a> {
    origin: Option<Origin>,
    changes: Vec<&'a PlannedChange>,
    people: People<'a>,
    access: Folded<'a>,
}

impl<'a> Draft<'a> {
    fn new(plan: &'a Plan, origin: Option<Origin>, changes: Vec<&'a PlannedChange>) -> Self {
        Self { origin, people: People::of(plan, &changes), changes, access: Folded::new(plan) }
    }

    fn finish(mut self) -> Part<'a> {
        self.people.finish();
        let numbers = self.access.numbers();
        let Self { origin, changes, people, access } = self;
        Part { origin, changes, people, access: access.ranked(), numbers }
    }
}

impl<'a> Outline<'a> {
    /// Outlines `plan`.
    pub(crate) fn of(plan: &'a Plan) -> Self {
        let mut effects = Effects::of(plan);
        let mut parts: Vec<Draft<'a>> = if plan.knows_base {
            let of = |origin| plan.to_do().filter(move |planned| planned.origin == origin).collect();
            Origin::ALL.into_iter().map(|origin| Draft::new(plan, Some(origin), of(origin))).collect()
        } else {
            vec![Draft::new(plan, None, plan.to_do().collect())]
        };
        parts.retain(|part| !part.changes.is_empty());
        for access in plan.access_changes() {
            let rise = effects.note(&access);
            match parts.as_mut_slice() {
                [only] => {
                    only.people.note(plan, &access);
                    only.access.note(access, rise);
                }
                parts => {
                    let origins = effects.origins(&access);
                    for part in parts {
                        let Some(own) = part.origin.and_then(|origin| of_origin(&access, &origins, origin)) else {
                            continue;
                        };
                        part.people.note(plan, &own);
                        let rise = own.rows().filter_map(|row| risen(plan, row)).max();
                        part.access.note(own, rise);
                    }
                }
            }
        }
        Self { plan, effects, parts: parts.into_iter().map(Draft::finish).collect() }
    }

    /// How the access of each person changes by the changes of `part`: everybody, where there are no others.
    pub(crate) fn access_of(&self, part: &Part<'a>) -> impl Iterator<Item = UserAccess<'a>> {
        let origin = part.origin.filter(|_| self.parts.len() > 1);
        self.plan.access_changes().filter_map(move |access| match origin {
            Some(origin) => of_origin(&access, &self.effects.origins(&access), origin),
            None => Some(access),
        })
    }

    /// What the first sentence is about: what is proposed or, where origins are not told apart, everything.
    pub(crate) fn first(&self) -> Option<&Part<'a>> {
        self.parts.first().filter(|part| part.origin.is_none_or(|origin| origin == Origin::Proposed))
    }

    /// The first sentence, in phrases that are joined by commas, each with whether it is alarming: whether anything can
    /// be applied, and what becomes of people by what is proposed or, where that is not told apart, by all of it.
    pub(crate) fn sentence(&self) -> Sentence {
        let plan = self.plan;
        let first = self.first();
        let refusal = if plan.is_blocked() {
            Some(format!("Blocked by {}: nothing of this can be applied.", guards(plan, GuardEffect::Block)))
        } else if plan.is_refused() {
            Some(format!("Refused by {}: only what is blocked or over is applied.", guards(plan, GuardEffect::Hold)))
        } else {
            None
        };
        let phrases = match first {
            Some(part) => part.people.phrases(plan),
            None if plan.knows_base => vec![(false, "nothing is proposed here".to_owned())],
            None => vec![(false, "nothing is to be done".to_owned())],
        };
        let lead = match (refusal.is_some(), plan.knows_base && first.is_some()) {
            (false, false) => "",
            (false, true) => "Proposed: ",
            (true, false) => "Without that: ",
            (true, true) => "Proposed, without that: ",
        };
        Sentence { refusal, lead, phrases }
    }

    /// The changes of `part` that a reviewer must not miss: by which somebody becomes admin or owner, and which take
    /// something away; the gravest first. How many are of either kind.
    pub(crate) fn grave<'p>(&self, part: &'p Part<'a>) -> (Vec<&'a PlannedChange>, [usize; 2]) {
        let (mut numbers, mut grave) = ([0; 2], Vec::new());
        for planned in &part.changes {
            let raises = self.effects.raise(planned.id).is_some();
            let removes = sign(&planned.change) == Sign::Remove;
            numbers[0] += usize::from(raises);
            numbers[1] += usize::from(removes);
            if raises || removes {
                grave.push(*planned);
            }
        }
        grave.sort_by_cached_key(|planned| (self.weight(planned), planned.id));
        (grave, numbers)
    }

    /// How grave a change is: the least comes first.
    pub(crate) fn weight(&self, planned: &PlannedChange) -> (u8, std::cmp::Reverse<usize>) {
        weight(self.plan, &self.effects, planned)
    }

    /// The entry of a change among others of its kind, below a heading that says what they are about.
    pub(crate) fn entry(&self, reading: &Reading<'a>, planned: &'a PlannedChange) -> Entry {
        let row = reading.row(planned);
        Entry {
            sign: row.sign,
            subject: row.subject,
            action: row.action,
            alarm: row.alarm.map(|alarm| alarm.trim_start_matches("ESCALATION: ").to_owned()),
            facts: row.facts,
            reason: row.reason,
            place: planned.source.map(|span| (place(reading.sources, span), span)),
        }
    }

    /// The entry of a change that stands alone.
    pub(crate) fn entry_alone(&self, reading: &Reading<'a>, planned: &'a PlannedChange) -> Entry {
        let told = sentence(self.plan, &planned.change);
        let entry = self.entry(reading, planned);
        // What goes with a user stands behind the word in the row.
        let removed = planned.change.removes();
        let with = removed.and_then(|_| entry.action.split_once(", with "));
        let action = with.map_or(told.clone(), |(_, with)| format!("{told}, with {with}"));
        Entry { subject: String::new(), action, ..entry }
    }
}

/// Of one person's access what changes by changes of `origin`.
fn of_origin<'a>(access: &UserAccess<'a>, origins: &[Origins], origin: Origin) -> Option<UserAccess<'a>> {
    access.only(|row| origins.get(row).is_some_and(|found| found.contains(origin)))
}

/// The first sentence of a plan.
pub(crate) struct Sentence {
    /// That a guard refuses the plan, as a sentence; where one does.
    pub(crate) refusal: Option<String>,
    /// Words before the phrases.
    pub(crate) lead: &'static str,
    /// What becomes of people, each with whether it is alarming.
    pub(crate) phrases: Vec<(bool, String)>,
}

/// A change as it is told. All texts are visible.
pub(crate) struct Entry {
    pub(crate) sign: Sign,
    /// Who or what it is about; nothing where the action says it.
    pub(crate) subject: String,
    pub(crate) action: String,
    /// Who becomes admin or owner by it, if anybody does.
    pub(crate) alarm: Option<String>,
    pub(crate) facts: String,
    /// What people wrote about it.
    pub(crate) reason: String,
    /// Where it is written.
    pub(crate) place: Option<(String, Span)>,
}

/// The guards that have this effect on `plan`, by name.
fn guards(plan: &Plan, effect: GuardEffect) -> String {
    let mut names: Vec<&str> = Vec::new();
    for finding in plan.guards.iter().filter(|finding| finding.effect == effect) {
        if !names.contains(&finding.code.as_str()) {
            names.push(finding.code.as_str());
        }
    }
    super::text::list(&names)
}
