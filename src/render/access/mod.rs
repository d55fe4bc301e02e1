//! Who has which access and why: answers to `explain` and `who-can`, as text and as JSON.

pub mod explain;
pub mod who_can;
mod wire;

use super::text::changes::place;
use super::text::list;
use super::unread::{NAMED, Unread, as_far_as_known, entries, sentences};
use super::{visible, visible_name};
use crate::access::{AccessSource, Via};
use crate::desired::{Lapse, LapseWhy};
use crate::grounds::{Access, Compared, GroundKind, Mark, Person, View};
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

/// What is to be said of a row where the sides differ: a sign and words.
pub(super) fn mark_words(row: &Compared<'_>) -> (char, Option<String>) {
    match row.mark {
        Mark::Same => (' ', None),
        Mark::DesiredOnly => ('+', Some("desired only: not applied yet".to_owned())),
        Mark::LiveOnly => ('-', Some("live only: not in the configuration".to_owned())),
        Mark::Kept => ('=', Some("live only: kept, the configuration does not manage it".to_owned())),
        Mark::OtherRole => {
            let role = row.live.map_or("", |access| access.source.role.as_str());
            ('~', Some(format!("live: {}", visible_name(role))))
        }
    }
}

/// Where the access itself is written: `team.yaml:12 (member), :20 (role)`.
pub(super) fn places(access: &Access<'_>, sources: &Sources) -> String {
    let mut words = String::new();
    let mut file = None;
    for ground in access.own_grounds() {
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

/// What people wrote about `access`, without what they wrote about the user.
pub(super) fn access_note(access: &Access<'_>) -> String {
    let own: Vec<_> = access.own_grounds().filter(|ground| ground.kind != GroundKind::User).collect();
    let notes = || own.iter().filter_map(|ground| ground.note);
    let approved_by = notes().map(|note| note.approved_by.as_slice()).find(|by| !by.is_empty()).unwrap_or_default();
    let note = note_words(
        notes().find_map(|note| note.ticket.as_deref()),
        approved_by,
        notes().find_map(|note| note.sponsor.as_ref()),
        notes().find_map(|note| note.reason.as_deref()),
    );
    let time = time_words(access);
    if time.is_empty() || note.is_empty() { time + &note } else { format!("{time}, {note}") }
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
    person.entry.and_then(|entry| entry.note).map_or(String::new(), |note| {
        note_words(note.ticket.as_deref(), &note.approved_by, note.sponsor.as_ref(), note.reason.as_deref())
    })
}

/// The org role, whether the user is external, and how far they have joined.
fn person_words(view: View<'_>, user: &Email, person: &Person<'_>, live_role: Option<&OrgRole>) -> String {
    let mut parts = Vec::new();
    parts.push(match (person.role, live_role) {
        (Some(role), Some(live)) if role != live => {
            format!("org role {} (live: {})", visible(role.as_str()), visible(live.as_str()))
        }
        (Some(role), _) => format!("org role {}", visible(role.as_str())),
        (None, _) => "org role not declared".to_owned(),
    });
    if view.desired.is_external(user) == Some(true) {
        parts.push("external".to_owned());
    }
    match person.status {
        Some(Status::Active) => parts.push("active".to_owned()),
        Some(Status::Invited { .. }) => parts.push("invited: access begins when they join".to_owned()),
        None if view.live.is_some() => parts.push("not invited yet".to_owned()),
        None => {}
    }
    parts.extend(person.last_active.map(|seen| format!("last active {}", seen.strftime("%Y-%m-%d"))));
    parts.join(", ")
}
