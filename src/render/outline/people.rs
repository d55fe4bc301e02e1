//! How many people a plan gives something, or a part of it, and what it takes: the numbers of the first sentence.

use std::collections::{BTreeMap, BTreeSet};

use crate::access::{Effect, UserAccess, rank};
use crate::change::Change;
use crate::model::{BuiltInRole, OrgRole};
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
    /// Who was to come and did not yet.
    withdrawn: usize,
    /// Whose account goes because they have another one.
    moved: usize,
    /// The org roles that people rise to, as far as nobody's access was noted for them.
    strong: BTreeMap<&'a str, &'a OrgRole>,
    /// Who is invited, as far as nobody's access was noted for them.
    invited: BTreeSet<&'a str>,
}

impl<'a> People<'a> {
    /// Takes note of what `changes` say by themselves, of which some need not be done: the live side is so already. The
    /// access of each person comes after it.
    pub(crate) fn of(plan: &Plan, changes: &[&'a PlannedChange], is_already: impl Fn(&PlannedChange) -> bool) -> Self {
        let mut people = Self::default();
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
                    people.moved += 1;
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
                    let number = plan.target.unread.members_of(team);
                    if let Some(given) = given.filter(|_| number > 0) {
                        let text = format!("{} of {}", ranked(plan, *project, to), project_name(plan, *project));
                        people.becoming.entry((std::cmp::Reverse(given), true, text)).or_default()[0] += number;
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
        people
    }

    /// Takes note of how one person's access changes.
    pub(crate) fn note(&mut self, plan: &Plan, access: &UserAccess<'_>) {
        let is_invited = self.invited.remove(&**access.user);
        let is_strong = self.strong.remove(&**access.user);
        if !access.stays {
            return;
        }
        let (mut gains, mut loses) = (false, false);
        // By rank and role, the projects.
        let mut rises: BTreeMap<(std::cmp::Reverse<BuiltInRole>, String), Vec<String>> = BTreeMap::new();
        for row in access.rows() {
            match row.effect {
                Effect::Gain | Effect::Raise => gains = true,
                Effect::Lose | Effect::Lower => loses = true,
            }
            if let Some(strongest) = risen(plan, row).filter(|_| is_strong.is_none()) {
                let by_rank = |role| rank(&plan.ranks, row.project, role) == Some(strongest);
                let role = row.after.iter().map(|source| source.role).find(|role| by_rank(role));
                let role = role.map_or_else(|| strongest.as_str().to_owned(), |role| ranked(plan, row.project, role));
                let projects = rises.entry((std::cmp::Reverse(strongest), role)).or_default();
                projects.push(if projects.len() < NAMED { project_name(plan, row.project) } else { String::new() });
            }
        }
        self.losing += usize::from(loses);
        if let Some(role) = is_strong {
            self.become_strong(role, is_invited);
        } else if let Some(strongest) = rises.keys().next().map(|(rank, _)| *rank) {
            let told = rises.iter().map(|((_, role), projects)| {
                format!("{role} of {}", list_of(&projects[..projects.len().min(NAMED)], projects.len()))
            });
            let text = list(&told.collect::<Vec<_>>());
            self.becomes((strongest, true, text), is_invited);
        } else if gains {
            self.gaining += 1;
            self.gaining_invited += usize::from(is_invited);
        } else if is_invited {
            self.only_invited += 1;
        }
    }

    fn become_strong(&mut self, role: &OrgRole, is_invited: bool) {
        if let Some(rank) = role.on_every_project() {
            let text = format!("{} of the organization", org_role(role));
            self.becomes((std::cmp::Reverse(rank), false, text), is_invited);
        }
    }

    fn becomes(&mut self, what: Becoming, is_invited: bool) {
        let numbers = self.becoming.entry(what).or_default();
        numbers[0] += 1;
        numbers[1] += usize::from(is_invited);
    }

    /// Takes note that no more access comes.
    pub(crate) fn finish(&mut self) {
        for (user, role) in std::mem::take(&mut self.strong) {
            let is_invited = self.invited.remove(user);
            self.become_strong(role, is_invited);
        }
        self.only_invited += std::mem::take(&mut self.invited).len();
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
        say(false, self.moved, "changes", "change", " their address");
        say(false, self.withdrawn, "is not invited any more", "are not invited any more", "");
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

/// How many of `all` are newly invited.
fn newly(invited: usize, all: usize) -> String {
    match invited {
        0 => String::new(),
        invited if invited == all => " (newly invited)".to_owned(),
        invited => format!(" ({} newly invited)", thousands(invited)),
    }
}
