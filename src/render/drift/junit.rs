//! What somebody changed by hand, as JUnit XML: CI systems show it as tests that fail.
//!
//! Each difference is a test: it fails, or is skipped where the configuration accepts it. An organization that is as agreed
//! has one that passes, one that could not be looked at has an error. No text of a stranger can end an attribute, begin a
//! tag or hold a character that XML does not allow.

use std::io::{self, Write};

use super::Report;
use super::words::{agreed, could_have, escalation, moment, sentence, written};
use crate::drift::{Difference, Drift};
use crate::render::page::escape as xml;

/// Writes what `report` holds.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_junit(out: &mut dyn Write, report: Report<'_>) -> io::Result<()> {
    let Report { now, drifts, unchecked, .. } = report;
    let tests: usize = drifts.iter().map(|drift| drift.differences.len().max(1)).sum();
    let failures: usize = drifts.iter().map(|drift| drift.unaccepted().count()).sum();
    let (tests, errors) = (tests + unchecked.len(), unchecked.len());
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    writeln!(
        out,
        "<testsuites name=\"accessctl drift\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">"
    )?;
    let timestamp = now.strftime("%Y-%m-%dT%H:%M:%S");
    for drift in drifts {
        let (tests, failures) = (drift.differences.len().max(1), drift.unaccepted().count());
        let skipped = drift.differences.len() - failures;
        let name = xml(drift.plan.org.as_str());
        writeln!(
            out,
            "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"{skipped}\" \
             timestamp=\"{timestamp}\">"
        )?;
        if drift.differences.is_empty() {
            writeln!(out, "    <testcase classname=\"{name}\" name=\"the live side is as agreed\"/>")?;
        }
        for found in &drift.differences {
            write_case(out, report, drift, found)?;
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
