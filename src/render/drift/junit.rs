//! What somebody changed by hand, as JUnit XML: CI systems show it as tests that fail.
//!
//! Each difference is a test: it fails, or is skipped where the configuration accepts it. So is what is over and still there,
//! which is skipped as well until a run fails for it. An organization that is as agreed has one that passes, one that could
//! not be looked at has an error. No text of a stranger can end an attribute, begin a tag or hold a character that XML does
//! not allow.

use std::io::{self, Write};

use super::Report;
use super::overdue;
use super::words::{agreed, could_have, escalation, moment, sentence, written};
use crate::drift::{Difference, Drift};
use crate::render::page::escape as xml;

/// Writes what `report` holds.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_junit(out: &mut dyn Write, report: Report<'_>) -> io::Result<()> {
    let Report { now, drifts, unchecked, .. } = report;
    let tests: usize = drifts.iter().map(|drift| all(drift).max(1)).sum();
    let failures: usize = drifts.iter().map(failures_of).sum();
    let (tests, errors) = (tests + unchecked.len(), unchecked.len());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"accessctl drift\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">"
    )?;
    let timestamp = now.strftime("%Y-%m-%dT%H:%M:%S");
    for drift in drifts {
        let (tests, failures) = (all(drift).max(1), failures_of(drift));
        let skipped = all(drift) - failures;
        let name = xml(drift.plan.org.as_str());
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" \
             timestamp=\"{timestamp}\">"
        )?;
        if all(drift) == 0 {
            writeln!(out, "    <testcase classname=\"{name}\" name=\"the live side is as agreed\"/>")?;
        }
        for found in &drift.differences {
            write_case(out, report, drift, found)?;
        }
        for one in &drift.overdue {
            overdue::write_case(out, report, drift, one)?;
        }
        writeln!(out, "  </testsuite>")?;
    }
    for org in unchecked {
        let name = xml(org.as_str());
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" timestamp=\"{timestamp}\">"
        )?;
        writeln!(out, "    <testcase classname=\"{name}\" name=\"the live side is as agreed\">")?;
        writeln!(out, "      <error message=\"could not be looked at, see the log\" type=\"unchecked\"/>")?;
        writeln!(out, "    </testcase>")?;
        writeln!(out, "  </testsuite>")?;
    }
    writeln!(out, "</testsuites>")
}

/// How many tests there are of what was found.
fn all(drift: &Drift) -> usize {
    drift.differences.len() + drift.overdue.len()
}

/// How many of them fail.
fn failures_of(drift: &Drift) -> usize {
    drift.unaccepted().count() + drift.overdue.iter().filter(|one| one.is_complained_of()).count()
}

fn write_case(out: &mut dyn Write, report: Report<'_>, drift: &Drift, found: &Difference) -> io::Result<()> {
    let plan = &drift.plan;
    let (class, text) = (xml(plan.org.as_str()), sentence(drift, found));
    writeln!(out, "    <testcase classname=\"{class}\" name=\"{}\">", xml(&text))?;
    if let Some(acceptance) = &found.accepted {
        let message = format!("accepted until {}: {}", acceptance.until, acceptance.reason);
        writeln!(out, "      <skipped message=\"{}\"/>", xml(&message))?;
        return writeln!(out, "    </testcase>");
    }
    let kind = if found.raised.is_some() { "escalation" } else { found.standing.as_str() };
    write!(out, "      <failure message=\"{}\" type=\"{kind}\">", xml(&text))?;
    if let Some(raised) = &found.raised {
        writeln!(out, "ESCALATION: {}", xml(&escalation(plan, raised)))?;
    }
    if let Some(planned) = found.change(plan) {
        let written = written(planned, report.sources);
        writeln!(out, "agreed: {} {}", xml(&agreed(planned)), xml(&written.join(" ")))?;
    }
    if drift.last_run.is_some() {
        writeln!(out, "first seen: {}", moment(found.first_seen))?;
    }
    writeln!(out, "could have: {}", xml(&could_have(plan, found)))?;
    writeln!(out, "fingerprint: {}</failure>", found.fingerprint)?;
    writeln!(out, "    </testcase>")
}
