//! Where the live side of an organization is found.

use schemars::json_schema;

use super::collection::{KeyPattern, List, Map, MapKey, OneOrMany};
use super::decode::{At, Decode, Decoder, Scalar};
use super::organization::Domain;
use super::record::record;
use super::schema::{any_of, inline_schema, of};
use super::value::{Count, Spanned, Text, Word, words_of};
use crate::catalogue::{Form, Operation, PathForm, Region};
use crate::diagnostic::Code;

record! {
    /// An embedded store in a file.
    pub(crate) struct LocalBackend<'a> is "a backend of `type: local`" {
        /// The kind of backend.
        required "type" = kind: Spanned<LocalKind>,
        /// The file of the store, relative to this document.
        required state: Text<'a>,
        /// A saved live state that the store is made from where it does not exist, relative to this document.
        optional seed: Text<'a>,
    }
}

record! {
    /// The service.
    pub(crate) struct MixpanelBackend is "a backend of `type: mixpanel`" {
        /// The kind of backend.
        required "type" = kind: Spanned<MixpanelKind>,
        /// Where the organization's data lives.
        required region: Spanned<Region>,
        /// Another address for every request; plain http for the own machine only.
        optional base_url: Address,
        /// Operations to send although nobody outside has been seen to use them: a list, or `all`.
        optional unverified: OneOrMany<Spanned<Unverified>>,
        /// How many requests and invitations there may be.
        optional limits: Limits,
        /// Other forms of requests, by operation.
        optional catalogue: Map<Spanned<Operation>, RequestForm>,
        /// Uses SCIM, the interface of identity providers, for what it can do to people of the claimed domains.
        optional scim: Scim,
        /// How the service writes org roles, where it is otherwise than the catalogue says.
        optional org_roles: OrgRoleTexts,
    }
}

record! {
    /// Whom SCIM is used for.
    pub(crate) struct Scim is "`scim`" {
        /// The domains that the organization has claimed: SCIM sees the people with an address in them, nobody else.
        required claimed_domains: List<Domain>,
    }
}

record! {
    /// How the service writes org roles.
    pub(crate) struct OrgRoleTexts is "`org_roles`" {
        /// The role `owner`.
        optional owner: OrgRoleText,
        /// The role `admin`.
        optional admin: OrgRoleText,
        /// The role `billing_admin`.
        optional billing_admin: OrgRoleText,
        /// The role `member`.
        optional member: OrgRoleText,
    }
}

record! {
    /// How many requests and invitations there may be.
    pub(crate) struct Limits is "`limits`" {
        /// How many reads are under way at once, 8 unless said otherwise.
        optional reads: Count,
        /// How many writes are under way at once, 1 unless said otherwise.
        optional writes: Count,
        /// The most requests in a minute; without it only the service limits them.
        optional requests_per_minute: Count,
        /// The most invitation mails in an hour to one mail domain, 10 unless said otherwise.
        optional invitations_per_hour: Count,
    }
}

record! {
    /// Another form of a request.
    pub(crate) struct RequestForm is "the form of a request" {
        /// The path, with places such as `{org}` and `{project}`.
        optional path: PathText,
        /// The body: JSON in which texts such as `"{user}"` stand for values.
        optional body: BodyText,
    }
}

words_of! {
    /// The type of the embedded store.
    LocalKind is "`local`" {
        /// An embedded store.
        Local = "local",
    }
}
words_of! {
    /// The type of the service.
    MixpanelKind is "`mixpanel`" {
        /// The service.
        Mixpanel = "mixpanel",
    }
}
/// Where the live side is found, as written.
#[derive(Debug)]
pub(crate) enum Backend<'a> {
    /// An embedded store.
    Local(Box<LocalBackend<'a>>),
    /// The service.
    Mixpanel(Box<MixpanelBackend>),
}

impl<'a> Decode<'a> for Backend<'a> {
    const EXPECTED: &'static str = "a mapping";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let mapping = decoder.mapping::<Self>(at)?;
        let Some((key, node)) = decoder.find(mapping, "type") else {
            decoder.missing_key(at, "a backend", "type");
            return None;
        };
        let scalar = decoder.scalar::<Spanned<BackendKind>>(At { node, key: Some(key) })?;
        match Spanned::<BackendKind>::from_scalar(&scalar, decoder)?.value {
            BackendKind::Local => Decode::decode(at, decoder).map(Self::Local),
            BackendKind::Mixpanel => Decode::decode(at, decoder).map(Self::Mixpanel),
        }
    }
}

words_of! {
    /// The types of backends.
    BackendKind is "a type of backend" {
        /// An embedded store.
        Local = "local",
        /// The service.
        Mixpanel = "mixpanel",
    }
}

/// What may be sent although nobody outside has been seen to use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unverified {
    /// Everything.
    All,
    /// One operation.
    One(Operation),
}

impl Word for Unverified {
    const WHAT: &'static str = "an operation of the service, or `all`";

    fn all() -> Vec<(&'static str, Self)> {
        let one = |(name, operation)| (name, Self::One(operation));
        std::iter::once(("all", Self::All)).chain(Operation::all_words().map(one)).collect()
    }
}

impl Word for Operation {
    const WHAT: &'static str = "an operation of the service";

    fn all() -> Vec<(&'static str, Self)> {
        Self::all_words().collect()
    }
}

impl Word for Region {
    const WHAT: &'static str = "a region";

    fn all() -> Vec<(&'static str, Self)> {
        Self::ALL.into_iter().map(|region| (region.as_str(), region)).collect()
    }
}

impl KeyPattern for Spanned<Operation> {
    const PATTERN: Option<&'static str> = None;
}

impl<'a> MapKey<'a> for Spanned<Operation> {
    fn from_key(scalar: Scalar<'a>, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        Self::from_scalar(&scalar, decoder)
    }
}

/// An address that requests can be sent to.
#[derive(Debug)]
pub(crate) struct Address(pub(crate) String);

/// The path of a request.
#[derive(Debug)]
pub(crate) struct PathText(pub(crate) PathForm);

/// The body of a request.
#[derive(Debug)]
pub(crate) struct BodyText(pub(crate) Form);

/// The text of the service for an org role.
#[derive(Debug)]
pub(crate) struct OrgRoleText(pub(crate) Spanned<String>);

impl<'a> Decode<'a> for Address {
    const EXPECTED: &'static str = "an address";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        if address_is_usable(&scalar.text) {
            return Some(Self(scalar.text.into_owned()));
        }
        let message = format!("`{}` cannot be used for requests", scalar.text);
        decoder
            .report(Code::BadAddress, scalar.span, message, "not allowed")
            .helps
            .push("write `https://host`; plain `http://` is for `127.0.0.1`, `[::1]` and `localhost` only".into());
        None
    }
}

/// Whether requests with credentials may go to `address`: over TLS, or to the own machine.
fn address_is_usable(address: &str) -> bool {
    let (rest, secure) = match (address.strip_prefix("https://"), address.strip_prefix("http://")) {
        (Some(rest), _) => (rest, true),
        (None, Some(rest)) => (rest, false),
        (None, None) => return false,
    };
    let host_and_port = rest.split('/').next().unwrap_or("");
    let plain = rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/:[]".contains(&byte));
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (host_and_port, None),
    };
    let port_fits = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let loopback = ["127.0.0.1", "[::1]", "localhost"].contains(&host);
    let name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.".contains(&byte));
    plain && port_fits && !host.is_empty() && (loopback || (secure && name))
}

impl<'a> Decode<'a> for PathText {
    const EXPECTED: &'static str = "a path";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        match PathForm::parse(&scalar.text) {
            Ok(path) => Some(Self(path)),
            Err(problem) => {
                let message = format!("`{}` is no path of a request: {problem}", scalar.text);
                decoder.report(Code::BadRequestForm, scalar.span, message, "expected a path");
                None
            }
        }
    }
}

impl<'a> Decode<'a> for OrgRoleText {
    const EXPECTED: &'static str = "the service's text for an org role";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let Text { text, span } = Text::decode(at, decoder)?;
        Some(Self(Spanned { value: text.into_owned(), span }))
    }
}

impl<'a> Decode<'a> for BodyText {
    const EXPECTED: &'static str = "a body, as a text that holds JSON";

    fn decode(at: At, decoder: &mut Decoder<'a, '_>) -> Option<Self> {
        let scalar = decoder.scalar::<Self>(at)?;
        match Form::parse(&scalar.text) {
            Ok(body) => Some(Self(body)),
            Err(problem) => {
                let message = format!("this is no body of a request: {problem}");
                decoder
                    .report(Code::BadRequestForm, scalar.span, message, "cannot be filled")
                    .helps
                    .push(r#"write it in quotes: '{"users":[{"email":"{user}","role":"{role}"}]}'"#.to_owned());
                None
            }
        }
    }
}

inline_schema!(['a] Backend<'a>, |generator| any_of(vec![
    (of::<LocalBackend<'a>>(generator), "An embedded store in a file."),
    (of::<MixpanelBackend>(generator), "The service."),
]));
inline_schema!([] Address, |_generator| json_schema!({ "type": "string", "pattern": "^https?://" }));
inline_schema!([] PathText, |_generator| json_schema!({ "type": "string", "pattern": "^/" }));
inline_schema!([] OrgRoleText, |_generator| json_schema!({ "type": "string", "minLength": 1 }));
inline_schema!([] BodyText, |_generator| json_schema!({ "type": "string", "pattern": r"^\s*\{" }));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_go_over_tls_or_stay_on_the_machine() {
        for good in ["https://eu.example.com/api", "http://127.0.0.1:8080", "http://[::1]:80/x", "http://localhost"] {
            assert!(address_is_usable(good), "{good}");
        }
        for bad in [
            "http://example.com",
            "ftp://localhost",
            "https://",
            "https://user@example.com",
            "http://localhost.evil.io",
            "http://127.0.0.1@evil.io",
            "https://exa mple.com",
            "https://example.com:99999",
            "http://localhost:0",
        ] {
            assert!(!address_is_usable(bad), "{bad}");
        }
    }
}
