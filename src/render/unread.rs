//! What of a live side is not known: parts that were not read, and org roles of which nothing but the name is known.

use std::borrow::Cow;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::text::line::{DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use super::text::list_of;
use super::{visible, visible_name};
use crate::model::{ProjectId, State};

/// Names in one sentence before the rest is counted.
pub(super) const NAMED: usize = 4;

/// Added to what is said of nobody's access, where something that is not known may give some.
pub(crate) fn as_far_as_known(live: &State) -> &'static str {
    let is_known = live.unread.is_empty() && live.users.values().all(|user| user.role.is_known());
    if is_known { "" } else { " as far as is known" }
}

/// What is not known, a sentence for each part; projects are called by `name`, and `named` things are named.
pub(crate) fn sentences(live: &State, name: impl Fn(ProjectId) -> String, named: usize) -> Vec<String> {
    let crate::model::Unread { invitations, teams, projects, people, members, service_accounts: _, ids: _ } =
        &live.unread;
    let mut sentences = Vec::new();
    if *teams {
        sentences.push("teams were not read, with their members and roles".to_owned());
    }
    if !projects.is_empty() {
        let names: Vec<_> = projects.iter().take(named).map(|id| name(*id)).collect();
        sentences.push(format!("grants and the default role were not read on {}", list_of(&names, projects.len())));
    }
    if *invitations {
        sentences.push("pending invitations were not read: whoever is only invited is not among the users".to_owned());
    }
    if !people.is_empty() {
        let names: Vec<_> = people.iter().take(named).map(|user| visible(user)).collect();
        let are = if people.len() == 1 {
            "is named by a team or project and is"
        } else {
            "are named by teams or projects and are"
        };
        sentences.push(format!(
            "{} {are} not among the users: invited, or missing in the list; they are neither invited nor added nor \
             taken out, whatever the configuration says",
            list_of(&names, people.len())
        ));
    }
    if !members.is_empty() {
        let names: Vec<_> = members.keys().take(named).map(|team| visible_name(team)).collect();
        let (have, they, their) =
            if members.len() == 1 { ("has", "it is", "its") } else { ("have", "they are", "their") };
        sentences.push(format!(
            "{} {have} such people as members: {they} not deleted, none of {their} roles is taken or lowered, and none is \
             given or raised unless the configuration declares all of these people as members",
            list_of(&names, members.len())
        ));
    }
    for (role, users) in live.unknown_org_roles() {
        let names: Vec<_> = users.iter().take(named).map(|user| visible(user)).collect();
        let has = if users.len() == 1 { "has" } else { "have" };
        let (names, role) = (list_of(&names, users.len()), visible_name(role.as_str()));
        sentences.push(format!("{names} {has} the org role {role}: what it can do is not known"));
    }
    sentences
}

/// Writes the section of such sentences; nothing where there are none.
///
/// # Errors
/// Whatever the writer returns.
pub(super) fn write_section(out: &mut dyn Write, sentences: &[String], columns: usize) -> io::Result<()> {
    if sentences.is_empty() {
        return Ok(());
    }
    let heading = [(TITLE, "Not known"), (PLAIN, "  "), (DIM, "people may have more access than is shown")];
    writeln!(out)?;
    write_paragraph(out, 2, columns, &heading)?;
    for text in sentences {
        let mut fill = Fill::new(Line::indented(4), 6, columns);
        fill.words(PLAIN, text);
        for line in fill.finish() {
            line.write(out)?;
        }
    }
    Ok(())
}

/// A part of the live side that was not read, or an org role of which nothing but the name is known.
#[derive(Default, Serialize, JsonSchema)]
pub(super) struct Unread<'a> {
    /// What: `grants` are those on `project`, with its default role; a `person` is named by a team or project and is in no
    /// list that was read, so nothing is done about `user`; an `org_role` is not known, and `users` have it.
    #[schemars(extend("enum" = ["teams", "grants", "invitations", "person", "org_role"]))]
    source: &'a str,
    /// The project: its key in the configuration, else its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<Cow<'a, str>>,
    /// The user.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    /// The teams that the person is in. They are not deleted, and none of their roles is taken or lowered; none is given
    /// or raised unless the configuration declares all such people as members.
    #[serde(skip_serializing_if = "Option::is_none")]
    teams: Option<Vec<&'a str>>,
    /// The org role as the live side calls it.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    /// How many users have the org role.
    #[serde(skip_serializing_if = "Option::is_none")]
    users: Option<usize>,
}

/// What is not known, for programs; projects are called by `label`.
pub(super) fn entries<'a>(live: &'a State, label: impl Fn(ProjectId) -> Cow<'a, str>) -> Vec<Unread<'a>> {
    let of = |source| Unread { source, ..Unread::default() };
    let crate::model::Unread { invitations, teams, projects, people, members, service_accounts: _, ids: _ } =
        &live.unread;
    let mut all = Vec::new();
    if *teams {
        all.push(of("teams"));
    }
    for id in projects {
        all.push(Unread { project: Some(label(*id)), ..of("grants") });
    }
    if *invitations {
        all.push(of("invitations"));
    }
    for user in people {
        let of_teams = members.iter().filter(|(_, people)| people.contains(user)).map(|(team, _)| team.as_str());
        let teams: Vec<&str> = of_teams.collect();
        all.push(Unread { user: Some(user), teams: (!teams.is_empty()).then_some(teams), ..of("person") });
    }
    for (role, users) in live.unknown_org_roles() {
        all.push(Unread { role: Some(role.as_str()), users: Some(users.len()), ..of("org_role") });
    }
    all
}
