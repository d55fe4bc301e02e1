//! Desired and live laid side by side.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Access, Ground, GroundKind, Membership, Person, Scope, Side};
use crate::access::Via;
use crate::desired::{Bound, Desired, Lapse, LapseWhy, Note};
use crate::model::{Email, ProjectId, State, TeamName};
use crate::target::earlier_names;

/// How the two sides differ in one source of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mark {
    /// They do not, or only one side was asked for.
    Same,
    /// Only the configuration gives it: it is not applied yet.
    DesiredOnly,
    /// Only the live side gives it, and the configuration does not speak of it.
    LiveOnly,
    /// Only the live side gives it: the user is blocked.
    Blocked,
    /// Only the live side gives it: its time is over, by the configuration.
    Over,
    /// Only the live side gives it: its time has not come, by the configuration.
    NotYet,
    /// Only the live side gives it, and it stays: the configuration does not look after it.
    Kept,
    /// Both give it, with different roles.
    OtherRole,
}

impl Mark {
    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::DesiredOnly => "desired_only",
            Self::LiveOnly => "live_only",
            Self::Blocked => "blocked",
            Self::Over => "over",
            Self::NotYet => "not_yet",
            Self::Kept => "kept",
            Self::OtherRole => "other_role",
        }
    }
}

/// One source of one user's access to one project, on both sides. A team goes by its declared name on both.
#[derive(Debug, Clone, Copy)]
pub struct Compared<'a> {
    /// On the desired side.
    pub desired: Option<Access<'a>>,
    /// On the desired side, declared and not given at the moment. Only where the live side gives it.
    pub lapsed: Option<Access<'a>>,
    /// On the live side; with the lines on which it rests all the same, where it is kept.
    pub live: Option<Access<'a>>,
    /// What the live side calls the team, where that is another name.
    pub live_team: Option<&'a TeamName>,
    /// Why the configuration does not give what the live side gives, where it says so.
    pub lapse: Option<Lapse<'a>>,
    /// How they differ.
    pub mark: Mark,
}

impl<'a> Compared<'a> {
    /// What only the desired side says.
    pub fn of_desired(access: Access<'a>, mark: Mark) -> Self {
        Self { desired: Some(access), lapsed: None, live: None, live_team: None, lapse: None, mark }
    }

    /// The one that is shown: the desired one where there is one, else what there is.
    pub fn shown(&self) -> Option<Access<'a>> {
        self.desired.or_else(|| self.found())
    }

    /// What is declared of it, whether it is given at the moment or not.
    pub fn declared(&self) -> Option<Access<'a>> {
        self.desired.or(self.lapsed)
    }

    /// The lines that speak of it.
    pub fn lines(&self) -> impl Iterator<Item = Ground<'a>> + use<'a> {
        self.declared().or(self.live).into_iter().flat_map(|access| access.own_grounds())
    }

    /// What there is: the live side's role where it gives one, with what is declared of that. Of another role than the
    /// declared one, nobody said until when it is given, and nobody approved it.
    pub fn found(&self) -> Option<Access<'a>> {
        let (Some(live), Some(declared)) = (self.live, self.declared()) else { return self.live.or(self.desired) };
        let declared = if declared.source.role == live.source.role { declared } else { declared.without_role() };
        Some(Access { source: live.source, ..declared })
    }

    /// When it ends or has ended, as far as the configuration says.
    pub fn until(&self) -> Option<Bound> {
        let lapse = self.lapse.filter(|lapse| lapse.why == LapseWhy::Over);
        let ended = lapse.and_then(|lapse| lapse.note?.window.until);
        self.found().and_then(|access| access.until()).into_iter().chain(ended).min_by_key(|until| until.at)
    }

    /// Since when it is given, as far as the configuration says.
    pub fn since(&self) -> Option<Bound> {
        let lapse = self.lapse.filter(|lapse| lapse.why == LapseWhy::NotYet);
        let begins = lapse.and_then(|lapse| lapse.note?.window.from);
        self.found().and_then(|access| access.since()).into_iter().chain(begins).max_by_key(|from| from.at)
    }

    /// What people wrote about what decides over it: a block first, then the nearest of its facts about which they wrote,
    /// then the user's entry, where all the user had ended with it and nothing of this was declared.
    pub fn noted<T>(&self, part: impl Fn(&'a Note) -> Option<T>) -> Option<T> {
        let block = self.block().and_then(&part);
        block.or_else(|| self.found()?.noted(&part)).or_else(|| part(self.ended_entry()?))
    }

    /// Who approved what decides over it: a block, or the access itself; an approval at the user's entry is none of the
    /// access, unless it is that entry which ended and nothing of this was declared.
    pub fn approved_by(&self) -> &'a [Email] {
        let of = |note: &'a Note| Some(note.approved_by.as_slice()).filter(|by| !by.is_empty());
        let own = || self.found().map(|access| access.approved_by()).filter(|by| !by.is_empty());
        self.block().and_then(of).or_else(own).or_else(|| of(self.ended_entry()?)).unwrap_or_default()
    }

    /// What people wrote about the block, where there is one.
    pub fn block(&self) -> Option<&'a Note> {
        let lapse = self.lapse.filter(|lapse| lapse.why == LapseWhy::Blocked)?;
        lapse.note.map(|note| &**note)
    }

    /// What people wrote about the user, where that is what ended or has not begun and nothing of the access was declared.
    pub fn ended_entry(&self) -> Option<&'a Note> {
        let lapse = self.lapse.filter(|lapse| lapse.why != LapseWhy::Blocked && self.lapsed.is_none())?;
        lapse.note.map(|note| &**note)
    }
}

/// A membership on either side. A team goes by its declared name.
#[derive(Debug, Clone, Copy)]
pub struct ComparedMembership<'a> {
    /// The team.
    pub team: &'a TeamName,
    /// What the live side calls it, where that is another name.
    pub live_team: Option<&'a TeamName>,
    /// On the desired side.
    pub desired: Option<Membership<'a>>,
    /// How the sides differ: `same`, `desired_only` or `live_only`; `None` where the live side was not read.
    pub mark: Option<Mark>,
}

/// Both sides of one organization, as far as they are at hand.
#[derive(Debug)]
pub struct Sides<'a> {
    /// What is declared.
    pub desired: Side<'a>,
    /// What the live side gives, where it is at hand.
    pub live: Option<Side<'a>>,
    /// What the live side gives after a run: tells what is kept of what only the live side gives.
    target: Option<Side<'a>>,
    configuration: &'a Desired,
    /// Live teams that have another name in the configuration.
    renamed: BTreeMap<TeamName, &'a TeamName>,
}

impl<'a> Sides<'a> {
    /// The sides of the organization that `desired` describes at the moment `as_of`. With `target`, the state that a run leads to, what is only
    /// on the live side and stays is told apart.
    pub fn new(
        desired: &'a Desired,
        live: Option<&'a State>,
        target: Option<&'a State>,
        as_of: Timestamp,
        scope: Scope<'_>,
    ) -> Self {
        let earlier = live.map_or_else(BTreeMap::new, |state| earlier_names(desired, state));
        let declared = |(old, new): (TeamName, TeamName)| Some((old, desired.teams.get_key_value(&new)?.0));
        Self {
            desired: Side::desired(desired, live, as_of, scope),
            live: live.map(|state| Side::live(state, scope)),
            target: target.map(|state| Side::live(state, scope)),
            configuration: desired,
            renamed: earlier.into_iter().filter_map(declared).collect(),
        }
    }

    /// The users of either side, in order.
    pub fn users(&self) -> BTreeSet<&'a Email> {
        let mut users = self.desired.users();
        users.extend(self.live.iter().flat_map(Side::users));
        users
    }

    /// What both sides know of `user`; `None` for somebody of whom neither knows anything.
    pub fn person(&self, user: &Email) -> Option<Person<'a>> {
        let live = self.live.as_ref().and_then(|side| side.person(user));
        match (self.desired.person(user), live) {
            (Some(desired), Some(live)) => Some(Person {
                role: desired.role.or(live.role),
                status: live.status.or(desired.status),
                last_active: live.last_active.or(desired.last_active),
                ..desired
            }),
            (Some(desired), None) => Some(desired),
            (None, live) => Some(Person { standing: self.desired.standing(user), ..live? }),
        }
    }

    /// The name that the live team `team` has in the configuration.
    pub fn declared_name(&self, team: &'a TeamName) -> &'a TeamName {
        self.renamed.get(team).copied().unwrap_or(team)
    }

    /// The teams of `user` on either side, by name.
    pub fn memberships(&self, user: &Email) -> Vec<ComparedMembership<'a>> {
        let mut teams: BTreeMap<&TeamName, ComparedMembership<'a>> = BTreeMap::new();
        for membership in self.desired.memberships(user) {
            let mark = self.live.as_ref().map(|_| Mark::DesiredOnly);
            let team = membership.team;
            teams.insert(team, ComparedMembership { team, live_team: None, desired: Some(membership), mark });
        }
        for membership in self.live.iter().flat_map(|side| side.memberships(user)) {
            let team = self.declared_name(membership.team);
            let live_team = Some(membership.team).filter(|name| *name != team);
            let live_only = ComparedMembership { team, live_team, desired: None, mark: Some(Mark::LiveOnly) };
            let found = teams.entry(team).or_insert(live_only);
            found.live_team = live_team;
            found.mark = if found.desired.is_some() { Some(Mark::Same) } else { Some(Mark::LiveOnly) };
        }
        teams.into_values().collect()
    }

    /// The sources of `user`'s access on either side, by project, then in the order of sources. What neither side gives alone
    /// and a run will, such as the live role of a team that the user joins, counts as desired.
    pub fn access(&self, user: &Email) -> Vec<Compared<'a>> {
        let Some(live) = &self.live else {
            let alone = |access| Compared::of_desired(access, Mark::Same);
            return self.desired.access(user).into_iter().map(alone).collect();
        };
        let person_lapse = self.desired.person(user).and_then(|person| person.lapse);
        let mut declared = Vec::new();
        self.desired.collect_all(user, &mut declared);
        let live = self.by_declared_name(live.access(user));
        let target = self.target.as_ref().map(|side| side.access(user)).unwrap_or_default();
        let target = self.by_declared_name(target);
        let is_known = |access: &Access<'a>| {
            let is_same = |other: &Access<'a>| key(other) == key(access);
            declared.iter().any(|other| other.lapse.is_none() && is_same(other))
                || live.iter().any(|(other, _)| is_same(other) && other.source == access.source)
        };
        // Also what somebody who is kept gets because everybody does.
        let joint: Vec<_> = target.iter().map(|(access, _)| *access).filter(|access| !is_known(access)).collect();
        if !joint.is_empty() {
            // What stays given because nobody looks after it does not lapse.
            declared.retain(|access| joint.iter().all(|other| key(other) != key(access)));
            declared.extend(joint.into_iter().map(|access| self.with_grounds(user, access)));
            declared.sort_by(|one, other| key(one).cmp(&key(other)));
        }
        let is_kept = |access: &Access<'a>| {
            target.iter().any(|(other, _)| (other.project, other.source) == (access.project, access.source))
        };
        let (mut declared, mut found_live) = (declared.into_iter().peekable(), live.into_iter().peekable());
        let mut rows = Vec::with_capacity(declared.len().max(found_live.len()));
        loop {
            let order = match (declared.peek(), found_live.peek()) {
                (None, None) => return rows,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(wanted), Some((found, _))) => key(wanted).cmp(&key(found)),
            };
            let wanted = if order == Ordering::Greater { None } else { declared.next() };
            let found = if order == Ordering::Less { None } else { found_live.next() };
            let (desired, lapsed) = match wanted {
                Some(access) if access.lapse.is_some() => (None, Some(access)),
                other => (other, None),
            };
            let (found, live_team) = found.map_or((None, None), |(access, name)| (Some(access), name));
            let lapse = match (desired, found) {
                (None, Some(_)) => lapsed.and_then(|access| access.lapse).or(person_lapse),
                (Some(_), _) | (None, None) => None,
            };
            let mark = match (&desired, &found, lapse.map(|lapse| lapse.why)) {
                // What is only declared and not given at the moment is no difference.
                (None, None, _) => continue,
                (Some(wanted), Some(found), _) if wanted.source.role == found.source.role => Mark::Same,
                (Some(_), Some(_), _) => Mark::OtherRole,
                (Some(_), None, _) => Mark::DesiredOnly,
                (None, Some(found), _) if is_kept(found) => Mark::Kept,
                (None, Some(_), Some(LapseWhy::Blocked)) => Mark::Blocked,
                (None, Some(_), Some(LapseWhy::Over)) => Mark::Over,
                (None, Some(_), Some(LapseWhy::NotYet)) => Mark::NotYet,
                (None, Some(_), None) => Mark::LiveOnly,
            };
            let is_bare = mark == Mark::Kept && lapsed.is_none();
            let live = found.map(|access| if is_bare { self.with_grounds(user, access) } else { access });
            rows.push(Compared { desired, lapsed, live, live_team, lapse, mark });
        }
    }

    /// `access` of `user` with the facts of the configuration that it rests on, as far as it does.
    fn with_grounds(&self, user: &Email, access: Access<'a>) -> Access<'a> {
        let Desired { teams, grants, projects, .. } = self.configuration;
        let grounds = match access.source.via {
            Via::OrgRole => [None; 3],
            Via::Team(name) => {
                let team = teams.get(name);
                let member = team.and_then(|team| team.members.as_ref()?.get(user));
                let role = team.and_then(|team| team.roles.as_ref()?.get(&access.project));
                let role = role.map(|fact| Ground::new(GroundKind::TeamRole, fact));
                [member.map(|fact| Ground::new(GroundKind::Member, fact)), role, None]
            }
            Via::Grant => {
                let fact = grants.get(&(user.clone(), access.project));
                [fact.map(|fact| Ground::new(GroundKind::Grant, fact)), None, None]
            }
            Via::Everyone => {
                let fact = projects.get(&access.project).and_then(|project| project.everyone.as_ref());
                [fact.map(|fact| Ground::new(GroundKind::Everyone, fact)), None, None]
            }
        };
        Access { grounds, ..access }
    }

    /// What the live side gives, its teams called as the configuration calls them, with what it calls them itself where
    /// that differs.
    fn by_declared_name(&self, live: Vec<Access<'a>>) -> Vec<(Access<'a>, Option<&'a TeamName>)> {
        let mut named: Vec<_> = live
            .into_iter()
            .map(|mut access| {
                let Via::Team(team) = access.source.via else { return (access, None) };
                let declared = self.declared_name(team);
                access.source.via = Via::Team(declared);
                (access, Some(team).filter(|team| *team != declared))
            })
            .collect();
        if !self.renamed.is_empty() {
            named.sort_by(|(one, _), (other, _)| key(one).cmp(&key(other)));
        }
        named
    }
}

/// What is the same on both sides.
fn key<'a>(access: &Access<'a>) -> (ProjectId, Via<'a>) {
    (access.project, access.source.via)
}
