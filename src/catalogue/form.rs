//! Forms of requests: what can stand in a place, and paths with places for values. Bodies have a module of their own.

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

    pub(super) fn from_name(name: &str) -> Option<Self> {
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

/// The places whose values are numbers, as [`PathForm::segments`] has them.
const NUMBERS: [&str; 5] = ["{org}", "{project}", "{team-id}", "{user-id}", "{start}"];

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

    /// Whether requests of both may go to the same place: slashes at the end, double ones, letter case, escapes, `_` for `-`
    /// and the query make no difference, and a place may stand for anything that its values can be.
    pub fn is_same(&self, other: &Self) -> bool {
        let (one, other) = (self.segments(), other.segments());
        let is_value = |place: &str, segment: &str| {
            let is_number = segment.contains('{') || segment.bytes().all(|byte| byte.is_ascii_digit());
            place.contains('{') && (is_number || !NUMBERS.contains(&place))
        };
        one.len() == other.len()
            && one.iter().zip(&other).all(|(one, other)| one == other || is_value(one, other) || is_value(other, one))
    }

    /// The same where a place stands for itself alone.
    pub fn is_written_as(&self, other: &Self) -> bool {
        self.segments() == other.segments()
    }

    /// What stands between slashes, in a normal form.
    pub(super) fn segments(&self) -> Vec<String> {
        let text = self.to_string();
        let path = text.split('?').next().unwrap_or_default();
        path.split('/').filter(|segment| !segment.is_empty()).map(|segment| Self::plain(&unescape(segment))).collect()
    }

    /// One of the segments in that form.
    pub(super) fn plain(segment: &str) -> String {
        segment.to_ascii_lowercase().replace('_', "-")
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
