//! Whether the status and the headers of an answer say that there is more than it holds.
//!
//! The lists of the service come whole as far as is known (dossier 4.4), so a part of one is never taken for all of it.

use reqwest::StatusCode;
use reqwest::header::{CONTENT_RANGE, HeaderMap, LINK};

use crate::catalogue::Answer;

/// What says that there is more, in words.
pub(super) fn mark_of_more(status: StatusCode, headers: &HeaderMap, answer: Answer) -> Option<&'static str> {
    if status == StatusCode::PARTIAL_CONTENT {
        return Some("the status 206 Partial Content");
    }
    if headers.contains_key(CONTENT_RANGE) {
        return Some("the header `Content-Range`");
    }
    // Lists of pages say of themselves how many there are.
    let links = headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok());
    let points_on = answer != Answer::Page && links.flat_map(relations).any(|name| name.eq_ignore_ascii_case("next"));
    points_on.then_some("the header `Link` with `rel=\"next\"`")
}

/// The relations that a `Link` header names (RFC 8288, section 3).
fn relations(header: &str) -> impl Iterator<Item = &str> {
    // Addresses stand between `<` and `>`, and parameters after them.
    let parameters = header.split('<').filter_map(|link| link.split_once('>')).flat_map(|(_, rest)| rest.split(';'));
    let names = parameters.filter_map(|parameter| parameter.split_once('='));
    let names = names.filter(|(name, _)| name.trim().eq_ignore_ascii_case("rel"));
    names.flat_map(|(_, value)| value.split(|c: char| c == '"' || c == ',' || c.is_whitespace()))
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn marks_of_more_are_known_in_every_form() {
        let mark = |status: StatusCode, name: &'static str, value: &'static str, answer| {
            let mut headers = HeaderMap::new();
            headers.append(LINK, HeaderValue::from_static("<https://x/help>; rel=help"));
            headers.append(name, HeaderValue::from_static(value));
            mark_of_more(status, &headers, answer)
        };
        let (ok, list) = (StatusCode::OK, Answer::Results);
        for link in [
            r#"<https://x/?page=2>; rel="next""#,
            "</?page=2>;REL=Next",
            r#"<https://x/?a=1,2;b>; title="a"; rel="prev next", <https://x/9>; rel=last"#,
            "<https://x/1>; rel=prev, <https://x/2>; rel=next",
        ] {
            assert!(mark(ok, "link", link, list).is_some(), "{link}");
            assert_eq!(mark(ok, "link", link, Answer::Page), None, "{link}");
        }
        for link in
            [r#"<https://x/?rel=next>; rel="prev""#, "<https://x>; rel=nextish", "rel=next", r#"<x>; title="next""#]
        {
            assert_eq!(mark(ok, "link", link, list), None, "{link}");
        }
        assert!(mark(ok, "content-range", "items 0-99/250", list).is_some_and(|mark| mark.contains("Content-Range")));
        assert!(mark(StatusCode::PARTIAL_CONTENT, "x", "y", Answer::Page).is_some_and(|mark| mark.contains("206")));
        assert_eq!(mark(ok, "x", "y", list), None);
    }
}
