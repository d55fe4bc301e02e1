//! Findings where machines show them: SARIF, GitLab's Code Quality and annotations of GitHub; organizations and their
//! shards.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod language_support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::OnceLock;

use accessctl::desired::Desired;
use accessctl::diagnostic::{Code, Diagnostic, sort};
use accessctl::render::checkout::Checkout;
use accessctl::render::sarif::About;
use accessctl::render::{code_quality, sarif};
use accessctl::source::{Sources, Span};
use accessctl::{lint, policy};
use jiff::Timestamp;
use jsonschema::Validator;
use language_support::compile_text;
use serde_json::Value;
use tempfile::TempDir;

/// The schema of SARIF 2.1.0, as OASIS publishes it; `tests/findings/README.md` says where it is from.
const SARIF: &str = include_str!("findings/sarif-schema-2.1.0.json");
const ERRORS: &str = include_str!("../docs/errors.md");
/// The day for which the examples are judged: 2026-11-16.
const AS_OF: Timestamp = Timestamp::constant(1_794_787_200, 0);

/// What is found in a text.
struct Found {
    sources: Sources,
    findings: Vec<Diagnostic>,
    definitions: BTreeMap<String, Span>,
}

impl Found {
    fn of(text: &str) -> Self {
        let (sources, compiled) = compile_text(text);
        let mut findings = compiled.diagnostics;
        for desired in &compiled.organizations {
            findings.extend(policy::judge(desired, AS_OF).findings);
            findings.extend(lint::remarks(desired, AS_OF));
        }
        sort(&mut findings);
        let place = |desired: &Desired| (desired.key.to_string(), desired.place);
        let definitions = compiled.organizations.iter().map(place).collect();
        Self { sources, findings, definitions }
    }

    fn write(&self, write: fn(&mut dyn std::io::Write, &[Diagnostic], About<'_>) -> std::io::Result<()>) -> Value {
        let checkout = Checkout { root: "/r".into(), working: "/r/access".into() };
        let about = About { sources: &self.sources, checkout: &checkout, definitions: &self.definitions };
        let mut out = Vec::new();
        write(&mut out, &self.findings, about).unwrap();
        serde_json::from_slice(&out).unwrap()
    }

    fn sarif(&self) -> Value {
        self.write(sarif::write_findings)
    }

    fn code_quality(&self) -> Value {
        self.write(code_quality::write_findings)
    }
}

/// The wrong examples of the error documentation.
fn wrong_examples() -> Vec<&'static str> {
    let blocks = ERRORS.split("\n```yaml wrong\n").skip(1);
    let texts: Vec<_> = blocks.map(|block| &block[..block.find("\n```").unwrap() + 1]).collect();
    assert!(texts.len() > 80, "only {} examples", texts.len());
    texts
}

fn sarif_validator() -> &'static Validator {
    static VALIDATOR: OnceLock<Validator> = OnceLock::new();
    VALIDATOR.get_or_init(|| {
        let mut schema: Value = serde_json::from_str(SARIF).unwrap();
        for object in ["run", "toolComponent"] {
            // A bracket too many: as published it is no regular expression.
            schema["definitions"][object]["properties"]["language"].as_object_mut().unwrap().remove("pattern");
        }
        jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
    })
}

#[track_caller]
fn assert_is_sarif(document: &Value) {
    let problems: Vec<String> = sarif_validator()
        .iter_errors(document)
        .map(|problem| format!("{}: {problem}", problem.instance_path()))
        .collect();
    assert!(problems.is_empty(), "{problems:#?}\n{document:#}");
}

fn results(document: &Value) -> &Vec<Value> {
    document["runs"][0]["results"].as_array().unwrap()
}

fn fingerprints(document: &Value) -> Vec<&str> {
    results(document)
        .iter()
        .map(|one| one["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap())
        .collect()
}

/// The text of a region of SARIF, whose columns count UTF-16 code units.
fn region_text(text: &str, region: &Value) -> String {
    let number = |name: &str| region[name].as_u64().unwrap() as usize;
    let units: Vec<u16> = text.encode_utf16().collect();
    let newline = u16::from(b'\n');
    let offset = |line: usize, column: usize| {
        let start = if line == 1 {
            0
        } else {
            units.iter().enumerate().filter(|(_, unit)| **unit == newline).nth(line - 2).unwrap().0 + 1
        };
        start + column - 1
    };
    let (start, end) =
        (offset(number("startLine"), number("startColumn")), offset(number("endLine"), number("endColumn")));
    String::from_utf16(&units[start..end]).unwrap()
}

#[test]
fn sarif_of_every_code_keeps_to_the_schema() {
    let mut rules = BTreeSet::new();
    for text in wrong_examples() {
        let found = Found::of(text);
        let document = found.sarif();
        assert_is_sarif(&document);
        assert_eq!(document["runs"][0]["columnKind"], "utf16CodeUnits");
        let listed = document["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(results(&document).len(), found.findings.len());
        for (result, finding) in results(&document).iter().zip(&found.findings) {
            let rule = &listed[result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(
                (rule["id"].as_str(), result["ruleId"].as_str()),
                (Some(finding.code.as_str()), rule["id"].as_str())
            );
            assert!(rule["help"]["text"].as_str().unwrap().len() > 20, "{rule}");
            rules.insert(finding.code);
            // Without a place it is not shown.
            let place = &result["locations"][0]["physicalLocation"];
            assert_eq!(place["artifactLocation"]["uriBaseId"], "%SRCROOT%", "{result}");
            let uri = place["artifactLocation"]["uri"].as_str().unwrap();
            let path = uri.strip_prefix("access/").unwrap();
            let file = found.sources.files().iter().find(|file| file.path == path).unwrap();
            if let accessctl::diagnostic::Place::Text { main, others } = &finding.place {
                assert_eq!(region_text(&file.text, &place["region"]), found.sources.text(main.span), "{result}");
                assert_eq!(result["relatedLocations"].as_array().map_or(0, Vec::len), others.len());
            }
        }
        let all = fingerprints(&document);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len(), "{all:?}");
    }
    let text_can_show = |code: &&Code| !["E00", "E07", "W08"].iter().any(|group| code.as_str().starts_with(group));
    let missing: Vec<_> = Code::ALL.iter().filter(text_can_show).filter(|code| !rules.contains(code)).collect();
    assert!(missing.len() <= 2, "no example of {missing:?}");
}

#[test]
fn columns_count_utf16_code_units() {
    // The two characters before the address are one and two units.
    let found = Found::of(
        "version: 1\norg: { key: a, id: 1 }\nusers: { a@b.io: owner }\ngrants: [{ \"user\": \"é𝄞x\", project: p, role: admin }]\n",
    );
    let document = found.sarif();
    assert_is_sarif(&document);
    let first = &results(&document)[0]["locations"][0]["physicalLocation"]["region"];
    let text = &found.sources.files()[0].text;
    let accessctl::diagnostic::Place::Text { main, .. } = &found.findings[0].place else { panic!("no place") };
    assert_eq!(region_text(text, first), found.sources.text(main.span));
    let after = results(&document).iter().map(|one| &one["locations"][0]["physicalLocation"]["region"]["startColumn"]);
    let line = text.lines().nth(3).unwrap();
    let project = line.find("p, role").unwrap();
    let units = line[..project].encode_utf16().count() as u64 + 1;
    assert_eq!(units, line[..project].chars().count() as u64 + 2);
    assert!(after.clone().any(|column| *column == units), "{:?} lacks {units}", after.collect::<Vec<_>>());
}

#[test]
fn fingerprints_stay_when_lines_move() {
    for text in wrong_examples().into_iter().filter(|text| !text.starts_with("# file")) {
        let before = Found::of(text);
        let moved = Found::of(&format!("# a line\n# and another one\n{text}"));
        let (one, other) = (before.sarif(), moved.sarif());
        if before.findings.len() != moved.findings.len() {
            // A few examples are about the beginning of a file.
            continue;
        }
        assert_eq!(fingerprints(&one), fingerprints(&other), "{text}");
        let (one, other) = (before.code_quality(), moved.code_quality());
        for (one, other) in one.as_array().unwrap().iter().zip(other.as_array().unwrap()) {
            assert_eq!(one["fingerprint"], other["fingerprint"], "{text}");
        }
    }
}

#[test]
fn nothing_in_a_message_is_a_link() {
    let text = "version: 1\norg: { key: a, id: 1 }\nusers: { a@b.io: owner }\nteams: { x: { members: [\"[x](javascript:1)\", \"[y](https://evil.test)@b.io\"] } }\n";
    let found = Found::of(text);
    assert!(found.findings.iter().any(|finding| finding.message.contains("](")), "the example lost its point");
    let document = found.sarif();
    assert_is_sarif(&document);
    for result in results(&document) {
        assert!(!result["message"]["text"].as_str().unwrap().contains("]("), "{result}");
    }
}

#[test]
fn paths_are_percent_encoded() {
    let found = Found::of("# file: team a/ü#1%.yaml\nversion: 1\norg: { key: a, id: 1 }\nusers: { a@b.io: bos }\n");
    let document = found.sarif();
    assert_is_sarif(&document);
    let place = &results(&document)[0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(place["uri"], "access/team%20a/%C3%BC%231%25.yaml");
    assert_eq!(found.code_quality()[0]["location"]["path"], "access/team a/ü#1%.yaml");
}

#[test]
fn too_many_findings_are_cut_and_counted() {
    let users: String = (0..25_100).map(|n| format!("  u{n}@b.io: member\n")).collect();
    let found =
        Found::of(&format!("version: 1\norg: {{ key: a, id: 1, domains: [c.io] }}\nusers:\n  a@c.io: owner\n{users}"));
    // The remarks of one kind are bounded already; whoever writes more of them finds the document bounded too.
    let findings: Vec<Diagnostic> = found.findings.iter().cycle().take(25_007).cloned().collect();
    let many = Found { findings, ..found };
    let document = many.sarif();
    assert_eq!(results(&document).len(), 25_000);
    let told = &document["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"];
    assert!(told.as_str().unwrap().starts_with("there are 7 more findings"), "{told}");
}

#[test]
fn code_quality_has_what_gitlab_reads() {
    let mut met = BTreeSet::new();
    for text in wrong_examples() {
        let found = Found::of(text);
        let document = found.code_quality();
        let entries = document.as_array().unwrap();
        assert_eq!(entries.len(), found.findings.len());
        let mut names = BTreeSet::new();
        for (entry, finding) in entries.iter().zip(&found.findings) {
            assert_eq!(entry["check_name"], finding.code.as_str());
            assert!(!entry["description"].as_str().unwrap().is_empty());
            assert!(names.insert(entry["fingerprint"].as_str().unwrap().to_owned()), "{entry} is there twice");
            let severity = entry["severity"].as_str().unwrap();
            met.insert(severity.to_owned());
            assert!(entry["location"]["path"].as_str().unwrap().starts_with("access/"), "{entry}");
            assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() >= 1, "{entry}");
        }
    }
    // What is `minor` needs a live side.
    assert_eq!(met.into_iter().collect::<Vec<_>>(), ["blocker", "critical", "info", "major"]);
}

/// A repository with a configuration in a folder of it.
struct Repository {
    folder: TempDir,
}

impl Repository {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".git")).unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Self { folder }
    }

    /// Runs the program in a folder of the repository.
    fn run(&self, folder: &str, arguments: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_accessctl"))
            .args(arguments)
            .current_dir(self.folder.path().join(folder))
            .env_clear()
            .env("ACCESSCTL_JOURNAL", self.folder.path().join(".journal"))
            .output()
            .unwrap();
        Ran::of(&output)
    }
}

#[derive(Debug)]
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Self { status: output.status.code().unwrap(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn annotations(&self) -> Vec<&str> {
        self.stderr.lines().filter(|line| line.starts_with("::")).collect()
    }
}

const WRONG: &str =
    "version: 1\norg: { key: acme, id: 1 }\nusers: { ana@acme.com: owner }\nteams: { a: { members: [bo@acme.com] } }\n";
const LIVE: &str = r#"{"format":"accessctl.snapshot/1","organization":{"id":1,"name":"Acme"},"projects":[],"users":[{"email":"ana@acme.com","role":"owner","status":"active"},{"email":"bo@acme.com","role":"owner","status":"active"}],"teams":[],"grants":[]}"#;

#[test]
fn paths_are_those_of_the_repository_wherever_it_is_run() {
    let repository = Repository::new(&[("access/org.yaml", WRONG)]);
    for (folder, argument) in [("", "access"), ("access", "."), ("access", "org.yaml"), ("access", "../access")] {
        let ran = repository.run(folder, &["validate", "--format", "sarif", argument]);
        assert_eq!((ran.status, ran.stderr.as_str()), (2, ""), "{ran:?}");
        let document = ran.json();
        assert_is_sarif(&document);
        let place = &results(&document)[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "access/org.yaml");
        assert_eq!(place["region"]["startLine"], 4);
        let ran = repository.run(folder, &["validate", "--format", "code-quality", argument]);
        assert_eq!((ran.status, &ran.json()[0]["location"]["path"]), (2, &Value::from("access/org.yaml")));
        let ran = repository.run(folder, &["validate", "--annotations", "github", argument]);
        assert!(ran.stdout.starts_with("error[E0402]"), "{ran:?}");
        let told = ran.annotations();
        assert!(
            told[0].starts_with("::error file=access/org.yaml,line=4,endLine=4,col=25,endColumn=36,title=E0402"),
            "{told:?}"
        );
    }
    let outside = Repository::new(&[("elsewhere/org.yaml", WRONG)]);
    let path = outside.folder.path().canonicalize().unwrap().join("elsewhere");
    let ran = repository.run("", &["validate", "--format", "sarif", path.to_str().unwrap()]);
    let document = ran.json();
    assert_is_sarif(&document);
    let place = &results(&document)[0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert!(place["uri"].as_str().unwrap().starts_with("file:///") && place["uriBaseId"].is_null(), "{place}");
}

#[test]
fn what_is_missing_and_what_is_well_are_documents_too() {
    let repository = Repository::new(&[(
        "access/org.yaml",
        "version: 1\norg: { key: acme, id: 1 }\nusers: { ana@acme.com: owner, bo@acme.com: owner }\n",
    )]);
    let ran = repository.run("", &["validate", "--format", "sarif", "acces"]);
    assert_eq!(ran.status, 2);
    assert_is_sarif(&ran.json());
    assert_eq!(results(&ran.json())[0]["ruleId"], "E0001");
    let ran = repository.run("", &["validate", "--format", "sarif", "access"]);
    let document = ran.json();
    assert_is_sarif(&document);
    // Two owners without a project are remarked on, and refuse nothing.
    assert_eq!(ran.status, 0);
    assert!(results(&document).iter().all(|one| one["level"] == "warning"), "{document}");
    let ran = repository.run("", &["validate", "--format", "code-quality", "acces"]);
    assert_eq!((ran.status, &ran.json()[0]["location"]["path"]), (2, &Value::from("acces")));
}

#[test]
fn plan_tells_its_findings_and_its_guards() {
    let rule = "version: 1\norg: { key: acme, id: 1, domains: [acme.com], guards: { min_owners: 2 }, policy: [{ name: no owners, when: { user: ana@acme.com, via: org_role }, deny: true }], backend: { type: local, state: s.db, seed: live.json } }\nusers: { ana@acme.com: owner, bo@acme.com: member }\nprojects: { p: 5 }\n";
    let live = LIVE.replace(r#""projects":[]"#, r#""projects":[{"id":5,"name":"P"}]"#);
    let repository = Repository::new(&[("access/org.yaml", rule), ("access/live.json", &live)]);
    let ran = repository.run("", &["plan", "--format", "sarif", "access"]);
    assert_eq!(ran.status, 4, "{ran:?}");
    assert_is_sarif(&ran.json());
    assert_eq!(results(&ran.json())[0]["ruleId"], "E0901", "{ran:?}");
    let plain = repository.run("", &["plan", "access"]);
    let ran = repository.run("", &["plan", "--annotations", "github", "access"]);
    assert_eq!((ran.status, &ran.stdout), (4, &plain.stdout));
    let told = ran.annotations();
    assert!(
        told[0].starts_with("::error file=access/org.yaml,line=") && told[0].contains("title=E0901%3A "),
        "{told:?}"
    );
    assert!(
        told.iter().any(|line| line.starts_with("::error ") && line.contains("title=acme%3A min_owners::")),
        "{told:?}"
    );
    // What is wrong with the configuration ends a plan, and is told all the same.
    let repository = Repository::new(&[("access/org.yaml", WRONG)]);
    let ran = repository.run("", &["plan", "--format", "sarif", "--annotations", "github", "access"]);
    assert_eq!(ran.status, 2);
    assert_eq!(results(&ran.json())[0]["ruleId"], "E0402");
    assert_eq!(ran.annotations().len(), 1, "{ran:?}");
    let ran = repository.run("", &["plan", "--annotations", "github", "--live", "none.json", "access"]);
    assert!(ran.annotations()[0].starts_with("::error file="), "{ran:?}");
    let fine =
        Repository::new(&[("org.yaml", "version: 1\norg: { key: acme, id: 1 }\nusers: { ana@acme.com: owner }\n")]);
    let ran = fine.run("", &["plan", "--annotations", "github", "--live", "none.json", "."]);
    assert_eq!(ran.status, 1);
    assert!(ran.annotations().last().unwrap().starts_with("::error title=accessctl plan::"), "{ran:?}");
}

#[test]
fn no_name_of_a_stranger_commands_the_runner() {
    let team = "x ::stop-commands::t\\n::set-env name=A::b ##[add-mask]y ##vso[task.setvariable]z ".repeat(6);
    let live = LIVE.replace(
        r#""teams":[]"#,
        &format!(r#""teams":[{{"name":"{}","members":["bo@acme.com"],"projects":[]}}]"#, team.trim()),
    );
    let desired =
        "version: 1\norg: { key: acme, id: 1 }\nusers: { ana@acme.com: owner, bo@acme.com: owner }\nteams: {}\n";
    let repository = Repository::new(&[("access/org.yaml", desired), ("live.json", &live)]);
    let mut met = 0;
    for format in ["text", "json", "diff"] {
        let ran = repository
            .run("", &["plan", "--annotations", "github", "--format", format, "--live", "live.json", "access"]);
        assert_eq!(ran.status, 0, "{ran:?}");
        met += usize::from(ran.stdout.contains("stop-commands"));
        let allowed = ran.annotations();
        for line in ran.stdout.lines().chain(ran.stderr.lines()).filter(|line| !allowed.contains(line)) {
            assert!(!line.trim_start().starts_with("::"), "{format}: {line}");
            assert!(!line.contains("##[") && !line.contains("##vso["), "{format}: {line}");
        }
    }
    assert_eq!(met, 3, "the name is shown nowhere");
}

/// The example of an agency, in a repository.
fn agency() -> Repository {
    let repository = Repository::new(&[]);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/agency/clients");
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = repository.folder.path().join("clients").join(entry.file_name());
        fs::create_dir_all(&to).unwrap();
        for file in ["access.yaml", "live.json"] {
            fs::copy(entry.path().join(file), to.join(file)).unwrap();
        }
    }
    repository
}

fn keys(ran: &Ran) -> Vec<String> {
    ran.json()["orgs"].as_array().unwrap().iter().map(|org| org["key"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn organizations_are_listed_without_a_credential() {
    let file = "version: 1\norg: { key: acme, id: 7654321, name: Acme, backend: { type: mixpanel, region: eu } }\n---\nversion: 1\norg: { key: beta, id: 2 }\n";
    let repository = Repository::new(&[("a.yaml", file)]);
    let ran = repository.run("", &["orgs", "--json"]);
    assert_eq!((ran.status, ran.stderr.as_str(), ran.stdout.lines().count()), (0, "", 1), "{ran:?}");
    assert_eq!(
        ran.json(),
        serde_json::json!({"format": "accessctl.orgs/1", "orgs": [
            {"key": "acme", "id": 7654321, "name": "Acme", "backend": "mixpanel", "region": "eu"},
            {"key": "beta", "id": 2, "name": null, "backend": null, "region": null},
        ]})
    );
    let schema = repository.run("", &["schema", "orgs"]).json();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&ran.json()));
    assert_eq!(ran.stdout, repository.run("", &["orgs", "--format", "json"]).stdout);
    let text = repository.run("", &["orgs", "--org", "acme"]).stdout;
    assert_eq!(text, "acme  7654321  Acme  mixpanel eu\n");
    assert_eq!(repository.run("", &["orgs", "--json", "--format", "text"]).status, 2);
    let wrong = Repository::new(&[("a.yaml", WRONG)]).run("", &["orgs", "--json"]);
    assert_eq!((wrong.status, &wrong.json()["format"]), (2, &Value::from("accessctl.findings/1")));
}

#[test]
fn shards_are_disjoint_and_together_all() {
    let repository = agency();
    let all = keys(&repository.run("", &["orgs", "--json"]));
    assert_eq!(all.len(), 12);
    let mut met: Vec<String> = Vec::new();
    for number in 1..=5 {
        let shard = format!("{number}/5");
        let listed = repository.run("", &["orgs", "--json", "--shard", &shard]);
        let planned = repository.run("", &["plan", "--format", "json", "--shard", &shard]);
        assert_eq!((listed.status, planned.status), (0, 0));
        let of_plan: Vec<String> = planned.json()["orgs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|org| org["org"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(keys(&listed), of_plan);
        met.extend(of_plan);
    }
    met.sort();
    assert_eq!(met, all);
    // Those that stay are where they were when one more comes.
    let before = keys(&repository.run("", &["orgs", "--json", "--shard", "2/5"]));
    fs::write(repository.folder.path().join("new.yaml"), "version: 1\norg: { key: aaa-new, id: 5 }\n").unwrap();
    let mut after = keys(&repository.run("", &["orgs", "--json", "--shard", "2/5"]));
    after.retain(|key| key != "aaa-new");
    assert_eq!(before, after);
}

#[test]
fn an_empty_shard_is_no_failure_and_a_wrong_one_is() {
    let repository = Repository::new(&[
        (
            "access/org.yaml",
            "version: 1\norg: { key: acme, id: 1, backend: { type: local, state: s.db, seed: live.json } }\nusers: { ana@acme.com: owner, bo@acme.com: member }\n",
        ),
        ("access/live.json", LIVE),
    ]);
    // By its hash, `acme` is in the first of four.
    for command in
        [&["validate"][..], &["plan"], &["plan", "--format", "json"], &["apply", "--yes"], &["doctor"], &["orgs"]]
    {
        let ran = repository.run("access", &[command, &["--shard", "2/4"]].concat());
        assert_eq!(ran.status, 0, "{command:?} {ran:?}");
        assert!(ran.stderr.contains("shard 2/4 has none of 1 organization: nothing to do"), "{command:?} {ran:?}");
    }
    assert_eq!(repository.run("access", &["plan", "--exit-code", "--shard", "1/4"]).status, 3);
    for wrong in ["0/3", "4/3", "1/0", "x", "1/3/3"] {
        let ran = repository.run("access", &["plan", "--shard", wrong]);
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{ran:?}");
        assert!(ran.stderr.contains("--shard <K/N>"), "{ran:?}");
    }
    let ran = repository.run("access", &["snapshot", "--out", "-", "--shard", "1/4"]);
    assert_eq!(ran.status, 2, "{ran:?}");
    // A plan that was saved for all can be applied by parts.
    repository.run("access", &["plan", "--out", "p.json"]);
    let ran = repository.run("access", &["apply", "--plan", "p.json", "--shard", "2/4"]);
    assert_eq!(ran.status, 0, "{ran:?}");
    let ran = repository.run("access", &["apply", "--plan", "p.json", "--shard", "1/4"]);
    assert!(ran.status == 0 && ran.stdout.contains("1 change applied"), "{ran:?}");
}
