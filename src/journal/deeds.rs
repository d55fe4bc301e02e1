//! What a run did, as far as it can be taken back.

use std::collections::BTreeSet;

use super::read::{Logged, RunFile, SettledBy, settled_by};
use super::record::{Begun, Lost, Word};
use crate::change::{Change, Subject};
use crate::near::nearest;

/// What a run did.
#[derive(Debug, Clone)]
pub struct Deeds {
    /// The run.
    pub begun: Begun,
    /// The changes that it made or, where no answer says so and nobody has looked since, may have made; in the order in
    /// which they were taken up.
    pub done: Vec<Deed>,
    /// The changes that it left to a person.
    pub by_hand: Vec<Change>,
    /// What later runs that took this one back have made.
    pub taken_back: BTreeSet<Change>,
    /// How many lines and changes of the run cannot be read.
    pub unreadable: usize,
}

/// One change that was made.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    /// The change.
    pub change: Change,
    /// What went along with whom or what it removed, where the journal says so.
    pub lost: Option<Lost>,
}

/// Why no run is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRun {
    /// There is none of this name.
    #[error("no run is called `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The run that was probably meant.
        near: Option<String>,
    },
    /// Several begin like this.
    #[error("{} runs begin with `{name}`", among.len())]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// Their names.
        among: Vec<String>,
    },
}

/// The run among `runs` that is called `name`, or the only one whose name begins so.
///
/// # Errors
/// When there is none, or more than one.
pub fn find_run<'a>(
    runs: impl IntoIterator<Item = &'a RunFile>,
    name: &str,
) -> Result<(&'a RunFile, &'a Begun), NoRun> {
    let runs: Vec<(&RunFile, &Begun)> = runs.into_iter().filter_map(|run| Some((run, run.begun.as_ref()?))).collect();
    if let Some(found) = runs.iter().find(|(_, begun)| begun.run == name) {
        return Ok(*found);
    }
    let begin_so: Vec<_> = runs.iter().filter(|(_, begun)| !name.is_empty() && begun.run.starts_with(name)).collect();
    match begin_so.as_slice() {
        [found] => Ok(**found),
        [] => {
            let near = nearest(name, runs.iter().map(|(_, begun)| begun.run.as_str())).map(str::to_owned);
            Err(NoRun::Unknown { name: name.to_owned(), near })
        }
        several => {
            let among = several.iter().map(|(_, begun)| begun.run.clone()).collect();
            Err(NoRun::Ambiguous { name: name.to_owned(), among })
        }
    }
}

impl Deeds {
    /// What `file`, which is among `runs`, tells of its run; `begun` is its first line.
    pub fn of(file: &RunFile, begun: &Begun, runs: &[RunFile]) -> Self {
        let settled = settled_by(runs);
        let is_done = |begun: &Begun, logged: &Logged<'_>| {
            let found = settled.get(&(begun.run.as_str(), logged.record.id.as_str()));
            may_be_done(logged, found)
        };
        let mut deeds = Self {
            begun: begun.clone(),
            done: Vec::new(),
            by_hand: Vec::new(),
            taken_back: BTreeSet::new(),
            unreadable: file.broken.len(),
        };
        for logged in file.changes() {
            let is_by_hand = logged.ended.is_some_and(|(_, ended)| ended.outcome == Word::Manual);
            if !is_by_hand && !is_done(begun, &logged) {
                continue;
            }
            match logged.record.change() {
                Some(change) if is_by_hand => deeds.by_hand.push(change),
                Some(change) => deeds.done.push(Deed { change, lost: logged.record.lost.clone() }),
                None => deeds.unreadable += 1,
            }
        }
        for run in runs {
            let Some(later) = run.begun.as_ref().filter(|later| later.undoes.as_ref() == Some(&begun.run)) else {
                continue;
            };
            let made = run.changes().into_iter().filter(|logged| is_done(later, logged));
            for change in made.filter_map(|logged| logged.record.change()) {
                // Whoever comes back once more comes back without what they were given the last time.
                match change.makes() {
                    Some(Subject::User(user)) => deeds.taken_back.retain(|made| made.user() != Some(user)),
                    Some(Subject::Team(team)) => deeds.taken_back.retain(|made| made.team() != Some(team)),
                    None => {}
                }
                deeds.taken_back.insert(change);
            }
        }
        deeds
    }
}

/// Whether the change was made, or may have been and nobody has found out that it was not.
fn may_be_done(logged: &Logged<'_>, settled: Option<&SettledBy>) -> bool {
    match logged.ended.map(|(_, ended)| ended.outcome) {
        Some(Word::Applied) => true,
        None | Some(Word::Unknown) => logged.intended.is_some() && settled.is_none_or(|settled| settled.done),
        Some(
            Word::Already
            | Word::Failed
            | Word::Held
            | Word::Manual
            | Word::Deferred
            | Word::Skipped
            | Word::NotTried
            | Word::Unmet
            | Word::Stale,
        ) => false,
    }
}
