//! What is going on at this moment, told to whoever waits for it.
//!
//! Backends tell it; nothing is decided by it and nothing need be done with it.

use std::time::Duration;

/// Sees what is going on.
pub trait Progress {
    /// Sees the next step.
    fn see(&self, step: Step);
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An organization is being read: so many projects of it, of so many in all where that is known yet.
    Reading {
        /// The projects that were read.
        done: usize,
        /// All projects.
        all: Option<usize>,
    },
    /// Nothing is sent for some time.
    Waiting {
        /// Why.
        why: Why,
        /// For how long.
        wait: Duration,
    },
    /// The waiting is over.
    Resumed,
    /// A stop was asked for, and what is under way comes to its end.
    Stopping,
}

/// Why nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// The service asks for it, by this status.
    Asked(u16),
    /// A request failed and is sent again.
    Again,
    /// The configuration allows so many requests in a minute.
    Budget(usize),
}

/// Nobody looks.
#[derive(Debug, Clone, Copy)]
pub struct Unseen;

impl Progress for Unseen {
    fn see(&self, _: Step) {}
}
