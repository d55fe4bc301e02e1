//! What somebody changed by hand: the live side of an organization against what is agreed to.
//!
//! A [`Drift`] is made from a plan that nobody is going to perform. What the plan would take back is a [`Difference`]; what
//! is merely not applied yet is not. Each says who could have made it, whom it raises to admin or owner, and whether the
//! configuration accepts it. What is over and still there is [`Overdue`]. [`Drift::recall`] adds what the last run knew.
//! Pure: no input, output or clock.

mod authority;
mod grouping;
mod memory;
mod overdue;
mod raised;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

use crate::change::Change;
use crate::desired::{Acceptance, Desired, Expiring, ExpiringState, Observed};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Email, OrgId, Status, TeamName};
use crate::near::did_you_mean;
use crate::plan::{Origin, Plan, PlannedChange, Why};

pub use authority::Authority;
pub use memory::{FORMAT, Memory, MemoryProblem, Remembered, Seen};
pub use overdue::{GRACE, Overdue};
pub use raised::Raised;

use authority::Authorities;
use grouping::group;

/// What is not as agreed in one organization.
#[derive(Debug)]
pub struct Drift {
    /// What would make the live side what is agreed to. No guard has judged it.
    pub plan: Plan,
    /// What somebody changed, the gravest first.
    pub differences: Vec<Difference>,
    /// What is over and still there, the earliest end first.
    pub overdue: Vec<Overdue>,
    /// What the last run found and is not a difference any more.
    pub gone: Vec<Gone>,
    /// Invitations that nobody has accepted for long, the oldest first.
    pub stale: Vec<StaleInvitation>,
    /// After how many days that is so.
    pub stale_days: u64,
    /// What ends soon.
    pub expiring: Vec<Expiring>,
    /// Whether the live side as the last apply left it is known, so that what is not applied yet was told apart.
    pub knows_applied: bool,
    /// Where there is a memory of earlier runs: when the last one was, if there was one.
    pub last_run: Option<Option<Timestamp>>,
    /// Whether there is anything that the last run did not tell; without a memory, whether there is anything to tell.
    pub has_news: bool,
}

/// Something that the live side has otherwise than agreed.
#[derive(Debug, Clone)]
pub struct Difference {
    /// How the live side has it.
    pub observed: Observed,
    /// Its name: the same in every run for the same thing on the same live side.
    pub fingerprint: String,
    /// The changes of the plan that would take it back, as places in [`Plan::changes`]: the one that it is about first, then
    /// those that come with it, such as the memberships of somebody who was removed.
    pub changes: Vec<usize>,
    /// Whether somebody outside the organization's domains has something by it.
    pub external: bool,
    /// What the project is used for, where it is about one and that is declared.
    pub environment: Option<String>,
    /// Whom it makes admin or owner, who were not to be.
    pub raised: Option<Raised>,
    /// Who may do such a thing, by what the live side says now.
    pub could_have: Authority,
    /// The entry of the configuration that accepts it.
    pub accepted: Option<Acceptance>,
    /// What the last run knew of it.
    pub standing: Standing,
    /// Whether it is new because it is not accepted any more: the last run knew it, and accepted.
    pub was_accepted: bool,
    /// When it was seen for the first time.
    pub first_seen: Timestamp,
    /// The last time at which it was looked for and not there.
    pub absent_at: Option<Timestamp>,
}

impl Difference {
    /// The change that would take it back.
    pub fn change<'p>(&self, plan: &'p Plan) -> Option<&'p PlannedChange> {
        plan.changes.get(*self.changes.first()?)
    }
}

impl Difference {
    /// Tells what is new about it from what was `seen` of it in the run before, `last`. Whether it is news.
    fn recall(&mut self, seen: Option<&Seen>, last: Option<&Remembered>) -> bool {
        let Some(seen) = seen else {
            self.standing = Standing::New;
            self.absent_at = last.map(|last| last.at);
            return true;
        };
        self.first_seen = seen.first_seen;
        self.absent_at = seen.absent_at;
        self.was_accepted = seen.accepted && self.accepted.is_none();
        self.standing = if self.was_accepted { Standing::New } else { Standing::Still };
        seen.accepted != self.accepted.is_some()
    }

    /// What the next run should know of it.
    fn remember(&self) -> Seen {
        Seen {
            observed: self.observed.clone(),
            first_seen: self.first_seen,
            absent_at: self.absent_at,
            accepted: self.accepted.is_some(),
        }
    }
}

/// What the last run knew of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// It was not there, or it was accepted.
    New,
    /// It was there.
    Still,
    /// There is no memory of earlier runs.
    Found,
}

impl Standing {
    /// Every one, in the order in which they are shown.
    pub const ALL: [Self; 3] = [Self::New, Self::Still, Self::Found];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Still => "still",
            Self::Found => "found",
        }
    }
}

/// A difference of the last run that is none any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gone {
    /// What the last run knew of it.
    pub seen: Seen,
    /// Its name.
    pub fingerprint: String,
    /// What became of it.
    pub became: Became,
}

/// What became of a difference that is none any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// The live side is like that, and that is what is agreed to now.
    Agreed,
    /// The live side has changed.
    Changed,
    /// The live side is like that, nobody agrees to it, and the next apply takes it back: the configuration was edited.
    Pending,
}

/// An invitation that nobody has accepted for long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleInvitation {
    /// Who is invited.
    pub user: Email,
    /// When the latest invitation was sent.
    pub invited_at: Timestamp,
    /// How many whole days ago that is.
    pub days: i64,
}

/// The numbers of what is not as agreed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of the summary of the JSON")]
pub struct Numbers {
    pub unaccepted: usize,
    pub new: usize,
    pub still: usize,
    pub found: usize,
    pub accepted: usize,
    pub overdue: usize,
    pub gone: usize,
    pub escalations: usize,
    pub risen: usize,
    pub external: usize,
    pub stale_invitations: usize,
    pub expiring: usize,
    pub pending: usize,
    pub expiry: usize,
}

impl Drift {
    /// Finds out what is not as agreed from `plan`, whose origins tell drift, and `desired`, which it was made from; `now` is
    /// the moment of the run. What is odd about the acceptances is said beside it.
    pub fn new(desired: &Desired, plan: Plan, knows_applied: bool, now: Timestamp) -> (Self, Vec<Diagnostic>) {
        let groups = group(&plan);
        let authorities = Authorities::new(&plan);
        let mut differences = find(desired, &plan, groups, now);
        for found in &mut differences {
            if let Some(planned) = found.change(&plan) {
                found.could_have = authorities.of(&planned.change);
            }
        }
        differences.sort_by_key(|found| {
            let rank = found.raised.as_ref().map(|raised| (raised.rank, raised.of_organization));
            (std::cmp::Reverse(rank), !found.external, found.changes.first().copied())
        });
        let ended = overdue::ended(&plan).into_iter().map(|place| vec![place]).collect();
        let overdue = find(desired, &plan, ended, now).into_iter().filter_map(|found| Overdue::of(found, &plan));
        let overdue = overdue.collect();
        let findings = remarks(desired, &plan);
        let stale_days = desired.guards.invite_stale_days;
        let stale = stale(desired, &plan, stale_days);
        let mut drift = Self {
            plan,
            differences,
            overdue,
            gone: Vec::new(),
            stale,
            stale_days,
            expiring: Vec::new(),
            knows_applied,
            last_run: None,
            has_news: false,
        };
        drift.has_news = drift.has_anything();
        (drift, findings)
    }

    /// Takes what ends soon of `expiring`.
    pub fn note_expiring(&mut self, expiring: Vec<Expiring>) {
        self.expiring = expiring;
        self.expiring.retain(|one| one.state == ExpiringState::EndsSoon);
        self.has_news = self.has_anything();
    }

    /// Whether there is anything to tell at all.
    fn has_anything(&self) -> bool {
        let unaccepted = self.every().any(|found| found.accepted.is_none());
        unaccepted || !self.stale.is_empty() || !self.expiring.is_empty()
    }

    /// The differences, and then what is over and still there.
    fn every(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().chain(self.overdue.iter().map(|one| &one.found))
    }

    /// Tells what is new from what the last run knew, which is nothing where there was none.
    pub fn recall(&mut self, last: Option<&Remembered>) {
        self.last_run = Some(last.map(|last| last.at));
        let known: BTreeMap<&Observed, &Seen> =
            last.iter().flat_map(|last| &last.seen).map(|seen| (&seen.observed, seen)).collect();
        let known_overdue: BTreeMap<&Observed, &Seen> =
            last.iter().flat_map(|last| &last.overdue).map(|seen| (&seen.observed, seen)).collect();
        let mut has_news = false;
        for found in &mut self.differences {
            has_news |= found.recall(known.get(&found.observed).copied(), last);
        }
        for Overdue { found, .. } in &mut self.overdue {
            has_news |= found.recall(known_overdue.get(&found.observed).copied(), last);
        }
        let found: BTreeSet<&Observed> = self.every().map(|found| &found.observed).collect();
        let id = self.plan.live.organization.id;
        let waiting: BTreeSet<Observed> =
            self.plan.changes.iter().map(|planned| observe(&self.plan, &planned.change)).collect();
        let before: BTreeMap<&Observed, &Seen> = known_overdue.into_iter().chain(known).collect();
        let gone = before.into_iter().filter(|(observed, _)| !found.contains(observed)).map(|(observed, seen)| Gone {
            seen: seen.clone(),
            fingerprint: fingerprint(id, observed),
            became: match (is_so(&self.plan, observed), waiting.contains(observed)) {
                (false, _) => Became::Changed,
                (true, false) => Became::Agreed,
                (true, true) => Became::Pending,
            },
        });
        self.gone = gone.collect();
        let told = last.map(|last| &last.told);
        let is_untold = |name: String| told.is_none_or(|told| !told.contains(&name));
        self.has_news = has_news || !self.gone.is_empty() || self.told().into_iter().any(is_untold);
    }

    /// What the next run should know; `now` is the moment of this one.
    pub fn remember(&self, now: Timestamp) -> Remembered {
        Remembered {
            org: self.plan.org.clone(),
            at: now,
            seen: self.differences.iter().map(Difference::remember).collect(),
            overdue: self.overdue.iter().map(|one| one.found.remember()).collect(),
            told: self.told().into_iter().collect(),
        }
    }

    /// The names of what is told besides differences, so that it is news only once.
    fn told(&self) -> Vec<String> {
        let id = self.plan.live.organization.id.get();
        let expiring = self.expiring.iter().map(|one| format!("{id} ends {:?} {}", one.entry, one.until.at));
        let stale = self.stale.iter().map(|one| format!("{id} invited {} {}", one.user, one.invited_at));
        expiring.chain(stale).map(|text| short_hash(text.as_bytes())).collect()
    }

    /// The differences that nobody has accepted.
    pub fn unaccepted(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|found| found.accepted.is_none())
    }

    /// Who is admin or owner by what nobody has accepted, by the declared address of each person.
    pub fn raised(&self) -> BTreeSet<&Email> {
        let raised = self.unaccepted().filter_map(|found| found.raised.as_ref());
        raised.flat_map(|raised| &raised.people).map(|user| self.plan.person(user)).collect()
    }

    /// What is over, still there, and accepted by nobody.
    pub fn unaccepted_overdue(&self) -> impl Iterator<Item = &Overdue> {
        self.overdue.iter().filter(|one| one.found.accepted.is_none())
    }

    /// Whether a run is to fail for what was found: somebody changed something, or access outlived its end for longer than
    /// [`GRACE`], and nobody accepted it.
    pub fn is_complained_of(&self) -> bool {
        self.unaccepted().next().is_some() || self.overdue.iter().any(Overdue::is_complained_of)
    }

    /// How many changes of the plan have this origin.
    pub fn count_of(&self, origin: Origin) -> usize {
        self.plan.changes.iter().filter(|planned| planned.origin == origin).count()
    }

    /// The numbers.
    pub fn numbers(&self) -> Numbers {
        let of = |standing| self.unaccepted().filter(|found| found.standing == standing).count();
        let unaccepted = self.unaccepted().count();
        Numbers {
            unaccepted,
            new: of(Standing::New),
            still: of(Standing::Still),
            found: of(Standing::Found),
            accepted: self.differences.len() - unaccepted,
            overdue: self.unaccepted_overdue().count(),
            gone: self.gone.len(),
            escalations: self.unaccepted().filter(|found| found.raised.is_some()).count(),
            risen: self.raised().len(),
            external: self.unaccepted().filter(|found| found.external).count(),
            stale_invitations: self.stale.len(),
            expiring: self.expiring.len(),
            pending: self.count_of(Origin::Pending),
            expiry: self.count_of(Origin::Expiry),
        }
    }
}

/// The differences that `groups` of changes of `plan` take back; who could have made them is not told yet.
fn find(desired: &Desired, plan: &Plan, groups: Vec<Vec<usize>>, now: Timestamp) -> Vec<Difference> {
    let raised = raised::raised(plan, &groups);
    let differences = groups.into_iter().zip(raised).filter_map(|(changes, raised)| {
        let planned = changes.first().and_then(|first| plan.changes.get(*first))?;
        let observed = observe(plan, &planned.change);
        let holds = |one: &&Acceptance| plan.as_of < one.until.at && one.covers(&observed);
        let is_external = |user: &Email| desired.is_external(user) == Some(true);
        let project = observed.project().and_then(|id| desired.projects.get(&id));
        Some(Difference {
            fingerprint: fingerprint(plan.live.organization.id, &observed),
            external: !observed.is_missing() && observed.user().is_some_and(is_external),
            environment: project.and_then(|project| project.environment().map(str::to_owned)),
            could_have: Authority::default(),
            // A block is the switch for emergencies: nothing takes its edge off.
            accepted: desired.accept.iter().find(holds).filter(|_| planned.why != Why::Blocked).cloned(),
            standing: Standing::Found,
            was_accepted: false,
            first_seen: now,
            absent_at: None,
            observed,
            changes,
            raised,
        })
    });
    differences.collect()
}

/// The acceptances of `desired` that do not count any more at `moment`.
pub fn ended_acceptances(desired: &Desired, moment: Timestamp) -> Vec<Diagnostic> {
    let over = desired.accept.iter().filter(|one| one.until.at <= moment);
    over.map(|one| {
        let message = format!("this acceptance ended ({})", one.until);
        Diagnostic::at(Code::AcceptanceOver, one.until.place, message, "over")
            .help("remove it, or agree on a new end: `drift` complains of the difference again")
    })
    .collect()
}

/// What is odd about the acceptances: those that are over, and those that fit nothing.
fn remarks(desired: &Desired, plan: &Plan) -> Vec<Diagnostic> {
    let mut findings = ended_acceptances(desired, plan.as_of);
    let holding: Vec<&Acceptance> = desired.accept.iter().filter(|one| plan.as_of < one.until.at).collect();
    if holding.is_empty() {
        return findings;
    }
    let observed: Vec<Observed> = plan.changes.iter().map(|planned| observe(plan, &planned.change)).collect();
    for one in holding {
        if observed.iter().any(|found| one.covers(found)) {
            continue;
        }
        let mut finding = Diagnostic::at(
            Code::AcceptanceUnused,
            one.place,
            "this acceptance fits no difference",
            "the live side has it as agreed, or otherwise than this says",
        );
        let user = one.observed.first().and_then(Observed::user).filter(|user| !plan.live.users.contains_key(*user));
        let near = user.and_then(|user| did_you_mean(user, plan.live.users.keys().map(|known| known.as_str())));
        finding = finding.help(near.unwrap_or_else(|| "correct it, or remove it if the difference is gone".to_owned()));
        findings.push(finding);
    }
    findings
}

/// How the live side has what `change` is about.
pub fn observe(plan: &Plan, change: &Change) -> Observed {
    match change {
        Change::RenameTeam { from: team, .. } | Change::DeleteTeam { team } => Observed::Team(team.clone(), true),
        Change::CreateTeam { team } => Observed::Team(team.clone(), false),
        Change::InviteUser { user, .. } => Observed::User(user.clone(), None),
        Change::SetOrgRole { user, from, .. } => Observed::User(user.clone(), Some(from.clone())),
        Change::CancelInvite { user } | Change::RemoveUser { user } => {
            Observed::User(user.clone(), plan.live.users.get(user).map(|found| found.role.clone()))
        }
        Change::AddTeamMember { team, user } => Observed::Member(team.clone(), user.clone(), false),
        Change::RemoveTeamMember { team, user } => Observed::Member(team.clone(), user.clone(), true),
        Change::SetTeamRole { team, project, from, .. } => Observed::TeamRole(team.clone(), *project, from.clone()),
        Change::RemoveTeamRole { team, project, from } => {
            Observed::TeamRole(team.clone(), *project, Some(from.clone()))
        }
        Change::SetGrant { user, project, from, .. } => Observed::Grant(user.clone(), *project, from.clone()),
        Change::RemoveGrant { user, project, from } => Observed::Grant(user.clone(), *project, Some(from.clone())),
        Change::SetEveryone { project, from, .. } => Observed::Everyone(*project, from.clone()),
        Change::RemoveEveryone { project, from } => Observed::Everyone(*project, Some(from.clone())),
    }
}

/// Whether the live side of `plan` is as `observed` says.
fn is_so(plan: &Plan, observed: &Observed) -> bool {
    let live = &plan.live;
    // Plans speak of teams by the names that they are going to have.
    let team = |name: &TeamName| {
        let old = plan.team_renames.iter().find(|(_, new)| *new == name).map_or(name, |(old, _)| old);
        live.teams.get(old)
    };
    match observed {
        Observed::User(user, role) => live.users.get(user).map(|found| &found.role) == role.as_ref(),
        Observed::Team(name, is_there) => live.teams.contains_key(name) == *is_there,
        Observed::Member(name, user, is_in) => team(name).is_some_and(|found| found.members.contains(user)) == *is_in,
        Observed::TeamRole(name, project, role) => {
            team(name).and_then(|found| found.roles.get(project)) == role.as_ref()
        }
        Observed::Grant(user, project, role) => live.grants.get(&(user.clone(), *project)) == role.as_ref(),
        Observed::Everyone(project, role) => {
            live.projects.get(project).and_then(|found| found.everyone.as_ref()) == role.as_ref()
        }
    }
}

/// Invitations that nobody has accepted for `most` days or longer; of those whom the configuration ignores nothing is said.
fn stale(desired: &Desired, plan: &Plan, most: u64) -> Vec<StaleInvitation> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let invited = plan.live.users.iter().filter_map(|(user, found)| match found.status {
        Status::Invited { at: Some(at) } => Some((user, at)),
        Status::Invited { at: None } | Status::Active => None,
    });
    let mut stale: Vec<StaleInvitation> = invited
        .filter(|(user, _)| desired.ignore.user(user).is_none())
        .map(|(user, invited_at)| {
            let days = plan.as_of.duration_since(invited_at).as_secs() / SignedDuration::from_hours(24).as_secs();
            StaleInvitation { user: user.clone(), invited_at, days }
        })
        .filter(|one| one.days >= most)
        .collect();
    stale.sort_by(|a, b| (a.invited_at, &a.user).cmp(&(b.invited_at, &b.user)));
    stale
}

/// The name of what is `observed` in an organization.
fn fingerprint(organization: OrgId, observed: &Observed) -> String {
    let mut text = format!("accessctl.drift/1 {organization} {}", observed.kind());
    let project = observed.project().map(|project| project.to_string());
    let parts =
        [observed.user().map(|user| user.as_str()), observed.team().map(|team| team.as_str()), project.as_deref()];
    for part in parts.into_iter().chain([observed.role()]) {
        // Every part carries its length, so that no two things have one text.
        text.push_str(&part.map_or_else(|| " -".to_owned(), |part| format!(" {}:{part}", part.len())));
    }
    text.push_str(if observed.is_missing() { " missing" } else { " there" });
    short_hash(text.as_bytes())
}

/// Sixteen hexadecimal digits of a hash.
fn short_hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
