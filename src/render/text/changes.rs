//! The changes of a plan, grouped by what they are about and put into plain words.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::effects::Effects;
use super::renamed::Renamed;
use super::rows::{Row, Sign};
use super::words::{count, list, with_article};
use crate::change::Change;
use crate::desired::{Note, Window};
use crate::lookup::NameTable;
use crate::model::{BuiltInRole, Email, OrgRole, ProjectId, ProjectRole, State, Team, TeamName};
use crate::plan::{Channel, Plan, PlannedChange, Proposal, Why};
use crate::render::{visible, visible_name};
use crate::source::Sources;

/// What a group of changes is about, in the order in which groups are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Topic<'a> {
    Users,
    Team(&'a TeamName),
    Grants,
    Everyone,
}

/// The changes about one thing, in the order of the plan; grants in the order of users.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) topic: Topic<'a>,
    pub(crate) changes: Vec<&'a PlannedChange>,
}

impl Group<'_> {
    /// The heading.
    pub(crate) fn title(&self) -> String {
        match self.topic {
            Topic::Users => "Users".to_owned(),
            Topic::Team(team) => team_name("Team", team),
            Topic::Grants => "Individual grants".to_owned(),
            Topic::Everyone => "Everyone in the organization".to_owned(),
        }
    }
}

/// Sorts the changes of `plan` into groups.
pub(crate) fn group<'a>(changes: impl Iterator<Item = &'a PlannedChange>) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut places: BTreeMap<Topic<'_>, usize> = BTreeMap::new();
    // Changes of one stage stand together by what they are about.
    let mut current = None;
    for planned in changes {
        let topic = topic(&planned.change);
        let place = match current {
            Some((known, place)) if known == topic => place,
            Some(_) | None => *places.entry(topic).or_insert_with(|| {
                groups.push(Group { topic, changes: Vec::new() });
                groups.len() - 1
            }),
        };
        current = Some((topic, place));
        groups[place].changes.push(planned);
    }
    groups.sort_unstable_by_key(|group| group.topic);
    if let Some(grants) = groups.iter_mut().find(|group| group.topic == Topic::Grants) {
        grants.changes.sort_by_key(|planned| (planned.change.user(), planned.change.project(), planned.id));
    }
    groups
}

fn topic(change: &Change) -> Topic<'_> {
    match change {
        Change::InviteUser { .. }
        | Change::SetOrgRole { .. }
        | Change::CancelInvite { .. }
        | Change::RemoveUser { .. } => Topic::Users,
        Change::CreateTeam { team }
        | Change::RenameTeam { to: team, .. }
        | Change::DeleteTeam { team }
        | Change::AddTeamMember { team, .. }
        | Change::RemoveTeamMember { team, .. }
        | Change::SetTeamRole { team, .. }
        | Change::RemoveTeamRole { team, .. } => Topic::Team(team),
        Change::SetGrant { .. } | Change::RemoveGrant { .. } => Topic::Grants,
        Change::SetEveryone { .. } | Change::RemoveEveryone { .. } => Topic::Everyone,
    }
}

/// Whether a change adds, alters or takes.
pub(crate) fn sign(change: &Change) -> Sign {
    match change {
        Change::InviteUser { .. }
        | Change::CreateTeam { .. }
        | Change::AddTeamMember { .. }
        | Change::SetTeamRole { from: None, .. }
        | Change::SetGrant { from: None, .. }
        | Change::SetEveryone { from: None, .. } => Sign::Add,
        Change::SetOrgRole { .. }
        | Change::RenameTeam { .. }
        | Change::SetTeamRole { from: Some(_), .. }
        | Change::SetGrant { from: Some(_), .. }
        | Change::SetEveryone { from: Some(_), .. } => Sign::Change,
        Change::CancelInvite { .. }
        | Change::RemoveUser { .. }
        | Change::DeleteTeam { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveEveryone { .. } => Sign::Remove,
    }
}

/// The order in which changes are kept when a list is folded: those that a reviewer must not miss come first.
///
/// That is, by what it is: who becomes owner, who becomes admin, strong users who go, what else goes, the rest; then the
/// one that concerns more people.
pub(crate) fn weight(plan: &Plan, found: &Effects<'_>, planned: &PlannedChange) -> (u8, Reverse<usize>) {
    if let Some(raise) = found.raise(planned.id) {
        return (u8::from(raise.rank < BuiltInRole::Owner), Reverse(raise.people));
    }
    match &planned.change {
        Change::CancelInvite { user } | Change::RemoveUser { user } => {
            let is_strong = plan.live.users.get(user).is_some_and(|found| found.role.manages());
            (if is_strong { 2 } else { 3 }, Reverse(0))
        }
        Change::RemoveTeamRole { .. } | Change::RemoveEveryone { .. } | Change::DeleteTeam { .. } => {
            (3, Reverse(found.rows(&planned.change)))
        }
        Change::RemoveTeamMember { .. } | Change::RemoveGrant { .. } => (3, Reverse(0)),
        Change::SetTeamRole { .. } | Change::SetEveryone { .. } => (4, Reverse(found.rows(&planned.change))),
        Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::InviteUser { .. }
        | Change::SetOrgRole { .. }
        | Change::AddTeamMember { .. }
        | Change::SetGrant { .. } => (4, Reverse(0)),
    }
}

/// What the rows of a plan are made from.
#[derive(Debug)]
pub(crate) struct Reading<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) sources: &'a Sources,
    pub(crate) found: &'a Effects<'a>,
    pub(crate) verbose: bool,
    /// The plan that holds what is proposed, where it is that.
    whole: Option<(&'a Plan, &'a Proposal)>,
    /// The state that has what goes with users and teams.
    removed_from: &'a State,
    /// The names of teams before the plan, by the name after it.
    old_teams: BTreeMap<&'a TeamName, &'a TeamName>,
    renamed: Renamed<'a>,
    /// In how many teams those are who go.
    memberships: NameTable<'a, usize>,
}

impl<'a> Reading<'a> {
    pub(crate) fn new(plan: &'a Plan, sources: &'a Sources, found: &'a Effects<'a>, verbose: bool) -> Self {
        let old_teams = plan.team_renames.iter().map(|(from, to)| (to, from)).collect();
        let renamed = Renamed::new(plan);
        let memberships = memberships(plan, &plan.live);
        Self { plan, sources, found, verbose, whole: None, removed_from: &plan.live, old_teams, renamed, memberships }
    }

    /// The same for `proposal`, which is proposed by `whole`. What goes with a user or a team is told as the live side has it.
    pub(crate) fn of_proposal(mut self, whole: &'a Plan, proposal: &'a Proposal) -> Self {
        self.memberships = memberships(self.plan, &whole.live);
        let renamed = self.renamed.of_proposal(&whole.live);
        Self { whole: Some((whole, proposal)), removed_from: &whole.live, renamed, ..self }
    }

    /// The team that is called `name` after the plan's renames, as it is on the live side.
    fn live_team(&self, name: &'a TeamName) -> Option<&'a Team> {
        self.plan.live.teams.get(self.old_teams.get(name).copied().unwrap_or(name))
    }

    /// Whether a change need not be done, since the live side is so already.
    fn is_already(&self, planned: &PlannedChange) -> bool {
        self.whole.is_some_and(|(_, proposal)| proposal.already.contains(&planned.id))
    }

    /// What the live side has of what a change is about, where that is otherwise than the change presupposes.
    fn live_now(&self, planned: &PlannedChange) -> Option<String> {
        let (whole, proposal) = self.whole?;
        if let Some(old) = proposal.earlier_lacks.get(&planned.id) {
            let has = match (&planned.change, whole.earlier_has(&planned.change, old)) {
                (Change::AddTeamMember { .. }, None) => Cow::Borrowed("not in the team"),
                (Change::AddTeamMember { .. }, Some(_)) => Cow::Borrowed("in the team"),
                (_, None) => Cow::Borrowed("nothing"),
                (_, Some(role)) => visible_name(role),
            };
            return Some(format!("{} live now: {has}", visible(old)));
        }
        let ours = whole.counterpart(planned.id).filter(|_| proposal.overtaken.contains(&planned.id))?;
        if let Change::DeleteTeam { team } = &ours.change {
            let found = whole.live.teams.get(team)?;
            let (members, roles) = (count(found.members.len(), "member"), count(found.roles.len(), "project role"));
            return Some(format!("live now: {members} and {roles}, not as the base says"));
        }
        let role = whole.before(&ours.change).map_or(Cow::Borrowed("nothing"), visible_name);
        Some(format!("live now: {role}"))
    }

    /// The row of one change.
    pub(crate) fn row(&self, planned: &'a PlannedChange) -> Row {
        let change = &planned.change;
        let window = planned.note.as_deref().map(|note| note.window).unwrap_or_default();
        let Window { from, until } = window;
        let mut facts = Vec::new();
        if self.verbose {
            facts.push(planned.id.to_string());
        }
        let live_now = self.live_now(planned);
        let is_as_said = live_now.is_none();
        if self.is_already(planned) {
            facts.push("so already".to_owned());
        } else {
            facts.extend(live_now);
            match planned.channel {
                Channel::Api => {}
                Channel::Scim => facts.push("by SCIM".to_owned()),
                Channel::Manual => facts.push("by hand".to_owned()),
            }
        }
        match planned.why {
            Why::Declared => facts.extend(self.renamed.takes_along(change)),
            Why::Undone => {}
            Why::Unlisted => facts.push(self.renamed.gone(change).unwrap_or_else(|| "not listed".to_owned())),
            Why::Renamed => facts.extend(self.renamed.text(change)),
            Why::Expired => facts.push(until.map_or("ended".to_owned(), |until| format!("ended {until}"))),
            Why::NotYet => facts.push(from.map_or("not yet".to_owned(), |from| format!("not before {from}"))),
            Why::Blocked => facts.push("blocked".to_owned()),
        }
        if let Some(until) = until.filter(|_| sign(change) != Sign::Remove) {
            facts.push(format!("until {until}"));
        }
        let raise = self.found.raise(planned.id);
        // Without effect as compared with the base it may have one on the live side.
        if let Some(fact) = without_effect(change).filter(|_| is_as_said && raise.is_none_or(|raise| !raise.is_partial))
            && self.found.rows(&planned.change) == 0
            && !self.takes_more(change)
        {
            facts.push(format!("{fact}{}", self.as_far(change)));
        }
        if self.verbose && !planned.depends_on.is_empty() {
            let ids: Vec<String> = planned.depends_on.iter().map(ToString::to_string).collect();
            facts.push(format!("after {}", list(&ids)));
        }
        Row {
            sign: sign(change),
            subject: self.subject(change),
            action: self.action(planned),
            alarm: raise.map(|raise| format!("ESCALATION: {}", raise.text(self.plan, change))),
            facts: if facts.is_empty() { String::new() } else { format!("({})", facts.join("; ")) },
            reason: planned.note.as_deref().map(reason).unwrap_or_default(),
            place: planned.source.map(|span| place(self.sources, span)).unwrap_or_default(),
        }
    }

    /// Added to what is said of nobody's access, where something unknown may give some.
    fn as_far(&self, change: &Change) -> &'static str {
        let live = &self.plan.live;
        let role = change.user().and_then(|user| live.users.get(user)).map(|found| &found.role);
        let is_hidden = live.unread.hides_access() || role.is_some_and(|role| !role.is_known());
        if is_hidden { " as far as is known" } else { "" }
    }

    fn subject(&self, change: &'a Change) -> String {
        match change {
            Change::InviteUser { user, .. }
            | Change::SetOrgRole { user, .. }
            | Change::CancelInvite { user }
            | Change::RemoveUser { user }
            | Change::AddTeamMember { user, .. }
            | Change::RemoveTeamMember { user, .. }
            | Change::SetGrant { user, .. }
            | Change::RemoveGrant { user, .. } => visible(user).into_owned(),
            Change::CreateTeam { .. } | Change::RenameTeam { .. } | Change::DeleteTeam { .. } => "the team".to_owned(),
            Change::SetTeamRole { team, .. } => {
                members(self.plan.target.teams.get(team), self.plan.target.unread.members_of(team))
            }
            Change::RemoveTeamRole { team, .. } => members(self.live_team(team), 0),
            Change::SetEveryone { .. } | Change::RemoveEveryone { .. } => "everyone".to_owned(),
        }
    }

    fn action(&self, planned: &'a PlannedChange) -> String {
        let plan = self.plan;
        match &planned.change {
            Change::InviteUser { role, .. } if planned.channel == Channel::Scim && !self.is_already(planned) => {
                format!("make {} at once, without a mail", with_article(&org_role(role)))
            }
            Change::InviteUser { user, role } if joins_at_once(plan, user) => {
                format!("make {}", with_article(&org_role(role)))
            }
            Change::InviteUser { role, .. } => format!("invite as {}", org_role(role)),
            Change::SetOrgRole { from, to, .. } => format!("org role {} -> {}", org_role(from), org_role(to)),
            Change::CancelInvite { user } => {
                let role = strong_role(plan, user).map_or(String::new(), |role| format!(" as {role}"));
                format!("cancel the invitation{role}{}", self.implied(user))
            }
            Change::RemoveUser { user } => {
                let role = strong_role(plan, user).map_or(String::new(), |role| format!(" the {role}"));
                format!("remove{role}{}", self.implied(user))
            }
            Change::CreateTeam { .. } => "is created".to_owned(),
            Change::RenameTeam { from, .. } => format!("is renamed, was {}", visible_name(from)),
            Change::DeleteTeam { team } => {
                let live = self.removed_from.teams.get(team).or_else(|| self.live_team(team));
                let members = count(live.map_or(0, |team| team.members.len()), "member");
                let roles = count(live.map_or(0, |team| team.roles.len()), "project role");
                format!("is deleted, with {members} and {roles}")
            }
            Change::AddTeamMember { .. } => "joins".to_owned(),
            Change::RemoveTeamMember { .. } => "leaves".to_owned(),
            Change::SetTeamRole { project, from, to, .. }
            | Change::SetGrant { project, from, to, .. }
            | Change::SetEveryone { project, from, to } => set_role(plan, *project, from.as_ref(), to),
            Change::RemoveTeamRole { project, from, .. }
            | Change::RemoveGrant { project, from, .. }
            | Change::RemoveEveryone { project, from } => {
                format!("no longer {} on {}", visible_name(from.as_str()), project_name(plan, *project))
            }
        }
    }

    /// What goes with a user: memberships and grants are not changes of their own.
    fn implied(&self, user: &Email) -> String {
        let teams = self.memberships.get(user).copied().unwrap_or(0);
        let grants = self.removed_from.grants_of(user).count();
        let mut with = Vec::new();
        if teams > 0 {
            with.push(count(teams, "team membership"));
        }
        if grants > 0 {
            with.push(count(grants, "grant"));
        }
        if with.is_empty() { String::new() } else { format!(", with {}", list(&with)) }
    }

    /// Whether something goes on the live side by a removal that is nothing where the base leads.
    fn takes_more(&self, change: &Change) -> bool {
        let is_of_proposal = self.whole.is_some();
        is_of_proposal
            && match change {
                Change::RemoveUser { user } | Change::CancelInvite { user } => !self.implied(user).is_empty(),
                Change::DeleteTeam { team } => {
                    self.removed_from.teams.get(team).is_some_and(|team| !team.members.is_empty())
                }
                Change::InviteUser { .. }
                | Change::SetOrgRole { .. }
                | Change::CreateTeam { .. }
                | Change::RenameTeam { .. }
                | Change::AddTeamMember { .. }
                | Change::RemoveTeamMember { .. }
                | Change::SetTeamRole { .. }
                | Change::RemoveTeamRole { .. }
                | Change::SetGrant { .. }
                | Change::RemoveGrant { .. }
                | Change::SetEveryone { .. }
                | Change::RemoveEveryone { .. } => false,
            }
    }
}

/// Whether somebody who comes need not accept an invitation: SCIM makes them a member, or they are one already.
pub(crate) fn joins_at_once(plan: &Plan, user: &Email) -> bool {
    plan.target.users.get(user).is_some_and(|made| !made.status.is_invited())
}

/// In how many teams of `state` those are whom `plan` removes.
fn memberships<'a>(plan: &'a Plan, state: &'a State) -> NameTable<'a, usize> {
    let mut memberships: NameTable<'_, usize> = NameTable::default();
    for planned in &plan.changes {
        if let Change::CancelInvite { user } | Change::RemoveUser { user } = &planned.change {
            memberships.insert_new(user, || 0);
        }
    }
    if !memberships.is_empty() {
        for member in state.teams.values().flat_map(|team| &team.members) {
            if let Some(number) = memberships.get_mut(member) {
                *number += 1;
            }
        }
    }
    memberships
}

/// `path:line` of a place.
pub(crate) fn place(sources: &Sources, span: crate::source::Span) -> String {
    // The column is not shown, and counting it takes long where a whole file is one line.
    let file = sources.file(span.file);
    format!("{}:{}", visible(&file.path), file.line_index(span.start) + 1)
}

/// The members of a team, of whom `unread` are not known to the state.
fn members(team: Option<&Team>, unread: usize) -> String {
    match team.map_or(0, |team| team.members.len()) {
        number if unread > 0 => format!("all members (at least {})", number + unread),
        0 => "all members (none yet)".to_owned(),
        1 => "its 1 member".to_owned(),
        number => format!("all {}", count(number, "member")),
    }
}

fn set_role(plan: &Plan, project: ProjectId, from: Option<&ProjectRole>, to: &ProjectRole) -> String {
    let (to, project) = (visible_name(to.as_str()), project_name(plan, project));
    match from {
        None => format!("{to} on {project}"),
        Some(from) => format!("{} -> {to} on {project}", visible_name(from.as_str())),
    }
}

pub(crate) fn org_role(role: &OrgRole) -> Cow<'_, str> {
    match role {
        OrgRole::BillingAdmin => Cow::Borrowed("billing admin"),
        OrgRole::Owner | OrgRole::Admin | OrgRole::Member => Cow::Borrowed(role.as_str()),
        OrgRole::Other(_) => visible_name(role.as_str()),
    }
}

/// The org role of somebody on the live side, unless it gives nothing.
pub(crate) fn strong_role<'a>(plan: &'a Plan, user: &Email) -> Option<Cow<'a, str>> {
    let role = &plan.live.users.get(user)?.role;
    (*role != OrgRole::Member).then(|| org_role(role))
}

/// A team in a sentence or a heading: its name after `word`, unless the name begins with that word itself.
pub(crate) fn team_name(word: &str, team: &TeamName) -> String {
    let shown = visible_name(team);
    match shown.get(..5) {
        Some(start) if start.eq_ignore_ascii_case("team ") => shown.into_owned(),
        Some(_) | None => format!("{word} {shown}"),
    }
}

/// How a project is called: its key, else its id and its name on the live side.
pub(crate) fn project_name(plan: &Plan, project: ProjectId) -> String {
    if let Some(key) = plan.project_keys.get(&project) {
        return visible_name(key).into_owned();
    }
    match plan.live.projects.get(&project) {
        Some(live) if !live.name.is_empty() => format!("project {project} ({})", visible_name(&live.name)),
        Some(_) | None => format!("project {project}"),
    }
}

/// What is said of a change of this kind when nobody's access changes by it; `None` where that says nothing.
fn without_effect(change: &Change) -> Option<&'static str> {
    match change {
        Change::SetGrant { .. }
        | Change::RemoveGrant { .. }
        | Change::AddTeamMember { .. }
        | Change::RemoveTeamMember { .. }
        | Change::SetTeamRole { .. }
        | Change::RemoveTeamRole { .. }
        | Change::SetEveryone { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. } => Some("no effective change"),
        Change::SetOrgRole { .. } => Some("no change on projects"),
        Change::RemoveUser { .. } => Some("had no project access"),
        Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::InviteUser { .. }
        | Change::CancelInvite { .. } => None,
    }
}

/// What people wrote about a fact, on one line. The free text comes last, since it is what is cut when room is short,
/// and in quotes, so that it cannot pass for words of the plan.
pub(crate) fn reason(note: &Note) -> String {
    let Note { reason, ticket, approved_by, sponsor, window: _ } = note;
    let mut parts = Vec::new();
    if let Some(ticket) = ticket {
        parts.push(visible_name(ticket).into_owned());
    }
    if !approved_by.is_empty() {
        let names: Vec<_> = approved_by.iter().map(|email| visible(email)).collect();
        parts.push(format!("approved by {}", list(&names)));
    }
    if let Some(sponsor) = sponsor {
        parts.push(format!("sponsor {}", visible(sponsor)));
    }
    if let Some(reason) = reason {
        parts.push(format!("\"{}\"", visible(reason).replace('"', "\\\"")));
    }
    parts.join(", ")
}
