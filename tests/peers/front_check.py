"""Checks that what is changed by SCIM at the front is changed in the organization behind it.

    front_check.py FRONT BEHIND TOKEN
"""

import sys

from scim_front import Side


def people(side: Side) -> set[str]:
    return {user["userName"] for user in side.resources("Users")}


def teams(side: Side) -> dict[str, set[str]]:
    names = {user["id"]: user["userName"] for user in side.resources("Users")}
    members = lambda group: {names[member["value"]] for member in group.get("members", []) if member["value"] in names}
    return {group["displayName"]: members(group) for group in side.resources("Groups")}


def main(front_address: str, behind_address: str, token: str) -> None:
    front, behind = Side(front_address, token), Side(behind_address, token)

    def same(people_wanted: set[str], teams_wanted: dict[str, set[str]]) -> None:
        for side in (front, behind):
            found = (people(side), teams(side))
            if found != (people_wanted, teams_wanted):
                raise SystemExit(f"{side.base} has {found}, expected {people_wanted, teams_wanted}")

    first = {"a@acme.test", "b@acme.test", "o@acme.test"}
    same(first, {"Analysts": {"a@acme.test"}, "Ops": set()})
    user = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "n@acme.test", "displayName": "Nia"}
    new = front.send("POST", "Users", user)["id"]
    analysts = next(group["id"] for group in front.resources("Groups") if group["displayName"] == "Analysts")
    add = {"op": "add", "path": "members", "value": [{"value": new}]}
    patch = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [add]}
    front.send("PATCH", f"Groups/{analysts}", patch)
    same(first | {"n@acme.test"}, {"Analysts": {"a@acme.test", "n@acme.test"}, "Ops": set()})
    front.send("DELETE", f"Users/{new}")
    same(first, {"Analysts": {"a@acme.test"}, "Ops": set()})
    print("an independent SCIM server stands before the organization")


if __name__ == "__main__":
    main(*sys.argv[1:])
