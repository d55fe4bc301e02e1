//! Changes an organization by requests of the catalogue.
//!
//! A request is sent only for what was read before: ids, roles and people by the names that the service itself uses
//! for them. What became of a request is known by its own flag here, and by reading everything again afterwards.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::pacing::Company;
use super::parts::Parts;
use super::problem::Problem;
use super::read::{Ids, Reading};
use super::transport::Transport;
use super::wire;
use super::write_scim::ScimWriter;
use crate::backend::{BackendError, LiveWriter, Step};
use crate::catalogue::{Channel, Effect, Field, Fields, IdOf, Operation, Region};
use crate::change::{Change, ChangeKind, Misfit};
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, TeamName};
use crate::progress::Step as Progressing;

/// Changes an organization on the service.
#[derive(Debug)]
pub struct MixpanelWriter<'t, 'a> {
    transport: &'t Transport<'a>,
    ids: RefCell<Ids>,
    /// The org roles that the service was read to use.
    org_roles: BTreeSet<String>,
    parts: Parts,
    regions: BTreeMap<ProjectId, Region>,
    /// The teams that were in use when they were last read again.
    in_use: RefCell<BTreeSet<TeamName>>,
    /// Whether the ids of the teams are as they were read, but for what this writer did.
    teams_are_known: Cell<bool>,
    /// One request after the other: what the first one does is looked at before there is another.
    scim: Mutex<ScimWriter<'t, 'a>>,
}

impl<'t, 'a> MixpanelWriter<'t, 'a> {
    /// A writer for the organization as it was read by `reading`.
    pub fn new(transport: &'t Transport<'a>, reading: &Reading) -> Self {
        Self {
            transport,
            ids: RefCell::new(reading.ids.clone()),
            org_roles: reading.org_roles.clone(),
            parts: Parts::default(),
            regions: reading.regions.clone(),
            in_use: RefCell::default(),
            teams_are_known: Cell::new(true),
            scim: Mutex::new(ScimWriter::new(transport)),
        }
    }

    /// The values of the request for `change`.
    fn fields(&self, operation: Operation, change: &Change) -> Result<Fields, BackendError> {
        let mut fields = Fields::default();
        for field in self.transport.settings().catalogue.fields(operation) {
            fields = match field {
                // The transport adds it; those of SCIM stand in its own requests alone.
                Field::Org | Field::Start | Field::ScimUser | Field::ScimGroup | Field::ScimMember => fields,
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
                    Some(user) => fields.with(field, self.ids.borrow().spelling(user)),
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
        let known = name.and_then(|name| self.ids.borrow().teams.get(name).copied());
        known.ok_or_else(|| Misfit::Missing(name.map_or("the team".to_owned(), |name| format!("team `{name}`"))))
    }

    fn user_id(&self, change: &Change) -> Result<u64, Misfit> {
        let name = change.user();
        // The id of an invitation is that of another person if invitations are counted for themselves (dossier P2), so it
        // stands for the invitation alone.
        let ids = self.ids.borrow();
        let known = match Operation::of(change.kind()).entry().id_of {
            IdOf::Invitation => &ids.invitations,
            IdOf::Member => &ids.users,
        };
        let id = |user: &Email| known.get(user).copied();
        let missing = || name.map_or("the user".to_owned(), |name| format!("the service's id of `{name}`"));
        name.and_then(id).ok_or_else(|| Misfit::Missing(missing()))
    }

    /// The role that the change gives or takes, as the service writes it.
    fn role(&self, change: &Change) -> Result<Option<String>, BackendError> {
        match change {
            Change::InviteUser { role, .. } | Change::SetOrgRole { to: role, .. } => self.org_role(role).map(Some),
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

    /// How the service writes an org role. A text that no client is known to use is written only where it was read.
    fn org_role(&self, role: &OrgRole) -> Result<String, BackendError> {
        let catalogue = &self.transport.settings().catalogue;
        let text = catalogue.org_role_text(role);
        if catalogue.knows_org_role(role) || self.org_roles.contains(text) {
            return Ok(text.to_owned());
        }
        Err(BackendError::Failed {
            doing: format!("the org role `{role}` cannot be written"),
            source: format!(
                "nobody in the organization was read to have a role that the service writes `{text}`, so how it calls \
                 this one is not known; give it to one person by hand first, and correct `backend.org_roles` if the \
                 service writes it otherwise"
            )
            .into(),
        })
    }

    pub(super) fn transport(&self) -> &'t Transport<'a> {
        self.transport
    }

    /// The id of a team, as it was read.
    pub(super) fn known_team(&self, name: &TeamName) -> Option<u64> {
        self.ids.borrow().teams.get(name).copied()
    }

    /// The region of a project, where it is known.
    pub(super) fn region(&self, project: ProjectId) -> Option<Region> {
        self.regions.get(&project).copied()
    }

    pub(super) fn may_list_invitations(&self) -> bool {
        self.transport.settings().catalogue.may_send(Operation::ListInvitations)
    }

    pub(super) fn project_role(&self, project: ProjectId, role: &ProjectRole) -> Result<String, BackendError> {
        match role {
            ProjectRole::BuiltIn(role) => Ok(role.as_str().to_owned()),
            ProjectRole::Custom(name) => {
                let known = self.ids.borrow().custom_roles.get(&(project, name.clone())).cloned();
                known.ok_or_else(|| BackendError::Failed {
                    doing: format!("the role `{name}` of project {project} cannot be written"),
                    source:
                        "nobody was read to have it, so what stands for it in a request is not known; give it to one \
                             person or team by hand first"
                            .into(),
                })
            }
        }
    }

    /// Reads the ids of teams again.
    async fn learn_teams(&self) -> Result<(), Box<Problem>> {
        let teams = self.list::<wire::Team>(Operation::ListTeams).await?;
        let known = teams.iter().filter_map(|team| Some((TeamName::new(&team.name)?, team.id.0)));
        self.ids.borrow_mut().teams = known.collect();
        let in_use = teams.iter().filter(|team| team.is_in_use()).filter_map(|team| TeamName::new(&team.name));
        *self.in_use.borrow_mut() = in_use.collect();
        self.teams_are_known.set(true);
        Ok(())
    }

    /// Sends what is missing of a refused request one by one, where the request sends mail or makes something: a batch
    /// may be done in part although it is refused (dossier 4.4), so what is there by now is not asked for again. Where a part
    /// of a request that sends mail was done, its refusal says nothing of the rest, which a list may only not show yet:
    /// nobody of it gets what may be a second mail.
    async fn send_missing(
        &self,
        operation: Operation,
        items: &[Fields],
        refused: Box<Problem>,
    ) -> Result<Vec<Result<bool, Box<Problem>>>, Box<Problem>> {
        let Ok(Some(there)) = self.there(operation).await else { return Err(refused) };
        let is_there = |item: &Fields| there.contains(&key(operation, item.name().unwrap_or_default()));
        if operation.entry().effect == Effect::Mails && items.iter().any(is_there) {
            let mut doubtful = refused;
            doubtful.doubt();
            return Ok(items
                .iter()
                .map(|item| if is_there(item) { Ok(true) } else { Err(doubtful.clone()) })
                .collect());
        }
        let mut results: Vec<Result<bool, Box<Problem>>> = Vec::with_capacity(items.len());
        let mut is_over = false;
        for item in items {
            if is_there(item) {
                results.push(Ok(true));
                continue;
            }
            if is_over {
                results.push(Err(refused.clone()));
                continue;
            }
            let call = self.transport.call(operation, std::slice::from_ref(item), None)?;
            results.push(match self.transport.send(&call).await {
                Ok(accepted) => Ok(accepted.each.first().copied().unwrap_or(true)),
                Err(problem) => {
                    // Whatever is not a refusal of this one thing may meet the next as well.
                    is_over = !problem.cause.may_be_about_one();
                    Err(problem)
                }
            });
        }
        Ok(results)
    }

    /// What is there of the things that an operation makes; `None` where it makes nothing that can be read.
    async fn there(&self, operation: Operation) -> Result<Option<BTreeSet<String>>, Box<Problem>> {
        if operation == Operation::InviteUser {
            // Somebody who joins in between is in at least one of the lists.
            let invitations = self.list::<wire::Invitation>(Operation::ListInvitations).await?;
            let users = self.list::<wire::User>(Operation::ListUsers).await?;
            let emails = invitations.iter().map(|row| &row.email).chain(users.iter().map(|row| &row.email));
            return Ok(Some(emails.map(|email| key(operation, email)).collect()));
        }
        if operation == Operation::CreateTeam {
            self.learn_teams().await?;
            return Ok(Some(self.ids.borrow().teams.keys().map(|team| key(operation, team)).collect()));
        }
        Ok(None)
    }

    pub(super) async fn list<T: serde::de::DeserializeOwned>(
        &self,
        operation: Operation,
    ) -> Result<Vec<T>, Box<Problem>> {
        let call = self.transport.call(operation, &[], None)?;
        let accepted = self.transport.send(&call).await?;
        wire::rows(&accepted.results).map_err(|(place, problem)| self.transport.shape_problem(&call, place, problem))
    }

    /// Performs changes of one kind over one channel, in one request where the service takes all of them; what became of
    /// each.
    async fn perform_batch(
        &self,
        channel: Channel,
        batch: &[&Change],
    ) -> Result<Vec<Result<(), BackendError>>, BackendError> {
        let Some(kind) = batch.first().map(|change| change.kind()) else { return Ok(Vec::new()) };
        if channel == Channel::Scim {
            return self.scim.lock().await.perform(batch).await;
        }
        let operation = Operation::of(kind);
        let catalogue = &self.transport.settings().catalogue;
        if !catalogue.can_request(kind) {
            return Err(BackendError::Failed {
                doing: format!("`{}` is not sent", operation.entry().name),
                source: "no such request is known surely enough, and `backend.unverified` does not vouch for it".into(),
            });
        }
        if catalogue.fields(operation).contains(&Field::TeamId) {
            // Somebody may have renamed a team by hand since: what was deleted by its id would be another one.
            if kind == ChangeKind::DeleteTeam || !self.teams_are_known.get() {
                self.learn_teams().await?;
            }
        }
        let filled: Vec<Result<Fields, BackendError>> =
            batch.iter().map(|change| self.fields(operation, change)).collect();
        let items: Vec<Fields> = filled.iter().filter_map(|fields| fields.as_ref().ok().cloned()).collect();
        let (mut was_split, mut unread) = (false, None);
        let mut each = if items.is_empty() {
            Vec::new().into_iter()
        } else {
            let sent = match self.parts.send(self.transport, operation, &items).await {
                // Only where it is definite that the refused request did nothing.
                Err(problem) if items.len() > 1 && problem.cause.may_be_about_one() && problem.is_surely_undone() => {
                    was_split = true;
                    self.send_missing(operation, &items, problem).await
                }
                sent => sent,
            };
            let was_there = sent.as_ref().is_ok_and(|results| results.iter().any(|result| matches!(result, Ok(false))));
            if kind == ChangeKind::CreateTeam && was_there {
                unread = self.learn_teams().await.err();
            }
            if matches!(kind, ChangeKind::CreateTeam | ChangeKind::RenameTeam | ChangeKind::DeleteTeam) {
                self.scim.lock().await.forget_groups();
            }
            if kind == ChangeKind::CreateTeam {
                // The answer does not tell the id (dossier row 18), of a team that somebody else has made neither.
                self.teams_are_known.set(false);
            }
            sent?.into_iter()
        };
        let results = batch.iter().zip(filled).map(|(change, fields)| {
            fields?;
            let is_new = each.next().unwrap_or(Ok(true))?;
            if let (Change::CreateTeam { team }, true) = (change, was_split || !is_new) {
                match &unread {
                    Some(problem) if !is_new => return Err(problem.clone().into()),
                    Some(_) | None => self.check_unused(team)?,
                }
            }
            if !is_new {
                return Err(exists(change).into());
            }
            self.remember(change);
            Ok(())
        });
        Ok(results.collect())
    }

    /// Refuses a team that was there already and that is more than a name: whoever is in it would get what the plan gives
    /// to the team, and its members what it gives already.
    fn check_unused(&self, team: &TeamName) -> Result<(), BackendError> {
        if !self.in_use.borrow().contains(team) {
            return Ok(());
        }
        Err(BackendError::Failed {
            doing: format!("team `{team}` was made by somebody else meanwhile"),
            source:
                "it has members or roles that nobody agreed to, so nothing is added to it; run `accessctl plan` to see \
                     them"
                    .into(),
        })
    }

    /// Takes note of what a performed change does to the names and ids of teams.
    fn remember(&self, change: &Change) {
        match change {
            Change::RenameTeam { from, to } => {
                let teams = &mut self.ids.borrow_mut().teams;
                if let Some(id) = teams.remove(from) {
                    teams.insert(to.clone(), id);
                }
            }
            Change::CreateTeam { .. }
            | Change::InviteUser { .. }
            | Change::SetOrgRole { .. }
            | Change::SetEveryone { .. }
            | Change::SetTeamRole { .. }
            | Change::AddTeamMember { .. }
            | Change::SetGrant { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveEveryone { .. }
            | Change::DeleteTeam { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => {}
        }
    }
}

impl LiveWriter for MixpanelWriter<'_, '_> {
    fn perform(&mut self, change: &Change, now: Timestamp) -> Result<(), BackendError> {
        let mut ended = Ok(Vec::new());
        self.perform_all(&[(Channel::Api, vec![change])], &|| now, &mut |step| match step {
            Step::Begun(_) | Step::NotTried(_) => ControlFlow::Continue(()),
            Step::Ended(_, results) => {
                ended = results;
                ControlFlow::Continue(())
            }
        });
        ended?.into_iter().collect()
    }

    fn confirm(&mut self, changes: &[&Change]) -> Result<Vec<bool>, BackendError> {
        let shown = self.transport.block_on(self.shown(changes)).map_err(|error| BackendError::Failed {
            doing: format!("cannot read organization {} again", self.transport.settings().organization),
            source: error.into(),
        })?;
        Ok(shown?)
    }

    fn perform_all(
        &mut self,
        batches: &[(Channel, Vec<&Change>)],
        clock: &dyn Fn() -> Timestamp,
        watch: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) {
        let watch = RefCell::new(watch);
        let is_over = Cell::new(false);
        let (this, tell) = (&*self, |step| {
            if (watch.borrow_mut())(step).is_break() {
                is_over.set(true);
            }
        });
        let perform = async |place: usize| {
            let (channel, batch) = &batches[place];
            if *channel == Channel::Scim && this.scim.try_lock().is_ok_and(|scim| scim.is_over()) {
                return tell(Step::NotTried(place));
            }
            if !is_over.get() {
                clock();
                tell(Step::Begun(place));
            }
            if is_over.get() {
                return tell(Step::NotTried(place));
            }
            let results = this.perform_batch(*channel, batch).await;
            let is_last = match &results {
                Ok(results) => {
                    results.iter().any(|result| result.as_ref().is_err_and(BackendError::is_about_everything))
                }
                Err(error) => error.is_about_everything(),
            };
            is_over.set(is_over.get() || is_last);
            tell(Step::Ended(place, results));
        };
        let at_once = self.transport.settings().writes.max(1);
        let work = stream::iter(0..batches.len()).for_each_concurrent(at_once, perform);
        let Company { stop, progress } = self.transport.company();
        // Whoever asks for the stop sees at once that it is heeded, although nothing has ended yet.
        let heed = async {
            stop.asked().await;
            progress.see(Progressing::Stopping);
            std::future::pending::<()>().await;
        };
        let work = async {
            tokio::select! {
                () = work => {}
                () = heed => {}
            }
        };
        if let Err(error) = self.transport.block_on(work) {
            // Nothing was begun.
            for place in 0..batches.len() {
                tell(Step::Begun(place));
                let doing = format!("cannot send requests for organization {}", self.transport.settings().organization);
                tell(Step::Ended(place, Err(BackendError::Failed { doing, source: error.to_string().into() })));
            }
        }
    }
}

/// What tells two things apart that an operation makes.
fn key(operation: Operation, name: &str) -> String {
    match Email::canonical(name) {
        Ok(address) if operation == Operation::InviteUser => address.into_owned(),
        Ok(_) | Err(_) => name.trim().to_owned(),
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
