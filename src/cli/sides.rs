//! The organizations of a question, each with its live side where that is asked for.

use jiff::Timestamp;

use super::ExitStatus;
use super::args::LiveSide;
use super::configuration::Configuration;
use super::context::Context;
use super::error::{CommandError, Failure, OrgProblem};
use super::live::{Purpose, Saved, fetch, live as live_side, saved};
use crate::backend::Snapshot;
use crate::desired::Desired;
use crate::diagnostic::{self, Diagnostic};
use crate::grounds::View;
use crate::model::State;
use crate::target::target;

/// One organization with what was read of it.
pub(crate) struct Read {
    desired: Desired,
    live: Option<State>,
    target: Option<State>,
    taken_at: Option<Timestamp>,
    as_of: Timestamp,
}

impl Read {
    pub(crate) fn view(&self) -> View<'_> {
        View {
            desired: &self.desired,
            live: self.live.as_ref(),
            target: self.target.as_ref(),
            as_of: self.as_of,
            taken_at: self.taken_at,
        }
    }
}

/// Takes the organizations of `configuration` and reads the live sides that are asked for. One that cannot be read is
/// told, and its organization is left with what it declares; the status is the gravest of what went wrong.
pub(crate) fn read_sides(
    context: &mut Context<'_>,
    configuration: &mut Configuration,
    wish: &LiveSide,
) -> Result<(Vec<Read>, ExitStatus), Failure> {
    let mut saved = saved(context, configuration, Purpose::Live, &wish.live, &|_| false)?;
    let mut status = ExitStatus::Done;
    let mut findings: Vec<Diagnostic> = Vec::new();
    let mut organizations = Vec::new();
    for desired in std::mem::take(&mut configuration.organizations) {
        let as_of = context.as_of(&desired);
        let read = match read_live(context, configuration, &desired, saved.as_mut(), wish) {
            Ok(read) => read,
            Err(problem) => {
                let kept_from = format!("the live side of organization `{}` is not shown", desired.key);
                status = status.max(problem.tell(kept_from, &mut findings, &mut context.stderr())?);
                None
            }
        };
        let taken_at = read.as_ref().map(|snapshot| snapshot.taken_at);
        let live = read.map(|snapshot| snapshot.state);
        let target = match live.as_ref().map(|live| target(&desired, live, as_of)) {
            Some(Ok((target, mut warnings))) => {
                findings.append(&mut warnings);
                Some(target.state)
            }
            Some(Err(mut errors)) => {
                findings.append(&mut errors);
                status = status.max(ExitStatus::Invalid);
                None
            }
            None => None,
        };
        organizations.push(Read { desired, live, target, taken_at, as_of });
    }
    diagnostic::sort(&mut findings);
    context.show_findings(&findings, &configuration.sources)?;
    Ok((organizations, status))
}

fn read_live(
    context: &mut Context<'_>,
    configuration: &mut Configuration,
    desired: &Desired,
    saved: Option<&mut Saved>,
    wish: &LiveSide,
) -> Result<Option<Snapshot>, OrgProblem> {
    let snapshot = match saved {
        Some(saved) => saved.take_for(desired)?,
        None if wish.from_backend => {
            let live = live_side(context, configuration, desired)?;
            fetch(context, &live, &mut configuration.names)?
        }
        None => return Ok(None),
    };
    if snapshot.state.organization.id != desired.id {
        let message = format!(
            "the snapshot is of organization {}, and `{}` is {}",
            snapshot.state.organization.id, desired.key, desired.id
        );
        return Err(CommandError::usage(message).into());
    }
    Ok(Some(snapshot))
}
