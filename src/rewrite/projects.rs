//! What is to be said of projects: default roles, custom roles, and those that are not declared.

use std::collections::BTreeSet;

use super::Refusal;
use super::edits::{Edits, project_role};
use crate::desired::{DesiredProject, ManageMode};
use crate::export::scalar;
use crate::model::ProjectId;
use crate::source::Span;
use crate::yaml::{Addition, Unfit, Value, View};

impl Edits<'_, '_, '_> {
    /// Default roles, custom roles, and projects that are not declared.
    pub(super) fn write_projects(&mut self) -> Result<(), Refusal> {
        for project in &self.wanted.projects {
            let key = self.new_key(*project);
            let found = self.plan.live.projects.get(project);
            let mut parts = vec![("id".to_owned(), Value::Scalar(project.to_string()))];
            if let Some(found) = found.filter(|found| !found.name.is_empty()) {
                parts.push(("name".to_owned(), Value::Scalar(scalar(&found.name).into_owned())));
            }
            parts.extend(self.custom_roles(*project).map(|roles| ("roles".to_owned(), roles)));
            parts.extend(self.wanted_default(*project).map(|role| ("everyone".to_owned(), role)));
            self.add("projects", &[], Addition::entry(scalar(&key), Value::Map(parts)))?;
            self.keys.insert(*project, key);
        }
        self.keep_default_roles_managed()?;
        let named: BTreeSet<ProjectId> =
            self.wanted.custom_roles.keys().chain(self.wanted.everyone.keys()).copied().collect();
        for project in named {
            if let Some(declared) = self.desired.projects.get(&project) {
                self.write_project(project, declared.place)?;
            }
        }
        Ok(())
    }

    /// Says that default roles are managed where no project is going to have one: they would not be, any more.
    fn keep_default_roles_managed(&mut self) -> Result<(), Refusal> {
        let (desired, wanted) = (self.desired, &self.wanted.everyone);
        let stays = |(project, found): (&ProjectId, &DesiredProject)| match wanted.get(project) {
            Some(role) => role.is_some(),
            None => found.everyone.is_some(),
        };
        let is_taken = wanted.values().any(Option::is_none);
        let has_any = desired.projects.iter().any(stays) || wanted.values().any(Option::is_some);
        if !is_taken || has_any || desired.manage.everyone != ManageMode::Full {
            return Ok(());
        }
        let Some((edit, definition)) = self.files.definition() else {
            return Err(Refusal::needs_elsewhere(self.sources, desired.place));
        };
        let full = Value::Scalar(ManageMode::Full.as_str().to_owned());
        match edit.value_of(definition, "manage") {
            Some(manage) if edit.value_of(manage, "everyone").is_some() => {}
            Some(manage) => edit.add(manage, Addition::entry("everyone", full)),
            None => edit.add(definition, Addition::entry("manage", Value::Map(vec![("everyone".to_owned(), full)]))),
        }
        Ok(())
    }

    fn write_project(&mut self, project: ProjectId, place: Span) -> Result<(), Refusal> {
        let (_, _, value) = self.entry_at(place)?;
        let (roles, default) = (self.custom_roles(project), self.wanted_default(project));
        let is_without = self.wanted.everyone.get(&project) == Some(&None);
        let names = self.wanted.custom_roles.get(&project);
        let edit = self.at(place)?;
        match edit.tree().view(value) {
            View::Scalar(..) => {
                let mut parts = vec![("id".to_owned(), Value::Scalar(project.to_string()))];
                parts.extend(roles.map(|roles| ("roles".to_owned(), roles)));
                parts.extend(default.map(|role| ("everyone".to_owned(), role)));
                edit.set(value, Value::Map(parts).flow());
            }
            View::Mapping => {
                match (roles, edit.value_of(value, "roles")) {
                    (Some(roles), None) => edit.add(value, Addition::entry("roles", roles)),
                    (Some(_), Some(node)) => {
                        let is_list = matches!(edit.tree().view(node), View::Sequence);
                        for name in names.into_iter().flatten() {
                            let name = scalar(name).into_owned();
                            edit.add(
                                node,
                                if is_list {
                                    Addition::item(Value::Scalar(name))
                                } else {
                                    Addition::entry(name, Value::Map(Vec::new()))
                                },
                            );
                        }
                    }
                    (None, _) => {}
                }
                match (edit.value_of(value, "everyone"), default) {
                    (Some(node), Some(role)) => edit.set(node, role.flow()),
                    (None, Some(role)) => edit.add(value, Addition::entry("everyone", role)),
                    (Some(node), None) if is_without => {
                        if let Some((mapping, number)) = edit.within(node) {
                            edit.remove(mapping, number);
                        }
                    }
                    (Some(_) | None, None) => {}
                }
            }
            View::Sequence | View::Alias(_) | View::Broken => return Err(self.unfit(Unfit(place))),
        }
        Ok(())
    }

    /// The custom roles that a project is to name besides those that it does.
    fn custom_roles(&self, project: ProjectId) -> Option<Value> {
        let names = self.wanted.custom_roles.get(&project)?;
        Some(Value::List(names.iter().map(|name| Value::Scalar(scalar(name).into_owned())).collect()))
    }

    fn wanted_default(&self, project: ProjectId) -> Option<Value> {
        self.wanted.everyone.get(&project)?.as_ref().map(project_role)
    }

    /// How a project is called in the configuration.
    pub(super) fn project(&self, project: ProjectId) -> String {
        let declared = self.desired.projects.get(&project).map(|found| found.key.as_str().to_owned());
        let new = || self.keys.get(&project).cloned();
        declared.or_else(new).unwrap_or_else(|| format!("project-{project}"))
    }

    /// A key for a project that is not declared: its name where that makes one which is free.
    fn new_key(&self, project: ProjectId) -> String {
        let name = self.plan.live.projects.get(&project).map_or("", |found| found.name.as_str());
        let key: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
        let key = key.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
        let is_taken = self.desired.projects.values().any(|found| found.key.as_str() == key)
            || self.keys.values().any(|known| *known == key);
        let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic()) && !key.starts_with("project-");
        if is_word && !is_taken && key.len() <= 60 { key } else { format!("project-{project}") }
    }
}
