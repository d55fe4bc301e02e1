//! A live side that differs by a given number of changes, of kinds as they come along in a busy week.

use super::{Differences, State, last_active, note, other};
use crate::generate::{OWNERS, Organization, STEWARD, email};

/// What somebody did to the live side, by the change that takes it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edit {
    GrantIsMissing,
    GrantIsOther,
    GrantIsExtra,
    MemberIsMissing,
    MemberIsExtra,
    TeamRoleIsOther,
    OrgRoleIsOther,
    UserIsExtra,
}

use Edit::{
    GrantIsExtra, GrantIsMissing, GrantIsOther, MemberIsExtra, MemberIsMissing, OrgRoleIsOther, TeamRoleIsOther,
    UserIsExtra,
};

/// The kinds take turns; the first ten have one of each.
const TURNS: [Edit; 20] = [
    GrantIsMissing,
    MemberIsMissing,
    GrantIsExtra,
    GrantIsOther,
    MemberIsExtra,
    OrgRoleIsOther,
    GrantIsMissing,
    MemberIsMissing,
    TeamRoleIsOther,
    UserIsExtra,
    GrantIsMissing,
    MemberIsMissing,
    GrantIsExtra,
    GrantIsOther,
    GrantIsMissing,
    MemberIsMissing,
    MemberIsExtra,
    GrantIsExtra,
    GrantIsOther,
    GrantIsMissing,
];

/// A prime, so that counting in steps of it comes to every one of fewer or more things before it comes to one again.
const STEP: usize = 7_919;

/// How many people have to be invited where there is much to change: as many as one run may send mails to one domain.
const INVITED: usize = 10;

impl State {
    /// Differs by `number` changes, as long as the organization has that much to change: a grant for everybody, and teams.
    pub(super) fn edited(organization: &Organization, number: usize) -> (Self, Differences) {
        let invited = OWNERS..OWNERS + if number < 1_000 { 0 } else { INVITED };
        let (mut state, mut differences) = Self::without(organization, 0.0, |user| invited.contains(&user));
        let number = number - differences.values().sum::<usize>();
        let mut seen = [0; TURNS.len()];
        let (grants, teams) = (state.grants.len(), state.teams.len());
        let mut gone = vec![false; grants];
        let mut grant = 0;
        for edit in TURNS.into_iter().cycle().take(number) {
            let turn = seen[edit as usize];
            seen[edit as usize] += 1;
            let kind = match edit {
                GrantIsMissing | GrantIsOther => {
                    let place = grant * STEP % grants;
                    grant += 1;
                    let role = &mut state.grants[place].2;
                    gone[place] = edit == GrantIsMissing;
                    *role = other(role);
                    "set_grant"
                }
                GrantIsExtra => {
                    let user = invited.end + turn * STEP % (organization.users.len() - invited.end);
                    let project = organization.grants.iter().find(|grant| grant.user == user).map(|grant| grant.reach);
                    let project = project.map_or(0, |reach| organization.projects_of(reach)[0] + 1);
                    let email = organization.users[user].email.clone();
                    state.grants.push((email, project % organization.projects.len(), "consumer"));
                    gone.push(false);
                    "remove_grant"
                }
                MemberIsMissing => {
                    state.teams[turn % teams].members.pop();
                    "add_team_member"
                }
                MemberIsExtra => {
                    let team = &mut state.teams[turn % teams];
                    // Ids count the teams as the organization has them, whatever their names.
                    let (known, members) = (&organization.teams[team.id - 1].members, &mut team.members);
                    let mut users = (0..).map(|step| (turn * STEP + step) % organization.users.len());
                    // Who has not joined yet has no id by which the service takes people out of a team.
                    let is_extra = |user: &usize| {
                        let found = &organization.users[*user];
                        let is_there = !found.is_invited && !invited.contains(user);
                        is_there && !known.contains(user) && !members.contains(&found.email)
                    };
                    if let Some(user) = users.find(is_extra) {
                        // At the front, where nobody is taken from.
                        members.insert(0, organization.users[user].email.clone());
                    }
                    "remove_team_member"
                }
                TeamRoleIsOther => {
                    // A custom role that nobody has is given by people.
                    let mut roles = state.teams[turn % teams].roles.iter_mut().filter(|(_, role)| *role != STEWARD);
                    if let Some((_, role)) = roles.nth(turn / teams) {
                        *role = other(role);
                    }
                    "set_team_role"
                }
                OrgRoleIsOther => {
                    let mut members = state.users.iter_mut().filter(|user| user.1 == "member" && !user.2);
                    if let Some(user) = members.nth(turn + OWNERS) {
                        user.1 = "billing_admin";
                    }
                    "set_org_role"
                }
                UserIsExtra => {
                    let number = organization.users.len() + turn;
                    let seen = last_active(organization.dice, number);
                    state.users.push((email(organization.dice, number), "member", false, Some(seen)));
                    "remove_user"
                }
            };
            note(&mut differences, kind, 1);
        }
        let mut gone = gone.into_iter();
        state.grants.retain(|_| !gone.next().unwrap_or(false));
        state.sort();
        (state, differences)
    }
}
