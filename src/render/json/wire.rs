//! The document as types: what is promised to readers, and what the schema is made from.

mod proposal;

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::change::ChangeKind;
use crate::render::findings::Finding;
use crate::render::unread::Unread;

pub(super) use self::proposal::{Amendment, MovedEnd, Proposal, ProposalSummary, ProposedChange, StrongRole};

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
    /// The moment for which the configuration was read; of several, as for a day in several time zones, the earliest.
    #[schemars(extend("format" = "date-time"))]
    as_of: &'a str,
    /// `sha256:` and the hash of this document, on one line and without this field.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    digest: &'a str,
    /// `sha256:` and a hash of what the plans say, whenever they were made: the same for two runs between which nothing
    /// but time has passed. It stands in comments and pages.
    #[schemars(regex(pattern = r"^sha256:[0-9a-f]{64}$"))]
    content: &'a str,
    /// What whoever made the plan says about it, such as a pull request, a commit and an author.
    meta: std::collections::BTreeMap<&'a str, &'a str>,
    /// The organizations, in the order of their keys.
    orgs: Vec<Org<'a>>,
    /// Organizations for which no plan could be made; the errors say why.
    unplanned: Vec<&'a str>,
    /// Organizations that the base defines and the configuration does not: nothing of them is planned, applied or watched
    /// for drift any more. Only there where a base was given and there are any.
    #[schemars(skip_serializing_if = "Option::is_none")]
    unmanaged: Option<Vec<Unmanaged<'a>>>,
    /// The numbers of all organizations together.
    summary: Totals,
}

/// An organization that stops being managed.
#[derive(Serialize, JsonSchema)]
pub(super) struct Unmanaged<'a> {
    /// Its key in the base.
    pub(super) org: &'a str,
    /// Its id on the service.
    pub(super) id: u64,
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
    /// The moment for which its configuration was read.
    #[schemars(extend("format" = "date-time"))]
    as_of: &'a str,
    /// The changes, in the order in which they are performed.
    changes: Vec<Change<'a>>,
    /// The effective access of users that really changes, by user and project.
    access: Vec<Access<'a>>,
    /// What of the live side is not known. Where it is not empty, people may have more access than is told.
    unread: Vec<Unread<'a>>,
    /// Live things that the configuration does not manage, left alone.
    kept: Vec<Kept<'a>>,
    /// What is declared of blocked users and has no effect.
    overrides: Vec<Override<'a>>,
    /// What ends soon, and what is over and still declared.
    expiring: Vec<Expiring<'a>>,
    /// What breaks the organization's rules, and exceptions from them that are over, by place.
    policy: Vec<Finding<'a>>,
    /// What the guards found.
    guards: Vec<Guard<'a>>,
    /// What performing the plan takes.
    cost: Cost,
    /// The numbers of this organization.
    summary: Summary,
    /// What is taken back, in a plan of `accessctl undo`; other plans do not have it.
    #[schemars(skip_serializing_if = "Option::is_none")]
    undo: Option<Undo<'a>>,
    /// What the configuration proposes as compared with the base; only where one was given.
    #[schemars(skip_serializing_if = "Option::is_none")]
    proposal: Option<Proposal<'a>>,
}

/// The run that a plan takes back.
#[derive(Serialize, JsonSchema)]
pub(super) struct Undo<'a> {
    /// Its name.
    pub(super) run: &'a str,
    /// When it began.
    #[schemars(extend("format" = "date-time"))]
    pub(super) began: String,
    /// Who ran it, where that is known.
    pub(super) by: Option<&'a str>,
    /// The commit of the configuration that it applied, where its plan said so.
    pub(super) commit: Option<&'a str>,
    /// What it did and is left as it is.
    pub(super) left: Vec<LeftAlone<'a>>,
    /// What cannot be as it was.
    pub(super) lasting: Vec<Lasting<'a>>,
    /// How many of its changes the live side does not show any more.
    pub(super) as_before: usize,
    /// How many changes the configuration asks for because of this plan once it is applied; null where that cannot be
    /// worked out.
    pub(super) still_asked_for: Option<usize>,
}

/// A change of a run that is not taken back, or not whole.
#[derive(Serialize, JsonSchema)]
pub(super) struct LeftAlone<'a> {
    /// What it did.
    #[schemars(schema_with = "kinds")]
    pub(super) kind: &'a str,
    /// The user that it was about.
    pub(super) user: Option<&'a str>,
    /// The project: its key in the configuration, else its id.
    pub(super) project: Option<Cow<'a, str>>,
    /// The id of the project.
    pub(super) project_id: Option<u64>,
    /// The team; after a rename, its new name.
    pub(super) team: Option<&'a str>,
    /// The role, or the team's name, before the run.
    pub(super) from: Option<&'a str>,
    /// The role, or the team's name, after it.
    pub(super) to: Option<&'a str>,
    /// Why it is left, in words.
    pub(super) left_because: &'a str,
}

/// Something that cannot be as it was.
#[derive(Serialize, JsonSchema)]
pub(super) struct Lasting<'a> {
    /// Somebody has to accept an invitation again; a team has a new id; the mail of an invitation was sent.
    #[schemars(extend("enum" = ["must_accept", "new_team", "mail_sent"]))]
    pub(super) what: &'a str,
    /// Who.
    pub(super) user: Option<&'a str>,
    /// Which team.
    pub(super) team: Option<&'a str>,
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
    /// The id of the project, whatever the configuration calls it.
    pub(super) project_id: Option<u64>,
    /// The team; after a rename, its new name.
    pub(super) team: Option<&'a str>,
    /// The role, or the team's name, that the change presupposes.
    pub(super) from: Option<&'a str>,
    /// The role, or the team's name, afterwards.
    pub(super) to: Option<&'a str>,
    /// What brought it about; without an earlier configuration to compare with, `proposed` or `expiry`.
    #[schemars(extend("enum" = ["proposed", "pending", "drift", "expiry", "undo"]))]
    pub(super) origin: &'a str,
    /// Why it is needed.
    #[schemars(extend("enum" = ["declared", "unlisted", "renamed", "expired", "not_yet", "blocked", "undone"]))]
    pub(super) why: &'a str,
    /// Where the configuration says so.
    pub(super) source: Option<Place<'a>>,
    /// The day or moment that the configuration gives as the end: of what the change gives, or of what it takes.
    pub(super) until: Option<String>,
    /// The first moment at which that does not hold any more.
    #[schemars(extend("format" = "date-time"))]
    pub(super) ends_at: Option<String>,
    /// What people wrote about it.
    pub(super) reason: Option<&'a str>,
    /// The ticket that asked for it.
    pub(super) ticket: Option<&'a str>,
    /// Who approved it.
    pub(super) approved_by: Vec<&'a str>,
    /// Who answers for the person.
    pub(super) sponsor: Option<&'a str>,
    /// How it is carried out.
    #[schemars(extend("enum" = ["api", "scim", "manual"]))]
    pub(super) channel: &'a str,
    /// Changes that must have taken effect before.
    pub(super) depends_on: Vec<String>,
    /// Whether it raises somebody to admin or owner.
    pub(super) escalation: bool,
    /// Whether a guard lets it through.
    #[schemars(extend("enum" = ["planned", "held", "blocked"]))]
    pub(super) status: &'a str,
}

/// A place in the configuration.
#[derive(Serialize, JsonSchema)]
pub(in crate::render) struct Place<'a> {
    /// The file.
    pub(super) path: &'a str,
    /// The line, from 1.
    pub(super) line: usize,
    /// The column in characters, from 1.
    pub(super) column: usize,
}

/// What one entry of the configuration declares.
#[derive(Serialize, JsonSchema)]
pub(in crate::render) struct Entry<'a> {
    /// What it is.
    #[schemars(extend("enum" = ["user", "team_member", "team_role", "grant", "exception", "waiver", "acceptance"]))]
    pub(super) kind: &'a str,
    /// The user.
    pub(super) user: Option<&'a str>,
    /// The team.
    pub(super) team: Option<&'a str>,
    /// The projects, by key; several where the entry names a group.
    pub(super) projects: Vec<&'a str>,
    /// The role: of a user in the organization, else on the projects.
    pub(super) role: Option<&'a str>,
    /// Whether it is accepted that the thing is not there; present for acceptances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) missing: Option<bool>,
    /// The rule, of an exception of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rule: Option<&'a str>,
    /// How many removals a waiver lets through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) removals: Option<usize>,
    /// How many invitations a waiver lets through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invites: Option<usize>,
}

/// What is declared of a blocked user and has no effect.
#[derive(Serialize, JsonSchema)]
pub(super) struct Override<'a> {
    #[serde(flatten)]
    pub(super) entry: Entry<'a>,
    /// Where it is declared.
    pub(super) source: Place<'a>,
    /// Where the user is blocked.
    pub(super) blocked: Place<'a>,
}

/// What ends soon, or is over and still declared.
#[derive(Serialize, JsonSchema)]
pub(in crate::render) struct Expiring<'a> {
    /// How far it is: it ends soon, it is over, or it is over for so long that the entry can be deleted.
    #[schemars(extend("enum" = ["ends_soon", "over", "deletable"]))]
    pub(super) state: &'a str,
    #[serde(flatten)]
    pub(super) entry: Entry<'a>,
    /// The end as written: the last day, or the moment in UTC.
    pub(super) until: String,
    /// The first moment at which it does not hold any more.
    #[schemars(extend("format" = "date-time"))]
    pub(super) ends_at: String,
    /// Where the end is written.
    pub(super) source: Place<'a>,
    /// What people wrote about it.
    pub(super) reason: Option<&'a str>,
    /// The ticket that asked for it.
    pub(super) ticket: Option<&'a str>,
    /// Who approved it.
    pub(super) approved_by: Vec<&'a str>,
    /// Who answers for the person.
    pub(super) sponsor: Option<&'a str>,
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
    /// The origins of the changes that have to do with it, where they are told by a base; several where changes of several
    /// origins meet. What is proposed by itself stands in `proposal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("items" = { "enum": ["proposed", "pending", "drift", "expiry"] }))]
    pub(super) origins: Option<Vec<&'a str>>,
    /// Present where a source of access was not read or is not known, so that the user may have more than `before` and
    /// `after` say, and the access may really change in another way.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("type" = "boolean", "const" = true))]
    pub(super) at_least: Option<bool>,
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
        "not_listed", "not_managed", "ignored", "undeclared_project", "not_stated", "members_not_managed",
        "scim_managed", "unread_members", "service_accounts", "awaits_provider", "awaits_rename", "awaits_move"
    ]))]
    pub(super) why: &'a str,
    /// The pattern of `manage.ignore` that covers it.
    pub(super) ignored_by: Option<&'a str>,
    /// The user who replaces it; it is removed once they have joined. Of a team, the name that its identity provider
    /// is going to give it.
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
    #[schemars(extend("enum" = ["block", "hold", "warn"]))]
    pub(super) effect: &'a str,
    /// Where the configuration speaks of it.
    pub(super) source: Option<Place<'a>>,
    /// How many changes it holds; what depends on them is held too and not counted.
    pub(super) held: usize,
    /// The first ten of those whom or what it is about, owners and admins before all others.
    pub(super) examples: &'a [String],
}

/// What performing a plan takes.
#[derive(Serialize, JsonSchema)]
pub(super) struct Cost {
    /// Requests to the backend.
    pub(super) requests: usize,
    /// Invitation mails.
    pub(super) invitations: usize,
    /// The least time that the limits of requests and mails leave for an apply, in seconds; with its reads where they are
    /// told.
    pub(super) seconds: u64,
    /// The requests that an apply reads with, at least; not there where that is not known, as for a saved live side, and
    /// where nothing is read by requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reads: Option<usize>,
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

/// The numbers of a document.
#[derive(Serialize, JsonSchema)]
pub(super) struct Totals {
    #[serde(flatten)]
    pub(super) plans: Summary,
    /// Organizations for which no plan could be made.
    pub(super) unplanned: usize,
}

fn kinds(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let _ = generator;
    schemars::json_schema!({ "type": "string", "enum": ChangeKind::ALL.map(ChangeKind::as_str) })
}
