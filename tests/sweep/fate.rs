//! What may happen to a run.

use accessctl::serve::{Fault, Occurrence, RetryAfter, Script};

use crate::ground::{Course, Death, Ground};

/// What happens to one run.
#[derive(Debug, Clone)]
pub(crate) enum Fate {
    /// Requests meet a fault.
    Fault(Script),
    /// The process is killed while a request is under way, which the service has done or will never do.
    KilledDuring { request: u64, done: bool },
    /// The process is killed between two requests, or between a request and the writing of a line.
    Killed(usize),
    /// The power is cut; this share of what was not yet on disk is there all the same.
    PowerCut(usize, f64),
}

/// What some operations take for a success.
const SAYS_OK: &str = "{\"status\":\"ok\",\"results\":{}}";

/// A successful answer of JSON with this body.
fn answer(body: &str) -> Fault {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Fault::Raw { status: 200, headers, body: body.as_bytes().to_vec() }
}

/// Faults that every request meets that writes.
fn of_every_write() -> Vec<Fault> {
    vec![
        // Refused, for itself and as every request would be.
        Fault::Status { status: 403, done: false },
        Fault::Status { status: 401, done: false },
        // Lost before and after it was done.
        Fault::Reset { done: false },
        Fault::Lost,
        Fault::TooMany(RetryAfter::Seconds(7)),
        Fault::Status { status: 500, done: false },
        Fault::Status { status: 500, done: true },
        // Garbage: a page, half a body, and a success that is none.
        Fault::Html,
        Fault::HalfRead,
        answer("{\"status\":\"error\",\"error\":\"not now\"}"),
        answer(SAYS_OK),
        // Done in part.
        Fault::Partly { first: 1, says_ok: false },
        Fault::Partly { first: 0, says_ok: true },
    ]
}

/// Faults of the same kinds, of which each request that writes meets some.
fn of_some_writes() -> Vec<Fault> {
    vec![
        Fault::Status { status: 400, done: false },
        Fault::Status { status: 404, done: false },
        Fault::Redirect { status: 302, to: "http://127.0.0.1:1/elsewhere/".to_owned() },
        Fault::Reset { done: true },
        Fault::TooMany(RetryAfter::None),
        Fault::TooMany(RetryAfter::Date(30)),
        Fault::Status { status: 503, done: false },
        Fault::Status { status: 503, done: true },
        answer(""),
        answer("{\"status\":\"ok\",\"resul"),
        Fault::Partly { first: 1, says_ok: true },
    ]
}

/// Faults of one request that reads.
fn of_read() -> Vec<Fault> {
    vec![
        Fault::Status { status: 401, done: false },
        Fault::Status { status: 403, done: false },
        Fault::Status { status: 500, done: false },
        Fault::TooMany(RetryAfter::Seconds(7)),
        Fault::Lost,
        Fault::HalfRead,
        Fault::Html,
    ]
}

/// Faults of all requests from one on.
fn of_rest() -> [Fault; 4] {
    [
        Fault::Reset { done: false },
        Fault::Lost,
        Fault::Status { status: 401, done: false },
        Fault::TooMany(RetryAfter::None),
    ]
}

fn at(when: Occurrence, fault: Fault) -> Fate {
    Fate::Fault(Script { method: None, path: "/".to_owned(), when, fault })
}

/// How many edits of a request are done that meets this fault; any number where it is `None`.
pub(crate) fn done(fault: &Fault) -> Option<usize> {
    match fault {
        Fault::TooMany(_)
        | Fault::Html
        | Fault::Redirect { .. }
        | Fault::Raw { .. }
        | Fault::Status { done: false, .. }
        | Fault::Reset { done: false } => Some(0),
        Fault::Partly { first, .. } => Some(*first),
        Fault::Lost | Fault::HalfRead | Fault::Slow(_) | Fault::Status { .. } | Fault::Reset { .. } => None,
    }
}

/// Two of `all`, other ones for each number.
fn two<T: Clone>(all: &[T], number: u64) -> [T; 2] {
    let place = usize::try_from(number).unwrap() * 2;
    [place, place + 1].map(|place| all[place % all.len()].clone())
}

/// Every fate that a run of this course may have. What is alike is tried in turn.
pub(crate) fn every(course: &Course) -> Vec<Fate> {
    let mut fates = Vec::new();
    let mut wrote = true;
    for (request, writes) in (1..).zip(&course.writes) {
        let faults: Vec<Fault> = if *writes {
            fates.extend([true, false].map(|done| Fate::KilledDuring { request, done }));
            of_every_write().into_iter().chain(two(&of_some_writes(), request)).collect()
        } else {
            two(&of_read(), request).to_vec()
        };
        fates.extend(faults.into_iter().map(|fault| at(Occurrence::Nth(request), fault)));
        // Between two reads nothing changes, so the first one stands for all.
        if *writes || wrote {
            fates.extend(two(&of_rest(), request).map(|fault| at(Occurrence::From(request), fault)));
        }
        wrote = *writes;
    }
    let mut last = None;
    for (place, look) in course.looks.iter().enumerate() {
        // Two looks between which nothing is done are one moment.
        if last.replace(look) == Some(look) {
            continue;
        }
        fates.push(Fate::Killed(place));
        if look.unsynced > 0 {
            fates.push(Fate::PowerCut(place, [0.0, 0.5][place % 2]));
        }
    }
    fates
}

impl Fate {
    /// Lets it happen to a run.
    pub(crate) fn befall(&self, ground: &Ground<'_>) {
        match self {
            Self::Fault(script) => {
                ground.meet(script.clone());
                ground.apply();
            }
            Self::KilledDuring { request, done } => {
                let fault = if *done { Fault::Lost } else { Fault::Reset { done: false } };
                ground.meet(Script { method: None, path: "/".to_owned(), when: Occurrence::Nth(*request), fault });
                assert!(ground.die(Death::AfterRequest(*request)).is_none(), "it was not killed");
            }
            Self::Killed(look) => {
                assert!(ground.die(Death::AtLook(*look)).is_none(), "it was not killed");
            }
            Self::PowerCut(look, share) => {
                assert!(ground.die(Death::AtLook(*look)).is_none(), "it was not killed");
                ground.cut_power(*share);
            }
        }
    }

    /// The fault of the requests that meet one.
    pub(crate) fn fault(&self) -> Option<Fault> {
        match self {
            Self::Fault(script) => Some(script.fault.clone()),
            Self::KilledDuring { done: true, .. } => Some(Fault::Lost),
            Self::KilledDuring { done: false, .. } => Some(Fault::Reset { done: false }),
            Self::Killed(_) | Self::PowerCut(..) => None,
        }
    }
}
