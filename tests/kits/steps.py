"""Runs the commands of the kits as their systems would, in a repository of their own.

    steps.py ACCESSCTL WORK
"""

import json
import os
import re
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
    assert len(paths) == 5, paths
    for path in paths:
        text, document = path.read_text(encoding="utf-8"), load(path)
        for used in re.findall(r"uses: (\S+)", text):
            assert used.startswith("./") or re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", used), f"{path}: {used} is not pinned"
        for job, step in scripts(document):
            assert "${{" not in step["run"], f"{path}: {job}: a script is put together from text of others"
            checked = subprocess.run(["bash", "-n"], input=step["run"], text=True, capture_output=True)
            assert checked.returncode == 0, f"{path}: {job}: {checked.stderr}"
        if "jobs" not in document:
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
            assert "checkout" not in text, path
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
        unknown = set(variables) - set(step.get("env", {})) - {"GH_TOKEN"}
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

    world.step("Save the live side", night, SHARD="1/1", **SECRETS)
    assert (world.temp / "live" / "acme.json").exists()
    world.answers({f"GET repos/{REPOSITORY}": {"private": True}})
    world.step("Ask whether the repository is private", night, **token)
    assert world.output("private") == "true"

    # A pull request.
    base = world.git("rev-parse", "HEAD")
    world.git("checkout", "--quiet", "-b", "give-dee-web")
    world.edit("grants:\n", "grants:\n  - { user: dee@acme.com, project: web, role: analyst, reason: launch }\n")
    head = world.commit("Give dee web")
    world.step("Check the configuration", plan)
    run = lambda id, branch, repository: {
        "expired": False,
        "workflow_run": {"id": id, "head_branch": branch, "repository_id": 1, "head_repository_id": repository},
    }
    forged = [run(666, "main", 2), run(667, "give-dee-web", 1)]
    world.answers({f"GET repos/{REPOSITORY}/actions/artifacts": {"artifacts": [*forged, run(41, "main", 1)]}})
    world.step("Find the saved live side", plan, DEFAULT_BRANCH="main", **token)
    assert world.output("run") == "41", "a file that a pull request saved was taken for the live side"
    world.answers({f"GET repos/{REPOSITORY}/actions/artifacts": {"artifacts": forged}})
    said = world.step("Find the saved live side", plan, DEFAULT_BRANCH="main", **token)
    assert world.output("run") == "" and said.startswith("::warning "), said
    (world.temp / "summary").write_text("")
    if not knows("plan", "--link-base"):
        print("SKIPPED: plan has no comment for pull requests yet, so the rest of the kit for GitHub was not tried")
        return
    world.step("Plan", plan, BASE=base, HEAD=head, PULL_REQUEST="12", AUTHOR="dee-acme")
    planned = world.temp / "plan"
    saved = json.loads((planned / "plan.json").read_text())
    assert [change["kind"] for change in saved["orgs"][0]["changes"]] == ["set_grant"], saved
    assert saved["meta"] == {"author": "dee-acme", "head": head, "pr": "12"}, saved["meta"]
    shown = (planned / "comment.md").read_text()
    assert shown.startswith(MARK) and "dee@acme.com" in shown and f"/blob/{head}/access/access.yaml" in shown, shown
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

    def commented(files=("access/access.yaml",), artifact=True, comments=(), **content):
        """What is written under the pull request when its plan holds these files."""
        content = {"comment.md": shown, "../../evil": "x", **{name.replace("_", "."): text for name, text in content.items()}}
        with zipfile.ZipFile(world.gh / "plan.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in content.items():
                archive.writestr(name, text)
        found = [{"id": 5, "size_in_bytes": (world.gh / "plan.zip").stat().st_size}] if artifact else []
        at = f"repos/{REPOSITORY}"
        world.answers({
            f"GET {at}/pulls/12/files": [{"filename": file, "status": "modified"} for file in files],
            f"GET {at}/actions/runs/41/artifacts": {"artifacts": found},
            f"GET {at}/actions/artifacts/5/zip": "@plan.zip",
            f"GET {at}/issues/12/comments": list(comments),
            f"POST {at}/issues/12/comments": {"html_url": "https://github.com/x"},
            f"PATCH {at}/issues/comments/77": {"html_url": "https://github.com/x"},
        })
        world.step("Fetch the plan", comment, RUN="41", NUMBER="12", GH_TOKEN="t")
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
    assert not (world.folder / "evil").exists() and not (world.temp / "evil").exists()
    accented = f"{MARK} -->\n" + "é" * 65_000
    assert commented(comment_md=accented) == ("POST", accented), "characters are counted, not bytes"

    # The merge.
    world.git("checkout", "--quiet", "main")
    world.git("merge", "--quiet", "--no-ff", "--message", "Merge", "give-dee-web")
    merged = world.git("rev-parse", "HEAD")
    at = f"repos/{REPOSITORY}"
    world.answers({
        f"GET {at}/commits/{merged}/pulls": [{"head": {"sha": head}}],
        f"GET {at}/actions/workflows/access-plan.yml/runs": {"workflow_runs": [{"id": 41}]},
    })
    world.step("Find the plan that was reviewed", apply, **token)
    assert world.output("run") == "41" and f"head_sha={head}" in world.asked()[1]["fields"]
    world.answers({f"GET {at}/commits/{merged}/pulls": []})
    world.step("Find the plan that was reviewed", apply, status=1, **token)
    world.step("Apply", apply, **SECRETS)
    world.shell("accessctl plan --exit-code access")
    assert "dee@acme.com" in world.shell('accessctl log --journal "$HOME/.local/state/accessctl/journal"')
    print("the steps of the kit for GitHub do what they say, from the pull request to the apply")


def try_drift():
    if not knows("drift", "--quiet-if-clean"):
        print("SKIPPED: there is no `drift` yet, so the nights of the kits were not tried")
        return
    world = World("drift")
    night = workflow("access-night")
    tell = lambda status: world.step("Tell of drift", night, status=status, SHARD="1/1")
    save = lambda: world.step("Save the live side", night, SHARD="1/1", **SECRETS)
    save()
    assert tell(0) == "", "a night in which nothing is to be told is silent"
    by_hand(world)
    save()
    assert "bo@acme.com" in tell(3)
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


def by_hand(world):
    """Somebody makes bo an admin of the web project, past the configuration."""
    other = world.folder / "other"
    shutil.copytree(world.repository / "access", other)
    text = (other / "access.yaml").read_text()
    grant = "grants:\n  - { user: bo@acme.com, project: web, role: admin, reason: by hand }\n"
    (other / "access.yaml").write_text(text.replace("grants:\n", grant))
    world.shell(f'accessctl apply --yes --quiet --journal "{world.folder}/elsewhere" "{other}"')
    shutil.rmtree(world.repository / "access" / ".accessctl")
    shutil.move(other / ".accessctl", world.repository / "access" / ".accessctl")


# --- GitLab -----------------------------------------------------------------------------------------------------------


def try_gitlab():
    pipeline = load(KITS / "gitlab" / ".gitlab-ci.yml")
    world = World("gitlab")
    curl = world.bin / "curl"
    curl.write_text('#!/bin/sh\n[ "$6" = "JOB-TOKEN: t" ] && [ "$7" = --output ] && cp "$KITS_GH/live.zip" "$8"\n')
    curl.chmod(0o755)

    def job(name, status=0, **variables):
        found = pipeline[name]
        script = "\n".join([*found.get("before_script", []), *found["script"]])
        return world.shell(script, status=status, CI_PROJECT_DIR=str(world.repository), **variables)

    job("live side")
    assert (world.repository / "live" / "acme.json").exists()
    job("live side", CI_NODE_INDEX="2", CI_NODE_TOTAL="4")
    with zipfile.ZipFile(world.gh / "live.zip", "w") as archive:
        archive.write(world.repository / "live" / "acme.json", "live/acme.json")
    shutil.rmtree(world.repository / "live")

    base = world.git("rev-parse", "HEAD")
    world.git("remote", "add", "origin", str(world.repository))
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
    job("plan", CI_COMMIT_SHA=head)
    job("apply")
    world.shell("accessctl plan --exit-code access")
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
    try_drift()
    try_gitlab()
    try_kubernetes()
    check_hook()
