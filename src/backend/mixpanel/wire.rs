//! What the service answers, as far as it is needed.
//!
//! Fields that are not named here are not even parsed: lists of projects carry tokens and secrets (dossier row 4). The
//! names of most fields are proposals (dossier 3.10), so nothing is guessed where one is missing. Ids are JSON numbers
//! below 2^53; an id in another form is an error.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::answer::{shortened, without_place};

/// A numeric id of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Id(pub(super) u64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        impl Visitor<'_> for IdVisitor {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id, which is a whole number from 1 to 9007199254740991")
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Id, E> {
                if (1..1 << 53).contains(&number) {
                    Ok(Id(number))
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
                }
            }
        }
        deserializer.deserialize_u64(IdVisitor)
    }
}

/// The id beside the address of somebody in a list that is about something else. It is compared, and nobody is called by
/// it, so one in another form tells nothing: the fields of these lists are not sure (dossier 3.10).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ToldId(pub(super) Option<Id>);

impl<'de> Deserialize<'de> for ToldId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ToldVisitor;

        impl<'de> Visitor<'de> for ToldVisitor {
            type Value = ToldId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("anything")
            }

            fn visit_u64<E>(self, number: u64) -> Result<ToldId, E> {
                Ok(ToldId((1..1 << 53).contains(&number).then_some(Id(number))))
            }

            fn visit_i64<E>(self, _: i64) -> Result<ToldId, E> {
                Ok(ToldId(None))
            }

            fn visit_f64<E>(self, _: f64) -> Result<ToldId, E> {
                Ok(ToldId(None))
            }

            fn visit_bool<E>(self, _: bool) -> Result<ToldId, E> {
                Ok(ToldId(None))
            }

            fn visit_str<E>(self, _: &str) -> Result<ToldId, E> {
                Ok(ToldId(None))
            }

            fn visit_unit<E>(self) -> Result<ToldId, E> {
                Ok(ToldId(None))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<ToldId, A::Error> {
                while rows.next_element::<IgnoredAny>()?.is_some() {}
                Ok(ToldId(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ToldId, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(ToldId(None))
            }
        }
        deserializer.deserialize_any(ToldVisitor)
    }
}

/// Who the credential is (row 1, example A). Maps are keyed by the id as a text.
#[derive(Debug, Deserialize)]
pub(super) struct Me {
    pub(super) user_email: Option<String>,
    pub(super) user_name: Option<String>,
    #[serde(deserialize_with = "by_id")]
    pub(super) organizations: BTreeMap<Id, MeOrganization>,
    #[serde(default, deserialize_with = "by_id")]
    pub(super) projects: BTreeMap<Id, MeProject>,
}

/// An organization of the credential.
#[derive(Debug, Clone, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct MeOrganization {
    pub(super) id: Option<Id>,
    pub(super) name: Option<String>,
    pub(super) role: Option<String>,
}

/// A project that the credential sees.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct MeProject {
    pub(super) domain: Option<String>,
    pub(super) organization_id: Option<Id>,
}

/// A project of the organization (row 4).
#[derive(Debug, Deserialize)]
pub(super) struct Project {
    pub(super) id: Id,
    pub(super) name: String,
}

/// A user of the organization (row 12; fields proposed).
#[derive(Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: Option<Id>,
    pub(super) email: String,
    pub(super) role: String,
    pub(super) invited: Option<bool>,
}

/// A pending invitation (P2).
#[derive(Debug, Deserialize)]
pub(super) struct Invitation {
    pub(super) id: Option<Id>,
    pub(super) email: String,
    pub(super) role: String,
    #[serde(default)]
    pub(super) projects: Vec<RoleOnProject>,
    #[serde(default)]
    pub(super) teams: Vec<TeamName>,
    pub(super) created: Option<serde_json::Value>,
}

/// A role on a project.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct RoleOnProject {
    pub(super) id: Id,
    pub(super) role: String,
}

/// A team as it is named elsewhere.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct TeamName {
    pub(super) id: Id,
}

/// A team (row 16; members proposed).
#[derive(Debug, Deserialize)]
pub(super) struct Team {
    pub(super) id: Id,
    pub(super) name: String,
    pub(super) projects: Vec<RoleOnProject>,
    pub(super) users: Vec<TeamMember>,
    /// Only their number is of interest, and nobody knows their form for sure.
    pub(super) service_accounts: Option<serde_json::Value>,
}

impl Team {
    /// Whether anybody or anything is in it, or it gives anything.
    pub(super) fn is_in_use(&self) -> bool {
        let accounts = self.service_accounts.as_ref().and_then(serde_json::Value::as_array);
        !self.users.is_empty() || !self.projects.is_empty() || accounts.is_some_and(|accounts| !accounts.is_empty())
    }
}

/// A member of a team.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct TeamMember {
    #[serde(default)]
    pub(super) id: ToldId,
    pub(super) email: String,
    pub(super) invited: Option<bool>,
}

/// A team as a row about the access on a project names it.
#[derive(Debug, Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct NamedTeam<'a> {
    pub(super) id: Id,
    #[serde(borrow)]
    pub(super) name: Option<Lent<'a>>,
}

/// A text that the answer lends where it can.
#[derive(Debug, Deserialize)]
pub(super) struct Lent<'a>(#[serde(borrow)] Cow<'a, str>);

impl Deref for Lent<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Lent<'_> {
    fn into_owned(self) -> Lent<'static> {
        Lent(Cow::Owned(self.0.into_owned()))
    }
}

/// One person and source of access on a project (row 15; fields proposed). There are as many as people have ways to
/// projects, so texts are not copied where they can be lent by the answer.
#[derive(Debug, Deserialize)]
pub(super) struct Granted<'a> {
    #[serde(default)]
    pub(super) id: ToldId,
    #[serde(borrow)]
    pub(super) email: Option<Lent<'a>>,
    #[serde(borrow)]
    pub(super) role: Option<Lent<'a>>,
    #[serde(borrow)]
    pub(super) target_type: Option<Lent<'a>>,
    #[serde(borrow)]
    pub(super) team: Option<NamedTeam<'a>>,
    pub(super) invited: Option<bool>,
    pub(super) access_request: Option<bool>,
}

impl Granted<'_> {
    /// The row without the answer.
    pub(super) fn into_owned(self) -> Granted<'static> {
        let Self { id, email, role, target_type, team, invited, access_request } = self;
        let [email, role, target_type] = [email, role, target_type].map(|text| text.map(Lent::into_owned));
        let team = team.map(|NamedTeam { id, name }| NamedTeam { id, name: name.map(Lent::into_owned) });
        Granted { id, email, role, target_type, team, invited, access_request }
    }
}

/// A custom role of a project (row 28).
#[derive(Debug, Deserialize)]
pub(super) struct CustomRole {
    pub(super) role_id: String,
    pub(super) name: String,
    /// Whether it is one of the built-in roles.
    pub(super) is_default: Option<bool>,
}

/// Reads a map whose keys are ids as texts.
fn by_id<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<BTreeMap<Id, T>, D::Error> {
    let by_text: BTreeMap<String, T> = BTreeMap::deserialize(deserializer)?;
    let id = |(key, value): (String, T)| match key.parse() {
        Ok(number) if (1..1 << 53).contains(&number) => Ok((Id(number), value)),
        Ok(_) | Err(_) => Err(D::Error::custom(format!("the key `{key}` is no id"))),
    };
    by_text.into_iter().map(id).collect()
}

/// Reads one object; else what is wrong with it, and where.
pub(super) fn object<T: DeserializeOwned>(results: &RawValue) -> Result<T, (String, String)> {
    let place = || "`results`".to_owned();
    if !results.get().starts_with('{') {
        return Err((place(), "it should be an object".to_owned()));
    }
    serde_json::from_str(results.get())
        .map_err(|error| (place_of(&error, results.get(), place()), without_place(&error)))
}

/// How many steps into a value are told: a user of a team of a list is three.
const DEEPEST: usize = 4;

/// Where in `text`, which is called `place`, the parser found what is wrong: a type says nothing of the field that has it.
fn place_of(error: &serde_json::Error, text: &str, place: String) -> String {
    let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = before + error.column();
    let (mut text, mut start, mut place) = (text, 0, place);
    for _ in 0..DEEPEST {
        let inner = values_of(text).into_iter().find_map(|(name, value)| {
            let value = value.get();
            // A part of the text lies behind its beginning.
            let start = start + (value.as_ptr() as usize).checked_sub(text.as_ptr() as usize)?;
            (start..=start + value.len()).contains(&at).then_some((name, value, start))
        });
        let Some((name, value, inside)) = inner else { break };
        place = format!("{name} of {place}");
        (text, start) = (value, inside);
    }
    place
}

/// What an object or a list holds, and what it is called there.
fn values_of(text: &str) -> Vec<(String, &RawValue)> {
    if let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(text) {
        return fields.into_iter().map(|(key, value)| (format!("`{}`", shortened(&key)), value)).collect();
    }
    let rows: Vec<&RawValue> = serde_json::from_str(text).unwrap_or_default();
    rows.into_iter().enumerate().map(|(index, value)| (format!("row {}", index + 1), value)).collect()
}

/// The rows of a list, read in one go.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"), transparent)]
pub(super) struct Rows<T>(Vec<Row<T>>);

impl<T> Rows<T> {
    pub(super) fn into_rows(self) -> impl ExactSizeIterator<Item = T> {
        self.0.into_iter().map(|Row(row)| row)
    }
}

/// A row of a list. Only an object is one: serde would take a list of values for a struct as well.
struct Row<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Row<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RowVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for RowVisitor<T> {
            type Value = Row<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Row<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Row)
            }
        }
        deserializer.deserialize_map(RowVisitor(PhantomData))
    }
}

/// Reads a list; else what is wrong with which row.
pub(super) fn rows<'a, T: Deserialize<'a>>(results: &'a RawValue) -> Result<Vec<T>, (String, String)> {
    // Long lists are read in one go. Only where something is wrong is it worth to look for the row.
    if let Ok(rows) = serde_json::from_str::<Rows<T>>(results.get()) {
        return Ok(rows.into_rows().collect());
    }
    let rows: Vec<&RawValue> =
        serde_json::from_str(results.get()).map_err(|_| ("`results`".to_owned(), "it should be a list".to_owned()))?;
    let parsed = rows.iter().enumerate().map(|(index, row)| {
        let place = || format!("row {} of `results`", index + 1);
        if !row.get().starts_with('{') {
            return Err((place(), "it should be an object".to_owned()));
        }
        serde_json::from_str(row.get()).map_err(|error| (place_of(&error, row.get(), place()), without_place(&error)))
    });
    parsed.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::mixpanel::answer::{accept, read_at_once};
    use crate::catalogue::Answer;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn what_is_missing_or_of_another_kind_is_named() {
        let problem = |text: &str| rows::<User>(&raw(text)).unwrap_err();
        let good = r#"{"id":11,"email":"a@acme.test","role":"member","new":{"x":1}}"#;
        assert!(rows::<User>(&raw(&format!("[{good}]"))).is_ok());
        assert_eq!(
            problem(&format!(r#"[{good},{{"id":12,"role":"x"}}]"#)),
            ("row 2 of `results`".to_owned(), "missing field `email`".to_owned())
        );
        for id in ["\"11\"", "0", "-1", "1.5", "9007199254740992", "18446744073709551616"] {
            let (place, text) =
                problem(&good.replace("11", id).replace('{', "[{").replace(":[{", ":{").replace("}}", "}}]"));
            assert_eq!(place, "`id` of row 1 of `results`");
            assert!(text.contains("an id, which is a whole number"), "{id}: {text}");
        }
        assert_eq!(problem("[7]").1, "it should be an object");
        // A list of values would do for a struct otherwise.
        assert_eq!(problem(r#"[[11,"a@acme.test","member",null]]"#).1, "it should be an object");
        assert_eq!(problem("{}").1, "it should be a list");
    }

    /// The rows as they are read in one go, and as they are read after the answer was judged.
    fn both_ways(body: &[u8]) -> (Option<String>, Result<String, String>) {
        let at_once = read_at_once::<Rows<Granted<'_>>>(body, Answer::Results);
        let at_once = at_once.map(|rows| format!("{:?}", rows.into_rows().collect::<Vec<_>>()));
        let judged = match accept(200, body, Answer::Results, 0) {
            Ok(accepted) => match rows::<Granted<'_>>(&accepted.results) {
                Ok(rows) => Ok(format!("{rows:?}")),
                Err((place, problem)) => Err(format!("{place}: {problem}")),
            },
            Err(cause) => Err(cause.to_string()),
        };
        (at_once, judged)
    }

    #[test]
    fn what_is_read_in_one_go_is_what_would_be_judged_a_success() {
        let body = r#" {"x":[{}],"status":"ok","results":[{"email":"a\u0040b.test","role":"admin","new":{"é":[1e3,null]}},
            {"email":"c@b.test","team":{"id":9007199254740991,"name":"T"},"invited":false,"target_type":null}],
            "error":null,"next_cursor":"","pagination":{"next_cursor":null}}"#;
        let (at_once, judged) = both_ways(body.as_bytes());
        assert_eq!(at_once.as_ref(), judged.as_ref().ok());
        assert!(at_once.is_some_and(|rows| rows.contains("a@b.test") && rows.contains("9007199254740991")));
        // Damaged in any place, an answer is never taken for more than it is.
        let mut taken = 0;
        for at in 0..body.len() {
            let cut = body.as_bytes().get(..at).unwrap();
            assert_eq!(both_ways(cut).0, None, "{at}");
            for byte in *b"\"\\{}[]:,0x \xff\x00" {
                let mut damaged = body.as_bytes().to_vec();
                damaged[at] = byte;
                let shown = String::from_utf8_lossy(&damaged).into_owned();
                if let (Some(rows), judged) = both_ways(&damaged) {
                    assert_eq!(Ok(rows), judged, "{shown}");
                    taken += 1;
                }
            }
        }
        assert!(taken > 100, "{taken}");
        for refused in [
            body.replace("\"error\":null", "\"error\":\"no\""),
            body.replace("\"ok\"", "\"\\u006fk\""),
            body.replace("\"next_cursor\":\"\"", "\"next_cursor\":\"more\""),
            body.replace("\"next_cursor\":null", "\"next_cursor\":7"),
            body.replace("9007199254740991", "9007199254740992"),
            body.replace("\"x\":[{}]", "\"status\":\"ok\""),
            r#"["ok",null,[],null,null]"#.to_owned(),
            r#"{"status":"ok","results":[["a@b.test"]]}"#.to_owned(),
            r#"{"status":"ok","results":{"success":false}}"#.to_owned(),
            r#"{"status":"ok"}"#.to_owned(),
        ] {
            let (at_once, judged) = both_ways(refused.as_bytes());
            assert_eq!(at_once, None, "{refused}");
            assert!(judged.is_err(), "{refused}");
        }
    }

    #[test]
    fn maps_are_keyed_by_ids() {
        let me: Me = object(&raw(r#"{"organizations":{"77":{"id":77,"name":"Acme","role":"admin"}}}"#)).unwrap();
        assert_eq!(me.organizations.keys().copied().collect::<Vec<_>>(), [Id(77)]);
        let (_, problem) = object::<Me>(&raw(r#"{"organizations":{"x":{}}}"#)).unwrap_err();
        assert!(problem.contains("`x` is no id"), "{problem}");
        assert_eq!(object::<Me>(&raw("{}")).unwrap_err().1, "missing field `organizations`");
    }
}
