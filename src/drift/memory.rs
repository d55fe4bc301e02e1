//! What the last run found: a small JSON document that `drift --state` keeps.
//!
//! It is read strictly: a document with anything unexpected is an error, since a forgotten difference would be told as new,
//! or one that nobody has looked at as an old one.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::desired::Observed;
use crate::model::{Email, OrgId, OrgKey, OrgRole, ProjectId, ProjectRole, TeamName};
use crate::visible::write_json_lines;

/// The name and version of the form.
pub const FORMAT: &str = "accessctl.drift-state/1";

/// What the last runs found, by organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// What is remembered of each organization.
    pub orgs: BTreeMap<OrgId, Remembered>,
}

/// What is remembered of one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    /// Its key then.
    pub org: OrgKey,
    /// When it was looked at.
    pub at: Timestamp,
    /// The differences that were found.
    pub seen: Vec<Seen>,
    /// What was over and still there.
    pub overdue: Vec<Seen>,
    /// Names of what else was told.
    pub told: BTreeSet<String>,
}

/// A difference that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// How the live side had it.
    pub observed: Observed,
    /// When it was seen for the first time.
    pub first_seen: Timestamp,
    /// The last time at which it was looked for and not there.
    pub absent_at: Option<Timestamp>,
    /// Whether it was accepted.
    pub accepted: bool,
}

/// Why a text is no memory.
#[derive(Debug, thiserror::Error)]
pub enum MemoryProblem {
    /// It is no such document.
    #[error("it is not what `drift --state` writes")]
    Foreign(#[source] serde_json::Error),
    /// It is of another version.
    #[error("its format is `{0}`, and this version writes `{FORMAT}`")]
    OtherFormat(String),
    /// Something in it cannot be.
    #[error("{0}")]
    Wrong(String),
}

#[derive(Deserialize)]
struct Head {
    format: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    orgs: Vec<Org>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Org {
    id: u64,
    org: String,
    at: String,
    differences: Vec<Entry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    overdue: Vec<Entry>,
    told: BTreeSet<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<u64>,
    /// The role, where the thing is there and has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    missing: bool,
    first_seen: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absent_at: Option<String>,
    accepted: bool,
}

impl Memory {
    /// Reads `text`.
    ///
    /// # Errors
    /// When it is anything else than what [`Memory::write`] writes.
    pub fn read(text: &str) -> Result<Self, MemoryProblem> {
        let head: Head = serde_json::from_str(text).map_err(MemoryProblem::Foreign)?;
        if head.format != FORMAT {
            return Err(MemoryProblem::OtherFormat(head.format));
        }
        let document: Document = serde_json::from_str(text).map_err(MemoryProblem::Foreign)?;
        let mut memory = Self::default();
        for org in document.orgs {
            let id = OrgId::new(org.id).map_err(|problem| MemoryProblem::Wrong(problem.to_string()))?;
            let key = OrgKey::new(&org.org);
            let key = key.ok_or_else(|| MemoryProblem::Wrong(format!("organization {id} has no key")))?;
            let overdue = org.overdue.into_iter().map(seen).collect::<Result<Vec<_>, _>>()?;
            let seen = org.differences.into_iter().map(seen).collect::<Result<Vec<_>, _>>()?;
            let remembered = Remembered { org: key, at: moment(&org.at)?, seen, overdue, told: org.told };
            if memory.orgs.insert(id, remembered).is_some() {
                return Err(MemoryProblem::Wrong(format!("organization {id} is in it twice")));
            }
        }
        Ok(memory)
    }

    /// Writes it, a line for each difference.
    ///
    /// # Errors
    /// Whatever the writer returns.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let orgs = self.orgs.iter().map(|(id, found)| Org {
            id: id.get(),
            org: found.org.to_string(),
            at: found.at.to_string(),
            differences: found.seen.iter().map(entry).collect(),
            overdue: found.overdue.iter().map(entry).collect(),
            told: found.told.clone(),
        });
        let document = Document { format: FORMAT.to_owned(), orgs: orgs.collect() };
        write_json_lines(out, &document)?;
        writeln!(out)
    }
}

fn entry(seen: &Seen) -> Entry {
    let Seen { observed, first_seen, absent_at, accepted } = seen;
    Entry {
        kind: observed.kind().to_owned(),
        user: observed.user().map(ToString::to_string),
        team: observed.team().map(ToString::to_string),
        project: observed.project().map(ProjectId::get),
        role: observed.role().map(str::to_owned),
        missing: observed.is_missing(),
        first_seen: first_seen.to_string(),
        absent_at: absent_at.map(|at| at.to_string()),
        accepted: *accepted,
    }
}

fn seen(entry: Entry) -> Result<Seen, MemoryProblem> {
    let Entry { kind, user, team, project, role, missing, first_seen, absent_at, accepted } = entry;
    let wrong = |what: &str| MemoryProblem::Wrong(format!("an entry of the kind `{kind}` has no fitting {what}"));
    let user = match user {
        Some(text) => Some(Email::new(&text).map_err(|_| wrong("user"))?),
        None => None,
    };
    let team = match team {
        Some(text) => Some(TeamName::new(&text).ok_or_else(|| wrong("team"))?),
        None => None,
    };
    let project = match project {
        Some(number) => Some(ProjectId::new(number).map_err(|_| wrong("project"))?),
        None => None,
    };
    // A role is said exactly where there is one.
    if role.is_some() && missing {
        return Err(wrong("role"));
    }
    let project_role = || match &role {
        None if missing => Ok(None),
        None => Err(wrong("role")),
        Some(text) => ProjectRole::from_name(text).map(Some).ok_or_else(|| wrong("role")),
    };
    let observed = match (kind.as_str(), user, team, project) {
        ("user", Some(user), None, None) => {
            let org_role = match &role {
                None if missing => None,
                None => return Err(wrong("role")),
                Some(text) => Some(OrgRole::read(text).ok_or_else(|| wrong("role"))?),
            };
            Observed::User(user, org_role)
        }
        ("team", None, Some(team), None) if role.is_none() => Observed::Team(team, !missing),
        ("team_member", Some(user), Some(team), None) if role.is_none() => Observed::Member(team, user, !missing),
        ("team_role", None, Some(team), Some(project)) => Observed::TeamRole(team, project, project_role()?),
        ("grant", Some(user), None, Some(project)) => Observed::Grant(user, project, project_role()?),
        ("everyone", None, None, Some(project)) => Observed::Everyone(project, project_role()?),
        _ => return Err(wrong("subject")),
    };
    let absent_at = absent_at.as_deref().map(moment).transpose()?;
    Ok(Seen { observed, first_seen: moment(&first_seen)?, absent_at, accepted })
}

fn moment(text: &str) -> Result<Timestamp, MemoryProblem> {
    text.parse().map_err(|_| MemoryProblem::Wrong(format!("`{text}` is no moment")))
}
