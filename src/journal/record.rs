//! The lines of a journal as they stand in the file: what is promised to whoever reads them, and what the schema is made
//! from.
//!
//! Fields may be added; a reader takes no notice of those, or of kinds of lines, that it does not know.

mod edit;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FORMAT;
use crate::change::ChangeKind;

/// One line of a journal of accessctl: one run of `apply` on one organization is one file. The first line says what is
/// run; each request has a line before it and one after it; the last line says how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "line", rename_all = "snake_case")]
#[schemars(title = "accessctl journal, version 1: one line")]
pub enum Line {
    /// The first line: what is run, by whom and from which plan.
    Run(Box<Begun>),
    /// The changes of one request, written before it is sent. Where no outcome follows, what became of them is not known.
    Intent(Intent),
    /// What became of changes.
    Outcome(Ended),
    /// What the live side says of changes of which the outcome was not known, or that were said to be done and are not.
    Settled(Settled),
    /// The run waits until invitation mails may be sent again. As long as this is its last line it holds nobody up.
    Waits(Waits),
    /// The run has waited, and goes on.
    Resumes(Resumes),
    /// What the run leaves to people.
    Steps(Steps),
    /// The last line: how the run ended.
    End(End),
    /// A kind of line that a later version writes.
    #[serde(other)]
    #[schemars(skip)]
    Later,
}

/// What is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Begun {
    /// Name and version of this format.
    #[schemars(extend("const" = FORMAT))]
    pub format: String,
    /// The name of the run.
    pub run: String,
    /// The version of accessctl.
    pub tool: String,
    /// The key of the organization in the configuration.
    pub org: String,
    /// Its id on the service.
    pub org_id: u64,
    /// Where it is: `mixpanel` or `local`.
    pub backend: String,
    /// The address that requests are sent to, or the file of the local store.
    pub address: String,
    /// When the run began.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub started_at: Timestamp,
    /// The moment for which the configuration was read.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub as_of: Timestamp,
    /// Who runs it, as the system calls them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The process.
    pub pid: u32,
    /// The fingerprint of the live side that the plan was made for.
    pub live: String,
    /// The digest of the saved plan that is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// What the plan carries from whoever made it, such as a commit.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub meta: BTreeMap<String, String>,
    /// The run that is taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undoes: Option<String>,
}

/// The changes of one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Intent {
    /// When it was written.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The number of the request in the run.
    pub request: u32,
    /// What it is to change.
    pub changes: Vec<Record>,
}

/// One change: all that an auditor asks about it, and what would be needed to take it back.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Record {
    /// Its name in the run: `c1`, `c2`, …; `s1`, `s2`, … where only the saved plan has it, which was left out or done
    /// already. Why and how it was planned is not told then.
    pub id: String,
    /// What it does.
    #[schemars(schema_with = "kinds")]
    pub kind: String,
    /// The user that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The team; after a rename, its new name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// The project: its key in the configuration, else its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The id of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<u64>,
    /// The role, or the team's name, before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The role, or the team's name, afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// What brought it about: `proposed`, `expiry` or `undo`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub origin: String,
    /// Why it is needed: `declared`, `unlisted`, `renamed`, `expired`, `not_yet`, `blocked` or `undone`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// How it is carried out: `api`, `scim` or `manual`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// Whether the service sends an invitation mail for it.
    pub mail: bool,
    /// Whether it raises somebody to admin or owner.
    pub escalation: bool,
    /// Where the configuration says so: file, line and column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The day or moment that the configuration gives as the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why, as people wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The ticket that asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// Who approved it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approved_by: Vec<String>,
    /// Who answers for the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sponsor: Option<String>,
    /// What goes along with whom or what is removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<Lost>,
}

/// What went along with a user or a team that was removed, as it was before the run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Lost {
    /// The org role of the user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Whether the user had joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub joined: Option<bool>,
    /// The teams of the user.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// The members of the team.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// The grants of the user, or the roles that the team gave, by id of the project.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<String, String>,
}

/// What became of the changes of a request, or of changes for which none was sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ended {
    /// When it was known.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The number of the request; none where none was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<u32>,
    /// The outcome of each change.
    pub changes: Vec<EndedChange>,
}

/// What became of one change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EndedChange {
    /// Its name in the run.
    pub id: String,
    /// How it ended.
    pub outcome: Word,
    /// Why it failed or why its outcome is not known: the cause and its causes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// The change that kept it from being tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// When it may be tried.
    #[serde(default, with = "maybe_moment", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub until: Option<Timestamp>,
    /// The change itself, where no request was sent for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Box<Record>>,
}

/// How a change ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It was performed.
    Applied,
    /// It was so already.
    Already,
    /// It was not performed.
    Failed,
    /// No answer says whether it was performed.
    Unknown,
    /// A guard held it.
    Held,
    /// It is left to a person.
    Manual,
    /// It waits for the limit of invitation mails.
    Deferred,
    /// Another change that it depends on was not performed.
    Skipped,
    /// It was not tried.
    NotTried,
    /// It stands in the saved plan and was left out: it needs a change that the saved plan does not have.
    Unmet,
    /// It stands in the saved plan and was left out: it does not follow any more.
    Stale,
}

impl Word {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Already => "already",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Held => "held",
            Self::Manual => "manual",
            Self::Deferred => "deferred",
            Self::Skipped => "skipped",
            Self::NotTried => "not_tried",
            Self::Unmet => "unmet",
            Self::Stale => "stale",
        }
    }
}

/// What the live side said of changes of which the outcome was not known, or that were said to be done and are not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Settled {
    /// When the live side was read.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The run that the changes are of: this one or an earlier one.
    pub run: String,
    /// What the live side says of each.
    pub changes: Vec<SettledChange>,
}

/// What the live side said of one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SettledChange {
    /// Its name in its run.
    pub id: String,
    /// Whether the live side is as the change leaves it.
    pub done: bool,
}

/// The run waits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Waits {
    /// Since when.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// Until when.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub until: Timestamp,
}

/// The run goes on after it has waited.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Resumes {
    /// When.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
}

/// What a run leaves to people, in the words in which its report told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Steps {
    /// When.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// What the steps are, and where.
    pub about: String,
    /// The steps in an order in which they can be done.
    pub steps: Vec<Step>,
}

/// What a person has to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// The name of the change in the run.
    pub id: String,
    /// What to do.
    pub text: String,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// When.
    #[serde(with = "moment")]
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The exit status for this organization.
    pub status: u8,
    /// How many changes came to which end.
    #[serde(default)]
    pub numbers: BTreeMap<String, usize>,
    /// How many changes the live side still needed when it was read again; none where it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<usize>,
    /// Why nothing was done, where that is so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// The kinds of changes that there are.
fn kinds(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let kinds: Vec<&str> = ChangeKind::ALL.into_iter().map(ChangeKind::as_str).collect();
    schemars::json_schema!({ "type": "string", "enum": kinds })
}

/// A moment as RFC 3339 in UTC.
pub(super) mod moment {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::journal) fn serialize<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(moment)
    }

    pub(in crate::journal) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A moment, where there is one.
mod maybe_moment {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(moment: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
        match moment {
            Some(moment) => serializer.collect_str(moment),
            None => serializer.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
        let text = Option::<String>::deserialize(deserializer)?;
        text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
    }
}

/// Returns the JSON Schema of a line.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Line).to_value()
}
