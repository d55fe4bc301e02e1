//! What a client can ask SCIM about itself: `/ServiceProviderConfig`, `/ResourceTypes` and `/Schemas` (RFC 7644,
//! section 4). Nothing is known of these at the service; clients and testers of SCIM look for them first.

use serde_json::{Value, json};

use super::page;
use crate::serve::answer::{Answer, Refusal};
use crate::serve::organization::Organization;
use crate::serve::request::Call;

const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
const TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

/// GET `/ServiceProviderConfig`
pub(in crate::serve) fn config(_: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let no = json!({ "supported": false });
    let bearer = json!({ "type": "oauthbearertoken", "name": "Bearer token", "primary": true,
        "description": "The SCIM token of the organization" });
    Answer::scim(
        200,
        &json!({
            "schemas": [CONFIG],
            "patch": { "supported": true },
            "bulk": { "supported": false, "maxOperations": 0, "maxPayloadSize": 0 },
            "filter": { "supported": true, "maxResults": super::PAGE },
            "changePassword": no,
            "sort": no,
            "etag": no,
            "authenticationSchemes": [bearer],
            "meta": { "resourceType": "ServiceProviderConfig", "location": address(call, "ServiceProviderConfig") },
        }),
    )
}

/// GET `/ResourceTypes`
pub(in crate::serve) fn resource_types(_: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    page(call, &types(call), Value::clone)
}

/// GET `/ResourceTypes/{id}`
pub(in crate::serve) fn resource_type(_: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    one(&types(call), call.text("id"))
}

/// GET `/Schemas`
pub(in crate::serve) fn schemas(_: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    page(call, &all_schemas(call), Value::clone)
}

/// GET `/Schemas/{id}`
pub(in crate::serve) fn schema(_: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    one(&all_schemas(call), call.text("id"))
}

fn one(all: &[Value], id: &str) -> Result<Answer, Refusal> {
    match all.iter().find(|resource| resource["id"] == id) {
        Some(resource) => Answer::scim(200, resource),
        None => Err(Refusal::Missing(format!("{id:?} does not exist"))),
    }
}

fn address(call: &Call<'_>, path: &str) -> String {
    format!("http://{}/api/app/scim/v2/{path}", call.address)
}

fn types(call: &Call<'_>) -> Vec<Value> {
    let of = |name: &str, endpoint: &str, schema: &str| {
        let location = address(call, &format!("ResourceTypes/{name}"));
        json!({ "schemas": [TYPE], "id": name, "name": name, "endpoint": endpoint, "schema": schema,
            "meta": { "resourceType": "ResourceType", "location": location } })
    };
    vec![of("User", "/Users", super::users::SCHEMA), of("Group", "/Groups", super::groups::SCHEMA)]
}

fn all_schemas(call: &Call<'_>) -> Vec<Value> {
    let of = |id: &str, name: &str, attributes: Value| {
        let location = address(call, &format!("Schemas/{id}"));
        json!({ "schemas": [SCHEMA], "id": id, "name": name, "attributes": attributes,
            "meta": { "resourceType": "Schema", "location": location } })
    };
    let user = json!([
        attribute("userName", "string", json!({ "required": true, "uniqueness": "server", "mutability": "immutable" })),
        attribute("displayName", "string", json!({})),
        attribute("active", "boolean", json!({})),
        attribute(
            "name",
            "complex",
            json!({ "subAttributes": [
            attribute("givenName", "string", json!({})),
            attribute("familyName", "string", json!({})),
        ] })
        ),
        attribute(
            "emails",
            "complex",
            json!({ "multiValued": true, "mutability": "readOnly", "subAttributes": [
            attribute("value", "string", json!({ "mutability": "readOnly" })),
            attribute("type", "string", json!({ "mutability": "readOnly" })),
            attribute("primary", "boolean", json!({ "mutability": "readOnly" })),
        ] })
        ),
    ]);
    let group = json!([
        attribute("displayName", "string", json!({ "required": true, "uniqueness": "server" })),
        attribute(
            "members",
            "complex",
            json!({ "multiValued": true, "subAttributes": [
            attribute("value", "string", json!({ "mutability": "immutable" })),
            attribute("$ref", "reference", json!({ "mutability": "immutable", "referenceTypes": ["User"] })),
            attribute("type", "string", json!({ "mutability": "immutable", "canonicalValues": ["User"] })),
        ] })
        ),
    ]);
    vec![of(super::users::SCHEMA, "User", user), of(super::groups::SCHEMA, "Group", group)]
}

/// An attribute of a schema: as usual, with what is `special` about it.
fn attribute(name: &str, kind: &str, special: Value) -> Value {
    let mut attribute = json!({ "name": name, "type": kind, "multiValued": false, "required": false,
        "mutability": "readWrite", "returned": "default" });
    if kind == "string" || kind == "reference" {
        attribute["caseExact"] = json!(false);
        attribute["uniqueness"] = json!("none");
    }
    if let Value::Object(special) = special {
        for (key, value) in special {
            attribute[key] = value;
        }
    }
    attribute
}
