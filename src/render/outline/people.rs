//! How many people a plan gives something, or a part of it, and what it takes: the numbers of the first sentence.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{AccessChange, AccessSource, Effect, UserAccess, covers, rank};
use crate::change::Change;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, State};
use crate::plan::{Plan, PlannedChange};
use crate::render::text::changes::{org_role, project_name};
use crate::render::text::raise::{ranked, risen};
use crate::render::text::{count, list, list_of, thousands};
use crate::render::unread::as_far_as_known;

/// Different things to become that are told one by one.
const BECOMINGS: usize = 3;
/// Projects of one person that are named.
const NAMED: usize = 3;
/// What people become who become different things.
const ADMIN_OR_OWNER: &str = "admin or owner";

/// What somebody becomes: by rank, then of the organization before projects.
type Becoming = (std::cmp::Reverse<BuiltInRole>, bool, String);

/// Some people, each with whether the plan invites them.
#[derive(Debug, Default)]
struct Crowd<'a>(Vec<(&'a Email, bool)>);

impl Crowd<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn invited(&self) -> usize {
        self.0.iter().filter(|(_, is_invited)| *is_invited).count()
    }
}

/// People by what becomes of them; somebody may be among several.
#[derive(Debug, Default)]
pub(crate) struct People<'a> {
    /// Who gets access or more of it, and does not become admin or owner.
    gaining: Crowd<'a>,
    /// Who is invited and gets no access to a project.
    only_invited: Crowd<'a>,
    /// Who becomes what, the strongest first.
    becoming: BTreeMap<Becoming, Crowd<'a>>,
    /// Who gets other roles, which are neither more nor less than those before, and nothing more.
    exchanging: Crowd<'a>,
    /// Who has less access than before, and stays.
    losing: Crowd<'a>,
    /// Who is removed.
    leaving: BTreeSet<&'a Email>,
    /// Whose invitation is taken back.
    cancelled: usize,
    /// Who is not to be a user any more, and is none on the live side.
    withdrawn: usize,
    /// Whose account goes because they have another one; that one.
    moved: BTreeSet<&'a Email>,
    /// The org roles that people rise to, as far as nobody's access was noted for them.
    strong: BTreeMap<&'a Email, &'a OrgRole>,
    /// Who is invited, as far as nobody's access was noted for them.
    invited: BTreeSet<&'a Email>,
    /// What becomes of people who have several addresses: each of them counts once.
    several: BTreeMap<&'a Email, Verdict>,
}

/// What becomes of one person.
#[derive(Debug, Default)]
struct Verdict {
    becomes: Option<Becoming>,
    gains: bool,
    exchanges: bool,
    loses: bool,
    is_invited: bool,
}

/// What somebody rises to on projects, by rank and role: how many projects, and the first of them.
type Rises = BTreeMap<(std::cmp::Reverse<BuiltInRole>, String), (usize, Vec<String>)>;

fn note_rise(rises: &mut Rises, plan: &Plan, project: ProjectId, rank: BuiltInRole, role: String) {
    let (number, first) = rises.entry((std::cmp::Reverse(rank), role)).or_default();
    *number += 1;
    if first.len() < NAMED {
        first.push(project_name(plan, project));
    }
}

/// The gravest rank of `rises`, with all of them in words.
fn becoming_of(rises: &Rises) -> Option<Becoming> {
    let (rank, _) = rises.keys().next()?;
    let told = rises.iter().map(|((_, role), (number, first))| format!("{role} of {}", list_of(first, *number)));
    Some((*rank, true, list(&told.collect::<Vec<_>>())))
}

/// Whether `row` takes something for which nothing as strong comes: a role of another kind is no more than the one before.
fn is_exchange(plan: &Plan, row: AccessChange<'_>) -> bool {
    let is_kept = |held: &AccessSource<'_>| {
        row.after.iter().any(|source| covers(&plan.ranks, row.project, source.role, held.role))
    };
    risen(plan, row).is_none() && !row.before.iter().all(is_kept)
}

impl<'a> People<'a> {
    /// Takes note of what `changes` say by themselves, of which some need not be done: the live side is so already. The
    /// access of each person comes after it.
    pub(crate) fn of(
        plan: &'a Plan,
        changes: &[&'a PlannedChange],
        is_already: impl Fn(&PlannedChange) -> bool,
    ) -> Self {
        let several = plan.earlier_addresses.values().map(|person| (person, Verdict::default())).collect();
        let mut people = Self { several, ..Self::default() };
        let mut unread: BTreeMap<&'a Email, BTreeMap<ProjectId, (BuiltInRole, &ProjectRole)>> = BTreeMap::new();
        for planned in changes {
            match &planned.change {
                Change::InviteUser { user, role } => {
                    if !is_already(planned) {
                        people.invited.insert(user);
                    }
                    if role.on_every_project().is_some() {
                        people.strong.insert(user, role);
                    }
                }
                Change::SetOrgRole { user, from, to } if to.is_above(from) && to.on_every_project().is_some() => {
                    people.strong.insert(user, to);
                }
                Change::RemoveUser { user } | Change::CancelInvite { user }
                    if plan.replaced_users.contains_key(user) =>
                {
                    people.moved.insert(plan.person(user));
                }
                Change::RemoveUser { .. } | Change::CancelInvite { .. } if is_already(planned) => {
                    people.withdrawn += 1;
                }
                Change::RemoveUser { user } => {
                    people.leaving.insert(user);
                }
                Change::CancelInvite { .. } => people.cancelled += 1,
                Change::SetTeamRole { team, project, from, to } => {
                    // Members who are in no list that was read get it too.
                    let of = |role| rank(&plan.ranks, *project, role);
                    let given = of(to).filter(|given| *given >= BuiltInRole::Admin);
                    let given = given.filter(|given| from.as_ref().and_then(of) < Some(*given));
                    if let Some(given) = given {
                        for user in plan.target.unread.members.get(team).into_iter().flatten() {
                            unread.entry(user).or_default().insert(*project, (given, to));
                        }
                    }
                }
                Change::SetOrgRole { .. }
                | Change::CreateTeam { .. }
                | Change::RenameTeam { .. }
                | Change::DeleteTeam { .. }
                | Change::AddTeamMember { .. }
                | Change::RemoveTeamMember { .. }
                | Change::RemoveTeamRole { .. }
                | Change::SetGrant { .. }
                | Change::RemoveGrant { .. }
                | Change::SetEveryone { .. }
                | Change::RemoveEveryone { .. } => {}
            }
        }
        for (user, given) in unread {
            let mut rises = Rises::new();
            for (project, (rank, role)) in given {
                note_rise(&mut rises, plan, project, rank, ranked(plan, project, role));
            }
            people.judge(plan, user, Verdict { becomes: becoming_of(&rises), ..Verdict::default() });
        }
        people
    }

    /// Takes note of how one person's access changes.
    pub(crate) fn note(&mut self, plan: &'a Plan, access: &UserAccess<'a>) {
        let is_invited = self.invited.remove(access.user);
        let is_strong = self.strong.remove(access.user);
        if !access.stays {
            return;
        }
        let mut verdict = Verdict { is_invited, ..Verdict::default() };
        let mut rises = Rises::new();
        for row in access.rows() {
            match row.effect {
                Effect::Raise if is_exchange(plan, row) => verdict.exchanges = true,
                Effect::Gain | Effect::Raise => verdict.gains = true,
                Effect::Lose | Effect::Lower => verdict.loses = true,
            }
            if let Some(strongest) = risen(plan, row).filter(|_| is_strong.is_none()) {
                let by_rank = |role| rank(&plan.ranks, row.project, role) == Some(strongest);
                let role = row.after.iter().map(|source| source.role).find(|role| by_rank(role));
                let role = role.map_or_else(|| strongest.as_str().to_owned(), |role| ranked(plan, row.project, role));
                note_rise(&mut rises, plan, row.project, strongest, role);
            }
        }
        verdict.becomes = is_strong.and_then(of_organization).or_else(|| becoming_of(&rises));
        self.judge(plan, access.user, verdict);
    }

    /// Counts what becomes of the person with the address `user`; of somebody with several of them in the end.
    fn judge(&mut self, plan: &'a Plan, user: &'a Email, verdict: Verdict) {
        match self.several.get_mut(plan.person(user)) {
            Some(known) => {
                // The least is the gravest.
                known.becomes = known.becomes.take().into_iter().chain(verdict.becomes).min();
                known.gains |= verdict.gains;
                known.exchanges |= verdict.exchanges;
                known.loses |= verdict.loses;
                known.is_invited |= verdict.is_invited;
            }
            None => self.count(user, verdict),
        }
    }

    fn count(&mut self, user: &'a Email, Verdict { becomes, gains, exchanges, loses, is_invited }: Verdict) {
        let counted = (user, is_invited);
        if loses {
            self.losing.0.push(counted);
        }
        if let Some(what) = becomes {
            self.becoming.entry(what).or_default().0.push(counted);
        } else if gains {
            self.gaining.0.push(counted);
        } else if exchanges {
            self.exchanging.0.push(counted);
        } else if is_invited {
            self.only_invited.0.push(counted);
        }
    }

    /// Takes note that no more access comes.
    pub(crate) fn finish(&mut self, plan: &'a Plan) {
        for (user, role) in std::mem::take(&mut self.strong) {
            let is_invited = self.invited.remove(user);
            self.judge(plan, user, Verdict { becomes: of_organization(role), is_invited, ..Verdict::default() });
        }
        for user in std::mem::take(&mut self.invited) {
            self.judge(plan, user, Verdict { is_invited: true, ..Verdict::default() });
        }
        for (user, verdict) in std::mem::take(&mut self.several) {
            self.count(user, verdict);
        }
    }

    /// The people of `all`, each of them once: what becomes of somebody in several organizations is told by its gravest.
    pub(crate) fn together<'p>(all: impl Iterator<Item = &'p Self>) -> Self
    where
        'a: 'p,
    {
        let mut sum = Self::default();
        let mut verdicts: BTreeMap<&'a Email, Verdict> = BTreeMap::new();
        let mut note = |crowd: &Crowd<'a>, note: &dyn Fn(&mut Verdict)| {
            for (user, is_invited) in &crowd.0 {
                let verdict = verdicts.entry(user).or_default();
                verdict.is_invited |= is_invited;
                note(verdict);
            }
        };
        let mut kinds: BTreeSet<&Becoming> = BTreeSet::new();
        for people in all {
            note(&people.gaining, &|verdict| verdict.gains = true);
            note(&people.exchanging, &|verdict| verdict.exchanges = true);
            note(&people.losing, &|verdict| verdict.loses = true);
            note(&people.only_invited, &|_| {});
            for (what, crowd) in &people.becoming {
                kinds.insert(what);
                note(crowd, &|verdict| {
                    verdict.becomes = verdict.becomes.take().into_iter().chain([what.clone()]).min();
                });
            }
            sum.leaving.extend(&people.leaving);
            sum.moved.extend(&people.moved);
            sum.cancelled += people.cancelled;
            sum.withdrawn += people.withdrawn;
        }
        // Of what somebody becomes admin is told organization by organization.
        let is_one = kinds.len() == 1;
        for (user, mut verdict) in verdicts {
            if let Some(what) = verdict.becomes.as_mut().filter(|_| !is_one) {
                *what = (std::cmp::Reverse(BuiltInRole::Admin), true, ADMIN_OR_OWNER.to_owned());
            }
            sum.count(user, verdict);
        }
        sum
    }

    /// What becomes of people, in phrases of a sentence, each with whether it is alarming. The first names people. `live` is
    /// the live side, which may have been read in part.
    pub(crate) fn phrases(&self, live: &State) -> Vec<(bool, String)> {
        let mut phrases: Vec<(bool, String)> = Vec::new();
        let mut say = |is_alarm, number: usize, one: &str, several: &str, rest: &str| {
            if number > 0 {
                let noun = match (phrases.is_empty(), number) {
                    (true, 1) => " person",
                    (true, _) => " people",
                    (false, _) => "",
                };
                let verb = if number == 1 { one } else { several };
                phrases.push((is_alarm, format!("{}{noun} {verb}{rest}", thousands(number))));
            }
        };
        say(false, self.gaining.len(), "gains access", "gain access", &newly(&[&self.gaining]));
        let becoming: Vec<&Crowd<'_>> = self.becoming.values().collect();
        if self.becoming.len() <= BECOMINGS {
            for ((_, _, what), crowd) in &self.becoming {
                say(true, crowd.len(), "becomes", "become", &format!(" {what}{}", newly(&[crowd])));
            }
        } else {
            let all = becoming.iter().map(|crowd| crowd.len()).sum();
            say(true, all, "becomes", "become", &format!(" {ADMIN_OR_OWNER}{}", newly(&becoming)));
        }
        say(false, self.only_invited.len(), "is invited", "are invited", " without access to a project");
        say(false, self.exchanging.len(), "gets another role", "get other roles", "");
        say(false, self.losing.len(), "loses some access", "lose some access", "");
        say(true, self.leaving.len(), "leaves", "leave", "");
        say(false, self.moved.len(), "changes", "change", " their address");
        say(false, self.withdrawn, "is not to be a user any more", "are not to be users any more", "");
        if self.cancelled > 0 {
            let verb = if self.cancelled == 1 { "is" } else { "are" };
            phrases.push((false, format!("{} {verb} cancelled", count(self.cancelled, "invitation"))));
        }
        if phrases.is_empty() {
            let known = as_far_as_known(live);
            phrases.push((false, format!("nobody's access to a project changes{known}")));
        }
        phrases
    }
}

/// That somebody gets a role in the organization, where it is a strong one.
fn of_organization(role: &OrgRole) -> Option<Becoming> {
    let rank = role.on_every_project()?;
    Some((std::cmp::Reverse(rank), false, format!("{} of the organization", org_role(role))))
}

/// How many of `crowds` are newly invited.
fn newly(crowds: &[&Crowd<'_>]) -> String {
    let invited: usize = crowds.iter().map(|crowd| crowd.invited()).sum();
    let all: usize = crowds.iter().map(|crowd| crowd.len()).sum();
    match invited {
        0 => String::new(),
        invited if invited == all => " (newly invited)".to_owned(),
        invited => format!(" ({} newly invited)", thousands(invited)),
    }
}
