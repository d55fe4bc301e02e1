//! One folder for each behaviour: a configuration, a live side and the plan that a reviewer reads.
//!
//! A new case is a folder with `desired.yaml` and `live.yaml`; `SNAPSHOTS=overwrite cargo test --test cases` writes its
//! `plan.txt`, and the plan as a comment where there is a `plan.md`, which is made empty for that. Each plan that may be
//! applied is applied, and planning again must give nothing; then once more for each change, with that one failing. A
//! file `at` names the days or moments of the plans, one on each line; each is a plan for the same live side. A file
//! `base.yaml` has the configuration as it was agreed to before, from which origins are told, and `applied.yaml` beside
//! it the live side as the last apply left it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/inert.rs"]
mod inert;
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
use accessctl::render::{self, Options, WithoutPlan};
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
        assert_data_eq!(shown.text, Data::read_from(&case.join("plan.txt"), None).raw());
        assert_eq!(inert::acting(&shown.comment), Vec::<String>::new(), "{}: {}", case.display(), shown.comment);
        let comment = case.join("plan.md");
        if comment.exists() {
            assert_data_eq!(shown.comment, Data::read_from(&comment, None).raw());
        }
    }
}

/// What a reviewer reads of a case.
struct Shown {
    text: String,
    comment: String,
}

/// A case as it is planned.
struct Case<'a> {
    folder: &'a Path,
    sources: Sources,
    live: State,
    /// The configuration as it was agreed to before.
    base: Option<Desired>,
    /// The live side as the last apply left it.
    applied: Option<State>,
}

fn check(folder: &Path) -> Shown {
    let mut names = Interner::default();
    let mut configuration = |file: &str| {
        let text = fs::read_to_string(folder.join(file)).ok()?;
        let sources = Sources::new(vec![SourceFile::new(file, text)]);
        let compiled = compile(&sources, &mut names);
        Some((sources, compiled))
    };
    let (sources, compiled) = configuration("desired.yaml").unwrap();
    if has_errors(&compiled.diagnostics) {
        return Shown { text: findings(&compiled.diagnostics, &sources), comment: String::new() };
    }
    let base = configuration("base.yaml").map(|(_, mut base)| base.organizations.remove(0));
    let mut state = |file: &str| snapshot::load(&folder.join(file), AS_OF, &mut names).unwrap().state;
    let live = state("live.yaml");
    let applied = folder.join("applied.yaml").exists().then(|| state("applied.yaml"));
    let case = Case { folder, sources, live, base, applied };
    let organization = &compiled.organizations[0];
    let Ok(moments) = fs::read_to_string(folder.join("at")) else {
        return case.at(organization, AS_OF);
    };
    let mut all = Shown { text: String::new(), comment: String::new() };
    for moment in moments.lines() {
        let Shown { text, comment } =
            case.at(organization, Moment::parse(moment).unwrap().start(&organization.timezone));
        all.text.push_str(&format!("== as of {moment}\n{text}\n"));
        all.comment.push_str(&format!("{comment}\n"));
    }
    all
}

impl Case<'_> {
    /// What a reviewer reads at one moment.
    fn at(&self, organization: &Desired, as_of: Timestamp) -> Shown {
        let Self { folder, sources, live, base, applied } = self;
        let mut planned = match planning::plan(organization, live.clone(), "snapshot", as_of) {
            Ok(planned) => planned,
            Err(errors) => {
                let others =
                    WithoutPlan { unplanned: std::slice::from_ref(&organization.key), ..WithoutPlan::default() };
                let comment = inert::written(&[], others, sources, &inert::links());
                return Shown { text: findings(&errors, sources), comment };
            }
        };
        if let Some(base) = base {
            let base = planning::Base::Was(base);
            planning::compare(&mut planned.plan, organization, base, applied.as_ref()).unwrap();
        }
        planned.plan.note_expiring(expiring(organization, as_of, TWO_WEEKS));
        let verdict = planned.plan.policy.findings.clone();
        let mut text = Vec::new();
        render::text::write_plans(
            &mut text,
            std::slice::from_ref(&planned.plan),
            WithoutPlan::default(),
            sources,
            Options::default(),
        )
        .unwrap();
        let mut json = Vec::new();
        let head = Head { created_at: AS_OF, as_of, meta: &Meta::default() };
        let plans = std::slice::from_ref(&planned.plan);
        let comment = inert::written(plans, WithoutPlan::default(), sources, &inert::links());
        render::json::write_plans(&mut json, plans, WithoutPlan::default(), sources, head, Layout::Line).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        jsonschema::validate(&render::json::schema(), &json)
            .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        if let Ok(approved) = guard::approve(planned.plan) {
            let plan = approved.plan();
            let state = walk::walk(plan, &BTreeSet::new(), as_of);
            for planned in plan.to_do() {
                walk::walk(plan, &BTreeSet::from([planned.id]), as_of);
            }
            let again = planning::plan(organization, state, "snapshot", as_of).unwrap().plan;
            let left: Vec<_> = again.changes.iter().map(|planned| &planned.change).collect();
            let held: Vec<_> = plan.held().map(|planned| &planned.change).collect();
            assert_eq!(left, held, "{}: planning again gives something else than what was held", folder.display());
        }
        planned.warnings.extend(verdict);
        Shown { text: findings(&planned.warnings, sources) + &plain(text), comment }
    }
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
