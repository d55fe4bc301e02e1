//! What was agreed to before: an earlier form of the configuration, and the live side as the last apply left it.

use std::path::{Path, PathBuf};

use super::context::Context;
use super::error::{CommandError, Kind};
use super::journal::Keeping;
use super::live::Live;
use crate::change::Change;
use crate::desired::{Compiled, Desired, compile};
use crate::diagnostic::{self, Diagnostic, Place, Severity};
use crate::load::{Loaded, RevisionError, load, load_revision};
use crate::model::Interner;
use crate::plan::Plan;
use crate::planning;
use crate::source::{Position, Sources};

/// The configuration as it was agreed to before.
#[derive(Debug)]
pub(crate) struct Base {
    /// What `--base` said.
    name: String,
    /// Nothing where it has errors.
    organizations: Vec<Desired>,
    sources: Sources,
    keeping: Option<Keeping>,
}

impl Base {
    /// Reads the folder `name`, or what the revision of this name has at `paths`. A base with errors agreed to nothing,
    /// and a warning says so: what is wrong with the target branch must not hold up its repair.
    ///
    /// # Errors
    /// When there is neither such a folder nor such a revision.
    pub(crate) fn read(
        context: &mut Context<'_>,
        name: &str,
        paths: &[PathBuf],
        journal: Option<&Path>,
        names: &mut Interner,
    ) -> Result<Self, CommandError> {
        let folder = Path::new(name);
        let Loaded { sources, mut findings } = match folder.exists() {
            true => load(&[folder.to_owned()]),
            false => load_revision(paths, name).map_err(|error| unreadable(name, error))?,
        };
        let Compiled { mut organizations, mut diagnostics } = match sources.files().is_empty() && findings.is_empty() {
            // A repository without a configuration agreed to nothing.
            true => Compiled { organizations: Vec::new(), diagnostics: Vec::new() },
            false => compile(&sources, names),
        };
        diagnostics.append(&mut findings);
        diagnostic::sort(&mut diagnostics);
        if let Some(warning) = not_valid(name, &diagnostics, &sources) {
            context.warn(&[warning]);
            organizations.clear();
        }
        // Without a home folder there is no journal to look into.
        let keeping = Keeping::find(context, journal).ok();
        Ok(Self { name: name.to_owned(), organizations, sources, keeping })
    }

    /// Tells the origins of the changes of `plan`, whose live side is `live`; for a snapshot there is none.
    pub(crate) fn tell_origins(
        &self,
        context: &mut Context<'_>,
        plan: &mut Plan,
        live: Option<&Live<'_>>,
        names: &mut Interner,
    ) {
        let organization = plan.live.organization.id;
        let base = self.organizations.iter().find(|desired| desired.id == organization);
        let agreed = base.map_or_else(|| Ok(Vec::new()), |base| planning::agreed(base, &plan.live, plan.as_of));
        let agreed: Vec<Change> = agreed.unwrap_or_else(|findings| {
            context.warn(&not_valid(&self.name, &findings, &self.sources).into_iter().collect::<Vec<_>>());
            Vec::new()
        });
        let keeping = self.keeping.as_ref();
        let applied =
            keeping.zip(live).and_then(|(keeping, live)| keeping.last_applied(context, organization, live, names));
        plan.tell_origins(&agreed, applied.as_ref());
    }
}

/// Why a base with these findings agreed to nothing.
fn not_valid(name: &str, findings: &[Diagnostic], sources: &Sources) -> Option<String> {
    let mut errors = findings.iter().filter(|finding| finding.severity() == Severity::Error);
    let first = errors.next()?;
    let more = match errors.count() {
        0 => String::new(),
        1 => " (and 1 more error)".to_owned(),
        more => format!(" (and {more} more errors)"),
    };
    let at = match &first.place {
        Place::Text { main, .. } => {
            let Position { path, line, column } = sources.position(main.span);
            format!("{path}:{line}:{column}: ")
        }
        Place::Path(path) => format!("{path}: "),
        Place::Organization(_) => String::new(),
    };
    Some(format!(
        "the base `{name}` cannot be used, so every change counts as proposed: {at}{}[{}]{more}",
        first.message,
        first.code.as_str()
    ))
}

fn unreadable(name: &str, error: RevisionError) -> CommandError {
    let is_usage = matches!(error, RevisionError::NoRepository { .. } | RevisionError::NoRevision { .. });
    let kind = if is_usage { Kind::Usage } else { Kind::Failure };
    CommandError {
        kind,
        error: anyhow::Error::new(error).context(format!("cannot read the base `{name}`")),
        hints: Vec::new(),
    }
    .hint("`--base` is a folder with the configuration, or a git revision such as origin/main")
    .hint("a job that has only the newest commit fetches the other first: `git fetch origin main`")
}
