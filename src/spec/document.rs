//! The document and its sections.

use schemars::json_schema;

use super::collection::{List, Map, OneOrMany};
use super::date::Moment;
use super::decode::{At, Decode, Decoder, Value};
use super::organization::Definition;
use super::record::record;
use super::schema::{any_of, inline_schema, of};
use super::value::{EmailText, Flag, Id, KeyText, NameText, ProjectName, RoleText, Spanned, Text};
use crate::model::{BuiltInRole, OrgRole};

record! {
    /// One document of configuration. All documents of a run are read as a whole; their order never matters.
    pub(crate) struct Document<'a> is "a document" {
        /// The version of the language: always 1.
        required version: Version,
        /// The definition of an organization (a mapping, exactly once for each), or the key of the organization that
        /// this document contributes to.
        required org: Organization<'a>,
        /// The users of the organization by e-mail address: an org role, or a mapping with details.
        optional users: Map<EmailText<'a>, User<'a>>,
        /// The projects by a short key: an id, or a mapping with details. Projects are never created or deleted.
        optional projects: Map<ProjectName<'a>, Project<'a>>,
        /// Names for several projects at once; used as `@name` where a project is expected.
        optional project_groups: Map<NameText<'a>, List<NameText<'a>>>,
        /// The teams by a key of your choice, which is also the name unless `name` says another.
        optional teams: Map<Text<'a>, Team<'a>>,
        /// Roles of single users on single projects.
        optional grants: List<Grant<'a>>,
    }
}

record! {
    /// A user with details.
    pub(crate) struct UserDetails<'a> is "a user" {
        /// The role in the organization.
        required role: Spanned<OrgRole>,
        /// The person's name, for people who read this.
        optional name: Text<'a>,
        /// E-mail addresses that the person had before: a rename instead of a removal and an invitation.
        optional previously: List<EmailText<'a>>,
        /// The first day, or the moment, from which this holds.
        optional from: Moment,
        /// The last day on which this holds, or the moment at which it ends.
        optional until: Moment,
        /// Why; for reviewers.
        optional reason: Text<'a>,
        /// The ticket that asked for it; for reviewers.
        optional ticket: Text<'a>,
        /// Who approved it: an e-mail address or a list of them.
        optional approved_by: OneOrMany<EmailText<'a>>,
        /// Who answers for the person.
        optional sponsor: EmailText<'a>,
    }
}

record! {
    /// A project with details.
    pub(crate) struct ProjectDetails<'a> is "a project" {
        /// The id on the service.
        required id: Id,
        /// The name, for people; a difference to the live side is a warning.
        optional name: Text<'a>,
        /// What the project is used for, such as `production`; for policy.
        optional environment: Text<'a>,
        /// The default role of all present and future users of the organization.
        optional everyone: RoleText<'a>,
        /// The custom roles of the project: a list of names, or a mapping from names to `like`.
        optional roles: CustomRoles<'a>,
    }
}

record! {
    /// What is said of a custom role.
    pub(crate) struct CustomRole<'a> is "a custom role" {
        /// The built-in role that it ranks like.
        optional like: Spanned<BuiltInRole>,
        /// What it is for; for people.
        optional description: Text<'a>,
    }
}

record! {
    /// A team. Parts that are not stated are left alone.
    pub(crate) struct Team<'a> is "a team" {
        /// The unique name on the service; the key where it is absent.
        optional name: Text<'a>,
        /// The members, all of them; `[]` means nobody, no key leaves them alone.
        optional members: List<Member<'a>>,
        /// The role that members have on each project (or `@group` of projects); `{}` means none, no key leaves them
        /// alone.
        optional projects: Map<Text<'a>, TeamRole<'a>>,
        /// Names that the team had before: a rename instead of a deletion and a new team.
        optional previously: List<Text<'a>>,
        /// Whether an identity provider makes the team, names it and looks after its members: only the roles are
        /// managed here then.
        optional scim_managed: Flag,
    }
}

record! {
    /// A member with details.
    pub(crate) struct MemberDetails<'a> is "a member" {
        /// The e-mail address of the member.
        required user: EmailText<'a>,
        /// The first day, or the moment, from which this holds.
        optional from: Moment,
        /// The last day on which this holds, or the moment at which it ends.
        optional until: Moment,
        /// Why; for reviewers.
        optional reason: Text<'a>,
        /// The ticket that asked for it; for reviewers.
        optional ticket: Text<'a>,
        /// Who approved it: an e-mail address or a list of them.
        optional approved_by: OneOrMany<EmailText<'a>>,
        /// Who answers for the person.
        optional sponsor: EmailText<'a>,
    }
}

record! {
    /// A team's role on a project with details.
    pub(crate) struct TeamRoleDetails<'a> is "a team's role" {
        /// The role on the project.
        required role: RoleText<'a>,
        /// The first day, or the moment, from which this holds.
        optional from: Moment,
        /// The last day on which this holds, or the moment at which it ends.
        optional until: Moment,
        /// Why; for reviewers.
        optional reason: Text<'a>,
        /// The ticket that asked for it; for reviewers.
        optional ticket: Text<'a>,
        /// Who approved it: an e-mail address or a list of them.
        optional approved_by: OneOrMany<EmailText<'a>>,
    }
}

record! {
    /// The role of one user on one project.
    pub(crate) struct Grant<'a> is "a grant" {
        /// The e-mail address of the user.
        required user: EmailText<'a>,
        /// The key of the project, or `@group`.
        required project: Text<'a>,
        /// The role on the project.
        required role: RoleText<'a>,
        /// The first day, or the moment, from which this holds.
        optional from: Moment,
        /// The last day on which this holds, or the moment at which it ends.
        optional until: Moment,
        /// Why; for reviewers.
        optional reason: Text<'a>,
        /// The ticket that asked for it; for reviewers.
        optional ticket: Text<'a>,
        /// Who approved it: an e-mail address or a list of them.
        optional approved_by: OneOrMany<EmailText<'a>>,
        /// Who answers for the person.
        optional sponsor: EmailText<'a>,
    }
}

/// The version of the language. Another one is reported before the document is read.
#[derive(Debug)]
pub(crate) struct Version;

/// Which organization a document is about.
#[derive(Debug)]
pub(crate) enum Organization<'a> {
    /// The organization with this key, defined elsewhere.
    Key(KeyText<'a>),
    /// The definition.
    Definition(Box<Definition<'a>>),
}

/// A user as written.
#[derive(Debug)]
pub(crate) enum User<'a> {
    /// Only the org role.
    Role(Spanned<OrgRole>),
    /// With details.
    Details(Box<UserDetails<'a>>),
}

/// A project as written.
#[derive(Debug)]
pub(crate) enum Project<'a> {
    /// Only the id.
    Id(Id),
    /// With details.
    Details(Box<ProjectDetails<'a>>),
}

/// The custom roles of a project as written.
#[derive(Debug)]
pub(crate) struct CustomRoles<'a>(pub(crate) Vec<(Text<'a>, Option<CustomRole<'a>>)>);

/// A member as written.
#[derive(Debug)]
pub(crate) enum Member<'a> {
    /// Only the e-mail address.
    Email(EmailText<'a>),
    /// With details.
    Details(Box<MemberDetails<'a>>),
}

/// A team's role as written.
#[derive(Debug)]
pub(crate) enum TeamRole<'a> {
    /// Only the role.
    Role(RoleText<'a>),
    /// With details.
    Details(Box<TeamRoleDetails<'a>>),
}

impl<'a> Decode<'a> for Version {
    const EXPECTED: &'static str = "the number 1";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        decoder.scalar::<Self>(at).map(|_| Self)
    }
}

/// Reads a value that is either one scalar or a mapping with details.
macro_rules! short_or_details {
    ($type:ident, $expected:literal, $short:ident, |$scalar:ident, $decoder:ident| $read:expr) => {
        impl<'a> Decode<'a> for $type<'a> {
            const EXPECTED: &'static str = $expected;

            fn decode(at: At, $decoder: &mut Decoder<'a, '_>) -> Option<Self> {
                match $decoder.value::<Self>(at)? {
                    Value::Scalar($scalar) => $read.map(Self::$short),
                    Value::Mapping(_) => Decode::decode(at, $decoder).map(Self::Details),
                    other @ Value::List(_) => $decoder.wrong_shape::<Self, _>(at, &other),
                }
            }
        }
    };
}
pub(super) use short_or_details;

short_or_details!(User, "an org role or a mapping", Role, |scalar, decoder| Spanned::from_scalar(&scalar, decoder));
short_or_details!(Project, "an id or a mapping", Id, |scalar, decoder| Id::from_scalar(&scalar, decoder));
short_or_details!(Member, "an e-mail address or a mapping", Email, |scalar, decoder| EmailText::from_scalar(
    scalar, decoder
));
short_or_details!(TeamRole, "a role or a mapping", Role, |scalar, decoder| Text::from_scalar(scalar, decoder)
    .map(RoleText));

impl<'a> Decode<'a> for Organization<'a> {
    const EXPECTED: &'static str = "the key of an organization or its definition";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        match decoder.value::<Self>(at)? {
            Value::Scalar(scalar) => KeyText::from_scalar(scalar, decoder).map(Self::Key),
            Value::Mapping(_) => Decode::decode(at, decoder).map(Self::Definition),
            other @ Value::List(_) => decoder.wrong_shape::<Self, _>(at, &other),
        }
    }
}

impl<'a> Decode<'a> for CustomRoles<'a> {
    const EXPECTED: &'static str = "a list of names or a mapping";
    const EMPTY: Option<&'static str> = Some("[]");

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        match decoder.value::<Self>(at)? {
            Value::List(_) => {
                let names = List::<Text<'a>>::decode(at, decoder)?;
                Some(Self(names.items.into_iter().map(|name| (name, None)).collect()))
            }
            Value::Mapping(_) => Map::<Text<'a>, CustomRole<'a>>::decode(at, decoder).map(|map| Self(map.entries)),
            other @ Value::Scalar(_) => decoder.wrong_shape::<Self, _>(at, &other),
        }
    }
}

inline_schema!([] Version, |_generator| json_schema!({ "const": 1 }));
inline_schema!(['a] Organization<'a>, |generator| any_of(vec![
    (of::<KeyText<'a>>(generator), "The key of an organization that is defined elsewhere."),
    (of::<Definition<'a>>(generator), "The definition of the organization."),
]));
inline_schema!(['a] User<'a>, |generator| any_of(vec![
    (of::<Spanned<OrgRole>>(generator), "The role in the organization."),
    (of::<UserDetails<'a>>(generator), "A user with details."),
]));
inline_schema!(['a] Project<'a>, |generator| any_of(vec![
    (of::<Id>(generator), "The id on the service."),
    (of::<ProjectDetails<'a>>(generator), "A project with details."),
]));
inline_schema!(['a] Member<'a>, |generator| any_of(vec![
    (of::<EmailText<'a>>(generator), "The e-mail address of the member."),
    (of::<MemberDetails<'a>>(generator), "A member with details."),
]));
inline_schema!(['a] TeamRole<'a>, |generator| any_of(vec![
    (of::<RoleText<'a>>(generator), "The role on the project."),
    (of::<TeamRoleDetails<'a>>(generator), "A role with details."),
]));
inline_schema!(['a] CustomRoles<'a>, |generator| any_of(vec![
    (of::<List<Text<'a>>>(generator), "The names of the custom roles."),
    (of::<Map<Text<'a>, CustomRole<'a>>>(generator), "The custom roles by name."),
]));
