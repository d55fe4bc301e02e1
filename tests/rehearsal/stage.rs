//! A local server with an organization, and runs of the program against it in which waiting takes no time.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use accessctl::cli::{ExitStatus, Surroundings, run};
use accessctl::model::OrgRole;
use accessctl::serve::{Options, Script, Server};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

/// 2026-11-21T09:00:00Z
const NOW: Timestamp = Timestamp::constant(1_795_251_600, 0);

/// A server and what it was asked.
pub(crate) struct Stage {
    pub(crate) server: Server,
    folder: TempDir,
}

/// What a run did.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Everything that was said.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// The configuration whose plan has every kind of change.
pub(crate) fn configuration(stage: &Stage) -> String {
    fs::read_to_string(here("desired.yaml")).unwrap().replace("[SERVICE]", &stage.base_url())
}

fn here(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/rehearsal").join(name)
}

impl Stage {
    /// The organization for [`configuration`].
    pub(crate) fn of_all_kinds() -> Self {
        Self::start(&here("live.yaml"), OrgRole::Owner)
    }

    /// The organization of `seed`; the service account has `role`.
    pub(crate) fn start(seed: &Path, role: OrgRole) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let usual = Options::new(folder.path().join("store.db"), Arc::new(|| NOW));
        let record = Some(folder.path().join("record.jsonl"));
        let server = Server::start(Options { seed: Some(seed.to_owned()), role, record, ..usual }).unwrap();
        Self { server, folder }
    }

    pub(crate) fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// The same organization with a fault.
    pub(crate) fn with_fault(self, fault: Script) -> Self {
        self.server.add_fault(fault);
        self
    }

    /// The requests that write, with their bodies, in order; those that met a fault among them.
    pub(crate) fn writes(&self) -> Vec<(String, Value)> {
        let record = fs::read_to_string(self.folder.path().join("record.jsonl")).unwrap();
        let lines = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let writes = lines.filter(|line| line["method"] == "POST");
        writes.map(|line| (line["path"].as_str().unwrap().to_owned(), line["body"].clone())).collect()
    }

    /// How often somebody was asked to be invited.
    pub(crate) fn invitations_of(&self, email: &str) -> usize {
        let is_asked = |body: &Value| body["users"].as_array().unwrap().iter().any(|user| user["email"] == email);
        let writes = self.writes();
        writes.iter().filter(|(path, body)| path.ends_with("/add-users/") && is_asked(body)).count()
    }

    /// Runs the program on a configuration.
    pub(crate) fn run(&self, arguments: &[&str], configuration: &str) -> Ended {
        let path = self.folder.path().join("access.yaml");
        fs::write(&path, configuration).unwrap();
        let account = self.server.account();
        let (name, secret) = (account.name.clone(), account.secret.clone());
        let now = Rc::new(Cell::new(NOW));
        let pause = |wait: Duration| -> Pin<Box<dyn Future<Output = ()>>> {
            let now = Rc::clone(&now);
            Box::pin(async move { now.set(now.get() + wait) })
        };
        let environment = |variable: &str| match variable {
            "MIXPANEL_SERVICE_ACCOUNT" => Some(name.clone()),
            "MIXPANEL_SERVICE_ACCOUNT_SECRET" => Some(secret.clone()),
            _ => None,
        };
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let typed = std::iter::once("accessctl").chain(arguments.iter().copied()).chain(path.to_str());
        let status = run(
            typed.map(Into::into),
            Surroundings {
                stdin: &mut std::io::empty(),
                stdout: &mut stdout,
                stderr: &mut stderr,
                can_ask: false,
                stdout_is_terminal: false,
                width: None,
                stdout_styles: false,
                stderr_styles: false,
                clock: &|| now.get(),
                pause: &pause,
                environment: &environment,
            },
        );
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Ended { status, stdout: text(stdout), stderr: text(stderr) }
    }
}
