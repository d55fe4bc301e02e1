//! One change on the tables: what [`State::perform`](crate::model::State::perform) is on a state, with the same answers.
//!
//! A change touches a handful of rows by index, however large the organization is.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::tables::number;
use crate::change::{Change, Misfit, presuppose, replace_role, take_role};
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, TeamName};

/// Why a change was not performed.
pub(super) enum Refusal {
    /// It does not fit.
    Misfit(Misfit),
    /// The file cannot be read or written.
    Sql(rusqlite::Error),
}

impl From<Misfit> for Refusal {
    fn from(misfit: Misfit) -> Self {
        Self::Misfit(misfit)
    }
}

impl From<rusqlite::Error> for Refusal {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Performs `change` within the transaction that the caller has begun, and rolls back on an error.
pub(super) fn perform(sql: &Connection, change: &Change, now: Timestamp) -> Result<(), Refusal> {
    let run = |statement: &str, values: &[&dyn rusqlite::ToSql]| sql.prepare_cached(statement)?.execute(values);
    match change {
        Change::RenameTeam { from, to } => {
            if find_team(sql, to)?.is_some() {
                return Err(Misfit::Exists(format!("team `{to}`")).into());
            }
            let team = team(sql, from)?;
            run("UPDATE teams SET name = ?2 WHERE id = ?1", params![team, to.as_str()])?;
        }
        Change::CreateTeam { team } => {
            if find_team(sql, team)?.is_some() {
                return Err(Misfit::Exists(format!("team `{team}`")).into());
            }
            run("INSERT INTO teams (name) VALUES (?1)", params![team.as_str()])?;
        }
        Change::InviteUser { user, role } => {
            if find_user(sql, user)?.is_some() {
                return Err(Misfit::Exists(format!("user `{user}`")).into());
            }
            run(
                "INSERT INTO users (email, role, status, invited_at) VALUES (?1, ?2, 'invited', ?3)",
                params![user.as_str(), role.as_str(), now.to_string()],
            )?;
        }
        Change::SetOrgRole { user: email, from, to } => {
            let user = user(sql, email)?;
            presuppose(|| format!("the org role of `{email}`"), &user.role, from.as_str())?;
            if from == to {
                return Err(Misfit::NoEffect(format!("setting the org role of `{email}` to {to}")).into());
            }
            keep_an_owner(sql, email, &user)?;
            run("UPDATE users SET role = ?2 WHERE id = ?1", params![user.id, to.as_str()])?;
        }
        Change::SetEveryone { project, from, to } => {
            let live = everyone(sql, *project)?;
            role_exists(sql, *project, to)?;
            let what = || format!("the default role of project {project}");
            replace_role(what, live.as_ref(), from.as_ref(), to)?;
            run("UPDATE projects SET everyone = ?2 WHERE id = ?1", params![number(project.get()), to.as_str()])?;
        }
        Change::SetTeamRole { team: name, project, from, to } => {
            everyone(sql, *project)?;
            role_exists(sql, *project, to)?;
            let team = team(sql, name)?;
            let what = || format!("the role of team `{name}` on project {project}");
            replace_role(what, team_role(sql, team, *project)?.as_ref(), from.as_ref(), to)?;
            run(
                "INSERT INTO team_roles (team, project, role) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET role = excluded.role",
                params![team, number(project.get()), to.as_str()],
            )?;
        }
        Change::AddTeamMember { team: name, user: email } => {
            let user = user(sql, email)?;
            let team = team(sql, name)?;
            let added = run(
                "INSERT INTO team_members (team, user) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                params![team, user.id],
            )?;
            if added == 0 {
                return Err(Misfit::Exists(format!("`{email}` in team `{name}`")).into());
            }
        }
        Change::SetGrant { user: email, project, from, to } => {
            let user = user(sql, email)?;
            everyone(sql, *project)?;
            role_exists(sql, *project, to)?;
            let what = || format!("the grant of `{email}` on project {project}");
            replace_role(what, grant(sql, user.id, *project)?.as_ref(), from.as_ref(), to)?;
            run(
                "INSERT INTO grants (user, project, role) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET role = excluded.role",
                params![user.id, number(project.get()), to.as_str()],
            )?;
        }
        Change::RemoveGrant { user: email, project, from } => {
            let user = find_user(sql, email)?;
            let live = match &user {
                Some(user) => grant(sql, user.id, *project)?,
                None => None,
            };
            take_role(|| format!("the grant of `{email}` on project {project}"), live.as_ref(), from)?;
            let user = user.map(|user| user.id);
            run("DELETE FROM grants WHERE user = ?1 AND project = ?2", params![user, number(project.get())])?;
        }
        Change::RemoveTeamMember { team: name, user: email } => {
            let team = team(sql, name)?;
            let removed = run(
                "DELETE FROM team_members WHERE team = ?1 AND user = (SELECT id FROM users WHERE email = ?2)",
                params![team, email.as_str()],
            )?;
            if removed == 0 {
                return Err(Misfit::Missing(format!("`{email}` in team `{name}`")).into());
            }
        }
        Change::RemoveTeamRole { team: name, project, from } => {
            let team = team(sql, name)?;
            let live = team_role(sql, team, *project)?;
            take_role(|| format!("the role of team `{name}` on project {project}"), live.as_ref(), from)?;
            run("DELETE FROM team_roles WHERE team = ?1 AND project = ?2", params![team, number(project.get())])?;
        }
        Change::RemoveEveryone { project, from } => {
            let live = everyone(sql, *project)?;
            take_role(|| format!("the default role of project {project}"), live.as_ref(), from)?;
            run("UPDATE projects SET everyone = NULL WHERE id = ?1", params![number(project.get())])?;
        }
        Change::DeleteTeam { team: name } => {
            let team = team(sql, name)?;
            run("DELETE FROM teams WHERE id = ?1", params![team])?;
        }
        Change::CancelInvite { user: email } => {
            let user = user(sql, email)?;
            presuppose(|| format!("`{email}`"), &user.status, "invited")?;
            run("DELETE FROM users WHERE id = ?1", params![user.id])?;
        }
        Change::RemoveUser { user: email } => {
            let user = user(sql, email)?;
            presuppose(|| format!("`{email}`"), &user.status, "active")?;
            keep_an_owner(sql, email, &user)?;
            run("DELETE FROM users WHERE id = ?1", params![user.id])?;
        }
    }
    Ok(())
}

/// A row of `users`, as far as changes look at it.
struct UserRow {
    id: i64,
    role: String,
    status: String,
}

fn find_user(sql: &Connection, email: &Email) -> rusqlite::Result<Option<UserRow>> {
    sql.prepare_cached("SELECT id, role, status FROM users WHERE email = ?1")?
        .query_row([email.as_str()], |row| Ok(UserRow { id: row.get(0)?, role: row.get(1)?, status: row.get(2)? }))
        .optional()
}

fn user(sql: &Connection, email: &Email) -> Result<UserRow, Refusal> {
    find_user(sql, email)?.ok_or_else(|| Misfit::Missing(format!("user `{email}`")).into())
}

fn find_team(sql: &Connection, name: &TeamName) -> rusqlite::Result<Option<i64>> {
    sql.prepare_cached("SELECT id FROM teams WHERE name = ?1")?.query_row([name.as_str()], |row| row.get(0)).optional()
}

fn team(sql: &Connection, name: &TeamName) -> Result<i64, Refusal> {
    find_team(sql, name)?.ok_or_else(|| Misfit::Missing(format!("team `{name}`")).into())
}

/// The default role of a project, which must be there.
fn everyone(sql: &Connection, project: ProjectId) -> Result<Option<ProjectRole>, Refusal> {
    let found: Option<Option<String>> = sql
        .prepare_cached("SELECT everyone FROM projects WHERE id = ?1")?
        .query_row([number(project.get())], |row| row.get(0))
        .optional()?;
    match found {
        Some(role) => Ok(role.as_deref().and_then(ProjectRole::from_name)),
        None => Err(Misfit::Missing(format!("project {project}")).into()),
    }
}

fn role_exists(sql: &Connection, project: ProjectId, role: &ProjectRole) -> Result<(), Refusal> {
    let ProjectRole::Custom(name) = role else { return Ok(()) };
    let found = sql
        .prepare_cached("SELECT 1 FROM project_roles WHERE project = ?1 AND name = ?2")?
        .exists(params![number(project.get()), name.as_str()])?;
    if found { Ok(()) } else { Err(Misfit::UnknownRole { project, role: name.to_string() }.into()) }
}

fn team_role(sql: &Connection, team: i64, project: ProjectId) -> rusqlite::Result<Option<ProjectRole>> {
    role(sql, "SELECT role FROM team_roles WHERE team = ?1 AND project = ?2", team, project)
}

fn grant(sql: &Connection, user: i64, project: ProjectId) -> rusqlite::Result<Option<ProjectRole>> {
    role(sql, "SELECT role FROM grants WHERE user = ?1 AND project = ?2", user, project)
}

fn role(sql: &Connection, query: &str, of: i64, project: ProjectId) -> rusqlite::Result<Option<ProjectRole>> {
    let text: Option<String> =
        sql.prepare_cached(query)?.query_row(params![of, number(project.get())], |row| row.get(0)).optional()?;
    Ok(text.as_deref().and_then(ProjectRole::from_name))
}

/// Refuses to take the role of the last active owner.
fn keep_an_owner(sql: &Connection, email: &Email, user: &UserRow) -> Result<(), Refusal> {
    if user.role != OrgRole::Owner.as_str() || user.status != "active" {
        return Ok(());
    }
    // The condition is written as in the index `active_owners`, which answers it.
    let another = sql
        .prepare_cached("SELECT 1 FROM users WHERE role = 'owner' AND status = 'active' AND id <> ?1")?
        .exists([user.id])?;
    if another { Ok(()) } else { Err(Misfit::LastOwner(email.clone()).into()) }
}
