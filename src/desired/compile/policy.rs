//! Rules for the access that may be declared: names resolved, and rules that do nothing or never apply reported.
//!
//! A rule that silently protects nothing is worse than none. So a name that is not declared is an error, and a pattern
//! that fits nothing is warned about: it may be meant for what is to come.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Scope, unknown};
use super::projects::Projects;
use crate::desired::{Bound, DesiredTeam, Effects, Exception, Glob, People, Requirement, Rule, Sources, When};
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::model::{BuiltInRole, ProjectId, ProjectRole, RoleName, TeamName};
use crate::source::Span;
use crate::spec::{
    self, Condition, Definition, Intact, OneOrMany, RoleText, SeverityWord, Text, ViaWord, Who, is_pattern,
};

/// What rules may speak of besides projects.
#[derive(Clone, Copy)]
pub(super) struct About<'d> {
    pub(super) users: Option<&'d BTreeMap<crate::model::Email, crate::desired::DesiredUser>>,
    pub(super) teams: &'d BTreeMap<TeamName, DesiredTeam>,
    pub(super) has_domains: bool,
}

/// The rules of the organization.
pub(super) fn compile(
    scope: &mut Scope<'_, '_, '_>,
    definition: &Definition<'_>,
    projects: &mut Projects,
    about: About<'_>,
) -> Vec<Rule> {
    let mut names: BTreeMap<&str, Span> = BTreeMap::new();
    let mut rules = Vec::new();
    for Intact { value: written, is_intact } in definition.policy.iter().flat_map(|list| &list.items) {
        let Some(name) = &written.name else { continue };
        if let Some(first) = names.insert(&name.text, name.span) {
            scope.twice(Code::RuleTwice, name.span, first, format!("two policy rules are called `{}`", name.text));
        }
        let mut compiler = Compiler { scope, projects, about };
        let when = written.when.as_ref().map(|when| compiler.when(when)).unwrap_or_default();
        let exceptions =
            written.exceptions.iter().flat_map(|list| &list.items).filter_map(|one| compiler.exception(one)).collect();
        let effects = effects(scope, written, *is_intact, name, when.role_at_least);
        let severity = match written.severity.map(|severity| severity.value) {
            Some(SeverityWord::Warning) => Severity::Warning,
            Some(SeverityWord::Error) | None => Severity::Error,
        };
        rules.push(Rule {
            name: name.text.clone().into_owned(),
            place: name.span,
            severity,
            when,
            effects,
            exceptions,
        });
    }
    rules
}

/// The remarks that are not wanted.
pub(super) fn lint_off(definition: &Definition<'_>) -> BTreeSet<Code> {
    let off = definition.lint.as_ref().and_then(|lint| lint.off.as_ref());
    off.iter().flat_map(|list| &list.items).map(|code| code.value.0).collect()
}

/// What a rule asks for; one that asks for nothing, or for what cannot be, is reported.
fn effects(
    scope: &mut Scope<'_, '_, '_>,
    written: &spec::Rule<'_>,
    is_intact: bool,
    name: &Text<'_>,
    role_at_least: Option<BuiltInRole>,
) -> Effects {
    let number = |count: &spec::Count| count.0.value;
    let mut effects = Effects {
        deny: written.deny.is_some_and(|deny| deny.0),
        require: BTreeSet::new(),
        max_days: written.max_days.as_ref().map(|days| u32::try_from(number(days)).unwrap_or(u32::MAX)),
        max_role: written.max_role.map(|role| role.value),
        min_approvers: written.min_approvers.as_ref().map(|least| usize::try_from(number(least)).unwrap_or(usize::MAX)),
    };
    let mut required: BTreeMap<Requirement, Span> = BTreeMap::new();
    for one in written.require.iter().flat_map(|many| &many.0) {
        let requirement = match one.value {
            spec::Requirement::Until => Requirement::Until,
            spec::Requirement::Reason => Requirement::Reason,
            spec::Requirement::Ticket => Requirement::Ticket,
            spec::Requirement::ApprovedBy => Requirement::ApprovedBy,
            spec::Requirement::Sponsor => Requirement::Sponsor,
        };
        if let Some(first) = required.insert(requirement, one.span) {
            let message = format!("the rule `{}` requires `{}` twice", name.text, requirement.as_str());
            scope.twice(Code::RuleTwice, one.span, first, message);
        }
    }
    effects.require = required.into_keys().collect();
    let asks = !effects.require.is_empty()
        || effects.max_days.is_some()
        || effects.max_role.is_some()
        || effects.min_approvers.is_some();
    let problem = if effects.deny && asks {
        Some((
            format!("the rule `{}` denies access and asks something of it", name.text),
            "remove `deny`, or everything beside it: what is denied cannot be in order",
        ))
    } else if !effects.deny && !asks && is_intact {
        Some((
            format!("the rule `{}` has no effect", name.text),
            "add `deny: true`, `require`, `max_days`, `max_role` or `min_approvers`",
        ))
    } else {
        // What could not be read was reported, and may be the effect.
        None
    };
    let ends = written.max_role.and_then(|role| match role_at_least {
        Some(least) if role.value < least => Some((
            role.span,
            format!(
                "the rule `{}` is about `{least}` and stronger roles, and allows `{}` at most",
                name.text, role.value
            ),
            "write `deny: true` instead, or lower `role_at_least`",
        )),
        _ if role.value == BuiltInRole::Owner => Some((
            role.span,
            format!("the rule `{}` allows `owner` at most, and there is no stronger role", name.text),
            "write a weaker role, or remove `max_role`",
        )),
        Some(_) | None => None,
    });
    let ends = ends.or_else(|| problem.map(|(message, help)| (name.span, message, help)));
    if let Some((place, message, help)) = ends {
        scope.findings.push(Diagnostic::at(Code::RuleEffect, place, message, "this rule").help(help));
    }
    effects
}

/// Resolves the names of conditions.
struct Compiler<'c, 's, 'd, 'a, 'n> {
    scope: &'s mut Scope<'d, 'a, 'n>,
    projects: &'s mut Projects,
    about: About<'c>,
}

impl Compiler<'_, '_, '_, '_, '_> {
    fn when(&mut self, written: &Condition<'_>) -> When {
        let empty = [
            ("user", is_empty(written.user.as_ref())),
            ("team", is_empty(written.team.as_ref())),
            ("project", is_empty(written.project.as_ref())),
            ("environment", is_empty(written.environment.as_ref())),
            ("role", is_empty(written.role.as_ref())),
            ("via", is_empty(written.via.as_ref())),
        ];
        for (key, _) in empty.into_iter().filter(|(_, empty)| *empty) {
            let message = format!("`{key}` names nothing, so this rule can never apply");
            self.never(written.span, message, "name something, or remove the key: without it everything fits");
        }
        let users = written.user.as_ref().map(|who| self.people(&who.0));
        let teams = written.team.as_ref().map(|names| self.teams(&names.0));
        let named = written.project.as_ref().map(|names| self.projects(&names.0));
        let environments = written.environment.as_ref().map(|names| self.environments(&names.0));
        let projects = match (named, environments) {
            (Some(named), Some(environments)) => {
                let both: BTreeSet<ProjectId> = named.intersection(&environments).copied().collect();
                if both.is_empty() && !named.is_empty() && !environments.is_empty() && self.scope.whole.projects {
                    let message = "none of these projects has such an environment, so this rule can never apply";
                    self.never(written.span, message.to_owned(), "remove `project` or `environment`");
                }
                Some(both)
            }
            (named, environments) => named.or(environments),
        };
        let role_at_least = written.role_at_least.map(|role| role.value);
        let roles: Option<BTreeSet<ProjectRole>> = written.role.as_ref().map(|roles| self.roles(&roles.0));
        if let (Some(least), Some(roles)) = (written.role_at_least, &roles) {
            let is_below = |role: &ProjectRole| match role {
                ProjectRole::BuiltIn(role) => *role < least.value,
                ProjectRole::Custom(_) => false,
            };
            if !roles.is_empty() && roles.iter().all(is_below) {
                let message = format!("`role` names roles below `{}`, so this rule can never apply", least.value);
                self.never(least.span, message, "remove `role` or `role_at_least`");
            }
        }
        if let (Some(on), Some(roles)) = (&projects, &roles) {
            self.roles_on(written, on, roles);
        }
        let via = self.via(written);
        let environments = written.environment.iter().flat_map(|names| &names.0).map(|text| &text.text);
        let environments =
            environments.filter(|text| !is_pattern(text)).map(|text| text.clone().into_owned()).collect();
        When { users, teams, projects, environments, role_at_least, roles, via }
    }

    /// Reports roles of which none is a role of any of the projects.
    fn roles_on(&mut self, written: &Condition<'_>, on: &BTreeSet<ProjectId>, roles: &BTreeSet<ProjectRole>) {
        let desired = &self.projects.desired;
        let has = |project: &ProjectId, role: &ProjectRole| match role {
            ProjectRole::BuiltIn(_) => true,
            ProjectRole::Custom(name) => desired.get(project).is_some_and(|found| found.roles.contains_key(name)),
        };
        let can_be = on.iter().any(|project| roles.iter().any(|role| has(project, role)));
        if !on.is_empty() && !roles.is_empty() && !can_be && self.scope.whole.projects {
            let message = "none of these projects has such a role, so this rule can never apply";
            self.never(
                written.span,
                message.to_owned(),
                "name a role of these projects, or remove `role` or the projects",
            );
        }
    }

    fn via(&mut self, written: &Condition<'_>) -> Sources {
        let by_team = Sources { team: true, ..Sources::NONE };
        let Some(words) = &written.via else {
            return if written.team.is_some() { by_team } else { Sources::default() };
        };
        let mut via = Sources::NONE;
        for word in &words.0 {
            match word.value {
                ViaWord::OrgRole => via.org_role = true,
                ViaWord::Team => via.team = true,
                ViaWord::Grant => via.grant = true,
                ViaWord::Everyone => via.everyone = true,
            }
        }
        if let (Some(_), Some(word)) = (&written.team, words.0.first())
            && !via.team
        {
            let message = "this rule is about a team, and not about access by teams, so it can never apply";
            self.never(word.span, message.to_owned(), "remove `team` or `via`");
        }
        if written.team.is_some() { by_team } else { via }
    }

    fn exception(&mut self, written: &spec::Exception<'_>) -> Option<Exception> {
        if is_empty(written.user.as_ref()) || is_empty(written.project.as_ref()) {
            let message = "this exception names nobody or nothing".to_owned();
            self.never(written.span, message, "name a user or a project, or remove the exception");
        }
        let users = written.user.as_ref().map(|who| self.people(&who.0));
        let projects = written.project.as_ref().map(|names| self.projects(&names.0));
        // `*` says no more than nothing.
        let is_all = |text: &str| text.contains('*') && text.chars().all(|c| matches!(c, '*' | '@' | '?'));
        let everybody = users.as_ref().is_none_or(|people| {
            (people.external && people.internal) || people.patterns.iter().any(|pattern| is_all(pattern.as_str()))
        });
        let everywhere = written.project.as_ref().is_none_or(|names| names.0.iter().any(|name| is_all(&name.text)));
        if everybody && everywhere {
            let message = "this exception would let everything through";
            let label = match (&users, &projects) {
                (None, None) => "`user` or `project` is missing",
                (Some(_), None) => "everybody, and `project` is missing",
                (None, Some(_)) => "every project, and `user` is missing",
                (Some(_), Some(_)) => "everybody on every project",
            };
            let finding = Diagnostic::at(Code::MissingKey, written.span, message, label);
            self.scope.findings.push(finding.help("name the user, the project, or both"));
        }
        let until = written.until.as_ref()?;
        let zone = self.scope.timezone.clone().unwrap_or(jiff::tz::TimeZone::UTC);
        let until = Bound { at: until.value.end(&zone), day: until.value.day(), place: until.span };
        let ticket = written.ticket.as_ref().map_or(String::new(), |ticket| format!(" ({})", ticket.text));
        let reason = format!("{}{ticket}", written.reason.as_ref()?.text);
        Some(Exception { place: written.span, users, projects, until, reason })
    }

    fn people(&mut self, written: &[Who<'_>]) -> People {
        let mut people = People::default();
        for who in written {
            match who {
                Who::External(span) | Who::Internal(span) => {
                    match who {
                        Who::External(_) => people.external = true,
                        Who::Internal(_) | Who::Email(_) | Who::Pattern(_) => people.internal = true,
                    }
                    if !self.about.has_domains {
                        let message = "the organization declares no `domains`, so nobody can be called external";
                        let help = "add `domains: [example.com]` with the mail domains of the organization";
                        self.never(*span, message.to_owned(), help);
                    }
                }
                Who::Email(email) => people.emails.extend(self.scope.user(email)),
                Who::Pattern(text) => {
                    let glob = Glob::new(&text.text);
                    if let Some(users) = self.about.users
                        && self.scope.whole.users
                        && !users.keys().any(|user| glob.covers(user))
                    {
                        self.fits_nothing(text, "user");
                    }
                    people.patterns.push(glob);
                }
            }
        }
        people
    }

    fn teams(&mut self, written: &[Text<'_>]) -> BTreeSet<TeamName> {
        let teams = self.about.teams;
        let mut found = BTreeSet::new();
        for text in written {
            if is_pattern(&text.text) {
                let glob = Glob::new(&text.text);
                let fits = teams.iter().filter(|(name, team)| glob.covers(name) || glob.covers(&team.key));
                let names: Vec<TeamName> = fits.map(|(name, _)| name.clone()).collect();
                if names.is_empty() && self.scope.whole.teams {
                    self.fits_nothing(text, "team");
                }
                found.extend(names);
                continue;
            }
            let is_it = |name: &TeamName, team: &DesiredTeam| name.as_str() == text.text || team.key == text.text;
            match teams.iter().find(|(name, team)| is_it(name, team)) {
                Some((name, _)) => {
                    found.insert(name.clone());
                }
                None if self.scope.whole.teams => {
                    let message = format!("the team `{}` is not declared", text.text);
                    let diagnostic = Diagnostic::at(Code::UnknownTeam, text.span, message, "not declared");
                    let known = teams.iter().flat_map(|(name, team)| [name.as_str(), team.key.as_str()]);
                    let help = || "add it under `teams`, or remove it here".to_owned();
                    self.scope.findings.push(unknown(diagnostic, &text.text, known, help));
                }
                None => {}
            }
        }
        found
    }

    fn projects(&mut self, written: &[Text<'_>]) -> BTreeSet<ProjectId> {
        let mut found = BTreeSet::new();
        for text in written {
            if is_pattern(&text.text) {
                let glob = Glob::new(&text.text);
                let fits = self.projects.desired.iter().filter(|(id, project)| {
                    let name = project.name.as_ref().is_some_and(|name| glob.covers(&name.value));
                    name || glob.covers(&project.key) || glob.covers(&id.to_string())
                });
                let ids: Vec<ProjectId> = fits.map(|(id, _)| *id).collect();
                if ids.is_empty() && self.scope.whole.projects {
                    self.fits_nothing(text, "project");
                }
                found.extend(ids);
                continue;
            }
            let is_called = |(id, project): &(&ProjectId, &crate::desired::DesiredProject)| {
                id.to_string() == text.text || project.name.as_ref().is_some_and(|name| name.value == text.text)
            };
            let is_key = text.text.starts_with('@') || self.projects.is_key(&text.text);
            let called: Vec<ProjectId> = if is_key {
                Vec::new()
            } else {
                self.projects.desired.iter().filter(is_called).map(|(id, _)| *id).collect()
            };
            if called.is_empty() {
                found.extend(self.projects.named(self.scope, text));
            } else {
                found.extend(called);
            }
        }
        found
    }

    fn environments(&mut self, written: &[Text<'_>]) -> BTreeSet<ProjectId> {
        let mut found = BTreeSet::new();
        for text in written {
            let glob = is_pattern(&text.text).then(|| Glob::new(&text.text));
            let fits = |environment: &str| match &glob {
                Some(glob) => glob.covers(environment),
                None => environment == text.text,
            };
            let projects = self.projects.desired.iter();
            let fitting: Vec<ProjectId> =
                projects.filter(|(_, project)| project.environment().is_some_and(fits)).map(|(id, _)| *id).collect();
            if fitting.is_empty() && self.scope.whole.projects {
                if glob.is_some() {
                    self.fits_nothing(text, "environment");
                } else {
                    let message = format!("no project has the environment `{}`", text.text);
                    let diagnostic = Diagnostic::at(Code::UnknownEnvironment, text.span, message, "no project has it");
                    let known = self.projects.desired.values().filter_map(|project| project.environment());
                    let help = || format!("write `environment: {}` at the projects that are meant", text.text);
                    self.scope.findings.push(unknown(diagnostic, &text.text, known, help));
                }
            }
            found.extend(fitting);
        }
        found
    }

    fn roles(&mut self, written: &[RoleText<'_>]) -> BTreeSet<ProjectRole> {
        let mut found = BTreeSet::new();
        for RoleText(text) in written {
            let desired = &self.projects.desired;
            let names = || desired.values().flat_map(|project| project.roles.keys());
            let role = ProjectRole::from_name(&text.text);
            let is_known = match &role {
                Some(ProjectRole::BuiltIn(_)) => true,
                Some(ProjectRole::Custom(name)) => names().any(|known| known == name),
                None => false,
            };
            if is_known || !self.scope.whole.projects {
                found.extend(role);
                continue;
            }
            let message = format!("`{}` is no role of any project", text.text);
            let diagnostic = Diagnostic::at(Code::UnknownRole, text.span, message, "not a role");
            let mut known: BTreeSet<&str> = BuiltInRole::ALL.into_iter().map(BuiltInRole::as_str).collect();
            known.extend(names().map(RoleName::as_str));
            let diagnostic = match spec::viewer_hint(&text.text) {
                Some(hint) => diagnostic.help(hint),
                None => unknown(diagnostic, &text.text, known, || {
                    "use a built-in role, or name a custom role under `roles` of a project".to_owned()
                }),
            };
            self.scope.findings.push(diagnostic);
        }
        found
    }

    fn never(&mut self, place: Span, message: String, help: &str) {
        self.scope.findings.push(Diagnostic::at(Code::RuleNeverFits, place, message, "this never fits").help(help));
    }

    fn fits_nothing(&mut self, pattern: &Text<'_>, what: &str) {
        let message = format!("the pattern `{}` fits no {what} that is declared", pattern.text);
        let diagnostic = Diagnostic::at(Code::PolicyPattern, pattern.span, message, "fits nothing");
        self.scope.findings.push(diagnostic.help("correct it, or remove it if nothing like it is to come"));
    }
}

fn is_empty<T>(written: Option<&OneOrMany<T>>) -> bool {
    written.is_some_and(|many| many.0.is_empty())
}
