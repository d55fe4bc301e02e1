//! The command line as a whole: what goes to which stream, and how a run ends.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use accessctl::cli::{ExitStatus, Surroundings, run};
use tempfile::TempDir;

/// What a run did.
#[derive(Debug)]
struct Ended {
    status: ExitStatus,
    stdout: String,
    stderr: String,
}

/// A folder with configuration, and what is typed at the terminal, if there is one.
struct World {
    folder: TempDir,
    answer: Option<&'static str>,
}

impl World {
    fn empty() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), answer: None }
    }

    /// A fresh copy of an example.
    fn example(name: &str) -> Self {
        let world = Self::empty();
        copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name), world.folder.path());
        world
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    /// Runs with `arguments` and the folder after them; `{}` in an argument stands for the folder.
    fn run(&self, arguments: &[&str]) -> Ended {
        let mut stdout = Vec::new();
        let (status, stderr) = self.run_into(arguments, &mut stdout);
        Ended { status, stdout: String::from_utf8(stdout).unwrap(), stderr }
    }

    fn run_into(&self, arguments: &[&str], stdout: &mut dyn Write) -> (ExitStatus, String) {
        let folder = self.folder.path().to_str().unwrap();
        let mut typed: Vec<OsString> = vec!["accessctl".into()];
        typed.extend(arguments.iter().map(|argument| OsString::from(argument.replace("{}", folder))));
        typed.push(folder.into());
        run_typed(typed, self.answer, stdout)
    }
}

fn run_typed(typed: Vec<OsString>, answer: Option<&str>, stdout: &mut dyn Write) -> (ExitStatus, String) {
    let mut stderr = Vec::new();
    // No test writes into a real home.
    let spare = tempfile::tempdir().unwrap();
    let folder = typed.last().map(PathBuf::from).filter(|path| path.is_dir()).unwrap_or(spare.path().to_owned());
    let journal = folder.join(".journal").to_str().unwrap().to_owned();
    let status = run(
        typed,
        Surroundings {
            stdin: &mut answer.unwrap_or("").as_bytes(),
            stdout,
            stderr: &mut stderr,
            can_ask: answer.is_some(),
            stdout_is_terminal: false,
            width: None,
            stderr_columns: &|| None,
            stdout_styles: false,
            stderr_styles: false,
            clock: &|| "2026-11-02T08:00:00Z".parse().unwrap(),
            pause: &|_| Box::pin(std::future::ready(())),
            stop: &accessctl::stop::Stop::new(),
            environment: &|name| (name == "ACCESSCTL_JOURNAL").then(|| journal.clone()),
        },
    );
    (status, String::from_utf8(stderr).unwrap())
}

/// Runs with exactly these arguments.
fn plainly(arguments: &[&str]) -> Ended {
    let mut stdout = Vec::new();
    let typed = std::iter::once(&"accessctl").chain(arguments).map(OsString::from).collect();
    let (status, stderr) = run_typed(typed, None, &mut stdout);
    Ended { status, stdout: String::from_utf8(stdout).unwrap(), stderr }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            if entry.file_name() != ".accessctl" {
                copy(&entry.path(), &target);
            }
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// An organization with its live side in `<key>.json`.
fn organization(key: &str, id: u64, backend: &str, users: &str) -> String {
    format!("version: 1\norg: {{ key: {key}, id: {id}{backend} }}\nusers: {users}\n")
}

fn local(key: &str) -> String {
    format!(", backend: {{ type: local, state: .accessctl/{key}.db, seed: {key}.json }}")
}

fn live(id: u64, users: &[&str]) -> String {
    let users: Vec<String> =
        users.iter().map(|user| format!(r#"{{"email":"{user}","role":"owner","status":"active"}}"#)).collect();
    format!(
        r#"{{"format":"accessctl.snapshot/1","organization":{{"id":{id},"name":"Org {id}"}},"projects":[],"users":[{}],"teams":[],"grants":[]}}"#,
        users.join(",")
    )
}

/// Two organizations; `beta` has a store that is none.
fn one_of_two_is_damaged() -> World {
    World::empty()
        .file("acme.yaml", &organization("acme", 1, &local("acme"), "{ ana@acme.com: owner }"))
        .file("acme.json", &live(1, &["ana@acme.com", "bo@acme.com"]))
        .file("beta.yaml", &organization("beta", 2, &local("beta"), "{ ana@acme.com: owner }"))
        .file(".accessctl/beta.db", "this is no store, however long one looks at it")
}

#[test]
fn a_change_is_planned_applied_and_then_in_sync() {
    let world = World::example("quickstart");
    assert_eq!(world.run(&["validate"]).status, ExitStatus::Done);
    assert_eq!(world.run(&["plan"]).status, ExitStatus::Done);
    assert_eq!(world.run(&["plan", "--exit-code"]).status, ExitStatus::Differences);
    let applied = world.run(&["apply", "--yes"]);
    assert_eq!(applied.status, ExitStatus::Done, "{applied:?}");
    assert!(applied.stdout.ends_with("acme: 7 changes applied\n  read again: the live side is as it should be\n"));
    assert!(applied.stderr.starts_with("[1/7] + invite cy@agency.com as member: done\n"), "{}", applied.stderr);
    assert_eq!(applied.stderr.lines().count(), 7);
    let again = world.run(&["plan", "--exit-code"]);
    assert_eq!(again.status, ExitStatus::Done);
    assert!(again.stdout.starts_with("acme: in sync ("), "{}", again.stdout);
    assert!(world.run(&["apply", "--yes"]).stdout.starts_with("acme: in sync ("));
}

#[test]
fn apply_asks_where_it_can_and_refuses_where_it_cannot() {
    let mut world = World::example("quickstart");
    let refused = world.run(&["apply"]);
    assert_eq!((refused.status, refused.stdout.as_str()), (ExitStatus::Invalid, ""));
    assert!(refused.stderr.contains("hint: review the plan, then run `accessctl apply --yes`"), "{}", refused.stderr);
    for no in ["", "y\n", "no\n"] {
        world.answer = Some(no);
        let ended = world.run(&["apply"]);
        assert_eq!(ended.status, ExitStatus::Incomplete);
        assert!(ended.stderr.ends_with("nothing was changed\n"), "{}", ended.stderr);
        // Where nothing was typed, no line was ended.
        assert_eq!(ended.stderr.contains("go on: \nnothing"), no.is_empty(), "{}", ended.stderr);
    }
    assert!(!world.path(".accessctl").exists(), "a plan that nobody agreed to leaves no trace");
    world.answer = Some("yes\n");
    let ended = world.run(&["apply"]);
    assert_eq!(ended.status, ExitStatus::Done);
    let question = "Apply these 7 changes to acme? Type yes to go on: ";
    let (shown, _) = ended.stderr.split_once(question).unwrap();
    assert!(!shown.is_empty() && ended.stdout.starts_with(shown), "what is agreed to is seen: {shown}");
}

#[test]
fn a_plan_is_shown_where_the_question_is_asked() {
    for (stdout_is_terminal, yes) in [(false, false), (true, false), (false, true)] {
        let world = World::example("quickstart");
        let journal = world.path(".journal").to_str().unwrap().to_owned();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let typed = ["accessctl", "apply", world.folder.path().to_str().unwrap()];
        let typed = typed.into_iter().chain(yes.then_some("--yes")).map(OsString::from);
        let surroundings = Surroundings {
            stdin: &mut "no\n".as_bytes(),
            stdout: &mut stdout,
            stderr: &mut stderr,
            can_ask: true,
            stdout_is_terminal,
            width: None,
            stderr_columns: &|| None,
            stdout_styles: false,
            stderr_styles: false,
            clock: &|| "2026-11-02T08:00:00Z".parse().unwrap(),
            pause: &|_| Box::pin(std::future::ready(())),
            stop: &accessctl::stop::Stop::new(),
            environment: &|name| (name == "ACCESSCTL_JOURNAL").then(|| journal.clone()),
        };
        run(typed, surroundings);
        let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
        let line = "invite cy@agency.com as member\n";
        let line = if stdout.contains(line) { line } else { "cy@agency.com" };
        assert!(stdout.contains(line), "{stdout}");
        assert_eq!(stderr.contains(&stdout), !stdout_is_terminal && !yes, "{stderr}");
    }
}

#[test]
fn files_that_cannot_be_read_do_not_hide_what_is_wrong_in_others() {
    let world = World::empty()
        .file("a.yaml", "version: 1\norg: { key: acme, id: 1 }\nusers: { ana@acme.com: ownr }\n")
        .file("b.yaml", "version: 1\norg: acme\nteams: { t: { members: [bo@acme.com] } }\n");
    fs::write(world.path("c.yaml"), b"caf\xe9").unwrap();
    let ended = world.run(&["validate"]);
    assert_eq!(ended.status, ExitStatus::Invalid);
    assert!(ended.stdout.contains("E0303") && ended.stdout.contains("E0004"), "{}", ended.stdout);
    // The file that could not be read may declare them.
    assert!(!ended.stdout.contains("E0402"), "{}", ended.stdout);
    assert!(ended.stdout.ends_with("error: 2 errors in 2 files\n"), "{}", ended.stdout);
    assert_eq!(world.run(&["plan"]).status, ExitStatus::Invalid);
}

#[test]
fn wrong_configuration_is_a_document_where_one_is_asked_for() {
    let world = World::empty().file("a.yaml", "version: 1\norg: { key: acme, id: 1 }\nusers: { ana@acme.com: ownr }\n");
    let schema: serde_json::Value = serde_json::from_str(&plainly(&["schema", "findings"]).stdout).unwrap();
    let planned = world.run(&["plan", "--format", "json"]);
    assert_eq!(planned.status, ExitStatus::Invalid);
    assert!(planned.stderr.contains("E0303"), "{}", planned.stderr);
    let document: serde_json::Value = serde_json::from_str(&planned.stdout).unwrap();
    assert!(jsonschema::is_valid(&schema, &document), "{document}");
    assert_eq!(document["findings"][0]["code"], "E0303");
    assert_eq!(planned.stdout, world.run(&["validate", "--format", "json"]).stdout);
    assert_eq!(world.run(&["plan", "--format", "diff"]).stdout, "");
}

#[test]
fn narrowing_does_not_narrow_what_is_checked() {
    let world = World::empty()
        .file("a.yaml", "version: 1\norg: { key: acme, id: 1 }\nusers: { ana@acme.com: ownr }\n")
        .file("b.yaml", &organization("beta", 2, "", "{ ana@acme.com: owner }"));
    let hint = "narrows what is planned, not what is checked\n";
    for command in ["plan", "validate"] {
        for [option, value] in [["--org", "beta"], ["--shard", "2/4"]] {
            let narrowed = world.run(&[command, option, value]);
            assert_eq!(narrowed.status, ExitStatus::Invalid);
            assert!(narrowed.stderr.ends_with(&format!("  hint: `{option}` {hint}")), "{}", narrowed.stderr);
        }
        assert!(!world.run(&[command]).stderr.contains(hint));
    }
}

#[test]
fn places_without_a_line_look_like_those_with_one() {
    let ended = plainly(&["validate", "no-such --> folder"]);
    let expected = "error[E0001]: there is no file or folder `no-such --> folder`
 --> no-such --> folder
  = help: check the path

error: 1 error
";
    assert_eq!(ended.stdout, expected);
}

#[test]
fn results_for_programs_are_one_document_that_fits_its_schema() {
    let world = World::example("acme");
    for (command, schema) in [("plan", "plan"), ("validate", "findings"), ("doctor", "doctor")] {
        let ended = world.run(&[command, "--format", "json"]);
        let document: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
        let schema: serde_json::Value = serde_json::from_str(&plainly(&["schema", schema]).stdout).unwrap();
        assert!(jsonschema::is_valid(&schema, &document), "{document}");
        assert_eq!(ended.status, ExitStatus::Done);
    }
}

#[test]
fn committed_schemas_are_those_of_the_program() {
    let all =
        ["config", "plan", "drift", "snapshot", "findings", "doctor", "orgs", "explain", "who-can", "journal", "log"];
    for what in all {
        let file = if what == "config" { "accessctl" } else { what };
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schema/{file}.schema.json"));
        snapbox::assert_data_eq!(
            plainly(&["schema", what]).stdout,
            snapbox::Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw()
        );
    }
}

#[test]
fn wrong_configuration_is_said_with_its_place_and_ends_with_2() {
    let world = World::empty().file("a.yaml", "version: 1\norg: { key: acme, id: 1 }\nusers: { ana@acme.com: ownr }\n");
    for command in [["validate"], ["plan"], ["snapshot"]] {
        let arguments: Vec<&str> =
            command.iter().copied().chain((command[0] == "snapshot").then_some("--out=-")).collect();
        let ended = world.run(&arguments);
        assert_eq!(ended.status, ExitStatus::Invalid);
        // The findings are the result of `validate`; elsewhere they are why there is none.
        let (told, silent) =
            if command[0] == "validate" { (&ended.stdout, &ended.stderr) } else { (&ended.stderr, &ended.stdout) };
        assert!(told.contains("a.yaml:3:24") && told.contains("`owner`"), "{told}");
        assert_eq!(silent, "");
    }
    let nowhere = plainly(&["validate", "no-such-folder"]);
    assert_eq!(nowhere.status, ExitStatus::Invalid);
    assert!(nowhere.stdout.contains("no-such-folder"), "{}", nowhere.stdout);
}

#[test]
fn wrong_usage_ends_with_2() {
    let world = World::example("quickstart");
    let table: [(&[&str], &str); 10] = [
        (&["plan", "--no-such-flag"], "unexpected argument"),
        (&["pln"], "unrecognized subcommand"),
        (&["plan", "--org", "acm"], "did you mean `acme`?"),
        (&["plan", "--org", "zzz"], "known keys: `acme`\n"),
        (&["validate", "--format", "diff"], "its formats are: text, json"),
        (&["apply", "--yes", "--format", "json"], "`apply` has no format `json`"),
        (&["apply", "--yes", "--live", "x.json"], "a snapshot cannot be changed"),
        (&["plan", "-v", "-q"], "cannot be used with"),
        (&["plan", "--live", "{}/live.json", "--live", "{}/live.json"], "are both of organization 7654321"),
        (&["plan", "--color", "blue"], "invalid value"),
    ];
    for (arguments, expected) in table {
        let ended = world.run(arguments);
        assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Invalid, ""), "{arguments:?}");
        assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
    }
    for command in [["serve", "--state=x.db"], ["schema", "plan"]] {
        let ended = plainly(&[command[0], command[1], "--org=acme"]);
        assert_eq!(
            (ended.status, ended.stderr.contains("`--org` picks")),
            (ExitStatus::Invalid, true),
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn help_and_version_are_results() {
    for arguments in [&["--help"][..], &["plan", "--help"], &["--version"], &["help", "apply"]] {
        let ended = plainly(arguments);
        assert_eq!((ended.status, ended.stderr.as_str()), (ExitStatus::Done, ""));
        assert!(!ended.stdout.is_empty());
    }
    assert_eq!(plainly(&["--version"]).stdout, concat!("accessctl ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(plainly(&["man", "plan"]).stdout.contains("exit\\-code"));
    assert_eq!(plainly(&["man", "pla"]).stderr, "error: there is no command `pla`\n  hint: did you mean `plan`?\n");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(plainly(&["completions", shell]).stdout.contains("snapshot"), "{shell}");
    }
}

#[test]
fn a_plan_without_owners_is_refused_and_nothing_of_it_done() {
    let world = World::empty()
        .file("acme.yaml", &organization("acme", 1, &local("acme"), "{ ana@acme.com: member, bo@acme.com: member }"))
        .file("acme.json", &live(1, &["ana@acme.com"]));
    let planned = world.run(&["plan"]);
    assert_eq!(planned.status, ExitStatus::Refused);
    assert!(planned.stdout.contains("BLOCKED by min_owners"), "{}", planned.stdout);
    let applied = world.run(&["apply", "--yes"]);
    assert_eq!(applied.status, ExitStatus::Refused);
    assert!(applied.stderr.contains("error: organization `acme`: a guard blocks the plan"), "{}", applied.stderr);
    assert!(!world.path(".accessctl/acme.db").exists());
}

#[test]
fn one_organization_that_cannot_be_read_does_not_hide_the_others() {
    let world = one_of_two_is_damaged();
    let planned = world.run(&["plan", "--exit-code"]);
    assert_eq!(planned.status, ExitStatus::Failure);
    assert!(planned.stdout.contains("- bo@acme.com  remove"), "{}", planned.stdout);
    let end = "\n\nbeta: not planned, see the errors\n\n\
All organizations: 1 with changes, 0 in sync, 1 not planned, see the errors; 1 change (1 to remove);
  takes 1 request and sends no invitation mail\n";
    assert!(planned.stdout.ends_with(end), "{}", planned.stdout);
    assert!(planned.stderr.starts_with("error: organization `beta` cannot be planned\n  caused by: "));
    let document: serde_json::Value = serde_json::from_str(&world.run(&["plan", "--format", "json"]).stdout).unwrap();
    assert_eq!(document["unplanned"], serde_json::json!(["beta"]));
    assert_eq!(document["summary"]["unplanned"], 1);
    assert_eq!(document["summary"]["changes"], 1);
    assert_eq!(document["orgs"][0]["org"], "acme");
    let applied = world.run(&["apply", "--yes"]);
    assert_eq!(applied.status, ExitStatus::Failure);
    assert!(applied.stdout.contains("acme: 1 change applied"), "{}", applied.stdout);
    assert_eq!(world.run(&["plan", "--exit-code", "--org", "acme"]).status, ExitStatus::Done);
}

#[test]
fn a_saved_live_side_stands_for_the_real_one() {
    let world = World::example("quickstart");
    let saved = world.run(&["snapshot", "--out", "{}/saved.json"]);
    assert_eq!((saved.status, saved.stdout.as_str()), (ExitStatus::Done, ""));
    assert!(saved.stderr.starts_with("saved acme to "), "{}", saved.stderr);
    assert_eq!(world.run(&["snapshot", "--out", "-"]).stdout, fs::read_to_string(world.path("saved.json")).unwrap());
    let planned = world.run(&["plan", "--live", "{}/saved.json"]);
    assert_eq!(planned.status, ExitStatus::Done);
    assert_eq!(planned.stdout, world.run(&["plan"]).stdout);
}

#[test]
fn snapshots_are_matched_by_the_id_of_their_organization() {
    let of = |key, id| organization(key, id, "", "{ ana@acme.com: owner }");
    let world = World::empty()
        .file("acme.yaml", &of("acme", 1))
        .file("beta.yaml", &of("beta", 2))
        .file("1.json", &live(1, &["ana@acme.com"]))
        .file("2.json", &live(2, &["ana@acme.com"]))
        .file("3.json", &live(3, &["ana@acme.com"]));
    let both = world.run(&["plan", "--live", "{}/2.json", "--live", "{}/1.json"]);
    assert_eq!(both.status, ExitStatus::Done, "{both:?}");
    assert_eq!(both.stdout.matches("in sync (").count(), 2, "{}", both.stdout);
    let missing = world.run(&["plan", "--live", "{}/2.json"]);
    assert_eq!(missing.status, ExitStatus::Invalid);
    assert!(missing.stderr.contains("organization `acme` (1) is in none of the `--live` files"), "{}", missing.stderr);
    assert_eq!(world.run(&["plan", "--org", "beta", "--live", "{}/2.json"]).status, ExitStatus::Done);
    let strange = world.run(&["plan", "--live", "{}/2.json", "--live", "{}/1.json", "--live", "{}/3.json"]);
    assert_eq!(strange.status, ExitStatus::Invalid);
    assert!(strange.stderr.contains("of organization 3, which the configuration does not define"));
    let other = world.run(&["plan", "--org", "beta", "--live", "{}/3.json"]);
    assert_eq!(other.status, ExitStatus::Invalid);
    assert!(other.stderr.contains("E0704"), "{}", other.stderr);
}

#[test]
fn a_backend_that_cannot_be_read_says_what_to_do() {
    for backend in ["", ", backend: { type: mixpanel, region: eu }"] {
        let world = World::empty().file("acme.yaml", &organization("acme", 1, backend, "{ ana@acme.com: owner }"));
        for command in [&["plan"][..], &["apply", "--yes"], &["snapshot", "--out", "-"]] {
            let ended = world.run(command);
            assert_eq!(ended.status, ExitStatus::Invalid);
            assert!(ended.stderr.contains("`accessctl plan --live FILE`"), "{}", ended.stderr);
        }
    }
}

#[test]
fn a_seed_that_is_needed_and_missing_is_a_finding_at_its_place() {
    let world = World::empty().file("acme.yaml", &organization("acme", 1, &local("acme"), "{ ana@acme.com: owner }"));
    for command in [&["plan"][..], &["apply", "--yes"], &["snapshot", "--out", "-"]] {
        let ended = world.run(command);
        assert_eq!(ended.status, ExitStatus::Invalid);
        assert!(ended.stderr.starts_with("error[E0010]: there is no file `"), "{}", ended.stderr);
        assert!(ended.stderr.contains("acme.yaml:2:83"), "{}", ended.stderr);
    }
    let world = world.file("acme.json", &live(1, &["ana@acme.com", "bo@acme.com"]));
    assert_eq!(world.run(&["apply", "--yes"]).status, ExitStatus::Done);
    fs::remove_file(world.path("acme.json")).unwrap();
    // The store is there now, and needs no seed.
    assert_eq!(world.run(&["plan"]).status, ExitStatus::Done);
}

#[test]
fn an_unknown_organization_is_told_the_known_ones() {
    let mut world = World::empty();
    for index in 1..=12 {
        let key = format!("org-{index:02}");
        world = world.file(&format!("{key}.yaml"), &organization(&key, index, "", "{ ana@acme.com: owner }"));
    }
    let ended = world.run(&["plan", "--org", "nope"]);
    assert_eq!(ended.status, ExitStatus::Invalid);
    assert!(ended.stderr.contains("  hint: known keys: `org-01`, `org-02`, "), "{}", ended.stderr);
    assert!(ended.stderr.ends_with("`org-10` and 2 more\n"), "{}", ended.stderr);
}

#[test]
fn a_snapshot_is_of_one_organization() {
    let ended = World::example("agency").run(&["snapshot", "--out", "-"]);
    assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Invalid, ""));
    assert!(ended.stderr.contains("choose one with `--org`"), "{}", ended.stderr);
}

#[test]
fn color_is_there_when_asked_for() {
    let world = World::example("quickstart");
    assert!(!world.run(&["plan"]).stdout.contains('\u{1b}'));
    assert!(world.run(&["plan", "--color", "always"]).stdout.contains("\u{1b}["));
    let colored = world.run(&["--color", "always", "plan"]).stdout;
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), world.run(&["plan"]).stdout);
    assert!(world.run(&["plan", "--color", "always", "--org", "x"]).stderr.contains("\u{1b}["));
}

#[test]
fn quiet_silences_everything_but_errors() {
    let world = World::example("quickstart");
    let applied = world.run(&["-q", "apply", "--yes"]);
    assert_eq!((applied.status, applied.stderr.as_str()), (ExitStatus::Done, ""));
    assert_eq!(world.run(&["snapshot", "-q", "--out", "{}/s.json"]).stderr, "");
    assert!(world.run(&["plan", "-q", "--org", "x"]).stderr.starts_with("error: "));
}

/// A reader who goes away at once.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
}

#[test]
fn a_reader_who_goes_away_is_not_told_about_it() {
    let world = World::example("quickstart");
    for arguments in [&["plan"][..], &["plan", "--format", "json"], &["plan", "--format=diff"], &["validate"]] {
        assert_eq!(world.run_into(arguments, &mut Gone), (ExitStatus::Failure, String::new()), "{arguments:?}");
    }
    assert_eq!(world.run_into(&["apply", "--yes"], &mut Gone).0, ExitStatus::Failure);
    assert!(!world.path(".accessctl").exists(), "a plan that nobody could read is not applied");
}

#[test]
fn the_gravest_status_wins() {
    let order = [
        ExitStatus::Done,
        ExitStatus::Differences,
        ExitStatus::Incomplete,
        ExitStatus::Refused,
        ExitStatus::Invalid,
        ExitStatus::Failure,
    ];
    assert!(order.is_sorted());
    assert_eq!(order.map(ExitStatus::code), [0, 3, 5, 4, 2, 1]);
}
