//! What is said of many organizations together.

use std::fs;

use accessctl::cli::ExitStatus;

use crate::{World, configuration};

/// The organizations by key: what a pull request makes of each, and whether somebody was invited there by hand.
const ORGANIZATIONS: [(&str, &str, &str, bool); 6] = [
    ("amber", "", "", true),
    ("birch", "bo@x.com: member", "bo@x.com: member, li@x.com: member", true),
    ("cedar", "projects", "grants: [{ user: bo@x.com, project: web, role: analyst }]\nprojects", false),
    ("dune", "bo@x.com: member", "bo@x.com: member, cy@x.com: { role: member, from: 2030-01-01 }", false),
    ("elm", "key: elm", "key: elm, guards: { max_removals: 90% }", true),
    ("fern", "bo@x.com: member", "bo@x.com: admin", false),
];

/// A world with the base in the folder `base` and what is proposed in `config`, of the last `number` organizations, and the
/// arguments that plan it.
fn world(number: usize) -> (World, Vec<String>) {
    world_of(&ORGANIZATIONS[ORGANIZATIONS.len() - number..])
}

/// The same of these organizations.
fn world_of(organizations: &[(&str, &str, &str, bool)]) -> (World, Vec<String>) {
    let world = World::new(&configuration("", ""));
    fs::remove_file(world.path("config/access.yaml")).unwrap();
    fs::create_dir(world.path("base")).unwrap();
    let mut arguments = vec!["plan".to_owned(), "--base".to_owned(), world.path("base").display().to_string()];
    for (place, (key, from, to, is_by_hand)) in organizations.iter().enumerate() {
        let id = 100 + place;
        let base = format!(
            "version: 1\norg: {{ key: {key}, id: {id} }}\nusers: {{ ana@x.com: owner, dee@x.com: owner, bo@x.com: member }}\n\
             projects: {{ web: 1 }}\n"
        );
        fs::write(world.path(&format!("base/{key}.yaml")), &base).unwrap();
        fs::write(world.path(&format!("config/{key}.yaml")), base.replacen(from, to, 1)).unwrap();
        let user = |name: &str, role: &str| format!(r#"{{"email":"{name}@x.com","role":"{role}","status":"active"}}"#);
        let mut users = vec![user("ana", "owner"), user("dee", "owner"), user("bo", "member")];
        users.extend(is_by_hand.then(|| user("by-hand", "member")));
        let live = format!(
            r#"{{"format":"accessctl.snapshot/1","organization":{{"id":{id},"name":"{key}"}},
            "projects":[{{"id":1,"name":"Web"}}],"users":[{}],"teams":[],"grants":[]}}"#,
            users.join(",")
        );
        let path = world.path(&format!("{key}.json"));
        fs::write(&path, live).unwrap();
        arguments.extend(["--live".to_owned(), path.display().to_string()]);
    }
    (world, arguments)
}

fn told(world: &World, arguments: &[String], format: &str) -> String {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--format", format]).collect();
    let planned = world.run(&arguments);
    assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
    planned.stdout
}

/// The places of `parts` in `text`, which has all of them.
fn places(text: &str, parts: &[&str]) -> Vec<usize> {
    parts.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("{part} in {text}"))).collect()
}

#[test]
fn what_is_proposed_in_all_organizations_is_told_in_one_sentence() {
    let (world, arguments) = world(6);
    let comment = told(&world, &arguments, "markdown");
    // Bo, who becomes admin of one, gains access in another.
    let sentence = "-->\n**Proposed in 5 organizations (elm, fern, birch and 2 more)**: **1 person becomes admin of the \
                    organization fern**, 1 is invited without access to a project, 1 new access begins on a later day, **1 rule of \
                    an organization is loosened**, 1 rule of an organization is changed.\n\n\
                    **All organizations**: 5 with changes, 1 in sync; 6 changes (2 to add, 1 to change, 3 to remove); ";
    assert!(comment.contains(sentence), "{comment}");
    // What is grave stands first, and what others did last.
    let order = ["elm", "fern", "birch", "cedar", "dune", "amber"].map(|key| format!("\n## Access of {key}\n"));
    let order = places(&comment, &order.each_ref().map(String::as_str));
    assert!(order.is_sorted(), "{comment}");
    let page = told(&world, &arguments, "html");
    assert!(
        page.contains("<p class=\"told\">Proposed in 5 organizations (elm, fern, birch and 2 more): <b>1 person"),
        "{page}"
    );
    assert!(page.contains(">dune</a> <span class=\"faint\">in sync, something proposed</span>"), "{page}");
    assert!(page.contains(">amber</a> <span class=\"faint\">1 change</span>"), "{page}");
    let text = told(&world, &arguments, "text").replace("\n  ", " ");
    let last = text.lines().find(|line| line.starts_with("Proposed in ")).unwrap();
    assert!(last.starts_with("Proposed in 5 organizations (elm, fern, birch and 2 more): 1 person becomes"), "{text}");
    // Of one alone it is told there.
    let (world, arguments) = self::world(1);
    let comment = told(&world, &arguments, "markdown");
    assert!(
        !comment.contains("Proposed in") && comment.contains("\nProposed: **1 person becomes admin of"),
        "{comment}"
    );
}

#[test]
fn that_nothing_is_proposed_anywhere_is_said() {
    let (world, mut arguments) = world(6);
    arguments[2] = world.path("config").display().to_string();
    let nothing = "nothing in any of these organizations";
    for (format, said) in [
        ("markdown", format!("-->\n**Proposed**: {nothing}.\n\n**All organizations**: 5 with changes, 1 in sync; ")),
        ("text", format!("\nProposed: {nothing}\n")),
        ("html", format!("<p class=\"told\">Proposed: {nothing}.</p>")),
    ] {
        let told = told(&world, &arguments, format);
        assert!(told.contains(&said), "{told}");
    }
}

#[test]
fn why_there_is_no_base_for_any_of_them_is_told_once() {
    let (world, arguments) = world(6);
    fs::write(world.path("base/amber.yaml"), "version: 2\n").unwrap();
    for format in ["markdown", "text", "html"] {
        let told = told(&world, &arguments, format).replace("\n  ", " ");
        assert_eq!(told.matches(" cannot be used, so every change counts as proposed").count(), 1, "{told}");
        assert!(places(&told, &[" cannot be used, so", "All organizations"]).is_sorted(), "{told}");
    }
    // What is in sync is that, with a base or without.
    for (key, ..) in ORGANIZATIONS {
        fs::copy(world.path(&format!("base/{key}.yaml")), world.path(&format!("config/{key}.yaml"))).unwrap();
    }
    let amber = "version: 1\norg: { key: amber, id: 100 }\nusers: { ana@x.com: owner, dee@x.com: owner, bo@x.com: member }\n\
                 projects: { web: 1 }\n";
    fs::write(world.path("config/amber.yaml"), amber).unwrap();
    let comment = told(&world, &arguments, "markdown");
    assert!(comment.contains("**All organizations**: 3 with changes, 3 in sync; 3 changes"), "{comment}");
    assert!(comment.contains("Nothing to do: 3 organizations are in sync, cedar, dune and fern."), "{comment}");
}

/// The first line of what is said of `organizations`.
fn first_line(organizations: &[(&str, &str, &str, bool)]) -> String {
    let (world, arguments) = world_of(organizations);
    told(&world, &arguments, "markdown").lines().nth(1).unwrap().to_owned()
}

#[test]
fn whoever_is_in_several_organizations_counts_once_and_owners_apart() {
    let member = "bo@x.com: member";
    let analyst = "grants: [{ user: bo@x.com, project: web, role: analyst }]\nprojects";
    let admin = "grants: [{ user: bo@x.com, project: web, role: admin }]\nprojects";
    for (organizations, said) in [
        // One alone is told in its own words.
        (
            &[("amber", member, "bo@x.com: member, n@x.com: owner", false), ("birch", "", "", true)][..],
            "**Proposed in amber**: **1 person becomes owner of the organization (newly invited)**.",
        ),
        (
            &[
                ("amber", member, "bo@x.com: owner", false),
                ("birch", member, "bo@x.com: member, n@x.com: admin", false),
            ],
            "(amber and birch)**: **1 person becomes owner of the organization amber**, **1 becomes admin of the organization \
             birch (newly invited)**.",
        ),
        (
            &[
                ("amber", "projects", admin, false),
                ("birch", "projects", admin, false),
                ("cedar", "projects", analyst, false),
            ],
            "(amber, birch and cedar)**: **1 person becomes admin of projects in 2 organizations**, 3 rules of organizations \
             are changed.",
        ),
        (
            &[("amber", "projects", analyst, false), ("birch", member, "bo@x.com: member, n@x.com: member", false)],
            "(amber and birch)**: 1 person gains access, 1 is invited without access to a project, 1 rule of an organization \
             is changed.",
        ),
        (
            &[("amber", ", bo@x.com: member", "", false), ("birch", ", bo@x.com: member", "", false)],
            "(amber and birch)**: **1 person leaves (2 organizations)**.",
        ),
        // What a key names is said with its organization, and so is what nobody gets yet.
        (
            &[
                ("amber", "projects", admin, false),
                ("birch", "projects", "teams: { core: { members: [], projects: { web: owner } } }\nprojects", false),
            ],
            "(amber and birch)**: **1 person becomes admin of web in amber**, **1 role of admin or owner for whoever comes \
             later**, 2 rules of organizations are changed.",
        ),
        // An earlier address that one of them knows is the same person in the others.
        (
            &[
                ("amber", "projects", admin, false),
                ("birch", member, "bob@x.com: { role: admin, previously: [bo@x.com] }", false),
            ],
            "(amber and birch)**: **1 person becomes admin of the organization birch (newly invited)**, **1 becomes admin of web \
             in amber (counted before, too)**, 1 changes their address, 1 rule of an organization is changed.",
        ),
    ] {
        let first = first_line(organizations);
        assert!(first.ends_with(said), "{first}\nand not {said}");
    }
}

#[test]
fn what_is_refused_or_not_known_anywhere_stands_in_the_first_line() {
    // Whoever goes is the last owner but one, of two that there are to be.
    let few = ("amber", "dee@x.com: owner, ", "", false);
    let (world, arguments) = world_of(&[few, ("birch", "", "", true), ("cedar", "", "", false)]);
    let amber = fs::read_to_string(world.path("config/amber.yaml")).unwrap();
    fs::write(world.path("config/amber.yaml"), amber.replace("id: 100", "id: 100, guards: { min_owners: 2 }")).unwrap();
    for format in ["markdown", "html", "text"] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(["--format", format]).collect();
        let planned = world.run(&arguments);
        assert_eq!(planned.status, ExitStatus::Refused, "{}", planned.said());
        places(&planned.stdout, &["Blocked in amber: nothing can be applied there."]);
    }
    // One is not planned, and another one is not managed any more.
    let (world, mut arguments) = world_of(&[("amber", "", "", true), ("birch", "", "", true), ("cedar", "", "", true)]);
    let birch = fs::read_to_string(world.path("config/birch.yaml")).unwrap();
    fs::write(world.path("config/birch.yaml"), birch.replace("web: 1", "web: 1, nope: 29")).unwrap();
    fs::remove_file(world.path("config/cedar.yaml")).unwrap();
    arguments.extend(["--format".to_owned(), "markdown".to_owned()]);
    let planned = world.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(planned.status, ExitStatus::Invalid, "{}", planned.said());
    let said = "\n**Proposed**: nothing in any of the organizations that are planned, **1 organization is not managed any more**, \
                **what is proposed in birch is not known**.\n";
    assert!(planned.stdout.contains(said), "{}", planned.stdout);
}

#[test]
fn several_organizations_are_told_in_full_as_long_as_there_is_room() {
    let held = |key| (key, "id: ", "guards: { max_removals: 0 }, id: ", true);
    let (world, arguments) = world_of(&[
        ("amber", "projects", "grants: [{ user: bo@x.com, project: web, role: analyst }]\nprojects", false),
        held("birch"),
        held("cedar"),
        held("dune"),
        held("elm"),
    ]);
    let comment = told(&world, &arguments, "markdown");
    // Who it is, where it is written, and which guard holds what.
    places(&comment, &["- **`bo@x.com`**\n  - ➕ gains individual analyst on web\n", "config/amber.yaml:4`"]);
    assert_eq!(comment.matches("HELD by `max_removals`").count(), 4, "{comment}");
    assert_eq!(comment.matches("- ➖ remove `by-hand@x.com` (drift)\n").count(), 4, "{comment}");
    assert!(!comment.contains('…'), "{comment}");
}

#[test]
fn what_a_run_does_besides_is_told_of_all_organizations() {
    let keep = "guards: { max_removals: 0 }";
    let all = "projects: { web: { id: 1, everyone: owner } }";
    let (world, arguments) = world_of(&[
        ("amber", "projects: { web: 1 }", all, true),
        ("birch", "projects: { web: 1 }", all, true),
        ("cedar", "bo@x.com: member", "bo@x.com: member, li@x.com: member", false),
    ]);
    for key in ["amber", "birch"] {
        for folder in ["base", "config"] {
            let path = world.path(&format!("{folder}/{key}.yaml"));
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replacen(&format!("key: {key},"), &format!("key: {key}, {keep},"), 1)).unwrap();
        }
    }
    let note =
        "As things are live in amber and birch, applying it does more than this: 1 person becomes owner of projects.";
    places(&told(&world, &arguments, "markdown"), &[&format!("\n\n**{note}**\n\n"), "## Access of amber"]);
    places(&told(&world, &arguments, "html"), &[note, "<h2>amber"]);
    places(&told(&world, &arguments, "text").replace("\n  ", " "), &[note.trim_end_matches('.')]);
}

#[test]
fn whoever_rises_as_things_are_live_is_told_first() {
    // The base of birch has an owner who is a member, and is to be admin.
    let member = "bo@x.com: member";
    let invited = "bo@x.com: member, li@x.com: member";
    let (world, arguments) =
        world_of(&[("amber", member, invited, false), ("birch", member, "bo@x.com: admin", false)]);
    let path = world.path("base/birch.yaml");
    let base = fs::read_to_string(&path).unwrap();
    fs::write(&path, base.replace(member, "bo@x.com: owner")).unwrap();
    let comment = told(&world, &arguments, "markdown");
    assert!(places(&comment, &["(birch and amber)**: ", "\n## Access of birch", "\n## Access of amber"]).is_sorted());
}

#[test]
fn an_organization_with_a_role_for_whoever_comes_later_is_told_first() {
    let member = "bo@x.com: member";
    let team = "teams: { core: { members: [], projects: { web: owner } } }\nprojects";
    let (world, arguments) =
        world_of(&[("amber", member, "bo@x.com: member, li@x.com: member", false), ("birch", "projects", team, false)]);
    let comment = told(&world, &arguments, "markdown");
    assert!(places(&comment, &["(birch and amber)**: ", "\n## Access of birch", "\n## Access of amber"]).is_sorted());
}
