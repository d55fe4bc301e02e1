//! Saved live states among the configuration.

use super::organizations::Gathered;
use crate::diagnostic::{Code, Diagnostic, Findings};
use crate::source::Sources;
use crate::spec::{Backend, FileContents};

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
        .map(|seed| {
            let document = &sources.file(seed.span.file).path;
            let folder = document.rsplit_once('/').map_or("", |(folder, _)| folder);
            parts(folder.split('/').chain(seed.text.split('/')))
        })
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
