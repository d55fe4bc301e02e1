//! The JSON Schema: equal to the committed one, and of one mind with the reader.

mod language_support;

use accessctl::spec::schema;
use jsonschema::Validator;
use language_support::{compile_text, files};
use serde_json::Value;

const ERRORS: &str = include_str!("../docs/errors.md");

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).expect("the schema is a schema")
}

/// The documents of a text as an editor sees them.
fn documents(text: &str) -> Vec<Value> {
    let options = serde_yaml::options! { budget: None };
    files(text)
        .iter()
        .flat_map(|(_, text)| {
            serde_yaml::from_multiple_with_options::<Value>(text, options.clone()).expect("an example is YAML")
        })
        .collect()
}

/// The examples of the error documentation of one kind, with their codes.
fn examples(kind: &str) -> Vec<(String, String)> {
    let mut examples = Vec::new();
    let mut code = "";
    let mut rest = ERRORS.lines();
    while let Some(line) = rest.next() {
        if let Some(heading) = line.strip_prefix("## ") {
            code = &heading[..5];
        } else if line == format!("```yaml {kind}") {
            let text: Vec<&str> = rest.by_ref().take_while(|line| *line != "```").collect();
            examples.push((code.to_owned(), text.join("\n") + "\n"));
        }
    }
    examples
}

#[test]
fn the_committed_schema_is_the_one_of_the_types() {
    let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    snapbox::assert_data_eq!(text, snapbox::file!["../schema/accessctl.schema.json"].raw());
}

#[test]
fn right_examples_validate() {
    let validator = validator();
    for (code, text) in examples("right") {
        for document in documents(&text) {
            if document.get("format").is_some() {
                continue;
            }
            let problems: Vec<_> = validator.iter_errors(&document).map(|problem| problem.to_string()).collect();
            assert_eq!(problems, [""; 0], "{code}: {text}");
        }
    }
}

#[test]
fn wrong_shapes_and_values_do_not_validate() {
    let validator = validator();
    let mut tried = 0;
    for (code, text) in examples("wrong") {
        // Whether something exists, or is said twice, is more than a schema can tell. Nor does it know the calendar, or
        // what a request must name.
        let beyond = ["E0306", "E0307", "E0312"].contains(&code.as_str());
        if !["E0202", "E0203", "E0204", "E0205", "E0206"].contains(&code.as_str())
            && (!code.starts_with("E03") || beyond || code == "E0310" || code == "E0311")
        {
            continue;
        }
        tried += 1;
        let fits = documents(&text).iter().all(|document| validator.is_valid(document));
        assert!(!fits, "{code} validates: {text}");
    }
    assert!(tried >= 10, "only {tried} examples were tried");
}

/// Values for one place, and whether they fit: the reader and the schema must agree.
#[test]
fn reader_and_schema_agree() {
    let validator = validator();
    let roles = ["owner", "Owner", "analyst", "no", "1", "~", "[owner]", "{ role: owner }", "{ rol: owner }", "{}"];
    let ids = ["5", "0", "-5", "1.5", "\"5\"", "0x", "~", "true", "{ id: 5 }", "{ id: 5, name: 1.0 }", "{ name: x }"];
    let texts = ["x", "1", "1.0", "no", "true", "~", "[x]", "{}"];
    let lists = [
        "[]",
        "[a@b.io]",
        "[~]",
        "~",
        "a@b.io",
        "{}",
        "[{ user: a@b.io }]",
        "[{ usr: a@b.io }]",
        "[5]",
        "[\"*@b.io\"]",
    ];
    let modes = ["full", "listed", "none", "all", "~", "[full]", "Full"];
    let dates = [
        "2026-12-31",
        "31.12.2026",
        "2026-12-31T10:00:00Z",
        "2026-12-31T10:00:00",
        "2026-12-31T10:00:00+24:00",
        "~",
        "5",
    ];
    let invites = ["0", "5", "-1", "1.5", "\"5\"", "~", "25%"];
    let keys = ["acme", "Acme", "a_b-1", "-a", "5", "~", "[a]"];
    let projects = ["web", "\"3\"", "\"04\"", "6a", "1.2", "-a", "\"@web\""];
    let rules = [
        "{ name: n, deny: true }",
        "{ name: n, when: { user: [external, a@b.io, \"*@b.io\"], via: [team, grant] }, max_days: 3 }",
        "{ name: n, when: { via: post }, deny: true }",
        "{ name: n, require: until, severity: warning }",
        "{ name: n, require: [until, tickets] }",
        "{ name: n, max_role: steward }",
        "{ name: n, min_approvers: 0 }",
        "{ deny: true }",
        "{ name: n, deny: 1 }",
        "{ name: n, deny: true, exceptions: [{ user: a@b.io, until: 2027-01-01, reason: r }] }",
        "{ name: n, deny: true, exceptions: [{ user: a@b.io, until: 2027-01-01 }] }",
    ];
    let off = ["W1001", "W1099", "E0101", "~"];
    let cases: [(&str, &[&str]); 13] = [
        ("version: 1\norg: { key: acme, id: 1, guards: { max_invites: ? } }\n", &invites),
        ("version: 1\norg: { key: acme, id: 1 }\nprojects: { ?: 5 }\n", &projects),
        ("version: 1\norg: { key: acme, id: 1 }\nusers: { a@b.io: ? }\n", &roles),
        ("version: 1\norg: { key: acme, id: 1 }\nprojects: { web: ? }\n", &ids),
        ("version: 1\norg: { key: acme, id: 1 }\nteams: { a: { name: ? } }\n", &texts),
        ("version: 1\norg: { key: acme, id: 1 }\nteams: { a: { members: ? } }\n", &lists),
        ("version: 1\norg: { key: acme, id: 1, manage: { teams: ? } }\n", &modes),
        ("version: 1\norg: { key: acme, id: 1 }\nusers: { a@b.io: { role: owner, until: ? } }\n", &dates),
        ("version: 1\norg: { key: ?, id: 1 }\n", &keys),
        ("version: 1\norg: { key: acme, id: 1, domains: [b.io], policy: [?] }\nusers: { a@b.io: owner }\n", &rules),
        ("version: 1\norg: { key: acme, id: 1, lint: { off: [?] } }\n", &off),
        ("version: ?\norg: { key: acme, id: 1 }\n", &["1", "2", "\"1\"", "~", "1.0", "true"]),
        (
            "version: 1\norg: { key: acme, id: 1, backend: ? }\n",
            &[
                "{ type: local, state: x }",
                "{ type: local }",
                "{ type: mixpanel, region: eu }",
                "{ type: mixpanel, state: x }",
                "{ region: eu }",
                "local",
            ],
        ),
    ];
    for (frame, values) in cases {
        for value in values {
            let text = frame.replace('?', value);
            let (_, compiled) = compile_text(&text);
            let accepted =
                compiled.diagnostics.iter().all(|found| found.code == accessctl::diagnostic::Code::NotInForce);
            let valid = documents(&text).iter().all(|document| validator.is_valid(document));
            // In JSON Schema 1.0 is 1: the one difference.
            assert!(accepted == valid || value == &"1.0", "accepted: {accepted}, valid: {valid}: {text}");
        }
    }
}

#[test]
fn editors_can_complete_roles_and_read_what_keys_mean() {
    let schema = schema();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let role = &schema["$defs"]["UserDetails"]["properties"]["role"];
    assert_eq!(role["enum"], serde_json::json!(["owner", "admin", "billing_admin", "member"]));
    let project_role = &schema["$defs"]["ProjectRole"]["anyOf"][0]["enum"];
    assert_eq!(*project_role, serde_json::json!(["owner", "admin", "analyst", "consumer"]));
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        for (key, property) in definition["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "`{key}` of {name} is not described");
        }
    }
}
