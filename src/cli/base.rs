//! What was agreed to before: an earlier form of the configuration, and the live side as the last apply left it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::configuration::people;
use super::context::Context;
use super::error::{CommandError, Kind};
use super::journal::Keeping;
use crate::desired::{Compiled, Desired, Unmanaged, compile, unmanaged};
use crate::diagnostic::{self, Diagnostic, Place, Severity};
use crate::load::{Loaded, RevisionError, load, load_revision};
use crate::model::{Interner, OrgId, State};
use crate::plan::Plan;
use crate::planning;
use crate::render::text::{list, unmanaged_text};
use crate::source::{Position, Sources};

/// The configuration as it was agreed to before.
#[derive(Debug)]
pub(crate) struct Base {
    /// What `--base` said.
    name: String,
    /// Nothing where it has errors.
    organizations: Vec<Desired>,
    /// Why there is nothing to compare any organization with.
    problem: Option<String>,
    sources: Sources,
    /// Where journals are, if anywhere.
    pub(crate) keeping: Option<Keeping>,
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
        let is_folder = folder.exists();
        let Loaded { sources, mut findings } = match is_folder {
            true => load(&[folder.to_owned()]),
            false => load_revision(paths, name).map_err(|error| unreadable(name, error))?,
        };
        let is_without = sources.files().is_empty() && findings.is_empty();
        let Compiled { mut organizations, mut diagnostics } = match is_without {
            // A repository without a configuration agreed to nothing.
            true => Compiled { organizations: Vec::new(), diagnostics: Vec::new() },
            false => compile(&sources, names),
        };
        diagnostics.append(&mut findings);
        diagnostic::sort(&mut diagnostics);
        let problem = if is_without {
            let paths: Vec<String> = paths.iter().map(|path| format!("`{}`", path.display())).collect();
            let at = if is_folder { String::new() } else { format!(" at {}", list(&paths)) };
            Some(format!("the base `{name}` has no configuration{at}, so {EVERYTHING}"))
        } else {
            not_valid(name, &diagnostics, &sources, context.pseudonyms.is_some())
        };
        // Who is known by the base alone is named by what it said.
        if let Some(pseudonyms) = context.pseudonyms {
            organizations.iter().for_each(|desired| pseudonyms.know(people(desired)));
        }
        if let Some(problem) = &problem {
            context.warn(std::slice::from_ref(problem));
            organizations.clear();
        }
        // Without a home folder there is no journal to look into.
        let keeping = Keeping::find(context, journal).ok();
        Ok(Self { name: name.to_owned(), organizations, problem, sources, keeping })
    }

    /// Whether it defines the organization with the id.
    pub(crate) fn defines(&self, organization: OrgId) -> bool {
        self.organizations.iter().any(|desired| desired.id == organization)
    }

    /// The organizations that it defines and that are not among those with the ids `defined`, as far as the run is about
    /// them: what `--org` or `--shard` leaves out is for other runs to tell. A warning tells of them, too, for forms
    /// that have no place for it.
    pub(crate) fn unmanaged(&self, context: &mut Context<'_>, defined: &BTreeSet<OrgId>) -> Vec<Unmanaged> {
        if !context.global.orgs.is_empty() {
            return Vec::new();
        }
        let mut left = unmanaged(&self.organizations, defined);
        left.retain(|one| context.global.shard.is_none_or(|shard| shard.has(&one.key)));
        if let Some(text) = unmanaged_text(&left, false) {
            context.warn(&[lowered(text)]);
        }
        left
    }

    /// Compares `plan`, made from `head`, with what the base leads to; `applied` is the live side as the last apply left
    /// it, where that is known.
    ///
    /// # Errors
    /// None where the plan could be made.
    pub(crate) fn compare(
        &self,
        context: &mut Context<'_>,
        plan: &mut Plan,
        head: &Desired,
        applied: Option<&State>,
    ) -> Result<(), Vec<Diagnostic>> {
        let organization = plan.live.organization.id;
        let problem = match self.organizations.iter().find(|desired| desired.id == organization) {
            Some(base) => match planning::compare(plan, head, planning::Base::Was(base), applied) {
                Ok(()) => return Ok(()),
                Err(findings) => not_valid(&self.name, &findings, &self.sources, context.pseudonyms.is_some())
                    .unwrap_or_else(|| format!("the base `{}` cannot be used, so {EVERYTHING}", self.name)),
            },
            None => match &self.problem {
                Some(problem) => {
                    // It was warned of when the base was read.
                    return planning::compare(plan, head, planning::Base::None(problem.clone()), applied);
                }
                None => {
                    format!("the base `{}` has no organization with the id {organization}, so {EVERYTHING}", self.name)
                }
            },
        };
        context.warn(std::slice::from_ref(&problem));
        planning::compare(plan, head, planning::Base::None(problem), applied)
    }
}

/// What follows where there is no base.
const EVERYTHING: &str = "every change counts as proposed, and rules and ends cannot be compared";

/// A sentence as the rest of one.
fn lowered(mut text: String) -> String {
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_lowercase();
    }
    text
}

/// Why a base with these findings agreed to nothing. Where nobody is to be told of, a finding is told by its place and code
/// alone: of a configuration with errors it is not known whom it names.
fn not_valid(name: &str, findings: &[Diagnostic], sources: &Sources, is_redacted: bool) -> Option<String> {
    let mut errors = findings.iter().filter(|finding| finding.severity() == Severity::Error);
    let first = errors.next()?;
    let more = match errors.count() {
        0 => String::new(),
        1 => " and 1 more error".to_owned(),
        more => format!(" and {more} more errors"),
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
        "the base `{name}` cannot be used, so {EVERYTHING}: {at}{}{more}",
        match is_redacted {
            true => first.code.as_str().to_owned(),
            false => format!("{} ({})", first.message, first.code.as_str()),
        }
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
