//! The table of operations.
//!
//! One entry for each operation. `{…}` stands for a value of the change: see [`Field`](super::Field). Sources are public;
//! what has none is a proposal.

use super::body::Form;
use super::form::{Field, PathForm};
use super::{Answer, Host, Method, Standing};
use crate::change::ChangeKind;

/// One operation of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The operation.
    pub operation: Operation,
    /// Its stable name, in configuration, messages and `doctor`.
    pub name: &'static str,
    /// How it is sent.
    pub method: Method,
    /// The form of its path.
    path: &'static str,
    /// The form of its body; empty for none.
    body: &'static str,
    /// What a success looks like.
    pub answer: Answer,
    /// Whether it may be sent again when it is not known what became of it: it sets something, and sends no mail.
    pub repeatable: bool,
    /// The most items in one request, where its body takes a list. No limit is known; these are cautious.
    pub batch: usize,
    /// Where it goes.
    pub host: Host,
    /// How surely it is known.
    pub standing: Standing,
    /// Where it is known from.
    pub source: &'static str,
}

macro_rules! operations {
    ($($(#[$meta:meta])* $operation:ident $name:literal $method:ident $path:literal $body:literal
        $answer:expr, $repeatable:ident, $batch:literal, $host:ident, $standing:ident, $source:literal;)*) => {
        /// The operations: reads, then changes, then those of SCIM.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Operation {
            $($(#[$meta])* $operation,)*
        }

        /// The table, in the order of [`Operation`].
        static TABLE: &[Entry] = &[$(Entry {
            operation: Operation::$operation,
            name: $name,
            method: Method::$method,
            path: $path,
            body: $body,
            answer: $answer,
            repeatable: $repeatable,
            batch: $batch,
            host: Host::$host,
            standing: Standing::$standing,
            source: $source,
        },)*];
    };
}

use Answer::{Done, Each, Flag, Page, Resource, Results};

operations! {
    /// Who the credential is, its organizations, its projects and their regions.
    Me "me" Get "/api/app/me?include_workspace_users=false" ""
        Results, true, 1, Organization, Documented, "Mixpanel's documentation and official clients";
    /// All projects of the organization.
    ListProjects "list_projects" Get "/organizations/{org}/projects/" ""
        Results, true, 1, Organization, Official, "Mixpanel's Terraform provider";
    /// The members of the organization with their org roles. The path is known, the names of the fields are proposed.
    ListUsers "list_users" Get "/organizations/{org}/users/" ""
        Results, true, 1, Organization, Official, "Mixpanel's Terraform provider; its fields: no source";
    /// People who are invited and have not joined.
    ListInvitations "list_invitations" Get "/organizations/{org}/invites/" ""
        Results, true, 1, Organization, Proposed, "no source";
    /// Teams with their roles and members. The names of the fields of members are proposed.
    ListTeams "list_teams" Get "/organizations/{org}/teams/" ""
        Results, true, 1, Organization, Tested, "365talents' Terraform provider; the members: no source";
    /// Who has a role on one project, and the project's default role. The names of the fields are proposed.
    ListGrants "list_grants" Get
        "/api/app/projects/{project}/granted-users?include_invited_users=true&include_access_requests=false" ""
        Results, true, 1, Project, Used, "ak--47's mp-project; its fields: no source";
    /// The custom roles of one project.
    ListCustomRoles "list_custom_roles" Get "/api/app/projects/{project}/custom-roles" ""
        Results, true, 1, Project, Official, "Mixpanel's Terraform provider";
    /// Gives a team another name.
    RenameTeam "rename_team" Post "/organizations/{org}/teams/{team_id}/update/" r#"{"name":"{name}"}"#
        Results, true, 1, Organization, Tested, "365talents' and Mixpanel's Terraform providers";
    /// Makes teams.
    CreateTeam "create_team" Post "/organizations/{org}/add-teams/" r#"{"teamNames":["{team}"]}"#
        Each("created"), false, 50, Organization, Tested, "365talents' and Mixpanel's Terraform providers";
    /// Invites people; a mail goes to each of them.
    InviteUser "invite_user" Post "/organizations/{org}/add-users/" r#"{"users":[{"email":"{user}","role":"{role}"}]}"#
        Each("created"), false, 10, Organization, Proposed, "no source";
    /// Sends invitations again; a mail goes to each of them.
    ReinviteUser "reinvite_user" Post "/organizations/{org}/resend-invites/" r#"{"emails":["{user}"]}"#
        Flag("success"), false, 10, Organization, Proposed, "no source";
    /// Sets somebody's org role.
    SetOrgRole "set_org_role" Post "/organizations/{org}/users/{user_id}/update/" r#"{"role":"{role}"}"#
        Flag("updated"), true, 1, Organization, Proposed, "no source";
    /// Sets the role that everybody has on a project.
    SetEveryone "set_everyone" Post "/organizations/{org}/add-default-access-to-projects/"
        r#"{"projects":[{"id":"{project}","role":"{role}"}]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source";
    /// Sets the role that a team gives on a project.
    SetTeamRole "set_team_role" Post "/organizations/{org}/add-projects-to-teams/"
        r#"{"teams":[{"id":"{team_id}","projects":[{"id":"{project}","role":"{role}"}]}],"add_default_projects":false}"#
        Results, true, 100, Organization, Tested, "365talents' Terraform provider";
    /// Adds people to teams.
    AddTeamMember "add_team_member" Post "/organizations/{org}/add-users-to-teams/"
        r#"{"teams":[{"id":"{team_id}","users":[{"email":"{user}"}]}]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source";
    /// Gives or changes individual roles on projects.
    SetGrant "set_grant" Post "/organizations/{org}/add-users-to-projects/"
        r#"{"projects":[{"id":"{project}","users":[{"email":"{user}","role":"{role}"}]}]}"#
        Results, true, 100, Organization, Official, "Mixpanel's Terraform provider";
    /// Takes individual roles on projects.
    RemoveGrant "remove_grant" Post "/organizations/{org}/delete-users-from-projects/"
        r#"{"projects":[{"id":"{project}","users":[{"email":"{user}"}]}]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source";
    /// Takes people out of a team.
    RemoveTeamMember "remove_team_member" Post "/organizations/{org}/teams/{team_id}/delete-users/"
        r#"{"userIds":["{user_id}"]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source";
    /// Takes a team's roles on projects.
    RemoveTeamRole "remove_team_role" Post "/organizations/{org}/teams/{team_id}/delete-projects/"
        r#"{"projectIds":["{project}"]}"#
        Results, true, 100, Organization, Tested, "365talents' Terraform provider";
    /// Withdraws the role that everybody has on a project.
    RemoveEveryone "remove_everyone" Post "/organizations/{org}/delete-default-access-from-projects/"
        r#"{"projectIds":["{project}"]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source";
    /// Deletes teams.
    DeleteTeam "delete_team" Post "/organizations/{org}/delete-teams/" r#"{"teamIds":["{team_id}"]}"#
        Results, true, 50, Organization, Tested, "365talents' and Mixpanel's Terraform providers";
    /// Withdraws invitations.
    CancelInvite "cancel_invite" Post "/organizations/{org}/delete-invites/" r#"{"emails":["{user}"]}"#
        Flag("success"), true, 50, Organization, Proposed, "no source";
    /// Removes people from the organization with everything they have. Never a way to take a role on a project.
    RemoveUser "remove_user" Post "/organizations/{org}/delete-users/" r#"{"userIds":["{user_id}"]}"#
        Flag("success"), true, 50, Organization, Proposed, "the path: Mixpanel's Terraform provider; its body: no source";
    /// The people whom SCIM sees, page by page: those of claimed domains who have joined.
    ScimListUsers "scim_list_users" Get "/api/app/scim/v2/Users?startIndex={start}&count=100" ""
        Page, true, 1, Scim, Documented, "Mixpanel's documentation";
    /// The groups, which are the teams, page by page.
    ScimListGroups "scim_list_groups" Get "/api/app/scim/v2/Groups?startIndex={start}&count=100" ""
        Page, true, 1, Scim, Inferred, "Entra and Okta need it; RFC 7644";
    /// One group with its members.
    ScimReadGroup "scim_read_group" Get "/api/app/scim/v2/Groups/{scim_group}" ""
        Resource, true, 1, Scim, Official, "Mixpanel's Terraform provider";
    /// Makes somebody a member of the organization at once, without a mail.
    ScimCreateUser "scim_create_user" Post "/api/app/scim/v2/Users"
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{user}","displayName":"{user}"}"#
        Resource, false, 1, Scim, Inferred, "Mixpanel's and Entra's documentation; the verb: RFC 7644";
    /// Removes somebody from the organization with everything they have.
    ScimDeleteUser "scim_delete_user" Delete "/api/app/scim/v2/Users/{scim_user}" ""
        Done, true, 1, Scim, Inferred, "Mixpanel's documentation and Lumos; RFC 7644";
    /// Adds people to a group. PUT would replace all members, with those whom SCIM does not see.
    ScimAddMembers "scim_add_members" Patch "/api/app/scim/v2/Groups/{scim_group}"
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations":[{"op":"add","path":"members","value":[{"value":"{scim_user}"}]}]}"#
        Done, true, 100, Scim, Inferred, "Entra and Okta need it; RFC 7644";
    /// Takes people out of a group. By the standard, a removal without a filter in its path would take all members.
    ScimRemoveMembers "scim_remove_members" Patch "/api/app/scim/v2/Groups/{scim_group}"
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations":[{"op":"remove","path":"{scim_member}"}]}"#
        Done, true, 100, Scim, Inferred, "Entra and Okta need it; RFC 7644";
}

impl Operation {
    /// All operations, in the order of the table.
    pub fn every() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|entry| entry.operation)
    }

    /// All operations by name, in the order of the table.
    pub fn all_words() -> impl Iterator<Item = (&'static str, Self)> {
        TABLE.iter().map(|entry| (entry.name, entry.operation))
    }

    /// What is known of it.
    pub fn entry(self) -> &'static Entry {
        // The macro makes one entry for each variant, in their order.
        &TABLE[self as usize]
    }

    /// The operation called exactly `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.name == name).map(|entry| entry.operation)
    }

    /// The operation that performs changes of `kind`.
    pub fn of(kind: ChangeKind) -> Self {
        match kind {
            ChangeKind::RenameTeam => Self::RenameTeam,
            ChangeKind::CreateTeam => Self::CreateTeam,
            ChangeKind::InviteUser => Self::InviteUser,
            ChangeKind::SetOrgRole => Self::SetOrgRole,
            ChangeKind::SetEveryone => Self::SetEveryone,
            ChangeKind::SetTeamRole => Self::SetTeamRole,
            ChangeKind::AddTeamMember => Self::AddTeamMember,
            ChangeKind::SetGrant => Self::SetGrant,
            ChangeKind::RemoveGrant => Self::RemoveGrant,
            ChangeKind::RemoveTeamMember => Self::RemoveTeamMember,
            ChangeKind::RemoveTeamRole => Self::RemoveTeamRole,
            ChangeKind::RemoveEveryone => Self::RemoveEveryone,
            ChangeKind::DeleteTeam => Self::DeleteTeam,
            ChangeKind::CancelInvite => Self::CancelInvite,
            ChangeKind::RemoveUser => Self::RemoveUser,
        }
    }
}

/// Names of requests of the service that take away, move or send mail (dossier rows 5 to 8, 13, 20, 23 and 25, the names
/// below 3.2, and those of 3.3, 3.4 and 3.6). Those of the table stand here too: their address may be written otherwise.
const DANGEROUS: [&str; 23] = [
    "delete-projects",
    "create-project",
    "create-projects",
    "undelete-projects",
    "transfer-project",
    "delete-users",
    "delete-teams",
    "delete-invites",
    "delete-users-from-projects",
    "delete-default-access-from-projects",
    "add-users",
    "resend-invites",
    "regenerate-invite-url",
    "cancel_project_member_invite",
    "accept-invite",
    "approve-access-request",
    "delete-project-access-requests",
    "delete-service-accounts",
    "remove-from-project",
    "remove-from-team",
    "service-accounts",
    "twofactor",
    "org-request-access-settings",
];

/// The same for words that mean it only where they stand below the id of an organization or a project.
const DANGEROUS_BELOW: [(&str, &str); 4] =
    [("organizations", "leave"), ("projects", "delete"), ("projects", "reset"), ("projects", "undelete")];

/// A user by one of its names.
const USER: &[Field] = &[Field::User, Field::UserId];
/// A team by one of its names.
const TEAM: &[Field] = &[Field::Team, Field::TeamId];

impl Operation {
    /// What a request must name, each by one of several fields: a form that leaves one out would do something else.
    pub fn named(self) -> &'static [&'static [Field]] {
        match self {
            Self::Me => &[],
            Self::ListProjects | Self::ListUsers | Self::ListInvitations | Self::ListTeams => &[&[Field::Org]],
            Self::ListGrants | Self::ListCustomRoles => &[&[Field::Project]],
            Self::RenameTeam => &[TEAM, &[Field::Name]],
            Self::CreateTeam => &[&[Field::Team]],
            Self::DeleteTeam => &[TEAM],
            Self::InviteUser => &[&[Field::User], &[Field::Role]],
            Self::ReinviteUser | Self::CancelInvite | Self::RemoveUser => &[USER],
            Self::SetOrgRole => &[USER, &[Field::Role]],
            Self::SetEveryone => &[&[Field::Project], &[Field::Role]],
            Self::RemoveEveryone => &[&[Field::Project]],
            Self::SetTeamRole => &[TEAM, &[Field::Project], &[Field::Role]],
            Self::RemoveTeamRole => &[TEAM, &[Field::Project]],
            Self::AddTeamMember | Self::RemoveTeamMember => &[TEAM, USER],
            Self::SetGrant => &[USER, &[Field::Project], &[Field::Role]],
            Self::RemoveGrant => &[USER, &[Field::Project]],
            Self::ScimListUsers | Self::ScimListGroups => &[&[Field::Start]],
            Self::ScimReadGroup => &[&[Field::ScimGroup]],
            Self::ScimCreateUser => &[&[Field::User]],
            Self::ScimDeleteUser => &[&[Field::ScimUser]],
            Self::ScimAddMembers => &[&[Field::ScimGroup], &[Field::ScimUser]],
            Self::ScimRemoveMembers => &[&[Field::ScimGroup], &[Field::ScimMember, Field::ScimUser]],
        }
    }
}

impl Operation {
    /// The values that its requests can hold, beside the id of the organization.
    pub fn fields(self) -> &'static [Field] {
        use Field::{Name, Project, Role, ScimGroup, ScimMember, ScimUser, Start, Team, TeamId, User, UserId};
        match self {
            Self::Me | Self::ListProjects | Self::ListUsers | Self::ListInvitations | Self::ListTeams => &[],
            Self::ListGrants | Self::ListCustomRoles => &[Project],
            Self::RenameTeam => &[Team, TeamId, Name],
            Self::CreateTeam => &[Team],
            Self::DeleteTeam => &[Team, TeamId],
            Self::InviteUser => &[User, Role],
            Self::ReinviteUser | Self::CancelInvite | Self::RemoveUser => &[User, UserId],
            Self::SetOrgRole => &[User, UserId, Role],
            Self::SetEveryone | Self::RemoveEveryone => &[Project, Role],
            Self::SetTeamRole | Self::RemoveTeamRole => &[Team, TeamId, Project, Role],
            Self::AddTeamMember | Self::RemoveTeamMember => &[Team, TeamId, User, UserId],
            Self::SetGrant | Self::RemoveGrant => &[User, UserId, Project, Role],
            Self::ScimListUsers | Self::ScimListGroups => &[Start],
            Self::ScimReadGroup => &[ScimGroup],
            Self::ScimCreateUser => &[User],
            Self::ScimDeleteUser => &[User, ScimUser],
            Self::ScimAddMembers | Self::ScimRemoveMembers => &[User, ScimUser, ScimMember, Team, ScimGroup],
        }
    }

    /// Whether it takes something away that another request would not give back.
    pub fn takes_away(self) -> bool {
        matches!(
            self,
            Self::RemoveGrant
                | Self::RemoveTeamMember
                | Self::RemoveTeamRole
                | Self::RemoveEveryone
                | Self::DeleteTeam
                | Self::CancelInvite
                | Self::RemoveUser
                | Self::ScimDeleteUser
        )
    }

    /// Whether another request at its address would do what a change does not say: take something away, send mail, or
    /// decide over the whole organization.
    pub fn does_more(self) -> bool {
        self.takes_away()
            || matches!(self, Self::InviteUser | Self::ReinviteUser | Self::SetOrgRole | Self::ScimCreateUser)
    }

    /// The name in `path` of a request of the service that takes away, moves or sends mail, and that is not this one's.
    pub fn dangerous_name(self, path: &PathForm) -> Option<&'static str> {
        let own = self.entry().path().segments();
        let written = path.segments();
        let has = |segments: &[String], name: &str| segments.iter().any(|segment| segment == name);
        let named = DANGEROUS.into_iter().find(|name| has(&written, name) && !has(&own, name));
        named.or_else(|| {
            let of = |id: usize| id.checked_sub(1).and_then(|place| written.get(place)).map(String::as_str);
            DANGEROUS_BELOW.into_iter().find_map(|(below, name)| {
                let is_there = (1..written.len()).any(|id| of(id) == Some(below) && of(id + 2) == Some(name));
                is_there.then_some(name)
            })
        })
    }

    /// Whether it is one of SCIM.
    pub fn is_scim(self) -> bool {
        self.entry().host == Host::Scim
    }

    /// The operation of SCIM that performs changes of `kind`; `None` where SCIM has none.
    pub fn of_scim(kind: ChangeKind) -> Option<Self> {
        match kind {
            ChangeKind::InviteUser => Some(Self::ScimCreateUser),
            ChangeKind::RemoveUser => Some(Self::ScimDeleteUser),
            ChangeKind::AddTeamMember => Some(Self::ScimAddMembers),
            ChangeKind::RemoveTeamMember => Some(Self::ScimRemoveMembers),
            ChangeKind::RenameTeam
            | ChangeKind::CreateTeam
            | ChangeKind::SetOrgRole
            | ChangeKind::SetEveryone
            | ChangeKind::SetTeamRole
            | ChangeKind::SetGrant
            | ChangeKind::RemoveGrant
            | ChangeKind::RemoveTeamRole
            | ChangeKind::RemoveEveryone
            | ChangeKind::DeleteTeam
            | ChangeKind::CancelInvite => None,
        }
    }
}

impl Entry {
    /// Whether it only reads.
    pub fn is_read(&self) -> bool {
        self.method == Method::Get
    }

    /// The form of its path.
    pub fn path(&self) -> PathForm {
        PathForm::known(self.path)
    }

    /// The form of its body; `None` where it has none.
    pub fn body(&self) -> Option<Form> {
        (!self.body.is_empty()).then(|| Form::known(self.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_whole() {
        for operation in Operation::every() {
            let entry = operation.entry();
            assert_eq!((entry.operation, Operation::from_name(entry.name)), (operation, Some(operation)));
            let path = PathForm::parse(entry.path).unwrap();
            let body = (!entry.body.is_empty()).then(|| Form::parse(entry.body).unwrap());
            assert_eq!(body.is_none(), matches!(entry.method, Method::Get | Method::Delete), "{}", entry.name);
            assert_eq!(operation.is_scim(), entry.path.starts_with(super::super::SCIM_BASE), "{}", entry.name);
            let mut fields = path.fields();
            fields.extend(body.iter().flat_map(Form::fields));
            for one_of in operation.named() {
                assert!(one_of.iter().any(|field| fields.contains(field)), "{} leaves out {one_of:?}", entry.name);
            }
            assert!(fields.iter().all(|field| *field == Field::Org || operation.fields().contains(field)));
            assert!(entry.batch == 1 || body.is_some_and(|body| body.takes_many()), "{}", entry.name);
            // Older paths are redirected without their slash, and a redirected write loses its body.
            assert!(entry.path.starts_with("/api/app/") || entry.path.ends_with('/'), "{}", entry.name);
            assert!(!entry.source.is_empty());
        }
    }

    #[test]
    fn what_sends_mail_or_makes_something_is_never_repeated() {
        let not_repeatable: Vec<&str> =
            TABLE.iter().filter(|entry| !entry.repeatable).map(|entry| entry.name).collect();
        assert_eq!(not_repeatable, ["create_team", "invite_user", "reinvite_user", "scim_create_user"]);
    }

    #[test]
    fn changes_are_performed_by_the_operation_of_their_name() {
        for kind in ChangeKind::ALL {
            assert_eq!(Operation::of(kind).entry().name, kind.as_str());
        }
    }
}
