//! What is to be done, in order, with why, where it is written and what depends on what.
//!
//! A [`Plan`] is plain data in names only: it can be printed, hashed, reviewed and performed, and it cannot write.

mod arrangement;
mod circles;
mod dependencies;
mod escalation;
mod explanation;
mod exposure;
mod finding;
mod meta;
mod order;
mod origins;
mod planned;
mod proposal;
mod requests;
mod restriction;
mod retention;
mod succession;
mod undoing;
mod unforeseen;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use crate::access::{AccessIndex, Ranks, UserAccess, access_changes, rank};
use crate::change::{Change, ChangeKind};
use crate::desired::{Backend, Desired, Expiring, Guards, InForce, Override, overrides};
use crate::diff::diff;
use crate::model::{Acting, BuiltInRole, Email, OrgKey, ProjectId, ProjectKey, State, Status, TeamName};
use crate::policy::Verdict;
use crate::source::Span;
use crate::target::Target;

use arrangement::{Arrangement, Reasons, arrange};
use circles::Broken;
use escalation::{Escalations, Given};
use explanation::Explaining;
use exposure::Exposure;

pub use circles::{Circle, Lapse, Meanwhile};
pub use finding::{GuardCode, GuardEffect, GuardFinding};
pub use meta::{Meta, MetaProblem};
pub use planned::{ChangeId, ChangeStatus, Origin, PlannedChange, Why};
pub use proposal::{Excess, Proposal};
pub use requests::{Batch, Requests, Wave};
pub use restriction::{Agreed, Restricted, Unmet};
pub(crate) use succession::{Forgone, Succeeding, Succession};
pub use undoing::{Lasting, LeftAlone, Undoing};
pub(crate) use unforeseen::{Share, share_of};

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
    /// Earlier addresses of declared people: old address to declared one.
    pub earlier_addresses: BTreeMap<Email, Email>,
    /// Those of them whose people the base has by the other address already, where the plan is that of a proposal: what
    /// they have still is not what was agreed to.
    pub superseded: BTreeSet<Email>,
    /// The addresses that `blocked` entries name.
    pub blocked: BTreeSet<Email>,
    /// The changes, in an order that is never worse in the middle.
    pub changes: Vec<PlannedChange>,
    /// Changes that wait for each other: all of them are performed by the backend, or none is.
    pub circles: Vec<Circle>,
    /// Live things that the configuration does not manage, left alone.
    pub kept: Vec<Kept>,
    /// Roles of teams, by their name after the run, that people would gain or lose who were not read.
    pub withheld: BTreeSet<(TeamName, ProjectId)>,
    /// What is declared of blocked users all the same.
    pub overrides: Vec<Override>,
    /// What ends soon or is over, as far as whoever made the plan asked for it.
    pub expiring: Vec<Expiring>,
    /// What the organization's rules say of what is declared, as far as whoever made the plan judged it.
    pub policy: Verdict,
    /// What the guards found.
    pub guards: Vec<GuardFinding>,
    /// What performing it takes.
    pub cost: Cost,
    /// How many requests the live side was read with, where that was done by requests and for this plan.
    pub reads: Option<usize>,
    /// How projects are called: those that the configuration declares by key.
    pub project_keys: BTreeMap<ProjectId, ProjectKey>,
    /// The rank of custom roles that say which built-in role they are like.
    pub ranks: Ranks,
    /// How changes share requests.
    pub requests: Requests,
    /// What the configuration says about guards; waivers that do not count at the moment of the plan are not among it.
    pub rails: Guards,
    /// The account that would perform the plan, where one is known.
    pub acting: Option<Acting>,
    /// How much there was on the live side at an earlier time.
    pub earlier: Option<Extent>,
    /// What somebody lets through although a guard holds it.
    pub accepted: Accepted,
    /// What a guard held when the plan was saved: it is held still, unless it is accepted now.
    pub held_when_saved: BTreeSet<ChangeId>,
    /// Where people find the organization's settings, for what they have to do by hand.
    pub address: Option<String>,
    /// The run that the plan takes back, where it does not come from the configuration.
    pub undoing: Option<Undoing>,
    /// What the configuration proposes, where it was compared with an earlier form of itself. The origins of the changes
    /// then tell that from what was agreed to before.
    pub proposal: Option<Box<Proposal>>,
}

/// How much there is on a live side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the words of the vocabulary")]
pub struct Extent {
    pub users: usize,
    pub memberships: usize,
    pub grants: usize,
}

/// The exact numbers of held changes that somebody lets through.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the guards' keys")]
pub struct Accepted {
    pub removals: Option<usize>,
    pub invites: Option<usize>,
}

/// What performing a plan takes, as far as the backend does it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Requests to the backend.
    pub requests: usize,
    /// Invitation mails.
    pub invitations: usize,
    /// The requests that an apply reads with: those that no plan knows of, between the changes, are not among them.
    /// `None` where the live side was not read by requests for the plan.
    pub reads: Option<usize>,
    /// The least time that an apply takes under the limits, however fast the backend answers; without the reads where these
    /// are not known.
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
    pub held: usize,
    pub blocked: bool,
}

/// Earlier addresses with the declared ones.
fn earlier_addresses(desired: &Desired) -> BTreeMap<Email, Email> {
    let people = desired.users.iter().flatten();
    people.flat_map(|(new, user)| user.previously.keys().map(|old| (old.clone(), new.clone()))).collect()
}

/// Whom SCIM makes a member need not accept anything.
fn members_at_once(changes: &[PlannedChange], state: &mut State) {
    for planned in changes.iter().filter(|planned| planned.channel == Channel::Scim) {
        if let Change::InviteUser { user, .. } = &planned.change
            && let Some(made) = state.users.get_mut(user)
        {
            made.status = Status::Active;
        }
    }
}

/// Changes in the order of the plan.
struct Arranged {
    /// Each with what it depends on and with whether it raises somebody to admin or owner.
    changes: Vec<(Change, Vec<ChangeId>, bool)>,
    circles: Vec<Circle>,
}

/// Puts the changes from `live` to `target` in order.
fn arranged(
    live: &State,
    target: &Target,
    mut changes: Vec<Change>,
    ranks: &Ranks,
    min_owners: usize,
    goes_first: impl Fn(&Email) -> bool,
) -> Arranged {
    order::sort(&mut changes, ranks, live, goes_first);
    let takes = retention::takes(live, target, &changes, ranks);
    let given = Given::new(&target.state, ranks);
    let exposure = Exposure::of(live, target, &changes, ranks);
    // Each side is walked through once, whoever asks what people have on it.
    let losers = retention::losers(&takes, target);
    let on_either = || losers.iter().copied().chain(exposure.people());
    let before = AccessIndex::new(live, on_either().chain(given.receivers(&changes)));
    let after = AccessIndex::new(&target.state, on_either().map(|user| target.person(user)));
    let sides = (&before, &after);
    let [needs, keeps] = dependencies::dependencies(live, target, &changes, &takes, sides, (ranks, min_owners));
    let waits = exposure.waits(target, sides, ranks, changes.len());
    let Arrangement { order, depends_on, circles } = arrange(Reasons { needs, keeps, waits }, ranks);
    let taken = |lapsed: &ChangeId| {
        let index = order.get((lapsed.0 as usize).wrapping_sub(1)).copied();
        takes.iter().filter(move |(taking, _)| Some(*taking) == index).flat_map(|(_, taken)| taken)
    };
    let circles: Vec<Circle> = circles.iter().map(|broken| circle(broken, taken)).collect();
    let escalations = Escalations::new(&before, &given);
    let exposing = exposing(&circles, ranks);
    let places = (1..).map(ChangeId).zip(&order);
    let raises: Vec<bool> =
        places.map(|(id, place)| escalations.raises(&changes[*place]) || exposing.contains(&id)).collect();
    drop((takes, before, after, given));
    let mut changes: Vec<Option<Change>> = changes.into_iter().map(Some).collect();
    let in_order = order.into_iter().zip(depends_on.into_iter().zip(raises));
    let mut arranged = Vec::with_capacity(changes.len());
    arranged.extend(in_order.filter_map(|(place, (needs, raises))| Some((changes[place].take()?, needs, raises))));
    Arranged { changes: arranged, circles }
}

/// The changes of `circles` by which somebody is admin or owner until another one.
fn exposing(circles: &[Circle], ranks: &Ranks) -> BTreeSet<ChangeId> {
    let manages =
        |held: &&Meanwhile| rank(ranks, held.project, &held.role).is_some_and(|rank| rank >= BuiltInRole::Admin);
    circles.iter().flat_map(|circle| &circle.meanwhile).filter(manages).map(|held| held.from).collect()
}

/// What is said of a circle that was broken; `taken` is what a change takes from whom.
fn circle<'t, T: Iterator<Item = &'t retention::Taken<'t>>>(
    broken: &Broken<'_>,
    taken: impl Fn(&ChangeId) -> T,
) -> Circle {
    let meanwhile = broken.exposed.iter().map(|(from, wait)| Meanwhile {
        from: *from,
        until: wait.needed,
        user: wait.user.clone(),
        project: wait.project,
        role: wait.role.clone(),
    });
    let lapses = broken.lapsed.iter().flat_map(|from| {
        taken(from).map(|taken| Lapse { from: *from, user: taken.user.clone(), project: taken.project })
    });
    let (mut meanwhile, mut lapses): (Vec<_>, Vec<_>) = (meanwhile.collect(), lapses.collect());
    meanwhile.sort();
    meanwhile.dedup();
    lapses.sort();
    lapses.dedup();
    Circle { changes: broken.changes.clone(), meanwhile, lapses }
}

impl Plan {
    /// Plans the way from `live` to `target`, both of the organization that `desired` describes. No guard has judged it.
    pub fn new(desired: &Desired, live: State, target: Target, backend: &'static str) -> Self {
        Self::ranked(desired, desired.ranks(), live, target, backend)
    }

    /// The same, with custom roles as `ranks` says.
    fn ranked(desired: &Desired, ranks: Ranks, live: State, mut target: Target, backend: &'static str) -> Self {
        let changes = diff(&live, &target.state, &target.team_renames);
        let in_force = InForce::new(desired, target.as_of);
        let is_owner = |user: &Email| live.active_owners().any(|owner| owner == user);
        let goes_first = |user: &Email| in_force.blocked(user).is_some() && !is_owner(user);
        let rails = desired.guards.as_of(target.as_of);
        let Arranged { changes, circles } = arranged(&live, &target, changes, &ranks, rails.min_owners, goes_first);
        let requests = Requests::of(desired.backend.as_ref());
        let mut explaining = Explaining::new(desired, &in_force, &live, &target, &requests);
        let changes = (1..)
            .map(ChangeId)
            .zip(changes)
            .map(|(id, (change, needs, raises))| explaining.explain(id, change, needs, raises))
            .collect::<Vec<_>>();
        members_at_once(&changes, &mut target.state);
        let project_keys = desired.projects.iter().map(|(id, project)| (*id, project.key.clone())).collect();
        Self {
            org: desired.key.clone(),
            backend,
            as_of: target.as_of,
            live,
            target: target.state,
            team_renames: target.team_renames,
            replaced_users: target.replaced_users,
            earlier_addresses: earlier_addresses(desired),
            superseded: BTreeSet::new(),
            blocked: desired.blocked.keys().cloned().collect(),
            changes,
            circles,
            kept: target.kept,
            withheld: target.withheld,
            overrides: overrides(desired, &in_force),
            expiring: Vec::new(),
            policy: Verdict::default(),
            guards: Vec::new(),
            cost: Cost::default(),
            reads: None,
            project_keys,
            ranks,
            requests,
            rails,
            acting: None,
            earlier: None,
            accepted: Accepted::default(),
            held_when_saved: BTreeSet::new(),
            address: desired.backend.as_ref().and_then(Backend::address),
            undoing: None,
            proposal: None,
        }
    }

    /// Plans the way from `live` to `target`, which takes the run of `undoing` back. The configuration does not ask for
    /// it, and so gives no reason for any of it. No guard has judged it.
    pub fn undo(desired: &Desired, live: State, target: Target, backend: &'static str, undoing: Undoing) -> Self {
        let mut plan = Self::new(desired, live, target, backend);
        for planned in &mut plan.changes {
            (planned.origin, planned.why) = (Origin::Undo, Why::Undone);
            (planned.source, planned.note) = (None, None);
        }
        plan.overrides.clear();
        plan.undoing = Some(undoing);
        plan
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

    /// The declared address of the person with this one; it itself where the base knows it as somebody else's.
    pub fn person<'a>(&'a self, user: &'a Email) -> &'a Email {
        let is_apart = self.proposal.as_ref().is_some_and(|proposal| proposal.apart.contains(user));
        self.earlier_addresses.get(user).filter(|_| !is_apart).unwrap_or(user)
    }

    /// The changes that are not held.
    pub fn to_do(&self) -> impl Iterator<Item = &PlannedChange> {
        self.changes.iter().filter(|planned| planned.status != ChangeStatus::Held)
    }

    /// The changes that are held.
    pub fn held(&self) -> impl Iterator<Item = &PlannedChange> {
        self.changes.iter().filter(|planned| planned.status == ChangeStatus::Held)
    }

    /// How many changes a guard holds, without what depends on them.
    pub fn held_by(&self, code: GuardCode) -> usize {
        self.guards.iter().filter(|finding| finding.code == code).map(|finding| finding.held).sum()
    }

    /// Works out the target anew, as the live side after all changes that are not held, and which of these raise somebody:
    /// whoever stays because a removal is held may be among those whom another change raises.
    pub(crate) fn aim(&mut self) {
        let mut state = self.live.clone();
        state.imagine_all(self.to_do().map(|planned| &planned.change), self.as_of);
        members_at_once(&self.changes, &mut state);
        self.target = state;
        let given = Given::new(&self.target, &self.ranks);
        let before = AccessIndex::new(&self.live, given.receivers(self.to_do().map(|planned| &planned.change)));
        let escalations = Escalations::new(&before, &given);
        let exposing = exposing(&self.circles, &self.ranks);
        let raises = |planned: &PlannedChange| escalations.raises(&planned.change) || exposing.contains(&planned.id);
        let raising: Vec<bool> = self.to_do().map(raises).collect();
        let to_do = self.changes.iter_mut().filter(|planned| planned.status != ChangeStatus::Held);
        for (planned, raises) in to_do.zip(raising) {
            planned.escalation = raises;
        }
    }

    /// Works out the cost of what is to be done.
    pub(crate) fn weigh(&mut self) {
        self.cost = self.requests.cost(&self.changes, &self.ranks, self.reads);
    }

    /// The changes as they are handed to the backend, each batch in one request: those that a person makes are not
    /// among them. Waves stand in the order of the plan, and no change stands before one that it depends on, or beside it.
    pub fn waves(&self) -> Vec<Wave<'_>> {
        self.requests.waves(&self.changes, &self.ranks)
    }

    /// The real changes of people's access, by user, made as they are asked for: there may be millions.
    pub fn access_changes(&self) -> impl Iterator<Item = UserAccess<'_>> {
        let changes = self.to_do().map(|planned| &planned.change);
        access_changes(&self.live, &self.target, changes, &self.ranks)
    }

    /// Those of `changes` that are left to people only because nobody was read to have the role that they give.
    pub(crate) fn awaiting_a_role<'c>(&self, changes: &[&'c Change]) -> Vec<&'c Change> {
        self.requests.awaiting_a_role(changes, &self.live)
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
        let number = |what: &dyn Fn(&PlannedChange) -> bool| self.to_do().filter(|planned| what(planned)).count();
        Totals {
            changes: self.to_do().count(),
            invitations: self.cost.invitations,
            removals: number(&|planned| planned.change.kind().is_removal()),
            escalations: number(&|planned| planned.escalation),
            manual: number(&|planned| planned.channel == Channel::Manual),
            held: self.held().count(),
            blocked: self.is_blocked(),
        }
    }

    /// Whether a guard refuses what is declared: it blocks the plan, or lets through only what is blocked or over.
    pub fn is_refused(&self) -> bool {
        self.guards.iter().any(GuardFinding::refuses)
    }

    /// Whether a guard blocks the whole plan.
    pub fn is_blocked(&self) -> bool {
        self.guards.iter().any(|finding| finding.effect == GuardEffect::Block)
    }
}
