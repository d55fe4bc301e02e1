//! Who is admin or owner on a later day by several lines together is told, once.

use accessctl::desired::{Bearing, Entry, Fate, MovedEnd};

use super::proposal;

/// What is declared, section by section.
#[derive(Clone, Copy)]
struct Says {
    /// More keys of the organization.
    org: &'static str,
    cy: &'static str,
    web: &'static str,
    an: &'static str,
    more: &'static str,
}

const LATER: &str = "{ role: member, from: 2026-12-01 }";

const NOTHING: Says = Says { org: "", cy: "member", web: "1", an: "members: [bo@acme.com]", more: "" };

impl Says {
    fn text(self) -> String {
        let Self { org, cy, web, an, more } = self;
        let cy = if cy.is_empty() { String::new() } else { format!(", cy@acme.com: {cy}") };
        format!(
            "version: 1\norg: {{ key: acme, id: 77{org} }}\nusers: {{ ana@acme.com: owner, dee@acme.com: owner, bo@acme.com: member, \
             eve@acme.com: member{cy} }}\nprojects: {{ web: {web}, ios: 2 }}\nteams:\n  an: {{ {an} }}\n{more}"
        )
    }
}

/// The admins and owners of later days that are told of, each in a line with what is written at its place.
fn told(base: Says, head: Says) -> Vec<String> {
    let (base, head) = (base.text(), head.text());
    let ends = proposal(&base, &head).ends.into_iter().filter(MovedEnd::is_grave);
    ends.map(|end| {
        let entry = match &end.entry {
            Entry::User(user, role) => format!("{user} {role}"),
            Entry::Member(team, user) => {
                let with = end.strong.iter().map(|held| format!("{} on {}", held.role.as_str(), names(&held.projects)));
                format!("{user} in {team} (with it {})", with.collect::<Vec<_>>().join(", "))
            }
            Entry::TeamRole(team, projects, role) => format!("{team} {role} on {}", names(projects)),
            Entry::Grant(user, projects, role) => format!("{user} {role} on {}", names(projects)),
            Entry::Exception(_) | Entry::Waiver(..) | Entry::Acceptance(..) => String::new(),
        };
        assert_eq!(end.bearing, Bearing::Loosens, "{entry} in\n{head}");
        let written = &head[end.place.start as usize..end.place.end as usize];
        let bound = |bound: Option<String>| bound.unwrap_or("-".to_owned());
        let from = format!("from {} -> {}", bound(end.before.from), bound(end.after.from));
        let until = format!("until {} -> {}", bound(end.before.until), bound(end.after.until));
        let fate = if end.fate == Fate::Moved { "" } else { "new: " };
        format!("{fate}{entry} {from} {until} by {written}").replace(" from - -> -", "").replace(" until - -> -", "")
    })
    .collect()
}

fn names(projects: &[accessctl::model::ProjectKey]) -> String {
    projects.iter().map(|key| key.as_str()).collect::<Vec<_>>().join("+")
}

const CY: &str = "cy@acme.com";

/// Without cy, and with.
const AN: &str = "members: [bo@acme.com], projects: { web: admin }";
const AN_CY: &str = "members: [bo@acme.com, cy@acme.com], projects: { web: admin }";

#[test]
fn what_begins_by_several_lines_is_told() {
    let later = Says { cy: LATER, ..NOTHING };
    let grant = "grants: [{ user: cy@acme.com, project: web, role: owner }]\n";
    let both = "members: [bo@acme.com, cy@acme.com], projects: { web: admin, ios: admin }";
    let three = "members: [bo@acme.com, cy@acme.com], projects: { web: owner, ios: admin }";
    let plain = "members: [cy@acme.com], projects: { web: analyst }";
    let raised = "members: [cy@acme.com], projects: { web: admin }";
    let timed = "members: [{ user: cy@acme.com, from: 2026-12-01 }], projects: { web: analyst }";
    let timed_owner = "members: [{ user: cy@acme.com, from: 2026-12-01 }], projects: { web: owner }";
    let role = "members: [bo@acme.com], projects: { web: { role: owner, from: 2026-12-01 } }";
    let role_cy = "members: [bo@acme.com, cy@acme.com], projects: { web: { role: owner, from: 2026-12-01 } }";
    let chief = "{ id: 1, roles: { Chief: { like: admin }, Steward: {} } }";
    let blocked = ", blocked: [cy@acme.com]";
    let admin = "{ role: admin, from: 2026-12-01 }";
    for (base, head, expected) in [
        (
            Says { an: AN, ..later },
            Says { an: AN_CY, ..later },
            &["new: CY in an (with it admin on web) from - -> 2026-12-01 by CY"][..],
        ),
        (
            later,
            Says { more: grant, ..later },
            &["new: CY owner on web from - -> 2026-12-01 by { user: CY, project: web, role: owner }"],
        ),
        // Projects with the same role are one entry.
        (
            Says { an: AN, ..later },
            Says { an: both, ..later },
            &["new: CY in an (with it admin on web+ios) from - -> 2026-12-01 by CY"],
        ),
        (
            Says { an: AN, ..later },
            Says { an: three, ..later },
            &["new: CY in an (with it owner on web, admin on ios) from - -> 2026-12-01 by CY"],
        ),
        (
            Says { an: plain, ..later },
            Says { an: raised, ..later },
            &["new: CY admin on web from - -> 2026-12-01 by web"],
        ),
        (
            Says { an: timed, ..NOTHING },
            Says { an: timed_owner, ..NOTHING },
            &["new: CY owner on web from - -> 2026-12-01 by web"],
        ),
        (
            Says { an: role, ..NOTHING },
            Says { an: role_cy, ..NOTHING },
            &["new: CY owner on web from - -> 2026-12-01 by CY"],
        ),
        // So it is by a default role, a role that ranks like one, and whoever is no longer blocked.
        (
            later,
            Says { web: "{ id: 1, everyone: admin }", ..later },
            &["new: CY admin on web from - -> 2026-12-01 by admin"],
        ),
        (
            Says { web: chief, ..later },
            Says { web: chief, more: "grants: [{ user: cy@acme.com, project: web, role: Chief }]\n", ..later },
            &["new: CY Chief on web from - -> 2026-12-01 by { user: CY, project: web, role: Chief }"],
        ),
        (
            Says { web: chief, ..later },
            Says { web: chief, more: "grants: [{ user: cy@acme.com, project: web, role: Steward }]\n", ..later },
            &[],
        ),
        (
            Says { org: blocked, an: AN_CY, ..later },
            Says { an: AN_CY, ..later },
            &["new: CY admin on web from - -> 2026-12-01 by web"],
        ),
        (
            Says { org: blocked, cy: admin, an: AN_CY, ..NOTHING },
            Says { cy: admin, an: AN_CY, ..NOTHING },
            &["new: CY admin from - -> 2026-12-01 by CY"],
        ),
        // What begins at once is a change, and nobody makes what is not managed.
        (
            Says { an: AN, cy: "{ role: member, until: 2026-12-31 }", ..NOTHING },
            Says { an: AN_CY, cy: "{ role: member, until: 2026-12-31 }", ..NOTHING },
            &[],
        ),
        (Says { an: AN, ..later }, Says { an: AN_CY, org: blocked, ..later }, &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|line| line.replace("CY", CY)).collect();
        assert_eq!(told(base, head), expected, "{}", head.text());
        assert_eq!(told(head, head), [""; 0]);
    }
    let unmanaged = Says { org: ", manage: { teams: none }", an: AN, ..later };
    assert_eq!(told(unmanaged, Says { an: AN_CY, ..unmanaged }), [""; 0]);
}

#[test]
fn what_goes_on_by_another_line_is_told() {
    let until = "grants: [{ user: cy@acme.com, project: web, role: admin, until: 2026-12-01 }]\n";
    let longer = "grants: [{ user: cy@acme.com, project: web, role: admin, until: 2026-12-10 }]\n";
    let next = "grants: [{ user: cy@acme.com, project: web, role: owner, until: 2026-12-01 }]\n";
    let for_ever = "grants: [{ user: cy@acme.com, project: web, role: admin }]\n";
    let ending = "members: [bo@acme.com, { user: cy@acme.com, until: 2026-12-01 }], projects: { web: admin }";
    let then =
        "members: [bo@acme.com, { user: cy@acme.com, from: 2026-12-02, until: 2026-12-31 }], projects: { web: admin }";
    let starting = "members: [bo@acme.com, { user: cy@acme.com, from: 2026-12-10 }], projects: { web: admin }";
    let second = "  two: { members: [cy@acme.com], projects: { web: admin } }\n";
    let soon = "grants: [{ user: cy@acme.com, project: web, role: admin, from: 2026-12-01 }]\n";
    let with = |an, more| Says { an, more, ..NOTHING };
    let end = "CY admin on web until 2026-12-01 -> -";
    for (base, head, expected) in [
        (with(AN, until), with(AN_CY, until), &["CY admin on web until 2026-12-01 -> - by CY"][..]),
        (with(AN, until), with(AN_CY, ""), &["CY admin on web until 2026-12-01 -> - by CY"]),
        (with(ending, ""), with(AN, for_ever), &["{end} by { user: CY, project: web, role: admin }"]),
        (with(ending, ""), with(ending, second), &["{end} by CY"]),
        (
            with(AN, until),
            with(then, until),
            &["new: CY in an (with it admin on web) from - -> 2026-12-02 until - -> 2026-12-31 by 2026-12-31"],
        ),
        // The end that is put off a little hides none that is not there any more.
        (
            with(AN, until),
            with(AN_CY, longer),
            &[
                "CY admin on web until 2026-12-01 -> - by CY",
                "CY admin on web until 2026-12-01 -> 2026-12-10 by 2026-12-10",
            ],
        ),
        // What began later begins earlier by another line, which is new.
        (
            Says { cy: LATER, ..with(starting, "") },
            Says { cy: LATER, ..with(starting, for_ever) },
            &["new: CY admin on web from - -> 2026-12-01 by { user: CY, project: web, role: admin }"],
        ),
        // An owner is admin as well: who was to be admin for ever is not told as that again.
        (with(AN, next), with(AN_CY, next), &["CY admin on web until 2026-12-01 -> - by CY"]),
        (with(AN_CY, soon), with(AN_CY, ""), &[]),
    ] {
        let expected: Vec<_> = expected.iter().map(|line| line.replace("{end}", end).replace("CY", CY)).collect();
        assert_eq!(told(base, head), expected, "{}", head.text());
        assert_eq!(told(head, head), [""; 0]);
    }
}

#[test]
fn nothing_is_told_where_only_the_way_changes() {
    let grant = "grants: [{ user: cy@acme.com, project: web, role: admin, from: 2026-12-01, until: 2026-12-31 }]\n";
    let member =
        "members: [bo@acme.com, { user: cy@acme.com, from: 2026-12-01, until: 2026-12-31 }], projects: { web: admin }";
    let one = Says { an: AN, more: grant, ..NOTHING };
    let other = Says { an: member, ..NOTHING };
    let ends = |base: Says, head: Says| {
        let all = proposal(&base.text(), &head.text()).ends;
        all.into_iter().map(|end| (end.entry, end.fate)).filter(|(_, fate)| *fate == Fate::Moved).collect::<Vec<_>>()
    };
    assert_eq!((ends(one, other), ends(other, one)), (vec![], vec![]));
    let ending = "grants: [{ user: cy@acme.com, project: web, role: admin, until: 2026-12-31 }]\n";
    let parts =
        "members: [bo@acme.com, { user: cy@acme.com, from: 2026-11-25, until: 2026-12-31 }], projects: { web: admin }";
    let first = "grants: [{ user: cy@acme.com, project: web, role: admin, until: 2026-11-24 }]\n";
    let whole = Says { an: AN, more: ending, ..NOTHING };
    let in_parts = Says { an: parts, more: first, ..NOTHING };
    assert_eq!(ends(in_parts, whole).len(), 1, "the line itself says another end");
    let member_until = "members: [bo@acme.com, { user: cy@acme.com, until: 2026-12-31 }], projects: { web: admin }";
    assert_eq!(told(whole, Says { an: member_until, ..NOTHING }), [""; 0]);
    // The time zone is told of itself.
    let zone = |says: Says| Says { org: ", timezone: America/New_York", ..says };
    assert_eq!(told(whole, zone(Says { an: member_until, ..NOTHING })), [""; 0]);
}

#[test]
fn nothing_is_told_twice() {
    let grant = "grants: [{ user: cy@acme.com, project: web, role: admin, from: 2026-12-01 }]\n";
    let owner = "grants: [{ user: cy@acme.com, project: web, role: owner, from: 2027-01-01 }]\n";
    let member = "members: [bo@acme.com, { user: cy@acme.com, from: 2026-12-01 }], projects: { web: admin }";
    let role = "members: [bo@acme.com, cy@acme.com], projects: { web: { role: admin, from: 2026-12-01 } }";
    let plain = "members: [bo@acme.com, cy@acme.com], projects: { web: analyst }";
    for (base, head, number) in [
        (NOTHING, Says { more: grant, ..NOTHING }, 1),
        (NOTHING, Says { more: owner, ..NOTHING }, 1),
        (Says { an: AN, ..NOTHING }, Says { an: member, ..NOTHING }, 1),
        (Says { an: plain, ..NOTHING }, Says { an: role, ..NOTHING }, 1),
        (Says { cy: "", an: AN, ..NOTHING }, Says { cy: LATER, an: AN_CY, ..NOTHING }, 1),
        (Says { cy: "", ..NOTHING }, Says { cy: "{ role: owner, from: 2026-12-01 }", an: AN_CY, ..NOTHING }, 1),
        // Admin first and owner then are two.
        (Says { an: AN, ..NOTHING }, Says { an: member, more: owner, ..NOTHING }, 2),
    ] {
        let found = told(base, head);
        assert_eq!(found.len(), number, "{found:?}");
    }
    // Nor is the user's own role where that is another one now.
    for (role, stronger) in [("member", "owner"), ("member", "admin"), ("admin", "owner")] {
        let cy = |role: &str| format!(", cy@acme.com: {{ role: {role}, from: 2027-01-01 }}");
        let [base, head] = [role, stronger].map(|role| NOTHING.text().replace(", cy@acme.com: member", &cy(role)));
        let told: Vec<_> = proposal(&base, &head).ends.into_iter().map(|end| (end.fate, end.entry)).collect();
        let user = accessctl::model::Email::new(CY).unwrap();
        let role = accessctl::model::OrgRole::read(stronger).unwrap();
        assert_eq!(told, [(Fate::OtherRole, Entry::User(user, role))], "{head}");
    }
    // So they are where neither line is told of itself.
    let later = Says { cy: LATER, an: AN, more: owner, ..NOTHING };
    let twice = "members: [bo@acme.com, cy@acme.com], projects: { web: admin }";
    assert_eq!(
        told(later, Says { an: twice, ..later }),
        ["new: CY in an (with it admin on web) from - -> 2026-12-01 by CY".replace("CY", CY)]
    );
    // That somebody comes earlier says nothing of a team that they join besides.
    let moved = Says { cy: "{ role: member, from: 2026-12-10 }", ..NOTHING };
    let two = |an, cy| Says { cy, an, more: "  two: { members: [cy@acme.com], projects: { ios: admin } }\n", ..moved };
    let found = told(two(AN, "{ role: member, from: 2026-12-10 }"), two(AN_CY, LATER));
    assert_eq!(
        found,
        [
            "cy@acme.com member from 2026-12-10 -> 2026-12-01 by 2026-12-01",
            "new: cy@acme.com in an (with it admin on web) from - -> 2026-12-01 by cy@acme.com"
        ]
    );
}
