#!/usr/bin/env python3
"""Tells a Slack-compatible webhook what `accessctl drift` found.

    accessctl drift --state drift-state.json --notify-command examples/ci/notify/slack.py access/

SLACK_WEBHOOK_URL is the address of the webhook. Needs nothing but Python 3.
"""

import http.client
import json
import os
import sys
import urllib.request

# A message that nobody reads to its end says too much.
SHOWN = 10


def inert(text):
    """Text that mentions nobody and links nowhere: the three characters that mean something are written otherwise."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def code(text):
    """Text of strangers, in which no asterisk or underscore means anything either."""
    return "`" + inert(text).replace("`", "'") + "`"


def some(lines):
    more = len(lines) - SHOWN
    return lines[:SHOWN] + ([f"… and {more} more"] if more > 0 else [])


def about(found):
    mark = ":rotating_light: *ESCALATION*" if found["escalation"] else ":warning:"
    place = found["source"]
    where = f", {code(place['path'] + ':' + str(place['line']))}" if place else ""
    people = ", ".join(found["could_have"]["examples"])
    could = f"; could have: {code(people)}" if people else ""
    return f"{mark} {code(found['text'])}{where}\n      first seen {found['first_seen'][:16]}Z{could}"


def numbers_of(summary):
    """The numbers that are none are not told."""
    several = summary["new"] and summary["new"] < summary["drift"]
    new = f", {summary['new']} of them new" if several else ""
    parts = [f"{summary['drift']} not as agreed{new}"]
    if summary["risen"]:
        is_one = summary["risen"] == 1
        parts.append(f"{summary['risen']} {'person is' if is_one else 'people are'} admin or owner by that")
    if summary["gone"]:
        parts.append(f"{summary['gone']} gone")
    return "; ".join(parts)


def message(drift):
    lines = []
    for org in drift["orgs"]:
        summary = org["summary"]
        if not summary["news"]:
            continue
        lines.append(f"*{inert(org['org'])}*: {numbers_of(summary)}")
        lines += some([about(found) for found in org["drift"] if found["standing"] != "still"])
        overdue = [one for one in org["overdue"] if one["standing"] != "still" and not one["accepted"]]
        lines += some([f":hourglass: over and still there: {code(one['text'])}" for one in overdue])
        lines += some([f":white_check_mark: gone: {code(gone['text'])}" for gone in org["gone"]])
        lines += some([f"waiting for {one['days']} days: {code(one['user'])}" for one in org["invitations"]])
        if org["expiring"]:
            lines.append(f"{len(org['expiring'])} entries end soon")
    lines += [f"*{inert(org)}*: could not be looked at, see the log" for org in drift["unchecked"]]
    return {"text": "\n".join(lines)}


def main():
    address = os.environ.get("SLACK_WEBHOOK_URL")
    if not address:
        sys.exit("SLACK_WEBHOOK_URL is not set")
    body = json.dumps(message(json.load(sys.stdin))).encode()
    # The address is a secret: whoever has it can write to the channel. So nothing of an error is repeated but its kind, and
    # nothing is raised any further, since a traceback has all of it.
    try:
        request = urllib.request.Request(address, data=body, headers={"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=30).close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        problem = str(getattr(error, "code", type(error).__name__))
    else:
        return
    sys.exit(f"the webhook did not take the message: {problem}")


if __name__ == "__main__":
    main()
