//! What of a saved plan still follows is done, and nothing else.

use accessctl::cli::ExitStatus;
use accessctl::desired::compile;
use accessctl::model::Interner;
use accessctl::planning;
use accessctl::saved::{compare, read};
use accessctl::source::{SourceFile, Sources};
use serde_json::Value;

use crate::{AFTER, BEFORE, LIVE, NOW, Somebody, World, second};

#[test]
fn what_was_reviewed_is_done_without_a_terminal() {
    let world = World::reviewed();
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    let said = &done.stdout;
    assert!(said.contains("of 2026-11-21 09:00 UTC, author Ana Ruiz, pr 12\n"), "{said}");
    assert!(said.contains("acme: 5 changes applied\n"), "{said}");
    assert_eq!(world.run(&["plan", "--exit-code"]).status, ExitStatus::Done);
    let again = world.apply(&[]);
    assert_eq!(again.status, ExitStatus::Done, "{}", again.said());
    assert!(again.stdout.contains("acme: nothing is left of the 5 changes of the saved plan"), "{}", again.stdout);
    assert!(again.stdout.contains("Already so (5)"), "{}", again.stdout);
}

#[test]
fn whoever_sits_at_a_terminal_is_asked() {
    let world = World::reviewed();
    let asked = world.run_at(NOW, &["apply", "--plan", "{}/plan.json"], &Somebody);
    assert_eq!(asked.status, ExitStatus::Done, "{}", asked.said());
    assert!(asked.stderr.contains("Apply these 5 changes to acme? Type yes to go on: "), "{}", asked.stderr);
    assert!(asked.stderr.contains("Saved plan"), "what is agreed to is shown where it is asked: {}", asked.stderr);
    let other = World::reviewed();
    let not_asked = other.run_at(NOW, &["apply", "--yes", "--plan", "{}/plan.json"], &Somebody);
    assert_eq!(not_asked.status, ExitStatus::Done, "{}", not_asked.said());
    assert!(!not_asked.stderr.contains("Type yes"), "{}", not_asked.stderr);
}

#[test]
fn a_file_of_the_plan_is_what_json_prints() {
    let world = World::reviewed();
    let printed = world.run(&["plan", "--format", "json", "--meta", "pr=12", "--meta", "author=Ana Ruiz"]);
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    assert_eq!(value(&world.saved()), value(&printed.stdout));
    assert_eq!(value(&world.saved())["meta"]["author"], "Ana Ruiz");
    world.write("plan.json", &printed.stdout);
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
}

#[test]
fn changes_that_have_nothing_to_do_with_it_do_not_make_it_stale() {
    let world = World::reviewed();
    // Somebody else comes, and a grant that the configuration does not want.
    world.by_hand(&BEFORE.replace("eve@acme.com: member }", "eve@acme.com: member, flo@acme.com: member }"));
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert!(done.stdout.contains("Not done (1)  they are not in the saved plan\n"), "{}", done.stdout);
    assert!(done.stdout.contains("cancel the invitation of flo@acme.com"), "{}", done.stdout);
    assert!(done.stdout.contains("acme: 5 changes applied\n"), "{}", done.stdout);
    let left = world.run(&["plan"]);
    assert!(left.stdout.starts_with("acme (Acme): 1 change (1 to remove)"), "{}", left.stdout);
}

#[test]
fn what_somebody_did_already_is_passed_over() {
    let world = World::reviewed();
    world.by_hand(
        &BEFORE
            .replace(", eve@acme.com: member", "")
            .replace("members: [ana@acme.com]", "members: [ana@acme.com, bo@acme.com]"),
    );
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert!(done.stdout.contains("acme: 3 of the 5 changes of the saved plan left to do"), "{}", done.stdout);
    assert!(done.stdout.contains("acme: 3 changes applied and 2 already so"), "{}", done.stdout);
}

#[test]
fn what_needs_a_change_that_nobody_reviewed_is_left_out() {
    let world = World::reviewed();
    // The team does not give the role any more, so that bo would have nothing between the grant and the team.
    world.by_hand(&BEFORE.replace("projects: { web: analyst }", "projects: {}"));
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Incomplete, "{}", done.said());
    assert!(done.stdout.contains("needs: team Analysts gets analyst on web"), "{}", done.stdout);
    assert!(done.stdout.contains("acme: 4 changes applied and 1 left out"), "{}", done.stdout);
    let left = world.run(&["plan"]);
    assert!(left.stdout.starts_with("acme (Acme): 2 changes (1 to add, 1 to remove)"), "{}", left.stdout);
}

#[test]
fn what_was_held_is_held_until_it_is_accepted() {
    let world = World::new();
    let limit =
        |text: &str, most: usize| text.replace("backend:", &format!("guards: {{ max_removals: {most} }}, backend:"));
    world.configure(&limit(AFTER, 0));
    world.run(&["plan", "--out", "{}/plan.json"]);
    assert!(world.saved().contains("\"held\""));
    // The limit is lifted without a new review: whoever agreed saw that nothing would be removed.
    world.configure(&limit(AFTER, 50));
    let held = world.apply(&[]);
    assert_eq!(held.status, ExitStatus::Incomplete, "{}", held.said());
    assert!(held.stdout.contains("2 removals were held when the plan was saved"), "{}", held.stdout);
    assert!(held.stdout.contains("acme: 3 changes applied and 2 held"), "{}", held.stdout);
    world.refuses(&["--accept-removals", "1"], "`--accept-removals 1` is not what the plan needs: 2 removals are held");
    let done = world.apply(&["--accept-removals", "2"]);
    assert_eq!(done.status, ExitStatus::Done, "{}", done.said());
    assert!(done.stdout.contains("acme: 2 changes applied and 3 already so"), "{}", done.stdout);
}

#[test]
fn what_was_refused_is_not_done_when_the_rule_is_mended() {
    let world = World::new();
    let ruled = |rule: &str| {
        let policy = format!("policy: [{{ name: no roles on iOS, {rule} }}]");
        AFTER.replace("backend:", &format!("domains: [acme.com], blocked: [eve@acme.com], {policy}, backend:"))
    };
    world.configure(&ruled("when: { project: ios }, deny: true"));
    let refused = world.run(&["plan", "--out", "{}/plan.json"]);
    assert_eq!(refused.status, ExitStatus::Refused, "{}", refused.said());
    world.configure(&ruled("when: { project: ios, user: external }, deny: true"));
    let done = world.apply(&[]);
    assert_eq!(done.status, ExitStatus::Incomplete, "{}", done.said());
    assert!(done.stdout.contains("Not done (4)  they were refused when the plan was saved\n"), "{}", done.stdout);
    assert!(done.stdout.contains("acme: 1 change applied and 4 held"), "{}", done.stdout);
    let left = world.run(&["plan"]);
    assert!(left.stdout.starts_with("acme (Acme): 4 changes"), "{}", left.stdout);
}

#[test]
fn one_file_holds_several_organizations() {
    let world = World::reviewed();
    second(&world);
    let one = world.apply(&[]);
    assert_eq!(one.status, ExitStatus::Done, "{}", one.said());
    assert!(one.stderr.contains("organization `beta` is not in the saved plan and is not applied"), "{}", one.stderr);
    assert!(world.run(&["plan", "--org", "beta"]).stdout.starts_with("beta (Beta): 5 changes"));
    let asked = world.apply(&["--org", "beta"]);
    assert_eq!(asked.status, ExitStatus::Invalid, "{}", asked.said());
    assert!(asked.stderr.contains("has no plan for organization `beta`"), "{}", asked.stderr);
    let world = World::new();
    second(&world);
    world.run(&["plan", "--out", "{}/plan.json"]);
    let beta = world.apply(&["--org", "beta"]);
    assert_eq!(beta.status, ExitStatus::Done, "{}", beta.said());
    assert!(beta.stdout.contains("beta: 5 changes applied") && !beta.stdout.contains("acme: "), "{}", beta.stdout);
    let rest = world.apply(&[]);
    assert_eq!(rest.status, ExitStatus::Done, "{}", rest.said());
    assert!(
        rest.stdout.contains("beta: nothing is left") && rest.stdout.contains("acme: 5 changes applied"),
        "{}",
        rest.stdout
    );
}

/// What a change waits for is worked out for what is left: by the plan of now, bo is going to have nothing on the
/// project and may lose the grant at any time; by what was reviewed, bo keeps access by the team.
#[test]
fn what_is_left_waits_for_what_it_needs_by_itself() {
    let desired = |text: &str| {
        let text = text.replace(", backend: { type: local, state: acme.db, seed: live.json }", "");
        let sources = Sources::new(vec![SourceFile::new("access.yaml", text)]);
        let compiled = compile(&sources, &mut Interner::default());
        assert!(!accessctl::diagnostic::has_errors(&compiled.diagnostics), "{:?}", compiled.diagnostics);
        compiled.organizations.into_iter().next().unwrap()
    };
    let world = World::reviewed();
    let saved = read(world.saved().as_bytes(), "p", &mut Interner::default()).unwrap();
    let live =
        accessctl::backend::snapshot::read(LIVE.as_bytes(), "live", NOW, &mut Interner::default()).unwrap().state;
    let other = desired(&AFTER.replace("projects: { web: analyst }", "projects: {}"));
    let fresh = planning::plan(&other, live, "local", NOW).unwrap().plan;
    let grant = |plan: &accessctl::plan::Plan| {
        plan.changes.iter().find(|planned| planned.change.kind().as_str() == "remove_grant").unwrap().depends_on.len()
    };
    assert_eq!(grant(&fresh), 0);
    let compared = compare(saved.orgs.values().next().unwrap(), fresh);
    assert_eq!(grant(&compared.plan), 1, "{:#?}", compared.plan.changes);
}
