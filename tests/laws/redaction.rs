//! Laws of redaction: nothing that is shown of a plan tells who anybody is.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;

use accessctl::cli::{ExitStatus, Surroundings, run};
use accessctl::desired::{About, Amendment, Bearing, Desired, Note};
use accessctl::export::{Labels, write};
use accessctl::model::{Email, OrgRole, ProjectKey, RoleName, State, TeamName};
use accessctl::plan::{GuardCode, GuardEffect, GuardFinding, Meta, Plan};
use accessctl::planning;
use accessctl::redaction::Pseudonyms;
use accessctl::render::json::{Head, Layout};
use accessctl::render::links::Links;
use accessctl::render::{Options, Setting, WithoutPlan, diff, html, json, markdown, summary, text};
use accessctl::source::{FileId, SourceFile, Sources, Span};
use proptest::prelude::*;

use crate::world::{AS_OF, World, world};
use crate::{cases, of_cases, plan};

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// Addresses with everything that an address can have, and names beside them.
const PEOPLE: [(&str, &str); 6] = [
    ("ana.ruiz@acme.test", "Ana Ruiz"),
    ("o'brien+x@acme.test", "Pat O'Brien"),
    ("{q}/`z`@agency.test", "Q"),
    ("_~!#$%&*=?^|@acme.test", "Zoë Ünal"),
    ("ana@acme.test", "Ana"),
    ("lana@acme.test", "Lana del Rey"),
];

/// `state` with people who have such addresses, and teams that are called after some of them.
fn renamed(state: &State) -> State {
    let known: BTreeMap<&Email, Email> =
        state.users.keys().zip(PEOPLE).map(|(old, (new, _))| (old, Email::new(new).unwrap())).collect();
    let mut renamed = state.clone();
    renamed.users = state.users.iter().map(|(user, found)| (known[user].clone(), found.clone())).collect();
    renamed.grants = state.grants.iter().map(|((user, on), role)| ((known[user].clone(), *on), role.clone())).collect();
    renamed.teams = state
        .teams
        .iter()
        .map(|(name, team)| {
            let mut team = team.clone();
            team.members = team.members.iter().map(|user| known[user].clone()).collect();
            let boss = team.members.first().map_or("nobody".to_owned(), |user| user.to_ascii_uppercase());
            (TeamName::new(&format!("{name} of {boss}")).unwrap(), team)
        })
        .collect();
    renamed
}

/// Everybody of a plan.
fn people(desired: &Desired, plan: &Plan) -> BTreeSet<Email> {
    let declared = desired.users.iter().flatten();
    let earlier = declared.clone().flat_map(|(_, user)| user.previously.keys());
    let live = plan.live.users.keys().chain(plan.target.users.keys());
    declared.map(|(user, _)| user).chain(earlier).chain(live).chain(desired.blocked.keys()).cloned().collect()
}

/// Every form of `plan` that is shown.
fn forms(plan: &Plan, sources: &Sources) -> Vec<(&'static str, String)> {
    let plans = std::slice::from_ref(plan);
    let meta = Meta::default();
    let head = Head { created_at: AS_OF, as_of: AS_OF, meta: &meta };
    let content = json::content(plans, WithoutPlan::default(), sources, head).unwrap();
    let mut forms = Vec::new();
    let mut take = |name, write: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        write(&mut out);
        forms.push((name, String::from_utf8(out).unwrap()));
    };
    for (name, verbose, width) in [("text", false, 60), ("all of the text", true, 200)] {
        let options = Options { width, verbose };
        take(name, &|out| text::write_plans(out, plans, WithoutPlan::default(), sources, options).unwrap());
    }
    take("json", &|out| json::write_plans(out, plans, WithoutPlan::default(), sources, head, Layout::Line).unwrap());
    take("diff", &|out| diff::write_plans(out, plans).unwrap());
    let links = Links::new("https://git.test/x", None).unwrap();
    let setting = Setting { content: &content, as_of: None, links: &links };
    take("markdown", &|out| markdown::write_plans(out, plans, WithoutPlan::default(), sources, setting).unwrap());
    take("html", &|out| html::write_plans(out, plans, WithoutPlan::default(), sources, setting).unwrap());
    take("summary", &|out| out.extend(summary::of_plan(plan, sources).unwrap().bytes()));
    forms
}

/// The address of somebody that stands in `shown`, as it is or as it is written in HTML, in any case.
fn leaked<'p>(people: &'p BTreeSet<Email>, shown: &str) -> Option<&'p Email> {
    let shown = shown.to_lowercase();
    let plain = shown.replace("&#39;", "'").replace("&amp;", "&").replace("\\u{7c}", "|");
    people.iter().find(|user| shown.contains(&***user) || plain.contains(&***user))
}

proptest! {
    #![proptest_config(of_cases(cases() / 10))]

    #[test]
    fn no_form_of_a_plan_tells_who_anybody_is(
        World { live, desired } in world(),
        base in prop::option::of(world()),
        is_blocked: bool,
    ) {
        let mut plan = plan(&desired, &live);
        if let Some(base) = &base {
            let _ = planning::compare(&mut plan, &desired, planning::Base::Was(&base.desired), None);
        }
        let people = people(&desired, &plan);
        let named: Vec<String> = people.iter().map(|user| user.to_ascii_uppercase()).collect();
        let mentioned = format!("ask `{}`, see people/{}.yaml", named.join("` or "), named[0]);
        let effect = if is_blocked { GuardEffect::Block } else { GuardEffect::Hold };
        let finding = GuardFinding::new(GuardCode::Policy, effect, mentioned.clone());
        plan.guards.push(GuardFinding { examples: named.clone(), ..finding });
        for planned in &mut plan.changes {
            planned.note = Some(Arc::new(Note {
                reason: Some(mentioned.clone()),
                ticket: Some(named[0].clone()),
                approved_by: people.iter().cloned().collect(),
                sponsor: people.first().cloned(),
                ..Note::default()
            }));
        }
        if let Some(proposal) = &mut plan.proposal {
            let (before, after) = (Some(named[0].clone()), Some(mentioned.clone()));
            let place = Span { file: FileId(0), start: 0, end: 1 };
            proposal.amendments.push(Amendment { bearing: Bearing::Loosens, key: mentioned.clone(), before, after, about: About::Rule, place });
            proposal.no_base = Some(mentioned.clone());
        }
        let paths = format!("access/{}.yaml", named[0]);
        let sources = Sources::new(vec![SourceFile::new(paths, format!("{mentioned}\n").repeat(2_000))]);
        // All of this tells somebody, so that looking for it is worth something; only a diff may be of nobody.
        for (form, shown) in forms(&plan, &sources) {
            prop_assert!(plan.changes.is_empty() || form == "diff" || leaked(&people, &shown).is_some(), "{form}");
        }
        let pseudonyms = Pseudonyms::new(KEY).unwrap();
        pseudonyms.know(people.iter().map(|user| (user, None)));
        let (changes, totals) = (plan.changes.len(), plan.totals());
        let plan = pseudonyms.plan(plan);
        prop_assert_eq!((plan.changes.len(), plan.totals()), (changes, totals));
        for (form, shown) in forms(&plan, &pseudonyms.sources(&sources)) {
            prop_assert_eq!(leaked(&people, &shown), None, "{} says {}", form, shown);
        }
        // Different people stay different.
        let told: BTreeSet<Email> = people.iter().map(|user| pseudonyms.of(user)).collect();
        prop_assert_eq!(told.len(), people.len());
    }
}

/// How many things of each kind a plan tells apart.
fn things(plan: &Plan) -> Vec<usize> {
    let mut numbers = Vec::new();
    for State { projects, users, teams, grants, .. } in [&plan.live, &plan.target] {
        let names: BTreeSet<&str> = projects.values().map(|project| &*project.name).collect();
        let roles = projects.values().map(|project| project.roles.len());
        numbers.push(teams.values().map(|team| team.members.len() + team.roles.len()).sum());
        numbers.extend([names.len(), users.len(), teams.len(), grants.len()]);
        numbers.extend(roles);
    }
    let keys: BTreeSet<&str> = plan.project_keys.values().map(|key| &**key).collect();
    numbers.extend([keys.len(), plan.changes.len(), plan.team_renames.len(), plan.earlier_addresses.len()]);
    numbers.extend(plan.ranks.values().map(BTreeMap::len));
    numbers
}

proptest! {
    #![proptest_config(of_cases(cases() / 10))]

    #[test]
    fn different_things_stay_different(
        World { live, desired } in world(),
        names in prop::collection::vec((0..PEOPLE.len(), any::<bool>(), any::<bool>()), 4),
    ) {
        let mut plan = plan(&desired, &live);
        let pseudonyms = Pseudonyms::new(KEY).unwrap();
        let people = PEOPLE.map(|(address, name)| (Email::new(address).unwrap(), name));
        pseudonyms.know(people.iter().map(|(address, name)| (address, Some(*name))));
        // Somebody is named in a thing, and another is called as that is shown; or the other way round in the alphabet.
        for (number, (person, is_named, is_long)) in names.into_iter().enumerate() {
            let (address, name) = &people[person];
            let (who, after) = (if is_named { *name } else { address }, if is_long { " team" } else { "" });
            let named = [format!("{who}{after}"), format!("{}{after}", pseudonyms.of(address))];
            let team = live.teams.values().next().cloned().unwrap_or_default();
            for name in &named {
                for state in [&mut plan.live, &mut plan.target] {
                    state.teams.insert(TeamName::new(name).unwrap(), team.clone());
                    for project in state.projects.values_mut() {
                        project.roles.insert(RoleName::new(name).unwrap());
                    }
                }
            }
            let keys = plan.project_keys.values_mut().skip(number);
            keys.zip(&named).for_each(|(key, name)| *key = ProjectKey::new(name).unwrap());
            for state in [&mut plan.live, &mut plan.target] {
                let projects = state.projects.values_mut().skip(number);
                projects.zip(&named).for_each(|(project, name)| project.name.clone_from(name));
            }
        }
        let before = things(&plan);
        let plan = pseudonyms.plan(plan);
        prop_assert_eq!(things(&plan), before, "{:#?}", plan.live);
    }
}

/// What a run says on both streams, in annotations, in its summary and in its metrics.
fn said(folder: &std::path::Path, format: &str, more: &[&str]) -> (ExitStatus, String) {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    let summary = folder.join("summary.md");
    let metrics = folder.join("metrics.txt");
    let [config, summary_file, metrics_file] =
        [&folder.join("people"), &summary, &metrics].map(|path| path.to_str().unwrap().to_owned());
    let typed = ["accessctl", "plan", &config, "--redact", "people", "--format", format, "--annotations", "github"];
    let files = ["--summary", &summary_file, "--metrics", &metrics_file];
    let typed = [&typed[..], &files].concat();
    let status = run(
        typed.iter().chain(more).map(|word| (*word).into()),
        Surroundings {
            stdin: &mut std::io::empty(),
            stdout: &mut stdout,
            stderr: &mut stderr,
            can_ask: false,
            stdout_is_terminal: false,
            width: Some(90),
            stderr_columns: &|| None,
            stdout_styles: true,
            stderr_styles: true,
            clock: &|| AS_OF,
            pause: &|_| Box::pin(std::future::ready(())),
            stop: &accessctl::stop::Stop::new(),
            environment: &|name| (name == "ACCESSCTL_REDACT_KEY").then(|| KEY.to_owned()),
        },
    );
    let said = format!("{}{}", String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    let written = [summary, metrics].map(|path| fs::read_to_string(path).unwrap_or_default());
    (status, said + &written.concat())
}

/// The words of a text in a row, whatever stands between them.
fn words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| format!(" {}", word.to_lowercase())).collect::<String>() + " "
}

proptest! {
    #![proptest_config(of_cases(cases() / 15))]

    #[test]
    fn no_run_tells_who_anybody_is(
        world in world(),
        other in world(),
        format in prop::sample::select(&["text", "json", "markdown", "html", "diff", "sarif"][..]),
        typo in 0..3_usize,
    ) {
        let (wish, live) = (renamed(&world.live), renamed(&other.live));
        let keys = wish.projects.keys().map(|id| (*id, accessctl::model::ProjectKey::new(&format!("p{id}")).unwrap()));
        let (org, keys) = (accessctl::model::OrgKey::new("ana-ruiz").unwrap(), keys.collect());
        let mut yaml = Vec::new();
        write(&wish, Labels { org: &org, projects: &keys }, &mut yaml).unwrap();
        let mut yaml = String::from_utf8(yaml).unwrap();
        for (user, name) in PEOPLE {
            // Names of people, and a role that is none, at the place where the address stands.
            for role in OrgRole::ALL {
                let slip = if typo == 1 { "r" } else { "" };
                for address in [user.to_owned(), format!("\"{user}\"")] {
                    let entry = format!("  {address}: {{ role: {role}{slip}, name: \"{name}\" }}\n");
                    yaml = yaml.replace(&format!("  {address}: {role}\n"), &entry);
                }
            }
        }
        if typo == 2 {
            yaml.push_str("  - { user: nobody.known@acme.test, project: p1, role: analyst }\n");
        }
        let folder = tempfile::tempdir().unwrap();
        // Even the file is called after somebody.
        let path = folder.path().join("people").join("ana@acme.test.yaml");
        fs::create_dir(path.parent().unwrap()).unwrap();
        fs::write(&path, &yaml).unwrap();
        let taken = accessctl::backend::Snapshot {
            taken_at: AS_OF,
            state: live.clone(),
            team_ids: BTreeMap::new(),
            acting: None,
            applied: None,
        };
        let mut bytes = Vec::new();
        accessctl::backend::snapshot::write(&taken, &mut bytes).unwrap();
        let file = folder.path().join("live.json");
        fs::write(&file, bytes).unwrap();
        let people: BTreeSet<Email> = wish.users.keys().chain(live.users.keys()).cloned().collect();
        let (status, said) = said(folder.path(), format, &["--live", file.to_str().unwrap(), "-v"]);
        prop_assert_eq!(leaked(&people, &said), None, "{}", said);
        prop_assert!(!said.contains("nobody.known@"), "{}", said);
        // Who is called so, as the organization is too.
        let words = words(&said);
        for (_, name) in PEOPLE.iter().filter(|(_, name)| name.contains(' ') && yaml.contains(name)) {
            prop_assert!(!words.contains(&self::words(name)), "{}: {}", name, said);
        }
        prop_assert!(status != ExitStatus::Failure, "{}", said);
    }
}
