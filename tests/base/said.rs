//! What a pull request says besides who has access now.

use std::fs;

use serde_json::Value;

use crate::unforeseen::proposing;
use crate::{BY_HAND, World, by_hand, configuration};

#[test]
fn access_that_begins_on_a_later_day_is_told_where_it_is_proposed() {
    let later = |role: &str| BY_HAND.replace("admin }", &format!("{role}, from: 2099-01-01 }}"));
    for (agreed, edited, first, said) in [
        ("", later("admin"), "new access as admin or owner begins on a later day", "new, from `2099-01-01`**"),
        (
            &*later("analyst"),
            later("admin"),
            "access as admin or owner that is yet to begin had another role before",
            "from `2099-01-01` (before: analyst from `2099-01-01`)**",
        ),
    ] {
        let world = World::new(&configuration("", agreed));
        world.commit("agreed");
        world.configure(&configuration("", &edited));
        let text = world.told(&str::to_owned, "markdown");
        assert!(
            text.contains(&format!("\nProposed: nobody's access to a project changes, **1 {first}**.\n")),
            "{text}"
        );
        assert!(text.contains(&format!("🔺 **`bo@acme.com`, admin on ios: {said}")), "{text}");
        let end = &world.proposal(&str::to_owned)["ends"][0];
        assert_eq!((&end["new"], &end["from"], &end["role"]), (&true.into(), &"2099-01-01".into(), &"admin".into()));
        let before = if agreed.is_empty() { Value::Null } else { "analyst".into() };
        assert_eq!((&end["role_before"], &end["withdrawn"]), (&before, &false.into()));
        // What was said before is not told again.
        world.git(&["tag", "-d", "agreed"]);
        world.commit("agreed");
        let text = world.told(&str::to_owned, "markdown");
        assert!(text.contains("Nothing to do"), "{text}");
    }
    // What begins earlier than it did before, with less, is not said to begin later than that.
    let world = World::new(&configuration("", &later("admin")));
    world.commit("agreed");
    world.configure(&configuration("", &later("analyst").replace("2099", "2098")));
    let text = world.told(&str::to_owned, "markdown");
    assert!(text.contains("changes, 1 access that is yet to begin had another role before.\n"), "{text}");
    let said = "✏️ `bo@acme.com`, analyst on ios: from `2098-01-01` (before: admin from `2099-01-01`)";
    assert!(text.contains(said), "{text}");
    assert_eq!(world.proposal(&str::to_owned)["ends"][0]["bearing"], "alters");
}

#[test]
fn access_that_is_taken_away_before_it_begins_is_told() {
    let world = World::new(&configuration("", &BY_HAND.replace("admin }", "admin, from: 2099-01-01 }")));
    world.commit("agreed");
    world.configure(&configuration("", ""));
    let text = world.told(&str::to_owned, "markdown");
    assert!(text.contains("changes, 1 access that was to begin on a later day does not begin.\n"), "{text}");
    assert!(text.contains("✏️ `bo@acme.com`, admin on ios: was to begin on `2099-01-01` and does not"), "{text}");
    let end = &world.proposal(&str::to_owned)["ends"][0];
    assert_eq!((&end["withdrawn"], &end["new"], &end["bearing"]), (&true.into(), &false.into(), &"tightens".into()));
    assert_eq!(
        (&end["from_before"], &end["from"], &end["role"]),
        (&"2099-01-01".into(), &Value::Null, &"admin".into())
    );
}

#[test]
fn ends_that_move_are_told() {
    let until = |until: &str| configuration("", &BY_HAND.replace(" }", &format!("{until} }}")));
    let world = World::new(&until(", until: 2027-01-31"));
    world.commit("agreed");
    for (edited, said, is_grave) in [
        (", until: 2037-01-31", "until `2027-01-31` → `2037-01-31`", true),
        ("", "until `2027-01-31` → without end", true),
        (", until: 2026-12-24", "until `2027-01-31` → `2026-12-24`", false),
    ] {
        world.configure(&until(edited));
        // Whether it was applied or is still pending.
        for live in [&by_hand as &dyn Fn(&str) -> String, &str::to_owned] {
            let text = world.told(live, "markdown");
            let first = "\nProposed: nobody's access to a project changes, ";
            let phrase = match is_grave {
                true => "**1 end of an admin or owner is put off**",
                false => "1 end of an admin or owner comes earlier",
            };
            assert!(text.contains(&format!("{first}{phrase}.\n")), "{edited}: {text}");
            let line = format!("`bo@acme.com`, admin on ios: {said}");
            let line = if is_grave { format!("- 🔺 **{line}**") } else { format!("- ✏️ {line}") };
            assert!(text.contains(&format!("\n**Also said by it**: 1 thing\n\n{line} · ")), "{edited}: {text}");
        }
        for format in ["html", "text"] {
            let text = world.told(&by_hand, format);
            assert!(text.contains("Also said by it") && text.contains("bo@acme.com, admin on ios: until"), "{text}");
        }
        let end = &world.proposal(&by_hand)["ends"][0];
        assert_eq!((&end["kind"], &end["until_before"]), (&"grant".into(), &"2027-01-31".into()));
    }
    // One that is over is prolonged, and nobody had taken the access away.
    world.configure(&until(", until: 2026-11-01"));
    world.commit("over");
    world.git(&["tag", "--force", "agreed"]);
    world.configure(&until(", until: 2037-01-31"));
    let text = world.told(&by_hand, "markdown");
    assert!(
        text.contains("\nProposed: **1 person becomes admin of ios**, **1 end of an admin or owner is put off**.\n"),
        "{text}"
    );
    // With a person everything of theirs ends.
    let user = |until: &str| configuration(until, BY_HAND);
    world.configure(&user(", until: 2027-01-31"));
    world.commit("person");
    world.git(&["tag", "--force", "agreed"]);
    world.configure(&user(""));
    let text = world.told(&by_hand, "markdown");
    assert!(text.contains("**1 end of an admin or owner is put off**"), "{text}");
    assert!(
        text.contains("- 🔺 **`bo@acme.com`, member (with it admin of ios): until `2027-01-31` → without end**"),
        "{text}"
    );
}

#[test]
fn an_end_that_is_moved_with_the_role_tells_the_role_before() {
    let of = |role: &str, until: &str| BY_HAND.replace("admin }", &format!("{role}, until: {until} }}"));
    let world = World::new(&configuration("", &of("analyst", "2027-01-31")));
    world.commit("agreed");
    for (role, until, is_grave) in [("admin", "2037-01-31", true), ("consumer", "2037-01-31", false)] {
        world.configure(&configuration("", &of(role, until)));
        let text = world.told(&str::to_owned, "markdown");
        let line = format!("`bo@acme.com`, {role} on ios (before: analyst): until `2027-01-31` → `{until}`");
        let line = if is_grave { format!("- 🔺 **{line}**") } else { format!("- ✏️ {line}") };
        assert!(text.contains(&format!("\n{line} · ")), "{line}: {text}");
        for format in ["html", "text"] {
            let text = world.told(&str::to_owned, format);
            assert!(text.contains(&format!("bo@acme.com, {role} on ios (before: analyst): until")), "{text}");
        }
        let end = &world.proposal(&str::to_owned)["ends"][0];
        assert_eq!((&end["role"], &end["role_before"], &end["new"]), (&role.into(), &"analyst".into(), &false.into()));
    }
}

#[test]
fn other_rules_of_the_organization_are_told() {
    let definition =
        |more: &str| configuration("", "").replace("seed: live.json }", &format!("seed: live.json }}{more}"));
    let world = World::new(&definition(
        ", domains: [acme.com], guards: { min_owners: 2, protected: [ana@acme.com] }, blocked: [zoe@x.org], policy: [
    { name: ends, when: { user: external, role_at_least: admin }, require: [until, ticket], max_days: 90 }, { name: gone, when: {
    role_at_least: owner }, deny: true }]",
    ));
    world.commit("agreed");
    world.configure(&definition(
        ", domains: [acme.com, agency.com], guards: { max_removals: 100%, waivers: [{ removals: 9, until: 2026-12-31, reason:
    move }] }, manage: { grants: listed, ignore: { users: ['*@agency.com'] } }, lint: { off: [W1001] }, accept: [{ user:
    zoe@x.org, project: web, role: admin, until: 2099-12-31, reason: who cares }], policy: [{ name: ends, severity: warning,
    when: { user: external, role_at_least: owner }, require: until, max_days: 900, exceptions: [{ user: bo@acme.com, until:
    2026-12-31, reason: later }] }]",
    ));
    let proposal = world.proposal(&str::to_owned);
    let amendments: Vec<(String, String)> = proposal["amendments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["key"].as_str().unwrap().to_owned(), one["bearing"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [
        "guards.min_owners",
        "guards.protected",
        "guards.max_removals",
        "guards.waivers",
        "policy",
        "policy.ends.severity",
        "policy.ends.require",
        "policy.ends.max_days",
        "policy.ends.when.role_at_least",
        "policy.ends.exceptions",
        "accept",
        "manage.grants",
        "manage.ignore.users",
        "blocked",
        "domains",
        "lint.off",
    ];
    let expected: Vec<_> = expected.iter().map(|key| ((*key).to_owned(), "loosens".to_owned())).collect();
    assert_eq!(amendments, expected, "{proposal:#}");
    let text = world.told(&str::to_owned, "markdown");
    for said in [
        "\nProposed: nobody's access to a project changes, **16 rules of the organization are loosened**.\n",
        "\n**Also said by it**: 16 things\n",
        "- 🔺 **`guards.max_removals`: `25%` → `100%` (looser)** · ",
        "`policy.ends.max_days`: 90 → 900",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    for format in ["html", "text"] {
        let text = world.told(&str::to_owned, format);
        assert!(
            text.contains("guards.max_removals: 25% -&gt; 100%") || text.contains("guards.max_removals: 25% -> 100%")
        );
    }
    // The other way round everything is tighter, and nothing of it alarms.
    let tight = fs::read_to_string(world.path("config/access.yaml")).unwrap();
    world.git(&["checkout", "--quiet", "agreed", "--", "config/access.yaml"]);
    let loose = world.path("loose");
    fs::create_dir(&loose).unwrap();
    fs::write(loose.join("access.yaml"), tight).unwrap();
    let text = world.run(&["plan", "--base", loose.to_str().unwrap(), "--format", "markdown"]).stdout;
    assert!(
        text.contains("Proposed: nobody's access to a project changes, 16 rules of the organization are changed.\n"),
        "{text}"
    );
}

#[test]
fn a_project_that_is_left_out_is_said_in_words() {
    for (mode, words) in [("full", "no longer declared (2)"), ("listed", "no longer managed (2)")] {
        let base = configuration("", "").replace("id: 77,", &format!("id: 77, manage: {{ projects: {mode} }},"));
        let text = proposing(&base, &base.replace(", ios: 2", "")).told(&str::to_owned, "markdown");
        assert!(text.contains(&format!("`projects.ios`: {words}")), "{text}");
    }
}
