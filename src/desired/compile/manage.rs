//! How far each section is managed, and what is ignored.

use super::facts::Scope;
use crate::desired::{Glob, Ignore, Manage, ManageMode};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::spec::{Definition, Document, List, ManageTeams, Project, Text};

/// The modes with their defaults, and the patterns.
pub(super) fn compile(
    scope: &mut Scope<'_, '_, '_>,
    definition: &Definition<'_>,
    organization: Span,
) -> (Manage, Ignore) {
    let documents = scope.documents;
    let written = definition.manage.as_ref();
    let any = |has: fn(&Document<'_>) -> bool| documents.iter().any(|document| has(document));
    let default = |present: bool| if present { ManageMode::Full } else { ManageMode::None };
    let users = written.and_then(|manage| manage.users);
    let teams = written.and_then(|manage| manage.teams.as_ref());
    let grants = written.and_then(|manage| manage.grants);
    let everyone = written.and_then(|manage| manage.everyone);
    let projects = written.and_then(|manage| manage.projects);
    let manage = Manage {
        users: users.map_or_else(|| default(any(|document| document.users.is_some())), |mode| mode.value),
        teams: teams
            .and_then(ManageTeams::mode)
            .map_or_else(|| default(any(|document| document.teams.is_some())), |mode| mode.value),
        team_members: !teams.is_some_and(ManageTeams::leaves_members),
        grants: grants.map_or_else(|| default(any(|document| document.grants.is_some())), |mode| mode.value),
        everyone: everyone.map_or_else(|| default(any(says_everyone)), |mode| mode.value),
        projects: match projects.map(|mode| mode.value) {
            Some(ManageMode::Full) => ManageMode::Full,
            Some(ManageMode::Listed | ManageMode::None) | None => ManageMode::Listed,
        },
    };
    if scope.whole.users {
        check_users(scope, manage.users, users.map(|mode| mode.span), organization);
    }
    (manage, ignore(definition))
}

/// A configuration that manages users and names none would empty the organization.
fn check_users(scope: &mut Scope<'_, '_, '_>, mode: ManageMode, written: Option<Span>, organization: Span) {
    let documents = scope.documents;
    let mut sections = documents.iter().filter_map(|document| document.users.as_ref()).peekable();
    let message = match mode {
        ManageMode::None => return,
        ManageMode::Full | ManageMode::Listed if sections.peek().is_none() => {
            format!("users are managed as `{}`, and no document has a `users` section", mode.as_str())
        }
        ManageMode::Listed => return,
        ManageMode::Full => {
            let Some(empty) = sections.peek().map(|section| section.span) else { return };
            if sections.any(|section| !section.empty) {
                return;
            }
            let message = "users are managed in full, and none is declared: everybody would be removed";
            let help = "declare the users, or remove the section and `manage.users`";
            scope.findings.push(Diagnostic::at(Code::NoUsers, empty, message, "declares nobody").help(help));
            return;
        }
    };
    let help = "declare the users, write `none`, or remove the key";
    let place = written.unwrap_or(organization);
    scope.findings.push(Diagnostic::at(Code::NoUsers, place, message, "nobody is declared").help(help));
}

fn says_everyone(document: &Document<'_>) -> bool {
    document.projects.iter().flat_map(|projects| &projects.entries).any(|(_, project)| match project {
        Some(Project::Details(details)) => details.everyone.is_some(),
        Some(Project::Id(_)) | None => false,
    })
}

fn ignore(definition: &Definition<'_>) -> Ignore {
    let globs = |patterns: Option<&List<Text<'_>>>| {
        let patterns = patterns.map_or(&[][..], |patterns| &patterns.items);
        patterns.iter().map(|pattern| (Glob::new(&pattern.text), pattern.span)).collect()
    };
    let written = definition.manage.as_ref().and_then(|manage| manage.ignore.as_ref());
    Ignore {
        users: globs(written.and_then(|ignore| ignore.users.as_ref())),
        teams: globs(written.and_then(|ignore| ignore.teams.as_ref())),
        projects: globs(written.and_then(|ignore| ignore.projects.as_ref())),
    }
}
