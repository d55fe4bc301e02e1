//! The operations of a PATCH (RFC 7644, section 3.5.2), taken apart into single attributes.

use serde_json::{Map, Value};

use super::{attribute, object, text};
use crate::serve::answer::Refusal;

/// What an operation does to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    Add,
    Remove,
    Replace,
}

/// One operation on one attribute.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step {
    pub(super) op: Op,
    /// The path in lower case, such as `active`, `name.givenname` or `members`.
    pub(super) path: String,
    /// The id in a path such as `members[value eq "5"]`.
    pub(super) only: Option<String>,
    pub(super) value: Value,
}

/// The schemas whose name may stand before an attribute.
const SCHEMAS: [&str; 2] =
    ["urn:ietf:params:scim:schemas:core:2.0:user:", "urn:ietf:params:scim:schemas:core:2.0:group:"];

/// Reads the operations of a body, in order.
pub(super) fn steps(body: &[u8]) -> Result<Vec<Step>, Refusal> {
    let body = object(body)?;
    let syntax = |problem: &str| Refusal::ScimMalformed("invalidSyntax", problem.to_owned());
    let Some(Value::Array(operations)) = attribute(&body, "Operations") else {
        return Err(syntax("the body has no list `Operations`"));
    };
    let mut steps = Vec::new();
    for operation in operations {
        let Value::Object(operation) = operation else { return Err(syntax("an operation is no object")) };
        // Entra writes `Add`, `Remove` and `Replace`.
        let op = match text(operation, "op")?.unwrap_or_default().to_ascii_lowercase().as_str() {
            "add" => Op::Add,
            "remove" => Op::Remove,
            "replace" => Op::Replace,
            _ => return Err(syntax("an operation is neither add, remove nor replace")),
        };
        let value = attribute(operation, "value").cloned().unwrap_or(Value::Null);
        match (text(operation, "path")?, value) {
            (Some(path), Value::Object(values)) if op != Op::Remove && is_name(&path) => {
                steps.extend(spread(op, values, "name.")?);
            }
            (Some(path), _) if op == Op::Remove && is_name(&path) => {
                steps.push(step(op, "name.givenName", Value::Null)?);
                steps.push(step(op, "name.familyName", Value::Null)?);
            }
            (Some(path), value) => steps.push(step(op, &path, value)?),
            (None, Value::Object(values)) if op != Op::Remove => steps.extend(spread(op, values, "")?),
            (None, _) if op == Op::Remove => {
                return Err(Refusal::ScimMalformed("noTarget", "a removal needs a path".to_owned()));
            }
            (None, _) => return Err(syntax("an operation without a path needs an object")),
        }
    }
    Ok(steps)
}

/// One step for each attribute of an object.
fn spread(op: Op, values: Map<String, Value>, before: &str) -> Result<Vec<Step>, Refusal> {
    let mut steps = Vec::new();
    for (name, value) in values {
        if let Value::Object(inner) = &value
            && is_name(&name)
        {
            steps.extend(spread(op, inner.clone(), "name.")?);
        } else {
            steps.push(step(op, &format!("{before}{name}"), value)?);
        }
    }
    Ok(steps)
}

/// Whether a path means the name of a person as a whole.
fn is_name(path: &str) -> bool {
    let lower = path.trim().to_ascii_lowercase();
    SCHEMAS.iter().find_map(|schema| lower.strip_prefix(schema)).unwrap_or(&lower) == "name"
}

fn step(op: Op, path: &str, value: Value) -> Result<Step, Refusal> {
    let lower = path.trim().to_ascii_lowercase();
    let plain = SCHEMAS.iter().find_map(|schema| lower.strip_prefix(schema)).unwrap_or(&lower);
    let Some((name, filter)) = plain.split_once('[') else {
        return Ok(Step { op, path: plain.to_owned(), only: None, value });
    };
    // Ids are digits here, so that lower case alters none.
    let id = filter.strip_suffix(']').and_then(|filter| filter.trim().strip_prefix("value eq "));
    match id.and_then(|id| serde_json::from_str(id.trim()).ok()) {
        Some(id) => Ok(Step { op, path: name.to_owned(), only: Some(id), value }),
        None => Err(Refusal::ScimMalformed("invalidPath", format!("the path {path:?} is not known"))),
    }
}
