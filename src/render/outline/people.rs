//! How many people a plan gives something, or a part of it, and what it takes: the numbers of the first sentence.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Effect, UserAccess, rank};
use crate::change::Change;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole};
use crate::plan::{Plan, PlannedChange};
use crate::render::text::changes::{org_role, project_name};
use crate::render::text::raise::{ranked, risen};
use crate::render::text::{count, list, list_of, thousands};
use crate::render::unread::as_far_as_known;

/// Different things to become that are told one by one.
const BECOMINGS: usize = 3;
/// Projects of one person that are named.
const NAMED: usize = 3;

/// What somebody becomes: by rank, then of the organization before projects.
type Becoming = (std::cmp::Reverse<BuiltInRole>, bool, String);

/// People by what becomes of them; somebody may be among several.
#[derive(Debug, Default)]
pub(crate) struct People<'a> {
    /// Who gets access or more of it, and does not become admin or owner.
    gaining: usize,
    /// How many of them are invited by the plan.
    gaining_invited: usize,
    /// Who is invited and gets no access to a project.
    only_invited: usize,
    /// Who becomes what, the strongest first, and how many of them are invited by the plan.
    becoming: BTreeMap<Becoming, [usize; 2]>,
    /// Who has less access than before, and stays.
    losing: usize,
    /// Who is removed.
    leaving: usize,
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
                Change::RemoveUser { .. } => people.leaving += 1,
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
    fn judge(&mut self, plan: &Plan, user: &Email, verdict: Verdict) {
        match self.several.get_mut(plan.person(user)) {
            Some(known) => {
                // The least is the gravest.
                known.becomes = known.becomes.take().into_iter().chain(verdict.becomes).min();
                known.gains |= verdict.gains;
                known.loses |= verdict.loses;
                known.is_invited |= verdict.is_invited;
            }
            None => self.count(verdict),
        }
    }

    fn count(&mut self, Verdict { becomes, gains, loses, is_invited }: Verdict) {
        self.losing += usize::from(loses);
        if let Some(what) = becomes {
            let numbers = self.becoming.entry(what).or_default();
            numbers[0] += 1;
            numbers[1] += usize::from(is_invited);
        } else if gains {
            self.gaining += 1;
            self.gaining_invited += usize::from(is_invited);
        } else if is_invited {
            self.only_invited += 1;
        }
    }

    /// Takes note that no more access comes.
    pub(crate) fn finish(&mut self, plan: &Plan) {
        for (user, role) in std::mem::take(&mut self.strong) {
            let is_invited = self.invited.remove(user);
            self.judge(plan, user, Verdict { becomes: of_organization(role), is_invited, ..Verdict::default() });
        }
        for user in std::mem::take(&mut self.invited) {
            self.judge(plan, user, Verdict { is_invited: true, ..Verdict::default() });
        }
        for verdict in std::mem::take(&mut self.several).into_values() {
            self.count(verdict);
        }
    }

    /// How many become admin or owner.
    pub(crate) fn becoming(&self) -> usize {
        self.becoming.values().map(|[all, _]| all).sum()
    }

    /// What becomes of people, in phrases of a sentence, each with whether it is alarming. The first names people.
    pub(crate) fn phrases(&self, plan: &Plan) -> Vec<(bool, String)> {
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
        say(false, self.gaining, "gains access", "gain access", &newly(self.gaining_invited, self.gaining));
        if self.becoming.len() <= BECOMINGS {
            for ((_, _, what), [number, invited]) in &self.becoming {
                say(true, *number, "becomes", "become", &format!(" {what}{}", newly(*invited, *number)));
            }
        } else {
            let (all, invited) = (self.becoming(), self.becoming.values().map(|[_, invited]| invited).sum());
            say(true, all, "becomes", "become", &format!(" admin or owner{}", newly(invited, all)));
        }
        say(false, self.only_invited, "is invited", "are invited", " without access to a project");
        say(false, self.losing, "loses some access", "lose some access", "");
        say(true, self.leaving, "leaves", "leave", "");
        say(false, self.moved.len(), "changes", "change", " their address");
        say(false, self.withdrawn, "is not to be a user any more", "are not to be users any more", "");
        if self.cancelled > 0 {
            let verb = if self.cancelled == 1 { "is" } else { "are" };
            phrases.push((false, format!("{} {verb} cancelled", count(self.cancelled, "invitation"))));
        }
        if phrases.is_empty() {
            let known = as_far_as_known(&plan.live);
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

/// How many of `all` are newly invited.
fn newly(invited: usize, all: usize) -> String {
    match invited {
        0 => String::new(),
        invited if invited == all => " (newly invited)".to_owned(),
        invited => format!(" ({} newly invited)", thousands(invited)),
    }
}
