//! Reads a whole organization: which requests are made, and in which order.
//!
//! First who the credential is, which also tells the regions of the projects. Then invitations and after them users, so
//! that somebody who joins in between is in at least one of the lists; at the same time projects and teams; then for
//! each project its grants. The custom roles of a project are read only where they matter: where somebody has a role
//! that is not built in, or where the configuration names one.
//!
//! While an answer is parsed, other requests are under way: lists are parsed on threads of their own, and the place of a
//! request is free as soon as its answer is there.
//!
//! Whatever cannot be read is an error, with one exception: where the account may not see teams or the grants of a
//! project, and the configuration does not manage them, the rest is read and a warning says that access is at least
//! what is shown.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::TryStreamExt;
use futures_util::future::try_join3;
use futures_util::stream;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::answer::read_at_once;
use super::merge::merge;
use super::problem::{Cause, Problem};
use super::sift::Seen;
use super::transport::{Answered, Call, PARSED, Transport};
use super::{regions, wire};
use crate::backend::{BackendError, LiveReader, Snapshot};
use crate::catalogue::{Field, Fields, Operation, Region};
use crate::model::{BuiltInRole, Email, Interner, ProjectId, RoleName, TeamName};
use crate::progress::Step;

/// What cannot be done without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needs {
    /// Whether teams are managed.
    pub teams: bool,
    /// Whether grants or default roles are managed.
    pub grants: bool,
    /// The projects whose custom roles the configuration names.
    pub custom_roles: BTreeSet<ProjectId>,
}

impl Default for Needs {
    /// Everything.
    fn default() -> Self {
        Self { teams: true, grants: true, custom_roles: BTreeSet::new() }
    }
}

/// The account that the credential stands for (dossier row 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acting {
    /// Its address or what takes the place of one.
    pub email: Option<String>,
    /// Its name.
    pub name: Option<String>,
    /// Its org role, as the service writes it.
    pub role: Option<String>,
}

/// What requests call things by. Nothing outside the backend sees these.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ids {
    /// Whoever is in the list of users. One whose id was not told is missing.
    pub users: BTreeMap<Email, u64>,
    /// Pending invitations. One whose id was not told is missing. It never stands for a user.
    pub invitations: BTreeMap<Email, u64>,
    /// How the service writes the addresses that it does not write as this program does.
    pub spellings: BTreeMap<Email, String>,
    /// Teams.
    pub teams: BTreeMap<TeamName, u64>,
    /// What stands for a custom role in requests. Roles that nobody was read to have are missing: they are never written.
    pub custom_roles: BTreeMap<(ProjectId, RoleName), String>,
}

impl Ids {
    /// Takes note of how the service writes an address; the list of users comes first.
    pub(super) fn learn_spelling(&mut self, user: &Email, written: &str) {
        let written = written.trim();
        if written != user.as_str() {
            self.spellings.entry(user.clone()).or_insert_with(|| written.to_owned());
        }
    }

    /// How the service writes the address of `user`.
    pub(super) fn spelling<'u>(&'u self, user: &'u Email) -> &'u str {
        self.spellings.get(user).map_or(user.as_str(), String::as_str)
    }
}

/// An organization as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Who has which access.
    pub snapshot: Snapshot,
    /// What requests call things by.
    pub ids: Ids,
    /// The org roles that were read, as the service writes them: no other is ever written.
    pub org_roles: BTreeSet<String>,
    /// The region of each project that the account sees.
    pub regions: BTreeMap<ProjectId, Region>,
    /// Why somebody may be a user or invited who was not read, where that is so.
    pub lacks_people: Option<String>,
    /// What is suspicious or could not be read although it is not needed. Not yet inert.
    pub warnings: Vec<String>,
}

/// Reads an organization from the service.
#[derive(Debug)]
pub struct MixpanelReader<'t, 'a> {
    /// The way to the organization.
    pub transport: &'t Transport<'a>,
    /// What cannot be done without.
    pub needs: Needs,
}

/// A list that may be out of reach.
#[derive(Debug)]
pub(super) enum Part<T> {
    /// It was read.
    Read(Vec<T>),
    /// It was not asked for.
    NotAsked,
    /// The account may not see it, and it is not needed.
    OutOfReach(Cause),
}

impl<T> Part<T> {
    /// The rows, as far as there are any.
    pub(super) fn rows(&self) -> &[T] {
        match self {
            Self::Read(rows) => rows,
            Self::NotAsked | Self::OutOfReach(_) => &[],
        }
    }
}

/// What the service said of one project.
#[derive(Debug)]
pub(super) struct Access {
    /// The rows that say more than teams and org roles do.
    pub(super) granted: Part<wire::Granted<'static>>,
    /// How many rows there were.
    pub(super) listed: usize,
    /// Its custom roles.
    pub(super) roles: Part<wire::CustomRole>,
}

/// Everything that the service said.
#[derive(Debug)]
pub(super) struct Answers {
    pub(super) id: wire::Id,
    pub(super) me: wire::Me,
    pub(super) organization: wire::MeOrganization,
    pub(super) users: Vec<wire::User>,
    pub(super) invitations: Part<wire::Invitation>,
    pub(super) projects: Vec<wire::Project>,
    pub(super) teams: Part<wire::Team>,
    /// The access on each project.
    pub(super) access: BTreeMap<wire::Id, Access>,
    pub(super) regions: BTreeMap<wire::Id, Region>,
}

impl LiveReader for MixpanelReader<'_, '_> {
    fn name(&self) -> &'static str {
        "mixpanel"
    }

    fn fetch(&self, now: Timestamp, names: &mut Interner) -> Result<Snapshot, BackendError> {
        Ok(self.read(now, names)?.snapshot)
    }
}

impl MixpanelReader<'_, '_> {
    /// Reads everything that [`LiveReader::fetch`] does, and what is needed to write.
    ///
    /// # Errors
    /// Whatever could not be read in full.
    pub fn read(&self, now: Timestamp, names: &mut Interner) -> Result<Reading, BackendError> {
        let settings = self.transport.settings();
        let stop = self.transport.company().stop;
        let answers = self.transport.block_on(stop.unless(self.ask())).map_err(|error| BackendError::Failed {
            doing: format!("cannot read organization {}", settings.organization),
            source: error.into(),
        })?;
        // A request that waits ends with what it waited for, and that is not why there is nothing.
        let answers = answers.filter(|answers| answers.is_ok() || !stop.is_asked()).ok_or(BackendError::Stopped)??;
        merge(settings, &answers, now, names)
    }

    async fn ask(&self) -> Result<Answers, Box<Problem>> {
        let settings = self.transport.settings();
        let progress = self.transport.company().progress;
        progress.see(Step::Reading { done: 0, all: None });
        let (call, me) = self.me().await?;
        let organization = self.own(&call, &me)?.clone();
        let regions = self.regions(&call, &me)?;
        let distinct: BTreeSet<Region> = regions.values().copied().collect();
        self.transport.remember(organization.role.clone(), distinct.into_iter().collect());
        let people = async {
            let invitations = if settings.catalogue.may_send(Operation::ListInvitations) {
                Part::Read(self.rows(Operation::ListInvitations, None).await?)
            } else {
                Part::NotAsked
            };
            Ok((invitations, self.rows(Operation::ListUsers, None).await?))
        };
        let teams = async { self.unless_needed(self.needs.teams, self.rows(Operation::ListTeams, None).await) };
        let projects = self.rows::<wire::Project>(Operation::ListProjects, None);
        let ((invitations, users), projects, teams) = try_join3(people, projects, teams).await?;
        let with_custom_roles = custom_role_projects(&self.needs, &invitations, &teams);
        let seen = Arc::new(Seen::new(&users, &invitations, &teams));
        let (done, all) = (Cell::new(0), Some(projects.len()));
        progress.see(Step::Reading { done: 0, all });
        let access = stream::iter(projects.iter().map(|project| project.id))
            .map(|id| self.access(id, regions.get(&id).copied(), with_custom_roles.contains(&id), &seen))
            // The way to the service bounds how many are under way; beside them, some are parsed.
            .buffer_unordered(settings.reads.max(1).saturating_add(PARSED))
            .inspect_ok(|_| {
                done.set(done.get() + 1);
                progress.see(Step::Reading { done: done.get(), all });
            })
            .try_collect()
            .await?;
        let id = wire::Id(settings.organization.get());
        Ok(Answers { id, me, organization, users, invitations, projects, teams, access, regions })
    }

    /// Who the credential is.
    pub(super) async fn me(&self) -> Result<(Call, wire::Me), Box<Problem>> {
        self.object::<wire::Me>(Operation::Me).await
    }

    /// The organization among those of the credential.
    pub(super) fn own<'m>(&self, call: &Call, me: &'m wire::Me) -> Result<&'m wire::MeOrganization, Box<Problem>> {
        let own = self.transport.settings().organization.get();
        let found = me.organizations.get(&wire::Id(own));
        if let Some(other) = found.and_then(|found| found.id).filter(|id| id.0 != own) {
            let place = format!("`results`, organization `{own}`");
            return Err(self.transport.shape_problem(call, place, format!("its `id` is {}", other.0)));
        }
        found.ok_or_else(|| {
            let named = |(id, found): (&wire::Id, &wire::MeOrganization)| match &found.name {
                Some(name) => format!("{} ({name})", id.0),
                None => id.0.to_string(),
            };
            let sees = me.organizations.iter().take(10).map(named).collect::<Vec<_>>().join(", ");
            self.transport.problem_of(call, Cause::Stranger { organization: own, sees })
        })
    }

    /// The grants of a project, and its custom roles where they matter.
    async fn access(
        &self,
        id: wire::Id,
        region: Option<Region>,
        has_custom_roles: bool,
        seen: &Arc<Seen>,
    ) -> Result<(wire::Id, Access), Box<Problem>> {
        let project = || Some((id, region));
        let (listed, granted) = match self.granted(id, region, seen).await {
            Ok((listed, rows)) => (listed, Ok(rows)),
            Err(problem) => (0, Err(problem)),
        };
        let granted = self.unless_needed(self.needs.grants, granted)?;
        // The roles of teams were looked at before.
        let is_custom = |row: &wire::Granted<'_>| row.role.as_deref().is_some_and(|role| !is_built_in(role));
        if !has_custom_roles && !granted.rows().iter().any(is_custom) {
            return Ok((id, Access { granted, listed, roles: Part::NotAsked }));
        }
        let is_named = ProjectId::new(id.0).is_ok_and(|id| self.needs.custom_roles.contains(&id));
        let is_needed = is_named || self.needs.grants || self.needs.teams;
        let roles = self.rows(Operation::ListCustomRoles, project()).await;
        Ok((id, Access { granted, listed, roles: self.unless_needed(is_needed, roles)? }))
    }

    /// The regions of the projects of this organization, as far as the account sees them.
    fn regions(&self, call: &Call, me: &wire::Me) -> Result<BTreeMap<wire::Id, Region>, Box<Problem>> {
        let settings = self.transport.settings();
        let own = settings.organization.get();
        let mut regions = BTreeMap::new();
        for (id, project) in &me.projects {
            let is_own = project.organization_id.is_none_or(|organization| organization.0 == own);
            let Some(domain) = project.domain.as_deref().filter(|_| is_own) else { continue };
            match regions::of_domain(domain) {
                Some(region) => drop(regions.insert(*id, region)),
                // With an address of its own for everything, the organization is wherever that is.
                None if settings.base_url.is_some() => {}
                None => {
                    let problem = format!("its `domain` is `{domain}`, which is no known address of the service");
                    return Err(self.transport.shape_problem(call, format!("project {}", id.0), problem));
                }
            }
        }
        Ok(regions)
    }

    /// Lets a list that the account may not see be absent where it is not needed.
    fn unless_needed<T>(&self, is_needed: bool, answer: Result<Vec<T>, Box<Problem>>) -> Result<Part<T>, Box<Problem>> {
        match answer {
            Ok(rows) => Ok(Part::Read(rows)),
            Err(problem) if !is_needed && problem.cause.is_out_of_reach() => Ok(Part::OutOfReach(problem.cause)),
            Err(problem) => Err(problem),
        }
    }

    async fn object<T: DeserializeOwned>(&self, operation: Operation) -> Result<(Call, T), Box<Problem>> {
        let call = self.transport.call(operation, &[], None)?;
        let answered = self.transport.ask(&call).await?;
        let value = self.parsed(&call, &answered, wire::object)?;
        Ok((call, value))
    }

    pub(super) async fn rows<T: DeserializeOwned + Send + 'static>(
        &self,
        operation: Operation,
        project: Option<(wire::Id, Option<Region>)>,
    ) -> Result<Vec<T>, Box<Problem>> {
        let fields = project.map(|(id, _)| Fields::default().with(Field::Project, id.0));
        let region = project.and_then(|(_, region)| region);
        let call = self.transport.call(operation, fields.as_slice(), region)?;
        let answered = Arc::new(self.transport.ask(&call).await?);
        let expected = operation.entry().answer;
        let at_once = move |body: &[u8]| Some(read_at_once::<wire::Rows<T>>(body, expected)?.into_rows().collect());
        match aside(&answered, at_once).await {
            Some(rows) => Ok(rows),
            None => self.parsed(&call, &answered, |results| wire::rows(results)),
        }
    }

    /// The access on a project: how many rows there are, and those that say something new. A row that does not say whose
    /// it is, or where it comes from, is an error.
    pub(super) async fn granted(
        &self,
        id: wire::Id,
        region: Option<Region>,
        seen: &Arc<Seen>,
    ) -> Result<(usize, Vec<wire::Granted<'static>>), Box<Problem>> {
        let fields = Fields::default().with(Field::Project, id.0);
        let call = self.transport.call(Operation::ListGrants, &[fields], region)?;
        let answered = Arc::new(self.transport.ask(&call).await?);
        let (expected, seen) = (Operation::ListGrants.entry().answer, Arc::clone(seen));
        let all = Arc::clone(&seen);
        let at_once = move |body: &[u8]| {
            let rows: wire::Rows<wire::Granted<'_>> = read_at_once(body, expected)?;
            all.sift(id, rows.into_rows()).ok()
        };
        match aside(&answered, at_once).await {
            Some(found) => Ok(found),
            None => self.parsed(&call, &answered, |results| seen.sift(id, wire::rows(results)?.into_iter())),
        }
    }

    /// Judges an answer and parses it, or says everything that is wrong with it.
    fn parsed<T>(
        &self,
        call: &Call,
        answered: &Answered,
        parse: impl FnOnce(&RawValue) -> Result<T, (String, String)>,
    ) -> Result<T, Box<Problem>> {
        let accepted = self.transport.accept(call, answered)?;
        parse(&accepted.results).map_err(|(place, problem)| self.transport.shape_problem(call, place, problem))
    }
}

/// Parses an answer on another thread. `None` where it cannot be parsed at once, whatever the reason.
async fn aside<T: Send + 'static>(
    answered: &Arc<Answered>,
    parse: impl FnOnce(&[u8]) -> Option<T> + Send + 'static,
) -> Option<T> {
    let answered = Arc::clone(answered);
    tokio::task::spawn_blocking(move || parse(&answered.body)).await.ok().flatten()
}

/// The projects whose custom roles matter whatever their grants are.
fn custom_role_projects(
    needs: &Needs,
    invitations: &Part<wire::Invitation>,
    teams: &Part<wire::Team>,
) -> BTreeSet<wire::Id> {
    let of_teams = teams.rows().iter().flat_map(|team| &team.projects);
    let of_invitations = invitations.rows().iter().flat_map(|invitation| &invitation.projects);
    let used = of_teams.chain(of_invitations).filter(|role| !is_built_in(&role.role)).map(|role| role.id);
    used.chain(needs.custom_roles.iter().map(|id| wire::Id(id.get()))).collect()
}

pub(super) fn is_built_in(role: &str) -> bool {
    BuiltInRole::from_name(role.trim()).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::mixpanel::{Credentials, Settings, Time};
    use crate::catalogue::Catalogue;
    use crate::model::OrgId;

    /// The regions of the projects of organization 77 on the service itself.
    fn regions_of(projects: &str) -> Result<Vec<(u64, Region)>, String> {
        let settings = Settings {
            organization: OrgId::new(77).unwrap(),
            region: Region::Us,
            base_url: None,
            catalogue: Catalogue::default(),
            reads: 1,
            writes: 1,
            requests_per_minute: None,
        };
        let environment = |name: &str| Some("x".to_owned()).filter(|_| !name.ends_with("_FILE"));
        let credentials = Credentials::from_environment("acme", &environment).unwrap();
        let pause = |_| -> std::pin::Pin<Box<dyn Future<Output = ()>>> { Box::pin(std::future::ready(())) };
        let time = Time { clock: &|| Timestamp::UNIX_EPOCH, pause: &pause };
        let transport = Transport::new(settings, credentials, time, 7);
        let call = transport.call(Operation::Me, &[], None).unwrap();
        let reader = MixpanelReader { transport: &transport, needs: Needs::default() };
        let me = serde_json::from_str(&format!(r#"{{"organizations":{{}},"projects":{projects}}}"#)).unwrap();
        let regions = reader.regions(&call, &me).map_err(|problem| problem.cause.to_string())?;
        Ok(regions.into_iter().map(|(id, region)| (id.0, region)).collect())
    }

    #[test]
    fn credentials_follow_projects_to_known_addresses_only() {
        let known = r#"{"901":{"organization_id":77,"domain":"eu.mixpanel.com"},"902":{"organization_id":77},
            "903":{"organization_id":78,"domain":"evil.test"}}"#;
        assert_eq!(regions_of(known), Ok(vec![(901, Region::Eu)]));
        let strange = r#"{"901":{"organization_id":77,"domain":"evil.test"}}"#;
        let problem = "project 901: its `domain` is `evil.test`, which is no known address of the service";
        assert_eq!(regions_of(strange), Err(problem.to_owned()));
    }
}
