//! Projects, their custom roles, and groups of projects.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Scope, unknown};
use super::users::both;
use crate::desired::{DesiredProject, Fact, Ignore, Located, ProjectGroup};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{BuiltInRole, ProjectId, ProjectKey, ProjectRole, RoleName};
use crate::near;
use crate::source::Span;
use crate::spec::{self, Project, RoleText, Text, viewer_hint};

/// How many facts project groups may stand for in one organization: a short file must not become an enormous plan.
const GROUP_LIMIT: usize = 5_000_000;

/// The projects and groups of an organization.
#[derive(Default)]
pub(super) struct Projects {
    /// The projects by id.
    pub(super) desired: BTreeMap<ProjectId, DesiredProject>,
    /// Every key that is declared, with the place, and the id where that could be read.
    keys: BTreeMap<String, (Span, Option<ProjectId>)>,
    /// The groups by name.
    pub(super) groups: BTreeMap<String, ProjectGroup>,
}

/// Puts projects and groups together.
pub(super) fn compile(scope: &mut Scope<'_, '_, '_>, ignore: &Ignore) -> Projects {
    let documents = scope.documents;
    let mut projects = Projects::default();
    for (key, project) in
        documents.iter().filter_map(|document| document.projects.as_ref()).flat_map(|map| &map.entries)
    {
        projects.declare(scope, &key.0, project.as_ref(), ignore);
    }
    for (name, keys) in
        documents.iter().filter_map(|document| document.project_groups.as_ref()).flat_map(|map| &map.entries)
    {
        projects.group(scope, &name.0, keys.as_ref());
    }
    projects
}

impl Projects {
    fn declare(
        &mut self,
        scope: &mut Scope<'_, '_, '_>,
        key: &Text<'_>,
        project: Option<&Project<'_>>,
        ignore: &Ignore,
    ) {
        if let Some((first, _)) = self.keys.get(&*key.text) {
            let message = format!("the project `{}` is declared twice", key.text);
            return scope.twice(Code::ProjectTwice, key.span, *first, message);
        }
        let (id, details) = match project {
            Some(Project::Id(id)) => (Some(id), None),
            Some(Project::Details(details)) => (details.id.as_ref(), Some(details)),
            None => (None, None),
        };
        let checked = id.and_then(|id| ProjectId::new(id.0.value).ok());
        self.keys.insert(key.text.clone().into_owned(), (key.span, checked));
        let (Some(id), Some(checked), Some(project_key)) = (id, checked, ProjectKey::new(&key.text)) else { return };
        // Such a name is made up for projects that are not declared.
        if let Some(digits) = key.text.strip_prefix("project-")
            && digits.parse::<u64>().is_ok_and(|number| number.to_string() == digits && number != id.0.value)
        {
            let message = format!("the key `{}` would read as the project with the id {digits}", key.text);
            scope.findings.push(
                Diagnostic::at(Code::BadName, key.span, message, "not allowed")
                    .note(format!(
                        "a project that is not declared is called `project-` and its id; this one has {checked}"
                    ))
                    .help("give it another key"),
            );
        }
        if let Some(other) = self.desired.get(&checked) {
            let message = format!("the projects `{}` and `{}` have the same id", other.key, key.text);
            return scope.twice(Code::ProjectTwice, id.0.span, other.place, message);
        }
        let name = details.and_then(|details| details.name.as_ref());
        let id_text = checked.to_string();
        let called = [Some(&*key.text), Some(id_text.as_str()), name.map(|name| &*name.text)];
        let called: Vec<&str> = called.into_iter().flatten().collect();
        if let Some(glob) = ignore.project(&called) {
            let place = ignore.projects.iter().find(|(known, _)| known.as_str() == glob.as_str());
            let message = format!("the project `{}` is declared and ignored", key.text);
            scope.findings.push(both(message, key.span, place.map(|(_, place)| *place)));
        }
        let mut desired = DesiredProject {
            key: project_key,
            place: key.span,
            name: name.map(|name| Fact { value: name.text.clone().into_owned(), place: name.span, note: None }),
            environment: details
                .and_then(|details| details.environment.as_ref())
                .map(|text| Located { value: text.text.clone().into_owned(), place: text.span }),
            everyone: None,
            roles: BTreeMap::new(),
        };
        if let Some(roles) = details.and_then(|details| details.roles.as_ref()) {
            custom_roles(scope, &mut desired, roles);
        }
        self.desired.insert(checked, desired);
        if let Some(role) = details.and_then(|details| details.everyone.as_ref())
            && let Some(value) = self.role(scope, role, &[checked])
            && let Some(desired) = self.desired.get_mut(&checked)
        {
            desired.everyone = Some(Fact { value, place: role.0.span, note: None });
        }
    }

    fn group(&mut self, scope: &mut Scope<'_, '_, '_>, name: &Text<'_>, keys: Option<&spec::List<spec::NameText<'_>>>) {
        if let Some(first) = self.groups.get(&*name.text) {
            let message = format!("the project group `{}` is declared twice", name.text);
            return scope.twice(Code::ProjectGroupTwice, name.span, first.place, message);
        }
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut projects = BTreeSet::new();
        for key in keys.map_or(&[][..], |keys| &keys.items) {
            let key = &key.0;
            if let Some(first) = seen.insert(&key.text, key.span) {
                let message = format!("the project `{}` is in the group `{}` twice", key.text, name.text);
                scope.twice(Code::ProjectGroupTwice, key.span, first, message);
            } else {
                projects.extend(self.find_project(scope, key));
            }
        }
        self.groups.insert(name.text.clone().into_owned(), ProjectGroup { place: name.span, projects, is_used: false });
    }

    /// The projects that `text` means: one by its key, or those of `@group`.
    pub(super) fn find(&mut self, scope: &mut Scope<'_, '_, '_>, text: &Text<'_>) -> Vec<ProjectId> {
        let Some(name) = text.text.strip_prefix('@') else {
            return self.find_project(scope, text).into_iter().collect();
        };
        if let Some(group) = self.groups.get_mut(name) {
            group.is_used = true;
            let is_told = scope.from_groups > GROUP_LIMIT;
            scope.from_groups += group.projects.len();
            if scope.from_groups > GROUP_LIMIT {
                if !is_told {
                    let message =
                        format!("project groups stand for more than {GROUP_LIMIT} facts in this organization");
                    let diagnostic = Diagnostic::at(Code::GroupBudget, text.span, message, "too many from here on");
                    scope.findings.push(diagnostic.help("put the people into a team that has the roles"));
                }
                return Vec::new();
            }
            return group.projects.iter().copied().collect();
        }
        if scope.whole.projects {
            let message = format!("the project group `{}` is not declared", text.text);
            let diagnostic = Diagnostic::at(Code::UnknownGroup, text.span, message, "not declared");
            let known: Vec<String> = self.groups.keys().map(|name| format!("@{name}")).collect();
            let known = known.iter().map(String::as_str);
            scope.findings.push(unknown(diagnostic, &text.text, known, || match name {
                "" => "write the name of a group after the `@`".to_owned(),
                _ => format!("add `{name}` under `project_groups`"),
            }));
        }
        Vec::new()
    }

    /// Whether a project is declared with this key.
    pub(super) fn is_key(&self, text: &str) -> bool {
        self.keys.contains_key(text)
    }

    /// The projects that `text` means where no fact is stated about them: one by its key, or those of `@group`.
    pub(super) fn named(&mut self, scope: &mut Scope<'_, '_, '_>, text: &Text<'_>) -> Vec<ProjectId> {
        match text.text.strip_prefix('@').and_then(|name| self.groups.get_mut(name)) {
            Some(group) => {
                group.is_used = true;
                group.projects.iter().copied().collect()
            }
            None => self.find(scope, text),
        }
    }

    fn find_project(&self, scope: &mut Scope<'_, '_, '_>, key: &Text<'_>) -> Option<ProjectId> {
        if let Some((_, id)) = self.keys.get(&*key.text) {
            return *id;
        }
        if scope.whole.projects {
            let message = format!("the project `{}` is not declared", key.text);
            let diagnostic = Diagnostic::at(Code::UnknownProject, key.span, message, "not declared");
            if self.groups.contains_key(&*key.text) {
                let help = format!("did you mean the group `\"@{}\"`?", key.text);
                scope.findings.push(diagnostic.help(help));
            } else {
                let known = self.keys.keys().map(String::as_str);
                scope
                    .findings
                    .push(unknown(diagnostic, &key.text, known, || "add it under `projects` with its id".to_owned()));
            }
        }
        None
    }

    /// The role called `role` on all of `projects`; one that is not known on each of them is reported.
    pub(super) fn role(
        &self,
        scope: &mut Scope<'_, '_, '_>,
        role: &RoleText<'_>,
        projects: &[ProjectId],
    ) -> Option<ProjectRole> {
        let text = &*role.0.text;
        if let Some(built_in) = BuiltInRole::from_name(text) {
            return Some(ProjectRole::BuiltIn(built_in));
        }
        let desired = || projects.iter().filter_map(|id| self.desired.get(id));
        let without: Vec<&DesiredProject> = desired().filter(|project| !project.roles.contains_key(text)).collect();
        if without.is_empty() {
            let name = desired().find_map(|project| project.roles.get_key_value(text));
            return name.map(|(name, _)| ProjectRole::Custom(name.clone()));
        }
        let mut keys: Vec<String> = without.iter().take(3).map(|project| format!("`{}`", project.key)).collect();
        if without.len() > keys.len() {
            keys.push(format!("{} more", without.len() - keys.len()));
        }
        let of = if without.len() == 1 { "the project" } else { "the projects" };
        let message = format!("`{text}` is no role of {of} {}", keys.join(", "));
        let mut known: BTreeSet<&str> = BuiltInRole::ALL.into_iter().map(BuiltInRole::as_str).collect();
        for project in desired() {
            known.extend(project.roles.keys().map(RoleName::as_str));
        }
        let help = match viewer_hint(text) {
            Some(hint) => hint.to_owned(),
            None => near::did_you_mean(text, known).unwrap_or_else(|| {
                "use `owner`, `admin`, `analyst` or `consumer`, or name a custom role under `roles` of the project"
                    .to_owned()
            }),
        };
        scope.findings.push(Diagnostic::at(Code::UnknownRole, role.0.span, message, "not a role there").help(help));
        None
    }
}

fn custom_roles(scope: &mut Scope<'_, '_, '_>, project: &mut DesiredProject, roles: &spec::CustomRoles<'_>) {
    for (name, details) in &roles.0 {
        let Some(role) = RoleName::new(&name.text) else { continue };
        if BuiltInRole::from_name(&role).is_some() {
            let message = format!("`{role}` is a built-in role");
            scope.findings.push(
                Diagnostic::at(Code::BuiltInRoleName, name.span, message, "not a custom role")
                    .help("remove it: every project has it"),
            );
            continue;
        }
        if let Some(first) = project.roles.get(&role) {
            let message = format!("the role `{role}` is named twice");
            scope.twice(Code::RoleTwice, name.span, first.place, message);
            continue;
        }
        let like = details.as_ref().and_then(|details| details.like).map(|like| like.value);
        project.roles.insert(role, Fact { value: like, place: name.span, note: None });
    }
}
