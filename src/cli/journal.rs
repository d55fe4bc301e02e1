//! Where journals and locks are kept, and how a run begins in them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::context::Context;
use super::error::{CommandError, Kind};
use super::live::Live;
use crate::backend::{Applied, Snapshot, snapshot};
use crate::fingerprint::fingerprint;
use crate::journal::{
    Begun, End, FORMAT, History, Holder, Journal, JournalError, Lock, LockError, NoRun, OpenRun, lock_name, run_name,
};
use crate::model::{Interner, OrgId};
use crate::plan::Plan;
use crate::render::progress::Work;
use crate::render::visible;

/// The variable that names the folder of journals.
const VARIABLE: &str = "ACCESSCTL_JOURNAL";
/// How often a lock that another process has is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// What follows where nobody knows what the last apply left.
const UNTOLD: &str = "what is drift and what is pending cannot be told apart surely";

/// How many runs are named to somebody who has not said enough of a name.
const RUNS_SHOWN: usize = 10;

/// Where journals and locks are kept.
#[derive(Debug, Clone)]
pub(crate) struct Keeping {
    /// The folder of journals.
    pub(crate) folder: PathBuf,
    /// Where locks are, and whether a run may do without the one there. With a folder of journals that somebody named
    /// there are two: runs of this machine with other folders know of the one, runs of other machines of the other.
    locks: Vec<(PathBuf, bool)>,
}

/// What a run takes along from where its plan was made.
#[derive(Debug, Clone, Default)]
pub(crate) struct Occasion {
    /// The digest of the saved plan.
    pub(crate) plan: Option<String>,
    /// What it carries, such as a commit.
    pub(crate) meta: BTreeMap<String, String>,
    /// The run that it takes back.
    pub(crate) undoes: Option<String>,
}

/// How a run gets its turn.
#[derive(Debug, Clone)]
pub(crate) struct Turn<'a> {
    /// How long it waits for the lock.
    pub(crate) patience: Duration,
    /// A run of another machine that is known to be dead.
    pub(crate) take_over: Option<&'a str>,
}

/// A run that has begun: it holds the lock, and its journal is open.
pub(crate) struct Begin {
    pub(crate) journal: Journal,
    /// What earlier runs did.
    pub(crate) history: History,
    /// Held until they are dropped.
    pub(crate) locks: Held,
}

/// The locks of a run, which lets go of them while it waits for hours.
pub(crate) struct Held {
    locks: Vec<Lock>,
    me: Holder,
    begun: Begun,
    /// A run of another machine that is known to be dead.
    take_over: Option<String>,
    /// The runs that had been here when this one began.
    before: BTreeSet<String>,
}

impl Held {
    /// Lets others have their turn.
    pub(crate) fn release(&mut self) {
        self.locks.clear();
    }
}

impl Keeping {
    /// The folder that was given, else that of the environment, else the user's.
    pub(crate) fn find(context: &Context<'_>, given: Option<&Path>) -> Result<Self, CommandError> {
        let variable = |name: &str| (context.surroundings.environment)(name).filter(|value| !value.is_empty());
        // A relative path in this variable is to be taken for none: so the standard about it says.
        let state = variable("XDG_STATE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        let home = || ["HOME", "USERPROFILE"].into_iter().find_map(variable).map(PathBuf::from);
        let state = state.or_else(|| home().map(|home| home.join(".local").join("state")));
        let state = state.map(|state| state.join("accessctl"));
        let named = given.map(Path::to_owned).or_else(|| variable(VARIABLE).map(PathBuf::from));
        match (named, state) {
            (Some(folder), state) => {
                let mut locks = vec![(folder.join("locks"), false)];
                locks.extend(state.map(|state| (state.join("locks"), true)));
                Ok(Self { folder, locks })
            }
            (None, Some(state)) => {
                Ok(Self { folder: state.join("journal"), locks: vec![(state.join("locks"), false)] })
            }
            (None, None) => Err(CommandError::usage("there is no folder for the journal: the user has no home folder")
                .hint(format!("say where it is with `--journal DIR` or the variable `{VARIABLE}`"))),
        }
    }

    /// Where the live side is kept as the last apply of this organization left it.
    pub(crate) fn applied(&self, organization: OrgId, live: &Live<'_>) -> PathBuf {
        self.folder.join(lock_name(organization.get(), &live.address()).replace(".lock", ".applied.json"))
    }

    /// The live side as the last apply of this organization left it, where that is known. That it cannot be read is told.
    pub(crate) fn last_applied(
        &self,
        context: &mut Context<'_>,
        organization: OrgId,
        live: &Live<'_>,
        names: &mut Interner,
    ) -> Option<Applied> {
        let path = self.applied(organization, live);
        if !path.exists() {
            return None;
        }
        match snapshot::load(&path, context.now, names) {
            Ok(Snapshot { taken_at, state, .. }) if state.organization.id == organization => {
                Some(Applied { taken_at, state })
            }
            Ok(Snapshot { state, .. }) => {
                let (path, id) = (path.display(), state.organization.id);
                context.warn(&[format!("`{path}` is of organization {id} and not of {organization}; {UNTOLD}")]);
                None
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map_or(String::new(), |cause| format!(": {cause}"));
                context.warn(&[format!("{error}{cause}; {UNTOLD}")]);
                None
            }
        }
    }

    /// What earlier runs did, for a look that changes nothing.
    pub(crate) fn look(&self, context: &Context<'_>, plan: &Plan, live: &Live<'_>) -> Result<History, CommandError> {
        let begun = begun(context, plan, live, &Occasion::default());
        read_history(&self.folder, &begun, context.now)
    }

    /// Takes the locks again that were let go of, unless anybody else has been here meanwhile: their configuration may be a
    /// later one, which does not want what still waits.
    ///
    /// # Errors
    /// Who is or was here.
    pub(crate) fn resume(&self, held: &mut Held, now: Timestamp) -> Result<(), CommandError> {
        for (folder, may_be_missing) in &self.locks {
            match Lock::take(&folder.join(lock_name(held.begun.org_id, &held.begun.address)), &held.me) {
                Ok(lock) => held.locks.push(lock),
                Err(LockError::Failed { .. }) if *may_be_missing => {}
                Err(error) => return Err(not_locked(error)),
            }
        }
        let history = read_history(&self.folder, &held.begun, now)?;
        refuse_open(&history, held.take_over.as_deref())?;
        // By their names: the clocks of other machines may say that they began before.
        match history.runs.iter().find(|run| !held.before.contains(*run)) {
            None => Ok(()),
            Some(run) => Err(CommandError::new(
                Kind::Refused,
                format!("run {} has applied to the same organization meanwhile", visible(run)),
            )),
        }
    }

    /// Takes the lock, begins the journal and reads what earlier runs did.
    pub(crate) fn begin(
        &self,
        context: &mut Context<'_>,
        plan: &Plan,
        live: &Live<'_>,
        occasion: &Occasion,
        turn: &Turn<'_>,
    ) -> Result<Begin, CommandError> {
        let mut begun = begun(context, plan, live, occasion);
        let me = Holder {
            run: begun.run.clone(),
            pid: begun.pid,
            since: begun.started_at,
            host: begun.host.clone(),
            user: begun.user.clone(),
        };
        let locks =
            self.lock(context, &lock_name(begun.org_id, &begun.address), (plan.org.as_str(), &me), turn.patience)?;
        // A run that had to wait begins now.
        begun.started_at = (context.surroundings.clock)();
        context.now = begun.started_at;
        let mut journal = Journal::create(&self.folder, begun.clone()).map_err(not_begun)?;
        // Runs that share this folder from other machines see the file before they read what is theirs to change, or
        // they began before and are seen here.
        let read = read_history(&self.folder, &begun, context.now).and_then(|history| {
            refuse_open(&history, turn.take_over)?;
            Ok(history)
        });
        match read {
            Ok(history) => {
                context.warn(&history.warnings);
                let (take_over, before) = (turn.take_over.map(str::to_owned), history.runs.clone());
                Ok(Begin { journal, history, locks: Held { locks, me, begun, take_over, before } })
            }
            Err(error) => {
                let (status, refused) = (error.kind.status().code(), Some(error.error.to_string()));
                journal.end(End { at: context.now, status, refused, ..End::default() }).map_err(not_begun)?;
                Err(error)
            }
        }
    }

    fn lock(
        &self,
        context: &mut Context<'_>,
        name: &str,
        (org, me): (&str, &Holder),
        patience: Duration,
    ) -> Result<Vec<Lock>, CommandError> {
        let mut locks = Vec::new();
        let mut waited = Duration::ZERO;
        for (folder, may_be_missing) in &self.locks {
            loop {
                match Lock::take(&folder.join(name), me) {
                    Ok(lock) => locks.push(lock),
                    // Whoever has no home folder that can be written to has named another one.
                    Err(LockError::Failed { .. }) if *may_be_missing => {}
                    Err(LockError::Held { holder, .. }) if waited < patience => {
                        if waited.is_zero() {
                            let who = holder.as_ref().map_or("another run".to_owned(), who);
                            context.tell(&format!("waiting for {}", visible(&who)));
                        }
                        let now = (context.surroundings.clock)();
                        let last = SignedDuration::try_from(patience - waited).ok();
                        context.screen.begin(org, Work::Locked);
                        context.screen.wait(
                            "at most, for the other apply to end",
                            last.and_then(|last| now.checked_add(last).ok()).unwrap_or(Timestamp::MAX),
                        );
                        let wait = RETRY.min(patience - waited);
                        let slept = context.sleep(wait);
                        context.screen.end();
                        slept?;
                        waited += wait;
                        continue;
                    }
                    Err(error) => return Err(not_locked(error)),
                }
                break;
            }
        }
        Ok(locks)
    }
}

fn begun(context: &Context<'_>, plan: &Plan, live: &Live<'_>, occasion: &Occasion) -> Begun {
    let variable = |name: &&str| (context.surroundings.environment)(name).filter(|value| !value.is_empty());
    let started_at = (context.surroundings.clock)();
    let host = variable(&"HOSTNAME").or_else(host_name);
    let (pid, address) = (std::process::id(), live.address());
    let org_id = plan.live.organization.id.get();
    Begun {
        format: FORMAT.to_owned(),
        run: run_name(started_at, host.as_deref(), pid, org_id, &address),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        org: plan.org.as_str().to_owned(),
        org_id,
        backend: plan.backend.to_owned(),
        address,
        started_at,
        as_of: plan.as_of,
        user: ["USER", "LOGNAME", "USERNAME"].iter().find_map(variable),
        host,
        pid,
        live: fingerprint(&plan.live),
        plan: occasion.plan.clone(),
        meta: occasion.meta.clone(),
        undoes: occasion.undoes.clone(),
    }
}

/// The name of the machine, where the system has it in a file.
fn host_name() -> Option<String> {
    let read = |path| fs::read_to_string(path).ok();
    let name = ["/proc/sys/kernel/hostname", "/etc/hostname"].into_iter().find_map(read)?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}

fn read_history(folder: &Path, begun: &Begun, now: Timestamp) -> Result<History, CommandError> {
    History::read(folder, begun, now).map_err(|(path, error)| unreadable(&path, error))
}

/// Why journals cannot be read.
pub(crate) fn unreadable(path: &Path, error: std::io::Error) -> CommandError {
    let error = anyhow::Error::new(error).context(format!("cannot read the journal `{}`", path.display()));
    CommandError { kind: Kind::Failure, error, hints: Vec::new() }
}

/// Why no run is meant by a name; `is_empty` says that `folder` has no journal at all.
pub(crate) fn no_run(problem: NoRun, folder: &Path, is_empty: bool) -> CommandError {
    let mut error = CommandError::usage(problem.to_string());
    match problem {
        NoRun::Unknown { near, .. } => {
            if let Some(near) = near {
                error = error.hint(format!("did you mean `{near}`?"));
            }
            let path = folder.display();
            error.hint(match is_empty {
                true => format!("there is no journal in `{path}`; `--journal DIR` names another folder"),
                false => format!("`accessctl log` tells the runs that are in `{path}`"),
            })
        }
        NoRun::Ambiguous { among, .. } => {
            let shown: Vec<String> = among.iter().take(RUNS_SHOWN).map(|run| format!("`{run}`")).collect();
            let more = match among.len() - shown.len() {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            error.hint(format!("write more of the name: {}{more}", shown.join(", ")))
        }
    }
}

fn not_begun(error: JournalError) -> CommandError {
    CommandError { kind: Kind::Failure, error: anyhow::Error::new(error), hints: Vec::new() }
        .hint("nothing was applied: what is done is written down before it is done")
}

fn who(holder: &Holder) -> String {
    let Holder { run, pid, since, host, user } = holder;
    let of = user.as_ref().map_or(String::new(), |user| format!(" of {user}"));
    let on = host.as_ref().map_or(String::new(), |host| format!(" on {host}"));
    format!("run {run}{of}{on} (process {pid}, since {})", since.strftime("%Y-%m-%d %H:%M:%S UTC"))
}

fn not_locked(error: LockError) -> CommandError {
    match error {
        LockError::Held { path, holder } => {
            let message = match &holder {
                Some(holder) => format!("another apply is under way: {}", who(holder)),
                None => format!("another apply is under way: it holds `{path}`"),
            };
            CommandError::new(Kind::Failure, message)
                .hint("wait until it has ended, or give `--lock-timeout 10m` to wait that long")
                .hint("the lock goes with its process: there is never a file to delete")
        }
        LockError::Failed { .. } => {
            CommandError { kind: Kind::Failure, error: anyhow::Error::new(error), hints: Vec::new() }
                .hint("nothing was applied: without the lock another apply could be under way")
        }
    }
}

/// Refuses to go on while a run of another machine may be alive; `take_over` names one that is known to be dead.
fn refuse_open(history: &History, take_over: Option<&str>) -> Result<(), CommandError> {
    match history.open.iter().find(|open| take_over != Some(open.run.as_str())) {
        None => Ok(()),
        Some(open) => Err(elsewhere(open)),
    }
}

/// Says which run of another machine may be alive.
fn elsewhere(open: &OpenRun) -> CommandError {
    let OpenRun { run, path, since, host, pid, user, over_at } = open;
    let holder = Holder { run: run.clone(), pid: *pid, since: *since, host: host.clone(), user: user.clone() };
    CommandError::new(Kind::Refused, format!("another apply has begun and not ended: {}", who(&holder)))
        .hint(format!("its journal is `{}`", path.display()))
        .hint(format!("without a sign of life it counts as dead from {} on", over_at.strftime("%Y-%m-%d %H:%M:%S UTC")))
        .hint(format!("if you know that it is dead, give `--take-over {run}`"))
}
