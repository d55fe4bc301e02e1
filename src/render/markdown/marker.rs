//! The first line of a comment, which nobody sees: by it a bot finds its comment and a program the plan that was reviewed.

use crate::model::OrgKey;

/// Keys that take more bytes than this are counted instead.
const LONGEST: usize = 1_000;

/// The line, with the keys of the organizations in order and the hash of what the plans say, `content` of the plan as JSON.
pub(super) fn marker<'a>(keys: impl Iterator<Item = &'a OrgKey>, content: &str) -> String {
    let keys: Vec<String> = keys.map(|key| encode(key)).collect();
    let all = keys.join(",");
    let all = if all.len() > LONGEST { format!("{}-organizations", keys.len()) } else { all };
    format!("<!-- accessctl:plan {all} digest={content} -->\n")
}

/// A key in characters that neither end the comment nor the key: all but letters, digits, `.`, `_` and single hyphens
/// inside are written as in addresses.
fn encode(key: &str) -> String {
    let mut encoded = String::with_capacity(key.len());
    for (place, byte) in key.bytes().enumerate() {
        let is_inside = place > 0 && place + 1 < key.len();
        let is_plain = byte.is_ascii_alphanumeric()
            || b"._".contains(&byte)
            || (byte == b'-' && is_inside && !encoded.ends_with('-'));
        if is_plain {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_ends_the_comment() {
        let of = |keys: &[&str]| {
            let keys: Vec<OrgKey> = keys.iter().map(|key| OrgKey::new(key).unwrap()).collect();
            marker(keys.iter(), "sha256:00")
        };
        assert_eq!(of(&["acme", "blue-bakery"]), "<!-- accessctl:plan acme,blue-bakery digest=sha256:00 -->\n");
        assert_eq!(of(&["--> x"]), "<!-- accessctl:plan %2D-%3E%20x digest=sha256:00 -->\n");
        assert_eq!(of(&["a--b-"]), "<!-- accessctl:plan a-%2Db%2D digest=sha256:00 -->\n");
        assert_eq!(of(&["ü,%"]), "<!-- accessctl:plan %C3%BC%2C%25 digest=sha256:00 -->\n");
        let many: Vec<String> = (0..500).map(|number| format!("client-{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&many), "<!-- accessctl:plan 500-organizations digest=sha256:00 -->\n");
    }
}
