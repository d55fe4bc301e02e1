//! How is something told without telling who? Addresses and names of people become keyed pseudonyms.
//!
//! A plan is rewritten as a whole before anything shows it (see [`Pseudonyms::plan`]), so that no output has to know of
//! it: the compiler asks for every field. What else is said passes a [`Veil`], which knows addresses by their form and people
//! by their names.
//! A pseudonym is the beginning of the HMAC-SHA-256 of the address, so whoever has the key can tell who it is, the same
//! person has the same one in every run, and nobody else can find out by trying addresses.

mod names;
mod plan;
mod scan;
mod veil;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use self::names::Names;
pub use self::veil::{Hides, Veil};
use crate::diagnostic::{Diagnostic, Label, Place};
use crate::model::Email;
use crate::source::Sources;

/// The shortest key, in bytes: what 128 random bits are in hexadecimal digits.
pub const SHORTEST_KEY: usize = 32;
/// Digits of a pseudonym, unless two people would have the same.
const DIGITS: usize = 10;

/// Why no pseudonyms can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// A key that can be guessed would let everybody try addresses.
    #[error("the key has {0} bytes, fewer than {SHORTEST_KEY}")]
    Short(usize),
    /// It cannot be used as a key.
    #[error("the key cannot be used")]
    Unusable,
}

/// The pseudonyms of a run.
pub struct Pseudonyms {
    key: Hmac<Sha256>,
    known: RefCell<Known>,
}

/// Who has which pseudonym.
#[derive(Default)]
struct Known {
    /// By address.
    pseudonyms: BTreeMap<String, Email>,
    /// The addresses by pseudonym.
    people: BTreeMap<Email, String>,
    /// How people are called.
    names: Names,
    /// Names of teams and other things, with what stands for them.
    things: BTreeMap<String, String>,
    /// What stands for a thing, so that two things stay two.
    taken: BTreeMap<String, String>,
}

impl fmt::Debug for Pseudonyms {
    /// Neither the key nor anybody's address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pseudonyms").finish_non_exhaustive()
    }
}

impl Pseudonyms {
    /// Pseudonyms by the secret `key`.
    ///
    /// # Errors
    /// When the key is too short to be a secret.
    pub fn new(key: &str) -> Result<Self, KeyProblem> {
        if key.len() < SHORTEST_KEY {
            return Err(KeyProblem::Short(key.len()));
        }
        let key = Hmac::new_from_slice(key.as_bytes()).map_err(|_| KeyProblem::Unusable)?;
        Ok(Self { key, known: RefCell::default() })
    }

    /// What stands for the person with this address.
    pub fn of(&self, address: &str) -> Email {
        let address = address.trim().to_ascii_lowercase();
        let mut known = self.known.borrow_mut();
        if let Some(found) = known.pseudonyms.get(&address) {
            return found.clone();
        }
        let digest = self.key.clone().chain_update(address.as_bytes()).finalize().into_bytes();
        let mut digits = String::with_capacity(2 * digest.len());
        // Writing to a `String` cannot fail.
        for byte in digest {
            let _ = write!(digits, "{byte:02x}");
        }
        let named = |length: usize| Email::pseudonym(&format!("user-{}", &digits[..length]));
        let is_free = |pseudonym: &Email| !known.people.contains_key(pseudonym);
        // All digits are never the same for two addresses.
        let pseudonym = (DIGITS..digits.len()).map(named).find(is_free).unwrap_or_else(|| named(digits.len()));
        known.people.insert(pseudonym.clone(), address.clone());
        known.pseudonyms.insert(address, pseudonym.clone());
        pseudonym
    }

    /// Takes note of people, each with a name where there is one: they are known where they are mentioned. To be told
    /// in an order that is the same in every run.
    pub fn know<'p>(&self, people: impl IntoIterator<Item = (&'p Email, Option<&'p str>)>) {
        for (address, name) in people {
            let pseudonym = self.of(address);
            if let Some(name) = name {
                self.known.borrow_mut().names.insert(name, &pseudonym);
            }
        }
    }

    /// The text with pseudonyms instead of everything that has the form of an address, and instead of people's names.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let text = self.without_addresses(text);
        match self.known.borrow().names.replaced(&text) {
            Some(replaced) => Cow::Owned(replaced),
            None => text,
        }
    }

    /// The text with pseudonyms instead of everything that has the form of an address.
    pub fn without_addresses<'t>(&self, text: &'t str) -> Cow<'t, str> {
        let is_known = |address: &str| self.known.borrow().pseudonyms.contains_key(address);
        let found = scan::addresses(text, is_known);
        if found.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut replaced = String::with_capacity(text.len());
        let mut at = 0;
        for range in found {
            replaced.push_str(&text[at..range.start]);
            replaced.push_str(&self.of(&text[range.clone()]));
            at = range.end;
        }
        replaced.push_str(&text[at..]);
        Cow::Owned(replaced)
    }

    /// What stands for the name of a team, a role, a project or an organization: the name itself, unless it names
    /// somebody. Different names stay different.
    pub(crate) fn thing(&self, name: &str) -> String {
        if let Some(found) = self.known.borrow().things.get(name) {
            return found.clone();
        }
        // A name without anybody in it is taken too: it may be the pseudonym of somebody after whom another is called.
        let mut replaced = self.text(name).into_owned();
        let mut known = self.known.borrow_mut();
        while known.taken.get(&replaced).is_some_and(|taken| taken != name) {
            replaced.push('\'');
        }
        known.taken.insert(replaced.clone(), name.to_owned());
        known.things.insert(name.to_owned(), replaced.clone());
        replaced
    }

    /// The sources with nothing in them but places: paths without addresses, and texts in which only lines and columns
    /// are left.
    pub fn sources(&self, sources: &Sources) -> Sources {
        sources.with(|path| self.text(path).into_owned(), blank)
    }

    /// The finding without addresses and names; for the [`Pseudonyms::sources`].
    pub fn finding(&self, finding: &Diagnostic) -> Diagnostic {
        let Diagnostic { code, message, place, notes, helps, cut_at } = finding;
        let text = |text: &String| self.text(text).into_owned();
        let label = |label: &Label| Label { span: label.span, text: text(&label.text) };
        let place = match place {
            Place::Text { main, others } => {
                Place::Text { main: label(main), others: others.iter().map(label).collect() }
            }
            Place::Path(path) => Place::Path(text(path)),
            Place::Organization(key) => Place::Organization(self.thing(key)),
        };
        let all = |texts: &[String]| texts.iter().map(text).collect();
        let (message, notes, helps) = (text(message), all(notes), all(helps));
        Diagnostic { code: *code, message, place, notes, helps, cut_at: *cut_at }
    }
}

/// A text of as many bytes and characters in the same lines, of which nothing can be read.
fn blank(text: &str) -> String {
    let mut is_start = true;
    text.chars()
        .map(|character| {
            is_start = character == '\n' || (is_start && character == ' ');
            match (character, character.len_utf8()) {
                ('\n' | '\r', _) => character,
                (' ', _) if is_start => ' ',
                (_, 1) => 'x',
                (_, 2) => '·',
                (_, 3) => '…',
                (_, _) => '𝕩',
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_pseudonym_is_the_keyed_hash_of_the_address() {
        let pseudonyms = Pseudonyms::new(KEY).unwrap();
        // printf %s ana@acme.com | openssl dgst -sha256 -hmac 0123456789abcdef0123456789abcdef
        assert_eq!(&*pseudonyms.of("ana@acme.com"), "user-8c08373b7f");
        assert_eq!(pseudonyms.of(" ANA@Acme.com "), pseudonyms.of("ana@acme.com"));
        assert_ne!(pseudonyms.of("bo@acme.com"), pseudonyms.of("ana@acme.com"));
        let other = Pseudonyms::new("another key of thirty-two bytes!!").unwrap();
        assert_ne!(other.of("ana@acme.com"), pseudonyms.of("ana@acme.com"));
    }

    #[test]
    fn two_people_with_the_same_digits_get_more_of_them() {
        let pseudonyms = Pseudonyms::new(KEY).unwrap();
        let short = pseudonyms.of("ana@acme.com");
        // Somebody else has them already.
        let again = Pseudonyms::new(KEY).unwrap();
        again.known.borrow_mut().people.insert(short.clone(), "somebody@else.test".to_owned());
        let longer = again.of("ana@acme.com");
        assert_eq!(longer.len(), short.len() + 1);
        assert!(longer.starts_with(&*short));
        assert_eq!(again.of("ana@acme.com"), longer);
    }

    #[test]
    fn a_key_that_is_too_short_is_refused_and_never_shown() {
        assert_eq!(Pseudonyms::new(&KEY[1..]).err(), Some(KeyProblem::Short(31)));
        assert!(!format!("{:?}", Pseudonyms::new(KEY).unwrap()).contains("0123"));
    }

    #[test]
    fn names_of_things_stay_different() {
        let pseudonyms = Pseudonyms::new(KEY).unwrap();
        let (one, two) = (pseudonyms.thing("team of ana@acme.com"), pseudonyms.thing("team of ANA@acme.com"));
        assert!(!one.contains('@') && !two.contains('@') && one != two);
        assert_eq!(pseudonyms.thing("team of ana@acme.com"), one);
        assert_eq!(pseudonyms.thing("Analysts"), "Analysts");
    }

    #[test]
    fn a_blank_text_keeps_its_lines_and_columns() {
        let text = "users:\r\n  ana@acme.com: é…𝕏 x\n\n";
        let blanked = blank(text);
        assert_eq!(blanked, "xxxxxx\r\n  xxxxxxxxxxxxxx·…𝕩xx\n\n");
        assert_eq!((blanked.len(), blanked.chars().count()), (text.len(), text.chars().count()));
    }
}
