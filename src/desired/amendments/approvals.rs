//! Who approved access and who answers for it, where others are named and the access is the same: rules go by it.

use super::{Amendment, Amendments, Bearing};
use crate::desired::Note;
use crate::desired::counterpart::Counterparts;
use crate::desired::entry::{Declared, entries};

/// The keys by which people approve access and answer for it.
const KEYS: [&str; 2] = ["approved_by", "sponsor"];

impl Amendment {
    /// Whether it is about who approved access or answers for it.
    pub fn is_of_people(&self) -> bool {
        self.key.split_once(" of ").is_some_and(|(key, _)| KEYS.contains(&key))
    }
}

impl Amendments {
    pub(super) fn approvals(&mut self, both: &Counterparts<'_>) {
        let approvers = |note: &Note| {
            let mut names: Vec<&str> = note.approved_by.iter().map(|user| user.as_str()).collect();
            names.sort_unstable();
            (!names.is_empty()).then(|| names.join(", "))
        };
        let sponsor = |note: &Note| note.sponsor.as_ref().map(ToString::to_string);
        for (key, of) in KEYS.into_iter().zip([&approvers as &dyn Fn(&Note) -> Option<String>, &sponsor]) {
            let named = |fact: Declared<'_>| fact.note().and_then(|note| of(note));
            // What has another role is another access, and told with all that is written about it.
            let before = |now: Declared<'_>| both.before(now).filter(|before| before.role() == now.role());
            let is_other = |now: &Declared<'_>| before(*now).is_some_and(|before| named(before) != named(*now));
            for (entry, fact) in entries(both.head, Declared::all(both.head).filter(is_other)) {
                let key = format!("{key} of {}", super::entry_text(&entry));
                self.add(Bearing::Alters, key, before(fact).and_then(named), named(fact), Some(fact.place()));
            }
        }
    }
}
