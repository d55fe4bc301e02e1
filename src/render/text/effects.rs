//! What the changes of a plan really do: whose access each of them alters, and whom it raises to admin or owner.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

use super::raise::Raise;
use crate::access::{AccessChange, UserAccess, Via, rank, rank_before};
use crate::change::Change;
use crate::lookup::NameTable;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, TeamName};
use crate::plan::{ChangeId, ChangeStatus, Origin, Plan, PlannedChange};

/// Finds what the changes of a plan do, in one pass over the access changes.
///
/// A change of a grant counts when its user's access to its project changes, one of a membership when the access to
/// any project of the team does, and so on: a question about places, so that two changes that cancel each other out
/// are both found to be without effect. Each source of a row leads to its changes, so a row costs what its own sources
/// cost, however many changes there are.
#[derive(Debug)]
pub(crate) struct Effects<'a> {
    plan: &'a Plan,
    users: NameTable<'a, OfUser<'a>>,
    teams: NameTable<'a, OfTeam>,
    everyone: ByProject,
    raises: Raises,
    /// How many people become admin or owner of the organization or of a project.
    pub(crate) risen: usize,
    /// Who could be counted several times: people of several addresses, and those who are in no list that was read; whether
    /// they were.
    counted: BTreeMap<&'a str, bool>,
}

/// Whom changes raise. Few of many changes raise somebody, and each of them is asked several times.
#[derive(Debug)]
struct Raises {
    /// For each change, in order, the place of its raise, from 1.
    places: Vec<Option<NonZeroU32>>,
    raises: Vec<Raise>,
}

impl Raises {
    /// The raise of a change, which is `first` where there is none yet.
    fn of_change(&mut self, id: ChangeId, first: impl FnOnce() -> Raise) -> &mut Raise {
        let found = &mut self.places[place(id)];
        let place = *found.get_or_insert_with(|| {
            self.raises.push(first());
            u32::try_from(self.raises.len()).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MAX)
        });
        &mut self.raises[place.get() as usize - 1]
    }

    fn get(&self, id: ChangeId) -> Option<&Raise> {
        let place = self.places.get(place(id)).copied().flatten()?;
        self.raises.get(place.get() as usize - 1)
    }

    /// The raise of a change, which has none then.
    fn take(&mut self, id: ChangeId) -> Option<Raise> {
        let place = self.places.get_mut(place(id))?.take()?;
        let raise = self.raises.get_mut(place.get() as usize - 1)?;
        let rank = raise.rank;
        Some(std::mem::replace(raise, Raise::of_nobody(rank)))
    }
}

/// A change with how often it alters the access of somebody to a project.
#[derive(Debug)]
struct Counted {
    id: ChangeId,
    origin: Origin,
    rows: Cell<usize>,
}

impl Counted {
    fn new(planned: &PlannedChange) -> Self {
        Self { id: planned.id, origin: planned.origin, rows: Cell::new(0) }
    }

    fn count(&self) {
        self.rows.update(|rows| rows + 1);
    }
}

/// Some of the origins that a change can have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Origins(u8);

impl Origins {
    fn all() -> Self {
        Origin::ALL.into_iter().fold(Self::default(), Self::with)
    }

    fn with(self, origin: Origin) -> Self {
        Self(self.0 | (1 << origin as u8))
    }

    /// Whether `origin` is one of them.
    pub(crate) fn contains(self, origin: Origin) -> bool {
        self.0 & (1 << origin as u8) != 0
    }
}

/// The changes that name a user.
#[derive(Debug, Default)]
struct OfUser<'a> {
    removed: Option<Counted>,
    org_role: Option<Counted>,
    invited: Option<ChangeId>,
    // A person is in a few teams: looking through them is quicker than any table.
    joins: Vec<(&'a TeamName, Counted)>,
    leaves: Vec<(&'a TeamName, Counted)>,
    sets: ByProject,
    removes: ByProject,
    becomes_strong: bool,
}

/// The changes of what a team gives; whether it is more than before.
#[derive(Debug, Default)]
struct OfTeam {
    deleted: Option<Counted>,
    sets: ByProject,
    removes: ByProject,
}

/// Changes of one thing by project.
#[derive(Debug, Default)]
struct ByProject(Vec<(ProjectId, Counted)>);

impl ByProject {
    fn insert(&mut self, project: ProjectId, planned: &PlannedChange) {
        // They come nearly in order.
        let at = self.0.partition_point(|(known, _)| *known <= project);
        self.0.insert(at, (project, Counted::new(planned)));
    }

    fn get(&self, project: ProjectId) -> Option<&Counted> {
        let at = self.0.binary_search_by_key(&project, |(known, _)| *known).ok()?;
        Some(&self.0[at].1)
    }

    fn id(&self, project: ProjectId) -> Option<ChangeId> {
        self.get(project).map(|found| found.id)
    }
}

/// The change of the team `name` among those of one person.
fn of_team<'c>(changes: &'c [(&TeamName, Counted)], name: &TeamName) -> Option<&'c Counted> {
    // The same name is mostly the same allocation, which is seen without reading it.
    let same = |(team, _): &&(&TeamName, Counted)| std::ptr::eq(team.as_str(), name.as_str());
    let found = changes.iter().find(same).or_else(|| changes.iter().find(|(team, _)| *team == name))?;
    Some(&found.1)
}

impl<'a> Effects<'a> {
    /// Asks about the changes of `plan`.
    pub(crate) fn of(plan: &'a Plan) -> Self {
        let mut effects = Self {
            plan,
            users: NameTable::default(),
            teams: NameTable::default(),
            everyone: ByProject::default(),
            raises: Raises { places: vec![None; plan.changes.len()], raises: Vec::new() },
            risen: 0,
            counted: plan.earlier_addresses.values().map(|person| (person.as_str(), false)).collect(),
        };
        for planned in plan.to_do() {
            effects.ask(planned);
            effects.ask_of_unread(planned);
        }
        for held in plan.circles.iter().flat_map(|circle| &circle.meanwhile) {
            let manages = rank(&plan.ranks, held.project, &held.role).filter(|rank| *rank >= BuiltInRole::Admin);
            let is_done = plan.changes.get(place(held.from)).is_some_and(|one| one.status != ChangeStatus::Held);
            if let Some(rank) = manages.filter(|_| is_done) {
                effects.raises.of_change(held.from, || Raise::of_nobody(rank)).add_meanwhile(held, rank);
            }
        }
        effects
    }

    fn of_user(&mut self, user: &'a Email) -> &mut OfUser<'a> {
        self.users.or_insert_with(user, OfUser::default)
    }

    /// Counts the person with the address `user` among those who become admin or owner.
    fn count(&mut self, user: &Email) {
        match self.counted.get_mut(self.plan.person(user).as_str()) {
            Some(is_counted) if *is_counted => {}
            Some(is_counted) => {
                *is_counted = true;
                self.risen += 1;
            }
            None => self.risen += 1,
        }
    }

    fn becomes_strong(&mut self, id: ChangeId, user: &'a Email, role: &OrgRole) {
        if let Some(rank) = role.on_every_project() {
            self.raises.of_change(id, || Raise::of_organization(user, rank));
            self.count(user);
            self.of_user(user).becomes_strong = true;
        }
    }

    /// Takes note of members of a team who are no users as far as was read: what they have besides is not known.
    fn ask_of_unread(&mut self, planned: &'a PlannedChange) {
        let Change::SetTeamRole { team, project, from, to } = &planned.change else { return };
        let Some(people) = self.plan.target.unread.members.get(team) else { return };
        let of = |role: &ProjectRole| rank(&self.plan.ranks, *project, role);
        let before = |role: Option<&ProjectRole>| role.and_then(|role| rank_before(&self.plan.ranks, *project, role));
        let given = of(to).filter(|given| *given >= BuiltInRole::Admin);
        let Some(given) = given.filter(|given| before(from.as_ref()) < Some(*given)) else { return };
        for user in people {
            self.raises.of_change(planned.id, || Raise::of_nobody(given)).add_unread(user);
            self.counted.entry(user.as_str()).or_insert(false);
            self.count(user);
        }
    }

    fn ask(&mut self, planned: &'a PlannedChange) {
        let id = planned.id;
        match &planned.change {
            Change::SetGrant { user, project, .. } => {
                self.of_user(user).sets.insert(*project, planned);
            }
            Change::RemoveGrant { user, project, .. } => {
                self.of_user(user).removes.insert(*project, planned);
            }
            Change::AddTeamMember { team, user } => {
                self.of_user(user).joins.push((team, Counted::new(planned)));
            }
            Change::RemoveTeamMember { team, user } => {
                self.of_user(user).leaves.push((team, Counted::new(planned)));
            }
            Change::SetOrgRole { user, from, to } => {
                self.of_user(user).org_role = Some(Counted::new(planned));
                if to.is_above(from) {
                    self.becomes_strong(id, user, to);
                }
            }
            Change::InviteUser { user, role } => {
                self.of_user(user).invited = Some(id);
                self.becomes_strong(id, user, role);
            }
            Change::RemoveUser { user } | Change::CancelInvite { user } => {
                self.of_user(user).removed = Some(Counted::new(planned))
            }
            Change::SetTeamRole { team, project, .. } => {
                self.teams.or_insert_with(team, OfTeam::default).sets.insert(*project, planned);
            }
            Change::RemoveTeamRole { team, project, .. } => {
                self.teams.or_insert_with(team, OfTeam::default).removes.insert(*project, planned);
            }
            Change::DeleteTeam { team } => {
                self.teams.or_insert_with(team, OfTeam::default).deleted = Some(Counted::new(planned))
            }
            Change::SetEveryone { project, .. } | Change::RemoveEveryone { project, .. } => {
                self.everyone.insert(*project, planned);
            }
            Change::RenameTeam { .. } | Change::CreateTeam { .. } => {}
        }
    }

    /// Takes note of how one user's access changes; the strongest rank, admin or owner, to which it raises the user.
    pub(crate) fn note(&mut self, access: &UserAccess<'_>) -> Option<BuiltInRole> {
        let Self { plan, users, teams, everyone, raises, counted, .. } = self;
        let nothing = OfUser::default();
        let of_user = users.get(access.user).unwrap_or(&nothing);
        let several = Some(plan.person(access.user)).filter(|person| counted.contains_key(person.as_str()));
        let asked = Asked { plan, of_user, teams, everyone };
        let (mut before, mut after) = (Memberships::default(), Memberships::default());
        let mut strongest = None;
        for row in access.rows() {
            asked.visit(row, &mut before, &mut after, &Counted::count);
            let rank = row.risen(&plan.ranks);
            if rank.is_some() {
                strongest = strongest.max(rank);
                asked.note_risen(row, several, raises);
            }
        }
        if strongest.is_some() && !of_user.becomes_strong {
            self.count(access.user);
        }
        strongest
    }

    /// For each row of one user's access the origins of the changes that have to do with it; all of them where none has.
    pub(crate) fn origins(&self, access: &UserAccess<'_>) -> Vec<Origins> {
        let nothing = OfUser::default();
        let of_user = self.users.get(access.user).unwrap_or(&nothing);
        let asked = Asked { plan: self.plan, of_user, teams: &self.teams, everyone: &self.everyone };
        let (mut before, mut after) = (Memberships::default(), Memberships::default());
        let invited = of_user.invited.and_then(|id| self.plan.changes.get(place(id))).map(|planned| planned.origin);
        let of_row = |row| {
            let found = Cell::new(invited.map_or(Origins::default(), |origin| Origins::default().with(origin)));
            asked.visit(row, &mut before, &mut after, &|counted: &Counted| {
                found.set(found.get().with(counted.origin));
            });
            let found = found.get();
            if found == Origins::default() { Origins::all() } else { found }
        };
        access.rows().map(of_row).collect()
    }

    /// How often the change alters the access of somebody to a project.
    pub(crate) fn rows(&self, change: &Change) -> usize {
        let of_user = change.user().and_then(|user| self.users.get(user));
        let of_named = change.team().and_then(|team| self.teams.get(team));
        let counted = match change {
            Change::SetGrant { project, .. } => of_user.and_then(|found| found.sets.get(*project)),
            Change::RemoveGrant { project, .. } => of_user.and_then(|found| found.removes.get(*project)),
            Change::AddTeamMember { team, .. } => of_user.and_then(|found| of_team(&found.joins, team)),
            Change::RemoveTeamMember { team, .. } => of_user.and_then(|found| of_team(&found.leaves, team)),
            Change::SetOrgRole { .. } => of_user.and_then(|found| found.org_role.as_ref()),
            Change::RemoveUser { .. } | Change::CancelInvite { .. } => of_user.and_then(|found| found.removed.as_ref()),
            Change::SetTeamRole { project, .. } => of_named.and_then(|found| found.sets.get(*project)),
            Change::RemoveTeamRole { project, .. } => of_named.and_then(|found| found.removes.get(*project)),
            Change::DeleteTeam { .. } => of_named.and_then(|found| found.deleted.as_ref()),
            Change::SetEveryone { project, .. } | Change::RemoveEveryone { project, .. } => self.everyone.get(*project),
            Change::InviteUser { .. } | Change::RenameTeam { .. } | Change::CreateTeam { .. } => None,
        };
        counted.map_or(0, |counted| counted.rows.get())
    }

    /// Says of the change `id`, by which nobody rises, whom the change `theirs` of `others` raises.
    pub(crate) fn adopt(&mut self, id: ChangeId, others: &mut Self, theirs: ChangeId) {
        if self.raise(id).is_none()
            && let Some(found) = others.raises.take(theirs)
        {
            self.raises.of_change(id, || found.partial());
        }
    }

    /// Whom the change raises, if it raises anybody.
    pub(crate) fn raise(&self, id: ChangeId) -> Option<&Raise> {
        self.raises.get(id)
    }
}

/// The teams that give one user access on one side. Each of them gives it on several projects and is looked up once.
#[derive(Default)]
struct Memberships<'r, 'e>(Vec<Membership<'r, 'e>>);

struct Membership<'r, 'e> {
    team: &'r TeamName,
    /// The change of the membership itself.
    change: Option<&'e Counted>,
    of_team: Option<&'e OfTeam>,
}

impl<'r, 'e> Memberships<'r, 'e> {
    /// Visits one more row that comes from `team`; the changes of what the team gives.
    fn visit<V: Fn(&Counted)>(
        &mut self,
        team: &'r TeamName,
        find: impl FnOnce() -> (Option<&'e Counted>, Option<&'e OfTeam>),
        visit: &V,
    ) -> Option<&'e OfTeam> {
        // The sources of one side name a team by one reference.
        let place = self.0.iter().position(|known| std::ptr::eq(known.team, team)).unwrap_or_else(|| {
            let (change, of_team) = find();
            self.0.push(Membership { team, change, of_team });
            self.0.len() - 1
        });
        let Membership { change, of_team, .. } = self.0[place];
        change.into_iter().for_each(visit);
        of_team
    }
}

/// What is known of the changes when one user's access is looked at.
struct Asked<'e, 'a> {
    plan: &'a Plan,
    of_user: &'e OfUser<'a>,
    teams: &'e NameTable<'a, OfTeam>,
    everyone: &'e ByProject,
}

impl<'e> Asked<'e, '_> {
    /// Visits the changes that have to do with `row`.
    fn visit<'r, V: Fn(&Counted)>(
        &self,
        row: AccessChange<'r>,
        before: &mut Memberships<'r, 'e>,
        after: &mut Memberships<'r, 'e>,
        visit: &V,
    ) {
        let (of_user, teams) = (self.of_user, self.teams);
        of_user.removed.iter().for_each(visit);
        if let Some(counted) = &of_user.org_role
            && row.before.iter().chain(row.after).any(|source| source.via == Via::OrgRole)
        {
            visit(counted);
        }
        self.everyone.get(row.project).into_iter().for_each(visit);
        for source in row.before {
            match source.via {
                Via::Team(old) => {
                    let find = || {
                        let team = self.plan.team_renames.get(old).unwrap_or(old);
                        (of_team(&of_user.leaves, team), teams.get(team))
                    };
                    if let Some(of_team) = before.visit(old, find, visit) {
                        of_team.deleted.iter().for_each(visit);
                        of_team.removes.get(row.project).into_iter().for_each(visit);
                    }
                }
                Via::Grant => of_user.removes.get(row.project).into_iter().for_each(visit),
                Via::OrgRole | Via::Everyone => {}
            }
        }
        for source in row.after {
            match source.via {
                Via::Team(team) => {
                    let find = || (of_team(&of_user.joins, team), teams.get(team));
                    let of_team = after.visit(team, find, visit);
                    of_team.and_then(|found| found.sets.get(row.project)).into_iter().for_each(visit);
                }
                Via::Grant => of_user.sets.get(row.project).into_iter().for_each(visit),
                Via::OrgRole | Via::Everyone => {}
            }
        }
    }

    /// Adds to `raises` what makes somebody admin or owner by `row`, who is `several` where that person has several addresses.
    fn note_risen(&self, row: AccessChange<'_>, several: Option<&Email>, raises: &mut Raises) {
        let (plan, of_user) = (self.plan, self.of_user);
        let before = row.strongest_before(&plan.ranks);
        for source in row.after {
            let Some(given) = rank(&plan.ranks, row.project, source.role) else { continue };
            if given < BuiltInRole::Admin || Some(given) <= before {
                continue;
            }
            // Several changes together may give what a source gives: a member joins while the team's role rises.
            let by_name: [Option<ChangeId>; 2] = match source.via {
                Via::OrgRole => [of_user.org_role.as_ref().map(|counted| counted.id), of_user.invited],
                Via::Team(team) => [of_team(&of_user.joins, team).map(|counted| counted.id), None],
                Via::Grant => [of_user.sets.id(row.project), None],
                Via::Everyone => [of_user.invited.filter(|_| !of_user.becomes_strong), None],
            };
            let by_role = match source.via {
                Via::Team(team) => self.teams.get(team).and_then(|found| found.sets.id(row.project)),
                Via::Everyone => self.everyone.id(row.project),
                Via::OrgRole | Via::Grant => None,
            };
            let by_role = by_role.filter(|id| rises(plan, *id, row.project, given));
            for (id, is_by_name) in
                by_name.into_iter().flatten().map(|id| (id, true)).chain(by_role.map(|id| (id, false)))
            {
                raises.of_change(id, || Raise::of_nobody(given)).add(row, source.role, given, is_by_name, several);
            }
        }
    }
}

/// Whether the change gives `given` where it gave less before.
fn rises(plan: &Plan, id: ChangeId, project: ProjectId, given: BuiltInRole) -> bool {
    let from: Option<&ProjectRole> = match plan.changes.get(place(id)).map(|planned| &planned.change) {
        Some(Change::SetTeamRole { from, .. } | Change::SetEveryone { from, .. }) => from.as_ref(),
        Some(_) | None => None,
    };
    from.and_then(|from| rank_before(&plan.ranks, project, from)) < Some(given)
}

fn place(id: ChangeId) -> usize {
    (id.0 as usize).wrapping_sub(1)
}
