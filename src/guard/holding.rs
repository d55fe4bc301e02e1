//! Too many removals or invitations at once are held, with what depends on them; the rest goes on.

use std::collections::{BTreeMap, BTreeSet};

use super::count;
use crate::change::Change;
use crate::desired::Most;
use crate::model::{Email, State};
use crate::plan::{ChangeId, ChangeStatus, Channel, GuardCode, GuardEffect, GuardFinding, Plan, PlannedChange};

/// So few removals never trip a share: a quarter of three users is no rail for a small team.
const ALWAYS_FINE: usize = 5;

/// Marks what is held, and says why.
pub(super) fn hold(plan: &mut Plan) -> Vec<GuardFinding> {
    let (removals, invitations) = (removals(plan), invitations(plan));
    let saved = held_when_saved(plan, [&removals, &invitations]);
    let removals = with(removals, saved.removals, "removal");
    let invitations = with(invitations, saved.invitations, "invitation");
    let mut findings = Vec::new();
    let mut held: BTreeSet<ChangeId> = BTreeSet::new();
    for (code, tripped) in [(GuardCode::MaxRemovals, removals), (GuardCode::MaxInvites, invitations)] {
        let Some(Tripped { message, changes }) = tripped else { continue };
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
        let these = count(number, noun);
        if accepted == Some(number) {
            let message = format!("{message}; let through by `{flag} {number}`");
            findings.push(GuardFinding { code, effect: GuardEffect::Warn, message, place: None, held: 0 });
            continue;
        }
        if let Some(waiver) = waiver {
            let message = format!("{message}; let through by a waiver: {}", waiver.reason);
            findings.push(GuardFinding {
                code,
                effect: GuardEffect::Warn,
                message,
                place: Some(waiver.place),
                held: 0,
            });
            continue;
        }
        let be = if number == 1 { "is" } else { "are" };
        findings.push(GuardFinding {
            code,
            effect: GuardEffect::Hold,
            message: format!(
                "{message}; {these} {be} held. To let {} through, add to the configuration `guards: {{ waivers: [{{ \
                 {key}: {number}, until: DATE, reason: WHY }}] }}`, or run `accessctl apply {flag} {number}`",
                if number == 1 { "it" } else { "them" },
            ),
            place: None,
            held: number,
        });
        held.extend(changes);
    }
    for planned in &mut plan.changes {
        // Changes stand after those that they depend on.
        if held.contains(&planned.id) || planned.depends_on.iter().any(|needed| held.contains(needed)) {
            held.insert(planned.id);
            planned.status = ChangeStatus::Held;
        }
    }
    findings
}

/// A guard that tripped.
struct Tripped {
    /// What, how many of how many, and the limit.
    message: String,
    /// What it holds.
    changes: Vec<ChangeId>,
}

/// What removals take away, of what there is.
#[derive(Debug, Clone, Copy, Default)]
struct Taken {
    users: usize,
    memberships: usize,
    grants: usize,
    strong: usize,
}

/// One of the numbers.
type Number = fn(&Taken) -> usize;

fn removals(plan: &Plan) -> Option<Tripped> {
    let live = &plan.live;
    // An account that goes because its person has another one is no removal of somebody.
    let gone: BTreeSet<&Email> = plan
        .changes
        .iter()
        .filter(|planned| matches!(planned.change, Change::RemoveUser { .. } | Change::CancelInvite { .. }))
        .filter_map(|planned| planned.change.user())
        .filter(|user| !plan.replaced_users.contains_key(*user))
        .collect();
    let counted: Vec<&PlannedChange> = plan.changes.iter().filter(|planned| is_removal(plan, planned)).collect();
    if counted.is_empty() {
        return None;
    }
    let along = Along::of(live, gone);
    let by_change: Vec<(&PlannedChange, Taken)> =
        counted.into_iter().map(|planned| (planned, along.taken(live, &planned.change))).collect();
    let mut all = Taken::default();
    for (_, taken) in &by_change {
        all.users += taken.users;
        all.memberships += taken.memberships;
        all.grants += taken.grants;
        all.strong += taken.strong;
    }
    // What goes with its user and with its team goes once.
    for (planned, _) in &by_change {
        if let Change::DeleteTeam { team } = &planned.change
            && let Some(team) = live.teams.get(team)
        {
            all.memberships -= team.members.iter().filter(|user| along.users.contains_key(user)).count();
        }
    }
    let there = Taken {
        users: live.users.len(),
        memberships: live.teams.values().map(|team| team.members.len()).sum(),
        grants: grants(live),
        strong: live.users.values().filter(|user| user.role.manages()).count(),
    };
    let limit = plan.rails.max_removals;
    let kinds: [(usize, usize, &str, Number); 4] = [
        (all.strong, there.strong, "owners and admins", |taken| taken.strong),
        (all.users, there.users, "users", |taken| taken.users),
        (all.memberships, there.memberships, "memberships of teams", |taken| taken.memberships),
        (all.grants, there.grants, "grants and default roles", |taken| taken.grants),
    ];
    let tripped: Vec<_> = kinds.into_iter().filter(|(number, of, ..)| exceeds(limit, *number, *of)).collect();
    if tripped.is_empty() {
        return None;
    }
    let numbers: Vec<String> = tripped
        .iter()
        .map(|(number, of, noun, _)| format!("{number} of {of} {noun} ({} %)", (number * 100) / (*of).max(1)))
        .collect();
    let limit = match limit {
        Most::Number(number) => number.to_string(),
        Most::Percent(percent) => format!("{percent} %"),
    };
    let changes = by_change
        .into_iter()
        .filter(|(_, taken)| tripped.iter().any(|(_, _, _, of)| of(taken) > 0))
        .map(|(planned, _)| planned.id)
        .collect();
    Some(Tripped { message: format!("{} would be removed, the limit is {limit}", numbers.join(" and ")), changes })
}

/// What was held when the plan was saved, and no guard holds now.
#[derive(Default)]
struct HeldWhenSaved {
    removals: Vec<ChangeId>,
    invitations: Vec<ChangeId>,
}

/// Finds it: whoever agreed to the saved plan saw that it would not be done. What depends on something held is held for
/// that, and not counted.
fn held_when_saved(plan: &Plan, tripped: [&Option<Tripped>; 2]) -> HeldWhenSaved {
    let mut found = HeldWhenSaved::default();
    if plan.held_when_saved.is_empty() {
        return found;
    }
    let mut held: BTreeSet<ChangeId> = tripped.into_iter().flatten().flat_map(|one| &one.changes).copied().collect();
    for planned in &plan.changes {
        if held.contains(&planned.id) {
            continue;
        }
        if !planned.depends_on.iter().any(|needed| held.contains(needed)) {
            if !plan.held_when_saved.contains(&planned.id) {
                continue;
            }
            if is_removal(plan, planned) {
                found.removals.push(planned.id);
            } else if is_invitation(planned) {
                found.invitations.push(planned.id);
            } else {
                continue;
            }
        }
        held.insert(planned.id);
    }
    found
}

/// Adds to what tripped what was held when the plan was saved.
fn with(tripped: Option<Tripped>, more: Vec<ChangeId>, noun: &str) -> Option<Tripped> {
    if more.is_empty() {
        return tripped;
    }
    let were = if more.len() == 1 { "was" } else { "were" };
    let message = format!("{} {were} held when the plan was saved", count(more.len(), noun));
    Some(match tripped {
        None => Tripped { message, changes: more },
        Some(Tripped { message: first, mut changes }) => {
            changes.extend(more);
            Tripped { message: format!("{first}, and {message}"), changes }
        }
    })
}

/// Whether a change counts as a removal: it takes something away, or makes an owner or admin something less. An account
/// that goes because its person has another one is none.
fn is_removal(plan: &Plan, planned: &PlannedChange) -> bool {
    planned.change.kind().is_removal()
        && planned.change.user().is_none_or(|user| !plan.replaced_users.contains_key(user))
        || is_weakened(&planned.change)
}

/// Whether a change counts as an invitation: SCIM makes members of the organization's own people, without inviting
/// anybody.
fn is_invitation(planned: &PlannedChange) -> bool {
    planned.channel != Channel::Scim && matches!(planned.change, Change::InviteUser { .. })
}

fn exceeds(limit: Most, number: usize, of: usize) -> bool {
    match limit {
        Most::Number(most) => number > most,
        Most::Percent(percent) => number > ALWAYS_FINE && (number as u128) * 100 > (of as u128) * u128::from(percent),
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
    users: BTreeMap<&'a Email, Taken>,
}

impl<'a> Along<'a> {
    fn of(live: &'a State, gone: BTreeSet<&'a Email>) -> Self {
        let role = |user: &Email| live.users.get(user).is_some_and(|found| found.role.manages());
        let own = |user: &'a Email| (user, Taken { users: 1, strong: usize::from(role(user)), ..Taken::default() });
        let mut users: BTreeMap<&Email, Taken> = gone.into_iter().map(own).collect();
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
            Change::SetOrgRole { .. } => Taken { strong: usize::from(is_weakened(change)), ..none },
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

fn invitations(plan: &Plan) -> Option<Tripped> {
    let invites = plan.changes.iter().filter(|planned| is_invitation(planned));
    let changes: Vec<ChangeId> = invites.map(|planned| planned.id).collect();
    let limit = plan.rails.max_invites;
    let message = format!("{} would be invited, the limit of a run is {limit}", count(changes.len(), "user"));
    (changes.len() > limit).then_some(Tripped { message, changes })
}
