//! How a snapshot is read from its document, and written as one.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use jiff::Timestamp;
use serde::Deserialize;

use super::FORMAT;
use super::document::{
    Document, Text, WireActing, WireApplied, WireGrant, WireOrganization, WireProject, WireServiceAccounts, WireStatus,
    WireTeam, WireTeamRole, WireUnread, WireUnreadMembers, WireUser,
};
use crate::backend::assembly::Assembly;
use crate::backend::{Applied, BackendError, Snapshot};
use crate::model::{Acting, Email, Interner, OrgRole, ProjectId, State, Status, TeamName, Unread, User};
use crate::visible::write_json;

/// As much of a document as tells which form it has.
#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    format: Option<String>,
}

/// How the document is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Syntax {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// Reads one document.
pub(super) fn read(
    bytes: &[u8],
    syntax: Syntax,
    what: &str,
    now: Timestamp,
    names: &mut Interner,
) -> Result<Snapshot, BackendError> {
    let document = parse(bytes, syntax).map_err(|problem| BackendError::Unsound { what: what.to_owned(), problem })?;
    assemble(document, what, now, names)
}

fn parse(bytes: &[u8], syntax: Syntax) -> Result<Document<'_>, String> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("it is not UTF-8 text (byte {} is not)", error.valid_up_to()))?;
    let start = text.trim_start();
    if start.is_empty() {
        return Err("it is empty".to_owned());
    }
    if start.starts_with('<') {
        return Err("it is HTML or XML; expected the JSON that `accessctl snapshot` writes".to_owned());
    }
    let document = match syntax {
        Syntax::Json => serde_json::from_str::<Document<'_>>(text)
            .map_err(|error| if error.is_eof() { format!("it is cut off ({error})") } else { error.to_string() }),
        Syntax::Yaml => serde_yaml::from_str_with_options::<Document<'_>>(text, yaml_options(text))
            .map_err(|error| error.without_snippet().to_string()),
    };
    // A document of another form is most likely wrong in many ways; the form is what to tell about it.
    let format = match &document {
        Ok(document) => Some(document.format.to_string()),
        Err(_) => match syntax {
            Syntax::Json => serde_json::from_str::<Header>(text).ok().and_then(|header| header.format),
            Syntax::Yaml => serde_yaml::from_str_with_options::<Header>(text, yaml_options(text))
                .ok()
                .and_then(|header| header.format),
        },
    };
    match format {
        Some(format) if format != FORMAT => {
            Err(format!("it has the form `{format}`; this accessctl reads `{FORMAT}`, written by `accessctl snapshot`"))
        }
        Some(_) | None => document,
    }
}

/// Limits that fit the text: the ready-made ones refuse an organization of some ten thousand users.
fn yaml_options(text: &str) -> serde_yaml::Options {
    // No text has more nodes, events or scalar bytes than this; what aliases repeat is limited on its own.
    let most = text.len().saturating_mul(2).saturating_add(16);
    serde_yaml::options! {
        strict_booleans: true,
        budget: serde_yaml::budget! {
            max_nodes: most,
            max_events: most,
            max_total_scalar_bytes: most,
            max_total_comment_bytes: most,
            max_documents: 1,
        },
    }
}

fn assemble(
    document: Document<'_>,
    what: &str,
    now: Timestamp,
    names: &mut Interner,
) -> Result<Snapshot, BackendError> {
    let Document { format: _, taken_at, organization, acting, projects, users, teams, grants, unread, applied } =
        document;
    let applied = applied.map(|applied| left_by_apply(applied, &organization, what, names));
    let mut assembly = Assembly::new(names);
    let taken_at = moment(&mut assembly, || "`taken_at`".to_owned(), taken_at.as_ref()).unwrap_or(now);
    assembly.organization(organization.id, organization.name.into_owned());
    let acting = acting.map(|acting| account(&mut assembly, acting));
    let access = WireAccess { projects, users, teams, grants, unread };
    let (state, team_ids) = assemble_access(assembly, access, what)?;
    Ok(Snapshot { taken_at, state, team_ids, acting, applied: applied.transpose()? })
}

/// What the last apply left of `organization`.
fn left_by_apply(
    written: WireApplied<'_>,
    organization: &WireOrganization<'_>,
    what: &str,
    names: &mut Interner,
) -> Result<Box<Applied>, BackendError> {
    let WireApplied { taken_at, projects, users, teams, grants, unread } = written;
    let mut assembly = Assembly::new(names);
    // A moment that cannot be read is a problem, and the whole is refused.
    let taken_at = moment(&mut assembly, || "`taken_at`".to_owned(), Some(&taken_at)).unwrap_or_default();
    assembly.organization(organization.id, organization.name.to_string());
    let access = WireAccess { projects, users, teams, grants, unread };
    let (state, _) = assemble_access(assembly, access, &format!("what the last apply left, in {what},"))?;
    Ok(Box::new(Applied { taken_at, state }))
}

/// Who has which access, as a document writes it.
struct WireAccess<'a> {
    projects: Vec<WireProject<'a>>,
    users: Vec<WireUser<'a>>,
    teams: Vec<WireTeam<'a>>,
    grants: Vec<WireGrant<'a>>,
    unread: Option<WireUnread<'a>>,
}

fn assemble_access(
    mut assembly: Assembly<'_>,
    access: WireAccess<'_>,
    what: &str,
) -> Result<(State, BTreeMap<TeamName, u64>), BackendError> {
    let WireAccess { projects, users, teams, grants, unread } = access;
    for WireProject { id, name, everyone, roles } in projects {
        let everyone = everyone.as_ref().map(|role| &*role.0);
        assembly.project(id, name.into_owned(), everyone, roles.iter().map(|role| &*role.0));
    }
    for WireUser { email, role, status, invited_at, last_active } in users {
        let invited_at = moment(&mut assembly, || format!("`invited_at` of user `{email}`"), invited_at.as_ref());
        let last_active = moment(&mut assembly, || format!("`last_active` of user `{email}`"), last_active.as_ref());
        let status = match status {
            WireStatus::Invited => Status::Invited { at: invited_at },
            WireStatus::Active => {
                if invited_at.is_some() {
                    assembly.problem(format!("user `{email}` is active and has an `invited_at`"));
                }
                Status::Active
            }
        };
        if let Some(role) = assembly.org_role(&email, &role) {
            assembly.user(&email, User { role, status, last_active });
        }
    }
    for WireTeam { id, name, members, projects } in teams {
        let members =
            members.iter().filter_map(|member| assembly.known_user(|| format!("team `{name}`"), &member.0)).collect();
        let roles = projects
            .iter()
            .filter_map(|WireTeamRole { id, role }| assembly.role(|| format!("team `{name}`"), *id, role))
            .collect();
        assembly.team(id, &name, members, roles);
    }
    for WireGrant { user, project, role } in grants {
        if let Some(user) = assembly.known_user(|| format!("a grant on project {project}"), &user) {
            assembly.grant(user, project, &role);
        }
    }
    if let Some(unread) = unread {
        let unread = left_out(&mut assembly, &unread);
        assembly.unread(unread);
    }
    assembly.finish(what)
}

fn account(assembly: &mut Assembly<'_>, written: WireActing<'_>) -> Acting {
    let WireActing { account, role } = written;
    let account = account.map(|Text(account)| account.trim().to_owned());
    if account.as_deref() == Some("") {
        assembly.problem("the acting account has an empty name".to_owned());
    }
    let role = role.and_then(|Text(role)| {
        let read = OrgRole::read(&role);
        if read.is_none() {
            assembly.problem("the acting account has an org role without a name".to_owned());
        }
        read
    });
    Acting { account, role }
}

fn left_out(assembly: &mut Assembly<'_>, written: &WireUnread<'_>) -> Unread {
    let WireUnread { invitations, teams, projects, people, members, service_accounts, ids } = written;
    let mut unread = Unread { invitations: *invitations, teams: *teams, ..Unread::default() };
    for id in projects {
        match ProjectId::new(*id) {
            Ok(id) if !unread.projects.insert(id) => {
                assembly.problem(format!("project {id} is twice among the unread"))
            }
            Ok(_) => {}
            Err(problem) => assembly.problem(format!("project {id} among the unread: {problem}")),
        }
    }
    for person in people {
        match Email::new(&person.0) {
            Ok(email) if !unread.people.insert(email.clone()) => {
                assembly.problem(format!("`{email}` is twice among the unread"));
            }
            Ok(_) => {}
            Err(problem) => assembly.problem(format!("`{}` among the unread: {problem}", person.0)),
        }
    }
    for WireUnreadMembers { team, people } in members {
        let Some(name) = TeamName::new(team) else {
            assembly.problem("a team among the unread has no name".to_owned());
            continue;
        };
        let mut found = BTreeSet::new();
        for person in people {
            match Email::new(&person.0) {
                Ok(email) => drop(found.insert(email)),
                Err(problem) => assembly.problem(format!("`{}` among the unread: {problem}", person.0)),
            }
        }
        if unread.members.insert(name, found).is_some() {
            assembly.problem(format!("team `{team}` is twice among the unread"));
        }
    }
    for WireServiceAccounts { team, count } in service_accounts {
        match TeamName::new(team) {
            Some(name) if unread.service_accounts.insert(name.clone(), *count).is_some() => {
                assembly.problem(format!("the service accounts of team `{team}` are counted twice"));
            }
            Some(_) => {}
            None => assembly.problem("a team with service accounts has no name".to_owned()),
        }
    }
    for Text(user) in ids {
        match Email::new(user) {
            Ok(user) if unread.ids.contains(&user) => {
                assembly.problem(format!("`{user}` is twice among those whose id was not told"));
            }
            Ok(user) => drop(unread.ids.insert(user)),
            Err(problem) => assembly.problem(format!("`{user}`, whose id was not told: {problem}")),
        }
    }
    unread
}

fn texts(people: &BTreeSet<Email>) -> Vec<Text<'_>> {
    people.iter().map(|email| Text(Cow::Borrowed(email.as_str()))).collect()
}

fn moment(assembly: &mut Assembly<'_>, what: impl Fn() -> String, text: Option<&Text<'_>>) -> Option<Timestamp> {
    let text = &text?.0;
    match text.parse() {
        Ok(moment) => Some(moment),
        Err(_) => {
            assembly.problem(format!("{} is `{text}`; expected a time such as `2026-11-21T09:00:00Z`", what()));
            None
        }
    }
}

/// Writes `snapshot` as JSON: sorted, and one line for each project, user, membership, team role and grant, so that two
/// snapshots can be compared line by line.
///
/// # Errors
/// Those of `out`.
pub fn write(snapshot: &Snapshot, out: &mut dyn Write) -> io::Result<()> {
    let Snapshot { taken_at, state, team_ids, acting, applied } = snapshot;
    let organization =
        WireOrganization { id: state.organization.id.get(), name: Cow::Borrowed(&state.organization.name) };
    write!(out, "{{\n  \"format\": \"{FORMAT}\",\n  \"taken_at\": \"{taken_at}\",\n  \"organization\": ")?;
    write_json(out, &organization)?;
    if let Some(Acting { account, role }) = acting.as_ref().filter(|acting| **acting != Acting::default()) {
        let text = |text| Text(Cow::Borrowed(text));
        let acting =
            WireActing { account: account.as_deref().map(text), role: role.as_ref().map(|role| text(role.as_str())) };
        write!(out, ",\n  \"acting\": ")?;
        write_json(out, &acting)?;
    }
    write_access(2, out, state, team_ids)?;
    if let Some(applied) = applied {
        let Applied { taken_at, state } = &**applied;
        write!(out, ",\n  \"applied\": {{\n    \"taken_at\": \"{taken_at}\"")?;
        write_access(4, out, state, &BTreeMap::new())?;
        write!(out, "\n  }}")?;
    }
    writeln!(out, "\n}}")
}

/// Writes the fields that tell who has which access, which stand `indent` deep, after one that stands before them.
fn write_access(
    indent: usize,
    out: &mut dyn Write,
    state: &State,
    team_ids: &BTreeMap<TeamName, u64>,
) -> io::Result<()> {
    let (field, item) = (" ".repeat(indent), indent + 2);
    write!(out, ",\n{field}\"projects\": ")?;
    write_list(item, out, &state.projects, |(id, project), out| {
        let everyone = project.everyone.as_ref().map(|role| Text(Cow::Borrowed(role.as_str())));
        let roles = project.roles.iter().map(|role| Text(Cow::Borrowed(role))).collect();
        write_json(out, &WireProject { id: id.get(), name: Cow::Borrowed(&project.name), everyone, roles })
    })?;
    write!(out, ",\n{field}\"users\": ")?;
    write_list(item, out, &state.users, |(email, User { role, status, last_active }), out| {
        let (status, invited_at) = match status {
            Status::Active => (WireStatus::Active, None),
            Status::Invited { at } => (WireStatus::Invited, *at),
        };
        let text = |moment: Timestamp| Text(Cow::Owned(moment.to_string()));
        let email = Cow::Borrowed(email.as_str());
        let (invited_at, last_active) = (invited_at.map(text), last_active.map(text));
        write_json(out, &WireUser { email, role: Cow::Borrowed(role.as_str()), status, invited_at, last_active })
    })?;
    write!(out, ",\n{field}\"teams\": ")?;
    write_list(item, out, &state.teams, |(name, team), out| {
        write!(out, "{{")?;
        if let Some(id) = team_ids.get(name) {
            write!(out, "\"id\":{id},")?;
        }
        write!(out, "\"name\":")?;
        write_json(out, name.as_str())?;
        write!(out, ",\"members\":")?;
        write_list(item + 2, out, &team.members, |member, out| write_json(out, member.as_str()))?;
        write!(out, ",\"projects\":")?;
        write_list(item + 2, out, &team.roles, |(id, role), out| {
            write_json(out, &WireTeamRole { id: id.get(), role: Cow::Borrowed(role.as_str()) })
        })?;
        write!(out, "}}")
    })?;
    write!(out, ",\n{field}\"grants\": ")?;
    write_list(item, out, &state.grants, |((user, project), role), out| {
        let grant = WireGrant {
            user: Cow::Borrowed(user.as_str()),
            project: project.get(),
            role: Cow::Borrowed(role.as_str()),
        };
        write_json(out, &grant)
    })?;
    let Unread { invitations, teams, projects, people, members, service_accounts, ids } = &state.unread;
    if !state.unread.is_empty() || !service_accounts.is_empty() || !ids.is_empty() {
        let unread = WireUnread {
            invitations: *invitations,
            teams: *teams,
            projects: projects.iter().map(|id| id.get()).collect(),
            people: texts(people),
            members: members
                .iter()
                .map(|(team, people)| WireUnreadMembers { team: Cow::Borrowed(team), people: texts(people) })
                .collect(),
            service_accounts: service_accounts
                .iter()
                .map(|(team, count)| WireServiceAccounts { team: Cow::Borrowed(team), count: *count })
                .collect(),
            ids: texts(ids),
        };
        write!(out, ",\n{field}\"unread\": ")?;
        write_json(out, &unread)?;
    }
    Ok(())
}

/// Writes a list with each item on a line of its own, `indent` deep; its bracket stands where the line with its opening
/// began.
fn write_list<T>(
    indent: usize,
    out: &mut dyn Write,
    items: impl IntoIterator<Item = T>,
    mut write_item: impl FnMut(T, &mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    write!(out, "[")?;
    let mut is_empty = true;
    for item in items {
        write!(out, "{}\n{:indent$}", if is_empty { "" } else { "," }, "")?;
        is_empty = false;
        write_item(item, out)?;
    }
    if !is_empty {
        write!(out, "\n{:1$}", "", indent.saturating_sub(2))?;
    }
    write!(out, "]")
}
