//! Access as admin or owner that comes, or does not end, on a later day by several lines together: a line that says no time
//! of its own gives what it gives in the time of the user, or goes on where another line ends.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::amendments::Bearing;
use super::counterpart::Counterparts;
use super::ends::{is_bounded, window};
use super::entry::Declared;
use super::strong::rank;
use super::{Desired, Entry, Fate, InForce, ManageMode, MovedEnd, Note, Time, Window};
use crate::model::{BuiltInRole, Email, ProjectId, ProjectKey, TeamName};
use crate::source::Span;

/// The times after `as_of` at which the head lets somebody be admin or owner of a project and the base does not, where
/// nothing of `told` says so. What begins at once is access that comes, and told as that.
pub(super) fn later(both: &Counterparts<'_>, as_of: Timestamp, told: &[MovedEnd]) -> Vec<MovedEnd> {
    if !Declared::all(both.head).chain(Declared::all(both.base)).any(is_bounded) {
        return Vec::new();
    }
    let (base, head) = (Form::new(both.base, both.head, as_of), Form::new(both.head, both.head, as_of));
    let told = Told::new(both, told);
    let mut users = head.timed.clone();
    users.extend(base.timed.iter().map(|user| both.user_now(user)));
    let mut ends = Vec::new();
    for user in users {
        let now = head.lines(user);
        if now.is_empty() {
            continue;
        }
        let before = base.lines(both.user_before(user));
        // What is said of several projects alike is told once.
        let mut of_projects: BTreeMap<Growth, (Vec<ProjectKey>, Origin)> = BTreeMap::new();
        for project in now.keys() {
            for (gap, growth) in growths(&now, &before, *project, as_of) {
                let lines = || of_role(&now, *project, growth.role);
                let said =
                    Window::union(lines().filter(|line| told.says(user, line, growth.role)).map(|line| line.window));
                if gap.is_within_any(&said) {
                    continue;
                }
                let begins =
                    lines().filter(|line| line.window.start() <= gap.start() && gap.start() < line.window.end());
                let Some(line) = begins.min_by_key(|line| (Reverse(line.window.end()), line.place)) else { continue };
                let origin = line.origin(both);
                match (project, line.facts.first()) {
                    (Some(project), _) => {
                        let (keys, _) = of_projects.entry(growth).or_insert_with(|| (Vec::new(), origin));
                        keys.extend(both.head.projects.get(project).map(|found| found.key.clone()));
                    }
                    (None, Some(Declared::User(_, found))) => {
                        ends.push(growth.told(Entry::User(user.clone(), found.role.value.clone()), origin));
                    }
                    (None, _) => {}
                }
            }
        }
        for (growth, (keys, origin)) in of_projects {
            let role = growth.role.into();
            ends.push(growth.told(Entry::Grant(user.clone(), keys, role), origin));
        }
    }
    ends
}

/// The times that begin after `as_of` in which `now` gives a strong role on `project`, or on every one, and `before` does not.
fn growths(now: &Lines<'_>, before: &Lines<'_>, project: Option<ProjectId>, as_of: Timestamp) -> Vec<(Window, Growth)> {
    let mut found: Vec<(Window, Growth)> = Vec::new();
    for role in [BuiltInRole::Owner, BuiltInRole::Admin] {
        let (covered, agreed) = (times(now, project, role), times(before, project, role));
        // Whoever has it on every project is told of as that.
        let everywhere = if project.is_some() { times(now, None, role) } else { Vec::new() };
        for gap in Window::minus(&covered, &agreed).into_iter().filter(|gap| gap.is_before(as_of)) {
            // An owner is admin as well.
            let is_said = gap.is_within_any(&everywhere) || found.iter().any(|(owner, _)| gap.is_within(owner));
            if let Some(growth) = Growth::of(role, gap, &covered, &agreed).filter(|_| !is_said) {
                found.push((gap, growth));
            }
        }
    }
    found
}

/// Where something is declared, and what people wrote about it.
type Origin = (Span, Option<Arc<Note>>);

/// How somebody is admin or owner at a time at which nobody agreed to it; ordered so that what is told alike is one entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Growth {
    role: BuiltInRole,
    end: Option<Bearing>,
    beginning: Option<Bearing>,
    before: Time,
    after: Time,
}

impl Growth {
    /// What `gap`, a time of `now` that `before` does not have, is as compared with the times there. `None` where the same is
    /// written: that the time zone is another one is told of itself.
    fn of(role: BuiltInRole, gap: Window, now: &[Window], before: &[Window]) -> Option<Self> {
        let whole = now.iter().find(|whole| gap.is_within(whole))?;
        let growth = |[end, beginning]: [Option<Bearing>; 2], before: Window, after: Window| {
            let (before, after) = (Time::from(before), Time::from(after));
            (before != after).then_some(Self { role, end, beginning, before, after })
        };
        let until = |window: &Window| Window { until: window.until, from: None };
        let from = |window: &Window| Window { from: window.from, until: None };
        if let Some(ended) = before.iter().find(|ended| ended.end() == gap.start()) {
            return growth([Some(Bearing::Loosens), None], until(ended), until(whole));
        }
        // What ends as the other begins does not begin earlier.
        let goes_on = |begun: &&Window| begun.start() == gap.end() && gap.end() < whole.end();
        match before.iter().find(goes_on) {
            Some(begun) => growth([None, Some(Bearing::Loosens)], from(begun), from(&gap)),
            None => growth([None; 2], Window::default(), gap),
        }
    }

    fn told(self, entry: Entry, (place, note): Origin) -> MovedEnd {
        let Self { role, end, beginning, before, after } = self;
        let fate = if end.or(beginning).is_some() { Fate::Moved } else { Fate::New };
        MovedEnd {
            bearing: Bearing::Loosens,
            end,
            beginning,
            entry,
            strongest: Some(role),
            // The entry says the role.
            strong: Vec::new(),
            fate,
            role_before: None,
            before,
            after,
            place,
            note,
        }
    }
}

/// What something declared is about: a user, a team and a project, as far as it is.
type Subject<'a> = (Option<&'a Email>, Option<&'a TeamName>, Option<&'a ProjectKey>);

/// What is told already.
struct Told<'a> {
    both: &'a Counterparts<'a>,
    ends: BTreeMap<Subject<'a>, &'a MovedEnd>,
}

impl<'a> Told<'a> {
    fn new(both: &'a Counterparts<'a>, ends: &'a [MovedEnd]) -> Self {
        let mut told = BTreeMap::new();
        for end in ends.iter().filter(|end| end.is_grave()) {
            match &end.entry {
                Entry::User(user, _) => drop(told.insert((Some(user), None, None), end)),
                Entry::Member(team, user) => drop(told.insert((Some(user), Some(team), None), end)),
                Entry::TeamRole(team, projects, _) => {
                    told.extend(projects.iter().map(|project| ((None, Some(team), Some(project)), end)));
                }
                Entry::Grant(user, projects, _) => {
                    told.extend(projects.iter().map(|project| ((Some(user), None, Some(project)), end)));
                }
                Entry::Exception(_) | Entry::Waiver(..) | Entry::Acceptance(..) => {}
            }
        }
        Self { both, ends: told }
    }

    /// Whether it says that `user` has `role` by `line`.
    fn says(&self, user: &Email, line: &Line<'_>, role: BuiltInRole) -> bool {
        let key = |project| self.both.head.projects.get(&project).map(|found| &found.key);
        let find = |name| self.ends.get(&name).filter(|end| end.strongest >= Some(role));
        // That somebody begins earlier, or ends later, says nothing of what is given to them besides.
        let gave = |fact: &Declared<'_>| {
            let before = self.both.before(*fact);
            before.is_some_and(|before| fact.role().is_none() || rank_of(self.both.head, before) >= Some(role))
        };
        let of_user = |end: &&&MovedEnd| end.fate == Fate::New || line.facts.iter().all(gave);
        find((Some(user), None, None)).filter(of_user).is_some()
            || line.facts.iter().any(|fact| match fact {
                // It names the role, which is another one where that was not given before.
                Declared::User(user, _) => find((Some(user), None, None)).is_some(),
                Declared::Member(team, user, _) => find((Some(user), Some(team), None)).is_some(),
                Declared::TeamRole(team, project, _) => find((None, Some(team), key(*project))).is_some(),
                Declared::Grant(user, project, _) => find((Some(user), None, key(*project))).is_some(),
            })
    }
}

/// What lets somebody be admin or owner, by project; of every project where there is none.
type Lines<'a> = BTreeMap<Option<ProjectId>, Vec<Line<'a>>>;

/// What lets somebody be admin or owner for a time.
struct Line<'a> {
    rank: BuiltInRole,
    /// The time in which all of it holds, and the user.
    window: Window,
    /// What gives the role together: the user's own entry, a grant, or a membership and the role of the team. A default role
    /// is none of that.
    facts: Vec<Declared<'a>>,
    /// Where the role is given.
    place: Span,
}

impl Line<'_> {
    /// What of it is not as the base says.
    fn origin(&self, both: &Counterparts<'_>) -> Origin {
        let time = |fact: Declared<'_>| Time::from(window(fact));
        let is_other = |fact: &&Declared<'_>| {
            let is_same = |before: Declared<'_>| before.role() == fact.role() && time(before) == time(**fact);
            !both.before(**fact).is_some_and(is_same)
        };
        let fact = self.facts.iter().find(is_other).or(self.facts.last());
        fact.map_or((self.place, None), |fact| (fact.place(), fact.note().cloned()))
    }
}

/// The times in which `lines` give `role` or more on `project`, or on every one.
fn times(lines: &Lines<'_>, project: Option<ProjectId>, role: BuiltInRole) -> Vec<Window> {
    Window::union(of_role(lines, project, role).map(|line| line.window))
}

fn of_role<'l, 'a>(
    lines: &'l Lines<'a>,
    project: Option<ProjectId>,
    role: BuiltInRole,
) -> impl Iterator<Item = &'l Line<'a>> {
    let of_project = project.and_then(|_| lines.get(&project));
    lines.get(&None).into_iter().chain(of_project).flatten().filter(move |line| line.rank >= role)
}

/// One form of the configuration, as far as it lets people be admin or owner.
struct Form<'a> {
    desired: &'a Desired,
    in_force: InForce<'a>,
    /// The memberships of people in teams that have such a role.
    members: BTreeMap<&'a Email, Vec<(&'a TeamName, Declared<'a>)>>,
    /// The roles of teams.
    roles: BTreeMap<&'a TeamName, Vec<Given<'a>>>,
    /// The grants of people.
    grants: BTreeMap<&'a Email, Vec<Given<'a>>>,
    /// The default roles.
    everyone: Vec<(ProjectId, Span, BuiltInRole)>,
    /// Of whom something is declared for a time: what the others have neither begins nor ends.
    timed: BTreeSet<&'a Email>,
}

/// A role that is given on a project.
struct Given<'a> {
    project: ProjectId,
    rank: BuiltInRole,
    fact: Declared<'a>,
}

impl<'a> Form<'a> {
    /// What `desired` says, where custom roles rank as `ranks` says.
    fn new(desired: &'a Desired, ranks: &Desired, as_of: Timestamp) -> Self {
        let mut form = Self {
            desired,
            in_force: InForce::new(desired, as_of),
            members: BTreeMap::new(),
            roles: BTreeMap::new(),
            grants: BTreeMap::new(),
            everyone: Vec::new(),
            timed: BTreeSet::new(),
        };
        let is_strong = |rank: &BuiltInRole| *rank >= BuiltInRole::Admin;
        let given = |project, fact| {
            let rank = rank_of(ranks, fact).filter(is_strong)?;
            Some(Given { project, rank, fact })
        };
        if desired.manage.everyone != ManageMode::None {
            for (id, project) in &desired.projects {
                let Some(role) = &project.everyone else { continue };
                let rank = rank(ranks, *id, &role.value).filter(is_strong);
                form.everyone.extend(rank.map(|rank| (*id, role.place, rank)));
            }
        }
        let mut timed_teams: BTreeSet<&TeamName> = BTreeSet::new();
        let managed = || Declared::all(desired).filter(|fact| fact.is_managed(desired.manage));
        for fact in managed() {
            match fact {
                Declared::TeamRole(team, project, _) => {
                    let Some(role) = given(project, fact) else { continue };
                    form.roles.entry(team).or_default().push(role);
                    if is_bounded(fact) {
                        timed_teams.insert(team);
                    }
                }
                Declared::Grant(user, project, _) => form.grants.entry(user).or_default().extend(given(project, fact)),
                Declared::User(..) | Declared::Member(..) => {}
            }
        }
        for fact in managed() {
            let Some(user) = fact.user() else { continue };
            let mut is_timed = is_bounded(fact);
            if let Declared::Member(team, ..) = fact
                && form.roles.contains_key(team)
            {
                form.members.entry(user).or_default().push((team, fact));
                is_timed |= timed_teams.contains(team);
            }
            if is_timed {
                form.timed.insert(user);
            }
        }
        form
    }

    /// What lets `user` be admin or owner.
    fn lines(&self, user: &Email) -> Lines<'a> {
        let mut lines = Lines::new();
        let found = self.desired.users.as_ref().map(|users| users.get_key_value(user));
        // Where no users are declared, everybody may be one.
        if self.in_force.blocked(user).is_some() || matches!(found, Some(None)) {
            return lines;
        }
        let person = found.flatten();
        let own = person.map(|(user, found)| window(Declared::User(user, found))).unwrap_or_default();
        let mut note = |project, rank, facts: Vec<Declared<'a>>, place| {
            let window = facts.iter().fold(own, |all, fact| all.intersection(window(*fact)));
            if window.start() < window.end() {
                lines.entry(project).or_default().push(Line { rank, window, facts, place });
            }
        };
        if let Some((user, found)) = person.filter(|_| self.desired.manage.users != ManageMode::None)
            && let Some(rank) = found.role.value.on_every_project()
        {
            note(None, rank, vec![Declared::User(user, found)], found.role.place);
        }
        for Given { project, rank, fact } in self.grants.get(user).into_iter().flatten() {
            note(Some(*project), *rank, vec![*fact], fact.place());
        }
        for (team, member) in self.members.get(user).into_iter().flatten() {
            for Given { project, rank, fact } in self.roles.get(team).into_iter().flatten() {
                note(Some(*project), *rank, vec![*member, *fact], fact.place());
            }
        }
        for (project, place, rank) in &self.everyone {
            note(Some(*project), *rank, Vec::new(), *place);
        }
        lines
    }
}

/// The built-in role that the one on a project, if it is one, ranks like.
fn rank_of(ranks: &Desired, fact: Declared<'_>) -> Option<BuiltInRole> {
    match fact {
        Declared::User(_, user) => user.role.value.on_every_project(),
        Declared::Member(..) => None,
        Declared::TeamRole(_, project, role) | Declared::Grant(_, project, role) => rank(ranks, project, &role.value),
    }
}
