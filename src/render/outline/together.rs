//! The people of several plans together: nobody counts twice in one number, and whoever counts in several is said to.

use std::collections::{BTreeMap, BTreeSet};

use super::People;
use super::becoming::{Becoming, Of};
use super::people::{Crowd, Kind};
use crate::model::{Email, OrgKey};
use crate::render::text::count;
use crate::render::visible_name;

/// The people of `all`. Everything that somebody becomes is told, and whoever gains less elsewhere is told by that alone; each
/// thing with the number of organizations in which it becomes of somebody. `person` finds who somebody is by an earlier address.
pub(super) fn together<'a>(all: &[(&OrgKey, &People<'a>)], person: impl Fn(&'a Email) -> &'a Email) -> People<'a> {
    let mut gravest: BTreeMap<&'a Email, Kind> = BTreeMap::new();
    for (kind, crowd) in all.iter().flat_map(|(_, people)| &people.crowds) {
        let Some(kind) = excluding(kind) else { continue };
        for user in crowd.people.keys() {
            let known = gravest.entry(person(user)).or_insert_with(|| kind.clone());
            if weight(&kind) < weight(known) {
                *known = kind.clone();
            }
        }
    }
    let mut sum = People::default();
    // What people become, in the words of their organizations.
    let mut words: BTreeMap<Kind, Vec<String>> = BTreeMap::new();
    for (org, people) in all {
        sum.cancelled += people.cancelled;
        let mut of_plan: BTreeMap<Kind, BTreeMap<&'a Email, bool>> = BTreeMap::new();
        for (kind, crowd) in &people.crowds {
            let excluding = excluding(kind);
            // Everything that somebody becomes is told.
            let is_told = |user: &'a Email| {
                let is_becoming = matches!(kind, Kind::Becomes(_));
                is_becoming || excluding.is_none() || gravest.get(user) == excluding.as_ref()
            };
            let users = crowd.people.iter().map(|(user, is_invited)| (person(user), *is_invited));
            let told: Vec<_> = users.filter(|(user, _)| is_told(user)).collect();
            if let Kind::Becomes(Becoming { rank, of, what }) = kind
                && !told.is_empty()
            {
                let org = visible_name(org);
                words.entry(general(kind)).or_default().push(match of {
                    Of::Projects | Of::ProjectsAndOrganization => format!("{what} in {org}"),
                    Of::Organization => format!("{} of the organization {org}", rank.0),
                });
            }
            for (user, is_invited) in told {
                *of_plan.entry(general(kind)).or_default().entry(user).or_default() |= is_invited;
            }
        }
        for (kind, told) in of_plan {
            let crowd: &mut Crowd<'a> = sum.crowds.entry(kind).or_default();
            crowd.organizations += 1;
            for (user, is_invited) in told {
                *crowd.people.entry(user).or_default() |= is_invited;
            }
        }
    }
    let mut counted: BTreeSet<&'a Email> = BTreeSet::new();
    for (kind, mut crowd) in std::mem::take(&mut sum.crowds) {
        if matches!(kind, Kind::Becomes(_)) {
            crowd.again = crowd.people.keys().filter(|user| !counted.insert(user)).count();
        }
        let named = named(&kind, words.get(&kind).map_or(&[], Vec::as_slice), crowd.organizations);
        // The words say it already, or those before the sentence.
        let is_of_all = crowd.organizations == all.len() && kind != Kind::Leaves;
        if is_of_all || matches!(&kind, Kind::Becomes(Becoming { of: Of::Organization, .. }) | Kind::Ceases(_)) {
            crowd.organizations = 1;
        }
        sum.crowds.insert(named.unwrap_or(kind), crowd);
    }
    sum
}

/// What people become in so many organizations, of which `words` are theirs: a key is another project in another
/// organization. `None` of everything else.
fn named(kind: &Kind, words: &[String], organizations: usize) -> Option<Kind> {
    let (Kind::Becomes(becoming) | Kind::Ceases(becoming)) = kind else { return None };
    let Becoming { rank, of, .. } = becoming;
    let what = match (words, of, organizations) {
        ([only], _, 0 | 1) => only.clone(),
        (_, Of::Projects | Of::ProjectsAndOrganization, _) => becoming.in_general().what,
        (_, Of::Organization, 0 | 1) => format!("{} of an organization", rank.0),
        (_, Of::Organization, number) => format!("{} of an organization ({})", rank.0, count(number, "organization")),
    };
    let becoming = Becoming { rank: *rank, of: *of, what };
    Some(if matches!(kind, Kind::Ceases(_)) { Kind::Ceases(becoming) } else { Kind::Becomes(becoming) })
}

/// The kind without the names of what somebody becomes admin or owner of.
fn general(kind: &Kind) -> Kind {
    match kind {
        Kind::Becomes(becoming) => Kind::Becomes(Becoming { what: String::new(), ..*becoming }),
        Kind::Ceases(becoming) => Kind::Ceases(Becoming { what: String::new(), ..*becoming }),
        Kind::Gains
        | Kind::TakesAlong
        | Kind::OnlyInvited
        | Kind::Exchanges
        | Kind::ActsOtherwise
        | Kind::Loses
        | Kind::Leaves
        | Kind::Forfeits
        | Kind::Moves
        | Kind::Withdrawn => kind.clone(),
    }
}

/// The kind, where it is one of those of which only the gravest is told of somebody.
fn excluding(kind: &Kind) -> Option<Kind> {
    match kind {
        Kind::Becomes(_) | Kind::Gains | Kind::Exchanges => Some(general(kind)),
        Kind::TakesAlong
        | Kind::OnlyInvited
        | Kind::ActsOtherwise
        | Kind::Ceases(_)
        | Kind::Loses
        | Kind::Leaves
        | Kind::Forfeits
        | Kind::Moves
        | Kind::Withdrawn => None,
    }
}

/// The less, the graver.
fn weight(kind: &Kind) -> (u8, Option<&Becoming>) {
    match kind {
        Kind::Becomes(what) => (0, Some(what)),
        Kind::Gains => (1, None),
        Kind::Exchanges
        | Kind::TakesAlong
        | Kind::OnlyInvited
        | Kind::ActsOtherwise
        | Kind::Ceases(_)
        | Kind::Loses
        | Kind::Leaves
        | Kind::Forfeits
        | Kind::Moves
        | Kind::Withdrawn => (2, None),
    }
}
