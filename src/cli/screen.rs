//! Standard error with a line of progress at its end.
//!
//! On a terminal the line is drawn again and again, and goes whenever something else is written, to either stream. Where
//! there is no terminal a line is written only now and then, and none twice, so that a log shows life and stays short.
//! Nothing is drawn in the background: the line is as new as the last step that was told.

use std::cell::RefCell;
use std::io::{self, Write};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::progress::{Progress, Step, Why};
use crate::render::progress::{Status, Waiting, Work, line};
use crate::render::visible_name;

/// Columns that a terminal takes to show that Ctrl-C was pressed.
const ECHO: usize = 2;
/// How soon the line is drawn again.
const SOON: SignedDuration = SignedDuration::from_millis(30);
/// How long a log is silent.
const SILENCE: SignedDuration = SignedDuration::from_secs(10);
/// Waiting that is worth a line in a log.
const LONG: Duration = Duration::from_secs(10);
/// Columns of a line in a log.
const LOG_WIDTH: usize = 200;
/// How long changes have to be under way before anything can be said of the rest.
const KNOWN: SignedDuration = SignedDuration::from_secs(3);

/// Where progress goes.
pub(crate) enum Place<'a> {
    /// To a terminal of so many columns, as long as it is one.
    Terminal(&'a dyn Fn() -> Option<usize>),
    /// Into a log.
    Log,
    /// Nowhere.
    Nowhere,
}

/// Standard error and its last line.
pub(crate) struct Screen<'a> {
    place: Place<'a>,
    clock: &'a dyn Fn() -> Timestamp,
    inner: RefCell<Inner<'a>>,
}

struct Inner<'a> {
    out: &'a mut dyn Write,
    /// The columns that the line takes which is shown.
    shown: usize,
    /// Whether what was written before ends with its line.
    is_at_start: bool,
    /// When the line was shown last.
    drawn: Option<Timestamp>,
    /// The last line of a log.
    last: String,
    status: Option<Status>,
    waits_until: Option<Timestamp>,
    /// When changes began, less the time for which nothing could be done.
    began: Timestamp,
}

impl<'a> Screen<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, place: Place<'a>, clock: &'a dyn Fn() -> Timestamp) -> Self {
        let began = clock();
        let inner = Inner {
            out,
            shown: 0,
            is_at_start: true,
            drawn: Some(began).filter(|_| matches!(place, Place::Log)),
            last: String::new(),
            status: None,
            waits_until: None,
            began,
        };
        Self { place, clock, inner: RefCell::new(inner) }
    }

    /// Whether the line can be drawn again.
    pub(crate) fn is_live(&self) -> bool {
        matches!(self.place, Place::Terminal(_))
    }

    /// Something begins in an organization.
    pub(crate) fn begin(&self, org: &str, work: Work) {
        let now = (self.clock)();
        let mut inner = self.inner.borrow_mut();
        inner.status = Some(Status { org: visible_name(org).into_owned(), work, waiting: None, is_stopping: false });
        (inner.began, inner.waits_until) = (now, None);
        inner.show(&self.place, now, true);
    }

    /// Nothing is going on any more.
    pub(crate) fn end(&self) {
        let mut inner = self.inner.borrow_mut();
        inner.status = None;
        inner.clear();
        let _ = inner.out.flush();
    }

    /// Changes begin.
    pub(crate) fn begin_changes(&self, sentence: String) {
        self.update(|inner, _| {
            if let Some(Work::Applying { current, .. }) = inner.status.as_mut().map(|status| &mut status.work) {
                *current = Some(sentence);
            }
            false
        });
    }

    /// Changes have come to their end, some of them badly.
    pub(crate) fn end_changes(&self, ended: usize, badly: usize) {
        self.update(|inner, now| {
            let began = inner.began;
            if let Some(Work::Applying { done, all, failed, left, .. }) =
                inner.status.as_mut().map(|status| &mut status.work)
            {
                *done += ended;
                *failed += badly;
                let passed = now.duration_since(began);
                let rest = u32::try_from(all.saturating_sub(*done)).unwrap_or(u32::MAX);
                *left = Duration::try_from(passed)
                    .ok()
                    .filter(|_| passed >= KNOWN && *done > 0 && rest > 0)
                    .map(|passed| (passed / u32::try_from(*done).unwrap_or(u32::MAX)).saturating_mul(rest));
            }
            false
        });
    }

    /// Waits for something until a moment; to be told again as time passes.
    pub(crate) fn wait(&self, why: &str, until: Timestamp) {
        let now = (self.clock)();
        let mut inner = self.inner.borrow_mut();
        let left = Duration::try_from(until.duration_since(now)).unwrap_or_default();
        if let Some(status) = &mut inner.status {
            status.waiting = Some(Waiting { why: why.to_owned(), left });
        }
        inner.show(&self.place, now, true);
    }

    /// Waiting is over; it does not count as time that changes take.
    pub(crate) fn resume(&self, waited: Duration) {
        self.update(|inner, _| {
            inner.began = SignedDuration::try_from(waited)
                .ok()
                .and_then(|waited| inner.began.checked_add(waited).ok())
                .unwrap_or(inner.began);
            if let Some(status) = &mut inner.status {
                status.waiting = None;
            }
            false
        });
    }

    /// Takes the line away, for other output on the same terminal.
    pub(crate) fn clear(&self) {
        let mut inner = self.inner.borrow_mut();
        if inner.shown > 0 {
            inner.clear();
            let _ = inner.out.flush();
        }
    }

    /// Changes what is going on, and shows it: at once where `change` says that it is news.
    fn update(&self, change: impl FnOnce(&mut Inner<'a>, Timestamp) -> bool) {
        if matches!(self.place, Place::Nowhere) {
            return;
        }
        let now = (self.clock)();
        let mut inner = self.inner.borrow_mut();
        let is_new = change(&mut inner, now);
        inner.show(&self.place, now, is_new);
    }
}

impl Progress for Screen<'_> {
    fn see(&self, step: Step) {
        self.update(|inner, now| {
            let waits_until = inner.waits_until;
            let Some(status) = &mut inner.status else { return false };
            match step {
                Step::Reading { done: read, all: known } => {
                    if let Work::Reading { done, all, .. } = &mut status.work {
                        (*done, *all) = (read, known);
                    }
                    false
                }
                Step::Waiting { why, wait } => {
                    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
                    let until = now.saturating_add(wait).unwrap_or(now);
                    // Many requests wait at the same gate, and it opens once.
                    if waits_until.is_some_and(|known| until <= known) {
                        return false;
                    }
                    let why = match why {
                        Why::Asked(code) => format!("as the service asks ({code})"),
                        Why::Again => "to send again what failed".to_owned(),
                        Why::Budget(1) => "for the limit of 1 request a minute".to_owned(),
                        Why::Budget(most) => format!("for the limit of {most} requests a minute"),
                    };
                    status.waiting = Some(Waiting { why, left: Duration::try_from(wait).unwrap_or_default() });
                    inner.waits_until = Some(until);
                    true
                }
                Step::Resumed => {
                    if waits_until.is_none_or(|until| until <= now) {
                        status.waiting = None;
                    }
                    // That there was nothing to say meanwhile is known.
                    inner.drawn = None;
                    false
                }
                Step::Stopping => {
                    status.is_stopping = true;
                    true
                }
            }
        });
    }
}

impl Inner<'_> {
    fn show(&mut self, place: &Place<'_>, now: Timestamp, is_new: bool) {
        let Some(status) = &self.status else { return };
        match place {
            Place::Nowhere => {}
            Place::Terminal(columns) => {
                let is_soon = self.drawn.is_some_and(|drawn| now.duration_since(drawn).abs() < SOON);
                if !self.is_at_start || (is_soon && self.shown > 0 && !is_new) {
                    return;
                }
                // Some terminals begin a new line after the last column, and `^C` appears behind the line.
                let text = line(status, columns().unwrap_or(0).saturating_sub(1 + ECHO));
                let wide = crate::render::width(&text);
                let blanks = " ".repeat(self.shown.saturating_sub(wide));
                // Whoever reads it may go away; the work goes on.
                let _ = write!(self.out, "\r{text}{blanks}").and_then(|()| self.out.flush());
                (self.shown, self.drawn) = (wide.max(1), Some(now));
            }
            Place::Log => {
                let is_long = status.waiting.as_ref().is_some_and(|waiting| waiting.left >= LONG);
                let drawn = *self.drawn.get_or_insert(now);
                let is_silent = now.duration_since(drawn).abs() >= SILENCE;
                let is_worth_it = is_silent || (is_new && (is_long || status.is_stopping));
                if !self.is_at_start || !is_worth_it {
                    return;
                }
                let text = line(status, LOG_WIDTH);
                if text != self.last {
                    let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
                    (self.last, self.drawn) = (text, Some(now));
                }
            }
        }
    }

    fn clear(&mut self) {
        if self.shown > 0 {
            let blanks = " ".repeat(self.shown + ECHO);
            let _ = write!(self.out, "\r{blanks}\r");
            self.shown = 0;
        }
    }
}

/// Standard error for everything but progress.
pub(crate) struct Beside<'s, 'a>(pub(crate) &'s Screen<'a>);

impl Write for Beside<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut inner = self.0.inner.borrow_mut();
        inner.clear();
        let written = inner.out.write(bytes)?;
        if let Some(last) = bytes[..written].last() {
            inner.is_at_start = *last == b'\n';
            // What is said shows life as well.
            inner.drawn = None;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.inner.borrow_mut().out.flush()
    }
}

/// Standard output, which may be the same terminal.
pub(crate) struct Above<'s, 'a> {
    pub(crate) screen: &'s Screen<'a>,
    pub(crate) out: &'s mut dyn Write,
}

impl Write for Above<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.screen.clear();
        self.out.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.screen.clear();
        self.out.flush()
    }
}
