//! What was done, for spreadsheets.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{outcome, sentence};
use crate::journal::{Record, Told};
use crate::render::csv::write_line;
use crate::render::visible;

const HEADER: [&str; 33] = [
    "at",
    "org",
    "org_id",
    "run",
    "by",
    "host",
    "plan",
    "meta",
    "change",
    "kind",
    "user",
    "team",
    "project",
    "project_id",
    "from",
    "to",
    "outcome",
    "causes",
    "origin",
    "why",
    "channel",
    "reason",
    "ticket",
    "approved_by",
    "sponsor",
    "until",
    "source",
    "as_of",
    "tool",
    "status",
    "deferred_until",
    "because",
    "because_of",
];

/// Writes one line for each change.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_csv(out: &mut dyn Write, runs: &[Told<'_>]) -> io::Result<()> {
    write_line(out, &HEADER)?;
    for Told { file, begun, changes } in runs {
        let meta: Vec<String> = begun.meta.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let all = file.changes();
        let records: BTreeMap<&str, &Record> =
            all.iter().map(|logged| (logged.record.id.as_str(), logged.record)).collect();
        for change in changes {
            let ended = change.logged.ended.map(|(_, ended)| ended);
            let because = ended.and_then(|ended| ended.because.as_deref()).unwrap_or_default();
            let record = change.logged.record;
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let causes = ended.map_or_else(String::new, |ended| ended.causes.join(": "));
            let cells = [
                change.at().map_or(String::new(), |at| at.to_string()),
                begun.org.clone(),
                begun.org_id.to_string(),
                begun.run.clone(),
                text(&begun.user),
                text(&begun.host),
                text(&begun.plan),
                meta.join(" "),
                record.id.clone(),
                record.kind.clone(),
                text(&record.user),
                text(&record.team),
                text(&record.project),
                record.project_id.map_or(String::new(), |id| id.to_string()),
                text(&record.from),
                text(&record.to),
                outcome(change).to_owned(),
                causes,
                record.origin.clone(),
                record.why.clone(),
                record.channel.clone(),
                text(&record.reason),
                text(&record.ticket),
                record.approved_by.join(" "),
                text(&record.sponsor),
                text(&record.until),
                text(&record.source),
                begun.as_of.to_string(),
                begun.tool.clone(),
                file.end().map_or(String::new(), |end| end.status.to_string()),
                ended.and_then(|ended| ended.until).map_or(String::new(), |until| until.to_string()),
                because.to_owned(),
                records.get(because).map_or(String::new(), |record| sentence(record)),
            ];
            let cells: Vec<_> = cells.iter().map(|cell| visible(cell)).collect();
            write_line(out, &cells.iter().map(AsRef::as_ref).collect::<Vec<_>>())?;
        }
    }
    Ok(())
}
