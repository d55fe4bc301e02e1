//! How many invitation mails may go to a mail domain, and when the next one may.
//!
//! The service sends about ten an hour to each domain (dossier 1.6) and does not say what becomes of the rest, so no
//! more are asked for.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Email, State, Status};

/// How long a mail counts.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The mails of the last hour.
#[derive(Debug)]
pub(super) struct Mails {
    per_hour: usize,
    /// When mails went to each domain, the latest last.
    sent: BTreeMap<String, Vec<Timestamp>>,
}

impl Mails {
    /// What may still be sent after the invitations of `live`, of which those that were taken up are not known.
    pub(super) fn new(per_hour: usize, live: &State, now: Timestamp) -> Self {
        let mut mails = Self { per_hour, sent: BTreeMap::new() };
        for (user, known) in &live.users {
            if let Status::Invited { at: Some(at) } = known.status
                && now.duration_since(at) < HOUR
            {
                // The service's clock may be ahead of this one.
                mails.sent.entry(user.domain().to_owned()).or_default().push(at.min(now));
            }
        }
        mails.sent.values_mut().for_each(|sent| sent.sort_unstable());
        mails
    }

    /// Counts a mail to `user`, if one may be sent.
    ///
    /// # Errors
    /// When it may be.
    pub(super) fn admit(&mut self, user: &Email, now: Timestamp) -> Result<(), Timestamp> {
        let sent = self.sent.entry(user.domain().to_owned()).or_default();
        sent.retain(|at| now.duration_since(*at) < HOUR);
        match sent.len().checked_sub(self.per_hour) {
            None => {
                sent.push(now);
                Ok(())
            }
            Some(too_many) => Err(sent.get(too_many).map_or(now, |at| *at + HOUR)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{OrgId, OrgRole, Organization, User};

    fn at(minute: i64) -> Timestamp {
        Timestamp::constant(1_795_251_600, 0) + SignedDuration::from_mins(minute)
    }

    fn live(invited: &[(&str, i64)]) -> State {
        let organization = Organization { id: OrgId::new(1).unwrap(), name: "Acme".to_owned() };
        let mut state = State::empty(organization);
        for (user, minute) in invited {
            let status = Status::Invited { at: Some(at(*minute)) };
            let user = Email::new(user).unwrap();
            state.users.insert(user, User { role: OrgRole::Member, status, last_active: None });
        }
        state
    }

    #[test]
    fn each_domain_has_its_own_hour() {
        let user = |name: &str| Email::new(name).unwrap();
        let mut mails = Mails::new(2, &live(&[("a@x.test", -50), ("b@x.test", -70), ("c@y.test", 30)]), at(0));
        assert_eq!(mails.admit(&user("d@x.test"), at(0)), Ok(()));
        assert_eq!(mails.admit(&user("e@x.test"), at(1)), Err(at(10)));
        assert_eq!(mails.admit(&user("e@y.test"), at(2)), Ok(()));
        // What the service says to be later than now counts from now on.
        assert_eq!(mails.admit(&user("f@y.test"), at(3)), Err(at(60)));
        assert_eq!(mails.admit(&user("e@x.test"), at(10)), Ok(()));
        assert_eq!(mails.admit(&user("f@x.test"), at(11)), Err(at(60)));
        assert_eq!(mails.admit(&user("f@x.test"), at(60)), Ok(()));
    }
}
