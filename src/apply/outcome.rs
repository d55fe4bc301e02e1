//! What became of the changes of a plan, and what the live side says of it afterwards.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::change::Change;
use crate::model::State;
use crate::plan::{ChangeId, Plan, PlannedChange};

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The backend has performed it durably.
    Applied,
    /// It was so already: the live side showed it before the run, or the backend says so.
    Already,
    /// The backend refused it or could not be reached; the cause and its causes.
    Failed(Vec<String>),
    /// There was no answer that says whether it was performed; the cause and its causes.
    Unknown(Vec<String>),
    /// There was no such answer, and the live side was read again.
    Settled {
        /// Whether the live side is as the change leaves it.
        is_done: bool,
        /// Why there was no answer.
        causes: Vec<String>,
    },
    /// A guard holds it.
    Held,
    /// It waits for a person: no request for it is known surely enough to be sent.
    Manual,
    /// A mail was sent for it, or may have been, and the live side does not show the invitation, or may not show all of
    /// them: whoever sends one looks first. What is known of it.
    Unseen(Vec<String>),
    /// It was not tried, because its mail domain has had all the invitation mails that it may have in an hour.
    Deferred {
        /// When the next mail may be sent.
        until: Timestamp,
    },
    /// It was not tried, because a change that it depends on was not performed.
    Skipped {
        /// The change that failed, is held, was deferred, was not tried or waits for a person.
        because: ChangeId,
    },
    /// It was not tried, because what made another change fail is true of every request or of all that go the same way, or
    /// because the run was broken off.
    NotTried,
    /// It stands in a saved plan, and needs a change that does not.
    Unmet {
        /// The change that was not agreed to.
        needs: Change,
    },
    /// It does not follow any more: it stands in a saved plan, or had to wait, and somebody has changed something since.
    Stale {
        /// What is so instead, in words.
        now: String,
    },
}

impl Outcome {
    /// The change for whose sake it was skipped.
    pub fn because(&self) -> Option<ChangeId> {
        if let Self::Skipped { because } = self { Some(*because) } else { None }
    }

    /// Whether the live side is as the change leaves it, as far as is known.
    pub fn is_done(&self) -> bool {
        match self {
            Self::Applied | Self::Already | Self::Settled { is_done: true, .. } => true,
            Self::Failed(_)
            | Self::Unknown(_)
            | Self::Settled { is_done: false, .. }
            | Self::Held
            | Self::Manual
            | Self::Unseen(_)
            | Self::Deferred { .. }
            | Self::Skipped { .. }
            | Self::NotTried
            | Self::Unmet { .. }
            | Self::Stale { .. } => false,
        }
    }

    /// Whether it waits for a person.
    pub fn is_by_hand(&self) -> bool {
        matches!(self, Self::Manual | Self::Unseen(_))
    }
}

/// What became of a plan: one outcome for each change, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a failed change is known only here"]
pub struct Report {
    /// The outcomes in the order of the plan.
    pub outcomes: Vec<(ChangeId, Outcome)>,
    /// What to do about the failures, each said once.
    pub next_steps: Vec<String>,
    /// What became of those changes of a saved plan that did not have to be made, or could not be.
    pub beside: Vec<(Change, Outcome)>,
    /// Whether whoever watched broke off.
    pub is_broken_off: bool,
}

/// The numbers of a [`Report`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "one for each variant of `Outcome`; what is settled is done or has failed")]
pub struct Numbers {
    pub applied: usize,
    pub already: usize,
    pub failed: usize,
    pub unknown: usize,
    pub manual: usize,
    pub deferred: usize,
    pub held: usize,
    pub skipped: usize,
    pub not_tried: usize,
    pub unmet: usize,
    pub stale: usize,
}

impl Report {
    /// How many changes came to which end.
    pub fn numbers(&self) -> Numbers {
        let mut numbers = Numbers::default();
        for outcome in self.every() {
            match outcome {
                Outcome::Applied | Outcome::Settled { is_done: true, .. } => numbers.applied += 1,
                Outcome::Already => numbers.already += 1,
                Outcome::Failed(_) | Outcome::Settled { is_done: false, .. } => numbers.failed += 1,
                Outcome::Unknown(_) => numbers.unknown += 1,
                Outcome::Manual | Outcome::Unseen(_) => numbers.manual += 1,
                Outcome::Deferred { .. } => numbers.deferred += 1,
                Outcome::Held => numbers.held += 1,
                Outcome::Skipped { .. } => numbers.skipped += 1,
                Outcome::NotTried => numbers.not_tried += 1,
                Outcome::Unmet { .. } => numbers.unmet += 1,
                Outcome::Stale { .. } => numbers.stale += 1,
            }
        }
        numbers
    }

    /// Whether every change has its result.
    pub fn is_complete(&self) -> bool {
        self.every().all(Outcome::is_done)
    }

    fn every(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().map(|(_, outcome)| outcome).chain(self.beside.iter().map(|(_, outcome)| outcome))
    }

    /// Finds out by `after`, the live side as it was read after the run, what became of the changes of which that is not
    /// known, and which of those that are said to be done had no effect; returns what it says.
    pub fn settle(&mut self, plan: &Plan, after: &State) -> Vec<(ChangeId, bool)> {
        let mut settled = Vec::new();
        let named = as_named(plan, after);
        for (planned, (id, outcome)) in plan.changes.iter().zip(&mut self.outcomes) {
            let is_rename = matches!(planned.change, Change::RenameTeam { .. });
            let after: &State = if is_rename { after } else { &named };
            if let Outcome::Unknown(causes) = outcome
                && let Some(is_done) = after.shows(&planned.change)
            {
                settled.push((*id, is_done));
                let causes = std::mem::take(causes);
                // A list that does not show an invitation is no proof that there was no mail.
                let is_unseen = !is_done && sends_mail(plan, planned);
                *outcome = if is_unseen { Outcome::Unseen(causes) } else { Outcome::Settled { is_done, causes } };
            } else if matches!(outcome, Outcome::Applied)
                && plan.target.shows(&planned.change) == Some(true)
                && after.shows(&planned.change) == Some(false)
            {
                settled.push((*id, false));
                *outcome = if sends_mail(plan, planned) {
                    Outcome::Unseen(vec!["the service answered that it was sent".to_owned()])
                } else {
                    let causes = vec!["the service answered that it was".to_owned()];
                    Outcome::Settled { is_done: false, causes }
                };
            }
        }
        settled
    }
}

/// Whether a mail goes out for a change.
fn sends_mail(plan: &Plan, planned: &PlannedChange) -> bool {
    planned.sends_mail() && plan.requests.invitations_per_hour().is_some()
}

/// The state with the names that the plan gives to teams: a change of a team that was not renamed after all, though it
/// was said to be, is one of the same team.
fn as_named<'s>(plan: &Plan, after: &'s State) -> Cow<'s, State> {
    let mut named = Cow::Borrowed(after);
    for (from, to) in &plan.team_renames {
        if after.teams.contains_key(to) || !after.teams.contains_key(from) {
            continue;
        }
        let teams = &mut named.to_mut().teams;
        if let Some(team) = teams.remove(from) {
            teams.insert(to.clone(), team);
        }
    }
    named
}
