//! Too many removals or invitations at once are held, and what people would gain or lose who were not read, each with what
//! depends on it; the rest goes on.

use std::collections::BTreeSet;

use super::exempt::Exempt;
use super::subject::{subject, weight};
use super::{NAMED, count, loss, percentage, some_of};
use crate::change::Change;
use crate::desired::Most;
use crate::lookup::NameTable;
use crate::model::{Email, State};
use crate::plan::{ChangeId, ChangeStatus, Channel, GuardCode, GuardEffect, GuardFinding, Plan, PlannedChange};

/// So few removals never trip a share: a quarter of three users is no rail for a small team.
pub(super) const ALWAYS_FINE: usize = 5;
/// Of owners and admins one may leave like anybody; that two are neither afterwards is worth a second look however small the
/// organization.
const ALWAYS_FINE_STRONG: usize = 1;

/// Marks what is held, and says why. What is exempt is found out on the way: an account that goes because its person has
/// another one counts after all where the other one does not get what is held.
pub(super) fn hold(plan: &mut Plan) -> (Vec<GuardFinding>, Exempt) {
    let mut exempt = Exempt::of(plan);
    loop {
        let findings = hold_but(plan, &exempt);
        if !exempt.correct(plan) {
            return (findings, exempt);
        }
        for planned in &mut plan.changes {
            planned.status = ChangeStatus::Planned;
        }
    }
}

fn hold_but(plan: &mut Plan, exempt: &Exempt) -> Vec<GuardFinding> {
    let (removals, invitations, roles) = (removals(plan, exempt), invitations(plan), withheld(plan));
    let saved = held_when_saved(plan, exempt, [&removals, &invitations, &roles]);
    let removals = with(plan, removals, saved.removals, "removal");
    let invitations = with(plan, invitations, saved.invitations, "invitation");
    let roles = with(plan, roles, saved.roles, "team role");
    let mut findings = Vec::new();
    let mut held: BTreeSet<ChangeId> = BTreeSet::new();
    let mut let_through: BTreeSet<ChangeId> = BTreeSet::new();
    for (code, tripped) in [(GuardCode::MaxRemovals, removals), (GuardCode::MaxInvites, invitations)] {
        let Some(Tripped { message, changes, examples }) = tripped else { continue };
        let number = changes.len();
        let is_removal = code == GuardCode::MaxRemovals;
        let rails = &plan.rails;
        let (accepted, waiver) = if is_removal {
            (plan.accepted.removals, rails.waivers.iter().find(|waiver| waiver.removals >= number))
        } else {
            (plan.accepted.invites, rails.waivers.iter().find(|waiver| waiver.invites >= number))
        };
        let (noun, key, flag) = if is_removal {
            ("removal", "removals", "--accept-removals")
        } else {
            ("invitation", "invites", "--accept-invites")
        };
        let message = format!("{message}: {}", some_of(&examples));
        let found = |effect, message| GuardFinding {
            examples: examples.iter().take(NAMED).cloned().collect(),
            ..GuardFinding::new(code, effect, message)
        };
        if accepted == Some(number) {
            findings.push(found(GuardEffect::Warn, format!("{message}; let through by `{flag} {number}`")));
            let_through.extend(changes);
            continue;
        }
        if let Some(waiver) = waiver {
            let message = format!("{message}; let through by a waiver: {}", waiver.reason);
            findings.push(GuardFinding { place: Some(waiver.place), ..found(GuardEffect::Warn, message) });
            let_through.extend(changes);
            continue;
        }
        let these = count(number, noun);
        let be = if number == 1 { "is" } else { "are" };
        let message = format!(
            "{message}; {these} {be} held. To let {} through, add to the configuration `guards: {{ waivers: [{{ {key}: \
             {number}, until: DATE, reason: WHY }}] }}`, or run `accessctl apply {flag} {number}`",
            if number == 1 { "it" } else { "them" },
        );
        findings.push(GuardFinding { held: number, ..found(GuardEffect::Hold, message) });
        held.extend(changes);
    }
    if let Some(Tripped { message, changes, examples }) = roles {
        let message = format!(
            "{message}: {}. Let pending invitations be read (`list_invitations` under `backend.unverified`) and plan \
             again, or do it by hand once it is clear who they are",
            some_of(&examples)
        );
        let finding = GuardFinding::new(GuardCode::UnreadMembers, GuardEffect::Hold, message);
        let examples = examples.into_iter().take(NAMED).collect();
        findings.push(GuardFinding { held: changes.len(), examples, ..finding });
        held.extend(changes);
    }
    take_along(plan, &mut held);
    if let Some(kept) = loss::keep_meanwhile(plan, exempt, &let_through, &mut held)
        && let Some(finding) = findings.iter_mut().find(|finding| finding.effect == GuardEffect::Hold)
    {
        finding.message.push_str(&kept.message(plan));
    }
    for planned in plan.changes.iter_mut().filter(|planned| held.contains(&planned.id)) {
        planned.status = ChangeStatus::Held;
    }
    findings.extend(many_due(plan, exempt));
    findings
}

/// Adds what depends on something held, and the rest of its circle.
pub(super) fn take_along(plan: &Plan, held: &mut BTreeSet<ChangeId>) {
    loop {
        let known = held.len();
        // Changes stand after those that they depend on.
        for planned in &plan.changes {
            if planned.depends_on.iter().any(|needed| held.contains(needed)) {
                held.insert(planned.id);
            }
        }
        for circle in &plan.circles {
            if circle.changes.iter().any(|id| held.contains(id)) {
                held.extend(&circle.changes);
            }
        }
        if plan.circles.is_empty() || held.len() == known {
            return;
        }
    }
}

/// A guard that tripped.
struct Tripped {
    /// What, how many of how many, and the limit.
    message: String,
    /// What it holds, owners and admins first.
    changes: Vec<ChangeId>,
    /// The same in words.
    examples: Vec<String>,
}

/// What removals take away, of what there is.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    users: usize,
    memberships: usize,
    grants: usize,
    /// Access that people who stay lose with the role of a team or of everybody; of a single change, whether there is any.
    shared: usize,
    /// Owners and admins who would be less than they are.
    strong: usize,
    /// Those of them who would be neither.
    unseated: usize,
}

/// One of the numbers.
type Number = fn(&Taken) -> usize;

/// What removals take away, with the changes that do.
struct Tally<'p> {
    by_change: Vec<(&'p PlannedChange, Taken)>,
    /// What trips: how many, of how many, of what, and where it stands.
    tripped: Vec<(usize, usize, &'static str, Number)>,
}

impl Tally<'_> {
    /// How many of how many would go, and the limit.
    fn message(&self, limit: Most) -> String {
        let part = |(number, of, noun, _): &(usize, usize, &str, Number)| {
            format!("{number} of {of} {noun} ({} %)", percentage(*number, *of))
        };
        // Who is an owner or admin no more may stay all the same.
        let of = |wanted| self.tripped.iter().filter(move |(_, _, noun, _)| *noun == wanted).collect::<Vec<_>>();
        let (strong, lost) = (of(STRONG), of(LOST));
        let others = self.tripped.iter().filter(|(_, _, noun, _)| !matches!(*noun, STRONG | LOST)).collect::<Vec<_>>();
        let joined =
            |parts: Vec<&(usize, usize, &str, Number)>| parts.into_iter().map(part).collect::<Vec<_>>().join(" and ");
        let mut clauses = Vec::new();
        if !strong.is_empty() {
            clauses.push(format!("{} would lose that role", joined(strong)));
        }
        if !others.is_empty() {
            clauses.push(format!("{} would be removed", joined(others)));
        }
        if !lost.is_empty() {
            clauses.push(format!("{} would be lost with roles of teams or of everybody", joined(lost)));
        }
        let limit = match limit {
            Most::Number(number) => number.to_string(),
            Most::Percent(percent) => format!("{percent} %"),
        };
        format!("{}, the limit is {limit}", clauses.join(" and "))
    }

    /// The changes that count to what trips, owners and admins first.
    fn changes(&self, plan: &Plan) -> Vec<&PlannedChange> {
        let counted = self.by_change.iter().filter(|(_, taken)| self.tripped.iter().any(|(_, _, _, of)| of(taken) > 0));
        let mut changes: Vec<&PlannedChange> = counted.map(|(planned, _)| *planned).collect();
        changes.sort_by_cached_key(|planned| (weight(plan, &planned.change), planned.id));
        changes
    }
}

/// What owners and admins are called together.
const STRONG: &str = "owners and admins";
/// What people have on projects.
const LOST: &str = "accesses of people to projects";

/// Counts what the changes take away that `counts` takes.
fn tally<'p>(plan: &'p Plan, counts: impl Fn(&PlannedChange) -> bool) -> Option<Tally<'p>> {
    let live = &plan.live;
    let counted: Vec<&PlannedChange> = plan.changes.iter().filter(|planned| counts(planned)).collect();
    if counted.is_empty() {
        return None;
    }
    let gone = counted.iter().filter_map(|planned| planned.change.removed_user());
    let along = Along::of(live, gone);
    let loss = loss::by_shared_roles(plan, &counted, &BTreeSet::new());
    let is_loss = |planned: &PlannedChange| loss.as_ref().is_some_and(|loss| loss.changes.contains(&planned.id));
    let by_change: Vec<(&PlannedChange, Taken)> = counted
        .into_iter()
        .map(|planned| {
            let shared = usize::from(is_loss(planned));
            (planned, Taken { shared, ..along.taken(live, &planned.change) })
        })
        .collect();
    let mut all = Taken::default();
    for (_, taken) in &by_change {
        all.users += taken.users;
        all.memberships += taken.memberships;
        all.grants += taken.grants;
        all.strong += taken.strong;
        all.unseated += taken.unseated;
    }
    all.shared = loss.as_ref().map_or(0, |loss| loss.accesses);
    // What goes with its user and with its team goes once.
    for (planned, _) in &by_change {
        if let Change::DeleteTeam { team } = &planned.change
            && let Some(team) = live.teams.get(team)
        {
            all.memberships -= team.members.iter().filter(|user| along.users.get(*user).is_some()).count();
        }
    }
    let there = Taken {
        users: live.users.len(),
        memberships: live.teams.values().map(|team| team.members.len()).sum(),
        grants: grants(live),
        shared: loss.as_ref().map_or(0, |loss| loss.of),
        strong: live.users.values().filter(|user| user.role.manages()).count(),
        unseated: 0,
    };
    let kinds: [(usize, usize, &str, Number); 5] = [
        (all.strong, there.strong, STRONG, |taken| taken.strong),
        (all.users, there.users, "users", |taken| taken.users),
        (all.memberships, there.memberships, "memberships of teams", |taken| taken.memberships),
        (all.grants, there.grants, "grants, roles of teams and default roles", |taken| taken.grants),
        (all.shared, there.shared, LOST, |taken| taken.shared),
    ];
    let limit = plan.rails.max_removals;
    let are_unseated = all.unseated > ALWAYS_FINE_STRONG;
    let fine = |noun| if noun == STRONG && are_unseated { ALWAYS_FINE_STRONG } else { ALWAYS_FINE };
    let tripped = kinds.into_iter().filter(|(number, of, noun, _)| exceeds(limit, *number, *of, fine(*noun))).collect();
    Some(Tally { by_change, tripped })
}

fn removals(plan: &Plan, exempt: &Exempt) -> Option<Tripped> {
    let tally = tally(plan, |planned| is_removal(exempt, planned)).filter(|tally| !tally.tripped.is_empty())?;
    let changes = tally.changes(plan);
    Some(Tripped {
        message: tally.message(plan.rails.max_removals),
        examples: changes.iter().map(|planned| subject(plan, &planned.change)).collect(),
        changes: changes.into_iter().map(|planned| planned.id).collect(),
    })
}

/// Tells of so many removals by blocks and dates that they would be held, were they others: each of them was agreed to,
/// and nobody may have seen that they come together.
fn many_due(plan: &Plan, exempt: &Exempt) -> Option<GuardFinding> {
    if exempt.due() == 0 {
        return None;
    }
    let is_due = |planned: &PlannedChange| planned.status != ChangeStatus::Held && exempt.is_due(planned.id);
    let tally = tally(plan, is_due).filter(|tally| !tally.tripped.is_empty())?;
    let changes = tally.changes(plan);
    let examples: Vec<String> = changes.iter().map(|planned| subject(plan, &planned.change)).collect();
    let message = format!(
        "{}: {}; not held, since they are blocked or their time is over",
        tally.message(plan.rails.max_removals),
        some_of(&examples)
    );
    let examples = examples.into_iter().take(NAMED).collect();
    Some(GuardFinding { examples, ..GuardFinding::new(GuardCode::MaxRemovals, GuardEffect::Warn, message) })
}

/// What was held when the plan was saved, and no guard holds now.
#[derive(Default)]
struct HeldWhenSaved {
    removals: Vec<ChangeId>,
    invitations: Vec<ChangeId>,
    roles: Vec<ChangeId>,
}

/// Finds it: whoever agreed to the saved plan saw that it would not be done. What depends on something held is held for
/// that, and not counted.
fn held_when_saved(plan: &Plan, exempt: &Exempt, tripped: [&Option<Tripped>; 3]) -> HeldWhenSaved {
    let mut found = HeldWhenSaved::default();
    if plan.held_when_saved.is_empty() {
        return found;
    }
    let mut held: BTreeSet<ChangeId> = tripped.into_iter().flatten().flat_map(|one| &one.changes).copied().collect();
    let mut with_along = held.clone();
    take_along(plan, &mut with_along);
    let kept = loss::keep_meanwhile(plan, exempt, &BTreeSet::new(), &mut with_along);
    held.extend(kept.into_iter().flat_map(|kept| kept.changes));
    for planned in &plan.changes {
        if held.contains(&planned.id) {
            continue;
        }
        if !planned.depends_on.iter().any(|needed| held.contains(needed)) {
            if !plan.held_when_saved.contains(&planned.id) {
                continue;
            }
            if is_removal(exempt, planned) || exempt.is_due(planned.id) {
                found.removals.push(planned.id);
            } else if is_invitation(planned) {
                found.invitations.push(planned.id);
            } else if matches!(planned.change, Change::SetTeamRole { .. }) {
                found.roles.push(planned.id);
            } else {
                continue;
            }
        }
        held.insert(planned.id);
    }
    found
}

/// Adds to what tripped what was held when the plan was saved.
fn with(plan: &Plan, tripped: Option<Tripped>, more: Vec<ChangeId>, noun: &str) -> Option<Tripped> {
    if more.is_empty() {
        return tripped;
    }
    let were = if more.len() == 1 { "was" } else { "were" };
    let message = format!("{} {were} held when the plan was saved", count(more.len(), noun));
    let ids: BTreeSet<ChangeId> = more.iter().copied().collect();
    let saved = plan.changes.iter().filter(|planned| ids.contains(&planned.id));
    let names = saved.map(|planned| subject(plan, &planned.change));
    Some(match tripped {
        None => Tripped { message, examples: names.collect(), changes: more },
        Some(Tripped { message: first, mut changes, mut examples }) => {
            changes.extend(more);
            examples.extend(names);
            Tripped { message: format!("{first}, and {message}"), changes, examples }
        }
    })
}

/// Whether a change counts as a removal: it takes something away, or makes an owner or admin something less, and is not
/// exempt.
pub(super) fn is_removal(exempt: &Exempt, planned: &PlannedChange) -> bool {
    let takes = planned.change.kind().is_removal() && planned.change.user().is_none_or(|user| !exempt.is_moved(user));
    (takes || is_weakened(&planned.change)) && !exempt.is_due(planned.id)
}

/// Whether a change counts as an invitation: SCIM makes members of the organization's own people, without inviting
/// anybody.
fn is_invitation(planned: &PlannedChange) -> bool {
    planned.channel != Channel::Scim && matches!(planned.change, Change::InviteUser { .. })
}

/// Whether so many of so many are over the limit; as many as `fine` never exceed a share.
pub(super) fn exceeds(limit: Most, number: usize, of: usize, fine: usize) -> bool {
    match limit {
        Most::Number(most) => number > most,
        Most::Percent(percent) => number > fine && (number as u128) * 100 > (of as u128) * u128::from(percent),
    }
}

/// Whether the change makes an owner or admin something less.
fn is_weakened(change: &Change) -> bool {
    matches!(change, Change::SetOrgRole { from, to, .. } if from.on_every_project() > to.on_every_project())
}

/// How many roles on projects there are: of people, of teams and of everybody.
fn grants(live: &State) -> usize {
    let teams: usize = live.teams.values().map(|team| team.roles.len()).sum();
    live.grants.len() + teams + live.projects.values().filter(|project| project.everyone.is_some()).count()
}

/// What goes along with the users who go.
struct Along<'a> {
    users: NameTable<'a, Taken>,
}

impl<'a> Along<'a> {
    fn of(live: &'a State, gone: impl Iterator<Item = &'a Email>) -> Self {
        let role = |user: &Email| live.users.get(user).is_some_and(|found| found.role.manages());
        let mut users: NameTable<'_, Taken> = NameTable::default();
        for user in gone {
            let strong = usize::from(role(user));
            users.insert_new(user, || Taken { users: 1, strong, unseated: strong, ..Taken::default() });
        }
        if !users.is_empty() {
            for member in live.teams.values().flat_map(|team| &team.members) {
                if let Some(taken) = users.get_mut(member) {
                    taken.memberships += 1;
                }
            }
            for (user, _) in live.grants.keys() {
                if let Some(taken) = users.get_mut(user) {
                    taken.grants += 1;
                }
            }
        }
        Self { users }
    }

    /// What one change takes away, with everything that goes along.
    fn taken(&self, live: &State, change: &Change) -> Taken {
        let none = Taken::default();
        match change {
            Change::RemoveUser { user } | Change::CancelInvite { user } => {
                self.users.get(user).copied().unwrap_or(none)
            }
            Change::SetOrgRole { from, to, .. } => Taken {
                strong: usize::from(is_weakened(change)),
                unseated: usize::from(from.manages() && !to.manages()),
                ..none
            },
            Change::RemoveTeamMember { .. } => Taken { memberships: 1, ..none },
            Change::DeleteTeam { team } => match live.teams.get(team) {
                Some(team) => Taken { memberships: team.members.len(), grants: team.roles.len(), ..none },
                None => none,
            },
            Change::RemoveTeamRole { .. } | Change::RemoveGrant { .. } | Change::RemoveEveryone { .. } => {
                Taken { grants: 1, ..none }
            }
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::InviteUser { .. }
            | Change::SetEveryone { .. }
            | Change::SetTeamRole { .. }
            | Change::AddTeamMember { .. }
            | Change::SetGrant { .. } => none,
        }
    }
}

/// The roles of teams that have to stay as they are, since people are in these teams who were not read: what they have
/// besides is not known, nor who they are.
fn withheld(plan: &Plan) -> Option<Tripped> {
    let is_withheld = |change: &Change| {
        let role = change.team().cloned().zip(change.project());
        role.is_some_and(|role| plan.withheld.contains(&role))
    };
    if plan.withheld.is_empty() {
        return None;
    }
    let roles: Vec<&PlannedChange> = plan.changes.iter().filter(|planned| is_withheld(&planned.change)).collect();
    let (stay, teams) = match roles.len() {
        0 => return None,
        1 => ("1 role of a team is held as it is".to_owned(), "that team"),
        number => (format!("{number} roles of teams are held as they are"), "these teams"),
    };
    Some(Tripped {
        message: format!("{stay}, since people are in {teams} who were not read and would have more or less"),
        examples: roles.iter().map(|planned| subject(plan, &planned.change)).collect(),
        changes: roles.into_iter().map(|planned| planned.id).collect(),
    })
}

fn invitations(plan: &Plan) -> Option<Tripped> {
    let mut invites: Vec<&PlannedChange> = plan.changes.iter().filter(|planned| is_invitation(planned)).collect();
    let limit = plan.rails.max_invites;
    if invites.len() <= limit {
        return None;
    }
    invites.sort_by_cached_key(|planned| (weight(plan, &planned.change), planned.id));
    Some(Tripped {
        message: format!("{} would be invited, the limit of a run is {limit}", count(invites.len(), "user")),
        examples: invites.iter().map(|planned| subject(plan, &planned.change)).collect(),
        changes: invites.into_iter().map(|planned| planned.id).collect(),
    })
}
