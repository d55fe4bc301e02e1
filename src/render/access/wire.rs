//! What `explain` and `who-can` promise to readers of their JSON: their common types.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Serialize;

use crate::access::Via;
use crate::desired::{self, LapseWhy};
use crate::grounds::{self, Compared, Ground, Mark, Standing, View};
use crate::model::{Email, OrgRole, ProjectRole, Status};
use crate::source::{Sources, Span};

/// A place in the configuration.
#[derive(Serialize, JsonSchema)]
pub(super) struct Place<'a> {
    /// The file.
    path: &'a str,
    /// The line, from 1.
    line: usize,
    /// The column in characters, from 1.
    column: usize,
}

impl<'a> Place<'a> {
    pub(super) fn new(span: Span, sources: &'a Sources) -> Self {
        let position = sources.position(span);
        Self { path: position.path, line: position.line, column: position.column }
    }
}

/// A fact of the configuration that access rests on.
#[derive(Serialize, JsonSchema)]
pub(super) struct Fact<'a> {
    /// What it is.
    #[schemars(extend("enum" = ["member", "team_role", "grant", "everyone", "user"]))]
    kind: &'a str,
    /// Where it is written.
    source: Place<'a>,
}

impl<'a> Fact<'a> {
    fn new(ground: Ground<'_>, sources: &'a Sources) -> Self {
        Self { kind: ground.kind.as_str(), source: Place::new(ground.place, sources) }
    }
}

/// A user as both sides know them.
#[derive(Serialize, JsonSchema)]
pub(super) struct Person<'a> {
    /// The e-mail address.
    email: &'a str,
    /// The name, where the configuration has it.
    name: Option<&'a str>,
    /// The org role; the live one where the configuration has none.
    org_role: Option<&'a str>,
    /// The org role on the live side, where that was read.
    live_org_role: Option<&'a str>,
    /// Whether they have joined; `null` where the live side was not read or does not have them.
    #[schemars(extend("enum" = ["active", "invited", null]))]
    status: Option<&'a str>,
    /// Whether they are outside the organization's domains; `null` where none are declared.
    external: Option<bool>,
    /// When they were last seen, where the backend knows.
    #[schemars(extend("format" = "date-time"))]
    last_active: Option<String>,
    /// Whether they are declared; `null` where the configuration does not look after users.
    declared: Option<bool>,
    /// Where they are declared.
    source: Option<Place<'a>>,
    /// The address that they are declared under, where this is an earlier one.
    now: Option<&'a str>,
    /// Why they are to have nothing at the moment: blocked, declared or not, or not within their time.
    lapse: Option<Lapse<'a>>,
}

impl<'a> Person<'a> {
    pub(super) fn new(
        view: View<'a>,
        user: &'a Email,
        person: &grounds::Person<'a>,
        live_role: Option<&'a OrgRole>,
        sources: &'a Sources,
    ) -> Self {
        Self {
            email: user.as_str(),
            name: person.name,
            org_role: person.role.map(|role| role.as_str()),
            live_org_role: live_role.map(|role| role.as_str()),
            status: person.status.map(status),
            external: view.desired.is_external(user),
            last_active: person.last_active.map(|seen| seen.to_string()),
            declared: match person.standing {
                Standing::Declared => Some(true),
                Standing::Renamed { .. } | Standing::NotDeclared => Some(false),
                Standing::NotManaged => None,
            },
            source: person.entry.map(|entry| Place::new(entry.place, sources)),
            now: match person.standing {
                Standing::Renamed { now, .. } => Some(now.as_str()),
                Standing::Declared | Standing::NotDeclared | Standing::NotManaged => None,
            },
            lapse: person.lapse.map(|lapse| Lapse::new(&lapse, None, sources)),
        }
    }
}

/// The name of a status.
pub(in crate::render) fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Invited { .. } => "invited",
    }
}

/// One source of a user's access to one project.
#[derive(Serialize, JsonSchema)]
pub(super) struct Access<'a> {
    /// The project: its key in the configuration, else its id.
    project: Cow<'a, str>,
    /// The project's id.
    project_id: u64,
    /// The project's name.
    project_name: Option<&'a str>,
    /// What the project is used for.
    environment: Option<&'a str>,
    /// The role; the live one where only the live side gives it.
    role: &'a str,
    /// What gives it.
    #[schemars(extend("enum" = ["org_role", "team", "grant", "everyone"]))]
    via: &'a str,
    /// The team, where a team gives it.
    team: Option<&'a str>,
    /// The team's name on the live side, where that is another one.
    live_team: Option<&'a str>,
    /// How the configuration and the live side differ in it. On the live side only are `live_only`, `blocked`, `over` and
    /// `not_yet`, which go, and `kept`, which stays. `null` where the live side was not read.
    #[schemars(extend("enum" = [
        "same", "desired_only", "live_only", "blocked", "over", "not_yet", "kept", "other_role", null
    ]))]
    difference: Option<&'a str>,
    /// Why the configuration does not give what the live side gives, where it says so.
    lapse: Option<Lapse<'a>>,
    /// The role that the live side gives by this source.
    live_role: Option<&'a str>,
    /// Since when it is given, as far as the configuration says.
    #[schemars(extend("format" = "date-time"))]
    since: Option<String>,
    /// When it ends: with the first of its facts that does.
    #[schemars(extend("format" = "date-time"))]
    until: Option<String>,
    /// Why, as the nearest of the facts says it.
    reason: Option<&'a str>,
    /// The ticket that asked for it.
    ticket: Option<&'a str>,
    /// Who approved it.
    approved_by: Vec<&'a str>,
    /// Who answers for the person.
    sponsor: Option<&'a str>,
    /// The facts that it rests on, what is nearest first; all of them are needed. None where nothing of it is declared.
    facts: Vec<Fact<'a>>,
}

impl<'a> Access<'a> {
    pub(super) fn new(view: View<'a>, row: &Compared<'a>, sources: &'a Sources) -> Option<Self> {
        let access = row.shown()?;
        let project = access.project;
        // What the configuration gives is told by its facts alone, whatever the live side has.
        let (since, until) = match row.desired {
            Some(desired) => (desired.since(), desired.until()),
            None => (row.since(), row.until()),
        };
        let told = match row.desired {
            Some(desired) => Compared::of_desired(desired, row.mark),
            None => *row,
        };
        let lapsed_role = row.lapsed.map(|access| access.source.role);
        Some(Self {
            project: view.project_label(project),
            project_id: project.get(),
            project_name: view.project_name(project),
            environment: view.environment(project),
            role: access.source.role.as_str(),
            via: access.source.via.as_str(),
            team: match access.source.via {
                Via::Team(team) => Some(team.as_str()),
                Via::OrgRole | Via::Grant | Via::Everyone => None,
            },
            live_team: row.live_team.map(|name| name.as_str()),
            difference: view.live.map(|_| row.mark.as_str()),
            lapse: row.lapse.map(|lapse| Lapse::new(&lapse, lapsed_role, sources)),
            live_role: row.live.map(|access| access.source.role.as_str()),
            since: since.map(|since| since.at.to_string()),
            until: until.map(|until| until.at.to_string()),
            reason: told.noted(|note| note.reason.as_deref()),
            ticket: told.noted(|note| note.ticket.as_deref()),
            approved_by: told.approved_by().iter().map(|email| email.as_str()).collect(),
            sponsor: told.noted(|note| note.sponsor.as_ref()).map(|email| email.as_str()),
            facts: row
                .declared()
                .iter()
                .flat_map(|access| access.grounds())
                .map(|own| Fact::new(own, sources))
                .collect(),
        })
    }
}

/// A source of access that is declared and not given at the moment.
#[derive(Serialize, JsonSchema)]
pub(super) struct Lapsed<'a> {
    /// The source.
    access: Access<'a>,
    /// Why it is not given.
    #[schemars(extend("enum" = ["blocked", "over", "not_yet"]))]
    why: &'a str,
    /// The line that says so.
    source: Place<'a>,
}

impl<'a> Lapsed<'a> {
    pub(super) fn new(view: View<'a>, access: &grounds::Access<'a>, sources: &'a Sources) -> Option<Self> {
        let lapse = access.lapse?;
        let row = Compared::of_desired(*access, Mark::DesiredOnly);
        let source = Place::new(lapse.place, sources);
        Some(Self { access: Access::new(view, &row, sources)?, why: why(lapse.why), source })
    }
}

fn why(why: LapseWhy) -> &'static str {
    match why {
        LapseWhy::Blocked => "blocked",
        LapseWhy::Over => "over",
        LapseWhy::NotYet => "not_yet",
    }
}

/// Why something is not given at the moment.
#[derive(Serialize, JsonSchema)]
pub(super) struct Lapse<'a> {
    /// Why.
    #[schemars(extend("enum" = ["blocked", "over", "not_yet"]))]
    why: &'a str,
    /// The role that is declared, where one is; the live side may give another.
    role: Option<&'a str>,
    /// The line that says so.
    source: Place<'a>,
}

impl<'a> Lapse<'a> {
    fn new(lapse: &desired::Lapse<'_>, role: Option<&'a ProjectRole>, sources: &'a Sources) -> Self {
        Self { why: why(lapse.why), role: role.map(ProjectRole::as_str), source: Place::new(lapse.place, sources) }
    }
}
