"""Stands in for `gh api`: answers from a file of canned answers, and writes down what was asked.

KITS_GH names the folder: `answers.json` maps `METHOD path` to an answer, a text that begins with `@` to the file of it.
"""

import json
import os
import sys
from pathlib import Path


def main() -> int:
    folder = Path(os.environ["KITS_GH"])
    arguments = sys.argv[1:]
    if arguments.pop(0) != "api":
        return fail(f"not known: {sys.argv}")
    method, path, fields, body = "GET", None, [], None
    while arguments:
        argument = arguments.pop(0)
        if argument == "--method":
            method = arguments.pop(0)
        elif argument == "-f":
            fields.append(arguments.pop(0))
        elif argument == "-F":
            name, value = arguments.pop(0).split("=", 1)
            body = {name: Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value}
        elif argument == "--input":
            body = json.loads(Path(arguments.pop(0)).read_text(encoding="utf-8"))
        elif argument == "--paginate":
            pass
        elif path is None and not argument.startswith("-"):
            path = argument
        else:
            return fail(f"not known: {argument}")
    if not os.environ.get("GH_TOKEN"):
        return fail("no token")
    asked = {"method": method, "path": path, "fields": fields, "body": body}
    with (folder / "asked.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(asked) + "\n")
    answers = json.loads((folder / "answers.json").read_text(encoding="utf-8"))
    key = f"{method} {path.split('?')[0]}"
    if key not in answers:
        return fail(f"no answer to {key}")
    answer = answers[key]
    if isinstance(answer, str) and answer.startswith("@"):
        sys.stdout.buffer.write((folder / answer[1:]).read_bytes())
    else:
        print(json.dumps(answer))
    return 0


def fail(why: str) -> int:
    print(f"gh: {why}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
