//! Whether the lists of one read agree with each other.
//!
//! Several lists tell the id of a person beside the address, and requests name people by these ids. An id that two people
//! have, or a person with two ids, would let a request be about somebody else than the plan says.
//!
//! Service accounts are no people, and whether other lists tell the same ids of them as the list of users is not known: only
//! that list is asked about them.
//!
//! Whether the id of an invitation is that of the person is not known (dossier P2): somebody may have it beside another one,
//! and nobody else may have it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use super::merge::{Source, canonical, is_service_account};
use super::read::{Answers, Part};
use super::wire;
use crate::catalogue::Operation;
use crate::lookup::Lookup;

/// What does without the list of invitations.
const NO_INVITATIONS: &str = "; without `list_invitations` in `backend.unverified` invitations are not read";

/// Where an id stands beside an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place<'a> {
    Users,
    Invitations,
    Team(&'a str),
    Project(wire::Id),
}

impl Place<'_> {
    /// Whether the list is about people and nothing else; their ids are those that requests are written with.
    fn is_about_people(self) -> bool {
        match self {
            Self::Users | Self::Invitations => true,
            Self::Team(_) | Self::Project(_) => false,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |operation: Operation| operation.entry().name;
        match self {
            Self::Users => write!(f, "`{}`", list(Operation::ListUsers)),
            Self::Invitations => write!(f, "`{}`", list(Operation::ListInvitations)),
            Self::Team(team) => write!(f, "`{}`, team `{team}`", list(Operation::ListTeams)),
            Self::Project(project) => write!(f, "`{}` of project {}", list(Operation::ListGrants), project.0),
        }
    }
}

/// Two rows that cannot both be right about who somebody is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// What they say, and where.
    pub(super) text: String,
    /// Whether both stand in lists of people.
    pub(super) is_about_people: bool,
}

/// Everything in which the lists disagree about who has which id, each id and person once.
pub(super) fn contradictions(answers: &Answers) -> Vec<Contradiction> {
    let mut identities = Identities::default();
    for row in &answers.users {
        identities.see(&row.email, row.id, Place::Users);
    }
    for row in answers.invitations.rows() {
        identities.see(&row.email, row.id, Place::Invitations);
    }
    for team in answers.teams.rows() {
        for row in team.users.iter().filter(|row| !is_service_account(&row.email)) {
            identities.see(&row.email, row.id.0, Place::Team(&team.name));
        }
    }
    for (project, access) in &answers.access {
        // Whether the id of a request for access is that of who asks is not known.
        for row in access.granted.rows().iter().filter(|row| row.source() != Source::Request) {
            if let Some(email) = row.email.as_deref().filter(|email| !is_service_account(email)) {
                identities.see(email, row.id.0, Place::Project(*project));
            }
        }
    }
    identities.found
}

/// In what the lists of grants say something else of teams than the list of teams, each project and team once. Teams are
/// taken as the list of teams has them.
pub(super) fn differences<'a>(answers: &'a Answers, role: &dyn Fn(wire::Id, &'a str) -> &'a str) -> Vec<String> {
    let mut told = Vec::new();
    for (project, access) in &answers.access {
        let grants = Place::Project(*project);
        let gives = |team: &&wire::Team| {
            given(team, *project).is_some() && team.users.iter().any(|row| !is_service_account(&row.email))
        };
        if let (Part::Read(_), 0, Some(team)) =
            (&access.granted, access.listed, answers.teams.rows().iter().find(gives))
        {
            let list = Operation::ListTeams.entry().name;
            told.push(format!(
                "{grants} is empty, and `{list}` has people who have a role there by team `{}`",
                team.name
            ));
        }
        let mut seen = BTreeSet::new();
        for row in access.granted.rows().iter().filter(|row| row.source() == Source::Team) {
            let Some(named) = &row.team else { continue };
            let Some(team) = answers.teams.rows().iter().find(|team| team.id == named.id) else { continue };
            let place = Place::Team(&team.name);
            if let Some(name) = named.name.as_deref().filter(|name| name.trim() != team.name.trim())
                && seen.insert((team.id, "name"))
            {
                told.push(format!("{grants} calls the team `{name}` that is {place}"));
            }
            let given = given(team, *project).map(|written| role(*project, written));
            let shown = row.role.as_deref().map(|shown| role(*project, shown));
            if given != shown && seen.insert((team.id, "role")) {
                let text = |role: Option<&str>| role.map_or("none".to_owned(), |role| format!("`{role}`"));
                told.push(format!(
                    "{grants} shows the role {} by team `{}`, and `{}` gives it {} there",
                    text(shown),
                    team.name,
                    Operation::ListTeams.entry().name,
                    text(given)
                ));
            }
        }
    }
    told
}

/// The role that the list of teams gives a team on a project, as it is written.
fn given(team: &wire::Team, project: wire::Id) -> Option<&str> {
    team.projects.iter().find(|on| on.id == project).map(|on| on.role.as_str())
}

/// The ids that were told so far.
#[derive(Default)]
struct Identities<'a> {
    /// Whose each id is, and where that stands.
    owners: Lookup<wire::Id, (Cow<'a, str>, Place<'a>)>,
    /// The ids of people by their address.
    people: Lookup<Cow<'a, str>, (wire::Id, Place<'a>)>,
    /// The ids of invitations by the address.
    invitations: Lookup<Cow<'a, str>, wire::Id>,
    found: Vec<Contradiction>,
    /// What is told already.
    told: Lookup<Cow<'a, str>, ()>,
}

impl<'a> Identities<'a> {
    fn see(&mut self, email: &'a str, id: Option<wire::Id>, place: Place<'a>) {
        let Some(id) = id else { return };
        let address = canonical(email);
        let (owner, first) = self.owners.entry(id).or_insert_with(|| (address.clone(), place));
        if *owner != address {
            let text = format!("the id {} is that of `{owner}` in {first}, and of `{address}` in {place}", id.0);
            let is_about_people = first.is_about_people() && place.is_about_people();
            let way_out = if is_about_people && place == Place::Invitations { NO_INVITATIONS } else { "" };
            return self.tell(address, format!("{text}{way_out}"), is_about_people);
        }
        let known = match place {
            Place::Invitations => match self.invitations.get(&address) {
                Some(known) => Some((*known, Place::Invitations)),
                None => {
                    self.invitations.insert(address, id);
                    return;
                }
            },
            Place::Users | Place::Team(_) | Place::Project(_) => {
                if self.invitations.get(&address) == Some(&id) {
                    return;
                }
                let known = self.people.get(&address).copied();
                if known.is_none() {
                    self.people.insert(address.clone(), (id, place));
                }
                known
            }
        };
        if let Some((other, first)) = known.filter(|(known, _)| *known != id) {
            let text = format!("`{address}` has the id {} in {first}, and {} in {place}", other.0, id.0);
            self.tell(address, text, first.is_about_people() && place.is_about_people());
        }
    }

    /// Takes note of a contradiction, the first of each person.
    fn tell(&mut self, address: Cow<'a, str>, text: String, is_about_people: bool) {
        if self.told.insert(address, ()).is_none() {
            self.found.push(Contradiction { text, is_about_people });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::Timestamp;
    use proptest::prelude::*;
    use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
    use serde_json::{Value, json};

    use super::*;
    use crate::backend::mixpanel::Settings;
    use crate::backend::mixpanel::merge::merge;
    use crate::backend::mixpanel::read::{Access, Part};
    use crate::backend::mixpanel::sift::Seen;
    use crate::catalogue::{Catalogue, Region};
    use crate::model::{Interner, OrgId};

    const ADDRESSES: [&str; 4] = ["ana@acme.test", "bo@acme.test", "Cy@acme.test", "dee@acme.test"];

    /// Rows of a list: whose each is, and the id that it tells.
    type Rows = Vec<(usize, Option<u64>)>;

    #[derive(Debug)]
    struct Lists {
        users: Rows,
        invitations: Rows,
        team: Rows,
        project: Rows,
    }

    /// Ids are mostly those that they should be, so that many lists agree.
    fn rows(everybody: bool) -> impl Strategy<Value = Rows> {
        let of = |person: usize| {
            let own = Some(u64::try_from(person).unwrap() + 11);
            let id = prop_oneof![12 => Just(own), 4 => Just(None), 1 => (11_u64..17).prop_map(Some)];
            proptest::option::weighted(if everybody { 0.9 } else { 0.4 }, id.prop_map(move |id| (person, id)))
        };
        [of(0), of(1), of(2), of(3)].prop_map(|rows| rows.into_iter().flatten().collect())
    }

    fn lists() -> impl Strategy<Value = Lists> {
        (rows(true), rows(false), rows(false), rows(false)).prop_map(|(users, invitations, team, project)| Lists {
            users,
            invitations,
            team,
            project,
        })
    }

    fn parsed<T: serde::de::DeserializeOwned>(rows: impl Iterator<Item = Value>) -> Vec<T> {
        rows.map(|row| serde_json::from_value(row).unwrap()).collect()
    }

    /// What the service says, as far as it is kept.
    fn answers(lists: &Lists) -> Answers {
        let person =
            |(person, id): &(usize, Option<u64>)| json!({"id": id, "email": ADDRESSES[*person], "role": "member"});
        let users: Vec<wire::User> = parsed(lists.users.iter().map(person));
        let invitations = Part::Read(parsed(lists.invitations.iter().map(person)));
        let members: Vec<Value> = lists.team.iter().map(person).collect();
        let team = json!({"id": 5, "name": "Ops", "projects": [], "users": members});
        let teams = Part::Read(parsed(std::iter::once(team)));
        let granted = lists.project.iter().map(|row| {
            let mut row = person(row);
            row["target_type"] = "organization".into();
            row.to_string()
        });
        let granted: Vec<String> = granted.collect();
        let seen = Seen::new(&users, &invitations, &teams);
        let rows: Vec<wire::Granted<'_>> = granted.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
        let (listed, kept) = seen.sift(wire::Id(901), rows.into_iter()).unwrap();
        let access = Access { granted: Part::Read(kept), listed, roles: Part::NotAsked };
        let me = json!({"organizations": {"77": {"name": "Acme", "role": "admin"}}});
        Answers {
            id: wire::Id(77),
            me: serde_json::from_value(me).unwrap(),
            organization: serde_json::from_value(json!({"name": "Acme", "role": "admin"})).unwrap(),
            users,
            invitations,
            projects: parsed(std::iter::once(json!({"id": 901, "name": "Web"}))),
            teams,
            access: BTreeMap::from([(wire::Id(901), access)]),
            regions: BTreeMap::new(),
        }
    }

    /// Whether somebody has two ids or two people one, by looking at all rows again and again.
    fn disagree(lists: &Lists) -> bool {
        let Lists { users, invitations, team, project } = lists;
        let all = || users.iter().chain(invitations).chain(team).chain(project);
        let shared = all().any(|(one, id)| id.is_some() && all().any(|(other, same)| same == id && other != one));
        let several = (0..ADDRESSES.len()).any(|person| {
            let of = |(other, id): &(usize, Option<u64>)| id.filter(|_| *other == person);
            let invited: BTreeSet<u64> = invitations.iter().filter_map(of).collect();
            let listed: BTreeSet<u64> = users.iter().filter_map(of).collect();
            let others: BTreeSet<u64> = team.iter().chain(project).filter_map(of).collect();
            listed.union(&(&others - &invited)).count() > 1
        });
        shared || several
    }

    #[test]
    fn what_is_told_does_not_depend_on_which_project_answers_first() {
        let users: Vec<wire::User> = parsed([json!({"id": null, "email": ADDRESSES[0], "role": "member"})].into_iter());
        let told = [(901, 12), (902, 15), (903, 12), (904, 15)];
        let messages = |order: &[usize]| -> Vec<String> {
            let seen = Seen::new(&users, &Part::NotAsked, &Part::NotAsked);
            let kept = order.iter().map(|place| {
                let (project, id) = told[*place];
                let row = json!({"id": id, "email": ADDRESSES[0], "role": "member", "target_type": "organization"});
                let row = row.to_string();
                let rows: Vec<wire::Granted<'_>> = vec![serde_json::from_str(&row).unwrap()];
                let (listed, kept) = seen.sift(wire::Id(project), rows.into_iter()).unwrap();
                (wire::Id(project), Access { granted: Part::Read(kept), listed, roles: Part::NotAsked })
            });
            let access = kept.collect();
            let lists = Lists { users: vec![(0, None)], invitations: vec![], team: vec![], project: vec![] };
            contradictions(&Answers { access, ..answers(&lists) }).into_iter().map(|found| found.text).collect()
        };
        let expected = messages(&[0, 1, 2, 3]);
        let text =
            "`ana@acme.test` has the id 12 in `list_grants` of project 901, and 15 in `list_grants` of project 902";
        assert_eq!(expected, [text]);
        for order in [[3, 2, 1, 0], [2, 3, 0, 1], [2, 1, 0, 3], [1, 3, 2, 0], [3, 0, 2, 1]] {
            assert_eq!(messages(&order), expected, "{order:?}");
        }
    }

    #[test]
    fn service_accounts_may_have_other_ids_in_lists_that_are_not_of_users() {
        let account = |id: u64| json!({"id": id, "email": "sa.x1y2.mp-service-account", "role": "member"});
        let lists = || {
            let mut answers = answers(&Lists {
                users: vec![(0, Some(11))],
                invitations: vec![],
                team: vec![(0, Some(11))],
                project: vec![(0, Some(11))],
            });
            answers.users.extend(parsed([account(31)].into_iter()));
            let team = json!({"id": 6, "name": "Exports", "projects": [], "users": [account(32)]});
            answers.teams = Part::Read(parsed([team].into_iter()));
            let mut row = account(11);
            row["target_type"] = "individual".into();
            let granted = vec![serde_json::from_str::<wire::Granted<'_>>(&row.to_string()).unwrap().into_owned()];
            let access = Access { granted: Part::Read(granted), listed: 1, roles: Part::NotAsked };
            answers.access.insert(wire::Id(902), access);
            answers
        };
        assert_eq!(contradictions(&lists()), []);
        let mut answers = lists();
        answers.users.extend(parsed([account(11)].into_iter()));
        assert_eq!(contradictions(&answers).len(), 1);
    }

    #[test]
    fn an_id_that_is_written_is_that_of_the_person_in_every_list() {
        let settings = Settings {
            organization: OrgId::new(77).unwrap(),
            region: Region::Us,
            base_url: None,
            catalogue: Catalogue::new(Operation::every().collect(), BTreeMap::new()),
            reads: 1,
            writes: 1,
            requests_per_minute: None,
        };
        let (sound, unsound) = (Cell::new(0), Cell::new(0));
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
        let config = Config { cases: 1000, failure_persistence: None, ..Config::default() };
        let law = |lists: Lists| {
            let answers = answers(&lists);
            prop_assert_eq!(contradictions(&answers).is_empty(), !disagree(&lists));
            let strangers = |rows: &Rows| {
                rows.iter()
                    .any(|(person, _)| lists.users.iter().chain(&lists.invitations).all(|(known, _)| known != person))
            };
            let read = merge(&settings, &answers, Timestamp::UNIX_EPOCH, &mut Interner::default());
            let is_whole = !disagree(&lists) && !strangers(&lists.team) && !strangers(&lists.project);
            prop_assert_eq!(read.is_ok(), is_whole);
            let Ok(read) = read else {
                unsound.set(unsound.get() + 1);
                return Ok(());
            };
            sound.set(sound.get() + 1);
            for (user, written) in read.ids.users.iter().chain(&read.ids.invitations) {
                for (person, id) in
                    lists.users.iter().chain(&lists.invitations).chain(&lists.team).chain(&lists.project)
                {
                    if *id == Some(*written) {
                        prop_assert_eq!(ADDRESSES[*person].to_lowercase(), user.as_str());
                    }
                }
            }
            Ok(())
        };
        TestRunner::new_with_rng(config, random).run(&lists(), law).unwrap();
        assert!(sound.get() > 100 && unsound.get() > 100, "{sound:?} {unsound:?}");
    }
}
