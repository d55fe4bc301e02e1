//! Which teams should be, with which members and roles.

use std::collections::{BTreeMap, BTreeSet};

use super::{Building, Kept, KeptWhat, KeptWhy, Section};
use crate::desired::{Desired, DesiredTeam, ManageMode};
use crate::model::{Email, ProjectId, ProjectRole, State, Team, TeamName};

/// Names of teams: live name to declared name.
type Names = BTreeMap<TeamName, TeamName>;

impl Building<'_> {
    /// The teams, which of them get another name, and which await one that only their identity provider can give.
    pub(super) fn teams(&mut self) -> (BTreeMap<TeamName, Team>, Names, Names) {
        let (desired, live) = (self.desired, self.live);
        if desired.manage.teams == ManageMode::None {
            self.keep_section(Section::Teams, live.teams.len());
            return (live.teams.clone(), BTreeMap::new(), BTreeMap::new());
        }
        let earlier = earlier_names(desired, live);
        let mut teams = BTreeMap::new();
        let were_called: BTreeMap<&TeamName, &TeamName> = earlier.iter().map(|(old, new)| (new, old)).collect();
        for (name, declared) in &desired.teams {
            let live_name = *were_called.get(name).unwrap_or(&name);
            let found = live.teams.get(live_name);
            if !declared.scim_managed {
                let team = self.declared_team(name, declared, found);
                self.withhold_roles(name, live_name, declared, &team);
                teams.insert(name.clone(), team);
                continue;
            }
            // The identity provider makes the team and names it: whatever is done here goes by the name that it has.
            if found.is_some() {
                if live_name != name {
                    self.keep(KeptWhy::AwaitsProvider(name.clone()), KeptWhat::Team(live_name.clone()));
                }
                let team = self.declared_team(live_name, declared, found);
                self.withhold_roles(live_name, live_name, declared, &team);
                teams.insert(live_name.clone(), team);
            }
        }
        for (name, team) in &live.teams {
            if desired.teams.contains_key(name) || earlier.contains_key(name) {
                continue;
            }
            if let Some(team) = self.unlisted_team(name, team) {
                teams.insert(name.clone(), team);
            }
        }
        let is_awaited = |name: &TeamName| desired.teams.get(name).is_some_and(|declared| declared.scim_managed);
        let (awaited, renames) = earlier.into_iter().partition(|(_, new)| is_awaited(new));
        (teams, renames, awaited)
    }

    fn declared_team(&mut self, name: &TeamName, declared: &DesiredTeam, live: Option<&Team>) -> Team {
        let mut team = Team::default();
        match &declared.members {
            Some(members) => {
                let in_force = members.iter().filter(|(user, fact)| self.in_force.fact_of(user, fact).is_none());
                team.members = in_force.map(|(user, _)| user.clone()).collect();
                for member in live.iter().flat_map(|found| &found.members) {
                    if let Some(why) = self.user_stays(member)
                        && team.members.insert(member.clone())
                    {
                        self.keep(why, KeptWhat::Member(name.clone(), member.clone()));
                    }
                }
            }
            None => {
                if let Some(found) = live {
                    team.members = found.members.clone();
                    if !team.members.is_empty() {
                        let why = match (declared.scim_managed, self.desired.manage.team_members) {
                            (true, _) => KeptWhy::ScimManaged,
                            (false, false) => KeptWhy::MembersNotManaged,
                            (false, true) => KeptWhy::NotStated,
                        };
                        self.keep(why, KeptWhat::Members(name.clone(), team.members.len()));
                    }
                }
            }
        }
        match &declared.roles {
            Some(roles) => {
                let in_force = roles.iter().filter(|(_, role)| self.in_force.fact(role).is_none());
                team.roles = in_force.map(|(project, role)| (*project, role.value.clone())).collect();
                for (project, role) in live.iter().flat_map(|found| &found.roles) {
                    if let Some(why) = self.foreign_projects.get(project) {
                        let what = KeptWhat::TeamRole(name.clone(), *project, role.clone());
                        self.kept.push(Kept { why: why.clone(), what });
                        team.roles.insert(*project, role.clone());
                    }
                }
            }
            None => {
                if let Some(found) = live {
                    team.roles = found.roles.clone();
                    if !team.roles.is_empty() {
                        self.keep(KeptWhy::NotStated, KeptWhat::TeamRoles(name.clone(), team.roles.len()));
                    }
                }
            }
        }
        team
    }

    /// Notes which roles of `team`, which is going to be called `name`, cannot become what is declared: where people are in
    /// it who were not read, they lose nothing, and get nothing that is not declared for each of them.
    fn withhold_roles(&mut self, name: &TeamName, live_name: &TeamName, declared: &DesiredTeam, team: &Team) {
        let live = self.live;
        let Some(unread) = live.unread.members.get(live_name).filter(|unread| !unread.is_empty()) else { return };
        let is_declared = |user: &Email| {
            let fact = declared.members.as_ref().and_then(|members| members.get(user));
            fact.is_some_and(|fact| self.in_force.fact_of(user, fact).is_none())
        };
        let all_declared = unread.iter().all(is_declared);
        let none = BTreeMap::new();
        let roles = live.teams.get(live_name).map_or(&none, |found| &found.roles);
        let projects: BTreeSet<ProjectId> = roles.keys().chain(team.roles.keys()).copied().collect();
        for project in projects {
            let (role, wanted) = (roles.get(&project), team.roles.get(&project));
            let is_raise = || wanted.is_some_and(|wanted| role.is_none_or(|role| is_at_least(wanted, role)));
            if role != wanted && !(all_declared && is_raise()) {
                self.withheld.insert((name.clone(), project));
            }
        }
    }

    /// What remains of a live team that is not listed; `None` when it is to be deleted.
    ///
    /// A team goes unless that would touch what is not ours: its roles on projects that are not managed stay, and with
    /// them the memberships that make them real; memberships of users who stay whatever is said stay, and with them
    /// the roles. Where the members of teams are not managed, a team stays with them and without roles. A team of people
    /// who were not read, or of service accounts, stays with its roles.
    fn unlisted_team(&mut self, name: &TeamName, live: &Team) -> Option<Team> {
        if let Some(glob) = self.desired.ignore.team(name) {
            self.keep(KeptWhy::Ignored(glob.to_string()), KeptWhat::Team(name.clone()));
            return Some(live.clone());
        }
        if self.desired.manage.teams == ManageMode::Listed {
            self.keep(KeptWhy::NotListed(Section::Teams), KeptWhat::Team(name.clone()));
            return Some(live.clone());
        }
        let staying: BTreeMap<Email, KeptWhy> =
            live.members.iter().filter_map(|member| Some((member.clone(), self.user_stays(member)?))).collect();
        let foreign: BTreeMap<ProjectId, KeptWhy> = live
            .roles
            .keys()
            .filter_map(|project| Some((*project, self.foreign_projects.get(project)?.clone())))
            .collect();
        let mut team = live.clone();
        let unread = &self.live.unread;
        let unseen = match (unread.members_of(name), unread.service_accounts.contains_key(name)) {
            (0, false) => None,
            (0, true) => Some(KeptWhy::ServiceAccounts),
            (_, _) => Some(KeptWhy::UnreadMembers),
        };
        if !self.desired.manage.team_members {
            // Whether it still has members is for somebody else to say.
            self.keep(KeptWhy::MembersNotManaged, KeptWhat::Members(name.clone(), team.members.len()));
            if let Some(why) = unseen {
                self.keep(why, KeptWhat::Team(name.clone()));
                return Some(team);
            }
            team.roles.retain(|project, _| foreign.contains_key(project));
            for (project, role) in &team.roles {
                let why = foreign[project].clone();
                self.keep(why, KeptWhat::TeamRole(name.clone(), *project, role.clone()));
            }
            return Some(team);
        }
        // What stays only for the sake of something else is said to be kept for the same reason.
        match (foreign.values().next(), staying.values().next()) {
            (foreign, _) if unseen.is_some() => {
                if foreign.is_none() {
                    team.members = staying.keys().cloned().collect();
                }
                self.keep(unseen.unwrap_or(KeptWhy::UnreadMembers), KeptWhat::Team(name.clone()));
            }
            (Some(why), Some(_)) => self.keep(why.clone(), KeptWhat::Team(name.clone())),
            (Some(why), None) => {
                team.roles.retain(|project, _| foreign.contains_key(project));
                self.keep(why.clone(), KeptWhat::Members(name.clone(), team.members.len()));
            }
            (None, Some(why)) => {
                team.members = staying.keys().cloned().collect();
                if !team.roles.is_empty() {
                    self.keep(why.clone(), KeptWhat::TeamRoles(name.clone(), team.roles.len()));
                }
            }
            (None, None) => return None,
        }
        for (member, why) in staying {
            self.keep(why, KeptWhat::Member(name.clone(), member));
        }
        for (project, why) in foreign {
            let role = live.roles[&project].clone();
            self.keep(why, KeptWhat::TeamRole(name.clone(), project, role));
        }
        Some(team)
    }
}

/// Whether nobody loses anything when `role` becomes `wanted`: what a custom role can do is not known.
fn is_at_least(wanted: &ProjectRole, role: &ProjectRole) -> bool {
    match (wanted, role) {
        (ProjectRole::BuiltIn(wanted), ProjectRole::BuiltIn(role)) => wanted >= role,
        (ProjectRole::BuiltIn(_) | ProjectRole::Custom(_), _) => wanted == role,
    }
}

/// The declared team that the live team `name` is, by its name or by an earlier one.
pub(super) fn declared_as<'a>(
    desired: &'a Desired,
    earlier: &BTreeMap<TeamName, TeamName>,
    name: &TeamName,
) -> Option<&'a DesiredTeam> {
    desired.teams.get(name).or_else(|| desired.teams.get(earlier.get(name)?))
}

/// Live teams that a declared team was called before: the declared name is not taken yet and the team is ours.
pub(crate) fn earlier_names(desired: &Desired, live: &State) -> BTreeMap<TeamName, TeamName> {
    let mut earlier = BTreeMap::new();
    let mut named = BTreeSet::new();
    for (new, team) in desired.teams.iter().filter(|(new, _)| !live.teams.contains_key(*new)) {
        for old in team.previously.keys() {
            if live.teams.contains_key(old) && desired.ignore.team(old).is_none() && named.insert(new.clone()) {
                earlier.insert(old.clone(), new.clone());
            }
        }
    }
    earlier
}
