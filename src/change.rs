//! The one vocabulary of edits, and what each means.
//!
//! Printing, checking, saving and performing agree on [`Change`]; [`State::perform`] is the reference meaning that the
//! backends are tested against. It is strict: a change that does not fit the state is refused and alters nothing.

mod effect;
mod inverse;
mod shown;
mod subject;

use jiff::Timestamp;

pub(crate) use self::shown::{LiveSide, Shown};
pub use self::subject::Subject;
use crate::lookup::NameTable;
use crate::model::{Email, OrgRole, ProjectId, ProjectRole, State, Status, Team, TeamName, User};

/// One edit of an organization's access, in names only.
///
/// `from` is what the change presupposes on the live side: performing it elsewhere is refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the fields are the words of the vocabulary; their meaning stands at `State::perform`")]
pub enum Change {
    /// Gives a team another name; members and roles stay.
    RenameTeam { from: TeamName, to: TeamName },
    /// Makes a team without members and roles.
    CreateTeam { team: TeamName },
    /// Invites a person to the organization; sends a mail.
    InviteUser { user: Email, role: OrgRole },
    /// Changes the org role of a user.
    SetOrgRole { user: Email, from: OrgRole, to: OrgRole },
    /// Sets a project's default role for everybody.
    SetEveryone { project: ProjectId, from: Option<ProjectRole>, to: ProjectRole },
    /// Sets the role that a team gives on a project.
    SetTeamRole { team: TeamName, project: ProjectId, from: Option<ProjectRole>, to: ProjectRole },
    /// Adds a user to a team.
    AddTeamMember { team: TeamName, user: Email },
    /// Sets the individual grant of a user on a project.
    SetGrant { user: Email, project: ProjectId, from: Option<ProjectRole>, to: ProjectRole },
    /// Takes the individual grant of a user on a project.
    RemoveGrant { user: Email, project: ProjectId, from: ProjectRole },
    /// Takes a user out of a team.
    RemoveTeamMember { team: TeamName, user: Email },
    /// Takes the role that a team gives on a project.
    RemoveTeamRole { team: TeamName, project: ProjectId, from: ProjectRole },
    /// Takes a project's default role for everybody.
    RemoveEveryone { project: ProjectId, from: ProjectRole },
    /// Deletes a team with its memberships and roles.
    DeleteTeam { team: TeamName },
    /// Takes an invitation back, with its memberships and grants.
    CancelInvite { user: Email },
    /// Removes a user who has joined, with memberships and grants.
    RemoveUser { user: Email },
}

/// The kind of a [`Change`]: its stable name in plans, logs and messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "one for each variant of `Change`")]
pub enum ChangeKind {
    RenameTeam,
    CreateTeam,
    InviteUser,
    SetOrgRole,
    SetEveryone,
    SetTeamRole,
    AddTeamMember,
    SetGrant,
    RemoveGrant,
    RemoveTeamMember,
    RemoveTeamRole,
    RemoveEveryone,
    DeleteTeam,
    CancelInvite,
    RemoveUser,
}

impl ChangeKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::RenameTeam,
        Self::CreateTeam,
        Self::InviteUser,
        Self::SetOrgRole,
        Self::SetEveryone,
        Self::SetTeamRole,
        Self::AddTeamMember,
        Self::SetGrant,
        Self::RemoveGrant,
        Self::RemoveTeamMember,
        Self::RemoveTeamRole,
        Self::RemoveEveryone,
        Self::DeleteTeam,
        Self::CancelInvite,
        Self::RemoveUser,
    ];

    /// The stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RenameTeam => "rename_team",
            Self::CreateTeam => "create_team",
            Self::InviteUser => "invite_user",
            Self::SetOrgRole => "set_org_role",
            Self::SetEveryone => "set_everyone",
            Self::SetTeamRole => "set_team_role",
            Self::AddTeamMember => "add_team_member",
            Self::SetGrant => "set_grant",
            Self::RemoveGrant => "remove_grant",
            Self::RemoveTeamMember => "remove_team_member",
            Self::RemoveTeamRole => "remove_team_role",
            Self::RemoveEveryone => "remove_everyone",
            Self::DeleteTeam => "delete_team",
            Self::CancelInvite => "cancel_invite",
            Self::RemoveUser => "remove_user",
        }
    }

    /// Whether the kind takes something away entirely. A lowered role is not counted as a removal.
    pub fn is_removal(self) -> bool {
        match self {
            Self::RemoveGrant
            | Self::RemoveTeamMember
            | Self::RemoveTeamRole
            | Self::RemoveEveryone
            | Self::DeleteTeam
            | Self::CancelInvite
            | Self::RemoveUser => true,
            Self::RenameTeam
            | Self::CreateTeam
            | Self::InviteUser
            | Self::SetOrgRole
            | Self::SetEveryone
            | Self::SetTeamRole
            | Self::AddTeamMember
            | Self::SetGrant => false,
        }
    }
}

impl Change {
    /// The kind of this change.
    pub fn kind(&self) -> ChangeKind {
        match self {
            Self::RenameTeam { .. } => ChangeKind::RenameTeam,
            Self::CreateTeam { .. } => ChangeKind::CreateTeam,
            Self::InviteUser { .. } => ChangeKind::InviteUser,
            Self::SetOrgRole { .. } => ChangeKind::SetOrgRole,
            Self::SetEveryone { .. } => ChangeKind::SetEveryone,
            Self::SetTeamRole { .. } => ChangeKind::SetTeamRole,
            Self::AddTeamMember { .. } => ChangeKind::AddTeamMember,
            Self::SetGrant { .. } => ChangeKind::SetGrant,
            Self::RemoveGrant { .. } => ChangeKind::RemoveGrant,
            Self::RemoveTeamMember { .. } => ChangeKind::RemoveTeamMember,
            Self::RemoveTeamRole { .. } => ChangeKind::RemoveTeamRole,
            Self::RemoveEveryone { .. } => ChangeKind::RemoveEveryone,
            Self::DeleteTeam { .. } => ChangeKind::DeleteTeam,
            Self::CancelInvite { .. } => ChangeKind::CancelInvite,
            Self::RemoveUser { .. } => ChangeKind::RemoveUser,
        }
    }

    /// The role that the change presupposes, as text.
    pub fn from_text(&self) -> Option<&str> {
        match self {
            Self::RenameTeam { from, .. } => Some(from),
            Self::SetOrgRole { from, .. } => Some(from.as_str()),
            Self::SetEveryone { from, .. } | Self::SetTeamRole { from, .. } | Self::SetGrant { from, .. } => {
                from.as_ref().map(ProjectRole::as_str)
            }
            Self::RemoveGrant { from, .. } | Self::RemoveTeamRole { from, .. } | Self::RemoveEveryone { from, .. } => {
                Some(from.as_str())
            }
            Self::CreateTeam { .. }
            | Self::InviteUser { .. }
            | Self::AddTeamMember { .. }
            | Self::RemoveTeamMember { .. }
            | Self::DeleteTeam { .. }
            | Self::CancelInvite { .. }
            | Self::RemoveUser { .. } => None,
        }
    }

    /// The role that the change sets, or the name that it gives, as text.
    pub fn to_text(&self) -> Option<&str> {
        match self {
            Self::RenameTeam { to, .. } => Some(to),
            Self::InviteUser { role: to, .. } | Self::SetOrgRole { to, .. } => Some(to.as_str()),
            Self::SetEveryone { to, .. } | Self::SetTeamRole { to, .. } | Self::SetGrant { to, .. } => {
                Some(to.as_str())
            }
            Self::CreateTeam { .. }
            | Self::AddTeamMember { .. }
            | Self::RemoveGrant { .. }
            | Self::RemoveTeamMember { .. }
            | Self::RemoveTeamRole { .. }
            | Self::RemoveEveryone { .. }
            | Self::DeleteTeam { .. }
            | Self::CancelInvite { .. }
            | Self::RemoveUser { .. } => None,
        }
    }
}

/// Why a change does not fit a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misfit {
    /// The user, team or project that the change names is not there.
    #[error("{0} does not exist")]
    Missing(String),
    /// What the change would make is there already.
    #[error("{0} exists already")]
    Exists(String),
    /// The live side has another role than the change presupposes.
    #[error("{what} is {live}, not {presupposed}")]
    Moved {
        /// Whose role.
        what: String,
        /// What it is.
        live: String,
        /// What the change says it was.
        presupposed: String,
    },
    /// The project does not define the custom role.
    #[error("project {project} has no role `{role}`")]
    UnknownRole {
        /// The project.
        project: ProjectId,
        /// The role that it does not define.
        role: String,
    },
    /// The organization would be left without an active owner.
    #[error("`{0}` is the last active owner")]
    LastOwner(Email),
    /// The change alters nothing.
    #[error("{0} alters nothing")]
    NoEffect(String),
}

impl State {
    /// Performs `change` at the moment `now`, or says why it does not fit and alters nothing.
    ///
    /// # Errors
    /// A [`Misfit`] when the change names what is missing, makes what exists, presupposes another role, alters nothing,
    /// or would leave the organization without an active owner.
    pub fn perform(&mut self, change: &Change, now: Timestamp) -> Result<(), Misfit> {
        self.alter(change, now, Self::keep_an_owner)
    }

    /// The same for what is only told of: nobody need be owner afterwards. A plan that leads there is blocked, and what it
    /// would do is told all the same.
    ///
    /// # Errors
    /// As those of [`perform`](Self::perform).
    pub(crate) fn imagine(&mut self, change: &Change, now: Timestamp) -> Result<(), Misfit> {
        self.alter(change, now, |_, _| Ok(()))
    }

    /// The same with many of which each is done or does not fit; who goes is taken out of all teams in one walk.
    pub(crate) fn imagine_all<'c>(&mut self, changes: impl Iterator<Item = &'c Change>, now: Timestamp) {
        let mut gone: Vec<&Email> = Vec::new();
        for change in changes {
            let Some(user) = change.removed_user() else {
                // A held change takes along what depends on it, so what is left fits.
                let _ = self.imagine(change, now);
                continue;
            };
            let is_invitation = change.kind() == ChangeKind::CancelInvite;
            if self.users.get(user).is_some_and(|found| found.status.is_invited() == is_invitation) {
                gone.push(user);
            }
        }
        for user in &gone {
            self.users.remove(*user);
            self.unread.ids.remove(*user);
            self.forget_grants(user);
        }
        if gone.is_empty() {
            return;
        }
        let mut names = NameTable::default();
        for user in gone {
            names.insert_new(user, || ());
        }
        for team in self.teams.values_mut() {
            team.members.retain(|member| names.get(member).is_none());
        }
    }

    fn alter(
        &mut self,
        change: &Change,
        now: Timestamp,
        keep_an_owner: fn(&Self, &Email) -> Result<(), Misfit>,
    ) -> Result<(), Misfit> {
        match change {
            Change::RenameTeam { from, to } => {
                if self.teams.contains_key(to) {
                    return Err(Misfit::Exists(format!("team `{to}`")));
                }
                let team = self.teams.remove(from).ok_or_else(|| Misfit::Missing(format!("team `{from}`")))?;
                self.teams.insert(to.clone(), team);
                self.unread.rename_team(from, to);
            }
            Change::CreateTeam { team } => {
                if self.teams.contains_key(team) {
                    return Err(Misfit::Exists(format!("team `{team}`")));
                }
                self.teams.insert(team.clone(), Team::default());
            }
            Change::InviteUser { user, role } => {
                if self.users.contains_key(user) {
                    return Err(Misfit::Exists(format!("user `{user}`")));
                }
                let invited = User { role: role.clone(), status: Status::Invited { at: Some(now) }, last_active: None };
                self.users.insert(user.clone(), invited);
            }
            Change::SetOrgRole { user, from, to } => {
                let live = &self.user(user)?.role;
                presuppose(|| format!("the org role of `{user}`"), live.as_str(), from.as_str())?;
                if from == to {
                    return Err(Misfit::NoEffect(format!("setting the org role of `{user}` to {to}")));
                }
                keep_an_owner(self, user)?;
                if let Some(found) = self.users.get_mut(user) {
                    found.role = to.clone();
                }
            }
            Change::SetEveryone { project, from, to } => {
                self.role_exists(*project, to)?;
                let what = || format!("the default role of project {project}");
                let live = self.projects.get(project).and_then(|found| found.everyone.as_ref());
                replace_role(what, live, from.as_ref(), to)?;
                if let Some(found) = self.projects.get_mut(project) {
                    found.everyone = Some(to.clone());
                }
            }
            Change::SetTeamRole { team, project, from, to } => {
                self.role_exists(*project, to)?;
                let what = || format!("the role of team `{team}` on project {project}");
                let roles = &mut self.team_mut(team)?.roles;
                replace_role(what, roles.get(project), from.as_ref(), to)?;
                roles.insert(*project, to.clone());
            }
            Change::AddTeamMember { team, user } => {
                self.user(user)?;
                if !self.team_mut(team)?.members.insert(user.clone()) {
                    return Err(Misfit::Exists(format!("`{user}` in team `{team}`")));
                }
            }
            Change::SetGrant { user, project, from, to } => {
                self.user(user)?;
                self.role_exists(*project, to)?;
                let key = (user.clone(), *project);
                let what = || format!("the grant of `{user}` on project {project}");
                replace_role(what, self.grants.get(&key), from.as_ref(), to)?;
                self.grants.insert(key, to.clone());
            }
            Change::RemoveGrant { user, project, from } => {
                let key = (user.clone(), *project);
                let what = || format!("the grant of `{user}` on project {project}");
                take_role(what, self.grants.get(&key), from)?;
                self.grants.remove(&key);
            }
            Change::RemoveTeamMember { team, user } => {
                if !self.team_mut(team)?.members.remove(user) {
                    return Err(Misfit::Missing(format!("`{user}` in team `{team}`")));
                }
            }
            Change::RemoveTeamRole { team, project, from } => {
                let what = || format!("the role of team `{team}` on project {project}");
                let roles = &mut self.team_mut(team)?.roles;
                take_role(what, roles.get(project), from)?;
                roles.remove(project);
            }
            Change::RemoveEveryone { project, from } => {
                let found =
                    self.projects.get_mut(project).ok_or_else(|| Misfit::Missing(format!("project {project}")))?;
                take_role(|| format!("the default role of project {project}"), found.everyone.as_ref(), from)?;
                found.everyone = None;
            }
            Change::DeleteTeam { team } => {
                self.teams.remove(team).ok_or_else(|| Misfit::Missing(format!("team `{team}`")))?;
                self.unread.members.remove(team);
                self.unread.service_accounts.remove(team);
            }
            Change::CancelInvite { user } => {
                if !self.user(user)?.status.is_invited() {
                    return Err(Misfit::Moved {
                        what: format!("`{user}`"),
                        live: "active".to_owned(),
                        presupposed: "invited".to_owned(),
                    });
                }
                self.forget(user);
            }
            Change::RemoveUser { user } => {
                if self.user(user)?.status.is_invited() {
                    return Err(Misfit::Moved {
                        what: format!("`{user}`"),
                        live: "invited".to_owned(),
                        presupposed: "active".to_owned(),
                    });
                }
                keep_an_owner(self, user)?;
                self.forget(user);
            }
        }
        Ok(())
    }

    /// Removes a user with all memberships and grants.
    pub(crate) fn forget(&mut self, user: &Email) {
        self.users.remove(user);
        self.unread.ids.remove(user);
        for team in self.teams.values_mut() {
            team.members.remove(user);
        }
        self.forget_grants(user);
    }

    fn forget_grants(&mut self, user: &Email) {
        let held: Vec<_> = self.grants_of(user).map(|(project, _)| (user.clone(), project)).collect();
        for key in held {
            self.grants.remove(&key);
        }
    }

    /// The individual grants of `user`.
    pub fn grants_of<'a>(&'a self, user: &Email) -> impl Iterator<Item = (ProjectId, &'a ProjectRole)> + use<'a> {
        let (first, last) = ProjectId::RANGE;
        self.grants.range((user.clone(), first)..=(user.clone(), last)).map(|((_, project), role)| (*project, role))
    }

    fn user(&self, user: &Email) -> Result<&User, Misfit> {
        self.users.get(user).ok_or_else(|| Misfit::Missing(format!("user `{user}`")))
    }

    fn team_mut(&mut self, team: &TeamName) -> Result<&mut Team, Misfit> {
        self.teams.get_mut(team).ok_or_else(|| Misfit::Missing(format!("team `{team}`")))
    }

    fn role_exists(&self, project: ProjectId, role: &ProjectRole) -> Result<(), Misfit> {
        let found = self.projects.get(&project).ok_or_else(|| Misfit::Missing(format!("project {project}")))?;
        match role {
            ProjectRole::Custom(name) if !found.roles.contains(name) => {
                Err(Misfit::UnknownRole { project, role: name.to_string() })
            }
            ProjectRole::Custom(_) | ProjectRole::BuiltIn(_) => Ok(()),
        }
    }

    /// Refuses to take the role of the last active owner. Nobody else's role matters to it.
    fn keep_an_owner(&self, user: &Email) -> Result<(), Misfit> {
        let mut owners = self.active_owners();
        if owners.next() == Some(user) && owners.next().is_none() {
            return Err(Misfit::LastOwner(user.clone()));
        }
        Ok(())
    }
}

/// Refuses a role or status that is not what the change presupposes.
pub(crate) fn presuppose(what: impl Fn() -> String, live: &str, presupposed: &str) -> Result<(), Misfit> {
    if live == presupposed {
        Ok(())
    } else {
        Err(Misfit::Moved { what: what(), live: live.to_owned(), presupposed: presupposed.to_owned() })
    }
}

/// Refuses to set a role where the live one is not what the change presupposes, or is set already.
pub(crate) fn replace_role(
    what: impl Fn() -> String,
    live: Option<&ProjectRole>,
    from: Option<&ProjectRole>,
    to: &ProjectRole,
) -> Result<(), Misfit> {
    let text = |role: Option<&ProjectRole>| role.map_or("none", ProjectRole::as_str).to_owned();
    if live != from {
        return Err(Misfit::Moved { what: what(), live: text(live), presupposed: text(from) });
    }
    if live == Some(to) {
        return Err(Misfit::NoEffect(format!("setting {} to {to}", what())));
    }
    Ok(())
}

/// Refuses to take a role that is not there or is not what the change presupposes.
pub(crate) fn take_role(
    what: impl Fn() -> String,
    live: Option<&ProjectRole>,
    from: &ProjectRole,
) -> Result<(), Misfit> {
    let Some(live) = live else {
        return Err(Misfit::Missing(what()));
    };
    presuppose(what, live.as_str(), from.as_str())
}
