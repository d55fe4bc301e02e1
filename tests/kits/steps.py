"""Runs the commands of the kits as their systems would, in a repository of their own.

    steps.py ACCESSCTL WORK
"""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
KITS = ROOT / "examples" / "ci"
ACCESSCTL = Path(sys.argv[1])
WORK = Path(sys.argv[2])
REPOSITORY = "acme/access"
MARK = "<!-- accessctl:plan"


def load(path):
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def workflow(name):
    return load(KITS / "github" / "workflows" / f"{name}.yml")


def scripts(document):
    """Each job's name with its steps that run something."""
    jobs = document["jobs"].items() if "jobs" in document else [("action", {"steps": document["runs"]["steps"]})]
    return [(job, step) for job, found in jobs for step in found["steps"] if "run" in step]


# --- what holds for every workflow ------------------------------------------------------------------------------------


def check_workflows():
    paths = [*sorted((KITS / "github" / "workflows").glob("*.yml")), KITS / "github/actions/accessctl/action.yml"]
    assert len(paths) == 6, paths
    for path in paths:
        text, document = path.read_text(encoding="utf-8"), load(path)
        for used in re.findall(r"uses: (\S+)", text):
            assert used.startswith("./") or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", used), f"{path}: {used} is not pinned"
        for job, step in scripts(document):
            assert "${{" not in step["run"], f"{path}: {job}: a script is put together from text of others"
            checked = subprocess.run(["bash", "-n"], input=step["run"], text=True, capture_output=True)
            assert checked.returncode == 0, f"{path}: {job}: {checked.stderr}"
        if "jobs" not in document:
            # What a pull request says about toolchains counts for nothing.
            [build] = [step for _, step in scripts(document) if "cargo install" in step["run"]]
            assert build["working-directory"] == "${{ runner.temp }}", build
            continue
        assert document["permissions"] == {}, path
        for job in document["jobs"].values():
            assert set(job["permissions"].values()) <= {"read", "write"}, path
            writes = [what for what, may in job["permissions"].items() if may == "write"]
            assert writes == (["pull-requests"] if path.stem == "access-comment" else []), path
        # What meets the code of strangers has no secret, and what has secrets checks nothing of theirs out.
        triggers = document.get("on", document.get(True))
        untrusted = "pull_request" in triggers or "workflow_run" in triggers
        assert ("secrets." in text) != untrusted, path
        assert "pull_request_target" not in triggers, path
        if "workflow_run" in triggers:
            assert "uses:" not in text, path
        # Every job that applies is one of the same queue, in which none is cancelled by the next.
        for job in document["jobs"].values():
            if any("accessctl apply " in step.get("run", "") for step in job["steps"]):
                queue = job.get("concurrency", document["concurrency"])
                assert queue == {"group": "access-apply", "cancel-in-progress": False, "queue": "max"}, path
                assert job["environment"] == "production", path
    print(f"{len(paths)} files of the kit for GitHub keep to what holds for all")


# --- a repository and its surroundings --------------------------------------------------------------------------------


class World:
    """A repository with the configuration of the quickstart, and what a runner gives to a step."""

    def __init__(self, name):
        self.folder = WORK / name
        self.repository = self.folder / "repository"
        self.temp = self.folder / "temp"
        self.home = self.folder / "home"
        self.gh = self.folder / "gh"
        for folder in (self.repository / "access", self.temp, self.home, self.gh):
            folder.mkdir(parents=True)
        self.bin = self.folder / "bin"
        self.bin.mkdir()
        (self.bin / "accessctl").symlink_to(ACCESSCTL)
        stand_in = self.bin / "gh"
        stand_in.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT}/tests/kits/gh.py" "$@"\n')
        stand_in.chmod(0o755)
        for file in ("access.yaml", "live.json"):
            shutil.copy(ROOT / "examples" / "quickstart" / file, self.repository / "access" / file)
        shutil.copytree(KITS / "github", self.repository / ".github")
        (self.repository / ".gitignore").write_text(".accessctl/\n.journal/\n")
        self.git("init", "--quiet", "--initial-branch", "main")
        self.commit("Begin")
        # The live side begins as the configuration says, so that a pull request is all there is to do.
        self.shell("accessctl apply --yes --quiet --journal ../journal access > ../applied.txt")
        self.answers({})

    def git(self, *arguments):
        who = ["-c", "user.name=Ana", "-c", "user.email=ana@acme.com"]
        ran = subprocess.run(["git", *who, *arguments], cwd=self.repository, capture_output=True, text=True, check=True)
        return ran.stdout.strip()

    def commit(self, message):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return self.git("rev-parse", "HEAD")

    def edit(self, old, new):
        path = self.repository / "access" / "access.yaml"
        text = path.read_text()
        assert old in text, old
        path.write_text(text.replace(old, new))

    def answers(self, answers):
        (self.gh / "answers.json").write_text(json.dumps(answers))
        (self.gh / "asked.jsonl").write_text("")

    def asked(self):
        return [json.loads(line) for line in (self.gh / "asked.jsonl").read_text().splitlines()]

    def shell(self, script, status=0, shell=("bash", "--noprofile", "--norc", "-eo", "pipefail"), **variables):
        """Runs a script as a runner does; returns what it printed."""
        environment = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "CI": "true",
            "RUNNER_TEMP": str(self.temp),
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": self.git("rev-parse", "HEAD") if (self.repository / ".git").exists() else "",
            "GITHUB_RUN_ID": "9",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_REF_NAME": "main",
            "GITHUB_OUTPUT": str(self.temp / "output"),
            "GITHUB_PATH": str(self.temp / "path"),
            "GITHUB_STEP_SUMMARY": str(self.temp / "summary"),
            "KITS_GH": str(self.gh),
            "ACCESSCTL_JOURNAL": str(self.folder / "journal"),
            **variables,
        }
        (self.temp / "output").write_text("")
        ran = subprocess.run(
            [*shell, "-c", script], cwd=self.repository, env=environment, capture_output=True, text=True, timeout=60
        )
        said = ran.stdout + ran.stderr
        assert ran.returncode == status, f"status {ran.returncode}, not {status}, of\n{script}\n{said}"
        return said

    def step(self, name, document, status=0, **variables):
        """Runs the step of this name; `variables` stand for what its expressions give. Returns what it printed."""
        step = next(step for _, step in scripts(document) if step.get("name") == name)
        needs = set(step.get("env", {})) - set(variables)
        assert not needs, f"{name} needs {needs}"
        unknown = set(variables) - set(step.get("env", {})) - {"GH_TOKEN", "GITHUB_RUN_ATTEMPT"}
        assert not unknown, f"{name} has no {unknown}"
        return self.shell(step["run"], status=status, **variables)

    def output(self, name):
        found = re.findall(rf"^{name}=(.*)$", (self.temp / "output").read_text(), re.MULTILINE)
        return found[-1] if found else None


def knows(command, option):
    said = subprocess.run([ACCESSCTL, command, "--help"], capture_output=True, text=True)
    return said.returncode == 0 and option in said.stdout


SECRETS = {"MIXPANEL_SERVICE_ACCOUNT": "", "MIXPANEL_SERVICE_ACCOUNT_SECRET": "", "MIXPANEL_SCIM_TOKEN": ""}


# --- GitHub -----------------------------------------------------------------------------------------------------------


def try_action():
    world = World("action")
    action = load(KITS / "github/actions/accessctl/action.yml")
    look = "Look for accessctl on this runner"
    world.step(look, action, SOURCE="", REVISION="")
    assert world.output("build") == "no"
    (world.bin / "accessctl").unlink()
    world.step(look, action, status=1, SOURCE="", REVISION="")
    world.step(look, action, status=1, SOURCE="https://git.example.com/accessctl", REVISION="main")
    world.step(look, action, status=1, SOURCE="--upload-pack=x", REVISION="0" * 40)
    world.step(look, action, SOURCE="https://git.example.com/accessctl", REVISION="0" * 40)
    assert world.output("build") == "yes"
    print("the action finds the program, or what to build it from")


def try_github():
    world = World("github")
    night, plan, comment, apply = (workflow(f"access-{name}") for name in ("night", "plan", "comment", "apply"))
    token = {"GH_TOKEN": "t"}

    # Somebody makes less of a grant by hand; the journal is there as the cache has it.
    by_hand(world, ("project: ios, role: admin", "project: ios, role: analyst"))
    cached = world.home / ".local/state/accessctl/journal"
    cached.parent.mkdir(parents=True, exist_ok=True)
    (world.folder / "journal").rename(cached)
    names = [step.get("name") for step in night["jobs"]["night"]["steps"]]
    assert names.index("Take the journal of the applies") < names.index("Save the live side")
    world.step("Save the live side", night, SHARD="1/1", **SECRETS)
    assert (world.temp / "live" / "acme.json").exists()
    # A pull request has no journal.
    cached.rename(world.folder / "journal")
    world.answers({f"GET repos/{REPOSITORY}": {"private": True}})
    world.step("Ask whether the repository is private", night, **token)
    assert world.output("private") == "true"

    # A pull request, and another one that is merged while it is open: it makes somebody admin, and nobody has applied it.
    base = world.git("rev-parse", "HEAD")
    world.git("checkout", "--quiet", "-b", "give-dee-web")
    world.edit("grants:\n", "grants:\n  - { user: dee@acme.com, project: web, role: analyst, reason: launch }\n")
    head = world.commit("Give dee web")
    world.git("checkout", "--quiet", "main")
    world.edit("users:\n  ana", "users:\n  li@acme.com: { role: admin, name: Li Wei }\n  ana")
    world.commit("Make li an admin")
    # What GitHub checks out is the one merged into the other, without what is older.
    world.git("checkout", "--quiet", "-b", "merge")
    world.git("merge", "--quiet", "--no-ff", "--message", "Merge", "give-dee-web")
    merge = world.git("rev-parse", "HEAD")
    whole, world.repository = world.repository, world.folder / "runner"
    clone = ["git", "clone", "--quiet", "--depth", str(depth_of(plan)), "--branch", "merge", whole.as_uri()]
    subprocess.run([*clone, world.repository], check=True)
    world.step("Check the configuration", plan)
    run = lambda id, branch, repository: {
        "expired": False,
        "name": "access-live-1",
        "workflow_run": {"id": id, "head_branch": branch, "repository_id": 1, "head_repository_id": repository},
    }
    forged = [run(666, "main", 2), run(667, "give-dee-web", 1)]
    at = f"repos/{REPOSITORY}"
    # Runs that GitHub says the same of as of the night, and whose files are others: of a tag called `main`, of a pull request
    # from it, of a night that has not ended, and of another workflow.
    of_night = {"status": "completed", "path": ".github/workflows/access-night.yml", "event": "schedule", "head_sha": "a" * 40}
    runs = {
        41: of_night,
        51: {**of_night, "event": "workflow_dispatch", "head_sha": "b" * 40},
        52: {**of_night, "event": "pull_request"},
        53: {**of_night, "status": "in_progress"},
        54: {**of_night, "path": ".github/workflows/other.yml"},
    }
    found = [*forged, *(run(id, "main", 1) for id in (51, 51, 52, 53, 54, 41)), run(40, "main", 1)]
    world.answers({
        f"GET {at}/actions/artifacts": {"artifacts": found},
        **{f"GET {at}/actions/runs/{id}": about for id, about in runs.items()},
        f"GET {at}/compare/main...{'a' * 40}": {"status": "behind"},
        f"GET {at}/compare/main...{'b' * 40}": {"status": "diverged"},
    })
    world.step("Find the saved live side", plan, DEFAULT_BRANCH="main", **token)
    assert world.output("run") == "41", "a file that a pull request saved was taken for the live side"
    world.answers({f"GET repos/{REPOSITORY}/actions/artifacts": {"artifacts": forged}})
    said = world.step("Find the saved live side", plan, DEFAULT_BRANCH="main", **token)
    assert world.output("run") == "" and said.startswith("::warning "), said
    (world.temp / "summary").write_text("")
    if not knows("plan", "--link-base"):
        print("SKIPPED: plan has no comment for pull requests yet, so the rest of the kit for GitHub was not tried")
        return
    about = {"PULL_REQUEST": "12", "AUTHOR": "dee-acme"}
    said = world.step("Plan", plan, status=1, HEAD=base, **about)
    assert "another commit is checked out" in said, said
    world.step("Plan", plan, HEAD=head, **about)
    planned = world.temp / "plan"
    saved = json.loads((planned / "plan.json").read_text())
    origins = {change["user"]: change["origin"] for change in saved["orgs"][0]["changes"]}
    assert origins["dee@acme.com"] == "proposed", saved
    assert origins["li@acme.com"] == "pending", "what somebody else has merged counts as proposed, or as made by hand"
    assert origins["bo@acme.com"] == "drift", "what somebody changed by hand counts as merged and not applied"
    assert saved["meta"] == {"author": "dee-acme", "head": head, "pr": "12"}, saved["meta"]
    shown = (planned / "comment.md").read_text()
    assert "### Drift: 1 change, changed on the live side, not by the configuration" in shown, shown
    assert shown.startswith(MARK) and "dee@acme.com" in shown, shown
    links = re.findall(r"/blob/([0-9a-f]+)/access/access.yaml#L(\d+)", shown)
    lines = [(commit, world.git("show", f"{commit}:access/access.yaml").splitlines()[int(at) - 1]) for commit, at in links]
    assert any("dee@acme.com" in line for _, line in lines), "links and lines do not agree"
    assert {commit for commit, _ in lines} == {merge}, lines
    world.repository = whole
    assert "acme" in (world.temp / "summary").read_text()

    # The comment under it.
    find = {"OWNER": "stranger", "BRANCH": "x;$(touch pwned)`", "HEAD": head, **token}
    pulls = [{"number": 11, "head": {"sha": base}}, {"number": 12, "head": {"sha": head}}]
    world.answers({f"GET repos/{REPOSITORY}/pulls": pulls})
    world.step("Find the pull request", comment, **find)
    assert world.output("number") == "12"
    assert world.asked()[0]["fields"] == ["state=open", "head=stranger:x;$(touch pwned)`"]
    assert not (world.repository / "pwned").exists()
    world.answers({f"GET repos/{REPOSITORY}/pulls": pulls[:1]})
    world.step("Find the pull request", comment, **find)
    assert world.output("number") == ""
    world.answers({f"GET repos/{REPOSITORY}/pulls": [*pulls, {"number": 13, "head": {"sha": head}}]})
    said = world.step("Find the pull request", comment, **find)
    assert world.output("number") == "" and said.startswith("::warning "), "a plan for another branch was told"

    def commented(files=("access/access.yaml",), artifact=True, comments=(), moved=False, truncated=False, **content):
        """What is written under the pull request when its plan holds these files."""
        content = {"comment.md": shown, "../../evil": "x", **{name.replace("_", "."): text for name, text in content.items()}}
        with zipfile.ZipFile(world.gh / "plan.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in content.items():
                archive.writestr(name, text)
        found = [{"id": 5, "size_in_bytes": (world.gh / "plan.zip").stat().st_size}] if artifact else []
        at = f"repos/{REPOSITORY}"
        tree = lambda sha: {"tree": [{"path": "access", "sha": "1"}, {"path": ".github", "sha": sha}], "truncated": truncated}
        changes = any(file.startswith(".github/") for file in files)
        world.answers({
            # GitHub names 3,000 files and no more.
            f"GET {at}/pulls/12/files": [{"filename": file, "status": "modified"} for file in files][:3000],
            f"GET {at}/pulls/12": {
                "head": {"sha": "f" * 40 if moved else head},
                "base": {"sha": base},
                "changed_files": len(files),
            },
            f"GET {at}/compare/{base}...{head}": {"merge_base_commit": {"sha": base}, "files": []},
            f"GET {at}/git/trees/{base}": tree("2"),
            f"GET {at}/git/trees/{head}": tree("3" if changes else "2"),
            f"GET {at}/actions/runs/41/artifacts": {"artifacts": found},
            f"GET {at}/actions/artifacts/5/zip": "@plan.zip",
            f"GET {at}/issues/12/comments": list(comments),
            f"POST {at}/issues/12/comments": {"html_url": "https://github.com/x"},
            f"PATCH {at}/issues/comments/77": {"html_url": "https://github.com/x"},
        })
        world.step("Fetch the plan", comment, status=5 if truncated else 0, RUN="41", HEAD=head, NUMBER="12", GH_TOKEN="t")
        if world.output("told") != "yes":
            return None
        world.step("Comment", comment, NUMBER="12", GH_TOKEN="t")
        [written] = [asked for asked in world.asked() if asked["body"]]
        return written["method"], written["body"]["body"]

    assert commented() == ("POST", shown)
    ours = {"id": 77, "user": {"login": "github-actions[bot]"}, "body": f"{MARK} org=acme -->\nold"}
    theirs = {"id": 76, "user": {"login": "stranger"}, "body": ours["body"]}
    assert commented(comments=[theirs, ours]) == ("PATCH", shown)
    assert commented(comments=[theirs]) == ("POST", shown)
    for wrong in (
        {"comment_md": "no mark"},
        {"comment_md": f"{MARK} -->" + "x" * 70_000},
        {"comment_md": f"{MARK} --> <img src=x>\n"},
        {"comment_md": f"{MARK} x -->\n" + "0" * 50_000_000},
        {"comment_md": ""},
    ):
        method, body = commented(**wrong)
        assert "no plan that can be shown" in body and len(body) < 300, body[:300]
    method, body = commented(artifact=False)
    assert "There is no plan" in body, body
    method, body = commented(files=["access/a.yaml", ".github/workflows/access-plan.yml"])
    assert "changes files under `.github/`" in body and "dee" not in body, body
    many = [f"access/{number:04}.yaml" for number in range(3000)]
    method, body = commented(files=[*many, ".github/workflows/access-plan.yml"])
    assert "changes files under `.github/`" in body, "three thousand files hide the change of a workflow"
    assert commented(files=many) == ("POST", shown)
    assert commented(moved=True) is None, "a plan was told of a pull request that has moved on"
    assert commented(truncated=True) is None, "what GitHub has not named was taken for what is not there"
    assert not (world.folder / "evil").exists() and not (world.temp / "evil").exists()
    accented = f"{MARK} -->\n" + "é" * 65_000
    assert commented(comment_md=accented) == ("POST", accented), "characters are counted, not bytes"

    # The merge.
    world.git("checkout", "--quiet", "main")
    world.git("merge", "--quiet", "--no-ff", "--message", "Merge", "give-dee-web")
    merged = world.git("rev-parse", "HEAD")
    assert world.git("diff", "main", "merge") == "", "the plan was of something else than what is merged"
    at = f"repos/{REPOSITORY}"
    world.answers({
        f"GET {at}/commits/{merged}/pulls": [{"head": {"sha": head}}],
        f"GET {at}/actions/workflows/access-plan.yml/runs": {
            "workflow_runs": [{"id": 43, "conclusion": "cancelled"}, {"id": 41, "conclusion": "failure"}]
        },
    })
    world.step("Find the plan that was reviewed", apply, **token)
    assert world.output("run") == "41" and f"head_sha={head}" in world.asked()[1]["fields"]
    world.answers({f"GET {at}/commits/{merged}/pulls": []})
    world.step("Find the plan that was reviewed", apply, status=1, **token)
    world.answers({f"GET {at}/commits/main": {"sha": "f" * 40}, f"GET {at}/commits/{merged}/pulls": []})
    said = world.step("Find the plan that was reviewed", apply, status=1, GITHUB_RUN_ATTEMPT="2", **token)
    assert "something else was merged since" in said, said
    world.step("Apply", apply, **SECRETS)
    world.shell("accessctl plan --exit-code access")
    assert "dee@acme.com" in world.shell('accessctl log --journal "$HOME/.local/state/accessctl/journal"')
    left = "Tell what is merged and not applied"
    assert "::warning" not in world.step(left, apply, **SECRETS)
    world.edit("grants:\n", "grants:\n  - { user: dee@acme.com, project: ios, role: analyst, reason: launch }\n")
    world.commit("Give dee ios, in a run that was cancelled")
    assert "::warning" in world.step(left, apply, **SECRETS)
    print("the steps of the kit for GitHub do what they say, from the pull request to the apply")


def depth_of(plan):
    [checkout] = [step for step in plan["jobs"]["plan"]["steps"] if "checkout" in step.get("uses", "")]
    return checkout["with"]["fetch-depth"]


def try_due():
    world = World("due")
    due = workflow("access-due")
    at = f"repos/{REPOSITORY}"
    ask = "Ask whether the repository is private"
    world.answers({f"GET {at}": {"private": False}})
    said = world.step(ask, due, GH_TOKEN="t")
    assert "::warning" in said and world.output("private") == "false", said
    # The journal as the cache has it.
    shutil.copytree(world.folder / "journal", world.home / ".local/state/accessctl/journal")

    def look(status=0):
        shutil.rmtree(world.temp / "plan", ignore_errors=True)
        said = world.step("Look for what is due", due, status=status, **SECRETS)
        return int(world.output("due")), said

    def apply(status=0):
        [step] = [step for job, step in scripts(due) if job == "apply" and step["name"] == "Apply"]
        return world.shell(step["run"], status=status, **SECRETS)

    assert look()[0] == 0, "nothing is due"
    by_hand(world)
    number, said = look()
    assert number == 0 and "bo@acme.com" in said, "somebody is asked to approve of what was only changed by hand"
    journal = '--journal "$HOME/.local/state/accessctl/journal"'
    world.edit("grants:\n", "grants:\n  - { user: dee@acme.com, project: web, role: analyst, until: 2026-01-31, reason: x }\n")
    world.commit("Give dee web until the end of January")
    world.shell(f"accessctl apply --yes --quiet --at 2026-01-30 {journal} access > ../applied.txt")
    assert look()[0] == 1, "what is over is not due"
    assert "dee@acme.com" in (world.temp / "summary").read_text()
    # Somebody prolongs it before the other one answers: what is merged meanwhile is not taken back.
    world.edit("until: 2026-01-31", "until: 2099-01-31")
    world.commit("Prolong it")
    assert "left out" in apply(status=5)
    world.edit("until: 2099-01-31", "until: 2026-02-28")
    world.commit("Shorten it")
    assert look()[0] == 1
    apply()
    world.shell("accessctl plan --exit-code access")
    assert look()[0] == 0
    # One that cannot be planned does not keep the others from it; if nothing is due, it is what is told.
    other = world.repository / "access" / "other.yaml"
    other.write_text("version: 1\norg: { key: other, id: 5, backend: { type: local, state: .accessctl/o.db, seed: none.json } }\n")
    look(status=2)
    world.edit("until: 2026-02-28, ", "")
    world.commit("Give dee web for good")
    number, said = look()
    assert number == 1 and "::warning" in said, said
    print("the nightly look of the kit for GitHub asks about what is due, and applies it")


def try_drift():
    if not knows("drift", "--quiet-if-clean"):
        print("SKIPPED: there is no `drift` yet, so the nights of the kits were not tried")
        return
    world = World("drift")
    night = workflow("access-night")
    world.answers({f"GET repos/{REPOSITORY}": {"private": True}})
    summary = world.temp / "summary"

    def tell(status, private="true"):
        summary.write_text("")
        return world.step("Tell of drift", night, status=status, SHARD="1/1", PRIVATE=private, **SECRETS)

    # The journal as the cache has it.
    kept = world.home / ".local/state/accessctl/journal"
    shutil.copytree(world.folder / "journal", kept)
    assert tell(0) == "", "a night in which nothing is to be told is silent"
    assert summary.read_text() == ""
    by_hand(world)
    world.edit("grants:\n", "grants:\n  - { user: dee@acme.com, project: web, role: analyst, reason: launch }\n")
    said = tell(3)
    assert "bo@acme.com is admin on web" in said and "[press](https://evil.test)" in said, said
    assert "dee@acme.com has no grant" not in said, "what is merged and not applied counts as changed by hand"
    # What CommonMark does with it: lines with four blanks before them, after an empty line, are code.
    shown = summary.read_text()
    assert "[press](https://evil.test)" in shown and shown.startswith("\n"), shown
    assert all(line.startswith("    ") or not line.strip() for line in shown.splitlines()), shown
    said = tell(3, private="false")
    assert "ended with status 3" in said and "@" not in said and "press" not in said, said
    assert summary.read_text() == "", "a public page names people"
    shutil.rmtree(kept)
    assert "dee@acme.com has no grant" in tell(3), "without the journal nobody could tell"
    print("the night of the kit for GitHub tells what somebody changed by hand")

    world = World("cron")
    clone = world.folder / "clone"
    subprocess.run(["git", "clone", "--quiet", world.repository, clone], check=True)
    shutil.copytree(world.repository / "access" / ".accessctl", clone / "access" / ".accessctl")
    world.repository = clone
    variables = {
        "ACCESS_REPOSITORY": str(clone),
        "ACCESS_STATE": str(world.folder / "state"),
        "ACCESS_CREDENTIAL": str(world.folder / "credential"),
    }
    script = f'"{KITS / "cron" / "access-night"}"'
    assert world.shell(script, **variables) == "", "a silent night"
    credential = world.folder / "credential"
    credential.write_text("MIXPANEL_SERVICE_ACCOUNT=x\n")
    credential.chmod(0o644)
    assert "chmod 600" in world.shell(script, status=1, **variables)
    credential.chmod(stat.S_IRUSR | stat.S_IWUSR)
    by_hand(world)
    world.shell(script, **variables)
    print("the nights of cron run")


def by_hand(world, *edits):
    """Somebody makes bo an admin of the web project, past the configuration, and a team with a name that wants to act; or
    whatever follows from these edits of it."""
    other = world.folder / "other"
    shutil.copytree(world.repository / "access", other)
    text = (other / "access.yaml").read_text()
    grant = "grants:\n  - { user: bo@acme.com, project: web, role: admin, reason: by hand }\n"
    team = "teams:\n  x: { name: '[press](https://evil.test) <img src=x>', members: [bo@acme.com], projects: { web: analyst } }\n"
    for old, new in edits or (("grants:\n", grant), ("teams:\n", team)):
        assert old in text, old
        text = text.replace(old, new)
    (other / "access.yaml").write_text(text)
    world.shell(f'accessctl apply --yes --quiet --journal "{world.folder}/elsewhere" "{other}"')
    shutil.rmtree(world.repository / "access" / ".accessctl")
    shutil.move(other / ".accessctl", world.repository / "access" / ".accessctl")


# --- those who are told, and the comment of a bot of one's own --------------------------------------------------------


def try_slack():
    """Whatever is wrong with the address, which is a secret, the log has nothing of it."""
    said = ""
    for address in (
        "hooks.example.com/T0/S3CRET",
        "https://hooks.example.com/T0 B0/S3CRET",
        "https://[S3CRET/",
        "s3cret://hooks.example.com/S3CRET",
        "http://127.0.0.1:S3CRET/",
        "http://127.0.0.1:1/S3CRET",
        "http://127.0.0.1:1/S3CRET\n",
        "https://hooks.example.com/S3CRET\u00e9",
    ):
        environment = {"PATH": os.environ["PATH"], "SLACK_WEBHOOK_URL": address, "LANG": "C.UTF-8"}
        script = [sys.executable, KITS / "notify" / "slack.py"]
        document = '{"orgs": [], "unchecked": []}'
        ran = subprocess.run(script, input=document, env=environment, capture_output=True, text=True, timeout=60)
        assert ran.returncode == 1 and ran.stderr.startswith("the webhook did not take the message: "), ran.stderr
        said += ran.stdout + ran.stderr
    assert "s3cret" not in said.lower() and "Traceback" not in said and "hooks" not in said, said

    # What is told is understood at a glance.
    world = World("slack")
    by_hand(world)
    world.shell("accessctl drift --format json access > ../found.json", status=3)
    script = "import json, sys; sys.path.insert(0, sys.argv[1]); import slack; print(slack.message(json.load(sys.stdin))['text'])"
    text = world.shell(f"{sys.executable} -B -c {shlex.quote(script)} {KITS}/notify < ../found.json")
    assert "*acme*: 2 not as agreed; 1 person is admin or owner by that\n" in text, text
    assert ":rotating_light: *ESCALATION* `bo@acme.com is admin on web" in text, text
    assert "&lt;img src=x&gt;" in text and "<" not in text, text
    print("the message to a webhook keeps its address to itself")


def try_issue():
    """Runs that look at different organizations have an issue each."""
    folder = WORK / "issue"
    folder.mkdir()
    gh = folder / "gh"
    gh.write_text(f"""#!{sys.executable}
import json, pathlib, sys
at = pathlib.Path({str(folder / "issues.json")!r})
issues, asked = json.loads(at.read_text()), sys.argv[1:]
if asked[:2] == ["issue", "list"]:
    print(json.dumps([{{"number": n + 1, "body": body}} for n, body in enumerate(issues) if body is not None]))
elif asked[:2] == ["issue", "create"]:
    assert "Access is not as agreed: 1 person is admin or owner by that" in asked, asked
    issues.append(sys.stdin.read())
elif asked[:2] == ["issue", "edit"]:
    issues[int(asked[2]) - 1] = sys.stdin.read()
elif asked[:2] == ["issue", "close"]:
    issues[int(asked[2]) - 1] = None
at.write_text(json.dumps(issues))
""")
    gh.chmod(0o755)
    issues = folder / "issues.json"
    issues.write_text(json.dumps(["Of somebody else, about <!-- accessctl:drift 1/4 -->"]))
    world = World("told")
    world.bin = folder
    (folder / "accessctl").symlink_to(ACCESSCTL)
    script = f"{sys.executable} {KITS}/notify/github_issue.py"

    def drift(status, marker="", live=""):
        world.shell(f"accessctl drift --format json {live} access > ../found.json", status=status)
        world.shell(f"{script} {marker} < ../found.json")
        return json.loads(issues.read_text())

    world.shell("accessctl snapshot --out ../agreed.json access")
    assert len(drift(0)) == 1, "there is nothing to be told"
    by_hand(world)
    assert len(drift(3, "--marker 1/4")) == 2
    opened = drift(3, "--marker 2/4")
    assert len(opened) == 3 and opened[2].startswith("<!-- accessctl:drift 2/4 -->\n```"), opened
    assert "! ESCALATION: bo@acme.com is admin on web" in opened[2] and "could have: ana@acme.com" in opened[2], opened
    assert len(drift(3, "--marker 2/4")) == 3, "an issue of its own was not found again"
    assert len(drift(3)) == 4
    # All is as agreed in one part: its own issue is closed, and no other.
    still = drift(0, "--marker 2/4", live="--live ../agreed.json")
    assert [body is None for body in still] == [False, False, True, False], still
    world.shell(f"{script} --marker 'x --> @all' < ../found.json", status=2)
    print("the scripts that keep issues keep those of several runs apart")


def try_comment_of_a_bot():
    """The lines of docs/pull-request.md find their comment, and nobody else's."""
    page = (ROOT / "docs" / "pull-request.md").read_text(encoding="utf-8")
    [script] = [block for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) if ">comment.md" in block]
    # The plan is made by the line above, which is not what is tried here.
    [_, rest] = script.split(">comment.md\n")
    world = World("bot")
    line = lambda org: f"<!-- accessctl:plan {org} digest=sha256:{'0' * 64} -->\nold"
    says = lambda number, org, login="github-actions[bot]": {"id": number, "user": {"login": login}, "body": line(org)}
    comment = world.repository / "comment.md"
    at = f"repos/{REPOSITORY}"

    def written(*comments):
        world.answers({
            f"GET {at}/issues/12/comments": comments,
            f"POST {at}/issues/12/comments": {},
            f"PATCH {at}/issues/comments/77": {},
        })
        world.shell(rest, PR="12", GH_TOKEN="t")
        [asked] = [asked for asked in world.asked() if asked["body"]]
        assert asked["body"] == {"body": comment.read_text()}, asked
        return asked["method"]

    comment.write_text("<!-- accessctl:plan acme digest=sha256:1 -->\n## Access of acme\n")
    assert written() == "POST"
    assert written(says(75, "acme", login="mallory"), says(77, "acme")) == "PATCH"
    assert written(says(75, "acme", login="mallory")) == "POST", "somebody else's comment was replaced"
    assert written(says(77, "acme,acme-eu")) == "PATCH", "a comment from before a commit that takes an organization away"
    comment.write_text("")
    world.shell(rest, status=1, PR="12", GH_TOKEN="t")
    print("the lines for a bot of one's own find its comment")


# --- GitLab -----------------------------------------------------------------------------------------------------------


def try_gitlab():
    pipeline = load(KITS / "gitlab" / ".gitlab-ci.yml")
    for name, found in pipeline.items():
        artifacts = found.get("artifacts", {}) if isinstance(found, dict) else {}
        names_people = artifacts and set(artifacts.get("reports", {})) != {"codequality"}
        assert not names_people or artifacts["access"] == "developer", f"{name}: everybody can read who has access"
        # Parts have names of their own, and merge requests ask for this one.
        assert "parallel" not in found, name
    world = World("gitlab")
    curl = world.bin / "curl"
    curl.write_text(
        '#!/bin/sh\n[ "$6" = "JOB-TOKEN: t" ] && [ "$7" = --output ] && cp "$KITS_GH/live.zip" "$8" && echo "$9" > "$KITS_GH/url"\n'
    )
    curl.chmod(0o755)

    def job(name, status=0, **variables):
        found = pipeline[name]
        script = "\n".join([*found.get("before_script", []), *found["script"]])
        journal = {"ACCESSCTL_JOURNAL": str(world.repository / ".journal")}
        # The image need not have bash.
        shell = ("sh", "-e")
        return world.shell(script, status=status, shell=shell, CI_PROJECT_DIR=str(world.repository), **journal, **variables)

    shutil.copytree(world.folder / "journal", world.repository / ".journal")
    other = world.repository / "access" / "other.yaml"
    other.write_text("version: 1\norg: { key: other, id: 5, backend: { type: local, state: .accessctl/o.db, seed: none.json } }\n")
    job("live side")
    assert (world.repository / "live" / "acme.json").exists(), "what could be read of the others was not saved"
    other.unlink()
    job("live side")
    with zipfile.ZipFile(world.gh / "live.zip", "w") as archive:
        archive.write(world.repository / "live" / "acme.json", "live/acme.json")
    store = world.repository / "access" / ".accessctl"
    store.rename(world.folder / "store")
    (world.repository / "access" / "live.json").rename(world.folder / "seed")
    job("live side", status=1)
    (world.folder / "store").rename(store)
    (world.folder / "seed").rename(world.repository / "access" / "live.json")
    shutil.rmtree(world.repository / "live")

    base = world.git("rev-parse", "HEAD")
    world.git("remote", "add", "origin", str(world.repository))
    world.edit("users:\n  ana", "users:\n  li@acme.com: { role: admin, name: Li Wei }\n  ana")
    target = world.commit("Make li an admin, in another merge request")
    world.edit("grants:\n", "grants:\n  - { user: dee@acme.com, project: web, role: analyst, reason: launch }\n")
    head = world.commit("Give dee web")
    job("validate")
    report = world.repository / "gl-code-quality-report.json"
    assert all(entry["location"]["path"] == "access/access.yaml" for entry in json.loads(report.read_text()))
    if knows("plan", "--link-base"):
        merge_request = {
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": base,
            "CI_MERGE_REQUEST_PROJECT_ID": "1",
            "CI_DEFAULT_BRANCH": "main",
            "CI_JOB_TOKEN": "t",
            "CI_API_V4_URL": "https://gitlab.example.com/api/v4",
            "CI_PROJECT_URL": "https://gitlab.example.com/acme/access",
            "CI_COMMIT_SHA": head,
        }
        said = job("plan of a merge request", **merge_request)
        assert "dee@acme.com" in said and (world.repository / "plan.md").read_text().startswith(MARK), said
        url = (world.gh / "url").read_text()
        assert "/jobs/artifacts/main/download?job=live%20side&search_recent_successful_pipelines=true" in url, url
        proposed = lambda said: re.split(r"\n### (?:Pending|Drift)", said)[0]
        assert "li@acme.com" in proposed(said), said
        said = job("plan of a merge request", CI_MERGE_REQUEST_TARGET_BRANCH_SHA=target, **merge_request)
        assert "dee@acme.com" in proposed(said) and "li@acme.com" not in proposed(said), said
        assert "agreed to before and not applied yet" in said, "the saved live side does not say what the last apply left"
    # Merged, and not applied: no drift.
    job("drift")
    job("plan", CI_COMMIT_SHA=head)
    job("apply")
    world.shell("accessctl plan --exit-code access")
    by_hand(world)
    job("drift", status=3)
    assert "evil.test" in (world.repository / "drift.xml").read_text()
    # What is refused ends the pipeline of a push, and not that of the night.
    rule = "  policy: [{ name: nobody from outside, when: { user: external }, deny: true }]\n"
    text = (world.repository / "access" / "access.yaml").read_text()
    (world.repository / "access" / "access.yaml").write_text(text.replace("  domains:", f"{rule}  domains:"))
    job("plan", status=4, CI_COMMIT_SHA=head)
    job("plan", CI_COMMIT_SHA=head, ACCESS_NIGHT="due")
    (world.repository / "access" / "access.yaml").write_text(text)
    world.edit("dee@acme.com, project: web", "deee@acme.com, project: web")
    job("validate", status=2)
    assert json.loads(report.read_text())[0]["severity"] == "blocker"
    print("the jobs of the kit for GitLab do what they say")


def try_kubernetes():
    """The CronJob reads a ConfigMap, whose files are links within the volume."""
    [_, job] = list(YAML(typ="safe").load_all((KITS / "kubernetes" / "cronjob.yaml").read_text()))
    pod = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert job["kind"] == "CronJob" and job["spec"]["concurrencyPolicy"] == "Forbid"
    assert {mount["name"] for mount in container["volumeMounts"]} == {volume["name"] for volume in pod["volumes"]}
    assert container["securityContext"]["readOnlyRootFilesystem"] and pod["securityContext"]["runAsNonRoot"]
    checked = subprocess.run(["sh", "-n"], input=container["args"][0], text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr
    world = World("kubernetes")
    volume = world.folder / "volume"
    data = volume / "..2026_11_23"
    data.mkdir(parents=True)
    shutil.copy(world.repository / "access" / "access.yaml", data)
    (volume / "..data").symlink_to("..2026_11_23")
    (volume / "access.yaml").symlink_to("..data/access.yaml")
    said = world.shell(f'accessctl validate "{volume}"')
    assert "valid: 1 organization in 1 file" in said, said
    print("what the CronJob mounts can be read")


def check_hook():
    [hook] = load(ROOT / ".pre-commit-hooks.yaml")
    assert hook["language"] == "rust" and hook["pass_filenames"] is False
    world = World("hook")
    world.shell(" ".join([hook["entry"], *hook["args"]]))
    world.edit("role: analyst", "role: analist") if "role: analyst" in (
        world.repository / "access/access.yaml"
    ).read_text() else world.edit("role: owner", "role: ownr")
    world.shell(" ".join([hook["entry"], *hook["args"]]), status=2)
    print("the hook for pre-commit finds what is wrong")


if __name__ == "__main__":
    WORK.mkdir(parents=True, exist_ok=True)
    check_workflows()
    try_action()
    try_github()
    try_due()
    try_drift()
    try_slack()
    try_issue()
    try_comment_of_a_bot()
    try_gitlab()
    try_kubernetes()
    check_hook()
