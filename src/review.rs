//! Which access is to be reviewed: every user with every source of access, narrowed by what somebody asks for.
//!
//! People are worked out one after another: a large organization has a million rows.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::access::{Ranks, Via, is_at_least};
use crate::grounds::{Access, Compared, Mark, Person, Scope, Sides, View};
use crate::model::{Email, ProjectRole, TeamName};

/// What is left out of a review: everything that does not meet all of this.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only users outside the organization's domains.
    pub external: bool,
    /// Only access that lets somebody do at least what this role does.
    pub role_at_least: Option<ProjectRole>,
    /// Only projects of this environment.
    pub environment: Option<String>,
    /// Only access through this team, called by its name or by its key in the configuration.
    pub team: Option<String>,
    /// Only access that ends within this time.
    pub expiring_within: Option<SignedDuration>,
}

impl Filter {
    /// Whether it leaves nothing out.
    pub fn is_open(&self) -> bool {
        let Self { external, role_at_least, environment, team, expiring_within } = self;
        !external && role_at_least.is_none() && environment.is_none() && team.is_none() && expiring_within.is_none()
    }
}

/// The review of one organization: of the live side where it was read, else of what is declared.
#[derive(Debug)]
pub struct Review<'a> {
    /// The organization.
    pub view: View<'a>,
    /// What is left out.
    pub filter: &'a Filter,
    sides: Sides<'a>,
    ranks: Ranks,
    /// The name of the team that the filter asks for.
    team: Option<&'a TeamName>,
}

/// One user with the access that is reviewed.
#[derive(Debug)]
pub struct Reviewed<'a> {
    /// Who.
    pub user: &'a Email,
    /// What is known of them; the org role is that of the side that is reviewed.
    pub person: Person<'a>,
    /// Whether they are outside the organization's domains; `None` where none are declared.
    pub external: Option<bool>,
    /// The sources of their access that the filter takes, by project.
    pub rows: Vec<Compared<'a>>,
    /// Whether they are users of the side that is reviewed.
    pub is_user: bool,
    /// Whether they have any access at all on that side, whatever the filter takes.
    pub has_access: bool,
}

/// Whether a row is of the side that is reviewed: what is not applied yet is no access on the live side.
fn is_real(row: &Compared<'_>) -> bool {
    row.mark != Mark::DesiredOnly
}

/// The role that is reviewed: that of the live side where it was read, unless only the configuration gives it.
pub fn role<'a>(row: &Compared<'a>) -> Option<&'a ProjectRole> {
    row.found().map(|access| access.source.role)
}

/// The team called `text` on either side, by its name or its key. One that is renamed is called by its declared name.
pub fn team_called<'a>(view: View<'a>, text: &str) -> Option<&'a TeamName> {
    let declared = view.desired.teams.iter();
    let by_key = || declared.clone().find(|(_, team)| team.key == text).map(|(name, _)| name);
    let live = || {
        let name = view.live?.teams.keys().find(|name| name.as_str() == text)?;
        Some(view.sides(Scope { user: None, project: None }).declared_name(name))
    };
    declared.clone().map(|(name, _)| name).find(|name| name.as_str() == text).or_else(by_key).or_else(live)
}

impl<'a> Review<'a> {
    /// The review of the organization, as far as `filter` asks for it.
    pub fn new(view: View<'a>, filter: &'a Filter) -> Self {
        let team = filter.team.as_deref().and_then(|text| team_called(view, text));
        Self { view, filter, sides: view.sides(Scope::default()), ranks: view.desired.ranks(), team }
    }

    /// Every user, in order, also those without any access that the filter takes.
    pub fn people(&self) -> impl Iterator<Item = Reviewed<'a>> {
        self.sides.users().into_iter().filter_map(|user| {
            let mut person = self.sides.person(user)?;
            let live = self.sides.live.as_ref().map(|side| side.person(user));
            if let Some(Some(live)) = live {
                person.role = live.role;
            }
            let is_user = live.is_none_or(|live| live.is_some());
            let external = self.view.desired.is_external(user);
            let mut rows = self.sides.access(user);
            let has_access = rows.iter().any(is_real);
            let is_asked_for = !self.filter.external || external == Some(true);
            rows.retain(|row| is_asked_for && self.takes(row));
            Some(Reviewed { user, person, external, rows, is_user, has_access })
        })
    }

    fn takes(&self, row: &Compared<'a>) -> bool {
        let Some(access) = row.shown() else { return false };
        let Filter { external: _, role_at_least, environment, team, expiring_within } = self.filter;
        let gives = |access: &Access<'_>, wanted: &ProjectRole| {
            is_at_least(&self.ranks, access.project, access.source.role, wanted)
        };
        let sides = || row.desired.iter().chain(&row.live);
        role_at_least.as_ref().is_none_or(|wanted| sides().any(|access| gives(access, wanted)))
            && environment.as_deref().is_none_or(|wanted| self.view.environment(access.project) == Some(wanted))
            && expiring_within.is_none_or(|within| self.ends_within(row, within))
            && team.as_ref().is_none_or(|_| self.team.is_some_and(|name| access.source.via == Via::Team(name)))
    }

    /// Whether it ends within the time, or has ended and is there all the same.
    fn ends_within(&self, row: &Compared<'_>, within: SignedDuration) -> bool {
        let horizon = self.view.as_of.checked_add(within).unwrap_or(Timestamp::MAX);
        let declared = row.desired.and_then(|access| access.until());
        row.until().into_iter().chain(declared).any(|until| until.at <= horizon)
    }

    /// The numbers of the review.
    pub fn totals(&self) -> Totals<'a> {
        let mut totals = Totals::default();
        for reviewed in self.people() {
            totals.add(&reviewed);
        }
        totals
    }
}

/// The numbers of a review.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals<'a> {
    /// Users of the organization, on the side that is reviewed.
    pub users: usize,
    /// Those of them without any access.
    pub without_access: usize,
    /// Those with access that the filter takes; the numbers below are of them.
    pub reviewed: usize,
    /// People with rows of whom none is of the side that is reviewed: what they are to have is not applied yet.
    pub planned: usize,
    /// External users.
    pub external: usize,
    /// Users who have not joined.
    pub invited: usize,
    /// Rows of the side that is reviewed: a user, a project and a source.
    pub rows: usize,
    /// Rows by role.
    pub roles: BTreeMap<&'a ProjectRole, usize>,
    /// Rows by source: `org_role`, `team`, `grant` or `everyone`.
    pub sources: BTreeMap<&'static str, usize>,
    /// Rows in which the two sides differ, by how.
    pub differences: BTreeMap<Mark, usize>,
}

impl<'a> Totals<'a> {
    /// Counts one user.
    pub fn add(&mut self, reviewed: &Reviewed<'a>) {
        self.users += usize::from(reviewed.is_user);
        self.without_access += usize::from(reviewed.is_user && !reviewed.has_access);
        for row in reviewed.rows.iter().filter(|row| row.mark != Mark::Same) {
            *self.differences.entry(row.mark).or_default() += 1;
        }
        if !reviewed.rows.iter().any(is_real) {
            self.planned += usize::from(!reviewed.rows.is_empty());
            return;
        }
        self.reviewed += 1;
        self.external += usize::from(reviewed.external == Some(true));
        self.invited += usize::from(reviewed.person.status.is_some_and(crate::model::Status::is_invited));
        for row in reviewed.rows.iter().filter(|row| is_real(row)) {
            self.rows += 1;
            if let Some(role) = role(row) {
                *self.roles.entry(role).or_default() += 1;
            }
            if let Some(access) = row.shown() {
                *self.sources.entry(access.source.via.as_str()).or_default() += 1;
            }
        }
    }
}
