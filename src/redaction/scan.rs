//! Finds what has the form of an e-mail address in a text that may be anything: a sentence, a path, a line of JSON.

use std::ops::Range;

use crate::model::Email;

/// The ranges of `text` that are addresses, in order. `is_known` tells whether a text in lower case is the address of
/// somebody: what stands around a known one can be told from it, since most punctuation may be a part of an address.
pub(super) fn addresses(text: &str, is_known: impl Fn(&str) -> bool) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| *byte == b'@').map(|offset| from + offset) {
        let free = found.last().map_or(0, |last| last.end);
        let start = free + bytes[free..at].iter().rposition(|byte| !is_local(*byte)).map_or(0, |last| last + 1);
        let start = after_style(text, start, at);
        let length = bytes[at + 1..].iter().position(|byte| !is_domain(*byte));
        let end = length.map_or(bytes.len(), |length| at + 1 + length);
        from = at + 1;
        // A pattern for a whole domain is nobody.
        let is_somebody = !text[start..at].trim_start_matches('`').chars().all(|c| "*?".contains(c));
        let likely = || is_somebody.then(|| likely(text, start, at, end));
        if let Some(range) = known(text, start, at, end, &is_known).or_else(likely) {
            from = range.end;
            found.push(range);
        }
    }
    found
}

/// Whether a byte can stand before the `@`; letters outside ASCII are taken for some, although no address here has any.
pub(super) fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~".contains(&byte) || byte >= 0x80
}

/// Whether a byte can stand behind the `@`.
fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b".-".contains(&byte) || byte >= 0x80
}

/// The most bytes of a style before its last number; strangers may write longer rows of numbers.
const MOST_STYLE: usize = 64;

/// Whether a style is under way at `at`, such as `ESC [ 1 ;`.
pub(super) fn is_in_style(text: &str, at: usize) -> bool {
    let near = &text[text.floor_char_boundary(at.saturating_sub(MOST_STYLE))..at];
    near.trim_end_matches(|c: char| c.is_ascii_digit() || c == ';').ends_with("\u{1b}[")
}

/// Where text begins that starts at `start` and may begin with the end of a style, such as `35m` behind `ESC [ 1 ;`.
pub(super) fn after_style(text: &str, start: usize, at: usize) -> usize {
    let end = text[start..at].find(|c: char| !c.is_ascii_digit());
    match end.filter(|_| is_in_style(text, start)) {
        Some(end) if text[start + end..at].starts_with('m') => start + end + 1,
        Some(_) | None => start,
    }
}

/// The longest known address around the `@` that nothing of a word stands beside. No known one is longer than an address
/// can be: what strangers write around the `@` may be as long as they like, and every part of it is not tried.
fn known(text: &str, start: usize, at: usize, end: usize, is_known: impl Fn(&str) -> bool) -> Option<Range<usize>> {
    let joins = |c: char| c.is_alphanumeric() || "._+-".contains(c);
    let first = text.ceil_char_boundary(start.max(at.saturating_sub(Email::MOST_LOCAL)));
    let last = text.floor_char_boundary(end.min(at + Email::MOST));
    let ends: Vec<usize> = (at + 2..=last)
        .rev()
        .filter(|stop| text.is_char_boundary(*stop) && text.as_bytes()[stop - 1].is_ascii_alphanumeric())
        .filter(|stop| !text[*stop..].starts_with(char::is_alphanumeric))
        .collect();
    let lower = text[first..last].to_ascii_lowercase();
    let starts = (first..at).filter(|place| text.is_char_boundary(*place) && !text[..*place].ends_with(joins));
    for place in starts.chain((start > 0 && start == first).then_some(start)) {
        for stop in &ends {
            if is_known(&lower[place - first..stop - first]) {
                return Some(place..*stop);
            }
        }
    }
    None
}

/// What is likely the address around the `@`, and never less than what is its end: of punctuation before it the last
/// piece that has any letters.
fn likely(text: &str, start: usize, at: usize, end: usize) -> Range<usize> {
    let local = &text[start..at];
    let cut = local.rfind(['/', '`', '=', '{', '|', '}']).map_or(0, |last| last + 1);
    let first = local[cut..].find(char::is_alphanumeric).map(|first| start + cut + first);
    let domain = text[at + 1..end].trim_end_matches(|c: char| !c.is_alphanumeric());
    first.unwrap_or(start)..at + 1 + domain.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found_in<'t>(text: &'t str, known: &[&str]) -> Vec<&'t str> {
        addresses(text, |address| known.contains(&address)).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn addresses_are_found_whatever_stands_around_them() {
        for (text, expected) in [
            ("ana@acme.com", &["ana@acme.com"][..]),
            ("`ana@acme.com`, (Bo.Li+x@ACME.co.uk).", &["ana@acme.com", "Bo.Li+x@ACME.co.uk"]),
            ("people/ana@acme.com.yaml:3", &["ana@acme.com.yaml"]),
            ("{\"user\":\"ana@acme.com\"}", &["ana@acme.com"]),
            ("\u{1b}[1;35mana@acme.com\u{1b}[0m", &["ana@acme.com"]),
            ("\u{1b}[32mana@acme.com", &["ana@acme.com"]),
            ("o'brien@acme.com", &["o'brien@acme.com"]),
            ("{x}@acme.com", &["{x}@acme.com"]),
            ("a@b@c.io", &["a@b"]),
            ("ana@", &["ana@"]),
            ("jürgen@acme.com", &["jürgen@acme.com"]),
            ("@mobile, * @ x, *@acme.com and `*@mixpanel.com`", &[]),
            ("no address", &[]),
        ] {
            assert_eq!(found_in(text, &[]), expected, "{text}");
        }
    }

    #[test]
    fn what_stands_around_is_tried_only_as_far_as_an_address_can_reach() {
        let long = "é!".repeat(500) + "@" + &"a.".repeat(500) + "b";
        let tried = std::cell::Cell::new(0);
        let found = addresses(&long, |_| {
            tried.set(tried.get() + 1);
            false
        });
        assert_eq!(found, std::iter::once(0..long.len()).collect::<Vec<_>>(), "nothing of it is left");
        assert!(tried.get() <= Email::MOST_LOCAL * Email::MOST, "{tried:?}");
        // The longest address there can be is known whatever stands around it.
        let domain = format!("{}.{}.{}.ab", "b".repeat(63), "c".repeat(63), "d".repeat(58));
        let longest = format!("{}@{domain}", "x/".repeat(32));
        assert_eq!(Email::new(&longest).map(|email| email.len()), Ok(Email::MOST));
        for (before, after) in [("", ""), ("/", ".yaml"), (&*"!".repeat(999), ".a.b.c"), ("é`", "")] {
            let text = format!("{before}{longest}{after}");
            assert_eq!(found_in(&text, &[&longest]), [&*longest], "{text}");
        }
        // The end of a longer word is nobody else.
        let longer = format!("{}@acme.com", "x".repeat(65));
        assert_eq!(found_in(&longer, &[&longer[1..]]), [&*longer]);
    }

    #[test]
    fn known_addresses_are_told_from_what_stands_beside_them() {
        let known = ["ana@acme.com", "x/y=z@acme.com", "}q@acme.com", "*@acme.com"];
        for (text, expected) in [
            ("people/ana@acme.com.yaml", "ana@acme.com"),
            ("x/y=z@acme.com", "x/y=z@acme.com"),
            ("=`ana@acme.com`", "ana@acme.com"),
            ("to ANA@acme.com-2", "ANA@acme.com"),
            ("{}q@acme.com", "}q@acme.com"),
            ("(*@acme.com)", "*@acme.com"),
            // Somebody else.
            ("lana@acme.com", "lana@acme.com"),
            ("eva.ana@acme.com", "eva.ana@acme.com"),
            ("ana@acme.community", "ana@acme.community"),
        ] {
            assert_eq!(found_in(text, &known), [expected], "{text}");
        }
    }
}
