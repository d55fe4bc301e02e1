//! Which changes share a request, which requests may be under way together, and which changes a person has to make.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ChangeId, ChangeStatus, Channel, Cost, PlannedChange, order::Stage, order::stage};
use crate::access::Ranks;
use crate::catalogue::{Catalogue, Field, Operation};
use crate::change::{Change, ChangeKind};
use crate::desired::{Backend, Limits};
use crate::lookup::Lookup;
use crate::model::Email;

/// How the backend takes changes: all of them one by one, unless it has a catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    by_kind: BTreeMap<ChangeKind, Form>,
    /// How many there may be; `None` where nothing limits them.
    limits: Option<Limits>,
}

/// The changes of one request.
pub type Batch<'a> = Vec<&'a PlannedChange>;

/// Batches that do not depend on each other: their requests may be sent in any order and at once.
pub type Wave<'a> = Vec<Batch<'a>>;

/// How a backend takes the changes of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Form {
    channel: Channel,
    /// The most changes in one request.
    most: usize,
    /// What the changes of one request have in common.
    shared: Vec<Part>,
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
type Key<'a> = (ChangeKind, Vec<Option<Named<'a>>>);

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
                let form = |kind| (kind, Form::of(&mixpanel.catalogue, kind));
                let limits = Some(mixpanel.limits);
                Self { by_kind: ChangeKind::ALL.into_iter().map(form).collect(), limits }
            }
        }
    }

    /// Who makes changes of `kind`.
    pub(super) fn channel(&self, kind: ChangeKind) -> Channel {
        self.by_kind.get(&kind).map_or(Channel::Api, |form| form.channel)
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
            |planned: &&PlannedChange| planned.channel == Channel::Api && planned.status != ChangeStatus::Held;
        let by_backend = changes.iter().filter(is_sent);
        if self.by_kind.is_empty() {
            return by_backend.map(|planned| vec![vec![planned]]).collect();
        }
        let mut waves: Vec<Wave<'_>> = Vec::new();
        let mut open: Lookup<Key<'_>, usize> = Lookup::default();
        let mut begun: Option<(Stage, ChangeId)> = None;
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
            let kind = planned.change.kind();
            let form = self.by_kind.get(&kind);
            let key = (kind, form.map_or_else(Vec::new, |form| form.key(&planned.change)));
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

impl Form {
    fn of(catalogue: &Catalogue, kind: ChangeKind) -> Self {
        let operation = Operation::of(kind);
        let channel = if catalogue.can_request(kind) { Channel::Api } else { Channel::Manual };
        let mut fields = catalogue.path(operation).fields();
        fields.extend(catalogue.body(operation).map_or_else(Vec::new, |body| body.shared_fields()));
        let shared = fields.into_iter().filter_map(|field| match field {
            Field::Org => None,
            Field::Project => Some(Part::Project),
            Field::Team | Field::TeamId => Some(Part::Team),
            Field::User | Field::UserId => Some(Part::User),
            Field::Role | Field::Name => Some(Part::Role),
        });
        Self { channel, most: catalogue.batch(operation), shared: shared.collect() }
    }

    fn key<'a>(&self, change: &'a Change) -> Vec<Option<Named<'a>>> {
        let part = |part: &Part| match part {
            Part::User => change.user().map(|user| Named::Text(user)),
            Part::Team => change.team().map(|team| Named::Text(team)),
            Part::Project => change.project().map(|project| Named::Id(project.get())),
            Part::Role => change.to_text().map(Named::Text),
        };
        self.shared.iter().map(part).collect()
    }
}
