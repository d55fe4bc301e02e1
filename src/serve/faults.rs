//! Faults on demand: by chance, the same for the same seed, and as tests script them.

use std::collections::BTreeMap;
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
    /// Only the first changes of the request are done (dossier 4.4: batches may be applied in part).
    Partly {
        /// How many.
        first: usize,
        /// Whether it answers as if all were done; else 500.
        says_ok: bool,
    },
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

impl Occurrence {
    /// Whether it is the request of this number.
    fn is(self, number: u64) -> bool {
        match self {
            Self::Nth(nth) => number == nth,
            Self::From(first) => number >= first,
        }
    }
}

/// Faults as `--faults` has them: by chance (`429=0.05,lost=0.02,slow=200ms,seed=7`) and in places
/// (`401@write3+,html@read2,403@/api/app/projects/902/`).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FaultSpec {
    /// The share of requests that meet each fault, in the order in which they are drawn.
    rates: BTreeMap<usize, f64>,
    /// The faults that stand in places; an earlier one goes before a later one.
    placed: Vec<Placed>,
    /// How much later every answer comes.
    slow: Duration,
    /// Where chance starts.
    seed: u64,
}

/// A fault in a place.
#[derive(Debug, Clone, PartialEq)]
struct Placed {
    kind: usize,
    requests: Requests,
    when: Occurrence,
}

/// Which requests a place counts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Requests {
    All,
    Reads,
    Writes,
    /// Those whose path starts with this.
    Under(String),
}

impl Requests {
    fn has(&self, method: &str, path: &str) -> bool {
        match self {
            Self::All => true,
            Self::Reads => method == "GET",
            Self::Writes => method != "GET",
            Self::Under(start) => path.starts_with(start),
        }
    }
}

/// The faults that have a name, in the order in which they are drawn.
const KINDS: [&str; 16] = [
    "429",
    "500",
    "lost",
    "half-read",
    "html",
    "401",
    "403",
    "404",
    "502",
    "503",
    "504",
    "reset",
    "bare",
    "garbage",
    "redirect",
    "partly",
];

/// How many bytes an answer of garbage has.
const GARBAGE: usize = 10 << 20;

/// The fault of one of [`KINDS`]. `bits` decides what is left open.
fn fault(kind: usize, bits: u64) -> Fault {
    let json = || vec![("content-type".to_owned(), "application/json".to_owned())];
    match KINDS[kind] {
        // Half of the refusals say when to come again.
        "429" => Fault::TooMany(if bits & 1 == 0 { RetryAfter::None } else { RetryAfter::Seconds(1) }),
        "lost" => Fault::Lost,
        "half-read" => Fault::HalfRead,
        "html" => Fault::Html,
        "reset" => Fault::Reset { done: false },
        "bare" => Fault::Raw { status: 200, headers: json(), body: br#"{"status":"ok"}"#.to_vec() },
        "garbage" => Fault::Raw { status: 200, headers: json(), body: vec![0x1b; GARBAGE] },
        // A name that is nobody's (RFC 2606).
        "redirect" => Fault::Redirect { status: 302, to: "https://elsewhere.invalid/".to_owned() },
        "partly" => Fault::Partly { first: 1, says_ok: false },
        // The others are statuses.
        status => Fault::Status { status: status.parse().unwrap_or(500), done: false },
    }
}

/// The longest delay that can be asked for.
const SLOWEST: Duration = Duration::from_secs(600);

/// Why a text says no faults.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultSpecProblem {
    /// A part has neither `=` nor `@`.
    #[error("`{0}` is neither of the form NAME=SHARE nor of the form NAME@PLACE")]
    Form(String),
    /// There is no fault of this name.
    #[error("there is no fault `{0}`; there are {names}, slow and seed", names = KINDS.join(", "))]
    Name(String),
    /// A place is none.
    #[error(
        "`{0}`: expected which request meets it, such as 3, 3+ (and all after it), read2, write1+, or the start of a \
         path, such as /organizations/"
    )]
    Place(String),
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
            // A path may hold a `=`, and no name does.
            if let Some((name, place)) = part.split_once('@').filter(|(name, _)| !name.contains('=')) {
                let kind = kind(name.trim())?;
                let problem = || FaultSpecProblem::Place(part.to_owned());
                let (requests, when) = place_of(place.trim()).ok_or_else(problem)?;
                spec.placed.push(Placed { kind, requests, when });
                continue;
            }
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
                    let kind = kind(name)?;
                    let rate = value.parse().ok().filter(|rate: &f64| (0.0..=1.0).contains(rate));
                    let problem = || FaultSpecProblem::Rate { name: name.to_owned(), value: value.to_owned() };
                    spec.rates.insert(kind, rate.ok_or_else(problem)?);
                }
            }
        }
        // A little more than one may come of rounding.
        if spec.rates.values().sum::<f64>() > 1.0 + 1e-9 { Err(FaultSpecProblem::Sum) } else { Ok(spec) }
    }
}

fn kind(name: &str) -> Result<usize, FaultSpecProblem> {
    KINDS.iter().position(|kind| *kind == name).ok_or_else(|| FaultSpecProblem::Name(name.to_owned()))
}

/// The place that a text means: a number, perhaps with what is counted before it and a `+` after it, or a path.
fn place_of(text: &str) -> Option<(Requests, Occurrence)> {
    if text.starts_with('/') {
        return Some((Requests::Under(text.to_owned()), Occurrence::From(1)));
    }
    let (requests, number) = match (text.strip_prefix("read"), text.strip_prefix("write")) {
        (Some(number), _) => (Requests::Reads, number),
        (None, Some(number)) => (Requests::Writes, number),
        (None, None) => (Requests::All, text),
    };
    let (digits, and_after) = number.strip_suffix('+').map_or((number, false), |digits| (digits, true));
    let number =
        digits.parse().ok().filter(|number| *number > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    Some((requests, if and_after { Occurrence::From(number) } else { Occurrence::Nth(number) }))
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
        let (kind, _) = self.rates.iter().find(|(_, rate)| {
            below += **rate;
            drawn < below
        })?;
        // The lower bits are no part of the draw.
        Some(fault(*kind, bits))
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
            Self::Partly { .. } => "partly",
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
    /// How many requests each placed fault has counted.
    placed: Mutex<Vec<u64>>,
    scripts: Mutex<Vec<(Script, u64)>>,
}

impl Faults {
    pub(super) fn new(spec: FaultSpec, scripts: Vec<Script>) -> Self {
        let placed = Mutex::new(vec![0; spec.placed.len()]);
        Self { spec, placed, scripts: Mutex::new(scripts.into_iter().map(|script| (script, 0)).collect()) }
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

    /// What happens to a request. A script goes before a placed fault and that before chance; of two of a kind the
    /// earlier goes before the later.
    pub(super) fn choose(&self, number: u64, method: &str, path: &str) -> Option<Fault> {
        let mut chosen = None;
        for (script, seen) in self.scripts.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            if script.method.as_deref().is_some_and(|wanted| wanted != method) || !path.starts_with(&script.path) {
                continue;
            }
            *seen += 1;
            if script.when.is(*seen) && chosen.is_none() {
                chosen = Some(script.fault.clone());
            }
        }
        let mut counts = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
        for (placed, seen) in self.spec.placed.iter().zip(counts.iter_mut()) {
            if !placed.requests.has(method, path) {
                continue;
            }
            *seen += 1;
            if placed.when.is(*seen) && chosen.is_none() {
                chosen = Some(fault(placed.kind, *seen));
            }
        }
        drop(counts);
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
