//! What is to be done, in order, with why, where it is written and what depends on what.
//!
//! A [`Plan`] is plain data in names only: it can be printed, hashed, reviewed and performed, and it cannot write.

mod dependencies;
mod escalation;
mod explanation;
mod order;
mod requests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::access::{AccessIndex, Ranks, UserAccess, access_changes};
use crate::change::{Change, ChangeKind};
use crate::desired::{Backend, Desired, Expiring, InForce, Note, Override, overrides};
use crate::diff::diff;
use crate::model::{Email, OrgKey, ProjectId, ProjectKey, State, Status, TeamName};
use crate::source::Span;
use crate::target::Target;

use escalation::{Escalations, Given};
use explanation::Explaining;

pub use requests::{Batch, Requests, Wave};

pub use crate::catalogue::Channel;
pub use crate::target::{Kept, KeptWhat, KeptWhy, Section};

/// The ordered changes of one organization, with everything a reviewer needs to judge them.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The organization's key.
    pub org: OrgKey,
    /// The name of the backend that the live side was read from.
    pub backend: &'static str,
    /// The moment for which the configuration was read.
    pub as_of: Timestamp,
    /// The live side that the plan was made for.
    pub live: State,
    /// What should be after it.
    pub target: State,
    /// Teams that change their name: old name to new name.
    pub team_renames: BTreeMap<TeamName, TeamName>,
    /// Accounts that go because their person has another one: old address to new address.
    pub replaced_users: BTreeMap<Email, Email>,
    /// The changes, in an order that is never worse in the middle.
    pub changes: Vec<PlannedChange>,
    /// Live things that the configuration does not manage, left alone.
    pub kept: Vec<Kept>,
    /// What is declared of blocked users all the same.
    pub overrides: Vec<Override>,
    /// What ends soon or is over, as far as whoever made the plan asked for it.
    pub expiring: Vec<Expiring>,
    /// What the guards found.
    pub guards: Vec<GuardFinding>,
    /// What performing it takes.
    pub cost: Cost,
    /// How projects are called: those that the configuration declares by key.
    pub project_keys: BTreeMap<ProjectId, ProjectKey>,
    /// The rank of custom roles that say which built-in role they are like.
    pub ranks: Ranks,
    /// How changes share requests.
    pub requests: Requests,
    /// Where people find the organization's settings, for what they have to do by hand.
    pub address: Option<String>,
}

/// The place of a change in its plan, from 1; shown as `c1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeId(pub u32);

impl std::fmt::Display for ChangeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// A change with what a reviewer asks about it.
#[derive(Debug, Clone)]
pub struct PlannedChange {
    /// Its place in the plan.
    pub id: ChangeId,
    /// The edit.
    pub change: Change,
    /// What brought it about.
    pub origin: Origin,
    /// Why it is needed.
    pub why: Why,
    /// Where the configuration says so; `None` where it says nothing.
    pub source: Option<Span>,
    /// What people wrote there.
    pub note: Option<Arc<Note>>,
    /// How it is carried out.
    pub channel: Channel,
    /// Changes that must have taken effect before.
    pub depends_on: Vec<ChangeId>,
    /// Whether it raises somebody to admin or owner.
    pub escalation: bool,
    /// Whether a guard lets it through.
    pub status: ChangeStatus,
}

impl PlannedChange {
    /// Whether the backend sends a mail for it.
    pub fn sends_mail(&self) -> bool {
        self.channel == Channel::Api && self.change.kind() == ChangeKind::InviteUser
    }
}

/// Why a change is in the plan at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The configuration asks for it.
    Proposed,
    /// Time passed: what the configuration declares is over.
    Expiry,
}

/// Why a change is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Why {
    /// The configuration declares it.
    Declared,
    /// The configuration does not list it and manages its section in full.
    Unlisted,
    /// A declared user or team had another name.
    Renamed,
    /// It is declared, and its `until` has passed.
    Expired,
    /// It is declared, and its `from` has not come.
    NotYet,
    /// The user is blocked, whatever else is declared.
    Blocked,
}

/// Whether a guard lets a change through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeStatus {
    /// It is going to be done.
    Planned,
    /// Nothing of this plan is done.
    Blocked,
}

/// What a guard found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardFinding {
    /// The guard.
    pub code: GuardCode,
    /// What it does to the plan.
    pub effect: GuardEffect,
    /// What, how many of how many, and the way on.
    pub message: String,
}

/// A guard by its stable name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardCode {
    /// Enough active owners at every moment.
    MinOwners,
}

impl GuardCode {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MinOwners => "min_owners",
        }
    }
}

/// What a guard does to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GuardEffect {
    /// Nothing is applied.
    Block,
    /// The plan goes on; somebody should look.
    Warn,
}

/// What performing a plan takes, as far as the backend does it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests to the backend.
    pub requests: usize,
    /// Invitation mails.
    pub invitations: usize,
    /// The least time that it takes under the limits, however fast the backend answers.
    pub time: Duration,
}

/// The numbers of a plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the summary of the plan's JSON")]
pub struct Totals {
    pub changes: usize,
    pub invitations: usize,
    pub removals: usize,
    pub escalations: usize,
    pub manual: usize,
    pub blocked: bool,
}

impl Plan {
    /// Plans the way from `live` to `target`, both of the organization that `desired` describes. No guard has judged it.
    pub fn new(desired: &Desired, live: State, mut target: Target, backend: &'static str) -> Self {
        let ranked = desired.projects.iter().map(|(project, found)| {
            let roles = found.roles.iter().filter_map(|(role, like)| Some((role.clone(), like.value?)));
            (*project, roles.collect::<BTreeMap<_, _>>())
        });
        let ranks: Ranks = ranked.filter(|(_, roles)| !roles.is_empty()).collect();
        let mut changes = diff(&live, &target.state, &target.team_renames);
        let in_force = InForce::new(desired, target.as_of);
        let is_owner = |user: &Email| live.active_owners().any(|owner| owner == user);
        order::sort(&mut changes, &ranks, |user| in_force.blocked(user).is_some() && !is_owner(user));
        let takes = dependencies::takes(&live, &target, &changes);
        let given = Given::new(&target.state, &ranks);
        let losers = takes.iter().flat_map(|(_, pairs)| pairs).map(|(user, _)| *user);
        let before = AccessIndex::new(&live, losers.chain(given.receivers(&changes)));
        let depends_on = dependencies::dependencies(&live, &target, &changes, &takes, &before);
        let escalations = Escalations::new(&before, &given);
        let raises: Vec<bool> = changes.iter().map(|change| escalations.raises(change)).collect();
        let requests = Requests::of(desired.backend.as_ref());
        let mut explaining = Explaining::new(desired, &in_force, &live, &target, &requests);
        let changes = (1..)
            .map(ChangeId)
            .zip(changes.into_iter().zip(depends_on.into_iter().zip(raises)))
            .map(|(id, (change, (needs, raises)))| explaining.explain(id, change, needs, raises))
            .collect::<Vec<_>>();
        for planned in changes.iter().filter(|planned| planned.channel == Channel::Scim) {
            // Whom SCIM makes a member need not accept anything.
            if let Change::InviteUser { user, .. } = &planned.change
                && let Some(made) = target.state.users.get_mut(user)
            {
                made.status = Status::Active;
            }
        }
        let cost = requests.cost(&changes, &ranks);
        let project_keys = desired.projects.iter().map(|(id, project)| (*id, project.key.clone())).collect();
        Self {
            org: desired.key.clone(),
            backend,
            as_of: target.as_of,
            live,
            target: target.state,
            team_renames: target.team_renames,
            replaced_users: target.replaced_users,
            changes,
            kept: target.kept,
            overrides: overrides(desired, &in_force),
            expiring: Vec::new(),
            guards: Vec::new(),
            cost,
            project_keys,
            ranks,
            requests,
            address: desired.backend.as_ref().and_then(Backend::address),
        }
    }

    /// Takes what ends soon or is over into the plan. What the plan is taking away is told by its changes: to say that
    /// its entry can be deleted would be too early.
    pub fn note_expiring(&mut self, expiring: Vec<Expiring>) {
        let expired = self.changes.iter().filter(|planned| planned.why == Why::Expired);
        let taken: BTreeSet<Span> = expired.filter_map(|planned| planned.source).collect();
        let gone = self
            .changes
            .iter()
            .filter(|planned| matches!(planned.change.kind(), ChangeKind::RemoveUser | ChangeKind::CancelInvite));
        let gone: BTreeSet<&Email> = gone.filter_map(|planned| planned.change.user()).collect();
        self.expiring = expiring;
        self.expiring.retain(|one| {
            !taken.contains(&one.until.place) && one.entry.user().is_none_or(|user| !gone.contains(user))
        });
    }

    /// The changes as they are handed to the backend, each batch in one request: those that a person makes are not
    /// among them. Waves stand in the order of the plan, and no change stands before one that it depends on, or beside it.
    pub fn waves(&self) -> Vec<Wave<'_>> {
        self.requests.waves(&self.changes, &self.ranks)
    }

    /// The real changes of people's access, by user, made as they are asked for: there may be millions.
    pub fn access_changes(&self) -> impl Iterator<Item = UserAccess<'_>> {
        let changes = self.changes.iter().map(|planned| &planned.change);
        access_changes(&self.live, &self.target, changes, &self.ranks)
    }

    /// How the project is called in output: its key, else its id.
    pub fn project_label(&self, id: ProjectId) -> Cow<'_, str> {
        match self.project_keys.get(&id) {
            Some(key) => Cow::Borrowed(key.as_str()),
            None => Cow::Owned(id.to_string()),
        }
    }

    /// The plan's numbers.
    pub fn totals(&self) -> Totals {
        Totals {
            changes: self.changes.len(),
            invitations: self.cost.invitations,
            removals: self.changes.iter().filter(|planned| planned.change.kind().is_removal()).count(),
            escalations: self.changes.iter().filter(|planned| planned.escalation).count(),
            manual: self.changes.iter().filter(|planned| planned.channel == Channel::Manual).count(),
            blocked: self.is_blocked(),
        }
    }

    /// Whether a guard blocks the whole plan.
    pub fn is_blocked(&self) -> bool {
        self.guards.iter().any(|finding| finding.effect == GuardEffect::Block)
    }
}
