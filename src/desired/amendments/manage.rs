//! How far something is managed, and what stops being managed.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Amendments, Bearing, entry_text, named};
use crate::desired::counterpart::Counterparts;
use crate::desired::entry::{Declared, entries};
use crate::desired::{Desired, DesiredTeam, Glob, InForce, ManageMode};
use crate::model::Email;
use crate::source::Span;

impl Amendments {
    pub(super) fn manage(&mut self, base: &Desired, head: &Desired) {
        let (before, after) = (&base.manage, &head.manage);
        for (key, from, to) in [
            ("manage.users", before.users, after.users),
            ("manage.teams", before.teams, after.teams),
            ("manage.grants", before.grants, after.grants),
            ("manage.everyone", before.everyone, after.everyone),
            ("manage.projects", before.projects, after.projects),
        ] {
            if from != to {
                let bearing = Bearing::of_growth(laxity(to).cmp(&laxity(from)));
                self.add(bearing, key, Some(from.as_str().to_owned()), Some(to.as_str().to_owned()), None);
            }
        }
        if before.team_members != after.team_members {
            let text = |managed| Some(if managed { "full" } else { "none" }.to_owned());
            let bearing = if after.team_members { Bearing::Tightens } else { Bearing::Loosens };
            let (from, to) = (text(before.team_members), text(after.team_members));
            self.add(bearing, "manage.teams.members", from, to, None);
        }
        for (key, from, to) in [
            ("manage.ignore.users", &base.ignore.users, &head.ignore.users),
            ("manage.ignore.teams", &base.ignore.teams, &head.ignore.teams),
            ("manage.ignore.projects", &base.ignore.projects, &head.ignore.projects),
        ] {
            let texts = |patterns: &[(Glob, Span)]| -> BTreeMap<String, Span> {
                patterns.iter().map(|(glob, place)| (glob.to_string(), *place)).collect()
            };
            self.lists(key, texts(from), texts(to), Bearing::Loosens);
        }
    }

    /// What is not declared any more and stays on the live side: where a section is managed as far as it lists something,
    /// what it does not list is left alone from then on, whatever the base says of it.
    pub(super) fn left(&mut self, both: &Counterparts<'_>, as_of: Timestamp) {
        let Counterparts { base, head, .. } = both;
        let (before, now) = (&base.manage, &head.manage);
        let is_left = |before: ManageMode, now: ManageMode| before != ManageMode::None && now == ManageMode::Listed;
        let holds = InForce::new(base, as_of);
        let goes_with_the_user = |user: &Email| {
            let user = both.user_now(user);
            let is_listed = head.users.as_ref().is_none_or(|users| users.contains_key(user));
            head.blocked.contains_key(user) || (now.users == ManageMode::Full && !is_listed)
        };
        let is_dropped = |fact: &Declared<'_>| {
            both.now(*fact).is_none()
                && match *fact {
                    Declared::User(user, found) => {
                        is_left(before.users, now.users)
                            && !head.blocked.contains_key(user)
                            && holds.fact_of(user, &found.role).is_none()
                    }
                    // What goes with its project is told with it.
                    Declared::Grant(user, project, grant) => {
                        is_left(before.grants, now.grants)
                            && head.projects.contains_key(&project)
                            && !goes_with_the_user(user)
                            && holds.fact_of(user, grant).is_none()
                    }
                    // A team that is listed is managed with all of its parts.
                    Declared::Member(..) | Declared::TeamRole(..) => false,
                }
        };
        for (entry, fact) in entries(base, Declared::all(base).filter(is_dropped)) {
            let key = if matches!(fact, Declared::User(..)) { "users" } else { "grants" };
            let until = fact.until().map_or(String::new(), |until| format!(" until {until}"));
            let text = format!("managed: {}{until}", entry_text(&entry));
            self.leave(key, text, None);
        }
        for (user, found) in base.users.iter().flatten() {
            let is_user = |user: &Email| head.users.as_ref().is_some_and(|users| users.contains_key(user));
            let Some(after) = head.users.as_ref().and_then(|users| users.get(both.user_now(user))) else { continue };
            let is_dropped = |old: &&Email| !after.previously.contains_key(*old) && !is_user(old);
            for old in found.previously.keys().filter(is_dropped).filter(|_| is_left(before.users, now.users)) {
                let text = format!("managed: {old}, which {user} had before");
                self.leave("users", text, None);
            }
        }
        for (name, team) in &base.teams {
            match both.team_now(name) {
                None if is_left(before.teams, now.teams) => {
                    self.leave("teams", format!("managed: {name}"), None);
                }
                Some(after) if before.teams != ManageMode::None && now.teams != ManageMode::None => {
                    self.parts(team, after, before.team_members && now.team_members);
                }
                Some(_) | None => {}
            }
        }
        for (id, project) in &base.projects {
            let Some(after) = head.projects.get(id).filter(|_| is_left(before.everyone, now.everyone)) else {
                continue;
            };
            if let (Some(role), None) = (&project.everyone, &after.everyone) {
                let key = format!("projects.{}.everyone", after.key);
                let text = format!("managed: {}", role.value.as_str());
                self.leave(key, text, Some(after.place));
            }
        }
    }

    /// The parts of a team that are left alone from now on, and those that are not any more.
    fn parts(&mut self, before: &DesiredTeam, after: &DesiredTeam, has_members: bool) {
        let key = |part: &str| format!("teams.{}.{part}", named(after.key.as_str()));
        if before.scim_managed != after.scim_managed {
            let bearing = if after.scim_managed { Bearing::Loosens } else { Bearing::Tightens };
            let (from, to) = (before.scim_managed.to_string(), after.scim_managed.to_string());
            self.add(bearing, key("scim_managed"), Some(from), Some(to), Some(after.place));
        }
        let has_members = has_members && before.scim_managed == after.scim_managed;
        let managed = || "managed".to_owned();
        for (part, is_told, was, is) in [
            ("members", has_members, before.members.is_some(), after.members.is_some()),
            ("projects", true, before.roles.is_some(), after.roles.is_some()),
        ] {
            match (was, is) {
                (true, false) if is_told => self.leave(key(part), managed(), Some(after.place)),
                (false, true) if is_told => {
                    self.add(Bearing::Tightens, key(part), None, Some(managed()), Some(after.place))
                }
                (_, _) => {}
            }
        }
    }
}

/// How much a way of managing leaves as it is.
fn laxity(mode: ManageMode) -> u8 {
    match mode {
        ManageMode::Full => 0,
        ManageMode::Listed => 1,
        ManageMode::None => 2,
    }
}
