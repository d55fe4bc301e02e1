"""An organization whose SCIM side is a server that is not ours.

    scim_front.py ADDRESS TOKEN LOG

Listens on 127.0.0.1 and prints its address. What is below /api/app/scim/v2 goes to scim2-server, everything else to the
`accessctl serve` at ADDRESS. Both have the same people and teams: scim2-server gets those of `serve` in the beginning,
and what a client changes there is then changed in `serve`, as it would be in one service. Each request for SCIM adds a
line to LOG.
"""

import http.client
import json
import sys
import threading
import urllib.request
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from scim2_models import ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.utils import load_default_resource_types, load_default_schemas, load_default_service_provider_config

SCIM = "/api/app/scim"
KINDS = ("Users", "Groups")
# What the two have in common; ids are each one's own.
KEPT = {"Users": ("userName", "displayName", "name", "active"), "Groups": ("displayName", "members")}


def scim_application(token: str) -> BearerTokenApplication:
    """scim2-server with the schemas of RFC 7643, its paths below /v2."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    schemas, types = load_default_schemas().values(), load_default_resource_types().values()
    provider = ScimProvider.from_discovery(schemas, types, config=config)
    return BearerTokenApplication(InMemoryStorage(), provider, bearer_tokens=[token])


class Side:
    """The SCIM side of one server, as a client sees it."""

    def __init__(self, address: str, token: str):
        self.base, self.token = f"{address}{SCIM}/v2", token

    def send(self, method: str, path: str, body: object = None) -> dict:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json", "X-Mirror": "yes"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}/{path}", data, headers, method=method)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or b"{}")

    def resources(self, kind: str) -> list[dict]:
        found: list[dict] = []
        while True:
            page = self.send("GET", f"{kind}?startIndex={len(found) + 1}&count=50")
            found += page.get("Resources", [])
            if len(found) >= page["totalResults"]:
                return found


class Mirror:
    """Brings what one side has to the other."""

    def __init__(self):
        self.ids: dict[str, str] = {}
        self.seen: dict[str, dict] = {}

    def copy(self, source: Side, target: Side) -> None:
        for kind in KINDS:
            resources = {resource["id"]: self.kept(kind, resource) for resource in source.resources(kind)}
            for id, kept in resources.items():
                body = self.translated(kind, kept)
                if id not in self.ids:
                    self.ids[id] = target.send("POST", kind, body)["id"]
                elif self.seen.get(id) != kept:
                    target.send("PUT", f"{kind}/{self.ids[id]}", body)
                self.seen[id] = kept
            for id in [id for id in self.seen if self.seen[id]["kind"] == kind and id not in resources]:
                target.send("DELETE", f"{kind}/{self.ids.pop(id)}")
                del self.seen[id]

    @staticmethod
    def kept(kind: str, resource: dict) -> dict:
        kept = {key: resource[key] for key in KEPT[kind] if key in resource}
        members = sorted(member["value"] for member in kept.pop("members", []))
        return {"kind": kind, **kept, **({"members": members} if kind == "Groups" else {})}

    def translated(self, kind: str, kept: dict) -> dict:
        schema = f"urn:ietf:params:scim:schemas:core:2.0:{kind.removesuffix('s')}"
        body = {"schemas": [schema], **kept}
        del body["kind"]
        if kind == "Groups":
            # scim2-server leaves somebody who is gone in the list of members.
            body["members"] = [{"value": self.ids[id]} for id in kept["members"] if id in self.ids]
        return body

    def turned(self, source: Side) -> "Mirror":
        """The mirror for the other direction, with all that `source` has known to be there."""
        other = Mirror()
        other.ids = {theirs: ours for ours, theirs in self.ids.items()}
        for kind in KINDS:
            other.seen |= {resource["id"]: self.kept(kind, resource) for resource in source.resources(kind)}
        return other


class Front:
    """The WSGI application in front of both."""

    def __init__(self, scim: BearerTokenApplication, serve: str, log: str):
        self.scim, self.serve, self.log = scim, serve, log
        self.lock = threading.Lock()
        self.after_write = None

    def __call__(self, environ, start_response):
        path = environ["PATH_INFO"]
        if not path.startswith(f"{SCIM}/"):
            return self.forward(environ, start_response)
        if self.after_write is None or environ["REQUEST_METHOD"] == "GET":
            return self.to_scim(environ, start_response)
        with self.lock:
            answer = self.to_scim(environ, start_response)
            self.after_write()
            return answer

    def to_scim(self, environ, start_response):
        line = {"method": environ["REQUEST_METHOD"], "path": environ["PATH_INFO"], "query": environ["QUERY_STRING"]}
        if self.after_write is not None and "HTTP_X_MIRROR" not in environ:
            with open(self.log, "a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        environ = {**environ, "SCRIPT_NAME": SCIM, "PATH_INFO": environ["PATH_INFO"].removeprefix(SCIM)}
        return self.scim(environ, start_response)

    def forward(self, environ, start_response):
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        headers = {key[5:].replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")}
        headers["Content-Type"] = environ.get("CONTENT_TYPE", "")
        headers["Connection"] = "close"
        query = environ["QUERY_STRING"]
        path = environ["PATH_INFO"] + (f"?{query}" if query else "")
        connection = http.client.HTTPConnection(self.serve.removeprefix("http://"), timeout=30)
        try:
            connection.request(environ["REQUEST_METHOD"], path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        hop_by_hop = ("connection", "transfer-encoding", "keep-alive")
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in hop_by_hop]
        start_response(f"{answer.status} {answer.reason}", kept)
        return [content]


class Threaded(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


def main(serve: str, token: str, log: str) -> None:
    front = Front(scim_application(token), serve, log)
    with make_server("127.0.0.1", 0, front, Threaded, Quiet) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        ours, theirs = Side(serve, token), Side(address, token)
        mirror = Mirror()
        mirror.copy(ours, theirs)
        back = mirror.turned(theirs)
        front.after_write = lambda: back.copy(theirs, ours)
        print(address, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
