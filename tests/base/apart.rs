//! What several origins do to one person is told apart, and what somebody had by an earlier address is told.

use crate::unforeseen::{assert_told, proposing};
use crate::{NEW, configuration};

const TEAM: &str = "members: [ana@acme.com], projects: { web: analyst }";
const BY_EVE: &str = "members: [eve@acme.com], projects: { web: admin }";

/// A live side in which the team has nobody and `role`, and eve has `grants`.
fn live(role: &str, grants: &str) -> impl Fn(&str) -> String {
    let team = format!(r#""members":[],"projects":[{{"id":1,"role":"{role}"}}]"#);
    let grants = format!(r#""grants":[{grants}"#);
    move |live: &str| {
        let live = live.replace(r#""members":["ana@acme.com"],"projects":[{"id":1,"role":"analyst"}]"#, &team);
        live.replace(r#""grants":["#, &grants)
    }
}

#[test]
fn what_an_origin_takes_is_not_told_as_what_another_one_gives() {
    // Eve joins a team that makes her admin, and an individual role of hers ends or was made by hand.
    let ended = "  - { user: eve@acme.com, project: web, role: consumer, until: 2026-11-01 }\n";
    let consumer = r#"{"user":"eve@acme.com","project":1,"role":"consumer"},"#;
    for (grant, heading) in [(ended, "\n### Expiry: 1 change, "), ("", "\n### Drift: 1 change, ")] {
        let base = configuration("", grant).replace(TEAM, BY_EVE);
        let told = proposing(&base, &(base.clone() + NEW)).told(&live("admin", consumer), "markdown");
        let (before, after) = told.split_once(heading).unwrap();
        assert_told(
            before,
            &[
                "\n### Pending: 1 change, ",
                "\n**1 person becomes admin of web**.\n",
                "🔺 **rises from consumer to admin on web: gains admin through team Analysts, keeps individual consumer**",
            ],
        );
        assert!(!after.contains("becomes admin") && !after.contains("rises"), "{after}");
        assert_told(
            after,
            &["\nNobody's access to a project changes.\n", "- ➖ `eve@acme.com` no longer consumer on web"],
        );
    }
    // What one of them takes and another one leaves less of is told of the first alone, as it ends.
    let owner = r#"{"user":"eve@acme.com","project":1,"role":"owner"},"#;
    let base = configuration("", "").replace(TEAM, BY_EVE);
    let world = proposing(&base, &(base.clone() + NEW));
    let told = world.told(&live("admin", owner), "markdown");
    let (before, after) = told.split_once("\n### Drift: 1 change, ").unwrap();
    assert_told(before, &["\n### Pending: 1 change, ", "\nNobody's access to a project changes.\n"]);
    assert_told(
        after,
        &[
            "\n1 person loses some access.\n",
            "✏️ drops from owner to admin on web: loses individual owner, gains admin",
        ],
    );
    // What both of them take is told as what is left in the end.
    let until = "members: [{ user: eve@acme.com, until: 2026-11-01 }], projects: { web: admin }";
    let member = |text: &str| {
        let admin = live("admin", owner)(text);
        admin.replace(r#""members":[]"#, r#""members":["eve@acme.com"]"#)
    };
    let base = configuration("", "").replace(TEAM, until);
    let both = proposing(&base, &(base.clone() + NEW)).told(&member, "markdown");
    assert!(!both.contains("drops from"), "{both}");
    assert_told(&both, &["\n### Drift: 1 change, ", "➖ loses owner on web: "]);
    // The page has the same.
    let page = world.told(&live("admin", owner), "html");
    assert_eq!(page.matches("drops from owner to admin on web").count(), 1, "{page}");
}

#[test]
fn what_is_given_and_what_makes_it_more_are_told_of_both() {
    // Eve joins a team whose role was lowered by hand: neither alone makes her admin.
    let applied = |live: &str| {
        let admin =
            live.replace(r#""projects":[{"id":1,"role":"analyst"}]}]"#, r#""projects":[{"id":1,"role":"admin"}]}]"#);
        admin.replace(r#""members":["ana@acme.com"]"#, r#""members":[]"#)
    };
    let saved = |text: &str| {
        let now = live("analyst", "")(text);
        let before = applied(text);
        let from = before.find("\"projects\"").unwrap();
        let applied = before[from..].strip_suffix('}').unwrap();
        now.replace(
            "\"organization\":",
            &format!("\"applied\":{{\"taken_at\":\"2026-11-20T00:00:00Z\",{applied}}},\"organization\":"),
        )
    };
    let base = configuration("", "").replace(TEAM, BY_EVE);
    let told = proposing(&base, &(base.clone() + NEW)).told(&saved, "markdown");
    let (pending, drift) = told.split_once("\n### Drift: 1 change, ").unwrap();
    for part in [pending, drift] {
        assert_told(part, &["**1 person becomes admin of web**.\n"]);
    }
}

#[test]
fn nothing_is_said_to_be_lost_for_good_where_something_else_comes() {
    let ended = "  - { user: eve@acme.com, project: web, role: admin, until: 2026-11-01 }\n";
    let admin = r#"{"user":"eve@acme.com","project":1,"role":"admin"},"#;
    let base = configuration("", ended);
    let head = base.replace(TEAM, "members: [ana@acme.com, eve@acme.com], projects: { web: analyst }");
    let live = |live: &str| live.replace(r#""grants":["#, &format!(r#""grants":[{admin}"#));
    let told = proposing(&base, &head).told(&live, "markdown");
    let (_, expiry) = told.split_once("\n### Expiry: 1 change, ").unwrap();
    assert_told(
        expiry,
        &["✏️ drops from admin to analyst on web: loses individual admin, gains analyst through team Analysts"],
    );
}

#[test]
fn whoever_is_renamed_and_has_less_by_the_new_address_is_told() {
    let old = |rest: &str| configuration("", rest).replace("eve@acme.com: member", "eve@acme.com: owner");
    let new = "eva@acme.com: { role: member, previously: [eve@acme.com] }";
    let owner = |live: &str| live.replace(r#""eve@acme.com","role":"member""#, r#""eve@acme.com","role":"owner""#);
    let told =
        proposing(&old(""), &configuration("", "").replace("eve@acme.com: member", new)).told(&owner, "markdown");
    let said = "\nProposed: **1 person is no longer owner of the organization**, 1 \
                changes their address.\n";
    assert_told(&told, &[said]);
    // And where the new account is there, in the section of what is pending.
    let both = |live: &str| {
        let eva = r#""users":[{"email":"eva@acme.com","role":"member","status":"active"},"#;
        owner(live).replace("\"users\":[", eva)
    };
    let base = configuration("", "").replace("eve@acme.com: member", new);
    let told = proposing(&base, &base).told(&both, "markdown");
    assert_told(
        &told,
        &[
            "\n### Pending: 1 change, ",
            "\n**1 person is no longer owner of the organization**, 1 changes their address.\n",
        ],
    );
    // Of less than that, as of somebody who stays.
    let grant = |user: &str, role: &str| format!("  - {{ user: {user}@acme.com, project: ios, role: {role} }}\n");
    let base = configuration("", &grant("eve", "admin"));
    let head = configuration("", &grant("eva", "analyst")).replace("eve@acme.com: member", new);
    let with =
        |live: &str| live.replace(r#""grants":["#, r#""grants":[{"user":"eve@acme.com","project":2,"role":"admin"},"#);
    let told = proposing(&base, &head).told(&with, "markdown");
    assert_told(&told, &["\nProposed: 1 person loses some access, 1 changes their address.\n"]);
    let same = head.replace("role: analyst }\n", "role: admin }\n");
    let told = proposing(&base, &same).told(&with, "markdown");
    assert!(!told.contains("loses some access"), "{told}");
}

#[test]
fn everything_that_somebody_becomes_is_told_and_where() {
    let users = "cy@acme.com: member, di@acme.com: member, flo@acme.com: member";
    let with = |bo: &str, grants: &str| {
        let people = format!("{users}, bo@acme.com: {bo}");
        configuration("", grants).replace("bo@acme.com: { role: member }", &people)
    };
    let live = |live: &str| {
        let user = |name: &str| format!(r#"{{"email":"{name}@acme.com","role":"member","status":"active"}}"#);
        live.replace("\"users\":[", &format!("\"users\":[{},{},{},", user("cy"), user("di"), user("flo")))
    };
    let grant = |user: &str, project: &str, role: &str| {
        format!("  - {{ user: {user}@acme.com, project: {project}, role: {role} }}\n")
    };
    let base = with("member", "");
    // An admin of the organization is owner of one project.
    let told = proposing(&base, &with("admin", &grant("bo", "ios", "owner"))).told(&live, "markdown");
    assert_told(&told, &["\nProposed: **1 person becomes owner of ios and admin of the organization**.\n"]);
    // Too many different things are told by where they are.
    let grants = [grant("cy", "ios", "owner"), grant("di", "web", "owner"), grant("flo", "web", "admin")].concat();
    let told = proposing(&base, &with("owner", &grants)).told(&live, "markdown");
    let said = "\nProposed: **1 person becomes owner of the organization**, **2 become owner of projects**, **1 becomes admin of \
                projects**.\n";
    assert_told(&told, &[said]);
    // Another role in the organization is one, whether it gives access or not.
    let told = proposing(&base, &with("billing_admin", "")).told(&live, "markdown");
    assert_told(&told, &["\nProposed: 1 person gets another role in the organization.\n"]);
    // Everybody who gets a role is named.
    let team = "members: [bo@acme.com, cy@acme.com, di@acme.com, eve@acme.com, flo@acme.com], projects: { web: ";
    let of = |role: &str| base.replace(TEAM, &format!("{team}{role} }}"));
    let joined = |text: &str| {
        let members = r#""members":["bo@acme.com","cy@acme.com","di@acme.com","eve@acme.com","flo@acme.com"]"#;
        live(text).replace(r#""members":["ana@acme.com"]"#, members)
    };
    let told = proposing(&of("analyst"), &of("owner")).told(&joined, "markdown");
    assert_told(&told, &["- **`cy@acme.com`, `di@acme.com`, `eve@acme.com` and `flo@acme.com`**\n  - 🔺"]);
}

#[test]
fn whoever_is_kept_by_a_guard_loses_what_the_rest_takes() {
    let base = configuration("", "").replace("id: 77,", "id: 77, guards: { max_removals: 0 },");
    let base = base.replace(TEAM, "members: [ana@acme.com, eve@acme.com], projects: { web: admin }");
    let head = base
        .replace(", eve@acme.com: member", "")
        .replace("ana@acme.com, eve@acme.com], projects: { web: admin }", "ana@acme.com], projects: { web: consumer }");
    let live = |live: &str| {
        live.replace(
            r#""members":["ana@acme.com"],"projects":[{"id":1,"role":"analyst"}]"#,
            r#""members":["ana@acme.com","eve@acme.com"],"projects":[{"id":1,"role":"admin"}]"#,
        )
    };
    let told = proposing(&base, &head).told(&live, "markdown");
    assert_told(
        &told,
        &[
            "loses all access: admin on web",
            "as things are live**: 1 change",
            "- **`eve@acme.com`**\n  - ✏️ drops from admin to consumer",
        ],
    );
}

#[test]
fn names_that_are_long_are_counted_where_they_do_not_all_fit() {
    let names: Vec<String> = (10..30).map(|number| format!("{}-{number}@acme.com", "a".repeat(50))).collect();
    let users: String = names.iter().map(|name| format!("{name}: member, ")).collect();
    let of = |role: &str| {
        let base = configuration("", "").replace("eve@acme.com: member", &format!("{users}eve@acme.com: member"));
        base.replace(TEAM, &format!("members: [{}], projects: {{ web: {role} }}", names.join(", ")))
    };
    let live = |live: &str| {
        let user = |name: &String| format!(r#"{{"email":"{name}","role":"member","status":"active"}},"#);
        let live = live.replace("\"users\":[", &format!("\"users\":[{}", names.iter().map(user).collect::<String>()));
        let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
        live.replace(r#""members":["ana@acme.com"]"#, &format!(r#""members":[{}]"#, quoted.join(",")))
    };
    let told = proposing(&of("analyst"), &of("owner")).told(&live, "markdown");
    let line = told.lines().find(|line| line.starts_with(&format!("- **`{}", "a".repeat(50)))).unwrap();
    let more: usize = line.split(" and ").nth(1).unwrap().trim_end_matches(" more**").parse().unwrap();
    assert_eq!(line.matches('@').count() + more, 20, "{line}");
    assert!(more < 17, "{line}");
}

#[test]
fn whoever_stays_in_a_team_by_a_guard_has_what_the_team_has_then() {
    let base = configuration("", "").replace("id: 77,", "id: 77, guards: { max_removals: 0 },");
    let of =
        |members: &str, role: &str| base.replace(TEAM, &format!("members: [{members}], projects: {{ web: {role} }}"));
    let live = |live: &str| {
        live.replace(
            r#""members":["ana@acme.com"],"projects":[{"id":1,"role":"analyst"}]"#,
            r#""members":["ana@acme.com","eve@acme.com"],"projects":[{"id":1,"role":"owner"}]"#,
        )
    };
    let world = proposing(&of("ana@acme.com, eve@acme.com", "owner"), &of("ana@acme.com", "analyst"));
    let told = world.told(&live, "markdown");
    let besides = "as things are live**: 1 change of access for 1 user\n\n- **`eve@acme.com`**\n  - ✏️ drops from owner to analyst";
    assert_told(&told, &["➖ loses owner on web through team Analysts, keeps nothing", besides]);
}

#[test]
fn what_the_old_account_has_by_hand_is_nobodys_proposal() {
    let base = configuration("", "  - { user: eve@acme.com, project: web, role: analyst }\n");
    let head = configuration("", "  - { user: eva@acme.com, project: web, role: analyst }\n")
        .replace("eve@acme.com: member", "eva@acme.com: { role: member, previously: [eve@acme.com] }");
    let live = |live: &str| {
        let live = live.replace(r#""eve@acme.com","role":"member""#, r#""eve@acme.com","role":"owner""#);
        live.replace(r#""grants":["#, r#""grants":[{"user":"eve@acme.com","project":1,"role":"analyst"},"#)
    };
    let told = proposing(&base, &head).told(&live, "markdown");
    let kept = "\n**`eve@acme.com` (owner of the organization) keeps more than the base gives, until they join with another address.**\n";
    assert_told(&told, &["\nProposed: 1 person changes their address.\n", kept]);
    assert!(!told.contains("becomes owner"), "{told}");
}

#[test]
fn whoever_exchanges_a_role_does_not_say_what_it_was_worth() {
    let of = |like: &str, role: &str| {
        let base = configuration("", &format!("  - {{ user: eve@acme.com, project: ios, role: {role} }}\n"));
        base.replace("ios: 2", &format!("ios: {{ id: 2, roles: {{ Steward: {like} }} }}"))
    };
    let live = |live: &str| {
        let live = live.replace(r#""name":"iOS","roles":[]"#, r#""name":"iOS","roles":["Steward"]"#);
        live.replace(r#""grants":["#, r#""grants":[{"user":"eve@acme.com","project":2,"role":"Steward"},"#)
    };
    for (was, is, role, told) in [
        ("{ like: analyst }", "{ like: owner }", "owner", "**1 person becomes owner of ios**"),
        ("{ like: analyst }", "{ like: admin }", "admin", "**1 person becomes admin of ios**"),
        ("{}", "{ like: owner }", "owner", "**1 person becomes owner of ios**"),
        ("{ like: owner }", "{ like: analyst }", "admin", "1 person loses some access"),
        ("{ like: admin }", "{}", "admin", "1 person gets another role"),
    ] {
        let text = proposing(&of(was, "Steward"), &of(is, role)).told(&live, "markdown");
        assert!(text.contains(&format!("\nProposed: {told}, ")), "{was} {is} {role}: {text}");
    }
}
