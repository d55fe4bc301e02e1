#!/usr/bin/env python3
"""Keeps one GitHub issue about what `accessctl drift` found: opens it, updates it, closes it.

    accessctl drift --state drift-state.json --notify-command examples/ci/notify/github_issue.py access/

Needs Python 3 and `gh`, which takes GH_TOKEN (with the right `issues: write`) and, outside of a checkout, GH_REPO.
"""

import json
import re
import subprocess
import sys

LABEL = "access-drift"
# An issue holds 65,536 characters.
MOST = 60_000


def gh(*arguments, body=None):
    done = subprocess.run(["gh", *arguments], input=body, text=True, stdout=subprocess.PIPE, check=False)
    if done.returncode != 0:
        sys.exit(f"gh {arguments[0]} {arguments[1]} failed with status {done.returncode}")
    return done.stdout


def block(lines):
    """Text of strangers in a block of code, where nothing mentions, links or formats, and that no line of it can end."""
    text = "\n".join(lines)
    if len(text) > MOST:
        text = text[:MOST].rsplit("\n", 1)[0] + "\n… and more, see the log of the job"
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text}\n{fence}\n"


def lines_of(drift):
    lines = []
    for org in drift["orgs"]:
        if org["drift"]:
            lines.append(f"{org['org']}: {len(org['drift'])} not as agreed")
        for found in org["drift"]:
            mark = "!" if found["escalation"] else " "
            lines.append(f"{mark} {found['text']}")
            place = found["source"]
            where = f"{place['path']}:{place['line']}, " if place else ""
            could = found["could_have"]
            people = could["owners"] + could["admins"] + could["of_project"]
            lines.append(f"    {where}first seen {found['first_seen'][:16]}Z, {people} people could have")
        overdue = [one for one in org["overdue"] if not one["accepted"]]
        if overdue:
            lines.append(f"{org['org']}: {len(overdue)} over and still there")
        for one in overdue:
            mark = "!" if one["escalation"] else " "
            place = one["source"]
            where = f"{place['path']}:{place['line']}, " if place else ""
            lines.append(f"{mark} {one['text']}")
            lines.append(f"    {where}until {one['until']}: apply the configuration, or agree on a new end")
    lines += [f"{org}: could not be looked at, see the log of the job" for org in drift["unchecked"]]
    return lines


def body_of(drift):
    advice = "Take it back with `accessctl apply`, write it into the YAML, or accept it for a while under `accept`.\n"
    return block(lines_of(drift)) + "\n" + advice


def news_of(drift):
    """What the last run did not tell: a comment, so that whoever follows the issue hears of it."""
    news = [found["text"] for org in drift["orgs"] for found in org["drift"] if found["standing"] == "new"]
    overdue = [one for org in drift["orgs"] for one in org["overdue"] if one["standing"] == "new" and not one["accepted"]]
    news += ["over and still there: " + one["text"] for one in overdue]
    gone = ["gone: " + gone["text"] for org in drift["orgs"] for gone in org["gone"]]
    return news + gone


def main():
    drift = json.load(sys.stdin)
    found = gh("issue", "list", "--label", LABEL, "--state", "open", "--limit", "1", "--json", "number")
    issues = json.loads(found or "[]")
    number = str(issues[0]["number"]) if issues else None
    summary = drift["summary"]
    is_agreed = summary["drift"] == 0 and summary["overdue"] == 0 and not drift["unchecked"]
    if is_agreed and number:
        gh("issue", "close", number, "--comment", "Everything is as agreed again.")
    elif is_agreed:
        return
    elif number:
        gh("issue", "edit", number, "--body-file", "-", body=body_of(drift))
        news = news_of(drift)
        if news:
            gh("issue", "comment", number, "--body-file", "-", body=block(news))
    else:
        gh("label", "create", LABEL, "--force", "--description", "What somebody changed by hand")
        title = "Access is not as agreed"
        gh("issue", "create", "--title", title, "--label", LABEL, "--body-file", "-", body=body_of(drift))


if __name__ == "__main__":
    main()
