//! Faults on demand: by chance, the same for the same seed, and as tests script them.

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 429; nothing is done.
    TooMany(RetryAfter),
    /// An error of this status in the envelope.
    Status {
        /// The status.
        status: u16,
        /// Whether the request is done all the same.
        done: bool,
    },
    /// The request is done, and the connection closed without an answer.
    Lost,
    /// The connection is reset.
    Reset {
        /// Whether the request is done before.
        done: bool,
    },
    /// The request is done, and the answer's body ends in the middle.
    HalfRead,
    /// The login page as HTML with status 200; nothing is done.
    Html,
    /// A redirection; nothing is done.
    Redirect {
        /// The status, such as 302.
        status: u16,
        /// The address to go to.
        to: String,
    },
    /// Exactly this answer; nothing is done.
    Raw {
        /// The status.
        status: u16,
        /// Headers, `content-type` among them.
        headers: Vec<(String, String)>,
        /// The body, as it goes over the wire.
        body: Vec<u8>,
    },
    /// The answer comes later by this much.
    Slow(Duration),
}

/// What a 429 says about when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// Nothing.
    None,
    /// So many seconds.
    Seconds(u32),
    /// The date and time that comes so many seconds later.
    Date(u32),
}

/// A fault that a test asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// Only requests of this method; all where it is `None`.
    pub method: Option<String>,
    /// Only requests whose path starts with this.
    pub path: String,
    /// Which of those requests.
    pub when: Occurrence,
    /// What happens to them.
    pub fault: Fault,
}

/// Which of the requests that a [`Script`] is about, counted from 1 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// Only this one.
    Nth(u64),
    /// This one and all after it.
    From(u64),
}

/// Faults by chance, as `--faults` has them: `429=0.05,500=0.01,lost=0.02,slow=200ms,half-read=0.01,html=0.01,seed=7`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultSpec {
    /// The share of requests that meet each fault, in the order in which they are drawn.
    rates: [f64; KINDS.len()],
    /// How much later every answer comes.
    slow: Duration,
    /// Where chance starts.
    seed: u64,
}

/// The faults that have a rate.
const KINDS: [&str; 5] = ["429", "500", "lost", "half-read", "html"];

/// The longest delay that can be asked for.
const SLOWEST: Duration = Duration::from_secs(600);

/// Why a text says no faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultSpecProblem {
    /// A part has no `=`.
    #[error("`{0}` is not of the form NAME=VALUE")]
    Form(String),
    /// There is no fault of this name.
    #[error("there is no fault `{0}`; there are 429, 500, lost, half-read, html, slow and seed")]
    Name(String),
    /// A name stands twice.
    #[error("`{0}` is said twice")]
    Twice(String),
    /// A rate is no share.
    #[error("`{name}={value}`: expected a share from 0 to 1, such as 0.05")]
    Rate {
        /// The fault.
        name: String,
        /// What was said.
        value: String,
    },
    /// All rates together are more than all requests.
    #[error("the shares of all faults together are more than 1")]
    Sum,
    /// A delay is none.
    #[error("`slow={0}`: expected a time up to ten minutes, such as 200ms or 1.5s")]
    Slow(String),
    /// A seed is no number.
    #[error("`seed={0}`: expected a whole number")]
    Seed(String),
}

impl FromStr for FaultSpec {
    type Err = FaultSpecProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut spec = Self::default();
        let mut said: Vec<&str> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| FaultSpecProblem::Form(part.to_owned()))?;
            let (name, value) = (name.trim(), value.trim());
            if said.contains(&name) {
                return Err(FaultSpecProblem::Twice(name.to_owned()));
            }
            said.push(name);
            match name {
                "slow" => spec.slow = delay(value).ok_or_else(|| FaultSpecProblem::Slow(value.to_owned()))?,
                "seed" => spec.seed = value.parse().map_err(|_| FaultSpecProblem::Seed(value.to_owned()))?,
                _ => {
                    let kind = KINDS.iter().position(|kind| *kind == name);
                    let kind = kind.ok_or_else(|| FaultSpecProblem::Name(name.to_owned()))?;
                    let rate = value.parse().ok().filter(|rate: &f64| (0.0..=1.0).contains(rate));
                    let problem = || FaultSpecProblem::Rate { name: name.to_owned(), value: value.to_owned() };
                    spec.rates[kind] = rate.ok_or_else(problem)?;
                }
            }
        }
        // A little more than one may come of rounding.
        if spec.rates.iter().sum::<f64>() > 1.0 + 1e-9 { Err(FaultSpecProblem::Sum) } else { Ok(spec) }
    }
}

fn delay(text: &str) -> Option<Duration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (text.strip_suffix('s')?, 1.0),
    };
    let seconds = number.trim().parse::<f64>().ok()? * unit;
    Duration::try_from_secs_f64(seconds).ok().filter(|delay| *delay <= SLOWEST)
}

impl FaultSpec {
    /// The fault that the request of this number meets, if any; always the same for the same seed and number.
    pub fn draw(&self, number: u64) -> Option<Fault> {
        let bits = mixed(self.seed ^ mixed(number));
        // The upper 53 bits are a number from 0 to 1 with nothing lost.
        #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
        let drawn = (bits >> 11) as f64 / (1_u64 << 53) as f64;
        let mut below = 0.0;
        let kind = self.rates.iter().position(|rate| {
            below += rate;
            drawn < below
        })?;
        Some(match KINDS[kind] {
            // The lower bits are no part of the draw: half of the refusals say when to come again.
            "429" => Fault::TooMany(if bits & 1 == 0 { RetryAfter::None } else { RetryAfter::Seconds(1) }),
            "500" => Fault::Status { status: 500, done: false },
            "lost" => Fault::Lost,
            "half-read" => Fault::HalfRead,
            _ => Fault::Html,
        })
    }

    /// How much later every answer comes.
    pub fn slow(&self) -> Duration {
        self.slow
    }
}

impl fmt::Display for Fault {
    /// The name in a record.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany(_) => "429",
            Self::Status { .. } => "status",
            Self::Lost => "lost",
            Self::Reset { .. } => "reset",
            Self::HalfRead => "half-read",
            Self::Html => "html",
            Self::Redirect { .. } => "redirect",
            Self::Raw { .. } => "raw",
            Self::Slow(_) => "slow",
        })
    }
}

/// All faults of a server.
#[derive(Debug)]
pub(super) struct Faults {
    spec: FaultSpec,
    scripts: Mutex<Vec<(Script, u64)>>,
}

impl Faults {
    pub(super) fn new(spec: FaultSpec, scripts: Vec<Script>) -> Self {
        Self { spec, scripts: Mutex::new(scripts.into_iter().map(|script| (script, 0)).collect()) }
    }

    /// Adds a script, which counts from now on.
    pub(super) fn add(&self, script: Script) {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).push((script, 0));
    }

    /// Forgets every script.
    pub(super) fn clear(&self) {
        self.scripts.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How much later every answer comes.
    pub(super) fn slow(&self) -> Duration {
        self.spec.slow
    }

    /// What happens to a request. A script goes before chance, and an earlier script before a later one.
    pub(super) fn choose(&self, number: u64, method: &str, path: &str) -> Option<Fault> {
        let mut chosen = None;
        for (script, seen) in self.scripts.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            if script.method.as_deref().is_some_and(|wanted| wanted != method) || !path.starts_with(&script.path) {
                continue;
            }
            *seen += 1;
            let is_due = match script.when {
                Occurrence::Nth(nth) => *seen == nth,
                Occurrence::From(first) => *seen >= first,
            };
            if is_due && chosen.is_none() {
                chosen = Some(script.fault.clone());
            }
        }
        chosen.or_else(|| self.spec.draw(number))
    }
}

/// Bits that look random and follow from `number` (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
