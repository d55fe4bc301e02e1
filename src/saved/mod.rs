//! Saved plans: what was reviewed, read back and compared with what would be done now.
//!
//! `accessctl plan --out` writes the document of `--format json`, and this module reads it. Reading is strict: what is
//! not exactly as the writer left it is refused by its digest, and every field that decides about a change is checked.
//! The digest keeps a file from being changed by accident or by hand; whoever can make files can make digests.

mod comparison;
mod document;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use jiff::Timestamp;

pub use self::comparison::{Comparison, Stale, compare};
use crate::change::Change;
use crate::model::{Email, Interner, OrgId, OrgKey, TeamName};
use crate::plan::{ChangeStatus, Meta};

/// The name and version of the document.
pub const FORMAT: &str = "accessctl.plan/1";

/// The largest file that is read. A plan of half a million changes needs about a quarter of it.
const LARGEST: u64 = 1 << 30;

/// A plan as it was reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedPlan {
    /// When it was made.
    pub created_at: Timestamp,
    /// The hash of everything in it.
    pub digest: String,
    /// What whoever made it says about it.
    pub meta: Meta,
    /// The plan of each organization.
    pub orgs: BTreeMap<OrgKey, SavedOrg>,
    /// The organizations that could not be planned then.
    pub unplanned: Vec<OrgKey>,
}

/// What was going to be done to one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedOrg {
    /// Its id on the service.
    pub id: OrgId,
    /// The moment for which the configuration was read.
    pub as_of: Timestamp,
    /// The run that it takes back, where it does not come from the configuration.
    pub undoes: Option<String>,
    /// Whether a guard refused what was declared then: what was held was not to be done at all.
    pub is_refused: bool,
    /// The changes, in order.
    pub changes: Vec<SavedChange>,
    /// The members of teams who were in no list that was read, by the name that the team had.
    pub unread_members: BTreeMap<TeamName, BTreeSet<Email>>,
}

/// One change, with what the guards made of it then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedChange {
    /// The edit. Two changes are the same when their edits are: ids, order and reasons do not matter.
    pub change: Change,
    /// Whether a guard let it through.
    pub status: ChangeStatus,
}

impl SavedOrg {
    /// Whether a guard blocked the plan.
    pub fn is_blocked(&self) -> bool {
        self.changes.iter().any(|saved| saved.status == ChangeStatus::Blocked)
    }
}

/// Why a saved plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedProblem {
    /// The file cannot be read.
    #[error("cannot read the saved plan `{path}`")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is something else than what this version reads.
    #[error("`{path}` has the form `{format}`; this accessctl reads `{FORMAT}`, written by `accessctl plan --out`")]
    Format {
        /// The file.
        path: String,
        /// What it says it is.
        format: String,
    },
    /// It is not as it was written.
    #[error("`{path}` was changed after it was saved: its digest does not fit its content")]
    Digest {
        /// The file.
        path: String,
    },
    /// It does not hold what a saved plan holds.
    #[error("`{path}` is not a saved plan: {problem}")]
    Unsound {
        /// The file.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads the saved plan in the file `path`.
///
/// # Errors
/// When it cannot be read, is larger than a gibibyte, or is not exactly what was written.
pub fn load(path: &Path, names: &mut Interner) -> Result<SavedPlan, SavedProblem> {
    let shown = path.display().to_string();
    let failed = |source| SavedProblem::Unreadable { path: shown.clone(), source };
    let mut bytes = Vec::new();
    // What is not an ordinary file says nothing of its size, and a file may grow.
    File::open(path).map_err(failed)?.take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        return Err(SavedProblem::Unsound { path: shown, problem: format!("it has more than {LARGEST} bytes") });
    }
    read(&bytes, &shown, names)
}

/// Reads the saved plan in `bytes`; `path` names them in messages.
///
/// # Errors
/// When they are not exactly what was written.
pub fn read(bytes: &[u8], path: &str, names: &mut Interner) -> Result<SavedPlan, SavedProblem> {
    document::read(bytes, path, names)
}
