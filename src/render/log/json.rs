//! What was done, for programs: version 1.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::journal::{Begun, End, EndedChange, Record, Steps, Told, ToldChange};

/// The value of `format`.
pub const FORMAT: &str = "accessctl.log/1";

/// What was done, as told by `accessctl log --format json`. Later versions may add fields.
#[derive(Serialize, JsonSchema)]
#[schemars(title = "accessctl log, version 1")]
struct Document<'a> {
    /// Name and version of this format.
    #[schemars(extend("const" = FORMAT))]
    format: &'static str,
    /// The runs, the earliest first.
    runs: Vec<Run<'a>>,
}

/// One run of `apply` on one organization.
#[derive(Serialize, JsonSchema)]
struct Run<'a> {
    /// What was run.
    run: &'a Begun,
    /// Its journal.
    file: String,
    /// Those of its changes that were asked for.
    changes: Vec<Change<'a>>,
    /// What it left to people; nothing where that is nothing.
    steps: Option<&'a Steps>,
    /// How it ended; nothing where it did not.
    end: Option<&'a End>,
}

/// One change with what became of it.
#[derive(Serialize, JsonSchema)]
struct Change<'a> {
    /// The change.
    change: &'a Record,
    /// When its request was about to be sent; nothing where none was.
    #[schemars(extend("format" = "date-time"))]
    intended_at: Option<String>,
    /// When it was known what became of it.
    #[schemars(extend("format" = "date-time"))]
    ended_at: Option<String>,
    /// What became of it, as its run knew; nothing where the run ended before.
    ended: Option<&'a EndedChange>,
    /// What was found out about it later.
    settled: Option<Settled>,
}

/// What the live side said of a change of which the outcome was not known, or that was said to be done and is not.
#[derive(Serialize, JsonSchema)]
struct Settled {
    /// The run that read the live side.
    run: String,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    at: String,
    /// Whether the live side was as the change leaves it.
    done: bool,
}

fn change<'a>(told: &ToldChange<'a>) -> Change<'a> {
    let settled = told.settled.as_ref();
    Change {
        change: told.logged.record,
        intended_at: told.logged.intended.map(|at| at.to_string()),
        ended_at: told.logged.ended.map(|(at, _)| at.to_string()),
        ended: told.logged.ended.map(|(_, ended)| ended),
        settled: settled.map(|by| Settled { run: by.run.clone(), at: by.at.to_string(), done: by.done }),
    }
}

/// Writes one document.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_json(out: &mut dyn Write, runs: &[Told<'_>]) -> io::Result<()> {
    let run = |told: &Told<'_>| told.file.path.display().to_string();
    let runs = runs
        .iter()
        .map(|told| Run {
            run: told.begun,
            file: run(told),
            changes: told.changes.iter().map(change).collect(),
            steps: told.file.steps(),
            end: told.file.end(),
        })
        .collect();
    crate::visible::write_json(out, &Document { format: FORMAT, runs })?;
    writeln!(out)
}

/// Returns the JSON Schema of the document.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Document<'static>).to_value()
}
