//! The live side of the organization, as a snapshot.

mod edits;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::dice::{Dice, Question};
use super::{ORGANIZATION, OWNERS, Organization, STEWARD, Team, email, teams_a_membership};

/// How the live side relates to the configuration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Live {
    /// It agrees.
    Unchanged,
    /// This share, in percent, of the users, memberships and roles differs.
    Changed(f64),
    /// It differs by exactly so many changes of mixed kinds; none of them sends a mail.
    Edited(usize),
    /// It agrees but for grants, of which it has none.
    WithoutGrants,
    /// Nothing but projects, their custom roles and two owners.
    Empty,
}

/// How many changes of each kind lead from the live side to the configuration.
pub(crate) type Differences = BTreeMap<&'static str, usize>;

/// When the snapshot says it was taken.
const TAKEN_AT: &str = "2026-11-21T09:00:00Z";

/// Writes the live side into the file `path`, as `accessctl snapshot` would.
///
/// # Errors
/// Those of the file system.
pub(crate) fn write(organization: &Organization, live: Live, path: &Path) -> io::Result<Differences> {
    let (state, differences) = match live {
        Live::Unchanged => State::changed(organization, 0.0),
        Live::Changed(percent) => State::changed(organization, percent),
        Live::Edited(number) => State::edited(organization, number),
        Live::WithoutGrants => {
            let (mut state, mut differences) = State::changed(organization, 0.0);
            note(&mut differences, "set_grant", state.grants.len());
            state.grants.clear();
            (state, differences)
        }
        Live::Empty => State::empty(organization),
    };
    let mut out = BufWriter::with_capacity(1 << 16, File::create(path)?);
    state.write(organization, live, &mut out)?;
    out.flush()?;
    Ok(differences)
}

struct State {
    /// E-mail address, role, whether invited, when last seen.
    users: Vec<(String, &'static str, bool, Option<String>)>,
    teams: Vec<LiveTeam>,
    /// User, project, role.
    grants: Vec<(String, usize, &'static str)>,
}

struct LiveTeam {
    id: usize,
    name: String,
    members: Vec<String>,
    /// Project and role.
    roles: Vec<(usize, &'static str)>,
}

impl State {
    fn empty(organization: &Organization) -> (Self, Differences) {
        let owner = |user: &super::User| (user.email.clone(), "owner", false, None);
        let users: Vec<_> = organization.users.iter().take(2).map(owner).collect();
        let mut differences = Differences::new();
        let members = organization.teams.iter().map(|team| team.members.len()).sum();
        let roles = organization.teams.iter().map(|team| organization.expand(&team.roles).len()).sum();
        let everyone = organization.projects.iter().filter(|project| project.everyone.is_some()).count();
        note(&mut differences, "invite_user", organization.users.len() - users.len());
        note(&mut differences, "create_team", organization.teams.len());
        note(&mut differences, "add_team_member", members);
        note(&mut differences, "set_team_role", roles);
        note(&mut differences, "set_grant", organization.expanded_grants().len());
        note(&mut differences, "set_everyone", everyone);
        (Self { users, teams: Vec::new(), grants: Vec::new() }, differences)
    }

    fn changed(organization: &Organization, percent: f64) -> (Self, Differences) {
        let dice = organization.dice;
        // Half of the differing users and memberships lack on the live side, the other half is there too much.
        let half = percent / 2.0;
        let is_missing = |number: usize| number >= OWNERS && dice.happens(Question::MissingUser, number, 0, half);
        Self::without(organization, percent, is_missing)
    }

    /// Differs by `percent` of everything but users, of whom those are not there who are `missing`.
    fn without(organization: &Organization, percent: f64, is_missing: impl Fn(usize) -> bool) -> (Self, Differences) {
        let (dice, half) = (organization.dice, percent / 2.0);
        let mut differences = Differences::new();
        let mut users = Vec::new();
        for (number, user) in organization.users.iter().enumerate() {
            if is_missing(number) {
                note(&mut differences, "invite_user", 1);
                continue;
            }
            let mut role = user.role;
            if role == "member" && dice.happens(Question::OtherOrgRole, number, 0, percent) {
                role = "billing_admin";
                note(&mut differences, "set_org_role", 1);
            }
            let last_active = (!user.is_invited).then(|| last_active(dice, number));
            users.push((user.email.clone(), role, user.is_invited, last_active));
        }
        let extra_users = (organization.users.len() as f64 * half / 100.0) as usize;
        let extra = organization.users.len()..organization.users.len() + extra_users;
        for number in extra.clone() {
            users.push((email(dice, number), "member", false, Some(last_active(dice, number))));
        }
        // Their membership goes with them and is no change of its own.
        note(&mut differences, "remove_user", extra_users);
        let mut teams: Vec<LiveTeam> = organization
            .teams
            .iter()
            .enumerate()
            .map(|(index, team)| live_team(organization, index, team, percent, &is_missing, &mut differences))
            .collect();
        for number in extra {
            let team = dice.below(Question::Membership, number, 0, teams.len());
            teams[team].members.push(email(dice, number));
        }
        let mut grants = Vec::new();
        for (user, project, role) in organization.expanded_grants() {
            if is_missing(user) {
                note(&mut differences, "set_grant", 1);
                continue;
            }
            let is_other = dice.happens(Question::OtherGrant, user, project, percent);
            note(&mut differences, "set_grant", usize::from(is_other));
            grants.push((organization.users[user].email.clone(), project, if is_other { other(role) } else { role }));
        }
        let mut state = Self { users, teams, grants };
        state.sort();
        (state, differences)
    }

    /// Sorts everything, as a snapshot is.
    fn sort(&mut self) {
        self.users.sort_unstable();
        for team in &mut self.teams {
            team.members.sort_unstable();
        }
        self.teams.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        self.grants.sort_unstable();
    }

    fn write(&self, organization: &Organization, live: Live, out: &mut impl Write) -> io::Result<()> {
        let (_, id) = ORGANIZATION;
        writeln!(out, "{{\n  \"format\": \"accessctl.snapshot/1\",\n  \"taken_at\": \"{TAKEN_AT}\",")?;
        write!(out, "  \"organization\": {{\"id\":{id},\"name\":\"Acme\"}},\n  \"projects\": ")?;
        list("    ", out, &organization.projects, |project, out| {
            write!(out, r#"{{"id":{},"name":"{}""#, project.id, project.name)?;
            if let Some(role) = project.everyone.filter(|_| live != Live::Empty) {
                write!(out, r#","everyone":"{role}""#)?;
            }
            let roles = if project.has_steward { format!("\"{STEWARD}\"") } else { String::new() };
            write!(out, r#","roles":[{roles}]}}"#)
        })?;
        write!(out, ",\n  \"users\": ")?;
        list("    ", out, &self.users, |(email, role, is_invited, last_active), out| {
            let status = if *is_invited { "invited" } else { "active" };
            write!(out, r#"{{"email":"{email}","role":"{role}","status":"{status}""#)?;
            match last_active {
                Some(moment) => write!(out, r#","last_active":"{moment}"}}"#),
                None => write!(out, "}}"),
            }
        })?;
        write!(out, ",\n  \"teams\": ")?;
        list("    ", out, &self.teams, |team, out| {
            write!(out, r#"{{"id":{},"name":"{}","members":"#, team.id, team.name)?;
            list("      ", out, &team.members, |email, out| write!(out, "\"{email}\""))?;
            write!(out, r#","projects":"#)?;
            list("      ", out, &team.roles, |(project, role), out| {
                write!(out, r#"{{"id":{},"role":"{role}"}}"#, organization.projects[*project].id)
            })?;
            write!(out, "}}")
        })?;
        write!(out, ",\n  \"grants\": ")?;
        list("    ", out, &self.grants, |(email, project, role), out| {
            let project = organization.projects[*project].id;
            write!(out, r#"{{"user":"{email}","project":{project},"role":"{role}"}}"#)
        })?;
        writeln!(out, "\n}}")
    }
}

fn live_team(
    organization: &Organization,
    index: usize,
    team: &Team,
    percent: f64,
    is_missing: &impl Fn(usize) -> bool,
    differences: &mut Differences,
) -> LiveTeam {
    let dice = organization.dice;
    let half = percent / 2.0;
    let block = teams_a_membership(organization.users.len());
    let mut members = Vec::with_capacity(team.members.len());
    for number in &team.members {
        if is_missing(*number) || dice.happens(Question::MissingMembership, *number, index, half) {
            note(differences, "add_team_member", 1);
        } else {
            members.push(organization.users[*number].email.clone());
        }
    }
    // Whoever is in the team before this one, of those that the same membership is drawn from, may be here by mistake.
    let before = index - index % block + (index % block + block - 1) % block;
    for number in &organization.teams[before].members {
        if !is_missing(*number) && dice.happens(Question::ExtraMembership, *number, index, half) {
            note(differences, "remove_team_member", 1);
            members.push(organization.users[*number].email.clone());
        }
    }
    let mut roles = organization.expand(&team.roles);
    for (project, role) in &mut roles {
        if dice.happens(Question::OtherTeamRole, index, *project, percent) {
            *role = other(role);
            note(differences, "set_team_role", 1);
        }
    }
    LiveTeam { id: index + 1, name: team.name.clone(), members, roles }
}

/// Another role than `role`.
fn other(role: &str) -> &'static str {
    if role == "consumer" { "analyst" } else { "consumer" }
}

/// Some moment of the month before the snapshot was taken.
fn last_active(dice: Dice, number: usize) -> String {
    let part = |part: usize, bound: usize| dice.below(Question::LastActive, number, part, bound);
    format!("2026-11-{:02}T{:02}:{:02}:{:02}Z", 1 + part(0, 20), part(1, 24), part(2, 60), part(3, 60))
}

fn note(differences: &mut Differences, kind: &'static str, number: usize) {
    if number > 0 {
        *differences.entry(kind).or_default() += number;
    }
}

fn list<T, W: Write>(
    indent: &str,
    out: &mut W,
    items: &[T],
    mut write_item: impl FnMut(&T, &mut W) -> io::Result<()>,
) -> io::Result<()> {
    write!(out, "[")?;
    for (index, item) in items.iter().enumerate() {
        write!(out, "{}\n{indent}", if index == 0 { "" } else { "," })?;
        write_item(item, out)?;
    }
    if !items.is_empty() {
        write!(out, "\n{}", indent.strip_suffix("  ").unwrap_or_default())?;
    }
    write!(out, "]")
}
