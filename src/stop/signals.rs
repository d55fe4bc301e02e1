//! The signals by which people and systems ask a process to end.

use std::io;
use std::process;
use std::sync::Once;
use std::thread;

use super::Stop;

/// The status of a process that Ctrl-C has ended, as shells give it.
const INTERRUPTED: i32 = 130;

/// Ctrl-C and, where there is such a thing, SIGTERM. From its making on they end nothing by themselves.
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signals {
    /// Begins to listen, in a runtime.
    #[cfg(unix)]
    pub(crate) fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Waits for the next one; whether it is Ctrl-C.
    #[cfg(unix)]
    pub(crate) async fn any(&mut self) -> bool {
        tokio::select! {
            _ = self.interrupt.recv() => true,
            _ = self.terminate.recv() => false,
        }
    }

    /// Begins to listen, in a runtime.
    #[cfg(windows)]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    /// Waits for the next one; whether it is Ctrl-C.
    #[cfg(windows)]
    pub(crate) async fn any(&mut self) -> bool {
        let _ = self.interrupt.recv().await;
        true
    }
}

/// Lets the first signal ask `stop`, and the second one end the process at once. Further calls do nothing. Where the
/// system gives no thread or signals, everything stays as it was: a signal ends the process.
pub fn listen(stop: &'static Stop) {
    static LISTENING: Once = Once::new();
    LISTENING.call_once(|| {
        let _ = begin(stop);
    });
}

fn begin(stop: &'static Stop) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        Signals::new()?
    };
    let wait = move || {
        runtime.block_on(async {
            if signals.any().await {
                stop.ask();
            } else {
                stop.ask_for_others();
            }
            signals.any().await;
        });
        #[expect(clippy::exit, reason = "the main thread does not come to its end, and somebody wants it to")]
        process::exit(INTERRUPTED);
    };
    thread::Builder::new().name("signals".to_owned()).spawn(wait)?;
    Ok(())
}
