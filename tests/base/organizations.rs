//! Organizations that a pull request defines and deletes.

use std::fs;

use accessctl::cli::ExitStatus;
use serde_json::json;

use crate::{Ended, NEW, NOW, Nobody, World, configuration, run_on};

/// A second organization, in a file of its own.
fn other(key: &str, id: u64) -> String {
    format!("version: 1\norg: {{ key: {key}, id: {id} }}\nusers: {{ ana@acme.com: owner, dee@acme.com: owner }}\n")
}

/// Its live side, which is as it says.
fn other_live(id: u64) -> String {
    format!(
        r#"{{"format":"accessctl.snapshot/1","organization":{{"id":{id},"name":"Other"}},"projects":[],"users":[
        {{"email":"ana@acme.com","role":"owner","status":"active"}},{{"email":"dee@acme.com","role":"owner","status":"active"}}],
        "teams":[],"grants":[]}}"#
    )
}

const TOLD: &str = "The organization tiny-trains (id 78) is not managed any more: the base defines it and the configuration does not; \
                    nothing of it is planned, applied or watched for drift, and what is live there stays";

/// A world whose base has `acme`, `blue` and `tiny-trains`, and where the last of them is deleted.
fn world() -> World {
    let world = World::new(&configuration("", ""));
    for (key, id) in [("tiny-trains", 78), ("blue", 79)] {
        fs::write(world.path(&format!("config/{key}.yaml")), other(key, id)).unwrap();
        fs::write(world.path(&format!("{key}.json")), other_live(id)).unwrap();
    }
    fs::write(world.path("acme.json"), crate::LIVE).unwrap();
    world.git(&["init", "--quiet"]);
    world.git(&["add", "config"]);
    world.git(&["commit", "--quiet", "--message", "agreed"]);
    world.git(&["tag", "agreed"]);
    fs::remove_file(world.path("config/tiny-trains.yaml")).unwrap();
    world
}

/// What the plan says, of the live sides of all three.
fn told(world: &World, more: &[&str]) -> Ended {
    let lives = ["acme.json", "blue.json", "tiny-trains.json"].map(|name| world.path(name));
    let mut arguments = vec!["plan", "--base", "agreed"];
    lives.iter().for_each(|live| arguments.extend(["--live", live.to_str().unwrap()]));
    arguments.extend(more);
    world.run(&arguments)
}

#[test]
fn an_organization_that_is_deleted_is_told() {
    let world = world();
    let of = |format: &str| {
        let planned = told(&world, &["--format", format]);
        assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
        // Forms that have no place for it are not alone.
        assert!(planned.stderr.contains("warning: the organization tiny-trains (id 78) is not managed any more"));
        planned.stdout
    };
    let text = of("text").replace("\n  ", " ");
    assert!(text.starts_with(&format!("{TOLD}\n\n")), "{text}");
    let comment = of("markdown");
    assert!(comment.contains(&format!("-->\n🔺 **{}.**\n\nNothing to do: ", TOLD)), "{comment}");
    // A bot finds the comment that it wrote before the file was deleted.
    assert!(comment.starts_with("<!-- accessctl:plan acme,blue,tiny-trains digest="), "{comment}");
    let page = of("html");
    assert!(page.contains(&format!("<p class=\"refused\"><b class=\"alarm\">{TOLD}.</b></p>")), "{page}");
    let document: serde_json::Value = serde_json::from_str(&of("json")).unwrap();
    assert_eq!(document["unmanaged"], json!([{ "org": "tiny-trains", "id": 78 }]));
    jsonschema::validate(&accessctl::render::json::schema(), &document).unwrap();
    // Whoever reads the page of the job finds it there.
    let summary = world.path("summary.md");
    told(&world, &["--summary", summary.to_str().unwrap()]);
    let summary = fs::read_to_string(summary).unwrap();
    assert!(summary.contains("### `tiny-trains`\n") && summary.contains("not managed any more"), "{summary}");
}

#[test]
fn an_organization_that_is_not_selected_is_not_deleted() {
    let world = world();
    for narrowed in [&["--org", "acme"][..], &["--org", "blue", "--org", "acme"]] {
        let planned = told(&world, narrowed);
        assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
        assert!(!planned.said().contains("not managed any more"), "{}", planned.said());
    }
    // Of several parts one tells it, and nobody hears of one that is in another part.
    let parts: Vec<String> = (1..=4).map(|part| told(&world, &["--shard", &format!("{part}/4")]).stdout).collect();
    assert_eq!(parts.iter().filter(|told| told.contains("not managed any more")).count(), 1, "{parts:?}");
    let names = |name: &str| parts.iter().any(|told| told.contains(&format!("{name} (id")));
    assert!(names("tiny-trains") && !names("acme") && !names("blue"), "{parts:?}");
    // What is there says nothing.
    world.git(&["checkout", "--quiet", "agreed", "--", "config"]);
    let planned = told(&world, &["--format", "json"]);
    assert!(!planned.said().contains("unmanaged\":[") && !planned.said().contains("any more"), "{}", planned.said());
}

#[test]
fn several_that_are_deleted_are_counted_and_the_last_cannot_be() {
    let world = world();
    fs::remove_file(world.path("config/blue.yaml")).unwrap();
    let said = told(&world, &["--format", "markdown"]).stdout;
    let first =
        "**2 organizations are not managed any more, blue (id 79) and tiny-trains (id 78): the base defines them";
    assert!(said.contains(first), "{said}");
    // An organization with another id is another one, whatever it is called.
    world.configure(&configuration("", "").replace("id: 77", "id: 80"));
    fs::write(world.path("acme.json"), crate::LIVE.replace("\"id\":77", "\"id\":80")).unwrap();
    let said = told(&world, &["--format", "markdown"]).stdout;
    assert!(said.contains("3 organizations are not managed any more, acme (id "), "{said}");
    assert!(said.contains("**The base `agreed` has no organization with the id 80, "), "{said}");
    // Nothing at all is no configuration.
    fs::remove_file(world.path("config/access.yaml")).unwrap();
    let none = told(&world, &[]);
    assert_eq!((none.status, none.stdout.as_str()), (ExitStatus::Invalid, ""), "{}", none.said());
}

#[test]
fn a_base_that_cannot_be_used_contradicts_nothing() {
    let world = World::new("version: 1\norg: { key: acme }\nusers: [\n");
    world.commit("agreed");
    world.configure(&configuration("", ""));
    let why = "so every change counts as proposed, and rules and ends cannot be compared: ";
    for (format, first) in [
        ("markdown", "## Access of acme (Acme)\n\nNothing is to be done.\n\n**The base `agreed` cannot be used, "),
        ("html", "<p class=\"told\">Nothing is to be done.</p>"),
        ("text", "acme (Acme): in sync\nThe base `agreed` cannot be used, "),
    ] {
        let told = world.told(&str::to_owned, format);
        assert!(told.contains(first), "{told}");
        assert!(told.replace("\n  ", " ").contains(why), "{told}");
        for not in ["othing is proposed", "Proposed: nothing", "There is nothing to apply", "differs from the base"] {
            assert!(!told.contains(not), "{not}: {told}");
        }
    }
    // Where there is something, no base differs from it.
    world.configure(&configuration("", NEW));
    for format in ["markdown", "html", "text"] {
        let told = world.told(&str::to_owned, format);
        assert!(told.contains("there is no base to compare with") || format == "markdown", "{told}");
        assert!(!told.contains("differs from the base"), "{told}");
        assert!(told.contains("Proposed:"), "{told}");
    }
}

#[test]
fn whoever_is_known_by_the_base_alone_is_not_named() {
    let named =
        configuration("", "").replace("eve@acme.com: member", "eve@acme.com: { role: member, name: Eve Okafor }");
    let world = World::new(&named.replace(
        "seed: live.json } }",
        "seed: live.json }, guards: { waivers: [{ removals: 9, until: 2026-12-31, reason: as Eve Okafor asked }] } }",
    ));
    world.commit("agreed");
    world.configure(&configuration("", ""));
    let environment =
        |name: &str| (name == "ACCESSCTL_REDACT_KEY").then(|| "0123456789abcdef0123456789abcdef".to_owned());
    let arguments = ["plan", "--base", "agreed", "--redact", "people"];
    let planned = run_on(&arguments, &world.path("config"), NOW, &environment, &Nobody);
    assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
    assert!(planned.stdout.contains("guards.waivers: no longer \"9 removals"), "{}", planned.said());
    assert!(!planned.said().contains("Okafor"), "{}", planned.said());
}
