//! Teams: rows 16 to 21, P11 and P12.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::json;

use super::{Edit, Organization, refuse_above, role_text};
use crate::change::Change;
use crate::model::{ProjectRole, TeamName};
use crate::serve::answer::{Answer, Refusal};
use crate::serve::request::Call;
use crate::serve::wire;

/// Row 16, with the members of 3.10.
pub(in crate::serve) fn list(organization: &mut Organization, _: &Call<'_>) -> Result<Answer, Refusal> {
    #[derive(Serialize)]
    struct Role {
        id: u64,
        role: String,
    }
    #[derive(Serialize)]
    struct User<'a> {
        id: u64,
        email: &'a str,
    }
    #[derive(Serialize)]
    struct Team<'a> {
        id: u64,
        name: &'a str,
        projects: Vec<Role>,
        users: Vec<User<'a>>,
        service_accounts: [(); 0],
    }
    let teams = organization.state().teams.iter().map(|(name, team)| Team {
        id: organization.team_id(name),
        name,
        projects: team.roles.iter().map(|(id, role)| Role { id: id.get(), role: role_text(*id, role) }).collect(),
        users: team.members.iter().map(|email| User { id: organization.user_id(email), email }).collect(),
        service_accounts: [],
    });
    Answer::ok(&teams.collect::<Vec<_>>())
}

/// Row 18: makes teams; one that is there already stays, with `created` false and status 200.
pub(in crate::serve) fn create(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::AddTeams { names } = wire::read(call.body)?;
    let (mut edits, mut answers, mut new) = (Vec::new(), Vec::new(), BTreeSet::new());
    for name in names {
        let team = team_name(&name)?;
        let created = !organization.state().teams.contains_key(&team) && new.insert(team.clone());
        answers.push(json!({ "name": team.as_str(), "created": created }));
        if created {
            edits.push(Edit::Change(Change::CreateTeam { team }));
        }
    }
    organization.commit(&edits, call.now)?;
    Answer::ok(&answers)
}

/// Row 19: gives a team another name.
pub(in crate::serve) fn rename(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::UpdateTeam { name } = wire::read(call.body)?;
    let to = team_name(&name)?;
    let from = organization.team_by_id(call.number("tid")?)?.clone();
    if from != to {
        if organization.state().teams.contains_key(&to) {
            return Err(Refusal::Malformed(format!("there is a team {to:?} already")));
        }
        organization.commit(&[Edit::Change(Change::RenameTeam { from, to })], call.now)?;
    }
    Answer::updated()
}

/// Row 20: deletes teams.
pub(in crate::serve) fn delete(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::DeleteTeams { ids } = wire::read(call.body)?;
    let mut teams = BTreeSet::new();
    for id in wire::numbers(&ids)? {
        teams.insert(organization.team_by_id(id)?.clone());
    }
    let edits: Vec<_> = teams.into_iter().map(|team| Edit::Change(Change::DeleteTeam { team })).collect();
    organization.commit(&edits, call.now)?;
    Answer::success()
}

/// Row 17: sets roles of teams on projects; a role that is there already is replaced.
pub(in crate::serve) fn set_roles(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::AddProjectsToTeams { teams, add_default_projects } = wire::read(call.body)?;
    if add_default_projects {
        return Err(Refusal::Malformed("add_default_projects is not rehearsed: send false".to_owned()));
    }
    let mut wanted = BTreeMap::new();
    for team in teams {
        let name = organization.team_by_id(team.id.number()?)?.clone();
        for granted in team.projects {
            let project = organization.project(granted.id.number()?)?;
            let role = organization.role(project, &granted.role)?;
            refuse_above(&call.role, &role)?;
            wanted.insert((name.clone(), project), role);
        }
    }
    let mut edits = Vec::new();
    for ((team, project), to) in wanted {
        let from = live_role(organization, &team, project);
        if let Some(from) = &from {
            refuse_above(&call.role, from)?;
        }
        if from.as_ref() != Some(&to) {
            edits.push(Edit::Change(Change::SetTeamRole { team, project, from, to }));
        }
    }
    organization.commit(&edits, call.now)?;
    Answer::success()
}

/// Row 21: takes projects from a team. One that the team does not have is taken already.
pub(in crate::serve) fn remove_roles(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::ProjectIds { ids } = wire::read(call.body)?;
    let ids = wire::numbers(&ids)?;
    let team = organization.team_by_id(call.number("tid")?)?.clone();
    let mut taken = BTreeMap::new();
    for id in ids {
        let project = organization.project(id)?;
        if let Some(from) = live_role(organization, &team, project) {
            refuse_above(&call.role, &from)?;
            taken.insert(project, from);
        }
    }
    let edits = taken.into_iter().map(|(project, from)| {
        let team = team.clone();
        Edit::Change(Change::RemoveTeamRole { team, project, from })
    });
    organization.commit(&edits.collect::<Vec<_>>(), call.now)?;
    Answer::success()
}

/// P11: adds people to teams, pending ones too. Who is a member already stays one.
pub(in crate::serve) fn add_members(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::AddUsersToTeams { teams } = wire::read(call.body)?;
    let mut new = BTreeSet::new();
    for team in teams {
        let name = organization.team_by_id(team.id.number()?)?.clone();
        for user in team.users {
            let email = wire::email(&user.email)?;
            organization.user(&email)?;
            if !organization.state().teams.get(&name).is_some_and(|team| team.members.contains(&email)) {
                new.insert((name.clone(), email));
            }
        }
    }
    let edits: Vec<_> =
        new.into_iter().map(|(team, user)| Edit::Change(Change::AddTeamMember { team, user })).collect();
    organization.commit(&edits, call.now)?;
    Answer::success()
}

/// P12: takes people out of a team. Who is no member is out already.
pub(in crate::serve) fn remove_members(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let wire::UserIds { ids } = wire::read(call.body)?;
    let ids = wire::numbers(&ids)?;
    let team = organization.team_by_id(call.number("tid")?)?.clone();
    let mut gone = BTreeSet::new();
    for id in ids {
        let (email, _) = organization.user_by_id(id)?;
        if organization.state().teams.get(&team).is_some_and(|team| team.members.contains(email)) {
            gone.insert(email.clone());
        }
    }
    let edits = gone.into_iter().map(|user| Edit::Change(Change::RemoveTeamMember { team: team.clone(), user }));
    organization.commit(&edits.collect::<Vec<_>>(), call.now)?;
    Answer::success()
}

fn live_role(organization: &Organization, team: &TeamName, project: crate::model::ProjectId) -> Option<ProjectRole> {
    organization.state().teams.get(team)?.roles.get(&project).cloned()
}

fn team_name(text: &str) -> Result<TeamName, Refusal> {
    TeamName::new(text).ok_or_else(|| Refusal::Malformed("a team needs a name".to_owned()))
}
