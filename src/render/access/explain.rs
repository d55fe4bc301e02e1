//! The answer to `explain`: which access a user has in each organization, why, and what would change it.

use std::io::{self, Write};

use anstyle::Style;
use schemars::JsonSchema;
use serde::Serialize;

use super::ways::{Step, write_ways};
use super::{access_note, all_words, as_far, lapse_words, live_team_words, mark_style, mark_words, organization_name};
use super::{person_note, person_words, places, project_details, project_name, row_note, source_words, wire};
use super::{unknown_entries, unknown_words};
use crate::desired::LapseWhy;
use crate::grounds::{
    Access, Compared, ComparedMembership, Loss, Mark, Person, Sides, View, Way, ways_to_get, ways_to_lose,
};
use crate::model::{Email, OrgRole, ProjectId};
use crate::render::text::changes::place;
use crate::render::text::count;
use crate::render::text::line::{ALARM, DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use crate::render::unread::{Unread, write_section};
use crate::render::{Options, visible, visible_name};
use crate::source::Sources;
use crate::visible::write_json;

/// The value of `format`.
pub const FORMAT: &str = "accessctl.explain/1";

/// What is to be said of one user in one organization.
#[derive(Debug)]
pub struct Explained<'a> {
    view: View<'a>,
    user: &'a Email,
    project: Option<ProjectId>,
    person: Person<'a>,
    live_role: Option<&'a OrgRole>,
    teams: Vec<ComparedMembership<'a>>,
    rows: Vec<Compared<'a>>,
    /// What is declared and not given at the moment.
    lapsed: Vec<Access<'a>>,
    /// For one project, what takes the access away, also what has not begun: all of it.
    to_lose: Vec<Loss<'a>>,
    /// For one project that the user has no access to, what gives some: any of it.
    to_get: Vec<Way<'a>>,
}

impl<'a> Explained<'a> {
    /// What `sides`, which were made for `user` and `project`, say of them; `None` for somebody who is no user there.
    pub fn new(view: View<'a>, sides: &Sides<'a>, user: &'a Email, project: Option<ProjectId>) -> Option<Self> {
        let person = sides.person(user)?;
        let live_role = sides.live.as_ref().and_then(|side| side.person(user)?.role);
        let rows = sides.access(user);
        let lapsed = sides.desired.lapsed(user);
        let (mut to_lose, mut to_get) = (Vec::new(), Vec::new());
        if let Some(project) = project {
            to_lose = ways_to_lose(view, user, &rows, &lapsed);
            if rows.is_empty() {
                to_get = ways_to_get(view, user, project, &person, &lapsed);
            }
        }
        let teams = sides.memberships(user);
        Some(Self { view, user, project, person, live_role, teams, rows, lapsed, to_lose, to_get })
    }
}

/// Writes the answer for people.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_text(
    out: &mut dyn Write,
    explained: &[Explained<'_>],
    sources: &Sources,
    options: Options,
) -> io::Result<()> {
    for (index, one) in explained.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_one(out, one, sources, options.width)?;
    }
    Ok(())
}

fn write_one(out: &mut dyn Write, one: &Explained<'_>, sources: &Sources, width: usize) -> io::Result<()> {
    let Explained { view, user, project, person, live_role, teams, rows, lapsed, to_lose, to_get } = one;
    let head = format!("{}: {}", organization_name(*view), visible(user));
    let name = person.name.map_or(String::new(), |name| format!(", {}", visible_name(name)));
    write_paragraph(out, 0, width, &[(TITLE, &head), (PLAIN, &name)])?;
    let words = person_words(*view, user, person, *live_role);
    let at = person.entry.map_or(String::new(), |entry| format!("  {}", place(sources, entry.place)));
    write_paragraph(out, 2, width, &[(PLAIN, &words), (DIM, &at)])?;
    let note = person_note(person);
    if !note.is_empty() {
        write_paragraph(out, 2, width, &[(PLAIN, &note)])?;
    }
    if !teams.is_empty() {
        let teams: Vec<String> = teams.iter().map(|team| team_words(team, sources)).collect();
        let what = if project.is_some() { "Teams with a role there" } else { "Teams" };
        write_paragraph(out, 2, width, &[(TITLE, what), (PLAIN, "  "), (PLAIN, &teams.join(", "))])?;
    }
    writeln!(out)?;
    write_rows(out, one, sources, width)?;
    match project {
        Some(project) if rows.is_empty() => {
            let (name, details) = (project_name(*view, *project), project_details(*view, *project));
            let on = format!("no access to {name}{details}{}", as_far(*view));
            write_paragraph(out, 2, width, &[(PLAIN, &on)])?;
        }
        None if rows.is_empty() => {
            write_paragraph(out, 2, width, &[(PLAIN, "no access to any project"), (PLAIN, as_far(*view))])?;
        }
        Some(_) | None => {}
    }
    if let Some(lapse) = &person.lapse {
        let has = if rows.is_empty() { "has" } else { "is to have" };
        let words = format!("{has} nothing at the moment, {}", lapse_words(lapse, sources));
        write_paragraph(out, 2, width, &[(ALARM, &words)])?;
        // Where there are rows, they tell it.
        let is_block = lapse.why == LapseWhy::Blocked && rows.is_empty();
        let note = lapse.note.filter(|_| is_block).map_or(String::new(), |note| all_words(note));
        if !note.is_empty() {
            write_paragraph(out, 4, width, &[(PLAIN, &note)])?;
        }
    }
    // What the live side gives all the same stands above.
    let is_shown = |access: &Access<'_>| {
        rows.iter().filter_map(|row| row.lapsed).any(|row| (row.project, row.source) == (access.project, access.source))
    };
    let lapsed: Vec<_> = lapsed.iter().filter(|access| !is_shown(access)).collect();
    if !lapsed.is_empty() {
        writeln!(out)?;
        write_paragraph(out, 2, width, &[(TITLE, "Declared, and not given at the moment")])?;
    }
    for access in lapsed {
        let mut start = Line::indented(4);
        start.push(PLAIN, &format!("{}  ", project_name(*view, access.project)));
        let why = access.lapse.map_or(String::new(), |lapse| lapse_words(&lapse, sources));
        let pieces =
            [(PLAIN, source_words(&access.source)), (DIM, places(access.own_grounds(), sources)), (ALARM, why)];
        write_pieces(out, start, 8, width, pieces)?;
        let note = access_note(access);
        if !note.is_empty() {
            write_paragraph(out, 8, width, &[(PLAIN, &note)])?;
        }
    }
    if let Some(project) = project {
        let target = project_name(*view, *project);
        let lose = if rows.is_empty() { "To get no access" } else { "To lose the access" };
        let losses = to_lose.iter().map(|loss| (&loss.way, loss.begins));
        write_ways(out, user, &format!("{lose} to {target}, all of:"), losses, sources, width)?;
        let to_get_it = format!("To get access to {target}");
        let (first, then): (Vec<_>, Vec<_>) = to_get.iter().map(|way| (way, None)).partition(|(way, _)| way.is_first());
        let (begin, go_on) = match (first.is_empty(), then.is_empty()) {
            (true, _) => (String::new(), format!("{to_get_it}, one of:")),
            (false, true) => (format!("{to_get_it}:"), String::new()),
            (false, false) => (format!("{to_get_it}, first:"), "And then one of:".to_owned()),
        };
        write_ways(out, user, &begin, first, sources, width)?;
        write_ways(out, user, &go_on, then, sources, width)?;
    } else {
        let projects = view.projects();
        let reached: std::collections::BTreeSet<ProjectId> =
            rows.iter().filter_map(Compared::shown).map(|access| access.project).collect();
        let without = projects.len() - reached.len();
        if without > 0 && !rows.is_empty() {
            writeln!(out)?;
            let text = format!("no access to {without} of {}{}", count(projects.len(), "project"), as_far(*view));
            write_paragraph(out, 2, width, &[(DIM, &text)])?;
        }
    }
    write_section(out, &unknown_words(*view), width)
}

fn team_words(team: &ComparedMembership<'_>, sources: &Sources) -> String {
    let name = visible_name(team.team);
    let at = team.desired.and_then(|found| found.ground).map(|ground| place(sources, ground.place));
    let side = match team.mark {
        Some(Mark::DesiredOnly) => Some("desired only".to_owned()),
        Some(Mark::LiveOnly) => Some("live only".to_owned()),
        Some(Mark::Same | Mark::Kept | Mark::OtherRole | Mark::Blocked | Mark::Over | Mark::NotYet) | None => None,
    };
    let live = team.live_team.map(|name| format!("live: {}", visible_name(name)));
    let details: Vec<String> = at.into_iter().chain(live).chain(side).collect();
    if details.is_empty() { name.into_owned() } else { format!("{name} ({})", details.join(", ")) }
}

fn write_rows(out: &mut dyn Write, one: &Explained<'_>, sources: &Sources, width: usize) -> io::Result<()> {
    let mut last = None;
    for row in &one.rows {
        let Some(access) = row.shown() else { continue };
        if last.replace(access.project) != Some(access.project) {
            let details = project_details(one.view, access.project);
            let name = project_name(one.view, access.project);
            write_paragraph(out, 2, width, &[(TITLE, &name), (DIM, &details)])?;
        }
        write_row(out, row, sources, width)?;
    }
    Ok(())
}

/// Writes pieces after `start`, each whole on its line where there is room; the next lines start at `hang`.
pub(in crate::render) fn write_pieces(
    out: &mut dyn Write,
    start: Line,
    hang: usize,
    width: usize,
    pieces: impl IntoIterator<Item = (Style, String)>,
) -> io::Result<()> {
    let mut fill = Fill::new(start, hang, width);
    let mut is_first = true;
    for (style, text) in pieces.into_iter().filter(|(_, text)| !text.is_empty()) {
        if std::mem::take(&mut is_first) {
            fill.words(style, &text);
        } else {
            fill.piece(style, &text);
        }
    }
    fill.finish().iter().try_for_each(|line| line.write(out))
}

/// One source of access, below the project or user that it belongs to.
pub(super) fn write_row(out: &mut dyn Write, row: &Compared<'_>, sources: &Sources, width: usize) -> io::Result<()> {
    let Some(access) = row.shown() else { return Ok(()) };
    let (sign, words) = mark_words(row, sources);
    let style = mark_style(row.mark);
    let what = format!("{}{}", source_words(&access.source), live_team_words(row));
    let mut start = Line::indented(4);
    start.push(style, &format!("{sign} "));
    let at = places(row.lines(), sources);
    let pieces = [(PLAIN, what), (DIM, at), (style, words.unwrap_or_default())];
    write_pieces(out, start, 8, width, pieces)?;
    let note = row_note(row, &access);
    if !note.is_empty() {
        write_paragraph(out, 8, width, &[(PLAIN, &note)])?;
    }
    Ok(())
}

/// What `explain` prints as JSON. Later versions may add fields; readers ignore those they do not know.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "accessctl explain, version 1")]
struct Document<'a> {
    /// Name and version of this format.
    #[schemars(extend("const" = FORMAT))]
    format: &'a str,
    /// The user who was asked about.
    user: &'a str,
    /// The organizations that know the user and have the project, in the order of their keys.
    orgs: Vec<Org<'a>>,
}

/// A user in one organization.
#[derive(Serialize, JsonSchema)]
struct Org<'a> {
    /// The organization's key.
    org: &'a str,
    /// Its id on the service.
    id: u64,
    /// Whether the live side was read.
    live: bool,
    /// The project that was asked about; `null` for all of them.
    project: Option<std::borrow::Cow<'a, str>>,
    /// What is known of the user.
    user: wire::Person<'a>,
    /// The user's teams; where a project was asked about, those with a role on it.
    teams: Vec<TeamEntry<'a>>,
    /// Every source of access, by project.
    access: Vec<wire::Access<'a>>,
    /// What of the live side is not known. Where it is not empty, the user may have more access than is told.
    unread: Vec<Unread<'a>>,
    /// What is declared and not given at the moment, because of the time or because the user is blocked.
    lapsed: Vec<wire::Lapsed<'a>>,
    /// Where a project was asked about: what takes the access away, also what has not begun. All of it.
    to_lose: Vec<Step<'a>>,
    /// Where a project was asked about that the user has no access to: what gives some. What the sentence calls the first of
    /// all is needed, then any one of the others.
    to_get: Vec<Step<'a>>,
}

/// A membership.
#[derive(Serialize, JsonSchema)]
struct TeamEntry<'a> {
    /// The team's name.
    team: &'a str,
    /// Its name on the live side, where that is another one.
    live_team: Option<&'a str>,
    /// How the configuration and the live side differ in it; `null` where the live side was not read.
    #[schemars(extend("enum" = ["same", "desired_only", "live_only", null]))]
    difference: Option<&'a str>,
    /// The line of the membership.
    source: Option<wire::Place<'a>>,
}

/// Writes the answer as one document.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_json_document(
    out: &mut dyn Write,
    explained: &[Explained<'_>],
    user: &Email,
    sources: &Sources,
) -> io::Result<()> {
    let org = |one| org(one, sources);
    let document = Document { format: FORMAT, user: user.as_str(), orgs: explained.iter().map(org).collect() };
    write_json(out, &document)?;
    writeln!(out)
}

fn org<'a>(one: &'a Explained<'a>, sources: &'a Sources) -> Org<'a> {
    let view = one.view;
    let team = |team: &'a ComparedMembership<'a>| TeamEntry {
        team: team.team.as_str(),
        live_team: team.live_team.map(|name| name.as_str()),
        difference: team.mark.map(Mark::as_str),
        source: team.desired.and_then(|found| found.ground).map(|ground| wire::Place::new(ground.place, sources)),
    };
    let step = |way| Step::new(one.user, way, sources);
    Org {
        org: view.desired.key.as_str(),
        id: view.desired.id.get(),
        live: view.live.is_some(),
        project: one.project.map(|project| view.project_label(project)),
        user: wire::Person::new(view, one.user, &one.person, one.live_role, sources),
        teams: one.teams.iter().map(team).collect(),
        access: one.rows.iter().filter_map(|row| wire::Access::new(view, row, sources)).collect(),
        unread: unknown_entries(view),
        lapsed: one.lapsed.iter().filter_map(|access| wire::Lapsed::new(view, access, sources)).collect(),
        to_lose: one.to_lose.iter().map(|loss| step((&loss.way, loss.begins))).collect(),
        to_get: one.to_get.iter().map(|way| step((way, None))).collect(),
    }
}

/// Returns the JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<'static>).to_value()
}
