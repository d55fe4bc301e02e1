//! SCIM 2.0 over the same organization: users of claimed domains, and groups, which are teams (dossier section 5).
//!
//! What the dossier leaves open is answered as RFC 7643 and 7644 say.

pub(super) mod discovery;
pub(super) mod groups;
mod patch;
pub(super) mod users;

use serde::Serialize;
use serde_json::{Value, json};

use super::answer::{Answer, Refusal};
use super::organization::MADE;
use super::request::Call;

/// How many resources a page has where the client names no number, and at most.
const PAGE: usize = 100;

/// The schema of a list.
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Reads the body, a JSON object.
fn object(body: &[u8]) -> Result<serde_json::Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::ScimMalformed("invalidSyntax", "the body is no object".to_owned())),
        Err(error) => Err(Refusal::ScimMalformed("invalidSyntax", format!("malformed body: {error}"))),
    }
}

/// An attribute of an object; SCIM does not tell upper from lower case in names.
fn attribute<'v>(object: &'v serde_json::Map<String, Value>, name: &str) -> Option<&'v Value> {
    let found = object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    found.filter(|value| !value.is_null())
}

/// An attribute that is a text.
fn text(object: &serde_json::Map<String, Value>, name: &str) -> Result<Option<String>, Refusal> {
    match attribute(object, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(invalid_value(format!("{name} is no text"))),
    }
}

/// Whether a value means yes. Entra sends texts such as `"False"`.
fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        Value::String(_) | Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn invalid_value(text: impl Into<String>) -> Refusal {
    Refusal::ScimMalformed("invalidValue", text.into())
}

/// What a list is filtered by: one attribute that equals a text.
struct Filter {
    attribute: String,
    value: String,
}

impl Filter {
    /// The filter of a request, which may name one of `attributes`.
    fn of(call: &Call<'_>, attributes: &[&str]) -> Result<Option<Self>, Refusal> {
        let Some(text) = call.query("filter") else { return Ok(None) };
        let problem = || {
            let known = attributes.join(", ");
            Refusal::ScimMalformed("invalidFilter", format!("only `ATTRIBUTE eq \"TEXT\"` is known, for {known}"))
        };
        let mut words = text.trim().splitn(3, ' ');
        let (Some(attribute), Some(operator), Some(value)) = (words.next(), words.next(), words.next()) else {
            return Err(problem());
        };
        let attribute = attributes.iter().find(|known| known.eq_ignore_ascii_case(attribute)).ok_or_else(problem)?;
        if !operator.eq_ignore_ascii_case("eq") {
            return Err(problem());
        }
        let value = serde_json::from_str(value.trim()).map_err(|_| problem())?;
        Ok(Some(Self { attribute: (*attribute).to_owned(), value }))
    }
}

/// A number in the query.
fn number(call: &Call<'_>, name: &str) -> Result<Option<i64>, Refusal> {
    let parse = |text: &str| text.parse().map_err(|_| invalid_value(format!("{name} is no whole number")));
    call.query(name).map(parse).transpose()
}

/// One page of `all`, as the query asks for it. Only the resources of the page are made.
fn page<T, R: Serialize>(call: &Call<'_>, all: &[T], resource: impl Fn(&T) -> R) -> Result<Answer, Refusal> {
    #[derive(Serialize)]
    struct List<R> {
        schemas: [&'static str; 1],
        #[serde(rename = "totalResults")]
        total: usize,
        #[serde(rename = "startIndex")]
        start: usize,
        #[serde(rename = "itemsPerPage")]
        count: usize,
        #[serde(rename = "Resources")]
        resources: Vec<R>,
    }
    // Less than one is taken for one, and a negative count for none (RFC 7644, section 3.4.2.4).
    let start = usize::try_from(number(call, "startIndex")?.unwrap_or(1).max(1)).unwrap_or(usize::MAX);
    let wanted = number(call, "count")?.map_or(PAGE, |count| usize::try_from(count.max(0)).unwrap_or(PAGE)).min(PAGE);
    let resources: Vec<R> = all.iter().skip(start - 1).take(wanted).map(resource).collect();
    Answer::scim(200, &List { schemas: [LIST], total: all.len(), start, count: resources.len(), resources })
}

/// A resource with the attributes that the query asks for (RFC 7644, section 3.9).
fn shaped(call: &Call<'_>, mut resource: Value) -> Value {
    let names = |name| -> Option<Vec<&str>> { Some(call.query(name)?.split(',').map(str::trim).collect()) };
    let (wanted, excluded) = (names("attributes"), names("excludedAttributes"));
    if let Value::Object(attributes) = &mut resource {
        attributes.retain(|key, _| {
            // `name.givenName` asks for the whole name, which is more than was asked for.
            let is_in = |names: &[&str]| {
                names.iter().any(|name| name.split('.').next().is_some_and(|name| name.eq_ignore_ascii_case(key)))
            };
            let always = key == "id" || key == "schemas";
            always || wanted.as_deref().is_none_or(is_in) && !excluded.as_deref().is_some_and(is_in)
        });
    }
    resource
}

/// The address of a resource.
fn location(call: &Call<'_>, kind: &str, id: &str) -> String {
    format!("http://{}/api/app/scim/v2/{kind}/{id}", call.address)
}

/// What RFC 7643, section 3.1, wants to be said of every resource. The store does not know when anything was made.
fn meta(call: &Call<'_>, kind: &str, id: &str) -> Value {
    let location = location(call, &format!("{kind}s"), id);
    json!({ "resourceType": kind, "location": location, "created": MADE, "lastModified": MADE })
}

/// An answer that holds a new resource and says where it is.
fn created(resource: &Value, location: String) -> Result<Answer, Refusal> {
    let mut answer = Answer::scim(201, resource)?;
    answer.headers.push(("location", location));
    Ok(answer)
}
