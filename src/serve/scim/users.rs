//! `/Users`: the users of claimed domains who have joined. What SCIM makes is an org member without access; org roles
//! and project access cannot be set here.

use serde_json::{Map, Value, json};

use super::patch::{Op, Step, steps};
use super::{Filter, attribute, created, invalid_value, location, meta, object, page, shaped, text, truth};
use crate::change::Change;
use crate::model::{Email, OrgRole};
use crate::serve::answer::{Answer, Refusal};
use crate::serve::organization::{Edit, Organization, Person};
use crate::serve::request::Call;

/// The schema of a user.
pub(super) const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// The user as a resource.
fn resource(organization: &Organization, call: &Call<'_>, email: &Email) -> Value {
    let id = organization.user_id(email).to_string();
    let person = organization.person(email);
    let mut user = json!({
        "schemas": [SCHEMA],
        "userName": email.as_str(),
        "emails": [{ "value": email.as_str(), "type": "work", "primary": true }],
        "active": !person.suspended,
        "meta": meta(call, "User", &id),
        "id": id,
    });
    let mut name = Map::new();
    for (key, value) in [("givenName", person.given_name), ("familyName", person.family_name)] {
        if let Some(value) = value {
            name.insert(key.to_owned(), json!(value));
        }
    }
    if !name.is_empty() {
        user["name"] = Value::Object(name);
    }
    for (key, value) in [("displayName", person.display_name), ("externalId", person.external_id)] {
        if let Some(value) = value {
            user[key] = json!(value);
        }
    }
    shaped(call, user)
}

/// Whether SCIM sees somebody: a claimed domain, and joined.
fn is_seen(organization: &Organization, email: &Email) -> bool {
    let user = organization.state().users.get(email);
    user.is_some_and(|user| !user.status.is_invited()) && organization.is_claimed(email)
}

/// The user with an id, whom SCIM sees.
pub(super) fn find(organization: &Organization, id: &str) -> Result<Email, Refusal> {
    let missing = || Refusal::Missing(format!("user {id:?} does not exist"));
    let (email, _) = organization.user_by_id(id.parse().map_err(|_| missing())?).map_err(|_| missing())?;
    if is_seen(organization, email) { Ok(email.clone()) } else { Err(missing()) }
}

/// GET `/Users`
pub(in crate::serve) fn list(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let filter = Filter::of(call, &["userName", "externalId"])?;
    let organization = &*organization;
    let users: Vec<&Email> = match &filter {
        Some(Filter { attribute, value }) if attribute == "userName" => {
            let email = Email::new(value).ok();
            let found = email.and_then(|email| organization.state().users.get_key_value(&email));
            found.map(|(email, _)| email).into_iter().filter(|email| is_seen(organization, email)).collect()
        }
        Some(Filter { value, .. }) => {
            let seen = organization.state().users.keys().filter(|email| is_seen(organization, email));
            seen.filter(|email| organization.person(email).external_id.as_ref() == Some(value)).collect()
        }
        None => organization.state().users.keys().filter(|email| is_seen(organization, email)).collect(),
    };
    page(call, &users, |email| resource(organization, call, email))
}

/// GET `/Users/{id}`
pub(in crate::serve) fn get(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let email = find(organization, call.text("id"))?;
    Answer::scim(200, &resource(organization, call, &email))
}

/// POST `/Users`: somebody becomes a member at once, who was invited too. It fails for domains that are not claimed and
/// for people with an account elsewhere on the service.
pub(in crate::serve) fn create(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = object(call.body)?;
    let email = user_name(&body)?;
    if !organization.is_claimed(&email) {
        return Err(invalid_value(format!("the domain of {email} is not claimed")));
    }
    if organization.has_account(&email) {
        return Err(Refusal::Exists(format!("{email} has an account outside this organization; invite them instead")));
    }
    let status = organization.state().users.get(&email).map(|user| user.status.is_invited());
    let edits = match status {
        Some(false) => return Err(Refusal::Exists(format!("there is a user {email} already"))),
        Some(true) => vec![Edit::Join(email.clone())],
        None => {
            let invite = Change::InviteUser { user: email.clone(), role: OrgRole::Member };
            vec![Edit::Change(invite), Edit::Join(email.clone())]
        }
    };
    let person = person(&body)?;
    organization.commit(&edits, call.now)?;
    organization.keep_person(&email, person)?;
    let id = organization.user_id(&email).to_string();
    created(&resource(organization, call, &email), location(call, "Users", &id))
}

/// PUT `/Users/{id}`: everything that is known of a person is replaced.
pub(in crate::serve) fn replace(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let email = find(organization, call.text("id"))?;
    let body = object(call.body)?;
    keep_user_name(&email, &user_name(&body)?)?;
    let person = person(&body)?;
    organization.keep_person(&email, person)?;
    Answer::scim(200, &resource(organization, call, &email))
}

/// PATCH `/Users/{id}`: `active` suspends and restores; names can be changed.
pub(in crate::serve) fn patch(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let email = find(organization, call.text("id"))?;
    let mut person = organization.person(&email);
    for Step { op, path, only: _, value } in steps(call.body)? {
        let text = || match (op, &value) {
            (Op::Remove, _) | (_, Value::Null) => Ok(None),
            (_, Value::String(text)) => Ok(Some(text.clone())),
            _ => Err(invalid_value(format!("{path} is no text"))),
        };
        match path.as_str() {
            "active" if op == Op::Remove => person.suspended = false,
            "active" => {
                let truth = truth(&value).ok_or_else(|| invalid_value("active is neither true nor false"))?;
                person.suspended = !truth;
            }
            "displayname" => person.display_name = text()?,
            "name.givenname" => person.given_name = text()?,
            "name.familyname" => person.family_name = text()?,
            "externalid" => person.external_id = text()?,
            "username" => keep_user_name(&email, &address(&text()?.unwrap_or_default())?)?,
            // Further attributes of RFC 7643 are taken and not kept.
            _ => {}
        }
    }
    organization.keep_person(&email, person)?;
    Answer::scim(200, &resource(organization, call, &email))
}

/// DELETE `/Users/{id}`: removes somebody from the organization for good.
pub(in crate::serve) fn delete(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let user = find(organization, call.text("id"))?;
    organization.commit(&[Edit::Change(Change::RemoveUser { user })], call.now)?;
    Ok(Answer::nothing())
}

fn user_name(body: &Map<String, Value>) -> Result<Email, Refusal> {
    let name = text(body, "userName")?.ok_or_else(|| invalid_value("userName is missing"))?;
    address(&name)
}

fn address(text: &str) -> Result<Email, Refusal> {
    Email::new(text).map_err(|problem| invalid_value(format!("userName {text:?}: {problem}")))
}

/// Refuses another address: nothing says that the service can rename somebody.
fn keep_user_name(email: &Email, wanted: &Email) -> Result<(), Refusal> {
    if email == wanted {
        return Ok(());
    }
    Err(Refusal::ScimMalformed("mutability", "userName cannot be changed".to_owned()))
}

/// What a whole resource says of a person.
fn person(body: &Map<String, Value>) -> Result<Person, Refusal> {
    let empty = Map::new();
    let name = match attribute(body, "name") {
        None => &empty,
        Some(Value::Object(name)) => name,
        Some(_) => return Err(invalid_value("name is no object")),
    };
    let active = match attribute(body, "active") {
        None => true,
        Some(value) => truth(value).ok_or_else(|| invalid_value("active is neither true nor false"))?,
    };
    Ok(Person {
        display_name: text(body, "displayName")?,
        given_name: text(name, "givenName")?,
        family_name: text(name, "familyName")?,
        external_id: text(body, "externalId")?,
        suspended: !active,
    })
}
