#!/usr/bin/env python3
"""Keeps one GitHub issue about what `accessctl drift` found: opens it, updates it, closes it.

    accessctl drift --state drift-state.json --notify-command examples/ci/notify/github_issue.py access/

Runs that look at different organizations, such as with --shard or --org, need an issue each. Give each a name of its own:

    accessctl drift --shard 2/4 --notify-command 'examples/ci/notify/github_issue.py --marker 2/4' …

Needs Python 3 and `gh`, which takes GH_TOKEN (with the right `issues: write`) and, outside of a checkout, GH_REPO.
"""

import argparse
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
            mark = "! ESCALATION:" if found["escalation"] else " "
            lines.append(f"{mark} {found['text']}")
            place = found["source"]
            where = f"{place['path']}:{place['line']}, " if place else ""
            could = found["could_have"]
            people = could["owners"] + could["admins"] + could["of_project"]
            more = people - len(could["examples"])
            who = ", ".join(could["examples"]) + (f" and {more} more" if more > 0 else "")
            lines.append(f"    {where}first seen {found['first_seen'][:16]}Z; could have: {who}")
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


def mark_of(name):
    """The first line of the issue, which nobody sees: the issue is found by it."""
    return f"<!-- accessctl:drift {name} -->"


def marker(text):
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._/-]*", text) or "--" in text:
        raise argparse.ArgumentTypeError("letters, digits, dots, slashes and single hyphens, such as 2/4")
    return text


def issue_of(mark):
    """The number of the open issue that begins with this line."""
    found = gh("issue", "list", "--label", LABEL, "--state", "open", "--limit", "1000", "--json", "number,body")
    mine = [issue["number"] for issue in json.loads(found or "[]") if (issue["body"] or "").split("\n")[0].strip() == mark]
    return str(min(mine)) if mine else None


def title_of(drift):
    """What a list of issues and the subject of a mail show; it names nobody."""
    risen = drift["summary"]["risen"]
    if not risen:
        return "Access is not as agreed"
    return f"Access is not as agreed: {risen} {'person is' if risen == 1 else 'people are'} admin or owner by that"


def body_of(drift, mark):
    advice = "Take it back with `accessctl apply`, write it into the YAML, or accept it for a while under `accept`.\n"
    return mark + "\n" + block(lines_of(drift)) + "\n" + advice


def news_of(drift):
    """What the last run did not tell: a comment, so that whoever follows the issue hears of it."""
    news = [found["text"] for org in drift["orgs"] for found in org["drift"] if found["standing"] == "new"]
    overdue = [one for org in drift["orgs"] for one in org["overdue"] if one["standing"] == "new" and not one["accepted"]]
    news += ["over and still there: " + one["text"] for one in overdue]
    gone = ["gone: " + gone["text"] for org in drift["orgs"] for gone in org["gone"]]
    return news + gone


def main():
    arguments = argparse.ArgumentParser(description="Keeps one GitHub issue about drift.")
    arguments.add_argument("--marker", type=marker, default="all", metavar="NAME", help="which issue it is")
    mark = mark_of(arguments.parse_args().marker)
    drift = json.load(sys.stdin)
    number = issue_of(mark)
    summary = drift["summary"]
    is_agreed = summary["drift"] == 0 and summary["overdue"] == 0 and not drift["unchecked"]
    if is_agreed and number:
        gh("issue", "close", number, "--comment", "Everything is as agreed again.")
    elif is_agreed:
        return
    elif number:
        gh("issue", "edit", number, "--title", title_of(drift), "--body-file", "-", body=body_of(drift, mark))
        news = news_of(drift)
        if news:
            gh("issue", "comment", number, "--body-file", "-", body=block(news))
    else:
        gh("label", "create", LABEL, "--force", "--description", "What somebody changed by hand")
        gh("issue", "create", "--title", title_of(drift), "--label", LABEL, "--body-file", "-", body=body_of(drift, mark))


if __name__ == "__main__":
    main()
