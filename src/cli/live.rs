//! The live side of an organization: which backend it is read from, and which can be written to.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use jiff::Timestamp;

use super::configuration::Configuration;
use super::context::Context;
use super::error::{CommandError, Failure, OrgProblem};
use crate::backend::local::{LocalReader, LocalWriter};
use crate::backend::mixpanel::{
    Credentials, CredentialsProblem, MixpanelReader, MixpanelWriter, Needs, Reading, ScimToken, Settings, Time,
    Transport,
};
use crate::backend::snapshot::SnapshotFile;
use crate::backend::{BackendError, LiveReader, LiveWriter, Snapshot};
use crate::desired::{Backend, Desired, Located, Mixpanel};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Interner, OrgId, OrgKey, State};
use crate::plan::{Channel, Plan};
use crate::render::progress::Work;
use crate::render::visible;
use crate::spec::ManageMode;

/// The variable with the hosts, separated by commas, that may see the credential beside the service and this machine.
const ALLOW_HOST: &str = "ACCESSCTL_ALLOW_HOST";

/// Where a local store is.
pub(crate) struct Store {
    pub(crate) state: PathBuf,
    pub(crate) seed: Option<PathBuf>,
}

impl Store {
    pub(crate) fn reader(&self) -> LocalReader {
        LocalReader { state: self.state.clone(), seed: self.seed.clone() }
    }
}

/// Where the live side of an organization is.
pub(crate) enum Live<'a> {
    /// In a local store.
    Store(Store),
    /// On the service.
    Service(Box<Service<'a>>),
}

/// A live side that can be changed.
pub(crate) struct Opened<'l> {
    pub(crate) writer: Box<dyn LiveWriter + 'l>,
    /// As it is.
    pub(crate) state: State,
    /// Why somebody may be a user or invited who was not read, where that is so.
    pub(crate) lacks_people: Option<String>,
}

/// The service, for one organization.
pub(crate) struct Service<'a> {
    key: OrgKey,
    transport: Transport<'a>,
    needs: Needs,
    /// Why there is no token for SCIM, where it is configured.
    lacks_scim: Option<CredentialsProblem>,
}

impl Live<'_> {
    /// A writer, with the live side as it is once nobody else writes by this program; what is suspicious about it is
    /// told.
    pub(crate) fn open(&self, context: &mut Context<'_>, names: &mut Interner) -> Result<Opened<'_>, CommandError> {
        match self {
            Self::Store(store) => {
                let writer = LocalWriter::open(&store.state, store.seed.as_deref(), context.now)?;
                let state = store.reader().fetch(context.now, names)?.state;
                Ok(Opened { writer: Box::new(writer), state, lacks_people: None })
            }
            Self::Service(service) => {
                let reading = service.read(context, "checking that nothing has changed", names)?;
                let writer = Box::new(MixpanelWriter::new(&service.transport, &reading));
                Ok(Opened { writer, state: reading.snapshot.state, lacks_people: reading.lacks_people })
            }
        }
    }

    /// The live side as it is at the moment `now`, while a writer is open.
    pub(crate) fn look(&self, now: Timestamp, names: &mut Interner) -> Result<State, BackendError> {
        match self {
            Self::Store(store) => Ok(store.reader().fetch(now, names)?.state),
            Self::Service(service) => Ok(service.reader().read(now, names)?.snapshot.state),
        }
    }

    /// What tells this live side from others of the same id: the address that requests are sent to, or the file.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::Store(store) => place_of_store(&store.state),
            Self::Service(service) => service.transport.settings().base_address().to_owned(),
        }
    }

    /// How many requests were made so far, where it is asked by requests.
    pub(crate) fn requests_made(&self) -> Option<usize> {
        match self {
            Self::Store(_) => None,
            Self::Service(service) => Some(service.transport.requests_made()),
        }
    }

    /// What is missing to perform `plan`.
    pub(crate) fn lacks(&self, plan: &Plan) -> Option<&CredentialsProblem> {
        match self {
            Self::Store(_) => None,
            Self::Service(service) => {
                let needs_scim = || plan.to_do().any(|planned| planned.channel == Channel::Scim);
                service.lacks_scim().filter(|_| needs_scim())
            }
        }
    }

    /// The backend's name in plans.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Store(store) => store.reader().name(),
            Self::Service(service) => service.reader().name(),
        }
    }
}

impl<'a> Service<'a> {
    /// The way to the service as the configuration describes it; nothing is sent yet.
    fn new(context: &Context<'a>, desired: &Desired, written: &Mixpanel) -> Result<Self, CommandError> {
        let around = &context.surroundings;
        let credentials = Credentials::from_environment(desired.key.as_str(), around.environment)?;
        let scim_token = written
            .scim
            .as_ref()
            .map(|_| ScimToken::from_environment(desired.key.as_str(), around.environment))
            .transpose();
        let (scim_token, lacks_scim) = match scim_token {
            Ok(token) => (token, None),
            // Reading does without it.
            Err(missing @ CredentialsProblem::NoScimToken { .. }) => (None, Some(missing)),
            Err(problem) => return Err(problem.into()),
        };
        let settings = Settings {
            organization: desired.id,
            region: written.region,
            base_url: written.base_url.clone(),
            catalogue: written.catalogue.clone(),
            reads: written.limits.reads,
            writes: written.limits.writes,
            requests_per_minute: written.limits.requests_per_minute,
        };
        let manages = |mode| mode != ManageMode::None;
        let manage = &desired.manage;
        let custom = desired.projects.iter().filter(|(_, project)| !project.roles.is_empty());
        let needs = Needs {
            teams: manages(manage.teams),
            grants: manages(manage.grants) || manages(manage.everyone),
            custom_roles: custom.map(|(id, _)| *id).collect(),
        };
        if let Some(host) = settings.strange_host() {
            let allowed = (around.environment)(ALLOW_HOST).unwrap_or_default();
            if !allowed.split(',').any(|name| name.trim().eq_ignore_ascii_case(&host)) {
                let shown = visible(&host);
                return Err(CommandError::usage(format!(
                    "organization `{}`: `backend.base_url` would send the credential to `{shown}`, which is not the service",
                    desired.key
                ))
                .hint("whoever can change the configuration could read the credential there, so the configuration alone does not allow it")
                .hint(format!("if you trust this host with the credential, set `{ALLOW_HOST}={shown}` where this is run")));
            }
        }
        let time = Time { clock: around.clock, pause: around.pause };
        // Any number will do: it only has to differ between runs that start together.
        let seed = context.now.subsec_nanosecond().unsigned_abs().into();
        let transport = Transport::new(settings, credentials, time, seed)
            .with_scim_token(scim_token)
            .in_company(around.stop, context.screen);
        Ok(Self { key: desired.key.clone(), transport, needs, lacks_scim })
    }

    /// Why there is no token for SCIM, where it is configured.
    pub(crate) fn lacks_scim(&self) -> Option<&CredentialsProblem> {
        self.lacks_scim.as_ref()
    }

    /// Reads the live side; `what` says for what.
    fn read(&self, context: &Context<'_>, what: &'static str, names: &mut Interner) -> Result<Reading, CommandError> {
        context.screen.begin(self.key.as_str(), Work::Reading { what, done: 0, all: None });
        let reading = self.reader().read(context.now, names);
        context.screen.end();
        Ok(reading?)
    }

    pub(crate) fn reader(&self) -> MixpanelReader<'_, 'a> {
        MixpanelReader { transport: &self.transport, needs: self.needs.clone() }
    }
}

/// Finds the live side of an organization.
pub(crate) fn live<'a>(
    context: &Context<'a>,
    configuration: &Configuration,
    desired: &Desired,
) -> Result<Live<'a>, OrgProblem> {
    match &desired.backend {
        Some(Backend::Local { state, seed }) => {
            let at_fault = |finding| OrgProblem::Findings(vec![finding]);
            let resolve =
                |path| configuration.roots.resolve(&configuration.sources, path).map_err(|finding| at_fault(*finding));
            let store = resolve(state)?;
            let Some(seed) = seed else { return Ok(Live::Store(Store { state: store, seed: None })) };
            let file = resolve(seed)?;
            if is_missing(&file) && is_missing(&store) {
                return Err(at_fault(no_seed(seed, &file, &store)));
            }
            Ok(Live::Store(Store { state: store, seed: Some(file) }))
        }
        Some(Backend::Mixpanel(written)) => Ok(Live::Service(Box::new(Service::new(context, desired, written)?))),
        None => Err(CommandError::usage(format!("organization `{}` names no backend", desired.key))
            .hint("say where its live side is: `backend: { type: local, state: PATH, seed: FILE }` under `org`")
            .hint("or plan against a saved live side with `accessctl plan --live FILE`")
            .into()),
    }
}

/// The file of a store as its journals and locks tell it: absolute, and the same before and after its folder is made.
fn place_of_store(path: &Path) -> String {
    let settled = match (path.parent(), path.file_name()) {
        // A store that is a link stands where the link does.
        (Some(folder), Some(name)) => settled_folder(folder).map(|folder| folder.join(name)),
        _ => settled_folder(path),
    };
    settled.unwrap_or_else(|| path.to_owned()).display().to_string()
}

/// `folder` from the root on, without links and `..`, of which a part may not exist yet.
fn settled_folder(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(Path::new(".").join(folder)).ok()?;
    let (there, mut settled) =
        folder.ancestors().find_map(|there| fs::canonicalize(there).ok().map(|settled| (there, settled)))?;
    for part in folder.strip_prefix(there).ok()?.components() {
        match part {
            Component::ParentDir => {
                settled.pop();
            }
            Component::Normal(name) => settled.push(name),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
        }
    }
    Some(settled)
}

fn is_missing(path: &Path) -> bool {
    fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Says where the configuration names a seed that is needed and not there.
fn no_seed(written: &Located<String>, seed: &Path, store: &Path) -> Diagnostic {
    let message = format!("there is no file `{}` to make the store from", seed.display());
    Diagnostic::at(Code::NoFile, written.place, message, "no such file")
        .note(format!("the store `{}` does not exist yet", store.display()))
        .help("put a saved live side there, or correct the path, which is relative to this file")
}

/// The snapshots of an option, by organization.
pub(crate) struct Saved {
    by_id: BTreeMap<OrgId, (PathBuf, Snapshot)>,
}

/// What a snapshot is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To plan against.
    Live,
    /// To compare the live side with.
    Earlier,
}

impl Purpose {
    fn option(self) -> &'static str {
        match self {
            Self::Live => "--live",
            Self::Earlier => "--earlier",
        }
    }
}

/// Reads the files of an option and checks that each belongs to an organization of the run, or to one that
/// `is_passed_over`.
pub(crate) fn saved(
    context: &Context<'_>,
    configuration: &mut Configuration,
    purpose: Purpose,
    files: &[PathBuf],
    is_passed_over: &dyn Fn(OrgId) -> bool,
) -> Result<Option<Saved>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    let mut by_id: BTreeMap<OrgId, (PathBuf, Snapshot)> = BTreeMap::new();
    for path in files {
        let reader = SnapshotFile { path: path.clone() };
        let snapshot = reader.fetch(context.now, &mut configuration.names)?;
        let id = snapshot.state.organization.id;
        if let Some((other, _)) = by_id.get(&id) {
            let (path, other) = (path.display(), other.display());
            return Err(CommandError::usage(format!("`{path}` and `{other}` are both of organization {id}"))
                .hint(format!("give one `{}` file for each organization", purpose.option()))
                .into());
        }
        by_id.insert(id, (path.clone(), snapshot));
    }
    // One organization and one file are meant for each other: if they are not, planning says so at the line of the id.
    if let (Purpose::Live, [only], [path]) = (purpose, configuration.organizations.as_slice(), files)
        && let Some((_, entry)) = by_id.pop_first()
    {
        by_id.insert(only.id, (path.clone(), entry.1));
        return Ok(Some(Saved { by_id }));
    }
    for (id, (path, _)) in &by_id {
        if !configuration.is_narrowed
            && !is_passed_over(*id)
            && !configuration.organizations.iter().any(|desired| desired.id == *id)
        {
            let path = path.display();
            return Err(CommandError::usage(format!(
                "snapshot `{path}` is of organization {id}, which the configuration does not define"
            ))
            .into());
        }
    }
    Ok(Some(Saved { by_id }))
}

impl Saved {
    /// Takes the snapshot of an organization, if there is one.
    pub(crate) fn take(&mut self, organization: OrgId) -> Option<Snapshot> {
        self.by_id.remove(&organization).map(|(_, snapshot)| snapshot)
    }

    /// Takes the snapshot that an organization is planned against.
    pub(crate) fn take_for(&mut self, desired: &Desired) -> Result<Snapshot, OrgProblem> {
        match self.take(desired.id) {
            Some(snapshot) => Ok(snapshot),
            None => Err(CommandError::usage(format!(
                "organization `{}` ({}) is in none of the `--live` files",
                desired.key, desired.id
            ))
            .hint("give a `--live` file for it, or name the organizations that you mean with `--org`")
            .into()),
        }
    }
}

/// Reads the live side, and tells what is suspicious about it.
pub(crate) fn fetch(
    context: &mut Context<'_>,
    live: &Live<'_>,
    names: &mut Interner,
) -> Result<Snapshot, CommandError> {
    read_whole(context, live, "reading the live side", names)
}

/// The same after changes: what came of them is looked at.
pub(crate) fn fetch_again(
    context: &mut Context<'_>,
    live: &Live<'_>,
    names: &mut Interner,
) -> Result<Snapshot, CommandError> {
    read_whole(context, live, "checking what came of it", names)
}

fn read_whole(
    context: &mut Context<'_>,
    live: &Live<'_>,
    what: &'static str,
    names: &mut Interner,
) -> Result<Snapshot, CommandError> {
    match live {
        Live::Store(store) => Ok(store.reader().fetch(context.now, names)?),
        Live::Service(service) => {
            let reading = service.read(context, what, names)?;
            context.warn(&reading.warnings);
            Ok(reading.snapshot)
        }
    }
}

/// Whether `path` stands for standard output.
pub(crate) fn is_stdout(path: &Path) -> bool {
    path == Path::new("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_store_has_one_place_before_and_after_its_folder_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let real = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(real.join("real/config")).unwrap();
        std::os::unix::fs::symlink(real.join("real"), real.join("link")).unwrap();
        let expected = real.join("real/new/store/acme.db").display().to_string();
        let ways = ["link/new/store/acme.db", "link/config/../new/./store/acme.db", "real/new/store/../store/acme.db"];
        let places = || ways.map(|way| place_of_store(&real.join(way)));
        assert_eq!(places(), ways.map(|_| expected.clone()));
        fs::create_dir_all(real.join("real/new/store")).unwrap();
        assert_eq!(places(), ways.map(|_| expected.clone()));
        fs::write(real.join("real/new/store/acme.db"), "").unwrap();
        assert_eq!(places(), ways.map(|_| expected.clone()));
    }

    #[test]
    fn a_relative_path_is_told_from_the_root_on() {
        let here = fs::canonicalize(".").unwrap();
        for way in ["no-such/acme.db", "./no-such/acme.db", "no-such/../no-such/acme.db"] {
            assert_eq!(place_of_store(Path::new(way)), here.join("no-such/acme.db").display().to_string());
        }
        assert_eq!(place_of_store(Path::new("acme.db")), here.join("acme.db").display().to_string());
    }
}
