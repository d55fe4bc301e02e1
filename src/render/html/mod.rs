//! Plans as one page that needs nothing else: everything that there is to be said, in the order of the comment.

use std::io::{self, Write};

use crate::access::UserAccess;
use crate::plan::{GuardEffect, Origin, Plan, PlannedChange};
use crate::render::links::Links;
use crate::render::outline::{
    Also, Entry, Outline, Overall, Part, Section, Share, UNFORESEEN, also, besides, captured, common_problem, ending,
    entry, entry_alone, grave_text, overall, problem_text,
};
use crate::render::page::{Page, escape};
use crate::render::text::access::Told;
use crate::render::text::changes::{Reading, group};
use crate::render::text::rows::Sign;
use crate::render::text::write_grand_total;
use crate::render::text::{
    capitalized, cost_text, count, extent_text, is_quiet, thousands, totals_text, undo, unmanaged_text,
};
use crate::render::{Setting, WithoutPlan, visible};
use crate::source::{Sources, Span};

const STYLE: &str = concat!(include_str!("../page/base.css"), include_str!("plan.css"));
const SCRIPT: &str = include_str!("plan.js");

/// Writes the page, and of `others` that they have no plan.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_plans(
    out: &mut dyn Write,
    plans: &[Plan],
    others: WithoutPlan<'_>,
    sources: &Sources,
    setting: Setting<'_>,
) -> io::Result<()> {
    let WithoutPlan { unplanned, unmanaged } = others;
    let Setting { content, as_of, links } = setting;
    let names: Vec<&str> = plans.iter().map(|plan| plan.org.as_str()).collect();
    let title = match names.as_slice() {
        [] => "Plan".to_owned(),
        [only] => format!("Plan for {only}"),
        [first, rest @ ..] => format!("Plan for {first} and {}", count(rest.len(), "other organization")),
    };
    let page = Page {
        title: &title,
        heading: "Access plan",
        style: STYLE,
        script: SCRIPT,
        search: "users, projects, teams, roles, tickets",
    };
    page.begin(out)?;
    if let Some(moment) = as_of {
        writeln!(out, "<p>As of {}:</p>", escape(moment))?;
    }
    if let Some(text) = unmanaged_text(unmanaged, true) {
        write_alarm(out, &format!("{text}."))?;
    }
    let problem = common_problem(plans);
    if let Some(problem) = problem {
        write_problem(out, problem)?;
    }
    if plans.len() + unplanned.len() > 1 {
        write_contents(out, plans, others, problem)?;
    }
    for (place, plan) in plans.iter().enumerate() {
        writeln!(out, "<section id=\"org-{place}\">")?;
        PageOf { plan, problem, sources, links }.write(out)?;
        writeln!(out, "</section>")?;
    }
    for org in unplanned {
        writeln!(out, "<section>\n<h2>{}</h2>", escape(org))?;
        writeln!(out, "<p class=\"refused\">Not planned, see the errors.</p>\n</section>")?;
    }
    writeln!(out, "<p class=\"faint\">Content of this plan: {}</p>", escape(content))?;
    page.end(out)
}

/// Why there is no base to compare with.
fn write_problem(out: &mut dyn Write, problem: &str) -> io::Result<()> {
    write_alarm(out, &format!("{}.", problem_text(problem)))
}

/// What is proposed in all organizations; these, each with its numbers, and those of all.
fn write_contents(
    out: &mut dyn Write,
    plans: &[Plan],
    others: WithoutPlan<'_>,
    problem: Option<&str>,
) -> io::Result<()> {
    let unplanned = others.unplanned;
    let (quiet, telling): (Vec<&Plan>, Vec<&Plan>) = plans.iter().partition(|plan| is_quiet(plan, problem));
    let shares: Vec<Share<'_>> = telling.iter().map(|plan| Share::from(Outline::of(plan))).collect();
    if let Some(Overall { refusals, lead, phrases, note }) = overall(&shares.iter().collect::<Vec<_>>(), others) {
        for refusal in refusals {
            write_alarm(out, &refusal)?;
        }
        write_phrases(out, &escape(&format!("{lead}: ")), &phrases)?;
        note.iter().try_for_each(|note| write_note(out, note))?;
    }
    let all = captured(false, |out, options| write_grand_total(out, &telling, quiet.len(), unplanned.len(), options))?;
    writeln!(out, "<p>{}</p>\n<nav><ul>", escape(all.trim()))?;
    for (place, plan) in plans.iter().enumerate() {
        let is_proposed = shares.iter().any(|share| share.plan.org == plan.org && share.is_proposed());
        let numbers = match (plan.to_do().count(), plan.is_blocked()) {
            (0, false) => "in sync".to_owned(),
            (number, true) => format!("BLOCKED, {}", count(number, "change")),
            (number, false) => count(number, "change"),
        };
        let numbers = if is_proposed { format!("{numbers}, something proposed") } else { numbers };
        let org = escape(&plan.org);
        writeln!(out, "<li><a href=\"#org-{place}\">{org}</a> <span class=\"faint\">{numbers}</span></li>")?;
    }
    for org in unplanned {
        writeln!(out, "<li>{} <span class=\"faint\">not planned</span></li>", escape(org))?;
    }
    writeln!(out, "</ul></nav>")
}

/// What is said of one organization.
struct PageOf<'p> {
    plan: &'p Plan,
    /// Why there is no base, where that is told of all organizations together.
    problem: Option<&'p str>,
    sources: &'p Sources,
    links: &'p Links,
}

impl PageOf<'_> {
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let plan = self.plan;
        let name = plan.live.organization.name.as_str();
        let name = if name.is_empty() || name == plan.org.as_str() {
            String::new()
        } else {
            format!(" <span class=\"faint\">{}</span>", escape(name))
        };
        writeln!(out, "<h2>{}{name}</h2>", escape(&plan.org))?;
        if is_quiet(plan, self.problem) {
            let text = format!("Nothing to do: in sync{}.", extent_text(plan));
            writeln!(out, "<p class=\"told\">{}</p>", escape(&text))?;
        } else {
            self.write_changes(out)?;
        }
        let besides = besides(plan, self.sources, true)?;
        let ending = ending(plan, self.sources, true)?;
        besides.iter().chain(&ending).try_for_each(|section| write_section(out, section))
    }

    fn write_changes(&self, out: &mut dyn Write) -> io::Result<()> {
        let plan = self.plan;
        let outline = Outline::of(plan);
        let told = outline.sentence();
        if let Some(refusal) = &told.refusal {
            writeln!(out, "<div class=\"refused\"><b class=\"alarm\">{}</b>", escape(refusal))?;
            writeln!(out, "<ul>")?;
            for finding in plan.guards.iter().filter(|finding| finding.effect != GuardEffect::Warn) {
                writeln!(out, "<li>{}: {}</li>", finding.code.as_str(), escape(&finding.message))?;
            }
            writeln!(out, "</ul></div>")?;
        }
        write_phrases(out, told.lead, &told.phrases)?;
        let no_base = plan.proposal.as_ref().and_then(|proposal| proposal.no_base.as_deref());
        if let Some(why) = no_base.filter(|why| Some(*why) != self.problem) {
            write_problem(out, why)?;
        }
        told.notes.iter().try_for_each(|note| write_note(out, note))?;
        let run = captured(false, |out, options| undo::write_run(out, plan, options))?;
        if !run.trim().is_empty() {
            writeln!(out, "<p>This {}.</p>", escape(run.trim()))?;
        }
        if !plan.changes.is_empty() {
            let text = format!("{}; {}.", totals_text(&[plan]), cost_text(&[plan]));
            writeln!(out, "<p>{}</p>", escape(&text))?;
        }
        if let Some(others) = outline.others() {
            writeln!(out, "<p>{}</p>", escape(&others))?;
        }
        for (place, part) in outline.parts.iter().enumerate() {
            let reading = outline.reading(part, self.sources, false);
            if let Some(origin) = part.origin {
                let (word, (changes, meaning)) = (origin.as_str(), outline.number_of(part));
                writeln!(out, "<h3>{changes} <span class=\"origin {word}\">{word}</span> {meaning}</h3>")?;
                // What comes first is told above where it is what is proposed.
                if place > 0 || outline.first().is_none() {
                    write_phrases(out, "", &part.phrases())?;
                }
            }
            self.write_part(out, &outline, part, &reading)?;
        }
        Ok(())
    }

    fn write_part<'a>(
        &'a self,
        out: &mut dyn Write,
        outline: &Outline<'a>,
        part: &Part<'a>,
        reading: &Reading<'a>,
    ) -> io::Result<()> {
        let (grave, numbers) = outline.grave(part);
        if !grave.is_empty() {
            writeln!(out, "<h4>{}</h4>", grave_text(numbers))?;
            begin_table(out, &["", "what", "remarks", "written at"])?;
            for planned in grave {
                self.write_row(out, &entry_alone(reading, planned))?;
            }
            end_table(out)?;
        }
        write_people(out, part.plan, "By person", part.numbers, outline.access_of(part))?;
        if let Some(found) = outline.unforeseen.as_ref().filter(|_| part.origin == Some(Origin::Proposed)) {
            write_people(out, self.plan, UNFORESEEN, found.numbers, found.all())?;
        }
        if let Some(proposal) = self.plan.proposal.as_ref().filter(|_| part.origin == Some(Origin::Proposed)) {
            self.write_also(out, &also(proposal, self.sources))?;
        }
        if part.changes.is_empty() {
            return Ok(());
        }
        writeln!(out, "<h4>Every change ({})</h4>", thousands(part.changes.len()))?;
        begin_table(out, &["", "who", "what", "remarks", "written at"])?;
        for group in group(part.changes.iter().copied()) {
            let title = escape(&group.title());
            writeln!(out, "</tbody><tbody>\n<tr class=\"head\"><th class=\"topic\" colspan=\"5\">{title}</th></tr>")?;
            group.changes.iter().try_for_each(|planned: &&PlannedChange| {
                let planned: &'a PlannedChange = planned;
                self.write_row(out, &entry(reading, planned))
            })?;
        }
        end_table(out)
    }

    fn write_row(&self, out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
        let (class, sign) = class(entry.sign, entry.alarm.is_some());
        write!(out, "<tr class=\"{class}\"><td class=\"sign\">{sign}</td>")?;
        if !entry.subject.is_empty() {
            write!(out, "<td class=\"who\">{}</td>", escape(&entry.subject))?;
        }
        write!(out, "<td>{}", escape(&entry.action))?;
        if let Some(alarm) = &entry.alarm {
            write!(out, "<span class=\"alarm\">{}</span>", escape(alarm))?;
        }
        let gap = if entry.facts.is_empty() || entry.reason.is_empty() { "" } else { " " };
        write!(out, "</td><td class=\"remarks\">{}{gap}{}</td>", escape(&entry.facts), escape(&entry.reason))?;
        write!(out, "<td class=\"place\">")?;
        if let Some(place) = &entry.place {
            self.write_place(out, place)?;
        }
        writeln!(out, "</td></tr>")
    }

    /// What is also said by the proposal.
    fn write_also(&self, out: &mut dyn Write, all: &[Also]) -> io::Result<()> {
        if all.is_empty() {
            return Ok(());
        }
        writeln!(out, "<h4>Also said by it ({})</h4>", thousands(all.len()))?;
        begin_table(out, &["", "what", "remarks", "written at"])?;
        for one in all {
            let Also { is_alarm, reason, place, .. } = one;
            let (class, sign) = class(Sign::Change, *is_alarm);
            write!(out, "<tr class=\"{class}\"><td class=\"sign\">{sign}</td><td>{}</td>", escape(&one.text()))?;
            write!(out, "<td class=\"remarks\">{}</td><td class=\"place\">", escape(reason))?;
            self.write_place(out, place)?;
            writeln!(out, "</td></tr>")?;
        }
        end_table(out)
    }

    fn write_place(&self, out: &mut dyn Write, (place, span): &(String, Span)) -> io::Result<()> {
        match self.links.of(self.sources, *span) {
            Some(address) => {
                write!(out, "<a href=\"{}\" rel=\"noopener noreferrer\">{}</a>", escape(&address), escape(place))
            }
            None => write!(out, "{}", escape(place)),
        }
    }
}

fn write_alarm(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "<p class=\"refused\"><b class=\"alarm\">{}</b></p>", escape(text))
}

/// Writes what must be known besides, a sentence that may be alarming.
fn write_note(out: &mut dyn Write, (is_alarm, note): &(bool, String)) -> io::Result<()> {
    match is_alarm {
        true => write_alarm(out, &format!("{note}.")),
        false => writeln!(out, "<p>{}.</p>", escape(note)),
    }
}

fn begin_table(out: &mut dyn Write, heads: &[&str]) -> io::Result<()> {
    write!(out, "<div class=\"frame\"><table>\n<thead><tr>")?;
    heads.iter().try_for_each(|head| write!(out, "<th scope=\"col\">{head}</th>"))?;
    writeln!(out, "</tr></thead>\n<tbody>")
}

fn end_table(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "</tbody></table></div>")
}

/// Writes what really changes for people, so many users and changes, below `title`; nothing where that is nobody.
fn write_people<'a>(
    out: &mut dyn Write,
    plan: &Plan,
    title: &str,
    (users, rows): (usize, usize),
    all: impl Iterator<Item = UserAccess<'a>>,
) -> io::Result<()> {
    if users == 0 {
        return Ok(());
    }
    writeln!(out, "<h4>{title}: {} of access for {}</h4>", count(rows, "change"), count(users, "user"))?;
    begin_table(out, &["who", "what really changes"])?;
    for access in all {
        write_person(out, &Told::new(plan, visible(access.user).into_owned(), &access, true))?;
    }
    end_table(out)
}

fn write_person(out: &mut dyn Write, told: &Told) -> io::Result<()> {
    let is_alarm = told.sentences.iter().any(|sentence| sentence.alarm);
    let class = if is_alarm { " class=\"rise\"" } else { "" };
    write!(out, "<tr{class}><td class=\"who\">{}", escape(&told.title))?;
    if !told.standing.is_empty() {
        write!(out, " <span class=\"faint\">{}</span>", escape(told.standing))?;
    }
    write!(out, "</td><td><ul>")?;
    for sentence in &told.sentences {
        let text = escape(&sentence.text);
        let sign = sentence.sign.as_str();
        match sentence.alarm {
            true => write!(out, "<li><b class=\"alarm\">! {sign} {text}</b></li>")?,
            false => write!(out, "<li>{sign} {text}</li>")?,
        }
    }
    writeln!(out, "</ul></td></tr>")
}

fn write_phrases(out: &mut dyn Write, lead: &str, phrases: &[(bool, String)]) -> io::Result<()> {
    if phrases.is_empty() {
        return Ok(());
    }
    write!(out, "<p class=\"told\">{lead}")?;
    for (place, (is_alarm, phrase)) in phrases.iter().enumerate() {
        let phrase = if place == 0 && lead.is_empty() { capitalized(phrase) } else { phrase.clone() };
        let phrase = escape(&phrase);
        let gap = if place == 0 { "" } else { ", " };
        match is_alarm {
            true => write!(out, "{gap}<b>{phrase}</b>")?,
            false => write!(out, "{gap}{phrase}")?,
        }
    }
    writeln!(out, ".</p>")
}

/// A section of what is said besides.
fn write_section(out: &mut dyn Write, section: &Section) -> io::Result<()> {
    let Section { title, about, lines } = section;
    write!(out, "<h3>{}", escape(title))?;
    if !about.is_empty() {
        write!(out, " <span class=\"faint\">{}</span>", escape(about))?;
    }
    writeln!(out, "</h3>")?;
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(out, "<ul class=\"lines\">")?;
    for (depth, line) in lines {
        let class = if *depth > 0 { " class=\"deep\"" } else { "" };
        writeln!(out, "<li{class}>{}</li>", escape(line))?;
    }
    writeln!(out, "</ul>")
}

/// The class and the sign of a row.
fn class(sign: Sign, is_alarm: bool) -> (String, String) {
    let class = match sign {
        Sign::Add => "add",
        Sign::Change => "change",
        Sign::Remove => "remove",
    };
    match is_alarm {
        true => (format!("{class} rise"), format!("!&nbsp;{}", sign.as_str())),
        false => (class.to_owned(), sign.as_str().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_cannot_end_their_element() {
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</") && !SCRIPT.contains("<!--"));
    }
}
