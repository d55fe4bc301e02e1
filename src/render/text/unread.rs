//! What of the live side is not known: parts that were not read, and org roles of which nothing but the name is known.

use std::io::{self, Write};

use super::changes::project_name;
use super::line::{DIM, Fill, Line, PLAIN, TITLE, write_paragraph};
use super::words::{list, list_of};
use crate::access::{UnreadSources, UserAccess};
use crate::model::Unread;
use crate::plan::Plan;
use crate::render::{Options, visible, visible_name};

/// Names in one line before the rest is counted.
const NAMED: usize = 4;

/// Added to what is said of everything, where not everything was read.
pub(crate) fn as_far(plan: &Plan) -> &'static str {
    if plan.live.unread.is_empty() { "" } else { " as far as was read" }
}

/// Added to what is said of nobody's access.
pub(crate) fn as_far_as_known(plan: &Plan) -> &'static str {
    let live = &plan.live;
    let is_known = live.unread.is_empty() && live.users.values().all(|user| user.role.is_known());
    if is_known { "" } else { " as far as is known" }
}

/// ` {verb} by …` after what is said of somebody who may have more than that; nothing where all is known.
pub(crate) fn perhaps(verb: &str, unread: UnreadSources) -> String {
    let UnreadSources { org_role, teams, grants, invitation } = unread;
    let parts = [(teams, "teams"), (grants, "grants and the default role"), (invitation, "an invitation")];
    let parts: Vec<&str> = parts.into_iter().filter(|(is_so, _)| *is_so).map(|(_, part)| part).collect();
    let mut by = Vec::new();
    if !parts.is_empty() {
        by.push(format!(
            "by {}, which {} not read",
            list(&parts),
            if parts == ["an invitation"] { "was" } else { "were" }
        ));
    }
    if org_role {
        by.push("by an org role that is not known".to_owned());
    }
    if by.is_empty() { String::new() } else { format!("; {verb} {}", by.join(", or ")) }
}

/// What may give somebody more on any of their projects.
pub(crate) fn of_all(access: &UserAccess<'_>) -> UnreadSources {
    access.rows().fold(UnreadSources::default(), |all, row| UnreadSources {
        org_role: all.org_role || row.unread.org_role,
        teams: all.teams || row.unread.teams,
        grants: all.grants || row.unread.grants,
        invitation: all.invitation || row.unread.invitation,
    })
}

/// Writes what is not known; nothing where all is.
///
/// # Errors
/// Whatever the writer returns.
pub(crate) fn write_unread(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    let lines = lines(plan, if options.verbose { usize::MAX } else { NAMED });
    if lines.is_empty() {
        return Ok(());
    }
    let heading = [(TITLE, "Not known"), (PLAIN, "  "), (DIM, "people may have more access than is shown")];
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &heading)?;
    for text in lines {
        let mut fill = Fill::new(Line::indented(4), 6, options.width);
        fill.words(PLAIN, &text);
        for line in fill.finish() {
            line.write(out)?;
        }
    }
    Ok(())
}

fn lines(plan: &Plan, named: usize) -> Vec<String> {
    let Unread { invitations, teams, projects, people } = &plan.live.unread;
    let mut lines = Vec::new();
    if *teams {
        lines.push("teams were not read, with their members and roles".to_owned());
    }
    if !projects.is_empty() {
        let names: Vec<_> = projects.iter().take(named).map(|id| project_name(plan, *id)).collect();
        lines.push(format!("grants and the default role were not read on {}", list_of(&names, projects.len())));
    }
    if *invitations {
        lines.push("pending invitations were not read: whoever is only invited is not among the users".to_owned());
    }
    if !people.is_empty() {
        let names: Vec<_> = people.iter().take(named).map(|user| visible(user)).collect();
        let are = if people.len() == 1 {
            "is named by a team or project and is"
        } else {
            "are named by teams or projects and are"
        };
        lines.push(format!(
            "{} {are} not among the users: invited, or missing in the list; they are neither invited nor \
             added nor taken out, whatever the configuration says",
            list_of(&names, people.len())
        ));
    }
    for (role, users) in plan.live.unknown_org_roles() {
        let names: Vec<_> = users.iter().take(named).map(|user| visible(user)).collect();
        let has = if users.len() == 1 { "has" } else { "have" };
        let role = visible_name(role.as_str());
        lines.push(format!("{} {has} the org role {role}: what it can do is not known", list_of(&names, users.len())));
    }
    lines
}
