//! Rules find exactly what a slow reading of the configuration finds, however it is spread over files.

use std::collections::{BTreeMap, BTreeSet};

use accessctl::desired::compile;
use accessctl::diagnostic::{Diagnostic, Place, has_errors};
use accessctl::model::{
    Email, Interner, OrgId, OrgRole, Organization as ModelOrganization, Project, ProjectId, State, Status, Team,
    TeamName, User,
};
use accessctl::source::{SourceFile, Sources};
use accessctl::{lint, policy};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use proptest::sample::select;

use crate::world::AS_OF;

const USERS: [&str; 5] = ["u0@acme.com", "u1@acme.com", "u2@acme.com", "x0@ext.io", "x1@ext.io"];
/// Earlier addresses of two of them, and somebody who is not declared.
const OTHERS: [&str; 3] = ["o0@acme.com", "y0@ext.io", "ghost@acme.com"];
const PROJECTS: [&str; 3] = ["p0", "p1", "p2"];
const TEAMS: [&str; 2] = ["t0", "t1"];
/// Strongest last. `Like` is like an analyst on every project; nobody says what `Odd` is like.
const ROLES: [&str; 6] = ["consumer", "analyst", "admin", "owner", "Like", "Odd"];

/// What is written about a fact.
#[derive(Debug, Clone, Default)]
struct Note {
    from: Option<Date>,
    until: Option<Date>,
    reason: bool,
    approved_by: BTreeSet<&'static str>,
}

#[derive(Debug, Clone)]
struct Organization {
    /// Whether there may be users who are not declared.
    listed: bool,
    /// Whether the second team leaves its members to the live side.
    unstated: bool,
    users: BTreeMap<&'static str, (&'static str, Note)>,
    blocked: Option<&'static str>,
    everyone: [Option<&'static str>; 3],
    members: BTreeMap<(&'static str, &'static str), Note>,
    roles: BTreeMap<(&'static str, &'static str), (&'static str, Note)>,
    grants: BTreeMap<(&'static str, &'static str), (&'static str, Note)>,
}

#[derive(Debug, Clone)]
struct Rule {
    user: Option<&'static str>,
    place: Option<&'static str>,
    team: Option<&'static str>,
    via: Option<BTreeSet<&'static str>>,
    role: Option<&'static str>,
    role_at_least: Option<&'static str>,
    effect: &'static str,
    warns: bool,
    /// Whose access on which project is excepted until the day.
    exception: Option<(&'static str, Option<&'static str>, Date)>,
}

fn note() -> impl Strategy<Value = Note> {
    let ends =
        prop::option::of(select(vec![date(2026, 8, 1), date(2026, 9, 21), date(2026, 12, 1), date(2027, 12, 1)]));
    let begins = prop::option::weighted(0.3, select(vec![date(2026, 6, 1), date(2026, 11, 1)]));
    let approvers = btree_set(select([&USERS[..], &OTHERS[..]].concat()), 0..3);
    (begins, ends, any::<bool>(), approvers).prop_map(|(from, until, reason, approved_by)| {
        let until = until.filter(|until| from.is_none_or(|from| from <= *until));
        Note { from, until, reason, approved_by }
    })
}

fn organization() -> impl Strategy<Value = Organization> {
    let role = || select(ROLES.to_vec());
    (
        (
            prop::bool::weighted(0.3),
            vec((select(vec!["owner", "admin", "billing_admin", "member", "member"]), note()), USERS.len()),
        ),
        prop::option::weighted(0.2, select(USERS.to_vec())),
        [(); 3].map(|()| prop::option::weighted(0.3, role())),
        btree_map((select(TEAMS.to_vec()), select(USERS.to_vec())), note(), 0..6),
        btree_map((select(TEAMS.to_vec()), select(PROJECTS.to_vec())), (role(), note()), 0..5),
        btree_map((select(USERS.to_vec()), select(PROJECTS.to_vec())), (role(), note()), 0..6),
    )
        .prop_map(|((listed, users), blocked, everyone, members, roles, grants)| Organization {
            listed,
            unstated: false,
            users: USERS.into_iter().zip(users).collect(),
            blocked,
            everyone,
            members,
            roles,
            grants,
        })
}

fn rule() -> impl Strategy<Value = Rule> {
    let effects = vec![
        "deny: true",
        "require: [until, reason]",
        "require: [approved_by]",
        "max_days: 100",
        "max_role: analyst",
        "min_approvers: 2",
    ];
    let exception = (
        select(vec!["x0@ext.io", "external", "\"u?@acme.com\""]),
        prop::option::of(select(PROJECTS.to_vec())),
        select(vec![date(2026, 9, 20), date(2026, 9, 21), date(2027, 1, 1)]),
    );
    (
        prop::option::of(select(vec!["external", "internal", "u0@acme.com", "\"x*@EXT.io\""])),
        prop::option::of(select(vec!["project: p0", "project: \"@g\"", "environment: production", "project: \"3\""])),
        prop::option::weighted(0.2, select(TEAMS.to_vec())),
        prop::option::of(btree_set(select(vec!["org_role", "team", "grant", "everyone"]), 1..4)),
        (prop::option::weighted(0.2, select(ROLES.to_vec())), prop::option::weighted(0.3, select(ROLES[..4].to_vec()))),
        (select(effects), any::<bool>()),
        prop::option::weighted(0.4, exception),
    )
        .prop_map(|(user, place, team, via, (role, role_at_least), (effect, warns), exception)| Rule {
            user,
            place,
            team,
            via,
            role,
            role_at_least,
            effect,
            warns,
            exception,
        })
}

fn noted(note: &Note) -> String {
    let mut text = String::new();
    for (key, day) in [("from", note.from), ("until", note.until)] {
        text.extend(day.map(|day| format!(", {key}: {day}")));
    }
    if note.reason {
        text.push_str(", reason: r");
    }
    if !note.approved_by.is_empty() {
        let approvers: Vec<&str> = note.approved_by.iter().copied().collect();
        text.push_str(&format!(", approved_by: [{}]", approvers.join(", ")));
    }
    text
}

/// The earlier address of a user.
fn earlier(user: &str) -> Option<&'static str> {
    match user {
        "u0@acme.com" => Some(OTHERS[0]),
        "x0@ext.io" => Some(OTHERS[1]),
        _ => None,
    }
}

/// The documents: the definition, then one for each fact, so that they can be spread as one likes.
fn documents(organization: &Organization, rules: &[Rule]) -> Vec<String> {
    let mut rows = Vec::new();
    for (number, rule) in rules.iter().enumerate() {
        let mut when: Vec<String> = Vec::new();
        when.extend(rule.user.map(|user| format!("user: {user}")));
        when.extend(rule.place.map(str::to_owned));
        when.extend(rule.team.map(|team| format!("team: {team}")));
        when.extend(
            rule.via.as_ref().map(|via| format!("via: [{}]", via.iter().copied().collect::<Vec<_>>().join(", "))),
        );
        when.extend(rule.role.map(|role| format!("role: {role}")));
        when.extend(rule.role_at_least.map(|role| format!("role_at_least: {role}")));
        let severity = if rule.warns { ", severity: warning" } else { "" };
        let exception = rule.exception.map(|(user, project, until)| {
            let project = project.map_or(String::new(), |project| format!(", project: {project}"));
            format!(", exceptions: [{{ user: {user}{project}, until: {until}, reason: r }}]")
        });
        let exception = exception.unwrap_or_default();
        rows.push(format!(
            "    - {{ name: r{number}, when: {{ {} }}, {}{severity}{exception} }}\n",
            when.join(", "),
            rule.effect
        ));
    }
    let blocked = organization.blocked.map_or(String::new(), |user| format!("  blocked: [{user}]\n"));
    let policy = if rows.is_empty() { String::new() } else { format!("  policy:\n{}", rows.concat()) };
    let manage = if organization.listed { "  manage: { users: listed }\n" } else { "" };
    let mut all =
        vec![format!("version: 1\norg:\n  key: acme\n  id: 1\n  domains: [acme.com]\n{manage}{blocked}{policy}")];
    let mut add = |text: String| all.push(format!("version: 1\norg: acme\n{text}\n"));
    for (number, project) in PROJECTS.into_iter().enumerate() {
        let environment = if number == 2 { "test" } else { "production" };
        let everyone = organization.everyone[number].map_or(String::new(), |role| format!(", everyone: {role}"));
        let roles = "roles: { Like: { like: analyst }, Odd: {} }";
        add(format!(
            "projects: {{ {project}: {{ id: {}, environment: {environment}, {roles}{everyone} }} }}",
            number + 1
        ));
    }
    add("project_groups: { g: [p1, p2] }".to_owned());
    for (user, (role, note)) in &organization.users {
        let before = earlier(user).map_or(String::new(), |old| format!(", previously: [{old}]"));
        add(format!("users: {{ {user}: {{ role: {role}{before}{} }} }}", noted(note)));
    }
    for team in TEAMS {
        let members = organization.members.iter().filter(|((of, _), _)| *of == team);
        let members: Vec<String> =
            members.map(|((_, user), note)| format!("{{ user: {user}{} }}", noted(note))).collect();
        let roles = organization.roles.iter().filter(|((of, _), _)| *of == team);
        let roles = roles.map(|((_, on), (role, note))| {
            let note = noted(note);
            format!("{on}: {{ role: {role}{note} }}")
        });
        let roles: Vec<String> = roles.collect();
        let is_unstated = organization.unstated && team == TEAMS[1];
        let members = if is_unstated { String::new() } else { format!("members: [{}], ", members.join(", ")) };
        add(format!("teams: {{ {team}: {{ {members}projects: {{ {} }} }} }}", roles.join(", ")));
    }
    for ((user, project), (role, note)) in &organization.grants {
        add(format!("grants: [{{ user: {user}, project: {project}, role: {role}{} }}]", noted(note)));
    }
    all
}

/// What is found of files; `None` where a rule can never apply.
fn found(files: Vec<String>) -> Option<(Vec<Diagnostic>, Vec<Diagnostic>)> {
    let files = files.into_iter().enumerate();
    let sources = Sources::new(files.map(|(number, text)| SourceFile::new(format!("{number}.yaml"), text)).collect());
    let compiled = compile(&sources, &mut Interner::default());
    if has_errors(&compiled.diagnostics) {
        let codes: BTreeSet<&str> = compiled.diagnostics.iter().map(|one| one.code.as_str()).collect();
        assert!(codes.iter().all(|code| matches!(*code, "E0522" | "E0523")), "{:?}", compiled.diagnostics);
        return None;
    }
    let desired = &compiled.organizations[0];
    Some((policy::judge(desired, AS_OF).findings, lint::remarks(desired, AS_OF)))
}

/// What a finding says, without where: words, and how many places it marks.
fn words(findings: &[Diagnostic]) -> Vec<(String, String, usize)> {
    let mut words: Vec<_> = findings
        .iter()
        .map(|one| {
            let places = if let Place::Text { others, .. } = &one.place { others.len() } else { 0 };
            (one.code.as_str().to_owned(), one.message.clone(), places)
        })
        .collect();
    words.sort();
    words
}

/// A finding about one user, project and source: code, rule, user, role, project, source.
type Row = (String, String, String, String, String, String);

/// The rows that findings speak of, read out of their words.
fn rows(findings: &[Diagnostic]) -> BTreeSet<Row> {
    let mut rows = BTreeSet::new();
    let is_about_access = |one: &&Diagnostic| !matches!(one.code.as_str(), "W0908" | "W0909" | "W0910");
    for finding in findings.iter().filter(is_about_access) {
        let code = finding.code.as_str().to_owned();
        let names: Vec<&str> = finding.message.split('`').skip(1).step_by(2).collect();
        let rule = (*names.iter().rev().find(|name| name.starts_with('r') && name.len() == 2).unwrap()).to_owned();
        if code.ends_with("0906") {
            rows.insert((code, rule, String::new(), names[0].to_owned(), names[1].to_owned(), String::new()));
            continue;
        }
        if finding.message.contains(" has the org role ") {
            rows.insert((
                code,
                rule,
                names[0].to_owned(),
                names[1].to_owned(),
                String::new(),
                "the org role".to_owned(),
            ));
            continue;
        }
        let via = ["the team `t0`", "the team `t1`", "a grant", "everybody is"];
        let via = via.into_iter().find(|via| finding.message.contains(via)).unwrap().to_owned();
        let mut users: Vec<&str> = names.iter().copied().filter(|name| USERS.contains(name)).collect();
        if finding.message.contains(", whoever that is,") {
            users.push("");
        }
        let mut role = "";
        for name in names {
            if ROLES.contains(&name) && rows_role(&finding.message, name) {
                role = name;
            }
            if PROJECTS.contains(&name) {
                for user in &users {
                    rows.insert((
                        code.clone(),
                        rule.clone(),
                        (*user).to_owned(),
                        role.to_owned(),
                        name.to_owned(),
                        via.clone(),
                    ));
                }
            }
        }
    }
    rows
}

/// Whether the role is one that somebody has, and not the most that is allowed.
fn rows_role(message: &str, role: &str) -> bool {
    message.contains(&format!("`{role}` on "))
}

fn rank(role: &str) -> Option<usize> {
    match role {
        "Like" => Some(1),
        "Odd" => None,
        _ => ROLES.iter().position(|known| *known == role),
    }
}

/// The same by looking at every rule, user, project and source.
fn naive(organization: &Organization, rules: &[Rule]) -> BTreeSet<Row> {
    let today = TimeZone::UTC.to_datetime(AS_OF).date();
    let mut rows = BTreeSet::new();
    let is_external = |user: &str| user.ends_with("@ext.io");
    let holds =
        |note: &Note| note.from.is_none_or(|from| from <= today) && note.until.is_none_or(|until| today <= until);
    // Whose word counts, by the declared address.
    let counted = |by: &BTreeSet<&'static str>| -> BTreeSet<&'static str> {
        let person =
            |address: &&'static str| USERS.into_iter().find(|user| user == address || earlier(user) == Some(*address));
        let in_force = |user: &&str| organization.blocked != Some(*user) && holds(&organization.users[*user].1);
        by.iter().filter_map(person).filter(in_force).collect()
    };
    for (user, (org_role, entry)) in &organization.users {
        if organization.blocked == Some(user) {
            continue;
        }
        let is_one = |wanted: &str| match wanted {
            "external" => is_external(user),
            "internal" => !is_external(user),
            "\"x*@EXT.io\"" => user.starts_with('x'),
            "\"u?@acme.com\"" => user.starts_with('u'),
            email => email == *user,
        };
        let is_over = entry.until.is_some_and(|until| until < today);
        for (number, rule) in rules.iter().enumerate().filter(|_| *org_role != "member" && !is_over) {
            let asks_by = rule.via.as_ref().is_some_and(|via| via.contains("org_role")) && rule.team.is_none();
            let reach = rank(org_role).filter(|_| *org_role != "billing_admin");
            let asks_of_projects = rule.place.is_some() || rule.role.is_some() || rule.role_at_least.is_some();
            let fits = rule.user.is_none_or(is_one)
                && asks_by
                && (reach.is_some() || !asks_of_projects)
                && rule.role.is_none_or(|role| role == *org_role)
                && rule.role_at_least.is_none_or(|least| reach >= rank(least));
            let excepted = rule.exception.is_some_and(|(who, on, until)| {
                let whole = on.is_none_or(|on| reach.is_some() && on == "p0" && rule.place == Some("project: p0"))
                    || (on == Some("p2") && reach.is_some() && rule.place == Some("project: \"3\""));
                is_one(who) && whole && today <= until
            });
            if !fits || excepted {
                continue;
            }
            let approvers = counted(&entry.approved_by).iter().filter(|by| *by != user).count();
            let broken = match rule.effect {
                "deny: true" => Some("01"),
                "require: [until, reason]" => (entry.until.is_none() || !entry.reason).then_some("02"),
                "require: [approved_by]" => (approvers == 0).then_some("02"),
                "max_days: 100" => is_long(entry.from, entry.until, today).then_some("03"),
                "max_role: analyst" => reach.is_some().then_some("04"),
                _ => (approvers < 2).then_some("05"),
            };
            if let Some(broken) = broken {
                let letter = if rule.warns { 'W' } else { 'E' };
                rows.insert((
                    format!("{letter}09{broken}"),
                    format!("r{number}"),
                    (*user).to_owned(),
                    (*org_role).to_owned(),
                    String::new(),
                    "the org role".to_owned(),
                ));
            }
        }
        for (number, project) in PROJECTS.into_iter().enumerate() {
            // Source, its word in rules, the role, and the notes, the nearest first.
            let mut sources: Vec<(String, &str, &str, Vec<&Note>)> = Vec::new();
            for team in TEAMS {
                if let (Some(member), Some((role, note))) =
                    (organization.members.get(&(team, *user)), organization.roles.get(&(team, project)))
                {
                    sources.push((format!("the team `{team}`"), "team", role, vec![member, note, entry]));
                }
            }
            if let Some((role, note)) = organization.grants.get(&(*user, project)) {
                sources.push(("a grant".to_owned(), "grant", role, vec![note, entry]));
            }
            if let Some(role) = organization.everyone[number] {
                sources.push(("everybody is".to_owned(), "everyone", role, vec![entry]));
            }
            for (number, rule) in rules.iter().enumerate() {
                let on_place = is_there(rule, project);
                let excepted = rule
                    .exception
                    .is_some_and(|(who, on, until)| is_one(who) && on.is_none_or(|on| on == project) && today <= until);
                if !rule.user.is_none_or(is_one) || !on_place || excepted {
                    continue;
                }
                for (source, word, role, notes) in &sources {
                    let until = notes.iter().filter_map(|note| note.until).min();
                    let from = notes.iter().filter_map(|note| note.from).max();
                    let by = match &rule.via {
                        None => *word != "org_role",
                        Some(via) => via.contains(word),
                    };
                    let by_team = rule.team.is_none_or(|team| *source == format!("the team `{team}`"));
                    let is_over = until.is_some_and(|until| until < today);
                    if !by || !by_team || is_over || rule.role.is_some_and(|wanted| wanted != *role) {
                        continue;
                    }
                    let code = |number: &str| format!("{}09{number}", if rule.warns { 'W' } else { 'E' });
                    let mut unranked = || {
                        let row = (
                            code("06"),
                            format!("r{number}"),
                            String::new(),
                            (*role).to_owned(),
                            project.to_owned(),
                            String::new(),
                        );
                        rows.insert(row);
                    };
                    if let Some(least) = rule.role_at_least {
                        match rank(role) {
                            None => {
                                unranked();
                                continue;
                            }
                            Some(held) if held < rank(least).unwrap() => continue,
                            Some(_) => {}
                        }
                    }
                    // The entry, which comes last, was approved for itself.
                    let own = &notes[..notes.len() - 1];
                    let approvers = own.iter().map(|note| &note.approved_by).find(|by| !by.is_empty());
                    let approvers = approvers.map_or(0, |by| counted(by).iter().filter(|by| *by != user).count());
                    let broken = match rule.effect {
                        "deny: true" => Some("01"),
                        "require: [until, reason]" => {
                            let reason = notes.iter().any(|note| note.reason);
                            (until.is_none() || !reason).then_some("02")
                        }
                        "require: [approved_by]" => (approvers == 0).then_some("02"),
                        "max_days: 100" => is_long(from, until, today).then_some("03"),
                        "max_role: analyst" => match rank(role) {
                            None => {
                                unranked();
                                None
                            }
                            Some(held) => (held > 1).then_some("04"),
                        },
                        _ => (approvers < 2).then_some("05"),
                    };
                    if let Some(broken) = broken {
                        let (user, project) = ((*user).to_owned(), project.to_owned());
                        rows.insert((
                            code(broken),
                            format!("r{number}"),
                            user,
                            (*role).to_owned(),
                            project,
                            source.clone(),
                        ));
                    }
                }
            }
        }
    }
    let anybody = organization
        .users
        .iter()
        .any(|(user, (_, entry))| organization.blocked != Some(user) && entry.until.is_none_or(|until| today <= until));
    for (number, rule) in rules.iter().enumerate() {
        for (place, project) in PROJECTS.into_iter().enumerate() {
            let Some(role) = organization.everyone[place] else { continue };
            let by = rule.via.as_ref().is_none_or(|via| via.contains("everyone")) && rule.team.is_none();
            let open =
                if organization.listed { rule.user != Some("u0@acme.com") } else { rule.user.is_none() && !anybody };
            let name = format!("r{number}");
            let told = rows.iter().any(|row| row.1 == name && row.4 == project && row.5 == "everybody is");
            let excepted = rule.exception.is_some_and(|(who, on, until)| {
                rule.user == Some("external")
                    && who == "external"
                    && on.is_none_or(|on| on == project)
                    && today <= until
            });
            if !by
                || !open
                || told
                || excepted
                || !is_there(rule, project)
                || rule.role.is_some_and(|wanted| wanted != role)
            {
                continue;
            }
            let code = |number: &str| format!("{}09{number}", if rule.warns { 'W' } else { 'E' });
            let unranked =
                (code("06"), name.clone(), String::new(), role.to_owned(), project.to_owned(), String::new());
            match (rule.role_at_least.map(rank), rank(role)) {
                (Some(_), None) => {
                    rows.insert(unranked);
                    continue;
                }
                (Some(least), held) if held < least => continue,
                _ => {}
            }
            let broken = match (rule.effect, rank(role)) {
                ("deny: true", _) => "01",
                ("require: [until, reason]" | "require: [approved_by]", _) => "02",
                ("max_days: 100", _) => "03",
                ("max_role: analyst", None) => {
                    rows.insert(unranked);
                    continue;
                }
                ("max_role: analyst", Some(held)) if held <= 1 => continue,
                ("max_role: analyst", Some(_)) => "04",
                _ => "05",
            };
            rows.insert((
                code(broken),
                name,
                String::new(),
                role.to_owned(),
                project.to_owned(),
                "everybody is".to_owned(),
            ));
        }
    }
    rows
}

fn is_there(rule: &Rule, project: &str) -> bool {
    match rule.place {
        None => true,
        Some("project: p0") => project == "p0",
        Some("project: \"@g\"") => project != "p0",
        Some("environment: production") => project != "p2",
        Some(_) => project == "p2",
    }
}

/// Whether something lasts for more than a hundred days.
fn is_long(from: Option<Date>, until: Option<Date>, today: Date) -> bool {
    let days = until.map(|until| match from {
        Some(from) => (until - from).get_days() + 1,
        None => (until - today).get_days(),
    });
    days.is_none_or(|days| days > 100)
}

/// The live side once the configuration is applied, with the members of the team that states none.
fn target(organization: &Organization) -> State {
    let today = TimeZone::UTC.to_datetime(AS_OF).date();
    let mut state = State::empty(ModelOrganization { id: OrgId::new(1).unwrap(), name: "Acme".to_owned() });
    for number in 1..=PROJECTS.len() as u64 {
        let project = Project { name: format!("P{number}"), everyone: None, roles: BTreeSet::new() };
        state.projects.insert(ProjectId::new(number).unwrap(), project);
    }
    let mut members = BTreeSet::new();
    for (user, (role, note)) in &organization.users {
        let begun = note.from.is_none_or(|from| from <= today) && note.until.is_none_or(|until| today <= until);
        if organization.blocked == Some(user) || !begun {
            continue;
        }
        let email = Email::new(user).unwrap();
        if organization.members.contains_key(&(TEAMS[1], *user)) {
            members.insert(email.clone());
        }
        let role = OrgRole::from_name(role).unwrap();
        state.users.insert(email, User { role, status: Status::Active, last_active: None });
    }
    state.teams.insert(TeamName::new(TEAMS[1]).unwrap(), Team { members, roles: BTreeMap::new() });
    state
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn rules_find_what_a_slow_reading_finds(organization in organization(), rules in vec(rule(), 1..4)) {
        let Some((findings, _)) = found(vec![documents(&organization, &rules).join("---\n")]) else { return Ok(()) };
        prop_assert_eq!(rows(&findings), naive(&organization, &rules));
    }

    #[test]
    fn planning_finds_what_members_break_who_are_not_stated(organization in organization(), rules in vec(rule(), 1..4)) {
        let mut organization = Organization { unstated: true, ..organization };
        let documents = documents(&organization, &rules);
        let sources = Sources::new(vec![SourceFile::new("all.yaml", documents.join("---\n"))]);
        let compiled = compile(&sources, &mut Interner::default());
        if has_errors(&compiled.diagnostics) {
            return Ok(());
        }
        let target = target(&organization);
        let found = policy::judge_planned(&compiled.organizations[0], &target, AS_OF).findings;
        // Nothing is written about the members of the live side.
        let live = &target.teams.values().next().unwrap().members;
        organization.members.retain(|(team, user), note| {
            let is_live = *team == TEAMS[1];
            if is_live {
                *note = Note::default();
            }
            !is_live || live.contains(&Email::new(user).unwrap())
        });
        prop_assert_eq!(rows(&found), naive(&organization, &rules));
    }

    #[test]
    fn findings_do_not_depend_on_how_facts_are_spread(
        organization in organization(),
        rules in vec(rule(), 0..3),
        into in vec(0..3usize, 40),
    ) {
        let documents = documents(&organization, &rules);
        let Some((one, remarks)) = found(vec![documents.join("---\n")]) else { return Ok(()) };
        let mut files = vec![String::new(); 3];
        for (document, into) in documents.iter().rev().zip(into) {
            let file = &mut files[into];
            if !file.is_empty() {
                file.push_str("---\n");
            }
            file.push_str(document);
        }
        files.retain(|file| !file.is_empty());
        let (spread, other_remarks) = found(files).unwrap();
        prop_assert_eq!(words(&one), words(&spread));
        prop_assert_eq!(words(&remarks), words(&other_remarks));
    }
}
