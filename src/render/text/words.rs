//! Numbers and lists in plain English.

use std::fmt::Write as _;

/// Returns `1 change`, `2 changes`, `1,234 changes`.
pub(crate) fn count(number: usize, one: &str) -> String {
    let noun = if number == 1 { one.to_owned() } else { plural(one) };
    format!("{} {noun}", thousands(number))
}

fn plural(one: &str) -> String {
    // A phrase takes its plural at its first noun: `role on a project` becomes `roles on a project`.
    match one.strip_suffix('y') {
        Some(stem) if stem.ends_with(|c| !"aeiou".contains(c)) => format!("{stem}ies"),
        Some(_) | None => format!("{one}s"),
    }
}

/// Returns `text` with its first letter, where that is an English one, as a sentence begins.
pub(crate) fn capitalized(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

/// Returns a number with commas between thousands.
pub(crate) fn thousands(number: usize) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Returns `an admin`, `a member`: a noun, which may be a name in quotes, with its article.
pub(crate) fn with_article(noun: &str) -> String {
    let start = noun.trim_start_matches('"').to_lowercase();
    // What sounds like `you` is spoken with a consonant.
    let is_vowel =
        start.starts_with(['a', 'e', 'i', 'o', 'u']) && !["eu", "uni", "use"].iter().any(|you| start.starts_with(you));
    format!("{} {noun}", if is_vowel { "an" } else { "a" })
}

/// Returns `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [only] => only.as_ref().to_owned(),
        [first @ .., last] => {
            let mut text = first.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
            let _ = write!(text, " and {}", last.as_ref());
            text
        }
    }
}

/// Returns the first `shown` of `total` items and how many more there are.
pub(crate) fn list_of<T: AsRef<str>>(shown: &[T], total: usize) -> String {
    if total <= shown.len() {
        return list(shown);
    }
    let first = shown.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ");
    format!("{first} and {} more", thousands(total - shown.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_lists_read_well() {
        assert_eq!(count(1, "change"), "1 change");
        assert_eq!(count(1234567, "query"), "1,234,567 queries");
        assert_eq!(count(2, "day"), "2 days");
        for (noun, said) in [
            ("admin", "an admin"),
            ("owner", "an owner"),
            ("Analyst", "an Analyst"),
            ("member", "a member"),
            ("user admin", "a user admin"),
            ("\"x, y\"", "a \"x, y\""),
            ("\"upper\\u{a}\"", "an \"upper\\u{a}\""),
            ("?", "a ?"),
            ("", "a "),
        ] {
            assert_eq!(with_article(noun), said);
        }
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(list(&["a"]), "a");
        assert_eq!(list_of(&["a", "b"], 5), "a, b and 3 more");
    }
}
