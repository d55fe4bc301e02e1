//! Bodies of requests: JSON with places for values.
//!
//! A text such as `"{project}"` stands for a value. A list with one element that has places is written once for each
//! distinct value of the places that stand directly in it, so that
//! `{"projects":[{"id":"{project}","users":[{"email":"{user}"}]}]}` holds many grants on many projects.
//!
//! Lists side by side would say more than the items do: `{"projects":["{project}"],"users":["{user}"]}` gives all of the
//! projects to all of the users. So a body repeats along one chain of lists, each in the one before, and the items of one
//! request agree in whatever stands in another list.

use serde_json::Value;

use super::form::{Field, Fields, FormProblem};

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

    /// The places outside the chain of lists along which the body repeats: the items of one request agree in them.
    pub fn shared_fields(&self) -> Vec<Field> {
        let mut found = Vec::new();
        places(&self.0, false, &mut found);
        let mut lists = repeated(&self.0);
        while let Some(link) = longest(&lists) {
            for (_, beside) in lists.iter().enumerate().filter(|(at, _)| *at != link) {
                places(beside, true, &mut found);
            }
            lists = repeated(lists[link]);
        }
        found
    }

    /// Whether it has a list that takes one element for each item.
    pub fn takes_many(&self) -> bool {
        !repeated(&self.0).is_empty()
    }

    /// The body for `items`; `None` where a value is missing, or where the items do not agree in what they share: the
    /// body would say something that none of them does.
    pub fn fill(&self, items: &[&Fields]) -> Option<Value> {
        let agree = |field: &Field| items.windows(2).all(|two| two[0].get(*field) == two[1].get(*field));
        if !self.shared_fields().iter().all(agree) {
            return None;
        }
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

/// The elements of the lists with places that stand in `value` beside each other, not those within them.
fn repeated(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(elements) => {
            let has_places = |element: &&Value| {
                let mut found = Vec::new();
                places(element, true, &mut found);
                !found.is_empty()
            };
            elements.iter().filter(has_places).collect()
        }
        Value::Object(entries) => entries.values().flat_map(repeated).collect(),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// Which of some lists, by their elements, a body repeats: the one that says most of an item with the lists in it, of
/// several the first. `None` where there are none.
fn longest(elements: &[&Value]) -> Option<usize> {
    (0..elements.len()).rev().max_by_key(|at| places_along(elements[*at]))
}

/// How many places an element has, with those along the longest chain of lists in it.
fn places_along(element: &Value) -> usize {
    let mut own = Vec::new();
    places(element, false, &mut own);
    own.len() + repeated(element).into_iter().map(places_along).max().unwrap_or(0)
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
fn grouped<'f>(items: &[&'f Fields], fields: &[Field]) -> Vec<Vec<&'f Fields>> {
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

    use super::super::form::PathForm;
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
    fn lists_side_by_side_hold_what_the_items_agree_in() {
        let form = Form::parse(r#"{"users":[{"email":"{user}"}],"projects":["{project}"],"role":"{role}"}"#).unwrap();
        assert_eq!(form.shared_fields(), [Field::Role, Field::User]);
        let [one, other, same] =
            [grant(901, "a@x.io", "admin"), grant(902, "b@x.io", "admin"), grant(902, "a@x.io", "admin")];
        assert_eq!(form.fill(&[&one, &other]), None);
        let body = json!({"users":[{"email":"a@x.io"}],"projects":[901,902],"role":"admin"});
        assert_eq!(form.fill(&[&one, &same]), Some(body));
        // Deeper lists say more, and what stands beside them in the same element counts too.
        let form =
            r#"{"emails":["{user}"],"teams":[{"id":"{team_id}","users":["{user_id}"],"projects":["{project}"]}]}"#;
        let form = Form::parse(form).unwrap();
        assert_eq!(form.shared_fields(), [Field::User, Field::UserId]);
        assert!(form.takes_many());
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
