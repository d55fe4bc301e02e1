//! Forms of requests: paths and bodies with places for values.
//!
//! A body is JSON in which a text such as `"{project}"` stands for a value. A list with one element that has places is
//! written once for each distinct value of the places that stand directly in it, so that
//! `{"projects":[{"id":"{project}","users":[{"email":"{user}"}]}]}` holds many grants on many projects.

use std::fmt::Write as _;

use serde_json::Value;

/// A value of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// The id of the organization, a number.
    Org,
    /// The id of the project, a number.
    Project,
    /// The name of the team.
    Team,
    /// The id of the team, a number.
    TeamId,
    /// The e-mail address of the user.
    User,
    /// The id of a user who has joined, or of the invitation where the request is about one; a number.
    UserId,
    /// The role: an org role, a built-in project role, or the id of a custom one.
    Role,
    /// The name that a team gets.
    Name,
    /// Which resource a page of SCIM begins with, from 1.
    Start,
    /// The id of the user in SCIM, a text.
    ScimUser,
    /// The id of the group in SCIM that the team is, a text.
    ScimGroup,
    /// The path of SCIM that picks the user among the members of a group, such as `members[value eq "11"]`.
    ScimMember,
}

impl Field {
    /// All fields.
    pub const ALL: [Self; 12] = [
        Self::Org,
        Self::Project,
        Self::Team,
        Self::TeamId,
        Self::User,
        Self::UserId,
        Self::Role,
        Self::Name,
        Self::Start,
        Self::ScimUser,
        Self::ScimGroup,
        Self::ScimMember,
    ];

    /// How it is written between braces.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Org => "org",
            Self::Project => "project",
            Self::Team => "team",
            Self::TeamId => "team_id",
            Self::User => "user",
            Self::UserId => "user_id",
            Self::Role => "role",
            Self::Name => "name",
            Self::Start => "start",
            Self::ScimUser => "scim_user",
            Self::ScimGroup => "scim_group",
            Self::ScimMember => "scim_member",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == name)
    }
}

/// The values of one item of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields([Option<Value>; Field::ALL.len()]);

impl Fields {
    /// Sets a value.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<Value>) -> Self {
        self.0[field as usize] = Some(value.into());
        self
    }

    /// What the item is called: the e-mail address of a user, else the name of a team.
    pub fn name(&self) -> Option<&str> {
        self.get(Field::User).or_else(|| self.get(Field::Team))?.as_str()
    }

    /// The value of a field.
    pub fn get(&self, field: Field) -> Option<&Value> {
        self.0[field as usize].as_ref()
    }
}

/// Why a text is no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FormProblem {
    /// A place has a name that no value has.
    #[error("`{{{0}}}` stands for nothing")]
    Unknown(String),
    /// A brace without its partner.
    #[error("`{{` and `}}` come in pairs around the name of a value")]
    Brace,
    /// A path that is not one.
    #[error("a path begins with `/`, names no host, has no `.` or `..` and holds no white space, `;` or escaped slash")]
    Path,
    /// A place that is only a part of a text.
    #[error("a place such as `{{user}}` is a text of its own in a body")]
    Part,
    /// A list with places and more than one element.
    #[error("a list with places has exactly one element, which is repeated")]
    List,
    /// The text is no JSON.
    #[error("the body is not JSON: {0}")]
    Json(String),
    /// The body is JSON and no object.
    #[error("a body is an object")]
    Object,
}

/// The path of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathForm(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Place(Field),
}

impl PathForm {
    /// Reads a path.
    ///
    /// # Errors
    /// A path on another host, or a place that stands for nothing.
    pub fn parse(text: &str) -> Result<Self, FormProblem> {
        let is_local = text.starts_with('/') && !text.starts_with("//");
        // Such a segment would be resolved before the request is sent, and another path than the written one be used.
        let mut segments = text.split('?').next().unwrap_or("").split('/');
        let moves = segments
            .any(|segment| [".", "..", "%2e", "%2e%2e", ".%2e", "%2e."].contains(&&*segment.to_ascii_lowercase()));
        // What stands between and beside slashes is read in more than one way.
        let path = text.split('?').next().unwrap_or("").to_ascii_lowercase();
        let is_ambiguous =
            path.contains(';') || ["%2f", "%5c", "%25", "%00"].iter().any(|escape| path.contains(escape));
        if !is_local
            || moves
            || is_ambiguous
            || text.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '\\' | '#'))
        {
            return Err(FormProblem::Path);
        }
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find(['{', '}']) {
            if rest.as_bytes()[start] == b'}' {
                return Err(FormProblem::Brace);
            }
            let end = start + rest[start..].find('}').ok_or(FormProblem::Brace)?;
            let name = &rest[start + 1..end];
            let field = Field::from_name(name).ok_or_else(|| FormProblem::Unknown(name.to_owned()))?;
            pieces.push(Piece::Text(rest[..start].to_owned()));
            pieces.push(Piece::Place(field));
            rest = &rest[end + 1..];
        }
        pieces.push(Piece::Text(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// A path of the table, which a test reads.
    pub(super) fn known(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self(vec![Piece::Text(text.to_owned())]))
    }

    /// Whether requests of both may go to the same place: slashes at the end, double ones, letter case, escapes and the query
    /// make no difference, and a place may stand for anything.
    pub fn is_same(&self, other: &Self) -> bool {
        let (one, other) = (self.segments(), other.segments());
        let is_place = |segment: &str| segment.contains('{');
        one.len() == other.len()
            && one.iter().zip(&other).all(|(one, other)| one == other || is_place(one) || is_place(other))
    }

    /// What stands between slashes, in a normal form.
    pub(super) fn segments(&self) -> Vec<String> {
        let text = self.to_string();
        let path = text.split('?').next().unwrap_or_default();
        path.split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| unescape(segment).to_ascii_lowercase())
            .collect()
    }

    /// The places in it.
    pub fn fields(&self) -> Vec<Field> {
        let field = |piece: &Piece| if let Piece::Place(field) = piece { Some(*field) } else { None };
        self.0.iter().filter_map(field).collect()
    }

    /// The path with the values of `fields`; `None` where one of them is missing.
    pub fn fill(&self, fields: &Fields) -> Option<String> {
        let mut path = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Place(field) => {
                    let value = fields.get(*field)?;
                    match value.as_str() {
                        Some(text) => escape(&mut path, text),
                        None => write!(path, "{value}").ok()?,
                    }
                }
            }
        }
        Some(path)
    }
}

impl std::fmt::Display for PathForm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|piece| match piece {
            Piece::Text(text) => f.write_str(text),
            Piece::Place(field) => write!(f, "{{{}}}", field.as_str()),
        })
    }
}

/// Writes a text as one segment of a path.
fn escape(path: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            path.push(char::from(byte));
        } else {
            path.push_str(&format!("%{byte:02X}"));
        }
    }
}

/// A segment without its escapes; what is no escape stays.
fn unescape(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.get(..2).filter(|_| *first == b'%').and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The body of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Form(Value);

impl Form {
    /// Reads a body.
    ///
    /// # Errors
    /// What is no JSON object, or has a place that cannot be filled.
    pub fn parse(text: &str) -> Result<Self, FormProblem> {
        let value: Value = serde_json::from_str(text).map_err(|error| FormProblem::Json(error.to_string()))?;
        if !value.is_object() {
            return Err(FormProblem::Object);
        }
        check(&value)?;
        Ok(Self(value))
    }

    /// A body of the table, which a test reads.
    pub(super) fn known(text: &str) -> Self {
        Self::parse(text).unwrap_or(Self(Value::Null))
    }

    /// The places in it.
    pub fn fields(&self) -> Vec<Field> {
        let mut found = Vec::new();
        places(&self.0, true, &mut found);
        found
    }

    /// The places outside every list: the items of one request agree in them.
    pub fn shared_fields(&self) -> Vec<Field> {
        let mut found = Vec::new();
        places(&self.0, false, &mut found);
        found
    }

    /// Whether it has a list that takes one element for each item.
    pub fn takes_many(&self) -> bool {
        self.fields().len() > self.shared_fields().len()
    }

    /// The body for `items`; `None` where a value is missing.
    pub fn fill(&self, items: &[&Fields]) -> Option<Value> {
        fill(&self.0, items)
    }
}

impl std::fmt::Display for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The field for which a text stands as a whole.
fn place(text: &str) -> Result<Option<Field>, FormProblem> {
    match text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        Some(name) if !name.contains(['{', '}']) => {
            Field::from_name(name).map(Some).ok_or_else(|| FormProblem::Unknown(name.to_owned()))
        }
        Some(_) => Err(FormProblem::Part),
        None if Field::ALL.iter().any(|field| text.contains(&format!("{{{}}}", field.as_str()))) => {
            Err(FormProblem::Part)
        }
        None => Ok(None),
    }
}

fn check(value: &Value) -> Result<(), FormProblem> {
    match value {
        Value::String(text) => place(text).map(|_| ()),
        Value::Array(elements) => {
            let mut found = Vec::new();
            elements.iter().for_each(|element| places(element, true, &mut found));
            if !found.is_empty() && elements.len() != 1 {
                return Err(FormProblem::List);
            }
            elements.iter().try_for_each(check)
        }
        Value::Object(entries) => entries.values().try_for_each(check),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

/// Adds the places of `value` to `found`, with those in lists or without.
fn places(value: &Value, in_lists: bool, found: &mut Vec<Field>) {
    match value {
        Value::String(text) => found.extend(place(text).ok().flatten()),
        Value::Array(elements) if in_lists => elements.iter().for_each(|element| places(element, in_lists, found)),
        Value::Object(entries) => entries.values().for_each(|entry| places(entry, in_lists, found)),
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn fill(value: &Value, items: &[&Fields]) -> Option<Value> {
    Some(match value {
        Value::String(text) => match place(text) {
            Ok(Some(field)) => items.first()?.get(field)?.clone(),
            Ok(None) | Err(_) => value.clone(),
        },
        Value::Array(elements) => match elements.as_slice() {
            [element] => {
                let (mut all, mut own) = (Vec::new(), Vec::new());
                places(element, true, &mut all);
                if all.is_empty() {
                    return Some(value.clone());
                }
                places(element, false, &mut own);
                Value::Array(grouped(items, &own).iter().map(|group| fill(element, group)).collect::<Option<_>>()?)
            }
            [] | [_, _, ..] => value.clone(),
        },
        Value::Object(entries) => Value::Object(
            entries.iter().map(|(key, entry)| Some((key.clone(), fill(entry, items)?))).collect::<Option<_>>()?,
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    })
}

/// The items by their values of `fields`, in the order in which these values come first.
pub(super) fn grouped<'f>(items: &[&'f Fields], fields: &[Field]) -> Vec<Vec<&'f Fields>> {
    let mut groups: Vec<Vec<&Fields>> = Vec::new();
    for item in items {
        let same = |group: &&mut Vec<&Fields>| fields.iter().all(|field| group[0].get(*field) == item.get(*field));
        // Items come sorted, so the group is mostly the last one.
        match groups.iter_mut().rev().find(same) {
            Some(group) => group.push(item),
            None => groups.push(vec![item]),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn grant(project: u64, user: &str, role: &str) -> Fields {
        Fields::default().with(Field::Project, project).with(Field::User, user).with(Field::Role, role)
    }

    #[test]
    fn a_list_is_repeated_for_each_distinct_value() {
        let form = r#"{"projects":[{"id":"{project}","users":[{"email":"{user}","role":"{role}"}]}],"fixed":[1,2]}"#;
        let form = Form::parse(form).unwrap();
        let items = [
            grant(901, "a@acme.test", "analyst"),
            grant(902, "a@acme.test", "consumer"),
            grant(901, "b@acme.test", "admin"),
        ];
        let body = form.fill(&items.iter().collect::<Vec<_>>()).unwrap();
        assert_eq!(
            body,
            json!({"projects":[
                {"id":901,"users":[{"email":"a@acme.test","role":"analyst"},{"email":"b@acme.test","role":"admin"}]},
                {"id":902,"users":[{"email":"a@acme.test","role":"consumer"}]}
            ],"fixed":[1,2]})
        );
        assert!(form.takes_many());
        assert_eq!(form.shared_fields(), []);
    }

    #[test]
    fn what_stands_outside_lists_is_shared() {
        let form = Form::parse(r#"{"role":"{role}","users":["{user_id}"]}"#).unwrap();
        assert_eq!((form.shared_fields(), form.takes_many()), (vec![Field::Role], true));
        assert!(!Form::parse(r#"{"name":"{name}"}"#).unwrap().takes_many());
    }

    #[test]
    fn a_missing_value_is_never_left_out_silently() {
        let form = Form::parse(r#"{"userIds":["{user_id}"]}"#).unwrap();
        assert_eq!(form.fill(&[&Fields::default()]), None);
        assert_eq!(PathForm::parse("/teams/{team_id}/").unwrap().fill(&Fields::default()), None);
    }

    #[test]
    fn paths_stay_on_their_host() {
        for bad in [
            "",
            "teams/",
            "//evil.test/",
            "https://evil.test/",
            "/a b",
            "/a\\b",
            "/a#b",
            "/a/../b",
            "/.",
            "/%2E%2e/x?y",
        ] {
            assert_eq!(PathForm::parse(bad), Err(FormProblem::Path), "{bad}");
        }
        assert_eq!(PathForm::parse("/{user"), Err(FormProblem::Brace));
        assert_eq!(PathForm::parse("/user}"), Err(FormProblem::Brace));
        assert_eq!(PathForm::parse("/{boss}/"), Err(FormProblem::Unknown("boss".to_owned())));
        let path = PathForm::parse("/o/{org}/u/{user}/").unwrap();
        let fields = Fields::default().with(Field::Org, 77).with(Field::User, "../a?b@c.test");
        assert_eq!(path.fill(&fields).unwrap(), "/o/77/u/%2E%2E%2Fa%3Fb%40c%2Etest/");
        assert_eq!(path.to_string(), "/o/{org}/u/{user}/");
    }

    #[test]
    fn paths_to_one_place_are_the_same() {
        let same = |one: &str, other: &str| PathForm::parse(one).unwrap().is_same(&PathForm::parse(other).unwrap());
        let path = "/organizations/{org}/delete-users/";
        for other in [
            path,
            "/organizations/77/delete-users",
            "/organizations//{org}/delete-users//?x={user}",
            "/Organizations/{org}/Delete-Users/",
            "/organizations/{org}/delete%2Dusers/",
            "/organizations/{org}/{team}/",
        ] {
            assert!(same(path, other) && same(other, path), "{other}");
        }
        for other in
            ["/organizations/{org}/teams/5/delete-users/", "/organizations/{org}/delete-users-x/", "/%zz%/{org}/%2"]
        {
            assert!(!same(path, other), "{other}");
        }
    }

    #[test]
    fn bodies_that_could_not_be_filled_are_refused() {
        assert!(matches!(Form::parse("{"), Err(FormProblem::Json(_))));
        assert_eq!(Form::parse("[]"), Err(FormProblem::Object));
        assert_eq!(Form::parse(r#"{"a":"{boss}"}"#), Err(FormProblem::Unknown("boss".to_owned())));
        assert_eq!(Form::parse(r#"{"a":"x {user}"}"#), Err(FormProblem::Part));
        assert_eq!(Form::parse(r#"{"a":["{user}",1]}"#), Err(FormProblem::List));
    }
}
