//! The documentation is true: every console block of the README and the pages is run and its output compared, and the
//! checkout stays clean. `SNAPSHOTS=overwrite cargo test --test docs` writes the outputs anew.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test fails by panicking and reads a knob")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use accessctl::catalogue::{Operation, org_role_entry};
use accessctl::model::OrgRole;

/// Pages whose console blocks are run, each in a fresh copy of the examples, in order.
const PAGES: [&str; 3] = ["README.md", "docs/language.md", "docs/review.md"];

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
    let mut real = String::new();
    let mut in_console = false;
    for line in page.split_inclusive('\n') {
        let text = line.trim_end();
        if text.starts_with("```") {
            in_console = text == "```console";
        } else if in_console {
            let Some(command) = text.strip_prefix("$ ") else { continue };
            real.push_str(line);
            real.push_str(&run(command, sandbox.path()));
            continue;
        }
        real.push_str(line);
    }
    real
}

/// What `command` prints, both streams as a terminal would show them.
fn run(command: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_accessctl"));
    let path = format!("{}:{}", program.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("exec 2>&1; {command}"))
        .current_dir(folder)
        .env_clear()
        .env("PATH", path)
        .env("COLUMNS", "80")
        .env("ACCESSCTL_JOURNAL", folder.join(".journal"))
        .output()
        .unwrap();
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
        if name == "rehearsal" {
            // It needs a server: tests/rehearsal/ runs it.
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
