//! Does the access that is declared keep the organization's rules?
//!
//! Rules are judged on the configuration alone, so that `validate` finds what `plan` would find: by the effective access
//! of each user with the facts that it rests on. What it leaves to the live side, such as the members of a team that
//! states none, only planning can judge. What is over does not count, and what has not begun does: a rule that
//! is only broken when the time comes would stop everything then. Pure: no input, output or clock.

mod approvers;
mod rule;
mod unstated;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::approvers::Approvers;
use self::rule::{About, Fit, Violation, fits, fits_org_role, violations};
use crate::access::{Ranks, Via};
use crate::desired::{Desired, Exception, InForce, LapseWhy, ManageMode, People, Rule};
use crate::diagnostic::{Diagnostic, Findings, Severity, sort};
use crate::grounds::{Access, Ground, Scope, Side};
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, RoleName, State};
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
    /// The exceptions that let something through, in the order in which they are written.
    pub excepted: Vec<Excepted>,
}

impl Verdict {
    /// Whether the configuration is refused.
    pub fn refuses(&self) -> bool {
        self.broken.iter().any(|broken| broken.severity == Severity::Error)
    }
}

/// An exception that lets something through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excepted {
    /// The rule.
    pub rule: String,
    /// Where the exception is written.
    pub place: Span,
    /// Why there is one.
    pub reason: String,
    /// Its end as written.
    pub until: String,
    /// How many people use it; what everybody has counts once.
    pub count: usize,
    /// The first of them, and on which projects.
    pub examples: Vec<String>,
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
    /// The first of the violations in words, of as many different people as there are.
    pub examples: Vec<String>,
    /// How many people break it; none where it is not known who they are.
    pub people: usize,
    /// How many people were judged.
    pub judged: usize,
    /// How many of the people break it by lines of their own and are in none of the examples.
    pub unnamed: usize,
}

/// Judges `desired` as of the moment `as_of`, and says which rules cannot be judged without the live side.
pub fn judge(desired: &Desired, as_of: Timestamp) -> Verdict {
    if desired.policy.is_empty() {
        return Verdict::default();
    }
    let mut verdict = judge_side(desired, &Side::desired(desired, None, as_of, Scope::default()), as_of);
    verdict.findings.extend(unstated::remarks(desired, as_of));
    sort(&mut verdict.findings);
    verdict
}

/// Judges `desired` as of the moment `as_of` with what it does not state as it stands in `target`, the state that a run
/// leads to: the members of a team that states none, users who are kept.
///
/// What is nowhere written is not judged: every access has a line of the configuration that gives it.
pub fn judge_planned(desired: &Desired, target: &State, as_of: Timestamp) -> Verdict {
    if desired.policy.is_empty() {
        return Verdict::default();
    }
    judge_side(desired, &Side::planned(desired, target, as_of), as_of)
}

fn judge_side<'a>(desired: &'a Desired, side: &Side<'a>, as_of: Timestamp) -> Verdict {
    let in_force = InForce::new(desired, as_of);
    let mut judging = Judging {
        desired,
        as_of,
        ranks: desired.ranks(),
        approvers: Approvers::new(desired, &in_force),
        everyone: BTreeMap::new(),
        unranked: BTreeSet::new(),
        tallies: desired.policy.iter().map(|_| Tally::default()).collect(),
        judged: 0,
    };
    let counts = |access: &Access<'_>| {
        access.lapse.is_none_or(|lapse| lapse.why == LapseWhy::NotYet)
            && access.until().is_none_or(|until| as_of < until.at)
    };
    let mut found = Vec::new();
    for user in side.users() {
        let Some(person) = side.person(user) else { continue };
        if person.lapse.is_some_and(|lapse| lapse.why != LapseWhy::NotYet) {
            continue;
        }
        judging.judged += 1;
        side.collect_all(user, &mut found);
        // Org roles are judged at the user's entry, since they reach what is not declared too.
        found.retain(|access| {
            access.source.via != Via::OrgRole && counts(access) && access.own_grounds().next().is_some()
        });
        judging.user(user, person.role.zip(person.entry), &found);
    }
    let mut everybody = side.of_everybody();
    everybody.retain(counts);
    judging.everybody(&everybody);
    judging.finish()
}

struct Judging<'a> {
    desired: &'a Desired,
    as_of: Timestamp,
    ranks: Ranks,
    approvers: Approvers<'a>,
    /// Who breaks which rule by what everybody has: one line of the configuration, whoever they are.
    everyone: BTreeMap<(usize, ProjectId, Violation), Crowd<'a>>,
    /// Roles that a rule cannot compare.
    unranked: BTreeSet<(usize, ProjectId, &'a RoleName)>,
    /// What breaks each rule.
    tallies: Vec<Tally<'a>>,
    /// How many people were judged so far.
    judged: usize,
}

/// What breaks one rule.
struct Tally<'a> {
    findings: Findings,
    /// The first violation of each of the first people in short, and what is of nobody in particular.
    examples: Vec<String>,
    /// Further violations of these people.
    further: Vec<String>,
    /// Who broke it last by a line of their own: people are judged one after another.
    last: Option<&'a Email>,
    /// How many people break it.
    people: usize,
    /// How many people break it by lines of their own, and are not among the examples.
    unnamed: usize,
    /// Who would break it but for which exception, on which projects.
    excepted: BTreeMap<usize, BTreeMap<String, BTreeSet<ProjectId>>>,
}

impl Default for Tally<'_> {
    fn default() -> Self {
        Self {
            findings: Findings::new(LIMIT),
            examples: Vec::new(),
            further: Vec::new(),
            last: None,
            people: 0,
            unnamed: 0,
            excepted: BTreeMap::new(),
        }
    }
}

/// People with the same access by the same line.
struct Crowd<'a> {
    role: &'a ProjectRole,
    ground: Option<Ground<'a>>,
    first: Vec<&'a Email>,
    count: usize,
}

impl<'a> Crowd<'a> {
    fn of(access: &Access<'a>) -> Self {
        Self { role: access.source.role, ground: access.own_grounds().next(), first: Vec::new(), count: 0 }
    }
}

/// What one user has by one source on some projects.
struct Part<'f, 'a> {
    via: Via<'a>,
    rows: Vec<&'f Access<'a>>,
}

impl<'a> Judging<'a> {
    fn user(&mut self, user: &'a Email, org_role: Option<(&'a OrgRole, Ground<'a>)>, found: &[Access<'a>]) {
        let external = self.desired.is_external(user);
        for (index, rule) in self.desired.policy.iter().enumerate() {
            if !rule.when.users.as_ref().is_none_or(|people| people.hold(user, external)) {
                continue;
            }
            let mut breaks = false;
            if let Some((role, entry)) = org_role.filter(|(role, _)| fits_org_role(&rule.when, role)) {
                breaks |= self.judge_org_role(index, rule, (user, external), role, entry);
            }
            breaks |= self.judge(index, rule, user, external, found);
            if let Some(tally) = self.tallies.get_mut(index) {
                tally.people += usize::from(breaks);
            }
        }
    }

    /// Judges the org role of somebody, and says whether it breaks the rule.
    fn judge_org_role(
        &mut self,
        index: usize,
        rule: &'a Rule,
        (user, external): (&'a Email, Option<bool>),
        role: &'a OrgRole,
        entry: Ground<'a>,
    ) -> bool {
        // An org role reaches every project that the rule is about, so all of them must be excepted.
        let counting = || rule.exceptions.iter().filter(|one| one.holds(self.as_of) && one.is_about(user, external));
        let on =
            |project: &ProjectId| counting().any(|one| one.projects.as_ref().is_none_or(|on| on.contains(project)));
        let projects: Vec<ProjectId> = match &rule.when.projects {
            Some(projects) => projects.iter().copied().collect(),
            None => self.desired.projects.keys().copied().collect(),
        };
        let reaches = role.on_every_project().is_some() && !projects.is_empty();
        let is_excepted = counting().any(|one| one.projects.is_none()) || (reaches && projects.iter().all(on));
        let counts = |one: &Exception| {
            let reaches = one.projects.as_ref().is_none_or(|on| projects.iter().any(|project| on.contains(project)));
            one.holds(self.as_of) && one.is_about(user, external) && reaches
        };
        let exception = rule.exceptions.iter().position(counts).filter(|_| is_excepted);
        let about = About::org_role(user, role, entry);
        let (broken, _) = violations(&rule.effects, &about, &mut self.approvers, self.desired, self.as_of);
        if let Some(exception) = exception {
            if !broken.is_empty() {
                self.except(index, exception, format!("`{user}`"), []);
            }
            return false;
        }
        for violation in &broken {
            let subject = format!("`{user}` has the org role `{role}`");
            let grounds = [words::labelled(entry)];
            self.found(
                index,
                Some(user),
                words::finding(self.desired, rule, violation, (&subject, Via::OrgRole), &grounds),
            );
        }
        !broken.is_empty()
    }

    /// Judges what everybody has by its line, for people who are not declared: there may always be some, unless users are
    /// managed in full. What is found there of declared ones is said once.
    fn everybody(&mut self, rows: &[Access<'a>]) {
        let is_anybody = self.judged > 0;
        let is_full = self.desired.users.is_some() && self.desired.manage.users == ManageMode::Full;
        for access in rows {
            for (index, rule) in self.desired.policy.iter().enumerate() {
                let (project, users) = (access.project, rule.when.users.as_ref());
                let is_told = |key: &(usize, ProjectId, Violation)| key.0 == index && key.1 == project;
                let is_open = |people: &People| {
                    let is_unknown = |user| !self.desired.users.as_ref().is_some_and(|users| users.contains_key(user));
                    people.external
                        || people.internal
                        || !people.patterns.is_empty()
                        || people.emails.iter().any(is_unknown)
                };
                let may_be = if is_full { users.is_none() && !is_anybody } else { users.is_none_or(is_open) };
                if !may_be || self.everyone.keys().any(is_told) {
                    continue;
                }
                let excepts = |one: &Exception| {
                    let whom = one.users.as_ref().is_none_or(|excepted| {
                        users.is_some_and(|people| {
                            people.emails.is_empty()
                                && people.patterns.is_empty()
                                && (!people.external || excepted.external)
                                && (!people.internal || excepted.internal)
                        })
                    });
                    one.holds(self.as_of) && whom && one.projects.as_ref().is_none_or(|on| on.contains(&project))
                };
                if rule.exceptions.iter().any(excepts) {
                    continue;
                }
                match fits(&rule.when, access, &self.ranks) {
                    Fit::No => continue,
                    Fit::Yes => {}
                    Fit::Unranked(role) => {
                        self.unranked.insert((index, project, role));
                        continue;
                    }
                }
                let about = About::access(None, access, &self.ranks);
                let (broken, unranked) =
                    violations(&rule.effects, &about, &mut self.approvers, self.desired, self.as_of);
                self.unranked.extend(unranked.map(|role| (index, project, role)));
                for violation in broken {
                    self.everyone.insert((index, project, violation.of_many()), Crowd::of(access));
                }
            }
        }
    }

    /// Judges what somebody has by teams, grants and like everybody, and says whether it breaks the rule.
    fn judge(
        &mut self,
        index: usize,
        rule: &'a Rule,
        user: &'a Email,
        external: Option<bool>,
        found: &[Access<'a>],
    ) -> bool {
        let mut breaks = false;
        // What one line gives on several projects is one violation.
        let mut parts: BTreeMap<(Violation, Via<'a>, Option<Span>), Part<'_, 'a>> = BTreeMap::new();
        for access in found {
            let excepted = rule
                .exceptions
                .iter()
                .position(|one| one.holds(self.as_of) && one.covers(user, external, access.project));
            match fits(&rule.when, access, &self.ranks) {
                Fit::No => continue,
                Fit::Yes => {}
                Fit::Unranked(role) => {
                    if excepted.is_none() {
                        self.unranked.insert((index, access.project, role));
                    }
                    continue;
                }
            }
            let about = About::access(Some(user), access, &self.ranks);
            let (broken, unranked) = violations(&rule.effects, &about, &mut self.approvers, self.desired, self.as_of);
            if broken.is_empty() && unranked.is_none() {
                continue;
            }
            if let Some(exception) = excepted {
                self.except(index, exception, format!("`{user}`"), [access.project]);
                continue;
            }
            self.unranked.extend(unranked.map(|role| (index, access.project, role)));
            breaks |= !broken.is_empty();
            for violation in broken {
                if access.source.via == Via::Everyone {
                    let key = (index, access.project, violation.of_many());
                    let crowd = self.everyone.entry(key).or_insert_with(|| Crowd::of(access));
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
            let (grounds, by) = (words::grounds(&part.rows), (subject.as_str(), part.via));
            self.found(index, Some(user), words::finding(self.desired, rule, &violation, by, &grounds));
        }
        breaks
    }

    /// Takes somebody who would break the rule with this index but for this exception.
    fn except(&mut self, index: usize, exception: usize, who: String, on: impl IntoIterator<Item = ProjectId>) {
        if let Some(tally) = self.tallies.get_mut(index) {
            tally.excepted.entry(exception).or_default().entry(who).or_default().extend(on);
        }
    }

    /// Takes a violation of the rule with this index, by somebody or by nobody in particular: in short, and as a finding.
    fn found(&mut self, index: usize, who: Option<&'a Email>, (short, finding): (String, Diagnostic)) {
        let Some(tally) = self.tallies.get_mut(index) else { return };
        let is_again = who.is_some() && tally.last == who;
        tally.last = who;
        if is_again {
            if tally.further.len() < NAMED {
                tally.further.push(short);
            }
        } else if tally.examples.len() < NAMED {
            tally.examples.push(short);
        } else {
            tally.unnamed += usize::from(who.is_some());
        }
        tally.findings.push(finding);
    }

    fn finish(mut self) -> Verdict {
        for ((index, project, violation), crowd) in std::mem::take(&mut self.everyone) {
            let Some(rule) = self.desired.policy.get(index) else { continue };
            let subject = words::crowd(self.desired, project, crowd.role, &crowd.first, crowd.count);
            let grounds: Vec<_> = crowd.ground.map(words::labelled).into_iter().collect();
            let by = (subject.as_str(), Via::Everyone);
            self.found(index, None, words::finding(self.desired, rule, &violation, by, &grounds));
        }
        for (index, project, role) in std::mem::take(&mut self.unranked) {
            let Some(rule) = self.desired.policy.get(index) else { continue };
            self.found(index, None, words::unranked(self.desired, rule, project, role));
        }
        let (mut findings, mut broken, mut excepted) = (Vec::new(), Vec::new(), Vec::new());
        let judged = self.judged;
        for (rule, tally) in self.desired.policy.iter().zip(self.tallies) {
            let Tally { findings: violations, mut examples, further, people, unnamed, excepted: used, last: _ } = tally;
            let count = violations.count();
            if count > 0 {
                let (name, place, severity) = (rule.name.clone(), rule.place, rule.severity);
                examples.extend(further);
                examples.truncate(NAMED);
                broken.push(Broken { rule: name, place, severity, count, examples, people, judged, unnamed });
            }
            findings.append(&mut violations.into_vec());
            for (exception, people) in used {
                let Some(exception) = rule.exceptions.get(exception) else { continue };
                excepted.push(words::excepted(self.desired, rule, exception, &people));
            }
            let over = rule.exceptions.iter().filter(|one| !one.holds(self.as_of));
            findings.extend(over.map(|exception| words::over(rule, exception)));
        }
        findings.extend(self.approvers.remarks());
        sort(&mut findings);
        Verdict { findings, broken, excepted }
    }
}
