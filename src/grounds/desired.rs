//! The desired side: what a configuration gives, with the place of every fact.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Access, Ground, GroundKind, Membership, Person, Scope, Standing};
use crate::access::{AccessSource, Via, by_org_role};
use crate::desired::{Desired, DesiredUser, Fact, InForce};
use crate::lookup::NameTable;
use crate::model::{Email, ProjectId, ProjectRole, State, TeamName, User};
use crate::source::Span;
use crate::target::earlier_names;

/// What a configuration gives.
#[derive(Debug)]
pub(super) struct Desiring<'a> {
    desired: &'a Desired,
    in_force: InForce<'a>,
    holders: NameTable<'a, Holder<'a>>,
    /// Addresses that people had before, with the one that they have and the place.
    earlier: NameTable<'a, (&'a Email, Span)>,
    /// Every project of the scope.
    projects: BTreeSet<ProjectId>,
    /// Those with a default role for everybody.
    everyone: Vec<(ProjectId, &'a Fact<ProjectRole>)>,
}

/// Users of the live side who are not declared, where the configuration looks after users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Others {
    Taken,
    LeftOut,
}

/// What one user has.
#[derive(Debug)]
struct Holder<'a> {
    email: &'a Email,
    declared: Option<&'a DesiredUser>,
    /// What the live side says where the configuration does not look after users.
    live: Option<&'a User>,
    teams: Vec<Held<'a>>,
    grants: Vec<(ProjectId, &'a Fact<ProjectRole>)>,
}

/// A membership. What a declared team does not state is as the live side has it, where that is at hand.
#[derive(Debug, Clone, Copy)]
struct Held<'a> {
    team: &'a TeamName,
    /// The member's line, where the team states its members.
    member: Option<&'a Fact<()>>,
    roles: Roles<'a>,
}

/// The roles of a team.
#[derive(Debug, Clone, Copy)]
enum Roles<'a> {
    Declared(&'a BTreeMap<ProjectId, Fact<ProjectRole>>),
    Live(&'a BTreeMap<ProjectId, ProjectRole>),
    Unknown,
}

impl<'a> Roles<'a> {
    /// The roles with their lines, where they have any.
    fn iter(self) -> impl Iterator<Item = (ProjectId, &'a ProjectRole, Option<&'a Fact<ProjectRole>>)> {
        let (declared, live) = match self {
            Self::Declared(roles) => (Some(roles), None),
            Self::Live(roles) => (None, Some(roles)),
            Self::Unknown => (None, None),
        };
        let declared = declared.into_iter().flatten().map(|(id, fact)| (*id, &fact.value, Some(fact)));
        declared.chain(live.into_iter().flatten().map(|(id, role)| (*id, role, None)))
    }

    fn reaches(self, project: ProjectId) -> bool {
        match self {
            Self::Declared(roles) => roles.contains_key(&project),
            Self::Live(roles) => roles.contains_key(&project),
            Self::Unknown => false,
        }
    }
}

impl<'a> Holder<'a> {
    fn new(email: &'a Email) -> Self {
        Self { email, declared: None, live: None, teams: Vec::new(), grants: Vec::new() }
    }

    fn entry(&self) -> Option<Ground<'a>> {
        self.declared.map(|user| Ground::new(GroundKind::User, &user.role))
    }
}

impl<'a> Desiring<'a> {
    pub(super) fn new(
        desired: &'a Desired,
        live: Option<&'a State>,
        as_of: Timestamp,
        scope: Scope<'_>,
        others: Others,
    ) -> Self {
        let live_projects = live.into_iter().flat_map(|state| state.projects.keys());
        let projects = desired.projects.keys().chain(live_projects).copied().filter(|id| scope.takes(*id)).collect();
        let everyone = desired.projects.iter().filter(|(id, _)| scope.takes(**id));
        let everyone = everyone.filter_map(|(id, project)| Some((*id, project.everyone.as_ref()?))).collect();
        let in_force = InForce::new(desired, as_of);
        let mut earlier = NameTable::default();
        for (now, user) in desired.users.iter().flatten() {
            for (before, place) in &user.previously {
                earlier.insert_new(before, || (now, *place));
            }
        }
        let mut side = Self { desired, in_force, holders: NameTable::default(), earlier, projects, everyone };
        side.add_users(live, scope, others);
        side.add_teams(live, scope);
        side.add_grants(scope);
        side
    }

    fn add_users(&mut self, live: Option<&'a State>, scope: Scope<'_>, others: Others) {
        match &self.desired.users {
            Some(users) => {
                for (email, user) in in_scope(users, scope.user) {
                    self.holders.or_insert_with(email, || Holder::new(email)).declared = Some(user);
                }
                if others == Others::Taken {
                    for (email, user) in live.into_iter().flat_map(|state| in_scope(&state.users, scope.user)) {
                        if !users.contains_key(email) {
                            self.holders.or_insert_with(email, || Holder::new(email)).live = Some(user);
                        }
                    }
                }
            }
            None => {
                for (email, user) in live.into_iter().flat_map(|state| in_scope(&state.users, scope.user)) {
                    self.holders.or_insert_with(email, || Holder::new(email)).live = Some(user);
                }
            }
        }
    }

    fn add_teams(&mut self, live: Option<&'a State>, scope: Scope<'_>) {
        let earlier = live.map_or_else(BTreeMap::new, |state| earlier_names(self.desired, state));
        let were_called: BTreeMap<&TeamName, &TeamName> = earlier.iter().map(|(old, new)| (new, old)).collect();
        for (name, team) in &self.desired.teams {
            let live_name = were_called.get(name).copied().unwrap_or(name);
            let found = live.and_then(|state| state.teams.get(live_name));
            let roles = match (&team.roles, found) {
                (Some(roles), _) => Roles::Declared(roles),
                (None, Some(found)) => Roles::Live(&found.roles),
                (None, None) => Roles::Unknown,
            };
            let is_asked_for = scope.project.is_none_or(|project| roles.reaches(project));
            for (email, fact) in team.members.iter().flat_map(|members| in_scope(members, scope.user)) {
                // Whoever is named is a user, where no section says who is one.
                if let Some(holder) = holder(&mut self.holders, self.desired, email)
                    && is_asked_for
                {
                    holder.teams.push(Held { team: name, member: Some(fact), roles });
                }
            }
            if team.members.is_none() && is_asked_for {
                for email in found.into_iter().flat_map(|found| &found.members) {
                    if scope.user.is_none_or(|user| user == email)
                        && let Some(holder) = self.holders.get_mut(email)
                    {
                        holder.teams.push(Held { team: name, member: None, roles });
                    }
                }
            }
        }
    }

    fn add_grants(&mut self, scope: Scope<'_>) {
        let (first, last) = ProjectId::RANGE;
        let of = |user: &Email| self.desired.grants.range((user.clone(), first)..=(user.clone(), last));
        let (only, all) = match scope.user {
            Some(user) => (Some(of(user)), None),
            None => (None, Some(self.desired.grants.iter())),
        };
        for ((email, project), fact) in only.into_iter().flatten().chain(all.into_iter().flatten()) {
            if let Some(holder) = holder(&mut self.holders, self.desired, email)
                && scope.takes(*project)
            {
                holder.grants.push((*project, fact));
            }
        }
    }

    pub(super) fn users(&self) -> BTreeSet<&'a Email> {
        self.holders.values().iter().map(|holder| holder.email).collect()
    }

    /// Whether `user` is declared.
    pub(super) fn standing(&self, user: &Email) -> Standing<'a> {
        let declared = self.holders.get(user).and_then(|holder| holder.declared);
        match (declared, self.earlier.get(user), &self.desired.users) {
            (Some(_), _, _) => Standing::Declared,
            (None, Some((now, place)), _) => Standing::Renamed { now, place: *place },
            (None, None, Some(_)) => Standing::NotDeclared,
            (None, None, None) => Standing::NotManaged,
        }
    }

    pub(super) fn person(&self, user: &Email) -> Option<Person<'a>> {
        let holder = self.holders.get(user);
        let lapse = self.in_force.user(user);
        let earlier = self.earlier.get(user);
        if holder.is_none() && lapse.is_none() && earlier.is_none() {
            return None;
        }
        let declared = holder.and_then(|holder| holder.declared);
        let live = holder.and_then(|holder| holder.live);
        Some(Person {
            role: declared.map(|user| &user.role.value).or_else(|| live.map(|user| &user.role)),
            name: declared.and_then(|user| user.name.as_deref()),
            entry: holder.and_then(Holder::entry),
            standing: self.standing(user),
            lapse,
            status: live.map(|user| user.status),
            last_active: live.and_then(|user| user.last_active),
        })
    }

    pub(super) fn memberships(&self, user: &Email) -> Vec<Membership<'a>> {
        let teams = self.holders.get(user).map_or(&[][..], |holder| &holder.teams);
        let gone = self.in_force.user(user);
        let holds =
            |held: &&Held<'a>| gone.is_none() && held.member.is_none_or(|fact| self.in_force.fact(fact).is_none());
        let ground = |fact| Ground::new(GroundKind::Member, fact);
        let of = |held: &Held<'a>| Membership { team: held.team, ground: held.member.map(ground) };
        teams.iter().filter(holds).map(of).collect()
    }

    pub(super) fn of_everybody(&self) -> Vec<Access<'a>> {
        let of = |(project, fact): &(ProjectId, &'a Fact<ProjectRole>)| Access {
            project: *project,
            source: AccessSource { via: Via::Everyone, role: &fact.value },
            grounds: [Some(Ground::new(GroundKind::Everyone, *fact)), None, None],
            lapse: self.in_force.fact(*fact),
        };
        self.everyone.iter().map(of).collect()
    }

    pub(super) fn collect(&self, user: &Email, found: &mut Vec<Access<'a>>) {
        let Some(holder) = self.holders.get(user) else { return };
        let entry = holder.entry();
        let gone = self.in_force.user(user);
        let role = holder.declared.map(|user| &user.role.value).or_else(|| holder.live.map(|user| &user.role));
        if let Some(role) = role.and_then(by_org_role) {
            let source = AccessSource { via: Via::OrgRole, role };
            let of =
                |project: &ProjectId| Access { project: *project, source, grounds: [entry, None, None], lapse: gone };
            found.extend(self.projects.iter().map(of));
        }
        for held in &holder.teams {
            let member = held.member.map(|fact| Ground::new(GroundKind::Member, fact));
            let out = gone.or_else(|| self.in_force.fact(held.member?));
            let roles = held.roles.iter().filter(|(project, ..)| self.projects.contains(project));
            found.extend(roles.map(|(project, role, fact)| Access {
                project,
                source: AccessSource { via: Via::Team(held.team), role },
                grounds: [member, fact.map(|fact| Ground::new(GroundKind::TeamRole, fact)), entry],
                lapse: out.or_else(|| self.in_force.fact(fact?)),
            }));
        }
        let in_force = &self.in_force;
        let given = |kind, via| {
            move |(project, fact): &(ProjectId, &'a Fact<ProjectRole>)| Access {
                project: *project,
                source: AccessSource { via, role: &fact.value },
                grounds: [Some(Ground::new(kind, *fact)), entry, None],
                lapse: gone.or_else(|| in_force.fact(*fact)),
            }
        };
        found.extend(holder.grants.iter().map(given(GroundKind::Grant, Via::Grant)));
        found.extend(self.everyone.iter().map(given(GroundKind::Everyone, Via::Everyone)));
        // A stable sort: within a project the sources stay in their order.
        found.sort_by_key(|access| access.project);
    }
}

/// What is known of `email`, who is named by a fact: a user, or where no section says who is one, a new one.
fn holder<'t, 'a>(
    holders: &'t mut NameTable<'a, Holder<'a>>,
    desired: &Desired,
    email: &'a Email,
) -> Option<&'t mut Holder<'a>> {
    match desired.users {
        Some(_) => holders.get_mut(email),
        None => Some(holders.or_insert_with(email, || Holder::new(email))),
    }
}

/// All entries of `map`, or only that of `user`.
fn in_scope<'a, V>(
    map: &'a BTreeMap<Email, V>,
    user: Option<&Email>,
) -> impl Iterator<Item = (&'a Email, &'a V)> + use<'a, V> {
    let only = user.and_then(|user| map.get_key_value(user));
    let all = user.is_none().then(|| map.iter());
    only.into_iter().chain(all.into_iter().flatten())
}
