//! The one service account and the one SCIM token that the server knows.

use std::fmt;

/// The credentials that are accepted. They protect nothing: the server is for rehearsal, on loopback only.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// The name of the service account.
    pub name: String,
    /// Its secret.
    pub secret: String,
    /// The SCIM token.
    pub scim_token: String,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            name: "rehearsal.local".to_owned(),
            secret: "rehearsal-secret".to_owned(),
            scim_token: "rehearsal-scim-token".to_owned(),
        }
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Account {
    /// Whether a header `authorization` holds the name and secret of the account, in base64 or in plain text: the
    /// service takes both (dossier 2.2).
    pub(super) fn accepts(&self, authorization: Option<&str>) -> bool {
        let plain = format!("{}:{}", self.name, self.secret);
        credential(authorization, "basic").is_some_and(|found| found == base64(plain.as_bytes()) || found == plain)
    }

    /// Whether a header `authorization` holds the SCIM token.
    pub(super) fn accepts_scim(&self, authorization: Option<&str>) -> bool {
        credential(authorization, "bearer").is_some_and(|found| found == self.scim_token)
    }
}

/// What follows the scheme in a header `authorization`.
fn credential<'a>(authorization: Option<&'a str>, scheme: &str) -> Option<&'a str> {
    let (found, credential) = authorization?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| credential.trim())
}

/// Base64 as RFC 4648 has it, padded.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = LETTERS[bits >> (18 - 6 * place) & 63];
            text.push(if place > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_standard() {
        let cases =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (plain, encoded) in cases {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }

    #[test]
    fn secrets_are_not_shown() {
        assert_eq!(format!("{:?}", Account::default()), "Account { name: \"rehearsal.local\", .. }");
    }
}
