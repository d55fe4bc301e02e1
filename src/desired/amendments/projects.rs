//! What is said of projects that rules and escalations go by, and whether they are managed at all.

use std::collections::BTreeSet;

use super::{Amendments, Bearing, named};
use crate::desired::{Desired, DesiredProject, ManageMode, Rule};
use crate::model::{BuiltInRole, ProjectId, RoleName};

/// The environment that everybody means by the word, whether a rule names it or not.
const PRODUCTION: &str = "production";

impl Amendments {
    pub(super) fn projects(&mut self, base: &Desired, head: &Desired) {
        for (id, after) in &head.projects {
            match base.projects.get(id) {
                Some(before) => self.project(*id, (before, base), (after, head)),
                None => {
                    let (bearing, text) = managed(*id, after, base.manage.projects, Bearing::Tightens);
                    self.add(bearing, format!("projects.{}", after.key), None, Some(text), Some(after.place));
                }
            }
        }
        for (id, before) in base.projects.iter().filter(|(id, _)| !head.projects.contains_key(*id)) {
            let key = format!("projects.{}", before.key);
            match managed(*id, before, head.manage.projects, Bearing::Loosens) {
                (Bearing::Loosens, text) => self.leave(key, text, None),
                (bearing, text) => self.add(bearing, key, Some(text), None, None),
            }
        }
    }

    fn project(
        &mut self,
        id: ProjectId,
        (before, base): (&DesiredProject, &Desired),
        (after, head): (&DesiredProject, &Desired),
    ) {
        let key = |part: &str| format!("projects.{}.{part}", after.key);
        if before.key != after.key {
            let (from, to) = (before.key.to_string(), after.key.to_string());
            // What was called so before is not meant any more.
            let is_taken = base.projects.values().any(|other| other.key == after.key);
            let bearing = if is_taken { Bearing::Loosens } else { Bearing::Alters };
            self.add(bearing, key("key"), Some(from), Some(to), Some(after.place));
        }
        let (from, to) = (before.environment(), after.environment());
        if from != to {
            let place = after.environment.as_ref().map_or(after.place, |environment| environment.place);
            let text = |name: Option<&str>| name.map(str::to_owned);
            let bearing = environment_bearing(id, (from, base), (to, head));
            self.add(bearing, key("environment"), text(from), text(to), Some(place));
        }
        let roles: BTreeSet<&RoleName> = before.roles.keys().chain(after.roles.keys()).collect();
        for role in roles {
            let like = |project: &DesiredProject| project.roles.get(role).and_then(|like| like.value);
            let (was, is) = (like(before), like(after));
            if was != is {
                // What is like a weaker role is looked at less.
                let bearing = Bearing::of_growth(was.cmp(&is));
                let text = |role: Option<BuiltInRole>| role.map(|role| role.to_string());
                let place = after.roles.get(role).map_or(after.place, |like| like.place);
                self.add(bearing, key(&format!("roles.{}", named(role.as_str()))), text(was), text(is), Some(place));
            }
        }
    }
}

/// That a project is managed, and how that bears on what is let through; `mode` is how projects are managed in the form
/// that does not declare it, and `otherwise` the bearing where it is left alone there.
fn managed(id: ProjectId, project: &DesiredProject, mode: ManageMode, otherwise: Bearing) -> (Bearing, String) {
    let environment = project.environment().map_or(String::new(), |environment| format!(", {environment}"));
    match mode {
        // It is looked after all the same, as one on which nobody should have anything.
        ManageMode::Full => (Bearing::Alters, format!("declared ({id}{environment})")),
        ManageMode::Listed | ManageMode::None => (otherwise, format!("managed ({id}{environment})")),
    }
}

/// How another environment bears on what is let through: rules that are not about the project any more are looked for first.
fn environment_bearing(
    id: ProjectId,
    (from, base): (Option<&str>, &Desired),
    (to, head): (Option<&str>, &Desired),
) -> Bearing {
    let is_about = |rule: &Rule| rule.when.projects.as_ref().is_none_or(|projects| projects.contains(&id));
    let (mut lost, mut gained) = (false, false);
    for after in &head.policy {
        if let Some(before) = base.policy.iter().find(|rule| rule.name == after.name) {
            lost |= is_about(before) && !is_about(after);
            gained |= is_about(after) && !is_about(before);
        }
    }
    let is_production = |name: Option<&str>| name.is_some_and(|name| name.eq_ignore_ascii_case(PRODUCTION));
    if lost || (is_production(from) && !is_production(to)) {
        Bearing::Loosens
    } else if gained || (is_production(to) && !is_production(from)) {
        Bearing::Tightens
    } else {
        Bearing::Alters
    }
}
