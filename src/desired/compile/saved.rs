//! The files that backends name: stores that two organizations share, and saved live states that are no seed.

use super::organizations::Gathered;
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::source::{Sources, Span};
use crate::spec::{Backend, FileContents, Text};

/// Reports saved live states that no organization names as its seed.
pub(super) fn check(
    sources: &Sources,
    contents: &[FileContents<'_>],
    organizations: &[Gathered<'_, '_>],
    findings: &mut Findings,
) {
    let seeds: Vec<Vec<&str>> = organizations
        .iter()
        .filter_map(|organization| match organization.definition.backend.as_ref()? {
            Backend::Local(local) => local.seed.as_ref(),
            Backend::Mixpanel(_) => None,
        })
        .map(|seed| resolve(sources, seed))
        .collect();
    for span in contents.iter().flat_map(|file| &file.saved_states) {
        let path = parts(sources.file(span.file).path.split('/'));
        if !seeds.contains(&path) {
            let message = "a saved live state is no configuration";
            findings.push(
                Diagnostic::at(Code::StraySavedState, *span, message, "no organization uses this as its seed")
                    .help("name it as `seed` of a local backend, or keep it out of the folder that is loaded"),
            );
        }
    }
}

/// Reports stores that more than one organization names.
pub(super) fn check_stores(sources: &Sources, organizations: &[Gathered<'_, '_>], findings: &mut Findings) {
    let mut stores: Vec<(Vec<&str>, Span, &str)> = organizations
        .iter()
        .filter_map(|organization| match organization.definition.backend.as_ref()? {
            Backend::Local(local) => {
                let state = local.state.as_ref()?;
                Some((resolve(sources, state), state.span, &*organization.key.text))
            }
            Backend::Mixpanel(_) => None,
        })
        .collect();
    stores.sort();
    let mut first: Option<&(Vec<&str>, Span, &str)> = None;
    for store in &stores {
        match first {
            Some((path, place, key)) if *path == store.0 => {
                let message = format!("the organizations `{key}` and `{}` have the same store", store.2);
                findings.push(
                    Diagnostic::at(Code::StateTwice, store.1, message, "the same file")
                        .also(*place, "first used here")
                        .help("give each organization a store of its own"),
                );
            }
            Some(_) | None => first = Some(store),
        }
    }
}

/// The parts of the path that a document names relative to itself.
fn resolve<'p>(sources: &'p Sources, path: &'p Text<'_>) -> Vec<&'p str> {
    let document = &sources.file(path.span.file).path;
    let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
    parts(folder.split('/').chain(path.text.split('/')))
}

/// The parts of a path without `.` and `..`.
fn parts<'p>(written: impl Iterator<Item = &'p str>) -> Vec<&'p str> {
    let mut parts = Vec::new();
    for part in written {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts
}
