//! What merely parsing the same documents costs: the yardstick for a whole plan.
//!
//! The types hold everything that the generated documents say and refuse anything else, as a program would that read
//! its configuration with serde and nothing more: no places, no checks of names, the first error only.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A way to parse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Reader {
    /// The parser that this program builds on, events thrown away.
    Events,
    /// The serde engine for YAML, into types.
    Yaml,
    /// The serde engine for JSON, into types.
    Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    version: u64,
    org: Organization,
    #[serde(default)]
    users: BTreeMap<String, User>,
    #[serde(default)]
    projects: BTreeMap<String, Project>,
    #[serde(default)]
    project_groups: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    teams: BTreeMap<String, Team>,
    #[serde(default)]
    grants: Vec<Grant>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    key: String,
    id: u64,
    name: String,
    domains: Vec<String>,
    backend: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserDetails {
    role: String,
    name: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    id: u64,
    name: String,
    environment: String,
    everyone: Option<String>,
    #[serde(default)]
    roles: BTreeMap<String, BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Team {
    name: String,
    members: Vec<Member>,
    projects: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberDetails {
    user: String,
    reason: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grant {
    user: String,
    project: String,
    role: String,
    reason: String,
    ticket: Option<String>,
}

/// Defines an enum of a text or a mapping. By hand, since serde's `untagged` copies every value before it tries.
macro_rules! text_or_mapping {
    ($name:ident, $details:ident) => {
        #[derive(Debug)]
        enum $name {
            Text(String),
            Details(Box<$details>),
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Either;

                impl<'de> Visitor<'de> for Either {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a text or a mapping")
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        Ok($name::Text(text.to_owned()))
                    }

                    fn visit_string<E: Error>(self, text: String) -> Result<$name, E> {
                        Ok($name::Text(text))
                    }

                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        let details = Deserialize::deserialize(MapAccessDeserializer::new(map))?;
                        Ok($name::Details(Box::new(details)))
                    }
                }

                deserializer.deserialize_any(Either)
            }
        }
    };
}
text_or_mapping!(User, UserDetails);
text_or_mapping!(Member, MemberDetails);
text_or_mapping!(Organization, Definition);

impl Default for Organization {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

/// Parses the files below `path` and returns how many things were found in them: events, or users, memberships and so on.
///
/// # Errors
/// When a file cannot be read or parsed.
pub(crate) fn parse(reader: Reader, path: &Path) -> Result<usize> {
    let mut files = Vec::new();
    collect(path, &mut files)?;
    files.sort_unstable();
    // All is kept until the end, as by a program that goes on to work with it.
    let mut documents = Vec::with_capacity(files.len());
    let mut events = 0;
    for file in &files {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        match reader {
            Reader::Events => {
                for event in granit_parser::Parser::new_from_str(&text) {
                    if let Err(error) = event {
                        bail!("cannot parse {}: {error}", file.display());
                    }
                    events += 1;
                }
            }
            Reader::Yaml => documents.push(parse_yaml(&text).with_context(|| format!("in {}", file.display()))?),
            Reader::Json => {
                documents.push(serde_json::from_str(&text).with_context(|| format!("in {}", file.display()))?)
            }
        }
    }
    Ok(events + documents.iter().map(size).sum::<usize>())
}

fn parse_yaml(text: &str) -> Result<Document> {
    // The ready-made budget of 250,000 nodes is meant for small documents.
    let most = text.len().saturating_mul(2).saturating_add(16);
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_nodes: most,
            max_events: most,
            max_total_scalar_bytes: most,
            max_total_comment_bytes: most,
        },
    };
    Ok(serde_yaml::from_str_with_options(text, options)?)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.is_dir() || path.extension().is_some_and(|end| end == "yaml") {
            collect(&path, files)?;
        }
    }
    Ok(())
}

/// How many things a document says. Reads every field, so that nothing is parsed that nobody wants.
fn size(document: &Document) -> usize {
    let Document { version, org, users, projects, project_groups, teams, grants } = document;
    let org = match org {
        Organization::Text(key) => key.len(),
        Organization::Details(definition) => {
            let Definition { key, id, name, domains, backend } = &**definition;
            key.len() + name.len() + domains.len() + backend.len() + usize::from(*id > 0)
        }
    };
    let users = users.values().filter(|user| match user {
        User::Text(role) => !role.is_empty(),
        User::Details(details) => !details.role.is_empty() && details.name.as_ref().is_none_or(|name| !name.is_empty()),
    });
    let projects = projects.values().map(|Project { id, name, environment, everyone, roles }| {
        usize::from(*id > 0 && !name.is_empty() && !environment.is_empty()) + roles.len() + everyone.iter().len()
    });
    let teams = teams.values().map(|Team { name, members, projects }| {
        let members = members.iter().filter(|member| match member {
            Member::Text(email) => !email.is_empty(),
            Member::Details(details) => !details.user.is_empty() && details.reason != Some(String::new()),
        });
        usize::from(!name.is_empty()) + members.count() + projects.len()
    });
    let grants = grants.iter().filter(|Grant { user, project, role, reason, ticket }| {
        [user, project, role, reason].iter().all(|text| !text.is_empty()) && ticket != &Some(String::new())
    });
    if *version == 0 || org == 0 {
        return 0;
    }
    users.count() + projects.sum::<usize>() + project_groups.len() + teams.sum::<usize>() + grants.count()
}
