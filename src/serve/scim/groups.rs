//! `/Groups`: teams. Only members of claimed domains are shown, and only they are touched.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::patch::{Op, Step, steps};
use super::users::find as find_user;
use super::{Filter, attribute, created, invalid_value, location, meta, object, page, shaped, text};
use crate::change::Change;
use crate::model::{Email, TeamName};
use crate::serve::answer::{Answer, Refusal};
use crate::serve::organization::{Edit, Organization};
use crate::serve::request::Call;

/// The schema of a group.
pub(super) const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";

/// The team as a resource.
fn resource(organization: &Organization, call: &Call<'_>, team: &TeamName) -> Value {
    let id = organization.team_id(team).to_string();
    let mut group = json!({
        "schemas": [SCHEMA],
        "displayName": team.as_str(),
        "meta": meta(call, "Group", &id),
        "id": id,
    });
    // Members of a large team are not gathered to be left out again, which is what Entra asks for.
    if call.query("excludedAttributes") != Some("members") {
        let members = seen_members(organization, team);
        let members = members.iter().map(|email| {
            let id = organization.user_id(email).to_string();
            json!({ "$ref": location(call, "Users", &id), "type": "User", "value": id })
        });
        group["members"] = members.collect();
    }
    shaped(call, group)
}

/// The members whom SCIM sees.
fn seen_members(organization: &Organization, team: &TeamName) -> BTreeSet<Email> {
    let state = organization.state();
    let members = state.teams.get(team).into_iter().flat_map(|team| &team.members);
    let joined = |email: &&Email| state.users.get(*email).is_some_and(|user| !user.status.is_invited());
    members.filter(|email| organization.is_claimed(email)).filter(joined).cloned().collect()
}

fn find(organization: &Organization, id: &str) -> Result<TeamName, Refusal> {
    let missing = || Refusal::Missing(format!("group {id:?} does not exist"));
    organization.team_by_id(id.parse().map_err(|_| missing())?).cloned().map_err(|_| missing())
}

/// GET `/Groups`
pub(in crate::serve) fn list(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let filter = Filter::of(call, &["displayName"])?;
    let organization = &*organization;
    let teams = organization.state().teams.keys();
    let teams: Vec<_> =
        teams.filter(|name| filter.as_ref().is_none_or(|filter| filter.value.trim() == name.as_str())).collect();
    page(call, &teams, |team| resource(organization, call, team))
}

/// GET `/Groups/{id}`
pub(in crate::serve) fn get(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let team = find(organization, call.text("id"))?;
    Answer::scim(200, &resource(organization, call, &team))
}

/// POST `/Groups`
pub(in crate::serve) fn create(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let body = object(call.body)?;
    let team = display_name(&body)?;
    if organization.state().teams.contains_key(&team) {
        return Err(Refusal::Exists(format!("there is a group {:?} already", team.as_str())));
    }
    let mut edits = vec![Edit::Change(Change::CreateTeam { team: team.clone() })];
    for user in members(organization, attribute(&body, "members"))? {
        edits.push(Edit::Change(Change::AddTeamMember { team: team.clone(), user }));
    }
    organization.commit(&edits, call.now)?;
    let id = organization.team_id(&team).to_string();
    created(&resource(organization, call, &team), location(call, "Groups", &id))
}

/// PUT `/Groups/{id}`: name and members become what the body says.
pub(in crate::serve) fn replace(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let team = find(organization, call.text("id"))?;
    let body = object(call.body)?;
    let name = display_name(&body)?;
    let wanted = members(organization, attribute(&body, "members"))?;
    update(organization, call, &team, name, &wanted)
}

/// PATCH `/Groups/{id}`: adds, removes and replaces members, and the name.
pub(in crate::serve) fn patch(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let team = find(organization, call.text("id"))?;
    let (mut name, mut wanted) = (team.clone(), seen_members(organization, &team));
    for Step { op, path, only, value } in steps(call.body)? {
        match path.as_str() {
            "displayname" => match (op, value) {
                (Op::Add | Op::Replace, Value::String(text)) => name = team_name(&text)?,
                _ => return Err(invalid_value("displayName is required, and a text")),
            },
            "members" => {
                let named = match &only {
                    Some(id) => BTreeSet::from([member(organization, id)?]),
                    None if value.is_null() => BTreeSet::new(),
                    None => members(organization, Some(&value))?,
                };
                match op {
                    Op::Add => wanted.extend(named),
                    Op::Replace => wanted = named,
                    // Without a value all members go.
                    Op::Remove if only.is_none() && value.is_null() => wanted.clear(),
                    Op::Remove => wanted.retain(|member| !named.contains(member)),
                }
            }
            // Further attributes of RFC 7643 are taken and not kept.
            _ => {}
        }
    }
    update(organization, call, &team, name, &wanted)
}

/// DELETE `/Groups/{id}`
pub(in crate::serve) fn delete(organization: &mut Organization, call: &Call<'_>) -> Result<Answer, Refusal> {
    let team = find(organization, call.text("id"))?;
    organization.commit(&[Edit::Change(Change::DeleteTeam { team })], call.now)?;
    Ok(Answer::nothing())
}

/// Makes the team what it is to be; members whom SCIM does not see stay.
fn update(
    organization: &mut Organization,
    call: &Call<'_>,
    team: &TeamName,
    name: TeamName,
    wanted: &BTreeSet<Email>,
) -> Result<Answer, Refusal> {
    let mut edits = Vec::new();
    let live = seen_members(organization, team);
    for user in wanted.difference(&live).cloned() {
        edits.push(Edit::Change(Change::AddTeamMember { team: team.clone(), user }));
    }
    for user in live.difference(wanted).cloned() {
        edits.push(Edit::Change(Change::RemoveTeamMember { team: team.clone(), user }));
    }
    if name != *team {
        if organization.state().teams.contains_key(&name) {
            return Err(Refusal::Exists(format!("there is a group {:?} already", name.as_str())));
        }
        edits.push(Edit::Change(Change::RenameTeam { from: team.clone(), to: name.clone() }));
    }
    organization.commit(&edits, call.now)?;
    Answer::scim(200, &resource(organization, call, &name))
}

fn display_name(body: &Map<String, Value>) -> Result<TeamName, Refusal> {
    let name = text(body, "displayName")?.ok_or_else(|| invalid_value("displayName is missing"))?;
    team_name(&name)
}

fn team_name(text: &str) -> Result<TeamName, Refusal> {
    TeamName::new(text).ok_or_else(|| invalid_value("displayName is empty"))
}

/// The users whom a list of members names, `[{"value": ID}]`.
fn members(organization: &Organization, list: Option<&Value>) -> Result<BTreeSet<Email>, Refusal> {
    let one;
    let items = match list {
        None => return Ok(BTreeSet::new()),
        Some(Value::Array(items)) => items.as_slice(),
        Some(member @ Value::Object(_)) => {
            one = [member.clone()];
            &one
        }
        Some(_) => return Err(invalid_value("members is no list")),
    };
    let mut members = BTreeSet::new();
    for item in items {
        let id = item.as_object().map(|item| text(item, "value")).transpose()?.flatten();
        let id = id.ok_or_else(|| invalid_value("a member has no value"))?;
        members.insert(member(organization, &id)?);
    }
    Ok(members)
}

/// A user as a member. One who does not exist is wrong in the body; the group itself is there.
fn member(organization: &Organization, id: &str) -> Result<Email, Refusal> {
    find_user(organization, id).map_err(|_| invalid_value(format!("member {id:?} does not exist")))
}
