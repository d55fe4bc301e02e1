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
    ("elm", "id: 104", "id: 104, guards: { max_removals: 90% }", true),
    ("fern", "bo@x.com: member", "bo@x.com: admin", false),
];

/// A world with the base in the folder `base` and what is proposed in `config`, of the first `number` organizations from the
/// end, and the arguments that plan it.
fn world(number: usize) -> (World, Vec<String>) {
    let world = World::new(&configuration("", ""));
    fs::remove_file(world.path("config/access.yaml")).unwrap();
    fs::create_dir(world.path("base")).unwrap();
    let mut arguments = vec!["plan".to_owned(), "--base".to_owned(), world.path("base").display().to_string()];
    for (place, (key, from, to, is_by_hand)) in ORGANIZATIONS.iter().enumerate().skip(ORGANIZATIONS.len() - number) {
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
    let sentence = "-->\n**Proposed in 5 organizations (fern, elm, birch and 2 more)**: **1 person becomes admin of an \
                    organization**, 1 is invited without access to a project, 1 new access begins on a later day, **1 rule of \
                    an organization is loosened**, 1 rule of an organization is changed.\n\n\
                    **All organizations**: 5 with changes, 1 in sync; 6 changes (2 to add, 1 to change, 3 to remove); ";
    assert!(comment.contains(sentence), "{comment}");
    // What is grave stands first, and what others did last.
    let order = ["elm", "fern", "birch", "cedar", "dune", "amber"].map(|key| format!("\n## Access of {key}\n"));
    let order = places(&comment, &order.each_ref().map(String::as_str));
    assert!(order.is_sorted(), "{comment}");
    let page = told(&world, &arguments, "html");
    assert!(
        page.contains("<p class=\"told\">Proposed in 5 organizations (fern, elm, birch and 2 more): <b>1 person"),
        "{page}"
    );
    assert!(page.contains(">dune</a> <span class=\"faint\">in sync, something proposed</span>"), "{page}");
    assert!(page.contains(">amber</a> <span class=\"faint\">1 change</span>"), "{page}");
    let text = told(&world, &arguments, "text").replace("\n  ", " ");
    let last = text.lines().find(|line| line.starts_with("Proposed in ")).unwrap();
    assert!(last.starts_with("Proposed in 5 organizations (fern, elm, birch and 2 more): 1 person becomes"), "{text}");
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
