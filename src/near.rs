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
    fn endless_names_are_not_compared() {
        let (known, text) = ("a".repeat(1 << 20), "a".repeat((1 << 20) - 1));
        assert_eq!(nearest(&text, [known.as_str()]), None);
    }
}
