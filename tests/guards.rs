//! What guards hold or block, from the command line: what is said, what is done, and how the run ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/runs.rs"]
#[expect(dead_code, reason = "nothing here waits")]
mod runs;

use std::fmt::Write;
use std::fs;

use accessctl::cli::ExitStatus;
use jiff::Timestamp;
use runs::{Ended, Nobody, run_on};
use tempfile::TempDir;

/// 2026-11-21T09:00:00Z
const NOW: Timestamp = Timestamp::constant(1_795_251_600, 0);

/// An organization with two owners and twenty members, in a local store.
struct World(TempDir);

/// The definition of an organization with two declared owners.
const HEAD: &str = "version: 1\norg:\n  key: acme\n  id: 77\n  domains: [acme.com]\n";

/// A saved live side with two owners and `members` members.
fn saved(id: u64, members: usize) -> String {
    let mut text =
        format!("format: accessctl.snapshot/1\norganization: {{ id: {id}, name: Acme }}\nprojects: []\nusers:\n");
    for owner in ["ana", "bo"] {
        writeln!(text, "  - {{ email: {owner}@acme.com, role: owner, status: active }}").unwrap();
    }
    for number in 1..=members {
        writeln!(text, "  - {{ email: p{number:02}@acme.com, role: member, status: active }}").unwrap();
    }
    text + "teams: []\ngrants: []\n"
}

impl World {
    /// The configuration keeps `members` of the members and adds somebody.
    fn keeping(members: usize) -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        let mut text =
            "version: 1\norg:\n  key: acme\n  id: 77\n  backend: { type: local, state: acme.db, seed: live.yaml }\n\
                        users:\n  ana@acme.com: owner\n  bo@acme.com: owner\n  new@acme.com: member\n"
                .to_owned();
        for number in 1..=members {
            writeln!(text, "  p{number:02}@acme.com: member").unwrap();
        }
        fs::create_dir(world.0.path().join("config")).unwrap();
        world.write("config/access.yaml", &text.replace("acme.db", "store/acme.db"));
        world.write("config/live.yaml", &saved(77, 20));
        fs::create_dir(world.0.path().join("config/store")).unwrap();
        world
    }

    fn write(&self, path: &str, text: &str) {
        fs::write(self.0.path().join(path), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        let folder = self.0.path().to_str().unwrap();
        let arguments: Vec<String> = arguments.iter().map(|argument| argument.replace("{}", folder)).collect();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        run_on(&arguments, &self.0.path().join("config/access.yaml"), NOW, &|_| None, &Nobody)
    }

    /// How many changes a plan has left to do.
    fn left(&self) -> String {
        self.run(&["plan"]).stdout.lines().next().unwrap_or_default().to_owned()
    }
}

#[test]
fn what_is_held_is_left_out_and_the_rest_is_done() {
    let world = World::keeping(12);
    let apply = world.run(&["apply", "--yes"]);
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert!(apply.stdout.contains("acme: 1 change applied and 8 held"), "{}", apply.stdout);
    assert!(apply.stdout.contains("remove p20@acme.com"), "{}", apply.stdout);
    assert_eq!(world.left(), "acme (Acme): 0 changes; 8 held, see Guards");
    let again = world.run(&["apply", "--yes"]);
    assert_eq!(again.status, ExitStatus::Incomplete, "{}", again.said());
    assert_eq!(world.run(&["plan", "--exit-code"]).status, ExitStatus::Differences);
}

#[test]
fn only_the_exact_number_lets_removals_through() {
    let world = World::keeping(12);
    for number in ["7", "9", "0"] {
        let refused = world.run(&["apply", "--yes", "--accept-removals", number]);
        assert_eq!(refused.status, ExitStatus::Refused, "{}", refused.said());
        let says = format!("error: `--accept-removals {number}` is not what the plan needs: 8 removals are held");
        assert!(refused.stderr.contains(&says), "{}", refused.stderr);
    }
    assert_eq!(world.left(), "acme (Acme): 1 change (1 to add); 8 held, see Guards");
    let done = world.run(&["apply", "--yes", "--accept-removals", "8"]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert_eq!(world.run(&["plan", "--exit-code"]).status, ExitStatus::Done);
    let nothing = world.run(&["apply", "--yes", "--accept-removals", "8"]);
    assert_eq!(nothing.status, ExitStatus::Refused, "{}", nothing.said());
}

#[test]
fn a_live_side_that_shrank_blocks() {
    let world = World::keeping(20);
    world.write("before.yaml", &saved(77, 60));
    world.write("like.yaml", &saved(77, 21));
    world.write("other.yaml", &saved(78, 60));
    let blocked = world.run(&["plan", "--earlier", "{}/before.yaml"]);
    assert_eq!(blocked.status, ExitStatus::Refused, "{}", blocked.said());
    assert!(blocked.stdout.contains("BLOCKED by live_shrank"), "{}", blocked.stdout);
    assert!(blocked.stdout.contains("only 22 of 62 users"), "{}", blocked.stdout);
    let apply = world.run(&["apply", "--yes", "--earlier", "{}/before.yaml"]);
    assert_eq!(apply.status, ExitStatus::Refused, "{}", apply.said());
    assert_eq!(world.left(), "acme (Acme): 1 change (1 to add)");
    assert_eq!(world.run(&["plan", "--earlier", "{}/like.yaml"]).status, ExitStatus::Done);
    let other = world.run(&["plan", "--earlier", "{}/other.yaml"]);
    assert_eq!(other.status, ExitStatus::Invalid, "{}", other.said());
    assert!(other.stderr.contains("is of organization 78"), "{}", other.stderr);
}

#[test]
fn a_snapshot_protects_the_account_that_took_it() {
    let world = World::keeping(20);
    let acting = |account: &str| {
        let text = saved(77, 20).replace("projects: []", &format!("acting: {{ account: {account} }}\nprojects: []"));
        world.write("saved.yaml", &text.replace("ana@acme.com, role: owner", "ana@acme.com, role: member"));
        world.run(&["plan", "--live", "{}/saved.yaml"])
    };
    assert_eq!(acting("Ana@acme.com").status, ExitStatus::Done);
    let text = fs::read_to_string(world.0.path().join("config/access.yaml")).unwrap();
    world.write("config/access.yaml", &text.replace("  ana@acme.com: owner\n", ""));
    assert_eq!(acting("bo@acme.com").status, ExitStatus::Done);
    let blocked = acting("Ana@acme.com");
    assert_eq!(blocked.status, ExitStatus::Refused, "{}", blocked.said());
    assert!(blocked.stdout.contains("BLOCKED by own_account"), "{}", blocked.stdout);
}

/// What is planned with this configuration against a saved live side with twenty members.
fn plan_of(configuration: &str, live: &str, more: &[&str]) -> Ended {
    let world = World::keeping(20);
    world.write("config/access.yaml", configuration);
    world.write("saved.yaml", live);
    let mut arguments = vec!["plan", "--live", "{}/saved.yaml"];
    arguments.extend(more);
    world.run(&arguments)
}

fn members(numbers: std::ops::RangeInclusive<usize>, entry: &str) -> String {
    numbers.map(|number| format!("  p{number:02}@acme.com: {entry}\n")).collect()
}

#[test]
fn old_addresses_are_no_way_past_the_limit_of_removals() {
    let olds: Vec<String> = (1..=20).map(|number| format!("p{number:02}@acme.com")).collect();
    let owners = "users:\n  ana@acme.com: owner\n  bo@acme.com: owner\n";
    let live = saved(77, 20).replace("teams: []", "  - { email: x@acme.com, role: member, status: active }\nteams: []");
    for (entry, head) in
        [("role: member", ""), ("role: member, until: 2026-01-01", ""), ("role: member", "  blocked: [x@acme.com]\n")]
    {
        let text = format!("{HEAD}{head}{owners}  x@acme.com: {{ {entry}, previously: [{}] }}\n", olds.join(", "));
        let plan = plan_of(&text, &live, &[]);
        assert!(plan.stdout.contains("of 23 users") && plan.stdout.contains("HELD by max_removals"), "{}", plan.said());
    }
    // One old account of a person who has it all by the new one is nobody's loss.
    let text = format!(
        "{HEAD}  guards: {{ max_removals: 0 }}\n{owners}{}  x@acme.com: {{ role: member, previously: [p20@acme.com] }}\n",
        members(1..=19, "member")
    );
    let plan = plan_of(&text, &live, &[]);
    assert!(!plan.stdout.contains("HELD") && plan.stdout.contains("p20@acme.com"), "{}", plan.said());
}

#[test]
fn blocks_and_dates_are_not_held_with_others() {
    let owners = "users:\n  ana@acme.com: owner\n  bo@acme.com: owner\n";
    let text = format!("{HEAD}  blocked: [p01@acme.com]\n{owners}{}", members(1..=5, "member"));
    let plan = plan_of(&text, &saved(77, 20), &[]);
    assert!(plan.stdout.contains("- p01@acme.com") && plan.stdout.contains("15 of 22 users (68 %)"), "{}", plan.said());
    assert!(plan.stdout.contains("`p06@acme.com`,") && plan.stdout.contains("and 5 more;"), "{}", plan.said());
    let text = format!("{HEAD}{owners}{}", members(1..=20, "{ role: member, until: 2026-11-20 }"));
    let plan = plan_of(&text, &saved(77, 20), &[]);
    assert_eq!(plan.status, ExitStatus::Done, "{}", plan.said());
    assert!(
        plan.stdout.contains("20 changes (20 to remove)") && plan.stdout.contains("not held, since"),
        "{}",
        plan.said()
    );
}

#[test]
fn what_blocks_a_plan_does_not_stop_a_block() {
    let owners = "users:\n  ana@acme.com: owner\n  bo@acme.com: owner\n";
    let rule = "  policy: [{ name: r, when: { via: grant }, deny: true }]\n";
    let grant = "projects: { web: 1 }\ngrants: [{ user: p02@acme.com, project: web, role: admin }]\n";
    let live = saved(77, 20).replace("projects: []", "projects: [{ id: 1, name: Web }]");
    let text = format!(
        "{HEAD}  blocked: [p01@acme.com]\n{rule}{owners}{}  new@acme.com: member\n{grant}",
        members(1..=20, "member")
    );
    let plan = plan_of(&text, &live, &[]);
    assert_eq!(plan.status, ExitStatus::Refused, "{}", plan.said());
    assert!(
        plan.stdout.contains("1 change (1 to remove); 2 held") && plan.stdout.contains("HELD by policy"),
        "{}",
        plan.said()
    );
    // Protected people, and the account that acts, are stopped themselves.
    let text = format!(
        "{HEAD}  blocked: [p01@acme.com, ana@acme.com]\n  guards: {{ protected: [p02@acme.com] }}\n{owners}{}",
        members(1..=1, "member") + "  p02@acme.com: { role: member, until: 2026-11-20 }\n"
    );
    let live = live.replace("projects:", "acting: { account: ana@acme.com }\nprojects:");
    let plan = plan_of(&text, &live, &[]);
    assert_eq!(plan.status, ExitStatus::Refused, "{}", plan.said());
    for said in ["1 change (1 to remove)", "HELD by protected", "HELD by own_account", "is blocked and"] {
        assert!(plan.stdout.contains(said), "{said}: {}", plan.said());
    }
}

#[test]
fn a_block_wins_over_the_protection() {
    let owners = "users:\n  ana@acme.com: owner\n  bo@acme.com: owner\n";
    let text = format!(
        "{HEAD}  blocked: [p01@acme.com]\n  guards: {{ protected: [p01@acme.com] }}\n{owners}{}",
        members(1..=20, "member")
    );
    let plan = plan_of(&text, &saved(77, 20), &[]);
    assert_eq!(plan.status, ExitStatus::Done, "{}", plan.said());
    assert!(plan.stdout.contains("both protected and blocked, and the block counts"), "{}", plan.said());
}

#[test]
fn the_protection_follows_a_rename() {
    let owners = "users:\n  ana@acme.com: owner\n  bo@acme.com: owner\n";
    let live = saved(77, 20).replace("teams: []", "  - { email: x@acme.com, role: member, status: active }\nteams: []");
    let strong = live.replace("p20@acme.com, role: member", "p20@acme.com, role: admin");
    let text = format!(
        "{HEAD}  guards: {{ protected: [x@acme.com] }}\n{owners}{}  x@acme.com: {{ role: member, previously: [p20@acme.com] }}\n",
        members(1..=19, "member")
    );
    let plan = plan_of(&text, &strong, &[]);
    assert!(
        plan.stdout.contains("BLOCKED by protected") && plan.stdout.contains("member instead of admin"),
        "{}",
        plan.said()
    );
    let plan = plan_of(&text, &live, &[]);
    assert_eq!(plan.status, ExitStatus::Done, "{}", plan.said());
}

#[test]
fn what_is_let_through_by_an_exception_is_told_and_ends_soon() {
    let rule = "  policy: [{ name: r, when: { via: grant }, deny: true, exceptions: [{ user: p02@acme.com, until: 2026-11-30, reason: launch }] }]\n";
    let rails = "  guards: { waivers: [{ removals: 9, until: 2026-11-28, reason: leavers }] }\n";
    let text = format!(
        "{HEAD}{rails}{rule}users:\n  ana@acme.com: owner\n  bo@acme.com: owner\n{}projects: {{ web: 1 }}\n\
         grants: [{{ user: p02@acme.com, project: web, role: admin }}]\n",
        members(1..=20, "member")
    );
    let live = saved(77, 20).replace("projects: []", "projects: [{ id: 1, name: Web }]");
    let plan = plan_of(&text, &live, &[]);
    assert_eq!(plan.status, ExitStatus::Done, "{}", plan.said());
    for said in ["`p02@acme.com` on `web` would break the rule `r`", "exception of the rule r", "waiver of 9 removals"]
    {
        assert!(plan.stdout.contains(said), "{said}: {}", plan.said());
    }
    let plan = plan_of(&text, &live, &["--at", "2026-12-01"]);
    assert_eq!(plan.status, ExitStatus::Refused, "{}", plan.said());
    assert!(plan.stdout.contains("BLOCKED by policy"), "{}", plan.said());
}

#[test]
fn a_block_that_is_not_carried_out_is_not_said_to_be() {
    let text = format!(
        "{HEAD}  blocked: [ana@acme.com]\n  guards: {{ min_owners: 2 }}\nusers:\n  ana@acme.com: owner\n  bo@acme.com: owner\n{}",
        members(1..=20, "member")
    );
    let plan = plan_of(&text, &saved(77, 20), &[]);
    assert_eq!(plan.status, ExitStatus::Refused, "{}", plan.said());
    assert!(plan.stdout.contains("to have no access") && plan.stdout.contains("still has access"), "{}", plan.said());
}

/// The organization of the counterexample: two owners and two others, and on one project everybody has a role.
const OF_FOUR: &str = "format: accessctl.snapshot/1\norganization: { id: 77, name: Acme }\n\
    projects: [{ id: 4, name: P3, everyone: owner }]\nusers:\n\
    \x20 - { email: ana@acme.com, role: owner, status: active }\n\
    \x20 - { email: bo@acme.com, role: owner, status: active }\n\
    \x20 - { email: p01@acme.com, role: billing_admin, status: active }\n\
    \x20 - { email: p02@acme.com, role: billing_admin, status: active }\nteams: []\ngrants: []\n";

/// The head of a configuration with a local store and these guards, where roles of everybody are looked after.
fn stored(guards: &str) -> String {
    let backend = "  backend: { type: local, state: store/acme.db, seed: live.yaml }";
    format!("{HEAD}{backend}\n  guards: {{ {guards} }}\n  manage: {{ everyone: full }}\n")
}

#[test]
fn whom_a_guard_keeps_does_not_lose_the_role_of_everybody() {
    let world = World::keeping(20);
    world.write("config/live.yaml", OF_FOUR);
    let head = stored("max_removals: 1, max_invites: 0");
    world.write("config/access.yaml", &format!("{head}users: {{ new@acme.com: owner }}\nprojects: {{ p3: 4 }}\n"));
    let plan = world.run(&["plan", "--color", "never"]);
    let said = plan.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("4 of 4 users (100 %) would be removed, the limit is 1"), "{}", plan.said());
    assert!(said.contains("4 removals are held"), "{}", plan.said());
    let kept = "Meanwhile the role of everybody on `p3` stays too, or people who stay would lose 2 of 4 accesses to \
                projects (50 %)";
    assert!(said.contains(kept), "{}", plan.said());
    let apply = world.run(&["apply", "--yes"]);
    assert_eq!(apply.status, ExitStatus::Incomplete, "{}", apply.said());
    assert_eq!(world.left(), "acme (Acme): 0 changes; 6 held, see Guards");
}

#[test]
fn the_role_of_everybody_goes_with_those_whom_the_exact_number_lets_go() {
    let world = World::keeping(20);
    world.write("config/live.yaml", OF_FOUR);
    let users = "users: { ana@acme.com: owner, bo@acme.com: owner }\nprojects: { p3: 4 }\n";
    world.write("config/access.yaml", &format!("{}{users}", stored("max_removals: 1")));
    assert_eq!(world.left(), "acme (Acme): 0 changes; 3 held, see Guards");
    world.run(&["plan", "--out", "{}/plan.json"]);
    let three = world.run(&["apply", "--yes", "--accept-removals", "3"]);
    assert_eq!(three.status, ExitStatus::Refused, "{}", three.said());
    for more in [&["--plan", "{}/plan.json"][..], &[]] {
        let held = world.run(&[&["apply", "--yes"], more].concat());
        assert_eq!(held.status, ExitStatus::Incomplete, "{}", held.said());
        assert!(held.stdout.contains("3 held"), "{}", held.said());
    }
    let done = world.run(&["apply", "--yes", "--plan", "{}/plan.json", "--accept-removals", "2"]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert_eq!(world.run(&["plan", "--exit-code"]).status, ExitStatus::Done);
}

#[test]
fn what_was_let_through_is_not_kept_for_something_else_that_is_held() {
    let world = World::keeping(20);
    world.write("config/live.yaml", OF_FOUR);
    let users =
        ["ana@acme.com: owner", "bo@acme.com: owner", "p01@acme.com: billing_admin", "p02@acme.com: billing_admin"];
    let users = users.map(|user| format!("  {user}\n")).concat();
    let text = format!("{}users:\n{users}  new@acme.com: member\n", stored("max_removals: 1, max_invites: 0"));
    world.write("config/access.yaml", &format!("{text}projects: {{ p3: 4 }}\n"));
    let plan = world.run(&["plan"]);
    assert!(plan.stdout.contains("2 of 4 accesses"), "{}", plan.said());
    assert_eq!(world.left(), "acme (Acme): 0 changes; 2 held, see Guards");
    let done = world.run(&["apply", "--yes", "--accept-removals", "1"]);
    assert_eq!(done.status, ExitStatus::Incomplete, "{}", done.said());
    assert!(done.stdout.contains("1 change applied and 1 held"), "{}", done.said());
}
