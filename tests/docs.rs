//! The documentation is true: every console block of the README and the pages is run and its output compared, and the
//! checkout stays clean. `SNAPSHOTS=overwrite cargo test --test docs` writes the outputs anew.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking and reads a knob")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use accessctl::catalogue::{Operation, org_role_entry};
use accessctl::model::OrgRole;
use accessctl::serve::{Account, Options, Server};

/// Pages whose console blocks are run, each in a fresh copy of the examples, in order.
const PAGES: [&str; 7] = [
    "README.md",
    "docs/ci.md",
    "docs/drift.md",
    "docs/language.md",
    "docs/operations.md",
    "docs/pull-request.md",
    "docs/review.md",
];

/// What stands in a page for which the example of a rehearsal is served.
const SERVED: &str = "<!-- `accessctl serve` runs for this page -->";

/// What stands in a page that tells when something was seen.
const MOMENTS: &str = "<!-- moments near the one of the run are shown as one -->";

/// A command that a page runs and does not show.
const HIDDEN: (&str, &str) = ("<!-- $ ", " -->");

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn console_blocks_show_what_really_happens() {
    let mut wrong = Vec::new();
    for page in PAGES {
        let path = root().join(page);
        let written = fs::read_to_string(&path).unwrap();
        assert!(written.contains("```console"), "{page} has no console block: take it off the list");
        let real = with_real_output(&written);
        if written != real && std::env::var("SNAPSHOTS").is_ok_and(|wish| wish == "overwrite") {
            fs::write(&path, real).unwrap();
        } else if written != real {
            let changes = similar::TextDiff::from_lines(&written, &real);
            wrong.push(changes.unified_diff().header(page, "what really happens").to_string());
        }
    }
    assert!(wrong.is_empty(), "run with SNAPSHOTS=overwrite and read what changes:\n{}", wrong.join("\n"));
}

/// The page with the output of each console block replaced by that of its commands.
fn with_real_output(page: &str) -> String {
    let sandbox = tempfile::tempdir().unwrap();
    copy(&root().join("examples"), &sandbox.path().join("examples"));
    let server = page.contains(SERVED).then(|| serve(sandbox.path()));
    let credentials = server.as_ref().map(|server| server.account().clone());
    let run = |command: &str| run_with(command, sandbox.path(), credentials.as_ref());
    let mut real = String::new();
    let mut in_console = false;
    for line in page.split_inclusive('\n') {
        let text = line.trim_end();
        if text.starts_with("```") {
            in_console = text == "```console";
        } else if let Some(hidden) = text.strip_prefix(HIDDEN.0).and_then(|text| text.strip_suffix(HIDDEN.1)) {
            run(hidden);
        } else if in_console {
            let Some(command) = text.strip_prefix("$ ") else { continue };
            real.push_str(line);
            let said = match &server {
                Some(_) => run(&with_real_runs(command, sandbox.path())),
                None => run(command),
            };
            let is_told = server.is_some() || page.contains(MOMENTS);
            let said = if is_told { the_same_every_time(&said, sandbox.path()) } else { said };
            real.push_str(&with_one_suggestion(&said));
            continue;
        }
        real.push_str(line);
    }
    real
}

#[test]
fn workflows_are_sound() {
    let mut jobs = 0;
    for page in ["README.md", "docs/operations.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        for block in text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            if !block.contains("jobs:") {
                continue;
            }
            let workflow: serde_json::Value =
                serde_yaml::from_str(block).unwrap_or_else(|error| panic!("{page}: {error}"));
            assert!(workflow["on"].is_object(), "{page}: {workflow}");
            for (name, job) in workflow["jobs"].as_object().unwrap() {
                assert!(job["runs-on"].is_string(), "{page}: {name}");
                for step in job["steps"].as_array().unwrap() {
                    assert!(step["run"].is_string() != step["uses"].is_string(), "{page}: {name}: {step}");
                    if let Some(script) = step["run"].as_str() {
                        let plain = script.replace("${{", "{{");
                        let checked = Command::new("sh").args(["-n", "-c", &plain]).output().unwrap();
                        assert!(checked.status.success(), "{page}: {name}: {script}");
                    }
                }
                jobs += 1;
            }
        }
    }
    assert!(jobs >= 3, "the workflows were not found");
}

/// Serves the example of a rehearsal, at an address that is free.
fn serve(sandbox: &Path) -> Server {
    let folder = sandbox.join("examples");
    let options = Options {
        seed: Some(folder.join("quickstart/live.json")),
        ..Options::new(sandbox.join("served.db"), Arc::new(jiff::Timestamp::now))
    };
    let server = Server::start(options).unwrap();
    let path = folder.join("rehearsal/access.yaml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("http://127.0.0.1:8473", &server.base_url())).unwrap();
    server
}

/// What the runs of a page are called in it, in their order.
const RUNS: [&str; 8] =
    ["3f9a1c2e", "b04d77e1", "5c20e98a", "91be3d06", "e7714fa5", "0d6b2f83", "c4a85e17", "76f2d9b0"];

/// The runs so far: the name of each, and what it is called in a page.
fn runs(sandbox: &Path) -> Vec<(String, &'static str)> {
    let mut runs: Vec<PathBuf> = fs::read_dir(sandbox.join(".journal"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    runs.sort_by_key(|path| fs::metadata(path).unwrap().modified().unwrap());
    assert!(runs.len() <= RUNS.len(), "a page has more runs than there are names for them");
    let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().rsplit('-').next().unwrap().to_owned();
    runs.into_iter().map(name).zip(RUNS).collect()
}

/// A command of a page, which calls runs as the page does.
fn with_real_runs(command: &str, sandbox: &Path) -> String {
    runs(sandbox).into_iter().fold(command.to_owned(), |command, (real, shown)| command.replace(shown, &real))
}

/// Output with one day as the end of what `drift` suggests to accept: it is two weeks after the run.
fn with_one_suggestion(said: &str) -> String {
    let now = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC);
    let day = |days: i64| (now.date() + jiff::Span::new().days(days)).to_string();
    // Midnight may come between the run and this.
    [13, 14].iter().fold(said.to_owned(), |said, days| {
        said.replace(&format!("until: {}, reason: …", day(*days)), "until: 2026-12-07, reason: …")
    })
}

/// Output without what differs from run to run: moments near this one, and the names of runs.
fn the_same_every_time(said: &str, sandbox: &Path) -> String {
    let mut same = said.to_owned();
    for (real, shown) in runs(sandbox) {
        same = same.replace(&real, shown);
    }
    let now = jiff::Timestamp::now();
    let (mut stable, mut rest) = (String::new(), same.as_str());
    while let Some(at) = rest.find("20") {
        let found = [(23, "%Y-%m-%d %H:%M:%S UTC"), (20, "%Y-%m-%d %H:%M UTC"), (20, "%Y-%m-%dT%H:%M:%SZ")];
        let found = found.into_iter().find_map(|(length, form)| {
            let parsed = jiff::civil::DateTime::strptime(form, rest.get(at..at + length)?).ok()?;
            Some((length, form, parsed.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()))
        });
        let (length, shown) = match found {
            Some((length, form, moment)) if now.duration_since(moment).abs() < jiff::SignedDuration::from_hours(2) => {
                let minutes = now.duration_since(moment).as_mins();
                let fixed: jiff::Timestamp =
                    if minutes < -30 { "2026-11-23T11:15:00Z" } else { "2026-11-23T10:15:00Z" }.parse().unwrap();
                (length, fixed.strftime(form).to_string())
            }
            Some(_) | None => (2, "20".to_owned()),
        };
        stable.push_str(&rest[..at]);
        stable.push_str(&shown);
        rest = &rest[at + length..];
    }
    stable + rest
}

/// What `command` prints, both streams as a terminal would show them.
fn run(command: &str, folder: &Path) -> String {
    run_with(command, folder, None)
}

fn run_with(command: &str, folder: &Path, account: Option<&Account>) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_accessctl"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell
        .arg("-c")
        .arg(format!("exec 2>&1; {command}"))
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("COLUMNS", "80")
        .env("ACCESSCTL_JOURNAL", ".journal")
        .env("USER", "robot")
        .env("HOSTNAME", "ci-7");
    if let Some(account) = account {
        shell.env("MIXPANEL_SERVICE_ACCOUNT", &account.name).env("MIXPANEL_SERVICE_ACCOUNT_SECRET", &account.secret);
    }
    let output = shell.output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == ".accessctl" {
            continue;
        }
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn the_page_about_the_service_lists_every_request() {
    let path = root().join("docs/mixpanel.md");
    let written = fs::read_to_string(&path).unwrap();
    let mut table = String::from("| request | form | standing | known from |\n|---|---|---|---|\n");
    for operation in Operation::every() {
        let entry = operation.entry();
        let (method, form) = (entry.method.as_str(), entry.path().to_string());
        let form = form.split('?').next().unwrap();
        let standing = entry.standing.as_str();
        table.push_str(&format!("| `{}` | {method} `{form}` | {standing} | {} |\n", entry.name, entry.source));
    }
    let start = written.find("| request | form |").or_else(|| written.find("TABLE")).unwrap();
    let end = start + written[start..].find("\nNobody is invited where").unwrap();
    if written[start..end] != table && std::env::var("SNAPSHOTS").is_ok_and(|wish| wish == "overwrite") {
        fs::write(&path, format!("{}{table}{}", &written[..start], &written[end..])).unwrap();
        return;
    }
    assert_eq!(&written[start..end], table, "run with SNAPSHOTS=overwrite");
    for role in OrgRole::ALL {
        let entry = org_role_entry(&role).unwrap();
        let row = format!("| `{role}` | `{}` | {} | {} |\n", entry.text, entry.standing.as_str(), entry.source);
        assert!(written.contains(&row), "{row}");
    }
}

#[test]
fn every_example_is_valid_and_plans() {
    let sandbox = tempfile::tempdir().unwrap();
    copy(&root().join("examples"), &sandbox.path().join("examples"));
    for entry in fs::read_dir(root().join("examples")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name == "rehearsal" || name == "ci" {
            // The one needs a server, and tests/rehearsal/ runs it; the other is run by tests/kits/run.
            continue;
        }
        let plan = run(&format!("accessctl plan --exit-code examples/{name}; echo status $?"), sandbox.path());
        assert!(plan.ends_with("status 3\n"), "{name}: {plan}");
        let apply = run(&format!("accessctl apply --yes examples/{name}; echo status $?"), sandbox.path());
        assert!(apply.ends_with("status 0\n"), "{name}: {apply}");
        let again = run(&format!("accessctl plan --exit-code examples/{name}; echo status $?"), sandbox.path());
        assert!(again.ends_with("status 0\n"), "{name}: {again}");
    }
}

#[test]
fn modules_use_only_what_the_architecture_allows() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let allowed: Vec<(String, Vec<String>)> = page
        .lines()
        .filter_map(|line| {
            let cells: Vec<&str> = line.strip_prefix('|')?.split('|').map(str::trim).collect();
            let name = cells.first()?.strip_prefix('`')?.strip_suffix('`')?;
            let uses = cells.get(2)?.split(',').map(|used| used.trim().trim_matches('`').to_owned()).collect();
            Some((name.to_owned(), uses))
        })
        .collect();
    assert!(allowed.len() > 15, "the table of modules in ARCHITECTURE.md was not found");
    let mut wrong = Vec::new();
    for (module, file, text) in sources(&root().join("src")) {
        let Some((_, uses)) = allowed.iter().find(|(name, _)| *name == module) else {
            wrong.push(format!("{file}: `{module}` is not in the table"));
            continue;
        };
        for used in used_modules(&text) {
            let fine = used == module || uses.contains(&used) || uses.iter().any(|all| all == "everything");
            if !fine {
                wrong.push(format!("{file}: `{module}` may not use `{used}`"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The modules of the crate that `text` names by `crate::`.
fn used_modules(text: &str) -> Vec<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    code.match_indices("crate::")
        .map(|(at, found)| {
            let rest = &code[at + found.len()..];
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
        })
        .filter(|name: &String| !name.is_empty())
        .collect()
}

#[test]
fn the_threat_model_names_tests_that_are_there() {
    let page = fs::read_to_string(root().join("docs/security.md")).unwrap();
    let mut written = String::new();
    let mut folders = vec![root().join("src"), root().join("tests")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                written.push_str(&fs::read_to_string(path).unwrap());
            }
        }
    }
    let is_name = |word: &str| {
        word.contains('_') && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let words = page.split('`').skip(1).step_by(2);
    let named: Vec<&str> = words.filter(|word| is_name(word) && *word != "base_url").collect();
    assert!(named.len() > 40, "{named:?}");
    let missing: Vec<_> = named.into_iter().filter(|name| !written.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Every source file with the top-level module that it belongs to.
fn sources(folder: &Path) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let inside = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                let module = inside.split('/').next().unwrap().trim_end_matches(".rs").to_owned();
                if module != "lib" {
                    found.push((module, format!("src/{inside}"), fs::read_to_string(&path).unwrap()));
                }
            }
        }
    }
    found
}
