//! A live state as configuration of the language itself, in one canonical form.
//!
//! One fact a line, sorted, so that two states can be compared line by line and a state can be adopted as it is. It is
//! written by hand because the form matters: one line for each user, member and grant, quotes only where they are
//! needed, and nothing that acts on a terminal, whatever the names are.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::model::{OrgKey, Project, ProjectId, ProjectKey, ProjectRole, State, Status, Team, TeamName};

/// What the configuration calls things, where it has names for them.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'a> {
    /// The key of the organization.
    pub org: &'a OrgKey,
    /// The keys of the projects; a project without one is called `project-` and its id.
    pub projects: &'a BTreeMap<ProjectId, ProjectKey>,
}

impl Labels<'_> {
    fn project(&self, id: ProjectId) -> Cow<'_, str> {
        match self.projects.get(&id) {
            Some(key) => Cow::Borrowed(key.as_str()),
            None => Cow::Owned(format!("project-{id}")),
        }
    }
}

/// Writes `state` as one document.
///
/// # Errors
/// Whatever the writer returns.
pub fn write(state: &State, labels: Labels<'_>, out: &mut dyn Write) -> io::Result<()> {
    for section in Section::ALL {
        write_section(state, labels, section, out)?;
    }
    Ok(())
}

/// A part of the document: sections follow each other, so that they can be written and compared one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// `version` and `org`.
    Head,
    /// `users`.
    Users,
    /// `projects`.
    Projects,
    /// `teams`.
    Teams,
    /// `grants`.
    Grants,
}

impl Section {
    /// The sections in the order in which they are written.
    pub const ALL: [Self; 5] = [Self::Head, Self::Users, Self::Projects, Self::Teams, Self::Grants];
}

/// Writes one section of the document for `state`.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_section(state: &State, labels: Labels<'_>, section: Section, out: &mut dyn Write) -> io::Result<()> {
    match section {
        Section::Head => {
            writeln!(out, "version: 1\norg:\n  key: {}\n  id: {}", scalar(labels.org), state.organization.id)?;
            if !state.organization.name.is_empty() {
                writeln!(out, "  name: {}", scalar(&state.organization.name))?;
            }
            Ok(())
        }
        Section::Users => write_users(state, out),
        Section::Projects => write_projects(state, labels, out),
        Section::Teams => write_teams(state, labels, out),
        Section::Grants => write_grants(state, labels, out),
    }
}

fn write_users(state: &State, out: &mut dyn Write) -> io::Result<()> {
    heading(out, "users", state.users.is_empty(), "{}")?;
    for (email, user) in &state.users {
        let pending = match user.status {
            Status::Active => "",
            Status::Invited { .. } => " # invited",
        };
        writeln!(out, "  {}: {}{pending}", scalar(email), scalar(user.role.as_str()))?;
    }
    Ok(())
}

fn write_projects(state: &State, labels: Labels<'_>, out: &mut dyn Write) -> io::Result<()> {
    heading(out, "projects", state.projects.is_empty(), "{}")?;
    let mut by_label: Vec<(Cow<'_, str>, ProjectId, &Project)> =
        state.projects.iter().map(|(id, project)| (labels.project(*id), *id, project)).collect();
    by_label.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    for (label, id, Project { name, everyone, roles }) in by_label {
        write!(out, "  {}: {{ id: {id}", scalar(&label))?;
        if !name.is_empty() {
            write!(out, ", name: {}", scalar(name))?;
        }
        if let Some(role) = everyone {
            write!(out, ", everyone: {}", scalar(role.as_str()))?;
        }
        if !roles.is_empty() {
            let roles: Vec<_> = roles.iter().map(|role| scalar(role)).collect();
            write!(out, ", roles: [{}]", roles.join(", "))?;
        }
        writeln!(out, " }}")?;
    }
    Ok(())
}

fn write_teams(state: &State, labels: Labels<'_>, out: &mut dyn Write) -> io::Result<()> {
    heading(out, "teams", state.teams.is_empty(), "{}")?;
    for (name, team) in &state.teams {
        write_team(name, team, labels, out)?;
    }
    Ok(())
}

fn write_team(
    name: &TeamName,
    Team { members, roles }: &Team,
    labels: Labels<'_>,
    out: &mut dyn Write,
) -> io::Result<()> {
    writeln!(out, "  {}:", scalar(name))?;
    if members.is_empty() {
        writeln!(out, "    members: []")?;
    } else {
        writeln!(out, "    members:")?;
        for member in members {
            writeln!(out, "      - {}", scalar(member))?;
        }
    }
    if roles.is_empty() {
        return writeln!(out, "    projects: {{}}");
    }
    writeln!(out, "    projects:")?;
    let mut by_label: Vec<(Cow<'_, str>, &ProjectRole)> =
        roles.iter().map(|(project, role)| (labels.project(*project), role)).collect();
    by_label.sort();
    for (label, role) in by_label {
        writeln!(out, "      {}: {}", scalar(&label), scalar(role.as_str()))?;
    }
    Ok(())
}

fn write_grants(state: &State, labels: Labels<'_>, out: &mut dyn Write) -> io::Result<()> {
    heading(out, "grants", state.grants.is_empty(), "[]")?;
    for ((user, project), role) in &state.grants {
        let (project, role) = (labels.project(*project), scalar(role.as_str()));
        writeln!(out, "  - {{ user: {}, project: {}, role: {role} }}", scalar(user), scalar(&project))?;
    }
    Ok(())
}

fn heading(out: &mut dyn Write, key: &str, is_empty: bool, nothing: &str) -> io::Result<()> {
    if is_empty { writeln!(out, "{key}: {nothing}") } else { writeln!(out, "{key}:") }
}

/// Returns `text` as a YAML scalar that every reader takes for this text, plain where nothing speaks against it.
///
/// Quoted text is JSON, which is YAML too, with everything escaped that acts on a terminal or cannot be seen.
pub fn scalar(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut quoted = String::with_capacity(text.len() + 8);
    quoted.push('"');
    for (at, character) in text.char_indices() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            character if crate::visible::is_unsafe(character) || crate::visible::begins_command(text, at) => {
                let mut units = [0; 2];
                for unit in character.encode_utf16(&mut units) {
                    quoted.push_str(&format!("\\u{unit:04x}"));
                }
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    Cow::Owned(quoted)
}

/// Whether `text` needs no quotes: it starts like a word, holds nothing that YAML reads as syntax, and is no word or
/// number that YAML, old or new, reads as something else.
fn is_plain(text: &str) -> bool {
    let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "_@.+- ".contains(c);
    let other = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"];
    starts_well
        && text.chars().all(is_safe)
        && !text.ends_with(' ')
        && !text.contains("  ")
        && text.len() <= 200
        && !other.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_go_without_quotes() {
        for plain in ["ana@acme.com", "Product Analysts", "a.b+c-d_e", "project-12", "e1"] {
            assert_eq!(scalar(plain), plain);
        }
        let quoted = [
            ("", r#""""#),
            ("No", r#""No""#),
            ("1.0", r#""1.0""#),
            ("0x1f", r#""0x1f""#),
            ("-", r#""-""#),
            ("a: b", r#""a: b""#),
            ("a #b", r#""a #b""#),
            ("*x", r#""*x""#),
            ("a\"\\\n\u{1b}", "\"a\\\"\\\\\\u000a\\u001b\""),
            ("\u{202e}東", "\"\\u202e東\""),
            ("\u{e0001}", "\"\\udb40\\udc01\""),
            ("##[add-mask]x", "\"\\u0023#[add-mask]x\""),
        ];
        for (text, expected) in quoted {
            assert_eq!(scalar(text), expected);
        }
    }
}
