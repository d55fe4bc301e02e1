//! The organization that is served: a local store, a picture of it in memory, and what the service keeps beside.

pub(super) mod grants;
pub(super) mod identity;
pub(super) mod invitations;
mod mails;
mod people;
pub(super) mod teams;
pub(super) mod users;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use self::mails::Mails;
use self::people::People;
pub(super) use self::people::Person;
use super::Watch;
use super::answer::Refusal;
use crate::backend::local::LocalWriter;
use crate::backend::{BackendError, Snapshot};
use crate::change::{Change, Misfit};
use crate::model::{
    BuiltInRole, Email, Interner, OrgId, OrgRole, ProjectId, ProjectRole, RoleName, State, Status, TeamName, User,
};

/// Ids of users are the numbers of the store plus this, so that an id of a team or project is never one of a user.
const FIRST_USER: u64 = 2_000_000;

/// When things were made and changed of which the store does not know it.
pub(super) const MADE: &str = "2026-01-01T00:00:00Z";

/// One edit of the organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Edit {
    /// A change as accessctl knows them.
    Change(Change),
    /// An invited person joins.
    Join(Email),
    /// An invitation is sent again.
    Resend(Email),
}

/// One organization over one local store.
#[derive(Debug)]
pub(super) struct Organization {
    writer: LocalWriter,
    /// The version of the store that `state` is a picture of.
    version: i64,
    state: State,
    users: Ids<Email>,
    teams: Ids<TeamName>,
    /// Made when it is needed, gone after every edit.
    index: Option<Index>,
    people: People,
    mails: Mails,
    /// The domains that SCIM sees.
    claimed: BTreeSet<String>,
    /// Who has an account elsewhere on the service.
    known: BTreeSet<Email>,
    /// How many edits of the request under way are done at most: a batch may be applied in part (dossier 4.4).
    most_edits: Option<usize>,
    /// Is told of the organization as each request leaves it.
    watch: Option<WatchOf>,
}

/// A [`Watch`] that says nothing of itself.
struct WatchOf(Watch);

impl std::fmt::Debug for WatchOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

/// Names by id and ids by name.
#[derive(Debug)]
struct Ids<N> {
    names: BTreeMap<u64, N>,
    ids: BTreeMap<N, u64>,
}

impl<N: Clone + Ord> Ids<N> {
    fn new(pairs: impl Iterator<Item = (N, u64)>) -> Self {
        let ids: BTreeMap<N, u64> = pairs.collect();
        Self { names: ids.iter().map(|(name, id)| (*id, name.clone())).collect(), ids }
    }

    fn insert(&mut self, name: N, id: u64) {
        self.names.insert(id, name.clone());
        self.ids.insert(name, id);
    }

    fn remove<Q: Ord + ?Sized>(&mut self, name: &Q) -> Option<u64>
    where
        N: std::borrow::Borrow<Q>,
    {
        let id = self.ids.remove(name)?;
        self.names.remove(&id);
        Some(id)
    }
}

/// What lists of one project need, by project.
#[derive(Debug, Default)]
struct Index {
    grants: BTreeMap<ProjectId, Vec<(Email, ProjectRole)>>,
    teams: BTreeMap<ProjectId, Vec<(TeamName, ProjectRole)>>,
    /// Who has a role on every project by the org role.
    everywhere: Vec<(Email, BuiltInRole)>,
}

impl Organization {
    /// Opens the store, made from `seed` where it does not exist. Without `claimed` domains, those of the active owners
    /// are claimed.
    pub(super) fn open(
        state: &Path,
        seed: Option<&Path>,
        claimed: &[String],
        known: BTreeSet<Email>,
        now: Timestamp,
    ) -> Result<Self, BackendError> {
        let mut writer = LocalWriter::open(state, seed, now)?;
        let (snapshot, version, numbers) = read(&mut writer, now)?;
        let people = People::open(state)?;
        let claimed = if claimed.is_empty() {
            snapshot.state.active_owners().map(|owner| owner.domain().to_owned()).collect()
        } else {
            claimed.iter().map(|domain| domain.to_ascii_lowercase()).collect()
        };
        let mails = Mails::from_invitations(&snapshot.state, now);
        let teams = Ids::new(snapshot.team_ids.into_iter());
        let users = Ids::new(numbers.into_iter());
        let (state, index, most_edits, watch) = (snapshot.state, None, None, None);
        Ok(Self { writer, version, state, users, teams, index, people, mails, claimed, known, most_edits, watch })
    }

    /// Has `watch` told of the organization from now on.
    pub(super) fn set_watch(&mut self, watch: Option<Watch>) {
        self.watch = watch.map(WatchOf);
    }

    /// Reads the store again if another program has edited it.
    pub(super) fn refresh(&mut self, now: Timestamp) -> Result<(), Refusal> {
        let broken = |error| Refusal::Broken(words(&error));
        if self.writer.store().version().map_err(broken)? != self.version {
            self.reload(now).map_err(broken)?;
        }
        Ok(())
    }

    fn reload(&mut self, now: Timestamp) -> Result<(), BackendError> {
        let (snapshot, version, numbers) = read(&mut self.writer, now)?;
        self.teams = Ids::new(snapshot.team_ids.into_iter());
        self.users = Ids::new(numbers.into_iter());
        (self.state, self.version, self.index) = (snapshot.state, version, None);
        Ok(())
    }

    /// Lets requests do no more than `most` edits, each the first of its own.
    pub(super) fn limit_edits(&mut self, most: Option<usize>) {
        self.most_edits = most;
    }

    /// Does all of `edits` durably, or none of them; only the first where a fault limits them.
    pub(super) fn commit(&mut self, edits: &[Edit], now: Timestamp) -> Result<(), Refusal> {
        let edits = self.most_edits.and_then(|most| edits.get(..most)).unwrap_or(edits);
        if edits.is_empty() {
            return Ok(());
        }
        let new = self.writer.store().batch(now, |batch| {
            let mut new = Vec::new();
            for edit in edits {
                match edit {
                    Edit::Change(change) => batch.perform(change)?,
                    Edit::Join(user) => batch.join(user)?,
                    Edit::Resend(user) => batch.resend(user)?,
                }
                new.push(match edit {
                    Edit::Change(Change::InviteUser { user, .. }) => batch.user_number(user)?,
                    Edit::Change(Change::CreateTeam { team }) => batch.team_number(team)?,
                    Edit::Change(_) | Edit::Join(_) | Edit::Resend(_) => None,
                });
            }
            Ok(new)
        });
        let new = new.map_err(|error| match &error {
            BackendError::Misfit(Misfit::LastOwner(user)) => {
                Refusal::Malformed(format!("{user} is the last owner; at least one owner must remain"))
            }
            BackendError::Misfit(_)
            | BackendError::Failed { .. }
            | BackendError::Request(_)
            | BackendError::Unsound { .. }
            | BackendError::Busy(_)
            | BackendError::NotTried
            | BackendError::Stopped => Refusal::Broken(words(&error)),
        })?;
        self.index = None;
        for (edit, number) in edits.iter().zip(new) {
            if self.follow(edit, number, now).is_err() {
                // The store took it, so the picture was wrong.
                self.reload(now).map_err(|error| Refusal::Broken(words(&error)))?;
                break;
            }
        }
        if let Some(WatchOf(watch)) = &self.watch {
            watch(&self.state);
        }
        Ok(())
    }

    /// Does in the picture what was done in the store.
    fn follow(&mut self, edit: &Edit, number: Option<u64>, now: Timestamp) -> Result<(), Misfit> {
        let change = match edit {
            Edit::Change(change) => change,
            Edit::Join(user) => {
                let missing = || Misfit::Missing(user.to_string());
                self.state.users.get_mut(user).ok_or_else(missing)?.status = Status::Active;
                return Ok(());
            }
            Edit::Resend(user) => {
                let missing = || Misfit::Missing(user.to_string());
                let invited = Status::Invited { at: Some(now) };
                self.state.users.get_mut(user).ok_or_else(missing)?.status = invited;
                return Ok(());
            }
        };
        self.state.perform(change, now)?;
        match (change, number) {
            (Change::InviteUser { user, .. }, Some(number)) => self.users.insert(user.clone(), FIRST_USER + number),
            (Change::CreateTeam { team }, Some(number)) => self.teams.insert(team.clone(), number),
            (Change::RenameTeam { from, to }, _) => {
                if let Some(id) = self.teams.remove(from) {
                    self.teams.insert(to.clone(), id);
                }
            }
            (Change::DeleteTeam { team }, _) => {
                self.teams.remove(team);
            }
            (Change::CancelInvite { user } | Change::RemoveUser { user }, _) => {
                self.users.remove(user);
                // What is known of somebody who is gone harms nobody, so a failure here fails nothing.
                let _ = self.people.forget(user);
            }
            _ => {}
        }
        Ok(())
    }

    /// Does one change as if somebody had done it elsewhere, in a browser.
    pub(super) fn perform(&mut self, change: &Change, now: Timestamp) -> Result<(), BackendError> {
        self.writer.store().perform(change, now)?;
        self.reload(now)
    }

    /// Makes an invited person join.
    pub(super) fn join(&mut self, user: &Email, now: Timestamp) -> Result<(), BackendError> {
        self.writer.store().batch(now, |batch| batch.join(user))?;
        self.reload(now)
    }

    /// The organization as it is.
    pub(super) fn state(&self) -> &State {
        &self.state
    }

    /// The id of the organization.
    pub(super) fn id(&self) -> OrgId {
        self.state.organization.id
    }

    /// The domains that SCIM sees.
    pub(super) fn claimed(&self) -> &BTreeSet<String> {
        &self.claimed
    }

    /// Whether SCIM sees a user.
    pub(super) fn is_claimed(&self, user: &Email) -> bool {
        self.claimed.contains(user.domain())
    }

    /// Whether somebody has an account on the service though not in this organization.
    pub(super) fn has_account(&self, user: &Email) -> bool {
        self.known.contains(user)
    }

    /// The id of a user.
    pub(super) fn user_id(&self, user: &Email) -> u64 {
        self.users.ids.get(user).copied().unwrap_or_default()
    }

    /// The id of a team.
    pub(super) fn team_id(&self, team: &TeamName) -> u64 {
        self.teams.ids.get(team).copied().unwrap_or_default()
    }

    /// The user with an id.
    pub(super) fn user_by_id(&self, id: u64) -> Result<(&Email, &User), Refusal> {
        let found = self.users.names.get(&id).and_then(|email| self.state.users.get_key_value(email));
        found.ok_or_else(|| Refusal::Missing(format!("user {id} does not exist")))
    }

    /// The user with an address.
    pub(super) fn user(&self, email: &Email) -> Result<&User, Refusal> {
        self.state.users.get(email).ok_or_else(|| Refusal::Missing(format!("user {email} does not exist")))
    }

    /// The team with an id.
    pub(super) fn team_by_id(&self, id: u64) -> Result<&TeamName, Refusal> {
        self.teams.names.get(&id).ok_or_else(|| Refusal::Missing(format!("team {id} does not exist")))
    }

    /// The project with an id.
    pub(super) fn project(&self, id: u64) -> Result<ProjectId, Refusal> {
        let found = super::request::project_id(id).ok().filter(|id| self.state.projects.contains_key(id));
        found.ok_or_else(|| Refusal::Missing(format!("project {id} does not exist")))
    }

    /// What is known of a person beside access.
    pub(super) fn person(&self, user: &Email) -> Person {
        self.people.get(user)
    }

    /// Keeps what is known of a person.
    pub(super) fn keep_person(&mut self, user: &Email, person: Person) -> Result<(), Refusal> {
        self.people.set(user, person).map_err(|error| Refusal::Broken(words(&error)))
    }

    /// The name of a user, for people: what was told by SCIM, else the part before the `@`.
    fn name(&self, user: &Email) -> String {
        let person = self.people.get(user);
        person.display_name.unwrap_or_else(|| user.split('@').next().unwrap_or_default().to_owned())
    }

    /// The role that a role string of a request means on a project. A custom role goes by its id (dossier 3.10).
    fn role(&self, project: ProjectId, text: &str) -> Result<ProjectRole, Refusal> {
        if let Some(role) = BuiltInRole::from_name(text) {
            return Ok(role.into());
        }
        let custom = self.state.projects.get(&project).into_iter().flat_map(|found| &found.roles);
        let mut custom = custom.filter(|name| role_id(project, name) == text);
        match custom.next() {
            Some(name) => Ok(ProjectRole::Custom(name.clone())),
            None => Err(Refusal::Malformed(format!("project {project} has no role {text:?}"))),
        }
    }

    /// Makes the index where it is gone.
    fn make_index(&mut self) {
        if self.index.is_none() {
            let mut index = Index::default();
            for ((user, project), role) in &self.state.grants {
                index.grants.entry(*project).or_default().push((user.clone(), role.clone()));
            }
            for (name, team) in &self.state.teams {
                for (project, role) in &team.roles {
                    index.teams.entry(*project).or_default().push((name.clone(), role.clone()));
                }
            }
            let everywhere = |(email, user): (&Email, &User)| Some((email.clone(), user.role.on_every_project()?));
            index.everywhere = self.state.users.iter().filter_map(everywhere).collect();
            self.index = Some(index);
        }
    }
}

/// A role as it stands on the wire: a custom role goes by its id.
fn role_text(project: ProjectId, role: &ProjectRole) -> String {
    match role {
        ProjectRole::BuiltIn(role) => role.as_str().to_owned(),
        ProjectRole::Custom(name) => role_id(project, name),
    }
}

/// The id of a custom role, in the form of a UUID (dossier row 28). It follows from the project and the name, so that it
/// is the same after a restart.
fn role_id(project: ProjectId, name: &RoleName) -> String {
    let digest = digest(&format!("role {project} {name}"));
    let (a, b, c, d, e) = (&digest[..8], &digest[8..12], &digest[13..16], &digest[17..20], &digest[20..32]);
    format!("{a}-{b}-8{c}-8{d}-{e}")
}

/// A digest in hexadecimal digits: what fake secrets and ids are made of.
fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `role` is above what an account of org role `own` may give or take (dossier 1.4): an org admin is project
/// admin, and a project admin cannot assign project owner.
fn refuse_above(own: &OrgRole, role: &ProjectRole) -> Result<(), Refusal> {
    if *own != OrgRole::Owner && *role == BuiltInRole::Owner.into() {
        return Err(Refusal::Forbidden("you cannot assign or change a role above your own".to_owned()));
    }
    Ok(())
}

/// The place of an org role in the order of authority (dossier 1.4).
fn level(role: &OrgRole) -> u8 {
    match role {
        OrgRole::Owner => 3,
        OrgRole::Admin => 2,
        OrgRole::BillingAdmin | OrgRole::Member | OrgRole::Other(_) => 1,
    }
}

/// Refuses to give or change an org role above one's own.
fn refuse_org_role_above(own: &OrgRole, role: &OrgRole) -> Result<(), Refusal> {
    if level(role) > level(own) {
        return Err(Refusal::Forbidden("you cannot assign or change a role above your own".to_owned()));
    }
    Ok(())
}

/// An error with its causes, for the server's own log of answers.
fn words(error: &BackendError) -> String {
    let mut words = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}

type Read = (Snapshot, i64, Vec<(Email, u64)>);

/// Reads the whole store and the ids of its users.
fn read(writer: &mut LocalWriter, now: Timestamp) -> Result<Read, BackendError> {
    let store = writer.store();
    // An edit between the version and the reading makes the next request read again, which harms nothing.
    let version = store.version()?;
    let mut names = Interner::default();
    let snapshot = store.fetch(now, &mut names)?;
    let numbers = store.user_numbers()?.into_iter();
    let numbers =
        numbers.filter_map(|(email, number)| Some((Email::interned(&email, &mut names).ok()?, FIRST_USER + number)));
    Ok((snapshot, version, numbers.collect()))
}
