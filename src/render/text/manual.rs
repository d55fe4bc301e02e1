//! What people have to do themselves: a checklist in plain words.
//!
//! No source tells the address of a settings page, so none is made up: a step has the host where people sign in (dossier
//! 2.1), the organization and the project by the name and the id that the service has for them, and the words of its menus
//! (dossier 1.3 and 1.6).

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::changes::{org_role, team_name};
use super::fold::WORTH_HIDING;
use super::line::{ALARM, DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use super::words::{count, list_of, thousands};
use crate::apply::{Outcome, Report};
use crate::change::Change;
use crate::model::{OrgRole, Organization, ProjectId, ProjectRole};
use crate::plan::{ChangeId, Channel, GuardCode, Plan, PlannedChange};
use crate::render::report::sentence;
use crate::render::{Options, visible, visible_name};

/// Steps that are shown unless all are asked for.
const STEPS: usize = 10;

/// What people have to do themselves, each step in its words and in an order in which they can be done.
pub(crate) struct Steps<'p> {
    /// What the steps are, and where.
    pub(crate) heading: String,
    /// Each with its change.
    pub(crate) steps: Vec<Step<'p>>,
    /// What is to be known of them all.
    pub(crate) note: Option<String>,
}

/// A step.
pub(crate) struct Step<'p> {
    pub(crate) planned: &'p PlannedChange,
    /// What to do.
    pub(crate) text: String,
    /// What has to be done first.
    pub(crate) not_before: Option<String>,
}

impl Step<'_> {
    /// The whole of it: plain text that is inert.
    pub(crate) fn words(&self) -> String {
        let needed = self.not_before.as_ref().map_or(String::new(), |needed| format!("; not before {needed}"));
        format!("{}{needed}", self.text)
    }
}

/// What people have to do themselves of `plan`; after an apply, of which `report` tells, what can be done now.
pub(crate) fn steps<'p>(plan: &'p Plan, report: Option<&Report>) -> Steps<'p> {
    let outcome = |id: ChangeId| report?.outcomes.get((id.0 as usize).wrapping_sub(1)).map(|(_, outcome)| outcome);
    let is_step = |planned: &&PlannedChange| match report {
        None => planned.channel == Channel::Manual,
        Some(_) => outcome(planned.id).is_some_and(Outcome::is_by_hand),
    };
    let is_unseen = |planned: &PlannedChange| matches!(outcome(planned.id), Some(Outcome::Unseen(_)));
    let all: Vec<&PlannedChange> = plan.to_do().filter(is_step).collect();
    let unseen = all.iter().filter(|planned| is_unseen(planned)).count();
    let mut parts = Vec::new();
    if all.len() > unseen {
        let needs_owner = plan.guards.iter().any(|finding| finding.code == GuardCode::Authority);
        let or_an_owner = if needs_owner { ", or that an owner must make" } else { "" };
        parts.push(format!("{} that no known request makes{or_an_owner}", count(all.len() - unseen, "change")));
    }
    if unseen > 0 {
        parts.push(format!("{} of which a mail may have been sent", count(unseen, "invitation")));
    }
    let mut heading = parts.join(", and ");
    if let Some(address) = &plan.address {
        let Organization { id, name } = &plan.live.organization;
        heading.push_str(&format!("; sign in at {}, organization {} ({id})", visible(address), visible_name(name)));
    }
    let step = |planned: &&'p PlannedChange| Step {
        planned,
        text: if is_unseen(planned) { looked_for(&planned.change) } else { step(plan, &planned.change) },
        not_before: prerequisite(plan, planned, &all, &|id| outcome(id).is_some_and(Outcome::is_done)),
    };
    Steps { heading, steps: all.iter().map(step).collect(), note: awaited(plan, &all) }
}

/// Writes the steps; nothing where there are none. After an apply, of which `report` tells, those that can be done now,
/// and all of them.
///
/// # Errors
/// Whatever the writer returns.
pub(crate) fn write_steps(
    out: &mut dyn Write,
    plan: &Plan,
    report: Option<&Report>,
    options: Options,
) -> io::Result<()> {
    let Steps { heading, steps, note } = steps(plan, report);
    if steps.is_empty() {
        return Ok(());
    }
    let is_whole = options.verbose || report.is_some() || steps.len() < STEPS + WORTH_HIDING;
    let shown = if is_whole { steps.len() } else { STEPS };
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &[(TITLE, "By hand"), (PLAIN, "  "), (DIM, &heading)])?;
    for (number, step) in (1..).zip(steps.iter().take(shown)) {
        let not_before = step.not_before.as_ref().map(|needed| format!("; not before {needed}"));
        write_step(out, number, (&step.text, not_before.as_deref()), options)?;
    }
    if steps.len() > shown {
        let text = format!("… and {} more; -v shows all", thousands(steps.len() - shown));
        write_paragraph(out, 4, options.width, &[(DIM, &text)])?;
    }
    if let Some(note) = note {
        write_paragraph(out, 4, options.width, &[(DIM, &note)])?;
    }
    Ok(())
}

/// Writes one step with its number, and what has to be done first.
///
/// # Errors
/// Whatever the writer returns.
pub(crate) fn write_step(
    out: &mut dyn Write,
    number: usize,
    (text, not_before): (&str, Option<&str>),
    options: Options,
) -> io::Result<()> {
    let number = format!("{number}. ");
    let mut first = Line::indented(4);
    first.push(PLAIN, &number);
    let mut fill = Fill::new(first, 4 + number.len(), options.width);
    fill.words(PLAIN, text);
    if let Some(not_before) = not_before {
        fill.words(ALARM, not_before);
    }
    for line in fill.finish() {
        line.write(out)?;
    }
    Ok(())
}

/// Says which roles no request can give as long as nobody was read to have them.
fn awaited(plan: &Plan, steps: &[&PlannedChange]) -> Option<String> {
    let changes: Vec<&Change> = steps.iter().map(|planned| &planned.change).collect();
    let awaiting = plan.awaiting_a_role(&changes);
    let roles: BTreeSet<String> = awaiting.into_iter().filter_map(|change| given(plan, change)).collect();
    let roles: Vec<String> = roles.into_iter().collect();
    (!roles.is_empty()).then(|| {
        format!(
            "nobody was read to have {}, so how the service writes that is not known: once a step has given it to somebody, \
             the next run gives it to the others by request",
            list_of(&roles, roles.len())
        )
    })
}

/// The role that a change gives, in words.
fn given(plan: &Plan, change: &Change) -> Option<String> {
    let custom = |project: &ProjectId, role: &ProjectRole| {
        Some(format!("the role {} of {}", visible_name(role.as_str()), project_of(plan, *project)))
    };
    match change {
        Change::InviteUser { role, .. } | Change::SetOrgRole { to: role, .. } => {
            Some(format!("the organization role {}", org_role(role)))
        }
        Change::SetEveryone { project, to, .. }
        | Change::SetTeamRole { project, to, .. }
        | Change::SetGrant { project, to, .. } => custom(project, to),
        Change::RenameTeam { .. }
        | Change::CreateTeam { .. }
        | Change::AddTeamMember { .. }
        | Change::RemoveGrant { .. }
        | Change::RemoveTeamMember { .. }
        | Change::RemoveTeamRole { .. }
        | Change::RemoveEveryone { .. }
        | Change::DeleteTeam { .. }
        | Change::CancelInvite { .. }
        | Change::RemoveUser { .. } => None,
    }
}

/// What the service calls a project, with its id: several may have one name, and no page of the service shows the key that
/// the configuration has for it.
fn project_of(plan: &Plan, id: ProjectId) -> String {
    match plan.live.projects.get(&id).map(|project| project.name.trim()) {
        None | Some("") => id.to_string(),
        Some(name) => format!("{} ({id})", visible_name(name)),
    }
}

/// What must be done before a step.
fn prerequisite(
    plan: &Plan,
    planned: &PlannedChange,
    steps: &[&PlannedChange],
    is_done: &dyn Fn(ChangeId) -> bool,
) -> Option<String> {
    let needed: Vec<ChangeId> = planned.depends_on.iter().copied().filter(|id| !is_done(*id)).collect();
    let step = |id: &ChangeId| steps.iter().position(|step| step.id == *id).map(|place| place + 1);
    let named = needed.iter().find_map(|id| step(id).map(|number| format!("step {number}")));
    let (one, more) = match (named, needed.as_slice()) {
        (_, []) => return None,
        (Some(named), [_]) => (named, 0),
        (None, [id, more @ ..]) => {
            let change = plan.changes.iter().find(|known| known.id == *id)?;
            (format!("{id} ({})", sentence(plan, &change.change)), more.len())
        }
        (Some(named), needed) => (named, needed.len() - 1),
    };
    Some(match more {
        0 => format!("{one} is done"),
        more => format!("{one} and {} are done", count(more, "other change")),
    })
}

/// What to do about an invitation of which a mail may have been sent.
fn looked_for(change: &Change) -> String {
    let user = change.user().map_or("them", |user| user);
    format!(
        "Organization settings, Users: look for {} among the Users and the Invited Users, ask them for the mail, and invite \
         them only if there is neither",
        visible(user)
    )
}

/// What to do, with the words of the service's own pages (dossier 1.3 and 1.6).
fn step(plan: &Plan, change: &Change) -> String {
    let project = |id: &ProjectId| project_of(plan, *id);
    let name = |role: &ProjectRole| visible_name(role.as_str()).into_owned();
    let users = "Organization settings, Users";
    let teams = "Organization settings, Teams";
    let access = |id: &ProjectId| format!("Settings of the project {}, its users", project(id));
    match change {
        Change::InviteUser { user, role } => {
            let unless = if plan.live.unread.invitations { ", unless they are among the Invited Users" } else { "" };
            format!("{users}: invite {} with the organization role {}{unless}", visible(user), org_role(role))
        }
        Change::CancelInvite { user } => {
            format!("{users}, Invited Users: delete the invitation of {}", visible(user))
        }
        Change::SetOrgRole { user, from, to } => format!(
            "{users}: open {} and change the Organization Role from {} to {}",
            visible(user),
            org_role(from),
            org_role(to)
        ),
        Change::RemoveUser { user } => {
            // Nobody removes somebody who is not below them, and nobody is above an owner (dossier 1.4).
            let is_owner = plan.live.users.get(user).is_some_and(|found| found.role == OrgRole::Owner);
            let (first, who) = if is_owner {
                let lower = "change the Organization Role of";
                (format!("{lower} {} from owner to member, then ", visible(user)), "them".into())
            } else {
                (String::new(), visible(user))
            };
            format!(
                "{users}: {first}remove {who} from the organization, with all teams and roles; this cannot be undone"
            )
        }
        Change::CreateTeam { team } => format!("{teams}: create {}", team_name("the team", team)),
        Change::RenameTeam { from, to } => {
            format!("{teams}: rename {} to {}", team_name("the team", from), visible_name(to))
        }
        Change::DeleteTeam { team } => format!("{teams}: delete {}", team_name("the team", team)),
        Change::AddTeamMember { team, user } => {
            format!("{teams}: open {} and add {}", team_name("the team", team), visible(user))
        }
        Change::RemoveTeamMember { team, user } => {
            format!("{teams}: open {} and remove {}", team_name("the team", team), visible(user))
        }
        Change::SetTeamRole { team, project: id, to, .. } => {
            format!("{teams}: open {} and set its role on {} to {}", team_name("the team", team), project(id), name(to))
        }
        Change::RemoveTeamRole { team, project: id, .. } => {
            format!("{teams}: open {} and remove the project {}", team_name("the team", team), project(id))
        }
        Change::SetGrant { user, project: id, from: None, to } => {
            format!("{}: give {} the Individual Grant {}", access(id), visible(user), name(to))
        }
        Change::SetGrant { user, project: id, from: Some(from), to } => format!(
            "{}: change the Individual Grant of {} from {} to {}",
            access(id),
            visible(user),
            name(from),
            name(to)
        ),
        Change::RemoveGrant { user, project: id, from } => format!(
            "{}: remove the Individual Grant {} of {}; do not remove the person from the organization",
            access(id),
            name(from),
            visible(user)
        ),
        Change::SetEveryone { project: id, to, .. } => {
            format!("{}: set the All Users Grant to {}", access(id), name(to))
        }
        Change::RemoveEveryone { project: id, .. } => format!("{}: remove the All Users Grant", access(id)),
    }
}
