//! The definition of an organization.

use schemars::json_schema;

use super::ManageMode;
use super::backend::Backend;
use super::collection::{Intact, Later, List, OneOrMany};
use super::date::Moment;
use super::decode::{At, Decode, Decoder, Value};
use super::document::short_or_details;
use super::policy::{Lint, Rule};
use super::record::record;
use super::schema::{any_of, inline_schema, of};
use super::value::{Count, EmailText, Flag, Id, KeyText, Number, RoleText, Spanned, Text, Word, words_of};
use crate::calendar;
use crate::diagnostic::Code;
use crate::model::OrgRole;
use crate::near;
use crate::source::Span;

record! {
    /// The definition of an organization.
    pub(crate) struct Definition<'a> is "the definition of an organization" {
        /// The key that other documents call it by.
        required key: KeyText<'a>,
        /// The id on the service.
        required id: Id,
        /// The name, for people.
        optional name: Text<'a>,
        /// The time zone of dates, such as `Europe/Berlin`; UTC where it is absent.
        optional timezone: TimeZone,
        /// The mail domains of the organization; users elsewhere are external.
        optional domains: List<Domain>,
        /// Where the live side is found.
        optional backend: Backend<'a>,
        /// How far each section is managed.
        optional manage: Manage<'a>,
        /// Users without any access, whatever the rest says: the offboarding switch.
        optional blocked: List<Blocked<'a>>,
        /// What stops a plan.
        optional guards: Guards<'a>,
        /// Differences of the live side that `drift` does not complain of until a day; plans still take them back.
        optional accept: List<Intact<Accepted<'a>>>,
        /// Rules for the access that may be declared.
        optional policy: List<Intact<Rule<'a>>>,
        /// Which remarks about the configuration are wanted.
        optional lint: Lint,
    }
}

record! {
    /// How far each section is managed: `full` removes what is not listed, `listed` looks only after what is listed,
    /// `none` touches nothing. `full` is the default of a section that appears anywhere, else `none`.
    pub(crate) struct Manage<'a> is "`manage`" {
        /// Users and their org roles.
        optional users: Spanned<ManageMode>,
        /// Teams, their members and their roles.
        optional teams: ManageTeams,
        /// Grants.
        optional grants: Spanned<ManageMode>,
        /// Default roles of projects.
        optional everyone: Spanned<ManageMode>,
        /// Projects that are not declared: with `listed` (the default) roles on them are kept, with `full` they are
        /// removed like anything unlisted.
        optional projects: Spanned<ManageMode>,
        /// What is kept whatever the rest says.
        optional ignore: IgnorePatterns<'a>,
    }
}

record! {
    /// How far teams are managed, with their members apart.
    pub(crate) struct TeamsManaged is "`teams`" {
        /// Teams and their roles, and their members unless `members` says otherwise; as where `teams` is only a word.
        optional mode: Spanned<ManageMode>,
        /// The members of all teams: `full` is what a team's `members` says, `none` leaves them alone, as where an
        /// identity provider looks after them.
        optional members: Spanned<ManageMembers>,
    }
}

/// How far teams are managed, as written.
#[derive(Debug)]
pub(crate) enum ManageTeams {
    /// With their members.
    Mode(Spanned<ManageMode>),
    /// With their members apart.
    Details(Box<TeamsManaged>),
}

impl ManageTeams {
    /// How far teams are managed, where that is written.
    pub(crate) fn mode(&self) -> Option<Spanned<ManageMode>> {
        match self {
            Self::Mode(mode) => Some(*mode),
            Self::Details(details) => details.mode,
        }
    }

    /// Whether the members of all teams are left alone.
    pub(crate) fn leaves_members(&self) -> bool {
        match self {
            Self::Mode(_) => false,
            Self::Details(details) => details.members.is_some_and(|members| members.value == ManageMembers::None),
        }
    }
}

impl<'a> Decode<'a> for ManageTeams {
    const EXPECTED: &'static str = "a way to manage or a mapping";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        match decoder.value::<Self>(at)? {
            Value::Scalar(scalar) => Spanned::from_scalar(&scalar, decoder).map(Self::Mode),
            Value::Mapping(_) => Decode::decode(at, decoder).map(Self::Details),
            other @ Value::List(_) => decoder.wrong_shape::<Self, _>(at, &other),
        }
    }
}

record! {
    /// Patterns with `*` and `?` for what is kept whatever the rest says.
    pub(crate) struct IgnorePatterns<'a> is "`ignore`" {
        /// Users by e-mail address.
        optional users: List<Text<'a>>,
        /// Teams by name.
        optional teams: List<Text<'a>>,
        /// Projects by key, id or name.
        optional projects: List<Text<'a>>,
    }
}

record! {
    /// A blocked user with details.
    pub(crate) struct BlockedDetails<'a> is "a blocked user" {
        /// The e-mail address of the user.
        required user: EmailText<'a>,
        /// Why; for reviewers.
        optional reason: Text<'a>,
        /// The ticket that asked for it; for reviewers.
        optional ticket: Text<'a>,
        /// Who approved it: an e-mail address or a list of them.
        optional approved_by: OneOrMany<EmailText<'a>>,
    }
}

record! {
    /// What stops a plan, or a part of it.
    pub(crate) struct Guards<'a> is "`guards`" {
        /// The least number of owners.
        optional min_owners: Count,
        /// Users who are never touched.
        optional protected: List<EmailText<'a>>,
        /// How much may be removed at once: a number or a share such as `25%`.
        optional max_removals: Share,
        /// How many users may be invited in one run.
        optional max_invites: Number,
        /// After how many days `drift` tells of an invitation that nobody has accepted; 14 unless said otherwise.
        optional invite_stale_days: Count,
        /// How often an invitation is sent again.
        optional max_reinvites: Later<Count>,
        /// Dated exceptions.
        optional waivers: List<Waiver<'a>>,
    }
}

record! {
    /// A dated exception from a guard.
    pub(crate) struct Waiver<'a> is "a waiver" {
        /// How many removals are let through.
        optional removals: Count,
        /// How many invitations are let through.
        optional invites: Count,
        /// The last day on which it counts.
        required until: Moment,
        /// Why.
        required reason: Text<'a>,
        /// The ticket that asked for it.
        optional ticket: Text<'a>,
    }
}

record! {
    /// A difference of the live side that is known and may stay until a day. It names a user and a project with `role`, a
    /// user and a team, a user with `org_role`, a team and a project with `role`, a team, or a project with `everyone`.
    pub(crate) struct Accepted<'a> is "an acceptance" {
        /// The e-mail address of the user; it need not be declared.
        optional user: EmailText<'a>,
        /// The team, by its key or name; it need not be declared.
        optional team: Text<'a>,
        /// The key of the project, or `@group`.
        optional project: Text<'a>,
        /// The role that the user or the team has on the project.
        optional role: RoleText<'a>,
        /// The default role that everybody has on the project.
        optional everyone: RoleText<'a>,
        /// The role that the user has in the organization.
        optional org_role: Spanned<OrgRole>,
        /// Whether it is accepted that what is declared is not there.
        optional missing: Flag,
        /// The last day on which this counts, or the moment at which it ends.
        required until: Moment,
        /// Why.
        required reason: Text<'a>,
        /// The ticket that asked for it.
        optional ticket: Text<'a>,
    }
}

words_of! {
    /// How far the members of teams are managed.
    ManageMembers is "a way to manage members" {
        /// As the teams say.
        Full = "full",
        /// Not at all.
        None = "none",
    }
}
impl Word for ManageMode {
    const WHAT: &'static str = "a way to manage";

    fn all() -> Vec<(&'static str, Self)> {
        [Self::Full, Self::Listed, Self::None].into_iter().map(|mode| (mode.as_str(), mode)).collect()
    }
}

/// A time zone; `None` where its name was reported, so that nothing is worked out in another one.
#[derive(Debug)]
pub(crate) struct TimeZone(pub(crate) Option<jiff::tz::TimeZone>);

/// A blocked user as written.
#[derive(Debug)]
pub(crate) enum Blocked<'a> {
    /// Only the e-mail address.
    Email(EmailText<'a>),
    /// With details.
    Details(Box<BlockedDetails<'a>>),
}

/// A mail domain with its canonical form, as addresses have it.
#[derive(Debug)]
pub(crate) struct Domain {
    /// The domain in lower case.
    pub(crate) text: String,
    /// Where it stands.
    pub(crate) span: Span,
}

/// The most of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Most {
    /// So many.
    Number(usize),
    /// Such a share of what there is.
    Percent(u8),
}

/// A number or a percentage.
#[derive(Debug)]
pub(crate) struct Share(pub(crate) Most);

short_or_details!(Blocked, "an e-mail address or a mapping", Email, |scalar, decoder| EmailText::from_scalar(
    scalar, decoder
));

impl<'a> Decode<'a> for TimeZone {
    const EXPECTED: &'static str = "a time zone";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        if let Some(zone) = calendar::zone(&scalar.text) {
            return Some(Self(Some(zone)));
        }
        let names = calendar::zone_names();
        let near = near::did_you_mean(&scalar.text, names.iter().map(String::as_str));
        let message = format!("there is no time zone `{}`", scalar.text);
        decoder
            .report(Code::BadTimeZone, scalar.span, message, "not a time zone")
            .helps
            .push(near.unwrap_or_else(|| "time zones are called like `Europe/Berlin` or `UTC`".to_owned()));
        Some(Self(None))
    }
}

impl<'a> Decode<'a> for Domain {
    const EXPECTED: &'static str = "a domain";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        // A domain is what may stand behind the `@` of an address.
        if let Ok(address) = crate::model::Email::canonical(&format!("a@{}", scalar.text)) {
            let text = address.strip_prefix("a@").unwrap_or_default().to_owned();
            return Some(Self { text, span: scalar.span });
        }
        let message = format!("`{}` is no domain", scalar.text);
        decoder.report(Code::BadDomain, scalar.span, message, "expected a domain such as `example.com`");
        None
    }
}

impl<'a> Decode<'a> for Share {
    const EXPECTED: &'static str = "a number or a percentage";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        let most = match scalar.text.strip_suffix('%') {
            Some(percent) => super::value::decimal(percent)
                .and_then(|number| u8::try_from(number).ok())
                .filter(|number| *number <= 100)
                .map(Most::Percent),
            None if scalar.plain => super::value::decimal(&scalar.text)
                .map(|number| Most::Number(usize::try_from(number).unwrap_or(usize::MAX))),
            None => None,
        };
        if let Some(most) = most {
            return Some(Self(most));
        }
        let message = format!("`{}` is neither a number nor a percentage", scalar.text);
        decoder.report(Code::BadNumber, scalar.span, message, "expected something like `40` or `25%`");
        None
    }
}

inline_schema!(['a] Blocked<'a>, |generator| any_of(vec![
    (of::<EmailText<'a>>(generator), "The e-mail address of the user."),
    (of::<BlockedDetails<'a>>(generator), "A user with details."),
]));
inline_schema!([] TimeZone, |_generator| json_schema!({ "type": "string", "examples": ["UTC", "Europe/Berlin"] }));
inline_schema!([] ManageTeams, |generator| any_of(vec![
    (of::<Spanned<ManageMode>>(generator), "Teams with their members."),
    (of::<TeamsManaged>(generator), "Teams, and their members apart."),
]));
inline_schema!([] Domain, |_generator| json_schema!({ "type": "string", "pattern": r"\." }));
inline_schema!([] Share, |_generator| json_schema!({
    "anyOf": [{ "type": "integer", "minimum": 0 }, { "type": "string", "pattern": r"^\d{1,3}%$" }],
}));
