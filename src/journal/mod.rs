//! What was done, by whom, when, from which plan and why: one file of JSON lines for each run of `apply` on one
//! organization.
//!
//! The intent to send a request is on disk before it is sent and what became of it is written as soon as it is known, so
//! that whoever comes after a killed process knows of every request that may have had an effect. What is read back is
//! the record for auditors, the count of invitation mails, and what is left to find out about. Nothing secret is
//! written, and no text acts on a terminal that shows a file.

mod deeds;
mod file;
mod history;
mod lock;
mod read;
mod record;
mod recorder;
mod select;

pub use deeds::{Deed, Deeds, NoRun, find_run};
pub use file::{Journal, JournalError, run_name};
pub use history::{History, OpenRun, REMEMBERED, Unsettled};
pub use lock::{Holder, Lock, LockError, lock_name};
pub use read::{BrokenLine, Logged, RunFile, SettledBy, passed_over, read_folder, read_text, settled_by};
pub use record::{
    Begun, End, Ended, EndedChange, Intent, Line, Lost, Record, Resumes, Settled, SettledChange, Step, Steps, Waits,
    Word, schema,
};
pub use recorder::Recorder;
pub use select::{Question, Told, ToldChange};

/// The name and version of the form.
pub const FORMAT: &str = "accessctl.journal/1";
