//! A small organization on the service, as the dossier describes its answers, and runs against it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fs;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::runs::{Ended, Nobody, run_on};
use crate::server::{Seen, Server, error, ok};

pub(crate) const SECRET: &str = "s3cret-of-the-account";

/// The answers, by path.
pub(crate) type Answers = BTreeMap<String, Vec<u8>>;

/// The answers of a healthy organization (dossier example A; rows 4, 12, 15, 16, 28; P2).
pub(crate) fn healthy() -> Answers {
    let results = [
        (
            "/api/app/me",
            r#"{"user_id":11,"user_email":"sa.x1y2.mp-service-account","user_name":"sa",
            "organizations":{"77":{"id":77,"name":"Acme","role":"admin","permissions":["…"]}},
            "projects":{"901":{"name":"Web","organization_id":77,"domain":"eu.mixpanel.com","has_workspaces":true},
              "902":{"name":"iOS","organization_id":77,"domain":"mixpanel.com","type":1}},
            "workspaces":{"5501":{"id":5501,"name":"All Project Data","project_id":901,"is_default":true}}}"#,
        ),
        (
            "/organizations/77/projects/",
            r#"[{"id":901,"name":"Web","token":"t0ken","api_key":"k3y","api_secret":"ap1secret","url":"x"},
              {"id":902,"name":"iOS","token":"t0ken2","api_key":"k3y2","api_secret":"ap1secret2"}]"#,
        ),
        (
            "/organizations/77/users/",
            r#"[{"id":11,"email":"Ana@acme.com","name":"Ana","role":"owner","invited":false,"color":"red"},
              {"id":12,"email":"bo@acme.com","name":"Bo","role":"member"},
              {"id":13,"email":"sa.x1y2.mp-service-account","name":"sa","role":"admin"}]"#,
        ),
        (
            "/organizations/77/invites/",
            r#"[{"id":21,"email":"cy@agency.com","role":"member","projects":[{"id":902,"role":"consumer"}],
              "teams":[{"id":5,"name":"Analysts"}],"invited_by":"ana@acme.com","created":"2026-10-30T10:00:00Z"}]"#,
        ),
        (
            "/organizations/77/teams/",
            r#"[{"id":5,"name":"Analysts","projects":[{"id":901,"role":"5e0f-11"}],
              "users":[{"id":11,"email":"ana@acme.com"}],"service_accounts":[{"id":31,"username":"sa"}]}]"#,
        ),
        (
            "/api/app/projects/901/granted-users",
            r#"[{"id":11,"email":"ana@acme.com","name":"Ana","role":"owner","target_type":"organization","team":null},
              {"id":11,"email":"ana@acme.com","role":"5e0f-11","target_type":"team","team":{"id":5,"name":"Analysts"}},
              {"id":12,"email":"bo@acme.com","role":"analyst","target_type":"individual","team":null,"invited":false},
              {"id":13,"email":"sa.x1y2.mp-service-account","role":"admin","target_type":"individual"},
              {"id":14,"email":"stranger@x.io","access_request":true}]"#,
        ),
        (
            "/api/app/projects/902/granted-users",
            r#"[{"id":null,"email":null,"name":null,"role":"consumer","target_type":"all_users"},
              {"id":21,"email":"cy@agency.com","role":"consumer","target_type":"individual","invited":true},
              {"id":12,"email":"bo@acme.com","role":"Odd Role","target_type":"individual"}]"#,
        ),
        (
            "/api/app/projects/901/custom-roles",
            r#"[{"role_id":"5e0f-11","name":"Data Steward","description":"","permissions":[],"is_default":false}]"#,
        ),
        ("/api/app/projects/902/custom-roles", "[]"),
    ];
    results.into_iter().map(|(path, results)| (path.to_owned(), ok(results))).collect()
}

/// A service that gives these answers, and a configuration of its organization.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) environment: BTreeMap<String, String>,
    folder: TempDir,
    manage: String,
    /// How long after the first run the next one begins.
    pub(crate) later: Cell<SignedDuration>,
}

impl World {
    /// The answers are the same however often they are asked for.
    pub(crate) fn new(answers: Answers) -> Self {
        Self::scripted(move |seen, _| {
            answers.get(seen.path()).cloned().unwrap_or_else(|| error("404 Not Found", "no such path"))
        })
    }

    /// A healthy organization, except for what one path answers.
    pub(crate) fn with(path: &str, answer: Vec<u8>) -> Self {
        let mut answers = healthy();
        answers.insert(path.to_owned(), answer);
        Self::new(answers)
    }

    pub(crate) fn scripted(script: impl Fn(&Seen, usize) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let environment = [("MIXPANEL_SERVICE_ACCOUNT", "sa.x1y2"), ("MIXPANEL_SERVICE_ACCOUNT_SECRET", SECRET)];
        Self {
            server: Server::start(script),
            environment: environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            folder: tempfile::tempdir().unwrap(),
            manage: "users: listed".to_owned(),
            later: Cell::default(),
        }
    }

    /// The same with these words under `manage`.
    pub(crate) fn managing(mut self, manage: &str) -> Self {
        self.manage = manage.to_owned();
        self
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Runs `snapshot --out -` with all that is known about the service vouched for.
    pub(crate) fn snapshot(&self) -> Ended {
        let backend = format!("base_url: '{}', unverified: [list_invitations]", self.base_url());
        self.run(&["snapshot", "--out", "-"], &backend)
    }

    /// The same where the configuration looks after everything.
    pub(crate) fn snapshot_managing_everything(self) -> (Self, Ended) {
        let world = self.managing("teams: full, grants: full, everyone: full");
        let ended = world.snapshot();
        (world, ended)
    }

    /// Runs with `arguments`, and with more words for the backend; the address of the server is told as `[SERVICE]`.
    pub(crate) fn run(&self, arguments: &[&str], backend: &str) -> Ended {
        let text = format!(
            "version: 1\norg:\n  key: acme\n  id: 77\n  backend: {{ type: mixpanel, region: eu, {backend} }}\n  \
             manage: {{ {} }}\nusers: {{ ana@acme.com: owner, bo@acme.com: member }}\n",
            self.manage
        );
        self.run_on_text(arguments, &text)
    }

    /// All that stands in the journals.
    pub(crate) fn journal(&self) -> String {
        let entries = fs::read_dir(self.folder.path().join(".journal")).unwrap();
        let paths = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|end| end == "jsonl"));
        paths.map(|path| fs::read_to_string(path).unwrap()).collect()
    }

    /// Runs with `arguments` on this configuration.
    pub(crate) fn run_on_text(&self, arguments: &[&str], text: &str) -> Ended {
        let path = self.folder.path().join("access.yaml");
        fs::write(&path, text).unwrap();
        let start = "2026-11-02T08:00:00Z".parse::<Timestamp>().unwrap() + self.later.get();
        let ended = run_on(arguments, &path, start, &|name| self.environment.get(name).cloned(), &Nobody);
        let placed = |text: String| text.replace(&self.base_url(), "[SERVICE]");
        let ended = Ended { stdout: placed(ended.stdout), stderr: placed(ended.stderr), ..ended };
        assert!(!ended.said().contains(SECRET), "a secret was shown: {}", ended.stderr);
        ended
    }
}
