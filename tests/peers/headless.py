"""Reads who it is from the server in the environment with Mixpanel's own client, and checks what it understood."""

from mixpanel_headless import Workspace

workspace = Workspace()
me = workspace.me(force_refresh=True)
understood = {
    "organizations": {(id, found.id, found.name, found.role) for id, found in me.organizations.items()},
    "projects": {(project.id, project.name, project.organization_id) for project in workspace.projects()},
    "has an id": isinstance(me.user_id, int),
    "address": me.user_email,
}
expected = {
    "organizations": {("77", 77, "Acme", "admin")},
    "projects": {("901", "Web", 77), ("902", "iOS", 77)},
    "has an id": True,
    "address": "rehearsal.local",
}
for what, wanted in expected.items():
    if understood[what] != wanted:
        raise SystemExit(f"mixpanel-headless: {what}: understood {understood[what]}, expected {wanted}")
print("mixpanel-headless understands /api/app/me")
