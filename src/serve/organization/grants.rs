//! Individual grants and default roles of projects: rows 14 and 15, P8 to P10.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::{Edit, Organization, refuse_above, role_text};
use crate::change::Change;
use crate::model::{Email, TeamName};
use crate::serve::answer::{Answer, Refusal};
use crate::serve::request::Call;
use crate::serve::wire;

/// Row 14: sets roles of users on projects; a role that is there already is replaced. An address that is no user of the
/// organization is refused: whether the service would invite it is not known.
pub(in crate::serve) fn add(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::AddUsersToProjects { projects } = wire::read(call.body)?;
    let mut wanted = BTreeMap::new();
    for project in projects {
        let id = organization.project(project.id.number()?)?;
        for user in project.users {
            let email = wire::email(&user.email)?;
            organization.user(&email)?;
            let role = organization.role(id, &user.role)?;
            refuse_above(&call.role, &role)?;
            wanted.insert((email, id), role);
        }
    }
    let mut edits = Vec::new();
    for (key, to) in wanted {
        let from = organization.state().grants.get(&key).cloned();
        if let Some(from) = &from {
            refuse_above(&call.role, from)?;
        }
        if from.as_ref() != Some(&to) {
            let (user, project) = key;
            edits.push(Edit::Change(Change::SetGrant { user, project, from, to }));
        }
    }
    organization.commit(&edits, call.now)?;
    Answer::success()
}

/// P8: withdraws individual grants. One that is not there is withdrawn already.
pub(in crate::serve) fn remove(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::DeleteUsersFromProjects { projects } = wire::read(call.body)?;
    let mut taken = BTreeMap::new();
    for project in projects {
        let id = organization.project(project.id.number()?)?;
        for user in project.users {
            let email = wire::email(&user.email)?;
            organization.user(&email)?;
            let key = (email, id);
            if let Some(from) = organization.state().grants.get(&key).cloned() {
                refuse_above(&call.role, &from)?;
                taken.insert(key, from);
            }
        }
    }
    let edits =
        taken.into_iter().map(|((user, project), from)| Edit::Change(Change::RemoveGrant { user, project, from }));
    organization.commit(&edits.collect::<Vec<_>>(), call.now)?;
    Answer::success()
}

/// P9: sets default roles of projects.
pub(in crate::serve) fn set_everyone(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::AddDefaultAccess { projects } = wire::read(call.body)?;
    let mut wanted = BTreeMap::new();
    for project in projects {
        let id = organization.project(project.id.number()?)?;
        let role = organization.role(id, &project.role)?;
        refuse_above(&call.role, &role)?;
        wanted.insert(id, role);
    }
    let mut edits = Vec::new();
    for (project, to) in wanted {
        let from = organization.state().projects.get(&project).and_then(|found| found.everyone.clone());
        if let Some(from) = &from {
            refuse_above(&call.role, from)?;
        }
        if from.as_ref() != Some(&to) {
            edits.push(Edit::Change(Change::SetEveryone { project, from, to }));
        }
    }
    organization.commit(&edits, call.now)?;
    Answer::success()
}

/// P10: withdraws default roles of projects. One that is not there is withdrawn already.
pub(in crate::serve) fn remove_everyone(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::ProjectIds { ids } = wire::read(call.body)?;
    let mut edits = Vec::new();
    for id in wire::numbers(&ids)?.into_iter().collect::<BTreeSet<_>>() {
        let project = organization.project(id)?;
        let live = organization.state().projects.get(&project).and_then(|found| found.everyone.clone());
        if let Some(from) = live {
            refuse_above(&call.role, &from)?;
            edits.push(Edit::Change(Change::RemoveEveryone { project, from }));
        }
    }
    organization.commit(&edits, call.now)?;
    Answer::success()
}

/// A team as row 15 names it.
#[derive(Serialize)]
struct Team<'a> {
    id: u64,
    name: &'a str,
}

/// One item of row 15: one person and one source of access.
#[derive(Serialize)]
struct Granted<'a> {
    id: Option<u64>,
    email: Option<&'a str>,
    name: Option<String>,
    role: String,
    target_type: &'static str,
    team: Option<Team<'a>>,
    invited: bool,
    access_request: bool,
}

/// Row 15: who has which role on a project, and from where (fields of 3.10). Pending people only where the query asks
/// for them.
pub(in crate::serve) fn list(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let id = organization.project(call.project()?.get())?;
    let with_invited = call.query("include_invited_users") == Some("true");
    organization.make_index();
    let organization = &*organization;
    let (state, index) = (organization.state(), organization.index.as_ref());
    let item = |email: &'_ Email, role: String, target_type, team: Option<&TeamName>| {
        let invited = state.users.get(email).is_some_and(|user| user.status.is_invited());
        (with_invited || !invited).then(|| Granted {
            id: Some(organization.user_id(email)),
            email: state.users.get_key_value(email).map(|(email, _)| email.as_str()),
            name: Some(organization.name(email)),
            role,
            target_type,
            team: team
                .and_then(|team| state.teams.get_key_value(team))
                .map(|(name, _)| Team { id: organization.team_id(name), name }),
            invited,
            access_request: false,
        })
    };
    let mut items = Vec::new();
    if let Some(index) = index {
        for (email, role) in &index.everywhere {
            items.extend(item(email, role.as_str().to_owned(), "organization", None));
        }
        for (email, role) in index.grants.get(&id).into_iter().flatten() {
            items.extend(item(email, role_text(id, role), "individual", None));
        }
        for (team, role) in index.teams.get(&id).into_iter().flatten() {
            for email in state.teams.get(team).into_iter().flat_map(|team| &team.members) {
                items.extend(item(email, role_text(id, role), "team", Some(team)));
            }
        }
    }
    if let Some(role) = state.projects.get(&id).and_then(|project| project.everyone.as_ref()) {
        items.push(Granted {
            id: None,
            email: None,
            name: None,
            role: role_text(id, role),
            target_type: "all_users",
            team: None,
            invited: false,
            access_request: false,
        });
    }
    Answer::ok(&items)
}
