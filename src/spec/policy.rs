//! Rules for the access that may be declared, and which remarks about a configuration are wanted.

use schemars::json_schema;

use super::collection::{List, OneOrMany};
use super::date::Moment;
use super::decode::{At, Decode, Decoder};
use super::record::record;
use super::schema::{any_of, inline_schema, words};
use super::value::{Count, EmailText, Flag, RoleText, Spanned, Text, Word, words_of};
use crate::diagnostic::Code;
use crate::model::BuiltInRole;
use crate::near;
use crate::source::Span;

record! {
    /// A rule for the access that may be declared.
    pub(crate) struct Rule<'a> is "a policy rule" {
        /// The name, shown with each finding.
        required name: Text<'a>,
        /// What the rule is about; all access by team, grant and everyone where it is absent.
        optional when: Condition<'a>,
        /// Such access is not allowed at all.
        optional deny: Flag,
        /// What must be written about such access.
        optional require: OneOrMany<Spanned<Requirement>>,
        /// For how many days such access may be given; an end is required.
        optional max_days: Count,
        /// The strongest role that may be given.
        optional max_role: Spanned<BuiltInRole>,
        /// How many people other than the user must have approved it.
        optional min_approvers: Count,
        /// Whether a violation refuses the configuration; `error` unless said otherwise.
        optional severity: Spanned<SeverityWord>,
        /// Dated exceptions.
        optional exceptions: List<Exception<'a>>,
    }
}

record! {
    /// What a rule is about; all that is said must fit.
    pub(crate) struct Condition<'a> is "`when`" {
        /// Whose access: `external`, `internal`, an e-mail address or a pattern, or a list of them.
        optional user: OneOrMany<Who<'a>>,
        /// By which team: its key or name, or a pattern, or a list of them.
        optional team: OneOrMany<Text<'a>>,
        /// On which project: its key, id or name, a pattern, or `@group`, or a list of them.
        optional project: OneOrMany<Text<'a>>,
        /// The environment of the project, or a pattern, or a list of them.
        optional environment: OneOrMany<Text<'a>>,
        /// The weakest role that the rule looks at.
        optional role_at_least: Spanned<BuiltInRole>,
        /// The role, or a list of them; custom roles too.
        optional role: OneOrMany<RoleText<'a>>,
        /// Where the access comes from, or a list; team, grant and everyone where it is absent.
        optional via: OneOrMany<Spanned<ViaWord>>,
    }
}

record! {
    /// A dated exception from a rule.
    pub(crate) struct Exception<'a> is "an exception" {
        /// Whose access: `external`, `internal`, an e-mail address or a pattern, or a list of them.
        optional user: OneOrMany<Who<'a>>,
        /// On which project: its key, id or name, a pattern, or `@group`, or a list of them.
        optional project: OneOrMany<Text<'a>>,
        /// The last day on which it counts.
        required until: Moment,
        /// Why.
        required reason: Text<'a>,
        /// The ticket that asked for it.
        optional ticket: Text<'a>,
    }
}

record! {
    /// Which remarks about the configuration are wanted.
    pub(crate) struct Lint is "`lint`" {
        /// The codes of those that are not, such as `W1001`.
        optional off: List<Spanned<LintCode>>,
    }
}

words_of! {
    /// What a rule asks for.
    Requirement is "a key that can be required" {
        /// An end.
        Until = "until",
        /// Why.
        Reason = "reason",
        /// The ticket.
        Ticket = "ticket",
        /// Who approved.
        ApprovedBy = "approved_by",
        /// Who answers.
        Sponsor = "sponsor",
    }
}
words_of! {
    /// Where access comes from.
    ViaWord is "a source of access" {
        /// Org role.
        OrgRole = "org_role",
        /// Team.
        Team = "team",
        /// Grant.
        Grant = "grant",
        /// Everyone.
        Everyone = "everyone",
    }
}
words_of! {
    /// How grave a violation is.
    SeverityWord is "a severity" {
        /// The configuration is refused.
        Error = "error",
        /// Somebody should look.
        Warning = "warning",
    }
}

/// The code of a remark that can be switched off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LintCode(pub(crate) Code);

impl Word for LintCode {
    const WHAT: &'static str = "the code of a lint rule";

    fn all() -> Vec<(&'static str, Self)> {
        Code::ALL.iter().filter(|code| code.is_lint()).map(|code| (code.as_str(), Self(*code))).collect()
    }
}

/// Whose access.
#[derive(Debug)]
pub(crate) enum Who<'a> {
    /// Of people outside the organization's domains.
    External(Span),
    /// Of people within them.
    Internal(Span),
    /// Of one person.
    Email(EmailText<'a>),
    /// Of people whose addresses the pattern covers.
    Pattern(Text<'a>),
}

/// Whether `text` is a pattern and no name.
pub(crate) fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?'])
}

impl<'a> Decode<'a> for Who<'a> {
    const EXPECTED: &'static str = "`external`, `internal`, an e-mail address or a pattern";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        match &*scalar.text {
            "external" => Some(Self::External(scalar.span)),
            "internal" => Some(Self::Internal(scalar.span)),
            text if is_pattern(text) => Text::from_scalar(scalar, decoder).map(Self::Pattern),
            text if text.contains('@') => EmailText::from_scalar(scalar, decoder).map(Self::Email),
            text => {
                let near = near::did_you_mean(text, ["external", "internal"]);
                let message = format!("`{text}` is neither a kind of user nor an e-mail address");
                let label = format!("expected {}", Self::EXPECTED);
                decoder.report(Code::UnknownWord, scalar.span, message, label).helps.extend(near);
                None
            }
        }
    }
}

inline_schema!(['a] Who<'a>, |_generator| any_of(vec![
    (words(["external", "internal"].into_iter()), "Whether the address is outside the organization's domains."),
    (json_schema!({ "type": "string", "pattern": "[@*?]" }), "An e-mail address, or a pattern with `*` and `?`."),
]));
