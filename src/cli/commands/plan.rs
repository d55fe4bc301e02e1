//! `accessctl plan`: what apply would do, and nothing done.

use crate::cli::ExitStatus;
use crate::cli::args::{self, Format};
use crate::cli::configuration::configuration;
use crate::cli::context::Context;
use crate::cli::error::Failure;
use crate::cli::planned::{AllPlanned, Asked, plan_all};
use crate::plan::Plan;
use crate::render::{diff, json, text};

pub(crate) fn run(context: &mut Context<'_>, arguments: &args::Plan) -> Result<ExitStatus, Failure> {
    let format = context.format("plan", &[Format::Text, Format::Json, Format::Diff])?;
    let mut configuration = configuration(context, &arguments.paths.paths, format)?;
    let asked = Asked { live: &arguments.live, earlier: &arguments.earlier.earlier, ahead: arguments.ahead };
    let AllPlanned { plans, lives, unplanned, status } = plan_all(context, &mut configuration, asked)?;
    for (plan, live) in plans.iter().zip(&lives) {
        if let Some(problem) = live.as_ref().and_then(|live| live.lacks(plan)) {
            let text = format!("{problem}; `apply` needs it for this plan: {}", problem.next_step());
            context.warn(&[text]);
        }
    }
    let (now, as_of, options) = (context.now, context.as_of_all(&plans), context.options());
    match format {
        Format::Text => {
            context.write_moment()?;
            let mut out = context.stdout();
            text::write_plans(&mut out, &plans, &unplanned, &configuration.sources, options)?;
        }
        Format::Json => {
            let out = &mut *context.surroundings.stdout;
            json::write_plans(out, &plans, &unplanned, &configuration.sources, now, as_of)?;
        }
        // The formats were checked above: the others are not among those of this command.
        Format::Diff | Format::Csv | Format::Markdown | Format::Html => {
            diff::write_plans(context.surroundings.stdout, &plans)?;
        }
    }
    let status = plans.iter().map(|plan| status_of(plan, arguments.exit_code)).fold(status, Ord::max);
    // The process is about to end, and the system takes memory back far quicker than a million names one by one.
    std::mem::forget((plans, configuration));
    Ok(status)
}

fn status_of(plan: &Plan, exit_code: bool) -> ExitStatus {
    if plan.is_blocked() {
        ExitStatus::Refused
    } else if exit_code && !plan.changes.is_empty() {
        ExitStatus::Differences
    } else {
        ExitStatus::Done
    }
}
