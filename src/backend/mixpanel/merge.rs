//! Puts what the service said together into one organization.
//!
//! - Somebody in the list of users has joined, unless the row says `"invited":true`; somebody only in the list of
//!   invitations is invited. Whoever is in both is invited, unless the row of the user says `"invited":false`: a missing
//!   mark tells nothing (dossier 7), and somebody who has not joined must not count as an owner.
//! - Whether the id of an invitation may stand for its user is not known (dossier P2), so it never does. Lists that
//!   disagree about who has which id are an error: they are not what they are taken for ([`agreement`](super::agreement)).
//! - Of the access on a project, `individual` rows are grants and the `all_users` row is everyone's role. What comes by
//!   team or org role follows from teams and users; those rows only have to name people and teams that are known.
//! - Somebody with access who is neither a user nor invited means that a list was read in part: an error. Where
//!   invitations are not read, it may be somebody who is invited, unless the row says that they are not: they are left
//!   out and noted as people of whom nothing more is known, since neither their org role nor whether they have joined is.
//! - An org role that is not known is kept as it is written. It gives nothing and is never made up.
//! - Service accounts are no users.
//! - A custom role stands in a row as its id, which is translated to its name. A role that is neither built in nor an
//!   id nor a name of the project is kept as it is written.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::agreement::{Contradiction, contradictions, differences};
use super::read::{Access, Answers, Ids, Part, Reading, is_built_in};
use super::{Settings, suspicion, wire};
use crate::backend::assembly::Assembly;
use crate::backend::{BackendError, Snapshot};
use crate::catalogue::{Field, Operation};
use crate::model::{Acting, Email, Interner, OrgRole, ProjectId, RoleName, State, Status, TeamName, Unread, User};

/// The end of every address of a service account (dossier row 1, example A; row 25).
const SERVICE_ACCOUNT: &str = ".mp-service-account";

/// Makes the organization, or says everything that keeps it from being one.
pub(super) fn merge(
    settings: &Settings,
    answers: &Answers,
    now: Timestamp,
    names: &mut Interner,
) -> Result<Reading, BackendError> {
    let roles = answers.access.iter().map(|(id, access)| (*id, Roles::new(&access.roles))).collect();
    let mut merge = Merge {
        settings,
        answers,
        roles: &roles,
        assembly: Assembly::new(names),
        ids: Ids::default(),
        org_roles: BTreeSet::new(),
        unseen: BTreeSet::new(),
        unseen_members: BTreeMap::new(),
        doubts: Vec::new(),
    };
    let organization = settings.organization.get();
    let name = answers.organization.name.clone().unwrap_or_else(|| format!("organization {organization}"));
    merge.assembly.organization(organization, name);
    merge.projects();
    merge.users();
    merge.teams();
    merge.grants();
    merge.identities();
    merge.finish(now)
}

/// The custom roles of one project.
struct Roles {
    /// The names by what stands for them in rows.
    names: BTreeMap<String, String>,
}

impl Roles {
    fn new(listed: &Part<wire::CustomRole>) -> Self {
        let name = |role: &wire::CustomRole| (role.role_id.clone(), role.name.trim().to_owned());
        Self { names: listed.rows().iter().map(name).collect() }
    }
}

struct Merge<'n, 'r> {
    settings: &'r Settings,
    answers: &'r Answers,
    roles: &'r BTreeMap<wire::Id, Roles>,
    assembly: Assembly<'n>,
    ids: Ids,
    org_roles: BTreeSet<String>,
    /// People who have access and are in no list that was read.
    unseen: BTreeSet<Email>,
    /// Which of them are in which team.
    unseen_members: BTreeMap<TeamName, BTreeSet<Email>>,
    /// In what the lists disagree that no request depends on.
    doubts: Vec<String>,
}

impl<'r> Merge<'_, 'r> {
    /// The name of a role that stands in a row about a project.
    fn role(&self, project: wire::Id, written: &'r str) -> &'r str {
        let known: Option<&'r String> = self.roles.get(&project).and_then(|roles| roles.names.get(written));
        known.map_or(written.trim(), String::as_str)
    }

    fn projects(&mut self) {
        let answers = self.answers;
        let mut used: BTreeMap<wire::Id, BTreeSet<&'r str>> = BTreeMap::new();
        for (id, written) in used_roles(answers) {
            used.entry(id).or_default().insert(written);
        }
        for project in &answers.projects {
            let id = project.id;
            let Some(Access { granted, roles: listed, .. }) = answers.access.get(&id) else { continue };
            let mut everyone: Vec<&str> = Vec::new();
            for row in granted.rows().iter().filter(|row| row.source() == Source::Everyone) {
                let Some(written) = &row.role else { continue };
                let role = self.role(id, written);
                if !everyone.contains(&role) {
                    everyone.push(role);
                }
            }
            if everyone.len() > 1 {
                let roles = everyone.join("`, `");
                self.assembly.problem(format!("everyone has several roles on project {}: `{roles}`", id.0));
            }
            let mut custom: Vec<&str> = Vec::new();
            for role in listed.rows().iter().filter(|role| is_built_in(&role.name) && role.is_default != Some(true)) {
                if used.get(&id).is_some_and(|used| used.contains(role.role_id.as_str())) {
                    self.assembly.problem(format!(
                        "project {} has a custom role called `{}` like the built-in one, and somebody has it: which of them \
                         is meant could not be told apart; give the custom role another name in the project's settings",
                        id.0,
                        role.name.trim()
                    ));
                }
            }
            for role in listed.rows().iter().filter(|role| !is_built_in(&role.name)) {
                custom.push(role.name.trim());
                // Only what stands in a row is known to be understood (dossier 7, "Custom role value"), so a role that nobody
                // has is written by nothing.
                let rows = used.get(&id).into_iter().flatten().copied();
                let by_name = || rows.clone().find(|written| written.trim() == role.name.trim());
                let by_id = rows.clone().find(|written| *written == role.role_id);
                if let Some(written) = by_id.or_else(by_name) {
                    self.custom_role(id, &role.name, written);
                }
            }
            for written in used.remove(&id).unwrap_or_default() {
                let name = self.role(id, written);
                if !is_built_in(name) && !name.is_empty() && !custom.contains(&name) {
                    custom.push(name);
                    self.custom_role(id, name, written);
                }
            }
            let everyone = everyone.first().copied();
            self.assembly.project(id.0, project.name.clone(), everyone, custom.into_iter());
        }
        let listed: BTreeSet<wire::Id> = answers.projects.iter().map(|project| project.id).collect();
        let own = |project: &wire::MeProject| project.organization_id == Some(answers.id);
        for (id, _) in answers.me.projects.iter().filter(|(id, project)| own(project) && !listed.contains(id)) {
            let problem = format!("project {} is visible to the account and missing in the list of projects", id.0);
            self.assembly.problem(problem);
        }
    }

    fn custom_role(&mut self, project: wire::Id, name: &str, written: &str) {
        if let (Ok(project), Some(name)) = (ProjectId::new(project.0), RoleName::new(name)) {
            self.ids.custom_roles.insert((project, name), written.to_owned());
        }
    }

    fn users(&mut self) {
        let answers = self.answers;
        let mut sent: BTreeMap<Cow<'_, str>, Option<Timestamp>> = BTreeMap::new();
        for row in answers.invitations.rows() {
            sent.insert(canonical(&row.email), row.sent());
        }
        let mut listed: BTreeSet<Cow<'_, str>> = BTreeSet::new();
        for row in answers.users.iter().filter(|row| !is_service_account(&row.email)) {
            let address = canonical(&row.email);
            let pending = sent.get(&address).copied();
            let status = match (row.invited, pending) {
                (Some(true), at) => Status::Invited { at: at.flatten() },
                (None, Some(at)) => Status::Invited { at },
                (Some(false), _) | (None, None) => Status::Active,
            };
            listed.insert(address);
            let Some(role) = self.org_role(&row.role, &row.email) else { continue };
            let Some(user) = self.assembly.user(&row.email, User { role, status, last_active: None }) else { continue };
            self.ids.learn_spelling(&user, &row.email);
            if let Some(id) = row.id {
                self.ids.users.insert(user, id.0);
            }
        }
        for row in answers.invitations.rows() {
            let user = if listed.contains(&canonical(&row.email)) {
                Email::new(&row.email).ok()
            } else {
                let Some(role) = self.org_role(&row.role, &row.email) else { continue };
                let status = Status::Invited { at: row.sent() };
                self.assembly.user(&row.email, User { role, status, last_active: None })
            };
            let Some(user) = user else { continue };
            self.ids.learn_spelling(&user, &row.email);
            if let Some(id) = row.id {
                self.ids.invitations.insert(user, id.0);
            }
        }
    }

    /// The org role as it is known, or as it is written.
    fn org_role(&mut self, written: &'r str, email: &'r str) -> Option<OrgRole> {
        if !self.org_roles.contains(written) {
            self.org_roles.insert(written.to_owned());
        }
        if let Some(known) = self.settings.catalogue.org_role(written) {
            return Some(known);
        }
        let misnamed = OrgRole::from_name(written);
        if misnamed.is_some() {
            self.assembly.problem(format!(
                "`{email}` has the org role `{written}`, which the service writes otherwise, says `backend.org_roles`"
            ));
            return misnamed;
        }
        self.assembly.org_role(email, written)
    }

    fn teams(&mut self) {
        let answers = self.answers;
        let mut invited: BTreeMap<wire::Id, Vec<&'r str>> = BTreeMap::new();
        for row in answers.invitations.rows() {
            for team in &row.teams {
                invited.entry(team.id).or_default().push(&row.email);
            }
        }
        for team in answers.teams.rows() {
            let what = || format!("team `{}`", team.name);
            let mut members = Vec::new();
            for row in &team.users {
                match self.person(what, &row.email, row.invited) {
                    Some(member) => members.push(member),
                    None => self.unseen_member(&team.name, &row.email),
                }
            }
            for email in invited.remove(&team.id).unwrap_or_default() {
                let member = self.person(what, email, Some(true));
                members.extend(member.filter(|member| !members.contains(member)));
            }
            let mut roles = Vec::new();
            for row in &team.projects {
                let role = self.role(row.id, &row.role);
                roles.extend(self.assembly.role(what, row.id.0, role));
            }
            self.assembly.team(Some(team.id.0), &team.name, members, roles);
        }
        if matches!(answers.teams, Part::Read(_)) {
            for (id, emails) in invited {
                let email = emails.first().copied().unwrap_or_default();
                let problem = format!("the invitation of `{email}` names team {}, which is not in the list", id.0);
                self.assembly.problem(problem);
            }
        }
    }

    fn grants(&mut self) {
        let answers = self.answers;
        let teams: BTreeMap<wire::Id, &str> =
            answers.teams.rows().iter().map(|team| (team.id, team.name.as_str())).collect();
        let mut seen: BTreeSet<(Email, wire::Id, &'r str)> = BTreeSet::new();
        for (project, access) in &answers.access {
            for row in access.granted.rows() {
                let what = || format!("the access on project {}", project.0);
                let source = row.source();
                if let (Source::Team, Part::Read(_), Some(team)) = (source, &answers.teams, &row.team)
                    && !teams.contains_key(&team.id)
                {
                    let problem = format!("{} names team {}, which is not in the list of teams", what(), team.id.0);
                    self.assembly.problem(problem);
                }
                let Some(email) = row.email.as_deref().filter(|_| source != Source::Request) else { continue };
                let Some(user) = self.person(what, email, row.invited) else {
                    let team = row.team.as_ref().filter(|_| source == Source::Team);
                    if let Some(name) = team.and_then(|team| teams.get(&team.id)) {
                        self.unseen_member(name, email);
                    }
                    continue;
                };
                if let (Source::Individual, Some(written)) = (source, &row.role) {
                    let role = self.role(*project, written);
                    if seen.insert((user.clone(), *project, role)) {
                        self.assembly.grant(user, project.0, role);
                    }
                }
            }
        }
        // An invitation may hold grants that the projects show as well.
        for row in answers.invitations.rows() {
            for on in &row.projects {
                let Some(user) = self.person(|| "an invitation".to_owned(), &row.email, Some(true)) else { continue };
                let role = self.role(on.id, &on.role);
                if seen.insert((user.clone(), on.id, role)) {
                    self.assembly.grant(user, on.id.0, role);
                }
            }
        }
    }

    /// Notes lists that disagree about who has which id: a problem as soon as a request is written by one.
    fn identities(&mut self) {
        let catalogue = &self.settings.catalogue;
        let names_by_id = |operation: &Operation| {
            !operation.entry().is_read()
                && catalogue.may_send(*operation)
                && catalogue.fields(*operation).contains(&Field::UserId)
        };
        let by_id: Vec<&str> = Operation::every().filter(names_by_id).map(|operation| operation.entry().name).collect();
        let mut is_written = false;
        for Contradiction { text, is_about_people } in contradictions(self.answers) {
            if is_about_people || !by_id.is_empty() {
                is_written |= !is_about_people;
                self.assembly.problem(text);
            } else {
                self.doubts.push(text);
            }
        }
        if is_written {
            let requests = by_id.join("`, `");
            self.assembly.problem(format!(
                "`{requests}` would name somebody else by such an id; where `backend.unverified` lists none of them, this is a \
                 warning"
            ));
        }
    }

    /// The user that a row names; `None` for service accounts and for people of whom nothing else is known.
    fn person(&mut self, what: impl Fn() -> String, email: &'r str, invited: Option<bool>) -> Option<Email> {
        if is_service_account(email) {
            return None;
        }
        let reads_invitations = matches!(self.answers.invitations, Part::Read(_));
        if let Some(user) = self.assembly.find_user(email) {
            return Some(user);
        }
        let about = match (reads_invitations, invited) {
            (true, _) => "neither a user nor invited",
            (false, Some(false)) => "no user of the organization and is not invited",
            // A missing marker tells nothing (dossier 7).
            (false, Some(true) | None) => match Email::new(email) {
                Ok(person) => {
                    self.unseen.insert(person);
                    return None;
                }
                Err(_) => "no user of the organization",
            },
        };
        self.assembly.problem(format!("{} names `{email}`, who is {about}", what()));
        None
    }

    /// Takes note of a member of a team of whom nothing else is known.
    fn unseen_member(&mut self, team: &str, email: &str) {
        if let (Some(team), Ok(person)) = (TeamName::new(team), Email::new(email))
            && self.unseen.contains(&person)
        {
            self.unseen_members.entry(team).or_default().insert(person);
        }
    }

    fn finish(self, now: Timestamp) -> Result<Reading, BackendError> {
        let differences = differences(self.answers, &|project, written| self.role(project, written));
        let Self { settings, answers, mut assembly, mut ids, org_roles, unseen, unseen_members, doubts, .. } = self;
        let mut warnings = suspicion::of_answers(answers, &unseen);
        warnings.extend(suspicion::of_teams(&differences));
        warnings.extend(suspicion::of_ids_told(&doubts));
        assembly.unread(unread(answers, unseen, unseen_members));
        let (mut state, team_ids) = assembly.finish(&format!("organization {}", settings.organization))?;
        state.unread.ids = without_id(settings, &state, &ids);
        warnings.extend(suspicion::of_state(&state));
        warnings.extend(suspicion::of_ids(settings, &state));
        ids.teams.clone_from(&team_ids);
        let role = answers.organization.role.as_deref();
        let acting = Acting {
            account: answers.me.user_email.clone().filter(|account| !account.trim().is_empty()),
            // A role that the catalogue does not know is one of which nothing is known.
            role: role.and_then(|written| settings.catalogue.org_role(written).or_else(|| OrgRole::read(written))),
        };
        let regions =
            answers.regions.iter().filter_map(|(id, region)| Some((ProjectId::new(id.0).ok()?, *region))).collect();
        let snapshot = Snapshot { taken_at: now, state, team_ids, acting: Some(acting), applied: None };
        let lacks_people = suspicion::of_people(answers);
        Ok(Reading { snapshot, ids, org_roles, regions, warnings, lacks_people })
    }
}

/// Where access on a project comes from (dossier 3.10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    Individual,
    Everyone,
    Team,
    Organization,
    /// Somebody asks for access and has none.
    Request,
    /// The row does not say, or says something that is not known.
    Unknown,
}

impl wire::Granted<'_> {
    pub(super) fn source(&self) -> Source {
        if self.access_request == Some(true) {
            return Source::Request;
        }
        match self.target_type.as_deref() {
            Some("individual") => Source::Individual,
            Some("all_users") => Source::Everyone,
            Some("team") => Source::Team,
            Some("organization") => Source::Organization,
            Some(_) | None => Source::Unknown,
        }
    }

    /// What is missing in the row.
    pub(super) fn problem(&self) -> Option<String> {
        let missing = |field: &str| Some(format!("missing field `{field}`"));
        match (self.source(), &self.target_type) {
            (Source::Request, _) => None,
            (Source::Unknown, Some(other)) => Some(format!("`target_type` is `{}`, which is not known", &**other)),
            (Source::Unknown, None) => missing("target_type"),
            _ if self.role.is_none() => missing("role"),
            (Source::Individual | Source::Team | Source::Organization, _) if self.email.is_none() => missing("email"),
            // Which team gives it is all that such a row says beside the list of teams (dossier 3.10).
            (Source::Team, _) if self.team.is_none() => missing("team"),
            (Source::Individual | Source::Team | Source::Organization | Source::Everyone, _) => None,
        }
    }
}

impl wire::Invitation {
    /// When it was sent; the form of the field is not known, so another one tells nothing.
    fn sent(&self) -> Option<Timestamp> {
        self.created.as_ref()?.as_str()?.parse().ok()
    }
}

/// Every role that stands in a row, with its project.
fn used_roles(answers: &Answers) -> impl Iterator<Item = (wire::Id, &str)> {
    let listed = answers.teams.rows().iter().flat_map(|team| &team.projects);
    let invited = answers.invitations.rows().iter().flat_map(|invitation| &invitation.projects);
    let granted = answers.access.iter().flat_map(|(id, access)| {
        let used =
            access.granted.rows().iter().filter(|row| matches!(row.source(), Source::Individual | Source::Everyone));
        used.filter_map(|row| Some((*id, row.role.as_deref()?)))
    });
    listed.chain(invited).map(|row| (row.id, row.role.as_str())).chain(granted)
}

/// The projects whose grants could not be read.
pub(super) fn without_grants(answers: &Answers) -> impl Iterator<Item = &wire::Id> {
    let is_out_of_reach = |(_, access): &(&wire::Id, &Access)| matches!(access.granted, Part::OutOfReach(_));
    answers.access.iter().filter(is_out_of_reach).map(|(id, _)| id)
}

/// What was not read.
fn unread(answers: &Answers, people: BTreeSet<Email>, members: BTreeMap<TeamName, BTreeSet<Email>>) -> Unread {
    Unread {
        invitations: matches!(answers.invitations, Part::NotAsked),
        teams: matches!(answers.teams, Part::OutOfReach(_)),
        projects: without_grants(answers).filter_map(|id| ProjectId::new(id.0).ok()).collect(),
        people,
        members,
        service_accounts: answers.teams.rows().iter().filter_map(service_accounts).collect(),
        ids: BTreeSet::new(),
    }
}

/// The users whom no request can name by an id: those who have joined without one in the list of users (no field of it
/// but the e-mail is sure to be there, dossier 7), and those who are invited where a request about invitations wants theirs.
fn without_id(settings: &Settings, state: &State, ids: &Ids) -> BTreeSet<Email> {
    let names_invited = settings.catalogue.fields(Operation::CancelInvite).contains(&Field::UserId);
    let lacks = |(user, found): &(&Email, &User)| match found.status {
        Status::Active => !ids.users.contains_key(*user),
        Status::Invited { .. } => names_invited && !ids.invitations.contains_key(*user),
    };
    state.users.iter().filter(lacks).map(|(user, _)| user.clone()).collect()
}

/// How many service accounts are in a team, if there are any (dossier 3.10).
fn service_accounts(team: &wire::Team) -> Option<(TeamName, usize)> {
    let number = team.service_accounts.as_ref()?.as_array()?.len();
    Some((TeamName::new(&team.name)?, number)).filter(|(_, number)| *number > 0)
}

pub(super) fn canonical(email: &str) -> Cow<'_, str> {
    Email::canonical(email).unwrap_or(Cow::Borrowed(email))
}

pub(super) fn is_service_account(email: &str) -> bool {
    email.trim().ends_with(SERVICE_ACCOUNT)
}
