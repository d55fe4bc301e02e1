//! The answer to `who-can`: who has access to a project, and why. Users are worked out one after another.

use std::borrow::Cow;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::explain::write_row;
use super::{as_far, organization_name, person_words, project_details, project_name, wire};
use super::{unknown_entries, unknown_words};
use crate::access::{Ranks, is_at_least};
use crate::grounds::{Access, Compared, Sides, View};
use crate::model::{Email, ProjectId, ProjectRole};
use crate::render::text::line::{DIM, PLAIN, TITLE, write_paragraph};
use crate::render::text::{count, thousands};
use crate::render::unread::{Unread, write_section};
use crate::render::{Options, visible, visible_name};
use crate::source::Sources;
use crate::visible::write_json;

/// The value of `format`.
pub const FORMAT: &str = "accessctl.who-can/1";

/// What is asked of one organization.
#[derive(Debug)]
pub struct Asked<'a> {
    /// The organization.
    pub view: View<'a>,
    /// Its sides, made for the project.
    pub sides: Sides<'a>,
    /// The project.
    pub project: ProjectId,
    /// At least this role, if any; see [`is_at_least`].
    pub role: Option<&'a ProjectRole>,
}

impl<'a> Asked<'a> {
    /// Everybody with such access, in order, with the sources that give it.
    fn answers(&self) -> impl Iterator<Item = (&'a Email, Vec<Compared<'a>>)> {
        let ranks: Ranks = self.view.desired.ranks();
        let gives = move |access: &Access<'_>| {
            self.role.is_none_or(|role| is_at_least(&ranks, self.project, access.source.role, role))
        };
        self.sides.users().into_iter().filter_map(move |user| {
            let mut rows = self.sides.access(user);
            rows.retain(|row| row.desired.iter().chain(&row.live).any(&gives));
            (!rows.is_empty()).then_some((user, rows))
        })
    }
}

/// Writes the answer for people.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_text(out: &mut dyn Write, asked: &[Asked<'_>], sources: &Sources, options: Options) -> io::Result<()> {
    for (index, one) in asked.iter().enumerate() {
        if index > 0 {
            writeln!(out)?;
        }
        write_one(out, one, sources, options.width)?;
    }
    Ok(())
}

fn write_one(out: &mut dyn Write, asked: &Asked<'_>, sources: &Sources, width: usize) -> io::Result<()> {
    let Asked { view, sides, project, role } = asked;
    let at_least = role.map_or(String::new(), |role| format!(", at least {}", visible_name(role.as_str())));
    let head = format!("{}: who has access to {}", organization_name(*view), project_name(*view, *project));
    let details = format!("{}{at_least}", project_details(*view, *project));
    write_paragraph(out, 0, width, &[(TITLE, &head), (PLAIN, &details)])?;
    let (mut users, mut differing) = (0, 0);
    for (user, rows) in asked.answers() {
        let Some(person) = sides.person(user) else { continue };
        users += 1;
        let live_role = sides.live.as_ref().and_then(|side| side.person(user)?.role);
        let words = format!("  {}", person_words(*view, user, &person, live_role));
        write_paragraph(out, 2, width, &[(TITLE, &visible(user)), (DIM, &words)])?;
        for row in &rows {
            differing += usize::from(row.mark != crate::grounds::Mark::Same);
            write_row(out, row, sources, width)?;
        }
    }
    if users == 0 {
        write_paragraph(out, 2, width, &[(PLAIN, "nobody"), (PLAIN, as_far(*view))])?;
        return write_section(out, &unknown_words(*view), width);
    }
    let difference = match (view.live.is_some(), differing) {
        (false, _) => "; as declared, the live side was not read".to_owned(),
        (true, 0) => "; the live side agrees".to_owned(),
        (true, number) => format!("; the two sides differ in {} of their sources", thousands(number)),
    };
    writeln!(out)?;
    write_paragraph(
        out,
        2,
        width,
        &[(TITLE, "Total"), (PLAIN, "  "), (PLAIN, &count(users, "user")), (PLAIN, &difference)],
    )?;
    write_section(out, &unknown_words(*view), width)
}

/// What `who-can` prints as JSON. Later versions may add fields; readers ignore those they do not know.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "accessctl who-can, version 1")]
struct Document<'a, U> {
    /// Name and version of this format.
    #[schemars(extend("const" = FORMAT))]
    format: &'a str,
    /// The project as it was asked for.
    project: &'a str,
    /// The organizations that have the project, in the order of their keys.
    orgs: Vec<Org<'a, U>>,
}

/// One organization.
#[derive(Serialize, JsonSchema)]
struct Org<'a, U> {
    /// Its key.
    org: &'a str,
    /// Its id on the service.
    id: u64,
    /// Whether the live side was read.
    live: bool,
    /// The project: its key in the configuration, else its id.
    project: Cow<'a, str>,
    /// The least role that was asked for; `null` for any.
    at_least: Option<&'a str>,
    /// What of the live side is not known. Where it is not empty, more people may have access, and more of it.
    unread: Vec<Unread<'a>>,
    /// Everybody with such access, by e-mail address.
    users: U,
}

/// A user with the sources that give the access.
#[derive(Serialize, JsonSchema)]
struct User<'a> {
    /// What is known of the user.
    user: wire::Person<'a>,
    /// The sources.
    access: Vec<wire::Access<'a>>,
}

/// The users, worked out while they are written: there can be a hundred thousand.
struct Users<'a>(&'a Asked<'a>, &'a Sources);

impl Serialize for Users<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(asked, sources) = self;
        serializer.collect_seq(asked.answers().filter_map(|(user, rows)| {
            let person = asked.sides.person(user)?;
            let live_role = asked.sides.live.as_ref().and_then(|side| side.person(user)?.role);
            let access = rows.iter().filter_map(|row| wire::Access::new(asked.view, row, sources)).collect();
            Some(User { user: wire::Person::new(asked.view, user, &person, live_role, sources), access })
        }))
    }
}

/// Writes the answer about the project that was called `project` as one document.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_json_document(
    out: &mut dyn Write,
    asked: &[Asked<'_>],
    project: &str,
    sources: &Sources,
) -> io::Result<()> {
    let org = |one| org(one, sources);
    write_json(out, &Document { format: FORMAT, project, orgs: asked.iter().map(org).collect() })?;
    writeln!(out)
}

fn org<'a>(asked: &'a Asked<'a>, sources: &'a Sources) -> Org<'a, Users<'a>> {
    let view = asked.view;
    Org {
        org: view.desired.key.as_str(),
        id: view.desired.id.get(),
        live: view.live.is_some(),
        project: view.project_label(asked.project),
        at_least: asked.role.map(|role| role.as_str()),
        unread: unknown_entries(view),
        users: Users(asked, sources),
    }
}

/// Returns the JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<'static, Vec<User<'static>>>).to_value()
}
