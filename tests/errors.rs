//! `docs/errors.md` explains every code, and its examples do what it says.

mod language_support;

use std::collections::BTreeMap;

use accessctl::desired::compile;
use accessctl::diagnostic::{Code, Diagnostic, Severity, has_errors};
use accessctl::model::Interner;
use accessctl::{lint, policy};
use jiff::Timestamp;
use language_support::{brief, compile_text};

/// The day for which the examples are judged: 2026-11-16.
const AS_OF: Timestamp = Timestamp::constant(1_794_787_200, 0);

const TEXT: &str = include_str!("../docs/errors.md");

struct Section {
    title: String,
    prose: String,
    /// Language and kind of each example, with its text.
    examples: Vec<(String, String)>,
}

fn sections() -> BTreeMap<String, Section> {
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    let mut current: Option<Section> = None;
    let mut code = String::new();
    let mut example: Option<(String, String)> = None;
    for line in TEXT.lines() {
        if let Some((kind, mut text)) = example.take() {
            if line == "```" {
                current.as_mut().expect("an example has a section").examples.push((kind, text));
            } else {
                text.push_str(line);
                text.push('\n');
                example = Some((kind, text));
            }
        } else if let Some(heading) = line.strip_prefix("## ") {
            if let Some(section) = current.take() {
                assert!(sections.insert(code.clone(), section).is_none(), "{code} has two sections");
            }
            let (number, title) = heading.split_once(": ").expect("a heading is `CODE: title`");
            code = number.to_owned();
            current = Some(Section { title: title.to_owned(), prose: String::new(), examples: Vec::new() });
        } else if let Some(kind) = line.strip_prefix("```") {
            example = Some((kind.to_owned(), String::new()));
        } else if let Some(section) = &mut current {
            section.prose.push_str(line);
        }
    }
    sections.extend(current.map(|section| (code, section)));
    sections
}

#[test]
fn every_code_has_a_section_and_every_section_a_code() {
    let documented: BTreeMap<_, _> = sections().into_iter().map(|(code, section)| (code, section.title)).collect();
    let known: BTreeMap<_, _> =
        Code::ALL.iter().map(|code| (code.as_str().to_owned(), code.title().to_owned())).collect();
    assert_eq!(documented, known);
    assert_eq!(known.len(), Code::ALL.len(), "two codes have one number");
}

#[test]
fn every_section_explains_and_shows_a_wrong_and_a_right_example() {
    for (code, section) in sections() {
        assert!(!section.prose.is_empty(), "{code} is not explained");
        let kinds: Vec<_> = section.examples.iter().map(|(kind, _)| kind.split(' ').nth(1).unwrap_or("")).collect();
        assert_eq!(kinds, ["wrong", "right"], "{code}");
        // Only what a text alone cannot show may go without an example that is run.
        let about_more_than_text =
            ["E00", "E07", "W08"].iter().any(|group| code.starts_with(group)) || code == "E0109" || code == "E0514";
        let is_run = section.examples.iter().all(|(kind, _)| kind.starts_with("yaml "));
        assert!(is_run || about_more_than_text, "{code} has examples that are not run");
    }
}

#[test]
fn wrong_examples_yield_their_code_and_right_ones_nothing() {
    for (code, section) in sections() {
        for (kind, text) in section.examples {
            let (sources, compiled) = compile_text(&text);
            let mut diagnostics = compiled.diagnostics;
            let by_policy = code[1..].starts_with("09");
            if by_policy && !has_errors(&diagnostics) {
                diagnostics.extend(compiled.organizations.iter().flat_map(|one| policy::judge(one, AS_OF).findings));
            }
            if code.starts_with("W10") {
                diagnostics.extend(compiled.organizations.iter().flat_map(|one| lint::remarks(one, AS_OF)));
            }
            let found: Vec<_> = diagnostics.iter().map(|one: &Diagnostic| brief(&sources, one)).collect();
            match kind.as_str() {
                "yaml wrong" => {
                    assert!(found.iter().any(|line| line.starts_with(&code)), "{code} is not in {found:?} of\n{text}");
                    assert!(found.iter().all(|line| line.starts_with(&code)), "more than {code}: {found:?} of\n{text}");
                    assert_eq!(has_errors(&diagnostics), code.starts_with('E'));
                }
                "yaml right" => assert_eq!(found, [""; 0], "{code}:\n{text}"),
                "text wrong" | "text right" => {}
                other => panic!("an example of {code} is `{other}`"),
            }
        }
    }
}

#[test]
fn severity_is_the_first_letter() {
    for code in Code::ALL {
        let expected = if code.as_str().starts_with('W') { Severity::Warning } else { Severity::Error };
        assert_eq!(code.severity(), expected);
    }
}

#[test]
fn nothing_to_read_is_no_organization() {
    let compiled = compile(&accessctl::source::Sources::default(), &mut Interner::default());
    assert!(compiled.organizations.is_empty() && compiled.diagnostics.is_empty());
}
