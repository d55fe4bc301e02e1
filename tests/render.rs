//! What people and machines are shown of plans and findings.
//!
//! The expected files are rewritten with `SNAPSHOTS=overwrite cargo test --test render`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "render/apply.rs"]
mod apply;
#[path = "render/comment.rs"]
mod comment;
#[path = "render/hostile.rs"]
mod hostile;
#[path = "support/inert.rs"]
mod inert;
#[path = "render/page.rs"]
mod page;
#[path = "render/summary.rs"]
mod summary;
#[path = "render/world.rs"]
mod world;

use accessctl::diagnostic::{Code, Diagnostic};
use accessctl::model::OrgKey;
use accessctl::plan::{Kept, KeptWhat, KeptWhy, Meta, Plan};
use accessctl::render::json::{Head, Layout};
use accessctl::render::{Options, WithoutPlan, diagnostics, diff, findings, json, text};
use accessctl::source::{FileId, SourceFile, Sources, Span};
use snapbox::{assert_data_eq, file};

/// The plans as text, without styles.
fn text(plans: &[Plan], width: usize, verbose: bool) -> String {
    anstream::adapter::strip_str(&styled_text(plans, width, verbose)).to_string()
}

fn styled_text(plans: &[Plan], width: usize, verbose: bool) -> String {
    text_without(plans, &[], Options { width, verbose })
}

/// The plans, where `unplanned` could not be planned.
fn text_without(plans: &[Plan], unplanned: &[OrgKey], options: Options) -> String {
    let mut out = Vec::new();
    let sources = world::sources("examples/quickstart/access.yaml");
    let others = WithoutPlan { unplanned, unmanaged: &[] };
    text::write_plans(&mut out, plans, others, &sources, options).unwrap();
    String::from_utf8(out).unwrap()
}

fn json(plans: &[Plan]) -> String {
    json_as(plans, Layout::Line)
}

fn json_as(plans: &[Plan], layout: Layout) -> String {
    let mut out = Vec::new();
    let sources = world::sources("access.yaml");
    let meta = Meta::new([("pr".to_owned(), "12".to_owned())]).unwrap();
    let head = Head { created_at: world::moment(), as_of: world::moment(), meta: &meta };
    json::write_plans(&mut out, plans, WithoutPlan::default(), &sources, head, layout).unwrap();
    String::from_utf8(out).unwrap()
}

fn diff(plans: &[Plan]) -> String {
    let mut out = Vec::new();
    diff::write_plans(&mut out, plans).unwrap();
    String::from_utf8(out).unwrap()
}

fn report(found: &[Diagnostic], sources: &Sources, options: Options) -> String {
    let mut out = Vec::new();
    diagnostics::write_findings(&mut out, found, sources, options).unwrap();
    anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string()
}

#[test]
fn a_plan_at_80_columns() {
    assert_data_eq!(text(&[world::week().plan], 80, false), file!["render/week-80.txt"].raw());
}

#[test]
fn a_plan_at_200_columns() {
    assert_data_eq!(text(&[world::week().plan], 200, false), file!["render/week-200.txt"].raw());
}

#[test]
fn a_plan_in_full() {
    assert_data_eq!(text(&[world::week().plan], 100, true), file!["render/week-verbose.txt"].raw());
}

#[test]
fn a_plan_as_diff() {
    assert_data_eq!(diff(&[world::week().plan]), file!["render/week.diff"].raw());
}

#[test]
fn a_plan_as_json() {
    let value: serde_json::Value = serde_json::from_str(&json(&[world::week().plan])).unwrap();
    assert_data_eq!(serde_json::to_string_pretty(&value).unwrap() + "\n", file!["render/week.json"].raw());
}

#[test]
fn everything_that_is_kept_says_why() {
    assert_data_eq!(text(&[world::everything_kept().plan], 80, true), file!["render/kept-80.txt"].raw());
}

/// Names without spaces may be wider than the line; nothing else is.
#[test]
fn lines_stay_within_the_terminal() {
    for world in [world::week(), world::everything_kept(), world::crowd(), world::rise()] {
        for width in [60, 80, 100, 200] {
            for line in text(std::slice::from_ref(&world.plan), width, width != 80).lines() {
                let longest_word = line.split(' ').map(str::len).max().unwrap_or(0);
                assert!(accessctl::render::width(line) <= width.max(longest_word + 12), "{width}: {line}");
                assert!(!line.ends_with(' '), "{line:?}");
            }
        }
    }
}

#[test]
fn three_thousand_changes_fold() {
    assert_data_eq!(text(&[world::crowd().plan], 80, false), file!["render/crowd-80.txt"].raw());
}

#[test]
fn a_thousand_renamed_people_fold() {
    let mut plan = world::week().plan;
    plan.kept = (0..1_000)
        .map(|number| Kept {
            why: KeptWhy::AwaitsRename(world::email(&format!("u{number:03}@new.acme.com"))),
            what: KeptWhat::User(world::email(&format!("u{number:03}@acme.com"))),
        })
        .collect();
    let kept = |verbose| {
        let text = text(std::slice::from_ref(&plan), 100, verbose);
        text.lines().filter(|line| line.contains("has joined)")).count()
    };
    assert!(text(std::slice::from_ref(&plan), 100, false).contains("… and 980 more things; -v shows all"));
    assert_eq!((kept(false), kept(true)), (20, 1_000));
}

#[test]
fn three_thousand_changes_unfold() {
    let whole = text(&[world::crowd().plan], 200, true);
    for number in 0..1200 {
        assert!(whole.contains(&format!("new{number:04}@globex.com")), "{number}");
    }
    assert!(!whole.contains('…'), "nothing is folded");
}

#[test]
fn several_organizations() {
    let few = [world::week().plan, world::quiet("beta").plan, world::quiet("gamma").plan];
    let shown = text(&few, 100, false);
    let (_, end) = shown.split_at(shown.find("\nbeta:").unwrap());
    assert_data_eq!(
        end,
        "
beta: in sync (1 user, 1 team, 0 grants)
gamma: in sync (1 user, 1 team, 0 grants)

All organizations: 1 with changes, 2 in sync; 15 changes (6 to add, 4 to change, 5 to remove); takes
  15 requests and sends 2 invitation mails
"
    );
    let many: Vec<Plan> = (0..40).map(|number| world::quiet(&format!("client-{number:02}")).plan).collect();
    assert_data_eq!(
        text(&many, 100, false),
        "40 organizations in sync: client-00, client-01, client-02 and 37 more\n\nAll organizations: in sync\n"
    );
}

#[test]
fn organizations_that_are_not_planned_are_counted() {
    let missing = [OrgKey::new("delta").unwrap(), OrgKey::new("epsilon").unwrap()];
    let options = Options { width: 100, verbose: false };
    let plain = |plans: &[Plan]| anstream::adapter::strip_str(&text_without(plans, &missing, options)).to_string();
    assert_data_eq!(
        plain(&[world::quiet("beta").plan]),
        "\
beta: in sync (1 user, 1 team, 0 grants)
delta: not planned, see the errors
epsilon: not planned, see the errors

All organizations: 1 in sync, 2 not planned, see the errors
"
    );
    let shown = plain(&[world::hostile().plan]);
    let (_, end) = shown.split_at(shown.find("\ndelta:").unwrap());
    assert_data_eq!(
        end,
        "
delta: not planned, see the errors
epsilon: not planned, see the errors

All organizations: 1 with changes, 0 in sync, 2 not planned, see the errors; 7 changes (6 to add, 1
  to remove); would take 7 requests and send no invitation mail; BLOCKED: \"--help\"
"
    );
}

#[test]
fn a_folded_plan_shows_first_who_rises_most() {
    let shown = text(&[world::rise().plan], 80, false);
    assert_data_eq!(shown, file!["render/rise-80.txt"].raw());
}

#[test]
fn blanks_have_no_style() {
    let styled = styled_text(&[world::week().plan, world::hostile().plan], 100, false);
    assert!(styled.contains("\u{1b}["));
    for line in styled.lines() {
        assert!(!line.contains("m \u{1b}[0m"), "{line:?}");
        let (mut runs, mut last) = (line.split('\u{1b}'), "");
        runs.next();
        for (style, text) in runs.filter_map(|run| run.split_once('m')) {
            assert!(style == "[0" || text.is_empty() || !text.trim().is_empty(), "{line:?}");
            assert!(style == "[0" || last != style, "{line:?}");
            last = if style == "[0" && !text.is_empty() { "" } else { style };
        }
    }
}

#[test]
fn one_organization_in_sync() {
    assert_data_eq!(text(&[world::quiet("acme").plan], 80, false), "acme: in sync (1 user, 1 team, 0 grants)\n");
    assert_eq!(diff(&[world::quiet("acme").plan]), "");
}

#[test]
fn names_that_try_to_act_are_shown_escaped() {
    assert_data_eq!(text(&[world::hostile().plan], 80, false), file!["render/hostile-80.txt"].raw());
    assert_data_eq!(text(&[world::hostile().plan], 200, false), file!["render/hostile-200.txt"].raw());
    assert_data_eq!(diff(&[world::hostile().plan]), file!["render/hostile.diff"].raw());
}

fn span(sources: &Sources, path: &str, part: &str) -> Span {
    let (id, file) = sources.iter().find(|(_, file)| file.path == path).unwrap();
    let start = file.text.find(part).unwrap() as u32;
    Span { file: id, start, end: start + part.len() as u32 }
}

#[test]
fn findings_look_like_those_of_rustc() {
    let users = "version: 1\norg: acme\nusers:\n\tana@acme.com: owner\n  \u{1b}[31mbo\u{202e}@acme.com: memer # ü\n  bo@acme.com: member\n";
    let teams = "version: 1\norg: acme\n\n\n\n\n\n\n\n\n\n\nteams:\n  a: {}\n";
    let files = vec![SourceFile::new("acme/users.yaml", users), SourceFile::new("acme/teams\u{7}.yaml", teams)];
    let sources = Sources::new(files);
    let found = [
        Diagnostic::at(
            Code::LiveUserMissing,
            span(&sources, "acme/users.yaml", "memer"),
            "`memer` is no org role of `\u{1b}[31mbo`",
            "not a role",
        )
        .also(span(&sources, "acme/users.yaml", "ana@acme.com"), "another user")
        .also(span(&sources, "acme/teams\u{7}.yaml", "a: {}"), "a team")
        .note("the roles are `owner`, `admin`, `billing_admin` and `member`")
        .help("did you mean `member`?"),
        Diagnostic::at(
            Code::ProjectNameDiffers,
            span(&sources, "acme/users.yaml", "\u{1b}[31mbo\u{202e}@acme.com"),
            "a warning",
            "",
        ),
        Diagnostic::of_path(Code::LiveProjectMissing, "acme/no\nsuch.yaml", "cannot be read"),
        Diagnostic::of_organization(Code::LiveOrganization, "acme", "the live side is organization 2, not 1"),
    ];
    assert_data_eq!(report(&found, &sources, Options::default()), file!["render/findings.txt"].raw());
    let mut out = Vec::new();
    findings::write_findings(&mut out, &found, &sources).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_data_eq!(serde_json::to_string_pretty(&value).unwrap() + "\n", file!["render/findings.json"].raw());
    valid(&value, &findings::schema());
}

#[test]
fn a_finding_on_an_endless_line_shows_its_surroundings() {
    let long = format!("users: {{ {}oops: x, {} }}", "a: b, ".repeat(2_000_000), "c: d, ".repeat(2_000_000));
    let sources = Sources::new(vec![SourceFile::new("long.yaml", long)]);
    let found = [Diagnostic::at(Code::LiveUserMissing, span(&sources, "long.yaml", "oops"), "no", "here")];
    let shown = report(&found, &sources, Options::default());
    assert!(shown.len() < 2_000, "{shown}");
    assert!(shown.contains("long.yaml:1:12000010"), "{shown}");
    assert!(shown.contains("oops: x"), "{shown}");
}

#[test]
fn thousands_of_findings_are_counted() {
    let text = "x\n".repeat(5_000);
    let sources = Sources::new(vec![SourceFile::new("many.yaml", text)]);
    let at = |line: u32| Span { file: FileId(0), start: line * 2, end: line * 2 + 1 };
    let mut found: Vec<_> =
        (0..4_999).map(|line| Diagnostic::at(Code::ProjectNameDiffers, at(line), "warned", "")).collect();
    found.push(Diagnostic::at(Code::LiveUserMissing, at(4_999), "refused", ""));
    let shown = report(&found, &sources, Options::default());
    assert!(shown.starts_with("error[E0703]: refused\n"), "errors come first: {shown}");
    assert!(
        shown.ends_with("error: 1 error and 4,999 warnings in 1 file; 4,900 not shown, -v shows all\n"),
        "{}",
        &shown[shown.len() - 200..]
    );
    let all = report(&found, &sources, Options { verbose: true, ..Options::default() });
    assert_eq!(all.matches("warned").count(), 4_999);
}

fn valid(value: &serde_json::Value, schema: &serde_json::Value) {
    let errors: Vec<String> =
        jsonschema::validator_for(schema).unwrap().iter_errors(value).map(|error| error.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn plans_fit_their_schema() {
    let worlds = [world::week(), world::hostile(), world::everything_kept()]
        .map(|world| serde_json::from_str(&json(&[world.plan])));
    for value in worlds {
        valid(&value.unwrap(), &json::schema());
    }
    let mut wrong: serde_json::Value = serde_json::from_str(&json(&[world::week().plan])).unwrap();
    wrong["orgs"][0]["changes"][0]["kind"] = "grant_everything".into();
    assert!(!jsonschema::is_valid(&json::schema(), &wrong));
}

#[test]
fn the_digest_is_that_of_the_rest_of_the_document() {
    use sha2::Digest;
    let document = json(&[world::week().plan, world::hostile().plan]);
    let mut value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&document).unwrap();
    let digest = value.remove("digest").unwrap().as_str().unwrap().to_owned();
    let rest = document.trim_end().replace(&format!("\"digest\":\"{digest}\","), "");
    let hash: String = sha2::Sha256::digest(rest.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(digest, format!("sha256:{hash}"));
    let laid_out = json_as(&[world::week().plan, world::hostile().plan], Layout::Lines);
    assert!(laid_out.contains(&digest));
    let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(value(&laid_out), value(&document));
}

#[test]
fn what_a_plan_says_has_a_hash_that_time_does_not_change() {
    let (sources, meta) = (world::sources("access.yaml"), Meta::default());
    let content = |plan: &Plan, hours: i64| {
        let later = world::moment() + jiff::SignedDuration::from_hours(hours);
        let plan = Plan { as_of: later, ..plan.clone() };
        let head = Head { created_at: later, as_of: later, meta: &meta };
        json::content(&[plan], WithoutPlan::default(), &sources, head).unwrap()
    };
    let plan = world::week().plan;
    assert_eq!(content(&plan, 0), content(&plan, 1));
    let mut other = plan.clone();
    other.changes.pop();
    assert_ne!(content(&plan, 0), content(&other, 0));
    let mut other = plan.clone();
    world::propose(&mut other, |_| accessctl::plan::Origin::Proposed);
    assert_ne!(content(&plan, 0), content(&other, 0));
    // The document names it.
    let value: serde_json::Value = serde_json::from_str(&json(std::slice::from_ref(&plan))).unwrap();
    let meta = Meta::new([("pr".to_owned(), "12".to_owned())]).unwrap();
    let head = Head { created_at: jiff::Timestamp::MIN, as_of: jiff::Timestamp::MIN, meta: &meta };
    assert_eq!(value["content"], json::content(&[plan], WithoutPlan::default(), &sources, head).unwrap());
}

#[test]
fn a_plan_in_a_file_has_a_line_for_each_entry() {
    assert_data_eq!(json_as(&[world::week().plan], Layout::Lines), file!["render/week-saved.json"].raw());
}
