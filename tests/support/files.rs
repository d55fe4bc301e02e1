//! An example organization in files, and what the tests of files need.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use accessctl::backend::local::{LocalReader, LocalWriter};
use accessctl::backend::{BackendError, LiveReader, Snapshot, snapshot};
use accessctl::model::Interner;
use jiff::Timestamp;
use tempfile::TempDir;

pub(crate) const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

pub(crate) const SEED: &str = r#"{
  "format": "accessctl.snapshot/1",
  "taken_at": "2026-11-21T09:00:00Z",
  "organization": {"id":7654321,"name":"Acme"},
  "projects": [
    {"id":11,"name":"Web","everyone":"consumer","roles":["Data Steward"]},
    {"id":22,"name":"iOS","roles":[]}
  ],
  "users": [
    {"email":"ana@acme.com","role":"owner","status":"active","last_active":"2026-11-20T08:30:00.25Z"},
    {"email":"bo@acme.com","role":"member","status":"active"},
    {"email":"cy@agency.com","role":"billing_admin","status":"invited","invited_at":"2026-11-01T00:00:00Z"}
  ],
  "teams": [
    {"id":5,"name":"Analysts","members":[
      "ana@acme.com",
      "cy@agency.com"
    ],"projects":[
      {"id":11,"role":"Data Steward"}
    ]},
    {"name":"Empty","members":[],"projects":[]}
  ],
  "grants": [
    {"user":"bo@acme.com","project":22,"role":"analyst"}
  ]
}
"#;

pub(crate) fn read(text: &str) -> Result<Snapshot, BackendError> {
    snapshot::read(text.as_bytes(), "the text", NOW, &mut Interner::default())
}

pub(crate) fn write(snapshot: &Snapshot) -> String {
    let mut bytes = Vec::new();
    snapshot::write(snapshot, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

pub(crate) fn fetch(reader: &dyn LiveReader) -> Result<Snapshot, BackendError> {
    reader.fetch(NOW, &mut Interner::default())
}

/// A message with its causes, as the command line shows it.
pub(crate) fn words<T>(result: Result<T, BackendError>) -> String {
    let error = result.err().expect("an error");
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words.push_str(&format!(": {error}"));
        cause = error.source();
    }
    words
}

/// A folder with a seed in it and a store yet to be made.
pub(crate) struct Folder {
    pub(crate) folder: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("seed.json"), SEED).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn reader(&self) -> LocalReader {
        LocalReader { state: self.path("store.db"), seed: Some(self.path("seed.json")) }
    }

    pub(crate) fn writer(&self) -> Result<LocalWriter, BackendError> {
        LocalWriter::open(&self.path("store.db"), Some(&self.path("seed.json")), NOW)
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}
