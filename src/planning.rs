//! From desired and live to a plan: the whole way, without a writer in reach.

use jiff::Timestamp;

use crate::change::Change;
use crate::desired::Desired;
use crate::diagnostic::Diagnostic;
use crate::diff::diff;
use crate::guard;
use crate::model::State;
use crate::plan::Plan;
use crate::policy;
use crate::target::target;

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
    let mut plan = Plan::new(desired, live, target, backend);
    plan.policy = policy::judge(desired, as_of);
    guard::judge(&mut plan);
    Ok(Planned { plan, warnings })
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
