//! What is going on at this moment, as one line.

use std::time::Duration;

use super::text::{count, thousands};
use super::visible_within_width;

/// What goes on in one organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The organization, inert.
    pub org: String,
    /// What is being done.
    pub work: Work,
    /// What is waited for.
    pub waiting: Option<Waiting>,
    /// Whether a stop was asked for, and what is under way comes to its end.
    pub is_stopping: bool,
}

/// What is being done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// The live side is read.
    Reading {
        /// In a word or two, for what.
        what: &'static str,
        /// Projects that were read.
        done: usize,
        /// All projects, where it is known how many there are.
        all: Option<usize>,
    },
    /// A plan is performed.
    Applying {
        /// Changes that have come to their end.
        done: usize,
        /// All changes.
        all: usize,
        /// Those that failed.
        failed: usize,
        /// One that is under way, as an inert sentence.
        current: Option<String>,
        /// How long the rest will take, where that can be told.
        left: Option<Duration>,
    },
    /// Another run has the lock.
    Locked,
}

/// What is waited for, and how long still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// Why, in inert words that follow `waiting 30 s`.
    pub why: String,
    /// How long still.
    pub left: Duration,
}

/// The line, cut to `width` columns.
pub fn line(status: &Status, width: usize) -> String {
    let mut parts = match &status.work {
        Work::Reading { what, done, all } => {
            // What is waited for is the news then, and the line is short.
            let what = if status.waiting.is_some() { "reading" } else { what };
            let mut parts = vec![what.to_owned()];
            parts.extend(all.map(|all| format!("{} of {}", thousands(*done), count(all, "project"))));
            parts
        }
        Work::Applying { done, all, failed, left, .. } => {
            let mut parts = vec![format!("{} of {}", thousands(*done), count(*all, "change"))];
            if *failed > 0 {
                parts.push(format!("{} failed", thousands(*failed)));
            }
            if let Some(left) = left.filter(|_| status.waiting.is_none()) {
                parts.push(format!("about {} left", span(left)));
            }
            parts
        }
        Work::Locked => Vec::new(),
    };
    if status.is_stopping {
        // This has to be read whole.
        parts = vec!["stopping: what is under way ends first; Ctrl-C again ends at once".to_owned()];
    } else if let Some(Waiting { why, left }) = &status.waiting {
        parts.push(format!("waiting {} {why}", span(*left)));
    }
    let mut text = format!("{}: {}", status.org, parts.join(", "));
    if let Work::Applying { current: Some(current), .. } = &status.work
        && status.waiting.is_none()
        && !status.is_stopping
    {
        text.push_str(": ");
        text.push_str(current);
    }
    visible_within_width(&text, width).into_owned()
}

/// A time as people say it, rounded up.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let minutes = seconds.div_ceil(60);
    match seconds {
        0..=99 => format!("{seconds} s"),
        100..=5999 => format!("{minutes} min"),
        _ => format!("{} h {:02} min", minutes / 60, minutes % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applying(current: &str) -> Status {
        let work = Work::Applying {
            done: 1200,
            all: 10_000,
            failed: 3,
            current: Some(current.to_owned()),
            left: Some(Duration::from_secs(161)),
        };
        Status { org: "acme".to_owned(), work, waiting: None, is_stopping: false }
    }

    #[test]
    fn one_line_tells_where_it_stands() {
        let mut status = applying("+ invite cy@agency.com as member");
        assert_eq!(
            line(&status, 100),
            "acme: 1,200 of 10,000 changes, 3 failed, about 3 min left: + invite cy@agency.com as member"
        );
        assert_eq!(line(&status, 40), "acme: 1,200 of 10,000 changes, 3 failed…");
        status.waiting =
            Some(Waiting { why: "as the service asks (429)".to_owned(), left: Duration::from_millis(29_200) });
        assert_eq!(
            line(&status, 100),
            "acme: 1,200 of 10,000 changes, 3 failed, waiting 30 s as the service asks (429)"
        );
        status.is_stopping = true;
        assert!(line(&status, 120).ends_with("Ctrl-C again ends at once"));
    }

    #[test]
    fn nothing_on_it_acts() {
        let shown = line(&applying("remove \u{1b}[2J\r\n"), 100);
        assert!(!shown.contains(['\u{1b}', '\r', '\n']), "{shown:?}");
    }

    #[test]
    fn times_are_rounded_up() {
        let said = [0, 1, 99, 100, 120, 121, 5999, 6000, 7201].map(|seconds| span(Duration::from_secs(seconds)));
        assert_eq!(said, ["0 s", "1 s", "99 s", "2 min", "2 min", "3 min", "100 min", "1 h 40 min", "2 h 01 min"]);
        assert_eq!(span(Duration::from_millis(1500)), "2 s");
    }
}
