//! Laws of the other direction: what is written into the YAML makes the live side as agreed, and nothing else is touched.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::desired::{Desired, Observed, compile};
use accessctl::diagnostic::has_errors;
use accessctl::drift::Drift;
use accessctl::export::scalar;
use accessctl::model::{Email, Interner, OrgRole, ProjectId, ProjectRole, State};
use accessctl::planning;
use accessctl::rewrite::{Places, Refusal, Rewriting, rewrite};
use accessctl::source::{SourceFile, Sources};
use proptest::prelude::*;

use crate::world::{AS_OF, state};
use crate::{cases, of_cases};

/// How somebody writes: which of several forms comes next.
struct Hand<'a> {
    forms: &'a [u8],
    next: usize,
    comments: usize,
    newline: &'a str,
    text: String,
}

impl Hand<'_> {
    fn form(&mut self, of: u8) -> u8 {
        self.next += 1;
        self.forms[self.next % self.forms.len()] % of
    }

    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str(self.newline);
    }

    /// A line of text, with a comment above it or behind it now and then.
    fn noted(&mut self, text: &str) {
        let indent = text.len() - text.trim_start().len();
        if self.form(4) == 0 {
            self.comments += 1;
            let comment = format!("{:indent$}# above {}", "", self.comments);
            self.line(&comment);
        }
        let behind = if self.form(5) == 0 { "  # behind" } else { "" };
        self.line(&format!("{text}{behind}"));
    }

    /// A list of `items` under a key.
    fn list(&mut self, key: &str, items: &[String]) {
        match (self.form(3), items) {
            (_, []) => self.noted(&format!("{key}: []")),
            (0, _) => self.noted(&format!("{key}: [{}]", items.join(", "))),
            (1, _) => {
                self.noted(&format!("{key}:"));
                let indent = key.len() - key.trim_start().len() + 2;
                items.iter().for_each(|item| self.noted(&format!("{:indent$}- {item}", "")));
            }
            _ => {
                let indent = key.len() - key.trim_start().len() + 2;
                self.line(&format!("{key}: ["));
                for (number, item) in items.iter().enumerate() {
                    let comma = if number + 1 < items.len() || self.form(2) == 0 { "," } else { "" };
                    self.line(&format!("{:indent$}{item}{comma}  # {item}", ""));
                }
                self.line(&format!("{:1$}]", "", indent - 2));
            }
        }
    }

    /// A mapping of short values under a key.
    fn map(&mut self, key: &str, entries: &[(String, String)]) {
        let indent = key.len() - key.trim_start().len() + 2;
        if entries.is_empty() || self.form(2) == 0 {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{key}: {value}")).collect();
            let text = if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) };
            return self.noted(&format!("{key}: {text}"));
        }
        self.noted(&format!("{key}:"));
        for (name, value) in entries {
            if self.form(3) == 0 {
                self.noted(&format!("{:indent$}{name}: {{ role: {value}, reason: x }}", ""));
            } else {
                self.noted(&format!("{:indent$}{name}: {value}", ""));
            }
        }
    }
}

/// How a project is called; all of them are the group `all`.
fn key(project: ProjectId) -> String {
    format!("p{project}")
}

/// The roles by project, by the group where they are the same everywhere.
fn by_project(hand: &mut Hand<'_>, roles: &BTreeMap<ProjectId, &ProjectRole>, all: usize) -> Vec<(String, String)> {
    let distinct: BTreeSet<&ProjectRole> = roles.values().copied().collect();
    if let (true, 1, Some(role), 0) = (roles.len() == all, distinct.len(), distinct.first(), hand.form(2)) {
        return vec![("\"@all\"".to_owned(), scalar(role.as_str()).into_owned())];
    }
    roles.iter().map(|(project, role)| (key(*project), scalar(role.as_str()).into_owned())).collect()
}

/// `state` as somebody wrote it, in two files.
fn written(state: &State, forms: &[u8]) -> Vec<(String, String)> {
    let newline = if forms[0].is_multiple_of(5) { "\r\n" } else { "\n" };
    let mut hand = Hand { forms, next: 0, comments: 0, newline, text: String::new() };
    hand.noted("version: 1");
    hand.noted("org: { key: acme, id: 77 }");
    hand.noted("users:");
    for (user, found) in &state.users {
        match hand.form(3) {
            0 => hand.noted(&format!("  {user}: {}", found.role)),
            1 => hand.noted(&format!("  {user}: {{ role: {}, name: X }}", found.role)),
            _ => {
                hand.noted(&format!("  \"{user}\":"));
                hand.noted("    name: 'X'");
                hand.noted(&format!("    role: {}", found.role));
            }
        }
    }
    hand.noted("projects:");
    for (project, found) in &state.projects {
        let has = |role: &ProjectRole| matches!(role, ProjectRole::Custom(_));
        let named = found.everyone.iter().any(has)
            || state.grants.iter().any(|((_, on), role)| on == project && has(role))
            || state.teams.values().any(|team| team.roles.get(project).is_some_and(has));
        let mut parts = vec![("id".to_owned(), project.to_string())];
        if named {
            let roles: Vec<_> = found.roles.iter().map(|role| scalar(role).into_owned()).collect();
            parts.push(("roles".to_owned(), format!("[{}]", roles.join(", "))));
        }
        parts.extend(found.everyone.as_ref().map(|role| ("everyone".to_owned(), scalar(role.as_str()).into_owned())));
        match (parts.as_slice(), hand.form(3)) {
            ([(_, id)], 0) => hand.noted(&format!("  {}: {id}", key(*project))),
            (_, 0 | 1) => {
                let parts: Vec<String> = parts.iter().map(|(key, value)| format!("{key}: {value}")).collect();
                hand.noted(&format!("  {}: {{ {} }}", key(*project), parts.join(", ")));
            }
            _ => {
                hand.noted(&format!("  {}:", key(*project)));
                parts.iter().for_each(|(key, value)| hand.noted(&format!("    {key}: {value}")));
            }
        }
    }
    let all: Vec<String> = state.projects.keys().map(|project| key(*project)).collect();
    hand.noted(&format!("project_groups: {{ all: [{}] }}", all.join(", ")));
    let first = std::mem::take(&mut hand.text);
    hand.noted("version: 1");
    hand.noted("org: acme");
    hand.noted(if state.teams.is_empty() { "teams: {}" } else { "teams:" });
    for (name, team) in &state.teams {
        hand.noted(&format!("  {}:", scalar(name)));
        let members: Vec<String> = team.members.iter().map(|user| user.to_string()).collect();
        let members: Vec<String> = match hand.form(2) {
            0 => members,
            _ => members.iter().map(|user| format!("{{ user: {user}, reason: x }}")).collect(),
        };
        hand.list("    members", &members);
        let roles = by_project(&mut hand, &team.roles.iter().map(|(on, role)| (*on, role)).collect(), all.len());
        hand.map("    projects", &roles);
    }
    let mut held: BTreeMap<&Email, BTreeMap<ProjectId, &ProjectRole>> = BTreeMap::new();
    for ((user, project), role) in &state.grants {
        held.entry(user).or_default().insert(*project, role);
    }
    let mut grants = Vec::new();
    for (user, roles) in held {
        for (project, role) in by_project(&mut hand, &roles, all.len()) {
            grants.push((user.to_string(), project, role));
        }
    }
    hand.noted(if grants.is_empty() { "grants: []" } else { "grants:" });
    for (user, project, role) in grants {
        if hand.form(2) == 0 {
            hand.noted(&format!("  - {{ project: {project}, user: {user}, role: {role}, reason: x }}"));
        } else {
            hand.noted(&format!("  - user: {user}"));
            hand.line(&format!("    project: {project}"));
            hand.line(&format!("    role: {role}"));
        }
    }
    if hand.form(3) == 0 {
        hand.text.truncate(hand.text.trim_end().len());
    }
    vec![("a.yaml".to_owned(), first), ("b.yaml".to_owned(), hand.text)]
}

fn sources(files: &BTreeMap<String, String>) -> Sources {
    Sources::new(files.iter().map(|(path, text)| SourceFile::new(path.clone(), text.clone())).collect())
}

fn compiled(sources: &Sources) -> Desired {
    let mut compiled = compile(sources, &mut Interner::default());
    assert!(!has_errors(&compiled.diagnostics), "{:#?}\n{:#?}", compiled.diagnostics, sources.files());
    compiled.organizations.remove(0)
}

fn drift(desired: &Desired, live: &State) -> Drift {
    let planned = planning::drift(desired, live.clone(), "local", AS_OF, None).unwrap();
    Drift::new(desired, planned.plan, false, AS_OF).0
}

/// Writes what `live` has into `files`.
fn offered(files: &BTreeMap<String, String>, live: &State) -> (Drift, Rewriting) {
    let sources = sources(files);
    let drift = drift(&compiled(&sources), live);
    let places = Places { files: files.keys().cloned().collect(), new: None };
    let rewriting = rewrite(&sources, std::slice::from_ref(&drift), &places, &mut Interner::default());
    (drift, rewriting)
}

/// The comments that stand on lines of their own, with up to so many spaces before them.
fn comments(text: &str, most: usize) -> Vec<&str> {
    let found = text.lines().filter(|line| line.len() - line.trim_start().len() <= most);
    found.map(str::trim).filter(|line| line.starts_with("# above")).collect()
}

/// A state in words of the language.
fn known(mut state: State) -> State {
    for user in state.users.values_mut().filter(|user| !user.role.is_known()) {
        user.role = OrgRole::Member;
    }
    state
}

proptest! {
    #![proptest_config(of_cases((cases() / 3).max(1)))]

    #[test]
    fn whatever_is_made_by_hand_can_be_agreed_to(
        agreed in state(),
        live in state(),
        forms in prop::collection::vec(any::<u8>(), 97),
    ) {
        let files: BTreeMap<String, String> = written(&known(agreed), &forms).into_iter().collect();
        let (before, rewriting) = offered(&files, &live);
        let told = |places: &[usize]| places.iter().map(|at| before.differences[*at].observed.clone()).collect();
        let rewritten = &rewriting.rewritten[0];
        let refused: Vec<usize> = rewritten.refused.iter().map(|(at, _)| *at).collect();
        for (at, refusal) in &rewritten.refused {
            prop_assert!(
                matches!(refusal, Refusal::UnknownRole(_)) || is_of_unknown(&before.differences[*at].observed, &live),
                "{refusal:?} of {:?}\n{}\n{}", before.differences[*at].observed, files["a.yaml"], files["b.yaml"]
            );
        }
        let mut after = files.clone();
        after.extend(rewriting.texts.clone());
        let again = drift(&compiled(&sources(&after)), &live);
        let left: BTreeSet<Observed> = told(&refused);
        // Whatever is left to tell was refused.
        for found in &again.differences {
            prop_assert!(left.contains(&found.observed), "{:?} is left\n{}\n{}", found.observed, after["a.yaml"], after["b.yaml"]);
        }
        // Nobody loses a comment, but one inside of something that is gone, nor its place among the others.
        for (path, text) in &files {
            let (old, new) = (comments(text, 99), comments(&after[path], 99));
            prop_assert_eq!(comments(text, 2), comments(&after[path], 2), "{}\n{}", text, after[path]);
            let kept: Vec<&str> = old.into_iter().filter(|comment| new.contains(comment)).collect();
            prop_assert_eq!(kept, new);
            prop_assert_eq!(text.matches('\r').count() > 0, after[path].matches('\r').count() > 0);
            if text.contains('\r') {
                prop_assert_eq!(after[path].matches("\r\n").count(), after[path].matches('\n').count());
            }
        }
        // What is there already is not written again.
        prop_assert_eq!(offered(&after, &live).1.texts, BTreeMap::new());
    }
}

/// Whether it is about somebody whose org role the language has no word for.
fn is_of_unknown(observed: &Observed, live: &State) -> bool {
    let named = observed.user().into_iter().collect::<Vec<_>>();
    let team = observed.team().and_then(|team| live.teams.get(team));
    let mut people = named.into_iter().chain(team.into_iter().flat_map(|team| &team.members));
    people.any(|user| live.users.get(user).is_some_and(|found| !found.role.is_known()))
}
