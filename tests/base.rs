//! `plan --base` from the command line: what is proposed is told from what was agreed to before.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "base/apart.rs"]
mod apart;
#[path = "base/many.rs"]
mod many;
#[path = "base/organizations.rs"]
mod organizations;
#[path = "support/runs.rs"]
#[expect(dead_code, reason = "nobody is asked and nothing waits")]
mod runs;
#[path = "base/said.rs"]
mod said;
#[path = "base/unforeseen.rs"]
mod unforeseen;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use accessctl::cli::ExitStatus;
use jiff::Timestamp;
use runs::{Ended, Nobody, run_on};
use serde_json::Value;
use tempfile::TempDir;

/// 2026-11-21T09:00:00Z
const NOW: Timestamp = Timestamp::constant(1_795_251_600, 0);

const LIVE: &str = r#"{"format":"accessctl.snapshot/1","organization":{"id":77,"name":"Acme"},
  "projects":[{"id":1,"name":"Web","roles":[]},{"id":2,"name":"iOS","roles":[]}],
  "users":[{"email":"ana@acme.com","role":"owner","status":"active"},{"email":"dee@acme.com","role":"owner","status":"active"},
    {"email":"bo@acme.com","role":"member","status":"active"},{"email":"eve@acme.com","role":"member","status":"active"}],
  "teams":[{"name":"Analysts","members":["ana@acme.com"],"projects":[{"id":1,"role":"analyst"}]}],
  "grants":[{"user":"bo@acme.com","project":1,"role":"analyst"}]}"#;

/// The live side and, as `MERGED`, a grant for eve; `until` stands in bo's entry, and `more` are grants.
fn configuration(until: &str, more: &str) -> String {
    format!(
        "version: 1
org: {{ key: acme, id: 77, backend: {{ type: local, state: acme.db, seed: live.json }} }}
users: {{ ana@acme.com: owner, dee@acme.com: owner, bo@acme.com: {{ role: member{until} }}, eve@acme.com: member }}
projects: {{ web: 1, ios: 2 }}
teams: {{ analysts: {{ name: Analysts, members: [ana@acme.com], projects: {{ web: analyst }} }} }}
grants:
  - {{ user: bo@acme.com, project: web, role: analyst }}
{more}"
    )
}

const MERGED: &str = "  - { user: eve@acme.com, project: web, role: consumer }\n";
const NEW: &str = "  - { user: eve@acme.com, project: ios, role: admin }\n";

/// A folder with a configuration and, where there is one, its repository.
struct World(TempDir);

impl World {
    fn new(configuration: &str) -> Self {
        let world = Self(tempfile::tempdir().unwrap());
        fs::create_dir(world.path("config")).unwrap();
        fs::write(world.path("config/live.json"), LIVE).unwrap();
        world.configure(configuration);
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn configure(&self, text: &str) {
        fs::write(self.path("config/access.yaml"), text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let who = ["-c", "user.name=Ana", "-c", "user.email=ana@acme.com", "-c", "commit.gpgsign=false"];
        let mut git = Command::new("git");
        let done = git.arg("-C").arg(self.0.path()).args(who).args(arguments).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    /// Makes what is there the revision `name`.
    fn commit(&self, name: &str) {
        self.git(&["init", "--quiet"]);
        self.git(&["add", "config/access.yaml"]);
        self.git(&["commit", "--quiet", "--message", "agreed"]);
        self.git(&["tag", name]);
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        self.run_at(NOW, arguments)
    }

    fn run_at(&self, now: Timestamp, arguments: &[&str]) -> Ended {
        run_on(arguments, &self.path("config"), now, &|_| None, &Nobody)
    }

    /// The plan of what is there now as compared with the revision `agreed`, of a live side of which `live` is another
    /// form of [`LIVE`].
    fn told(&self, live: &dyn Fn(&str) -> String, format: &str) -> String {
        let snapshot = self.path("now.json");
        fs::write(&snapshot, live(LIVE)).unwrap();
        let live = snapshot.to_str().unwrap();
        let planned = self.run(&["plan", "--base", "agreed", "--live", live, "--format", format]);
        assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
        planned.stdout
    }

    /// What is proposed, as JSON.
    fn proposal(&self, live: &dyn Fn(&str) -> String) -> Value {
        let plan: Value = serde_json::from_str(&self.told(live, "json")).unwrap();
        plan["orgs"][0]["proposal"].clone()
    }

    /// The kind and origin of each change, in the order of the plan.
    fn origins(&self, base: &str) -> Vec<(String, String)> {
        let planned = self.run(&["plan", "--format", "json", "--base", base]);
        assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
        let plan: Value = serde_json::from_str(&planned.stdout).unwrap();
        let changes = plan["orgs"][0]["changes"].as_array().unwrap();
        let text = |change: &Value, key: &str| change[key].as_str().unwrap().to_owned();
        changes.iter().map(|change| (text(change, "kind"), text(change, "origin"))).collect()
    }
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(kind, origin)| ((*kind).to_owned(), (*origin).to_owned())).collect()
}

#[test]
fn a_revision_tells_what_a_pull_request_proposes() {
    let world = World::new(&configuration("", MERGED));
    world.commit("agreed");
    world.configure(&configuration("", &[MERGED, NEW].concat()));
    assert_eq!(world.origins("agreed"), pairs(&[("set_grant", "pending"), ("set_grant", "proposed")]));
    // The text has a section for each, with what it means.
    let planned = world.run(&["plan", "--base", "agreed"]);
    let at = |text: &str| planned.stdout.find(text).unwrap_or_else(|| panic!("no {text:?} in {}", planned.stdout));
    assert!(at("PROPOSED  1 change") < at("eve@acme.com"), "{}", planned.stdout);
    assert!(at("PROPOSED  1 change") < at("PENDING  1 change"), "{}", planned.stdout);
    // Neither the index nor the work tree was touched.
    let status = Command::new("git").arg("-C").arg(world.0.path()).args(["status", "--porcelain"]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&status.stdout).lines().next(), Some(" M config/access.yaml"));
}

#[test]
fn a_folder_does_as_well() {
    let world = World::new(&configuration("", NEW));
    fs::create_dir(world.path("before")).unwrap();
    fs::write(world.path("before/access.yaml"), configuration("", "")).unwrap();
    let base = world.path("before");
    assert_eq!(world.origins(base.to_str().unwrap()), pairs(&[("set_grant", "proposed")]));
}

#[test]
fn an_end_that_a_pull_request_writes_is_proposed_and_one_that_came_is_not() {
    let over = configuration(", until: 2026-11-01", "");
    let world = World::new(&configuration("", ""));
    world.commit("agreed");
    world.configure(&over);
    assert_eq!(world.origins("agreed"), pairs(&[("remove_user", "proposed")]));
    world.commit("merged");
    assert_eq!(world.origins("merged"), pairs(&[("remove_user", "expiry")]));
}

#[test]
fn what_others_did_after_an_apply_is_drift() {
    let agreed = configuration("", MERGED);
    let world = World::new(&agreed);
    world.commit("agreed");
    assert_eq!(world.run(&["apply", "--yes"]).status, ExitStatus::Done);
    // Somebody takes eve's grant away by hand and gives her another; the journal is not told, as it is of other hands.
    let journal = world.path("config/.journal");
    fs::rename(&journal, world.path("kept")).unwrap();
    world.configure(&configuration("", NEW));
    assert_eq!(world.run(&["apply", "--yes"]).status, ExitStatus::Done);
    fs::remove_dir_all(&journal).unwrap();
    // Without a record of the last apply what nobody declares is drift, and what is lacking may be yet to come.
    world.configure(&agreed);
    assert_eq!(world.origins("agreed"), pairs(&[("set_grant", "pending"), ("remove_grant", "drift")]));
    let saved = world.path("live.json");
    let saved = saved.to_str().unwrap();
    let against_saved = |format: &str| {
        let planned = world.run(&["plan", "--base", "agreed", "--live", saved, "--format", format]);
        assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
        planned.stdout
    };
    let told = world.run(&["snapshot", "--out", saved]);
    assert!(told.said().ends_with("1 team, 2 grants\n"), "{}", told.said());
    let comment = against_saved("markdown");
    let unsure = [
        "### Pending: 1 change, agreed to before, and not applied yet or taken back by hand\n",
        "### Drift: 1 change, not declared before either: made by hand, or not taken away yet\n",
    ];
    assert!(unsure.iter().all(|heading| comment.contains(heading)), "{comment}");
    fs::rename(world.path("kept"), &journal).unwrap();
    assert_eq!(world.origins("agreed"), pairs(&[("set_grant", "drift"), ("remove_grant", "drift")]));
    // A snapshot that is taken where the journal is tells it to whoever has no journal.
    let told = world.run(&["snapshot", "--out", saved]);
    assert!(told.said().contains("; beside it, what the apply of 2026-11-21 09:00 UTC left\n"), "{}", told.said());
    let told = world.run(&["snapshot", "--out", world.path("other.json").to_str().unwrap(), "--journal", "nowhere"]);
    assert!(told.said().ends_with("; no record of an apply is in that journal\n"), "{}", told.said());
    // Nor is it taken from what another organization was left like.
    let applied = fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path());
    let applied = applied.into_iter().find(|path| path.to_str().unwrap().ends_with(".applied.json")).unwrap();
    let of_ours = fs::read_to_string(&applied).unwrap();
    fs::write(&applied, of_ours.replace("\"id\":77", "\"id\":78")).unwrap();
    let told = world.run(&["snapshot", "--out", "-"]);
    assert!(!told.stdout.contains("\"applied\""), "{}", told.stdout);
    assert!(told.stderr.contains("is of organization 78 and not of 77; what is drift"), "{}", told.stderr);
    fs::remove_dir_all(&journal).unwrap();
    let comment = against_saved("markdown");
    assert!(
        comment.contains("### Drift: 2 changes, changed on the live side, not by the configuration\n"),
        "{comment}"
    );
    let plan: Value = serde_json::from_str(&against_saved("json")).unwrap();
    assert_eq!(plan["orgs"][0]["proposal"]["knows_last_apply"], true);
    let drift = world.run(&["drift", "--live", saved, "--format", "json"]);
    let drift: Value = serde_json::from_str(&drift.stdout).unwrap();
    assert_eq!(drift["orgs"][0]["knows_last_apply"], true);
}

#[test]
fn deleting_what_is_over_makes_nothing_of_it_drift() {
    let over = ", until: 2026-11-01";
    let world = World::new(&configuration(over, ""));
    world.commit("agreed");
    // The line of bo goes with all that it gave, and the live side still has it.
    let without = configuration("", "").replace(", bo@acme.com: { role: member }", "");
    world.configure(&without.replace("  - { user: bo@acme.com, project: web, role: analyst }\n", "  []\n"));
    assert_eq!(world.origins("agreed"), pairs(&[("remove_user", "expiry")]));
}

#[test]
fn blocking_somebody_whom_nobody_declares_is_no_agreement_of_before() {
    let world = World::new(&configuration("", "").replace(", eve@acme.com: member", ""));
    world.commit("agreed");
    let blocked = configuration("", "").replace(", eve@acme.com: member", "");
    world.configure(&blocked.replace("id: 77,", "id: 77, blocked: [eve@acme.com],"));
    assert_eq!(world.origins("agreed"), pairs(&[("remove_user", "drift")]));
    // Whom the base declares is proposed to go.
    world.configure(&configuration("", ""));
    world.git(&["commit", "--quiet", "--all", "--message", "declared"]);
    world.configure(&configuration("", "").replace("id: 77,", "id: 77, blocked: [eve@acme.com],"));
    assert_eq!(world.origins("HEAD"), pairs(&[("remove_user", "proposed")]));
}

#[test]
fn a_base_that_is_not_valid_agreed_to_nothing() {
    let world = World::new("version: 1\norg: { key: acme }\nusers: [\n");
    world.commit("broken");
    world.configure(&configuration("", NEW));
    let planned = world.run(&["plan", "--base", "broken"]);
    assert_eq!(planned.status, ExitStatus::Done, "{}", planned.said());
    assert!(planned.stderr.contains(
        "warning: the base `broken` cannot be used, so every change counts as proposed, and rules and ends "
    ));
    assert_eq!(world.origins("broken"), pairs(&[("set_grant", "proposed")]));
}

/// Somebody made bo admin of iOS by hand.
fn by_hand(live: &str) -> String {
    live.replace("\"grants\":[", "\"grants\":[{\"user\":\"bo@acme.com\",\"project\":2,\"role\":\"admin\"},")
}

const BY_HAND: &str = "  - { user: bo@acme.com, project: ios, role: admin }\n";

#[test]
fn what_others_did_is_not_told_as_proposed() {
    // Another request, merged and not applied, made eve admin of iOS; this one renames a team that she is in.
    let team = |name: &str| configuration("", NEW).replace("Analysts, members: [ana@acme.com]", name);
    let world = World::new(&team("Analysts, members: [ana@acme.com, eve@acme.com]"));
    world.commit("agreed");
    world.configure(&team("Data, previously: [Analysts], members: [ana@acme.com, eve@acme.com]"));
    let text = world.told(&str::to_owned, "markdown");
    assert!(text.contains("\nProposed: nobody's access to a project changes.\n"), "{text}");
    let (_, pending) = text.split_once("\n### Pending: 2 changes, ").unwrap();
    assert!(
        pending.contains("**1 becomes admin of ios**") || pending.contains("**1 person becomes admin of ios**"),
        "{text}"
    );
    assert_eq!(world.proposal(&str::to_owned)["access"], serde_json::json!([]));
    // Somebody made bo admin by hand, and this one gives him what he has anyway.
    world.configure(&configuration("", ""));
    world.commit("agreed-2");
    world.git(&["tag", "--force", "agreed"]);
    world.configure(&configuration("", "").replace("members: [ana@acme.com]", "members: [ana@acme.com, bo@acme.com]"));
    let text = world.told(&by_hand, "markdown");
    assert!(text.contains("\nProposed: nobody's access to a project changes.\n"), "{text}");
    assert!(
        text.split_once("\n### Drift: 1 change").unwrap().1.contains("bo@acme.com` no longer admin on ios"),
        "{text}"
    );
    // Rows of the whole plan say whose they are.
    let plan: Value = serde_json::from_str(&world.told(&by_hand, "json")).unwrap();
    let rows = plan["orgs"][0]["access"].as_array().unwrap();
    let of: Vec<_> = rows.iter().map(|row| (row["project"].as_str().unwrap(), row["origins"].clone())).collect();
    assert_eq!(of, [("ios", serde_json::json!(["drift"]))]);
}

#[test]
fn agreeing_to_what_was_done_by_hand_is_proposed() {
    let world = World::new(&configuration("", ""));
    world.commit("agreed");
    world.configure(&configuration("", BY_HAND));
    let text = world.told(&by_hand, "markdown");
    let said = "\nProposed: **1 person becomes admin of ios**.\n\nOf this, 1 change is live already though the base \
                does not ask for it: this agrees to it.\n\nThere is nothing to apply: the live side is as this says.\n\n**1 escalation**\n\n- 🔺 \
                `bo@acme.com` gets admin on ios, **becomes admin of ios** (so already)";
    assert!(text.contains(said), "{text}");
    let page = world.told(&by_hand, "html");
    assert!(page.contains("Proposed: <b>1 person becomes admin of ios</b>."), "{page}");
    let shown = world.told(&by_hand, "text");
    assert!(shown.contains("\nProposed: 1 person becomes admin of ios\n"), "{shown}");
    let proposal = world.proposal(&by_hand);
    assert_eq!(proposal["summary"]["already"], 1);
    assert_eq!((&proposal["summary"]["escalations"], &proposal["summary"]["risen"]), (&1.into(), &1.into()));
    assert_eq!(proposal["changes"][0]["already"], true);
    assert_eq!(proposal["access"][0]["effect"], "gain");
    // By a team it is the same for him, and takes the grant away.
    world.configure(
        &configuration("", "").replace(
            "teams: { ",
            "teams: { bosses: { name: Bosses, members: [bo@acme.com], projects: { ios: admin } }, ",
        ),
    );
    let text = world.told(&by_hand, "markdown");
    assert!(text.contains("\nProposed: **1 person becomes admin of ios**.\n"), "{text}");
    assert!(text.contains("\n**2 escalations**\n"), "{text}");
    // Where it is agreed to already, it is in sync.
    world.configure(&configuration("", BY_HAND));
    world.commit("agreed-2");
    world.git(&["tag", "--force", "agreed"]);
    assert!(world.told(&by_hand, "markdown").contains("\nNothing to do: acme is in sync"));
}

#[test]
fn whoever_proposes_a_role_does_not_say_what_it_is_worth() {
    let base = configuration("", "").replace("ios: 2", "ios: { id: 2, roles: { Steward: { like: admin } } }");
    let live = |live: &str| live.replacen("\"roles\":[]", "\"roles\":[\"Steward\"]", 2);
    for like in ["{ like: consumer }", "{}"] {
        let world = World::new(&base);
        world.commit("agreed");
        let head = base.replace("{ like: admin }", like);
        world.configure(&(head + "  - { user: eve@acme.com, project: ios, role: Steward }\n"));
        let told = world.told(&live, "markdown");
        assert!(told.contains("\nProposed: **1 person becomes Steward (like admin) of ios**, "), "{told}");
    }
}

#[test]
fn what_was_agreed_to_and_is_dropped_before_it_was_applied_is_told() {
    let world = World::new(&configuration("", NEW));
    world.commit("agreed");
    world.configure(&configuration("", ""));
    let text = world.told(&str::to_owned, "markdown");
    assert!(text.contains("\nProposed: 1 person loses some access.\n"), "{text}");
    assert!(text.contains("- ➖ `eve@acme.com` no longer admin on ios (so already; not listed)"), "{text}");
}

#[test]
fn that_there_is_no_base_is_said_where_it_is_read() {
    let world = World::new("version: 1\norg: { key: acme }\nusers: [\n");
    world.commit("agreed");
    world.configure(&configuration("", NEW));
    let said = |format: &str, words: &str| {
        let told = world.told(&str::to_owned, format);
        assert!(told.contains(words), "{words}: {told}");
    };
    said(
        "markdown",
        "\n**The base `agreed` cannot be used, so every change counts as proposed, and rules and ends cannot be compared: ",
    );
    said(
        "html",
        "The base `agreed` cannot be used, so every change counts as proposed, and rules and ends cannot be compared: ",
    );
    said("text", "\nThe base `agreed` cannot be used, so every change counts as");
    said(
        "json",
        "\"no_base\":\"the base `agreed` cannot be used, so every change counts as proposed, and rules and ends cannot be compared: ",
    );
    // The folder of the configuration had another name.
    world.git(&["init", "--quiet"]);
    fs::create_dir(world.path("other")).unwrap();
    fs::rename(world.path("config/access.yaml"), world.path("other/access.yaml")).unwrap();
    world.git(&["add", "--all", "."]);
    world.git(&["commit", "--quiet", "--message", "moved"]);
    world.git(&["tag", "--force", "agreed"]);
    fs::rename(world.path("other/access.yaml"), world.path("config/access.yaml")).unwrap();
    said("markdown", "has no configuration at ");
    let told = world.run(&["plan", "--base", "agreed"]);
    assert!(told.stderr.contains("warning: the base `agreed` has no configuration at `"), "{}", told.stderr);
    assert!(told.stdout.contains("has no configuration at"), "{}", told.stdout);
    // In sync it is said as well.
    world.configure(&configuration("", ""));
    said("markdown", "\n**The base `agreed` has no configuration at ");
    // The base has another organization.
    world.configure(&configuration("", "").replace("id: 77", "id: 78"));
    world.commit("other");
    world.git(&["tag", "--force", "agreed"]);
    world.configure(&configuration("", NEW));
    said(
        "json",
        "\"no_base\":\"the base `agreed` has no organization with the id 77, so every change counts as proposed, and rules and ends cannot be compared\"",
    );
}

#[test]
fn a_later_run_says_the_same_bytes() {
    let world = World::new(&configuration("", MERGED));
    world.commit("agreed");
    world.configure(&configuration("", &[MERGED, NEW].concat()));
    let later = NOW + jiff::SignedDuration::from_mins(7);
    for format in ["markdown", "html", "text"] {
        for more in [&[][..], &["--at", "2026-12-01"]] {
            let arguments = [&["plan", "--base", "agreed", "--format", format], more].concat();
            let (first, second) = (world.run(&arguments), world.run_at(later, &arguments));
            assert_eq!(first.status, ExitStatus::Done, "{}", first.said());
            assert_eq!(first.stdout, second.stdout, "{arguments:?}");
        }
    }
    let marker = |world: &World| {
        let planned = world.run(&["plan", "--base", "agreed", "--format", "markdown"]);
        planned.stdout.lines().next().unwrap().to_owned()
    };
    let before = marker(&world);
    world.configure(&configuration("", NEW));
    assert_ne!(before, marker(&world), "another plan has another hash");
}

#[test]
fn a_base_that_cannot_be_found_is_wrong_usage() {
    let world = World::new(&configuration("", NEW));
    let missing = world.run(&["plan", "--base", "nowhere"]);
    assert_eq!(missing.status, ExitStatus::Invalid, "{}", missing.said());
    assert!(missing.stderr.contains("error: cannot read the base `nowhere`"), "{}", missing.stderr);
    world.commit("agreed");
    for name in ["nowhere", "--output=/tmp/x", "-p"] {
        let missing = world.run(&["plan", &format!("--base={name}")]);
        assert_eq!(missing.status, ExitStatus::Invalid, "{}", missing.said());
        assert!(missing.stderr.contains(&format!("has no commit `{name}`")), "{}", missing.stderr);
    }
}

#[test]
fn a_repository_that_had_no_configuration_agreed_to_nothing() {
    let world = World::new(&configuration("", NEW));
    fs::write(world.path("README"), "x").unwrap();
    world.git(&["init", "--quiet"]);
    world.git(&["add", "README"]);
    world.git(&["commit", "--quiet", "--message", "first"]);
    assert_eq!(world.origins("HEAD"), pairs(&[("set_grant", "proposed")]));
}

#[test]
fn a_comment_links_to_the_lines_of_the_repository() {
    let world = World::new(&configuration("", &[MERGED, NEW].concat()));
    world.commit("agreed");
    world.configure(&configuration("", &[MERGED, NEW].concat()).replace("role: consumer", "role: analyst"));
    let link = ["--link-base", "https://git.test/acme/blob/0a1b"];
    let planned = world.run(&["plan", "--base", "agreed", "--format", "markdown", link[0], link[1]]);
    assert_eq!((planned.status, planned.stderr.as_str()), (ExitStatus::Done, ""), "{}", planned.said());
    let first: Vec<&str> = planned.stdout.lines().take(4).collect();
    assert!(first[0].starts_with("<!-- accessctl:plan acme digest=sha256:"), "{first:?}");
    assert_eq!(&first[1..], ["## Access of acme (Acme)", "", "Proposed: 1 person gains access."]);
    let place = "access.yaml:8`](https://git.test/acme/blob/0a1b/config/access.yaml#L8)";
    assert!(planned.stdout.contains(place), "{}", planned.stdout);
    assert!(
        planned
            .stdout
            .contains("\n### Pending: 1 change, agreed to before, and not applied yet or taken back by hand\n")
    );
    let page = world.run(&["plan", "--base", "agreed", "--format", "html", link[0], link[1]]);
    assert!(page.stdout.contains("<a href=\"https://git.test/acme/blob/0a1b/config/access.yaml#L8\""));
    // The hash is that of what the plan says that is saved by the same run.
    let file = world.path("plan.json");
    let saved = world.run(&["plan", "--format", "markdown", "--out", file.to_str().unwrap()]);
    let document: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let content = document["content"].as_str().unwrap();
    assert!(saved.stdout.starts_with(&format!("<!-- accessctl:plan acme digest={content} -->\n")), "{}", saved.stdout);
}

#[test]
fn a_link_that_leads_nowhere_good_is_wrong_usage() {
    let world = World::new(&configuration("", NEW));
    for base in ["javascript:alert(1)", "git.test/x", "https://git.test/x)[y](z"] {
        let ended = world.run(&["plan", "--format", "markdown", "--link-base", base]);
        assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Invalid, ""), "{}", ended.said());
        assert!(ended.stderr.contains("error: `--link-base "), "{}", ended.stderr);
    }
    let ended = world.run(&["plan", "--link-base", "https://git.test"]);
    assert_eq!(ended.status, ExitStatus::Invalid);
    assert!(ended.stderr.contains("`--link-base` is for markdown and html, not for text"), "{}", ended.stderr);
}

#[test]
fn pseudonyms_need_a_secret_key_and_are_for_showing_only() {
    let world = World::new(&configuration("", NEW));
    let run = |arguments: &[&str], key: Option<&str>| {
        let environment = |name: &str| key.filter(|_| name == "ACCESSCTL_REDACT_KEY").map(str::to_owned);
        run_on(arguments, &world.path("config"), NOW, &environment, &Nobody)
    };
    let redact = ["plan", "--redact", "people"];
    for (key, said) in [
        (None, "error: `--redact people` needs a key in the variable ACCESSCTL_REDACT_KEY"),
        (Some(""), "error: `--redact people` needs a key"),
        (Some("too short, said loud"), "ACCESSCTL_REDACT_KEY cannot be used: the key has 20 bytes, fewer than 32"),
    ] {
        let ended = run(&redact, key);
        assert_eq!((ended.status, ended.stdout.as_str()), (ExitStatus::Invalid, ""), "{}", ended.said());
        assert!(ended.stderr.contains(said) && !ended.stderr.contains("too short,"), "{}", ended.stderr);
    }
    let key = Some("0123456789abcdef0123456789abcdef");
    let ended = run(&["plan", "--redact", "people", "--out", "plan.json"], key);
    assert_eq!(ended.status, ExitStatus::Invalid);
    assert!(ended.stderr.contains("`--out` cannot be used with `--redact`"), "{}", ended.stderr);
    let shown = run(&redact, key);
    assert_eq!(shown.status, ExitStatus::Done, "{}", shown.said());
    assert!(shown.stdout.contains("  ! + user-") && !shown.said().contains('@'), "{}", shown.said());
    assert_eq!(shown.stdout, run(&redact, key).stdout, "the same person has the same pseudonym");
    let other = run(&redact, Some("fedcba9876543210fedcba9876543210"));
    assert_ne!(shown.stdout, other.stdout);
    // What goes wrong is told without addresses too, and without the lines that hold them.
    world.configure(&configuration("", NEW).replace("- { user: bo@acme.com", "- { user: boo@acme.com"));
    let wrong = run(&redact, key);
    assert_eq!(wrong.status, ExitStatus::Invalid);
    assert!(wrong.stderr.contains("error[E0402]: `user-"), "{}", wrong.stderr);
    assert!(!wrong.stderr.contains('@') && wrong.stderr.contains("config/access.yaml:7:"), "{}", wrong.stderr);
}

#[test]
fn whoever_is_not_to_be_told_of_is_named_nowhere_beside_the_plan() {
    let named = configuration("", NEW).replace("ana@acme.com: owner", "ana@acme.com: { role: owner, name: Ana Ruiz }");
    let world = World::new(&named);
    let environment =
        |name: &str| (name == "ACCESSCTL_REDACT_KEY").then(|| "0123456789abcdef0123456789abcdef".to_owned());
    let told = |more: &[&str]| {
        let summary = world.path("summary.md");
        let _ = fs::remove_file(&summary);
        let mut arguments = vec!["plan", "--redact", "people", "--annotations", "github"];
        arguments.extend(["--summary", summary.to_str().unwrap()]);
        arguments.extend(more);
        let ended = run_on(&arguments, &world.path("config"), NOW, &environment, &Nobody);
        let said = format!("{}{}", ended.said(), fs::read_to_string(&summary).unwrap());
        assert!(!said.to_lowercase().contains("ruiz") && !said.contains('@'), "{said}");
        assert!(said.contains("user-"), "{said}");
        (ended.status, said)
    };
    // A rule that is called after somebody, and is broken.
    let rule = "policy: [{ name: \"access of Ruiz, Ana is temporary\", when: { via: grant }, require: [until] }] }";
    let broken = named.replace("live.json } }", &format!("live.json }}, {rule}")).replace("Ana Ruiz", "\"Ruiz, Ana\"");
    world.configure(&broken);
    let (status, said) = told(&[]);
    assert_eq!(status, ExitStatus::Refused, "{said}");
    assert!(said.contains("::error "), "{said}");
    // A live side that is refused because of a team that is called after somebody.
    world.configure(&named);
    let live = world.path("odd.json");
    fs::write(&live, LIVE.replace("Analysts\",\"members\":[\"ana", "Ana Ruiz\",\"members\":[\"anna")).unwrap();
    let (status, said) = told(&["--live", live.to_str().unwrap()]);
    assert_eq!(status, ExitStatus::Failure, "{said}");
    assert!(said.contains("::error title=accessctl plan::"), "{said}");
    // What was agreed to before, and names something that is called after somebody.
    fs::create_dir(world.path("base")).unwrap();
    // Of the others whom it names nobody knows that they are people.
    for somebody in ["Ana Ruiz", "Quentin Ruiz"] {
        let faulty = named.replace("project: ios", &format!("project: {somebody}"));
        fs::write(world.path("base/access.yaml"), faulty).unwrap();
        for format in ["text", "markdown", "json"] {
            let base = world.path("base");
            let (_, said) = told(&["--base", base.to_str().unwrap(), "--format", format]);
            assert!(said.contains("access.yaml:8:36") && said.contains("E0403"), "{said}");
            assert!(!said.contains("Quentin"), "{said}");
        }
    }
}
