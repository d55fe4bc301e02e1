//! The organization as people keep it in a repository, and the same as one JSON document.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::{Grant, ORGANIZATION, Organization, Reach, STEWARD, Team, User};

/// How many users, teams and grants a file has.
const USERS_A_FILE: usize = 1000;
const TEAMS_A_FILE: usize = 25;
const GRANTS_A_FILE: usize = 1000;

/// The store and the snapshot that it is made from, relative to the folder of the configuration.
pub(crate) const STORE: &str = ".accessctl/live.db";
pub(crate) const SEED: &str = "live.json";

/// How much was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) files: usize,
    pub(crate) bytes: u64,
}

/// The backend of a configuration whose live side is in a file.
pub(crate) fn local_backend() -> String {
    format!("{{ type: local, state: {STORE}, seed: {SEED} }}")
}

/// The backend of a configuration whose live side is at an address on this machine. Mails are not what is waited for:
/// pending invitations that do not say when their mail was sent count as sent now.
pub(crate) fn service_backend(address: &str) -> String {
    let limits = "limits: { invitations_per_hour: 1000 }";
    format!("{{ type: mixpanel, region: us, base_url: \"{address}\", unverified: all, {limits} }}")
}

/// Writes the configuration with this `backend` into `folder`.
///
/// # Errors
/// Those of the file system.
pub(crate) fn write_yaml(organization: &Organization, backend: &str, folder: &Path) -> io::Result<Written> {
    let mut writer = Folder { folder, written: Written::default() };
    writer.file("org.yaml", |out| write_definition(organization, backend, out))?;
    for (index, users) in chunks(&organization.users, USERS_A_FILE) {
        writer.file(&format!("users/{index:03}.yaml"), |out| write_users(users, out))?;
    }
    for (index, teams) in chunks(&organization.teams, TEAMS_A_FILE) {
        writer.file(&format!("teams/{index:03}.yaml"), |out| write_teams(organization, teams, out))?;
    }
    for (index, grants) in chunks(&organization.grants, GRANTS_A_FILE) {
        writer.file(&format!("grants/{index:03}.yaml"), |out| write_grants(organization, grants, out))?;
    }
    Ok(writer.written)
}

fn chunks<T>(items: &[T], size: usize) -> impl Iterator<Item = (usize, &[T])> {
    items.chunks(size).enumerate()
}

/// A folder that counts what is written into it.
struct Folder<'a> {
    folder: &'a Path,
    written: Written,
}

impl Folder<'_> {
    fn file(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> io::Result<()> {
        let mut bytes = Vec::new();
        write(&mut bytes)?;
        let path = self.folder.join(name);
        fs::create_dir_all(path.parent().unwrap_or(self.folder))?;
        fs::write(path, &bytes)?;
        self.written.files += 1;
        self.written.bytes += bytes.len() as u64;
        Ok(())
    }
}

fn write_definition(organization: &Organization, backend: &str, out: &mut Vec<u8>) -> io::Result<()> {
    let (key, id) = ORGANIZATION;
    writeln!(out, "# Who may see which of our data. Changes go through a pull request.")?;
    writeln!(out, "version: 1\norg:\n  key: {key}\n  id: {id}\n  name: Acme\n  domains: [acme.test]")?;
    writeln!(out, "  backend: {backend}")?;
    writeln!(out, "projects:")?;
    for project in &organization.projects {
        write!(out, "  {}: {{ id: {}, name: {}", project.key, project.id, project.name)?;
        write!(out, ", environment: {}", project.environment)?;
        if let Some(role) = project.everyone {
            write!(out, ", everyone: {role}")?;
        }
        if project.has_steward {
            write!(out, ", roles: {{ {STEWARD}: {{ like: analyst }} }}")?;
        }
        writeln!(out, " }}")?;
    }
    writeln!(out, "project_groups:")?;
    for group in &organization.groups {
        let keys: Vec<&str> = group.projects.iter().map(|project| &*organization.projects[*project].key).collect();
        writeln!(out, "  {}: [{}]", group.key, keys.join(", "))?;
    }
    Ok(())
}

fn write_start(section: &str, out: &mut Vec<u8>) -> io::Result<()> {
    writeln!(out, "version: 1\norg: {}\n{section}:", ORGANIZATION.0)
}

fn write_users(users: &[User], out: &mut Vec<u8>) -> io::Result<()> {
    write_start("users", out)?;
    // A file is sorted, as people keep it; the files follow the order in which people came.
    let mut users: Vec<&User> = users.iter().collect();
    users.sort_unstable_by_key(|user| &*user.email);
    for User { email, name, role, is_invited: _ } in users {
        match name {
            Some(name) => writeln!(out, "  {email}: {{ role: {role}, name: {name} }}")?,
            None => writeln!(out, "  {email}: {role}")?,
        }
    }
    Ok(())
}

fn write_teams(organization: &Organization, teams: &[Team], out: &mut Vec<u8>) -> io::Result<()> {
    write_start("teams", out)?;
    for team in teams {
        writeln!(out, "  {}:\n    name: {}", team.key, team.name)?;
        if team.members.is_empty() {
            writeln!(out, "    members: []")?;
        } else {
            writeln!(out, "    members:")?;
        }
        for member in &team.members {
            writeln!(out, "      - {}", organization.users[*member].email)?;
        }
        writeln!(out, "    projects:")?;
        for (reach, role) in &team.roles {
            match reach {
                Reach::Project(project) => writeln!(out, "      {}: {role}", organization.projects[*project].key)?,
                Reach::Group(group) => writeln!(out, "      \"@{}\": {role}", organization.groups[*group].key)?,
            }
        }
    }
    Ok(())
}

fn write_grants(organization: &Organization, grants: &[Grant], out: &mut Vec<u8>) -> io::Result<()> {
    write_start("grants", out)?;
    for Grant { user, reach, role, ticket } in grants {
        let project = match reach {
            Reach::Project(project) => organization.projects[*project].key.clone(),
            Reach::Group(group) => format!("\"@{}\"", organization.groups[*group].key),
        };
        let email = &organization.users[*user].email;
        write!(out, "  - {{ user: {email}, project: {project}, role: {role}, reason: covers for a colleague")?;
        match ticket {
            Some(ticket) => writeln!(out, ", ticket: OPS-{ticket} }}")?,
            None => writeln!(out, " }}")?,
        }
    }
    Ok(())
}

/// Writes all that the configuration says as one JSON document into the file `path`.
///
/// # Errors
/// Those of the file system.
pub(crate) fn write_json(organization: &Organization, path: &Path) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    let (key, id) = ORGANIZATION;
    write!(out, r#"{{"version":1,"org":{{"key":"{key}","id":{id},"name":"Acme","domains":["acme.test"],"#)?;
    writeln!(out, r#""backend":{{"type":"local","state":"{STORE}","seed":"{SEED}"}}}},"projects":{{"#)?;
    list(&mut out, &organization.projects, |project, out| {
        write!(out, r#""{}":{{"id":{},"name":"{}""#, project.key, project.id, project.name)?;
        write!(out, r#","environment":"{}""#, project.environment)?;
        if let Some(role) = project.everyone {
            write!(out, r#","everyone":"{role}""#)?;
        }
        if project.has_steward {
            write!(out, r#","roles":{{"{STEWARD}":{{"like":"analyst"}}}}"#)?;
        }
        write!(out, "}}")
    })?;
    writeln!(out, r#"}},"project_groups":{{"#)?;
    list(&mut out, &organization.groups, |group, out| {
        write!(out, r#""{}":["#, group.key)?;
        list(out, &group.projects, |project, out| write!(out, r#""{}""#, organization.projects[*project].key))?;
        write!(out, "]")
    })?;
    writeln!(out, r#"}},"users":{{"#)?;
    list(&mut out, &organization.users, |User { email, name, role, is_invited: _ }, out| match name {
        Some(name) => write!(out, r#""{email}":{{"role":"{role}","name":"{name}"}}"#),
        None => write!(out, r#""{email}":"{role}""#),
    })?;
    writeln!(out, r#"}},"teams":{{"#)?;
    list(&mut out, &organization.teams, |team, out| {
        write!(out, r#""{}":{{"name":"{}","members":["#, team.key, team.name)?;
        list(out, &team.members, |member, out| write!(out, r#""{}""#, organization.users[*member].email))?;
        write!(out, r#"],"projects":{{"#)?;
        list(out, &team.roles, |(reach, role), out| write!(out, r#""{}":"{role}""#, name_of(organization, *reach)))?;
        write!(out, "}}}}")
    })?;
    writeln!(out, r#"}},"grants":["#)?;
    list(&mut out, &organization.grants, |Grant { user, reach, role, ticket }, out| {
        let (email, project) = (&organization.users[*user].email, name_of(organization, *reach));
        write!(out, r#"{{"user":"{email}","project":"{project}","role":"{role}","reason":"covers for a colleague""#)?;
        match ticket {
            Some(ticket) => write!(out, r#","ticket":"OPS-{ticket}"}}"#),
            None => write!(out, "}}"),
        }
    })?;
    writeln!(out, "]}}")?;
    out.flush()
}

fn name_of(organization: &Organization, reach: Reach) -> String {
    match reach {
        Reach::Project(project) => organization.projects[project].key.clone(),
        Reach::Group(group) => format!("@{}", organization.groups[group].key),
    }
}

fn list<T, W: Write>(
    out: &mut W,
    items: &[T],
    mut write_item: impl FnMut(&T, &mut W) -> io::Result<()>,
) -> io::Result<()> {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            writeln!(out, ",")?;
        }
        write_item(item, out)?;
    }
    Ok(())
}
