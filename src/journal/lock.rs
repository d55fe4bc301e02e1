//! Keeps two runs on one machine from changing the same organization.
//!
//! The lock is one of the operating system, on a file that stays: it goes with the process that holds it, however that
//! ends, so a file that a dead process left holds nobody up. What stands in the file is only for the message.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::file::{make_folder, private};
use super::record::moment;
use crate::visible::write_json;

/// The most that is read of who holds a lock.
const LARGEST: u64 = 4096;

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// The name of the run.
    pub run: String,
    /// The process.
    pub pid: u32,
    /// Since when.
    #[serde(with = "moment")]
    pub since: Timestamp,
    /// The machine, where it is known.
    #[serde(default)]
    pub host: Option<String>,
    /// Who runs it, where that is known.
    #[serde(default)]
    pub user: Option<String>,
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it.
    #[error("the lock `{path}` is held")]
    Held {
        /// The file.
        path: String,
        /// Who it is, where the file says so.
        holder: Option<Holder>,
    },
    /// The file cannot be used.
    #[error("cannot lock `{path}`")]
    Failed {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
}

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub struct Lock(File);

/// The name of the file that locks the organization `org_id` at `address`.
pub fn lock_name(org_id: u64, address: &str) -> String {
    let hash: String = Sha256::digest(address.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{org_id}-{hash}.lock")
}

impl Lock {
    /// Takes the lock of the file `path`, which is made where it does not exist; does not wait.
    ///
    /// # Errors
    /// [`LockError::Held`] when another process has it.
    pub fn take(path: &Path, me: &Holder) -> Result<Self, LockError> {
        let failed = |source| LockError::Failed { path: path.display().to_string(), source };
        if let Some(folder) = path.parent() {
            make_folder(folder).map_err(failed)?;
        }
        let mut options = OpenOptions::new();
        let mut file =
            private(options.read(true).write(true).create(true).truncate(false)).open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { path: path.display().to_string(), holder: holder(&mut file) });
            }
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        let mut bytes = Vec::new();
        // Memory can always be written to, and nobody is held up by what the file does not say.
        let _ = write_json(&mut bytes, me);
        bytes.push(b'\n');
        let _ = file.set_len(0).and_then(|()| file.write_all(&bytes));
        Ok(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // The lock goes when the file is closed; what it says of its holder is not true any more.
        let _ = self.0.set_len(0);
    }
}

fn holder(file: &mut File) -> Option<Holder> {
    let mut bytes = Vec::new();
    file.rewind().ok()?;
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
