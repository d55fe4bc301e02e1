//! What a plan leaves alone, and why.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::changes::project_name;
use super::line::{DIM, PLAIN, TITLE, write_paragraph};
use super::words::{count, list_of};
use crate::plan::{Kept, KeptWhat, KeptWhy, Plan, Section};
use crate::render::{Options, visible, visible_name};

/// Names shown of each group before the rest is counted.
const NAMED: usize = 4;
/// Lines shown before the rest is counted: a move to another domain gives each renamed person a reason of their own.
const LINES: usize = 20;

/// Whether something is kept only until somebody does something, or although something else is declared: not to be hidden
/// behind a count.
pub(crate) fn someone_waits(plan: &Plan) -> bool {
    plan.kept.iter().any(|kept| match kept.why {
        KeptWhy::AwaitsRename(_) | KeptWhy::AwaitsMove(_) | KeptWhy::AwaitsProvider(_) | KeptWhy::UnreadMembers => true,
        KeptWhy::NotListed(_)
        | KeptWhy::NotManaged(_)
        | KeptWhy::Ignored(_)
        | KeptWhy::UndeclaredProject
        | KeptWhy::NotStated
        | KeptWhy::MembersNotManaged
        | KeptWhy::ScimManaged
        | KeptWhy::ServiceAccounts => false,
    })
}

/// Writes what is kept, in one line for each reason and kind.
pub(crate) fn write_kept(out: &mut dyn Write, plan: &Plan, options: Options) -> io::Result<()> {
    if plan.kept.is_empty() {
        return Ok(());
    }
    let heading = [(TITLE, "Kept"), (PLAIN, "  "), (DIM, "live things that the configuration does not manage")];
    writeln!(out)?;
    write_paragraph(out, 2, options.width, &heading)?;
    let mut groups: BTreeMap<(&KeptWhy, Kind), Vec<&Kept>> = BTreeMap::new();
    for kept in &plan.kept {
        groups.entry((&kept.why, kind(&kept.what))).or_default().push(kept);
    }
    // One line more costs no more room than the line that would say that it is hidden.
    let lines = if options.verbose || groups.len() <= LINES + 1 { groups.len() } else { LINES };
    let hidden: usize = groups.values().skip(lines).flatten().map(|kept| weight(&kept.what)).sum();
    for ((why, kind), members) in groups.into_iter().take(lines) {
        let shown = if options.verbose { members.len() } else { NAMED };
        let names: Vec<String> = members.iter().take(shown).map(|kept| name(plan, &kept.what)).collect();
        let number = count(members.iter().map(|kept| weight(&kept.what)).sum(), kind.noun());
        let mut text = format!("{number} ({})", reason(plan, why));
        if names.iter().any(|name| !name.is_empty()) {
            text.push_str(": ");
            text.push_str(&list_of(&names, members.len()));
        }
        write_paragraph(out, 4, options.width, &[(PLAIN, &text)])?;
    }
    if hidden > 0 {
        writeln!(out, "    {DIM}… and {}; -v shows all{DIM:#}", count(hidden, "more thing"))?;
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    User,
    Team,
    Member,
    TeamRole,
    Grant,
    Everyone,
}

impl Kind {
    fn noun(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Team => "team",
            Self::Member => "team membership",
            Self::TeamRole => "team role",
            Self::Grant => "grant",
            Self::Everyone => "default role",
        }
    }
}

fn kind(what: &KeptWhat) -> Kind {
    match what {
        KeptWhat::User(_) | KeptWhat::Section(Section::Users, _) => Kind::User,
        KeptWhat::Team(_) | KeptWhat::Section(Section::Teams, _) => Kind::Team,
        KeptWhat::Member(..) | KeptWhat::Members(..) => Kind::Member,
        KeptWhat::TeamRole(..) | KeptWhat::TeamRoles(..) => Kind::TeamRole,
        KeptWhat::Grant(..) | KeptWhat::Section(Section::Grants, _) => Kind::Grant,
        KeptWhat::Everyone(..) | KeptWhat::Section(Section::Everyone, _) => Kind::Everyone,
    }
}

fn weight(what: &KeptWhat) -> usize {
    match what {
        KeptWhat::Members(_, number) | KeptWhat::TeamRoles(_, number) | KeptWhat::Section(_, number) => *number,
        KeptWhat::User(_)
        | KeptWhat::Team(_)
        | KeptWhat::Member(..)
        | KeptWhat::TeamRole(..)
        | KeptWhat::Grant(..)
        | KeptWhat::Everyone(..) => 1,
    }
}

fn name(plan: &Plan, what: &KeptWhat) -> String {
    match what {
        KeptWhat::User(user) => visible(user).into_owned(),
        KeptWhat::Team(team) => visible_name(team).into_owned(),
        KeptWhat::Member(team, user) => format!("{} in {}", visible(user), visible_name(team)),
        KeptWhat::Members(team, number) => format!("{} of {}", count(*number, "member"), visible_name(team)),
        KeptWhat::TeamRole(team, project, role) => {
            format!("{} {} on {}", visible_name(team), visible_name(role.as_str()), project_name(plan, *project))
        }
        KeptWhat::TeamRoles(team, number) => format!("{} of {}", count(*number, "role"), visible_name(team)),
        KeptWhat::Grant(user, project, role) => {
            format!("{} {} on {}", visible(user), visible_name(role.as_str()), project_name(plan, *project))
        }
        KeptWhat::Everyone(project, role) => {
            format!("{} on {}", visible_name(role.as_str()), project_name(plan, *project))
        }
        KeptWhat::Section(..) => String::new(),
    }
}

fn reason(plan: &Plan, why: &KeptWhy) -> String {
    match why {
        KeptWhy::NotListed(section) => format!("not listed; `{}` is managed as `listed`", section.as_str()),
        KeptWhy::NotManaged(section) => format!("`{}` is not managed", section.as_str()),
        KeptWhy::Ignored(pattern) => format!("ignored by `{}`", visible(pattern)),
        KeptWhy::UndeclaredProject => "undeclared project".to_owned(),
        KeptWhy::NotStated => "the team does not state this part".to_owned(),
        KeptWhy::MembersNotManaged => "the members of teams are not managed".to_owned(),
        KeptWhy::ScimManaged => "an identity provider looks after them".to_owned(),
        KeptWhy::ServiceAccounts => "service accounts are in it".to_owned(),
        KeptWhy::UnreadMembers => "has people who were not read".to_owned(),
        KeptWhy::AwaitsProvider(team) => {
            format!("until the identity provider calls it {}", visible_name(team))
        }
        KeptWhy::AwaitsRename(user) => format!("kept until {} has joined", visible(user)),
        KeptWhy::AwaitsMove(user) if plan.live.unread.hides_access() => {
            format!("may hold what was not read: move it to {} by hand", visible(user))
        }
        KeptWhy::AwaitsMove(user) => format!("holds what is not managed: move it to {} by hand", visible(user)),
    }
}
