//! Organizations of any size, the same for the same seed on every machine.
//!
//! An [`Organization`] is what a company of that size could look like: some hundred people a team, a handful of teams a
//! person, a few hundred projects, one grant for twenty people. [`configuration`] writes it as people keep it in a
//! repository, [`live`] as a saved live state that agrees with it, differs by a share or a number, or has almost nothing.

pub(crate) mod configuration;
mod dice;
pub(crate) mod live;

use std::collections::BTreeSet;

use dice::{Dice, Question};

/// How large an organization is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many users it has; at least two, who are owners.
    pub(crate) users: usize,
    /// How many projects it has; as many as fit its users where none are named.
    pub(crate) projects: Option<usize>,
    /// In how many teams each of them is.
    pub(crate) memberships: usize,
    /// What all choices follow from.
    pub(crate) seed: u64,
}

/// A generated organization.
#[derive(Debug)]
pub(crate) struct Organization {
    dice: Dice,
    pub(crate) users: Vec<User>,
    pub(crate) projects: Vec<Project>,
    pub(crate) groups: Vec<Group>,
    pub(crate) teams: Vec<Team>,
    pub(crate) grants: Vec<Grant>,
}

#[derive(Debug)]
pub(crate) struct User {
    pub(crate) email: String,
    /// Written for a part of the users only.
    pub(crate) name: Option<String>,
    pub(crate) role: &'static str,
    pub(crate) is_invited: bool,
}

#[derive(Debug)]
pub(crate) struct Project {
    pub(crate) key: String,
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) environment: &'static str,
    pub(crate) everyone: Option<&'static str>,
    /// Whether it has the custom role [`STEWARD`].
    pub(crate) has_steward: bool,
}

/// Projects with a name in common.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) key: String,
    pub(crate) projects: Vec<usize>,
}

#[derive(Debug)]
pub(crate) struct Team {
    pub(crate) key: String,
    pub(crate) name: String,
    /// Users by number, as the team's file lists them.
    pub(crate) members: Vec<usize>,
    pub(crate) roles: Vec<(Reach, &'static str)>,
}

#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) user: usize,
    pub(crate) reach: Reach,
    pub(crate) role: &'static str,
    pub(crate) ticket: Option<usize>,
}

/// What a role is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    Project(usize),
    Group(usize),
}

/// The custom role that some projects have.
pub(crate) const STEWARD: &str = "Data Steward";

/// The organization's key and id.
pub(crate) const ORGANIZATION: (&str, u64) = ("acme", 7_654_321);

/// What teams may do, as often as they may: few teams manage a project.
const TEAM_ROLES: [&str; 40] = {
    let mut roles = ["analyst"; 40];
    let mut index = 0;
    while index < roles.len() {
        if index % 2 == 1 {
            roles[index] = "consumer";
        }
        index += 1;
    }
    roles[7] = "admin";
    roles
};
/// How many users are owners whatever else happens.
const OWNERS: usize = 3;

/// How many people a team has on average.
const TEAM_SIZE: usize = 100;

const FIRST_NAMES: [&str; 32] = [
    "ada", "ana", "ben", "bo", "chen", "clara", "dana", "dev", "elif", "emma", "finn", "grace", "hana", "ivan", "jin",
    "jonas", "kofi", "lea", "li", "mara", "mia", "noor", "omar", "pia", "quinn", "rosa", "sam", "tara", "uma", "vera",
    "wei", "zoe",
];
const LAST_NAMES: [&str; 48] = [
    "abara", "ahmed", "andersen", "bauer", "becker", "costa", "diaz", "duarte", "eriksen", "farah", "fischer",
    "garcia", "gupta", "haddad", "hansen", "ito", "jansen", "jensen", "kaur", "keller", "kim", "kowalski", "kumar",
    "larsen", "lopez", "martin", "mensah", "meyer", "moreau", "nguyen", "novak", "okafor", "oliveira", "park", "patel",
    "petrov", "quist", "rossi", "ruiz", "sato", "schmidt", "silva", "singh", "tanaka", "torres", "wagner", "weber",
    "yilmaz",
];
const FIELDS: [&str; 12] = [
    "growth",
    "checkout",
    "search",
    "payments",
    "mobile",
    "data",
    "platform",
    "support",
    "sales",
    "content",
    "risk",
    "logistics",
];
const PLACES: [&str; 8] = ["berlin", "madrid", "austin", "tokyo", "lagos", "oslo", "lima", "pune"];
const SURFACES: [&str; 8] = ["web", "ios", "android", "api", "kiosk", "watch", "tv", "desktop"];

impl Organization {
    /// The organization of this `shape`.
    pub(crate) fn new(shape: Shape) -> Self {
        let Shape { users, projects: wanted, memberships, seed } = shape;
        let users = users.max(2);
        let dice = Dice { seed };
        let projects = projects(wanted.unwrap_or((users / 50).clamp(8, 200)));
        let groups = groups(projects.len());
        let teams = teams(dice, users, memberships, &projects, &groups);
        let grants = grants(dice, users, &projects, groups.len());
        let users = (0..users).map(|number| user(dice, number)).collect();
        Self { dice, users, projects, groups, teams, grants }
    }

    /// Gives every user one grant of its own, and nobody any other.
    pub(crate) fn grant_to_everybody(&mut self) {
        let grant = |user: usize| {
            let reach = Reach::Project(user % self.projects.len());
            let role = self.dice.choose(Question::Grant, user, 3, &["analyst", "consumer", "admin"]);
            Grant { user, reach, role, ticket: None }
        };
        self.grants = (0..self.users.len()).map(grant).collect();
    }

    /// How many things the organization says: users, memberships, roles of teams and grants.
    pub(crate) fn facts(&self) -> usize {
        let in_teams: usize = self.teams.iter().map(|team| team.members.len() + self.expand(&team.roles).len()).sum();
        self.users.len() + in_teams + self.expanded_grants().len()
    }

    /// The roles with groups replaced by their projects, sorted by project.
    fn expand(&self, roles: &[(Reach, &'static str)]) -> Vec<(usize, &'static str)> {
        let mut expanded = Vec::new();
        for (reach, role) in roles {
            expanded.extend(self.projects_of(*reach).iter().map(|project| (*project, *role)));
        }
        expanded.sort_unstable();
        expanded
    }

    /// The grants as user, project and role, with groups replaced by their projects.
    fn expanded_grants(&self) -> Vec<(usize, usize, &'static str)> {
        let one = |grant: &Grant| {
            let (user, role) = (grant.user, grant.role);
            self.projects_of(grant.reach).into_iter().map(move |project| (user, project, role))
        };
        self.grants.iter().flat_map(one).collect()
    }

    fn projects_of(&self, reach: Reach) -> Vec<usize> {
        match reach {
            Reach::Project(project) => vec![project],
            Reach::Group(group) => self.groups[group].projects.clone(),
        }
    }
}

/// The address of the user with this number, which is part of it: no two users share one.
fn email(dice: Dice, number: usize) -> String {
    let first = dice.choose(Question::FirstName, number, 0, &FIRST_NAMES);
    let last = dice.choose(Question::LastName, number, 0, &LAST_NAMES);
    format!("{first}.{last}{number}@acme.test")
}

fn user(dice: Dice, number: usize) -> User {
    let email = email(dice, number);
    let has_name = dice.happens(Question::HasName, number, 0, 20.0);
    let name = has_name.then(|| {
        let first = dice.choose(Question::FirstName, number, 0, &FIRST_NAMES);
        let last = dice.choose(Question::LastName, number, 0, &LAST_NAMES);
        format!("{} {}", capitalized(first), capitalized(last))
    });
    let role = match dice.below(Question::OrgRole, number, 0, 1000) {
        _ if number < OWNERS => "owner",
        0..3 => "admin",
        3..5 => "billing_admin",
        _ => "member",
    };
    let is_invited = number >= OWNERS && dice.happens(Question::Status, number, 0, 2.0);
    User { email, name, role, is_invited }
}

fn projects(number: usize) -> Vec<Project> {
    let project = |index: usize| {
        let (field, surface) = (FIELDS[index % FIELDS.len()], SURFACES[index / FIELDS.len() % SURFACES.len()]);
        Project {
            key: format!("{field}-{surface}-{index}"),
            id: 1_000_000 + 7 * index as u64,
            name: format!("{} {} {index}", capitalized(field), capitalized(surface)),
            environment: if index.is_multiple_of(3) { "production" } else { "staging" },
            everyone: (index % 100 == 1).then_some("consumer"),
            has_steward: index % 10 == 2,
        }
    };
    (0..number).map(project).collect()
}

/// Groups of neighbouring projects; they do not overlap.
fn groups(projects: usize) -> Vec<Group> {
    let members = |group: usize| (group * 4..group * 4 + 3 + group % 2).filter(|project| *project < projects).collect();
    (0..(projects / 8).clamp(1, 8))
        .map(|group| Group { key: format!("{}-all", FIELDS[group]), projects: members(group) })
        .collect()
}

fn teams(dice: Dice, users: usize, memberships: usize, projects: &[Project], groups: &[Group]) -> Vec<Team> {
    // Each membership of a user is drawn from teams of its own, so that nobody is twice in one team.
    let block = teams_a_membership(users);
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); block * memberships];
    for number in 0..users {
        for part in 0..memberships {
            members[part * block + dice.below(Question::Membership, number, part, block)].push(number);
        }
    }
    let build = |(index, mut members): (usize, Vec<usize>)| {
        let field = FIELDS[index % FIELDS.len()];
        let place = PLACES[index / FIELDS.len() % PLACES.len()];
        if dice.happens(Question::Sorted, index, 0, 70.0) {
            members.sort_by_cached_key(|number| email(dice, *number));
        } else {
            // As they joined.
            members.sort_by_key(|number| dice.below(Question::Joined, *number, index, usize::MAX));
        }
        Team {
            key: format!("{field}-{place}-{index}"),
            name: format!("{} {} {index}", capitalized(field), capitalized(place)),
            members,
            roles: team_roles(dice, index, projects, groups.len()),
        }
    };
    members.into_iter().enumerate().map(build).collect()
}

/// From how many teams each membership of a user is drawn.
fn teams_a_membership(users: usize) -> usize {
    // Two at least, so that there is another team to be in by mistake.
    (users / TEAM_SIZE).max(2)
}

/// Roles on two or three projects, or on a group of projects.
fn team_roles(dice: Dice, team: usize, projects: &[Project], groups: usize) -> Vec<(Reach, &'static str)> {
    if dice.happens(Question::Reach, team, 0, 5.0) {
        let group = dice.below(Question::Reach, team, 1, groups);
        return vec![(Reach::Group(group), "consumer")];
    }
    let number = 2 + dice.below(Question::RoleCount, team, 0, 2);
    let chosen: BTreeSet<usize> =
        (0..number).map(|part| dice.below(Question::Reach, team, 2 + part, projects.len())).collect();
    let role = |project: usize| {
        if projects[project].has_steward && dice.happens(Question::TeamRole, team, project, 30.0) {
            return STEWARD;
        }
        dice.choose(Question::TeamRole, team, project, &TEAM_ROLES)
    };
    chosen.into_iter().map(|project| (Reach::Project(project), role(project))).collect()
}

/// One grant for twenty users.
fn grants(dice: Dice, users: usize, projects: &[Project], groups: usize) -> Vec<Grant> {
    let grant = |user: usize| {
        let reach = if dice.happens(Question::Grant, user, 1, 2.0) {
            Reach::Group(dice.below(Question::Grant, user, 2, groups))
        } else {
            Reach::Project(dice.below(Question::Grant, user, 2, projects.len()))
        };
        let has_ticket = dice.happens(Question::Ticket, user, 0, 50.0);
        let ticket = has_ticket.then(|| dice.below(Question::Ticket, user, 1, 10_000));
        Grant { user, reach, role: dice.choose(Question::Grant, user, 3, &["analyst", "consumer", "admin"]), ticket }
    };
    (0..users).filter(|user| dice.happens(Question::Grant, *user, 0, 5.0)).map(grant).collect()
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_ascii_uppercase() + rest
}
