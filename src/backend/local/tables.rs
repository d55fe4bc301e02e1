//! A whole organization to and from the tables.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};

use crate::backend::Snapshot;
use crate::backend::assembly::Assembly;
use crate::model::{Email, Interner, ProjectId, ProjectRole, Status, User};

/// The tables, their constraints and triggers.
const SCHEMA: &str = include_str!("schema.sql");

/// Indexes beside the keys. They are made when the tables are full, which is much faster than one row at a time.
const INDEXES: &str = "
    CREATE INDEX active_owners ON users (id) WHERE role = 'owner' AND status = 'active';
    CREATE INDEX team_members_by_user ON team_members (user);
";

/// The numbers of users by their address.
#[expect(clippy::disallowed_types, reason = "looked up by text only, never iterated")]
type Numbers<'a> = std::collections::HashMap<&'a str, i64, foldhash::fast::RandomState>;

/// Makes the tables and fills them with a closed state.
pub(super) fn write(sql: &Connection, snapshot: &Snapshot) -> rusqlite::Result<()> {
    sql.execute_batch(SCHEMA)?;
    let Snapshot { taken_at: _, state, team_ids, acting: _, applied: _ } = snapshot;
    sql.execute(
        "INSERT INTO organization (one, id, name) VALUES (1, ?1, ?2)",
        params![number(state.organization.id.get()), state.organization.name],
    )?;
    let mut project_row = sql.prepare("INSERT INTO projects (id, name, everyone) VALUES (?1, ?2, ?3)")?;
    let mut role_row = sql.prepare("INSERT INTO project_roles (project, name) VALUES (?1, ?2)")?;
    for (id, project) in &state.projects {
        let id = number(id.get());
        project_row.execute(params![id, project.name, project.everyone.as_ref().map(ProjectRole::as_str)])?;
        for role in &project.roles {
            role_row.execute(params![id, role.as_str()])?;
        }
    }
    // Users are numbered in order, so that reading them by address walks the table.
    let mut user_row = sql.prepare(
        "INSERT INTO users (id, email, role, status, invited_at, last_active) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    let mut numbers = Numbers::default();
    for ((email, User { role, status, last_active }), id) in state.users.iter().zip(1_i64..) {
        let (status, invited_at) = match status {
            Status::Active => ("active", None),
            Status::Invited { at } => ("invited", at.map(|at| at.to_string())),
        };
        let last_active = last_active.map(|at| at.to_string());
        user_row.execute(params![id, email.as_str(), role.as_str(), status, invited_at, last_active])?;
        numbers.insert(email.as_str(), id);
    }
    // The state is closed, so every address is there; were one not, its row would be refused for having no user.
    let number_of = |email: &Email| numbers.get(email.as_str()).copied();
    let mut team_row = sql.prepare("INSERT INTO teams (id, name) VALUES (?1, ?2)")?;
    let mut member_row = sql.prepare("INSERT INTO team_members (team, user) VALUES (?1, ?2)")?;
    let mut team_role_row = sql.prepare("INSERT INTO team_roles (team, project, role) VALUES (?1, ?2, ?3)")?;
    // Teams with an id come first: the others then get numbers that none of them has.
    let (with_id, without_id): (Vec<_>, Vec<_>) =
        state.teams.iter().partition(|(name, _)| team_ids.contains_key(*name));
    for (name, team) in with_id.into_iter().chain(without_id) {
        team_row.execute(params![team_ids.get(name).copied().map(number), name.as_str()])?;
        let id = sql.last_insert_rowid();
        for member in &team.members {
            member_row.execute(params![id, number_of(member)])?;
        }
        for (project, role) in &team.roles {
            team_role_row.execute(params![id, number(project.get()), role.as_str()])?;
        }
    }
    let mut grant_row = sql.prepare("INSERT INTO grants (user, project, role) VALUES (?1, ?2, ?3)")?;
    for ((user, project), role) in &state.grants {
        grant_row.execute(params![number_of(user), number(project.get()), role.as_str()])?;
    }
    sql.execute_batch(INDEXES)
}

/// Reads everything. What is wrong with single rows is noted in the assembly.
pub(super) fn read<'n>(sql: &Connection, names: &'n mut Interner) -> rusqlite::Result<Assembly<'n>> {
    let mut assembly = Assembly::new(names);
    each(sql, "SELECT id, name FROM organization", |row| {
        assembly.organization(id(row, 0)?, text(row, 1)?.to_owned());
        Ok(())
    })?;
    read_projects(sql, &mut assembly)?;
    let users = read_users(sql, &mut assembly)?;
    read_teams(sql, &mut assembly, &users)?;
    each(sql, "SELECT user, project, role FROM grants ORDER BY user, project", |row| {
        let (user, project, role) = (row.get(0)?, id(row, 1)?, text(row, 2)?);
        match users.find(user) {
            Some(user) => assembly.grant(user.clone(), project, role),
            None => {
                assembly.problem(format!("a grant on project {project} is of user number {user}, who is not there"))
            }
        }
        Ok(())
    })?;
    Ok(assembly)
}

fn read_projects(sql: &Connection, assembly: &mut Assembly<'_>) -> rusqlite::Result<()> {
    let mut custom: Vec<(u64, String)> = Vec::new();
    each(sql, "SELECT project, name FROM project_roles ORDER BY project, name", |row| {
        custom.push((id(row, 0)?, text(row, 1)?.to_owned()));
        Ok(())
    })?;
    let mut custom = custom.as_slice();
    each(sql, "SELECT id, name, everyone FROM projects ORDER BY id", |row| {
        let project = id(row, 0)?;
        let start = custom.partition_point(|(of, _)| *of < project);
        let end = custom.partition_point(|(of, _)| *of <= project);
        let roles = custom.get(start..end).unwrap_or_default();
        custom = custom.get(end..).unwrap_or_default();
        let roles = roles.iter().map(|(_, name)| name.as_str());
        assembly.project(project, text(row, 1)?.to_owned(), optional_text(row, 2)?, roles);
        Ok(())
    })
}

/// Users by their numbers.
struct Numbered(Vec<(i64, Email)>);

impl Numbered {
    fn find(&self, number: i64) -> Option<&Email> {
        // Numbers are dense until somebody leaves, so the first look mostly succeeds.
        let (first, _) = self.0.first()?;
        let guess = usize::try_from(number.checked_sub(*first)?).ok().and_then(|at| self.0.get(at));
        match guess {
            Some((found, email)) if *found == number => Some(email),
            _ => {
                let at = self.0.binary_search_by_key(&number, |(known, _)| *known).ok()?;
                self.0.get(at).map(|(_, email)| email)
            }
        }
    }
}

fn read_users(sql: &Connection, assembly: &mut Assembly<'_>) -> rusqlite::Result<Numbered> {
    let mut users = Vec::new();
    each(sql, "SELECT id, email, role, status, invited_at, last_active FROM users ORDER BY email", |row| {
        let (number, email, role, status) = (row.get(0)?, text(row, 1)?, text(row, 2)?, text(row, 3)?);
        let invited_at = moment(assembly, email, optional_text(row, 4)?);
        let last_active = moment(assembly, email, optional_text(row, 5)?);
        let status = match status {
            "invited" => Status::Invited { at: invited_at },
            _ => Status::Active,
        };
        let Some(role) = assembly.org_role(email, role) else { return Ok(()) };
        if let Some(canonical) = assembly.user(email, User { role, status, last_active }) {
            if canonical.as_str() != email {
                assembly.problem(format!("user `{email}` must be written `{canonical}`"));
            }
            users.push((number, canonical));
        }
        Ok(())
    })?;
    users.sort_unstable_by_key(|(number, _)| *number);
    Ok(Numbered(users))
}

fn read_teams(sql: &Connection, assembly: &mut Assembly<'_>, users: &Numbered) -> rusqlite::Result<()> {
    let mut members: Vec<(i64, Email)> = Vec::new();
    each(sql, "SELECT team, user FROM team_members ORDER BY team, user", |row| {
        let (team, user) = (row.get(0)?, row.get(1)?);
        match users.find(user) {
            Some(user) => members.push((team, user.clone())),
            None => assembly.problem(format!("a member of team number {team} is user number {user}, who is not there")),
        }
        Ok(())
    })?;
    let mut roles: Vec<(i64, (ProjectId, ProjectRole))> = Vec::new();
    each(sql, "SELECT team, project, role FROM team_roles ORDER BY team, project", |row| {
        let team = row.get(0)?;
        if let Some(role) = assembly.role(|| format!("team number {team}"), id(row, 1)?, text(row, 2)?) {
            roles.push((team, role));
        }
        Ok(())
    })?;
    let (mut members, mut roles) = (members.into_iter().peekable(), roles.into_iter().peekable());
    each(sql, "SELECT id, name FROM teams ORDER BY id", |row| {
        let (team, name): (i64, _) = (row.get(0)?, text(row, 1)?);
        // All three lists are in the order of teams. What a list has before this team belongs to none.
        let orphan = members.peek().map(|(of, _)| *of).into_iter().chain(roles.peek().map(|(of, _)| *of));
        for of in orphan.filter(|of| *of < team) {
            assembly.problem(format!("team number {of} has members or roles and is not there"));
        }
        while members.next_if(|(of, _)| *of < team).is_some() {}
        while roles.next_if(|(of, _)| *of < team).is_some() {}
        let members = std::iter::from_fn(|| members.next_if(|(of, _)| *of == team)).map(|(_, user)| user).collect();
        let roles = std::iter::from_fn(|| roles.next_if(|(of, _)| *of == team)).map(|(_, role)| role).collect();
        assembly.team(Some(id(row, 0)?), name, members, roles);
        Ok(())
    })?;
    let orphan = members.next().map(|(of, _)| of).or(roles.next().map(|(of, _)| of));
    if let Some(of) = orphan {
        assembly.problem(format!("team number {of} has members or roles and is not there"));
    }
    Ok(())
}

fn moment(assembly: &mut Assembly<'_>, email: &str, text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    match text.parse() {
        Ok(moment) => Some(moment),
        Err(_) => {
            assembly
                .problem(format!("user `{email}` has the time `{text}`; expected one such as `2026-11-21T09:00:00Z`"));
            None
        }
    }
}

fn each(
    sql: &Connection,
    query: &str,
    mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    let mut statement = sql.prepare(query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        visit(row)?;
    }
    Ok(())
}

fn text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    Ok(row.get_ref(column)?.as_str()?)
}

fn optional_text<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<Option<&'r str>> {
    Ok(row.get_ref(column)?.as_str_or_null()?)
}

/// An id in a row; 0, which is none, for a negative number.
fn id(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
}

/// An id as SQLite keeps it. Ids end far below where the two kinds of numbers differ.
pub(super) fn number(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}
