"""Lets two testers that are not ours judge the SCIM side of a server.

    conformance.py URL TOKEN DOMAIN

DOMAIN is claimed: the server takes user names of it and of example.com, which scim-sanity uses. Every fault that a tester
finds must stand in `deviations.txt` with the reason, and everything there must be found.
"""

import json
import random
import subprocess
import sys
from pathlib import Path


def by_scim_sanity(url: str, token: str) -> tuple[int, set[str]]:
    """How many checks scim-sanity made, and what it found."""
    command = [sys.executable, "-m", "scim_sanity", "probe", url, "--token", token]
    command += ["--json-output", "--i-accept-side-effects", "--timeout", "10"]
    ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    results = json.loads(ended.stdout)["results"]
    made = [result for result in results if result["status"] != "skip"]
    return len(made), {f"{result['name']}: {result['message']}" for result in made if result["status"] != "pass"}


def by_scim2_tester(url: str, token: str, domain: str) -> tuple[int, set[str]]:
    """How many checks scim2-tester made, and what it found."""
    from httpx2 import Client
    from scim2_client.engines.httpx2 import SyncSCIMClient
    from scim2_tester import check_server
    from scim2_tester.utils import Status

    use_names_of(domain)
    random.seed(1)
    with Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=10) as http:
        client = SyncSCIMClient(http)
        client.discover()
        results = check_server(client)
    good = (Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE)
    made = [result for result in results if result.status != Status.SKIPPED]
    # Further lines repeat values, which are others in each run.
    first = lambda result: (result.reason or "").partition("\n")[0]
    found = {f"{result.resource_type} {result.title}: {first(result)}" for result in made if result.status not in good}
    return len(made), found


def use_names_of(domain: str) -> None:
    """Makes the tester's user names addresses of `domain`: it takes any text for one, a server of people does not."""
    from scim2_tester import filling

    original = filling.generate_random_value

    def generate(context, path, *args, **kwargs):
        value = original(context, path, *args, **kwargs)
        return f"{value}@{domain}" if value and str(path).lower().endswith("username") else value

    for name, module in list(sys.modules.items()):
        if name.startswith("scim2_tester") and getattr(module, "generate_random_value", None) is original:
            module.generate_random_value = generate


def deviations(tester: str) -> set[str]:
    """What is known that `tester` finds."""
    lines = Path(__file__).with_name("deviations.txt").read_text().splitlines()
    known = [line for line in lines if line.startswith(f"{tester} | ")]
    return {line.split(" | ")[1] for line in known}


def main(url: str, token: str, domain: str) -> int:
    status = 0
    testers = {
        "scim-sanity": lambda: by_scim_sanity(url, token),
        "scim2-tester": lambda: by_scim2_tester(url, token, domain),
    }
    for tester, judge in testers.items():
        made, found = judge()
        known = deviations(tester)
        for fault in sorted(found - known):
            print(f"{tester} finds a fault: {fault}")
        for gone in sorted(known - found):
            print(f"{tester} no longer finds: {gone}\n  take it out of tests/peers/deviations.txt")
        if made < 15:
            print(f"{tester} made {made} checks only")
        if found != known or made < 15:
            status = 1
        else:
            print(f"{tester}: {made} checks, nothing but {len(known)} known deviations")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
