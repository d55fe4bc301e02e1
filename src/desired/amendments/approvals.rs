//! Who approved access and who answers for it, where others are named and the access is the same: rules go by it.

use super::{About, Amendments, Bearing};
use crate::desired::Note;
use crate::desired::counterpart::Counterparts;
use crate::desired::entry::{Declared, entries};

impl Amendments {
    pub(super) fn approvals(&mut self, both: &Counterparts<'_>) {
        let approvers = |note: &Note| {
            let mut names: Vec<&str> = note.approved_by.iter().map(|user| user.as_str()).collect();
            names.sort_unstable();
            (!names.is_empty()).then(|| names.join(", "))
        };
        let sponsor = |note: &Note| note.sponsor.as_ref().map(ToString::to_string);
        for (key, of) in [("approved_by", &approvers as &dyn Fn(&Note) -> Option<String>), ("sponsor", &sponsor)] {
            let named = |fact: Declared<'_>| fact.note().and_then(|note| of(note));
            // What has another role is another access, and told with all that is written about it.
            let before = |now: Declared<'_>| both.before(now).filter(|before| before.role() == now.role());
            let is_other = |now: &Declared<'_>| before(*now).is_some_and(|before| named(before) != named(*now));
            for (entry, fact) in entries(both.head, Declared::all(both.head).filter(is_other)) {
                let key = format!("{key} of {}", super::entry_text(&entry));
                let texts = [before(fact).and_then(named), named(fact)];
                self.add_about(About::Approval, Bearing::Alters, key, texts, Some(fact.place()));
            }
        }
    }
}
