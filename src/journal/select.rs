//! Which of what was done is asked for?

use jiff::Timestamp;

use super::read::{Logged, RunFile, SettledBy, settled_by};
use super::record::{Begun, Record};

/// What somebody asks for; everything that is not said is of no account.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Organizations, by key; none for all.
    pub orgs: Vec<String>,
    /// The name of a run.
    pub run: Option<String>,
    /// A user, as e-mails are compared.
    pub user: Option<String>,
    /// A project: its key or id.
    pub project: Option<String>,
    /// Nothing before this moment.
    pub since: Option<Timestamp>,
    /// Nothing from this moment on.
    pub until: Option<Timestamp>,
}

/// One run with those of its changes that were asked for.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    /// The file.
    pub file: &'a RunFile,
    /// What was run.
    pub begun: &'a Begun,
    /// The changes.
    pub changes: Vec<ToldChange<'a>>,
}

/// One change with what became of it.
#[derive(Debug, Clone)]
pub struct ToldChange<'a> {
    /// The change, and what its run knew of it.
    pub logged: Logged<'a>,
    /// What was found out about it later.
    pub settled: Option<SettledBy>,
}

impl ToldChange<'_> {
    /// When it was tried, or was known not to be.
    pub fn at(&self) -> Option<Timestamp> {
        self.logged.intended.or(self.logged.ended.map(|(at, _)| at))
    }
}

impl Question {
    /// What `runs` tell about it, in the order of the runs.
    pub fn answer<'a>(&self, runs: &'a [RunFile]) -> Vec<Told<'a>> {
        let settled = settled_by(runs);
        let asks_about_changes = self.user.is_some() || self.project.is_some();
        let mut answer = Vec::new();
        for file in runs {
            let Some(begun) = file.begun.as_ref().filter(|begun| self.is_about_run(begun)) else { continue };
            let changes = file.changes().into_iter().map(|logged| {
                let settled = settled.get(&(begun.run.as_str(), logged.record.id.as_str())).cloned();
                ToldChange { logged, settled }
            });
            let changes: Vec<ToldChange<'_>> = changes
                .filter(|change| self.is_in_time(change.at().unwrap_or(begun.started_at)))
                .filter(|change| self.is_about(change.logged.record))
                .collect();
            // A run in which nothing was done is told where runs are asked for.
            if !changes.is_empty() || (!asks_about_changes && self.is_in_time(begun.started_at)) {
                answer.push(Told { file, begun, changes });
            }
        }
        answer
    }

    fn is_about_run(&self, begun: &Begun) -> bool {
        let is_org = self.orgs.is_empty() || self.orgs.contains(&begun.org);
        is_org && self.run.as_ref().is_none_or(|run| *run == begun.run)
    }

    fn is_in_time(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since) && self.until.is_none_or(|until| at < until)
    }

    fn is_about(&self, record: &Record) -> bool {
        let lost = record.lost.as_ref();
        let is_user =
            |user: &String| record.user.as_ref() == Some(user) || lost.is_some_and(|lost| lost.members.contains(user));
        let is_project = |project: &String| {
            let id = project.parse().ok();
            record.project.as_ref() == Some(project)
                || (id.is_some() && record.project_id == id)
                || lost.is_some_and(|lost| lost.roles.contains_key(project))
        };
        self.user.as_ref().is_none_or(is_user) && self.project.as_ref().is_none_or(is_project)
    }
}
