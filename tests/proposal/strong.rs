//! What else ends or begins with a user or a membership is told where somebody is admin or owner by it.

use accessctl::model::BuiltInRole;
use accessctl::render::text::write_plans;
use accessctl::render::{Options, WithoutPlan};
use accessctl::source::{SourceFile, Sources};

use super::{compared, proposal};

/// A configuration with cy, a team of two roles, and a grant.
#[derive(Clone, Copy)]
struct Says {
    cy: &'static str,
    /// How cy is in the team.
    member: &'static str,
    /// The roles of the team.
    roles: &'static str,
    grants: &'static str,
}

const NOTHING: Says = Says { cy: "member", member: "", roles: "web: analyst", grants: "" };

impl Says {
    fn text(self) -> String {
        let Self { cy, member, roles, grants } = self;
        let cy = if cy.is_empty() { String::new() } else { format!(", cy@acme.com: {cy}") };
        let member = if member.is_empty() { String::new() } else { format!(", {member}") };
        format!(
            "version: 1\norg: {{ key: acme, id: 77 }}\nusers: {{ ana@acme.com: owner, dee@acme.com: owner, bo@acme.com: member, \
             eve@acme.com: member{cy} }}\nprojects: {{ web: {{ id: 1, roles: {{ Chief: {{ like: admin }}, Steward: {{}} }} }}, \
             ios: 2, tv: 3, car: 4, fax: 5 }}\nteams:\n  x: {{ members: [bo@acme.com{member}], projects: {{ {roles} }} }}\n\
             grants: [{grants}]\n"
        )
    }
}

#[test]
fn what_does_not_hold_in_the_time_that_is_gained_is_no_alarm() {
    let user = |cy, grants| Says { cy, grants, ..NOTHING };
    let member = |member, roles| Says { member, roles, ..NOTHING };
    let both = |cy, member, roles| Says { cy, member, roles, ..NOTHING };
    let [short, long] = ["{ role: member, until: 2026-12-31 }", "{ role: member, until: 2027-12-31 }"];
    let [late, early] = ["{ role: member, from: 2027-12-31 }", "{ role: member, from: 2026-12-31 }"];
    let grant = "{ user: cy@acme.com, project: web, role: admin }";
    let until = "{ user: cy@acme.com, project: web, role: admin, until: 2026-11-30 }";
    let same = "{ user: cy@acme.com, project: web, role: admin, until: 2026-12-31 }";
    let beyond = "{ user: cy@acme.com, project: web, role: admin, until: 2027-01-01 }";
    let from = "{ user: cy@acme.com, project: web, role: admin, from: 2028-01-01 }";
    let past = "{ user: cy@acme.com, project: web, role: admin, until: 2026-06-30 }";
    let [in_team, in_team_short] = ["cy@acme.com", "{ user: cy@acme.com, until: 2026-12-31 }"];
    let [in_team_long, in_team_from] =
        ["{ user: cy@acme.com, until: 2027-12-31 }", "{ user: cy@acme.com, from: 2028-01-01 }"];
    let [role, role_short] = ["web: admin", "web: { role: admin, until: 2026-12-31 }"];
    let [role_long, role_from] = ["web: { role: admin, until: 2027-06-30 }", "web: { role: admin, from: 2027-06-30 }"];
    for (base, head, is_grave) in [
        // The end is put off, and what was given ends before that, or as before.
        (user(short, grant), user(long, until), false),
        (user(short, same), user(long, same), false),
        (user(short, same), user("member", same), false),
        (user(short, grant), user(long, grant), true),
        (user(short, grant), user("member", grant), true),
        (user(short, beyond), user(long, beyond), true),
        (user(short, from), user(long, from), false),
        (user(short, from), user("member", from), true),
        // So it is with teams: all of it must hold.
        (both(short, in_team, role), both(long, in_team, role), true),
        (both(short, in_team, role), both(long, in_team, role_short), false),
        (both(short, in_team, role), both(long, in_team_short, role), false),
        (both(short, in_team_long, role_long), both(long, in_team_long, role_long), true),
        (both(short, in_team_from, role), both(long, in_team_from, role), false),
        (both(short, in_team_short, role_from), both(long, in_team_short, role_from), false),
        (member(in_team_short, role), member(in_team_long, role), true),
        (member(in_team_short, role_short), member(in_team_long, role_short), false),
        (member(in_team_short, role_long), member(in_team_long, role_long), true),
        (member(in_team_short, role_from), member(in_team, role_from), true),
        // A beginning comes earlier.
        (user(late, grant), user(early, grant), true),
        (user(late, from), user(early, from), false),
        (user(late, same), user(early, same), true),
        // What is over is not gained by it.
        (user(late, past), user("member", past), false),
        (user(late, until), user("member", until), true),
        // What is new is all gained.
        (user("", ""), user(early, grant), true),
        (user("", ""), user(early, until), false),
        (user("", ""), user(early, from), true),
        (member("", role), member(in_team_from, role_long), false),
        (member("", role_from), member(in_team_from, role_from), true),
        // The user's own role is there all the time.
        (user(short, same), user("{ role: admin, until: 2027-12-31 }", same), true),
    ] {
        let (base, head) = (base.text(), head.text());
        let ends = proposal(&base, &head).ends;
        assert_eq!(ends.iter().any(accessctl::desired::MovedEnd::is_grave), is_grave, "{ends:?}\n{base}{head}");
        assert!(!ends.is_empty(), "{base}{head}");
    }
    // What is not gained is told with all that goes.
    for (base, head) in [(user(long, until), user(short, until)), (user(early, until), user("", ""))] {
        let ends = proposal(&base.text(), &head.text()).ends;
        assert_eq!(ends.iter().map(|end| end.strongest).collect::<Vec<_>>(), [Some(BuiltInRole::Admin)]);
    }
}

/// The ends that are told of what `head` says as compared with `base`, as a reader sees them.
fn said(base: Says, head: Says) -> Vec<String> {
    let (base, head) = (base.text(), head.text());
    let plan = compared(&base, &head);
    let sources = Sources::new(vec![SourceFile::new("access.yaml", head)]);
    let mut out = Vec::new();
    let options = Options { width: 1_000, verbose: true };
    write_plans(&mut out, &[plan], WithoutPlan::default(), &sources, options).unwrap();
    let text = anstream::adapter::strip_str(std::str::from_utf8(&out).unwrap()).to_string();
    let lines = text.lines().skip_while(|line| !line.ends_with("Also said by it")).skip(1);
    let lines = lines.take_while(|line| !line.is_empty()).map(|line| line.split("  access.yaml").next().unwrap());
    lines.map(|line| line.trim().replace("~ ", "").replace("  ", " ").replace(CY, "cy")).collect()
}

const CY: &str = "cy@acme.com";

#[test]
fn which_role_begins_or_ends_with_it_is_said() {
    let later = "{ role: member, from: 2027-01-01 }";
    let [short, long] = ["{ role: member, until: 2026-12-31 }", "{ role: member, until: 2027-12-31 }"];
    let grant = |grants| Says { grants, ..NOTHING };
    let web = "{ user: cy@acme.com, project: web, role: admin }";
    let owner = "{ user: cy@acme.com, project: ios, role: owner }, { user: cy@acme.com, project: web, role: admin }";
    let five = "web: admin, ios: admin, tv: admin, car: admin, fax: admin";
    let chief = "{ user: cy@acme.com, project: web, role: Chief }";
    let both = "{ user: cy@acme.com, project: ios, role: admin }, { user: cy@acme.com, project: web, role: Chief }";
    let steward = "{ user: cy@acme.com, project: web, role: Steward }";
    let in_part = "{ user: cy@acme.com, project: ios, role: owner, until: 2026-12-31 }, \
                   { user: cy@acme.com, project: web, role: admin }";
    let with = |says: Says, cy| Says { cy, ..says };
    let team = Says { roles: "web: admin, ios: owner, tv: analyst", ..NOTHING };
    let joined = |member, cy| Says { member, cy, ..team };
    let in_team = |member| joined(member, "member");
    for (base, head, expected) in [
        (
            with(team, ""),
            joined(CY, later),
            "! cy, member (with it owner of ios and admin of web): new, from 2027-01-01",
        ),
        (with(NOTHING, ""), with(grant(web), later), "! cy, member (with it admin of web): new, from 2027-01-01"),
        (
            with(NOTHING, ""),
            with(grant(chief), later),
            "! cy, member (with it Chief (like admin) of web): new, from 2027-01-01",
        ),
        (
            with(NOTHING, ""),
            with(grant(both), later),
            "! cy, member (with it admin of ios and Chief (like admin) of web): new, from 2027-01-01",
        ),
        (
            Says { cy: "", roles: five, ..NOTHING },
            Says { cy: later, member: CY, roles: five, ..NOTHING },
            "! cy, member (with it admin of web, ios, tv and 2 more): new, from 2027-01-01",
        ),
        (with(NOTHING, ""), with(grant(steward), later), "cy, member: new, from 2027-01-01"),
        // On one project it is one, the stronger.
        (
            with(team, ""),
            Says { cy: later, grants: web, member: CY, roles: "web: owner" },
            "! cy, member (with it owner of web): new, from 2027-01-01",
        ),
        // What the user is on every project is said already.
        (with(NOTHING, ""), with(grant(web), "{ role: owner, from: 2027-01-01 }"), "! cy, owner: new, from 2027-01-01"),
        (
            with(NOTHING, ""),
            with(grant(owner), "{ role: admin, from: 2027-01-01 }"),
            "! cy, admin (with it owner of ios): new, from 2027-01-01",
        ),
        // What moves is told alike, with what holds in the time that is gained; and so is what does not begin.
        (
            with(grant(owner), short),
            with(grant(owner), long),
            "! cy, member (with it owner of ios and admin of web): until 2026-12-31 -> 2027-12-31",
        ),
        (
            with(grant(in_part), short),
            with(grant(in_part), long),
            "! cy, member (with it admin of web): until 2026-12-31 -> 2027-12-31",
        ),
        (
            with(grant(web), long),
            with(grant(web), short),
            "cy, member (with it admin of web): until 2027-12-31 -> 2026-12-31",
        ),
        (
            with(grant(web), later),
            with(grant(web), "{ role: billing_admin, from: 2027-01-01 }"),
            "! cy, billing admin (with it admin of web): from 2027-01-01 (before: member from 2027-01-01)",
        ),
        (
            with(grant(web), later),
            with(NOTHING, ""),
            "cy, member (with it admin of web): was to begin on 2027-01-01 and does not",
        ),
        // So it is with memberships; a role of a team or a grant says it itself.
        (
            in_team(""),
            in_team("{ user: cy@acme.com, from: 2027-01-01 }"),
            "! cy in team x (with it owner of ios and admin of web): new, from 2027-01-01",
        ),
        (
            in_team("{ user: cy@acme.com, until: 2026-12-31 }"),
            in_team(CY),
            "! cy in team x (with it owner of ios and admin of web): until 2026-12-31 -> without end",
        ),
        (
            NOTHING,
            grant("{ user: cy@acme.com, project: web, role: admin, from: 2027-01-01 }"),
            "! cy, admin on web: new, from 2027-01-01",
        ),
        (
            NOTHING,
            Says { roles: "web: analyst, ios: { role: admin, from: 2027-01-01 }", ..NOTHING },
            "! team x, admin on ios: new, from 2027-01-01",
        ),
    ] {
        assert_eq!(said(base, head), [expected], "{}", head.text());
    }
}
