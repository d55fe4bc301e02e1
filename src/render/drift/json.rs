//! What somebody changed by hand, as JSON, version 1.
//!
//! The types are the promise to whoever reads the document; they only ever gain fields. `docs/drift.md` explains them and
//! `schema/drift.schema.json` is made from them.

mod write;

use std::borrow::Cow;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use self::write::{WriteOf, write_of};
use super::Report;
use super::words::{agreed, comes_with, sentence, subject_of, was};
use crate::change::ChangeKind;
use crate::desired::Observed;
use crate::drift::{Became, Difference, Drift, Gone, Numbers, Overdue, StaleInvitation};
use crate::plan::Origin;
use crate::render::json::{expiring_of, place, wire};
use crate::visible::write_json;

/// The value of `format`.
pub const FORMAT: &str = "accessctl.drift/1";

/// Writes what `report` holds as one document on one line.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_document(out: &mut dyn Write, report: Report<'_>) -> io::Result<()> {
    let Report { now, drifts, unchecked, .. } = report;
    let mut summary = Summary::default();
    for drift in drifts {
        summary.add(drift.numbers());
    }
    summary.unchecked = unchecked.len();
    summary.news = drifts.iter().any(|drift| drift.has_news) || !unchecked.is_empty();
    let document = Document {
        format: FORMAT,
        created_at: now.to_string(),
        orgs: drifts.iter().map(|drift| org(report, drift)).collect(),
        unchecked: unchecked.iter().map(|org| org.as_str()).collect(),
        write: report.rewriting.map(|rewriting| write_of(report, rewriting)),
        summary,
    };
    write_json(out, &document)?;
    writeln!(out)
}

/// Returns the JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<'static>).to_value()
}

fn org<'a>(report: Report<'a>, drift: &'a Drift) -> Org<'a> {
    let plan = &drift.plan;
    let mut summary = Summary::default();
    summary.add(drift.numbers());
    summary.news = drift.has_news;
    let shown = |found: &&Difference| found.accepted.is_none();
    let (unaccepted, accepted): (Vec<_>, Vec<_>) = drift.differences.iter().partition(shown);
    Org {
        org: plan.org.as_str(),
        id: plan.live.organization.id.get(),
        backend: plan.backend,
        as_of: plan.as_of.to_string(),
        last_run: drift.last_run.flatten().map(|at| at.to_string()),
        knows_last_apply: drift.knows_applied,
        drift: unaccepted.into_iter().map(|found| difference(report, drift, found)).collect(),
        accepted: accepted.into_iter().map(|found| difference(report, drift, found)).collect(),
        overdue: drift.overdue.iter().map(|one| overdue(report, drift, one)).collect(),
        gone: drift.gone.iter().map(|one| gone(drift, one)).collect(),
        invitations: drift.stale.iter().map(|one| invitation(drift, one)).collect(),
        expiring: drift.expiring.iter().map(|one| expiring_of(report.sources, one)).collect(),
        pending: drift.count_of(Origin::Pending),
        expiry: drift.count_of(Origin::Expiry),
        summary,
    }
}

fn difference<'a>(report: Report<'a>, drift: &'a Drift, found: &'a Difference) -> DifferenceOf<'a> {
    let plan = &drift.plan;
    let planned = found.change(plan);
    let note = planned.and_then(|planned| planned.note.as_deref());
    let changes = found.changes.iter().filter_map(|at| plan.changes.get(*at));
    let comes_with = comes_with(plan, found);
    DifferenceOf {
        fingerprint: &found.fingerprint,
        standing: found.standing.as_str(),
        text: sentence(drift, found),
        thing: thing(drift, &found.observed),
        agreed: planned.map(agreed).unwrap_or_default(),
        agreed_role: planned.and_then(|planned| planned.change.to_text()),
        missing_too: Some(comes_with).filter(|words| !words.is_empty()),
        why: planned.map_or("", |planned| planned.why.as_str()),
        source: planned.and_then(|planned| planned.source).map(|span| place(report.sources, span)),
        reason: note.and_then(|note| note.reason.as_deref()),
        ticket: note.and_then(|note| note.ticket.as_deref()),
        undone_by: changes.map(|planned| planned.change.kind().as_str()).collect(),
        external: found.external,
        environment: found.environment.as_deref(),
        escalation: escalation(drift, found),
        was_accepted: found.was_accepted,
        first_seen: found.first_seen.to_string(),
        absent_at: found.absent_at.map(|at| at.to_string()),
        could_have: CouldHave {
            owners: found.could_have.owners,
            admins: found.could_have.admins,
            of_project: found.could_have.of_project,
            examples: found.could_have.examples.iter().map(|user| user.as_str()).collect(),
        },
        accepted: accepted(report, found),
    }
}

fn escalation<'a>(drift: &'a Drift, found: &'a Difference) -> Option<Escalation<'a>> {
    found.raised.as_ref().map(|raised| Escalation {
        role: raised.rank.as_str(),
        of_organization: raised.of_organization,
        people: raised.people.len(),
        users: raised.first().map(|user| user.as_str()).collect(),
        projects: raised.first_projects.iter().map(|id| drift.plan.project_label(*id)).collect(),
    })
}

fn accepted<'a>(report: Report<'a>, found: &'a Difference) -> Option<AcceptedBy<'a>> {
    found.accepted.as_ref().map(|one| AcceptedBy {
        until: one.until.to_string(),
        ends_at: one.until.at.to_string(),
        reason: &one.reason,
        ticket: one.ticket.as_deref(),
        source: place(report.sources, one.place),
    })
}

fn overdue<'a>(report: Report<'a>, drift: &'a Drift, one: &'a Overdue) -> OverdueOf<'a> {
    let Overdue { found, until, is_late } = one;
    let planned = found.change(&drift.plan);
    let note = planned.and_then(|planned| planned.note.as_deref());
    OverdueOf {
        fingerprint: &found.fingerprint,
        standing: found.standing.as_str(),
        text: sentence(drift, found),
        thing: thing(drift, &found.observed),
        until: until.to_string(),
        ended_at: until.at.to_string(),
        late: *is_late,
        source: planned.and_then(|planned| planned.source).map(|span| place(report.sources, span)),
        reason: note.and_then(|note| note.reason.as_deref()),
        ticket: note.and_then(|note| note.ticket.as_deref()),
        undone_by: planned.map(|planned| planned.change.kind().as_str()).into_iter().collect(),
        external: found.external,
        environment: found.environment.as_deref(),
        escalation: escalation(drift, found),
        first_seen: found.first_seen.to_string(),
        accepted: accepted(report, found),
    }
}

fn thing<'a>(drift: &'a Drift, observed: &'a Observed) -> Thing<'a> {
    Thing {
        kind: observed.kind(),
        user: observed.user().map(|user| user.as_str()),
        team: observed.team().map(|team| team.as_str()),
        project: observed.project().map(|id| drift.plan.project_label(id)),
        project_id: observed.project().map(|id| id.get()),
        role: observed.role(),
        missing: observed.is_missing(),
    }
}

fn gone<'a>(drift: &'a Drift, Gone { seen, fingerprint, became }: &'a Gone) -> GoneOf<'a> {
    GoneOf {
        fingerprint,
        text: format!("{} {}", subject_of(&seen.observed), was(&drift.plan, &seen.observed)),
        thing: thing(drift, &seen.observed),
        first_seen: seen.first_seen.to_string(),
        because: match became {
            Became::Agreed => "agreed",
            Became::Changed => "changed",
            Became::Pending => "pending",
        },
    }
}

fn invitation<'a>(drift: &'a Drift, one: &'a StaleInvitation) -> Invitation<'a> {
    let role = drift.plan.live.users.get(&one.user).map(|user| user.role.as_str());
    Invitation { user: one.user.as_str(), role, invited_at: one.invited_at.to_string(), days: one.days }
}

/// What `accessctl drift --format json` tells, and what `--notify-command` gets.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "accessctl drift, version 1")]
struct Document<'a> {
    /// Name and version of this format.
    #[schemars(extend("const" = FORMAT))]
    format: &'a str,
    /// When the live side was looked at.
    #[schemars(extend("format" = "date-time"))]
    created_at: String,
    /// The organizations, in the order of their keys.
    orgs: Vec<Org<'a>>,
    /// Organizations that could not be looked at; the errors say why.
    unchecked: Vec<&'a str>,
    /// What `--write` made of the configuration; null without it.
    write: Option<WriteOf<'a>>,
    /// The numbers of all organizations together.
    summary: Summary,
}

/// What is not as agreed in one organization.
#[derive(Serialize, JsonSchema)]
struct Org<'a> {
    /// Its key in the configuration.
    org: &'a str,
    /// Its id on the service.
    id: u64,
    /// Where the live side was read.
    #[schemars(extend("enum" = ["local", "snapshot", "mixpanel"]))]
    backend: &'a str,
    /// The moment for which its configuration was read.
    #[schemars(extend("format" = "date-time"))]
    as_of: String,
    /// When the last run looked at it; null without `--state`, and for the first run.
    #[schemars(extend("format" = "date-time"))]
    last_run: Option<String>,
    /// Whether what was merged and not applied yet was told from what was changed by hand.
    knows_last_apply: bool,
    /// What somebody changed and nobody accepted, the gravest first.
    drift: Vec<DifferenceOf<'a>>,
    /// What somebody changed and the configuration accepts for a while.
    accepted: Vec<DifferenceOf<'a>>,
    /// What is over and still there, the earliest end first.
    overdue: Vec<OverdueOf<'a>>,
    /// What the last run told and is no difference any more.
    gone: Vec<GoneOf<'a>>,
    /// Invitations that nobody has accepted for long, the oldest first.
    invitations: Vec<Invitation<'a>>,
    /// What ends soon.
    expiring: Vec<wire::Expiring<'a>>,
    /// How many changes are agreed to and not applied yet.
    pending: usize,
    /// How many changes wait for the next apply because something declared is over.
    expiry: usize,
    /// The numbers of this organization.
    summary: Summary,
}

/// Something that the live side has otherwise than agreed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Difference")]
struct DifferenceOf<'a> {
    /// Its name: the same in every run, as long as the live side is like that.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    fingerprint: &'a str,
    /// What the last run knew of it; `found` without `--state`.
    #[schemars(extend("enum" = ["new", "still", "found"]))]
    standing: &'a str,
    /// All of it in one sentence.
    text: String,
    #[serde(flatten)]
    thing: Thing<'a>,
    /// What was agreed to instead, in words.
    agreed: String,
    /// The role, or the team's name, that was agreed to.
    agreed_role: Option<&'a str>,
    /// What is missing with it, in words.
    missing_too: Option<String>,
    /// Why the configuration wants it otherwise.
    #[schemars(extend("enum" = ["declared", "unlisted", "renamed", "expired", "not_yet", "blocked"]))]
    why: &'a str,
    /// Where the configuration says so.
    source: Option<wire::Place<'a>>,
    /// What people wrote there.
    reason: Option<&'a str>,
    /// The ticket that stands there.
    ticket: Option<&'a str>,
    /// The kinds of the changes by which `apply` would take it back.
    #[schemars(schema_with = "kinds")]
    undone_by: Vec<&'a str>,
    /// Whether somebody outside the organization's domains has something by it.
    external: bool,
    /// What the project is used for.
    environment: Option<&'a str>,
    /// Who is admin or owner by it; null where nobody is.
    escalation: Option<Escalation<'a>>,
    /// Whether it is new because it is not accepted any more: the last run knew it, and accepted.
    was_accepted: bool,
    /// When it was seen for the first time; without `--state`, now.
    #[schemars(extend("format" = "date-time"))]
    first_seen: String,
    /// The last time at which it was looked for and not there.
    #[schemars(extend("format" = "date-time"))]
    absent_at: Option<String>,
    /// Who may do such a thing, as the live side is now. Service accounts may, too, and are not counted.
    could_have: CouldHave<'a>,
    /// What accepts it; null where nothing does.
    accepted: Option<AcceptedBy<'a>>,
}

/// Access that is over and still there.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Overdue")]
struct OverdueOf<'a> {
    /// Its name: the same in every run, as long as the live side is like that.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    fingerprint: &'a str,
    /// What the last run knew of it; `found` without `--state`.
    #[schemars(extend("enum" = ["new", "still", "found"]))]
    standing: &'a str,
    /// All of it in one sentence.
    text: String,
    #[serde(flatten)]
    thing: Thing<'a>,
    /// The end as written: the last day, or the moment in UTC.
    until: String,
    /// The first moment at which it was over.
    #[schemars(extend("format" = "date-time"))]
    ended_at: String,
    /// Whether it has been over for more than a day: the exit status is 3 then, unless it is accepted.
    late: bool,
    /// Where the end is written.
    source: Option<wire::Place<'a>>,
    /// What people wrote there.
    reason: Option<&'a str>,
    /// The ticket that stands there.
    ticket: Option<&'a str>,
    /// The kinds of the changes by which `apply` takes it away.
    #[schemars(schema_with = "kinds")]
    undone_by: Vec<&'a str>,
    /// Whether somebody outside the organization's domains has something by it.
    external: bool,
    /// What the project is used for.
    environment: Option<&'a str>,
    /// Who is admin or owner by it; null where nobody is.
    escalation: Option<Escalation<'a>>,
    /// When it was told for the first time; without `--state`, now.
    #[schemars(extend("format" = "date-time"))]
    first_seen: String,
    /// What accepts it; null where nothing does.
    accepted: Option<AcceptedBy<'a>>,
}

/// One thing as the live side has it.
#[derive(Serialize, JsonSchema)]
struct Thing<'a> {
    /// What it is.
    #[schemars(extend("enum" = ["user", "team", "team_member", "team_role", "grant", "everyone"]))]
    kind: &'a str,
    /// The user.
    user: Option<&'a str>,
    /// The team.
    team: Option<&'a str>,
    /// The project: its key in the configuration, else its id.
    project: Option<Cow<'a, str>>,
    /// The id of the project.
    project_id: Option<u64>,
    /// The role that there is, in the organization or on the project.
    role: Option<&'a str>,
    /// Whether it is not there, although it was agreed to.
    missing: bool,
}

/// Who is admin or owner by a difference.
#[derive(Serialize, JsonSchema)]
struct Escalation<'a> {
    /// The strongest role.
    #[schemars(extend("enum" = ["owner", "admin"]))]
    role: &'a str,
    /// Whether it is the role in the organization, which reaches every project.
    of_organization: bool,
    /// How many people.
    people: usize,
    /// The first of them.
    users: Vec<&'a str>,
    /// The first of the projects.
    projects: Vec<Cow<'a, str>>,
}

/// Who could have made a difference.
#[derive(Serialize, JsonSchema)]
struct CouldHave<'a> {
    /// Owners of the organization.
    owners: usize,
    /// Admins of the organization.
    admins: usize,
    /// Others who manage the project.
    of_project: usize,
    /// The first of all these.
    examples: Vec<&'a str>,
}

/// An entry of `accept`.
#[derive(Serialize, JsonSchema)]
struct AcceptedBy<'a> {
    /// The end as written: the last day, or the moment in UTC.
    until: String,
    /// The first moment at which it does not count any more.
    #[schemars(extend("format" = "date-time"))]
    ends_at: String,
    /// Why.
    reason: &'a str,
    /// The ticket that asked for it.
    ticket: Option<&'a str>,
    /// Where it is written.
    source: wire::Place<'a>,
}

/// A difference of the last run that is none any more.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Gone")]
struct GoneOf<'a> {
    /// Its name.
    #[schemars(regex(pattern = r"^[0-9a-f]{16}$"))]
    fingerprint: &'a str,
    /// What it was, in one sentence.
    text: String,
    #[serde(flatten)]
    thing: Thing<'a>,
    /// When it was seen for the first time.
    #[schemars(extend("format" = "date-time"))]
    first_seen: String,
    /// Whether it is what is agreed to now, the live side has changed, or it is still so and waits for the next apply.
    #[schemars(extend("enum" = ["agreed", "changed", "pending"]))]
    because: &'a str,
}

/// An invitation that nobody has accepted for long.
#[derive(Serialize, JsonSchema)]
struct Invitation<'a> {
    /// Who is invited.
    user: &'a str,
    /// The role in the organization.
    role: Option<&'a str>,
    /// When the latest invitation was sent.
    #[schemars(extend("format" = "date-time"))]
    invited_at: String,
    /// How many whole days ago that is.
    days: i64,
}

/// The numbers.
#[derive(Default, Serialize, JsonSchema)]
struct Summary {
    /// Differences that nobody accepted: `new`, `still` and `found` together.
    drift: usize,
    /// Those that the last run did not tell.
    new: usize,
    /// Those that it told.
    still: usize,
    /// Those of a run without `--state`.
    found: usize,
    /// Differences that are accepted.
    accepted: usize,
    /// What is over, still there, and accepted by nobody.
    overdue: usize,
    /// Differences of the last run that are none any more.
    gone: usize,
    /// Differences that nobody accepted and by which somebody is admin or owner.
    escalations: usize,
    /// People who are admin or owner by these; of each organization whoever is it by several counts once.
    risen: usize,
    /// Differences that nobody accepted and by which an external has something.
    external: usize,
    /// Invitations that nobody has accepted for long.
    invitations: usize,
    /// What ends soon.
    expiring: usize,
    /// Organizations that could not be looked at.
    unchecked: usize,
    /// Whether there is anything that the last run did not tell; without `--state`, anything to tell.
    news: bool,
}

impl Summary {
    fn add(&mut self, numbers: Numbers) {
        let Numbers {
            unaccepted,
            new,
            still,
            found,
            accepted,
            overdue,
            gone,
            escalations,
            risen,
            external,
            stale_invitations,
            expiring,
            pending: _,
            expiry: _,
        } = numbers;
        self.drift += unaccepted;
        self.new += new;
        self.still += still;
        self.found += found;
        self.accepted += accepted;
        self.overdue += overdue;
        self.gone += gone;
        self.escalations += escalations;
        self.risen += risen;
        self.external += external;
        self.invitations += stale_invitations;
        self.expiring += expiring;
    }
}

fn kinds(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let _ = generator;
    let names = ChangeKind::ALL.map(ChangeKind::as_str);
    schemars::json_schema!({ "type": "array", "items": { "type": "string", "enum": names } })
}
