//! The service account that requests are made with, the token of SCIM, and where both come from.
//!
//! An account and its secret come as a pair from variables of one organization or from those for all: an account of one
//! kind is never sent with a secret of the other. What a variable holds never reaches a message.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

/// The largest file of a credential. Real ones have a hundred bytes.
const LARGEST: u64 = 64 << 10;

/// A text that is never shown: it has no `Display`, and its `Debug` has stars.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// `text` without this one.
    pub(super) fn starred(&self, text: &str) -> String {
        match self.expose() {
            "" => text.to_owned(),
            secret => text.replace(secret, "***"),
        }
    }

    /// The text, for the one place that sends it.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The names of the variables that a credential came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variables {
    /// Holds the name of the account, or names the file that does.
    pub service_account: String,
    /// Holds the secret, or names the file that does.
    pub secret: String,
}

/// A service account with its secret (dossier 2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The name of the account, as the service shows it.
    pub service_account: String,
    /// Its secret.
    pub secret: Secret,
    /// Where both came from.
    pub variables: Variables,
}

/// The token of SCIM (dossier 2.2): good for the addresses of SCIM alone, as a service account is for all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimToken {
    /// The token.
    pub token: Secret,
    /// The variable that it came from.
    pub variable: String,
}

/// Why there is no credential.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsProblem {
    /// No variable is set.
    #[error("there is no credential for organization `{org}`: neither {} nor {} is set", code(&looked_for[0]), code(&looked_for[1]))]
    Missing {
        /// The key of the organization.
        org: String,
        /// The variables for the account: of the organization, then for all.
        looked_for: [String; 2],
        /// The variables for its secret, in the same order.
        secrets: [String; 2],
    },
    /// SCIM is needed, and there is no token for it.
    #[error("there is no SCIM token for organization `{org}`: neither {} nor {} is set", code(&looked_for[0]), code(&looked_for[1]))]
    NoScimToken {
        /// The key of the organization.
        org: String,
        /// The variables: of the organization, then for all.
        looked_for: [String; 2],
    },
    /// One of a pair is set.
    #[error("`{set}` is set, and {} is not", code(missing))]
    Half {
        /// The variable that is set.
        set: String,
        /// The variable that belongs to it.
        missing: String,
    },
    /// A value and a file for it.
    #[error("both `{variable}` and `{variable}_FILE` are set")]
    Twice {
        /// The variable for the value.
        variable: String,
    },
    /// The file of a variable cannot be read.
    #[error("cannot read `{path}`, which `{variable}` names", path = path.display())]
    Unreadable {
        /// The variable.
        variable: String,
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What is there cannot be a credential.
    #[error("what `{variable}` gives cannot be used: {problem}")]
    Unusable {
        /// The variable.
        variable: String,
        /// What is wrong with it, without repeating it.
        problem: &'static str,
    },
}

fn code(variable: &str) -> String {
    format!("`{variable}` (or `{variable}_FILE`)")
}

impl CredentialsProblem {
    /// What to do about it.
    pub fn next_step(&self) -> String {
        match self {
            Self::Missing { looked_for: [own, _], secrets: [secret, _], .. } => format!(
                "make a service account in the organization's settings, and put its name into `{own}` and its secret \
                 into `{secret}`, or the paths of files that hold them into `{own}_FILE` and `{secret}_FILE`"
            ),
            Self::NoScimToken { looked_for: [own, _], .. } => format!(
                "put the SCIM token of the organization's settings into `{own}`, or the path of a file that holds it \
                 into `{own}_FILE` (a new token ends the old one, which an identity provider may use); or take \
                 `backend.scim` away"
            ),
            Self::Half { set, missing } => format!(
                "set `{missing}` too, or take `{set}` away: a service account is never used with the secret of another"
            ),
            Self::Twice { variable } => format!("take `{variable}` or `{variable}_FILE` away"),
            Self::Unreadable { variable, .. } => {
                format!("let `{variable}` name a file that this process may read, with one line in it")
            }
            Self::Unusable { variable, .. } => {
                format!("set `{variable}` to what the service showed when the credential was made")
            }
        }
    }
}

impl Credentials {
    /// Finds the credential of the organization called `key` in the environment, which `lookup` reads.
    ///
    /// # Errors
    /// No credential, half of one, or one that cannot be read.
    pub fn from_environment(key: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, CredentialsProblem> {
        let own = format!("ACCESSCTL_{}", in_variable(key));
        let pairs = [
            (format!("{own}_SERVICE_ACCOUNT"), format!("{own}_SECRET")),
            ("MIXPANEL_SERVICE_ACCOUNT".to_owned(), "MIXPANEL_SERVICE_ACCOUNT_SECRET".to_owned()),
        ];
        for (account, secret) in &pairs {
            match (find(account, lookup)?, find(secret, lookup)?) {
                (None, None) => {}
                (Some((set, _)), None) => return Err(CredentialsProblem::Half { set, missing: secret.clone() }),
                (None, Some((set, _))) => return Err(CredentialsProblem::Half { set, missing: account.clone() }),
                (Some((account, name)), Some((secret, text))) => {
                    check(&account, &name, name.contains(':'), "the name of an account has no colon")?;
                    check(&secret, &text, false, "")?;
                    let variables = Variables { service_account: account, secret };
                    return Ok(Self { service_account: name, secret: Secret(text), variables });
                }
            }
        }
        let [(own, own_secret), (all, all_secret)] = pairs;
        let (looked_for, secrets) = ([own, all], [own_secret, all_secret]);
        Err(CredentialsProblem::Missing { org: key.to_owned(), looked_for, secrets })
    }

    /// `text` without what the credential is made of: an answer may repeat what was sent, as it was sent.
    pub(super) fn starred(&self, text: &str) -> String {
        let secret = self.secret.expose();
        if secret.is_empty() {
            return text.to_owned();
        }
        let sent = BASE64_STANDARD.encode(format!("{}:{secret}", self.service_account));
        let starred = self.secret.starred(text).replace(&sent, "***");
        // Who decodes and encodes it again may leave the padding out, or use the letters that are for addresses.
        let bare = sent.trim_end_matches('=');
        starred.replace(bare, "***").replace(&bare.replace('+', "-").replace('/', "_"), "***")
    }
}

impl ScimToken {
    /// Finds the SCIM token of the organization called `key` in the environment, which `lookup` reads.
    ///
    /// # Errors
    /// [`CredentialsProblem::NoScimToken`] where there is none, else what keeps it from being read.
    pub fn from_environment(key: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Self, CredentialsProblem> {
        let looked_for = [format!("ACCESSCTL_{}_SCIM_TOKEN", in_variable(key)), "MIXPANEL_SCIM_TOKEN".to_owned()];
        for variable in &looked_for {
            if let Some((variable, token)) = find(variable, lookup)? {
                // A header holds nothing else, and nothing else is shown as a token.
                let is_unfit = !token.bytes().all(|byte| byte.is_ascii_graphic());
                check(&variable, &token, is_unfit, "a token has no white space and no letters outside ASCII")?;
                return Ok(Self { token: Secret(token), variable });
            }
        }
        Err(CredentialsProblem::NoScimToken { org: key.to_owned(), looked_for })
    }
}

/// The key of an organization as a part of the name of a variable.
fn in_variable(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// The value of a variable, or of the file that its sibling names, with the variable that led to it. An empty variable
/// counts as none: that is how pipelines pass a secret that does not exist.
fn find(
    variable: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<(String, String)>, CredentialsProblem> {
    let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
    let file = format!("{variable}_FILE");
    match (set(variable), set(&file)) {
        (Some(_), Some(_)) => Err(CredentialsProblem::Twice { variable: variable.to_owned() }),
        (Some(value), None) => Ok(Some((variable.to_owned(), value.trim().to_owned()))),
        (None, None) => Ok(None),
        (None, Some(path)) => {
            let path = PathBuf::from(path);
            let mut text = String::new();
            let read = File::open(&path).and_then(|opened| opened.take(LARGEST).read_to_string(&mut text));
            match read {
                Err(source) => Err(CredentialsProblem::Unreadable { variable: file, path, source }),
                Ok(_) if text.trim().is_empty() => {
                    Err(CredentialsProblem::Unusable { variable: file, problem: "the file is empty" })
                }
                Ok(_) => Ok(Some((file, text.trim().to_owned()))),
            }
        }
    }
}

fn check(variable: &str, text: &str, is_unfit: bool, problem: &'static str) -> Result<(), CredentialsProblem> {
    let problem = if text.chars().any(char::is_control) {
        "it has more than one line, or characters that cannot be typed"
    } else if is_unfit {
        problem
    } else {
        return Ok(());
    };
    Err(CredentialsProblem::Unusable { variable: variable.to_owned(), problem })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn found(key: &str, variables: &[(&str, &str)]) -> Result<Credentials, CredentialsProblem> {
        let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
        Credentials::from_environment(key, &|name| variables.get(name).map(|value| (*value).to_owned()))
    }

    const ALL: [(&str, &str); 2] =
        [("MIXPANEL_SERVICE_ACCOUNT", "sa.all"), ("MIXPANEL_SERVICE_ACCOUNT_SECRET", "s3cret-all")];
    const OWN: [(&str, &str); 2] =
        [("ACCESSCTL_ACME_EU_SERVICE_ACCOUNT", "sa.own"), ("ACCESSCTL_ACME_EU_SECRET", " s3cret-own\n")];

    #[test]
    fn the_pair_of_the_organization_comes_first() {
        let both: Vec<_> = ALL.iter().chain(&OWN).copied().collect();
        let own = found("acme-eu", &both).unwrap();
        assert_eq!((own.service_account.as_str(), own.secret.expose()), ("sa.own", "s3cret-own"));
        let all = found("other", &both).unwrap();
        assert_eq!((all.service_account.as_str(), all.secret.expose()), ("sa.all", "s3cret-all"));
        assert_eq!(all.variables.secret, "MIXPANEL_SERVICE_ACCOUNT_SECRET");
    }

    #[test]
    fn an_account_is_never_sent_with_the_secret_of_another() {
        for half in [&OWN[..1], &OWN[1..], &ALL[..1]] {
            let variables: Vec<_> =
                half.iter().chain(if half == &ALL[..1] { &[][..] } else { &ALL }).copied().collect();
            let problem = found("acme-eu", &variables).unwrap_err();
            assert!(matches!(problem, CredentialsProblem::Half { .. }), "{problem}");
        }
    }

    #[test]
    fn files_hold_credentials_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "s3cret-in-file\n").unwrap();
        let path = file.to_str().unwrap();
        let variables = [OWN[0], ("ACCESSCTL_ACME_EU_SECRET_FILE", path)];
        let read = found("acme-eu", &variables).unwrap();
        assert_eq!(read.secret.expose(), "s3cret-in-file");
        assert_eq!(read.variables.secret, "ACCESSCTL_ACME_EU_SECRET_FILE");
        let twice = [OWN[0], OWN[1], variables[1]];
        assert!(matches!(found("acme-eu", &twice), Err(CredentialsProblem::Twice { .. })));
        let gone = [OWN[0], ("ACCESSCTL_ACME_EU_SECRET_FILE", "/nowhere/at/all")];
        assert!(matches!(found("acme-eu", &gone), Err(CredentialsProblem::Unreadable { .. })));
        std::fs::write(&file, "s3cret\nand more").unwrap();
        assert!(matches!(found("acme-eu", &variables), Err(CredentialsProblem::Unusable { .. })));
    }

    #[test]
    fn the_token_of_scim_comes_from_the_organization_or_from_all() {
        let found = |variables: &[(&str, &str)]| {
            let variables: BTreeMap<&str, &str> = variables.iter().copied().collect();
            ScimToken::from_environment("acme-eu", &|name| variables.get(name).map(|value| (*value).to_owned()))
        };
        let all = ("MIXPANEL_SCIM_TOKEN", "t0ken-all");
        let own = ("ACCESSCTL_ACME_EU_SCIM_TOKEN", " t0ken-own\n");
        let token = found(&[all, own]).unwrap();
        assert_eq!((token.variable.as_str(), token.token.expose()), (own.0, "t0ken-own"));
        assert!(!format!("{token:?}").contains("t0ken"));
        assert_eq!(found(&[all]).unwrap().variable, all.0);
        let missing = found(&[]).unwrap_err();
        let said = format!("{missing}; {}", missing.next_step());
        assert!(said.contains(own.0) && said.contains(all.0) && said.contains("_FILE"), "{said}");
        for odd in ["t0ken two", "t0ken\nx", "t\u{f6}ken"] {
            let problem = found(&[(own.0, odd)]).unwrap_err();
            assert!(matches!(problem, CredentialsProblem::Unusable { .. }));
            assert!(!format!("{problem:?} {problem}").contains(odd));
        }
    }

    #[test]
    fn nothing_shows_a_secret() {
        let own = found("acme-eu", &OWN).unwrap();
        assert!(!format!("{own:?}").contains("s3cret"));
        assert_eq!(own.starred("you sent s3cret-own"), "you sent ***");
        // base64 of `sa.own:s3cret-own`, which is what goes over the wire
        assert_eq!(own.starred("Basic c2Eub3duOnMzY3JldC1vd24="), "Basic ***");
        assert_eq!(own.starred("Basic c2Eub3duOnMzY3JldC1vd24"), "Basic ***");
        let problem = found("acme-eu", &[OWN[0], ("ACCESSCTL_ACME_EU_SECRET", "s3cret\nx")]).unwrap_err();
        assert!(!format!("{problem:?} {problem} {}", problem.next_step()).contains("s3cret"));
    }

    #[test]
    fn what_is_missing_is_named() {
        let problem = found("acme-eu", &[("ACCESSCTL_ACME_EU_SECRET", "")]).unwrap_err();
        let said = format!("{problem}; {}", problem.next_step());
        for name in
            ["ACCESSCTL_ACME_EU_SERVICE_ACCOUNT", "ACCESSCTL_ACME_EU_SECRET", "MIXPANEL_SERVICE_ACCOUNT", "_FILE"]
        {
            assert!(said.contains(name), "{said}");
        }
    }
}
