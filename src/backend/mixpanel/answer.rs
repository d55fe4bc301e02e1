//! When an answer is a success, and what it then holds.
//!
//! Success needs a 2xx status, JSON, no mark of an error, and what the catalogue's entry expects (dossier 4.1): the
//! service is known to answer 200 with an error, and 200 with a page for people.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::problem::Cause;
use crate::catalogue::Answer;
use crate::model::Email;
use crate::visible::visible_within_width;

/// How much of an answer a message repeats, in columns.
const SHOWN: usize = 200;
/// The longest text of `status` that a message repeats.
const LONGEST_STATUS: usize = 20;

/// What a successful answer holds.
#[derive(Debug)]
pub struct Accepted {
    /// What stands in `results`; of SCIM, which has no envelope, the whole answer, `null` where there is none.
    pub results: Box<RawValue>,
    /// For [`Answer::Each`]: the flag of each item, in the order in which they were asked for. A false one is no failure of the
    /// request: that item was there already.
    pub each: Vec<bool>,
}

/// The envelope of all answers (dossier 2.3), with results of the form `R`.
struct Envelope<'b, R> {
    status: Option<&'b RawValue>,
    error: Option<&'b RawValue>,
    results: Option<R>,
    marks: Marks,
}

impl<'de, R: Deserialize<'de>> Deserialize<'de> for Envelope<'de, R> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnvelopeVisitor<R>(PhantomData<R>);

        impl<'de, R: Deserialize<'de>> Visitor<'de> for EnvelopeVisitor<R> {
            type Value = Envelope<'de, R>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with `status` and `results`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let (mut status, mut error, mut results) = (None, None, None);
                let mut marks = Marks::default();
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "status" if status.is_none() => status = Some(map.next_value()?),
                        "error" if error.is_none() => error = Some(map.next_value()?),
                        "results" if results.is_none() => results = Some(map.next_value()?),
                        "status" | "error" | "results" => {
                            return Err(A::Error::custom(format!("duplicate field `{key}`")));
                        }
                        _ if Marks::knows(&key) => marks.take(&key, &map.next_value()?),
                        _ => drop(map.next_value::<IgnoredAny>()?),
                    }
                }
                Ok(Envelope { status: status.flatten(), error: error.flatten(), results: results.flatten(), marks })
            }
        }
        deserializer.deserialize_map(EnvelopeVisitor(PhantomData))
    }
}

impl<R> Envelope<'_, R> {
    fn is_ok(&self) -> bool {
        self.status.is_some_and(|status| status.get() == r#""ok""#)
    }

    fn is_error(&self) -> bool {
        self.error.is_some() || self.status.is_some_and(|status| status.get() == r#""error""#)
    }
}

/// What an answer says about its being a part of a longer list. Only `next_cursor` is known (dossier 7, "Pagination"); half
/// a list would lead to mails for people who are on the other half, so whatever else APIs are used to say counts too.
#[derive(Debug, Default)]
struct Marks {
    says_more: bool,
    /// How many rows there are in all.
    totals: Vec<u64>,
}

impl Marks {
    /// A key without its case and what joins its words.
    fn plain(key: &str) -> String {
        key.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
    }

    fn is_about_more(plain: &str) -> bool {
        let names = [
            "nextcursor",
            "cursor",
            "next",
            "nextpage",
            "nextpagetoken",
            "nexttoken",
            "nexturl",
            "nextlink",
            "hasmore",
            "hasnext",
            "hasnextpage",
            "more",
            "truncated",
            "istruncated",
            "partial",
            "incomplete",
        ];
        names.contains(&plain)
    }

    fn is_total(plain: &str) -> bool {
        ["total", "totalcount", "totalresults", "totalitems", "totalrows", "count"].contains(&plain)
    }

    fn is_of_pages(plain: &str) -> bool {
        ["totalpages", "pagecount", "pages", "numpages"].contains(&plain)
    }

    fn is_around(plain: &str) -> bool {
        ["pagination", "paging", "pageinfo", "links", "meta", "metadata"].contains(&plain)
    }

    /// Whether `key` may tell of more.
    fn knows(key: &str) -> bool {
        let plain = &*Self::plain(key);
        Self::is_about_more(plain) || Self::is_total(plain) || Self::is_of_pages(plain) || Self::is_around(plain)
    }

    fn take(&mut self, key: &str, value: &Value) {
        let plain = &*Self::plain(key);
        let number = || value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
        if Self::is_about_more(plain) {
            self.says_more |= match value {
                Value::Null => false,
                Value::Bool(is_said) => *is_said,
                Value::Number(number) => number.as_f64() != Some(0.0),
                Value::String(text) => !text.is_empty(),
                Value::Array(values) => !values.is_empty(),
                Value::Object(values) => !values.is_empty(),
            };
        } else if Self::is_total(plain) {
            self.totals.extend(number());
        } else if Self::is_of_pages(plain) {
            self.says_more |= number().is_some_and(|pages| pages > 1);
        } else if let (true, Value::Object(values)) = (Self::is_around(plain), value) {
            values.iter().for_each(|(key, value)| self.take(key, value));
        }
    }

    /// What keeps a list of so many rows from being taken for the whole.
    fn contradict(&self, rows: usize) -> Option<String> {
        let total = self.totals.iter().find(|total| **total != rows as u64)?;
        Some(format!("it says that there are {total} rows, and has {rows}"))
    }
}

/// What the failure of a status says, as far as a message repeats it.
pub(super) fn said(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    if is_page(&text) {
        return "a web page".to_owned();
    }
    match serde_json::from_slice::<Value>(body) {
        // Whatever else stands there may hold secrets (dossier row 4).
        Ok(value) => shortened(&error_text(&value).unwrap_or_default()),
        Err(_) => {
            if text.trim().is_empty() {
                String::new()
            } else {
                length_of(body)
            }
        }
    }
}

/// The text of an error, which may be a text, a list or an object (dossier 2.3).
fn error_text(value: &Value) -> Option<String> {
    let found = ["error", "message", "detail", "title"].into_iter().find_map(|key| value.get(key))?;
    let text = found.as_str().map_or_else(|| without_keys(found.clone()).to_string(), str::to_owned);
    // The kind of an error of SCIM (RFC 7644, section 3.12).
    Some(match value.get("scimType").and_then(Value::as_str) {
        Some(kind) => format!("{text} ({kind})"),
        None => text,
    })
}

/// A value without what is called like a secret.
fn without_keys(value: Value) -> Value {
    match value {
        Value::Object(values) => {
            let is_secret = |key: &str| {
                let plain = Marks::plain(key);
                ["token", "secret", "key", "password"].iter().any(|word| plain.contains(word))
            };
            let kept = |(key, value): (String, Value)| {
                let value = if is_secret(&key) { Value::from("***") } else { without_keys(value) };
                (key, value)
            };
            Value::Object(values.into_iter().map(kept).collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(without_keys).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value,
    }
}

/// A value with what `change` makes of each text in it.
pub(super) fn with_texts(value: Value, change: &dyn Fn(String) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(text)),
        Value::Array(values) => Value::Array(values.into_iter().map(|value| with_texts(value, change)).collect()),
        Value::Object(values) => {
            Value::Object(values.into_iter().map(|(key, value)| (change(key), with_texts(value, change))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

/// What is told of a body of which nothing is repeated.
fn length_of(body: &[u8]) -> String {
    format!("{} bytes of text", body.len())
}

/// The kind of a value, where the value itself is nobody's business.
fn kind_of(value: &Value) -> String {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    }
}

/// Judges the body of an answer with a 2xx status to a request about `items` items.
pub(super) fn accept(code: u16, body: &[u8], expected: Answer, items: usize) -> Result<Accepted, Cause> {
    if matches!(expected, Answer::Page | Answer::Resource | Answer::Done) {
        return accept_scim(code, body, expected);
    }
    let envelope: Envelope<'_, &RawValue> = match serde_json::from_slice(body) {
        Ok(envelope) if is_object(body) => envelope,
        Ok(_) => return Err(Cause::Unconfirmed("it is no object with `status` and `results`".to_owned())),
        Err(error) => return Err(no_envelope(code, body, &error)),
    };
    if envelope.is_error() {
        return Err(Cause::Refused { code, said: said(body) });
    }
    if !envelope.is_ok() {
        let found = envelope.status.map_or("none".to_owned(), |status| {
            let word = status.get().trim_matches('"');
            let is_word = word.len() <= LONGEST_STATUS && word.bytes().all(|byte| byte.is_ascii_lowercase());
            if is_word { shortened(status.get()) } else { "something else".to_owned() }
        });
        return Err(Cause::Unconfirmed(format!("`status` should be `ok`, and is {found}")));
    }
    if envelope.marks.says_more {
        return Err(Cause::Paged);
    }
    let Some(results) = envelope.results else {
        return Err(Cause::Unconfirmed("`status` is `ok`, and there are no `results`".to_owned()));
    };
    if let (Answer::Results, Ok(rows)) = (expected, serde_json::from_str::<Vec<IgnoredAny>>(results.get()))
        && let Some(problem) = envelope.marks.contradict(rows.len())
    {
        return Err(Cause::Unconfirmed(problem));
    }
    let each = confirm(results, expected, items).map_err(Cause::Unconfirmed)?;
    Ok(Accepted { results: results.to_owned(), each })
}

/// The results of an answer that is a success beyond doubt, read in one go with their envelope; `expected` is that of
/// lists. `None` says nothing: [`accept`] tells whether it is one all the same, or what is wrong with it.
pub(super) fn read_at_once<'b, R: Deserialize<'b>>(body: &'b [u8], expected: Answer) -> Option<R> {
    // An object could say in itself that nothing was done.
    if expected != Answer::Results || !is_object(body) {
        return None;
    }
    // Fields that are not needed are skipped without a look at their bytes.
    let text = std::str::from_utf8(body).ok()?;
    let envelope: Envelope<'_, R> = serde_json::from_str(text).ok()?;
    // Rows are counted where it matters, by `accept`.
    let is_whole = !envelope.marks.says_more && envelope.marks.totals.is_empty();
    let is_success = envelope.is_ok() && !envelope.is_error() && is_whole;
    envelope.results.filter(|_| is_success)
}

/// The same with the flags in the order of what was asked for, which has these `names`: the order of the answer is not
/// known to be that of the request. Entries that do not name what they are about are taken in order.
pub(super) fn in_order(accepted: Accepted, names: &[String]) -> Result<Accepted, Cause> {
    if accepted.each.is_empty() || names.len() != accepted.each.len() {
        return Ok(accepted);
    }
    let values: Vec<Value> = serde_json::from_str(accepted.results.get()).unwrap_or_default();
    let named = |value: &Value| ["email", "name"].iter().find_map(|key| Some(value.get(key)?.as_str()?.to_owned()));
    let found: Vec<Option<String>> = values.iter().map(named).collect();
    if found.iter().all(Option::is_none) {
        return Ok(accepted);
    }
    let same = |one: &str, other: &str| {
        let address = |text: &str| Email::new(text).ok();
        one.trim() == other.trim() || address(one).is_some_and(|one| address(other).is_some_and(|other| one == other))
    };
    let mut each: Vec<Option<bool>> = vec![None; names.len()];
    for (index, (name, flag)) in found.iter().zip(&accepted.each).enumerate() {
        let name = name.as_deref().unwrap_or_default();
        let asked = names.iter().zip(&mut each).find(|(asked, known)| known.is_none() && same(asked, name));
        match asked {
            Some((_, known)) => *known = Some(*flag),
            None => {
                let name = shortened(name);
                let problem = format!("entry {} of `results` is about `{name}`, which was not asked for", index + 1);
                return Err(Cause::Unconfirmed(problem));
            }
        }
    }
    Ok(Accepted { each: each.into_iter().flatten().collect(), ..accepted })
}

/// Whether a body is an object, if it is JSON. A list of values would do for a struct otherwise.
fn is_object(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
}

/// Judges the body of an answer of SCIM with a 2xx status.
fn accept_scim(code: u16, body: &[u8], expected: Answer) -> Result<Accepted, Cause> {
    if expected == Answer::Done && code == 204 && body.is_empty() {
        let results = RawValue::from_string("null".to_owned()).map_err(|error| no_envelope(code, body, &error))?;
        return Ok(Accepted { results, each: Vec::new() });
    }
    let results: Box<RawValue> = serde_json::from_slice(body).map_err(|error| no_envelope(code, body, &error))?;
    let Ok(Value::Object(object)) = serde_json::from_str::<Value>(results.get()) else {
        return Err(Cause::Unconfirmed("it is no object".to_owned()));
    };
    let schemas = object.get("schemas").and_then(Value::as_array);
    let is_error = |schema: &Value| schema.as_str().is_some_and(|schema| schema.ends_with(":Error"));
    if object.contains_key("error") || schemas.is_some_and(|schemas| schemas.iter().any(is_error)) {
        return Err(Cause::Refused { code, said: said(body) });
    }
    let lacks = |key: &str| Err(Cause::Unconfirmed(format!("`{key}` is missing")));
    match expected {
        Answer::Page if scim_attribute(&object, "totalResults").is_none() => lacks("totalResults"),
        Answer::Resource if scim_attribute(&object, "id").is_none() => lacks("id"),
        Answer::Page | Answer::Resource | Answer::Done | Answer::Results | Answer::Flag(_) | Answer::Each(_) => {
            Ok(Accepted { results, each: Vec::new() })
        }
    }
}

/// An attribute of a resource of SCIM, where upper and lower case of names are the same (RFC 7643, section 2.1).
pub(super) fn scim_attribute<'v>(object: &'v serde_json::Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Why a body with a 2xx status is no envelope.
fn no_envelope(code: u16, body: &[u8], error: &serde_json::Error) -> Cause {
    let text = String::from_utf8_lossy(body);
    if is_page(&text) {
        return Cause::Page { code };
    }
    if error.is_data() {
        // The parser repeats what it found instead of an object.
        let twice = Some(without_place(error)).filter(|problem| problem.starts_with("duplicate field"));
        let twice = twice.map_or(String::new(), |problem| format!(": {problem}"));
        return Cause::Unconfirmed(format!("it is no object with `status` and `results`{twice}"));
    }
    if error.is_eof() && !text.trim().is_empty() {
        return Cause::CutOff { bytes: body.len() };
    }
    let found = if text.trim().is_empty() { "nothing".to_owned() } else { length_of(body) };
    Cause::NotJson { problem: shortened(&without_place(error)), found }
}

/// Checks the positive flag of the entry, and gives the flags of [`Answer::Each`].
fn confirm(results: &RawValue, expected: Answer, items: usize) -> Result<Vec<bool>, String> {
    match expected {
        // These have no envelope.
        Answer::Page | Answer::Resource | Answer::Done => Ok(Vec::new()),
        Answer::Results => {
            // Only an object can deny; the long lists of reads are not looked through here.
            let denied = || {
                let flags: Flags = serde_json::from_str(results.get()).ok()?;
                let named = [("success", flags.success), ("updated", flags.updated), ("created", flags.created)];
                named.into_iter().find(|(_, flag)| flag == &Some(Value::Bool(false)))
            };
            match results.get().starts_with('{').then(denied).flatten() {
                Some((flag, _)) => Err(format!("it says `\"{flag}\":false`")),
                None => Ok(Vec::new()),
            }
        }
        Answer::Flag(flag) => {
            let value: Value =
                serde_json::from_str(results.get()).map_err(|error| shortened(&without_place(&error)))?;
            match value.get(flag) {
                Some(Value::Bool(true)) => Ok(Vec::new()),
                Some(other) => Err(format!("`{flag}` should be true, and is {}", kind_of(other))),
                None => Err(format!("`{flag}` should be true, and is missing")),
            }
        }
        Answer::Each(flag) => {
            let Ok(values) = serde_json::from_str::<Vec<Value>>(results.get()) else {
                return Err("`results` should be a list with an entry for each item".to_owned());
            };
            if values.len() != items {
                return Err(format!("`results` should have {items} entries, and has {}", values.len()));
            }
            let flags = values.iter().enumerate().map(|(index, value)| {
                let found = value.get(flag).and_then(Value::as_bool);
                found.ok_or_else(|| format!("entry {} of `results` does not say `{flag}`", index + 1))
            });
            flags.collect()
        }
    }
}

#[derive(Deserialize)]
struct Flags {
    success: Option<Value>,
    updated: Option<Value>,
    created: Option<Value>,
}

/// Whether a text is a page for people.
fn is_page(text: &str) -> bool {
    let start: String = text.trim_start_matches('\u{feff}').trim_start().chars().take(9).collect();
    let start = start.to_ascii_lowercase();
    start.starts_with("<!doctype")
        || start.starts_with("<html")
        || start.starts_with("<head")
        || start.starts_with("<!--")
}

/// `text` as a message repeats it: inert and short.
pub(super) fn shortened(text: &str) -> String {
    // What is cut first need not be looked through.
    let start: String = text.trim().chars().take(SHOWN + 1).collect();
    visible_within_width(&start, SHOWN).into_owned()
}

/// The words of the parser without line and column, which nobody can look up in an answer. They repeat what it read,
/// however long.
pub(super) fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(words, _)| words).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(body: &str, expected: Answer) -> Result<Vec<bool>, Cause> {
        accept(200, body.as_bytes(), expected, 2).map(|accepted| accepted.each)
    }

    #[test]
    fn success_needs_everything() {
        assert_eq!(judged(r#" {"status":"ok","results":[]}"#, Answer::Results), Ok(vec![]));
        assert_eq!(judged(r#"{"status":"ok","results":{"success":true},"x":1}"#, Answer::Flag("success")), Ok(vec![]));
        let each = r#"{"status":"ok","results":[{"name":"a","created":true},{"name":"b","created":false}]}"#;
        assert_eq!(judged(each, Answer::Each("created")), Ok(vec![true, false]));
    }

    #[test]
    fn a_status_of_200_is_not_enough() {
        let refused = |body| matches!(judged(body, Answer::Results), Err(Cause::Refused { .. }));
        assert!(refused(r#"{"error":"no"}"#));
        assert!(refused(r#"{"status":"error","error":["no"]}"#));
        assert!(refused(r#"{"status":"error","results":[]}"#));
        assert!(refused(r#"{"status":"ok","error":{"a":1},"results":[]}"#));
        let unconfirmed = |body, expected| matches!(judged(body, expected), Err(Cause::Unconfirmed(_)));
        assert!(unconfirmed(r#"{"status":"ok"}"#, Answer::Results));
        assert!(unconfirmed(r#"{"status":"ok","results":null}"#, Answer::Results));
        assert!(unconfirmed(r#"{"results":[]}"#, Answer::Results));
        assert!(unconfirmed(r#"{"status":"maybe","results":[]}"#, Answer::Results));
        assert!(unconfirmed(r#"{"status":"ok","results":{"created":false}}"#, Answer::Results));
        assert!(unconfirmed(r#"{"status":"ok","results":{}}"#, Answer::Flag("success")));
        assert!(unconfirmed(r#"{"status":"ok","results":{"success":1}}"#, Answer::Flag("success")));
        assert!(unconfirmed(r#"{"status":"ok","results":[{"created":true}]}"#, Answer::Each("created")));
        assert!(unconfirmed(r#"{"status":"ok","results":[{"created":true},{}]}"#, Answer::Each("created")));
        assert!(unconfirmed("[]", Answer::Results));
        assert!(unconfirmed(r#"["ok",null,[],null,null]"#, Answer::Results));
        assert!(unconfirmed("7", Answer::Results));
    }

    #[test]
    fn an_answer_of_scim_has_no_envelope() {
        let of = |code, body: &str, expected| accept(code, body.as_bytes(), expected, 1).map(|_| ());
        assert_eq!(of(204, "", Answer::Done), Ok(()));
        assert_eq!(of(200, r#"{"id":"x"}"#, Answer::Done), Ok(()));
        assert_eq!(of(201, r#"{"ID":"x"}"#, Answer::Resource), Ok(()));
        assert_eq!(of(200, r#"{"totalResults":0}"#, Answer::Page), Ok(()));
        for (code, body, expected) in [
            (201, "{}", Answer::Resource),
            (200, r#"{"Resources":[]}"#, Answer::Page),
            (200, "[]", Answer::Done),
            (200, "null", Answer::Done),
        ] {
            assert!(matches!(of(code, body, expected), Err(Cause::Unconfirmed(_))), "{body}");
        }
        let error = r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"id":"x","detail":"no","scimType":"mutability"}"#;
        let refused = Cause::Refused { code: 200, said: "no (mutability)".to_owned() };
        assert_eq!(of(200, error, Answer::Done), Err(refused));
        assert!(matches!(of(200, r#"{"error":"no","id":"x"}"#, Answer::Resource), Err(Cause::Refused { .. })));
        assert_eq!(of(200, "<html>", Answer::Done), Err(Cause::Page { code: 200 }));
        assert_eq!(of(200, r#"{"id":"#, Answer::Done), Err(Cause::CutOff { bytes: 6 }));
        for (code, expected) in [(200, Answer::Done), (204, Answer::Resource), (204, Answer::Page)] {
            assert!(matches!(of(code, "", expected), Err(Cause::NotJson { .. })), "{code}");
        }
    }

    #[test]
    fn what_is_no_answer_is_told_apart() {
        for page in ["<!DOCTYPE html><html>", "\n<html lang=en>", "\u{feff}<!doctype html>"] {
            assert_eq!(judged(page, Answer::Results), Err(Cause::Page { code: 200 }));
        }
        assert_eq!(judged(r#"{"status":"ok","results":[{"#, Answer::Results), Err(Cause::CutOff { bytes: 27 }));
        for odd in ["", "hello", "\u{0}\u{1b}[2J"] {
            let cause = judged(odd, Answer::Results).unwrap_err();
            assert!(matches!(cause, Cause::NotJson { .. }), "{cause}");
            assert!(!cause.to_string().contains('\u{1b}'));
        }
        assert_eq!(judged(r#"{"status":"ok","results":[],"next_cursor":"x"}"#, Answer::Results), Err(Cause::Paged));
        let paged = r#"{"status":"ok","results":[],"pagination":{"next_cursor":"x"}}"#;
        assert_eq!(judged(paged, Answer::Results), Err(Cause::Paged));
        assert_eq!(judged(r#"{"status":"ok","results":[],"next_cursor":null}"#, Answer::Results), Ok(vec![]));
    }

    #[test]
    fn the_words_of_a_failure_are_short_and_inert() {
        assert_eq!(said(br#"{"status":"error","error":"no such project"}"#), "no such project");
        assert_eq!(said(br#"{"message":"oops"}"#), "oops");
        assert_eq!(said(b"<html><body>Sign in</body>"), "a web page");
        let long = said(format!("\u{1b}[2J{}", "x".repeat(1 << 20)).as_bytes());
        assert!(long.len() < 250 && !long.contains('\u{1b}'), "{long}");
    }
}
