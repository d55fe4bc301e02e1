//! The configuration of a run, read and checked, and the organizations that it is about.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use annotate_snippets::renderer::DEFAULT_HELP_STYLE as HINT;

use super::ExitStatus;
use super::args::Format;
use super::context::Context;
use super::error::{CommandError, Failure};
use super::findings::{definitions, write_told};
use crate::desired::{Compiled, Desired, compile};
use crate::diagnostic::{self, Diagnostic, has_errors};
use crate::load::{Loaded, Roots, load};
use crate::model::{Email, Interner, OrgId};
use crate::near::did_you_mean;
use crate::render::diagnostics::numbers;
use crate::source::Sources;

/// How many keys are listed for somebody who gave one that is not known.
const KNOWN_SHOWN: usize = 10;

/// A configuration without errors.
pub(crate) struct Configuration {
    pub(crate) sources: Sources,
    pub(crate) names: Interner,
    /// The organizations that the run is about, by key.
    pub(crate) organizations: Vec<Desired>,
    /// The organizations that are defined, whether the run is about them or not.
    pub(crate) defined: BTreeSet<OrgId>,
    /// Whether `--org` or `--shard` left organizations out.
    pub(crate) is_narrowed: bool,
    /// Where files that the configuration names may be.
    pub(crate) roots: Roots,
}

/// Reads and checks; the findings, errors or not, are left to the caller.
pub(crate) fn read(paths: &[PathBuf], names: &mut Interner) -> (Sources, Compiled) {
    let Loaded { sources, mut findings } = load(paths);
    let mut compiled = compile(&sources, names);
    if !findings.is_empty() {
        compiled.diagnostics.append(&mut findings);
        diagnostic::sort(&mut compiled.diagnostics);
    }
    (sources, compiled)
}

/// Reads the configuration for a plan: errors end the command, warnings are shown. Where the result is a document of
/// findings, or JSON, the errors are the result as well: a program that reads it always finds one document.
pub(crate) fn configuration(
    context: &mut Context<'_>,
    paths: &[PathBuf],
    format: Format,
) -> Result<Configuration, Failure> {
    let mut names = Interner::default();
    let (sources, Compiled { organizations, diagnostics }) = read(paths, &mut names);
    if let Some(pseudonyms) = context.pseudonyms {
        organizations.iter().for_each(|desired| pseudonyms.know(people(desired)));
    }
    context.show_findings(&diagnostics, &sources)?;
    if has_errors(&diagnostics) {
        hint_at_narrowing(context)?;
        write_told(context, format, &diagnostics, &sources, &definitions(&organizations))?;
        return Err(Failure::Told(ExitStatus::Invalid));
    }
    let number = organizations.len();
    let defined = organizations.iter().map(|desired| desired.id).collect();
    let organizations = narrow(context, organizations)?;
    let roots = Roots::new(paths).map_err(|error| {
        let error = anyhow::Error::new(error).context("cannot find the loaded folder again");
        CommandError { kind: super::error::Kind::Failure, error, hints: Vec::new() }
    })?;
    Ok(Configuration { sources, names, defined, is_narrowed: organizations.len() < number, organizations, roots })
}

/// Everybody whom `desired` names, with the names that it tells.
pub(super) fn people(desired: &Desired) -> impl Iterator<Item = (&Email, Option<&str>)> {
    let declared = desired.users.iter().flatten();
    let earlier = declared.clone().flat_map(|(_, user)| user.previously.keys());
    let members = desired.teams.values().flat_map(|team| team.members.iter().flatten());
    let others = earlier.chain(desired.blocked.keys()).chain(desired.grants.keys().map(|(user, _)| user));
    let others = others.chain(members.map(|(user, _)| user)).chain(desired.guards.protected.keys());
    declared.map(|(email, user)| (email, user.name.as_deref())).chain(others.map(|email| (email, None)))
}

/// Tells whoever narrowed the run why the errors of other organizations still end it.
pub(crate) fn hint_at_narrowing(context: &mut Context<'_>) -> io::Result<()> {
    let given = [("--org", !context.global.orgs.is_empty()), ("--shard", context.global.shard.is_some())];
    let Some((option, _)) = given.into_iter().find(|(_, is_given)| *is_given) else { return Ok(()) };
    writeln!(context.stderr(), "  {HINT}hint{HINT:#}: `{option}` narrows what is planned, not what is checked")
}

/// The organizations that the run is about: those that `--org` names, or all, as far as `--shard` has them. Nobody is
/// surprised by a run that does nothing: a part without organizations is said to be empty.
pub(crate) fn narrow(context: &mut Context<'_>, organizations: Vec<Desired>) -> Result<Vec<Desired>, CommandError> {
    let mut organizations = select(organizations, &context.global.orgs)?;
    if let Some(shard) = context.global.shard {
        let number = organizations.len();
        organizations.retain(|desired| shard.has(desired.key.as_str()));
        if organizations.is_empty() {
            let all = crate::render::text::count(number, "organization");
            context.tell(&format!("shard {shard} has none of {all}: nothing to do"));
        }
    }
    Ok(organizations)
}

/// The organizations that `--org` names, or all.
fn select(organizations: Vec<Desired>, keys: &[String]) -> Result<Vec<Desired>, CommandError> {
    for key in keys {
        if !organizations.iter().any(|desired| desired.key.as_str() == key) {
            let mut error = CommandError::usage(format!("no organization has the key `{key}`"));
            let known = || organizations.iter().map(|desired| desired.key.as_str());
            if let Some(near) = did_you_mean(key, known()) {
                error = error.hint(near);
            }
            if organizations.is_empty() {
                return Err(error.hint("the configuration defines no organization"));
            }
            let names: Vec<String> = known().take(KNOWN_SHOWN).map(|key| format!("`{key}`")).collect();
            let more = organizations.len() - names.len();
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            return Err(error.hint(format!("known keys: {}{more}", names.join(", "))));
        }
    }
    if keys.is_empty() {
        return Ok(organizations);
    }
    Ok(organizations.into_iter().filter(|desired| keys.iter().any(|key| *key == *desired.key)).collect())
}

/// The numbers of a configuration, for the word that it is valid, or refused by the policy.
pub(crate) fn summary(organizations: &[Desired], findings: &[Diagnostic], sources: &Sources) -> String {
    use crate::render::text::count;
    let users: usize = organizations.iter().filter_map(|desired| desired.users.as_ref()).map(|users| users.len()).sum();
    let teams: usize = organizations.iter().map(|desired| desired.teams.len()).sum();
    let grants: usize = organizations.iter().map(|desired| desired.grants.len()).sum();
    // A configuration that is not valid has no numbers, so errors are those of the policy.
    let word = if has_errors(findings) { "refused by the policy" } else { "valid" };
    let mut text = format!(
        "{word}: {} in {} ({}, {}, {})",
        count(organizations.len(), "organization"),
        count(sources.files().len(), "file"),
        count(users, "user"),
        count(teams, "team"),
        count(grants, "grant")
    );
    for number in numbers(findings) {
        text.push_str(&format!("; {number}"));
    }
    text
}
