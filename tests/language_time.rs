//! The language of time and blocks: what is refused, and where.

mod language_support;

use language_support::{check, check_org, compile_text};

#[test]
fn windows_have_an_end_after_their_beginning() {
    let user = |window: &str| format!("users: {{ a@b.io: {{ role: owner, {window} }} }}\n");
    check_org(&user("until: 2027-01-31, from: 2026-02-30"), &["E0308 3:58 2026-02-30"], "");
    for good in [
        "from: 2026-12-31, until: 2026-12-31",
        "from: 2026-12-31T23:59:59Z, until: 2026-12-31",
        "from: 2026-12-31, until: 2026-12-31T00:00:01Z",
        "from: 0000-01-01, until: 9999-12-31",
        "until: \"2026-12-31\"",
    ] {
        check_org(&user(good), &[], "");
    }
    for (bad, place) in [
        ("from: 2027-01-01, until: 2026-12-31", "3:58 2026-12-31 <- 3:39"),
        ("from: 2026-12-31, until: 2026-12-31T00:00:00Z", "3:58 2026-12-31T00:00:00Z <- 3:39"),
        ("from: 2027-01-01T00:00:00Z, until: 2026-12-31", "3:68 2026-12-31 <- 3:39"),
        ("from: 2027-01-01T01:00:00Z, until: 2027-01-01T01:00:00+01:00", "3:68 2027-01-01T01:00:00+01:00 <- 3:39"),
    ] {
        check_org(&user(bad), &[&format!("E0515 {place}")], "begins");
    }
    for (from, until, words) in [
        (
            "2027-01-01T01:00:00Z",
            "2027-01-01T02:00:00+01:00",
            "this ends (2027-01-01T02:00:00+01:00) at the moment at which it begins (2027-01-01T01:00:00Z)",
        ),
        (
            "2026-12-31",
            "2026-12-30T20:30:00-03:30",
            "this ends (2026-12-30T20:30:00-03:30) at the moment at which it begins (2026-12-31)",
        ),
        (
            "2027-01-01T01:00:00Z",
            "2027-01-01T01:00:00.5+01:00",
            "this ends (2027-01-01T01:00:00.5+01:00) before it begins (2027-01-01T01:00:00Z)",
        ),
    ] {
        let (_, compiled) = compile_text(&format!(
            "version: 1\norg: {{ key: acme, id: 1 }}\n{}",
            user(&format!("from: {from}, until: {until}"))
        ));
        let told: Vec<_> = compiled.diagnostics.iter().map(|one| &*one.message).collect();
        assert_eq!(told, [words]);
    }
    // The same two ends, in a zone where the day goes on longer.
    let mixed = "users: { a@b.io: { role: owner, from: 2027-01-01T04:00:00Z, until: 2026-12-31 } }\n";
    let in_zone = |zone: &str| format!("version: 1\norg: {{ key: acme, id: 1, timezone: {zone} }}\n{mixed}");
    check(&in_zone("Pacific/Honolulu"), &[]);
    check(&in_zone("Europe/Berlin"), &["E0515 3:68 2026-12-31 <- 3:39"]);
    // Nobody knows what a day in a zone that is misspelled would be.
    check(&in_zone("Europe/Berlln"), &["E0306 2:36 Europe/Berlln"]);
    // Everywhere that a window can stand.
    let late = "from: 2027-01-01, until: 2026-12-31";
    let everywhere = format!(
        "users: {{ a@b.io: owner }}\nprojects: {{ web: 1 }}\nteams: {{ t: {{ members: [{{ user: a@b.io, {late} }}], projects: {{ web: {{ role: analyst, {late} }} }} }} }}\ngrants: [{{ user: a@b.io, project: web, role: analyst, {late} }}]\n"
    );
    check_org(
        &everywhere,
        &["E0515 5:66 2026-12-31 <- 5:47", "E0515 5:140 2026-12-31 <- 5:121", "E0515 6:80 2026-12-31 <- 6:61"],
        "",
    );
}

#[test]
fn whoever_is_blocked_is_blocked_once_and_not_ignored() {
    let blocking = |list: &str, rest: &str, body: &str| {
        format!("version: 1\norg: {{ key: acme, id: 1, blocked: {list}{rest} }}\n{body}")
    };
    let details = "[{ user: EVE@acme.com, reason: left, ticket: HR-1, approved_by: [ana@acme.com] }, bo@acme.com]";
    check(&blocking(details, "", "users: { eve@acme.com: member }\n"), &[]);
    check(&blocking("[]", "", ""), &[]);
    check(&blocking("[eve@acme.com, Eve@acme.com]", "", ""), &["E0516 2:50 Eve@acme.com <- 2:36"]);
    check(&blocking("[{ reason: left }]", "", ""), &["E0205 2:36 { reason: left }"]);
    check(&blocking("[{ user: eve@acme.com, until: 2026-12-31 }]", "", ""), &["E0204 2:58 until"]);
    let ignore = ", manage: { ignore: { users: [\"*@acme.com\"] } }";
    check(&blocking("[eve@acme.com]", ignore, ""), &["E0510 2:36 eve@acme.com <- 2:79"]);
    // The addresses of one person: the one that she has, and the one that she had.
    let renamed = "users: { eve@b.io: { role: member, previously: [eve@acme.com] } }\n";
    check(&blocking("[eve@b.io]", ignore, renamed), &["E0510 2:36 eve@b.io <- 2:75"]);
}
