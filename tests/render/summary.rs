//! The end of an apply fits on a screen, and nothing in the Markdown of it acts.

use accessctl::apply::{Outcome, Report};
use accessctl::change::Change;
use accessctl::model::{OrgRole, TeamName};
use accessctl::plan::{ChangeId, Channel, Plan};
use accessctl::render::report::{self, Ending};
use accessctl::render::{Options, summary, width};
use proptest::prelude::{prop, prop_assert, proptest};
use pulldown_cmark::{Event, Options as Extensions, Parser, Tag};

use crate::hostile::{self, name};
use crate::world::{World, email, project, role, sources};

/// A plan of so many grants.
fn plan(changes: usize) -> Plan {
    let mut world = World::new("acme", "Acme").project(1, Some("web"), None).live();
    for number in 0..changes {
        let user = email(&format!("somebody.with.a.name.{number}@agency.example.com"));
        world = world.user(user.as_str(), OrgRole::Member);
        let change = Change::SetGrant { user, project: project(1), from: None, to: role("analyst") };
        world.plan.changes.push(planned(&world.plan, change));
    }
    world.plan
}

fn planned(plan: &Plan, change: Change) -> accessctl::plan::PlannedChange {
    let mut made = crate::world::week().plan.changes.swap_remove(0);
    made.id = ChangeId(u32::try_from(plan.changes.len()).unwrap() + 1);
    (made.change, made.depends_on) = (change, Vec::new());
    made
}

fn report(outcomes: Vec<Outcome>) -> Report {
    let outcomes = (1..).map(ChangeId).zip(outcomes).collect();
    Report { outcomes, next_steps: Vec::new(), beside: Vec::new(), is_broken_off: false }
}

fn shown(plan: &Plan, ending: &Ending<'_>, options: Options) -> String {
    let mut out = Vec::new();
    report::write_summary(&mut out, plan, ending, options).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

fn fits(text: &str) {
    assert!(text.lines().count() < 24, "{} lines:\n{text}", text.lines().count());
    assert!(text.lines().all(|line| width(line) <= 80), "{text}");
}

const SCREEN: Options = Options { width: 80, verbose: false };

#[test]
fn ten_thousand_changes_that_fail_in_many_ways_fit_on_a_screen() {
    let mut plan = plan(10_000);
    let causes =
        |text: String| vec!["`set_grant` failed: POST /organizations/77/add-users-to-projects/".to_owned(), text];
    let mut outcomes: Vec<Outcome> = (0..10_000u32)
        .map(|number| match number % 9 {
            0 => Outcome::Failed(causes(format!("the service answered 500: number {}", number % 90))),
            1 => Outcome::Unknown(causes("there was no whole answer in time".to_owned())),
            2 => Outcome::Deferred { until: crate::world::moment() },
            3 => Outcome::Skipped { because: ChangeId(number % 40 * 9 + 1) },
            4 => Outcome::Manual,
            5 => Outcome::NotTried,
            6 => Outcome::Settled { is_done: false, causes: causes("the connection broke".to_owned()) },
            _ => Outcome::Applied,
        })
        .collect();
    for (planned, outcome) in plan.changes.iter_mut().zip(&mut outcomes) {
        if *outcome == Outcome::Manual {
            planned.channel = Channel::Manual;
        }
    }
    let left: Vec<Change> = plan.changes.iter().map(|planned| planned.change.clone()).collect();
    let mut report = report(outcomes);
    report.next_steps = (0..12).map(|number| format!("do the thing number {number} about it, and then look")).collect();
    let mut ending = Ending { report: &report, left: Some(&left), run: Some("91be3d06"), stopped_by: None };
    let text = shown(&plan, &ending, SCREEN);
    fits(&text);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in ["2223 failed", "more; `accessctl log --run 91be3d06`", "By hand", "hint: ", "1. ", "again after"] {
        assert!(words.contains(said), "{said}: {text}");
    }
    ending.left = None;
    ending.stopped_by = Some("Ctrl-C");
    let stopped = shown(&plan, &ending, SCREEN);
    fits(&stopped);
    assert!(stopped.contains("stopped by Ctrl-C") && stopped.contains("run the same command again"), "{stopped}");
    // All of it is there for whoever asks for it.
    let whole = shown(&plan, &ending, Options { verbose: true, ..SCREEN });
    assert!(whole.lines().count() > 4000);
}

#[test]
fn two_hundred_failures_each_of_its_own_cause_fit_on_a_screen() {
    let plan = plan(200);
    let failed = |number| Outcome::Failed(vec![format!("the service answered 500: incident {number}")]);
    let report = report((0..200).map(failed).collect());
    let left: Vec<Change> = plan.changes.iter().map(|planned| planned.change.clone()).collect();
    let ending = Ending { report: &report, left: Some(&left), run: Some("91be3d06"), stopped_by: None };
    let text = shown(&plan, &ending, SCREEN);
    fits(&text);
    let shown = text.matches("FAILED").count();
    assert!(shown > 5, "{text}");
    let rest = format!("… and {} more; `accessctl log --run 91be3d06` shows all", 200 - shown);
    assert!(text.contains(&rest), "{rest}: {text}");
}

/// What of a page is not plain: a reader could be led somewhere, or somebody called.
#[expect(clippy::wildcard_enum_match_arm, reason = "whatever else Markdown has, or will have, is not plain")]
fn acting(page: &str) -> Vec<String> {
    let extensions = Extensions::ENABLE_TABLES | Extensions::ENABLE_STRIKETHROUGH | Extensions::ENABLE_FOOTNOTES;
    let mut found = Vec::new();
    let mut in_code = false;
    for event in Parser::new_ext(page, extensions | Extensions::ENABLE_GFM) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => in_code = false,
            Event::Text(text) if !in_code && text.contains(['@', '#', '<', '/']) => found.push(text.into_string()),
            Event::Start(Tag::Paragraph | Tag::Heading { .. }) | Event::End(_) | Event::Text(_) | Event::Code(_) => {}
            Event::SoftBreak => {}
            other => found.push(format!("{other:?}")),
        }
    }
    found
}

proptest! {
    #[test]
    fn no_name_acts_in_markdown(names in prop::array::uniform6(name())) {
        let plan = hostile::world(&names).plan;
        let report = report(plan.changes.iter().map(|_| Outcome::Failed(vec![names[0].clone(), names[5].clone()])).collect());
        let left = [Change::DeleteTeam { team: TeamName::new(&format!("{}x", names[1])).unwrap() }];
        let ending = Ending { report: &report, left: Some(&left), run: Some("91be3d06"), stopped_by: None };
        let sections = [
            summary::of_plan(&plan, &sources(&names[2])).unwrap(),
            summary::of_apply(&plan, &ending).unwrap(),
            summary::of_problem(&names[3], &names[4]),
        ];
        let page = summary::page(&names[5], "Incomplete.", &sections);
        let acting = acting(&page);
        prop_assert!(acting.is_empty(), "{acting:?} in {page}");
    }
}

#[test]
fn what_acts_is_seen_to_act() {
    for text in
        ["@ana", "<b>x</b>", "[x](http://evil.test)", "| a |\n|---|\n| b |", "# heading\n#12", "http://evil.test"]
    {
        assert!(!acting(text).is_empty(), "{text}");
    }
}

#[test]
fn a_page_is_bounded() {
    let plan = plan(2000);
    let failed = |number| Outcome::Failed(vec![format!("cause {number} {}", "x".repeat(400))]);
    let report = report((0..2000).map(failed).collect());
    let left: Vec<Change> = plan.changes.iter().map(|planned| planned.change.clone()).collect();
    let ending = Ending { report: &report, left: Some(&left), run: None, stopped_by: None };
    let section = summary::of_apply(&plan, &ending).unwrap();
    let page = summary::page("accessctl apply", "Incomplete.", &vec![section; 300]);
    assert!(page.len() < 256 << 10, "{}", page.len());
    assert!(page.contains("the log of the job has them"));
    let one = summary::of_plan(&plan, &sources("access.yaml")).unwrap();
    assert!(one.len() < 16 << 10, "{}", one.len());
}

#[test]
fn what_people_have_to_do_is_whole_up_to_two_hundred_steps() {
    for number in [11, 200, 230] {
        let plan = plan(number);
        let report = report((0..number).map(|_| Outcome::Manual).collect());
        let ending = Ending { report: &report, left: Some(&[]), run: Some("91be3d06"), stopped_by: None };
        let page = summary::page("accessctl apply", "Incomplete.", &[summary::of_apply(&plan, &ending).unwrap()]);
        let words = page.split_whitespace().collect::<Vec<_>>().join(" ");
        let told =
            |place: usize| words.contains(&format!("somebody.with.a.name.{place}@agency.example.com the Individual"));
        assert!((0..number.min(200)).all(told) && !told(200), "{number}: {page}");
        let rest = words.contains("… and 30 more; `accessctl log --run 91be3d06` shows all");
        assert_eq!(rest, number == 230, "{page}");
        fits(&shown(&plan, &ending, SCREEN));
    }
}
