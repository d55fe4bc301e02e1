//! What a run does besides what is proposed and what others did, as things are live.

use serde_json::Value;

use crate::{NEW, World, configuration};

#[test]
fn what_is_live_otherwise_than_the_base_says_is_told_where_it_is_changed() {
    let grant = |role: &str| format!("  - {{ user: eve@acme.com, project: ios, role: {role} }}\n");
    let by_hand = |live: &str| {
        live.replace("\"grants\":[", "\"grants\":[{\"user\":\"eve@acme.com\",\"project\":2,\"role\":\"owner\"},")
    };
    let as_it_is = |live: &str| live.to_owned();
    // Somebody was made owner by hand and is to be analyst; and the owner of the base has nothing there.
    for (base, head, live, proposed, there, row) in [
        (
            String::new(),
            grant("analyst"),
            &by_hand as &dyn Fn(&str) -> String,
            "Proposed: 1 person gains access.\n\nAs things are live",
            "applying it does more than this: 1 person loses some access.\n",
            "- ➕ `eve@acme.com` gets analyst on ios (live now: owner)",
        ),
        (
            grant("owner"),
            grant("admin"),
            &as_it_is,
            "Proposed: 1 person loses some access.\n\n**As things are live",
            "applying it does more than this: 1 person becomes admin of ios.**\n",
            "- 🔺 `eve@acme.com` owner → admin on ios, **becomes admin of ios** (live now: nothing)",
        ),
    ] {
        let world = World::new(&configuration("", &base));
        world.commit("agreed");
        world.configure(&configuration("", &head));
        let told = world.told(live, "markdown");
        let note = "\n1 of these changes meets a live side that is not as the base says: see what is live now.\n";
        for part in [proposed, note, there, row] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(told.contains("1 that is live otherwise**\n"), "{told}");
        let shown = world.told(live, "text");
        assert!(shown.contains("live now: "), "{shown}");
        let plan: Value = serde_json::from_str(&world.told(live, "json")).unwrap();
        let overtakes = &plan["orgs"][0]["proposal"]["changes"][0]["overtakes"];
        assert_eq!(overtakes, &plan["orgs"][0]["changes"][0]["id"], "{plan:#}");
    }
    // Whoever has more by hand than the base knows of is not said to have had nothing.
    let world = World::new(&configuration("", ""));
    world.commit("agreed");
    world.configure(&configuration("", "").replace(", eve@acme.com: member", ""));
    let admin = |live: &str| {
        live.replace("\"email\":\"eve@acme.com\",\"role\":\"member\"", "\"email\":\"eve@acme.com\",\"role\":\"admin\"")
    };
    let told = world.told(&admin, "markdown");
    assert!(told.contains("- ➖ remove `eve@acme.com` (live now: admin; not listed)\n"), "{told}");
    // Nor is anybody invited who is there by hand.
    world.git(&["commit", "--quiet", "--all", "--message", "without eve"]);
    world.git(&["tag", "--force", "agreed"]);
    world.configure(&configuration("", NEW));
    let told = world.told(&admin, "markdown");
    assert!(told.contains("\nProposed: **1 person becomes admin of ios**.\n"), "{told}");
    // A team that goes takes along whom somebody added.
    world.configure(&configuration("", ""));
    world.git(&["commit", "--quiet", "--all", "--message", "with eve"]);
    world.git(&["tag", "--force", "agreed"]);
    let team = "teams: { analysts: { name: Analysts, members: [ana@acme.com], projects: { web: analyst } } }";
    world.configure(&configuration("", "").replace(team, "teams: {}"));
    let joined =
        |live: &str| live.replace("\"members\":[\"ana@acme.com\"]", "\"members\":[\"ana@acme.com\",\"eve@acme.com\"]");
    let told = world.told(&joined, "markdown");
    let note = "As things are live, applying it does more than this: 1 person loses some access.\n";
    assert!(
        told.contains(note) && told.contains("(live now: 2 members and 1 project role, not as the base says"),
        "{told}"
    );
}

/// A world in which `base` was agreed to and `head` is proposed.
pub(crate) fn proposing(base: &str, head: &str) -> World {
    let world = World::new(base);
    world.commit("agreed");
    world.configure(head);
    world
}

/// Asserts that `told` has `parts`, in order.
pub(crate) fn assert_told(told: &str, parts: &[&str]) {
    let mut from = 0;
    for part in parts {
        from += told[from..].find(part).unwrap_or_else(|| panic!("no {part:?} behind {from} in {told}")) + part.len();
    }
}

/// A user by hand, zed.
fn with_zed(live: &str) -> String {
    let zed = r#"{"email":"zed@acme.com","role":"member","status":"active"}"#;
    live.replace("\"users\":[", &format!("\"users\":[{zed},"))
}

const ADMIN_FOR_ALL: &str = "projects: { web: 1, ios: { id: 2, everyone: admin } }";

#[test]
fn whom_a_guard_keeps_is_told_where_the_rest_raises_them() {
    let base = configuration("", "").replace("id: 77,", "id: 77, guards: { max_removals: 0 },");
    let world = proposing(&base, &base.replace("projects: { web: 1, ios: 2 }", ADMIN_FOR_ALL));
    let told = world.told(&with_zed, "markdown");
    assert_told(
        &told,
        &[
            "\nProposed: **2 people become admin of ios**",
            "\n**As things are live, applying it does more than this: 1 person becomes admin of ios.**\n",
            "\n**By person, besides, as things are live**: 1 change of access for 1 user\n\n- **`zed@acme.com`**\n  - 🔺 **gains",
        ],
    );
    let (text, page) = (world.told(&with_zed, "text"), world.told(&with_zed, "html"));
    assert_told(
        &text,
        &["As things are live, applying it does more", "As things are live  what", "zed@acme.com", "gains admin"],
    );
    assert_told(
        &page,
        &["As things are live, applying", "<h4>By person, besides, as things are live: 1 change", "zed@acme.com"],
    );
    // Whom nobody else is raised with is told at the change itself, and in the numbers.
    let base =
        base.replace("bo@acme.com: { role: member }, eve@acme.com: member", "bo@acme.com: owner, eve@acme.com: owner");
    let world = proposing(&base, &base.replace("projects: { web: 1, ios: 2 }", ADMIN_FOR_ALL));
    let live = |live: &str| {
        let owner = |name: &str| format!(r#""email":"{name}@acme.com","role":"owner""#);
        let member = |name: &str| format!(r#""email":"{name}@acme.com","role":"member""#);
        let live = live.replace(&member("bo"), &owner("bo")).replace(&member("eve"), &owner("eve"));
        with_zed(&live)
    };
    let told = world.told(&live, "markdown");
    assert_told(&told, &["- 🔺 everyone gets admin on ios, **`zed@acme.com` becomes admin of ios** · `"]);
    let plan: Value = serde_json::from_str(&world.told(&live, "json")).unwrap();
    let org = &plan["orgs"][0];
    assert_eq!(org["summary"]["escalations"], 1, "{org:#}");
    assert_eq!(org["proposal"]["unforeseen"][0]["user"], "zed@acme.com", "{org:#}");
    assert_eq!(org["proposal"]["unforeseen"].as_array().unwrap().len(), 1, "{org:#}");
}

#[test]
fn whoever_leaves_with_more_than_the_base_knows_of_is_told() {
    let grant = "  - { user: eve@acme.com, project: ios, role: consumer }\n";
    let head = configuration("", "").replace(", eve@acme.com: member", "");
    let world = proposing(&configuration("", grant), &head);
    let owner = |live: &str| {
        live.replace("\"grants\":[", "\"grants\":[{\"user\":\"eve@acme.com\",\"project\":2,\"role\":\"owner\"},")
    };
    let told = world.told(&owner, "markdown");
    assert_told(
        &told,
        &[
            "\nProposed: **1 person leaves**.\n",
            "\n**As things are live, applying it does more than this: 1 person who leaves has more access than the base says.**\n",
            "\n**By person**: 1 change of access for 1 user\n\n- **`eve@acme.com`**\n  - ➖ loses all access: consumer on ios\n",
            "as things are live**: 1 change of access for 1 user\n\n- **`eve@acme.com`**\n  - ➖ loses all access: owner on ios\n",
        ],
    );
    // What somebody else would take from whoever leaves goes with them.
    let crew =
        |live: &str| live.replace("\"members\":[\"ana@acme.com\"]", "\"members\":[\"bo@acme.com\",\"eve@acme.com\"]");
    let base = configuration("", "")
        .replace("members: [ana@acme.com], projects: { web: analyst }", "members: [bo@acme.com], projects: {}");
    let world = proposing(&base, &base.replace(", eve@acme.com: member", ""));
    let told = world.told(&crew, "markdown");
    assert_told(&told, &["loses all access: analyst on web", "\n### Drift: 1 change, ", "\n**1 removal**\n"]);
    assert!(told.matches("eve@acme.com`**").count() == 1, "{told}");
}

#[test]
fn what_is_pending_and_prevented_becomes_of_nobody() {
    let team = |members: &str| {
        let team = format!("members: [{members}], projects: {{ web: admin }}");
        configuration("", "").replace("members: [ana@acme.com], projects: { web: analyst }", &team)
    };
    let world = proposing(&team("bo@acme.com, eve@acme.com"), &team("bo@acme.com"));
    let live = |live: &str| {
        let members = live.replace("\"members\":[\"ana@acme.com\"]", "\"members\":[\"bo@acme.com\",\"eve@acme.com\"]");
        members.replace("\"projects\":[{\"id\":1,\"role\":\"analyst\"}]", "\"projects\":[]")
    };
    let told = world.told(&live, "markdown");
    assert_told(
        &told,
        &[
            "\nProposed: 1 person loses some access.\n",
            "\n### Pending: 1 change",
            "\n**1 person becomes admin of web**.\n",
            "**`bo@acme.com` becomes admin of web**",
            "\n**By person**: 1 change of access for 1 user\n\n- **`bo@acme.com`**\n",
        ],
    );
    assert!(!told.contains("As things are live"), "{told}");
    // What is pending and comes in part is told as it comes.
    let grant = "  - { user: eve@acme.com, project: web, role: admin }\n";
    let owners = |members: &str| team(members).replace("projects: { web: admin }", "projects: { web: owner }") + grant;
    let told = proposing(&owners("bo@acme.com, eve@acme.com"), &owners("bo@acme.com")).told(&live, "markdown");
    let (proposed, pending) = told.split_once("\n### Pending: 2 changes").unwrap();
    assert_told(proposed, &["- **`eve@acme.com`**\n  - ✏️ drops from owner to admin on web"]);
    assert_told(
        pending,
        &[
            "- **`bo@acme.com`**\n  - 🔺 **rises from analyst to owner on web",
            "- **`eve@acme.com`**\n  - 🔺 **gains individual admin on web**",
        ],
    );
}

#[test]
fn whoever_is_invited_and_only_loses_something_need_not_accept() {
    let of = |role: &str| {
        configuration("", "").replace("eve@acme.com: member", &format!("eve@acme.com: member, cy@acme.com: {role}"))
    };
    let told = proposing(&of("admin"), &of("member")).told(&|live: &str| live.to_owned(), "markdown");
    assert_told(&told, &["- **`cy@acme.com`** (has not joined)\n  - ➖ loses admin on"]);
    let told = proposing(&of("member"), &of("admin")).told(&|live: &str| live.to_owned(), "markdown");
    assert_told(&told, &["- **`cy@acme.com`** (once they accept)\n  - 🔺 **gains admin on"]);
}

#[test]
fn what_becomes_of_somebody_in_the_organization_is_told_as_it_is_live() {
    let of = |role: &str| configuration("", "").replace("eve@acme.com: member", &format!("eve@acme.com: {role}"));
    let as_it_is = |live: &str| live.to_owned();
    // The owner of the base is a member, and is to be admin.
    let told = proposing(&of("owner"), &of("admin")).told(&as_it_is, "markdown");
    assert_told(
        &told,
        &[
            "\nProposed: **1 person is no longer owner of the organization**.\n",
            "\n**As things are live, applying it does more than this: 1 person becomes admin of the organization.**\n",
            "- 🔺 org role of `eve@acme.com` owner → admin, **becomes admin of the organization",
        ],
    );
    // And one whom the base does not know is owner by hand.
    let by_hand = |live: &str| live.replace(r#""eve@acme.com","role":"member""#, r#""eve@acme.com","role":"owner""#);
    let base = configuration("", "").replace(", eve@acme.com: member", "");
    let told = proposing(&base, &of("member")).told(&by_hand, "markdown");
    let note =
        "\n**As things are live, applying it does more than this: 1 person is no longer owner of the organization.**\n";
    assert_told(&told, &[note]);
}

#[test]
fn a_strong_role_that_nobody_gets_yet_is_for_whoever_comes_later() {
    let team = "members: [ana@acme.com], projects: { web: analyst }";
    let head = configuration("", "").replace(team, "members: [ana@acme.com], projects: { web: admin }");
    let told = proposing(&configuration("", ""), &head).told(&|live: &str| live.to_owned(), "markdown");
    assert_told(
        &told,
        &[
            "\nProposed: nobody's access to a project changes, **1 role of admin or owner for whoever comes later**.\n",
            "\n**1 role of admin or owner for whoever comes later**\n\n- ✏️ team Analysts analyst → admin on web",
        ],
    );
}
