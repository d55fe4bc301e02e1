//! What SCIM calls people and groups: ids that it gives out in lists of pages (dossier section 5; RFC 7644, 3.4.2).
//!
//! No filter is asked for, since none is documented: all pages are read, and names are compared here, in lower case. A
//! list of which a part is missing, or that changes while it is read, is an error.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::answer::scim_attribute;
use super::problem::Problem;
use super::transport::Transport;
use crate::catalogue::{Field, Fields, Operation};
use crate::model::{Email, TeamName};

/// The most resources of one list.
const MOST: u64 = 1_000_000;

/// What SCIM calls people and groups, as far as it was asked.
#[derive(Debug, Default)]
pub(super) struct Directory {
    users: Option<Names>,
    groups: Option<Names>,
    /// Who was made in this run: lists may show them later.
    made: BTreeMap<Email, String>,
}

/// Ids by name in lower case; `None` for a name that several have.
type Names = BTreeMap<String, Option<String>>;

/// What came of looking for a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Found {
    /// This one has it.
    Id(String),
    /// Nobody has it whom SCIM sees.
    Nobody,
    /// Several have it.
    Several,
}

impl Directory {
    /// The id of a user, read when it is first asked for.
    pub(super) async fn user(&mut self, transport: &Transport<'_>, user: &Email) -> Result<Found, Box<Problem>> {
        if let Some(id) = self.made.get(user) {
            return Ok(Found::Id(id.clone()));
        }
        if self.users.is_none() {
            self.users = Some(list(transport, Operation::ScimListUsers, "userName").await?);
        }
        Ok(found(self.users.as_ref(), user))
    }

    /// The id of the group that a team is, read when it is first asked for.
    pub(super) async fn group(&mut self, transport: &Transport<'_>, team: &TeamName) -> Result<Found, Box<Problem>> {
        if self.groups.is_none() {
            self.groups = Some(list(transport, Operation::ScimListGroups, "displayName").await?);
        }
        Ok(found(self.groups.as_ref(), team))
    }

    /// Takes note of a user who was made.
    pub(super) fn learn_user(&mut self, user: &Email, id: String) {
        self.made.insert(user.clone(), id);
    }

    /// Forgets the groups: teams were made, renamed or deleted in another way.
    pub(super) fn forget_groups(&mut self) {
        self.groups = None;
    }
}

fn found(names: Option<&Names>, name: &str) -> Found {
    match names.and_then(|names| names.get(&lowered(name))) {
        Some(Some(id)) => Found::Id(id.clone()),
        Some(None) => Found::Several,
        None => Found::Nobody,
    }
}

fn lowered(name: &str) -> String {
    name.trim().to_lowercase()
}

/// Reads all pages of a list; resources are called by the attribute `name`.
async fn list(transport: &Transport<'_>, operation: Operation, name: &str) -> Result<Names, Box<Problem>> {
    let (mut names, mut ids) = (Names::new(), BTreeSet::new());
    let mut start: u64 = 1;
    loop {
        let call = transport.call(operation, &[Fields::default().with(Field::Start, start)], None)?;
        let accepted = transport.send(&call).await?;
        let wrong = |place: &str, problem: String| transport.shape_problem(&call, place.to_owned(), problem);
        let page = Page::read(accepted.results.get(), name).map_err(|(place, problem)| wrong(&place, problem))?;
        if page.total > MOST {
            return Err(wrong("`totalResults`", format!("it is more than {MOST}")));
        }
        if page.start.is_some_and(|told| told != start) {
            return Err(wrong("`startIndex`", format!("the page should begin with {start}")));
        }
        let number = u64::try_from(page.rows.len()).unwrap_or(u64::MAX);
        for (id, name) in page.rows {
            if ids.insert(id.clone()) {
                names.entry(lowered(&name)).and_modify(|known| *known = None).or_insert(Some(id));
            }
        }
        start = start.saturating_add(number);
        if start <= page.total && number > 0 {
            continue;
        }
        if u64::try_from(ids.len()).unwrap_or(u64::MAX) != page.total {
            let problem =
                format!("{} were listed of {}: the list changed meanwhile, or ends too early", ids.len(), page.total);
            return Err(wrong("`Resources`", problem));
        }
        return Ok(names);
    }
}

/// One page of a list.
struct Page {
    total: u64,
    /// The number of its first resource, from 1.
    start: Option<u64>,
    /// Ids and names.
    rows: Vec<(String, String)>,
}

impl Page {
    /// Reads a page; else what is wrong with which part.
    fn read(text_of_page: &str, name: &str) -> Result<Self, (String, String)> {
        let page = object(text_of_page)?;
        let number = |key: &str| {
            let found = scim_attribute(&page, key).filter(|value| !value.is_null());
            let wrong = || (format!("`{key}`"), "it should be a whole number".to_owned());
            found.map(|value| value.as_u64().ok_or_else(wrong)).transpose()
        };
        let rows: &[Value] = match scim_attribute(&page, "Resources") {
            Some(Value::Array(rows)) => rows,
            None | Some(Value::Null) => &[],
            Some(_) => return Err(("`Resources`".to_owned(), "it should be a list".to_owned())),
        };
        let read = |(index, row): (usize, &Value)| -> Result<(String, String), (String, String)> {
            let place = || format!("row {} of `Resources`", index + 1);
            let row = row.as_object().ok_or_else(|| (place(), "it should be an object".to_owned()))?;
            let text =
                |key| text(row, key).ok_or_else(|| (place(), format!("`{key}` should be a text that is not empty")));
            Ok((text("id")?, text(name)?))
        };
        Ok(Self {
            total: number("totalResults")?.unwrap_or(0),
            start: number("startIndex")?,
            rows: rows.iter().enumerate().map(read).collect::<Result<_, _>>()?,
        })
    }
}

/// The ids of the members of a group; else what is wrong with which part.
pub(super) fn members(text_of_group: &str) -> Result<BTreeSet<String>, (String, String)> {
    let group = object(text_of_group)?;
    let members: &[Value] = match scim_attribute(&group, "members") {
        Some(Value::Array(members)) => members,
        None | Some(Value::Null) => &[],
        Some(_) => return Err(("`members`".to_owned(), "it should be a list".to_owned())),
    };
    let id = |(index, member): (usize, &Value)| {
        let id = member.as_object().and_then(|member| text(member, "value"));
        id.ok_or_else(|| (format!("row {} of `members`", index + 1), "it should have a text `value`".to_owned()))
    };
    members.iter().enumerate().map(id).collect()
}

/// The id and the `userName` of a user; else what is wrong with which part.
pub(super) fn made_user(text_of_user: &str) -> Result<(String, Option<String>), (String, String)> {
    let user = object(text_of_user)?;
    let id =
        text(&user, "id").ok_or_else(|| ("`id`".to_owned(), "it should be a text that is not empty".to_owned()))?;
    Ok((id, text(&user, "userName")))
}

/// The path that picks a member of a group by its id (RFC 7644, section 3.5.2).
pub(super) fn member_path(id: &str) -> String {
    format!("members[value eq {}]", Value::from(id))
}

fn object(text: &str) -> Result<Map<String, Value>, (String, String)> {
    let wrong = |_| ("the answer".to_owned(), "it should be an object".to_owned());
    serde_json::from_str(text).map_err(wrong)
}

/// An attribute that is a text with something in it.
fn text(object: &Map<String, Value>, key: &str) -> Option<String> {
    let text = scim_attribute(object, key)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_attributes_are_told_apart_by_nothing_but_letters() {
        let page = r#"{"TOTALRESULTS":1,"resources":[{"ID":"a-1","username":"Ann@acme.test","x":{}}]}"#;
        let page = Page::read(page, "userName").unwrap();
        assert_eq!((page.total, page.start), (1, None));
        assert_eq!(page.rows, [("a-1".to_owned(), "Ann@acme.test".to_owned())]);
        assert_eq!(members(r#"{"id":"5","members":[{"value":"a-1"},{"value":"b"}]}"#).unwrap().len(), 2);
        assert!(members(r#"{"id":"5"}"#).unwrap().is_empty());
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_named() {
        let place = |text: &str| Page::read(text, "userName").map(|_| ()).unwrap_err().0;
        assert_eq!(place(r#"{"totalResults":"1"}"#), "`totalResults`");
        assert_eq!(place(r#"{"totalResults":1,"Resources":{}}"#), "`Resources`");
        assert_eq!(place(r#"{"totalResults":1,"Resources":[{"id":11,"userName":"a"}]}"#), "row 1 of `Resources`");
        assert_eq!(place(r#"{"totalResults":1,"Resources":[{"id":"11"}]}"#), "row 1 of `Resources`");
        assert_eq!(members(r#"{"members":[{"id":"5"}]}"#).unwrap_err().0, "row 1 of `members`");
    }

    #[test]
    fn an_id_cannot_leave_the_path_of_a_member() {
        assert_eq!(member_path("11"), r#"members[value eq "11"]"#);
        assert_eq!(member_path(r#"x"] or members[value eq "y"#), r#"members[value eq "x\"] or members[value eq \"y"]"#);
    }
}
