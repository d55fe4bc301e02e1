//! Who the account is, and what there is: rows 1, 4 and 28.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::{MADE, Organization, digest, role_id};
use crate::model::OrgRole;
use crate::serve::answer::{Answer, Refusal};
use crate::serve::request::Call;

/// The time zone of every project: the store knows none.
const TIMEZONE: &str = "US/Pacific";

/// Whether an account of this org role has a role on every project. Others see none: the account has no grants.
pub(in crate::serve) fn sees_projects(role: &OrgRole) -> bool {
    role.on_every_project().is_some()
}

/// Row 1: who am I, and which organization and projects do I see? (example A)
pub(in crate::serve) fn me(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    #[derive(Serialize)]
    struct Project<'a> {
        name: &'a str,
        organization_id: u64,
        domain: &'a str,
        timezone: &'static str,
        has_workspaces: bool,
    }
    let state = organization.state();
    let (id, name) = (state.organization.id.get(), &state.organization.name);
    let seen = || state.projects.iter().filter(|_| sees_projects(&call.role));
    let projects: BTreeMap<String, Project<'_>> = seen()
        .map(|(project, found)| {
            let about = Project {
                name: &found.name,
                organization_id: id,
                domain: call.address,
                timezone: TIMEZONE,
                has_workspaces: true,
            };
            (project.to_string(), about)
        })
        .collect();
    let workspaces: BTreeMap<String, Value> = seen()
        .map(|(project, _)| {
            let workspace = number(&format!("workspace {project}"));
            let about = json!({ "id": workspace, "name": "All Project Data", "project_id": project.get(),
                "is_default": true });
            (workspace.to_string(), about)
        })
        .collect();
    Answer::ok(&json!({
        "user_id": number(&format!("account {}", call.account)),
        "user_email": call.account,
        "user_name": call.account,
        "organizations": { id.to_string(): { "id": id, "name": name, "role": call.role.as_str(), "permissions": [] } },
        "projects": projects,
        "workspaces": workspaces,
    }))
}

/// Row 4: the projects, with secrets, which are made up here.
pub(in crate::serve) fn projects(organization: &mut Organization, _: &Call<'_>) -> Result<Answer, Refusal> {
    #[derive(Serialize)]
    struct Project<'a> {
        id: u64,
        name: &'a str,
        token: String,
        api_key: String,
        api_secret: String,
        url: String,
        timezone_name: &'static str,
    }
    let secret = |of: &str, id: u64| digest(&format!("{of} of project {id}")).split_off(32);
    let projects = organization.state().projects.iter().map(|(id, project)| Project {
        id: id.get(),
        name: &project.name,
        token: secret("token", id.get()),
        api_key: secret("api_key", id.get()),
        api_secret: secret("api_secret", id.get()),
        url: format!("/project/{id}"),
        timezone_name: TIMEZONE,
    });
    Answer::ok(&projects.collect::<Vec<_>>())
}

/// Row 28: the custom roles of a project.
pub(in crate::serve) fn custom_roles(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let project = organization.project(call.project()?.get())?;
    let roles = organization.state().projects.get(&project).into_iter().flat_map(|found| &found.roles);
    let roles = roles.map(|name| {
        json!({
            "role_id": role_id(project, name),
            "name": name.as_str(),
            "description": "",
            "permissions": [],
            "is_default": false,
            "project_id": project.get(),
            "created": MADE,
            "modified": MADE,
            "created_by_user_id": null,
        })
    });
    Answer::ok(&roles.collect::<Vec<_>>())
}

/// A number that follows from a text: an id that the store does not have.
fn number(text: &str) -> u64 {
    // Ten hexadecimal digits end far below the largest number that JSON keeps exactly.
    u64::from_str_radix(&digest(text)[..10], 16).unwrap_or_default()
}
