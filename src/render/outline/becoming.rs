//! What somebody becomes, admin or owner of what.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::{BuiltInRole, OrgRole, ProjectId};
use crate::plan::Plan;
use crate::render::text::changes::{org_role, project_name};
use crate::render::text::{list, list_of};

/// Projects of one person that are named.
const NAMED: usize = 3;

/// What somebody becomes: by rank, then of the organization before projects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Becoming {
    pub(super) rank: Reverse<BuiltInRole>,
    pub(super) of: Of,
    /// All of it, in words.
    pub(super) what: String,
}

/// Of what somebody becomes admin or owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Of {
    Organization,
    /// Owner of projects, and admin of the organization.
    ProjectsAndOrganization,
    Projects,
}

impl Becoming {
    /// The same without the names of projects.
    pub(super) fn in_general(&self) -> Self {
        let Self { rank, of, .. } = self;
        let what = match of {
            Of::Organization => format!("{} of the organization", rank.0),
            Of::ProjectsAndOrganization => {
                format!("{} of projects and {} of the organization", rank.0, BuiltInRole::Admin)
            }
            Of::Projects => format!("{} of projects", rank.0),
        };
        Self { rank: *rank, of: *of, what }
    }
}

/// What somebody rises to on projects, by rank and role: how many projects, and the first of them.
pub(super) type Rises = BTreeMap<(Reverse<BuiltInRole>, String), (usize, Vec<String>)>;

/// Notes that somebody rises to `role` on `project`.
pub(super) fn note_rise(rises: &mut Rises, plan: &Plan, project: ProjectId, rank: BuiltInRole, role: String) {
    let (number, first) = rises.entry((Reverse(rank), role)).or_default();
    *number += 1;
    if first.len() < NAMED {
        first.push(project_name(plan, project));
    }
}

/// The gravest rank of `rises`, with all of them in words.
pub(super) fn becoming_of(rises: &Rises) -> Option<Becoming> {
    let (rank, _) = rises.keys().next()?;
    let told = rises.iter().map(|((_, role), (number, first))| format!("{role} of {}", list_of(first, *number)));
    Some(Becoming { rank: *rank, of: Of::Projects, what: list(&told.collect::<Vec<_>>()) })
}

/// What somebody becomes in two ways together; the least is the gravest.
pub(super) fn both(one: Option<Becoming>, other: Option<Becoming>) -> Option<Becoming> {
    let (one, other) = match (one, other) {
        (Some(one), Some(other)) if one != other => (one, other),
        (one, other) => return one.or(other),
    };
    let (first, second) = if one < other { (one, other) } else { (other, one) };
    let of = match (first.of, second.of) {
        (Of::Organization, _) => Of::Organization,
        (Of::Projects, Of::Projects) => Of::Projects,
        (Of::ProjectsAndOrganization | Of::Projects, _) => Of::ProjectsAndOrganization,
    };
    Some(Becoming { rank: first.rank, of, what: format!("{} and {}", first.what, second.what) })
}

/// That somebody gets a role in the organization, where it is a strong one.
pub(super) fn of_organization(role: &OrgRole) -> Option<Becoming> {
    let rank = Reverse(role.on_every_project()?);
    Some(Becoming { rank, of: Of::Organization, what: format!("{} of the organization", org_role(role)) })
}
