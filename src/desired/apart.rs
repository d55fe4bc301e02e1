//! Accounts that are different people's before an edit of the configuration, which takes them for one person's.

use std::collections::BTreeMap;

use super::Desired;
use crate::model::{Email, State};

/// The addresses that `head` gives to people as earlier ones and that are somebody else's by `base`, or by the live side
/// where the base does not know them; with the people. Whoever edits the configuration does not also say who is one person
/// with whom, but for one account that a person had before.
pub fn apart(base: &Desired, head: &Desired, live: &State) -> BTreeMap<Email, Email> {
    // Whose an address is before the edit.
    let mut people: BTreeMap<&Email, &Email> = BTreeMap::new();
    for (user, declared) in base.users.iter().flatten() {
        people.extend(declared.previously.keys().map(|old| (old, user)));
        people.insert(user, user);
    }
    let agreed = |user: &Email| people.get(user).copied();
    let had = |user: &Email| agreed(user).or_else(|| live.users.get_key_value(user).map(|(key, _)| key));
    let mut apart = BTreeMap::new();
    for (new, user) in head.users.iter().flatten().filter(|(_, user)| !user.previously.is_empty()) {
        let olds = || user.previously.keys();
        let own = had(new).or_else(|| olds().find_map(agreed)).or_else(|| olds().find_map(had));
        let others = olds().filter(|old| had(old).is_some_and(|person| Some(person) != own));
        apart.extend(others.map(|old| (old.clone(), new.clone())));
    }
    apart
}
