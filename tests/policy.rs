//! Rules and remarks: what is found of which configuration, and that `docs/policy.md` tells it.
//! `SNAPSHOTS=overwrite cargo test --test policy` writes the findings in the page anew.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking and reads a knob")]

mod language_support;

use std::fs;
use std::path::{Path, PathBuf};

use accessctl::backend::snapshot;
use accessctl::desired::Compiled;
use accessctl::diagnostic::{Diagnostic, Severity, has_errors};
use accessctl::model::Acting;
use accessctl::model::{Interner, OrgRole};
use accessctl::plan::{Extent, GuardCode, GuardEffect};
use accessctl::{guard, lint, planning, policy};
use jiff::Timestamp;
use language_support::{brief, check, compile_text};

/// 2026-11-16.
const AS_OF: Timestamp = Timestamp::constant(1_794_787_200, 0);

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// What the examples of the page are read with.
#[derive(Default)]
struct Page {
    /// The organization that examples stand in.
    organization: String,
    /// The live side that guards judge plans against.
    live: String,
}

#[test]
fn the_page_shows_what_is_really_found() {
    let path = root().join("docs/policy.md");
    let written = fs::read_to_string(&path).unwrap();
    let mut page = Page::default();
    let (mut real, mut example): (String, Option<String>) = (String::new(), None);
    let mut number = 0;
    for line in written.split_inclusive('\n') {
        match (&mut example, line.trim_end()) {
            (Some(text), "```") => {
                number += 1;
                real.push_str(&page.with_findings(text));
                real.push_str(line);
                example = None;
            }
            (Some(text), _) => text.push_str(line),
            (None, "```yaml") => {
                real.push_str(line);
                example = Some(String::new());
            }
            (None, _) => real.push_str(line),
        }
    }
    assert!(number > 20, "the examples of the page were not found");
    if written != real && std::env::var("SNAPSHOTS").is_ok_and(|wish| wish == "overwrite") {
        fs::write(&path, real).unwrap();
    } else if written != real {
        let changes = similar::TextDiff::from_lines(&written, &real);
        panic!("run with SNAPSHOTS=overwrite and read what changes:\n{}", changes.unified_diff());
    }
}

#[test]
fn the_page_has_an_example_of_every_guard_effect_condition_and_remark() {
    let page = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let examples: String = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let codes = accessctl::diagnostic::Code::ALL.iter().filter(|code| code.is_lint()).map(|code| code.as_str());
    assert!(examples.contains("approved_by: [ana@acme.com, eli@acme.com] }"), "no example has two approvers");
    let effects = ["deny:", "require:", "max_days:", "max_role:", "min_approvers:", "severity:", "exceptions:"];
    let conditions = ["user:", "team:", "project:", "environment:", "role:", "role_at_least:", "via:"];
    let guards = GuardCode::ALL.iter().map(|guard| format!(" {}: ", guard.as_str()));
    let wanted = codes.chain(effects).chain(conditions).map(str::to_owned).chain(guards);
    let missing: Vec<String> = wanted.filter(|word| !examples.contains(word.as_str())).collect();
    assert!(missing.is_empty(), "{missing:?} are in no example");
}

impl Page {
    /// The example with what is found of it.
    fn with_findings(&mut self, example: &str) -> String {
        let results = ["# error[", "# warning[", "# BLOCKED", "# HELD", "# warning from", "# nothing", "#   "];
        let is_result = |line: &&str| results.iter().any(|start| line.starts_with(start));
        let text: String = example.split_inclusive('\n').filter(|line| !is_result(line)).collect();
        if text.starts_with("format:") {
            self.live = text.clone();
            return text;
        }
        if text.starts_with("# the organization") {
            self.organization = text.clone();
        }
        let key = text.lines().find(|line| !line.starts_with('#')).unwrap();
        let document = if key.starts_with("version:") {
            text.clone()
        } else {
            let (definition, rest) = self.organization.split_once("---\n").unwrap();
            let indented: String = text.lines().map(|line| format!("  {line}\n")).collect();
            format!("{definition}{indented}---\n{rest}")
        };
        let mut found = Vec::new();
        let Compiled { organizations, diagnostics } = compile_text(&document).1;
        found.extend(diagnostics.iter().map(said));
        if !has_errors(&diagnostics) {
            for desired in &organizations {
                if text.lines().any(|line| line.trim_start().starts_with("guards:")) {
                    found.extend(self.guards(desired, &text));
                } else {
                    found.extend(policy::judge(desired, AS_OF).findings.iter().map(said));
                    if !key.starts_with("policy:") {
                        found.extend(lint::remarks(desired, AS_OF).iter().map(said));
                    }
                }
            }
        }
        if text == self.organization && !found.is_empty() {
            // What is remarked of it is shown where remarks are.
            found.clear();
        } else if found.is_empty() {
            found.push("nothing".to_owned());
        }
        text + &found.iter().map(|line| comment(line)).collect::<String>()
    }

    /// What guards say of the plan.
    fn guards(&self, desired: &accessctl::desired::Desired, text: &str) -> Vec<String> {
        let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
        fs::write(file.path(), &self.live).unwrap();
        let live = snapshot::load(file.path(), AS_OF, &mut Interner::default()).unwrap().state;
        let mut plan = planning::plan(desired, live, "snapshot", AS_OF).unwrap().plan;
        if let Some(acting) = text.strip_prefix("# acting: ").and_then(|rest| rest.lines().next()) {
            let (user, role) = acting.split_once(", ").unwrap();
            plan.acting = Some(Acting { role: OrgRole::from_name(role), account: Some(user.to_owned()) });
        }
        if let Some((users, _)) = text.strip_prefix("# earlier: ").and_then(|rest| rest.split_once(' ')) {
            plan.earlier = Some(Extent { users: users.parse().unwrap(), memberships: 0, grants: 0 });
        }
        guard::judge(&mut plan);
        let word = |effect| match effect {
            GuardEffect::Block => "BLOCKED",
            GuardEffect::Hold => "HELD",
            GuardEffect::Warn => "warning from",
        };
        let by = |effect| if effect == GuardEffect::Warn { "" } else { " by" };
        let said = plan
            .guards
            .iter()
            .map(|one| format!("{}{} {}: {}", word(one.effect), by(one.effect), one.code.as_str(), one.message));
        said.collect()
    }
}

fn said(finding: &Diagnostic) -> String {
    let word = if finding.severity() == Severity::Error { "error" } else { "warning" };
    format!("{word}[{}]: {}", finding.code.as_str(), finding.message)
}

/// As comment lines of a bearable width.
fn comment(text: &str) -> String {
    let mut lines = String::new();
    let mut line = String::from("#");
    for word in text.split(' ') {
        if line.len() + 1 + word.len() > 118 {
            lines.push_str(&line);
            lines.push('\n');
            line = String::from("#  ");
        }
        line.push(' ');
        line.push_str(word);
    }
    lines + &line + "\n"
}

/// An organization with this policy on line 2.
fn with_policy(policy: &str) -> String {
    format!(
        "version: 1\norg: {{ key: acme, id: 1, domains: [b.io], policy: [{policy}] }}\n---\nversion: 1\norg: acme\n{BODY}"
    )
}

const BODY: &str = "\
users: { a@b.io: owner, c@b.io: member, x@y.io: member, z@y.io: { role: member, until: 2026-12-01, reason: r } }
projects:
  web: { id: 5, environment: production, roles: { Steward: { like: analyst } } }
  ios: { id: 6, everyone: consumer, roles: [Tester] }
project_groups: { all: [web, ios] }
teams:
  t: { name: Team, members: [x@y.io, c@b.io], projects: { web: admin } }
grants:
  - { user: c@b.io, project: web, role: analyst }
";

#[test]
fn rules_that_do_nothing_or_never_apply_are_errors() {
    for (rule, expected) in [
        ("{ name: n }", "E0522 2:60 n"),
        ("{ name: n, deny: false }", "E0522 2:60 n"),
        ("{ name: n, require: [] }", "E0522 2:60 n"),
        ("{ name: n, deny: true, max_days: 3 }", "E0522 2:60 n"),
        ("{ name: n, max_role: owner }", "E0522 2:73 owner"),
        ("{ name: n, when: { role_at_least: admin }, max_role: analyst }", "E0522 2:105 analyst"),
        ("{ name: n, max_role: Steward }", "E0405 2:73 Steward"),
        ("{ name: n, deny: maybe }", "E0304 2:69 maybe"),
        ("{ name: n, max_days: 0 }", "E0309 2:73 0"),
        ("{ name: n, require: [tickets] }", "E0304 2:73 tickets"),
        ("{ name: n, require: [until, until] }", "E0521 2:80 until <- 2:73"),
        ("{ name: n, deny: true }, { name: n, max_role: admin }", "E0521 2:85 n <- 2:60"),
        ("{ name: n, deny: true, severity: fatal }", "E0304 2:85 fatal"),
        ("{ name: n, deny: true, when: { team: Teem } }", "E0406 2:89 Teem"),
        ("{ name: n, deny: true, when: { project: wep } }", "E0403 2:92 wep"),
        ("{ name: n, deny: true, when: { project: \"@al\" } }", "E0404 2:92 \\\"@al\\\""),
        ("{ name: n, deny: true, when: { environment: prod } }", "E0407 2:96 prod"),
        ("{ name: n, deny: true, when: { role: Stewart } }", "E0405 2:89 Stewart"),
        ("{ name: n, deny: true, when: { user: x@y.oi } }", "E0402 2:89 x@y.oi"),
        ("{ name: n, deny: true, when: { user: extern } }", "E0304 2:89 extern"),
        ("{ name: n, deny: true, when: { via: [] } }", "E0523 2:75 when"),
        ("{ name: n, deny: true, when: { via: grant, team: Team } }", "E0523 2:88 grant"),
        ("{ name: n, deny: true, when: { project: ios, environment: production } }", "E0523 2:75 when"),
        ("{ name: n, deny: true, when: { role: consumer, role_at_least: admin } }", "E0523 2:114 admin"),
        ("{ name: n, deny: true, when: { role: Steward, project: ios } }", "E0523 2:75 when"),
        ("{ name: n, deny: true, when: { role: [Steward, consumer], project: ios } }", ""),
        ("{ name: n, deny: true, when: { user: \"*@z.io\" } }", "W0907 2:89 \\\"*@z.io\\\""),
        ("{ name: n, deny: true, when: { team: \"x*\" } }", "W0907 2:89 \\\"x*\\\""),
        ("{ name: n, deny: true, when: { team: Te?m, project: [5, web, \"w*\"], environment: prod* } }", ""),
        (
            "{ name: n, deny: true, exceptions: [{ until: 2027-01-01, reason: r }] }",
            "E0205 2:88 { until: 2027-01-01, reason: r }",
        ),
        (
            "{ name: n, deny: true, exceptions: [{ user: \"*\", until: 2027-01-01, reason: r }] }",
            "E0205 2:88 { user: \\\"*\\\", until: 2027-01-01, reason: r }",
        ),
        (
            "{ name: n, deny: true, exceptions: [{ user: [external, internal], project: \"*\", until: 2027-01-01, reason: r }] }",
            "E0205 2:88 { user: [external, internal], project: \\\"*\\\", until: 2027-01-01, reason: r }",
        ),
        (
            "{ name: n, deny: true, exceptions: [{ user: \"?*@*\", project: \"?*\", until: 2027-01-01, reason: r }] }",
            "E0205 2:88 { user: \\\"?*@*\\\", project: \\\"?*\\\", until: 2027-01-01, reason: r }",
        ),
        ("{ name: n, deny: true, exceptions: [{ user: \"*\", project: web, until: 2027-01-01, reason: r }] }", ""),
        ("{ name: n, deny: true, exceptions: [{ user: \"?*@b.io\", until: 2027-01-01, reason: r }] }", ""),
        (
            "{ name: n, deny: true, exceptions: [{ user: c@b.io, reason: r }] }",
            "E0205 2:88 { user: c@b.io, reason: r }",
        ),
        (
            "{ name: n, deny: true, exceptions: [{ user: c@b.io, until: 2027-01-01 }] }",
            "E0205 2:88 { user: c@b.io, until: 2027-01-01 }",
        ),
    ] {
        let expected: Vec<&str> = [expected].into_iter().filter(|line| !line.is_empty()).collect();
        check(&with_policy(rule), &expected);
    }
    let nobody = "version: 1\norg: { key: acme, id: 1, policy: [{ name: n, when: { user: internal }, deny: true }] }\n";
    check(nobody, &["E0523 2:60 internal"]);
    check("version: 1\norg: { key: acme, id: 1, lint: { off: [W1001, W1099] } }\n", &["E0304 2:47 W1099"]);
    check("version: 1\norg: { key: acme, id: 1, lint: { off: [W0801] } }\n", &["E0304 2:40 W0801"]);
}

/// What `rule` finds of the organization, on one line each.
fn broken(rule: &str) -> Vec<String> {
    broken_at(rule, AS_OF)
}

fn broken_at(rule: &str, as_of: Timestamp) -> Vec<String> {
    let text = with_policy(rule);
    let (sources, compiled) = compile_text(&text);
    assert!(compiled.diagnostics.is_empty(), "{:?}", compiled.diagnostics);
    let found = policy::judge(&compiled.organizations[0], as_of).findings;
    found.iter().map(|one| brief(&sources, one)).collect()
}

#[test]
fn a_team_that_lets_an_external_in_is_shown_at_both_its_lines() {
    let rule = "{ name: n, when: { user: external, environment: production }, max_role: analyst }";
    assert_eq!(broken(rule), ["E0904 12:30 x@y.io <- 12:59 <- 2:60"]);
}

#[test]
fn org_roles_are_looked_at_only_where_that_is_said() {
    assert_eq!(broken("{ name: n, when: { user: a@b.io, project: web }, deny: true }"), [""; 0]);
    let rule = "{ name: n, when: { user: a@b.io, project: web, via: org_role }, deny: true }";
    assert_eq!(broken(rule), ["E0901 6:10 a@b.io <- 2:60"]);
}

#[test]
fn what_is_missing_is_to_be_written_where_it_counts() {
    let helps = |via: &str, require: &str| {
        let rule = format!("{{ name: n, when: {{ via: {via} }}, require: [{require}] }}");
        let (_, compiled) = compile_text(&with_policy(&rule));
        let found = policy::judge(&compiled.organizations[0], AS_OF).findings;
        found.into_iter().flat_map(|finding| finding.helps).collect::<Vec<_>>()
    };
    let or = ", or add a dated exception to the rule";
    // The line of an org role is the user's entry, and what stands there counts.
    for require in ["ticket", "approved_by", "ticket, approved_by"] {
        assert_eq!(helps("org_role", require), [format!("write it there{or}")], "{require}");
    }
    let all_but = format!("write it there; at the user's entry all but `approved_by` counts as well{or}");
    assert_eq!(helps("grant", "ticket, approved_by"), [all_but]);
    assert_eq!(helps("grant", "ticket"), [format!("write it there or at the user's entry{or}")]);
}

#[test]
fn what_everybody_has_is_one_finding() {
    let rule = "{ name: n, when: { user: external, via: everyone }, require: [until], severity: warning }";
    assert_eq!(broken(rule), ["W0902 9:27 consumer <- 2:60"]);
    let (_, compiled) = compile_text(&with_policy("{ name: n, when: { user: external, via: everyone }, deny: true }"));
    let found = policy::judge(&compiled.organizations[0], AS_OF);
    assert_eq!(found.findings.len(), 1);
    assert!(found.findings[0].message.contains("among them `x@y.io` and `z@y.io`"), "{:?}", found.findings);
    assert_eq!((found.broken[0].count, found.refuses()), (1, true));
}

#[test]
fn custom_roles_are_compared_by_what_they_are_like_or_not_at_all() {
    let with = |role: &str, rule: &str| {
        let text = with_policy(rule).replace("web, role: analyst", &format!("web, {role}"));
        let (sources, compiled) = compile_text(&text);
        assert!(compiled.diagnostics.is_empty(), "{:?}", compiled.diagnostics);
        let found = policy::judge(&compiled.organizations[0], AS_OF).findings;
        found.iter().map(|one| brief(&sources, one)).collect::<Vec<_>>()
    };
    let most = |role| format!("{{ name: n, when: {{ via: grant }}, max_role: {role} }}");
    assert_eq!(with("role: Steward", &most("analyst")), [""; 0]);
    assert_eq!(
        with("role: Steward", &most("consumer")),
        ["E0904 14:5 { user: c@b.io, project: web, role: Steward } <- 2:60"]
    );
    let unranked = |rule: &str| {
        let text = with_policy(rule).replace("project: web, role: analyst", "project: ios, role: Tester");
        let (sources, compiled) = compile_text(&text);
        let found = policy::judge(&compiled.organizations[0], AS_OF).findings;
        found.iter().map(|one| format!("{} | {}", brief(&sources, one), one.helps.join(" "))).collect::<Vec<_>>()
    };
    let expected =
        ["E0906 9:45 Tester <- 2:60 | say which built-in role it is like: `roles: { Tester: { like: analyst } }`"];
    assert_eq!(unranked(&most("analyst")), expected);
    let rule = "{ name: n, when: { via: grant, role_at_least: analyst }, deny: true }";
    assert_eq!(unranked(rule), expected);
    assert_eq!(unranked("{ name: n, when: { via: grant, role: analyst }, max_role: consumer }"), [""; 0]);
    // A role that nobody has need not be compared, nor one that is excepted.
    assert_eq!(broken(&most("analyst")), [""; 0]);
    let excepted = "{ name: n, when: { via: grant }, max_role: analyst, exceptions: [{ user: c@b.io, until: 2027-01-01, reason: r }] }";
    assert_eq!(unranked(excepted), [""; 0]);
}

#[test]
fn an_exception_counts_to_the_end_of_its_day() {
    let rule = "{ name: n, when: { via: grant }, deny: true, exceptions: [{ user: c@b.io, project: web, until: 2026-11-16, reason: r }] }";
    let late: Timestamp = "2026-11-16T23:59:59Z".parse().unwrap();
    assert_eq!(broken_at(rule, late), [""; 0]);
    let grant = "E0901 14:5 { user: c@b.io, project: web, role: analyst } <- 2:60";
    let over = broken_at(rule, "2026-11-17T00:00:00Z".parse().unwrap());
    assert_eq!(over.len(), 2);
    assert!(over[0].starts_with("W0908 2:110"), "{over:?}");
    assert_eq!(over[1], grant);
    for other in ["user: x@y.io", "project: ios", "user: external"] {
        let rule = rule.replace("user: c@b.io, project: web", other);
        assert_eq!(broken(&rule), [grant], "{other}");
    }
}

#[test]
fn days_are_those_of_the_calendar() {
    let broken = |window: &str, zone: &str, most: u32| {
        let rule = format!("{{ name: n, when: {{ via: grant }}, max_days: {most} }}");
        let text = with_policy(&rule).replace("role: analyst }", &format!("role: analyst, {window} }}"));
        let text = text.replace("id: 1,", &format!("id: 1, timezone: {zone},"));
        let (_, compiled) = compile_text(&text);
        assert!(compiled.diagnostics.is_empty(), "{:?}", compiled.diagnostics);
        policy::judge(&compiled.organizations[0], AS_OF).findings.len()
    };
    for zone in ["UTC", "Europe/Berlin", "Pacific/Kiritimati"] {
        // Ninety days with the night in which a clock goes back, or forward.
        for window in ["from: 2026-10-01, until: 2026-12-29", "from: 2027-01-01, until: 2027-03-31"] {
            assert_eq!((broken(window, zone, 90), broken(window, zone, 89)), (0, 1), "{window} in {zone}");
        }
    }
    // Without a beginning it is counted from the day of the run, which is the 16th.
    assert_eq!((broken("until: 2026-11-26", "UTC", 10), broken("until: 2026-11-27", "UTC", 10)), (0, 1));
    assert_eq!(broken("until: 2026-11-27", "UTC", 1_000_000_000), 0);
}

#[test]
fn what_is_over_does_not_count_and_what_comes_does() {
    let broken = |window: &str| {
        let rule = "{ name: n, when: { via: grant }, deny: true }";
        let text = with_policy(rule).replace("role: analyst }", &format!("role: analyst, {window} }}"));
        let (_, compiled) = compile_text(&text);
        policy::judge(&compiled.organizations[0], AS_OF).findings.len()
    };
    assert_eq!(broken("until: 2026-11-15"), 0);
    assert_eq!(broken("until: 2026-11-16"), 1);
    assert_eq!(broken("from: 2027-01-01"), 1);
    let blocked =
        with_policy("{ name: n, when: { via: grant }, deny: true }").replace("id: 1,", "id: 1, blocked: [c@b.io],");
    let (_, compiled) = compile_text(&blocked);
    assert_eq!(policy::judge(&compiled.organizations[0], AS_OF).findings, []);
}

#[test]
fn a_name_that_may_be_declared_in_an_unreadable_part_is_not_called_unknown() {
    let text = with_policy("{ name: n, when: { team: Other }, deny: true }");
    let broken = text.replace("teams:\n", "teams:\n  ? [a]\n  : {}\n");
    let codes: Vec<_> = compile_text(&broken).1.diagnostics.iter().map(|one| one.code.as_str()).collect();
    assert_eq!(codes, ["E0104"]);
}

#[test]
fn remarks_are_switched_off_one_by_one() {
    let page = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let examples = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let careless: Vec<&str> = examples.filter(|text| text.contains("key: careless")).collect();
    assert_eq!(careless.len(), 2);
    let codes = |text: &str| -> Vec<&'static str> {
        let (_, compiled) = compile_text(text);
        assert!(compiled.diagnostics.is_empty(), "{:?}", compiled.diagnostics);
        lint::remarks(&compiled.organizations[0], AS_OF).iter().map(|one| one.code.as_str()).collect()
    };
    let mut seen = std::collections::BTreeSet::new();
    for text in careless {
        let all = codes(text);
        for code in &all {
            let off = text.replace("id: 5", &format!("id: 5, lint: {{ off: [{code}] }}"));
            let rest: Vec<_> = all.iter().copied().filter(|other| other != code).collect();
            assert_eq!(codes(&off), rest, "without {code}");
            seen.insert(*code);
        }
    }
    assert_eq!(seen.len(), accessctl::diagnostic::Code::ALL.iter().filter(|code| code.is_lint()).count());
}

#[test]
fn many_violations_of_one_rule_do_not_hide_those_of_another() {
    let users: String = (0..1_200).map(|number| format!("  u{number}@b.io: member\n")).collect();
    let grants: String =
        (0..1_200).map(|number| format!("  - {{ user: u{number}@b.io, project: web, role: analyst }}\n")).collect();
    let text = format!(
        "version: 1\norg:\n  key: acme\n  id: 1\n  policy:\n    \
         - {{ name: many, when: {{ via: grant }}, deny: true, severity: warning }}\n    \
         - {{ name: one, when: {{ user: u1199@b.io }}, max_role: consumer }}\n\
         projects: {{ web: 5 }}\nusers:\n{users}grants:\n{grants}"
    );
    let (_, compiled) = compile_text(&text);
    let verdict = policy::judge(&compiled.organizations[0], AS_OF);
    let counts: Vec<_> = verdict.broken.iter().map(|one| (one.rule.as_str(), one.count, one.examples.len())).collect();
    assert_eq!(counts, [("many", 1_200, 10), ("one", 1, 1)]);
    assert!(verdict.refuses() && has_errors(&verdict.findings));
    assert_eq!(verdict.findings.len(), 1_001);
    let told = verdict.findings.iter().filter(|one| one.notes.iter().any(|note| note.contains("there are more")));
    assert_eq!(told.count(), 1);
}

#[test]
fn where_not_all_is_told_the_numbers_say_so() {
    let users: String = (0..1_200).map(|number| format!("  u{number}@b.io: member\n")).collect();
    let grants: String =
        (0..1_200).map(|number| format!("  - {{ user: u{number}@b.io, project: web, role: analyst }}\n")).collect();
    let text = format!(
        "version: 1\norg:\n  key: acme\n  id: 1\n  lint: {{ off: [W1004, W1006] }}\n  policy:\n    \
         - {{ name: many, when: {{ via: grant }}, deny: true }}\n\
         projects: {{ web: 5 }}\nusers:\n{users}grants:\n{grants}"
    );
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("access.yaml"), text).unwrap();
    let (status, out, _) = run(folder.path(), &["validate", "access.yaml"]);
    assert_eq!(status, 4);
    let lines: Vec<&str> = out.lines().rev().take(2).collect();
    assert!(lines[0].ends_with("; 1,000 or more errors"), "{lines:?}");
    assert_eq!(
        lines[1],
        "error: 1,000 or more errors in 1 file; 900 not shown, -v shows them; only the first 1,000 of a kind are told"
    );
    let (_, out, _) = run(folder.path(), &["-v", "validate", "access.yaml"]);
    let head = out.lines().rev().nth(1).unwrap();
    assert_eq!(head, "error: 1,000 or more errors in 1 file; only the first 1,000 of a kind are told");
}

#[test]
fn the_guard_of_a_rule_names_ten_people_what_is_wrong_and_of_how_many() {
    let message = |rule: &str, externals: usize| {
        let users: String = (0..externals).map(|number| format!("  x{number}@y.io: member\n")).collect();
        let members: Vec<String> = (0..externals).map(|number| format!("x{number}@y.io")).collect();
        let text = format!(
            "version: 1\norg: {{ key: acme, id: 1, domains: [b.io], policy: [{{ name: n, when: {{ user: external }}, {rule} }}] }}\n\
             users:\n  a@b.io: owner\n{users}projects: {{ web: 5, ios: 6 }}\n\
             teams: {{ t: {{ members: [{}], projects: {{ web: analyst, ios: admin }} }} }}\n",
            members.join(", ")
        );
        let (_, compiled) = compile_text(&text);
        assert!(!has_errors(&compiled.diagnostics), "{:?}", compiled.diagnostics);
        let live = "format: accessctl.snapshot/1\norganization: { id: 1, name: A }\n\
            projects: [{ id: 5, name: W }, { id: 6, name: I }]\n\
            users: [{ email: a@b.io, role: owner, status: active }]\nteams: []\ngrants: []\n";
        let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
        fs::write(file.path(), live).unwrap();
        let live = snapshot::load(file.path(), AS_OF, &mut Interner::default()).unwrap().state;
        let mut plan = planning::plan(&compiled.organizations[0], live, "snapshot", AS_OF).unwrap().plan;
        guard::judge(&mut plan);
        plan.guards.into_iter().find(|one| one.code == GuardCode::Policy).unwrap()
    };
    let rule = "require: [until], max_days: 3, max_role: consumer, min_approvers: 1";
    let many = message(rule, 30);
    assert!(many.message.starts_with("the rule `n` is broken (30 of 31 people): `x0@y.io` is"), "{}", many.message);
    assert!(many.message.contains("; and 20 more people. `accessctl"), "{}", many.message);
    let people: std::collections::BTreeSet<&str> =
        many.examples.iter().filter_map(|one| one.split('`').nth(1)).collect();
    assert_eq!((people.len(), many.examples.len()), (10, 10), "{:?}", many.examples);
    let one = message(rule, 1).message;
    for fault in [
        "without `until`;",
        "without an end (3 days at most);",
        "by the team `t` (`consumer` at most);",
        "with no approver besides the user (1 wanted).",
    ] {
        assert!(one.contains(fault), "{fault} is not in {one}");
    }
    let three = message("max_role: consumer, min_approvers: 1, max_days: 3, require: [reason]", 3);
    assert!(three.message.contains("(3 of 4 people)") && three.message.contains("; and 2 more. "), "{}", three.message);
    assert_eq!(three.examples.len(), 10);
}

/// The status of a run and what it says on both streams.
fn run(folder: &Path, arguments: &[&str]) -> (i32, String, String) {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_accessctl"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("ACCESSCTL_JOURNAL", folder.join(".journal"))
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_broken_rule_refuses_and_a_warning_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let live = "format: accessctl.snapshot/1\norganization: { id: 1, name: A }\n\
        projects: [{ id: 5, name: W, roles: [Steward] }, { id: 6, name: I, roles: [Tester] }]\n\
        users: [{ email: a@b.io, role: owner, status: active }]\nteams: []\ngrants: []\n";
    fs::write(folder.path().join("seed.yaml"), live).unwrap();
    let backend = "id: 1, backend: { type: local, state: s/a.db, seed: seed.yaml },";
    let rule = "{ name: by team, when: { via: grant }, deny: true, severity: error }";
    let seed = with_policy(rule).replace("id: 1,", backend);
    fs::write(folder.path().join("access.yaml"), &seed).unwrap();
    let file = ["access.yaml"];
    let with = |start: &[&'static str]| start.iter().chain(&file).copied().collect::<Vec<_>>();

    let (status, out, err) = run(folder.path(), &with(&["validate"]));
    assert_eq!((status, err.as_str()), (4, ""), "{out}");
    assert!(out.contains("error[E0901]") && out.contains("refused by the policy: 1 organization"), "{out}");
    let (status, out, _) = run(folder.path(), &with(&["validate", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &json["summary"]["errors"]), (4, &1.into()));
    jsonschema::validate(&accessctl::render::findings::schema(), &json).unwrap();
    let (status, out, err) = run(folder.path(), &with(&["plan"]));
    assert_eq!(status, 4, "{out}{err}");
    assert!(out.contains("BLOCKED by policy: the rule `by team` is broken (1 of 4 people): `c@b.io`"), "{out}");
    assert!(err.contains("error[E0901]"), "{err}");
    let (status, out, _) = run(folder.path(), &with(&["plan", "--format", "json"]));
    let json: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!((status, &json["orgs"][0]["policy"][0]["code"]), (4, &"E0901".into()), "{json}");
    assert_eq!(json["orgs"][0]["guards"][0]["code"], "policy");
    assert_eq!(run(folder.path(), &with(&["apply", "--yes"])).0, 4);

    fs::write(folder.path().join("access.yaml"), seed.replace("severity: error", "severity: warning")).unwrap();
    assert_eq!(run(folder.path(), &with(&["validate"])).0, 0);
    let (status, out, err) = run(folder.path(), &with(&["apply", "--yes"]));
    assert_eq!(status, 0, "{out}{err}");
    assert!(out.contains("warning from policy: the rule `by team` is not followed"), "{out}");

    // In sync and against the rules is not in order.
    fs::write(folder.path().join("access.yaml"), &seed).unwrap();
    for command in [&["plan"][..], &["apply", "--yes"]] {
        let (status, out, err) = run(folder.path(), &with(command));
        assert_eq!(status, 4, "{out}{err}");
    }
}

/// What is found of this text, on one line each, without and with a live side.
fn found_in(text: &str, live: Option<&str>) -> Vec<String> {
    let (sources, compiled) = compile_text(text);
    assert!(!has_errors(&compiled.diagnostics), "{:?}", compiled.diagnostics);
    let desired = &compiled.organizations[0];
    let verdict = match live {
        None => policy::judge(desired, AS_OF),
        Some(live) => {
            let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
            fs::write(file.path(), live).unwrap();
            let live = snapshot::load(file.path(), AS_OF, &mut Interner::default()).unwrap().state;
            planning::plan(desired, live, "snapshot", AS_OF).unwrap().plan.policy
        }
    };
    verdict.findings.iter().map(|one| format!("{} | {}", brief(&sources, one), one.message)).collect()
}

#[test]
fn members_who_are_not_stated_are_judged_when_a_plan_is_made() {
    let text = "version: 1\norg: { key: acme, id: 1, domains: [b.io], policy: [{ name: n, when: { user: external }, max_role: consumer }] }\n\
        users: { a@b.io: owner, x@y.io: member }\nprojects: { web: 5 }\nteams: { core: { projects: { web: owner } } }\n";
    let live = "format: accessctl.snapshot/1\norganization: { id: 1, name: A }\nprojects: [{ id: 5, name: W }]\n\
        users: [{ email: a@b.io, role: owner, status: active }, { email: x@y.io, role: member, status: active }]\n\
        teams: [{ name: core, members: [x@y.io, a@b.io], projects: [{ id: 5, role: consumer }] }]\ngrants: []\n";
    let told = found_in(text, None);
    assert!(matches!(told.as_slice(), [one] if one.starts_with("W0909 2:60 n")), "{told:?}");
    let told = found_in(text, Some(live));
    assert!(
        matches!(told.as_slice(), [one] if one.starts_with("E0904 5:") && one.contains("`x@y.io` is `owner`")),
        "{told:?}"
    );
    // Users who are kept are there too.
    let kept = text.replace("id: 1,", "id: 1, manage: { users: listed },").replace(", x@y.io: member", "");
    let told = found_in(&kept, Some(live));
    assert!(matches!(told.as_slice(), [one] if one.contains("`x@y.io` is `owner`")), "{told:?}");
}

#[test]
fn a_line_about_everybody_is_judged_whoever_is_declared() {
    let with = |rule: &str, users: &str, manage: &str| {
        format!(
            "version: 1\norg: {{ key: acme, id: 1, domains: [b.io]{manage}, policy: [{{ name: n, {rule} }}] }}\n{users}\
             projects: {{ web: {{ id: 5, everyone: admin }} }}\n"
        )
    };
    let (external, any) = ("when: { user: external }, deny: true", "when: { via: everyone }, deny: true");
    let listed = ", manage: { users: listed }";
    let owner = "users: { a@b.io: owner }\n";
    for (rule, users, manage, number) in [
        (any, "", "", 1),
        (external, "", "", 1),
        (any, owner, "", 1),
        (external, owner, "", 0),
        (external, owner, listed, 1),
        ("when: { user: a@b.io }, max_days: 3", owner, listed, 1),
        ("when: { user: external, via: everyone }, max_role: admin", owner, listed, 0),
        (
            "when: { user: external }, deny: true, exceptions: [{ project: web, until: 2027-01-01, reason: r }]",
            owner,
            listed,
            0,
        ),
        (
            "when: { user: external }, deny: true, exceptions: [{ user: external, until: 2027-01-01, reason: r }]",
            owner,
            listed,
            0,
        ),
    ] {
        let told = found_in(&with(rule, users, manage), None);
        assert_eq!(told.len(), number, "{rule} {users} {manage}: {told:?}");
    }
}

#[test]
fn org_roles_are_judged_at_the_entry_whatever_projects_are_declared() {
    let with = |rule: &str, role: &str, projects: &str| {
        format!(
            "version: 1\norg: {{ key: acme, id: 1, domains: [b.io], policy: [{{ name: n, {rule} }}] }}\n\
             users: {{ a@b.io: owner, x@y.io: {role} }}\n{projects}"
        )
    };
    let deny = "when: { user: external, via: org_role }, deny: true";
    let web = "projects: { web: { id: 5, environment: test }, ios: 6 }\n";
    let on_web = "when: { user: external, via: org_role, environment: test }, deny: true";
    for (rule, role, projects, number) in [
        (deny, "owner", "", 1),
        (deny, "billing_admin", "", 1),
        (deny, "member", "", 0),
        (deny, "admin", web, 1),
        (on_web, "admin", web, 1),
        (on_web, "billing_admin", web, 0),
        ("when: { user: external, via: org_role, role_at_least: owner }, deny: true", "admin", "", 0),
        ("when: { user: external, via: org_role }, max_role: analyst", "admin", "", 1),
        ("when: { user: external, via: org_role }, max_role: analyst", "billing_admin", "", 0),
        (
            "when: { user: external, via: org_role }, deny: true, exceptions: [{ user: x@y.io, until: 2027-01-01, reason: r }]",
            "owner",
            web,
            0,
        ),
        (
            "when: { user: external, via: org_role }, deny: true, exceptions: [{ project: web, until: 2027-01-01, reason: r }]",
            "owner",
            web,
            1,
        ),
    ] {
        let told = found_in(&with(rule, role, projects), None);
        assert_eq!(told.len(), number, "{rule} {role} {projects}: {told:?}");
        assert!(told.iter().all(|one| one.contains("E090") && one.contains(" 3:25 ")), "{told:?}");
    }
}

#[test]
fn approvers_and_sponsors_are_people_in_force_and_somebody_else() {
    let with = |note: &str| {
        let text = format!(
            "version: 1\norg: {{ key: acme, id: 1, blocked: [blk@b.io], policy: [{{ name: n, when: {{ via: grant }}, \
             require: [sponsor], min_approvers: 2 }}] }}\nprojects: {{ web: 5 }}\n\
             users: {{ a@b.io: owner, c@b.io: {{ role: member, previously: [carl@b.io] }}, d@b.io: {{ role: owner, previously: [dan@b.io] }}, \
             blk@b.io: member, gone@b.io: {{ role: member, until: 2026-01-01 }} }}\n\
             grants: [{{ user: c@b.io, project: web, role: admin, {note} }}]\n"
        );
        found_in(&text, None).iter().map(|one| one[..5].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(with("approved_by: [a@b.io, dan@b.io], sponsor: d@b.io"), [""; 0]);
    assert_eq!(with("approved_by: [d@b.io, dan@b.io], sponsor: a@b.io"), ["E0905"]);
    assert_eq!(with("approved_by: [a@b.io, carl@b.io], sponsor: carl@b.io"), ["E0902", "E0905"]);
    for (name, number) in [("nobody@evil.com", 1), ("blk@b.io", 1), ("gone@b.io", 1)] {
        let told = with(&format!("approved_by: [a@b.io, {name}], sponsor: a@b.io"));
        assert_eq!(told.iter().filter(|code| *code == "W0910").count(), number, "{name}: {told:?}");
        assert_eq!(told.iter().filter(|code| *code == "E0905").count(), 1, "{name}: {told:?}");
        let told = with(&format!("approved_by: [a@b.io, d@b.io], sponsor: {name}"));
        assert_eq!(told.iter().filter(|code| *code == "E0902").count(), 1, "{name}: {told:?}");
    }
}

#[test]
fn an_approval_to_join_is_none_of_what_somebody_has() {
    let with = |effect: &str, entry: &str, member: &str, role: &str, grant: &str| {
        let text = format!(
            "version: 1\norg: {{ key: acme, id: 1, policy: [{{ name: n, when: {{ via: [team, grant, org_role] }}, {effect} }}] }}\n\
             projects: {{ web: 5, ios: 6 }}\nusers: {{ a@b.io: {{ role: member, approved_by: [c@b.io, d@b.io] }}, c@b.io: member, \
             d@b.io: member, x@b.io: {{ role: member{entry} }}, o@b.io: {{ role: admin{entry} }} }}\n\
             teams: {{ t: {{ members: [{{ user: x@b.io{member} }}], projects: {{ web: {{ role: admin{role} }} }} }} }}\n\
             grants: [{{ user: x@b.io, project: ios, role: admin{grant} }}]\n"
        );
        let found = found_in(&text, None);
        found.iter().map(|one| one.split(' ').take(5).collect::<Vec<_>>().join(" ")).collect::<Vec<_>>()
    };
    let two = ", approved_by: [c@b.io, d@b.io]";
    for (effect, code) in [("min_approvers: 2", "E0905"), ("require: [approved_by]", "E0902")] {
        // At the entry it counts for the org role and for nothing else.
        let told = with(effect, two, "", "", "");
        assert!(told.iter().all(|one| one.starts_with(code) && !one.contains("o@b.io")), "{told:?}");
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(with(effect, two, two, "", "").len(), 1);
        assert_eq!(with(effect, two, "", two, "").len(), 1);
        assert_eq!(with(effect, two, two, "", two), [""; 0]);
        assert_eq!(with(effect, "", two, "", two).len(), 1);
    }
    // Everything else is inherited.
    let all = ", until: 2027-01-01, reason: r, ticket: T-1, sponsor: c@b.io";
    assert_eq!(with("require: [until, reason, ticket, sponsor], max_days: 100", all, "", "", ""), [""; 0]);
}

#[test]
fn environments_that_are_nearly_the_same_are_remarked_on() {
    let with = |environments: [&str; 4], named: &str| {
        let projects: String = (1..)
            .zip(environments)
            .map(|(id, name)| format!("  p{id}: {{ id: {id}, everyone: consumer, environment: {name} }}\n"))
            .collect();
        let text = format!(
            "version: 1\norg: {{ key: acme, id: 1, policy: [{{ name: n, when: {{ environment: {named}, via: grant }}, deny: true }}] }}\n\
             users: {{ a@b.io: owner, o@b.io: owner }}\nprojects:\n{projects}"
        );
        let (sources, compiled) = compile_text(&text);
        assert!(compiled.diagnostics.is_empty(), "{:?}", compiled.diagnostics);
        let told = lint::remarks(&compiled.organizations[0], AS_OF);
        told.iter().map(|one| format!("{} | {}", brief(&sources, one), one.message)).collect::<Vec<_>>()
    };
    let slips = |named| with(["production", "Production", "prodution", "lab"], named);
    let meant = "is called nearly as `production`, which a rule names";
    assert_eq!(
        slips("production"),
        [
            format!("W1013 6:49 Production <- 5:49 | the environment `Production` {meant}"),
            format!("W1013 7:49 prodution <- 5:49 | the environment `prodution` {meant}"),
        ]
    );
    // Of two that no rule names, the one that more projects have is meant.
    let told = with(["Staging", "Staging", "staging", "lab"], "lab");
    assert_eq!(told, ["W1013 7:49 staging <- 5:49 | the environment `staging` is called nearly as `Staging`"]);
    assert_eq!(with(["prod-eu", "prod-us", "prod1", "prod2"], "prod-eu"), [""; 0]);
}

#[test]
fn own_approval_is_seen_by_old_addresses_and_in_teams() {
    let text = "version: 1\norg: { key: acme, id: 1 }\nprojects: { web: 5 }\n\
        users: { a@b.io: owner, o@b.io: owner, c@b.io: { role: member, previously: [carl@b.io] } }\n\
        teams: { t: { members: [c@b.io], projects: { web: { role: analyst, approved_by: c@b.io } } } }\n\
        grants: [{ user: c@b.io, project: web, role: admin, until: 2027-01-01, approved_by: carl@b.io }]\n";
    let (_, compiled) = compile_text(text);
    let told = lint::remarks(&compiled.organizations[0], AS_OF);
    let own: Vec<_> = told.iter().filter(|one| one.code.as_str() == "W1010").map(|one| &*one.message).collect();
    assert_eq!(
        own,
        ["`c@b.io` approved the role of the team `t`, in which they are", "`c@b.io` approved their own access"]
    );
}
