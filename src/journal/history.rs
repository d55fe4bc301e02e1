//! What earlier runs of an organization mean for the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};

use super::file::org_id_of;
use super::read::{RunFile, passed_over, read_folder, settled_by};
use super::record::{Begun, Line, Record, Word};
use crate::apply::Mail;
use crate::change::ChangeKind;
use crate::model::Email;

/// How long after its last sign of life a run of another machine is taken to be alive. A request takes five minutes at
/// most with all its tries.
const QUIET: SignedDuration = SignedDuration::from_mins(30);

/// How long nobody gets a second invitation mail by request whom the live side does not show after the first. How the
/// service lists invitations is a guess (dossier P2), and an invitation counts as stale after as many days (dossier 7).
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What the journals of a folder tell about one organization.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct History {
    /// When invitation mails were sent or may have been sent, and to whom where that can be read.
    pub mails: Vec<(Option<Email>, Timestamp)>,
    /// To whom a mail was sent, or may have been, in the last [`REMEMBERED`] time: the latest of each, unless a later
    /// change has taken the invitation or the person back.
    pub invited: BTreeMap<Email, Mail>,
    /// The changes of which nobody knows what became of them, in the order in which they were tried.
    pub unsettled: Vec<Unsettled>,
    /// Runs that have begun and not ended, and that may be going on elsewhere.
    pub open: Vec<OpenRun>,
    /// The other runs that have begun, without those that were refused before they sent anything.
    pub runs: BTreeSet<String>,
    /// What could not be read, with file and line.
    pub warnings: Vec<String>,
}

/// A change that was tried and of which nobody knows what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Unsettled {
    /// The run.
    pub run: String,
    /// When it was tried.
    pub at: Timestamp,
    /// The change.
    pub record: Record,
}

/// A run that may be going on on another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRun {
    /// Its name.
    pub run: String,
    /// Its journal.
    pub path: PathBuf,
    /// When it began.
    pub since: Timestamp,
    /// The machine, where it is known.
    pub host: Option<String>,
    /// The process there.
    pub pid: u32,
    /// Who runs it.
    pub user: Option<String>,
    /// The moment from which on it is taken to be dead.
    pub over_at: Timestamp,
}

impl History {
    /// Reads what the journals in `folder` tell about the organization of `me`, the run that asks and that holds the
    /// lock: any other run of this machine has come to its end.
    ///
    /// # Errors
    /// When the folder or a file cannot be read; the path of it.
    pub fn read(folder: &Path, me: &Begun, now: Timestamp) -> Result<Self, (PathBuf, io::Error)> {
        let runs = read_folder(folder, |name| org_id_of(name).is_none_or(|id| id == me.org_id))?;
        Ok(Self::of(&runs, me, now))
    }

    /// What `runs` tell.
    pub fn of(runs: &[RunFile], me: &Begun, now: Timestamp) -> Self {
        let mut history = Self { warnings: passed_over(runs), ..Self::default() };
        let settled = settled_by(runs);
        for run in runs {
            let is_mine = run
                .begun
                .as_ref()
                .is_none_or(|begun| begun.org_id == me.org_id && begun.address == me.address && begun.run != me.run);
            if !is_mine {
                continue;
            }
            for line in &run.broken {
                let place = format!("{}:{}", run.path.display(), line.number);
                history.warnings.push(format!(
                    "journal {place} cannot be read ({}); it is counted as an invitation mail that may have been sent",
                    line.problem
                ));
                history.mails.push((None, run.modified.into_iter().chain(run.last_seen()).max().unwrap_or(now)));
            }
            let Some(begun) = &run.begun else { continue };
            let changes = run.changes();
            let is_refused = run.end().is_some_and(|end| end.refused.is_some());
            if !is_refused || changes.iter().any(|logged| logged.intended.is_some()) {
                history.runs.insert(begun.run.clone());
            }
            for logged in changes {
                let Some(at) = logged.intended else { continue };
                let word = logged.ended.map_or(Word::Unknown, |(_, ended)| ended.outcome);
                let found = settled.get(&(begun.run.as_str(), logged.record.id.as_str()));
                if word == Word::Unknown && found.is_none() {
                    let record = logged.record.clone();
                    history.unsettled.push(Unsettled { run: begun.run.clone(), at, record });
                }
                let may_be_sent = match word {
                    Word::Applied => true,
                    // That the live side did not show the invitation later is no proof that there was no mail.
                    // A request that was sent, and is left to people all the same, is one that the live side did not show.
                    Word::Unknown | Word::Manual => true,
                    Word::Already
                    | Word::Failed
                    | Word::Held
                    | Word::Deferred
                    | Word::Skipped
                    | Word::NotTried
                    | Word::Unmet
                    | Word::Stale => false,
                };
                let user = || logged.record.user.as_deref().and_then(|user| Email::new(user).ok());
                if logged.record.mail && may_be_sent {
                    let user = user();
                    if let Some(user) = user.clone().filter(|_| now.duration_since(at) < REMEMBERED) {
                        history.invited.insert(user, Mail { run: begun.run.clone(), at });
                    }
                    history.mails.push((user, at));
                }
                let is_done = word == Word::Applied && found.is_none_or(|found| found.done)
                    || word == Word::Unknown && found.is_some_and(|found| found.done);
                let takes_back = [ChangeKind::CancelInvite, ChangeKind::RemoveUser].map(ChangeKind::as_str);
                if is_done && takes_back.contains(&logged.record.kind.as_str()) {
                    user().map(|user| history.invited.remove(&user));
                }
            }
            history.open.extend(open(run, begun, me, now));
        }
        history
    }
}

/// The run, if it may be going on elsewhere.
fn open(run: &RunFile, begun: &Begun, me: &Begun, now: Timestamp) -> Option<OpenRun> {
    let is_here = begun.host.is_some() && begun.host == me.host;
    // A run that waits has let go of everything, and looks who was here when it goes on.
    let waits = matches!(run.lines.last(), Some(Line::Waits(_)));
    if run.end().is_some() || is_here || waits {
        return None;
    }
    let over_at = run.last_seen()?.checked_add(QUIET).ok()?;
    (now < over_at).then(|| OpenRun {
        run: begun.run.clone(),
        path: run.path.clone(),
        since: begun.started_at,
        host: begun.host.clone(),
        pid: begun.pid,
        user: begun.user.clone(),
        over_at,
    })
}
