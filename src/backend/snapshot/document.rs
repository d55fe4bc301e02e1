//! The document as it is written: what is promised to whoever reads or writes one, and what the schema is made from.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::FORMAT;

/// The access of one organization at one moment, complete.
#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "a snapshot, a mapping with its format, organization, projects, users, teams and grants"
)]
#[schemars(title = "accessctl snapshot")]
pub(super) struct Document<'a> {
    /// The name and version of this form.
    #[serde(borrow)]
    #[schemars(extend("const" = FORMAT))]
    pub(super) format: Cow<'a, str>,
    /// When it was read, as RFC 3339. A seed written by hand leaves it out.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(super) taken_at: Option<Text<'a>>,
    /// Which organization this is.
    #[serde(borrow)]
    pub(super) organization: WireOrganization<'a>,
    /// The account that read it, which a plan made with it counts as the one to perform it. Left out where none is known.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) acting: Option<WireActing<'a>>,
    /// Every project of the organization.
    #[serde(borrow)]
    pub(super) projects: Vec<WireProject<'a>>,
    /// Every user, active and invited.
    #[serde(borrow)]
    pub(super) users: Vec<WireUser<'a>>,
    /// Every team.
    #[serde(borrow)]
    pub(super) teams: Vec<WireTeam<'a>>,
    /// Every individual grant.
    #[serde(borrow)]
    pub(super) grants: Vec<WireGrant<'a>>,
    /// What was not read, so that access is at least what stands here. Left out where everything was.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) unread: Option<WireUnread<'a>>,
    /// The same as the last apply left it: whatever differs was changed by somebody else since. Left out where that is not
    /// known.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) applied: Option<WireApplied<'a>>,
}

/// The access of the organization as the last apply left it.
#[derive(Deserialize, JsonSchema)]
#[serde(
    deny_unknown_fields,
    expecting = "the organization as the last apply left it, a mapping with projects, users, teams and grants"
)]
#[schemars(rename = "Applied")]
pub(super) struct WireApplied<'a> {
    /// When it was read, after that apply, as RFC 3339.
    #[serde(borrow)]
    #[schemars(extend("format" = "date-time"))]
    pub(super) taken_at: Text<'a>,
    /// Every project of the organization.
    #[serde(borrow)]
    pub(super) projects: Vec<WireProject<'a>>,
    /// Every user, active and invited.
    #[serde(borrow)]
    pub(super) users: Vec<WireUser<'a>>,
    /// Every team.
    #[serde(borrow)]
    pub(super) teams: Vec<WireTeam<'a>>,
    /// Every individual grant.
    #[serde(borrow)]
    pub(super) grants: Vec<WireGrant<'a>>,
    /// What was not read. Left out where everything was.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) unread: Option<WireUnread<'a>>,
}

/// The parts of the organization that were not read.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "what was not read")]
#[schemars(rename = "Unread")]
pub(super) struct WireUnread<'a> {
    /// Whether pending invitations were not read.
    #[serde(default)]
    pub(super) invitations: bool,
    /// Whether teams were not read.
    #[serde(default)]
    pub(super) teams: bool,
    /// The ids of the projects whose grants and default role were not read.
    #[serde(default)]
    #[schemars(inner(range(min = 1, max = 9_007_199_254_740_991_u64)))]
    pub(super) projects: Vec<u64>,
    /// The e-mail addresses of people whom a team or a project names and who are in no list that was read. What they
    /// have is left out.
    #[serde(borrow, default)]
    pub(super) people: Vec<Text<'a>>,
    /// The teams that have some of these people. They are not deleted, and none of their roles is taken or lowered.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) members: Vec<WireUnreadMembers<'a>>,
    /// The teams that service accounts are in, which are not deleted. No more is known of these accounts.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) service_accounts: Vec<WireServiceAccounts<'a>>,
    /// The e-mail addresses of users whose id was not told: what names them by it is done by hand.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    pub(super) ids: Vec<Text<'a>>,
}

/// How many service accounts are in a team.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a team with the number of its service accounts")]
#[schemars(rename = "ServiceAccounts")]
pub(super) struct WireServiceAccounts<'a> {
    /// The name of the team.
    #[serde(borrow)]
    #[schemars(length(min = 1))]
    pub(super) team: Cow<'a, str>,
    /// How many there are.
    #[schemars(range(min = 1))]
    pub(super) count: usize,
}

/// The members of a team who are in no list that was read.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a team with its unread members")]
#[schemars(rename = "UnreadMembers")]
pub(super) struct WireUnreadMembers<'a> {
    /// The name of the team.
    #[serde(borrow)]
    #[schemars(length(min = 1))]
    pub(super) team: Cow<'a, str>,
    /// Their e-mail addresses, which `people` has too.
    #[serde(borrow)]
    pub(super) people: Vec<Text<'a>>,
}

/// A text that is borrowed from the document where it has no escapes. In a list, only a type of its own borrows.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub(super) struct Text<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// An organization.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "an organization")]
#[schemars(rename = "Organization")]
pub(super) struct WireOrganization<'a> {
    /// Its id on the service.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    pub(super) id: u64,
    /// Its name, for people.
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
}

/// An account that reads and changes.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "the acting account")]
#[schemars(rename = "Acting")]
pub(super) struct WireActing<'a> {
    /// Its e-mail address, or what the service calls a service account by.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(super) account: Option<Text<'a>>,
    /// Its org role: `owner`, `admin`, `billing_admin`, `member`, or what the service calls another one.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub(super) role: Option<Text<'a>>,
}

/// A project.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a project")]
#[schemars(rename = "Project")]
pub(super) struct WireProject<'a> {
    /// Its id on the service.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    pub(super) id: u64,
    /// Its name, for people.
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    /// The default role of all present and future users of the organization.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub(super) everyone: Option<Text<'a>>,
    /// The names of the custom roles that it defines.
    #[serde(borrow, default)]
    pub(super) roles: Vec<Text<'a>>,
}

/// A user.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a user")]
#[schemars(rename = "User")]
pub(super) struct WireUser<'a> {
    /// The e-mail address.
    #[serde(borrow)]
    #[schemars(extend("format" = "email"))]
    pub(super) email: Cow<'a, str>,
    /// `owner`, `admin`, `billing_admin`, `member`, or what the service calls another org role.
    #[serde(borrow)]
    #[schemars(length(min = 1))]
    pub(super) role: Cow<'a, str>,
    /// Whether the person has joined.
    pub(super) status: WireStatus,
    /// When the latest invitation was sent, as RFC 3339; only for somebody who is invited.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(super) invited_at: Option<Text<'a>>,
    /// When the person was last seen, as RFC 3339.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("format" = "date-time"))]
    pub(super) last_active: Option<Text<'a>>,
}

/// Whether a user has joined the organization.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Status")]
pub(super) enum WireStatus {
    Active,
    Invited,
}

/// A team.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a team")]
#[schemars(rename = "Team")]
pub(super) struct WireTeam<'a> {
    /// Its id, where the backend has ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    pub(super) id: Option<u64>,
    /// Its name, which no other team has.
    #[serde(borrow)]
    #[schemars(length(min = 1))]
    pub(super) name: Cow<'a, str>,
    /// The e-mail addresses of its members.
    #[serde(borrow)]
    pub(super) members: Vec<Text<'a>>,
    /// The roles that membership gives.
    #[serde(borrow)]
    pub(super) projects: Vec<WireTeamRole<'a>>,
}

/// The role that a team gives on one project.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a role of a team")]
#[schemars(rename = "TeamRole")]
pub(super) struct WireTeamRole<'a> {
    /// The id of the project.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    pub(super) id: u64,
    /// `owner`, `admin`, `analyst`, `consumer` or a custom role of the project.
    #[serde(borrow)]
    #[schemars(length(min = 1))]
    pub(super) role: Cow<'a, str>,
}

/// An individual grant.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a grant")]
#[schemars(rename = "Grant")]
pub(super) struct WireGrant<'a> {
    /// The e-mail address of the user.
    #[serde(borrow)]
    #[schemars(extend("format" = "email"))]
    pub(super) user: Cow<'a, str>,
    /// The id of the project.
    #[schemars(range(min = 1, max = 9_007_199_254_740_991_u64))]
    pub(super) project: u64,
    /// `owner`, `admin`, `analyst`, `consumer` or a custom role of the project.
    #[serde(borrow)]
    #[schemars(length(min = 1))]
    pub(super) role: Cow<'a, str>,
}

/// The JSON Schema of the form.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<'static>).to_value()
}
