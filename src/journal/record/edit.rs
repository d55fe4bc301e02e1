//! The record of a change, and the change that a record tells of.

use super::{Lost, Record};
use crate::change::{Change, ChangeKind, Subject};
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, Status, TeamName};
use crate::plan::{Plan, PlannedChange};
use crate::source::Sources;

impl Record {
    /// The record of a change of `plan`.
    pub(in crate::journal) fn of(plan: &Plan, sources: &Sources, planned: &PlannedChange) -> Self {
        let text = |text: &str| text.to_owned();
        let note = planned.note.as_deref();
        Self {
            origin: planned.origin.as_str().to_owned(),
            why: planned.why.as_str().to_owned(),
            channel: planned.channel.as_str().to_owned(),
            mail: planned.sends_mail() && plan.requests.invitations_per_hour().is_some(),
            escalation: planned.escalation,
            source: planned.source.map(|span| {
                let position = sources.position(span);
                format!("{}:{}:{}", position.path, position.line, position.column)
            }),
            until: note.and_then(|note| note.window.until).map(|until| until.to_string()),
            reason: note.and_then(|note| note.reason.clone()),
            ticket: note.and_then(|note| note.ticket.clone()),
            approved_by: note.map_or_else(Vec::new, |note| note.approved_by.iter().map(|email| text(email)).collect()),
            sponsor: note.and_then(|note| note.sponsor.as_ref()).map(|email| text(email)),
            lost: lost(plan, &planned.change),
            ..Self::of_edit(plan, planned.id.to_string(), &planned.change)
        }
    }

    /// The record of a change that the plan does not have, called `id`: what is known of it without one.
    pub(in crate::journal) fn of_edit(plan: &Plan, id: String, change: &Change) -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            id,
            kind: change.kind().as_str().to_owned(),
            user: change.user().map(|user| text(user)),
            team: change.team().map(|team| text(team)),
            project: change.project().map(|project| plan.project_label(project).into_owned()),
            project_id: change.project().map(ProjectId::get),
            from: change.from_text().map(text),
            to: change.to_text().map(text),
            ..Self::default()
        }
    }

    /// The change, if every name and role of it can be one.
    pub fn change(&self) -> Option<Change> {
        let user = || Email::new(self.user.as_deref()?).ok();
        let team = || TeamName::new(self.team.as_deref()?);
        let project = || ProjectId::new(self.project_id?).ok();
        let org_role = |text: &Option<String>| OrgRole::read(text.as_deref()?);
        let role = |text: &Option<String>| ProjectRole::from_name(text.as_deref()?);
        let kind = ChangeKind::ALL.into_iter().find(|kind| kind.as_str() == self.kind)?;
        Some(match kind {
            ChangeKind::RenameTeam => Change::RenameTeam {
                from: TeamName::new(self.from.as_deref()?)?,
                to: TeamName::new(self.to.as_deref()?)?,
            },
            ChangeKind::CreateTeam => Change::CreateTeam { team: team()? },
            ChangeKind::InviteUser => Change::InviteUser { user: user()?, role: org_role(&self.to)? },
            ChangeKind::SetOrgRole => {
                Change::SetOrgRole { user: user()?, from: org_role(&self.from)?, to: org_role(&self.to)? }
            }
            ChangeKind::SetEveryone => {
                Change::SetEveryone { project: project()?, from: role(&self.from), to: role(&self.to)? }
            }
            ChangeKind::SetTeamRole => {
                Change::SetTeamRole { team: team()?, project: project()?, from: role(&self.from), to: role(&self.to)? }
            }
            ChangeKind::AddTeamMember => Change::AddTeamMember { team: team()?, user: user()? },
            ChangeKind::SetGrant => {
                Change::SetGrant { user: user()?, project: project()?, from: role(&self.from), to: role(&self.to)? }
            }
            ChangeKind::RemoveGrant => {
                Change::RemoveGrant { user: user()?, project: project()?, from: role(&self.from)? }
            }
            ChangeKind::RemoveTeamMember => Change::RemoveTeamMember { team: team()?, user: user()? },
            ChangeKind::RemoveTeamRole => {
                Change::RemoveTeamRole { team: team()?, project: project()?, from: role(&self.from)? }
            }
            ChangeKind::RemoveEveryone => Change::RemoveEveryone { project: project()?, from: role(&self.from)? },
            ChangeKind::DeleteTeam => Change::DeleteTeam { team: team()? },
            ChangeKind::CancelInvite => Change::CancelInvite { user: user()? },
            ChangeKind::RemoveUser => Change::RemoveUser { user: user()? },
        })
    }
}

/// What goes along with whom or what `change` removes.
fn lost(plan: &Plan, change: &Change) -> Option<Lost> {
    let live = &plan.live;
    let of_team = |team: &TeamName| {
        let found = live.teams.get(team)?;
        let roles = found.roles.iter().map(|(project, role)| (project.to_string(), role.as_str().to_owned())).collect();
        let members = found.members.iter().map(|user| user.as_str().to_owned()).collect();
        Some(Lost { members, roles, ..Lost::default() })
    };
    let of_user = |user: &Email| {
        let found = live.users.get(user)?;
        let teams = live.teams.iter().filter(|(_, team)| team.members.contains(user));
        let projects = live.projects.keys().filter_map(|project| {
            let role = live.grants.get(&(user.clone(), *project))?;
            Some((project.to_string(), role.as_str().to_owned()))
        });
        Some(Lost {
            role: Some(found.role.as_str().to_owned()),
            joined: Some(match found.status {
                Status::Active => true,
                Status::Invited { .. } => false,
            }),
            teams: teams.map(|(name, _)| name.as_str().to_owned()).collect(),
            roles: projects.collect(),
            ..Lost::default()
        })
    };
    match change.removes()? {
        Subject::Team(team) => of_team(team),
        Subject::User(user) => of_user(user),
    }
}
