//! From desired and live to a plan: the whole way, without a writer in reach.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::change::Change;
use crate::desired::{Desired, amendments, apart, moved_ends};
use crate::diagnostic::Diagnostic;
use crate::diff::diff;
use crate::guard;
use crate::journal::Deeds;
use crate::model::{Ranks, State, TeamName};
use crate::plan::{Plan, Proposal, Undoing};
use crate::policy;
use crate::target::{Target, target};
use crate::undo::{TakenBack, take_back};

/// A plan with what should be looked at beside it.
#[derive(Debug)]
pub struct Planned {
    /// The plan, judged by the guards.
    pub plan: Plan,
    /// Warnings about the configuration as compared with the live side.
    pub warnings: Vec<Diagnostic>,
}

/// Plans one organization as of the moment `as_of`; `backend` is the name of what `live` was read from.
///
/// # Errors
/// Findings of the family `E07`: the configuration names what the live side does not have.
pub fn plan(
    desired: &Desired,
    live: State,
    backend: &'static str,
    as_of: Timestamp,
) -> Result<Planned, Vec<Diagnostic>> {
    let (target, warnings) = target(desired, &live, as_of)?;
    let policy = policy::judge_planned(desired, &target.state, as_of);
    let mut plan = Plan::new(desired, live, target, backend);
    plan.policy = policy;
    guard::judge(&mut plan);
    Ok(Planned { plan, warnings })
}

/// Plans what would make `live` what is agreed to as of the moment `as_of`, and tells what somebody changed there from what
/// is yet to be applied; `applied` is the live side as the last apply left it, where that is known. Nothing is going to be
/// performed, so no guard judges it.
///
/// # Errors
/// Findings of the family `E07`: the configuration names what the live side does not have.
pub fn drift(
    desired: &Desired,
    live: State,
    backend: &'static str,
    as_of: Timestamp,
    applied: Option<&State>,
) -> Result<Planned, Vec<Diagnostic>> {
    let (target, warnings) = target(desired, &live, as_of)?;
    let mut plan = Plan::new(desired, live, target, backend);
    plan.tell_drift(applied);
    Ok(Planned { plan, warnings })
}

/// The entry of what a plan carries that names the commit of the configuration.
const COMMIT: &str = "commit";

/// Plans what takes the run of `deeds` back from `live`, the live side of now.
///
/// The rules of the organization are not asked: they judge what is declared, and this comes from no declaration. Guards
/// judge it as they judge every plan.
pub fn undo(desired: &Desired, live: State, backend: &'static str, as_of: Timestamp, deeds: &Deeds) -> Plan {
    let TakenBack { target, left, as_before } = take_back(desired, &live, deeds, as_of);
    let undoing = Undoing {
        run: deeds.begun.run.clone(),
        began: deeds.begun.started_at,
        by: deeds.begun.user.clone(),
        commit: deeds.begun.meta.get(COMMIT).cloned(),
        left,
        as_before,
        still_asked_for: None,
    };
    let mut plan = Plan::undo(desired, live, target, backend, undoing);
    guard::judge(&mut plan);
    let asked_for = |live: &State| {
        let plan = self::plan(desired, live.clone(), backend, as_of).ok()?.plan;
        Some(plan.changes.into_iter().map(|planned| planned.change).collect::<BTreeSet<Change>>())
    };
    // What the configuration asks for in any case is not about this.
    let again = asked_for(&plan.target).map(|after| match asked_for(&plan.live) {
        Some(before) => after.difference(&before).count(),
        None => after.len(),
    });
    if let Some(undoing) = &mut plan.undoing {
        undoing.still_asked_for = again;
    }
    plan
}

/// The changes that `base`, an earlier form of the configuration, leads to on `live` as of the moment `as_of`, in no
/// particular order: what was agreed to and is not live.
///
/// # Errors
/// Findings of the family `E07`: it names what the live side does not have.
pub fn agreed(base: &Desired, live: &State, as_of: Timestamp) -> Result<Vec<Change>, Vec<Diagnostic>> {
    let (target, _) = target(base, live, as_of)?;
    Ok(diff(live, &target.state, &target.team_renames))
}

/// Tells what `head`, the configuration of `plan`, proposes from what was agreed to before, as `base` says; `applied` is
/// the live side as the last apply left it, where that is known.
///
/// # Errors
/// Findings of the family `E07`: the base names what the live side does not have.
pub fn compare(
    plan: &mut Plan,
    head: &Desired,
    base: Base<'_>,
    applied: Option<&State>,
) -> Result<(), Vec<Diagnostic>> {
    let (agreed, reasons, ranked, ranks) = match &base {
        Base::Was(base) => {
            let (agreed, _) = target(base, &plan.live, plan.as_of)?;
            let reasons = plan.reasons_of(base, &agreed);
            let ranked = ranked_as_either(head, base);
            let ranks = ranks_of(base, head, &ranked);
            (agreed, reasons, ranked, ranks)
        }
        Base::None(_) => (unchanged(&plan.live, plan.as_of), BTreeMap::new(), Cow::Borrowed(head), head.ranks()),
    };
    // The same target was found when the plan was made, before guards held anything.
    let (proposed, _) = target(head, &plan.live, plan.as_of)?;
    let is_awaited = |name: &&TeamName| {
        let is_there = proposed.state.teams.contains_key(*name);
        head.teams[*name].scim_managed && !is_there && !proposed.awaited_teams.values().any(|new| new == *name)
    };
    let awaited: BTreeSet<&TeamName> = head.teams.keys().filter(is_awaited).collect();
    let mut proposal = Proposal::new(&ranked, ranks, plan, agreed, proposed);
    match base {
        Base::Was(base) => {
            let apart = apart(base, head, &plan.live);
            proposal.ends = moved_ends(base, &ranked, plan.as_of);
            proposal.amendments = amendments(base, head, plan.as_of, &awaited, &apart);
            proposal.tell_apart(apart.into_keys().collect());
        }
        Base::None(why) => proposal.no_base = Some(why),
    }
    plan.tell_origins(proposal, applied, &reasons);
    Ok(())
}

/// `head`, in which a custom role ranks as high as it does in either configuration: whoever proposes a role does not also
/// say what it is worth.
fn ranked_as_either<'d>(head: &'d Desired, base: &Desired) -> Cow<'d, Desired> {
    let before = base.ranks();
    let mut ranked = Cow::Borrowed(head);
    for (id, roles) in &before {
        for (name, rank) in roles {
            let now = head.projects.get(id).and_then(|project| project.roles.get(name));
            if now.is_none_or(|now| now.value >= rank.now) {
                continue;
            }
            let project = ranked.to_mut().projects.get_mut(id);
            if let Some(role) = project.and_then(|project| project.roles.get_mut(name)) {
                role.value = rank.now;
            }
        }
    }
    ranked
}

/// The ranks of custom roles in the difference between `base` and `head`, which `ranked` ranks as either does: what somebody
/// had is worth what was agreed to, and what they keep no more than that, nor more than `head` says.
fn ranks_of(base: &Desired, head: &Desired, ranked: &Desired) -> Ranks {
    let mut ranks = ranked.ranks();
    for rank in ranks.values_mut().flat_map(BTreeMap::values_mut) {
        (rank.before, rank.kept) = (None, None);
    }
    let now = head.ranks();
    for (id, roles) in base.ranks() {
        let known = ranks.entry(id).or_default();
        for (name, was) in roles {
            let is = now.get(&id).and_then(|roles| roles.get(&name)).and_then(|is| is.now);
            let rank = known.entry(name).or_default();
            (rank.before, rank.kept) = (was.before, was.before.min(is));
        }
    }
    ranks
}

/// What was agreed to before a configuration was edited.
#[derive(Debug)]
pub enum Base<'b> {
    /// Its earlier form.
    Was(&'b Desired),
    /// Nothing, so that whatever is not live is proposed; why, as a sentence without its period.
    None(String),
}

/// The target of a configuration that says nothing.
fn unchanged(live: &State, as_of: Timestamp) -> Target {
    Target {
        as_of,
        state: live.clone(),
        team_renames: BTreeMap::new(),
        awaited_teams: BTreeMap::new(),
        replaced_users: BTreeMap::new(),
        kept: Vec::new(),
        withheld: BTreeSet::new(),
    }
}
