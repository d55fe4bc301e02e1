//! A real server with an organization, and runs of the program against it that may be killed.

use std::cell::{Cell, RefCell};
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use accessctl::model::{OrgRole, State};
use accessctl::serve::{Options, Script, Server};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::runs::{Around, Ended, run_on};
use crate::story::Story;

/// 2026-11-21T09:00:00Z
pub(crate) const NOW: Timestamp = Timestamp::constant(1_795_251_600, 0);

/// A server with the live side of a story.
pub(crate) struct Ground<'s> {
    pub(crate) story: &'s Story,
    pub(crate) server: Server,
    /// The organization as each request left it that edited it.
    states: Arc<Mutex<Vec<State>>>,
    /// Seconds since [`NOW`], for the server and the runs.
    later: Arc<AtomicI64>,
    folder: TempDir,
}

/// What the program has done when it looks at the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// How many requests have arrived.
    pub(crate) requests: u64,
    /// How long the journal is.
    pub(crate) journal: usize,
    /// How much of it does not survive a power cut.
    pub(crate) unsynced: usize,
}

/// What somebody who does nothing sees of a run.
pub(crate) struct Course {
    /// Whether each request writes, in order.
    pub(crate) writes: Vec<bool>,
    pub(crate) looks: Vec<Look>,
}

/// When a run is killed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Death {
    /// When it looks at the clock for the so many-th time, from 0.
    AtLook(usize),
    /// When it first looks at the clock after so many requests have arrived.
    AfterRequest(u64),
}

/// Somebody who writes down what a run has done at each look at the clock.
struct Watching<'g, 's> {
    ground: &'g Ground<'s>,
    looks: RefCell<Vec<Look>>,
}

impl Around for Watching<'_, '_> {
    const CAN_ASK: bool = false;

    fn clock_read(&self) {
        self.looks.borrow_mut().push(self.ground.look());
    }
}

/// Somebody who kills a run.
struct Killing<'g, 's> {
    ground: &'g Ground<'s>,
    death: Death,
    looks: Cell<usize>,
    /// The files in the folder of locks as they were then.
    locks: RefCell<Vec<(PathBuf, Vec<u8>)>>,
}

impl Around for Killing<'_, '_> {
    const CAN_ASK: bool = false;

    fn clock_read(&self) {
        let look = self.looks.replace(self.looks.get() + 1);
        let is_now = match self.death {
            Death::AtLook(number) => look == number,
            Death::AfterRequest(number) => self.ground.server.requests() >= number,
        };
        if is_now {
            self.locks.replace(self.ground.locks());
            // No message: there are thousands of these.
            resume_unwind(Box::new("killed"));
        }
    }
}

impl<'s> Ground<'s> {
    pub(crate) fn new(story: &'s Story) -> Self {
        Self::watched(story, |_| {})
    }

    /// The same; `edited` is called when so many requests have edited the organization, before they are answered.
    pub(crate) fn watched(story: &'s Story, edited: impl Fn(usize) + Send + Sync + 'static) -> Self {
        // No disk is needed where the system has a folder in memory.
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.unwrap();
        let seed = folder.path().join("live.yaml");
        fs::write(&seed, &story.seed).unwrap();
        let (later, states) = (Arc::new(AtomicI64::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (clock, kept) = (Arc::clone(&later), Arc::clone(&states));
        let clock = Arc::new(move || NOW + SignedDuration::from_secs(clock.load(Ordering::SeqCst)));
        let usual = Options::new(folder.path().join("store.db"), clock);
        let watch = Arc::new(move |state: &State| {
            let mut kept = kept.lock().unwrap();
            kept.push(state.clone());
            edited(kept.len());
        });
        let record = Some(folder.path().join("record.jsonl"));
        let options = Options { seed: Some(seed), record, role: OrgRole::Owner, watch: Some(watch), ..usual };
        let server = Server::start(options).unwrap();
        Self { story, server, states, later, folder }
    }

    /// The organization as each request left it that edited it, in order.
    pub(crate) fn states(&self) -> Vec<State> {
        self.states.lock().unwrap().clone()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: SignedDuration) {
        self.later.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    pub(crate) fn meet(&self, script: Script) {
        self.server.add_fault(script);
    }

    /// The requests as the server wrote them down.
    pub(crate) fn record(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.path().join("record.jsonl")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Writes the configuration; the path of it.
    pub(crate) fn configure(&self) -> PathBuf {
        let path = self.folder.path().join("access.yaml");
        fs::write(&path, self.story.configuration(&self.server.base_url())).unwrap();
        path
    }

    /// The folder of journals.
    pub(crate) fn journal(&self) -> PathBuf {
        self.folder.path().join(".journal")
    }

    /// The files of the folder of locks with what stands in them.
    pub(crate) fn locks(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let Ok(entries) = fs::read_dir(self.journal().join("locks")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// The journal of the latest run.
    fn latest(&self) -> Option<(PathBuf, String)> {
        let entries = fs::read_dir(self.journal()).ok()?;
        let paths = entries.map(|entry| entry.unwrap().path());
        let path = paths.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).max()?;
        let text = fs::read_to_string(&path).unwrap();
        Some((path, text))
    }

    fn look(&self) -> Look {
        let text = self.latest().map_or(String::new(), |(_, text)| text);
        Look { requests: self.server.requests(), journal: text.len(), unsynced: text.len() - synced(&text) }
    }

    fn run_amid(&self, around: &impl Around) -> Ended {
        let path = self.configure();
        let account = self.server.account();
        let environment = |variable: &str| match variable {
            "MIXPANEL_SERVICE_ACCOUNT" => Some(account.name.clone()),
            "MIXPANEL_SERVICE_ACCOUNT_SECRET" => Some(account.secret.clone()),
            _ => None,
        };
        let now = NOW + SignedDuration::from_secs(self.later.load(Ordering::SeqCst));
        run_on(&["apply", "--yes"], &path, now, &environment, around)
    }

    /// Applies the configuration.
    pub(crate) fn apply(&self) -> Ended {
        self.run_amid(&crate::runs::Nobody)
    }

    /// Applies the configuration, and tells what is done.
    pub(crate) fn watch(&self) -> (Ended, Course) {
        let watching = Watching { ground: self, looks: RefCell::default() };
        let ended = self.run_amid(&watching);
        let writes = self.record().iter().map(|line| line["method"] != "GET").collect();
        (ended, Course { writes, looks: watching.looks.into_inner() })
    }

    /// Applies the configuration and dies; what the run said where it came to its end before.
    pub(crate) fn die(&self, death: Death) -> Option<Ended> {
        let killing = Killing { ground: self, death, looks: Cell::new(0), locks: RefCell::default() };
        let ended = catch_unwind(AssertUnwindSafe(|| self.run_amid(&killing)));
        // A process that is killed leaves behind what stands in the lock, though not the lock itself.
        for (path, bytes) in killing.locks.into_inner() {
            fs::write(path, bytes).unwrap();
        }
        ended.ok()
    }

    /// Takes from the journal of the latest run what a power cut takes, but for `share` of it.
    pub(crate) fn cut_power(&self, share: f64) {
        if let Some((path, text)) = self.latest() {
            let kept = synced(&text);
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "lines are short"
            )]
            let more = ((text.len() - kept) as f64 * share) as usize;
            fs::write(path, &text.as_bytes()[..kept + more]).unwrap();
        }
    }
}

/// How much of a journal survives a power cut: to the last of the lines that are on disk before the run goes on.
fn synced(text: &str) -> usize {
    let mut end = 0;
    let mut kept = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if ["run", "intent", "waits", "end"].iter().any(|kind| line.starts_with(&format!("{{\"line\":\"{kind}\""))) {
            kept = end;
        }
    }
    kept
}
