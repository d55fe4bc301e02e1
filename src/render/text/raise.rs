//! Who becomes admin or owner by a change, and of what.

use super::changes::{org_role, project_name};
use super::words::{list, list_of};
use crate::access::{AccessChange, rank};
use crate::change::Change;
use crate::model::{BuiltInRole, Email, ProjectId, ProjectRole};
use crate::plan::{Meanwhile, Plan};
use crate::render::{visible, visible_name};

/// Projects that are named before the rest is counted.
const NAMED: usize = 4;

/// Whom a change really raises to admin or owner.
#[derive(Debug)]
pub(crate) struct Raise {
    /// The strongest rank that somebody gets.
    pub(crate) rank: BuiltInRole,
    /// How many people rise.
    pub(crate) people: usize,
    /// The first two of them.
    first: Vec<Email>,
    /// Those of them who have several addresses, by the declared one: each of them counts once.
    several: Vec<Email>,
    /// The roles with their ranks, on how many projects each, and the first of these.
    roles: Vec<(ProjectRole, BuiltInRole, usize, Vec<ProjectId>)>,
    /// Who has which role until a change behind it.
    meanwhile: Vec<(Email, ProjectId, ProjectRole)>,
    /// Whether it raises others of whom nothing is said here.
    pub(super) is_partial: bool,
}

impl Raise {
    /// Of somebody who becomes admin or owner of the organization.
    pub(crate) fn of_organization(user: &Email, rank: BuiltInRole) -> Self {
        Self { rank, people: 1, first: vec![user.clone()], ..Self::of_nobody(rank) }
    }

    /// Of nobody yet.
    pub(crate) fn of_nobody(rank: BuiltInRole) -> Self {
        let (first, several, roles, meanwhile) = Default::default();
        Self { rank, people: 0, first, several, roles, meanwhile, is_partial: false }
    }

    /// The same beside others of whom nothing is said here.
    pub(crate) fn partial(self) -> Self {
        Self { is_partial: true, ..self }
    }

    /// Adds that `row.user` gets `role`, of the rank `rank`; `several` is who the user is, where that person has several
    /// addresses. Rows come user by user.
    pub(crate) fn add(
        &mut self,
        row: AccessChange<'_>,
        role: &ProjectRole,
        rank: BuiltInRole,
        by_name: bool,
        several: Option<&Email>,
    ) {
        self.rank = self.rank.max(rank);
        if by_name {
            if self.people == 0 {
                self.people = 1;
                self.first.push(row.user.clone());
            }
            // A role for a million rows is put into words only where it is shown.
            let place = self.roles.iter().position(|(known, like, ..)| known == role && *like == rank);
            let place = place.unwrap_or_else(|| {
                self.roles.push((role.clone(), rank, 0, Vec::new()));
                self.roles.len() - 1
            });
            let (_, _, number, projects) = &mut self.roles[place];
            *number += 1;
            if projects.len() < NAMED {
                projects.push(row.project);
            }
        } else {
            // A role of a team or of everybody is on one project, so each row is another person, or another address.
            if let Some(person) = several {
                if self.several.contains(person) {
                    return;
                }
                self.several.push(person.clone());
            }
            self.people += 1;
            if self.first.len() < 2 {
                self.first.push(row.user.clone());
            }
        }
    }

    /// Adds somebody of whom nothing is known but that a role of a team is theirs too.
    pub(crate) fn add_unread(&mut self, user: &Email) {
        self.people += 1;
        if self.first.len() < 2 {
            self.first.push(user.clone());
        }
    }

    /// Adds that somebody has a role until a change behind this one.
    pub(crate) fn add_meanwhile(&mut self, held: &Meanwhile, rank: BuiltInRole) {
        self.rank = self.rank.max(rank);
        self.meanwhile.push((held.user.clone(), held.project, held.role.clone()));
    }

    /// Who becomes what by `change`, and who is it only meanwhile.
    pub(crate) fn text(&self, plan: &Plan, change: &Change) -> String {
        let names: Vec<String> = self
            .meanwhile
            .iter()
            .take(NAMED)
            .map(|(user, project, role)| {
                format!("{} is {} of {}", visible(user), ranked(plan, *project, role), project_name(plan, *project))
            })
            .collect();
        if names.is_empty() {
            return self.lasting_text(plan, change);
        }
        let meanwhile = format!("meanwhile {}", list_of(&names, self.meanwhile.len()));
        if self.people == 0 { meanwhile } else { format!("{}; {meanwhile}", self.lasting_text(plan, change)) }
    }

    fn lasting_text(&self, plan: &Plan, change: &Change) -> String {
        match change {
            // Whoever comes without a strong role of the organization gets one that everybody has.
            Change::InviteUser { role, .. } if !role.manages() => {
                format!("becomes {}, like everyone", self.roles_text(plan))
            }
            Change::InviteUser { role, .. } | Change::SetOrgRole { to: role, .. } => {
                let projects: usize = self.roles.iter().map(|(_, _, number, _)| number).sum();
                let role = org_role(role);
                if projects == 0 {
                    format!("becomes {role} of the organization")
                } else if projects == plan.target.projects.len() {
                    format!("becomes {role} of the organization and of every project")
                } else {
                    format!("becomes {role} of the organization and {}", self.roles_text(plan))
                }
            }
            Change::SetTeamRole { project, to, .. } => self.people_text(plan, *project, to),
            Change::SetEveryone { project, to, .. } if !self.is_partial && self.people == plan.target.users.len() => {
                format!("everyone becomes {} of {}", ranked(plan, *project, to), project_name(plan, *project))
            }
            Change::SetEveryone { project, to, .. } => self.people_text(plan, *project, to),
            Change::SetGrant { .. }
            | Change::AddTeamMember { .. }
            | Change::CreateTeam { .. }
            | Change::RenameTeam { .. }
            | Change::RemoveGrant { .. }
            | Change::RemoveTeamMember { .. }
            | Change::RemoveTeamRole { .. }
            | Change::RemoveEveryone { .. }
            | Change::DeleteTeam { .. }
            | Change::CancelInvite { .. }
            | Change::RemoveUser { .. } => format!("becomes {}", self.roles_text(plan)),
        }
    }

    fn people_text(&self, plan: &Plan, project: ProjectId, role: &ProjectRole) -> String {
        // One more name takes no more room than the words that would count it.
        let shown = if self.people > 2 { 1 } else { 2 };
        let names: Vec<_> = self.first.iter().take(shown).map(|user| visible(user)).collect();
        let verb = if self.people == 1 { "becomes" } else { "become" };
        let (who, role) = (list_of(&names, self.people), ranked(plan, project, role));
        format!("{who} {verb} {role} of {}", project_name(plan, project))
    }

    fn roles_text(&self, plan: &Plan) -> String {
        let mut parts: Vec<String> = self
            .roles
            .iter()
            .map(|(role, rank, number, projects)| {
                let role = in_words(role, Some(*rank));
                let shown = if *number > NAMED { NAMED - 1 } else { NAMED };
                let names: Vec<_> = projects.iter().take(shown).map(|project| project_name(plan, *project)).collect();
                format!("{role} of {}", list_of(&names, *number))
            })
            .collect();
        parts.sort();
        list(&parts)
    }
}

/// A role with the built-in one that it is like.
pub(crate) fn ranked(plan: &Plan, project: ProjectId, role: &ProjectRole) -> String {
    in_words(role, rank(&plan.ranks, project, role))
}

fn in_words(role: &ProjectRole, rank: Option<BuiltInRole>) -> String {
    match (role, rank) {
        (ProjectRole::Custom(name), Some(like)) => format!("{} (like {like})", visible_name(name)),
        (ProjectRole::Custom(_) | ProjectRole::BuiltIn(_), _) => visible_name(role.as_str()).into_owned(),
    }
}
