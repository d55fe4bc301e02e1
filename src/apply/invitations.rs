//! How many invitation mails may go to a mail domain, and when the next one may.
//!
//! The service sends about ten an hour to each domain (dossier 1.6) and does not say what becomes of the rest, so no
//! more are asked for.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::model::{Email, State, Status};

/// How long a mail counts.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The mails of the last hour, and those that are expected later.
#[derive(Debug, Clone)]
pub(super) struct Mails {
    per_hour: usize,
    /// When mails went to each domain.
    sent: BTreeMap<String, Vec<Timestamp>>,
    /// When mails may have been sent of which the domain is not known: they count for each.
    anywhere: Vec<Timestamp>,
}

impl Mails {
    /// What may still be sent after the mails of earlier runs and the invitations of `live`. An invitation of somebody
    /// to whom a run sent a mail is that mail; those that were taken up and that no run sent are not known.
    pub(super) fn new(per_hour: usize, live: &State, past: &[(Option<Email>, Timestamp)], now: Timestamp) -> Self {
        let mut mails = Self { per_hour, sent: BTreeMap::new(), anywhere: Vec::new() };
        let mut counted: BTreeSet<&Email> = BTreeSet::new();
        for (user, at) in past.iter().filter(|(_, at)| now.duration_since(*at) < HOUR) {
            let at = (*at).min(now);
            match user {
                Some(user) => {
                    counted.insert(user);
                    mails.sent.entry(user.domain().to_owned()).or_default().push(at);
                }
                None => mails.anywhere.push(at),
            }
        }
        for (user, known) in &live.users {
            let Status::Invited { at } = known.status else { continue };
            // The service's clock may be ahead of this one. What it does not tell, or in a form that is not known, may be
            // now: a mail too many is worse than one that waits.
            let at = at.map_or(now, |at| at.min(now));
            if now.duration_since(at) < HOUR && !counted.contains(user) {
                mails.sent.entry(user.domain().to_owned()).or_default().push(at);
            }
        }
        mails
    }

    /// Counts a mail to `user`, if one may be sent.
    ///
    /// # Errors
    /// When it may be.
    pub(super) fn admit(&mut self, user: &Email, now: Timestamp) -> Result<(), Timestamp> {
        match self.next(user, now) {
            None => {
                self.count(user, now);
                Ok(())
            }
            Some(at) => Err(at),
        }
    }

    /// When a mail to `user` may be sent after all that were counted, from `now` on; it is counted for that moment.
    pub(super) fn expect(&mut self, user: &Email, now: Timestamp) -> Timestamp {
        let at = self.next(user, now).unwrap_or(now);
        self.count(user, at);
        at
    }

    fn count(&mut self, user: &Email, at: Timestamp) {
        self.sent.entry(user.domain().to_owned()).or_default().push(at);
    }

    /// When the next mail to `user` may be sent, where that is not now.
    fn next(&self, user: &Email, now: Timestamp) -> Option<Timestamp> {
        let sent = self.sent.get(user.domain()).into_iter().flatten();
        let mut recent: Vec<Timestamp> =
            sent.chain(&self.anywhere).copied().filter(|at| now.duration_since(*at) < HOUR).collect();
        recent.sort_unstable();
        let too_many = recent.len().checked_sub(self.per_hour)?;
        Some(recent.get(too_many).map_or(now, |at| *at + HOUR))
    }

    /// Takes back the mail to `user` that was counted last: it was surely not sent.
    pub(super) fn give_back(&mut self, user: &Email) {
        if let Some(sent) = self.sent.get_mut(user.domain()) {
            sent.pop();
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
        let mut mails = Mails::new(2, &live(&[("a@x.test", -50), ("b@x.test", -70), ("c@y.test", 30)]), &[], at(0));
        assert_eq!(mails.admit(&user("d@x.test"), at(0)), Ok(()));
        assert_eq!(mails.admit(&user("e@x.test"), at(1)), Err(at(10)));
        assert_eq!(mails.admit(&user("e@y.test"), at(2)), Ok(()));
        // What the service says to be later than now counts from now on.
        assert_eq!(mails.admit(&user("f@y.test"), at(3)), Err(at(60)));
        assert_eq!(mails.admit(&user("e@x.test"), at(10)), Ok(()));
        assert_eq!(mails.admit(&user("f@x.test"), at(11)), Err(at(60)));
        assert_eq!(mails.admit(&user("f@x.test"), at(60)), Ok(()));
    }

    #[test]
    fn each_mail_is_expected_after_those_before_it() {
        let user = |name: &str| Email::new(name).unwrap();
        let mut mails = Mails::new(2, &live(&[("a@x.test", -50)]), &[], at(0));
        assert_eq!(mails.admit(&user("b@x.test"), at(0)), Ok(()));
        let mut expected = |name: &str| mails.expect(&user(name), at(1));
        assert_eq!(["c@x.test", "d@x.test", "e@x.test", "f@x.test"].map(&mut expected), [10, 60, 70, 120].map(at));
        assert_eq!(["c@y.test", "d@y.test", "e@y.test"].map(&mut expected), [1, 1, 61].map(at));
    }

    #[test]
    fn a_mail_that_was_surely_not_sent_does_not_count() {
        let user = |name: &str| Email::new(name).unwrap();
        let mut mails = Mails::new(1, &live(&[]), &[], at(0));
        assert_eq!(mails.admit(&user("a@x.test"), at(0)), Ok(()));
        assert_eq!(mails.admit(&user("b@x.test"), at(1)), Err(at(60)));
        mails.give_back(&user("a@x.test"));
        mails.give_back(&user("a@y.test"));
        assert_eq!(mails.admit(&user("b@x.test"), at(2)), Ok(()));
    }

    #[test]
    fn an_invitation_of_which_the_time_is_not_told_may_be_of_now() {
        let user = |name: &str| Email::new(name).unwrap();
        let mut live = live(&[("a@x.test", -90)]);
        live.users.values_mut().for_each(|found| found.status = Status::Invited { at: None });
        let mut mails = Mails::new(1, &live, &[], at(0));
        assert_eq!(mails.admit(&user("b@x.test"), at(1)), Err(at(60)));
        assert_eq!(mails.admit(&user("b@y.test"), at(1)), Ok(()));
        // A run knows when it sent the mail.
        let past = [(Some(user("a@x.test")), at(-50))];
        assert_eq!(Mails::new(1, &live, &past, at(0)).admit(&user("b@x.test"), at(1)), Err(at(10)));
    }

    #[test]
    fn a_mail_that_a_run_sent_is_the_invitation_that_is_pending() {
        let user = |name: &str| Email::new(name).unwrap();
        let live = live(&[("a@x.test", -10)]);
        let told = |past: &[(Option<&str>, i64)]| {
            let past: Vec<_> = past.iter().map(|(name, minute)| (name.map(user), at(*minute))).collect();
            Mails::new(2, &live, &past, at(0)).admit(&user("z@x.test"), at(0))
        };
        assert_eq!(told(&[]), Ok(()));
        assert_eq!(told(&[(Some("a@x.test"), -12)]), Ok(()));
        // Taken up or cancelled since; of another domain; too long ago; to whom nobody knows.
        assert_eq!(told(&[(Some("b@x.test"), -12)]), Err(at(48)));
        assert_eq!(told(&[(Some("b@y.test"), -12)]), Ok(()));
        assert_eq!(told(&[(Some("b@x.test"), -60)]), Ok(()));
        assert_eq!(told(&[(None, -12)]), Err(at(48)));
    }
}
