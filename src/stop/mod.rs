//! The wish that a run stops, and who waits for it.
//!
//! Until a run heeds it, whoever presses Ctrl-C ends the process at once, as the system does: nothing is lost by that
//! while only reading and planning goes on. A run that changes something heeds it, so that what is under way comes to its
//! end and is written down.

mod signals;

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

pub(crate) use self::signals::Signals;
pub use self::signals::listen;

/// Whether somebody wants the run to stop. Once asked for, it stays so.
#[derive(Debug)]
pub struct Stop {
    is_asked: AtomicBool,
    /// Whether it was the system or another program that asked, and not somebody at the terminal.
    is_by_others: AtomicBool,
    asked: Notify,
    /// Makes signals ask, from the first call on.
    listen: fn(),
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}

impl Stop {
    /// One that nobody asks for but the program itself.
    pub const fn new() -> Self {
        Self::by(|| {})
    }

    /// One for which `listen` makes signals ask. It may be called any number of times.
    pub const fn by(listen: fn()) -> Self {
        Self {
            is_asked: AtomicBool::new(false),
            is_by_others: AtomicBool::new(false),
            asked: Notify::const_new(),
            listen,
        }
    }

    /// From now on a signal asks for the stop instead of ending the process.
    pub fn heed(&self) {
        (self.listen)();
    }

    /// Asks for it. Everybody who waits wakes up.
    pub fn ask(&self) {
        self.is_asked.store(true, Ordering::SeqCst);
        self.asked.notify_waiters();
    }

    /// Asks for it in the name of the system or of another program, as SIGTERM does.
    pub fn ask_for_others(&self) {
        if !self.is_asked() {
            self.is_by_others.store(true, Ordering::SeqCst);
        }
        self.ask();
    }

    /// By what the run was stopped, in the words of people.
    pub fn cause(&self) -> &'static str {
        if self.is_by_others.load(Ordering::SeqCst) { "a signal from outside" } else { "Ctrl-C" }
    }

    /// Whether it was asked for.
    pub fn is_asked(&self) -> bool {
        self.is_asked.load(Ordering::SeqCst)
    }

    /// Waits until it is asked for.
    pub async fn asked(&self) {
        let asked = self.asked.notified();
        tokio::pin!(asked);
        // Whoever asks between the look and the wait is not missed.
        asked.as_mut().enable();
        if !self.is_asked() {
            asked.await;
        }
    }

    /// Does `work` to its end, or breaks it off when the stop is asked for: `None` then.
    pub async fn unless<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.asked() => None,
            done = work => Some(done),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_runtime<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn whoever_waits_is_woken_from_another_thread() {
        static STOP: Stop = Stop::new();
        let asking = std::thread::spawn(|| STOP.ask());
        assert_eq!(in_runtime(STOP.unless(std::future::pending::<()>())), None);
        asking.join().unwrap();
        // It stays so, whoever comes later.
        assert_eq!(in_runtime(STOP.unless(std::future::ready(1))), None);
    }

    #[test]
    fn the_first_who_asks_is_the_cause() {
        let causes = |ask: &[fn(&Stop)]| {
            let stop = Stop::new();
            ask.iter().for_each(|ask| ask(&stop));
            (stop.is_asked(), stop.cause())
        };
        assert_eq!(causes(&[Stop::ask, Stop::ask_for_others]), (true, "Ctrl-C"));
        assert_eq!(causes(&[Stop::ask_for_others, Stop::ask]), (true, "a signal from outside"));
    }

    #[test]
    fn work_comes_to_its_end_where_nobody_asks() {
        assert_eq!(in_runtime(Stop::new().unless(std::future::ready(1))), Some(1));
    }
}
