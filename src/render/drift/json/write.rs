//! What `--write` made of the configuration.

use schemars::JsonSchema;
use serde::Serialize;

use crate::drift::Drift;
use crate::render::drift::Report;
use crate::render::drift::rewriting::{Edited, because, edited};
use crate::rewrite::Rewriting;

pub(super) fn write_of<'a>(report: Report<'a>, rewriting: &'a Rewriting) -> WriteOf<'a> {
    let of = |number: &usize, drift: &'a Drift| drift.differences.get(*number).map(|found| found.fingerprint.as_str());
    let all = || report.drifts.iter().zip(&rewriting.rewritten);
    let files = edited(rewriting, report.sources).into_iter();
    WriteOf {
        files: files.map(|Edited { path, added, removed }| FileOf { path, added, removed }).collect(),
        written: all()
            .flat_map(|(drift, one)| one.written.iter().filter_map(move |number| of(number, drift)))
            .collect(),
        refused: all()
            .flat_map(|(drift, one)| {
                one.refused.iter().filter_map(move |(number, refusal)| {
                    let fingerprint = of(number, drift)?;
                    Some(RefusedOf { fingerprint, code: refusal.as_str(), because: because(refusal) })
                })
            })
            .collect(),
    }
}

/// What was written into the configuration.
#[derive(Serialize, JsonSchema)]
pub(super) struct WriteOf<'a> {
    /// The files that were edited, or made.
    files: Vec<FileOf<'a>>,
    /// Fingerprints of the differences that the configuration says now.
    written: Vec<&'a str>,
    /// The differences that it does not.
    refused: Vec<RefusedOf<'a>>,
}

/// A file that was edited.
#[derive(Serialize, JsonSchema)]
struct FileOf<'a> {
    /// Its path.
    path: &'a str,
    /// How many lines are new.
    added: usize,
    /// How many lines are gone.
    removed: usize,
}

/// A difference that was not written.
#[derive(Serialize, JsonSchema)]
struct RefusedOf<'a> {
    /// Its fingerprint.
    fingerprint: &'a str,
    /// Why, in a word.
    #[schemars(extend("enum" = ["blocked", "not_its_time", "renamed", "unknown_role", "elsewhere", "no_place", "unfit",
        "contradiction", "something_else", "not_tried"]))]
    code: &'a str,
    /// Why, for people.
    because: String,
}
