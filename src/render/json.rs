//! A plan as JSON, version 1: for machines, saved and compared.
//!
//! The types of `wire` are the promise to whoever reads the document; they are made by hand from the plan and only ever
//! gain fields. `docs/plan-json.md` explains them, `schema/plan.schema.json` is made from them. A plan can have a
//! million rows of access, so nothing is collected: rows are written as they are worked out, once for the digest and
//! once for the reader.

mod proposal;
pub(in crate::render) mod wire;

use std::io::{self, Write};

use jiff::Timestamp;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use sha2::{Digest, Sha256};

use self::proposal::Proposed;
use crate::access::{AccessChange, AccessSource, Via};
use crate::desired::{Entry, Expiring, Override, Unmanaged};
use crate::fingerprint::{fingerprint, named};
use crate::model::{ProjectId, ProjectKey};
use crate::plan::{
    ChangeStatus, Cost, GuardEffect, GuardFinding, Kept, KeptWhat, KeptWhy, Lasting, LeftAlone, Meta, Origin, Plan,
    PlannedChange, Undoing,
};
use crate::render::WithoutPlan;
use crate::render::findings::finding;
use crate::render::text::effects::{Effects, Origins};
use crate::render::unread::entries;
pub use crate::saved::FORMAT;
use crate::source::{Sources, Span};
use crate::visible::{write_json, write_json_lines};

/// What a document says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// When the plans were made.
    pub created_at: Timestamp,
    /// The moment for which the configuration was read; of several, the earliest.
    pub as_of: Timestamp,
    /// What whoever made the plans says about them.
    pub meta: &'a Meta,
}

/// How a document is laid out. The digest is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// On one line.
    Line,
    /// On a line for each entry of a list, so that two documents can be compared line by line.
    Lines,
}

/// Writes `plans` as one document, and which `others` have none.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_plans(
    out: &mut dyn Write,
    plans: &[Plan],
    others: WithoutPlan<'_>,
    sources: &Sources,
    head: Head<'_>,
    layout: Layout,
) -> io::Result<()> {
    let lives: Vec<String> = plans.iter().map(|plan| fingerprint(&plan.live)).collect();
    let mut document = Document { head, digest: None, content: None, plans, others, lives: &lives, sources };
    document.content = Some(document.hash()?);
    // The digest comes before what it is made of, so the document is produced twice rather than kept.
    document.digest = Some(document.hash()?);
    match layout {
        Layout::Line => write_json(out, &document)?,
        Layout::Lines => write_json_lines(out, &document)?,
    }
    writeln!(out)
}

/// The hash of what `plans` say, whenever they were made: [`write_plans`] writes it into the document as `content`, and
/// other forms of the same plans name by it what they show.
///
/// It leaves out the moments of the run and the access that follows from the live side and the changes.
///
/// # Errors
/// None that memory does not have.
pub fn content(plans: &[Plan], others: WithoutPlan<'_>, sources: &Sources, head: Head<'_>) -> io::Result<String> {
    let lives: Vec<String> = plans.iter().map(|plan| fingerprint(&plan.live)).collect();
    Document { head, digest: None, content: None, plans, others, lives: &lives, sources }.hash()
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

struct Document<'a> {
    head: Head<'a>,
    /// The hash of the document without this member; `None` while it is made.
    digest: Option<String>,
    /// The hash of what the plans say; `None` while it is made. What is not said then is no part of it.
    content: Option<String>,
    plans: &'a [Plan],
    others: WithoutPlan<'a>,
    lives: &'a [String],
    sources: &'a Sources,
}

impl Document<'_> {
    /// The hash of the document as far as it is made.
    fn hash(&self) -> io::Result<String> {
        let mut hash = HashWriter(Sha256::new());
        write_json(&mut hash, self)?;
        Ok(named(hash.0))
    }
}

impl Serialize for Document<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Head { created_at, as_of, meta } = self.head;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("format", FORMAT)?;
        if let Some(content) = &self.content {
            map.serialize_entry("created_at", &created_at.to_string())?;
            map.serialize_entry("as_of", &as_of.to_string())?;
            if let Some(digest) = &self.digest {
                map.serialize_entry("digest", digest)?;
            }
            map.serialize_entry("content", content)?;
        }
        map.serialize_entry("meta", meta.entries())?;
        map.serialize_entry("orgs", &Orgs(self))?;
        let WithoutPlan { unplanned, unmanaged } = self.others;
        map.serialize_entry("unplanned", &Sequence(|| unplanned.iter().map(|org| org.as_str())))?;
        if !unmanaged.is_empty() {
            let left = || unmanaged.iter().map(|Unmanaged { key, id }| wire::Unmanaged { org: key, id: id.get() });
            map.serialize_entry("unmanaged", &Sequence(left))?;
        }
        let totals = wire::Totals { plans: summary(self.plans), unplanned: unplanned.len() };
        map.serialize_entry("summary", &totals)?;
        map.end()
    }
}

struct Orgs<'a>(&'a Document<'a>);

impl Serialize for Orgs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Document { plans, lives, sources, content, .. } = self.0;
        let mut seq = serializer.serialize_seq(Some(plans.len()))?;
        for (plan, live) in plans.iter().zip(*lives) {
            seq.serialize_element(&Org { plan, live, sources, is_content: content.is_none() })?;
        }
        seq.end()
    }
}

/// Written field by field in the order of [`wire::Org`], which the schema is made from.
struct Org<'a> {
    plan: &'a Plan,
    live: &'a str,
    sources: &'a Sources,
    /// Whether it is written to be compared with another run: without moments, and without what follows from the rest.
    is_content: bool,
}

impl Serialize for Org<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { plan, live, sources, is_content } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("org", plan.org.as_str())?;
        map.serialize_entry("id", &plan.live.organization.id.get())?;
        map.serialize_entry("backend", plan.backend)?;
        map.serialize_entry("live", live)?;
        if !is_content {
            map.serialize_entry("as_of", &plan.as_of.to_string())?;
        }
        map.serialize_entry(
            "changes",
            &Sequence(|| plan.changes.iter().map(|planned| change(plan, sources, planned))),
        )?;
        if !is_content {
            map.serialize_entry("access", &Access(plan))?;
        }
        map.serialize_entry("unread", &entries(&plan.live, |id| plan.project_label(id)))?;
        map.serialize_entry("kept", &Sequence(|| plan.kept.iter().map(|one| kept(plan, one))))?;
        map.serialize_entry("overrides", &Sequence(|| plan.overrides.iter().map(|one| overridden(sources, one))))?;
        let expiring = || plan.expiring.iter().map(|one| expiring_of(sources, one));
        map.serialize_entry("expiring", &Sequence(expiring))?;
        let policy = || plan.policy.findings.iter().map(|one| finding(one, sources));
        map.serialize_entry("policy", &Sequence(policy))?;
        map.serialize_entry("guards", &Sequence(|| plan.guards.iter().map(|finding| guard(sources, finding))))?;
        let Cost { requests, invitations, reads, time } = plan.cost;
        let cost = wire::Cost { requests, invitations, seconds: time.as_secs(), reads };
        map.serialize_entry("cost", &cost)?;
        map.serialize_entry("summary", &summary(std::slice::from_ref(plan)))?;
        if let Some(undoing) = &plan.undoing {
            map.serialize_entry("undo", &undo(plan, undoing))?;
        }
        if let Some(proposal) = &plan.proposal {
            map.serialize_entry("proposal", &Proposed { plan, proposal, sources })?;
        }
        map.end()
    }
}

fn undo<'a>(plan: &'a Plan, undoing: &'a Undoing) -> wire::Undo<'a> {
    let Undoing { run, began, by, commit, left, as_before, still_asked_for } = undoing;
    let lasting = plan.lasting().map(|lasting| match lasting {
        Lasting::Accepts(user) => wire::Lasting { what: "must_accept", user: Some(user.as_str()), team: None },
        Lasting::NewTeam(team) => wire::Lasting { what: "new_team", user: None, team: Some(team.as_str()) },
        Lasting::Mail(user) => wire::Lasting { what: "mail_sent", user: Some(user.as_str()), team: None },
    });
    let left = left.iter().map(|LeftAlone { change, why }| wire::LeftAlone {
        kind: change.kind().as_str(),
        user: change.user().map(|user| user.as_str()),
        project: change.project().map(|project| plan.project_label(project)),
        project_id: change.project().map(ProjectId::get),
        team: change.team().map(|team| team.as_str()),
        from: change.from_text(),
        to: change.to_text(),
        left_because: why,
    });
    wire::Undo {
        run,
        began: began.to_string(),
        by: by.as_deref(),
        commit: commit.as_deref(),
        left: left.collect(),
        lasting: lasting.collect(),
        as_before: *as_before,
        still_asked_for: *still_asked_for,
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

/// What really changes for people, one row for each user and project.
struct Access<'a>(&'a Plan);

impl Serialize for Access<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut sequence = serializer.serialize_seq(None)?;
        let effects = self.0.knows_base().then(|| Effects::of(self.0));
        for access in self.0.access_changes() {
            let origins = effects.as_ref().map(|effects| effects.origins(&access));
            for (place, row) in access.rows().enumerate() {
                let origins = origins.as_ref().and_then(|origins| origins.get(place));
                let names = |found: &Origins| {
                    let all =
                        Origin::ALL.into_iter().filter(|origin| *origin != Origin::Undo && found.contains(*origin));
                    all.map(Origin::as_str).collect()
                };
                sequence.serialize_element(&access_row(self.0, row, origins.map(names)))?;
            }
        }
        sequence.end()
    }
}

fn access_row<'a>(plan: &'a Plan, row: AccessChange<'a>, origins: Option<Vec<&'a str>>) -> wire::Access<'a> {
    let AccessChange { user, project, effect, before, after, pending, unread } = row;
    wire::Access {
        user: user.as_str(),
        project: plan.project_label(project),
        effect: effect.as_str(),
        before: before.iter().map(source).collect(),
        after: after.iter().map(source).collect(),
        pending,
        origins,
        at_least: unread.any().then_some(true),
    }
}

fn source<'a>(source: &AccessSource<'a>) -> wire::AccessSource<'a> {
    let team = match source.via {
        Via::Team(team) => Some(team.as_str()),
        Via::OrgRole | Via::Grant | Via::Everyone => None,
    };
    wire::AccessSource { role: source.role.as_str(), via: source.via.as_str(), team }
}

pub(in crate::render) fn place(sources: &Sources, span: Span) -> wire::Place<'_> {
    let position = sources.position(span);
    wire::Place { path: position.path, line: position.line, column: position.column }
}

fn change<'a>(plan: &'a Plan, sources: &'a Sources, planned: &'a PlannedChange) -> wire::Change<'a> {
    let PlannedChange { id, change, origin, why, source, note, channel, depends_on, escalation, status } = planned;
    let note = note.as_deref();
    let until = note.and_then(|note| note.window.until);
    wire::Change {
        id: id.to_string(),
        kind: change.kind().as_str(),
        user: change.user().map(|user| user.as_str()),
        project: change.project().map(|project| plan.project_label(project)),
        project_id: change.project().map(|project| project.get()),
        team: change.team().map(|team| team.as_str()),
        from: change.from_text(),
        to: change.to_text(),
        origin: origin.as_str(),
        why: why.as_str(),
        source: source.map(|span| place(sources, span)),
        until: until.map(|until| until.to_string()),
        ends_at: until.map(|until| until.at.to_string()),
        reason: note.and_then(|note| note.reason.as_deref()),
        ticket: note.and_then(|note| note.ticket.as_deref()),
        approved_by: note.map(|note| note.approved_by.iter().map(|email| email.as_str()).collect()).unwrap_or_default(),
        sponsor: note.and_then(|note| note.sponsor.as_ref()).map(|email| email.as_str()),
        channel: channel.as_str(),
        depends_on: depends_on.iter().map(ToString::to_string).collect(),
        escalation: *escalation,
        status: match status {
            ChangeStatus::Planned => "planned",
            ChangeStatus::Held => "held",
            ChangeStatus::Blocked => "blocked",
        },
    }
}

fn overridden<'a>(sources: &'a Sources, one: &'a Override) -> wire::Override<'a> {
    let Override { user: _, blocked, entry, place: declared } = one;
    wire::Override { entry: entry_of(entry), source: place(sources, *declared), blocked: place(sources, *blocked) }
}

/// What ends, as it stands in the documents of plans and of findings.
pub(in crate::render) fn expiring_of<'a>(sources: &'a Sources, one: &'a Expiring) -> wire::Expiring<'a> {
    let Expiring { state, entry, until, place: _, note } = one;
    let note = note.as_deref();
    wire::Expiring {
        state: state.as_str(),
        entry: entry_of(entry),
        until: until.to_string(),
        ends_at: until.at.to_string(),
        source: place(sources, until.place),
        reason: note.and_then(|note| note.reason.as_deref()),
        ticket: note.and_then(|note| note.ticket.as_deref()),
        approved_by: note.map(|note| note.approved_by.iter().map(|email| email.as_str()).collect()).unwrap_or_default(),
        sponsor: note.and_then(|note| note.sponsor.as_ref()).map(|email| email.as_str()),
    }
}

fn keys(projects: &[ProjectKey]) -> Vec<&str> {
    projects.iter().map(|key| key.as_str()).collect()
}

fn entry_of(entry: &Entry) -> wire::Entry<'_> {
    let nothing = wire::Entry {
        kind: "",
        user: None,
        team: None,
        projects: Vec::new(),
        role: None,
        missing: None,
        rule: None,
        removals: None,
        invites: None,
    };
    match entry {
        Entry::User(user, role) => wire::Entry { kind: "user", user: Some(user), role: Some(role.as_str()), ..nothing },
        Entry::Exception(rule) => wire::Entry { kind: "exception", rule: Some(rule), ..nothing },
        Entry::Waiver(removals, invites) => {
            wire::Entry { kind: "waiver", removals: Some(*removals), invites: Some(*invites), ..nothing }
        }
        Entry::Acceptance(observed, on) => wire::Entry {
            kind: "acceptance",
            user: observed.user().map(|user| user.as_str()),
            team: observed.team().map(|team| team.as_str()),
            projects: keys(on),
            role: observed.role(),
            missing: Some(observed.is_missing()),
            ..nothing
        },
        Entry::Member(team, user) => wire::Entry { kind: "team_member", user: Some(user), team: Some(team), ..nothing },
        Entry::TeamRole(team, on, role) => wire::Entry {
            kind: "team_role",
            team: Some(team),
            projects: keys(on),
            role: Some(role.as_str()),
            ..nothing
        },
        Entry::Grant(user, on, role) => {
            wire::Entry { kind: "grant", user: Some(user), projects: keys(on), role: Some(role.as_str()), ..nothing }
        }
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
        KeptWhy::MembersNotManaged => wire::Kept { why: "members_not_managed", ..what },
        KeptWhy::ScimManaged => wire::Kept { why: "scim_managed", ..what },
        KeptWhy::ServiceAccounts => wire::Kept { why: "service_accounts", ..what },
        KeptWhy::UnreadMembers => wire::Kept { why: "unread_members", ..what },
        KeptWhy::AwaitsProvider(team) => wire::Kept { why: "awaits_provider", renamed_to: Some(team), ..what },
        KeptWhy::AwaitsRename(user) => wire::Kept { why: "awaits_rename", renamed_to: Some(user), ..what },
        KeptWhy::AwaitsMove(user) => wire::Kept { why: "awaits_move", renamed_to: Some(user), ..what },
    }
}

fn guard<'a>(sources: &'a Sources, finding: &'a GuardFinding) -> wire::Guard<'a> {
    let GuardFinding { code, effect, message, place: written, held, examples } = finding;
    let effect = match effect {
        GuardEffect::Block => "block",
        GuardEffect::Hold => "hold",
        GuardEffect::Warn => "warn",
    };
    let source = written.map(|span| place(sources, span));
    wire::Guard { code: code.as_str(), message, effect, source, held: *held, examples }
}

fn summary(plans: &[Plan]) -> wire::Summary {
    let mut summary = wire::Summary::default();
    for totals in plans.iter().map(Plan::totals) {
        summary.changes += totals.changes;
        summary.invitations += totals.invitations;
        summary.removals += totals.removals;
        summary.escalations += totals.escalations;
        summary.manual += totals.manual;
        summary.held += totals.held;
        summary.blocked |= totals.blocked;
    }
    summary
}

/// Returns the JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(wire::Document<'static>).to_value()
}
