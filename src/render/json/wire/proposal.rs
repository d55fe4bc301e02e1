//! What is proposed, as types.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use super::{Access, Entry, Place, kinds};

/// The difference between where the base leads and where the configuration leads, on the same live side and whatever
/// guards hold. What is pending, drift or over is no part of it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "written field by field; this is its shape for the schema")]
pub(in crate::render::json) struct Proposal<'a> {
    /// Why there is no base, so that everything counts as proposed; null where there is one.
    no_base: Option<&'a str>,
    /// Whether the live side as the last apply left it was known. Without it what is `pending` may have been taken back by
    /// hand, and what is `drift` may be yet to be taken away.
    knows_last_apply: bool,
    /// The changes from where the base leads: `from` is what the base wants.
    changes: Vec<ProposedChange<'a>>,
    /// The effective access that really changes by them, by user and project.
    access: Vec<Access<'a>>,
    /// What the run of the plan changes for people besides, as things are live or by what guards hold, which neither
    /// `access` nor the changes of other origins tell, by user and project.
    unforeseen: Vec<Access<'a>>,
    /// What is declared for another time than in the base, the gravest first.
    ends: Vec<MovedEnd<'a>>,
    /// Other rules of the organization than in the base, the gravest first.
    amendments: Vec<Amendment<'a>>,
    /// Its numbers.
    summary: ProposalSummary,
}

/// A change from where the base leads.
#[derive(Serialize, JsonSchema)]
pub(in crate::render::json) struct ProposedChange<'a> {
    /// What it does.
    #[schemars(schema_with = "kinds")]
    pub(in crate::render::json) kind: &'a str,
    /// The user that it is about.
    pub(in crate::render::json) user: Option<&'a str>,
    /// The project: its key in the configuration, else its id.
    pub(in crate::render::json) project: Option<Cow<'a, str>>,
    /// The id of the project.
    pub(in crate::render::json) project_id: Option<u64>,
    /// The team; after a rename, its new name.
    pub(in crate::render::json) team: Option<&'a str>,
    /// The role, or the team's name, where the base leads.
    pub(in crate::render::json) from: Option<&'a str>,
    /// The role, or the team's name, afterwards.
    pub(in crate::render::json) to: Option<&'a str>,
    /// Whether nothing is to be done for it: the live side is so already, and the change is agreed to afterwards.
    pub(in crate::render::json) already: bool,
    /// The id of the change of the plan that is about the same and leads there from something else, where the live side is
    /// not as the base says.
    pub(in crate::render::json) overtakes: Option<String>,
    /// Whether it raises somebody to admin or owner.
    pub(in crate::render::json) escalation: bool,
    /// Where the configuration says so.
    pub(in crate::render::json) source: Option<Place<'a>>,
}

/// Something that is declared for another time than in the base, or that has not begun and is new or withdrawn.
#[derive(Serialize, JsonSchema)]
pub(in crate::render::json) struct MovedEnd<'a> {
    #[serde(flatten)]
    pub(in crate::render::json) entry: Entry<'a>,
    /// Whether more is let through (a stronger role, or the role for longer), less (a weaker one, and not for longer), or
    /// something else.
    #[schemars(extend("enum" = ["loosens", "alters", "tightens"]))]
    pub(in crate::render::json) bearing: &'a str,
    /// Whether the base says nothing of it, or another role, and it is going to begin.
    pub(in crate::render::json) new: bool,
    /// Whether it was going to begin and does not any more: `role` is the one that the base gives.
    pub(in crate::render::json) withdrawn: bool,
    /// The role that the base gives, where that is another one.
    pub(in crate::render::json) role_before: Option<&'a str>,
    /// The day or moment from which it held in the base.
    pub(in crate::render::json) from_before: Option<&'a str>,
    /// That from which it holds now.
    pub(in crate::render::json) from: Option<&'a str>,
    /// The day or moment until which it held in the base.
    pub(in crate::render::json) until_before: Option<&'a str>,
    /// That until which it holds now.
    pub(in crate::render::json) until: Option<&'a str>,
    /// The strongest role that begins and ends with it, as far as one is known; where it gains time, of those that hold
    /// then.
    #[schemars(extend("enum" = ["owner", "admin", "analyst", "consumer", null]))]
    pub(in crate::render::json) strongest: Option<&'a str>,
    /// The roles of the rank of admin or owner among them that the entry does not say itself, strongest first: a user has
    /// them by grants and teams, a membership gives those of the team.
    pub(in crate::render::json) strong: Vec<StrongRole<'a>>,
    /// Where that is written.
    pub(in crate::render::json) source: Place<'a>,
}

/// A role that begins and ends with something declared that does not say it.
#[derive(Serialize, JsonSchema)]
pub(in crate::render::json) struct StrongRole<'a> {
    /// The role.
    pub(in crate::render::json) role: &'a str,
    /// The built-in role that it is, or ranks like.
    #[schemars(extend("enum" = ["owner", "admin"]))]
    pub(in crate::render::json) rank: &'a str,
    /// The projects, by key.
    pub(in crate::render::json) projects: Vec<&'a str>,
}

/// A rule of the organization that is another one than in the base.
#[derive(Serialize, JsonSchema)]
pub(in crate::render::json) struct Amendment<'a> {
    /// The key of the language, with names in it where there are several, such as `guards.max_removals` and
    /// `policy."no admins".max_days`: in double quotes unless a name has nothing but letters, digits, `-` and `_`.
    pub(in crate::render::json) key: &'a str,
    /// What that does to what is let through.
    #[schemars(extend("enum" = ["loosens", "alters", "tightens"]))]
    pub(in crate::render::json) bearing: &'a str,
    /// What was said before, where it can be said in a line.
    pub(in crate::render::json) before: Option<&'a str>,
    /// What is said now.
    pub(in crate::render::json) after: Option<&'a str>,
    /// Whether something stops being managed by it: nothing changes on the live side, and nothing looks after it any more.
    pub(in crate::render::json) unmanaged: bool,
    /// Where it is said, else where the organization is defined.
    pub(in crate::render::json) source: Place<'a>,
}

/// The numbers of a proposal.
#[derive(Serialize, JsonSchema)]
pub(in crate::render::json) struct ProposalSummary {
    /// Changes in all.
    pub(in crate::render::json) changes: usize,
    /// Changes that take something away.
    pub(in crate::render::json) removals: usize,
    /// Changes that raise somebody to admin or owner.
    pub(in crate::render::json) escalations: usize,
    /// Changes for which nothing is to be done.
    pub(in crate::render::json) already: usize,
    /// People who become admin or owner.
    pub(in crate::render::json) risen: usize,
}
