//! What of the live side is not known, in a plan.

use std::io::{self, Write};

use super::changes::project_name;
use super::words::list;
use crate::access::{UnreadSources, UserAccess};
use crate::plan::Plan;
use crate::render::Options;
use crate::render::unread::{NAMED, sentences, write_section};

/// Added to what is said of everything, where not everything was read.
pub(crate) fn as_far(plan: &Plan) -> &'static str {
    if plan.live.unread.is_empty() { "" } else { " as far as was read" }
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
    let named = if options.verbose { usize::MAX } else { NAMED };
    write_section(out, &sentences(&plan.live, |id| project_name(plan, id), named), options.width)
}
