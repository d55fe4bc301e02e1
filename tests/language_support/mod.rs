//! What the tests of the language share.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fmt::Write as _;

use accessctl::desired::{Compiled, Desired, Fact, Note, Window, compile};
use accessctl::diagnostic::{Diagnostic, Place};
use accessctl::model::Interner;
use accessctl::source::{SourceFile, Sources};

/// The files of a text: `# file: NAME` starts the next one; without any it is `a.yaml`.
pub(crate) fn files(text: &str) -> Vec<(String, String)> {
    let mut files: Vec<(String, String)> = Vec::new();
    if !text.starts_with("# file: ") {
        files.push(("a.yaml".to_owned(), String::new()));
    }
    for line in text.split_inclusive('\n') {
        if let Some(name) = line.strip_prefix("# file: ") {
            files.push((name.trim().to_owned(), String::new()));
        } else if let Some((_, file)) = files.last_mut() {
            file.push_str(line);
        }
    }
    files
}

pub(crate) fn sources(text: &str) -> Sources {
    Sources::new(files(text).into_iter().map(|(path, text)| SourceFile::new(path, text)).collect())
}

pub(crate) fn compile_text(text: &str) -> (Sources, Compiled) {
    let sources = sources(text);
    let compiled = compile(&sources, &mut Interner::default());
    (sources, compiled)
}

/// A diagnostic on one line: code, place, the text marked, the other places.
pub(crate) fn brief(sources: &Sources, diagnostic: &Diagnostic) -> String {
    let code = diagnostic.code.as_str();
    let place = |span| {
        let at = sources.position(span);
        let path = if sources.files().len() == 1 { String::new() } else { format!("{}:", at.path) };
        format!("{path}{}:{}", at.line, at.column)
    };
    match &diagnostic.place {
        Place::Text { main, others } => {
            let mut line = format!("{code} {} {}", place(main.span), sources.text(main.span).escape_debug());
            for other in others {
                let _ = write!(line, " <- {}", place(other.span));
            }
            line
        }
        Place::Path(path) => format!("{code} {path}"),
        Place::Organization(org) => format!("{code} {org}"),
    }
}

/// Everything that is said of `text`, on one line each.
pub(crate) fn found(text: &str) -> Vec<String> {
    let (sources, compiled) = compile_text(text);
    compiled.diagnostics.iter().map(|diagnostic| brief(&sources, diagnostic)).collect()
}

/// Checks what is said of `text`.
#[track_caller]
pub(crate) fn check(text: &str, expected: &[&str]) {
    let found = found(text);
    assert_eq!(found, expected, "\n{text}");
}

/// Checks what is said of an organization with this `body`, which starts at line 3; and that the message and helps of
/// the first finding hold `words`; the words at its mark count.
#[track_caller]
pub(crate) fn check_org(body: &str, expected: &[&str], words: &str) {
    let text = format!("version: 1\norg: {{ key: acme, id: 1 }}\n{body}");
    check(&text, expected);
    let (_, compiled) = compile_text(&text);
    if let Some(first) = compiled.diagnostics.first() {
        let label = match &first.place {
            Place::Text { main, .. } => main.text.as_str(),
            Place::Path(_) | Place::Organization(_) => "",
        };
        let said = format!("{} {label} {} {}", first.message, first.helps.join(" "), first.notes.join(" "));
        assert!(said.contains(words), "{said:?} does not hold {words:?}");
    }
}

/// What an organization says, without places.
pub(crate) fn essence(desired: &Desired) -> String {
    let mut text = String::new();
    let Desired {
        key,
        id,
        name,
        place: _,
        timezone,
        domains,
        backend: _,
        manage,
        ignore,
        blocked,
        guards,
        accept,
        policy,
        lint_off,
        projects,
        project_groups,
        users,
        teams,
        grants,
    } = desired;
    let globs = |globs: &[(accessctl::desired::Glob, accessctl::source::Span)]| {
        let mut names: Vec<_> = globs.iter().map(|(glob, _)| glob.as_str().to_owned()).collect();
        names.sort();
        names
    };
    let _ = writeln!(text, "{key} {id} {name:?} {domains:?} {manage:?}");
    let _ = writeln!(text, "{:?} {:?} {:?}", globs(&ignore.users), globs(&ignore.teams), globs(&ignore.projects));
    let blocked: Vec<_> = blocked.iter().map(|(user, found)| (user, fact(found))).collect();
    let _ = writeln!(text, "{:?} {blocked:?}", timezone.iana_name());
    let protected: Vec<_> = guards.protected.keys().collect();
    let waivers: Vec<_> =
        guards.waivers.iter().map(|one| (one.removals, one.invites, one.until.at.to_string(), &one.reason)).collect();
    let _ = writeln!(text, "{} {:?} {}", guards.min_owners, guards.max_removals, guards.max_invites);
    for accessctl::desired::Acceptance { place: _, observed, projects, until, reason, ticket } in accept {
        let _ = writeln!(text, "{observed:?} {projects:?} {} {until} {reason:?} {ticket:?}", until.at);
    }
    let _ = writeln!(text, "{protected:?} {waivers:?}");
    for rule in policy {
        let accessctl::desired::Rule { name, place: _, severity, when, effects, exceptions } = rule;
        let patterns = |people: &accessctl::desired::People| {
            let patterns: Vec<_> = people.patterns.iter().map(|glob| glob.as_str().to_owned()).collect();
            format!("{} {} {:?} {patterns:?}", people.external, people.internal, people.emails)
        };
        let accessctl::desired::When { users, teams, projects, environments, role_at_least, roles, via } = when;
        let users = users.as_ref().map(patterns);
        let _ =
            writeln!(text, "{name} {severity:?} {users:?} {teams:?} {projects:?} {role_at_least:?} {roles:?} {via:?}");
        let _ = writeln!(text, "{environments:?}");
        let _ = writeln!(text, "{effects:?}");
        for exception in exceptions {
            let users = exception.users.as_ref().map(patterns);
            let _ = writeln!(text, "{users:?} {:?} {} {}", exception.projects, exception.until.at, exception.until);
        }
    }
    let groups: Vec<_> = project_groups.iter().map(|(name, group)| (name, &group.projects, group.is_used)).collect();
    let _ = writeln!(text, "{lint_off:?} {groups:?}");
    for (id, project) in projects {
        let roles: Vec<_> = project.roles.iter().map(|(name, like)| (name, fact(like))).collect();
        let everyone = project.everyone.as_ref().map(fact);
        let name = project.name.as_ref().map(fact);
        let _ = writeln!(text, "{id} {} {name:?} {:?} {everyone:?} {roles:?}", project.key, project.environment());
    }
    for (email, user) in users.iter().flatten() {
        let previously: Vec<_> = user.previously.keys().collect();
        let _ = writeln!(text, "{email} {:?} {:?} {previously:?}", fact(&user.role), user.name);
    }
    for (name, team) in teams {
        let members = team.members.as_ref().map(|all| all.iter().map(|(e, f)| (e, fact(f))).collect::<Vec<_>>());
        let roles = team.roles.as_ref().map(|all| all.iter().map(|(p, f)| (p, fact(f))).collect::<Vec<_>>());
        let previously: Vec<_> = team.previously.keys().collect();
        let _ = writeln!(text, "{name} {} {members:?} {roles:?} {previously:?}", team.key);
    }
    for ((email, project), role) in grants {
        let _ = writeln!(text, "{email} {project} {:?}", fact(role));
    }
    text
}

fn fact<T: std::fmt::Debug>(fact: &Fact<T>) -> String {
    let mut text = format!("{:?}", fact.value);
    if let Some(Note { reason, ticket, approved_by, sponsor, window: Window { from, until } }) = fact.note.as_deref() {
        let _ = write!(text, " {reason:?} {ticket:?} {approved_by:?} {sponsor:?}");
        // Without the places of the ends.
        for (word, bound) in [("from", from), ("until", until)] {
            if let Some(bound) = bound {
                let _ = write!(text, " {word} {} {:?}", bound.at, bound.day);
            }
        }
    }
    text
}
