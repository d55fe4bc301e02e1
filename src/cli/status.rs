//! What the program tells its caller by its exit status.

/// The exit status of a run.
///
/// Where several organizations end differently, the gravest wins: [`Failure`](Self::Failure), then
/// [`Invalid`](Self::Invalid), [`Refused`](Self::Refused), [`Incomplete`](Self::Incomplete),
/// [`Differences`](Self::Differences), [`Done`](Self::Done). The order of the variants is this order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExitStatus {
    /// 0: done, or in sync.
    #[default]
    Done,
    /// 3: differences were found, where that was asked for.
    Differences,
    /// 5: something failed while it was applied, did not take effect, waits for a person, was not agreed to, or
    /// was stopped.
    Incomplete,
    /// 4: a guard or the policy refuses, or a saved plan cannot be applied.
    Refused,
    /// 2: wrong usage or invalid configuration.
    Invalid,
    /// 1: something went wrong.
    Failure,
}

impl ExitStatus {
    /// The number that the process returns.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failure => 1,
            Self::Invalid => 2,
            Self::Differences => 3,
            Self::Refused => 4,
            Self::Incomplete => 5,
        }
    }
}

/// What `--help` says of exit statuses.
pub(crate) const HELP: &str = "\
Exit status:
  0  done, or in sync
  1  failure
  2  wrong usage or invalid configuration
  3  differences found (plan --exit-code, drift)
  4  refused by a guard or the policy, or a saved plan that cannot be applied
  5  incomplete: something failed, did not take effect, waits for a person, was not
     agreed to or was stopped by Ctrl-C or SIGTERM (130: ended at once by a second one)
With several organizations the gravest wins: 1, 2, 4, 5, 3, 0.";
