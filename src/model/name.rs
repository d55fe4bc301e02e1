//! Name types. Each is normalized where it is made, so that `==` is the equality of the service.

use std::borrow::{Borrow, Cow};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::ops::Deref;
use std::sync::{Arc, LazyLock};

/// Keeps one allocation for each distinct text.
///
/// An organization names every user many times; sharing makes a name one pointer and comparing equal names one
/// comparison of addresses. Names from different interners are still equal when their texts are.
#[derive(Debug, Default)]
#[expect(clippy::disallowed_types, reason = "looked up by text only, never iterated")]
pub struct Interner(std::collections::HashSet<Arc<str>, foldhash::fast::RandomState>);

impl Interner {
    /// Returns the shared allocation of `text`.
    pub fn intern(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let shared: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&shared));
        shared
    }
}

/// A name that has a mark beside its text, so that it is looked up in a table without reading the text: texts lie far apart.
pub(crate) trait Marked: Deref<Target = str> {
    /// Equal for equal names of one process, and mostly different for others.
    fn mark(&self) -> u32;
}

/// The mark of a name with this text. Whoever chooses names cannot choose marks.
fn mark(text: &str) -> u32 {
    static MARKS: LazyLock<foldhash::fast::RandomState> = LazyLock::new(Default::default);
    // The upper half depends on all of the text as the lower one does.
    (MARKS.hash_one(text) >> 32) as u32
}

macro_rules! text_name {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, PartialEq, Eq)]
        pub struct $name {
            // Most names that are not equal differ in it.
            mark: u32,
            text: Arc<str>,
        }

        impl $name {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.text
            }

            fn of(text: Arc<str>) -> Self {
                Self { mark: mark(&text), text }
            }
        }

        impl Marked for $name {
            fn mark(&self) -> u32 {
                self.mark
            }
        }

        impl Hash for $name {
            /// That of the text, which names are looked up by, too.
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.text.hash(state);
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                // Names of one run are interned: equal ones are mostly the same allocation.
                if Arc::ptr_eq(&self.text, &other.text) { Ordering::Equal } else { self.text.cmp(&other.text) }
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.text
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.text
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.text, f)
            }
        }

        impl fmt::Display for $name {
            /// Writes the text as it is. Output for people goes through `render::visible` instead.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.text)
            }
        }
    };
}

text_name! {
    /// The e-mail address that identifies a user, trimmed and in lower case.
    Email
}
text_name! {
    /// The unique name of a team, trimmed.
    TeamName
}
text_name! {
    /// The name of a custom role of one project, trimmed.
    RoleName
}
text_name! {
    /// The short name that the configuration gives a project.
    ProjectKey
}
text_name! {
    /// The short name that the configuration gives an organization.
    OrgKey
}

macro_rules! trimmed_name {
    ($name:ident) => {
        impl $name {
            /// Makes the name from `text`, trimmed; `None` when nothing remains.
            pub fn new(text: &str) -> Option<Self> {
                let text = text.trim();
                (!text.is_empty()).then(|| Self::of(Arc::from(text)))
            }
        }
    };
}
trimmed_name!(TeamName);
trimmed_name!(RoleName);
trimmed_name!(ProjectKey);
trimmed_name!(OrgKey);

/// Why a text is no e-mail address that can identify a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailProblem {
    /// Nothing but white space.
    #[error("an e-mail address is empty")]
    Empty,
    /// Not exactly one `@`.
    #[error("an e-mail address has exactly one `@`")]
    At,
    /// Letters outside ASCII: two spellings of one mailbox could not be told from two people.
    #[error("an e-mail address here is written in ASCII")]
    NotAscii,
    /// The part before the `@` is not a dot-separated list of atoms.
    #[error("the part before the `@` is not a plain mailbox name")]
    Local,
    /// The part after the `@` is not a host name with at least two labels.
    #[error("the part after the `@` is not a domain such as `example.com`")]
    Domain,
    /// Longer than a mail address can be (254 bytes, 64 before the `@`).
    #[error("an e-mail address has at most 254 characters, 64 of them before the `@`")]
    Long,
}

impl Email {
    /// The most bytes of an address.
    pub(crate) const MOST: usize = 254;
    /// The most bytes before the `@`.
    pub(crate) const MOST_LOCAL: usize = 64;

    /// Makes the canonical address from `text`.
    ///
    /// Only plain addresses are accepted (dot-atom before the `@`, a host name after it): identity needs one
    /// canonical form, and a quoted mailbox has several.
    pub fn new(text: &str) -> Result<Self, EmailProblem> {
        canonical_email(text).map(|canonical| Self::of(Arc::from(&*canonical)))
    }

    /// As [`Email::new`], sharing the allocation with the equal names of `names`.
    pub fn interned(text: &str, names: &mut Interner) -> Result<Self, EmailProblem> {
        // A text that is known already was canonical when it came.
        if let Some(known) = names.0.get(text)
            && known.contains('@')
        {
            return Ok(Self::of(Arc::clone(known)));
        }
        canonical_email(text).map(|canonical| Self::of(names.intern(&canonical)))
    }

    /// The canonical form of `text`, borrowed where `text` has it already.
    ///
    /// # Errors
    /// As [`Email::new`].
    pub fn canonical(text: &str) -> Result<Cow<'_, str>, EmailProblem> {
        canonical_email(text)
    }

    /// A name that stands for somebody's address in output that must not tell it. It is no address: nothing is sent to
    /// it, and no backend knows it.
    pub(crate) fn pseudonym(name: &str) -> Self {
        Self::of(Arc::from(name))
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.text.split_once('@').map_or("", |(_, domain)| domain)
    }
}

/// The bytes of an atom before the `@`.
const ATOM: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let others = b"!#$%&'*+-/=?^_`{|}~";
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
};

/// Whether `text` is a canonical address of the common kind, found in one walk: lower-case letters, digits, `_`, `+` and
/// `-` between single dots, one `@`. Other addresses take the longer way.
fn is_plainly_canonical(text: &[u8]) -> bool {
    const LETTER: u8 = 1;
    const MARK: u8 = 2;
    const DOT: u8 = 3;
    const AT: u8 = 4;
    const HYPHEN: u8 = 5;
    const KIND: [u8; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            table[byte] = match byte as u8 {
                b'a'..=b'z' | b'0'..=b'9' => LETTER,
                b'_' | b'+' => MARK,
                b'-' => HYPHEN,
                b'.' => DOT,
                b'@' => AT,
                _ => 0,
            };
            byte += 1;
        }
        table
    };
    // A domain of up to 63 bytes has no label that is too long.
    let (mut previous, mut at, mut dots) = (DOT, 0, 0);
    for (index, byte) in text.iter().enumerate() {
        let kind = KIND[usize::from(*byte)];
        let fits = match kind {
            LETTER => true,
            MARK => at == 0,
            // A label of a domain neither starts nor ends with one.
            HYPHEN => at == 0 || (previous != DOT && previous != AT),
            DOT => previous == LETTER || (at == 0 && previous != DOT),
            AT => at == 0 && previous != DOT,
            _ => false,
        };
        if !fits {
            return false;
        }
        if kind == AT {
            (at, dots) = (index, 0);
        }
        dots += usize::from(kind == DOT);
        previous = kind;
    }
    at > 0 && at <= Email::MOST_LOCAL && dots > 0 && previous == LETTER && text.len() - at <= 64
}

fn canonical_email(text: &str) -> Result<Cow<'_, str>, EmailProblem> {
    if is_plainly_canonical(text.as_bytes()) {
        return Ok(Cow::Borrowed(text));
    }
    let text = text.trim();
    if text.is_empty() {
        return Err(EmailProblem::Empty);
    }
    if !text.is_ascii() {
        return Err(EmailProblem::NotAscii);
    }
    let bytes = text.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'@').ok_or(EmailProblem::At)?;
    let (local, domain) = (&bytes[..at], &bytes[at + 1..]);
    if domain.contains(&b'@') {
        return Err(EmailProblem::At);
    }
    if bytes.len() > Email::MOST || local.len() > Email::MOST_LOCAL {
        return Err(EmailProblem::Long);
    }
    // One walk over each part: a large organization has half a million memberships.
    let mut previous = b'.';
    for byte in local {
        let fits = if *byte == b'.' { previous != b'.' } else { ATOM[usize::from(*byte)] };
        if !fits {
            return Err(EmailProblem::Local);
        }
        previous = *byte;
    }
    if previous == b'.' {
        return Err(EmailProblem::Local);
    }
    let (mut label, mut dots, mut previous) = (0, 0, b'.');
    for byte in domain {
        let fits = match *byte {
            b'.' => previous != b'.' && previous != b'-',
            b'-' => previous != b'.',
            byte => byte.is_ascii_alphanumeric(),
        };
        (label, dots) = if *byte == b'.' { (0, dots + 1) } else { (label + 1, dots) };
        if !fits || label > 63 {
            return Err(EmailProblem::Domain);
        }
        previous = *byte;
    }
    if previous == b'.' || previous == b'-' || dots == 0 {
        return Err(EmailProblem::Domain);
    }
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        Ok(Cow::Owned(text.to_ascii_lowercase()))
    } else {
        Ok(Cow::Borrowed(text))
    }
}

/// Why a number cannot be an id of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an id is a whole number from 1 to 9007199254740991")]
pub struct IdProblem;

macro_rules! numeric_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u64);

        impl $name {
            /// Makes the id from a number from 1 to 2^53 - 1: what every JSON reader keeps exactly.
            pub fn new(number: u64) -> Result<Self, IdProblem> {
                if (1..1 << 53).contains(&number) { Ok(Self(number)) } else { Err(IdProblem) }
            }

            /// The smallest and the largest id.
            pub const RANGE: (Self, Self) = (Self(1), Self((1 << 53) - 1));

            /// The id as a number.
            pub fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

numeric_id! {
    /// The numeric id of an organization.
    OrgId
}
numeric_id! {
    /// The numeric id of a project.
    ProjectId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn emails_have_one_canonical_form() {
        let canonical = |text: &str| Email::new(text).map(|email| email.to_string());
        assert_eq!(canonical(" Ana.Ruiz+x@ACME.com\t"), Ok("ana.ruiz+x@acme.com".to_owned()));
        assert_eq!(canonical(" "), Err(EmailProblem::Empty));
        assert_eq!(canonical("ana"), Err(EmailProblem::At));
        assert_eq!(canonical("a@b@c.io"), Err(EmailProblem::At));
        assert_eq!(canonical("ü@example.com"), Err(EmailProblem::NotAscii));
        for local in ["\"q\"@x.io", "a..b@x.io", ".a@x.io", "@x.io", "a b@x.io"] {
            assert_eq!(canonical(local), Err(EmailProblem::Local), "{local}");
        }
        for domain in ["a@x", "a@", "a@x_y.io", "a@-x.io", "a@x-.io", "a@x..io", "a@x.io."] {
            assert_eq!(canonical(domain), Err(EmailProblem::Domain), "{domain}");
        }
        assert_eq!(canonical(&format!("{}@x.io", "a".repeat(65))), Err(EmailProblem::Long));
    }

    #[test]
    fn the_short_way_accepts_only_what_the_long_way_does() {
        for good in ["a@b.io", "ana.ruiz+x@acme.com", "-a-_.b@x1.y2.io", "a@b--c.d-e.io"] {
            assert!(is_plainly_canonical(good.as_bytes()), "{good}");
            assert_eq!(Email::new(good).unwrap().as_str(), good);
        }
        let long = format!("a@{}.{}.io", "x".repeat(40), "y".repeat(40));
        let deep = format!("{}@b.io", "a".repeat(65));
        let upper = "Ana@acme.com";
        for other in [
            "",
            "@",
            "a@",
            "@b.io",
            "a@b",
            "a@.io",
            "a@b.",
            "a.@b.io",
            ".a@b.io",
            "a..b@c.io",
            "a@b..io",
            "a@b@c.io",
            "a b@c.io",
            "a@b_c.io",
            "ü@b.io",
            upper,
            &long,
            &deep,
        ] {
            assert!(!is_plainly_canonical(other.as_bytes()), "{other}");
        }
        assert_eq!(Email::new(&long).unwrap().as_str(), long);
    }

    #[test]
    fn interned_names_share_one_allocation() {
        let mut names = Interner::default();
        let first = Email::interned("ana@acme.com", &mut names).unwrap();
        let second = Email::interned(" ANA@acme.com", &mut names).unwrap();
        assert!(Arc::ptr_eq(&first.text, &second.text));
        names.intern("ana");
        assert_eq!(Email::interned("ana", &mut names), Err(EmailProblem::At));
    }

    #[test]
    fn ids_are_exact_in_json() {
        assert!(ProjectId::new(0).is_err());
        assert!(ProjectId::new((1 << 53) - 1).is_ok());
        assert!(ProjectId::new(1 << 53).is_err());
    }
}
