//! Which channel each change takes, which changes share a request, and which requests may be under way together.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{ChangeId, ChangeStatus, Channel, Cost, PlannedChange, order::Stage, order::stage};
use crate::access::Ranks;
use crate::catalogue::{Catalogue, Field, IdOf, Operation, Standing};
use crate::change::{Change, ChangeKind};
use crate::desired::{Backend, Limits, Scim};
use crate::lookup::Lookup;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, RoleName, State};

/// How often an apply reads the live side before it changes anything: for its plan, and once it has the lock.
const READS_BEFORE: usize = 2;
/// How often it does afterwards, to see what came of it.
const READS_AFTER: usize = 1;

/// How the backend takes changes: all of them one by one, unless it has a catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    by_kind: BTreeMap<(ChangeKind, Channel), Form>,
    /// How many there may be; `None` where nothing limits them.
    limits: Option<Limits>,
    /// Whom SCIM is used for.
    scim: Option<Scim>,
    /// The org roles of which it is known how the service writes them. Any other is written only where it was read.
    known_org_roles: Vec<OrgRole>,
}

/// Both sides of a plan.
#[derive(Debug)]
pub(super) struct Sides<'a> {
    live: &'a State,
    target: &'a State,
    /// Worked out when it is first asked for.
    in_use: OnceCell<InUse<'a>>,
}

/// The roles that were read: of these it is known how the service writes them.
#[derive(Debug)]
struct InUse<'a> {
    of_organization: BTreeSet<&'a OrgRole>,
    custom: BTreeSet<(ProjectId, &'a RoleName)>,
}

impl<'a> Sides<'a> {
    /// The sides of a plan that leads from `live` to `target`.
    pub(super) fn new(live: &'a State, target: &'a State) -> Self {
        Self { live, target, in_use: OnceCell::new() }
    }

    fn in_use(&self) -> &InUse<'a> {
        self.in_use.get_or_init(|| {
            let State { projects, users, teams, grants, .. } = self.live;
            let of_everybody = projects.iter().filter_map(|(id, project)| Some((*id, project.everyone.as_ref()?)));
            let of_teams = teams.values().flat_map(|team| &team.roles).map(|(id, role)| (*id, role));
            let of_people = grants.iter().map(|((_, id), role)| (*id, role));
            let all = of_everybody.chain(of_teams).chain(of_people);
            let custom = |(id, role): (ProjectId, &'a ProjectRole)| match role {
                ProjectRole::Custom(name) => Some((id, name)),
                ProjectRole::BuiltIn(_) => None,
            };
            InUse {
                of_organization: users.values().map(|user| &user.role).collect(),
                custom: all.filter_map(custom).collect(),
            }
        })
    }

    /// Whether somebody was read to have the role on the project, where it is one that the project defines.
    fn is_read(&self, project: ProjectId, role: &ProjectRole) -> bool {
        match role {
            ProjectRole::BuiltIn(_) => true,
            ProjectRole::Custom(name) => self.in_use().custom.contains(&(project, name)),
        }
    }
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
    /// Whether it names a user by an id.
    by_id: bool,
    /// Whether it is about an invitation, which has an id of its own; all others have the ids of people who have joined.
    is_about_invitation: bool,
    /// Whether it writes a role.
    writes_role: bool,
    /// Whether the first one of a run goes alone.
    is_proved: bool,
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
                let known_org_roles = OrgRole::ALL.into_iter().filter(|role| catalogue.knows_org_role(role)).collect();
                Self { by_kind, limits: Some(mixpanel.limits), scim: mixpanel.scim.clone(), known_org_roles }
            }
        }
    }

    /// How `change` is carried out on the way from one of `sides` to the other.
    ///
    /// A request whose form is known is better than SCIM, and SCIM is better than a guess that somebody vouches for. Whoever
    /// has not joined is named by e-mail or not at all: an invitation may have an id, and it may be another person's. Nor is
    /// anybody named by an id that was not told, or a role given that nobody was read to have.
    pub(super) fn channel(&self, change: &Change, sides: &Sides<'_>) -> Channel {
        if self.by_kind.is_empty() {
            return Channel::Api;
        }
        let Sides { live, target, .. } = sides;
        let kind = change.kind();
        let may_ask = self.names(change, live) && !self.is_unread_role(change, sides);
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

    /// Whether there is a request for `change` that can name its user.
    fn names(&self, change: &Change, live: &State) -> bool {
        let Some(form) = self.by_kind.get(&(change.kind(), Channel::Api)) else { return false };
        let has_id = |user: &Email| {
            let found = live.users.get(user);
            let is_listed = found.is_some_and(|found| form.is_about_invitation || !found.status.is_invited());
            is_listed && !live.unread.ids.contains(user)
        };
        !form.by_id || change.user().is_some_and(has_id)
    }

    /// Whether the request for `change` would write a role that nobody was read to have, and of which nobody knows how the
    /// service writes it.
    fn is_unread_role(&self, change: &Change, sides: &Sides<'_>) -> bool {
        if self.by_kind.get(&(change.kind(), Channel::Api)).is_none_or(|form| !form.writes_role) {
            return false;
        }
        match change {
            Change::InviteUser { role, .. } | Change::SetOrgRole { to: role, .. } => {
                !self.known_org_roles.contains(role) && !sides.in_use().of_organization.contains(role)
            }
            Change::SetEveryone { project, to, .. }
            | Change::SetTeamRole { project, to, .. }
            | Change::SetGrant { project, to, .. } => !sides.is_read(*project, to),
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::AddTeamMember { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveEveryone { .. }
            | Change::DeleteTeam { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => false,
        }
    }

    /// Those of `changes` that are left to people only because nobody on the `live` side was read to have the role that they
    /// give: as soon as somebody has it, the others can be requested.
    pub(super) fn awaiting_a_role<'c>(&self, changes: &[&'c Change], live: &State) -> Vec<&'c Change> {
        let sides = Sides::new(live, live);
        let awaits = |change: &&&Change| self.names(change, live) && self.is_unread_role(change, &sides);
        changes.iter().filter(awaits).copied().collect()
    }

    /// The most invitation mails in an hour to one mail domain; `None` where no mails are sent.
    pub fn invitations_per_hour(&self) -> Option<usize> {
        self.limits.map(|limits| limits.invitations_per_hour)
    }

    /// The most requests in a minute, reads included; `None` where there is no such limit.
    pub fn requests_per_minute(&self) -> Option<u64> {
        self.limits.and_then(|limits| limits.requests_per_minute)
    }

    /// What `changes` take, where the live side was read with so many requests.
    pub(super) fn cost(&self, changes: &[PlannedChange], ranks: &Ranks, reads: Option<usize>) -> Cost {
        let requests = self.waves(changes, ranks).iter().map(Vec::len).sum();
        let mails = || changes.iter().filter(|planned| planned.sends_mail() && planned.status != ChangeStatus::Held);
        let begins = changes.iter().any(|planned| planned.status != ChangeStatus::Held);
        let times = if begins { READS_BEFORE + READS_AFTER } else { 1 };
        Cost {
            requests,
            invitations: mails().count(),
            reads: reads.map(|reads| reads.saturating_mul(times)),
            time: if begins { self.time(requests, mails(), reads.unwrap_or(0)) } else { Duration::ZERO },
        }
    }

    /// The least time that the limits leave for an apply with `requests` that change something, the mails among them, which
    /// reads the live side with so many `reads` each time. The first request is made at once.
    fn time<'a>(&self, requests: usize, mails: impl Iterator<Item = &'a PlannedChange>, reads: usize) -> Duration {
        let Some(limits) = self.limits else { return Duration::ZERO };
        // All that a window takes may come at its beginning.
        let windows = |number: usize, most: usize| number.saturating_sub(1) / most.max(1);
        let most = limits.requests_per_minute.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        let minutes = |number: usize| {
            let minutes = most.map_or(0, |most| windows(number, most));
            Duration::from_secs(60).saturating_mul(u32::try_from(minutes).unwrap_or(u32::MAX))
        };
        let (before, after) = (reads.saturating_mul(READS_BEFORE), reads.saturating_mul(READS_AFTER));
        let in_a_row = minutes(requests.saturating_add(before).saturating_add(after));
        let mut by_domain: BTreeMap<&str, usize> = BTreeMap::new();
        for domain in mails.filter_map(|planned| planned.change.user()).map(Email::domain) {
            *by_domain.entry(domain).or_default() += 1;
        }
        let hours = by_domain.values().map(|number| windows(*number, limits.invitations_per_hour)).max().unwrap_or(0);
        if hours == 0 {
            return in_a_row;
        }
        let hours = Duration::from_secs(3600).saturating_mul(u32::try_from(hours).unwrap_or(u32::MAX));
        // The first mail comes after the reads before it, and the reads afterwards come after the last one.
        let around = minutes(before.saturating_add(1)).saturating_add(minutes(after.saturating_add(1)));
        in_a_row.max(hours.saturating_add(around))
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
            if form.is_some_and(|form| form.is_proved) && proved.insert(kind) {
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
        let fields = catalogue.fields(operation);
        Self {
            most: catalogue.batch(operation),
            shared: shared.collect(),
            by_id: fields.contains(&Field::UserId),
            is_about_invitation: operation.entry().id_of == IdOf::Invitation,
            writes_role: fields.contains(&Field::Role),
            is_proved: operation.entry().is_proved,
        }
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
