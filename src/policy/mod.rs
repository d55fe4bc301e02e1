//! Does the access that is declared keep the organization's rules?
//!
//! Rules are judged on the configuration alone, so that `validate` finds what `plan` would find: by the effective access
//! of each user with the facts that it rests on. What is over does not count, and what has not begun does: a rule that
//! is only broken when the time comes would stop everything then. Pure: no input, output or clock.

mod rule;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::rule::{Fit, Violation, fits, violations};
use crate::access::{Ranks, Via};
use crate::desired::{Desired, LapseWhy, Rule};
use crate::diagnostic::{Diagnostic, Findings, Severity, sort};
use crate::grounds::{Access, Ground, Scope, Side};
use crate::model::{Email, ProjectId, ProjectRole, RoleName};
use crate::source::Span;

/// How many violations of one rule are told, so that none hides another.
const LIMIT: usize = 1_000;
/// How many violations of a rule, people or places are named in one message.
const NAMED: usize = 10;

/// What the rules say of a configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Every violation at its lines, and exceptions that do not count any more; sorted.
    pub findings: Vec<Diagnostic>,
    /// The rules that are broken, in the order in which they are written.
    pub broken: Vec<Broken>,
}

impl Verdict {
    /// Whether the configuration is refused.
    pub fn refuses(&self) -> bool {
        self.broken.iter().any(|broken| broken.severity == Severity::Error)
    }
}

/// A rule that is broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The rule.
    pub rule: String,
    /// Where it is written.
    pub place: Span,
    /// How grave that is.
    pub severity: Severity,
    /// How often it is broken.
    pub count: usize,
    /// The first of the violations in words.
    pub examples: Vec<String>,
}

/// Judges `desired` as of the moment `as_of`.
pub fn judge(desired: &Desired, as_of: Timestamp) -> Verdict {
    if desired.policy.is_empty() {
        return Verdict::default();
    }
    let side = Side::desired(desired, None, as_of, Scope::default());
    let mut judging = Judging {
        desired,
        as_of,
        ranks: desired.ranks(),
        everyone: BTreeMap::new(),
        unranked: BTreeSet::new(),
        tallies: desired.policy.iter().map(|_| Tally::default()).collect(),
    };
    let mut found = Vec::new();
    for user in side.users() {
        let gone = side.person(user).and_then(|person| person.lapse);
        if gone.is_some_and(|lapse| lapse.why != LapseWhy::NotYet) {
            continue;
        }
        side.collect_all(user, &mut found);
        found.retain(|access| access.lapse.is_none_or(|lapse| lapse.why == LapseWhy::NotYet));
        found.retain(|access| access.until().is_none_or(|until| as_of < until.at));
        judging.user(user, &found);
    }
    judging.finish()
}

struct Judging<'a> {
    desired: &'a Desired,
    as_of: Timestamp,
    ranks: Ranks,
    /// Who breaks which rule by what everybody has: one line of the configuration, whoever they are.
    everyone: BTreeMap<(usize, ProjectId, Violation), Crowd<'a>>,
    /// Roles that a rule cannot compare.
    unranked: BTreeSet<(usize, ProjectId, &'a RoleName)>,
    /// What breaks each rule.
    tallies: Vec<Tally>,
}

/// What breaks one rule.
struct Tally {
    findings: Findings,
    /// The first violations in short.
    examples: Vec<String>,
}

impl Default for Tally {
    fn default() -> Self {
        Self { findings: Findings::new(LIMIT), examples: Vec::new() }
    }
}

/// People with the same access by the same line.
struct Crowd<'a> {
    role: &'a ProjectRole,
    ground: Option<Ground<'a>>,
    first: Vec<&'a Email>,
    count: usize,
}

/// What one user has by one source on some projects.
struct Part<'f, 'a> {
    via: Via<'a>,
    rows: Vec<&'f Access<'a>>,
}

impl<'a> Judging<'a> {
    fn user(&mut self, user: &'a Email, found: &[Access<'a>]) {
        let external = self.desired.is_external(user);
        for (index, rule) in self.desired.policy.iter().enumerate() {
            if !rule.when.users.as_ref().is_none_or(|people| people.hold(user, external)) {
                continue;
            }
            self.judge(index, rule, user, external, found);
        }
    }

    fn judge(&mut self, index: usize, rule: &'a Rule, user: &'a Email, external: Option<bool>, found: &[Access<'a>]) {
        // What one line gives on several projects is one violation.
        let mut parts: BTreeMap<(Violation, Via<'a>, Option<Span>), Part<'_, 'a>> = BTreeMap::new();
        for access in found {
            let excepted = || {
                rule.exceptions.iter().any(|one| one.holds(self.as_of) && one.covers(user, external, access.project))
            };
            match fits(&rule.when, access, &self.ranks) {
                Fit::No => continue,
                Fit::Yes => {}
                Fit::Unranked(role) => {
                    if !excepted() {
                        self.unranked.insert((index, access.project, role));
                    }
                    continue;
                }
            }
            let (broken, unranked) = violations(&rule.effects, user, access, &self.ranks, self.desired, self.as_of);
            if (broken.is_empty() && unranked.is_none()) || excepted() {
                continue;
            }
            self.unranked.extend(unranked.map(|role| (index, access.project, role)));
            for violation in broken {
                if access.source.via == Via::Everyone {
                    let crowd =
                        self.everyone.entry((index, access.project, violation.of_many())).or_insert_with(|| Crowd {
                            role: access.source.role,
                            ground: access.own_grounds().next(),
                            first: Vec::new(),
                            count: 0,
                        });
                    crowd.count += 1;
                    if crowd.first.len() < NAMED {
                        crowd.first.push(user);
                    }
                    continue;
                }
                let main = access.own_grounds().next().map(|ground| ground.place);
                let key = (violation, access.source.via, main);
                let part = parts.entry(key).or_insert_with(|| Part { via: access.source.via, rows: Vec::new() });
                part.rows.push(access);
            }
        }
        for ((violation, ..), part) in parts {
            let subject = words::subject(self.desired, user, &part);
            let grounds = words::grounds(&part.rows);
            self.found(index, words::finding(self.desired, rule, &violation, &subject, &grounds));
        }
    }

    /// Takes a violation of the rule with this index: in short, and as a finding.
    fn found(&mut self, index: usize, (short, finding): (String, Diagnostic)) {
        let Some(tally) = self.tallies.get_mut(index) else { return };
        if tally.examples.len() < NAMED {
            tally.examples.push(short);
        }
        tally.findings.push(finding);
    }

    fn finish(mut self) -> Verdict {
        for ((index, project, violation), crowd) in std::mem::take(&mut self.everyone) {
            let Some(rule) = self.desired.policy.get(index) else { continue };
            let subject = words::crowd(self.desired, project, crowd.role, &crowd.first, crowd.count);
            let grounds: Vec<_> = crowd.ground.map(words::labelled).into_iter().collect();
            self.found(index, words::finding(self.desired, rule, &violation, &subject, &grounds));
        }
        for (index, project, role) in std::mem::take(&mut self.unranked) {
            let Some(rule) = self.desired.policy.get(index) else { continue };
            self.found(index, words::unranked(self.desired, rule, project, role));
        }
        let (mut findings, mut broken) = (Vec::new(), Vec::new());
        for (rule, Tally { findings: violations, examples }) in self.desired.policy.iter().zip(self.tallies) {
            let count = violations.count();
            if count > 0 {
                let (name, place, severity) = (rule.name.clone(), rule.place, rule.severity);
                broken.push(Broken { rule: name, place, severity, count, examples });
            }
            findings.append(&mut violations.into_vec());
            let over = rule.exceptions.iter().filter(|one| !one.holds(self.as_of));
            findings.extend(over.map(|exception| words::over(rule, exception)));
        }
        sort(&mut findings);
        Verdict { findings, broken }
    }
}
