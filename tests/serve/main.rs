//! The local server: literal requests and answers, faults, restarts, and the command.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod faults;
mod process;
mod scenes;
#[path = "../support/scenes.rs"]
mod table;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use accessctl::serve::{Options, Server};
use jiff::Timestamp;
use tempfile::TempDir;

/// 2026-11-21T09:00:00Z
const NOW: i64 = 1_795_251_600;

fn seed() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/serve/seed.json")
}

/// A folder for a store, and a clock that tests move.
struct Stage {
    folder: TempDir,
    clock: Arc<AtomicI64>,
}

impl Stage {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), clock: Arc::new(AtomicI64::new(NOW)) }
    }

    fn options(&self) -> Options {
        let clock = Arc::clone(&self.clock);
        let clock = move || Timestamp::from_second(clock.load(Ordering::Relaxed)).unwrap();
        Options { seed: Some(seed()), ..Options::new(self.folder.path().join("store.db"), Arc::new(clock)) }
    }

    fn start(&self) -> Server {
        Server::start(self.options()).unwrap()
    }
}
