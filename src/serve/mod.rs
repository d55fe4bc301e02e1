//! How does the service answer, over a local store? A server on 127.0.0.1 that speaks the service's API, to rehearse a
//! configuration, a pipeline and a bad day, and for tests.
//!
//! It is written from the dossier (sections 2 to 5) and shares no form, path or text with a client: `wire` has its
//! own types for what arrives and `routes` its own table of operations. What the dossier marks as PROPOSED is answered
//! as proposed; that says nothing about the real service.

mod account;
mod answer;
mod connection;
mod faults;
mod organization;
mod record;
mod request;
mod routes;
mod scim;
mod service;
mod wire;

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use tokio::sync::watch;

pub use self::account::Account;
use self::faults::Faults;
pub use self::faults::{Fault, FaultSpec, FaultSpecProblem, Occurrence, RetryAfter, Script};
use self::organization::Organization;
use self::record::Record;
pub use self::service::Clock;
use self::service::Service;
use crate::backend::BackendError;
use crate::change::Change;
use crate::model::{Email, OrgRole, State};
use crate::stop::Signals;

/// How many threads answer. The store is one file with one writer, so more would wait for each other.
const THREADS: usize = 2;

/// What to serve.
#[derive(Clone)]
pub struct Options {
    /// The local store: one organization.
    pub state: PathBuf,
    /// The snapshot that the store is made from where it does not exist.
    pub seed: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 for any that is free.
    pub port: u16,
    /// Faults by chance.
    pub faults: FaultSpec,
    /// Faults by script.
    pub scripts: Vec<Script>,
    /// Where requests are recorded.
    pub record: Option<PathBuf>,
    /// The credentials that are accepted.
    pub account: Account,
    /// The org role of the service account.
    pub role: OrgRole,
    /// The claimed e-mail domains, which SCIM sees; those of the active owners where there are none.
    pub claimed: Vec<String>,
    /// Who has an account on the service though not in this organization.
    pub known: BTreeSet<Email>,
    /// Tells the time.
    pub clock: Clock,
    /// Is told of the organization as each request leaves it that edits it.
    pub watch: Option<Watch>,
}

/// Looks at an organization; it must not ask the server for anything meanwhile.
pub type Watch = Arc<dyn Fn(&State) + Send + Sync>;

impl Options {
    /// To serve the store at `state` with everything else as usual: any free port, no faults, no record, an account that
    /// is org admin.
    pub fn new(state: impl Into<PathBuf>, clock: Clock) -> Self {
        Self {
            state: state.into(),
            seed: None,
            port: 0,
            faults: FaultSpec::default(),
            scripts: Vec::new(),
            record: None,
            account: Account::default(),
            role: OrgRole::Admin,
            claimed: Vec::new(),
            known: BTreeSet::new(),
            clock,
            watch: None,
        }
    }
}

/// Why a server cannot be started or ended.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] BackendError),
    /// The port cannot be had.
    #[error("cannot listen on 127.0.0.1:{port}")]
    Listen {
        /// The port.
        port: u16,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The record cannot be written.
    #[error("cannot open the record `{path}`")]
    Record {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The system gives no threads or signals.
    #[error("cannot start the server")]
    Start(#[source] io::Error),
    /// The announcement could not be written.
    #[error("cannot write the output")]
    Announce(#[source] io::Error),
}

/// A running server. It stops when it is dropped.
pub struct Server {
    service: Arc<Service>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts serving. Requests are answered from when this returns on.
    ///
    /// # Errors
    /// When the store, the port or the record cannot be opened.
    pub fn start(options: Options) -> Result<Self, ServeError> {
        Self::start_with(options, false)
    }

    /// Serves until the process is asked to end (Ctrl-C, SIGTERM); `announce` is called when requests are answered.
    ///
    /// # Errors
    /// As [`Server::start`], and whatever `announce` returns.
    pub fn run(options: Options, announce: impl FnOnce(&Self) -> io::Result<()>) -> Result<(), ServeError> {
        let mut server = Self::start_with(options, true)?;
        announce(&server).map_err(ServeError::Announce)?;
        server.join();
        Ok(())
    }

    fn start_with(options: Options, ends_by_signal: bool) -> Result<Self, ServeError> {
        let now = (options.clock)();
        // Nothing is made where the port cannot be had.
        let listen = |source| ServeError::Listen { port: options.port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, options.port)).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        if let Some(record) = &options.record {
            record::check_apart(record, &options.state, options.seed.as_deref())
                .map_err(|source| ServeError::Record { path: record.display().to_string(), source })?;
        }
        let record = match &options.record {
            Some(path) => {
                let path_text = || path.display().to_string();
                let opened = Record::open(path);
                Some(opened.map_err(|source| ServeError::Record { path: path_text(), source })?)
            }
            None => None,
        };
        let opened = Organization::open(&options.state, options.seed.as_deref(), &options.claimed, options.known, now);
        // A record that was made for nothing does not stay.
        if let (Err(_), Some(path), Some((_, true))) = (&opened, &options.record, &record) {
            let _ = std::fs::remove_file(path);
        }
        let (mut organization, record) = (opened?, record.map(|(record, _)| Mutex::new(record)));
        organization.set_watch(options.watch);
        let service = Arc::new(Service {
            organization: Mutex::new(organization),
            faults: Faults::new(options.faults, options.scripts),
            record,
            account: options.account,
            role: Mutex::new(options.role),
            address: address.to_string(),
            clock: options.clock,
            requests: AtomicU64::new(0),
        });
        let (stop, stopped) = watch::channel(false);
        let (ready, is_ready) = mpsc::channel();
        let (serving, stopping) = (Arc::clone(&service), stop.clone());
        // A thread of its own: a server can be started and dropped anywhere, also within somebody else's runtime.
        let thread = std::thread::Builder::new()
            .name("serve".to_owned())
            .spawn(move || {
                let runtime =
                    match tokio::runtime::Builder::new_multi_thread().worker_threads(THREADS).enable_all().build() {
                        Ok(runtime) => runtime,
                        Err(error) => return drop(ready.send(Err(error))),
                    };
                runtime.block_on(async {
                    let listening = tokio::net::TcpListener::from_std(listener);
                    let ending = if ends_by_signal { Some(Signals::new()) } else { None }.transpose();
                    let (listener, signals) = match (listening, ending) {
                        (Ok(listener), Ok(signals)) => (listener, signals),
                        (Err(error), _) | (_, Err(error)) => return drop(ready.send(Err(error))),
                    };
                    let _ = ready.send(Ok(()));
                    if let Some(mut signals) = signals {
                        tokio::spawn(async move {
                            signals.any().await;
                            let _ = stopping.send(true);
                        });
                    }
                    connection::serve(listener, serving, stopped).await;
                });
            })
            .map_err(ServeError::Start)?;
        match is_ready.recv() {
            Ok(Ok(())) => Ok(Self { service, address, stop, thread: Some(thread) }),
            Ok(Err(error)) => Err(ServeError::Start(error)),
            Err(error) => Err(ServeError::Start(io::Error::other(error))),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What comes before every path.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The credentials that it accepts.
    pub fn account(&self) -> &Account {
        &self.service.account
    }

    /// The name of the organization, for people.
    pub fn organization_name(&self) -> String {
        self.organization().state().organization.name.clone()
    }

    /// The domains that SCIM sees.
    pub fn claimed(&self) -> Vec<String> {
        self.organization().claimed().iter().cloned().collect()
    }

    /// Adds a fault, which counts requests from now on.
    pub fn add_fault(&self, script: Script) {
        self.service.faults.add(script);
    }

    /// Forgets every scripted fault.
    pub fn clear_faults(&self) {
        self.service.faults.clear();
    }

    /// Gives the service account another org role.
    pub fn set_role(&self, role: OrgRole) {
        *self.service.role.lock().unwrap_or_else(PoisonError::into_inner) = role;
    }

    /// How many requests have arrived.
    pub fn requests(&self) -> u64 {
        self.service.requests.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// Does one change as if somebody had done it in a browser.
    ///
    /// # Errors
    /// When the change does not fit, or the store cannot be written.
    pub fn perform(&self, change: &Change) -> Result<(), BackendError> {
        let now = (self.service.clock)();
        self.organization().perform(change, now)
    }

    /// Makes an invited person join.
    ///
    /// # Errors
    /// When nobody with this address is invited, or the store cannot be written.
    pub fn join_user(&self, user: &Email) -> Result<(), BackendError> {
        let now = (self.service.clock)();
        self.organization().join(user, now)
    }

    /// Stops: no connection is taken any more, and requests under way are answered.
    pub fn stop(mut self) {
        self.end();
    }

    fn organization(&self) -> std::sync::MutexGuard<'_, Organization> {
        self.service.organization.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&mut self) {
        let _ = self.stop.send(true);
        self.join();
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has told so, and there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}
