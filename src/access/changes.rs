//! How people's access changes from one state to another, as far as it really does.

use std::collections::BTreeSet;

use super::{AccessIndex, AccessSource, Ranks, covered_after, covered_before, rank, rank_before};
use crate::change::Change;
use crate::lookup::NameTable;
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole, State};

/// How somebody's access to a project changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// None before, some after.
    Gain,
    /// Some before, none after.
    Lose,
    /// Something that was not covered before; also where roles without a common rank replace each other.
    Raise,
    /// Less than before and nothing new.
    Lower,
}

impl Effect {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gain => "gain",
            Self::Lose => "lose",
            Self::Raise => "raise",
            Self::Lower => "lower",
        }
    }
}

/// A real change of one user's access to one project.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccessChange<'a> {
    /// Whose.
    pub user: &'a Email,
    /// On which project.
    pub project: ProjectId,
    /// How.
    pub effect: Effect,
    /// The sources before, in order.
    pub before: &'a [AccessSource<'a>],
    /// The sources after, in order.
    pub after: &'a [AccessSource<'a>],
    /// Whether the user is invited and has not joined: the access takes effect then.
    pub pending: bool,
    /// What may give more than the sources, before and after.
    pub unread: UnreadSources,
}

/// Sources of access that were not read, or of which it is not known what they give: where there are any, somebody has
/// at least what is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnreadSources {
    /// An org role of which it is not known what it can do.
    pub org_role: bool,
    /// Teams.
    pub teams: bool,
    /// Grants on the project, and its default role for everybody.
    pub grants: bool,
    /// An invitation, of somebody who is no user as far as was read.
    pub invitation: bool,
}

impl UnreadSources {
    /// Whether there are any.
    pub fn any(self) -> bool {
        self != Self::default()
    }
}

/// The real changes of one user's access: at least one.
///
/// A person's rows share one list of sources: there may be millions of rows, and few of them are ever shown.
#[derive(Debug, Clone)]
pub struct UserAccess<'a> {
    /// Whose.
    pub user: &'a Email,
    /// Whether the user is one afterwards.
    pub stays: bool,
    /// Whether the user is invited and has not joined: the access takes effect then.
    pub pending: bool,
    /// For each row the sources before, then those after.
    sources: Vec<AccessSource<'a>>,
    rows: Vec<Row>,
}

/// One row, with where its sources start, where those after start, and where they end.
#[derive(Debug, Clone, Copy)]
struct Row {
    project: ProjectId,
    effect: Effect,
    sources: [usize; 3],
    unread: UnreadSources,
}

/// Which of two rows about one person and project is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Own,
    Others,
    Neither,
}

impl<'a> UserAccess<'a> {
    /// The rows, by project.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = AccessChange<'_>> + Clone {
        self.rows.iter().map(|row| self.change(row))
    }

    fn change(&self, row: &Row) -> AccessChange<'_> {
        let [start, middle, end] = row.sources;
        AccessChange {
            user: self.user,
            project: row.project,
            effect: row.effect,
            before: &self.sources[start..middle],
            after: &self.sources[middle..end],
            pending: self.pending,
            unread: row.unread,
        }
    }

    /// The row about `project`, where access to it changes.
    fn row(&self, project: ProjectId) -> Option<&Row> {
        Some(&self.rows[self.rows.binary_search_by_key(&project, |row| row.project).ok()?])
    }

    /// How access to `project` changes, if it does.
    pub(crate) fn on(&self, project: ProjectId) -> Option<AccessChange<'_>> {
        self.row(project).map(|row| self.change(row))
    }

    /// The same person with those rows alone that `wanted` takes by their place; none where it takes none.
    pub(crate) fn only(&self, wanted: impl Fn(usize) -> bool) -> Option<Self> {
        let rows: Vec<Row> =
            self.rows.iter().enumerate().filter(|(place, _)| wanted(*place)).map(|(_, row)| *row).collect();
        (!rows.is_empty()).then(|| Self { rows, ..self.clone() })
    }

    /// The same person with those of the own rows, and of those of `other` about the same projects, that `choose` takes; none
    /// where it takes none.
    pub(crate) fn merged(
        &self,
        other: Option<&Self>,
        choose: impl Fn(AccessChange<'_>, Option<AccessChange<'_>>) -> Choice,
    ) -> Option<Self> {
        let mut merged = Self { sources: Vec::new(), rows: Vec::new(), ..*self };
        for (own, row) in self.rows.iter().zip(self.rows()) {
            let others = other.and_then(|other| Some((other, other.row(row.project)?)));
            let chosen = choose(row, others.map(|(other, found)| other.change(found)));
            let (from, row) = match (chosen, others) {
                (Choice::Own, _) => (self, own),
                (Choice::Others, Some(others)) => others,
                (Choice::Others, None) | (Choice::Neither, _) => continue,
            };
            let [start, middle, end] = row.sources;
            let now = merged.sources.len();
            merged.sources.extend_from_slice(&from.sources[start..end]);
            merged.rows.push(Row { sources: [now, now + middle - start, now + end - start], ..*row });
        }
        (!merged.rows.is_empty()).then_some(merged)
    }
}

/// What somebody has on one project less than before.
#[derive(Debug)]
pub(crate) struct Lost<'a> {
    pub(crate) project: ProjectId,
    /// The sources before, in order.
    pub(crate) before: Vec<AccessSource<'a>>,
    /// The sources after, in order.
    pub(crate) after: Vec<AccessSource<'a>>,
}

impl<'a> Lost<'a> {
    /// What goes from `before` to `after` on `project`; `None` where nothing goes.
    pub(crate) fn between(
        ranks: &Ranks,
        project: ProjectId,
        before: Vec<AccessSource<'a>>,
        after: Vec<AccessSource<'a>>,
    ) -> Option<Self> {
        let lost = Self { project, before, after };
        let covers = |has: &ProjectRole, had: &ProjectRole| covered_after(ranks, project, has, had);
        let is_less = uncovered(&lost.after, &lost.before, covers).next().is_some();
        is_less.then_some(lost)
    }
}

impl<'a> UserAccess<'a> {
    /// How the access of somebody changes who is `user` now and loses `lost`, which the address had not, besides what `own`
    /// says of it.
    pub(crate) fn losing(own: Option<&Self>, user: &'a Email, pending: bool, ranks: &Ranks, lost: &[Lost<'a>]) -> Self {
        let mut all = Self { user, stays: true, pending, sources: Vec::new(), rows: Vec::new() };
        let mut add = |project, effect, before: &[AccessSource<'a>], after: &[AccessSource<'a>], unread| {
            let start = all.sources.len();
            all.sources.extend_from_slice(before);
            let middle = all.sources.len();
            all.sources.extend_from_slice(after);
            all.rows.push(Row { project, effect, sources: [start, middle, all.sources.len()], unread });
        };
        let is_lost = |project| lost.iter().any(|lost| lost.project == project);
        if let Some(own) = own {
            for row in own.rows.iter().filter(|row| !is_lost(row.project)) {
                let [start, middle, end] = row.sources;
                add(row.project, row.effect, &own.sources[start..middle], &own.sources[middle..end], row.unread);
            }
        }
        for Lost { project, before, after } in lost {
            if let Some(effect) = effect(ranks, *project, before, after) {
                add(*project, effect, before, after, UnreadSources::default());
            }
        }
        all.rows.sort_by_key(|row| row.project);
        all
    }
}

impl<'a> AccessChange<'a> {
    /// The same as compared with `before`; `None` where that is nothing else.
    pub(crate) fn since(self, ranks: &Ranks, before: &'a [AccessSource<'a>]) -> Option<Self> {
        let effect = effect(ranks, self.project, before, self.after)?;
        Some(Self { before, effect, ..self })
    }

    /// What gives more than anything before.
    pub(crate) fn gained(self, ranks: &'a Ranks) -> impl Iterator<Item = &'a AccessSource<'a>> {
        uncovered(self.before, self.after, move |had, gets| covered_before(ranks, self.project, had, gets))
    }

    /// What gave more than anything afterwards.
    pub(crate) fn lost(self, ranks: &'a Ranks) -> impl Iterator<Item = &'a AccessSource<'a>> {
        uncovered(self.after, self.before, move |has, had| covered_after(ranks, self.project, has, had))
    }

    /// The strongest rank before.
    pub(crate) fn strongest_before(self, ranks: &Ranks) -> Option<BuiltInRole> {
        self.before.iter().filter_map(|source| rank_before(ranks, self.project, source.role)).max()
    }

    /// The rank that somebody rises to: admin or owner, and more than all that they had there before. By a role that they had
    /// nobody rises, whatever it is said to be like now.
    pub(crate) fn risen(self, ranks: &Ranks) -> Option<BuiltInRole> {
        let is_new = |role: &ProjectRole| !self.before.iter().any(|source| source.role == role);
        let new = self.after.iter().filter(|source| is_new(source.role));
        let after = new.filter_map(|source| rank(ranks, self.project, source.role)).max()?;
        (after >= BuiltInRole::Admin && Some(after) > self.strongest_before(ranks)).then_some(after)
    }

    /// Whether it takes something for which nothing as strong comes: a role of another kind is no more than the one before.
    pub(crate) fn is_exchange(self, ranks: &'a Ranks) -> bool {
        self.effect == Effect::Raise && self.risen(ranks).is_none() && self.lost(ranks).next().is_some()
    }
}

/// Those of `wanted` that none of `held` covers.
fn uncovered<'s>(
    held: &'s [AccessSource<'s>],
    wanted: &'s [AccessSource<'s>],
    covers: impl Fn(&ProjectRole, &ProjectRole) -> bool,
) -> impl Iterator<Item = &'s AccessSource<'s>> {
    wanted.iter().filter(move |one| !held.iter().any(|held| covers(held.role, one.role)))
}

/// How access changes from `before` to `after` on `project`; `None` when nothing really changes.
fn effect(
    ranks: &Ranks,
    project: ProjectId,
    before: &[AccessSource<'_>],
    after: &[AccessSource<'_>],
) -> Option<Effect> {
    let adds = || uncovered(before, after, |had, gets| covered_before(ranks, project, had, gets)).next().is_some();
    let takes = || uncovered(after, before, |has, had| covered_after(ranks, project, has, had)).next().is_some();
    match (before.is_empty(), after.is_empty()) {
        (true, true) => None,
        (true, false) => Some(Effect::Gain),
        (false, true) => Some(Effect::Lose),
        (false, false) if adds() => Some(Effect::Raise),
        (false, false) => takes().then_some(Effect::Lower),
    }
}

/// The sources of one user by project.
type ByProject<'a> = [(ProjectId, AccessSource<'a>)];

/// Takes the sources of `project` from the front of `from` and adds them to `to`.
fn take<'a>(from: &mut &ByProject<'a>, project: ProjectId, to: &mut Vec<AccessSource<'a>>) {
    let count = from.iter().take_while(|(id, _)| *id == project).count();
    let (taken, rest) = from.split_at(count);
    to.extend(taken.iter().map(|(_, source)| *source));
    *from = rest;
}

/// The real changes of access from `live` to `target`, by user: those whose access really changes.
///
/// `changes` are the changes between the two: users whom none of them touches keep the access that they have. A user's
/// rows are made as they are asked for, since a default role for everybody changes the access of everybody.
pub fn access_changes<'a, C: Iterator<Item = &'a Change>>(
    live: &'a State,
    target: &'a State,
    changes: C,
    ranks: &'a Ranks,
) -> impl Iterator<Item = UserAccess<'a>> + use<'a, C> {
    let Touched { users, wholly, everyone } = Touched::new(live, target, changes);
    let before = AccessIndex::new(live, users.iter().copied());
    let after = AccessIndex::new(target, users.iter().copied());
    let (mut had, mut has) = (Vec::new(), Vec::new());
    users.into_iter().filter_map(move |user| {
        let is_wholly = wholly.get(user).is_some();
        let wanted = |project| is_wholly || everyone.contains(&project);
        let was = before.collect(user, wanted, &mut had);
        let is = after.collect(user, wanted, &mut has);
        let of_user = UnreadSources {
            org_role: [was, is].into_iter().flatten().any(|found| !found.role.is_known()),
            teams: live.unread.teams,
            grants: false,
            invitation: live.unread.invitations && was.is_none(),
        };
        let (mut had, mut has) = (had.as_slice(), has.as_slice());
        let (mut sources, mut rows) = (Vec::with_capacity(had.len() + has.len()), Vec::new());
        while let Some(project) = had.first().into_iter().chain(has.first()).map(|(project, _)| *project).min() {
            let start = sources.len();
            take(&mut had, project, &mut sources);
            let middle = sources.len();
            take(&mut has, project, &mut sources);
            match effect(ranks, project, &sources[start..middle], &sources[middle..]) {
                Some(effect) => {
                    let unread = UnreadSources { grants: live.unread.projects.contains(&project), ..of_user };
                    rows.push(Row { project, effect, sources: [start, middle, sources.len()], unread });
                }
                None => sources.truncate(start),
            }
        }
        let pending = is.or(was).is_some_and(|found| found.status.is_invited());
        (!rows.is_empty()).then_some(UserAccess { user, stays: is.is_some(), pending, sources, rows })
    })
}

/// Whose access some changes may touch.
struct Touched<'a> {
    /// All of them, in order.
    users: Vec<&'a Email>,
    /// Those whose access may change on any project; the others' only on the projects of `everyone`.
    wholly: NameTable<'a, ()>,
    /// Projects whose default role changes.
    everyone: BTreeSet<ProjectId>,
}

impl<'a> Touched<'a> {
    fn new(live: &'a State, target: &'a State, changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut touched = Self { users: Vec::new(), wholly: NameTable::default(), everyone: BTreeSet::new() };
        for change in changes {
            match change {
                Change::InviteUser { user, .. }
                | Change::SetOrgRole { user, .. }
                | Change::AddTeamMember { user, .. }
                | Change::SetGrant { user, .. }
                | Change::RemoveGrant { user, .. }
                | Change::RemoveTeamMember { user, .. }
                | Change::CancelInvite { user }
                | Change::RemoveUser { user } => touched.wholly(user),
                Change::SetTeamRole { team, .. }
                | Change::RemoveTeamRole { team, .. }
                | Change::DeleteTeam { team }
                | Change::CreateTeam { team } => {
                    // Whoever is a member on one side only is touched by a change of membership.
                    for found in [live.teams.get(team), target.teams.get(team)].into_iter().flatten() {
                        found.members.iter().for_each(|member| touched.wholly(member));
                    }
                }
                Change::SetEveryone { project, .. } | Change::RemoveEveryone { project, .. } => {
                    touched.everyone.insert(*project);
                }
                Change::RenameTeam { .. } => {}
            }
        }
        if !touched.everyone.is_empty() {
            // Whoever is on the live side only is removed, and so touched wholly.
            let others = target.users.keys().filter(|user| touched.wholly.get(*user).is_none());
            touched.users.extend(others);
        }
        touched.users.sort_unstable();
        touched
    }

    fn wholly(&mut self, user: &'a Email) {
        if self.wholly.insert_new(user, || ()) {
            self.users.push(user);
        }
    }
}
