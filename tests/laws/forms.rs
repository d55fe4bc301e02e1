//! Requests say what their changes say and nothing else, whatever form the configuration gives them.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::catalogue::{Field, Fields, Operation};
use accessctl::change::{Change, ChangeKind};
use accessctl::desired::{Backend, Desired, compile};
use accessctl::model::Interner;
use accessctl::plan::PlannedChange;
use accessctl::source::{SourceFile, Sources};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::world::{World, world};
use crate::{cases, plan};

/// A body by numbers that stand for places.
#[derive(Debug, Clone)]
enum Node {
    Place(usize),
    List(Box<Node>),
    Object(Vec<Node>),
}

fn node() -> impl Strategy<Value = Node> {
    (0..8_usize).prop_map(Node::Place).prop_recursive(4, 12, 3, |inner| {
        prop_oneof![
            2 => inner.clone().prop_map(|node| Node::List(Box::new(node))),
            1 => prop::collection::vec(inner, 1..4).prop_map(Node::Object),
        ]
    })
}

impl Node {
    fn json(&self, fields: &[Field]) -> Value {
        match self {
            Self::Place(number) => json!(format!("{{{}}}", fields[number % fields.len()].as_str())),
            Self::List(element) => json!([element.json(fields)]),
            Self::Object(entries) => {
                let entries = entries.iter().enumerate();
                Value::Object(entries.map(|(number, entry)| (format!("k{number}"), entry.json(fields))).collect())
            }
        }
    }
}

/// A form for changes of one kind: which of its places are used, its body, where what is missing in it goes, and
/// whether it has a path of its own.
#[derive(Debug, Clone)]
struct Other {
    picks: Vec<usize>,
    body: Vec<Node>,
    rest: Vec<bool>,
    own_path: bool,
}

fn other() -> impl Strategy<Value = Other> {
    let picks = prop::collection::vec(0..4_usize, 4);
    (picks, prop::collection::vec(node(), 1..4), prop::collection::vec(any::<bool>(), 4), any::<bool>())
        .prop_map(|(picks, body, rest, own_path)| Other { picks, body, rest, own_path })
}

impl Other {
    fn text(&self, operation: Operation) -> String {
        let picked = operation.entry().names.iter().zip(&self.picks).map(|(one_of, pick)| one_of[pick % one_of.len()]);
        let mut fields: Vec<Field> = picked.collect();
        fields.extend(operation.fields().get(self.picks[3]));
        let body = Node::Object(self.body.clone()).json(&fields);
        let missing = fields.iter().filter(|field| !body.to_string().contains(&format!("{{{}}}", field.as_str())));
        let rest: Map<String, Value> = missing
            .zip(&self.rest)
            .map(|(field, in_list)| {
                let place = format!("{{{}}}", field.as_str());
                (field.as_str().to_owned(), if *in_list { json!([place]) } else { json!(place) })
            })
            .collect();
        let body = json!({ "body": body, "rest": rest });
        let path = if self.own_path { format!("path: '/own/{}/', ", operation.entry().name) } else { String::new() };
        format!("{}: {{ {path}body: '{body}' }}", operation.entry().name)
    }
}

/// The backend with these forms, where the configuration may say so.
fn backend(others: &BTreeMap<Operation, Other>) -> Option<Backend> {
    let forms: Vec<String> = others.iter().map(|(operation, other)| other.text(*operation)).collect();
    let text = format!(
        "version: 1\norg:\n  key: acme\n  id: 77\n  backend:\n    type: mixpanel\n    region: eu\n    unverified: all\n    \
         catalogue: {{ {} }}\n",
        forms.join(", ")
    );
    let sources = Sources::new(vec![SourceFile::new("access.yaml", text)]);
    let compiled = compile(&sources, &mut Interner::default());
    compiled.organizations.into_iter().next().filter(|_| compiled.diagnostics.is_empty())?.backend
}

/// What the service is told of a change.
fn fields(change: &Change) -> Fields {
    let number = |text: &str| text.bytes().fold(7_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
    let mut fields = Fields::default().with(Field::Org, 77);
    if let Some(user) = change.user() {
        fields = fields.with(Field::User, user.as_str()).with(Field::UserId, number(user));
    }
    let team = if let Change::RenameTeam { from, .. } = change { Some(from) } else { change.team() };
    if let Some(team) = team {
        fields = fields.with(Field::Team, team.as_str()).with(Field::TeamId, number(team));
    }
    if let Some(project) = change.project() {
        fields = fields.with(Field::Project, project.get());
    }
    if let Change::RenameTeam { to, .. } = change {
        fields.with(Field::Name, to.as_str())
    } else if let Some(role) = change.to_text().or_else(|| change.from_text()) {
        // A custom role has another id on each project.
        let id = change.project().filter(|_| role == "Steward").map_or(String::new(), |project| project.to_string());
        fields.with(Field::Role, format!("{role}{id}"))
    } else {
        fields
    }
}

/// What something says of places.
type Said = BTreeMap<Field, String>;

/// Everything that `value`, filled in after `form`, says: of lists side by side each element together with each other.
fn said(form: &Value, value: &Value) -> Vec<Said> {
    match (form, value) {
        (Value::String(place), value) => {
            let field = Field::ALL.into_iter().find(|field| format!("{{{}}}", field.as_str()) == *place);
            vec![field.map(|field| (field, value.to_string())).into_iter().collect()]
        }
        (Value::Array(forms), Value::Array(values)) => values.iter().flat_map(|value| said(&forms[0], value)).collect(),
        (Value::Object(forms), Value::Object(values)) => forms.iter().fold(vec![Said::new()], |all, (key, form)| {
            let more = said(form, &values[key]);
            all.iter().flat_map(|one| more.iter().map(|other| together(one, other))).collect()
        }),
        (form, value) => panic!("{form} is filled in as {value}"),
    }
}

fn together(one: &Said, other: &Said) -> Said {
    let mut all = one.clone();
    for (field, value) in other {
        let known = all.insert(*field, value.clone());
        assert!(known.is_none_or(|known| known == *value), "two values of {field:?}: {one:?} and {other:?}");
    }
    all
}

proptest! {
    #![proptest_config(crate::of_cases(cases()))]

    #[test]
    fn a_request_says_what_its_changes_say(
        world in world(),
        others in prop::collection::btree_map((0..ChangeKind::ALL.len()).prop_map(|kind| Operation::of(ChangeKind::ALL[kind])), other(), 0..10),
    ) {
        let World { desired, live } = world;
        let backend = backend(&others);
        prop_assert!(backend.is_some(), "{others:?}");
        let Some(Backend::Mixpanel(mixpanel)) = &backend else { return Ok(()) };
        let catalogue = mixpanel.catalogue.clone();
        let plan = plan(&Desired { backend, ..desired }, &live);
        let waves = plan.waves();
        for batch in waves.iter().flatten() {
            let operation = Operation::of(batch[0].change.kind());
            let items: Vec<Fields> = batch.iter().map(|planned: &&PlannedChange| fields(&planned.change)).collect();
            let path = catalogue.path(operation);
            let paths: BTreeSet<Option<String>> = items.iter().map(|item| path.fill(item)).collect();
            prop_assert_eq!(paths.len(), 1, "{:?}", batch);
            let Some(form) = catalogue.body(operation) else { continue };
            let filled = form.fill(&items.iter().collect::<Vec<_>>());
            prop_assert!(filled.is_some(), "{form} has no place for {batch:?}");
            let asked = items.iter().map(|item| {
                form.fields().into_iter().filter_map(|field| Some((field, item.get(field)?.to_string()))).collect()
            });
            let form: Value = serde_json::from_str(&form.to_string()).unwrap();
            let told: BTreeSet<Said> = said_but_fixed(&form, &filled.unwrap());
            prop_assert_eq!(told, asked.collect::<BTreeSet<Said>>(), "{} for {:#?}", form, batch);
        }
    }
}

/// As [`said`], of a body in which some parts have no places.
fn said_but_fixed(form: &Value, value: &Value) -> BTreeSet<Said> {
    fn places(form: &Value) -> Option<Value> {
        match form {
            Value::String(text) => text.starts_with('{').then(|| form.clone()),
            Value::Array(elements) => elements.first().and_then(places).map(|element| json!([element])),
            Value::Object(entries) => {
                let found: Map<String, Value> =
                    entries.iter().filter_map(|(key, entry)| Some((key.clone(), places(entry)?))).collect();
                (!found.is_empty()).then_some(Value::Object(found))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }
    said(&places(form).unwrap(), value).into_iter().collect()
}
