//! What a plan says to people, worked out once, for outputs that lay it out in their own ways.
//!
//! The words are those of the text: every sentence here is made where the text has it from, and names in it are visible
//! already.

mod also;
mod becoming;
mod grave;
mod overall;
mod people;
mod sections;
mod together;
mod unforeseen;

pub(crate) use self::also::{Also, Piece, also};
pub(crate) use self::grave::grave_text;
pub(crate) use self::overall::{Overall, Share, common_problem, overall, problem_text};
pub(crate) use self::people::People;
pub(crate) use self::sections::{Section, besides, captured, ending};
pub(crate) use self::unforeseen::{UNFORESEEN, Unforeseen};
use super::report::sentence;
use super::text::alike::{Folded, Ranked};
use super::text::changes::{Reading, place};
use super::text::effects::{Effects, Origins};
use super::text::rows::Sign;
use super::text::{count, origin_meaning, thousands};
use crate::access::UserAccess;
use crate::change::Change;
use crate::model::BuiltInRole;
use crate::plan::{GuardEffect, Origin, Plan, PlannedChange, Proposal, Share as ShareOf, Succeeding, share_of};
use crate::source::{Sources, Span};

/// A plan in parts.
pub(crate) struct Outline<'a> {
    pub(crate) plan: &'a Plan,
    /// What the changes do; where a base tells what is proposed, all others.
    effects: Effects<'a>,
    /// What the proposed ones do, where a base tells them.
    proposed: Option<Effects<'a>>,
    /// The changes to be done by origin, where these are told apart, and else in one part; none where there are no changes.
    pub(crate) parts: Vec<Part<'a>>,
    /// What none of these tells, where anything is proposed.
    pub(crate) unforeseen: Option<Unforeseen<'a>>,
}

/// Changes that are told together.
pub(crate) struct Part<'a> {
    /// The plan that they are of: that of what is proposed is one of its own.
    pub(crate) plan: &'a Plan,
    /// Their origin, where origins are told apart.
    pub(crate) origin: Option<Origin>,
    /// The changes, in the order of the plan; those that guards hold only of what is proposed.
    pub(crate) changes: Vec<&'a PlannedChange>,
    /// How many changes of this origin guards hold.
    held: usize,
    /// What they do to people, in numbers.
    pub(crate) people: People<'a>,
    /// What they do to people, those who are alike together.
    pub(crate) access: Ranked<'a>,
    /// How many people that is, and how many changes of their access to a project.
    pub(crate) numbers: (usize, usize),
}

impl Part<'_> {
    /// How many changes are of this origin, with those that guards hold.
    fn total(&self) -> usize {
        match self.origin {
            // Those that are held are among them.
            None | Some(Origin::Proposed) => self.changes.len(),
            Some(_) => self.changes.len() + self.held,
        }
    }

    /// How many of them guards hold, in words; `None` where that is none.
    fn held_text(&self) -> Option<String> {
        match (self.held, self.total()) {
            (0, _) => None,
            (1, 1) => Some("held".to_owned()),
            (held, total) if held == total => Some("all held".to_owned()),
            (held, _) => Some(format!("{} of them held", thousands(held))),
        }
    }

    /// What the changes do to people, in phrases; none where there is no change to be done.
    pub(crate) fn phrases(&self) -> Vec<(bool, String)> {
        if self.changes.is_empty() { Vec::new() } else { self.people.phrases(&self.plan.live) }
    }
}

/// How many changes of `origin` guards hold.
fn held_of(plan: &Plan, origin: Origin) -> usize {
    plan.held().filter(|planned| planned.origin == origin).count()
}

/// A part while it is worked out.
struct Draft<'a> {
    plan: &'a Plan,
    origin: Option<Origin>,
    changes: Vec<&'a PlannedChange>,
    held: usize,
    people: People<'a>,
    access: Folded<'a>,
    succeeding: Succeeding<'a>,
}

impl<'a> Draft<'a> {
    fn new(
        plan: &'a Plan,
        origin: Option<Origin>,
        changes: Vec<&'a PlannedChange>,
        is_already: impl Fn(&PlannedChange) -> bool,
    ) -> Self {
        let succeeding = Succeeding::of(plan, changes.iter().copied());
        let people = People::of(plan, &changes, is_already);
        Self { plan, origin, people, changes, held: 0, access: Folded::new(plan), succeeding }
    }

    fn note(&mut self, access: UserAccess<'a>, rise: Option<BuiltInRole>) {
        self.people.note(self.plan, &access);
        self.access.note(self.succeeding.told(access), rise);
    }

    fn finish(mut self) -> Part<'a> {
        self.people.finish(self.plan);
        while let Some(access) = self.succeeding.untold() {
            self.access.note(access, None);
        }
        let numbers = self.access.numbers();
        let Self { plan, origin, changes, held, people, access, succeeding: _ } = self;
        Part { plan, origin, changes, held, people, access: access.ranked(), numbers }
    }
}

impl<'a> Outline<'a> {
    /// Outlines `plan`.
    pub(crate) fn of(plan: &'a Plan) -> Self {
        let mut effects = Effects::of(plan);
        let Some(proposal) = plan.proposal.as_deref() else {
            let mut all = Draft::new(plan, None, plan.to_do().collect(), |_| false);
            for access in plan.access_changes() {
                let rise = effects.note(&access);
                all.note(access, rise);
            }
            let parts = if all.changes.is_empty() { Vec::new() } else { vec![all.finish()] };
            return Self { plan, effects, proposed: None, parts, unforeseen: None };
        };
        let mut proposed = Effects::of(&proposal.plan);
        let mut parts: Vec<Part<'a>> = Vec::new();
        if proposal.says_something() {
            // Whom the live side has already is not invited either.
            let is_there = |planned: &PlannedChange| {
                matches!(planned.change, Change::InviteUser { .. }) && proposal.overtaken.contains(&planned.id)
            };
            let is_already = |planned: &PlannedChange| proposal.already.contains(&planned.id) || is_there(planned);
            let changes = proposal.plan.changes.iter().collect();
            let mut draft = Draft::new(&proposal.plan, Some(Origin::Proposed), changes, is_already);
            draft.held = held_of(plan, Origin::Proposed);
            for access in proposal.access_changes() {
                let rise = proposed.note(&access);
                draft.note(access, rise);
            }
            parts.push(draft.finish());
        }
        let of = |origin| plan.to_do().filter(move |planned| planned.origin == origin).collect::<Vec<_>>();
        let others = Origin::ALL.into_iter().filter(|origin| *origin != Origin::Proposed);
        let others = others.map(|origin| {
            let held = held_of(plan, origin);
            Draft { held, ..Draft::new(plan, Some(origin), of(origin), |_| false) }
        });
        let mut others: Vec<Draft<'a>> = others.filter(|draft| draft.held > 0 || !draft.changes.is_empty()).collect();
        for (access, shares) in plan.other_access_changes_by_origin() {
            let rise = effects.note(&access);
            match others.as_mut_slice() {
                [only] => only.note(access, rise),
                others => {
                    let origins = effects.origins(&access);
                    for part in others {
                        if let Some(own) =
                            part.origin.and_then(|origin| of_origin(plan, &access, &shares, &origins, origin))
                        {
                            let rise = own.rows().filter_map(|row| row.risen(&plan.ranks)).max();
                            part.note(own, rise);
                        }
                    }
                }
            }
        }
        parts.extend(others.into_iter().map(Draft::finish));
        let unforeseen = Unforeseen::of(plan, proposal, &mut proposed);
        Self { plan, effects, proposed: Some(proposed), parts, unforeseen }
    }

    /// What the changes of `part` do.
    pub(crate) fn effects_of(&self, part: &Part<'_>) -> &Effects<'a> {
        match &self.proposed {
            Some(proposed) if part.origin == Some(Origin::Proposed) => proposed,
            Some(_) | None => &self.effects,
        }
    }

    /// What the entries of `part` are made from.
    pub(crate) fn reading<'o>(&'o self, part: &Part<'a>, sources: &'o Sources, verbose: bool) -> Reading<'o>
    where
        'a: 'o,
    {
        let reading = Reading::new(part.plan, sources, self.effects_of(part), verbose);
        match &self.plan.proposal {
            Some(proposal) if part.origin == Some(Origin::Proposed) => reading.of_proposal(self.plan, proposal),
            Some(_) | None => reading,
        }
    }

    /// Whether anybody becomes admin or owner.
    pub(crate) fn raises(&self) -> bool {
        let is_grave = self.unforeseen.as_ref().is_some_and(Unforeseen::is_grave);
        is_grave || self.effects.risen > 0 || self.proposed.as_ref().is_some_and(|proposed| proposed.risen > 0)
    }

    /// How the access of each person changes by the changes of `part`.
    pub(crate) fn access_of(&self, part: &Part<'a>) -> Box<dyn Iterator<Item = UserAccess<'a>> + '_> {
        let others = self.parts.iter().filter(|other| other.origin != Some(Origin::Proposed)).count();
        let all: Box<dyn Iterator<Item = UserAccess<'a>>> = match part.origin {
            None | Some(Origin::Proposed) => Box::new(part.plan.access_changes()),
            Some(_) if others == 1 => Box::new(part.plan.other_access_changes()),
            Some(origin) => {
                let all = self.plan.other_access_changes_by_origin();
                Box::new(all.filter_map(move |(access, shares)| {
                    of_origin(self.plan, &access, &shares, &self.effects.origins(&access), origin)
                }))
            }
        };
        Box::new(Succeeding::of(part.plan, part.changes.iter().copied()).all(all))
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
        let mut phrases = match first {
            Some(part) => part.people.phrases(&part.plan.live),
            // Everything would count as proposed.
            None if plan.changes.is_empty() && lacks_base(plan) => vec![(false, "nothing is to be done".to_owned())],
            None if plan.knows_base() => vec![(false, "nothing is proposed here".to_owned())],
            None if plan.held().next().is_some() => {
                let (number, verb) = (plan.held().count(), if plan.held().count() == 1 { "is" } else { "are" });
                vec![(false, format!("nothing is done now: {} {verb} held", count(number, "change")))]
            }
            None => vec![(false, "nothing is to be done".to_owned())],
        };
        let lead = match (refusal.is_some(), plan.knows_base() && first.is_some()) {
            (false, false) => "",
            (false, true) => "Proposed: ",
            (true, false) => "Without that: ",
            (true, true) => "Proposed, without that: ",
        };
        phrases.extend(first.into_iter().flat_map(|part| self.fleeting(part).phrases()));
        let mut notes = Vec::new();
        if let Some(proposal) = &plan.proposal {
            phrases.extend(also::phrases(&[proposal]));
            notes.extend(self.unforeseen.iter().map(Unforeseen::note));
            notes.extend(self.overtaken(proposal).map(|note| (false, note)));
            notes.extend(also::notes(plan, proposal));
        }
        Sentence { refusal, lead, phrases, notes }
    }

    /// How many changes lead from something else than the base has, as a sentence without its period.
    fn overtaken(&self, proposal: &Proposal) -> Option<String> {
        let these = match proposal.overtaken.len() + proposal.earlier_lacks.len() {
            0 => return None,
            1 => "1 of these changes meets".to_owned(),
            number => format!("{} of these changes meet", thousands(number)),
        };
        Some(format!("{these} a live side that is not as the base says: see what is live now"))
    }

    /// How many changes are of other origins than the proposal, as a sentence; `None` where there are none.
    pub(crate) fn others(&self) -> Option<String> {
        let others = self.parts.iter().filter_map(|part| Some((part.origin?, part)));
        let others: Vec<String> = others
            .filter(|(origin, _)| *origin != Origin::Proposed)
            .map(|(origin, part)| {
                let (number, meaning) = (part.total(), origin_meaning(self.plan, origin));
                let held = part.held_text().map_or(String::new(), |held| format!(", {held}"));
                format!("{} {}{held} ({meaning})", thousands(number), origin.as_str())
            })
            .collect();
        (!others.is_empty()).then(|| format!("Not of this proposal: {}.", others.join("; ")))
    }

    /// How many changes `part` has, and what their origin means.
    pub(crate) fn number_of(&self, part: &Part<'_>) -> (String, &'static str) {
        let number = match part.total() {
            0 => "no change".to_owned(),
            number => count(number, "change") + &part.held_text().map_or(String::new(), |held| format!(" ({held})")),
        };
        let meaning = match part.origin {
            Some(Origin::Proposed) if lacks_base(self.plan) => "there is no base to compare with",
            origin => origin.map_or("", |origin| origin_meaning(self.plan, origin)),
        };
        match &self.plan.proposal {
            Some(proposal) if part.origin == Some(Origin::Proposed) && !proposal.already.is_empty() => {
                (format!("{number}, {} so already", thousands(proposal.already.len())), meaning)
            }
            Some(_) | None => (number, meaning),
        }
    }
}

/// Whether there was to be a base, and none can be used.
pub(crate) fn lacks_base(plan: &Plan) -> bool {
    plan.proposal.as_ref().is_some_and(|proposal| proposal.no_base.is_some())
}

/// The entry of a change among others of its kind, below a heading that says what they are about.
pub(crate) fn entry<'a>(reading: &Reading<'a>, planned: &'a PlannedChange) -> Entry {
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
pub(crate) fn entry_alone<'a>(reading: &Reading<'a>, planned: &'a PlannedChange) -> Entry {
    let told = sentence(reading.plan, &planned.change);
    let entry = entry(reading, planned);
    // What goes with a user stands behind the word in the row.
    let removed = planned.change.removes();
    let with = removed.and_then(|_| entry.action.split_once(", with "));
    let action = with.map_or(told.clone(), |(_, with)| format!("{told}, with {with}"));
    Entry { subject: String::new(), action, ..entry }
}

/// Of one person's access what changes by changes of `origin`.
fn of_origin<'a>(
    plan: &'a Plan,
    access: &UserAccess<'a>,
    shares: &[ShareOf<'a>],
    origins: &[Origins],
    origin: Origin,
) -> Option<UserAccess<'a>> {
    let concerned: Vec<bool> = origins.iter().map(|found| found.contains(origin)).collect();
    share_of(&plan.ranks, access, shares, origin, &concerned)
}

/// The first sentence of a plan.
pub(crate) struct Sentence {
    /// That a guard refuses the plan, as a sentence; where one does.
    pub(crate) refusal: Option<String>,
    /// Words before the phrases.
    pub(crate) lead: &'static str,
    /// What becomes of people, each with whether it is alarming.
    pub(crate) phrases: Vec<(bool, String)>,
    /// What must be known to read it, as sentences without a period, each with whether it is alarming.
    pub(crate) notes: Vec<(bool, String)>,
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
