//! How many people a plan gives something, or a part of it, and what it takes: the numbers of the first sentence.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::becoming::{Becoming, Rises, becoming_of, both, note_rise, of_organization};
use super::grave::lowers_org_role;
use crate::access::{Effect, UserAccess, rank, rank_before};
use crate::change::Change;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, State};
use crate::plan::{Forgone, KeptWhat, KeptWhy, Plan, PlannedChange, Succession};
use crate::render::text::raise::ranked;
use crate::render::text::{count, thousands};
use crate::render::unread::as_far_as_known;

/// Different things to become that are told one by one.
const BECOMINGS: usize = 3;

/// What becomes of people, in the order in which it is told.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// Access or more of it, to somebody who does not become admin or owner.
    Gains,
    /// The strongest first.
    Becomes(Becoming),
    /// A new address of somebody who is admin or owner already.
    TakesAlong,
    /// An invitation without access to a project.
    OnlyInvited,
    /// Other roles, which are neither more nor less than those before, and nothing more.
    Exchanges,
    /// Another role in the organization, which gives no access by itself.
    ActsOtherwise,
    /// Somebody who stays is not admin or owner of the organization any more.
    Ceases(Becoming),
    /// Less access than before otherwise, to somebody who stays.
    Loses,
    /// Somebody is removed.
    Leaves,
    /// Somebody who is removed has more than what is told of it.
    Forfeits,
    /// An account goes whose owner has another one.
    Moves,
    /// Somebody is not to be a user any more, and is none on the live side.
    Withdrawn,
}

/// Some people.
#[derive(Debug, Clone, Default)]
pub(super) struct Crowd<'a> {
    /// Each with whether the plan invites them.
    pub(super) people: BTreeMap<&'a Email, bool>,
    /// In how many organizations they are.
    pub(super) organizations: usize,
    /// How many of them become something graver elsewhere, and are counted there, too.
    pub(super) again: usize,
}

impl Crowd<'_> {
    fn invited(&self) -> usize {
        self.people.values().filter(|is_invited| **is_invited).count()
    }
}

/// People by what becomes of them; somebody may be among several.
#[derive(Debug, Default)]
pub(crate) struct People<'a> {
    pub(super) crowds: BTreeMap<Kind, Crowd<'a>>,
    /// How many invitations are taken back.
    pub(super) cancelled: usize,
    /// The org roles that people rise to, as far as nobody's access was noted for them.
    strong: BTreeMap<&'a Email, &'a OrgRole>,
    /// Who stops being admin or owner of the organization.
    ceasing: BTreeSet<&'a Email>,
    /// Who is invited, as far as nobody's access was noted for them.
    invited: BTreeSet<&'a Email>,
    /// What becomes of people who have several addresses: each of them counts once.
    several: BTreeMap<&'a Email, Verdict>,
    /// What people have by the addresses that they had before.
    earlier: Option<Succession<'a>>,
}

/// What becomes of one person.
#[derive(Debug, Default)]
struct Verdict {
    becomes: Option<Becoming>,
    gains: bool,
    exchanges: bool,
    loses: bool,
    is_invited: bool,
    /// Whether a new address has what an earlier one had; and whether that is to be admin or owner somewhere.
    keeps: bool,
    keeps_strong: bool,
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
        let mut people = Self { several, earlier: Some(Succession::of(plan)), ..Self::default() };
        let mut earlier: BTreeMap<&'a Email, Vec<&'a Email>> = BTreeMap::new();
        for kept in &plan.kept {
            if let (KeptWhy::AwaitsRename(new), KeptWhat::User(old)) = (&kept.why, &kept.what) {
                earlier.entry(new).or_default().push(old);
            }
        }
        let mut unread: BTreeMap<&'a Email, BTreeMap<ProjectId, (BuiltInRole, &ProjectRole)>> = BTreeMap::new();
        for planned in changes {
            if let (Some(user), Some(role)) = (planned.change.user(), lowers_org_role(&planned.change)) {
                let person = plan.person(user);
                people.ceasing.insert(person);
                if let Some(what) = of_organization(role) {
                    people.add(Kind::Ceases(what), person, false);
                }
            }
            match &planned.change {
                Change::InviteUser { user, role } => {
                    if !is_already(planned) {
                        people.invited.insert(user);
                    }
                    if role.on_every_project().is_some() && !people.had_role(user, role) {
                        people.strong.insert(user, role);
                    }
                    // The earlier account goes when the new one has been accepted.
                    let earlier = earlier.get(user).into_iter().flatten().filter(|old| plan.person(old) != **old);
                    for old in earlier {
                        people.add(Kind::Moves, plan.person(user), false);
                        people.note_left(plan, old);
                    }
                }
                Change::SetOrgRole { user, from, to }
                    if to.is_above(from) && to.on_every_project().is_some() && !people.had_role(user, to) =>
                {
                    people.strong.insert(user, to);
                }
                // An earlier address that somebody took away by hand is not replaced any more.
                Change::RemoveUser { user } | Change::CancelInvite { user }
                    if plan.person(user) != user && (plan.replaced_users.contains_key(user) || is_already(planned)) =>
                {
                    people.add(Kind::Moves, plan.person(user), false);
                    people.note_left(plan, user);
                }
                Change::RemoveUser { user } | Change::CancelInvite { user } if is_already(planned) => {
                    people.add(Kind::Withdrawn, user, false);
                }
                Change::RemoveUser { user } => people.add(Kind::Leaves, user, false),
                Change::CancelInvite { .. } => people.cancelled += 1,
                Change::SetTeamRole { team, project, from, to } => {
                    // Members who are in no list that was read get it too.
                    let was = from.as_ref().and_then(|from| rank_before(&plan.ranks, *project, from));
                    let given = rank(&plan.ranks, *project, to).filter(|given| *given >= BuiltInRole::Admin);
                    let given = given.filter(|given| was < Some(*given));
                    if let Some(given) = given {
                        for user in plan.target.unread.members.get(team).into_iter().flatten() {
                            unread.entry(user).or_default().insert(*project, (given, to));
                        }
                    }
                }
                Change::SetOrgRole { user, .. } if lowers_org_role(&planned.change).is_none() => {
                    people.add(Kind::ActsOtherwise, plan.person(user), false);
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

    /// The addresses that the person with `user` had before.
    fn olds(&self, user: &Email) -> &[&'a Email] {
        self.earlier.as_ref().map_or(&[], |earlier| earlier.olds(user))
    }

    /// Whether somebody had `role` in the organization, or more, by an earlier address.
    fn had_role(&self, user: &Email, role: &OrgRole) -> bool {
        self.earlier.as_ref().is_some_and(|earlier| earlier.had_role(user, role))
    }

    /// Whether somebody who is invited with a new address by `change` has less than by an earlier one.
    pub(super) fn have_less(&self, change: &Change) -> bool {
        let is_invitation = matches!(change, Change::InviteUser { .. });
        is_invitation && self.earlier.as_ref().is_some_and(|earlier| earlier.forgone_by(change).next().is_some())
    }

    /// Takes note of what somebody had by the earlier address `old` and has by the new one no more.
    fn note_left(&mut self, plan: &'a Plan, old: &'a Email) {
        let person = plan.person(old);
        let forgone = self.earlier.as_ref().map_or_else(Forgone::default, |earlier| earlier.forgone(old));
        if let Some(what) = forgone.org_role.and_then(|(was, _)| of_organization(was)) {
            self.ceasing.insert(person);
            self.add(Kind::Ceases(what), person, false);
        } else if !forgone.is_empty() {
            self.add(Kind::Loses, person, false);
        }
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
        let olds = self.olds(access.user);
        let mut had = Vec::new();
        for row in access.rows() {
            // What is new to an address need not be so to the person.
            had.clear();
            had.extend_from_slice(row.before);
            for old in olds {
                had.extend(self.earlier.iter().flat_map(|earlier| earlier.had(old, row.project)));
            }
            let is_known = had.len() > row.before.len();
            let own = if is_known { row.since(&plan.ranks, &had) } else { Some(row) };
            let Some(own) = own.filter(|own| !is_known || matches!(own.effect, Effect::Gain | Effect::Raise)) else {
                verdict.keeps = true;
                verdict.keeps_strong |= row.risen(&plan.ranks).is_some();
                verdict.loses |= matches!(row.effect, Effect::Lose | Effect::Lower);
                continue;
            };
            let row = own;
            match row.effect {
                Effect::Raise if row.is_exchange(&plan.ranks) => verdict.exchanges = true,
                Effect::Gain | Effect::Raise => verdict.gains = true,
                Effect::Lose | Effect::Lower => verdict.loses = true,
            }
            let is_above = |rank: &BuiltInRole| is_strong.is_none_or(|role| role.on_every_project() < Some(*rank));
            if let Some(strongest) = row.risen(&plan.ranks).filter(is_above) {
                let by_rank = |role| rank(&plan.ranks, row.project, role) == Some(strongest);
                let role = row.after.iter().map(|source| source.role).find(|role| by_rank(role));
                let role = role.map_or_else(|| strongest.as_str().to_owned(), |role| ranked(plan, row.project, role));
                note_rise(&mut rises, plan, row.project, strongest, role);
            }
        }
        verdict.becomes = both(becoming_of(&rises), is_strong.and_then(of_organization));
        self.judge(plan, access.user, verdict);
    }

    /// Takes note of whom the run invites, which is said of those alone whose access is noted.
    pub(super) fn note_invited(&mut self, plan: &'a Plan) {
        for planned in plan.to_do() {
            if let Change::InviteUser { user, .. } = &planned.change {
                self.invited.insert(user);
            }
        }
    }

    /// Takes note that no more access comes beyond what is told already.
    pub(super) fn finish_beyond(&mut self, plan: &'a Plan) {
        self.invited.clear();
        self.finish(plan);
    }

    /// Takes note of what changes of one person's access beyond what is told already, also that of somebody who leaves.
    pub(super) fn note_beyond(&mut self, plan: &'a Plan, access: &UserAccess<'a>) {
        if access.stays {
            self.note(plan, access);
        } else {
            self.add(Kind::Forfeits, plan.person(access.user), false);
        }
    }

    /// Counts what becomes of the person with the address `user`; of somebody with several of them in the end.
    fn judge(&mut self, plan: &'a Plan, user: &'a Email, verdict: Verdict) {
        match self.several.get_mut(plan.person(user)) {
            Some(known) => {
                // Of two addresses one may be invited, and the other become admin.
                let is_invited = match (&known.becomes, &verdict.becomes) {
                    (Some(_), None) => known.is_invited,
                    (None, Some(_)) => verdict.is_invited,
                    (Some(_), Some(_)) | (None, None) => known.is_invited || verdict.is_invited,
                };
                known.becomes = both(known.becomes.take(), verdict.becomes);
                known.gains |= verdict.gains;
                known.exchanges |= verdict.exchanges;
                known.loses |= verdict.loses;
                known.is_invited = is_invited;
                known.keeps |= verdict.keeps;
                known.keeps_strong |= verdict.keeps_strong;
            }
            None => self.count(user, verdict),
        }
    }

    fn add(&mut self, kind: Kind, user: &'a Email, is_invited: bool) {
        let crowd = self.crowds.entry(kind).or_default();
        crowd.people.insert(user, is_invited);
        crowd.organizations = 1;
    }

    fn count(&mut self, user: &'a Email, verdict: Verdict) {
        let Verdict { becomes, gains, exchanges, loses, is_invited, keeps, keeps_strong } = verdict;
        if keeps_strong {
            self.add(Kind::TakesAlong, user, is_invited);
        }
        if loses && !self.ceasing.contains(user) {
            self.add(Kind::Loses, user, is_invited);
        }
        let kind = match becomes {
            Some(what) => Some(Kind::Becomes(what)),
            None if gains => Some(Kind::Gains),
            None if exchanges => Some(Kind::Exchanges),
            None => (is_invited && !keeps).then_some(Kind::OnlyInvited),
        };
        if let Some(kind) = kind {
            self.add(kind, user, is_invited);
        }
    }

    /// Takes note that no more access comes.
    pub(crate) fn finish(&mut self, plan: &'a Plan) {
        for (user, role) in std::mem::take(&mut self.strong) {
            let is_invited = self.invited.remove(user);
            self.judge(plan, user, Verdict { becomes: of_organization(role), is_invited, ..Verdict::default() });
        }
        for user in std::mem::take(&mut self.invited) {
            // Who changes their address is told as that.
            let keeps = !self.olds(user).is_empty();
            self.judge(plan, user, Verdict { is_invited: true, keeps, ..Verdict::default() });
        }
        for (user, verdict) in std::mem::take(&mut self.several) {
            self.count(user, verdict);
        }
    }

    /// What becomes of people, in phrases of a sentence, each with whether it is alarming. The first names people. `live` is
    /// the live side, which may have been read in part.
    pub(crate) fn phrases(&self, live: &State) -> Vec<(bool, String)> {
        let mut phrases: Vec<(bool, String)> = Vec::new();
        let mut say = |is_alarm, crowd: &Crowd<'_>, [one, several]: [&str; 2], rest: &str| {
            let number = crowd.people.len();
            let noun = match (phrases.is_empty(), number) {
                (true, 1) => " person",
                (true, _) => " people",
                (false, _) => "",
            };
            let verb = if number == 1 { one } else { several };
            phrases.push((is_alarm, format!("{}{noun} {verb}{rest}", thousands(number))));
        };
        for (kind, crowd) in self.told().iter() {
            let within = match crowd.organizations {
                0 | 1 => String::new(),
                number => format!(" in {}", count(number, "organization")),
            };
            match kind {
                Kind::Gains => {
                    say(false, crowd, ["gains access", "gain access"], &format!("{within}{}", newly(crowd)));
                }
                Kind::Becomes(Becoming { what, .. }) => {
                    let again = match crowd.again {
                        0 => String::new(),
                        again if again == crowd.people.len() => " (counted before, too)".to_owned(),
                        again => format!(" ({} of them counted before, too)", thousands(again)),
                    };
                    say(true, crowd, ["becomes", "become"], &format!(" {what}{within}{}{again}", newly(crowd)));
                }
                Kind::TakesAlong => {
                    let verbs = [
                        "takes a role of admin or owner along to a new address",
                        "take roles of admin or owner along to new addresses",
                    ];
                    say(true, crowd, verbs, &format!("{within}{}", newly(crowd)));
                }
                Kind::OnlyInvited => {
                    say(false, crowd, ["is invited", "are invited"], &format!(" without access to a project{within}"));
                }
                Kind::Ceases(Becoming { what, .. }) => {
                    say(true, crowd, ["is no longer", "are no longer"], &format!(" {what}{within}"));
                }
                Kind::ActsOtherwise => {
                    let verbs = ["gets another role in the organization", "get other roles in the organization"];
                    say(false, crowd, verbs, &within);
                }
                Kind::Exchanges => say(false, crowd, ["gets another role", "get other roles"], &within),
                Kind::Loses => say(false, crowd, ["loses some access", "lose some access"], &within),
                Kind::Leaves => {
                    let within = within.strip_prefix(" in ").map_or(String::new(), |number| format!(" ({number})"));
                    say(true, crowd, ["leaves", "leave"], &within);
                }
                Kind::Forfeits => {
                    let verbs = [
                        "who leaves has more access than the base says",
                        "who leave have more access than the base says",
                    ];
                    say(true, crowd, verbs, &within);
                }
                Kind::Moves => say(false, crowd, ["changes", "change"], &format!(" their address{within}")),
                Kind::Withdrawn => {
                    let verbs = ["is not to be a user any more", "are not to be users any more"];
                    say(false, crowd, verbs, &within);
                }
            }
        }
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

    /// What is told: where people become too many different things, the projects are not named.
    fn told(&self) -> Cow<'_, BTreeMap<Kind, Crowd<'a>>> {
        if self.crowds.keys().filter(|kind| matches!(kind, Kind::Becomes(_))).count() <= BECOMINGS {
            return Cow::Borrowed(&self.crowds);
        }
        let mut told: BTreeMap<Kind, Crowd<'a>> = BTreeMap::new();
        for (kind, crowd) in &self.crowds {
            let kind =
                if let Kind::Becomes(becoming) = kind { Kind::Becomes(becoming.in_general()) } else { kind.clone() };
            let all = told.entry(kind).or_default();
            all.people.extend(&crowd.people);
            all.organizations = all.organizations.max(crowd.organizations);
        }
        Cow::Owned(told)
    }
}

/// How many of `crowd` are newly invited.
fn newly(crowd: &Crowd<'_>) -> String {
    let (invited, all) = (crowd.invited(), crowd.people.len());
    match invited {
        0 => String::new(),
        invited if invited == all => " (newly invited)".to_owned(),
        invited => format!(" ({} newly invited)", thousands(invited)),
    }
}
