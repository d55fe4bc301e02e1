//! The parts of the comment about one organization.

use std::io;

use super::fit::{Class, Item, List, Numbers, Part};
use super::more_changes;
use crate::plan::{GuardEffect, Origin, Plan, PlannedChange, Proposal};
use crate::render::links::Links;
use crate::render::outline::{
    Also, Entry, Outline, Part as OfOrigin, Piece, Section, UNFORESEEN, also, besides, captured, ending, entry,
    entry_alone, grave_text, problem_text,
};
use crate::render::page::escape;
use crate::render::text::alike::{Ranked, more_users};
use crate::render::text::changes::{Reading, group, sign};
use crate::render::text::rows::Sign;
use crate::render::text::{capitalized, cost_text, count, thousands, totals_text, undo};
use crate::render::visible_name;
use crate::source::{Sources, Span};
use crate::visible::{markdown_code, markdown_sentence};

/// Entries of one list that are put into words: more do not fit.
const WORDED: usize = 1_500;
/// The most bytes of one text before it is made inert: a stranger may have written a megabyte.
const LONGEST: usize = 800;
/// The heading of what changes for people.
const BY_PERSON: &str = "By person";
/// Guards that block and are told at the top.
const BLOCKING: usize = 3;

/// `text` with what is too long cut off.
pub(super) fn cut(text: &str) -> String {
    if text.len() <= LONGEST {
        return text.to_owned();
    }
    let end = (0..=LONGEST).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// Words with names in them, as Markdown.
fn words(text: &str) -> String {
    markdown_sentence(&cut(text))
}

/// The same to stand between the signs of what is bold, which mean nothing beside a space: two backticks with nothing
/// between them leave one.
pub(super) fn bold_words(text: &str) -> String {
    words(text.trim()).trim().to_owned()
}

/// Why there is no base to compare with, as a paragraph.
pub(super) fn problem_line(problem: &str) -> String {
    format!("**{}.**\n\n", bold_words(&problem_text(problem)))
}

/// What must be known besides, a sentence that may be alarming.
pub(super) fn note((is_alarm, note): &(bool, String)) -> String {
    if *is_alarm { format!("**{}.**", bold_words(note)) } else { format!("{}.", words(note)) }
}

/// What the parts are made from.
pub(super) struct Items<'o, 'a> {
    outline: &'o Outline<'a>,
    plan: &'a Plan,
    /// Why there is no base, where that is told of all organizations together.
    problem: Option<&'o str>,
    sources: &'o Sources,
    links: &'o Links,
}

impl<'o, 'a> Items<'o, 'a> {
    pub(super) fn new(
        outline: &'o Outline<'a>,
        problem: Option<&'o str>,
        sources: &'o Sources,
        links: &'o Links,
    ) -> Self {
        Self { outline, plan: outline.plan, problem, sources, links }
    }

    /// The parts of the organization, each with whether it is told however many organizations there are.
    pub(super) fn parts(self) -> io::Result<Vec<(bool, Part)>> {
        let mut parts = vec![(true, Part::Whole(self.head()?))];
        for part in &self.outline.parts {
            let reading = self.outline.reading(part, self.sources, false);
            let is_alone = self.outline.parts.len() == 1;
            if let Some(origin) = part.origin.filter(|origin| !is_alone || *origin != Origin::Proposed) {
                parts.push((true, Part::Whole(self.origin(part, origin))));
            }
            parts.push((true, Part::List(self.grave(part, &reading))));
            let class = if is_of_others(part) { Class::OfOthers } else { Class::Proposed };
            let list = self.people(part.plan, BY_PERSON, class, part.numbers, &part.access);
            parts.push((false, Part::List(list)));
            if part.origin == Some(Origin::Proposed) {
                parts.extend(self.unforeseen());
            }
            if let Some(proposal) = self.plan.proposal.as_ref().filter(|_| part.origin == Some(Origin::Proposed)) {
                parts.push((true, Part::List(self.also(proposal))));
            }
            parts.push((false, Part::List(self.details(part, &reading))));
        }
        let besides = besides(self.plan, self.sources, false)?;
        let ending = ending(self.plan, self.sources, false)?;
        let sections = besides.iter().chain(&ending);
        parts.extend(sections.map(|found| (["Guards", "Held"].contains(&found.title.as_str()), section(found))));
        parts.retain(|(_, part)| !matches!(part, Part::List(list) if list.is_empty()));
        Ok(parts)
    }

    /// The heading, the sentence that a reviewer needs, the numbers, and why nothing can be applied.
    fn head(&self) -> io::Result<String> {
        let plan = self.plan;
        let name = plan.live.organization.name.as_str();
        let name = if name.is_empty() || name == plan.org.as_str() {
            String::new()
        } else {
            format!(" ({})", words(&visible_name(name)))
        };
        let mut head = format!("## Access of {}{name}\n\n", words(&visible_name(&plan.org)));
        let told = self.outline.sentence();
        if let Some(refusal) = &told.refusal {
            // The names of guards are ours, and have nothing but letters and `_`.
            head.push_str(&format!("**{}** ", words(refusal)));
        }
        head.push_str(&phrases(told.lead, &told.phrases));
        head.push_str("\n\n");
        let no_base = plan.proposal.as_ref().and_then(|proposal| proposal.no_base.as_deref());
        if let Some(why) = no_base.filter(|why| Some(*why) != self.problem) {
            head.push_str(&problem_line(why));
        }
        for note in &told.notes {
            head.push_str(&format!("{}\n\n", self::note(note)));
        }
        for finding in plan.guards.iter().filter(|finding| finding.effect == GuardEffect::Block).take(BLOCKING) {
            head.push_str(&format!("- **{}**: {}\n", markdown_code(finding.code.as_str()), words(&finding.message)));
        }
        if plan.is_blocked() {
            head.push('\n');
        }
        let run = captured(false, |out, options| undo::write_run(out, plan, options))?;
        if !run.trim().is_empty() {
            head.push_str(&format!("This {}.\n\n", words(run.trim())));
        }
        if !plan.changes.is_empty() {
            head.push_str(&format!("{}; {}.\n", words(&totals_text(&[plan])), words(&cost_text(&[plan]))));
        }
        if let Some(others) = self.outline.others() {
            head.push_str(&format!("\n{}\n", words(&others)));
        }
        Ok(head)
    }

    /// The heading of the changes of one origin. What is proposed is told in the first sentence.
    fn origin(&self, part: &OfOrigin<'a>, origin: Origin) -> String {
        let word = capitalized(origin.as_str());
        let (changes, meaning) = self.outline.number_of(part);
        let sentence = match origin {
            Origin::Proposed => String::new(),
            Origin::Pending | Origin::Drift | Origin::Expiry | Origin::Undo => match part.phrases() {
                told if told.is_empty() => String::new(),
                told => format!("{}\n", phrases("", &told)),
            },
        };
        format!("\n### {word}: {changes}, {meaning}\n\n{sentence}")
    }

    /// What makes somebody admin or owner, and what takes something away.
    fn grave(&self, part: &OfOrigin<'a>, reading: &Reading<'a>) -> List {
        let (grave, numbers) = self.outline.grave(part);
        let mut items = Vec::new();
        let mut beyond = Numbers::default();
        for (rank, planned) in grave.iter().enumerate() {
            if rank < WORDED {
                let text = self.line(&entry_alone(reading, planned));
                items.push(Item { rank, heading: String::new(), text, numbers: number_of(reading, planned) });
            } else {
                add(&mut beyond, reading, planned);
            }
        }
        let before = format!("\n**{}**\n\n", grave_text(numbers));
        let class = if is_of_others(part) { Class::GraveOfOthers } else { Class::Grave };
        List { class, before, items, beyond, after: String::new(), more: more_changes }
    }

    /// What the run does to people that no section tells.
    fn unforeseen(&self) -> Option<(bool, Part)> {
        let found = self.outline.unforeseen.as_ref()?;
        let class = if found.is_grave() { Class::Grave } else { Class::Proposed };
        let list = self.people(self.plan, UNFORESEEN, class, found.numbers, &found.access);
        Some((true, Part::List(list)))
    }

    /// What really changes for people, below `title`.
    fn people(
        &self,
        plan: &Plan,
        title: &str,
        class: Class,
        (users, rows): (usize, usize),
        access: &Ranked<'_>,
    ) -> List {
        let mut list = List {
            class,
            before: format!("\n**{title}**: {} of access for {}\n\n", count(rows, "change"), count(users, "user")),
            items: Vec::new(),
            beyond: access.beyond,
            after: String::new(),
            more: |hidden| format!("{}; see the full plan", more_users(hidden)),
        };
        for (rank, (urgency, block)) in access.blocks.iter().enumerate() {
            let mut numbers = Numbers::default();
            numbers[*urgency] = block.total;
            if rank >= WORDED {
                list.beyond[*urgency] += block.total;
                continue;
            }
            let told = block.told_by_name(plan);
            let standing = if told.standing.is_empty() { String::new() } else { format!(" {}", told.standing) };
            let mut text = format!("- **{}**{}\n", words(&told.title), words(&standing));
            for sentence in &told.sentences {
                let mark = mark(sentence.sign, sentence.alarm);
                let said = words(&sentence.text);
                let said = if sentence.alarm { format!("**{said}**") } else { said };
                text.push_str(&format!("  - {mark} {said}\n"));
            }
            list.items.push(Item { rank, heading: String::new(), text, numbers });
        }
        list
    }

    /// Every change, by what it is about, with its place.
    fn details(&self, part: &OfOrigin<'a>, reading: &Reading<'a>) -> List {
        let mut ranked: Vec<&PlannedChange> = part.changes.clone();
        ranked.sort_by_cached_key(|planned| (self.outline.weight(part, planned), planned.id));
        let mut beyond = Numbers::default();
        ranked.iter().skip(WORDED).for_each(|planned| add(&mut beyond, reading, planned));
        ranked.truncate(WORDED);
        // By id, which is found again in the groups.
        let mut ranks: Vec<_> = ranked.iter().enumerate().map(|(rank, planned)| (planned.id, rank)).collect();
        ranks.sort_unstable();
        let rank_of = |planned: &PlannedChange| {
            ranks.binary_search_by_key(&planned.id, |(id, _)| *id).ok().map_or(usize::MAX, |at| ranks[at].1)
        };
        ranked.sort_by_key(|planned| planned.id);
        let mut items = Vec::with_capacity(ranked.len());
        for group in group(part.plan.changes.iter().filter(|planned| rank_of(planned) < usize::MAX)) {
            let heading = format!("\n**{}**\n\n", words(&group.title()));
            for planned in &group.changes {
                let text = self.line(&entry(reading, planned));
                let rank = rank_of(planned);
                items.push(Item { rank, heading: heading.clone(), text, numbers: number_of(reading, planned) });
            }
        }
        let all = format!("Every change, with its place ({})", thousands(part.changes.len()));
        List {
            class: Class::Details,
            before: format!("\n<details><summary>{all}</summary>\n"),
            items,
            beyond,
            after: "\n</details>\n".to_owned(),
            more: more_changes,
        }
    }

    /// What is also said by the proposal.
    fn also(&self, proposal: &Proposal) -> List {
        let all = also(proposal, self.sources);
        let beyond = [all.len().saturating_sub(WORDED), 0, 0, 0];
        let before = format!("\n**Also said by it**: {}\n\n", count(all.len(), "thing"));
        let mut items = Vec::new();
        for (rank, Also { is_alarm, pieces, reason, place }) in all.iter().take(WORDED).enumerate() {
            let mark = mark(Sign::Change, *is_alarm);
            let said = pieces.iter().map(|piece| match piece {
                Piece::Words(text) => words(text),
                Piece::Code(text) => markdown_code(&cut(text)),
            });
            let said: String = said.collect();
            let mut line = if *is_alarm { format!("- {mark} **{said}**") } else { format!("- {mark} {said}") };
            if !reason.is_empty() {
                line.push_str(&format!(" · {}", words(reason)));
            }
            line.push_str(&self.place(place));
            items.push(Item { rank, heading: String::new(), text: format!("{line}\n"), numbers: [1, 0, 0, 0] });
        }
        let more = |[things, ..]: Numbers| format!("{}; see the full plan", count(things, "more thing"));
        // Half of it is what a reviewer must not miss.
        List { class: Class::Grave, before, items, beyond, after: String::new(), more }
    }

    /// A place at the end of a line, with a link where there is one.
    fn place(&self, (place, span): &(String, Span)) -> String {
        let shown = markdown_code(&cut(place));
        match self.links.of(self.sources, *span) {
            Some(address) => format!(" · [{shown}]({address})"),
            None => format!(" · {shown}"),
        }
    }

    /// One change on a line.
    fn line(&self, entry: &Entry) -> String {
        let mut pieces = Vec::new();
        if !entry.subject.is_empty() {
            pieces.push(words(&entry.subject));
        }
        pieces.push(words(&entry.action));
        let mut text = pieces.join(" ");
        if let Some(alarm) = &entry.alarm {
            text.push_str(&format!(", **{}**", words(alarm)));
        }
        if !entry.facts.is_empty() {
            text.push_str(&format!(" {}", words(&entry.facts)));
        }
        if !entry.reason.is_empty() {
            text.push_str(&format!(" · {}", words(&entry.reason)));
        }
        if let Some(place) = &entry.place {
            text.push_str(&self.place(place));
        }
        format!("- {} {text}\n", mark(entry.sign, entry.alarm.is_some()))
    }
}

/// Whether nobody who proposes something answers for the part.
fn is_of_others(part: &OfOrigin<'_>) -> bool {
    part.origin.is_some_and(|origin| origin != Origin::Proposed)
}

/// What a change counts for where it is left out.
fn number_of(reading: &Reading<'_>, planned: &PlannedChange) -> Numbers {
    let mut numbers = Numbers::default();
    add(&mut numbers, reading, planned);
    numbers
}

fn add(numbers: &mut Numbers, reading: &Reading<'_>, planned: &PlannedChange) {
    numbers[sign(&planned.change) as usize] += 1;
    numbers[3] += usize::from(reading.found.raise(planned.id).is_some());
}

/// A section of what is said besides. What guards do is never folded.
fn section(section: &Section) -> Part {
    let Section { title, about, lines } = section;
    let about = words(about);
    if lines.is_empty() {
        return Part::Whole(format!("\n**{}**: {about}\n", words(title)));
    }
    let (before, after) = if title == "Guards" || title == "Held" {
        let gap = if about.is_empty() { "" } else { ": " };
        (format!("\n**{}**{gap}{about}\n\n", words(title)), "")
    } else {
        let (title, number) = (escape(title), thousands(lines.len()));
        let about = if about.is_empty() { about } else { format!("{about}\n\n") };
        (format!("\n<details><summary>{title} ({number})</summary>\n\n{about}"), "\n</details>\n")
    };
    let signed = |line: &'_ str| {
        let (sign, change) = line.split_once(' ').filter(|_| title == "Held")?;
        let sign = [Sign::Add, Sign::Change, Sign::Remove].into_iter().find(|known| known.as_str() == sign)?;
        Some(format!("{} {}", mark(sign, false), words(change)))
    };
    let item = |(rank, (depth, line)): (usize, &(usize, String))| {
        let indent = "  ".repeat(*depth);
        // Steps keep their numbers: others refer to them.
        let text = match line.split_once(". ").filter(|(number, _)| number.parse::<usize>().is_ok()) {
            Some((number, step)) => format!("{indent}{number}. {}\n", words(step)),
            None => format!("{indent}- {}\n", signed(line).unwrap_or_else(|| words(line))),
        };
        Item { rank, heading: String::new(), text, numbers: [1, 0, 0, 0] }
    };
    let items = lines.iter().enumerate().map(item).collect();
    let more = |[lines, ..]: Numbers| format!("{}; see the full plan", count(lines, "more line"));
    let class = match title.as_str() {
        "Guards" => Class::Guards,
        "Held" => Class::OfOthers,
        _ => Class::Details,
    };
    Part::List(List { class, before, items, beyond: Numbers::default(), after: after.to_owned(), more })
}

/// Phrases as a sentence, the alarming ones set off.
pub(super) fn phrases(lead: &str, phrases: &[(bool, String)]) -> String {
    let told: Vec<String> = phrases
        .iter()
        .enumerate()
        .map(|(place, (is_alarm, phrase))| {
            let is_first = place == 0 && lead.is_empty();
            let phrase = words(&if is_first { capitalized(phrase) } else { phrase.clone() });
            if *is_alarm { format!("**{phrase}**") } else { phrase }
        })
        .collect();
    format!("{lead}{}.", told.join(", "))
}

/// The sign of a line: not by color alone, and seen at a glance.
fn mark(sign: Sign, is_alarm: bool) -> &'static str {
    match (is_alarm, sign) {
        (true, _) => "🔺",
        (false, Sign::Add) => "➕",
        (false, Sign::Change) => "✏️",
        (false, Sign::Remove) => "➖",
    }
}
