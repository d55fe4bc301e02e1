//! Changes an organization by requests of the catalogue.
//!
//! A request is sent only for what was read before: ids, roles and people by the names that the service itself uses
//! for them. What became of a request is known by its own flag here, and by reading everything again afterwards.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::problem::Problem;
use super::read::{Ids, Reading};
use super::transport::Transport;
use super::wire;
use crate::backend::{BackendError, LiveWriter};
use crate::catalogue::{Field, Fields, Operation};
use crate::change::{Change, Misfit};
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, TeamName};

/// Changes an organization on the service.
#[derive(Debug)]
pub struct MixpanelWriter<'t, 'a> {
    transport: &'t Transport<'a>,
    ids: Ids,
    /// The org roles that the service was read to use.
    org_roles: BTreeSet<String>,
}

impl<'t, 'a> MixpanelWriter<'t, 'a> {
    /// A writer for the organization as it was read by `reading`.
    pub fn new(transport: &'t Transport<'a>, reading: &Reading) -> Self {
        Self { transport, ids: reading.ids.clone(), org_roles: reading.org_roles.clone() }
    }

    /// The values of the request for `change`.
    fn fields(&self, operation: Operation, change: &Change) -> Result<Fields, BackendError> {
        let catalogue = &self.transport.settings().catalogue;
        let mut needed = catalogue.path(operation).fields();
        needed.extend(catalogue.body(operation).map_or_else(Vec::new, |body| body.fields()));
        let mut fields = Fields::default();
        for field in needed {
            fields = match field {
                // The transport adds it.
                Field::Org => fields,
                Field::Project => match change.project() {
                    Some(project) => fields.with(field, project.get()),
                    None => fields,
                },
                Field::Team => match live_team(change) {
                    Some(team) => fields.with(field, team.as_str()),
                    None => fields,
                },
                Field::TeamId => fields.with(field, self.team_id(change)?),
                Field::User => match change.user() {
                    Some(user) => fields.with(field, user.as_str()),
                    None => fields,
                },
                Field::UserId => fields.with(field, self.user_id(change)?),
                Field::Role => match self.role(change)? {
                    Some(role) => fields.with(field, role),
                    None => fields,
                },
                Field::Name => {
                    if let Change::RenameTeam { to, .. } = change {
                        fields.with(field, to.as_str())
                    } else {
                        fields
                    }
                }
            };
        }
        Ok(fields)
    }

    fn team_id(&self, change: &Change) -> Result<u64, Misfit> {
        let name = live_team(change);
        let known = name.and_then(|name| self.ids.teams.get(name)).copied();
        known.ok_or_else(|| Misfit::Missing(name.map_or("the team".to_owned(), |name| format!("team `{name}`"))))
    }

    fn user_id(&self, change: &Change) -> Result<u64, Misfit> {
        let name = change.user();
        // The id of an invitation may stand for that of its user (dossier P2).
        let id = |user: &Email| self.ids.users.get(user).or_else(|| self.ids.invitations.get(user)).copied();
        let missing = || name.map_or("the user".to_owned(), |name| format!("the service's id of `{name}`"));
        name.and_then(id).ok_or_else(|| Misfit::Missing(missing()))
    }

    /// The role that the change gives or takes, as the service writes it.
    fn role(&self, change: &Change) -> Result<Option<String>, BackendError> {
        match change {
            Change::InviteUser { role, .. } | Change::SetOrgRole { to: role, .. } => self.org_role(*role).map(Some),
            Change::SetEveryone { project, to: role, .. }
            | Change::SetTeamRole { project, to: role, .. }
            | Change::SetGrant { project, to: role, .. }
            | Change::RemoveGrant { project, from: role, .. }
            | Change::RemoveTeamRole { project, from: role, .. }
            | Change::RemoveEveryone { project, from: role } => self.project_role(*project, role).map(Some),
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::AddTeamMember { .. }
            | Change::RemoveTeamMember { .. }
            | Change::DeleteTeam { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => Ok(None),
        }
    }

    /// How the service writes an org role. The texts for owner and admin are known from clients, those for the others
    /// are guesses (dossier 1.2): such a text is written only where it was read.
    fn org_role(&self, role: OrgRole) -> Result<String, BackendError> {
        let is_known = match role {
            OrgRole::Owner | OrgRole::Admin => true,
            OrgRole::BillingAdmin | OrgRole::Member => self.org_roles.contains(role.as_str()),
        };
        if is_known {
            return Ok(role.as_str().to_owned());
        }
        Err(BackendError::Failed {
            doing: format!("the org role `{role}` cannot be written"),
            source:
                "nobody in the organization was read to have it, so how the service calls it is not known; give it \
                     to one person by hand first"
                    .into(),
        })
    }

    fn project_role(&self, project: ProjectId, role: &ProjectRole) -> Result<String, BackendError> {
        match role {
            ProjectRole::BuiltIn(role) => Ok(role.as_str().to_owned()),
            ProjectRole::Custom(name) => {
                let known = self.ids.custom_roles.get(&(project, name.clone())).cloned();
                let missing = || Misfit::UnknownRole { project, role: name.to_string() };
                Ok(known.ok_or_else(missing)?)
            }
        }
    }

    /// Sends one request for `items`; for each item whether it was not there already, where the service says so.
    fn send(&self, operation: Operation, items: &[Fields]) -> Result<Vec<bool>, BackendError> {
        let sent = self.transport.block_on(async {
            let call = self.transport.call(operation, items, None)?;
            Ok::<_, Box<Problem>>(self.transport.send(&call).await?.each)
        });
        Ok(sent.map_err(|error| self.without_runtime(operation, error))??)
    }

    /// Reads the ids of teams again: the answer to making a team does not tell its id (dossier row 18).
    fn learn_teams(&mut self) -> Result<(), BackendError> {
        let operation = Operation::ListTeams;
        let read = self.transport.block_on(async {
            let call = self.transport.call(operation, &[], None)?;
            let accepted = self.transport.send(&call).await?;
            wire::rows::<wire::Team>(&accepted.results)
                .map_err(|(place, problem)| self.transport.shape_problem(&call, place, problem))
        });
        let teams = read.map_err(|error| self.without_runtime(operation, error))??;
        self.ids.teams = teams.iter().filter_map(|team| Some((TeamName::new(&team.name)?, team.id.0))).collect();
        Ok(())
    }

    fn without_runtime(&self, operation: Operation, error: std::io::Error) -> BackendError {
        let organization = self.transport.settings().organization;
        let doing = format!("cannot send `{}` for organization {organization}", operation.entry().name);
        BackendError::Failed { doing, source: error.into() }
    }

    /// Takes note of what a performed change does to the names of teams.
    fn remember(&mut self, change: &Change) {
        if let Change::RenameTeam { from, to } = change
            && let Some(id) = self.ids.teams.remove(from)
        {
            self.ids.teams.insert(to.clone(), id);
        }
    }
}

impl LiveWriter for MixpanelWriter<'_, '_> {
    fn perform(&mut self, change: &Change, now: Timestamp) -> Result<(), BackendError> {
        self.perform_together(&[change], now)?.into_iter().collect()
    }

    fn perform_together(
        &mut self,
        changes: &[&Change],
        _now: Timestamp,
    ) -> Result<Vec<Result<(), BackendError>>, BackendError> {
        let Some(first) = changes.first() else { return Ok(Vec::new()) };
        let kind = first.kind();
        let operation = Operation::of(kind);
        if !self.transport.settings().catalogue.can_request(kind) {
            return Err(BackendError::Failed {
                doing: format!("`{}` is not sent", operation.entry().name),
                source: "no such request is known surely enough, and `backend.unverified` does not vouch for it".into(),
            });
        }
        if operation == Operation::DeleteTeam || operation == Operation::CreateTeam {
            // Somebody may have made or renamed a team by hand since; an id must never hit another team.
            self.learn_teams()?;
        }
        let filled: Vec<Result<Fields, BackendError>> =
            changes.iter().map(|change| self.fields(operation, change)).collect();
        let items: Vec<Fields> = filled.iter().filter_map(|fields| fields.as_ref().ok().cloned()).collect();
        if items.is_empty() {
            return Ok(filled.into_iter().map(|fields| fields.map(drop)).collect());
        }
        let mut each = self.send(operation, &items)?.into_iter();
        let results = changes.iter().zip(filled).map(|(change, fields)| {
            fields?;
            // The service says so only of some operations.
            if each.next().unwrap_or(true) { Ok(()) } else { Err(exists(change).into()) }
        });
        let results: Vec<Result<(), BackendError>> = results.collect();
        for (change, result) in changes.iter().zip(&results) {
            if result.is_ok() {
                self.remember(change);
            }
        }
        if operation == Operation::CreateTeam {
            self.learn_teams()?;
        }
        Ok(results)
    }
}

/// The team that a change is about, as it is called before the change.
fn live_team(change: &Change) -> Option<&TeamName> {
    if let Change::RenameTeam { from, .. } = change { Some(from) } else { change.team() }
}

/// What a change would make and is there already.
fn exists(change: &Change) -> Misfit {
    match (change.user(), change.team()) {
        (Some(user), _) => Misfit::Exists(format!("user `{user}`")),
        (None, Some(team)) => Misfit::Exists(format!("team `{team}`")),
        (None, None) => Misfit::Exists("it".to_owned()),
    }
}
