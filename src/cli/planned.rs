//! The plans of all organizations of a run: one that cannot be planned does not keep the others from it.

use std::path::PathBuf;

use super::ExitStatus;
use super::args::Ahead;
use super::base::Base;
use super::configuration::Configuration;
use super::context::Context;
use super::error::{CommandError, Failure, OrgProblem};
use super::journal::Keeping;
use super::live::{Live, Purpose, Saved, fetch, live as live_side, saved};
use crate::backend::{Applied, Snapshot};
use crate::desired::{Desired, Unmanaged};
use crate::diagnostic::{self, Diagnostic};
use crate::guard;
use crate::journal::Deeds;
use crate::model::{Interner, OrgKey, State};
use crate::plan::{Extent, Plan};
use crate::planning;

/// What could be planned, and what could not.
pub(crate) struct AllPlanned<'a> {
    /// The plans, by key of the organization.
    pub(crate) plans: Vec<Plan>,
    /// Where the live side of each plan is, in the same order; none for a snapshot.
    pub(crate) lives: Vec<Option<Live<'a>>>,
    /// The organizations without a plan; why has been told.
    pub(crate) unplanned: Vec<OrgKey>,
    /// The organizations that the base defines and the configuration does not.
    pub(crate) unmanaged: Vec<Unmanaged>,
    /// The gravest of what went wrong.
    pub(crate) status: ExitStatus,
}

/// What the arguments say about planning.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'p> {
    /// Snapshots to plan against instead of the live side.
    pub(crate) live: &'p [PathBuf],
    /// Snapshots of an earlier time, to compare the live side with.
    pub(crate) earlier: &'p [PathBuf],
    /// How far ahead to look for what ends, where the configuration is what is asked about.
    pub(crate) ahead: Option<Ahead>,
    /// The run to take back, where that is what is asked for.
    pub(crate) undo: Option<&'p Deeds>,
    /// What was agreed to before.
    pub(crate) base: Option<&'p Base>,
}

/// Plans every organization of `configuration`, against snapshots where there are any.
pub(crate) fn plan_all<'a>(
    context: &mut Context<'a>,
    configuration: &mut Configuration,
    asked: Asked<'_>,
) -> Result<AllPlanned<'a>, Failure> {
    // A pull request that deletes an organization finds the live side of the target branch, which has it.
    let agreed = |id| asked.base.is_some_and(|base| base.defines(id));
    let mut earlier = saved(context, configuration, Purpose::Earlier, asked.earlier, &agreed)?;
    let mut saved = saved(context, configuration, Purpose::Live, asked.live, &agreed)?;
    let unmanaged = asked.base.map_or_else(Vec::new, |base| base.unmanaged(context, &configuration.defined));
    let mut all =
        AllPlanned { plans: Vec::new(), lives: Vec::new(), unplanned: Vec::new(), unmanaged, status: ExitStatus::Done };
    let mut findings: Vec<Diagnostic> = Vec::new();
    for desired in std::mem::take(&mut configuration.organizations) {
        let as_of = context.as_of(&desired);
        let read = read(context, configuration, &desired, saved.as_mut());
        let planned = read.and_then(|mut read| {
            let keeping = asked.base.and_then(|base| base.keeping.as_ref());
            let applied = match asked.base {
                Some(_) => read.last_applied(context, keeping, &mut configuration.names),
                None => None,
            };
            let Read { snapshot, backend, live, requests } = read;
            let planned = match asked.undo {
                Some(deeds) => {
                    check_place(deeds, live.as_ref(), &desired, &snapshot)?;
                    let plan = planning::undo(&desired, snapshot.state, backend, as_of, deeds);
                    planning::Planned { plan, warnings: Vec::new() }
                }
                None => planning::plan(&desired, snapshot.state, backend, as_of).map_err(OrgProblem::Findings)?,
            };
            Ok((planned, live, snapshot.acting, requests, applied))
        });
        match planned {
            Ok((mut planned, live, acting, requests, applied)) => {
                let earlier = earlier.as_mut().and_then(|earlier| earlier.take(planned.plan.live.organization.id));
                planned.plan.earlier = earlier.map(|earlier| Extent::of(&earlier.state));
                planned.plan.acting = acting;
                planned.plan.reads = requests;
                let Plan { earlier, acting, reads, .. } = &planned.plan;
                if earlier.is_some() || acting.is_some() || reads.is_some() {
                    guard::judge(&mut planned.plan);
                }
                if let Some(base) = asked.base {
                    // The live side is the one that the plan was made for, so nothing is found that was not found then.
                    if let Err(mut found) = base.compare(context, &mut planned.plan, &desired, applied.as_ref()) {
                        findings.append(&mut found);
                    }
                }
                findings.append(&mut planned.warnings);
                findings.extend(planned.plan.policy.findings.iter().cloned());
                if let Some(ahead) = asked.ahead {
                    planned.plan.note_expiring(ahead.expiring(&desired, as_of));
                }
                all.plans.push(planned.plan);
                all.lives.push(live);
            }
            Err(problem) => {
                let kept_from = format!("organization `{}` cannot be planned", desired.key);
                let status = problem.tell(kept_from, &mut findings, &mut context.stderr())?;
                all.status = all.status.max(status);
                all.unplanned.push(desired.key);
            }
        }
    }
    diagnostic::sort(&mut findings);
    context.show_findings(&findings, &configuration.sources)?;
    Ok(all)
}

/// Refuses to take a run back anywhere else than where it was made: names mean something else there.
fn check_place(
    deeds: &Deeds,
    live: Option<&Live<'_>>,
    desired: &Desired,
    snapshot: &Snapshot,
) -> Result<(), CommandError> {
    let begun = &deeds.begun;
    let read = snapshot.state.organization.id;
    if read != desired.id {
        return Err(CommandError::usage(format!(
            "the live side is organization {read}, and run {} is of {}",
            begun.run, desired.id
        )));
    }
    match live.map(Live::address).filter(|address| *address != begun.address) {
        None => Ok(()),
        Some(address) => Err(CommandError::usage(format!(
            "run {} was made on `{}`, and the configuration says `{address}`",
            begun.run, begun.address
        ))
        .hint("use the configuration of the organization that the run was made on")),
    }
}

/// What a plan is made from.
pub(crate) struct Read<'a> {
    pub(crate) snapshot: Snapshot,
    /// The name of what the snapshot was read from.
    pub(crate) backend: &'static str,
    /// Where that is; none for a snapshot.
    pub(crate) live: Option<Live<'a>>,
    /// With how many requests it was read, where that was done by requests.
    pub(crate) requests: Option<usize>,
}

impl Read<'_> {
    /// Takes the live side as the last apply left it, where that is known: a snapshot says it itself, and of a live side
    /// the journal does.
    pub(crate) fn last_applied(
        &mut self,
        context: &mut Context<'_>,
        keeping: Option<&Keeping>,
        names: &mut Interner,
    ) -> Option<State> {
        let applied = match &self.live {
            None => self.snapshot.applied.take().map(|applied| *applied),
            Some(live) => keeping?.last_applied(context, self.snapshot.state.organization.id, live, names),
        };
        applied.map(|Applied { taken_at: _, state }| state)
    }
}

/// Reads the live side of an organization, or takes it from a saved one where there are any.
pub(crate) fn read<'a>(
    context: &mut Context<'a>,
    configuration: &mut Configuration,
    desired: &Desired,
    saved: Option<&mut Saved>,
) -> Result<Read<'a>, OrgProblem> {
    if let Some(saved) = saved {
        return Ok(Read { snapshot: saved.take_for(desired)?, backend: "snapshot", live: None, requests: None });
    }
    let live = live_side(context, configuration, desired)?;
    let snapshot = fetch(context, &live, &mut configuration.names)?;
    let requests = live.requests_made();
    Ok(Read { snapshot, backend: live.name(), live: Some(live), requests })
}
