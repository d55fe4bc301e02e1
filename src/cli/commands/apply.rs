//! `accessctl apply`: the plan, shown, agreed to and performed.

mod saved;

use std::io::{self, Write};

use jiff::SignedDuration;

use crate::apply::Outcome;
use crate::change::Change;
use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::configuration::configuration;
use crate::cli::context::Context;
use crate::cli::error::{CommandError, Failure, Kind};
use crate::cli::journal::{Keeping, Occasion};
use crate::cli::live::Live;
use crate::cli::planned::{AllPlanned, Asked, plan_all};
use crate::cli::summary::with_summary;
use crate::guard::{ApprovedPlan, approve, judge};
use crate::plan::{Accepted, GuardCode, Meta, Plan};
use crate::render::text::{count, list_of};
use crate::render::{WithoutPlan, summary, text, visible_name};

use super::perform::Performing;

use saved::Left;

/// How old a moment of `--at` may be: somebody may have written the present one down.
const NEARLY_NOW: SignedDuration = SignedDuration::from_mins(5);

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Apply) -> Result<ExitStatus, Failure> {
    with_summary(context, arguments.summary.file.as_deref(), "apply", |context| apply(context, arguments))
}

fn apply(context: &mut Context<'_>, arguments: &args::Apply) -> Result<ExitStatus, Failure> {
    context.format("apply", &[Format::Text])?;
    if arguments.live.is_some() {
        return Err(CommandError::usage("`apply` changes the live side itself, and a snapshot cannot be changed")
            .hint("to see what would be done to it, use `accessctl plan --live FILE`")
            .into());
    }
    // What was reviewed is agreed to: where nobody can be asked, the file is the answer.
    let asks = !arguments.yes && (arguments.plan.is_none() || context.surroundings.can_ask);
    if asks && !context.surroundings.can_ask {
        return Err(CommandError::usage("`apply` asks before it changes anything, and there is no terminal to ask on")
            .hint("review the plan, then run `accessctl apply --yes`")
            .hint("or apply a plan that was saved for the review: `accessctl apply --plan FILE`")
            .into());
    }
    let reviewed = saved::read(context, arguments)?;
    let never_planned = match &reviewed {
        Some(reviewed) => reviewed.unplanned(context)?,
        None => Vec::new(),
    };
    let occasion = occasion(reviewed.as_ref(), &arguments.recording.meta)?;
    let keeping = Keeping::find(context, arguments.recording.journal.as_deref())?;
    let mut configuration = configuration(context, &arguments.paths.paths, Format::Text)?;
    if let Some(reviewed) = &reviewed {
        reviewed.narrow(context, &mut configuration)?;
    }
    let undo = match reviewed.as_ref().and_then(saved::Reviewed::undoes) {
        Some(run) => Some(super::undo::read(context, &keeping.folder, run)?),
        None => None,
    };
    if let Some(deeds) = &undo {
        super::undo::narrow(&mut configuration, deeds)?;
    }
    let ahead = undo.is_none().then_some(arguments.ahead);
    let asked = Asked { live: &[], earlier: &arguments.earlier.earlier, ahead, base: None, undo: undo.as_ref() };
    let mut all = plan_all(context, &mut configuration, asked)?;
    for (plan, live) in all.plans.iter().zip(&all.lives) {
        refuse_the_past(context, plan, live.as_ref())?;
    }
    let performing = Performing {
        keeping: &keeping,
        occasion: &occasion,
        arguments: &arguments.recording,
        sources: &configuration.sources,
    };
    let Left { mut beside, said, finished } = match &reviewed {
        Some(reviewed) => reviewed.restrict(context, &mut all, &performing)?,
        None => Left::default(),
    };
    let AllPlanned { mut plans, lives, unplanned, unmanaged: _, mut status } = all;
    for org in &never_planned {
        let problem = "not planned when the plan was saved, and not applied";
        context.summarize(|| Ok(summary::of_problem(org.as_str(), problem)))?;
        status = status.max(ExitStatus::Incomplete);
    }
    beside.resize_with(plans.len(), Vec::new);
    let accepted = accept(&mut plans, arguments);
    let options = context.options();
    let show = |out: &mut dyn Write| -> io::Result<()> {
        out.write_all(&said)?;
        let others = WithoutPlan { unplanned: &unplanned, unmanaged: &[] };
        text::write_plans(out, &plans, others, &configuration.sources, options)?;
        out.flush()
    };
    context.write_moment()?;
    show(&mut context.stdout())?;
    accepted?;
    for (plan, live, beside) in finished {
        let Some(live) = live else { continue };
        let told = if beside.is_empty() {
            performing.settle(context, &plan, &live).map(|()| ExitStatus::Done)
        } else {
            performing.conclude(context, &plan, &live, beside)
        };
        status = status.max(told_of(context, &plan, told)?);
    }
    // Nobody agrees to what they have not seen: a plan that went into a file is shown where the question is asked.
    let is_asked = asks && plans.iter().any(|plan| plan.to_do().next().is_some() && !plan.is_blocked());
    if is_asked && !context.surroundings.stdout_is_terminal {
        show(&mut context.stderr())?;
    }
    let mut approved: Vec<Approved<'_>> = Vec::new();
    for ((plan, live), beside) in plans.into_iter().zip(lives).zip(beside) {
        if plan.changes.is_empty() && !plan.is_blocked() {
            context.summarize(|| summary::of_plan(&plan, &configuration.sources))?;
            if let Some(live) = live {
                performing.settle(context, &plan, &live)?;
            }
            continue;
        }
        if plan.to_do().next().is_none() && !plan.is_blocked() {
            context.summarize(|| summary::of_plan(&plan, &configuration.sources))?;
            status = status.max(ExitStatus::Incomplete);
            continue;
        }
        // What is blocked or over is taken away all the same; the rest was refused.
        if plan.is_refused() {
            status = status.max(ExitStatus::Refused);
        }
        match (approve(plan), live) {
            (Ok(plan), Some(live)) => match live.lacks(plan.plan()) {
                None => approved.push(Approved { plan, live, beside }),
                Some(problem) => {
                    let error = CommandError::usage(problem.to_string())
                        .hint(problem.next_step())
                        .while_doing(format!("organization `{}` was not applied", plan.plan().org));
                    context.summarize(|| Ok(not_applied(&plan.plan().org, &error)))?;
                    status = status.max(error.tell(&mut context.stderr())?);
                }
            },
            (Err(refused), _) => {
                context.summarize(|| summary::of_plan(&refused, &configuration.sources))?;
                status = status.max(refuse(context, &refused)?);
            }
            // Only a snapshot cannot be written to, and there are none here.
            (Ok(_), None) => status = status.max(ExitStatus::Failure),
        }
    }
    if approved.is_empty() {
        return Ok(status);
    }
    if let Some(at) = context.global.at {
        context.warn(&[format!("this is done now, as it should be at another moment: {at}")]);
    }
    if asks && !agreed(context, &approved)? {
        context.tell("nothing was changed");
        return Ok(status.max(ExitStatus::Incomplete));
    }
    for org in &unplanned {
        context.summarize(|| Ok(summary::of_problem(org.as_str(), "not planned, see the log")))?;
    }
    for Approved { plan, live, beside } in approved {
        if context.surroundings.stop.is_asked() {
            let (org, cause) = (&plan.plan().org, context.surroundings.stop.cause());
            context.tell(&format!("organization `{}` was not begun: stopped by {cause}", visible_name(org)));
            context.summarize(|| Ok(summary::of_problem(org, &format!("not begun: stopped by {cause}"))))?;
            status = status.max(ExitStatus::Incomplete);
            continue;
        }
        let done = performing.perform(context, &plan, &live, beside);
        status = status.max(told_of(context, plan.plan(), done)?);
    }
    Ok(status)
}

/// What the run takes along from the saved plan and from the arguments. Neither is to hide what the other one says.
fn occasion(reviewed: Option<&saved::Reviewed>, meta: &[(String, String)]) -> Result<Occasion, CommandError> {
    let carried = reviewed.into_iter().flat_map(|reviewed| reviewed.saved.meta.entries());
    let all = carried.map(|(key, text)| (key.clone(), text.clone())).chain(meta.iter().cloned());
    let meta = Meta::new(all).map_err(|problem| {
        let error = CommandError::usage(format!("`--meta` cannot be used: {problem}"));
        if reviewed.is_some() { error.hint("what the saved plan carries counts too") } else { error }
    })?;
    Ok(Occasion {
        plan: reviewed.map(|reviewed| reviewed.saved.digest.clone()),
        meta: meta.entries().clone(),
        undoes: reviewed.and_then(saved::Reviewed::undoes).map(str::to_owned),
    })
}

/// The status of one organization; an error of it is told, and the others go on.
fn told_of(context: &mut Context<'_>, plan: &Plan, done: Result<ExitStatus, Failure>) -> Result<ExitStatus, Failure> {
    match done {
        Ok(done) => Ok(done),
        Err(Failure::Error(error)) => {
            context.summarize(|| Ok(not_applied(&plan.org, &error)))?;
            let doing = format!("organization `{}` was not applied", plan.org);
            Ok(error.while_doing(doing).tell(&mut context.stderr())?)
        }
        Err(failure @ (Failure::Closed | Failure::Told(_))) => Err(failure),
    }
}

/// What is going to be applied to one organization.
struct Approved<'a> {
    plan: ApprovedPlan,
    live: Live<'a>,
    /// What became of the changes of a saved plan that are not in this one.
    beside: Vec<(Change, Outcome)>,
}

/// Lets through what is held, where the exact number of it was given.
fn accept(plans: &mut [Plan], arguments: &args::Apply) -> Result<(), CommandError> {
    let numbers = [
        (GuardCode::MaxRemovals, "--accept-removals", "removal", arguments.accept_removals),
        (GuardCode::MaxInvites, "--accept-invites", "invitation", arguments.accept_invites),
    ];
    for (code, flag, noun, given) in numbers {
        let held: usize = plans.iter().map(|plan| plan.held_by(code)).sum();
        if let Some(given) = given.filter(|given| *given != held) {
            let are = if held == 1 { "is" } else { "are" };
            let message = format!("`{flag} {given}` is not what the plan needs: {} {are} held", count(held, noun));
            let error = CommandError::new(Kind::Refused, message).hint("nothing was applied; look at the plan again");
            return Err(if held == 0 {
                error
            } else {
                error.hint(format!("to let them through, give `{flag} {held}`"))
            });
        }
    }
    for plan in plans.iter_mut() {
        plan.accepted = Accepted {
            removals: arguments.accept_removals.map(|_| plan.held_by(GuardCode::MaxRemovals)),
            invites: arguments.accept_invites.map(|_| plan.held_by(GuardCode::MaxInvites)),
        };
        judge(plan);
    }
    Ok(())
}

/// Why an organization was not applied, for the summary.
fn not_applied(org: &str, error: &CommandError) -> String {
    let causes: Vec<String> = error.error.chain().map(ToString::to_string).collect();
    summary::of_problem(org, &format!("not applied\n{}", causes.join("\n")))
}

/// Refuses a moment of `--at` that is over: what has ended since, waivers and exceptions among it, would count again. A
/// local store is for rehearsal, where that may be wanted.
fn refuse_the_past(context: &Context<'_>, plan: &Plan, live: Option<&Live<'_>>) -> Result<(), CommandError> {
    let (Some(at), false) = (context.global.at, live.is_some_and(|live| live.name() == "local")) else { return Ok(()) };
    if context.now.duration_since(plan.as_of) <= NEARLY_NOW {
        return Ok(());
    }
    let message = format!(
        "organization `{}`: `apply` cannot go back to `--at {at}`: what has ended since would count again",
        plan.org
    );
    Err(CommandError::usage(message).hint("leave out `--at`; to look at that moment, use `accessctl plan --at`"))
}

fn refuse(context: &mut Context<'_>, plan: &Plan) -> Result<ExitStatus, Failure> {
    let error = CommandError::new(Kind::Refused, format!("organization `{}`: a guard blocks the plan", plan.org))
        .hint("nothing of it was applied; the plan above says which guard and what to do");
    Ok(error.tell(&mut context.stderr())?)
}

/// Asks once for all organizations.
fn agreed(context: &mut Context<'_>, approved: &[Approved<'_>]) -> Result<bool, Failure> {
    let changes: usize = approved.iter().map(|one| one.plan.plan().to_do().count()).sum();
    let names: Vec<_> = approved.iter().take(3).map(|one| visible_name(&one.plan.plan().org)).collect();
    let these = if changes == 1 { "this change".to_owned() } else { format!("these {}", count(changes, "change")) };
    let question = format!("Apply {these} to {}? Type yes to go on: ", list_of(&names, approved.len()));
    write!(context.surroundings.stderr, "{question}")?;
    context.surroundings.stderr.flush()?;
    let mut answer = String::new();
    if context.surroundings.stdin.read_line(&mut answer)? == 0 {
        // Nothing was typed, not even the end of the line that the question stands on.
        writeln!(context.surroundings.stderr)?;
    }
    Ok(answer.trim().eq_ignore_ascii_case("yes"))
}
