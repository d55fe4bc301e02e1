//! Who has which access and why: answers to `explain` and `who-can`, as text and as JSON.

pub mod explain;
mod ways;
pub mod who_can;
mod wire;

use anstyle::Style;

use super::text::changes::place;
use super::text::line::{ADDED, ALARM, PLAIN, REMOVED};
use super::text::list;
use super::unread::{NAMED, Unread, as_far_as_known, entries, sentences};
use super::{visible, visible_name};
use crate::access::{AccessSource, Via};
use crate::desired::{Lapse, LapseWhy, Note};
use crate::grounds::{Access, Compared, Ground, GroundKind, Mark, Person, Standing, View};
use crate::model::{Email, OrgRole, ProjectId, Status};
use crate::source::Sources;

pub(super) use wire::status;

/// What of the live side is not known, in sentences; nothing where it was not read at all.
pub(crate) fn unknown_words(view: View<'_>) -> Vec<String> {
    view.live.map_or(Vec::new(), |live| sentences(live, |id| project_name(view, id), NAMED))
}

/// Added to what is said of nobody's access, where something that is not known may give some.
fn as_far(view: View<'_>) -> &'static str {
    view.live.map_or("", as_far_as_known)
}

fn unknown_entries(view: View<'_>) -> Vec<Unread<'_>> {
    view.live.map_or(Vec::new(), |live| entries(live, |id| view.project_label(id)))
}

/// The key of the organization, and its name where it has another.
pub(super) fn organization_title(view: View<'_>) -> (&str, Option<&str>) {
    let key = view.desired.key.as_str();
    let live = || view.live.map(|state| state.organization.name.as_str());
    (key, view.desired.name.as_deref().or_else(live).filter(|name| *name != key))
}

/// How the organization is called in headings.
pub(super) fn organization_name(view: View<'_>) -> String {
    match organization_title(view) {
        (key, Some(name)) => format!("{} ({})", visible_name(key), visible_name(name)),
        (key, None) => visible_name(key).into_owned(),
    }
}

/// What is known of a project besides how it is called: its name and environment, in brackets.
pub(super) fn project_details(view: View<'_>, project: ProjectId) -> String {
    let label = view.project_label(project);
    let name = view.project_name(project).filter(|name| *name != label).map(visible_name);
    let environment = view.environment(project).map(visible_name);
    let parts: Vec<_> = name.into_iter().chain(environment).collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) }
}

/// The project as it stands in a sentence.
pub(super) fn project_name(view: View<'_>, project: ProjectId) -> String {
    match view.desired.projects.get(&project) {
        Some(found) => visible_name(&found.key).into_owned(),
        None => format!("project {project}"),
    }
}

/// What gives access, after the role.
pub(super) fn by(via: &Via<'_>) -> String {
    match via {
        Via::OrgRole => "by org role".to_owned(),
        Via::Team(team) => format!("through team {}", visible_name(team)),
        Via::Grant => "by individual grant".to_owned(),
        Via::Everyone => "like everyone".to_owned(),
    }
}

fn source_words(source: &AccessSource<'_>) -> String {
    format!("{} {}", visible_name(source.role.as_str()), by(&source.via))
}

/// What the live side calls the team of a row, where that is another name.
pub(super) fn live_team_words(row: &Compared<'_>) -> String {
    row.live_team.map_or(String::new(), |name| format!(" (live: {})", visible_name(name)))
}

/// How a row is marked.
pub(super) fn mark_style(mark: Mark) -> Style {
    match mark {
        Mark::Same | Mark::Kept => PLAIN,
        Mark::DesiredOnly => ADDED,
        Mark::LiveOnly | Mark::Blocked | Mark::Over | Mark::NotYet => REMOVED,
        Mark::OtherRole => ALARM,
    }
}

/// Why the configuration does not give what the live side gives, in a few words: `ended 2026-11-20`.
pub(super) fn row_lapse_words(row: &Compared<'_>) -> Option<String> {
    let lapse = row.lapse?;
    let window = lapse.note.map(|note| note.window).unwrap_or_default();
    let words = match (lapse.why, window.until, window.from) {
        (LapseWhy::Blocked, ..) => "blocked".to_owned(),
        (LapseWhy::Over, Some(until), _) => format!("ended {until}"),
        (LapseWhy::Over, None, _) => "ended".to_owned(),
        (LapseWhy::NotYet, _, Some(from)) => format!("begins {from}"),
        (LapseWhy::NotYet, _, None) => "not begun".to_owned(),
    };
    let (declared, live) = (row.lapsed.map(|access| access.source.role), row.live.map(|access| access.source.role));
    let other = declared.filter(|role| Some(*role) != live);
    Some(other.map_or(words.clone(), |role| format!("{words} (declared: {})", visible_name(role.as_str()))))
}

/// What is to be said of a row where the sides differ: a sign and words.
pub(super) fn mark_words(row: &Compared<'_>, sources: &Sources) -> (char, Option<String>) {
    let lapse = || {
        let words = row_lapse_words(row)?;
        let at = place(sources, row.lapse?.place);
        let is_told = row.lapsed.is_some_and(|access| access.own_grounds().any(|own| place(sources, own.place) == at));
        Some(if is_told { words } else { format!("{words}, {at}") })
    };
    match row.mark {
        Mark::Same => (' ', None),
        Mark::DesiredOnly => ('+', Some("desired only: not applied yet".to_owned())),
        Mark::LiveOnly => ('-', Some("live only: not in the configuration".to_owned())),
        Mark::Blocked | Mark::Over | Mark::NotYet => ('-', Some(format!("live only: {}", lapse().unwrap_or_default()))),
        Mark::Kept => {
            let lapse = lapse().map_or(String::new(), |words| format!("{words}; "));
            ('=', Some(format!("live only: {lapse}kept, the configuration does not manage it")))
        }
        Mark::OtherRole => {
            let role = row.live.map_or("", |access| access.source.role.as_str());
            ('~', Some(format!("live: {}", visible_name(role))))
        }
    }
}

/// Where the access itself is written: `team.yaml:12 (member), :20 (role)`.
pub(super) fn places<'a>(grounds: impl Iterator<Item = Ground<'a>>, sources: &Sources) -> String {
    let mut words = String::new();
    let mut file = None;
    for ground in grounds {
        let what = match ground.kind {
            GroundKind::Member => " (member)",
            GroundKind::TeamRole => " (role)",
            GroundKind::Grant | GroundKind::Everyone | GroundKind::User => "",
        };
        let place = place(sources, ground.place);
        // A file is named once, where that leaves no doubt.
        let is_known = file.replace(ground.place.file) == Some(ground.place.file);
        let place = match place.rfind(':') {
            Some(line) if is_known => &place[line..],
            Some(_) | None => &place,
        };
        let gap = if words.is_empty() { "" } else { ", " };
        words.push_str(&format!("{gap}{place}{what}"));
    }
    words
}

/// What people wrote about an access or a person, on one line.
fn note_words(ticket: Option<&str>, approved_by: &[Email], sponsor: Option<&Email>, reason: Option<&str>) -> String {
    let mut parts = Vec::new();
    parts.extend(ticket.map(|ticket| visible_name(ticket).into_owned()));
    if !approved_by.is_empty() {
        let names: Vec<_> = approved_by.iter().map(|email| visible(email)).collect();
        parts.push(format!("approved by {}", list(&names)));
    }
    parts.extend(sponsor.map(|sponsor| format!("sponsor {}", visible(sponsor))));
    // In quotes, so that it cannot pass for words of ours.
    parts.extend(reason.map(|reason| format!("\"{}\"", visible(reason).replace('"', "\\\""))));
    parts.join(", ")
}

/// All that people wrote in one place, on one line.
fn all_words(note: &Note) -> String {
    note_words(note.ticket.as_deref(), &note.approved_by, note.sponsor.as_ref(), note.reason.as_deref())
}

/// What people wrote about a row that is shown as `access`: about the block where there is one, and about the access or,
/// where nothing of it is declared, about what ended with all the user had.
pub(super) fn row_note(row: &Compared<'_>, access: &Access<'_>) -> String {
    // When it ended is told with the mark.
    let is_over = row.lapse.is_some_and(|lapse| lapse.why == LapseWhy::Over);
    let own = if is_over { untimed_note(access) } else { access_note(access) };
    let own = if own.is_empty() { row.ended_entry().map_or(String::new(), all_words) } else { own };
    let block = row.block().map_or(String::new(), all_words);
    let parts: Vec<String> = [block, own].into_iter().filter(|words| !words.is_empty()).collect();
    parts.join("; ")
}

/// What people wrote about a row, with what stands at the user's entry: for those who show no entries.
pub(super) fn whole_note(row: &Compared<'_>, access: &Access<'_>) -> String {
    // When it ended is told with the mark.
    let is_over = row.lapse.is_some_and(|lapse| lapse.why == LapseWhy::Over);
    let time = if is_over { String::new() } else { time_words(access) };
    let note = note_words(
        row.noted(|note| note.ticket.as_deref()),
        row.approved_by(),
        row.noted(|note| note.sponsor.as_ref()),
        row.noted(|note| note.reason.as_deref()),
    );
    if time.is_empty() || note.is_empty() { time + &note } else { format!("{time}, {note}") }
}

/// What people wrote about `access`, without what they wrote about the user.
pub(super) fn access_note(access: &Access<'_>) -> String {
    let (time, note) = (time_words(access), untimed_note(access));
    if time.is_empty() || note.is_empty() { time + &note } else { format!("{time}, {note}") }
}

/// The same without its time.
fn untimed_note(access: &Access<'_>) -> String {
    let own: Vec<_> = access.own_grounds().filter(|ground| ground.kind != GroundKind::User).collect();
    let notes = || own.iter().filter_map(|ground| ground.note);
    let approved_by = notes().map(|note| note.approved_by.as_slice()).find(|by| !by.is_empty()).unwrap_or_default();
    note_words(
        notes().find_map(|note| note.ticket.as_deref()),
        approved_by,
        notes().find_map(|note| note.sponsor.as_ref()),
        notes().find_map(|note| note.reason.as_deref()),
    )
}

/// Since when and until when the access is given, as far as that is written.
fn time_words(access: &Access<'_>) -> String {
    let since = access.since().map(|since| format!("from {since}"));
    let until = access.until().map(|until| format!("until {until}"));
    since.into_iter().chain(until).collect::<Vec<_>>().join(", ")
}

/// Why something declared is not so at the moment, and where that is written.
fn lapse_words(lapse: &Lapse<'_>, sources: &Sources) -> String {
    let why = match lapse.why {
        LapseWhy::Blocked => "blocked",
        LapseWhy::Over => "over",
        LapseWhy::NotYet => "not begun",
    };
    format!("{why}: {}", place(sources, lapse.place))
}

/// What people wrote about a user.
fn person_note(person: &Person<'_>) -> String {
    person.entry.and_then(|entry| entry.note).map_or(String::new(), all_words)
}

/// The org role, whether the user is external, and how far they have joined.
fn person_words(view: View<'_>, user: &Email, person: &Person<'_>, live_role: Option<&OrgRole>) -> String {
    let mut parts = Vec::new();
    parts.extend(match (person.role, live_role, person.standing) {
        (Some(role), Some(live), _) if role != live => {
            Some(format!("org role {} (live: {})", visible(role.as_str()), visible(live.as_str())))
        }
        (Some(role), _, _) => Some(format!("org role {}", visible(role.as_str()))),
        (None, _, Standing::Declared | Standing::NotManaged) => Some("org role not declared".to_owned()),
        (None, _, Standing::Renamed { .. } | Standing::NotDeclared) => None,
    });
    match person.standing {
        Standing::Declared | Standing::NotManaged => {}
        Standing::Renamed { now, .. } => parts.push(format!("an earlier address of {}", visible(now))),
        Standing::NotDeclared => parts.push("not declared".to_owned()),
    }
    if view.desired.is_external(user) == Some(true) {
        parts.push("external".to_owned());
    }
    match person.status {
        Some(Status::Active) => parts.push("active".to_owned()),
        Some(Status::Invited { .. }) => parts.push("invited: access begins when they join".to_owned()),
        None if view.live.is_some() && person.lapse.is_none() => parts.push("not invited yet".to_owned()),
        None => {}
    }
    parts.extend(person.last_active.map(|seen| format!("last active {}", seen.strftime("%Y-%m-%d"))));
    parts.join(", ")
}
