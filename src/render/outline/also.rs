//! What an edit of the configuration says besides who has access now: ends that move, and other rules.

use crate::access::rank;
use crate::desired::{About, Amendment, Bearing, Fate, MovedEnd, StrongRole, Time};
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole};
use crate::plan::{Excess, Plan, Proposal};
use crate::render::text::changes::{org_role as org_role_text, place, project_name, reason};
use crate::render::text::raise::ranked;
use crate::render::text::{count, entry_text, list, list_of, thousands};
use crate::render::{visible, visible_name};
use crate::source::{Sources, Span};

/// Projects that are named before the rest is counted.
const NAMED: usize = 3;

/// One thing that is also said. All texts are visible.
pub(crate) struct Also {
    /// Whether a reviewer must not miss it.
    pub(crate) is_alarm: bool,
    /// What is another one now, with how it was, in pieces of one sentence.
    pub(crate) pieces: Vec<Piece>,
    /// What people wrote about it.
    pub(crate) reason: String,
    /// Where it is written.
    pub(crate) place: (String, Span),
}

impl Also {
    /// What is said, as plain text.
    pub(crate) fn text(&self) -> String {
        let texts = self.pieces.iter().map(|piece| match piece {
            Piece::Words(text) | Piece::Code(text) => text.as_str(),
        });
        texts.collect()
    }
}

/// A piece of a sentence.
pub(crate) enum Piece {
    /// Words, and names that pass for nothing else.
    Words(String),
    /// What is written in the configuration and stays together: what it holds are no words of the sentence.
    Code(String),
}

/// Everything that `proposal` also says, the gravest first.
pub(crate) fn also(proposal: &Proposal, sources: &Sources) -> Vec<Also> {
    let ends = proposal.ends.iter().map(|end| Also {
        is_alarm: end.is_grave(),
        pieces: vec![Piece::Words(end_text(end))],
        reason: end.note.as_deref().map(reason).unwrap_or_default(),
        place: (place(sources, end.place), end.place),
    });
    let amendments = proposal.amendments.iter().map(|one| Also {
        is_alarm: one.bearing == Bearing::Loosens,
        pieces: amendment_pieces(one),
        reason: String::new(),
        place: (place(sources, one.place), one.place),
    });
    let (mut grave, others): (Vec<Also>, Vec<Also>) = ends.chain(amendments).partition(|one| one.is_alarm);
    grave.extend(others);
    grave
}

/// When something holds and when it held before.
fn end_text(end: &MovedEnd) -> String {
    let entry = entry_text(&end.entry) + &with_it(&end.strong);
    let times = |time: &Time| {
        let bound = |word: &str, bound: &Option<String>| match bound {
            Some(bound) => format!(" {word} {bound}"),
            None => String::new(),
        };
        bound("from", &time.from) + &bound("until", &time.until)
    };
    match end.fate {
        Fate::New => return format!("{entry}: new,{}", times(&end.after)),
        Fate::OtherRole => {
            let role = visible_name(end.role_before.as_deref().unwrap_or_default());
            return format!("{entry}:{} (before: {role}{})", times(&end.after), times(&end.before));
        }
        Fate::Withdrawn => {
            let from = end.before.from.as_deref().unwrap_or_default();
            let until = end.before.until.as_ref().map_or(String::new(), |until| format!(" (until {until})"));
            return format!("{entry}: was to begin on {from}{until} and does not");
        }
        Fate::Moved => {}
    }
    let role = end.role_before.as_deref().map_or(String::new(), |role| format!(" (before: {})", visible_name(role)));
    let mut parts = Vec::new();
    if end.before.from != end.after.from {
        parts.push(match (&end.before.from, &end.after.from) {
            (Some(before), Some(after)) => format!("from {before} -> {after}"),
            (Some(before), None) => format!("from {before} -> at once"),
            (None, after) => format!("at once -> from {}", after.as_deref().unwrap_or_default()),
        });
    }
    if end.before.until != end.after.until {
        parts.push(match (&end.before.until, &end.after.until) {
            (Some(before), Some(after)) => format!("until {before} -> {after}"),
            (Some(before), None) => format!("until {before} -> without end"),
            (None, after) => format!("without end -> until {}", after.as_deref().unwrap_or_default()),
        });
    }
    format!("{entry}{role}: {}", parts.join(", "))
}

/// The roles of admin or owner that begin and end with an entry, where there are some.
fn with_it(strong: &[StrongRole]) -> String {
    if strong.is_empty() {
        return String::new();
    }
    let roles = strong.iter().map(|StrongRole { rank, role, projects }| {
        let name = visible_name(role.as_str());
        let like = match role {
            ProjectRole::BuiltIn(_) => String::new(),
            ProjectRole::Custom(_) => format!(" (like {rank})"),
        };
        let names: Vec<_> = projects.iter().take(NAMED).map(|key| visible_name(key)).collect();
        format!("{name}{like} of {}", list_of(&names, projects.len()))
    });
    format!(" (with it {})", list(&roles.collect::<Vec<_>>()))
}

fn amendment_pieces(one: &Amendment) -> Vec<Piece> {
    let Amendment { bearing, key, before, after, about: _, place: _ } = one;
    let words = |text: &str| Piece::Words(text.to_owned());
    let mut pieces = vec![Piece::Code(visible(key).into_owned())];
    match (before, after) {
        (Some(before), Some(after)) => {
            pieces.push(words(": "));
            pieces.extend(value(before));
            pieces.push(words(" -> "));
            pieces.extend(value(after));
        }
        (None, Some(after)) => {
            pieces.push(words(": new: "));
            pieces.extend(value(after));
        }
        (Some(before), None) => {
            pieces.push(words(": no longer "));
            pieces.extend(value(before));
        }
        (None, None) => pieces.push(words(" is another one")),
    }
    match bearing {
        Bearing::Loosens => pieces.push(words(" (looser)")),
        Bearing::Alters => {}
        Bearing::Tightens => pieces.push(words(" (tighter)")),
    }
    pieces
}

/// What is written below a key: in quotes unless it is one word, or words of ours.
fn value(text: &str) -> Vec<Piece> {
    let is_project = ["managed (", "declared ("].iter().any(|words| text.starts_with(words));
    let (ours, rest) = match text.split_once("managed: ") {
        Some(("", rest)) => ("managed: ", rest),
        Some(_) | None if is_project => return vec![Piece::Words(visible(text).into_owned())],
        Some(_) | None => ("", text),
    };
    let shown = visible(rest);
    let is_word = !shown.is_empty() && !shown.contains(|c: char| c.is_whitespace() || "()`\"".contains(c));
    let rest = match is_word && !shown.contains("->") {
        true => Piece::Words(shown.into_owned()),
        false => Piece::Code(format!("\"{}\"", shown.replace('"', "\\\""))),
    };
    if ours.is_empty() { vec![rest] } else { vec![Piece::Words(ours.to_owned()), rest] }
}

/// What the first sentence says of it, in phrases, each with whether it is alarming; of all `proposals` together.
pub(super) fn phrases(proposals: &[&Proposal]) -> Vec<(bool, String)> {
    let mut phrases = Vec::new();
    let mut say = |is_alarm, number: usize, one: &str, several: &str| {
        if number > 0 {
            phrases.push((is_alarm, format!("{} {}", thousands(number), if number == 1 { one } else { several })));
        }
    };
    let (new, moved): (Vec<_>, Vec<_>) =
        proposals.iter().flat_map(|proposal| &proposal.ends).partition(|end| end.fate.is_new());
    let (withdrawn, moved): (Vec<_>, Vec<_>) = moved.into_iter().partition(|end| end.fate == Fate::Withdrawn);
    let (other_role, new): (Vec<_>, Vec<_>) = new.into_iter().partition(|end| end.fate == Fate::OtherRole);
    let strong = new.iter().filter(|end| end.is_grave()).count();
    say(
        true,
        strong,
        "new access as admin or owner begins on a later day",
        "new accesses as admin or owner begin on a later day",
    );
    say(false, new.len() - strong, "new access begins on a later day", "new accesses begin on a later day");
    // Which may begin earlier than it did before.
    let strong = other_role.iter().filter(|end| end.is_grave()).count();
    say(
        true,
        strong,
        "access as admin or owner that is yet to begin had another role before",
        "accesses as admin or owner that are yet to begin had another role before",
    );
    say(
        false,
        other_role.len() - strong,
        "access that is yet to begin had another role before",
        "accesses that are yet to begin had another role before",
    );
    say(
        false,
        withdrawn.len(),
        "access that was to begin on a later day does not begin",
        "accesses that were to begin on a later day do not begin",
    );
    // One whose end and beginning move is told of twice.
    let grave = |is_meant: fn(&MovedEnd) -> bool| moved.iter().filter(|end| end.is_grave() && is_meant(end)).count();
    let put_off = grave(MovedEnd::ends_later);
    say(true, put_off, "end of an admin or owner is put off", "ends of admins and owners are put off");
    let earlier = grave(MovedEnd::begins_earlier);
    say(true, earlier, "beginning of an admin or owner comes earlier", "beginnings of admins and owners come earlier");
    let sooner = moved.iter().filter(|end| end.ends_earlier() && end.strongest >= Some(BuiltInRole::Admin)).count();
    say(false, sooner, "end of an admin or owner comes earlier", "ends of admins and owners come earlier");
    let ends = moved.iter().filter(|end| end.end.is_some()).count() - put_off - sooner;
    say(false, ends, "end is moved", "ends are moved");
    let beginnings = moved.iter().filter(|end| end.beginning.is_some()).count() - earlier;
    say(false, beginnings, "beginning is moved", "beginnings are moved");
    let amendments =
        |about: About| proposals.iter().flat_map(|proposal| &proposal.amendments).filter(move |one| one.about == about);
    let is_loose = |one: &&Amendment| one.bearing == Bearing::Loosens;
    let left = amendments(About::Left).count();
    say(true, left, "thing is not managed any more", "things are not managed any more");
    say(
        true,
        amendments(About::Apart).count(),
        "account of somebody else goes as an earlier address",
        "accounts of others go as earlier addresses",
    );
    let strong = amendments(About::Awaited).filter(is_loose).count();
    say(
        true,
        strong,
        "role of admin or owner is for a team that the identity provider is yet to make",
        "roles of admin or owner are for teams that the identity provider is yet to make",
    );
    say(
        false,
        amendments(About::Awaited).count() - strong,
        "role is for a team that the identity provider is yet to make",
        "roles are for teams that the identity provider is yet to make",
    );
    let looser = amendments(About::Rule).filter(is_loose).count();
    let others = amendments(About::Rule).count() - looser;
    if proposals.len() > 1 {
        say(true, looser, "rule of an organization is loosened", "rules of organizations are loosened");
        say(false, others, "rule of an organization is changed", "rules of organizations are changed");
    } else {
        say(true, looser, "rule of the organization is loosened", "rules of the organization are loosened");
        say(false, others, "rule of the organization is changed", "rules of the organization are changed");
    }
    say(
        false,
        amendments(About::Approval).count(),
        "approver or sponsor is changed",
        "approvers or sponsors are changed",
    );
    phrases
}

/// Whose account it is, and what it has more than the base gives, the strongest first.
fn keeps(plan: &Plan, user: &Email, Excess { org_role, roles }: &Excess) -> String {
    let role = |(project, role): &&(ProjectId, ProjectRole)| rank(&plan.ranks, *project, role);
    let mut roles: Vec<&(ProjectId, ProjectRole)> = roles.iter().collect();
    roles.sort_by_key(|one| std::cmp::Reverse(role(one)));
    let mut what: Vec<String> =
        org_role.iter().map(|role| format!("{} of the organization", org_role_text(role))).collect();
    // What a role in the organization gives goes without saying.
    if org_role.as_ref().is_none_or(|role| role.on_every_project().is_none()) {
        what.extend(
            roles
                .iter()
                .map(|(project, role)| format!("{} of {}", ranked(plan, *project, role), project_name(plan, *project))),
        );
    }
    let number = what.len();
    what.truncate(NAMED);
    format!("{} ({})", visible(user), list_of(&what, number))
}

/// What must be known to read the first sentence, each with whether it is alarming.
pub(super) fn notes(plan: &Plan, proposal: &Proposal) -> Vec<(bool, String)> {
    let mut notes = Vec::new();
    let already = proposal.already.len();
    if already > 0 {
        let (verb, them) = if already == 1 { ("is", "it") } else { ("are", "them") };
        let number = count(already, "change");
        let text = format!(
            "Of this, {number} {verb} live already though the base does not ask for {them}: this agrees to {them}"
        );
        notes.push((false, text));
    }
    if !proposal.waiting.is_empty() {
        let names: Vec<_> = proposal.waiting.iter().take(NAMED).map(|(user, more)| keeps(plan, user, more)).collect();
        let verb = if proposal.waiting.len() == 1 { "keeps" } else { "keep" };
        let names = list_of(&names, proposal.waiting.len());
        let is_strong = |Excess { org_role, roles }: &Excess| {
            org_role.as_ref().is_some_and(|role| role.on_every_project().is_some())
                || roles.iter().any(|(project, role)| rank(&plan.ranks, *project, role) >= Some(BuiltInRole::Admin))
        };
        let is_alarm = proposal.waiting.values().any(is_strong);
        let text = format!("{names} {verb} more than the base gives, until they join with another address");
        notes.push((is_alarm, text));
    }
    // Where nothing is to be done, and all would be proposed, the first words say it.
    if plan.changes.is_empty() && (proposal.says_something() || proposal.no_base.is_none()) {
        notes.push((false, "There is nothing to apply: the live side is as this says".to_owned()));
    }
    notes
}
