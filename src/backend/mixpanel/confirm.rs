//! Whether changes that the service said were done have taken effect, found out by as few reads as tell it.
//!
//! An answer is no proof: the forms of most answers are not known (dossier 3.3, 3.4 and 3.10). Before something is taken
//! that a change of the same run should replace, that change is looked for.

use std::collections::{BTreeMap, BTreeSet};

use super::merge::Source;
use super::problem::Problem;
use super::wire;
use super::write::MixpanelWriter;
use crate::catalogue::{Field, Fields, Operation};
use crate::change::Change;
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, TeamName};

/// Which lists tell of a change.
#[derive(Default)]
struct Wanted {
    people: bool,
    teams: bool,
    projects: BTreeSet<ProjectId>,
}

impl Wanted {
    fn add(&mut self, change: &Change) {
        match change {
            Change::InviteUser { .. }
            | Change::SetOrgRole { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => self.people = true,
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::DeleteTeam { .. }
            | Change::AddTeamMember { .. }
            | Change::RemoveTeamMember { .. }
            | Change::SetTeamRole { .. }
            | Change::RemoveTeamRole { .. } => self.teams = true,
            Change::SetEveryone { project, .. }
            | Change::RemoveEveryone { project, .. }
            | Change::SetGrant { project, .. }
            | Change::RemoveGrant { project, .. } => drop(self.projects.insert(*project)),
        }
    }
}

/// What was read.
#[derive(Default)]
struct Lists {
    users: Vec<wire::User>,
    /// What invitations hold of teams and projects counts beside what these show.
    invitations: Vec<wire::Invitation>,
    teams: Vec<wire::Team>,
    granted: BTreeMap<ProjectId, Vec<wire::Granted<'static>>>,
}

impl MixpanelWriter<'_, '_> {
    /// For each of `changes`, whether the live side shows it.
    pub(super) async fn shown(&self, changes: &[&Change]) -> Result<Vec<bool>, Box<Problem>> {
        let mut wanted = Wanted::default();
        changes.iter().for_each(|change| wanted.add(change));
        let mut lists = Lists::default();
        if self.may_list_invitations() {
            lists.invitations = self.list(Operation::ListInvitations).await?;
        }
        if wanted.people {
            lists.users = self.list(Operation::ListUsers).await?;
        }
        if wanted.teams {
            lists.teams = self.list(Operation::ListTeams).await?;
        }
        for project in wanted.projects {
            lists.granted.insert(project, self.granted(project).await?);
        }
        Ok(changes.iter().map(|change| self.is_shown(change, &lists)).collect())
    }

    async fn granted(&self, project: ProjectId) -> Result<Vec<wire::Granted<'static>>, Box<Problem>> {
        let fields = Fields::default().with(Field::Project, project.get());
        let call = self.transport().call(Operation::ListGrants, &[fields], self.region(project))?;
        let accepted = self.transport().send(&call).await?;
        let rows: Vec<wire::Granted<'_>> = wire::rows(&accepted.results)
            .map_err(|(place, problem)| self.transport().shape_problem(&call, place, problem))?;
        Ok(rows.into_iter().map(wire::Granted::into_owned).collect())
    }

    fn is_shown(&self, change: &Change, lists: &Lists) -> bool {
        let team = |name: &TeamName| {
            let id = self.known_team(name);
            lists.teams.iter().find(|row| id == Some(row.id.0) || TeamName::new(&row.name).as_ref() == Some(name))
        };
        let is_member = |name: &TeamName, user: &Email| {
            team(name).is_some_and(|team| {
                let invited = lists.invitations.iter().filter(|row| is(user, &row.email));
                team.users.iter().any(|member| is(user, &member.email))
                    || invited.flat_map(|row| &row.teams).any(|listed| listed.id == team.id)
            })
        };
        let on_team = |name: &TeamName, project: &ProjectId| {
            let roles = team(name).into_iter().flat_map(|team| &team.projects);
            roles.filter(|role| role.id.0 == project.get()).map(|role| role.role.as_str()).next()
        };
        let granted = |project: &ProjectId, source: Source| {
            let rows = lists.granted.get(project).into_iter().flatten();
            rows.filter(move |row| row.source() == source)
        };
        let has_role = |project: &ProjectId, role: &ProjectRole, written: &str| {
            written.trim() == role.as_str() || self.project_role(*project, role).is_ok_and(|text| text == written)
        };
        // Of an invited person the invitation may hold what the project shows later.
        let held = |user: &Email, project: &ProjectId| {
            let invited = lists.invitations.iter().filter(|row| is(user, &row.email));
            let roles: Vec<&str> = invited
                .flat_map(|row| &row.projects)
                .filter(|on| on.id.0 == project.get())
                .map(|on| on.role.as_str())
                .chain(granted(project, Source::Individual).filter_map(|row| {
                    row.email.as_deref().filter(|email| is(user, email))?;
                    row.role.as_deref()
                }))
                .collect();
            roles
        };
        let org_role = |user: &Email| {
            let joined = lists.users.iter().map(|row| (row.email.as_str(), row.role.as_str()));
            let invited = lists.invitations.iter().map(|row| (row.email.as_str(), row.role.as_str()));
            joined.chain(invited).find(|(email, _)| is(user, email)).map(|(_, role)| role)
        };
        match change {
            Change::InviteUser { user, .. } => org_role(user).is_some(),
            Change::SetOrgRole { user, to, .. } => org_role(user).is_some_and(|written| self.is_org_role(to, written)),
            Change::CancelInvite { user } | Change::RemoveUser { user } => org_role(user).is_none(),
            // By the name alone: the id of a renamed team is there with the old name too.
            Change::CreateTeam { team: name } | Change::RenameTeam { to: name, .. } => {
                lists.teams.iter().any(|row| TeamName::new(&row.name).as_ref() == Some(name))
            }
            Change::DeleteTeam { team: name } => team(name).is_none(),
            Change::AddTeamMember { team: name, user } => is_member(name, user),
            Change::RemoveTeamMember { team: name, user } => !is_member(name, user),
            Change::SetTeamRole { team: name, project, to, .. } => {
                on_team(name, project).is_some_and(|written| has_role(project, to, written))
            }
            Change::RemoveTeamRole { team: name, project, .. } => on_team(name, project).is_none(),
            Change::SetGrant { user, project, to, .. } => {
                held(user, project).iter().any(|written| has_role(project, to, written))
            }
            Change::RemoveGrant { user, project, .. } => held(user, project).is_empty(),
            Change::SetEveryone { project, to, .. } => granted(project, Source::Everyone)
                .any(|row| row.role.as_deref().is_some_and(|written| has_role(project, to, written))),
            Change::RemoveEveryone { project, .. } => granted(project, Source::Everyone).next().is_none(),
        }
    }

    fn is_org_role(&self, role: &OrgRole, written: &str) -> bool {
        let catalogue = &self.transport().settings().catalogue;
        catalogue.org_role(written).as_ref() == Some(role) || catalogue.org_role_text(role) == written
    }
}

/// Whether `written` is the address of `user`.
fn is(user: &Email, written: &str) -> bool {
    Email::canonical(written).is_ok_and(|address| address == user.as_str())
}
