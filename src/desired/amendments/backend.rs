//! Where the live side is found, where that is elsewhere.

use super::{Amendments, Bearing};
use crate::catalogue::{Catalogue, Operation, Standing};
use crate::desired::{Backend, Located};

impl Amendments {
    pub(super) fn backend(&mut self, before: Option<&Backend>, after: Option<&Backend>) {
        let text = |backend: Option<&Backend>| {
            backend.map(|backend| match backend {
                Backend::Local { .. } => "local".to_owned(),
                Backend::Mixpanel(mixpanel) => mixpanel.address().to_owned(),
            })
        };
        let place = match after {
            Some(Backend::Mixpanel(mixpanel)) => Some(mixpanel.place),
            Some(Backend::Local { state, .. }) => Some(state.place),
            None => None,
        };
        let (from, to) = (text(before), text(after));
        if from != to {
            let bearing = match before {
                // The credential goes elsewhere, or nothing looks at the organization itself any more.
                Some(Backend::Mixpanel(_)) => Bearing::Loosens,
                Some(Backend::Local { .. }) | None => Bearing::Alters,
            };
            self.add(bearing, "backend", from, to, place);
            return;
        }
        match (before, after) {
            (Some(Backend::Mixpanel(before)), Some(Backend::Mixpanel(after))) => {
                let [unverified, unverified_now] = [before, after].map(|one| unverified(&one.catalogue));
                if unverified != unverified_now {
                    let is_less = unverified_now.iter().all(|operation| unverified.contains(operation));
                    let bearing = if is_less { Bearing::Tightens } else { Bearing::Loosens };
                    let [from, to] = [unverified, unverified_now].map(|operations| unverified_text(&operations));
                    self.add(bearing, "backend.unverified", from, to, place);
                }
                for (key, is_same) in [
                    // Requests go to the same address all the same.
                    ("backend.region", before.region == after.region),
                    ("backend.catalogue or backend.org_roles", before.catalogue.has_forms_of(&after.catalogue)),
                    ("backend.limits", before.limits == after.limits),
                    ("backend.scim", before.scim == after.scim),
                ] {
                    if !is_same {
                        self.add(Bearing::Alters, key, None, None, place);
                    }
                }
            }
            (Some(Backend::Local { state: before, seed }), Some(Backend::Local { state: after, seed: seed_now })) => {
                let text = |located: Option<&Located<String>>| located.map(|located| located.value.clone());
                self.texts("backend.state", text(Some(before)), text(Some(after)));
                self.texts("backend.seed", text(seed.as_ref()), text(seed_now.as_ref()));
            }
            (Some(_) | None, _) => {}
        }
    }
}

/// The operations that are sent because the configuration vouches for them.
fn unverified(catalogue: &Catalogue) -> Vec<Operation> {
    Operation::every().filter(|one| one.entry().standing == Standing::Proposed && catalogue.may_send(*one)).collect()
}

/// As `backend.unverified` says it; `None` where it does not.
fn unverified_text(operations: &[Operation]) -> Option<String> {
    if operations.len() == Operation::every().filter(|one| one.entry().standing == Standing::Proposed).count() {
        return Some("all".to_owned());
    }
    let names: Vec<&str> = operations.iter().map(|operation| operation.entry().name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
