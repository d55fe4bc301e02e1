//! Hostile and huge input: an answer in bounded time and memory.

mod language_support;

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use accessctl::desired::compile;
use accessctl::model::{Email, Interner, OrgId, OrgRole, Organization, State, Status, User};
use accessctl::planning;
use accessctl::source::{SourceFile, Sources};
use jiff::Timestamp;
use language_support::{brief, compile_text, found};

const HEAD: &str = "version: 1\norg: { key: acme, id: 1 }\n";

/// The codes and places of the findings, answered within `limit`.
#[track_caller]
fn codes_within(limit: Duration, text: &str) -> Vec<String> {
    let start = Instant::now();
    let found = found(text);
    let taken = start.elapsed();
    assert!(taken < limit, "{taken:?}");
    found.iter().map(|line| line.chars().take(40).collect()).collect()
}

#[test]
fn aliases_cannot_unfold_without_end() {
    let limit = Duration::from_secs(120);
    // Ten to the power of twelve values, under keys that nobody reads.
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..12 {
        let inner = vec![format!("*a{}", level - 1); 10].join(", ");
        let _ = writeln!(bomb, "a{level}: &a{level} [{inner}]");
    }
    let found = codes_within(limit, &bomb);
    assert!(found.iter().all(|line| line.starts_with("E0204") || line.starts_with("E0205")), "{found:?}");

    // More than a million members, where they are read.
    let mut teams = format!("{HEAD}teams:\n  a: {{ members: &m [");
    for member in 0..1_000 {
        let _ = write!(teams, "m{member}@acme.com, ");
    }
    teams.push_str("] }\n");
    for team in 0..1_100 {
        let _ = writeln!(teams, "  t{team}: {{ members: *m }}");
    }
    let found = codes_within(limit, &teams);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("E0109 "), "{found:?}");

    // One long text that each reader would copy.
    let mut texts = format!("{HEAD}teams:\n  a: {{ name: &n \"\\t{}\" }}\n", "x".repeat(1 << 20));
    for team in 0..100 {
        let _ = writeln!(texts, "  t{team}: {{ previously: [*n] }}");
    }
    let found = codes_within(limit, &texts);
    assert!(found.iter().any(|line| line.starts_with("E0109")), "{found:?}");
}

#[test]
fn deep_nesting_is_refused_at_once() {
    let limit = Duration::from_secs(120);
    let flow = format!("{HEAD}teams: {}{}\n", "[".repeat(10_000), "]".repeat(10_000));
    let found = codes_within(limit, &flow);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("E0102 3:"), "{found:?}");

    let mut block = String::from(HEAD);
    for level in 0..1_000 {
        let _ = writeln!(block, "{}a:", " ".repeat(level));
    }
    block.push_str("---\nversion: 1\norg: acmee\n");
    let found = codes_within(limit, &block);
    assert!(found.iter().any(|line| line.starts_with("E0102")), "{found:?}");

    let compact = format!("{HEAD}teams:\n{}a\n", "- ".repeat(10_000));
    let found = codes_within(limit, &compact);
    assert!(found[0].starts_with("E0102 4:"), "{found:?}");
}

#[test]
fn fifty_megabytes_are_read_in_bounded_memory() {
    let mut text = format!("{HEAD}teams:\n  all:\n    members:\n");
    let mut member = 0;
    while text.len() < 50 << 20 {
        let reason = "because of the quarterly review of everything ".repeat(100);
        let _ = writeln!(text, "      - {{ user: m{member}@acme.com, reason: {reason} }}");
        member += 1;
    }
    let sources = Sources::new(vec![SourceFile::new("a.yaml", text)]);
    let compiled = compile(&sources, &mut Interner::default());
    assert_eq!(compiled.diagnostics, []);
    let members = compiled.organizations[0].teams.values().next().and_then(|team| team.members.as_ref());
    assert_eq!(members.map(std::collections::BTreeMap::len), Some(member));
    drop(compiled);

    // All of it wrong.
    let mut text = format!("{HEAD}users:\n");
    while text.len() < 8 << 20 {
        let _ = writeln!(text, "  user{}: nobody", text.len());
    }
    let sources = Sources::new(vec![SourceFile::new("a.yaml", text)]);
    let compiled = compile(&sources, &mut Interner::default());
    assert_eq!(compiled.diagnostics.len(), 1_000);
    assert!(compiled.diagnostics[999].notes[0].starts_with("only the first 1000 problems"));
    assert_eq!(brief(&sources, &compiled.diagnostics[0]), "E0301 4:3 user44");

    if let Ok(status) = std::fs::read_to_string("/proc/self/status") {
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let peak: usize = peak.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(peak < 600 << 10, "{peak} KiB");
    }
}

#[test]
fn near_names_are_not_looked_for_without_end() {
    // One sees two names as near at a cost of the product of their lengths, and strangers write both.
    let name = "a".repeat(200_000);
    let text = format!(
        "{HEAD}users: {{ ana@acme.com: owner }}\nprojects: {{ web: {{ id: 1, roles: [{name}b] }} }}\n\
         grants:\n  - {{ user: ana@acme.com, project: web, role: {name}c }}\n"
    );
    let found = codes_within(Duration::from_secs(120), &text);
    assert!(found.len() == 1 && found[0].starts_with("E0405"), "{found:?}");

    // Nobody is invited here: each member is looked up on the live side.
    let mut text = format!("{HEAD}teams:\n  t:\n    members:\n");
    let organization = Organization { id: OrgId::new(1).unwrap(), name: String::new() };
    let mut live = State::empty(organization);
    for number in 0..20_000 {
        let _ = writeln!(text, "    - user{number:05}@acme.com");
        let user = User { role: OrgRole::Member, status: Status::Active, last_active: None };
        live.users.insert(Email::new(&format!("u{number:05}@acme.com")).unwrap(), user);
    }
    let sources = Sources::new(vec![SourceFile::new("a.yaml", text)]);
    let compiled = compile(&sources, &mut Interner::default());
    let start = Instant::now();
    let refused = planning::plan(&compiled.organizations[0], live, "local", Timestamp::UNIX_EPOCH).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(120), "{:?}", start.elapsed());
    assert_eq!(refused.len(), 20_000);
}

#[test]
fn a_reason_is_held_once_for_all_projects_of_a_group() {
    let text = format!(
        "{HEAD}users: {{ ana@acme.com: owner }}\nprojects: {{ web: 1, ios: 2 }}\nproject_groups: {{ all: [web, ios] }}\n\
         grants: [{{ user: ana@acme.com, project: \"@all\", role: analyst, reason: endless }}]\n"
    );
    let (_, compiled) = compile_text(&text);
    let notes: Vec<_> = compiled.organizations[0].grants.values().map(|fact| fact.note.clone().unwrap()).collect();
    assert_eq!(notes.len(), 2);
    assert!(std::sync::Arc::ptr_eq(&notes[0], &notes[1]));
}
