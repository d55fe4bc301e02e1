//! What a pull request says is told: every key of the language, and everything that stops being managed.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "proposal/apart.rs"]
mod apart;
#[path = "proposal/awaited.rs"]
mod awaited;
#[path = "proposal/keys.rs"]
mod keys;
#[path = "proposal/later.rs"]
mod later;
#[path = "proposal/strong.rs"]
mod strong;

use accessctl::backend::snapshot;
use accessctl::desired::{Bearing, Desired, Fate, MovedEnd, compile};
use accessctl::diagnostic::has_errors;
use accessctl::model::Interner;
use accessctl::plan::{Plan, Proposal};
use accessctl::planning;
use accessctl::source::{SourceFile, Sources};
use jiff::Timestamp;

/// 2026-11-21T09:00:00Z
const NOW: Timestamp = Timestamp::constant(1_795_251_600, 0);

const LIVE: &str = r#"{"format":"accessctl.snapshot/1","organization":{"id":77,"name":"Acme"},
  "projects":[{"id":1,"name":"Web","roles":["Steward"],"everyone":"consumer"},{"id":2,"name":"iOS"},{"id":3,"name":"Shop"},{"id":4,"name":"Car"},{"id":5,"name":"Fax"}],
  "users":[{"email":"ana@acme.com","role":"owner","status":"active"},{"email":"dee@acme.com","role":"owner","status":"active"},
    {"email":"bo@acme.com","role":"member","status":"active"},{"email":"cy@agency.com","role":"member","status":"active"}],
  "teams":[{"name":"Data","members":["ana@acme.com","bo@acme.com"],"projects":[{"id":1,"role":"analyst"}]},
    {"name":"Crew","members":["bo@acme.com"],"projects":[{"id":2,"role":"analyst"}]}],
  "grants":[{"user":"bo@acme.com","project":1,"role":"analyst"},{"user":"cy@agency.com","project":2,"role":"consumer"}]}"#;

fn desired(text: &str) -> Desired {
    let sources = Sources::new(vec![SourceFile::new("access.yaml", text.to_owned())]);
    let mut compiled = compile(&sources, &mut Interner::default());
    let found: Vec<_> = compiled.diagnostics.iter().map(|found| &found.message).collect();
    assert!(!has_errors(&compiled.diagnostics), "{found:?} in\n{text}");
    compiled.organizations.remove(0)
}

/// What `head` proposes as compared with `base`, at [`NOW`] on [`LIVE`].
fn compared(base: &str, head: &str) -> Plan {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("live.json");
    std::fs::write(&path, LIVE).unwrap();
    let live = snapshot::load(&path, NOW, &mut Interner::default()).unwrap().state;
    let (base, head) = (desired(base), desired(head));
    let mut plan = planning::plan(&head, live, "snapshot", NOW).unwrap().plan;
    planning::compare(&mut plan, &head, planning::Base::Was(&base), None).unwrap();
    plan
}

fn proposal(base: &str, head: &str) -> Proposal {
    *compared(base, head).proposal.unwrap()
}

/// The amendments of a proposal, each in a line.
fn amendments(base: &str, head: &str) -> Vec<String> {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let all = proposal(base, head).amendments.into_iter();
    all.map(|one| format!("{} {}: {} -> {}", one.bearing.as_str(), one.key, text(&one.before), text(&one.after)))
        .map(|line| line.replace(":  ->", ": ->").trim_end().to_owned())
        .collect()
}

/// The ends of a proposal, each in a line.
fn ends(base: &str, head: &str) -> Vec<String> {
    let time = |from: &Option<String>| from.clone().unwrap_or("-".to_owned());
    let all = proposal(base, head).ends.into_iter();
    all.map(|end| {
        let user = end.entry.user().map(ToString::to_string).unwrap_or_default();
        let times = format!("{} -> {}", time(&end.before.from), time(&end.after.from));
        let role = end.role_before.map_or(String::new(), |role| format!("({role:?})"));
        format!("{} {:?}{role} {user} {times}", end.bearing.as_str(), end.fate)
    })
    .collect()
}

/// A configuration in which sections are managed as `mode` says, with `rest` for what they list.
fn managed(mode: &str, rest: &str) -> String {
    format!(
        "version: 1
org: {{ key: acme, id: 77, manage: {{ users: {mode}, teams: {mode}, grants: {mode}, everyone: {mode} }} }}
users: {{ ana@acme.com: owner, dee@acme.com: owner, bo@acme.com: member, cy@agency.com: {{ role: member, until: 2027-01-31 }} }}
projects: {{ web: {{ id: 1, environment: production, everyone: consumer }}, ios: 2, shop: 3 }}
teams:
  data: {{ name: Data, members: [ana@acme.com, bo@acme.com], projects: {{ web: analyst }} }}
  crew: {{ name: Crew, members: [bo@acme.com], projects: {{ ios: analyst }} }}
grants: [{{ user: bo@acme.com, project: web, role: analyst }}, {{ user: cy@agency.com, project: ios, role: consumer }}]
{rest}"
    )
}

#[test]
fn what_is_listed_and_left_out_is_not_managed_any_more() {
    let base = managed("listed", "");
    for (from, to, told) in [
        (", bo@acme.com: member", ", bo@acme.com: { role: member, name: Bo }", &[][..]),
        // Nothing of it changes on the live side; and the end is gone that an apply would have heeded.
        (
            ", cy@agency.com: { role: member, until: 2027-01-31 } }\n",
            " }\n",
            &[
                "loosens users: managed: cy@agency.com, member until 2027-01-31 ->",
                "loosens grants: managed: cy@agency.com, consumer on ios ->",
            ],
        ),
        (
            ", { user: cy@agency.com, project: ios, role: consumer }",
            "",
            &["loosens grants: managed: cy@agency.com, consumer on ios ->"],
        ),
        (
            "  crew: { name: Crew, members: [bo@acme.com], projects: { ios: analyst } }\n",
            "",
            &["loosens teams: managed: Crew ->"],
        ),
        (", everyone: consumer }", " }", &["loosens projects.web.everyone: managed: consumer ->"]),
    ] {
        let mut head = base.replace(from, to);
        if from.starts_with(", cy@agency.com") {
            head = head.replace(", { user: cy@agency.com, project: ios, role: consumer }", "");
        }
        assert_eq!(amendments(&base, &head), told, "{head}");
        let plan = compared(&base, &head);
        assert!(plan.changes.is_empty() && plan.proposal.unwrap().plan.changes.is_empty(), "{head}");
        // Where all that is not listed goes, it is told as that.
        let (base, head) = (managed("full", ""), head.replace("listed", "full"));
        let proposal = proposal(&base, &head);
        assert_eq!(proposal.amendments, [], "{head}");
        assert_eq!(proposal.plan.changes.is_empty(), told.is_empty(), "{head}");
    }
    // Beside it, another name is no loss.
    let renamed = base.replace("name: Crew", "name: Team, previously: [Crew]");
    assert_eq!(amendments(&base, &renamed), [""; 0]);
    // Nor is what was over, or was not managed.
    let over = base.replace("2027-01-31", "2026-01-31");
    let head = over
        .replace(", cy@agency.com: { role: member, until: 2026-01-31 }", "")
        .replace(", { user: cy@agency.com, project: ios, role: consumer }", "");
    assert_eq!(amendments(&over, &head), [""; 0]);
}

#[test]
fn parts_of_teams_that_are_left_alone_are_told() {
    for mode in ["listed", "full"] {
        let base = managed(mode, "");
        for (from, to, told) in [
            ("name: Crew, members: [bo@acme.com],", "name: Crew,", "teams.crew.members: managed ->"),
            (
                "members: [bo@acme.com], projects: { ios: analyst }",
                "members: [bo@acme.com]",
                "teams.crew.projects: managed ->",
            ),
            (
                "name: Crew, members: [bo@acme.com],",
                "name: Crew, scim_managed: true,",
                "teams.crew.scim_managed: false -> true",
            ),
        ] {
            let head = base.replace(from, to);
            assert_eq!(amendments(&base, &head), [format!("loosens {told}")], "{mode}: {head}");
            let back = &amendments(&head, &base)[0];
            assert!(back.starts_with("tightens "), "{mode}: {back}");
        }
    }
}

#[test]
fn sections_that_are_left_out_are_told() {
    let base = "version: 1\norg: { key: acme, id: 77 }\nusers: { ana@acme.com: owner, dee@acme.com: owner, bo@acme.com: member, \
                cy@agency.com: member }\nprojects: { web: 1, ios: 2 }\ngrants: [{ user: bo@acme.com, project: web, role: analyst }, \
                { user: cy@agency.com, project: ios, role: consumer }]\n";
    let (without_grants, _) = base.split_once("grants:").unwrap();
    assert_eq!(amendments(base, without_grants), ["loosens manage.grants: full -> none"]);
    let without_users = base.lines().filter(|line| !line.starts_with("users:")).collect::<Vec<_>>().join("\n");
    assert_eq!(amendments(base, &without_users), ["loosens manage.users: full -> none"]);
}

#[test]
fn a_project_that_is_taken_out_is_not_managed_any_more() {
    let (base, out) = (managed("full", ""), |text: &str| {
        text.replace("web: { id: 1, environment: production, everyone: consumer }, ", "")
            .replace(", projects: { web: analyst }", ", projects: {}")
            .replace("{ user: bo@acme.com, project: web, role: analyst }, ", "")
    });
    let head = out(&base);
    assert_eq!(amendments(&base, &head), ["loosens projects.web: managed (1, production) ->"]);
    assert!(compared(&base, &head).changes.is_empty(), "nothing of it is touched");
    assert_eq!(amendments(&head, &base), ["tightens projects.web: -> managed (1, production)"]);
    // Where nobody keeps anything on such a project, all of it goes, and that is told of people.
    let full = |text: &str| text.replace("grants: full", "projects: full, grants: full");
    assert_eq!(amendments(&full(&base), &full(&head)), ["alters projects.web: declared (1, production) ->"]);
    assert!(!compared(&full(&base), &full(&head)).changes.is_empty());
    // Whoever exchanges keys says so.
    let swapped = base.replace("ios: 2, shop: 3", "shop: 2, ios: 3");
    let told = amendments(&base, &swapped);
    assert!(told.contains(&"loosens projects.shop.key: ios -> shop".to_owned()), "{told:?}");
}

#[test]
fn a_project_that_is_production_no_more_is_looked_at_less() {
    let of = |environment: &str, policy: &str| {
        let environment = if environment.is_empty() { String::new() } else { format!(", environment: {environment}") };
        format!(
            "version: 1\norg: {{ key: acme, id: 77, policy: [{policy}] }}\nusers: {{ ana@acme.com: owner, dee@acme.com: owner, \
             bo@acme.com: member, cy@agency.com: member }}\nprojects: {{ web: {{ id: 1{environment} }}, ios: {{ id: 2, \
             environment: production }}, shop: {{ id: 3, environment: live }} }}\n"
        )
    };
    let of_live = "{ name: one, when: { environment: live }, require: [reason], severity: warning }";
    for (before, after, policy, bearing) in [
        ("production", "staging", "", Bearing::Loosens),
        ("production", "", "", Bearing::Loosens),
        ("staging", "production", "", Bearing::Tightens),
        ("", "production", "", Bearing::Tightens),
        ("staging", "test", "", Bearing::Alters),
        // A rule says what is looked at.
        ("live", "test", of_live, Bearing::Loosens),
        ("test", "live", of_live, Bearing::Tightens),
        ("live", "production", of_live, Bearing::Loosens),
        ("test", "other", of_live, Bearing::Alters),
    ] {
        let told = proposal(&of(before, policy), &of(after, policy)).amendments;
        let told: Vec<_> = told.iter().map(|one| (one.key.as_str(), one.bearing)).collect();
        assert_eq!(told, [("projects.web.environment", bearing)], "{before} -> {after} {policy}");
    }
}

#[test]
fn access_that_does_not_begin_any_more_is_told() {
    let with = |grant: &str| managed("full", "").replace("grants: [", &format!("grants: [{grant}"));
    let later = |role: &str, more: &str| {
        format!("{{ user: ana@acme.com, project: ios, role: {role}, from: 2027-01-01{more} }}, ")
    };
    let base = with(&later("admin", ""));
    let withdrawn = "tightens Withdrawn ana@acme.com 2027-01-01 -> -";
    for (head, told) in [
        (with(""), withdrawn),
        (with(&later("admin", ", until: 2027-02-01")), "tightens Moved ana@acme.com 2027-01-01 -> 2027-01-01"),
        (with(&later("owner", "")), "loosens OtherRole(\"admin\") ana@acme.com 2027-01-01 -> 2027-01-01"),
        (with(&later("analyst", "")), "tightens OtherRole(\"admin\") ana@acme.com 2027-01-01 -> 2027-01-01"),
        (with("{ user: ana@acme.com, project: ios, role: admin }, "), "loosens Moved ana@acme.com 2027-01-01 -> -"),
        // Another role that holds at once is a change, and what was to come does not.
        (with("{ user: ana@acme.com, project: ios, role: analyst }, "), withdrawn),
    ] {
        assert_eq!(ends(&base, &head), [told], "{head}");
        assert_eq!(ends(&head, &head), [""; 0]);
    }
    // Where the earlier role held, it goes, and that is a change.
    let head = base.replace(
        "{ user: bo@acme.com, project: web, role: analyst }",
        "{ user: bo@acme.com, project: web, role: admin, from: 2027-01-01 }",
    );
    assert_eq!(ends(&base, &head), ["loosens OtherRole(\"analyst\") bo@acme.com - -> 2027-01-01"]);
    // Members, roles of teams and users begin as well, and whoever is blocked never would have.
    let plain = managed("full", "");
    for (from, to) in [
        ("members: [bo@acme.com]", "members: [bo@acme.com, { user: dee@acme.com, from: 2027-01-01 }]"),
        ("projects: { ios: analyst }", "projects: { ios: analyst, shop: { role: admin, from: 2027-01-01 } }"),
        ("users: { ana", "users: { new@acme.com: { role: member, from: 2027-01-01 }, ana"),
    ] {
        let base = plain.replace(from, to);
        assert!(ends(&base, &plain)[0].starts_with("tightens Withdrawn "), "{base}");
        let end = &proposal(&base, &plain).ends[0];
        assert_eq!((&end.fate, end.is_grave()), (&Fate::Withdrawn, false));
    }
    let blocked = |text: &str| text.replace("id: 77,", "id: 77, blocked: [new@acme.com],");
    let base = plain.replace("users: { ana", "users: { new@acme.com: { role: member, from: 2027-01-01 }, ana");
    assert_eq!(ends(&blocked(&base), &blocked(&plain)), [""; 0]);
    // What is left out of a list has not begun, and nobody keeps it.
    let listed = base.replace("full", "listed");
    assert_eq!(amendments(&listed, &plain.replace("full", "listed")), [""; 0]);
}

#[test]
fn another_role_and_another_time_bear_together() {
    let with = |grant: &str| {
        let custom = "{ id: 1, roles: { Steward: {}, Chief: { like: admin } } }";
        let head = managed("full", "").replace("{ id: 1, environment: production, everyone: consumer }", custom);
        head.replace("grants: [", &format!("grants: [{{ user: ana@acme.com, project: web, role: {grant} }}, "))
    };
    for (before, now, bearing, is_grave) in [
        // Neither is more.
        ("admin, from: 2027-01-01", "analyst, from: 2027-01-01", Bearing::Tightens, false),
        ("admin, from: 2027-01-01", "analyst, from: 2027-02-01, until: 2027-03-01", Bearing::Tightens, false),
        ("owner, from: 2027-01-01", "admin, from: 2027-01-01", Bearing::Tightens, false),
        ("analyst", "consumer, from: 2027-01-01", Bearing::Tightens, false),
        ("Chief, from: 2027-01-01", "analyst, from: 2027-01-01", Bearing::Tightens, false),
        // The role is less, and the time more.
        ("admin, from: 2027-02-01", "analyst, from: 2027-01-01", Bearing::Alters, false),
        ("admin, from: 2027-01-01, until: 2027-02-01", "analyst, from: 2027-01-01", Bearing::Alters, false),
        ("admin, from: 2027-01-01, until: 2027-02-01", "analyst, from: 2027-03-01", Bearing::Alters, false),
        ("analyst, until: 2026-01-31", "consumer, from: 2027-01-01, until: 2027-02-01", Bearing::Alters, false),
        ("owner, from: 2027-02-01", "admin, from: 2027-01-01", Bearing::Alters, true),
        // The role is more, or the time.
        ("analyst, from: 2027-01-01", "admin, from: 2027-02-01, until: 2027-03-01", Bearing::Loosens, true),
        ("consumer, from: 2027-01-01", "analyst, from: 2027-01-01", Bearing::Loosens, false),
        ("admin, from: 2027-01-01", "Chief, from: 2027-01-01", Bearing::Alters, false),
        ("admin, from: 2027-02-01", "Chief, from: 2027-01-01", Bearing::Loosens, true),
        ("admin, from: 2027-01-01", "Chief, from: 2027-02-01", Bearing::Tightens, false),
        // Nobody knows what is more; somebody who becomes admin has more.
        ("analyst, from: 2027-01-01", "Steward, from: 2027-01-01", Bearing::Alters, false),
        ("analyst, from: 2027-01-01", "Steward, from: 2027-02-01", Bearing::Alters, false),
        ("analyst, from: 2027-02-01", "Steward, from: 2027-01-01", Bearing::Loosens, false),
        ("Steward, from: 2027-01-01", "analyst, from: 2027-02-01", Bearing::Alters, false),
        ("Steward, from: 2027-01-01", "admin, from: 2027-02-01", Bearing::Loosens, true),
    ] {
        let ends = proposal(&with(before), &with(now)).ends;
        let told: Vec<_> = ends.iter().map(|end| (end.fate, end.bearing, end.is_grave())).collect();
        assert_eq!(told, [(Fate::OtherRole, bearing, is_grave)], "{before} -> {now}");
    }
    // So do the roles of users.
    let with = |role: &str| {
        let later = format!("users: {{ new@acme.com: {{ role: {role} }}, ana");
        managed("full", "").replace("users: { ana", &later)
    };
    for (before, now, bearing) in [
        ("billing_admin, from: 2027-01-01", "member, from: 2027-02-01", Bearing::Tightens),
        ("billing_admin, from: 2027-02-01", "member, from: 2027-01-01", Bearing::Alters),
        ("member, from: 2027-01-01", "billing_admin, from: 2027-02-01", Bearing::Loosens),
    ] {
        let ends = proposal(&with(before), &with(now)).ends;
        assert_eq!(ends.iter().map(|end| end.bearing).collect::<Vec<_>>(), [bearing], "{before} -> {now}");
    }
}

#[test]
fn an_end_that_is_moved_with_the_role_says_the_role_before() {
    let with = |role: &str| {
        managed("full", "")
            .replace("grants: [", &format!("grants: [{{ user: ana@acme.com, project: web, role: {role} }}, "))
    };
    for (before, now, role, bearing, is_grave) in [
        ("analyst, until: 2026-12-31", "admin, until: 2027-03-31", Some("analyst"), Bearing::Loosens, true),
        ("analyst, until: 2026-12-31", "admin", Some("analyst"), Bearing::Loosens, true),
        ("admin, until: 2026-12-31", "analyst, until: 2027-03-31", Some("admin"), Bearing::Alters, false),
        ("admin, until: 2027-03-31", "analyst, until: 2026-12-31", Some("admin"), Bearing::Tightens, false),
        ("admin", "analyst, from: 2026-01-31", Some("admin"), Bearing::Tightens, false),
        // The stronger role is told as a change, and the end comes earlier.
        ("analyst, until: 2027-03-31", "admin, until: 2026-12-31", Some("analyst"), Bearing::Loosens, false),
        // What is over lets nobody do anything.
        ("analyst, until: 2027-03-31", "admin, until: 2026-01-31", Some("analyst"), Bearing::Tightens, false),
        ("analyst, until: 2026-12-31", "analyst, until: 2027-03-31", None, Bearing::Loosens, false),
    ] {
        let ends = proposal(&with(before), &with(now)).ends;
        let told = |end: &MovedEnd| (end.fate, end.role_before.clone(), end.bearing, end.is_grave());
        let expected = (Fate::Moved, role.map(str::to_owned), bearing, is_grave);
        assert_eq!(ends.iter().map(told).collect::<Vec<_>>(), [expected], "{before} -> {now}");
    }
    // Where the time is the same, the change says it.
    assert_eq!(ends(&with("analyst, until: 2026-12-31"), &with("admin, until: 2026-12-31")), [""; 0]);
}

#[test]
fn a_backend_that_is_elsewhere_is_looser() {
    let with = |backend: &str| managed("full", "").replace("id: 77,", &format!("id: 77, backend: {{ {backend} }},"));
    let [local, service] = ["type: local, state: acme.db", "type: mixpanel, region: eu"].map(str::to_owned);
    let and = |more: &str| format!("{service}, {more}");
    let proxy = and("base_url: 'https://proxy.acme.com'");
    for (before, after, told) in [
        // Nothing looks at the organization itself any more, or the credential goes elsewhere.
        (&service, &local, "loosens backend: https://eu.mixpanel.com -> local"),
        (&service, &proxy, "loosens backend: https://eu.mixpanel.com -> https://proxy.acme.com"),
        (&proxy, &service, "loosens backend: https://proxy.acme.com -> https://eu.mixpanel.com"),
        (
            &proxy,
            &proxy.replace("acme.com", "acme.org"),
            "loosens backend: https://proxy.acme.com -> https://proxy.acme.org",
        ),
        (&service, &service.replace("eu", "us"), "loosens backend: https://eu.mixpanel.com -> https://mixpanel.com"),
        (&local, &service, "alters backend: local -> https://eu.mixpanel.com"),
        (&local, &local.replace("acme", "other"), "alters backend.state: acme.db -> other.db"),
        // All requests go to the same address.
        (&proxy, &proxy.replace("region: eu", "region: us"), "alters backend.region: ->"),
        // More guesses are sent.
        (&service, &and("unverified: invite_user"), "loosens backend.unverified: -> invite_user"),
        (&and("unverified: invite_user"), &and("unverified: all"), "loosens backend.unverified: invite_user -> all"),
        (&and("unverified: all"), &service, "tightens backend.unverified: all ->"),
        (
            &and("unverified: [invite_user, list_invitations]"),
            &and("unverified: [set_org_role, invite_user]"),
            "loosens backend.unverified: list_invitations, invite_user -> invite_user, set_org_role",
        ),
        (&service, &and("org_roles: { member: regular }"), "alters backend.catalogue or backend.org_roles: ->"),
    ] {
        assert_eq!(amendments(&with(before), &with(after)), [told]);
    }
    let told = amendments(&with(&service), &managed("full", ""));
    assert_eq!(told, ["loosens backend: https://eu.mixpanel.com ->"]);
}

#[test]
fn a_rule_that_is_about_less_is_looser() {
    let of = |when: &str| {
        format!(
            "version: 1\norg: {{ key: acme, id: 77, domains: [acme.com], policy: [{{ name: one, when: {{ role_at_least: analyst{when} }}, \
             require: [reason], severity: warning }}] }}\nusers: {{ ana@acme.com: owner, dee@acme.com: owner, bo@acme.com: member, \
             cy@agency.com: member }}\nprojects: {{ web: 1, ios: 2 }}\n"
        )
    };
    for (wide, narrow) in [
        ("", ", user: external"),
        (", user: [external, bo@acme.com]", ", user: external"),
        ("", ", project: web"),
        (", project: [web, ios]", ", project: ios"),
        (", role: [admin, owner]", ", role: owner"),
        ("", ", via: [team, everyone]"),
        (", user: external", ", user: external, project: web"),
    ] {
        let told = |base: &str, head: &str| amendments(&of(base), &of(head));
        assert_eq!(told(wide, narrow), ["loosens policy.one.when: ->"], "{wide} -> {narrow}");
        assert_eq!(told(narrow, wide), ["tightens policy.one.when: ->"], "{narrow} -> {wide}");
    }
    for (before, after) in [(", project: web", ", project: ios"), (", user: external", ", project: web")] {
        assert_eq!(amendments(&of(before), &of(after)), ["alters policy.one.when: ->"], "{before} -> {after}");
    }
}

#[test]
fn a_limit_of_removals_in_another_form_is_compared_where_it_can_be() {
    let with = |limit: &str| {
        let guards = if limit.is_empty() { String::new() } else { format!(" guards: {{ max_removals: {limit} }},") };
        managed("full", "").replace("id: 77,", &format!("id: 77,{guards}"))
    };
    for (less, more) in [
        ("0", ""),
        ("0", "50%"),
        ("0", "1"),
        ("0", "100%"),
        // Five or fewer never exceed a share, and one never does, even an owner or admin.
        ("0", "0%"),
        ("1", "0%"),
        ("1", ""),
        ("0%", "5"),
        ("0%", "1%"),
        ("40", "100%"),
        ("25%", "26%"),
    ] {
        let bearings = |base: &str, head: &str| {
            let told = proposal(&with(base), &with(head)).amendments;
            told.into_iter().map(|one| (one.key, one.bearing)).collect::<Vec<_>>()
        };
        let key = "guards.max_removals".to_owned();
        assert_eq!(bearings(less, more), [(key.clone(), Bearing::Loosens)], "{less} -> {more}");
        assert_eq!(bearings(more, less), [(key, Bearing::Tightens)], "{more} -> {less}");
    }
    // It depends on how many there are, and on whether owners are among them.
    for (before, after) in [("40", "50%"), ("50%", "40"), ("3", "0%"), ("0%", "4"), ("5", "25%")] {
        let told = amendments(&with(before), &with(after));
        assert_eq!(told, [format!("alters guards.max_removals: {before} -> {after}")]);
    }
    assert_eq!(amendments(&with(""), &with("25%")), [""; 0]);
}
