//! By which facts somebody has access, and where these are written.
//!
//! [`crate::access`] tells what a state gives to whom. Here the same is told of a configuration, where every fact has a
//! place and what people wrote about it, and of the live side in the same form, so that both can be laid side by side.
//! Nothing is collected but what is asked for: a [`Side`] is made for a [`Scope`], and rows are made one user at a time.
//! Pure: no input, output or clock.

mod comparison;
mod desired;
mod live;
mod view;
mod ways;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::access::{AccessSource, Via};
use crate::desired::{Bound, Desired, Fact, Lapse, LapseWhy, Note};
use crate::model::{Email, OrgRole, ProjectId, State, Status, TeamName};
use crate::source::Span;

pub use comparison::{Compared, ComparedMembership, Mark, Sides};
pub use view::View;
pub use ways::{Loss, Way, ways_to_get, ways_to_lose};

/// What is asked about: everything that is not narrowed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scope<'s> {
    /// Only this user.
    pub user: Option<&'s Email>,
    /// Only this project.
    pub project: Option<ProjectId>,
}

impl Scope<'_> {
    fn takes(self, project: ProjectId) -> bool {
        self.project.is_none_or(|only| only == project)
    }
}

/// What a [`Ground`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroundKind {
    /// A user is a member of a team.
    Member,
    /// A team has a role on a project.
    TeamRole,
    /// A user has an individual grant.
    Grant,
    /// A project has a default role for everybody.
    Everyone,
    /// Somebody is a user, with an org role.
    User,
}

impl GroundKind {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::TeamRole => "team_role",
            Self::Grant => "grant",
            Self::Everyone => "everyone",
            Self::User => "user",
        }
    }
}

/// One declared fact that access rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ground<'a> {
    /// What it is.
    pub kind: GroundKind,
    /// Where it is written.
    pub place: Span,
    /// What people wrote about it.
    pub note: Option<&'a Note>,
}

impl<'a> Ground<'a> {
    fn new<T>(kind: GroundKind, fact: &'a Fact<T>) -> Self {
        Self { kind, place: fact.place, note: fact.note.as_deref() }
    }
}

/// One source of a user's access to one project, with the facts that it rests on.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    /// The project.
    pub project: ProjectId,
    /// What gives the access, and the role.
    pub source: AccessSource<'a>,
    grounds: [Option<Ground<'a>>; 3],
    /// Why it is not given at the moment, though it is declared; `None` for all that [`Side::access`] tells.
    pub lapse: Option<Lapse<'a>>,
}

impl<'a> Access<'a> {
    /// The same without the fact that says the role: what holds whatever the role is.
    fn without_role(self) -> Self {
        let says_role = |ground: &Ground<'_>| match ground.kind {
            GroundKind::TeamRole | GroundKind::Grant | GroundKind::Everyone => true,
            GroundKind::User => self.source.via == Via::OrgRole,
            GroundKind::Member => false,
        };
        let grounds = self.grounds.map(|ground| ground.filter(|ground| !says_role(ground)));
        Self { grounds, ..self }
    }

    /// Whether it is not given yet and will be, if nothing changes but the time.
    pub fn will_begin(&self) -> bool {
        let begins = self.since().filter(|_| self.lapse.is_some_and(|lapse| lapse.why == LapseWhy::NotYet));
        begins.is_some_and(|from| self.until().is_none_or(|until| from.at < until.at))
    }

    /// The facts, what is nearest to the source first: of a team the membership, the team's role, the user's entry. All
    /// of them are needed. What is not written is left out, as everything of the live side is.
    pub fn grounds(&self) -> impl Iterator<Item = Ground<'a>> + use<'a> {
        self.grounds.into_iter().flatten()
    }

    /// What gives the access itself: the grounds without the user's entry, unless that is all there is.
    pub fn own_grounds(&self) -> impl Iterator<Item = Ground<'a>> + use<'a> {
        let by_role = self.source.via == Via::OrgRole;
        self.grounds().filter(move |ground| by_role || ground.kind != GroundKind::User)
    }

    /// What people wrote about the nearest of the facts about which they wrote it.
    fn noted<T>(&self, part: impl Fn(&'a Note) -> Option<T>) -> Option<T> {
        self.grounds().filter_map(|ground| ground.note).find_map(part)
    }

    /// When it ends: with the first of its facts that does.
    pub fn until(&self) -> Option<Bound> {
        self.grounds().filter_map(|ground| ground.note?.window.until).min_by_key(|until| until.at)
    }

    /// Since when it is given, as far as that is written: since all of its facts hold.
    pub fn since(&self) -> Option<Bound> {
        self.grounds().filter_map(|ground| ground.note?.window.from).max_by_key(|from| from.at)
    }

    /// Why, as the nearest of the facts says it.
    pub fn reason(&self) -> Option<&'a str> {
        self.noted(|note| note.reason.as_deref())
    }

    /// The ticket that asked for it.
    pub fn ticket(&self) -> Option<&'a str> {
        self.noted(|note| note.ticket.as_deref())
    }

    /// Who approved it, as the nearest of the facts that give it says; none where nobody is named. Whoever approved that
    /// somebody is a user did not approve what else they have, so the user's entry speaks of the org role only.
    pub fn approved_by(&self) -> &'a [Email] {
        self.approval().map_or(&[], |(by, _)| by)
    }

    /// The fact that names the approvers.
    pub(crate) fn approved_at(&self) -> Option<Span> {
        self.approval().map(|(_, place)| place)
    }

    fn approval(&self) -> Option<(&'a [Email], Span)> {
        let approval = |ground: Ground<'a>| Some((ground.note?.approved_by.as_slice(), ground.place));
        self.own_grounds().filter_map(approval).find(|(by, _)| !by.is_empty())
    }

    /// The fact that names the sponsor.
    pub(crate) fn sponsored_at(&self) -> Option<Span> {
        let names = |ground: &Ground<'_>| ground.note.is_some_and(|note| note.sponsor.is_some());
        self.grounds().find(names).map(|ground| ground.place)
    }

    /// Who answers for the person.
    pub fn sponsor(&self) -> Option<&'a Email> {
        self.noted(|note| note.sponsor.as_ref())
    }
}

/// A user as one side knows them.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// The org role; `None` where the configuration does not look after users and the live side is not at hand.
    pub role: Option<&'a OrgRole>,
    /// The name, where it is written.
    pub name: Option<&'a str>,
    /// The user's entry.
    pub entry: Option<Ground<'a>>,
    /// Whether the configuration declares them.
    pub standing: Standing<'a>,
    /// Why they are to have nothing at the moment: they are blocked, declared or not, or their time is not now.
    pub lapse: Option<Lapse<'a>>,
    /// Whether they have joined, as the live side says.
    pub status: Option<Status>,
    /// When they were last seen, where the backend knows.
    pub last_active: Option<Timestamp>,
}

/// Whether the configuration declares somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It does.
    Declared,
    /// The address is an earlier one of somebody.
    Renamed {
        /// The address that they have now.
        now: &'a Email,
        /// Where the earlier one is written.
        place: Span,
    },
    /// It does not, not any more or not ever.
    NotDeclared,
    /// It does not look after users.
    NotManaged,
}

/// A membership of a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership<'a> {
    /// The team.
    pub team: &'a TeamName,
    /// The membership's line; `None` on the live side.
    pub ground: Option<Ground<'a>>,
}

/// The effective access on one side of an organization.
#[derive(Debug)]
pub struct Side<'a>(Inner<'a>);

#[derive(Debug)]
enum Inner<'a> {
    Desired(Box<desired::Desiring<'a>>),
    Live(live::Living<'a>),
}

impl<'a> Side<'a> {
    /// What `desired` declares to be so at the moment `as_of`. Whoever is declared and has nothing at that moment is still
    /// a user: [`Person::lapse`] and [`Side::lapsed`] tell why.
    ///
    /// Where no document has a `users` section, users are those whom other facts name and, if it is given, those of the
    /// live side, with the org roles there. The projects of the live side count as projects too: org roles reach them. A
    /// team that does not state its members or its projects has those of the live side.
    pub fn desired(desired: &'a Desired, live: Option<&'a State>, as_of: Timestamp, scope: Scope<'_>) -> Self {
        let side = desired::Desiring::new(desired, live, as_of, scope, desired::Others::LeftOut);
        Self(Inner::Desired(Box::new(side)))
    }

    /// As [`Side::desired`], with the users of `target`, the state that a run leads to, who are there without being
    /// declared.
    pub fn planned(desired: &'a Desired, target: &'a State, as_of: Timestamp) -> Self {
        let scope = Scope::default();
        let side = desired::Desiring::new(desired, Some(target), as_of, scope, desired::Others::Taken);
        Self(Inner::Desired(Box::new(side)))
    }

    /// What is declared of everybody, whoever that is: the default roles of projects. None of the live side.
    pub fn of_everybody(&self) -> Vec<Access<'a>> {
        match &self.0 {
            Inner::Desired(side) => side.of_everybody(),
            Inner::Live(_) => Vec::new(),
        }
    }

    /// What the live side gives.
    pub fn live(state: &'a State, scope: Scope<'_>) -> Self {
        Self(Inner::Live(live::Living::new(state, scope)))
    }

    /// The users of the scope, in order.
    pub fn users(&self) -> BTreeSet<&'a Email> {
        match &self.0 {
            Inner::Desired(side) => side.users(),
            Inner::Live(side) => side.users(),
        }
    }

    /// What is known of `user`; `None` for somebody of whom nothing is known here. The configuration knows whom it blocks
    /// and which addresses people had before, though they are no users.
    pub fn person(&self, user: &Email) -> Option<Person<'a>> {
        match &self.0 {
            Inner::Desired(side) => side.person(user),
            Inner::Live(side) => side.person(user),
        }
    }

    /// Whether the configuration declares `user`; of the live side nothing of the kind is known.
    fn standing(&self, user: &Email) -> Standing<'a> {
        match &self.0 {
            Inner::Desired(side) => side.standing(user),
            Inner::Live(_) => Standing::NotManaged,
        }
    }

    /// The teams of `user`, by name; with a project in the scope, those with a role on it.
    pub fn memberships(&self, user: &Email) -> Vec<Membership<'a>> {
        match &self.0 {
            Inner::Desired(side) => side.memberships(user),
            Inner::Live(side) => side.memberships(user),
        }
    }

    /// Fills `found` with the sources of `user`'s access, by project, then in the order of sources.
    pub fn collect(&self, user: &Email, found: &mut Vec<Access<'a>>) {
        self.collect_all(user, found);
        found.retain(|access| access.lapse.is_none());
    }

    /// As [`Side::collect`], with what is declared and not given at the moment, which has a [`Access::lapse`].
    pub fn collect_all(&self, user: &Email, found: &mut Vec<Access<'a>>) {
        found.clear();
        match &self.0 {
            Inner::Desired(side) => side.collect(user, found),
            Inner::Live(side) => side.collect(user, found),
        }
    }

    /// What is declared of `user` and not given at the moment, because of the time or because they are blocked.
    pub fn lapsed(&self, user: &Email) -> Vec<Access<'a>> {
        let mut found = Vec::new();
        self.collect_all(user, &mut found);
        found.retain(|access| access.lapse.is_some());
        found
    }

    /// As [`Side::collect`], in a list of its own.
    pub fn access(&self, user: &Email) -> Vec<Access<'a>> {
        let mut found = Vec::new();
        self.collect(user, &mut found);
        found
    }
}
