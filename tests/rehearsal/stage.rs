//! A local server with an organization, and runs of the program against it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use accessctl::model::{Email, OrgRole};
use accessctl::serve::{Options, Script, Server};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tempfile::TempDir;

use crate::runs::{Around, Ended, Nobody, run_on};

/// 2026-11-21T09:00:00Z
pub(crate) const NOW: Timestamp = Timestamp::constant(1_795_251_600, 0);

/// A server and what it was asked.
pub(crate) struct Stage {
    pub(crate) server: Server,
    folder: TempDir,
    /// Seconds since [`NOW`], for the server and the runs.
    later: Arc<AtomicI64>,
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

    /// The same, where `known` have accounts outside the organization.
    pub(crate) fn with_strangers(known: &[&str]) -> Self {
        let known = known.iter().map(|email| Email::new(email).unwrap()).collect();
        Self::start_with(&here("live.yaml"), |usual| Options { role: OrgRole::Owner, known, ..usual })
    }

    /// The organization of `seed`; the service account has `role`.
    pub(crate) fn start(seed: &Path, role: OrgRole) -> Self {
        Self::start_with(seed, |usual| Options { role, ..usual })
    }

    fn start_with(seed: &Path, options: impl FnOnce(Options) -> Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let later = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&later);
        let clock = Arc::new(move || NOW + SignedDuration::from_secs(clock.load(Ordering::SeqCst)));
        let usual = Options::new(folder.path().join("store.db"), clock);
        let record = Some(folder.path().join("record.jsonl"));
        let server = Server::start(options(Options { seed: Some(seed.to_owned()), record, ..usual })).unwrap();
        Self { server, folder, later }
    }

    pub(crate) fn base_url(&self) -> String {
        self.server.base_url()
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, time: SignedDuration) {
        self.later.fetch_add(time.as_secs(), Ordering::SeqCst);
    }

    /// The same organization with a fault.
    pub(crate) fn with_fault(self, fault: Script) -> Self {
        self.server.add_fault(fault);
        self
    }

    /// The requests that write, with their bodies, in order; those that met a fault among them.
    pub(crate) fn writes(&self) -> Vec<(String, Value)> {
        let record = fs::read_to_string(self.folder.path().join("record.jsonl")).unwrap_or_default();
        let lines = record.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let writes = lines.filter(|line| line["method"] != "GET");
        writes.map(|line| (line["path"].as_str().unwrap().to_owned(), line["body"].clone())).collect()
    }

    /// How often somebody was asked to be invited.
    pub(crate) fn invitations_of(&self, email: &str) -> usize {
        let is_asked = |body: &Value| body["users"].as_array().unwrap().iter().any(|user| user["email"] == email);
        let writes = self.writes();
        writes.iter().filter(|(path, body)| path.ends_with("/add-users/") && is_asked(body)).count()
    }

    /// Where the configuration of the last run lies.
    pub(crate) fn configuration_path(&self) -> PathBuf {
        self.folder.path().join("access.yaml")
    }

    /// A file or folder beside the configuration.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The journals so far, in the order of their names: the path and the text of each.
    pub(crate) fn journals(&self) -> Vec<(PathBuf, String)> {
        let Ok(entries) = fs::read_dir(self.path(".journal")) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.retain(|path| path.extension().is_some_and(|end| end == "jsonl"));
        paths.sort();
        paths.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
    }

    /// Runs the program with the path of a file or folder as its last argument.
    pub(crate) fn run_at(&self, arguments: &[&str], path: &Path) -> Ended {
        run_on(arguments, path, NOW, &|_| None, &Nobody)
    }

    /// The real program on a configuration.
    pub(crate) fn process(&self, arguments: &[&str], configuration: &str) -> Command {
        let path = self.configuration_path();
        fs::write(&path, configuration).unwrap();
        let account = self.server.account();
        let mut command = Command::new(env!("CARGO_BIN_EXE_accessctl"));
        command
            .args(arguments)
            .arg(path)
            .env_clear()
            .env("MIXPANEL_SERVICE_ACCOUNT", &account.name)
            .env("MIXPANEL_SERVICE_ACCOUNT_SECRET", &account.secret)
            .env("ACCESSCTL_JOURNAL", self.path(".journal"))
            .env("USER", "robot");
        command
    }

    /// Runs the program on a configuration.
    pub(crate) fn run(&self, arguments: &[&str], configuration: &str) -> Ended {
        self.run_amid(arguments, configuration, &Nobody)
    }

    /// Runs the program on a configuration while something happens around it.
    pub(crate) fn run_amid(&self, arguments: &[&str], configuration: &str, around: &impl Around) -> Ended {
        self.run_skewed(SignedDuration::ZERO, arguments, configuration, around)
    }

    /// The same with a clock that is before that of the server by `skew`.
    pub(crate) fn run_skewed(
        &self,
        skew: SignedDuration,
        arguments: &[&str],
        configuration: &str,
        around: &impl Around,
    ) -> Ended {
        let path = self.configuration_path();
        fs::write(&path, configuration).unwrap();
        let account = self.server.account();
        let (name, secret) = (account.name.clone(), account.secret.clone());
        let environment = |variable: &str| match variable {
            "MIXPANEL_SERVICE_ACCOUNT" => Some(name.clone()),
            "MIXPANEL_SERVICE_ACCOUNT_SECRET" => Some(secret.clone()),
            "MIXPANEL_SCIM_TOKEN" => Some(account.scim_token.clone()),
            _ => None,
        };
        let now = NOW + SignedDuration::from_secs(self.later.load(Ordering::SeqCst)) + skew;
        run_on(arguments, &path, now, &environment, around)
    }
}
