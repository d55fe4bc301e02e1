//! Plans as a comment: it fits, its counts are exact, and nothing that strangers named acts in it.

use accessctl::change::{Change, ChangeKind};
use accessctl::desired::{About, Amendment, Bearing, Unmanaged};
use accessctl::model::{Email, OrgId, OrgKey, OrgRole};
use accessctl::plan::{ChangeStatus, GuardCode, GuardEffect, GuardFinding, Origin, Plan};
use accessctl::render::links::Links;
use accessctl::render::{WithoutPlan, markdown};
use proptest::prelude::{prop, prop_assert, proptest};
use snapbox::{assert_data_eq, file};

use crate::hostile::{self, name};
use crate::inert::{BASE, acting, links, written};
use crate::world::{self, World, email, project, role};

fn comment(plans: &[Plan]) -> String {
    written(plans, WithoutPlan::default(), &world::sources("access.yaml"), &links())
}

#[test]
fn what_acts_is_seen_to_act() {
    for text in [
        "@ana",
        "<b>x</b>",
        "a <img src=x> b",
        "[x](http://evil.test)",
        "| a |\n|---|\n| b |",
        "#12 and",
        "a http://evil.test b",
        "![x](y)",
        "- [ ] task",
        "    code",
        "<!-- accessctl:plan x --><img> -->",
        "line  \nbreak",
        "~~gone~~",
    ] {
        assert!(!acting(text).is_empty(), "{text}");
    }
}

#[test]
fn a_week_as_a_comment() {
    let text = comment(&[world::week().plan]);
    assert_eq!(acting(&text), Vec::<String>::new());
    assert_data_eq!(text, file!["week.md"].raw());
}

#[test]
fn names_that_try_to_act_are_code() {
    let text = comment(&[world::hostile().plan]);
    assert_eq!(acting(&text), Vec::<String>::new());
    assert_data_eq!(text, file!["hostile.md"].raw());
}

#[test]
fn everything_that_is_kept_says_why() {
    let mut plan = world::everything_kept().plan;
    plan.guards.push(GuardFinding::new(GuardCode::Policy, GuardEffect::Block, "`x` is **not** kept".to_owned()));
    let text = comment(&[plan]);
    assert_eq!(acting(&text), Vec::<String>::new());
    assert_data_eq!(text, file!["kept.md"].raw());
}

/// What strangers write where they can.
const HOSTILE: [&str; 12] = [
    "| @org/everyone <img src=x> [x](javascript:1)",
    "\u{1b}[31mred\u{1b}]0;x\u{7}",
    "``` `` ` x",
    "--> <script>alert(1)</script>",
    "\u{202e}\u{2066}drawkcab\u{200f}",
    "#12 GH-12 org/repo#3 deadbeef 0123456789abcdef",
    "https://evil.test www.evil.test mailto:a@b.c",
    "</details><details open>",
    "\n\n# heading\n\n- [ ] task\n> quote\n***\n",
    "&lt;b&gt; &#64;org \\@org @\u{200b}org :tada: $x$",
    "1. one) 2",
    "*bold* _x_ ~~y~~ **",
];

#[test]
fn no_hostile_text_acts_wherever_it_stands() {
    for text in HOSTILE {
        for other in ["plain", "`"] {
            let names =
                std::array::from_fn(
                    |place| {
                        if other == "plain" { format!("{text}{place}") } else { format!("{other}{text}") }
                    },
                );
            let mut plan = hostile::world(&names).plan;
            if other == "`" {
                world::propose_in_words(&mut plan, &names);
            }
            let others = WithoutPlan { unplanned: &[OrgKey::new(text).unwrap()], unmanaged: &[] };
            let comment = written(&[plan], others, &world::sources(text), &links());
            assert_eq!(acting(&comment), Vec::<String>::new(), "{text:?} in {comment}");
        }
    }
}

proptest! {
    #[test]
    fn no_name_acts_in_a_comment(names in prop::array::uniform6(name()), knows_base: bool) {
        let mut plan = hostile::world(&names).plan;
        if knows_base {
            world::propose_in_words(&mut plan, &names);
        }
        let unplanned = [OrgKey::new(&names[4]).unwrap()];
        let unmanaged = [Unmanaged { key: OrgKey::new(&names[5]).unwrap(), id: OrgId::new(1).unwrap() }];
        let others = WithoutPlan { unplanned: &unplanned, unmanaged: &unmanaged };
        let comment = written(&[plan], others, &world::sources(&names[2]), &links());
        let acting = acting(&comment);
        prop_assert!(acting.is_empty(), "{acting:?} in {comment}");
    }
}

#[test]
fn what_is_bold_begins_and_ends_with_a_word() {
    let names = ["x", "x", "x", "`` ", "x", " ``"].map(str::to_owned);
    let mut plan = hostile::world(&names).plan;
    world::propose_in_words(&mut plan, &names);
    let comment = comment(&[plan]);
    assert_eq!(acting(&comment), Vec::<String>::new(), "{comment}");
}

#[test]
fn a_part_without_organizations_says_so() {
    let text = comment(&[]);
    assert_eq!(text.lines().skip(1).collect::<Vec<_>>(), ["There is no organization in this plan."]);
}

#[test]
fn nothing_to_do_is_one_line() {
    let marker = "<!-- accessctl:plan acme digest=sha256:00 -->\n";
    let expected = format!("{marker}Nothing to do: acme is in sync (1 user, 1 team, 0 grants).\n");
    assert_eq!(comment(&[world::quiet("acme").plan]), expected);
    let many: Vec<Plan> = (0..400).map(|number| world::quiet(&format!("client-{number:03}")).plan).collect();
    let text = comment(&many);
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("400 organizations are in sync, `client-000`, `client-001`"), "{text}");
    assert!(text.starts_with("<!-- accessctl:plan 400-organizations digest=sha256:00 -->\n"), "{text}");
    let missing = [OrgKey::new("delta").unwrap()];
    let others = WithoutPlan { unplanned: &missing, unmanaged: &[] };
    let text = written(&[], others, &world::sources("a.yaml"), &Links::default());
    assert!(text.ends_with("\n**1 organization not planned, see the errors: delta**\n"), "{text}");
}

/// A plan of so many changes, with names of people, teams and reasons that are as long and as wide as they can be.
fn big(changes: usize) -> Plan {
    let mut world = World::new("globex", "Globex").user("ana@globex.com", OrgRole::Owner);
    for id in 1..=12 {
        world = world.project(id, Some(&format!("project-{id:02}")), None);
    }
    for number in 0..changes {
        let name = format!("{}.{number:05}@agency.example.com", "long.name.of.somebody".repeat(2));
        world = world.user(&name, OrgRole::Member);
        if number % 5 == 4 {
            world = world.grant(&name, 3, "analyst");
        }
    }
    let users: Vec<_> = world.plan.live.users.keys().filter(|user| user.contains("somebody")).cloned().collect();
    world = world.live();
    let why = "分析チーム東京・大阪・名古屋 | ".repeat(2_000);
    for (number, user) in users.into_iter().enumerate() {
        let set = |id, to| Change::SetGrant { user: user.clone(), project: project(id), from: None, to: role(to) };
        world = match number % 5 {
            4 => world.unlisted(Change::RemoveGrant { user, project: project(3), from: role("analyst") }),
            0 if number % 50 == 0 => world.escalation(set(7, "admin"), Some(3), Some(&why)),
            _ => world.change(set(number as u64 % 12 + 1, "analyst"), Some(number as u32 % 3_000 + 1)),
        };
    }
    world.plan
}

#[test]
fn what_is_proposed_has_more_room_than_what_others_did() {
    let mut plan = big(4_000);
    // As much of each kind is of either.
    let number = |user: &Email| user.split(['.', '@']).find_map(|part| part.parse::<usize>().ok()).unwrap();
    world::propose(&mut plan, |change| match change.user() {
        Some(user) if number(user) / 100 % 2 == 0 => Origin::Proposed,
        Some(_) | None => Origin::Drift,
    });
    let text = comment(&[plan]);
    let (proposed, others) = text.split_once("\n### Drift: ").unwrap();
    let grave = |part: &str| {
        let list = part.split_once(" removals**\n").unwrap().1;
        list.lines().skip(1).take_while(|line| line.starts_with("- ")).count()
    };
    assert!(grave(proposed) > 2 * grave(others), "{} and {}", grave(proposed), grave(others));
}

/// The numbers of a list: entries that are shown, and what is said of the rest.
fn numbers(list: &str, entry: &str) -> (usize, String) {
    let shown = list.lines().filter(|line| line.starts_with(entry)).count();
    let more = list.lines().find(|line| line.starts_with("… and ")).unwrap_or("… and 0 more");
    (shown, more.trim_start_matches("… and ").to_owned())
}

fn first_number(text: &str) -> usize {
    text.split(' ').next().unwrap().replace(',', "").parse().unwrap()
}

#[test]
fn ten_thousand_changes_fit_and_every_count_is_exact() {
    let plan = big(10_000);
    let text = comment(std::slice::from_ref(&plan));
    assert!(text.len() > markdown::MOST * 9 / 10, "room is used: {} bytes", text.len());
    assert_eq!(acting(&text), Vec::<String>::new());
    assert!(
        text.contains("\n7,800 people gain access, **200 become admin of `project-07`**, 2,000 lose some access.\n")
    );
    assert!(text.contains("\n10,000 changes (8,000 to add, 2,000 to remove); takes 10,000 requests"));
    let (_, grave) = text.split_once("**200 escalations, 2,000 removals**").unwrap();
    let (grave, people) = grave.split_once("**By person**: 10,000 changes of access for 10,000 users").unwrap();
    let (people, details) = people.split_once("<details><summary>Every change, with its place (10,000)").unwrap();
    let (shown, more) = numbers(grave, "- ");
    assert_eq!(shown + first_number(&more), 2_200, "{more}");
    // What raises somebody is cut last.
    let (raised, removed) = (grave.matches("- 🔺").count(), grave.matches("- ➖").count());
    assert!(raised > 0 && (raised == 200 || removed == 0), "{raised} {removed}");
    let left = [("escalation", 200 - raised), ("to remove", 2_000 - removed)];
    for (word, number) in left.into_iter().filter(|(_, number)| *number > 0) {
        let said = more.split([',', '(', ')']).find(|part| part.contains(word)).unwrap_or(&more);
        let said = if number >= 1_000 { more.contains("2,000 to remove") } else { first_number(said.trim()) == number };
        assert!(said, "{number} {word}: {more}");
    }
    let (shown, more) = numbers(details, "- ");
    assert_eq!(shown + first_number(&more), 10_000, "{more}");
    // People who are alike stand together.
    let (_, more) = numbers(people, "- ");
    let named: usize = people
        .lines()
        .filter(|line| line.starts_with("- **"))
        .map(|line| {
            let more = line.split(" and ").nth(1).and_then(|more| more.strip_suffix(" more**"));
            match more {
                Some(more) => line.matches('@').count() + more.replace(',', "").parse::<usize>().unwrap(),
                None => line.matches('@').count(),
            }
        })
        .sum();
    assert_eq!(named + first_number(&more), 10_000, "{more}");
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let plan = big(2_000);
    assert_eq!(comment(std::slice::from_ref(&plan)), comment(&[plan]));
}

#[test]
fn one_change_needs_no_list_of_what_is_left_out() {
    let plan = World::new("acme", "Acme")
        .project(1, Some("web"), None)
        .user("bo@acme.com", OrgRole::Member)
        .live()
        .escalation(
            Change::SetGrant { user: email("bo@acme.com"), project: project(1), from: None, to: role("admin") },
            Some(7),
            Some("launch"),
        )
        .plan;
    let text = comment(&[plan]);
    assert!(text.contains("\n**1 person becomes admin of web**.\n"), "{text}");
    assert!(text.contains(&format!("[`access.yaml:7`]({BASE}/access.yaml#L7)")), "{text}");
    assert!(!text.contains('…'), "{text}");
}

#[test]
fn hundreds_of_organizations_fit_and_the_gravest_are_told() {
    let mut plans: Vec<Plan> = (0..300)
        .map(|number| {
            let mut plan = big(5);
            plan.org = OrgKey::new(&format!("client-{number:03}")).unwrap();
            plan
        })
        .collect();
    plans[299].guards.push(GuardFinding::new(GuardCode::MinOwners, GuardEffect::Block, "no owner".to_owned()));
    let text = comment(&plans);
    assert_eq!(acting(&text), Vec::<String>::new());
    assert!(text.contains("## Access of `client-299`"), "{text}");
    assert!(text.contains("**All organizations**: 300 with changes, 0 in sync; 1,500 changes"), "{text}");
    let told = text.matches("\n## Access of ").count() + usize::from(text.starts_with("## Access of "));
    let rest = text.lines().find(|line| line.contains("more organizations with")).unwrap();
    let hidden = first_number(rest.trim_start_matches("… and "));
    assert_eq!(told + hidden, 300);
    assert!(rest.contains(&format!("with {} changes; see the full plan. ", accessctl_thousands(hidden * 5))), "{rest}");
    // What becomes of people there is told, too, each of them once.
    let first = text.lines().nth(1).unwrap();
    let first = first.strip_prefix("**Blocked in `client-299`: nothing can be applied there.** ").unwrap();
    assert!(
        first.starts_with("**In 300 organizations (`client-299`, `client-000`, `client-001` and 297 more)**: "),
        "{first}"
    );
    let (names, phrases) = rest.split_once(")**: ").unwrap();
    assert!(names.contains(&format!("**In {hidden} organizations (`client-")), "{rest}");
    assert_eq!(first.split_once(")**: ").unwrap().1, phrases);
    // What guards hold there is counted apart.
    for planned in plans.iter_mut().flat_map(|plan| &mut plan.changes).filter(|planned| planned.id.0 > 3) {
        planned.status = ChangeStatus::Held;
    }
    let text = comment(&plans);
    let rest = text.lines().find(|line| line.contains("more organizations with")).unwrap();
    let hidden = first_number(rest.trim_start_matches("… and "));
    let [done, held] = [3, 2].map(|number| accessctl_thousands(hidden * number));
    assert!(rest.contains(&format!("with {done} changes and {held} held; see the full plan. ")), "{rest}");
}

#[test]
fn what_is_proposed_is_told_of_before_what_others_did_elsewhere() {
    // The same escalation everywhere: in the last organization it is proposed, in the others it waits.
    let mut plans: Vec<Plan> = (0..300)
        .map(|number| {
            let mut plan = world::week().plan;
            plan.org = OrgKey::new(&format!("client-{number:03}")).unwrap();
            let origin = if number == 299 { Origin::Proposed } else { Origin::Pending };
            world::propose(&mut plan, |_| origin);
            plan
        })
        .collect();
    let last = |text: &str| text.find("## Access of `client-299`").unwrap_or_else(|| panic!("{text}"));
    let text = comment(&plans);
    assert!(last(&text) < text.find("## Access of `client-000`").unwrap(), "{text}");
    assert!(text.lines().nth(1).unwrap().starts_with("**Proposed in `client-299`**: "), "{text}");
    let rest = text.lines().find(|line| line.contains("more organizations with")).unwrap();
    assert!(rest.ends_with("see the full plan. **Proposed**: nothing in any of these organizations."), "{rest}");
    // A rule that is loosened is told before what others did, too.
    world::propose(&mut plans[299], |_| Origin::Pending);
    let amendment = Amendment {
        bearing: Bearing::Loosens,
        key: "domains".to_owned(),
        before: None,
        after: Some("evil.test".to_owned()),
        about: About::Rule,
        place: plans[299].changes.iter().find_map(|planned| planned.source).unwrap(),
    };
    plans[299].proposal.as_mut().unwrap().amendments.push(amendment);
    let text = comment(&plans);
    assert!(last(&text) < text.find("## Access of `client-000`").unwrap(), "{text}");
    assert!(text.contains("**1 rule of the organization is loosened**"), "{text}");
}

#[test]
fn what_others_did_takes_no_room_that_something_graver_was_too_long_for() {
    // Short ones of which nothing is proposed, behind long ones that do not all fit.
    let plans: Vec<Plan> = (0..130)
        .map(|number| {
            let mut plan = if number < 100 { world::week().plan } else { big(1) };
            plan.org = OrgKey::new(&format!("client-{number:03}")).unwrap();
            world::propose(&mut plan, |_| if number < 100 { Origin::Proposed } else { Origin::Pending });
            let long = |code| GuardFinding::new(code, GuardEffect::Block, "long ".repeat(110));
            let codes = [GuardCode::MinOwners, GuardCode::Policy, GuardCode::MinOwners];
            plan.guards.extend(codes.into_iter().filter(|_| number < 100).map(long));
            plan
        })
        .collect();
    let text = comment(&plans);
    let told = text.matches("\n## Access of ").count();
    assert!((5..100).contains(&told), "{told}");
    assert!(!text.contains("## Access of `client-1"), "{text}");
}

fn accessctl_thousands(number: usize) -> String {
    if number < 1_000 { number.to_string() } else { format!("{},{:03}", number / 1_000, number % 1_000) }
}

#[test]
fn what_is_refused_is_said_first() {
    let mut plan = world::week().plan;
    for code in [GuardCode::MinOwners, GuardCode::MinOwners, GuardCode::Policy] {
        plan.guards.push(GuardFinding::new(code, GuardEffect::Block, "no owner would be left".to_owned()));
    }
    let text = comment(std::slice::from_ref(&plan));
    let said = text.lines().nth(3).unwrap();
    let start = "**Blocked by `min_owners` and policy: nothing of this can be applied.** Without that: 4 people gain";
    assert!(said.starts_with(start), "{said}");
    plan.guards.retain(|finding| finding.effect != GuardEffect::Block);
    plan.guards.push(GuardFinding::new(GuardCode::Policy, GuardEffect::Hold, "a rule is broken".to_owned()));
    plan.changes[4].status = ChangeStatus::Held;
    let text = comment(&[plan]);
    let start = "**Refused by policy: only what is blocked or over is applied.** Without that: ";
    assert!(text.lines().nth(3).unwrap().starts_with(start), "{text}");
    assert!(text.contains("; 1 held, see Guards;") && text.contains("\n**Held**: 1 change not done"), "{text}");
}

#[test]
#[expect(clippy::wildcard_enum_match_arm, reason = "all other kinds are proposed")]
fn the_author_is_judged_by_what_is_proposed_alone() {
    let mut plan = world::week().plan;
    world::propose(&mut plan, |change| match change.kind() {
        ChangeKind::RemoveUser => Origin::Drift,
        ChangeKind::InviteUser | ChangeKind::AddTeamMember => Origin::Pending,
        _ => Origin::Proposed,
    });
    let text = comment(&[plan]);
    assert_eq!(acting(&text), Vec::<String>::new());
    let (proposed, others) = text.split_once("\n### Pending: ").unwrap();
    // Eve is removed by hand of others, and li comes by what was agreed to before.
    for (who, is_proposed) in [("eve@", false), ("li@acme.com", true), ("pat@", true)] {
        assert_eq!(
            proposed.contains(&format!("- **`{who}")) || proposed.contains(&format!("`{who}")),
            is_proposed,
            "{who}"
        );
    }
    assert!(others.contains("\n- ➖ remove `eve@acme.com`"), "{others}");
    assert_data_eq!(text, file!["origins.md"].raw());
    let mut nothing = world::week().plan;
    world::propose(&mut nothing, |_| Origin::Drift);
    let text = comment(&[nothing]);
    assert!(text.contains("\nNothing is proposed here.\n"), "{text}");
    assert!(text.contains("\nNot of this proposal: 15 drift (changed on the live side"), "{text}");
}

#[test]
fn whoever_comes_and_becomes_admin_is_told_as_both() {
    let plan = World::new("acme", "Acme")
        .project(1, Some("web"), None)
        .user("bo@acme.com", OrgRole::Owner)
        .live()
        .change(Change::InviteUser { user: email("cy@agency.com"), role: OrgRole::Member }, Some(3))
        .escalation(
            Change::SetGrant { user: email("cy@agency.com"), project: project(1), from: None, to: role("admin") },
            Some(7),
            None,
        )
        .change(Change::InviteUser { user: email("di@agency.com"), role: OrgRole::Admin }, Some(4))
        .plan;
    let text = comment(&[plan]);
    let told = "\n**1 person becomes admin of the organization (newly invited)**, **1 becomes admin of web (newly invited)**.\n";
    assert!(text.contains(told), "{text}");
}
