//! How fast requests may follow each other: a gate that the service can close for all of them, a budget for each
//! minute, and how long to wait before another try.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::pin::Pin;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::progress::{Progress, Step, Unseen, Why};
use crate::stop::Stop;

/// Waits for some time.
pub type Pause<'a> = &'a dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()>>>;

/// Where the time comes from. Tests bring their own, in which waiting takes none.
#[derive(Clone, Copy)]
pub struct Time<'a> {
    /// Tells the time.
    pub clock: &'a dyn Fn() -> Timestamp,
    /// Waits.
    pub pause: Pause<'a>,
}

impl std::fmt::Debug for Time<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Time")
    }
}

/// Who is told of waiting, and may end it.
#[derive(Clone, Copy)]
pub(super) struct Company<'a> {
    pub(super) stop: &'a Stop,
    pub(super) progress: &'a dyn Progress,
}

impl Default for Company<'_> {
    /// Nobody.
    fn default() -> Self {
        static NEVER: Stop = Stop::new();
        Self { stop: &NEVER, progress: &Unseen }
    }
}

impl std::fmt::Debug for Company<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Company")
    }
}

/// A stop was asked for while something waited.
#[derive(Debug)]
pub(super) struct Stopped;

/// The longest wait before another try, whatever the service asks for.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The first wait where the service does not say how long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait where the service does not say how long.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(30);
/// How long the budget holds.
const MINUTE: Duration = Duration::from_secs(60);

/// The pace of all requests to one organization.
#[derive(Debug)]
pub(super) struct Pace<'a> {
    time: Time<'a>,
    pub(super) company: Company<'a>,
    /// The most requests in a minute.
    budget: Option<usize>,
    /// When the requests of the last minute were sent; kept only where there is a budget.
    sent: RefCell<VecDeque<Timestamp>>,
    /// Until when nothing is sent, and the status by which the service asked for that.
    closed: Cell<Option<(Timestamp, u16)>>,
    jitter: RefCell<fastrand::Rng>,
}

impl<'a> Pace<'a> {
    pub(super) fn new(time: Time<'a>, requests_per_minute: Option<u64>, seed: u64) -> Self {
        let budget = requests_per_minute.map(|number| usize::try_from(number.max(1)).unwrap_or(usize::MAX));
        Self {
            time,
            company: Company::default(),
            budget,
            sent: RefCell::default(),
            closed: Cell::default(),
            jitter: RefCell::new(fastrand::Rng::with_seed(seed)),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        (self.time.clock)()
    }

    /// Waits, and says so.
    ///
    /// # Errors
    /// As soon as a stop is asked for.
    pub(super) async fn pause(&self, why: Why, wait: Duration) -> Result<(), Stopped> {
        let Company { stop, progress } = self.company;
        progress.see(Step::Waiting { why, wait });
        let waited = stop.unless((self.time.pause)(wait)).await;
        progress.see(Step::Resumed);
        waited.ok_or(Stopped)
    }

    /// Waits until a request may be sent, and counts it.
    ///
    /// # Errors
    /// As soon as a stop is asked for while it has to wait.
    pub(super) async fn admit(&self) -> Result<(), Stopped> {
        while let Some((why, wait)) = self.wait_before_next() {
            self.pause(why, wait).await?;
        }
        Ok(())
    }

    /// Why and how long until the next request may be sent; `None` counts one as sent now.
    fn wait_before_next(&self) -> Option<(Why, Duration)> {
        let now = self.now();
        if let Some((until, code)) = self.closed.get() {
            match left(now, until) {
                // A clock that was put back must not keep the gate closed.
                Some(wait) if wait <= LONGEST_WAIT => return Some((Why::Asked(code), wait)),
                Some(_) | None => self.closed.set(None),
            }
        }
        let budget = self.budget?;
        let mut sent = self.sent.borrow_mut();
        if sent.back().is_some_and(|last| *last > now) {
            sent.clear();
        }
        while sent.front().is_some_and(|first| left(now, *first + MINUTE).is_none()) {
            sent.pop_front();
        }
        match sent.front() {
            Some(first) if sent.len() >= budget => Some((Why::Budget(budget), left(now, *first + MINUTE)?)),
            Some(_) | None => {
                sent.push_back(now);
                None
            }
        }
    }

    /// Lets nobody send anything for `wait`, as the service asks by the status `code`.
    pub(super) fn close_for(&self, wait: Duration, code: u16) {
        let until = self.now() + wait.min(LONGEST_WAIT);
        if self.closed.get().is_none_or(|(closed, _)| closed < until) {
            self.closed.set(Some((until, code)));
        }
    }

    /// How long to wait after the given number of tries where the service does not say: twice as long each time, and
    /// between half and the whole of that, so that those who failed together do not come back together.
    pub(super) fn back_off(&self, tries: u32) -> Duration {
        let whole = FIRST_WAIT.saturating_mul(1 << tries.saturating_sub(1).min(10)).min(LONGEST_BACK_OFF);
        whole.mul_f64(0.5 + self.jitter.borrow_mut().f64() / 2.0)
    }

    /// How long `Retry-After` asks to wait, in seconds or until a date (dossier 4.4), with a ceiling; `None` where it
    /// says nothing that can be understood, or no time at all. A date is compared with the `date` of the answer where
    /// that is told: the clock of this machine may be hours off.
    pub(super) fn asked(&self, retry_after: &str, date: Option<&str>) -> Option<Duration> {
        let text = retry_after.trim();
        let wait = match text.parse::<u64>() {
            Ok(seconds) => Duration::from_secs(seconds),
            Err(_) => left(date.and_then(http_date).unwrap_or_else(|| self.now()), http_date(text)?)?,
        };
        Some(wait.min(LONGEST_WAIT)).filter(|wait| !wait.is_zero())
    }
}

/// A moment as HTTP writes it.
fn http_date(text: &str) -> Option<Timestamp> {
    Timestamp::try_from(httpdate::parse_http_date(text.trim()).ok()?).ok()
}

/// The time from `now` to a later moment; `None` when that is not later.
fn left(now: Timestamp, until: Timestamp) -> Option<Duration> {
    let left: SignedDuration = until.duration_since(now);
    Duration::try_from(left).ok().filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `test` with a clock that waiting moves, and returns the waits.
    fn in_own_time<T>(budget: Option<u64>, test: impl AsyncFnOnce(&Pace<'_>) -> T) -> (T, Vec<Duration>) {
        let now = std::rc::Rc::new(Cell::new("2026-11-02T08:00:00Z".parse::<Timestamp>().unwrap()));
        let waits = std::rc::Rc::new(RefCell::new(Vec::new()));
        let clock = || now.get();
        let pause = |wait: Duration| -> Pin<Box<dyn Future<Output = ()>>> {
            let (now, waits) = (now.clone(), waits.clone());
            Box::pin(async move {
                now.set(now.get() + wait);
                waits.borrow_mut().push(wait);
            })
        };
        let pace = Pace::new(Time { clock: &clock, pause: &pause }, budget, 7);
        let result = futures_util::FutureExt::now_or_never(test(&pace)).unwrap();
        let waited = waits.borrow().clone();
        (result, waited)
    }

    #[test]
    fn a_budget_holds_in_every_minute() {
        let (sent, _) = in_own_time(Some(3), async |pace| {
            let mut sent = Vec::new();
            for _ in 0..8 {
                pace.admit().await.unwrap();
                sent.push(pace.now());
            }
            sent
        });
        for window in sent.windows(4) {
            assert!(window[3].duration_since(window[0]) >= SignedDuration::from_secs(60), "{sent:?}");
        }
        assert_eq!(sent[7].duration_since(sent[0]), SignedDuration::from_secs(120));
    }

    #[test]
    fn a_closed_gate_holds_everybody_back() {
        let ((), waits) = in_own_time(None, async |pace| {
            pace.admit().await.unwrap();
            pace.close_for(Duration::from_secs(20), 429);
            pace.close_for(Duration::from_secs(5), 429);
            pace.admit().await.unwrap();
            pace.admit().await.unwrap();
            pace.close_for(Duration::from_secs(3600), 429);
            pace.admit().await.unwrap();
        });
        assert_eq!(waits, [Duration::from_secs(20), LONGEST_WAIT]);
    }

    #[test]
    fn a_stop_ends_waiting_at_once() {
        let stop = Stop::new();
        let pause = |_| -> Pin<Box<dyn Future<Output = ()>>> { Box::pin(std::future::pending()) };
        let mut pace = Pace::new(Time { clock: &|| Timestamp::UNIX_EPOCH, pause: &pause }, None, 7);
        pace.company = Company { stop: &stop, progress: &Unseen };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(pace.admit()).unwrap();
        pace.close_for(Duration::from_secs(20), 429);
        let (admitted, ()) = runtime.block_on(async { tokio::join!(pace.admit(), async { stop.ask() }) });
        assert!(admitted.is_err());
    }

    #[test]
    fn back_off_grows_up_to_a_ceiling() {
        let (waits, _) = in_own_time(None, async |pace| (1..=9).map(|tries| pace.back_off(tries)).collect::<Vec<_>>());
        for (index, wait) in waits.iter().enumerate() {
            let whole = Duration::from_secs(1 << index).min(LONGEST_BACK_OFF);
            assert!(*wait >= whole / 2 && *wait <= whole, "{waits:?}");
        }
    }

    #[test]
    fn retry_after_is_understood_in_both_forms() {
        in_own_time(None, async |pace| {
            let asked = |text| pace.asked(text, None);
            assert_eq!(asked(" 7 "), Some(Duration::from_secs(7)));
            assert_eq!(asked("86400"), Some(LONGEST_WAIT));
            assert_eq!(asked("Mon, 02 Nov 2026 08:00:09 GMT"), Some(Duration::from_secs(9)));
            assert_eq!(asked("Mon, 02 Nov 2076 08:00:00 GMT"), Some(LONGEST_WAIT));
            // What asks for no time leaves it to the back-off.
            for odd in ["", "soon", "-1", "1.5", "0", "99999999999999999999999", "Mon, 02 Nov 2026 07:00:00 GMT"] {
                assert_eq!(asked(odd), None, "{odd}");
            }
        });
    }

    #[test]
    fn a_date_is_compared_with_the_clock_of_the_service() {
        in_own_time(None, async |pace| {
            // The own clock says eight; that of the service says ten, or six.
            let asked = |text, date| pace.asked(text, Some(date));
            let ten = "Mon, 02 Nov 2026 10:00:00 GMT";
            assert_eq!(asked("Mon, 02 Nov 2026 10:00:09 GMT", ten), Some(Duration::from_secs(9)));
            let six = "Mon, 02 Nov 2026 06:00:00 GMT";
            assert_eq!(asked("Mon, 02 Nov 2026 06:00:09 GMT", six), Some(Duration::from_secs(9)));
            assert_eq!(asked("Mon, 02 Nov 2026 08:00:09 GMT", "now"), Some(Duration::from_secs(9)));
        });
    }
}
