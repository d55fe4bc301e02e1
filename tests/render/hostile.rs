//! Whatever names strangers choose, no output acts on the terminal that shows it.

use std::collections::BTreeMap;

use accessctl::apply::Outcome;
use accessctl::change::Change;
use accessctl::desired::{Bound, Entry, Expiring, ExpiringState, Note, Override};
use accessctl::diagnostic::{Code, Diagnostic};
use accessctl::model::{OrgRole, Organization, ProjectKey, ProjectRole, RoleName, TeamName};
use accessctl::plan::{GuardEffect, KeptWhat, KeptWhy, Why};
use accessctl::render::annotations::Annotations;
use accessctl::render::checkout::Checkout;
use accessctl::render::sarif::About;
use accessctl::render::{Options, code_quality, diagnostics, report, sarif, visible};
use accessctl::source::{FileId, SourceFile, Sources, Span};
use proptest::prelude::{Strategy, prop, prop_assert, prop_assert_eq, proptest};

use crate::world::{World, email, moment, project};
use crate::{diff, json, styled_text};

/// Characters that have done harm somewhere, among ordinary ones.
pub(crate) fn name() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(
        "\u{0}\u{7}\u{8}\t\n\r\u{1b}\u{7f}\u{85}\u{9b}\u{ad}\u{61c}\u{200b}\u{200e}\u{202e}\u{2028}\u{2066}\u{2069}\u{feff}\u{e000}\u{f8ff}\u{e0041}\"\\'`,:#{}[]&*!|>%@- 東é"
            .chars()
            .collect::<Vec<char>>(),
    );
    let any = proptest::prelude::any::<char>();
    let plain = prop::sample::select("abcXYZ019 ".chars().collect::<Vec<char>>());
    let character = proptest::prop_oneof![nasty, any, plain];
    prop::collection::vec(character, 1..24)
        .prop_map(|characters| characters.into_iter().collect::<String>())
        .prop_filter("a name is not blank", |name| !name.trim().is_empty())
}

/// A plan in which every place where a name can stand is taken by one of `names`.
pub(crate) fn world(names: &[String; 6]) -> World {
    let [org, first, second, third, key, words] = names;
    let user = email("bo@acme.com");
    let (old, new) = (TeamName::new(first).unwrap(), TeamName::new(&format!("{second}2")).unwrap());
    let custom = RoleName::new(&format!("{third}3")).unwrap();
    let role = ProjectRole::Custom(custom.clone());
    let mut world = World::new(org, org).project(1, Some(key), None).project(2, None, None);
    world.plan.live.organization = Organization { name: org.clone(), ..world.plan.live.organization };
    for project in world.plan.live.projects.values_mut() {
        project.roles.insert(custom.clone());
        project.name.clone_from(third);
    }
    let note = Note { reason: Some(words.clone()), ticket: Some(key.clone()), ..Note::default() };
    let set = |from: Option<ProjectRole>, to| Change::SetGrant { user: user.clone(), project: project(2), from, to };
    let (place, entry) = (Span { file: FileId(0), start: 0, end: 1 }, Entry::Member(new.clone(), user.clone()));
    world.plan.expiring.push(Expiring {
        state: ExpiringState::EndsSoon,
        entry: Entry::TeamRole(new.clone(), vec![ProjectKey::new(key).unwrap()], role.clone()),
        until: Bound { at: moment(), day: None, place },
        place,
        note: Some(std::sync::Arc::new(note.clone())),
    });
    world.plan.overrides.push(Override { user: user.clone(), blocked: place, entry, place });
    world
        .user("ana@acme.com", OrgRole::Owner)
        .user("bo@acme.com", OrgRole::Member)
        .team(first, &["bo@acme.com"], &[(1, "analyst")])
        .live()
        .changed(Change::RenameTeam { from: old, to: new.clone() }, Some(1), Why::Renamed, false, None)
        .change(Change::SetTeamRole { team: new.clone(), project: project(2), from: None, to: role.clone() }, Some(2))
        .changed(set(None, role.clone()), Some(3), Why::Declared, true, Some(std::sync::Arc::new(note)))
        .change(set(Some(role.clone()), ProjectRole::from_name("admin").unwrap()), Some(4))
        .kept(KeptWhy::Ignored(words.clone()), KeptWhat::Team(new))
        .kept(KeptWhy::UndeclaredProject, KeptWhat::Everyone(project(2), role))
        .guard(GuardEffect::Block, words)
}

/// Whether a text can be shown anywhere as it is, once the program's own styles are taken out: those and nothing else.
fn is_inert(text: &str) -> bool {
    let mut plain = String::new();
    for (index, part) in text.split("\u{1b}[").enumerate() {
        let style = part.split_once('m').filter(|(style, _)| style.chars().all(|c| c.is_ascii_digit() || c == ';'));
        plain.push_str(match (index, style) {
            (0, _) => part,
            (_, Some((_, rest))) => rest,
            (_, None) => return false,
        });
    }
    plain.split('\n').all(|line| {
        // No line is a command for whoever runs the job. A colon that stands elsewhere is one of ours.
        let is_command = line.trim_start().starts_with("::") || line.contains("##[") || line.contains("##vso[");
        let others = line.replace([':', '#'], "x");
        !is_command && visible(&others) == others
    })
}

proptest! {
    #[test]
    fn no_name_acts(names in prop::array::uniform6(name()), width in 40usize..220, verbose in proptest::bool::ANY) {
        let plan = world(&names).plan;
        let plans = [plan];
        let shown = styled_text(&plans, width, verbose);
        prop_assert!(is_inert(&shown), "{:?}", shown);
        prop_assert!(is_inert(&diff(&plans)));
        let document = json(&plans);
        prop_assert!(is_inert(&document));
        let value: serde_json::Value = serde_json::from_str(&document).unwrap();
        prop_assert_eq!(value["orgs"][0]["changes"][2]["reason"].as_str(), Some(names[5].as_str()));
        let mut told = Vec::new();
        let failed = Outcome::Failed(vec![names[0].clone(), names[5].clone()]);
        for planned in &plans[0].changes {
            report::write_outcome(&mut told, &plans[0], planned, &failed, Options { width, verbose }).unwrap();
        }
        prop_assert!(is_inert(&String::from_utf8(told).unwrap()));
    }

    #[test]
    fn no_finding_acts(names in prop::array::uniform4(name()), at in 0usize..40, long in 0usize..12) {
        let [path, source, message, label] = names;
        let source = format!("{}{source}\nx", "a".repeat(long));
        let sources = Sources::new(vec![SourceFile::new(path, source.clone())]);
        let starts: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
        let start = starts[at % starts.len()];
        let end = starts.iter().copied().find(|next| *next > start).unwrap_or(source.len());
        let span = Span { file: FileId(0), start: start as u32, end: end as u32 };
        let found = [
            Diagnostic::at(Code::LiveUserMissing, span, &*message, &*label).note(&*message).help(&*label),
            Diagnostic::of_path(Code::LiveUserMissing, &*label, &*message),
            Diagnostic::of_organization(Code::ProjectNameDiffers, &*label, &*message),
        ];
        let mut out = Vec::new();
        diagnostics::write_findings(&mut out, &found, &sources, Options::default()).unwrap();
        let shown = String::from_utf8(out).unwrap();
        prop_assert!(is_inert(&shown), "{:?}", shown);
        let mut out = Vec::new();
        accessctl::render::findings::write_findings(&mut out, &found, &sources).unwrap();
        prop_assert!(is_inert(&String::from_utf8(out).unwrap()));
        let checkout = Checkout { root: "/r".into(), working: "/r".into() };
        let about = About { sources: &sources, checkout: &checkout, definitions: &BTreeMap::new() };
        for write in [sarif::write_findings, code_quality::write_findings] {
            let mut out = Vec::new();
            write(&mut out, &found, about).unwrap();
            prop_assert!(is_inert(&String::from_utf8(out).unwrap()));
        }
        let mut annotations = Annotations::new(checkout);
        annotations.add_findings(&found, &sources);
        let mut out = Vec::new();
        annotations.write(&mut out).unwrap();
        let lines = String::from_utf8(out).unwrap();
        prop_assert_eq!(lines.lines().count(), found.len());
        for line in lines.lines() {
            prop_assert!(line.strip_prefix("::").is_some_and(is_inert), "{:?}", line);
        }
    }
}
