//! What the configuration says and the live side cannot follow.

use std::collections::BTreeSet;

use crate::desired::{Desired, Fact, InForce, ManageMode};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Email, ProjectId, ProjectRole, State, TeamName};
use crate::near::nearest;
use crate::source::Span;

/// After this many missing users no near names are looked for: comparing every name with every other takes too long.
const NEAR_LIMIT: usize = 20;

/// Compares what is declared with what the organization has: projects, custom roles, users that nobody invites.
/// `target` is the state that was worked out from both.
pub(super) fn against_live(desired: &Desired, in_force: &InForce<'_>, live: &State, target: &State) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    if live.organization.id != desired.id {
        findings.push(Diagnostic::at(
            Code::LiveOrganization,
            desired.place,
            format!(
                "`{}` is organization {}, but the live side is organization {}",
                desired.key, desired.id, live.organization.id
            ),
            "this organization",
        ));
    }
    unread(&mut findings, desired, live);
    for (id, project) in &desired.projects {
        let Some(found) = live.projects.get(id) else {
            let mut finding = Diagnostic::at(
                Code::LiveProjectMissing,
                project.place,
                format!("the organization has no project {id}"),
                format!("`{}` is not there", project.key),
            );
            let same_name = |name: &str| live.projects.iter().find(|(_, other)| other.name == name);
            if let Some((other, _)) = project.name.as_ref().and_then(|name| same_name(&name.value)) {
                finding = finding.help(format!("a project of the same name has the id {other}"));
            }
            findings.push(finding.note("projects are never created or deleted by this tool"));
            continue;
        };
        if let Some(name) = &project.name
            && name.value != found.name
        {
            findings.push(
                Diagnostic::at(
                    Code::ProjectNameDiffers,
                    name.place,
                    format!("project {id} is called `{}` on the live side", found.name),
                    "another name",
                )
                .help("make sure that the id is the right one"),
            );
        }
        if let Some(glob) = desired.ignore.project(&[&found.name]) {
            let message =
                format!("project {id} is declared, and `{glob}` ignores it by its live name `{}`", found.name);
            findings.push(
                Diagnostic::at(Code::LiveProjectIgnored, project.place, message, "declared here").help(
                    "take it out of the configuration, or write a narrower pattern under `manage.ignore.projects`",
                ),
            );
        }
        if let Some(role) = &project.everyone {
            custom_role(&mut findings, live, *id, role);
        }
    }
    let awaited = desired.teams.iter().filter(|(name, team)| {
        let is_there = |name: &TeamName| live.teams.contains_key(name);
        desired.manage.teams != ManageMode::None
            && team.scim_managed
            && !is_there(name)
            && !team.previously.keys().any(is_there)
    });
    for (name, team) in awaited {
        let message = format!("the identity provider has not made the team `{name}` yet");
        findings.push(
            Diagnostic::at(Code::LiveTeamAwaited, team.place, message, "not there yet")
                .help("push the group from the identity provider; its roles are given by the next plan after that"),
        );
    }
    // What is not managed or not in force is not done, and so need not be possible.
    let teams = desired.teams.values().filter(|_| desired.manage.teams != ManageMode::None);
    let grants = desired.grants.iter().filter(|_| desired.manage.grants != ManageMode::None);
    let grants = grants.filter(|((user, _), fact)| in_force.fact_of(user, fact).is_none());
    let roles = teams.clone().flat_map(|team| team.roles.iter().flatten());
    for (project, role) in roles.filter(|(_, role)| in_force.fact(role).is_none()) {
        custom_role(&mut findings, live, *project, role);
    }
    for ((_, project), role) in grants.clone() {
        custom_role(&mut findings, live, *project, role);
    }
    // Where users are managed, whoever is named is declared, and whoever is declared is there or invited.
    if desired.users.is_none() || desired.manage.users == ManageMode::None {
        let members = teams.flat_map(|team| team.members.iter().flatten());
        let members = members.filter(|(user, fact)| in_force.fact_of(user, fact).is_none());
        let members = members.map(|(user, fact)| (user, fact.place));
        let holders = grants.map(|((user, _), fact)| (user, fact.place));
        let is_missing = |user: &Email| !target.users.contains_key(user) && !live.unread.people.contains(user);
        let missing = members.chain(holders).filter(|(user, _)| is_missing(user));
        for (index, (user, place)) in missing.enumerate() {
            let known = target.users.keys().map(|email| &**email);
            let near = if index < NEAR_LIMIT { nearest(user, known) } else { None };
            findings.push(nobody(user, place, near, desired.users.is_some()));
        }
    }
    findings.extend(blocked_strangers(desired, live));
    findings.extend(blocked_unread(desired, live));
    crate::diagnostic::sort(&mut findings);
    findings
}

/// Blocked addresses that belong to nobody and are nearly those of somebody: a slip would leave that person's access.
fn blocked_strangers(desired: &Desired, live: &State) -> Vec<Diagnostic> {
    let users = || desired.users.iter().flatten();
    let old: BTreeSet<&Email> = users().flat_map(|(_, user)| user.previously.keys()).collect();
    let is_known = |user: &Email| {
        let declared = desired.users.as_ref().is_some_and(|users| users.contains_key(user));
        declared || live.users.contains_key(user) || live.unread.people.contains(user) || old.contains(user)
    };
    let strangers = desired.blocked.iter().filter(|(user, _)| !is_known(user)).take(NEAR_LIMIT);
    let near = strangers.filter_map(|(user, fact)| {
        let others = live.users.keys().chain(users().map(|(email, _)| email));
        let near = nearest(user, others.filter(|other| !desired.blocked.contains_key(*other)).map(|other| &**other))?;
        let message = format!("`{user}` is blocked and is no user");
        let finding = Diagnostic::at(Code::BlockedUnknown, fact.place, message, "nobody has this address");
        let done = "or delete this line if it is right: there is nothing left to take";
        Some(finding.help(format!("did you mean `{near}`?")).help(done))
    });
    near.collect()
}

/// Blocked people of whom it is not known whether they are invited, so that nothing is taken from them.
fn blocked_unread<'a>(desired: &'a Desired, live: &'a State) -> impl Iterator<Item = Diagnostic> + use<'a> {
    let unread = live.unread.people.iter().filter_map(|user| Some((user, desired.blocked.get(user)?)));
    unread.map(|(user, fact)| {
        let message = format!(
            "`{user}` is blocked, and nothing is done about it: teams or projects name the address, \
            and it is in no list that was read"
        );
        let finding = Diagnostic::at(Code::BlockedUnread, fact.place, message, "keeps what it has");
        finding.help("look among the users and the invited users of the organization, and remove the person by hand")
    })
}

/// What the configuration manages and the live side was read without: a part that was not read is never changed.
fn unread(findings: &mut Vec<Diagnostic>, desired: &Desired, live: &State) {
    let mut refuse = |what: String, without: &str| {
        let message = format!("{what} of the organization were not read, and `{}` manages them", desired.key);
        let finding = Diagnostic::at(Code::LivePartUnread, desired.place, message, "manages what was not read");
        let help = format!("read the live side with an account that sees them, or write `manage: {{ {without} }}`");
        findings.push(finding.help(help));
    };
    let manage = &desired.manage;
    if live.unread.teams && manage.teams != ManageMode::None {
        refuse("the teams".to_owned(), "teams: none");
    }
    let manages_projects = manage.grants != ManageMode::None || manage.everyone != ManageMode::None;
    if manages_projects && let Some(first) = live.unread.projects.first() {
        let more = match live.unread.projects.len() - 1 {
            0 => String::new(),
            number => format!(" and {number} more"),
        };
        refuse(format!("the grants and default roles on project {first}{more}"), "grants: none, everyone: none");
    }
}

fn nobody(user: &Email, place: Span, near: Option<&str>, users_are_declared: bool) -> Diagnostic {
    let finding =
        Diagnostic::at(Code::LiveUserMissing, place, format!("`{user}` is no user of the organization"), "not a user");
    let help = if users_are_declared {
        "let the person be added first, or manage users: `manage: { users: listed }`"
    } else {
        "let the person be added first, or declare the organization's `users`"
    };
    match near {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.note("users are not managed here, so nobody is invited").help(help),
    }
}

fn custom_role(findings: &mut Vec<Diagnostic>, live: &State, project: ProjectId, role: &Fact<ProjectRole>) {
    let (ProjectRole::Custom(name), Some(found)) = (&role.value, live.projects.get(&project)) else {
        return;
    };
    if found.roles.contains(name) {
        return;
    }
    let finding = Diagnostic::at(
        Code::LiveRoleMissing,
        role.place,
        format!("project {project} defines no role `{name}`"),
        "not defined on the live project",
    );
    findings.push(match nearest(name, found.roles.iter().map(|role| &**role)) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("make the role on the project first: custom roles are not managed by this tool"),
    });
}
