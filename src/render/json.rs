//! A plan as JSON, version 1: for machines, saved and compared.
//!
//! The types here are the promise to whoever reads the document; they are made by hand from the plan and only ever
//! gain fields. `docs/plan-json.md` explains them, `schema/plan.schema.json` is made from them. A plan can have a
//! million rows of access, so nothing is collected: rows are written as they are worked out, and the digest is made of
//! the same pass over the document.

use std::borrow::Cow;
use std::io::{self, Write};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use crate::access::{AccessChange, AccessSource, Via};
use crate::change::ChangeKind;
use crate::fingerprint::{fingerprint, named};
use crate::model::OrgKey;
use crate::plan::{
    ChangeStatus, Channel, GuardEffect, GuardFinding, Kept, KeptWhat, KeptWhy, Origin, Plan, PlannedChange, Why,
};
use crate::source::Sources;
use crate::visible::write_json;

/// The value of `format`.
pub const FORMAT: &str = "accessctl.plan/1";

/// Writes `plans` as one document. `unplanned` are the organizations for which no plan could be made.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_plans(
    out: &mut dyn Write,
    plans: &[Plan],
    unplanned: &[OrgKey],
    sources: &Sources,
    created_at: Timestamp,
    as_of: Timestamp,
) -> io::Result<()> {
    let lives: Vec<String> = plans.iter().map(|plan| fingerprint(&plan.live)).collect();
    let content = Content { plans, unplanned, lives: &lives, sources, as_of };
    // The digest comes before what it is made of, so the document is produced twice rather than kept.
    let mut hash = HashWriter(Sha256::new());
    write_json(&mut hash, &Hashed(&content))?;
    let document = Whole { created_at, digest: named(hash.0), content: &content };
    write_json(out, &document)?;
    writeln!(out)
}

struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Content<'a> {
    plans: &'a [Plan],
    unplanned: &'a [OrgKey],
    lives: &'a [String],
    sources: &'a Sources,
    as_of: Timestamp,
}

impl Content<'_> {
    fn entries<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("orgs", &Orgs(self))?;
        map.serialize_entry("unplanned", &Sequence(|| self.unplanned.iter().map(|org| org.as_str())))?;
        map.serialize_entry("summary", &summary(self.plans))
    }
}

/// The document without `created_at` and `digest`: what the digest is made of.
struct Hashed<'a>(&'a Content<'a>);

impl Serialize for Hashed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(5))?;
        map.serialize_entry("format", FORMAT)?;
        map.serialize_entry("as_of", &self.0.as_of.to_string())?;
        self.0.entries(&mut map)?;
        map.end()
    }
}

struct Whole<'a> {
    created_at: Timestamp,
    digest: String,
    content: &'a Content<'a>,
}

impl Serialize for Whole<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(7))?;
        map.serialize_entry("format", FORMAT)?;
        map.serialize_entry("created_at", &self.created_at.to_string())?;
        map.serialize_entry("as_of", &self.content.as_of.to_string())?;
        map.serialize_entry("digest", &self.digest)?;
        self.content.entries(&mut map)?;
        map.end()
    }
}

struct Orgs<'a>(&'a Content<'a>);

impl Serialize for Orgs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Content { plans, unplanned: _, lives, sources, as_of: _ } = self.0;
        let mut seq = serializer.serialize_seq(Some(plans.len()))?;
        for (plan, live) in plans.iter().zip(*lives) {
            seq.serialize_element(&Org { plan, live, sources })?;
        }
        seq.end()
    }
}

/// Written field by field in the order of [`wire::Org`], which the schema is made from.
struct Org<'a> {
    plan: &'a Plan,
    live: &'a str,
    sources: &'a Sources,
}

impl Serialize for Org<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { plan, live, sources } = self;
        let mut map = serializer.serialize_map(Some(10))?;
        map.serialize_entry("org", plan.org.as_str())?;
        map.serialize_entry("id", &plan.live.organization.id.get())?;
        map.serialize_entry("backend", plan.backend)?;
        map.serialize_entry("live", live)?;
        map.serialize_entry(
            "changes",
            &Sequence(|| plan.changes.iter().map(|planned| change(plan, sources, planned))),
        )?;
        map.serialize_entry("access", &Sequence(|| plan.access_changes().map(|row| OwnedAccess { plan, row })))?;
        map.serialize_entry("kept", &Sequence(|| plan.kept.iter().map(|one| kept(plan, one))))?;
        map.serialize_entry("guards", &Sequence(|| plan.guards.iter().map(guard)))?;
        let cost = wire::Cost { requests: plan.cost.requests, invitations: plan.cost.invitations };
        map.serialize_entry("cost", &cost)?;
        map.serialize_entry("summary", &summary(std::slice::from_ref(plan)))?;
        map.end()
    }
}

/// A list that is worked out while it is written.
struct Sequence<F>(F);

impl<F, I> Serialize for Sequence<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

struct OwnedAccess<'a> {
    plan: &'a Plan,
    row: AccessChange,
}

impl Serialize for OwnedAccess<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let AccessChange { user, project, effect, before, after, pending } = &self.row;
        wire::Access {
            user: user.as_str(),
            project: self.plan.project_label(*project),
            effect: effect.as_str(),
            before: before.iter().map(source).collect(),
            after: after.iter().map(source).collect(),
            pending: *pending,
        }
        .serialize(serializer)
    }
}

fn source(source: &AccessSource) -> wire::AccessSource<'_> {
    let team = match &source.via {
        Via::Team(team) => Some(team.as_str()),
        Via::OrgRole | Via::Grant | Via::Everyone => None,
    };
    wire::AccessSource { role: source.role.as_str(), via: source.via.as_str(), team }
}

fn change<'a>(plan: &'a Plan, sources: &'a Sources, planned: &'a PlannedChange) -> wire::Change<'a> {
    let PlannedChange { id, change, origin, why, source, note, channel, depends_on, escalation, status } = planned;
    let note = note.as_deref();
    wire::Change {
        id: id.to_string(),
        kind: change.kind().as_str(),
        user: change.user().map(|user| user.as_str()),
        project: change.project().map(|project| plan.project_label(project)),
        team: change.team().map(|team| team.as_str()),
        from: change.from_text(),
        to: change.to_text(),
        origin: match origin {
            Origin::Proposed => "proposed",
        },
        why: match why {
            Why::Declared => "declared",
            Why::Unlisted => "unlisted",
            Why::Renamed => "renamed",
        },
        source: source.map(|span| {
            let position = sources.position(span);
            wire::Place { path: position.path, line: position.line, column: position.column }
        }),
        reason: note.and_then(|note| note.reason.as_deref()),
        ticket: note.and_then(|note| note.ticket.as_deref()),
        approved_by: note.map(|note| note.approved_by.iter().map(|email| email.as_str()).collect()).unwrap_or_default(),
        sponsor: note.and_then(|note| note.sponsor.as_ref()).map(|email| email.as_str()),
        channel: match channel {
            Channel::Api => "api",
        },
        depends_on: depends_on.iter().map(ToString::to_string).collect(),
        escalation: *escalation,
        status: match status {
            ChangeStatus::Planned => "planned",
            ChangeStatus::Blocked => "blocked",
        },
    }
}

fn kept<'a>(plan: &'a Plan, Kept { why, what }: &'a Kept) -> wire::Kept<'a> {
    let nothing = wire::Kept {
        kind: "",
        user: None,
        team: None,
        project: None,
        role: None,
        section: None,
        count: 1,
        why: "",
        ignored_by: None,
        renamed_to: None,
    };
    let label = |project: &crate::model::ProjectId| Some(plan.project_label(*project));
    let what = match what {
        KeptWhat::User(user) => wire::Kept { kind: "user", user: Some(user), ..nothing },
        KeptWhat::Team(team) => wire::Kept { kind: "team", team: Some(team), ..nothing },
        KeptWhat::Member(team, user) => {
            wire::Kept { kind: "team_member", team: Some(team), user: Some(user), ..nothing }
        }
        KeptWhat::Members(team, count) => {
            wire::Kept { kind: "team_members", team: Some(team), count: *count, ..nothing }
        }
        KeptWhat::TeamRole(team, project, role) => wire::Kept {
            kind: "team_role",
            team: Some(team),
            project: label(project),
            role: Some(role.as_str()),
            ..nothing
        },
        KeptWhat::TeamRoles(team, count) => {
            wire::Kept { kind: "team_roles", team: Some(team), count: *count, ..nothing }
        }
        KeptWhat::Grant(user, project, role) => wire::Kept {
            kind: "grant",
            user: Some(user),
            project: label(project),
            role: Some(role.as_str()),
            ..nothing
        },
        KeptWhat::Everyone(project, role) => {
            wire::Kept { kind: "everyone", project: label(project), role: Some(role.as_str()), ..nothing }
        }
        KeptWhat::Section(section, count) => {
            wire::Kept { kind: "section", section: Some(section.as_str()), count: *count, ..nothing }
        }
    };
    match why {
        KeptWhy::NotListed(section) => wire::Kept { why: "not_listed", section: Some(section.as_str()), ..what },
        KeptWhy::NotManaged(section) => wire::Kept { why: "not_managed", section: Some(section.as_str()), ..what },
        KeptWhy::Ignored(pattern) => wire::Kept { why: "ignored", ignored_by: Some(pattern), ..what },
        KeptWhy::UndeclaredProject => wire::Kept { why: "undeclared_project", ..what },
        KeptWhy::NotStated => wire::Kept { why: "not_stated", ..what },
        KeptWhy::AwaitsRename(user) => wire::Kept { why: "awaits_rename", renamed_to: Some(user), ..what },
        KeptWhy::AwaitsMove(user) => wire::Kept { why: "awaits_move", renamed_to: Some(user), ..what },
    }
}

fn guard(finding: &GuardFinding) -> wire::Guard<'_> {
    let GuardFinding { code, effect, message } = finding;
    let effect = match effect {
        GuardEffect::Block => "block",
        GuardEffect::Warn => "warn",
    };
    wire::Guard { code: code.as_str(), message, effect }
}

fn summary(plans: &[Plan]) -> wire::Summary {
    let mut summary = wire::Summary::default();
    for totals in plans.iter().map(Plan::totals) {
        summary.changes += totals.changes;
        summary.invitations += totals.invitations;
        summary.removals += totals.removals;
        summary.escalations += totals.escalations;
        summary.blocked |= totals.blocked;
    }
    summary
}

/// Returns the JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(wire::Document<'static>).to_value()
}

fn kinds(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let _ = generator;
    schemars::json_schema!({ "type": "string", "enum": ChangeKind::ALL.map(ChangeKind::as_str) })
}

/// What is written, as types: the schema is made from them.
mod wire {
    use super::{Cow, JsonSchema, Serialize, kinds};

    /// A plan made by `accessctl plan --format json`. Later versions may add fields; readers ignore those they do not
    /// know.
    #[derive(JsonSchema)]
    #[schemars(title = "accessctl plan, version 1")]
    #[expect(dead_code, reason = "written field by field; this is its shape for the schema")]
    pub(super) struct Document<'a> {
        /// Name and version of this format.
        #[schemars(extend("const" = super::FORMAT))]
        format: &'a str,
        /// When the plan was made.
        #[schemars(extend("format" = "date-time"))]
        created_at: &'a str,
        /// The moment for which the configuration was read.
        #[schemars(extend("format" = "date-time"))]
        as_of: &'a str,
        /// `sha256:` and the hash of this document as it is written, without the fields `created_at` and `digest`.
        #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
        digest: &'a str,
        /// The organizations, in the order of their keys.
        orgs: Vec<Org<'a>>,
        /// Organizations for which no plan could be made; the errors say why.
        unplanned: Vec<&'a str>,
        /// The numbers of all organizations together.
        summary: Summary,
    }

    /// The plan of one organization.
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "written field by field; this is its shape for the schema")]
    pub(super) struct Org<'a> {
        /// Its key in the configuration.
        org: &'a str,
        /// Its id on the service.
        id: u64,
        /// Where the live side was read.
        #[schemars(extend("enum" = ["local", "snapshot", "mixpanel"]))]
        backend: &'a str,
        /// A fingerprint of the live side that the plan was made for.
        #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
        live: &'a str,
        /// The changes, in the order in which they are performed.
        changes: Vec<Change<'a>>,
        /// The effective access of users that really changes, by user and project.
        access: Vec<Access<'a>>,
        /// Live things that the configuration does not manage, left alone.
        kept: Vec<Kept<'a>>,
        /// What the guards found.
        guards: Vec<Guard<'a>>,
        /// What performing the plan takes.
        cost: Cost,
        /// The numbers of this organization.
        summary: Summary,
    }

    /// One change.
    #[derive(Serialize, JsonSchema)]
    pub(super) struct Change<'a> {
        /// Its name in this plan: `c1`, `c2`, …
        #[schemars(regex(pattern = r"^c[1-9][0-9]*$"))]
        pub(super) id: String,
        /// What it does.
        #[schemars(schema_with = "kinds")]
        pub(super) kind: &'a str,
        /// The user that it is about.
        pub(super) user: Option<&'a str>,
        /// The project: its key in the configuration, else its id.
        pub(super) project: Option<Cow<'a, str>>,
        /// The team; after a rename, its new name.
        pub(super) team: Option<&'a str>,
        /// The role, or the team's name, that the change presupposes.
        pub(super) from: Option<&'a str>,
        /// The role, or the team's name, afterwards.
        pub(super) to: Option<&'a str>,
        /// What brought it about.
        #[schemars(extend("enum" = ["proposed"]))]
        pub(super) origin: &'a str,
        /// Why it is needed.
        #[schemars(extend("enum" = ["declared", "unlisted", "renamed"]))]
        pub(super) why: &'a str,
        /// Where the configuration says so.
        pub(super) source: Option<Place<'a>>,
        /// What people wrote about it.
        pub(super) reason: Option<&'a str>,
        /// The ticket that asked for it.
        pub(super) ticket: Option<&'a str>,
        /// Who approved it.
        pub(super) approved_by: Vec<&'a str>,
        /// Who answers for the person.
        pub(super) sponsor: Option<&'a str>,
        /// How it is carried out.
        #[schemars(extend("enum" = ["api"]))]
        pub(super) channel: &'a str,
        /// Changes that must have taken effect before.
        pub(super) depends_on: Vec<String>,
        /// Whether it raises somebody to admin or owner.
        pub(super) escalation: bool,
        /// Whether a guard lets it through.
        #[schemars(extend("enum" = ["planned", "blocked"]))]
        pub(super) status: &'a str,
    }

    /// A place in the configuration.
    #[derive(Serialize, JsonSchema)]
    pub(super) struct Place<'a> {
        /// The file.
        pub(super) path: &'a str,
        /// The line, from 1.
        pub(super) line: usize,
        /// The column in characters, from 1.
        pub(super) column: usize,
    }

    /// How one user's access to one project changes.
    #[derive(Serialize, JsonSchema)]
    pub(super) struct Access<'a> {
        /// The user.
        pub(super) user: &'a str,
        /// The project: its key in the configuration, else its id.
        pub(super) project: Cow<'a, str>,
        /// How the access changes.
        #[schemars(extend("enum" = ["gain", "lose", "raise", "lower"]))]
        pub(super) effect: &'a str,
        /// What gives access now.
        pub(super) before: Vec<AccessSource<'a>>,
        /// What gives access afterwards.
        pub(super) after: Vec<AccessSource<'a>>,
        /// Whether the user is invited, so that the access begins when they join.
        pub(super) pending: bool,
    }

    /// One source of access.
    #[derive(Serialize, JsonSchema)]
    pub(super) struct AccessSource<'a> {
        /// The role that it gives.
        pub(super) role: &'a str,
        /// What gives it.
        #[schemars(extend("enum" = ["org_role", "team", "grant", "everyone"]))]
        pub(super) via: &'a str,
        /// The team, where a team gives it.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub(super) team: Option<&'a str>,
    }

    /// A live thing that is left alone.
    #[derive(Serialize, JsonSchema)]
    pub(super) struct Kept<'a> {
        /// What it is; `team_members`, `team_roles` and `section` stand for `count` things.
        #[schemars(extend("enum" = [
            "user", "team", "team_member", "team_members", "team_role", "team_roles", "grant", "everyone", "section"
        ]))]
        pub(super) kind: &'a str,
        /// The user.
        pub(super) user: Option<&'a str>,
        /// The team.
        pub(super) team: Option<&'a str>,
        /// The project: its key in the configuration, else its id.
        pub(super) project: Option<Cow<'a, str>>,
        /// The role.
        pub(super) role: Option<&'a str>,
        /// The section of the configuration that decides.
        #[schemars(extend("enum" = ["users", "teams", "grants", "everyone", null]))]
        pub(super) section: Option<&'a str>,
        /// How many things this entry stands for.
        pub(super) count: usize,
        /// Why it is left alone.
        #[schemars(extend("enum" = [
            "not_listed", "not_managed", "ignored", "undeclared_project", "not_stated", "awaits_rename",
            "awaits_move"
        ]))]
        pub(super) why: &'a str,
        /// The pattern of `manage.ignore` that covers it.
        pub(super) ignored_by: Option<&'a str>,
        /// The user who replaces it; it is removed once they have joined.
        pub(super) renamed_to: Option<&'a str>,
    }

    /// What a guard found.
    #[derive(Serialize, JsonSchema)]
    pub(super) struct Guard<'a> {
        /// The guard.
        pub(super) code: &'a str,
        /// What it found, and the way on.
        pub(super) message: &'a str,
        /// What it does to the plan.
        #[schemars(extend("enum" = ["block", "warn"]))]
        pub(super) effect: &'a str,
    }

    /// What performing a plan takes.
    #[derive(Serialize, JsonSchema)]
    pub(super) struct Cost {
        /// Requests to the backend.
        pub(super) requests: usize,
        /// Invitation mails.
        pub(super) invitations: usize,
    }

    /// The numbers of a plan.
    #[derive(Default, Serialize, JsonSchema)]
    pub(super) struct Summary {
        /// Changes in all.
        pub(super) changes: usize,
        /// Invitation mails.
        pub(super) invitations: usize,
        /// Changes that take something away.
        pub(super) removals: usize,
        /// Changes that raise somebody to admin or owner.
        pub(super) escalations: usize,
        /// Changes that people carry out by hand.
        pub(super) manual: usize,
        /// Changes that a guard holds back.
        pub(super) held: usize,
        /// Whether a guard blocks the plan of an organization.
        pub(super) blocked: bool,
    }
}
