//! The document as it is read: its digest first, then field by field.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{FORMAT, SavedChange, SavedOrg, SavedPlan, SavedProblem};
use crate::change::{Change, ChangeKind};
use crate::fingerprint::named;
use crate::model::{Email, Interner, OrgId, OrgKey, OrgRole, ProjectId, ProjectRole, TeamName};
use crate::plan::{ChangeStatus, GuardCode, Meta};

/// Fields that are not named here are those of later versions, or for people: the digest holds them together, and they
/// decide about no change.
#[derive(Deserialize)]
#[serde(expecting = "a plan, an object")]
struct Document<'a> {
    #[serde(borrow)]
    created_at: Cow<'a, str>,
    #[serde(borrow)]
    digest: Cow<'a, str>,
    #[serde(default)]
    meta: BTreeMap<String, String>,
    #[serde(borrow)]
    orgs: Vec<Org<'a>>,
    unplanned: Vec<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "the plan of an organization, an object")]
struct Org<'a> {
    #[serde(borrow)]
    org: Cow<'a, str>,
    id: u64,
    #[serde(borrow)]
    as_of: Cow<'a, str>,
    #[serde(default)]
    undo: Option<Undo>,
    #[serde(borrow)]
    changes: Vec<Entry<'a>>,
    #[serde(default)]
    unread: Vec<Unread>,
    #[serde(default)]
    #[serde(borrow)]
    guards: Vec<Finding<'a>>,
}

/// What a guard found.
#[derive(Deserialize)]
#[serde(expecting = "what a guard found, an object")]
struct Finding<'a> {
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow)]
    effect: Cow<'a, str>,
}

/// A part of the live side that was not known; those about a person tell the person's teams.
#[derive(Deserialize)]
#[serde(expecting = "a part of the live side that is not known, an object")]
struct Unread {
    user: Option<String>,
    #[serde(default)]
    teams: Vec<String>,
}

#[derive(Deserialize)]
#[serde(expecting = "what a plan takes back, an object")]
struct Undo {
    run: String,
}

/// One change as it is written.
#[derive(Deserialize)]
#[serde(expecting = "a change, an object")]
struct Entry<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    user: Option<String>,
    team: Option<String>,
    project_id: Option<u64>,
    from: Option<String>,
    to: Option<String>,
    #[serde(borrow)]
    status: Cow<'a, str>,
}

/// As much of a document as tells which form it has.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
}

/// The members of an object, in their order, as they are written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a plan, an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Collect).map(Self)
    }
}

pub(super) fn read(bytes: &[u8], path: &str, names: &mut Interner) -> Result<SavedPlan, SavedProblem> {
    let unsound = |problem: String| SavedProblem::Unsound { path: path.to_owned(), problem };
    let text = std::str::from_utf8(bytes)
        .map_err(|error| unsound(format!("it is not UTF-8 text (byte {} is not)", error.valid_up_to())))?;
    // Some editors and shells put a byte-order mark in front, which says nothing.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_start().is_empty() {
        return Err(unsound("it is empty".to_owned()));
    }
    let broken = |error: serde_json::Error| {
        unsound(if error.is_eof() { format!("it is cut off ({error})") } else { error.to_string() })
    };
    // A document of another form is most likely wrong in many ways; the form is what to tell about it.
    match serde_json::from_str::<Header>(text).map_err(broken)?.format {
        Some(format) if format == FORMAT => {}
        Some(format) => return Err(SavedProblem::Format { path: path.to_owned(), format }),
        None => return Err(unsound("it has no `format`".to_owned())),
    }
    let document: Document<'_> = serde_json::from_str(text).map_err(broken)?;
    let Members(members) = serde_json::from_str(text).map_err(broken)?;
    if digest(&members) != document.digest {
        return Err(SavedProblem::Digest { path: path.to_owned() });
    }
    take(document, names).map_err(unsound)
}

/// The digest of the document, as its writer makes it: of the text on one line, without the digest itself.
fn digest(members: &[(String, &RawValue)]) -> String {
    let mut hash = Sha256::new();
    let mut before = "{";
    for (name, value) in members.iter().filter(|(name, _)| name != "digest") {
        hash.update(before);
        before = ",";
        hash.update(serde_json::Value::from(name.as_str()).to_string());
        hash.update(":");
        without_space(value.get(), |part| hash.update(part));
    }
    hash.update("}");
    named(hash)
}

/// Hands JSON to `take` without the white space between its tokens: tools and version control may lay a file out anew.
fn without_space(json: &str, mut take: impl FnMut(&[u8])) {
    let bytes = json.as_bytes();
    let (mut start, mut place, mut in_string) = (0, 0, false);
    while let Some(byte) = bytes.get(place) {
        match byte {
            b'\\' if in_string => place += 1,
            b'"' => in_string = !in_string,
            b' ' | b'\t' | b'\n' | b'\r' if !in_string => {
                take(&bytes[start..place]);
                start = place + 1;
            }
            _ => {}
        }
        place += 1;
    }
    take(bytes.get(start..).unwrap_or_default());
}

fn take(document: Document<'_>, names: &mut Interner) -> Result<SavedPlan, String> {
    let Document { created_at, digest, meta, orgs, unplanned } = document;
    let mut saved = SavedPlan {
        created_at: moment("created_at", &created_at)?,
        digest: digest.into_owned(),
        meta: Meta::new(meta).map_err(|problem| format!("`meta`: {problem}"))?,
        orgs: BTreeMap::new(),
        unplanned: unplanned.iter().map(|key| org_key(key)).collect::<Result<_, _>>()?,
    };
    let mut ids = BTreeSet::new();
    for org in orgs {
        let key = org_key(&org.org)?;
        let of = |problem| format!("organization `{key}`: {problem}");
        let id = OrgId::new(org.id).map_err(|problem| of(problem.to_string()))?;
        let as_of = moment("as_of", &org.as_of).map_err(of)?;
        let changes = changes(org.changes, names).map_err(of)?;
        let unread_members = unread_members(org.unread, names).map_err(of)?;
        if !ids.insert(id) || saved.orgs.contains_key(&key) {
            return Err(of("it is there twice".to_owned()));
        }
        let undoes = org.undo.map(|undo| undo.run);
        let is_refused = org.guards.iter().any(refuses);
        saved.orgs.insert(key, SavedOrg { id, as_of, undoes, is_refused, changes, unread_members });
    }
    Ok(saved)
}

/// Whether a guard refused what was declared. One that is not known may be such a guard.
fn refuses(finding: &Finding<'_>) -> bool {
    let merely_holds = || GuardCode::MERELY_HOLD.iter().any(|code| code.as_str() == finding.code);
    finding.effect == "block" || (finding.effect == "hold" && !merely_holds())
}

/// The people who were in no list that was read, by team.
fn unread_members(entries: Vec<Unread>, names: &mut Interner) -> Result<BTreeMap<TeamName, BTreeSet<Email>>, String> {
    let mut members: BTreeMap<TeamName, BTreeSet<Email>> = BTreeMap::new();
    for Unread { user, teams } in entries {
        let Some(text) = user else { continue };
        let user = Email::interned(&text, names).map_err(|problem| format!("`unread`: {problem}"))?;
        for team in teams {
            let name = TeamName::new(&team).ok_or_else(|| format!("`unread`: `{team}` is no name of a team"))?;
            members.entry(name).or_default().insert(user.clone());
        }
    }
    Ok(members)
}

fn changes(entries: Vec<Entry<'_>>, names: &mut Interner) -> Result<Vec<SavedChange>, String> {
    let mut changes = Vec::with_capacity(entries.len());
    for (place, entry) in (1..).zip(entries) {
        if entry.id != format!("c{place}") {
            return Err(format!("change {place} is called `{}`, not `c{place}`", entry.id));
        }
        let status = match &*entry.status {
            "planned" => ChangeStatus::Planned,
            "held" => ChangeStatus::Held,
            "blocked" => ChangeStatus::Blocked,
            other => return Err(format!("c{place}: there is no status `{other}`")),
        };
        let change = change(&entry, names).map_err(|problem| format!("c{place}: {problem}"))?;
        changes.push(SavedChange { change, status });
    }
    let mut known = BTreeSet::new();
    match changes.iter().zip(1..).find(|(saved, _)| !known.insert(&saved.change)) {
        Some((_, place)) => Err(format!("c{place}: the same change is there twice")),
        None => Ok(changes),
    }
}

/// The change that an entry tells. What its kind does not have must not be there.
fn change(entry: &Entry<'_>, names: &mut Interner) -> Result<Change, String> {
    let Entry { id: _, kind, user, team, project_id, from, to, status: _ } = entry;
    let kind = ChangeKind::ALL
        .into_iter()
        .find(|known| known.as_str() == kind)
        .ok_or_else(|| format!("there is no kind of change `{kind}`"))?;
    let mut user = || {
        let text = user.as_deref().ok_or("it has no `user`")?;
        let email = Email::interned(text, names).map_err(|problem| format!("`user`: {problem}"))?;
        if email.as_str() == text { Ok(email) } else { Err(format!("`user` is `{text}`, not `{email}`")) }
    };
    let team_name = |field: &str, text: &Option<String>| {
        let text = text.as_deref().ok_or_else(|| format!("it has no `{field}`"))?;
        TeamName::new(text).filter(|name| name.as_str() == text).ok_or_else(|| format!("`{text}` is no name of a team"))
    };
    let team = || team_name("team", team);
    let project = || {
        let id = project_id.ok_or("it has no `project_id`")?;
        ProjectId::new(id).map_err(|problem| format!("`project_id`: {problem}"))
    };
    let role = |field: &str, text: &Option<String>| {
        let text = text.as_deref().ok_or_else(|| format!("it has no `{field}`"))?;
        let role = ProjectRole::from_name(text).filter(|role| role.as_str() == text);
        role.ok_or_else(|| format!("`{text}` is no role"))
    };
    let role_before = || from.as_ref().map(|_| role("from", from)).transpose();
    let org_role = |field: &str, text: &Option<String>| {
        let text = text.as_deref().ok_or_else(|| format!("it has no `{field}`"))?;
        OrgRole::read(text).ok_or_else(|| format!("`{text}` is no org role"))
    };
    let change = match kind {
        ChangeKind::RenameTeam => Change::RenameTeam { from: team_name("from", from)?, to: team_name("to", to)? },
        ChangeKind::CreateTeam => Change::CreateTeam { team: team()? },
        ChangeKind::InviteUser => Change::InviteUser { user: user()?, role: org_role("to", to)? },
        ChangeKind::SetOrgRole => {
            Change::SetOrgRole { user: user()?, from: org_role("from", from)?, to: org_role("to", to)? }
        }
        ChangeKind::SetEveryone => {
            Change::SetEveryone { project: project()?, from: role_before()?, to: role("to", to)? }
        }
        ChangeKind::SetTeamRole => {
            Change::SetTeamRole { team: team()?, project: project()?, from: role_before()?, to: role("to", to)? }
        }
        ChangeKind::AddTeamMember => Change::AddTeamMember { team: team()?, user: user()? },
        ChangeKind::SetGrant => {
            Change::SetGrant { user: user()?, project: project()?, from: role_before()?, to: role("to", to)? }
        }
        ChangeKind::RemoveGrant => {
            Change::RemoveGrant { user: user()?, project: project()?, from: role("from", from)? }
        }
        ChangeKind::RemoveTeamMember => Change::RemoveTeamMember { team: team()?, user: user()? },
        ChangeKind::RemoveTeamRole => {
            Change::RemoveTeamRole { team: team()?, project: project()?, from: role("from", from)? }
        }
        ChangeKind::RemoveEveryone => Change::RemoveEveryone { project: project()?, from: role("from", from)? },
        ChangeKind::DeleteTeam => Change::DeleteTeam { team: team()? },
        ChangeKind::CancelInvite => Change::CancelInvite { user: user()? },
        ChangeKind::RemoveUser => Change::RemoveUser { user: user()? },
    };
    let told = [
        ("user", entry.user.as_deref() == change.user().map(|user| user.as_str())),
        ("team", entry.team.as_deref() == change.team().map(|team| team.as_str())),
        ("project_id", entry.project_id == change.project().map(ProjectId::get)),
        ("from", entry.from.as_deref() == change.from_text()),
        ("to", entry.to.as_deref() == change.to_text()),
    ];
    match told.iter().find(|(_, fits)| !fits) {
        Some((field, _)) => Err(format!("`{}` does not have such a `{field}`", kind.as_str())),
        None => Ok(change),
    }
}

fn org_key(text: &str) -> Result<OrgKey, String> {
    OrgKey::new(text).filter(|key| key.as_str() == text).ok_or_else(|| format!("`{text}` is no key of an organization"))
}

fn moment(field: &str, text: &str) -> Result<Timestamp, String> {
    text.parse().map_err(|_| format!("`{field}` is `{text}`; expected a time such as `2026-11-21T09:00:00Z`"))
}
