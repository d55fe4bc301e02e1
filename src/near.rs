//! The known name that somebody probably meant.

/// Longer names are not compared: it costs the product of two lengths, and strangers choose both.
const LONGEST: usize = 128;

/// The name among `known` that is nearest to `text`, if one is near enough for "did you mean".
///
/// Of equally near names the alphabetically first is taken, so the order of `known` does not matter.
pub(crate) fn nearest<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let mut best: Option<(usize, &str)> = None;
    for name in known {
        // Of two addresses in one domain only the parts before it can be near: the rest would make all of them so.
        let (wanted, candidate) = match (text.split_once('@'), name.split_once('@')) {
            (Some((wanted, domain)), Some((candidate, other))) if domain == other => (wanted, candidate),
            _ => (text, name),
        };
        let limit = (wanted.chars().count() / 3).clamp(1, 3);
        let allowed = best.map_or(limit, |(distance, _)| limit.min(distance));
        // A letter has at most four bytes.
        let is_too_long = wanted.len().max(candidate.len()) > LONGEST;
        if name == text || is_too_long || candidate.len().abs_diff(wanted.len()) > 4 * limit {
            continue;
        }
        let wanted: Vec<char> = wanted.chars().flat_map(char::to_lowercase).collect();
        let candidate: Vec<char> = candidate.chars().flat_map(char::to_lowercase).collect();
        if candidate.len().abs_diff(wanted.len()) > allowed {
            continue;
        }
        let distance = distance(&wanted, &candidate);
        if distance <= allowed && distance < wanted.len().max(1) && best.is_none_or(|best| (distance, name) < best) {
            best = Some((distance, name));
        }
    }
    best.map(|(_, name)| name)
}

/// The words of a "did you mean" for `text`.
pub(crate) fn did_you_mean<'k>(text: &str, known: impl IntoIterator<Item = &'k str>) -> Option<String> {
    nearest(text, known).map(|name| format!("did you mean `{name}`?"))
}

/// Whether two different names are probably the same one: they differ by capitals, by marks between words, or by a slip
/// in a word of four letters or more. Numbers, and short words as in `prod-eu` and `prod-us`, are told apart on purpose.
pub(crate) fn is_slip(a: &str, b: &str) -> bool {
    if a == b || a.len().max(b.len()) > LONGEST {
        return false;
    }
    let words = |text: &str| -> Vec<Vec<char>> {
        let text: Vec<char> = text.chars().flat_map(char::to_lowercase).collect();
        let words = text.split(|c| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.map(<[char]>::to_vec).collect()
    };
    let (a, b) = (words(a), words(b));
    if a.concat() == b.concat() {
        return true;
    }
    let letters = |word: &Vec<char>| -> Vec<char> { word.iter().copied().filter(|c| !c.is_numeric()).collect() };
    let is_near = |(a, b): (&Vec<char>, &Vec<char>)| {
        // A second slip is believed of long words only: `internal` and `external` are two words.
        let allowed = match a.len().min(b.len()) {
            ..4 => 0,
            4..10 => 1,
            _ => 2,
        };
        a == b || (letters(a) != letters(b) && a.len().abs_diff(b.len()) <= allowed && distance(a, b) <= allowed)
    };
    a.len() == b.len() && a.iter().zip(&b).all(is_near)
}

/// How many letters have to be inserted, deleted, replaced or swapped with their neighbour.
fn distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut rows = [vec![0; width], (0..width).collect::<Vec<_>>(), vec![0; width]];
    for i in 1..=a.len() {
        rows[2][0] = i;
        for j in 1..=b.len() {
            let replaced = rows[1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[1][j] + 1).min(rows[2][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[0][j - 2] + 1);
            }
            rows[2][j] = least;
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_typos_and_wrong_case() {
        let known = ["role", "name", "previously", "ana@acme.com", "bo@acme.com"];
        let near = |text| nearest(text, known);
        assert_eq!(near("rol"), Some("role"));
        assert_eq!(near("ROLE"), Some("role"));
        assert_eq!(near("nmae"), Some("name"));
        assert_eq!(near("anna@acme.com"), Some("ana@acme.com"));
        assert_eq!(near("zoe@example.org"), None);
        assert_eq!(near("bob@acme.com"), Some("bo@acme.com"));
        assert_eq!(near("eve@acme.com"), None);
        assert_eq!(near("x"), None);
        assert_eq!(near(""), None);
    }

    #[test]
    fn slips_are_capitals_marks_and_typos() {
        for (a, b) in [
            ("production", "Production"),
            ("production", "prodution"),
            ("producton", "production"),
            ("prodcution", "production"),
            ("pre-prod", "preprod"),
            ("pre_prod", "Pre-Prod"),
            ("QA", "qa"),
            ("staging-eu", "stagin-eu"),
        ] {
            assert!(is_slip(a, b) && is_slip(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("production", "production"),
            ("production", "preproduction"),
            ("prod", "preprod"),
            ("prod-eu", "prod-us"),
            ("prod-1", "prod-2"),
            ("prod1", "prod2"),
            ("stage", "stage2"),
            ("internal", "external"),
            ("dev", "div"),
            ("test", "production"),
        ] {
            assert!(!is_slip(a, b) && !is_slip(b, a), "{a} {b}");
        }
    }

    #[test]
    fn endless_names_are_not_compared() {
        let (known, text) = ("a".repeat(1 << 20), "a".repeat((1 << 20) - 1));
        assert_eq!(nearest(&text, [known.as_str()]), None);
    }
}
