//! `accessctl apply --plan`: what was reviewed, and nothing else.

use std::io::Write;
use std::path::PathBuf;

use jiff::SignedDuration;

use crate::apply::Outcome;
use crate::change::Change;
use crate::cli::ExitStatus;
use crate::cli::args;
use crate::cli::commands::perform::Performing;
use crate::cli::configuration::Configuration;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure, Kind};
use crate::cli::live::Live;
use crate::cli::planned::AllPlanned;
use crate::desired::Desired;
use crate::model::{Interner, OrgKey};
use crate::plan::{Plan, Unmet};
use crate::render::saved as text;
use crate::render::text::{count, list_of};
use crate::saved::{Comparison, SavedOrg, SavedPlan, SavedProblem, Stale, compare, load};

/// How old a saved plan may be, unless the arguments say something else.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(24);

/// How far the clocks of two machines may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// Organizations that are named in one message.
const NAMED: usize = 5;

/// A plan that somebody reviewed.
pub(super) struct Reviewed {
    file: PathBuf,
    pub(super) saved: SavedPlan,
    still_valid: bool,
}

/// What of a saved plan is still to be done, in the plans of the run; the rest.
#[derive(Default)]
pub(super) struct Left<'a> {
    /// What became of the other changes of each plan, in the order of the plans.
    pub(super) beside: Vec<Vec<(Change, Outcome)>>,
    /// What is said about it, above the plans: styled text.
    pub(super) said: Vec<u8>,
    /// Of the organizations of which nothing is left to do.
    pub(super) finished: Vec<Finished<'a>>,
}

/// A plan of which nothing is left to do, its live side, and what became of the changes of the saved one.
pub(super) type Finished<'a> = (Plan, Option<Live<'a>>, Vec<(Change, Outcome)>);

/// Reads the saved plan that the arguments name, if they name one, and refuses one that is too old.
pub(super) fn read(context: &Context<'_>, arguments: &args::Apply) -> Result<Option<Reviewed>, CommandError> {
    let Some(file) = &arguments.plan else { return Ok(None) };
    let saved = load(file, &mut Interner::default())?;
    let age = context.now.duration_since(saved.created_at);
    let most = arguments.max_age.map_or(MAX_AGE, |span| span.0);
    let refused = |problem: &str| CommandError::new(Kind::Refused, format!("`{}` {problem}", file.display()));
    if age > most {
        let made = saved.created_at.strftime("%Y-%m-%d %H:%M UTC");
        let problem = format!("is of {made}, and a saved plan may be {} old", hours(most));
        return Err(refused(&problem)
            .hint("make and review a new one with `accessctl plan --out FILE`")
            .hint("or say with `--max-age` how old it may be"));
    }
    if age < -SKEW {
        let problem = format!("was made at {}, which has not come yet", saved.created_at);
        return Err(refused(&problem).hint("the clock of this machine, or of the one that made it, is wrong"));
    }
    Ok(Some(Reviewed { file: file.clone(), saved, still_valid: arguments.still_valid }))
}

impl Reviewed {
    /// The run that the saved plan takes back, if it is a plan to undo.
    pub(super) fn undoes(&self) -> Option<&str> {
        self.saved.orgs.values().find_map(|saved| saved.undoes.as_deref())
    }

    /// The organizations that are asked for and that could not be planned when the plan was saved. That nothing of them is
    /// applied is told.
    ///
    /// # Errors
    /// Where nothing at all was planned, although something was to be.
    pub(super) fn unplanned(&self, context: &mut Context<'_>) -> Result<Vec<OrgKey>, CommandError> {
        let unplanned = self.saved.unplanned.iter().filter(|key| asks_for(context, key));
        let unplanned: Vec<OrgKey> = unplanned.cloned().collect();
        let names: Vec<String> = unplanned.iter().take(NAMED).map(|key| format!("`{key}`")).collect();
        let names = list_of(&names, unplanned.len());
        if self.saved.orgs.is_empty() && !unplanned.is_empty() {
            return Err(self
                .refused(&format!("holds no plan: {names} could not be planned when it was made"))
                .hint("nothing was applied; see why with `accessctl plan`, then make and review a new one"));
        }
        if !unplanned.is_empty() {
            let file = self.file.display();
            context.warn(&[format!(
                "`{file}` has no plan for {names}, which could not be planned when it was made: nothing of that is applied"
            )]);
        }
        Ok(unplanned)
    }

    /// Leaves in `configuration` what the saved plan is about, and refuses a plan that is about something else.
    pub(super) fn narrow(
        &self,
        context: &mut Context<'_>,
        configuration: &mut Configuration,
    ) -> Result<(), CommandError> {
        for (key, saved) in &self.saved.orgs {
            if !asks_for(context, key) {
                continue;
            }
            match configuration.organizations.iter().find(|desired| desired.key == *key) {
                Some(desired) if desired.id == saved.id => self.check_moment(context, desired, saved)?,
                Some(desired) => {
                    let (id, other) = (saved.id, desired.id);
                    return Err(self.refused(&format!(
                        "is a plan for organization {id}, and `{key}` is {other} in the configuration"
                    )));
                }
                None => {
                    return Err(self
                        .refused(&format!("is a plan for organization `{key}`, which the configuration does not have"))
                        .hint("use the configuration that the plan was made for"));
                }
            }
        }
        let (left, others): (Vec<Desired>, Vec<Desired>) = std::mem::take(&mut configuration.organizations)
            .into_iter()
            .partition(|desired| self.saved.orgs.contains_key(&desired.key));
        configuration.organizations = left;
        configuration.is_narrowed |= !others.is_empty();
        if let Some(missing) = others.iter().find(|_| !context.global.orgs.is_empty()) {
            let why = if self.saved.unplanned.contains(&missing.key) { ": it could not be planned then" } else { "" };
            return Err(CommandError::usage(format!(
                "`{}` has no plan for organization `{}`{why}",
                self.file.display(),
                missing.key
            )));
        }
        let warnings: Vec<String> = others
            .iter()
            .filter(|desired| !self.saved.unplanned.contains(&desired.key))
            .map(|desired| format!("organization `{}` is not in the saved plan and is not applied", desired.key))
            .collect();
        context.warn(&warnings);
        Ok(())
    }

    /// A plan for another moment than that of its making is for whoever asks for the same moment.
    fn check_moment(&self, context: &Context<'_>, desired: &Desired, saved: &SavedOrg) -> Result<(), CommandError> {
        let is_of_its_making = saved.as_of == self.saved.created_at;
        match context.global.at {
            None if is_of_its_making => Ok(()),
            None => Err(self
                .refused(&format!("was made as of another moment, {}", saved.as_of))
                .hint("to apply it, give the same `--at` as when it was made")),
            Some(at) if at.of(desired) == saved.as_of => Ok(()),
            Some(at) => Err(self.refused(&format!("was made as of {}, and `--at` asks for {at}", saved.as_of))),
        }
    }

    /// Leaves in `all` what both the saved plan and the plan of now have. Refuses where something that was reviewed does
    /// not follow any more, unless the rest was asked for.
    pub(super) fn restrict<'a>(
        &self,
        context: &mut Context<'_>,
        all: &mut AllPlanned<'a>,
        performing: &Performing<'_>,
    ) -> Result<Left<'a>, Failure> {
        let options = context.options();
        let mut left = Left::default();
        text::write_origin(&mut left.said, &self.file.display().to_string(), &self.saved, options)?;
        let mut compared: Vec<Comparison> = Vec::new();
        for plan in std::mem::take(&mut all.plans) {
            if let Some(saved) = self.saved.orgs.get(&plan.org) {
                compared.push(compare(saved, plan));
            }
        }
        let lives = std::mem::take(&mut all.lives);
        let stale: usize = compared.iter().map(|compared| compared.stale.len()).sum();
        if stale > 0 && !self.still_valid {
            let refused = self.refuse_stale(context, &compared, stale)?;
            for (compared, live) in compared.iter().zip(&lives).filter(|(compared, _)| !compared.stale.is_empty()) {
                if let Some(live) = live {
                    performing.refuse(context, &compared.plan, live, beside(compared), &refused.error.to_string());
                }
            }
            return Err(Failure::Error(refused));
        }
        for (compared, live) in compared.into_iter().zip(lives) {
            text::write_comparison(&mut left.said, &compared, options)?;
            let beside = beside(&compared);
            let Comparison { plan, unmet, stale, refused, .. } = compared;
            if self.saved.orgs.get(&plan.org).is_some_and(SavedOrg::is_blocked) {
                let problem = format!("organization `{}`: a guard blocked the saved plan", plan.org);
                let error = CommandError::new(Kind::Refused, problem).hint("nothing of it was applied");
                all.status = all.status.max(error.tell(&mut context.stderr())?);
                continue;
            }
            if !unmet.is_empty() || !stale.is_empty() || !refused.is_empty() {
                all.status = all.status.max(ExitStatus::Incomplete);
            }
            if plan.changes.is_empty() && !plan.is_blocked() {
                left.finished.push((plan, live, beside));
                continue;
            }
            left.beside.push(beside);
            all.plans.push(plan);
            all.lives.push(live);
        }
        if !all.plans.is_empty() || !all.unplanned.is_empty() {
            writeln!(left.said)?;
        }
        Ok(left)
    }

    fn refuse_stale(
        &self,
        context: &mut Context<'_>,
        compared: &[Comparison],
        stale: usize,
    ) -> Result<CommandError, Failure> {
        let options = context.options();
        let saved: usize = self.saved.orgs.values().map(|org| org.changes.len()).sum();
        let follow = if stale == 1 { "follows" } else { "follow" };
        let problem = format!("has {}, of which {stale} no longer {follow}", count(saved, "change"));
        let error = self
            .refused(&problem)
            .hint("nothing was applied; make and review a new plan with `accessctl plan --out FILE`")
            .hint("to do the rest of this one, give `--still-valid`");
        context.surroundings.stdout.flush()?;
        let mut out = context.stderr();
        for compared in compared.iter().filter(|compared| !compared.stale.is_empty()) {
            text::write_stale(&mut out, compared, options)?;
        }
        Ok(error)
    }

    fn refused(&self, problem: &str) -> CommandError {
        CommandError::new(Kind::Refused, format!("`{}` {problem}", self.file.display()))
    }
}

/// Whether the run is about the organization with this key, as far as `--org` and `--shard` say.
fn asks_for(context: &Context<'_>, key: &OrgKey) -> bool {
    let is_named = context.global.orgs.is_empty() || context.global.orgs.iter().any(|org| org == key.as_str());
    is_named && context.global.shard.is_none_or(|shard| shard.has(key.as_str()))
}

/// What became of those changes of a saved plan that are not in the plan of now.
fn beside(compared: &Comparison) -> Vec<(Change, Outcome)> {
    let Comparison { already_so, unmet, stale, refused, .. } = compared;
    let already_so = already_so.iter().map(|change| (change.clone(), Outcome::Already));
    let unmet = unmet.iter().map(|Unmet { change, needs }| (change.clone(), Outcome::Unmet { needs: needs.clone() }));
    let stale = stale.iter().map(|Stale { change, now }| (change.clone(), Outcome::Stale { now: now.clone() }));
    let refused = refused.iter().map(|planned| (planned.change.clone(), Outcome::Held));
    already_so.chain(unmet).chain(stale).chain(refused).collect()
}

/// A number of hours, as it is given.
fn hours(span: SignedDuration) -> String {
    count(usize::try_from(span.as_hours()).unwrap_or(0), "hour")
}

impl From<SavedProblem> for CommandError {
    fn from(problem: SavedProblem) -> Self {
        let new = "make and review a new one with `accessctl plan --out FILE`";
        let (kind, hint) = match &problem {
            SavedProblem::Unreadable { .. } => (Kind::Failure, None),
            SavedProblem::Format { .. } | SavedProblem::Digest { .. } | SavedProblem::Unsound { .. } => {
                (Kind::Refused, Some(new.to_owned()))
            }
        };
        Self { kind, error: anyhow::Error::new(problem), hints: hint.into_iter().collect() }
    }
}
