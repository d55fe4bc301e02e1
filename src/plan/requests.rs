//! Which changes share a request, and which a person has to make.

use std::collections::BTreeMap;

use super::{ChangeId, Channel, Cost, PlannedChange, order::Stage, order::stage};
use crate::access::Ranks;
use crate::catalogue::{Catalogue, Field, Operation};
use crate::change::{Change, ChangeKind};
use crate::desired::Backend;
use crate::lookup::Lookup;

/// How the backend takes changes: all of them one by one, unless it has a catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    by_kind: BTreeMap<ChangeKind, Form>,
}

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
                Self { by_kind: ChangeKind::ALL.into_iter().map(form).collect() }
            }
        }
    }

    /// Who makes changes of `kind`.
    pub(super) fn channel(&self, kind: ChangeKind) -> Channel {
        self.by_kind.get(&kind).map_or(Channel::Api, |form| form.channel)
    }

    /// What `changes` take.
    pub(super) fn cost(&self, changes: &[PlannedChange], ranks: &Ranks) -> Cost {
        let by_backend = || changes.iter().filter(|planned| planned.channel == Channel::Api);
        let requests = if self.by_kind.is_empty() { changes.len() } else { self.batches(changes, ranks).len() };
        let invitations = by_backend().filter(|planned| planned.change.kind() == ChangeKind::InviteUser).count();
        Cost { requests, invitations }
    }

    /// The changes of each request.
    pub(super) fn batches<'a>(&self, changes: &'a [PlannedChange], ranks: &Ranks) -> Vec<Vec<&'a PlannedChange>> {
        let by_backend = changes.iter().filter(|planned| planned.channel == Channel::Api);
        if self.by_kind.is_empty() {
            return by_backend.map(|planned| vec![planned]).collect();
        }
        let mut batches: Vec<Vec<&PlannedChange>> = Vec::new();
        let mut open: Lookup<Key<'_>, usize> = Lookup::default();
        let mut wave: Option<(Stage, ChangeId)> = None;
        for planned in by_backend {
            // Nothing is moved over the end of its stage, nor before what it depends on.
            let stage = stage(&planned.change, ranks);
            let goes_on = wave.is_some_and(|(known, first)| {
                known == stage && planned.depends_on.iter().all(|needed| *needed < first)
            });
            if !goes_on {
                open.clear();
                wave = Some((stage, planned.id));
            }
            let kind = planned.change.kind();
            let form = self.by_kind.get(&kind);
            let key = (kind, form.map_or_else(Vec::new, |form| form.key(&planned.change)));
            let most = form.map_or(1, |form| form.most);
            match open.get(&key).copied() {
                Some(place) if batches[place].len() < most => batches[place].push(planned),
                Some(_) | None => {
                    open.insert(key, batches.len());
                    batches.push(vec![planned]);
                }
            }
        }
        batches
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
