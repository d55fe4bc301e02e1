//! Where the live side is found, where that is elsewhere.

use super::{Amendments, Bearing};
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
            self.add(Bearing::Alters, "backend", from, to, place);
            return;
        }
        match (before, after) {
            (Some(Backend::Mixpanel(before)), Some(Backend::Mixpanel(after))) => {
                for (key, is_same) in [
                    ("backend.region", before.region == after.region),
                    // Which requests are sent, and in which form.
                    ("backend.unverified or backend.catalogue", before.catalogue == after.catalogue),
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
