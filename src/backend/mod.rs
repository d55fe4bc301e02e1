//! Where the live side is read and changed.
//!
//! Reading and writing are two traits: whoever plans holds a [`LiveReader`] and cannot write. Ids of teams stay here;
//! plans speak of names.

mod assembly;
pub mod local;
pub mod mixpanel;
pub mod snapshot;

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use jiff::Timestamp;

use crate::catalogue::Channel;
use crate::change::{Change, Misfit};
use crate::model::{Acting, Interner, State, TeamName};

/// The live side of one organization at one moment, complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// When it was read.
    pub taken_at: Timestamp,
    /// Who has which access.
    pub state: State,
    /// The ids of the teams, where the backend has ids.
    pub team_ids: BTreeMap<TeamName, u64>,
    /// The account that read it and would change it. A store has none: whoever can write it may do everything.
    pub acting: Option<Acting>,
    /// The same as the last apply left it. Only what was saved can say so: whoever reads a live side that can be changed
    /// knows nothing of applies.
    pub applied: Option<Box<Applied>>,
}

/// The access of one organization as the last apply left it: what somebody else changed since can be told by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// When it was read, after that apply.
    pub taken_at: Timestamp,
    /// Who had which access.
    pub state: State,
}

/// Reads an organization.
pub trait LiveReader {
    /// The backend's name in plans: `local`, `snapshot` or `mixpanel`.
    fn name(&self) -> &'static str;

    /// Reads everything, sharing names with `names`.
    ///
    /// # Errors
    /// Whatever could not be read in full: a part is never returned.
    fn fetch(&self, now: Timestamp, names: &mut Interner) -> Result<Snapshot, BackendError>;
}

/// Changes an organization.
pub trait LiveWriter {
    /// Performs one change durably: when this returns, it survives a killed process.
    ///
    /// # Errors
    /// [`BackendError::Misfit`] when the live side does not fit the change; nothing was altered then.
    fn perform(&mut self, change: &Change, now: Timestamp) -> Result<(), BackendError>;

    /// Whether each of `changes`, which were performed, has taken effect. A backend that performs durably need not look.
    ///
    /// # Errors
    /// When that cannot be found out.
    fn confirm(&mut self, changes: &[&Change]) -> Result<Vec<bool>, BackendError> {
        Ok(vec![true; changes.len()])
    }

    /// Performs batches of changes: those of a batch are of one kind and go over one channel, in one request where the
    /// backend can; no change depends on another of any batch, so the backend may have several requests under way.
    /// `watch` is told when each batch is about to begin and once what became of it. Where it breaks off nothing more is
    /// begun: not the batch that it was just told of, and none after it; what is under way comes to its end.
    fn perform_all(
        &mut self,
        batches: &[(Channel, Vec<&Change>)],
        clock: &dyn Fn() -> Timestamp,
        watch: &mut dyn FnMut(Step) -> ControlFlow<()>,
    ) {
        let mut is_over = false;
        for (place, (_, batch)) in batches.iter().enumerate() {
            is_over = is_over || watch(Step::Begun(place)).is_break();
            let step = if is_over {
                Step::NotTried(place)
            } else {
                Step::Ended(place, Ok(batch.iter().map(|change| self.perform(change, clock())).collect()))
            };
            is_over |= watch(step).is_break();
        }
    }
}

/// What happens to a batch, by its place.
#[derive(Debug)]
pub enum Step {
    /// It is about to be performed.
    Begun(usize),
    /// What became of each change, or what kept all of them from being performed or from being known to be.
    Ended(usize, Result<Vec<Result<(), BackendError>>, BackendError>),
    /// It was not begun, because what made another fail is true of every request, or because the watch broke off.
    NotTried(usize),
}

/// What can go wrong with a backend. Causes are sources; whoever prints walks the chain.
#[derive(Debug, thiserror::Error)]
pub enum BackendError {
    /// The change does not fit the live side.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// The live side cannot be opened, read or written.
    #[error("{doing}")]
    Failed {
        /// What was being done, with the path or address.
        doing: String,
        /// Why it failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was read is not a whole organization.
    #[error("{what} is not a complete organization: {problem}")]
    Unsound {
        /// The path or address read.
        what: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A request to the service failed.
    #[error(transparent)]
    Request(#[from] Box<mixpanel::Problem>),
    /// Somebody else is applying to this organization, or serves it.
    #[error("{0} is in use by another `accessctl apply` or `accessctl serve`; wait until it has ended and run again")]
    Busy(String),
    /// A stop was asked for before everything was read.
    #[error("the run was stopped while it was reading")]
    Stopped,
    /// It was not tried, because what made another fail is true of everything that goes the same way.
    #[error("it was not tried, since others like it failed in a way that is true of all")]
    NotTried,
}

impl BackendError {
    /// What to do about it.
    pub fn next_steps(&self) -> Vec<String> {
        match self {
            Self::Busy(_) | Self::Failed { .. } | Self::Stopped | Self::NotTried => Vec::new(),
            Self::Misfit(_) => vec!["the live side has changed; run `accessctl plan` again".to_owned()],
            Self::Unsound { .. } => vec!["a live side that cannot be trusted in full is never acted on".to_owned()],
            Self::Request(problem) => problem.next_steps.clone(),
        }
    }

    /// Whether nothing was done: it was not even asked for, or surely refused.
    pub fn is_surely_undone(&self) -> bool {
        match self {
            Self::Misfit(_) | Self::Stopped | Self::NotTried => true,
            Self::Request(problem) => problem.is_surely_undone(),
            Self::Failed { .. } | Self::Unsound { .. } | Self::Busy(_) => false,
        }
    }

    /// Whether every other change would fail in the same way, so that none need be tried.
    pub fn is_about_everything(&self) -> bool {
        match self {
            Self::Request(problem) => problem.is_about_everything(),
            Self::Stopped => true,
            Self::Misfit(_) | Self::Failed { .. } | Self::Unsound { .. } | Self::Busy(_) | Self::NotTried => false,
        }
    }

    /// Whether the change may have been performed all the same: only reading again tells.
    pub fn may_have_happened(&self) -> bool {
        match self {
            Self::Request(problem) => problem.may_have_happened(),
            Self::Misfit(_)
            | Self::Failed { .. }
            | Self::Unsound { .. }
            | Self::Busy(_)
            | Self::Stopped
            | Self::NotTried => false,
        }
    }

    /// Whether it was not sent, because a stop was asked for.
    pub fn is_stop(&self) -> bool {
        match self {
            Self::Stopped => true,
            Self::Request(problem) => problem.cause == mixpanel::Cause::Stopped,
            Self::Misfit(_) | Self::Failed { .. } | Self::Unsound { .. } | Self::Busy(_) | Self::NotTried => false,
        }
    }
}
