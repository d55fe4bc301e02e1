//! Numbers for monitoring, as OpenMetrics text: a file that a collector reads whenever it likes.
//!
//! `docs/drift.md` lists the metrics. Every sample says which command wrote it, so that the files of several commands can lie
//! side by side. Names of people, teams and projects are not among the labels.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};

use jiff::Timestamp;

use crate::desired::ExpiringState;
use crate::drift::{Drift, Numbers, Standing};
use crate::model::{OrgKey, State, Status};
use crate::plan::Plan;

/// One metric with its samples.
struct Family {
    name: &'static str,
    /// The unit, which the name ends with.
    unit: Option<&'static str>,
    help: &'static str,
    samples: Vec<(Vec<(&'static str, String)>, i64)>,
}

/// The metrics of one command.
struct Metrics {
    command: &'static str,
    families: Vec<Family>,
}

impl Metrics {
    fn new(command: &'static str) -> Self {
        Self { command, families: Vec::new() }
    }

    fn family(&mut self, name: &'static str, unit: Option<&'static str>, help: &'static str) -> Samples<'_> {
        self.families.push(Family { name, unit, help, samples: Vec::new() });
        let last = self.families.len() - 1;
        Samples { command: self.command, samples: &mut self.families[last].samples }
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        for Family { name, unit, help, samples } in self.families.iter().filter(|family| !family.samples.is_empty()) {
            writeln!(out, "# TYPE {name} gauge")?;
            if let Some(unit) = unit {
                writeln!(out, "# UNIT {name} {unit}")?;
            }
            writeln!(out, "# HELP {name} {}", escaped(help))?;
            for (labels, value) in samples {
                let labels: Vec<String> =
                    labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
                writeln!(out, "{name}{{{}}} {value}", labels.join(","))?;
            }
        }
        writeln!(out, "# EOF")
    }
}

/// The samples of one metric.
struct Samples<'m> {
    command: &'static str,
    samples: &'m mut Vec<(Vec<(&'static str, String)>, i64)>,
}

impl Samples<'_> {
    fn add(&mut self, org: &OrgKey, labels: &[(&'static str, &str)], value: impl TryInto<i64>) {
        let own = [("command", self.command), ("org", org.as_str())];
        let all = own.into_iter().chain(labels.iter().copied()).map(|(name, value)| (name, value.to_owned()));
        self.samples.push((all.collect(), value.try_into().unwrap_or(i64::MAX)));
    }
}

/// Writes the numbers of `plans`; `unplanned` are the organizations that could not be planned.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_plans(out: &mut dyn Write, now: Timestamp, plans: &[Plan], unplanned: &[OrgKey]) -> io::Result<()> {
    let mut metrics = Metrics::new("plan");
    add_changes(&mut metrics, plans.iter());
    let mut held = metrics.family("accessctl_held", None, "Changes of a plan that a guard holds.");
    for plan in plans {
        held.add(&plan.org, &[], plan.held().count());
    }
    let mut blocked = metrics.family("accessctl_blocked", None, "Whether a guard blocks the plan.");
    for plan in plans {
        blocked.add(&plan.org, &[], i64::from(plan.is_blocked()));
    }
    let states = [ExpiringState::EndsSoon, ExpiringState::Over, ExpiringState::Deletable];
    let mut expiring = expiring_of(&mut metrics);
    for plan in plans {
        for state in states {
            let number = plan.expiring.iter().filter(|one| one.state == state).count();
            expiring.add(&plan.org, &[("state", state.as_str())], number);
        }
    }
    add_invitations(&mut metrics, plans.iter());
    add_success(&mut metrics, now, plans.iter(), unplanned);
    metrics.write(out)
}

/// Writes the numbers of `drifts`; `unchecked` are the organizations that could not be looked at.
///
/// # Errors
/// Whatever the writer returns.
pub fn write_drifts(out: &mut dyn Write, now: Timestamp, drifts: &[Drift], unchecked: &[OrgKey]) -> io::Result<()> {
    let mut metrics = Metrics::new("drift");
    let plans = || drifts.iter().map(|drift| &drift.plan);
    add_changes(&mut metrics, plans());
    let mut found =
        metrics.family("accessctl_drift", None, "Differences from what was agreed, by what is known of them.");
    for drift in drifts {
        let Numbers { new, still, found: without_memory, accepted, .. } = drift.numbers();
        for standing in Standing::ALL {
            let number = match standing {
                Standing::New => new,
                Standing::Still => still,
                Standing::Found => without_memory,
            };
            found.add(&drift.plan.org, &[("standing", standing.as_str())], number);
        }
        found.add(&drift.plan.org, &[("standing", "accepted")], accepted);
    }
    let help = "Differences that nobody accepted and by which somebody is admin or owner.";
    let mut escalations = metrics.family("accessctl_drift_escalations", None, help);
    for drift in drifts {
        escalations.add(&drift.plan.org, &[], drift.numbers().escalations);
    }
    let help = "Access that is over and still there, and that nobody accepted.";
    let mut overdue = metrics.family("accessctl_overdue", None, help);
    for drift in drifts {
        overdue.add(&drift.plan.org, &[], drift.numbers().overdue);
    }
    let help = "Seconds since the oldest difference that nobody accepted was first seen; 0 where there is none.";
    let mut oldest = metrics.family("accessctl_drift_oldest_age_seconds", Some("seconds"), help);
    for drift in drifts {
        let first = drift.unaccepted().map(|found| found.first_seen).min();
        oldest.add(&drift.plan.org, &[], first.map_or(0, |first| now.duration_since(first).as_secs().max(0)));
    }
    let mut expiring = expiring_of(&mut metrics);
    for drift in drifts {
        expiring.add(&drift.plan.org, &[("state", ExpiringState::EndsSoon.as_str())], drift.expiring.len());
    }
    add_invitations(&mut metrics, plans());
    let help = "Invitations that nobody has accepted for guards.invite_stale_days or longer.";
    let mut stale = metrics.family("accessctl_invitations_stale", None, help);
    for drift in drifts {
        stale.add(&drift.plan.org, &[], drift.stale.len());
    }
    add_success(&mut metrics, now, plans(), unchecked);
    metrics.write(out)
}

fn add_changes<'p>(metrics: &mut Metrics, plans: impl Iterator<Item = &'p Plan>) {
    let mut changes = metrics.family("accessctl_changes", None, "Changes that would make the live side as configured.");
    for plan in plans {
        let mut numbers: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for planned in &plan.changes {
            *numbers.entry((planned.change.kind().as_str(), planned.origin.as_str())).or_default() += 1;
        }
        for ((kind, origin), number) in numbers {
            changes.add(&plan.org, &[("kind", kind), ("origin", origin)], number);
        }
    }
}

/// What ends, for both commands: a collector that reads the files of several takes one text of help for a name.
fn expiring_of(metrics: &mut Metrics) -> Samples<'_> {
    metrics.family("accessctl_expiring", None, "Entries that end soon, or are over.")
}

fn add_invitations<'p>(metrics: &mut Metrics, plans: impl Iterator<Item = &'p Plan>) {
    let mut pending =
        metrics.family("accessctl_invitations_pending", None, "Users who are invited and have not joined.");
    for plan in plans {
        pending.add(&plan.org, &[], invited(&plan.live));
    }
}

fn invited(state: &State) -> usize {
    state.users.values().filter(|user| matches!(user.status, Status::Invited { .. })).count()
}

fn add_success<'p>(
    metrics: &mut Metrics,
    now: Timestamp,
    plans: impl Iterator<Item = &'p Plan> + Clone,
    failed: &[OrgKey],
) {
    let help = "Whether the organization could be looked at in the last run.";
    let mut checked = metrics.family("accessctl_checked", None, help);
    for plan in plans.clone() {
        checked.add(&plan.org, &[], 1);
    }
    for org in failed {
        checked.add(org, &[], 0);
    }
    let help = "When the organization was last looked at.";
    let mut success = metrics.family("accessctl_last_success_timestamp_seconds", Some("seconds"), help);
    for plan in plans {
        success.add(&plan.org, &[], now.as_second());
    }
}

/// A value of a label, or a text of help: what would end it is escaped as the format says.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\\' => escaped.push_str("\\\\"),
            '"' => escaped.push_str("\\\""),
            '\n' => escaped.push_str("\\n"),
            character if character.is_control() => {
                // Writing to a `String` cannot fail.
                let _ = write!(escaped, "\\\\u{{{:x}}}", u32::from(character));
            }
            character => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_be_ended_by_its_value() {
        assert_eq!(escaped("a\"b\\c\nd\u{7}"), "a\\\"b\\\\c\\nd\\\\u{7}");
        let mut metrics = Metrics::new("drift");
        let org = OrgKey::new("x\"} 1\n# EOF").unwrap();
        metrics.family("accessctl_checked", None, "Help").add(&org, &[], 1);
        let mut out = Vec::new();
        metrics.write(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().count(), 4, "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
