//! An organization on disk: its configuration, its live states, and what plans over them cost.

use std::fs;
use std::path::{Path, PathBuf};

use accessctl::backend::local::LocalWriter;
use anyhow::Result;
use jiff::Timestamp;

use crate::generate::configuration::{self, SEED, STORE, Written};
use crate::generate::live::{self, Differences, Live};
use crate::generate::{Organization, Shape};
use crate::process::Work;

/// The program that is measured.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_accessctl");

/// An organization on disk.
#[derive(Debug)]
pub(crate) struct Scene {
    folder: PathBuf,
    share: f64,
    pub(crate) written: Written,
    pub(crate) facts: usize,
    /// How many differences the changed and the empty live state have.
    pub(crate) changed: Differences,
    pub(crate) empty: Differences,
}

impl Scene {
    /// Generates the organization of this `shape` below `folder`; `share` percent of it differ in the changed live state.
    ///
    /// # Errors
    /// Those of the file system.
    pub(crate) fn build(folder: PathBuf, shape: Shape, share: f64) -> Result<Self> {
        let organization = Organization::new(shape);
        let configuration = folder.join("configuration");
        let written = configuration::write_yaml(&organization, &configuration::local_backend(), &configuration)?;
        configuration::write_json(&organization, &folder.join("document.json"))?;
        live::write(&organization, Live::Unchanged, &configuration.join(SEED))?;
        let changed = live::write(&organization, Live::Changed(share), &folder.join("changed.json"))?;
        let empty = live::write(&organization, Live::Empty, &folder.join("empty.json"))?;
        Ok(Self { folder, share, written, facts: organization.facts(), changed, empty })
    }

    /// Makes the local store from the live state that agrees with the configuration.
    ///
    /// # Errors
    /// Those of the store.
    pub(crate) fn fill_store(&self) -> Result<()> {
        let configuration = self.configuration();
        let store = configuration.join(STORE);
        fs::create_dir_all(store.parent().unwrap_or(&configuration))?;
        LocalWriter::open(&store, Some(&self.unchanged()), Timestamp::UNIX_EPOCH)?;
        Ok(())
    }

    /// The folder of the configuration.
    pub(crate) fn configuration(&self) -> PathBuf {
        self.folder.join("configuration")
    }

    /// All that the configuration says, as one JSON document.
    pub(crate) fn document(&self) -> PathBuf {
        self.folder.join("document.json")
    }

    /// The live state that agrees with the configuration.
    pub(crate) fn unchanged(&self) -> PathBuf {
        self.configuration().join(SEED)
    }

    /// The live state that differs by a share.
    pub(crate) fn changed(&self) -> PathBuf {
        self.folder.join("changed.json")
    }

    /// The live state with projects and owners only.
    pub(crate) fn empty(&self) -> PathBuf {
        self.folder.join("empty.json")
    }

    /// What the share of differences is called in the report.
    pub(crate) fn changed_title(&self) -> String {
        format!("plan, {} % changed", self.share)
    }

    /// A plan against the snapshot `live`.
    pub(crate) fn plan(&self, live: &Path) -> Work {
        let configuration = self.configuration();
        let arguments = ["plan".as_ref(), "--live".as_ref(), live.as_os_str(), configuration.as_os_str()];
        Work::new(PROGRAM, &arguments)
    }
}
