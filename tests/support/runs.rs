//! Runs of the program in this process, in which waiting takes no time.

use std::cell::{Cell, RefCell};
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use accessctl::cli::{ExitStatus, Surroundings, run};
use accessctl::stop::Stop;
use jiff::Timestamp;

/// What a run did.
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// How long was waited, each time.
    pub(crate) waits: Vec<Duration>,
}

impl Ended {
    /// Everything that was said.
    pub(crate) fn said(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// What happens around a run.
pub(crate) trait Around {
    /// Whether somebody sits there who says yes.
    const CAN_ASK: bool;

    /// The program asks, and waits for the answer.
    fn asked(&self) {}

    /// The program looks at the clock, as it does before each write.
    fn clock_read(&self) {}

    /// The columns of the terminal, where somebody looks on.
    fn columns(&self) -> Option<usize> {
        None
    }

    /// Who may want the program to stop.
    fn stop(&self) -> &Stop {
        static NOBODY: Stop = Stop::new();
        &NOBODY
    }

    /// The program has waited.
    fn waited(&self, _: Duration) {}
}

/// Nobody is there, and nothing happens.
pub(crate) struct Nobody;

impl Around for Nobody {
    const CAN_ASK: bool = false;
}

/// Somebody who says yes when asked.
struct Yes<'a, A>(&'a A);

impl<A: Around> Read for Yes<'_, A> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.asked();
        b"yes\n".as_slice().read(buffer)
    }
}

/// Runs with `arguments` on the configuration at `path`, from the moment `start` on.
pub(crate) fn run_on<A: Around>(
    arguments: &[&str],
    path: &Path,
    start: Timestamp,
    environment: &dyn Fn(&str) -> Option<String>,
    around: &A,
) -> Ended {
    let (now, waits) = (Rc::new(Cell::new(start)), Rc::new(RefCell::new(Vec::new())));
    let pause = |wait: Duration| -> Pin<Box<dyn Future<Output = ()>>> {
        let (now, waits) = (Rc::clone(&now), Rc::clone(&waits));
        around.waited(wait);
        Box::pin(async move {
            now.set(now.get() + wait);
            waits.borrow_mut().push(wait);
        })
    };
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let typed = std::iter::once("accessctl").chain(arguments.iter().copied()).chain(path.to_str());
    let home = if path.is_dir() { path } else { path.parent().unwrap() };
    let environment = |name: &str| match (environment(name), name) {
        (None, "ACCESSCTL_JOURNAL") => Some(home.join(".journal").to_str().unwrap().to_owned()),
        (value, _) => value,
    };
    let status = run(
        typed.map(Into::into),
        Surroundings {
            stdin: &mut BufReader::new(Yes(around)),
            stdout: &mut stdout,
            stderr: &mut stderr,
            can_ask: A::CAN_ASK,
            stdout_is_terminal: false,
            width: None,
            stderr_columns: &|| around.columns(),
            stdout_styles: false,
            stderr_styles: false,
            clock: &|| {
                around.clock_read();
                now.get()
            },
            pause: &pause,
            stop: around.stop(),
            environment: &environment,
        },
    );
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let waits = waits.borrow().clone();
    Ended { status, stdout: text(stdout), stderr: text(stderr), waits }
}
