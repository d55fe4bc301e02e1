//! The table of operations.
//!
//! One row for each operation, with all that is known or believed of it: how it is sent, what a success looks like, what it
//! must name and may name, what else it does, what the account needs for it, and how surely all this is known. Correcting
//! any of that is a change of its row and of nothing else. `{…}` stands for a value of the change: see
//! [`Field`](super::Field). Sources are public; what has none is a proposal.
//!
//! An operation that is new needs more than a row where somebody is to send it. A read is sent by
//! `backend/mixpanel/read.rs`, which has to be told what stands in its answer (`wire.rs`). A write is sent as soon as its row
//! says which kind of change it `performs`; a kind that is new has to be given a meaning first (`change.rs`), and by what its
//! effect is seen (`backend/mixpanel/confirm.rs`); where it must not be done twice, also how what it made is found again
//! (`there` in `backend/mixpanel/write.rs`). A row without both is only told by `doctor`.

use super::body::Form;
use super::form::{Field, PathForm};
use super::{Answer, Host, Method, Standing};
use crate::change::ChangeKind;

/// What a request does beside what its body says: whether another one may be sent to its address, and whether it may be
/// sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: it reads, or gives or changes what another request takes or changes back.
    Plain,
    /// Takes something away that another request would not give back.
    Takes,
    /// Sends a mail to each of its people.
    Mails,
    /// Makes somebody a member of the organization at once.
    Admits,
    /// Decides what somebody may do in the whole organization.
    Decides,
}

/// What the account needs for an operation (dossier 1.4 and section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// To be an account of the service.
    Account,
    /// To be an admin of the project in the path, or of the organization.
    Project,
    /// To be an admin or owner of the organization.
    Organization,
    /// A plan that includes SCIM, and the SCIM token.
    Scim,
}

/// Whose id `{user_id}` stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdOf {
    /// Of somebody who has joined.
    Member,
    /// Of the invitation, which may be the id of another person (dossier P2), so it stands for nothing else.
    Invitation,
}

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
    /// What a request must name, each by one of several fields: a form that leaves one out would do something else.
    pub names: &'static [&'static [Field]],
    /// What a form may hold besides, where it is written otherwise; the id of the organization always.
    also: &'static [Field],
    /// The kind of change that it performs.
    pub performs: Option<ChangeKind>,
    /// The kind of change that it performs over SCIM.
    pub performs_over_scim: Option<ChangeKind>,
    /// What it does beside what its body says.
    pub effect: Effect,
    /// What the account needs for it.
    pub needs: Needs,
    /// What does without it where the account may not: a sentence for people, empty where nothing does.
    pub without: &'static str,
    /// What must be read before it is sent: without pending invitations people would be invited again and again.
    pub after: Option<Operation>,
    /// Whose id `{user_id}` is.
    pub id_of: IdOf,
    /// Whether the first one of a run goes alone and is checked by reading: nobody was seen to use it (dossier section 7).
    pub is_proved: bool,
}

/// A row in which nothing is said beyond the form.
const PLAIN: Entry = Entry {
    operation: Operation::Me,
    name: "",
    method: Method::Get,
    path: "",
    body: "",
    answer: Answer::Results,
    repeatable: false,
    batch: 1,
    host: Host::Organization,
    standing: Standing::Proposed,
    source: "",
    names: &[],
    also: &[],
    performs: None,
    performs_over_scim: None,
    effect: Effect::Plain,
    needs: Needs::Organization,
    without: "",
    after: None,
    id_of: IdOf::Member,
    is_proved: false,
};

macro_rules! operations {
    ($($(#[$meta:meta])* $operation:ident $name:literal $method:ident $path:literal $body:literal
        $answer:expr, $repeatable:ident, $batch:literal, $host:ident, $standing:ident, $source:literal
        $(, $more:ident: $value:expr)*;)*) => {
        /// The operations: reads, then changes, then those of SCIM.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Operation {
            $($(#[$meta])* $operation,)*
        }

        /// The table, in the order of [`Operation`].
        const TABLE: &[Entry] = &[$(Entry {
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
            $($more: $value,)*
            ..PLAIN
        },)*];
    };
}

use Answer::{Done, Each, Flag, Page, Resource, Results};
use Effect::{Admits, Decides, Mails, Takes};

/// A user by one of its names.
const USER: &[Field] = &[Field::User, Field::UserId];
/// A team by one of its names.
const TEAM: &[Field] = &[Field::Team, Field::TeamId];
const ORG: &[Field] = &[Field::Org];
const PROJECT: &[Field] = &[Field::Project];
const ROLE: &[Field] = &[Field::Role];
const START: &[Field] = &[Field::Start];
const GROUP: &[Field] = &[Field::ScimGroup];

/// What does without SCIM.
const WITHOUT_SCIM: &str = "without `backend.scim` it is not used";
/// What does without the lists about which everything else is.
const NOTHING_ELSE: &str = "no `manage` setting does without this: everything else is about these users and projects";

operations! {
    /// Who the credential is, its organizations, its projects and their regions.
    Me "me" Get "/api/app/me?include_workspace_users=false" ""
        Results, true, 1, Organization, Documented, "Mixpanel's documentation and official clients",
        needs: Needs::Account;
    /// All projects of the organization.
    ListProjects "list_projects" Get "/organizations/{org}/projects/" ""
        Results, true, 1, Organization, Official, "Mixpanel's Terraform provider",
        names: &[ORG], without: NOTHING_ELSE;
    /// The members of the organization with their org roles. The path is known, the names of the fields are proposed.
    ListUsers "list_users" Get "/organizations/{org}/users/" ""
        Results, true, 1, Organization, Official, "Mixpanel's Terraform provider; its fields: no source",
        names: &[ORG], without: NOTHING_ELSE;
    /// People who are invited and have not joined.
    ListInvitations "list_invitations" Get "/organizations/{org}/invites/" ""
        Results, true, 1, Organization, Proposed, "no source",
        names: &[ORG],
        without: "without `list_invitations` in `backend.unverified` it is not asked; nobody is invited then";
    /// Teams with their roles and members. The names of the fields of members are proposed.
    ListTeams "list_teams" Get "/organizations/{org}/teams/" ""
        Results, true, 1, Organization, Tested, "365talents' Terraform provider; the members: no source",
        names: &[ORG],
        without: "`manage: { teams: none }` does without this: access is then shown as far as it is known";
    /// Who has a role on one project, and the project's default role. The names of the fields are proposed.
    ListGrants "list_grants" Get
        "/api/app/projects/{project}/granted-users?include_invited_users=true&include_access_requests=false" ""
        Results, true, 1, Project, Used, "ak--47's mp-project; its fields: no source",
        names: &[PROJECT], needs: Needs::Project,
        without: "`manage: { grants: none, everyone: none }` does without this: access is then shown as far as it is known";
    /// The custom roles of one project.
    ListCustomRoles "list_custom_roles" Get "/api/app/projects/{project}/custom-roles" ""
        Results, true, 1, Project, Official, "Mixpanel's Terraform provider",
        names: &[PROJECT], needs: Needs::Project,
        without: "`manage: { teams: none, grants: none, everyone: none }` does without this, if `roles` of the project \
                  names no custom role";
    /// Gives a team another name.
    RenameTeam "rename_team" Post "/organizations/{org}/teams/{team_id}/update/" r#"{"name":"{name}"}"#
        Results, true, 1, Organization, Tested, "365talents' and Mixpanel's Terraform providers",
        names: &[TEAM, &[Field::Name]], performs: Some(ChangeKind::RenameTeam);
    /// Makes teams.
    CreateTeam "create_team" Post "/organizations/{org}/add-teams/" r#"{"teamNames":["{team}"]}"#
        Each("created"), false, 50, Organization, Tested, "365talents' and Mixpanel's Terraform providers",
        names: &[&[Field::Team]], performs: Some(ChangeKind::CreateTeam);
    /// Invites people; a mail goes to each of them.
    InviteUser "invite_user" Post "/organizations/{org}/add-users/" r#"{"users":[{"email":"{user}","role":"{role}"}]}"#
        Each("created"), false, 10, Organization, Proposed, "no source",
        names: &[&[Field::User], ROLE], performs: Some(ChangeKind::InviteUser), effect: Mails,
        after: Some(Operation::ListInvitations);
    /// Sends invitations again; a mail goes to each of them.
    ReinviteUser "reinvite_user" Post "/organizations/{org}/resend-invites/" r#"{"emails":["{user}"]}"#
        Flag("success"), false, 10, Organization, Proposed, "no source",
        names: &[USER], effect: Mails, id_of: IdOf::Invitation;
    /// Sets somebody's org role.
    SetOrgRole "set_org_role" Post "/organizations/{org}/users/{user_id}/update/" r#"{"role":"{role}"}"#
        Flag("updated"), true, 1, Organization, Proposed, "no source",
        names: &[USER, ROLE], performs: Some(ChangeKind::SetOrgRole), effect: Decides;
    /// Sets the role that everybody has on a project.
    SetEveryone "set_everyone" Post "/organizations/{org}/add-default-access-to-projects/"
        r#"{"projects":[{"id":"{project}","role":"{role}"}]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source",
        names: &[PROJECT, ROLE], performs: Some(ChangeKind::SetEveryone);
    /// Sets the role that a team gives on a project.
    SetTeamRole "set_team_role" Post "/organizations/{org}/add-projects-to-teams/"
        r#"{"teams":[{"id":"{team_id}","projects":[{"id":"{project}","role":"{role}"}]}],"add_default_projects":false}"#
        Results, true, 100, Organization, Tested, "365talents' Terraform provider",
        names: &[TEAM, PROJECT, ROLE], performs: Some(ChangeKind::SetTeamRole);
    /// Adds people to teams.
    AddTeamMember "add_team_member" Post "/organizations/{org}/add-users-to-teams/"
        r#"{"teams":[{"id":"{team_id}","users":[{"email":"{user}"}]}]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source",
        names: &[TEAM, USER], performs: Some(ChangeKind::AddTeamMember);
    /// Gives or changes individual roles on projects.
    SetGrant "set_grant" Post "/organizations/{org}/add-users-to-projects/"
        r#"{"projects":[{"id":"{project}","users":[{"email":"{user}","role":"{role}"}]}]}"#
        Results, true, 100, Organization, Official, "Mixpanel's Terraform provider",
        names: &[USER, PROJECT, ROLE], performs: Some(ChangeKind::SetGrant);
    /// Takes individual roles on projects.
    RemoveGrant "remove_grant" Post "/organizations/{org}/delete-users-from-projects/"
        r#"{"projects":[{"id":"{project}","users":[{"email":"{user}"}]}]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source",
        names: &[USER, PROJECT], also: ROLE, performs: Some(ChangeKind::RemoveGrant), effect: Takes;
    /// Takes people out of a team.
    RemoveTeamMember "remove_team_member" Post "/organizations/{org}/teams/{team_id}/delete-users/"
        r#"{"userIds":["{user_id}"]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source",
        names: &[TEAM, USER], performs: Some(ChangeKind::RemoveTeamMember), effect: Takes;
    /// Takes a team's roles on projects.
    RemoveTeamRole "remove_team_role" Post "/organizations/{org}/teams/{team_id}/delete-projects/"
        r#"{"projectIds":["{project}"]}"#
        Results, true, 100, Organization, Tested, "365talents' Terraform provider",
        names: &[TEAM, PROJECT], also: ROLE, performs: Some(ChangeKind::RemoveTeamRole), effect: Takes;
    /// Withdraws the role that everybody has on a project.
    RemoveEveryone "remove_everyone" Post "/organizations/{org}/delete-default-access-from-projects/"
        r#"{"projectIds":["{project}"]}"#
        Flag("success"), true, 100, Organization, Proposed, "no source",
        names: &[PROJECT], also: ROLE, performs: Some(ChangeKind::RemoveEveryone), effect: Takes;
    /// Deletes teams.
    DeleteTeam "delete_team" Post "/organizations/{org}/delete-teams/" r#"{"teamIds":["{team_id}"]}"#
        Results, true, 50, Organization, Tested, "365talents' and Mixpanel's Terraform providers",
        names: &[TEAM], performs: Some(ChangeKind::DeleteTeam), effect: Takes;
    /// Withdraws invitations.
    CancelInvite "cancel_invite" Post "/organizations/{org}/delete-invites/" r#"{"emails":["{user}"]}"#
        Flag("success"), true, 50, Organization, Proposed, "no source",
        names: &[USER], performs: Some(ChangeKind::CancelInvite), effect: Takes,
        after: Some(Operation::ListInvitations), id_of: IdOf::Invitation;
    /// Removes people from the organization with everything they have. Never a way to take a role on a project.
    RemoveUser "remove_user" Post "/organizations/{org}/delete-users/" r#"{"userIds":["{user_id}"]}"#
        Flag("success"), true, 50, Organization, Proposed, "the path: Mixpanel's Terraform provider; its body: no source",
        names: &[USER], performs: Some(ChangeKind::RemoveUser), effect: Takes;
    /// The people whom SCIM sees, page by page: those of claimed domains who have joined.
    ScimListUsers "scim_list_users" Get "/api/app/scim/v2/Users?startIndex={start}&count=100" ""
        Page, true, 1, Scim, Documented, "Mixpanel's documentation",
        names: &[START], needs: Needs::Scim, without: WITHOUT_SCIM;
    /// The groups, which are the teams, page by page.
    ScimListGroups "scim_list_groups" Get "/api/app/scim/v2/Groups?startIndex={start}&count=100" ""
        Page, true, 1, Scim, Inferred, "Entra and Okta need it; RFC 7644",
        names: &[START], needs: Needs::Scim, without: WITHOUT_SCIM;
    /// One group with its members.
    ScimReadGroup "scim_read_group" Get "/api/app/scim/v2/Groups/{scim_group}" ""
        Resource, true, 1, Scim, Official, "Mixpanel's Terraform provider",
        names: &[GROUP], needs: Needs::Scim, without: WITHOUT_SCIM;
    /// Makes somebody a member of the organization at once, without a mail.
    ScimCreateUser "scim_create_user" Post "/api/app/scim/v2/Users"
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{user}","displayName":"{user}"}"#
        Resource, false, 1, Scim, Inferred, "Mixpanel's and Entra's documentation; the verb: RFC 7644",
        names: &[&[Field::User]], performs_over_scim: Some(ChangeKind::InviteUser), effect: Admits,
        needs: Needs::Scim, without: WITHOUT_SCIM;
    /// Removes somebody from the organization with everything they have.
    ScimDeleteUser "scim_delete_user" Delete "/api/app/scim/v2/Users/{scim_user}" ""
        Done, true, 1, Scim, Inferred, "Mixpanel's documentation and Lumos; RFC 7644",
        names: &[&[Field::ScimUser]], also: &[Field::User],
        performs_over_scim: Some(ChangeKind::RemoveUser), effect: Takes, needs: Needs::Scim, without: WITHOUT_SCIM;
    /// Adds people to a group. PUT would replace all members, with those whom SCIM does not see.
    ScimAddMembers "scim_add_members" Patch "/api/app/scim/v2/Groups/{scim_group}"
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations":[{"op":"add","path":"members","value":[{"value":"{scim_user}"}]}]}"#
        Done, true, 100, Scim, Inferred, "Entra and Okta need it; RFC 7644",
        names: &[GROUP, &[Field::ScimUser]],
        also: &[Field::User, Field::ScimMember, Field::Team], performs_over_scim: Some(ChangeKind::AddTeamMember),
        needs: Needs::Scim, without: WITHOUT_SCIM, is_proved: true;
    /// Takes people out of a group. By the standard, a removal without a filter in its path would take all members.
    ScimRemoveMembers "scim_remove_members" Patch "/api/app/scim/v2/Groups/{scim_group}"
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations":[{"op":"remove","path":"{scim_member}"}]}"#
        Done, true, 100, Scim, Inferred, "Entra and Okta need it; RFC 7644",
        names: &[GROUP, &[Field::ScimMember, Field::ScimUser]],
        also: &[Field::User, Field::Team], performs_over_scim: Some(ChangeKind::RemoveTeamMember), needs: Needs::Scim,
        without: WITHOUT_SCIM, is_proved: true;
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
        BY_KIND[kind as usize]
    }

    /// The operation of SCIM that performs changes of `kind`; `None` where SCIM has none.
    pub fn of_scim(kind: ChangeKind) -> Option<Self> {
        TABLE.iter().find(|entry| entry.performs_over_scim == Some(kind)).map(|entry| entry.operation)
    }
}

/// The operation of each kind of change, by its number. A kind that no row performs does not compile.
const BY_KIND: [Operation; ChangeKind::ALL.len()] = {
    let mut operations = [Operation::Me; ChangeKind::ALL.len()];
    let mut kind = 0;
    while kind < operations.len() {
        let mut row = 0;
        while !matches!(TABLE[row].performs, Some(performed) if performed as usize == kind) {
            row += 1;
        }
        operations[kind] = TABLE[row].operation;
        kind += 1;
    }
    operations
};

impl Operation {
    /// The values that its requests can hold, beside the id of the organization.
    pub fn fields(self) -> Vec<Field> {
        let Entry { names, also, .. } = self.entry();
        names.iter().flat_map(|one_of| *one_of).chain(*also).copied().filter(|field| *field != Field::Org).collect()
    }

    /// Whether another request at its address would do what a change does not say: take something away, send mail, or
    /// decide over the whole organization.
    pub fn does_more(self) -> bool {
        match self.entry().effect {
            Effect::Plain => false,
            Effect::Takes | Effect::Mails | Effect::Admits | Effect::Decides => true,
        }
    }

    /// Whether it is one of SCIM.
    pub fn is_scim(self) -> bool {
        self.entry().host == Host::Scim
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
            for one_of in entry.names {
                assert!(one_of.iter().any(|field| fields.contains(field)), "{} leaves out {one_of:?}", entry.name);
            }
            assert!(fields.iter().all(|field| *field == Field::Org || operation.fields().contains(field)));
            assert!(entry.batch == 1 || body.is_some_and(|body| body.takes_many()), "{}", entry.name);
            // Older paths are redirected without their slash, and a redirected write loses its body.
            assert!(entry.path.starts_with("/api/app/") || entry.path.ends_with('/'), "{}", entry.name);
            assert!(!entry.source.is_empty());
            assert_eq!(operation.is_scim(), entry.needs == Needs::Scim, "{}", entry.name);
            // What is told of one's own address alone is not told of another.
            assert_eq!(entry.host == Host::Project, entry.needs == Needs::Project, "{}", entry.name);
            assert!(entry.performs.is_none() || !operation.is_scim(), "{}", entry.name);
            assert!(entry.performs_over_scim.is_none() || operation.is_scim(), "{}", entry.name);
            assert!(!entry.is_read() || entry.effect == Effect::Plain, "{}", entry.name);
            assert!(entry.effect != Effect::Mails || !entry.repeatable, "{}", entry.name);
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
