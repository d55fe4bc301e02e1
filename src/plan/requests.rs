//! Which channel each change takes, which changes share a request, and which requests may be under way together.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{ChangeId, ChangeStatus, Channel, Cost, PlannedChange, order::Stage, order::stage};
use crate::access::Ranks;
use crate::catalogue::{Catalogue, Field, Operation, Standing};
use crate::change::{Change, ChangeKind};
use crate::desired::{Backend, Limits, Scim};
use crate::lookup::Lookup;
use crate::model::{BuiltInRole, Email, OrgRole, State};

/// How the backend takes changes: all of them one by one, unless it has a catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    by_kind: BTreeMap<(ChangeKind, Channel), Form>,
    /// How many there may be; `None` where nothing limits them.
    limits: Option<Limits>,
    /// Whom SCIM is used for.
    scim: Option<Scim>,
}

/// The changes of one request.
pub type Batch<'a> = Vec<&'a PlannedChange>;

/// Batches that do not depend on each other: their requests may be sent in any order and at once.
pub type Wave<'a> = Vec<Batch<'a>>;

/// How a backend takes the changes of one kind over one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Form {
    /// The most changes in one request.
    most: usize,
    /// What the changes of one request have in common.
    shared: Vec<Part>,
    /// Whether it names a user by an id, which only those have who have joined.
    needs_joined: bool,
}

/// A part of a change that a request can be about as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    User,
    Team,
    Project,
    Role,
}

/// The changes of one request have the same key.
type Key<'a> = (ChangeKind, Channel, Vec<Option<Named<'a>>>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Named<'a> {
    Text(&'a str),
    Id(u64),
}

impl Requests {
    /// How `backend` takes changes.
    pub(super) fn of(backend: Option<&Backend>) -> Self {
        match backend {
            None | Some(Backend::Local { .. }) => Self::default(),
            Some(Backend::Mixpanel(mixpanel)) => {
                let catalogue = &mixpanel.catalogue;
                let mut by_kind = BTreeMap::new();
                for kind in ChangeKind::ALL {
                    if catalogue.can_request(kind) {
                        by_kind.insert((kind, Channel::Api), Form::of(catalogue, Operation::of(kind)));
                    }
                    if let (Some(_), Some(operation)) = (&mixpanel.scim, Operation::of_scim(kind)) {
                        by_kind.insert((kind, Channel::Scim), Form::of(catalogue, operation));
                    }
                }
                Self { by_kind, limits: Some(mixpanel.limits), scim: mixpanel.scim.clone() }
            }
        }
    }

    /// How `change` is carried out on the way from `live` to `target`.
    ///
    /// A request whose form is known is better than SCIM, and SCIM is better than a guess that somebody vouches for. Whoever
    /// has not joined is named by e-mail or not at all: an invitation may have an id, and it may be another person's.
    pub(super) fn channel(&self, change: &Change, live: &State, target: &State) -> Channel {
        if self.by_kind.is_empty() {
            return Channel::Api;
        }
        let kind = change.kind();
        let has_joined = |user: &Email| live.users.get(user).is_some_and(|found| !found.status.is_invited());
        let may_ask = self
            .by_kind
            .get(&(kind, Channel::Api))
            .is_some_and(|form| !form.needs_joined || change.user().is_some_and(has_joined));
        if may_ask && Operation::of(kind).entry().standing < Standing::Inferred {
            Channel::Api
        } else if self.scim.as_ref().is_some_and(|scim| takes(scim, change, live, target)) {
            Channel::Scim
        } else if may_ask {
            Channel::Api
        } else {
            Channel::Manual
        }
    }

    /// The most invitation mails in an hour to one mail domain; `None` where no mails are sent.
    pub fn invitations_per_hour(&self) -> Option<usize> {
        self.limits.map(|limits| limits.invitations_per_hour)
    }

    /// What `changes` take.
    pub(super) fn cost(&self, changes: &[PlannedChange], ranks: &Ranks) -> Cost {
        let requests = self.waves(changes, ranks).iter().map(Vec::len).sum();
        let mails = || changes.iter().filter(|planned| planned.sends_mail() && planned.status != ChangeStatus::Held);
        Cost { requests, invitations: mails().count(), time: self.time(requests, mails()) }
    }

    /// The least time that the limits leave for `requests`, the first of which is sent at once, and for the mails.
    fn time<'a>(&self, requests: usize, mails: impl Iterator<Item = &'a PlannedChange>) -> Duration {
        let Some(limits) = self.limits else { return Duration::ZERO };
        // All that a window takes may come at its beginning.
        let windows = |number: usize, most: usize| number.saturating_sub(1) / most.max(1);
        let most = limits.requests_per_minute.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        let minutes = most.map_or(0, |most| windows(requests, most));
        let mut by_domain: BTreeMap<&str, usize> = BTreeMap::new();
        for domain in mails.filter_map(|planned| planned.change.user()).map(Email::domain) {
            *by_domain.entry(domain).or_default() += 1;
        }
        let hours = by_domain.values().map(|number| windows(*number, limits.invitations_per_hour)).max().unwrap_or(0);
        let times = |number: usize, seconds: u64| Duration::from_secs(seconds.saturating_mul(number as u64));
        times(minutes, 60).max(times(hours, 3600))
    }

    /// The requests for the changes that the backend makes, by waves in the order of the plan.
    pub(super) fn waves<'a>(&self, changes: &'a [PlannedChange], ranks: &Ranks) -> Vec<Wave<'a>> {
        let is_sent =
            |planned: &&PlannedChange| planned.channel != Channel::Manual && planned.status != ChangeStatus::Held;
        let by_backend = changes.iter().filter(is_sent);
        if self.by_kind.is_empty() {
            return by_backend.map(|planned| vec![vec![planned]]).collect();
        }
        let mut waves: Vec<Wave<'_>> = Vec::new();
        let mut open: Lookup<Key<'_>, usize> = Lookup::default();
        let mut begun: Option<(Stage, ChangeId)> = None;
        let mut proved: BTreeSet<ChangeKind> = BTreeSet::new();
        for planned in by_backend {
            // Nothing is moved over the end of its stage, nor before what it depends on.
            let stage = stage(&planned.change, ranks);
            let goes_on = begun.is_some_and(|(known, first)| {
                known == stage && planned.depends_on.iter().all(|needed| *needed < first)
            });
            if !goes_on {
                open.clear();
                waves.push(Vec::new());
                begun = Some((stage, planned.id));
            }
            let Some(wave) = waves.last_mut() else { continue };
            let (kind, channel) = (planned.change.kind(), planned.channel);
            let form = self.by_kind.get(&(kind, channel));
            // The first membership that SCIM changes proves the request, so it stands alone (dossier section 7).
            if channel == Channel::Scim && form.is_some_and(|form| form.most > 1) && proved.insert(kind) {
                wave.push(vec![planned]);
                continue;
            }
            let key = (kind, channel, form.map_or_else(Vec::new, |form| form.key(&planned.change)));
            let most = form.map_or(1, |form| form.most);
            match open.get(&key).copied() {
                Some(place) if wave[place].len() < most => wave[place].push(planned),
                Some(_) | None => {
                    open.insert(key, wave.len());
                    wave.push(vec![planned]);
                }
            }
        }
        waves
    }
}

/// Whether SCIM performs `change`: it sees people of claimed domains who have joined, and makes members of them.
fn takes(scim: &Scim, change: &Change, live: &State, target: &State) -> bool {
    match change {
        Change::InviteUser { user, role } => is_made(scim, user, role),
        Change::RemoveUser { user } => scim.covers(user),
        Change::AddTeamMember { user, .. } | Change::RemoveTeamMember { user, .. } => match live.users.get(user) {
            Some(found) => scim.covers(user) && !found.status.is_invited(),
            None => target.users.get(user).is_some_and(|user_after| is_made(scim, user, &user_after.role)),
        },
        Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::SetOrgRole { .. }
        | Change::SetEveryone { .. }
        | Change::SetTeamRole { .. }
        | Change::SetGrant { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. }
        | Change::CancelInvite { .. } => false,
    }
}

/// Whether SCIM makes somebody a member: it gives no other org role.
fn is_made(scim: &Scim, user: &Email, role: &OrgRole) -> bool {
    *role == OrgRole::Member && scim.covers(user)
}

impl Form {
    fn of(catalogue: &Catalogue, operation: Operation) -> Self {
        let mut fields = catalogue.path(operation).fields();
        fields.extend(catalogue.body(operation).map_or_else(Vec::new, |body| body.shared_fields()));
        let shared = fields.into_iter().filter_map(|field| match field {
            Field::Org | Field::Start => None,
            Field::Project => Some(Part::Project),
            Field::Team | Field::TeamId | Field::ScimGroup => Some(Part::Team),
            Field::User | Field::UserId | Field::ScimUser | Field::ScimMember => Some(Part::User),
            Field::Role | Field::Name => Some(Part::Role),
        });
        // What is about an invitation names it by its own id.
        let is_about_invitation = matches!(operation, Operation::CancelInvite | Operation::ReinviteUser);
        let needs_joined = !is_about_invitation && catalogue.fields(operation).contains(&Field::UserId);
        Self { most: catalogue.batch(operation), shared: shared.collect(), needs_joined }
    }

    fn key<'a>(&self, change: &'a Change) -> Vec<Option<Named<'a>>> {
        let project = || change.project().map(|project| Named::Id(project.get()));
        let parts = self.shared.iter().flat_map(|part| match part {
            Part::User => [change.user().map(|user| Named::Text(user)), None],
            Part::Team => [change.team().map(|team| Named::Text(team)), None],
            Part::Project => [project(), None],
            // Custom roles of one name are others on each project, with ids of their own.
            Part::Role => {
                let role = change.to_text().or_else(|| change.from_text());
                let is_built_in = role.is_none_or(|role| BuiltInRole::from_name(role).is_some());
                [role.map(Named::Text), if is_built_in { None } else { project() }]
            }
        });
        parts.collect()
    }
}
