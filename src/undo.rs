//! What would take back what a run did.
//!
//! The target is the live side of now with each change of the run performed the other way round, so that what leads
//! there is planned, ordered, judged and applied like any other plan. Only what the run itself made is taken back, and
//! only as long as the live side still shows it: what somebody changed since is left as it is, and told.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::change::{Change, LiveSide, Shown, Subject};
use crate::desired::{Desired, InForce};
use crate::journal::{Deed, Deeds, Lost};
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, State, TeamName};
use crate::plan::LeftAlone;
use crate::target::Target;

/// Where a run that is taken back leads.
#[derive(Debug, Clone)]
pub struct TakenBack {
    /// What should be after it.
    pub target: Target,
    /// What of the run is left as it is.
    pub left: Vec<LeftAlone>,
    /// How many changes of the run are as they were before.
    pub as_before: usize,
}

/// Works out what should be once the run of `deeds` is taken back from `live` at the moment `as_of`. What the
/// configuration keeps out of reach (`manage.ignore`, teams of an identity provider) is not touched, and nobody who is
/// blocked gets anything back.
pub fn take_back(desired: &Desired, live: &State, deeds: &Deeds, as_of: Timestamp) -> TakenBack {
    let label = |id: ProjectId| match desired.projects.get(&id) {
        Some(project) => Cow::Owned(project.key.as_str().to_owned()),
        None => Cow::Owned(id.to_string()),
    };
    let changes = || deeds.done.iter().map(|deed| &deed.change);
    let mut going = Going {
        desired,
        in_force: InForce::new(desired, as_of),
        deeds,
        as_of,
        label: &label,
        state: live.clone(),
        renamed_back: BTreeMap::new(),
        left: Vec::new(),
        as_before: 0,
    };
    going.rename_back();
    let side = LiveSide::new(live, &label, changes());
    let mut still: Vec<&Deed> = Vec::new();
    for deed in deeds.done.iter().filter(|deed| deed.change.team_rename().is_none()) {
        match side.shows(&deed.change) {
            Shown::Result => still.push(deed),
            Shown::Start | Shown::Other(_) if going.is_brought_back(&deed.change) => still.push(deed),
            Shown::Start if deed.lost.is_some() => going.compare_lost(deed),
            Shown::Start => going.as_before += 1,
            Shown::Other(_) if going.is_gone_again(&deed.change) => going.as_before += 1,
            Shown::Other(now) => going.leave(&deed.change, now),
        }
    }
    going.take_back(&still);
    for change in deeds.by_hand.iter().filter(|change| side.shows(change) == Shown::Result) {
        going.leave(change, "the run left it to a person, who did it: take it back by hand if it is to go".to_owned());
    }
    let Going { state, renamed_back, left, as_before, .. } = going;
    let withheld = withheld(live, &state, &renamed_back);
    let target = Target {
        as_of,
        state,
        team_renames: renamed_back,
        awaited_teams: BTreeMap::new(),
        replaced_users: BTreeMap::new(),
        kept: Vec::new(),
        withheld,
    };
    TakenBack { target, left, as_before }
}

/// The roles of teams that would be others in `state` than they are live, where people are in the team who were not read:
/// nobody knows what they would lose or get.
fn withheld(
    live: &State,
    state: &State,
    renamed_back: &BTreeMap<TeamName, TeamName>,
) -> BTreeSet<(TeamName, ProjectId)> {
    let mut withheld = BTreeSet::new();
    for name in state.unread.members.keys() {
        let live_name = renamed_back.iter().find(|(_, old)| *old == name).map_or(name, |(new, _)| new);
        let roles =
            |side: &State, name: &TeamName| side.teams.get(name).map(|team| team.roles.clone()).unwrap_or_default();
        let (now, then) = (roles(live, live_name), roles(state, name));
        let others = now.keys().chain(then.keys()).filter(|project| now.get(*project) != then.get(*project));
        withheld.extend(others.map(|project| (name.clone(), *project)));
    }
    withheld
}

/// A state on its way back.
struct Going<'a> {
    desired: &'a Desired,
    in_force: InForce<'a>,
    deeds: &'a Deeds,
    as_of: Timestamp,
    /// How a project is called.
    label: &'a dyn Fn(ProjectId) -> Cow<'a, str>,
    state: State,
    /// Teams that get their old name back: the name that the run gave to the one from before.
    renamed_back: BTreeMap<TeamName, TeamName>,
    left: Vec<LeftAlone>,
    as_before: usize,
}

impl Going<'_> {
    fn leave(&mut self, change: &Change, why: String) {
        self.left.push(LeftAlone { change: change.clone(), why });
    }

    /// Gives teams their old names back, the last one first: a name may have been given on.
    fn rename_back(&mut self) {
        for deed in self.deeds.done.iter().rev() {
            let Some((old, new)) = deed.change.team_rename() else { continue };
            match (self.state.teams.contains_key(old), self.state.teams.contains_key(new)) {
                (true, false) => self.as_before += 1,
                (true, true) => self.leave(&deed.change, format!("there is another team `{old}` now")),
                (false, false) if self.state.unread.teams => {
                    self.leave(&deed.change, "teams were not read".to_owned());
                }
                (false, false) => self.leave(&deed.change, format!("there is no team `{new}`")),
                (false, true) => {
                    let back = Change::RenameTeam { from: new.clone(), to: old.clone() };
                    if self.perform(&deed.change, &back) {
                        self.renamed_back.insert(new.clone(), old.clone());
                    }
                }
            }
        }
    }

    /// What the team is called on the way back that was called `name` after the run.
    fn called(&self, name: &TeamName) -> TeamName {
        if let Some(old) = self.renamed_back.get(name) {
            return old.clone();
        }
        let old = || self.renames().find(|(_, new)| *new == name).map(|(old, _)| old);
        match self.state.teams.contains_key(name) {
            true => name.clone(),
            // Somebody else has given the old name back.
            false => old().filter(|old| self.state.teams.contains_key(*old)).unwrap_or(name).clone(),
        }
    }

    /// What the team is called on the way back that was called `name` before the run.
    fn called_before(&self, name: &TeamName) -> TeamName {
        match self.renames().find(|(old, _)| *old == name) {
            Some((_, new)) if !self.renamed_back.contains_key(new) && self.state.teams.contains_key(new) => new.clone(),
            Some(_) | None => name.clone(),
        }
    }

    fn renames(&self) -> impl Iterator<Item = (&TeamName, &TeamName)> {
        self.deeds.done.iter().filter_map(|deed| deed.change.team_rename())
    }

    /// Whether an earlier attempt to take the run back has brought back whom or what `change` removed.
    fn is_brought_back(&self, change: &Change) -> bool {
        let is_made = |removed| self.deeds.taken_back.iter().any(|made| made.makes() == Some(removed));
        change.removes().is_some_and(|removed| self.has(removed) && is_made(removed))
    }

    fn has(&self, subject: Subject<'_>) -> bool {
        match subject {
            Subject::User(user) => self.state.users.contains_key(user),
            Subject::Team(team) => self.state.teams.contains_key(team),
        }
    }

    /// Whether `change` gave something to a user or team that the run made and that is not there any more.
    fn is_gone_again(&self, change: &Change) -> bool {
        let is_made = |subject| self.deeds.done.iter().any(|deed| deed.change.makes() == Some(subject));
        let may_be_unread = |subject| matches!(subject, Subject::Team(_)) && self.state.unread.teams;
        change.subjects().any(|subject| !self.has(subject) && !may_be_unread(subject) && is_made(subject))
    }

    /// Tells of somebody or a team that somebody else has brought back with less than there was.
    fn compare_lost(&mut self, deed: &Deed) {
        let lacks = self.parts(deed).into_iter().any(|part| {
            let mut state = self.state.clone();
            part.is_ok_and(|part| state.perform(&part, self.as_of).is_ok())
        });
        if lacks {
            self.leave(&deed.change, "there again, with other access than before the run: that is left".to_owned());
        } else {
            self.as_before += 1;
        }
    }

    /// Takes the changes back that the live side still shows. What is needed for others comes first: teams and users
    /// come back before what they had, and go after what they were given.
    fn take_back(&mut self, still: &[&Deed]) {
        let stage = |deed: &Deed| match (deed.change.removes(), deed.change.makes()) {
            (Some(Subject::Team(_)), _) => 0,
            (Some(Subject::User(_)), _) => 1,
            // An owner comes before another one goes.
            (None, None) if matches!(deed.change, Change::SetOrgRole { from: OrgRole::Owner, .. }) => 2,
            (None, None) => 3,
            (None, Some(Subject::User(_))) => 4,
            (None, Some(Subject::Team(_))) => 5,
        };
        let mut staged: Vec<&Deed> = still.iter().rev().copied().collect();
        staged.sort_by_key(|deed| stage(deed));
        let (first, rest): (Vec<&Deed>, Vec<&Deed>) = staged.into_iter().partition(|deed| stage(deed) < 2);
        let back: Vec<&Deed> = first.into_iter().filter(|deed| self.bring_back(deed)).collect();
        for deed in back {
            self.give_back(deed);
        }
        for deed in rest {
            self.reverse(deed);
        }
    }

    /// Lets a user or a team be there again, without what they had; whether they are.
    fn bring_back(&mut self, deed: &Deed) -> bool {
        if self.is_brought_back(&deed.change) {
            self.as_before += 1;
            return true;
        }
        let Some(lost) = &deed.lost else {
            self.leave(&deed.change, "the journal does not say what they had".to_owned());
            return false;
        };
        let role = lost.role.as_deref().and_then(OrgRole::read);
        match deed.change.inverse(role) {
            Some(back) => self.perform(&deed.change, &back),
            None => {
                self.leave(&deed.change, "the journal does not say which org role they had".to_owned());
                false
            }
        }
    }

    /// Gives a user or a team that is there again what they had.
    fn give_back(&mut self, deed: &Deed) {
        for part in self.parts(deed) {
            match part {
                Err(why) => self.leave(&deed.change, why),
                Ok(part) if self.state.shows(&part) == Some(true) => {}
                // It was given back once, and somebody has taken it away since.
                Ok(part) if self.is_brought_back(&deed.change) && self.deeds.taken_back.contains(&part) => {
                    let why = format!("{} was given back once and is gone again", self.named(&part));
                    self.leave(&deed.change, why);
                }
                Ok(part) => {
                    let problem = match self.out_of_reach(&part) {
                        Some(why) => Some(why),
                        None => self.state.perform(&part, self.as_of).err().map(|misfit| misfit.to_string()),
                    };
                    if let Some(problem) = problem {
                        let why = format!("{} is not given back: {problem}", self.named(&part));
                        self.leave(&deed.change, why);
                    }
                }
            }
        }
    }

    /// What the user or team had, each part as the change that gives it back; or why it cannot be.
    fn parts(&self, deed: &Deed) -> Vec<Result<Change, String>> {
        let none = Lost::default();
        let lost = deed.lost.as_ref().unwrap_or(&none);
        let role = |id: &String, role: &String| {
            let project = id.parse().ok().and_then(|id| ProjectId::new(id).ok());
            project.zip(ProjectRole::from_name(role)).ok_or_else(|| format!("`{role}` on `{id}` cannot be read"))
        };
        let mut parts = Vec::new();
        match deed.change.removes() {
            Some(Subject::User(user)) => {
                for team in &lost.teams {
                    let name = TeamName::new(team).ok_or_else(|| format!("`{team}` is no name of a team"));
                    parts.push(
                        name.map(|name| Change::AddTeamMember { team: self.called_before(&name), user: user.clone() }),
                    );
                }
                for (id, to) in &lost.roles {
                    let grant = |(project, to)| Change::SetGrant { user: user.clone(), project, from: None, to };
                    parts.push(role(id, to).map(grant));
                }
            }
            Some(Subject::Team(team)) => {
                for (id, to) in &lost.roles {
                    let given = |(project, to)| Change::SetTeamRole { team: team.clone(), project, from: None, to };
                    parts.push(role(id, to).map(given));
                }
                for member in &lost.members {
                    let user = Email::new(member).map_err(|problem| format!("`{member}`: {problem}"));
                    parts.push(user.map(|user| Change::AddTeamMember { team: team.clone(), user }));
                }
            }
            None => {}
        }
        parts
    }

    /// Takes back a change that needs nothing but itself.
    fn reverse(&mut self, deed: &Deed) {
        let change = deed.change.with_team(|name| self.called(name));
        let Some(mut back) = change.inverse(None) else { return };
        if let Change::CancelInvite { user } = &back {
            let user = user.clone();
            if let Some(why) = self.holds_more(&user) {
                return self.leave(&deed.change, why);
            }
            if self.state.users.get(&user).is_some_and(|found| !found.status.is_invited()) {
                back = Change::RemoveUser { user };
            }
        } else if let Change::DeleteTeam { team } = &back
            && let Some(why) = self.has_more(team)
        {
            return self.leave(&deed.change, why);
        }
        self.perform(&deed.change, &back);
    }

    /// Performs `back` on the way, or tells why `change` is left as it is.
    fn perform(&mut self, change: &Change, back: &Change) -> bool {
        let problem = match self.out_of_reach(back) {
            Some(why) => Some(why),
            None => self.state.perform(back, self.as_of).err().map(|misfit| misfit.to_string()),
        };
        match problem {
            Some(why) => {
                self.leave(change, why);
                false
            }
            None => true,
        }
    }

    /// What somebody whom the run invited has and the run did not give: it would be lost with them.
    fn holds_more(&self, user: &Email) -> Option<String> {
        let teams = self.state.teams.iter().filter(|(_, team)| team.members.contains(user));
        let teams = teams.map(|(name, _)| format!("is in team `{name}`"));
        let label = self.label;
        let grants = self.state.grants_of(user).map(|(project, role)| format!("has {role} on {}", label(project)));
        let has: BTreeSet<String> = teams.chain(grants).collect();
        let first = has.first()?;
        let more = if has.len() == 1 { String::new() } else { format!(" and {} more", has.len() - 1) };
        Some(format!("`{user}` {first}{more}, which the run did not give"))
    }

    /// What a team that the run made has and the run did not give it.
    fn has_more(&self, team: &TeamName) -> Option<String> {
        let found = self.state.teams.get(team)?;
        let members = found.members.len() + self.state.unread.members_of(team);
        if members == 0 && found.roles.is_empty() {
            return None;
        }
        let count = |number: usize, noun: &str| match number {
            1 => format!("1 {noun}"),
            number => format!("{number} {noun}s"),
        };
        let (members, roles) = (count(members, "member"), count(found.roles.len(), "role"));
        Some(format!("team `{team}` has {members} and {roles} that the run did not give it"))
    }

    /// Why the configuration keeps `back` out of reach, if it does.
    fn out_of_reach(&self, back: &Change) -> Option<String> {
        let Self { desired, state, .. } = self;
        let gives = !back.kind().is_removal();
        if let Some(user) = back.user() {
            if let Some(glob) = desired.ignore.user(user) {
                return Some(format!("`manage.ignore` keeps `{user}` by the pattern `{}`", glob.as_str()));
            }
            if gives && self.in_force.blocked(user).is_some() {
                return Some(format!("`{user}` is blocked"));
            }
        }
        if let Some(id) = back.project() {
            let key = desired.projects.get(&id).map_or("", |project| project.key.as_str());
            let name = state.projects.get(&id).map_or("", |project| project.name.as_str());
            if let Some(glob) = desired.ignore.project(&[key, &id.to_string(), name]) {
                return Some(format!("`manage.ignore` keeps project {id} by the pattern `{}`", glob.as_str()));
            }
            if state.unread.projects.contains(&id) {
                return Some(format!("the grants and the default role of project {id} were not read"));
            }
        }
        if let Some(team) = back.team() {
            if let Some(glob) = desired.ignore.team(team) {
                return Some(format!("`manage.ignore` keeps team `{team}` by the pattern `{}`", glob.as_str()));
            }
            let is_about_members = matches!(back, Change::AddTeamMember { .. } | Change::RemoveTeamMember { .. });
            let is_of_provider = desired.teams.get(team).is_some_and(|declared| declared.scim_managed);
            if is_of_provider && is_about_members {
                return Some(format!("an identity provider looks after the members of team `{team}`"));
            }
        }
        None
    }

    /// What `part` gives, in words.
    fn named(&self, part: &Change) -> String {
        let label = self.label;
        match part {
            Change::AddTeamMember { team, user } => format!("the place of `{user}` in team `{team}`"),
            Change::SetGrant { project, to, .. } | Change::SetTeamRole { project, to, .. } => {
                format!("the role {to} on {}", label(*project))
            }
            Change::RenameTeam { .. }
            | Change::CreateTeam { .. }
            | Change::InviteUser { .. }
            | Change::SetOrgRole { .. }
            | Change::SetEveryone { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveEveryone { .. }
            | Change::DeleteTeam { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => part.kind().as_str().to_owned(),
        }
    }
}
