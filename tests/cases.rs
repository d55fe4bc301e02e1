//! One folder for each behaviour: a configuration, a live side and the plan that a reviewer reads.
//!
//! A new case is a folder with `desired.yaml` and `live.yaml`; `SNAPSHOTS=overwrite cargo test --test cases` writes its
//! `plan.txt`. Each plan that may be applied is applied, and planning again must give nothing;
//! then once more for each change, with that one failing. A file `at` names the
//! days or moments of the plans, one on each line; each is a plan for the same live side.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "laws/naive.rs"]
#[allow(dead_code, reason = "the laws need more of it")]
mod naive;
#[path = "support/middle.rs"]
mod walk;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use accessctl::backend::snapshot;
use accessctl::calendar::Moment;
use accessctl::desired::{Desired, compile, expiring};
use accessctl::diagnostic::{Diagnostic, has_errors};
use accessctl::model::{Interner, State};
use accessctl::plan::Meta;
use accessctl::render::json::{Head, Layout};
use accessctl::render::{self, Options};
use accessctl::source::{SourceFile, Sources};
use accessctl::{guard, planning};
use jiff::{SignedDuration, Timestamp};
use snapbox::{Data, assert_data_eq};

const AS_OF: Timestamp = Timestamp::constant(1_790_000_000, 0);
const TWO_WEEKS: SignedDuration = SignedDuration::from_hours(14 * 24);

#[test]
fn every_case_has_the_plan_beside_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut cases: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(cases.len() > 20);
    for case in cases {
        let shown = check(&case);
        assert_data_eq!(shown, Data::read_from(&case.join("plan.txt"), None).raw());
    }
}

/// What a reviewer reads of the case.
fn check(case: &Path) -> String {
    let desired = fs::read_to_string(case.join("desired.yaml")).unwrap();
    let sources = Sources::new(vec![SourceFile::new("desired.yaml", desired)]);
    let mut names = Interner::default();
    let compiled = compile(&sources, &mut names);
    if has_errors(&compiled.diagnostics) {
        return findings(&compiled.diagnostics, &sources);
    }
    let organization = &compiled.organizations[0];
    let live = snapshot::load(&case.join("live.yaml"), AS_OF, &mut names).unwrap().state;
    let Ok(moments) = fs::read_to_string(case.join("at")) else {
        return check_at(case, organization, &live, AS_OF, &sources);
    };
    let mut shown = String::new();
    for text in moments.lines() {
        let moment = Moment::parse(text).unwrap().start(&organization.timezone);
        shown.push_str(&format!("== as of {text}\n{}\n", check_at(case, organization, &live, moment, &sources)));
    }
    shown
}

/// What a reviewer reads at one moment.
fn check_at(case: &Path, organization: &Desired, live: &State, as_of: Timestamp, sources: &Sources) -> String {
    let mut planned = match planning::plan(organization, live.clone(), "snapshot", as_of) {
        Ok(planned) => planned,
        Err(errors) => return findings(&errors, sources),
    };
    planned.plan.note_expiring(expiring(organization, as_of, TWO_WEEKS));
    let verdict = planned.plan.policy.findings.clone();
    let mut text = Vec::new();
    render::text::write_plans(&mut text, std::slice::from_ref(&planned.plan), &[], sources, Options::default())
        .unwrap();
    let mut json = Vec::new();
    let head = Head { created_at: AS_OF, as_of, meta: &Meta::default() };
    let plans = std::slice::from_ref(&planned.plan);
    render::json::write_plans(&mut json, plans, &[], sources, head, Layout::Line).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    jsonschema::validate(&render::json::schema(), &json).unwrap_or_else(|error| panic!("{}: {error}", case.display()));
    if let Ok(approved) = guard::approve(planned.plan) {
        let plan = approved.plan();
        let state = walk::walk(plan, &BTreeSet::new(), as_of);
        for planned in plan.to_do() {
            walk::walk(plan, &BTreeSet::from([planned.id]), as_of);
        }
        let again = planning::plan(organization, state, "snapshot", as_of).unwrap().plan;
        let left: Vec<_> = again.changes.iter().map(|planned| &planned.change).collect();
        let held: Vec<_> = plan.held().map(|planned| &planned.change).collect();
        assert_eq!(left, held, "{}: planning again gives something else than what was held", case.display());
    }
    planned.warnings.extend(verdict);
    findings(&planned.warnings, sources) + &plain(text)
}

fn findings(findings: &[Diagnostic], sources: &Sources) -> String {
    let mut text = Vec::new();
    if !findings.is_empty() {
        render::diagnostics::write_findings(&mut text, findings, sources, Options::default()).unwrap();
    }
    plain(text)
}

fn plain(text: Vec<u8>) -> String {
    anstream::adapter::strip_str(std::str::from_utf8(&text).unwrap()).to_string()
}
