//! The limit of invitation mails: about ten an hour for each e-mail domain (dossier 1.6, 4.3).

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};

use crate::model::{State, Status};

/// How many mails go to one domain in an hour.
const LIMIT: usize = 10;

/// When the latest mails went out, by domain.
#[derive(Debug, Default)]
pub(super) struct Mails(BTreeMap<String, VecDeque<Timestamp>>);

impl Mails {
    /// What the invitations of the last hour have used up: the limit outlives a restart.
    pub(super) fn from_invitations(state: &State, now: Timestamp) -> Self {
        let mut mails = Self::default();
        let mut sent: Vec<_> = state
            .users
            .iter()
            .filter_map(|(email, user)| match user.status {
                Status::Invited { at: Some(at) } if at <= now && !is_over(at, now) => Some((at, email.domain())),
                Status::Invited { .. } | Status::Active => None,
            })
            .collect();
        sent.sort_unstable();
        for (at, domain) in sent {
            mails.note(domain, at);
        }
        mails
    }

    /// How many mails may still go to `domain` now.
    pub(super) fn left(&mut self, domain: &str, now: Timestamp) -> usize {
        let Some(sent) = self.0.get_mut(domain) else { return LIMIT };
        while sent.front().is_some_and(|at| is_over(*at, now)) {
            sent.pop_front();
        }
        if sent.is_empty() {
            self.0.remove(domain);
            return LIMIT;
        }
        LIMIT.saturating_sub(sent.len())
    }

    /// Notes a mail.
    pub(super) fn note(&mut self, domain: &str, at: Timestamp) {
        let sent = self.0.entry(domain.to_owned()).or_default();
        sent.push_back(at);
        if sent.len() > LIMIT {
            sent.pop_front();
        }
    }
}

fn is_over(at: Timestamp, now: Timestamp) -> bool {
    now.duration_since(at) >= SignedDuration::from_hours(1)
}
